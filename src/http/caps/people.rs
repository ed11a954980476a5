//! `AvatarPickerSearch`: people by a part of their name.

use axum::http::Method;

use super::Caps;
use super::names::names_of;
use super::request::{CapError, CapReply, CapRequest};
use crate::llsd::{self, Llsd};

/// GET with `names=…` and, if wanted, `page_size=…`; a size that is no number is as good as none. There
/// is one page: what does not fit is not
/// told, as in the answer to `AvatarPickerRequest`.
pub(super) async fn search(caps: &Caps, request: CapRequest) -> Result<CapReply, CapError> {
    request.require(&Method::GET)?;
    let (mut text, mut page_size) = (String::new(), MAX_PAGE);
    for (key, value) in request.query()? {
        match key.as_str() {
            "names" => text = value,
            "page_size" => {
                page_size = value.trim().parse().map_or(MAX_PAGE, |size: usize| size.min(MAX_PAGE));
            }
            _ => {}
        }
    }
    if text.trim().chars().count() < MIN_LETTERS {
        return Err(CapError::BadRequest("names has fewer than 3 letters".into()));
    }
    let found = caps.services.accounts.search(&text, page_size).await.map_err(|error| {
        tracing::error!(%error, "people cannot be searched");
        CapError::Unavailable("people cannot be searched now")
    })?;
    let agents =
        found.iter().map(|account| Llsd::Map(names_of(account.id, &account.name))).collect();
    Ok(CapReply::Value(llsd::map! {
        "agents" => Llsd::Array(agents),
        "next_page_url" => Llsd::Undef,
    }))
}

/// Viewers ask for 100.
const MAX_PAGE: usize = 100;

/// Viewers do not search for less, and OpenSim refuses it.
const MIN_LETTERS: usize = 3;
