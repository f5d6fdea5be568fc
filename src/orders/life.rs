//! The life of an order: placed → to ship → shipped → received → completed, or cancelled. Plain
//! functions; what has been paid is told apart (see [`crate::payments`]).

use serde::{Deserialize, Serialize};

use crate::locale::Text;

/// How far an order is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Fulfilment {
    /// Waits for its payment.
    Placed,
    ToShip,
    Shipped,
    Received,
    Completed,
    Cancelled,
}

/// What may happen to an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    /// It is paid, or need not be yet.
    Release,
    /// A parcel leaves, the first or a further one.
    Ship,
    Receive,
    Complete,
    Cancel,
    /// Its money came after it was cancelled for want of it.
    Reopen,
}

/// What a move does to the stock that the order took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stock {
    Stays,
    GoesBack,
    IsTaken,
}

impl Fulfilment {
    pub const ALL: [Self; 6] =
        [Self::Placed, Self::ToShip, Self::Shipped, Self::Received, Self::Completed, Self::Cancelled];

    /// Where a move leads; `None` if it is not possible from here.
    pub const fn after(self, step: Move) -> Option<Self> {
        match (self, step) {
            (Self::Placed, Move::Release) | (Self::Cancelled, Move::Reopen) => Some(Self::ToShip),
            (Self::ToShip | Self::Shipped, Move::Ship) => Some(Self::Shipped),
            // A late parcel of an order whose customer has said 'received' already.
            (Self::Received, Move::Ship) | (Self::Shipped, Move::Receive) => Some(Self::Received),
            (Self::Shipped | Self::Received, Move::Complete) => Some(Self::Completed),
            // A shipped order is cancelled when its parcel comes back.
            (Self::Placed | Self::ToShip | Self::Shipped, Move::Cancel) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Whether its goods are out of the stock.
    pub const fn holds_stock(self) -> bool {
        !matches!(self, Self::Cancelled)
    }

    /// What going from here to `next` does to the stock.
    pub const fn stock_on_way_to(self, next: Self) -> Stock {
        match (self.holds_stock(), next.holds_stock()) {
            (true, false) => Stock::GoesBack,
            (false, true) => Stock::IsTaken,
            _ => Stock::Stays,
        }
    }

    pub const fn title(self) -> Text {
        match self {
            Self::Placed => Text::new("Placed", "已下单"),
            Self::ToShip => Text::new("To ship", "待发货"),
            Self::Shipped => Text::new("Shipped", "已发货"),
            Self::Received => Text::new("Received", "已收货"),
            Self::Completed => Text::new("Completed", "已完成"),
            Self::Cancelled => Text::new("Cancelled", "已取消"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOVES: [Move; 6] =
        [Move::Release, Move::Ship, Move::Receive, Move::Complete, Move::Cancel, Move::Reopen];

    #[test]
    fn every_move_from_every_state() {
        use Fulfilment::{Cancelled, Completed, Placed, Received, Shipped, ToShip};
        // Release, Ship, Receive, Complete, Cancel, Reopen.
        let expected = [
            (Placed, [Some(ToShip), None, None, None, Some(Cancelled), None]),
            (ToShip, [None, Some(Shipped), None, None, Some(Cancelled), None]),
            (Shipped, [None, Some(Shipped), Some(Received), Some(Completed), Some(Cancelled), None]),
            (Received, [None, Some(Received), None, Some(Completed), None, None]),
            (Completed, [None; 6]),
            (Cancelled, [None, None, None, None, None, Some(ToShip)]),
        ];
        assert_eq!(expected.map(|(from, _)| from), Fulfilment::ALL);
        for (from, nexts) in expected {
            assert_eq!(MOVES.map(|step| from.after(step)), nexts, "from {from:?}");
        }
    }

    proptest! {
        #[test]
        fn no_order_goes_backward_and_its_stock_is_given_back_once_for_each_time_taken(
            steps in proptest::collection::vec(0_usize..6, 0..60),
        ) {
            let mut state = Fulfilment::Placed;
            let mut out = 1_i32;
            for step in steps.into_iter().map(|step| MOVES[step]) {
                let Some(next) = state.after(step) else { continue };
                prop_assert!(next >= state || step == Move::Reopen, "{state:?} to {next:?}");
                match state.stock_on_way_to(next) {
                    Stock::GoesBack => out -= 1,
                    Stock::IsTaken => out += 1,
                    Stock::Stays => {}
                }
                prop_assert_eq!(out, i32::from(next.holds_stock()));
                state = next;
            }
        }
    }
}
