//! From the cart to the order.

use super::fixture::{World, is_refused, yuan};
use crate::address::Address;
use crate::cart;
use crate::ids::{OrderNumber, SubjectId};
use crate::orders::{self, Checkout, Delivery, Fulfilment};
use crate::payments::Method;
use crate::store::Decided;

fn fill(world: &World, subject: SubjectId, variant: crate::ids::VariantId, quantity: u32) {
    let random = world.random.clone();
    let life = world.shop.retention().cart;
    world.ok(move |plan| {
        cart::add(plan, cart::Owner::Member(subject), variant, quantity, life, &*random).map(|_| ())
    });
}

/// The form as the page draws it for the cart as it is.
fn form(world: &World, subject: SubjectId) -> Checkout {
    let view = world.shop.store.view().expect("a view");
    let cart = cart::of(&view, subject).expect("readable");
    let quote = orders::quote(&view, &cart.goods(), world.terms().delivery_price).expect("it can be bought");
    Checkout {
        subject,
        address: Address { name: "Zhang San".to_owned(), ..Address::default() },
        save: false,
        delivery: Delivery::Flat,
        payment: Method::Transfer,
        invoice: None,
        note: String::new(),
        key: cart.key,
        stamp: quote.stamp(),
    }
}

fn send(world: &World, form: &Checkout) -> Decided<OrderNumber> {
    let (terms, form) = (world.terms(), form.clone());
    world.decide(move |plan| orders::check_out(plan, &terms, form))
}

#[test]
fn twenty_posts_of_one_form_are_one_order() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 100);
    fill(&world, world.shopper, tea, 2);
    let form = form(&world, world.shopper);
    let first = send(&world, &form).expect("placed");
    for _ in 0..19 {
        assert_eq!(send(&world, &form).expect("the same order"), first);
    }
    assert_eq!(world.stock(tea), 98);
    let view = world.shop.store.view().expect("a view");
    assert_eq!(orders::orders_of(&view, world.shopper).expect("readable").len(), 1);
    assert!(cart::of(&view, world.shopper).expect("readable").lines.is_empty());
    drop(view);
    fill(&world, world.shopper, tea, 1);
    assert_ne!(form.key, self::form(&world, world.shopper).key, "the next cart has a key of its own");
    world.is_sound();
}

#[test]
fn numbers_are_four_letters_and_a_counter_without_gaps() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 3);
    let first = world.place(tea, 1, Method::Transfer);
    let (terms, wish) = (world.terms(), world.wish(tea, 5, Method::Transfer));
    assert!(is_refused(&world.decide(move |plan| orders::place(plan, &terms, wish))));
    let second = world.place(tea, 1, Method::Transfer);
    assert!(first.0.ends_with("100001"), "{first}");
    assert!(second.0.ends_with("100002"), "{second}");
}

#[test]
fn an_order_is_refused_when_the_price_or_the_cart_is_not_what_the_form_showed() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 100);
    fill(&world, world.shopper, tea, 1);
    let shown = form(&world, world.shopper);
    world.set_price(tea, yuan(59));
    assert!(is_refused(&send(&world, &shown)));
    world.set_price(tea, yuan(49));
    fill(&world, world.shopper, tea, 1);
    assert!(is_refused(&send(&world, &shown)));
    assert_eq!(world.stock(tea), 100, "nothing was taken");
    let now = form(&world, world.shopper);
    let number = send(&world, &now).expect("placed");
    assert_eq!(world.order(&number).goods(), Some(yuan(98)));
}

#[test]
fn the_last_piece_is_sold_once() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 1);
    let forms: Vec<Checkout> = (0..20)
        .map(|_| {
            let subject = world.another_shopper();
            fill(&world, subject, tea, 1);
            form(&world, subject)
        })
        .collect();
    let outcomes: Vec<Decided<OrderNumber>> = std::thread::scope(|scope| {
        let threads: Vec<_> = forms.iter().map(|form| scope.spawn(|| send(&world, form))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| is_refused(outcome)).count(), 19);
    assert_eq!(world.stock(tea), 0);
    world.is_sound();
}

#[test]
fn another_customers_order_is_not_there() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    let number = world.place(tea, 1, Method::Transfer);
    let stranger = world.another_shopper();
    let view = world.shop.store.view().expect("a view");
    assert!(orders::find_of(&view, world.shopper, &number).is_ok());
    assert!(is_refused(&orders::find_of(&view, stranger, &number)));
}

#[test]
fn the_key_of_a_strangers_cart_opens_no_order() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    fill(&world, world.shopper, tea, 1);
    let shown = form(&world, world.shopper);
    send(&world, &shown).expect("placed");
    let stranger = world.another_shopper();
    assert!(is_refused(&send(&world, &Checkout { subject: stranger, ..shown })));
}

#[test]
fn the_transaction_record_has_no_subject_and_the_ledger_outlives_the_consignee() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 5);
    let number = world.place(tea, 1, Method::Cod);
    let vault = {
        let view = world.shop.store.view().expect("a view");
        let (_, vault) =
            view.get_row(&super::super::records::CONSIGNEES, &number).expect("readable").expect("there");
        vault.expect("sealed")
    };
    world.ok(move |plan| Ok(plan.drop_vault(vault)?));
    let order = world.order(&number);
    assert_eq!(order.consignee, None);
    assert_eq!(order.total(), yuan(59));
    assert_eq!(order.row.fulfilment, Fulfilment::ToShip);
    world.is_sound();
}

#[test]
fn a_visitors_cart_goes_into_the_customers_at_sign_in_capped_to_stock() {
    let world = World::new();
    let (tea, cup) = (world.product("Tea", yuan(49), 3), world.product("Cup", yuan(20), 9));
    fill(&world, world.shopper, tea, 2);
    let (token, random) = (world.random.token(), world.random.clone());
    let life = world.shop.retention().cart;
    let visitor = cart::Owner::Visitor(crate::sessions::hash_of(&token));
    world.ok(move |plan| {
        cart::add(plan, visitor, tea, 2, life, &*random)?;
        cart::add(plan, visitor, cup, 4, life, &*random).map(|_| ())
    });
    let (shopper, again) = (world.shopper, token.clone());
    let capped = world.ok(move |plan| Ok(cart::merge(plan, shopper, &token)?));
    assert_eq!(
        capped.iter().map(|capped| (capped.title.en.as_str(), capped.quantity)).collect::<Vec<_>>(),
        [("Tea", 3)]
    );
    let goods = cart::of(&world.shop.store.view().expect("a view"), shopper).expect("readable").goods();
    assert_eq!(goods, [(tea, 3), (cup, 4)]);
    let capped = world.ok(move |plan| Ok(cart::merge(plan, shopper, &again)?));
    assert!(capped.is_empty(), "the visitor's cart is gone");
}

#[test]
fn a_line_is_changed_in_its_own_cart_only() {
    let world = World::new();
    let tea = world.product("Tea", yuan(49), 3);
    fill(&world, world.shopper, tea, 1);
    let stranger = cart::Owner::Member(world.another_shopper());
    let life = world.shop.retention().cart;
    let line = {
        let view = world.shop.store.view().expect("a view");
        cart::of(&view, world.shopper).expect("readable").lines[0].id.clone()
    };
    let own = cart::Owner::Member(world.shopper);
    let id = line.clone();
    assert!(is_refused(&world.decide(move |plan| cart::change(plan, stranger, &id, 2, life))));
    let id = line.clone();
    assert_eq!(world.ok(move |plan| cart::change(plan, own, &id, 9, life)), cart::Change::Capped);
    let id = line.clone();
    assert_eq!(world.ok(move |plan| cart::change(plan, own, &id, 0, life)), cart::Change::Removed);
    assert_eq!(world.ok(move |plan| cart::change(plan, own, &line, 0, life)), cart::Change::Removed);
}
