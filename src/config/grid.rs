//! The sections `[grid]`, `[login]` and `[storage]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::{optional_path, seconds};

/// `[grid]`: what clients see of the grid as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridConfig {
    /// `gridname` of the grid information: the label in a viewer's grid list.
    pub name: String,
    /// `gridnick`: the short name that viewers use in links and file names.
    pub nick: String,
    /// `message` of the login answer.
    pub welcome: String,
    /// Which of two servers to resemble where they differ.
    pub flavour: Flavour,
    /// What a second login of a live account meets.
    pub duplicate_login: DuplicateLogin,
}

impl Default for GridConfig {
    fn default() -> Self {
        Self {
            name: "Holm".to_owned(),
            nick: "holm".to_owned(),
            welcome: "Welcome to Holm.".to_owned(),
            flavour: Flavour::OpenSim,
            duplicate_login: DuplicateLogin::RefuseOnce,
        }
    }
}

/// Whose manners apply where OpenSim and Second Life differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// OpenSim: what most clients of a local grid expect.
    OpenSim,
    /// Second Life.
    SecondLife,
}

/// What happens when an account logs in that is logged in already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DuplicateLogin {
    /// The attempt is refused with reason `presence` and ends the old session, so that the next
    /// attempt succeeds. Seen in: OpenSim with its default settings.
    RefuseOnce,
    /// The attempt succeeds at once and ends the old session.
    Replace,
}

/// `[login]`: who may log in, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginConfig {
    /// An unknown name creates an account at its first login; on loopback only.
    pub open: bool,
    /// Lets `open` work on every address.
    pub open_anywhere: bool,
    /// The ready-made accounts exist; on loopback only, and only without `accounts_file`.
    pub test_accounts: bool,
    /// JSON array of `{first, last, password, uuid?}`; missing accounts are created at start.
    #[serde(with = "optional_path")]
    pub accounts_file: Option<PathBuf>,
    /// How long after a login `UseCircuitCode` is accepted.
    #[serde(rename = "circuit_code_lifetime_seconds", with = "seconds")]
    pub circuit_code_lifetime: Duration,
    /// Failed logins of one account per minute before it must wait.
    pub failures_per_account: u32,
    /// Failed logins from one address per minute before it must wait.
    pub failures_per_address: u32,
    /// That limit also holds for loopback addresses, which all programs of this machine share.
    pub limit_loopback: bool,
    /// Verified logins remembered (keyed, in memory) so that a repeated one skips the hash.
    pub verified_cache: u32,
    /// Memory of one Argon2id hash, KiB.
    pub argon2_memory_kib: u32,
    /// Passes of one Argon2id hash.
    pub argon2_passes: u32,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self {
            open: false,
            open_anywhere: false,
            test_accounts: true,
            accounts_file: None,
            circuit_code_lifetime: Duration::from_secs(60),
            failures_per_account: 10,
            failures_per_address: 60,
            limit_loopback: false,
            verified_cache: 4096,
            argon2_memory_kib: 12_288,
            argon2_passes: 3,
        }
    }
}

/// `[storage]`: what outlives the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// Directory of the database; created when missing.
    pub directory: PathBuf,
    /// Keeps everything in memory and forgets it at the end.
    pub ephemeral: bool,
    /// Runs each storage job twice and undoes the first run; one that does something else the second
    /// time fails. For tests.
    pub rehearse: bool,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self { directory: PathBuf::from("holm-data"), ephemeral: false, rehearse: false }
    }
}
