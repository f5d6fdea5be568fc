//! What shoppers notice of a backup: pages and whole orders alone, and while one is made.
//!
//! `cargo bench --bench backup`

#[expect(dead_code, reason = "other measurements ask more of it")]
mod client;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::{Shop, Shopper, tuckshop};

const PRODUCTS: usize = 1_000;
const ORDERS: usize = 20_000;
const ROUNDS: usize = 4;
const ROUND: Duration = Duration::from_secs(3);

/// What one round measured.
#[derive(Default)]
struct Took {
    pages: Vec<Duration>,
    orders: Vec<Duration>,
}

fn main() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let dir = home.path().join("shop");
    let shop = Shop::start(&dir, PRODUCTS, ORDERS);
    shop.stock_up(&dir);
    let (mut visitor, mut shopper) = (shop.visitor(), shop.register(0));
    let (mut alone, mut beside, mut made) = (Took::default(), Took::default(), 0);
    for _ in 0..ROUNDS {
        measure(&mut visitor, &mut shopper, &mut alone);
        made += measure_beside(&dir, &mut visitor, &mut shopper, &mut beside);
    }
    println!("{PRODUCTS} products, {ORDERS} orders; {made} backups were made");
    for (what, alone, beside) in [
        ("product page", &mut alone.pages, &mut beside.pages),
        ("whole order", &mut alone.orders, &mut beside.orders),
    ] {
        let (alone, beside) = (p99(alone), p99(beside));
        println!(
            "{what}: p99 {alone:.2} ms alone, {beside:.2} ms beside a backup: {:.2} times (aim: at most 2)",
            beside / alone
        );
    }
}

fn p99(took: &mut [Duration]) -> f64 {
    took.sort();
    took[took.len() * 99 / 100].as_secs_f64() * 1000.0
}

/// Asks for pages, and orders now and then, for a round.
fn measure(visitor: &mut Shopper, shopper: &mut Shopper, took: &mut Took) {
    let begin = Instant::now();
    for turn in 0.. {
        if begin.elapsed() > ROUND {
            return;
        }
        let asked = Instant::now();
        assert_eq!(visitor.get("/").status, 200);
        took.pages.push(asked.elapsed());
        if turn % 10 == 0 {
            let asked = Instant::now();
            assert!(shopper.order(), "an order failed");
            took.orders.push(asked.elapsed());
        }
    }
}

/// The same while backups are made, one after the other. Returns how many were.
fn measure_beside(dir: &Path, visitor: &mut Shopper, shopper: &mut Shopper, took: &mut Took) -> usize {
    let going = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let backups = scope.spawn(|| {
            let mut made = 0;
            while going.load(Ordering::Relaxed) {
                let output = tuckshop(dir).args(["backup", "now"]).output().expect("it runs");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                made += 1;
            }
            made
        });
        measure(visitor, shopper, took);
        going.store(false, Ordering::Relaxed);
        backups.join().expect("backups")
    })
}
