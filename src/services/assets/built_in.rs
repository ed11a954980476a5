//! The ids of built-in assets, and the built-in textures.
//!
//! Ids that are not Holm's own are those that viewers and clients of OpenSim know; viewers have
//! their own copies of most of these assets.

use bytes::Bytes;
use uuid::{Uuid, uuid};

use super::AssetType;

/// A white texture: the viewer's blank.
pub const WHITE: Uuid = uuid!("5748decc-f629-461c-9a36-a35a221fe21f");

/// The texture of a new object.
pub const PLYWOOD: Uuid = uuid!("89556747-24cb-43ed-920b-47caed15465f");

/// Dirt, grass, mountain, rock: the ground from low to high.
pub const TERRAIN: [Uuid; 4] = [
    uuid!("b8d3965a-ad78-bf43-699b-bff8eca6c975"),
    uuid!("abb783e6-3e93-26c0-248a-247666855da3"),
    uuid!("179cdabd-398a-9b6b-1391-4dc333ba321f"),
    uuid!("beb169c7-11ea-fff2-efe5-0f24dc881df2"),
];

/// Stands for "no texture" on avatars: viewers paint their own skin where it is named.
pub const AVATAR: Uuid = uuid!("c228d1cf-4b5d-4ba8-84f4-899a0796aa97");

/// The iris of default eyes.
pub const EYES: Uuid = uuid!("6522e74d-1660-4e7f-b601-6f48c1659a77");

/// The texture of default hair.
pub const HAIR: Uuid = uuid!("7ca39b4c-bd19-4699-aff7-f93fd03d3e7b");

/// The library's notecard.
pub const WELCOME_NOTECARD: Uuid = uuid!("484f4c4d-0000-4000-8000-000000000001");

/// The library's landmark.
pub const WELCOME_LANDMARK: Uuid = uuid!("484f4c4d-0000-4000-8000-000000000002");

/// A notecard without text: what a new notecard is until it is saved.
pub const EMPTY_NOTECARD: Uuid = uuid!("484f4c4d-0000-4000-8000-000000000003");

/// What a new script is until it is saved.
pub const NEW_SCRIPT: Uuid = uuid!("484f4c4d-0000-4000-8000-000000000004");

/// The textures, made by `textures/make.py`.
pub(super) fn textures() -> impl Iterator<Item = (Uuid, AssetType, Bytes)> {
    let [dirt, grass, mountain, rock] = TERRAIN;
    let files: [(Uuid, &'static [u8]); 9] = [
        (WHITE, include_bytes!("textures/white.j2c")),
        (PLYWOOD, include_bytes!("textures/plywood.j2c")),
        (dirt, include_bytes!("textures/terrain_dirt.j2c")),
        (grass, include_bytes!("textures/terrain_grass.j2c")),
        (mountain, include_bytes!("textures/terrain_mountain.j2c")),
        (rock, include_bytes!("textures/terrain_rock.j2c")),
        (AVATAR, include_bytes!("textures/avatar.j2c")),
        (EYES, include_bytes!("textures/eyes.j2c")),
        (HAIR, include_bytes!("textures/hair.j2c")),
    ];
    files.into_iter().map(|(id, data)| (id, AssetType::Texture, Bytes::from_static(data)))
}
