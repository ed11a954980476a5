//! Properties of any name, any message and any text.
//!
//! Strategies are boxed, because nested ones would not fit on the stack of a test.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::clep::lep::{Flags, LepMessage};

/// One line of any text, with what the forms give a meaning to more often than chance would.
fn line() -> BoxedStrategy<String> {
    prop_oneof!["[ -~]{0,12}", "[ ,%0-9A-F𒂗ΞL]{0,12}", "[^\n]{0,8}"].boxed()
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![line(), "[ ,%\n0-9]{0,12}", any::<String>()].boxed()
}

fn json_value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|number: f64| Value::from(number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

fn addresses() -> BoxedStrategy<Address> {
    (line(), line(), line())
        .prop_map(|(region, prim, script)| Address { region, prim, script })
        .boxed()
}

fn listed_message() -> BoxedStrategy<Message> {
    let raw = (text(), text())
        .prop_filter("marks a lep message", |(kind, _)| kind != "LEP")
        .prop_map(|(kind, text)| Body::Raw { kind, text });
    let lep = (any::<i32>(), line(), line(), prop::collection::vec(line(), 0..4), text()).prop_map(
        |(flags, source, target, parameters, data)| {
            let flags = Flags(flags);
            Body::Lep(LepMessage { flags, source, target, parameters, token: None, data })
        },
    );
    (line(), line(), text(), prop_oneof![raw, lep])
        .prop_map(|(service, domain, prim, body)| {
            Message::Listed(ListedMessage { service, domain, prim, body })
        })
        .boxed()
}

fn short_message() -> BoxedStrategy<Message> {
    let fault = (any::<i64>(), text(), prop::option::of(json_value()))
        .prop_map(|(code, message, data)| ShortOutcome::Error(Fault { code, message, data }));
    let outcome = prop_oneof![
        Just(ShortOutcome::Request),
        json_value().prop_map(ShortOutcome::Result),
        fault
    ];
    let optional = (
        prop::option::of(any::<i64>()),
        prop::option::of(json_value()),
        prop::option::of(text()),
        prop::option::of(json_value()),
    );
    (line(), addresses(), addresses(), text(), optional, outcome)
        .prop_map(|(domain, source, target, method, (integer, params, id, signature), outcome)| {
            Message::Short(ShortMessage {
                domain,
                source,
                target,
                method,
                integer,
                params,
                id,
                outcome,
                signature,
            })
        })
        .boxed()
}

fn lines_message() -> BoxedStrategy<Message> {
    let outcome = prop_oneof![
        Just(LineOutcome::Request),
        text().prop_map(LineOutcome::Result),
        (1..=i32::MAX, text()).prop_map(|(code, text)| LineOutcome::Error { code, text }),
    ];
    let signature = (any::<bool>(), line(), line()).prop_map(|(rsa, algorithm, signature)| {
        let scheme = if rsa { Scheme::Rsa } else { Scheme::Hmac };
        LineSignature { scheme, algorithm, signature }
    });
    let names = (line(), line(), line(), line(), line());
    (names, addresses(), addresses(), text(), outcome, prop::option::of(signature))
        .prop_map(|(names, source, target, params, outcome, signature)| {
            let (timestamp, snep_target, domain, method, id) = names;
            Message::Lines(LinesMessage {
                timestamp,
                source,
                snep_target,
                target,
                domain,
                method,
                params,
                id,
                outcome,
                signature,
            })
        })
        .boxed()
}

fn json_message() -> BoxedStrategy<Message> {
    let target = (
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(json_value()),
    )
        .prop_map(|(region, prim, script, link)| Target {
            region,
            prim,
            script,
            link,
            root: None,
        });
    let values = (prop::option::of(json_value()), prop::option::of(json_value()));
    let method = prop::collection::vec(text(), 0..4);
    (line(), text(), method, addresses(), target, any::<i64>(), values, any::<bool>())
        .prop_map(|(domain, id, method, source, target, utime, (params, result), wrapped)| {
            let seal =
                if wrapped { Seal::Wrapped { utime: Some(utime.into()) } } else { Seal::Bare };
            Message::Json(JsonMessage {
                domain,
                id,
                method,
                source,
                target,
                utime: utime.into(),
                params,
                result,
                seal,
                tagged: false,
            })
        })
        .boxed()
}

fn json_codec() -> impl Strategy<Value = Codec> {
    let dialects = Dialect::ALL.into_iter().filter(|dialect| dialect.is_json());
    prop::sample::select(dialects.map(Codec::new).collect::<Vec<_>>())
}

/// A codec, and a message that it can write if it is short enough.
fn spoken() -> impl Strategy<Value = (Codec, Message)> {
    let listed: Vec<Codec> =
        codecs().into_iter().filter(|codec| codec.list_form().is_some()).collect();
    prop_oneof![
        (prop::sample::select(listed), listed_message()),
        (Just(Codec::new(Dialect::ClepRpcShort)), short_message()),
        (Just(Codec::new(Dialect::ClepLines)), lines_message()),
        (json_codec(), json_message()),
    ]
}

proptest! {
    #[test]
    fn channels_are_never_visible(service in line(), domain in line()) {
        for dialect in Dialect::ALL {
            let found = channel(dialect, &service, &domain).unwrap();
            prop_assert!(found != PUBLIC_CHANNEL && found != DEBUG_CHANNEL);
            prop_assert_eq!(found, channel_lenient(dialect, &service, &domain));
            // Only one of the later dialects leaves the sign to the hash.
            if dialect >= Dialect::ClepHashB && dialect != Dialect::ClepRpcLua {
                prop_assert!(found < 0);
            }
        }
    }

    #[test]
    fn no_hash_becomes_a_visible_channel(hash: u32) {
        prop_assert!(![PUBLIC_CHANNEL, DEBUG_CHANNEL].contains(&from_hash(hash)));
    }

    #[test]
    fn lists_come_back(elements in prop::collection::vec(text(), 0..8)) {
        for form in ListForm::ALL {
            for escapes in [Escapes::SecondLife, Escapes::OpenSim] {
                prop_assert_eq!(form.decode(&form.encode(&elements, escapes)), Ok(elements.clone()));
            }
        }
    }

    #[test]
    fn messages_come_back_whole_or_not_at_all((codec, message) in spoken()) {
        match codec.encode(&message) {
            Err(error) => {
                let is_too_long = matches!(error, EncodeError::TooLong { .. });
                prop_assert!(is_too_long, "{}: {error}", codec.dialect);
            }
            Ok(text) => {
                prop_assert!(text.len() <= DEFAULT_LIMIT);
                prop_assert_eq!(codec.decode(&text), Ok(message));
                // Lines have no end mark: their last field can be cut, but no text is cut there
                // that is short enough to be written.
                if codec.dialect != Dialect::ClepLines {
                    for (at, _) in text.char_indices() {
                        let cut = codec.decode(&text[..at]);
                        prop_assert!(cut.is_err(), "{cut:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn text_that_the_simulator_cuts_is_refused((codec, message) in spoken(), limit in 1023..=1024_usize) {
        // Ask for more than fits.
        let mut message = message;
        let much = "日x 🧡".repeat(150);
        match &mut message {
            Message::Listed(message) => {
                message.body = Body::Raw { kind: "raw".to_owned(), text: much };
            }
            Message::Short(message) => message.outcome = ShortOutcome::Result(much.into()),
            Message::Lines(message) => message.outcome = LineOutcome::Result(much),
            Message::Json(message) => message.result = Some(much.into()),
            Message::Opaque { .. } | Message::Packet(_) => {}
        }
        let text = Codec { limit: usize::MAX, ..codec }.encode(&message).unwrap();
        prop_assert!(text.len() > limit, "{}", text.len());
        let at = (0..=limit).rfind(|&at| text.is_char_boundary(at)).unwrap();
        let error = codec.decode(&text[..at]).unwrap_err();
        if message.domain().is_some_and(|domain| domain.len() < 40) {
            prop_assert!(error.is_truncated() || codec.dialect == Dialect::ClepLines, "{}", error);
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in text(), bytes: Vec<u8>) {
        for codec in codecs() {
            let _ = codec.decode_bytes(&bytes);
            if let Ok(message) = codec.decode(&text) {
                // What is read can be written, but for what is only read.
                let is_only_read = matches!(message, Message::Packet(_)) || message.is_signed();
                let written = codec.encode(&message);
                let is_too_long = matches!(written, Err(EncodeError::TooLong { .. }));
                prop_assert!(is_only_read || is_too_long || written.is_ok(), "{written:?}");
            }
        }
    }

    #[test]
    fn texts_that_begin_well_make_no_reader_panic(start in 0..4_usize, rest in text()) {
        let starts = ["CLEP,", "6 4 CLEP", r#"{"ss":"a","ts":""#, r#"{"payload":""#];
        let text = format!("{}{rest}", starts[start]);
        for codec in codecs() {
            let _ = codec.decode(&text);
        }
    }
}
