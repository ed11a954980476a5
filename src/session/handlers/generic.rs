//! `GenericMessage`: messages that are not in the template, identified by a method name.

use uuid::Uuid;

use super::table::Disposition;
use super::{Outcome, Session, Turn, dropped, friends, profiles};
use crate::ids::AgentId;
use crate::message::{self, GenericMessage, Vector3};
use crate::region::Command;

/// How one method is handled.
pub struct Method {
    /// `MethodData.Method`.
    pub name: &'static str,
    /// What kind of effect it has.
    pub disposition: Disposition,
    /// What it does, or why it is ignored.
    pub note: &'static str,
    run: fn(&mut Session, &mut Turn<'_>, &GenericMessage) -> Outcome,
}

/// The methods that clients use.
pub static METHODS: &[Method] = &[
    Method {
        name: "requestonlinenotification",
        disposition: Disposition::Handled,
        note: "answered with OnlineNotification or OfflineNotification about a friend",
        run: |session, _, message| about(message, |friend| friends::ask_online(session, friend)),
    },
    Method {
        name: "avatarnotesrequest",
        disposition: Disposition::Handled,
        note: "answered with AvatarNotesReply",
        run: |session, turn, message| about(message, |agent| profiles::note(session, turn, agent)),
    },
    Method {
        name: "avatarpicksrequest",
        disposition: Disposition::AnsweredEmpty,
        note: "AvatarPicksReply",
        run: |session, turn, message| about(message, |agent| profiles::picks(session, turn, agent)),
    },
    Method {
        name: "avatarclassifiedsrequest",
        disposition: Disposition::AnsweredEmpty,
        note: "AvatarClassifiedReply",
        run: |session, turn, message| {
            about(message, |agent| profiles::classifieds(session, turn, agent))
        },
    },
    Method {
        name: "autopilot",
        disposition: Disposition::Handled,
        note: "the avatar walks to a place",
        run: autopilot,
    },
    Method {
        name: "pickinforequest",
        disposition: Disposition::Ignored,
        note: "there are no picks",
        run: nothing,
    },
    Method {
        name: "dumptempassetdata",
        disposition: Disposition::Ignored,
        note: "only old clients sent it",
        run: nothing,
    },
    Method {
        name: "cleartempassetdata",
        disposition: Disposition::Ignored,
        note: "only old clients sent it",
        run: nothing,
    },
];

/// Longest name of a method in the log.
const MAX_LOGGED: usize = 40;

pub(super) fn generic_message(
    session: &mut Session,
    turn: &mut Turn<'_>,
    message: GenericMessage,
) -> Outcome {
    let name = message::text(&message.method_data.method);
    let agent = session.shared.agent_id;
    let Some(method) = METHODS.iter().find(|method| method.name == name) else {
        let method: String = name.chars().take(MAX_LOGGED).collect();
        tracing::debug!(%agent, ?method, "unknown GenericMessage");
        count("other", Disposition::Ignored);
        return Outcome::Continue;
    };
    tracing::trace!(%agent, method = method.name, "GenericMessage");
    count(method.name, method.disposition);
    (method.run)(session, turn, &message)
}

/// Names from outside are not used as labels: there is no bound on their number.
fn count(method: &'static str, disposition: Disposition) {
    metrics::counter!("holm_generic_messages_total", "method" => method,
        "disposition" => disposition.as_str())
    .increment(1);
}

/// Calls `answer` with the agent that the message's only parameter names.
fn about(message: &GenericMessage, answer: impl FnOnce(AgentId) -> Outcome) -> Outcome {
    let parameter = message.param_list.first().map(|block| message::text(&block.parameter));
    match parameter.and_then(|text| Uuid::try_parse(text.trim()).ok()) {
        Some(agent) => answer(AgentId(agent)),
        None => dropped("bad_generic_parameter"),
    }
}

/// Three global coordinates in metres. The avatar walks to the nearest place of its region.
fn autopilot(session: &mut Session, turn: &mut Turn<'_>, message: &GenericMessage) -> Outcome {
    let number = |index: usize| -> Option<f64> {
        let text = message::text(&message.param_list.get(index)?.parameter);
        text.trim().parse().ok().filter(|number: &f64| number.is_finite())
    };
    let (Some(x), Some(y), Some(z)) = (number(0), number(1), number(2)) else {
        return dropped("bad_generic_parameter");
    };
    let corner = session.context.region.info.handle;
    let to = Vector3 {
        x: (x - f64::from(corner.x_metres())) as f32,
        y: (y - f64::from(corner.y_metres())) as f32,
        z: z as f32,
    };
    turn.commands.push_back(Command::Autopilot { agent: session.shared.agent_id, to });
    Outcome::Continue
}

fn nothing(_session: &mut Session, _turn: &mut Turn<'_>, _message: &GenericMessage) -> Outcome {
    Outcome::Continue
}
