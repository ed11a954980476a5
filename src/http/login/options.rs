//! Which parts of the answer a login asks for.

use crate::llsd::Llsd;

/// Which parts of the answer a client asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginOptions(Vec<String>);

impl LoginOptions {
    /// These options.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Whether the answer should have this part. A client that asks for nothing gets everything,
    /// because some expect it.
    pub fn wants(&self, part: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name == part)
    }

    /// The options as they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn read(value: &Llsd) -> Self {
        let names = value.as_array().iter().filter_map(Llsd::as_str);
        Self::new(names.filter(|name| !name.is_empty() && name.len() <= 64).take(MAX_OPTIONS))
    }
}

/// The longest known list has two dozen.
const MAX_OPTIONS: usize = 256;
