//! Requests of agents about themselves: money, prices, wearables.

use super::{Outcome, Session, Turn};
use crate::circuit::Category;
use crate::message::{
    self, AgentCachedTexture, AgentCachedTextureResponse, AgentCachedTextureResponseWearableData,
    AgentWearablesRequest, AgentWearablesUpdate, AgentWearablesUpdateWearableData, EconomyData,
    EconomyDataRequest, MoneyBalanceReply, MoneyBalanceRequest, MoneyTransferRequest,
    UserInfoReply, UserInfoRequest,
};

/// Nobody has money here: the balance is 0 for everybody.
pub(super) fn money_balance(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: MoneyBalanceRequest,
) -> Outcome {
    let mut reply = MoneyBalanceReply::default();
    reply.money_data.agent_id = session.shared.agent_id.0;
    reply.money_data.transaction_id = request.money_data.transaction_id;
    reply.money_data.transaction_success = true;
    session.reply(turn, &reply);
    Outcome::Continue
}

/// Everything is free.
pub(super) fn economy(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: EconomyDataRequest,
) -> Outcome {
    let mut reply = EconomyData::default();
    reply.info.object_capacity = session.context.region.info.object_capacity as i32;
    reply.info.teleport_price_exponent = 2.0;
    reply.info.price_object_scale_factor = 1.0;
    reply.info.energy_efficiency = 1.0;
    reply.info.price_parcel_claim_factor = 1.0;
    session.reply(turn, &reply);
    Outcome::Continue
}

/// Only ever an answer: libopenmetaverse takes an unasked one for the answer and drops the real.
pub(super) fn wearables(
    session: &mut Session,
    _turn: &mut Turn<'_>,
    _request: AgentWearablesRequest,
) -> Outcome {
    let shared = session.shared.clone();
    let inventory = session.context.services.inventory.clone();
    let outbox = session.outbox.clone();
    session.look_up(async move {
        let worn = match inventory.worn(shared.agent_id).await {
            Ok(worn) => worn,
            Err(error) => {
                tracing::warn!(agent = %shared.agent_id, %error, "wearables not found");
                Vec::new()
            }
        };
        let mut update = AgentWearablesUpdate::default();
        update.agent_data.agent_id = shared.agent_id.0;
        update.agent_data.session_id = shared.session_id.0;
        update.agent_data.serial_num = 1;
        update.wearable_data = worn
            .iter()
            .map(|wearable| AgentWearablesUpdateWearableData {
                item_id: wearable.item,
                asset_id: wearable.asset,
                wearable_type: wearable.kind,
            })
            .collect();
        let _ = outbox.send_message(&update, true, Category::Unthrottled);
    })
}

/// No baked texture is kept, so each is answered as not cached: the client bakes.
pub(super) fn cached_texture(
    session: &mut Session,
    turn: &mut Turn<'_>,
    request: AgentCachedTexture,
) -> Outcome {
    let mut reply = AgentCachedTextureResponse::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.agent_data.session_id = session.shared.session_id.0;
    reply.agent_data.serial_num = request.agent_data.serial_num;
    reply.wearable_data = request
        .wearable_data
        .iter()
        .map(|asked| AgentCachedTextureResponseWearableData {
            texture_index: asked.texture_index,
            ..Default::default()
        })
        .collect();
    session.reply(turn, &reply);
    Outcome::Continue
}

pub(super) fn user_info(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: UserInfoRequest,
) -> Outcome {
    let mut reply = UserInfoReply::default();
    reply.agent_data.agent_id = session.shared.agent_id.0;
    reply.user_data.directory_visibility = message::variable1("hidden");
    session.reply(turn, &reply);
    Outcome::Continue
}

/// The payment failed: libraries wait for the word of it.
pub(super) fn money_transfer(
    session: &mut Session,
    turn: &mut Turn<'_>,
    _request: MoneyTransferRequest,
) -> Outcome {
    let mut reply = MoneyBalanceReply::default();
    reply.money_data.agent_id = session.shared.agent_id.0;
    session.reply(turn, &reply);
    Outcome::Continue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::{Category, CircuitConfig, Outgoing, QueueLimit};
    use crate::message::{EconomyData, EconomyDataRequest};
    use crate::session::Outcome;
    use crate::session::testing::Rig;
    use crate::time::Timestamp;

    #[tokio::test]
    async fn a_request_whose_answer_finds_no_room_is_left_unacked() {
        let unthrottled_limit = QueueLimit { packets: 1, bytes: 10_000 };
        let mut rig =
            Rig::with(CircuitConfig { unthrottled_limit, ..CircuitConfig::default() }).await;
        let filler = message::encode(&EconomyDataRequest {}).unwrap();
        rig.circuit
            .send(Timestamp::ZERO, Outgoing::reliable(filler, Category::Unthrottled))
            .unwrap();
        assert_eq!(rig.send(&EconomyDataRequest {}), Outcome::Busy);
        assert_eq!(rig.sent::<EconomyData>(), []);
        assert_eq!(rig.send(&EconomyDataRequest {}), Outcome::Continue, "there is room again");
        assert_eq!(rig.sent::<EconomyData>().len(), 1);
    }
}
