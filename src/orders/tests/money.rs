//! One number everywhere: cart, order, letter.

use proptest::prelude::*;

use super::fixture::{World, yuan};
use crate::cart;
use crate::ids::VariantId;
use crate::locale::Locale;
use crate::money::{Currency, Money};
use crate::orders::{self, StaffStep, Step};
use crate::payments::Method;
use crate::store::Decided;

fn letter(world: &World, number: &crate::ids::OrderNumber, step: Step, l: Locale) -> crate::notify::Letter {
    let view = world.shop.store.view().expect("a view");
    orders::order_letter(&view, &world.shop, number, step, l)
        .expect("readable")
        .expect("there is such an order")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn cart_order_and_letter_show_one_number(
        prices in proptest::collection::vec((1_i64..10_000_000, 1_u32..50), 1..8),
    ) {
        let world = World::new();
        let goods: Vec<(VariantId, u32)> = prices
            .iter()
            .map(|(price, quantity)| (world.product("Tea", Money::new(*price, Currency::CNY), 99), *quantity))
            .collect();
        let expected: i64 = prices.iter().map(|(price, quantity)| price * i64::from(*quantity)).sum();
        let (shopper, random, life) =
            (world.shopper, world.random.clone(), world.shop.retention().cart);
        let wished = goods.clone();
        world.ok(move |plan| {
            for (variant, quantity) in wished {
                cart::add(plan, cart::Owner::Member(shopper), variant, quantity, life, &*random)?;
            }
            Ok(())
        });
        let in_cart = {
            let view = world.shop.store.view().expect("a view");
            let cart = cart::of(&view, shopper).expect("readable");
            prop_assert_eq!(cart.goods(), goods.clone());
            cart.sum(Money::zero(Currency::CNY)).expect("room")
        };
        let (terms, mut wish) = (world.terms(), world.wish(goods[0].0, 1, Method::Transfer));
        wish.items = goods;
        let number = world.ok(move |plan| orders::place(plan, &terms, wish));
        let order = world.order(&number);
        prop_assert_eq!(in_cart.minor, expected);
        prop_assert_eq!(order.goods(), Some(in_cart));
        prop_assert_eq!(order.total(), in_cart.plus(yuan(10)).expect("room"));
        for l in Locale::ALL {
            let body = letter(&world, &number, Step::Placed, l).body;
            prop_assert!(body.contains(&order.total().text(l)), "{body}");
        }
    }
}

#[test]
fn a_sum_without_room_is_refused() {
    let world = World::new();
    let dear = world.product("Gold", yuan(999_999_999_999), 99_999);
    let (terms, wish) = (world.terms(), world.wish(dear, 99_999, Method::Transfer));
    let outcome: Decided<_> = world.decide(move |plan| orders::place(plan, &terms, wish));
    assert!(super::fixture::is_refused(&outcome));
    assert_eq!(world.stock(dear), 99_999);
}

#[test]
fn a_letter_says_how_to_pay_and_until_when_in_both_languages() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 9);
    let number = world.place(tea, 2, Method::Transfer);
    for l in Locale::ALL {
        let letter = letter(&world, &number, Step::Placed, l);
        assert!(letter.subject.contains(&number.0));
        let until = world.order(&number).row.deadline.expect("it waits").minute(world.shop.zone());
        for part in ["¥108.00", "Bank of Tea", &number.0, &until, "http://shop.example/account/orders/"] {
            assert!(letter.body.contains(part), "{part} in {}", letter.body);
        }
        assert!(!letter.body.contains("Zhang"), "a letter names nobody");
    }
}

#[test]
fn every_letter_can_be_written_at_any_time() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 9);
    let number = world.place(tea, 2, Method::Cod);
    let view = world.shop.store.view().expect("a view");
    for l in Locale::ALL {
        for step in Step::ALL {
            assert!(!letter(&world, &number, step, l).body.is_empty());
        }
        for step in [StaffStep::Placed, StaffStep::RefundDue] {
            let letter = orders::staff_letter(&view, &world.shop, &number, step, l).expect("readable");
            assert!(!letter.expect("there is such an order").body.contains("Zhang"));
        }
    }
}

#[test]
fn the_dashboard_counts_without_reading_orders() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 9);
    let since = crate::clock::Clock::now(&*world.clock);
    world.place(tea, 1, Method::Cod);
    world.place(tea, 1, Method::Transfer);
    let view = world.shop.store.view().expect("a view");
    let summary = orders::admin_summary(&view, since, Currency::CNY).expect("readable");
    assert_eq!((summary.placed, summary.sum), (2, yuan(118)));
    assert_eq!((summary.to_ship, summary.payment_due, summary.refund_due), (1, 2, 0));
}
