use std::path::Path;

use anyhow::Result;
use holm::client::Client;
use holm::ids::{AgentId, GroupId, RoleId};
use holm::message::{
    AvatarClassifiedReply, AvatarGroupsReply, AvatarInterestsReply, AvatarInterestsUpdate,
    AvatarNotesReply, AvatarNotesUpdate, AvatarPicksReply, AvatarPropertiesReply,
    AvatarPropertiesRequest, AvatarPropertiesUpdate, GenericMessage, GenericMessageParamList, text,
    variable1, variable2,
};
use holm::services::groups::{Group, GroupInfo, GroupStore as _, Member, Powers, Role};
use holm::storage::SqliteStore;
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;

/// A grid that keeps its data in `directory`.
async fn kept_in(directory: &Path) -> Result<TestGrid> {
    let grid = TestGrid::start_with(|config| {
        config.storage.ephemeral = false;
        directory.clone_into(&mut config.storage.directory);
    });
    Ok(grid.await?)
}

async fn ask_for_profile(client: &Client, avatar: AgentId) -> Result<()> {
    let mut request = AvatarPropertiesRequest::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    request.agent_data.avatar_id = avatar.0;
    Ok(client.send(&request).await?)
}

async fn generic(client: &Client, method: &str, parameter: &str) -> Result<()> {
    let mut request = GenericMessage::default();
    request.agent_data.agent_id = client.login.agent_id.0;
    request.agent_data.session_id = client.login.session_id.0;
    request.method_data.method = variable1(method);
    request.param_list = vec![GenericMessageParamList { parameter: variable1(parameter) }];
    Ok(client.send(&request).await?)
}

async fn write_note(client: &Client, about: Uuid, note: &str) -> Result<()> {
    let mut update = AvatarNotesUpdate::default();
    update.agent_data.agent_id = client.login.agent_id.0;
    update.agent_data.session_id = client.login.session_id.0;
    update.data.target_id = about;
    update.data.notes = variable2(note);
    Ok(client.send(&update).await?)
}

async fn read_note(client: &mut Client, about: Uuid) -> Result<String> {
    generic(client, "avatarnotesrequest", &about.to_string()).await?;
    let reply = client.expect::<AvatarNotesReply>(SOON, |_| true).await?;
    assert_eq!(reply.agent_data.agent_id, client.login.agent_id.0);
    assert_eq!(reply.data.target_id, about);
    Ok(text(&reply.data.notes))
}

#[tokio::test]
async fn a_profile_is_seen_by_others_as_it_was_written() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let grid = kept_in(directory.path()).await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let id = alice.login.agent_id;
    let mut update = AvatarPropertiesUpdate::default();
    update.agent_data.agent_id = id.0;
    update.agent_data.session_id = alice.login.session_id.0;
    let data = &mut update.properties_data;
    data.image_id = Uuid::from_u128(1);
    data.fl_image_id = Uuid::from_u128(2);
    data.about_text = variable2(&"ü".repeat(300));
    data.fl_about_text = variable1("first life");
    data.profile_url = variable1("http://example.com/");
    data.mature_publish = true;
    alice.send(&update).await?;
    let mut update = AvatarInterestsUpdate::default();
    update.agent_data.agent_id = id.0;
    update.agent_data.session_id = alice.login.session_id.0;
    let data = &mut update.properties_data;
    data.want_to_mask = 5;
    data.want_to_text = variable1("build");
    data.skills_mask = 1 << 31;
    data.skills_text = variable1("skills");
    data.languages_text = variable1("Deutsch");
    alice.send(&update).await?;
    alice.log_out().await?;
    grid.stop().await?;

    // Another process, later.
    let grid = kept_in(directory.path()).await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    ask_for_profile(&bob, id).await?;
    let reply = bob.expect::<AvatarPropertiesReply>(SOON, |_| true).await?;
    assert_eq!(reply.agent_data.agent_id, bob.login.agent_id.0);
    assert_eq!(reply.agent_data.avatar_id, id.0);
    let data = &reply.properties_data;
    assert_eq!((data.image_id, data.fl_image_id), (Uuid::from_u128(1), Uuid::from_u128(2)));
    assert_eq!(text(&data.about_text), "ü".repeat(255), "cut to 511 bytes");
    assert_eq!(text(&data.fl_about_text), "first life");
    assert_eq!(text(&data.profile_url), "http://example.com/");
    assert_eq!(data.flags, 2, "mature, neither published nor online");
    let born_on = text(&data.born_on);
    let parts: Vec<u32> = born_on.split('/').map(|part| part.parse().unwrap_or(0)).collect();
    assert!(matches!(parts[..], [1..=12, 1..=31, 2025..=9999]), "month/day/year: {born_on}");
    let reply = bob.expect::<AvatarInterestsReply>(SOON, |_| true).await?;
    let data = &reply.properties_data;
    assert_eq!(reply.agent_data.avatar_id, id.0);
    assert_eq!((data.want_to_mask, data.skills_mask), (5, 1 << 31));
    let texts = [&data.want_to_text, &data.skills_text, &data.languages_text].map(text);
    assert_eq!(texts, ["build", "skills", "Deutsch"]);
    let reply = bob.expect::<AvatarGroupsReply>(SOON, |_| true).await?;
    assert_eq!(reply.agent_data.avatar_id, id.0);
    assert_eq!(reply.group_data, []);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn profile_edit_is_visible_at_once() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = alice.login.agent_id;
    ask_for_profile(&alice, id).await?;
    let reply = alice.expect::<AvatarPropertiesReply>(SOON, |_| true).await?;
    assert_eq!(text(&reply.properties_data.about_text), "");
    assert_eq!(reply.properties_data.flags, 16);
    let mut update = AvatarPropertiesUpdate::default();
    update.agent_data.agent_id = id.0;
    update.agent_data.session_id = alice.login.session_id.0;
    update.properties_data.about_text = variable2("new");
    update.properties_data.allow_publish = true;
    alice.send(&update).await?;
    ask_for_profile(&alice, id).await?;
    let reply = alice.expect::<AvatarPropertiesReply>(SOON, |_| true).await?;
    assert_eq!(text(&reply.properties_data.about_text), "new");
    assert_eq!(reply.properties_data.flags, 17);
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn notes_are_kept_for_their_author_alone() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    let about = bob.login.agent_id.0;
    assert_eq!(read_note(&mut alice, about).await?, "");
    write_note(&alice, about, "met at the café").await?;
    assert_eq!(read_note(&mut alice, about).await?, "met at the café");
    assert_eq!(read_note(&mut bob, about).await?, "");
    write_note(&alice, about, "").await?;
    assert_eq!(read_note(&mut alice, about).await?, "");
    // There is no end of ids that nobody has.
    let nobody = Uuid::from_u128(99);
    write_note(&alice, nobody, "who?").await?;
    assert_eq!(read_note(&mut alice, nobody).await?, "");
    grid.stop().await?;
    Ok(())
}

#[tokio::test]
async fn picks_and_classifieds_are_answered_as_none() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let id = alice.login.agent_id.0;
    for malformed in ["", "no id", "00000000"] {
        generic(&alice, "avatarpicksrequest", malformed).await?;
    }
    generic(&alice, "avatarpicksrequest", &id.to_string()).await?;
    let reply = alice.expect::<AvatarPicksReply>(SOON, |_| true).await?;
    assert_eq!((reply.agent_data.agent_id, reply.agent_data.target_id), (id, id));
    assert_eq!(reply.data, []);
    generic(&alice, "avatarclassifiedsrequest", &id.to_string()).await?;
    let reply = alice.expect::<AvatarClassifiedReply>(SOON, |_| true).await?;
    assert_eq!((reply.agent_data.agent_id, reply.agent_data.target_id), (id, id));
    assert_eq!(reply.data, []);
    grid.stop().await?;
    Ok(())
}

/// A group of `agent`, who is in the role of everyone and in one more, whose title it shows.
fn group(number: u128, name: &str, agent: AgentId, list_in_profile: bool) -> Group {
    let officer = RoleId(Uuid::from_u128(11));
    let role = |id, title: &str, powers| Role {
        id,
        name: title.to_owned(),
        title: title.to_owned(),
        description: String::new(),
        powers,
    };
    Group {
        info: GroupInfo {
            id: GroupId(Uuid::from_u128(number)),
            name: name.to_owned(),
            charter: String::new(),
            show_in_list: true,
            insignia: Uuid::from_u128(5),
            membership_fee: 0,
            open_enrollment: true,
            allow_publish: true,
            mature_publish: false,
            founder: agent,
            owner_role: officer,
            created_at: 1_700_000_000,
        },
        roles: vec![
            role(RoleId::NIL, "Member", Powers::JOIN_CHAT),
            role(officer, "Officer", Powers::EJECT),
        ],
        members: vec![Member {
            agent,
            selected_role: officer,
            roles: vec![officer],
            accept_notices: true,
            list_in_profile,
            contribution: 0,
            joined_at: 1_700_000_000,
        }],
    }
}

#[tokio::test]
async fn profile_lists_groups_hidden_ones_for_their_member_only() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let grid = kept_in(directory.path()).await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let id = alice.login.agent_id;
    alice.log_out().await?;
    grid.stop().await?;
    let mut store = SqliteStore::open(directory.path())?;
    store.create_group(&group(1, "Hidden Group", id, false))?;
    // More than one packet holds.
    for number in 2..=30 {
        let name = format!("A rather long name for group {number:02}");
        store.create_group(&group(number, &name, id, true))?;
    }
    drop(store);

    let grid = kept_in(directory.path()).await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let mut bob = grid.enter("Bob", "Tester").await?;
    ask_for_profile(&bob, id).await?;
    let mut seen = Vec::new();
    while seen.len() < 29 {
        let reply = bob.expect::<AvatarGroupsReply>(SOON, |_| true).await?;
        assert_eq!(reply.agent_data.avatar_id, id.0);
        assert!(reply.new_group_data.list_in_profile);
        assert!(!reply.group_data.is_empty());
        seen.extend(reply.group_data);
    }
    let ids: Vec<_> = seen.iter().map(|group| group.group_id.as_u128()).collect();
    assert_eq!(ids, (2..=30).collect::<Vec<_>>());
    assert_eq!(text(&seen[0].group_name), "A rather long name for group 02");
    assert_eq!(text(&seen[0].group_title), "Officer");
    assert_eq!(seen[0].group_powers, (Powers::JOIN_CHAT | Powers::EJECT).bits());
    assert_eq!(seen[0].group_insignia_id, Uuid::from_u128(5));
    assert!(seen.iter().all(|group| !group.accept_notices), "nobody else's business");

    ask_for_profile(&alice, id).await?;
    let hidden = |reply: &AvatarGroupsReply| !reply.new_group_data.list_in_profile;
    let reply = alice.expect::<AvatarGroupsReply>(SOON, hidden).await?;
    let names: Vec<_> = reply.group_data.iter().map(|group| text(&group.group_name)).collect();
    assert_eq!(names, ["Hidden Group"]);
    assert!(reply.group_data[0].accept_notices);
    grid.stop().await?;
    Ok(())
}
