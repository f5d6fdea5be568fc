//! What the catalogue stores. All of it is public and lies unsealed: nothing here names a person.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{OrderNumber, PictureId, ProductId, StaffId, VariantId};
use crate::locale::Locale;
use crate::money::Money;
use crate::store::floor::Mark;
use crate::store::{Id, Key, record, tables};

record! {
    /// A text in both languages; either may be empty.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Bilingual {
        pub en: String = NotPersonal,
        pub zh: String = NotPersonal,
    }
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

record! {
    /// A picture in `media/`, as products name it. Width and height are those of its largest file.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Picture {
        pub id: PictureId = NotPersonal,
        pub width: u32 = NotPersonal,
        pub height: u32 = NotPersonal,
    }
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

record! {
    /// A product: what its variants share.
    #[derive(Clone, PartialEq, Debug)]
    pub struct ProductRow {
        /// Where its page is.
        pub slug: String = NotPersonal,
        pub title: Bilingual = NotPersonal of Bilingual,
        pub description: Bilingual = NotPersonal of Bilingual,
        pub categories: Vec<CategoryId> = NotPersonal,
        pub tags: Vec<String> = NotPersonal,
        pub status: Status = NotPersonal,
        pub pictures: Vec<Picture> = NotPersonal of Picture,
        /// At most three ("Size", "Colour"); each variant has one value for each.
        pub option_names: Vec<Bilingual> = NotPersonal of Bilingual,
        /// Counts up with each new product; the newest has the highest.
        pub serial: u64 = NotPersonal,
        pub created: Timestamp = NotPersonal,
        pub changed: Timestamp = NotPersonal,
        /// Counts up with each change of this row, so that two editors see each other.
        pub version: u64 = NotPersonal,
    }
}

record! {
    /// One variant: what is priced, stocked and sold.
    #[derive(Clone, PartialEq, Debug)]
    pub struct VariantRow {
        pub product: ProductId = NotPersonal,
        /// One value for each option name of the product.
        pub options: Vec<Bilingual> = NotPersonal of Bilingual,
        pub sku: String = NotPersonal,
        pub price: Money = NotPersonal,
        pub weight_g: u32 = NotPersonal,
        /// Its place among the variants of the product.
        pub position: u32 = NotPersonal,
    }
}

record! {
    #[derive(Clone, PartialEq, Debug)]
    pub struct CategoryRow {
        pub slug: String = NotPersonal,
        pub title: Bilingual = NotPersonal of Bilingual,
        pub description: Bilingual = NotPersonal of Bilingual,
        pub position: u32 = NotPersonal,
    }
}

record! {
    /// Whose page an address is. An address that a product had before stays its own.
    #[derive(Clone, Debug)]
    pub struct ProductSlug {
        pub product: ProductId = NotPersonal,
    }
}

record! {
    /// The same for categories.
    #[derive(Clone, Debug)]
    pub struct CategorySlug {
        pub category: CategoryId = NotPersonal,
    }
}

record! {
    /// How many pieces of a variant there are: always the sum of its movements.
    #[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
    pub struct StockRow {
        pub count: u32 = NotPersonal,
        /// How many movements there were; the next one takes this number.
        pub moves: u64 = NotPersonal,
        /// When a piece was sold last.
        pub sold_at: Option<Timestamp> = NotPersonal,
    }
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

record! {
    #[derive(Clone, PartialEq, Debug)]
    pub struct MovementRow {
        pub at: Timestamp = NotPersonal,
        pub change: i64 = NotPersonal,
        pub why: Movement = NotPersonal,
        pub order: Option<OrderNumber> = NotPersonal,
        /// Which member of staff changed it by hand.
        pub staff: Option<StaffId> = NotPersonal,
    }
}

record! {
    /// What lists know and show of a product, so that none is read whole for them. Made anew with each
    /// change of the product or its variants; only the sales are counted here and nowhere else.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ShelvedRow {
        pub slug: String = NotPersonal,
        /// That of the product.
        pub serial: u64 = NotPersonal,
        pub status: Status = NotPersonal,
        pub categories: Vec<CategoryId> = NotPersonal,
        pub title: Bilingual = NotPersonal of Bilingual,
        /// The first one.
        pub picture: Option<Picture> = NotPersonal of Picture,
        /// The lowest and the highest; `None` without variants.
        pub prices: Option<(Money, Money)> = NotPersonal,
        /// Pieces of all variants together.
        pub stock: u64 = NotPersonal,
        /// It is tagged to lead the popular ones, or the new ones.
        pub leads_popular: bool = NotPersonal,
        pub leads_new: bool = NotPersonal,
        /// How many pieces were sold and kept.
        pub sold: u64 = NotPersonal,
    }
}

record! {
    /// What of a product is searched, as search compares it.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct WordsRow {
        /// Folded: titles, SKUs, then tags and descriptions.
        pub text: String = NotPersonal,
        /// Where the titles end, in bytes.
        pub titles: u32 = NotPersonal,
        /// Where the SKUs after them end.
        pub names: u32 = NotPersonal,
    }
}

record! {
    /// A picture that was taken in, by the content it came as.
    #[derive(Clone, Debug)]
    pub struct PictureRow {
        pub picture: Picture = NotPersonal of Picture,
        /// SHA-256 of the file as it was uploaded.
        pub digest: [u8; 32] = NotPersonal,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct PictureRef {
        pub picture: PictureId = NotPersonal,
    }
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

record! {
    /// The changes since a version, so that the catalogue in memory can follow them.
    #[derive(Clone, Debug)]
    pub struct ChangeRow {
        pub touched: Touched = NotPersonal,
    }
}

record! {
    /// When the catalogue was exported last, to tell what was sold since.
    #[derive(Clone, Copy, Debug)]
    pub struct ExportedRow {
        pub at: Timestamp = NotPersonal,
    }
}

tables! {
    pub PICTURE_DIGESTS: [u8; 32] => PictureRef = "picture_digests" of Public;
    pub PRODUCTS: ProductId => ProductRow = "products" of Public;
    pub PRODUCT_SLUGS: String => ProductSlug = "product_slugs" of Public;
    pub VARIANTS: VariantId => VariantRow = "variants" of Public;
    /// The variants of each product.
    pub VARIANTS_OF: (ProductId, VariantId) => Mark = "variants_of" of Public;
    /// The products in each category, whatever their status.
    pub PRODUCTS_IN: (CategoryId, ProductId) => Mark = "products_in" of Public;
    /// The products that show a picture.
    pub PRODUCTS_SHOWING: (PictureId, ProductId) => Mark = "products_showing" of Public;
    pub CATEGORIES: CategoryId => CategoryRow = "categories" of Public;
    pub CATEGORY_SLUGS: String => CategorySlug = "category_slugs" of Public;
    pub STOCK: VariantId => StockRow = "stock" of Public;
    /// The movements of each variant, numbered from 0.
    pub STOCK_MOVEMENTS: (VariantId, u64) => MovementRow = "stock_movements" of Public;
    pub SHELVED: ProductId => ShelvedRow = "shelved" of Public;
    pub WORDS: ProductId => WordsRow = "product_words" of Public;
    pub PICTURES: PictureId => PictureRow = "pictures" of Public;
    /// By the version of the catalogue that the change led to.
    pub CHANGES: u64 => ChangeRow = "catalogue_changes" of Public;
    pub EXPORTED: () => ExportedRow = "catalogue_exported" of Public;
}
