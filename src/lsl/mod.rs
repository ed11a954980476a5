//! The chat bus of simulated scripts: objects and avatars speak, scripts listen.
//!
//! A [`ChatBus`] belongs to one region. Calls named after LSL's functions, chat of avatars and
//! `now` go in; events for scripts ([`ChatBus::poll_event`]) and effects for avatars
//! ([`ChatBus::poll_effect`]) come out. What avatars see of each other's chat is handled elsewhere.
//! Nothing is delivered during a call: events for scripts are queued, bounded and counted.
//!
//! The bus does not run scripts. Its user takes an event and makes the calls that follow from it.
//! The bus sends nothing, reads no clock and uses only its seed for random numbers, so the same
//! calls cause the same events. Where OpenSim and Second Life differ it follows [`Rules`];
//! `docs/lsl.md` lists the differences.
//!
//! ```
//! use holm::config::Flavour;
//! use holm::lsl::{ChatBus, Event, EventKinds, ObjectSpec, Owner, PrimSpec, Settings, Volume};
//! use holm::ids::AgentId;
//! use holm::message::Vector3;
//! use holm::time::Timestamp;
//!
//! # fn main() -> Result<(), holm::lsl::BusError> {
//! let now = Timestamp::ZERO;
//! let mut bus = ChatBus::new(Settings::new(Flavour::OpenSim), 7);
//! let mut scripts = Vec::new();
//! for name in ["bell", "door"] {
//!     let owner = Owner::Agent { id: AgentId::NIL, first: "A".into(), last: "B".into() };
//!     let prim = PrimSpec { id: bus.new_prim_id(), name: name.into(), offset: Vector3::default() };
//!     let position = Vector3::new(128.0, 128.0, 25.0);
//!     let spec = ObjectSpec { position, owner, worn_by: None, prims: vec![prim] };
//!     let root = bus.insert_object(spec)?;
//!     scripts.push(bus.add_script(now, root, "main", EventKinds::LISTEN)?);
//! }
//! bus.listen(now, scripts[1], -5, ("bell", "", ""))?;
//! bus.say(now, scripts[0], Volume::Say, -5, "ring")?;
//! let (script, event) = bus.poll_event(now).unwrap();
//! assert_eq!(script, scripts[1]);
//! assert!(matches!(event, Event::Listen { message, .. } if &*message == "ring"));
//! # Ok(())
//! # }
//! ```

mod avatars;
mod deliver;
mod dialog;
mod direct;
mod effect;
mod error;
mod link;
mod listens;
mod lookup;
mod manage;
mod objects;
mod queue;
mod rules;
mod say;
mod scripts;
#[cfg(test)]
mod tests;
mod text;
mod throttle;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fastrand::Rng;

use self::listens::Listens;
use self::objects::World;
use self::scripts::Scripts;
use self::throttle::OwnerThrottles;
use crate::ids::AgentId;
use crate::time::Timestamp;

pub use self::deliver::{Fate, Hearing, Said};
pub use self::effect::{
    Audience, ChatLine, ChatType, DEBUG_CHANNEL, Effect, ObjectMessage, PUBLIC_CHANNEL,
    ScriptDialog, SourceType, TEXT_BOX, VIEWER_TEXT,
};
pub use self::error::{BusError, CallRefusal, Countable};
pub use self::link::{LINK_ALL_CHILDREN, LINK_ALL_OTHERS, LINK_ROOT, LINK_SET, LINK_THIS};
pub use self::listens::ListenHandle;
pub use self::objects::{ObjectSpec, Owner, Participant, PrimSpec};
pub use self::queue::{Event, EventKinds};
pub use self::rules::{DialogRule, QueueRule, Ranges, Rules, Settings, ThrottleRule};
pub use self::say::{Volume, is_seen};
pub use self::scripts::ScriptId;
pub use self::text::{TextLimit, parse_key};

/// One region's chat between objects, their scripts and avatars. A call about a script, prim, object
/// or avatar that it does not know is a [`BusError`].
#[derive(Debug)]
pub struct ChatBus {
    settings: Settings,
    world: World,
    scripts: Scripts,
    listens: Listens,
    /// With how many lines led to each.
    effects: VecDeque<(u8, Effect)>,
    /// That number of the one that was taken last.
    effect_hops: u8,
    throttles: OwnerThrottles,
    /// Avatars that left lately, the longest ago first.
    departed: VecDeque<(Timestamp, AgentId)>,
    random: Rng,
    counters: Counters,
    /// How many lines led to what is said now; see [`ChatBus::set_hops`].
    hops: u8,
}

/// How many lines may cause each other: two scripts that repeat what they hear would never end.
pub const MAX_HOPS: u8 = 8;

/// What happened on a bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lines that were asked listens for, errors included.
    pub lines: u64,
    /// Listens and linked scripts that were asked.
    pub considered: u64,
    /// Events that were queued.
    pub queued: u64,
    /// Events dropped because too many waited.
    pub full: u64,
    /// Events dropped for want of a handler.
    pub unhandled: u64,
    /// Events dropped by `llMinEventDelay`.
    pub too_early: u64,
    /// Events forgotten with a state, a script or an object.
    pub cleared: u64,
    /// Texts that were cut.
    pub truncated: u64,
    /// Errors of scripts.
    pub script_errors: u64,
    /// Effects dropped because too many waited.
    pub effects_dropped: u64,
    /// Calls that did nothing, by reason.
    pub refused: BTreeMap<CallRefusal, u64>,
}

impl ChatBus {
    /// An empty bus. `seed` is for keys and for texts that may change places.
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            settings,
            world: World::default(),
            scripts: Scripts::default(),
            listens: Listens::default(),
            effects: VecDeque::new(),
            effect_hops: 0,
            throttles: OwnerThrottles::default(),
            departed: VecDeque::new(),
            random: Rng::with_seed(seed),
            counters: Counters::default(),
            hops: 0,
        }
    }

    /// The next event of any script that does not sleep: in the order in which they were queued.
    pub fn poll_event(&mut self, now: Timestamp) -> Option<(ScriptId, Event)> {
        self.scripts.pop_any(now, &self.settings.rules)
    }

    /// The next event of one script, unless it sleeps or is unknown.
    pub fn next_event(&mut self, now: Timestamp, script: ScriptId) -> Option<Event> {
        self.scripts.pop_one(now, script, &self.settings.rules)
    }

    /// How many lines led to the event that was taken last, each caused by the one before.
    pub fn hops(&self) -> u8 {
        self.scripts.hops
    }

    /// What is said from now on has been caused by so many lines; 0 if its cause is not known. At
    /// [`MAX_HOPS`] lines are refused.
    pub fn set_hops(&mut self, hops: u8) {
        self.hops = hops;
    }

    fn is_at_hop_limit(&self) -> bool {
        self.hops > MAX_HOPS
    }

    /// When [`ChatBus::poll_event`] has something next: [`Timestamp::ZERO`] for at once, `None` if
    /// nothing waits.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.scripts.next_due()
    }

    /// The next effect for the world outside. Take them all after each call.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        let (hops, effect) = self.effects.pop_front()?;
        self.effect_hops = hops;
        Some(effect)
    }

    /// How many lines led to the effect that was taken last, as far as it is known.
    pub fn effect_hops(&self) -> u8 {
        self.effect_hops
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        let unhandled = self.counters.unhandled + self.scripts.lost;
        Counters { unhandled, ..self.counters.clone() }
    }

    /// How much work delivering was so far: one for each event that was queued, and one for every
    /// sixteen listens that were asked.
    pub fn effort(&self) -> u64 {
        self.counters.queued + self.counters.considered / 16
    }

    /// What the bus was told at its start.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Shows a line to avatars. Without text there is nothing to see.
    fn show(&mut self, audience: Audience, mut line: ChatLine) {
        if line.text.is_empty() {
            return;
        }
        if line.text.len() > VIEWER_TEXT {
            line.text = Arc::from(TextLimit::Bytes(VIEWER_TEXT).cut(&line.text));
        }
        self.effect(Effect::Chat { audience, line });
    }

    fn effect(&mut self, effect: Effect) {
        if self.effects.len() < self.settings.effects {
            self.effects.push_back((self.hops, effect));
        } else {
            self.counters.effects_dropped += 1;
        }
    }

    /// Counts a call that does nothing.
    pub fn refuse(&mut self, refusal: CallRefusal) -> Said {
        *self.counters.refused.entry(refusal).or_default() += 1;
        Said { refused: Some(refusal), ..Said::default() }
    }

    /// Counts a call that did something.
    fn count(&mut self, said: Said) -> Said {
        self.counters.truncated += u64::from(said.truncated);
        said
    }
}
