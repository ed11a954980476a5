//! The arrays `[[object]]` and `[[clep]]`: scripted objects that exist from the start, and CLEP
//! names that are watched from the start.
//!
//! Dialects are strings here, because this layer does not know CLEP; the code that creates the
//! objects parses them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::derived::derived_id;
use super::units::optional;

/// One `[[object]]`: a root prim, its child prims and their scripts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectConfig {
    /// Name of the root prim.
    pub name: String,
    /// Key of the root prim; none: derived from region and name, so that it stays the same.
    #[serde(with = "optional")]
    pub uuid: Option<Uuid>,
    /// Name of its region, compared without case; empty for the first.
    pub region: String,
    /// The account that owns it: `First Last`, or a UUID.
    pub owner: String,
    /// Of the root prim, metres in the region.
    pub position: [f32; 3],
    /// Width, depth and height of the root prim in metres.
    pub size: [f32; 3],
    /// What the root prim looks like.
    pub shape: Shape,
    /// Hover text over the root prim; empty for none.
    pub text: String,
    /// What the root prim says of itself when it is selected.
    pub description: String,
    /// Its child prims: links 2 and up.
    pub prim: Vec<PrimConfig>,
    /// Its scripts.
    pub script: Vec<ScriptConfig>,
}

impl Default for ObjectConfig {
    fn default() -> Self {
        Self {
            name: "Object".to_owned(),
            uuid: None,
            region: String::new(),
            owner: "Test User".to_owned(),
            position: [128.0, 128.0, 22.0],
            size: [0.5; 3],
            shape: Shape::Box,
            text: String::new(),
            description: String::new(),
            prim: Vec::new(),
            script: Vec::new(),
        }
    }
}

impl ObjectConfig {
    /// The key of the root prim: the configured one, or one derived from the region's id and the
    /// name.
    pub fn id(&self, region: Uuid) -> Uuid {
        let name = self.name.to_lowercase();
        self.uuid.unwrap_or_else(|| {
            derived_id(&"object ".bytes().chain(*region.as_bytes()).chain(name.bytes()))
        })
    }
}

/// One `[[object.prim]]`: a child prim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrimConfig {
    /// Its name.
    pub name: String,
    /// Its key; none: derived from the root prim's and its link number.
    #[serde(with = "optional")]
    pub uuid: Option<Uuid>,
    /// From the root prim along the region's axes, metres.
    pub offset: [f32; 3],
    /// Width, depth and height in metres.
    pub size: [f32; 3],
    /// What it looks like.
    pub shape: Shape,
    /// Hover text; empty for none.
    pub text: String,
}

impl Default for PrimConfig {
    fn default() -> Self {
        Self {
            name: "Object".to_owned(),
            uuid: None,
            offset: [0.0; 3],
            size: [0.5; 3],
            shape: Shape::Box,
            text: String::new(),
        }
    }
}

impl PrimConfig {
    /// Its key: the configured one, or one derived from the root prim's key and the link number.
    pub fn id(&self, root: Uuid, link: usize) -> Uuid {
        let link = (link as u64).to_be_bytes();
        self.uuid
            .unwrap_or_else(|| derived_id(&"prim ".bytes().chain(*root.as_bytes()).chain(link)))
    }
}

/// What a prim looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A box.
    #[default]
    Box,
    /// A sphere.
    Sphere,
    /// A cylinder.
    Cylinder,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Box, Self::Sphere, Self::Cylinder];

    /// Its name in configuration, requests and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Sphere => "sphere",
            Self::Cylinder => "cylinder",
        }
    }
}

/// One `[[object.script]]`. What it does follows from `behaviour`, and without one from what else
/// there is: answers make a responder; without answers its events are kept for the control API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptConfig {
    /// Its name, unique in its prim.
    pub name: String,
    /// The link number of its prim, 1 for the root.
    pub link: usize,
    /// A built-in behaviour.
    pub behaviour: BehaviourKind,
    /// Where `echo` and `relay` listen, and a responder without `listen`.
    pub channel: i32,
    /// Where `relay` speaks.
    pub to: i32,
    /// How `relay` speaks.
    pub manner: Manner,
    /// The dialect of `clep-ping`.
    pub dialect: String,
    /// The service of `clep-ping`, where the dialect has services.
    pub service: String,
    /// The domain of `clep-ping`.
    pub domain: String,
    /// Its listens.
    pub listen: Vec<ListenConfig>,
    /// Its answers; the first whose pattern fits is given.
    pub answer: Vec<AnswerConfig>,
}

impl Default for ScriptConfig {
    fn default() -> Self {
        Self {
            name: "main".to_owned(),
            link: 1,
            behaviour: BehaviourKind::None,
            channel: 0,
            to: 0,
            manner: Manner::Say,
            dialect: "clep-json".to_owned(),
            service: String::new(),
            domain: String::new(),
            listen: Vec::new(),
            answer: Vec::new(),
        }
    }
}

impl ScriptConfig {
    /// Whether it answers by patterns.
    pub fn is_responder(&self) -> bool {
        match self.behaviour {
            BehaviourKind::Responder => true,
            BehaviourKind::None => !self.answer.is_empty(),
            _ => false,
        }
    }
}

/// What a script does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BehaviourKind {
    /// Nothing but what its answers say.
    #[default]
    #[serde(rename = "")]
    None,
    /// Says what it hears.
    Echo,
    /// Says on one channel what it hears on another.
    Relay,
    /// Answers what fits a pattern.
    Responder,
    /// Answers the CLEP method `ping`.
    ClepPing,
}

/// How something is said: LSL's calls by their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// `llWhisper`.
    Whisper,
    /// `llSay`.
    #[default]
    Say,
    /// `llShout`.
    Shout,
    /// `llRegionSay`.
    RegionSay,
    /// `llRegionSayTo`, to who was heard.
    RegionSayTo,
    /// `llOwnerSay`.
    OwnerSay,
    /// `llInstantMessage`, to who was heard.
    InstantMessage,
}

/// One `[[object.script.listen]]`: the arguments of `llListen`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenConfig {
    /// Channel.
    pub channel: i32,
    /// Name of the speaker; empty for any.
    pub name: String,
    /// Key of the speaker; empty for any.
    pub key: String,
    /// The whole text; empty for any.
    pub message: String,
}

/// One `[[object.script.answer]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerConfig {
    /// What is answered; `*` stands for any run of characters.
    pub pattern: String,
    /// The answer; `{name}`, `{key}`, `{message}` and `{channel}` stand for what was heard.
    pub answer: String,
    /// Where it is said; left out: where it was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<i32>,
    /// How loud, and to whom.
    pub manner: Manner,
}

/// One `[[clep]]`: a name whose traffic is written down from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClepConfig {
    /// The dialect.
    pub dialect: String,
    /// The service, where the dialect has services.
    pub service: String,
    /// The domain.
    pub domain: String,
    /// Name of the region, compared without case; empty for the first.
    pub region: String,
}

impl Default for ClepConfig {
    fn default() -> Self {
        Self {
            dialect: "clep-json".to_owned(),
            service: String::new(),
            domain: String::new(),
            region: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_keys_differ_by_region_name_and_link_and_never_change() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let object = ObjectConfig::default();
        let id = object.id(one);
        assert_eq!(id.to_string(), ROOT_ID);
        assert_eq!(id, ObjectConfig { name: "OBJECT".to_owned(), ..object.clone() }.id(one));
        assert_ne!(id, object.id(two));
        assert_ne!(id, ObjectConfig { name: "Bell".to_owned(), ..object.clone() }.id(one));
        let prim = PrimConfig::default();
        assert_ne!(prim.id(id, 2), prim.id(id, 3));
        assert_ne!(prim.id(id, 2), id);
        assert_eq!(prim.id(id, 2).to_string(), CHILD_ID);
        assert_eq!(ObjectConfig { uuid: Some(two), ..object }.id(one), two);
    }

    #[test]
    fn shapes_go_by_one_name() {
        for shape in Shape::ALL {
            assert_eq!(toml::Value::try_from(shape).unwrap().as_str(), Some(shape.name()));
        }
    }

    const ROOT_ID: &str = "d04d9885-13d7-8390-b06c-1cd4e5d24908";
    const CHILD_ID: &str = "88e284ac-a620-8da4-ad10-39e5a5034fff";
}
