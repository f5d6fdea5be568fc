//! What stands around the middle of every page: it appears on each page as soon as it is so, and goes from
//! each as soon as it is so no more, whether the page was looked at before or not.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use tuckshop::clock::{ManualClock, Timestamp};
use tuckshop::config::Config;
use tuckshop::opening::{Opener, Purpose};
use tuckshop::web::{Method, Who};
use tuckshop::{closing, policy, rooms, web};

use crate::actors::{Browser, START, TestShop};
use crate::page::{Page, header};
use crate::policy::announce as announce_policy;

const DAY: i64 = 24 * 60 * 60;

/// Every page that anybody may look at and whose address is fixed, a product, a category, and what never was.
fn public_paths() -> Vec<&'static str> {
    let open = |route: &tuckshop::web::Route| route.method == Method::Get && route.who == Who::Anyone;
    let fixed = rooms::routes().into_iter().filter(|route| open(route) && !route.path.contains('{'));
    fixed.map(|route| route.path).chain(["/products/mug", "/categories/kitchen", "/none-such"]).collect()
}

/// A page as a browser has it that unpacks gzip.
async fn packed(browser: &mut Browser, path: &str) -> Page {
    let mut page =
        browser.send(Request::get(path).header("accept-encoding", "gzip"), path, Body::empty()).await;
    if header(&page.headers, "content-encoding") == Some("gzip") {
        page.body.clear();
        flate2::read::GzDecoder::new(&page.bytes[..]).read_to_string(&mut page.body).expect("unpacked");
    }
    page
}

/// Every public page with a frame, as somebody sees it who comes for the first time: in both languages, plain
/// and packed.
async fn framed(first_time: &Browser) -> Vec<Page> {
    let mut pages = Vec::new();
    for path in public_paths() {
        for language in ["en", "zh"] {
            let mut visitor = first_time.clone();
            visitor.language = language;
            pages.push(visitor.get(path).await);
            pages.push(packed(&mut visitor, path).await);
        }
    }
    pages.retain(|page| page.body.contains("<body class="));
    assert!(pages.len() > 60, "only {} pages have a frame", pages.len());
    pages
}

/// Something that frames show.
struct Shown {
    what: &'static str,
    /// As it stands in one language and in the other.
    texts: [&'static str; 2],
    /// Not on pages of the back office before sign-in.
    shop_alone: bool,
}

impl Shown {
    fn faults(&self, when: &str, pages: &[Page], stands: bool) -> Vec<String> {
        let shows = |page: &&Page| self.texts.iter().any(|text| page.body.contains(text));
        let of_shop = |page: &&Page| !self.shop_alone || page.body.contains("<body class=\"shop\"");
        let wrong = pages.iter().filter(of_shop).filter(|page| shows(page) != stands);
        wrong.map(|page| format!("{when}: {} {}", page.path, self.what)).collect()
    }
}

const CLOSES: Shown = Shown {
    what: "the closing to come",
    texts: ["closes for good on 2026-04-", "本店将于 2026-04-"],
    shop_alone: true,
};
const CLOSED: Shown = Shown {
    what: "the closing that came",
    texts: ["closed for good on 2026-04-", "本店已于 2026-04-"],
    shop_alone: true,
};
const POLICY: Shown = Shown {
    what: "the policy to come",
    texts: ["on a new privacy policy is in force", "新版隐私政策将于"],
    shop_alone: true,
};
const CATEGORY: Shown =
    Shown { what: "the category", texts: [">Garden tools<", ">园艺工具<"], shop_alone: true };
const RENAMED: Shown =
    Shown { what: "the category's new name", texts: [">Spades<", ">铁锹<"], shop_alone: true };
const NAME: Shown =
    Shown { what: "the name", texts: ["Lantern Street", "Lantern Street"], shop_alone: false };
const FOOT: Shown = Shown { what: "the company", texts: ["Lantern Ltd", "Lantern Ltd"], shop_alone: true };

/// What is changed one after the other, and what every page shows (or does not) afterwards.
struct Walk {
    first_time: Browser,
    faults: Vec<String>,
    stands: Vec<(&'static Shown, bool)>,
}

impl Walk {
    fn of(shop: &TestShop) -> Self {
        Self { first_time: shop.browser(), faults: Vec::new(), stands: Vec::new() }
    }

    /// Each page is looked at, so that it may be kept, and shows all that stands.
    async fn look(&mut self, when: &str, news: &[(&'static Shown, bool)]) {
        self.stands.retain(|(known, _)| news.iter().all(|(shown, _)| shown.what != known.what));
        self.stands.extend(news);
        let pages = framed(&self.first_time).await;
        for (shown, stands) in &self.stands {
            self.faults.extend(shown.faults(when, &pages, *stands));
        }
    }
}

async fn set(owner: &mut Browser, field: &str, value: &str) {
    let form = owner.get("/admin/settings").await.must_be(200).form("/admin/settings");
    owner.submit(form.with(field, value)).await.must_be(303);
}

async fn categories(owner: &mut Browser, walk: &mut Walk) {
    walk.look("before", &[(&CATEGORY, false)]).await;
    let form = owner.get("/admin/categories").await.must_be(200).form("/admin/categories");
    let form = form.with("title", "Garden tools").with("title_zh", "园艺工具").with("slug", "garden");
    owner.submit(form).await.must_be(303);
    walk.look("a category was added", &[(&CATEGORY, true)]).await;
    let list = owner.get("/admin/categories").await.must_be(200);
    let row = list.body.split("<tr").find(|row| row.contains("Garden tools")).expect("its row");
    let here =
        row.split('"').find(|part| part.starts_with("/admin/categories/")).expect("its page").to_owned();
    let form = owner.get(&here).await.must_be(200).form(&here);
    owner.submit(form.with("title", "Spades").with("title_zh", "铁锹")).await.must_be(303);
    walk.look("a category was renamed", &[(&CATEGORY, false), (&RENAMED, true)]).await;
    let form = owner.get(&here).await.must_be(200).form(&format!("{here}/delete"));
    owner.submit(form).await.must_be(303);
    walk.look("a category was deleted", &[(&RENAMED, false)]).await;
}

async fn settings(owner: &mut Browser, walk: &mut Walk) {
    let form = owner.get("/admin/settings").await.must_be(200).form("/admin/settings");
    let name = form.value("name").expect("a name").to_owned();
    for (field, before, after, shown) in
        [("name", &name[..], "Lantern Street", &NAME), ("company", "", "Lantern Ltd", &FOOT)]
    {
        walk.look("before", &[(shown, false)]).await;
        set(owner, field, after).await;
        walk.look("it was entered", &[(shown, true)]).await;
        set(owner, field, before).await;
        walk.look("it was taken back", &[(shown, false)]).await;
    }
}

async fn versions(shop: &TestShop, owner: &mut Browser, walk: &mut Walk) {
    // Somebody is bound by what stands: a change has its day.
    set(owner, "officer", "Li Hua").await;
    shop.shopper("lin").await;
    set(owner, "officer", "Wang Wei").await;
    walk.look("before", &[(&POLICY, false)]).await;
    announce_policy(shop).await;
    walk.look("a version was announced", &[(&POLICY, true)]).await;
    shop.pass(30 * DAY);
    policy::take_effect(&shop.shop).await.expect("looked");
    walk.look("its day has come", &[(&POLICY, false)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_page_shows_appears_on_each_and_goes_from_each() {
    let shop = TestShop::open().await;
    let mut owner = shop.owner().await;
    let mut walk = Walk::of(&shop);
    categories(&mut owner, &mut walk).await;
    settings(&mut owner, &mut walk).await;
    versions(&shop, &mut owner, &mut walk).await;
    assert_eq!(walk.faults, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_08_each_page_says_that_the_business_closes_and_no_more_when_it_was_called_off() {
    let shop = TestShop::open().await;
    let mut walk = Walk::of(&shop);
    walk.look("before", &[(&CLOSES, false), (&CLOSED, false)]).await;
    closing::announce(&shop.shop, "2026-04-05").await.expect("announced");
    walk.look("announced", &[(&CLOSES, true)]).await;
    closing::call_off(&shop.shop).await.expect("called off");
    walk.look("called off", &[(&CLOSES, false)]).await;
    closing::announce(&shop.shop, "2026-04-06").await.expect("announced");
    walk.look("announced again", &[(&CLOSES, true)]).await;
    // The day comes by itself: nobody changes anything.
    shop.pass(35 * DAY);
    walk.look("the day has come", &[(&CLOSES, false), (&CLOSED, true)]).await;
    assert_eq!(walk.faults, Vec::<String>::new());
}

const DEMO: Shown = Shown {
    what: "the demonstration's band",
    texts: ["This is a demonstration shop.", "这是演示店铺"],
    shop_alone: false,
};
const REHEARSAL: Shown = Shown {
    what: "the rehearsal's band",
    texts: ["This is a rehearsal.", "这是演练环境"],
    shop_alone: false,
};

/// A browser at a shop that is no demonstration.
async fn at_shop(folder: &Path, rehearsal: bool) -> Browser {
    let dir = folder.join("shop");
    std::fs::create_dir(&dir).expect("a data dir");
    let mut config = Config::defaults(dir);
    config.store.master_key_file = Some(folder.join("master.key"));
    config.site.country = "CN".to_owned();
    config.rehearsal = rehearsal;
    let mut opener = Opener::new(config, Purpose::Serve);
    opener.clock = Some(Arc::new(ManualClock::at(Timestamp::from_millis(START))));
    let open = move || opener.open_or_make("http://127.0.0.1:8080").unwrap_or_else(|error| panic!("{error}"));
    let shop = tokio::task::spawn_blocking(open).await.expect("opened");
    Browser::of(web::router(&shop, rooms::site()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_demonstration_or_a_rehearsal_says_so_and_no_other_does() {
    let demo = TestShop::open().await;
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let mut faults = Vec::new();
    for (when, browser, is_demo, is_rehearsal) in [
        ("a demonstration", demo.browser(), true, false),
        ("a rehearsal", at_shop(folders[0].path(), true).await, false, true),
        ("a shop", at_shop(folders[1].path(), false).await, false, false),
    ] {
        // Twice: drawn, and as it was kept.
        for _ in 0..2 {
            let pages = framed(&browser).await;
            faults.extend(DEMO.faults(when, &pages, is_demo));
            faults.extend(REHEARSAL.faults(when, &pages, is_rehearsal));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}
