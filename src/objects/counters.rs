//! Counters of objects, in addition to those of the bus.

/// What happened around the bus so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounters {
    /// Objects that were made.
    pub created: u64,
    /// Objects that went, for whatever reason.
    pub removed: u64,
    /// Requests that could not be done.
    pub refused: u64,
    /// Events that went to script hosts.
    pub host_events: u64,
    /// Events dropped because a script host did not take them in time.
    pub host_full: u64,
    /// Events dropped because their script host's connection was over.
    pub host_gone: u64,
    /// Events that were recorded.
    pub recorded: u64,
    /// Recorded events that had to make room for later ones.
    pub recorded_forgotten: u64,
    /// Events that behaviours were given.
    pub reactions: u64,
    /// Times that behaviours had used up their turns while more events waited.
    pub reactions_postponed: u64,
    /// Calls of behaviours that could not be made.
    pub reaction_errors: u64,
    /// CLEP messages of scripts to themselves that were dropped because too many waited.
    pub direct_dropped: u64,
    /// Touches of prims.
    pub touches: u64,
    /// Touches of nothing, or by nobody who is here.
    pub touches_lost: u64,
    /// Avatars that the bus did not take.
    pub avatars_refused: u64,
}
