//! The agent that a request names, by its id or by its name.

use uuid::Uuid;

use super::ControlError;
use crate::ids::AgentId;
use crate::services::accounts::AccountName;

/// An agent or its account, as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By id.
    Id(AgentId),
    /// By name, in any case.
    Name(AccountName),
}

impl Who {
    /// Reads a UUID, `First Last` or `first.last`.
    pub(super) fn parse(field: &'static str, text: &str) -> Result<Self, ControlError> {
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(Self::Id(AgentId(id)));
        }
        AccountName::parse(text).map(Self::Name).map_err(|error| {
            let message = format!("{field} is neither a UUID nor a name: {error}");
            ControlError::invalid(field, message)
        })
    }
}
