//! The region and its grid, as the map shows them.

use super::{Row, table};
use crate::session::handlers::map;

/// The rows.
pub(super) const ROWS: &[Row] = table! {
    RequestRegionInfo: handled(map::region_info, "answered with RegionInfo"),
    RegionHandleRequest: handled(map::region_handle, "answered with RegionIDAndHandleReply"),
    MapBlockRequest: handled(map::map_blocks, "answered with MapBlockReply"),
    MapNameRequest: handled(map::map_name, "answered with MapBlockReply"),
    MapItemRequest: handled(map::map_items, "answered with MapItemReply"),
    MapLayerRequest: ignored("no client has sent it for years"),
};
