//! `SimulatorFeatures`: the features of the region, as a map that viewers read once after login.

use super::GridFacts;
use crate::llsd::{self, Llsd};

/// The feature map. Second Life's keys at the top, OpenSim's in `OpenSimExtras`.
pub(super) fn simulator_features(grid: &GridFacts) -> Llsd {
    llsd::map! {
        "AnimatedObjects" => llsd::map! {
            "AnimatedObjectMaxTris" => 150_000,
            "MaxAgentAnimatedObjectAttachments" => 2,
        },
        "AvatarHoverHeightEnabled" => true,
        "BakesOnMeshEnabled" => true,
        "DynamicPathfindingEnabled" => false,
        "GLTFEnabled" => false,
        "MaxAgentAttachments" => 38,
        "MaxAgentGroups" => MAX_GROUPS,
        "MaxAgentGroupsBasic" => MAX_GROUPS,
        "MaxAgentGroupsPremium" => MAX_GROUPS,
        "MaxEstateAccessIds" => 500,
        "MaxEstateManagers" => 20,
        "MaxProfilePicks" => 10,
        "MaxTextureResolution" => 2048,
        "MeshRezEnabled" => true,
        "MeshUploadEnabled" => false,
        "MeshXferEnabled" => true,
        "MirrorsEnabled" => false,
        "PBRMaterialSwatchEnabled" => false,
        "PBRTerrainEnabled" => false,
        "PBRTerrainTransformsEnabled" => false,
        "PhysicsMaterialsEnabled" => true,
        "PhysicsShapeTypes" => llsd::map! { "convex" => true, "none" => true, "prim" => true },
        "OpenSimExtras" => llsd::map! {
            "ExportSupported" => false,
            "GridName" => grid.name.as_str(),
            "GridNick" => grid.nick.as_str(),
            "GridURL" => grid.login_uri.as_str(),
            "say-range" => 20,
            "shout-range" => 100,
            "whisper-range" => 10,
        },
    }
}

const MAX_GROUPS: i32 = 60;
