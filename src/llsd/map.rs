//! The LLSD map: unique string keys in insertion order.
//!
//! Small maps are searched linearly; larger ones have an index, so that a hostile document with
//! many keys does not take quadratic time.

use std::collections::HashMap;

use super::Llsd;

/// String keys to values. A later value for the same key replaces the earlier one in its place.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<(String, Llsd)>,
    index: Option<HashMap<String, usize>>,
}

impl Map {
    /// No entries.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), index: None }
    }

    /// Sets `key`; gives back the value it had.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Llsd>) -> Option<Llsd> {
        let (key, value) = (key.into(), value.into());
        if let Some(position) = self.position(&key) {
            let (_, slot) = self.entries.get_mut(position)?;
            return Some(std::mem::replace(slot, value));
        }
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() > INDEX_ABOVE {
            self.rebuild_index();
        }
        None
    }

    /// Takes `key` out; costs time linear in the size of the map.
    pub fn remove(&mut self, key: &str) -> Option<Llsd> {
        let position = self.position(key)?;
        let (_, value) = self.entries.remove(position);
        if self.index.is_some() {
            self.rebuild_index();
        }
        Some(value)
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Llsd> {
        self.entries.get(self.position(key)?).map(|(_, value)| value)
    }

    /// Whether `key` is present, even with an undef value.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries in the order of insertion.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Llsd)> + Clone {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(candidate, _)| candidate == key),
        }
    }

    fn rebuild_index(&mut self) {
        let keys = self.entries.iter().enumerate();
        self.index = Some(keys.map(|(position, (key, _))| (key.clone(), position)).collect());
    }
}

/// Equal when the same keys have equal values: order carries no meaning in LLSD.
impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|(key, value)| other.get(key).is_some_and(|found| found == value))
    }
}

impl<K: Into<String>, V: Into<Llsd>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut map = Self::new();
        map.extend(iter);
        map
    }
}

impl<K: Into<String>, V: Into<Llsd>> Extend<(K, V)> for Map {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, iter: I) {
        for (key, value) in iter {
            self.insert(key, value);
        }
    }
}

impl IntoIterator for Map {
    type Item = (String, Llsd);
    type IntoIter = std::vec::IntoIter<(String, Llsd)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// Above this many entries a map keeps an index.
const INDEX_ABOVE: usize = 24;

#[cfg(test)]
mod tests {
    use super::{INDEX_ABOVE, Map};
    use crate::llsd::Llsd;

    #[test]
    fn keeps_order_and_replaces_in_place_with_and_without_index() {
        for size in [3, INDEX_ABOVE + 10] {
            let mut map: Map = (0..size).map(|n| (n.to_string(), n as i32)).collect();
            assert_eq!(map.insert("1", 77), Some(Llsd::Integer(1)));
            assert_eq!(map.get("1"), Some(&Llsd::Integer(77)));
            assert_eq!(map.len(), size);
            assert_eq!(map.remove("0"), Some(Llsd::Integer(0)));
            assert_eq!(map.get("0"), None);
            assert_eq!(map.get("2"), Some(&Llsd::Integer(2)));
            let keys: Vec<_> = map.iter().map(|(key, _)| key.to_owned()).collect();
            assert_eq!(keys, (1..size).map(|n| n.to_string()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn equality_ignores_order() {
        let forward: Map = [("a", 1), ("b", 2)].into_iter().collect();
        let backward: Map = [("b", 2), ("a", 1)].into_iter().collect();
        let other: Map = [("b", 2), ("c", 1)].into_iter().collect();
        assert_eq!(forward, backward);
        assert_ne!(forward, other);
    }
}
