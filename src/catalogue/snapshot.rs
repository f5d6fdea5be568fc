//! The catalogue in memory: a whole, unchanging picture of it that pages are drawn from. It follows
//! the version of the catalogue in the store, reading again only what was touched.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use super::kept::Pages;
use super::records::{
    CATEGORIES, CHANGES, CategoryId, CategoryRow, PRODUCTS, Picture, ProductRow, SOLD, STOCK, Status,
    Touched, VARIANTS, VariantRow,
};
use super::rules::{FOLLOWED, VERSION, variants_of};
use super::search::{Fit, Query, Searchable};
use crate::ids::{ProductId, VariantId};
use crate::money::Money;
use crate::shop::Shop;
use crate::store::{Key, StoreError, StoreResult, View};

/// A variant with its stock.
#[derive(Clone, Debug)]
pub struct Variant {
    pub id: VariantId,
    pub row: VariantRow,
    pub stock: u32,
}

/// A product with all that its page shows.
#[derive(Clone, Debug)]
pub struct Product {
    pub id: ProductId,
    pub row: ProductRow,
    /// In their order; at least one.
    pub variants: Vec<Variant>,
    pub sold: u64,
    searchable: Searchable,
}

impl Product {
    fn new(id: ProductId, row: ProductRow, variants: Vec<Variant>, sold: u64) -> Self {
        let titles = [row.title.en.as_str(), row.title.zh.as_str()].into_iter();
        let skus = variants.iter().map(|variant| variant.row.sku.as_str());
        let texts = [row.description.en.as_str(), row.description.zh.as_str()].into_iter();
        let more = row.tags.iter().map(String::as_str).chain(texts);
        let searchable = Searchable::new(titles, skus, more);
        Self { id, row, variants, sold, searchable }
    }

    fn read(view: &View<'_>, id: ProductId) -> StoreResult<Option<Self>> {
        let Some(row) = view.get(&PRODUCTS, &id)? else { return Ok(None) };
        let mut variants = Vec::new();
        for (id, row) in variants_of(view, id)? {
            variants.push(Variant { id, row, stock: view.get(&STOCK, &id)?.unwrap_or_default().count });
        }
        let sold = view.get(&SOLD, &id)?.unwrap_or_default().pieces;
        Ok(Some(Self::new(id, row, variants, sold)))
    }

    pub fn is_on_sale(&self) -> bool {
        self.row.status == Status::Active && !self.variants.is_empty()
    }

    /// Pieces of all variants together.
    pub fn stock(&self) -> u64 {
        self.variants.iter().map(|variant| u64::from(variant.stock)).sum()
    }

    /// The lowest and the highest price; `None` without variants.
    pub fn prices(&self) -> Option<(Money, Money)> {
        let prices = || self.variants.iter().map(|variant| variant.row.price);
        Some((prices().min_by_key(|price| price.minor)?, prices().max_by_key(|price| price.minor)?))
    }

    fn lowest(&self) -> i64 {
        self.prices().map_or(0, |(lowest, _)| lowest.minor)
    }

    pub fn picture(&self) -> Option<&Picture> {
        self.row.pictures.first()
    }

    pub fn variant(&self, id: VariantId) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    fn is_tagged(&self, tag: &str) -> bool {
        self.row.tags.iter().any(|own| own == tag)
    }
}

#[derive(Clone, Debug)]
pub struct Category {
    pub id: CategoryId,
    pub row: CategoryRow,
}

/// The order of a list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sort {
    /// What fits the words best; without words the same as popular.
    Match,
    Popular,
    New,
    PriceUp,
    PriceDown,
}

impl Sort {
    /// The word in addresses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Popular => "popular",
            Self::New => "new",
            Self::PriceUp => "price-up",
            Self::PriceDown => "price-down",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Match, Self::Popular, Self::New, Self::PriceUp, Self::PriceDown];
        all.into_iter().find(|sort| sort.id() == text)
    }

    fn order(self, products: &mut [Arc<Product>]) {
        match self {
            // Before anything was sold, what staff tagged as best sellers leads.
            Self::Match | Self::Popular => products.sort_by_cached_key(|product| {
                (Reverse(product.sold), !product.is_tagged("bestseller"), product.row.serial)
            }),
            Self::New => products
                .sort_by_cached_key(|product| (!product.is_tagged("new"), Reverse(product.row.serial))),
            Self::PriceUp => products.sort_by_cached_key(|product| (product.lowest(), product.row.serial)),
            Self::PriceDown => {
                products.sort_by_cached_key(|product| (Reverse(product.lowest()), product.row.serial));
            }
        }
    }
}

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
    fn price_fits(&self, product: &Product) -> bool {
        if self.min.is_none() && self.max.is_none() {
            return true;
        }
        let low = self.min.map_or(0, |price| price.minor);
        let high = self.max.map_or(i64::MAX, |price| price.minor);
        product.variants.iter().any(|variant| (low..=high).contains(&variant.row.price.minor))
    }
}

type List = Arc<Vec<Arc<Product>>>;

/// The catalogue as it stood at one version.
pub struct Snapshot {
    version: u64,
    /// All products, drafts and archived ones too, oldest first.
    products: Vec<Arc<Product>>,
    places: HashMap<ProductId, usize>,
    /// In the order of the menu.
    categories: Vec<Category>,
    /// Lists of what is on sale, each made when it is first asked for.
    lists: Mutex<HashMap<(Option<CategoryId>, Sort), List>>,
}

impl Snapshot {
    fn new(version: u64, mut products: Vec<Arc<Product>>, view: &View<'_>) -> StoreResult<Self> {
        products.sort_by_key(|product| product.row.serial);
        let places = products.iter().enumerate().map(|(place, product)| (product.id, place)).collect();
        let rows = view.list(&CATEGORIES, &[])?;
        let mut categories: Vec<Category> =
            rows.into_iter().map(|row| Category { id: row.key, row: row.record }).collect();
        categories.sort_by_key(|category| (category.row.position, category.id));
        Ok(Self { version, products, places, categories, lists: Mutex::default() })
    }

    /// Reads everything.
    fn load(view: &View<'_>) -> StoreResult<Self> {
        let version = view.counter(VERSION)?;
        let stock: HashMap<VariantId, u32> =
            view.list(&STOCK, &[])?.into_iter().map(|row| (row.key, row.record.count)).collect();
        let sold: HashMap<ProductId, u64> =
            view.list(&SOLD, &[])?.into_iter().map(|row| (row.key, row.record.pieces)).collect();
        let mut variants: HashMap<ProductId, Vec<Variant>> = HashMap::new();
        for row in view.list(&VARIANTS, &[])? {
            let stock = stock.get(&row.key).copied().unwrap_or(0);
            let variant = Variant { id: row.key, row: row.record, stock };
            variants.entry(variant.row.product).or_default().push(variant);
        }
        let mut products = Vec::new();
        for row in view.list(&PRODUCTS, &[])? {
            let mut own = variants.remove(&row.key).unwrap_or_default();
            own.sort_by_key(|variant| (variant.row.position, variant.id));
            let sold = sold.get(&row.key).copied().unwrap_or(0);
            products.push(Arc::new(Product::new(row.key, row.record, own, sold)));
        }
        Self::new(version, products, view)
    }

    /// Reads what was touched since this version, or everything where that is not known.
    fn follow(&self, view: &View<'_>, version: u64) -> StoreResult<Self> {
        let Some(touched) = self.touched_since(view, version)? else { return Self::load(view) };
        let mut products: Vec<Arc<Product>> =
            self.products.iter().filter(|product| !touched.contains(&product.id)).cloned().collect();
        for id in touched {
            products.extend(Product::read(view, id)?.map(Arc::new));
        }
        Self::new(version, products, view)
    }

    fn touched_since(&self, view: &View<'_>, version: u64) -> StoreResult<Option<HashSet<ProductId>>> {
        let missing = version - self.version;
        if missing >= FOLLOWED {
            return Ok(None);
        }
        let (from, to) = ((self.version + 1).to_bytes(), version.to_bytes());
        let changes =
            view.range(&CHANGES, Bound::Included(&from), Bound::Included(&to), usize::MAX, false)?;
        if changes.len() as u64 != missing {
            return Ok(None);
        }
        let mut touched = HashSet::new();
        for change in changes {
            match change.record.touched {
                Touched::Product(id) => drop(touched.insert(id)),
                Touched::Categories => {}
                Touched::Everything => return Ok(None),
            }
        }
        Ok(Some(touched))
    }

    pub fn products(&self) -> &[Arc<Product>] {
        &self.products
    }

    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    pub fn product(&self, id: ProductId) -> Option<&Arc<Product>> {
        self.places.get(&id).and_then(|place| self.products.get(*place))
    }

    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.iter().find(|category| category.id == id)
    }

    pub fn category_by_slug(&self, slug: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.row.slug == slug)
    }

    /// What is on sale (in a category), in an order.
    pub fn list(&self, category: Option<CategoryId>, sort: Sort) -> List {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let made = lists.entry((category, sort)).or_insert_with(|| {
            let inside = |product: &Product| {
                category.is_none_or(|category| product.row.categories.contains(&category))
            };
            let on_sale = self.products.iter().filter(|product| product.is_on_sale() && inside(product));
            let mut products: Vec<Arc<Product>> = on_sale.cloned().collect();
            sort.order(&mut products);
            Arc::new(products)
        });
        made.clone()
    }

    /// The version of the catalogue that this is.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What is on sale and fits a wish.
    pub fn search(&self, wish: &Wish) -> Vec<Arc<Product>> {
        let list = self.list(wish.category, wish.sort);
        let fitting = list.iter().filter(|product| wish.price_fits(product));
        let mut found: Vec<(Fit, &Arc<Product>)> =
            fitting.filter_map(|product| Some((wish.query.fits(&product.searchable)?, product))).collect();
        if wish.sort == Sort::Match {
            found.sort_by_key(|(fit, _)| *fit);
        }
        found.into_iter().map(|(_, product)| product.clone()).collect()
    }

    /// All products that fit a query, newest first, whatever their status: for staff.
    pub fn all(&self, query: &Query, status: Option<Status>) -> Vec<&Arc<Product>> {
        let wanted = |product: &&Arc<Product>| {
            status.is_none_or(|status| product.row.status == status)
                && query.fits(&product.searchable).is_some()
        };
        self.products.iter().rev().filter(wanted).collect()
    }
}

/// Holds the catalogue in memory.
#[derive(Default)]
pub struct Cache {
    latest: Mutex<Option<Arc<Snapshot>>>,
    pages: Pages,
}

impl Cache {
    pub(super) fn pages(&self) -> &Pages {
        &self.pages
    }

    /// The catalogue at the version of this view, or at a later one.
    fn at(&self, view: &View<'_>) -> StoreResult<Arc<Snapshot>> {
        let version = view.counter(VERSION)?;
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = match &*latest {
            Some(known) if known.version >= version => return Ok(known.clone()),
            Some(known) => known.follow(view, version)?,
            None => Snapshot::load(view)?,
        };
        let fresh = Arc::new(fresh);
        *latest = Some(fresh.clone());
        Ok(fresh)
    }
}

/// The catalogue as it stands.
///
/// # Errors
/// If the store cannot be read.
pub fn snapshot(shop: &Shop) -> Result<Arc<Snapshot>, StoreError> {
    shop.catalogue.at(&shop.store.view()?)
}
