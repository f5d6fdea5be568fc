//! What lists know, in memory: a few facts of each product and, in each order that was asked for, who
//! comes after whom. It follows the catalogue in the store change by change: a sale moves one product
//! within its lists and reads none of the others.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use super::records::{
    CATEGORIES, CHANGES, CategoryId, CategoryRow, SHELVED, ShelvedRow, Status, Touched, WORDS,
};
use super::search::{Query, Signature};
use super::shelving::FOLLOWED;
use crate::ids::ProductId;
use crate::store::{Key, StoreResult, View};

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
}

/// What is on sale in a category, or everywhere, in an order.
type Shelf = (Option<CategoryId>, Sort);

/// Where a product stands in a list: lower comes first, and no two are the same.
type Rank = (bool, i64, i64);

/// A product as lists know it.
struct Entry {
    id: ProductId,
    /// Higher is newer.
    serial: i64,
    lowest: i64,
    highest: i64,
    sold: i64,
    categories: Box<[CategoryId]>,
    status: Status,
    has_variants: bool,
    leads_popular: bool,
    leads_new: bool,
    /// The version of the catalogue at which its pages last changed.
    touched: u64,
}

impl Entry {
    fn new(id: ProductId, row: &ShelvedRow, touched: u64) -> Self {
        let (lowest, highest) = row.prices.map_or((0, 0), |(low, high)| (low.minor, high.minor));
        Self {
            id,
            serial: signed(row.serial),
            lowest,
            highest,
            sold: signed(row.sold),
            categories: row.categories.as_slice().into(),
            status: row.status,
            has_variants: row.prices.is_some(),
            leads_popular: row.leads_popular,
            leads_new: row.leads_new,
            touched,
        }
    }

    fn is_on_sale(&self) -> bool {
        self.status == Status::Active && self.has_variants
    }

    fn rank(&self, sort: Sort) -> Rank {
        match sort {
            // The most sold lead; among equals what staff tagged as best sellers.
            Sort::Match | Sort::Popular => {
                (false, -self.sold, if self.leads_popular { i64::MIN } else { 0 } + self.serial)
            }
            Sort::New => (!self.leads_new, -self.serial, 0),
            Sort::PriceUp => (false, self.lowest, self.serial),
            Sort::PriceDown => (false, -self.lowest, self.serial),
        }
    }
}

/// Counts stay far below what the sign takes.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What a price filter says of a product by its lowest and highest price alone.
enum PriceFit {
    No,
    Yes,
    /// Its variants have to be looked at.
    Unclear,
}

/// Which prices are wanted, in minor units, both ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices {
    pub from: i64,
    pub to: i64,
}

impl Prices {
    pub(super) fn hold(self, price: i64) -> bool {
        (self.from..=self.to).contains(&price)
    }

    fn fit(self, entry: &Entry) -> PriceFit {
        if self.hold(entry.lowest) || self.hold(entry.highest) {
            return PriceFit::Yes;
        }
        if entry.lowest > self.to || entry.highest < self.from { PriceFit::No } else { PriceFit::Unclear }
    }
}

/// A product that may be what a search is for.
pub(super) struct Candidate {
    pub id: ProductId,
    /// Whether a variant has a wanted price is still to be seen.
    pub price_unclear: bool,
}

/// A stretch of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stretch {
    pub ids: Vec<ProductId>,
    /// How many there are in the whole list.
    pub total: usize,
}

/// The lists as they are at one version of the catalogue.
#[derive(Default)]
pub(super) struct Lists {
    pub version: u64,
    /// All products, drafts and archived ones too, oldest first.
    entries: Vec<Entry>,
    places: HashMap<ProductId, usize>,
    /// How many there are of each status.
    statuses: HashMap<Status, usize>,
    /// In the order of the menu.
    pub categories: Arc<[Category]>,
    /// Places in `entries`. What is newest first is there for each category that holds anything, the
    /// other orders once they were asked for.
    shelves: HashMap<Shelf, Vec<usize>>,
    /// Of the first products, as far as they were made; search reads the others' words.
    signatures: Vec<Signature>,
}

impl Lists {
    /// Goes on to the version of a view. Returns what was touched on the way; `None` for everything.
    pub(super) fn follow(&mut self, view: &View<'_>, version: u64) -> StoreResult<Option<Vec<ProductId>>> {
        let Some(changes) = self.changes(view, version)? else {
            *self = Self::load(view, version)?;
            return Ok(None);
        };
        let mut touched = Vec::new();
        for change in changes {
            match change {
                Touched::Product(id) => {
                    self.take(view, id, version)?;
                    touched.push(id);
                }
                Touched::Sold(id) => {
                    self.count_sold(view, id)?;
                    touched.push(id);
                }
                Touched::Categories => self.categories = categories(view)?,
                Touched::Everything => {
                    *self = Self::load(view, version)?;
                    return Ok(None);
                }
            }
        }
        self.version = version;
        Ok(Some(touched))
    }

    /// What was changed up to this version, each once; `None` where that is not known any more.
    fn changes(&self, view: &View<'_>, version: u64) -> StoreResult<Option<Vec<Touched>>> {
        let missing = version - self.version;
        if missing >= FOLLOWED {
            return Ok(None);
        }
        let (from, to) = ((self.version + 1).to_bytes(), version.to_bytes());
        let rows = view.range(&CHANGES, Bound::Included(&from), Bound::Included(&to), usize::MAX, false)?;
        if rows.len() as u64 != missing {
            return Ok(None);
        }
        let mut changes: Vec<Touched> = Vec::new();
        for row in rows {
            if !changes.contains(&row.record.touched) {
                changes.push(row.record.touched);
            }
        }
        Ok(Some(changes))
    }

    pub(super) fn load(view: &View<'_>, version: u64) -> StoreResult<Self> {
        let mut entries = Vec::new();
        view.walk(&SHELVED, |row| entries.push(Entry::new(row.key, &row.record, version)))?;
        entries.sort_unstable_by_key(|entry| entry.serial);
        let places = entries.iter().enumerate().map(|(place, entry)| (entry.id, place)).collect();
        let mut shelves: HashMap<Shelf, Vec<usize>> = HashMap::new();
        for (place, entry) in entries.iter().enumerate() {
            for category in shelves_of(entry) {
                shelves.entry((category, Sort::New)).or_default().push(place);
            }
        }
        for shelf in shelves.values_mut() {
            shelf.sort_unstable_by_key(|place| entries[*place].rank(Sort::New));
        }
        let mut statuses = HashMap::new();
        entries.iter().for_each(|entry| *statuses.entry(entry.status).or_default() += 1);
        let categories = categories(view)?;
        Ok(Self { version, entries, places, statuses, categories, shelves, signatures: Vec::new() })
    }

    /// Takes in a product as it is now.
    fn take(&mut self, view: &View<'_>, id: ProductId, version: u64) -> StoreResult<()> {
        let Some(row) = view.get(&SHELVED, &id)? else { return Ok(()) };
        let entry = Entry::new(id, &row, version);
        *self.statuses.entry(entry.status).or_default() += 1;
        let Some(place) = self.places.get(&id).copied() else {
            // New ones have the highest serial, so that the oldest stay first.
            let place = self.entries.len();
            self.places.insert(id, place);
            self.entries.push(entry);
            self.put_on_shelves(place);
            return Ok(());
        };
        if place < self.signatures.len() {
            self.signatures[place] = signature(view, id)?;
        }
        self.take_off_shelves(place);
        let before = std::mem::replace(&mut self.entries[place], entry);
        self.statuses.entry(before.status).and_modify(|count| *count -= 1);
        self.put_on_shelves(place);
        Ok(())
    }

    /// Takes in the sales of a product: it only moves among what is popular, and mostly not far.
    fn count_sold(&mut self, view: &View<'_>, id: ProductId) -> StoreResult<()> {
        let Some(place) = self.places.get(&id).copied() else { return self.take(view, id, self.version) };
        let Some(row) = view.get(&SHELVED, &id)? else { return Ok(()) };
        let before = self.entries[place].rank(Sort::Popular);
        self.entries[place].sold = signed(row.sold);
        let Self { entries, shelves, .. } = self;
        let after = entries[place].rank(Sort::Popular);
        for category in shelves_of(&entries[place]) {
            let Some(shelf) = shelves.get_mut(&(category, Sort::Popular)) else { continue };
            // The product itself still stands where it was.
            let rank = |other: &usize| {
                if *other == place { before } else { entries[*other].rank(Sort::Popular) }
            };
            let Ok(from) = shelf.binary_search_by_key(&before, rank) else { continue };
            if after < before {
                let to = shelf[..from].partition_point(|other| rank(other) < after);
                shelf[to..=from].rotate_right(1);
            } else {
                let to = from + shelf[from + 1..].partition_point(|other| rank(other) < after);
                shelf[from..=to].rotate_left(1);
            }
        }
        Ok(())
    }

    fn take_off_shelves(&mut self, place: usize) {
        let Self { entries, shelves, .. } = self;
        for (category, sort) in all_shelves_of(&entries[place]) {
            let Some(shelf) = shelves.get_mut(&(category, sort)) else { continue };
            let rank = entries[place].rank(sort);
            if let Ok(at) = shelf.binary_search_by_key(&rank, |other| entries[*other].rank(sort)) {
                shelf.remove(at);
            }
        }
    }

    fn put_on_shelves(&mut self, place: usize) {
        let Self { entries, shelves, .. } = self;
        for (category, sort) in all_shelves_of(&entries[place]) {
            let shelf = match sort {
                Sort::New => shelves.entry((category, sort)).or_default(),
                _ => match shelves.get_mut(&(category, sort)) {
                    Some(shelf) => shelf,
                    None => continue,
                },
            };
            let rank = entries[place].rank(sort);
            if let Err(at) = shelf.binary_search_by_key(&rank, |other| entries[*other].rank(sort)) {
                shelf.insert(at, place);
            }
        }
    }

    /// Whether a list is in its order yet.
    pub(super) fn has(&self, category: Option<CategoryId>, sort: Sort) -> bool {
        self.shelf(category, sort).is_some() || self.count(category) == 0
    }

    /// Puts a list in its order.
    pub(super) fn make(&mut self, category: Option<CategoryId>, sort: Sort) {
        if self.has(category, sort) {
            return;
        }
        let mut places = self.shelf(category, Sort::New).map(<[usize]>::to_vec).unwrap_or_default();
        places.sort_unstable_by_key(|place| self.entries[*place].rank(sort));
        self.shelves.insert((category, plain(sort)), places);
    }

    fn shelf(&self, category: Option<CategoryId>, sort: Sort) -> Option<&[usize]> {
        self.shelves.get(&(category, plain(sort))).map(Vec::as_slice)
    }

    /// How many products are on sale in a category, or at all.
    pub(super) fn count(&self, category: Option<CategoryId>) -> usize {
        self.shelf(category, Sort::New).map_or(0, <[usize]>::len)
    }

    /// A stretch of a list that was made.
    pub(super) fn stretch(
        &self,
        category: Option<CategoryId>,
        sort: Sort,
        from: usize,
        most: usize,
    ) -> Stretch {
        let shelf = self.shelf(category, sort).unwrap_or_default();
        let ids = shelf.iter().skip(from).take(most).map(|place| self.entries[*place].id).collect();
        Stretch { ids, total: shelf.len() }
    }

    /// Whether the pages of a product look as they did at this version.
    pub(super) fn is_untouched(&self, id: ProductId, version: u64) -> bool {
        self.places.get(&id).is_some_and(|place| self.entries[*place].touched <= version)
    }

    /// The ids of all products with their status, oldest first.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = (ProductId, Status)> {
        self.entries.iter().map(|entry| (entry.id, entry.status))
    }

    /// How many products have a status, or how many there are.
    pub(super) fn count_all(&self, status: Option<Status>) -> usize {
        status.map_or(self.entries.len(), |status| self.statuses.get(&status).copied().unwrap_or_default())
    }

    /// How many products each category holds, whatever their status.
    pub(super) fn held(&self) -> HashMap<CategoryId, usize> {
        let mut held = HashMap::new();
        for category in self.entries.iter().flat_map(|entry| &entry.categories) {
            *held.entry(*category).or_default() += 1;
        }
        held
    }

    /// What may be wanted of a list that was made, in its order.
    pub(super) fn candidates(
        &self,
        (category, sort): Shelf,
        query: &Query,
        prices: Option<Prices>,
    ) -> Vec<Candidate> {
        let candidate = |place: &usize| {
            let entry = &self.entries[*place];
            let price = prices.map_or(PriceFit::Yes, |prices| prices.fit(entry));
            if matches!(price, PriceFit::No) || !self.may_fit(query, *place) {
                return None;
            }
            Some(Candidate { id: entry.id, price_unclear: matches!(price, PriceFit::Unclear) })
        };
        self.shelf(category, sort).unwrap_or_default().iter().filter_map(candidate).collect()
    }

    /// All products that may fit, newest first, whatever their status.
    pub(super) fn all_that_may_fit(&self, query: &Query) -> Vec<(ProductId, Status)> {
        let places = (0..self.entries.len()).rev().filter(|place| self.may_fit(query, *place));
        places.map(|place| (self.entries[place].id, self.entries[place].status)).collect()
    }

    fn may_fit(&self, query: &Query, place: usize) -> bool {
        self.signatures.get(place).is_none_or(|signature| query.may_fit(signature))
    }

    /// Up to `most` products whose signatures are the next to be made.
    pub(super) fn unsigned(&self, most: usize) -> Vec<ProductId> {
        self.entries.iter().skip(self.signatures.len()).take(most).map(|entry| entry.id).collect()
    }

    /// Takes in the next signatures, of these products and read at this version. What was touched
    /// since, or by another who was faster, is left to be made again.
    pub(super) fn sign(&mut self, made: Vec<(ProductId, Signature)>, version: u64) {
        for (id, signature) in made {
            let place = self.signatures.len();
            let is_next = self.entries.get(place).is_some_and(|entry| entry.id == id);
            if !is_next || !self.is_untouched(id, version) {
                return;
            }
            self.signatures.push(signature);
        }
    }
}

/// Best match is an order of its own only where there are words.
fn plain(sort: Sort) -> Sort {
    if sort == Sort::Match { Sort::Popular } else { sort }
}

/// Everywhere, and each of its categories; nowhere for what is not on sale.
fn shelves_of(entry: &Entry) -> impl Iterator<Item = Option<CategoryId>> {
    let own = entry.categories.iter().copied().map(Some);
    std::iter::once(None).chain(own).filter(|_| entry.is_on_sale())
}

fn all_shelves_of(entry: &Entry) -> impl Iterator<Item = Shelf> {
    let sorts = [Sort::New, Sort::Popular, Sort::PriceUp, Sort::PriceDown];
    shelves_of(entry).flat_map(move |category| sorts.map(|sort| (category, sort)))
}

pub(super) fn signature(view: &View<'_>, id: ProductId) -> StoreResult<Signature> {
    Ok(view.get(&WORDS, &id)?.map(|words| words.signature()).unwrap_or_default())
}

fn categories(view: &View<'_>) -> StoreResult<Arc<[Category]>> {
    let rows = view.list(&CATEGORIES, &[])?;
    let mut categories: Vec<Category> =
        rows.into_iter().map(|row| Category { id: row.key, row: row.record }).collect();
    categories.sort_by_key(|category| (category.row.position, category.id));
    Ok(categories.into())
}
