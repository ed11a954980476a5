//! A bounded cursor over bytes, shared by the binary and the notation reader: every length is
//! checked against the remaining bytes and the limits before anything is copied.

use super::{ErrorKind, Limits, LlsdError};

pub(super) struct Cursor<'a, 'l> {
    pub(super) limits: &'l Limits,
    input: &'a [u8],
    position: usize,
    nodes: usize,
}

impl<'a, 'l> Cursor<'a, 'l> {
    pub(super) fn new(input: &'a [u8], limits: &'l Limits) -> Result<Self, LlsdError> {
        if input.len() > limits.body_bytes {
            return Err(LlsdError::new(ErrorKind::TooLarge("body"), limits.body_bytes));
        }
        Ok(Self { limits, input, position: 0, nodes: 0 })
    }

    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.input.get(self.position..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.input.get(self.position).copied()
    }

    pub(super) fn byte(&mut self) -> Result<u8, LlsdError> {
        let byte = self.peek().ok_or_else(|| self.error(ErrorKind::UnexpectedEnd))?;
        self.position += 1;
        Ok(byte)
    }

    /// Steps over `byte` if it is next.
    pub(super) fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), LlsdError> {
        if self.accept(byte) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], LlsdError> {
        let bytes = self
            .rest()
            .get(..length)
            .ok_or_else(|| self.error(ErrorKind::Length(length as u64)))?;
        self.position += length;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], LlsdError> {
        let bytes =
            self.rest().first_chunk::<N>().ok_or_else(|| self.error(ErrorKind::UnexpectedEnd))?;
        self.position += N;
        Ok(*bytes)
    }

    /// `length` bytes of what the limit `most` is for.
    pub(super) fn sized(
        &mut self,
        length: usize,
        most: usize,
        what: &'static str,
    ) -> Result<&'a [u8], LlsdError> {
        if length > self.rest().len() {
            return Err(self.error(ErrorKind::Length(length as u64)));
        }
        if length > most {
            return Err(self.error(ErrorKind::TooLarge(what)));
        }
        self.take(length)
    }

    pub(super) fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&test) {
            self.position += 1;
        }
    }

    /// Steps over a header line `<? WORD ?>` in any case, and the white space around it.
    pub(super) fn skip_header(&mut self, word: &[u8]) {
        let body = self.rest().strip_prefix(b"\xEF\xBB\xBF").unwrap_or(self.rest());
        let Some(header) = body.trim_ascii_start().strip_prefix(b"<?") else { return };
        let header = header.trim_ascii_start();
        let named = header.get(..word.len()).is_some_and(|name| name.eq_ignore_ascii_case(word));
        let Some(after) = header.get(word.len()..).filter(|_| named) else { return };
        if let Some(after) = after.trim_ascii_start().strip_prefix(b"?>") {
            self.position = self.input.len() - after.trim_ascii_start().len();
        }
    }

    /// The rest of a quoted string whose opening `quote` was read, its escapes resolved.
    pub(super) fn quoted(
        &mut self,
        quote: u8,
        most: usize,
        what: &'static str,
    ) -> Result<Vec<u8>, LlsdError> {
        let mut text = Vec::new();
        loop {
            let byte = match self.byte()? {
                byte if byte == quote => return Ok(text),
                b'\\' => match self.byte()? {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'v' => 0x0b,
                    b'x' => (self.hex_digit()? << 4) | self.hex_digit()?,
                    other => other,
                },
                byte => byte,
            };
            if text.len() >= most {
                return Err(self.error(ErrorKind::TooLarge(what)));
            }
            text.push(byte);
        }
    }

    pub(super) fn count_node(&mut self) -> Result<(), LlsdError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.error(ErrorKind::TooManyNodes));
        }
        Ok(())
    }

    pub(super) fn check_depth(&self, depth: usize) -> Result<(), LlsdError> {
        if depth > self.limits.depth {
            return Err(self.error(ErrorKind::TooDeep));
        }
        Ok(())
    }

    pub(super) const fn error(&self, kind: ErrorKind) -> LlsdError {
        LlsdError::new(kind, self.position)
    }

    /// An error about the next byte, or about there being none.
    pub(super) fn unexpected(&self) -> LlsdError {
        self.error(self.peek().map_or(ErrorKind::UnexpectedEnd, ErrorKind::UnexpectedByte))
    }

    fn hex_digit(&mut self) -> Result<u8, LlsdError> {
        let digit = self.peek().and_then(hex_value).ok_or_else(|| self.unexpected())?;
        self.position += 1;
        Ok(digit)
    }
}

pub(super) fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Text of bytes that should be UTF-8; what is not becomes replacement characters, since the
/// viewer never checks what it sends.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
