//! The sample catalogue and the invented people, embedded in the program.

use rust_embed::RustEmbed;

use crate::address::Address;
use crate::contact::parse_mobile;
use crate::delivery::divisions::{self, Place, Reach};
use crate::locale::Locale;

#[derive(RustEmbed)]
#[folder = "assets/sample"]
struct Sample;

pub const CATEGORIES: &[u8] = include_bytes!("../../assets/sample/categories.csv");
const CATALOGUE: &str = include_str!("../../assets/sample/catalogue.csv");
const PEOPLE: &str = include_str!("../../assets/sample/people.csv");

/// Products `from` up to `to` as CSV, each stock as it stands in the sample or as `stock` says. After the
/// sample's own come variations on them, as many as are wanted: the same number makes the same product.
pub fn catalogue(from: usize, to: usize, stock: Option<&str>) -> String {
    let mut reader = csv::Reader::from_reader(CATALOGUE.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let goods = goods(&mut reader);
    let mut out = csv::Writer::from_writer(Vec::new());
    // The sample is embedded and read by a test: what can't be read is left out, not met.
    let _ = out.write_record(&headers);
    for number in from..to {
        let variation = number / goods.len().max(1);
        let rows = goods.get(number % goods.len().max(1)).map_or(&[][..], Vec::as_slice);
        for (row, fields) in rows.iter().enumerate() {
            let varied = headers.iter().zip(fields).map(|(column, field)| match (column, stock) {
                ("stock", Some(stock)) => stock.to_owned(),
                _ if variation == 0 => field.to_owned(),
                _ => vary(column, field, variation, row),
            });
            let _ = out.write_record(varied);
        }
    }
    String::from_utf8(out.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The rows of the sample by product, in their order.
fn goods(reader: &mut csv::Reader<&[u8]>) -> Vec<Vec<csv::StringRecord>> {
    let mut goods: Vec<Vec<csv::StringRecord>> = Vec::new();
    for row in reader.records().filter_map(Result::ok) {
        match goods.last_mut() {
            Some(rows) if rows[0].get(0) == row.get(0) => rows.push(row),
            _ => goods.push(vec![row]),
        }
    }
    goods
}

/// What sets one product of a kind apart from the next, in both languages.
const MANNERS: [(&str, &str); 16] = [
    ("Spring", "春季"),
    ("Autumn", "秋季"),
    ("Everyday", "日常"),
    ("Gift", "礼品"),
    ("Small", "小号"),
    ("Large", "大号"),
    ("Classic", "经典"),
    ("Light", "轻享"),
    ("Mountain", "高山"),
    ("Riverside", "江畔"),
    ("Workshop", "作坊"),
    ("Studio", "工作室"),
    ("Traveller’s", "旅行"),
    ("Household", "家用"),
    ("Festival", "节庆"),
    ("Winter", "冬季"),
];

/// A field of the variation with this number on a product of the sample.
fn vary(column: &str, field: &str, variation: usize, row: usize) -> String {
    let (en, zh) = MANNERS[variation % MANNERS.len()];
    // From the second round of manners on a number tells the series apart.
    let series = match variation / MANNERS.len() {
        0 => String::new(),
        series => format!(" {}", series + 1),
    };
    match column {
        "handle" => format!("{field}-{variation}"),
        "title" if !field.is_empty() => format!("{en} {field}{series}"),
        "title_zh" if !field.is_empty() => format!("{zh}{field}{series}"),
        "sku" if !field.is_empty() => format!("{field}-V{variation}"),
        "price" => varied_price(field, variation),
        "stock" => ((variation * 7 + row * 13) % 90).to_string(),
        "tags" | "status" if row > 0 => field.to_owned(),
        "tags" if variation.is_multiple_of(9) => "new".to_owned(),
        "tags" => String::new(),
        _ => field.to_owned(),
    }
}

/// Between four fifths and seven fifths of the price, in whole units.
fn varied_price(price: &str, variation: usize) -> String {
    let whole: u64 = price.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(1);
    let share = 80 + (variation as u64 * 37) % 61;
    format!("{}.00", (whole * share / 100).max(1))
}

/// A picture of the sample by its name in the catalogue.
pub fn picture(name: &str) -> Option<Vec<u8>> {
    Sample::get(name).map(|file| file.data.into_owned())
}

/// An invented customer.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub language: Locale,
    pub address: Address,
}

pub fn people() -> Vec<Person> {
    let mut reader = csv::Reader::from_reader(PEOPLE.as_bytes());
    reader.records().filter_map(Result::ok).filter_map(|row| person_of(&row)).collect()
}

fn person_of(row: &csv::StringRecord) -> Option<Person> {
    let field = |column: usize| row.get(column).unwrap_or("").to_owned();
    let email = field(9);
    let country = field(2);
    let address = Address {
        name: field(0),
        phone: parse_mobile(&field(1), &country).ok()?,
        region: place(&country, &field(3), &field(4), &field(5), 0),
        city: place(&country, &field(3), &field(4), &field(5), 1),
        district: place(&country, &field(3), &field(4), &field(5), 2),
        country,
        street: field(6),
        postcode: field(7),
        landline: String::new(),
        email: String::new(),
    };
    let name = email.split('@').next()?.to_owned();
    Some(Person { name, email, language: Locale::parse(&field(8)).unwrap_or_default(), address })
}

/// One of region, city and district, resolved together.
fn place(country: &str, region: &str, city: &str, district: &str, which: usize) -> Place {
    let typed = [region, city, district][which].to_owned();
    if country != "CN" {
        return Place { code: None, name: typed };
    }
    match divisions::resolve(region, city, district, Reach::Mainland) {
        Ok(resolved) => [resolved.region, resolved.city, resolved.district][which].clone(),
        Err(_) => Place { code: None, name: typed },
    }
}

/// Where the tester's own parcels go.
pub fn address_of_shopper() -> Address {
    let (region, city, district) = ("浙江省", "杭州市", "西湖区");
    Address {
        name: "陈一诺".to_owned(),
        phone: "+8619900000999".to_owned(),
        country: "CN".to_owned(),
        region: place("CN", region, city, district, 0),
        city: place("CN", region, city, district, 1),
        district: place("CN", region, city, district, 2),
        street: "示例路 99 号 2 幢 301 室".to_owned(),
        postcode: "310012".to_owned(),
        landline: String::new(),
        email: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invented_person_can_be_delivered_to() {
        let people = people();
        assert_eq!(people.len(), 40);
        for person in people.iter().filter(|person| person.address.country == "CN") {
            assert!(person.address.region.code.is_some(), "{}", person.name);
        }
    }

    #[test]
    fn the_sample_can_be_cut_to_so_many_products() {
        let rows = rows(&catalogue(0, 5, Some("7")));
        let mut handles: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
        handles.dedup();
        assert_eq!(handles.len(), 5);
        assert!(rows.iter().all(|row| &row[3] == "7"));
    }

    fn rows(csv: &str) -> Vec<csv::StringRecord> {
        csv::Reader::from_reader(csv.as_bytes()).records().map(|row| row.expect("a row")).collect()
    }

    #[test]
    fn beyond_the_sample_come_variations_with_names_and_prices_of_their_own() {
        use std::collections::HashSet;
        let many = rows(&catalogue(0, 3000, None));
        let titled: Vec<_> = many.iter().filter(|row| !row[13].is_empty()).collect();
        let distinct = |column: usize| titled.iter().map(|row| &row[column]).collect::<HashSet<_>>().len();
        assert_eq!(titled.len(), 3000);
        assert_eq!((distinct(0), distinct(1), distinct(13)), (3000, 3000, 3000), "handle, title, title_zh");
        let skus: HashSet<&str> = many.iter().map(|row| &row[4]).collect();
        assert_eq!(skus.len(), many.len());
        let prices: HashSet<&str> = many.iter().map(|row| &row[2]).collect();
        assert!(prices.len() > 100, "only {} prices", prices.len());
        assert_eq!(catalogue(2000, 2010, None), catalogue(2000, 2010, None));
        assert!(many.iter().all(|row| row[2].parse::<f64>().is_ok_and(|price| price >= 1.0)));
    }
}
