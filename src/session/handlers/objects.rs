//! Objects: inspecting them, touching them, and answering their dialogs.
//!
//! The size of a message limits the number of objects in it.

use super::{Outcome, Session, Turn};
use crate::ids::LocalId;
use crate::message::{
    self, ObjectGrab, ObjectSelect, RequestMultipleObjects, RequestObjectPropertiesFamily,
    RequestTaskInventory, ScriptDialogReply,
};
use crate::region::Command;

pub(super) fn request_objects(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: RequestMultipleObjects,
) -> Outcome {
    let ids = message.object_data.iter().map(|entry| entry.id).collect();
    turn.commands.push_back(Command::RequestObjects { agent: session.shared.agent_id, ids });
    Outcome::Continue
}

pub(super) fn select(session: &mut Session, turn: &mut Turn<'_>, message: ObjectSelect) -> Outcome {
    let ids = message.object_data.iter().map(|entry| entry.object_local_id).collect();
    turn.commands.push_back(Command::SelectObjects { agent: session.shared.agent_id, ids });
    Outcome::Continue
}

pub(super) fn properties_family(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: RequestObjectPropertiesFamily,
) -> Outcome {
    turn.commands.push_back(Command::ObjectFamily {
        agent: session.shared.agent_id,
        flags: message.object_data.request_flags,
        object: message.object_data.object_id,
    });
    Outcome::Continue
}

/// A touch begins; how it goes on and where the finger is no script here asks.
pub(super) fn grab(session: &mut Session, turn: &mut Turn<'_>, message: ObjectGrab) -> Outcome {
    turn.commands.push_back(Command::Touch {
        agent: session.shared.agent_id,
        local_id: LocalId(message.object_data.local_id),
    });
    Outcome::Continue
}

pub(super) fn dialog_reply(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: ScriptDialogReply,
) -> Outcome {
    turn.commands.push_back(Command::DialogReply {
        agent: session.shared.agent_id,
        object: message.data.object_id,
        channel: message.data.chat_channel,
        label: message::text(&message.data.button_label),
    });
    Outcome::Continue
}

pub(super) fn task_inventory(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: RequestTaskInventory,
) -> Outcome {
    turn.commands.push_back(Command::TaskInventory {
        agent: session.shared.agent_id,
        local_id: LocalId(message.inventory_data.local_id),
    });
    Outcome::Continue
}

/// Handlers of refused edits that a client shows at once: it gets the objects as they are.
macro_rules! undone {
    ($($handler:ident: $message:ident),*) => {
        $(pub(super) fn $handler(
            session: &mut Session,
            turn: &mut Turn<'_>,
            message: message::$message,
        ) -> Outcome {
            let ids = message.object_data.iter().map(|entry| entry.object_local_id).collect();
            turn.commands
                .push_back(Command::RequestObjects { agent: session.shared.agent_id, ids });
            Outcome::Continue
        })*
    };
}

undone!(
    undo_update: MultipleObjectUpdate,
    undo_position: ObjectPosition,
    undo_scale: ObjectScale,
    undo_rotation: ObjectRotation,
    undo_image: ObjectImage,
    undo_shape: ObjectShape
);
