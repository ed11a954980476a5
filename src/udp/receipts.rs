//! The receipts of one circuit, in the order in which their messages were sent.

use std::collections::BTreeMap;

use crate::outbox::{Delivery, Receipt};

/// Receipts that were not answered yet, by the token under which the circuit knows their message.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    open: BTreeMap<u64, Receipt>,
    last: u64,
}

impl Receipts {
    /// Keeps a receipt; gives its token.
    pub(super) fn keep(&mut self, receipt: Receipt) -> u64 {
        self.last += 1;
        self.open.insert(self.last, receipt);
        self.last
    }

    /// Answers one, unless it was answered before.
    pub(super) fn settle(&mut self, token: u64, delivery: Delivery) {
        if let Some(receipt) = self.open.remove(&token) {
            receipt.settle(delivery);
        }
    }

    /// Answers all that are open: their messages are lost.
    pub(super) fn lose_all(&mut self) {
        for (_, receipt) in std::mem::take(&mut self.open) {
            receipt.settle(Delivery::Lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn what_is_open_is_lost_in_the_order_of_sending() {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let mut receipts = Receipts::default();
        let tokens: Vec<u64> = (0..20)
            .map(|number| {
                let answers = answers.clone();
                let tell = move |delivery| answers.lock().unwrap().push((number, delivery));
                receipts.keep(Receipt::new(tell))
            })
            .collect();
        receipts.settle(tokens[7], Delivery::Acked);
        receipts.settle(tokens[7], Delivery::Lost);
        receipts.lose_all();
        receipts.settle(tokens[3], Delivery::Acked);
        let lost = (0..20).filter(|&number| number != 7).map(|number| (number, Delivery::Lost));
        let expected: Vec<_> = std::iter::once((7, Delivery::Acked)).chain(lost).collect();
        assert_eq!(*answers.lock().unwrap(), expected);
    }
}
