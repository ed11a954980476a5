//! The text of a successful login answer, written field by field for either format.
//!
//! An answer has about five hundred values; building a tree of them would cost more than the rest
//! of a login. The fields and their order are defined only here, so both formats get the same.

use std::fmt::{Display, Write as _};

use super::{Wire, xmlrpc};
use crate::llsd::xml::escape_into;

/// An answer as far as it is written.
pub(super) struct Document {
    wire: Wire,
    text: String,
}

impl Document {
    /// The whole answer whose members `fill` writes.
    pub(super) fn write(wire: Wire, fill: impl FnOnce(&mut Self)) -> String {
        let mut document = Self { wire, text: String::with_capacity(USUAL_LENGTH) };
        document.text.push_str(match wire {
            Wire::XmlRpc => xmlrpc::RESPONSE_HEAD,
            Wire::Llsd => "<llsd>",
        });
        document.open_value();
        document.fields(fill);
        document.close_value();
        document.text.push_str(match wire {
            Wire::XmlRpc => xmlrpc::RESPONSE_FOOT,
            Wire::Llsd => "</llsd>",
        });
        document.text
    }

    /// A text, with what XML wants escaped.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.member(name, |out| out.string(|out| escape_into(out, text)));
    }

    /// A text, if there is one.
    pub(super) fn some_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// The text of a value in which XML has nothing to escape, such as an id or an address.
    pub(super) fn plain(&mut self, name: &str, value: impl Display) {
        self.member(name, |out| out.string(|out| write_formatted(out, format_args!("{value}"))));
    }

    /// A number.
    pub(super) fn integer(&mut self, name: &str, value: i32) {
        self.member(name, |out| out.number(value));
    }

    /// A number, if there is one.
    pub(super) fn some_integer(&mut self, name: &str, value: Option<i32>) {
        if let Some(value) = value {
            self.integer(name, value);
        }
    }

    /// An array of numbers.
    pub(super) fn integers(&mut self, name: &str, values: &[i32]) {
        self.array(name, values, |out, value| out.number(*value));
    }

    /// A struct.
    pub(super) fn group(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.member(name, |out| out.fields(fill));
    }

    /// An array of structs, one for each of `items`.
    pub(super) fn groups<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        fill: impl Fn(&mut Self, T),
    ) {
        self.array(name, items, |out, item| out.fields(|out| fill(out, item)));
    }

    /// An array of one struct, as lists that clients index with 0 must be.
    pub(super) fn only(&mut self, name: &str, fill: impl Fn(&mut Self)) {
        self.groups(name, [()], |out, ()| fill(out));
    }

    fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Self, T),
    ) {
        self.member(name, |out| {
            let (head, foot) = match out.wire {
                Wire::XmlRpc => ("<array><data>", "</data></array>"),
                Wire::Llsd => ("<array>", "</array>"),
            };
            out.enclosed(head, foot, "<array />", |out| {
                for item in items {
                    out.open_value();
                    write(out, item);
                    out.close_value();
                }
            });
        });
    }

    fn fields(&mut self, fill: impl FnOnce(&mut Self)) {
        let (head, foot) = match self.wire {
            Wire::XmlRpc => ("<struct>", "</struct>"),
            Wire::Llsd => ("<map>", "</map>"),
        };
        self.enclosed(head, foot, "<map />", fill);
    }

    fn string(&mut self, write: impl FnOnce(&mut String)) {
        self.enclosed("<string>", "</string>", "<string />", |out| write(&mut out.text));
    }

    fn number(&mut self, value: i32) {
        let (head, foot) = match self.wire {
            Wire::XmlRpc => ("<i4>", "</i4>"),
            Wire::Llsd => ("<integer>", "</integer>"),
        };
        write_formatted(&mut self.text, format_args!("{head}{value}{foot}"));
    }

    /// `head`, what `write` writes, `foot`; in LLSD `empty` if it writes nothing.
    fn enclosed(&mut self, head: &str, foot: &str, empty: &str, write: impl FnOnce(&mut Self)) {
        let before = self.text.len();
        self.text.push_str(head);
        let inside = self.text.len();
        write(self);
        if self.text.len() == inside && matches!(self.wire, Wire::Llsd) {
            self.text.truncate(before);
            self.text.push_str(empty);
        } else {
            self.text.push_str(foot);
        }
    }

    /// A member of a struct. Names are ours and need no escaping.
    fn member(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        let (head, between, foot) = match self.wire {
            Wire::XmlRpc => ("<member><name>", "</name>", "</member>"),
            Wire::Llsd => ("<key>", "</key>", ""),
        };
        self.text.push_str(head);
        self.text.push_str(name);
        self.text.push_str(between);
        self.open_value();
        write(self);
        self.close_value();
        self.text.push_str(foot);
    }

    fn open_value(&mut self) {
        if let Wire::XmlRpc = self.wire {
            self.text.push_str("<value>");
        }
    }

    fn close_value(&mut self) {
        if let Wire::XmlRpc = self.wire {
            self.text.push_str("</value>");
        }
    }
}

fn write_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

/// A new account's answer in XML-RPC is somewhat shorter, bytes.
const USUAL_LENGTH: usize = 24 << 10;
