//! Settings of the bus: limits, and the rules in which OpenSim and Second Life differ.
//!
//! [`Rules`] has a field for each difference, so that each can be changed separately. Other code
//! checks the field, never the flavour.

use std::time::Duration;

use super::text::TextLimit;
use crate::config::Flavour;
use crate::message::Vector3;

/// How a bus behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What differs between the flavours.
    pub rules: Rules,
    /// Metres that chat carries.
    pub ranges: Ranges,
    /// Whether the flavour's throttles apply. Off from the start, so that tests may be fast.
    pub throttles: bool,
    /// Whether scripts sleep after calls that make them.
    pub delays: bool,
    /// Whether texts that follow each other by `llRegionSayTo` may change places, drawn from the
    /// seed. Second Life does not promise their order.
    pub shuffle_region_say_to: bool,
    /// Whether [`Said::hearings`](super::Said::hearings) tells what became of a line at each listen.
    pub tap: bool,
    /// Most objects at a time.
    pub objects: usize,
    /// Most prims of one object.
    pub prims_per_object: usize,
    /// Most scripts of one prim.
    pub scripts_per_prim: usize,
    /// Most avatars at a time, child agents included.
    pub avatars: usize,
    /// Most effects that wait to be taken; further ones are dropped and counted.
    pub effects: usize,
    /// Most bytes of the texts of one link message. Scripts have only their memory as a limit.
    pub link_message_bytes: usize,
}

impl Settings {
    /// The behaviour of a flavour, with throttles off.
    pub fn new(flavour: Flavour) -> Self {
        Self {
            rules: Rules::of(flavour),
            ranges: Ranges::default(),
            throttles: false,
            delays: true,
            shuffle_region_say_to: false,
            tap: false,
            objects: 20_000,
            prims_per_object: 256,
            scripts_per_prim: 64,
            avatars: 10_000,
            effects: 16_384,
            link_message_bytes: 65_536,
        }
    }
}

/// Metres that chat carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranges {
    /// `llWhisper`, chat type 0.
    pub whisper: f32,
    /// `llSay`, chat type 1.
    pub say: f32,
    /// `llShout`, chat type 2.
    pub shout: f32,
}

impl Default for Ranges {
    fn default() -> Self {
        Self { whisper: 10.0, say: 20.0, shout: 100.0 }
    }
}

/// What differs between OpenSim and Second Life.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Length of chat, and of script errors.
    pub text: TextLimit,
    /// Length of a text by `llRegionSayTo`.
    pub direct_text: TextLimit,
    /// Length of a text by `llInstantMessage`.
    pub instant_message_text: TextLimit,
    /// Length of a prim's name.
    pub name: TextLimit,
    /// `llInstantMessage` with a bad key is an error, and with an empty text nothing, not even a
    /// pause; else the first is silent and the second is sent.
    pub instant_message_checks: bool,
    /// Scripts hear at the place of their object's root prim; else at that of their own prim.
    pub hear_at_root: bool,
    /// Scripts hear at exactly the range; avatars always do. What Second Life does there is not
    /// known, so its rules treat both alike.
    pub scripts_hear_at_range: bool,
    /// A script gets one event for a line, however many of its listens match.
    pub one_event_per_line: bool,
    /// Most listens of one script.
    pub listens_per_script: usize,
    /// `llListen` gives the handle of any active listen on the channel that lets through all that
    /// the new one would; else only that of an equal one, be it switched off.
    pub listens_cover: bool,
    /// Most listens of the region; `None` for no limit but that of each script.
    pub listens_per_region: Option<usize>,
    /// A listen beyond the limit is a script error; else the script just gets -1.
    pub full_listens_are_an_error: bool,
    /// How many events wait.
    pub queue: QueueRule,
    /// Events without handler wait like others and are lost when their turn comes; else they are
    /// not queued.
    pub queue_unhandled: bool,
    /// `llMinEventDelay` drops `listen` events that come too early.
    pub min_event_delay: bool,
    /// `llRegionSay` on the public channel is a script error; else silent.
    pub public_region_say_is_an_error: bool,
    /// Avatars see `llRegionSay` on the debug channel at the root prim; else at the speaking prim.
    pub debug_region_say_at_root: bool,
    /// All avatars see the debug channel; else those in range. Also what avatars say there.
    pub debug_everywhere: bool,
    /// All avatars are told who types; else those within the range of a say. The bus has nothing
    /// to do with it; it is for who carries typing.
    pub typing_everywhere: bool,
    /// Child agents, whose avatar is in a neighbour region, see shouts.
    pub children_see_shouts: bool,
    /// Where `llOwnerSay` is said to come from, if not from the prim.
    pub owner_say_place: Option<Vector3>,
    /// How long after an owner left `llOwnerSay` still reaches it.
    pub owner_say_lingers: Duration,
    /// What becomes of dialogs that break a limit.
    pub dialogs: DialogRule,
    /// A dialog for what is no key, or null, is a script error; else it is just for nobody.
    pub dialog_keys_are_checked: bool,
    /// The label of the button of a dialog that was given none.
    pub dialog_button: &'static str,
    /// Answers to dialogs reach the region; else the range of a say around the dialog's object.
    pub replies_reach_region: bool,
    /// How long a script pauses after `llTextBox`.
    pub text_box_sleep: Duration,
    /// The shortest interval of `llSetTimerEvent`.
    pub shortest_timer: Duration,
    /// How long a script pauses after an error.
    pub error_sleep: Duration,
    /// Which throttles there are, if [`Settings::throttles`] is set.
    pub throttle: ThrottleRule,
}

/// How many events wait for a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueRule {
    /// So many in total.
    Total(usize),
    /// So many of each kind, and one `timer`.
    PerKind(usize),
}

/// What becomes of dialogs that break a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogRule {
    /// An error, and no dialog.
    Strict,
    /// A message of the wrong length is an error, but the dialog comes, cut; long labels are cut.
    /// Too many buttons, empty labels, and any error of a text box are as above.
    Lenient,
}

/// Which throttles there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrottleRule {
    /// By owner, on what avatars see; what is too much is dropped.
    SecondLife,
    /// By script, on `llSay` and `llShout`; what is too much makes the script sleep.
    OpenSim,
}

impl Rules {
    /// The rules of a flavour.
    pub fn of(flavour: Flavour) -> Self {
        match flavour {
            Flavour::OpenSim => Self::open_sim(),
            Flavour::SecondLife => Self::second_life(),
        }
    }

    fn second_life() -> Self {
        Self {
            text: TextLimit::Bytes(1024),
            direct_text: TextLimit::Bytes(1024),
            instant_message_text: TextLimit::Bytes(1023),
            name: TextLimit::Bytes(63),
            instant_message_checks: false,
            hear_at_root: true,
            scripts_hear_at_range: true,
            one_event_per_line: true,
            listens_per_script: 65,
            listens_cover: false,
            listens_per_region: None,
            full_listens_are_an_error: true,
            queue: QueueRule::Total(64),
            queue_unhandled: true,
            min_event_delay: false,
            public_region_say_is_an_error: false,
            debug_region_say_at_root: false,
            debug_everywhere: false,
            typing_everywhere: false,
            children_see_shouts: false,
            owner_say_place: None,
            owner_say_lingers: Duration::from_secs(45),
            dialogs: DialogRule::Strict,
            dialog_keys_are_checked: false,
            dialog_button: "OK",
            replies_reach_region: false,
            text_box_sleep: Duration::ZERO,
            // A frame.
            shortest_timer: Duration::from_millis(22),
            error_sleep: Duration::ZERO,
            throttle: ThrottleRule::SecondLife,
        }
    }

    fn open_sim() -> Self {
        Self {
            text: TextLimit::Bytes(1023),
            direct_text: TextLimit::Utf16(1023),
            instant_message_text: TextLimit::Utf16(1024),
            name: TextLimit::Bytes(254),
            instant_message_checks: true,
            hear_at_root: false,
            scripts_hear_at_range: false,
            one_event_per_line: false,
            // As its own configuration file has it; the number in its code is 65.
            listens_per_script: 64,
            listens_cover: true,
            listens_per_region: Some(1000),
            full_listens_are_an_error: false,
            queue: QueueRule::PerKind(64),
            queue_unhandled: false,
            min_event_delay: true,
            public_region_say_is_an_error: true,
            debug_region_say_at_root: true,
            debug_everywhere: true,
            typing_everywhere: true,
            children_see_shouts: true,
            // Seen in: OpenSim, which names the middle of a region at a fixed height.
            owner_say_place: Some(Vector3::new(128.0, 128.0, 30.0)),
            owner_say_lingers: Duration::ZERO,
            dialogs: DialogRule::Lenient,
            dialog_keys_are_checked: true,
            dialog_button: "Ok",
            replies_reach_region: true,
            text_box_sleep: Duration::from_secs(1),
            shortest_timer: Duration::from_millis(500),
            error_sleep: Duration::from_secs(1),
            throttle: ThrottleRule::OpenSim,
        }
    }
}
