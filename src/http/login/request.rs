//! A login request in either format.
//!
//! Every field is read leniently: numbers and booleans as strings, unknown fields ignored, missing
//! ones as their default. Only a name, a password and a `start` that cannot be understood are
//! errors, which name the field.

use std::fmt;

use thiserror::Error;
use uuid::Uuid;

use super::failure::{FailureReason, LoginFailure};
use super::options::LoginOptions;
use crate::llsd::Llsd;

/// The fields of `login_to_simulator`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoginRequest {
    /// First name, not empty.
    pub first: String,
    /// Last name, `Resident` if the client gave only one word.
    pub last: String,
    /// The password in the form in which it came.
    pub password: Password,
    /// Where to arrive.
    pub start: StartLocation,
    /// Which parts of the answer are wanted.
    pub options: LoginOptions,
    /// Name of the viewer.
    pub channel: String,
    /// Version of the viewer.
    pub version: String,
    /// `win`, `mac` or `lnx`.
    pub platform: String,
    /// Version of the operating system.
    pub platform_version: String,
    /// Name of the operating system.
    pub platform_string: String,
    /// Bits of the client's pointers.
    pub address_size: i32,
    /// Digest of a network address.
    pub mac: String,
    /// Digest of a disk's serial number.
    pub id0: String,
    /// Empty with all known clients.
    pub host_id: String,
    /// Digest of the viewer, from old clients.
    pub viewer_digest: String,
    /// The user accepted the terms of service.
    pub agree_to_tos: bool,
    /// The user read the critical message.
    pub read_critical: bool,
    /// Failures should carry `message_id` and `message_args`.
    pub extended_errors: bool,
    /// How the last session ended; 0 is normal.
    pub last_exec_event: i32,
    /// How long the last session was, in seconds.
    pub last_exec_duration: i32,
    /// The last session.
    pub last_exec_session_id: Uuid,
    /// The code of a second factor; nothing if the client knows no second factor.
    pub token: Option<String>,
    /// What an earlier answer gave to spare the second factor; nothing as above.
    pub mfa_hash: Option<String>,
    /// OpenSim's scope.
    pub scope_id: Uuid,
}

impl LoginRequest {
    /// Reads the struct of a call or the map of an LLSD login.
    ///
    /// # Errors
    /// [`LoginRequestError`], which names the field.
    pub fn from_llsd(fields: &Llsd) -> Result<Self, LoginRequestError> {
        if !matches!(fields, Llsd::Map(_)) {
            return Err(LoginRequestError::NoFields);
        }
        let (first, last) = read_name(fields)?;
        let text = |name| read_text(fields, name);
        let optional = |name| match fields.get(name) {
            Llsd::Undef => Ok(None),
            _ => text(name).map(|text| Some(text.split_whitespace().collect())),
        };
        Ok(Self {
            first,
            last,
            password: Password::read(fields)?,
            start: parse_start(&text("start")?)?,
            options: LoginOptions::read(fields.get("options")),
            channel: text("channel")?,
            version: text("version")?,
            platform: text("platform")?,
            platform_version: text("platform_version")?,
            platform_string: text("platform_string")?,
            address_size: fields.get("address_size").as_i32(),
            mac: text("mac")?,
            id0: text("id0")?,
            host_id: text("host_id")?,
            viewer_digest: text("viewer_digest")?,
            agree_to_tos: fields.get("agree_to_tos").as_bool(),
            read_critical: fields.get("read_critical").as_bool(),
            extended_errors: fields.get("extended_errors").as_bool(),
            last_exec_event: fields.get("last_exec_event").as_i32(),
            last_exec_duration: fields.get("last_exec_duration").as_i32(),
            last_exec_session_id: fields.get("last_exec_session_id").as_uuid(),
            token: optional("token")?,
            mfa_hash: optional("mfa_hash")?,
            scope_id: fields.get("scope_id").as_uuid(),
        })
    }
}

/// The secret of a login. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// The part after `$1$`: 32 lower-case hexadecimal digits of the password's MD5.
    Md5(String),
    /// The password itself, from clients that send account credentials.
    Plain(String),
}

impl Password {
    fn read(fields: &Llsd) -> Result<Self, LoginRequestError> {
        let sent = read_text(fields, "passwd")?;
        if let Some(digest) = sent.strip_prefix("$1$") {
            let is_md5 = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
            return if is_md5 {
                Ok(Self::Md5(digest.to_ascii_lowercase()))
            } else {
                Err(LoginRequestError::Invalid("passwd"))
            };
        }
        if !sent.is_empty() {
            return Ok(Self::Plain(sent));
        }
        // The older way in: a key that stands for the digest.
        let key = read_text(fields, "web_login_key")?;
        if key.is_empty() { Err(LoginRequestError::Missing("passwd")) } else { Ok(Self::Md5(key)) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5(_) => "Md5(..)",
            Self::Plain(_) => "Plain(..)",
        })
    }
}

/// Where an agent wants to arrive.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum StartLocation {
    /// Where the last session ended; also what no `start` at all means.
    #[default]
    Last,
    /// The agent's home.
    Home,
    /// A place in a region by name.
    Uri {
        /// The region's name, percent-decoded.
        region: String,
        /// Metres from the west border.
        x: f32,
        /// Metres from the south border.
        y: f32,
        /// Metres above zero.
        z: f32,
    },
    /// Wherever the grid thinks best.
    Safe,
}

/// Reads `start`: `last`, `home`, `safe`, or `uri:Region&x&y&z`. A region without a position means
/// its middle. Entities that were encoded once too often and percent-encoded names are decoded.
///
/// # Errors
/// [`LoginRequestError::Invalid`] for anything else.
pub fn parse_start(text: &str) -> Result<StartLocation, LoginRequestError> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "" | "last" => return Ok(StartLocation::Last),
        "home" => return Ok(StartLocation::Home),
        "safe" => return Ok(StartLocation::Safe),
        _ => {}
    }
    let invalid = LoginRequestError::Invalid("start");
    let place = match text.split_at_checked(4) {
        Some((scheme, place)) if scheme.eq_ignore_ascii_case("uri:") => place,
        _ => return Err(invalid),
    };
    let place = place.replace("&amp;", "&");
    // From the right, since a region's name may hold an ampersand itself.
    let mut parts = place.rsplitn(4, '&');
    let mut position = MIDDLE;
    let region = if place.contains('&') {
        for slot in position.iter_mut().rev() {
            let coordinate = parts.next().unwrap_or_default();
            *slot = coordinate.trim().parse().map_err(|_| invalid.clone())?;
            if !slot.is_finite() {
                return Err(invalid);
            }
        }
        parts.next().unwrap_or_default()
    } else {
        &place
    };
    let region = percent_decode(region.trim());
    if region.is_empty() || region.chars().any(char::is_control) {
        return Err(invalid);
    }
    let [x, y, z] = position;
    Ok(StartLocation::Uri { region, x, y, z })
}

/// A field that a login cannot go on with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoginRequestError {
    /// The call has no struct, or the document is no map.
    #[error("login request has no fields")]
    NoFields,
    /// The field is absent or empty.
    #[error("login field `{0}` is missing")]
    Missing(&'static str),
    /// The field is there but cannot be understood.
    #[error("login field `{0}` is invalid")]
    Invalid(&'static str),
    /// The field is longer than any client's.
    #[error("login field `{0}` is too long")]
    TooLong(&'static str),
}

impl LoginRequestError {
    /// The refusal that a client shows to its user.
    pub fn to_failure(&self) -> LoginFailure {
        LoginFailure::new(FailureReason::Key, self.to_string())
    }
}

/// First and last name from the agent or the account form.
fn read_name(fields: &Llsd) -> Result<(String, String), LoginRequestError> {
    let (mut first, last) = (read_text(fields, "first")?, read_text(fields, "last")?);
    let (mut first_field, mut last) = ("first", last.trim().to_owned());
    if first.trim().is_empty() {
        first = read_text(fields, "username")?;
        first_field = "username";
    }
    let mut first = first.trim().to_owned();
    if last.is_empty() {
        let split = first.split_once(|c: char| c == '.' || c.is_whitespace());
        (first, last) = match split {
            Some((first, last)) => (first.trim().to_owned(), last.trim().to_owned()),
            None => (first, "Resident".to_owned()),
        };
    }
    if first.is_empty() {
        return Err(LoginRequestError::Missing("first"));
    }
    if last.is_empty() {
        return Err(LoginRequestError::Missing("last"));
    }
    for (name, field) in [(&first, first_field), (&last, "last")] {
        if name.len() > MAX_NAME_BYTES {
            return Err(LoginRequestError::TooLong(field));
        }
        if name.chars().any(char::is_control) {
            return Err(LoginRequestError::Invalid(field));
        }
    }
    Ok((first, last))
}

/// The text of a scalar; empty when it is missing.
fn read_text(fields: &Llsd, name: &'static str) -> Result<String, LoginRequestError> {
    match fields.get(name) {
        Llsd::Array(_) | Llsd::Map(_) | Llsd::Binary(_) => Err(LoginRequestError::Invalid(name)),
        value => {
            let text = value.as_string();
            if text.len() > MAX_TEXT_BYTES {
                Err(LoginRequestError::TooLong(name))
            } else {
                Ok(text)
            }
        }
    }
}

/// Resolves `%HH`; the text as it is if that gives no UTF-8.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|d| d.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The middle of a region at a height that is above most water.
const MIDDLE: [f32; 3] = [128.0, 128.0, 30.0];
/// The template gives a name 255 bytes with its NUL in many messages; 63 are enough for both.
const MAX_NAME_BYTES: usize = 63;
const MAX_TEXT_BYTES: usize = 1024;
