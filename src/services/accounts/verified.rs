//! A small cache of successful logins, so that a load test does not become a test of the hash.
//!
//! It stores keyed marks, never a password or a digest. A mark also covers the stored hash, so
//! after any password change the old mark no longer matches.

use std::collections::{HashMap, VecDeque};

use crate::ids::AgentId;

/// Marks of logins that were right, the oldest giving way.
#[derive(Debug)]
pub struct Verified {
    capacity: usize,
    marks: HashMap<AgentId, [u8; 32]>,
    /// The keys of `marks`, oldest first.
    order: VecDeque<AgentId>,
}

impl Verified {
    /// An empty cache for at most `capacity` accounts.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, marks: HashMap::new(), order: VecDeque::new() }
    }

    /// Keeps the mark of a login that was right.
    pub fn insert(&mut self, id: AgentId, mark: [u8; 32]) {
        if self.capacity == 0 {
            return;
        }
        if self.marks.insert(id, mark).is_some() {
            return;
        }
        self.order.push_back(id);
        while self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.marks.remove(&oldest);
            }
        }
    }

    /// Forgets an account.
    pub fn remove(&mut self, id: AgentId) {
        if self.marks.remove(&id).is_some() {
            self.order.retain(|other| *other != id);
        }
    }

    /// Whether this very login was right before.
    pub fn contains(&self, id: AgentId, mark: &[u8; 32]) -> bool {
        self.marks.get(&id) == Some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_gives_way_and_removal_holds() {
        let ids: Vec<AgentId> = (0..4).map(|_| AgentId::random()).collect();
        let mut verified = Verified::new(3);
        for id in &ids {
            verified.insert(*id, [7; 32]);
        }
        assert!(!verified.contains(ids[0], &[7; 32]));
        assert!(verified.contains(ids[3], &[7; 32]));
        assert!(!verified.contains(ids[3], &[8; 32]));
        verified.remove(ids[3]);
        assert!(!verified.contains(ids[3], &[7; 32]));
        verified.insert(ids[0], [7; 32]);
        assert!(verified.contains(ids[1], &[7; 32]), "removal made room");
        assert_eq!(verified.order.len(), verified.marks.len());
    }
}
