//! Errors in LLSD documents, and the limits on their size.

use thiserror::Error;

/// Bounds for a document from outside. The defaults are those of an inventory-sized capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document.
    pub body_bytes: usize,
    /// Nested containers: a value inside one array has depth 1.
    pub depth: usize,
    /// Values in the document, containers and skipped ones included.
    pub nodes: usize,
    /// Bytes of one map key.
    pub key_bytes: usize,
    /// Bytes of one string or URI.
    pub string_bytes: usize,
    /// Bytes of one binary.
    pub binary_bytes: usize,
}

impl Limits {
    /// 1 MiB of body: inventory and most other capabilities.
    pub const DEFAULT: Self = Self {
        body_bytes: 1 << 20,
        depth: 64,
        nodes: 100_000,
        key_bytes: 1 << 10,
        string_bytes: 256 << 10,
        binary_bytes: 16 << 20,
    };

    /// 64 KiB of body: seed requests, event polls, logins.
    pub const SMALL: Self = Self { body_bytes: 64 << 10, ..Self::DEFAULT };

    /// The same limits with another body size.
    #[must_use]
    pub const fn with_body(self, body_bytes: usize) -> Self {
        Self { body_bytes, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A document that cannot be read: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {offset}")]
pub struct LlsdError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where reading stopped, in bytes from the start of the body.
    pub offset: usize,
}

impl LlsdError {
    pub(super) const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }
}

/// The kinds of [`LlsdError`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ErrorKind {
    /// The body is empty or only white space.
    #[error("empty body")]
    Empty,
    /// Neither content type nor first bytes name an encoding.
    #[error("unknown llsd encoding")]
    UnknownFormat,
    /// XML that is not UTF-8.
    #[error("text is not utf-8")]
    NotUtf8,
    /// XML that is not well-formed; the text says how.
    #[error("malformed xml ({0})")]
    Xml(String),
    /// A document type declaration.
    #[error("document type declaration is not allowed")]
    Doctype,
    /// An entity that is not one of the five of XML, or an impossible character number.
    #[error("unknown entity or character reference")]
    Entity,
    /// The root element is missing or another one.
    #[error("wrong root element")]
    NoRoot,
    /// An element that must be there is not.
    #[error("no {0} element")]
    Missing(&'static str),
    /// `<binary>` with an encoding other than base64.
    #[error("unsupported binary encoding")]
    BinaryEncoding,
    /// Binary text that is not what its encoding demands.
    #[error("malformed binary text")]
    BinaryText,
    /// The input ends inside a value.
    #[error("unexpected end of input")]
    UnexpectedEnd,
    /// A byte that begins no value or is not the expected delimiter.
    #[error("unexpected byte {0:#04x}")]
    UnexpectedByte(u8),
    /// A scalar that does not parse (notation only).
    #[error("malformed {0}")]
    Scalar(&'static str),
    /// A length or count beyond the bytes that are left.
    #[error("length {0} beyond end of input")]
    Length(u64),
    /// Nested deeper than [`Limits::depth`].
    #[error("nested too deep")]
    TooDeep,
    /// More values than [`Limits::nodes`].
    #[error("too many values")]
    TooManyNodes,
    /// Larger than the limit for what is named.
    #[error("{0} too large")]
    TooLarge(&'static str),
}
