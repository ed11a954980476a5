//! Patterns and answers of a responder: `*` in patterns, `{…}` in answers.

use std::fmt::Write as _;

use super::Heard;

/// Longest answer, bytes. It is cut again by the call that says it.
const LONGEST: usize = 4096;

/// Whether a text fits a pattern, in which `*` stands for any run of characters, none included.
/// The case counts. Each part of the pattern is looked for once, from left to right.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// An answer with what was heard in its places. What is filled in is not read again, and braces
/// around anything else are just braces.
pub(super) fn fill(answer: &str, heard: &Heard<'_>) -> String {
    let mut filled = String::with_capacity(answer.len());
    let mut rest = answer;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        if filled.len() > LONGEST {
            return filled;
        }
        rest = match behind.split_once('}') {
            Some(("name", behind)) => {
                filled.push_str(heard.name);
                behind
            }
            Some(("message", behind)) => {
                filled.push_str(heard.message);
                behind
            }
            // Writing into a text cannot fail.
            Some(("key", behind)) => {
                let _ = write!(filled, "{}", heard.key);
                behind
            }
            Some(("channel", behind)) => {
                let _ = write!(filled, "{}", heard.channel);
                behind
            }
            _ => {
                filled.push('{');
                behind
            }
        };
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn star_is_any_run_of_characters() {
        for (pattern, text) in [
            ("hello", "hello"),
            ("hello*", "hello"),
            ("hello*", "hello, wörld"),
            ("*", ""),
            ("*", "ä"),
            ("**", "x"),
            ("a*b*c", "a-b-b-c"),
            ("*ab", "aab"),
            ("*é*", "café au lait"),
        ] {
            assert!(fits(pattern, text), "{pattern:?} {text:?}");
        }
        for (pattern, text) in [
            ("hello", "Hello"),
            ("hello", "hello "),
            ("", "x"),
            ("a*a", "a"),
            ("a*b*b", "ab"),
            ("*b", "bc"),
            ("a?c", "abc"),
        ] {
            assert!(!fits(pattern, text), "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn placeholders_are_filled_once_and_other_braces_stay() {
        let key = Uuid::from_u128(0xab);
        let heard = Heard { channel: -5, name: "{key}", key, message: "m" };
        let filled = fill("{name} {message}@{channel} {key} {nobody} {{name} {", &heard);
        assert_eq!(filled, "{key} m@-5 00000000-0000-0000-0000-0000000000ab {nobody} {{key} {");
        assert_eq!(fill("no places", &heard), "no places");
    }

    #[test]
    fn filled_answer_is_bounded() {
        let message = "x".repeat(1023);
        let heard = Heard { channel: 0, name: "", key: Uuid::nil(), message: &message };
        let filled = fill(&"{message}".repeat(100), &heard);
        assert!(filled.len() < LONGEST + 2048, "{}", filled.len());
    }

    /// The definition, which takes exponential time.
    fn fits_by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((&'*', pattern)) => {
                (0..=text.len()).any(|skipped| fits_by_definition(pattern, &text[skipped..]))
            }
            Some((first, pattern)) => text
                .split_first()
                .is_some_and(|(head, text)| head == first && fits_by_definition(pattern, text)),
        }
    }

    proptest! {
        #[test]
        fn patterns_fit_what_they_should(pattern in "[ab*é]{0,8}", text in "[abé]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let wanted = fits_by_definition(&chars(&pattern), &chars(&text));
            prop_assert_eq!(fits(&pattern, &text), wanted);
        }

        #[test]
        fn any_texts_are_taken(pattern in ".{0,80}", text in ".{0,80}") {
            fits(&pattern, &text);
            let heard = Heard { channel: 1, name: &text, key: Uuid::nil(), message: &text };
            fill(&pattern, &heard);
        }
    }
}
