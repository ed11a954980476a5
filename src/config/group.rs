//! The array `[[group]]`: groups that exist from the start.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::derived::derived_id;
use super::units::optional;

/// One `[[group]]`. It is made when no group has its name; one that exists is left as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupConfig {
    /// Name, unique in the grid, compared without case.
    pub name: String,
    /// Group id; none: derived from the name, so that it stays the same between starts.
    #[serde(with = "optional")]
    pub uuid: Option<Uuid>,
    /// The account that founded and owns it, `First Last`.
    pub founder: String,
    /// Accounts that are members; the founder is one anyway.
    pub members: Vec<String>,
    /// Whether anybody may join without an invitation.
    pub open: bool,
    /// What it is about.
    pub charter: String,
}

impl Default for GroupConfig {
    /// The group of the ready-made accounts.
    fn default() -> Self {
        Self {
            name: "Holm Residents".to_owned(),
            uuid: None,
            founder: "Test User".to_owned(),
            members: vec!["Alice Tester".to_owned(), "Bob Tester".to_owned()],
            open: true,
            charter: "Everybody who lives here.".to_owned(),
        }
    }
}

impl GroupConfig {
    /// The configured id, or the derived one.
    pub fn id(&self) -> Uuid {
        self.uuid.unwrap_or_else(|| derived_group_id(&self.name))
    }
}

/// The id of a group that was given none.
pub fn derived_group_id(name: &str) -> Uuid {
    derived_id(&"group ".bytes().chain(name.to_lowercase().bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_depend_on_the_name_without_case_and_never_change() {
        let id = GroupConfig::default().id();
        assert_eq!(id, derived_group_id("HOLM residents"));
        assert_ne!(id, derived_group_id("Holm Resident"));
        assert_eq!(id.to_string(), DEFAULT_ID);
    }

    const DEFAULT_ID: &str = "dd09efa7-9735-8f75-881c-ba6de1cd4d36";
}
