//! Published values of CLEP, and properties of any text.

mod any_text;
mod channels;
mod lua_forms;
mod receive;
mod texts;

use super::*;

/// A message that every listed dialect can say.
fn listed(service: &str, domain: &str, prim: &str, text: &str) -> Message {
    Message::Listed(ListedMessage {
        service: service.to_owned(),
        domain: domain.to_owned(),
        prim: prim.to_owned(),
        body: Body::Raw { kind: "raw".to_owned(), text: text.to_owned() },
    })
}

fn address(region: &str, prim: &str, script: &str) -> Address {
    Address { region: region.to_owned(), prim: prim.to_owned(), script: script.to_owned() }
}

/// The smallest request of the newest dialect.
fn ping() -> JsonMessage {
    JsonMessage {
        domain: "test".to_owned(),
        id: "00000000-0000-4000-8000-000000000001".to_owned(),
        method: vec!["ping".to_owned()],
        source: address("Test", PRIM, "a"),
        target: Target::default(),
        utime: 1_767_225_600.into(),
        params: None,
        result: None,
        seal: Seal::Bare,
        tagged: false,
    }
}

const PRIM: &str = "8f3c1d2e-4b5a-6978-8796-a5b4c3d2e1f0";
const OTHER_PRIM: &str = "11111111-2222-3333-4444-555555555555";

/// Every codec that differs on the wire.
fn codecs() -> Vec<Codec> {
    let mut codecs: Vec<Codec> = Dialect::ALL.map(Codec::new).to_vec();
    for dialect in Dialect::ALL.into_iter().filter(|dialect| dialect.is_listed()) {
        for form in ListForm::ALL {
            for order in [Order::PrimDomain, Order::DomainPrim] {
                codecs.push(Codec { form: Some(form), order, ..Codec::new(dialect) });
            }
        }
    }
    let opensim: Vec<Codec> =
        codecs.iter().map(|codec| Codec { escapes: Escapes::OpenSim, ..*codec }).collect();
    codecs.extend(opensim);
    codecs
}
