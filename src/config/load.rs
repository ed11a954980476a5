//! Merging the sources: defaults < file < environment < flags.

use std::path::Path;

use toml::{Table, Value};

use super::origin::Places;
use super::validate::validate;
use super::{Config, ConfigError, Origin, Origins, Overrides};

/// Prefix of the environment variables that are configuration.
const PREFIX: &str = "HOLM_";

/// No keys: the first names the file on the command line's behalf, the others tell programs that
/// `holm exec` runs where the grid is.
const OTHER_VARIABLES: [&str; 5] =
    ["HOLM_CONFIG", "HOLM_LOGIN_URI", "HOLM_CONTROL_URI", "HOLM_SCRIPT_ADDRESS", "HOLM_UDP"];

/// A merged and checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What was ignored and may be a mistake; worth a line in the log each.
    pub warnings: Vec<String>,
    /// Where its values came from, for errors that come later.
    pub origins: Origins,
}

/// Reads `file` (none: no file, not even a default one) and merges it with the environment and
/// the flags. Variables without the prefix `HOLM_` are not looked at.
///
/// # Errors
/// The file cannot be read, a key does not exist, a value is bad.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &Overrides,
) -> Result<Loaded, ConfigError> {
    let Some(path) = file else {
        return load_text(Path::new(""), "", environment, overrides);
    };
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    load_text(path, &text, environment, overrides)
}

/// Like [`load`], with the file's text at hand; `path` only names it in errors.
///
/// # Errors
/// A key does not exist, a value is bad.
pub fn load_text(
    path: &Path,
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &Overrides,
) -> Result<Loaded, ConfigError> {
    let places = Places::read(path, text);
    let mut config: Config =
        toml::from_str(text).map_err(|error| file_error(&error, text, &places))?;

    let mut variables: Vec<_> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !OTHER_VARIABLES.contains(&name.as_str()))
        .collect();
    variables.sort();
    let mut warnings = Vec::new();
    let mut from_environment: Vec<(String, String)> = Vec::new();
    for (variable, value) in variables {
        match apply_variable(&config, &variable, &value)? {
            Some((key, changed)) => {
                config = changed;
                from_environment.push((key, variable));
            }
            None => warnings
                .push(format!("environment variable {variable} does not name a key; ignored")),
        }
    }

    overrides.apply(&mut config);
    let origins = Origins { places, variables: from_environment, overrides: overrides.clone() };
    validate(&config).map_err(|problem| {
        let origin = origins.of(&problem.key);
        let value = shown_value(&config, &problem.key);
        ConfigError::BadValue { origin, key: problem.key, value, problem: problem.text }
    })?;
    Ok(Loaded { config, warnings, origins })
}

/// Turns the parser's error, which knows only an offset, into one that knows line, key and value.
fn file_error(error: &toml::de::Error, text: &str, places: &Places) -> ConfigError {
    let span = error.span().unwrap_or(0..0);
    let origin = places.at(span.start);
    let key = places.key_at(span.start).to_owned();
    let problem = error.message().to_owned();
    if key.is_empty() {
        ConfigError::Syntax { origin, problem }
    } else if problem.starts_with("unknown field") {
        ConfigError::UnknownKey { origin, key, problem: known_keys(&problem) }
    } else {
        let value = text.get(span).unwrap_or_default().trim().to_owned();
        ConfigError::BadValue { origin, key, value, problem: plain(&problem) }
    }
}

/// The parser's "invalid type: string "x", expected u16" without the names of Rust's types.
fn plain(problem: &str) -> String {
    let Some((before, expected)) = problem.rsplit_once(", expected ") else {
        return problem.to_owned();
    };
    if !before.starts_with("invalid ") {
        return problem.to_owned();
    }
    let wanted = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number that is not negative",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "path string" => "a string in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other if other.starts_with("struct ") || other == "a map" => "a section",
        other => other,
    };
    format!("must be {wanted}")
}

/// The list of known keys at the end of the parser's "unknown field `a`, expected one of `b`".
fn known_keys(problem: &str) -> String {
    problem.split_once(", ").map_or(problem, |(_, known)| known).to_owned()
}

/// The configuration with one variable applied, and the variable's key; nothing if it is no key
/// and does not look like one.
fn apply_variable(
    config: &Config,
    variable: &str,
    text: &str,
) -> Result<Option<(String, Config)>, ConfigError> {
    let origin = || Origin::Environment { variable: variable.to_owned() };
    let mut table = table_of(config)?;
    let wanted = variable.strip_prefix(PREFIX).unwrap_or(variable);
    let Some(key) = leaf_keys(&table).into_iter().find(|key| variable_of(key) == wanted) else {
        let section = table.keys().find(|section| {
            let rest = wanted.strip_prefix(&section.to_uppercase());
            matches!(table.get(section.as_str()), Some(Value::Table(_) | Value::Array(_)))
                && rest.is_some_and(|rest| rest.starts_with('_'))
        });
        return match section {
            Some(section) => Err(ConfigError::UnknownKey {
                origin: origin(),
                key: wanted.to_lowercase(),
                problem: format!("the section {section} has no such key"),
            }),
            None => Ok(None),
        };
    };
    let bad = |problem: String| ConfigError::BadValue {
        origin: origin(),
        key: key.clone(),
        value: text.to_owned(),
        problem,
    };
    let Some(slot) = value_at(&mut table, &key) else { return Ok(None) };
    *slot = if slot.is_str() || text.is_empty() {
        Value::String(text.to_owned())
    } else {
        let parsed: Table = toml::from_str(&format!("value = {text}"))
            .map_err(|_| bad(format!("expected {}", with_article(slot.type_str()))))?;
        parsed.get("value").cloned().unwrap_or(Value::Boolean(false))
    };
    let changed = table.try_into().map_err(|error: toml::de::Error| bad(plain(error.message())))?;
    Ok(Some((key, changed)))
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

fn table_of(config: &Config) -> Result<Table, ConfigError> {
    Table::try_from(config).map_err(|error| ConfigError::Unprintable(error.to_string()))
}

/// The name of a key's variable without the prefix: `network.http_port` → `NETWORK_HTTP_PORT`.
fn variable_of(key: &str) -> String {
    key.replace('.', "_").to_uppercase()
}

/// Every key that holds a plain value or an array of plain values, dotted.
fn leaf_keys(table: &Table) -> Vec<String> {
    fn walk(prefix: &str, value: &Value, keys: &mut Vec<String>) {
        match value {
            Value::Table(table) => {
                for (name, value) in table {
                    walk(&format!("{prefix}.{name}"), value, keys);
                }
            }
            // An empty array at the top is a list of sections, elsewhere one of plain values.
            Value::Array(items)
                if items.iter().all(Value::is_table)
                    && (!items.is_empty() || !prefix.contains('.')) =>
            {
                for (index, item) in items.iter().enumerate() {
                    walk(&format!("{prefix}.{index}"), item, keys);
                }
            }
            _ => keys.push(prefix.to_owned()),
        }
    }
    let mut keys = Vec::new();
    for (name, value) in table {
        walk(name, value, &mut keys);
    }
    keys
}

/// The place of a dotted key in a table.
fn value_at<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Value> {
    let mut steps = key.split('.');
    let mut value = table.get_mut(steps.next()?)?;
    for step in steps {
        value = match value {
            Value::Table(table) => table.get_mut(step)?,
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// A value as TOML would write it; the token is never shown.
fn shown_value(config: &Config, key: &str) -> String {
    if key == "network.control_token" && config.network.control_token.is_some() {
        return "(hidden)".to_owned();
    }
    table_of(config)
        .ok()
        .and_then(|mut table| value_at(&mut table, key).map(|value| value.to_string()))
        .unwrap_or_default()
}
