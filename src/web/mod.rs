//! The roof: router, guards, forms, cookies, headers. It knows no business.

pub mod assets;
mod connections;
pub mod cookies;
pub mod form;
mod guard;
pub mod limits;
pub mod reply;
pub mod route;
pub mod server;
pub mod tls;
pub mod ui;
pub mod upload;
pub mod visit;

use std::sync::OnceLock;

use axum::Router;
use axum::middleware;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

pub use cookies::Cookie;
pub use form::{Checked, Form};
pub use reply::{Answer, aside, page, refused, see, with_cookie, without_cookie};
pub use route::{Method, Route, Who, get, post};
pub use upload::Upload;
pub use visit::{Visit, local_path};

use maud::Markup;

use crate::ids::StaffId;
use crate::refusal::Refusal;
use crate::sessions::StaffSeat;
use crate::shop::Shop;
use crate::store::{StoreResult, View};

/// What the router is handed: it serves what stands here, and knows none of the rooms that it comes from.
pub struct Site {
    pub routes: Vec<Route>,
    pub answers: SiteAnswers,
}

/// What the router asks the rooms.
#[derive(Clone, Copy)]
pub struct SiteAnswers {
    /// The member of staff of this id, if they may work.
    pub find_staff: fn(&View<'_>, StaffId) -> StoreResult<Option<StaffSeat>>,
    /// The page for what was not answered otherwise.
    pub refusal_page: fn(&Visit, &Refusal) -> StoreResult<Markup>,
}

/// The answers of the rooms, once a router was made for the shop.
#[derive(Default)]
struct Answers(OnceLock<SiteAnswers>);

/// The whole shop as one service: every route behind its guard, every answer with its headers.
pub fn router(shop: &Shop, site: Site) -> Router {
    // A second router of the same shop is asked the same.
    let _ = shop.of::<Answers>().0.set(site.answers);
    let mut router = Router::new();
    for route in site.routes {
        if route.who == Who::Demo && !shop.demo {
            continue;
        }
        let Route { who, method, path, takes_form, .. } = route;
        let guarded =
            route.handler.layer(middleware::from_fn_with_state(shop.clone(), move |state, request, next| {
                guard::admit(guard::Door { who, method, path, takes_form }, state, request, next)
            }));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(guard::nothing_here)
        .method_not_allowed_fallback(guard::wrong_method)
        .layer(middleware::from_fn_with_state(shop.clone(), guard::every_answer))
        .layer(CatchPanicLayer::new())
        // What is drawn for one visitor is packed once and read once: a little less small, in a third of
        // the time.
        .layer(CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest))
        .with_state(shop.clone())
}
