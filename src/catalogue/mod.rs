//! The catalogue: products and their variants, categories, pictures and stock; the shop's pages that
//! show them; their back office; and the CSV they come in and go out by.
//!
//! - [`offer`] is what can be bought; [`take_stock`] and [`give_back`] are the only ways that orders
//!   change a stock, and [`stock_faults`] checks them.
//! - [`snapshot`] is the whole catalogue in memory, which pages are drawn from.
//! - [`import`], [`import_categories`] and [`export`] are the CSV; [`store_picture`] takes in a picture.
//! - [`menu`], [`addresses`] and [`product_page_again`] serve the frame, the sitemap and the cart.

mod admin;
mod admin_categories;
mod admin_pages;
mod admin_variants;
mod export;
mod import;
mod kept;
mod pages;
mod pictures;
mod records;
#[cfg(test)]
mod route_tests;
mod routes;
mod rules;
mod search;
mod sheet;
mod slug;
mod snapshot;
mod stock;
#[cfg(test)]
mod tests;

pub use export::export;
pub use import::{ImportReport, SoldSince, import, import_categories};
pub use pictures::store_picture;
pub use records::{Bilingual, CategoryId, Movement, MovementRow, Picture, Status};
pub use routes::{product_page_again, routes};
pub use search::{Query, fold};
pub use sheet::LineProblem;
pub use slug::{category_path, product_path};
pub use snapshot::{Cache, Category, Product, Snapshot, Sort, Variant, Wish, snapshot};
pub use stock::{give_back, movements, stock_faults, take_stock};

use crate::ids::{ProductId, VariantId};
use crate::locale::Locale;
use crate::money::Money;
use crate::shop::Shop;
use crate::store::{StoreResult, TableInfo, View};

/// A variant as it can be bought.
#[derive(Clone, PartialEq, Debug)]
pub struct Offer {
    pub variant: VariantId,
    pub product: ProductId,
    pub slug: String,
    pub title: Bilingual,
    /// The values of its options: "Large · Green"; empty without options.
    pub options: Bilingual,
    pub sku: String,
    pub price: Money,
    pub stock: u32,
    pub weight_g: u32,
    /// The address of its product's first picture, small.
    pub picture: Option<String>,
    /// Whether its product is in the shop; the stock may be 0 all the same.
    pub on_sale: bool,
}

/// What can be bought under this id, with its stock in this view; `None` if it was taken out.
pub fn offer(view: &View<'_>, variant: VariantId) -> StoreResult<Option<Offer>> {
    let Some(row) = view.get(&records::VARIANTS, &variant)? else { return Ok(None) };
    let Some(product) = view.get(&records::PRODUCTS, &row.product)? else { return Ok(None) };
    Ok(Some(Offer {
        variant,
        product: row.product,
        options: joined(&row.options),
        sku: row.sku,
        price: row.price,
        stock: stock::count(view, variant)?,
        weight_g: row.weight_g,
        picture: product.pictures.first().map(|picture| picture.file(400).0),
        on_sale: product.status == Status::Active,
        slug: product.slug,
        title: product.title,
    }))
}

/// Option values as one text in each language.
pub(crate) fn joined(options: &[Bilingual]) -> Bilingual {
    let text = |l: Locale| options.iter().map(|value| value.get(l)).collect::<Vec<_>>().join(" · ");
    Bilingual { en: text(Locale::En), zh: text(Locale::Zh) }
}

/// The categories as (address, name), for the head of every page.
pub fn menu(shop: &Shop, l: Locale) -> StoreResult<Vec<(String, String)>> {
    let snapshot = snapshot(shop)?;
    let entry =
        |category: &Category| (category_path(&category.row.slug), category.row.title.get(l).to_owned());
    Ok(snapshot.categories().iter().map(entry).collect())
}

/// Where everything on sale is, for the sitemap: the home page, categories that are not empty, products.
pub fn addresses(shop: &Shop) -> StoreResult<Vec<String>> {
    let snapshot = snapshot(shop)?;
    let mut addresses = vec!["/".to_owned()];
    let filled = |category: &&Category| !snapshot.list(Some(category.id), Sort::New).is_empty();
    addresses.extend(snapshot.categories().iter().filter(filled).map(|c| category_path(&c.row.slug)));
    addresses.extend(snapshot.list(None, Sort::New).iter().map(|product| product_path(&product.row.slug)));
    Ok(addresses)
}

/// The tables of the catalogue.
pub fn tables() -> Vec<TableInfo> {
    use records as r;
    vec![
        r::PRODUCTS.info(),
        r::PRODUCT_SLUGS.info(),
        r::VARIANTS.info(),
        r::VARIANTS_OF.info(),
        r::CATEGORIES.info(),
        r::CATEGORY_SLUGS.info(),
        r::STOCK.info(),
        r::STOCK_MOVEMENTS.info(),
        r::SOLD.info(),
        r::PICTURES.info(),
        r::PICTURE_DIGESTS.info(),
        r::CHANGES.info(),
        r::EXPORTED.info(),
    ]
}

/// Whether these bytes are a catalogue as CSV without a fault.
pub fn is_sheet(csv: &[u8], currency: crate::money::Currency) -> bool {
    sheet::read_products(csv, currency).is_ok()
}

/// Whether these bytes are a picture that is taken.
pub fn is_picture(bytes: &[u8]) -> bool {
    pictures::encode(bytes).is_ok()
}
