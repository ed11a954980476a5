//! Any bytes as binary LLSD; what is read must come back byte for byte.
#![no_main]

use holm::llsd::{Limits, binary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok((value, used)) = binary::parse_prefix(body, &Limits::DEFAULT) {
        assert!(used <= body.len());
        // Text that was no UTF-8 grows when it is replaced, so the limits do not hold again.
        let roomy = Limits { string_bytes: 8 << 20, key_bytes: 8 << 20, ..Limits::DEFAULT };
        let once = binary::write(&value);
        let again = binary::parse_limited(&once, &roomy.with_body(8 << 20)).expect("own output");
        assert_eq!(binary::write(&again), once);
    }
});
