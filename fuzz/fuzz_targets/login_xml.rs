//! Any bytes as the body of a login: read, or refused with an answer that reads back.
#![no_main]

use holm::http::login::{Wire, parse_login, xmlrpc};
use holm::llsd::{Limits, xml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Err(error) = parse_login(Some("text/xml"), body) else { return };
    match error.answer() {
        Some((Wire::XmlRpc, answer)) => {
            let _ = xmlrpc::parse_response(answer.as_bytes(), &Limits::SMALL).expect("own answer");
        }
        Some((Wire::Llsd, answer)) => {
            let fields = xml::parse(answer.as_bytes()).expect("own answer");
            assert_eq!(fields.get("login").as_str(), Some("false"));
        }
        None => {}
    }
});
