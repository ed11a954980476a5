//! Any bytes as LLSD XML; what is read must survive being written and read again.
#![no_main]

use holm::llsd::xml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(value) = xml::parse(body) {
        let once = xml::write(&value);
        // Text that XML cannot carry and dates beyond its form are lost the first time only.
        let again = xml::parse(once.as_bytes()).expect("own output");
        assert_eq!(xml::write(&again), once);
    }
});
