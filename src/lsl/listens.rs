//! The listens by channel: their filters and their order.
//!
//! The cost of a line depends on the number of listens on its channel. They are checked in the
//! order in which they were created, so the same calls cause the same events.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::deliver::{Fate, LineReach, Spoken};
use super::error::{BusError, CallRefusal, Countable};
use super::objects::too_many;
use super::text::{TextLimit, parse_key};
use super::{ChatBus, Said, ScriptId};
use crate::ids::PrimId;
use crate::time::Timestamp;

/// What `llListen` returns: positive, a script's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenHandle(pub i32);

impl fmt::Display for ListenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ChatBus {
    /// `llListen`: hears what is said on a channel, by whom and what the other arguments let
    /// through; an empty text, and a key that is null or no key, let everything through.
    ///
    /// A listen that is there already gives its handle and takes no room; scripts rely on it.
    /// [`Rules::listens_cover`](super::Rules::listens_cover) says which ones count as the same.
    ///
    /// # Errors
    ///
    /// [`BusError::TooMany`] beyond a limit, which the script sees as -1 or as an error.
    pub fn listen(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        channel: i32,
        (name, key, text): (&str, &str, &str),
    ) -> Result<ListenHandle, BusError> {
        let known = self.scripts.get(script).ok_or(BusError::UnknownScript(script))?;
        let prim = known.prim;
        let filter = Filter::new(name, key, text);
        let same = known.listens.values().filter(|(other, _)| *other == channel);
        let mut same = same.filter_map(|(_, place)| self.listens.get(channel, *place));
        let rules = &self.settings.rules;
        if let Some(same) = same.find(|listen| {
            if rules.listens_cover {
                listen.is_active && listen.filter.covers(&filter)
            } else {
                listen.filter == filter
            }
        }) {
            return Ok(same.handle);
        }

        let limit = rules.listens_per_script;
        if known.listens.len() >= limit {
            if rules.full_listens_are_an_error {
                self.script_error(now, script, "Too many listens", &mut Said::default());
            }
            self.refuse(CallRefusal::TooManyListens);
            return Err(too_many(Countable::ListensOfAScript, limit));
        }
        if let Some(limit) = rules.listens_per_region.filter(|limit| self.listens.len() >= *limit) {
            self.refuse(CallRefusal::TooManyListens);
            return Err(too_many(Countable::ListensOfTheRegion, limit));
        }
        let mut handle = 1;
        for used in known.listens.keys() {
            if *used != handle {
                break;
            }
            handle += 1;
        }

        let listen = Listen { script, prim, handle: ListenHandle(handle), filter, is_active: true };
        let place = self.listens.add(channel, listen);
        if let Some(known) = self.scripts.get_mut(script) {
            known.listens.insert(handle, (channel, place));
        }
        Ok(ListenHandle(handle))
    }

    /// `llListenControl`: makes a listen deaf or hear again; it keeps its room. Whether there is
    /// such a handle; scripts are not told.
    pub fn listen_control(
        &mut self,
        script: ScriptId,
        handle: ListenHandle,
        is_active: bool,
    ) -> Result<bool, BusError> {
        let known = self.scripts.get(script).ok_or(BusError::UnknownScript(script))?;
        let place = known.listens.get(&handle.0).copied();
        let listen = place.and_then(|(channel, place)| self.listens.get_mut(channel, place));
        Ok(listen.map(|listen| listen.is_active = is_active).is_some())
    }

    /// `llListenRemove`: ends a listen. What it heard already stays queued. Whether there was such
    /// a handle; scripts are not told.
    pub fn listen_remove(
        &mut self,
        script: ScriptId,
        handle: ListenHandle,
    ) -> Result<bool, BusError> {
        let known = self.scripts.get_mut(script).ok_or(BusError::UnknownScript(script))?;
        let place = known.listens.remove(&handle.0);
        if let Some((channel, place)) = place {
            self.listens.remove(channel, place);
        }
        Ok(place.is_some())
    }
}

/// What a listen lets through. What is `None` is not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    name: Option<Arc<str>>,
    key: Option<Uuid>,
    text: Option<Arc<str>>,
}

impl Filter {
    /// From the arguments of `llListen`. An empty text and what is no key let everything through.
    pub(super) fn new(name: &str, key: &str, text: &str) -> Self {
        let wanted = |text: &str| (!text.is_empty()).then(|| Arc::from(FILTER_TEXT.cut(text)));
        Self { name: wanted(name), key: parse_key(key), text: wanted(text) }
    }

    /// Whether it lets through all that another one would.
    fn covers(&self, other: &Self) -> bool {
        fn covers<T: PartialEq>(own: Option<&T>, other: Option<&T>) -> bool {
            own.is_none() || own == other
        }
        covers(self.key.as_ref(), other.key.as_ref())
            && covers(self.name.as_ref(), other.name.as_ref())
            && covers(self.text.as_ref(), other.text.as_ref())
    }

    /// Why a line does not come through.
    fn stops(&self, spoken: &Spoken) -> Option<Fate> {
        if self.key.is_some_and(|key| key != spoken.speaker) {
            return Some(Fate::Key);
        }
        if self.name.as_ref().is_some_and(|name| *name != spoken.name) {
            return Some(Fate::Name);
        }
        self.text.as_ref().is_some_and(|text| *text != spoken.text).then_some(Fate::Text)
    }
}

/// One listen.
#[derive(Debug)]
pub(super) struct Listen {
    pub(super) script: ScriptId,
    pub(super) prim: PrimId,
    pub(super) handle: ListenHandle,
    pub(super) filter: Filter,
    pub(super) is_active: bool,
}

impl Listen {
    /// Why it does not hear a line, as far as that can be told without looking up places.
    pub(super) fn stops(&self, spoken: &Spoken) -> Option<Fate> {
        if !self.is_active {
            return Some(Fate::Inactive);
        }
        if spoken.deaf == Some(self.prim) {
            return Some(Fate::Own);
        }
        if matches!(spoken.reach, LineReach::Prim(prim) if prim != self.prim) {
            return Some(Fate::NotAddressed);
        }
        self.filter.stops(spoken)
    }
}

/// All listens.
#[derive(Debug, Default)]
pub(super) struct Listens {
    channels: HashMap<i32, BTreeMap<u64, Listen>>,
    next: u64,
    count: usize,
}

impl Listens {
    /// Adds one; tells its place, by which it is found again.
    pub(super) fn add(&mut self, channel: i32, listen: Listen) -> u64 {
        self.next += 1;
        self.count += 1;
        self.channels.entry(channel).or_default().insert(self.next, listen);
        self.next
    }

    pub(super) fn remove(&mut self, channel: i32, place: u64) {
        let Some(listens) = self.channels.get_mut(&channel) else { return };
        if listens.remove(&place).is_some() {
            self.count -= 1;
        }
        if listens.is_empty() {
            self.channels.remove(&channel);
        }
    }

    pub(super) fn get(&self, channel: i32, place: u64) -> Option<&Listen> {
        self.channels.get(&channel)?.get(&place)
    }

    pub(super) fn get_mut(&mut self, channel: i32, place: u64) -> Option<&mut Listen> {
        self.channels.get_mut(&channel)?.get_mut(&place)
    }

    /// Those on a channel, the oldest first.
    pub(super) fn on(&self, channel: i32) -> impl Iterator<Item = &Listen> {
        self.channels.get(&channel).into_iter().flat_map(BTreeMap::values)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }
}

/// Longer than any text on the bus, so a filter that is cut matches nothing, as before.
const FILTER_TEXT: TextLimit = TextLimit::Bytes(4096);
