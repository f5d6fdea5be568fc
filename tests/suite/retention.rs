//! What goes when its time has come, what is held, and what the owner sees of it.

use tuckshop::config::Period;
use tuckshop::retention;

use crate::actors::{Browser, TestShop};

const DAY: i64 = 24 * 60 * 60;

/// An order that was completed just now.
async fn completed(shop: &TestShop, lin: &mut Browser) -> String {
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    shop.complete(&number).await;
    number
}

async fn sweep(shop: &TestShop) -> retention::Run {
    retention::sweep(&shop.shop).await.expect("a run")
}

/// From 2026-03-02 to the same day three years later: 2028 has a leap day.
const THREE_YEARS: i64 = (3 * 365 + 1) * DAY;

#[tokio::test(flavor = "multi_thread")]
async fn ret_02_a_consignee_is_kept_three_years_from_completion_and_no_longer() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let number = completed(&shop, &mut lin).await;
    shop.pass(THREE_YEARS - 1);
    assert_eq!(sweep(&shop).await.dropped.get("order_contact"), None);
    assert!(shop.has_consignee(&number));
    shop.pass(1);
    assert_eq!(sweep(&shop).await.dropped.get("order_contact"), Some(&1));
    assert!(!shop.has_consignee(&number));
    assert_eq!(shop.faults(), Vec::<String>::new());
    let runs = retention::last_runs(&shop.shop.store.view().expect("a view"), 5).expect("readable");
    assert!(runs[0].dropped.iter().any(|(_, count)| *count == 1), "the run is on record: {runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_period_that_ends_many_waits_for_the_word() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    for _ in 0..12 {
        completed(&shop, &mut lin).await;
    }
    shop.letters("lin@example.com").await;
    drop(lin);
    let shop = shop.reopened(|config| config.retention.message = Period::days(1)).await;
    crate::policy::announce(&shop).await;
    shop.pass(8 * DAY);
    let run = sweep(&shop).await;
    assert!(run.held.contains_key("message"), "{run:?}");
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/retention").await.must_be(200).must_say("They wait for your word");
    let release = page.forms().into_iter().find(|form| form.action.ends_with("/release")).expect("a form");
    owner.submit(release).await.must_be(303);
    let run = sweep(&shop).await;
    assert!(run.held.is_empty() && run.dropped.get("message").is_some_and(|count| *count > 10), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legal_hold_wins_over_the_clock_and_over_the_persons_own_wish_until_it_is_lifted() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let number = completed(&shop, &mut lin).await;
    let mut owner = shop.owner().await;
    let form = owner.get("/admin/retention").await.form("/admin/retention/holds");
    for (what, reason, ends, field) in [
        ("nothing known", "a claim in court", "2030-01-01", "what"),
        (&*number, "", "2030-01-01", "reason"),
        (&*number, "a claim in court", "2020-01-01", "ends"),
        (&*number, "a claim in court", "2999-01-01", "ends"),
        ("ABCD100001", "a claim in court", "2030-01-01", "what"),
    ] {
        let filled = form.clone().with("what", what).with("reason", reason).with("ends", ends);
        let page = owner.submit(filled).await.must_be(422);
        assert!(page.body.contains(&format!("href=\"#{field}\"")), "{field}: {}", page.text());
    }
    let filled = form.with("what", &number).with("reason", "a claim in court").with("ends", "2030-01-01");
    owner.submit(filled).await.must_be(303);
    // The person sees that it exists.
    lin.get(&format!("/account/orders/{number}")).await.must_be(200).must_say("Legal hold");
    shop.pass(THREE_YEARS + DAY);
    let run = sweep(&shop).await;
    assert!(run.kept == 1 && shop.has_consignee(&number), "{run:?}");
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/retention").await.must_be(200).must_say("a claim in court");
    let lift = page.forms().into_iter().find(|form| form.action.ends_with("/lift")).expect("a form");
    owner.submit(lift.clone()).await.must_be(303);
    owner.submit(lift).await.must_be(404);
    assert_eq!(sweep(&shop).await.dropped.get("order_contact"), Some(&1), "one is few");
    assert!(!shop.has_consignee(&number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_on_a_customer_keeps_the_account_that_was_cancelled_and_ends_by_itself() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/customers").await.must_be(200);
    let link = page.body.split("href=\"/admin/customers/").nth(1).and_then(|rest| rest.split('"').next());
    let link = format!("http://shop.example/admin/customers/{}", link.expect("a customer"));
    let form = owner.get("/admin/retention").await.form("/admin/retention/holds");
    let filled = form.with("what", &link).with("reason", "a claim in court").with("ends", "2026-03-10");
    owner.submit(filled).await.must_be(303);
    let form = lin.get("/account/cancel").await.must_be(200).must_say("A legal hold").form("/account/cancel");
    let form = form.with("password", crate::actors::SHOPPER_PASSWORD).with("confirm", "on");
    lin.submit(form.with("no_restore", "on")).await.must_be(200).must_say("A legal hold");
    shop.pass_days(2).await;
    assert_eq!(tuckshop::accounts::erase_due(&shop.shop).await.expect("looked"), 0);
    let subject = shop.subject_of("lin");
    shop.pass_days(8).await;
    let view = shop.shop.store.view().expect("a view");
    assert!(tuckshop::accounts::find(&view, subject).expect("readable").is_none(), "it is erased");
    assert_eq!(shop.faults(), Vec::<String>::new());
}
