//! Many requests at once: whatever was acked is answered or done, whichever way it goes.
//!
//! The grid of these tests has room for a few waiting requests only, so that most of a burst is
//! refused at first and comes again.

use anyhow::{Context as _, Result, ensure};
use holm::client::Client;
use holm::ids::{AgentId, GroupId};
use holm::message::{
    AcceptFriendship, ActivateGroup, AgentAlertMessage, AgentDataUpdate, AgentDataUpdateRequest,
    AgentWearablesRequest, AgentWearablesUpdate, AvatarInterestsReply, AvatarInterestsUpdate,
    AvatarNotesReply, AvatarNotesUpdate, AvatarPickerReply, AvatarPickerRequest,
    AvatarPropertiesReply, AvatarPropertiesRequest, AvatarPropertiesUpdate, CreateGroupReply,
    CreateGroupRequest, DeclineFriendship, DirFindQuery, DirGroupsReply, DirPeopleReply,
    EjectGroupMemberReply, EjectGroupMemberRequest, GenericMessage, GenericMessageParamList,
    GroupMembersReply, GroupMembersRequest, GroupNoticeRequest, GroupNoticesListReply,
    GroupNoticesListRequest, GroupProfileReply, GroupProfileRequest, GroupRoleChanges,
    GroupRoleDataReply, GroupRoleDataRequest, GroupRoleMembersReply, GroupRoleMembersRequest,
    GroupRoleUpdate, GroupTitleUpdate, GroupTitlesReply, GroupTitlesRequest,
    ImprovedInstantMessage, InviteGroupRequest, JoinGroupReply, JoinGroupRequest, LeaveGroupReply,
    LeaveGroupRequest, Message, MuteListRequest, RetrieveInstantMessages, SetGroupAcceptNotices,
    SetGroupContribution, TerminateFriendship, UUIDGroupNameReply, UUIDGroupNameRequest,
    UUIDGroupNameRequestUUIDNameBlock, UUIDNameReply, UUIDNameRequest,
    UUIDNameRequestUUIDNameBlock, UpdateGroupInfo, text, variable1, variable2,
};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::groups::{found, request};
use super::{SOON, group_chat, mutes};

/// Requests of one kind at once.
const BURST: usize = 40;

async fn narrow_grid() -> Result<TestGrid> {
    let grid = TestGrid::start_with(|config| {
        config.limits.waiting_request_bytes = 32_768;
        config.limits.offline_messages = 1000;
        config.limits.offline_messages_per_sender = 1000;
    });
    Ok(grid.await?)
}

/// Sends `count` requests at once; each must be answered.
async fn all_answered<Q: Message, A: Message>(
    client: &mut Client,
    request: impl Fn(usize) -> Q,
    fits: impl Fn(&A) -> bool,
) -> Result<()> {
    for number in 0..BURST {
        client.send(&request(number)).await?;
    }
    for number in 0..BURST {
        let answer = client.expect::<A>(SOON, &fits).await;
        answer.with_context(|| format!("answer {number} to {}", Q::NAME))?;
    }
    Ok(())
}

#[tokio::test]
async fn every_name_request_of_a_burst_is_answered() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut ids = Vec::new();
    for number in 0..BURST {
        let agent = grid.log_in(&format!("Away{number}"), "Tester").await?;
        ids.push(agent.login.agent_id.0);
        agent.log_out().await?;
    }
    let mut alice = grid.enter("Alice", "Tester").await?;
    let nobody = Uuid::from_u128(99);
    for &id in &ids {
        let uuid_name_block = [id, nobody].map(|id| UUIDNameRequestUUIDNameBlock { id }).to_vec();
        alice.send(&UUIDNameRequest { uuid_name_block }).await?;
    }
    let mut heard: Vec<Uuid> = Vec::new();
    while heard.len() < BURST {
        let reply = alice.expect::<UUIDNameReply>(SOON, |_| true).await?;
        heard.extend(reply.uuid_name_block.iter().map(|block| block.id));
    }
    heard.sort();
    ids.sort();
    assert_eq!(heard, ids);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_search_of_a_burst_is_answered() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let ask = request!(alice, AvatarPickerRequest);
    let picker = |number: usize| {
        let mut ask = ask.clone();
        ask.agent_data.query_id = Uuid::from_u128(number as u128 + 1);
        ask.data.name = variable1("alice");
        ask
    };
    all_answered::<_, AvatarPickerReply>(&mut alice, picker, |_| true).await?;
    let ask = request!(alice, DirFindQuery);
    let search = |flags: u32| {
        let ask = ask.clone();
        move |_: usize| {
            let mut ask = ask.clone();
            ask.query_data.query_text = variable1("alice");
            ask.query_data.query_flags = flags;
            ask
        }
    };
    all_answered::<_, DirPeopleReply>(&mut alice, search(1), |_| true).await?;
    all_answered::<_, DirGroupsReply>(&mut alice, search(16), |_| true).await?;
    all_answered::<_, DirPeopleReply>(&mut alice, search(17), |_| true).await?;
    for _ in 0..BURST {
        alice.expect::<DirGroupsReply>(SOON, |_| true).await?;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn wearables_are_told_behind_a_burst_of_searches() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut ask = request!(alice, AvatarPickerRequest);
    ask.data.name = variable1("tester");
    for _ in 0..BURST {
        alice.send(&ask).await?;
    }
    alice.send(&request!(alice, AgentWearablesRequest)).await?;
    alice.expect::<AgentWearablesUpdate>(SOON, |_| true).await?;
    let ask = request!(alice, AgentWearablesRequest);
    all_answered::<_, AgentWearablesUpdate>(&mut alice, |_| ask.clone(), |_| true).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_request_about_oneself_is_answered() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let client = &mut alice;
    let me = client.login.agent_id;
    let ask = request!(client, AgentDataUpdateRequest);
    all_answered::<_, AgentDataUpdate>(client, |_| ask.clone(), |_| true).await?;
    let mut ask = request!(client, AvatarPropertiesRequest);
    ask.agent_data.avatar_id = me.0;
    all_answered::<_, AvatarPropertiesReply>(client, |_| ask.clone(), |_| true).await?;
    let ask = request!(client, MuteListRequest);
    let empty = |reply: &GenericMessage| text(&reply.method_data.method) == "emptymutelist";
    all_answered(client, |_| ask.clone(), empty).await?;
    let ask = request!(client, ActivateGroup);
    all_answered::<_, AgentDataUpdate>(client, |_| ask.clone(), |_| true).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn notes_of_a_burst_are_kept_in_order() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let me = alice.login.agent_id.0;
    let mut note = request!(alice, AvatarNotesUpdate);
    note.data.target_id = me;
    for number in 0..BURST {
        note.data.notes = variable2(&format!("note {number}"));
        alice.send(&note).await?;
        // One at a time, so that what is refused cannot be overtaken.
        alice.flush().await?;
    }
    let mut ask = request!(alice, GenericMessage);
    ask.method_data.method = variable1("avatarnotesrequest");
    ask.param_list.push(GenericMessageParamList { parameter: variable1(&me.to_string()) });
    let last = |reply: &AvatarNotesReply| text(&reply.data.notes) == "note 39";
    all_answered(&mut alice, |_| ask.clone(), last).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_question_about_a_group_is_answered() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let GroupId(group) = found(&mut alice, "Many Questions", true).await?;
    let client = &mut alice;
    let mut ask = request!(client, GroupProfileRequest);
    ask.group_data.group_id = group;
    all_answered::<_, GroupProfileReply>(client, |_| ask.clone(), |_| true).await?;
    let mut ask = request!(client, GroupMembersRequest);
    ask.group_data.group_id = group;
    all_answered::<_, GroupMembersReply>(client, |_| ask.clone(), |_| true).await?;
    let mut ask = request!(client, GroupRoleDataRequest);
    ask.group_data.group_id = group;
    all_answered::<_, GroupRoleDataReply>(client, |_| ask.clone(), |_| true).await?;
    let mut ask = request!(client, GroupRoleMembersRequest);
    ask.group_data.group_id = group;
    all_answered::<_, GroupRoleMembersReply>(client, |_| ask.clone(), |_| true).await?;
    let mut ask = request!(client, GroupTitlesRequest);
    ask.agent_data.group_id = group;
    all_answered::<_, GroupTitlesReply>(client, |_| ask.clone(), |_| true).await?;
    let mut ask = request!(client, GroupNoticesListRequest);
    ask.data.group_id = group;
    all_answered::<_, GroupNoticesListReply>(client, |_| ask.clone(), |_| true).await?;
    let ask = request!(client, GroupNoticeRequest);
    all_answered::<_, AgentAlertMessage>(client, |_| ask.clone(), |_| true).await?;
    let uuid_name_block = vec![UUIDGroupNameRequestUUIDNameBlock { id: group }];
    let ask = UUIDGroupNameRequest { uuid_name_block };
    all_answered::<_, UUIDGroupNameReply>(client, |_| ask.clone(), |_| true).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_change_of_a_membership_is_answered() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let GroupId(group) = found(&mut alice, "Comings And Goings", true).await?;
    let client = &mut alice;
    let mut ask = request!(client, JoinGroupRequest);
    ask.group_data.group_id = group;
    all_answered::<_, JoinGroupReply>(client, |_| ask.clone(), |_| true).await?;
    let mut ask = request!(client, EjectGroupMemberRequest);
    ask.group_data.group_id = group;
    all_answered::<_, EjectGroupMemberReply>(client, |_| ask.clone(), |_| true).await?;
    client.forget();
    let mut ask = request!(client, InviteGroupRequest);
    ask.group_data.group_id = Uuid::from_u128(9);
    all_answered::<_, AgentAlertMessage>(client, |_| ask.clone(), |_| true).await?;
    let ask = request!(client, CreateGroupRequest);
    all_answered::<_, CreateGroupReply>(client, |_| ask.clone(), |_| true).await?;
    let ask = request!(client, LeaveGroupRequest);
    all_answered::<_, LeaveGroupReply>(client, |_| ask.clone(), |_| true).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn four_hundred_messages_to_the_absent_are_kept() -> Result<()> {
    let grid = narrow_grid().await?;
    let bob = grid.log_in("Bob", "Tester").await?;
    let bob_id = bob.login.agent_id;
    bob.log_out().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    for number in 0..400 {
        alice.im(bob_id, &format!("message {number}"), 0).await?;
    }
    for number in 0..400 {
        let saved = |im: &ImprovedInstantMessage| {
            text(&im.message_block.message) == "User is not logged in. Message saved."
        };
        let received = alice.expect::<ImprovedInstantMessage>(SOON, saved).await;
        received.with_context(|| format!("word of message {number}"))?;
    }
    let mut bob = grid.enter("Bob", "Tester").await?;
    bob.send(&request!(bob, RetrieveInstantMessages)).await?;
    let mut heard = std::collections::BTreeSet::new();
    while heard.len() < 400 {
        let kept = bob.expect::<ImprovedInstantMessage>(SOON, |_| true).await?;
        let said = text(&kept.message_block.message);
        ensure!(heard.insert(said.clone()), "{said} came twice");
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_friendship_offer_of_a_burst_is_kept() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut absent: Vec<AgentId> = Vec::new();
    for number in 0..BURST {
        let agent = grid.log_in(&format!("Friend{number}"), "Tester").await?;
        absent.push(agent.login.agent_id);
        agent.log_out().await?;
    }
    let alice = grid.enter("Alice", "Tester").await?;
    for &friend in &absent {
        alice.im(friend, "be my friend", 38).await?;
    }
    // Acked means taken, and what is taken is done before the grid stops or answers this.
    alice.flush().await?;
    for friend in absent {
        let path = format!("v1/friends/{friend}");
        let offered = async {
            loop {
                let offers = grid.control(&path).await?;
                if offers["offers"].as_array().is_some_and(|offers| offers.len() == 1) {
                    return anyhow::Ok(());
                }
            }
        };
        tokio::time::timeout(SOON, offered).await.context("an offer")??;
    }
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_mute_of_a_burst_is_in_the_list() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    for number in 0..BURST {
        let id = Uuid::from_u128(number as u128 + 1);
        mutes::mute(&alice, id, &format!("Loud{number} Person"), 1, 0).await?;
    }
    let (list, _) = mutes::fetch(&mut alice).await?;
    assert_eq!(list.lines().count(), BURST, "{list}");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_notice_and_text_of_a_burst_is_told() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let GroupId(group) = found(&mut alice, "Many Words", true).await?;
    group_chat::start(&mut alice, group).await?;
    let ask = request!(alice, ImprovedInstantMessage);
    let im = |dialog: u8| {
        let ask = ask.clone();
        move |number: usize| {
            let mut ask = ask.clone();
            ask.message_block.to_agent_id = group;
            ask.message_block.id = if dialog == 17 { group } else { Uuid::nil() };
            ask.message_block.dialog = dialog;
            ask.message_block.message = variable2(&format!("subject {number}|body"));
            ask
        }
    };
    let of = |dialog: u8| move |im: &ImprovedInstantMessage| im.message_block.dialog == dialog;
    all_answered(&mut alice, im(32), of(32)).await?;
    all_answered(&mut alice, im(17), of(17)).await?;
    for _ in 0..BURST {
        group_chat::session_im(&alice, 15, group, "", b"").await?;
    }
    for _ in 0..BURST {
        alice.expect_event(SOON, "ChatterBoxSessionStartReply", |_| true).await?;
    }
    grid.stop().await?;
    Ok(())
}

/// Requests that are refused tell so by an alert; each must be told.
#[tokio::test]
async fn every_refusal_of_a_burst_is_told() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let client = &mut alice;
    let nothing = Uuid::from_u128(9);
    let all = |_: &AgentAlertMessage| true;
    let mut ask = request!(client, UpdateGroupInfo);
    ask.group_data.group_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    let mut ask = request!(client, GroupRoleUpdate);
    ask.agent_data.group_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    let mut ask = request!(client, GroupRoleChanges);
    ask.agent_data.group_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    let mut ask = request!(client, GroupTitleUpdate);
    ask.agent_data.group_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    let mut ask = request!(client, SetGroupContribution);
    ask.data.group_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    let mut ask = request!(client, SetGroupAcceptNotices);
    ask.data.group_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    let mut ask = request!(client, AcceptFriendship);
    ask.transaction_block.transaction_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    let mut ask = request!(client, DeclineFriendship);
    ask.transaction_block.transaction_id = nothing;
    all_answered(client, |_| ask.clone(), all).await?;
    for dialog in [35, 36] {
        let mut ask = request!(client, ImprovedInstantMessage);
        ask.message_block.to_agent_id = nothing;
        ask.message_block.dialog = dialog;
        all_answered(client, |_| ask.clone(), all).await?;
    }
    let mut ask = request!(client, TerminateFriendship);
    ask.ex_block.other_id = nothing;
    let ended = |end: &TerminateFriendship| end.ex_block.other_id == nothing;
    all_answered(client, |_| ask.clone(), ended).await?;
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_last_profile_of_a_burst_is_the_one_kept() -> Result<()> {
    let grid = narrow_grid().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut about = request!(alice, AvatarPropertiesUpdate);
    let mut interests = request!(alice, AvatarInterestsUpdate);
    for number in 0..BURST {
        about.properties_data.about_text = variable2(&format!("about {number}"));
        interests.properties_data.skills_text = variable1(&format!("skills {number}"));
        alice.send(&about).await?;
        alice.send(&interests).await?;
        // One at a time, so that what is refused cannot be overtaken.
        alice.flush().await?;
    }
    let mut ask = request!(alice, AvatarPropertiesRequest);
    ask.agent_data.avatar_id = alice.login.agent_id.0;
    alice.send(&ask).await?;
    let page = alice.expect::<AvatarPropertiesReply>(SOON, |_| true).await?;
    assert_eq!(text(&page.properties_data.about_text), "about 39");
    let interests = alice.expect::<AvatarInterestsReply>(SOON, |_| true).await?;
    assert_eq!(text(&interests.properties_data.skills_text), "skills 39");
    grid.stop().await?;
    Ok(())
}
