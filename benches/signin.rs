//! Signing in, which is slow on purpose: how many a second, what shoppers notice of it, and whether the
//! time that a refusal takes says if there is such an account.
//!
//! `cargo bench --bench signin`

#[expect(dead_code, reason = "other measurements ask more of it")]
mod client;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client::{PASSWORD, Shop, Shopper};

/// Tries with a wrong password at accounts that there are, and at as many that there are not.
const TRIES: usize = 200;
/// Each account is tried so often: after ten wrong ones it would have to wait.
const TRIES_EACH: usize = 8;
const SHOPPERS: usize = 4;
/// So many sign in at once, again and again.
const SIGNING_IN: usize = 16;
const ROUNDS: usize = 4;
const ROUND: Duration = Duration::from_secs(3);

fn main() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let dir = home.path().join("shop");
    let shop = Shop::start(&dir, 60, 0);
    shop.stock_up(&dir);
    let accounts = TRIES / TRIES_EACH;
    let mut shoppers: Vec<Shopper> = (0..accounts).map(|number| shop.register(number)).collect();
    shoppers.truncate(SHOPPERS);
    compare_refusals(&shop, accounts);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut signed_in = 0;
    for _ in 0..ROUNDS {
        alone.extend(order_for(&mut shoppers));
        let (took, count) = order_beside_sign_ins(&shop, &mut shoppers, accounts);
        beside.extend(took);
        signed_in += count;
    }
    let p99 = |took: &mut Vec<Duration>| {
        took.sort();
        took[took.len() * 99 / 100].as_secs_f64() * 1000.0
    };
    println!(
        "{:.0} sign-ins a second by {SIGNING_IN} at once",
        signed_in as f64 / (ROUNDS as f64 * ROUND.as_secs_f64())
    );
    let (orders_alone, orders_beside) = (alone.len(), beside.len());
    let (alone, beside) = (p99(&mut alone), p99(&mut beside));
    println!(
        "whole orders of {SHOPPERS} shoppers: p99 {alone:.1} ms alone ({orders_alone}), {beside:.1} ms beside \
         sign-ins ({orders_beside}): {:.2} times (aim: at most 2)",
        beside / alone
    );
}

/// Medians of refusals, known accounts and unknown ones in turn.
fn compare_refusals(shop: &Shop, accounts: usize) {
    let mut visitor = shop.visitor();
    let form = visitor.get("/login").form("/login").with("password", "not this one at all");
    let mut refused = |account: String| {
        let asked = Instant::now();
        let answer = visitor.submit(&form.clone().with("account", &account));
        assert_eq!(answer.status, 422, "{account}");
        asked.elapsed()
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..TRIES {
        known.push(refused(format!("bench-{}", number % accounts)));
        unknown.push(refused(format!("nobody-{}", number % accounts)));
    }
    let median = |took: &mut Vec<Duration>| {
        took.sort();
        took[took.len() / 2].as_secs_f64() * 1000.0
    };
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    println!(
        "a refusal takes {known:.2} ms where there is such an account, {unknown:.2} ms where there is none \
         (medians of {TRIES}): {:.3} times",
        known / unknown
    );
}

/// Whole orders for one round.
fn order_for(shoppers: &mut [Shopper]) -> Vec<Duration> {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let all: Vec<_> = shoppers
            .iter_mut()
            .map(|shopper| {
                scope.spawn(move || {
                    let mut took = Vec::new();
                    while begin.elapsed() < ROUND {
                        let asked = Instant::now();
                        assert!(shopper.order(), "an order failed");
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        all.into_iter().flat_map(|shopper| shopper.join().expect("a shopper")).collect()
    })
}

fn order_beside_sign_ins(shop: &Shop, shoppers: &mut [Shopper], accounts: usize) -> (Vec<Duration>, usize) {
    let (going, count) = (AtomicBool::new(true), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for number in 0..SIGNING_IN {
            let (going, count) = (&going, &count);
            scope.spawn(move || {
                let account = format!("bench-{}", number % accounts);
                while going.load(Ordering::Relaxed) {
                    let mut visitor = shop.visitor();
                    let form = visitor.get("/login").form("/login").with("account", &account);
                    if visitor.submit(&form.with("password", PASSWORD)).status == 303 {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let took = order_for(shoppers);
        going.store(false, Ordering::Relaxed);
        (took, count.load(Ordering::Relaxed))
    })
}
