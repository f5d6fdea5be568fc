//! Stylesheet, script and icons: embedded in the program, named by their digest, kept by browsers.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::reply::Answer;
use super::route::{Route, Who, get};
use crate::digest;
use crate::refusal::Refusal;

#[derive(RustEmbed)]
#[folder = "assets"]
#[include = "css/*"]
#[include = "js/*"]
#[include = "icons/*"]
struct Assets;

/// The addresses that pages link to; a changed file has another address.
pub struct Addresses {
    pub css: String,
    pub js: String,
    pub icon: String,
}

pub static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    css: address("css/shop.css"),
    js: address("js/shop.js"),
    icon: address("icons/favicon.svg"),
});

fn address(file: &str) -> String {
    let bytes = Assets::get(file).map(|asset| asset.data).unwrap_or_default();
    let sum = digest::short_hex(&bytes, 6);
    format!("/assets/{file}?v={sum}")
}

pub fn routes() -> Vec<Route> {
    vec![get("/assets/{*file}", Who::Anyone, show)]
}

async fn show(Path(file): Path<String>) -> Answer {
    let asset = Assets::get(&file).ok_or_else(Refusal::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, kind_of(&file)),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.data).into_response())
}

fn kind_of(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Bytes that never change under their address.
pub fn unchanging(kind: &'static str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")], bytes)
        .into_response()
}
