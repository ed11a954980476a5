//! The behaviour `clep-ping`: listens to one CLEP name and answers requests to `ping`.
//!
//! It has no clock, so an answer has the time of its request.

use serde_json::Value;

use crate::clep::{
    Address, Body, Codec, JsonMessage, LineOutcome, LinesMessage, ListedMessage, Match, Message,
    NULL_KEY, Name, ShortMessage, ShortOutcome,
    lep::{Flags, LepMessage},
};
use crate::objects::call::ScriptCall;
use crate::objects::clep::{ClepListen, ClepReceived, ClepSend};

/// The method, and in dialects without methods the text, that is answered.
const PING: &str = "ping";

/// The answer where the request has nothing that could be sent back.
const PONG: &str = "pong";

/// What it does first.
pub(super) fn listen(name: &Name) -> ScriptCall {
    ScriptCall::ClepListen(Box::new(ClepListen {
        codec: Codec::new(name.dialect),
        service: name.service.clone(),
        domains: vec![name.domain.clone()],
        owner_only: false,
        checks_speaker: None,
        script_match: Match::Exact,
    }))
}

/// The answer to a message, if it wants one.
pub(super) fn answer(name: &Name, received: &ClepReceived) -> Option<ScriptCall> {
    let speaker = received.key.to_string();
    let target = speaker.clone();
    let message = match &received.message {
        Message::Opaque { text } => {
            (text == PING).then(|| Message::Opaque { text: PONG.to_owned() })?
        }
        Message::Listed(request) => Message::Listed(listed(request, speaker)?),
        Message::Short(request) => Message::Short(short(request, &speaker)?),
        Message::Lines(request) => Message::Lines(lines(request, &speaker)?),
        Message::Json(request) => Message::Json(json(request, &speaker)?),
        Message::Packet(_) => return None,
    };
    Some(ScriptCall::ClepSend(Box::new(ClepSend {
        codec: Codec::new(name.dialect),
        service: name.service.clone(),
        domain: name.domain.clone(),
        target,
        message,
        force_chat: false,
    })))
}

/// Lists do not say which prim they are from: the answer goes to who spoke.
fn listed(request: &ListedMessage, speaker: String) -> Option<ListedMessage> {
    let body = match &request.body {
        Body::Raw { kind, text } if text == PING => {
            Body::Raw { kind: kind.clone(), text: PONG.to_owned() }
        }
        Body::Raw { .. } => return None,
        Body::Lep(lep) => Body::Lep(response(lep)?),
    };
    Some(ListedMessage { prim: speaker, body, ..request.clone() })
}

/// Responses repeat the parameters, by which they are recognised.
fn response(request: &LepMessage) -> Option<LepMessage> {
    let is_ping = request.flags.contains(Flags::REQUEST)
        && !request.flags.contains(Flags::RESPONSE)
        && request.parameters.first().is_some_and(|parameter| parameter == PING);
    is_ping.then(|| LepMessage {
        flags: Flags::RESPONSE,
        source: String::new(),
        target: request.source.clone(),
        ..request.clone()
    })
}

/// Without an id nobody waits for an answer.
fn short(request: &ShortMessage, speaker: &str) -> Option<ShortMessage> {
    let is_ping =
        request.method == PING && request.outcome == ShortOutcome::Request && request.id.is_some();
    is_ping.then(|| ShortMessage {
        domain: request.domain.clone(),
        target: back(&request.source, speaker),
        method: request.method.clone(),
        id: request.id.clone(),
        outcome: ShortOutcome::Result(result(request.params.as_ref())),
        ..ShortMessage::default()
    })
}

fn lines(request: &LinesMessage, speaker: &str) -> Option<LinesMessage> {
    let is_ping = request.method == PING && request.outcome == LineOutcome::Request;
    let params = if request.params.is_empty() { PONG } else { request.params.as_str() };
    is_ping.then(|| LinesMessage {
        timestamp: request.timestamp.clone(),
        target: back(&request.source, speaker),
        domain: request.domain.clone(),
        method: request.method.clone(),
        id: request.id.clone(),
        outcome: LineOutcome::Result(params.to_owned()),
        ..LinesMessage::default()
    })
}

fn json(request: &JsonMessage, speaker: &str) -> Option<JsonMessage> {
    if request.result.is_some() || request.method != [PING] {
        return None;
    }
    let result = result(request.params.as_ref());
    let mut answer = request.answer(Address::default(), request.utime.clone(), result);
    let prim = back(&request.source, speaker).prim;
    answer.target.prim = Some(prim);
    Some(answer)
}

/// The parameters come back.
fn result(params: Option<&Value>) -> Value {
    params.cloned().unwrap_or_else(|| PONG.into())
}

/// To whom the answer to a message from `source` goes: its prim may go without saying.
fn back(source: &Address, speaker: &str) -> Address {
    let Address { region, prim, script } = source.clone();
    let is_known = !prim.is_empty() && prim != NULL_KEY;
    Address { region, prim: if is_known { prim } else { speaker.to_owned() }, script }
}
