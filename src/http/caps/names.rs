//! `GetDisplayNames`: names of agents by id.

use std::collections::HashSet;

use axum::http::{HeaderValue, Method, header};
use uuid::Uuid;

use super::Caps;
use super::request::{CapError, CapReply, CapRequest, llsd_response};
use crate::ids::AgentId;
use crate::llsd::{self, Llsd, Map};
use crate::services::accounts::{AccountName, ONE_WORD_LAST_NAME};

/// GET with `ids=…` as often as wanted. Ids that nobody has, and what is no id, are listed apart: a
/// viewer keeps asking for an id about which it was told nothing.
pub(super) async fn display_names(caps: &Caps, request: CapRequest) -> Result<CapReply, CapError> {
    request.require(&Method::GET)?;
    let (mut ids, mut bad_ids) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    let asked = request.query()?.into_iter().filter(|(key, _)| key == "ids");
    for (_, value) in asked {
        match Uuid::try_parse(value.trim()) {
            Ok(id) if seen.insert(id) => ids.push(AgentId(id)),
            Ok(_) => {}
            Err(_) => bad_ids.push(Llsd::from(value.chars().take(MAX_SHOWN).collect::<String>())),
        }
    }
    if ids.len() + bad_ids.len() > MAX_IDS {
        return Err(CapError::BadRequest("too many ids".into()));
    }
    let names = caps.services.accounts.names(ids.clone()).await.map_err(|error| {
        tracing::error!(%error, "names cannot be looked up");
        CapError::Unavailable("names cannot be looked up now")
    })?;
    let known: HashSet<AgentId> = names.iter().map(|(id, _)| *id).collect();
    bad_ids.extend(ids.iter().filter(|id| !known.contains(id)).map(|id| Llsd::Uuid(id.0)));
    let expires = caps.services.clock.unix().as_secs_f64() + MAX_AGE;
    let agents = names.iter().map(|(id, name)| entry(*id, name, expires)).collect();
    let names = llsd::map! { "agents" => Llsd::Array(agents), "bad_ids" => Llsd::Array(bad_ids) };
    let mut response = llsd_response(axum::http::StatusCode::OK, request.format(), &names);
    let age = HeaderValue::from_static("max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, age);
    Ok(CapReply::Response(response))
}

fn entry(id: AgentId, name: &AccountName, expires: f64) -> Llsd {
    let mut entry = names_of(id, name);
    entry.insert("display_name_expires", Llsd::Date(expires));
    entry.insert("display_name_next_update", Llsd::Date(expires));
    Llsd::Map(entry)
}

/// The names of an account in every form, under the keys that viewers read.
pub(super) fn names_of(id: AgentId, name: &AccountName) -> Map {
    let (first, last) = (name.first(), name.last());
    let one_word = last == ONE_WORD_LAST_NAME;
    let username = if one_word { first.to_owned() } else { format!("{first}.{last}") };
    let display = if one_word { first.to_owned() } else { format!("{first} {last}") };
    let mut names = Map::new();
    names.insert("display_name", display);
    names.insert("id", id.0);
    names.insert("is_display_name_default", true);
    names.insert("legacy_first_name", first);
    names.insert("legacy_last_name", last);
    names.insert("username", username.to_lowercase());
    names
}

/// A viewer asks for about 100 at a time.
const MAX_IDS: usize = 500;
/// Characters of a malformed id that are given back.
const MAX_SHOWN: usize = 64;
/// Seconds.
const MAX_AGE: f64 = 3600.0;
