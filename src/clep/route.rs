//! Which LSL call a library uses to send a message.

use serde::Serialize;

use super::Dialect;
use super::message::NULL_KEY;

/// Where the prim that a message is for is, as seen from the script that sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not in this region.
    Absent,
    /// In this region, in another linkset.
    Region,
    /// In the sender's linkset, with this link number.
    Linkset(i32),
    /// It is the sender's prim, with this link number.
    OwnPrim(i32),
    /// It is the sender's prim, and the message is for the sender.
    OwnScript,
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// `llRegionSay`, to everybody.
    RegionSay,
    /// `llRegionSayTo`, to the prim.
    RegionSayTo,
    /// `llShout`, for a prim that may be across the border. Receivers must check the prim.
    Shout,
    /// `llMessageLinked` to this link number.
    MessageLinked(i32),
    /// Not at all: the library hands it over itself.
    Direct,
}

/// The call that a message to `prim` takes; an empty or null key is everybody. `force_chat` keeps
/// the JSON dialects off link messages, except to the own prim, which would not hear its own chat.
pub fn route(dialect: Dialect, prim: &str, presence: Presence, force_chat: bool) -> Route {
    if prim.is_empty() || prim == NULL_KEY {
        return Route::RegionSay;
    }
    match (dialect, presence) {
        // Nothing is said about absent prims, and the call is silent.
        (Dialect::Xichat | Dialect::SeedChuf, _) => Route::RegionSayTo,
        (_, Presence::Absent) => Route::Shout,
        (dialect, presence) if dialect.is_json() => match presence {
            Presence::Linkset(link) if !force_chat => Route::MessageLinked(link),
            Presence::OwnPrim(link) => Route::MessageLinked(link),
            Presence::OwnScript => Route::Direct,
            _ => Route::RegionSayTo,
        },
        _ => Route::RegionSayTo,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIM: &str = "8f3c1d2e-4b5a-6978-8796-a5b4c3d2e1f0";

    #[test]
    fn nobody_in_particular_is_everybody() {
        for dialect in Dialect::ALL {
            for prim in ["", NULL_KEY] {
                let route = route(dialect, prim, Presence::Region, false);
                assert_eq!(route, Route::RegionSay, "{dialect}");
            }
        }
    }

    #[test]
    fn a_prim_is_told_alone() {
        for dialect in Dialect::ALL {
            let present = route(dialect, PRIM, Presence::Region, false);
            assert_eq!(present, Route::RegionSayTo, "{dialect}");
            let absent = match dialect {
                Dialect::Xichat | Dialect::SeedChuf => Route::RegionSayTo,
                _ => Route::Shout,
            };
            assert_eq!(route(dialect, PRIM, Presence::Absent, false), absent, "{dialect}");
        }
    }

    #[test]
    fn only_json_dialects_take_link_messages() {
        let newest = |presence, force| route(Dialect::ClepJson, PRIM, presence, force);
        assert_eq!(newest(Presence::Linkset(3), false), Route::MessageLinked(3));
        assert_eq!(newest(Presence::Linkset(3), true), Route::RegionSayTo);
        assert_eq!(newest(Presence::OwnPrim(0), true), Route::MessageLinked(0));
        assert_eq!(newest(Presence::OwnScript, true), Route::Direct);
        let older = route(Dialect::ClepLines, PRIM, Presence::Linkset(3), false);
        assert_eq!(older, Route::RegionSayTo);
    }
}
