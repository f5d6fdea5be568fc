//! A product as pages show it: whole with its variants and their stock, or as a card in a list.

use super::records::{PRODUCTS, ProductRow, SHELVED, STOCK, ShelvedRow, Status, VariantRow};
use super::rules::variants_of;
use crate::ids::{ProductId, VariantId};
use crate::money::Money;
use crate::store::{StoreResult, View};

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
}

impl Product {
    pub(super) fn read(view: &View<'_>, id: ProductId) -> StoreResult<Option<Self>> {
        let Some(row) = view.get(&PRODUCTS, &id)? else { return Ok(None) };
        let mut variants = Vec::new();
        for (id, row) in variants_of(view, id)? {
            variants.push(Variant { id, row, stock: view.get(&STOCK, &id)?.unwrap_or_default().count });
        }
        let sold = view.get(&SHELVED, &id)?.map_or(0, |row| row.sold);
        Ok(Some(Self { id, row, variants, sold }))
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
        prices(self.variants.iter().map(|variant| variant.row.price))
    }

    pub fn variant(&self, id: VariantId) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    /// About how many bytes it takes in memory.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.row.title, &self.row.description];
        let texts: usize = texts.into_iter().map(|text| text.en.len() + text.zh.len()).sum();
        texts + 600 + 300 * self.variants.len()
    }
}

/// The lowest and the highest of prices in the shop's one currency.
pub(super) fn prices(all: impl Iterator<Item = Money> + Clone) -> Option<(Money, Money)> {
    let by_amount = |price: &Money| price.minor;
    all.clone().min_by_key(by_amount).zip(all.max_by_key(by_amount))
}

/// A product in a list.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: ProductId,
    pub row: ShelvedRow,
}

impl Card {
    pub(super) fn read(view: &View<'_>, id: ProductId) -> StoreResult<Option<Self>> {
        Ok(view.get(&SHELVED, &id)?.map(|row| Self { id, row }))
    }

    /// About how many bytes it takes in memory.
    pub(super) fn weight(&self) -> usize {
        self.row.title.en.len() + self.row.title.zh.len() + 350
    }
}
