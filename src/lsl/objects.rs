//! Objects with their prims, and avatars, with their positions.
//!
//! Prims and avatars share one key space, as in LSL.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::ScriptId;
use super::error::{BusError, Countable};
use super::rules::Settings;
use super::text::TextLimit;
use crate::ids::{AgentId, GroupId, PrimId};
use crate::message::Vector3;

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An avatar's, present or not.
    Agent {
        /// Its key.
        id: AgentId,
        /// Its first name, for dialogs.
        first: Arc<str>,
        /// Its last name, for dialogs.
        last: Arc<str>,
    },
    /// A group's: deeded.
    Group {
        /// Its key.
        id: GroupId,
        /// Its name, for dialogs.
        name: Arc<str>,
    },
}

impl Owner {
    /// The key of the avatar or group.
    pub fn key(&self) -> Uuid {
        match self {
            Self::Agent { id, .. } => id.0,
            Self::Group { id, .. } => id.0,
        }
    }

    /// `FirstName` and `LastName` of a `ScriptDialog`: a group's first name is empty.
    pub fn names(&self) -> (&str, &str) {
        match self {
            Self::Agent { first, last, .. } => (first, last),
            Self::Group { name, .. } => ("", name),
        }
    }
}

/// An object to be.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectSpec {
    /// Of the root prim, region-local, in metres. Without meaning while it is worn.
    pub position: Vector3,
    /// Whose it is.
    pub owner: Owner,
    /// Who wears it.
    pub worn_by: Option<AgentId>,
    /// Its prims by link number, the root first.
    pub prims: Vec<PrimSpec>,
}

/// A prim to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PrimSpec {
    /// Its key.
    pub id: PrimId,
    /// Its name; cut at the flavour's limit.
    pub name: String,
    /// From the root prim along the region's axes, in metres; the root's own is taken as none.
    pub offset: Vector3,
}

/// An avatar on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    /// Its key.
    pub id: AgentId,
    /// First and last name with a space between, as `listen` gives it.
    pub name: Arc<str>,
    /// Region-local, in metres; outside the region for a child agent.
    pub position: Vector3,
    /// Whether the avatar is in a neighbour region and only looks in.
    pub is_child: bool,
}

#[derive(Debug)]
pub(super) struct Prim {
    pub(super) root: PrimId,
    pub(super) name: Arc<str>,
    pub(super) scripts: Vec<ScriptId>,
    offset: Vector3,
}

#[derive(Debug)]
pub(super) struct Object {
    pub(super) prims: Vec<PrimId>,
    pub(super) owner: Owner,
    pub(super) worn_by: Option<AgentId>,
    pub(super) position: Vector3,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct World {
    prims: HashMap<PrimId, Prim>,
    objects: BTreeMap<PrimId, Object>,
    avatars: BTreeMap<AgentId, Participant>,
}

impl World {
    /// Adds an object; tells its root.
    pub(super) fn insert(
        &mut self,
        spec: ObjectSpec,
        settings: &Settings,
    ) -> Result<PrimId, BusError> {
        let root = spec.prims.first().ok_or(BusError::NoPrims)?.id;
        if self.objects.len() >= settings.objects {
            return Err(too_many(Countable::Objects, settings.objects));
        }
        if spec.prims.len() > settings.prims_per_object {
            return Err(too_many(Countable::PrimsOfAnObject, settings.prims_per_object));
        }
        finite(spec.position)?;
        if let Some(agent) = spec.worn_by {
            self.avatar(agent)?;
        }
        let mut keys = Vec::with_capacity(spec.prims.len());
        for prim in &spec.prims {
            finite(prim.offset)?;
            if !self.is_free(prim.id.0) || keys.contains(&prim.id) {
                return Err(BusError::BadKey(prim.id.0));
            }
            keys.push(prim.id);
        }
        for prim in spec.prims {
            let name = Arc::from(settings.rules.name.cut(&prim.name));
            let offset = if prim.id == root { Vector3::default() } else { prim.offset };
            self.prims.insert(prim.id, Prim { root, name, scripts: Vec::new(), offset });
        }
        let ObjectSpec { position, owner, worn_by, .. } = spec;
        self.objects.insert(root, Object { prims: keys, owner, worn_by, position });
        Ok(root)
    }

    /// Removes an object; tells the scripts that were in it.
    pub(super) fn remove(&mut self, root: PrimId) -> Result<Vec<ScriptId>, BusError> {
        let object = self.objects.remove(&root).ok_or(BusError::UnknownObject(root))?;
        let prims = object.prims.iter().filter_map(|prim| self.prims.remove(prim));
        Ok(prims.flat_map(|prim| prim.scripts).collect())
    }

    /// Adds an avatar, or changes what is known of it.
    pub(super) fn put_avatar(
        &mut self,
        avatar: Participant,
        settings: &Settings,
    ) -> Result<(), BusError> {
        finite(avatar.position)?;
        if !self.avatars.contains_key(&avatar.id) {
            if !self.is_free(avatar.id.0) {
                return Err(BusError::BadKey(avatar.id.0));
            }
            if self.avatars.len() >= settings.avatars {
                return Err(too_many(Countable::Avatars, settings.avatars));
            }
        }
        self.avatars.insert(avatar.id, avatar);
        Ok(())
    }

    /// Removes an avatar; tells the objects that it wore.
    pub(super) fn remove_avatar(&mut self, agent: AgentId) -> Result<Vec<PrimId>, BusError> {
        self.avatars.remove(&agent).ok_or(BusError::UnknownAvatar(agent))?;
        let worn = self.objects.iter().filter(|(_, object)| object.worn_by == Some(agent));
        Ok(worn.map(|(root, _)| *root).collect())
    }

    pub(super) fn move_avatar(&mut self, agent: AgentId, to: Vector3) -> Result<(), BusError> {
        finite(to)?;
        let avatar = self.avatars.get_mut(&agent).ok_or(BusError::UnknownAvatar(agent))?;
        avatar.position = to;
        Ok(())
    }

    pub(super) fn move_object(&mut self, root: PrimId, to: Vector3) -> Result<(), BusError> {
        finite(to)?;
        self.object_mut(root)?.position = to;
        Ok(())
    }

    /// Moves a child prim within its object; the root stays where the object is.
    pub(super) fn move_prim(&mut self, id: PrimId, offset: Vector3) -> Result<(), BusError> {
        finite(offset)?;
        let prim = self.prim_mut(id)?;
        if prim.root != id {
            prim.offset = offset;
        }
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        id: PrimId,
        name: &str,
        limit: TextLimit,
    ) -> Result<(), BusError> {
        self.prim_mut(id)?.name = Arc::from(limit.cut(name));
        Ok(())
    }

    pub(super) fn set_owner(&mut self, root: PrimId, owner: Owner) -> Result<(), BusError> {
        self.object_mut(root)?.owner = owner;
        Ok(())
    }

    pub(super) fn wear(&mut self, root: PrimId, by: Option<AgentId>) -> Result<(), BusError> {
        if let Some(agent) = by {
            self.avatar(agent)?;
        }
        self.object_mut(root)?.worn_by = by;
        Ok(())
    }

    pub(super) fn prim(&self, id: PrimId) -> Result<&Prim, BusError> {
        self.prims.get(&id).ok_or(BusError::UnknownPrim(id))
    }

    pub(super) fn prim_mut(&mut self, id: PrimId) -> Result<&mut Prim, BusError> {
        self.prims.get_mut(&id).ok_or(BusError::UnknownPrim(id))
    }

    pub(super) fn object(&self, root: PrimId) -> Result<&Object, BusError> {
        self.objects.get(&root).ok_or(BusError::UnknownObject(root))
    }

    pub(super) fn avatar(&self, agent: AgentId) -> Result<&Participant, BusError> {
        self.avatars.get(&agent).ok_or(BusError::UnknownAvatar(agent))
    }

    /// An avatar that is in the region and does not only look in.
    pub(super) fn present(&self, agent: AgentId) -> Option<&Participant> {
        self.avatars.get(&agent).filter(|avatar| !avatar.is_child)
    }

    pub(super) fn avatars(&self) -> impl Iterator<Item = &Participant> {
        self.avatars.values()
    }

    /// Where a prim is, or the root of its object: where its wearer is, if it is worn.
    pub(super) fn place(&self, id: PrimId, at_root: bool) -> Option<Vector3> {
        let prim = self.prims.get(&id)?;
        let object = self.objects.get(&prim.root)?;
        if let Some(agent) = object.worn_by {
            return Some(self.avatars.get(&agent)?.position);
        }
        let (Vector3 { x, y, z }, offset) = (object.position, prim.offset);
        if at_root {
            return Some(object.position);
        }
        Some(Vector3::new(x + offset.x, y + offset.y, z + offset.z))
    }

    /// Who wears the object that a prim belongs to.
    pub(super) fn wearer(&self, id: PrimId) -> Option<AgentId> {
        self.objects.get(&self.prims.get(&id)?.root)?.worn_by
    }

    fn object_mut(&mut self, root: PrimId) -> Result<&mut Object, BusError> {
        self.objects.get_mut(&root).ok_or(BusError::UnknownObject(root))
    }

    fn is_free(&self, key: Uuid) -> bool {
        !key.is_nil()
            && !self.prims.contains_key(&PrimId(key))
            && !self.avatars.contains_key(&AgentId(key))
    }
}

/// Whether two places are at most, or less than, `range` metres apart.
pub(super) fn is_within(a: Vector3, b: Vector3, range: f32, at_range: bool) -> bool {
    let square = |a: f32, b: f32| (f64::from(a) - f64::from(b)).powi(2);
    let distance = square(a.x, b.x) + square(a.y, b.y) + square(a.z, b.z);
    let range = f64::from(range).powi(2);
    if at_range { distance <= range } else { distance < range }
}

pub(super) fn too_many(what: Countable, limit: usize) -> BusError {
    BusError::TooMany { what, limit }
}

fn finite(place: Vector3) -> Result<(), BusError> {
    let is_finite = place.x.is_finite() && place.y.is_finite() && place.z.is_finite();
    is_finite.then_some(()).ok_or(BusError::Position)
}
