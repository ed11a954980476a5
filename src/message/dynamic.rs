//! Any message as a tree of values, using its description, for tools that treat all messages alike.
//!
//! It uses the same reader and writer as the typed structs, so both accept and produce the same
//! bytes.

use std::net::Ipv4Addr;

use bytes::Bytes;
use uuid::Uuid;

use super::codec::finish;
use super::encoded::Encoded;
use super::error::{DecodeError, EncodeError, EncodeProblem};
use super::info::{BlockInfo, FieldType, MessageInfo, Quantity};
use super::reader::Reader;
use super::value::{Quaternion, Vector3, Vector3d, Vector4};
use super::writer::Writer;

/// A message of any kind.
#[derive(Clone, Debug, PartialEq)]
pub struct DynamicMessage {
    /// What it is.
    pub info: &'static MessageInfo,
    /// Its blocks in the order of the description, each with its entries.
    pub blocks: Vec<Vec<Entry>>,
}

/// One entry of a block: its values in the order of the description.
pub type Entry = Vec<Value>;

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null and EOL.
    Null,
    /// U8.
    U8(u8),
    /// U16 and IPPORT.
    U16(u16),
    /// U32.
    U32(u32),
    /// U64.
    U64(u64),
    /// S8.
    S8(i8),
    /// S16.
    S16(i16),
    /// S32.
    S32(i32),
    /// S64.
    S64(i64),
    /// F32.
    F32(f32),
    /// F64.
    F64(f64),
    /// LLVector3.
    Vector3(Vector3),
    /// LLVector3d.
    Vector3d(Vector3d),
    /// LLVector4.
    Vector4(Vector4),
    /// LLQuaternion.
    Quaternion(Quaternion),
    /// LLUUID.
    Uuid(Uuid),
    /// BOOL.
    Bool(bool),
    /// IPADDR.
    IpAddr(Ipv4Addr),
    /// Fixed, Variable 1 and Variable 2.
    Bytes(Bytes),
    /// U16Vec3.
    U16Vec3([u16; 3]),
    /// U16Quat.
    U16Quat([u16; 4]),
    /// S16Array.
    S16Array(Vec<i16>),
}

impl DynamicMessage {
    /// The message with all values zero and no entries in Variable blocks.
    pub fn new(info: &'static MessageInfo) -> Self {
        let blocks = info.blocks.iter().map(|block| {
            let count = match block.quantity {
                Quantity::Single => 1,
                Quantity::Multiple(count) => usize::from(count),
                Quantity::Variable => 0,
            };
            vec![zero_entry(block); count]
        });
        Self { info, blocks: blocks.collect() }
    }

    /// Reads a message from `body`: the bytes behind the number, plain.
    ///
    /// # Errors
    /// When the packet ends within a counted block or within a Variable field's data.
    pub fn decode(info: &'static MessageInfo, body: &Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(info, body);
        let blocks = info.blocks.iter().map(|block| read_block(&mut reader, block));
        Ok(Self { info, blocks: blocks.collect::<Result<_, _>>()? })
    }

    /// Writes the message, zero-coded if the template says so and that is shorter.
    ///
    /// # Errors
    /// When a Variable field or a Variable block is too long for its prefix, and when the values
    /// are not those that the description demands.
    pub fn encode(&self) -> Result<Encoded, EncodeError> {
        let mut writer = Writer::new(self.info);
        check_len(&writer, self.info.blocks.len(), self.blocks.len())?;
        for (block, entries) in self.info.blocks.iter().zip(&self.blocks) {
            write_block(&mut writer, block, entries)?;
        }
        Ok(finish(self.info, writer))
    }

    /// The value of a field; `entry` is 0 for a Single block.
    pub fn value(&self, block: &str, entry: usize, field: &str) -> Option<&Value> {
        let block_at = self.info.blocks.iter().position(|info| info.name == block)?;
        let fields = self.info.blocks.get(block_at)?.fields;
        let field_at = fields.iter().position(|info| info.name == field)?;
        self.blocks.get(block_at)?.get(entry)?.get(field_at)
    }
}

/// An entry with all values zero.
pub(super) fn zero_entry(block: &BlockInfo) -> Entry {
    block.fields.iter().map(|field| Value::zero(field.kind)).collect()
}

impl Value {
    /// The value that a missing field of this type has.
    pub fn zero(kind: FieldType) -> Self {
        match kind {
            FieldType::Null | FieldType::Eol => Self::Null,
            FieldType::U8 => Self::U8(0),
            FieldType::U16 | FieldType::IpPort => Self::U16(0),
            FieldType::U32 => Self::U32(0),
            FieldType::U64 => Self::U64(0),
            FieldType::S8 => Self::S8(0),
            FieldType::S16 => Self::S16(0),
            FieldType::S32 => Self::S32(0),
            FieldType::S64 => Self::S64(0),
            FieldType::F32 => Self::F32(0.0),
            FieldType::F64 => Self::F64(0.0),
            FieldType::Vector3 => Self::Vector3(Vector3::default()),
            FieldType::Vector3d => Self::Vector3d(Vector3d::default()),
            FieldType::Vector4 => Self::Vector4(Vector4::default()),
            FieldType::Quaternion => Self::Quaternion(Quaternion::IDENTITY),
            FieldType::Uuid => Self::Uuid(Uuid::nil()),
            FieldType::Bool => Self::Bool(false),
            FieldType::IpAddr => Self::IpAddr(Ipv4Addr::UNSPECIFIED),
            FieldType::Fixed(len) => Self::Bytes(vec![0; usize::from(len)].into()),
            FieldType::Variable1 | FieldType::Variable2 => Self::Bytes(Bytes::new()),
            FieldType::U16Vec3 => Self::U16Vec3([0; 3]),
            FieldType::U16Quat => Self::U16Quat([0; 4]),
            FieldType::S16Array => Self::S16Array(Vec::new()),
        }
    }

    fn read(reader: &mut Reader<'_>, kind: FieldType) -> Result<Self, DecodeError> {
        Ok(match kind {
            FieldType::Null | FieldType::Eol => Self::Null,
            FieldType::U8 => Self::U8(reader.u8()?),
            FieldType::U16 => Self::U16(reader.u16()?),
            FieldType::U32 => Self::U32(reader.u32()?),
            FieldType::U64 => Self::U64(reader.u64()?),
            FieldType::S8 => Self::S8(reader.s8()?),
            FieldType::S16 => Self::S16(reader.s16()?),
            FieldType::S32 => Self::S32(reader.s32()?),
            FieldType::S64 => Self::S64(reader.s64()?),
            FieldType::F32 => Self::F32(reader.f32()?),
            FieldType::F64 => Self::F64(reader.f64()?),
            FieldType::Vector3 => Self::Vector3(reader.vector3()?),
            FieldType::Vector3d => Self::Vector3d(reader.vector3d()?),
            FieldType::Vector4 => Self::Vector4(reader.vector4()?),
            FieldType::Quaternion => Self::Quaternion(reader.quaternion()?),
            FieldType::Uuid => Self::Uuid(reader.uuid()?),
            FieldType::Bool => Self::Bool(reader.bool()?),
            FieldType::IpAddr => Self::IpAddr(reader.ip_addr()?),
            FieldType::IpPort => Self::U16(reader.ip_port()?),
            FieldType::Fixed(len) => Self::Bytes(reader.fixed_slice(usize::from(len))?),
            FieldType::Variable1 => Self::Bytes(reader.variable1()?),
            FieldType::Variable2 => Self::Bytes(reader.variable2()?),
            FieldType::U16Vec3 => Self::U16Vec3(reader.u16_vec3()?),
            FieldType::U16Quat => Self::U16Quat(reader.u16_quat()?),
            FieldType::S16Array => Self::S16Array(reader.s16_array()?),
        })
    }

    fn write(&self, writer: &mut Writer, kind: FieldType) -> Result<(), EncodeError> {
        match (kind, self) {
            (FieldType::Null | FieldType::Eol, Self::Null) => writer.null(),
            (FieldType::U8, &Self::U8(value)) => writer.u8(value),
            (FieldType::U16, &Self::U16(value)) => writer.u16(value),
            (FieldType::U32, &Self::U32(value)) => writer.u32(value),
            (FieldType::U64, &Self::U64(value)) => writer.u64(value),
            (FieldType::S8, &Self::S8(value)) => writer.s8(value),
            (FieldType::S16, &Self::S16(value)) => writer.s16(value),
            (FieldType::S32, &Self::S32(value)) => writer.s32(value),
            (FieldType::S64, &Self::S64(value)) => writer.s64(value),
            (FieldType::F32, &Self::F32(value)) => writer.f32(value),
            (FieldType::F64, &Self::F64(value)) => writer.f64(value),
            (FieldType::Vector3, &Self::Vector3(value)) => writer.vector3(value),
            (FieldType::Vector3d, &Self::Vector3d(value)) => writer.vector3d(value),
            (FieldType::Vector4, &Self::Vector4(value)) => writer.vector4(value),
            (FieldType::Quaternion, &Self::Quaternion(value)) => writer.quaternion(value),
            (FieldType::Uuid, &Self::Uuid(value)) => writer.uuid(value),
            (FieldType::Bool, &Self::Bool(value)) => writer.bool(value),
            (FieldType::IpAddr, &Self::IpAddr(value)) => writer.ip_addr(value),
            (FieldType::IpPort, &Self::U16(value)) => writer.ip_port(value),
            (FieldType::Fixed(len), Self::Bytes(value)) => {
                check_len(writer, usize::from(len), value.len())?;
                writer.fixed(value);
            }
            (FieldType::Variable1, Self::Bytes(value)) => writer.variable1(value)?,
            (FieldType::Variable2, Self::Bytes(value)) => writer.variable2(value)?,
            (FieldType::U16Vec3, &Self::U16Vec3(value)) => writer.u16_vec3(value),
            (FieldType::U16Quat, &Self::U16Quat(value)) => writer.u16_quat(value),
            (FieldType::S16Array, Self::S16Array(value)) => writer.s16_array(value)?,
            _ => return Err(writer.fail(EncodeProblem::WrongType { wanted: kind })),
        }
        Ok(())
    }
}

fn read_block(reader: &mut Reader<'_>, block: &BlockInfo) -> Result<Vec<Entry>, DecodeError> {
    let counted = block.quantity == Quantity::Variable;
    let count = match block.quantity {
        Quantity::Single => 1,
        Quantity::Multiple(count) => count,
        Quantity::Variable => reader.start_entries(block.min_len())?,
    };
    let mut entries = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let values = block.fields.iter().map(|field| Value::read(reader, field.kind));
        entries.push(values.collect::<Result<_, _>>()?);
    }
    if counted {
        reader.end_entries();
    }
    Ok(entries)
}

fn write_block(
    writer: &mut Writer,
    block: &BlockInfo,
    entries: &[Entry],
) -> Result<(), EncodeError> {
    match block.quantity {
        Quantity::Single => check_len(writer, 1, entries.len())?,
        Quantity::Multiple(count) => check_len(writer, usize::from(count), entries.len())?,
        Quantity::Variable => writer.count(entries.len())?,
    }
    for entry in entries {
        check_len(writer, block.fields.len(), entry.len())?;
        for (field, value) in block.fields.iter().zip(entry) {
            value.write(writer, field.kind)?;
        }
    }
    Ok(())
}

fn check_len(writer: &Writer, wanted: usize, found: usize) -> Result<(), EncodeError> {
    if wanted == found {
        return Ok(());
    }
    Err(writer.fail(EncodeProblem::WrongShape { wanted, found }))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{DynamicMessage, Value};
    use crate::message::{ChatFromViewer, Message, PacketAck, decode, encode, variable2};

    #[test]
    fn generic_and_typed_forms_agree() {
        let mut chat = DynamicMessage::new(ChatFromViewer::INFO);
        chat.blocks[1] = vec![vec![Value::Bytes(variable2("hi")), Value::U8(2), Value::S32(-1)]];
        let encoded = chat.encode().unwrap();
        let typed = ChatFromViewer {
            chat_data: crate::message::ChatFromViewerChatData {
                message: variable2("hi"),
                type_: 2,
                channel: -1,
            },
            ..Default::default()
        };
        assert_eq!(encoded, encode(&typed).unwrap());
        assert_eq!(chat.value("ChatData", 0, "Channel"), Some(&Value::S32(-1)));
        assert_eq!(chat.value("ChatData", 1, "Channel"), None);
    }

    #[test]
    fn values_of_the_wrong_kind_are_refused() {
        let mut acks = DynamicMessage::new(PacketAck::INFO);
        acks.blocks[0] = vec![vec![Value::U32(1)], vec![Value::U8(1)]];
        let error = acks.encode().unwrap_err();
        assert_eq!(error.to_string(), "PacketAck.Packets[1].ID: a value that is no U32");
        acks.blocks[0] = vec![vec![]];
        let error = acks.encode().unwrap_err();
        assert_eq!(error.to_string(), "PacketAck.Packets[0].ID: 0 values, where 1 belong");
        acks.blocks[0] = vec![vec![Value::U32(1)]; 256];
        let error = acks.encode().unwrap_err();
        assert_eq!(error.to_string(), "PacketAck.Packets: 256 entries, where at most 255 fit");
        acks.blocks.clear();
        assert!(acks.encode().is_err());
    }

    #[test]
    fn cuts_name_their_place() {
        let body = Bytes::from_static(&[2, 1, 0, 0, 0, 2, 0, 0]);
        let wanted = "PacketAck.Packets: 2 entries announced, 7 bytes left";
        assert_eq!(decode::<PacketAck>(&body).unwrap_err().to_string(), wanted);
        let error = DynamicMessage::decode(PacketAck::INFO, &body).unwrap_err();
        assert_eq!(error.to_string(), wanted);

        let mut body = vec![0; 32];
        body.extend_from_slice(&[5, 0, b'h']);
        let error = decode::<ChatFromViewer>(&body.into()).unwrap_err();
        assert_eq!(error.to_string(), "ChatFromViewer.ChatData.Message: 5 bytes announced, 1 left");
    }
}
