//! Link messages: LEP in its revisions, and CLEP in the newest dialect.

use super::*;
use crate::clep::lep::{self, Flags, LepMessage, Revision};

fn reader(revision: Revision) -> LepListen {
    LepListen {
        revision,
        sources: Vec::new(),
        aliases: Vec::new(),
        script_match: Match::Exact,
        domains: Vec::new(),
    }
}

fn plain(flags: i32, target: &str, parameters: &[&str], data: &str) -> lep::Message {
    lep::Message::Plain(LepMessage {
        flags: Flags(flags),
        source: String::new(),
        target: target.to_owned(),
        parameters: parameters.iter().map(|&line| line.to_owned()).collect(),
        token: None,
        data: data.to_owned(),
    })
}

/// A linkset whose prims have the scripts `sender` and `target`.
fn pair(revision: Revision) -> (Stage, ScriptId, ScriptId) {
    let mut stage = Stage::new(Flavour::OpenSim);
    let prims = stage.linkset(1, 2);
    let scripts = [stage.script(prims[0].0, "sender"), stage.script(prims[1].0, "target")];
    for (_, bare) in prims {
        stage.bus.remove_script(bare).unwrap();
    }
    for script in scripts {
        stage.clep.lep_listen(script, reader(revision));
    }
    (stage, scripts[0], scripts[1])
}

#[test]
fn request_and_answer_of_l1() {
    let (mut stage, sender, target) = pair(Revision::L1);
    let request = LepSend {
        revision: Revision::L1,
        link: crate::lsl::LINK_SET,
        message: plain(1, "", &["ping"], ""),
    };
    let call = stage.send_lep(sender, request);
    let link = |link: i32, number: i32, text: &str, id: &str| ScriptCall::MessageLinked {
        link,
        number,
        text: text.to_owned(),
        id: id.to_owned(),
    };
    assert_eq!(call, link(-1, 1, "sender\n\nping", ""));
    assert_eq!(stage.outcomes(), ["echo", "delivered"]);
    let got = stage.run();
    let [(script, ScriptEvent::Lep(received))] = &*got else { panic!("{got:?}") };
    assert_eq!((*script, received.sender, received.revision), (target, 1, Revision::L1));
    assert_eq!((received.message.source(), received.message.target()), ("sender", ""));

    let answer = |flags: i32, parameters: &[&str], data: &str| LepSend {
        revision: Revision::L1,
        link: received.sender,
        message: plain(flags, received.message.source(), parameters, data),
    };
    let call = stage.send_lep(target, answer(2, &["ping"], "lsl"));
    assert_eq!(call, link(1, 2, "target\nsender\nping", "lsl"));
    assert_eq!(stage.run().len(), 1);
    let call = stage.send_lep(target, answer(6, &["file", "open"], "not found"));
    assert_eq!(call, link(1, 6, "target\nsender\nfile\nopen", "not found"));
    let got = stage.run();
    let [(script, ScriptEvent::Lep(received))] = &*got else { panic!("{got:?}") };
    assert_eq!((*script, received.sender), (sender, 2));

    let last = stage.last();
    assert_eq!(
        (last.dialect, last.call, last.sender_name.as_str()),
        (Dialect::SeedChuf, "llMessageLinked", "prim 2")
    );
    let Some(Message::Listed(ListedMessage { body: Body::Lep(shown), .. })) = &last.message else {
        panic!("{last:?}")
    };
    assert_eq!((shown.flags, shown.data.as_str()), (Flags(6), "not found"));
}

#[test]
fn other_link_messages_pass_and_refused_ones_do_not() {
    let (mut stage, sender, target) = pair(Revision::L1);
    stage.link(sender, (2, 7), "hello", "any");
    let event = Event::LinkMessage { sender: 1, number: 7, text: "hello".into(), id: "any".into() };
    assert_eq!(stage.run(), [(target, ScriptEvent::Lsl(event))]);
    assert_eq!(stage.outcomes(), ["not_lep"]);
    let last = stage.last();
    assert_eq!(last.problem.as_deref(), Some("lep message: 1 lines: expected at least 2"));

    stage.link(sender, (2, 1), "sender\nanother\nping", "");
    assert_eq!(stage.run(), []);
    assert_eq!(stage.outcomes(), ["script"]);
    let picky = LepListen {
        aliases: vec!["another".to_owned()],
        sources: vec!["friend".to_owned()],
        ..reader(Revision::L1)
    };
    stage.clep.lep_listen(target, picky);
    stage.link(sender, (2, 1), "sender\nanother\nping", "");
    assert_eq!(stage.outcomes(), ["source"]);
    stage.link(sender, (2, 1), "friend\nanother\nping", "");
    assert_eq!(stage.outcomes(), ["delivered"]);
    assert_eq!(stage.run().len(), 1);
    let dropped = &stage.clep.counters().dropped;
    assert_eq!([dropped["not_lep"], dropped["script"], dropped["source"]], [1; 3]);
    assert_eq!(
        stage.send_lep(
            sender,
            LepSend { revision: Revision::L1, link: 0, message: plain(0, "target", &[], "data") }
        ),
        ScriptCall::MessageLinked {
            link: crate::lsl::LINK_THIS,
            number: 0,
            text: "sender\ntarget".to_owned(),
            id: "data".to_owned(),
        }
    );
}

#[test]
fn newest_needs_its_domain_by_either_library() {
    let (mut stage, sender, target) = pair(Revision::L5);
    let message =
        || LepSend { revision: Revision::L5, link: 2, message: lep::Message::Json(json("test")) };
    stage.send_lep(sender, message());
    assert_eq!(stage.run(), []);
    assert_eq!(stage.outcomes(), ["interference"]);
    let domains = vec!["test".to_owned()];
    stage.clep.lep_listen(target, LepListen { domains, ..reader(Revision::L5) });
    stage.send_lep(sender, message());
    assert!(matches!(&*stage.run(), [(_, ScriptEvent::Lep(_))]));
    // CLEP is asked first.
    stage.listen(target, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    stage.send_lep(sender, message());
    assert_eq!(stage.takers(), [target]);
    stage.forget(target, "");
    stage.send_lep(sender, message());
    assert!(matches!(&*stage.run(), [(_, ScriptEvent::Lep(_))]));
    assert_eq!(stage.last().dialect, Dialect::ClepJson);
}

#[test]
fn long_and_broken_objects_are_not_taken_for_cut_ones() {
    let mut stage = Stage::new(Flavour::SecondLife);
    let (_, script) = stage.object(1);
    let neighbour = {
        let prim = stage.bus.script(script).unwrap().0;
        stage.script(prim, "b")
    };
    stage.listen(script, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    stage.link(neighbour, (crate::lsl::LINK_THIS, 0), "{\"domain\":", "");
    assert_eq!(stage.outcomes(), ["not_clep", "delivered"]);
    assert_eq!(stage.run().len(), 2);
    let mut message = json("test");
    message.params = Some("x".repeat(5000).into());
    message.target.link = Some(crate::lsl::LINK_THIS.into());
    stage.send(neighbour, send(Message::Json(message), Dialect::ClepJson));
    let got = stage.run();
    assert!(matches!(&*got, [(_, ScriptEvent::Clep(_)), (_, ScriptEvent::Lsl(_))]), "{got:?}");
}

#[test]
fn link_messages_that_nobody_reads_are_not_written_down() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let [(_, one), (_, two)] = stage.linkset(1, 2)[..] else { unreachable!() };
    assert!(!stage.clep.watches_links());
    let reader_elsewhere = stage.object(1).1;
    stage.clep.lep_listen(reader_elsewhere, reader(Revision::L2));
    assert!(stage.clep.watches_links());
    stage.link(one, (2, 0), "a\nb", "");
    assert_eq!(stage.run().len(), 1);
    assert_eq!(stage.traffic(), []);
    // Older dialects do not use link messages.
    stage.clep.script_gone(reader_elsewhere);
    stage.listen(two, listen(Dialect::ClepLines, "", &["test"])).unwrap();
    assert!(!stage.clep.watches_links());
}
