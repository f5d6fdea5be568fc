//! The privacy policy in its versions: drafted by itself, announced, in force from its day, and binding only
//! with a yes where it takes something away.

use tuckshop::config::Period;
use tuckshop::retention;

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop};
use crate::page::Page;

const DAY: i64 = 24 * 60 * 60;
const OFFICE: &str = "/admin/policy";
const ANNOUNCE: &str = "/admin/policy/announce";
const OWN: &str = "/account/privacy/policy";

/// Announces the draft as soon as its notice allows.
pub async fn announce(shop: &TestShop) {
    let mut owner = shop.owner().await;
    let form = owner.get(OFFICE).await.must_be(200).form(ANNOUNCE);
    owner.submit(form).await.must_be(303);
}

async fn pass(shop: &TestShop, seconds: i64) {
    shop.pass(seconds);
    tuckshop::policy::take_effect(&shop.shop).await.expect("looked");
}

/// Somebody with an order that is completed.
async fn bought(shop: &TestShop, name: &str) -> (Browser, String) {
    let mut person = shop.shopper(name).await;
    person.put_in_cart("mug", 1).await;
    let number = person.order("cod").await;
    shop.complete(&number).await;
    (person, number)
}

async fn signed_in(shop: &TestShop, name: &str) -> Browser {
    let mut browser = shop.browser();
    browser.sign_in(name, SHOPPER_PASSWORD).await.must_be(303);
    browser
}

async fn set_officer(owner: &mut Browser, name: &str) -> Page {
    let form = owner.get("/admin/settings").await.must_be(200).form("/admin/settings");
    owner.submit(form.with("officer", name)).await.must_be(303)
}

#[tokio::test(flavor = "multi_thread")]
async fn not_02_a_change_is_drafted_announced_and_in_force_from_its_day() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    let mut owner = shop.owner().await;
    // Nobody is bound yet: what is entered is published at once.
    set_officer(&mut owner, "Li Hua").await;
    visitor.get("/privacy").await.must_be(200).must_say("Li Hua");
    owner.get(OFFICE).await.must_be(200).must_say("there is no draft");
    let mut lin = shop.shopper("lin").await;
    set_officer(&mut owner, "Wang Wei").await;
    let page = visitor.get("/privacy").await.must_be(200).must_say("Li Hua");
    assert!(!page.says("Wang Wei"), "{}", page.text());
    owner.get("/admin").await.must_be(200).must_say("There is a draft");
    let page =
        owner.get(OFFICE).await.must_be(200).must_say("Wang Wei (before: Li Hua").must_say("a major change");
    let form = page.form(ANNOUNCE);
    // The notice is what the version in force promises: thirty days.
    for day in ["2026-03-20", "yesterday"] {
        let page = owner.submit(form.clone().with("effective", day)).await.must_be(422);
        assert!(page.body.contains("href=\"#effective\""), "{}", page.text());
    }
    visitor.get("/").await.must_be(200);
    owner.submit(form.clone()).await.must_be(303);
    owner.submit(form).await.must_be(409);
    let page = visitor.get("/").await.must_be(200).must_say("From 2026-04-01 on a new privacy policy");
    assert!(page.body.contains("/privacy/changes/"), "{}", page.body);
    assert!(visitor.get("/privacy").await.says("Li Hua"));
    pass(&shop, 30 * DAY - 1).await;
    assert!(visitor.get("/privacy").await.says("Li Hua"));
    pass(&shop, 1).await;
    let page = visitor.get("/privacy").await.must_be(200).must_say("Wang Wei");
    assert!(!page.says("on a new privacy policy"), "{}", page.text());
    lin.get("/account").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_03_a_major_change_goes_to_every_account_and_asks_it() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut owner = shop.owner().await;
    set_officer(&mut owner, "Wang Wei").await;
    shop.letters("lin@example.com").await;
    announce(&shop).await;
    let letters = shop.letters("lin@example.com").await;
    let told = letters.iter().filter(|letter| letter.contains("/privacy/changes/2")).count();
    assert_eq!(told, 1, "{letters:?}");
    tuckshop::policy::tell_all(&shop.shop).await.expect("told");
    let letters = shop.letters("lin@example.com").await;
    assert_eq!(letters.iter().filter(|letter| letter.contains("/privacy/changes/2")).count(), 1, "once");
    lin.get("/account").await.must_be(200).must_say("Our privacy policy has a major change");
    let form = lin.get(OWN).await.must_be(200).must_say("Wang Wei").form(OWN);
    lin.submit(form).await.must_be(303);
    assert!(!lin.get("/account").await.says("has a major change"));
    lin.get(OWN).await.must_say("You agreed to version 2");
    // Whoever registers later agreed to what was in force, and is asked too.
    let mut mei = shop.shopper("mei").await;
    mei.get("/account").await.must_say("has a major change");
    lin.post(OWN, &[("version", "99")]).await.must_be(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn not_05_a_version_stays_readable_byte_by_byte() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    let mut visitor = shop.browser();
    let mut chinese = shop.browser();
    chinese.language = "zh-CN";
    let before = visitor.get("/privacy/versions/1").await.must_be(200).bytes;
    let before_zh = chinese.get("/privacy/versions/1").await.must_be(200).bytes;
    assert_ne!(before, before_zh);
    drop((visitor, chinese));
    let shop = shop.reopened(|config| config.retention.searches = Period::months(3)).await;
    announce(&shop).await;
    pass(&shop, 40 * DAY).await;
    let (mut visitor, mut chinese) = (shop.browser(), shop.browser());
    chinese.language = "zh-CN";
    assert_eq!(visitor.get("/privacy/versions/1").await.must_be(200).bytes, before);
    assert_eq!(chinese.get("/privacy/versions/1").await.must_be(200).bytes, before_zh);
    let page =
        visitor.get("/privacy/versions").await.must_be(200).must_say("Version 2").must_say("a minor change");
    assert!(page.body.contains("/privacy/versions/1"), "{}", page.body);
    let page =
        visitor.get("/privacy/changes/2").await.must_be(200).must_say("kept 3 months instead of 6 months");
    assert!(page.body.contains("<del>") && page.body.contains("<ins>"), "{}", page.body);
    for absent in ["/privacy/versions/9", "/privacy/versions/x", "/privacy/changes/1", "/privacy/changes/9"] {
        visitor.get(absent).await.must_be(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_01_a_longer_period_binds_only_those_who_say_yes() {
    let shop = TestShop::open().await;
    let (_, of_lin) = bought(&shop, "lin").await;
    let (_, of_mei) = bought(&shop, "mei").await;
    let (_, of_ann) = bought(&shop, "ann").await;
    let shop = shop.reopened(|config| config.retention.order_contact = Period::years(5)).await;
    // A start acts on nothing: the draft waits, and pages say what is in force.
    let page = shop.owner().await.get(OFFICE).await.must_say("kept 5 years instead of 3 years");
    assert!(page.says("needs your yes"), "{}", page.text());
    shop.browser().get("/privacy").await.must_say("3 years after completion");
    announce(&shop).await;
    // Whoever says yes before the day is bound from it on.
    let mut ann = signed_in(&shop, "ann").await;
    let page = ann.get(OWN).await.must_be(200).must_say("For your account version 1 is in force");
    ann.submit(page.form(OWN)).await.must_be(303);
    ann.get(OWN).await.must_say("For your account version 1 is in force");
    pass(&shop, 31 * DAY).await;
    shop.browser().get("/privacy").await.must_say("5 years after completion");
    let mut mei = signed_in(&shop, "mei").await;
    let page = mei.get(OWN).await.must_be(200).must_say("For your account version 1 is in force");
    mei.submit(page.form(OWN)).await.must_be(303);
    mei.get(OWN).await.must_say("For your account version 2 is in force");
    signed_in(&shop, "lin").await.get(OWN).await.must_say("For your account version 1 is in force");
    shop.pass((3 * 365 + 1) * DAY);
    retention::sweep(&shop.shop).await.expect("a run");
    assert!(!shop.has_consignee(&of_lin), "three years are what lin agreed to");
    assert!(shop.has_consignee(&of_mei), "five are what mei agreed to");
    assert!(shop.has_consignee(&of_ann), "and ann, ahead of the day");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn not_01_a_shorter_period_binds_at_once_and_none_comes_back_longer() {
    let shop = TestShop::open().await;
    let (_, of_lin) = bought(&shop, "lin").await;
    let longer = shop.reopened(|config| config.retention.invoice = Period::years(12)).await;
    announce(&longer).await;
    pass(&longer, 31 * DAY).await;
    // What the merchant adds is drafted too, and stands in the text once it is in force.
    let mut owner = longer.owner().await;
    let form = owner.get(OFFICE).await.must_be(200).form("/admin/policy/added");
    owner.submit(form.with("en", "We wrap each mug in straw.\n\n<b>Always</b>")).await.must_be(303);
    owner.get(OFFICE).await.must_say("The wording changes");
    announce(&longer).await;
    pass(&longer, 8 * DAY).await;
    let page = longer.browser().get("/privacy").await.must_say("We wrap each mug in straw.");
    assert!(page.body.contains("&lt;b&gt;Always"), "text is never markup");
    let mut lin = signed_in(&longer, "lin").await;
    lin.get(OWN).await.must_say("For your account version 1 is in force");
    assert!(longer.has_consignee(&of_lin));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_04_the_form_that_announces_takes_nothing_half_or_out_of_date() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    let mut owner = shop.owner().await;
    owner.post(ANNOUNCE, &[("draft", "00")]).await.must_be(404);
    owner.post(ANNOUNCE, &[("draft", &"00".repeat(32))]).await.must_be(409);
    set_officer(&mut owner, "Wang Wei").await;
    let form = owner.get(OFFICE).await.form(ANNOUNCE);
    set_officer(&mut owner, "Zhao Lei").await;
    // Two tabs: what was read is not what would be announced.
    owner.submit(form).await.must_be(409);
    shop.browser().get("/privacy/versions/2").await.must_be(404);
    let long = "x".repeat(20_001);
    let form = owner.get(OFFICE).await.form("/admin/policy/added");
    owner.submit(form.with("en", &long)).await.must_be(422).must_say("xxxx");
}
