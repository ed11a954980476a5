//! An account and its places as they are kept.

use std::fmt;

use super::AccountName;
use crate::ids::{AgentId, RegionId};
use crate::message::Vector3;

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The account's and its avatar's id.
    pub id: AgentId,
    /// The name as it was written at creation.
    pub name: AccountName,
    /// Hashes of the password.
    pub password: StoredPassword,
    /// Seconds since 1970.
    pub created_at: u64,
    /// Seconds since 1970; none before the first login.
    pub last_login: Option<u64>,
    /// Where the avatar was last.
    pub last: Option<Location>,
    /// Where the avatar is at home.
    pub home: Option<Location>,
}

/// Argon2id hashes, as PHC strings, over the `$1$`+MD5 form that clients send.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// Of the whole password.
    pub full: String,
    /// Of its first 16 characters, which is all that some clients send; none if that is the same
    /// or not known.
    pub short: Option<String>,
}

impl fmt::Debug for StoredPassword {
    /// Never shows a hash: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredPassword(…)")
    }
}

/// A place in a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// The region.
    pub region: RegionId,
    /// Metres from the region's south-west corner; z from the zero level.
    pub position: Vector3,
    /// The direction looked in.
    pub look_at: Vector3,
}

/// Which of an account's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where the avatar was last.
    Last,
    /// Where the avatar is at home.
    Home,
}
