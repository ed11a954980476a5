//! Rust source as a string with indentation.

use std::fmt::{Display, Write};

/// Collects lines.
#[derive(Default)]
pub(super) struct Output {
    text: String,
    depth: usize,
}

impl Output {
    /// One line.
    pub(super) fn line(&mut self, line: impl Display) {
        let indent = self.depth * 4;
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    /// A line that opens a brace or bracket.
    pub(super) fn open(&mut self, line: impl Display) {
        self.line(line);
        self.depth += 1;
    }

    /// A line that closes one.
    pub(super) fn close(&mut self, line: impl Display) {
        self.depth = self.depth.saturating_sub(1);
        self.line(line);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
