//! Access to the objects of all regions from outside: control API, script hosts, startup.
//!
//! Each request goes to the region's task and waits for its answer, for a limited time. The rules
//! are in [`crate::objects`]; this module only finds regions and resolves the names of people.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use uuid::Uuid;

use super::create::{ChangePlan, ChangeStep, key};
use super::fields::FieldError;
use crate::clep::{Name, Stamp};
use crate::config::ObjectConfig;
use crate::ids::{AgentId, PrimId};
use crate::lsl::{BusError, EventKinds, Owner, ScriptId};
use crate::objects::{
    Answer, CallOutcome, HeardPage, HostId, NewObject, NewScript, ObjectCommand, ObjectError,
    ObjectReport, PrimChange, ScriptCall, TrafficFeed,
};
use crate::region::{Command, RegionLink};
use crate::services::accounts::{Account, AccountName, Accounts};
use crate::time::{Clock, SystemClock};

/// How long a region may take for one request.
const WITHIN: Duration = Duration::from_secs(5);
/// Connections of script hosts at a time, whatever carries them.
const MOST_HOSTS: usize = 64;

/// The objects of all regions, from outside. A cheap handle.
#[derive(Clone)]
pub struct ObjectAccess {
    regions: Arc<[RegionLink]>,
    accounts: Accounts,
    places: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

/// Why a request could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccessError {
    /// No region has that name.
    #[error("there is no region {0:?}")]
    UnknownRegion(String),
    /// No account has that name or key.
    #[error("{field}: there is no account {who:?}")]
    UnknownAccount {
        /// Which field named it.
        field: &'static str,
        /// The name or key.
        who: String,
    },
    /// A region's task did not take the request, or did not answer, in time. It may still do it.
    #[error("region is too busy")]
    Busy,
    /// The region's task has ended: the server stops.
    #[error("region has stopped")]
    Stopped,
    /// Accounts could not be read.
    #[error("accounts cannot be read: {0}")]
    Accounts(String),
    /// The region's objects say no.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A field is wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl AccessError {
    /// The field of the request that is at fault, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::UnknownRegion(_) => Some("region"),
            Self::UnknownAccount { field, .. } => Some(field),
            Self::Busy | Self::Stopped | Self::Accounts(_) => None,
            Self::Object(error) => object_field(error),
            Self::Field(error) => error.field,
        }
    }

    /// Whether the request named an object that this region does not have.
    fn is_unknown_object(&self) -> bool {
        let Self::Object(error) = self else { return false };
        matches!(
            error,
            ObjectError::UnknownObject(_)
                | ObjectError::Bus(BusError::UnknownObject(_) | BusError::UnknownPrim(_))
        )
    }
}

fn object_field(error: &ObjectError) -> Option<&'static str> {
    match error {
        ObjectError::Bus(error) => match error {
            BusError::UnknownScript(_) => Some("script"),
            BusError::UnknownAvatar(_) => Some("worn_by"),
            BusError::UnknownPrim(_) | BusError::UnknownObject(_) => Some("object"),
            BusError::BadKey(_) => Some("uuid"),
            BusError::NoPrims => Some("prims"),
            BusError::Position => Some("position"),
            BusError::TooMany { .. } => None,
        },
        ObjectError::UnknownObject(_) => Some("object"),
        ObjectError::UnknownLink(_) => Some("link"),
        ObjectError::Value { field, .. } => Some(field),
        ObjectError::ClepEncode(_) => Some("message"),
        ObjectError::ClepName(_) => Some("domain"),
    }
}

impl ObjectAccess {
    /// Access to the objects of `regions`, of which there is at least one.
    pub fn new(regions: Arc<[RegionLink]>, accounts: Accounts) -> Self {
        let clock = Arc::new(SystemClock::new());
        Self { regions, accounts, places: Arc::new(Semaphore::new(MOST_HOSTS)), clock }
    }

    /// All regions, in configured order.
    pub fn regions(&self) -> &[RegionLink] {
        &self.regions
    }

    /// A region by its name, without regard to case; the first if there is no name.
    pub fn region(&self, name: Option<&str>) -> Result<&RegionLink, AccessError> {
        let found = match name.map(str::trim).filter(|name| !name.is_empty()) {
            None => self.regions.first(),
            Some(name) => {
                let wanted = name.to_lowercase();
                self.regions.iter().find(|region| region.info.name.to_lowercase() == wanted)
            }
        };
        let shown = || name.unwrap_or_default().chars().take(MOST_SHOWN).collect();
        found.ok_or_else(|| AccessError::UnknownRegion(shown()))
    }

    /// The owner that a key or a name (`First Last`) stands for.
    ///
    /// # Errors
    /// When no account has it.
    pub async fn owner(&self, who: &str) -> Result<Owner, AccessError> {
        Ok(owner(&self.account("owner", who).await?))
    }

    /// Whose objects are that nobody claims: the region's owner, or the ready-made account that
    /// owns those of the configuration. Where neither has an account, it is nobody real.
    ///
    /// # Errors
    /// When accounts cannot be read.
    pub async fn default_owner(&self, region: &RegionLink) -> Result<Owner, AccessError> {
        let id = region.info.owner;
        if let Some(account) = self.accounts.by_id(id).await.map_err(accounts)? {
            return Ok(owner(&account));
        }
        match self.account("owner", &ObjectConfig::default().owner).await {
            Ok(account) => Ok(owner(&account)),
            Err(AccessError::UnknownAccount { .. }) => {
                Ok(Owner::Agent { id, first: Arc::from("Region"), last: Arc::from("Owner") })
            }
            Err(error) => Err(error),
        }
    }

    /// The agent that a key or a name stands for; a key need not be an account's.
    ///
    /// # Errors
    /// When no account has the name; `field` is at fault.
    pub async fn person(&self, field: &'static str, who: &str) -> Result<AgentId, AccessError> {
        match key(who) {
            Some(id) => Ok(id),
            None => Ok(self.account(field, who).await?.id),
        }
    }

    async fn account(&self, field: &'static str, who: &str) -> Result<Account, AccessError> {
        let found = match key(who) {
            Some(id) => self.accounts.by_id(id).await.map_err(accounts)?,
            None => match AccountName::parse(who) {
                Ok(name) => self.accounts.find(&name).await.map_err(accounts)?,
                Err(_) => None,
            },
        };
        let shown = || who.chars().take(MOST_SHOWN).collect();
        found.ok_or_else(|| AccessError::UnknownAccount { field, who: shown() })
    }

    /// Makes an object.
    ///
    /// # Errors
    /// As the region says, or when it does not answer.
    pub async fn create(
        &self,
        region: &RegionLink,
        object: NewObject,
    ) -> Result<ObjectReport, AccessError> {
        let object = Box::new(object);
        ask(region, |answer| ObjectCommand::Create { object, answer }).await
    }

    /// All objects of a region, by name and key.
    ///
    /// # Errors
    /// When the region does not answer.
    pub async fn list(&self, region: &RegionLink) -> Result<Vec<ObjectReport>, AccessError> {
        answered(region, ObjectCommand::List).await
    }

    /// The object that a prim is of, and its region.
    ///
    /// # Errors
    /// When there is none, or a region does not answer.
    pub async fn find(&self, object: PrimId) -> Result<(&RegionLink, ObjectReport), AccessError> {
        for region in self.regions.iter() {
            let report = ask(region, |answer| ObjectCommand::Report { object, answer }).await;
            match report {
                Ok(report) => return Ok((region, report)),
                Err(error) if error.is_unknown_object() => {}
                Err(error) => return Err(error),
            }
        }
        Err(ObjectError::UnknownObject(object).into())
    }

    /// Removes the object that a prim is of, and tells what was removed.
    ///
    /// # Errors
    /// When there is none, or a region does not answer.
    pub async fn remove(&self, object: PrimId) -> Result<(&RegionLink, ObjectReport), AccessError> {
        let (region, report) = self.find(object).await?;
        ask(region, |answer| ObjectCommand::Remove { object, answer }).await?;
        Ok((region, report))
    }

    /// Makes a call of a script.
    ///
    /// # Errors
    /// As the region says, or when it does not answer.
    pub async fn call(
        &self,
        region: &RegionLink,
        script: ScriptId,
        call: ScriptCall,
    ) -> Result<CallOutcome, AccessError> {
        let call = Box::new(call);
        ask(region, |answer| ObjectCommand::Call { script, call, answer }).await
    }

    /// Has an avatar, by its key or name, touch a prim; tells how many scripts were told.
    ///
    /// # Errors
    /// When there is no such prim, or no such avatar in its region, or a region does not answer.
    pub async fn touch(&self, prim: PrimId, by: &str) -> Result<usize, AccessError> {
        let (region, _) = self.find(prim).await?;
        let agent = self.person("by", by).await?;
        ask(region, |answer| ObjectCommand::Touch { prim, agent, answer }).await
    }

    /// What the recorded scripts of an object heard after an event. As long as there is nothing, it
    /// waits for the next, but no longer than `wait`.
    ///
    /// # Errors
    /// When there is no such object, or a region does not answer.
    pub async fn heard(
        &self,
        object: PrimId,
        after: u64,
        wait: Duration,
    ) -> Result<HeardPage, AccessError> {
        let (region, _) = self.find(object).await?;
        let page = ask(region, |answer| ObjectCommand::Heard { object, after, answer }).await?;
        if wait.is_zero() || !page.events.is_empty() {
            return Ok(page);
        }
        let mut news = ask(region, |answer| ObjectCommand::FollowHeard { object, answer }).await?;
        tokio::select! {
            // What became of it, or that the object is gone, is asked for anyway.
            _ = tokio::time::timeout(wait, news.wait_for(|last| *last > after)) => {}
            () = self.stopped() => {}
        }
        ask(region, |answer| ObjectCommand::Heard { object, after, answer }).await
    }

    /// Changes a prim or its object.
    ///
    /// # Errors
    /// As the region says, or when it does not answer.
    pub async fn change(
        &self,
        region: &RegionLink,
        prim: PrimId,
        change: PrimChange,
    ) -> Result<(), AccessError> {
        ask(region, |answer| ObjectCommand::Change { prim, change, answer }).await
    }

    /// Does what a plan says, one change after the other, up to the first that fails.
    ///
    /// # Errors
    /// As the region says, when there is no such prim or account, or when the region does not
    /// answer.
    pub async fn carry_out(&self, plan: ChangePlan) -> Result<(), AccessError> {
        let ChangePlan { prim, changes } = plan;
        let (region, _) = self.find(prim).await?;
        for step in changes {
            let change = match step {
                ChangeStep::Prim(change) => change,
                ChangeStep::Owner(who) => PrimChange::Owner(self.owner(&who).await?),
                ChangeStep::Worn(None, _) => PrimChange::Worn(None),
                ChangeStep::Worn(Some(who), point) => {
                    PrimChange::Worn(Some((self.person("worn_by", &who).await?, point)))
                }
            };
            self.change(region, prim, change).await?;
        }
        Ok(())
    }

    /// Adds a script to an object.
    ///
    /// # Errors
    /// As the region says, or when it does not answer.
    pub async fn add_script(
        &self,
        region: &RegionLink,
        object: PrimId,
        script: NewScript,
    ) -> Result<ScriptId, AccessError> {
        ask(region, |answer| ObjectCommand::AddScript { object, script, answer }).await
    }

    /// Removes a script.
    ///
    /// # Errors
    /// As the region says, or when it does not answer.
    pub async fn remove_script(
        &self,
        region: &RegionLink,
        script: ScriptId,
    ) -> Result<(), AccessError> {
        ask(region, |answer| ObjectCommand::RemoveScript { script, answer }).await
    }

    /// Takes a script to another state.
    ///
    /// # Errors
    /// As the region says, or when it does not answer.
    pub async fn change_state(
        &self,
        region: &RegionLink,
        script: ScriptId,
        handlers: EventKinds,
    ) -> Result<(), AccessError> {
        ask(region, |answer| ObjectCommand::ChangeState { script, handlers, answer }).await
    }

    /// Tells a region that a script host's connection is over. Waits as long as it takes: a region
    /// that is not told would keep the objects for ever.
    pub async fn host_gone(&self, region: &RegionLink, host: HostId, keep: bool) {
        let command = Command::Objects(ObjectCommand::HostGone { host, keep });
        // A region that has stopped has no objects any more.
        let _ = region.commands.send(command).await;
    }

    /// Has a region's observer write down what is said under a name; gives its channel.
    ///
    /// # Errors
    /// As the region says, or when it does not answer.
    pub async fn watch_clep(&self, region: &RegionLink, name: Name) -> Result<i32, AccessError> {
        ask(region, |answer| ObjectCommand::WatchClep { name, answer }).await
    }

    /// What a region's observer has written down, and what follows.
    ///
    /// # Errors
    /// When the region does not answer.
    pub async fn clep_traffic(&self, region: &RegionLink) -> Result<TrafficFeed, AccessError> {
        answered(region, ObjectCommand::ClepTraffic).await
    }

    /// Completes when the regions end: the server stops.
    pub async fn stopped(&self) {
        match self.regions.first() {
            Some(region) => region.commands.closed().await,
            None => std::future::pending().await,
        }
    }

    /// What messages are dated and numbered by.
    pub fn stamp(&self) -> Stamp {
        Stamp { unix: self.clock.unix(), id: Uuid::new_v4() }
    }

    /// A place for a script host's connection, if there is one.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }
}

/// How much of a name that means nothing is repeated in an error.
const MOST_SHOWN: usize = 60;

async fn ask<T>(
    region: &RegionLink,
    command: impl FnOnce(Answer<T>) -> ObjectCommand,
) -> Result<T, AccessError> {
    Ok(answered(region, command).await??)
}

/// Sends a command and waits for its answer.
async fn answered<T>(
    region: &RegionLink,
    command: impl FnOnce(oneshot::Sender<T>) -> ObjectCommand,
) -> Result<T, AccessError> {
    let (answer, answered) = oneshot::channel();
    let command = Command::Objects(command(answer));
    let asked = async {
        region.commands.send(command).await.map_err(|_| AccessError::Stopped)?;
        answered.await.map_err(|_| AccessError::Stopped)
    };
    tokio::time::timeout(WITHIN, asked).await.unwrap_or(Err(AccessError::Busy))
}

fn owner(account: &Account) -> Owner {
    Owner::Agent {
        id: account.id,
        first: Arc::from(account.name.first()),
        last: Arc::from(account.name.last()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
fn accounts(error: crate::services::accounts::AccountError) -> AccessError {
    AccessError::Accounts(error.to_string())
}
