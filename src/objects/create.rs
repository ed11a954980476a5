//! Creates objects and adds scripts. All checks come before any change.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::answering::Answering;
use super::driver::Driver;
use super::error::ObjectError;
use super::model::{NewObject, NewPrim, NewScript};
use super::prims::PrimView;
use super::report::ObjectReport;
use super::{Kept, Objects, Running, check};
use crate::ids::{AgentId, PrimId};
use crate::lsl::{
    BusError, Countable, Event, EventKinds, ObjectSpec, PrimSpec, ScriptId, TextLimit,
};
use crate::message::Vector3;
use crate::time::Timestamp;

impl Objects {
    /// Makes an object, or nothing at all.
    pub(super) fn create(
        &mut self,
        now: Timestamp,
        object: NewObject,
    ) -> Result<ObjectReport, ObjectError> {
        self.check(&object)?;
        let NewObject { owner, position, worn, prims, scripts, start } = object;
        let position = if worn.is_some() { Vector3::default() } else { position };
        let prims: Vec<_> = prims
            .into_iter()
            .map(|prim| (prim.id.unwrap_or_else(|| self.bus.new_prim_id()), prim))
            .collect();
        let spec = ObjectSpec {
            position,
            owner,
            worn_by: worn.map(|(agent, _)| agent),
            prims: prims.iter().map(|(id, prim)| spec(*id, prim)).collect(),
        };
        let root = self.bus.insert_object(spec)?;

        let keys: Vec<_> = prims.iter().map(|(id, _)| *id).collect();
        for (id, prim) in prims {
            self.show(now, (root, id), prim, worn);
        }
        let host = scripts.iter().find_map(|script| match &script.driver {
            Driver::Host(link) => Some(link.id),
            Driver::Behaviour(_) | Driver::Recorder => None,
        });
        self.kept.insert(root, Kept { host, ..Kept::default() });
        self.counters.created += 1;
        if let Err(error) = self.start_all(now, &keys, scripts, start) {
            self.remove_object(root, |_, _| false)?;
            return Err(error);
        }
        self.refresh_flags(root);
        self.report(root)
    }

    /// Adds a script to an object.
    pub(super) fn add_script(
        &mut self,
        now: Timestamp,
        object: PrimId,
        script: NewScript,
    ) -> Result<ScriptId, ObjectError> {
        let root = self.root_of(object)?;
        let prims = self.bus.prims_of(root)?;
        let prim = script.link.checked_sub(1).and_then(|index| prims.get(index)).copied();
        let prim = prim.ok_or(ObjectError::UnknownLink(script.link))?;
        check::script(&script.name)?;
        let name = self.script_name(&script.name);
        let mut others = self.bus.scripts_of(prim)?.iter();
        if others.any(|other| self.bus.script(*other).is_ok_and(|(_, other)| other == name)) {
            return Err(taken(&name, script.link));
        }
        let id = self.start(now, root, prim, script)?;
        self.refresh_flags(root);
        Ok(id)
    }

    /// Says anew of the prims of an object whether they are scripted and can be touched.
    pub(super) fn refresh_flags(&mut self, root: PrimId) {
        let handles = |prim: PrimId| {
            let mut scripts = self.bus.scripts_of(prim).unwrap_or_default().iter();
            scripts.any(|script| self.bus.handles(*script, EventKinds::TOUCH_START))
        };
        let root_handles = handles(root);
        let flags: Vec<_> = self
            .prims_of(root)
            .into_iter()
            .map(|prim| {
                let is_scripted = !self.bus.scripts_of(prim).unwrap_or_default().is_empty();
                (prim, is_scripted, root_handles || handles(prim))
            })
            .collect();
        for (prim, scripted, touchable) in flags {
            self.prims.update(prim, |view| {
                view.scripted = scripted;
                view.touchable = touchable;
            });
        }
    }

    /// Whether an avatar is here and can wear something at a point.
    pub(super) fn check_worn(&self, worn: Option<(AgentId, u8)>) -> Result<(), ObjectError> {
        let Some((agent, point)) = worn else { return Ok(()) };
        check::attachment_point(point)?;
        self.bus.avatar(agent).ok_or(BusError::UnknownAvatar(agent))?;
        Ok(())
    }

    fn check(&self, object: &NewObject) -> Result<(), ObjectError> {
        if object.prims.is_empty() {
            return Err(BusError::NoPrims.into());
        }
        self.check_worn(object.worn)?;
        if object.worn.is_none() {
            check::position(object.position)?;
        }
        for (index, prim) in object.prims.iter().enumerate() {
            let link = Some(index + 1);
            check::name("name", link, &prim.name)?;
            check::name("description", link, &prim.description)?;
            check::text(link, &prim.text)?;
            check::size(link, prim.size)?;
            check::offset("offset", link, prim.offset)?;
        }

        let limit = self.settings.bus.scripts_per_prim;
        let mut counts = vec![0; object.prims.len()];
        let mut names = BTreeSet::new();
        for script in &object.scripts {
            check::script(&script.name)?;
            let count = script.link.checked_sub(1).and_then(|index| counts.get_mut(index));
            let Some(count) = count else {
                let problem = format!("{} is none of the object's", script.link);
                return Err(check::wrong("link", None, &problem));
            };
            *count += 1;
            if *count > limit {
                let what = Countable::ScriptsOfAPrim;
                return Err(BusError::TooMany { what, limit }.into());
            }
            let name = self.script_name(&script.name);
            if !names.insert((script.link, name.clone())) {
                return Err(taken(&name, script.link));
            }
        }
        Ok(())
    }

    /// A script's name as the bus keeps it.
    fn script_name(&self, name: &str) -> String {
        self.settings.bus.rules.name.cut(name).to_owned()
    }

    /// Adds the scripts of a new object, the keys of whose prims are given. Each is told that it was
    /// rezzed.
    fn start_all(
        &mut self,
        now: Timestamp,
        prims: &[PrimId],
        scripts: Vec<NewScript>,
        start: i32,
    ) -> Result<(), ObjectError> {
        let root = *prims.first().ok_or(BusError::NoPrims)?;
        for script in scripts {
            let prim = script.link.checked_sub(1).and_then(|index| prims.get(index));
            let prim = *prim.ok_or(ObjectError::UnknownLink(script.link))?;
            let script = self.start(now, root, prim, script)?;
            if self.bus.handles(script, EventKinds::ON_REZ) {
                self.bus.post(now, script, Event::OnRez { start })?;
            }
        }
        Ok(())
    }

    /// Adds a script that has been checked.
    fn start(
        &mut self,
        now: Timestamp,
        root: PrimId,
        prim: PrimId,
        script: NewScript,
    ) -> Result<ScriptId, ObjectError> {
        let NewScript { name, handlers, driver, .. } = script;
        let handlers = match &driver {
            Driver::Behaviour(behaviour) => behaviour.handlers(),
            Driver::Host(_) | Driver::Recorder => handlers,
        };
        let id = self.bus.add_script(now, prim, &name, handlers)?;
        self.scripts.insert(id, Running { driver, prim, root, answering: Answering::default() });
        Ok(id)
    }

    /// Shows viewers a prim that is on the bus.
    fn show(
        &mut self,
        now: Timestamp,
        (root, id): (PrimId, PrimId),
        prim: NewPrim,
        worn: Option<(AgentId, u8)>,
    ) {
        let Some(owner) = self.bus.owner_of(id).cloned() else { return };
        let is_root = id == root;
        let position = match self.bus.prim_position(id) {
            _ if !is_root => prim.offset,
            Some(position) if worn.is_none() => position,
            _ => Vector3::default(),
        };
        let parent = self.prims.by_id(root).map(|root| root.local_id);
        let view = PrimView {
            id,
            local_id: self.prims.new_local_id(),
            root,
            parent: parent.filter(|_| !is_root),
            link: self.bus.link_number(id).unwrap_or_default(),
            name: Arc::from(self.bus.prim_name(id).unwrap_or_default()),
            description: Arc::from(TextLimit::Bytes(check::DESCRIPTION).cut(&prim.description)),
            position,
            size: prim.size,
            shape: prim.shape,
            text: Arc::from(prim.text),
            text_color: [1.0; 4],
            owner,
            worn,
            scripted: false,
            touchable: false,
            created: self.unix(now).as_micros() as u64,
        };
        self.prims.insert(view);
    }
}

fn spec(id: PrimId, prim: &NewPrim) -> PrimSpec {
    PrimSpec { id, name: prim.name.clone(), offset: prim.offset }
}

fn taken(name: &str, link: usize) -> ObjectError {
    check::wrong("script", None, &format!("{name:?} is there already in link {link}"))
}
