//! Closing the business: the notice, the erasure, what stays.

use tuckshop::classes::Class;

use crate::actors::{Browser, OWNER_PASSWORD, SHOPPER_PASSWORD, TestShop};
use crate::page::Page;

const DAY: i64 = 24 * 60 * 60;
const HOME: &str = "/admin/closing";
const ANNOUNCE: &str = "/admin/closing/announce";
/// Thirty days after the day on which tests begin.
const FIRST: &str = "2026-04-01";

async fn announce(owner: &mut Browser, on: &str) -> Page {
    let form = owner.get(HOME).await.must_be(200).form(ANNOUNCE);
    owner.submit(form.with("on", on).with("current", OWNER_PASSWORD).with("confirm", "on")).await
}

async fn call_off(owner: &mut Browser) -> Page {
    let form = owner.get(HOME).await.must_be(200).form("/admin/closing/call-off");
    owner.submit(form).await
}

async fn buys(person: &mut Browser) -> String {
    person.put_in_cart("mug", 1).await.must_be(303);
    person.order("cod").await
}

async fn sweep(shop: &TestShop) {
    tuckshop::retention::sweep(&shop.shop).await.expect("swept");
}

/// How many vaults of people live, of those classes that closing erases.
fn living(shop: &TestShop) -> Vec<(&'static str, u64)> {
    const STAY: [Class; 5] = [Class::Public, Class::Shop, Class::Ledger, Class::Staff, Class::Credential];
    let view = shop.shop.store.view().expect("a view");
    tuckshop::classes::CLASSES
        .iter()
        .filter(|facts| !facts.passing && !STAY.contains(&facts.class))
        .map(|facts| (facts.id, view.living(facts.class).expect("readable")))
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_08_a_closing_is_announced_thirty_days_before_to_everybody_and_can_be_called_off() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.get("/closing").await.must_be(404);
    let mut owner = shop.owner().await;
    owner.get("/admin/settings").await.must_be(200).must_say("Closing the business");
    let form = owner.get(HOME).await.must_be(200).must_say(FIRST).form(ANNOUNCE);
    assert!(form.fields.iter().all(|(name, _)| name != "confirm"), "nothing is pre-ticked");
    for (on, password, confirm, field) in [
        ("2026-03-31", OWNER_PASSWORD, "on", "on"),
        ("2020-01-01", OWNER_PASSWORD, "on", "on"),
        ("", OWNER_PASSWORD, "on", "on"),
        ("soon", OWNER_PASSWORD, "on", "on"),
        ("2026-02-30", OWNER_PASSWORD, "on", "on"),
        (FIRST, "not this one", "on", "current"),
        (FIRST, "", "on", "current"),
        (FIRST, OWNER_PASSWORD, "", "confirm"),
    ] {
        let mut filled = form.clone().with("on", on).with("current", password);
        if !confirm.is_empty() {
            filled = filled.with("confirm", confirm);
        }
        let page = owner.submit(filled).await.must_be(422);
        assert!(page.body.contains(&format!("href=\"#{field}\"")), "{field}: {}", page.text());
    }
    assert_eq!(shop.shop.closes(), None);

    for _ in 0..2 {
        // A double click says it once.
        let filled = form.clone().with("on", FIRST).with("current", OWNER_PASSWORD).with("confirm", "on");
        owner.submit(filled).await.must_be(303);
    }
    let other = form.clone().with("on", "2026-06-01").with("current", OWNER_PASSWORD).with("confirm", "on");
    owner.submit(other).await.must_be(409).must_say("Call it off first");
    owner.get("/admin").await.must_say("The business closes on 2026-04-01");
    shop.run_jobs().await;
    shop.run_jobs().await;
    let told = shop.letters("lin@example.com").await;
    assert_eq!(told.len(), 2, "the code, and one word of it: {told:?}");
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(letter.contains("2026-04-01") && letter.contains("/closing"), "{letter}");
    let letter = shop.last_letter("owner@tuckshop.example").await.expect("a letter");
    assert!(letter.contains("call it off before"), "{letter}");
    for path in ["/", "/products/mug", "/account", "/privacy"] {
        lin.get(path).await.must_be(200).must_say("closes for good on 2026-04-01");
    }
    lin.get("/closing").await.must_be(200).must_say("Get a copy");
    // The shop sells until the day.
    buys(&mut lin).await;

    shop.pass(60);
    call_off(&mut owner).await.must_be(303);
    shop.run_jobs().await;
    let told = shop.letters("lin@example.com").await;
    assert!(told.iter().any(|letter| letter.contains("called off")), "{told:?}");
    assert!(!lin.get("/").await.says("closes for good"));
    lin.get("/closing").await.must_be(404);
    owner.post("/admin/closing/call-off", &[]).await.must_be(409);
    shop.pass_days(40).await;
    shop.browser().sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

/// A visitor's request and conversation, proven by a code.
async fn visitors(shop: &TestShop) {
    for (path, fields) in [
        ("/privacy/requests", [("kind", "correct"), ("details", "plum blossom")]),
        ("/support", [("subject", "A question"), ("message", "Do you ship to Lhasa?")]),
    ] {
        let mut browser = shop.browser();
        let mut form = browser.get(path).await.must_be(200).form(path).with("contact", "gast@example.com");
        for (name, value) in fields {
            form = form.with(name, value);
        }
        browser.submit(form).await;
        let code = shop.code_for("gast@example.com").await;
        shop.pass(5 * 60);
        let form = browser.get(path).await.must_be(200).form(path);
        browser.submit(form.with("code", &code)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_08_on_the_day_everything_about_people_goes_and_the_record_of_sales_stays() {
    let shop = TestShop::open().await;
    shop.add_staff("Clerk", "clerk@tuckshop.example", OWNER_PASSWORD, false).await;
    let mut lin = shop.lived("lin").await;
    let mut gone = shop.shopper("gone").await;
    let earlier = buys(&mut gone).await;
    shop.complete(&earlier).await;
    gone.cancel(true).await.must_be(200);
    assert!(shop.has_consignee(&earlier), "the law keeps it");
    let mut mei = shop.shopper("mei").await;
    mei.cancel(false).await.must_be(200);
    visitors(&shop).await;
    let mut owner = shop.owner().await;
    announce(&mut owner, FIRST).await.must_be(303);
    shop.pass_days(15).await;
    lin.get("/account").await.must_be(200);
    shop.pass(15 * DAY - 1);
    shop.run_jobs().await;
    assert!(shop.has_consignee(&earlier), "a second before");
    lin.get("/account").await.must_be(200);

    // On the last day somebody orders.
    let mut ann = shop.shopper("ann").await;
    let late = buys(&mut ann).await;
    shop.pass_days(1).await;
    shop.run_jobs().await;
    assert!(!shop.has_consignee(&earlier), "no account held it");
    lin.get("/account").await.must_be(303);
    shop.browser().sign_in("lin", SHOPPER_PASSWORD).await.must_be(422);
    assert!(shop.has_consignee(&late), "a running order is finished first");
    ann.get(&format!("/account/orders/{late}")).await.must_be(200).must_say("closed for good");
    // Nothing new begins.
    let mut new = shop.browser();
    let mug = new.get("/products/mug").await.must_be(200).must_say("closed for good").form("/cart/items");
    new.submit(mug).await.must_be(409);
    for path in ["/register", "/support", "/privacy/requests"] {
        new.post(path, &[("contact", "new@example.com")]).await.must_be(409);
    }
    let mut owner = shop.owner().await;
    owner.get(HOME).await.must_be(200).must_say("Closed since 2026-04-01");
    owner.post("/admin/closing/call-off", &[]).await.must_be(409);
    shop.complete(&late).await;
    shop.run_jobs().await;
    assert!(!shop.has_consignee(&late), "it is over, so it goes");
    shop.pass_days(40).await;
    shop.run_jobs().await;
    sweep(&shop).await;
    // The owners' message that it is done, and who is still to be told to delete what they received.
    let view = shop.shop.store.view().expect("a view");
    let to_tell = tuckshop::sharing::deletions(&view, None, 100).expect("readable").len() as u64;
    drop(view);
    assert_eq!(living(&shop), vec![("message", 1), ("request", to_tell)]);
    assert!(shop.shop.closes().expect("closed").finished.is_some());
    let letter = shop.last_letter("owner@tuckshop.example").await.expect("a letter");
    assert!(letter.contains("All data about people is erased"), "{letter}");
    // The owner reads the record of sales, and it names nobody; the clerk is out.
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/orders").await.must_be(200).must_say(&late).must_say(&earlier);
    assert!(!page.says("王") && page.says("¥"), "{}", page.text());
    owner.get(&format!("/admin/orders/{late}")).await.must_be(200);
    owner.get(HOME).await.must_be(200).must_say("Nothing left since");
    let view = shop.shop.store.view().expect("a view");
    assert_eq!(tuckshop::staff::list(&view).expect("readable").len(), 1);
    drop(view);
    let page = shop.browser().sign_in("ann", SHOPPER_PASSWORD).await.must_be(422);
    assert!(page.says("not right"), "{}", page.text());
    assert_eq!(shop.faults(), Vec::<String>::new());
    shop.pass_days(60).await;
    sweep(&shop).await;
    assert_eq!(living(&shop), vec![("request", to_tell)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_08_a_legal_hold_is_waited_for_and_then_goes_too() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let number = buys(&mut lin).await;
    shop.complete(&number).await;
    let mut owner = shop.owner().await;
    let form = owner.get("/admin/retention").await.form("/admin/retention/holds");
    let form = form.with("what", &number).with("reason", "a claim in court").with("ends", "2026-05-01");
    owner.submit(form).await.must_be(303);
    announce(&mut owner, FIRST).await.must_be(303);
    shop.pass_days(31).await;
    // A pass for the accounts, one for the rest, and one that finds nothing.
    shop.run_jobs().await;
    shop.run_jobs().await;
    assert!(shop.has_consignee(&number), "held");
    let left: Vec<_> = living(&shop).into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, ["order_contact", "message", "legal_hold"], "the owners' message says it is done");
    shop.pass_days(40).await;
    sweep(&shop).await;
    shop.run_jobs().await;
    assert!(!shop.has_consignee(&number), "lifted");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_08_a_clock_that_jumped_closes_nothing_until_it_was_confirmed() {
    let shop = TestShop::doubting().await;
    shop.shopper("lin").await;
    let mut owner = shop.owner().await;
    announce(&mut owner, FIRST).await.must_be(303);
    shop.pass(40 * DAY);
    assert!(shop.shop.clock.jump().is_some());
    tuckshop::closing::carry_out(&shop.shop).await.expect("held");
    shop.subject_of("lin");
    shop.shop.clock.confirm();
    tuckshop::closing::carry_out(&shop.shop).await.expect("carried out");
    assert_eq!(shop.shop.store.view().expect("a view").living(Class::Account).expect("readable"), 0);
}
