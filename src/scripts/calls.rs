//! LSL's calls by name, with LSL's arguments by position.
//!
//! What a value means, such as an invalid key, is decided by the bus.

use std::time::Duration;

use serde_json::Value;

use super::fields::{FieldError, integer, numbers, shown, strings};
use crate::lsl::Volume;
use crate::message::Vector3;
use crate::objects::ScriptCall;

/// The longest pause, in seconds: a day.
const LONGEST_PAUSE: f64 = 86_400.0;

/// Reads a call.
///
/// # Errors
/// When there is no such function or it has other arguments; the field is `call` or `args`.
pub(super) fn read(name: &str, arguments: Vec<Value>) -> Result<ScriptCall, FieldError> {
    let mut args = Arguments { call: known(name)?, left: arguments.into_iter(), taken: 0 };
    let call = call(&mut args)?;
    args.finish()?;
    Ok(call)
}

fn call(args: &mut Arguments) -> Result<ScriptCall, FieldError> {
    let say = |volume, args: &mut Arguments| {
        let (channel, text) = (args.integer("channel")?, args.string("msg")?);
        Ok(ScriptCall::Say { volume, channel, text })
    };
    // The fields of a literal are read in their order, which is that of the arguments.
    Ok(match args.call {
        Function::Listen => ScriptCall::Listen {
            channel: args.integer("channel")?,
            name: args.string("name")?,
            key: args.string("id")?,
            message: args.string("msg")?,
        },
        Function::ListenControl => ScriptCall::ListenControl {
            handle: args.integer("handle")?,
            active: args.integer("active")? != 0,
        },
        Function::ListenRemove => ScriptCall::ListenRemove { handle: args.integer("handle")? },
        Function::Whisper => say(Volume::Whisper, args)?,
        Function::Say => say(Volume::Say, args)?,
        Function::Shout => say(Volume::Shout, args)?,
        Function::RegionSay => {
            ScriptCall::RegionSay { channel: args.integer("channel")?, text: args.string("msg")? }
        }
        Function::RegionSayTo => ScriptCall::RegionSayTo {
            target: args.string("target")?,
            channel: args.integer("channel")?,
            text: args.string("msg")?,
        },
        Function::OwnerSay => ScriptCall::OwnerSay { text: args.string("msg")? },
        Function::InstantMessage => {
            ScriptCall::InstantMessage { to: args.string("user")?, text: args.string("message")? }
        }
        Function::MessageLinked => ScriptCall::MessageLinked {
            link: args.integer("link")?,
            number: args.integer("num")?,
            text: args.string("str")?,
            id: args.string("id")?,
        },
        Function::Dialog => ScriptCall::Dialog {
            avatar: args.string("avatar")?,
            message: args.string("message")?,
            buttons: args.strings("buttons")?,
            channel: args.integer("channel")?,
        },
        Function::TextBox => ScriptCall::TextBox {
            avatar: args.string("avatar")?,
            message: args.string("message")?,
            channel: args.integer("channel")?,
        },
        Function::Sleep => ScriptCall::Sleep(args.pause("sec")?),
        Function::MinEventDelay => ScriptCall::MinEventDelay(args.pause("delay")?),
        Function::SetObjectName => ScriptCall::SetObjectName(args.string("name")?),
        Function::SetText => {
            let text = args.string("text")?;
            let [red, green, blue] = args.numbers("color")?;
            ScriptCall::SetText { text, color: [red, green, blue, args.float("alpha")? as f32] }
        }
        Function::SetPos => {
            let [x, y, z] = args.numbers("pos")?;
            ScriptCall::SetPosition(Vector3::new(x, y, z))
        }
        Function::Die => ScriptCall::Die,
        Function::SetTimerEvent => ScriptCall::SetTimerEvent(args.pause("sec")?),
        Function::GetKey => ScriptCall::GetKey,
        Function::GetOwner => ScriptCall::GetOwner,
        Function::GetOwnerKey => ScriptCall::GetOwnerKey(args.string("id")?),
    })
}

/// Declares the functions: an enum, and its variants by their names in LSL.
macro_rules! functions {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A function that scripts have here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Function {
            $($variant,)+
        }

        impl Function {
            const ALL: &[Self] = &[$(Self::$variant),+];

            const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

functions! {
    Listen = "llListen",
    ListenControl = "llListenControl",
    ListenRemove = "llListenRemove",
    Whisper = "llWhisper",
    Say = "llSay",
    Shout = "llShout",
    RegionSay = "llRegionSay",
    RegionSayTo = "llRegionSayTo",
    OwnerSay = "llOwnerSay",
    InstantMessage = "llInstantMessage",
    MessageLinked = "llMessageLinked",
    Dialog = "llDialog",
    TextBox = "llTextBox",
    Sleep = "llSleep",
    MinEventDelay = "llMinEventDelay",
    SetObjectName = "llSetObjectName",
    SetText = "llSetText",
    SetPos = "llSetPos",
    Die = "llDie",
    SetTimerEvent = "llSetTimerEvent",
    GetKey = "llGetKey",
    GetOwner = "llGetOwner",
    GetOwnerKey = "llGetOwnerKey",
}

fn known(name: &str) -> Result<Function, FieldError> {
    let mut all = Function::ALL.iter().copied();
    all.find(|known| known.name() == name).ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        FieldError::new("call", format!("call {shown:?} is no function that scripts have here"))
    })
}

/// The arguments that have not been read yet.
struct Arguments {
    call: Function,
    left: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Arguments {
    fn next(&mut self, name: &str) -> Result<Value, FieldError> {
        self.taken += 1;
        self.left.next().ok_or_else(|| self.wrong(name, "is missing"))
    }

    fn integer(&mut self, name: &str) -> Result<i32, FieldError> {
        let value = self.next(name)?;
        let wrong = || self.wrong(name, &format!("is not a 32-bit integer: {}", shown(&value)));
        integer(&value).ok_or_else(wrong)
    }

    fn string(&mut self, name: &str) -> Result<String, FieldError> {
        match self.next(name)? {
            Value::String(text) => Ok(text),
            value => Err(self.wrong(name, &format!("is not a string: {}", shown(&value)))),
        }
    }

    fn strings(&mut self, name: &str) -> Result<Vec<String>, FieldError> {
        let listed = match self.next(name)? {
            Value::Array(values) => strings(values),
            _ => None,
        };
        listed.ok_or_else(|| self.wrong(name, "is not an array of strings"))
    }

    fn float(&mut self, name: &str) -> Result<f64, FieldError> {
        let value = self.next(name)?;
        value.as_f64().ok_or_else(|| self.wrong(name, "is not a number"))
    }

    fn numbers<const N: usize>(&mut self, name: &str) -> Result<[f32; N], FieldError> {
        let value = self.next(name)?;
        numbers(&value).ok_or_else(|| self.wrong(name, &format!("is not an array of {N} numbers")))
    }

    /// Seconds; less than none is none.
    fn pause(&mut self, name: &str) -> Result<Duration, FieldError> {
        let seconds = self.float(name)?;
        if seconds > LONGEST_PAUSE {
            return Err(self.wrong(name, &format!("is more than {LONGEST_PAUSE} seconds")));
        }
        Ok(Duration::from_secs_f64(seconds.max(0.0)))
    }

    fn finish(mut self) -> Result<(), FieldError> {
        if self.left.next().is_none() {
            return Ok(());
        }
        let message = format!("{} takes {} arguments", self.call.name(), self.taken);
        Err(FieldError::new("args", message))
    }

    fn wrong(&self, name: &str, problem: &str) -> FieldError {
        let (call, taken) = (self.call.name(), self.taken);
        FieldError::new("args", format!("{call}: argument {taken} ({name}) {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reads(name: &str, arguments: &Value) -> Result<ScriptCall, FieldError> {
        read(name, arguments.as_array().unwrap().clone())
    }

    #[test]
    fn every_function_takes_the_arguments_of_lsl() {
        let text = || "t".to_owned();
        for (name, arguments, expected) in [
            (
                "llListen",
                json!([-5, "n", "k", "m"]),
                ScriptCall::Listen {
                    channel: -5,
                    name: "n".into(),
                    key: "k".into(),
                    message: "m".into(),
                },
            ),
            (
                "llListenControl",
                json!([1, 0]),
                ScriptCall::ListenControl { handle: 1, active: false },
            ),
            ("llListenRemove", json!([7]), ScriptCall::ListenRemove { handle: 7 }),
            (
                "llShout",
                json!([1, "t"]),
                ScriptCall::Say { volume: Volume::Shout, channel: 1, text: text() },
            ),
            ("llRegionSay", json!([-1, "t"]), ScriptCall::RegionSay { channel: -1, text: text() }),
            (
                "llRegionSayTo",
                json!(["k", 0, "t"]),
                ScriptCall::RegionSayTo { target: "k".into(), channel: 0, text: text() },
            ),
            ("llOwnerSay", json!(["t"]), ScriptCall::OwnerSay { text: text() }),
            (
                "llInstantMessage",
                json!(["k", "t"]),
                ScriptCall::InstantMessage { to: "k".into(), text: text() },
            ),
            (
                "llMessageLinked",
                json!([-1, 2, "t", "k"]),
                ScriptCall::MessageLinked { link: -1, number: 2, text: text(), id: "k".into() },
            ),
            (
                "llDialog",
                json!(["k", "t", ["a", "b"], -9]),
                ScriptCall::Dialog {
                    avatar: "k".into(),
                    message: text(),
                    buttons: vec!["a".into(), "b".into()],
                    channel: -9,
                },
            ),
            (
                "llTextBox",
                json!(["k", "t", -9]),
                ScriptCall::TextBox { avatar: "k".into(), message: text(), channel: -9 },
            ),
            ("llSleep", json!([0.5]), ScriptCall::Sleep(Duration::from_millis(500))),
            ("llMinEventDelay", json!([-1]), ScriptCall::MinEventDelay(Duration::ZERO)),
            ("llSetObjectName", json!(["t"]), ScriptCall::SetObjectName(text())),
            (
                "llSetText",
                json!(["t", [1, 0.5, 0], 1]),
                ScriptCall::SetText { text: text(), color: [1.0, 0.5, 0.0, 1.0] },
            ),
            ("llSetPos", json!([[1, 2, 3]]), ScriptCall::SetPosition(Vector3::new(1.0, 2.0, 3.0))),
            ("llDie", json!([]), ScriptCall::Die),
            (
                "llSetTimerEvent",
                json!([1.5]),
                ScriptCall::SetTimerEvent(Duration::from_millis(1500)),
            ),
            ("llGetKey", json!([]), ScriptCall::GetKey),
            ("llGetOwner", json!([]), ScriptCall::GetOwner),
            ("llGetOwnerKey", json!(["k"]), ScriptCall::GetOwnerKey("k".into())),
        ] {
            assert_eq!(reads(name, &arguments), Ok(expected), "{name}");
        }
    }

    #[test]
    fn no_function_takes_more_or_fewer_arguments() {
        for name in Function::ALL.iter().map(|function| function.name()) {
            let too_many = vec![Value::Null; 5];
            assert_eq!(read(name, too_many).unwrap_err().field, Some("args"), "{name}");
            let takes_none = ["llDie", "llGetKey", "llGetOwner"].contains(&name);
            assert_eq!(read(name, Vec::new()).is_ok(), takes_none, "{name}");
        }
    }

    #[test]
    fn wrong_arguments_are_named() {
        let message = |name, arguments: Value| reads(name, &arguments).unwrap_err().message;
        assert_eq!(
            message("llSay", json!([2147483648_i64, "t"])),
            "llSay: argument 1 (channel) is not a 32-bit integer: 2147483648"
        );
        assert_eq!(message("llSay", json!([0])), "llSay: argument 2 (msg) is missing");
        assert_eq!(message("llSay", json!([0, "a", "b"])), "llSay takes 2 arguments");
        assert_eq!(
            message("llSleep", json!([1e9])),
            "llSleep: argument 1 (sec) is more than 86400 seconds"
        );
        let unknown = reads("llFrand", &json!([1])).unwrap_err();
        assert_eq!(unknown.field, Some("call"));
    }
}
