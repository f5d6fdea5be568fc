//! Reading the catalogue: lists from memory, products from the store or from the memory of those that
//! were read last. What a page saw is noted, so that it is drawn again only when that changed.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::bounded::Bounded;
use super::kept::Pages;
use super::lists::{self, Category, Lists, Prices, Sort, Stretch};
use super::product::{Card, Product};
use super::records::{CategoryId, PRODUCT_SLUGS, SHELVED, Status, VARIANTS_OF, WORDS};
use super::search::{Fit, Query};
use super::shelving::VERSION;
use crate::ids::{ProductId, VariantId};
use crate::money::Money;
use crate::shop::Shop;
use crate::store::{Store, StoreResult, View};

/// So many bytes of products are held in memory at most, and so many of their cards.
const MOST_HELD: usize = 8 << 20;
const MOST_CARDS: usize = 4 << 20;
/// So many products are made ready for search at once.
const SIGNED: usize = 512;

/// What a search asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    pub query: Query,
    pub category: Option<CategoryId>,
    /// Some variant costs at least this.
    pub min: Option<Money>,
    /// Some variant costs at most this.
    pub max: Option<Money>,
    pub sort: Sort,
}

impl Wish {
    fn prices(&self) -> Option<Prices> {
        if self.min.is_none() && self.max.is_none() {
            return None;
        }
        let from = self.min.map_or(0, |price| price.minor);
        Some(Prices { from, to: self.max.map_or(i64::MAX, |price| price.minor) })
    }
}

/// What the catalogue holds in memory.
pub struct Cache {
    lists: RwLock<Lists>,
    /// The commits of the store up to which the lists are known to have followed.
    followed: AtomicU64,
    products: Mutex<Held>,
    pages: Pages,
}

/// The products that were read last.
struct Held {
    /// None of them is older than this version of the catalogue.
    version: u64,
    products: Bounded<ProductId, Arc<Product>>,
    cards: Bounded<ProductId, Arc<Card>>,
}

impl Held {
    /// Goes on to this version, at which these were touched; `None` for all.
    fn follow(&mut self, touched: Option<Vec<ProductId>>, version: u64) {
        match touched {
            Some(touched) => touched.iter().for_each(|id| {
                self.products.remove(id);
                self.cards.remove(id);
            }),
            None => {
                self.products.clear();
                self.cards.clear();
            }
        }
        self.version = version;
    }
}

impl Default for Cache {
    fn default() -> Self {
        let held = Held { version: 0, products: Bounded::new(MOST_HELD), cards: Bounded::new(MOST_CARDS) };
        Self {
            lists: RwLock::default(),
            followed: AtomicU64::new(0),
            products: Mutex::new(held),
            pages: Pages::default(),
        }
    }
}

impl Cache {
    /// As after a start: everything is read, nothing was followed.
    #[cfg(test)]
    pub(super) fn loaded(store: &Store) -> Self {
        let view = store.view().expect("a view");
        let version = view.counter(VERSION).expect("counted");
        let cache = Self::default();
        *cache.lists_to_change() = Lists::load(&view, version).expect("readable");
        cache.held().version = version;
        cache
    }

    pub(super) fn pages(&self) -> &Pages {
        &self.pages
    }

    fn lists(&self) -> RwLockReadGuard<'_, Lists> {
        self.lists.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists_to_change(&self) -> RwLockWriteGuard<'_, Lists> {
        self.lists.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.products.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings lists and products to the version of a view, if they are behind it.
    fn follow(&self, view: &View<'_>, version: u64) -> StoreResult<Arc<[Category]>> {
        {
            let lists = self.lists();
            if lists.version >= version {
                return Ok(lists.categories.clone());
            }
        }
        let mut lists = self.lists_to_change();
        if lists.version < version {
            let touched = lists.follow(view, version)?;
            // While nobody can read the new version yet.
            self.held().follow(touched, version);
        }
        Ok(lists.categories.clone())
    }
}

/// What a page saw of the catalogue.
#[derive(Default)]
pub(super) struct Seen {
    products: Vec<ProductId>,
    stretches: Vec<SeenStretch>,
}

struct SeenStretch {
    category: Option<CategoryId>,
    sort: Sort,
    from: usize,
    most: usize,
    saw: Stretch,
}

/// The catalogue for one reader, at the version of a view of the store or at a later one.
pub struct Reader<'a> {
    cache: Arc<Cache>,
    store: &'a Store,
    /// Opened where more than the lists is asked for.
    view: OnceCell<View<'a>>,
    version: u64,
    categories: Arc<[Category]>,
    seen: RefCell<Seen>,
}

/// The catalogue as it stands.
///
/// # Errors
/// If the store cannot be read.
pub fn read(shop: &Shop) -> StoreResult<Reader<'_>> {
    read_by(shop.of::<Cache>(), &shop.store)
}

/// The same by way of any memory of it.
pub(super) fn read_by(cache: Arc<Cache>, store: &Store) -> StoreResult<Reader<'_>> {
    let commits = store.commits();
    let (view, version, categories) = if cache.followed.load(Ordering::SeqCst) >= commits {
        let lists = cache.lists();
        (OnceCell::new(), lists.version, lists.categories.clone())
    } else {
        let view = store.view()?;
        let version = view.counter(VERSION)?;
        let categories = cache.follow(&view, version)?;
        cache.followed.fetch_max(commits, Ordering::SeqCst);
        (view.into(), version, categories)
    };
    Ok(Reader { cache, store, view, version, categories, seen: RefCell::default() })
}

impl Reader<'_> {
    /// The version of the catalogue that this is, at least.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The view that is read.
    pub(super) fn view(&self) -> StoreResult<&View<'_>> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let view = self.store.view()?;
        Ok(self.view.get_or_init(|| view))
    }

    /// In the order of the menu.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    pub(super) fn shared_categories(&self) -> &Arc<[Category]> {
        &self.categories
    }

    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.iter().find(|category| category.id == id)
    }

    pub fn category_by_slug(&self, slug: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.row.slug == slug)
    }

    pub fn product(&self, id: ProductId) -> StoreResult<Option<Arc<Product>>> {
        self.seen.borrow_mut().products.push(id);
        if let Some(held) = self.cache.held().products.get(&id) {
            return Ok(Some(held.clone()));
        }
        let Some(product) = Product::read(self.view()?, id)?.map(Arc::new) else { return Ok(None) };
        let mut held = self.cache.held();
        // What was read from an older view may be out of date by now.
        if held.version == self.version {
            held.products.put(id, product.clone(), product.weight());
        }
        Ok(Some(product))
    }

    /// The product that has or had this address.
    pub fn product_by_slug(&self, slug: &str) -> StoreResult<Option<Arc<Product>>> {
        match self.view()?.get(&PRODUCT_SLUGS, &slug.to_owned())? {
            Some(known) => self.product(known.product),
            None => Ok(None),
        }
    }

    fn card(&self, id: ProductId) -> StoreResult<Option<Arc<Card>>> {
        self.seen.borrow_mut().products.push(id);
        if let Some(held) = self.cache.held().cards.get(&id) {
            return Ok(Some(held.clone()));
        }
        let Some(card) = Card::read(self.view()?, id)?.map(Arc::new) else { return Ok(None) };
        let mut held = self.cache.held();
        if held.version == self.version {
            held.cards.put(id, card.clone(), card.weight());
        }
        Ok(Some(card))
    }

    pub fn products(&self, ids: &[ProductId]) -> StoreResult<Vec<Arc<Product>>> {
        let mut products = Vec::with_capacity(ids.len());
        for id in ids {
            products.extend(self.product(*id)?);
        }
        Ok(products)
    }

    pub fn cards(&self, ids: &[ProductId]) -> StoreResult<Vec<Arc<Card>>> {
        let mut cards = Vec::with_capacity(ids.len());
        for id in ids {
            cards.extend(self.card(*id)?);
        }
        Ok(cards)
    }

    /// How many products are on sale in a category, or at all.
    pub fn count(&self, category: Option<CategoryId>) -> usize {
        self.stretch(category, Sort::New, 0, 0).total
    }

    /// A stretch of what is on sale (in a category), in an order.
    pub fn list(
        &self,
        category: Option<CategoryId>,
        sort: Sort,
        from: usize,
        most: usize,
    ) -> StoreResult<Vec<Arc<Card>>> {
        self.cards(&self.stretch(category, sort, from, most).ids)
    }

    fn stretch(&self, category: Option<CategoryId>, sort: Sort, from: usize, most: usize) -> Stretch {
        let saw = self.lists_with(category, sort).stretch(category, sort, from, most);
        self.seen.borrow_mut().stretches.push(SeenStretch { category, sort, from, most, saw: saw.clone() });
        saw
    }

    /// The lists, with this one put in its order.
    fn lists_with(&self, category: Option<CategoryId>, sort: Sort) -> RwLockReadGuard<'_, Lists> {
        loop {
            let lists = self.cache.lists();
            if lists.has(category, sort) {
                return lists;
            }
            drop(lists);
            self.cache.lists_to_change().make(category, sort);
        }
    }

    /// What was seen of the catalogue so far.
    pub(super) fn take_seen(&self) -> Seen {
        self.seen.take()
    }

    /// The version up to which all that was seen at `version` looks the same; `None` if it does not.
    pub(super) fn still(&self, seen: &Seen, version: u64) -> Option<u64> {
        let lists = self.cache.lists();
        let same = |each: &SeenStretch| {
            lists.has(each.category, each.sort)
                && lists.stretch(each.category, each.sort, each.from, each.most) == each.saw
        };
        let still = lists.version == version
            || (seen.products.iter().all(|id| lists.is_untouched(*id, version))
                && seen.stretches.iter().all(same));
        still.then_some(lists.version)
    }

    /// What is on sale and fits a wish.
    pub fn search(&self, wish: &Wish) -> StoreResult<Vec<ProductId>> {
        let prices = wish.prices();
        if !wish.query.is_empty() {
            self.sign()?;
        }
        let candidates = {
            let lists = self.lists_with(wish.category, wish.sort);
            lists.candidates((wish.category, wish.sort), &wish.query, prices)
        };
        let mut found: Vec<(Fit, ProductId)> = Vec::new();
        for candidate in candidates {
            let Some(fit) = self.fit(&wish.query, candidate.id)? else { continue };
            if candidate.price_unclear && !self.has_price(candidate.id, prices)? {
                continue;
            }
            found.push((fit, candidate.id));
        }
        if wish.sort == Sort::Match {
            found.sort_by_key(|(fit, _)| *fit);
        }
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    fn fit(&self, query: &Query, id: ProductId) -> StoreResult<Option<Fit>> {
        if query.is_empty() {
            return Ok(Some(Fit::Title));
        }
        Ok(self.view()?.get(&WORDS, &id)?.and_then(|words| query.fits(&words)))
    }

    fn has_price(&self, id: ProductId, prices: Option<Prices>) -> StoreResult<bool> {
        let Some((product, prices)) = self.product(id)?.zip(prices) else { return Ok(false) };
        Ok(product.variants.iter().any(|variant| prices.hold(variant.row.price.minor)))
    }

    /// How many products have a status, or how many there are.
    pub fn count_all(&self, status: Option<Status>) -> usize {
        self.cache.lists().count_all(status)
    }

    /// A stretch of all products with a status, or of all, newest first.
    pub fn all(&self, status: Option<Status>, from: usize, most: usize) -> Vec<ProductId> {
        let lists = self.cache.lists();
        let wanted = lists.all().rev().filter(|(_, own)| status.is_none_or(|status| status == *own));
        wanted.skip(from).take(most).map(|(id, _)| id).collect()
    }

    /// All products that fit a query with their status, newest first: for staff.
    pub fn search_all(&self, query: &Query) -> StoreResult<Vec<(ProductId, Status)>> {
        self.sign()?;
        let candidates = self.cache.lists().all_that_may_fit(query);
        let mut found = Vec::new();
        for (id, status) in candidates {
            if self.fit(query, id)?.is_some() {
                found.push((id, status));
            }
        }
        Ok(found)
    }

    /// Puts every list in the order that is asked for by default, and makes what search goes by.
    pub fn warm(&self) -> StoreResult<()> {
        for category in std::iter::once(None).chain(self.categories.iter().map(|one| Some(one.id))) {
            drop(self.lists_with(category, Sort::Popular));
        }
        self.sign()
    }

    /// Makes signatures for the products that have none yet, without keeping others from the lists.
    fn sign(&self) -> StoreResult<()> {
        loop {
            let ids = self.cache.lists().unsigned(SIGNED);
            if ids.is_empty() {
                return Ok(());
            }
            let mut made = Vec::with_capacity(ids.len());
            for id in ids {
                made.push((id, lists::signature(self.view()?, id)?));
            }
            let mut lists = self.cache.lists_to_change();
            let before = lists.unsigned(1);
            lists.sign(made, self.version);
            // Somebody else signs, or has a newer view to sign from: what is unsigned is found too.
            if lists.unsigned(1) == before {
                return Ok(());
            }
        }
    }

    /// All products, oldest first.
    pub fn ids(&self) -> Vec<ProductId> {
        self.cache.lists().all().map(|(id, _)| id).collect()
    }

    /// The variants of all that is on sale, the oldest products' first.
    pub fn goods(&self) -> StoreResult<Vec<VariantId>> {
        let active: Vec<ProductId> = {
            let lists = self.cache.lists();
            lists.all().filter(|(_, status)| *status == Status::Active).map(|(id, _)| id).collect()
        };
        let mut goods = Vec::new();
        for id in active {
            goods.extend(self.view()?.list(&VARIANTS_OF, &id.0)?.into_iter().map(|row| row.key.1));
        }
        Ok(goods)
    }

    /// How many products each category holds, whatever their status.
    pub fn held(&self) -> HashMap<CategoryId, usize> {
        self.cache.lists().held()
    }

    /// The addresses of up to `most` products that are on sale, newest first.
    pub fn slugs(&self, most: usize) -> StoreResult<Vec<String>> {
        let ids = self.lists_with(None, Sort::New).stretch(None, Sort::New, 0, most).ids;
        let mut slugs = Vec::with_capacity(ids.len());
        for id in ids {
            slugs.extend(self.view()?.get(&SHELVED, &id)?.map(|row| row.slug));
        }
        Ok(slugs)
    }
}
