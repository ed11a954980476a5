//! The answer to a login that was refused.

use crate::llsd::{Llsd, Map};

/// A login that was refused. The HTTP status is 200 all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginFailure {
    /// Decides what the viewer does.
    pub reason: FailureReason,
    /// Shown to the user.
    pub message: String,
    /// Name of one of the viewer's own texts, for clients that ask for extended errors.
    pub message_id: Option<String>,
    /// What to fill into that text, by name.
    pub message_args: Vec<(String, String)>,
    /// With a demand for a second factor: what the client should send back.
    pub mfa_hash: Option<String>,
}

impl LoginFailure {
    /// A refusal with the plain text only.
    pub fn new(reason: FailureReason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { reason, message, message_id: None, message_args: Vec::new(), mfa_hash: None }
    }

    /// The tree of the answer.
    pub fn to_llsd(&self) -> Llsd {
        let mut out = Map::new();
        out.insert("login", "false");
        out.insert("reason", self.reason.code());
        out.insert("message", self.message.as_str());
        if let Some(id) = &self.message_id {
            out.insert("message_id", id);
        }
        if !self.message_args.is_empty() {
            let args = self.message_args.iter().map(|(name, text)| (name.as_str(), text.as_str()));
            out.insert("message_args", args.collect::<Map>());
        }
        if let Some(hash) = &self.mfa_hash {
            out.insert("mfa_hash", hash);
        }
        Llsd::Map(out)
    }
}

/// Why a login was refused, as viewers tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// Wrong name or password, a bad request, a place that cannot be reached.
    Key,
    /// Already logged in, or not allowed in.
    Presence,
    /// The terms of service must be accepted.
    Tos,
    /// A message must be read.
    Critical,
    /// The viewer must be updated.
    Update,
    /// The viewer may be updated.
    Optional,
    /// A second factor is wanted.
    MfaChallenge,
    /// The grid cannot be reached.
    Connect,
    /// Something went wrong inside.
    InternalError,
}

impl FailureReason {
    /// The word on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Presence => "presence",
            Self::Tos => "tos",
            Self::Critical => "critical",
            Self::Update => "update",
            Self::Optional => "optional",
            Self::MfaChallenge => "mfa_challenge",
            Self::Connect => "connect",
            Self::InternalError => "Internal Error",
        }
    }
}
