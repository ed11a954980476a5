//! How starts, texts, leaves and group changes are handled.

mod grid;

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use self::grid::{COPIES_PER_SECOND, Grid, SESSION, WEAVERS, group};
use super::*;
use crate::circuit::{Category, Outgoing};
use crate::ids::SessionId;
use crate::llsd::Llsd;
use crate::message::{Vector3, text};
use crate::services::mutes::{Mute, MuteExceptions, MuteKind};

#[tokio::test]
async fn a_member_starts_and_is_told_who_is_there() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    let events = grid.events(one);
    let [(start, reply), (list, updates)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(start, "ChatterBoxSessionStartReply");
    assert!(reply.get("success").as_bool());
    assert_eq!(reply.get("session_info").get("session_name").as_str(), Some("Weavers"));
    assert!(matches!(reply.get("session_info").get("moderated_mode"), Llsd::Map(_)));
    assert_eq!(reply.get("agents").as_array(), [Llsd::Uuid(one.0)]);
    assert_eq!(list, "ChatterBoxSessionAgentListUpdates");
    let own = updates.get("agent_updates").get(&one.0.to_string());
    assert_eq!(own.get("transition").as_str(), Some("ENTER"));
    assert!(own.get("info").get("is_moderator").as_bool());
    assert_eq!(updates.get("updates").get(&one.0.to_string()).as_str(), Some("ENTER"));

    grid.chats.start_group(two, WEAVERS).await;
    assert_eq!(grid.event_names(two).len(), 2);
    let events = grid.events(one);
    let [(_, updates)] = &events[..] else { panic!("{events:?}") };
    let other = updates.get("agent_updates").get(&two.0.to_string());
    assert_eq!(other.get("transition").as_str(), Some("ENTER"));
    assert!(updates.get("agent_updates").get(&one.0.to_string()).is_undef());
}

#[tokio::test]
async fn strangers_are_refused_by_the_key_that_viewers_translate() {
    let mut grid = Grid::new();
    let (_, _, mute) = grid.weavers().await;
    let stranger = grid.resident("Stranger").await;
    for (agent, group, error) in [
        (stranger, WEAVERS, "insufficient_perms_error"),
        (mute, WEAVERS, "no_ability_error"),
        (stranger, GroupId::random(), "session_does_not_exist_error"),
    ] {
        grid.chats.start_group(agent, group).await;
        let events = grid.events(agent);
        let [(name, body)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(name, "ChatterBoxSessionStartReply");
        assert!(!body.get("success").as_bool());
        assert_eq!(body.get("temp_session_id").as_uuid(), group.0);
        assert_eq!(body.get("error").as_str(), Some(error));

        grid.say(agent, ChatSessionId(group.0), "hello").await;
        let events = grid.events(agent);
        let [(name, body)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(name, "ChatterBoxSessionEventReply");
        assert_eq!(body.get("error").as_str(), Some(error));
    }
    assert!(grid.is_clean());
}

#[tokio::test]
async fn a_text_is_an_invitation_first_and_a_message_later() {
    let mut grid = Grid::new();
    let (one, two, mute) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    grid.say(one, SESSION, "one").await;
    grid.say(one, SESSION, "two").await;
    assert_eq!(grid.heard(one), ["one", "two"]);
    let events = grid.events(two);
    let [(name, body)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(name, "ChatterBoxInvitation");
    let params = body.get("instantmessage").get("message_params");
    assert_eq!(params.get("message").as_str(), Some("one"));
    assert_eq!(params.get("to_id").as_uuid(), two.0);
    assert_eq!(params.get("data").get("binary_bucket").as_binary(), b"Weavers\0");
    assert!(grid.heard(two).is_empty() && grid.events(mute).is_empty());

    let roster = grid.chats.accept(two, SESSION).unwrap();
    assert_eq!(roster.get("agents").as_array().len(), 2);
    assert!(matches!(roster.get("agent_info").get(&two.0.to_string()), Llsd::Map(_)));
    assert_eq!(grid.heard(two), ["two"]);
    grid.say(two, SESSION, "three").await;
    assert_eq!((grid.heard(one), grid.heard(two)), (vec!["three".into()], vec!["three".into()]));
}

#[tokio::test]
async fn the_message_is_that_of_the_speaker_to_each() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    grid.chats.start_group(two, WEAVERS).await;
    grid.say(one, SESSION, "hello").await;
    for agent in [one, two] {
        let texts = grid.texts(agent);
        let [im] = &texts[..] else { panic!("{texts:?}") };
        let block = &im.message_block;
        assert_eq!((im.agent_data.agent_id, block.to_agent_id), (one.0, agent.0));
        assert!(im.agent_data.session_id.is_nil() && !block.from_group);
        assert_eq!((block.dialog, block.id), (17, WEAVERS.0));
        assert_eq!((block.parent_estate_id, block.region_id.as_u128()), (1, 5));
        assert_eq!(block.position, Vector3::new(1.0, 2.0, 3.0));
        assert_eq!((block.offline, block.timestamp), (0, 0));
        assert_eq!(&block.binary_bucket[..], b"Weavers\0");
        assert_eq!(text(&block.from_agent_name), "One Tester");
    }
}

#[tokio::test]
async fn leaver_hears_nothing_until_it_speaks_starts_or_returns() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    let silent = |grid: &mut Grid| grid.heard(two).is_empty() && grid.events(two).is_empty();
    for way_back in 0..3 {
        grid.chats.start_group(two, WEAVERS).await;
        grid.chats.leave(two, SESSION);
        grid.heard(two);
        grid.events(two);
        grid.say(one, SESSION, "without you").await;
        assert!(silent(&mut grid), "{way_back}");
        match way_back {
            0 => grid.chats.start_group(two, WEAVERS).await,
            1 => grid.say(two, SESSION, "back").await,
            _ => {
                grid.depart(two);
                grid.arrive(two);
            }
        }
        grid.heard(two);
        grid.events(two);
        grid.say(one, SESSION, "with you").await;
        assert!(!silent(&mut grid), "{way_back}");
        grid.heard(one);
    }
    // That it left outlives the session.
    grid.chats.leave(two, SESSION);
    grid.chats.leave(one, SESSION);
    assert!(grid.chats.reports().is_empty());
    grid.chats.start_group(one, WEAVERS).await;
    grid.events(two);
    grid.say(one, SESSION, "alone").await;
    assert!(silent(&mut grid));
    grid.depart(one);
    grid.depart(two);
    assert!(grid.is_clean());
}

#[tokio::test]
async fn to_decline_is_to_leave() {
    let mut grid = Grid::new();
    let (one, two, mute) = grid.weavers().await;
    assert_eq!(grid.chats.decline(two, SESSION), Err(ChatRefusal::NoSession));
    grid.chats.start_group(one, WEAVERS).await;
    grid.say(one, SESSION, "one").await;
    grid.chats.decline(two, SESSION).unwrap();
    assert_eq!(grid.chats.decline(mute, SESSION), Err(ChatRefusal::NotMember));
    grid.events(two);
    grid.say(one, SESSION, "two").await;
    grid.pass(Duration::from_secs(5));
    assert!(grid.heard(two).is_empty() && grid.events(two).is_empty());
    let report = &grid.chats.reports()[0];
    let of = |agent| report.people.iter().find(|person| person.agent == agent).copied();
    assert_eq!(of(two).unwrap().participation, Participation::Left);
    assert_eq!(of(one).unwrap().participation, Participation::Joined);
    assert!(of(one).unwrap().moderator && of(mute).is_none());
}

#[tokio::test]
async fn muted_speakers_are_neither_heard_nor_do_they_invite() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    let mute =
        |kind, id| Mute { id, name: "x".to_owned(), kind, exceptions: MuteExceptions::empty() };
    for mute in [mute(MuteKind::Agent, one.0), mute(MuteKind::Group, WEAVERS.0)] {
        grid.mutes.arrive(two, SessionId::NIL, vec![mute]);
        grid.chats.start_group(one, WEAVERS).await;
        grid.say(one, SESSION, "unheard").await;
        assert!(grid.events(two).is_empty());
        grid.chats.start_group(two, WEAVERS).await;
        grid.say(one, SESSION, "unheard").await;
        assert!(grid.heard(two).is_empty());
        grid.events(two);
        grid.chats.departed(two);
        grid.mutes.depart(two, SessionId::NIL);
    }
}

#[tokio::test]
async fn a_member_that_is_removed_is_thrown_out() {
    let mut grid = Grid::new();
    let (one, two, mute) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    grid.chats.start_group(two, WEAVERS).await;
    grid.events(two);
    grid.chats.member_removed(WEAVERS, two);
    let events = grid.events(two);
    let [(name, body)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(name, "ForceCloseChatterBoxSession");
    assert_eq!(body.get("reason").as_str(), Some("removed"));
    grid.say(one, SESSION, "alone").await;
    assert!(grid.heard(two).is_empty() && grid.events(two).is_empty());

    // Who may no longer chat, but is a member, hears another reason.
    let changed = group(two, &[], &[one, mute]);
    grid.events(one);
    grid.chats.group_changed(&changed);
    let events = grid.events(one);
    assert_eq!(events[0].1.get("reason").as_str(), Some("close_on_no_ability"));
    assert!(grid.chats.reports().is_empty());
}

#[tokio::test]
async fn the_last_one_to_go_ends_the_session() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    grid.say(one, SESSION, "one").await;
    grid.depart(one);
    assert_eq!(grid.chats.reports().len(), 1, "somebody is invited");
    grid.depart(two);
    assert!(grid.is_clean());
}

#[tokio::test]
async fn silent_departure_is_noticed() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    grid.chats.start_group(two, WEAVERS).await;
    let (outbox, _) = grid.recorders.remove(&two).unwrap();
    grid.bus.depart(&outbox);
    grid.pass(Duration::from_secs(1));
    grid.events(one);
    grid.say(one, SESSION, "anybody?").await;
    let events = grid.events(one);
    let [(_, body)] = &events[..] else { panic!("{events:?}") };
    let gone = body.get("agent_updates").get(&two.0.to_string());
    assert_eq!(gone.get("transition").as_str(), Some("LEAVE"));
    assert!(matches!(gone.get("info"), Llsd::Map(_)));
}

#[tokio::test]
async fn a_conference_begins_with_its_first_text() {
    let mut grid = Grid::new();
    let (one, two, three) = (grid.stranger(), grid.stranger(), grid.stranger());
    let temporary = ChatSessionId::random();
    let started = grid.chats.start_conference(one, "One Tester", temporary, &[two, three]);
    let id = started.unwrap();
    assert_ne!(id, temporary);
    let events = grid.events(one);
    let reply = &events[0].1;
    assert_eq!(reply.get("session_id").as_uuid(), id.0);
    assert_eq!(reply.get("temp_session_id").as_uuid(), temporary.0);
    assert_eq!(reply.get("session_info").get("type").as_i32(), 1);
    assert!(grid.events(two).is_empty());
    grid.say(one, id, "hello").await;
    assert_eq!(grid.event_names(two), ["ChatterBoxInvitation"]);
    assert_eq!(grid.event_names(three), ["ChatterBoxInvitation"]);
    // A text in answer is an acceptance, too.
    grid.say(two, id, "hello you").await;
    assert_eq!(grid.heard(one), ["hello", "hello you"]);
    assert_eq!(grid.heard(two), ["hello you"]);
    grid.chats.mute(one, id, two, Some(true), None).unwrap();
    grid.events(two);
    grid.say(two, id, "but").await;
    let events = grid.events(two);
    assert_eq!(events[0].1.get("error").as_str(), Some("muted_error"));
    assert_eq!(events[0].1.get("event").as_str(), Some("message"));

    let alone = grid.chats.start_conference(one, "One", temporary, &[one, AgentId::NIL]);
    assert_eq!(alone, Err(ChatRefusal::Impossible));
    let crowd: Vec<AgentId> = (0..=MAX_IN_CONFERENCE).map(|_| AgentId::random()).collect();
    let crowded = grid.chats.start_conference(one, "One", temporary, &crowd);
    assert_eq!(crowded, Err(ChatRefusal::Impossible));
    let errors = grid.events(one).into_iter().filter(|(_, body)| !body.get("error").is_undef());
    assert_eq!(errors.count(), 2);
}

#[tokio::test]
async fn two_hundred_in_one_session_hear_each_text_once() {
    let mut grid = Grid::new();
    let people: Vec<AgentId> = (0..200).map(|_| grid.stranger()).collect();
    let id = grid
        .chats
        .start_conference(people[0], "One", ChatSessionId::random(), &people[1..])
        .unwrap();
    grid.say(people[0], id, "first").await;
    for &agent in &people[1..150] {
        grid.chats.accept(agent, id).unwrap();
    }
    for (number, &agent) in people.iter().take(20).enumerate() {
        grid.say(agent, id, &number.to_string()).await;
    }
    grid.pass(Duration::from_secs(3));
    let later: Vec<String> = (0..20).map(|number: u32| number.to_string()).collect();
    for (place, &agent) in people.iter().enumerate() {
        let events = grid.events(agent);
        let invitations = events.iter().filter(|(name, _)| name == "ChatterBoxInvitation").count();
        let mut heard = grid.heard(agent);
        if place == 0 {
            assert_eq!(heard.remove(0), "first");
        }
        assert_eq!((invitations, heard), (usize::from(place > 0), later.clone()));
        for (_, body) in events {
            assert!(body.get("agent_updates").as_map().len() <= 100);
        }
    }
    for agent in people {
        grid.depart(agent);
    }
    assert!(grid.is_clean());
}

#[tokio::test]
async fn a_thousand_sessions_are_kept_apart() {
    let mut grid = Grid::new();
    let people: Vec<AgentId> = (0..100).map(|_| grid.stranger()).collect();
    let sessions: Vec<_> = (0..1000)
        .map(|number| {
            let (one, other) = (people[number % 100], people[(number + 1 + number / 100) % 100]);
            let temporary = ChatSessionId::random();
            let id = grid.chats.start_conference(one, "One", temporary, &[other]).unwrap();
            (id, one, other)
        })
        .collect();
    assert_eq!(grid.chats.reports().len(), 1000);
    for &(id, one, _) in &sessions {
        grid.say(one, id, "first").await;
    }
    grid.pass(Duration::from_secs(2));
    for &(id, _, other) in &sessions {
        grid.say(other, id, &id.to_string()).await;
    }
    let mut heard: BTreeMap<AgentId, Vec<Uuid>> = BTreeMap::new();
    for &agent in &people {
        let texts = grid.texts(agent);
        let answers = texts.iter().filter(|im| text(&im.message_block.message) != "first");
        let ids = answers.map(|im| {
            assert_eq!(text(&im.message_block.message), im.message_block.id.to_string());
            im.message_block.id
        });
        heard.insert(agent, ids.collect());
    }
    for &(id, one, other) in &sessions {
        for agent in [one, other] {
            assert_eq!(heard[&agent].iter().filter(|heard| **heard == id.0).count(), 1);
        }
    }
    assert_eq!(heard.values().map(Vec::len).sum::<usize>(), 2000);
    for agent in people {
        grid.depart(agent);
    }
    assert!(grid.is_clean());
}

#[tokio::test]
async fn one_agent_has_a_bounded_number_of_sessions() {
    let mut grid = Grid::new();
    let (one, two) = (grid.stranger(), grid.stranger());
    let start =
        |grid: &Grid| grid.chats.start_conference(one, "One", ChatSessionId::random(), &[two]);
    for _ in 0..MAX_OF_AGENT {
        start(&grid).unwrap();
    }
    assert_eq!(start(&grid), Err(ChatRefusal::Impossible));
    grid.depart(one);
    assert!(grid.is_clean());
}

#[tokio::test]
async fn a_flood_is_refused_before_it_fills_the_outboxes() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    grid.chats.start_group(one, WEAVERS).await;
    grid.chats.start_group(two, WEAVERS).await;
    grid.events(one);
    let mut said = 0;
    while grid.events(one).is_empty() {
        grid.say(one, SESSION, &said.to_string()).await;
        said += 1;
        assert!(said < 1 << 16, "never refused");
    }
    let heard = grid.heard(two).len();
    assert_eq!(heard, said - 1, "what was taken arrives");
    grid.heard(one);
    grid.say(one, SESSION, "again").await;
    assert_eq!(grid.heard(two), ["again"]);
}

#[tokio::test]
async fn a_change_of_the_group_is_read_into_its_session() {
    let mut grid = Grid::new();
    let (one, two, mute) = grid.weavers().await;
    grid.chats.renew_group(WEAVERS).await;
    assert!(grid.chats.reports().is_empty(), "no session is opened for it");
    grid.chats.start_group(one, WEAVERS).await;
    grid.chats.start_group(two, WEAVERS).await;
    let muted = grid.chats.shared.groups.group(WEAVERS).await.unwrap().unwrap();
    let mut silent = muted.roles[2].clone();
    silent.powers = Powers::empty();
    grid.store.call(move |store| store.put_role(WEAVERS, &silent)).await.unwrap().unwrap();
    grid.events(two);
    grid.chats.renew_group(WEAVERS).await;
    let events = grid.events(two);
    let [(name, body)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(name, "ForceCloseChatterBoxSession");
    assert_eq!(body.get("reason").as_str(), Some("close_on_no_ability"));
    assert!(grid.events(mute).is_empty());
}

#[tokio::test]
async fn removal_during_another_start_is_final() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    grid.chats.start_group(two, WEAVERS).await;
    // The storage is busy until the start has asked for the group and the removal stands behind it.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (store, chats) = (grid.store.clone(), grid.chats.clone());
    let mut busy = Box::pin(store.call(move |_| wait.recv()));
    let mut start = Box::pin(chats.start_group(one, WEAVERS));
    let mut removal = Box::pin(store.call(move |store| store.remove_member(WEAVERS, two)));
    assert!(begin(busy.as_mut()).await);
    assert!(begin(start.as_mut()).await);
    assert!(begin(removal.as_mut()).await);
    // Ends the wait of both runs of the job.
    drop(go);
    removal.await.unwrap().unwrap();
    grid.chats.member_removed(WEAVERS, two);
    start.await;
    grid.events(two);
    grid.say(one, SESSION, "alone").await;
    assert!(grid.heard(two).is_empty() && grid.events(two).is_empty());
}

/// Lets a future begin; whether it has more to do.
async fn begin<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    let mut future = Some(future);
    std::future::poll_fn(move |context| {
        let begun = future.take().map(|future| future.poll(context).is_pending());
        std::task::Poll::Ready(begun.unwrap_or_default())
    })
    .await
}

#[tokio::test]
async fn a_flooder_silences_no_other_session() {
    let mut grid = Grid::new();
    let (one, two, _) = grid.weavers().await;
    let stranger = grid.stranger();
    grid.chats.start_group(one, WEAVERS).await;
    grid.chats.start_group(two, WEAVERS).await;
    let temporary = ChatSessionId::random();
    let other = grid.chats.start_conference(two, "Two", temporary, &[stranger]).unwrap();
    // The endpoint is behind.
    let (outbox, _) = &grid.recorders[&one];
    let ping = crate::message::encode(&crate::message::StartPingCheck::default()).unwrap();
    let ping = Outgoing::unreliable(ping, Category::Unthrottled);
    let waiting = vec![(outbox.clone(), ping); (1 << 14) + 1];
    crate::outbox::send_each(waiting);
    grid.events(one);

    for _ in 0..2 * COPIES_PER_SECOND + 10 {
        grid.say(one, SESSION, "flood").await;
    }
    let refused = grid.event_names(one);
    assert!(refused.len() >= 5 && refused.iter().all(|name| name == "ChatterBoxSessionEventReply"));
    grid.say(two, other, "hello").await;
    assert_eq!(grid.heard(two).last().map(String::as_str), Some("hello"));

    grid.clock.advance(Duration::from_secs(1));
    grid.say(one, SESSION, "later").await;
    assert_eq!(grid.event_names(one), [""; 0]);
    assert_eq!(grid.heard(two), ["later"]);
}
