//! Newtypes for all identifiers, so that an agent id cannot be used where a session id is expected.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_newtype {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The all-zero id.
            pub const NIL: Self = Self(Uuid::nil());

            /// A new unguessable id.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self(value)
            }
        }
    )+};
}

uuid_newtype! {
    /// An account's and its avatar's id.
    AgentId,
    /// One login of an agent; clients repeat it in `AgentData.SessionID`.
    SessionId,
    /// The second secret of a login; asset ids of uploads are derived from it.
    SecureSessionId,
    /// A region's id.
    RegionId,
    /// An inventory folder's id.
    FolderId,
    /// An inventory item's id.
    ItemId,
    /// An asset's id.
    AssetId,
    /// A group's id.
    GroupId,
    /// A role of a group; nil is the role that everyone has.
    RoleId,
    /// A group notice's id.
    NoticeId,
    /// A chat session's id; a group's session has the group's own.
    ChatSessionId,
    /// A prim's key. That of its root prim is also the object's.
    PrimId,
}

/// The number that binds a UDP circuit to a login (`UseCircuitCode.CircuitCode.Code`).
/// Issued as 1..=0x7FFF_FFFF, because login answers carry it as a signed `i4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CircuitCode(pub u32);

impl fmt::Display for CircuitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An object's or avatar's number within its region; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalId(pub u32);

/// A region's place: x and y of its south-west corner in metres, x in the high word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegionHandle(pub u64);

impl RegionHandle {
    /// From grid coordinates (units of 256 m).
    pub const fn from_grid(x: u32, y: u32) -> Self {
        Self((((x as u64) * 256) << 32) | ((y as u64) * 256))
    }

    /// The corner's x in metres.
    pub const fn x_metres(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The corner's y in metres.
    pub const fn y_metres(self) -> u32 {
        self.0 as u32
    }
}

#[cfg(test)]
mod tests {
    use super::RegionHandle;

    #[test]
    fn region_handle_holds_metres_x_high() {
        let handle = RegionHandle::from_grid(1000, 1001);
        assert_eq!(handle.0, 0x0003_E800_0003_E900);
        assert_eq!((handle.x_metres(), handle.y_metres()), (256_000, 256_256));
    }
}
