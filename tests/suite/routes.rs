//! Every route of the table, as visitor, customer, staff and stranger: a new one is covered by itself.

use tuckshop::web::{Method, Route, Who};

use crate::actors::{Browser, TestShop};

/// A path of this route, with something in its blanks.
fn path_of(route: &Route) -> String {
    let blanks = route.path.split('/').map(|piece| if piece.starts_with('{') { "KWTR100042" } else { piece });
    blanks.collect::<Vec<_>>().join("/")
}

async fn ask(browser: &mut Browser, route: &Route) -> crate::page::Page {
    match route.method {
        Method::Get => browser.get(&path_of(route)).await,
        Method::Post => browser.post(&path_of(route), &[]).await,
    }
}

fn is_turned_away(page: &crate::page::Page, door: &str) -> bool {
    page.status == 403
        || page.status == 303 && page.location.as_deref().is_some_and(|to| to.starts_with(door))
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_04_whoever_is_not_named_is_turned_away() {
    let shop = TestShop::open().await;
    let customer = shop.shopper("lin").await;
    // The way out last: it ends the session that the others are asked with.
    let mut routes = tuckshop::rooms::routes();
    routes.sort_by_key(|route| route.path == "/logout");
    for route in routes {
        let name = format!("{} {}", route.method.name(), route.path);
        let (as_visitor, as_customer) =
            (ask(&mut shop.browser(), &route).await, ask(&mut customer.clone(), &route).await);
        match route.who {
            Who::Customer => assert!(is_turned_away(&as_visitor, "/login"), "{name}: {}", as_visitor.status),
            Who::Staff | Who::Owner => {
                assert!(is_turned_away(&as_visitor, "/admin/login"), "{name}: {}", as_visitor.status);
                assert!(is_turned_away(&as_customer, "/admin/login"), "{name}: {}", as_customer.status);
            }
            Who::Anyone | Who::Machine | Who::Demo => {}
        }
        assert!(as_visitor.status < 500 && as_customer.status < 500, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_may_not_use_what_is_the_owners() {
    let shop = TestShop::open().await;
    shop.add_staff("Clerk", "clerk@example.com", "four copper bells ring", false).await;
    let mut clerk = shop.browser();
    let form = clerk.get("/admin/login").await.form("/admin/login");
    let form = form.with("account", "clerk@example.com").with("password", "four copper bells ring");
    clerk.submit(form).await.must_be(303);
    clerk.get("/admin/orders").await.must_be(200);
    for route in tuckshop::rooms::routes().into_iter().filter(|route| route.who == Who::Owner) {
        let page = ask(&mut clerk.clone(), &route).await;
        assert_eq!(page.status, 403, "{} {}", route.method.name(), route.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_another_site_is_refused_everywhere() {
    let shop = TestShop::open().await;
    let owner = shop.owner().await;
    let customer = shop.shopper("lin").await;
    let elsewhere =
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")];
    for route in tuckshop::rooms::routes().into_iter().filter(|route| route.method == Method::Post) {
        for (header, value) in elsewhere {
            for browser in [&owner, &customer] {
                let path = path_of(&route);
                let request = axum::http::Request::post(path.as_str())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header(header, value);
                let page = browser.clone().send(request, &path, axum::body::Body::empty()).await;
                assert_eq!(page.status, 403, "{} with {header}: {value}", route.path);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_path_does_not_take_is_refused() {
    let shop = TestShop::open().await;
    for route in tuckshop::rooms::routes() {
        let path = path_of(&route);
        let request = axum::http::Request::delete(path.as_str());
        let page = shop.browser().send(request, &path, axum::body::Body::empty()).await;
        assert_eq!(page.status, 405, "{}", route.path);
    }
}

#[test]
fn every_post_says_what_it_changes_and_no_get_changes_anything() {
    for route in tuckshop::rooms::routes() {
        assert_eq!(route.method == Method::Post, !route.changes.is_empty(), "{}", route.path);
    }
}
