//! What stands before every handler and after it: who may, from where, how often; headers; and the
//! page for whatever went unanswered.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::cookies::Cookie;
use super::form::Checked;
use super::limits::PostLimits;
use super::reply::{self, StoreFailed, Unanswered};
use super::route::{Method, Who};
use super::visit::Visit;
use crate::locale::Text;
use crate::refusal::{Kind, Refusal};
use crate::sessions::{self, Holder};
use crate::shop::Shop;
use crate::store::Stop;

/// The door of a route, as the table names it.
#[derive(Clone, Copy)]
pub struct Door {
    pub who: Who,
    pub method: Method,
    pub path: &'static str,
    /// Whether the handler reads the form.
    pub takes_form: bool,
}

/// Lets a request through to its handler if its sender may use the route.
pub async fn admit(
    Door { who, method, path, takes_form }: Door,
    State(shop): State<Shop>,
    mut request: Request,
    next: Next,
) -> Response {
    // The path as the table has it: what stands in its blanks may name somebody.
    tracing::trace!(method = method.name(), path, "asked");
    let visit = match visit_of(&shop, &request) {
        Ok(visit) => visit,
        Err(stop) => return stop.into_response(),
    };
    if method == Method::Post
        && let Err(refusal) = take_post(&shop, who, &visit, request.headers())
    {
        return asked_by(visit, Stop::Refused(refusal).into_response());
    }
    if let Err(answer) = check_who(who, method, &visit, request.headers()) {
        return asked_by(visit, *answer);
    }
    if method == Method::Post && !takes_form {
        request = match without_form(&shop, request).await {
            Ok(request) => request,
            Err(stop) => return asked_by(visit, stop.into_response()),
        };
    }
    let used = note_use(&visit).await;
    let token = Cookie::Session.read(request.headers(), shop.is_https()).filter(|_| used);
    request.extensions_mut().insert(visit.clone());
    let mut response = next.run(request).await;
    if let Some(token) = token {
        renew(&shop, &mut response, &token);
    }
    asked_by(visit, response)
}

/// Has a browser keep its session's cookie as long as the session is kept, from its last use; unless the answer
/// says something else of that cookie, or is one that others are shown too.
fn renew(shop: &Shop, response: &mut Response, token: &str) {
    let headers = response.headers_mut();
    let named = format!("{}=", Cookie::Session.sent_name(shop.is_https()));
    let is_set = headers
        .get_all(header::SET_COOKIE)
        .iter()
        .any(|value| value.as_bytes().starts_with(named.as_bytes()));
    if !is_set && !headers.contains_key(header::CACHE_CONTROL) {
        headers.append(header::SET_COOKIE, Cookie::Session.header(shop, token));
    }
}

/// Who asked, on its way to the page that says why there is no answer.
#[derive(Clone)]
struct Asked(Visit);

fn asked_by(visit: Visit, mut response: Response) -> Response {
    if response.extensions().get::<Unanswered>().is_some() {
        response.extensions_mut().insert(Asked(visit));
    }
    response
}

fn visit_of(shop: &Shop, request: &Request) -> Result<Visit, Stop> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    Ok(Visit::of(shop, request.uri(), request.headers(), peer)?)
}

/// Posts come from the shop's own pages, and not too many from one address.
fn take_post(shop: &Shop, who: Who, visit: &Visit, headers: &HeaderMap) -> Result<(), Refusal> {
    if is_cross_site(shop, headers) {
        return Err(Refusal::of(
            Kind::Forbidden,
            Text::new("This form was sent from another site.", "该表单来自其他网站，已拒绝。"),
        ));
    }
    if !shop.sells() && matches!(who, Who::Anyone | Who::Customer) && !visit.path.starts_with("/admin") {
        return Err(Refusal::of(
            Kind::Unavailable { retry_after: 3600 },
            Text::new(
                "This copy of the shop is closed; the shop goes on elsewhere.",
                "此店铺副本已停止营业，店铺已在别处继续经营。",
            ),
        ));
    }
    match shop.of::<PostLimits>().count(visit.peer, shop.config().limits.posts_per_hour, shop.clock.now()) {
        None => Ok(()),
        Some(retry_after) => Err(Refusal::of(
            Kind::TooMany { retry_after },
            Text::new("Too many forms were sent. Please try again later.", "提交过于频繁，请稍后再试。"),
        )),
    }
}

/// Whether a browser says that a form comes from elsewhere. What is no browser says neither, and
/// carries no cookies that another site could borrow.
fn is_cross_site(shop: &Shop, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let host = text(header::HOST).unwrap_or("");
    let own = origin == shop.url() || origin.split_once("://").is_some_and(|(_, rest)| rest == host);
    !own
}

/// A form that no handler reads is held to the same as any other.
async fn without_form(shop: &Shop, request: Request) -> Result<Request, Stop> {
    let (head, body) = request.into_parts();
    Checked::from_request(Request::new(body), shop).await?;
    Ok(Request::from_parts(head, axum::body::Body::empty()))
}

fn check_who(who: Who, method: Method, visit: &Visit, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let forbidden = || Err(Box::new(Stop::from(Refusal::forbidden()).into_response()));
    match who {
        Who::Anyone => Ok(()),
        Who::Demo if visit.shop.demo => Ok(()),
        Who::Demo => Err(Box::new(Stop::from(Refusal::not_found()).into_response())),
        Who::Customer if visit.customer.is_some() => Ok(()),
        Who::Customer => Err(Box::new(to_sign_in("/login", method, visit))),
        Who::Staff if visit.staff.is_some() => Ok(()),
        Who::Owner if visit.staff.as_ref().is_some_and(|(member, _)| member.owner) => Ok(()),
        Who::Owner if visit.staff.is_some() => forbidden(),
        Who::Staff | Who::Owner => Err(Box::new(to_sign_in("/admin/login", method, visit))),
        Who::Machine if visit.peer.is_loopback() && !headers.contains_key("x-forwarded-for") => Ok(()),
        Who::Machine => forbidden(),
    }
}

/// A page asks to sign in first and comes back; a form starts again from there.
fn to_sign_in(door: &str, method: Method, visit: &Visit) -> Response {
    if method == Method::Post {
        return reply::see(door);
    }
    let back: String = form_urlencoded::byte_serialize(visit.path.as_bytes()).collect();
    reply::see(&format!("{door}?back={back}"))
}

/// Writes down that the sessions of who asks are used, where that is due. Returns whether it was for a customer.
async fn note_use(visit: &Visit) -> bool {
    let now = visit.shop.clock.now();
    let idle = visit.shop.retention().session;
    let mut of_customer = false;
    let sessions = [visit.customer.as_ref(), visit.staff.as_ref().map(|(_, session)| session)];
    for session in sessions.into_iter().flatten().filter(|session| sessions::is_use_due(session, now)) {
        let hash = session.hash;
        let noted = visit.shop.store.commit(move |plan| Ok(sessions::note_use(plan, hash, idle)?)).await;
        match noted {
            Ok(()) => of_customer |= matches!(session.holder, Holder::Customer(_)),
            // A full disk must not sign anybody out.
            Err(stop) => tracing::warn!(%stop, "the use of a session could not be noted"),
        }
    }
    of_customer
}

/// A page that could not be read while the store opens itself again is read once more after this.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Adds the headers of every answer and writes the page for whatever went unanswered.
pub async fn every_answer(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let again = copy_to_read_again(&shop, &request);
    let mut response = next.clone().run(request).await;
    if let Some(request) = again
        && response.extensions().get::<StoreFailed>().is_some()
    {
        tokio::time::sleep(READ_AGAIN_AFTER).await;
        response = next.run(request).await;
    }
    if let Some(Unanswered(refusal)) = response.extensions_mut().remove::<Unanswered>()
        && let Some(Asked(visit)) = response.extensions_mut().remove::<Asked>()
    {
        response = error_page(&visit, &refusal, response);
    }
    add_headers(&shop, response.headers_mut());
    response
}

/// While nothing can be written the file is closed and opened now and then, and a page that is read
/// at that moment fails. A request without a body can be made twice.
fn copy_to_read_again(shop: &Shop, request: &Request) -> Option<Request> {
    let only_reads = request.method() == axum::http::Method::GET;
    if !only_reads || shop.store.is_writable() {
        return None;
    }
    let mut copy = Request::new(axum::body::Body::empty());
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

fn error_page(visit: &Visit, refusal: &Refusal, answered: Response) -> Response {
    let answers = visit.shop.of::<super::Answers>();
    match answers.0.get().map(|answers| (answers.refusal_page)(visit, refusal)) {
        Some(Ok(markup)) => {
            let mut response = (answered.status(), markup).into_response();
            for (name, value) in answered.headers() {
                if name == header::RETRY_AFTER || name == header::SET_COOKIE || name == header::ALLOW {
                    response.headers_mut().append(name.clone(), value.clone());
                }
            }
            response
        }
        Some(Err(_)) | None => answered,
    }
}

const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// On every answer.
const FIXED: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Not 'no-referrer': with it browsers call the origin of every form 'null'.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), interest-cohort=()"),
    ),
];

fn add_headers(shop: &Shop, headers: &mut HeaderMap) {
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    if shop.is_https() {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

pub async fn nothing_here(State(shop): State<Shop>, request: Request) -> Response {
    let response = Stop::from(Refusal::not_found()).into_response();
    with_asker(&shop, &request, response)
}

pub async fn wrong_method(State(shop): State<Shop>, request: Request) -> Response {
    let refusal = Refusal::of(
        Kind::NotFound,
        Text::new("This address does not take such a request.", "此地址不接受该请求方式。"),
    );
    let mut response = Stop::from(refusal).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    with_asker(&shop, &request, response)
}

fn with_asker(shop: &Shop, request: &Request, response: Response) -> Response {
    match visit_of(shop, request) {
        Ok(visit) => asked_by(visit, response),
        Err(_) => response,
    }
}
