//! A bounded walk over the elements of an XML document, shared by LLSD and XML-RPC.
//!
//! It joins texts that are split by references, treats CDATA as text, skips comments and processing
//! instructions, and refuses document types, custom entities, and more elements or deeper nesting
//! than the limits allow. It knows no element names.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{ErrorKind, Limits, LlsdError};

/// A start tag, and whether the element ends with it.
pub(crate) struct Element<'a> {
    tag: BytesStart<'a>,
    empty: bool,
}

impl Element<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.tag.name().as_ref() == name
    }

    pub(crate) fn name(&self) -> &str {
        self.tag.name().into_inner()
    }
}

/// What an element of mixed content holds.
pub(crate) enum Content<'a> {
    /// Only text, up to the end tag.
    Text(Cow<'a, str>),
    /// A child, which comes before the end tag.
    Child(Element<'a>),
}

/// The state of the walk.
pub(crate) struct XmlWalk<'a, 'l> {
    pub(crate) limits: &'l Limits,
    reader: Reader<&'a [u8]>,
    nodes: usize,
    skipped_bytes: usize,
}

impl<'a, 'l> XmlWalk<'a, 'l> {
    /// Begins at the start of `body`, after a byte order mark.
    pub(crate) fn new(body: &'a [u8], limits: &'l Limits) -> Result<Self, LlsdError> {
        if body.len() > limits.body_bytes {
            return Err(LlsdError::new(ErrorKind::TooLarge("body"), limits.body_bytes));
        }
        let text = std::str::from_utf8(body)
            .map_err(|error| LlsdError::new(ErrorKind::NotUtf8, error.valid_up_to()))?;
        let unmarked = text.strip_prefix('\u{feff}').unwrap_or(text);
        if unmarked.trim_ascii().is_empty() {
            return Err(LlsdError::new(ErrorKind::Empty, 0));
        }
        let reader = Reader::from_str(unmarked);
        Ok(Self { limits, reader, nodes: 0, skipped_bytes: text.len() - unmarked.len() })
    }

    /// The root element.
    pub(crate) fn root(&mut self) -> Result<Element<'a>, LlsdError> {
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(Element { tag, empty: false }),
                Event::Empty(tag) => return Ok(Element { tag, empty: true }),
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                _ => return Err(self.error(ErrorKind::NoRoot)),
            }
        }
    }

    /// The next child element; nothing when `parent` ends. Text between elements is passed over.
    /// Each child must be walked to its end before the next call.
    pub(crate) fn next_child(
        &mut self,
        parent: &Element<'_>,
    ) -> Result<Option<Element<'a>>, LlsdError> {
        if parent.empty {
            return Ok(None);
        }
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(Some(Element { tag, empty: false })),
                Event::Empty(tag) => return Ok(Some(Element { tag, empty: true })),
                Event::End(_) => return Ok(None),
                Event::Eof => return Err(self.error(ErrorKind::UnexpectedEnd)),
                _ => {}
            }
        }
    }

    /// The text of `element` up to its end tag, `limit` bytes at most. Elements inside are skipped
    /// with all they hold.
    pub(crate) fn text(
        &mut self,
        element: &Element<'_>,
        limit: usize,
        what: &'static str,
    ) -> Result<Cow<'a, str>, LlsdError> {
        let mut text = Cow::Borrowed("");
        if element.empty {
            return Ok(text);
        }
        loop {
            match self.next()? {
                Event::Start(tag) => {
                    self.count_node()?;
                    self.skip(&Element { tag, empty: false })?;
                }
                Event::Empty(_) => self.count_node()?,
                Event::End(_) => return Ok(text),
                event => self.append(&mut text, &event, limit, what)?,
            }
        }
    }

    /// The text of `element`, or its first child if it has one.
    pub(crate) fn text_or_child(
        &mut self,
        element: &Element<'_>,
        limit: usize,
        what: &'static str,
    ) -> Result<Content<'a>, LlsdError> {
        let mut text = Cow::Borrowed("");
        if element.empty {
            return Ok(Content::Text(text));
        }
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(Content::Child(Element { tag, empty: false })),
                Event::Empty(tag) => return Ok(Content::Child(Element { tag, empty: true })),
                Event::End(_) => return Ok(Content::Text(text)),
                event => self.append(&mut text, &event, limit, what)?,
            }
        }
    }

    /// Walks to the end of `element` past everything that is left in it.
    pub(crate) fn skip(&mut self, element: &Element<'_>) -> Result<(), LlsdError> {
        let mut open = usize::from(!element.empty);
        while open > 0 {
            match self.next()? {
                Event::Start(_) => {
                    self.count_node()?;
                    open += 1;
                }
                Event::Empty(_) => self.count_node()?,
                Event::End(_) => open -= 1,
                Event::Eof => return Err(self.error(ErrorKind::UnexpectedEnd)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The value of an attribute as it is written.
    pub(crate) fn attribute(
        &self,
        element: &Element<'a>,
        name: &str,
    ) -> Result<Option<String>, LlsdError> {
        let attribute = element.tag.try_get_attribute(name);
        let attribute = attribute.map_err(|error| self.error(ErrorKind::Xml(error.to_string())))?;
        Ok(attribute.map(|attribute| attribute.value.into_owned()))
    }

    /// Counts one value; skipped elements count by themselves.
    pub(crate) fn count_node(&mut self) -> Result<(), LlsdError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.error(ErrorKind::TooManyNodes));
        }
        Ok(())
    }

    pub(crate) fn check_depth(&self, depth: usize) -> Result<(), LlsdError> {
        if depth > self.limits.depth {
            return Err(self.error(ErrorKind::TooDeep));
        }
        Ok(())
    }

    /// An error at the place where the walk stands.
    pub(crate) fn error(&self, kind: ErrorKind) -> LlsdError {
        LlsdError::new(kind, self.reader.buffer_position() as usize + self.skipped_bytes)
    }

    fn append(
        &self,
        text: &mut Cow<'a, str>,
        event: &Event<'a>,
        limit: usize,
        what: &'static str,
    ) -> Result<(), LlsdError> {
        let piece = match event {
            Event::Text(piece) => piece.xml10_content(),
            Event::CData(piece) => piece.xml10_content(),
            Event::GeneralRef(reference) => {
                let character = resolve(reference);
                Cow::Owned(character.ok_or_else(|| self.error(ErrorKind::Entity))?.to_string())
            }
            Event::Eof => return Err(self.error(ErrorKind::UnexpectedEnd)),
            _ => return Ok(()),
        };
        if text.len() + piece.len() > limit {
            return Err(self.error(ErrorKind::TooLarge(what)));
        }
        if text.is_empty() {
            *text = piece;
        } else {
            text.to_mut().push_str(&piece);
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Event<'a>, LlsdError> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(self.error(ErrorKind::Doctype)),
            Ok(event) => Ok(event),
            Err(error) => {
                let offset = self.reader.error_position() as usize + self.skipped_bytes;
                Err(LlsdError::new(ErrorKind::Xml(error.to_string()), offset))
            }
        }
    }
}

/// The character that a reference between `&` and `;` stands for.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}
