//! The catalogue: products and their variants, categories, pictures and stock; the shop's pages that
//! show them; their back office; and the CSV they come in and go out by.
//!
//! - [`offer`] is what can be bought; [`take_stock`] and [`give_back`] are the only ways that orders
//!   change a stock, and [`faults`] checks them.
//! - [`read`] is what pages are drawn from: lists and orders in memory, products as they are needed.
//! - [`import`], [`import_categories`] and [`export`] are the CSV; [`store_picture`] takes in a picture.
//! - [`menu`], [`addresses`] and [`product_page_again`] serve the frame, the sitemap and the cart.

mod admin;
mod admin_categories;
mod admin_category_pages;
mod admin_pages;
mod admin_variant_pages;
mod admin_variants;
mod bounded;
mod export;
mod import;
mod kept;
mod lists;
mod pages;
mod pictures;
mod product;
mod reader;
mod records;
#[cfg(test)]
mod route_tests;
mod routes;
mod rules;
mod search;
mod sheet;
mod shelving;
mod slug;
mod stock;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use export::export;
pub use import::{ImportReport, SoldSince, import, import_categories};
pub use lists::{Category, Sort};
pub use pictures::store_picture;
pub use product::{Product, Variant};
pub use reader::{Cache, Reader, Wish, read};
pub use records::{Bilingual, CategoryId, Movement, MovementRow, Picture, Status};
pub use routes::product_page_again;
pub use search::{Query, fold};
pub use sheet::LineProblem;
pub use slug::{category_path, product_path};
pub use stock::{give_back, movements, take_stock};

use crate::ids::{ProductId, VariantId};
use crate::locale::Locale;
use crate::money::Money;
use crate::room::{self, Job, Room, When};
use crate::shop::Shop;
use crate::store::{Decided, StoreError, StoreResult, View};

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[records::TABLES],
    routes: routes::routes,
    jobs: JOBS,
    checks: &[faults],
    ..Room::named("catalogue")
};

const JOBS: &[Job] = &[Job {
    when: When::AtStart,
    ..Job::every("warm-catalogue", Duration::ZERO, |shop| room::run(warm_aside(shop)))
}];

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
    let catalogue = read(shop)?;
    let entry =
        |category: &Category| (category_path(&category.row.slug), category.row.title.get(l).to_owned());
    Ok(catalogue.categories().iter().map(entry).collect())
}

/// Where what is on sale is, for the sitemap: the home page, categories that are not empty, and up to
/// `most` products.
pub fn addresses(shop: &Shop, most: usize) -> StoreResult<Vec<String>> {
    let catalogue = read(shop)?;
    let mut addresses = vec!["/".to_owned()];
    let filled = |category: &&Category| catalogue.count(Some(category.id)) > 0;
    addresses.extend(catalogue.categories().iter().filter(filled).map(|c| category_path(&c.row.slug)));
    addresses.extend(catalogue.slugs(most)?.iter().map(|slug| product_path(slug)));
    Ok(addresses)
}

/// What is wrong with what is kept beside the catalogue, a sentence for each (`tuckshop check`).
pub fn faults(view: &View<'_>) -> StoreResult<Vec<String>> {
    let mut faults = stock::stock_faults(view)?;
    faults.extend(shelving::faults(view)?);
    Ok(faults)
}

/// Makes the catalogue ready to be read and searched, so that the first visitor need not wait.
pub fn warm(shop: &Shop) -> StoreResult<()> {
    read(shop)?.warm()
}

/// The address of a search for a phrase.
pub fn search_path(phrase: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", phrase).finish();
    format!("/search?{query}")
}

/// What a product on sale is called, and its address.
///
/// # Errors
/// If the store could not be read.
pub fn name_and_path(shop: &Shop, product: ProductId, l: Locale) -> StoreResult<Option<(String, String)>> {
    let found = reader::read(shop)?.product(product)?.filter(|product| product.is_on_sale());
    Ok(found.map(|product| (product.row.title.get(l).to_owned(), product_path(&product.row.slug))))
}

/// Whether these bytes are a catalogue as CSV without a fault.
pub fn is_sheet(csv: &[u8], currency: crate::money::Currency) -> bool {
    sheet::read_products(csv, currency).is_ok()
}

/// Whether these bytes are a picture that is taken.
pub fn is_picture(bytes: &[u8]) -> bool {
    pictures::encode(bytes).is_ok()
}

/// Makes ready what the first visitors would otherwise wait for.
async fn warm_aside(shop: Shop) -> Decided<()> {
    let warmed = tokio::task::spawn_blocking(move || warm(&shop)).await;
    Ok(warmed.unwrap_or(Err(StoreError::Panicked))?)
}
