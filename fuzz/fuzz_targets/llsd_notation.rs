//! Any bytes as notation; what is read must survive being written and read again.
#![no_main]

use holm::llsd::{Limits, notation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(value) = notation::parse(body) {
        let once = notation::write(&value);
        // Text that was no UTF-8 grows when it is replaced, so the limits do not hold again.
        let roomy = Limits { string_bytes: 8 << 20, key_bytes: 8 << 20, ..Limits::DEFAULT };
        let again = notation::parse_limited(once.as_bytes(), &roomy.with_body(32 << 20));
        assert_eq!(notation::write(&again.expect("own output")), once);
    }
});
