//! Descriptions of new objects, and of changes to existing ones.

use super::driver::Driver;
use crate::ids::{AgentId, PrimId};
use crate::lsl::{EventKinds, Owner};
use crate::message::Vector3;

pub use crate::config::Shape;

/// An object to be.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// Whose it is.
    pub owner: Owner,
    /// Of the root prim, region-local metres. Without meaning while it is worn.
    pub position: Vector3,
    /// Who wears it, and at which attachment point (1 to 55).
    pub worn: Option<(AgentId, u8)>,
    /// Its prims by link number, the root first; at least one.
    pub prims: Vec<NewPrim>,
    /// Its scripts.
    pub scripts: Vec<NewScript>,
    /// The argument of `on_rez`.
    pub start: i32,
}

/// A prim to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPrim {
    /// Its key; none: a new one.
    pub id: Option<PrimId>,
    /// Its name; cut at the flavour's limit.
    pub name: String,
    /// What it says of itself in `ObjectProperties`; at most 127 bytes are shown.
    pub description: String,
    /// From the root prim along the region's axes, in metres; the root's own is taken as none.
    pub offset: Vector3,
    /// Width, depth and height in metres, 0.01 to 64 each.
    pub size: Vector3,
    /// What it looks like.
    pub shape: Shape,
    /// Hover text; empty for none. At most 254 bytes.
    pub text: String,
}

impl Default for NewPrim {
    fn default() -> Self {
        Self {
            id: None,
            name: "Object".to_owned(),
            description: String::new(),
            offset: Vector3::default(),
            size: Vector3::new(0.5, 0.5, 0.5),
            shape: Shape::Box,
            text: String::new(),
        }
    }
}

/// A script to be.
#[derive(Clone, Debug)]
pub struct NewScript {
    /// The link number of its prim, 1 for the root.
    pub link: usize,
    /// Its name, unique in its prim.
    pub name: String,
    /// What its state handles. Of a behaviour: ignored, it handles what it needs.
    pub handlers: EventKinds,
    /// Who runs it.
    pub driver: Driver,
}

/// One change to a prim or its object.
#[derive(Clone, Debug, PartialEq)]
pub enum PrimChange {
    /// The prim's name.
    Name(String),
    /// The prim's description.
    Description(String),
    /// The prim's hover text; red, green, blue, alpha from 0 to 1.
    Text(String, [f32; 4]),
    /// The object's place for a root prim, the offset from the root for a child.
    Position(Vector3),
    /// The prim's size in metres.
    Size(Vector3),
    /// The prim's shape.
    Shape(Shape),
    /// The object's owner.
    Owner(Owner),
    /// Who wears the object, and where; none takes it off.
    Worn(Option<(AgentId, u8)>),
}
