//! Each reason why a listener drops a line, with a line on the bus.

use super::*;

/// A listener and a speaker for the newest dialect.
struct Pair {
    stage: Stage,
    listener: (PrimId, ScriptId),
    speaker: (PrimId, ScriptId),
    channel: i32,
}

impl Pair {
    fn new(listen: ClepListen) -> Self {
        let mut stage = Stage::new(Flavour::OpenSim);
        let (listener, speaker) = (stage.object(1), stage.object(2));
        let channel = stage.listen(listener.1, listen).unwrap()[0];
        Self { stage, listener, speaker, channel }
    }

    /// What comes of a message, said as it is; whether the script got it.
    fn outcome(&mut self, change: impl FnOnce(&mut JsonMessage)) -> (&'static str, bool) {
        let mut message = json("test");
        message.source.prim = self.speaker.0.to_string();
        message.source.script = "a".to_owned();
        change(&mut message);
        let text = codec(Dialect::ClepJson).encode(&Message::Json(message)).unwrap();
        self.outcome_of_text(&text)
    }

    fn outcome_of_text(&mut self, text: &str) -> (&'static str, bool) {
        self.stage.region_say(self.speaker.1, self.channel, text);
        let taken = self.stage.takers();
        assert!(taken.is_empty() || taken == [self.listener.1]);
        (self.stage.outcomes()[0], !taken.is_empty())
    }
}

#[test]
fn the_newest_dialect_by_every_reason() {
    let mut pair = Pair::new(listen(Dialect::ClepJson, "", &["test"]));
    assert_eq!(pair.outcome(|_| {}), ("delivered", true));
    assert_eq!(pair.outcome(|message| message.domain = "Test".to_owned()), ("interference", false));
    let region = |name: &str| Some(name.to_owned());
    assert_eq!(pair.outcome(|message| message.target.region = region("Here")), ("delivered", true));
    assert_eq!(pair.outcome(|message| message.target.region = region("There")), ("region", false));
    assert_eq!(
        pair.outcome(|message| message.target.prim = Some(ABSENT.to_owned())),
        ("prim", false)
    );
    let own = pair.listener.0.to_string().to_uppercase();
    assert_eq!(pair.outcome(|message| message.target.prim = Some(own)), ("delivered", true));
    assert_eq!(
        pair.outcome(|message| message.target.script = Some("b".to_owned())),
        ("script", false)
    );
    assert_eq!(pair.outcome(|message| message.source.prim = ABSENT.to_owned()), ("spoof", false));
    assert_eq!(pair.outcome_of_text("{\"domain\":\"test\""), ("truncated", false));
    let counters = pair.stage.clep.counters();
    assert_eq!((counters.lines, counters.delivered), (9, 3));
    let dropped: Vec<_> =
        counters.dropped.iter().map(|(reason, count)| (*reason, *count)).collect();
    let once = ["interference", "prim", "region", "script", "spoof", "truncated"];
    assert_eq!(dropped, once.map(|reason| (reason, 1)));
}

#[test]
fn relayed_message_of_its_own_is_loopback() {
    let listen =
        ClepListen { checks_speaker: Some(false), ..listen(Dialect::ClepJson, "", &["test"]) };
    let mut pair = Pair::new(listen);
    let own = pair.listener.0.to_string();
    assert_eq!(pair.outcome(|message| message.source.prim = own.clone()), ("loopback", false));
    // Of another script in the same prim.
    let other = |message: &mut JsonMessage| message.source.script = "b".to_owned();
    assert_eq!(
        pair.outcome(|message| {
            message.source.prim = own;
            other(message);
        }),
        ("delivered", true)
    );
}

#[test]
fn owner_only_takes_the_owner_and_its_objects() {
    let listen = ClepListen { owner_only: true, ..listen(Dialect::ClepSvc, "", &["test"]) };
    let mut pair = Pair::new(listen);
    let text = codec(Dialect::ClepSvc).encode(&listed("", "test", "", "x")).unwrap();
    assert_eq!(pair.outcome_of_text(&text), ("owner", false));
    pair.speaker = pair.stage.object(1);
    assert_eq!(pair.outcome_of_text(&text), ("delivered", true));
    for (number, taken) in [(1, 1), (2, 0)] {
        let avatar = pair.stage.avatar(number);
        pair.stage.chat(avatar, pair.channel, &text);
        assert_eq!(pair.stage.takers().len(), taken, "{number}");
    }
}

#[test]
fn names_that_share_a_channel_interfere() {
    // Both pairs have one channel: nothing separates service and domain.
    let mut stage = Stage::new(Flavour::OpenSim);
    let (speaker, first, second) = (stage.object(1).1, stage.object(1).1, stage.object(1).1);
    let channels = stage.listen(first, listen(Dialect::ClepSvc, "svc", &["test"])).unwrap();
    let same = stage.listen(second, listen(Dialect::ClepSvc, "sv", &["ctest"])).unwrap();
    assert_eq!((channels, same), (vec![-110_328_430], vec![-110_328_430]));
    stage.send(speaker, send(listed("sv", "ctest", "", "x"), Dialect::ClepSvc));
    assert_eq!(stage.takers(), [second]);
    assert_eq!(stage.outcomes(), ["service", "delivered"]);
    let others = vec!["clep-svc svc test".to_owned()];
    assert_eq!(stage.last().warnings, [Warning::Interference { others }]);

    // Domains of one hash, without services.
    let channels = stage.listen(first, listen(Dialect::ClepJson, "", &["2xlhr0"])).unwrap();
    assert_eq!(channels, [-1_073_741_824]);
    let planned = stage.send(speaker, send(Message::Json(json("0f84gu")), Dialect::ClepJson));
    assert_eq!(planned.channel, -1_073_741_824);
    assert_eq!(stage.run(), []);
    assert_eq!(stage.outcomes(), ["interference"]);
    let others = vec!["clep-json 2xlhr0".to_owned()];
    assert_eq!(stage.last().warnings, [Warning::Interference { others }]);
}

#[test]
fn text_is_cut_where_the_flavour_cuts_it() {
    for (flavour, limit) in [(Flavour::OpenSim, 1023), (Flavour::SecondLife, 1024)] {
        let mut stage = Stage::new(flavour);
        let (speaker, listener) = (stage.object(1).1, stage.object(1).1);
        let channel = stage.listen(listener, listen(Dialect::ClepSvc, "", &["test"])).unwrap()[0];
        let of_length = |bytes: usize| {
            let codec = Codec { limit: 4096, ..codec(Dialect::ClepSvc) };
            let empty = codec.encode(&listed("", "test", "", "")).unwrap().len();
            codec.encode(&listed("", "test", "", &"x".repeat(bytes - empty))).unwrap()
        };
        let call = |stage: &mut Stage, is_direct: bool, text: &str| {
            if is_direct {
                let prim = stage.bus.script(listener).unwrap().0.to_string();
                stage.say_to(speaker, &prim, channel, text);
            } else {
                stage.region_say(speaker, channel, text);
            }
        };
        for is_direct in [false, true] {
            call(&mut stage, is_direct, &of_length(limit));
            assert_eq!(stage.takers(), [listener], "{flavour:?}");
            assert_eq!(stage.last().warnings, []);
            call(&mut stage, is_direct, &of_length(limit + 1));
            assert_eq!(stage.run(), [], "{flavour:?}");
            assert_eq!(stage.outcomes(), ["truncated"]);
            let last = stage.last();
            assert_eq!(last.warnings, [Warning::Truncated { bytes: limit }]);
            assert_eq!(last.text.len(), limit + 1, "the record has what was said");
            assert!(last.problem.is_some());
        }
    }
}

#[test]
fn line_that_is_no_clep_passes_unchanged() {
    let mut stage = Stage::new(Flavour::OpenSim);
    let (speaker, listener) = (stage.object(1), stage.object(1).1);
    let channel = stage.listen(listener, listen(Dialect::ClepJson, "", &["test"])).unwrap()[0];
    stage.region_say(speaker.1, channel, "hello");
    let event = Event::Listen {
        channel,
        name: "prim 1".into(),
        id: speaker.0.0,
        message: "hello".into(),
        owner: stage.bus.owner_key(speaker.0.0),
    };
    assert_eq!(stage.run(), [(listener, ScriptEvent::Lsl(event))]);
    assert_eq!(stage.outcomes(), ["not_clep"]);
    let last = stage.last();
    assert!(last.message.is_none() && last.problem.is_some());
    assert_eq!(last.receivers[0].detail.as_ref(), last.problem.as_ref());
}

#[test]
fn first_taker_decides_and_last_knower_gives_the_reason() {
    let mut stage = Stage::new(Flavour::SecondLife);
    let (speaker, listener) = (stage.object(1).1, stage.object(1).1);
    // All have the channel of `test`.
    let none = ClepListen { owner_only: true, ..listen(Dialect::ClepLines, "", &["test"]) };
    stage.listen(listener, none).unwrap();
    stage.listen(listener, listen(Dialect::ClepRpcShort, "", &["test"])).unwrap();
    stage.listen(listener, listen(Dialect::ClepJson, "", &["test"])).unwrap();
    assert_eq!(stage.bus.listens(), 1);
    for dialect in [Dialect::ClepRpcShort, Dialect::ClepJson] {
        stage.send(speaker, send(message(dialect, "test", ""), dialect));
        assert_eq!(stage.takers(), [listener], "{dialect}");
        assert_eq!(stage.last().dialect, dialect);
    }
    let stranger = stage.object(2).1;
    let lines = send(message(Dialect::ClepLines, "test", ""), Dialect::ClepLines);
    stage.send(stranger, lines);
    assert_eq!(stage.run(), []);
    assert_eq!(stage.outcomes(), ["owner"]);
}
