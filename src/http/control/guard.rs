//! Access to the control API: requests with the token or, without a token, programs on this
//! machine, but not web pages that a browser on this machine happens to show.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::super::guard::{ForeignSite, SiteGuard, text};
use super::error::ControlError;
use crate::scripts::same_secret;

/// How the control listener is protected.
#[derive(Clone, Debug, Default)]
pub struct ControlAccess {
    /// Demanded as `Authorization: Bearer …` when set.
    pub token: Option<String>,
    /// Whether the listener is bound to a loopback address.
    pub loopback: bool,
}

/// A control listener that anybody could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the control listener is not on a loopback address and needs a token")]
pub struct MissingToken;

impl ControlAccess {
    /// Refuses a combination that would leave the API open to the network.
    ///
    /// # Errors
    /// Without a token on any address but loopback. An empty token is none.
    pub fn check(&self) -> Result<(), MissingToken> {
        if self.token().is_none() && !self.loopback {
            return Err(MissingToken);
        }
        Ok(())
    }

    fn token(&self) -> Option<&str> {
        self.token.as_deref().filter(|token| !token.is_empty())
    }

    fn judge(&self, headers: &HeaderMap) -> Result<(), ControlError> {
        let Some(token) = self.token() else {
            return Ok(SiteGuard::this_machine([]).judge(headers)?);
        };
        SiteGuard::any_host().judge(headers)?;
        let given = text(headers, &header::AUTHORIZATION).and_then(bearer);
        match given {
            Some(given) if same_secret(given.as_bytes(), token.as_bytes()) => Ok(()),
            _ => Err(ControlError::Unauthorized),
        }
    }
}

impl From<ForeignSite> for ControlError {
    fn from(site: ForeignSite) -> Self {
        Self::Forbidden(match site {
            ForeignSite::Origin => "requests from other web sites are refused",
            ForeignSite::Host => "host name is not one of this machine",
        })
    }
}

/// Middleware that lets only permitted requests through.
pub(super) async fn guard(
    State(access): State<Arc<ControlAccess>>,
    request: Request,
    next: Next,
) -> Response {
    match access.judge(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(access: &ControlAccess, headers: &[(header::HeaderName, &str)]) -> Option<u16> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect::<HeaderMap>();
        let response = access.judge(&headers).err()?.into_response();
        Some(response.status().as_u16())
    }

    #[test]
    fn an_open_listener_off_loopback_is_refused() {
        let open = ControlAccess::default();
        assert_eq!(open.check(), Err(MissingToken));
        let empty = ControlAccess { token: Some(String::new()), loopback: false };
        assert_eq!(empty.check(), Err(MissingToken));
        assert!(ControlAccess { token: Some("t".into()), loopback: false }.check().is_ok());
        assert!(ControlAccess { token: None, loopback: true }.check().is_ok());
    }

    #[test]
    fn a_configured_token_is_demanded_even_on_loopback() {
        let access = ControlAccess { token: Some("s3cret".into()), loopback: true };
        let with = |value| judge(&access, &[(header::AUTHORIZATION, value)]);
        assert_eq!(with("Bearer s3cret"), None);
        assert_eq!(with("bearer  s3cret"), None);
        for wrong in ["Bearer s3cre", "Bearer s3crets", "Bearer S3cret", "Basic s3cret", "s3cret"] {
            assert_eq!(with(wrong), Some(401), "{wrong}");
        }
        assert_eq!(judge(&access, &[]), Some(401));
    }

    #[test]
    fn pages_and_hosts_of_others_are_refused() {
        let host = |name| (header::HOST, name);
        let evil = (header::ORIGIN, "http://evil.example");
        let open = ControlAccess { token: None, loopback: true };
        assert_eq!(judge(&open, &[host("127.0.0.1:9001")]), None);
        assert_eq!(judge(&open, &[host("127.0.0.1:9001"), evil.clone()]), Some(403));
        assert_eq!(judge(&open, &[host("rebound.example:9001")]), Some(403));
        assert_eq!(judge(&open, &[]), None, "old programs send no host");
        let closed = ControlAccess { token: Some("s3cret".into()), loopback: false };
        let token = (header::AUTHORIZATION, "Bearer s3cret");
        assert_eq!(judge(&closed, &[host("grid.example"), token.clone()]), None);
        assert_eq!(judge(&closed, &[host("grid.example"), token, evil]), Some(403));
    }
}
