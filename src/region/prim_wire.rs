//! Encodes a prim for `ObjectUpdate`, `ObjectProperties` and `ObjectPropertiesFamily`.
//!
//! Nothing here decides who is sent what, or when.

use bytes::{BufMut, Bytes, BytesMut};
use uuid::{Uuid, uuid};

use super::avatar_wire::{FULL_SPEED, plain_texture_entry};
use crate::ids::{LocalId, RegionHandle};
use crate::lsl::Owner;
use crate::message::{
    self, ObjectProperties, ObjectPropertiesFamily, ObjectPropertiesFamilyObjectData,
    ObjectPropertiesObjectData, ObjectUpdate, ObjectUpdateObjectData, ObjectUpdateRegionData,
    Vector3,
};
use crate::objects::{PrimView, Shape};

/// `ObjectUpdate.ObjectData.PCode` of a prim.
pub const PCODE_PRIM: u8 = 9;

/// `ObjectUpdate.ObjectData.UpdateFlags`: what the client's own agent may do with a prim, and what
/// the prim is. By the names and numbers of the viewers' object flags.
pub mod update_flags {
    /// May be changed.
    pub const MODIFY: u32 = 1 << 2;
    /// May be copied.
    pub const COPY: u32 = 1 << 3;
    /// Has an owner.
    pub const ANY_OWNER: u32 = 1 << 4;
    /// The agent owns it.
    pub const YOU_OWNER: u32 = 1 << 5;
    /// Holds a script.
    pub const SCRIPTED: u32 = 1 << 6;
    /// A script wants to know of touches.
    pub const HANDLE_TOUCH: u32 = 1 << 7;
    /// May be moved.
    pub const MOVE: u32 = 1 << 8;
    /// Holds nothing.
    pub const INVENTORY_EMPTY: u32 = 1 << 11;
    /// May be given away.
    pub const TRANSFER: u32 = 1 << 17;
    /// A group owns it.
    pub const GROUP_OWNED: u32 = 1 << 18;
    /// Its owner may change it.
    pub const OWNER_MODIFY: u32 = 1 << 28;

    /// What an owner is told of what it owns.
    pub const OF_OWNER: u32 = MODIFY | COPY | YOU_OWNER | MOVE | TRANSFER | OWNER_MODIFY;
}

/// The `ObjectUpdate` of one prim. One object per message, because some clients read no more.
///
/// `number` is the number of the prim's latest change, `parent` the root of its linkset or the
/// avatar that wears it, `owned` whether the client's agent owns it.
pub fn prim_update(
    handle: RegionHandle,
    prim: &PrimView,
    number: u64,
    parent: Option<LocalId>,
    owned: bool,
) -> ObjectUpdate {
    let (path_curve, profile_curve) = curves(prim.shape);
    let text = message::variable1(&prim.text);
    let mut data = ObjectUpdateObjectData {
        id: prim.local_id.0,
        full_id: prim.id.0,
        crc: number as u32,
        p_code: PCODE_PRIM,
        material: MATERIAL_WOOD,
        scale: prim.size,
        object_data: motion_blob(prim.position),
        parent_id: parent.map_or(0, |parent| parent.0),
        update_flags: flags(prim, owned),
        path_curve,
        profile_curve,
        path_scale_x: 100,
        path_scale_y: 100,
        texture_entry: plain_texture_entry(PLYWOOD),
        // One client reads the length of the text in two bytes, so without text the colour must
        // begin with 0.
        text_color: if text.is_empty() { [0; 4] } else { color(prim.text_color) },
        text,
        extra_params: Bytes::from_static(&[0]),
        ..ObjectUpdateObjectData::default()
    };
    if let Some((_, point)) = prim.worn {
        data.state = point.rotate_left(4);
        data.name_value = message::variable2(&format!("AttachItemID STRING RW SV {}", prim.root));
    }
    ObjectUpdate {
        region_data: ObjectUpdateRegionData { region_handle: handle.0, time_dilation: FULL_SPEED },
        object_data: vec![data],
    }
}

/// `ObjectProperties` of one prim. A client is told of one prim per message.
pub fn properties(prim: &PrimView) -> ObjectProperties {
    let (owner, group) = holders(&prim.owner);
    let data = ObjectPropertiesObjectData {
        object_id: prim.id.0,
        creator_id: owner,
        owner_id: owner,
        group_id: group,
        creation_date: prim.created,
        base_mask: ALL_PERMISSIONS,
        owner_mask: ALL_PERMISSIONS,
        next_owner_mask: NEXT_OWNER,
        inventory_serial: i16::from(prim.scripted),
        item_id: if prim.worn.is_some() { prim.root.0 } else { Uuid::nil() },
        last_owner_id: owner,
        name: message::variable1(&prim.name),
        description: message::variable_max(&prim.description, MAX_DESCRIPTION),
        ..ObjectPropertiesObjectData::default()
    };
    ObjectProperties { object_data: vec![data] }
}

/// `ObjectPropertiesFamily` of one prim; `request` is the request's `RequestFlags`, echoed.
pub fn properties_family(prim: &PrimView, request: u32) -> ObjectPropertiesFamily {
    let (owner, group) = holders(&prim.owner);
    ObjectPropertiesFamily {
        object_data: ObjectPropertiesFamilyObjectData {
            request_flags: request,
            object_id: prim.id.0,
            owner_id: owner,
            group_id: group,
            base_mask: ALL_PERMISSIONS,
            owner_mask: ALL_PERMISSIONS,
            next_owner_mask: NEXT_OWNER,
            last_owner_id: owner,
            name: message::variable1(&prim.name),
            description: message::variable_max(&prim.description, MAX_DESCRIPTION),
            ..ObjectPropertiesFamilyObjectData::default()
        },
    }
}

/// `OwnerID` and `GroupID`: what a group owns has no other owner.
fn holders(owner: &Owner) -> (Uuid, Uuid) {
    match owner {
        Owner::Agent { id, .. } => (id.0, Uuid::nil()),
        Owner::Group { id, .. } => (Uuid::nil(), id.0),
    }
}

/// `PathCurve` and `ProfileCurve`, as viewers make these shapes.
const fn curves(shape: Shape) -> (u8, u8) {
    match shape {
        Shape::Box => (PATH_LINE, PROFILE_SQUARE),
        Shape::Cylinder => (PATH_LINE, PROFILE_CIRCLE),
        Shape::Sphere => (PATH_CIRCLE, PROFILE_HALF_CIRCLE),
    }
}

fn flags(prim: &PrimView, owned: bool) -> u32 {
    let is_group = matches!(prim.owner, Owner::Group { .. });
    let of = |condition: bool, flags: u32| if condition { flags } else { 0 };
    update_flags::ANY_OWNER
        | of(owned, update_flags::OF_OWNER)
        | of(is_group, update_flags::GROUP_OWNED)
        | of(prim.touchable, update_flags::HANDLE_TOUCH)
        | if prim.scripted { update_flags::SCRIPTED } else { update_flags::INVENTORY_EMPTY }
}

/// The 60 bytes of `ObjectData.ObjectData` of a prim that rests: place, velocity, acceleration,
/// rotation without W, angular velocity.
fn motion_blob(position: Vector3) -> Bytes {
    let mut out = BytesMut::with_capacity(MOTION_LEN);
    for part in [position.x, position.y, position.z] {
        out.put_f32_le(part);
    }
    out.put_bytes(0, MOTION_LEN - 12);
    out.freeze()
}

/// `TextColor`: alpha is the wrong way round, 0 for opaque.
fn color([red, green, blue, alpha]: [f32; 4]) -> [u8; 4] {
    let byte = |part: f32| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
    [byte(red), byte(green), byte(blue), 255 - byte(alpha)]
}

const MOTION_LEN: usize = 60;
const MATERIAL_WOOD: u8 = 3;
const PATH_LINE: u8 = 16;
const PATH_CIRCLE: u8 = 32;
const PROFILE_CIRCLE: u8 = 0;
const PROFILE_SQUARE: u8 = 1;
const PROFILE_HALF_CIRCLE: u8 = 5;
/// The texture of a new prim; every viewer carries it with it.
const PLYWOOD: Uuid = uuid!("89556747-24cb-43ed-920b-47caed15465f");
const ALL_PERMISSIONS: u32 = 0x7FFF_FFFF;
/// Copy, change, move and give away.
const NEXT_OWNER: u32 = 0x0008_E000;
/// Bytes, without the zero at the end.
const MAX_DESCRIPTION: usize = 127;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::{AgentId, GroupId, PrimId};

    fn prim() -> PrimView {
        PrimView {
            id: PrimId(Uuid::from_u128(5)),
            local_id: LocalId(0x4000_0001),
            root: PrimId(Uuid::from_u128(4)),
            parent: Some(LocalId(0x4000_0000)),
            link: 2,
            name: "Box".into(),
            description: "x".repeat(200).into(),
            position: Vector3::new(1.0, 2.0, 3.0),
            size: Vector3::new(0.5, 0.25, 2.0),
            shape: Shape::Box,
            text: "".into(),
            text_color: [1.0, 0.5, 0.0, 1.0],
            owner: Owner::Agent {
                id: AgentId(Uuid::from_u128(9)),
                first: "Ann".into(),
                last: "Tester".into(),
            },
            worn: None,
            scripted: false,
            touchable: false,
            created: 1_700_000_000_000_000,
        }
    }

    fn block(prim: &PrimView, parent: Option<LocalId>, owned: bool) -> ObjectUpdateObjectData {
        prim_update(RegionHandle(7), prim, 1 << 32 | 3, parent, owned).object_data.remove(0)
    }

    #[test]
    fn a_plain_box_by_field() {
        let prim = prim();
        let data = block(&prim, prim.parent, false);
        assert_eq!((data.id, data.full_id), (0x4000_0001, Uuid::from_u128(5)));
        assert_eq!((data.p_code, data.material, data.crc, data.state), (9, 3, 3, 0));
        assert_eq!(data.parent_id, 0x4000_0000);
        assert_eq!(data.scale, prim.size);
        assert_eq!(data.object_data.len(), 60);
        assert_eq!(data.object_data[..4], 1.0_f32.to_le_bytes());
        assert_eq!(data.object_data[8..12], 3.0_f32.to_le_bytes());
        assert!(data.object_data[12..].iter().all(|byte| *byte == 0));
        assert_eq!((data.path_curve, data.profile_curve), (16, 1));
        assert_eq!((data.path_scale_x, data.path_scale_y), (100, 100));
        assert_eq!(data.texture_entry[..16], *PLYWOOD.as_bytes());
        assert_eq!(&data.extra_params[..], [0]);
        assert!(data.text.is_empty() && data.name_value.is_empty());
        assert_eq!(data.text_color, [0; 4], "a client would misread another colour");
        assert_eq!((data.owner_id, data.sound), (Uuid::nil(), Uuid::nil()));
    }

    #[test]
    fn shapes_are_those_of_viewers() {
        for (shape, path, profile) in
            [(Shape::Box, 16, 1), (Shape::Cylinder, 16, 0), (Shape::Sphere, 32, 5)]
        {
            let data = block(&PrimView { shape, ..prim() }, None, false);
            assert_eq!((data.path_curve, data.profile_curve), (path, profile), "{shape:?}");
            assert_eq!(data.parent_id, 0);
        }
    }

    #[test]
    fn hover_text_has_its_alpha_the_wrong_way_round() {
        let text: Arc<str> = "hello".into();
        let data = block(&PrimView { text, ..prim() }, None, false);
        assert_eq!(&data.text[..], b"hello\0");
        assert_eq!(data.text_color, [255, 128, 0, 0]);
        assert_eq!(color([f32::NAN, 2.0, -1.0, 0.0]), [0, 255, 0, 255]);
    }

    #[test]
    fn flags_say_what_one_may_do() {
        let plain = prim();
        assert_eq!(block(&plain, None, false).update_flags, 1 << 4 | 1 << 11);
        let owned = block(&plain, None, true).update_flags;
        assert_eq!(owned & update_flags::OF_OWNER, update_flags::OF_OWNER);
        assert_ne!(owned & 1 << 5, 0);
        let active = PrimView { scripted: true, touchable: true, ..plain };
        assert_eq!(block(&active, None, false).update_flags, 1 << 4 | 1 << 6 | 1 << 7);
        let group = GroupId(Uuid::from_u128(8));
        let owner = Owner::Group { id: group, name: "Makers".into() };
        let deeded = PrimView { owner, ..prim() };
        assert_ne!(block(&deeded, None, false).update_flags & 1 << 18, 0);
        let received = &properties(&deeded).object_data[0];
        assert_eq!((received.owner_id, received.group_id), (Uuid::nil(), group.0));
    }

    #[test]
    fn attachment_names_its_point_and_item() {
        let worn = Some((AgentId(Uuid::from_u128(9)), 0x26));
        let data = block(&PrimView { worn, ..prim() }, Some(LocalId(3)), true);
        assert_eq!((data.state, data.parent_id), (0x62, 3));
        let names = message::text(&data.name_value);
        assert_eq!(names, format!("AttachItemID STRING RW SV {}", Uuid::from_u128(4)));
    }

    #[test]
    fn properties_by_field() {
        let received = properties(&prim()).object_data.remove(0);
        let owner = Uuid::from_u128(9);
        assert_eq!((received.object_id, received.owner_id), (Uuid::from_u128(5), owner));
        assert_eq!((received.creator_id, received.last_owner_id), (owner, owner));
        assert!([received.group_id, received.item_id, received.folder_id].iter().all(Uuid::is_nil));
        assert_eq!(received.creation_date, 1_700_000_000_000_000);
        assert_eq!((received.base_mask, received.owner_mask), (0x7FFF_FFFF, 0x7FFF_FFFF));
        assert_eq!((received.group_mask, received.everyone_mask), (0, 0));
        assert_eq!(&received.name[..], b"Box\0");
        assert_eq!(received.description.len(), 128);
        assert!(received.texture_id.is_empty());
        let family = properties_family(&prim(), 6).object_data;
        assert_eq!((family.request_flags, family.object_id), (6, Uuid::from_u128(5)));
        assert_eq!((family.owner_id, &family.name[..]), (owner, &b"Box\0"[..]));
    }
}
