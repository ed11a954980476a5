//! Writing and reading messages in one dialect.

use super::channel::{NameError, channel};
use super::escape::Escapes;
use super::lep::Layout;
use super::list::ListForm;
use super::listed::{self, Order};
use super::message::Message;
use super::{DecodeError, Dialect, EncodeError, json, lines, short};

/// The longest text, in bytes, that OpenSim leaves whole; Second Life has one byte more.
pub const DEFAULT_LIMIT: usize = 1023;

/// A dialect and what two sides must agree on besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    /// The dialect.
    pub dialect: Dialect,
    /// How lists are written; `None`: as the dialect has it, which is opaque for
    /// [`Dialect::SeedChuf`]. Without meaning where messages are no lists.
    pub form: Option<ListForm>,
    /// Where lists have the domain.
    pub order: Order,
    /// How LEP messages inside lists are laid out.
    pub layout: Layout,
    /// How texts are escaped; reading takes all.
    pub escapes: Escapes,
    /// Longest text in bytes. Longer ones are not written; and where the form has no end mark, a
    /// text that comes within four bytes of it counts as cut.
    pub limit: usize,
}

impl Codec {
    /// The newest habits of a dialect.
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            form: None,
            order: match dialect {
                Dialect::ClepSvc => Order::DomainPrim,
                _ => Order::PrimDomain,
            },
            layout: Layout::L1,
            escapes: Escapes::SecondLife,
            limit: DEFAULT_LIMIT,
        }
    }

    /// The channel of a name in this dialect; see [`channel()`].
    ///
    /// # Errors
    /// When the service or the domain has a newline.
    pub fn channel(&self, service: &str, domain: &str) -> Result<i32, NameError> {
        channel(self.dialect, service, domain)
    }

    /// The form of its lists; `None`: messages are opaque or no lists.
    pub fn list_form(&self) -> Option<ListForm> {
        self.form.or(self.dialect.list_form()).filter(|_| self.dialect.is_listed())
    }

    /// Whether receivers compare the target prim with their own: not before August 2025.
    pub fn checks_prim(&self) -> bool {
        match self.dialect {
            Dialect::ClepSvc => self.order == Order::DomainPrim,
            dialect => !dialect.is_listed(),
        }
    }

    /// Writes a message.
    ///
    /// # Errors
    /// When the dialect has no such messages, a field cannot be written in it, or the text gets
    /// longer than the limit.
    pub fn encode(&self, message: &Message) -> Result<String, EncodeError> {
        let shape = || EncodeError::Shape { dialect: self.dialect.name(), shape: message.shape() };
        let (text, limit) = match (message, self.dialect) {
            (Message::Short(message), Dialect::ClepRpcShort) => {
                (short::encode(message)?, self.limit)
            }
            (Message::Lines(message), Dialect::ClepLines) => {
                (lines::encode(message, self.escapes)?, lines::longest(self.limit))
            }
            (Message::Json(message), dialect) if dialect.is_json() => {
                (json::encode(message, json::Keys::of(dialect))?, self.limit)
            }
            (Message::Opaque { text }, Dialect::SeedChuf) if self.list_form().is_none() => {
                (text.clone(), self.limit)
            }
            (Message::Listed(message), _) => {
                let form = self.list_form().ok_or_else(shape)?;
                (listed::encode(self, form, message)?, self.limit)
            }
            _ => return Err(shape()),
        };
        let bytes = text.len();
        if bytes > limit {
            return Err(EncodeError::TooLong { bytes, limit });
        }
        Ok(text)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When the text is no message of the dialect, or was one before it was cut.
    pub fn decode(&self, text: &str) -> Result<Message, DecodeError> {
        match self.dialect {
            Dialect::ClepRpcShort => short::decode(text).map(Message::Short),
            Dialect::ClepLines => lines::decode(text, self.limit).map(Message::Lines),
            dialect if dialect.is_json() => {
                json::decode(text, json::Keys::of(dialect)).map(Message::Json)
            }
            _ => match self.list_form() {
                Some(form) => listed::decode(self, form, text),
                None => Ok(Message::Opaque { text: text.to_owned() }),
            },
        }
    }

    /// As [`Codec::decode`], of bytes that may be no text.
    pub fn decode_bytes(&self, bytes: &[u8]) -> Result<Message, DecodeError> {
        let text = str::from_utf8(bytes)
            .map_err(|error| DecodeError::NotText { after: error.valid_up_to() })?;
        self.decode(text)
    }
}
