//! The administrative divisions of China: what a person chose or typed as region, city and district,
//! turned into codes and names.
//!
//! The list has oddities of its own. The four municipalities have no cities, only *headings* that carry
//! the municipality's name (and, in Chongqing, "县"). Counties directly under a province hang from headings
//! that are no places either. Some cities have no districts. None of this is the person's concern:
//! headings never show, and such a county stands where other addresses have their city.

mod names;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::contact::check_text;
use crate::locale::{Locale, Text};
use crate::refusal::Problem;
use crate::t;
use names::{Suffixes, find, find_exactly, letters};

/// One row of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Division {
    /// Six digits.
    pub code: &'static str,
    /// 1 province, 2 city, 3 district or county.
    pub level: u8,
    /// The code of the division above; empty at level 1.
    pub parent: &'static str,
    pub name: &'static str,
    /// Levels 1 and 2 only. Two cities may share one, so it is read and shown under its province.
    pub name_en: Option<&'static str>,
}

/// How far the shop delivers within the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Without Hong Kong, Macau and Taiwan, which couriers handle as cross-border.
    Mainland,
    All,
}

/// One part of an address. The name is kept beside the code, because codes are retired now and then.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// `None` for what is not in the list.
    pub code: Option<String>,
    /// The list's name, or what the person typed; empty where the address has no such part.
    pub name: String,
}

/// Region, city and district of an address.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Resolved {
    pub region: Place,
    pub city: Place,
    pub district: Place,
}

/// Counties directly under a province hang from these.
const HEADINGS_OF_COUNTIES: &[&str] = &["419000", "429000", "469000", "659000"];
const CROSS_BORDER: &[&str] = &["710000", "810000", "820000"];
/// 北京, 天津, 上海, 重庆.
const MUNICIPALITIES: &[&str] = &["110000", "120000", "310000", "500000"];

const LONGEST_NAME: usize = 100;

static DIVISIONS: LazyLock<Vec<Division>> = LazyLock::new(|| {
    // The list is part of the program and has no quoted fields; a test reads every row.
    include_str!("../../assets/divisions.csv").lines().skip(1).filter_map(row).collect()
});

fn row(line: &'static str) -> Option<Division> {
    let mut fields = line.split(',');
    Some(Division {
        code: fields.next()?,
        level: fields.next()?.parse().ok()?,
        parent: fields.next()?,
        name: fields.next()?,
        name_en: fields.next().filter(|name| !name.is_empty()),
    })
}

impl Division {
    /// The name that a page in this language shows.
    pub fn label(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.name_en.unwrap_or(self.name),
            Locale::Zh => self.name,
        }
    }

    fn is_municipality(&self) -> bool {
        MUNICIPALITIES.contains(&self.code)
    }

    /// The province that this division is, or lies in.
    fn province(&self) -> Option<&'static Self> {
        by_code(&format!("{}0000", &self.code[..2]))
    }

    fn place(&self) -> Place {
        // Chongqing's second heading is called "县"; its city is Chongqing like that of the first.
        let name = match self.province() {
            Some(province) if self.level == 2 && province.is_municipality() => province.name,
            _ => self.name,
        };
        Place { code: Some(self.code.to_owned()), name: name.to_owned() }
    }
}

/// The division with this code.
pub fn by_code(code: &str) -> Option<&'static Division> {
    let position = DIVISIONS.binary_search_by(|division| division.code.cmp(code)).ok()?;
    DIVISIONS.get(position)
}

/// The divisions right below `code`, headings included.
pub fn children(code: &str) -> impl Iterator<Item = &'static Division> {
    DIVISIONS.iter().filter(move |division| division.level > 1 && division.parent == code)
}

/// The provinces that the shop delivers to.
pub fn provinces(reach: Reach) -> impl Iterator<Item = &'static Division> {
    let within = move |code: &str| reach == Reach::All || !CROSS_BORDER.contains(&code);
    DIVISIONS.iter().filter(move |division| division.level == 1 && within(division.code))
}

/// What can stand as city below a province: its cities and the counties right under it, no heading.
pub fn cities(province: &Division) -> Vec<&'static Division> {
    if province.is_municipality() {
        return children(province.code).take(1).collect();
    }
    let mut cities = Vec::new();
    for division in children(province.code) {
        match HEADINGS_OF_COUNTIES.contains(&division.code) {
            true => cities.extend(children(division.code)),
            false => cities.push(division),
        }
    }
    cities
}

/// What can stand as district below a city of [`cities`].
pub fn districts(city: &Division) -> Vec<&'static Division> {
    match city.province() {
        Some(province) if city.level == 2 && province.is_municipality() => below(province).collect(),
        _ => children(city.code).collect(),
    }
}

/// All districts and counties of a province.
fn below(province: &Division) -> impl Iterator<Item = &'static Division> {
    let province = &province.code[..2];
    DIVISIONS.iter().filter(move |division| division.level == 3 && division.code.starts_with(province))
}

/// The lists for the suggestions of an address form.
pub struct Suggestions {
    pub regions: Vec<&'static Division>,
    /// Empty while the region is not known.
    pub cities: Vec<&'static Division>,
    /// Empty while the city is not known.
    pub districts: Vec<&'static Division>,
}

/// What to suggest, given what stands in the form so far.
pub fn suggestions(region: &str, city: &str, reach: Reach) -> Suggestions {
    let regions: Vec<_> = provinces(reach).collect();
    let region = find(&regions, region, Suffixes::OfProvinces);
    let cities = region.map(cities).unwrap_or_default();
    let city = match region {
        Some(region) if region.is_municipality() => cities.first().copied(),
        _ => find(&cities, city, Suffixes::OfPlaces),
    };
    Suggestions { regions, cities, districts: city.map(districts).unwrap_or_default() }
}

/// Turns what was chosen or typed into places. Each may be a code, a name in either language with or
/// without its suffix, or a text that the list does not know, which is taken as typed.
///
/// The problems are those of the fields `region`, `city` and `district`: a part that is missing, a code
/// that does not exist, a part that belongs elsewhere.
pub fn resolve(region: &str, city: &str, district: &str, reach: Reach) -> Result<Resolved, Vec<Problem>> {
    let (region, city, district) = (region.trim(), city.trim(), district.trim());
    let mut problems = Vec::new();
    for (field, text) in [("region", region), ("city", city), ("district", district)] {
        if let Err(says) = check_text(text, LONGEST_NAME) {
            problems.push(Problem::new(field, says));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    resolve_checked(region, city, district, reach).map_err(|problem| vec![problem])
}

fn resolve_checked(region: &str, city: &str, district: &str, reach: Reach) -> Result<Resolved, Problem> {
    let Some(province) = find_region(region, city, reach)? else {
        return as_typed(region, city, district);
    };
    if province.is_municipality() {
        return in_municipality(province, city, district);
    }
    let cities = cities(province);
    if cities.is_empty() {
        // Hong Kong, Macau and Taiwan have no divisions in the list.
        return Ok(Resolved {
            region: province.place(),
            city: typed("city", city)?,
            district: typed("district", district)?,
        });
    }
    if city.is_empty() {
        return Err(missing("city"));
    }
    if let Some(city) = find_city(&cities, city) {
        return in_city(province, city, district);
    }
    if let Some(county) = find(&below(province).collect::<Vec<_>>(), city, Suffixes::OfPlaces) {
        return in_county(province, county, district);
    }
    if let Some(elsewhere) = city_elsewhere(city) {
        return Err(belongs_elsewhere("city", elsewhere, province));
    }
    Ok(Resolved {
        region: province.place(),
        city: typed("city", city)?,
        district: typed("district", district)?,
    })
}

/// The province that was meant; `None` for a text that the list does not know.
fn find_region(region: &str, city: &str, reach: Reach) -> Result<Option<&'static Division>, Problem> {
    if region.is_empty() {
        // A city's code says which province it lies in.
        return by_code(city).and_then(Division::province).map(Some).ok_or_else(|| missing("region"));
    }
    let all: Vec<_> = provinces(Reach::All).collect();
    match find(&all, region, Suffixes::OfProvinces) {
        Some(province) if reach == Reach::Mainland && CROSS_BORDER.contains(&province.code) => {
            Err(Problem::saying("region", |l| {
                let name = province.label(l);
                t!(l, "We don't deliver to {name} yet.", "暂不支持配送至{name}。")
            }))
        }
        None if is_number(region) => Err(unfit_code("region")),
        found => Ok(found),
    }
}

fn find_city(cities: &[&'static Division], text: &str) -> Option<&'static Division> {
    // A heading of counties is no city, but a form that lists the whole tree sends its code.
    let heading = by_code(text).filter(|division| HEADINGS_OF_COUNTIES.contains(&division.code));
    match heading {
        Some(heading) if cities.iter().any(|city| city.parent == heading.code) => Some(heading),
        _ => find(cities, text, Suffixes::OfPlaces),
    }
}

fn in_municipality(province: &'static Division, city: &str, district: &str) -> Result<Resolved, Problem> {
    let headings: Vec<_> = children(province.code).collect();
    let means_itself = city.is_empty()
        || headings.iter().any(|heading| heading.code == city || heading.name == city)
        || find(&[province], city, Suffixes::OfProvinces).is_some();
    if !means_itself {
        if let Some(county) = find(&below(province).collect::<Vec<_>>(), city, Suffixes::OfPlaces) {
            return in_county(province, county, district);
        }
        if let Some(elsewhere) = city_elsewhere(city) {
            return Err(belongs_elsewhere("city", elsewhere, province));
        }
        return Ok(Resolved {
            region: province.place(),
            city: typed("city", city)?,
            district: typed("district", district)?,
        });
    }
    if district.is_empty() {
        return Err(missing("district"));
    }
    let all: Vec<_> = below(province).collect();
    match find(&all, district, Suffixes::OfPlaces) {
        Some(found) => Ok(with_district(province, found)),
        None => {
            let heading = headings.first().map(|heading| heading.place()).unwrap_or_default();
            let district = typed_district(province, district)?;
            Ok(Resolved { region: province.place(), city: heading, district })
        }
    }
}

fn in_city(
    province: &'static Division,
    city: &'static Division,
    district: &str,
) -> Result<Resolved, Problem> {
    if city.level == 3 {
        return in_county(province, city, district);
    }
    let districts = districts(city);
    if district.is_empty() && !districts.is_empty() {
        return Err(missing("district"));
    }
    if let Some(found) = find(&districts, district, Suffixes::OfPlaces) {
        return Ok(with_district(province, found));
    }
    if HEADINGS_OF_COUNTIES.contains(&city.code) {
        // What was typed below such a heading is a county, so it stands as the city.
        let city = typed_district(province, district)?;
        return Ok(Resolved { region: province.place(), city, district: Place::default() });
    }
    // A district of a neighbouring city is a slip. One of another province may be an old name
    // of this city's own: districts are merged and renamed.
    if let Some(elsewhere) = find_exactly(below(province), district) {
        return Err(belongs_elsewhere("district", elsewhere, city));
    }
    Ok(Resolved {
        region: province.place(),
        city: city.place(),
        district: typed_district(province, district)?,
    })
}

/// The person named a county or district as the city.
fn in_county(
    province: &'static Division,
    county: &'static Division,
    district: &str,
) -> Result<Resolved, Problem> {
    let repeated = district.is_empty() || find(&[county], district, Suffixes::OfPlaces).is_some();
    if repeated {
        return Ok(with_district(province, county));
    }
    let district = typed_district(province, district)?;
    Ok(Resolved { region: province.place(), city: county.place(), district })
}

/// An address that ends at this district; a county right under its province stands as the city.
fn with_district(province: &'static Division, district: &'static Division) -> Resolved {
    if HEADINGS_OF_COUNTIES.contains(&district.parent) {
        return Resolved { region: province.place(), city: district.place(), district: Place::default() };
    }
    let city = by_code(district.parent).map(Division::place).unwrap_or_default();
    Resolved { region: province.place(), city, district: district.place() }
}

/// An address in a region that the list does not know.
fn as_typed(region: &str, city: &str, district: &str) -> Result<Resolved, Problem> {
    if city.is_empty() {
        return Err(missing("city"));
    }
    Ok(Resolved {
        region: typed("region", region)?,
        city: typed("city", city)?,
        district: typed("district", district)?,
    })
}

/// A part as the person typed it. A number is a code, never a name, and nothing goes by this one here.
fn typed(field: &str, text: &str) -> Result<Place, Problem> {
    if is_number(text) {
        return Err(unfit_code(field));
    }
    Ok(Place { code: None, name: text.to_owned() })
}

fn typed_district(province: &Division, district: &str) -> Result<Place, Problem> {
    match by_code(district) {
        Some(elsewhere) => Err(belongs_elsewhere("district", elsewhere, province)),
        None => typed("district", district),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A city of any province by its code or its whole name.
fn city_elsewhere(text: &str) -> Option<&'static Division> {
    // Headings carry names that are not theirs alone.
    let cities = || DIVISIONS.iter().filter(|division| division.level == 2 && division.name != "县");
    let coded = by_code(text);
    let named = || cities().find(|city| city.name == text);
    let english = letters(text);
    if !english.is_empty() {
        return cities().find(|city| city.name_en.is_some_and(|name| letters(name) == english));
    }
    let shortened = || find(&cities().collect::<Vec<_>>(), text, Suffixes::OfPlaces);
    coded.or_else(named).or_else(shortened)
}

fn missing(field: &str) -> Problem {
    let says = match field {
        "region" => Text::new("Enter the province or region.", "请填写省份。"),
        "city" => Text::new("Enter the city.", "请填写城市。"),
        _ => Text::new("Enter the district or county.", "请填写区县。"),
    };
    Problem::new(field, says)
}

fn unfit_code(field: &str) -> Problem {
    Problem::new(
        field,
        Text::new("This code can't stand here. Enter the name.", "此处无法使用该代码，请填写名称。"),
    )
}

fn belongs_elsewhere(field: &str, found: &'static Division, chosen: &Division) -> Problem {
    let above = by_code(found.parent).filter(|division| found.level == 3 && !is_heading(division));
    let home = above.or_else(|| found.province()).unwrap_or(found);
    Problem::saying(field, |l| {
        let (found, home, chosen) = (found.label(l), home.label(l), chosen.label(l));
        t!(l, "{found} is in {home}, not in {chosen}.", "{found}属于{home}，不在{chosen}。")
    })
}

fn is_heading(division: &Division) -> bool {
    let in_municipality = division.province().is_some_and(Division::is_municipality);
    division.level == 2 && (in_municipality || HEADINGS_OF_COUNTIES.contains(&division.code))
}

/// The address up to the district in one line, as the post writes it: `北京市朝阳区`, `江苏省苏州市昆山市`.
pub fn printed(address: &Resolved) -> String {
    let Resolved { region, city, district } = address;
    let city = if city.name == region.name { "" } else { &city.name };
    let parts = [region.name.as_str(), city, &district.name];
    // Texts that were typed in Latin letters need their spaces.
    let between = if parts.iter().any(|part| part.is_ascii() && !part.is_empty()) { " " } else { "" };
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(between)
}

#[cfg(test)]
mod tests;
