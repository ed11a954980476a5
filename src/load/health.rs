//! Is the server still there? Judged once a second by what all agents have heard of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::LoadError;
use super::plan::Manner;
use super::shared::{Presence, Shared, nanos};
use crate::time::Timestamp;

/// What was seen at the last looks.
#[derive(Debug, Default)]
pub(super) struct Health {
    refused: u32,
    logins: u64,
    login_at: Option<Timestamp>,
}

impl Health {
    /// Looks at all circuits.
    ///
    /// # Errors
    /// [`LoadError::ServerDied`] when nothing can come from the server any more.
    pub fn check_circuits(&mut self, now: Timestamp, shared: &Shared) -> Result<(), LoadError> {
        let (mut present, mut fallen, mut silent, mut refused) = (0, 0, 0, 0);
        for (seat, part) in shared.seats.iter().zip(&shared.parts) {
            match seat.presence() {
                // Who does not read knows nothing.
                Presence::Present if part.manner != Manner::Rude => {
                    present += 1;
                    let since = nanos(now).saturating_sub(seat.heard_at.load(Ordering::Relaxed));
                    silent += u32::from(u128::from(since) > SILENCE.as_nanos());
                    refused += u32::from(seat.refused.load(Ordering::Relaxed));
                }
                Presence::Fallen => fallen += 1,
                Presence::Present | Presence::Away => {}
            }
        }
        if present == 0 {
            return if fallen > 0 && shared.count(Presence::Present) == 0 {
                died(&format!("all {fallen} circuits have ended; {}", first_text(shared)))
            } else {
                Ok(())
            };
        }
        self.refused = if refused == present { self.refused + 1 } else { 0 };
        if self.refused >= 2 {
            died("its port takes no datagrams any more")
        } else if silent == present {
            died(&format!("nothing has come from it for {} s", SILENCE.as_secs()))
        } else {
            Ok(())
        }
    }

    /// Looks at logins that are to come all the time.
    ///
    /// # Errors
    /// As [`Health::check_circuits`].
    pub fn check_logins(&mut self, now: Timestamp, shared: &Shared) -> Result<(), LoadError> {
        let logins = shared.totals().logins;
        let since = *self.login_at.get_or_insert(now);
        if logins > self.logins {
            self.logins = logins;
            self.login_at = Some(now);
            self.refused = 0;
            return Ok(());
        }
        let refused = shared.unreachable.load(Ordering::Relaxed);
        self.refused = if refused { self.refused + 1 } else { 0 };
        if self.refused >= 2 {
            died("it takes no connections any more")
        } else if logins > 0 && now.since(since) > NO_LOGIN {
            died(&format!("no login has succeeded for {} s", NO_LOGIN.as_secs()))
        } else {
            Ok(())
        }
    }
}

fn died(reason: &str) -> Result<(), LoadError> {
    Err(LoadError::ServerDied { reason: reason.to_owned() })
}

fn first_text(shared: &Shared) -> String {
    let totals = shared.totals();
    let first = totals.troubles.iter().find(|trouble| trouble.kind == "circuit");
    first.map(|trouble| trouble.text.clone()).unwrap_or_default()
}

/// Servers ping every few seconds; after this long without anything on any circuit one is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// The same for logins.
const NO_LOGIN: Duration = Duration::from_secs(15);
