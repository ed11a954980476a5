//! Settings that a client makes through capabilities: maturity, hover height, language, default
//! permissions. They are kept for the session. Client input is validated here.

use crate::llsd::{self, Llsd};

/// The highest maturity rating that the user wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaxAccess {
    /// `PG`.
    General,
    /// `M`.
    Moderate,
    /// `A`.
    #[default]
    Adult,
}

impl MaxAccess {
    /// The wire's word for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::General => "PG",
            Self::Moderate => "M",
            Self::Adult => "A",
        }
    }

    /// Reads the wire's word.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::General, Self::Moderate, Self::Adult].into_iter().find(|one| one.code() == code)
    }
}

/// Settings of one agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Preferences {
    /// Highest maturity rating wanted.
    pub max_access: MaxAccess,
    /// How far above the ground the avatar stands, in metres, −2 to 2.
    pub hover_height: f64,
    /// A language tag such as `en`.
    pub language: String,
    /// Whether scripts may know the language.
    pub language_is_public: bool,
    /// What everyone may do with new objects.
    pub everyone_mask: i32,
    /// What the group may do with new objects.
    pub group_mask: i32,
    /// What the next owner may do with new objects.
    pub next_owner_mask: i32,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            max_access: MaxAccess::default(),
            hover_height: 0.0,
            language: "en".to_owned(),
            language_is_public: true,
            everyone_mask: 0,
            group_mask: 0,
            // Move and transfer.
            next_owner_mask: 0x0008_2000,
        }
    }
}

impl Preferences {
    /// Takes over what `body` (of `AgentPreferences` and its relatives) names; the rest stays, and
    /// so does what is named but makes no sense.
    pub fn apply(&mut self, body: &Llsd) {
        if let Some(max) = MaxAccess::from_code(&body.get("access_prefs").get("max").as_string()) {
            self.max_access = max;
        }
        let hover = body.get("hover_height");
        if !hover.is_undef() && hover.as_f64().is_finite() {
            self.hover_height = hover.as_f64().clamp(-2.0, 2.0);
        }
        let language = body.get("language").as_string();
        let is_tag = |tag: &str| tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !language.is_empty() && language.len() <= MAX_LANGUAGE && is_tag(&language) {
            self.language = language;
        }
        if !body.get("language_is_public").is_undef() {
            self.language_is_public = body.get("language_is_public").as_bool();
        }
        let masks = body.get("default_object_perm_masks");
        for (key, mask) in [
            ("Everyone", &mut self.everyone_mask),
            ("Group", &mut self.group_mask),
            ("NextOwner", &mut self.next_owner_mask),
        ] {
            if !masks.get(key).is_undef() {
                *mask = masks.get(key).as_i32();
            }
        }
    }

    /// The full set, as `AgentPreferences` answers it.
    pub fn to_llsd(&self) -> Llsd {
        llsd::map! {
            "access_prefs" => llsd::map! { "max" => self.max_access.code() },
            "default_object_perm_masks" => llsd::map! {
                "Everyone" => self.everyone_mask,
                "Group" => self.group_mask,
                "NextOwner" => self.next_owner_mask,
            },
            "god_level" => 0,
            "hover_height" => self.hover_height,
            "language" => self.language.as_str(),
            "language_is_public" => self.language_is_public,
        }
    }
}

/// Longer than any language tag in use.
const MAX_LANGUAGE: usize = 35;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_changes_only_itself() {
        let mut preferences = Preferences::default();
        preferences.apply(&llsd::map! {
            "access_prefs" => llsd::map! { "max" => "M" },
            "hover_height" => 0.5,
            "default_object_perm_masks" => llsd::map! { "Group" => 0x4000 },
        });
        let expected = Preferences {
            max_access: MaxAccess::Moderate,
            hover_height: 0.5,
            group_mask: 0x4000,
            ..Preferences::default()
        };
        assert_eq!(preferences, expected);
    }

    #[test]
    fn nonsense_changes_nothing() {
        let mut preferences = Preferences::default();
        for body in [
            Llsd::Undef,
            llsd::map! { "access_prefs" => "X", "hover_height" => f64::NAN },
            llsd::map! { "access_prefs" => llsd::map! { "max" => "X" } },
            llsd::map! { "language" => "e".repeat(36) },
            llsd::map! { "language" => "<en>" },
        ] {
            preferences.apply(&body);
        }
        assert_eq!(preferences, Preferences::default());
        preferences.apply(&llsd::map! { "hover_height" => 1e9 });
        assert!((preferences.hover_height - 2.0).abs() < f64::EPSILON);
    }
}
