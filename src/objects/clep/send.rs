//! Sending messages: fills in fields, and determines the channel and the call.

use super::judge::Own;
use super::model::{ClepReceived, ClepSend, LepSend};
use super::{Clep, ObjectError, Planned};
use crate::clep::{
    Address, Body, Codec, Dialect, DirectoryError, EncodeError, Message, Presence, Route, lep,
    route,
};
use crate::ids::PrimId;
use crate::lsl::{ChatBus, LINK_THIS, ScriptId, parse_key};
use crate::objects::ScriptCall;

impl Clep {
    /// How a script's message goes out. The call is made by whoever owns the bus, so that it is
    /// observed like any other.
    pub(in crate::objects) fn plan(
        &self,
        bus: &ChatBus,
        script: ScriptId,
        send: ClepSend,
    ) -> Result<Planned, ObjectError> {
        let own = Own::new(bus, &self.region, script)?;
        let ClepSend { codec, service, domain, target, mut message, force_chat } = send;
        own.sign(&mut message);
        address(&mut message, &service, &domain);
        let service = message.service().unwrap_or(&service);
        let domain = message.domain().unwrap_or(&domain);
        let channel = codec.channel(service, domain).map_err(DirectoryError::from)?;

        let (route, target) = own.route(codec.dialect, &message, &target, force_chat)?;
        let limit = match route {
            // Only chat is ever cut.
            Route::MessageLinked(_) | Route::Direct => usize::MAX,
            Route::RegionSay | Route::RegionSayTo | Route::Shout => codec.limit,
        };
        let text = Codec { limit, ..codec }.encode(&message).map_err(|error| unwritten(&error))?;
        let direct =
            (route == Route::Direct && self.takes_direct(script, &message)).then(|| ClepReceived {
                dialect: codec.dialect,
                channel: 0,
                name: bus.prim_name(own.prim).unwrap_or_default().to_owned(),
                key: own.prim.0,
                signed: message.is_signed(),
                message,
            });
        Ok(Planned { channel, route, text, target, direct })
    }

    /// The call by which a script's LEP message goes out.
    pub(in crate::objects) fn plan_lep(
        &self,
        bus: &ChatBus,
        script: ScriptId,
        send: LepSend,
    ) -> Result<ScriptCall, ObjectError> {
        let own = Own::new(bus, &self.region, script)?;
        let LepSend { revision, link, mut message } = send;
        match &mut message {
            lep::Message::Imp(message) => fill(&mut message.source, own.script),
            lep::Message::Plain(message) => fill(&mut message.source, own.script),
            lep::Message::Short { message, .. } => fill(&mut message.source.script, own.script),
            lep::Message::Lines(message) => fill(&mut message.source.script, own.script),
            lep::Message::Json(message) => own.fill(&mut message.source),
        }
        let lep::LinkMessage { integer, text, key } =
            lep::encode(revision, &message).map_err(|error| unwritten(&error))?;
        let link = if link == 0 { LINK_THIS } else { link };
        Ok(ScriptCall::MessageLinked { link, number: integer, text, id: key })
    }

    /// Whether a script listens to the domain of a message that its library hands to it.
    fn takes_direct(&self, script: ScriptId, message: &Message) -> bool {
        let Some((library, domain)) = self.scripts.get(&script).zip(message.domain()) else {
            return false;
        };
        let mut setups = library.setups.iter().filter(|setup| setup.reads_links());
        setups.any(|setup| setup.listen.domains.iter().any(|known| known == domain))
    }
}

impl Own<'_> {
    /// Says who sends a message, where it does not say so yet and its dialect has a place for it.
    fn sign(&self, message: &mut Message) {
        match message {
            Message::Opaque { .. } | Message::Packet(_) => {}
            Message::Listed(message) => {
                if let Body::Lep(message) = &mut message.body {
                    fill(&mut message.source, self.script);
                }
            }
            // Prim and region are for relays: whoever hears it knows them.
            Message::Short(message) => fill(&mut message.source.script, self.script),
            Message::Lines(message) => self.fill(&mut message.source),
            Message::Json(message) => self.fill(&mut message.source),
        }
    }

    fn fill(&self, Address { region, prim, script }: &mut Address) {
        fill(region, self.region);
        fill(prim, &self.key);
        fill(script, self.script);
    }

    /// By which call a message goes, and to which prim: that of the message, or else `beside` it.
    fn route(
        &self,
        dialect: Dialect,
        message: &Message,
        beside: &str,
        force_chat: bool,
    ) -> Result<(Route, String), ObjectError> {
        if let Some(link) = link_of(message)? {
            return self.route_to_link(link, force_chat);
        }
        let target = message.target_prim().unwrap_or(beside);
        let route = route(dialect, target, self.presence(target, message), force_chat);
        let target = if route == Route::RegionSayTo { target } else { "" };
        Ok((route, target.to_owned()))
    }

    /// As [`Own::route`], of a message that names a link number and no prim.
    fn route_to_link(&self, link: i32, force_chat: bool) -> Result<(Route, String), ObjectError> {
        let linked = (Route::MessageLinked(link), String::new());
        if !force_chat {
            return Ok(linked);
        }
        let number = usize::try_from(link).map_err(|_| ObjectError::Value {
            field: "target.link",
            problem: "must be that of one prim where chat is forced".to_owned(),
        })?;
        let root = self.bus.root_of(self.prim).unwrap_or(self.prim);
        let prims = self.bus.prims_of(root)?;
        // A prim without others has the number 0.
        match prims.get(number.saturating_sub(1)).filter(|_| number > 0 || prims.len() == 1) {
            // It would not hear its own chat.
            Some(prim) if *prim == self.prim => Ok(linked),
            Some(prim) => Ok((Route::RegionSayTo, prim.to_string())),
            None => Err(ObjectError::UnknownLink(number)),
        }
    }

    /// Where the prim that a message is for is.
    fn presence(&self, target: &str, message: &Message) -> Presence {
        let Some(key) = parse_key(target) else { return Presence::Absent };
        let prim = PrimId(key);
        let link = self.bus.link_number(prim).unwrap_or_default();
        if prim == self.prim {
            return match message.target_script() {
                Some(script) if script == self.script => Presence::OwnScript,
                _ => Presence::OwnPrim(link),
            };
        }
        match self.bus.root_of(prim) {
            Some(root) if self.bus.root_of(self.prim) == Some(root) => Presence::Linkset(link),
            Some(_) => Presence::Region,
            None if self.bus.is_known(key) => Presence::Region,
            None => Presence::Absent,
        }
    }
}

/// Gives a message its service and domain, where it has a place for them and they are empty.
fn address(message: &mut Message, service: &str, domain: &str) {
    match message {
        Message::Opaque { .. } | Message::Packet(_) => {}
        Message::Listed(message) => {
            fill(&mut message.service, service);
            fill(&mut message.domain, domain);
        }
        Message::Short(message) => fill(&mut message.domain, domain),
        Message::Lines(message) => fill(&mut message.domain, domain),
        Message::Json(message) => fill(&mut message.domain, domain),
    }
}

/// The link number that a message is for, if it names no prim.
fn link_of(message: &Message) -> Result<Option<i32>, ObjectError> {
    let Message::Json(json) = message else { return Ok(None) };
    let Some(link) = json.target.link.as_ref().filter(|_| message.target_prim().is_none()) else {
        return Ok(None);
    };
    let number = link.as_i64().and_then(|link| i32::try_from(link).ok());
    let number = number.ok_or_else(|| ObjectError::Value {
        field: "target.link",
        problem: "must be a link number".to_owned(),
    })?;
    Ok(Some(number))
}

fn fill(text: &mut String, with: &str) {
    if text.is_empty() {
        with.clone_into(text);
    }
}

fn unwritten(error: &EncodeError) -> ObjectError {
    ObjectError::ClepEncode(error.to_string())
}
