//! Errors of messages that cannot be written, and of texts that cannot be read.

use super::channel::NameError;
use super::lep;

/// Why a message cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The domain or the service has a newline.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The dialect does not have messages of this shape.
    #[error("{dialect} has no {shape} messages")]
    Shape {
        /// The dialect's name.
        dialect: &'static str,
        /// What was to be written.
        shape: &'static str,
    },
    /// The simulator would cut it.
    #[error("message of {bytes} bytes: at most {limit} fit into one chat message")]
    TooLong {
        /// What it would be.
        bytes: usize,
        /// What may be.
        limit: usize,
    },
    /// A field has a newline where newlines separate fields.
    #[error("newline in the {field}")]
    Newline {
        /// Which field.
        field: &'static str,
    },
    /// A field has a value that would be read as something else.
    #[error("{field}: {problem}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The LEP message inside cannot be written.
    #[error("lep message: {0}")]
    Lep(#[from] lep::EncodeError),
}

/// Why a text is not a message of the dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It ends before its own form says that it does.
    #[error("truncated after {bytes} bytes: {missing}")]
    Truncated {
        /// How long it is.
        bytes: usize,
        /// What should have followed.
        missing: &'static str,
    },
    /// It is no text.
    #[error("not utf-8 after {after} bytes")]
    NotText {
        /// How many bytes precede the first that is wrong.
        after: usize,
    },
    /// It is not in the form of the dialect.
    #[error("{what}: expected {expected}")]
    Form {
        /// The part of the text, such as a field or a line.
        what: &'static str,
        /// What was expected there.
        expected: &'static str,
    },
    /// It is a list with another tag.
    #[error("tag {found:?}: expected {expected}")]
    Tag {
        /// Its first element, or the start of it.
        found: String,
        /// The dialect's.
        expected: &'static str,
    },
    /// It has the tag and too many elements or fields.
    #[error("{found} {what}: expected {expected}")]
    Count {
        /// How many it has.
        found: usize,
        /// `elements` or `fields`.
        what: &'static str,
        /// How many it should have.
        expected: &'static str,
    },
    /// It is no JSON.
    #[error("not json: {0}")]
    Json(String),
    /// A field of it is missing or of another kind than the dialect says.
    #[error("{key}: expected {expected}")]
    Key {
        /// The key or field.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// It says that it carries LEP and does not.
    #[error("lep message: {0}")]
    Lep(#[from] lep::DecodeError),
}

impl DecodeError {
    /// Whether the text looks as if it had been longer.
    pub const fn is_truncated(&self) -> bool {
        matches!(self, Self::Truncated { .. })
    }
}
