//! Whole orders over real HTTP: product page, cart, checkout, confirmation, by signed-in shoppers with
//! carts of their own, at 1, 16 and 64 of them; against a loop of append and fdatasync on the same disk,
//! counted as at most 3,500 a second. What counts are the ratio, the processor time of an order, and that
//! none fails.
//!
//! `cargo bench --bench orders`

#[expect(dead_code, reason = "other measurements ask more of it")]
mod client;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use client::{Shop, Shopper};

const SHOPPERS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);
/// The loop is counted as no faster than this.
const LOOP_COUNTS_AS: f64 = 3500.0;

fn main() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let dir = home.path().join("shop");
    let shop = Shop::start(&dir, 60, 0);
    shop.stock_up(&dir);
    let most = SHOPPERS.iter().copied().max().unwrap_or(1);
    let mut shoppers: Vec<Shopper> = (0..most).map(|number| shop.register(number)).collect();
    println!(
        "{:>9} {:>10} {:>12} {:>7} {:>9} {:>9} {:>13} {:>7}",
        "shoppers", "orders/s", "the loop/s", "ratio", "p50 ms", "p99 ms", "cpu ms/order", "failed"
    );
    for count in SHOPPERS {
        let (mut took, mut seconds, mut failed, mut cpu) = (Vec::new(), 0.0, 0, 0.0);
        let mut syncs = Vec::new();
        for _ in 0..ROUNDS {
            syncs.push(syncs_per_second(home.path()));
            let before = shop.processor_time();
            let begin = Instant::now();
            std::thread::scope(|scope| {
                let round = shoppers.iter_mut().take(count).map(|shopper| {
                    scope.spawn(move || {
                        let (mut took, mut failed) = (Vec::new(), 0);
                        while begin.elapsed() < ROUND {
                            let asked = Instant::now();
                            if shopper.order() { took.push(asked.elapsed()) } else { failed += 1 }
                        }
                        (took, failed)
                    })
                });
                for shopper in round.collect::<Vec<_>>() {
                    let (more, lost) = shopper.join().expect("a shopper");
                    took.extend(more);
                    failed += lost;
                }
            });
            seconds += begin.elapsed().as_secs_f64();
            cpu += shop.processor_time() - before;
        }
        took.sort();
        let at = |share: usize| took[took.len() * share / 100].as_secs_f64() * 1000.0;
        let (rate, sync) = (took.len() as f64 / seconds, syncs.iter().sum::<f64>() / syncs.len() as f64);
        println!(
            "{count:>9} {rate:>10.0} {sync:>12.0} {:>7.2} {:>9.1} {:>9.1} {:>13.2} {failed:>7}",
            rate / sync.min(LOOP_COUNTS_AS),
            at(50),
            at(99),
            cpu * 1000.0 / took.len() as f64
        );
    }
}

/// Appends of a small record, each made to last.
fn syncs_per_second(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("loop")).expect("a file");
    let (begin, mut count) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 600]).and_then(|()| file.sync_data()).expect("written");
        count += 1;
    }
    f64::from(count) / begin.elapsed().as_secs_f64()
}
