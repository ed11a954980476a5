//! The section `[lsl]`: chat of objects, and the chat ranges of avatars.

use serde::{Deserialize, Serialize};

/// `[lsl]`: how the chat of scripted objects behaves, besides what the flavour says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LslConfig {
    /// The flavour's throttles apply. Off, so that tests may be fast.
    pub throttles: bool,
    /// Scripts sleep after calls that make them sleep.
    pub delays: bool,
    /// Texts that follow each other by `llRegionSayTo` may change places, drawn from the seed.
    pub shuffle_region_say_to: bool,
    /// Metres that whispers carry, those of avatars too.
    pub whisper_range: f32,
    /// The same of what is said.
    pub say_range: f32,
    /// The same of shouts.
    pub shout_range: f32,
    /// Most listens of one script; 0 for the flavour's number, 64 or 65.
    pub listens_per_script: u32,
}

impl Default for LslConfig {
    fn default() -> Self {
        Self {
            throttles: false,
            delays: true,
            shuffle_region_say_to: false,
            whisper_range: 10.0,
            say_range: 20.0,
            shout_range: 100.0,
            listens_per_script: 0,
        }
    }
}
