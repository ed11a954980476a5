//! LLSD, the structured data of logins, capabilities and event queue: one value type, three
//! encodings.
//!
//! Reading is lenient about form (white space, missing prolog, comments, trailing bytes, numbers
//! inside strings) and strict about size: [`Limits`] bound depth, number of values and every length
//! before anything is allocated for it. Writing is exact: compact XML that the pickiest known client
//! reads, map keys in the order in which they were put in.
//!
//! It must not know what the values mean, whose they are, or how they travel.
//!
//! ```
//! use holm::llsd::{Limits, Llsd, array, map, parse_by_type_limited, xml};
//!
//! let poll = map! { "ack" => Llsd::Undef, "done" => false };
//! let body = xml::write(&poll);
//! assert!(body.starts_with("<llsd><map><key>ack</key><undef />"));
//!
//! let read = parse_by_type_limited(Some("application/xml"), body.as_bytes(), &Limits::SMALL)?;
//! assert_eq!(read.get("ack").as_i32(), 0);
//! assert_eq!(array![1, "a"].at(1).as_str(), Some("a"));
//! # Ok::<(), holm::llsd::LlsdError>(())
//! ```

pub mod binary;
mod cursor;
mod date;
mod error;
mod format;
mod map;
pub mod notation;
mod value;
pub(crate) mod walk;
pub mod xml;

pub use date::{format_date, parse_date};
pub use error::{ErrorKind, Limits, LlsdError};
pub use format::{Format, parse_by_type, parse_by_type_limited};
pub use map::Map;
pub use value::Llsd;

/// Builds an [`Llsd::Map`] from `key => value` pairs; values by `Llsd::from`.
#[macro_export]
macro_rules! llsd_map {
    ($($key:expr => $value:expr),* $(,)?) => {{
        let entries: ::std::vec::Vec<(::std::string::String, $crate::llsd::Llsd)> =
            vec![$((::std::string::String::from($key), $crate::llsd::Llsd::from($value))),*];
        $crate::llsd::Llsd::Map(entries.into_iter().collect())
    }};
}

/// Builds an [`Llsd::Array`]; elements by `Llsd::from`.
#[macro_export]
macro_rules! llsd_array {
    ($($value:expr),* $(,)?) => {
        $crate::llsd::Llsd::Array(vec![$($crate::llsd::Llsd::from($value)),*])
    };
}

pub use crate::{llsd_array as array, llsd_map as map};

#[cfg(test)]
mod tests;
