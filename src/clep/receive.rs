//! Decides whether a script that hears a text on its channel accepts it as a message, and why not.
//!
//! Scripts drop messages silently. The observer uses the same checks to report the reason.

use serde::{Deserialize, Serialize};

use super::codec::Codec;
use super::message::{Message, NULL_KEY};
use super::{DecodeError, Dialect};

/// A script that listens to domains, as its library was set up.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'a> {
    /// How it reads.
    pub codec: &'a Codec,
    /// The service it belongs to, where the dialect has services.
    pub service: &'a str,
    /// The domains it listens to.
    pub domains: &'a [String],
    /// Name of its region.
    pub region: &'a str,
    /// Key of its prim.
    pub prim: &'a str,
    /// Its name.
    pub script: &'a str,
    /// Its owner's key, if it takes messages from this owner's objects only.
    pub owner_only: Option<&'a str>,
    /// Whether it compares the prim that a message is for with its own.
    pub checks_prim: bool,
    /// Whether it compares the prim that a message says it comes from with the one that spoke;
    /// must be off where relays speak for others. None: as libraries of the dialect do, which is
    /// only in [`Dialect::ClepJson`], and there not for the forms that Lua writes.
    pub checks_speaker: Option<bool>,
    /// How the script that a message is for is compared with its own name.
    pub script_match: Match,
}

impl<'a> Listener<'a> {
    /// A script whose library has the habits of its dialect.
    pub fn new(codec: &'a Codec, service: &'a str, domains: &'a [String]) -> Self {
        Self {
            codec,
            service,
            domains,
            region: "",
            prim: "",
            script: "",
            owner_only: None,
            checks_prim: codec.checks_prim(),
            checks_speaker: None,
            script_match: Match::Exact,
        }
    }

    /// Reads what was heard and says whether the script takes it.
    pub fn receive(&self, heard: &Heard<'_>) -> Result<Received, Dropped> {
        let message = self.codec.decode_bytes(heard.text)?;
        self.judge(heard, &message)?;
        Ok(Received { is_signed: message.is_signed(), message })
    }

    /// Says whether the script takes a message that has been read already.
    ///
    /// # Errors
    /// Why it does not: the first reason, in the order of [`DropReason`].
    pub fn judge(&self, heard: &Heard<'_>, message: &Message) -> Result<(), Dropped> {
        let dropped = |reason, detail: String| Err(Dropped { reason, detail });
        if matches!(message, Message::Packet(_)) {
            return dropped(DropReason::NotClep, "packet of a transfer".to_owned());
        }
        if let Some(service) = message.service().filter(|service| *service != self.service) {
            return dropped(DropReason::Service, format!("for service {service:?}"));
        }
        if let Some(domain) = message.domain()
            && !self.domains.iter().any(|own| own == domain)
        {
            return dropped(DropReason::Interference, format!("for domain {domain:?}"));
        }
        if let Some(own) = self.owner_only
            && !heard.owner.is_some_and(|owner| owner.eq_ignore_ascii_case(own))
        {
            let owner = heard.owner.unwrap_or("nobody known");
            return dropped(DropReason::Owner, format!("speaker belongs to {owner}"));
        }
        if let Some(region) = message.target_region().filter(|region| *region != self.region) {
            return dropped(DropReason::Region, format!("for region {region:?}"));
        }
        if let Some(prim) = message.target_prim().filter(|_| self.checks_prim)
            && !prim.eq_ignore_ascii_case(self.prim)
        {
            return dropped(DropReason::Prim, format!("for prim {prim:?}"));
        }
        if let Some(script) = message.target_script()
            && !self.script_match.matches(self.script, script)
        {
            return dropped(DropReason::Script, format!("for script {script:?}"));
        }
        let claimed = message.source_prim();
        let checks_speaker = self
            .checks_speaker
            .unwrap_or_else(|| self.codec.dialect == Dialect::ClepJson && !message.is_of_lua());
        if let Some(prim) = claimed.filter(|_| checks_speaker)
            && !prim.eq_ignore_ascii_case(heard.speaker)
        {
            return dropped(DropReason::Spoof, format!("says that it comes from prim {prim:?}"));
        }
        let from_own_prim = claimed.unwrap_or(heard.speaker).eq_ignore_ascii_case(self.prim);
        if from_own_prim && message.source_script() == Some(self.script) {
            return dropped(DropReason::Loopback, "the script's own".to_owned());
        }
        Ok(())
    }
}

/// A text on a channel.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Key of the prim or avatar that spoke.
    pub speaker: &'a str,
    /// Key of the speaker's owner; `None`: not known, as of a speaker in another region.
    pub owner: Option<&'a str>,
    /// What was said, as it arrived.
    pub text: &'a [u8],
}

impl Default for Heard<'_> {
    fn default() -> Self {
        Self { speaker: NULL_KEY, owner: None, text: &[] }
    }
}

/// A message that the script takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// It carries a signature that nobody has verified. The script takes it as from nobody it
    /// knows.
    pub is_signed: bool,
}

/// Why a script does not take what it hears, in the order in which it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// No message of this dialect; other listens may want it.
    NotClep,
    /// A message that was cut.
    Truncated,
    /// For another service.
    Service,
    /// For another domain that has the same channel.
    Interference,
    /// The speaker has another owner, or one that cannot be known.
    Owner,
    /// For another region.
    Region,
    /// For another prim.
    Prim,
    /// For another script.
    Script,
    /// It says that it comes from another prim than the one that spoke.
    Spoof,
    /// The script's own.
    Loopback,
}

impl DropReason {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::NotClep,
        Self::Truncated,
        Self::Service,
        Self::Interference,
        Self::Owner,
        Self::Region,
        Self::Prim,
        Self::Script,
        Self::Spoof,
        Self::Loopback,
    ];

    /// The word that records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotClep => "not_clep",
            Self::Truncated => "truncated",
            Self::Service => "service",
            Self::Interference => "interference",
            Self::Owner => "owner",
            Self::Region => "region",
            Self::Prim => "prim",
            Self::Script => "script",
            Self::Spoof => "spoof",
            Self::Loopback => "loopback",
        }
    }
}

/// A reason, and what exactly was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}: {detail}", .reason.name())]
pub struct Dropped {
    /// The reason.
    pub reason: DropReason,
    /// For people.
    pub detail: String,
}

impl From<DecodeError> for Dropped {
    fn from(error: DecodeError) -> Self {
        let reason = if error.is_truncated() { DropReason::Truncated } else { DropReason::NotClep };
        Self { reason, detail: error.to_string() }
    }
}

/// How the script that a message is for is compared with a script's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// Equal.
    #[default]
    Exact,
    /// A part of the name, which was the rule from January to August 2025.
    Substring,
}

impl Match {
    /// Whether `target` means the script `name`.
    pub fn matches(self, name: &str, target: &str) -> bool {
        match self {
            Self::Exact => name == target,
            Self::Substring => name.contains(target),
        }
    }
}
