//! Who may use the control API: whoever has the token, or, without one, programs on this machine
//! but not web pages that a browser on this machine happens to show.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use thiserror::Error;

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
        let host = text(headers, &header::HOST);
        // Browsers name the page that a request comes from; programs do not.
        if let Some(origin) = text(headers, &header::ORIGIN) {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            if authority.is_none() || authority != host {
                return Err(ControlError::Forbidden("requests from other web sites are refused"));
            }
        }
        let Some(token) = self.token() else {
            // A web page can make its own name point here, but then the name stands in `Host`.
            return match host {
                Some(host) if !is_loopback_name(host) => {
                    Err(ControlError::Forbidden("host name is not one of this machine"))
                }
                _ => Ok(()),
            };
        };
        let given = text(headers, &header::AUTHORIZATION).and_then(bearer);
        match given {
            Some(given) if same_secret(given.as_bytes(), token.as_bytes()) => Ok(()),
            _ => Err(ControlError::Unauthorized),
        }
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

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let local =
        name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    local || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
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
    fn web_pages_of_others_are_refused() {
        let access = ControlAccess { token: None, loopback: true };
        let host = (header::HOST, "127.0.0.1:9001");
        assert_eq!(judge(&access, std::slice::from_ref(&host)), None);
        let origin = |origin| judge(&access, &[host.clone(), (header::ORIGIN, origin)]);
        assert_eq!(origin("http://127.0.0.1:9001"), None);
        assert_eq!(origin("http://evil.example"), Some(403));
        assert_eq!(origin("http://127.0.0.1:8080"), Some(403));
        assert_eq!(origin("null"), Some(403));
    }

    #[test]
    fn names_that_only_resolve_to_this_machine_are_refused() {
        let access = ControlAccess { token: None, loopback: true };
        for (name, allowed) in [
            ("localhost", true),
            ("LOCALHOST:9001", true),
            ("holm.localhost:9001", true),
            ("127.0.0.2:9001", true),
            ("[::1]:9001", true),
            ("rebound.example:9001", false),
            ("127.0.0.1.evil.example", false),
            ("192.168.1.5:9001", false),
        ] {
            assert_eq!(judge(&access, &[(header::HOST, name)]).is_none(), allowed, "{name}");
        }
        assert_eq!(judge(&access, &[]), None, "old programs send no host");
    }
}
