//! Accounts that exist from the start: those of `--accounts FILE`, and the ready-made ones.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use uuid::Uuid;

use crate::ids::AgentId;

use super::{AccountName, NameError, NewPassword, PasswordError};

/// An account to make.
#[derive(Clone)]
pub struct NewAccount {
    /// Its name.
    pub name: AccountName,
    /// Its password.
    pub password: NewPassword,
    /// Its id; random if none.
    pub id: Option<AgentId>,
}

/// The accounts that exist when nothing is configured: `Test User`, `Alice Tester` and
/// `Bob Tester`, each with the password `test`.
pub fn default_accounts() -> Result<Vec<NewAccount>, AccountFileError> {
    parse_account_file(DEFAULTS, "the default accounts")
}

/// Reads a JSON array of `{"first", "last", "password", "uuid"?}`. `file` is what errors call it.
///
/// The password is plain or `$1$` and the MD5 in hex, as [`NewPassword::parse`] takes it.
///
/// # Errors
/// [`AccountFileError`], naming the file, the entry (the first is 0) and the field.
pub fn parse_account_file(text: &str, file: &str) -> Result<Vec<NewAccount>, AccountFileError> {
    // Some editors begin a file with a byte-order mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let entries: Vec<Entry> = serde_json::from_str(text)
        .map_err(|source| AccountFileError::Syntax { file: file.to_owned(), source })?;
    let mut accounts = Vec::new();
    let mut names = HashMap::new();
    let mut ids = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let at = |field: &str, problem| AccountFileError::Entry {
            file: file.to_owned(),
            index,
            field: field.to_owned(),
            problem,
        };
        let account = entry.read().map_err(|(field, problem)| at(&field, problem))?;
        if let Some(earlier) = names.insert(account.name.key(), index) {
            return Err(at("first", Problem::Duplicate { earlier }));
        }
        if let Some(id) = account.id
            && let Some(earlier) = ids.insert(id, index)
        {
            return Err(at("uuid", Problem::Duplicate { earlier }));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// What is wrong with an account file.
#[derive(Debug, thiserror::Error)]
pub enum AccountFileError {
    /// It is no JSON array of objects.
    #[error("{file}: {source}")]
    Syntax {
        /// The file.
        file: String,
        /// Says line and column.
        source: serde_json::Error,
    },
    /// An entry is wrong.
    #[error("{file}: entry {index}: field `{field}`: {problem}")]
    Entry {
        /// The file.
        file: String,
        /// Which entry; the first is 0.
        index: usize,
        /// Which field of it.
        field: String,
        /// What is wrong with that field.
        problem: Problem,
    },
}

/// What is wrong with a field of an account file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The field has to be there.
    #[error("is missing")]
    Missing,
    /// No such field is known.
    #[error("is not known (known are first, last, password, uuid)")]
    Unknown,
    /// The field stands twice in the entry.
    #[error("stands there twice")]
    Repeated,
    /// The value is no string.
    #[error("is not a string")]
    NotText,
    /// Another entry has the same name or id.
    #[error("is the same as in entry {earlier}")]
    Duplicate {
        /// That entry; the first is 0.
        earlier: usize,
    },
    /// Not a UUID, or the null one.
    #[error("`{0}` is not the UUID of an account")]
    BadUuid(String),
    /// Not a name.
    #[error(transparent)]
    BadName(#[from] NameError),
    /// Not a password.
    #[error(transparent)]
    BadPassword(#[from] PasswordError),
}

/// The members of one object as they stand, so that unknown and repeated ones can be named.
struct Entry(Vec<(String, Value)>);

impl Entry {
    fn read(&self) -> Result<NewAccount, (String, Problem)> {
        for (index, (field, value)) in self.0.iter().enumerate() {
            let problem = if !FIELDS.contains(&field.as_str()) {
                Problem::Unknown
            } else if self.0.iter().take(index).any(|(other, _)| other == field) {
                Problem::Repeated
            } else if !(value.is_string() || field == "uuid" && value.is_null()) {
                Problem::NotText
            } else {
                continue;
            };
            return Err((field.clone(), problem));
        }
        let text = |field| self.text(field).ok_or_else(|| (field.to_owned(), Problem::Missing));
        let name = AccountName::new(text("first")?, text("last")?)
            .map_err(|error| (error.part().to_owned(), error.into()))?;
        let password = NewPassword::parse(text("password")?)
            .map_err(|error| ("password".to_owned(), error.into()))?;
        let id = match self.text("uuid") {
            None => None,
            Some(uuid) => match Uuid::try_parse(uuid) {
                Ok(id) if !id.is_nil() => Some(AgentId(id)),
                _ => return Err(("uuid".to_owned(), Problem::BadUuid(uuid.to_owned()))),
            },
        };
        Ok(NewAccount { name, password, id })
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).and_then(|(_, value)| value.as_str())
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with first, last, password and perhaps uuid")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Entry(members))
    }
}

const FIELDS: [&str; 4] = ["first", "last", "password", "uuid"];

const DEFAULTS: &str = r#"[
    {"first": "Test", "last": "User", "password": "test"},
    {"first": "Alice", "last": "Tester", "password": "test"},
    {"first": "Bob", "last": "Tester", "password": "test"}
]"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        match parse_account_file(text, "a.json") {
            Ok(_) => panic!("{text} was taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn defaults_are_the_three_of_the_readme() {
        let names: Vec<String> =
            default_accounts().unwrap().iter().map(|account| account.name.to_string()).collect();
        assert_eq!(names, ["Test User", "Alice Tester", "Bob Tester"]);
    }

    #[test]
    fn uuid_and_digest_are_taken() {
        let text = "\u{FEFF}[{\"first\":\"A\",\"last\":\"\",\
            \"password\":\"$1$098f6bcd4621d373cade4e832627b4f6\",\
            \"uuid\":\"00000000-0000-4000-8000-00000000000a\"},
            {\"first\":\"B\",\"last\":\"C\",\"password\":\"x\",\"uuid\":null}]";
        let accounts = parse_account_file(text, "a.json").unwrap();
        assert_eq!(accounts[0].name.to_string(), "A Resident");
        assert_eq!(accounts[0].id, Some(AgentId(Uuid::from_u128(0x4000_8000_0000_0000_000a))));
        assert!(accounts[0].password == NewPassword::parse("test").unwrap());
        assert_eq!(accounts[1].id, None);
        assert!(parse_account_file("[]", "a.json").unwrap().is_empty());
    }

    #[test]
    fn errors_name_file_entry_and_field() {
        let one = r#"{"first":"A","last":"B","password":"x"}"#;
        for (text, expected) in [
            (
                format!(r#"[{one},{{"first":"C","last":"D"}}]"#),
                "a.json: entry 1: field `password`: is missing",
            ),
            (
                r#"[{"first":"A","last":"B","password":"x","id":"y"}]"#.to_owned(),
                "a.json: entry 0: field `id`: is not known (known are first, last, password, uuid)",
            ),
            (
                r#"[{"first":"A","last":"B","password":"x","first":"A"}]"#.to_owned(),
                "a.json: entry 0: field `first`: stands there twice",
            ),
            (
                r#"[{"first":"A","last":7,"password":"x"}]"#.to_owned(),
                "a.json: entry 0: field `last`: is not a string",
            ),
            (
                format!(r#"[{one},{{"first":"a","last":"b","password":"y"}}]"#),
                "a.json: entry 1: field `first`: is the same as in entry 0",
            ),
            (
                r#"[{"first":"A","last":"B","password":"x","uuid":"12"}]"#.to_owned(),
                "a.json: entry 0: field `uuid`: `12` is not the UUID of an account",
            ),
            (
                r#"[{"first":"A","last":"B C","password":"x"}]"#.to_owned(),
                "a.json: entry 0: field `last`: last name has the character U+0020, \
                 which is not possible",
            ),
            (
                r#"[{"first":"A","last":"B","password":""}]"#.to_owned(),
                "a.json: entry 0: field `password`: password is empty",
            ),
        ] {
            assert_eq!(error(&text), expected);
        }
    }

    #[test]
    fn broken_json_is_located() {
        assert!(error("[\n{\"first\"").starts_with("a.json: EOF while parsing"));
        assert!(error("{}").contains("line 1 column"));
        assert!(error("[1]").contains("an object with first"));
    }
}
