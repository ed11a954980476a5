//! Tests of the chat bus, and a scene for them.

mod checks;
mod dialogs;
mod direct;
mod lifecycle;
mod properties;
mod throttling;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::config::Flavour;
use crate::ids::PrimId;
use crate::message::Vector3;

const FLAVOURS: [Flavour; 2] = [Flavour::OpenSim, Flavour::SecondLife];
const ALL: (&str, &str, &str) = ("", "", "");
const NULL_KEY: &str = "00000000-0000-0000-0000-000000000000";

/// A bus with things on it.
struct Scene {
    bus: ChatBus,
    now: Timestamp,
}

impl Scene {
    fn new(flavour: Flavour) -> Self {
        Self::with(Settings { tap: true, ..Settings::new(flavour) })
    }

    fn with(settings: Settings) -> Self {
        Self { bus: ChatBus::new(settings, 7), now: Timestamp::from_millis(1000) }
    }

    /// An object of one prim with one script that hears.
    fn object(&mut self, name: &str, at: Vector3) -> (PrimId, ScriptId) {
        let (prims, scripts) = self.linkset(name, at, &[Vector3::default()]);
        (prims[0], scripts[0])
    }

    /// An object whose prims, all of one name, have a script each.
    fn linkset(
        &mut self,
        name: &str,
        position: Vector3,
        offsets: &[Vector3],
    ) -> (Vec<PrimId>, Vec<ScriptId>) {
        let prims: Vec<_> = offsets
            .iter()
            .map(|offset| PrimSpec {
                id: self.bus.new_prim_id(),
                name: name.to_owned(),
                offset: *offset,
            })
            .collect();
        let ids: Vec<_> = prims.iter().map(|prim| prim.id).collect();
        let spec = ObjectSpec { position, owner: owner(1), worn_by: None, prims };
        assert_eq!(self.bus.insert_object(spec), Ok(ids[0]));
        let scripts = ids.iter().map(|prim| self.script(*prim)).collect();
        (ids, scripts)
    }

    fn script(&mut self, prim: PrimId) -> ScriptId {
        let handlers = EventKinds::LISTEN | EventKinds::LINK_MESSAGE;
        self.bus.add_script(self.now, prim, "script", handlers).unwrap()
    }

    fn avatar(&mut self, number: u128, position: Vector3) -> AgentId {
        let id = agent(number);
        let name = Arc::from(format!("Agent{number} Tester"));
        self.bus.put_avatar(Participant { id, name, position, is_child: false }).unwrap();
        id
    }

    fn listen(&mut self, script: ScriptId, channel: i32) -> ListenHandle {
        self.bus.listen(self.now, script, channel, ALL).unwrap()
    }

    fn say(&mut self, script: ScriptId, channel: i32, text: &str) -> Said {
        self.bus.say(self.now, script, Volume::Say, channel, text).unwrap()
    }

    /// Who has heard what since the last look, with sleepers awake.
    fn heard(&mut self) -> Vec<(ScriptId, String)> {
        let late = self.now + Duration::from_secs(3600);
        std::iter::from_fn(|| self.bus.poll_event(late))
            .map(|(script, event)| match event {
                Event::Listen { message, .. } => (script, String::from(&*message)),
                other => panic!("{other:?} is not what is waited for"),
            })
            .collect()
    }

    /// Who has heard something since the last look.
    fn hearers(&mut self) -> Vec<ScriptId> {
        self.heard().into_iter().map(|(script, _)| script).collect()
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.bus.poll_effect()).collect()
    }

    /// The lines shown since the last look, with those who see them.
    fn shown(&mut self) -> Vec<(Vec<AgentId>, ChatLine)> {
        let effects = self.effects();
        effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Chat { audience, line } => {
                    Some((self.bus.hearers(audience).collect(), line))
                }
                _ => None,
            })
            .collect()
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now = self.now + Duration::from_millis(milliseconds);
    }
}

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(0xA000 + number))
}

fn owner(number: u128) -> Owner {
    Owner::Agent { id: agent(number), first: "Olga".into(), last: "Owner".into() }
}

fn at(x: f32, y: f32, z: f32) -> Vector3 {
    Vector3::new(x, y, z)
}

const HERE: Vector3 = Vector3::new(100.0, 100.0, 25.0);
