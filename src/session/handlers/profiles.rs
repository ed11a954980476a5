//! Profiles and notes: what people write about themselves and about each other.
//!
//! There are no picks or classifieds; requests for them get empty answers.

use super::{Outcome, Session, Turn, dropped, packets};
use crate::circuit::Category;
use crate::ids::AgentId;
use crate::message::{
    self, AvatarClassifiedReply, AvatarGroupsReply, AvatarGroupsReplyGroupData,
    AvatarInterestsReply, AvatarInterestsUpdate, AvatarNotesReply, AvatarNotesUpdate,
    AvatarPicksReply, AvatarPropertiesReply, AvatarPropertiesRequest, AvatarPropertiesUpdate,
    Message,
};
use crate::outbox::Outbox;
use crate::services::profiles::{Page, Profile, ShownMembership};

/// `PropertiesData.Flags`: may be shown in searches; is for adults; is online.
const ALLOW_PUBLISH: u32 = 1;
const MATURE_PUBLISH: u32 = 1 << 1;
const ONLINE: u32 = 1 << 4;

/// Bytes of an `AvatarGroupsReply` besides its groups: number, ids, count and `NewGroupData`.
const GROUPS_FIXED: usize = 38;

/// The page of an avatar, in three parts; nothing for an unknown one. In order with the updates, so
/// that who changes a profile and asks for it sees the change.
pub(super) fn properties(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: AvatarPropertiesRequest,
) -> Outcome {
    let asking = session.shared.agent_id;
    let avatar = AgentId(request.agent_data.avatar_id);
    let profiles = session.context.services.profiles.clone();
    let bus = session.context.services.bus.clone();
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        match profiles.page(avatar, asking).await {
            Ok(Some(page)) => {
                send(&outbox, &properties_of(&page, asking, bus.is_online(avatar)));
                send(&outbox, &interests_of(&page, asking));
                for reply in groups_of(&page, asking) {
                    send(&outbox, &reply);
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%avatar, %error, "profile not read"),
        }
    })
}

pub(super) fn update_properties(
    session: &mut Session,
    turn: &mut Turn<'_>,
    update: AvatarPropertiesUpdate,
) -> Outcome {
    let new = update.properties_data;
    change(session, turn, move |profile| {
        profile.about = message::text(&new.about_text);
        profile.first_life = message::text(&new.fl_about_text);
        profile.image = new.image_id;
        profile.first_life_image = new.fl_image_id;
        profile.url = message::text(&new.profile_url);
        profile.allow_publish = new.allow_publish;
        profile.mature_publish = new.mature_publish;
    })
}

pub(super) fn update_interests(
    session: &mut Session,
    turn: &mut Turn<'_>,
    update: AvatarInterestsUpdate,
) -> Outcome {
    let new = update.properties_data;
    change(session, turn, move |profile| {
        profile.want_to_mask = new.want_to_mask;
        profile.want_to_text = message::text(&new.want_to_text);
        profile.skills_mask = new.skills_mask;
        profile.skills_text = message::text(&new.skills_text);
        profile.languages = message::text(&new.languages_text);
    })
}

fn change(
    session: &mut Session,
    turn: &Turn<'_>,
    change: impl Fn(&mut Profile) + Send + 'static,
) -> Outcome {
    let agent = session.shared.agent_id;
    let profiles = session.context.services.profiles.clone();
    session.in_order(turn, async move {
        if let Err(error) = profiles.change(agent, change).await {
            tracing::warn!(%agent, %error, "profile not kept");
        }
    })
}

pub(super) fn update_note(
    session: &mut Session,
    turn: &mut Turn<'_>,
    update: AvatarNotesUpdate,
) -> Outcome {
    let agent = session.shared.agent_id;
    let about = AgentId(update.data.target_id);
    let text = message::text(&update.data.notes);
    let profiles = session.context.services.profiles.clone();
    session.in_order(turn, async move {
        match profiles.set_note(agent, about, text).await {
            Ok(true) => {}
            Ok(false) => {
                dropped("note_about_nobody");
            }
            Err(error) => tracing::warn!(%agent, %error, "note not kept"),
        }
    })
}

pub(super) fn note(session: &mut Session, turn: &mut Turn<'_>, about: AgentId) -> Outcome {
    let agent = session.shared.agent_id;
    let profiles = session.context.services.profiles.clone();
    let outbox = session.outbox.clone();
    session.in_order(turn, async move {
        match profiles.note(agent, about).await {
            Ok(text) => {
                let mut reply = AvatarNotesReply::default();
                reply.agent_data.agent_id = agent.0;
                reply.data.target_id = about.0;
                reply.data.notes = message::variable2(&text);
                send(&outbox, &reply);
            }
            Err(error) => tracing::warn!(%agent, %error, "note not read"),
        }
    })
}

pub(super) fn picks(session: &mut Session, turn: &mut Turn<'_>, about: AgentId) -> Outcome {
    let mut reply = AvatarPicksReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.target_id = about.0;
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(super) fn classifieds(session: &mut Session, turn: &mut Turn<'_>, about: AgentId) -> Outcome {
    let mut reply = AvatarClassifiedReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.target_id = about.0;
    session.reply(turn, &reply);
    Outcome::Continue
}

fn properties_of(page: &Page, asking: AgentId, online: bool) -> AvatarPropertiesReply {
    let mut reply = AvatarPropertiesReply::default();
    reply.agent_data.agent_id = asking.0;
    reply.agent_data.avatar_id = page.account.id.0;
    let (data, profile) = (&mut reply.properties_data, &page.profile);
    data.image_id = profile.image;
    data.fl_image_id = profile.first_life_image;
    data.about_text = message::variable2(&profile.about);
    data.fl_about_text = message::variable1(&profile.first_life);
    data.born_on = message::variable1(&born_on(page.account.created_at));
    data.profile_url = message::variable1(&profile.url);
    let set = |flag, on| if on { flag } else { 0 };
    data.flags = set(ALLOW_PUBLISH, profile.allow_publish)
        | set(MATURE_PUBLISH, profile.mature_publish)
        | set(ONLINE, online);
    reply
}

fn interests_of(page: &Page, asking: AgentId) -> AvatarInterestsReply {
    let mut reply = AvatarInterestsReply::default();
    reply.agent_data.agent_id = asking.0;
    reply.agent_data.avatar_id = page.account.id.0;
    let (data, profile) = (&mut reply.properties_data, &page.profile);
    data.want_to_mask = profile.want_to_mask;
    data.want_to_text = message::variable1(&profile.want_to_text);
    data.skills_mask = profile.skills_mask;
    data.skills_text = message::variable1(&profile.skills_text);
    data.languages_text = message::variable1(&profile.languages);
    reply
}

/// `ListInProfile` is said once per message: groups that others see come apart from those they do
/// not. A profile without groups is told so, too.
fn groups_of(page: &Page, asking: AgentId) -> Vec<AvatarGroupsReply> {
    let (listed, hidden): (Vec<_>, Vec<_>) =
        page.memberships.iter().partition(|membership| membership.list_in_profile);
    let own = asking == page.account.id;
    let mut replies = Vec::new();
    for (list_in_profile, memberships) in [(true, listed), (false, hidden)] {
        if memberships.is_empty() && !list_in_profile {
            continue;
        }
        let blocks: Vec<_> = memberships.into_iter().map(|one| group_block(one, own)).collect();
        for group_data in packets(&blocks, GROUPS_FIXED) {
            let mut reply = AvatarGroupsReply { group_data, ..AvatarGroupsReply::default() };
            reply.agent_data.agent_id = asking.0;
            reply.agent_data.avatar_id = page.account.id.0;
            reply.new_group_data.list_in_profile = list_in_profile;
            replies.push(reply);
        }
    }
    replies
}

fn group_block(membership: &ShownMembership, own: bool) -> AvatarGroupsReplyGroupData {
    AvatarGroupsReplyGroupData {
        group_powers: membership.powers.bits(),
        // Nobody else's business.
        accept_notices: own && membership.accept_notices,
        group_title: message::variable1(&membership.title),
        group_id: membership.group.0,
        group_name: message::variable1(&membership.name),
        group_insignia_id: membership.insignia,
    }
}

/// Reliably, ahead of every throttle.
fn send<M: Message>(outbox: &Outbox, message: &M) {
    let _ = outbox.send_message(message, true, Category::Unthrottled);
}

/// `month/day/year` in UTC, as profiles show it. `unix` in seconds since 1970.
fn born_on(unix: u64) -> String {
    let date = crate::llsd::format_date(unix as f64);
    match (date.get(0..4), date.get(5..7), date.get(8..10)) {
        (Some(year), Some(month), Some(day)) => format!("{month}/{day}/{year}"),
        _ => String::new(),
    }
}
