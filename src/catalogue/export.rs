//! The catalogue as CSV, in the columns that an import takes: brought in again, it changes nothing.

use std::collections::HashMap;

use super::pictures::file_name;
use super::product::{Product, Variant};
use super::reader::read;
use super::records::{Bilingual, CategoryId, EXPORTED, ExportedRow};
use super::rules::MOST_OPTIONS;
use super::sheet::COLUMNS;
use crate::shop::Shop;
use crate::store::{Decided, Stop, StoreError};

/// Writes the whole catalogue, and notes that it was exported now. For callers outside the async
/// threads. Pictures are named as they lie in the data dir.
///
/// # Errors
/// If the store cannot be read, or not be written.
pub fn export(shop: &Shop) -> Decided<Vec<u8>> {
    // Noted first: what is sold while the rows are written counts as sold since.
    shop.store.commit_blocking(|plan| Ok(plan.put(&EXPORTED, &(), &ExportedRow { at: plan.now })?))?;
    let catalogue = read(shop)?;
    let slugs: HashMap<CategoryId, &str> =
        catalogue.categories().iter().map(|category| (category.id, category.row.slug.as_str())).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Stop::Failed(StoreError::Io(error.into()));
    writer.write_record(COLUMNS).map_err(failed)?;
    for id in catalogue.ids() {
        let Some(product) = Product::read(catalogue.view()?, id)? else { continue };
        for (place, variant) in product.variants.iter().enumerate() {
            writer.write_record(row_of(&product, variant, place == 0, &slugs)).map_err(failed)?;
        }
    }
    writer.into_inner().map_err(|error| Stop::Failed(StoreError::Io(error.into_error())))
}

/// One row; what the variants share stands in the first.
fn row_of(
    product: &Product,
    variant: &Variant,
    is_first: bool,
    slugs: &HashMap<CategoryId, &str>,
) -> Vec<String> {
    let row = &product.row;
    let once = |text: String| if is_first { text } else { String::new() };
    let categories: Vec<&str> = row.categories.iter().filter_map(|id| slugs.get(id).copied()).collect();
    let pictures: Vec<String> = row
        .pictures
        .iter()
        .filter_map(|picture| Some(format!("media/{}", file_name(picture.id, picture.files().last()?.0))))
        .collect();
    let option =
        |number: usize, of: &[Bilingual]| of.get(number).map_or_else(String::new, Bilingual::to_line);
    let mut cells = vec![
        row.slug.clone(),
        row.title.en.clone(),
        variant.row.price.number(),
        variant.stock.to_string(),
        variant.row.sku.clone(),
        once(categories.join("|")),
        once(row.description.en.clone()),
    ];
    for number in 0..MOST_OPTIONS {
        cells.push(option(number, &row.option_names));
        cells.push(option(number, &variant.row.options));
    }
    cells.extend([
        once(row.title.zh.clone()),
        once(row.description.zh.clone()),
        once(pictures.join("|")),
        variant.row.weight_g.to_string(),
        once(row.tags.join("|")),
        once(row.status.id().to_owned()),
    ]);
    cells
}
