//! The flavours' throttles, when they are on.

use super::*;

fn throttled(flavour: Flavour) -> Scene {
    Scene::with(Settings { throttles: true, ..Settings::new(flavour) })
}

#[test]
fn second_life_drops_public_lines_beyond_199_in_ten_seconds() {
    let mut scene = throttled(Flavour::SecondLife);
    let (_, one) = scene.object("one", HERE);
    let (_, two) = scene.object("two", HERE);
    for _ in 0..100 {
        assert_eq!(scene.say(one, 0, "x").refused, None);
    }
    for _ in 0..99 {
        assert_eq!(scene.say(two, DEBUG_CHANNEL, "x").refused, None);
    }
    assert_eq!(scene.say(one, 0, "x").refused, Some(CallRefusal::Throttled));
    assert_eq!(scene.say(one, 5, "x").refused, None, "other channels have no limit");
    scene.wait(9999);
    assert_eq!(scene.say(one, 0, "x").refused, Some(CallRefusal::Throttled));
    scene.wait(1);
    assert_eq!(scene.say(one, 0, "x").refused, None);
    assert_eq!(scene.bus.counters().refused[&CallRefusal::Throttled], 2);
}

#[test]
fn second_life_drops_messages_beyond_2500_in_half_an_hour() {
    let mut scene = throttled(Flavour::SecondLife);
    let (_, script) = scene.object("box", HERE);
    let key = agent(2).to_string();
    for _ in 0..2500 {
        let said = scene.bus.instant_message(scene.now, script, &key, "x").unwrap();
        assert_eq!(said.refused, None);
        scene.bus.poll_effect();
    }
    let said = scene.bus.instant_message(scene.now, script, &key, "x").unwrap();
    assert_eq!((said.refused, said.sleep), (Some(CallRefusal::Throttled), Duration::from_secs(2)));
    assert_eq!(scene.effects(), []);
    scene.wait(30 * 60 * 1000);
    let said = scene.bus.instant_message(scene.now, script, &key, "x").unwrap();
    assert_eq!(said.refused, None);
}

#[test]
fn second_life_blocks_an_owner_that_floods_one_avatar() {
    let mut scene = throttled(Flavour::SecondLife);
    let avatar = scene.avatar(2, HERE);
    let (_, script) = scene.object("box", HERE);
    let (prim, other) = scene.object("other", HERE);
    let key = avatar.to_string();
    let mut allowed = 0;
    for _ in 0..301 {
        let said = scene.bus.region_say_to(scene.now, script, &key, 0, "x").unwrap();
        allowed += usize::from(said.refused.is_none());
    }
    assert_eq!(allowed, 200);
    scene.wait(3_600_000);
    let key = prim.to_string();
    let said = scene.bus.region_say_to(scene.now, other, &key, 5, "x").unwrap();
    assert_eq!(said.refused, Some(CallRefusal::Throttled));
}

#[test]
fn open_sim_sleeps_from_the_twelfth_public_line_of_a_second() {
    let mut scene = throttled(Flavour::OpenSim);
    let (_, script) = scene.object("box", HERE);
    let two = Duration::from_secs(2);
    for _ in 0..11 {
        assert_eq!(scene.say(script, 0, "x").sleep, Duration::ZERO);
    }
    assert_eq!(scene.say(script, 0, "x").sleep, two);
    scene.wait(60_000);
    assert_eq!(scene.say(script, 5, "x").sleep, two, "only a public line ends it");
    let said = scene.bus.say(scene.now, script, Volume::Whisper, 0, "x").unwrap();
    assert_eq!(said.sleep, Duration::ZERO);
    assert_eq!(scene.say(script, 0, "x").sleep, Duration::ZERO);
    assert_eq!(scene.say(script, 5, "x").sleep, Duration::ZERO);
}

#[test]
fn throttles_are_off_unless_asked_for() {
    for flavour in FLAVOURS {
        let mut scene = Scene::new(flavour);
        let (_, script) = scene.object("box", HERE);
        for _ in 0..400 {
            let said = scene.say(script, 0, "x");
            assert_eq!((said.refused, said.sleep), (None, Duration::ZERO));
        }
    }
}
