//! The login request of a client, in LLSD.

use std::net::{Ipv4Addr, SocketAddr};

use md5::{Digest, Md5};

use super::{ClientError, HttpClient};
use crate::ids::{AgentId, CircuitCode, RegionHandle, SecureSessionId, SessionId};
use crate::llsd::{Llsd, Map};

/// Who logs in where.
#[derive(Clone, Debug)]
pub struct LoginOptions {
    /// The grid's login URI.
    pub login_uri: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// The password as typed.
    pub password: String,
    /// `last`, `home` or `uri:Region&x&y&z`.
    pub start: String,
}

impl LoginOptions {
    /// A login at the last place.
    pub fn new(login_uri: &str, first: &str, last: &str, password: &str) -> Self {
        Self {
            login_uri: login_uri.to_owned(),
            first: first.to_owned(),
            last: last.to_owned(),
            password: password.to_owned(),
            start: "last".to_owned(),
        }
    }

    /// The same at another start.
    #[must_use]
    pub fn at(mut self, start: &str) -> Self {
        start.clone_into(&mut self.start);
        self
    }
}

/// What a granted login says.
#[derive(Clone, Debug)]
pub struct LoginAnswer {
    /// The agent.
    pub agent_id: AgentId,
    /// The session.
    pub session_id: SessionId,
    /// The second secret.
    pub secure_session_id: SecureSessionId,
    /// Opens the circuit.
    pub circuit_code: CircuitCode,
    /// Where the region's datagrams go.
    pub simulator: SocketAddr,
    /// The region's place.
    pub region_handle: RegionHandle,
    /// The seed capability.
    pub seed: String,
    /// The whole answer.
    pub fields: Llsd,
}

impl LoginAnswer {
    /// Logs in.
    ///
    /// # Errors
    /// When the grid does not answer, refuses, or answers without what a client needs.
    pub async fn request(http: &HttpClient, options: &LoginOptions) -> Result<Self, ClientError> {
        let answer = http.post_llsd(&options.login_uri, &request_body(options)).await?;
        let granted = answer.get("login");
        if matches!(granted, Llsd::Undef) {
            return Err(ClientError::MissingField("login"));
        }
        if !granted.as_bool() {
            return Err(ClientError::Refused {
                reason: answer.get("reason").as_string(),
                message: answer.get("message").as_string(),
            });
        }
        Self::read(answer)
    }

    fn read(fields: Llsd) -> Result<Self, ClientError> {
        let uuid = |name: &'static str| {
            let id = fields.get(name).as_uuid();
            if id.is_nil() { Err(ClientError::MissingField(name)) } else { Ok(id) }
        };
        let address: Ipv4Addr = fields
            .get("sim_ip")
            .as_string()
            .parse()
            .map_err(|_| ClientError::MissingField("sim_ip"))?;
        let port = u16::try_from(fields.get("sim_port").as_i32())
            .map_err(|_| ClientError::MissingField("sim_port"))?;
        let seed = fields.get("seed_capability").as_string();
        if seed.is_empty() {
            return Err(ClientError::MissingField("seed_capability"));
        }
        let metres = |name: &str| u64::from(fields.get(name).as_i32().unsigned_abs());
        Ok(Self {
            agent_id: AgentId(uuid("agent_id")?),
            session_id: SessionId(uuid("session_id")?),
            secure_session_id: SecureSessionId(uuid("secure_session_id")?),
            circuit_code: CircuitCode(fields.get("circuit_code").as_i32().unsigned_abs()),
            simulator: SocketAddr::from((address, port)),
            region_handle: RegionHandle(metres("region_x") << 32 | metres("region_y")),
            seed,
            fields,
        })
    }
}

fn request_body(options: &LoginOptions) -> Llsd {
    let mut body = Map::new();
    body.insert("first", options.first.as_str());
    body.insert("last", options.last.as_str());
    body.insert("passwd", hashed(&options.password));
    body.insert("start", options.start.as_str());
    body.insert("channel", "Holm client");
    body.insert("version", env!("CARGO_PKG_VERSION"));
    body.insert("platform", "lnx");
    body.insert("agree_to_tos", true);
    body.insert("read_critical", true);
    let wanted = ["inventory-root", "inventory-skeleton", "inventory-lib-root", "buddy-list"];
    body.insert("options", Llsd::Array(wanted.into_iter().map(Llsd::from).collect()));
    Llsd::Map(body)
}

/// `$1$` and the lower-case hex MD5 of the password, as viewers send it.
fn hashed(password: &str) -> String {
    use std::fmt::Write;

    let mut text = String::from("$1$");
    for byte in Md5::digest(password.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_travel_hashed() {
        assert_eq!(hashed("password"), "$1$5f4dcc3b5aa765d61d8327deb882cf99");
    }

    #[test]
    fn an_answer_without_simulator_is_named() {
        let mut fields = Map::new();
        fields.insert("login", "true");
        let error = LoginAnswer::read(Llsd::Map(fields)).expect_err("no simulator");
        assert_eq!(error.to_string(), "login answer lacks sim_ip");
    }
}
