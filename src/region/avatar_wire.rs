//! Encodes an avatar for `ObjectUpdate`, `ImprovedTerseObjectUpdate` and `AvatarAppearance`.
//!
//! All numbers in the blobs are little-endian. Nothing here decides when something is sent.

use bytes::{BufMut, Bytes, BytesMut};
use uuid::{Uuid, uuid};

use super::avatar::Shown;
use crate::ids::{AgentId, LocalId, RegionHandle};
use crate::message::{
    self, Encoded, ImprovedTerseObjectUpdate, Message, ObjectUpdate, ObjectUpdateObjectData,
    ObjectUpdateRegionData, Quaternion, Vector3,
};

/// `RegionData.TimeDilation` of a region that keeps up.
pub const FULL_SPEED: u16 = u16::MAX;

/// `ObjectUpdate.ObjectData.PCode` of an avatar.
pub const PCODE_AVATAR: u8 = 47;

/// Who an avatar is, for [`full_update`].
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Agent, shown as `FullID`.
    pub agent: AgentId,
    /// Number in the region.
    pub local_id: LocalId,
    /// First name.
    pub first: &'a str,
    /// Last name.
    pub last: &'a str,
    /// Group title; may be empty.
    pub title: &'a str,
    /// Width, depth and height in metres.
    pub size: Vector3,
}

/// The `ObjectUpdate` of one avatar. One object per message, because some clients read no more.
pub fn full_update(handle: RegionHandle, who: Identity<'_>, shown: &Shown) -> ObjectUpdate {
    let data = ObjectUpdateObjectData {
        id: who.local_id.0,
        full_id: who.agent.0,
        p_code: PCODE_AVATAR,
        material: MATERIAL_FLESH,
        scale: who.size,
        object_data: motion_blob(shown),
        path_curve: PATH_LINE,
        profile_curve: PROFILE_SQUARE,
        path_scale_x: 100,
        path_scale_y: 100,
        name_value: name_value(who.first, who.last, who.title),
        ..ObjectUpdateObjectData::default()
    };
    ObjectUpdate {
        region_data: ObjectUpdateRegionData { region_handle: handle.0, time_dilation: FULL_SPEED },
        object_data: vec![data],
    }
}

/// One avatar in `ImprovedTerseObjectUpdate.ObjectData` as it travels: `Data` of 60 bytes behind its
/// length, and no `TextureEntry`.
pub type TerseEntry = [u8; 63];

/// An avatar as an entry of [`terse_update`].
pub fn terse_entry(local_id: LocalId, shown: &Shown) -> TerseEntry {
    let mut entry = [0; 63];
    let mut out = &mut entry[..];
    out.put_u8(60);
    out.put_u32_le(local_id.0);
    out.put_u8(0);
    out.put_u8(1);
    put_no_plane(&mut out);
    put_vector(&mut out, shown.position);
    put_packed(&mut out, shown.velocity, VELOCITY_RANGE);
    put_packed(&mut out, shown.acceleration, ACCELERATION_RANGE);
    let Quaternion { x, y, z, w } = shown.rotation;
    for part in [x, y, z, w] {
        out.put_u16_le(pack(part, 1.0));
    }
    put_packed(&mut out, super::math::ZERO, ACCELERATION_RANGE);
    entry
}

/// `ImprovedTerseObjectUpdate` of at most `most` avatars, up to 255. It is put together from
/// entries that all viewers share, because in a crowd nothing is sent more often.
pub fn terse_update<'a>(
    handle: RegionHandle,
    entries: impl Iterator<Item = &'a TerseEntry>,
    most: u8,
) -> Encoded {
    let id = ImprovedTerseObjectUpdate::ID;
    let most = usize::from(most);
    let mut body = Vec::with_capacity(id.wire_len() + 11 + most * size_of::<TerseEntry>());
    id.write(&mut body);
    body.put_u64_le(handle.0);
    body.put_u16_le(FULL_SPEED);
    let count_at = body.len();
    body.put_u8(0);
    for entry in entries.take(most) {
        body.put_slice(entry);
        body[count_at] += 1;
    }
    Encoded { id, body: body.into(), zerocoded: false }
}

/// The 76 bytes of `ObjectUpdate.ObjectData.ObjectData` of an avatar.
fn motion_blob(shown: &Shown) -> Bytes {
    let mut out = BytesMut::with_capacity(76);
    put_no_plane(&mut out);
    put_vector(&mut out, shown.position);
    put_vector(&mut out, shown.velocity);
    put_vector(&mut out, shown.acceleration);
    // W follows from the other three, which only works if it is not negative.
    let sign = if shown.rotation.w < 0.0 { -1.0 } else { 1.0 };
    let Quaternion { x, y, z, .. } = shown.rotation;
    put_vector(&mut out, super::math::scaled(Vector3 { x, y, z }, sign));
    put_vector(&mut out, super::math::ZERO);
    out.freeze()
}

/// The plane (0, 0, 0, 1) says that there is none; all zeros make avatars odd.
fn put_no_plane(out: &mut impl BufMut) {
    for part in [0.0, 0.0, 0.0, 1.0] {
        out.put_f32_le(part);
    }
}

fn put_vector(out: &mut impl BufMut, v: Vector3) {
    for part in [v.x, v.y, v.z] {
        out.put_f32_le(part);
    }
}

fn put_packed(out: &mut impl BufMut, v: Vector3, range: f32) {
    for part in [v.x, v.y, v.z] {
        out.put_u16_le(pack(part, range));
    }
}

/// A number within ±`range` as 16 bits.
pub fn pack(value: f32, range: f32) -> u16 {
    ((value.clamp(-range, range) + range) / (2.0 * range) * 65535.0) as u16
}

fn name_value(first: &str, last: &str, title: &str) -> Bytes {
    let clean = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).collect() };
    let text = format!(
        "FirstName STRING RW SV {}\nLastName STRING RW SV {}\nTitle STRING RW SV {}",
        clean(first),
        clean(last),
        clean(title),
    );
    message::variable2(&text)
}

/// The texture entry of an avatar that has no baked textures: the viewers' stand-in on all faces.
pub fn default_texture_entry() -> Bytes {
    plain_texture_entry(DEFAULT_AVATAR_TEXTURE)
}

/// A texture entry with one texture on all faces, and nothing special about any.
pub fn plain_texture_entry(texture: Uuid) -> Bytes {
    let mut out = BytesMut::with_capacity(80);
    // Each field is its default value and a zero byte: no face differs. The last has no end mark.
    out.put_slice(texture.as_bytes());
    out.put_u8(0);
    out.put_slice(&[0; 4]); // Colour, inverted: opaque white.
    out.put_u8(0);
    for _ in 0..2 {
        out.put_f32_le(1.0); // Repeats.
        out.put_u8(0);
    }
    for _ in 0..3 {
        out.put_i16_le(0); // Offsets, rotation.
        out.put_u8(0);
    }
    for _ in 0..3 {
        out.put_u8(0); // Material, media, glow.
        out.put_u8(0);
    }
    out.put_slice(Uuid::nil().as_bytes()); // Material id.
    out.freeze()
}

const VELOCITY_RANGE: f32 = 128.0;
const ACCELERATION_RANGE: f32 = 64.0;
const MATERIAL_FLESH: u8 = 4;
const PATH_LINE: u8 = 16;
const PROFILE_SQUARE: u8 = 1;
const DEFAULT_AVATAR_TEXTURE: Uuid = uuid!("c228d1cf-4b5d-4ba8-84f4-899a0796aa97");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::math::{IDENTITY, ZERO, vector};
    use crate::time::Timestamp;

    fn shown() -> Shown {
        Shown {
            position: vector(128.5, 64.25, 21.95),
            velocity: vector(3.2, 0.0, -128.0),
            acceleration: ZERO,
            rotation: IDENTITY,
            at: Timestamp::ZERO,
        }
    }

    #[test]
    fn terse_updates_read_back() {
        let entries = [1, 2, 3].map(|id| terse_entry(LocalId(id), &shown()));
        let update = terse_update(RegionHandle(0x0102_0304_0506_0708), entries.iter(), 9);
        let typed: ImprovedTerseObjectUpdate = message::decode(&update.body.slice(1..)).unwrap();
        assert_eq!(typed.region_data.region_handle, 0x0102_0304_0506_0708);
        assert_eq!(typed.region_data.time_dilation, 65535);
        let ids: Vec<u8> = typed.object_data.iter().map(|entry| entry.data[0]).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(message::encode(&typed).unwrap(), update, "as the codec writes it");

        let most = terse_update(RegionHandle(1), entries.iter().cycle(), 255);
        let typed: ImprovedTerseObjectUpdate = message::decode(&most.body.slice(1..)).unwrap();
        assert_eq!(typed.object_data.len(), 255);
    }

    #[test]
    fn terse_data_by_offset() {
        let entry = terse_entry(LocalId(0x0102_0304), &shown());
        assert_eq!((entry[0], &entry[61..]), (60, &[0, 0][..]));
        let blob = &entry[1..61];
        assert_eq!(blob[..6], [4, 3, 2, 1, 0, 1]);
        assert_eq!(blob[6..22], [[0; 4], [0; 4], [0; 4], 1.0_f32.to_le_bytes()].concat()[..]);
        assert_eq!(blob[22..26], 128.5_f32.to_le_bytes());
        let velocity = |at: usize| u16::from_le_bytes([blob[at], blob[at + 1]]);
        let meters = f32::from(velocity(34)) / 65535.0 * 256.0 - 128.0;
        assert!((meters - 3.2).abs() < 0.004, "{meters}");
        assert_eq!((velocity(36), velocity(38)), (32767, 0));
        assert_eq!((velocity(46), velocity(52)), (32767, 65535), "rotation X and W");
    }

    #[test]
    fn full_update_by_field() {
        let who = Identity {
            agent: AgentId(Uuid::from_u128(5)),
            local_id: LocalId(7),
            first: "Ann\nHacked STRING",
            last: "Tester",
            title: "",
            size: vector(0.45, 0.6, 1.9),
        };
        let turned = Quaternion { x: 0.0, y: 0.0, z: 0.6, w: -0.8 };
        let update = full_update(RegionHandle(9), who, &Shown { rotation: turned, ..shown() });
        let data = &update.object_data[0];
        assert_eq!((data.id, data.p_code, data.full_id), (7, 47, Uuid::from_u128(5)));
        assert_eq!(data.object_data.len(), 76);
        assert_eq!(data.object_data[60..64], (-0.6_f32).to_le_bytes());
        let names = message::text(&data.name_value);
        assert_eq!(names.lines().count(), 3, "{names}");
        assert!(
            names.starts_with("FirstName STRING RW SV AnnHacked STRING\nLastName STRING RW SV")
        );
        assert_eq!(data.text_color, [0; 4]);
    }

    #[test]
    fn packing_clamps() {
        assert_eq!((pack(-1e9, 64.0), pack(1e9, 64.0), pack(f32::NAN, 64.0)), (0, 65535, 0));
    }
}
