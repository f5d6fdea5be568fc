//! Pages of the catalogue that are drawn once for each change: their middle for everybody, and the whole
//! page, packed too, for those who are not signed in and have nothing in a cart. Bounded in memory.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use lru::LruCache;
use maud::{Markup, PreEscaped};

use super::snapshot::{Snapshot, snapshot};
use crate::front::{self, Page};
use crate::locale::Locale;
use crate::refusal::Stop;
use crate::store::StoreResult;
use crate::web::{Answer, Visit, page};

/// So many pages are kept at most, and so many bytes of them.
const MOST_PAGES: usize = 4096;
const MOST_BYTES: usize = 12 << 20;

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
    plain: OnceLock<Bytes>,
    packed: OnceLock<Bytes>,
}

impl Kept {
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

    fn size(&self) -> usize {
        let whole = |bytes: &OnceLock<Bytes>| bytes.get().map_or(0, Bytes::len);
        self.main.len() + whole(&self.plain) + whole(&self.packed)
    }
}

fn pack(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(plain)?;
    Ok(encoder.finish()?.into())
}

/// The kept pages of one state of catalogue and shop.
pub(super) struct Pages(Mutex<State>);

struct State {
    /// The version of the catalogue and of the settings.
    of: (u64, u64),
    pages: LruCache<(Locale, String), Arc<Kept>>,
}

impl Default for Pages {
    fn default() -> Self {
        let most = NonZeroUsize::new(MOST_PAGES).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(State { of: (0, 0), pages: LruCache::new(most) }))
    }
}

impl Pages {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whatever a panic left here is a page that was whole when it was kept.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, of: (u64, u64), visit: &Visit) -> Option<Arc<Kept>> {
        let mut state = self.state();
        if state.of != of {
            return None;
        }
        state.pages.get(&(visit.locale, visit.path.clone())).cloned()
    }

    fn keep(&self, of: (u64, u64), visit: &Visit, kept: &Arc<Kept>) {
        let mut state = self.state();
        // A slow drawer of an older state keeps nothing.
        if of < state.of {
            return;
        }
        if of > state.of {
            state.of = of;
            state.pages.clear();
        }
        state.pages.put((visit.locale, visit.path.clone()), kept.clone());
        let mut bytes: usize = state.pages.iter().map(|(_, kept)| kept.size()).sum();
        while bytes > MOST_BYTES
            && let Some((_, oldest)) = state.pages.pop_lru()
        {
            bytes -= oldest.size().min(bytes);
        }
    }
}

/// Answers with a page of the catalogue, drawn only if it is not kept. What depends on more than the
/// path, a search say, and what staff see is drawn each time.
pub(super) fn answer(visit: &Visit, draw: impl FnOnce(&Arc<Snapshot>) -> Result<Drawn, Stop>) -> Answer {
    let shop = &visit.shop;
    let snapshot = snapshot(shop)?;
    let may_keep = visit.staff.is_none() && !visit.path.contains('?');
    let of = (snapshot.version(), shop.settings_version());
    if may_keep && let Some(kept) = shop.catalogue.pages().find(of, visit) {
        return Ok(shown(visit, &kept)?);
    }
    let (about, main) = match draw(&snapshot)? {
        Drawn::Page(about, main) => (about, main),
        Drawn::Other(response) => return Ok(response),
    };
    let main = main.into_string();
    let kept = Arc::new(Kept { about, main, plain: OnceLock::new(), packed: OnceLock::new() });
    let response = shown(visit, &kept)?;
    if may_keep {
        shop.catalogue.pages().keep(of, visit, &kept);
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
