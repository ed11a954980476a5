//! One mute list: whom it mutes, and changes to it.

use std::sync::OnceLock;

use uuid::Uuid;

use super::model::{Mute, MuteExceptions, MuteKind};
use super::{MuteTarget, file};

/// Entries of one list, as many as viewers keep.
pub const MAX_MUTES: usize = 1000;

/// A list with the checksum of its file, once that was asked for.
pub(super) struct List {
    mutes: Vec<Mute>,
    checksum: OnceLock<u32>,
}

impl List {
    pub(super) fn new(mutes: Vec<Mute>) -> Self {
        Self { mutes, checksum: OnceLock::new() }
    }

    pub(super) fn mutes(&self) -> &[Mute] {
        &self.mutes
    }

    pub(super) fn into_mutes(self) -> Vec<Mute> {
        self.mutes
    }

    pub(super) fn checksum(&self) -> u32 {
        *self.checksum.get_or_init(|| file::checksum(&file::write(&self.mutes)))
    }

    pub(super) fn silences(&self, speaker: MuteTarget<'_>) -> bool {
        self.mutes.iter().any(|mute| silences(mute, speaker))
    }

    pub(super) fn has_room_for(&self, mute: &Mute) -> bool {
        self.mutes.len() < MAX_MUTES
            || self.mutes.iter().any(|held| is_same(held, mute.id, &mute.name))
    }
}

/// Adds an entry, or replaces the one with the same id and name.
pub(super) fn put(mutes: &mut Vec<Mute>, mute: Mute) {
    match mutes.iter_mut().find(|held| is_same(held, mute.id, &mute.name)) {
        Some(held) => *held = mute,
        None => mutes.push(mute),
    }
}

/// Removes the entry with that id and name.
pub(super) fn remove(mutes: &mut Vec<Mute>, id: Uuid, name: &str) {
    mutes.retain(|held| !is_same(held, id, name));
}

fn is_same(mute: &Mute, id: Uuid, name: &str) -> bool {
    mute.id == id && mute.name == name
}

fn silences(mute: &Mute, speaker: MuteTarget<'_>) -> bool {
    if mute.exceptions.contains(MuteExceptions::TEXT) {
        return false;
    }
    match (mute.kind, speaker) {
        (MuteKind::Agent, MuteTarget::Agent(id, _) | MuteTarget::Object { owner: id, .. }) => {
            mute.id == id.0
        }
        (MuteKind::Object, MuteTarget::Object { id, .. }) => mute.id == id,
        (MuteKind::Group, MuteTarget::Group(id)) => mute.id == id.0,
        (MuteKind::ByName, MuteTarget::Agent(_, name) | MuteTarget::Object { name, .. }) => {
            mute.name == name
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AgentId, GroupId};

    const ID: Uuid = Uuid::from_u128(7);
    const OTHER: Uuid = Uuid::from_u128(8);

    fn mute(kind: MuteKind, id: Uuid, name: &str) -> Mute {
        Mute { id, name: name.to_owned(), kind, exceptions: MuteExceptions::empty() }
    }

    fn agent(id: Uuid, name: &str) -> MuteTarget<'_> {
        MuteTarget::Agent(AgentId(id), name)
    }

    fn object(id: Uuid, owner: Uuid, name: &str) -> MuteTarget<'_> {
        MuteTarget::Object { id, owner: AgentId(owner), name }
    }

    #[test]
    fn a_muted_agent_is_silent_and_so_are_its_objects() {
        let list = List::new(vec![mute(MuteKind::Agent, ID, "Bob Tester")]);
        assert!(list.silences(agent(ID, "Bob Tester")));
        assert!(list.silences(object(OTHER, ID, "Bob's box")));
        assert!(!list.silences(agent(OTHER, "Bob Tester")));
        assert!(!list.silences(MuteTarget::Group(GroupId(ID))));
    }

    #[test]
    fn a_muted_object_leaves_its_owner_and_its_like_alone() {
        let list = List::new(vec![mute(MuteKind::Object, ID, "Box")]);
        assert!(list.silences(object(ID, OTHER, "Box")));
        assert!(!list.silences(object(OTHER, OTHER, "Box")));
        assert!(!list.silences(agent(ID, "Box")));
    }

    #[test]
    fn a_muted_name_is_silent_whoever_has_it() {
        let list = List::new(vec![mute(MuteKind::ByName, Uuid::nil(), "Box")]);
        assert!(list.silences(object(OTHER, OTHER, "Box")));
        assert!(list.silences(agent(OTHER, "Box")));
        assert!(!list.silences(object(OTHER, OTHER, "box")));
    }

    #[test]
    fn a_muted_group_is_silent() {
        let list = List::new(vec![mute(MuteKind::Group, ID, "Group")]);
        assert!(list.silences(MuteTarget::Group(GroupId(ID))));
        assert!(!list.silences(MuteTarget::Group(GroupId(OTHER))));
        assert!(!list.silences(agent(ID, "Group")));
    }

    #[test]
    fn only_the_exception_for_text_lets_text_through() {
        for exceptions in [MuteExceptions::TEXT, MuteExceptions::TEXT | MuteExceptions::VOICE] {
            let list = List::new(vec![Mute { exceptions, ..mute(MuteKind::Agent, ID, "") }]);
            assert!(!list.silences(agent(ID, "")));
        }
        let exceptions = MuteExceptions::VOICE | MuteExceptions::PARTICLES | MuteExceptions::SOUNDS;
        let list = List::new(vec![Mute { exceptions, ..mute(MuteKind::Agent, ID, "") }]);
        assert!(list.silences(agent(ID, "")));
    }

    #[test]
    fn one_entry_per_id_and_name_in_the_order_in_which_they_came() {
        let mut mutes = Vec::new();
        put(&mut mutes, mute(MuteKind::Agent, ID, "one"));
        put(&mut mutes, mute(MuteKind::Agent, OTHER, "two"));
        put(&mut mutes, mute(MuteKind::Object, ID, "one"));
        assert_eq!(mutes, [mute(MuteKind::Object, ID, "one"), mute(MuteKind::Agent, OTHER, "two")]);
        remove(&mut mutes, ID, "two");
        assert_eq!(mutes.len(), 2, "id and name must both fit");
        remove(&mut mutes, ID, "one");
        assert_eq!(mutes, [mute(MuteKind::Agent, OTHER, "two")]);
    }

    #[test]
    fn a_full_list_takes_only_what_replaces() {
        let numbered = |number| mute(MuteKind::Object, Uuid::from_u128(number), "");
        let list = List::new((0..MAX_MUTES as u128).map(numbered).collect());
        assert!(list.has_room_for(&numbered(3)));
        assert!(!list.has_room_for(&numbered(MAX_MUTES as u128)));
    }
}
