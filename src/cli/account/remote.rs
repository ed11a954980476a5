//! Accounts of a grid that runs: its control API changes them.

use std::fmt::Write as _;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Entry, ReportLine, Task};
use crate::cli::exit::{CONFIG, Failure, INTERNAL, REFUSED, STORAGE, USAGE};
use crate::client::{ClientError, HttpClient, HttpResponse};
use crate::http::control::{AccountList, AccountStatus, Problem};
use crate::services::accounts::AccountName;

/// A password hash may have to wait for others.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The control API of a running server.
pub(super) struct ControlApi {
    /// What the storage said about the directory.
    in_use: String,
    /// Base URI, without a slash at its end.
    uri: String,
    token: Option<String>,
    http: HttpClient,
}

impl ControlApi {
    /// `in_use` says which directory the server uses.
    pub(super) fn new(in_use: String, uri: &str, token: Option<String>) -> Self {
        let uri = uri.trim_end_matches('/').to_owned();
        Self { in_use, uri, token, http: HttpClient::new(TIMEOUT) }
    }

    pub(super) async fn perform(&self, task: &Task) -> Result<Vec<ReportLine>, Failure> {
        match task {
            Task::Add(name, password, id) => {
                let body = json!({
                    "first": name.first(),
                    "last": name.last(),
                    "password": password.text,
                    "uuid": id.map(|id| id.0),
                });
                let made = self.post("/v1/accounts", &body, name).await?;
                Ok(vec![ReportLine::AccountCreated(made.into())])
            }
            Task::List => self.list().await,
            Task::Passwd(name, password) => {
                let path = format!("{}/password", path_of(name));
                let changed = self.post(&path, &json!({ "password": password.text }), name).await?;
                Ok(vec![ReportLine::PasswordChanged(changed.into())])
            }
            Task::Remove(name) => {
                let url = self.url(&path_of(name));
                let token = self.token.as_deref();
                let answer = self.http.get_as(token, &url).await;
                let account: AccountStatus = self.read(answer, Some(name))?;
                let answer = self.http.delete_as(token, &url).await;
                self.read::<serde_json::Value>(answer, Some(name))?;
                Ok(vec![ReportLine::AccountRemoved(account.into())])
            }
        }
    }

    async fn list(&self) -> Result<Vec<ReportLine>, Failure> {
        let mut lines = Vec::new();
        let mut after = String::new();
        loop {
            let url = self.url(&format!("/v1/accounts?limit=1000&after={}", encoded(&after)));
            let answer = self.http.get_as(self.token.as_deref(), &url).await;
            let page: AccountList = self.read(answer, None)?;
            lines.extend(page.accounts.into_iter().map(|one| ReportLine::Account(one.into())));
            match page.next {
                Some(next) if next != after => after = next,
                _ => return Ok(lines),
            }
        }
    }

    async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
        name: &AccountName,
    ) -> Result<AccountStatus, Failure> {
        let (url, token) = (self.url(path), self.token.as_deref());
        let answer = self.http.post_as(token, &url, "application/json", body.to_string()).await;
        self.read(answer, Some(name))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.uri)
    }

    /// The JSON of a good answer.
    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<HttpResponse, ClientError>,
        name: Option<&AccountName>,
    ) -> Result<T, Failure> {
        let Self { in_use, uri, .. } = self;
        let answer = answer.map_err(|error| {
            let reason = match error {
                ClientError::Connect { reason, .. } | ClientError::Http { reason, .. } => reason,
                error => error.to_string(),
            };
            Failure::new(STORAGE, format!("{in_use}; no answer from {uri}: {reason}"))
        })?;
        let problem = || match serde_json::from_slice::<Problem>(&answer.body) {
            Ok(problem) => problem.error,
            Err(_) => format!("{uri} answers with status {}", answer.status),
        };
        let failure = match (answer.status, name) {
            (200..=299, _) => {
                return serde_json::from_slice(&answer.body).map_err(|error| {
                    let message = format!("{uri} does not answer as a control API: {error}");
                    Failure::new(INTERNAL, message)
                });
            }
            (401, _) => Failure::new(CONFIG, format!("{in_use}; {uri} wants {TOKEN}")),
            (404, Some(name)) => Failure::new(REFUSED, format!("no account is named `{name}`")),
            (409, _) => Failure::new(REFUSED, problem()),
            (400, _) => Failure::new(USAGE, problem()),
            _ => Failure::new(INTERNAL, problem()),
        };
        Err(failure)
    }
}

impl From<AccountStatus> for Entry {
    fn from(account: AccountStatus) -> Self {
        let AccountStatus { uuid, first, last, created, last_login, .. } = account;
        Self { uuid, first, last, created_at: created, last_login }
    }
}

fn path_of(name: &AccountName) -> String {
    format!("/v1/accounts/{}", encoded(&format!("{} {}", name.first(), name.last())))
}

/// The text as a segment or a value of a URI.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

const TOKEN: &str = "its token: set network.control_token in the configuration, or \
                     HOLM_NETWORK_CONTROL_TOKEN, to that of the running server";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_one_segment_of_a_path() {
        let name = AccountName::new("Ann", "O'Neil").unwrap();
        assert_eq!(path_of(&name), "/v1/accounts/Ann%20O%27Neil");
        assert_eq!(encoded("a/b?c&é"), "a%2Fb%3Fc%26%C3%A9");
    }
}
