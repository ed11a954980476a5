//! A grid for tests: a complete server on free ports, in memory, and clients for it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let grid = holm::testing::TestGrid::start().await?;
//! let mut alice = grid.enter("Alice", "Tester").await?;
//! alice.say("Hello").await?;
//! grid.stop().await?;
//! # Ok(()) }
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use crate::client::{Client, ClientError, HttpClient, HttpResponse, LoginOptions, STEP_TIMEOUT};
use crate::config::Config;
use crate::llsd::Llsd;
use crate::server::{Server, ServerError};

/// The password of every account of a [`TestGrid`].
pub const PASSWORD: &str = "test";

/// Nothing in a test takes longer than this unless it failed.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A running grid that any name may log in to.
pub struct TestGrid {
    server: Server,
    http: HttpClient,
}

impl TestGrid {
    /// A grid with one flat region.
    pub async fn start() -> Result<Self, ServerError> {
        Self::start_with(|_| {}).await
    }

    /// A grid whose configuration `change` may alter: in memory, on free ports, open to every
    /// name, with cheap password hashes, running each storage job twice.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Result<Self, ServerError> {
        let mut config = Config::default();
        config.storage.ephemeral = true;
        config.storage.rehearse = true;
        config.network.http_port = 0;
        config.network.control_port = 0;
        config.network.script_port = Some(0);
        for region in &mut config.region {
            region.udp_port = 0;
        }
        config.login.open = true;
        config.login.test_accounts = false;
        config.login.argon2_memory_kib = 8;
        config.login.argon2_passes = 1;
        config.login.failures_per_account = 1000;
        config.login.failures_per_address = 10_000;
        change(&mut config);
        let server = Server::start(config).await?;
        Ok(Self { server, http: HttpClient::new(STEP_TIMEOUT) })
    }

    /// The login URI.
    pub fn login_uri(&self) -> &str {
        &self.server.addresses().login_uri
    }

    /// The control API's base, with a slash at the end.
    pub fn control_uri(&self) -> &str {
        &self.server.addresses().control_uri
    }

    /// Where script hosts connect, if `start_with` left that listener.
    pub fn script_address(&self) -> Option<SocketAddr> {
        self.server.addresses().script_address
    }

    /// The running server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// How `first last` logs in.
    pub fn options(&self, first: &str, last: &str) -> LoginOptions {
        LoginOptions::new(self.login_uri(), first, last, PASSWORD)
    }

    /// Logs in without entering the region.
    pub async fn log_in(&self, first: &str, last: &str) -> Result<Client, ClientError> {
        Client::log_in(&self.options(first, last)).await
    }

    /// Logs in and enters the region.
    pub async fn enter(&self, first: &str, last: &str) -> Result<Client, ClientError> {
        let mut client = self.log_in(first, last).await?;
        client.enter().await?;
        Ok(client)
    }

    /// Logs in and enters at a place of the first region, in metres.
    pub async fn enter_at(
        &self,
        first: &str,
        last: &str,
        place: [u32; 3],
    ) -> Result<Client, ClientError> {
        let [x, y, z] = place;
        let region = self.server.addresses().regions.first().map_or("", |region| &region.name);
        let options = self.options(first, last).at(&format!("uri:{region}&{x}&{y}&{z}"));
        let mut client = Client::log_in(&options).await?;
        client.enter().await?;
        Ok(client)
    }

    /// GET of the control API; the answer as JSON.
    ///
    /// # Errors
    /// When there is no answer, or it is no JSON or has an error status.
    pub async fn control(&self, path: &str) -> Result<serde_json::Value, ClientError> {
        let url = format!("{}{path}", self.control_uri());
        let answer = self.http.get(&url).await?;
        json(url, &answer)
    }

    /// POST of JSON to the control API; the answer as JSON.
    ///
    /// # Errors
    /// When there is no answer, or it is no JSON or has an error status.
    pub async fn control_ask(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value, ClientError> {
        let url = format!("{}{path}", self.control_uri());
        let answer = self.http.post(&url, "application/json", body.to_string()).await?;
        json(url, &answer)
    }

    /// POST of JSON to the control API; the status.
    pub async fn control_post(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<u16, ClientError> {
        let url = format!("{}{path}", self.control_uri());
        let answer = self.http.post(&url, "application/json", body.to_string()).await?;
        Ok(answer.status)
    }

    /// Waits until the control API's list at `path` (its only member) has `count` entries.
    ///
    /// # Errors
    /// When that does not happen before [`DEADLINE`].
    pub async fn wait_for_count(&self, path: &str, count: usize) -> Result<(), ClientError> {
        let what = format!("{count} entries at {path}");
        let is_so = |answer: &serde_json::Value| {
            let list = answer.as_object().and_then(|object| object.values().next());
            list.and_then(serde_json::Value::as_array).map(Vec::len) == Some(count)
        };
        self.wait_for(path, &what, is_so).await.map(drop)
    }

    /// Waits until the control API's answer at `path` is as `is_so` wants it, and gives it. `what`
    /// is for the error.
    ///
    /// # Errors
    /// When that does not happen before [`DEADLINE`].
    pub async fn wait_for(
        &self,
        path: &str,
        what: &str,
        is_so: impl Fn(&serde_json::Value) -> bool,
    ) -> Result<serde_json::Value, ClientError> {
        let looked = async {
            loop {
                let answer = self.control(path).await?;
                if is_so(&answer) {
                    return Ok(answer);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, looked)
            .await
            .map_err(|_| ClientError::TimedOut(DEADLINE, what.to_owned()))?
    }

    /// POST of LLSD to any URL, for requests outside a client.
    pub async fn post_llsd(&self, url: &str, body: &Llsd) -> Result<Llsd, ClientError> {
        self.http.post_llsd(url, body).await
    }

    /// An HTTP client of its own.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Stops the server without its farewell to clients over HTTP.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.server.stop_at_once().await
    }
}

/// The JSON of an answer that is no failure.
fn json(url: String, answer: &HttpResponse) -> Result<serde_json::Value, ClientError> {
    if !(200..300).contains(&answer.status) {
        return Err(ClientError::Status { url, status: answer.status });
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| ClientError::BadAnswer { url, reason: error.to_string() })
}
