//! The estate: answers for the viewer's estate windows, and refusals of changes.

use super::refusal::Refusal;
use super::{Outcome, Session, Turn};
use crate::message::{
    self, EstateCovenantReply, EstateCovenantRequest, EstateOwnerMessage,
    EstateOwnerMessageParamList, LandStatReply, LandStatRequest,
};

/// What the estate is called.
const ESTATE_NAME: &str = "Holm Estate";
/// `ParentEstateID` of estates that have no parent.
const PARENT: u32 = 1;

/// Windows of land and region wait for it; there is no covenant.
pub(super) fn covenant(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: EstateCovenantRequest,
) -> Outcome {
    let mut reply = EstateCovenantReply::default();
    reply.data.estate_name = message::variable1(ESTATE_NAME);
    reply.data.estate_owner_id = session.context.region.info.owner.0;
    session.reply(turn, &reply);
    Outcome::Continue
}

/// Nothing here costs a measurable time.
pub(super) fn land_stat(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: LandStatRequest,
) -> Outcome {
    let mut reply = LandStatReply::default();
    reply.request_data.report_type = request.request_data.report_type;
    reply.request_data.request_flags = request.request_data.request_flags;
    session.reply(turn, &reply);
    Outcome::Continue
}

/// `getinfo` comes whenever the window opens, from everybody; only the owner gets an answer.
pub(super) fn owner_message(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: EstateOwnerMessage,
) -> Outcome {
    if message::text(&request.method_data.method) != "getinfo" {
        return session.refuse(turn, Refusal::Estate);
    }
    let info = &session.context.region.info;
    if info.owner != session.shared.agent_id {
        return Outcome::Continue;
    }
    let nobody = uuid::Uuid::nil();
    let parameters = [
        ESTATE_NAME.to_owned(),
        info.owner.to_string(),
        info.estate_id.to_string(),
        info.flags.to_string(),
        // The sun is not fixed.
        "0".to_owned(),
        PARENT.to_string(),
        // No covenant, which never changed.
        nobody.to_string(),
        "0".to_owned(),
        "1".to_owned(),
        // Nobody reads reports of abuse.
        String::new(),
    ];
    let mut reply = EstateOwnerMessage::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.session_id = session.shared.session_id.0;
    reply.method_data.method = message::variable1("estateupdateinfo");
    reply.method_data.invoice = request.method_data.invoice;
    let parameter =
        |text: &String| EstateOwnerMessageParamList { parameter: message::variable1(text) };
    reply.param_list = parameters.iter().map(parameter).collect();
    session.reply(turn, &reply);
    Outcome::Continue
}
