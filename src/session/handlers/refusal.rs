//! Alerts for users who ask for something that this grid does not have.

use std::time::Duration;

use super::{Outcome, Session, Turn};
use crate::time::Timestamp;

/// A user gets the same refusal once in this time: dragging an object sends many requests a second.
const NOTIFY_EVERY: Duration = Duration::from_secs(5);

/// Defines the refusals with their texts.
macro_rules! refusals {
    ($($(#[$meta:meta])* $name:ident => $text:literal,)*) => {
        /// Why something is not done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Refusal {
            $($(#[$meta])* $name,)*
        }

        impl Refusal {
            /// How many there are.
            const COUNT: usize = [$(Self::$name),*].len();

            /// The text for the user.
            pub(super) const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

refusals! {
    /// Changes to objects.
    Building => "Objects cannot be created, changed, taken or deleted in this region.",
    /// What is inside objects.
    TaskInventory => "The contents of objects cannot be changed in this region.",
    /// Sitting on objects.
    Sitting => "There is no seat on this object. You can sit on the ground.",
    /// Attachments.
    Attachments => "Objects cannot be attached in this region.",
    /// Payments of every kind.
    Money => "There is no money on this grid. Nothing was paid or bought.",
    /// Land.
    Land => "The land of this region cannot be changed.",
    /// What estate managers and region owners do.
    Estate => "The estate and the region cannot be changed from a viewer.",
    /// What grid administrators do.
    Administration => "There are no administrator powers on this grid.",
    /// Writing to inventories.
    Inventory => "Your inventory cannot be changed on this grid. Nothing was saved.",
    /// Uploads.
    Upload => "Nothing can be uploaded to this grid.",
    /// Classified advertisements.
    Classifieds => "There are no classifieds on this grid.",
    /// Picks.
    Picks => "There are no profile picks on this grid.",
    /// Events.
    Events => "There are no events on this grid.",
    /// Votes in groups.
    GroupVotes => "There is no voting in groups on this grid.",
    /// Reports of abuse.
    AbuseReports => "Nobody reads abuse reports on this grid. Your report was not sent.",
    /// Mail.
    Mail => "This grid does not send mail. Nothing was saved or sent.",
}

/// When a user was last notified of each refusal.
#[derive(Default)]
pub(super) struct Refusals {
    notified: [Option<Timestamp>; Refusal::COUNT],
}

impl Refusals {
    /// Whether to notify the user now.
    fn notifies(&mut self, refusal: Refusal, now: Timestamp) -> bool {
        let Some(last) = self.notified.get_mut(refusal as usize) else { return false };
        if last.is_some_and(|at| now.since(at) < NOTIFY_EVERY) {
            return false;
        }
        *last = Some(now);
        true
    }
}

impl Session {
    /// Tells the user why nothing is done, unless that happened a moment ago.
    pub(super) fn refuse(&mut self, turn: &mut Turn<'_>, refusal: Refusal) -> Outcome {
        if self.refusals.notifies(refusal, turn.now) {
            self.alert(turn, refusal.text());
        }
        Outcome::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_notified_once_in_a_while() {
        let mut refusals = Refusals::default();
        let now = Timestamp::ZERO + Duration::from_secs(100);
        assert!(refusals.notifies(Refusal::Building, now));
        assert!(!refusals.notifies(Refusal::Building, now + Duration::from_secs(1)));
        assert!(refusals.notifies(Refusal::Mail, now), "another refusal");
        assert!(refusals.notifies(Refusal::Building, now + NOTIFY_EVERY));
    }
}
