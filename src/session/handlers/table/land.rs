//! Parcels, terrain, the estate, and administration.

use super::{Row, table};
use crate::session::handlers::{estate, parcel};

/// The rows.
pub(super) const ROWS: &[Row] = table! {
    ParcelPropertiesRequest: handled(parcel::properties, "answered with ParcelProperties"),
    ParcelPropertiesRequestByID: handled(parcel::properties_by_id, "answered with ParcelProperties"),
    ParcelDwellRequest: handled(parcel::dwell, "answered with ParcelDwellReply"),
    ParcelAccessListRequest: empty(parcel::access_list, "ParcelAccessListReply"),
    ParcelInfoRequest: handled(parcel::info, "answered with ParcelInfoReply"),
    ParcelObjectOwnersRequest: empty(parcel::object_owners, "ParcelObjectOwnersReply"),
    ParcelPropertiesUpdate: refused(Land),
    ParcelAccessListUpdate: refused(Land),
    ParcelReturnObjects: refused(Land),
    ParcelDisableObjects: refused(Land),
    ParcelSelectObjects: refused(Land),
    ParcelSetOtherCleanTime: refused(Land),
    ParcelDeedToGroup: refused(Land),
    ParcelReclaim: refused(Land),
    ParcelClaim: refused(Land),
    ParcelJoin: refused(Land),
    ParcelDivide: refused(Land),
    ParcelRelease: refused(Land),
    ParcelGodForceOwner: refused(Land),
    ParcelGodMarkAsContent: refused(Land),
    ParcelBuy: refused(Money),
    ParcelBuyPass: refused(Money),
    ViewerStartAuction: refused(Money),
    ModifyLand: refused(Land),
    UndoLand: refused(Land),

    EstateOwnerMessage: handled(estate::owner_message, "getinfo by the owner is answered with estateupdateinfo; everything else is refused with an alert"),
    EstateCovenantRequest: handled(estate::covenant, "answered with EstateCovenantReply: no covenant"),
    LandStatRequest: empty(estate::land_stat, "LandStatReply"),
    GodUpdateRegionInfo: refused(Estate),
    SimWideDeletes: refused(Estate),
    EjectUser: refused(Estate),
    FreezeUser: refused(Estate),
    RequestGodlikePowers: refused(Administration),
    GodlikeMessage: refused(Administration),
    GodKickUser: refused(Administration),
    RegionInfo: ignored("only simulators send it"),
};
