//! Any text as a message template: read, checked and turned into source, or refused with a place
//! that lies within the text.

#![no_main]

use holm::template::{check, emit, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let last = text.lines().count().max(1);
    match parse::parse(text) {
        Ok(template) => match check::check(&template) {
            Ok(()) => assert!(emit::emit(&template).contains("pub static MESSAGES")),
            Err(error) => assert!((1..=last).contains(&error.place.line), "{error}"),
        },
        Err(error) => assert!((1..=last).contains(&error.place.line), "{error}"),
    }
});
