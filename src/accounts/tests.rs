use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::codes::{self, Verdict};
use super::records::{CodeRow, HOLDINGS, PASSWORDS};
use super::*;
use crate::address::Address;
use crate::clock::{Clock, ManualClock};
use crate::random::SystemSource;
use crate::second_factor;
use crate::sessions::{self, Holder};
use crate::shop::Shop;
use crate::trial;

/// Random as ever, but codes are what the test says: they alone are drawn from eight bytes.
struct Drawn {
    source: SystemSource,
    code: AtomicU64,
}

impl Random for Drawn {
    fn fill(&self, buffer: &mut [u8]) {
        match buffer.len() {
            8 => buffer.copy_from_slice(&self.code.load(Ordering::SeqCst).to_be_bytes()),
            _ => self.source.fill(buffer),
        }
    }
}

struct Fixture {
    shop: Shop,
    clock: Arc<ManualClock>,
    random: Arc<Drawn>,
    router: Router,
    _dir: tempfile::TempDir,
}

const CODE: &str = "123456";
const PASSWORD: &str = "kettle mango river";

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = trial::clock();
        let random = Arc::new(Drawn { source: SystemSource::new(), code: AtomicU64::new(123_456) });
        let mut parts = trial::parts(dir.path(), &clock, true, false);
        // Epochs are named by eight random bytes, so the store keeps a source of its own.
        parts.random = random.clone();
        parts.config = parts.config.for_demo();
        let shop = Shop::open(parts).expect("an open shop");
        let router = crate::web::router(&shop, crate::web::Site { routes: routes(), ..crate::rooms::site() });
        Self { shop, clock, random, router, _dir: dir }
    }

    fn browser(&self) -> Browser<'_> {
        Browser { fixture: self, cookies: Vec::new() }
    }

    /// Another minute, so that another code may be asked for.
    fn later(&self) {
        self.clock.advance_seconds(61);
    }

    /// A browser that has registered.
    async fn customer(&self, name: &str, contact: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let asked = browser.register(name, contact).await;
        assert_eq!(asked.goes_to(), "/register/verify");
        assert_eq!(browser.post("/register/verify", &[("code", CODE)]).await.goes_to(), "/account");
        browser
    }

    fn subject(&self, typed: &str) -> SubjectId {
        let called = Called::parse(typed, "CN").expect("a name or contact");
        find_by(&self.shop.store.view().expect("a view"), &called).expect("readable").expect("known").subject
    }
}

struct Browser<'a> {
    fixture: &'a Fixture,
    cookies: Vec<(String, String)>,
}

struct Page {
    status: StatusCode,
    location: String,
    body: String,
}

impl Page {
    fn goes_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        &self.location
    }

    /// The problem beside a field of a refused form.
    fn refused_at(&self, field: &str) -> &str {
        assert!(matches!(self.status.as_u16(), 422 | 429), "{} {}", self.status, self.location);
        let mark = format!("<p class=\"problem\" id=\"{field}-problem\">");
        let at = self.body.find(&mark).unwrap_or_else(|| panic!("a problem at {field}: {}", self.body));
        self.body[at + mark.len()..].split('<').next().unwrap_or_default()
    }
}

impl Browser<'_> {
    async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path), Body::empty()).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut writer = form_urlencoded::Serializer::new(String::new());
        writer.extend_pairs(fields);
        self.send(Request::post(path), Body::from(writer.finish())).await
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request
            .header(header::COOKIE, cookies.join("; "))
            .header(header::ACCEPT_LANGUAGE, "en")
            .body(body)
            .expect("a sound request");
        let peer = SocketAddr::from(([192, 0, 2, 1], 40_000));
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        let response = self.fixture.router.clone().oneshot(request).await.expect("an answer");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("ASCII");
            let (name, rest) = text.split_once('=').expect("a name");
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.map_or(String::new(), |value| value.to_str().expect("ASCII").to_owned());
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        Page { status, location, body: String::from_utf8(body.to_vec()).expect("text") }
    }

    async fn register(&mut self, name: &str, contact: &str) -> Page {
        let fields = [("account", name), ("contact", contact), ("password", PASSWORD), ("agree", "on")];
        self.post("/register", &fields).await
    }

    async fn login(&mut self, account: &str, password: &str) -> Page {
        self.post("/login", &[("account", account), ("password", password)]).await
    }

    fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    async fn is_in(&mut self) -> bool {
        self.get("/account").await.status == StatusCode::OK
    }
}

// ---- Codes ----

fn start() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

#[test]
fn codes_go_a_minute_apart_five_an_hour_ten_a_day() {
    let clock = ManualClock::at(start());
    let mut sent = Vec::new();
    let mut send = |clock: &ManualClock| {
        let waits = codes::wait(&sent, clock.now());
        if waits.is_none() {
            sent.push(clock.now());
        }
        waits
    };
    for _ in 0..4 {
        assert_eq!(send(&clock), None);
        assert_eq!(send(&clock), Some(60));
        clock.advance_seconds(60);
    }
    assert_eq!(send(&clock), None);
    assert_eq!(send(&clock), Some(3600 - 240));
    clock.set(start().plus_seconds(3600));
    for _ in 0..5 {
        assert_eq!(send(&clock), None);
        clock.advance_seconds(60);
    }
    clock.set(start().plus_seconds(2 * 3600));
    assert_eq!(send(&clock), Some(22 * 3600));
    clock.set(start().plus_seconds(24 * 3600));
    assert_eq!(send(&clock), None);
}

#[test]
fn a_code_is_judged_by_time_tries_and_digits() {
    let row = CodeRow {
        contact: "zoe@example.com".to_owned(),
        digest: [1; 32],
        wrong: 0,
        sent: start(),
        expires: start().plus_seconds(600),
    };
    let tried = |wrong| CodeRow { wrong, ..row.clone() };
    assert_eq!(codes::judge(&row, &[1; 32], start()), Verdict::Right);
    assert_eq!(codes::judge(&row, &[2; 32], start()), Verdict::Wrong { left: 4 });
    assert_eq!(codes::judge(&tried(4), &[1; 32], start().plus_seconds(599)), Verdict::Right);
    assert_eq!(codes::judge(&tried(4), &[2; 32], start()), Verdict::Wrong { left: 0 });
    assert_eq!(codes::judge(&tried(5), &[1; 32], start()), Verdict::Gone);
    assert_eq!(codes::judge(&row, &[1; 32], start().plus_seconds(600)), Verdict::Gone);
}

#[tokio::test]
async fn a_code_proves_nothing_in_another_browser_too_late_again_or_for_something_else() {
    let fixture = Fixture::new();
    let mut one = fixture.browser();
    one.register("zoe", "zoe@example.com").await.goes_to();
    let mut other = fixture.browser();
    other.post("/register/verify", &[("code", CODE)]).await.refused_at("code");
    // The code of the registration signs nobody in.
    one.post("/login/code", &[("code", CODE)]).await.refused_at("code");
    fixture.clock.advance_seconds(600);
    let late = one.post("/register/verify", &[("code", CODE)]).await;
    assert!(late.refused_at("code").contains("no longer good"));
    assert_eq!(one.post("/register/resend", &[]).await.goes_to(), "/register/verify?said=sent");
    for left in ["4 tries", "3 tries", "2 tries", "one try", "no longer good"] {
        let wrong = one.post("/register/verify", &[("code", "654321")]).await;
        assert!(wrong.refused_at("code").contains(left), "{left}: {}", wrong.refused_at("code"));
    }
    one.post("/register/verify", &[("code", CODE)]).await.refused_at("code");
    fixture.later();
    one.post("/register/resend", &[]).await.goes_to();
    assert_eq!(one.post("/register/verify", &[("code", " 123 456 ")]).await.goes_to(), "/account");
    one.post("/register/verify", &[("code", CODE)]).await.refused_at("code");
}

#[tokio::test]
async fn too_many_codes_are_refused_and_a_living_one_is_kept() {
    let fixture = Fixture::new();
    let mut browser = fixture.browser();
    browser.register("zoe", "zoe@example.com").await.goes_to();
    // The same browser corrects its name: the code that went out is still good.
    browser.register("zoe2", "zoe@example.com").await.goes_to();
    let again = browser.post("/register/resend", &[]).await;
    assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS);
    let mut other = fixture.browser();
    let refused = other.register("mia", "ZOE@example.com").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.refused_at("contact").contains("60 seconds"));
    browser.post("/register/verify", &[("code", CODE)]).await.goes_to();
    assert!(
        find_by(&fixture.shop.store.view().expect("a view"), &Called::Name("zoe".into()))
            .expect("readable")
            .is_none()
    );
    fixture.subject("zoe2");
}

// ---- Registration ----

#[tokio::test]
async fn registration_asks_for_what_is_needed_and_says_what_is_missing() {
    let fixture = Fixture::new();
    let mut browser = fixture.browser();
    let form = browser.get("/register").await;
    assert_eq!(form.status, StatusCode::OK);
    for field in ["account", "contact", "password", "agree"] {
        assert!(form.body.contains(&format!("name=\"{field}\"")), "{field}");
    }
    assert!(!form.body.contains("checked"), "agreeing is never ticked beforehand");
    let refused =
        browser.post("/register", &[("account", "1"), ("contact", "x"), ("password", "short")]).await;
    for field in ["account", "contact", "password", "agree"] {
        refused.refused_at(field);
    }
    assert!(refused.body.contains("value=\"x\"") && !refused.body.contains("short\""));
    let own = [
        ("account", "zoewilliams"),
        ("contact", "zoe@example.com"),
        ("password", "zoewilliams1"),
        ("agree", "on"),
    ];
    browser.post("/register", &own).await.refused_at("password");
}

#[tokio::test]
async fn nothing_lasting_exists_before_the_code_is_right() {
    let fixture = Fixture::new();
    let mut browser = fixture.browser();
    browser.register("zoe", "zoe@example.com").await.goes_to();
    let count = |fixture: &Fixture| {
        all(&fixture.shop.store.view().expect("a view"), None, 10).expect("readable").len()
    };
    assert_eq!(count(&fixture), 0);
    assert!(!browser.is_in().await);
    browser.post("/register/verify", &[("code", CODE)]).await.goes_to();
    assert_eq!(count(&fixture), 1);
    assert!(browser.is_in().await);
    let subject = fixture.subject("zoe");
    let view = fixture.shop.store.view().expect("a view");
    let account = get(&view, subject).expect("there");
    assert_eq!(account.agreed_texts, agreed_texts());
    assert_eq!(contact_of(&account), Contact::Email("zoe@example.com".into()));
    let held = held(&view, subject).expect("readable");
    let classes: Vec<Class> = held.iter().map(|(class, _)| *class).collect();
    assert_eq!(classes, [Class::Credential, Class::ConsentEvidence]);
}

#[tokio::test]
async fn a_taken_contact_looks_like_a_fresh_one_and_its_code_is_never_right() {
    let fixture = Fixture::new();
    fixture.customer("zoe", "zoe@example.com").await;
    fixture.later();
    let (mut fresh, mut taken) = (fixture.browser(), fixture.browser());
    let one = fresh.register("mia", "mia@example.com").await;
    let other = taken.register("leo", "Zoe@Example.com").await;
    assert_eq!((one.status, &one.location), (other.status, &other.location));
    let (one, other) = (fresh.get("/register/verify").await, taken.get("/register/verify").await);
    assert_eq!(one.body.replace("mia@example.com", ""), other.body.replace("Zoe@example.com", ""));
    let one = fresh.post("/register/verify", &[("code", "999999")]).await;
    let other = taken.post("/register/verify", &[("code", CODE)]).await;
    assert_eq!(one.refused_at("code"), other.refused_at("code"));
}

#[tokio::test]
async fn a_taken_name_is_said_once_the_contact_is_proven() {
    let fixture = Fixture::new();
    fixture.customer("Zoe", "zoe@example.com").await;
    let mut browser = fixture.browser();
    browser.register("zOE", "+8613800138000").await.goes_to();
    let taken = browser.post("/register/verify", &[("code", CODE)]).await;
    assert!(taken.refused_at("account").contains("taken"));
    let page = browser.get("/register/verify").await;
    assert!(page.body.contains("name=\"account\"") && !page.body.contains("name=\"code\""));
    browser.post("/register/verify", &[("account", "zoe")]).await.refused_at("account");
    browser.post("/register/verify", &[("account", "!")]).await.refused_at("account");
    assert_eq!(browser.post("/register/verify", &[("account", "zoe.2")]).await.goes_to(), "/account");
    assert_eq!(fixture.subject("13800138000"), fixture.subject("zoe.2"));
}

// ---- Signing in ----

#[tokio::test]
async fn name_email_and_mobile_sign_in_and_nobody_learns_who_has_an_account() {
    let fixture = Fixture::new();
    fixture.customer("Zoe", "zoe@example.com").await;
    fixture.customer("Leo", "13800138000").await;
    for typed in ["zoe", "ZOE@example.com", "Leo", "+86 138 0013 8000"] {
        let mut browser = fixture.browser();
        assert_eq!(browser.login(typed, PASSWORD).await.goes_to(), "/account");
        assert!(browser.is_in().await);
    }
    let mut browser = fixture.browser();
    let known = browser.login("zoe", "wrong password").await;
    let unknown = browser.login("nobody", "wrong password").await;
    assert_eq!(known.refused_at("password"), unknown.refused_at("password"));
    assert_eq!(known.status, unknown.status);
    assert!(!browser.is_in().await);
    let back = browser.post("/login", &[("account", "zoe"), ("password", PASSWORD), ("back", "/cart")]).await;
    assert_eq!(back.goes_to(), "/cart");
    let fields = [("account", "zoe"), ("password", PASSWORD), ("back", "//evil.example")];
    assert_eq!(browser.post("/login", &fields).await.goes_to(), "/account");
}

#[tokio::test]
async fn ten_wrong_ones_leave_one_try_a_minute() {
    let fixture = Fixture::new();
    fixture.customer("zoe", "zoe@example.com").await;
    let mut browser = fixture.browser();
    for name in ["zoe", "nobody"] {
        for _ in 0..10 {
            assert_eq!(browser.login(name, "wrong password").await.status.as_u16(), 422);
        }
        assert_eq!(browser.login(name, PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    }
    fixture.later();
    assert_eq!(browser.login("zoe", PASSWORD).await.goes_to(), "/account");
    let mut again = fixture.browser();
    assert_eq!(again.login("zoe", PASSWORD).await.goes_to(), "/account");
}

#[tokio::test]
async fn signing_in_ends_the_session_before_and_signing_out_ends_it() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    let before = browser.cookie("session").expect("a session");
    browser.login("zoe", PASSWORD).await.goes_to();
    assert_ne!(browser.cookie("session"), Some(before.clone()));
    let mut old = fixture.browser();
    old.cookies.push(("session".to_owned(), before));
    assert!(!old.is_in().await);
    browser.post("/logout", &[]).await.goes_to();
    assert_eq!(browser.cookie("session"), None);
    let holder = Holder::Customer(fixture.subject("zoe"));
    let view = fixture.shop.store.view().expect("a view");
    let idle = fixture.shop.retention().session;
    assert!(sessions::list(&view, holder, idle, fixture.clock.now()).expect("readable").is_empty());
}

#[tokio::test]
async fn a_code_signs_in_and_looks_the_same_for_strangers() {
    let fixture = Fixture::new();
    fixture.customer("zoe", "zoe@example.com").await;
    fixture.later();
    let (mut known, mut stranger) = (fixture.browser(), fixture.browser());
    let one = known.post("/login/code", &[("contact", "zoe@example.com")]).await;
    let other = stranger.post("/login/code", &[("contact", "mia@example.com")]).await;
    assert_eq!((one.goes_to(), other.goes_to()), ("/login/code", "/login/code"));
    let (one, other) = (known.get("/login/code").await, stranger.get("/login/code").await);
    assert_eq!(one.body.replace("zoe@", ""), other.body.replace("mia@", ""));
    assert!(one.body.contains("name=\"code\"") && !one.body.contains("name=\"contact\""));
    stranger.post("/login/code", &[("code", CODE)]).await.refused_at("code");
    assert_eq!(known.post("/login/code", &[("code", CODE)]).await.goes_to(), "/account");
    assert!(known.is_in().await);
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_all_sessions() {
    let fixture = Fixture::new();
    let mut elsewhere = fixture.customer("zoe", "zoe@example.com").await;
    fixture.later();
    let mut browser = fixture.browser();
    assert_eq!(browser.get("/password/reset").await.goes_to(), "/password/forgot");
    browser.post("/password/forgot", &[("contact", "zoe@example.com")]).await.goes_to();
    let new = "seven green lamps";
    browser
        .post("/password/reset", &[("code", CODE), ("password", "password1")])
        .await
        .refused_at("password");
    browser.post("/password/reset", &[("code", "111111"), ("password", new)]).await.refused_at("code");
    let done = browser.post("/password/reset", &[("code", CODE), ("password", new)]).await;
    assert_eq!(done.goes_to(), "/account?said=password");
    assert!(browser.is_in().await && !elsewhere.is_in().await);
    elsewhere.login("zoe", PASSWORD).await.refused_at("password");
    elsewhere.login("zoe", new).await.goes_to();
    let view = fixture.shop.store.view().expect("a view");
    let rows = view.list(&HOLDINGS, &fixture.subject("zoe").to_bytes()).expect("readable");
    assert_eq!(rows.len(), 2, "the old password is off the list");
    assert_eq!(view.list(&PASSWORDS, &[]).expect("readable").len(), 1);
}

// ---- The second factor ----

/// The code that an app shows now.
fn app_code(page: &str, now: Timestamp) -> String {
    let mark = "<code class=\"copyable\" data-copy>";
    let at = page.find(mark).expect("the secret") + mark.len();
    let spelled = page[at..].split('<').next().expect("the secret");
    let secret = second_factor::read_secret(spelled).expect("a secret");
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    let seconds = u64::try_from(now.as_millis() / 1000).expect("after 1970");
    totp.generate(seconds).to_string()
}

async fn set_up(fixture: &Fixture, browser: &mut Browser<'_>) -> (String, Vec<String>) {
    let begun = browser.post("/account/security/totp", &[("password", PASSWORD)]).await;
    assert_eq!(begun.goes_to(), "/account/security/totp");
    let page = browser.get("/account/security/totp").await;
    let code = app_code(&page.body, fixture.clock.now());
    browser.post("/account/security/totp/confirm", &[("code", "abc")]).await.refused_at("code");
    let done = browser.post("/account/security/totp/confirm", &[("code", &code)]).await;
    assert_eq!(done.status, StatusCode::OK);
    let codes = done.body.split("<li><code>").skip(1);
    let codes = codes.map(|rest| rest.split('<').next().unwrap_or_default().to_owned()).collect();
    (page.body, codes)
}

#[tokio::test]
async fn every_way_in_asks_for_the_second_factor() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    browser.post("/account/security/totp", &[("password", "wrong")]).await.refused_at("totp_password");
    let (page, recovery) = set_up(&fixture, &mut browser).await;
    assert_eq!(recovery.len(), second_factor::RECOVERY_CODES);
    assert!(browser.is_in().await);

    let mut thief = fixture.browser();
    assert_eq!(thief.get("/login/second").await.goes_to(), "/login");
    assert_eq!(thief.login("zoe", PASSWORD).await.goes_to(), "/login/second");
    assert!(!thief.is_in().await);
    // The code that confirmed the factor is used up.
    let used = app_code(&page, fixture.clock.now());
    thief.post("/login/second", &[("code", &used)]).await.refused_at("code");
    fixture.later();
    let code = app_code(&page, fixture.clock.now());
    assert_eq!(thief.post("/login/second", &[("code", &code)]).await.goes_to(), "/account");
    assert!(thief.is_in().await);

    let mut other = fixture.browser();
    other.post("/login/code", &[("contact", "zoe@example.com")]).await.goes_to();
    assert_eq!(other.post("/login/code", &[("code", CODE)]).await.goes_to(), "/login/second");
    assert_eq!(other.post("/login/second", &[("code", &recovery[0])]).await.goes_to(), "/account");

    fixture.later();
    let mut lost = fixture.browser();
    lost.post("/password/forgot", &[("contact", "zoe@example.com")]).await.goes_to();
    let fields = [("code", CODE), ("password", "seven green lamps")];
    assert_eq!(lost.post("/password/reset", &fields).await.goes_to(), "/login/second");
    assert!(other.is_in().await, "the password does not change before the second factor");
    lost.post("/login/second", &[("code", &recovery[0])]).await.refused_at("code");
    let done = lost.post("/login/second", &[("code", &recovery[1])]).await;
    assert_eq!(done.goes_to(), "/account?said=password");
    assert!(!other.is_in().await);
    assert!(fixture.browser().login("zoe", "seven green lamps").await.status == StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_second_factor_is_turned_off_with_password_and_code_only() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    let (page, recovery) = set_up(&fixture, &mut browser).await;
    // Nobody sets another one up without a code of the one that is set.
    let again = browser.post("/account/security/totp", &[("password", PASSWORD)]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let renew = |code| [("password", PASSWORD), ("code", code)];
    browser.post("/account/security/totp/codes", &renew("aaaa")).await.refused_at("codes_code");
    let renewed = browser.post("/account/security/totp/codes", &renew(&recovery[0])).await;
    assert_eq!(renewed.status, StatusCode::OK);
    browser.post("/account/security/totp/off", &renew(&recovery[1])).await.refused_at("off_code");
    fixture.later();
    let code = app_code(&page, fixture.clock.now());
    let wrong = [("password", "wrong"), ("code", code.as_str())];
    browser.post("/account/security/totp/off", &wrong).await.refused_at("off_password");
    let right = [("password", PASSWORD), ("code", code.as_str())];
    assert_eq!(
        browser.post("/account/security/totp/off", &right).await.goes_to(),
        "/account/security?said=off"
    );
    assert_eq!(fixture.browser().login("zoe", PASSWORD).await.goes_to(), "/account");
}

#[tokio::test]
async fn a_second_factor_can_not_be_guessed() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    set_up(&fixture, &mut browser).await;
    let mut thief = fixture.browser();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        thief.login("zoe", PASSWORD).await.goes_to();
        for _ in 0..5 {
            statuses.push(thief.post("/login/second", &[("code", "000000")]).await.status.as_u16());
        }
    }
    assert_eq!(statuses, [[422; 5], [422; 5], [429; 5]].concat());
}

// ---- The personal centre ----

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    let mut elsewhere = fixture.browser();
    elsewhere.login("zoe", PASSWORD).await.goes_to();
    let page = browser.get("/account/security").await;
    assert!(page.body.contains("this one"));
    let change = |before, after| [("password", before), ("new_password", after)];
    let wrong = change("wrong", "seven green lamps");
    let refused = browser.post("/account/security/password", &wrong).await;
    refused.refused_at("password");
    assert!(
        refused.body.contains("name=\"back\" value=\"/account/security\""),
        "no page stands where it was sent"
    );
    let weak = change(PASSWORD, "zoe@example.com");
    browser.post("/account/security/password", &weak).await.refused_at("new_password");
    let before = browser.cookie("session");
    let right = change(PASSWORD, "seven green lamps");
    browser.post("/account/security/password", &right).await.goes_to();
    assert_ne!(browser.cookie("session"), before);
    assert!(browser.is_in().await && !elsewhere.is_in().await);
}

#[tokio::test]
async fn a_session_is_ended_from_another_and_nobody_ends_a_strangers() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    let mut elsewhere = fixture.browser();
    elsewhere.login("zoe", PASSWORD).await.goes_to();
    let mut stranger = fixture.customer("leo", "leo@example.com").await;
    let id = |token: &str| data_encoding::HEXLOWER.encode(&sessions::hash_of(token)[..8]);
    let theirs = id(&elsewhere.cookie("session").expect("a session"));
    let path = format!("/account/security/sessions/{theirs}/end");
    assert_eq!(stranger.post(&path, &[]).await.status, StatusCode::NOT_FOUND);
    assert!(elsewhere.is_in().await);
    browser.post(&path, &[]).await.goes_to();
    assert!(!elsewhere.is_in().await && browser.is_in().await);
}

#[tokio::test]
async fn settings_are_corrected_and_a_new_contact_is_proven_first() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    fixture.customer("leo", "leo@example.com").await;
    let mut elsewhere = fixture.browser();
    elsewhere.login("zoe", PASSWORD).await.goes_to();
    fixture.later();
    let wish = |account, email, phone| {
        [
            ("account", account),
            ("nickname", "小佐"),
            ("language", "zh-CN"),
            ("email", email),
            ("phone", phone),
        ]
    };
    browser.post("/account/settings", &wish("LEO", "zoe@example.com", "")).await.refused_at("account");
    browser.post("/account/settings", &wish("zoe", "", "")).await.refused_at("email");
    browser.post("/account/settings", &wish("zoe", "nonsense", "12")).await.refused_at("phone");
    let saved = browser.post("/account/settings", &wish("zoe.new", "ZOE@example.com", "")).await;
    assert_eq!(saved.goes_to(), "/account/settings?said=saved");
    assert!(elsewhere.is_in().await);
    assert!(browser.get("/account").await.body.contains("您好，小佐"));
    let subject = fixture.subject("zoe.new");

    let both = wish("zoe.new", "zoe@new.example", "13800138000");
    assert_eq!(browser.post("/account/settings", &both).await.goes_to(), "/account/settings/verify");
    let account =
        |fixture: &Fixture| get(&fixture.shop.store.view().expect("a view"), subject).expect("there");
    assert_eq!(account(&fixture).email.as_deref(), Some("ZOE@example.com"));
    browser
        .post("/account/settings/verify", &[("kind", "email"), ("code", "000000")])
        .await
        .refused_at("code");
    let first = browser.post("/account/settings/verify", &[("kind", "email"), ("code", CODE)]).await;
    assert_eq!(first.goes_to(), "/account/settings/verify");
    assert!(browser.is_in().await && !elsewhere.is_in().await);
    let second = browser.post("/account/settings/verify", &[("kind", "phone"), ("code", CODE)]).await;
    assert_eq!(second.goes_to(), "/account/settings?said=contact");
    assert_eq!(account(&fixture).mobile.as_deref(), Some("+8613800138000"));
    assert_eq!(fixture.subject("zoe@new.example"), subject);
    let view = fixture.shop.store.view().expect("a view");
    for gone in ["zoe", "zoe@example.com"] {
        let called = Called::parse(gone, "CN").expect("sound");
        assert_eq!(find_by(&view, &called).expect("readable"), None);
    }
    drop(view);
    // Somebody else's contact looks like any other, and no code is right for it.
    fixture.later();
    let theirs = wish("zoe.new", "leo@example.com", "13800138000");
    assert_eq!(browser.post("/account/settings", &theirs).await.goes_to(), "/account/settings/verify");
    browser.post("/account/settings/verify", &[("kind", "email"), ("code", CODE)]).await.refused_at("code");
    // A contact is removed while another one is left.
    let removed = browser.post("/account/settings", &wish("zoe.new", "", "13800138000")).await;
    assert_eq!(removed.goes_to(), "/account/settings?said=saved");
    assert_eq!(account(&fixture).email, None);
}

#[tokio::test]
async fn the_language_is_kept_in_the_browser_and_the_account() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    let switched = browser.post("/language", &[("language", "zh-CN"), ("back", "/account")]).await;
    assert_eq!(switched.goes_to(), "/account");
    assert_eq!(browser.cookie("language").as_deref(), Some("zh-CN"));
    let view = fixture.shop.store.view().expect("a view");
    assert_eq!(get(&view, fixture.subject("zoe")).expect("there").language, Locale::Zh);
    let astray =
        fixture.browser().post("/language", &[("language", "zh"), ("back", "https://evil.example")]).await;
    assert_eq!(astray.goes_to(), "/");
}

// ---- Addresses ----

const ADDRESS: [(&str, &str); 8] = [
    ("name", "张三"),
    ("phone", "13800138000"),
    ("country", "CN"),
    ("region", "北京"),
    ("city", ""),
    ("district", "东城区"),
    ("street", "东长安街1号"),
    ("postcode", ""),
];

#[tokio::test]
async fn addresses_are_added_changed_deleted_and_one_is_the_default() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    let subject = fixture.subject("zoe");
    let saved = |fixture: &Fixture| {
        addresses(&fixture.shop.store.view().expect("a view"), subject).expect("readable")
    };
    browser.post("/account/addresses", &[("name", "张三")]).await.refused_at("street");
    for _ in 0..3 {
        browser.post("/account/addresses", &ADDRESS).await.goes_to();
        fixture.clock.advance_seconds(1);
    }
    let all = saved(&fixture);
    assert_eq!(all.iter().map(|one| one.default).collect::<Vec<_>>(), [true, false, false]);
    let page = browser.get("/account/addresses").await;
    assert!(page.body.contains("东长安街1号"));
    for one in &all {
        assert!(page.body.contains(&format!("action=\"/account/addresses/{}/delete\"", one.id)));
    }
    let edit = format!("/account/addresses/{}", all[1].id);
    assert!(browser.get(&edit).await.body.contains("value=\"13800138000\""));
    let mut changed = ADDRESS.to_vec();
    changed[6].1 = "西长安街2号";
    browser.post(&edit, &changed).await.goes_to();
    browser.post(&format!("{edit}/default"), &[]).await.goes_to();
    let first = saved(&fixture).remove(0);
    assert_eq!((first.id, first.default, first.address.street.as_str()), (all[1].id, true, "西长安街2号"));
    browser.post(&format!("{edit}/delete"), &[]).await.goes_to();
    let left = saved(&fixture);
    assert_eq!(left.iter().map(|one| one.default).collect::<Vec<_>>(), [true, false]);
    assert_eq!(browser.get(&edit).await.status, StatusCode::NOT_FOUND);
    let mut stranger = fixture.customer("leo", "leo@example.com").await;
    let theirs = format!("/account/addresses/{}", left[0].id);
    assert_eq!(stranger.get(&theirs).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.post(&format!("{theirs}/delete"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(saved(&fixture).len(), 2);
}

#[tokio::test]
async fn every_page_of_the_room_stands_in_both_languages() {
    let fixture = Fixture::new();
    let mut browser = fixture.customer("zoe", "zoe@example.com").await;
    let paths = ["/account", "/account/settings", "/account/addresses", "/account/security"];
    for language in ["en", "zh-CN"] {
        browser.post("/language", &[("language", language)]).await.goes_to();
        for path in paths {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
            assert!(page.body.contains(&format!("<html lang=\"{language}\"")), "{path}");
            assert!(!page.body.contains("style=\""), "{path}");
        }
        let mut guest = fixture.browser();
        guest.post("/language", &[("language", language)]).await.goes_to();
        for path in ["/login", "/login/code", "/register", "/password/forgot"] {
            let page = guest.get(path).await;
            assert_eq!((page.status, page.body.matches("<h1").count()), (StatusCode::OK, 1), "{path}");
        }
    }
}

// ---- Doors ----

#[test]
fn accounts_are_listed_newest_first_and_the_index_is_made_anew() {
    let fixture = Fixture::new();
    let make = |name: &str, mobile: &str| {
        let new = NewAccount {
            name: name.to_owned(),
            email: None,
            mobile: Some(mobile.to_owned()),
            password: String::new(),
            language: Locale::En,
            agreed_texts: agreed_texts(),
            agreed: start(),
        };
        let random = fixture.random.clone();
        fixture.clock.advance_seconds(1);
        fixture.shop.store.commit_blocking(move |plan| create(plan, &new, &*random))
    };
    let ids: Vec<SubjectId> =
        (0..5).map(|n| make(&format!("user{n}"), &format!("+861380013800{n}")).expect("made")).collect();
    assert!(make("USER1", "+8613800138009").is_err());
    assert!(make("user9", "+8613800138001").is_err());
    let view = fixture.shop.store.view().expect("a view");
    let page = |before| -> Vec<SubjectId> {
        all(&view, before, 2).expect("readable").iter().map(|account| account.subject).collect()
    };
    assert_eq!(page(None), [ids[4], ids[3]]);
    assert_eq!(page(Some(ids[3])), [ids[2], ids[1]]);
    drop(view);
    let lost = fixture.shop.store.commit_blocking(|plan| {
        for account in all(plan, None, 10)? {
            unindex(plan, &account)?;
        }
        Ok(find_by(plan, &Called::Name("user1".into()))?)
    });
    assert_eq!(lost.expect("stored"), None);
    fixture.shop.store.commit_blocking(|plan| Ok(plan.reindex_all()?)).expect("stored");
    assert_eq!(fixture.subject("user1"), ids[1]);
    assert_eq!(fixture.subject("13800138004"), ids[4]);
}

#[test]
fn what_is_held_is_listed_and_what_was_dropped_is_not() {
    let fixture = Fixture::new();
    let new = NewAccount {
        name: "zoe".to_owned(),
        email: Some("zoe@example.com".to_owned()),
        mobile: None,
        password: "hash".to_owned(),
        language: Locale::Zh,
        agreed_texts: agreed_texts(),
        agreed: start(),
    };
    let random = fixture.random.clone();
    let (subject, address) = fixture
        .shop
        .store
        .commit_blocking(move |plan| {
            let subject = create(plan, &new, &*random)?;
            let address = save_address(plan, subject, &Address::default(), false)?;
            let order = plan.new_vault(Class::Order, None)?;
            hold(plan, subject, Class::Order, order)?;
            Ok((subject, address))
        })
        .expect("stored");
    let classes = || -> Vec<Class> {
        let view = fixture.shop.store.view().expect("a view");
        held(&view, subject).expect("readable").iter().map(|(class, _)| *class).collect()
    };
    assert_eq!(classes(), [Class::Credential, Class::ConsentEvidence, Class::Address, Class::Order]);
    fixture.shop.store.commit_blocking(move |plan| delete_address(plan, subject, address)).expect("stored");
    assert_eq!(classes(), [Class::Credential, Class::ConsentEvidence, Class::Order]);
    let own = vault(&fixture.shop.store.view().expect("a view"), subject).expect("there");
    fixture.shop.store.commit_blocking(move |plan| Ok(plan.drop_vault(own)?)).expect("erased");
    let view = fixture.shop.store.view().expect("a view");
    assert_eq!(find(&view, subject).expect("readable"), None);
    assert!(matches!(vault(&view, subject), Err(StoreError::Erased)));
}
