//! The receipts of one circuit, in the order in which their messages were sent.

use std::collections::VecDeque;

use crate::outbox::{Delivery, Receipt};

/// Receipts that were not answered yet. Their tokens are consecutive, and most are answered in order,
/// so their places in one list are all there is to find them by.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    /// Begins with one that is open; those that were answered leave gaps.
    open: VecDeque<Option<Receipt>>,
    /// Token of the first.
    first: u64,
}

impl Receipts {
    /// Keeps a receipt; gives its token.
    pub(super) fn keep(&mut self, receipt: Receipt) -> u64 {
        let token = self.first + self.open.len() as u64;
        self.open.push_back(Some(receipt));
        token
    }

    /// Answers one, unless it was answered before.
    pub(super) fn settle(&mut self, token: u64, delivery: Delivery) {
        let place = token.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let open = place.and_then(|place| self.open.get_mut(place));
        if let Some(receipt) = open.and_then(Option::take) {
            receipt.settle(delivery);
        }
        while let Some(None) = self.open.front() {
            self.open.pop_front();
            self.first += 1;
        }
    }

    /// Answers all that are open: their messages are lost.
    pub(super) fn lose_all(&mut self) {
        self.first += self.open.len() as u64;
        for receipt in std::mem::take(&mut self.open).into_iter().flatten() {
            receipt.settle(Delivery::Lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn open_receipts_are_lost_in_the_order_of_sending() {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let mut receipts = Receipts::default();
        let tokens: Vec<u64> = (0..20)
            .map(|number| {
                let answers = answers.clone();
                let report = move |delivery| answers.lock().unwrap().push((number, delivery));
                receipts.keep(Receipt::new(report))
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
