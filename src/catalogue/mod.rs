//! The catalogue (stub).
use crate::classes::{Class, DataKind};
use crate::ids::{OrderNumber, ProductId, VariantId};
use crate::locale::{Locale, Text};
use crate::money::Money;
use crate::refusal::{Decided, Kind, Refusal};
use crate::store::{Field, Plan, Record, StoreResult, Table, View};
use serde::{Deserialize, Serialize};

#[derive(Default)]
pub struct Cache {}
/// The categories as (address, name), for the head of every page.
pub fn menu(_view: &View<'_>, _l: Locale) -> StoreResult<Vec<(String, String)>> {
    Ok(Vec::new())
}
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bilingual {
    pub en: String,
    pub zh: String,
}
impl Record for Bilingual {
    const FIELDS: &'static [Field] =
        &[Field::new("en", DataKind::Nothing), Field::new("zh", DataKind::Nothing)];
}
impl Bilingual {
    pub fn get(&self, l: Locale) -> &str {
        let (first, other) = l.pick((&self.en, &self.zh), (&self.zh, &self.en));
        if first.is_empty() { other } else { first }
    }
}
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Offer {
    pub variant: VariantId,
    pub product: ProductId,
    pub slug: String,
    pub title: Bilingual,
    pub options: Bilingual,
    pub sku: String,
    pub price: Money,
    pub stock: u32,
    pub weight_g: u32,
    pub picture: Option<String>,
    pub on_sale: bool,
}
impl Record for Offer {
    const FIELDS: &'static [Field] = &[
        Field::new("variant", DataKind::Nothing),
        Field::new("product", DataKind::Nothing),
        Field::new("slug", DataKind::Nothing),
        Field::new("title", DataKind::Nothing),
        Field::new("options", DataKind::Nothing),
        Field::new("sku", DataKind::Nothing),
        Field::new("price", DataKind::Nothing),
        Field::new("stock", DataKind::Nothing),
        Field::new("weight_g", DataKind::Nothing),
        Field::new("picture", DataKind::Nothing),
        Field::new("on_sale", DataKind::Nothing),
    ];
}
pub const STUB_OFFERS: Table<VariantId, Offer> = Table::new("stub_offers", Class::Public);
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Movement {
    Cancelled,
}
pub fn offer(view: &View<'_>, variant: VariantId) -> StoreResult<Option<Offer>> {
    view.get(&STUB_OFFERS, &variant)
}
pub fn take_stock(plan: &mut Plan<'_>, variant: VariantId, quantity: u32, _order: &OrderNumber) -> Decided<()> {
    let mut offer = offer(plan, variant)?.ok_or_else(Refusal::not_found)?;
    let left = offer.stock.checked_sub(quantity);
    offer.stock = left.ok_or_else(|| Refusal::of(Kind::Conflict, Text::new("Too few.", "库存不足。")))?;
    Ok(plan.put(&STUB_OFFERS, &variant, &offer)?)
}
pub fn give_back(
    plan: &mut Plan<'_>,
    variant: VariantId,
    quantity: u32,
    _order: &OrderNumber,
    _why: Movement,
) -> StoreResult<()> {
    let Some(mut offer) = offer(plan, variant)? else { return Ok(()) };
    offer.stock += quantity;
    plan.put(&STUB_OFFERS, &variant, &offer)
}
pub fn routes() -> Vec<crate::web::Route> { vec![] }
pub fn tables() -> Vec<crate::store::TableInfo> { vec![] }
pub fn stock_faults(_v: &crate::store::View<'_>) -> crate::store::StoreResult<Vec<String>> { Ok(vec![]) }
pub fn pictures_named(_c: &[u8]) -> Vec<String> { vec![] }
pub fn variants_on_sale(_s: &crate::shop::Shop) -> crate::store::StoreResult<Vec<crate::ids::VariantId>> { Ok(vec![]) }
#[derive(serde::Serialize)] pub struct ImportReport {}
impl std::fmt::Display for ImportReport { fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
pub fn import(_s: &crate::shop::Shop, _c: &[u8], _p: &mut dyn FnMut(&str) -> Option<Vec<u8>>) -> Result<ImportReport, Vec<String>> { Ok(ImportReport {}) }
pub fn import_categories(_s: &crate::shop::Shop, _c: &[u8]) -> Result<(), Vec<String>> { Ok(()) }
pub fn addresses(_s: &crate::shop::Shop) -> crate::store::StoreResult<Vec<String>> { Ok(vec![]) }
