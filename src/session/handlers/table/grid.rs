//! The region and the grid: region information and the map.

use super::{Row, table};
use crate::session::handlers::map;

/// The rows.
pub(super) const ROWS: &[Row] = table! {
    RequestRegionInfo: handled(map::region_info, "answered with RegionInfo"),
    RegionHandleRequest: handled(map::region_handle, "answered with RegionIDAndHandleReply"),
    MapBlockRequest: handled(map::map_blocks, "answered with MapBlockReply"),
    MapNameRequest: handled(map::map_name, "answered with MapBlockReply"),
    MapItemRequest: handled(map::map_items, "answered with MapItemReply"),
    MapLayerRequest: ignored("only old clients sent it"),
};
