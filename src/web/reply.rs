//! Answers that handlers give.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::Markup;

use super::cookies::Cookie;
use crate::refusal::{Kind, Refusal};
use crate::shop::Shop;
use crate::store::{Stop, StoreError};

/// What a handler comes to: an answer, or why there is none.
pub type Answer = Result<Response, Stop>;

/// Draws a page that may read a great deal, away from the threads that answer everybody.
pub async fn aside(draw: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    let drawn = tokio::task::spawn_blocking(draw).await;
    drawn.unwrap_or(Err(Stop::Failed(StoreError::Closed)))
}

/// A page.
pub fn page(markup: Markup) -> Response {
    markup.into_response()
}

/// A form that was refused: the page again, with its status.
pub fn refused(refusal: &Refusal, markup: Markup) -> Response {
    let mut response = (status_of(refusal.kind), markup).into_response();
    add_retry_after(&mut response, refusal.kind);
    response
}

/// 'See other': where to look after a form was taken.
pub fn see(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// The same answer, setting a cookie.
pub fn with_cookie(mut response: Response, shop: &Shop, cookie: Cookie, value: &str) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie.header(shop, value));
    response
}

/// The same answer, removing a cookie.
pub fn without_cookie(mut response: Response, shop: &Shop, cookie: Cookie) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie.clear(shop.is_https()));
    response
}

pub fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Kind::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn add_retry_after(response: &mut Response, kind: Kind) {
    if let Kind::TooMany { retry_after } | Kind::Unavailable { retry_after } = kind {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after.max(1)));
    }
}

/// A refusal on its way to the roof, which writes the page for it.
#[derive(Clone)]
pub struct Unanswered(pub Refusal);

/// The answer failed because the store could not do its work.
#[derive(Clone)]
pub struct StoreFailed;

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        let failed = matches!(&self, Self::Failed(error) if !matches!(error, StoreError::Erased));
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Failed(error) => refusal_of(&error),
        };
        let mut response = status_of(refusal.kind).into_response();
        add_retry_after(&mut response, refusal.kind);
        response.extensions_mut().insert(Unanswered(refusal));
        if failed {
            response.extensions_mut().insert(StoreFailed);
        }
        response
    }
}

/// What is said when the store could not do its work.
fn refusal_of(error: &StoreError) -> Refusal {
    use crate::locale::Text;
    if matches!(error, StoreError::Erased) {
        return Refusal::not_found();
    }
    tracing::error!(%error, "a request could not be served");
    Refusal::of(
        Kind::Unavailable { retry_after: 30 },
        Text::new(
            "The shop cannot save anything at the moment. Please try again in a little while.",
            "店铺暂时无法保存信息，请稍后再试。",
        ),
    )
}
