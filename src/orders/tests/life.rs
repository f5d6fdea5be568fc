//! What happens to an order after it was placed.

use proptest::prelude::*;

use super::super::records::{CONSIGNEES, Happening};
use super::fixture::{CLERK, World, is_refused, yuan};
use crate::ids::OrderNumber;
use crate::orders::{self, Actor, Fulfilment, Tab};
use crate::payments::{Method, State};
use crate::store::Decided;

fn pay(world: &World, number: &OrderNumber) -> Decided<()> {
    world.step(number, |plan, terms, number| orders::mark_paid(plan, terms, number, CLERK, ""))
}

fn ship(world: &World, number: &OrderNumber, tracking: &'static str) -> Decided<()> {
    world.step(number, move |plan, terms, number| orders::ship(plan, terms, number, CLERK, "SF", tracking))
}

fn cancel(world: &World, number: &OrderNumber, who: Actor) -> Decided<()> {
    world.step(number, move |plan, terms, number| orders::cancel(plan, terms, number, who, "no"))
}

fn complete(world: &World, number: &OrderNumber) -> Decided<()> {
    world.step(number, |plan, terms, number| orders::complete(plan, terms, number, CLERK))
}

fn refund(world: &World, number: &OrderNumber, amount: i64) -> Decided<()> {
    world.step(number, move |plan, terms, number| {
        orders::refund(plan, terms, number, CLERK, yuan(amount), "goodwill")
    })
}

fn states(world: &World, number: &OrderNumber) -> (Fulfilment, State) {
    let order = world.order(number);
    (order.row.fulfilment, order.row.bill.state)
}

#[test]
fn a_transfer_goes_from_placed_to_completed() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    let number = world.place(tea, 2, Method::Transfer);
    assert_eq!(states(&world, &number), (Fulfilment::Placed, State::Due));
    assert!(is_refused(&ship(&world, &number, "1")), "unpaid goods stay");
    pay(&world, &number).expect("paid");
    assert!(is_refused(&pay(&world, &number)), "paid once");
    assert_eq!(states(&world, &number), (Fulfilment::ToShip, State::Paid));
    ship(&world, &number, "1").expect("shipped");
    assert!(is_refused(&ship(&world, &number, "1")), "the same parcel");
    ship(&world, &number, "2").expect("a further parcel");
    world.days(9);
    assert_eq!(world.run_due(), 0);
    world.days(2);
    assert_eq!(world.run_due(), 1);
    assert_eq!(states(&world, &number), (Fulfilment::Received, State::Paid));
    world.days(8);
    assert_eq!(world.run_due(), 1);
    assert_eq!(states(&world, &number), (Fulfilment::Completed, State::Paid));
    assert_eq!(world.stock(tea), 3);
    world.is_sound();
}

#[test]
fn an_unpaid_transfer_is_cancelled_and_late_money_reopens_it_while_stock_lasts() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 2);
    let number = world.place(tea, 2, Method::Transfer);
    world.days(8);
    assert_eq!(world.run_due(), 1);
    assert_eq!(states(&world, &number), (Fulfilment::Cancelled, State::Due));
    assert_eq!(world.stock(tea), 2);
    pay(&world, &number).expect("late money");
    assert_eq!(states(&world, &number), (Fulfilment::ToShip, State::Paid));
    assert_eq!(world.stock(tea), 0);
    world.is_sound();
}

#[test]
fn late_money_is_to_be_given_back_when_the_goods_are_gone() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 2);
    let late = world.place(tea, 2, Method::Transfer);
    world.days(8);
    world.run_due();
    world.place(tea, 1, Method::Cod);
    pay(&world, &late).expect("late money");
    assert_eq!(states(&world, &late), (Fulfilment::Cancelled, State::RefundDue));
    assert_eq!(world.stock(tea), 1);
    refund(&world, &late, 108).expect("given back");
    assert_eq!(states(&world, &late), (Fulfilment::Cancelled, State::Refunded));
    world.is_sound();
}

#[test]
fn money_for_an_order_that_the_customer_cancelled_does_not_bring_it_back() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 2);
    let number = world.place(tea, 1, Method::Transfer);
    cancel(&world, &number, Actor::Customer).expect("cancelled");
    pay(&world, &number).expect("late money");
    assert_eq!(states(&world, &number), (Fulfilment::Cancelled, State::RefundDue));
}

#[test]
fn cash_is_due_until_handed_over_and_does_not_expire() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    let number = world.place(tea, 1, Method::Cod);
    assert_eq!(states(&world, &number), (Fulfilment::ToShip, State::Due));
    world.days(100);
    assert_eq!(world.run_due(), 0);
    ship(&world, &number, "1").expect("shipped");
    complete(&world, &number).expect("completed");
    assert_eq!(states(&world, &number), (Fulfilment::Completed, State::Paid));
    world.is_sound();
}

#[test]
fn a_cash_order_that_completes_by_itself_still_waits_for_its_cash() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    let number = world.place(tea, 1, Method::Cod);
    ship(&world, &number, "1").expect("shipped");
    world.days(11);
    world.run_due();
    world.days(8);
    world.run_due();
    assert_eq!(states(&world, &number), (Fulfilment::Completed, State::Due));
    pay(&world, &number).expect("cash");
    assert_eq!(states(&world, &number), (Fulfilment::Completed, State::Paid));
    world.is_sound();
}

#[test]
fn a_refund_is_any_amount_any_number_of_times_up_to_what_was_paid() {
    let world = World::new();
    let tea = world.product("Tea", yuan(90), 5);
    let number = world.place(tea, 1, Method::Transfer);
    assert!(is_refused(&refund(&world, &number, 1)), "nothing was paid");
    pay(&world, &number).expect("paid");
    refund(&world, &number, 30).expect("goodwill");
    assert_eq!(states(&world, &number), (Fulfilment::ToShip, State::Paid));
    assert!(is_refused(&refund(&world, &number, 71)));
    cancel(&world, &number, CLERK).expect("cancelled");
    assert_eq!(states(&world, &number), (Fulfilment::Cancelled, State::RefundDue));
    refund(&world, &number, 20).expect("a part");
    refund(&world, &number, 50).expect("the rest");
    assert_eq!(states(&world, &number), (Fulfilment::Cancelled, State::Refunded));
    assert!(is_refused(&refund(&world, &number, 1)));
    assert_eq!(world.stock(tea), 5);
    world.is_sound();
}

#[test]
fn a_customer_may_not_cancel_what_is_on_its_way_and_staff_may_when_it_came_back() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    let number = world.place(tea, 2, Method::Cod);
    ship(&world, &number, "1").expect("shipped");
    assert!(is_refused(&cancel(&world, &number, Actor::Customer)));
    cancel(&world, &number, CLERK).expect("it came back");
    assert!(is_refused(&cancel(&world, &number, CLERK)));
    assert_eq!(world.stock(tea), 5);
    world.is_sound();
}

#[test]
fn the_consignee_is_kept_three_years_from_completion_and_six_months_if_nothing_came_of_it() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    let (done, dropped) = (world.place(tea, 1, Method::Cod), world.place(tea, 1, Method::Transfer));
    let expiry = |number: &OrderNumber| {
        let view = world.shop.store.view().expect("a view");
        let (_, vault) = view.get_row(&CONSIGNEES, number).expect("readable").expect("there");
        let tables = crate::store::floor::VaultTables::of(false);
        view.get(&tables.vaults, &vault.expect("sealed")).expect("readable").expect("there").expires
    };
    assert_eq!(expiry(&done), None);
    ship(&world, &done, "1").expect("shipped");
    complete(&world, &done).expect("completed");
    cancel(&world, &dropped, CLERK).expect("cancelled");
    let zone = world.shop.zone();
    let day = |number| expiry(number).expect("set").day(zone);
    assert_eq!(day(&done), "2029-09-21");
    assert_eq!(day(&dropped), "2027-03-21");
}

#[test]
fn tabs_hold_what_they_say() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 9);
    let unpaid = world.place(tea, 1, Method::Transfer);
    let cash = world.place(tea, 1, Method::Cod);
    let counts = || {
        let view = world.shop.store.view().expect("a view");
        let counts = orders::counts(&view, world.shopper).expect("readable");
        Tab::ALL.map(|tab| counts.of(tab))
    };
    assert_eq!(counts(), [2, 1, 1, 0, 0, 0]);
    pay(&world, &unpaid).expect("paid");
    ship(&world, &cash, "1").expect("shipped");
    assert_eq!(counts(), [2, 0, 1, 1, 0, 0]);
    complete(&world, &cash).expect("completed");
    cancel(&world, &unpaid, CLERK).expect("cancelled");
    assert_eq!(counts(), [2, 0, 0, 0, 1, 0]);
}

#[test]
fn the_timeline_says_who_and_when_and_what_was_typed_lies_with_the_consignee() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 9);
    let number = world.place(tea, 1, Method::Transfer);
    world.days(1);
    cancel(&world, &number, Actor::Customer).expect("cancelled");
    let order = world.order(&number);
    let entries: Vec<(Actor, Happening)> =
        order.row.timeline.iter().map(|event| (event.who, event.what)).collect();
    assert_eq!(entries, [(Actor::Customer, Happening::Placed), (Actor::Customer, Happening::Cancelled)]);
    assert_eq!(order.remark(1), "no");
    assert!(order.row.timeline[1].at > order.row.timeline[0].at);
}

/// What a test does with an order, in any state.
fn act(world: &World, number: &OrderNumber, act: u8) -> Decided<()> {
    match act {
        0 => pay(world, number),
        1 => ship(world, number, "1"),
        2 => ship(world, number, "2"),
        3 => world.step(number, |plan, terms, number| orders::receive(plan, terms, number, Actor::Customer)),
        4 => complete(world, number),
        5 => cancel(world, number, CLERK),
        6 => cancel(world, number, Actor::Customer),
        7 => refund(world, number, 13),
        8 => refund(world, number, 108),
        _ => {
            world.days(12);
            world.run_due();
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn from_every_state_each_way_out_gives_the_stock_back_once(
        acts in proptest::collection::vec(0_u8..10, 1..14),
        cash in proptest::bool::ANY,
    ) {
        let world = World::new();
        let tea = world.product("Tea", yuan(49), 10);
        let method = if cash { Method::Cod } else { Method::Transfer };
        let number = world.place(tea, 2, method);
        for next in acts {
            let before = world.order(&number).row;
            let outcome = act(&world, &number, next);
            prop_assert!(outcome.is_ok() || is_refused(&outcome), "{outcome:?}");
            let row = world.order(&number).row;
            prop_assert!(row.bill.state >= before.bill.state);
            prop_assert!(row.timeline.len() >= before.timeline.len());
            let out = if row.fulfilment == Fulfilment::Cancelled { 0 } else { 2 };
            prop_assert_eq!(world.stock(tea), 10 - out);
            world.is_sound();
        }
    }
}
