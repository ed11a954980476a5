//! One login per account at a time, so that each finds the state that the previous one left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::ids::AgentId;

/// The accounts that are logging in.
#[derive(Debug, Default)]
pub(super) struct Turns {
    locks: Mutex<HashMap<AgentId, Arc<AsyncMutex<()>>>>,
}

/// The turn of one login; over when dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    agent: AgentId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until no other login of the account is at it.
    pub(super) async fn wait(&self, agent: AgentId) -> Turn<'_> {
        let lock = Arc::clone(self.locks().entry(agent).or_default());
        Turn { turns: self, agent, held: Some(lock.lock_owned().await) }
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<AgentId, Arc<AsyncMutex<()>>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut locks = self.turns.locks();
        self.held = None;
        // The table's own is the last: nobody waits, and nobody can begin to while it is locked.
        if locks.get(&self.agent).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.agent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_of_one_account_follow_each_other() {
        let turns = Arc::new(Turns::default());
        let (one, other) = (AgentId::random(), AgentId::random());
        let first = turns.wait(one).await;
        drop(turns.wait(other).await);
        let next = tokio::spawn({
            let turns = turns.clone();
            async move {
                let turn = turns.wait(one).await;
                assert!(turn.held.is_some());
            }
        });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!next.is_finished());
        drop(first);
        next.await.unwrap();
        assert!(turns.locks().is_empty(), "nothing is kept");
    }
}
