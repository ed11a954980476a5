//! Parcels: requests to the region, or answers from its facts.

use super::{Outcome, Session, Turn};
use crate::message::{
    self, ParcelAccessListReply, ParcelAccessListRequest, ParcelDwellRequest, ParcelInfoReply,
    ParcelInfoRequest, ParcelObjectOwnersReply, ParcelObjectOwnersRequest, ParcelPropertiesRequest,
    ParcelPropertiesRequestByID,
};
use crate::region::Command;
use crate::region::terrain::REGION_SIZE;

pub(super) fn properties(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: ParcelPropertiesRequest,
) -> Outcome {
    turn.commands.push_back(Command::ParcelProperties {
        agent: session.shared.agent_id,
        request: Box::new(request),
    });
    Outcome::Continue
}

pub(super) fn dwell(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: ParcelDwellRequest,
) -> Outcome {
    let local_id = request.data.local_id;
    turn.commands.push_back(Command::ParcelDwell { agent: session.shared.agent_id, local_id });
    Outcome::Continue
}

/// Nobody is banned and nobody is on a list.
pub(super) fn access_list(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: ParcelAccessListRequest,
) -> Outcome {
    let mut reply = ParcelAccessListReply::default();
    reply.data.agent_id = session.shared.agent_id.0;
    reply.data.sequence_id = request.data.sequence_id;
    reply.data.flags = request.data.flags;
    reply.data.local_id = request.data.local_id;
    // An empty list is one entry with a nil id.
    reply.list.push(message::ParcelAccessListReplyList {
        flags: request.data.flags,
        ..Default::default()
    });
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(super) fn info(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: ParcelInfoRequest,
) -> Outcome {
    let wanted = request.data.parcel_id;
    let regions = &session.context.regions;
    let Some(region) = regions.iter().find(|region| region.info.parcel_id == wanted) else {
        return Outcome::Continue;
    };
    let info = &region.info;
    let mut reply = ParcelInfoReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    let data = &mut reply.data;
    data.parcel_id = wanted;
    data.owner_id = info.owner.0;
    data.name = message::variable1(&info.parcel_name);
    data.actual_area = 65_536;
    data.billable_area = 65_536;
    data.global_x = info.handle.x_metres() as f32 + info.spawn.x;
    data.global_y = info.handle.y_metres() as f32 + info.spawn.y;
    data.global_z = info.spawn.z;
    data.sim_name = message::variable1(&info.name);
    session.reply(turn, &reply);
    Outcome::Continue
}

/// The region is one parcel, whatever number the client has for it.
pub(super) fn properties_by_id(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: ParcelPropertiesRequestByID,
) -> Outcome {
    let mut whole = ParcelPropertiesRequest::default();
    whole.parcel_data.sequence_id = request.parcel_data.sequence_id;
    whole.parcel_data.east = REGION_SIZE;
    whole.parcel_data.north = REGION_SIZE;
    let agent = session.shared.agent_id;
    turn.commands.push_back(Command::ParcelProperties { agent, request: Box::new(whole) });
    Outcome::Continue
}

/// Nobody counts objects by their owners.
pub(super) fn object_owners(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: ParcelObjectOwnersRequest,
) -> Outcome {
    session.reply(turn, &ParcelObjectOwnersReply::default());
    Outcome::Continue
}
