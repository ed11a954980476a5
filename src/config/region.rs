//! The array `[[region]]`: name, position, terrain.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::derived::derived_id;
use super::units::{optional, optional_path, optional_port};

/// One `[[region]]`: 256 m by 256 m on a UDP port of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegionConfig {
    /// Name, unique in the grid, compared without case.
    pub name: String,
    /// Region id; none: derived from name and place, so that it stays the same between starts.
    #[serde(with = "optional")]
    pub uuid: Option<Uuid>,
    /// Grid coordinate, units of 256 m.
    pub x: u32,
    /// Grid coordinate, units of 256 m.
    pub y: u32,
    /// UDP port; 0 picks a free one.
    pub udp_port: u16,
    /// UDP port that clients are told; none: `udp_port`.
    #[serde(with = "optional_port")]
    pub external_udp_port: Option<u16>,
    /// Height of the water, metres.
    pub water_height: f32,
    /// Maturity rating.
    pub maturity: Maturity,
    /// Where agents arrive when they name no position, metres in the region; z is raised to the
    /// ground.
    pub spawn: [f32; 3],
    /// Agents that may be in the region at once.
    pub max_agents: u32,
    /// The ground.
    pub terrain: TerrainConfig,
}

impl Default for RegionConfig {
    fn default() -> Self {
        Self {
            name: "Holm".to_owned(),
            uuid: None,
            x: 1000,
            y: 1000,
            udp_port: 9000,
            external_udp_port: None,
            water_height: 20.0,
            maturity: Maturity::Moderate,
            spawn: [128.0, 128.0, 25.0],
            max_agents: 2000,
            terrain: TerrainConfig::default(),
        }
    }
}

impl RegionConfig {
    /// The configured id, or the derived one.
    pub fn id(&self) -> Uuid {
        self.uuid.unwrap_or_else(|| derived_region_id(&self.name, self.x, self.y))
    }
}

/// How grown-up a region is (`SimAccess`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Maturity {
    /// General, `PG`.
    General,
    /// Moderate, `M`.
    Moderate,
    /// Adult, `A`.
    Adult,
}

impl Maturity {
    /// The `SimAccess` byte: 13, 21 or 42.
    pub const fn sim_access(self) -> u8 {
        match self {
            Self::General => 13,
            Self::Moderate => 21,
            Self::Adult => 42,
        }
    }

    /// The login answer's word: `PG`, `M` or `A`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::General => "PG",
            Self::Moderate => "M",
            Self::Adult => "A",
        }
    }
}

/// `terrain = { … }` of a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TerrainConfig {
    /// Where the heights come from.
    pub kind: TerrainKind,
    /// `flat`: the height; `noise`: the mean; `png`: the height of black. Metres.
    pub height: f32,
    /// `noise`: greatest distance from the mean; `png`: white minus black. Metres.
    pub amplitude: f32,
    /// `noise`: which hills; together with the seed of the whole configuration.
    pub seed: u64,
    /// `raw`, `png`: the file.
    #[serde(with = "optional_path")]
    pub file: Option<PathBuf>,
}

impl Default for TerrainConfig {
    fn default() -> Self {
        Self { kind: TerrainKind::Flat, height: 21.0, amplitude: 10.0, seed: 0, file: None }
    }
}

/// Where a region's heights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TerrainKind {
    /// One height everywhere.
    Flat,
    /// Seeded hills.
    Noise,
    /// A terrain file of 13 bytes per square metre: height, factor, eleven unused.
    Raw,
    /// A grey-scale picture of 256 by 256.
    Png,
}

/// The id of a region that was given none: a hash of name and place, marked as version 8 (custom).
pub fn derived_region_id(name: &str, x: u32, y: u32) -> Uuid {
    derived_id(&name.bytes().chain(x.to_be_bytes()).chain(y.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_depend_on_name_and_place_and_never_change() {
        let id = derived_region_id("Holm", 1000, 1000);
        assert_eq!(id, RegionConfig::default().id());
        assert_eq!(id.to_string(), DEFAULT_ID);
        assert_ne!(id, derived_region_id("Holm", 1000, 1001));
        assert_ne!(id, derived_region_id("Holn", 1000, 1000));
    }

    const DEFAULT_ID: &str = "062f74eb-d539-8bee-917f-2f96b9c82b48";
}
