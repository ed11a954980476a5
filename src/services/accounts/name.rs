//! Account names: two words of 1 to 31 characters, compared case-insensitively.

use std::fmt;

/// A name that fulfils the rules. Kept as written, compared by [`AccountName::key`].
#[derive(Clone, Debug)]
pub struct AccountName {
    first: String,
    last: String,
}

impl AccountName {
    /// From the two fields of a login or an account file. An empty last name is `Resident`, as
    /// viewers send it for one-word names.
    ///
    /// # Errors
    /// [`NameError`], with the part that breaks a rule.
    pub fn new(first: &str, last: &str) -> Result<Self, NameError> {
        let last = if last.is_empty() { ONE_WORD_LAST_NAME } else { last };
        check("first", first)?;
        check("last", last)?;
        Ok(Self { first: first.to_owned(), last: last.to_owned() })
    }

    /// From one text: `First Last`, `first.last` (the `username` of logins) or one word.
    ///
    /// # Errors
    /// [`NameError`], with the part that breaks a rule.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let (first, last) = text
            .split_once(char::is_whitespace)
            .or_else(|| text.split_once('.'))
            .unwrap_or((text, ""));
        Self::new(first, last.trim_start())
    }

    /// The first name as written.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// The last name as written.
    pub fn last(&self) -> &str {
        &self.last
    }

    /// What two names have in common when they are the same: lower case, one blank between.
    pub fn key(&self) -> String {
        format!("{} {}", self.first.to_lowercase(), self.last.to_lowercase())
    }
}

impl PartialEq for AccountName {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for AccountName {}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.first, self.last)
    }
}

/// Which rule a name breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A part is empty.
    #[error("{part} name is empty")]
    Empty {
        /// `first` or `last`.
        part: &'static str,
    },
    /// A part is longer than 31 characters.
    #[error("{part} name has {length} characters, at most {MAX_CHARS} are possible")]
    TooLong {
        /// `first` or `last`.
        part: &'static str,
        /// Its length.
        length: usize,
    },
    /// A part has a blank, a control character or one that cannot be seen.
    #[error("{part} name has the character U+{:04X}, which is not possible", *.character as u32)]
    BadCharacter {
        /// `first` or `last`.
        part: &'static str,
        /// The character.
        character: char,
    },
}

impl NameError {
    /// The part that breaks a rule: `first` or `last`.
    pub fn part(&self) -> &'static str {
        match self {
            Self::Empty { part } | Self::TooLong { part, .. } | Self::BadCharacter { part, .. } => {
                part
            }
        }
    }
}

fn check(part: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { part });
    }
    let length = text.chars().count();
    if length > MAX_CHARS {
        return Err(NameError::TooLong { part, length });
    }
    match text.chars().find(|&character| !is_allowed(character)) {
        Some(character) => Err(NameError::BadCharacter { part, character }),
        None => Ok(()),
    }
}

/// Blanks would make the two words ambiguous.
fn is_allowed(character: char) -> bool {
    !character.is_whitespace() && is_visible(character)
}

/// Whether a character of a name shows, blanks included. Invisible and direction characters would
/// let one name look like another.
pub fn is_visible(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            // Soft hyphen, grapheme joiner, direction marks and embeddings, zero-width characters.
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            // Letters that fill a place and show nothing.
            | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}'
            // Variation selectors and tags.
            | '\u{FE00}'..='\u{FE0F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// The last name of accounts that have one word for a name.
pub const ONE_WORD_LAST_NAME: &str = "Resident";

/// With four bytes a character, two parts and a blank still fit a `Variable 1` field.
const MAX_CHARS: usize = 31;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String) {
        let name = AccountName::parse(text).unwrap();
        (name.first().to_owned(), name.last().to_owned())
    }

    #[test]
    fn names_come_in_three_spellings() {
        let expected = ("Test".to_owned(), "User".to_owned());
        assert_eq!(parts("Test User"), expected);
        assert_eq!(parts("  Test   User "), expected);
        assert_eq!(parts("Test.User"), expected);
        assert_eq!(parts("Test"), ("Test".to_owned(), "Resident".to_owned()));
        assert_eq!(AccountName::new("Test", "").unwrap(), AccountName::parse("test").unwrap());
    }

    #[test]
    fn case_makes_no_difference_but_is_kept() {
        let name = AccountName::parse("tEST üSER").unwrap();
        assert_eq!(name, AccountName::parse("Test.Üser").unwrap());
        assert_eq!(name.to_string(), "tEST üSER");
    }

    #[test]
    fn rules_are_enforced_on_each_part() {
        assert_eq!(AccountName::parse(""), Err(NameError::Empty { part: "first" }));
        assert_eq!(
            AccountName::new("Test", &"x".repeat(32)),
            Err(NameError::TooLong { part: "last", length: 32 })
        );
        assert!(AccountName::new(&"ü".repeat(31), "x").is_ok());
        for bad in [
            "a b",
            "a\tb",
            "a\0b",
            "a\nb",
            "a\u{200B}b",
            "a\u{202E}b",
            "a\u{A0}b",
            "a\u{3164}b",
            "a\u{FE0F}b",
            "a\u{E0041}b",
            "a\u{61C}b",
            "a\u{2800}b",
        ] {
            assert!(matches!(
                AccountName::new("Test", bad),
                Err(NameError::BadCharacter { part: "last", .. })
            ));
        }
        assert!(AccountName::parse("Test User Three").is_err(), "three words are not a name");
    }
}
