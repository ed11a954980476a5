//! HTTP for clients: keep-alive connections and bodies of limited size.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, RANGE};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::ClientError;
use crate::llsd::{self, Llsd};

/// Largest answer that is read, in bytes.
const MAX_BODY: usize = 16 << 20;

/// A pool of connections; cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpClient {
    pool: Pool<HttpConnector, Full<Bytes>>,
    timeout: Duration,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, if any.
    pub content_type: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl HttpClient {
    /// A client whose requests fail after `timeout`.
    pub fn new(timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { pool: Pool::builder(TokioExecutor::new()).build(connector), timeout }
    }

    /// GET.
    ///
    /// # Errors
    /// When no answer came; an error status is an answer.
    pub async fn get(&self, url: &str) -> Result<HttpResponse, ClientError> {
        self.send(url, Method::GET, None, None, Bytes::new()).await
    }

    /// GET with a bearer token, if there is one.
    pub async fn get_as(
        &self,
        token: Option<&str>,
        url: &str,
    ) -> Result<HttpResponse, ClientError> {
        self.send(url, Method::GET, None, bearer(token), Bytes::new()).await
    }

    /// GET of the bytes that `range` names (`bytes=0-99`).
    pub async fn get_range(&self, url: &str, range: &str) -> Result<HttpResponse, ClientError> {
        let range = (RANGE, range.to_owned());
        self.send(url, Method::GET, None, Some(range), Bytes::new()).await
    }

    /// POST.
    pub async fn post(
        &self,
        url: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<HttpResponse, ClientError> {
        self.send(url, Method::POST, Some(content_type), None, body.into()).await
    }

    /// POST with a bearer token, if there is one.
    pub async fn post_as(
        &self,
        token: Option<&str>,
        url: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<HttpResponse, ClientError> {
        self.send(url, Method::POST, Some(content_type), bearer(token), body.into()).await
    }

    /// DELETE.
    pub async fn delete(&self, url: &str) -> Result<HttpResponse, ClientError> {
        self.send(url, Method::DELETE, None, None, Bytes::new()).await
    }

    /// DELETE with a bearer token, if there is one.
    pub async fn delete_as(
        &self,
        token: Option<&str>,
        url: &str,
    ) -> Result<HttpResponse, ClientError> {
        self.send(url, Method::DELETE, None, bearer(token), Bytes::new()).await
    }

    /// POST of LLSD whose answer is LLSD.
    ///
    /// # Errors
    /// When no answer came, its status is not 2xx, or it is not LLSD.
    pub async fn post_llsd(&self, url: &str, body: &Llsd) -> Result<Llsd, ClientError> {
        let answer = self.post(url, "application/llsd+xml", llsd::xml::write(body)).await?;
        answer.llsd(url)
    }

    async fn send(
        &self,
        url: &str,
        method: Method,
        content_type: Option<&str>,
        header: Option<(HeaderName, String)>,
        body: Bytes,
    ) -> Result<HttpResponse, ClientError> {
        let failed = |reason: String| ClientError::Http { url: url.to_owned(), reason };
        let mut request = Request::builder().method(method).uri(url);
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type).header(ACCEPT, content_type);
        }
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request =
            request.body(Full::new(body)).map_err(|_| ClientError::BadUrl(url.to_owned()))?;
        let exchange = async {
            let answer = self.pool.request(request).await.map_err(|error| {
                let reason = innermost(&error);
                if error.is_connect() {
                    ClientError::Connect { url: url.to_owned(), reason }
                } else {
                    failed(reason)
                }
            })?;
            let status = answer.status().as_u16();
            let content_type = answer
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let body = Limited::new(answer.into_body(), MAX_BODY)
                .collect()
                .await
                .map_err(|error| failed(error.to_string()))?
                .to_bytes();
            Ok(HttpResponse { status, content_type, body })
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| ClientError::TimedOut(self.timeout, url.to_owned()))?
    }
}

fn bearer(token: Option<&str>) -> Option<(HeaderName, String)> {
    token.map(|token| (AUTHORIZATION, format!("Bearer {token}")))
}

/// The text of the error at the bottom: the ones above only say who passed it on.
fn innermost(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map_or_else(String::new, ToString::to_string)
}

impl HttpResponse {
    /// The body as LLSD.
    ///
    /// # Errors
    /// When the status is not 2xx, or the body is not LLSD.
    pub fn llsd(&self, url: &str) -> Result<Llsd, ClientError> {
        if !(200..300).contains(&self.status) {
            return Err(ClientError::Status { url: url.to_owned(), status: self.status });
        }
        llsd::parse_by_type(self.content_type.as_deref(), &self.body).map_err(|error| {
            ClientError::BadAnswer { url: url.to_owned(), reason: error.to_string() }
        })
    }
}
