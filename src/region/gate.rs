//! The port through which a region's objects reach mute lists, and avatars anywhere by instant
//! message.

use std::fmt;

use uuid::Uuid;

use super::info::RegionInfo;
use crate::ids::{AgentId, PrimId};
use crate::lsl::ObjectMessage;

/// What a region asks on behalf of its objects. Calls never wait.
pub trait ObjectGate: fmt::Debug + Send + Sync {
    /// Whether an avatar lets through what a prim says to it. `owner` is the key of the avatar or
    /// group whose object it is, `name` the prim's.
    fn hears(&self, listener: AgentId, prim: PrimId, owner: Uuid, name: &str) -> bool;

    /// Sends `ImprovedInstantMessage` with dialog 19 to an avatar that may be anywhere. What there
    /// is no room for is dropped and counted by who implements this.
    fn instant_message(&self, region: &RegionInfo, message: ObjectMessage);
}
