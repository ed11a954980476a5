//! The forms that Lua libraries write, and further forms that LSL readers accept.

use serde_json::{Value, json};

use super::*;

const TIGHT: &str = "!ujzwdLktaaXiHlqW0w9Lh8A";

fn read(dialect: Dialect, text: &str) -> JsonMessage {
    match Codec::new(dialect).decode(text).unwrap() {
        Message::Json(message) => message,
        other => panic!("{other:?}"),
    }
}

fn payload() -> Value {
    json!({
        "domain": "test", "id": "00000000-0000-4000-8000-000000000001", "method": ["ping"],
        "source": {"region": "Test", "prim": PRIM, "script": "a"}, "target": {},
        "utime": 1_767_225_600,
    })
}

/// The payload with one value changed; null takes the key away.
fn changed(pointer: &str, value: Value) -> String {
    let mut payload = payload();
    *payload.pointer_mut(pointer).unwrap() = value;
    payload.to_string()
}

#[test]
fn an_empty_table_is_an_empty_map() {
    assert_eq!(read(Dialect::ClepJson, &changed("/target", json!([]))), ping());
    let error = Codec::new(Dialect::ClepJson).decode(&changed("/target", json!([1]))).unwrap_err();
    assert_eq!(error.to_string(), "target: expected an object");
    let short = r#"{"ss":"a","ts":"","m":"x","e":[]}"#;
    let message = Codec::new(Dialect::ClepRpcShort).decode(short).unwrap();
    let Message::Short(message) = message else { panic!("{message:?}") };
    assert_eq!(message.outcome, ShortOutcome::Error(Fault::default()));
}

#[test]
fn tagged_and_tight_keys_are_read_as_plain_ones() {
    for key in [format!("!u{PRIM}"), TIGHT.to_owned()] {
        let message = read(Dialect::ClepJson, &changed("/source/prim", json!(key)));
        assert_eq!(message, JsonMessage { tagged: true, ..ping() }, "{key}");
        let target = json!({ "prim": key });
        let message = read(Dialect::ClepJson, &changed("/target", target));
        assert_eq!(message.target.prim.as_deref(), Some(PRIM), "{key}");
        let message = read(Dialect::ClepJson, &changed("/id", json!(key)));
        assert_eq!(message.id, PRIM, "{key}");
    }
    for other in ["!u", "!uxyz", "!ujzwdLktaaXiHlqW0w9Lh8", "!ujzwdLktaaXiHlqW0w9L!8A"] {
        let message = read(Dialect::ClepJson, &changed("/id", json!(other)));
        assert_eq!((message.id.as_str(), message.tagged), (other, false));
    }
}

#[test]
fn header_lines_are_kept_and_shown() {
    let text = format!("SNEP:{{\"h\":1}}\nX-Other: y\n{}", payload());
    let message = read(Dialect::ClepJson, &text);
    let headers =
        vec![("SNEP".to_owned(), "{\"h\":1}".to_owned()), ("X-Other".to_owned(), " y".to_owned())];
    assert_eq!(message, JsonMessage { seal: Seal::Headed { headers }, ..ping() });
    assert!(message.is_signed());
    assert!(Codec::new(Dialect::ClepJson).encode(&Message::Json(message)).is_err());
    let unsigned = read(Dialect::ClepJson, &format!("A:1\n{}", payload()));
    assert!(!unsigned.is_signed());
    // Cut like any other.
    let cut = Codec::new(Dialect::ClepJson).decode("SNEP:x\n{\"domain\"").unwrap_err();
    assert!(cut.is_truncated(), "{cut}");
}

#[test]
fn a_target_that_is_null_or_empty_is_anyone() {
    for nobody in [json!(null), json!(""), json!(NULL_KEY)] {
        let target = json!({ "region": nobody, "prim": nobody, "script": nobody });
        let message = Message::Json(read(Dialect::ClepJson, &changed("/target", target)));
        assert_eq!(message.target_region().filter(|_| nobody != json!(NULL_KEY)), None);
        assert_eq!(message.target_prim(), None);
    }
}

#[test]
fn a_message_needs_no_method() {
    let mut bare = payload();
    bare.as_object_mut().unwrap().remove("method");
    let without = JsonMessage { method: Vec::new(), ..ping() };
    assert_eq!(read(Dialect::ClepJson, &bare.to_string()), without);
    assert_eq!(read(Dialect::ClepJson, &changed("/method", json!(null))), without);
    assert_eq!(read(Dialect::ClepJson, &changed("/method", json!([]))), without);
}

#[test]
fn lua_forms_are_not_checked_for_spoofing() {
    let domains = ["test".to_owned()];
    let dropped = |dialect, text: &str| {
        let codec = Codec::new(dialect);
        let listener = Listener::new(&codec, "", &domains);
        let heard = Heard { speaker: OTHER_PRIM, text: text.as_bytes(), ..Heard::default() };
        listener.receive(&heard).err().map(|dropped| dropped.reason)
    };
    let plain = payload().to_string();
    assert_eq!(dropped(Dialect::ClepJson, &plain), Some(DropReason::Spoof));
    assert_eq!(dropped(Dialect::ClepJsonLua, &plain), None);
    assert_eq!(dropped(Dialect::ClepJson, &format!("SNEP:x\n{plain}")), None);
    let tagged = changed("/source/prim", json!(TIGHT));
    assert_eq!(dropped(Dialect::ClepJson, &tagged), None);
}

#[test]
fn the_two_lua_dialects_have_their_own_wire_forms() {
    let wrapped = JsonMessage { seal: Seal::Wrapped { utime: None }, ..ping() };
    let codec = Codec::new(Dialect::ClepRpcLua);
    let text = codec.encode(&Message::Json(wrapped.clone())).unwrap();
    let outer: Value = serde_json::from_str(&text).unwrap();
    let inner: Value = serde_json::from_str(outer["clep"].as_str().unwrap()).unwrap();
    assert_eq!(inner["timestamp"], json!(1_767_225_600));
    assert_eq!(inner.get("utime"), None);
    assert_eq!(codec.decode(&text), Ok(Message::Json(wrapped.clone())));
    // Neither reads the other's.
    assert!(Codec::new(Dialect::ClepJsonLua).decode(&text).is_err());
    let text = Codec::new(Dialect::ClepJsonLua).encode(&Message::Json(wrapped)).unwrap();
    assert!(text.starts_with("{\"payload\":"), "{text}");
    assert!(codec.decode(&text).is_err());
}

#[test]
fn short_messages_may_have_a_null_id_and_a_float() {
    let text = r#"{"ss":"a","ts":"","m":"x","id":null,"i":1.0}"#;
    let Message::Short(message) = Codec::new(Dialect::ClepRpcShort).decode(text).unwrap() else {
        panic!("{text}");
    };
    assert_eq!((message.id, message.integer), (None, Some(1)));
    let broken = r#"{"ss":"a","ts":"","i":1.5}"#;
    let error = Codec::new(Dialect::ClepRpcShort).decode(broken).unwrap_err();
    assert_eq!(error.to_string(), "i: expected an integer");
}
