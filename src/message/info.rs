//! The description of a message, for tools that treat all messages alike.

use super::MessageId;

/// A message as the template describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageInfo {
    /// Its name.
    pub name: &'static str,
    /// Its number.
    pub id: MessageId,
    /// Whether it is for trusted circuits only: never taken from a viewer.
    pub trusted: bool,
    /// Whether senders may zero-code it.
    pub zerocoded: bool,
    /// Whether it is on its way out.
    pub deprecation: Deprecation,
    /// Its blocks in wire order.
    pub blocks: &'static [BlockInfo],
}

/// A block of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockInfo {
    /// Its name.
    pub name: &'static str,
    /// How often it comes.
    pub quantity: Quantity,
    /// Its fields in wire order.
    pub fields: &'static [FieldInfo],
}

/// A field of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldType,
}

/// Whether a message is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deprecation {
    /// In use.
    NotDeprecated,
    /// No longer to be used.
    Deprecated,
    /// Better sent by the event queue; still taken by UDP.
    UdpDeprecated,
    /// Dropped by viewers when it comes by UDP: it must go by the event queue.
    UdpBlackListed,
}

/// How many entries a block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// One.
    Single,
    /// Exactly so many, without a count on the wire.
    Multiple(u8),
    /// As many as a count byte says.
    Variable,
}

/// A field's type. Numbers are little-endian where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Nothing on the wire.
    Null,
    /// Unsigned, 1 byte.
    U8,
    /// Unsigned, 2 bytes.
    U16,
    /// Unsigned, 4 bytes.
    U32,
    /// Unsigned, 8 bytes.
    U64,
    /// Signed, 1 byte.
    S8,
    /// Signed, 2 bytes.
    S16,
    /// Signed, 4 bytes.
    S32,
    /// Signed, 8 bytes.
    S64,
    /// Float, 4 bytes.
    F32,
    /// Float, 8 bytes.
    F64,
    /// X, Y, Z as F32.
    Vector3,
    /// X, Y, Z as F64.
    Vector3d,
    /// X, Y, Z, W as F32.
    Vector4,
    /// X, Y, Z of a unit quaternion as F32.
    Quaternion,
    /// 16 bytes in textual order.
    Uuid,
    /// One byte; any but 0 is true.
    Bool,
    /// An IPv4 address in textual order.
    IpAddr,
    /// A port, big-endian.
    IpPort,
    /// So many raw bytes.
    Fixed(u16),
    /// Data behind a length of one byte.
    Variable1,
    /// Data behind a length of two bytes.
    Variable2,
    /// Three U16.
    U16Vec3,
    /// Four U16.
    U16Quat,
    /// S16 numbers behind a count byte.
    S16Array,
    /// Nothing on the wire.
    Eol,
}

impl BlockInfo {
    /// The fewest bytes that one entry takes on the wire.
    pub fn min_len(&self) -> usize {
        self.fields.iter().map(|field| field.kind.min_len()).sum()
    }
}

impl FieldType {
    /// The fewest bytes that such a field takes on the wire.
    pub const fn min_len(self) -> usize {
        match self {
            Self::Null | Self::Eol => 0,
            Self::U8 | Self::S8 | Self::Bool | Self::S16Array | Self::Variable1 => 1,
            Self::U16 | Self::S16 | Self::IpPort | Self::Variable2 => 2,
            Self::U32 | Self::S32 | Self::F32 | Self::IpAddr => 4,
            Self::U16Vec3 => 6,
            Self::U64 | Self::S64 | Self::F64 | Self::U16Quat => 8,
            Self::Vector3 | Self::Quaternion => 12,
            Self::Vector4 | Self::Uuid => 16,
            Self::Vector3d => 24,
            Self::Fixed(len) => len as usize,
        }
    }
}
