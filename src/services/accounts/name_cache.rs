//! A cache of recently requested names, so that a lookup needs no storage call.
//!
//! The name of an account never changes; only removed accounts have to be evicted.

use std::collections::HashMap;

use super::AccountName;
use crate::ids::AgentId;

/// Two generations of names. When the young one is full it becomes the old one, and what was in the
/// old one and not asked for since is forgotten.
#[derive(Debug)]
pub(super) struct NameCache {
    /// Names in one generation, at most.
    half: usize,
    young: HashMap<AgentId, AccountName>,
    old: HashMap<AgentId, AccountName>,
}

impl NameCache {
    /// An empty cache of at most `capacity` names.
    pub(super) fn new(capacity: usize) -> Self {
        Self { half: capacity.div_ceil(2), young: HashMap::new(), old: HashMap::new() }
    }

    /// The name of an account, if it is known here.
    pub(super) fn find(&mut self, id: AgentId) -> Option<AccountName> {
        if let Some(name) = self.young.get(&id) {
            return Some(name.clone());
        }
        let name = self.old.remove(&id)?;
        self.insert(id, name.clone());
        Some(name)
    }

    /// Keeps a name.
    pub(super) fn insert(&mut self, id: AgentId, name: AccountName) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        if self.half > 0 {
            self.young.insert(id, name);
        }
    }

    /// Forgets an account.
    pub(super) fn remove(&mut self, id: AgentId) {
        self.young.remove(&id);
        self.old.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_use_stay_and_the_cache_is_bounded() {
        let ids: Vec<AgentId> = (0..100).map(|_| AgentId::random()).collect();
        let name = |number: usize| AccountName::new(&format!("Agent{number}"), "Tester").unwrap();
        let mut cache = NameCache::new(10);
        for (number, id) in ids.iter().enumerate() {
            cache.insert(*id, name(number));
            assert_eq!(cache.find(ids[0]), Some(name(0)), "asked for again and again");
            assert!(cache.young.len() + cache.old.len() <= 10);
        }
        assert_eq!(cache.find(ids[99]), Some(name(99)));
        assert_eq!(cache.find(ids[50]), None);
        cache.remove(ids[0]);
        assert_eq!(cache.find(ids[0]), None);
    }
}
