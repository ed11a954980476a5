//! Decides whether the server is still alive, from what all agents have received.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::LoadError;
use super::plan::Manner;
use super::shared::{Presence, Shared, nanos};
use crate::time::Timestamp;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Health {
    refused_since: Option<Timestamp>,
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
                // That strange agents are thrown out is the server's right.
                Presence::Fallen if part.manner == Manner::Viewer => fallen += 1,
                Presence::Fallen | Presence::Present | Presence::Away => {}
            }
        }
        if present == 0 {
            return if fallen > 0 && shared.count(Presence::Present) == 0 {
                died(&format!("all {fallen} circuits have ended; {}", first_text(shared)))
            } else {
                Ok(())
            };
        }
        if self.is_refused(now, refused == present) {
            died("its port takes no datagrams any more")
        } else if silent == present {
            died(&format!("nothing has come from it for {} s", SILENCE.as_secs()))
        } else {
            Ok(())
        }
    }

    /// Looks at logins that are to come all the time.
    pub fn check_logins(&mut self, now: Timestamp, shared: &Shared) -> Result<(), LoadError> {
        let logins = shared.totals().logins;
        let since = *self.login_at.get_or_insert(now);
        if logins > self.logins {
            self.logins = logins;
            self.login_at = Some(now);
            self.refused_since = None;
            return Ok(());
        }
        let refused = shared.unreachable.load(Ordering::Relaxed);
        if self.is_refused(now, refused) {
            died("it takes no connections or datagrams any more")
        } else if logins > 0 && now.since(since) > NO_LOGIN {
            died(&format!("no login has succeeded for {} s", NO_LOGIN.as_secs()))
        } else {
            Ok(())
        }
    }

    /// Whether everything has been refused for a while; a server may be slow to bind.
    fn is_refused(&mut self, now: Timestamp, refused: bool) -> bool {
        if !refused {
            self.refused_since = None;
            return false;
        }
        now.since(*self.refused_since.get_or_insert(now)) >= REFUSED
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
/// The same when the system itself says that nobody listens.
const REFUSED: Duration = Duration::from_secs(2);
/// The same for logins.
const NO_LOGIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::cast::Part;
    use crate::load::plan::{Plan, Scenario};

    fn shared(manners: &[Manner]) -> Shared {
        let plan = Plan::example(manners.len(), Scenario::Idle);
        let parts = manners.iter().map(|&manner| Part { manner, ..Part::IDLE }).collect();
        let shared = Shared::new(plan, parts, Vec::new());
        shared.seats.iter().for_each(|seat| seat.set_presence(Presence::Present));
        shared
    }

    fn is_dead(checked: &Result<(), LoadError>) -> bool {
        matches!(checked, Err(LoadError::ServerDied { .. }))
    }

    #[test]
    fn silence_on_all_circuits_is_death() {
        let shared = shared(&[Manner::Viewer, Manner::Silent, Manner::Rude]);
        let mut health = Health::default();
        let late = Timestamp::ZERO + SILENCE;
        assert_eq!(health.check_circuits(late, &shared), Ok(()));
        let later = late + Duration::from_millis(1);
        shared.seats[1].heard_at.store(nanos(late), Ordering::Relaxed);
        assert_eq!(health.check_circuits(later, &shared), Ok(()), "one has heard something");
        assert!(is_dead(&health.check_circuits(later + SILENCE, &shared)));
    }

    #[test]
    fn silence_of_rude_agents_is_no_death() {
        let shared = shared(&[Manner::Rude]);
        let late = Timestamp::ZERO + SILENCE * 10;
        assert_eq!(Health::default().check_circuits(late, &shared), Ok(()));
    }

    #[test]
    fn refused_datagrams_are_death_after_a_while() {
        let shared = shared(&[Manner::Viewer, Manner::Viewer]);
        let mut health = Health::default();
        shared.seats[0].refused.store(true, Ordering::Relaxed);
        assert_eq!(health.check_circuits(Timestamp::ZERO, &shared), Ok(()));
        shared.seats[1].refused.store(true, Ordering::Relaxed);
        let later = Timestamp::ZERO + REFUSED;
        assert_eq!(health.check_circuits(later, &shared), Ok(()));
        assert_eq!(health.check_circuits(later + REFUSED / 2, &shared), Ok(()));
        assert!(is_dead(&health.check_circuits(later + REFUSED, &shared)));
    }

    #[test]
    fn strange_agents_that_are_thrown_out_are_no_death() {
        let shared = shared(&[Manner::Silent, Manner::Rude]);
        shared.seats.iter().for_each(|seat| seat.set_presence(Presence::Fallen));
        assert_eq!(Health::default().check_circuits(Timestamp::ZERO, &shared), Ok(()));
    }

    #[test]
    fn when_all_fell_out_the_server_is_gone() {
        let shared = shared(&[Manner::Viewer, Manner::Viewer]);
        shared.seats[0].set_presence(Presence::Fallen);
        assert_eq!(Health::default().check_circuits(Timestamp::ZERO, &shared), Ok(()));
        shared.seats[1].set_presence(Presence::Fallen);
        assert!(is_dead(&Health::default().check_circuits(Timestamp::ZERO, &shared)));
    }
}
