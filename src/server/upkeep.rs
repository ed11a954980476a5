//! Periodic work: logins whose circuit never came, a store that could not write, and metrics.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Shared;
use super::figures;
use super::world::World;
use crate::circuit::CloseReason;
use crate::outbox::EndpointLink;
use crate::region::{Command, RegionCounters, RegionLink};
use crate::session::presence;

/// How often logins are looked through.
const INTERVAL: Duration = Duration::from_secs(1);
/// At every so many of those what is too old is forgotten: once an hour.
const FORGET_EVERY: u32 = 3600;
/// At every so many of those the regions are asked for their figures.
const REGIONS_EVERY: u32 = 5;

pub(super) async fn run(shared: Arc<Shared>, world: Arc<World>) {
    let mut round = 0u32;
    while tokio::time::timeout(INTERVAL, shared.stop.cancelled()).await.is_err() {
        expire_logins(&shared);
        shared.store.retry_if_failing();
        metrics::gauge!("holm_sessions").set(shared.sessions.len() as f64);
        metrics::gauge!("holm_agents_online").set(shared.bus.len() as f64);
        let refused: u64 = world.endpoints.iter().map(EndpointLink::refused).sum();
        metrics::counter!("holm_outbox_refused_total").absolute(refused);
        if round.is_multiple_of(REGIONS_EVERY) {
            for region in world.regions.iter() {
                show_region(region).await;
            }
        }
        if round.is_multiple_of(FORGET_EVERY) {
            forget_old(&shared).await;
        }
        round = round.wrapping_add(1);
    }
    // Polls that are still held get their answer, so that connections can end.
    for session in shared.sessions.all() {
        session.events.close();
    }
}

/// Messages, invitations and notices are not kept for ever.
async fn forget_old(shared: &Shared) {
    match shared.services.offline.purge().await {
        Ok(forgotten) => tracing::debug!(forgotten, "old messages forgotten"),
        Err(error) => tracing::warn!(%error, "old messages are not forgotten"),
    }
    match shared.services.groups.forget_old().await {
        Ok(forgotten) => tracing::debug!(forgotten, "old group mail forgotten"),
        Err(error) => tracing::warn!(%error, "old group mail is not forgotten"),
    }
}

/// Ends sessions whose circuit was not opened within the life of its code.
fn expire_logins(shared: &Shared) {
    let now = shared.clock.now();
    let lifetime = shared.config.login.circuit_code_lifetime;
    shared.sessions.expire_handoffs(now, lifetime);
    for session in shared.sessions.all() {
        if session.address().is_none() && now.since(session.started) > lifetime {
            tracing::debug!(agent = %session.agent_id, "login without circuit expired");
            let Shared { services, sessions, .. } = shared;
            presence::ended(services, sessions, &session, CloseReason::Silence);
        }
    }
}

/// Puts a region's figures where `/metrics` finds them. A region too busy to answer is left out.
async fn show_region(region: &RegionLink) {
    let (answer, snapshot) = oneshot::channel();
    if region.commands.try_send(Command::Snapshot(answer)).is_err() {
        return;
    }
    let Ok(Ok(snapshot)) = tokio::time::timeout(INTERVAL, snapshot).await else { return };
    let name = region.info.name.clone();
    metrics::gauge!("holm_region_avatars", "region" => name.clone())
        .set(snapshot.counts.avatars as f64);
    metrics::gauge!("holm_region_pending_updates", "region" => name.clone())
        .set(snapshot.counts.pending_updates as f64);
    for (what, count) in happened(&snapshot.counters) {
        metrics::counter!("holm_region_events_total", "region" => name.clone(), "event" => what)
            .absolute(count);
    }
    for (reason, count) in dropped(&snapshot.counters) {
        metrics::counter!("holm_region_drops_total", "region" => name.clone(), "reason" => reason)
            .absolute(count);
    }
    figures::show(&name, &snapshot);
}

fn happened(counters: &RegionCounters) -> [(&'static str, u64); 13] {
    [
        ("entered", counters.entered),
        ("left", counters.left),
        ("chat_lines", counters.chat_lines),
        ("chat_deliveries", counters.chat_deliveries),
        ("chat_for_scripts", counters.chat_for_scripts),
        ("object_lines", counters.object_lines),
        ("object_copies", counters.object_copies),
        ("object_dialogs", counters.object_dialogs),
        ("object_messages", counters.object_messages),
        ("touches", counters.touches),
        ("relayed", counters.relayed),
        ("update_packets", counters.update_packets),
        ("lagging_ticks", counters.lagging_ticks),
    ]
}

fn dropped(counters: &RegionCounters) -> [(&'static str, u64); 14] {
    [
        ("chat_refused", counters.chat_refused),
        ("chat_flooded", counters.chat_flooded),
        ("stale_movements", counters.stale_movements),
        ("animations_refused", counters.animations_refused),
        ("appearances_refused", counters.appearances_refused),
        ("sits_refused", counters.sits_refused),
        ("parcels_refused", counters.parcels_refused),
        ("relays_flooded", counters.relays_flooded),
        ("unknown_agent", counters.unknown_agent),
        ("object_muted", counters.object_muted),
        ("object_audience_gone", counters.object_audience_gone),
        ("object_messages_lost", counters.object_messages_lost),
        ("unknown_objects", counters.unknown_objects),
        ("properties_refused", counters.properties_refused),
    ]
}
