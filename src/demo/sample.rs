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

/// The first `products` of the sample, each stock as it stands there or as `stock` says.
pub fn catalogue(products: usize, stock: Option<&str>) -> String {
    let mut reader = csv::Reader::from_reader(CATALOGUE.as_bytes());
    let mut out = csv::Writer::from_writer(Vec::new());
    let headers = reader.headers().cloned().unwrap_or_default();
    let stock_column = headers.iter().position(|name| name == "stock");
    // The sample is embedded and read by a test: what can't be read is left out, not met.
    let _ = out.write_record(&headers);
    let mut handles: Vec<String> = Vec::new();
    for row in reader.records().filter_map(Result::ok) {
        let handle = row.get(0).unwrap_or("").to_owned();
        if handles.last() != Some(&handle) {
            if handles.len() == products {
                break;
            }
            handles.push(handle);
        }
        let fields = row.iter().enumerate().map(|(column, field)| match stock {
            Some(stock) if Some(column) == stock_column => stock,
            _ => field,
        });
        let _ = out.write_record(fields);
    }
    String::from_utf8(out.into_inner().unwrap_or_default()).unwrap_or_default()
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
        let cut = catalogue(5, Some("7"));
        let mut reader = csv::Reader::from_reader(cut.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
        let mut handles: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
        handles.dedup();
        assert_eq!(handles.len(), 5);
        assert!(rows.iter().all(|row| &row[3] == "7"));
    }
}
