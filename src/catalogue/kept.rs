//! Pages of the catalogue that are drawn once and kept until something they show changes: their middle
//! for everybody, and the whole page, packed too, for those who are not signed in and have nothing in
//! a cart. Bounded in memory.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use maud::{Markup, PreEscaped};

use super::bounded::Bounded;
use super::lists::Category;
use super::reader::{Reader, Seen, read};
use crate::catalogue::reader::Cache;
use crate::front::{self, Page};
use crate::shop::FrameVersion;
use crate::store::{Stop, StoreResult};
use crate::web::{Answer, Visit, page};

/// So many bytes of pages are kept at most, for each language.
const MOST_BYTES: usize = 8 << 20;

/// What a page says of itself, kept with it.
pub(super) struct About {
    pub title: String,
    pub description: Option<String>,
    pub noindex: bool,
}

impl About {
    pub fn page(&self) -> Page<'_> {
        Page {
            title: &self.title,
            description: self.description.as_deref(),
            noindex: self.noindex,
            ..Page::default()
        }
    }
}

/// What a handler draws.
pub(super) enum Drawn {
    Page(About, Markup),
    /// It lies elsewhere, say: nothing to keep.
    Other(Response),
}

struct Kept {
    about: About,
    main: String,
    seen: Seen,
    categories: Arc<[Category]>,
    frame: FrameVersion,
    /// The version of the catalogue up to which it is known to be right.
    right_at: AtomicU64,
    plain: OnceLock<Bytes>,
    packed: OnceLock<Bytes>,
}

impl Kept {
    /// Whether it would be drawn the same again.
    fn is_right(&self, catalogue: &Reader<'_>, frame: FrameVersion) -> bool {
        // Two names of the same categories are only there while nothing touched them.
        if self.frame != frame || !Arc::ptr_eq(&self.categories, catalogue.shared_categories()) {
            return false;
        }
        let Some(right_at) = catalogue.still(&self.seen, self.right_at.load(Ordering::Relaxed)) else {
            return false;
        };
        self.right_at.fetch_max(right_at, Ordering::Relaxed);
        true
    }

    fn framed(&self, visit: &Visit) -> StoreResult<Markup> {
        front::shop_page(visit, &self.about.page(), PreEscaped(self.main.clone()))
    }

    /// The whole page as everybody sees it who is nobody yet.
    fn plain(&self, visit: &Visit) -> StoreResult<Bytes> {
        if let Some(plain) = self.plain.get() {
            return Ok(plain.clone());
        }
        let drawn = Bytes::from(self.framed(visit)?.into_string());
        // Who comes second finds what the first one has drawn.
        Ok(self.plain.get_or_init(|| drawn).clone())
    }

    fn packed(&self, plain: &Bytes) -> Option<Bytes> {
        if let Some(packed) = self.packed.get() {
            return Some(packed.clone());
        }
        let packed = pack(plain).ok()?;
        Some(self.packed.get_or_init(|| packed).clone())
    }

    /// About how many bytes it takes once the whole page was asked for both ways.
    fn weight(&self) -> usize {
        3 * self.main.len() + FRAME
    }
}

/// About what the frame of a page and the notes on what it saw take.
const FRAME: usize = 16 << 10;

fn pack(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(plain)?;
    Ok(encoder.finish()?.into())
}

/// The kept pages, by path: in English, and in Chinese.
pub(super) struct Pages {
    en: Mutex<Bounded<String, Arc<Kept>>>,
    zh: Mutex<Bounded<String, Arc<Kept>>>,
}

impl Default for Pages {
    fn default() -> Self {
        let empty = || Mutex::new(Bounded::new(MOST_BYTES));
        Self { en: empty(), zh: empty() }
    }
}

impl Pages {
    fn find(&self, visit: &Visit) -> Option<Arc<Kept>> {
        let pages = visit.locale.pick(&self.en, &self.zh);
        // Whatever a panic left here is a page that was whole when it was kept.
        pages.lock().unwrap_or_else(PoisonError::into_inner).get(visit.path.as_str()).cloned()
    }

    fn keep(&self, visit: &Visit, kept: Arc<Kept>) {
        let pages = visit.locale.pick(&self.en, &self.zh);
        let weight = kept.weight();
        pages.lock().unwrap_or_else(PoisonError::into_inner).put(visit.path.clone(), kept, weight);
    }
}

/// Answers with a page of the catalogue, drawn only if what it shows changed. What depends on more than
/// the path, a search say, and what staff see is drawn each time.
pub(super) fn answer(visit: &Visit, draw: impl FnOnce(&Reader<'_>) -> Result<Drawn, Stop>) -> Answer {
    let shop = &visit.shop;
    // Read first: what changes meanwhile makes the page be drawn again.
    let frame = shop.frame_version();
    let catalogue = read(shop)?;
    let may_keep = visit.staff.is_none() && !visit.path.contains('?');
    if may_keep
        && let Some(kept) = shop.of::<Cache>().pages().find(visit)
        && kept.is_right(&catalogue, frame)
    {
        return Ok(shown(visit, &kept)?);
    }
    let (about, main) = match draw(&catalogue)? {
        Drawn::Page(about, main) => (about, main),
        Drawn::Other(response) => return Ok(response),
    };
    let kept = Arc::new(Kept {
        about,
        main: main.into_string(),
        seen: catalogue.take_seen(),
        categories: catalogue.shared_categories().clone(),
        frame,
        right_at: AtomicU64::new(catalogue.version()),
        plain: OnceLock::new(),
        packed: OnceLock::new(),
    });
    let response = shown(visit, &kept)?;
    if may_keep {
        shop.of::<Cache>().pages().keep(visit, kept);
    }
    Ok(response)
}

fn shown(visit: &Visit, kept: &Kept) -> StoreResult<Response> {
    if !visit.is_nobody_yet() {
        return Ok(page(kept.framed(visit)?));
    }
    let plain = kept.plain(visit)?;
    let html = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
    match visit.takes_gzip.then(|| kept.packed(&plain)).flatten() {
        Some(packed) => {
            let gzip = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Ok(([html, vary, gzip], packed).into_response())
        }
        None => Ok(([html, vary], plain).into_response()),
    }
}
