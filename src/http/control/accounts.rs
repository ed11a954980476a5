//! Routes for accounts: create, list, look up, delete.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;

use super::model::{
    AccountList, AccountStatus, NewAccount, PasswordChange, Problem, Status, StatusWord,
};
use super::path::Segments;
use super::query::{Parameters, RawParameters};
use super::who::Who;
use super::{Backend, ControlError, fields, status};
use crate::services::accounts::AccountName;

/// Accounts of one answer, if the request names no limit.
const DEFAULT_LIMIT: u64 = 100;
/// Most accounts of one answer.
const MAX_LIMIT: u64 = 1000;

/// Lists accounts by name, a page at a time.
#[utoipa::path(get, path = "/v1/accounts", operation_id = "list_accounts",
    params(
        ("after" = Option<String>, Query,
            description = "only accounts behind this name, `First Last`: `next` of the last page"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000,
            description = "accounts of this page; 100 by default"),
    ),
    responses(
        (status = 200, description = "a page of accounts", body = AccountList),
        (status = 400, body = Problem),
    ))]
pub(super) async fn list(
    State(backend): Backend,
    query: RawParameters,
) -> Result<Json<AccountList>, ControlError> {
    let mut query = Parameters::new(query)?;
    let limit = query.count_within("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    let after = query.text("after").filter(|after| !after.is_empty());
    query.finish()?;
    let after = after.as_deref().map(AccountName::parse).transpose();
    let after = after.map_err(|error| ControlError::invalid("after", error.to_string()))?;
    let limit = limit as usize;
    // One more than is shown tells whether there is another page.
    let mut accounts = backend.accounts(after, limit + 1).await?;
    let more = accounts.len() > limit;
    accounts.truncate(limit);
    let next = accounts.last().filter(|_| more);
    let next = next.map(|account| format!("{} {}", account.first, account.last));
    Ok(Json(AccountList { accounts, next }))
}

/// Creates an account that can log in at once.
#[utoipa::path(post, path = "/v1/accounts", operation_id = "create_account",
    request_body = NewAccount,
    responses(
        (status = 201, description = "the new account", body = AccountStatus),
        (status = 409, description = "the name or the id is taken", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(super) async fn create(
    State(backend): Backend,
    body: Body,
) -> Result<(StatusCode, Json<AccountStatus>), ControlError> {
    let mut fields = fields(body).await?;
    let new = NewAccount {
        first: fields.string("first")?,
        last: fields.string("last")?,
        password: fields.string("password")?,
        uuid: fields.optional_uuid("uuid")?,
    };
    fields.finish()?;
    Ok((StatusCode::CREATED, Json(backend.create_account(new).await?)))
}

/// Looks up one account.
#[utoipa::path(get, path = "/v1/accounts/{account}", operation_id = "get_account",
    params(("account" = String, Path, description = "id or `First Last`")),
    responses(
        (status = 200, description = "the account", body = AccountStatus),
        (status = 400, body = Problem),
        (status = 404, description = "there is no such account", body = Problem),
    ))]
pub(super) async fn show(
    State(backend): Backend,
    Segments(account): Segments<String>,
) -> Result<Json<AccountStatus>, ControlError> {
    Ok(Json(backend.account(Who::parse("account", &account)?).await?))
}

/// Gives an account a new password, which counts from the next login on.
#[utoipa::path(post, path = "/v1/accounts/{account}/password", operation_id = "set_password",
    params(("account" = String, Path, description = "id or `First Last`")),
    request_body = PasswordChange,
    responses(
        (status = 200, description = "the account, which has the new password", body = AccountStatus),
        (status = 404, description = "there is no such account", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(super) async fn set_password(
    State(backend): Backend,
    Segments(account): Segments<String>,
    body: Body,
) -> Result<Json<AccountStatus>, ControlError> {
    let who = Who::parse("account", &account)?;
    let mut fields = fields(body).await?;
    let change = PasswordChange { password: fields.string("password")? };
    fields.finish()?;
    Ok(Json(backend.set_password(who, change).await?))
}

/// Deletes an account and all that belongs to it alone. It must not be logged in.
#[utoipa::path(delete, path = "/v1/accounts/{account}", operation_id = "delete_account",
    params(("account" = String, Path, description = "id or `First Last`")),
    responses(
        (status = 200, description = "the account is deleted", body = Status),
        (status = 400, body = Problem),
        (status = 404, description = "there is no such account", body = Problem),
        (status = 409, description = "the account is logged in", body = Problem),
    ))]
pub(super) async fn remove(
    State(backend): Backend,
    Segments(account): Segments<String>,
) -> Result<Json<Status>, ControlError> {
    backend.remove_account(Who::parse("account", &account)?).await?;
    Ok(status(StatusWord::Removed))
}
