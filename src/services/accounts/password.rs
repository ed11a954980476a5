//! Passwords: the digests that clients send, and their Argon2id hashes.
//!
//! Clients send `$1$` and the MD5 of the password in hex; a login never contains more. This digest
//! is hashed again and stored, so nothing that is stored can be replayed as a login.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use md5::{Digest as _, Md5};

use super::StoredPassword;

/// The MD5 of a password, as clients send it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PasswordDigest([u8; 16]);

impl PasswordDigest {
    /// Hashed in place of what is no digest.
    const ZERO: Self = Self([0; 16]);

    /// From the `passwd` field of a login: `$1$` and 32 hex digits, or else the plain password,
    /// which some clients send with account credentials. None if what follows `$1$` is no digest;
    /// such a login fails like any with a wrong password.
    pub fn from_login(passwd: &str) -> Option<Self> {
        match passwd.strip_prefix(PREFIX) {
            Some(hex) => parse_hex(hex).map(Self),
            None => Some(Self::of(passwd)),
        }
    }

    fn of(plain: &str) -> Self {
        Self(Md5::digest(plain.as_bytes()).into())
    }

    /// `$1$` and lower-case hex: the text that is hashed.
    pub(super) fn to_text(self) -> String {
        format!("{PREFIX}{:032x}", u128::from_be_bytes(self.0))
    }
}

/// A password for an account that is made or changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NewPassword {
    full: PasswordDigest,
    short: Option<PasswordDigest>,
}

impl NewPassword {
    /// From plain text or from `$1$` and 32 hex digits.
    ///
    /// Of a plain password longer than 16 characters the first 16 open the account too: some
    /// clients (node-metaverse, like old viewers) send no more of it. Of a digest only that
    /// digest is known.
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        if text.is_empty() {
            return Err(PasswordError::Empty);
        }
        if text.starts_with(PREFIX) {
            let full = PasswordDigest::from_login(text).ok_or(PasswordError::BadDigest)?;
            return Ok(full.into());
        }
        let full = PasswordDigest::of(text);
        // Clients cut after 16 UTF-16 units; half a pair becomes a replacement character.
        let units: Vec<u16> = text.encode_utf16().take(SHORT_UNITS).collect();
        let short = PasswordDigest::of(&String::from_utf16_lossy(&units));
        Ok(Self { full, short: (short != full).then_some(short) })
    }
}

impl From<PasswordDigest> for NewPassword {
    fn from(full: PasswordDigest) -> Self {
        Self { full, short: None }
    }
}

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing was given.
    #[error("password is empty")]
    Empty,
    /// `$1$` is not followed by 32 hex digits.
    #[error("password starts with `$1$`, but 32 hexadecimal digits do not follow")]
    BadDigest,
}

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB, at least 8.
    pub memory_kib: u32,
    /// Passes over that memory, at least 1.
    pub passes: u32,
}

impl HashCost {
    /// For hashes that are kept on disk.
    pub const STORED: Self = Self { memory_kib: 19 * 1024, passes: 2 };

    /// For hashes that die with the process (`--ephemeral`) and for tests: there is no file to
    /// steal them from.
    pub const EPHEMERAL: Self = Self { memory_kib: 8, passes: 1 };

    /// KiB that are gone over.
    pub(super) const fn work(self) -> u64 {
        self.memory_kib as u64 * self.passes as u64
    }
}

/// The memory that hashes work in, lent out again and again: each needs so much that an allocator
/// which keeps it for every thread that ever hashed would hold most of the process.
#[derive(Default)]
pub(super) struct HashMemory {
    spare: Mutex<Vec<Vec<Block>>>,
    /// What was hashed, in KiB times passes.
    #[cfg(test)]
    work: std::sync::atomic::AtomicU64,
}

impl HashMemory {
    /// Runs `work` in memory of its own.
    fn lend<T>(&self, work: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let mut blocks = self.spare().pop().unwrap_or_default();
        let result = work(&mut blocks);
        self.spare().push(blocks);
        result
    }

    #[cfg(test)]
    fn note(&self, params: &Params) {
        let cost = HashCost { memory_kib: params.m_cost(), passes: params.t_cost() };
        self.work.fetch_add(cost.work(), std::sync::atomic::Ordering::Relaxed);
    }

    /// What was hashed so far, in KiB times passes.
    #[cfg(test)]
    pub(super) fn work(&self) -> u64 {
        self.work.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Gives back all but what one hash needs; for when nobody waits.
    pub(super) fn shrink(&self) {
        let surplus = {
            let mut spare = self.spare();
            let from = spare.len().min(1);
            spare.split_off(from)
        };
        drop(surplus);
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hashes `password` at `cost`. Takes the time that this means: call it off the async threads.
pub(super) fn hash(
    password: &NewPassword,
    cost: HashCost,
    memory: &HashMemory,
) -> Result<StoredPassword, HashError> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let one = |digest: PasswordDigest| -> Result<String, HashError> {
        let salt = Salt::generate();
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: argon2.params().try_into()?,
            salt: Some(salt),
            hash: Some(output(&argon2, digest, &salt, memory)?),
        };
        Ok(hash.to_string())
    };
    Ok(StoredPassword { full: one(password.full)?, short: password.short.map(one).transpose()? })
}

/// Whether `digest` opens what `stored` was made from. What opens nothing always costs two hashes at
/// `cost`: a wrong digest, one that is none, no account, and a password with or without short form.
pub(super) fn verify(
    digest: Option<PasswordDigest>,
    stored: Option<&StoredPassword>,
    cost: HashCost,
    memory: &HashMemory,
) -> Result<bool, HashError> {
    let judged = digest.unwrap_or(PasswordDigest::ZERO);
    let full = stored.map(|stored| stored.full.as_str());
    let short = stored.and_then(|stored| stored.short.as_deref());
    for phc in [full, short] {
        let right = match phc {
            Some(phc) => opens(judged, phc, cost, memory)?,
            None => pass_time(judged, cost, memory).map(|()| false)?,
        };
        if right && digest.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn opens(
    digest: PasswordDigest,
    phc: &str,
    cost: HashCost,
    memory: &HashMemory,
) -> Result<bool, HashError> {
    let kept = PasswordHash::new(phc)?;
    let (Some(salt), Some(expected)) = (&kept.salt, &kept.hash) else {
        return Err(argon2::password_hash::Error::EncodingInvalid.into());
    };
    let algorithm = Algorithm::try_from(kept.algorithm.as_str())?;
    let version = kept.version.map(Version::try_from).transpose()?.unwrap_or_default();
    // The cost comes from the stored text, so a changed setting locks nobody out.
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&kept)?);
    // Outputs compare in constant time.
    let right = output(&argon2, digest, salt, memory)? == *expected;
    let params = argon2.params();
    let paid = HashCost { memory_kib: params.m_cost(), passes: params.t_cost() };
    if !right && paid.work() < cost.work() {
        // A hash of other days, or of a password that everybody knows, must not stand out.
        pass_time(digest, cost, memory)?;
    }
    Ok(right)
}

/// A hash that is compared with nothing.
fn pass_time(digest: PasswordDigest, cost: HashCost, memory: &HashMemory) -> Result<(), HashError> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    output(&argon2, digest, &Salt::generate(), memory).map(drop)
}

fn output(
    argon2: &Argon2<'_>,
    digest: PasswordDigest,
    salt: &Salt,
    memory: &HashMemory,
) -> Result<Output, HashError> {
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes.get_mut(..length).ok_or(argon2::Error::OutputTooLong)?;
    #[cfg(test)]
    memory.note(argon2.params());
    memory.lend(|blocks| {
        // What an earlier hash left there is overwritten before it is read.
        blocks.resize(argon2.params().block_count().max(blocks.len()), Block::default());
        argon2.hash_password_into_with_memory(
            digest.to_text().as_bytes(),
            salt,
            &mut *bytes,
            blocks,
        )
    })?;
    Ok(Output::new(bytes)?)
}

/// A short keyed mark of "this digest opened this hash", for the cache of verified logins. Of what is
/// no digest or no hash there is one too, as costly and never kept.
pub(super) fn mark(
    key: &[u8; 32],
    digest: Option<PasswordDigest>,
    stored: Option<&StoredPassword>,
) -> Result<[u8; 32], HashError> {
    let digest = digest.unwrap_or(PasswordDigest::ZERO);
    let full = stored.map_or(NO_HASH, |stored| stored.full.as_str());
    // The smallest Argon2 is a keyed hash of some microseconds; the key is its secret.
    let argon2 = Argon2::new_with_secret(
        key,
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(Params::MIN_M_COST, 1, 1, None)?,
    )?;
    let mut mark = [0; 32];
    argon2.hash_password_into(digest.to_text().as_bytes(), full.as_bytes(), &mut mark)?;
    Ok(mark)
}

/// Hashing failed: the settings are out of range, a stored hash cannot be read, or the machine
/// gives no random bytes.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Said by the hash function.
    #[error("password hashing failed: {0}")]
    Argon2(#[from] argon2::Error),
    /// Said by the reader or writer of the kept form.
    #[error("password hashing failed: {0}")]
    Phc(#[from] argon2::password_hash::Error),
    /// The kept form cannot be read.
    #[error("a stored password hash cannot be read: {0}")]
    Stored(#[from] argon2::password_hash::phc::Error),
}

fn parse_hex(text: &str) -> Option<[u8; 16]> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u128::from_str_radix(text, 16).ok())?.map(u128::to_be_bytes)
}

/// Of the form and length of a stored hash.
const NO_HASH: &str = "$argon2id$v=19$m=00000,t=0,p=1$0000000000000000000000$\
                       0000000000000000000000000000000000000000000";

/// Marks a digest, as against a plain password.
const PREFIX: &str = "$1$";

/// How much of a password some clients send, in UTF-16 units.
const SHORT_UNITS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "correct horse battery staple";

    const CHEAP: HashCost = HashCost::EPHEMERAL;

    fn verify(
        digest: PasswordDigest,
        stored: &StoredPassword,
        memory: &HashMemory,
    ) -> Result<bool, HashError> {
        super::verify(Some(digest), Some(stored), CHEAP, memory)
    }

    fn mark(key: &[u8; 32], digest: PasswordDigest, stored: &StoredPassword) -> [u8; 32] {
        super::mark(key, Some(digest), Some(stored)).unwrap()
    }

    fn sent(plain: &str) -> PasswordDigest {
        PasswordDigest::from_login(&PasswordDigest::of(plain).to_text()).unwrap()
    }

    #[test]
    fn digest_is_the_one_of_the_protocol_notes() {
        let digest = PasswordDigest::of("password");
        assert_eq!(digest.to_text(), "$1$5f4dcc3b5aa765d61d8327deb882cf99");
        assert!(PasswordDigest::from_login("$1$5F4DCC3B5AA765D61D8327DEB882CF99") == Some(digest));
        assert!(PasswordDigest::from_login("password") == Some(digest));
        for bad in ["$1$", "$1$5f4d", "$1$+f4dcc3b5aa765d61d8327deb882cf99", "$1$zz"] {
            assert!(PasswordDigest::from_login(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn long_password_opens_whole_and_cut() {
        let stored =
            hash(&NewPassword::parse(LONG).unwrap(), HashCost::EPHEMERAL, &HashMemory::default())
                .unwrap();
        assert!(verify(sent(LONG), &stored, &HashMemory::default()).unwrap());
        assert!(verify(sent(&LONG[..16]), &stored, &HashMemory::default()).unwrap());
        assert!(!verify(sent(&LONG[..15]), &stored, &HashMemory::default()).unwrap());
        assert!(!stored.full.contains(&sent(LONG).to_text()));
    }

    #[test]
    fn memory_of_an_earlier_hash_changes_nothing() {
        let memory = HashMemory::default();
        let small = HashCost { memory_kib: 16, passes: 2 };
        let password = NewPassword::parse("test").unwrap();
        for cost in [small, HashCost::EPHEMERAL, small] {
            let stored = hash(&password, cost, &memory).unwrap();
            assert!(verify(sent("test"), &stored, &memory).unwrap());
            assert!(verify(sent("test"), &stored, &HashMemory::default()).unwrap());
            assert!(!verify(sent("other"), &stored, &memory).unwrap());
        }
        memory.shrink();
        assert_eq!(memory.spare().len(), 1);
    }

    #[test]
    fn hashes_are_those_of_other_implementations() {
        use argon2::password_hash::PasswordVerifier as _;

        let memory = HashMemory::default();
        let stored =
            hash(&NewPassword::parse("test").unwrap(), HashCost::EPHEMERAL, &memory).unwrap();
        let text = sent("test").to_text();
        assert!(Argon2::default().verify_password(text.as_bytes(), stored.full.as_str()).is_ok());
    }

    #[test]
    fn short_password_is_hashed_once() {
        let password = NewPassword::parse("sixteen letters!").unwrap();
        assert!(password.short.is_none());
        assert!(NewPassword::parse("sixteen letters!x").unwrap().short.is_some());
    }

    #[test]
    fn digest_serves_in_place_of_the_password() {
        let password = NewPassword::parse("$1$098f6bcd4621d373cade4e832627b4f6").unwrap();
        let stored = hash(&password, HashCost::EPHEMERAL, &HashMemory::default()).unwrap();
        assert!(verify(sent("test"), &stored, &HashMemory::default()).unwrap());
        assert!(NewPassword::parse("$1$098f") == Err(PasswordError::BadDigest));
        assert!(NewPassword::parse("") == Err(PasswordError::Empty));
    }

    #[test]
    fn mark_depends_on_key_digest_and_hash() {
        let stored =
            hash(&NewPassword::parse("test").unwrap(), HashCost::EPHEMERAL, &HashMemory::default())
                .unwrap();
        let again =
            hash(&NewPassword::parse("test").unwrap(), HashCost::EPHEMERAL, &HashMemory::default())
                .unwrap();
        let first = mark(&[1; 32], sent("test"), &stored);
        assert_eq!(first, mark(&[1; 32], sent("test"), &stored));
        assert_ne!(first, mark(&[2; 32], sent("test"), &stored));
        assert_ne!(first, mark(&[1; 32], sent("tess"), &stored));
        assert_ne!(first, mark(&[1; 32], sent("test"), &again));
    }

    #[test]
    fn damaged_hash_is_an_error_and_not_a_wrong_password() {
        let stored = StoredPassword { full: "rubbish".to_owned(), short: None };
        assert!(verify(sent("test"), &stored, &HashMemory::default()).is_err());
    }

    #[test]
    fn wrong_password_costs_two_hashes_whatever_it_is() {
        let cost = HashCost { memory_kib: 32, passes: 2 };
        let stored = |text, cost| {
            hash(&NewPassword::parse(text).unwrap(), cost, &HashMemory::default()).unwrap()
        };
        let (short, long) = (stored("short", cost), stored(LONG, cost));
        let work = |digest, stored: Option<&StoredPassword>| {
            let memory = HashMemory::default();
            assert!(!super::verify(digest, stored, cost, &memory).unwrap());
            memory.work()
        };
        for digest in [None, Some(sent("wrong")), Some(PasswordDigest::ZERO)] {
            for stored in [None, Some(&short), Some(&long)] {
                assert_eq!(work(digest, stored), 2 * cost.work());
            }
            // Padded: the two cheap hashes come on top.
            let cheap = stored(LONG, CHEAP);
            assert_eq!(work(digest, Some(&cheap)), 2 * (cost.work() + CHEAP.work()));
        }
        let memory = HashMemory::default();
        assert!(super::verify(Some(sent(LONG)), Some(&long), cost, &memory).unwrap());
        assert_eq!(memory.work(), cost.work(), "what is right costs one");
    }
}
