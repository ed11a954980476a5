//! The header `Date`, from the one clock.
//!
//! hyper would write it too, but from the machine's clock, and it panics when that shows a time
//! before 1970. Ours shows the beginning of 1970 then.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::llsd::format_date;

/// Seconds since 1970 as RFC 9110 wants them: `Sun, 06 Nov 1994 08:49:37 GMT`. A year that has more
/// than four digits becomes 1970.
pub(super) fn http_date(unix: Duration) -> Option<HeaderValue> {
    let seconds = Some(unix.as_secs()).filter(|&seconds| seconds < YEAR_10000).unwrap_or(0);
    let iso = format_date(seconds as f64);
    let (date, time) = iso.split_once('T')?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let weekday = WEEKDAYS.get((seconds / 86_400 % 7) as usize)?;
    let time = time.trim_end_matches('Z');
    HeaderValue::from_str(&format!("{weekday}, {day} {month} {year} {time} GMT")).ok()
}

/// Lets hyper read the machine's clock on this thread, while the clock is right.
///
/// hyper keeps the date of each thread even where it writes none, and panics when it reads a time
/// before 1970; but it never goes back behind a date that it has. So a thread that calls this first
/// outlives a clock that is set wrong later.
pub fn settle_thread() {
    let service = service_fn(async |_: Request<Incoming>| Ok::<_, hyper::Error>(empty()));
    let connection =
        pin!(http1::Builder::new().serve_connection(TokioIo::new(tokio::io::empty()), service));
    // It ends at once: there is nothing to read.
    let ended = connection.poll(&mut Context::from_waker(Waker::noop()));
    debug_assert!(matches!(ended, Poll::Ready(Ok(()))));
}

fn empty() -> Response<String> {
    Response::new(String::new())
}

const YEAR_10000: u64 = 253_402_300_800;
/// 1970 began on a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_http_wants_them() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (86_400, "Fri, 02 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
            (1_767_225_600, "Thu, 01 Jan 2026 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (253_402_300_800, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (u64::MAX, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            let date = http_date(Duration::from_secs(seconds)).expect(text);
            assert_eq!(date.to_str().unwrap(), text);
        }
    }

    #[test]
    fn thread_is_settled_without_a_runtime() {
        settle_thread();
        settle_thread();
    }
}
