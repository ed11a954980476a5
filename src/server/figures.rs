//! The metrics of a region's scripts and objects. Counters that are zero have no series.

use crate::lsl;
use crate::objects::{ClepCounters, ObjectCounters};
use crate::region::RegionSnapshot;

/// Puts them where `/metrics` finds them.
pub(super) fn show(region: &str, snapshot: &RegionSnapshot) {
    show_bus(region, &snapshot.bus);
    show_objects(region, &snapshot.objects);
    show_clep(region, &snapshot.clep);
}

fn show_bus(region: &str, bus: &lsl::Counters) {
    let region = || region.to_owned();
    metrics::counter!("holm_lsl_lines_total", "region" => region()).absolute(bus.lines);
    metrics::counter!("holm_lsl_events_queued_total", "region" => region()).absolute(bus.queued);
    metrics::counter!("holm_lsl_truncated_total", "region" => region()).absolute(bus.truncated);
    metrics::counter!("holm_lsl_script_errors_total", "region" => region())
        .absolute(bus.script_errors);
    let drops = [
        ("queue_full", bus.full),
        ("unhandled", bus.unhandled),
        ("too_early", bus.too_early),
        ("cleared", bus.cleared),
        ("effects_full", bus.effects_dropped),
    ];
    for (reason, count) in drops.into_iter().filter(|(_, count)| *count > 0) {
        metrics::counter!("holm_lsl_drops_total", "region" => region(), "reason" => reason)
            .absolute(count);
    }
    for (refusal, count) in &bus.refused {
        let reason = refusal.name();
        metrics::counter!("holm_lsl_refused_total", "region" => region(), "reason" => reason)
            .absolute(*count);
    }
}

fn show_objects(region: &str, objects: &ObjectCounters) {
    let happened = [
        ("created", objects.created),
        ("removed", objects.removed),
        ("to_hosts", objects.host_events),
        ("recorded", objects.recorded),
        ("to_behaviours", objects.reactions),
        ("behaviours_postponed", objects.reactions_postponed),
        ("touches", objects.touches),
    ];
    for (event, count) in happened.into_iter().filter(|(_, count)| *count > 0) {
        let region = region.to_owned();
        metrics::counter!("holm_object_events_total", "region" => region, "event" => event)
            .absolute(count);
    }
    let drops = [
        ("request_refused", objects.refused),
        ("host_full", objects.host_full),
        ("host_gone", objects.host_gone),
        ("record_forgotten", objects.recorded_forgotten),
        ("behaviour_call_failed", objects.reaction_errors),
        ("direct_full", objects.direct_dropped),
        ("touch_of_nothing", objects.touches_lost),
        ("avatar_refused", objects.avatars_refused),
    ];
    for (reason, count) in drops.into_iter().filter(|(_, count)| *count > 0) {
        let region = region.to_owned();
        metrics::counter!("holm_object_drops_total", "region" => region, "reason" => reason)
            .absolute(count);
    }
}

fn show_clep(region: &str, clep: &ClepCounters) {
    let region = || region.to_owned();
    metrics::counter!("holm_clep_lines_total", "region" => region()).absolute(clep.lines);
    metrics::counter!("holm_clep_delivered_total", "region" => region()).absolute(clep.delivered);
    for (reason, count) in &clep.dropped {
        metrics::counter!("holm_clep_drops_total", "region" => region(), "reason" => *reason)
            .absolute(*count);
    }
}
