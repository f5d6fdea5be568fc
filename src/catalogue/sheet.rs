//! Reading the catalogue's CSV: header and cells, and what each row says. Nothing is changed here;
//! everything that is wrong is told at once, each with its line.

use std::collections::HashMap;
use std::fmt;

use super::records::{Bilingual, Status};
use super::rules::{MOST_OPTIONS, MOST_PICTURES, MOST_VARIANTS};
use super::{slug, stock};
use crate::money::{Currency, Money};
use crate::web::form::MOST_TEXT;

/// The columns of products, in the order of an export.
pub(super) const COLUMNS: [&str; 19] = [
    "handle",
    "title",
    "price",
    "stock",
    "sku",
    "category",
    "description",
    "option1_name",
    "option1_value",
    "option2_name",
    "option2_value",
    "option3_name",
    "option3_value",
    "title_zh",
    "description_zh",
    "picture",
    "weight_g",
    "tags",
    "status",
];
const NEEDED: [&str; 4] = ["handle", "title", "price", "stock"];
const CATEGORY_COLUMNS: [&str; 6] =
    ["slug", "title", "title_zh", "description", "description_zh", "position"];
const CATEGORY_NEEDED: [&str; 2] = ["slug", "title"];

/// The longest title, in letters.
pub(super) const MOST_TITLE: usize = 200;
/// The longest SKU.
pub(super) const MOST_SKU: usize = 64;
/// The longest option name or value, both languages together.
pub(super) const MOST_OPTION: usize = 120;
/// The longest tag, and how many a product has.
pub(super) const MOST_TAG: usize = 40;
pub(super) const MOST_TAGS: usize = 30;
/// The heaviest piece, in grams.
pub(super) const MOST_WEIGHT: u32 = 10_000_000;

/// What is wrong with a line of a file. Line 0 stands for the file as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineProblem {
    pub line: u64,
    /// The column; empty for the whole line.
    pub column: String,
    pub text: String,
}

impl LineProblem {
    pub(super) fn new(line: u64, column: &str, text: impl Into<String>) -> Self {
        Self { line, column: column.to_owned(), text: text.into() }
    }
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column.as_str()) {
            (0, _) => f.write_str(&self.text),
            (line, "") => write!(f, "line {line}: {}", self.text),
            (line, column) => write!(f, "line {line}, {column}: {}", self.text),
        }
    }
}

/// What a row says of its variant's stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StockCell {
    Leave,
    Add(u32),
    Set(u32),
}

/// A variant as its row tells it. Empty cells leave what there is.
#[derive(Clone, Debug)]
pub(super) struct VariantCells {
    pub line: u64,
    pub price: Money,
    pub stock: StockCell,
    pub sku: String,
    pub values: Vec<Bilingual>,
    pub weight_g: Option<u32>,
}

/// A product as its rows tell it. Empty cells leave what there is.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub handle: String,
    /// Where it begins.
    pub line: u64,
    pub title: Bilingual,
    pub description: Bilingual,
    pub categories: Vec<String>,
    pub tags: Vec<String>,
    pub status: Option<Status>,
    /// Names of files, with the line that names them.
    pub pictures: Vec<(u64, String)>,
    pub option_names: Vec<Bilingual>,
    pub variants: Vec<VariantCells>,
}

/// A category as its row tells it.
#[derive(Clone, Debug)]
pub(super) struct CategoryCells {
    pub slug: String,
    pub title: Bilingual,
    pub description: Bilingual,
    pub position: Option<u32>,
}

/// The cells of one row.
struct Cells {
    line: u64,
    known: &'static [&'static str],
    values: Vec<String>,
}

impl Cells {
    /// The cell of a column, without the spaces around it; empty if the file has no such column.
    fn get(&self, column: &str) -> &str {
        let place = self.known.iter().position(|known| *known == column);
        place.and_then(|place| self.values.get(place)).map_or("", |value| value.trim())
    }
}

/// What was found wrong so far.
type Wrong = Vec<LineProblem>;

/// Reads the products of a file: rows of one handle are variants of one product.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read_products(csv: &[u8], currency: Currency) -> Result<Vec<Entry>, Wrong> {
    let rows = read_cells(csv, &COLUMNS, &NEEDED)?;
    let mut wrong = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in &rows {
        let handle = row.get("handle");
        if !slug::is_sound(handle) {
            let text = if handle.is_empty() {
                "the handle is missing".to_owned()
            } else {
                format!("{handle:?} cannot be a handle: use letters, digits, - _ and . only")
            };
            wrong.push(LineProblem::new(row.line, "handle", text));
            continue;
        }
        let place = *places.entry(handle.to_owned()).or_insert_with(|| {
            entries.push(blank(handle, row.line));
            entries.len() - 1
        });
        add_row(&mut entries[place], row, currency, &mut wrong);
    }
    for entry in &entries {
        check_variants(entry, &mut wrong);
    }
    if wrong.is_empty() { Ok(entries) } else { Err(sorted(wrong)) }
}

fn sorted(mut wrong: Wrong) -> Wrong {
    wrong.sort_by_key(|problem| problem.line);
    wrong
}

fn blank(handle: &str, line: u64) -> Entry {
    Entry {
        handle: handle.to_owned(),
        line,
        title: Bilingual::default(),
        description: Bilingual::default(),
        categories: Vec::new(),
        tags: Vec::new(),
        status: None,
        pictures: Vec::new(),
        option_names: Vec::new(),
        variants: Vec::new(),
    }
}

fn add_row(entry: &mut Entry, row: &Cells, currency: Currency, wrong: &mut Wrong) {
    agree(&mut entry.title.en, row, "title", text_in(row, "title", MOST_TITLE, false, wrong), wrong);
    agree(&mut entry.title.zh, row, "title_zh", text_in(row, "title_zh", MOST_TITLE, false, wrong), wrong);
    let description = text_in(row, "description", MOST_TEXT, true, wrong);
    agree(&mut entry.description.en, row, "description", description, wrong);
    let description = text_in(row, "description_zh", MOST_TEXT, true, wrong);
    agree(&mut entry.description.zh, row, "description_zh", description, wrong);
    add_categories(entry, row, wrong);
    add_tags(entry, row, wrong);
    add_status(entry, row, wrong);
    for name in row.get("picture").split('|').map(str::trim).filter(|name| !name.is_empty()) {
        if !entry.pictures.iter().any(|(_, known)| known == name) {
            entry.pictures.push((row.line, name.to_owned()));
        }
    }
    if entry.pictures.len() > MOST_PICTURES {
        let text = format!("a product has at most {MOST_PICTURES} pictures");
        wrong.push(LineProblem::new(row.line, "picture", text));
    }
    let values = options_of(entry, row, wrong);
    let price = Money::parse(row.get("price"), currency);
    if price.is_none() {
        let (cell, code) = (row.get("price"), currency.code());
        let text = match cell {
            "" => "the price is missing".to_owned(),
            _ => format!("{cell:?} is not a price in {code}"),
        };
        wrong.push(LineProblem::new(row.line, "price", text));
    }
    let stock = stock_cell(row, wrong);
    let weight_g = number_in(row, "weight_g", MOST_WEIGHT, wrong);
    let sku = text_in(row, "sku", MOST_SKU, false, wrong);
    entry.variants.push(VariantCells {
        line: row.line,
        price: price.unwrap_or(Money::zero(currency)),
        stock,
        sku,
        values,
        weight_g,
    });
}

/// A cell of the product in one of its rows: all that say it say the same.
fn agree(stored: &mut String, row: &Cells, column: &str, said: String, wrong: &mut Wrong) {
    if stored.is_empty() {
        *stored = said;
    } else if !said.is_empty() && *stored != said {
        wrong.push(LineProblem::new(row.line, column, "differs from an earlier row of this product"));
    }
}

fn text_in(row: &Cells, column: &str, most: usize, several_lines: bool, wrong: &mut Wrong) -> String {
    let cell = row.get(column).replace("\r\n", "\n");
    let kept = |c: char| !c.is_control() || (several_lines && matches!(c, '\n' | '\t'));
    if !cell.chars().all(kept) {
        wrong.push(LineProblem::new(row.line, column, "holds a control character or a line break"));
        return String::new();
    }
    if cell.chars().count() > most {
        wrong.push(LineProblem::new(row.line, column, format!("is longer than {most} letters")));
        return String::new();
    }
    cell
}

fn add_categories(entry: &mut Entry, row: &Cells, wrong: &mut Wrong) {
    let names: Vec<String> =
        row.get("category").split('|').map(|name| name.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    if let Some(name) = names.iter().find(|name| !slug::is_sound(name)) {
        let text = format!("{name:?} cannot be a category's slug: use letters, digits, - _ and . only");
        wrong.push(LineProblem::new(row.line, "category", text));
        return;
    }
    if entry.categories.is_empty() {
        entry.categories = names;
    } else if !names.is_empty() && names != entry.categories {
        wrong.push(LineProblem::new(row.line, "category", "differs from an earlier row of this product"));
    }
}

fn add_tags(entry: &mut Entry, row: &Cells, wrong: &mut Wrong) {
    let tags = split_tags(&text_in(row, "tags", MOST_TAGS * (MOST_TAG + 1), false, wrong));
    if let Some(problem) = tags_problem(&tags) {
        wrong.push(LineProblem::new(row.line, "tags", problem));
        return;
    }
    if entry.tags.is_empty() {
        entry.tags = tags;
    } else if !tags.is_empty() && tags != entry.tags {
        wrong.push(LineProblem::new(row.line, "tags", "differs from an earlier row of this product"));
    }
}

/// Tags from one line: between `|` or commas, each once.
pub(super) fn split_tags(line: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in line.split(['|', ',', '，', '、']).map(str::trim).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

fn tags_problem(tags: &[String]) -> Option<String> {
    if tags.len() > MOST_TAGS {
        return Some(format!("a product has at most {MOST_TAGS} tags"));
    }
    let long = tags.iter().any(|tag| tag.chars().count() > MOST_TAG);
    long.then(|| format!("a tag has at most {MOST_TAG} letters"))
}

fn add_status(entry: &mut Entry, row: &Cells, wrong: &mut Wrong) {
    let cell = row.get("status");
    if cell.is_empty() {
        return;
    }
    match (Status::parse(cell), entry.status) {
        (None, _) => {
            let text = format!("{cell:?} is not a status; use active, draft or archived");
            wrong.push(LineProblem::new(row.line, "status", text));
        }
        (Some(said), Some(before)) if said != before => {
            wrong.push(LineProblem::new(row.line, "status", "differs from an earlier row of this product"));
        }
        (said, _) => entry.status = said,
    }
}

/// The option values of a row; the names are the first row's.
fn options_of(entry: &mut Entry, row: &Cells, wrong: &mut Wrong) -> Vec<Bilingual> {
    let is_first = entry.variants.is_empty();
    let mut values = Vec::new();
    for number in 1..=MOST_OPTIONS {
        let (name_column, value_column) = (format!("option{number}_name"), format!("option{number}_value"));
        let name = Bilingual::from_line(&text_in(row, &name_column, MOST_OPTION, false, wrong));
        let value = Bilingual::from_line(&text_in(row, &value_column, MOST_OPTION, false, wrong));
        if is_first && !name.is_empty() && entry.option_names.len() + 1 == number {
            entry.option_names.push(name.clone());
        }
        match (entry.option_names.get(number - 1), value.is_empty()) {
            (Some(known), _) if !name.is_empty() && name != *known => {
                let text = "differs from the first row of this product";
                wrong.push(LineProblem::new(row.line, &name_column, text));
            }
            (Some(_), true) => {
                wrong.push(LineProblem::new(row.line, &value_column, "the value of this option is missing"));
            }
            (Some(_), false) => values.push(value),
            (None, false) => {
                let text = "has no option name in the first row of this product";
                wrong.push(LineProblem::new(row.line, &value_column, text));
            }
            (None, true) if !name.is_empty() => {
                let text = "is not an option of the first row of this product";
                wrong.push(LineProblem::new(row.line, &name_column, text));
            }
            (None, true) => {}
        }
    }
    values
}

fn stock_cell(row: &Cells, wrong: &mut Wrong) -> StockCell {
    let cell = row.get("stock");
    if cell.is_empty() {
        return StockCell::Leave;
    }
    let (digits, adds) = cell.strip_prefix('+').map_or((cell, false), |digits| (digits, true));
    match whole_number(digits, stock::MOST) {
        Some(number) if adds => StockCell::Add(number),
        Some(number) => StockCell::Set(number),
        None => {
            let most = stock::MOST;
            let text = format!("{cell:?} is not a stock: leave it empty, or write +5 or 12 (at most {most})");
            wrong.push(LineProblem::new(row.line, "stock", text));
            StockCell::Leave
        }
    }
}

fn number_in(row: &Cells, column: &str, most: u32, wrong: &mut Wrong) -> Option<u32> {
    let cell = row.get(column);
    if cell.is_empty() {
        return None;
    }
    let number = whole_number(cell, most);
    if number.is_none() {
        let text = format!("{cell:?} is not a whole number from 0 to {most}");
        wrong.push(LineProblem::new(row.line, column, text));
    }
    number
}

fn whole_number(text: &str, most: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= most)
}

fn check_variants(entry: &Entry, wrong: &mut Wrong) {
    let mut by_options: HashMap<&[Bilingual], u64> = HashMap::new();
    let mut by_sku: HashMap<&str, u64> = HashMap::new();
    for variant in &entry.variants {
        if variant.values.len() != entry.option_names.len() {
            // Said already, option by option.
            continue;
        }
        // Rows without options may mean variants that there are, by their SKU.
        let told_by_sku = entry.option_names.is_empty() && !variant.sku.is_empty();
        let same = by_options.insert(&variant.values, variant.line).filter(|_| !told_by_sku);
        if let Some(before) = same {
            let text = format!("is the same variant as line {before}: the option values are equal");
            wrong.push(LineProblem::new(variant.line, "", text));
        }
        if variant.sku.is_empty() {
            continue;
        }
        if let Some(before) = by_sku.insert(&variant.sku, variant.line) {
            let text = format!("the variant in line {before} has this SKU too");
            wrong.push(LineProblem::new(variant.line, "sku", text));
        }
    }
    if entry.variants.len() > MOST_VARIANTS {
        let text = format!("a product has at most {MOST_VARIANTS} variants");
        wrong.push(LineProblem::new(entry.line, "handle", text));
    }
}

/// Reads the categories of a file.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read_categories(csv: &[u8]) -> Result<Vec<CategoryCells>, Wrong> {
    let rows = read_cells(csv, &CATEGORY_COLUMNS, &CATEGORY_NEEDED)?;
    let mut wrong = Vec::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut categories = Vec::new();
    for row in &rows {
        let name = row.get("slug");
        if !slug::is_sound(name) {
            let text = format!("{name:?} cannot be a slug: use letters, digits, - _ and . only");
            wrong.push(LineProblem::new(row.line, "slug", text));
        }
        if let Some(before) = lines.insert(name.to_owned(), row.line) {
            wrong.push(LineProblem::new(row.line, "slug", format!("stands in line {before} too")));
        }
        let title = text_in(row, "title", MOST_TITLE, false, &mut wrong);
        if title.is_empty() {
            wrong.push(LineProblem::new(row.line, "title", "the title is missing"));
        }
        let mut text = |column, most| text_in(row, column, most, true, &mut wrong);
        categories.push(CategoryCells {
            slug: name.to_owned(),
            title: Bilingual::new(title, text("title_zh", MOST_TITLE)),
            description: Bilingual::new(text("description", 2000), text("description_zh", 2000)),
            position: number_in(row, "position", 1_000_000, &mut wrong),
        });
    }
    if wrong.is_empty() { Ok(categories) } else { Err(sorted(wrong)) }
}

fn read_cells(
    csv: &[u8],
    known: &'static [&'static str],
    needed: &[&'static str],
) -> Result<Vec<Cells>, Wrong> {
    let csv = csv.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(csv);
    let mut records = reader.byte_records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        Some(Err(error)) => return Err(vec![LineProblem::new(1, "", error.to_string())]),
        None => return Err(vec![LineProblem::new(0, "", "the file is empty")]),
    };
    let columns = read_header(&header, known, needed)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let mut lines = Lines { csv, at: 0, line: 1 };
    for record in records {
        let record = record.map_err(|error| vec![LineProblem::new(0, "", error.to_string())])?;
        let line = lines.line_at(record.position().map_or(0, csv::Position::byte));
        match read_row(&record, line, &columns, known) {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => {}
            Err(problem) => wrong.push(problem),
        }
    }
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

/// Counts the lines of a file up to its records. The reader's own count is one short after `\r\n`
/// and after empty lines.
struct Lines<'a> {
    csv: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that is read from this byte on; records are asked for in their order.
    fn line_at(&mut self, byte: u64) -> u64 {
        let start = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(&letter) = self.csv.get(self.at) {
            if self.at >= start && !matches!(letter, b'\r' | b'\n') {
                break;
            }
            let ends_line = match letter {
                b'\n' => true,
                b'\r' => self.csv.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends_line);
            self.at += 1;
        }
        self.line
    }
}

/// Which column each field is: places in `known`.
fn read_header(
    header: &csv::ByteRecord,
    known: &'static [&'static str],
    needed: &[&'static str],
) -> Result<Vec<usize>, Wrong> {
    let mut columns = Vec::new();
    let mut wrong = Vec::new();
    for field in header {
        let name = String::from_utf8_lossy(field).trim().to_owned();
        match known.iter().position(|column| *column == name) {
            Some(place) if columns.contains(&place) => {
                wrong.push(LineProblem::new(1, &name, "this column stands twice"));
            }
            Some(place) => columns.push(place),
            None => {
                let text = format!("there is no such column; known are {}", known.join(", "));
                wrong.push(LineProblem::new(1, &name, text));
            }
        }
    }
    for name in needed.iter().filter(|name| !columns.iter().any(|place| known[*place] == **name)) {
        wrong.push(LineProblem::new(1, name, "this column is missing"));
    }
    if wrong.is_empty() { Ok(columns) } else { Err(wrong) }
}

/// One row; `None` if all its cells are empty.
fn read_row(
    record: &csv::ByteRecord,
    line: u64,
    columns: &[usize],
    known: &'static [&'static str],
) -> Result<Option<Cells>, LineProblem> {
    if record.iter().all(|field| field.trim_ascii().is_empty()) {
        return Ok(None);
    }
    if record.len() != columns.len() {
        let text = format!("has {} cells, the header has {}", record.len(), columns.len());
        return Err(LineProblem::new(line, "", text));
    }
    let mut values = vec![String::new(); known.len()];
    for (field, place) in record.iter().zip(columns) {
        let text = std::str::from_utf8(field)
            .map_err(|_| LineProblem::new(line, known[*place], "is not UTF-8; save the file as CSV UTF-8"))?;
        values[*place] = text.to_owned();
    }
    Ok(Some(Cells { line, known, values }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(csv: &str) -> Result<Vec<Entry>, Wrong> {
        read_products(csv.as_bytes(), Currency::CNY)
    }

    fn told(csv: &str) -> Vec<String> {
        read(csv).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_of_one_handle_are_one_product() {
        let csv = "\u{feff}title,handle,stock,price,option1_name,option1_value\r\n\
                   Mug,mug,5,49,Size / 尺寸,Small / 小\r\n\
                   ,mug,+3,59.50,,\"Large,\nlarge / 大\"\r\n\
                   =SUM(A1),other,,1,,\r\n";
        let text = told(csv);
        assert_eq!(
            text,
            [
                "line 3, option1_value: holds a control character or a line break",
                "line 3, option1_value: the value of this option is missing"
            ]
        );
        let entries = read(&csv.replace(",\nlarge", "")).expect("sound");
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].option_names, [Bilingual::new("Size", "尺寸")]);
        assert_eq!(entries[0].variants[1].values, [Bilingual::new("Large", "大")]);
        assert_eq!(entries[0].variants[1].stock, StockCell::Add(3));
        assert_eq!(entries[1].title.en, "=SUM(A1)");
        assert_eq!(entries[1].variants[0].stock, StockCell::Leave);
    }

    #[test]
    fn each_bad_row_is_named_with_its_line() {
        let csv = "handle,title,price,stock\n\
                   mug,Mug,49,5\n\
                   mug,Mug,49,5\n\
                   \"cup\",\"A\nB\",x,-1\n\
                   ,None,1,1\n\
                   short,1\n";
        let said = told(csv);
        assert_eq!(said, ["line 7: has 2 cells, the header has 4"]);
        let said = told(&csv.replace("short,1\n", ""));
        assert_eq!(said.len(), 5, "{said:?}");
        assert!(said[0].starts_with("line 3: is the same variant as line 2"));
        assert!(said[1].starts_with("line 4, title: holds a control character"));
        assert!(said[2].starts_with("line 4, price: \"x\" is not a price"));
        assert!(said[3].starts_with("line 4, stock: \"-1\" is not a stock"));
        assert!(said[4].starts_with("line 6, handle: the handle is missing"));
    }

    #[test]
    fn an_unknown_column_is_an_error() {
        assert_eq!(told("handle,title,price,stock,colour\n").len(), 1);
        assert_eq!(told("handle,title,price,handle\n").len(), 2);
        assert_eq!(told(""), ["the file is empty"]);
    }

    #[test]
    fn two_languages_stand_on_one_line() {
        for line in ["A5", "Red / Blue", "红 / 蓝", "Small, 30 × 16 cm / 小号 30 × 16 厘米"] {
            assert_eq!(Bilingual::from_line(line).to_line(), line);
        }
        assert_eq!(Bilingual::from_line("Size / 尺寸"), Bilingual::new("Size", "尺寸"));
        assert_eq!(Bilingual::from_line("Red / Blue"), Bilingual::new("Red / Blue", ""));
    }

    proptest! {
        #[test]
        fn no_file_stops_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_products(&bytes, Currency::CNY);
            let mut sheet = b"handle,title,price,stock,option1_name,option1_value\n".to_vec();
            sheet.extend(bytes);
            let _ = read_products(&sheet, Currency::CNY);
        }

        #[test]
        fn texts_are_read_as_they_were_written(title in "[^\\p{C}]{1,60}", tag in "[a-z]{1,9}") {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["handle", "title", "price", "stock", "tags"]).expect("written");
            writer.write_record(["h", title.as_str(), "1", "1", tag.as_str()]).expect("written");
            let entries = read_products(&writer.into_inner().expect("whole"), Currency::CNY);
            let entries = entries.expect("sound");
            prop_assert_eq!(&entries[0].title.en, title.trim());
            prop_assert_eq!(&entries[0].tags, &[tag]);
        }
    }
}
