//! Channels by the names that are listened to or watched on them. Bookkeeping only.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::clep::{Codec, DirectoryError, Name};
use crate::lsl::ScriptId;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Names {
    channels: BTreeMap<i32, Channel>,
    /// How many names are watched, whoever listens.
    watched: usize,
}

/// What is known of one channel.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// In the order in which they came.
    names: Vec<Known>,
    /// Who listens for CLEP here, with the number of names.
    scripts: BTreeMap<ScriptId, usize>,
}

/// A name, and how its messages are written. One name may be written in several ways.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) codec: Codec,
    pub(super) name: Name,
    is_watched: bool,
    listeners: usize,
}

impl Names {
    /// Adds a name that is watched, and tells its channel. Twice is once.
    pub(super) fn watch(&mut self, name: Name) -> Result<i32, DirectoryError> {
        let name = plain(name);
        let codec = Codec::new(name.dialect);
        let number = name.channel()?;
        let is_known = self.get(number).is_some_and(|channel| {
            channel.names.iter().any(|known| known.is_watched && known.name == name)
        });
        if is_known {
            return Ok(number);
        }
        if self.watched >= WATCHED {
            return Err(DirectoryError::Full { capacity: WATCHED });
        }
        self.watched += 1;
        self.channels.entry(number).or_default().known(codec, name).is_watched = true;
        Ok(number)
    }

    /// A script listens to a name.
    pub(super) fn add(&mut self, number: i32, script: ScriptId, codec: Codec, name: Name) {
        let channel = self.channels.entry(number).or_default();
        channel.known(codec, plain(name)).listeners += 1;
        *channel.scripts.entry(script).or_default() += 1;
    }

    /// A script does so no more.
    pub(super) fn remove(&mut self, number: i32, script: ScriptId, codec: Codec, name: Name) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        let name = plain(name);
        let at = channel.names.iter().position(|known| known.codec == codec && known.name == name);
        if let Some(at) = at
            && let Some(known) = channel.names.get_mut(at)
        {
            known.listeners = known.listeners.saturating_sub(1);
            if !known.is_watched && known.listeners == 0 {
                channel.names.remove(at);
            }
        }
        // The others are not looked at: thousands may go at once.
        if let Entry::Occupied(mut count) = channel.scripts.entry(script) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        if channel.names.is_empty() {
            self.channels.remove(&number);
        }
    }

    /// A channel that somebody listens to or watches.
    pub(super) fn get(&self, number: i32) -> Option<&Channel> {
        self.channels.get(&number)
    }
}

impl Channel {
    /// Its names, at least one.
    pub(super) fn names(&self) -> &[Known] {
        &self.names
    }

    /// Whether a script listens for CLEP here.
    pub(super) fn has(&self, script: ScriptId) -> bool {
        self.scripts.contains_key(&script)
    }

    /// Those that do.
    pub(super) fn scripts(&self) -> impl Iterator<Item = ScriptId> {
        self.scripts.keys().copied()
    }

    fn known(&mut self, codec: Codec, name: Name) -> &mut Known {
        let at = self.names.iter().position(|known| known.codec == codec && known.name == name);
        let at = at.unwrap_or_else(|| {
            self.names.push(Known { codec, name, is_watched: false, listeners: 0 });
            self.names.len() - 1
        });
        &mut self.names[at]
    }
}

/// A name with no service where its dialect knows none, so that equal names are equal.
fn plain(mut name: Name) -> Name {
    if !name.dialect.is_listed() {
        name.service.clear();
    }
    name
}

/// Most names that are watched in a region.
const WATCHED: usize = 1024;
