//! Doors for programs: health, metrics, search engines, security researchers, password managers.

use std::fmt::Write;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::notify;
use crate::orders;
use crate::pages::InfoPage;
use crate::room::job::JobRuns;
use crate::room::{self, Job, JobLog, Room};
use crate::shop::Shop;
use crate::store::StoreResult;
use crate::web::{Answer, Route, Visit, Who, aside, get, see};
use crate::{catalogue, memory};

/// With less free space the shop does not call itself ready.
const LEAST_FREE_BYTES: u64 = 50 << 20;
const WRITER_ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// More addresses than this a sitemap must not have.
const MOST_ADDRESSES: usize = 50_000;
/// How far ahead `security.txt` expires: half a year, well within the year that is allowed.
const SECURITY_TXT_LIFE: i64 = 182 * 24 * 60 * 60;

/// This room, as the house knows it.
pub static ROOM: Room = Room { routes, jobs: JOBS, ..Room::named("machine") };

const JOBS: &[Job] = &[Job::every("give-memory-back", Duration::from_secs(2), |_| {
    room::run(async {
        memory::give_back();
        Ok(())
    })
})];

fn routes() -> Vec<Route> {
    vec![
        get("/healthz", Who::Anyone, healthz),
        get("/readyz", Who::Anyone, readyz),
        get("/metrics", Who::Machine, metrics),
        get("/robots.txt", Who::Anyone, robots),
        get("/sitemap.xml", Who::Anyone, sitemap),
        get("/.well-known/security.txt", Who::Anyone, security_txt),
        get("/.well-known/change-password", Who::Anyone, change_password),
    ]
}

const PLAIN: &str = "text/plain; charset=utf-8";

fn plain(text: impl Into<String>) -> Response {
    ([(header::CONTENT_TYPE, PLAIN)], text.into()).into_response()
}

/// The process is up.
async fn healthz() -> Response {
    plain("ok\n")
}

/// The shop can serve: its store reads, and there is room to write.
async fn readyz(visit: Visit) -> Response {
    match unready(&visit.shop).await {
        None => plain("ready\n"),
        Some(why) => {
            let head = [(header::CONTENT_TYPE, PLAIN), (header::RETRY_AFTER, "30")];
            (StatusCode::SERVICE_UNAVAILABLE, head, format!("{why}\n")).into_response()
        }
    }
}

/// Why the shop can't serve, if it can't.
async fn unready(shop: &Shop) -> Option<&'static str> {
    if shop.store.head().is_err() {
        return Some("the store can't be read");
    }
    // A command that changes nothing costs no write, and fails where an earlier write did.
    match tokio::time::timeout(WRITER_ANSWERS_WITHIN, shop.store.commit(|_| Ok(()))).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => return Some("the store can't be written"),
        Err(_) => return Some("the store does not answer"),
    }
    match shop.disk.free_bytes(&shop.dir) {
        Ok(free) if free < LEAST_FREE_BYTES => Some("the disk is full"),
        Ok(_) => None,
        Err(_) => Some("the data dir can't be looked at"),
    }
}

/// Counts in the Prometheus text format; nothing in them is about a person.
async fn metrics(visit: Visit) -> Answer {
    let text = metrics_text(&visit.shop)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

fn metrics_text(shop: &Shop) -> StoreResult<String> {
    let view = shop.store.view()?;
    let now = shop.clock.now();
    let mut text = Metrics::default();
    text.gauge(
        "tuckshop_uptime_seconds",
        "Seconds since the shop was opened",
        now.seconds_since(shop.opened),
    );
    let orders = orders::admin_summary(&view, now, shop.settings().currency)?;
    text.family("tuckshop_orders", "gauge", "Orders by what they wait for");
    let shelves = [
        ("payment_due", orders.payment_due),
        ("to_ship", orders.to_ship),
        ("shipped", orders.shipped),
        ("refund_due", orders.refund_due),
    ];
    for (state, count) in shelves {
        text.labelled("tuckshop_orders", "state", state, count);
    }
    text.family("tuckshop_outbox_messages", "gauge", "Messages by state; sent ones are not counted");
    for state in notify::State::ALL.into_iter().filter(|state| *state != notify::State::Sent) {
        text.labelled("tuckshop_outbox_messages", "state", state.id(), notify::count(&view, state)?);
    }
    let codes = notify::count_passing(&view)?;
    text.gauge("tuckshop_outbox_codes_waiting", "Codes and notices that wait", codes);
    let age = notify::oldest_waiting(&view)?.map_or(0, |since| now.seconds_since(since).max(0));
    text.gauge("tuckshop_outbox_oldest_waiting_seconds", "Age of the oldest message that waits", age);
    let free = shop.disk.free_bytes(&shop.dir).unwrap_or(0);
    text.gauge("tuckshop_disk_free_bytes", "Free bytes where the data dir lies", free);
    job_metrics(shop, &mut text);
    Ok(text.0)
}

/// How the jobs went since the shop was opened.
fn job_metrics(shop: &Shop, text: &mut Metrics) {
    let all = shop.of::<JobLog>().all();
    let mut family = |name: &str, kind: &str, help: &str, value: fn(&JobRuns) -> f64| {
        text.family(name, kind, help);
        for (job, runs) in &all {
            text.labelled(name, "job", job, value(runs));
        }
    };
    let seconds = |runs: &JobRuns| runs.last.map_or(0.0, |last| last.as_millis() as f64 / 1000.0);
    family("tuckshop_job_last_run_timestamp_seconds", "gauge", "When a job last ended", seconds);
    family("tuckshop_job_duration_seconds", "gauge", "How long its last run took", |runs| {
        runs.took.as_secs_f64()
    });
    family("tuckshop_job_runs_total", "counter", "Runs of a job", |runs| runs.runs as f64);
    family("tuckshop_job_failures_total", "counter", "Runs that failed", |runs| runs.failures as f64);
}

#[derive(Default)]
struct Metrics(String);

impl Metrics {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "# HELP {name} {help}.\n# TYPE {name} {kind}\n");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn labelled(&mut self, name: &str, label: &str, of: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{{{label}=\"{of}\"}} {value}");
    }
}

/// Search engines may read the shop, not the pages that are about one visitor.
async fn robots(visit: Visit) -> Response {
    let mut text = "User-agent: *\n".to_owned();
    if visit.shop.demo || visit.shop.rehearsal {
        text.push_str("Disallow: /\n");
        return plain(text);
    }
    for path in
        ["/account", "/admin", "/cart", "/checkout", "/login", "/orders", "/password", "/register", "/search"]
    {
        let _ = writeln!(text, "Disallow: {path}");
    }
    let _ = write!(text, "\nSitemap: {}/sitemap.xml\n", visit.shop.url());
    plain(text)
}

async fn sitemap(visit: Visit) -> Answer {
    aside(move || draw_sitemap(&visit)).await
}

fn draw_sitemap(visit: &Visit) -> Answer {
    let mut paths: Vec<String> = InfoPage::ALL.map(|page| page.path().to_owned()).into();
    paths.extend(catalogue::addresses(&visit.shop, MOST_ADDRESSES)?);
    paths.truncate(MOST_ADDRESSES);
    let xml = sitemap_xml(visit.shop.url(), &paths);
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response())
}

fn sitemap_xml(url: &str, paths: &[String]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                   <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
        .to_owned();
    for path in paths {
        let address = format!("{url}{path}");
        let _ = writeln!(xml, "<url><loc>{}</loc></url>", maud::html! { (address) }.0);
    }
    xml.push_str("</urlset>\n");
    xml
}

/// Where to report a weakness (RFC 9116).
async fn security_txt(visit: Visit) -> Response {
    let shop = &visit.shop;
    let settings = shop.settings();
    let url = shop.url();
    let contact = match settings.email.trim() {
        "" => format!("{url}/contact"),
        email => format!("mailto:{email}"),
    };
    let expires = shop.clock.now().plus_seconds(SECURITY_TXT_LIFE);
    plain(format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: zh, en\n\
         Canonical: {url}/.well-known/security.txt\nPolicy: {url}/contact\n"
    ))
}

/// Password managers lead here those who want to change their password.
async fn change_password() -> Response {
    see("/account/security")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(shop: &Shop, path: &str) -> (StatusCode, String) {
        use tower::ServiceExt;
        let request = axum::http::Request::get(path).body(axum::body::Body::empty()).expect("a request");
        let answer = crate::web::router(shop, crate::web::Site { routes: routes(), ..crate::rooms::site() })
            .oneshot(request)
            .await
            .expect("an answer");
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn programs_are_answered() {
        let fixture = notify::tests::Fixture::new();
        let shop = fixture.shop();
        assert_eq!(asked(&shop, "/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
        assert_eq!(asked(&shop, "/readyz").await.0, StatusCode::OK);
        let (status, robots) = asked(&shop, "/robots.txt").await;
        assert!(
            status.is_success() && robots.contains("Sitemap: https://shop.example/sitemap.xml"),
            "{robots}"
        );
        let (status, map) = asked(&shop, "/sitemap.xml").await;
        assert!(status.is_success() && map.contains("<loc>https://shop.example/terms</loc>"), "{map}");
        let (status, contact) = asked(&shop, "/.well-known/security.txt").await;
        assert!(
            status.is_success() && contact.contains("Contact: https://shop.example/contact"),
            "{contact}"
        );
        assert!(contact.contains("Expires: 2027-"), "{contact}");
        assert_eq!(asked(&shop, "/.well-known/change-password").await.0, StatusCode::SEE_OTHER);
        shop.store.close();
        assert_eq!(asked(&shop, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(asked(&shop, "/healthz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn metrics_count_what_waits_and_name_nobody() {
        let fixture = notify::tests::Fixture::new();
        let shop = fixture.shop();
        let subject = fixture.account(&shop, Some("marker-4711@example.com"), None).await;
        notify::tests::queue_one(&shop, subject).await;
        fixture.clock.advance_seconds(400);
        let (status, text) = asked(&shop, "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        for line in [
            "tuckshop_uptime_seconds 400",
            "tuckshop_outbox_messages{state=\"waiting\"} 1",
            "tuckshop_outbox_messages{state=\"unknown\"} 0",
            "tuckshop_outbox_oldest_waiting_seconds 400",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in {text}");
        }
        assert!(!text.contains("marker"));
    }

    #[test]
    fn addresses_in_the_sitemap_are_whole_and_escaped() {
        let xml = sitemap_xml("https://shop.example", &["/".to_owned(), "/search?a=1&b=2".to_owned()]);
        assert!(xml.contains("<loc>https://shop.example/</loc>"), "{xml}");
        assert!(xml.contains("a=1&amp;b=2"), "{xml}");
    }

    #[test]
    fn metrics_are_lines_that_prometheus_reads() {
        let mut metrics = Metrics::default();
        metrics.family("x", "gauge", "Counts");
        metrics.labelled("x", "state", "waiting", 3);
        assert_eq!(metrics.0, "# HELP x Counts.\n# TYPE x gauge\nx{state=\"waiting\"} 3\n");
    }
}
