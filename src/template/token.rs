//! The words and braces of a template, with their lines; comments and blanks are dropped here.

/// A word or brace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub text: &'t str,
    pub line: usize,
}

/// Cuts a template into tokens.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text.trim_start_matches('\u{FEFF}'), line: 1 }
    }

    fn skip_blanks(&mut self) {
        loop {
            let word = self.rest.trim_start();
            let (blanks, word) = self.rest.split_at(self.rest.len() - word.len());
            self.line += blanks.bytes().filter(|&byte| byte == b'\n').count();
            self.rest = word;
            if !word.starts_with("//") {
                return;
            }
            let end = word.find('\n').unwrap_or(word.len());
            self.rest = word.split_at(end).1;
        }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        self.skip_blanks();
        let end = match self.rest.as_bytes().first()? {
            b'{' | b'}' => 1,
            _ => word_len(self.rest),
        };
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Token { text, line: self.line })
    }
}

fn word_len(text: &str) -> usize {
    let stop = text.find(|c: char| c.is_whitespace() || matches!(c, '{' | '}'));
    let stop = stop.unwrap_or(text.len());
    // A comment may follow a word without a blank between them.
    text.get(..stop).and_then(|word| word.find("//")).unwrap_or(stop)
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    fn cut(text: &str) -> Vec<(&str, usize)> {
        Tokens::new(text).map(|token| (token.text, token.line)).collect()
    }

    #[test]
    fn words_braces_and_comments() {
        let text = "\u{FEFF}version 2.0 // one\n// two {\r\n{Name\tLow}// three\n\nU8//end";
        let tokens =
            [("version", 1), ("2.0", 1), ("{", 3), ("Name", 3), ("Low", 3), ("}", 3), ("U8", 5)];
        assert_eq!(cut(text), tokens);
        assert_eq!(cut(" \n // only a comment"), []);
    }
}
