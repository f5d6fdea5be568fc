//! Delivery addresses: their fields, how a form gives them, how pages and parcels show them (COL-10).

mod countries;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use maud::{Markup, html};

use crate::classes::DataKind;
use crate::contact::{mask_address, mask_name, mask_phone, parse_email, parse_mobile};
use crate::delivery::divisions::{self, Place, Reach, Resolved};
use crate::locale::{Locale, Text};
use crate::refusal::Problem;
use crate::store::{Field, Record, record};
use crate::t;
use crate::web::Form;
use crate::web::ui::{self, Width};
use countries::COUNTRIES;

record! {
    /// Where a parcel goes, and to whom.
    #[derive(Clone, Default, PartialEq, Eq)]
    pub struct Address {
        pub name: String = Basic,
        /// E.164.
        pub phone: String = Basic,
        /// ISO 3166-1, two capital letters.
        pub country: String = Basic,
        pub region: Place = Basic of Place,
        pub city: Place = Basic of Place,
        pub district: Place = Basic of Place,
        pub street: String = Basic,
        pub postcode: String = Basic,
        /// Empty if none was given; so is `email`.
        pub landline: String = Basic,
        pub email: String = Basic,
    }
}

impl std::fmt::Debug for Address {
    /// Masked: debug output ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", masked(self).join(", "))
    }
}

impl Record for Place {
    const FIELDS: &'static [Field] =
        &[Field::new("code", DataKind::Basic), Field::new("name", DataKind::Basic)];
}

const CHINA: &str = "CN";
/// Countries whose post works without codes; in China hardly anybody knows theirs.
const WITHOUT_POSTCODE: &[&str] = &[
    CHINA, "AE", "AG", "AO", "AW", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI", "CM",
    "DJ", "DM", "ER", "FJ", "GA", "GD", "GH", "GM", "GQ", "GY", "HK", "IE", "JM", "KI", "KM", "KN", "LC",
    "ML", "MO", "MR", "MW", "NA", "NR", "NU", "PA", "QA", "RW", "SB", "SC", "SL", "SO", "SR", "ST", "SY",
    "TD", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "YE", "ZW",
];

const LONGEST_NAME: usize = 60;
const LONGEST_PLACE: usize = 100;
const LONGEST_STREET: usize = 200;

/// The name of a country; its code if it is none.
pub fn country_name(code: &str, l: Locale) -> &str {
    let found = COUNTRIES.iter().find(|(known, _, _)| *known == code);
    found.map_or(code, |(_, en, zh)| l.pick(*en, *zh))
}

// ---- Reading ----

/// Reads an address from a form. What is wrong is added to `problems` under the names of the fields:
/// `name`, `phone`, `country`, `region`, `city`, `district`, `street`, `postcode`, `landline`, `email`.
/// Landline and email may be empty.
pub fn read(form: &Form, problems: &mut Vec<Problem>) -> Address {
    let name = needed(form, "name", LONGEST_NAME, NO_NAME, problems);
    let country = read_country(form, problems);
    let phone = read_phone(form, &country, problems);
    let Resolved { region, city, district } = read_places(form, &country, problems);
    let street = needed(form, "street", LONGEST_STREET, NO_STREET, problems);
    let postcode = read_postcode(form, &country, problems);
    let landline = read_landline(form, problems);
    let email = read_email(form, problems);
    Address { name, phone, country, region, city, district, street, postcode, landline, email }
}

const NO_NAME: Text =
    Text::new("Enter the name of the person who receives the parcel.", "请填写收货人姓名。");
const NO_STREET: Text = Text::new("Enter street and house number.", "请填写街道、门牌号等详细地址。");
const NO_COUNTRY: Text = Text::new("Choose the country.", "请选择国家或地区。");
const NO_CITY: Text = Text::new("Enter the city.", "请填写城市。");
const NO_POSTCODE: Text = Text::new("Enter the postcode.", "请填写邮政编码。");
const UNFIT_POSTCODE: Text = Text::new("This is no postcode of that country.", "邮政编码不正确。");
const UNFIT_LANDLINE: Text = Text::new(
    "Enter a telephone number such as 010-65001234, or nothing.",
    "请填写固定电话，例如 010-65001234，也可留空。",
);

/// One line that must not be empty.
fn needed(form: &Form, field: &str, most: usize, missing: Text, problems: &mut Vec<Problem>) -> String {
    let before = problems.len();
    let text = form.line(field, most, problems);
    if text.is_empty() && problems.len() == before {
        problems.push(Problem::new(field, missing));
    }
    text
}

fn read_country(form: &Form, problems: &mut Vec<Problem>) -> String {
    let code = form.line("country", 2, &mut Vec::new()).to_ascii_uppercase();
    if COUNTRIES.iter().any(|(known, _, _)| *known == code) {
        return code;
    }
    problems.push(Problem::new("country", NO_COUNTRY));
    String::new()
}

fn read_phone(form: &Form, country: &str, problems: &mut Vec<Problem>) -> String {
    let before = problems.len();
    let text = form.line("phone", 40, problems);
    if problems.len() > before {
        return String::new();
    }
    parse_mobile(&text, country).unwrap_or_else(|says| {
        problems.push(Problem::new("phone", says));
        String::new()
    })
}

fn read_places(form: &Form, country: &str, problems: &mut Vec<Problem>) -> Resolved {
    let before = problems.len();
    let mut typed = |field| form.line(field, LONGEST_PLACE, problems);
    let (region, city, district) = (typed("region"), typed("city"), typed("district"));
    if problems.len() > before {
        return Resolved::default();
    }
    if country == CHINA {
        return divisions::resolve(&region, &city, &district, Reach::Mainland).unwrap_or_else(|mut found| {
            problems.append(&mut found);
            Resolved::default()
        });
    }
    if city.is_empty() {
        problems.push(Problem::new("city", NO_CITY));
    }
    let place = |name| Place { code: None, name };
    Resolved { region: place(region), city: place(city), district: place(district) }
}

fn read_postcode(form: &Form, country: &str, problems: &mut Vec<Problem>) -> String {
    let before = problems.len();
    let code = form.line("postcode", 20, problems).to_ascii_uppercase();
    if problems.len() > before {
        return String::new();
    }
    let fit = match country {
        CHINA => code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
        _ => code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-')),
    };
    if code.is_empty() && !country.is_empty() && !WITHOUT_POSTCODE.contains(&country) {
        problems.push(Problem::new("postcode", NO_POSTCODE));
    } else if !code.is_empty() && !fit {
        problems.push(Problem::new("postcode", UNFIT_POSTCODE));
    }
    code
}

fn read_landline(form: &Form, problems: &mut Vec<Problem>) -> String {
    let text = form.line("landline", 40, problems);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let plain = text.chars().all(|c| c.is_ascii_digit() || " +-()/.xX".contains(c));
    let fit = text.is_empty() || (plain && (5..=20).contains(&digits));
    if !fit {
        problems.push(Problem::new("landline", UNFIT_LANDLINE));
    }
    text
}

fn read_email(form: &Form, problems: &mut Vec<Problem>) -> String {
    let text = form.line("email", 254, problems);
    if text.is_empty() {
        return text;
    }
    parse_email(&text).unwrap_or_else(|says| {
        problems.push(Problem::new("email", says));
        String::new()
    })
}

// ---- Forms ----

/// An empty form for a shop of this country.
pub fn blank(country: &str) -> Form {
    form_of(&[("country", country)])
}

/// A form that holds this address, to change it.
pub fn filled(address: &Address) -> Form {
    let phone = shown_phone(address);
    form_of(&[
        ("name", &address.name),
        ("phone", &phone),
        ("country", &address.country),
        ("region", &address.region.name),
        ("city", &address.city.name),
        ("district", &address.district.name),
        ("street", &address.street),
        ("postcode", &address.postcode),
        ("landline", &address.landline),
        ("email", &address.email),
    ])
}

fn form_of(fields: &[(&str, &str)]) -> Form {
    let mut writer = form_urlencoded::Serializer::new(String::new());
    writer.extend_pairs(fields);
    Form::parse(writer.finish().as_bytes())
}

/// The fields of an address with what stands in `form`: an empty one is [`blank`], a saved one
/// [`filled`]. One set to a page, with [`suggestions`] at its end.
pub fn fields(l: Locale, form: &Form, problems: &ui::Problems) -> Markup {
    let in_china = is_in_china(form);
    html! {
        (ui::Field::text("name", &t!(l, "Recipient", "收货人")).value(form.raw("name")).autocomplete("name")
            .width(Width::Medium).problems(problems).render())
        (ui::Field::tel("phone", &t!(l, "Mobile number", "手机号")).value(form.raw("phone"))
            .hint(&t!(l, "For the courier. Outside mainland China with + and the country code.", "供快递员联系。境外号码请以 + 和国家代码开头。"))
            .width(Width::Medium).problems(problems).render())
        (country_field(l, form, problems))
        (ui::field_row(html! {
            (place("region", &t!(l, "Province or state", "省份"), "address-level1", "", form, problems))
            (place("city", &t!(l, "City", "城市"), "address-level2", "region", form, problems))
            (place("district", &t!(l, "District or county", "区县"), "address-level3", "city", form, problems))
        }))
        (ui::Field::text("street", &t!(l, "Street and house number", "详细地址")).value(form.raw("street"))
            .autocomplete("street-address").problems(problems).render())
        (postcode_field(l, in_china, form, problems))
        (ui::Field::tel("landline", &t!(l, "Landline", "固定电话")).value(form.raw("landline")).autocomplete("off")
            .optional(l).width(Width::Medium).problems(problems).render())
        (ui::Field::email("email", &t!(l, "Email", "邮箱")).value(form.raw("email"))
            .optional(l).width(Width::Medium).problems(problems).render())
    }
}

fn country_field(l: Locale, form: &Form, problems: &ui::Problems) -> Markup {
    let value = if form.has("country") { form.raw("country") } else { CHINA };
    // The list opens at the country that is chosen; the sorting is that of its English names.
    ui::Field::select("country", &t!(l, "Country or region", "国家或地区"))
        .options(COUNTRIES.iter().map(|(code, en, zh)| (*code, l.pick(*en, *zh))))
        .value(value)
        .autocomplete("country")
        .width(Width::Medium)
        .problems(problems)
        .render()
}

fn place(name: &str, label: &str, token: &str, within: &str, form: &Form, problems: &ui::Problems) -> Markup {
    let list = format!("{name}-list");
    let field = ui::Field::text(name, label).value(form.raw(name)).autocomplete(token).list(&list);
    let field = if within.is_empty() { field } else { field.within(within) };
    field.problems(problems).render()
}

fn postcode_field(l: Locale, in_china: bool, form: &Form, problems: &ui::Problems) -> Markup {
    let label = t!(l, "Postcode", "邮政编码");
    let field = ui::Field::text("postcode", &label)
        .value(form.raw("postcode"))
        .autocomplete("postal-code")
        .width(Width::Short);
    let field = if in_china { field.optional(l) } else { field };
    field.problems(problems).render()
}

/// What the fields suggest: provinces, cities and districts of China, as markup for the end of the page;
/// nothing for an address elsewhere. They never change while the shop runs, so the text is made once for
/// each language.
pub fn suggestions(l: Locale, form: &Form) -> &'static str {
    static EN: LazyLock<String> = LazyLock::new(|| written_suggestions(Locale::En));
    static ZH: LazyLock<String> = LazyLock::new(|| written_suggestions(Locale::Zh));
    if is_in_china(form) { l.pick(&*EN, &*ZH) } else { "" }
}

fn is_in_china(form: &Form) -> bool {
    matches!(form.raw("country"), "" | CHINA)
}

fn written_suggestions(l: Locale) -> String {
    let regions: Vec<_> = divisions::provinces(Reach::Mainland).collect();
    let (mut cities, mut districts) = (Vec::new(), Vec::new());
    for province in &regions {
        let within = divisions::cities(province);
        cities.push((province.label(l), within.iter().map(|city| city.label(l)).collect()));
        for city in within {
            districts
                .push((city.label(l), divisions::districts(city).iter().map(|one| one.label(l)).collect()));
        }
    }
    let regions = vec![("", regions.iter().map(|province| province.label(l)).collect())];
    html! {
        (ui::datalist("region-list", &regions))
        (ui::datalist("city-list", &cities))
        (ui::datalist("district-list", &districts))
    }
    .into_string()
}

// ---- Showing ----

/// The address as a parcel carries it, one line each: person, place, postcode and country.
pub fn lines(address: &Address, l: Locale) -> Vec<String> {
    let mut lines = vec![format!("{} {}", address.name, shown_phone(address)), place_line(address)];
    let country = if address.country == CHINA { "" } else { country_name(&address.country, l) };
    let last = [address.postcode.as_str(), country].into_iter().filter(|part| !part.is_empty());
    let last = last.collect::<Vec<_>>().join(" ");
    if !last.is_empty() {
        lines.push(last);
    }
    lines
}

/// The same, but nobody can be found by it: `张*`, `138****8000`, `北京市东城区****`.
pub fn masked(address: &Address) -> Vec<String> {
    vec![mask_name(&address.name), mask_phone(&address.phone), mask_address(&place_line(address))]
}

/// The mobile number as people of the address's country write it.
pub fn shown_phone(address: &Address) -> String {
    let national = address.phone.strip_prefix("+86").filter(|_| address.country == CHINA);
    national.unwrap_or(&address.phone).to_owned()
}

fn place_line(address: &Address) -> String {
    if address.country == CHINA {
        let resolved = Resolved {
            region: address.region.clone(),
            city: address.city.clone(),
            district: address.district.clone(),
        };
        let area = divisions::printed(&resolved);
        let between = if area.is_ascii() { " " } else { "" };
        return format!("{area}{between}{}", address.street);
    }
    let parts = [&address.street, &address.district.name, &address.city.name, &address.region.name];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}
