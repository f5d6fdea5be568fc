//! The periods of `[retention]`: each has an effect, and it is the policy in force that has it.

use std::collections::BTreeSet;

use tuckshop::classes::CLASSES;
use tuckshop::clock::Timestamp;
use tuckshop::config::{Config, Period};
use tuckshop::locale::Locale;
use tuckshop::web::{Method, Who};

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop, number_in};
use crate::page::Page;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// For each key of `[retention]` a period that nothing else in the shop lasts.
const ODD: [(&str, &str); 19] = [
    ("cancelled_account", "43 days"),
    ("order_contact", "1501 days"),
    ("unfinished_order", "211 days"),
    ("invoice", "4003 days"),
    ("browsing", "53 days"),
    ("searches", "61 days"),
    ("devices", "71 days"),
    ("risk", "73 days"),
    ("session", "19 days"),
    ("cart", "11 days"),
    ("conversation", "1201 days"),
    ("after_sales", "1203 days"),
    ("request", "1207 days"),
    ("questionnaire", "307 days"),
    ("consent_evidence", "1301 days"),
    ("access_log", "1307 days"),
    ("message", "37 days"),
    ("registration", "3 hours"),
    ("code", "7 minutes"),
];

/// Classes that the shop has a period for and collects nothing of yet.
const OF_NOTHING: [&str; 3] = ["risk", "after_sales", "questionnaire"];

/// Every key of `[retention]` with its odd period.
fn odd() -> Vec<(String, Period)> {
    let all = Config::defaults("/nowhere".into()).retention.all();
    let odd_one = |(key, default): (&'static str, Period)| {
        let (_, period) =
            ODD.iter().find(|(known, _)| *known == key).unwrap_or_else(|| panic!("no odd period for {key}"));
        let period: Period = period.parse().expect("a period");
        assert_ne!(period, default);
        (key.to_owned(), period)
    };
    all.into_iter().map(odd_one).collect()
}

fn odd_of(key: &str) -> Period {
    odd().into_iter().find(|(known, _)| known == key).expect("a key").1
}

/// Whether a vault goes exactly then.
fn goes_at(shop: &TestShop, at: Timestamp) -> bool {
    let view = shop.shop.store.view().expect("a view");
    [true, false].into_iter().any(|passing| {
        let until = |at| view.expired(passing, at, usize::MAX).expect("readable").len();
        until(at) > until(at.plus_millis(-1))
    })
}

/// Notes the keys whose period some vault goes by that began just now.
fn note(shop: &TestShop, seen: &mut BTreeSet<String>) {
    for (key, period) in odd() {
        if goes_at(shop, shop.now().plus(&period.span(), shop.shop.zone())) {
            seen.insert(key);
        }
    }
}

fn max_age(page: &Page, cookie: &str) -> i64 {
    let mut set = page.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value);
    let set = set.rfind(|value| value.starts_with(&format!("{cookie}=")));
    let life = set
        .and_then(|value| value.split("Max-Age=").nth(1))
        .unwrap_or_else(|| panic!("{cookie}: {:?}", page.headers));
    life.split(';').next().expect("a number").parse().expect("a number")
}

/// Orders with an invoice; the order's number.
async fn order_with_invoice(person: &mut Browser, payment: &str) -> String {
    person.put_in_cart("green-tea", 1).await;
    let form = person.checkout_form(payment).await.with("invoice_kind", "company");
    let form = form.with("invoice_title", "示例有限公司").with("invoice_tax_id", "91330100MA27XXXXX8");
    number_in(person.submit(form).await.leads_to())
}

/// Sends the first form of a page whose action ends so.
async fn send(person: &mut Browser, path: &str, ending: &str) {
    let page = person.get(path).await.must_be(200);
    let form = page.forms().into_iter().find(|form| form.action.ends_with(ending));
    let form = form.unwrap_or_else(|| panic!("{path} has no form that ends with {ending}"));
    let page = person.submit(form).await;
    assert!(page.status == 303 || page.status == 200, "{path} {ending}: {}", page.text());
}

/// The address of a person's only conversation.
async fn conversation(person: &mut Browser) -> String {
    let page = person.get("/support").await.must_be(200);
    let links = page.body.split("href=\"/support/").skip(1).filter_map(|rest| rest.split('"').next());
    let id =
        links.into_iter().find(|id| id.len() >= 20 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    format!("/support/{}", id.unwrap_or_else(|| panic!("{}", page.body)))
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_06_each_key_of_retention_has_an_effect() {
    let shop = TestShop::open().await.reopened(|config| config.retention.take(&odd())).await;
    let mut seen = BTreeSet::new();
    // A visitor's cart, and a registration that waits for its code.
    let mut visitor = shop.browser();
    let page = visitor.put_in_cart("teapot", 1).await.must_be(303);
    assert_eq!(max_age(&page, "cart"), 11 * DAY);
    assert_eq!(max_age(&visitor.get("/cart").await.must_be(200), "cart"), 11 * DAY);
    let form = visitor.get("/register").await.must_be(200).form("/register");
    let form = form.with("account", "mei").with("contact", "mei@example.com").with("agree", "on");
    let page = visitor.submit(form.with("password", SHOPPER_PASSWORD)).await.must_be(303);
    assert_eq!(max_age(&page, "step"), 3 * 60 * MINUTE, "no shorter than the registration waits");
    note(&shop, &mut seen);
    // Somebody of whom something of every kind is kept, and it comes to its end.
    let mut lin = shop.lived("lin").await;
    let done = order_with_invoice(&mut lin, "cod").await;
    shop.complete(&done).await;
    let undone = order_with_invoice(&mut lin, "transfer").await;
    lin.post(&format!("/account/orders/{undone}/cancel"), &[("reason", "changed my mind")])
        .await
        .must_be(303);
    let page = lin.get(&format!("/account/orders/{undone}")).await.must_say("Cancelled");
    drop(page);
    let here = conversation(&mut lin).await;
    send(&mut lin, &here, "/close").await;
    send(&mut lin, "/account/privacy/requests", "/withdraw").await;
    shop.letters("lin@example.com").await;
    note(&shop, &mut seen);
    let mut form = lin.get("/account/privacy").await.must_be(200).form("/account/privacy");
    form.fields.retain(|(name, _)| name != "device-recognition");
    lin.submit(form).await.must_be(303);
    let mut yan = shop.browser();
    assert_eq!(max_age(&yan.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303), "session"), 19 * DAY);
    note(&shop, &mut seen);
    lin.cancel(false).await.must_be(200);
    let view = shop.shop.store.view().expect("a view");
    let day = shop.now().plus(&odd_of("cancelled_account").span(), shop.shop.zone());
    if view.promised().expect("readable").iter().any(|(_, promised)| *promised == day) {
        seen.insert("cancelled_account".to_owned());
    }
    for (key, _) in odd() {
        if OF_NOTHING.contains(&&*key) {
            let named = format!("{{{key}}}");
            let is_said =
                CLASSES.iter().any(|facts| Locale::ALL.iter().any(|l| facts.clock.get(*l).contains(&named)));
            assert!(
                !is_said && !seen.contains(&key),
                "something is kept by {key} now: it needs a proof here"
            );
        } else {
            assert!(seen.contains(&key), "retention.{key} has no effect; these have: {seen:?}");
        }
    }
    // The pages that say how long cookies stay say the same.
    let page = shop.browser().get("/cookies").await.must_be(200).must_say("19 days").must_say("11 days");
    assert!(!page.says("30 days"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn not_02_until_it_is_announced_no_page_says_what_the_configuration_wants() {
    let shop = TestShop::open().await;
    let lin = shop.lived("lin").await;
    let mut visitor = shop.browser();
    visitor.put_in_cart("teapot", 1).await.must_be(303);
    let (lin_keeps, visitor_keeps) = (lin.cookies.clone(), visitor.cookies.clone());
    drop((lin, visitor));
    let shop = shop.reopened(|config| config.retention.take(&odd())).await;
    let (mut lin, mut visitor) = (shop.browser(), shop.browser());
    (lin.cookies, visitor.cookies) = (lin_keeps, visitor_keeps);
    lin.get("/account").await.must_be(200);
    let here = conversation(&mut lin).await;
    lin.get(&here).await.must_be(200).must_say("is kept for 3 years after the conversation was closed");
    let open = |who| matches!(who, Who::Anyone | Who::Customer);
    let routes =
        tuckshop::rooms::routes().into_iter().filter(|route| route.method == Method::Get && open(route.who));
    let paths = routes.map(|route| route.path.to_owned()).filter(|path| !path.contains('{'));
    for path in paths.chain([here]) {
        for person in [&mut lin, &mut visitor] {
            let page = person.clone().get(&path).await;
            for (key, period) in odd() {
                for l in Locale::ALL {
                    assert!(
                        !page.text().contains(&period.text(l)),
                        "{path} goes by retention.{key}: {}",
                        page.text()
                    );
                }
            }
        }
    }
    assert_eq!(max_age(&visitor.get("/cart").await, "cart"), 30 * DAY);
}

/// Looks at the account so often, so far apart, and each time is still signed in.
async fn stays_in(shop: &TestShop, person: &mut Browser, times: usize, apart: i64) {
    for time in 0..times {
        shop.pass(apart);
        let page = person.get("/account").await;
        assert_eq!(page.status, 200, "the {time}th look, {apart} s apart");
    }
}

async fn is_out(person: &mut Browser) -> bool {
    person.get("/account").await.status == 303
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_thirty_days_from_its_last_use_and_ninety_at_most() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    stays_in(&shop, &mut lin, 3, 29 * DAY).await;
    shop.pass(3 * DAY);
    assert!(is_out(&mut lin).await, "90 days are over");
    let mut lin = shop.browser();
    lin.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    stays_in(&shop, &mut lin, 1, 30 * DAY - 1).await;
    shop.pass(30 * DAY);
    assert!(is_out(&mut lin).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_of_a_session_stays_as_long_as_the_session_from_its_last_use() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    shop.shopper("lin").await;
    let page = lin.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    assert_eq!(max_age(&page, "session"), 30 * DAY);
    let token = lin.cookies["session"].clone();
    shop.pass(MINUTE);
    let page = lin.get("/account").await.must_be(200);
    assert!(
        !page.headers.iter().any(|(name, _)| name == "set-cookie"),
        "not with each page: {:?}",
        page.headers
    );
    shop.pass(20 * DAY);
    let page = lin.get("/account").await.must_be(200);
    assert_eq!(max_age(&page, "session"), 30 * DAY);
    assert_eq!(lin.cookies["session"], token);
    // The way out is not undone.
    shop.pass(20 * DAY);
    lin.post("/logout", &[]).await.must_be(303);
    assert!(!lin.cookies.contains_key("session"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_period_of_sessions_and_carts_binds_from_its_day() {
    let shop = TestShop::open().await;
    let lin = shop.shopper("lin").await;
    let mut visitor = shop.browser();
    visitor.put_in_cart("teapot", 1).await.must_be(303);
    let (lin_keeps, visitor_keeps) = (lin.cookies.clone(), visitor.cookies.clone());
    drop((lin, visitor));
    let change = |config: &mut Config| {
        config.retention.session = Period::days(3);
        config.retention.cart = Period::days(2);
    };
    let shop = shop.reopened(change).await;
    let (mut lin, mut visitor) = (shop.browser(), shop.browser());
    (lin.cookies, visitor.cookies) = (lin_keeps, visitor_keeps);
    crate::policy::announce(&shop).await;
    shop.pass(8 * DAY);
    lin.get("/account").await.must_be(200);
    visitor.get("/cart").await.must_be(200).must_say("Little teapot");
    tuckshop::retention::sweep(&shop.shop).await.expect("a run");
    shop.pass(2 * DAY);
    shop.run_jobs().await;
    let page = visitor.get("/cart").await.must_be(200);
    assert!(!page.says("Little teapot"), "{}", page.text());
    shop.pass(DAY);
    assert!(is_out(&mut lin).await);
    shop.run_jobs().await;
    let view = shop.shop.store.view().expect("a view");
    assert!(
        view.list(&tuckshop::sessions::SESSIONS, &[]).expect("readable").is_empty(),
        "its row goes with it"
    );
}
