//! Errors of the control API and their JSON form.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::model::Problem;
use crate::clep::DirectoryError;
use crate::lsl::BusError;
use crate::objects::ObjectError;
use crate::scripts::{AccessError, FieldError};

/// Why a request to the control API failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// The body or one of its fields is wrong: 400.
    #[error("{message}")]
    Invalid {
        /// The field at fault, if it is one.
        field: Option<&'static str>,
        /// What is wrong with it.
        message: String,
    },
    /// No or a wrong token: 401.
    #[error("a bearer token is required")]
    Unauthorized,
    /// The request comes from a web page of somebody else: 403.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is nothing by that name: 404.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// There is nothing by that name, in words: 404.
    #[error("{0}")]
    Missing(String),
    /// The route knows other methods only: 405.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// It exists already: 409.
    #[error("{message}")]
    Conflict {
        /// The field at fault, if it is one.
        field: Option<&'static str>,
        /// What exists.
        message: String,
    },
    /// The body is too long: 413.
    #[error("request body is longer than {0} bytes")]
    TooLarge(usize),
    /// The body did not come in time: 408.
    #[error("request body did not come in time")]
    TimedOut,
    /// The server cannot do it now: 503.
    #[error("{0}")]
    Unavailable(String),
    /// Our own fault: 500.
    #[error("internal error, please report: {0}")]
    Internal(String),
}

impl ControlError {
    /// A wrong field.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field: Some(field), message: message.into() }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<FieldError> for ControlError {
    fn from(error: FieldError) -> Self {
        Self::Invalid { field: error.field, message: error.message }
    }
}

impl From<AccessError> for ControlError {
    fn from(error: AccessError) -> Self {
        let (field, message) = (error.field(), error.to_string());
        match error {
            AccessError::Busy | AccessError::Stopped => Self::Unavailable(message),
            AccessError::Accounts(_) => Self::Internal(message),
            AccessError::UnknownRegion(_)
            | AccessError::UnknownAccount { .. }
            | AccessError::Field(_) => Self::Invalid { field, message },
            AccessError::Object(error) => match error {
                ObjectError::UnknownObject(_)
                | ObjectError::Bus(BusError::UnknownObject(_) | BusError::UnknownPrim(_)) => {
                    Self::NotFound("object")
                }
                ObjectError::Bus(BusError::UnknownScript(_)) => Self::NotFound("script"),
                ObjectError::Bus(BusError::BadKey(_) | BusError::TooMany { .. })
                | ObjectError::ClepName(DirectoryError::Full { .. }) => {
                    Self::Conflict { field, message }
                }
                _ => Self::Invalid { field, message },
            },
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let field = match &self {
            Self::Invalid { field, .. } | Self::Conflict { field, .. } => *field,
            _ => None,
        };
        let problem = Problem { error: self.to_string(), field: field.map(str::to_owned) };
        let mut response = (self.status(), Json(problem)).into_response();
        if self == Self::Unauthorized {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
