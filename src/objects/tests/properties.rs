//! Random commands in random order: viewers are shown what is on the bus.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Create { prims: usize, scripts: Vec<(usize, u8)>, worn: Option<u8> },
    Remove { object: Index },
    AddScript { object: Index, link: usize, name: u8, driver: u8 },
    RemoveScript { script: u64 },
    ChangeState { script: u64, handlers: u8 },
    Change { prim: Index, change: PrimChange },
    Call { script: u64, call: ScriptCall },
    HostGone { host: u64, keep: bool },
    Enter { avatar: u8 },
    Leave { avatar: u8 },
    Chat { avatar: u8, kind: u8, channel: i32 },
    Touch { prim: u32 },
    Run,
}

fn script() -> impl Strategy<Value = u64> {
    1..12u64
}

fn channel() -> impl Strategy<Value = i32> {
    prop_oneof![Just(0), Just(i32::MAX), Just(5)]
}

fn changes() -> impl Strategy<Value = PrimChange> {
    let worn = proptest::option::of((0..3u8, 0..57u8));
    prop_oneof![
        "[a\n]{0,2}".prop_map(PrimChange::Name),
        "[a\n]{0,2}".prop_map(PrimChange::Description),
        any::<f32>().prop_map(|x| PrimChange::Position(Vector3::new(x, 1.0, 1.0))),
        any::<f32>().prop_map(|x| PrimChange::Size(Vector3::new(x, 1.0, 1.0))),
        any::<f32>().prop_map(|red| PrimChange::Text("text".to_owned(), [red; 4])),
        (0..3u128).prop_map(|number| PrimChange::Owner(owner(number))),
        worn.prop_map(|worn| {
            PrimChange::Worn(worn.map(|(avatar, point)| (agent(avatar.into()), point)))
        }),
    ]
}

fn calls() -> impl Strategy<Value = ScriptCall> {
    let text = || "[a🦀]{0,2}";
    prop_oneof![
        4 => channel().prop_map(listen),
        1 => (0..4i32).prop_map(|handle| ScriptCall::ListenRemove { handle }),
        3 => (channel(), text()).prop_map(|(channel, text)| say(channel, &text)),
        1 => (channel(), text()).prop_map(|(channel, text)| ScriptCall::RegionSay { channel, text }),
        1 => (-5..5i32, text()).prop_map(|(link, text)| {
            ScriptCall::MessageLinked { link, number: 0, text, id: String::new() }
        }),
        1 => (text(), text()).prop_map(|(to, text)| ScriptCall::InstantMessage { to, text }),
        1 => any::<f32>().prop_map(|z| ScriptCall::SetPosition(Vector3::new(1.0, 1.0, z))),
        1 => (0..5u64).prop_map(|time| ScriptCall::Sleep(Duration::from_secs(time))),
        1 => Just(ScriptCall::Die),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let scripts = proptest::collection::vec((0..4usize, 0..5u8), 0..4);
    let step = prop_oneof![
        4 => (0..4usize, scripts, proptest::option::of(0..3u8))
            .prop_map(|(prims, scripts, worn)| Step::Create { prims, scripts, worn }),
        2 => any::<Index>().prop_map(|object| Step::Remove { object }),
        2 => (any::<Index>(), 0..4usize, 0..3u8, 0..5u8).prop_map(
            |(object, link, name, driver)| Step::AddScript { object, link, name, driver }
        ),
        1 => script().prop_map(|script| Step::RemoveScript { script }),
        1 => (script(), any::<u8>())
            .prop_map(|(script, handlers)| Step::ChangeState { script, handlers }),
        4 => (any::<Index>(), changes()).prop_map(|(prim, change)| Step::Change { prim, change }),
        8 => (script(), calls()).prop_map(|(script, call)| Step::Call { script, call }),
        1 => (0..2u64, any::<bool>()).prop_map(|(host, keep)| Step::HostGone { host, keep }),
        2 => (0..3u8).prop_map(|avatar| Step::Enter { avatar }),
        1 => (0..3u8).prop_map(|avatar| Step::Leave { avatar }),
        2 => (0..3u8, 0..6u8, channel())
            .prop_map(|(avatar, kind, channel)| Step::Chat { avatar, kind, channel }),
        1 => (0..8u32).prop_map(|prim| Step::Touch { prim }),
        3 => Just(Step::Run),
    ];
    proptest::collection::vec(step, 1..60)
}

struct World {
    scene: Scene,
    hosts: Vec<(HostLink, mpsc::Receiver<HostEvent>)>,
}

impl World {
    fn new() -> Self {
        let mut scene = Scene::new();
        let hosts = (0..2).map(|_| scene.host(4)).collect();
        Self { scene, hosts }
    }

    fn driver(&self, number: u8) -> Driver {
        match number {
            0 | 1 => Driver::Host(self.hosts[usize::from(number)].0.clone()),
            2 => Driver::Behaviour(Behaviour::Echo { channel: 5 }),
            _ => Driver::Recorder,
        }
    }

    /// One of the prims that are there.
    fn prim(&self, index: Index) -> PrimId {
        let prims = self.scene.objects.prims();
        let prims: Vec<_> = (0..prims.slots()).filter_map(|slot| prims.get(slot)).collect();
        if prims.is_empty() { PrimId::NIL } else { index.get(&prims).0.id }
    }

    fn step(&mut self, step: Step) {
        let now = self.scene.now;
        match step {
            Step::Create { prims, scripts, worn } => {
                let scripts = scripts.into_iter().zip(0..);
                let scripts = scripts.map(|((link, driver), number)| {
                    new_script(link, &format!("script {number}"), self.driver(driver))
                });
                let object = NewObject {
                    prims: vec![NewPrim::default(); prims],
                    scripts: scripts.collect(),
                    worn: worn.map(|avatar| (agent(avatar.into()), 1)),
                    ..new_object("box", vec![])
                };
                drop(self.scene.create(object));
            }
            Step::Remove { object } => {
                let prim = self.prim(object);
                let remove = |answer| ObjectCommand::Remove { object: prim, answer };
                drop(self.scene.ask(remove));
            }
            Step::AddScript { object, link, name, driver } => {
                let prim = self.prim(object);
                let script = new_script(link, &format!("script {name}"), self.driver(driver));
                let add = |answer| ObjectCommand::AddScript { object: prim, script, answer };
                drop(self.scene.ask(add));
            }
            Step::RemoveScript { script } => {
                let script = ScriptId(script);
                drop(self.scene.ask(|answer| ObjectCommand::RemoveScript { script, answer }));
            }
            Step::ChangeState { script, handlers } => {
                let script = ScriptId(script);
                let handlers = EventKinds::from_bits_truncate(handlers);
                let change = |answer| ObjectCommand::ChangeState { script, handlers, answer };
                drop(self.scene.ask(change));
            }
            Step::Change { prim, change } => {
                let prim = self.prim(prim);
                drop(self.scene.change(prim, change));
            }
            Step::Call { script, call } => drop(self.scene.call(ScriptId(script), call)),
            Step::HostGone { host, keep } => {
                let host = HostId(host + 1);
                self.scene.objects.apply(now, ObjectCommand::HostGone { host, keep });
            }
            Step::Enter { avatar } => {
                self.scene.avatar(avatar.into(), HERE);
            }
            Step::Leave { avatar } => self.scene.objects.avatar_left(now, agent(avatar.into())),
            Step::Chat { avatar, kind, channel } => {
                let avatar = agent(avatar.into());
                self.scene.objects.avatar_says(now, avatar, kind, channel, "text");
            }
            Step::Touch { prim } => {
                let prim = crate::ids::LocalId(FIRST_LOCAL_ID + prim);
                self.scene.objects.touched(now, agent(0), prim);
            }
            Step::Run => {
                drop(self.scene.run());
                self.scene.now = now + Duration::from_secs(1);
                for (_, events) in &mut self.hosts {
                    taken(events);
                }
            }
        }
    }

    /// What is shown, what is kept and what is on the bus are the same.
    fn check(&mut self) -> Result<(), TestCaseError> {
        let objects = &self.scene.objects;
        let (bus, prims) = (&objects.bus, objects.prims());
        let (mut shown, mut scripts) = (0, 0);
        for root in objects.kept.keys() {
            for prim in bus.prims_of(*root).unwrap() {
                let view = prims.by_id(*prim).unwrap();
                shown += 1;
                let slot = prims.slot_of(*prim).unwrap();
                let (at_slot, version) = prims.get(slot).unwrap();
                prop_assert!(at_slot.id == *prim && version <= prims.version());
                prop_assert_eq!(prims.slot_of_local_id(view.local_id), Some(slot));
                prop_assert_eq!((view.root, bus.root_of(*prim)), (*root, Some(*root)));
                prop_assert_eq!(bus.link_number(*prim), Some(view.link));
                prop_assert_eq!(bus.owner_of(*prim), Some(&view.owner));
                prop_assert_eq!(bus.prim_name(*prim), Some(&*view.name));
                prop_assert_eq!(bus.wearer_of(*prim), view.worn.map(|(agent, _)| agent));
                let parent = prims.by_id(*root).unwrap().local_id;
                prop_assert_eq!(view.parent, (prim != root).then_some(parent));
                if prim == root && view.worn.is_none() {
                    prop_assert_eq!(bus.prim_position(*root), Some(view.position));
                }
                let own = bus.scripts_of(*prim).unwrap();
                prop_assert_eq!(view.scripted, !own.is_empty());
                for script in own {
                    let running = &objects.scripts[script];
                    prop_assert_eq!((running.prim, running.root), (*prim, *root));
                    scripts += 1;
                }
            }
        }
        prop_assert_eq!((shown, scripts), (prims.len(), objects.scripts.len()));
        let used = (0..prims.slots()).filter(|slot| prims.get(*slot).is_some()).count();
        prop_assert_eq!(used, prims.len());
        let reports = self.scene.list();
        let reported: usize = reports.iter().map(|report| report.prims.len()).sum();
        prop_assert_eq!(reported, shown);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn shown_prims_match_the_objects_after_any_steps(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
            world.check()?;
        }
    }
}
