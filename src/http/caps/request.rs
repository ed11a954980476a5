//! A request to a capability, its validation, and its answer.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Query;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header, request::Parts};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::super::answering::Answering;
use super::super::body::{self, BodyError};
use crate::llsd::{self, Format, Limits, Llsd};

/// A request to a capability.
pub(super) struct CapRequest {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// Whether the answer will have arrived; none without a connection.
    pub(super) answering: Option<Answering>,
    uri: Uri,
    body: Body,
}

impl CapRequest {
    pub(super) fn new(request: Request<Body>) -> Self {
        let (Parts { method, uri, headers, mut extensions, .. }, body) = request.into_parts();
        Self { method, headers, answering: extensions.remove(), uri, body }
    }

    /// Refuses other methods than `method`.
    pub(super) fn require(&self, method: &Method) -> Result<(), CapError> {
        if self.method == *method { Ok(()) } else { Err(CapError::MethodNotAllowed) }
    }

    /// What stands behind the id of the capability, such as `/category/ID/children`.
    pub(super) fn tail(&self) -> &str {
        let path = self.uri.path();
        path.strip_prefix("/cap/")
            .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)))
            .unwrap_or_default()
    }

    /// The body of a POST as LLSD of any encoding.
    pub(super) async fn post(self, limit: usize) -> Result<Llsd, CapError> {
        self.require(&Method::POST)?;
        self.body(limit).await
    }

    /// The body as LLSD of any encoding, whatever the method.
    pub(super) async fn body(self, limit: usize) -> Result<Llsd, CapError> {
        let content_type =
            self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let bytes = body::read(self.body, limit).await?;
        let limits = Limits::DEFAULT.with_body(limit);
        llsd::parse_by_type_limited(content_type, &bytes, &limits)
            .map_err(|error| CapError::BadRequest(error.to_string().into()))
    }

    /// The parameters behind the question mark, in order.
    pub(super) fn query(&self) -> Result<Vec<(String, String)>, CapError> {
        Query::try_from_uri(&self.uri)
            .map(|Query(pairs)| pairs)
            .map_err(|_| CapError::BadRequest("query string cannot be read".into()))
    }

    /// The encoding to answer in.
    pub(super) fn format(&self) -> Format {
        let accept = self.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        Format::from_accept(accept)
    }
}

/// How a capability answers when all went well.
#[derive(Debug)]
pub(super) enum CapReply {
    /// 200 with LLSD.
    Value(Llsd),
    /// Another status with LLSD.
    Status(StatusCode, Llsd),
    /// Anything else.
    Response(Response),
}

impl CapReply {
    pub(super) fn into_response(self, format: Format) -> Response {
        match self {
            Self::Value(value) => llsd_response(StatusCode::OK, format, &value),
            Self::Status(status, value) => llsd_response(status, format, &value),
            Self::Response(response) => response,
        }
    }
}

/// Why a capability did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum CapError {
    /// 400.
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    /// 403.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// 404.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// 405.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// 408.
    #[error("request body did not come in time")]
    TimedOut,
    /// 413.
    #[error("request body is longer than {0} bytes")]
    TooLarge(usize),
    /// Any status, with a map `{error_code, error_description}`: for capabilities whose clients read
    /// every answer as a map.
    #[error("{1}")]
    Map(StatusCode, String),
    /// 500 or 503: the service behind it failed.
    #[error("{0}")]
    Unavailable(&'static str),
}

impl CapError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Map(status, _) => *status,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer: always LLSD, because libremetaverse calls itself without end when the answer
    /// of its seed is none; and a map only from capabilities that want one, because from its seed it
    /// would take the keys for names of capabilities.
    pub(super) fn into_response(self, format: Format) -> Response {
        if let Self::Map(status, text) = &self {
            let body = llsd::map! {
                "error_code" => i32::from(status.as_u16()),
                "error_description" => text.as_str(),
            };
            return llsd_response(*status, format, &body);
        }
        llsd_response(self.status(), format, &Llsd::from(self.to_string()))
    }
}

impl From<BodyError> for CapError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => Self::TooLarge(limit),
            BodyError::TimedOut => Self::TimedOut,
            BodyError::Broken => Self::BadRequest("request body could not be read".into()),
        }
    }
}

/// An answer with an LLSD body.
pub(super) fn llsd_response(status: StatusCode, format: Format, value: &Llsd) -> Response {
    let content_type = [(header::CONTENT_TYPE, format.content_type())];
    (status, content_type, format.write(value)).into_response()
}
