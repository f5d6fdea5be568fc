//! Every form that the shop shows, with something bad in every field of it; and afterwards every page,
//! to see that nothing of it is more than text. The forms are found on the pages, so that a new one is
//! covered by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_lc_rs::digest::{SHA256, digest};

use tuckshop::web::{Method, Route, Who};

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop, fill_address};
use crate::page::{Form, Page};

/// What runs if it is shown as it was typed.
const SCRIPT: &str = "\"'><script>tkx()</script>{{7*7}}";
/// What a table program would carry out.
const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"tkx\")";

fn bad_values() -> Vec<(&'static str, String)> {
    vec![
        ("nothing", String::new()),
        ("spaces", "   ".to_owned()),
        ("script", SCRIPT.to_owned()),
        ("formula", FORMULA.to_owned()),
        ("below nothing", "-1".to_owned()),
        ("no number", "NaN".to_owned()),
        ("a power", "1e9".to_owned()),
        ("a large number", "9223372036854775808".to_owned()),
        ("right to left", "\u{202e}txet".to_owned()),
        ("emoji", "👩‍👩‍👧‍👦🏳️‍🌈".to_owned()),
        ("control characters", "a\u{0}b\u{7}c".to_owned()),
        ("line ends", "a\r\nBcc: victim@example.com\r\n\r\nb".to_owned()),
        ("Chinese", "漢字かな한글".repeat(20)),
        ("a path", "../../../../etc/passwd\u{0}".to_owned()),
        ("long", "长".repeat(30_000)),
    ]
}

/// Pages and forms that one person comes to by following links.
struct Walk {
    pages: Vec<Page>,
    forms: BTreeMap<(String, Vec<String>), Form>,
}

/// What ends the walk itself: the way out.
fn is_way_out(path: &str) -> bool {
    path.ends_with("/logout") || path.contains("/sessions") || path.contains("/password/")
}

async fn walk(browser: &mut Browser, begin: &[&str]) -> Walk {
    let mut waiting: VecDeque<String> = begin.iter().map(|path| (*path).to_owned()).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found = Walk { pages: Vec::new(), forms: BTreeMap::new() };
    while let Some(path) = waiting.pop_front() {
        // Lists go on for ever through their orders and pages; two of each are enough.
        if seen.len() > 150 || is_way_out(&path) || !seen.insert(path.clone()) {
            continue;
        }
        let page = browser.get(&path).await;
        assert!(page.status < 500, "{path}: {}", page.text());
        if !page.headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("text/html"))
        {
            continue;
        }
        for form in page.forms() {
            let mut names: Vec<String> = form.fields.iter().map(|(name, _)| name.clone()).collect();
            names.sort();
            let kind: String = form.action.chars().filter(|c| !c.is_ascii_digit()).collect();
            found.forms.entry((kind, names)).or_insert(form);
        }
        for piece in page.body.split("href=\"").skip(1) {
            let Some(link) = piece.split('"').next() else { continue };
            let link = link.split('#').next().unwrap_or("").replace("&amp;", "&");
            let inner = link.starts_with('/') && !link.starts_with("//");
            if inner && !link.starts_with("/assets") && !link.starts_with("/media") {
                waiting.push_back(link);
            }
        }
        found.pages.push(page);
    }
    found
}

/// A digest of everything that lasts.
fn stored(shop: &TestShop) -> Vec<u8> {
    let mut rows = Vec::new();
    shop.shop.store.view().expect("a view").write_rows(&mut rows).expect("rows");
    digest(&SHA256, &rows).as_ref().to_vec()
}

fn shows_what_is_wrong(page: &Page) -> bool {
    // A form without a field of its own, a button, is answered by a page.
    page.body.contains("aria-invalid=\"true\"")
        || page.body.contains("role=\"alert\"")
        || page.says("That did not work")
}

/// Sends every form once for each of its fields and each bad value. Returns how many were sent, and what
/// should not have happened.
async fn attack(shop: &TestShop, browser: &Browser, forms: &Walk, who: &str) -> (usize, Vec<String>) {
    let mut sent = 0;
    let mut faults = Vec::new();
    let mut check = |case: &str, holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{case}: {what}"));
        }
    };
    for form in forms.forms.values().filter(|form| !is_way_out(&form.action)) {
        let mut names: BTreeSet<String> = form.fields.iter().map(|(name, _)| name.clone()).collect();
        names.insert("unheard-of".to_owned());
        for name in &names {
            for (what, value) in bad_values() {
                let case = format!("{who}: {} {name} with {what}", form.action);
                let before = stored(shop);
                // A copy of the browser: a form that ends a session ends it for this one alone.
                let page = browser.clone().submit(form.clone().with(name, &value)).await;
                sent += 1;
                check(&case, page.status < 500, &page.text());
                check(&case, !page.body.contains("<script>tkx"), "it runs");
                check(&case, page.status != 422 || shows_what_is_wrong(&page), "nothing says what is wrong");
                if page.status >= 400 && stored(shop) != before {
                    // Housekeeping after an earlier form may have come in between, some slices of it on a
                    // busy machine; a form that stores what it refuses does so each time.
                    let mut is_stored = true;
                    for _ in 0..5 {
                        let before = stored(shop);
                        browser.clone().submit(form.clone().with(name, &value)).await;
                        is_stored &= stored(shop) != before;
                    }
                    check(&case, !is_stored, "refused, and stored");
                }
            }
            let twice = [form.fields.clone(), vec![(name.clone(), "2".to_owned())]].concat();
            let fields: Vec<(&str, &str)> =
                twice.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            let page = browser.clone().post(&form.action, &fields).await;
            check(&format!("{who}: {} {name} twice", form.action), page.status < 500, &page.text());
        }
    }
    (sent, faults)
}

/// A shop with something of everything, and people in it.
async fn peopled() -> (TestShop, Browser, Browser) {
    let shop = TestShop::open().await;
    let mut owner = shop.owner().await;
    // Somebody without an order is looked at again and again: an alert.
    shop.shopper("ann").await;
    let list = owner.get("/admin/customers").await.must_be(200);
    let first = list.body.split("href=\"").find(|piece| piece.starts_with("/admin/customers/"));
    let ann = first.and_then(|piece| piece.split('"').next()).expect("somebody").to_owned();
    for _ in 0..5 {
        let form = owner.get(&ann).await.must_be(200).form(&format!("{ann}/reveal"));
        owner.submit(form.with("reason", "a call by telephone")).await.must_be(200);
    }
    shop.run_jobs().await;
    owner.get("/admin/alerts/1").await.must_be(200);
    let mut lin = shop.shopper("lin").await;
    let form = fill_address(lin.get("/account/addresses").await.form("/account/addresses"));
    lin.submit(form).await.must_be(303);
    for payment in ["cod", "transfer"] {
        lin.put_in_cart("mug", 1).await;
        lin.order(payment).await;
    }
    lin.put_in_cart("mug", 1).await;
    (shop, lin, owner)
}

const PUBLIC: [&str; 9] = [
    "/",
    "/products/mug",
    "/cart",
    "/login",
    "/login/code",
    "/register",
    "/password/forgot",
    "/search?q=tea",
    "/contact",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_bad_value_in_any_field_breaks_a_page_or_is_stored_when_it_is_refused() {
    let (shop, mut lin, mut owner) = peopled().await;
    let mut visitor = shop.browser();
    let public = walk(&mut visitor, &PUBLIC).await;
    let own =
        walk(&mut lin, &["/account", "/checkout", "/cart", "/account/settings", "/account/security"]).await;
    let office = walk(&mut owner, &["/admin", "/admin/products", "/admin/orders", "/admin/customers"]).await;
    let counts = [public.forms.len(), own.forms.len(), office.forms.len()];
    assert!(counts[0] >= 5 && counts[1] >= 8 && counts[2] >= 10, "too few forms were found: {counts:?}");
    let (mut sent, mut faults) = (0, Vec::new());
    for (who, browser, forms) in
        [("visitor", &visitor, &public), ("customer", &lin, &own), ("owner", &owner, &office)]
    {
        let (more, found) = attack(&shop, browser, forms, who).await;
        sent += more;
        faults.extend(found);
    }
    println!("{sent} forms sent, {counts:?} kinds");
    assert!(faults.is_empty(), "{} of {sent}: {faults:#?}", faults.len());

    // Whatever was taken is text wherever it is shown, in both languages.
    let mut shown = BTreeSet::new();
    for language in ["en", "zh"] {
        for (who, browser, begin) in [
            ("visitor", &mut visitor, &PUBLIC[..]),
            ("customer", &mut lin, &["/account", "/cart"][..]),
            ("owner", &mut owner, &["/admin", "/admin/products", "/admin/orders", "/admin/customers"][..]),
        ] {
            browser.language = language;
            for page in walk(browser, begin).await.pages {
                assert!(!page.body.contains("<script>tkx"), "{who} in {language}: {} runs", page.path);
                if page.body.contains("&lt;script&gt;tkx") {
                    shown.insert(page.path);
                }
            }
        }
    }
    assert!(shown.len() >= 8, "what was stored is seen on too few pages to say anything: {shown:?}");
    for letter in shop.letters("lin@example.com").await {
        assert!(!letter.contains("victim@example.com") || !letter.contains("\nBcc:"), "{letter}");
    }
    let handle = shop.shop.clone();
    let export = tokio::task::spawn_blocking(move || tuckshop::catalogue::export(&handle));
    let csv = export.await.expect("ran").expect("the catalogue as CSV");
    for row in csv::Reader::from_reader(&csv[..]).records() {
        for cell in &row.expect("a row") {
            assert!(!cell.starts_with('='), "a formula in the export: {cell}");
        }
    }
    assert_eq!(shop.faults(), Vec::<String>::new());
}

/// Whether a path fits a route, and what stands in its blanks.
fn blanks(route: &str, path: &str) -> Option<Vec<String>> {
    let path = path.split('?').next().unwrap_or(path);
    let (wanted, given): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    if wanted.len() != given.len() {
        return None;
    }
    let pairs: Vec<(&str, &str)> = wanted.into_iter().zip(given).collect();
    let fits = pairs.iter().all(|(wanted, given)| wanted.starts_with('{') || wanted == given);
    let filled = pairs.iter().filter(|(wanted, _)| wanted.starts_with('{'));
    fits.then(|| filled.map(|(_, given)| (*given).to_owned()).collect())
}

/// What no form has, and would be let pass if only fields were looked at that are read.
fn unheard_of() -> Vec<(&'static str, Vec<(String, String)>)> {
    let field = |value: String| ("unheard-of".to_owned(), value);
    vec![
        ("twice", vec![field("1".to_owned()), field("1".to_owned())]),
        ("with control characters", vec![field("a\u{7}b".to_owned())]),
        ("with 100 KB", vec![field("x".repeat(100 * 1024))]),
        ("with 20,001 letters", vec![field("长".repeat(20_001))]),
    ]
}

/// The forms that lead to a route, each kind once, with who found them.
fn forms_to<'a>(route: &Route, walks: &[(&'a Browser, &Walk)]) -> Vec<(&'a Browser, Form)> {
    let all =
        walks.iter().flat_map(|(browser, walk)| walk.forms.values().map(|form| (*browser, form.clone())));
    all.filter(|(_, form)| blanks(route.path, &form.action).is_some()).collect()
}

/// A form without fields, for a route that none was found for.
fn guessed(route: &Route) -> Form {
    let pieces = route.path.split('/').map(|piece| if piece.starts_with('{') { "1" } else { piece });
    Form { action: pieces.collect::<Vec<_>>().join("/"), fields: Vec::new() }
}

/// The same form as its page sends it, or with files.
async fn post_as(browser: &Browser, action: &str, fields: &[(String, String)], with_files: bool) -> Page {
    let mut browser = browser.clone();
    if !with_files {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&name[..], &value[..])).collect();
        return browser.post(action, &fields).await;
    }
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--tkx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += "--tkx--\r\n";
    let request = axum::http::Request::post(action)
        .header("content-type", "multipart/form-data; boundary=tkx")
        .header("sec-fetch-site", "same-origin");
    browser.send(request, action, axum::body::Body::from(body)).await
}

/// Housekeeping after an earlier form may have come in between; a form that stores what it refuses does so
/// each time.
async fn stores_again(
    shop: &TestShop,
    browser: &Browser,
    action: &str,
    fields: &[(String, String)],
    with_files: bool,
) -> bool {
    for _ in 0..5 {
        let before = stored(shop);
        post_as(browser, action, fields, with_files).await;
        if stored(shop) == before {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_no_handler_reads_is_checked_like_any_other() {
    let (shop, mut lin, mut owner) = peopled().await;
    let mut visitor = shop.browser();
    let public = walk(&mut visitor, &[&PUBLIC[..], &["/admin/login", "/cookies"]].concat()).await;
    let own =
        walk(&mut lin, &["/account", "/checkout", "/cart", "/account/settings", "/account/security"]).await;
    let office = walk(&mut owner, &["/admin", "/admin/products", "/admin/orders", "/admin/customers"]).await;
    let (mut faults, mut unfound, mut sent) = (Vec::new(), Vec::new(), 0);
    for route in tuckshop::routes::all().into_iter().filter(|route| route.method == Method::Post) {
        let walks = match route.who {
            Who::Staff | Who::Owner => vec![(&owner, &office)],
            Who::Customer => vec![(&lin, &own)],
            Who::Anyone | Who::Machine | Who::Demo => vec![(&visitor, &public), (&lin, &own)],
        };
        let found = forms_to(&route, &walks);
        // A form that goes to a thing that never was is refused for that.
        let is_there = !found.is_empty() || !route.path.contains('{');
        for (browser, form) in if found.is_empty() { vec![(walks[0].0, guessed(&route))] } else { found } {
            for (what, bad) in unheard_of() {
                for with_files in [false, true] {
                    let case = format!("{} with unheard-of {what}, files {with_files}", form.action);
                    let fields = [form.fields.clone(), bad.clone()].concat();
                    let before = stored(&shop);
                    let page = post_as(browser, &form.action, &fields, with_files).await;
                    sent += 1;
                    if !(400..500).contains(&page.status) {
                        faults.push(format!("{case}: {}", page.status));
                        continue;
                    }
                    if stored(&shop) != before
                        && stores_again(&shop, browser, &form.action, &fields, with_files).await
                    {
                        faults.push(format!("{case}: refused, and stored"));
                    }
                    if with_files {
                        // Most forms take no files, and such a body is no form to them.
                    } else if page.says("unheard-of") {
                        // As it should be.
                    } else if is_there {
                        faults.push(format!("{case}: {} {:.200}", page.status, page.text()));
                    } else {
                        unfound.push(route.path);
                    }
                }
            }
        }
    }
    unfound.dedup();
    println!("{sent} forms sent; no form was found that leads to {unfound:?}");
    assert!(faults.is_empty(), "{} of {sent}: {faults:#?}", faults.len());
    assert!(unfound.len() < 20, "{unfound:?}");
}

/// An id of the same shape that nobody has.
fn nobodys(id: &str) -> String {
    id.chars()
        .map(|c| match c {
            '0'..='8' => char::from(c as u8 + 1),
            '9' => '0',
            other => other,
        })
        .collect()
}

async fn ask(browser: &Browser, method: Method, path: &str, form: Option<&Form>) -> Page {
    let mut browser = browser.clone();
    match (method, form) {
        (Method::Get, _) => browser.get(path).await,
        (Method::Post, Some(form)) => browser.submit(Form { action: path.to_owned(), ..form.clone() }).await,
        (Method::Post, None) => browser.post(path, &[]).await,
    }
}

/// The same text, but for what differs with the address that was asked for.
fn without(page: &Page, id: &str) -> String {
    page.text().replace(id, "ID")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customers_things_are_as_absent_as_things_that_never_were() {
    let shop = TestShop::open().await;
    let mut mei = shop.shopper("mei").await;
    for _ in 0..2 {
        let form = fill_address(mei.get("/account/addresses").await.form("/account/addresses"));
        mei.submit(form.with("street", "梅家巷 7 号")).await.must_be(303);
    }
    // One order that waits for money, and one that is on its way.
    mei.put_in_cart("mug", 1).await;
    mei.order("transfer").await;
    mei.put_in_cart("mug", 1).await;
    let sent = mei.order("cod").await;
    let mut owner = shop.owner().await;
    let page = owner.get(&format!("/admin/orders/{sent}")).await.must_be(200);
    let ship = page.form(&format!("/admin/orders/{sent}/ship"));
    owner.submit(ship.with("carrier", "SF Express").with("tracking", "SF0000000000001")).await.must_be(303);
    // One that is over.
    mei.put_in_cart("mug", 1).await;
    let over = mei.order("cod").await;
    let form =
        mei.get(&format!("/account/orders/{over}")).await.form(&format!("/account/orders/{over}/cancel"));
    mei.submit(form).await.must_be(303);
    // A session elsewhere, which can be ended from here.
    let mut elsewhere = shop.browser();
    elsewhere.sign_in("mei@example.com", SHOPPER_PASSWORD).await.must_be(303);
    // A copy of her data.
    let form = mei.get("/account/privacy").await.must_be(200).form("/account/privacy/export");
    mei.submit(form).await.must_be(303);
    let lin = shop.shopper("lin").await;

    let begin = ["/account", "/account/orders?tab=all", "/account/addresses", "/account/security"];
    let walked = walk(&mut mei, &begin).await;
    let mut places: Vec<(String, Option<Form>)> =
        walked.pages.iter().map(|page| (page.path.clone(), None)).collect();
    let forms = walked.pages.iter().flat_map(Page::forms);
    places.extend(forms.map(|form| (form.action.clone(), Some(form))));

    let before = stored(&shop);
    let of_customers = tuckshop::routes::all().into_iter().filter(|route| route.who == Who::Customer);
    let mut count = 0;
    for route in of_customers.filter(|route| route.path.contains('{')) {
        let name = format!("{} {}", route.method.name(), route.path);
        let found = places.iter().find_map(|(path, form)| Some((path, form, blanks(route.path, path)?)));
        let (path, form, ids) = found.unwrap_or_else(|| panic!("{name}: mei's own pages do not lead to it"));
        let id = ids.first().unwrap_or_else(|| panic!("{name}: no id in {path}"));
        let hers = ask(&lin, route.method, path, form.as_ref()).await;
        let nobody = nobodys(id);
        let none = ask(&lin, route.method, &path.replace(id, &nobody), form.as_ref()).await;
        assert_eq!((hers.status, none.status), (404, 404), "{name}: {}", hers.text());
        assert_eq!(without(&hers, id), without(&none, &nobody), "{name}");
        for odd in ["%2e%2e", "..%2f..%2fshop.redb", "%00", "0", "-1", "1'--", "%ff%fe", &"9".repeat(4096)] {
            let page = ask(&lin, route.method, &path.replace(id, odd), form.as_ref()).await;
            assert!([400, 404, 405].contains(&page.status), "{name} with {odd:.20}: {}", page.status);
        }
        let padded = ask(&lin, route.method, &path.replace(id, &format!("0{id}")), form.as_ref()).await;
        assert_eq!(padded.status, 404, "{name} padded");
        count += 1;
    }
    assert!(count >= 8, "only {count} routes were tried");
    assert!(stored(&shop) == before, "something was changed");

    // Her address in his checkout.
    let address =
        places.iter().find_map(|(path, _)| blanks("/account/addresses/{id}", path)).expect("hers")[0].clone();
    let mut lin = lin;
    lin.put_in_cart("mug", 1).await;
    let form = lin.checkout_form("cod").await;
    let page = lin.submit(form.with("address", &address)).await;
    assert!(page.status == 422 && !page.says("梅家巷"), "{} {}", page.status, page.text());
    assert!(!lin.get("/account/orders?tab=all").await.must_be(200).says("Stoneware mug"));
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_get_nowhere_with_the_links_and_forms_of_the_owners_own_pages() {
    let (shop, _, mut owner) = peopled().await;
    for (name, email) in [("Clerk", "clerk@example.com"), ("Packer", "packer@example.com")] {
        shop.add_staff(name, email, "four copper bells ring", false).await;
    }
    let mut clerk = shop.browser();
    let form = clerk.get("/admin/login").await.form("/admin/login");
    let form = form.with("account", "clerk@example.com").with("password", "four copper bells ring");
    clerk.submit(form).await.must_be(303);

    let walked = walk(&mut owner, &["/admin", "/admin/staff", "/admin/settings"]).await;
    let forms: Vec<Form> = walked.pages.iter().flat_map(Page::forms).collect();
    let colleagues: BTreeSet<String> =
        walked.pages.iter().filter_map(|page| blanks("/admin/staff/{id}", &page.path)?.pop()).collect();
    assert!(colleagues.len() >= 3, "owner, clerk and packer: {colleagues:?}");
    let before = stored(&shop);
    let mut with_form = 0;
    for route in tuckshop::routes::all().into_iter().filter(|route| route.who == Who::Owner) {
        for id in &colleagues {
            let path = route.path.replace("{id}", id);
            let form = forms.iter().find(|form| route.method == Method::Post && form.action == path);
            with_form += usize::from(form.is_some());
            let page = ask(&clerk, route.method, &path, form).await;
            assert_eq!(page.status, 403, "{} {path}", route.method.name());
        }
    }
    assert!(with_form >= 6, "only {with_form} of the owner's forms were sent");
    assert!(stored(&shop) == before, "something was changed");
}
