//! Any bytes as LLSD XML; what is read must survive being written and read again.
#![no_main]

use holm::llsd::xml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(value) = xml::parse(body) else { return };
    // Characters that XML cannot carry, and keys that differ only in them, go the first time.
    let lossy = xml::write(&value);
    let once = xml::write(&xml::parse(lossy.as_bytes()).expect("own output"));
    let again = xml::write(&xml::parse(once.as_bytes()).expect("own output"));
    assert_eq!(again, once);
});
