//! The LLSD value, its constructors and its lenient accessors.
//!
//! Clients send numbers and ids as strings, and integers as reals, so accessors never fail: a value
//! that is missing or cannot be converted reads as the default of the requested type. Code that
//! must distinguish a missing value from a default matches on the variant.

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::{Map, format_date, parse_date};

/// One LLSD value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Llsd {
    /// No value.
    #[default]
    Undef,
    /// Truth.
    Boolean(bool),
    /// Signed 32 bits; there are no other integers in LLSD.
    Integer(i32),
    /// A double.
    Real(f64),
    /// Unicode text.
    String(String),
    /// A UUID.
    Uuid(Uuid),
    /// Seconds since 1970-01-01T00:00:00Z.
    Date(f64),
    /// A URI, not checked.
    Uri(String),
    /// Bytes; also what stands for unsigned and 64-bit integers.
    Binary(Vec<u8>),
    /// Ordered values.
    Array(Vec<Llsd>),
    /// Keyed values.
    Map(Map),
}

impl Llsd {
    /// A template U32: 4 bytes, big-endian.
    pub fn u32(value: u32) -> Self {
        Self::Binary(value.to_be_bytes().to_vec())
    }

    /// A template U64: 8 bytes, big-endian.
    pub fn u64(value: u64) -> Self {
        Self::Binary(value.to_be_bytes().to_vec())
    }

    /// A template IPADDR: 4 bytes in address order.
    pub fn ip(value: Ipv4Addr) -> Self {
        Self::Binary(value.octets().to_vec())
    }

    /// Bytes.
    pub fn binary(value: impl Into<Vec<u8>>) -> Self {
        Self::Binary(value.into())
    }

    /// A URI.
    pub fn uri(value: impl Into<String>) -> Self {
        Self::Uri(value.into())
    }

    /// Sets `key`, for a map; any other value becomes a map first.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Llsd>) {
        if !matches!(self, Self::Map(_)) {
            *self = Self::Map(Map::new());
        }
        if let Self::Map(map) = self {
            map.insert(key, value);
        }
    }

    /// The value of `key`; undef when there is none or this is no map.
    pub fn get(&self, key: &str) -> &Self {
        self.as_map().get(key).unwrap_or(&UNDEF)
    }

    /// The element at `index`; undef when there is none or this is no array.
    pub fn at(&self, index: usize) -> &Self {
        self.as_array().get(index).unwrap_or(&UNDEF)
    }

    /// Whether this is undef.
    pub const fn is_undef(&self) -> bool {
        matches!(self, Self::Undef)
    }

    /// Truth. Strings `""`, `0` and `false` (any case) are false, other strings true.
    pub fn as_bool(&self) -> bool {
        match self {
            Self::Boolean(value) => *value,
            Self::Integer(value) => *value != 0,
            Self::Real(value) => *value != 0.0 && !value.is_nan(),
            Self::String(text) | Self::Uri(text) => {
                let text = text.trim();
                !(text.is_empty() || text == "0" || text.eq_ignore_ascii_case("false"))
            }
            Self::Uuid(value) => !value.is_nil(),
            Self::Array(values) => !values.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Undef | Self::Date(_) | Self::Binary(_) => false,
        }
    }

    /// A signed integer. Fractions are cut off; what does not fit 32 bits reads as 0.
    pub fn as_i32(&self) -> i32 {
        match self {
            Self::Boolean(value) => i32::from(*value),
            Self::Integer(value) => *value,
            Self::Real(value) | Self::Date(value) => real_to_i32(*value),
            Self::String(text) => {
                let text = text.trim();
                text.parse().unwrap_or_else(|_| text.parse().map_or(0, real_to_i32))
            }
            Self::Binary(bytes) => prefix(bytes).map_or(0, i32::from_be_bytes),
            _ => 0,
        }
    }

    /// A real that is finite: NaN and infinities read as 0, since no field wants one.
    pub fn as_f64(&self) -> f64 {
        let value = match self {
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::Integer(value) => f64::from(*value),
            Self::Real(value) | Self::Date(value) => *value,
            Self::String(text) => text.trim().parse().unwrap_or(0.0),
            Self::Binary(bytes) => prefix(bytes).map_or(0.0, f64::from_be_bytes),
            _ => 0.0,
        };
        if value.is_finite() { value } else { 0.0 }
    }

    /// A 32-bit real by [`Self::as_f64`]; beyond its range it reads as 0.
    pub fn as_f32(&self) -> f32 {
        let value = self.as_f64() as f32;
        if value.is_finite() { value } else { 0.0 }
    }

    /// A template U32: binary of at least 4 bytes, or an integer (masks come as signed ones), or
    /// a number in a string.
    pub fn as_u32(&self) -> u32 {
        match self {
            Self::Binary(bytes) => prefix(bytes).map_or(0, u32::from_be_bytes),
            Self::Real(value) => *value as u32,
            Self::String(text) => text.trim().parse().unwrap_or_else(|_| self.as_i32() as u32),
            _ => self.as_i32() as u32,
        }
    }

    /// A template U64: binary of at least 8 bytes, or what [`Self::as_u32`] takes.
    pub fn as_u64(&self) -> u64 {
        match self {
            Self::Binary(bytes) => match prefix(bytes) {
                Some(eight) => u64::from_be_bytes(eight),
                None => u64::from(self.as_u32()),
            },
            Self::Real(value) => *value as u64,
            Self::String(text) => text.trim().parse().unwrap_or_else(|_| u64::from(self.as_u32())),
            _ => u64::from(self.as_u32()),
        }
    }

    /// A template IPADDR: binary of 4 bytes or dotted text; 0.0.0.0 otherwise.
    pub fn as_ip(&self) -> Ipv4Addr {
        match self {
            Self::Binary(bytes) => prefix::<4>(bytes).map_or(Ipv4Addr::UNSPECIFIED, Ipv4Addr::from),
            Self::String(text) => text.trim().parse().unwrap_or(Ipv4Addr::UNSPECIFIED),
            _ => Ipv4Addr::UNSPECIFIED,
        }
    }

    /// Text. Truth reads as `true` or nothing, as the viewer has it.
    pub fn as_string(&self) -> String {
        match self {
            Self::Boolean(true) => "true".to_owned(),
            Self::Integer(value) => value.to_string(),
            Self::Real(value) => value.to_string(),
            Self::String(text) | Self::Uri(text) => text.clone(),
            Self::Uuid(value) => value.to_string(),
            Self::Date(seconds) => format_date(*seconds),
            _ => String::new(),
        }
    }

    /// Text of a string or URI without a copy; nothing for other types.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Uri(text) => Some(text),
            _ => None,
        }
    }

    /// A UUID, also from its text or its 16 bytes; nil otherwise.
    pub fn as_uuid(&self) -> Uuid {
        match self {
            Self::Uuid(value) => *value,
            Self::String(text) => text_to_uuid(text),
            Self::Binary(bytes) => prefix(bytes).map_or(Uuid::nil(), Uuid::from_bytes),
            _ => Uuid::nil(),
        }
    }

    /// Seconds since 1970, also from ISO text or a number; 0 otherwise.
    pub fn as_date(&self) -> f64 {
        match self {
            Self::String(text) => parse_date(text.trim()).unwrap_or(0.0),
            Self::Boolean(_) | Self::Binary(_) => 0.0,
            _ => self.as_f64(),
        }
    }

    /// Bytes: of a binary, the UTF-8 of text, the big-endian form of a number, of a UUID.
    pub fn as_binary(&self) -> Vec<u8> {
        match self {
            Self::Binary(bytes) => bytes.clone(),
            Self::String(text) | Self::Uri(text) => text.as_bytes().to_vec(),
            Self::Integer(value) => value.to_be_bytes().to_vec(),
            Self::Real(value) => value.to_be_bytes().to_vec(),
            Self::Uuid(value) => value.as_bytes().to_vec(),
            _ => Vec::new(),
        }
    }

    /// The elements of an array; none for other types.
    pub fn as_array(&self) -> &[Self] {
        match self {
            Self::Array(values) => values,
            _ => &[],
        }
    }

    /// The map; an empty one for other types.
    pub const fn as_map(&self) -> &Map {
        match self {
            Self::Map(map) => map,
            _ => &EMPTY_MAP,
        }
    }
}

static UNDEF: Llsd = Llsd::Undef;
static EMPTY_MAP: Map = Map::new();

/// The first `N` bytes, if there are so many.
fn prefix<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

/// Cut off to an integer; 0 when it does not fit.
fn real_to_i32(value: f64) -> i32 {
    let whole = value.trunc();
    if whole >= f64::from(i32::MIN) && whole <= f64::from(i32::MAX) { whole as i32 } else { 0 }
}

/// A UUID with hyphens or as 32 digits, in either case; nil for anything else.
pub(super) fn text_to_uuid(text: &str) -> Uuid {
    let text = text.trim();
    // Other lengths are forms (braces, urn) that no client of these protocols knows.
    if matches!(text.len(), 32 | 36) {
        Uuid::parse_str(text).unwrap_or_default()
    } else {
        Uuid::nil()
    }
}

macro_rules! from_into {
    ($($source:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$source> for Llsd {
            fn from(value: $source) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

from_into! {
    bool => Boolean,
    i8 => Integer,
    u8 => Integer,
    i16 => Integer,
    u16 => Integer,
    i32 => Integer,
    f32 => Real,
    f64 => Real,
    &str => String,
    &String => String,
    String => String,
    Uuid => Uuid,
    Map => Map,
    Vec<Llsd> => Array,
}

/// Vectors and quaternions: an array of reals.
impl<const N: usize> From<[f32; N]> for Llsd {
    fn from(values: [f32; N]) -> Self {
        Self::Array(values.into_iter().map(Self::from).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Llsd {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Undef, Into::into)
    }
}

impl<T: Into<Self>> FromIterator<T> for Llsd {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Self::Array(iter.into_iter().map(Into::into).collect())
    }
}
