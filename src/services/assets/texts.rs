//! The built-in text assets: wearables, a notecard, a landmark.

use std::fmt::Write as _;

use bytes::Bytes;
use uuid::Uuid;

use crate::ids::RegionId;
use crate::services::inventory::{
    DEFAULT_WEARABLES, DefaultWearable, LIBRARY_OWNER, Permissions, WearableType,
};

use super::{AssetType, built_in};

pub(super) fn all(welcome_region: RegionId) -> impl Iterator<Item = (Uuid, AssetType, Bytes)> {
    let wearables =
        DEFAULT_WEARABLES.map(|one| (one.asset.0, one.asset_type(), Bytes::from(wearable(&one))));
    wearables.into_iter().chain([
        (built_in::WELCOME_NOTECARD, AssetType::Notecard, Bytes::from(notecard(WELCOME))),
        (built_in::EMPTY_NOTECARD, AssetType::Notecard, Bytes::from(notecard(""))),
        (built_in::NEW_SCRIPT, AssetType::Script, Bytes::from_static(NEW_SCRIPT)),
        (built_in::WELCOME_LANDMARK, AssetType::Landmark, Bytes::from(landmark(welcome_region))),
    ])
}

/// The form that viewers read and write: name, description, rights, price, then the parameters
/// that differ from the viewer's own, and the textures by their place on the avatar.
fn wearable(wearable: &DefaultWearable) -> String {
    let Look { parameters, textures } = look(wearable.kind);
    let mut text = format!("LLWearable version 22\n{}\n\n", wearable.name);
    let rights = Permissions::full(LIBRARY_OWNER);
    let masks = [
        ("base", rights.base),
        ("owner", rights.owner),
        ("group", rights.group_mask),
        ("everyone", rights.everyone),
        ("next_owner", rights.next_owner),
    ];
    let ids = [
        ("creator", rights.creator.0),
        ("owner", LIBRARY_OWNER.0),
        ("last_owner", rights.last_owner.0),
        ("group", rights.group),
    ];
    text.push_str("\tpermissions 0\n\t{\n");
    for (name, mask) in masks {
        line(&mut text, format_args!("\t\t{name}_mask\t{mask:08x}"));
    }
    for (name, id) in ids {
        line(&mut text, format_args!("\t\t{name}_id\t{id}"));
    }
    text.push_str("\t}\n\tsale_info\t0\n\t{\n\t\tsale_type\tnot\n\t\tsale_price\t0\n\t}\n");
    line(&mut text, format_args!("type {}", wearable.kind.code()));
    line(&mut text, format_args!("parameters {}", parameters.len()));
    for (number, value) in parameters {
        line(&mut text, format_args!("{number} {value}"));
    }
    line(&mut text, format_args!("textures {}", textures.len()));
    for (place, id) in textures {
        line(&mut text, format_args!("{place} {id}"));
    }
    text
}

/// How a wearable looks.
struct Look {
    /// Visual parameters by number.
    parameters: &'static [(u16, f32)],
    /// Textures by the number of the avatar's face.
    textures: &'static [(u8, Uuid)],
}

const fn look(kind: WearableType) -> Look {
    match kind {
        WearableType::Shape => Look { parameters: SHAPE, textures: &[] },
        WearableType::Skin => Look {
            parameters: &[(108, 0.0), (110, 0.0), (111, 0.5), (116, 0.0), (117, 0.2), (150, 0.3)],
            textures: &[(0, built_in::AVATAR), (5, built_in::AVATAR), (6, built_in::AVATAR)],
        },
        WearableType::Hair => Look {
            parameters: &[(112, 0.0), (113, 0.1), (114, 0.4), (115, 0.0), (119, 0.5), (134, 0.5)],
            textures: &[(4, built_in::HAIR)],
        },
        WearableType::Eyes => {
            Look { parameters: &[(98, 0.3), (99, 0.0)], textures: &[(3, built_in::EYES)] }
        }
        WearableType::Shirt => Look { parameters: SHIRT, textures: &[(1, built_in::WHITE)] },
        WearableType::Pants => Look { parameters: PANTS, textures: &[(2, built_in::WHITE)] },
    }
}

/// Sleeves, hem, collars, then the colour: a plain blue.
const SHIRT: &[(u16, f32)] =
    &[(800, 0.7), (801, 0.8), (802, 0.78), (781, 0.78), (803, 0.35), (804, 0.45), (805, 0.65)];

/// Length, waist, then the colour: a dark grey.
const PANTS: &[(u16, f32)] = &[(815, 0.85), (814, 0.9), (806, 0.25), (807, 0.25), (808, 0.3)];

/// A viewer's own value for many of these is the smallest possible, which makes a dwarf.
const SHAPE: &[(u16, f32)] = &[
    // Height, thickness, shoulders, hips, torso.
    (33, 0.2),
    (34, 0.0),
    (36, 0.1),
    (37, -0.6),
    (38, 0.0),
    // Female.
    (80, 0.0),
    // Feet, hands, head, neck, legs, arms.
    (515, 0.0),
    (675, 0.0),
    (682, 0.5),
    (683, -0.1),
    (692, 0.1),
    (693, 0.6),
];

fn notecard(text: &str) -> String {
    let length = text.len();
    format!(
        "Linden text version 2\n{{\nLLEmbeddedItems version 1\n{{\ncount 0\n}}\n\
         Text length {length}\n{text}}}\n"
    )
}

fn landmark(region: RegionId) -> String {
    format!("Landmark version 2\nregion_id {region}\nlocal_pos 128 128 25\n")
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{content}");
}

const NEW_SCRIPT: &[u8] =
    b"default\n{\n    state_entry()\n    {\n        llOwnerSay(\"Ready.\");\n    }\n}\n";

const WELCOME: &str = "Welcome to Holm.\n\nThis is a grid for trying things out. Whatever you do \
                       here, nobody minds.\n";
