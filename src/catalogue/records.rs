//! What the catalogue stores. All of it is public and lies unsealed: nothing here names a person.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, PictureId, ProductId, StaffId, VariantId};
use crate::locale::Locale;
use crate::money::Money;
use crate::store::floor::Mark;
use crate::store::{Field, Id, Key, Record, Table};

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// A text in both languages; either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bilingual {
    pub en: String,
    pub zh: String,
}

impl Bilingual {
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// The text in this language, or in the other one where this one is empty.
    pub fn get(&self, l: Locale) -> &str {
        let (first, other) = l.pick((&self.en, &self.zh), (&self.zh, &self.en));
        if first.is_empty() { other } else { first }
    }

    pub fn is_empty(&self) -> bool {
        self.en.is_empty() && self.zh.is_empty()
    }

    /// Reads both languages off one line, `Size / 尺寸`. Where the part after ` / ` is not Chinese,
    /// or the one before it is, the line is one text (`Red / Blue`, `红 / 蓝`).
    pub fn from_line(line: &str) -> Self {
        let line = line.trim();
        match line.split_once(" / ") {
            Some((en, zh)) if is_chinese(zh) && !is_chinese(en) => Self::new(en.trim(), zh.trim()),
            _ => Self::new(line, ""),
        }
    }

    /// Both languages on one line, as [`Bilingual::from_line`] reads them.
    pub fn to_line(&self) -> String {
        match (self.en.as_str(), self.zh.as_str()) {
            (one, "") | ("", one) => one.to_owned(),
            (en, zh) => format!("{en} / {zh}"),
        }
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(is_chinese_letter)
}

pub(super) const fn is_chinese_letter(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

impl Record for Bilingual {
    const FIELDS: &'static [Field] = &[plain("en"), plain("zh")];
}

/// Whether a product is in the shop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Status {
    /// Being written; staff alone see it.
    Draft,
    /// On sale.
    Active,
    /// No longer sold; kept for old orders.
    Archived,
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Active, Self::Draft, Self::Archived];

    /// The word in forms and in the CSV.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.id() == text)
    }
}

/// A picture in `media/`, as products name it. Width and height are those of its largest file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Picture {
    pub id: PictureId,
    pub width: u32,
    pub height: u32,
}

impl Record for Picture {
    const FIELDS: &'static [Field] = &[plain("id"), plain("width"), plain("height")];
}

/// A category. Counted, because there are few and they are named by staff.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct CategoryId(pub u64);

impl Key for CategoryId {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        u64::from_bytes(bytes).map(Self)
    }
}

impl Id for CategoryId {
    const WIDTH: usize = 8;
}

/// A product: what its variants share.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProductRow {
    /// Where its page is.
    pub slug: String,
    pub title: Bilingual,
    pub description: Bilingual,
    pub categories: Vec<CategoryId>,
    pub tags: Vec<String>,
    pub status: Status,
    pub pictures: Vec<Picture>,
    /// At most three ("Size", "Colour"); each variant has one value for each.
    pub option_names: Vec<Bilingual>,
    /// Counts up with each new product; the newest has the highest.
    pub serial: u64,
    pub created: Timestamp,
    pub changed: Timestamp,
    /// Counts up with each change of this row, so that two editors see each other.
    pub version: u64,
}

impl Record for ProductRow {
    const FIELDS: &'static [Field] = &[
        plain("slug"),
        Field::of::<Bilingual>("title", DataKind::Nothing),
        Field::of::<Bilingual>("description", DataKind::Nothing),
        plain("categories"),
        plain("tags"),
        plain("status"),
        Field::of::<Picture>("pictures", DataKind::Nothing),
        Field::of::<Bilingual>("option_names", DataKind::Nothing),
        plain("serial"),
        plain("created"),
        plain("changed"),
        plain("version"),
    ];
}

/// One variant: what is priced, stocked and sold.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct VariantRow {
    pub product: ProductId,
    /// One value for each option name of the product.
    pub options: Vec<Bilingual>,
    pub sku: String,
    pub price: Money,
    pub weight_g: u32,
    /// Its place among the variants of the product.
    pub position: u32,
}

impl Record for VariantRow {
    const FIELDS: &'static [Field] = &[
        plain("product"),
        Field::of::<Bilingual>("options", DataKind::Nothing),
        plain("sku"),
        plain("price"),
        plain("weight_g"),
        plain("position"),
    ];
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CategoryRow {
    pub slug: String,
    pub title: Bilingual,
    pub description: Bilingual,
    pub position: u32,
}

impl Record for CategoryRow {
    const FIELDS: &'static [Field] = &[
        plain("slug"),
        Field::of::<Bilingual>("title", DataKind::Nothing),
        Field::of::<Bilingual>("description", DataKind::Nothing),
        plain("position"),
    ];
}

/// Whose page an address is. An address that a product had before stays its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductSlug {
    pub product: ProductId,
}

impl Record for ProductSlug {
    const FIELDS: &'static [Field] = &[plain("product")];
}

/// The same for categories.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CategorySlug {
    pub category: CategoryId,
}

impl Record for CategorySlug {
    const FIELDS: &'static [Field] = &[plain("category")];
}

/// How many pieces of a variant there are: always the sum of its movements.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StockRow {
    pub count: u32,
    /// How many movements there were; the next one takes this number.
    pub moves: u64,
    /// When a piece was sold last.
    pub sold_at: Option<Timestamp>,
}

impl Record for StockRow {
    const FIELDS: &'static [Field] = &[plain("count"), plain("moves"), plain("sold_at")];
}

/// Why a stock changed. A choice and no text, so that nobody can be named in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Movement {
    /// The first count.
    Start,
    /// Goods came in.
    Received,
    /// An order took them.
    Sold,
    /// The order that took them was cancelled.
    Cancelled,
    /// The customer sent them back.
    Returned,
    /// Somebody counted.
    Counted,
    /// Broken, spoiled or gone.
    Lost,
    /// A CSV file said so.
    Imported,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MovementRow {
    pub at: Timestamp,
    pub change: i64,
    pub why: Movement,
    pub order: Option<OrderNumber>,
    /// Which member of staff changed it by hand.
    pub staff: Option<StaffId>,
}

impl Record for MovementRow {
    const FIELDS: &'static [Field] =
        &[plain("at"), plain("change"), plain("why"), plain("order"), plain("staff")];
}

/// What lists know and show of a product, so that none is read whole for them. Made anew with each
/// change of the product or its variants; only the sales are counted here and nowhere else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShelvedRow {
    pub slug: String,
    /// That of the product.
    pub serial: u64,
    pub status: Status,
    pub categories: Vec<CategoryId>,
    pub title: Bilingual,
    /// The first one.
    pub picture: Option<Picture>,
    /// The lowest and the highest; `None` without variants.
    pub prices: Option<(Money, Money)>,
    /// Pieces of all variants together.
    pub stock: u64,
    /// It is tagged to lead the popular ones, or the new ones.
    pub leads_popular: bool,
    pub leads_new: bool,
    /// How many pieces were sold and kept.
    pub sold: u64,
}

impl Record for ShelvedRow {
    const FIELDS: &'static [Field] = &[
        plain("slug"),
        plain("serial"),
        plain("status"),
        plain("categories"),
        Field::of::<Bilingual>("title", DataKind::Nothing),
        Field::of::<Picture>("picture", DataKind::Nothing),
        plain("prices"),
        plain("stock"),
        plain("leads_popular"),
        plain("leads_new"),
        plain("sold"),
    ];
}

/// What of a product is searched, as search compares it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WordsRow {
    /// Folded: titles, SKUs, then tags and descriptions.
    pub text: String,
    /// Where the titles end, in bytes.
    pub titles: u32,
    /// Where the SKUs after them end.
    pub names: u32,
}

impl Record for WordsRow {
    const FIELDS: &'static [Field] = &[plain("text"), plain("titles"), plain("names")];
}

/// A picture that was taken in, by the content it came as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PictureRow {
    pub picture: Picture,
    /// SHA-256 of the file as it was uploaded.
    pub digest: [u8; 32],
}

impl Record for PictureRow {
    const FIELDS: &'static [Field] = &[Field::of::<Picture>("picture", DataKind::Nothing), plain("digest")];
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PictureRef {
    pub picture: PictureId,
}

impl Record for PictureRef {
    const FIELDS: &'static [Field] = &[plain("picture")];
}

/// What a change of the catalogue touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Touched {
    /// Anything of a product that its pages show.
    Product(ProductId),
    /// Pieces of a product went or came back, and its pages look as before.
    Sold(ProductId),
    Categories,
    Everything,
}

/// The changes since a version, so that the catalogue in memory can follow them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangeRow {
    pub touched: Touched,
}

impl Record for ChangeRow {
    const FIELDS: &'static [Field] = &[plain("touched")];
}

/// When the catalogue was exported last, to tell what was sold since.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ExportedRow {
    pub at: Timestamp,
}

impl Record for ExportedRow {
    const FIELDS: &'static [Field] = &[plain("at")];
}

pub const PRODUCTS: Table<ProductId, ProductRow> = Table::new("products", Class::Public);
pub const PRODUCT_SLUGS: Table<String, ProductSlug> = Table::new("product_slugs", Class::Public);
pub const VARIANTS: Table<VariantId, VariantRow> = Table::new("variants", Class::Public);
/// The variants of each product.
pub const VARIANTS_OF: Table<(ProductId, VariantId), Mark> = Table::new("variants_of", Class::Public);
/// The products in each category, whatever their status.
pub const PRODUCTS_IN: Table<(CategoryId, ProductId), Mark> = Table::new("products_in", Class::Public);
/// The products that show a picture.
pub const PRODUCTS_SHOWING: Table<(PictureId, ProductId), Mark> =
    Table::new("products_showing", Class::Public);
pub const CATEGORIES: Table<CategoryId, CategoryRow> = Table::new("categories", Class::Public);
pub const CATEGORY_SLUGS: Table<String, CategorySlug> = Table::new("category_slugs", Class::Public);
pub const STOCK: Table<VariantId, StockRow> = Table::new("stock", Class::Public);
/// The movements of each variant, numbered from 0.
pub const STOCK_MOVEMENTS: Table<(VariantId, u64), MovementRow> =
    Table::new("stock_movements", Class::Public);
pub const SHELVED: Table<ProductId, ShelvedRow> = Table::new("shelved", Class::Public);
pub const WORDS: Table<ProductId, WordsRow> = Table::new("product_words", Class::Public);
pub const PICTURES: Table<PictureId, PictureRow> = Table::new("pictures", Class::Public);
pub const PICTURE_DIGESTS: Table<[u8; 32], PictureRef> = Table::new("picture_digests", Class::Public);
/// By the version of the catalogue that the change led to.
pub const CHANGES: Table<u64, ChangeRow> = Table::new("catalogue_changes", Class::Public);
pub const EXPORTED: Table<(), ExportedRow> = Table::new("catalogue_exported", Class::Public);
