//! LLSD, the structured data of logins, capabilities and the event queue: one value type and three
//! encodings.
//!
//! Reading is lenient about form (white space, missing prolog, comments, trailing bytes, numbers in
//! strings) and strict about size: [`Limits`] bounds the depth, the number of values and every
//! length before anything is allocated. Writing is exact: compact XML that the strictest known
//! client reads, with map keys in insertion order.
//!
//! This module must not know what the values mean, whom they belong to, or how they are
//! transported.
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
