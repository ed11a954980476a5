//! The seed capability: returns the URLs of the capabilities that a client names.

use std::sync::Arc;

use super::NAMES;
use super::request::{CapError, CapReply, CapRequest};
use crate::llsd::{Llsd, Map};
use crate::session::AgentSession;

/// POST of an array of names; the answer has the URLs of those that exist, and nothing for the
/// others: a viewer would take an empty string for a URL.
pub(super) async fn exchange(
    session: &Arc<AgentSession>,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let wanted = request.post(MAX_BODY).await?;
    let Llsd::Array(wanted) = &wanted else {
        return Err(CapError::BadRequest("request body is not an array of names".into()));
    };
    let mut urls = Map::new();
    for name in wanted.iter().filter_map(Llsd::as_str) {
        if let Some(name) = NAMES.into_iter().find(|known| *known == name) {
            let url = session.caps.grant(session, name).ok_or(CapError::NotFound("capability"))?;
            urls.insert(name, url);
        }
    }
    Ok(CapReply::Value(Llsd::Map(urls)))
}

/// About 115 names make 6 KB.
const MAX_BODY: usize = 64 << 10;
