//! Profiles and notes about people, and the groups found by the directory search.
//!
//! A profile's groups are read from the store; the rules of groups are in `groups`.

mod model;
mod store;

pub use model::{MAX_ABOUT, MAX_TEXT, Profile};
pub use store::ProfileStore;

use uuid::Uuid;

use super::accounts::Account;
use super::groups::{Group, GroupListing, Powers};
use super::ports::{StoreError, StoreGone};
use super::store::{Store, StoreHandle};
use crate::ids::{AgentId, GroupId};

/// The profile service; a cheap clone.
#[derive(Clone)]
pub struct Profiles {
    store: StoreHandle,
}

/// Everything that a viewer's profile window shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Whose it is.
    pub account: Account,
    /// What it says.
    pub profile: Profile,
    /// The groups that may be seen, in the order of joining.
    pub memberships: Vec<ShownMembership>,
}

/// A membership, as a profile shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMembership {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Its texture.
    pub insignia: Uuid,
    /// The title of the member's selected role.
    pub title: String,
    /// What the member may do.
    pub powers: Powers,
    /// Whether notices are wanted.
    pub accept_notices: bool,
    /// Whether others see the membership.
    pub list_in_profile: bool,
}

impl Profiles {
    /// The service over `store`.
    pub fn new(store: StoreHandle) -> Self {
        Self { store }
    }

    /// What `viewer` sees of `agent`: memberships that are not for profiles are one's own only.
    /// None for an unknown agent.
    pub async fn page(
        &self,
        agent: AgentId,
        viewer: AgentId,
    ) -> Result<Option<Page>, ProfileError> {
        Ok(self.store.call(move |store| read_page(store, agent, viewer)).await??)
    }

    /// Changes the profile of `agent`; what is too long is cut.
    pub async fn change(
        &self,
        agent: AgentId,
        change: impl Fn(&mut Profile) + Send + 'static,
    ) -> Result<(), ProfileError> {
        let changed = self.store.call(move |store| {
            let mut profile = store.profile(agent)?.unwrap_or_default();
            change(&mut profile);
            profile.shorten();
            store.set_profile(agent, &profile)
        });
        Ok(changed.await??)
    }

    /// What `agent` noted about `about`; empty if nothing.
    pub async fn note(&self, agent: AgentId, about: AgentId) -> Result<String, ProfileError> {
        Ok(self.store.call(move |store| store.note(agent, about)).await??)
    }

    /// Keeps what `agent` notes about `about`, cut to [`MAX_NOTE`] bytes; whether there is such an
    /// account. Notes about nobody are not kept: there could be any number of them.
    pub async fn set_note(
        &self,
        agent: AgentId,
        about: AgentId,
        mut text: String,
    ) -> Result<bool, ProfileError> {
        model::shorten(&mut text, MAX_NOTE);
        let kept = self.store.call(move |store| {
            if store.account(about)?.is_none() {
                return Ok(false);
            }
            store.set_note(agent, about, &text).map(|()| true)
        });
        Ok(kept.await??)
    }

    /// Groups for the directory: those whose names hold `text` and that want to be found, by name.
    pub async fn find_groups(
        &self,
        text: String,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<GroupListing>, ProfileError> {
        Ok(self.store.call(move |store| store.find_groups(&text, false, skip, limit)).await??)
    }
}

/// Why a profile could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
}

fn read_page(
    store: &mut dyn Store,
    agent: AgentId,
    viewer: AgentId,
) -> Result<Option<Page>, StoreError> {
    let Some(account) = store.account(agent)? else { return Ok(None) };
    let profile = store.profile(agent)?.unwrap_or_default();
    let mut memberships = Vec::new();
    for group in store.groups_of(agent)? {
        let group = store.group(group)?;
        let membership = group.and_then(|group| membership(&group, agent));
        memberships.extend(membership.filter(|one| one.list_in_profile || viewer == agent));
    }
    Ok(Some(Page { account, profile, memberships }))
}

fn membership(group: &Group, agent: AgentId) -> Option<ShownMembership> {
    let member = group.members.iter().find(|member| member.agent == agent)?;
    let role = group.roles.iter().find(|role| role.id == member.selected_role);
    Some(ShownMembership {
        group: group.info.id,
        name: group.info.name.clone(),
        insignia: group.info.insignia,
        title: role.map(|role| role.title.clone()).unwrap_or_default(),
        powers: group.powers_of_member(member),
        accept_notices: member.accept_notices,
        list_in_profile: member.list_in_profile,
    })
}

/// The longest note about somebody, in bytes.
pub const MAX_NOTE: usize = 1023;

#[cfg(test)]
mod tests;
