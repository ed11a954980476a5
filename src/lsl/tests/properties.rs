//! Random calls in random order: recipients are compared with a brute-force search, and queues stay
//! bounded.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const OBJECTS: usize = 3;
const PRIMS: usize = 2 * OBJECTS;
const AVATARS: usize = 2;
const CHANNELS: [i32; 3] = [-1, 0, 5];
const NAMES: [&str; 3] = ["", "a", "b"];
const TEXTS: [&str; 3] = ["", "x", "y"];

/// In whole metres, so that distances are exact.
type Place = [i32; 3];

#[derive(Clone, Debug)]
enum Step {
    Listen { prim: usize, channel: i32, name: usize, key: Index, text: usize },
    Remove { prim: usize, handle: i32 },
    Control { prim: usize, handle: i32, is_active: bool },
    Say { prim: usize, volume: usize, channel: i32, text: usize },
    RegionSay { prim: usize, channel: i32, text: usize },
    RegionSayTo { prim: usize, target: Index, channel: i32, text: usize },
    Chat { avatar: usize, volume: usize, channel: i32, text: usize },
    Reply { avatar: usize, prim: usize, channel: i32, text: usize },
    Move { object: usize, place: Place },
    MoveAvatar { avatar: usize, place: Place },
    Rename { prim: usize, name: usize },
    Wear { object: usize, by: Option<usize> },
    ChangeState { prim: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let prim = || 0..PRIMS;
    let avatar = || 0..AVATARS;
    let channel = || proptest::sample::select(CHANNELS.to_vec());
    let text = || 0..TEXTS.len();
    let place = || (0..5, 0..5, 0..3).prop_map(|(x, y, z)| [x * 6, y * 8, z * 10]);
    let step = prop_oneof![
        6 => (prim(), channel(), 0..NAMES.len(), any::<Index>(), text()).prop_map(
            |(prim, channel, name, key, text)| Step::Listen { prim, channel, name, key, text }
        ),
        1 => (prim(), 1..4).prop_map(|(prim, handle)| Step::Remove { prim, handle }),
        1 => (prim(), 1..4, any::<bool>()).prop_map(|(prim, handle, is_active)| {
            Step::Control { prim, handle, is_active }
        }),
        6 => (prim(), 0..3usize, channel(), text()).prop_map(|(prim, volume, channel, text)| {
            Step::Say { prim, volume, channel, text }
        }),
        2 => (prim(), channel(), text())
            .prop_map(|(prim, channel, text)| Step::RegionSay { prim, channel, text }),
        3 => (prim(), any::<Index>(), channel(), text()).prop_map(
            |(prim, target, channel, text)| Step::RegionSayTo { prim, target, channel, text }
        ),
        3 => (avatar(), 0..3usize, channel(), text()).prop_map(
            |(avatar, volume, channel, text)| Step::Chat { avatar, volume, channel, text }
        ),
        2 => (avatar(), prim(), channel(), text()).prop_map(|(avatar, prim, channel, text)| {
            Step::Reply { avatar, prim, channel, text }
        }),
        2 => (0..OBJECTS, place()).prop_map(|(object, place)| Step::Move { object, place }),
        1 => (avatar(), place()).prop_map(|(avatar, place)| Step::MoveAvatar { avatar, place }),
        1 => (prim(), 0..NAMES.len()).prop_map(|(prim, name)| Step::Rename { prim, name }),
        1 => (0..OBJECTS, proptest::option::of(avatar()))
            .prop_map(|(object, by)| Step::Wear { object, by }),
        1 => prim().prop_map(|prim| Step::ChangeState { prim }),
    ];
    proptest::collection::vec(step, 1..80)
}

/// A listen as the model has it.
#[derive(Clone, Debug)]
struct Known {
    prim: usize,
    handle: ListenHandle,
    channel: i32,
    filter: (usize, Option<Uuid>, usize),
    is_active: bool,
}

#[derive(Clone, Copy, Debug)]
enum Carries {
    Metres(Place, i32),
    Region,
    Prim(usize),
    Worn(usize),
}

/// All that is known, in lists that are searched from end to end.
struct Model {
    flavour: Flavour,
    scene: Scene,
    prims: Vec<PrimId>,
    scripts: Vec<ScriptId>,
    names: Vec<usize>,
    objects: Vec<Place>,
    worn_by: Vec<Option<usize>>,
    avatars: Vec<Place>,
    listens: Vec<Known>,
}

impl Model {
    fn new(flavour: Flavour) -> Self {
        let mut scene = Scene::new(flavour);
        let (mut prims, mut scripts) = (Vec::new(), Vec::new());
        for _ in 0..OBJECTS {
            // The child is 15 m above its root.
            let offsets = [vector([0; 3]), vector([0, 0, 15])];
            let (more_prims, more_scripts) = scene.linkset("a", vector([0; 3]), &offsets);
            prims.extend(more_prims);
            scripts.extend(more_scripts);
        }
        (0..AVATARS).for_each(|number| {
            scene.avatar(number as u128, vector([0; 3]));
        });
        Self {
            flavour,
            scene,
            prims,
            scripts,
            names: vec![1; PRIMS],
            objects: vec![[0; 3]; OBJECTS],
            worn_by: vec![None; OBJECTS],
            avatars: vec![[0; 3]; AVATARS],
            listens: Vec::new(),
        }
    }

    /// A key of anybody, of nobody, or what is none.
    fn key(&self, index: Index) -> String {
        let mut keys: Vec<_> = self.prims.iter().map(ToString::to_string).collect();
        keys.extend((0..AVATARS).map(|number| agent(number as u128).to_string()));
        keys.extend([NULL_KEY.to_owned(), String::new(), agent(99).to_string()]);
        index.get(&keys).clone()
    }

    fn place(&self, prim: usize, at_root: bool) -> Place {
        if let Some(avatar) = self.worn_by[prim / 2] {
            return self.avatars[avatar];
        }
        let [x, y, z] = self.objects[prim / 2];
        let is_child = prim % 2 == 1;
        [x, y, if is_child && !at_root { z + 15 } else { z }]
    }

    /// Which prims' scripts get an event, in order.
    fn expected(
        &self,
        channel: i32,
        speaker: (Uuid, &str, Option<usize>),
        text: &str,
        carries: Carries,
    ) -> Vec<ScriptId> {
        let is_second_life = self.flavour == Flavour::SecondLife;
        let (key, name, deaf) = speaker;
        let mut heard = Vec::new();
        for listen in &self.listens {
            let (for_name, for_key, for_text) = listen.filter;
            let reaches = match carries {
                Carries::Region => true,
                Carries::Prim(prim) => prim == listen.prim,
                Carries::Worn(avatar) => self.worn_by[listen.prim / 2] == Some(avatar),
                Carries::Metres(from, range) => {
                    let place = self.place(listen.prim, is_second_life);
                    let square: i32 = (0..3).map(|axis| (from[axis] - place[axis]).pow(2)).sum();
                    square < range * range || is_second_life && square == range * range
                }
            };
            let hears = listen.is_active
                && listen.channel == channel
                && deaf != Some(listen.prim)
                && reaches
                && (NAMES[for_name].is_empty() || NAMES[for_name] == name)
                && for_key.is_none_or(|wanted| wanted == key)
                && (TEXTS[for_text].is_empty() || TEXTS[for_text] == text);
            let script = self.scripts[listen.prim];
            if hears && !(is_second_life && heard.contains(&script)) {
                heard.push(script);
            }
        }
        heard
    }

    /// Does a step; for one that speaks, who must hear it and what became of it.
    fn step(&mut self, step: &Step) -> Option<(i32, Vec<ScriptId>, Said)> {
        let now = self.scene.now;
        let ranges = [(Volume::Whisper, 10), (Volume::Say, 20), (Volume::Shout, 100)];
        match *step {
            Step::Listen { prim, channel, name, key, text } => {
                let key = self.key(key);
                let arguments = (NAMES[name], key.as_str(), TEXTS[text]);
                let bus = &mut self.scene.bus;
                let handle = bus.listen(now, self.scripts[prim], channel, arguments).unwrap();
                let filter = (name, parse_key(&key), text);
                let covers = |known: &Known| {
                    (known.filter.0 == 0 || known.filter.0 == name)
                        && (known.filter.1.is_none() || known.filter.1 == filter.1)
                        && (known.filter.2 == 0 || known.filter.2 == text)
                };
                let is_cover = self.scene.bus.settings().rules.listens_cover;
                let is_known = |known: &Known| (known.prim, known.handle) == (prim, handle);
                match self.listens.iter().find(|known| is_known(known)) {
                    Some(known) if is_cover => {
                        assert!(known.channel == channel && known.is_active && covers(known));
                    }
                    Some(known) => assert_eq!((known.channel, known.filter), (channel, filter)),
                    None => {
                        let same = |known: &&Known| (known.prim, known.channel) == (prim, channel);
                        let mut others = self.listens.iter().filter(same);
                        assert!(!others.any(|known| {
                            if is_cover {
                                known.is_active && covers(known)
                            } else {
                                known.filter == filter
                            }
                        }));
                        self.listens.push(Known { prim, handle, channel, filter, is_active: true });
                    }
                }
                None
            }
            Step::Remove { prim, handle } => {
                let handle = ListenHandle(handle);
                let before = self.listens.len();
                self.listens.retain(|known| (known.prim, known.handle) != (prim, handle));
                let removed = self.scene.bus.listen_remove(self.scripts[prim], handle);
                assert_eq!(removed, Ok(self.listens.len() < before));
                None
            }
            Step::Control { prim, handle, is_active } => {
                let handle = ListenHandle(handle);
                let mut listens = self.listens.iter_mut();
                let known = listens.find(|known| (known.prim, known.handle) == (prim, handle));
                let found = self.scene.bus.listen_control(self.scripts[prim], handle, is_active);
                assert_eq!(found, Ok(known.is_some()));
                if let Some(known) = known {
                    known.is_active = is_active;
                }
                None
            }
            Step::Say { prim, volume, channel, text } => {
                let (volume, range) = ranges[volume];
                let carries = Carries::Metres(self.place(prim, false), range);
                let expected = self.expected(channel, self.speaker(prim), TEXTS[text], carries);
                let bus = &mut self.scene.bus;
                let said = bus.say(now, self.scripts[prim], volume, channel, TEXTS[text]);
                Some((channel, expected, said.unwrap()))
            }
            Step::RegionSay { prim, channel, text } => {
                let said = self.scene.bus.region_say(now, self.scripts[prim], channel, TEXTS[text]);
                if channel == PUBLIC_CHANNEL {
                    return None;
                }
                let speaker = self.speaker(prim);
                let expected = self.expected(channel, speaker, TEXTS[text], Carries::Region);
                Some((channel, expected, said.unwrap()))
            }
            Step::RegionSayTo { prim, target, channel, text } => {
                let key = self.key(target);
                let script = self.scripts[prim];
                let bus = &mut self.scene.bus;
                let said = bus.region_say_to(now, script, &key, channel, TEXTS[text]).unwrap();
                let id = parse_key(&key)?;
                let avatar = (0..AVATARS).find(|number| agent(*number as u128).0 == id);
                let carries = match self.prims.iter().position(|prim| prim.0 == id) {
                    Some(prim) => Carries::Prim(prim),
                    None if channel == PUBLIC_CHANNEL => return None,
                    None => Carries::Worn(avatar?),
                };
                let expected = self.expected(channel, self.speaker(prim), TEXTS[text], carries);
                Some((channel, expected, said))
            }
            Step::Chat { avatar, volume, channel, text } => {
                let (_, range) = ranges[volume];
                let id = agent(avatar as u128);
                let bus = &mut self.scene.bus;
                let said = bus.avatar_chat(now, id, volume as u8, channel, TEXTS[text]).unwrap();
                if TEXTS[text].is_empty() {
                    return None;
                }
                let carries = Carries::Metres(self.avatars[avatar], range);
                let name = format!("Agent{avatar} Tester");
                let expected = self.expected(channel, (id.0, &name, None), TEXTS[text], carries);
                Some((channel, expected, said))
            }
            Step::Reply { avatar, prim, channel, text } => {
                let id = agent(avatar as u128);
                let carries = match self.flavour {
                    Flavour::OpenSim => Carries::Region,
                    Flavour::SecondLife => Carries::Metres(self.place(prim, true), 20),
                };
                let object = self.prims[prim];
                let bus = &mut self.scene.bus;
                let said = bus.avatar_reply(now, id, object, channel, TEXTS[text]).unwrap();
                let name = format!("Agent{avatar} Tester");
                let expected = self.expected(channel, (id.0, &name, None), TEXTS[text], carries);
                Some((channel, expected, said))
            }
            Step::Move { object, place } => {
                self.objects[object] = place;
                self.scene.bus.move_object(self.prims[2 * object], vector(place)).unwrap();
                None
            }
            Step::MoveAvatar { avatar, place } => {
                self.avatars[avatar] = place;
                self.scene.bus.move_avatar(agent(avatar as u128), vector(place)).unwrap();
                None
            }
            Step::Rename { prim, name } => {
                self.names[prim] = name;
                self.scene.bus.rename_prim(self.prims[prim], NAMES[name]).unwrap();
                None
            }
            Step::Wear { object, by } => {
                self.worn_by[object] = by;
                let by = by.map(|avatar| agent(avatar as u128));
                self.scene.bus.wear(self.prims[2 * object], by).unwrap();
                None
            }
            Step::ChangeState { prim } => {
                self.listens.retain(|known| known.prim != prim);
                let bus = &mut self.scene.bus;
                bus.change_state(now, self.scripts[prim], EventKinds::LISTEN).unwrap();
                None
            }
        }
    }

    fn speaker(&self, prim: usize) -> (Uuid, &'static str, Option<usize>) {
        (self.prims[prim].0, NAMES[self.names[prim]], Some(prim))
    }
}

fn vector([x, y, z]: Place) -> Vector3 {
    at(x as f32, y as f32, z as f32)
}

fn flavours() -> impl Strategy<Value = Flavour> {
    proptest::sample::select(FLAVOURS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn those_hear_who_a_search_through_everything_finds(
        flavour in flavours(),
        steps in steps(),
    ) {
        let mut model = Model::new(flavour);
        for step in &steps {
            let outcome = model.step(step);
            let heard = model.scene.hearers();
            let Some((channel, expected, said)) = outcome else {
                prop_assert_eq!(heard, [], "{:?} is not heard", step);
                continue;
            };
            prop_assert_eq!(&heard, &expected, "{:?}", step);
            prop_assert_eq!(said.queued, expected.len());
            let on_channel = model.listens.iter().filter(|known| known.channel == channel).count();
            prop_assert_eq!(said.considered, on_channel, "only the channel's listens are asked");
            prop_assert_eq!(said.hearings.len(), on_channel);
        }
        prop_assert_eq!(model.scene.bus.listens(), model.listens.len());
    }

    #[test]
    fn queues_stay_bounded_and_no_event_is_unaccounted_for(
        flavour in flavours(),
        steps in steps(),
        rounds in 1..20usize,
    ) {
        let mut model = Model::new(flavour);
        for step in steps.iter().cycle().take(steps.len() * rounds) {
            model.step(step);
            for script in &model.scripts {
                prop_assert!(model.scene.bus.waiting(*script) <= 64);
            }
        }
        let bus = &model.scene.bus;
        let waiting: usize = model.scripts.iter().map(|script| bus.waiting(*script)).sum();
        let counters = bus.counters();
        let taken = model.scene.hearers().len();
        prop_assert_eq!(taken, waiting);
        prop_assert_eq!(counters.queued, waiting as u64 + counters.cleared);
    }

    #[test]
    fn any_text_is_carried_cut_or_refused(
        flavour in flavours(),
        texts in proptest::collection::vec(any::<String>(), 0..14),
        text in "\\PC{0,1500}",
        channel in prop_oneof![Just(PUBLIC_CHANNEL), Just(DEBUG_CHANNEL), any::<i32>()],
        link in prop_oneof![-5..3i32, any::<i32>()],
        kind in any::<u8>(),
    ) {
        let settings = Settings { throttles: true, tap: true, ..Settings::new(flavour) };
        let mut scene = Scene::with(settings);
        let (prim, script) = scene.object(&text, HERE);
        let (_, other) = scene.object(&text, HERE);
        let avatar = scene.avatar(1, HERE);
        let (now, key) = (scene.now, avatar.to_string());
        let bus = &mut scene.bus;
        bus.listen(now, other, channel, (&text, &text, &text)).unwrap();
        bus.listen(now, other, channel, ALL).unwrap();
        for to in [key.as_str(), text.as_str(), &prim.to_string()] {
            bus.region_say_to(now, script, to, channel, &text).unwrap();
            bus.instant_message(now, script, to, &text).unwrap();
            bus.dialog(now, script, (to, &text), &texts, channel).unwrap();
            bus.text_box(now, script, (to, &text), channel).unwrap();
        }
        for volume in [Volume::Whisper, Volume::Say, Volume::Shout] {
            bus.say(now, script, volume, channel, &text).unwrap();
        }
        bus.region_say(now, script, channel, &text).unwrap();
        bus.owner_say(now, script, &text).unwrap();
        bus.message_linked(now, script, (link, channel), &text, &text).unwrap();
        bus.avatar_chat(now, avatar, kind, channel, &text).unwrap();
        bus.avatar_reply(now, avatar, prim, channel, &text).unwrap();
        bus.report_error(now, script, &text).unwrap();
        for effect in scene.effects() {
            match effect {
                Effect::Chat { line, .. } => {
                    prop_assert!(line.text.len() <= VIEWER_TEXT && line.from.len() <= 254);
                }
                Effect::Dialog(dialog) => {
                    prop_assert!(dialog.message.len() <= 512);
                    prop_assert!((1..=12).contains(&dialog.buttons.len()));
                    prop_assert!(dialog.buttons.iter().all(|label| label.len() <= 24));
                }
                Effect::InstantMessage(message) => {
                    prop_assert!(message.text.encode_utf16().count() <= 1024);
                }
                Effect::ScriptError { text, .. } => prop_assert!(text.len() <= 1024),
            }
        }
        let late = scene.now + Duration::from_secs(3600);
        while let Some((_, event)) = scene.bus.poll_event(late) {
            if let Event::Listen { message, .. } = event {
                prop_assert!(message.encode_utf16().count() <= 1024);
            }
        }
    }
}
