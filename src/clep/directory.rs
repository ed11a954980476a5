//! Names by channel: whose traffic is on a channel, and which names collide.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Dialect;
use super::channel::{NameError, channel};

/// What a script listens to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The dialect.
    pub dialect: Dialect,
    /// The service; empty where the dialect has none.
    #[serde(default)]
    pub service: String,
    /// The domain.
    pub domain: String,
}

impl Name {
    /// The channel; see [`channel()`].
    ///
    /// # Errors
    /// When the service or the domain has a newline.
    pub fn channel(&self) -> Result<i32, NameError> {
        channel(self.dialect, &self.service, &self.domain)
    }
}

/// A bounded set of names, found by channel.
#[derive(Debug)]
pub struct Directory {
    by_channel: BTreeMap<i32, Vec<Name>>,
    len: usize,
    capacity: usize,
}

impl Directory {
    /// An empty one for at most `capacity` names.
    pub const fn new(capacity: usize) -> Self {
        Self { by_channel: BTreeMap::new(), len: 0, capacity }
    }

    /// Adds a name and gives its channel. A name that is there already is there once.
    ///
    /// # Errors
    /// When the name cannot be hashed or the directory is full.
    pub fn insert(&mut self, name: Name) -> Result<i32, DirectoryError> {
        let channel = name.channel()?;
        if self.names(channel).contains(&name) {
            return Ok(channel);
        }
        if self.len >= self.capacity {
            return Err(DirectoryError::Full { capacity: self.capacity });
        }
        self.by_channel.entry(channel).or_default().push(name);
        self.len += 1;
        Ok(channel)
    }

    /// Takes a name out; whether it was there.
    pub fn remove(&mut self, name: &Name) -> bool {
        let Ok(channel) = name.channel() else { return false };
        let Some(names) = self.by_channel.get_mut(&channel) else { return false };
        let Some(at) = names.iter().position(|known| known == name) else { return false };
        names.remove(at);
        if names.is_empty() {
            self.by_channel.remove(&channel);
        }
        self.len -= 1;
        true
    }

    /// The names on a channel, in the order in which they came.
    pub fn names(&self, channel: i32) -> &[Name] {
        self.by_channel.get(&channel).map_or(&[], Vec::as_slice)
    }

    /// The channels that several names share: their listeners hear each other's messages.
    pub fn collisions(&self) -> impl Iterator<Item = (i32, &[Name])> {
        self.by_channel
            .iter()
            .filter(|(_, names)| names.len() > 1)
            .map(|(&channel, names)| (channel, names.as_slice()))
    }

    /// The channels that any avatar can type on, with their names.
    pub fn typeable(&self) -> impl Iterator<Item = (i32, &[Name])> {
        self.by_channel.range(0..).map(|(&channel, names)| (channel, names.as_slice()))
    }

    /// How many names it holds.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Why a name cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be hashed.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There are too many.
    #[error("directory is full with {capacity} names")]
    Full {
        /// How many there may be.
        capacity: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(dialect: Dialect, service: &str, domain: &str) -> Name {
        Name { dialect, service: service.to_owned(), domain: domain.to_owned() }
    }

    #[test]
    fn names_that_get_in_each_others_way_are_told() {
        let mut directory = Directory::new(4);
        let first = name(Dialect::ClepSvc, "svc", "test");
        let second = name(Dialect::ClepSvc, "sv", "ctest");
        assert_eq!(directory.insert(first.clone()), Ok(-110_328_430));
        assert_eq!(directory.collisions().count(), 0);
        assert_eq!(directory.insert(second.clone()), Ok(-110_328_430));
        assert_eq!(directory.insert(first.clone()), Ok(-110_328_430));
        assert_eq!(directory.len(), 2);
        let both = [first.clone(), second.clone()];
        assert_eq!(directory.collisions().collect::<Vec<_>>(), [(-110_328_430, &both[..])]);
        assert!(directory.remove(&first));
        assert!(!directory.remove(&first));
        assert_eq!(directory.collisions().count(), 0);
        assert!(directory.remove(&second));
        assert!(directory.is_empty() && directory.names(-110_328_430).is_empty());
    }

    #[test]
    fn channels_that_avatars_type_on_are_told() {
        let mut directory = Directory::new(4);
        directory.insert(name(Dialect::SeedChuf, "", "d997831")).unwrap();
        directory.insert(name(Dialect::SeedChuf, "", "d116655")).unwrap();
        let channels: Vec<_> = directory.typeable().map(|(channel, _)| channel).collect();
        assert_eq!(channels, [280]);
    }

    #[test]
    fn it_is_bounded_and_takes_no_newlines() {
        let mut directory = Directory::new(1);
        let newline = directory.insert(name(Dialect::ClepJson, "", "a\nb")).unwrap_err();
        assert_eq!(newline.to_string(), "newline in the domain after 1 characters");
        directory.insert(name(Dialect::ClepJson, "", "a")).unwrap();
        let full = directory.insert(name(Dialect::ClepJson, "", "b")).unwrap_err();
        assert_eq!(full, DirectoryError::Full { capacity: 1 });
    }
}
