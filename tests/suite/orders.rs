//! An order's life, from the cart to the received parcel, and every way out of it.

use std::collections::BTreeMap;

use crate::actors::{Browser, TestShop, number_in};

async fn paid(owner: &mut Browser, number: &str) {
    press(owner, number, "paid", &[]).await;
}

async fn press(owner: &mut Browser, number: &str, button: &str, fields: &[(&str, &str)]) {
    let path = format!("/admin/orders/{number}");
    let mut form = owner.get(&path).await.must_be(200).form(&format!("{path}/{button}"));
    for (name, value) in fields {
        form = form.with(name, value);
    }
    let page = owner.submit(form).await;
    assert_eq!(page.status, 303, "{button}: {}", page.text());
}

async fn stock_of(shop: &TestShop, slug: &str) -> String {
    shop.browser().get(&format!("/products/{slug}")).await.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_through_from_the_cart_to_the_received_parcel() {
    let shop = TestShop::open().await;
    let (mut owner, mut lin) = (shop.owner().await, shop.shopper("lin").await);
    lin.put_in_cart("mug", 2).await;
    let number = lin.order("transfer").await;

    let page = lin.get(&format!("/account/orders/{number}")).await.must_be(200);
    page.must_say("¥99.00").must_say("¥109.00").must_say("西湖区").must_say("王小明");
    let pay = lin.get(&format!("/orders/{number}/pay")).await.must_be(200);
    pay.must_say("Bank of Example").must_say(&number).must_say("¥109.00");
    assert!(shop.last_letter("lin@example.com").await.expect("a letter").contains(&number));

    paid(&mut owner, &number).await;
    lin.get("/account/orders?tab=to-ship").await.must_say(&number);
    press(&mut owner, &number, "ship", &[("carrier", "SF Express"), ("tracking", "SF1234567890")]).await;
    lin.get("/account/orders?tab=to-receive").await.must_say(&number);
    let page = lin.get(&format!("/account/orders/{number}")).await.must_say("SF1234567890");
    let received = page.form(&format!("/account/orders/{number}/received"));
    lin.submit(received).await.must_be(303);
    lin.get("/account/orders?tab=completed").await.must_say(&number);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_a_reload_and_two_tabs_make_one_order() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let form = lin.checkout_form("transfer").await;
    let mut clicks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (mut tab, form) = (lin.clone(), form.clone());
        clicks.spawn(async move { number_in(tab.submit(form).await.leads_to()) });
    }
    let mut numbers = clicks.join_all().await;
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_buyers_at_the_last_three_pieces_make_three_orders() {
    let shop = TestShop::open().await;
    let mut buyers = Vec::new();
    for count in 0..100 {
        let buyer = shop.shopper(&format!("buyer-{count}")).await;
        buyers.push(buyer);
    }
    let mut forms = Vec::new();
    for mut buyer in buyers {
        buyer.put_in_cart("teapot", 1).await;
        let form = buyer.checkout_form("transfer").await;
        forms.push((buyer, form));
    }
    let mut rush = tokio::task::JoinSet::new();
    for (mut buyer, form) in forms {
        rush.spawn(async move { buyer.submit(form).await });
    }
    let answers = rush.join_all().await;
    let orders = answers.iter().filter(|page| page.status == 303).count();
    assert_eq!(orders, 3);
    let refused = answers.iter().filter(|page| page.status == 422 || page.status == 409).count();
    assert_eq!(refused, 97, "each of the others is told");
    assert!(stock_of(&shop, "teapot").await.contains("Sold out"));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_transfer_is_cancelled_in_time_and_gives_its_stock_back() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("teapot", 3).await;
    let number = lin.order("transfer").await;
    assert!(stock_of(&shop, "teapot").await.contains("Sold out"));
    shop.pass_days(6).await;
    lin.get("/account/orders?tab=unpaid").await.must_say(&number);
    shop.pass_days(1).await;
    shop.pass(5);
    shop.run_jobs().await;
    assert!(!lin.get("/account/orders?tab=unpaid").await.says(&number));
    lin.get(&format!("/account/orders/{number}")).await.must_say("Cancelled");
    assert!(!stock_of(&shop, "teapot").await.contains("Sold out"));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_reopens_an_order_while_stock_lasts_and_else_is_due_back() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("teapot", 3).await;
    let first = lin.order("transfer").await;
    shop.pass_days(8).await;
    let mut owner_again = shop.owner().await;
    paid(&mut owner_again, &first).await;
    lin.get("/account/orders?tab=to-ship").await.must_say(&first);

    lin.put_in_cart("mug", 15).await;
    let second = lin.order("transfer").await;
    shop.pass_days(8).await;
    let mut yan = shop.shopper("yan").await;
    yan.put_in_cart("mug", 10).await;
    yan.order("cod").await;
    let mut owner = shop.owner().await;
    paid(&mut owner, &second).await;
    owner.get(&format!("/admin/orders/{second}")).await.must_say("Refund due");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_on_delivery_does_not_expire() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    shop.pass_days(20).await;
    lin.get("/account/orders?tab=to-ship").await.must_say(&number);
    assert!(!lin.get("/account/orders?tab=unpaid").await.says(&number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_paid_order_owes_a_refund_that_staff_record_once() {
    let shop = TestShop::open().await;
    let (mut owner, mut lin) = (shop.owner().await, shop.shopper("lin").await);
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("transfer").await;
    paid(&mut owner, &number).await;
    press(&mut owner, &number, "cancel", &[("reason", "Broken in the store room")]).await;
    owner.get(&format!("/admin/orders/{number}")).await.must_say("Refund due");
    let path = format!("/admin/orders/{number}");
    let form = owner.get(&path).await.form(&format!("{path}/refund"));
    let too_much = form.clone().with("amount", "1000.00").with("reason", "Cancelled");
    assert_eq!(owner.submit(too_much).await.status, 422);
    let form = form.with("amount", "59.50").with("reason", "Cancelled").with("reference", "B-1");
    owner.submit(form.clone()).await.must_be(303);
    assert_ne!(owner.submit(form).await.status, 500);
    owner.get(&path).await.must_say("Refunded");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerks_double_click_does_nothing_twice() {
    let shop = TestShop::open().await;
    let (mut owner, mut lin) = (shop.owner().await, shop.shopper("lin").await);
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("transfer").await;
    let path = format!("/admin/orders/{number}");
    let form = owner.get(&path).await.form(&format!("{path}/paid"));
    owner.submit(form.clone()).await.must_be(303);
    owner.submit(form).await;
    let letters = shop.letters("lin@example.com").await;
    let told = letters.iter().filter(|letter| letter.contains(&number)).count();
    assert!(told <= 2, "placed and paid, each once: {letters:#?}");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_anybody_elses_order() {
    let shop = TestShop::open().await;
    let (mut lin, mut yan) = (shop.shopper("lin").await, shop.shopper("yan").await);
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("transfer").await;
    for path in [format!("/account/orders/{number}"), format!("/orders/{number}/pay")] {
        let page = yan.get(&path).await.must_be(404);
        assert!(!page.says("王小明"));
        assert_eq!(shop.browser().get(&path).await.status, 303);
    }
    for button in ["cancel", "received"] {
        yan.post(&format!("/account/orders/{number}/{button}"), &[]).await.must_be(404);
    }
    lin.get(&format!("/account/orders/{number}")).await.must_be(200).must_say("王小明");
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_09_sec_03_staff_see_a_mask_until_one_button_shows_the_label_and_the_look_is_logged() {
    let shop = TestShop::open().await;
    let (mut owner, mut lin) = (shop.owner().await, shop.shopper("lin").await);
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    for path in ["/admin/orders".to_owned(), format!("/admin/orders/{number}"), "/admin/customers".to_owned()]
    {
        let page = owner.get(&path).await.must_be(200);
        for secret in ["王小明", "13900001234", "文三路", "lin@example.com"] {
            assert!(!page.says(secret), "{path} shows {secret}");
        }
    }
    let path = format!("/admin/orders/{number}");
    let label = owner.get(&path).await.form(&format!("{path}/label"));
    let page = owner.submit(label).await.must_be(200);
    page.must_say("王小明").must_say("13900001234").must_say("文三路");
    owner.get("/admin/access-log").await.must_be(200).must_say(&number);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_charges_what_its_page_showed_or_asks_again() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let form = lin.checkout_form("transfer").await;
    shop.stock("handle,title,price,stock\nmug,Stoneware mug,59.50,\n").await;
    let page = lin.submit(form).await.must_be(422);
    page.must_say("¥69.50");
    let number = lin.order("transfer").await;
    lin.get(&format!("/account/orders/{number}")).await.must_say("¥69.50");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_invoice_needs_its_title_and_tax_number() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let form = lin.checkout_form("transfer").await.with("invoice_kind", "company");
    let page =
        lin.submit(form.clone().with("invoice_title", "").with("invoice_tax_id", "")).await.must_be(422);
    assert!(page.body.contains("#invoice_title"), "{}", page.text());
    let form = form.with("invoice_title", "示例有限公司").with("invoice_tax_id", "91330100MA27XXXXX8");
    let number = number_in(lin.submit(form).await.leads_to());
    lin.get(&format!("/account/orders/{number}")).await.must_say("示例有限公司");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_note_is_shown_as_text_to_everybody() {
    let shop = TestShop::open().await;
    let (mut owner, mut lin) = (shop.owner().await, shop.shopper("lin").await);
    lin.put_in_cart("mug", 1).await;
    let form = lin.checkout_form("cod").await.with("note", "<img src=x onerror=alert(1)>");
    let number = number_in(lin.submit(form).await.leads_to());
    for page in [
        lin.get(&format!("/account/orders/{number}")).await,
        owner.get(&format!("/admin/orders/{number}")).await,
    ] {
        assert!(!page.must_be(200).body.contains("<img src=x"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_gone_thirty_days_after_its_end() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    lin.order("cod").await;
    shop.letters("lin@example.com").await;
    shop.pass_days(29).await;
    assert_eq!(shop.swept(), BTreeMap::new());
    shop.pass_days(2).await;
    let swept = shop.swept();
    assert!(swept["message"] >= 1, "the message about the order goes: {swept:?}");
    shop.run_jobs().await;
    assert_eq!(shop.swept(), swept, "once");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_year_cancels_and_destroys_nothing_until_it_is_confirmed() {
    for year in [365, -365] {
        let shop = TestShop::doubting().await;
        let mut lin = shop.shopper("lin").await;
        lin.put_in_cart("mug", 1).await;
        let number = lin.order("transfer").await;
        shop.letters("lin@example.com").await;
        shop.pass_days(year).await;
        let run = tuckshop::retention::sweep(&shop.shop).await.expect("the sweep");
        assert!(run.jump.is_some() && shop.swept().is_empty(), "{run:?}");
        let page = lin.get(&format!("/account/orders/{number}")).await.must_be(200);
        assert!(!page.text().contains("Cancelled"), "{}", page.text());
        let office = shop.owner().await.get("/admin").await.must_be(200);
        assert!(office.text().contains("The clock jumped"), "{}", office.text());
        shop.shop.clock.confirm();
        if year > 0 {
            shop.run_jobs().await;
            assert!(shop.swept()["message"] >= 1, "{:?}", shop.swept());
            let office = shop.owner().await.get(&format!("/admin/orders/{number}")).await.must_be(200);
            assert!(office.text().contains("Cancelled"), "{}", office.text());
        }
        assert_eq!(shop.faults(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_05_a_completed_order_taken_off_the_list_is_gone_from_view_and_not_destroyed() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    let here = format!("/account/orders/{number}");
    let page = lin.get(&here).await.must_be(200);
    assert!(!page.has_form(&format!("{here}/delete")), "it is under way");
    lin.post(&format!("{here}/delete"), &[("confirm", "on")]).await.must_be(303);
    lin.get(&here).await.must_be(200);
    let mut owner = shop.owner().await;
    let office = format!("/admin/orders/{number}");
    shop.complete(&number).await;

    let form = lin.get(&here).await.must_be(200).form(&format!("{here}/delete"));
    lin.submit(form.clone()).await.must_be(422).must_say("Tick that you have read");
    assert_eq!(
        lin.submit(form.clone().with("confirm", "on")).await.leads_to(),
        "/account/orders?said=deleted"
    );
    lin.submit(form.with("confirm", "on")).await.must_be(404);
    lin.get(&here).await.must_be(404);
    assert!(!lin.get("/account/orders?tab=all").await.must_be(200).says(&number));
    // Staff see the sale and nobody in it; the personal part is still there for the law.
    let page = owner.get(&office).await.must_be(200);
    assert!(page.says("Stoneware mug") && !page.says("王"), "{}", page.text());
    let known = tuckshop::ids::OrderNumber::parse(&number).expect("a number");
    let view = shop.shop.store.view().expect("a view");
    assert!(tuckshop::orders::consignee_of(&view, &known).expect("readable").is_some());
    drop(view);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_04_orders_are_seen_by_their_state() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut numbers = Vec::new();
    for way in ["transfer", "cod", "cod", "cod"] {
        lin.put_in_cart("mug", 1).await;
        numbers.push(lin.order(way).await);
    }
    shop.ship(&numbers[2]).await;
    shop.complete(&numbers[3]).await;
    let all = lin.get("/account/orders").await.must_be(200);
    assert!(numbers.iter().all(|number| all.says(number)));
    for (tab, shown) in [("unpaid", 0), ("to-ship", 1), ("to-receive", 2), ("completed", 3)] {
        let page = lin.get(&format!("/account/orders?tab={tab}")).await.must_be(200);
        let seen: Vec<bool> = numbers.iter().map(|number| page.says(number)).collect();
        let wanted: Vec<bool> = (0..4).map(|at| at == shown).collect();
        assert_eq!(seen, wanted, "{tab}");
    }
    let none = lin.get("/account/orders?tab=after-sales").await.must_be(200);
    assert!(!numbers.iter().any(|number| none.says(number)));
}

#[tokio::test(flavor = "multi_thread")]
async fn prp_01_an_orders_record_is_exact_sealed_and_handed_out() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 3).await;
    lin.put_in_cart("teapot", 1).await;
    let number = lin.order("cod").await;
    // 3 × 49.50 + 128.00 + 10.00 for the delivery.
    lin.get(&format!("/account/orders/{number}")).await.must_say("¥148.50").must_say("¥286.50");
    shop.owner().await.get(&format!("/admin/orders/{number}")).await.must_say("¥286.50");
    let view = shop.shop.store.view().expect("a view");
    let subject = shop.subject_of("lin");
    let owned = tuckshop::accounts::vaults_of(&view, subject).expect("readable");
    assert!(owned.iter().any(|(class, _)| *class == tuckshop::classes::Class::Order));
    drop(view);
    assert_eq!(shop.faults(), Vec::<String>::new(), "every sum is that of its lines");
    let file = std::fs::read(shop.dir.path().join("shop.redb")).expect("the file");
    let name = "王小明".as_bytes();
    assert!(!file.windows(name.len()).any(|bytes| bytes == name), "the consignee lies there in the plain");
}
