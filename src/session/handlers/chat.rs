//! Local chat of the agent.

use super::{Outcome, Session, Turn};
use crate::message::{self, ChatFromViewer};
use crate::region::Command;

pub(super) fn chat_from_viewer(
    session: &mut Session,
    turn: &mut Turn<'_>,
    chat: ChatFromViewer,
) -> Outcome {
    turn.commands.push_back(Command::Chat {
        agent: session.shared.agent_id,
        text: message::text(&chat.chat_data.message),
        kind: chat.chat_data.type_,
        channel: chat.chat_data.channel,
    });
    Outcome::Continue
}
