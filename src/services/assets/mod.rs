//! Assets: the few that are built in, by id.
//!
//! Clients do not finish a login without body parts, clothes and ground textures. An asset never
//! changes, so everything is prepared once and shared.

pub mod built_in;
mod texts;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::ids::RegionId;

use super::inventory::{AssetId, AssetType};

/// All assets there are; a cheap clone.
#[derive(Clone, Debug)]
pub struct Assets {
    by_id: Arc<HashMap<AssetId, Asset>>,
}

impl Assets {
    /// The built-in ones. The welcome landmark points at `welcome_region`.
    pub fn built_in(welcome_region: RegionId) -> Self {
        let all = built_in::textures().chain(texts::all(welcome_region));
        let by_id = all.map(|(id, kind, data)| {
            (AssetId(id), Asset { kind, content_type: content_type(kind), data })
        });
        Self { by_id: Arc::new(by_id.collect()) }
    }

    /// The asset with that id.
    pub fn get(&self, id: impl Into<AssetId>) -> Option<&Asset> {
        self.by_id.get(&id.into())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// An asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// What it is.
    pub kind: AssetType,
    /// `Content-Type` of its bytes over HTTP.
    pub content_type: &'static str,
    /// Its bytes.
    pub data: Bytes,
}

impl Asset {
    /// Whether it is a JPEG 2000 texture.
    pub fn is_texture(&self) -> bool {
        self.kind == AssetType::Texture
    }
}

/// The asset that a new item of that type has until its own is saved; null for types without.
pub const fn default_asset(kind: AssetType) -> AssetId {
    AssetId(match kind {
        AssetType::Notecard => built_in::EMPTY_NOTECARD,
        AssetType::Script => built_in::NEW_SCRIPT,
        _ => Uuid::nil(),
    })
}

/// `Content-Type` by kind, as OpenSim gives it.
const fn content_type(kind: AssetType) -> &'static str {
    match kind {
        AssetType::Texture => "image/x-j2c",
        AssetType::Sound => "audio/ogg",
        AssetType::SoundWav => "audio/x-wav",
        AssetType::TextureTga | AssetType::ImageTga => "image/tga",
        AssetType::ImageJpeg => "image/jpeg",
        AssetType::CallingCard => "application/vnd.ll.callingcard",
        AssetType::Landmark => "application/vnd.ll.landmark",
        AssetType::Clothing => "application/vnd.ll.clothing",
        AssetType::Object => "application/vnd.ll.primitive",
        AssetType::Notecard => "application/vnd.ll.notecard",
        AssetType::Script => "application/vnd.ll.lsltext",
        AssetType::ScriptBytecode => "application/vnd.ll.lslbyte",
        AssetType::BodyPart => "application/vnd.ll.bodypart",
        AssetType::Animation => "application/vnd.ll.animation",
        AssetType::Gesture => "application/vnd.ll.gesture",
        AssetType::Mesh => "application/vnd.ll.mesh",
        AssetType::Settings => "application/vnd.ll.settings",
        AssetType::Material => "application/vnd.ll.material",
        AssetType::Link | AssetType::FolderLink => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
