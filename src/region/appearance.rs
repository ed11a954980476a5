//! The appearance of an avatar: what its client has set, or a placeholder until then.
//!
//! It is stored and relayed; textures are not inspected.

use bytes::Bytes;

use super::avatar_wire::default_texture_entry;
use super::math::{ZERO, sane_vector, vector};
use crate::ids::AgentId;
use crate::message::{
    AgentSetAppearance, AvatarAppearance, AvatarAppearanceAppearanceData,
    AvatarAppearanceAppearanceHover, AvatarAppearanceObjectData, AvatarAppearanceSender,
    AvatarAppearanceVisualParam, Vector3,
};

/// The looks of one avatar.
#[derive(Clone, Debug)]
pub struct Appearance {
    texture_entry: Bytes,
    params: Bytes,
    /// Grows with every change: viewers ignore an own appearance that is not newer.
    version: i32,
    size: Vector3,
}

impl Appearance {
    /// The stand-in.
    pub fn new() -> Self {
        Self {
            texture_entry: default_texture_entry(),
            params: Bytes::from_static(&DEFAULT_PARAMS),
            version: 1,
            size: DEFAULT_SIZE,
        }
    }

    /// Takes what a client sets; false, and nothing changes, if it is too large to be relayed. An
    /// empty texture entry or a list of fewer than two parameters leaves what was there, because
    /// viewers ignore such messages.
    pub fn set(&mut self, message: &AgentSetAppearance) -> bool {
        let texture_entry = &message.object_data.texture_entry;
        if texture_entry.len() > MAX_TEXTURE_ENTRY {
            return false;
        }
        if !texture_entry.is_empty() {
            // A copy, so that the datagram it came in is not kept.
            self.texture_entry = Bytes::copy_from_slice(texture_entry);
        }
        if message.visual_param.len() > 1 {
            self.params = message.visual_param.iter().map(|param| param.param_value).collect();
        }
        let size = sane_vector(message.agent_data.size, 10.0);
        if size.x > 0.0 && size.y > 0.0 && size.z > 0.0 {
            let (x, y) = (size.x.clamp(0.1, 3.0), size.y.clamp(0.1, 3.0));
            self.size = vector(x, y, size.z.clamp(0.5, 5.0));
        }
        self.version = self.version.saturating_add(1);
        true
    }

    /// Width, depth and height in metres.
    pub fn size(&self) -> Vector3 {
        self.size
    }

    /// The message that tells it.
    pub fn message(&self, agent: AgentId) -> AvatarAppearance {
        let params = self.params.iter();
        AvatarAppearance {
            sender: AvatarAppearanceSender { id: agent.0, is_trial: false },
            object_data: AvatarAppearanceObjectData { texture_entry: self.texture_entry.clone() },
            visual_param: params
                .map(|&param_value| AvatarAppearanceVisualParam { param_value })
                .collect(),
            appearance_data: vec![AvatarAppearanceAppearanceData {
                appearance_version: BAKED_BY_CLIENTS,
                cof_version: self.version,
                flags: 0,
            }],
            appearance_hover: vec![AvatarAppearanceAppearanceHover { hover_height: ZERO }],
            attachment_block: Vec::new(),
        }
    }
}

impl Default for Appearance {
    fn default() -> Self {
        Self::new()
    }
}

/// `AppearanceVersion` of looks whose textures a client baked: viewers drop what claims to be baked by
/// a server and is not.
const BAKED_BY_CLIENTS: u8 = 0;

/// Size of an avatar whose client has told none, metres.
pub const DEFAULT_SIZE: Vector3 = vector(0.45, 0.6, 1.9);

/// Bytes of a texture entry that is relayed; the largest of real viewers are below 1000.
const MAX_TEXTURE_ENTRY: usize = 2048;

/// The default of each transmitted shape parameter in ascending order of their ids, scaled to its
/// range. The 218 that all viewers know; the later ones are optional.
#[rustfmt::skip]
const DEFAULT_PARAMS: [u8; 218] = [
    33, 62, 85, 23, 59, 128, 64, 85, 64, 42, 0, 85, 64, 36, 85, 96, 153, 64, 34, 0,
    64, 109, 89, 133, 64, 136, 81, 85, 104, 136, 128, 0, 203, 0, 0, 128, 0, 0, 128, 0,
    0, 128, 0, 0, 0, 128, 115, 128, 99, 64, 128, 140, 128, 128, 0, 0, 0, 191, 0, 104,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 145, 217, 134, 0, 128, 0, 128, 170, 0, 0, 128,
    128, 109, 85, 128, 128, 64, 85, 42, 100, 217, 214, 204, 204, 204, 51, 26, 89, 76, 204, 0,
    128, 0, 0, 144, 85, 128, 133, 128, 85, 0, 128, 128, 128, 128, 128, 128, 59, 128, 85, 128,
    128, 106, 48, 80, 128, 128, 204, 64, 0, 0, 0, 0, 128, 127, 0, 0, 0, 0, 128, 0,
    159, 0, 0, 178, 128, 36, 85, 132, 128, 128, 128, 153, 96, 0, 140, 75, 27, 128, 128, 0,
    214, 204, 199, 0, 0, 64, 30, 128, 227, 255, 199, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    204, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 0,
    128, 128, 255, 26, 100, 255, 255, 255, 255, 85, 0, 0, 0, 51, 133, 255, 255, 255,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{AgentSetAppearanceVisualParam, Vector3};

    #[test]
    fn versions_grow_and_hostile_sizes_are_tamed() {
        let mut appearance = Appearance::new();
        let first = appearance.message(AgentId::NIL);
        assert_eq!(first.visual_param.len(), 218);
        assert_eq!(first.appearance_data[0].appearance_version, 0);
        let mut message = AgentSetAppearance::default();
        message.agent_data.size = Vector3 { x: f32::NAN, y: 1e30, z: -1.0 };
        message.visual_param = vec![AgentSetAppearanceVisualParam { param_value: 9 }; 253];
        assert!(appearance.set(&message));
        assert_eq!(appearance.size(), DEFAULT_SIZE);
        let second = appearance.message(AgentId::NIL);
        assert!(second.appearance_data[0].cof_version > first.appearance_data[0].cof_version);
        assert_eq!(second.visual_param.len(), 253);
        assert_eq!(second.object_data, first.object_data);
    }

    #[test]
    fn appearance_that_cannot_be_relayed_is_refused() {
        let mut appearance = Appearance::new();
        let mut message = AgentSetAppearance::default();
        message.object_data.texture_entry = Bytes::from(vec![1; MAX_TEXTURE_ENTRY + 1]);
        assert!(!appearance.set(&message));
        assert_eq!(appearance.message(AgentId::NIL).appearance_data[0].cof_version, 1);
    }
}
