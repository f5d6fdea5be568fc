//! Consent: off until ticked, in force while it lives, gone with what it carried.

use axum::body::Body;
use axum::http::Request;
use tuckshop::accounts::{self};
use tuckshop::classes::Class;
use tuckshop::consent;
use tuckshop::history;
use tuckshop::ids::SubjectId;
use tuckshop::retention;

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop, fill_address};
use crate::page::{Form, Page};

const DAY: i64 = 24 * 60 * 60;
const PURPOSES: [&str; 3] = ["search-history", "browsing-history", "device-recognition"];

fn classes(shop: &TestShop, subject: SubjectId) -> Vec<Class> {
    let view = shop.shop.store.view().expect("a view");
    let vaults = accounts::vaults_of(&view, subject).expect("readable");
    vaults.into_iter().map(|(class, _)| class).collect()
}

fn searched(shop: &TestShop, subject: SubjectId) -> Vec<String> {
    let view = shop.shop.store.view().expect("a view");
    let rows = history::searches(&view, subject).expect("readable");
    rows.into_iter().map(|(_, row)| row.phrase).collect()
}

fn is_on(form: &Form, purpose: &str) -> bool {
    form.fields.iter().any(|(name, _)| name == purpose)
}

async fn pass_and_sweep(shop: &TestShop, days: i64) {
    shop.pass(days * DAY);
    retention::sweep(&shop.shop).await.expect("a run");
}

async fn choose(browser: &mut Browser, ticked: &[&str]) -> Page {
    let mut form = browser.get("/account/privacy").await.must_be(200).form("/account/privacy");
    form.fields.retain(|(name, _)| !PURPOSES.contains(&name.as_str()));
    for purpose in ticked {
        form = form.with(purpose, "on");
    }
    browser.submit(form).await.must_be(303)
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_01_each_purpose_is_named_and_none_is_ticked_beforehand() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let page = lin.get("/account/privacy").await.must_be(200);
    let form = page.form("/account/privacy");
    for purpose in PURPOSES {
        assert!(page.body.contains(&format!("name=\"{purpose}\"")), "{purpose}");
        assert!(!is_on(&form, purpose), "{purpose} is ticked");
    }
    for said in [
        "6 months",
        "Received by: nobody",
        "Orders and delivery",
        "the carrier named on the order",
        "contract",
    ] {
        assert!(page.says(said), "{said}: {}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_02_with_all_off_buying_works_and_nothing_else_is_kept() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let form = lin.get("/account/addresses").await.form("/account/addresses");
    lin.submit(fill_address(form)).await.must_be(303);
    lin.get("/search?q=teapot").await.must_be(200);
    lin.get("/products/mug").await.must_be(200);
    lin.put_in_cart("mug", 1).await;
    lin.order("cod").await;
    let mut kept = classes(&shop, shop.subject_of("lin"));
    kept.sort_unstable();
    kept.dedup();
    let allowed = [Class::Account, Class::Credential, Class::Address, Class::Order, Class::ConsentEvidence];
    assert_eq!(kept, allowed);
    let page = lin.get("/account/privacy/history").await.must_be(200);
    assert_eq!(page.text().matches("Nothing is kept.").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_04_each_is_allowed_alone_and_what_the_text_no_longer_says_is_asked_anew() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &["browsing-history"]).await;
    lin.get("/search?q=teapot").await.must_be(200);
    lin.get("/products/mug").await.must_be(200);
    let subject = shop.subject_of("lin");
    assert!(searched(&shop, subject).is_empty());
    let view = shop.shop.store.view().expect("a view");
    assert_eq!(history::looks(&view, subject).expect("readable").len(), 1);
    assert!(history::devices(&view, subject).expect("readable").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_05_each_consent_leaves_evidence_that_names_nobody_and_a_receipt_that_finds_it() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    shop.pass(60);
    choose(&mut lin, &["search-history"]).await;
    shop.pass(60);
    choose(&mut lin, &[]).await;
    let subject = shop.subject_of("lin");
    let receipts = {
        let view = shop.shop.store.view().expect("a view");
        consent::receipts(&view, subject).expect("readable")
    };
    let said: Vec<(&str, bool)> = receipts.iter().map(|(_, row)| (row.what.as_str(), row.given)).collect();
    assert_eq!(said, [("search-history", false), ("search-history", true), ("terms", true)]);
    let page = lin.get("/account/privacy/receipts").await.must_be(200);
    assert!(receipts.iter().all(|(_, row)| page.says(&row.code)));

    // The account goes; whoever holds the receipt still finds what was agreed to, for three years.
    lin.cancel(true).await.must_be(200);
    let code = receipts[1].1.code.to_lowercase();
    let mut stranger = shop.browser();
    let page = stranger.post("/privacy/receipt", &[("receipt", &code)]).await.must_be(200);
    assert!(page.says("Agreed: Search history") && page.says("/account/privacy"), "{}", page.text());
    let page = stranger.post("/privacy/receipt", &[("receipt", "AAAA-AAAA")]).await.must_be(200);
    assert!(page.says("There is no evidence under this receipt."));
    pass_and_sweep(&shop, 3 * 366 + 1).await;
    let page = stranger.post("/privacy/receipt", &[("receipt", &code)]).await.must_be(200);
    assert!(page.says("There is no evidence under this receipt."), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_06_rgt_10_a_consent_lasts_until_it_is_taken_back_in_any_tab() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &PURPOSES).await;
    let before = lin.get("/account/privacy").await.form("/account/privacy");
    assert!(PURPOSES.iter().all(|purpose| is_on(&before, purpose)));
    shop.pass_days(20).await;
    lin.get("/search?q=teapot").await.must_be(200);
    let subject = shop.subject_of("lin");
    assert_eq!(searched(&shop, subject), ["teapot"]);

    let mut elsewhere = shop.browser();
    elsewhere.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    choose(&mut elsewhere, &[]).await;
    // This tab was open all the while.
    lin.get("/search?q=kettle").await.must_be(200);
    assert!(searched(&shop, subject).is_empty());
    let kept = classes(&shop, subject);
    for class in [Class::Grant, Class::Searches, Class::Browsing, Class::Devices] {
        assert!(!kept.contains(&class), "{class:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_11_a_withdrawal_ends_its_own_function_and_leaves_what_was_lawful() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &PURPOSES).await;
    lin.get("/search?q=teapot").await.must_be(200);
    lin.get("/products/mug").await.must_be(200);
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    choose(&mut lin, &["browsing-history", "device-recognition"]).await;
    // What rested on that consent is gone, and its function with it.
    let subject = shop.subject_of("lin");
    assert!(searched(&shop, subject).is_empty());
    assert!(!lin.get("/search").await.says("You searched for:"));
    // What rests on another consent, on the contract or on evidence stays.
    lin.get("/account/privacy/history").await.must_say("Stoneware mug").must_say("Computer");
    lin.get(&format!("/account/orders/{number}")).await.must_be(200).must_say("王小明");
    let receipts = lin.get("/account/privacy/receipts").await.must_be(200);
    assert!(receipts.says("Agreed: Search history") && receipts.says("Taken back: Search history"));
}

#[tokio::test(flavor = "multi_thread")]
async fn col_12_each_use_of_an_order_is_a_registered_purpose() {
    let shop = TestShop::open().await;
    let page = shop.shopper("lin").await.get("/account/privacy").await.must_be(200);
    for used in ["Identity check", "confirm, settle, deliver and answer for an order", "notice abnormal ones"]
    {
        assert!(page.says(used), "{used}: {}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn col_07_col_08_a_search_is_listed_offered_again_cleared_and_gone_by_its_clock() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &["search-history"]).await;
    for phrase in ["teapot", "mug", "Teapot"] {
        lin.get(&format!("/search?q={phrase}")).await.must_be(200);
        shop.pass(60);
    }
    let subject = shop.subject_of("lin");
    assert_eq!(searched(&shop, subject), ["Teapot", "mug"]);
    // COL-08: offered again, and to nobody else.
    assert!(lin.get("/search").await.says("You searched for:"));
    assert!(!shop.shopper("mei").await.get("/search").await.says("You searched for:"));

    let form = lin.get("/account/privacy/history").await.must_be(200).form("/account/privacy/history");
    lin.submit(form).await.must_be(303);
    assert!(searched(&shop, subject).is_empty());
    assert!(!classes(&shop, subject).contains(&Class::Searches));
    lin.post("/account/privacy/history", &[("clear", "everything")]).await.must_be(422);

    lin.get("/search?q=kettle").await.must_be(200);
    pass_and_sweep(&shop, 170).await;
    assert_eq!(searched(&shop, subject), ["kettle"]);
    pass_and_sweep(&shop, 16).await;
    assert!(searched(&shop, subject).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_06_products_and_devices_are_listed_and_cleared() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &["browsing-history", "device-recognition"]).await;
    lin.get("/products/mug").await.must_be(200);
    lin.get("/products/mug").await.must_be(200);
    let page = lin.get("/account/privacy/history").await.must_be(200);
    assert_eq!(page.body.matches("href=\"/products/mug\"").count(), 1, "once, however often");
    assert!(page.says("Computer"), "{}", page.text());
    lin.post("/account/privacy/history", &[("clear", "all")]).await.must_be(303);
    let page = lin.get("/account/privacy/history").await.must_be(200);
    assert_eq!(page.text().matches("Nothing is kept.").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn col_05_a_product_that_is_not_on_sale_was_not_looked_at() {
    let shop = TestShop::open().await;
    shop.stock("handle,title,price,stock,sku,status\nkettle,Kettle,88.00,2,KET-1,draft\n").await;
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &["browsing-history"]).await;
    lin.get("/products/kettle").await.must_be(404);
    let view = shop.shop.store.view().expect("a view");
    assert!(history::looks(&view, shop.subject_of("lin")).expect("readable").is_empty());
}

async fn with_signal(browser: &mut Browser, method: &str, path: &str, body: &str) -> Page {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("sec-gpc", "1")
        .header("content-type", "application/x-www-form-urlencoded");
    browser.send(request, path, Body::from(body.to_owned())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_a_signal_of_refusal_counts_and_a_later_tick_wins() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let subject = shop.subject_of("lin");
    choose(&mut lin, &["search-history"]).await;
    with_signal(&mut lin, "GET", "/search?q=secret", "").await.must_be(200);
    assert!(searched(&shop, subject).is_empty());
    let page = with_signal(&mut lin, "GET", "/account/privacy", "").await.must_be(200);
    assert!(page.says("refuses tracking"), "{}", page.text());
    assert!(!is_on(&page.form("/account/privacy"), "search-history"));
    // Saving with it off leaves it allowed elsewhere.
    with_signal(&mut lin, "POST", "/account/privacy", "").await.must_be(303);
    lin.get("/search?q=teapot").await.must_be(200);
    assert_eq!(searched(&shop, subject), ["teapot"]);
    with_signal(&mut lin, "POST", "/account/privacy", "search-history=on").await.must_be(303);
    shop.pass(60);
    with_signal(&mut lin, "GET", "/search?q=mug", "").await.must_be(200);
    assert_eq!(searched(&shop, subject), ["mug", "teapot"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_06_evidence_that_rests_already_is_not_kept_longer_because_the_account_goes() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &["search-history"]).await;
    choose(&mut lin, &[]).await;
    let code = {
        let view = shop.shop.store.view().expect("a view");
        let all = consent::receipts(&view, shop.subject_of("lin")).expect("readable");
        all.into_iter().find(|(_, row)| !row.given).expect("one").1.code
    };
    pass_and_sweep(&shop, 400).await;
    lin.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    lin.cancel(true).await.must_be(200);
    let found = |shop: &TestShop| {
        let view = shop.shop.store.view().expect("a view");
        consent::evidence_of(&view, &code).expect("readable").is_some()
    };
    pass_and_sweep(&shop, 3 * 365 - 400 - 1).await;
    assert!(found(&shop));
    pass_and_sweep(&shop, 3).await;
    assert!(!found(&shop));
}

#[tokio::test(flavor = "multi_thread")]
async fn ck_03_cookies_are_managed_where_they_are_explained_and_cleared_there() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    visitor.put_in_cart("mug", 1).await;
    let form = visitor.get("/cookies").await.must_be(200).form("/cookies");
    assert!(PURPOSES.iter().all(|purpose| !is_on(&form, purpose)), "nothing is pre-ticked");
    // Everything off needs nothing; a tick needs an account, since what it allows is kept with one.
    assert_eq!(visitor.submit(form.clone()).await.must_be(303).leads_to(), "/cookies?said=saved");
    let ticked = form.with("search-history", "on");
    assert!(visitor.submit(ticked).await.must_be(303).leads_to().starts_with("/login"));
    let mut lin = shop.shopper("lin").await;
    let form = lin.get("/cookies").await.must_be(200).form("/cookies");
    lin.submit(form.with("search-history", "on")).await.must_be(303);
    lin.get("/search?q=mug").await.must_be(200);
    assert_eq!(searched(&shop, shop.subject_of("lin")), ["mug"]);
    assert!(is_on(&lin.get("/account/privacy").await.form("/account/privacy"), "search-history"));
    let receipts = lin.get("/account/privacy/receipts").await.must_be(200);
    assert!(receipts.says("search-history") || receipts.says("Search history"), "{}", receipts.text());
    let mut form = lin.get("/cookies").await.form("/cookies");
    form.fields.retain(|(name, _)| name != "search-history");
    lin.submit(form).await.must_be(303);
    assert!(searched(&shop, shop.subject_of("lin")).is_empty());
    // Cleared: signed out, and no cookie is left.
    let form = lin.get("/cookies").await.form("/cookies/clear");
    let mut copy = lin.clone();
    lin.submit(form).await.must_be(303);
    assert!(lin.cookies.is_empty(), "{:?}", lin.cookies);
    copy.get("/account").await.must_be(303);
    let form = visitor.get("/cookies").await.form("/cookies/clear");
    visitor.submit(form).await.must_be(303);
    assert!(visitor.cookies.is_empty(), "{:?}", visitor.cookies);
    visitor.get("/").await.must_be(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn col_06_a_search_of_nobody_is_counted_without_a_person_and_shown_once_it_is_no_rarity() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    for _ in 0..9 {
        visitor.get("/search?q=Mug").await.must_be(200);
    }
    visitor.get("/search?q=lin+zhang+hangzhou").await.must_be(200);
    visitor.get("/search?q=mug&page=1").await.must_be(200);
    let mut lin = shop.shopper("lin").await;
    choose(&mut lin, &["search-history"]).await;
    // What lin keeps with a consent is not counted; what mei does not keep is.
    lin.get("/search?q=mug").await.must_be(200);
    history::store_phrases(&shop.shop).await.expect("stored");
    let mut owner = shop.owner().await;
    assert!(!owner.get("/admin/searches").await.must_be(200).says("mug"), "nine times are too few");
    let mut mei = shop.shopper("mei").await;
    mei.get("/search?q=mug").await.must_be(200);
    history::store_phrases(&shop.shop).await.expect("stored");
    let page = owner.get("/admin/searches").await.must_be(200).must_say("mug").must_say("10");
    assert!(!page.says("zhang"), "a rarity can name people: {}", page.text());
    // Sealed, and gone by its clock.
    let bytes = std::fs::read(shop.dir.path().join("shop.redb")).expect("there");
    assert!(!bytes.windows(9).any(|window| window == b"lin zhang"), "the phrase lies there in plain");
    pass_and_sweep(&shop, 190).await;
    let view = shop.shop.store.view().expect("a view");
    assert!(history::often(&view).expect("readable").is_empty());
}
