//! Events and results of calls as JSON, the same for script hosts and the control API.

use serde_json::{Map, Value, json};

use crate::lsl::{Event, Said};
use crate::objects::{CallOutcome, ScriptCall, ScriptEvent};

/// An event as members of a JSON object: `event` with its name, `args` with LSL's arguments, and
/// what belongs to it besides.
pub fn event(event: &ScriptEvent) -> Map<String, Value> {
    let value = match event {
        ScriptEvent::Lsl(event) => lsl_event(event),
        ScriptEvent::Clep(received) => with("clep", json!(received)),
        ScriptEvent::Lep(received) => with("lep", json!(received)),
        ScriptEvent::Error(text) => json!({"event": "script_error", "text": &**text}),
        ScriptEvent::Gone => json!({"event": "gone"}),
    };
    match value {
        Value::Object(map) => map,
        // Each arm above makes an object.
        _ => Map::new(),
    }
}

fn lsl_event(event: &Event) -> Value {
    match event {
        Event::StateEntry => json!({"event": "state_entry", "args": []}),
        Event::OnRez { start } => json!({"event": "on_rez", "args": [start]}),
        // Hosts would ask llGetOwnerKey for the owner, and the speaker may be gone by then.
        Event::Listen { channel, name, id, message, owner } => {
            let args = json!([channel, &**name, id, &**message]);
            json!({"event": "listen", "args": args, "owner": owner})
        }
        Event::LinkMessage { sender, number, text, id } => {
            json!({"event": "link_message", "args": [sender, number, &**text, &**id]})
        }
        // LSL gives the number of touches, and the rest by llDetectedKey and its like.
        Event::TouchStart { toucher } => {
            json!({"event": "touch_start", "args": [1], "detected": [{"key": toucher}]})
        }
        Event::Changed { mask } => json!({"event": "changed", "args": [mask]}),
        Event::Timer => json!({"event": "timer", "args": []}),
    }
}

/// What a library took: its own fields beside the event's name.
fn with(name: &str, received: Value) -> Value {
    let mut map = match received {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    map.insert("event".to_owned(), Value::from(name));
    Value::Object(map)
}

/// What a call returned, as `result`, and what became of what it said, as `said`. The result is a
/// handle for `llListen` (-1 if there was none to have), a key for `llGetKey` and its like, the channels for a CLEP listen, how it
/// went out for a CLEP message, else null.
pub fn outcome(call: &Returns, outcome: &CallOutcome) -> Map<String, Value> {
    let result = match call {
        Returns::Handle => json!(outcome.handle.unwrap_or(-1)),
        Returns::Key => json!(outcome.key),
        Returns::Channels => json!(outcome.channels),
        Returns::Clep => json!(outcome.clep),
        Returns::Nothing => Value::Null,
    };
    let mut map = Map::from_iter([("result".to_owned(), result)]);
    if let Some(said) = &outcome.said {
        map.insert("said".to_owned(), said_value(said));
    }
    map
}

/// What kind of result a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// A listen's handle.
    Handle,
    /// A key.
    Key,
    /// Channels.
    Channels,
    /// How a message went out.
    Clep,
    /// Nothing.
    Nothing,
}

impl Returns {
    /// Of a call.
    pub fn of(call: &ScriptCall) -> Self {
        match call {
            ScriptCall::Listen { .. } => Self::Handle,
            ScriptCall::GetKey | ScriptCall::GetOwner | ScriptCall::GetOwnerKey(_) => Self::Key,
            ScriptCall::ClepListen(_) => Self::Channels,
            ScriptCall::ClepSend(_) => Self::Clep,
            _ => Self::Nothing,
        }
    }
}

fn said_value(said: &Said) -> Value {
    let mut value = json!({
        "queued": said.queued,
        "considered": said.considered,
        "truncated": said.truncated,
        "sleep_ms": said.sleep.as_millis() as u64,
    });
    if let (Some(refused), Value::Object(map)) = (said.refused, &mut value) {
        map.insert("refused".to_owned(), Value::from(refused.name()));
    }
    value
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::clep::{Codec, Dialect, Stamp};
    use crate::ids::AgentId;
    use crate::lsl::CallRefusal;
    use crate::objects::ClepReceived;

    #[test]
    fn events_have_the_arguments_of_lsl() {
        let key = Uuid::from_u128(7);
        for (given, expected) in [
            (
                Event::Listen {
                    channel: -5,
                    name: "n".into(),
                    id: key,
                    message: "m".into(),
                    owner: Uuid::from_u128(8),
                },
                json!({"event": "listen", "args": [-5, "n", key, "m"],
                    "owner": Uuid::from_u128(8)}),
            ),
            (
                Event::LinkMessage { sender: 2, number: 3, text: "t".into(), id: "k".into() },
                json!({"event": "link_message", "args": [2, 3, "t", "k"]}),
            ),
            (
                Event::TouchStart { toucher: AgentId(key) },
                json!({"event": "touch_start", "args": [1], "detected": [{"key": key}]}),
            ),
            (Event::Changed { mask: 128 }, json!({"event": "changed", "args": [128]})),
            (Event::OnRez { start: 4 }, json!({"event": "on_rez", "args": [4]})),
            (Event::StateEntry, json!({"event": "state_entry", "args": []})),
            (Event::Timer, json!({"event": "timer", "args": []})),
        ] {
            assert_eq!(Value::Object(event(&ScriptEvent::Lsl(given))), expected);
        }
        let error = ScriptEvent::Error(Arc::from("e"));
        assert_eq!(Value::Object(event(&error)), json!({"event": "script_error", "text": "e"}));
        assert_eq!(Value::Object(event(&ScriptEvent::Gone)), json!({"event": "gone"}));
    }

    #[test]
    fn a_clep_message_is_shown_whole() {
        let stamp = Stamp { unix: Duration::ZERO, id: Uuid::from_u128(1) };
        let fields = json!({"domain": "d", "method": ["m"]}).as_object().unwrap().clone();
        let message = Codec::new(Dialect::ClepJson).compose(fields, &stamp).unwrap();
        let (name, key) = ("Bell".to_owned(), Uuid::from_u128(7));
        let dialect = Dialect::ClepJson;
        let received = ClepReceived { dialect, channel: 5, name, key, message, signed: false };
        let shown = Value::Object(event(&ScriptEvent::Clep(Box::new(received))));
        assert_eq!((&shown["event"], &shown["channel"]), (&json!("clep"), &json!(5)));
        assert_eq!(shown["message"]["method"], json!(["m"]));
    }

    #[test]
    fn outcomes_say_what_was_returned_and_what_became_of_it() {
        let said = Said {
            refused: Some(CallRefusal::Throttled),
            sleep: Duration::from_millis(1500),
            ..Said::default()
        };
        let shown =
            outcome(&Returns::Nothing, &CallOutcome { said: Some(said), ..CallOutcome::default() });
        let expected = json!({"result": null, "said": {"queued": 0, "considered": 0,
            "truncated": false, "sleep_ms": 1500, "refused": "throttled"}});
        assert_eq!(Value::Object(shown), expected);
        let none = outcome(&Returns::Handle, &CallOutcome::default());
        assert_eq!(Value::Object(none), json!({"result": -1}));
    }
}
