//! Mutes, waiting messages, profiles and notes.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::ids::AgentId;
use crate::services::mutes::Mute;
use crate::services::offline::StoredMessage;
use crate::services::ports::{MessageStore, MuteStore, ProfileStore, StoreError};
use crate::services::profiles::Profile;

use super::MemoryStore;

#[derive(Debug, Default)]
pub(super) struct Tables {
    mutes: HashMap<AgentId, Vec<Mute>>,
    /// By recipient, the oldest first.
    messages: HashMap<AgentId, Vec<StoredMessage>>,
    /// Keys are unique over all recipients, as on disk.
    message_keys: HashSet<Uuid>,
    profiles: HashMap<AgentId, Profile>,
    /// By author and subject.
    notes: HashMap<(AgentId, AgentId), String>,
}

impl Tables {
    pub(super) fn forget_account(&mut self, id: AgentId) {
        self.mutes.remove(&id);
        self.retain_messages(id, |_| false);
        self.messages.remove(&id);
        self.profiles.remove(&id);
        self.notes.retain(|(author, _), _| *author != id);
    }

    fn retain_messages(&mut self, to: AgentId, keep: impl Fn(&StoredMessage) -> bool) {
        let Some(messages) = self.messages.get_mut(&to) else { return };
        messages.retain(|one| {
            let kept = keep(one);
            if !kept {
                self.message_keys.remove(&one.key);
            }
            kept
        });
    }
}

impl MuteStore for MemoryStore {
    fn mutes(&mut self, owner: AgentId) -> Result<Vec<Mute>, StoreError> {
        Ok(self.mail.mutes.get(&owner).cloned().unwrap_or_default())
    }

    fn put_mute(&mut self, owner: AgentId, mute: &Mute) -> Result<(), StoreError> {
        self.require_account(owner)?;
        let list = self.mail.mutes.entry(owner).or_default();
        match list.iter_mut().find(|one| one.id == mute.id && one.name == mute.name) {
            Some(one) => *one = mute.clone(),
            None => list.push(mute.clone()),
        }
        Ok(())
    }

    fn remove_mute(&mut self, owner: AgentId, id: Uuid, name: &str) -> Result<bool, StoreError> {
        let Some(list) = self.mail.mutes.get_mut(&owner) else { return Ok(false) };
        let before = list.len();
        list.retain(|mute| mute.id != id || mute.name != name);
        Ok(list.len() < before)
    }
}

impl MessageStore for MemoryStore {
    fn messages(&mut self, to: AgentId) -> Result<Vec<StoredMessage>, StoreError> {
        Ok(self.mail.messages.get(&to).cloned().unwrap_or_default())
    }

    fn count_messages(&mut self, to: AgentId) -> Result<u64, StoreError> {
        Ok(self.mail.messages.get(&to).map_or(0, Vec::len) as u64)
    }

    fn add_message(&mut self, message: &StoredMessage) -> Result<(), StoreError> {
        let to = message.message.to;
        self.require_account(to)?;
        if !self.mail.message_keys.insert(message.key) {
            return Err(StoreError::IdTaken(format!("message {}", message.key)));
        }
        self.mail.messages.entry(to).or_default().push(message.clone());
        Ok(())
    }

    fn remove_messages(&mut self, to: AgentId, keys: &[Uuid]) -> Result<(), StoreError> {
        self.mail.retain_messages(to, |message| !keys.contains(&message.key));
        Ok(())
    }

    fn forget_messages(&mut self, at: u64) -> Result<usize, StoreError> {
        let before = self.mail.message_keys.len();
        let recipients: Vec<AgentId> = self.mail.messages.keys().copied().collect();
        for to in recipients {
            self.mail.retain_messages(to, |message| message.message.at >= at);
        }
        Ok(before - self.mail.message_keys.len())
    }
}

impl ProfileStore for MemoryStore {
    fn profile(&mut self, agent: AgentId) -> Result<Option<Profile>, StoreError> {
        Ok(self.mail.profiles.get(&agent).cloned())
    }

    fn set_profile(&mut self, agent: AgentId, profile: &Profile) -> Result<(), StoreError> {
        self.require_account(agent)?;
        self.mail.profiles.insert(agent, profile.clone());
        Ok(())
    }

    fn note(&mut self, agent: AgentId, about: AgentId) -> Result<String, StoreError> {
        Ok(self.mail.notes.get(&(agent, about)).cloned().unwrap_or_default())
    }

    fn set_note(&mut self, agent: AgentId, about: AgentId, text: &str) -> Result<(), StoreError> {
        self.require_account(agent)?;
        if text.is_empty() {
            self.mail.notes.remove(&(agent, about));
        } else {
            self.mail.notes.insert((agent, about), text.to_owned());
        }
        Ok(())
    }
}
