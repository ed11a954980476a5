//! The representation of values in the file: durations as numbers, unset values as empty strings.

/// A `Duration` as a number of seconds, whole or decimal.
pub(super) mod seconds {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    /// Longest time the file may ask for: about three years, so that sums never overflow.
    const LONGEST: f64 = 1e8;

    pub(in crate::config) fn serialize<S: Serializer>(
        value: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if value.subsec_nanos() == 0 {
            serializer.serialize_u64(value.as_secs())
        } else {
            serializer.serialize_f64(value.as_secs_f64())
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let number: f64 = serde::Deserialize::deserialize(deserializer)?;
        if (0.0..=LONGEST).contains(&number) {
            Ok(Duration::from_secs_f64(number))
        } else {
            Err(D::Error::custom(format!("must be a number of seconds from 0 to {LONGEST}")))
        }
    }
}

/// A `Duration` as a whole number of milliseconds.
pub(super) mod milliseconds {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    pub(in crate::config) fn serialize<S: Serializer>(
        value: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(u32::try_from(value.as_millis()).unwrap_or(u32::MAX))
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let number: u32 = serde::Deserialize::deserialize(deserializer)?;
        Ok(Duration::from_millis(u64::from(number)))
    }
}

/// An optional value as text; the empty text means none.
pub(super) mod optional {
    #![expect(clippy::ref_option, reason = "the signature that serde's `with` calls")]

    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::config) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str(""),
        }
    }

    pub(in crate::config) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(D::Error::custom)
    }
}

/// An optional port; the empty text means none.
pub(super) mod optional_port {
    #![expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde's `with` calls"
    )]

    use std::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(in crate::config) fn serialize<S: Serializer>(
        value: &Option<u16>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(port) => serializer.serialize_u16(*port),
            None => serializer.serialize_str(""),
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u16>, D::Error> {
        deserializer.deserialize_any(Port)
    }

    struct Port;

    impl Visitor<'_> for Port {
        type Value = Option<u16>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a port from 0 to 65535, or \"\"")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Option<u16>, E> {
            let wrong = |_| E::custom("must be a port from 0 to 65535, or \"\"");
            u16::try_from(number).map(Some).map_err(wrong)
        }

        // Environment variables are text.
        fn visit_str<E: Error>(self, text: &str) -> Result<Option<u16>, E> {
            if text.is_empty() {
                return Ok(None);
            }
            let wrong = |_| E::custom("must be a port from 0 to 65535, or \"\"");
            text.parse().map(Some).map_err(wrong)
        }
    }
}

/// An optional path; the empty text means none. Separate because paths have no `Display`.
pub(super) mod optional_path {
    #![expect(clippy::ref_option, reason = "the signature that serde's `with` calls")]

    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::config) fn serialize<S: Serializer>(
        value: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(path) => path.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(if text.is_empty() { None } else { Some(PathBuf::from(text)) })
    }
}
