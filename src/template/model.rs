//! The contents of a message template, independent of any programming language.

use std::fmt;

/// A whole template, messages in file order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The word behind `version`; older templates have no such line.
    pub version: Option<String>,
    /// The messages.
    pub messages: Vec<Message>,
}

/// One message's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its name.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// Which kind of number it has.
    pub frequency: Frequency,
    /// Its number within the frequency; for Fixed the whole 32-bit number.
    pub number: u32,
    /// Whether it is for trusted circuits only.
    pub trusted: bool,
    /// Whether senders may zero-code it.
    pub zerocoded: bool,
    /// The fifth word of the header.
    pub deprecation: Deprecation,
    /// Its blocks in wire order.
    pub blocks: Vec<Block>,
}

/// One block of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its name.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// How often it comes.
    pub quantity: Quantity,
    /// Its fields in wire order.
    pub fields: Vec<Field>,
}

/// One field of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// Its type.
    pub kind: FieldType,
}

/// How a message is numbered on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// One byte.
    High,
    /// Two bytes.
    Medium,
    /// Four bytes, the number in the last two.
    Low,
    /// Four bytes, all of them given by the template.
    Fixed,
}

/// Whether a message is on its way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deprecation {
    /// In use; also when the header has no such word.
    #[default]
    NotDeprecated,
    /// No longer to be used.
    Deprecated,
    /// Better sent by the event queue; still taken by UDP.
    UdpDeprecated,
    /// Dropped by viewers when it comes by UDP.
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

/// A field's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Nothing on the wire. In the language, but in no message.
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
    /// Three F32.
    Vector3,
    /// Three F64.
    Vector3d,
    /// Four F32.
    Vector4,
    /// The first three parts of a unit quaternion as F32.
    Quaternion,
    /// 16 bytes.
    Uuid,
    /// One byte, 0 or 1.
    Bool,
    /// An IPv4 address, 4 bytes.
    IpAddr,
    /// A port, 2 bytes, big-endian.
    IpPort,
    /// So many raw bytes.
    Fixed(u16),
    /// A length of so many bytes (1 or 2), then the data.
    Variable(u8),
    /// Three U16. In the language, but in no message.
    U16Vec3,
    /// Four U16. In the language, but in no message.
    U16Quat,
    /// S16 numbers behind a count byte. In the language, but in no message, and no source fixes
    /// its wire form.
    S16Array,
    /// The end mark of the type list, nothing on the wire. In the language, but in no message.
    Eol,
}

impl FieldType {
    /// The fewest bytes that such a field takes on the wire.
    pub const fn min_len(self) -> usize {
        match self {
            Self::Null | Self::Eol => 0,
            Self::U8 | Self::S8 | Self::Bool | Self::S16Array => 1,
            Self::U16 | Self::S16 | Self::IpPort => 2,
            Self::U32 | Self::S32 | Self::F32 | Self::IpAddr => 4,
            Self::U16Vec3 => 6,
            Self::U64 | Self::S64 | Self::F64 | Self::U16Quat => 8,
            Self::Vector3 | Self::Quaternion => 12,
            Self::Vector4 | Self::Uuid => 16,
            Self::Vector3d => 24,
            Self::Fixed(len) => len as usize,
            Self::Variable(width) => width as usize,
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
            Self::Fixed => "Fixed",
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single => f.write_str("Single"),
            Self::Multiple(count) => write!(f, "Multiple {count}"),
            Self::Variable => f.write_str("Variable"),
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::U8 => "U8",
            Self::U16 => "U16",
            Self::U32 => "U32",
            Self::U64 => "U64",
            Self::S8 => "S8",
            Self::S16 => "S16",
            Self::S32 => "S32",
            Self::S64 => "S64",
            Self::F32 => "F32",
            Self::F64 => "F64",
            Self::Vector3 => "LLVector3",
            Self::Vector3d => "LLVector3d",
            Self::Vector4 => "LLVector4",
            Self::Quaternion => "LLQuaternion",
            Self::Uuid => "LLUUID",
            Self::Bool => "BOOL",
            Self::IpAddr => "IPADDR",
            Self::IpPort => "IPPORT",
            Self::Fixed(len) => return write!(f, "Fixed {len}"),
            Self::Variable(width) => return write!(f, "Variable {width}"),
            Self::U16Vec3 => "U16Vec3",
            Self::U16Quat => "U16Quat",
            Self::S16Array => "S16Array",
            Self::Eol => "EOL",
        })
    }
}
