//! The door: from a login request to an open session and its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Shared;
use super::world::World;
use crate::circuit::CloseReason;
use crate::config::{DuplicateLogin, IdleAnswer};
use crate::http::login::{
    AccountBenefits, Arrival, Benefits, FailureReason, Folder, GridInfo, HomeLocation, Identity,
    Inventory, LoginFailure, LoginRequest, LoginSuccess, Password, StartLocation, StartedAt,
};
use crate::region::RegionLink;
use crate::services::accounts::{Accounts, AccountName, LoginError};
use crate::services::inventory::{self, FolderType, LIBRARY_OWNER, LIBRARY_ROOT};
use crate::services::login::{self as rules, Start, StartedFrom};
use crate::services::ports::{Account, Location, Place};
use crate::session::caps::{CapRegistry, SEED};
use crate::session::event_queue::{self, EventQueueSettings};
use crate::session::{AgentSession, EventQueue, NewSession};

/// Why the store could not answer is for the log; the client hears this.
const NOT_NOW: &str = "The grid cannot let you in right now. Please try again.";

/// Decides over logins.
pub(super) struct Gate {
    shared: Arc<Shared>,
    world: Arc<World>,
    caps: CapRegistry<AgentSession>,
    http_port: u16,
    grid_info: GridInfo,
    /// First ids of event queues differ, so that an ack of an old session fits no new one.
    queues: AtomicU32,
}

impl Gate {
    pub(super) fn new(
        shared: Arc<Shared>,
        world: Arc<World>,
        caps: CapRegistry<AgentSession>,
        login_uri: &str,
        http_port: u16,
    ) -> Self {
        let grid = &shared.config.grid;
        let grid_info = GridInfo::new(login_uri, &grid.name, &grid.nick, login_uri);
        Self { shared, world, caps, http_port, grid_info, queues: AtomicU32::new(1) }
    }

    pub(super) fn grid_info(&self) -> &GridInfo {
        &self.grid_info
    }

    pub(super) async fn log_in(
        &self,
        request: LoginRequest,
        peer: SocketAddr,
    ) -> Result<LoginSuccess, LoginFailure> {
        let account = self.authenticate(&request, peer).await?;
        self.end_previous(&account)?;
        self.check_room()?;
        let skeleton = self
            .shared
            .inventory
            .skeleton(account.id)
            .await
            .map_err(|error| internal("inventory", &error))?;
        let start = self.start(&account, &request.start);
        let session = self.open(&account, &start);
        let seed = session.caps.grant(&session, SEED).ok_or_else(|| {
            // Somebody else logged in with the same name at this very moment.
            LoginFailure::new(FailureReason::Presence, "You logged in from another place.")
        })?;
        let seen = self.shared.clock.unix().as_secs();
        if let Err(error) = self.shared.accounts.note_login(account.id, seen).await {
            tracing::warn!(agent = %account.id, %error, "login time not kept");
        }
        tracing::info!(agent = %account.id, name = %session.name(), %peer, "login granted");
        Ok(self.answer(&account, &session, &start, seed, &skeleton))
    }

    async fn authenticate(
        &self,
        request: &LoginRequest,
        peer: SocketAddr,
    ) -> Result<Account, LoginFailure> {
        let name = AccountName::new(&request.first, &request.last)
            .map_err(|error| LoginFailure::new(FailureReason::Key, error.to_string()))?;
        let passwd = match &request.password {
            Password::Md5(digest) => format!("$1${digest}"),
            Password::Plain(text) => text.clone(),
        };
        let accounts = &self.shared.accounts;
        let verified = if self.shared.config.opens_accounts() {
            accounts.login_or_create(&name, &passwd, peer.ip()).await
        } else {
            accounts.verify(&name, &passwd, peer.ip()).await
        };
        verified.map_err(|error| {
            metrics::counter!("holm_logins_refused_total").increment(1);
            refusal(&error)
        })
    }

    /// Ends a session that the account still has; by default the login that finds one is refused,
    /// and the next succeeds.
    fn end_previous(&self, account: &Account) -> Result<(), LoginFailure> {
        let Some(previous) = self.shared.sessions.by_agent(account.id) else { return Ok(()) };
        match previous.outbox() {
            Some(outbox) => outbox.close(CloseReason::Superseded, ""),
            None => {}
        }
        self.shared.sessions.remove(&previous, CloseReason::Superseded);
        match self.shared.config.grid.duplicate_login {
            DuplicateLogin::Replace => Ok(()),
            DuplicateLogin::RefuseOnce => {
                let mut failure = LoginFailure::new(
                    FailureReason::Presence,
                    "You appear to be already logged in. That session was ended; try again.",
                );
                failure.message_id = Some("LoginFailedAlreadyLoggedIn".to_owned());
                Err(failure)
            }
        }
    }

    fn check_room(&self) -> Result<(), LoginFailure> {
        if self.shared.sessions.len() < self.shared.config.limits.max_sessions as usize {
            return Ok(());
        }
        Err(LoginFailure::new(FailureReason::Presence, "The grid is full. Please try again later."))
    }
}
