//! Reports about objects for queries from outside.

use uuid::Uuid;

use super::Objects;
use super::driver::{Driver, ScriptEvent};
use super::error::ObjectError;
use super::model::Shape;
use crate::ids::{AgentId, PrimId};
use crate::lsl::{Owner, ScriptId};
use crate::message::Vector3;

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectReport {
    /// Its root prim's key.
    pub id: PrimId,
    /// Its root prim's name.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// Region-local metres.
    pub position: Vector3,
    /// Who wears it, and where.
    pub worn: Option<(AgentId, u8)>,
    /// By link number.
    pub prims: Vec<PrimReport>,
}

/// A prim.
#[derive(Clone, Debug, PartialEq)]
pub struct PrimReport {
    /// Its key.
    pub id: PrimId,
    /// Its number for viewers.
    pub local_id: u32,
    /// Its name.
    pub name: String,
    /// From the root, metres.
    pub offset: Vector3,
    /// Metres.
    pub size: Vector3,
    /// What it looks like.
    pub shape: Shape,
    /// Hover text.
    pub text: String,
    /// In the order in which they came.
    pub scripts: Vec<ScriptReport>,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptReport {
    /// Its number in the region.
    pub id: ScriptId,
    /// Its name.
    pub name: String,
    /// `host`, `recorder`, or the behaviour's name.
    pub driver: &'static str,
    /// Its listens: handle and channel.
    pub listens: Vec<(i32, i32)>,
    /// Events that wait for it.
    pub waiting: usize,
}

/// What recorded scripts heard.
#[derive(Clone, Debug, PartialEq)]
pub struct HeardPage {
    /// In order.
    pub events: Vec<HeardEvent>,
    /// How many later ones than asked for were forgotten because there were too many.
    pub forgotten: u64,
}

/// One event of a recorded script.
#[derive(Clone, Debug, PartialEq)]
pub struct HeardEvent {
    /// Counts from 1 in the object.
    pub number: u64,
    /// When, milliseconds since 1970.
    pub unix_ms: u64,
    /// Which prim.
    pub prim: Uuid,
    /// The script's name.
    pub script: String,
    /// What happened, with its arguments.
    pub event: ScriptEvent,
}

impl Objects {
    /// Tells of all objects, by name and key.
    pub(super) fn reports(&self) -> Vec<ObjectReport> {
        let mut reports: Vec<_> =
            self.kept.keys().filter_map(|root| self.report(*root).ok()).collect();
        reports.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        reports
    }

    /// Tells of an object by its root prim.
    pub(super) fn report(&self, root: PrimId) -> Result<ObjectReport, ObjectError> {
        let view = self.prims.by_id(root).ok_or(ObjectError::UnknownObject(root))?;
        Ok(ObjectReport {
            id: root,
            name: view.name.to_string(),
            owner: view.owner.clone(),
            position: self.bus.prim_position(root).unwrap_or_default(),
            worn: view.worn,
            prims: self.prims_of(root).into_iter().filter_map(|id| self.prim_report(id)).collect(),
        })
    }

    fn prim_report(&self, id: PrimId) -> Option<PrimReport> {
        let view = self.prims.by_id(id)?;
        let scripts = self.bus.scripts_of(id).unwrap_or_default();
        Some(PrimReport {
            id,
            local_id: view.local_id.0,
            name: view.name.to_string(),
            offset: if id == view.root { Vector3::default() } else { view.position },
            size: view.size,
            shape: view.shape,
            text: view.text.to_string(),
            scripts: scripts.iter().filter_map(|script| self.script_report(*script)).collect(),
        })
    }

    fn script_report(&self, id: ScriptId) -> Option<ScriptReport> {
        let driver = match &self.scripts.get(&id)?.driver {
            Driver::Host(_) => "host",
            Driver::Recorder => "recorder",
            Driver::Behaviour(behaviour) => behaviour.name(),
        };
        Some(ScriptReport {
            id,
            name: self.bus.script(id).ok()?.1.to_owned(),
            driver,
            listens: self.bus.listens_of(id),
            waiting: self.bus.waiting(id),
        })
    }
}
