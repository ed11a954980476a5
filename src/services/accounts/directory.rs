//! Finding accounts by id and by part of a name, and keeping where their avatars are.

use super::{AccountError, Accounts};
use crate::ids::AgentId;
use crate::services::ports::{Account, Location, Place};

/// Accounts that one search looks at, at most.
const SEARCH_WIDTH: usize = 10_000;

impl Accounts {
    /// The accounts among `ids` that exist, in the same order.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn by_ids(&self, ids: Vec<AgentId>) -> Result<Vec<Account>, AccountError> {
        let found = self.inner.store.call(move |store| {
            let found = ids.into_iter().filter_map(|id| store.account(id).transpose());
            found.collect::<Result<Vec<_>, _>>()
        });
        Ok(found.await??)
    }

    /// Up to `limit` accounts whose name holds `text`, upper and lower case being the same; an
    /// exact match comes first.
    ///
    /// # Errors
    /// [`AccountError::Store`].
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

    /// How many accounts there are.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn count(&self) -> Result<u64, AccountError> {
        Ok(self.inner.store.call(|store| store.count_accounts()).await??)
    }

    /// Keeps one of an account's places.
    ///
    /// # Errors
    /// [`AccountError::Store`].
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
