//! Registration, codes, sign-in, sessions, passwords, second factor.

use crate::actors::{SHOPPER_PASSWORD, TestShop, fill_address};

const TEN_MINUTES: i64 = 600;

#[tokio::test(flavor = "multi_thread")]
async fn col_01_registration_asks_for_a_name_a_password_and_one_contact() {
    let shop = TestShop::open().await;
    let form = shop.browser().get("/register").await.must_be(200).form("/register");
    let mut names: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
    names.retain(|name| *name != "back");
    names.sort_unstable();
    assert_eq!(names, ["account", "contact", "password"], "agree is not ticked, so it is not sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proven_code_makes_the_account_and_signs_in() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    lin.register(&shop, "lin.hua", "lin@example.com", SHOPPER_PASSWORD).await;
    lin.get("/account").await.must_be(200).must_say("lin.hua");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_agreement_nothing_is_sent_and_what_was_typed_is_kept() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    let form = lin.get("/register").await.form("/register");
    let form =
        form.with("account", "lin").with("contact", "lin@example.com").with("password", SHOPPER_PASSWORD);
    let page = lin.submit(form).await.must_be(422);
    let again = page.form("/register");
    assert_eq!(again.value("account"), Some("lin"));
    assert_eq!(again.value("password").unwrap_or(""), "", "passwords are never sent back");
    assert_eq!(shop.last_letter("lin@example.com").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn col_02_before_the_code_there_is_no_account_and_no_order() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    let form = lin.get("/register").await.form("/register");
    let form = form
        .with("account", "lin")
        .with("contact", "lin@example.com")
        .with("password", SHOPPER_PASSWORD)
        .with("agree", "on");
    lin.submit(form).await.must_be(303);
    assert!(lin.get("/checkout").await.must_be(303).leads_to().starts_with("/login"));
    let mut other = shop.browser();
    assert_eq!(other.sign_in("lin", SHOPPER_PASSWORD).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn col_03_five_wrong_codes_end_a_code() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    let code = begin_registration(&shop, &mut lin).await;
    let wrong = if code == "111111" { "222222" } else { "111111" };
    for _ in 0..5 {
        let form = lin.get("/register/verify").await.form("/register/verify");
        lin.submit(form.with("code", wrong)).await.must_be(422);
    }
    let page = lin.get("/register/verify").await;
    if page.status == 200 && page.has_form("/register/verify") {
        let form = page.form("/register/verify");
        assert_ne!(lin.submit(form.with("code", &code)).await.status, 303, "a sixth try is none");
    }
    assert_eq!(shop.browser().sign_in("lin", SHOPPER_PASSWORD).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn col_03_a_code_is_good_for_ten_minutes() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    let code = begin_registration(&shop, &mut lin).await;
    let form = lin.get("/register/verify").await.form("/register/verify");
    shop.pass(TEN_MINUTES + 1);
    assert_ne!(lin.submit(form.with("code", &code)).await.status, 303);
    assert_eq!(shop.browser().sign_in("lin", SHOPPER_PASSWORD).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn col_03_a_code_is_bound_to_the_browser_that_asked() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    let code = begin_registration(&shop, &mut lin).await;
    let mut stranger = shop.browser();
    let page = stranger.post("/register/verify", &[("code", &code)]).await;
    assert!(page.status != 303 || !page.leads_to().starts_with("/account"), "{}", page.text());
    assert_eq!(stranger.get("/account").await.status, 303);
}

async fn begin_registration(shop: &TestShop, browser: &mut crate::actors::Browser) -> String {
    let form = browser.get("/register").await.form("/register");
    let form = form
        .with("account", "lin")
        .with("contact", "lin@example.com")
        .with("password", SHOPPER_PASSWORD)
        .with("agree", "on");
    browser.submit(form).await.must_be(303);
    shop.code_for("lin@example.com").await
}

#[tokio::test(flavor = "multi_thread")]
async fn col_04_a_taken_contact_answers_as_a_fresh_one() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    shop.pass(3600);
    let answers = {
        let mut answers = Vec::new();
        for contact in ["lin@example.com", "nobody@example.com"] {
            let mut browser = shop.browser();
            let form = browser.get("/register").await.form("/register");
            let form = form
                .with("account", "somebody")
                .with("contact", contact)
                .with("password", SHOPPER_PASSWORD)
                .with("agree", "on");
            let page = browser.submit(form).await;
            let next = browser.get("/register/verify").await;
            answers.push((page.status, page.location.clone(), next.text().replace(contact, "CONTACT")));
        }
        answers
    };
    let masked = |text: &str| {
        text.replace("li***", "…").replace("l***", "…").replace("no***", "…").replace("n***", "…")
    };
    assert_eq!(answers[0].0, answers[1].0);
    assert_eq!(answers[0].1, answers[1].1);
    assert_eq!(masked(&answers[0].2), masked(&answers[1].2));
    let letter = shop.last_letter("lin@example.com").await.expect("told");
    let digits = letter.split(|c: char| !c.is_ascii_digit()).any(|word| word.len() == 6);
    assert!(!digits, "the holder is told, and no code is sent: {letter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn col_04_sign_in_by_name_email_or_mobile_and_one_answer_for_all_that_fails() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    for account in ["lin", "LIN", "lin@example.com", "Lin@Example.com"] {
        let page = shop.browser().sign_in(account, SHOPPER_PASSWORD).await;
        assert_eq!(page.status, 303, "{account}: {}", page.text());
    }
    let wrong = shop.browser().sign_in("lin", "not this one at all").await;
    let unknown = shop.browser().sign_in("lim", "not this one at all").await;
    assert_eq!(wrong.status, unknown.status);
    assert_eq!(wrong.text().replace("lin", "X"), unknown.text().replace("lim", "X"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_anew_by_code_and_ends_every_session() {
    let shop = TestShop::open().await;
    let mut before = shop.shopper("lin").await;
    shop.pass(3600);
    let mut lin = shop.browser();
    let form = lin.get("/password/forgot").await.form("/password/forgot");
    lin.submit(form.with("contact", "lin@example.com")).await.must_be(303);
    let code = shop.code_for("lin@example.com").await;
    let form = lin.get("/password/reset").await.must_be(200).form("/password/reset");
    let page = lin.submit(form.with("code", &code).with("password", "nine green kites rise")).await;
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(before.get("/account").await.status, 303, "the old session has ended");
    assert_eq!(shop.browser().sign_in("lin", SHOPPER_PASSWORD).await.status, 422);
    assert_eq!(shop.browser().sign_in("lin", "nine green kites rise").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_wrong_passwords_slow_an_account_down_but_never_lock_it() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    for _ in 0..11 {
        shop.browser().sign_in("lin", "not this one at all").await;
    }
    let slowed = shop.browser().sign_in("lin", SHOPPER_PASSWORD).await;
    assert_ne!(slowed.status, 303, "not right after");
    shop.pass(61);
    assert_eq!(shop.browser().sign_in("lin", SHOPPER_PASSWORD).await.status, 303, "a minute later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_thirty_days_after_its_last_use() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    shop.pass_days(29).await;
    lin.get("/account").await.must_be(200);
    shop.pass_days(29).await;
    lin.get("/account").await.must_be(200);
    shop.pass_days(31).await;
    lin.get("/account").await.must_be(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_gives_a_new_session_and_signing_out_ends_it() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let first = lin.cookies.get("session").cloned().expect("signed in");
    lin.post("/login", &[("account", "lin"), ("password", SHOPPER_PASSWORD)]).await.must_be(303);
    let second = lin.cookies.get("session").cloned().expect("signed in");
    assert_ne!(first, second);
    let mut thief = shop.browser();
    thief.cookies.insert("session".to_owned(), first);
    assert_eq!(thief.get("/account").await.status, 303, "the old token is worth nothing");
    lin.post("/logout", &[]).await.must_be(303);
    let mut thief = shop.browser();
    thief.cookies.insert("session".to_owned(), second);
    assert_eq!(thief.get("/account").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_03_addresses_are_added_made_the_default_used_and_deleted() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let form = lin.get("/account/addresses").await.must_be(200).form("/account/addresses");
    lin.submit(fill_address(form)).await.must_be(303);
    let page = lin.get("/account/addresses").await.must_say("西湖区");
    lin.put_in_cart("mug", 1).await;
    lin.get("/checkout").await.must_be(200).must_say("文三路");
    let delete =
        page.forms().into_iter().find(|form| form.action.ends_with("/delete")).expect("a form that deletes");
    lin.submit(delete).await.must_be(303);
    let page = lin.get("/account/addresses").await;
    assert!(!page.says("文三路"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn col_10_an_address_needs_consignee_mobile_and_place_and_nothing_more() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    for field in ["name", "phone", "region", "street"] {
        let form = fill_address(lin.get("/account/addresses").await.form("/account/addresses"));
        let page = lin.submit(form.with(field, "")).await;
        assert_eq!(page.status, 422, "{field}: {}", page.text());
        assert!(page.body.contains(&format!("#{field}")), "the summary leads to {field}");
    }
    let form = fill_address(lin.get("/account/addresses").await.form("/account/addresses"));
    lin.submit(form.with("landline", "").with("email", "")).await.must_be(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_01_a_changed_email_is_proven_first_and_the_old_one_is_told() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    shop.pass(3600);
    let form = lin.get("/account/settings").await.must_be(200).form("/account/settings");
    let page = lin.submit(form.with("email", "new@example.com")).await;
    assert_eq!(page.status, 303, "{}", page.text());
    let code = shop.code_for("new@example.com").await;
    let form = lin.get("/account/settings/verify").await.must_be(200).form("/account/settings/verify");
    lin.submit(form.with("code", &code)).await.must_be(303);
    assert!(shop.last_letter("lin@example.com").await.is_some_and(|letter| !letter.contains(&code)));
    assert_eq!(shop.browser().sign_in("new@example.com", SHOPPER_PASSWORD).await.status, 303);
    assert_eq!(shop.browser().sign_in("lin@example.com", SHOPPER_PASSWORD).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_way_in_speaks_chinese_too() {
    let shop = TestShop::open().await;
    let mut lin = shop.browser();
    lin.language = "zh-CN";
    for path in ["/", "/register", "/login", "/login/code", "/password/forgot", "/cart", "/terms", "/privacy"]
    {
        let page = lin.get(path).await.must_be(200);
        assert!(page.body.contains("lang=\"zh-CN\""), "{path}");
        let han = page.text().chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        assert!(han > 40, "{path} has {han} Chinese letters");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_of_contacts_gets_a_new_key_a_week_after_somebody_left_it() {
    use tuckshop::retention::renew_contact_index;
    use tuckshop::store::Handle;
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    shop.shopper("mei").await;
    shop.pass_days(8).await;
    assert!(!renew_contact_index(&shop.shop).await.expect("looked"), "nobody has left it");
    // A changed name makes the old one lead nowhere.
    let form = lin.get("/account/settings").await.must_be(200).form("/account/settings");
    lin.submit(form.with("account", "lin-the-second")).await.must_be(303);
    let leads = |text: &str| {
        let view = shop.shop.store.view().expect("a view");
        view.find_contact(Handle::AccountName, text).expect("a look-up").is_some()
    };
    assert!(leads("lin-the-second") && leads("mei") && !leads("lin"));
    // One that was cut off leaves both keys, and both answer.
    shop.shop.store.commit(|plan| Ok(plan.begin_contact_index()?)).await.expect("begun");
    assert!(leads("lin-the-second") && leads("mei") && !leads("lin"));
    let rows = |shop: &TestShop| {
        let view = shop.shop.store.view().expect("a view");
        view.list(&tuckshop::store::CONTACTS, &[])
            .expect("rows")
            .into_iter()
            .map(|row| row.key)
            .collect::<Vec<_>>()
    };
    let before = rows(&shop);
    assert!(renew_contact_index(&shop.shop).await.expect("renewed"));
    let after = rows(&shop);
    assert!(!after.is_empty() && after.iter().all(|key| !before.contains(key)), "no digest is as it was");
    assert!(leads("lin-the-second") && leads("mei") && !leads("lin"));
    assert_eq!(shop.browser().sign_in("mei@example.com", SHOPPER_PASSWORD).await.status, 303);
    assert_eq!(shop.owner().await.get("/admin").await.status, 200);
    assert!(!renew_contact_index(&shop.shop).await.expect("looked"), "once is enough");
    assert_eq!(shop.faults(), Vec::<String>::new());
}
