//! Mute lists, and what they block.
//!
//! The lists of agents that are logged in here are held in memory, so that a message needs no
//! storage call. Clients also enforce them; they fetch their list as a file.

mod file;
mod list;
mod model;
mod store;

pub use list::MAX_MUTES;
pub use model::{Mute, MuteExceptions, MuteKind};
pub use store::MuteStore;

use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use uuid::Uuid;

use self::list::List;
use super::ports::{StoreError, StoreGone};
use super::store::StoreHandle;
use crate::ids::{AgentId, GroupId, SessionId};

/// Whose words somebody may not want to hear.
#[derive(Clone, Copy, Debug)]
pub enum MuteTarget<'a> {
    /// An agent.
    Agent(AgentId, &'a str),
    /// An object; to mute its owner mutes it too.
    Object {
        /// The object.
        id: Uuid,
        /// Its owner.
        owner: AgentId,
        /// Its name.
        name: &'a str,
    },
    /// A group.
    Group(GroupId),
}

/// What a client that has a copy of its list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuteListState {
    /// There is no entry.
    Empty,
    /// The copy is right.
    Unchanged,
    /// The list is to be fetched.
    Changed,
}

/// Why an entry was not kept.
#[derive(Debug, thiserror::Error)]
pub enum MuteError {
    /// There are [`MAX_MUTES`].
    #[error("the mute list has {MAX_MUTES} entries")]
    Full,
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
}

/// The mute service; a cheap clone.
#[derive(Clone)]
pub struct Mutes {
    store: StoreHandle,
    lists: Arc<DashMap<AgentId, HeldMutes>>,
}

/// The list of one agent. There is one as long as a session is open.
struct HeldMutes {
    /// The latest login; when it ends, this goes.
    session: SessionId,
    /// None without entries, as with most agents.
    list: Option<Box<List>>,
}

impl Mutes {
    /// The service over `store`.
    pub fn new(store: StoreHandle) -> Self {
        Self { store, lists: Arc::default() }
    }

    /// Holds the list of an agent that has just logged in.
    pub fn arrive(&self, agent: AgentId, session: SessionId, list: Vec<Mute>) {
        self.lists.insert(agent, HeldMutes { session, list: boxed(list) });
    }

    /// Lets go of the list of a login that has ended; that of a newer one stays.
    pub fn depart(&self, agent: AgentId, session: SessionId) {
        if let Entry::Occupied(held) = self.lists.entry(agent)
            && held.get().session == session
        {
            held.remove();
        }
    }

    /// Whether `listener` lets text of `speaker` through. Who is not logged in here hears all.
    pub fn hears(&self, listener: AgentId, speaker: MuteTarget<'_>) -> bool {
        let held = self.lists.get(&listener);
        let list = held.as_ref().and_then(|held| held.list.as_ref());
        !list.is_some_and(|list| list.silences(speaker))
    }

    /// What `agent`, who is logged in here, is told about its list; `copy` is the CRC-32 of the
    /// file that its client has, 0 for none.
    pub fn compare(&self, agent: AgentId, copy: u32) -> MuteListState {
        let held = self.lists.get(&agent);
        match held.as_ref().and_then(|held| held.list.as_ref()) {
            None => MuteListState::Empty,
            Some(list) if copy != 0 && list.checksum() == copy => MuteListState::Unchanged,
            Some(_) => MuteListState::Changed,
        }
    }

    /// The list of `agent`, who is logged in here, as the file that clients read.
    pub fn file(&self, agent: AgentId) -> Bytes {
        let held = self.lists.get(&agent);
        let list = held.as_ref().and_then(|held| held.list.as_ref());
        list.map(|list| file::write(list.mutes())).unwrap_or_default()
    }

    /// Adds an entry to the list of `owner`, or replaces the one with the same id and name. One
    /// that mutes nothing is removed.
    ///
    /// # Errors
    /// [`MuteError`]; nothing has changed then.
    pub async fn put(&self, owner: AgentId, mute: Mute) -> Result<(), MuteError> {
        if mute.exceptions.is_all() {
            return self.remove(owner, mute.id, mute.name).await;
        }
        if !self.has_room(owner, &mute) {
            return Err(MuteError::Full);
        }
        let kept = mute.clone();
        self.store.call(move |store| store.put_mute(owner, &kept)).await??;
        self.change(owner, |mutes| list::put(mutes, mute));
        Ok(())
    }

    /// Removes the entry with that id and name, if there is one.
    pub async fn remove(&self, owner: AgentId, id: Uuid, name: String) -> Result<(), MuteError> {
        let kept = name.clone();
        self.store.call(move |store| store.remove_mute(owner, id, &kept)).await??;
        self.change(owner, |mutes| list::remove(mutes, id, &name));
        Ok(())
    }

    fn has_room(&self, owner: AgentId, mute: &Mute) -> bool {
        let held = self.lists.get(&owner);
        let list = held.as_ref().and_then(|held| held.list.as_ref());
        list.is_none_or(|list| list.has_room_for(mute))
    }

    fn change(&self, owner: AgentId, change: impl FnOnce(&mut Vec<Mute>)) {
        if let Some(mut held) = self.lists.get_mut(&owner) {
            let mut mutes = held.list.take().map(|list| list.into_mutes()).unwrap_or_default();
            change(&mut mutes);
            held.list = boxed(mutes);
        }
    }
}

fn boxed(mutes: Vec<Mute>) -> Option<Box<List>> {
    (!mutes.is_empty()).then(|| Box::new(List::new(mutes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::SqliteStore;

    const ALICE: AgentId = AgentId(Uuid::from_u128(1));
    const BOB: AgentId = AgentId(Uuid::from_u128(2));

    fn session(number: u128) -> SessionId {
        SessionId(Uuid::from_u128(number))
    }

    fn mutes() -> Mutes {
        Mutes::new(
            StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap(),
        )
    }

    fn bob() -> Mute {
        Mute {
            id: BOB.0,
            name: "Bob".to_owned(),
            kind: MuteKind::Agent,
            exceptions: MuteExceptions::empty(),
        }
    }

    #[test]
    fn a_list_holds_as_long_as_the_newest_login() {
        let mutes = mutes();
        let hears = || mutes.hears(ALICE, MuteTarget::Agent(BOB, "Bob"));
        assert!(hears(), "nobody is logged in");
        mutes.arrive(ALICE, session(1), vec![bob()]);
        assert!(!hears());
        mutes.arrive(ALICE, session(2), vec![bob()]);
        mutes.depart(ALICE, session(1));
        assert!(!hears(), "the end of the older login");
        mutes.depart(ALICE, session(2));
        assert!(hears());
        assert!(mutes.lists.is_empty());
    }

    #[test]
    fn a_copy_is_compared_by_its_checksum() {
        let mutes = mutes();
        mutes.arrive(ALICE, session(1), Vec::new());
        assert_eq!(mutes.compare(ALICE, 0), MuteListState::Empty);
        assert!(mutes.file(ALICE).is_empty());
        mutes.arrive(ALICE, session(1), vec![bob()]);
        let checksum = file::checksum(&mutes.file(ALICE));
        assert_eq!(mutes.compare(ALICE, checksum), MuteListState::Unchanged);
        assert_eq!(mutes.compare(ALICE, checksum ^ 1), MuteListState::Changed);
        assert_eq!(mutes.compare(ALICE, 0), MuteListState::Changed);
    }

    /// What the disk did not take is not held either.
    #[tokio::test]
    async fn a_refused_entry_mutes_nobody() {
        let mutes = mutes();
        mutes.arrive(ALICE, session(1), Vec::new());
        let refused = mutes.put(ALICE, bob()).await;
        assert!(matches!(refused, Err(MuteError::Store(StoreError::NotFound(ALICE)))));
        assert!(mutes.hears(ALICE, MuteTarget::Agent(BOB, "Bob")));
    }
}
