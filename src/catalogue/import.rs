//! Bringing in a CSV: read and checked whole, its pictures made, then one command that changes all
//! or nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use super::pictures::{self, Prepared};
use super::records::{
    Bilingual, CATEGORIES, CATEGORY_SLUGS, CategoryId, CategoryRow, EXPORTED, Movement, PICTURES,
    PRODUCT_SLUGS, PRODUCTS, Picture, ProductRow, Touched, VariantRow,
};
use super::rules::{blank_product, next_position, put_category, put_product, put_variant, variants_of};
use super::sheet::{self, CategoryCells, Entry, LineProblem, StockCell, VariantCells};
use super::shelving::{shelve, touch};
use super::slug;
use super::stock::{self, Move};
use crate::clock::Timestamp;
use crate::digest;
use crate::ids::{PictureId, ProductId, VariantId};
use crate::locale::Text;
use crate::random::Random;
use crate::refusal::{Kind, Refusal};
use crate::shop::Shop;
use crate::store::{Decided, Plan, Stop, StoreResult, View};

/// Where a file changes more products than this, the catalogue in memory is made anew.
const MOST_TOUCHED: usize = 100;

/// What an import did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImportReport {
    pub products_new: u32,
    pub products_changed: u32,
    pub products_same: u32,
    pub variants_new: u32,
    pub categories_new: u32,
    pub pictures_new: u32,
    pub stocks_changed: u32,
    /// Stocks that were set by number although pieces were sold since the last export.
    pub sold_since_export: Vec<SoldSince>,
}

/// A stock that was set to a number counted before some of it was sold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SoldSince {
    pub line: u64,
    pub handle: String,
    pub sku: String,
    pub sold: u32,
    pub set_to: u32,
}

/// Where the file that a row names comes from.
enum Source {
    Known(Picture),
    New(Prepared),
}

/// Brings in products. `picture` gives the bytes of a file that a row names, or `None` if there is
/// none. For callers outside the async threads.
///
/// # Errors
/// Everything that is wrong, each with its line; then nothing was changed. A store that failed is
/// told as line 0.
pub fn import(
    shop: &Shop,
    csv: &[u8],
    picture: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Result<ImportReport, Vec<LineProblem>> {
    let entries = sheet::read_products(csv, shop.settings().currency)?;
    let pictures = make_pictures(shop, &entries, picture)?;
    let written: Vec<PictureId> = pictures.values().filter_map(new_id).collect();
    let (tell, told) = channel();
    let random = shop.random.clone();
    let done = shop
        .store
        .commit_blocking(move |plan| Import::new(plan, random, pictures)?.run(plan, &entries, &tell));
    match done {
        Ok(done) => {
            // Another upload of the same picture may have been faster.
            written.iter().filter(|id| !done.pictures.contains(id)).for_each(|id| {
                pictures::remove_files(&*shop.disk, &shop.dir, *id);
            });
            Ok(done.report)
        }
        Err(Stop::Refused(_)) => {
            written.iter().for_each(|id| pictures::remove_files(&*shop.disk, &shop.dir, *id));
            Err(told.try_iter().collect())
        }
        Err(Stop::Failed(error)) => Err(failed(&error)),
    }
}

fn new_id(source: &Source) -> Option<PictureId> {
    match source {
        Source::New(prepared) => Some(prepared.picture.id),
        Source::Known(_) => None,
    }
}

fn failed(error: &impl std::fmt::Display) -> Vec<LineProblem> {
    vec![LineProblem::new(0, "", format!("nothing was imported: {error}"))]
}

/// Makes the pictures that the rows name, each content once.
fn make_pictures(
    shop: &Shop,
    entries: &[Entry],
    picture: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Result<HashMap<String, Source>, Vec<LineProblem>> {
    let mut made: HashMap<String, Source> = HashMap::new();
    let mut wrong = Vec::new();
    for (line, name) in entries.iter().flat_map(|entry| &entry.pictures) {
        if made.contains_key(name) {
            continue;
        }
        match make_picture(shop, name, picture) {
            Ok(Ok(source)) => drop(made.insert(name.clone(), source)),
            Ok(Err(text)) => wrong.push(LineProblem::new(*line, "picture", format!("{name}: {text}"))),
            Err(stop) => wrong.extend(failed(&stop)),
        }
    }
    if wrong.is_empty()
        && made.values().any(|source| new_id(source).is_some())
        && let Err(error) = shop.disk.sync_dir(&pictures::folder(&shop.dir))
    {
        wrong.extend(failed(&error));
    }
    if wrong.is_empty() {
        return Ok(made);
    }
    for id in made.values().filter_map(new_id) {
        pictures::remove_files(&*shop.disk, &shop.dir, id);
    }
    Err(wrong)
}

fn make_picture(
    shop: &Shop,
    name: &str,
    picture: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Decided<Result<Source, String>> {
    let view = shop.store.view()?;
    // An export names pictures as they lie in the shop.
    let file = name.rsplit('/').next().unwrap_or(name);
    if let Some((id, _)) = pictures::parse_file_name(file)
        && let Some(row) = view.get(&PICTURES, &id)?
    {
        return Ok(Ok(Source::Known(row.picture)));
    }
    let Some(bytes) = picture(name) else { return Ok(Err("there is no such file".to_owned())) };
    if let Some(known) = pictures::known(&view, &digest::sha256(&bytes))? {
        return Ok(Ok(Source::Known(known)));
    }
    drop(view);
    match pictures::prepare(shop, &bytes).map_err(crate::store::StoreError::from)? {
        Ok(prepared) => Ok(Ok(Source::New(prepared))),
        Err(why) => Ok(Err(why.text().en.to_owned())),
    }
}

struct Done {
    report: ImportReport,
    /// The pictures that are on record now.
    pictures: BTreeSet<PictureId>,
}

/// An import on its way through the writer.
struct Import {
    random: Arc<dyn Random>,
    report: ImportReport,
    pictures: HashMap<String, Picture>,
    categories: HashMap<String, CategoryId>,
    exported: Option<Timestamp>,
    wrong: Vec<LineProblem>,
    changed: Vec<ProductId>,
}

impl Import {
    fn new(
        plan: &mut Plan<'_>,
        random: Arc<dyn Random>,
        sources: HashMap<String, Source>,
    ) -> StoreResult<Self> {
        let mut import = Self {
            random,
            report: ImportReport::default(),
            pictures: HashMap::new(),
            categories: HashMap::new(),
            exported: plan.get(&EXPORTED, &())?.map(|row| row.at),
            wrong: Vec::new(),
            changed: Vec::new(),
        };
        for (name, source) in sources {
            let picture = match source {
                Source::Known(picture) => picture,
                Source::New(prepared) => {
                    let kept = pictures::record(plan, &prepared)?;
                    import.report.pictures_new += u32::from(kept.id == prepared.picture.id);
                    kept
                }
            };
            import.pictures.insert(name, picture);
        }
        Ok(import)
    }

    fn run(mut self, plan: &mut Plan<'_>, entries: &[Entry], tell: &Sender<LineProblem>) -> Decided<Done> {
        for entry in entries {
            self.take_entry(plan, entry)?;
        }
        if !self.wrong.is_empty() {
            // Whoever asked reads them after the refusal, or is gone.
            self.wrong.into_iter().for_each(|problem| drop(tell.send(problem)));
            let said = Text::new("The file has rows that cannot be taken.", "文件中有无法导入的行。");
            return Err(Refusal::of(Kind::Invalid, said).into());
        }
        self.touch(plan)?;
        Ok(Done { report: self.report, pictures: self.pictures.values().map(|picture| picture.id).collect() })
    }

    fn touch(&self, plan: &mut Plan<'_>) -> StoreResult<()> {
        if self.changed.len() > MOST_TOUCHED {
            return touch(plan, Touched::Everything);
        }
        if self.report.categories_new > 0 {
            touch(plan, Touched::Categories)?;
        }
        self.changed.iter().try_for_each(|id| touch(plan, Touched::Product(*id)))
    }

    fn take_entry(&mut self, plan: &mut Plan<'_>, entry: &Entry) -> StoreResult<()> {
        let known = plan.get(&PRODUCT_SLUGS, &entry.handle)?.map(|slug| slug.product);
        let before = match known {
            Some(id) => plan.get(&PRODUCTS, &id)?.map(|row| (id, row)),
            None => None,
        };
        if before.is_none() && entry.title.is_empty() {
            let text = "the title is missing and there is no such product yet";
            self.wrong.push(LineProblem::new(entry.line, "title", text));
            return Ok(());
        }
        let (id, row) = match &before {
            Some((id, row)) => (*id, row.clone()),
            None => {
                let blank = ProductRow { slug: entry.handle.clone(), ..blank_product(plan)? };
                (ProductId::new(plan.now, &*self.random), blank)
            }
        };
        let row = self.merged(plan, row, entry)?;
        let before = before.map(|(_, row)| row);
        let is_same = before.as_ref() == Some(&row);
        if !is_same {
            put_product(plan, id, row)?;
        }
        let variants_same = self.take_variants(plan, id, entry)?;
        if !is_same || !variants_same {
            shelve(plan, id)?;
            self.changed.push(id);
        }
        match before {
            None => self.report.products_new += 1,
            Some(_) if is_same && variants_same => self.report.products_same += 1,
            Some(_) => self.report.products_changed += 1,
        }
        Ok(())
    }

    /// The product with what the file says of it; what the file leaves empty stays.
    fn merged(&mut self, plan: &mut Plan<'_>, mut row: ProductRow, entry: &Entry) -> StoreResult<ProductRow> {
        let texts = [
            (&mut row.title.en, &entry.title.en),
            (&mut row.title.zh, &entry.title.zh),
            (&mut row.description.en, &entry.description.en),
            (&mut row.description.zh, &entry.description.zh),
        ];
        for (stored, said) in texts {
            if !said.is_empty() {
                stored.clone_from(said);
            }
        }
        if !entry.categories.is_empty() {
            row.categories.clear();
            for slug in &entry.categories {
                let category = self.category(plan, slug)?;
                if !row.categories.contains(&category) {
                    row.categories.push(category);
                }
            }
        }
        if !entry.tags.is_empty() {
            row.tags.clone_from(&entry.tags);
        }
        row.status = entry.status.unwrap_or(row.status);
        if !entry.pictures.is_empty() {
            row.pictures.clear();
            for picture in entry.pictures.iter().filter_map(|(_, name)| self.pictures.get(name)) {
                // Two names may mean one picture.
                if !row.pictures.contains(picture) {
                    row.pictures.push(*picture);
                }
            }
        }
        if !entry.option_names.is_empty() {
            row.option_names.clone_from(&entry.option_names);
        }
        Ok(row)
    }

    /// The category of this slug; made, with a title from the slug, where there is none.
    fn category(&mut self, plan: &mut Plan<'_>, name: &str) -> StoreResult<CategoryId> {
        if let Some(known) = self.categories.get(name) {
            return Ok(*known);
        }
        let stored = plan.get(&CATEGORY_SLUGS, &name.to_owned())?.map(|row| row.category);
        let id = match stored {
            Some(id) if plan.get(&CATEGORIES, &id)?.is_some() => id,
            _ => {
                let row = CategoryRow {
                    slug: name.to_owned(),
                    title: Bilingual::new(slug::to_title(name), ""),
                    description: Bilingual::default(),
                    position: next_position(plan)?,
                };
                let id = CategoryId(plan.count_up("categories")?);
                put_category(plan, id, &row)?;
                self.report.categories_new += 1;
                id
            }
        };
        self.categories.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Takes the variants of a product; true if nothing changed.
    fn take_variants(&mut self, plan: &mut Plan<'_>, product: ProductId, entry: &Entry) -> StoreResult<bool> {
        let stored = variants_of(plan, product)?;
        let mut position = stored.last().map_or(0, |(_, row)| row.position + 1);
        let matches = matches_of(&stored, entry);
        if !self.check_options(&stored, &matches, entry) {
            return Ok(true);
        }
        let mut same = true;
        for (cells, found) in entry.variants.iter().zip(&matches) {
            let before = found.and_then(|id| stored.iter().find(|(known, _)| *known == id));
            let (id, row) = match before {
                Some((id, row)) => (*id, changed_variant(row, cells)),
                None => {
                    let row = VariantRow {
                        product,
                        options: cells.values.clone(),
                        sku: cells.sku.clone(),
                        price: cells.price,
                        weight_g: cells.weight_g.unwrap_or(0),
                        position,
                    };
                    position += 1;
                    self.report.variants_new += 1;
                    (VariantId::new(plan.now, &*self.random), row)
                }
            };
            if before.is_none_or(|(_, before)| *before != row) {
                put_variant(plan, id, &row)?;
                same = false;
            }
            same &= !self.take_stock(plan, id, &row.sku, entry, cells, before.is_none())?;
        }
        Ok(same)
    }

    /// Whether each variant of the product will have a value for each of its options.
    fn check_options(
        &mut self,
        stored: &[(VariantId, VariantRow)],
        matches: &[Option<VariantId>],
        entry: &Entry,
    ) -> bool {
        let mut sound = true;
        let named = entry.option_names.len();
        if named == 0 {
            // Rows without options mean variants that there are, or the one of a product without options.
            let unknown = |(_, found): &(&VariantCells, &Option<VariantId>)| found.is_none();
            let is_first = stored.is_empty() && entry.variants.len() == 1;
            for (cells, _) in entry.variants.iter().zip(matches).filter(unknown).filter(|_| !is_first) {
                let text = "it is not clear which variant is meant; name its options, or a SKU that is known";
                self.wrong.push(LineProblem::new(cells.line, "option1_value", text));
                sound = false;
            }
            return sound;
        }
        let left_out =
            |(id, row): &(VariantId, VariantRow)| !matches.contains(&Some(*id)) && row.options.len() != named;
        if stored.iter().any(left_out) {
            let text = "the product has variants with other options that are not in the file; \
                        name them by their SKU, or remove them in the back office";
            self.wrong.push(LineProblem::new(entry.line, "option1_name", text));
            sound = false;
        }
        sound
    }

    /// Changes the stock as the cell says; true if it changed.
    fn take_stock(
        &mut self,
        plan: &mut Plan<'_>,
        id: VariantId,
        sku: &str,
        entry: &Entry,
        cells: &VariantCells,
        is_new: bool,
    ) -> StoreResult<bool> {
        let before = stock::count(plan, id)?;
        let by = match cells.stock {
            StockCell::Leave => 0,
            StockCell::Add(more) => i64::from(more),
            StockCell::Set(to) => i64::from(to) - i64::from(before),
        };
        if i64::from(before) + by > i64::from(stock::MOST) {
            let text = format!("there would be more than {} pieces", stock::MOST);
            self.wrong.push(LineProblem::new(cells.line, "stock", text));
            return Ok(false);
        }
        if let (StockCell::Set(set_to), Some(since)) = (cells.stock, self.exported) {
            let sold = stock::sold_since(plan, id, since)?;
            if sold > 0 && by != 0 {
                let (handle, sku) = (entry.handle.clone(), sku.to_owned());
                let sold_since = SoldSince { line: cells.line, handle, sku, sold, set_to };
                self.report.sold_since_export.push(sold_since);
            }
        }
        if !is_new && by == 0 {
            return Ok(false);
        }
        let why = if is_new { Movement::Start } else { Movement::Imported };
        // No way below zero: a cell adds, or sets to at least 0.
        stock::move_stock(plan, id, Move::by_hand(by, why, None))?;
        self.report.stocks_changed += u32::from(by != 0);
        Ok(true)
    }
}

fn changed_variant(row: &VariantRow, cells: &VariantCells) -> VariantRow {
    VariantRow {
        options: if cells.values.is_empty() { row.options.clone() } else { cells.values.clone() },
        sku: if cells.sku.is_empty() { row.sku.clone() } else { cells.sku.clone() },
        price: cells.price,
        weight_g: cells.weight_g.unwrap_or(row.weight_g),
        ..row.clone()
    }
}

/// Which stored variant each row means: the one of the same options, else the one of the same SKU,
/// else the only one there is, where it or the row has no options.
fn matches_of(stored: &[(VariantId, VariantRow)], entry: &Entry) -> Vec<Option<VariantId>> {
    let by_options: HashMap<&[Bilingual], VariantId> =
        stored.iter().map(|(id, row)| (row.options.as_slice(), *id)).collect();
    let with_sku = stored.iter().filter(|(_, row)| !row.sku.is_empty());
    let by_sku: HashMap<&str, VariantId> = with_sku.map(|(id, row)| (row.sku.as_str(), *id)).collect();
    let rows = &entry.variants;
    let mut matches: Vec<Option<VariantId>> =
        rows.iter().map(|row| by_options.get(row.values.as_slice()).copied()).collect();
    let mut taken: BTreeSet<VariantId> = matches.iter().copied().flatten().collect();
    for (row, found) in rows.iter().zip(&mut matches).filter(|(_, found)| found.is_none()) {
        *found = by_sku.get(row.sku.as_str()).copied().filter(|id| taken.insert(*id));
    }
    if let ([(only, row)], Some(first)) = (stored, matches.iter_mut().find(|found| found.is_none())) {
        let unclear = row.options.is_empty() || (entry.option_names.is_empty() && rows.len() == 1);
        if unclear && taken.insert(*only) {
            *first = Some(*only);
        }
    }
    matches
}

/// Brings in categories: new ones are made, known ones changed, others stay. For callers outside the
/// async threads. Returns how many were made or changed.
///
/// # Errors
/// As [`import`].
pub fn import_categories(shop: &Shop, csv: &[u8]) -> Result<u32, Vec<LineProblem>> {
    let categories = sheet::read_categories(csv)?;
    let done = shop.store.commit_blocking(move |plan| {
        let mut changed = 0;
        for cells in categories {
            changed += u32::from(take_category(plan, cells)?);
        }
        if changed > 0 {
            touch(plan, Touched::Categories)?;
        }
        Ok(changed)
    });
    done.map_err(|stop| failed(&stop))
}

fn take_category(plan: &mut Plan<'_>, cells: CategoryCells) -> StoreResult<bool> {
    let stored = category_of(plan, &cells.slug)?;
    let (id, position) = match &stored {
        Some((id, row)) => (*id, row.position),
        None => (CategoryId(plan.count_up("categories")?), next_position(plan)?),
    };
    let or_stored = |said: Bilingual, stored: Option<&Bilingual>| Bilingual {
        en: if said.en.is_empty() { stored.map_or_else(String::new, |s| s.en.clone()) } else { said.en },
        zh: if said.zh.is_empty() { stored.map_or_else(String::new, |s| s.zh.clone()) } else { said.zh },
    };
    let before = stored.as_ref().map(|(_, row)| row);
    let row = CategoryRow {
        slug: before.map_or(cells.slug, |row| row.slug.clone()),
        title: or_stored(cells.title, before.map(|row| &row.title)),
        description: or_stored(cells.description, before.map(|row| &row.description)),
        position: cells.position.unwrap_or(position),
    };
    if before == Some(&row) {
        return Ok(false);
    }
    put_category(plan, id, &row)?;
    Ok(true)
}

fn category_of(view: &View<'_>, slug: &str) -> StoreResult<Option<(CategoryId, CategoryRow)>> {
    let Some(found) = view.get(&CATEGORY_SLUGS, &slug.to_owned())? else { return Ok(None) };
    Ok(view.get(&CATEGORIES, &found.category)?.map(|row| (found.category, row)))
}
