//! Executes the calls of scripts on the bus, and reports lines on observed channels to the
//! observer.

use uuid::Uuid;

use super::answering::LineCause;
use super::call::{CallOutcome, ScriptCall};
use super::clep::{ClepSend, ClepSent, LinkLine, Planned, SpokenLine};
use super::driver::{Driver, ScriptEvent};
use super::error::ObjectError;
use super::model::PrimChange;
use super::run::DIRECT;
use super::{Objects, check};
use crate::clep::Route;
use crate::ids::PrimId;
use crate::lsl::{
    BusError, CallRefusal, ChatBus, ListenHandle, Said, ScriptId, TextLimit, Volume, is_seen,
    parse_key,
};
use crate::time::Timestamp;

impl Objects {
    /// Makes a call of a script.
    pub(super) fn call(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        call: ScriptCall,
    ) -> Result<CallOutcome, ObjectError> {
        let (prim, _) = self.bus.script(script)?;
        let nothing = CallOutcome::default();
        let said = match call {
            ScriptCall::Listen { channel, name, key, message } => {
                let filter = (name.as_str(), key.as_str(), message.as_str());
                let handle = match self.bus.listen(now, script, channel, filter) {
                    Err(BusError::TooMany { .. }) if !self.full_listens_are_an_error() => NO_HANDLE,
                    handle => handle?,
                };
                self.clep.script_listened(script, channel, handle);
                return Ok(CallOutcome { handle: Some(handle.0), ..nothing });
            }
            ScriptCall::ListenControl { handle, active } => {
                let is_known = self.bus.listen_control(script, ListenHandle(handle), active)?;
                return known_handle(handle, is_known);
            }
            ScriptCall::ListenRemove { handle } => {
                let is_known = self.bus.listen_remove(script, ListenHandle(handle))?;
                return known_handle(handle, is_known);
            }
            ScriptCall::Say { volume, channel, text } => {
                self.say(now, script, volume, channel, &text)?
            }
            ScriptCall::RegionSay { channel, text } => {
                self.region_say(now, script, channel, &text)?
            }
            ScriptCall::RegionSayTo { target, channel, text } => {
                self.region_say_to(now, script, &target, channel, &text)?
            }
            ScriptCall::OwnerSay { text } => self.bus.owner_say(now, script, &text)?,
            ScriptCall::InstantMessage { to, text } => {
                self.bus.instant_message(now, script, &to, &text)?
            }
            ScriptCall::MessageLinked { link, number, text, id } => {
                self.message_linked(now, script, (link, number), &text, &id)?
            }
            ScriptCall::Dialog { avatar, message, buttons, channel } => {
                self.bus.dialog(now, script, (&avatar, &message), &buttons, channel)?
            }
            ScriptCall::TextBox { avatar, message, channel } => {
                self.bus.text_box(now, script, (&avatar, &message), channel)?
            }
            ScriptCall::Sleep(pause) => {
                self.bus.sleep(now, script, pause)?;
                return Ok(nothing);
            }
            ScriptCall::MinEventDelay(delay) => {
                self.bus.min_event_delay(script, delay)?;
                return Ok(nothing);
            }
            ScriptCall::SetTimerEvent(interval) => {
                self.bus.set_timer(now, script, interval)?;
                return Ok(nothing);
            }
            ScriptCall::GetKey => return Ok(CallOutcome { key: Some(prim.0), ..nothing }),
            ScriptCall::GetOwner => {
                return Ok(CallOutcome { key: Some(self.bus.owner_key(prim.0)), ..nothing });
            }
            ScriptCall::GetOwnerKey(of) => {
                let owner = parse_key(&of).map_or(Uuid::nil(), |key| self.bus.owner_key(key));
                return Ok(CallOutcome { key: Some(owner), ..nothing });
            }
            ScriptCall::SetObjectName(name) => {
                self.change(now, prim, PrimChange::Name(name))?;
                return Ok(nothing);
            }
            ScriptCall::SetText { text, color } => {
                let text = TextLimit::Bytes(check::TEXT).cut(&text).to_owned();
                self.change(now, prim, PrimChange::Text(text, color))?;
                return Ok(nothing);
            }
            ScriptCall::SetPosition(to) => {
                let root = self.root_of(prim)?;
                self.change(now, root, PrimChange::Position(to))?;
                return Ok(nothing);
            }
            ScriptCall::Die => {
                return Ok(CallOutcome { died: self.die(script, prim)?, ..nothing });
            }
            ScriptCall::ClepListen(listen) => {
                let channels = self.clep.listen(&mut self.bus, now, script, *listen)?;
                return Ok(CallOutcome { channels, ..nothing });
            }
            ScriptCall::ClepForget { domain } => {
                self.clep.forget(&mut self.bus, script, &domain);
                return Ok(nothing);
            }
            ScriptCall::ClepSend(send) => return self.clep_send(now, script, *send),
            ScriptCall::LepListen(listen) => {
                self.clep.lep_listen(script, *listen);
                return Ok(nothing);
            }
            ScriptCall::LepSend(send) => {
                let call = self.clep.plan_lep(&self.bus, script, *send)?;
                return self.call(now, script, call);
            }
        };
        Ok(CallOutcome { said: Some(said), ..nothing })
    }

    fn full_listens_are_an_error(&self) -> bool {
        self.bus.settings().rules.full_listens_are_an_error
    }

    fn say(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        volume: Volume,
        channel: i32,
        text: &str,
    ) -> Result<Said, ObjectError> {
        let call = match volume {
            Volume::Whisper => "llWhisper",
            Volume::Say => "llSay",
            Volume::Shout => "llShout",
        };
        self.speak_seen(now, script, (call, channel, text), |bus| {
            bus.say(now, script, volume, channel, text)
        })
    }

    fn region_say(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        channel: i32,
        text: &str,
    ) -> Result<Said, ObjectError> {
        self.speak_seen(now, script, ("llRegionSay", channel, text), |bus| {
            bus.region_say(now, script, channel, text)
        })
    }

    fn region_say_to(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        target: &str,
        channel: i32,
        text: &str,
    ) -> Result<Said, ObjectError> {
        self.speak(now, script, ("llRegionSayTo", channel, text), |bus| {
            bus.region_say_to(now, script, target, channel, text)
        })
    }

    fn message_linked(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        (link, number): (i32, i32),
        text: &str,
        id: &str,
    ) -> Result<Said, ObjectError> {
        let is_watched = self.clep.watches_links();
        let mut said = self
            .tapped(is_watched, |bus| bus.message_linked(now, script, (link, number), text, id))?;
        let Self { bus, clep, .. } = self;
        if is_watched {
            clep.observe_link(now, &LinkLine { script, number, text, id }, &said, bus);
        }
        if !bus.settings().tap {
            said.hearings.clear();
        }
        Ok(said)
    }

    /// The same as [`Self::speak`], where avatars may see it. Answers to other scripts are limited;
    /// a behaviour's are by the number of lines that led to them.
    fn speak_seen(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        line: (&'static str, i32, &str),
        say: impl FnOnce(&mut ChatBus) -> Result<Said, BusError>,
    ) -> Result<Said, ObjectError> {
        let running = self.scripts.get_mut(&script);
        let running = running.filter(|running| !matches!(running.driver, Driver::Behaviour(_)));
        let cause = match running {
            Some(running) if is_seen(line.1) => running.answering.says(now),
            _ => LineCause::Nothing,
        };
        match cause {
            LineCause::Nothing => self.speak(now, script, line, say),
            LineCause::Answer => {
                self.bus.set_hops(1);
                let said = self.speak(now, script, line, say);
                self.bus.set_hops(0);
                said
            }
            LineCause::Flood => {
                self.speak(now, script, line, |bus| Ok(bus.refuse(CallRefusal::AnswersFlooded)))
            }
        }
    }

    /// Lets a script say something on a channel, and the observer see it.
    fn speak(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        (call, channel, text): (&'static str, i32, &str),
        say: impl FnOnce(&mut ChatBus) -> Result<Said, BusError>,
    ) -> Result<Said, ObjectError> {
        let is_watched = self.clep.watches(channel);
        let mut said = self.tapped(is_watched, say)?;
        let Self { bus, clep, .. } = self;
        let bus = &*bus;
        let (prim, _) = bus.script(script)?;
        if is_watched
            && let (Some(sender_name), Some(owner)) = (bus.prim_name(prim), bus.owner_of(prim))
        {
            let (sender, owner) = (prim.0, owner.key());
            let line = SpokenLine { channel, call, sender, sender_name, owner, text };
            clep.observe(now, &line, &said, bus);
        }
        if !bus.settings().tap {
            said.hearings.clear();
        }
        Ok(said)
    }

    /// Sends a CLEP message by the call that its dialect prescribes.
    fn clep_send(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        send: ClepSend,
    ) -> Result<CallOutcome, ObjectError> {
        let planned = self.clep.plan(&self.bus, script, send)?;
        if planned.route == Route::Direct {
            self.clep.observe_direct(now, &self.bus, script, &planned);
        }
        let Planned { channel, route, text, target, direct } = planned;
        let said = match route {
            Route::RegionSay => self.region_say(now, script, channel, &text)?,
            Route::RegionSayTo => self.region_say_to(now, script, &target, channel, &text)?,
            Route::Shout => self.say(now, script, Volume::Shout, channel, &text)?,
            // The newest dialect is what link messages carry; number and key say nothing there.
            Route::MessageLinked(link) => self.message_linked(now, script, (link, 0), &text, "")?,
            Route::Direct => {
                let event = direct.map(|received| ScriptEvent::Clep(Box::new(received)));
                Said { queued: self.queue_direct(script, event), ..Said::default() }
            }
        };
        let sent = ClepSent { channel, route, text, queued: said.queued };
        Ok(CallOutcome { said: Some(said), clep: Some(sent), ..CallOutcome::default() })
    }

    /// Keeps what a script sends to itself until its turn comes; tells how many events that makes.
    pub(super) fn queue_direct(&mut self, script: ScriptId, event: Option<ScriptEvent>) -> usize {
        let Some(event) = event else { return 0 };
        if self.direct.len() >= DIRECT {
            self.counters.direct_dropped += 1;
            return 0;
        }
        self.direct.push_back((script, event));
        1
    }

    /// `llDie`: the object goes, and the hosts of its other scripts are told. What is worn stays.
    /// Tells which.
    fn die(&mut self, script: ScriptId, prim: PrimId) -> Result<bool, ObjectError> {
        if self.bus.wearer_of(prim).is_some() {
            return Ok(false);
        }
        let root = self.root_of(prim)?;
        self.remove_object(root, |other, _| other != script)?;
        Ok(true)
    }
}

/// What `llListen` returns beyond a limit, where that is no error.
const NO_HANDLE: ListenHandle = ListenHandle(-1);

/// What comes of a call with a handle. LSL says nothing of unknown ones.
fn known_handle(handle: i32, is_known: bool) -> Result<CallOutcome, ObjectError> {
    if is_known {
        Ok(CallOutcome::default())
    } else {
        Err(check::wrong("handle", None, &format!("{handle} is none of the script's listens")))
    }
}
