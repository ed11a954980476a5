//! Searches for people and groups.
//!
//! There are no events, places, classifieds or land for sale. Searches for them find nothing but
//! are answered, because viewers wait for an answer.

use uuid::Uuid;

use super::{Outcome, Session, Turn, dropped, packets};
use crate::circuit::Category;
use crate::ids::AgentId;
use crate::message::{
    self, DirClassifiedQuery, DirClassifiedReply, DirEventsReply, DirFindQuery, DirGroupsReply,
    DirGroupsReplyQueryReplies, DirLandQuery, DirLandReply, DirPeopleReply,
    DirPeopleReplyQueryReplies, DirPlacesQuery, DirPlacesReply, DirPlacesReplyQueryData,
    PlacesQuery, PlacesReply,
};
use crate::outbox::Outbox;
use crate::services::Services;

/// `QueryData.QueryFlags`.
const PEOPLE: u32 = 1;
const ONLINE: u32 = 1 << 1;
const EVENTS: u32 = 1 << 3;
const GROUPS: u32 = 1 << 4;
const DATE_EVENTS: u32 = 1 << 5;

/// Viewers show 100 and take one more as the sign that there are others: `QueryStart` of the next
/// page is 100 further.
const PAGE: usize = 101;

/// Bytes of a `DirPeopleReply` or `DirGroupsReply` besides what was found: number, ids and count.
const FOUND_FIXED: usize = 37;

/// One search.
struct Query {
    id: Uuid,
    text: String,
    start: usize,
}

pub(super) fn find(session: &mut Session, turn: &mut Turn<'_>, request: DirFindQuery) -> Outcome {
    let data = &request.query_data;
    let query = || Query {
        id: data.query_id,
        text: message::text(&data.query_text).trim().to_owned(),
        start: usize::try_from(data.query_start).unwrap_or_default(),
    };
    let asked = |flags| data.query_flags & flags != 0;
    if !asked(PEOPLE | GROUPS | EVENTS | DATE_EVENTS) {
        return dropped("unknown_search");
    }
    if asked(PEOPLE | GROUPS) {
        let (people, groups) = (asked(PEOPLE), asked(GROUPS));
        let (query, online_only) = (query(), asked(ONLINE));
        let agent = session.shared.agent_id;
        let (services, outbox) = (session.context.services.clone(), session.outbox.clone());
        let taken = session.look_up(async move {
            if people {
                find_people(&services, &outbox, agent, &query, online_only).await;
            }
            if groups {
                find_groups(&services, &outbox, agent, query).await;
            }
        });
        if taken == Outcome::Busy {
            return taken;
        }
    }
    if asked(EVENTS | DATE_EVENTS) {
        let mut reply = DirEventsReply::default();
        reply.agent_data.agent_id = session.shared.agent_id.0;
        reply.query_data.query_id = data.query_id;
        session.reply(turn, &reply);
    }
    Outcome::Continue
}

async fn find_people(
    services: &Services,
    outbox: &Outbox,
    agent: AgentId,
    query: &Query,
    online_only: bool,
) {
    let found = services.accounts.search(&query.text, usize::MAX).await.unwrap_or_else(|error| {
        tracing::warn!(%agent, %error, "people not searched");
        Vec::new()
    });
    let with_presence = found.iter().map(|account| (account, services.bus.is_online(account.id)));
    let blocks: Vec<_> = with_presence
        .filter(|(_, online)| *online || !online_only)
        .skip(query.start)
        .take(PAGE)
        .map(|(account, online)| DirPeopleReplyQueryReplies {
            agent_id: account.id.0,
            first_name: message::variable1(account.name.first()),
            last_name: message::variable1(account.name.last()),
            online,
            ..DirPeopleReplyQueryReplies::default()
        })
        .collect();
    for query_replies in packets(&blocks, FOUND_FIXED) {
        let mut reply = DirPeopleReply { query_replies, ..DirPeopleReply::default() };
        reply.agent_data.agent_id = agent.0;
        reply.query_data.query_id = query.id;
        let _ = outbox.send_message(&reply, true, Category::Unthrottled);
    }
}

async fn find_groups(services: &Services, outbox: &Outbox, agent: AgentId, query: Query) {
    let found = services.profiles.find_groups(query.text, query.start, PAGE).await;
    let found = found.unwrap_or_else(|error| {
        tracing::warn!(%agent, %error, "groups not searched");
        Vec::new()
    });
    let blocks: Vec<_> = found
        .iter()
        .map(|group| DirGroupsReplyQueryReplies {
            group_id: group.id.0,
            group_name: message::variable1(&group.name),
            members: i32::try_from(group.members).unwrap_or(i32::MAX),
            search_order: 0.0,
        })
        .collect();
    for query_replies in packets(&blocks, FOUND_FIXED) {
        let mut reply = DirGroupsReply { query_replies, ..DirGroupsReply::default() };
        reply.agent_data.agent_id = agent.0;
        reply.query_data.query_id = query.id;
        let _ = outbox.send_message(&reply, true, Category::Unthrottled);
    }
}

pub(super) fn places(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: DirPlacesQuery,
) -> Outcome {
    let mut reply = DirPlacesReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.query_data = vec![DirPlacesReplyQueryData { query_id: request.query_data.query_id }];
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(super) fn classifieds(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: DirClassifiedQuery,
) -> Outcome {
    let mut reply = DirClassifiedReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.query_data.query_id = request.query_data.query_id;
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(super) fn land(session: &mut Session, turn: &mut Turn<'_>, request: DirLandQuery) -> Outcome {
    let mut reply = DirLandReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.query_data.query_id = request.query_data.query_id;
    session.reply(turn, &reply);
    Outcome::Continue
}

/// Nobody owns land that could be listed.
pub(super) fn own_places(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: PlacesQuery,
) -> Outcome {
    let mut reply = PlacesReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.query_id = request.agent_data.query_id;
    reply.transaction_data.transaction_id = request.transaction_data.transaction_id;
    session.reply(turn, &reply);
    Outcome::Continue
}
