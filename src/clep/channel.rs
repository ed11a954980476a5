//! Computes a channel from a name: the hashes, and the adjustments of each dialect.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Dialect;

/// Heard by scripts and seen by avatars.
pub const PUBLIC_CHANNEL: i32 = 0;

/// Where the simulator tells script errors; avatars see it too.
pub const DEBUG_CHANNEL: i32 = i32::MAX;

/// A name that no dialect hashes: later fields could not be told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("newline in the {part} after {after} characters")]
pub struct NameError {
    /// `domain` or `service`.
    pub part: &'static str,
    /// How many characters precede it.
    pub after: usize,
}

/// The channel of a domain; never [`PUBLIC_CHANNEL`] and never [`DEBUG_CHANNEL`].
///
/// Texts are hashed as they are: case, blanks and Unicode normalisation matter. The service only
/// counts where [`Dialect::hashes_service`].
///
/// # Errors
/// When the service or the domain has a newline.
pub fn channel(dialect: Dialect, service: &str, domain: &str) -> Result<i32, NameError> {
    check_name("service", service)?;
    check_name("domain", domain)?;
    Ok(channel_lenient(dialect, service, domain))
}

/// As [`channel()`], but names with newlines are hashed as they are.
pub fn channel_lenient(dialect: Dialect, service: &str, domain: &str) -> i32 {
    match dialect {
        Dialect::SeedChuf => from_hash(sha_tail(&[domain])),
        Dialect::Xichat | Dialect::ClepSha => from_hash(sha_tail(&[domain, service])),
        Dialect::ClepHashA => from_hash(ll_hash_of(&[domain, service])),
        Dialect::ClepHashB => (ll_hash_of(&[domain, service]) | SIGN) as i32,
        // The order of the two was turned round with this revision.
        Dialect::ClepSvc => (ll_hash_of(&[service, domain]) | SIGN) as i32,
        Dialect::ClepRpcShort | Dialect::ClepLines | Dialect::ClepJsonLua => {
            (ll_hash(domain) | SIGN) as i32
        }
        // The two channels that avatars see move the other way than in `from_hash`.
        Dialect::ClepRpcLua => match ll_hash(domain) as i32 {
            channel @ (PUBLIC_CHANNEL | DEBUG_CHANNEL) => channel - 1,
            channel => channel,
        },
        Dialect::ClepJson => (ll_hash(domain) | SIGN_AND_NEXT) as i32,
    }
}

/// The step after the hash in the dialects that use all 32 bits: the two channels that avatars see
/// move on by one, wrapping, and nothing else moves.
pub const fn from_hash(hash: u32) -> i32 {
    match hash as i32 {
        channel @ (PUBLIC_CHANNEL | DEBUG_CHANNEL) => channel.wrapping_add(1),
        channel => channel,
    }
}

/// `llHash`: SDBM over Unicode code points.
pub fn ll_hash(text: &str) -> u32 {
    ll_hash_of(&[text])
}

/// A prim's key as the domain that scripts on it use: hyphenated, in lower case, as LSL prints it.
/// `None` for a text that is no key. [`channel()`] never does this by itself.
pub fn prim_domain(key: &str) -> Option<String> {
    // Other spellings that the parser knows are no keys in LSL.
    let key = Uuid::try_parse(key).ok().filter(|_| key.len() == 36)?;
    Some(key.hyphenated().to_string())
}

pub(super) fn check_name(part: &'static str, name: &str) -> Result<(), NameError> {
    match name.chars().position(|c| c == '\n') {
        None => Ok(()),
        Some(after) => Err(NameError { part, after }),
    }
}

/// The last eight hex digits of the SHA-256 of all parts, one after the other.
fn sha_tail(parts: &[&str]) -> u32 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part.as_bytes());
    }
    let digest: [u8; 32] = sha.finalize().into();
    let [.., a, b, c, d] = digest;
    u32::from_be_bytes([a, b, c, d])
}

fn ll_hash_of(parts: &[&str]) -> u32 {
    parts
        .iter()
        .flat_map(|part| part.chars())
        .fold(0, |hash: u32, c| hash.wrapping_mul(65_599).wrapping_add(u32::from(c)))
}

/// Whether any avatar can type on a channel: on those that are not negative.
pub const fn is_typeable(channel: i32) -> bool {
    channel >= 0
}

/// Set: negative, so that no avatar can type on the channel.
const SIGN: u32 = 0x8000_0000;

/// As the newest dialect has it.
const SIGN_AND_NEXT: u32 = 0xC000_0000;
