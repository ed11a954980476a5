//! Any text as a line of the script host protocol: a request that can be answered, or an error that
//! can.
#![no_main]

use std::time::Duration;

use holm::clep::Stamp;
use holm::scripts::AccessError;
use holm::scripts::protocol;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(line) = str::from_utf8(bytes) else { return };
    let stamp = Stamp { unix: Duration::from_secs(1), id: Default::default() };
    let answer = match protocol::read(line, &stamp) {
        Ok(request) => protocol::done(request.id, Default::default()),
        Err(bad) => protocol::failed(&bad.id, &AccessError::from(bad.error)),
    };
    assert!(!answer.contains('\n'));
    assert!(answer.len() < 8 * 1024, "errors repeat little of what was wrong");
});
