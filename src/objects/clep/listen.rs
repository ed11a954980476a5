//! The state of a script's library: the names it listens to, the listens of the bus it uses for
//! them, and the verdicts on events that are still queued.

use std::collections::{BTreeMap, VecDeque};

use super::filter::Pending;
use super::model::{ClepListen, LepListen};
use super::names::Names;
use super::{Clep, ObjectError};
use crate::clep::{DirectoryError, Name};
use crate::lsl::{BusError, ChatBus, ListenHandle, ScriptId};
use crate::time::Timestamp;

/// The CLEP and LEP libraries of one script.
#[derive(Debug, Default)]
pub(super) struct Library {
    /// In the order in which they came.
    pub(super) setups: Vec<Setup>,
    /// One of each revision, in the order in which they came.
    pub(super) lep: Vec<LepListen>,
    /// Verdicts on events that wait, in the order of those.
    pub(super) pending: VecDeque<Pending>,
    /// The open listen on each channel.
    handles: BTreeMap<i32, HeldListen>,
}

/// A listening with the channels of its domains, in their order.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) listen: ClepListen,
    pub(super) channels: Vec<i32>,
}

/// A listen on the bus.
#[derive(Clone, Copy, Debug)]
struct HeldListen {
    handle: ListenHandle,
    /// It was made for CLEP: the script did not ask for the same itself.
    is_own: bool,
}

impl Clep {
    /// A script listens to domains by one open listen for each channel, and tells the channels. A
    /// domain that it listens to already in the same form takes the new settings. On an error
    /// nothing has changed.
    pub(in crate::objects) fn listen(
        &mut self,
        bus: &mut ChatBus,
        now: Timestamp,
        script: ScriptId,
        listen: ClepListen,
    ) -> Result<Vec<i32>, ObjectError> {
        if listen.domains.is_empty() {
            return Err(value("must name a domain"));
        }
        let channels = channels_of(&listen)?;
        let mut domains: Vec<(String, i32)> = Vec::new();
        for (domain, channel) in listen.domains.iter().zip(&channels) {
            if !domains.iter().any(|(known, _)| known == domain) {
                domains.push((domain.clone(), *channel));
            }
        }
        bus.script(script)?;
        let library = self.scripts.entry(script).or_default();
        let others = library.setups.iter().map(|setup| {
            let is_kept = |domain: &&String| !setup.is_for(&listen, domain);
            setup.listen.domains.iter().filter(is_kept).count()
        });
        if others.sum::<usize>() + domains.len() > DOMAINS {
            return Err(value(&format!("are more than {DOMAINS} of one script")));
        }
        let opened = library.open(bus, now, script, &channels)?;

        library.handles.extend(opened);
        for (domain, channel) in &domains {
            self.names.add(*channel, script, listen.codec, name(&listen, domain));
        }
        library.retire(&mut self.names, script, |setup, domain| setup.is_for(&listen, domain));
        let (domains, of_domains): (Vec<String>, Vec<i32>) = domains.into_iter().unzip();
        library
            .setups
            .push(Setup { listen: ClepListen { domains, ..listen }, channels: of_domains });
        self.reads_links(script);
        Ok(channels)
    }

    /// A script no more listens to a domain, in whatever dialect; an empty domain is all of them.
    /// The listen on a channel ends with its last domain, unless the script asked for the same
    /// itself. What it heard already is still given to it.
    pub(in crate::objects) fn forget(&mut self, bus: &mut ChatBus, script: ScriptId, domain: &str) {
        let Some(library) = self.scripts.get_mut(&script) else { return };
        library.retire(&mut self.names, script, |_, known| domain.is_empty() || known == domain);
        let listens = bus.listens_of(script);
        let setups = &library.setups;
        library.handles.retain(|channel, held| {
            let is_used = setups.iter().any(|setup| setup.channels.contains(channel));
            // The script may have removed it, and the number may be another listen's by now.
            if !is_used && held.is_own && listens.contains(&(held.handle.0, *channel)) {
                // It cannot fail: the script has listens.
                let _ = bus.listen_remove(script, held.handle);
            }
            is_used
        });
        self.reads_links(script);
    }

    /// A script has called `llListen` itself and got this handle: if it shares it with CLEP, it
    /// keeps it when CLEP needs it no more.
    pub(in crate::objects) fn script_listened(
        &mut self,
        script: ScriptId,
        channel: i32,
        handle: ListenHandle,
    ) {
        let library = self.scripts.get_mut(&script);
        let held = library.and_then(|library| library.handles.get_mut(&channel));
        if let Some(held) = held.filter(|held| held.handle == handle) {
            held.is_own = false;
        }
    }

    /// A script reads link messages as LEP; what it said of the same revision before is forgotten.
    pub(in crate::objects) fn lep_listen(&mut self, script: ScriptId, listen: LepListen) {
        let library = self.scripts.entry(script).or_default();
        library.lep.retain(|other| other.revision != listen.revision);
        library.lep.push(listen);
        self.reads_links(script);
    }

    /// A script is gone or has changed its state: its listening is over, and what waited for it is
    /// forgotten.
    pub(in crate::objects) fn script_gone(&mut self, script: ScriptId) {
        let Some(mut library) = self.scripts.remove(&script) else { return };
        library.retire(&mut self.names, script, |_, _| true);
        self.readers.remove(&script);
    }

    /// Notes whether a script reads link messages.
    fn reads_links(&mut self, script: ScriptId) {
        let reads = self.scripts.get(&script).is_some_and(|library| {
            !library.lep.is_empty() || library.setups.iter().any(Setup::reads_links)
        });
        if reads {
            self.readers.insert(script);
        } else {
            self.readers.remove(&script);
        }
    }
}

impl Library {
    /// Makes the listens for these channels, those it has already included.
    fn open(
        &self,
        bus: &mut ChatBus,
        now: Timestamp,
        script: ScriptId,
        channels: &[i32],
    ) -> Result<Vec<(i32, HeldListen)>, BusError> {
        let before = bus.listens_of(script);
        let mut opened: Vec<(i32, HeldListen)> = Vec::new();
        for channel in channels {
            if opened.iter().any(|(known, _)| known == channel) {
                continue;
            }
            match bus.listen(now, script, *channel, ("", "", "")) {
                Ok(handle) => {
                    let is_new = !before.contains(&(handle.0, *channel));
                    let held = self.handles.get(channel);
                    let was_own = held.is_some_and(|held| held.handle == handle && held.is_own);
                    opened.push((*channel, HeldListen { handle, is_own: is_new || was_own }));
                }
                Err(error) => {
                    for (channel, HeldListen { handle, .. }) in opened {
                        if !before.contains(&(handle.0, channel)) {
                            // It was made just now.
                            let _ = bus.listen_remove(script, handle);
                        }
                    }
                    return Err(error);
                }
            }
        }
        Ok(opened)
    }

    /// Takes out the domains that `is_over` names.
    fn retire(
        &mut self,
        names: &mut Names,
        script: ScriptId,
        is_over: impl Fn(&Setup, &str) -> bool,
    ) {
        for setup in &mut self.setups {
            let over = setup.listen.domains.iter().map(|domain| is_over(setup, domain));
            let over: Vec<bool> = over.collect();
            let domains = std::mem::take(&mut setup.listen.domains);
            let channels = std::mem::take(&mut setup.channels);
            for ((domain, channel), is_over) in domains.into_iter().zip(channels).zip(over) {
                if is_over {
                    names.remove(channel, script, setup.listen.codec, name(&setup.listen, &domain));
                } else {
                    setup.listen.domains.push(domain);
                    setup.channels.push(channel);
                }
            }
        }
        self.setups.retain(|setup| !setup.channels.is_empty());
    }
}

impl Setup {
    /// Whether it says how a domain of `other` is listened to.
    fn is_for(&self, other: &ClepListen, domain: &str) -> bool {
        self.listen.codec == other.codec
            && self.listen.service == other.service
            && other.domains.iter().any(|known| known == domain)
    }

    /// Whether its messages come by link messages, too.
    pub(super) fn reads_links(&self) -> bool {
        self.listen.codec.dialect.is_json()
    }
}

fn channels_of(listen: &ClepListen) -> Result<Vec<i32>, DirectoryError> {
    let channel = |domain: &String| listen.codec.channel(&listen.service, domain);
    Ok(listen.domains.iter().map(channel).collect::<Result<_, _>>()?)
}

fn name(listen: &ClepListen, domain: &str) -> Name {
    Name {
        dialect: listen.codec.dialect,
        service: listen.service.clone(),
        domain: domain.to_owned(),
    }
}

fn value(problem: &str) -> ObjectError {
    ObjectError::Value { field: "domains", problem: problem.to_owned() }
}

/// Most domains that one script listens to; a listen is left for itself.
pub(super) const DOMAINS: usize = 64;
