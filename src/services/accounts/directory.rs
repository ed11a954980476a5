//! Finds accounts by id and by a part of the name, and stores the positions of their avatars.

use std::collections::HashMap;

use super::{Account, AccountError, AccountName, AccountStore, Accounts, Location, Place, lock};
use crate::ids::AgentId;
use crate::services::ports::StoreError;

/// Accounts that one search looks at, at most.
const SEARCH_WIDTH: usize = 10_000;

impl Accounts {
    /// The names of the accounts among `ids` that exist, in the same order. An account that cannot
    /// be read does not stand in the way of the others.
    ///
    /// # Errors
    /// [`AccountError::Store`] if the store fails as a whole.
    pub async fn names(
        &self,
        ids: Vec<AgentId>,
    ) -> Result<Vec<(AgentId, AccountName)>, AccountError> {
        let (mut names, unknown) = self.known_names(&ids);
        if unknown.is_empty() {
            return Ok(names);
        }
        let found = self.inner.store.call(move |store| {
            let mut found = Vec::with_capacity(unknown.len());
            for &id in &unknown {
                match store.account(id) {
                    Ok(account) => found.extend(account.map(|account| (id, account.name))),
                    Err(StoreError::Corrupt(what)) => {
                        tracing::error!(agent = %id, %what, "an account cannot be read");
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        });
        let found = found.await??;
        {
            let mut cache = lock(&self.inner.names);
            for (id, name) in &found {
                cache.insert(*id, name.clone());
            }
        }
        if names.is_empty() {
            return Ok(found);
        }
        names.extend(found);
        let place: HashMap<AgentId, usize> = ids.into_iter().zip(0..).collect();
        names.sort_by_key(|(id, _)| place.get(id).copied());
        Ok(names)
    }

    /// The names among `ids` that are known without asking the store, and the other ids; both in
    /// the same order.
    pub fn known_names(&self, ids: &[AgentId]) -> (Vec<(AgentId, AccountName)>, Vec<AgentId>) {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        let mut cache = lock(&self.inner.names);
        for &id in ids {
            match cache.find(id) {
                Some(name) => known.push((id, name)),
                None => unknown.push(id),
            }
        }
        (known, unknown)
    }

    /// Up to `limit` accounts whose name holds `text`, upper and lower case being the same; an
    /// exact match comes first.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<Account>, AccountError> {
        let wanted = text.trim().to_lowercase();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.list(None, SEARCH_WIDTH).await?;
        let name = |account: &Account| {
            format!("{} {}", account.name.first(), account.name.last()).to_lowercase()
        };
        found.retain(|account| name(account).contains(&wanted));
        found.sort_by_key(|account| name(account) != wanted);
        found.truncate(limit);
        Ok(found)
    }

    /// The account that was created first; of several at the same time the first by name.
    pub async fn oldest(&self) -> Result<Option<Account>, AccountError> {
        let mut oldest: Option<Account> = None;
        let mut after: Option<String> = None;
        loop {
            let page = self.list(after.take(), SEARCH_WIDTH).await?;
            let is_last = page.len() < SEARCH_WIDTH;
            after = page.last().map(|account| account.name.key());
            let first = page.into_iter().min_by_key(|account| account.created_at);
            let before = |known: &Account| {
                first.as_ref().is_some_and(|one| one.created_at < known.created_at)
            };
            if oldest.as_ref().is_none_or(before) {
                oldest = first;
            }
            if is_last {
                return Ok(oldest);
            }
        }
    }

    /// How many accounts there are.
    pub async fn count(&self) -> Result<u64, AccountError> {
        Ok(self.inner.store.call(AccountStore::count_accounts).await??)
    }

    /// Keeps one of an account's places.
    pub async fn set_location(
        &self,
        id: AgentId,
        place: Place,
        location: Location,
    ) -> Result<(), AccountError> {
        let stored = self.inner.store.call(move |store| store.set_location(id, place, &location));
        Ok(stored.await??)
    }
}
