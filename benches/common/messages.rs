//! The messages that a busy region reads and writes most, with the contents of everyday.

use bytes::{BufMut, Bytes, BytesMut};
use holm::message::{
    AgentUpdate, AgentUpdateAgentData, AvatarAnimation, AvatarAnimationAnimationList,
    AvatarAnimationAnimationSourceList, AvatarAnimationSender, ChatFromSimulator,
    ChatFromSimulatorChatData, ChatFromViewer, ChatFromViewerAgentData, ChatFromViewerChatData,
    CompletePingCheck, CompletePingCheckPingID, ImprovedInstantMessage,
    ImprovedInstantMessageAgentData, ImprovedInstantMessageMessageBlock, ImprovedTerseObjectUpdate,
    ImprovedTerseObjectUpdateObjectData, ImprovedTerseObjectUpdateRegionData, ObjectUpdate,
    ObjectUpdateObjectData, ObjectUpdateRegionData, PacketAck, PacketAckPackets, Quaternion,
    StartPingCheck, StartPingCheckPingID, Vector3, variable1, variable2,
};
use uuid::Uuid;

/// A line as people write them.
const LINE: &str = "Has anyone seen where the new landing point is? I keep ending up in the lake.";
const HANDLE: u64 = 0x0003_E800_0003_E800;

/// Ids without zero bytes, like real ones.
fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x8f6d_41a7_93c2_4e5b_b1d8_7a2c_6e4f_9035 ^ (number << 8))
}

/// Walking with the camera behind the avatar.
pub fn agent_update() -> AgentUpdate {
    AgentUpdate {
        agent_data: AgentUpdateAgentData {
            agent_id: id(1),
            session_id: id(2),
            body_rotation: Quaternion::from_wire(0.0, 0.0, 0.382_683),
            head_rotation: Quaternion::from_wire(0.0, 0.05, 0.38),
            state: 0,
            camera_center: Vector3::new(128.7, 96.2, 25.1),
            camera_at_axis: Vector3::new(0.7, 0.7, -0.14),
            camera_left_axis: Vector3::new(-0.7, 0.7, 0.0),
            camera_up_axis: Vector3::new(0.1, 0.1, 0.99),
            far: 128.0,
            control_flags: 0x0401,
            flags: 0,
        },
    }
}

/// Sixteen avatars that walk.
pub fn terse_update() -> ImprovedTerseObjectUpdate {
    let entry = |number: u32| ImprovedTerseObjectUpdateObjectData {
        data: terse_blob(number),
        texture_entry: Bytes::new(),
    };
    ImprovedTerseObjectUpdate {
        region_data: ImprovedTerseObjectUpdateRegionData {
            region_handle: HANDLE,
            time_dilation: u16::MAX,
        },
        object_data: (1..=16).map(entry).collect(),
    }
}

/// The 60 bytes of one avatar.
fn terse_blob(number: u32) -> Bytes {
    let mut out = BytesMut::with_capacity(60);
    out.put_u32_le(number);
    out.put_slice(&[0, 1]);
    for part in [0.0, 0.0, 0.0, 1.0, 100.5 + number as f32, 87.25, 21.9] {
        out.put_f32_le(part);
    }
    for part in 0..13 {
        out.put_u16_le(0x7FFF - part);
    }
    out.freeze()
}

/// What a viewer says.
pub fn chat_from_viewer() -> ChatFromViewer {
    ChatFromViewer {
        agent_data: ChatFromViewerAgentData { agent_id: id(1), session_id: id(2) },
        chat_data: ChatFromViewerChatData { message: variable2(LINE), type_: 1, channel: 0 },
    }
}

/// What the others hear.
pub fn chat_from_simulator() -> ChatFromSimulator {
    ChatFromSimulator {
        chat_data: ChatFromSimulatorChatData {
            from_name: variable1("Ann Tester"),
            source_id: id(1),
            owner_id: id(1),
            source_type: 1,
            chat_type: 1,
            audible: 1,
            position: Vector3::new(128.7, 96.2, 21.9),
            message: variable2(LINE),
        },
    }
}

/// A message from one agent to another.
pub fn instant_message() -> ImprovedInstantMessage {
    ImprovedInstantMessage {
        agent_data: ImprovedInstantMessageAgentData { agent_id: id(1), session_id: id(2) },
        message_block: ImprovedInstantMessageMessageBlock {
            to_agent_id: id(3),
            position: Vector3::new(128.7, 96.2, 21.9),
            id: id(4),
            from_agent_name: variable1("Ann Tester"),
            message: variable2(LINE),
            ..ImprovedInstantMessageMessageBlock::default()
        },
        ..ImprovedInstantMessage::default()
    }
}

/// Acks for `count` packets in a row.
pub fn packet_ack(first: u32, count: u32) -> PacketAck {
    let packets = (first..first + count).map(|id| PacketAckPackets { id }).collect();
    PacketAck { packets }
}

/// A ping.
pub fn start_ping() -> StartPingCheck {
    StartPingCheck { ping_id: StartPingCheckPingID { ping_id: 77, oldest_unacked: 4711 } }
}

/// Its answer.
pub fn complete_ping() -> CompletePingCheck {
    CompletePingCheck { ping_id: CompletePingCheckPingID { ping_id: 77 } }
}

/// One avatar in full.
pub fn object_update() -> ObjectUpdate {
    let mut motion = BytesMut::with_capacity(76);
    for part in [0.0, 0.0, 0.0, 1.0, 128.7, 96.2, 21.9, 2.2, 2.2, 0.0] {
        motion.put_f32_le(part);
    }
    for part in [0.0, 0.0, 0.0, 0.0, 0.0, 0.38, 0.0, 0.0, 0.0] {
        motion.put_f32_le(part);
    }
    let name =
        "FirstName STRING RW SV Ann\nLastName STRING RW SV Tester\nTitle STRING RW SV Builder";
    let data = ObjectUpdateObjectData {
        id: 4711,
        full_id: id(1),
        p_code: 47,
        material: 4,
        scale: Vector3::new(0.45, 0.6, 1.9),
        object_data: motion.freeze(),
        path_curve: 16,
        profile_curve: 1,
        path_scale_x: 100,
        path_scale_y: 100,
        name_value: variable2(name),
        ..ObjectUpdateObjectData::default()
    };
    ObjectUpdate {
        region_data: ObjectUpdateRegionData { region_handle: HANDLE, time_dilation: u16::MAX },
        object_data: vec![data],
    }
}

/// Standing, with a gesture.
pub fn avatar_animation() -> AvatarAnimation {
    AvatarAnimation {
        sender: AvatarAnimationSender { id: id(1) },
        animation_list: (1..=2)
            .map(|number| AvatarAnimationAnimationList {
                anim_id: id(number),
                anim_sequence_id: number as i32,
            })
            .collect(),
        animation_source_list: (1..=2)
            .map(|_| AvatarAnimationAnimationSourceList { object_id: id(1) })
            .collect(),
        physical_avatar_event_list: Vec::new(),
    }
}
