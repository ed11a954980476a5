//! Joining the group of the run and its chat session.
//!
//! The first agent creates the group or finds the one of an earlier run, and the others join it.
//! Then each starts the session, whose answer comes by the event queue.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::Agent;
use super::entry::EntryError;
use crate::ids::GroupId;
use crate::llsd::{self, Llsd};
use crate::load::stamp::Way;
use crate::message::{
    self, CreateGroupReply, CreateGroupRequest, DirFindQuery, DirGroupsReply,
    ImprovedInstantMessage, JoinGroupReply, JoinGroupRequest, Message,
};
use crate::services::im::dialog;
use crate::time::Timestamp;

/// Name of the group: one for all runs, so that they leave only one behind.
const NAME: &str = "Holm Load";
/// `QueryFlags` of a search for groups.
const FIND_GROUPS: u32 = 0x10;
/// How long the others wait for the first agent, and each for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Texts of invitations that wait for their agent; one session sends one.
const MAX_MAIL: usize = 64;

/// What the event queue has for an agent.
#[derive(Debug, Default)]
pub(in crate::load) struct Mail {
    waits: AtomicBool,
    inside: Mutex<VecDeque<Letter>>,
}

#[derive(Debug)]
enum Letter {
    /// The session was started, or why not.
    Started(Result<(), String>),
    /// An invitation, with this text.
    Text(String),
}

impl Mail {
    /// Takes what matters of an event; gives the session to accept if it is an invitation.
    pub(super) fn put(&self, name: &str, body: &Llsd) -> Option<Uuid> {
        let (letter, accept) = match name {
            "ChatterBoxSessionStartReply" => {
                let error = || body.get("error").as_string();
                let started = if body.get("success").as_bool() { Ok(()) } else { Err(error()) };
                (Letter::Started(started), None)
            }
            "ChatterBoxInvitation" => {
                let params = body.get("instantmessage").get("message_params");
                let text = params.get("message").as_string();
                (Letter::Text(text), Some(params.get("id").as_uuid()))
            }
            _ => return None,
        };
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        // What has no room is missed by the balance, if it counts.
        if inside.len() < MAX_MAIL {
            inside.push_back(letter);
            self.waits.store(true, Ordering::Release);
        }
        accept
    }

    fn take(&self) -> VecDeque<Letter> {
        if !self.waits.swap(false, Ordering::AcqRel) {
            return VecDeque::new();
        }
        std::mem::take(&mut *self.inside.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the server has said about the group.
#[derive(Debug, Default)]
pub(super) struct GroupNews {
    /// Whether it was made, and as what.
    created: Option<(bool, GroupId)>,
    /// Whether a search was answered, and what it has found.
    searched: bool,
    found: Option<GroupId>,
    joined: bool,
    started: Option<Result<(), String>>,
}

impl Agent {
    /// Gets into the group, then into its session.
    pub(super) async fn enter_group(&mut self) -> Result<(), EntryError> {
        let group = if self.number == 0 {
            let group = self.found().await?;
            let _ = self.shared.group.set(group);
            self.shared.wake_all();
            group
        } else {
            self.until("the group", PATIENCE, |agent| agent.shared.group.get().is_some()).await?;
            self.shared.group.get().copied().unwrap_or_default()
        };
        // Who made it is in it; who is in it already gets an answer, too.
        if !matches!(self.group.created, Some((true, _))) {
            let mut join = JoinGroupRequest::default();
            join.agent_data.agent_id = self.login.agent_id.0;
            join.agent_data.session_id = self.login.session_id.0;
            join.group_data.group_id = group.0;
            self.send(self.shared.now(), &join, true);
            self.until("JoinGroupReply", PATIENCE, |agent| agent.group.joined).await?;
        }
        let start = self.session_im(group, dialog::SESSION_GROUP_START, Bytes::new());
        self.send(self.shared.now(), &start, true);
        self.until("ChatterBoxSessionStartReply", PATIENCE, |agent| agent.group.started.is_some())
            .await?;
        match self.group.started.take() {
            Some(Err(error)) => Err(EntryError::Ended(format!("group chat refused: {error}"))),
            _ => Ok(()),
        }
    }

    /// Makes the group, or finds it.
    async fn found(&mut self) -> Result<GroupId, EntryError> {
        let mut create = CreateGroupRequest::default();
        create.agent_data.agent_id = self.login.agent_id.0;
        create.agent_data.session_id = self.login.session_id.0;
        create.group_data.name = message::variable1(NAME);
        create.group_data.charter = message::variable2("Made by the load tool.");
        create.group_data.show_in_list = true;
        create.group_data.open_enrollment = true;
        self.send(self.shared.now(), &create, true);
        self.until("CreateGroupReply", PATIENCE, |agent| agent.group.created.is_some()).await?;
        if let Some((true, group)) = self.group.created {
            return Ok(group);
        }
        let mut find = DirFindQuery::default();
        find.agent_data.agent_id = self.login.agent_id.0;
        find.agent_data.session_id = self.login.session_id.0;
        find.query_data.query_id = Uuid::new_v4();
        find.query_data.query_text = message::variable1(NAME);
        find.query_data.query_flags = FIND_GROUPS;
        self.send(self.shared.now(), &find, true);
        self.until("DirGroupsReply", PATIENCE, |agent| agent.group.searched).await?;
        let found = self.group.found;
        found.ok_or_else(|| EntryError::Ended(format!("no group {NAME} can be made or found")))
    }

    /// An instant message of the group's session.
    pub(super) fn session_im(
        &self,
        group: GroupId,
        dialog: u8,
        text: Bytes,
    ) -> ImprovedInstantMessage {
        let mut im = ImprovedInstantMessage::default();
        im.agent_data.agent_id = self.login.agent_id.0;
        im.agent_data.session_id = self.login.session_id.0;
        im.message_block.to_agent_id = group.0;
        im.message_block.dialog = dialog;
        im.message_block.id = group.0;
        im.message_block.from_agent_name = self.name();
        im.message_block.message = text;
        im.message_block.binary_bucket = Bytes::from_static(&[0]);
        im
    }

    /// What the server says about groups by UDP.
    pub(super) fn group_message(&mut self, id: message::MessageId, body: &Bytes) {
        match id {
            CreateGroupReply::ID => {
                if let Ok(reply) = message::decode::<CreateGroupReply>(body) {
                    let reply = reply.reply_data;
                    self.group.created = Some((reply.success, GroupId(reply.group_id)));
                }
            }
            JoinGroupReply::ID => self.group.joined = true,
            DirGroupsReply::ID => {
                if let Ok(reply) = message::decode::<DirGroupsReply>(body) {
                    let named = |name: &Bytes| message::text(name).eq_ignore_ascii_case(NAME);
                    let found = reply.query_replies.iter().find(|it| named(&it.group_name));
                    self.group.searched = true;
                    self.group.found = found.map(|found| GroupId(found.group_id));
                }
            }
            _ => {}
        }
    }

    /// Reads what the event queue has brought.
    pub(super) fn open_mail(&mut self, now: Timestamp) {
        let letters = self.seat().map(|seat| seat.mail.take()).unwrap_or_default();
        for letter in letters {
            match letter {
                Letter::Started(started) => self.group.started = Some(started),
                Letter::Text(text) => self.hear(now, Way::Chat, Some(text.as_bytes())),
            }
        }
    }
}

/// The acceptance of an invitation.
pub(super) fn acceptance(session: Uuid) -> Llsd {
    llsd::map! { "method" => "accept invitation", "session-id" => session }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_taken_once_and_bounded() {
        let mail = Mail::default();
        assert!(mail.take().is_empty());
        let id = Uuid::from_u128(4);
        let params = llsd::map! { "message" => "hello", "id" => id };
        let im = llsd::map! { "message_params" => params };
        let invitation = llsd::map! { "instantmessage" => im };
        assert_eq!(mail.put("ChatterBoxInvitation", &invitation), Some(id));
        assert_eq!(mail.put("ParcelProperties", &invitation), None);
        let refused = llsd::map! { "success" => false, "error" => "no" };
        assert_eq!(mail.put("ChatterBoxSessionStartReply", &refused), None);
        let letters = mail.take();
        let [Letter::Text(text), Letter::Started(Err(error))] = [&letters[0], &letters[1]] else {
            panic!("{letters:?}")
        };
        assert_eq!((text.as_str(), error.as_str()), ("hello", "no"));
        assert!(mail.take().is_empty());
        for _ in 0..MAX_MAIL + 9 {
            mail.put("ChatterBoxInvitation", &invitation);
        }
        assert_eq!(mail.take().len(), MAX_MAIL);
    }
}
