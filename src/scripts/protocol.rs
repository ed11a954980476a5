//! The lines of the script host protocol: parses requests and writes answers, without any
//! connection. `docs/script-host.md` describes both.
//!
//! Lines are untrusted. Parsing never panics; an error names the field.

use serde_json::{Map, Value, json};

use super::access::AccessError;
use super::calls;
use super::clep;
use super::create::{ChangePlan, ObjectPlan, ScriptPlan, handlers};
use super::fields::{FieldError, Fields};
use crate::clep::Stamp;
use crate::ids::PrimId;
use crate::lsl::EventKinds;
use crate::objects::ScriptCall;

/// The longest line, in bytes without its end.
pub const LONGEST_LINE: usize = 128 * 1024;
/// The longest id that is repeated, in bytes of JSON.
const LONGEST_ID: usize = 256;

/// A line from a script host.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// A number or a string, repeated in the answer; null if the line had none.
    pub id: Value,
    /// What is to be done.
    pub verb: Verb,
}

/// What a script host may ask for. Scripts go by the connection's own numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// `create`: make an object.
    Create(Box<ObjectPlan>),
    /// `call` with `args`, or `clep_listen` and its like: a script makes a call.
    Call {
        /// Which script.
        script: u64,
        /// The call.
        call: Box<ScriptCall>,
    },
    /// `state`: a script goes to another state.
    State {
        /// Which script.
        script: u64,
        /// What the new state handles.
        handlers: EventKinds,
    },
    /// `add_script`.
    AddScript {
        /// To which object.
        object: PrimId,
        /// The script.
        script: ScriptPlan,
    },
    /// `remove_script`.
    RemoveScript(u64),
    /// `remove`: an object goes.
    Remove(PrimId),
    /// `change`: a prim is to be different.
    Change(Box<ChangePlan>),
    /// `keep`: whether the objects stay when the connection ends.
    Keep(bool),
}

/// A line that cannot be done, with its id if it had a good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest {
    /// As in the line, or null.
    pub id: Value,
    /// What is wrong.
    pub error: FieldError,
}

const VERBS: [&str; 13] = [
    "create",
    "call",
    "clep_listen",
    "clep_send",
    "clep_forget",
    "lep_listen",
    "lep_send",
    "state",
    "add_script",
    "remove_script",
    "remove",
    "change",
    "keep",
];

/// Reads a line. `stamp` is for messages that leave their id or time out.
///
/// # Errors
/// When it is no request.
pub fn read(line: &str, stamp: &Stamp) -> Result<Request, BadRequest> {
    let bad = |error| BadRequest { id: Value::Null, error };
    if line.len() > LONGEST_LINE {
        return Err(bad(too_long()));
    }
    let mut fields = Fields::parse("line", line.as_bytes()).map_err(bad)?;
    let id = id(&mut fields).map_err(bad)?;
    match verb(fields, stamp) {
        Ok(verb) => Ok(Request { id, verb }),
        Err(error) => Err(BadRequest { id, error }),
    }
}

fn id(fields: &mut Fields) -> Result<Value, FieldError> {
    match fields.take("id") {
        None => Ok(Value::Null),
        Some(id @ Value::Number(_)) => Ok(id),
        Some(Value::String(id)) if id.len() <= LONGEST_ID => Ok(Value::String(id)),
        Some(Value::String(_)) => {
            Err(fields.wrong("id", &format!("is longer than {LONGEST_ID} bytes")))
        }
        Some(_) => Err(fields.wrong("id", "is neither a number nor a string")),
    }
}

fn verb(mut fields: Fields, stamp: &Stamp) -> Result<Verb, FieldError> {
    let given: Vec<&'static str> = VERBS.into_iter().filter(|verb| fields.has(verb)).collect();
    let &[name] = given.as_slice() else {
        let message = format!("line has not exactly one of {}", VERBS.join(", "));
        return Err(FieldError::general(message));
    };
    let verb = match name {
        "create" => Verb::Create(Box::new(ObjectPlan::read(fields.object(name)?)?)),
        "state" => {
            let names = fields.optional_strings(name)?.unwrap_or_default();
            Verb::State { script: script(&mut fields)?, handlers: handlers(name, &names)? }
        }
        "add_script" => {
            let mut inner = fields.object(name)?;
            let object = PrimId(inner.uuid("object")?);
            let script = ScriptPlan::read(&mut inner)?;
            inner.finish()?;
            Verb::AddScript { object, script }
        }
        "remove_script" => Verb::RemoveScript(number(&mut fields, name)?),
        "remove" => Verb::Remove(PrimId(fields.uuid(name)?)),
        "change" => Verb::Change(Box::new(ChangePlan::read(fields.object(name)?)?)),
        "keep" => match fields.optional_bool(name)? {
            Some(keep) => Verb::Keep(keep),
            None => return Err(fields.wrong(name, "is neither true nor false")),
        },
        _ => Verb::Call {
            script: script(&mut fields)?,
            call: Box::new(call(name, &mut fields, stamp)?),
        },
    };
    fields.finish()?;
    Ok(verb)
}

fn call(name: &'static str, fields: &mut Fields, stamp: &Stamp) -> Result<ScriptCall, FieldError> {
    if name == "call" {
        let function = fields.string(name)?;
        let arguments = fields.optional_array("args")?.unwrap_or_default();
        return calls::read(&function, arguments);
    }
    let mut inner = fields.object(name)?;
    let call = library_call(name, &mut inner, stamp)?;
    inner.finish()?;
    Ok(call)
}

/// A call of a script's CLEP or LEP library, by the name of its verb; any other name is
/// `lep_send`.
///
/// # Errors
/// When a field is missing or wrong.
pub fn library_call(
    name: &str,
    fields: &mut Fields,
    stamp: &Stamp,
) -> Result<ScriptCall, FieldError> {
    Ok(match name {
        "clep_listen" => ScriptCall::ClepListen(Box::new(clep::listen(fields)?)),
        "clep_send" => ScriptCall::ClepSend(Box::new(clep::send(fields, stamp)?)),
        "clep_forget" => {
            let domain = fields.optional_string("domain")?.unwrap_or_default();
            ScriptCall::ClepForget { domain }
        }
        "lep_listen" => ScriptCall::LepListen(Box::new(clep::lep_listen(fields)?)),
        _ => ScriptCall::LepSend(Box::new(clep::lep_send(fields, stamp)?)),
    })
}

fn script(fields: &mut Fields) -> Result<u64, FieldError> {
    number(fields, "script")
}

fn number(fields: &mut Fields, field: &'static str) -> Result<u64, FieldError> {
    let number = fields.optional_count(field)?;
    number.ok_or_else(|| fields.wrong(field, "is missing"))
}

/// What is wrong with a line that is too long to be read.
pub fn too_long() -> FieldError {
    FieldError::general(format!("line is longer than {LONGEST_LINE} bytes"))
}

/// The answer to a request that was done.
pub fn done(id: Value, mut result: Map<String, Value>) -> String {
    result.insert("id".to_owned(), id);
    Value::Object(result).to_string()
}

/// The answer to a request that was not.
pub fn failed(id: &Value, error: &AccessError) -> String {
    let mut fields = json!({"message": error.to_string()});
    if let (Some(field), Value::Object(fields)) = (error.field(), &mut fields) {
        fields.insert("field".to_owned(), Value::from(field));
    }
    json!({"id": id, "error": fields}).to_string()
}

/// The first line of a connection.
pub fn hello<'a>(regions: impl Iterator<Item = &'a str>) -> String {
    let regions: Vec<&str> = regions.collect();
    json!({"hello": {"holm": env!("CARGO_PKG_VERSION"), "regions": regions}}).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::objects::{ObjectError, PrimChange};
    use crate::scripts::create::ChangeStep;

    const STAMP: Stamp = Stamp { unix: Duration::from_secs(5), id: Uuid::from_u128(7) };

    fn request(value: &Value) -> Result<Request, BadRequest> {
        read(&value.to_string(), &STAMP)
    }

    #[test]
    fn every_verb_is_read() {
        let key = Uuid::from_u128(9);
        for (line, expected) in [
            (
                json!({"script": 1, "call": "llOwnerSay", "args": ["t"]}),
                Verb::Call {
                    script: 1,
                    call: Box::new(ScriptCall::OwnerSay { text: "t".to_owned() }),
                },
            ),
            (
                json!({"script": 1, "clep_forget": {}}),
                Verb::Call {
                    script: 1,
                    call: Box::new(ScriptCall::ClepForget { domain: String::new() }),
                },
            ),
            (
                json!({"script": 2, "state": ["listen"]}),
                Verb::State { script: 2, handlers: EventKinds::LISTEN },
            ),
            (
                json!({"add_script": {"object": key, "name": "x"}}),
                Verb::AddScript {
                    object: PrimId(key),
                    script: ScriptPlan { name: "x".to_owned(), ..ScriptPlan::default() },
                },
            ),
            (json!({"remove_script": 3}), Verb::RemoveScript(3)),
            (json!({"remove": key}), Verb::Remove(PrimId(key))),
            (
                json!({"change": {"prim": key, "name": "n"}}),
                Verb::Change(Box::new(ChangePlan {
                    prim: PrimId(key),
                    changes: vec![ChangeStep::Prim(PrimChange::Name("n".to_owned()))],
                })),
            ),
            (json!({"keep": true}), Verb::Keep(true)),
        ] {
            assert_eq!(request(&line).unwrap(), Request { id: Value::Null, verb: expected });
        }
        let created = request(&json!({"id": "a", "create": {"name": "Bell"}})).unwrap();
        assert_eq!(created.id, "a");
        let Verb::Create(plan) = created.verb else { panic!("{created:?}") };
        assert_eq!(plan.prims[0].name, "Bell");
        for line in [
            json!({"script": 1, "clep_listen": {"dialect": "clep-json", "domain": "d"}}),
            json!({"script": 1, "clep_send": {"dialect": "seed-chuf", "domain": "d",
                "message": {"text": "t"}}}),
            json!({"script": 1, "lep_listen": {"revision": "l1"}}),
            json!({"script": 1, "lep_send": {"revision": "l1", "message": {"target": "t"}}}),
        ] {
            assert!(matches!(request(&line).unwrap().verb, Verb::Call { script: 1, .. }), "{line}");
        }
    }

    #[test]
    fn wrong_lines_are_answered_with_their_id() {
        for (line, id, field) in [
            ("", Value::Null, None),
            ("GET / HTTP/1.1", Value::Null, None),
            ("[1]", Value::Null, None),
            (r#"{"id":[],"keep":true}"#, Value::Null, Some("id")),
            (r#"{"id":1}"#, json!(1), None),
            (r#"{"id":1.5,"keep":true,"remove_script":1}"#, json!(1.5), None),
            (r#"{"id":"x","keep":1}"#, json!("x"), Some("keep")),
            (r#"{"id":2,"keep":null}"#, json!(2), Some("keep")),
            (r#"{"id":2,"keep":true,"scripts":1}"#, json!(2), None),
            (r#"{"id":3,"call":"llDie"}"#, json!(3), Some("script")),
            (r#"{"id":3,"script":1,"call":"llDye"}"#, json!(3), Some("call")),
            (r#"{"id":3,"script":-1,"call":"llDie"}"#, json!(3), Some("script")),
            (r#"{"id":3,"script":1,"call":"llSay","args":{}}"#, json!(3), Some("args")),
            (r#"{"id":4,"script":1,"state":["x"]}"#, json!(4), Some("state")),
            (r#"{"id":5,"create":{"size":1}}"#, json!(5), Some("size")),
            (r#"{"id":5,"script":1,"create":{}}"#, json!(5), None),
            (r#"{"id":6,"remove":"bell"}"#, json!(6), Some("remove")),
        ] {
            let bad = read(line, &STAMP).unwrap_err();
            assert_eq!((bad.id, bad.error.field), (id, field), "{line}");
        }
        let long = format!(r#"{{"keep":true,"x":"{}"}}"#, "x".repeat(LONGEST_LINE));
        assert_eq!(read(&long, &STAMP).unwrap_err().error, too_long());
    }

    #[test]
    fn answers_repeat_the_id() {
        let result = Map::from_iter([("result".to_owned(), json!(4))]);
        assert_eq!(done(json!("a"), result), r#"{"id":"a","result":4}"#);
        let unknown = AccessError::from(ObjectError::UnknownLink(3));
        let expected = json!({"id": 7, "error": {"message": "the object has no link 3",
            "field": "link"}});
        assert_eq!(failed(&json!(7), &unknown), expected.to_string());
        let busy = json!({"id": null, "error": {"message": "region is too busy"}});
        assert_eq!(failed(&Value::Null, &AccessError::Busy), busy.to_string());
    }

    /// JSON that is often nearly a request.
    fn nearly() -> impl Strategy<Value = Value> {
        let names = prop::sample::select(vec![
            "id", "script", "args", "object", "link", "name", "dialect", "domain", "message",
            "prims", "scripts", "handlers", "position", "prim", "text", "revision", "worn_by",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            prop::sample::select(vec!["llSay", "llListen", "clep-json", "seed-chuf", "l1", "s4"])
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, move |inner| {
            let names = prop_oneof![
                names.clone().prop_map(str::to_owned),
                prop::sample::select(VERBS.to_vec()).prop_map(str::to_owned),
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(names, inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(line in ".{0,200}") {
            let _ = read(&line, &STAMP);
        }

        #[test]
        fn any_json_is_read_or_refused(value in nearly()) {
            let _ = request(&value);
        }
    }
}
