//! Link messages between the scripts of one object.

use std::sync::Arc;

use super::deliver::{Hearing, Said};
use super::error::{BusError, CallRefusal};
use super::queue::Event;
use super::{ChatBus, ScriptId};
use crate::ids::PrimId;
use crate::time::Timestamp;

/// `LINK_SET`: all prims.
pub const LINK_SET: i32 = -1;
/// `LINK_ALL_OTHERS`: all prims but the script's own.
pub const LINK_ALL_OTHERS: i32 = -2;
/// `LINK_ALL_CHILDREN`: all prims but the root.
pub const LINK_ALL_CHILDREN: i32 = -3;
/// `LINK_THIS`: the script's own prim.
pub const LINK_THIS: i32 = -4;
/// `LINK_ROOT`: the root prim.
pub const LINK_ROOT: i32 = 1;

impl ChatBus {
    /// `llMessageLinked`: to every script in the prims that `link` names, the sender itself
    /// included; in the order of prims, then of scripts. A number beyond the last prim reaches
    /// nobody.
    pub fn message_linked(
        &mut self,
        now: Timestamp,
        script: ScriptId,
        (link, number): (i32, i32),
        text: &str,
        id: &str,
    ) -> Result<Said, BusError> {
        let speaker = self.speaker(script)?;
        if self.is_at_hop_limit() {
            return Ok(self.refuse(CallRefusal::TooManyHops));
        }
        if text.len().saturating_add(id.len()) > self.settings.link_message_bytes {
            return Ok(self.refuse(CallRefusal::TooLong));
        }
        let prims = &self.world.object(speaker.root)?.prims;
        let sender = self.link_number(speaker.prim).unwrap_or_default();
        let Some(targets) = targets(prims, speaker.prim, link) else {
            return Ok(self.refuse(CallRefusal::NoTarget));
        };
        let (text, id): (Arc<str>, Arc<str>) = (Arc::from(text), Arc::from(id));
        let mut said = Said::default();
        let Self { settings, world, scripts, counters, hops, .. } = self;
        for prim in targets {
            for script in &world.prim(prim)?.scripts {
                let event =
                    Event::LinkMessage { sender, number, text: text.clone(), id: id.clone() };
                let fate = scripts
                    .push(now, *script, event, &settings.rules, (false, false), *hops)
                    .into();
                let hearing = Hearing { script: *script, handle: None, fate };
                said.note(counters, settings.tap, hearing);
            }
        }
        Ok(said)
    }
}

/// The prims that a link number names, in order; `None` if there is no such number.
fn targets(prims: &[PrimId], own: PrimId, link: i32) -> Option<Vec<PrimId>> {
    let is_single = prims.len() == 1;
    Some(match link {
        LINK_SET => prims.to_vec(),
        LINK_ALL_OTHERS => prims.iter().copied().filter(|prim| *prim != own).collect(),
        LINK_ALL_CHILDREN => prims.iter().copied().skip(1).collect(),
        LINK_THIS => vec![own],
        // A prim without others has the number 0 and is its own root.
        0 if is_single => prims.to_vec(),
        _ => vec![*prims.get(usize::try_from(link).ok()?.checked_sub(1)?)?],
    })
}
