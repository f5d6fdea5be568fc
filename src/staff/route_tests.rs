//! The room's pages through the router: who comes in, what is asked, what is shown.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::shop::Shop;
use crate::staff::setup::Invitation;

struct Site {
    shop: Shop,
    router: Router,
    clock: std::sync::Arc<crate::clock::ManualClock>,
    _dir: tempfile::TempDir,
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// Somebody's browser: keeps its cookies.
#[derive(Default)]
struct Browser {
    cookies: std::collections::BTreeMap<String, String>,
    from: Vec<(&'static str, &'static str)>,
}

impl Browser {
    async fn get(&mut self, site: &Site, path: &str) -> Got {
        self.send(site, Request::get(path), Body::empty()).await
    }

    async fn post(&mut self, site: &Site, path: &str, fields: &[(&str, &str)]) -> Got {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(site, request, Body::from(body)).await
    }

    async fn send(&mut self, site: &Site, request: axum::http::request::Builder, body: Body) -> Got {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request =
            request.header(header::COOKIE, cookies.join("; ")).header(header::ACCEPT_LANGUAGE, "en");
        for (name, value) in &self.from {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        let response = site.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().expect("ASCII").split(';').next().unwrap_or("");
            let (name, value) = pair.split_once('=').expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let bytes = body.collect().await.expect("a body").to_bytes();
        Got {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).expect("UTF-8"),
        }
    }
}

const PASSWORD: &str = "kettle mango river";

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = crate::trial::clock();
        let parts = crate::trial::parts(dir.path(), &clock, false, false);
        let shop = Shop::open(parts).expect("an open shop");
        let router = crate::web::router(&shop, crate::web::Site { routes: routes(), ..crate::rooms::site() });
        Self { shop, router, clock, _dir: dir }
    }

    async fn add(&self, email: &'static str, owner: bool) -> StaffId {
        let random = self.shop.random.clone();
        let hash = crate::passwords::hash(PASSWORD, &*random);
        let added = self.shop.store.commit(move |plan| add(plan, &*random, "Zoe", email, hash, owner));
        added.await.expect("added")
    }

    async fn signed_in(&self, email: &'static str, owner: bool) -> Browser {
        self.add(email, owner).await;
        let mut browser = Browser::default();
        let got = browser.post(self, "/admin/login", &[("account", email), ("password", PASSWORD)]).await;
        assert_eq!((got.status, got.location()), (StatusCode::SEE_OTHER, "/admin"));
        browser
    }
}

/// The value of the last hidden field of this name: the head of each page has a form of its own.
fn hidden<'a>(body: &'a str, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let at = body.rfind(&mark).expect("the field") + mark.len();
    body[at..].split('"').next().unwrap_or("")
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_get_the_same_answer() {
    let site = Site::new();
    site.add("zoe@example.com", true).await;
    let mut browser = Browser::default();
    let mut answers = Vec::new();
    for account in ["zoe@example.com", "adam@example.com"] {
        let fields = [("account", account), ("password", "wrong password")];
        let got = browser.post(&site, "/admin/login", &fields).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(got.body.contains(account) && !got.body.contains("wrong password"), "what was typed stays");
        answers.push(got.body.replace(account, ""));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn the_eleventh_wrong_try_waits_and_so_does_the_right_one() {
    let site = Site::new();
    site.add("zoe@example.com", true).await;
    let mut browser = Browser::default();
    let key = "zoe@example.com";
    for _ in 0..10 {
        site.shop.of::<Tries>().take(key, crate::clock::Clock::now(&*site.clock)).expect("free");
    }
    let fields = [("account", " Zoe@example.com "), ("password", PASSWORD)];
    let got = browser.post(&site, "/admin/login", &fields).await;
    assert_eq!(got.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(got.headers.get(header::RETRY_AFTER).expect("said"), "60");
    site.clock.advance_seconds(60);
    let got = browser.post(&site, "/admin/login", &fields).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sign_in_comes_back_to_where_one_was_and_only_within_the_shop() {
    let site = Site::new();
    site.add("zoe@example.com", true).await;
    let mut browser = Browser::default();
    let got = browser.get(&site, "/admin/staff").await;
    assert_eq!(got.location(), "/admin/login?back=%2Fadmin%2Fstaff");
    let got = browser.get(&site, "/admin/login?back=%2Fadmin%2Fstaff").await;
    assert_eq!(hidden(&got.body, "back"), "/admin/staff");
    let got = browser.get(&site, "/admin/login?back=https%3A%2F%2Felsewhere.example").await;
    assert_eq!(hidden(&got.body, "back"), "/admin");
    let fields = [("account", "zoe@example.com"), ("password", PASSWORD), ("back", "//elsewhere.example")];
    assert_eq!(browser.post(&site, "/admin/login", &fields).await.location(), "/admin");
}

#[tokio::test]
async fn a_second_factor_once_set_up_is_asked_for() {
    let site = Site::new();
    let mut browser = site.signed_in("zoe@example.com", true).await;
    let got = browser.get(&site, "/admin/security/second").await;
    assert!(got.body.contains("<svg viewBox"));
    let spelled = hidden(&got.body, "secret").to_owned();
    let secret = crate::second_factor::read_secret(&spelled).expect("a secret");
    let code = |site: &Site| {
        let seconds = u64::try_from(crate::clock::Clock::now(&*site.clock).as_millis() / 1000).unwrap_or(0);
        totp_rs::Builder::new().with_secret(&secret[..]).build_noncompliant().generate(seconds).to_string()
    };
    let wrong = [("secret", &*spelled), ("code", "000000"), ("current", PASSWORD)];
    let got = browser.post(&site, "/admin/security/second", &wrong).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(hidden(&got.body, "secret"), spelled, "the key that was scanned stays");
    let now = code(&site);
    let right = [("secret", &*spelled), ("code", &*now), ("current", PASSWORD)];
    let got = browser.post(&site, "/admin/security/second", &right).await;
    assert_eq!(got.status, StatusCode::OK);
    let recovery =
        got.body.split("data-copy>").nth(1).and_then(|rest| rest.split('<').next()).expect("a code");

    let mut other = Browser::default();
    let fields = [("account", "zoe@example.com"), ("password", PASSWORD)];
    assert_eq!(other.post(&site, "/admin/login", &fields).await.location(), "/admin/login/second");
    assert_eq!(
        other.get(&site, "/admin").await.status,
        StatusCode::SEE_OTHER,
        "a password alone is not enough"
    );
    let got = other.post(&site, "/admin/login/second", &[("code", &now)]).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "the code was used");
    site.clock.advance_seconds(30);
    let got = other.post(&site, "/admin/login/second", &[("code", &code(&site))]).await;
    assert_eq!((got.status, got.location()), (StatusCode::SEE_OTHER, "/admin"));
    assert_eq!(other.get(&site, "/admin").await.status, StatusCode::OK);

    let mut third = Browser::default();
    third.post(&site, "/admin/login", &fields).await;
    let got = third.post(&site, "/admin/login/second", &[("code", recovery)]).await;
    assert_eq!((got.status, got.location()), (StatusCode::SEE_OTHER, "/admin"));
}

#[tokio::test]
async fn a_drawn_password_is_replaced_at_the_first_sign_in() {
    let site = Site::new();
    let mut owner = site.signed_in("zoe@example.com", true).await;
    let got = owner.post(&site, "/admin/staff", &[("name", "Adam"), ("email", "adam@example.com")]).await;
    assert_eq!(got.status, StatusCode::OK);
    let drawn =
        got.body.split("data-copy>").nth(1).and_then(|rest| rest.split('<').next()).expect("a password");
    let mut adam = Browser::default();
    let fields = [("account", "adam@example.com"), ("password", drawn)];
    assert_eq!(adam.post(&site, "/admin/login", &fields).await.location(), "/admin/login/password");
    assert_eq!(adam.get(&site, "/admin").await.status, StatusCode::SEE_OTHER);
    let got = adam.post(&site, "/admin/login/password", &[("password", PASSWORD)]).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "the duty is not confirmed");
    let fields = [("password", PASSWORD), ("agree", "on")];
    assert_eq!(adam.post(&site, "/admin/login/password", &fields).await.location(), "/admin");
    assert_eq!(adam.get(&site, "/admin").await.status, StatusCode::OK);
    let member = by_email(&site.shop.store.view().expect("a view"), "adam@example.com");
    assert!(member.expect("readable").expect("there").confirmed.is_some());
}

#[tokio::test]
async fn staff_may_not_open_what_is_the_owners() {
    let site = Site::new();
    site.add("zoe@example.com", true).await;
    let mut clerk = site.signed_in("adam@example.com", false).await;
    for route in routes() {
        let path = route.path.replace("{id}", "0123").replace("{token}", "0123");
        let owners = route.who == crate::web::Who::Owner;
        let got = match route.method {
            crate::web::Method::Get => clerk.get(&site, &path).await,
            crate::web::Method::Post if owners => clerk.post(&site, &path, &[]).await,
            crate::web::Method::Post => continue,
        };
        assert_eq!(got.status == StatusCode::FORBIDDEN, owners, "{path}");
    }
    assert!(!clerk.get(&site, "/admin").await.body.contains("There are no backups"));
}

#[tokio::test]
async fn every_page_opens_in_both_languages_for_the_owner() {
    let site = Site::new();
    let mut owner = site.signed_in("zoe@example.com", true).await;
    for language in ["en", "zh-CN"] {
        owner.cookies.insert("language".to_owned(), language.to_owned());
        let pages = [
            "/admin",
            "/admin/staff",
            "/admin/settings",
            "/admin/customers",
            "/admin/access-log",
            "/admin/security",
            "/admin/security/second",
        ];
        for path in pages {
            let got = owner.get(&site, path).await;
            assert_eq!(got.status, StatusCode::OK, "{path}");
            assert_eq!(got.body.matches("<h1>").count(), 1, "{path}");
            assert!(got.body.contains(&format!("<html lang=\"{language}\"")), "{path}");
        }
    }
}

#[tokio::test]
async fn a_search_by_contact_is_logged_whether_or_not_it_finds_somebody() {
    let site = Site::new();
    let mut clerk = site.signed_in("adam@example.com", false).await;
    let got = clerk.post(&site, "/admin/customers", &[("q", "nobody@example.com")]).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.body.contains("No customer has this name or contact."));
    let got = clerk.post(&site, "/admin/customers", &[("q", "?")]).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    let view = site.shop.store.view().expect("a view");
    assert_eq!(access_log::verify_chain(&view).expect("readable"), Ok(1));
}

#[tokio::test]
async fn the_first_run_makes_owner_name_and_key_and_uses_the_link_up() {
    let site = Site::new();
    let token =
        site.shop.of::<Invitation>().issue(crate::clock::Clock::now(&*site.clock), &*site.shop.random);
    let path = format!("/setup/{token}");
    let mut browser = Browser::default();
    assert_eq!(browser.get(&site, "/setup/another").await.status, StatusCode::NOT_FOUND);
    let got = browser.get(&site, &path).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.headers.get(header::CACHE_CONTROL).expect("said"), "no-store");
    let weak = [("name", "Tea"), ("country", "GB"), ("email", "zoe@example.com"), ("password", "password1")];
    let got = browser.post(&site, &path, &weak).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.body.contains("value=\"GB\"") && !got.body.contains("password1"));
    let sound = [("name", "Tea"), ("country", "gb"), ("email", "zoe@example.com"), ("password", PASSWORD)];
    let got = browser.post(&site, &path, &sound).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.body.contains("AGE-SECRET-KEY-"));
    assert_eq!(browser.get(&site, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get(&site, "/admin/staff").await.status, StatusCode::OK, "signed in as the owner");
    assert_eq!((&*site.shop.settings().name, &*site.shop.settings().country), ("Tea", "GB"));
}

#[tokio::test]
async fn over_plain_http_from_elsewhere_the_first_run_takes_no_password() {
    let site = Site::new();
    let token =
        site.shop.of::<Invitation>().issue(crate::clock::Clock::now(&*site.clock), &*site.shop.random);
    let path = format!("/setup/{token}");
    let mut browser = Browser { from: vec![("x-forwarded-for", "192.0.2.7")], ..Browser::default() };
    let got = browser.get(&site, &path).await;
    assert!(got.body.contains("ssh -L 8080:127.0.0.1:8080") && !got.body.contains("type=\"password\""));
    let fields = [("name", "Tea"), ("country", "GB"), ("email", "zoe@example.com"), ("password", PASSWORD)];
    let got = browser.post(&site, &path, &fields).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    assert!(!got.body.contains("AGE-SECRET-KEY-"));
    assert!(!has_owner(&site.shop.store.view().expect("a view")).expect("readable"));
}

#[tokio::test]
async fn the_owner_changes_what_the_shop_is() {
    let site = Site::new();
    let mut owner = site.signed_in("zoe@example.com", true).await;
    let fields = [("name", "Tea"), ("country", "GB"), ("default_locale", "en"), ("delivery_price", "ten")];
    let got = owner.post(&site, "/admin/settings", &fields).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.body.contains("value=\"ten\"") && got.body.contains("delivery_price-problem"));
    let fields = [("name", "Tea"), ("country", "GB"), ("default_locale", "en"), ("delivery_price", "0")];
    let got = owner.post(&site, "/admin/settings", &fields).await;
    assert_eq!(got.location(), "/admin/settings?said=saved");
    assert!(site.shop.settings().delivery_price.is_zero());
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let site = Site::new();
    let mut browser = site.signed_in("zoe@example.com", true).await;
    let mut other = Browser::default();
    other.post(&site, "/admin/login", &[("account", "zoe@example.com"), ("password", PASSWORD)]).await;
    let fields = [("current", "wrong password"), ("password", "lantern otter cloud")];
    let got = browser.post(&site, "/admin/security/password", &fields).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("current", PASSWORD), ("password", "lantern otter cloud")];
    let got = browser.post(&site, "/admin/security/password", &fields).await;
    assert_eq!(got.location(), "/admin/security?said=password");
    assert_eq!(browser.get(&site, "/admin").await.status, StatusCode::OK);
    assert_eq!(other.get(&site, "/admin").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.post(&site, "/admin/logout", &[]).await.location(), "/admin/login");
    assert_eq!(browser.get(&site, "/admin").await.status, StatusCode::SEE_OTHER);
}
