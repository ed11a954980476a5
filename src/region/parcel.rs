//! The single parcel that covers the region: its overlay, properties and dwell.
//!
//! Properties are sent by the event queue only. All fields of the template's blocks are present, in
//! the form that the strictest reader expects: U32 as big-endian binary, vectors as arrays of
//! reals.

use bytes::Bytes;

use super::info::RegionInfo;
use super::terrain::REGION_SIZE;
use crate::ids::AgentId;
use crate::llsd::{self, Llsd};
use crate::message::{
    ParcelDwellReply, ParcelDwellReplyAgentData, ParcelDwellReplyData, ParcelOverlay,
    ParcelOverlayParcelData,
};
use crate::outbox::Event;

/// The parcel's number in the region.
pub const LOCAL_ID: i32 = 1;

/// `SequenceID` of properties that nobody asked for: the parcel that the agent is on.
pub const SEQUENCE_ENTERED: i32 = 0;

/// The four `ParcelOverlay` messages as one agent sees the land.
pub fn overlay(info: &RegionInfo, agent: AgentId) -> [ParcelOverlay; 4] {
    let ownership = if info.owner == AgentId::NIL {
        CELL_PUBLIC
    } else if info.owner == agent {
        CELL_OWN
    } else {
        CELL_OTHERS
    };
    std::array::from_fn(|part| {
        let cells: Bytes = (part * CELLS_PER_MESSAGE..(part + 1) * CELLS_PER_MESSAGE)
            .map(|cell| {
                let west = if cell % CELLS_ACROSS == 0 { CELL_WEST_EDGE } else { 0 };
                let south = if cell < CELLS_ACROSS { CELL_SOUTH_EDGE } else { 0 };
                ownership | west | south
            })
            .collect();
        ParcelOverlay {
            parcel_data: ParcelOverlayParcelData { sequence_id: part as i32, data: cells },
        }
    })
}

/// The event `ParcelProperties`, as answer to `sequence` or, with [`SEQUENCE_ENTERED`], unasked.
pub fn properties(info: &RegionInfo, agent: AgentId, sequence: i32, snap: bool) -> Event {
    let capacity = info.object_capacity as i32;
    let nil = || Llsd::Uuid(uuid::Uuid::nil());
    let spawn = info.spawn;
    let parcel = llsd::map! {
        "RequestResult" => RESULT_SINGLE,
        "SequenceID" => sequence,
        "SnapSelection" => snap,
        "SelfCount" => i32::from(info.owner == agent),
        "OtherCount" => 0,
        "PublicCount" => 0,
        "LocalID" => LOCAL_ID,
        "OwnerID" => info.owner.0,
        "IsGroupOwned" => false,
        "AuctionID" => Llsd::u32(0),
        "ClaimDate" => 0,
        "ClaimPrice" => 0,
        "RentPrice" => 0,
        "AABBMin" => [0.0, 0.0, 0.0],
        "AABBMax" => [REGION_SIZE, REGION_SIZE, 4096.0],
        "Bitmap" => Llsd::Binary(vec![0xFF; BITMAP_LEN]),
        "Area" => (REGION_SIZE * REGION_SIZE) as i32,
        "Status" => 0,
        "SimWideMaxPrims" => capacity,
        "SimWideTotalPrims" => 0,
        "MaxPrims" => capacity,
        "TotalPrims" => 0,
        "OwnerPrims" => 0,
        "GroupPrims" => 0,
        "OtherPrims" => 0,
        "SelectedPrims" => 0,
        "ParcelPrimBonus" => 1.0,
        "OtherCleanTime" => 0,
        "ParcelFlags" => Llsd::u32(PARCEL_FLAGS),
        "SalePrice" => 0,
        "Name" => info.parcel_name.as_str(),
        "Desc" => "",
        "MusicURL" => "",
        "MediaURL" => "",
        "MediaID" => nil(),
        "MediaAutoScale" => 0,
        "GroupID" => nil(),
        "PassPrice" => 0,
        "PassHours" => 0.0,
        "Category" => 0,
        "AuthBuyerID" => nil(),
        "SnapshotID" => nil(),
        "UserLocation" => [spawn.x, spawn.y, spawn.z],
        "UserLookAt" => [1.0, 0.0, 0.0],
        "LandingType" => LANDING_ANYWHERE,
        "RegionPushOverride" => false,
        "RegionDenyAnonymous" => false,
        "RegionDenyIdentified" => false,
        "RegionDenyTransacted" => false,
        "SeeAVs" => true,
        "AnyAVSounds" => true,
        "GroupAVSounds" => true,
    };
    let media = llsd::map! {
        "MediaDesc" => "",
        "MediaHeight" => 0,
        "MediaWidth" => 0,
        "MediaLoop" => 0,
        "MediaType" => "",
        "ObscureMedia" => 0,
        "ObscureMusic" => 0,
    };
    let body = llsd::map! {
        "ParcelData" => llsd::array![parcel],
        "MediaData" => llsd::array![media],
        "AgeVerificationBlock" => llsd::array![llsd::map! { "RegionDenyAgeUnverified" => false }],
        "RegionAllowAccessBlock" =>
            llsd::array![llsd::map! { "RegionAllowAccessOverride" => true }],
        "ParcelEnvironmentBlock" => llsd::array![llsd::map! {
            "ParcelEnvironmentVersion" => -1,
            "RegionAllowEnvironmentOverride" => false,
        }],
        "ParcelExtendedFlags" => llsd::array![llsd::map! { "Flags" => Llsd::u32(0) }],
    };
    Event::new("ParcelProperties", &body)
}

/// Whether a rectangle that a client asks about touches the region at all.
pub fn is_inside(west: f32, south: f32, east: f32, north: f32) -> bool {
    let ordered = west <= east && south <= north;
    ordered && west <= REGION_SIZE && south <= REGION_SIZE && east >= 0.0 && north >= 0.0
}

/// The answer to `ParcelDwellRequest`. Dwell is not kept; any number asked about is this parcel.
pub fn dwell(info: &RegionInfo, agent: AgentId, local_id: i32) -> ParcelDwellReply {
    ParcelDwellReply {
        agent_data: ParcelDwellReplyAgentData { agent_id: agent.0 },
        data: ParcelDwellReplyData { local_id, parcel_id: info.parcel_id, dwell: 0.0 },
    }
}

/// Cells of 4 m along the edge of the region.
const CELLS_ACROSS: usize = 64;
const CELLS_PER_MESSAGE: usize = 1024;
const BITMAP_LEN: usize = CELLS_ACROSS * CELLS_ACROSS / 8;
const CELL_PUBLIC: u8 = 0;
const CELL_OTHERS: u8 = 1;
const CELL_OWN: u8 = 3;
const CELL_WEST_EDGE: u8 = 0x40;
const CELL_SOUTH_EDGE: u8 = 0x80;
const RESULT_SINGLE: i32 = 0;
const LANDING_ANYWHERE: i32 = 2;
/// Flying, other people's scripts, landmarks, building, group scripts and building, entry of
/// objects.
const PARCEL_FLAGS: u32 = 1 | 1 << 1 | 1 << 3 | 1 << 6 | 1 << 25 | 1 << 26 | 1 << 27;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::RegionId;
    use crate::message::{FieldType, Message, ParcelProperties};

    fn info() -> RegionInfo {
        RegionInfo::new(RegionId(Uuid::from_u128(1)), "Holm", 1000, 1000)
    }

    #[test]
    fn overlay_is_four_quarters_with_edges() {
        let owner = AgentId(Uuid::from_u128(4));
        let info = RegionInfo { owner, ..info() };
        let messages = overlay(&info, owner);
        for (part, message) in messages.iter().enumerate() {
            assert_eq!(message.parcel_data.sequence_id, part as i32);
            assert_eq!(message.parcel_data.data.len(), 1024);
        }
        let first = &messages[0].parcel_data.data;
        assert_eq!((first[0], first[1], first[64], first[65]), (0xC3, 0x83, 0x43, 0x03));
        assert_eq!(messages[3].parcel_data.data[0], 0x43);
        assert_eq!(overlay(&info, AgentId::NIL)[0].parcel_data.data[65], 1);
    }

    /// Readers that take the body for the template message want every field, each in its form.
    #[test]
    fn properties_have_every_field_of_the_template_in_its_form() {
        let body = properties(&info(), AgentId::NIL, -10000, true).body();
        for block in ParcelProperties::INFO.blocks {
            let entries = body.get(block.name).as_array();
            assert_eq!(entries.len(), 1, "{}", block.name);
            for field in block.fields {
                let value = entries[0].get(field.name);
                let right = match field.kind {
                    FieldType::U32 => matches!(value, Llsd::Binary(bytes) if bytes.len() == 4),
                    FieldType::S32 | FieldType::U8 => matches!(value, Llsd::Integer(_)),
                    FieldType::F32 => matches!(value, Llsd::Real(_)),
                    FieldType::Bool => matches!(value, Llsd::Boolean(_)),
                    FieldType::Uuid => matches!(value, Llsd::Uuid(_)),
                    FieldType::Vector3 => {
                        value.as_array().len() == 3
                            && value.as_array().iter().all(|part| matches!(part, Llsd::Real(_)))
                    }
                    _ => matches!(value, Llsd::String(_) | Llsd::Binary(_)),
                };
                assert!(right, "{}.{} is {value:?}", block.name, field.name);
            }
        }
        let parcel = &body.get("ParcelData").as_array()[0];
        assert_eq!(parcel.get("SequenceID").as_i32(), -10000);
        assert_eq!(parcel.get("Bitmap").as_binary(), vec![0xFF; 512]);
        assert_eq!(body.get("MediaData").as_array().len(), 1);
    }

    #[test]
    fn only_what_touches_the_region_is_answered() {
        assert!(is_inside(128.0, 128.0, 128.0, 128.0));
        assert!(is_inside(-5.0, 0.0, 3.0, 400.0));
        assert!(!is_inside(300.0, 0.0, 310.0, 4.0));
        assert!(!is_inside(f32::NAN, 0.0, 1.0, 1.0));
        assert!(!is_inside(5.0, 5.0, 4.0, 4.0));
    }
}
