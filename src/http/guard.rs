//! Which web pages and host names a listener accepts requests from.
//!
//! Programs send no `Origin` and are not affected. A browser sends the origin of the page that
//! makes the request, and the host name that its user believes to be talking to. A foreign page
//! must not use what listens on this machine, whatever its name resolves to.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, AllowPrivateNetwork, CorsLayer};

/// What a listener takes.
#[derive(Clone, Debug, Default)]
pub struct SiteGuard {
    names: Names,
    origins: Vec<String>,
}

/// The names under which a listener may be addressed.
#[derive(Clone, Debug, Default)]
enum Names {
    /// Whatever a client calls it: something else protects it.
    #[default]
    Any,
    /// These, or those of this machine's loopback.
    Known {
        names: Vec<String>,
        /// Whether programs must use them, too.
        always: bool,
    },
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ForeignSite {
    /// It comes from a web page of somebody else.
    #[error("requests from other web sites are refused")]
    Origin,
    /// It was meant for a host of another name, which resolves to this machine.
    #[error("host name is not one of this machine")]
    Host,
}

impl SiteGuard {
    /// Pages from the host that they address, under any name.
    pub fn any_host() -> Self {
        Self::default()
    }

    /// For a listener on loopback: the names of loopback and `names`, for pages and programs.
    pub fn this_machine(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: Names::Known { names: lower(names), always: true }, origins: Vec::new() }
    }

    /// For a listener that others reach: programs under any name, pages as [`Self::this_machine`].
    pub fn reachable(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: Names::Known { names: lower(names), always: false }, origins: Vec::new() }
    }

    /// Takes pages from these origins besides (`https://viewer.example`), and tells browsers so.
    #[must_use]
    pub fn allowing(mut self, origins: impl IntoIterator<Item = String>) -> Self {
        self.origins.extend(lower(origins));
        self
    }

    /// Judges a request by its headers.
    pub fn judge(&self, headers: &HeaderMap) -> Result<(), ForeignSite> {
        let host = text(headers, &header::HOST);
        if let Names::Known { names, always: true } = &self.names
            && host.is_some_and(|host| !is_known(host, names))
        {
            return Err(ForeignSite::Host);
        }
        let Some(origin) = text(headers, &header::ORIGIN) else { return Ok(()) };
        if self.origins.iter().any(|allowed| allowed == origin) {
            return Ok(());
        }
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        let own = authority.is_some_and(|authority| {
            host == Some(authority)
                && match &self.names {
                    Names::Any => true,
                    Names::Known { names, .. } => is_known(authority, names),
                }
        });
        if own { Ok(()) } else { Err(ForeignSite::Origin) }
    }

    /// What tells browsers that pages of the allowed origins may read answers; nothing without any.
    pub fn cors(&self) -> Option<CorsLayer> {
        let origins = self.origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        let origins: Vec<_> = origins.collect();
        if origins.is_empty() {
            return None;
        }
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods(AllowMethods::list([
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::DELETE,
            ]))
            .allow_headers(AllowHeaders::list([
                header::CONTENT_TYPE,
                header::ACCEPT,
                header::RANGE,
            ]))
            .expose_headers([header::CONTENT_RANGE, header::ACCEPT_RANGES])
            // A page from the network may call a grid on the user's own machine.
            .allow_private_network(AllowPrivateNetwork::yes())
            .max_age(PREFLIGHT_LIFE);
        Some(layer)
    }
}

/// Middleware that answers 403 to what [`SiteGuard::judge`] refuses.
pub(super) async fn guard(
    State(guard): State<Arc<SiteGuard>>,
    request: Request,
    next: Next,
) -> Response {
    match guard.judge(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            let origin = text(request.headers(), &header::ORIGIN);
            let host = text(request.headers(), &header::HOST);
            tracing::debug!(?origin, ?host, %error, "request is refused");
            (StatusCode::FORBIDDEN, format!("{error}\n")).into_response()
        }
    }
}

/// A header's text; `?`, which matches nothing, where it is none.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Whether `host`, with any port, is a name of loopback or one of `names`.
fn is_known(host: &str, names: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        || names.contains(&name)
}

fn lower(names: impl IntoIterator<Item = String>) -> Vec<String> {
    names.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// How long a browser may remember that an origin is allowed.
const PREFLIGHT_LIFE: std::time::Duration = std::time::Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(guard: &SiteGuard, host: &str, origin: &str) -> Result<(), ForeignSite> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::HOST, host), (header::ORIGIN, origin)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().unwrap());
            }
        }
        guard.judge(&headers)
    }

    fn here() -> SiteGuard {
        SiteGuard::this_machine(["Grid.example".to_owned(), "10.0.0.7".to_owned()])
    }

    #[test]
    fn names_that_only_resolve_to_this_machine_are_refused() {
        for (name, allowed) in [
            ("localhost", true),
            ("LOCALHOST:9001", true),
            ("holm.localhost:9001", true),
            ("127.0.0.2:9001", true),
            ("[::1]:9001", true),
            ("[::1]", true),
            ("grid.Example:80", true),
            ("10.0.0.7", true),
            ("", true),
            ("rebound.example:9001", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("192.168.1.5:9001", false),
            (":9001", false),
            ("[::2]:9001", false),
        ] {
            assert_eq!(judge(&here(), name, "").is_ok(), allowed, "{name}");
        }
        assert!(judge(&SiteGuard::reachable([]), "any.example", "").is_ok());
    }

    #[test]
    fn web_pages_of_others_are_refused() {
        for guard in [here(), SiteGuard::any_host(), SiteGuard::reachable([])] {
            let origin = |origin| judge(&guard, "127.0.0.1:9001", origin);
            assert_eq!(origin("http://127.0.0.1:9001"), Ok(()));
            for foreign in ["http://evil.example", "http://127.0.0.1:8080", "null", "file://"] {
                assert_eq!(origin(foreign), Err(ForeignSite::Origin), "{foreign}");
            }
        }
    }

    #[test]
    fn a_page_under_a_rebound_name_is_refused_everywhere() {
        let rebound = |guard: &SiteGuard| judge(guard, "evil.example:9", "http://evil.example:9");
        assert_eq!(rebound(&here()), Err(ForeignSite::Host));
        assert_eq!(rebound(&SiteGuard::reachable([])), Err(ForeignSite::Origin));
        let known = SiteGuard::reachable(["evil.example".to_owned()]);
        assert_eq!(rebound(&known), Ok(()));
    }

    #[test]
    fn an_allowed_origin_is_taken_exactly_as_it_is() {
        let guard = here().allowing(["https://viewer.example".to_owned()]);
        let origin = |origin| judge(&guard, "127.0.0.1:9000", origin);
        assert_eq!(origin("https://viewer.example"), Ok(()));
        for other in [
            "http://viewer.example",
            "https://viewer.example:8443",
            "https://viewer.example.evil.example",
            "https://sub.viewer.example",
        ] {
            assert_eq!(origin(other), Err(ForeignSite::Origin), "{other}");
        }
        assert_eq!(judge(&guard, "evil.example", "https://viewer.example"), Err(ForeignSite::Host));
        assert!(guard.cors().is_some() && here().cors().is_none());
    }
}
