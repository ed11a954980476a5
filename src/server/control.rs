//! The backend of the control API: a view of sessions, regions and endpoints.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::world::World;
use super::{ServerError, Shared, people};
use crate::circuit::CloseReason;
use crate::config::Config;
use crate::http::connections::Connections;
use crate::http::control::{
    AccountStatus, AgentState, AgentStatus, ChatSessionStatus, CircuitState, CircuitStatus,
    ControlAccess, ControlBackend, ControlError, FriendList, GroupStatus, NewAccount, NewMessage,
    PasswordChange, Sent, Who,
};
use crate::http::router::BoxFuture;
use crate::ids::AgentId;
use crate::outbox::CircuitReport;
use crate::region::{AgentSnapshot, Command, RegionSnapshot};
use crate::scripts::ObjectAccess;
use crate::services::accounts::{Account, AccountError, AccountName, NewPassword};
use crate::services::ports::StoreError;
use crate::session::presence;

/// How long a region may take to draw its picture.
const SNAPSHOT_WITHIN: Duration = Duration::from_secs(5);

pub(super) struct Backend {
    shared: Arc<Shared>,
    world: Arc<World>,
    objects: ObjectAccess,
    metrics: PrometheusHandle,
    /// Those of the public listener.
    connections: Arc<Connections>,
}

/// How the control listener is protected.
pub(super) fn access(
    config: &Config,
    listener: &TcpListener,
) -> Result<ControlAccess, ServerError> {
    let address = listener.local_addr().map_err(ServerError::System)?;
    let token = config.network.control_token.clone();
    Ok(ControlAccess { token, loopback: address.ip().is_loopback() })
}

impl Backend {
    pub(super) fn new(
        shared: Arc<Shared>,
        world: Arc<World>,
        objects: ObjectAccess,
        metrics: PrometheusHandle,
        connections: Arc<Connections>,
    ) -> Self {
        Self { shared, world, objects, metrics, connections }
    }

    /// The account that a request names.
    async fn find(&self, who: Who) -> Result<Account, ControlError> {
        let accounts = &self.shared.services.accounts;
        let found = match who {
            Who::Id(id) => accounts.by_id(id).await,
            Who::Name(name) => accounts.find(&name).await,
        };
        found.map_err(internal)?.ok_or(ControlError::NotFound("account"))
    }

    fn shown(&self, account: &Account) -> AccountStatus {
        AccountStatus {
            uuid: account.id.0,
            first: account.name.first().to_owned(),
            last: account.name.last().to_owned(),
            online: self.shared.sessions.by_agent(account.id).is_some(),
            created: account.created_at,
            last_login: account.last_login,
        }
    }

    async fn snapshots(&self) -> Vec<RegionSnapshot> {
        let mut snapshots = Vec::new();
        for region in self.world.regions.iter() {
            let (answer, snapshot) = oneshot::channel();
            let asked = region.commands.send(Command::Snapshot(answer)).await.is_ok();
            if asked && let Ok(Ok(snapshot)) = tokio::time::timeout(SNAPSHOT_WITHIN, snapshot).await
            {
                snapshots.push(snapshot);
            }
        }
        snapshots
    }
}

impl ControlBackend for Backend {
    fn is_ready(&self) -> bool {
        !self.shared.stop.is_cancelled()
            && self.connections.is_taking()
            && !self.shared.store.is_failing()
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }

    fn objects(&self) -> &ObjectAccess {
        &self.objects
    }

    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentStatus>, ControlError>> {
        Box::pin(async {
            let snapshots = self.snapshots().await;
            let here: HashMap<_, _> = snapshots
                .iter()
                .flat_map(|snapshot| &snapshot.agents)
                .map(|agent| (agent.session, agent))
                .collect();
            let now = self.shared.clock.now();
            let sessions = self.shared.sessions.all();
            let status = sessions.iter().map(|session| {
                let avatar: Option<&AgentSnapshot> = here.get(&session.session_id).copied();
                let place = avatar.map_or(session.position, |avatar| avatar.position);
                let velocity = avatar.map(|avatar| avatar.velocity).unwrap_or_default();
                AgentStatus {
                    id: session.agent_id.0,
                    name: session.name(),
                    first: session.first.clone(),
                    last: session.last.clone(),
                    region: session.region.info.name.clone(),
                    position: [place.x, place.y, place.z],
                    velocity: [velocity.x, velocity.y, velocity.z],
                    flying: avatar.is_some_and(|avatar| avatar.flying),
                    sitting: avatar.is_some_and(|avatar| avatar.sitting),
                    state: match (avatar, session.outbox()) {
                        (Some(_), _) => AgentState::InRegion,
                        (None, Some(_)) => AgentState::Connected,
                        (None, None) => AgentState::LoggedIn,
                    },
                    since_ms: now.since(session.started).as_millis() as u64,
                    circuit_code: session.circuit_code.0,
                }
            });
            Ok(status.collect())
        })
    }

    fn circuits(&self) -> BoxFuture<'_, Result<Vec<CircuitStatus>, ControlError>> {
        Box::pin(async {
            let mut circuits = Vec::new();
            for endpoint in &self.world.endpoints {
                circuits.extend(endpoint.report().await.iter().map(circuit_status));
            }
            Ok(circuits)
        })
    }

    fn accounts(
        &self,
        after: Option<AccountName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AccountStatus>, ControlError>> {
        Box::pin(async move {
            let after = after.map(|after| after.key());
            let accounts = &self.shared.services.accounts;
            let found = accounts.list(after, limit).await.map_err(internal)?;
            Ok(found.iter().map(|account| self.shown(account)).collect())
        })
    }

    fn account(&self, who: Who) -> BoxFuture<'_, Result<AccountStatus, ControlError>> {
        Box::pin(async move { Ok(self.shown(&self.find(who).await?)) })
    }

    fn remove_account(&self, who: Who) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            let account = self.find(who).await?;
            if self.shared.sessions.by_agent(account.id).is_some() {
                let message = "the account is logged in; kick it first".to_owned();
                return Err(ControlError::Conflict { field: None, message });
            }
            match self.shared.services.accounts.remove(account.id).await {
                Ok(()) => Ok(()),
                Err(AccountError::Store(StoreError::NotFound(_))) => {
                    Err(ControlError::NotFound("account"))
                }
                Err(error) => Err(internal(error)),
            }
        })
    }

    fn create_account(
        &self,
        new: NewAccount,
    ) -> BoxFuture<'_, Result<AccountStatus, ControlError>> {
        Box::pin(async move {
            let name = AccountName::new(&new.first, &new.last).map_err(|error| {
                ControlError::Invalid { field: Some(error.part()), message: error.to_string() }
            })?;
            let password = password(&new.password)?;
            let id = new.uuid.map(AgentId);
            match self.shared.services.accounts.create(name, password, id).await {
                Ok(account) => Ok(self.shown(&account)),
                Err(AccountError::Store(error @ StoreError::NameTaken(_))) => {
                    Err(ControlError::Conflict { field: None, message: error.to_string() })
                }
                Err(AccountError::Store(error @ StoreError::IdTaken(_))) => {
                    Err(ControlError::Conflict { field: Some("uuid"), message: error.to_string() })
                }
                Err(error) => Err(ControlError::Internal(error.to_string())),
            }
        })
    }

    fn set_password(
        &self,
        who: Who,
        change: PasswordChange,
    ) -> BoxFuture<'_, Result<AccountStatus, ControlError>> {
        Box::pin(async move {
            let account = self.find(who).await?;
            let password = password(&change.password)?;
            match self.shared.services.accounts.set_password(account.id, password).await {
                Ok(()) => Ok(self.shown(&account)),
                Err(AccountError::Store(StoreError::NotFound(_))) => {
                    Err(ControlError::NotFound("account"))
                }
                Err(error) => Err(internal(error)),
            }
        })
    }

    fn kick(&self, agent: Who, reason: String) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            let sessions = &self.shared.sessions;
            let session = match agent {
                Who::Id(id) => sessions.by_agent(id),
                Who::Name(name) => sessions.all().into_iter().find(|session| {
                    AccountName::new(&session.first, &session.last).is_ok_and(|own| own == name)
                }),
            };
            let session = session.ok_or(ControlError::NotFound("agent"))?;
            if let Some(outbox) = session.outbox() {
                outbox.close(CloseReason::Kicked, reason);
            } else {
                let Shared { services, sessions, .. } = &*self.shared;
                presence::ended(services, sessions, &session, CloseReason::Kicked);
            }
            Ok(())
        })
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupStatus>, ControlError>> {
        Box::pin(people::groups(&self.shared.store, &self.shared.services))
    }

    fn chat_sessions(&self) -> BoxFuture<'_, Result<Vec<ChatSessionStatus>, ControlError>> {
        Box::pin(async { Ok(people::chat_sessions(&self.shared.services)) })
    }

    fn friends(&self, agent: Who) -> BoxFuture<'_, Result<FriendList, ControlError>> {
        Box::pin(async move {
            let agent = self.find(agent).await?.id;
            people::friends(&self.shared.store, &self.shared.services, agent).await
        })
    }

    fn send_message(
        &self,
        message: NewMessage,
        wait: Option<Duration>,
    ) -> BoxFuture<'_, Result<Sent, ControlError>> {
        Box::pin(people::send_message(&self.shared.services, message, wait))
    }

    fn shutdown(&self) {
        tracing::info!("stop asked for by the control API");
        self.shared.stop.cancel();
    }
}

fn password(text: &str) -> Result<NewPassword, ControlError> {
    NewPassword::parse(text).map_err(|error| ControlError::Invalid {
        field: Some("password"),
        message: error.to_string(),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
fn internal(error: AccountError) -> ControlError {
    ControlError::Internal(error.to_string())
}

fn circuit_status(report: &CircuitReport) -> CircuitStatus {
    let stats = &report.stats;
    let state = match (report.open, report.entered) {
        (false, _) => CircuitState::Closing,
        (true, false) => CircuitState::Open,
        (true, true) => CircuitState::InRegion,
    };
    CircuitStatus {
        agent_id: report.agent.0,
        address: report.address.to_string(),
        code: report.circuit_code.0,
        state,
        packets_in: stats.packets_in,
        packets_out: stats.packets_out,
        bytes_in: stats.bytes_in,
        bytes_out: stats.bytes_out,
        resends: stats.resends,
        duplicates: stats.duplicates,
        proven: stats.proven,
        held_back: stats.held_back,
        unacked: stats.unacked_packets as u64,
        rtt_ms: stats.round_trip.map(|trip| trip.as_secs_f64() * 1000.0),
        backlog: report.backlog as u64,
        drops: stats
            .drops
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| (reason.as_str().to_owned(), count))
            .collect(),
    }
}
