//! `holm messages`: how every message that a client may send is handled.
//!
//! It prints the page `docs/messages.md` or, for scripts, one JSON object per line.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::json;

use super::exit::{Failure, INTERNAL};
use super::globals::MessageFormat;
use crate::session::handlers::generic::METHODS;
use crate::session::handlers::table::{self, Disposition, Row};

/// Prints the table.
///
/// # Errors
/// [`INTERNAL`] when the output cannot be written.
pub fn run(format: MessageFormat, output: &mut dyn Write) -> Result<(), Failure> {
    let text = match format {
        MessageFormat::Human => page(),
        MessageFormat::Json => lines(),
    };
    match output.write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(INTERNAL, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// All rows by the names of their messages.
fn sorted() -> Vec<&'static Row> {
    let mut rows: Vec<_> = table::rows().collect();
    rows.sort_by_key(|row| row.message.name);
    rows
}

fn lines() -> String {
    let mut text = String::new();
    for row in sorted() {
        let line = json!({
            "message": row.message.name,
            "number": row.message.id.to_string(),
            "disposition": row.disposition.as_str(),
            "note": row.note,
        });
        let _ = writeln!(text, "{line}");
    }
    for method in METHODS {
        let line = json!({
            "message": "GenericMessage",
            "method": method.name,
            "disposition": method.disposition.as_str(),
            "note": method.note,
        });
        let _ = writeln!(text, "{line}");
    }
    text
}

fn page() -> String {
    let mut text = HEAD.to_owned();
    let rows = sorted();
    for disposition in Disposition::ALL {
        let count = rows.iter().filter(|row| row.disposition == disposition).count();
        let _ = writeln!(text, "- **{}** ({count}): {}", name(disposition), meaning(disposition));
    }
    text.push_str("\n| message | number | disposition | effect, alert or reason |\n");
    text.push_str("| --- | --- | --- | --- |\n");
    for row in rows {
        let (message, disposition) = (row.message, name(row.disposition));
        let _ =
            writeln!(text, "| {} | {} | {disposition} | {} |", message.name, message.id, row.note);
    }
    text.push_str(GENERIC);
    for method in METHODS {
        let disposition = name(method.disposition);
        let _ = writeln!(text, "| `{}` | {disposition} | {} |", method.name, method.note);
    }
    text
}

fn name(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Handled => "handled",
        Disposition::AnsweredEmpty => "answered empty",
        Disposition::Refused => "refused",
        Disposition::Ignored => "ignored",
    }
}

fn meaning(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Handled => "the message does what clients expect.",
        Disposition::AnsweredEmpty => {
            "it is answered with the named reply, which is empty because the\n  requested data does \
             not exist here."
        }
        Disposition::Refused => {
            "nothing changes, and the user gets the text, at most once in five seconds."
        }
        Disposition::Ignored => "nothing changes, for the stated reason.",
    }
}

const HEAD: &str = "\
# Messages from clients

`holm messages` prints this page; regenerate it with `holm messages > docs/messages.md` instead of
editing it. `holm messages --message-format json` prints one JSON object per message.

Every message of the template that a client may send has a disposition. The metric
`holm_messages_received_total` counts messages by `message` and `disposition`, except PacketAck and
pings, which the circuit handles. Messages that only simulators may send are dropped and counted as
`trusted_message_from_client`.

";

const GENERIC: &str = "
## GenericMessage

The method of a `GenericMessage` determines its purpose. `holm_generic_messages_total` counts the
methods below by name. All others are ignored and counted as `other`.

| method | disposition | effect or reason |
| --- | --- | --- |
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_what_is_printed() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md");
        let kept = std::fs::read_to_string(file).unwrap_or_default();
        assert!(kept == page(), "docs/messages.md is stale: holm messages > docs/messages.md");
    }

    #[test]
    fn json_has_a_line_for_each_message_and_method() {
        let text = lines();
        let parsed: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(parsed.len(), table::rows().count() + METHODS.len());
        let add = parsed.iter().find(|line| line["message"] == "ObjectAdd").unwrap();
        assert_eq!(
            (add["number"].as_str(), add["disposition"].as_str()),
            (Some("Medium 1"), Some("refused"))
        );
    }
}
