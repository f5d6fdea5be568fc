//! Cancelling an account: its month, coming back, and what is left afterwards.

use tuckshop::accounts::{self, Called};
use tuckshop::consent;

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop, fill_address};
use crate::page::Page;

const DAY: i64 = 24 * 60 * 60;

async fn restore(shop: &TestShop, account: &str) -> (Browser, Page) {
    let mut browser = shop.browser();
    let form = browser.get("/account/restore").await.must_be(200).form("/account/restore");
    let page = browser.submit(form.with("account", account).with("password", SHOPPER_PASSWORD)).await;
    (browser, page)
}

fn is_known(shop: &TestShop, name: &str) -> bool {
    let view = shop.shop.store.view().expect("a view");
    let called = Called::parse(name, "CN").expect("a name");
    accounts::find_by(&view, &called).expect("readable").is_some()
}

/// A shopper with an address and something in the cart.
async fn settled(shop: &TestShop, name: &str) -> Browser {
    let mut browser = shop.shopper(name).await;
    let form = browser.get("/account/addresses").await.form("/account/addresses");
    browser.submit(fill_address(form)).await.must_be(303);
    browser.put_in_cart("mug", 2).await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn prp_02_rgt_18_the_page_names_what_would_be_lost_and_asks_for_password_and_word() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    let number = lin.order("cod").await;
    lin.put_in_cart("teapot", 1).await;
    let page = lin.get("/account/cancel").await.must_be(200);
    for said in ["saved addresses: 1", "what is in your cart: 1", &number, "1 month"] {
        assert!(page.says(said), "{said}: {}", page.text());
    }
    let form = page.form("/account/cancel");
    assert!(
        form.fields.iter().all(|(name, _)| name != "confirm" && name != "no_restore"),
        "nothing is pre-ticked"
    );
    for (password, confirm, field) in
        [("", "on", "password"), ("not this one", "on", "password"), (SHOPPER_PASSWORD, "", "confirm")]
    {
        let mut filled = form.clone().with("password", password);
        if !confirm.is_empty() {
            filled = filled.with("confirm", confirm);
        }
        let page = lin.submit(filled).await.must_be(422);
        assert!(page.body.contains(&format!("href=\"#{field}\"")), "{field}: {}", page.text());
    }
    lin.get("/account").await.must_be(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_04_in_its_month_a_cancelled_account_lies_unused_and_comes_back_whole() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    let mut elsewhere = shop.browser();
    elsewhere.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    let page = lin.cancel(false).await.must_be(200);
    assert!(page.says("2026-04-02"), "a month from 2026-03-02: {}", page.text());
    // Neither tab is signed in any more.
    for browser in [&mut lin, &mut elsewhere] {
        let page = browser.get("/account").await;
        assert_eq!(page.leads_to().split('?').next(), Some("/login"));
    }
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(letter.contains("2026-04-02") && letter.contains("/account/restore"), "{letter}");
    // Staff see nothing of it, and search finds nobody.
    let mut owner = shop.owner().await;
    assert!(owner.get("/admin/customers").await.must_be(200).says("There are no customers here"));
    let form = owner.get("/admin/customers").await.form("/admin/customers");
    assert!(owner.submit(form.with("q", "lin@example.com")).await.says("No customer has this"));
    // The right password leads to the offer, a wrong one says what it always says.
    let mut browser = shop.browser();
    let page = browser.sign_in("lin", SHOPPER_PASSWORD).await;
    assert_eq!(page.leads_to(), "/account/restore?said=leaving");
    browser.get("/account").await.must_be(303);
    browser.sign_in("lin", "not this one at all").await.must_be(422);

    shop.pass_days(29).await;
    assert_eq!(shop.letters("lin@example.com").await.len(), 2, "the code and the cancellation, no more");
    let (mut browser, page) = restore(&shop, "lin@example.com").await;
    assert_eq!(page.leads_to(), "/account?said=restored");
    browser.get("/account/addresses").await.must_be(200).must_say("文三路");
    assert!(browser.get("/cart").await.says("Stoneware mug"));
    shop.pass_days(60).await;
    assert!(is_known(&shop, "lin"), "whoever came back stays");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_03_a_month_after_its_cancellation_an_account_is_erased() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    let number = lin.order("cod").await;
    shop.complete(&number).await;
    lin.cancel(false).await.must_be(200);
    let mut owner = shop.owner().await;
    let order = format!("/admin/orders/{number}");
    assert!(!owner.get(&order).await.must_be(200).says("王"), "restricted at once: the order is over");
    // One second before the month is over, and one after.
    shop.pass(31 * DAY - 1);
    shop.run_jobs().await;
    assert!(is_known(&shop, "lin"));
    shop.pass(1);
    shop.run_jobs().await;
    assert!(!is_known(&shop, "lin"));
    let (_, page) = restore(&shop, "lin@example.com").await;
    assert!(page.status == 422 && page.says("not right"), "{}", page.text());
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(letter.contains("was erased"), "{letter}");
    for counted in ["Account: 1, now 0", "Saved addresses: 1, now 0", "Consignee of an order: 1, now 1"] {
        assert!(letter.contains(&format!("\n{counted}\n")), "{counted}: {letter}");
    }
    // The record of the sale stays, without a person.
    let mut owner = shop.owner().await;
    let page = owner.get(&order).await.must_be(200);
    assert!(page.says("Stoneware mug") && !page.says("王"), "{}", page.text());
    // The contact is free, for a stranger.
    let mut again = shop.shopper("lin").await;
    assert!(!again.get("/account/orders?tab=all").await.must_be(200).says(&number));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_05_whoever_will_not_restore_is_erased_at_once_and_sees_it_counted() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    let page = lin.cancel(true).await.must_be(200).must_say("Your account is erased");
    assert!(!is_known(&shop, "lin"));
    let text = page.text();
    for class in ["Account", "Password and second factor", "Saved addresses"] {
        assert!(text.contains(class), "{class}: {text}");
    }
    let (_, page) = restore(&shop, "lin").await;
    assert_eq!(page.status, 422);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_waits_for_a_running_order_and_says_so() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    let number = lin.order("cod").await;
    lin.cancel(true).await.must_be(200).must_say("An order is still under way");
    shop.pass_days(2).await;
    assert!(is_known(&shop, "lin"));
    let mut owner = shop.owner().await;
    let page = owner.get(&format!("/admin/orders/{number}")).await.must_be(200);
    assert!(page.says("王"), "it can still be shipped: {}", page.text());
    shop.complete(&number).await;
    shop.run_jobs().await;
    assert!(!is_known(&shop, "lin"));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

/// Staff note that the money of an order came.
async fn pay(shop: &TestShop, number: &str) {
    let mut owner = shop.owner().await;
    let here = format!("/admin/orders/{number}");
    let form = owner.get(&here).await.must_be(200).form(&format!("{here}/paid"));
    owner.submit(form).await.must_be(303);
}

/// The customer takes an order that is over off their list.
#[tokio::test(flavor = "multi_thread")]
async fn two_erasures_in_one_minute_take_both_and_nobody_else() {
    let shop = TestShop::open().await;
    let mut people = Vec::new();
    for name in ["lin", "yan", "mei"] {
        people.push(settled(&shop, name).await);
    }
    let [mut lin, mut yan, mut mei] = <[Browser; 3]>::try_from(people).ok().expect("three");
    let (one, other) = tokio::join!(lin.cancel(true), yan.cancel(true));
    assert_eq!((one.status, other.status), (200, 200));
    assert!(!is_known(&shop, "lin") && !is_known(&shop, "yan"));
    mei.get("/account/addresses").await.must_be(200).must_say("文三路");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

async fn take_off_list(browser: &mut Browser, number: &str) {
    let here = format!("/account/orders/{number}");
    let form = browser.get(&here).await.must_be(200).form(&format!("{here}/delete"));
    browser.submit(form.with("confirm", "on")).await.must_be(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_waits_for_an_order_off_the_list_that_late_money_reopened() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    let number = lin.order("transfer").await;
    shop.pass_days(8).await;
    take_off_list(&mut lin, &number).await;
    lin.cancel(false).await.must_be(200);
    pay(&shop, &number).await;
    shop.pass_days(32).await;
    assert!(is_known(&shop, "lin"), "the order is still to be shipped");
    let mut owner = shop.owner().await;
    owner.get(&format!("/admin/orders/{number}")).await.must_be(200).must_say("王");
    shop.complete(&number).await;
    shop.run_jobs().await;
    assert!(!is_known(&shop, "lin"));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_late_money_reopened_stands_on_the_list_again_beside_the_later_ones() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    let first = lin.order("transfer").await;
    shop.pass_days(8).await;
    take_off_list(&mut lin, &first).await;
    assert!(!lin.get("/account/orders?tab=all").await.must_be(200).says(&first));
    lin.put_in_cart("teapot", 1).await;
    let second = lin.order("cod").await;
    pay(&shop, &first).await;
    lin.get("/account/orders?tab=to-ship").await.must_be(200).must_say(&first).must_say(&second);
    shop.complete(&first).await;
    take_off_list(&mut lin, &first).await;
    let page = lin.get("/account/orders?tab=all").await.must_be(200).must_say(&second);
    assert!(!page.says(&first), "{}", page.text());
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_with_the_contact_of_a_cancelled_account_is_told_there_what_to_do() {
    let shop = TestShop::open().await;
    let mut lin = settled(&shop, "lin").await;
    lin.cancel(false).await.must_be(200);
    // Codes go to one contact a minute apart.
    shop.pass(61);
    let mut stranger = shop.browser();
    let form = stranger.get("/register").await.form("/register");
    let form = form.with("account", "lin2").with("contact", "lin@example.com");
    let page = stranger.submit(form.with("password", SHOPPER_PASSWORD).with("agree", "on")).await;
    assert_eq!(page.leads_to(), "/register/verify", "the page is the usual one");
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(letter.contains("/account/restore") && letter.contains("erase it at once"), "{letter}");

    // Erased at once from there: without the tick, with a wrong password, and then rightly.
    let mut browser = shop.browser();
    let form = browser.get("/account/restore").await.form("/account/restore/erase");
    let form = form.with("account", "lin@example.com");
    let good = form.clone().with("password", SHOPPER_PASSWORD);
    browser.submit(good.clone()).await.must_be(422);
    browser.submit(form.with("password", "not this one at all").with("confirm", "on")).await.must_be(422);
    assert!(is_known(&shop, "lin"));
    browser.submit(good.with("confirm", "on")).await.must_be(200).must_say("Your account is erased");
    assert!(!is_known(&shop, "lin"));
    assert!(shop.last_letter("lin@example.com").await.expect("a letter").contains("was erased"));
    shop.pass(61);
    shop.shopper("lin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_not_cancelled_is_not_erased_from_the_page_that_restores() {
    let shop = TestShop::open().await;
    settled(&shop, "lin").await;
    let mut browser = shop.browser();
    let form = browser.get("/account/restore").await.form("/account/restore/erase");
    let form = form.with("account", "lin").with("password", SHOPPER_PASSWORD).with("confirm", "on");
    browser.submit(form).await.must_be(422).must_say("not cancelled");
    assert!(is_known(&shop, "lin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumped_erases_nobody_until_it_was_confirmed() {
    let shop = TestShop::doubting().await;
    let mut lin = settled(&shop, "lin").await;
    lin.cancel(false).await.must_be(200);
    shop.pass(40 * DAY);
    assert!(shop.shop.clock.jump().is_some());
    assert_eq!(accounts::erase_due(&shop.shop).await.expect("looked"), 0);
    assert!(is_known(&shop, "lin"));
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/retention").await.must_be(200);
    let form = page.form("/admin/retention/clock");
    assert_eq!(owner.submit(form).await.leads_to(), "/admin/retention?said=clock");
    assert_eq!(accounts::erase_due(&shop.shop).await.expect("erased"), 1);
    assert!(!is_known(&shop, "lin"));
}

/// The receipts of the account of this name, the newest first.
fn receipts(shop: &TestShop, name: &str) -> Vec<consent::ReceiptRow> {
    let view = shop.shop.store.view().expect("a view");
    let all = consent::receipts(&view, shop.subject_of(name)).expect("readable");
    all.into_iter().map(|(_, row)| row).collect()
}

/// Ticks the search history, or takes it back, by turns.
async fn waver(shop: &TestShop, browser: &mut Browser, times: usize) {
    for at in 0..times {
        let mut form = browser.get("/account/privacy").await.must_be(200).form("/account/privacy");
        form.fields.retain(|(name, _)| name != "search-history");
        let form = if at % 2 == 0 { form.with("search-history", "on") } else { form };
        browser.submit(form).await.must_be(303);
        shop.pass(60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_05_the_letters_about_the_cancellation_and_the_erasure_list_the_receipts() {
    let shop = TestShop::open().await;
    for (name, language, [given, back, terms], evidence) in [
        (
            "lin",
            "en",
            [
                "Agreed: Search history: ",
                "Taken back: Search history: ",
                "Agreed: Terms of sale and privacy policy: ",
            ],
            "Evidence of consent: 3, now 3",
        ),
        (
            "mei",
            "zh-CN",
            ["同意：搜索记录：", "撤回：搜索记录：", "同意：服务条款与隐私政策："],
            "同意记录：3，现为 3",
        ),
    ] {
        let mut browser = shop.browser();
        browser.language = language;
        let mail = format!("{name}@example.com");
        browser.register(&shop, name, &mail, SHOPPER_PASSWORD).await;
        shop.pass(60);
        waver(&shop, &mut browser, 2).await;
        let codes: Vec<String> = receipts(&shop, name).into_iter().map(|row| row.code).collect();
        let wanted = [back, given, terms].map(str::to_owned);
        let lines: Vec<String> =
            wanted.iter().zip(&codes).map(|(said, code)| format!("2026-03-02 {said}{code}")).collect();
        assert_eq!(lines.len(), 3);
        let list = lines.join("\n");
        browser.cancel(false).await.must_be(200);
        let letter = shop.last_letter(&mail).await.expect("a letter");
        assert!(letter.contains(&list), "{list}\nis not in\n{letter}");
        let mut erasing = shop.browser();
        let form = erasing.get("/account/restore").await.form("/account/restore/erase");
        let form = form.with("account", name).with("password", SHOPPER_PASSWORD).with("confirm", "on");
        erasing.submit(form).await.must_be(200);
        assert!(!is_known(&shop, name));
        let letter = shop.last_letter(&mail).await.expect("a letter");
        assert!(letter.contains(&list), "{list}\nis not in\n{letter}");
        assert!(letter.contains(evidence), "{evidence}: {letter}");
        // Nothing of the message stays behind.
        let view = shop.shop.store.view().expect("a view");
        assert_eq!(tuckshop::notify::count_passing(&view).expect("readable"), 0);
        // Codes go to one browser a minute apart.
        shop.pass(61);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_05_a_letter_lists_fifty_receipts_and_counts_the_rest() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    waver(&shop, &mut lin, 53).await;
    let codes: Vec<String> = receipts(&shop, "lin").into_iter().map(|row| row.code).collect();
    assert_eq!(codes.len(), 54);
    lin.cancel(true).await.must_be(200);
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(codes[..50].iter().all(|code| letter.contains(code)), "{letter}");
    assert!(codes[50..].iter().all(|code| !letter.contains(code)), "{letter}");
    assert!(letter.contains("and 4 more in your copy of data"), "{letter}");
}
