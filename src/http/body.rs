//! Request bodies, limited in size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use thiserror::Error;

/// Why a request body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// It is longer than this many bytes.
    #[error("request body is longer than {0} bytes")]
    TooLarge(usize),
    /// It did not come in time.
    #[error("request body did not come in time")]
    TimedOut,
    /// The connection failed, or the transfer coding was wrong.
    #[error("request body could not be read")]
    Broken,
}

/// Reads a whole body of at most `limit` bytes, in at most [`PATIENCE`].
///
/// # Errors
/// When it is too long, too slow, or breaks off.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    match tokio::time::timeout(PATIENCE, Limited::new(body, limit).collect()).await {
        Err(_) => Err(BodyError::TimedOut),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge(limit)),
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}

/// Longest time that a client may take over one body.
pub const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn the_limit_is_exact() {
        assert_eq!(read(Body::from(vec![0; 10]), 10).await.unwrap().len(), 10);
        assert_eq!(read(Body::from(vec![0; 11]), 10).await, Err(BodyError::TooLarge(10)));
    }

    struct Stalled;

    impl hyper::body::Body for Stalled {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        assert_eq!(read(Body::new(Stalled), 10).await, Err(BodyError::TimedOut));
    }
}
