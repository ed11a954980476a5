//! Parses template text into the model.
//!
//! Both forms are read: the one with numbers in its headers, and the older one without, whose
//! messages are numbered in order within their frequency; either may have a `version` line.
//! [`super::check`] finds contradictions in grammatical templates.

use super::error::{Place, Problem, TemplateError};
use super::model::{Block, Deprecation, Field, FieldType, Frequency, Message, Quantity, Template};
use super::names::is_name;
use super::token::{Token, Tokens};

/// Reads a template.
///
/// # Errors
/// At the first word that the grammar does not allow, with its place and what was expected.
pub fn parse(text: &str) -> Result<Template, TemplateError> {
    let mut parser = Parser {
        tokens: Tokens::new(text).peekable(),
        place: Place { line: 1, ..Place::default() },
        last_line: text.lines().count().max(1),
        numbered: None,
        next_number: [1; 3],
    };
    // Templates of 2006 to May 2007 have a version and no numbers in their headers.
    let version = parser.version()?;
    let mut messages = Vec::new();
    while parser.peek().is_some() {
        messages.push(parser.message()?);
    }
    Ok(Template { version, messages })
}

struct Parser<'t> {
    tokens: std::iter::Peekable<Tokens<'t>>,
    place: Place,
    last_line: usize,
    /// Whether headers have numbers; the first one decides.
    numbered: Option<bool>,
    /// The next number of High, Medium and Low messages that have none of their own.
    next_number: [u32; 3],
}

impl<'t> Parser<'t> {
    fn version(&mut self) -> Result<Option<String>, TemplateError> {
        if self.peek() != Some("version") {
            return Ok(None);
        }
        self.next();
        let number = self.word("a version number")?;
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.expected("a version number", Some(number)));
        }
        Ok(Some(number.to_owned()))
    }

    fn message(&mut self) -> Result<Message, TemplateError> {
        self.place = Place { line: self.place.line, ..Place::default() };
        self.brace("{", "`{` before a message")?;
        let name = self.name("a message name")?;
        let line = self.place.line;
        self.place.message = Some(name.clone());
        let (frequency, number) = self.numbering()?;
        let trusted = match self.word("Trusted or NotTrusted")? {
            "Trusted" => true,
            "NotTrusted" => false,
            other => return Err(self.expected("Trusted or NotTrusted", Some(other))),
        };
        let zerocoded = match self.word("Zerocoded or Unencoded")? {
            "Zerocoded" => true,
            "Unencoded" => false,
            other => return Err(self.expected("Zerocoded or Unencoded", Some(other))),
        };
        let deprecation = self.deprecation()?;
        let mut blocks = Vec::new();
        while self.peek() == Some("{") {
            blocks.push(self.block()?);
        }
        self.place.block = None;
        self.brace("}", "`{` of a block or `}`")?;
        Ok(Message { name, line, frequency, number, trusted, zerocoded, deprecation, blocks })
    }

    fn numbering(&mut self) -> Result<(Frequency, u32), TemplateError> {
        const WANTED: &str = "High, Medium, Low or Fixed";
        let frequency = match self.word(WANTED)? {
            "High" => Frequency::High,
            "Medium" => Frequency::Medium,
            "Low" => Frequency::Low,
            "Fixed" => Frequency::Fixed,
            other => return Err(self.expected(WANTED, Some(other))),
        };
        let has_number = self.peek().is_some_and(|word| word.starts_with(is_digit));
        // Fixed numbers stand in both forms, so they do not tell which form it is.
        if frequency == Frequency::Fixed {
            return Ok((frequency, self.number("a message number", 0xFFFF_FFFA, u32::MAX)?));
        }
        if has_number != *self.numbered.get_or_insert(has_number) {
            self.next();
            return Err(self.error(Problem::Numbering));
        }
        // Low numbers end where the Fixed ones begin.
        let (slot, most) = match frequency {
            Frequency::High => (0, 254),
            Frequency::Medium => (1, 254),
            Frequency::Low | Frequency::Fixed => (2, 0xFFF9),
        };
        if has_number {
            // One old template gives a message the number Low 0.
            let least = u32::from(frequency != Frequency::Low);
            return Ok((frequency, self.number("a message number", least, most)?));
        }
        let number = self.next_number[slot];
        if number > most {
            return Err(self.error(Problem::Range {
                what: "a message number",
                least: 1,
                most,
                found: format!("message {number} of this frequency"),
            }));
        }
        self.next_number[slot] += 1;
        Ok((frequency, number))
    }

    fn deprecation(&mut self) -> Result<Deprecation, TemplateError> {
        const WANTED: &str =
            "NotDeprecated, Deprecated, UDPDeprecated, UDPBlackListed, `{` of a block or `}`";
        if matches!(self.peek(), Some("{" | "}")) {
            return Ok(Deprecation::NotDeprecated);
        }
        match self.word(WANTED)? {
            "NotDeprecated" => Ok(Deprecation::NotDeprecated),
            "Deprecated" => Ok(Deprecation::Deprecated),
            "UDPDeprecated" => Ok(Deprecation::UdpDeprecated),
            "UDPBlackListed" => Ok(Deprecation::UdpBlackListed),
            other => Err(self.expected(WANTED, Some(other))),
        }
    }

    fn block(&mut self) -> Result<Block, TemplateError> {
        self.place.block = None;
        self.brace("{", "`{` of a block")?;
        let name = self.name("a block name")?;
        let line = self.place.line;
        self.place.block = Some(name.clone());
        let quantity = match self.word("Single, Multiple or Variable")? {
            "Single" => Quantity::Single,
            "Multiple" => Quantity::Multiple(self.number("a count", 1, 255)? as u8),
            "Variable" => Quantity::Variable,
            other => return Err(self.expected("Single, Multiple or Variable", Some(other))),
        };
        let mut fields = Vec::new();
        while self.peek() == Some("{") {
            fields.push(self.field()?);
        }
        self.brace("}", "`{` of a field or `}`")?;
        Ok(Block { name, line, quantity, fields })
    }

    fn field(&mut self) -> Result<Field, TemplateError> {
        self.brace("{", "`{` of a field")?;
        let name = self.name("a field name")?;
        let line = self.place.line;
        self.place.field = Some(name.clone());
        let word = self.word("a type")?;
        let kind = match word {
            "Fixed" => FieldType::Fixed(self.number("a length in bytes", 1, MAX_FIXED)? as u16),
            "Variable" => FieldType::Variable(self.number("a prefix width", 1, 2)? as u8),
            _ => match TYPES.iter().find(|(name, _)| *name == word) {
                Some(&(_, kind)) => kind,
                None => return Err(self.expected("a type", Some(word))),
            },
        };
        self.brace("}", "`}` behind the type")?;
        self.place.field = None;
        Ok(Field { name, line, kind })
    }

    fn peek(&mut self) -> Option<&'t str> {
        self.tokens.peek().map(|token| token.text)
    }

    /// The next token; `place` moves to its line.
    fn next(&mut self) -> Option<&'t str> {
        let Some(Token { text, line }) = self.tokens.next() else {
            self.place.line = self.last_line;
            return None;
        };
        self.place.line = line;
        Some(text)
    }

    fn brace(&mut self, brace: &str, expected: &'static str) -> Result<(), TemplateError> {
        match self.next() {
            Some(found) if found == brace => Ok(()),
            other => Err(self.expected(expected, other)),
        }
    }

    fn word(&mut self, expected: &'static str) -> Result<&'t str, TemplateError> {
        match self.next() {
            Some(word) if word != "{" && word != "}" => Ok(word),
            other => Err(self.expected(expected, other)),
        }
    }

    fn name(&mut self, expected: &'static str) -> Result<String, TemplateError> {
        let word = self.word(expected)?;
        if is_name(word) { Ok(word.to_owned()) } else { Err(self.expected(expected, Some(word))) }
    }

    fn number(&mut self, what: &'static str, least: u32, most: u32) -> Result<u32, TemplateError> {
        let word = self.word(what)?;
        let parsed = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => {
                u32::from_str_radix(digits, 16).ok()
            }
            _ if word.starts_with(is_digit) => word.parse().ok(),
            _ => None,
        };
        match parsed {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(self.error(Problem::Range { what, least, most, found: shown(word) })),
        }
    }

    fn expected(&self, expected: &'static str, found: Option<&str>) -> TemplateError {
        let found = found.map_or_else(|| "the end of the file".to_owned(), shown);
        self.error(Problem::Expected { expected, found })
    }

    fn error(&self, problem: Problem) -> TemplateError {
        TemplateError { place: Box::new(self.place.clone()), problem }
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// A word for an error message, cut to a readable length.
fn shown(word: &str) -> String {
    const LONGEST: usize = 40;
    let mut text: String = word.chars().take(LONGEST).collect();
    if text.len() < word.len() {
        text.push('…');
    }
    format!("`{text}`")
}

/// The most bytes that a Fixed field may have: no datagram is larger (viewer's receive buffer).
const MAX_FIXED: u32 = 8192;

const TYPES: [(&str, FieldType); 23] = [
    ("Null", FieldType::Null),
    ("U8", FieldType::U8),
    ("U16", FieldType::U16),
    ("U32", FieldType::U32),
    ("U64", FieldType::U64),
    ("S8", FieldType::S8),
    ("S16", FieldType::S16),
    ("S32", FieldType::S32),
    ("S64", FieldType::S64),
    ("F32", FieldType::F32),
    ("F64", FieldType::F64),
    ("LLVector3", FieldType::Vector3),
    ("LLVector3d", FieldType::Vector3d),
    ("LLVector4", FieldType::Vector4),
    ("LLQuaternion", FieldType::Quaternion),
    ("LLUUID", FieldType::Uuid),
    ("BOOL", FieldType::Bool),
    ("IPADDR", FieldType::IpAddr),
    ("IPPORT", FieldType::IpPort),
    ("U16Vec3", FieldType::U16Vec3),
    ("U16Quat", FieldType::U16Quat),
    ("S16Array", FieldType::S16Array),
    ("EOL", FieldType::Eol),
];
