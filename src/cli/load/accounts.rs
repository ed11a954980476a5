//! The accounts that a load run logs in with, from a file in the format of `holm serve --accounts`.

use std::path::Path;

use serde::Deserialize;

use crate::cli::exit::{Failure, INPUT};
use crate::load::LoadAccount;
use crate::services::accounts::parse_account_file;

/// Reads the file.
///
/// # Errors
/// [`INPUT`], naming the file, the entry and the field.
pub(super) fn read(file: &Path) -> Result<Vec<LoadAccount>, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(INPUT, format!("{name}: {error}")))?;
    parse(&text, &name)
}

fn parse(text: &str, file: &str) -> Result<Vec<LoadAccount>, Failure> {
    let failure = |text: String| Failure::new(INPUT, text);
    // The server's own reader knows all that can be wrong, but hands out no password.
    let checked = parse_account_file(text, file).map_err(|error| failure(error.to_string()))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let passwords: Vec<Password> =
        serde_json::from_str(text).map_err(|error| failure(format!("{file}: {error}")))?;
    let mut accounts = Vec::new();
    for (index, (account, Password { password })) in checked.iter().zip(passwords).enumerate() {
        if password.starts_with(DIGEST) {
            let problem = "is a digest, but a login needs the plain password";
            return Err(failure(format!("{file}: entry {index}: field `password`: {problem}")));
        }
        accounts.push(LoadAccount {
            first: account.name.first().to_owned(),
            last: account.name.last().to_owned(),
            password,
        });
    }
    Ok(accounts)
}

#[derive(Deserialize)]
struct Password {
    password: String,
}

/// What a password begins with that is stored as its MD5.
const DIGEST: &str = "$1$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_as_the_server_reads_them() {
        let text = "\u{FEFF}[{\"first\":\"A\",\"last\":\"\",\"password\":\"x y\"},\
            {\"password\":\"z\",\"first\":\"B\",\"last\":\"C\",\
            \"uuid\":\"00000000-0000-4000-8000-00000000000a\"}]";
        let account = |first: &str, last: &str, password: &str| LoadAccount {
            first: first.to_owned(),
            last: last.to_owned(),
            password: password.to_owned(),
        };
        let expected = [account("A", "Resident", "x y"), account("B", "C", "z")];
        assert_eq!(parse(text, "a.json").unwrap(), expected);
    }

    #[test]
    fn errors_name_file_entry_and_field() {
        let digest = "$1$098f6bcd4621d373cade4e832627b4f6";
        for (text, expected) in [
            ("[", "a.json: EOF while parsing"),
            (r#"[{"first":"A","last":"B"}]"#, "a.json: entry 0: field `password`: is missing"),
            (
                &format!(r#"[{{"first":"A","last":"B","password":"{digest}"}}]"#),
                "a.json: entry 0: field `password`: is a digest, but a login needs",
            ),
        ] {
            let failure = parse(text, "a.json").unwrap_err();
            assert_eq!(failure.code, INPUT);
            assert!(failure.message.starts_with(expected), "{failure}");
        }
        let failure = read(Path::new("/no/such.json")).unwrap_err();
        assert_eq!(failure.code, INPUT);
        assert!(failure.message.starts_with("/no/such.json: "), "{failure}");
    }
}
