//! The source of accounts: a list, or a control API that creates them.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::LoadError;
use super::plan::{AccountSource, LoadAccount};
use crate::client::{ClientError, HttpClient, STEP_TIMEOUT};

/// The accounts of a plan with so many agents; `made` is called as each one is there.
///
/// # Errors
/// When there are too few, or the control API does not make them.
pub(super) async fn accounts(
    source: &AccountSource,
    agents: usize,
    mut made: impl FnMut(usize),
) -> Result<Vec<LoadAccount>, LoadError> {
    let too_few = |have| LoadError::TooFewAccounts { wanted: agents, needed: agents, have };
    match source {
        AccountSource::Known(accounts) if accounts.len() < agents => Err(too_few(accounts.len())),
        AccountSource::Known(accounts) => Ok(accounts.iter().take(agents).cloned().collect()),
        AccountSource::Create { count, .. } if *count < agents => Err(too_few(*count)),
        AccountSource::Create { control_uri, token, count } => {
            let accounts: Vec<_> = (1..=*count).map(account).collect();
            let url = format!("{}/v1/accounts", control_uri.trim_end_matches('/'));
            let http = HttpClient::new(STEP_TIMEOUT);
            let doors = Arc::new(Semaphore::new(AT_ONCE));
            let mut tasks = JoinSet::new();
            for account in accounts.clone() {
                let (http, url, token) = (http.clone(), url.clone(), token.clone());
                let doors = doors.clone();
                tasks.spawn(async move {
                    let _door = doors.acquire_owned().await;
                    create(&http, &url, token.as_deref(), &account).await
                });
            }
            let mut count = 0;
            // Dropped on the first failure, which ends the others.
            while let Some(done) = tasks.join_next().await {
                let done = done.unwrap_or_else(|error| Err(error.to_string()));
                done.map_err(|reason| LoadError::Accounts { url: url.clone(), reason })?;
                count += 1;
                made(count);
            }
            Ok(accounts.into_iter().take(agents).collect())
        }
    }
}

fn account(number: usize) -> LoadAccount {
    LoadAccount {
        first: "Load".to_owned(),
        last: format!("{number:04}"),
        password: PASSWORD.to_owned(),
    }
}

async fn create(
    http: &HttpClient,
    url: &str,
    token: Option<&str>,
    account: &LoadAccount,
) -> Result<(), String> {
    let LoadAccount { first, last, password } = account;
    let body = serde_json::json!({ "first": first, "last": last, "password": password });
    let answer = http.post_as(token, url, "application/json", body.to_string()).await;
    match answer {
        Ok(answer) if matches!(answer.status, 201 | 409) => Ok(()),
        Ok(answer) => {
            let text = String::from_utf8_lossy(&answer.body);
            // It may be a whole page; one line is enough.
            let text: String = text.chars().take(200).collect();
            let words: Vec<&str> = text.split_whitespace().collect();
            Err(format!("HTTP status {}: {}", answer.status, words.join(" ")))
        }
        Err(ClientError::Connect { reason, .. } | ClientError::Http { reason, .. }) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// The password of the accounts that are made.
const PASSWORD: &str = "load";
