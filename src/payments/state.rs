//! What has been paid for an order: due → paid → refund due → refunded. Plain functions; a state
//! never goes backward.

use serde::{Deserialize, Serialize};

use super::Method;
use crate::money::Money;
use crate::store::record;

/// How far the payment of an order is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum State {
    Due,
    Paid,
    /// Money must go back to the customer.
    RefundDue,
    Refunded,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Due, Self::Paid, Self::RefundDue, Self::Refunded];
}

record! {
    /// The money of one order.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Bill {
        pub method: Method = Property,
        pub state: State = Property,
        /// What the order costs.
        pub total: Money = Property,
        /// What has come in: nothing, or the total.
        pub paid: Money = Property,
        /// What has gone back; never more than was paid.
        pub refunded: Money = Property,
    }
}

impl Bill {
    /// A bill for `total`. One over nothing is paid at once.
    pub fn new(method: Method, total: Money) -> Self {
        let state = if total.is_zero() { State::Paid } else { State::Due };
        let nothing = Money::zero(total.currency);
        Self { method, state, total, paid: nothing, refunded: nothing }
    }

    /// The money came in, all of it. `None` if nothing is due.
    #[must_use]
    pub fn pay(self) -> Option<Self> {
        (self.state == State::Due).then_some(Self { state: State::Paid, paid: self.total, ..self })
    }

    /// What was paid and has not gone back.
    pub fn kept(self) -> Money {
        // What is refunded is never more than what is paid, so there is always a difference.
        self.paid.minus(self.refunded).unwrap_or(Money::zero(self.total.currency))
    }

    /// The order came to nothing: whatever was paid and not given back is owed.
    #[must_use]
    pub fn call_off(self) -> Self {
        let state = match self.state {
            State::Paid if self.kept().is_zero() => State::Refunded,
            State::Paid => State::RefundDue,
            other => other,
        };
        Self { state, ..self }
    }

    /// So much went back to the customer, owed or for goodwill. `None` if it is nothing, or more
    /// than is left of what was paid.
    #[must_use]
    pub fn refund(self, amount: Money) -> Option<Self> {
        if amount.minor <= 0 || !matches!(self.state, State::Paid | State::RefundDue) {
            return None;
        }
        let rest = self.kept().minus(amount)?;
        let state = if rest.is_zero() { State::Refunded } else { self.state };
        Some(Self { state, refunded: self.refunded.plus(amount)?, ..self })
    }

    /// What is wrong with the sums, in words; `None` if they are sound.
    pub fn fault(self) -> Option<&'static str> {
        let (total, paid, refunded) = (self.total.minor, self.paid.minor, self.refunded.minor);
        if total < 0 || paid < 0 || refunded < 0 {
            return Some("an amount is below zero");
        }
        if refunded > paid {
            return Some("more was refunded than paid");
        }
        let expected = if self.state == State::Due { 0 } else { total };
        if paid != expected {
            return Some("what was paid does not fit the state");
        }
        match self.state {
            State::RefundDue if refunded == paid => Some("a refund is due, but all went back"),
            State::Refunded if refunded != paid => Some("refunded, but not all went back"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    fn fen(minor: i64) -> Money {
        Money::new(minor, Currency::CNY)
    }

    fn bill(state: State, refunded: i64) -> Bill {
        let paid = if state == State::Due { 0 } else { 1000 };
        Bill { method: Method::Transfer, state, total: fen(1000), paid: fen(paid), refunded: fen(refunded) }
    }

    #[test]
    fn every_event_in_every_state() {
        use State::{Due, Paid, RefundDue, Refunded};
        for (before, paid, called_off, part, all) in [
            (bill(Due, 0), Some(Paid), Due, None, None),
            (bill(Paid, 0), None, RefundDue, Some(Paid), Some(Refunded)),
            (bill(RefundDue, 0), None, RefundDue, Some(RefundDue), Some(Refunded)),
            (bill(Refunded, 1000), None, Refunded, None, None),
        ] {
            assert_eq!(before.pay().map(|bill| bill.state), paid, "pay {before:?}");
            assert_eq!(before.call_off().state, called_off, "call off {before:?}");
            assert_eq!(before.refund(fen(1)).map(|bill| bill.state), part, "part of {before:?}");
            assert_eq!(before.refund(fen(1000)).map(|bill| bill.state), all, "all of {before:?}");
            assert_eq!(before.refund(fen(1001)), None, "too much of {before:?}");
            assert_eq!(before.refund(fen(0)), None, "nothing of {before:?}");
        }
    }

    #[test]
    fn a_bill_over_nothing_is_paid_and_owes_nothing() {
        let free = Bill::new(Method::Transfer, fen(0));
        assert_eq!(free.state, State::Paid);
        assert_eq!(free.call_off().state, State::Refunded);
        assert_eq!(free.fault(), None);
    }

    proptest! {
        #[test]
        fn no_bill_goes_backward_or_gives_back_more_than_came_in(
            total in 0_i64..10_000,
            events in proptest::collection::vec((0_u8..3, 0_i64..6_000), 0..40),
        ) {
            let mut bill = Bill::new(Method::Transfer, fen(total));
            let mut given = 0;
            for (event, amount) in events {
                let next = match event {
                    0 => bill.pay(),
                    1 => Some(bill.call_off()),
                    _ => bill.refund(fen(amount)).inspect(|_| given += amount),
                };
                let next = next.unwrap_or(bill);
                prop_assert!(next.state >= bill.state);
                prop_assert_eq!(next.fault(), None);
                prop_assert_eq!(next.refunded.minor, given);
                prop_assert!(next.refunded.minor <= next.paid.minor);
                bill = next;
            }
        }
    }
}
