use anyhow::Result;
use holm::message::{
    AvatarPickerReply, AvatarPickerRequest, MapBlockReply, MapNameRequest, RegionInfo,
    RequestRegionInfo, UUIDNameReply, UUIDNameRequest, UUIDNameRequestUUIDNameBlock, text,
    variable1,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;

#[tokio::test]
async fn names_of_people_here_and_away() -> Result<()> {
    let grid = TestGrid::start().await?;
    let away = grid.enter("Bob", "Away").await?;
    let away_id = away.login.agent_id.0;
    away.log_out().await?;
    let here = grid.enter("Carol", "Here").await?;
    let mut client = grid.enter("Alice", "Tester").await?;
    let ids = [here.login.agent_id.0, away_id, Uuid::from_u128(99)];
    let uuid_name_block = ids.map(|id| UUIDNameRequestUUIDNameBlock { id }).to_vec();
    client.send(&UUIDNameRequest { uuid_name_block }).await?;
    for (id, first, last) in [(ids[0], "Carol", "Here"), (ids[1], "Bob", "Away")] {
        let reply = client
            .expect::<UUIDNameReply>(SOON, |reply| {
                reply.uuid_name_block.iter().any(|block| block.id == id)
            })
            .await?;
        let block = reply.uuid_name_block.iter().find(|block| block.id == id);
        let block = block.expect("found above");
        assert_eq!((text(&block.first_name), text(&block.last_name)), (first.into(), last.into()));
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_search_is_answered_also_when_nobody_is_found() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.enter("Alice", "Tester").await?;
    for (query, found) in [("alice tester", true), ("nobody at all", false)] {
        let mut request = AvatarPickerRequest::default();
        request.agent_data.agent_id = client.login.agent_id.0;
        request.agent_data.session_id = client.login.session_id.0;
        request.agent_data.query_id = Uuid::from_u128(5);
        request.data.name = variable1(query);
        client.send(&request).await?;
        let reply = client.expect::<AvatarPickerReply>(SOON, |_| true).await?;
        assert_eq!(reply.agent_data.query_id, Uuid::from_u128(5));
        assert_eq!(reply.data[0].avatar_id == client.login.agent_id.0, found);
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_region_is_on_the_map() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut client = grid.enter("Alice", "Tester").await?;
    let mut request = MapNameRequest::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    request.name_data.name = variable1("holm");
    client.send(&request).await?;
    let reply = client.expect::<MapBlockReply>(SOON, |_| true).await?;
    assert_eq!(reply.agent_data.flags, 2, "viewers drop other flags");
    let block = &reply.data[0];
    assert_eq!((text(&block.name), block.x, block.y), ("Holm".to_owned(), 1000, 1000));
    assert_eq!(reply.data.last().map(|end| end.access), Some(255), "the end of the search");
    assert_eq!(reply.size.len(), reply.data.len());

    let mut request = RequestRegionInfo::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    client.send(&request).await?;
    let info = client.expect::<RegionInfo>(SOON, |_| true).await?;
    assert_eq!(text(&info.region_info.sim_name), "Holm");
    grid.stop().await?;
    Ok(())
}
