//! `AvatarPickerSearch`: finds people by a part of their name.

use std::collections::HashSet;

use axum::http::Method;

use super::Caps;
use super::names::names_of;
use super::request::{CapError, CapReply, CapRequest};
use crate::ids::AgentId;
use crate::llsd::{self, Llsd};
use crate::services::accounts::Account;

/// GET with `names=…`, as often as wanted, and, if wanted, `page_size=…`. A text that is too short is
/// passed over if there is another. There is one page: what does not fit is not told, as in the answer
/// to `AvatarPickerRequest`.
pub(super) async fn search(caps: &Caps, request: CapRequest) -> Result<CapReply, CapError> {
    request.require(&Method::GET)?;
    let (mut texts, mut page_size) = (Vec::new(), MAX_PAGE);
    for (key, value) in request.query()? {
        match key.as_str() {
            "names" => texts.push(value),
            "page_size" => {
                let wanted: usize = value
                    .parse()
                    .map_err(|_| CapError::BadRequest("page_size is no number".into()))?;
                page_size = wanted.min(MAX_PAGE);
            }
            _ => {}
        }
    }
    texts.retain(|text| text.trim().chars().count() >= MIN_LETTERS);
    if texts.is_empty() {
        return Err(CapError::BadRequest("names has fewer than 3 letters".into()));
    }
    let mut found: Vec<Account> = Vec::new();
    for text in texts.iter().take(MAX_TEXTS) {
        let more = caps.services.accounts.search(text, page_size).await.map_err(|error| {
            tracing::error!(%error, "people cannot be searched");
            CapError::Unavailable("people cannot be searched now")
        })?;
        let known: HashSet<AgentId> = found.iter().map(|account| account.id).collect();
        found.extend(more.into_iter().filter(|account| !known.contains(&account.id)));
    }
    found.truncate(page_size);
    let agents =
        found.iter().map(|account| Llsd::Map(names_of(account.id, &account.name))).collect();
    Ok(CapReply::Value(llsd::map! {
        "agents" => Llsd::Array(agents),
        "next_page_url" => Llsd::Undef,
    }))
}

/// Texts that one request may search for.
const MAX_TEXTS: usize = 8;

/// Viewers ask for 100.
const MAX_PAGE: usize = 100;

/// Viewers do not search for less, and OpenSim refuses it.
const MIN_LETTERS: usize = 3;
