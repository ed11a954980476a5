//! The documents of a login, as pure functions over bytes: reading requests and writing answers, in
//! XML-RPC and in LLSD.
//!
//! Both formats have the same structure, so a request is read from an [`Llsd`] map in either case.
//! A successful login is written without such a tree, because it is the longest and most frequent
//! answer. Nothing here knows accounts, sessions or sockets; the routes pass bodies in and send the
//! texts out.

mod document;
mod failure;
mod grid_info;
mod options;
mod parts;
mod request;
mod response;
#[cfg(test)]
mod tests;
pub mod xmlrpc;

pub use failure::{FailureReason, LoginFailure};
pub use grid_info::GridInfo;
pub use options::LoginOptions;
pub use parts::{
    AccountBenefits, Benefits, Buddy, Category, Folder, GlobalTextures, GridUrls, HomeLocation,
    InitialOutfit, Inventory, LoginFlags, Maturity, StartedAt,
};
pub use request::{LoginRequest, LoginRequestError, Password, StartLocation, parse_start};
pub use response::{Arrival, Identity, LoginSuccess};

use thiserror::Error;

use crate::llsd::{ErrorKind, Format, Limits, Llsd, LlsdError, parse_by_type_limited, xml};

/// What a body posted to the login address asks for, and how to answer it.
#[derive(Clone, Debug, PartialEq)]
pub struct LoginCall {
    /// The encoding that the answer must have.
    pub wire: Wire,
    /// The wish.
    pub method: LoginMethod,
}

/// The methods of a login address.
#[derive(Clone, Debug, PartialEq)]
pub enum LoginMethod {
    /// `login_to_simulator`, or an LLSD map.
    Login(Box<LoginRequest>),
    /// `get_grid_info`.
    GridInfo,
}

/// How a document of the login travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// An XML-RPC call or answer.
    XmlRpc,
    /// An LLSD document; answers are XML.
    Llsd,
}

impl Wire {
    /// The name for `Content-Type` of an answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::XmlRpc => "text/xml",
            Self::Llsd => Format::Xml.content_type(),
        }
    }

    /// A whole answer with `value` as its only result.
    pub fn write(self, value: &Llsd) -> String {
        match self {
            Self::XmlRpc => xmlrpc::write_response(value),
            Self::Llsd => xml::write(value),
        }
    }
}

/// Reads a body posted to the login address. XML is told apart by its root element, since clients
/// are careless with the content type.
///
/// # Errors
/// [`LoginBodyError`] if the body is no such document, or a field of it is bad. It knows the answer
/// to send.
pub fn parse_login(content_type: Option<&str>, body: &[u8]) -> Result<LoginCall, LoginBodyError> {
    let format = content_type.and_then(Format::from_content_type).or_else(|| Format::sniff(body));
    if format == Some(Format::Xml) && xmlrpc::is_xmlrpc(body) {
        let method = parse_xmlrpc(body)
            .map_err(|problem| LoginBodyError { wire: Some(Wire::XmlRpc), problem })?;
        return Ok(LoginCall { wire: Wire::XmlRpc, method });
    }
    let parsed = parse_by_type_limited(content_type, body, &BODY_LIMITS);
    let value = parsed.map_err(|error| LoginBodyError { wire: None, problem: error.into() })?;
    let request = LoginRequest::from_llsd(&value)
        .map_err(|error| LoginBodyError { wire: Some(Wire::Llsd), problem: error.into() })?;
    Ok(LoginCall { wire: Wire::Llsd, method: LoginMethod::Login(Box::new(request)) })
}

fn parse_xmlrpc(body: &[u8]) -> Result<LoginMethod, LoginBodyProblem> {
    let call = xmlrpc::parse_call(body, &BODY_LIMITS)?;
    match call.method.as_str() {
        "login_to_simulator" => {
            let fields = call.params.first().unwrap_or(&Llsd::Undef);
            Ok(LoginMethod::Login(Box::new(LoginRequest::from_llsd(fields)?)))
        }
        "get_grid_info" => Ok(LoginMethod::GridInfo),
        _ => Err(LoginBodyProblem::UnknownMethod),
    }
}

/// A body that cannot be answered with a login.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct LoginBodyError {
    /// The wire of the answer; nothing if the body was neither XML-RPC nor LLSD.
    pub wire: Option<Wire>,
    /// What is wrong.
    pub problem: LoginBodyProblem,
}

impl LoginBodyError {
    /// The answer to send, with its wire: a refused login for a bad field, an XML-RPC fault for a
    /// call that is none; nothing where the protocol has no answer and HTTP 400 must do.
    pub fn answer(&self) -> Option<(Wire, String)> {
        let wire = self.wire?;
        let body = match (&self.problem, wire) {
            (LoginBodyProblem::Field(error), _) => wire.write(&error.to_failure().to_llsd()),
            (LoginBodyProblem::Document(_), Wire::XmlRpc) => {
                xmlrpc::write_fault(xmlrpc::FAULT_PARSE, &self.to_string())
            }
            (LoginBodyProblem::UnknownMethod, Wire::XmlRpc) => {
                xmlrpc::write_fault(xmlrpc::FAULT_METHOD, &self.to_string())
            }
            (_, Wire::Llsd) => return None,
        };
        Some((wire, body))
    }
}

/// What is wrong with a login body.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoginBodyProblem {
    /// It is not a document.
    #[error("unreadable login request: {0}")]
    Document(#[from] LlsdError),
    /// An XML-RPC method that is not served.
    #[error("unknown method")]
    UnknownMethod,
    /// A field of the login.
    #[error(transparent)]
    Field(#[from] LoginRequestError),
}

impl LoginBodyProblem {
    /// Whether the body was over the limit, which HTTP has a status of its own for.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Document(LlsdError { kind: ErrorKind::TooLarge("body"), .. }))
    }
}

/// No client's login comes near these.
pub const BODY_LIMITS: Limits = Limits {
    depth: 16,
    nodes: 4_000,
    string_bytes: 4 << 10,
    binary_bytes: 4 << 10,
    ..Limits::SMALL
};
