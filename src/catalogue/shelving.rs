//! The indexes beside products: what lists and search know of each, and which products a category
//! holds and a picture stands on. Written in the same command as what they are made from.

use std::collections::BTreeSet;

use super::product::prices;
use super::records::{
    CHANGES, ChangeRow, PRODUCTS, PRODUCTS_IN, PRODUCTS_SHOWING, ProductRow, SHELVED, ShelvedRow, Touched,
    VariantRow, WORDS, WordsRow,
};
use super::rules::variants_of;
use super::stock;
use crate::ids::{ProductId, VariantId};
use crate::store::floor::Mark;
use crate::store::{Plan, StoreResult, View};

/// The counter that goes up with each change of the catalogue.
pub(super) const VERSION: &str = "catalogue";
/// So many changes are kept to be followed one by one.
pub(super) const FOLLOWED: u64 = 500;

/// Notes that the catalogue changed.
pub(super) fn touch(plan: &mut Plan<'_>, touched: Touched) -> StoreResult<()> {
    let version = plan.count_up(VERSION)?;
    plan.put(&CHANGES, &version, &ChangeRow { touched })?;
    match version.checked_sub(FOLLOWED) {
        Some(old) => plan.delete(&CHANGES, &old),
        None => Ok(()),
    }
}

/// Notes that a product changed, and what lists and search are to know of it now.
pub(super) fn touch_product(plan: &mut Plan<'_>, product: ProductId) -> StoreResult<()> {
    shelve(plan, product)?;
    touch(plan, Touched::Product(product))
}

/// Makes what lists and search know of a product anew.
pub(super) fn shelve(plan: &mut Plan<'_>, id: ProductId) -> StoreResult<()> {
    let Some((shelved, words)) = wanted(plan, id)? else { return Ok(()) };
    if plan.get(&SHELVED, &id)?.as_ref() != Some(&shelved) {
        plan.put(&SHELVED, &id, &shelved)?;
    }
    if plan.get(&WORDS, &id)?.as_ref() != Some(&words) {
        plan.put(&WORDS, &id, &words)?;
    }
    Ok(())
}

/// What lists and search should know of a product.
fn wanted(view: &View<'_>, id: ProductId) -> StoreResult<Option<(ShelvedRow, WordsRow)>> {
    let Some(row) = view.get(&PRODUCTS, &id)? else { return Ok(None) };
    let variants = variants_of(view, id)?;
    let sold = view.get(&SHELVED, &id)?.map_or(0, |before| before.sold);
    let mut pieces = 0;
    for (variant, _) in &variants {
        pieces += u64::from(stock::count(view, *variant)?);
    }
    let words = words_of(&row, &variants);
    Ok(Some((ShelvedRow { stock: pieces, sold, ..shelved_of(row, &variants) }, words)))
}

/// All but what is counted.
fn shelved_of(row: ProductRow, variants: &[(VariantId, VariantRow)]) -> ShelvedRow {
    let is_tagged = |tag: &str| row.tags.iter().any(|own| own == tag);
    ShelvedRow {
        serial: row.serial,
        status: row.status,
        prices: prices(variants.iter().map(|(_, variant)| variant.price)),
        stock: 0,
        leads_popular: is_tagged("bestseller"),
        leads_new: is_tagged("new"),
        sold: 0,
        picture: row.pictures.first().copied(),
        slug: row.slug,
        title: row.title,
        categories: row.categories,
    }
}

fn words_of(row: &ProductRow, variants: &[(VariantId, VariantRow)]) -> WordsRow {
    let titles = [row.title.en.as_str(), row.title.zh.as_str()].into_iter();
    let skus = variants.iter().map(|(_, variant)| variant.sku.as_str());
    let texts = [row.description.en.as_str(), row.description.zh.as_str()].into_iter();
    WordsRow::new(titles, skus, row.tags.iter().map(String::as_str).chain(texts))
}

/// Counts pieces that were sold, or below zero came back: their stock has been moved.
pub(super) fn count_sold(plan: &mut Plan<'_>, product: ProductId, pieces: i64) -> StoreResult<()> {
    let Some(mut row) = plan.get(&SHELVED, &product)? else { return Ok(()) };
    row.sold = row.sold.saturating_add_signed(pieces);
    row.stock = row.stock.saturating_add_signed(-pieces);
    plan.put(&SHELVED, &product, &row)
}

/// Keeps what leads from categories and pictures to a product.
pub(super) fn relate(
    plan: &mut Plan<'_>,
    id: ProductId,
    before: Option<&ProductRow>,
    after: &ProductRow,
) -> StoreResult<()> {
    let categories = before.map_or(&[][..], |row| &row.categories);
    for (category, is_there) in differences(categories, &after.categories) {
        let key = (category, id);
        if is_there { plan.put(&PRODUCTS_IN, &key, &Mark {})? } else { plan.delete(&PRODUCTS_IN, &key)? }
    }
    let ids = |row: &ProductRow| row.pictures.iter().map(|picture| picture.id).collect::<Vec<_>>();
    for (picture, is_there) in differences(&before.map(ids).unwrap_or_default(), &ids(after)) {
        let key = (picture, id);
        if is_there {
            plan.put(&PRODUCTS_SHOWING, &key, &Mark {})?;
        } else {
            plan.delete(&PRODUCTS_SHOWING, &key)?;
        }
    }
    Ok(())
}

/// What one side has and the other has not; true for what is new.
fn differences<T: Copy + Ord>(before: &[T], after: &[T]) -> Vec<(T, bool)> {
    let before: BTreeSet<T> = before.iter().copied().collect();
    let after: BTreeSet<T> = after.iter().copied().collect();
    before.symmetric_difference(&after).map(|each| (*each, after.contains(each))).collect()
}

/// Where lists and search know something else of a product than is so, a sentence for each.
pub(super) fn faults(view: &View<'_>) -> StoreResult<Vec<String>> {
    let mut ids = Vec::new();
    view.walk(&PRODUCTS, |row| ids.push(row.key))?;
    let mut faults = Vec::new();
    for id in ids {
        let Some((shelved, words)) = wanted(view, id)? else { continue };
        let is_known = view.get(&SHELVED, &id)?.as_ref() == Some(&shelved);
        if !is_known || view.get(&WORDS, &id)?.as_ref() != Some(&words) {
            faults.push(format!("{}: lists and search do not know it as it is", shelved.slug));
        }
    }
    Ok(faults)
}
