//! Any bytes as the body of a seed request, in every encoding: an array of names, or an error.
#![no_main]

use holm::llsd::{Limits, parse_by_type_limited};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for content_type in [
        None,
        Some("application/xml"),
        Some("application/llsd+binary"),
        Some("application/llsd+notation"),
    ] {
        if let Ok(names) = parse_by_type_limited(content_type, body, &Limits::SMALL) {
            let bytes: usize = names.as_array().iter().map(|name| name.as_string().len()).sum();
            // Nothing that a name is made of grows by more than a number's digits.
            assert!(bytes <= body.len() * 400);
        }
    }
});
