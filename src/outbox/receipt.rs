//! A receipt for one message: reports whether it was delivered.

use std::fmt;

/// The end of a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The client has acked it.
    Acked,
    /// It never will be: the circuit is over, or the message did not get that far.
    Lost,
    /// It was not sent, because too much of its sender waits for this client already.
    Refused,
}

/// A question about one message that gets exactly one answer. Dropping it answers
/// [`Delivery::Lost`], so nobody on the way can forget it.
pub struct Receipt(Option<Box<dyn FnOnce(Delivery) + Send>>);

impl Receipt {
    /// Calls `then` with the answer, on the task of whoever knows it: it must not wait, and should
    /// hand on what takes time.
    pub fn new(then: impl FnOnce(Delivery) + Send + 'static) -> Self {
        Self(Some(Box::new(then)))
    }

    /// Answers.
    pub fn settle(mut self, delivery: Delivery) {
        self.answer(delivery);
    }

    fn answer(&mut self, delivery: Delivery) {
        if let Some(then) = self.0.take() {
            then(delivery);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.answer(Delivery::Lost);
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_receipt_answers_once_and_dropped_ones_say_lost() {
        let (answers, heard) = mpsc::channel();
        let receipt = || {
            let answers = answers.clone();
            Receipt::new(move |delivery| answers.send(delivery).unwrap())
        };
        receipt().settle(Delivery::Acked);
        drop(receipt());
        receipt().settle(Delivery::Lost);
        drop(answers);
        let all: Vec<Delivery> = heard.iter().collect();
        assert_eq!(all, [Delivery::Acked, Delivery::Lost, Delivery::Lost]);
    }
}
