//! Decides whether a script accepts a LEP message, and why not.

use super::Message;
use crate::clep::receive::Match;

/// A script that gets link messages.
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'a> {
    /// Its prim's link number.
    pub link: i32,
    /// Its name.
    pub script: &'a str,
    /// The scripts it listens to; none: all.
    pub sources: &'a [String],
    /// Other names it goes by.
    pub aliases: &'a [String],
    /// How the target is compared with its name.
    pub script_match: Match,
    /// The domains it listens to, for messages that have one.
    pub domains: &'a [String],
}

impl<'a> Receiver<'a> {
    /// A script without any peculiarity.
    pub const fn new(link: i32, script: &'a str) -> Self {
        let script_match = Match::Exact;
        Self { link, script, sources: &[], aliases: &[], script_match, domains: &[] }
    }

    /// Says whether the script takes a message. One that came inside a CLEP message has link −1.
    pub fn judge(&self, sender_link: i32, message: &Message) -> Result<(), LepRefusal> {
        let (source, target) = (message.source(), message.target());
        if sender_link == self.link && source == self.script {
            return Err(LepRefusal::Echo);
        }
        if message.domain().is_some_and(|domain| !self.domains.iter().any(|own| own == domain)) {
            return Err(LepRefusal::Domain);
        }
        if !self.sources.is_empty() && !self.sources.iter().any(|name| name == source) {
            return Err(LepRefusal::Source);
        }
        let is_meant = target.is_empty()
            || self.script_match.matches(self.script, target)
            || self.aliases.iter().any(|alias| alias == target);
        if is_meant { Ok(()) } else { Err(LepRefusal::Target) }
    }
}

/// Why a script does not take a LEP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LepRefusal {
    /// It sent it itself.
    #[error("echo")]
    Echo,
    /// It does not listen to the domain.
    #[error("domain")]
    Domain,
    /// It does not listen to the sender.
    #[error("source")]
    Source,
    /// It is for another script.
    #[error("script")]
    Target,
}
