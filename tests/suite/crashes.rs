//! kill -9 of the program while people order: what was acknowledged is there, once and whole.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::actors::{fill_address, number_in};
use crate::program::{Remote, Running, full, text, tuckshop};

const BUYERS: usize = 3;

/// What the buyers know: the orders that they were told of, and how many they asked for.
#[derive(Default)]
struct Model {
    acknowledged: BTreeSet<String>,
    asked: usize,
}

fn open(home: &Path, dir: &str) -> Running {
    let arguments =
        ["demo", "--data-dir", dir, "--listen", "127.0.0.1:0", "--orders", "0", "--products", "60"];
    Running::start(home, &arguments, "Backup identity:")
}

pub fn sign_in(running: &Running) -> Remote {
    let shopper = running.said("Shopper:");
    let (email, password) = shopper.split_once(' ').expect("email and password");
    let mut remote = running.visitor();
    let form = remote.get("/login").expect("a page").form("/login");
    let page = remote.submit(&form.with("account", email).with("password", password)).expect("an answer");
    assert_eq!(page.status, 303, "{}", page.text());
    remote
}

/// Orders until the shop goes away or it is told to stop.
fn buy(mut remote: Remote, slugs: &[String], model: &Mutex<Model>, stop: &AtomicBool) -> std::io::Result<()> {
    for slug in slugs.iter().cycle() {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let page = remote.get(&format!("/products/{slug}"))?;
        if !page.has_form("/cart/items") {
            // Sold out, by us.
            continue;
        }
        let form = page.form("/cart/items");
        remote.submit(&form.with("quantity", "1"))?;
        let page = remote.get("/checkout")?;
        if !page.has_form("/checkout") {
            // Another tab has ordered what was in the cart.
            continue;
        }
        let form = fill_address(page.form("/checkout")).with("address", "new").with("payment", "cod");
        model.lock().expect("no buyer panics").asked += 1;
        let answer = remote.submit(&form)?;
        if answer.status == 303 && answer.leads_to().starts_with("/account/orders/") {
            model.lock().expect("no buyer panics").acknowledged.insert(number_in(answer.leads_to()));
        }
    }
    Ok(())
}

fn orders_of(remote: &mut Remote) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for page in 1.. {
        let text = remote.get(&format!("/account/orders?tab=all&page={page}")).expect("a page").text();
        let found: BTreeSet<String> = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.len() > 8 && tuckshop::ids::OrderNumber::parse(word).is_some())
            .map(str::to_owned)
            .collect();
        if found.is_subset(&numbers) {
            return numbers;
        }
        numbers.extend(found);
    }
    numbers
}

#[test]
fn killed_again_and_again_the_shop_loses_and_doubles_no_order() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("shop").display().to_string();
    let model = Arc::new(Mutex::new(Model::default()));
    let slugs = product_slugs(home.path(), &dir);
    for round in 0..if full() { 200 } else { 20 } {
        let running = open(home.path(), &dir);
        let remote = sign_in(&running);
        let stop = Arc::new(AtomicBool::new(false));
        let buyers: Vec<_> = (0..BUYERS)
            .map(|buyer| {
                let (remote, model, stop) = (remote.clone(), model.clone(), stop.clone());
                let mut slugs = slugs.clone();
                slugs.rotate_left(buyer * 7);
                // A connection that breaks is what this test is about.
                std::thread::spawn(move || drop(buy(remote, &slugs, &model, &stop)))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(60 + round * 37 % 400));
        running.kill();
        stop.store(true, Ordering::SeqCst);
        for buyer in buyers {
            buyer.join().expect("a buyer ends");
        }
        let check = tuckshop(home.path(), &["check", "--data-dir", &dir]);
        assert_eq!(
            check.status.code(),
            Some(0),
            "round {round}: {}{}",
            text(&check.stdout),
            text(&check.stderr)
        );
    }
    let running = open(home.path(), &dir);
    let stored = orders_of(&mut sign_in(&running));
    let model = model.lock().expect("no buyer panicked");
    let lost: Vec<_> = model.acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(stored.len() <= model.asked, "{} stored, {} asked for", stored.len(), model.asked);
    assert!(model.acknowledged.len() >= 10, "only {} orders were made", model.acknowledged.len());
    assert_eq!(running.stop(), 0);
}

fn product_slugs(home: &Path, dir: &str) -> Vec<String> {
    let running = open(home, dir);
    let page = running.visitor().get("/sitemap.xml").expect("the sitemap");
    let slugs: Vec<String> = page
        .body
        .split("/products/")
        .skip(1)
        .filter_map(|rest| rest.split('<').next().map(str::to_owned))
        .collect();
    assert!(!slugs.is_empty());
    running.stop();
    slugs
}
