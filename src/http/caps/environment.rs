//! Sky, water and day length: `ExtEnvironment` and its predecessor `EnvironmentSettings`,
//! read-only.
//!
//! The region has one fixed day cycle: bright early afternoon. Types matter here: benthic and
//! node-metaverse refuse an integer where they expect a real, and vice versa.

use axum::http::Method;
use uuid::{Uuid, uuid};

use super::request::{CapError, CapReply, CapRequest};
use crate::llsd::{self, Llsd};
use crate::region::RegionInfo;

/// `ExtEnvironment`: GET, for a parcel by `parcelid=`, else for the region.
pub(super) fn extended(region: &RegionInfo, request: &CapRequest) -> Result<CapReply, CapError> {
    request.require(&Method::GET)?;
    let query = request.query()?;
    let parcel = query.iter().find(|(key, _)| key == "parcelid");
    let parcel = parcel.and_then(|(_, value)| value.parse().ok()).unwrap_or(WHOLE_REGION);
    Ok(CapReply::Value(llsd::map! {
        "environment" => llsd::map! {
            "day_cycle" => day_cycle(),
            "day_length" => DAY_LENGTH,
            "day_offset" => DAY_OFFSET,
            "env_version" => 1,
            "flags" => 0,
            "is_default" => true,
            "parcel_id" => parcel,
            "region_id" => region.id.0,
            "track_altitudes" => reals([1000.0, 2000.0, 3000.0]),
        },
        "success" => true,
    }))
}

/// `EnvironmentSettings`: GET; one element says that the region has nothing of its own.
pub(super) fn windlight(region: &RegionInfo, request: &CapRequest) -> Result<CapReply, CapError> {
    request.require(&Method::GET)?;
    Ok(CapReply::Value(llsd::array![
        llsd::map! { "messageID" => Uuid::new_v4(), "regionID" => region.id.0 }
    ]))
}

/// One water and one sky frame; tracks 2 to 4, higher skies, are empty.
fn day_cycle() -> Llsd {
    let key =
        |name: &str| Llsd::Array(vec![llsd::map! { "key_keyframe" => 0.0, "key_name" => name }]);
    let empty = || Llsd::Array(Vec::new());
    llsd::map! {
        "frames" => llsd::map! { "sky" => sky(), "water" => water() },
        "name" => "Default",
        "tracks" => Llsd::Array(vec![key("water"), key("sky"), empty(), empty(), empty()]),
        "type" => "daycycle",
    }
}

fn sky() -> Llsd {
    llsd::map! {
        "absorption_config" => llsd::array![
            layer(25_000.0, 0.0, 0.0, 0.0, 0.0),
            layer(0.0, 0.0, 0.0, -6.666_666_7e-5, 1.0),
        ],
        "bloom_id" => uuid!("3c59f7fe-9dc8-47f9-8aaf-a9dd1fbc3bef"),
        "cloud_color" => reals([0.41, 0.41, 0.41]),
        "cloud_id" => uuid!("1dc1368f-e8fe-f02d-a08d-9d9f11c1af6b"),
        "cloud_pos_density1" => reals([1.0, 0.526, 1.0]),
        "cloud_pos_density2" => reals([1.0, 0.526, 1.0]),
        "cloud_scale" => 0.42,
        "cloud_scroll_rate" => reals([0.2, 0.01]),
        "cloud_shadow" => 0.27,
        "cloud_variance" => 0.0,
        "dome_offset" => 0.96,
        "dome_radius" => 15_000.0,
        "droplet_radius" => 800.0,
        "gamma" => 1.0,
        "glow" => reals([5.0, 0.001, -0.48]),
        "halo_id" => uuid!("12149143-f599-91a7-77ac-b52a3c0f59cd"),
        "ice_level" => 0.0,
        "legacy_haze" => llsd::map! {
            "ambient" => reals([0.25, 0.25, 0.25]),
            "blue_density" => reals([0.2447, 0.4487, 0.76]),
            "blue_horizon" => reals([0.4954, 0.4954, 0.64]),
            "density_multiplier" => 0.00018,
            "distance_multiplier" => 0.8,
            "haze_density" => 0.7,
            "haze_horizon" => 0.19,
        },
        "max_y" => 1605.0,
        "mie_config" => llsd::array![mie()],
        "moisture_level" => 0.0,
        "moon_brightness" => 0.5,
        "moon_id" => uuid!("ec4b9f0b-d008-45c6-96a4-01dd947ac621"),
        "moon_rotation" => reals([0.0, 0.866_025_4, 0.0, 0.5]),
        "moon_scale" => 1.0,
        "name" => "sky",
        "planet_radius" => 6360.0,
        "rainbow_id" => uuid!("11b4c57c-56b3-04ed-1f82-2004363882e4"),
        "rayleigh_config" => llsd::array![layer(0.0, 1.0, -1.25e-4, 0.0, 0.0)],
        "sky_bottom_radius" => 6360.0,
        "sky_top_radius" => 6420.0,
        "star_brightness" => 0.0,
        "sun_arc_radians" => 0.00045,
        "sun_id" => Uuid::nil(),
        // East, 60 degrees above the horizon; the moon stands opposite.
        "sun_rotation" => reals([0.0, -0.5, 0.0, 0.866_025_4]),
        "sun_scale" => 1.0,
        "sunlight_color" => reals([0.7342, 0.7815, 0.9, 0.3]),
        "type" => "sky",
    }
}

fn water() -> Llsd {
    llsd::map! {
        "blur_multiplier" => 0.04,
        "fresnel_offset" => 0.5,
        "fresnel_scale" => 0.4,
        "name" => "water",
        "normal_map" => uuid!("822ded49-9a6c-f61c-cb89-6df54f42cdf4"),
        "normal_scale" => reals([2.0, 2.0, 2.0]),
        "scale_above" => 0.03,
        "scale_below" => 0.2,
        "transparent_texture" => uuid!("2bfd3884-7e27-69b9-ba3a-3e673f680004"),
        "type" => "water",
        "underwater_fog_mod" => 0.25,
        "water_fog_color" => reals([0.0156, 0.149, 0.2509]),
        "water_fog_density" => 2.0,
        "wave1_direction" => reals([1.05, -0.42]),
        "wave2_direction" => reals([1.11, -1.16]),
    }
}

/// One layer of a density profile.
fn layer(width: f64, exp_term: f64, exp_scale: f64, linear_term: f64, constant_term: f64) -> Llsd {
    llsd::map! {
        "constant_term" => constant_term,
        "exp_scale" => exp_scale,
        "exp_term" => exp_term,
        "linear_term" => linear_term,
        "width" => width,
    }
}

fn mie() -> Llsd {
    let mut mie = layer(0.0, 1.0, -8.333_333e-4, 0.0, 0.0);
    mie.insert("anisotropy", 0.8);
    mie
}

fn reals<const N: usize>(values: [f64; N]) -> Llsd {
    Llsd::Array(values.into_iter().map(Llsd::Real).collect())
}

/// What stands for the region where a parcel's number is expected.
const WHOLE_REGION: i32 = -1;
/// Seconds; Second Life's day.
const DAY_LENGTH: i32 = 14_400;
/// Seconds.
const DAY_OFFSET: i32 = 57_600;

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_no_integers(value: &Llsd) {
        match value {
            Llsd::Integer(_) => panic!("an integer where clients want reals"),
            Llsd::Array(values) => values.iter().for_each(assert_no_integers),
            Llsd::Map(map) => map.iter().for_each(|(_, value)| assert_no_integers(value)),
            _ => {}
        }
    }

    #[test]
    fn every_number_of_the_day_cycle_is_a_real() {
        assert_no_integers(&day_cycle());
    }

    #[test]
    fn every_key_frame_names_a_frame_of_the_right_type() {
        let cycle = day_cycle();
        let tracks = cycle.get("tracks").as_array();
        assert_eq!(tracks.len(), 5, "water and four skies");
        for (track, kind) in tracks.iter().zip(["water", "sky", "sky", "sky", "sky"]) {
            for key in track.as_array() {
                let frame = cycle.get("frames").get(&key.get("key_name").as_string());
                assert_eq!(frame.get("type").as_string(), kind);
            }
        }
    }
}
