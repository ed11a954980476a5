//! Which template to decode by.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::message::{
    self, BlockInfo, Deprecation, FieldInfo, FieldType, MessageId, MessageInfo, Quantity,
};
use crate::template::{check, model, parse};

/// The messages to decode by.
#[derive(Debug)]
pub(super) enum Templates {
    /// Those of this build.
    BuiltIn,
    /// Those of a file.
    Loaded(HashMap<MessageId, &'static MessageInfo>),
}

impl Templates {
    /// Loads a file. The descriptions live as long as the process: one command loads one file.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        let text = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        // Comments of old templates are not always UTF-8.
        let text = String::from_utf8_lossy(&text);
        let template = parse::parse(&text)
            .and_then(|template| check::check(&template).map(|()| template))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let infos = template.messages.iter().map(|message| {
            let info: &'static MessageInfo = Box::leak(Box::new(message_info(message)));
            (info.id, info)
        });
        Ok(Self::Loaded(infos.collect()))
    }

    /// The message with this number.
    pub(super) fn info(&self, id: MessageId) -> Option<&'static MessageInfo> {
        match self {
            Self::BuiltIn => message::info(id),
            Self::Loaded(infos) => infos.get(&id).copied(),
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(std::io::Error::other(format!("longer than {LONGEST} bytes")));
    }
    Ok(text)
}

fn message_info(message: &model::Message) -> MessageInfo {
    // The checker has seen to it that numbers fit their frequency.
    let id = match message.frequency {
        model::Frequency::High => MessageId::high(message.number as u8),
        model::Frequency::Medium => MessageId::medium(message.number as u8),
        model::Frequency::Low => MessageId::low(message.number as u16),
        model::Frequency::Fixed => MessageId::fixed(message.number),
    };
    let deprecation = match message.deprecation {
        model::Deprecation::NotDeprecated => Deprecation::NotDeprecated,
        model::Deprecation::Deprecated => Deprecation::Deprecated,
        model::Deprecation::UdpDeprecated => Deprecation::UdpDeprecated,
        model::Deprecation::UdpBlackListed => Deprecation::UdpBlackListed,
    };
    let blocks: Vec<BlockInfo> = message.blocks.iter().map(block_info).collect();
    MessageInfo {
        name: message.name.clone().leak(),
        id,
        trusted: message.trusted,
        zerocoded: message.zerocoded,
        deprecation,
        blocks: blocks.leak(),
    }
}

fn block_info(block: &model::Block) -> BlockInfo {
    let quantity = match block.quantity {
        model::Quantity::Single => Quantity::Single,
        model::Quantity::Multiple(count) => Quantity::Multiple(count),
        model::Quantity::Variable => Quantity::Variable,
    };
    let fields = block
        .fields
        .iter()
        .map(|field| FieldInfo { name: field.name.clone().leak(), kind: field_type(field.kind) });
    let fields: Vec<FieldInfo> = fields.collect();
    BlockInfo { name: block.name.clone().leak(), quantity, fields: fields.leak() }
}

fn field_type(kind: model::FieldType) -> FieldType {
    use model::FieldType as Model;
    match kind {
        Model::Null => FieldType::Null,
        Model::U8 => FieldType::U8,
        Model::U16 => FieldType::U16,
        Model::U32 => FieldType::U32,
        Model::U64 => FieldType::U64,
        Model::S8 => FieldType::S8,
        Model::S16 => FieldType::S16,
        Model::S32 => FieldType::S32,
        Model::S64 => FieldType::S64,
        Model::F32 => FieldType::F32,
        Model::F64 => FieldType::F64,
        Model::Vector3 => FieldType::Vector3,
        Model::Vector3d => FieldType::Vector3d,
        Model::Vector4 => FieldType::Vector4,
        Model::Quaternion => FieldType::Quaternion,
        Model::Uuid => FieldType::Uuid,
        Model::Bool => FieldType::Bool,
        Model::IpAddr => FieldType::IpAddr,
        Model::IpPort => FieldType::IpPort,
        Model::Fixed(len) => FieldType::Fixed(len),
        Model::Variable(1) => FieldType::Variable1,
        Model::Variable(_) => FieldType::Variable2,
        Model::U16Vec3 => FieldType::U16Vec3,
        Model::U16Quat => FieldType::U16Quat,
        Model::S16Array => FieldType::S16Array,
        Model::Eol => FieldType::Eol,
    }
}

/// The longest template that is read, in bytes; the public ones have about 220,000.
const LONGEST: u64 = 16 << 20;
