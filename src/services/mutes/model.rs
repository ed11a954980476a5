//! Entries of mute lists.

use bitflags::bitflags;
use uuid::Uuid;

/// What an entry mutes (`MuteType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MuteKind {
    /// Whatever has that name.
    ByName,
    /// An agent.
    Agent,
    /// An object.
    Object,
    /// A group.
    Group,
}

impl MuteKind {
    /// The number on the wire.
    pub const fn code(self) -> i32 {
        match self {
            Self::ByName => 0,
            Self::Agent => 1,
            Self::Object => 2,
            Self::Group => 3,
        }
    }

    /// The one with that number.
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::ByName),
            1 => Some(Self::Agent),
            2 => Some(Self::Object),
            3 => Some(Self::Group),
            _ => None,
        }
    }
}

bitflags! {
    /// What an entry does *not* mute (`MuteFlags`); none: everything is muted.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MuteExceptions: u32 {
        /// Text is let through.
        const TEXT = 1;
        /// Voice is let through.
        const VOICE = 2;
        /// Particles are let through.
        const PARTICLES = 4;
        /// Sounds are let through.
        const SOUNDS = 8;
    }
}

/// An entry of a mute list; one per id and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// Who or what is muted; nil for an entry by name.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: MuteKind,
    /// What of it is let through.
    pub exceptions: MuteExceptions,
}

impl Mute {
    /// The longest name, in bytes.
    pub const MAX_NAME: usize = 254;

    /// `name` as it is kept and sent: what ends a name or a line in the file becomes a blank, and
    /// blanks at either end, which viewers do not read, are left out.
    pub fn clean_name(name: &str) -> String {
        let plain = |c: char| if c == '|' || c.is_control() { ' ' } else { c };
        let text: String = name.chars().map(plain).collect();
        crate::message::cut(&text, Self::MAX_NAME).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_file() {
        assert_eq!(Mute::clean_name(" a|b\nc\0 "), "a b c");
        assert_eq!(Mute::clean_name("Bob Tester"), "Bob Tester");
        assert_eq!(Mute::clean_name(&"\u{e4}".repeat(200)).len(), Mute::MAX_NAME);
    }
}
