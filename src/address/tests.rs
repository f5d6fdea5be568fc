use proptest::prelude::*;

use super::*;

fn typed(fields: &[(&str, &str)]) -> Form {
    let mut all = vec![
        ("name", "张三"),
        ("phone", "138 0013 8000"),
        ("country", "CN"),
        ("region", "北京"),
        ("city", "北京"),
        ("district", "东城"),
        ("street", "东长安街1号"),
    ];
    all.retain(|(name, _)| !fields.iter().any(|(changed, _)| changed == name));
    all.extend(fields);
    form_of(&all)
}

fn wrong(fields: &[(&str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    read(&typed(fields), &mut problems);
    problems.into_iter().map(|problem| problem.field).collect()
}

fn sound(fields: &[(&str, &str)]) -> Address {
    let mut problems = Vec::new();
    let address = read(&typed(fields), &mut problems);
    assert_eq!(problems, []);
    address
}

#[test]
fn landline_email_and_postcode_never_block() {
    let address = sound(&[]);
    assert_eq!(address.phone, "+8613800138000");
    assert_eq!((address.region.name.as_str(), address.district.name.as_str()), ("北京市", "东城区"));
    assert_eq!(lines(&address, Locale::Zh), ["张三 13800138000", "北京市东城区东长安街1号"]);
    assert_eq!(masked(&address), ["张*", "138****8000", "北京市东****"]);
}

#[test]
fn each_problem_names_its_field() {
    assert_eq!(wrong(&[("name", " ")]), ["name"]);
    assert_eq!(wrong(&[("phone", "12345")]), ["phone"]);
    assert_eq!(wrong(&[("country", "XX")]), ["country", "phone"]);
    assert_eq!(wrong(&[("street", "")]), ["street"]);
    assert_eq!(wrong(&[("postcode", "1234")]), ["postcode"]);
    assert_eq!(wrong(&[("landline", "call me")]), ["landline"]);
    assert_eq!(wrong(&[("email", "nobody")]), ["email"]);
    assert_eq!(wrong(&[("district", "")]), ["district"]);
    assert_eq!(wrong(&[("city", "苏州")]), ["city"]);
}

#[test]
fn elsewhere_places_are_free_text() {
    let fields = [
        ("country", "gb"),
        ("name", "Mary Jones"),
        ("phone", "+44 7700 900123"),
        ("region", ""),
        ("city", "Leeds"),
        ("district", ""),
        ("street", "1 Main Street"),
        ("postcode", "ls1 1aa"),
    ];
    let address = sound(&fields);
    let shown = ["Mary Jones +447700900123", "1 Main Street, Leeds", "LS1 1AA United Kingdom"];
    assert_eq!(lines(&address, Locale::En), shown);
    let mut without = fields.to_vec();
    without.retain(|(name, _)| *name != "postcode");
    assert_eq!(wrong(&without), ["postcode"]);
    without.retain(|(name, _)| *name != "city");
    without.push(("city", ""));
    assert_eq!(wrong(&without), ["city", "postcode"]);
}

#[test]
fn a_form_shows_what_was_typed_and_the_shops_country() {
    let mut problems = ui::Problems::new();
    problems.add("city", "Enter the city.");
    let shown = fields(Locale::En, &typed(&[("street", "<b>")]), &problems).into_string();
    assert!(shown.contains("&lt;b&gt;") && shown.contains("id=\"city-problem\""));
    let blank = fields(Locale::En, &blank("GB"), &ui::Problems::new()).into_string();
    assert!(blank.contains("<option value=\"GB\" selected>United Kingdom"));
    assert!(suggestions(Locale::En, &super::blank("GB")).is_empty());
    assert!(suggestions(Locale::Zh, &super::blank("CN")).contains("<option data-within=\"杭州市\">上城区"));
}

#[test]
fn every_country_stands_once_in_both_languages() {
    let mut codes: Vec<&str> = COUNTRIES.iter().map(|(code, _, _)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), COUNTRIES.len());
    assert!(COUNTRIES.iter().all(|(code, en, zh)| code.len() == 2 && !en.is_empty() && !zh.is_empty()));
    assert!(WITHOUT_POSTCODE.iter().all(|code| codes.contains(code)));
}

proptest! {
    #[test]
    fn what_was_read_is_read_the_same_from_its_own_form(
        region in 0_usize..31,
        city in 0_usize..40,
        district in 0_usize..40,
        street in "[\\p{Han}a-z0-9]{1,30}",
    ) {
        let provinces: Vec<_> = divisions::provinces(Reach::Mainland).collect();
        let region = provinces[region % provinces.len()];
        let cities = divisions::cities(region);
        let city = cities[city % cities.len()];
        let districts = divisions::districts(city);
        let district = if districts.is_empty() { "" } else { districts[district % districts.len()].name };
        let address = sound(&[
            ("region", region.name), ("city", city.name), ("district", district), ("street", &street),
        ]);
        let mut problems = Vec::new();
        prop_assert_eq!(read(&filled(&address), &mut problems), address);
        prop_assert_eq!(problems, []);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        let mut problems = Vec::new();
        let form = typed(&[("name", &text), ("phone", &text), ("region", &text), ("postcode", &text)]);
        let address = read(&form, &mut problems);
        let _ = (lines(&address, Locale::En), masked(&address));
    }
}
