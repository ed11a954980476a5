//! Changes to prims and objects, on the bus and for viewers. Scripts get `changed` as in LSL.

use std::sync::Arc;

use super::error::ObjectError;
use super::model::PrimChange;
use super::{Objects, check};
use crate::ids::{AgentId, PrimId};
use crate::lsl::{Event, Owner, TextLimit};
use crate::message::Vector3;
use crate::time::Timestamp;

/// LSL's `CHANGED_SHAPE`.
const CHANGED_SHAPE: i32 = 0x4;
/// LSL's `CHANGED_SCALE`.
const CHANGED_SCALE: i32 = 0x8;
/// LSL's `CHANGED_OWNER`.
const CHANGED_OWNER: i32 = 0x80;

impl Objects {
    /// Changes a prim, or the object that it is of. What comes to the same changes nothing.
    pub(super) fn change(
        &mut self,
        now: Timestamp,
        prim: PrimId,
        change: PrimChange,
    ) -> Result<(), ObjectError> {
        let root = self.root_of(prim)?;
        let before = self.prims.version();
        let mask = match change {
            PrimChange::Name(name) => {
                check::name("name", None, &name)?;
                self.bus.rename_prim(prim, &name)?;
                let name: Arc<str> = Arc::from(self.bus.prim_name(prim).unwrap_or_default());
                self.prims.update(prim, |view| view.name = name);
                0
            }
            PrimChange::Description(text) => {
                check::name("description", None, &text)?;
                let text = Arc::from(TextLimit::Bytes(check::DESCRIPTION).cut(&text));
                self.prims.update(prim, |view| view.description = text);
                0
            }
            PrimChange::Text(text, color) => {
                check::text(None, &text)?;
                let color = check::color(color)?;
                self.prims.update(prim, |view| {
                    view.text = Arc::from(text);
                    view.text_color = color;
                });
                0
            }
            PrimChange::Position(to) => {
                self.place(prim, root, to)?;
                0
            }
            PrimChange::Size(size) => {
                check::size(None, size)?;
                self.prims.update(prim, |view| view.size = size);
                CHANGED_SCALE
            }
            PrimChange::Shape(shape) => {
                self.prims.update(prim, |view| view.shape = shape);
                CHANGED_SHAPE
            }
            PrimChange::Owner(owner) => {
                self.set_owner(root, &owner)?;
                CHANGED_OWNER
            }
            PrimChange::Worn(worn) => {
                self.wear(root, worn)?;
                0
            }
        };
        if mask != 0 && self.prims.version() != before {
            self.post_to_object(now, root, &Event::Changed { mask });
        }
        Ok(())
    }

    fn place(&mut self, prim: PrimId, root: PrimId, to: Vector3) -> Result<(), ObjectError> {
        if prim != root {
            check::offset("position", None, to)?;
            self.bus.move_prim(prim, to)?;
            self.prims.update(prim, |view| view.position = to);
            return Ok(());
        }
        check::position(to)?;
        // What is worn is where its wearer is.
        if self.bus.wearer_of(root).is_none() {
            self.bus.move_object(root, to)?;
            self.prims.update(root, |view| view.position = to);
        }
        Ok(())
    }

    fn set_owner(&mut self, root: PrimId, owner: &Owner) -> Result<(), ObjectError> {
        self.bus.set_owner(root, owner.clone())?;
        for prim in self.prims_of(root) {
            self.prims.update(prim, |view| view.owner = owner.clone());
        }
        Ok(())
    }

    /// Puts an object on an avatar, or takes it off: it is left where the avatar is.
    fn wear(&mut self, root: PrimId, worn: Option<(AgentId, u8)>) -> Result<(), ObjectError> {
        self.check_worn(worn)?;
        let place = match (worn, self.bus.wearer_of(root)) {
            (Some(_), _) => Vector3::default(),
            (None, Some(_)) => check::within(self.bus.prim_position(root).unwrap_or_default()),
            (None, None) => return Ok(()),
        };
        self.bus.move_object(root, place)?;
        self.bus.wear(root, worn.map(|(agent, _)| agent))?;
        for prim in self.prims_of(root) {
            self.prims.update(prim, |view| {
                view.worn = worn;
                if prim == root {
                    view.position = place;
                }
            });
        }
        Ok(())
    }
}
