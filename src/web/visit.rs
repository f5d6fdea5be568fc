//! One visit: who asks, in which language, from where. Every handler takes one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::{HeaderMap, HeaderName, Uri, header, request::Parts};

use super::cookies::Cookie;
use crate::clock::Timestamp;
use crate::config::Period;
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::refusal::Refusal;
use crate::sessions::{self, Holder, Session, StaffSeat};
use crate::shop::Shop;
use crate::store::{Stop, StoreResult, View};
use crate::web::Answers;

/// Who asks, and how.
#[derive(Clone)]
pub struct Visit {
    pub shop: Shop,
    pub locale: Locale,
    /// Path and query.
    pub path: String,
    pub customer: Option<Session>,
    pub staff: Option<(StaffSeat, Session)>,
    pub peer: IpAddr,
    /// The visitor's cart token, if the browser sent one.
    pub cart: Option<String>,
    /// The token that ties a code to this browser, if the browser sent one.
    pub step: Option<String>,
    pub agent: Arc<str>,
    /// Whether the browser sends Global Privacy Control or Do Not Track.
    pub refuses: bool,
    /// Whether the browser unpacks gzip.
    pub takes_gzip: bool,
}

/// Global Privacy Control.
static GPC: HeaderName = HeaderName::from_static("sec-gpc");

impl Visit {
    /// Reads who asks off a request's head.
    pub fn of(shop: &Shop, uri: &Uri, headers: &HeaderMap, peer: Option<SocketAddr>) -> StoreResult<Self> {
        let https = shop.is_https();
        let now = shop.clock.now();
        let idle = shop.retention().session;
        let customer = match Cookie::Session.read(headers, https) {
            Some(token) => sessions::find(&shop.store.view()?, &token, idle, now)?
                .filter(|session| matches!(session.holder, Holder::Customer(_))),
            None => None,
        };
        let staff = match Cookie::Staff.read(headers, https) {
            Some(token) => find_staff(shop, &token, idle, now)?,
            None => None,
        };
        let header_text =
            |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let chosen = Cookie::Language.read(headers, https).and_then(|tag| Locale::parse(&tag));
        let locale = chosen
            .or_else(|| Locale::from_accept_language(header_text(&header::ACCEPT_LANGUAGE)))
            .unwrap_or_else(|| shop.default_locale());
        Ok(Self {
            shop: shop.clone(),
            locale,
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            customer,
            staff,
            peer: peer_of(shop, peer, headers),
            cart: Cookie::Cart.read(headers, https),
            step: Cookie::Step.read(headers, https),
            agent: header_text(&header::USER_AGENT).into(),
            refuses: header_text(&GPC) == "1" || header_text(&header::DNT) == "1",
            takes_gzip: header_text(&header::ACCEPT_ENCODING).split(',').any(takes_gzip),
        })
    }

    /// Whether nothing is known of who asks: not signed in, and nothing in a cart.
    pub fn is_nobody_yet(&self) -> bool {
        self.customer.is_none() && self.staff.is_none() && self.cart.is_none()
    }

    /// Who is signed in as a customer, if anybody is.
    pub fn who(&self) -> Option<SubjectId> {
        match self.customer.as_ref()?.holder {
            Holder::Customer(subject) => Some(subject),
            Holder::Staff(_) => None,
        }
    }

    /// The signed-in customer; routes for customers always have one.
    pub fn subject(&self) -> Result<SubjectId, Stop> {
        self.who().ok_or_else(|| Refusal::forbidden().into())
    }

    /// The signed-in member of staff; routes for staff always have one.
    pub fn clerk(&self) -> Result<StaffSeat, Stop> {
        self.staff.as_ref().map(|(member, _)| member.clone()).ok_or_else(|| Refusal::forbidden().into())
    }

    pub fn view(&self) -> StoreResult<View<'_>> {
        self.shop.store.view()
    }
}

/// Whether one entry of `Accept-Encoding` says gzip and does not take it back.
fn takes_gzip(entry: &str) -> bool {
    let mut parts = entry.split(';').map(str::trim);
    parts.next() == Some("gzip") && parts.all(|part| part != "q=0" && part != "q=0.0")
}

fn find_staff(
    shop: &Shop,
    token: &str,
    idle: Period,
    now: Timestamp,
) -> StoreResult<Option<(StaffSeat, Session)>> {
    let Some(find) = shop.of::<Answers>().0.get().map(|site| site.find_staff) else { return Ok(None) };
    let view = &shop.store.view()?;
    let Some(session) = sessions::find(view, token, idle, now)? else { return Ok(None) };
    let Holder::Staff(id) = session.holder else { return Ok(None) };
    Ok(find(view, id)?.map(|seat| (seat, session)))
}

impl FromRequestParts<Shop> for Visit {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Stop> {
        if let Some(visit) = parts.extensions.get::<Self>() {
            return Ok(visit.clone());
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        Ok(Self::of(shop, &parts.uri, &parts.headers, peer)?)
    }
}

/// Who asks: the connection's address, or what a trusted proxy says it is.
fn peer_of(shop: &Shop, connected: Option<SocketAddr>, headers: &HeaderMap) -> IpAddr {
    let peer = connected.map_or(NO_PEER, |address| address.ip());
    let trusted = |hop: IpAddr| shop.config().site.trusted_proxies.iter().any(|net| net.contains(hop));
    if !trusted(peer) {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|line| line.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|hop| !trusted(*hop)).unwrap_or(peer)
}

/// The address a request counts under where no connection is known (in-process tests).
pub const NO_PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Where to go back to after a form: a path of this shop, or `otherwise`.
pub fn local_path<'a>(path: &'a str, otherwise: &'a str) -> &'a str {
    let sound = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.len() <= 2000
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if sound { path } else { otherwise }
}
