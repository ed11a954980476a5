//! Groups: their members, the roles of the members, and what the roles permit.
//!
//! [`rules`] decides, without a store. [`Groups`] reads the group, applies the rules and stores the
//! result in one storage job, so that nothing comes in between and no change is incomplete.
//! [`Standing`] and [`InstantMessage`](crate::services::im::InstantMessage)s are what clients are
//! sent; the session decides when and to whom.

mod changes;
mod configured;
mod invites;
mod model;
mod notices;
mod refusal;
pub mod rules;
mod standing;
mod store;

pub use configured::{ConfiguredGroup, ConfiguredGroupError};
pub use invites::{Invited, Invitee};
pub use model::{
    Group, GroupInfo, GroupListing, Invite, Member, Notice, NoticeAttachment, Powers, Role,
};
pub use notices::{AttachmentRef, Draft, Posted, notice_message};
pub use refusal::{GroupError, GroupRefusal};
pub use rules::{Assignment, GroupOptions, NewGroup, RoleEdit, visible_members};
pub use standing::{Membership, Standing, drop_group};
pub use store::GroupStore;

use std::sync::Arc;
use std::time::Duration;

use super::ports::{Bus, StoreError};
use super::store::{Store, StoreHandle};
use crate::ids::{AgentId, GroupId};
use crate::llsd;
use crate::time::Clock;

/// The group service; a cheap clone.
#[derive(Clone)]
pub struct Groups {
    store: StoreHandle,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
}

impl Groups {
    /// The service over `store` and `bus`.
    pub fn new(store: StoreHandle, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Self {
        Self { store, bus, clock }
    }

    /// A group with all its roles and members.
    pub async fn group(&self, id: GroupId) -> Result<Option<Group>, GroupError> {
        Ok(self.store.call(move |store| store.group(id)).await??)
    }

    /// The names of groups, in the order of `ids`; none for a group that does not exist or cannot be
    /// read, which does not stand in the way of the others.
    pub async fn names(&self, ids: Vec<GroupId>) -> Result<Vec<Option<String>>, GroupError> {
        self.store
            .call(move |store| {
                let name = |&id| Ok(readable(store.group_info(id))?.map(|info| info.name));
                ids.iter().map(name).collect()
            })
            .await?
    }

    /// The group whose title the agent shows.
    pub async fn active_group(&self, agent: AgentId) -> Result<Option<GroupId>, GroupError> {
        Ok(self.store.call(move |store| store.active_group(agent)).await??)
    }

    /// When each of `agents` logged in last, in their order, in seconds since 1970; none for who
    /// never did, and for who is online.
    pub async fn last_seen(&self, agents: &[AgentId]) -> Result<Vec<LastSeen>, GroupError> {
        let mut seen = Vec::with_capacity(agents.len());
        for some in agents.chunks(ACCOUNTS_AT_A_TIME) {
            let away: Vec<_> =
                some.iter().map(|&agent| (agent, self.bus.is_online(agent))).collect();
            let read = self.store.call(move |store| {
                let look = |&(agent, online)| {
                    if online {
                        return Ok(LastSeen::Online);
                    }
                    let account = readable(store.account(agent))?;
                    let last = account.and_then(|account| account.last_login);
                    Ok(last.map_or(LastSeen::Never, LastSeen::At))
                };
                away.iter().map(look).collect::<Result<Vec<_>, GroupError>>()
            });
            seen.extend(read.await??);
        }
        Ok(seen)
    }

    /// Forgets invitations and notices that nobody needs any more; how many.
    pub async fn forget_old(&self) -> Result<usize, GroupError> {
        let before = self.clock.unix().saturating_sub(KEPT_FOR).as_secs();
        Ok(self.store.call(move |store| store.forget_group_mail(before)).await??)
    }

    /// Reads a group and works on it in the same storage call.
    async fn with_group<R: Send + 'static>(
        &self,
        id: GroupId,
        work: impl Fn(&mut dyn Store, Group) -> Result<R, GroupError> + Send + 'static,
    ) -> Result<R, GroupError> {
        self.store
            .call(move |store| {
                let group = store.group(id)?.ok_or(GroupRefusal::NoSuchGroup)?;
                work(store, group)
            })
            .await?
    }

    /// Seconds since 1970.
    fn now(&self) -> u64 {
        self.clock.unix().as_secs()
    }
}

/// What was asked for among others; none if it is damaged, which is logged.
fn readable<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Corrupt(what)) => {
            tracing::error!(%what, "one of several cannot be read");
            Ok(None)
        }
        other => other,
    }
}

/// When a member was last here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSeen {
    /// It is here now.
    Online,
    /// Seconds since 1970, its last login.
    At(u64),
    /// It never logged in, or has no account any more.
    Never,
}

impl LastSeen {
    /// As clients are told: `Online`, the date as month, day and year, or `unknown`. Viewers have
    /// crashed of any other form.
    pub fn to_status(self) -> String {
        let Self::At(at) = self else {
            return if self == Self::Online { "Online" } else { "unknown" }.to_owned();
        };
        let date = llsd::format_date(at as f64);
        match (date.get(0..4), date.get(5..7), date.get(8..10)) {
            (Some(year), Some(month), Some(day)) => format!("{month}/{day}/{year}"),
            _ => "unknown".to_owned(),
        }
    }
}

/// Accounts read in one storage call, so that others get their turn.
const ACCOUNTS_AT_A_TIME: usize = 64;
/// How long invitations and notices are kept: two weeks, as on OpenSim.
const KEPT_FOR: Duration = Duration::from_secs(14 * 24 * 3600);

#[cfg(test)]
mod tests;
