//! Lists of texts encoded as one text, in the four forms that CLEP has used.
//!
//! All forms except S1 mark their end. S1 and S4 cannot distinguish a list truncated after an
//! element from a shorter list, so the reader must know the number of elements.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DecodeError;
use super::dialect::UnknownName;
use super::escape::{Escapes, unescape};

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListForm {
    /// Per element its length in decimal, a newline, its text.
    S1,
    /// The count in hex, a blank; per element its length in hex, a blank, its text; a blank.
    S2,
    /// As S2, after the mark `Ξ`.
    S2Xi,
    /// As S2, after the mark `𒂗`.
    S2En,
    /// As S2 in decimal, after the mark `𒂗L`.
    S3,
    /// Per element its text, escaped by `llEscapeURL`, and a comma.
    S4,
}

impl ListForm {
    /// All of them, oldest first.
    pub const ALL: [Self; 6] = [Self::S1, Self::S2, Self::S2Xi, Self::S2En, Self::S3, Self::S4];

    /// The name that configuration and command line use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S1 => "s1",
            Self::S2 => "s2",
            Self::S2Xi => "s2-xi",
            Self::S2En => "s2-en",
            Self::S3 => "s3",
            Self::S4 => "s4",
        }
    }

    /// Writes a list. Lengths count characters.
    pub fn encode<T: AsRef<str>>(self, elements: &[T], escapes: Escapes) -> String {
        let mut out = self.mark().to_owned();
        match self {
            Self::S1 => {
                for element in elements.iter().map(AsRef::as_ref) {
                    push_number(&mut out, Radix::Decimal, element.chars().count());
                    out.push('\n');
                    out.push_str(element);
                }
            }
            Self::S4 => {
                for element in elements {
                    escapes.push(&mut out, element.as_ref());
                    out.push(',');
                }
            }
            Self::S2 | Self::S2Xi | Self::S2En | Self::S3 => {
                push_number(&mut out, self.radix(), elements.len());
                out.push(' ');
                for element in elements.iter().map(AsRef::as_ref) {
                    push_number(&mut out, self.radix(), element.chars().count());
                    out.push(' ');
                    out.push_str(element);
                }
                out.push(' ');
            }
        }
        out
    }

    /// Reads a list. The forms of S2 are all read as one: the mark came later than the form.
    ///
    /// # Errors
    /// When the text is not in this form, or ends too early.
    pub fn decode(self, text: &str) -> Result<Vec<String>, DecodeError> {
        match self {
            Self::S4 => decode_s4(text),
            Self::S1 => {
                let mut reader = Reader { text, rest: text, radix: Radix::Decimal };
                let mut elements = Vec::new();
                while !reader.rest.is_empty() {
                    elements.push(reader.element('\n')?);
                }
                Ok(elements)
            }
            Self::S2 | Self::S2Xi | Self::S2En | Self::S3 => match self.unmarked(text) {
                Some(rest) => Reader { text, rest, radix: self.radix() }.counted(),
                None => Err(DecodeError::Form { what: "list", expected: "the mark of form s3" }),
            },
        }
    }

    /// Whether `text` starts as a list of `count` elements whose first is `first`: then it may be
    /// one that was cut.
    pub(super) fn opens_with(self, text: &str, first: &str, count: usize) -> bool {
        let mut opening = String::new();
        match self {
            Self::S4 => {
                return text.split_once(',').and_then(|(head, _)| unescape(head)).as_deref()
                    == Some(first);
            }
            Self::S1 => {}
            Self::S2 | Self::S2Xi | Self::S2En | Self::S3 => {
                push_number(&mut opening, self.radix(), count);
                opening.push(' ');
            }
        }
        push_number(&mut opening, self.radix(), first.chars().count());
        opening.push(if self == Self::S1 { '\n' } else { ' ' });
        opening.push_str(first);
        self.unmarked(text).is_some_and(|text| text.starts_with(&opening))
    }

    /// The text behind the mark, which only S3 must have.
    fn unmarked(self, text: &str) -> Option<&str> {
        match self {
            Self::S2 | Self::S2Xi | Self::S2En => {
                Some(text.strip_prefix(['Ξ', '𒂗']).unwrap_or(text))
            }
            Self::S1 | Self::S3 | Self::S4 => text.strip_prefix(self.mark()),
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Self::S1 | Self::S2 | Self::S4 => "",
            Self::S2Xi => "Ξ",
            Self::S2En => "𒂗",
            Self::S3 => "𒂗L",
        }
    }

    const fn radix(self) -> Radix {
        match self {
            Self::S2 | Self::S2Xi | Self::S2En => Radix::Hexadecimal,
            Self::S1 | Self::S3 | Self::S4 => Radix::Decimal,
        }
    }
}

impl fmt::Display for ListForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ListForm {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|form| form.name() == text)
            .ok_or_else(|| UnknownName::new("list form", text, &Self::ALL.map(Self::name)))
    }
}

#[derive(Clone, Copy)]
enum Radix {
    Decimal,
    Hexadecimal,
}

fn push_number(out: &mut String, radix: Radix, number: usize) {
    // Writing to a string cannot fail.
    let _ = match radix {
        Radix::Decimal => write!(out, "{number}"),
        Radix::Hexadecimal => write!(out, "{number:X}"),
    };
}

fn decode_s4(text: &str) -> Result<Vec<String>, DecodeError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let list = text.strip_suffix(',').ok_or_else(|| truncated(text, "the comma at the end"))?;
    list.split(',')
        .map(|element| {
            unescape(element)
                .ok_or(DecodeError::Form { what: "element", expected: "text as of llEscapeURL" })
        })
        .collect()
}

/// Reads elements off the front of a text.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    radix: Radix,
}

impl Reader<'_> {
    fn counted(mut self) -> Result<Vec<String>, DecodeError> {
        // The count sizes nothing: each element that is kept has been there.
        let count = self.number(' ')?;
        let mut elements = Vec::new();
        for _ in 0..count {
            elements.push(self.element(' ')?);
        }
        match self.rest {
            " " => Ok(elements),
            "" => Err(truncated(self.text, "the blank at the end")),
            _ => Err(DecodeError::Form { what: "end of list", expected: "one blank" }),
        }
    }

    fn element(&mut self, separator: char) -> Result<String, DecodeError> {
        let length = self.number(separator)?;
        let mut indices = self.rest.char_indices();
        let end = match length.checked_sub(1) {
            None => 0,
            Some(before) => match indices.nth(before) {
                Some((at, last)) => at + last.len_utf8(),
                None => return Err(truncated(self.text, "the rest of an element")),
            },
        };
        let (element, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(element.to_owned())
    }

    /// A number as LSL writes it, and the separator behind it.
    fn number(&mut self, separator: char) -> Result<usize, DecodeError> {
        let form = DecodeError::Form { what: "length", expected: "a number as the form has it" };
        let end = self.rest.find(|c: char| !self.is_digit(c)).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        if digits.len() > LONGEST_NUMBER || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(form);
        }
        if rest.is_empty() {
            return Err(truncated(self.text, "the rest of a number"));
        }
        let radix = match self.radix {
            Radix::Decimal => 10,
            Radix::Hexadecimal => 16,
        };
        let number = usize::from_str_radix(digits, radix).map_err(|_| form.clone())?;
        self.rest = rest.strip_prefix(separator).ok_or(form)?;
        Ok(number)
    }

    fn is_digit(&self, c: char) -> bool {
        match self.radix {
            Radix::Decimal => c.is_ascii_digit(),
            Radix::Hexadecimal => c.is_ascii_digit() || ('A'..='F').contains(&c),
        }
    }
}

fn truncated(text: &str, missing: &'static str) -> DecodeError {
    DecodeError::Truncated { bytes: text.len(), missing }
}

/// Digits of a length or count: no script has as many characters as such a number says.
const LONGEST_NUMBER: usize = 7;
