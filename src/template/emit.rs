//! Emits the Rust source of `holm::message::generated` from the model.
//!
//! The source only lists fields: structs, and for each field one call into the hand-written reader
//! and writer of `message::wire`. `docs/generated-code.md` shows the output.

use super::model::{Block, Deprecation, Field, FieldType, Frequency, Message, Quantity, Template};
use super::names::field_name;
use super::output::Output;

/// The source for a checked template. Messages come sorted by number, so that lookups can rely
/// on it.
pub fn emit(template: &Template) -> String {
    let mut messages: Vec<&Message> = template.messages.iter().collect();
    messages.sort_by_key(|message| key(message));
    let mut out = Output::default();
    for (index, message) in messages.iter().enumerate() {
        emit_message(&mut out, message, index);
    }
    emit_table(&mut out, &messages);
    emit_lookups(&mut out, &messages);
    emit_roundtrip(&mut out, &messages);
    out.into_text()
}

fn emit_message(out: &mut Output, message: &Message, index: usize) {
    let name = &message.name;
    out.line(format_args!("/// {name}: {}.", described(message)));
    let big = message.blocks.iter().any(|b| matches!(b.quantity, Quantity::Multiple(33..)));
    out.line(derives(!big));
    if message.blocks.is_empty() {
        out.line(format_args!("pub struct {name} {{}}"));
    } else {
        out.open(format_args!("pub struct {name} {{"));
        for block in &message.blocks {
            out.line(format_args!("/// {}: {}.", block.name, block.quantity));
            let of = format!("{name}{}", block.name);
            let kind = match block.quantity {
                Quantity::Single => of,
                Quantity::Multiple(count) => format!("[{of}; {count}]"),
                Quantity::Variable => format!("Vec<{of}>"),
            };
            out.line(format_args!("pub {}: {kind},", field_name(&block.name)));
        }
        out.close("}");
    }
    if big {
        let fields = message.blocks.iter().map(|block| match block.quantity {
            Quantity::Multiple(_) => (&block.name, "std::array::from_fn(|_| Default::default())"),
            _ => (&block.name, "Default::default()"),
        });
        emit_default(out, name, fields.map(|(name, value)| (name.as_str(), value.to_owned())));
    }
    out.open(format_args!("impl Message for {name} {{"));
    out.line(format_args!("const NAME: &'static str = \"{name}\";"));
    out.line(format_args!("const ID: MessageId = {};", id(message)));
    out.line(format_args!("const INFO: &'static MessageInfo = &MESSAGES[{index}];"));
    emit_message_codec(out, message);
    out.close("}");
    for block in &message.blocks {
        emit_block(out, message, block);
    }
    out.line("");
}

fn emit_message_codec(out: &mut Output, message: &Message) {
    if message.blocks.is_empty() {
        out.line("fn decode_body(_: &mut Reader<'_>) -> Result<Self, DecodeError> { Ok(Self {}) }");
        out.line("fn encode_body(&self, _: &mut Writer) -> Result<(), EncodeError> { Ok(()) }");
        return;
    }
    out.open("fn decode_body(r: &mut Reader<'_>) -> Result<Self, DecodeError> {");
    out.open("Ok(Self {");
    for block in &message.blocks {
        let call = match block.quantity {
            Quantity::Single => "block",
            Quantity::Multiple(_) => "multiple",
            Quantity::Variable => "variable",
        };
        out.line(format_args!("{}: r.{call}()?,", field_name(&block.name)));
    }
    out.close("})");
    out.close("}");
    out.open("fn encode_body(&self, w: &mut Writer) -> Result<(), EncodeError> {");
    for block in &message.blocks {
        let call = match block.quantity {
            Quantity::Single => "block",
            Quantity::Multiple(_) => "multiple",
            Quantity::Variable => "variable",
        };
        out.line(format_args!("w.{call}(&self.{})?;", field_name(&block.name)));
    }
    out.line("Ok(())");
    out.close("}");
}

fn emit_block(out: &mut Output, message: &Message, block: &Block) {
    let name = format!("{}{}", message.name, block.name);
    let by_hand = block
        .fields
        .iter()
        .any(|field| matches!(field.kind, FieldType::IpAddr | FieldType::Fixed(33..)));
    out.line(format_args!("/// {} of [`{}`].", block.name, message.name));
    out.line(derives(!by_hand));
    if block.fields.is_empty() {
        out.line(format_args!("pub struct {name} {{}}"));
        out.open(format_args!("impl Block for {name} {{"));
        out.line("const MIN_LEN: usize = 0;");
        out.line("fn read(_: &mut Reader<'_>) -> Result<Self, DecodeError> { Ok(Self {}) }");
        out.line("fn write(&self, _: &mut Writer) -> Result<(), EncodeError> { Ok(()) }");
        out.close("}");
        return;
    }
    out.open(format_args!("pub struct {name} {{"));
    for field in &block.fields {
        out.line(format_args!("/// {}: {}.", field.name, field.kind));
        out.line(format_args!("pub {}: {},", field_name(&field.name), rust_type(field.kind)));
    }
    out.close("}");
    if by_hand {
        let fields = block.fields.iter().map(|field| {
            let value = match field.kind {
                FieldType::IpAddr => "Ipv4Addr::UNSPECIFIED".to_owned(),
                FieldType::Fixed(len) => format!("[0; {len}]"),
                _ => "Default::default()".to_owned(),
            };
            (field.name.as_str(), value)
        });
        emit_default(out, &name, fields);
    }
    let min_len: usize = block.fields.iter().map(|field| field.kind.min_len()).sum();
    out.open(format_args!("impl Block for {name} {{"));
    out.line(format_args!("const MIN_LEN: usize = {min_len};"));
    let lens: Vec<String> = block.fields.iter().filter_map(data_len).collect();
    if !lens.is_empty() {
        out.line(format_args!(
            "fn wire_len(&self) -> usize {{ Self::MIN_LEN + {} }}",
            lens.join(" + ")
        ));
    }
    out.open("fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {");
    out.open("Ok(Self {");
    for field in &block.fields {
        out.line(format_args!("{}: r.{}()?,", field_name(&field.name), method(field.kind)));
    }
    out.close("})");
    out.close("}");
    out.open("fn write(&self, w: &mut Writer) -> Result<(), EncodeError> {");
    for field in &block.fields {
        out.line(write_call(field));
    }
    out.line("Ok(())");
    out.close("}");
    out.close("}");
}

fn emit_default<'t>(out: &mut Output, name: &str, fields: impl Iterator<Item = (&'t str, String)>) {
    out.open(format_args!("impl Default for {name} {{"));
    out.open("fn default() -> Self {");
    out.open("Self {");
    for (field, value) in fields {
        out.line(format_args!("{}: {value},", field_name(field)));
    }
    out.close("}");
    out.close("}");
    out.close("}");
}

fn emit_table(out: &mut Output, messages: &[&Message]) {
    out.line("/// Every message of the template, sorted by number.");
    out.open(format_args!("pub static MESSAGES: [MessageInfo; {}] = [", messages.len()));
    for message in messages {
        let deprecation = match message.deprecation {
            Deprecation::NotDeprecated => "NotDeprecated",
            Deprecation::Deprecated => "Deprecated",
            Deprecation::UdpDeprecated => "UdpDeprecated",
            Deprecation::UdpBlackListed => "UdpBlackListed",
        };
        out.open("MessageInfo {");
        out.line(format_args!("name: \"{}\", id: {},", message.name, id(message)));
        out.line(format_args!(
            "trusted: {}, zerocoded: {}, deprecation: Deprecation::{deprecation},",
            message.trusted, message.zerocoded
        ));
        out.open("blocks: &[");
        for block in &message.blocks {
            let quantity = match block.quantity {
                Quantity::Single => "Single".to_owned(),
                Quantity::Multiple(count) => format!("Multiple({count})"),
                Quantity::Variable => "Variable".to_owned(),
            };
            out.open(format_args!(
                "BlockInfo {{ name: \"{}\", quantity: Quantity::{quantity}, fields: &[",
                block.name
            ));
            for field in &block.fields {
                out.line(format_args!(
                    "FieldInfo {{ name: \"{}\", kind: FieldType::{} }},",
                    field.name,
                    type_variant(field.kind)
                ));
            }
            out.close("] },");
        }
        out.close("],");
        out.close("},");
    }
    out.close("];");
    out.line("");
}

/// Per frequency one array from number to index in `MESSAGES`, and the indexes by name.
fn emit_lookups(out: &mut Output, messages: &[&Message]) {
    let frequencies =
        [("HIGH", Frequency::High), ("MEDIUM", Frequency::Medium), ("LOW", Frequency::Low)];
    for (name, frequency) in frequencies {
        let of = || messages.iter().enumerate().filter(|(_, m)| m.frequency == frequency);
        let highest = of().map(|(_, message)| message.number).max().unwrap_or(0);
        let mut indexes = vec![u16::MAX; highest as usize + 1];
        for (index, message) in of() {
            indexes[message.number as usize] = index as u16;
        }
        emit_indexes(out, &format!("{name}_INDEXES"), &indexes);
    }
    let mut by_name: Vec<u16> = (0..messages.len() as u16).collect();
    by_name.sort_by_key(|&index| &messages[index as usize].name);
    emit_indexes(out, "NAME_INDEXES", &by_name);
    let first_fixed = messages.iter().take_while(|m| m.frequency != Frequency::Fixed).count();
    out.line(format_args!("static FIRST_FIXED: usize = {first_fixed};"));
    out.line("");
}

fn emit_indexes(out: &mut Output, name: &str, indexes: &[u16]) {
    out.open(format_args!("static {name}: [u16; {}] = [", indexes.len()));
    for row in indexes.chunks(16) {
        let row: Vec<String> = row.iter().map(ToString::to_string).collect();
        out.line(format_args!("{},", row.join(", ")));
    }
    out.close("];");
}

fn emit_roundtrip(out: &mut Output, messages: &[&Message]) {
    out.open("fn roundtrip_index(index: usize, body: &Bytes) -> Option<Roundtrip> {");
    out.open("Some(match index {");
    for (index, message) in messages.iter().enumerate() {
        out.line(format_args!("{index} => again::<{}>(body),", message.name));
    }
    out.line("_ => return None,");
    out.close("})");
    out.close("}");
}

fn derives(default: bool) -> &'static str {
    if default {
        "#[derive(Debug, Clone, PartialEq, Default)]"
    } else {
        "#[derive(Debug, Clone, PartialEq)]"
    }
}

/// The message's number as a table key, as `message::MessageId` has it.
fn key(message: &Message) -> u32 {
    match message.frequency {
        Frequency::High | Frequency::Fixed => message.number,
        Frequency::Medium => 0xFF00 | message.number,
        Frequency::Low => 0xFFFF_0000 | message.number,
    }
}

fn id(message: &Message) -> String {
    let number = message.number;
    match message.frequency {
        Frequency::High => format!("MessageId::high({number})"),
        Frequency::Medium => format!("MessageId::medium({number})"),
        Frequency::Low => format!("MessageId::low({number})"),
        Frequency::Fixed => format!("MessageId::fixed(0x{number:08X})"),
    }
}

fn described(message: &Message) -> String {
    let number = match message.frequency {
        Frequency::Fixed => format!("0x{:08X}", message.number),
        _ => message.number.to_string(),
    };
    let trust = if message.trusted { "Trusted" } else { "NotTrusted" };
    let encoding = if message.zerocoded { "Zerocoded" } else { "Unencoded" };
    let deprecation = match message.deprecation {
        Deprecation::NotDeprecated => "",
        Deprecation::Deprecated => ", Deprecated",
        Deprecation::UdpDeprecated => ", UDPDeprecated",
        Deprecation::UdpBlackListed => ", UDPBlackListed",
    };
    format!("{} {number}, {trust}, {encoding}{deprecation}", message.frequency)
}

fn rust_type(kind: FieldType) -> String {
    match kind {
        FieldType::Null | FieldType::Eol => "()",
        FieldType::U8 => "u8",
        FieldType::U16 | FieldType::IpPort => "u16",
        FieldType::U32 => "u32",
        FieldType::U64 => "u64",
        FieldType::S8 => "i8",
        FieldType::S16 => "i16",
        FieldType::S32 => "i32",
        FieldType::S64 => "i64",
        FieldType::F32 => "f32",
        FieldType::F64 => "f64",
        FieldType::Vector3 => "Vector3",
        FieldType::Vector3d => "Vector3d",
        FieldType::Vector4 => "Vector4",
        FieldType::Quaternion => "Quaternion",
        FieldType::Uuid => "Uuid",
        FieldType::Bool => "bool",
        FieldType::IpAddr => "Ipv4Addr",
        FieldType::Fixed(len) => return format!("[u8; {len}]"),
        FieldType::Variable(_) => "Bytes",
        FieldType::U16Vec3 => "[u16; 3]",
        FieldType::U16Quat => "[u16; 4]",
        FieldType::S16Array => "Vec<i16>",
    }
    .to_owned()
}

/// The name of the type's method on reader and writer.
fn method(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Null | FieldType::Eol => "null",
        FieldType::U8 => "u8",
        FieldType::U16 => "u16",
        FieldType::U32 => "u32",
        FieldType::U64 => "u64",
        FieldType::S8 => "s8",
        FieldType::S16 => "s16",
        FieldType::S32 => "s32",
        FieldType::S64 => "s64",
        FieldType::F32 => "f32",
        FieldType::F64 => "f64",
        FieldType::Vector3 => "vector3",
        FieldType::Vector3d => "vector3d",
        FieldType::Vector4 => "vector4",
        FieldType::Quaternion => "quaternion",
        FieldType::Uuid => "uuid",
        FieldType::Bool => "bool",
        FieldType::IpAddr => "ip_addr",
        FieldType::IpPort => "ip_port",
        FieldType::Fixed(_) => "fixed",
        FieldType::Variable(1) => "variable1",
        FieldType::Variable(_) => "variable2",
        FieldType::U16Vec3 => "u16_vec3",
        FieldType::U16Quat => "u16_quat",
        FieldType::S16Array => "s16_array",
    }
}

fn write_call(field: &Field) -> String {
    let name = field_name(&field.name);
    let call = method(field.kind);
    match field.kind {
        FieldType::Null | FieldType::Eol => "w.null();".to_owned(),
        FieldType::Variable(_) | FieldType::S16Array => format!("w.{call}(&self.{name})?;"),
        FieldType::Fixed(_) => format!("w.{call}(&self.{name});"),
        _ => format!("w.{call}(self.{name});"),
    }
}

/// The bytes of a field beyond its shortest form, where it has any.
fn data_len(field: &Field) -> Option<String> {
    let name = field_name(&field.name);
    match field.kind {
        FieldType::Variable(_) => Some(format!("self.{name}.len()")),
        FieldType::S16Array => Some(format!("self.{name}.len() * 2")),
        _ => None,
    }
}

fn type_variant(kind: FieldType) -> String {
    match kind {
        FieldType::Fixed(len) => format!("Fixed({len})"),
        FieldType::Variable(1) => "Variable1".to_owned(),
        FieldType::Variable(_) => "Variable2".to_owned(),
        other => format!("{other:?}"),
    }
}
