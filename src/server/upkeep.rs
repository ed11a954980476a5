//! What has to be looked at now and then: logins whose circuit never came, gauges.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::world::World;
use crate::circuit::CloseReason;
use crate::outbox::EndpointLink;

/// How often.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn run(shared: Arc<Shared>, world: Arc<World>) {
    while tokio::time::timeout(INTERVAL, shared.stop.cancelled()).await.is_err() {
        expire_logins(&shared);
        metrics::gauge!("holm_sessions").set(shared.sessions.len() as f64);
        metrics::gauge!("holm_agents_online").set(shared.bus.len() as f64);
        let refused: u64 = world.endpoints.iter().map(EndpointLink::refused).sum();
        metrics::counter!("holm_outbox_refused_total").absolute(refused);
    }
    // Polls that are still held get their answer, so that connections can end.
    for session in shared.sessions.all() {
        session.events.close();
    }
}

/// Ends sessions whose circuit was not opened within the life of its code.
fn expire_logins(shared: &Shared) {
    let now = shared.clock.now();
    let lifetime = shared.config.login.circuit_code_lifetime;
    for session in shared.sessions.all() {
        if session.address().is_none() && now.since(session.started) > lifetime {
            tracing::debug!(agent = %session.agent_id, "login without circuit expired");
            shared.sessions.remove(&session, CloseReason::Silence);
        }
    }
}
