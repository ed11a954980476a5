//! Any bytes as CLEP in every dialect and list form, and as LEP; what is read must survive being
//! written and read again.
#![no_main]

use holm::clep::lep::{self, LinkMessage, Revision};
use holm::clep::{Codec, Dialect, ListForm, Message, channel_lenient};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for dialect in Dialect::ALL {
        let codec = Codec { limit: usize::MAX, ..Codec::new(dialect) };
        check(&codec, bytes);
        if dialect.is_listed() {
            for form in ListForm::ALL {
                check(&Codec { form: Some(form), ..codec }, bytes);
            }
        }
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    for dialect in Dialect::ALL {
        assert!(![0, i32::MAX].contains(&channel_lenient(dialect, text, text)));
    }
    let link = LinkMessage { integer: 1, text: text.to_owned(), key: String::new() };
    for revision in Revision::ALL {
        let Ok(message) = lep::decode(revision, &link) else { continue };
        if let Ok(again) = lep::encode(revision, &message) {
            assert_eq!(lep::decode(revision, &again).expect("own output"), message);
        }
    }
});

fn check(codec: &Codec, bytes: &[u8]) {
    let Ok(message) = codec.decode_bytes(bytes) else { return };
    if matches!(message, Message::Packet(_)) || message.is_signed() {
        return;
    }
    let text = codec.encode(&message).expect("what was read can be written");
    assert_eq!(codec.decode(&text).expect("own output"), message);
}
