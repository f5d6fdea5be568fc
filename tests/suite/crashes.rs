//! kill -9 of the program while people order, register, pay, ship and cancel, goods come in and backups are
//! made: what was acknowledged is there, once and whole.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::actors::{fill_address, number_in};
use crate::program::{Remote, Running, full, text, tuckshop};

const BUYERS: usize = 3;
const JOINERS: u64 = 2;

/// What the buyers know: the orders that they were told of, and how many they asked for.
#[derive(Default)]
struct Model {
    acknowledged: BTreeSet<String>,
    asked: usize,
    /// Who was told to be registered.
    joined: BTreeSet<String>,
}

impl Model {
    /// Whether enough was acknowledged for a loss to be seen.
    fn is_worth_losing(&self) -> bool {
        self.acknowledged.len() >= 10 && self.joined.len() >= 5
    }
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

/// Registers, adds an address and deletes it, until the shop goes away or it is told to stop.
fn join(
    mut remote: Remote,
    (round, joiner): (u64, u64),
    model: &Mutex<Model>,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        remote.cookies.clear();
        let name = format!("joiner-{round}-{joiner}-{number}");
        let email = format!("{name}@example.com");
        let form = remote.get("/register")?.form("/register");
        let form = form.with("account", &name).with("contact", &email).with("password", JOINED_PASSWORD);
        remote.submit(&form.with("agree", "on"))?;
        let Some(code) = code_for(&mut remote, &email, stop)? else { break };
        let form = remote.get("/register/verify")?.form("/register/verify");
        if remote.submit(&form.with("code", &code))?.status != 303 {
            continue;
        }
        model.lock().expect("nobody panics").joined.insert(name);
        let form = fill_address(remote.get("/account/addresses")?.form("/account/addresses"));
        remote.submit(&form)?;
        let page = remote.get("/account/addresses")?;
        if let Some(delete) = page.forms().into_iter().find(|form| form.action.ends_with("/delete")) {
            remote.submit(&delete)?;
        }
    }
    Ok(())
}

/// The code that was sent to this contact; the outbox runs by itself.
fn code_for(remote: &mut Remote, email: &str, stop: &AtomicBool) -> std::io::Result<Option<String>> {
    while !stop.load(Ordering::SeqCst) {
        let letters: serde_json::Value = serde_json::from_str(&remote.get("/demo/outbox.json")?.body)?;
        let all = letters.as_array().into_iter().flatten();
        let own = all.filter(|letter| letter["to"] == email).filter_map(|letter| letter["body"].as_str());
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(code) = own.flat_map(|body| body.split(|c: char| !c.is_ascii_digit())).find(is_code) {
            return Ok(Some(code.to_owned()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(None)
}

/// Takes money, ships and cancels, until the shop goes away or it is told to stop.
fn work(mut remote: Remote, login: (&str, &str), stop: &AtomicBool) -> std::io::Result<()> {
    let form = remote.get("/admin/login")?.form("/admin/login");
    remote.submit(&form.with("account", login.0).with("password", login.1))?;
    for number in 0_usize.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let shelf = ["payment-due", "to-ship", "to-ship", "shipped"][number % 4];
        let page = remote.get(&format!("/admin/orders?state={shelf}"))?;
        let links = page.body.split("href=\"/admin/orders/").skip(1);
        let found: Vec<&str> = links.filter_map(|rest| rest.split(['"', '?', '/']).next()).collect();
        let Some(order) = found.get(number % found.len().max(1)) else { continue };
        let page = remote.get(&format!("/admin/orders/{order}"))?;
        let wanted = ["paid", "ship", "cancel", "complete"][number % 4];
        if let Some(form) = page.forms().into_iter().find(|form| form.action.ends_with(wanted)) {
            let tracking = format!("SF{number:013}");
            remote.submit(&form.with("carrier", "SF Express").with("tracking", &tracking))?;
        }
    }
    Ok(())
}

/// Imports goods with a picture and makes backups, from the shell.
fn keep_house(home: &Path, dir: &str, stop: &AtomicBool) {
    let csv = home.join("goods.csv");
    std::fs::write(home.join("mug.gif"), GIF).expect("written");
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let row = format!("house-mug-{},House mug {number},{}.00,+5,mug.gif\n", number % 7, 20 + number % 50);
        std::fs::write(&csv, format!("handle,title,price,stock,picture\n{row}")).expect("written");
        // The shop is killed under it.
        tuckshop(home, &["products", "import", &csv.display().to_string(), "--data-dir", dir]);
        tuckshop(home, &["backup", "now", "--data-dir", dir]);
    }
}

/// The smallest picture there is.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
const JOINED_PASSWORD: &str = "seven blue lanterns hang";

#[test]
fn killed_again_and_again_the_shop_loses_and_doubles_no_order_and_no_customer() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("shop").display().to_string();
    let model = Mutex::new(Model::default());
    let slugs = product_slugs(home.path(), &dir);
    // A slow machine gets further rounds until there is something to lose.
    let (least, most) = if full() { (200, 400) } else { (20, 80) };
    for round in 0..most {
        if round >= least && model.lock().expect("nobody panicked").is_worth_losing() {
            break;
        }
        let running = open(home.path(), &dir);
        let remote = sign_in(&running);
        let owner = running.said("Owner:");
        let login = owner.split_once(' ').expect("email and password");
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (model, stop, home, dir) = (&model, &stop, home.path(), dir.as_str());
            for buyer in 0..BUYERS {
                let (remote, mut slugs) = (remote.clone(), slugs.clone());
                slugs.rotate_left(buyer * 7);
                // A connection that breaks is what this test is about.
                scope.spawn(move || drop(buy(remote, &slugs, model, stop)));
            }
            for joiner in 0..JOINERS {
                let visitor = running.visitor();
                scope.spawn(move || drop(join(visitor, (round, joiner), model, stop)));
            }
            let visitor = running.visitor();
            scope.spawn(move || drop(work(visitor, login, stop)));
            scope.spawn(move || keep_house(home, dir, stop));
            std::thread::sleep(Duration::from_millis(60 + round * 37 % 400));
            running.kill_now();
            stop.store(true, Ordering::SeqCst);
        });
        drop(running);
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
    let model = model.into_inner().expect("nobody panicked");
    let lost: Vec<_> = model.acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(stored.len() <= model.asked, "{} stored, {} asked for", stored.len(), model.asked);
    let (orders, customers) = (model.acknowledged.len(), model.joined.len());
    assert!(model.is_worth_losing(), "only {orders} orders were made, and {customers} customers registered");
    for name in &model.joined {
        let mut remote = running.visitor();
        let form = remote.get("/login").expect("a page").form("/login");
        let page = remote.submit(&form.with("account", name).with("password", JOINED_PASSWORD));
        assert_eq!(page.expect("an answer").status, 303, "{name} registered and can't sign in");
    }
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
