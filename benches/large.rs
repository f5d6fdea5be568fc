//! A shop of 100,000 products and 200,000 orders beside one of 1,000 and 1,000: how long it takes to
//! open, what it holds in memory, and how its pages answer. What counts are the ratios of the 99th
//! percentiles; each round asks one shop and then the other.
//!
//! `cargo bench --bench large`

#[expect(dead_code, reason = "other measurements ask more of it")]
mod client;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use client::{Shop, Shopper};

/// Products and orders of the small shop and of the large one.
const SIZES: [(usize, usize); 2] = [(1_000, 1_000), (100_000, 200_000)];
const ROUNDS: usize = 4;
/// So many pages of each category are looked at: in both shops they are full.
const PAGES_EACH: usize = 5;
/// So many times each page is asked for in a round.
const ASKED: usize = 250;
/// How often a shop is opened; the middle one counts.
const OPENED: usize = 5;
/// A shop that was left alone this long is at rest.
const REST: Duration = Duration::from_secs(4);
const MEGABYTE: f64 = 1_000_000.0;

/// What is asked for, each time another one.
const PAGES: [(&str, Ask); 6] = [
    ("product page", |shop, turn| {
        let slug = shop.slugs[turn * 7919 % shop.slugs.len()].clone();
        shop.visitor.get(&slug).status == 200
    }),
    ("category", |shop, turn| {
        let category = shop.categories[turn % shop.categories.len()].clone();
        shop.visitor.get(&format!("{category}?page={}", 1 + turn % PAGES_EACH)).status == 200
    }),
    ("search", |shop, turn| {
        let word = ["mug", "green tea", "礼盒", "candle"][turn % 4];
        let asked = form_urlencoded::Serializer::new(String::new()).append_pair("q", word).finish();
        shop.visitor.get(&format!("/search?{asked}")).status == 200
    }),
    ("orders in the office", |shop, turn| {
        let path = ["/admin/orders", "/admin/orders?state=completed"][turn % 2];
        shop.owner.get(path).status == 200
    }),
    ("products in the office", |shop, _| shop.owner.get("/admin/products").status == 200),
    ("whole order", |shop, _| shop.shopper.order()),
];

type Ask = fn(&mut Open, usize) -> bool;

fn main() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let mut open: Vec<Open> = SIZES.iter().map(|size| Open::make(home.path(), *size)).collect();
    let row = |what: &str, of: &dyn Fn(&Open) -> f64| {
        println!("{what:>34} {:>12.3} {:>12.3}", of(&open[0]), of(&open[1]));
    };
    println!("{:>34} {:>12} {:>12}", "", "small", "large");
    row("made in s", &|shop| shop.made.as_secs_f64());
    row("opened to the first page in s", &|shop| shop.opened.as_secs_f64());
    row("MB of memory at rest", &|shop| shop.at_rest as f64 / MEGABYTE);
    row("kB on disk for each order", &|shop| shop.disk_per_order / 1000.0);
    println!("{:>34} {:>12} {:>12} {:>12} {:>12} {:>7}", "", "p50 ms", "p50 ms", "p99 ms", "p99 ms", "ratio");
    for (what, ask) in PAGES {
        let mut took: Vec<Vec<Duration>> = vec![Vec::new(); open.len()];
        for round in 0..ROUNDS {
            for (shop, took) in open.iter_mut().zip(&mut took) {
                for turn in 0..ASKED {
                    let asked = Instant::now();
                    assert!(ask(shop, round * ASKED + turn), "{what}");
                    took.push(asked.elapsed());
                }
            }
        }
        let at = |shop: usize, share: usize| {
            let mut sorted = took[shop].clone();
            sorted.sort();
            sorted[sorted.len() * share / 100].as_secs_f64() * 1000.0
        };
        println!(
            "{what:>34} {:>12.2} {:>12.2} {:>12.2} {:>12.2} {:>7.2}",
            at(0, 50),
            at(1, 50),
            at(0, 99),
            at(1, 99),
            at(1, 99) / at(0, 99)
        );
    }
    println!(
        "{:>34} {:>12.3} {:>12.3}",
        "MB of memory after that",
        open[0].shop.memory() as f64 / MEGABYTE,
        open[1].shop.memory() as f64 / MEGABYTE
    );
}

/// A shop that was made and opened again.
struct Open {
    shop: Shop,
    made: Duration,
    opened: Duration,
    at_rest: u64,
    disk_per_order: f64,
    visitor: Shopper,
    shopper: Shopper,
    owner: Shopper,
    /// Where products and categories are.
    slugs: Vec<String>,
    categories: Vec<String>,
}

impl Open {
    fn make(home: &Path, (products, orders): (usize, usize)) -> Self {
        let without = home.join(format!("shop-{products}-0"));
        drop(Shop::start(&without, products, 0));
        let dir = home.join(format!("shop-{products}"));
        let begin = Instant::now();
        let shop = Shop::start(&dir, products, orders);
        let made = begin.elapsed();
        shop.stock_up(&dir);
        let (email, password) = shop.owner.clone().expect("it was made just now");
        drop(shop);
        let disk_per_order = (size(&dir) - size(&without)) as f64 / orders as f64;
        let mut opened: Vec<Duration> = (0..OPENED).map(|_| Self::open_once(&dir)).collect();
        opened.sort();
        let shop = Shop::start(&dir, products, orders);
        std::thread::sleep(REST);
        let at_rest = shop.memory();
        let mut visitor = shop.visitor();
        let owner = sign_in(&shop, &email, &password);
        let sitemap = visitor.get("/sitemap.xml").body;
        let all: Vec<&str> = sitemap.split("<loc>").filter_map(|part| part.split("</loc>").next()).collect();
        let below = |folder: &str| -> Vec<String> {
            let path = |url: &&str| url.find(folder).map(|at| url[at..].to_owned());
            all.iter().filter_map(path).collect()
        };
        let (slugs, categories) = (below("/products/"), below("/categories/"));
        let shopper = shop.register(0);
        let opened = opened[OPENED / 2];
        Self { shop, made, opened, at_rest, disk_per_order, visitor, shopper, owner, slugs, categories }
    }

    /// From the start of the program until its first page was read.
    fn open_once(dir: &Path) -> Duration {
        let begin = Instant::now();
        let shop = Shop::start(dir, 0, 0);
        assert_eq!(shop.visitor().get("/").status, 200);
        begin.elapsed()
    }
}

fn sign_in(shop: &Shop, email: &str, password: &str) -> Shopper {
    let mut owner = shop.visitor();
    let form = owner.get("/admin/login").form("/admin/login");
    let answer = owner.submit(&form.with("account", email).with("password", password));
    assert_eq!(answer.status, 303, "{}", answer.body);
    owner
}

/// The bytes of the records: what the other files hold does not grow with the orders.
fn size(dir: &Path) -> u64 {
    let file: PathBuf = dir.join("shop.redb");
    std::fs::metadata(file).expect("there").len()
}
