//! Who acts in the tests: a shop in a folder of its own, browsers that keep cookies, and people.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tuckshop::accounts::{self, Called};
use tuckshop::classes::Class;
use tuckshop::clock::{Clock, ManualClock, SteadyClock, Timestamp};
use tuckshop::config::Config;
use tuckshop::ids::{OrderNumber, SubjectId};
use tuckshop::opening::{Opener, Purpose};
use tuckshop::shop::Shop;
use tuckshop::{catalogue, jobs, passwords, retention, rooms, staff, web};

use crate::page::{Form, Page};

/// 2026-03-02 09:00 in Shanghai: a working day.
pub const START: i64 = 1_772_413_200_000;
pub const OWNER: &str = "owner@tuckshop.example";
pub const OWNER_PASSWORD: &str = "a quiet river bends twice";
pub const SHOPPER_PASSWORD: &str = "seven blue lanterns hang";

/// A demonstration shop that the test opened itself: practice email, and no limits by address.
pub struct TestShop {
    pub dir: tempfile::TempDir,
    pub clock: Arc<ManualClock>,
    pub shop: Shop,
    router: axum::Router,
}

impl TestShop {
    /// A shop with its owner and three products.
    pub async fn open() -> Self {
        let shop = Self::empty().await;
        shop.stock(CATALOGUE).await;
        shop
    }

    /// A shop with its owner and nothing to sell.
    pub async fn empty() -> Self {
        let opened = Self::ownerless().await;
        opened.add_staff("Owner", OWNER, OWNER_PASSWORD, true).await;
        opened
    }

    /// A shop that nobody owns yet.
    pub async fn ownerless() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
        Self::on(clock.clone(), clock).await
    }

    /// A shop with its owner and three products that does not believe each jump of its clock: no time
    /// passes but what the clock is moved by.
    pub async fn doubting() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
        let steady = SteadyClock::with(clock.clone(), Arc::new(|| 0));
        let shop = Self::on(clock, Arc::new(steady)).await;
        shop.add_staff("Owner", OWNER, OWNER_PASSWORD, true).await;
        shop.stock(CATALOGUE).await;
        shop
    }

    async fn on(clock: Arc<ManualClock>, shown: Arc<dyn Clock>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let shop = open_dir(dir.path(), shown).await;
        let router = web::router(&shop, rooms::site());
        Self { dir, clock, shop, router }
    }

    /// The same shop after a start with another configuration.
    pub async fn reopened(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self { dir, clock, shop, router } = self;
        drop(router);
        shop.store.close();
        drop(shop);
        let shop = open_dir_with(dir.path(), clock.clone(), change).await;
        let router = web::router(&shop, rooms::site());
        Self { dir, clock, shop, router }
    }

    /// The shop that lies restored in a folder, by the same clock.
    pub async fn in_folder(&self, folder: tempfile::TempDir) -> Self {
        let shop = open_dir(&folder.path().join("shop"), self.clock.clone()).await;
        let router = web::router(&shop, rooms::site());
        Self { dir: folder, clock: self.clock.clone(), shop, router }
    }

    /// Adds somebody who works here.
    pub async fn add_staff(
        &self,
        name: &'static str,
        email: &'static str,
        password: &'static str,
        owner: bool,
    ) {
        let shop = self.shop.clone();
        let add = move || {
            let hash = passwords::hash(password, &*shop.random);
            let random = shop.random.clone();
            shop.store
                .commit_blocking(move |plan| staff::add(plan, &*random, name, email, hash, owner))
                .expect("added")
        };
        tokio::task::spawn_blocking(add).await.expect("somebody is added");
    }

    /// Ships an order and completes it, in the back office.
    pub async fn complete(&self, number: &str) {
        let mut owner = self.owner().await;
        let here = format!("/admin/orders/{number}");
        let form = owner.get(&here).await.form(&format!("{here}/ship"));
        owner
            .submit(form.with("carrier", "SF Express").with("tracking", "SF0000000000001"))
            .await
            .must_be(303);
        let form = owner.get(&here).await.form(&format!("{here}/complete"));
        owner.submit(form).await.must_be(303);
    }

    /// Imports a catalogue.
    pub async fn stock(&self, csv: &'static str) {
        let shop = self.shop.clone();
        let import = move || {
            catalogue::import(&shop, csv.as_bytes(), &mut |_| None)
                .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        };
        tokio::task::spawn_blocking(import).await.expect("ran").expect("imported");
    }

    pub fn browser(&self) -> Browser {
        Browser::of(self.router.clone())
    }

    /// A browser in which the owner is signed in.
    pub async fn owner(&self) -> Browser {
        let mut browser = self.browser();
        let form = browser.get("/admin/login").await.form("/admin/login");
        let form = form.with("account", OWNER).with("password", OWNER_PASSWORD);
        let page = browser.submit(form).await;
        assert_eq!(page.status, 303, "{}", page.text());
        browser
    }

    /// A browser in which a new customer of this name is signed in, with a proven email.
    pub async fn shopper(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        browser.register(self, name, &format!("{name}@example.com"), SHOPPER_PASSWORD).await;
        browser
    }

    /// The latest code that was sent to this contact.
    pub async fn code_for(&self, contact: &str) -> String {
        let letter =
            self.last_letter(contact).await.unwrap_or_else(|| panic!("nothing was sent to {contact}"));
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        let code = letter.split(|c: char| !c.is_ascii_digit()).find(digits);
        code.unwrap_or_else(|| panic!("no code in {letter:?}")).to_owned()
    }

    /// Subject and text of the latest message to this contact.
    pub async fn last_letter(&self, contact: &str) -> Option<String> {
        self.letters(contact).await.into_iter().next()
    }

    /// Every message to this contact, the latest first.
    pub async fn letters(&self, contact: &str) -> Vec<String> {
        tuckshop::notify::send_due(&self.shop).await.expect("the outbox runs");
        let page = self.browser().get("/demo/outbox.json").await.must_be(200);
        let letters: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
        let all = letters.as_array().expect("a list").iter();
        all.filter(|letter| letter["to"].as_str().is_some_and(|to| to == contact))
            .map(|l| format!("{}\n{}", l["subject"].as_str().unwrap_or(""), l["body"].as_str().unwrap_or("")))
            .collect()
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
    }

    pub async fn pass_days(&self, days: i64) {
        self.pass(days * 24 * 60 * 60);
        self.run_jobs().await;
    }

    /// What the shop does by itself, now: every job of every room.
    pub async fn run_jobs(&self) {
        for job in rooms::ROOMS.iter().flat_map(|room| room.jobs) {
            jobs::run_once(&self.shop, job).await.unwrap_or_else(|stop| panic!("{}: {stop:?}", job.name));
        }
    }

    /// How many vaults of each class the retention runs have dropped so far.
    pub fn swept(&self) -> BTreeMap<&'static str, u64> {
        let runs = retention::last_runs(&self.shop.store.view().expect("a view"), usize::MAX).expect("runs");
        let mut swept = BTreeMap::new();
        for (class, count) in runs.into_iter().flat_map(|run| run.dropped) {
            *swept.entry(Class::from_code(class).expect("known").facts().id).or_default() += count;
        }
        swept
    }

    /// Every fault that `tuckshop check` would name.
    pub fn faults(&self) -> Vec<String> {
        let view = self.shop.store.view().expect("a view");
        rooms::faults(&view).expect("readable").0
    }

    /// Who has the account of this name.
    pub fn subject_of(&self, name: &str) -> SubjectId {
        let view = self.shop.store.view().expect("a view");
        let called = Called::parse(name, "CN").expect("a name");
        accounts::find_by(&view, &called).expect("readable").expect("there").subject
    }

    /// Whether the personal part of an order is there.
    pub fn has_consignee(&self, number: &str) -> bool {
        let number = OrderNumber::parse(number).expect("a number");
        let view = self.shop.store.view().expect("a view");
        tuckshop::orders::consignee_of(&view, &number).expect("readable").is_some()
    }

    /// Ships an order with a carrier by name.
    pub async fn ship(&self, number: &str) {
        let mut owner = self.owner().await;
        let action = format!("/admin/orders/{number}/ship");
        let form = owner.get(&format!("/admin/orders/{number}")).await.must_be(200).form(&action);
        owner.submit(form.with("carrier", "Swift Parcels").with("tracking", "SP123456")).await.must_be(303);
    }

    /// Somebody of whom something of every kind is kept.
    pub async fn lived(&self, name: &str) -> Browser {
        let mut person = self.shopper(name).await;
        let mut form = person.get("/account/privacy").await.must_be(200).form("/account/privacy");
        for purpose in ["search-history", "browsing-history", "device-recognition"] {
            form = form.with(purpose, "on");
        }
        person.submit(form).await.must_be(303);
        let form = person.get("/account/addresses").await.must_be(200).form("/account/addresses");
        person.submit(fill_address(form)).await.must_be(303);
        person.get("/search?q=cobalt-mug").await.must_be(200);
        person.get("/products/mug").await.must_be(200);
        person.put_in_cart("mug", 2).await;
        let number = person.order("cod").await;
        let mut owner = self.owner().await;
        for verb in ["label", "ship"] {
            let action = format!("/admin/orders/{number}/{verb}");
            let form = owner.get(&format!("/admin/orders/{number}")).await.must_be(200).form(&action);
            owner.submit(form.with("carrier", "Swift Parcels").with("tracking", "SP123456")).await;
        }
        let form = person.get("/account/privacy/requests").await.form("/account/privacy/requests");
        person
            .submit(form.with("kind", "explain").with("details", "Why a mobile number?"))
            .await
            .must_be(303);
        let form = person.get("/support").await.must_be(200).form("/support");
        person
            .submit(form.with("subject", "The mug").with("message", "Is it safe in an oven?"))
            .await
            .must_be(303);
        self.letters(&format!("{name}@example.com")).await;
        person
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Opens (or makes) a demonstration shop in a folder.
pub async fn open_dir(dir: &Path, clock: Arc<dyn Clock>) -> Shop {
    open_dir_with(dir, clock, |_| {}).await
}

/// The same, with changes in its configuration.
async fn open_dir_with(dir: &Path, clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> Shop {
    let mut config = Config::defaults(dir.to_owned());
    change(&mut config);
    config.site.country = "CN".to_owned();
    config.payments.transfer_instructions = "Bank of Example, account 1234 5678".to_owned();
    let mut opener = Opener::new(config, Purpose::Demo);
    opener.clock = Some(clock);
    tokio::task::spawn_blocking(move || opener.open_or_make("http://127.0.0.1:8080"))
        .await
        .expect("opened")
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A small catalogue: a tea of two sizes, a mug, and the last three pieces of a teapot.
pub const CATALOGUE: &str = "\
handle,title,price,stock,sku,category,description,option1_name,option1_value,title_zh,status
green-tea,Green tea,38.00,40,TEA-50,tea,Fresh and mild.,Size / 规格,50 g / 50 克,绿茶,active
green-tea,,68.00,20,TEA-100,,,,100 g / 100 克,,
mug,Stoneware mug,49.50,15,MUG-1,kitchen,Holds a lot.,,,石瓷杯,active
teapot,Little teapot,128.00,3,POT-1,kitchen,The last three.,,,小茶壶,active
";

/// A browser: it keeps cookies and follows nothing by itself.
#[derive(Clone)]
pub struct Browser {
    router: axum::Router,
    pub cookies: BTreeMap<String, String>,
    pub language: &'static str,
}

impl Browser {
    /// A browser that has been nowhere yet.
    pub fn of(router: axum::Router) -> Self {
        Self { router, cookies: BTreeMap::new(), language: "en" }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path), path, Body::empty()).await
    }

    /// Sends a form as its page's button does.
    pub async fn submit(&mut self, form: Form) -> Page {
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.post(&form.action.clone(), &fields).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request, path, Body::from(body)).await
    }

    pub async fn send(&mut self, request: axum::http::request::Builder, path: &str, body: Body) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::ACCEPT_LANGUAGE, self.language)
            .header(header::COOKIE, cookies.join("; "))
            .body(body)
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        for set in response.headers().get_all(header::SET_COOKIE) {
            self.take_cookie(set.to_str().expect("ASCII"));
        }
        let status = response.status().as_u16();
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let location = response.headers().get(header::LOCATION).map(text);
        let headers =
            response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Page { status, location, headers, body, bytes: bytes.to_vec(), path: path.to_owned() }
    }

    fn take_cookie(&mut self, set: &str) {
        let Some((name, rest)) = set.split_once('=') else { return };
        let value = rest.split(';').next().unwrap_or("");
        if rest.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Registers and proves the contact by the code that was sent to it.
    pub async fn register(&mut self, shop: &TestShop, name: &str, contact: &str, password: &str) {
        let form = self.get("/register").await.must_be(200).form("/register");
        let form = form
            .with("account", name)
            .with("contact", contact)
            .with("password", password)
            .with("agree", "on");
        let page = self.submit(form).await;
        assert_eq!(page.status, 303, "{}", page.text());
        let code = shop.code_for(contact).await;
        let form = self.get("/register/verify").await.must_be(200).form("/register/verify");
        let page = self.submit(form.with("code", &code)).await;
        assert_eq!(page.status, 303, "{}", page.text());
    }

    pub async fn sign_in(&mut self, account: &str, password: &str) -> Page {
        let form = self.get("/login").await.form("/login");
        self.submit(form.with("account", account).with("password", password)).await
    }

    /// Puts so many of the product's first variant into the cart.
    /// Cancels the account, to be erased at once if it is not to be restored.
    pub async fn cancel(&mut self, no_restore: bool) -> Page {
        let form = self.get("/account/cancel").await.must_be(200).form("/account/cancel");
        let form = form.with("password", SHOPPER_PASSWORD).with("confirm", "on");
        let form = if no_restore { form.with("no_restore", "on") } else { form };
        self.submit(form).await
    }

    pub async fn put_in_cart(&mut self, slug: &str, quantity: u32) -> Page {
        let form = self.get(&format!("/products/{slug}")).await.must_be(200).form("/cart/items");
        self.submit(form.with("quantity", &quantity.to_string())).await
    }

    /// The checkout form, filled in for an address in Hangzhou.
    pub async fn checkout_form(&mut self, payment: &str) -> Form {
        let form = self.get("/checkout").await.must_be(200).form("/checkout");
        fill_address(form)
            .with("address", "new")
            .with("delivery", "flat")
            .with("payment", payment)
            .with("invoice_kind", "none")
    }

    /// Orders what is in the cart and returns the order's number.
    pub async fn order(&mut self, payment: &str) -> String {
        let form = self.checkout_form(payment).await;
        let page = self.submit(form).await;
        number_in(page.leads_to())
    }
}

/// An address that the form takes.
pub fn fill_address(form: Form) -> Form {
    form.with("name", "王小明")
        .with("phone", "13900001234")
        .with("country", "CN")
        .with("region", "浙江省")
        .with("city", "杭州市")
        .with("district", "西湖区")
        .with("street", "文三路 99 号 5 幢")
        .with("postcode", "")
}

/// The order number in the address of its page.
pub fn number_in(path: &str) -> String {
    let rest = path.strip_prefix("/account/orders/").unwrap_or_else(|| panic!("{path} is no order page"));
    rest.split(['?', '/']).next().unwrap_or(rest).to_owned()
}
