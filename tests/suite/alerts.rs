//! Alerts on unusual looks (SEC-07): raised once, answered by owners, and nobody's name in the mail.

use crate::actors::{Browser, OWNER, TestShop};

const ALERTS: &str = "/admin/alerts";
const PASSWORD: &str = "four copper bells ring";
const CLERK: &str = "clerk@example.com";

async fn signed_in(shop: &TestShop, email: &str) -> Browser {
    let mut browser = shop.browser();
    let form = browser.get("/admin/login").await.form("/admin/login");
    browser.submit(form.with("account", email).with("password", PASSWORD)).await.must_be(303);
    browser
}

async fn clerk(shop: &TestShop) -> Browser {
    shop.add_staff("Clara Clerk", CLERK, PASSWORD, false).await;
    signed_in(shop, CLERK).await
}

/// Shows a customer whole so many times.
async fn reveal(staff: &mut Browser, customer: &str, times: usize) {
    for _ in 0..times {
        let form = staff.get(customer).await.must_be(200).form(&format!("{customer}/reveal"));
        staff.submit(form.with("reason", "a call by telephone")).await.must_be(200);
    }
}

/// The page of the only customer there is.
async fn customer_page(staff: &mut Browser) -> String {
    let list = staff.get("/admin/customers").await.must_be(200);
    let link = list.body.split("href=\"").find(|piece| {
        piece.starts_with("/admin/customers/") && piece.split('"').next().is_some_and(|path| path.len() > 40)
    });
    link.and_then(|piece| piece.split('"').next()).expect("a customer").to_owned()
}

async fn open(shop: &TestShop) -> usize {
    shop.run_jobs().await;
    tuckshop::staff::alerts::open_count(&shop.shop.store.view().expect("a view")).expect("readable")
}

/// A shop with one alert about five looks without a case by the clerk.
async fn alerted() -> (TestShop, Browser) {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    let mut clerk = clerk(&shop).await;
    let lin = customer_page(&mut clerk).await;
    reveal(&mut clerk, &lin, 5).await;
    assert_eq!(open(&shop).await, 1);
    (shop, clerk)
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_the_fifth_look_without_a_case_is_an_alert_and_a_case_explains_any_number() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut clerk = clerk(&shop).await;
    let page = customer_page(&mut clerk).await;
    reveal(&mut clerk, &page, 4).await;
    assert_eq!(open(&shop).await, 0, "four may be telephone calls");
    lin.put_in_cart("mug", 1).await;
    lin.order("cod").await;
    reveal(&mut clerk, &page, 6).await;
    assert_eq!(open(&shop).await, 0, "an order is underway");
    let orders = lin.get("/account/orders?tab=all").await;
    let number = orders.body.split("/account/orders/").nth(1).and_then(|rest| rest.get(..10)).expect("one");
    let cancel = format!("/account/orders/{number}/cancel");
    let form = lin.get(&format!("/account/orders/{number}")).await.form(&cancel);
    lin.submit(form).await.must_be(303);
    reveal(&mut clerk, &page, 1).await;
    assert_eq!(open(&shop).await, 1);
    reveal(&mut clerk, &page, 3).await;
    assert_eq!(open(&shop).await, 1, "one for the hour");
    let mut owner = shop.owner().await;
    owner.get("/admin").await.must_say("1 to be answered");
    let list = owner.get(ALERTS).await.must_be(200).must_say("Clara Clerk").must_say("8 looks");
    assert!(!list.body.contains(&page), "leads to no customer: {}", list.text());
    shop.pass(3600);
    reveal(&mut clerk, &page, 5).await;
    assert_eq!(open(&shop).await, 2, "another hour");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_thirty_one_customers_within_an_hour_are_an_alert() {
    let shop = TestShop::open().await;
    let mut clerk = clerk(&shop).await;
    let mut numbers = Vec::new();
    for person in 0..31 {
        let mut shopper = shop.shopper(&format!("person{person}")).await;
        shopper.put_in_cart("green-tea", 1).await;
        numbers.push(shopper.order("cod").await);
    }
    let action = "/admin/orders/labels";
    let all = |count: usize| {
        let fields = numbers.iter().take(count).map(|number| (format!("pick-{number}"), "on".to_owned()));
        crate::page::Form { action: action.to_owned(), fields: fields.collect() }
    };
    for _ in 0..2 {
        clerk.submit(all(30)).await.must_be(200);
        assert_eq!(open(&shop).await, 0);
    }
    clerk.submit(all(31)).await.must_be(200);
    assert_eq!(open(&shop).await, 1);
    shop.owner().await.get(ALERTS).await.must_say("31 customers").must_say("Clara Clerk");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_a_look_at_night_by_the_shops_clock_is_an_alert_and_one_for_the_night() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    clerk(&shop).await;
    // 23:59:59 in Shanghai, then midnight.
    shop.pass(15 * 3600 - 1);
    let mut clerk = signed_in(&shop, CLERK).await;
    let page = customer_page(&mut clerk).await;
    reveal(&mut clerk, &page, 1).await;
    assert_eq!(open(&shop).await, 0);
    shop.pass(1);
    reveal(&mut clerk, &page, 1).await;
    assert_eq!(open(&shop).await, 1);
    shop.pass(5 * 3600 - 1);
    clerk = signed_in(&shop, CLERK).await;
    reveal(&mut clerk, &page, 1).await;
    assert_eq!(open(&shop).await, 1, "the same night");
    shop.pass(1);
    reveal(&mut clerk, &page, 1).await;
    assert_eq!(open(&shop).await, 1, "five o'clock is morning");
    shop.owner().await.get(ALERTS).await.must_say("Looks at night").must_say("2 looks").must_say("00:00");
    shop.pass(20 * 3600);
    clerk = signed_in(&shop, CLERK).await;
    reveal(&mut clerk, &page, 1).await;
    assert_eq!(open(&shop).await, 2, "another night");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_an_alert_is_raised_once_and_the_mail_about_it_names_nobody() {
    let (shop, mut clerk) = alerted().await;
    let mails = |letters: Vec<String>| letters.into_iter().filter(|l| l.contains(ALERTS)).collect::<Vec<_>>();
    let sent = mails(shop.letters(OWNER).await);
    assert_eq!(sent.len(), 1);
    assert!(!sent[0].contains("Clara") && !sent[0].contains("lin@"), "{}", sent[0]);
    let before = shop.shop.store.view().expect("a view").counter("alerts").expect("read");
    for _ in 0..3 {
        assert_eq!(open(&shop).await, 1);
    }
    let page = customer_page(&mut clerk).await;
    reveal(&mut clerk, &page, 1).await;
    assert_eq!(open(&shop).await, 1);
    assert_eq!(shop.shop.store.view().expect("a view").counter("alerts").expect("read"), before);
    assert_eq!(mails(shop.letters(OWNER).await).len(), 1);
    assert_eq!(mails(shop.letters(CLERK).await).len(), 0, "owners alone are told");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_an_answer_has_a_reason_and_a_note_is_given_once_and_stands_in_the_access_log() {
    let (shop, mut clerk) = alerted().await;
    let mut owner = shop.owner().await;
    let act = format!("{ALERTS}/1/answer");
    let form = owner.get(&format!("{ALERTS}/1")).await.must_be(200).form(&act);
    let refused = owner.submit(form.clone().with("reason", "boredom").with("note", "plum blossom")).await;
    assert!(refused.must_be(422).says("plum blossom"), "what was typed is kept");
    owner.submit(form.clone().with("reason", "expected")).await.must_be(422).must_say("Write in a few words");
    assert_eq!(clerk.get(ALERTS).await.status, 403);
    assert_eq!(clerk.submit(form.clone().with("reason", "expected").with("note", "mine")).await.status, 403);
    assert_eq!(open(&shop).await, 1);
    let form = form.with("reason", "expected").with("note", "She answers the telephone.");
    owner.submit(form.clone()).await.must_be(303);
    assert_eq!(owner.submit(form.clone().with("note", "Again.")).await.status, 409);
    assert_eq!(open(&shop).await, 0);
    owner.get(&format!("{ALERTS}/1")).await.must_say("She answers the telephone.").must_say("Expected work");
    owner.get(ALERTS).await.must_say("nothing to answer").must_say("Answered");
    owner.get("/admin/access-log").await.must_say("answered an alert").must_say("Unaltered");
    owner.get("/admin").await.must_say("0 to be answered");
    for absent in ["2", "0", "x", "%00"] {
        assert_eq!(owner.get(&format!("{ALERTS}/{absent}")).await.status, 404, "{absent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_nobody_answers_about_themselves_but_the_only_owner_who_then_says_so() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    let mut owner = shop.owner().await;
    let page = customer_page(&mut owner).await;
    reveal(&mut owner, &page, 5).await;
    assert_eq!(open(&shop).await, 1);
    let act = format!("{ALERTS}/1/answer");
    let here = format!("{ALERTS}/1");
    let form = owner.get(&here).await.must_say("You are the only owner").form(&act);
    let form = form.with("reason", "mistaken").with("note", "I was learning.");
    shop.add_staff("Olga", "olga@example.com", PASSWORD, true).await;
    let page = owner.get(&here).await.must_say("Another owner answers it");
    assert!(!page.has_form(&act));
    assert_eq!(owner.submit(form.clone()).await.status, 403);
    assert_eq!(open(&shop).await, 1);
    let mut olga = signed_in(&shop, "olga@example.com").await;
    let theirs = olga.get(&here).await.form(&act).with("reason", "mistaken").with("note", "He was learning.");
    olga.submit(theirs).await.must_be(303);
    let page = olga.get(&here).await.must_say("Olga");
    assert!(!page.says("as the only owner"));

    let alone = TestShop::open().await;
    alone.shopper("lin").await;
    let mut owner = alone.owner().await;
    let page = customer_page(&mut owner).await;
    reveal(&mut owner, &page, 5).await;
    assert_eq!(open(&alone).await, 1);
    owner.submit(form).await.must_be(303);
    owner.get(&here).await.must_say("as the only owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_an_alert_goes_with_the_period_of_the_looks_it_is_about() {
    let (shop, _) = alerted().await;
    let period = shop.shop.config().retention.access_log.span();
    let end = shop.now().plus(&period, shop.shop.zone());
    shop.clock.set(end.plus_seconds(-1));
    tuckshop::retention::sweep(&shop.shop).await.expect("swept");
    assert_eq!(open(&shop).await, 1);
    shop.clock.set(end);
    tuckshop::retention::sweep(&shop.shop).await.expect("swept");
    assert_eq!(open(&shop).await, 0);
    shop.owner().await.get(&format!("{ALERTS}/1")).await.must_be(404);
    assert_eq!(shop.faults(), Vec::<String>::new());
}
