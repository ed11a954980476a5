//! Which call sends a message, and that it reaches its recipients and nobody else.

use super::*;
use crate::clep::lep::{Flags, LepMessage};

/// A sender, and two objects that listen to `test` in a dialect.
fn stage(dialect: Dialect) -> (Stage, ScriptId, [(PrimId, ScriptId); 2]) {
    let mut stage = Stage::new(Flavour::OpenSim);
    let sender = stage.object(1).1;
    let listeners = [stage.object(1), stage.object(1)];
    for (_, script) in listeners {
        stage.listen(script, listen(dialect, "", &["test"])).unwrap();
    }
    (stage, sender, listeners)
}

#[test]
fn messages_go_to_one_prim_to_everybody_or_across_a_border() {
    for dialect in Dialect::ALL {
        let (mut stage, sender, [one, other]) = stage(dialect);
        let planned = stage.send(sender, send(message(dialect, "test", ""), dialect));
        assert_eq!(planned.route, Route::RegionSay, "{dialect}");
        assert_eq!(stage.takers(), [one.1, other.1], "{dialect}");
        assert_eq!(stage.last().call, "llRegionSay");

        let target = one.0.to_string();
        let planned = stage.send(sender, send(message(dialect, "test", &target), dialect));
        assert_eq!((planned.route, &planned.target), (Route::RegionSayTo, &target), "{dialect}");
        assert_eq!(stage.takers(), [one.1], "{dialect}");
        assert_eq!(stage.outcomes(), ["delivered", "not_addressed"]);
        assert_eq!(stage.last().call, "llRegionSayTo");

        let planned = stage.send(sender, send(message(dialect, "test", ABSENT), dialect));
        let knows_borders = !matches!(dialect, Dialect::Xichat | Dialect::SeedChuf);
        let route = if knows_borders { Route::Shout } else { Route::RegionSayTo };
        assert_eq!(planned.route, route, "{dialect}");
        let last = stage.last();
        if knows_borders {
            assert_eq!(last.call, "llShout");
            // Who is in reach and does not compare the prim takes it.
            let compares = codec(dialect).checks_prim();
            assert_eq!(stage.takers().len(), if compares { 0 } else { 2 }, "{dialect}");
            let outcome = if compares { "prim" } else { "delivered" };
            assert_eq!(stage.outcomes(), [outcome; 2], "{dialect}");
        } else {
            assert_eq!(stage.run(), []);
            assert!(last.receivers.is_empty());
            assert!(last.problem.as_ref().unwrap().starts_with("not said: nobody"), "{last:?}");
            assert!(last.message.is_some());
        }
    }
}

#[test]
fn avatar_as_target_is_told_by_what_it_wears() {
    let (mut stage, sender, _) = stage(Dialect::ClepJson);
    let avatar = stage.avatar(5);
    let (worn, script) = stage.object(5);
    stage.bus.wear(worn, Some(avatar)).unwrap();
    let mut names = listen(Dialect::ClepJson, "", &["test"]);
    stage.listen(script, names.clone()).unwrap();
    let to_avatar =
        send(message(Dialect::ClepJson, "test", &avatar.to_string()), Dialect::ClepJson);
    let planned = stage.send(sender, to_avatar);
    assert_eq!(planned.route, Route::RegionSayTo);
    // It is heard, but it is for the avatar and not for the prim.
    assert_eq!(stage.outcomes(), ["not_addressed", "not_addressed", "prim"]);
    names.codec = codec(Dialect::SeedChuf);
    stage.listen(script, names).unwrap();
    let to_avatar =
        send(message(Dialect::SeedChuf, "test", &avatar.to_string()), Dialect::SeedChuf);
    stage.send(sender, to_avatar);
    assert_eq!(stage.takers(), [script]);
}

#[test]
fn newest_dialect_stays_within_its_linkset() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let [root, one, two] = stage.linkset(1, 3)[..] else { unreachable!() };
    for (_, script) in [root, one, two] {
        stage.listen(script, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    }
    let to = |prim: PrimId| {
        send(message(Dialect::ClepJson, "test", &prim.to_string()), Dialect::ClepJson)
    };
    let planned = stage.send(root.1, to(one.0));
    assert_eq!(planned.route, Route::MessageLinked(2));
    let got = stage.run();
    let [(script, ScriptEvent::Clep(received))] = &*got else { panic!("{got:?}") };
    assert_eq!((*script, received.channel, received.key), (one.1, 0, root.0.0));
    assert_eq!(received.name, "prim 1");
    let last = stage.last();
    assert_eq!(
        (last.call, last.channel, last.domain.as_deref()),
        ("llMessageLinked", 0, Some("test"))
    );
    assert_eq!(last.message.as_ref(), Some(&received.message));
    assert_eq!(stage.outcomes(), ["delivered"]);

    let planned = stage.send(root.1, ClepSend { force_chat: true, ..to(two.0) });
    assert_eq!(planned.route, Route::RegionSayTo);
    assert_eq!(stage.takers(), [two.1]);
    assert_eq!(stage.outcomes(), ["own_prim", "not_addressed", "delivered"]);

    // The own prim would not hear its own chat; another script of it takes a link message.
    let neighbour = stage.script(one.0, "b");
    stage.listen(neighbour, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    let planned = stage.send(one.1, ClepSend { force_chat: true, ..to(one.0) });
    assert_eq!(planned.route, Route::MessageLinked(2));
    assert_eq!(stage.takers(), [neighbour]);
    assert_eq!(stage.outcomes(), ["loopback", "delivered"]);
}

#[test]
fn link_number_is_as_good_as_a_prim() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let [root, one, two] = stage.linkset(1, 3)[..] else { unreachable!() };
    for (_, script) in [root, one, two] {
        stage.listen(script, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    }
    let to = |link: serde_json::Value, force_chat: bool| {
        let mut message = json("test");
        message.target.link = Some(link);
        ClepSend { force_chat, ..send(Message::Json(message), Dialect::ClepJson) }
    };
    assert_eq!(stage.send(root.1, to(3.into(), false)).route, Route::MessageLinked(3));
    assert_eq!(stage.takers(), [two.1]);
    assert_eq!(stage.send(root.1, to((-1).into(), false)).route, Route::MessageLinked(-1));
    assert_eq!(stage.takers(), [one.1, two.1]);
    assert_eq!(stage.outcomes(), ["loopback", "delivered", "delivered"]);
    let planned = stage.send(root.1, to(2.into(), true));
    assert_eq!((planned.route, planned.target), (Route::RegionSayTo, one.0.to_string()));
    assert_eq!(stage.takers(), [one.1]);
    assert_eq!(stage.send(root.1, to(1.into(), true)).route, Route::MessageLinked(1));
    let error =
        |link: serde_json::Value| stage.plan(root.1, to(link, true)).unwrap_err().to_string();
    assert_eq!(error(4.into()), "the object has no link 4");
    assert_eq!(error(0.into()), "the object has no link 0");
    assert_eq!(error((-1).into()), "target.link must be that of one prim where chat is forced");
    assert_eq!(error("2".into()), "target.link must be a link number");
    assert_eq!(error((1_i64 << 40).into()), "target.link must be a link number");
}

#[test]
fn message_to_the_own_script_needs_no_call() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let (prim, script) = stage.object(1);
    stage.listen(script, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    let to_self = |domain: &str| {
        let mut message = json(domain);
        message.target.prim = Some(prim.to_string());
        message.target.script = Some("a".to_owned());
        send(Message::Json(message), Dialect::ClepJson)
    };
    let planned = stage.send(script, to_self("test"));
    assert_eq!(planned.route, Route::Direct);
    let received = planned.direct.unwrap();
    assert_eq!((received.key, received.channel, received.signed), (prim.0, 0, false));
    assert_eq!(stage.run(), []);
    let last = stage.last();
    assert_eq!((last.call, last.message.as_ref()), ("direct", Some(&received.message)));
    assert_eq!(stage.outcomes(), ["delivered"]);
    assert_eq!(stage.send(script, to_self("other")).direct, None);
    assert_eq!(stage.outcomes(), ["interference"]);
}

#[test]
fn target_scripts_of_lep_within_clep() {
    for flavour in FLAVOURS {
        let mut stage = Stage::new(flavour);
        let (sender, (prim, a)) = (stage.object(1).1, stage.object(1));
        let b = stage.script(prim, "b");
        for script in [a, b] {
            stage.listen(script, listen(Dialect::ClepSvc, "svc", &["dom"])).unwrap();
        }
        let lep = |target: &str| ListedMessage {
            service: "svc".to_owned(),
            domain: "dom".to_owned(),
            prim: prim.to_string(),
            body: Body::Lep(LepMessage {
                flags: Flags::REQUEST,
                source: String::new(),
                target: target.to_owned(),
                parameters: vec!["ping".to_owned()],
                token: None,
                data: "data".to_owned(),
            }),
        };
        for (target, takers) in [("b", vec![b]), ("a", vec![a]), ("", vec![a, b]), ("c", vec![])] {
            let message = Message::Listed(lep(target));
            let planned = stage.send(sender, send(message, Dialect::ClepSvc));
            assert_eq!(planned.route, Route::RegionSayTo);
            assert!(planned.text.contains("1%2Ca%250A"), "the source script is filled in");
            assert_eq!(stage.takers(), takers, "{target}");
        }
        assert_eq!(stage.outcomes(), ["script", "script"]);
    }
}

#[test]
fn missing_sender_is_filled_in() {
    let (stage, sender, _) = stage(Dialect::ClepJson);
    let prim = stage.bus.script(sender).unwrap().0.to_string();
    let source = |dialect: Dialect, message: Message| {
        let planned = stage.plan(sender, send(message, dialect)).unwrap();
        codec(dialect).decode(&planned.text).unwrap()
    };
    let own = Address { region: "Here".to_owned(), prim: prim.clone(), script: "a".to_owned() };
    let Message::Json(read) = source(Dialect::ClepJson, Message::Json(json("test"))) else {
        unreachable!()
    };
    assert_eq!(read.source, own);
    let mut given = json("test");
    given.source.script = "given".to_owned();
    let read = source(Dialect::ClepJson, Message::Json(given));
    assert_eq!((read.source_prim(), read.source_script()), (Some(&*prim), Some("given")));
    let read = source(Dialect::ClepLines, message(Dialect::ClepLines, "test", ""));
    assert_eq!((read.source_prim(), read.source_script()), (Some(&*prim), Some("a")));
    let read = source(Dialect::ClepRpcShort, message(Dialect::ClepRpcShort, "test", ""));
    assert_eq!((read.source_prim(), read.source_script()), (None, Some("a")));

    let named = ClepSend {
        service: "svc".to_owned(),
        domain: "test".to_owned(),
        ..send(listed("", "", "", "x"), Dialect::ClepSvc)
    };
    let planned = stage.plan(sender, named).unwrap();
    assert_eq!((planned.channel, &*planned.text), (-110_328_430, "CLEP,svc,test,,raw,x,"));
    let opaque = ClepSend {
        codec: Codec::new(Dialect::SeedChuf),
        domain: "d997831".to_owned(),
        ..send(Message::Opaque { text: "hi".to_owned() }, Dialect::SeedChuf)
    };
    let planned = stage.plan(sender, opaque.clone()).unwrap();
    assert_eq!((planned.channel, &*planned.text), (280, "hi"));
    assert_eq!((planned.route, &*planned.target), (Route::RegionSay, ""));
    let planned = stage.plan(sender, ClepSend { target: prim.clone(), ..opaque }).unwrap();
    assert_eq!((planned.route, &*planned.target), (Route::RegionSayTo, &*prim));
}

#[test]
fn unwritable_message_is_an_error_with_its_reason() {
    let (stage, sender, _) = stage(Dialect::ClepJson);
    let error = |send: ClepSend| stage.plan(sender, send).unwrap_err().to_string();
    let mut long = json("test");
    long.params = Some("x".repeat(2000).into());
    let reason = error(send(Message::Json(long.clone()), Dialect::ClepJson));
    assert!(reason.starts_with("clep message: message of 2"), "{reason}");
    // A link message has no limit.
    long.target.link = Some(1.into());
    assert!(stage.plan(sender, send(Message::Json(long), Dialect::ClepJson)).is_ok());
    let reason = error(send(Message::Json(json("a\nb")), Dialect::ClepJson));
    assert_eq!(reason, "clep name: newline in the domain after 1 characters");
    let reason = error(send(listed("", "test", "", "x"), Dialect::ClepJson));
    assert_eq!(reason, "clep message: clep-json has no listed messages");
    assert!(
        stage
            .clep
            .plan(&stage.bus, ScriptId(99), send(Message::Json(json("a")), Dialect::ClepJson))
            .is_err()
    );
}
