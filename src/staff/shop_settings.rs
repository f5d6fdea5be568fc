//! What the shop is, changed by the owner. The configuration file gives first values only; where it
//! gives another one the field says so.

use maud::{Markup, html};

use crate::contact;
use crate::front::{self, Page};
use crate::locale::{Locale, Text};
use crate::money::Money;
use crate::refusal::{Kind, Problem, Refusal};
use crate::settings::Settings;
use crate::store::{Decided, Stop, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone, Width};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

const HOME: &str = "/admin/settings";

pub(super) fn routes() -> Vec<Route> {
    vec![get(HOME, Who::Owner, show), post(HOME, Who::Owner, "changes the shop's settings", change)]
}

/// What stands in the form: typed, or the settings in force.
struct Shown {
    name: String,
    country: String,
    company: String,
    licence: String,
    icp: String,
    address: String,
    email: String,
    phones: String,
    officer: String,
    transfer_instructions: String,
    delivery_price: String,
    default_locale: String,
}

impl Shown {
    fn in_force(settings: &Settings) -> Self {
        Self {
            name: settings.name.clone(),
            country: settings.country.clone(),
            company: settings.company.clone(),
            licence: settings.licence.clone(),
            icp: settings.icp.clone(),
            address: settings.address.clone(),
            email: settings.email.clone(),
            phones: settings.phones.join("\n"),
            officer: settings.officer.clone(),
            transfer_instructions: settings.transfer_instructions.clone(),
            delivery_price: settings.delivery_price.number(),
            default_locale: settings.default_locale.tag().to_owned(),
        }
    }

    fn typed(form: &Form) -> Self {
        let text = |name: &str| form.raw(name).to_owned();
        Self {
            name: text("name"),
            country: text("country"),
            company: text("company"),
            licence: text("licence"),
            icp: text("icp"),
            address: text("address"),
            email: text("email"),
            phones: text("phones"),
            officer: text("officer"),
            transfer_instructions: text("transfer_instructions"),
            delivery_price: text("delivery_price"),
            default_locale: text("default_locale"),
        }
    }
}

async fn show(visit: Visit) -> Answer {
    let shown = Shown::in_force(&visit.shop.settings());
    Ok(page(settings_page(&visit, &shown, &Problems::new())?))
}

async fn change(visit: Visit, form: Form) -> Answer {
    match decide(&visit, &form).await {
        Ok(()) => Ok(see("/admin/settings?said=saved")),
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Invalid => {
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, settings_page(&visit, &Shown::typed(&form), &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn decide(visit: &Visit, form: &Form) -> Decided<()> {
    let settings = read(form, &visit.shop.settings())?;
    visit.shop.change_settings(settings).await
}

const NO_NAME: Text = Text::new("Enter the shop's name.", "请输入店铺名称。");
const NO_PHONE: Text = Text::new(
    "Write one number on each line, with digits, spaces, +, - and brackets.",
    "每行一个电话号码，可用数字、空格、+、- 和括号。",
);
const NO_PRICE: Text = Text::new("Enter an amount such as 10.00.", "请输入金额，例如 10.00。");
const NO_LANGUAGE: Text = Text::new("Choose a language.", "请选择语言。");
/// The most numbers that a shop lists.
const MOST_PHONES: usize = 10;

/// Reads the form over the settings in force; the currency is not in it.
fn read(form: &Form, before: &Settings) -> Result<Settings, Refusal> {
    let mut problems = Vec::new();
    let name = form.line("name", 80, &mut problems);
    if name.is_empty() && problems.is_empty() {
        problems.push(Problem::new("name", NO_NAME));
    }
    let settings = Settings {
        name,
        country: read_country(form, &mut problems),
        currency: before.currency,
        company: form.line("company", 200, &mut problems),
        licence: form.line("licence", 100, &mut problems),
        icp: form.line("icp", 100, &mut problems),
        address: form.line("address", 300, &mut problems),
        email: read_email(form, &mut problems),
        phones: read_phones(form, &mut problems),
        officer: form.line("officer", 100, &mut problems),
        transfer_instructions: form.lines("transfer_instructions", 2000, &mut problems),
        delivery_price: read_price(form, before, &mut problems),
        default_locale: read_locale(form, &mut problems),
    };
    Refusal::unless_empty(problems)?;
    Ok(settings)
}

/// A text that passed its check; else the problem is noted.
fn checked<T>(field: &str, read: Result<T, Text>, problems: &mut Vec<Problem>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(text) => {
            if problems.iter().all(|problem| problem.field != field) {
                problems.push(Problem::new(field, text));
            }
            None
        }
    }
}

/// Reads the field `country`: the two letters of ISO 3166-1.
pub(super) fn read_country(form: &Form, problems: &mut Vec<Problem>) -> String {
    let typed = form.line("country", 60, problems).to_ascii_uppercase();
    let known = COUNTRIES.split(' ').any(|code| code == typed);
    checked("country", known.then_some(typed).ok_or(NO_COUNTRY), problems).unwrap_or_default()
}

const NO_COUNTRY: Text = Text::new(
    "Enter the two letters of a country, such as CN, GB or DE.",
    "请输入两位国家或地区代码，例如 CN、GB 或 DE。",
);

fn read_email(form: &Form, problems: &mut Vec<Problem>) -> String {
    let typed = form.line("email", 254, problems);
    if typed.is_empty() {
        return typed;
    }
    checked("email", contact::parse_email(&typed), problems).unwrap_or_default()
}

fn read_phones(form: &Form, problems: &mut Vec<Problem>) -> Vec<String> {
    let typed = form.lines("phones", 400, problems);
    let phones: Vec<String> =
        typed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let is_sound = phones.len() <= MOST_PHONES && phones.iter().all(|phone| is_phone(phone));
    checked("phones", is_sound.then_some(phones).ok_or(NO_PHONE), problems).unwrap_or_default()
}

/// A shop's number may be a landline or a hotline, so only its characters are looked at.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (3..=20).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c))
}

fn read_price(form: &Form, before: &Settings, problems: &mut Vec<Problem>) -> Money {
    let typed = form.line("delivery_price", 30, problems);
    let price = Money::parse(&typed, before.currency).ok_or(NO_PRICE);
    checked("delivery_price", price, problems).unwrap_or(before.delivery_price)
}

fn read_locale(form: &Form, problems: &mut Vec<Problem>) -> Locale {
    let typed = form.line("default_locale", 10, problems);
    checked("default_locale", Locale::parse(&typed).ok_or(NO_LANGUAGE), problems).unwrap_or_default()
}

// ---- The page ----

fn settings_page(visit: &Visit, shown: &Shown, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Shop settings", "店铺设置");
    let body = html! {
        (shop_section(visit, shown, problems))
        (trader_section(visit, shown, problems))
        (selling_section(visit, shown, problems))
        (ui::primary_button(&t!(l, "Save the settings", "保存设置")))
    };
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        @if front::asked(visit, "said") == "saved" {
            (ui::notice(Tone::Good, html! { p { (t!(l, "The settings were saved.", "设置已保存。")) } }))
        }
        (ui::form(HOME, body))
        p { a href="/admin/closing" { (t!(l, "Closing the business", "停止经营")) } }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, HOME, main)
}

/// What the configuration says, if it is given there and differs from what is in force.
fn says(visit: &Visit, key: &str, configured: &str, in_force: &str) -> String {
    if !visit.shop.config().is_given(key) || configured == in_force {
        return String::new();
    }
    let value = configured.replace('\n', ", ");
    t!(
        visit.locale,
        "The configuration gives another first value for {key}: {value}. What stands here counts.",
        "配置文件中 {key} 的初始值不同：{value}。以此处为准。"
    )
}

fn joined(hint: &str, says: &str) -> String {
    [hint, says].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn shop_section(visit: &Visit, shown: &Shown, problems: &Problems) -> Markup {
    let l = visit.locale;
    let (site, now) = (&visit.shop.config().site, visit.shop.settings());
    let name_hint = says(visit, "site.name", &site.name, &now.name);
    let country_hint = joined(&country_hint(l), &says(visit, "site.country", &site.country, &now.country));
    let currency = now.currency.code();
    let note = says(visit, "site.currency", site.currency.code(), currency);
    ui::section(
        &t!(l, "The shop", "店铺"),
        html! {
            (Field::text("name", &t!(l, "Name", "店铺名称")).value(&shown.name).hint(&name_hint)
                .problems(problems).render())
            (country_field(l, &shown.country, &country_hint, problems))
            (Field::radios("default_locale", &t!(l, "Language of visitors who name none", "默认语言"))
                .options([("en", "English"), ("zh-CN", "中文")]).value(&shown.default_locale).problems(problems).render())
            p.note { (t!(
                l,
                "Currency: {currency}. It is chosen before the first start and stays.",
                "货币：{currency}。首次启动前选定，之后不变。"
            )) " " (note) }
        },
    )
}

pub(super) fn country_hint(l: Locale) -> String {
    t!(l, "Two letters, such as CN, GB or DE.", "两位代码，例如 CN、GB 或 DE。")
}

/// The field `country` with the countries as suggestions.
pub(super) fn country_field(l: Locale, value: &str, hint: &str, problems: &Problems) -> Markup {
    let countries = [("", COUNTRIES.split(' ').collect())];
    html! {
        (Field::text("country", &t!(l, "Country", "国家或地区")).value(value).hint(hint).list("countries")
            .autocomplete("country").width(Width::Short).problems(problems).render())
        (ui::datalist("countries", &countries))
    }
}

fn trader_section(visit: &Visit, shown: &Shown, problems: &Problems) -> Markup {
    let l = visit.locale;
    let (given, now) = (&visit.shop.config().contact, visit.shop.settings());
    let phones = joined(
        &t!(l, "One on each line.", "每行一个。"),
        &says(visit, "contact.phones", &given.phones.join("\n"), &now.phones.join("\n")),
    );
    let officer = joined(
        &t!(l, "Named on the contact page and in the privacy policy.", "显示在联系页面和隐私政策中。"),
        &says(visit, "contact.officer", &given.officer, &now.officer),
    );
    ui::section(
        &t!(l, "Who trades", "经营者"),
        html! {
            (Field::text("company", &t!(l, "Company", "公司名称")).value(&shown.company)
                .hint(&says(visit, "contact.company", &given.company, &now.company)).optional(l)
                .problems(problems).render())
            (Field::text("licence", &t!(l, "Business licence number", "营业执照编号")).value(&shown.licence)
                .hint(&says(visit, "contact.licence", &given.licence, &now.licence)).optional(l)
                .problems(problems).render())
            (Field::text("icp", &t!(l, "ICP number (China)", "ICP 备案号")).value(&shown.icp)
                .hint(&says(visit, "contact.icp", &given.icp, &now.icp)).optional(l).problems(problems)
                .render())
            (Field::text("address", &t!(l, "Address", "地址")).value(&shown.address)
                .hint(&says(visit, "contact.address", &given.address, &now.address)).optional(l)
                .problems(problems).render())
            (Field::email("email", &t!(l, "Email", "邮箱")).value(&shown.email)
                .hint(&says(visit, "contact.email", &given.email, &now.email)).autocomplete("off")
                .optional(l).problems(problems).render())
            (Field::textarea("phones", &t!(l, "Telephone numbers", "联系电话")).value(&shown.phones)
                .hint(&phones).rows(3).optional(l).problems(problems).render())
            (Field::text("officer", &t!(l, "Person responsible for personal information", "个人信息保护负责人"))
                .value(&shown.officer).hint(&officer).optional(l).problems(problems).render())
        },
    )
}

fn selling_section(visit: &Visit, shown: &Shown, problems: &Problems) -> Markup {
    let l = visit.locale;
    let now = visit.shop.settings();
    let first = &visit.shop.config().payments.transfer_instructions;
    let transfer = joined(
        &t!(l, "Shown with each order that is paid by bank transfer.", "显示在每笔以转账付款的订单中。"),
        &says(visit, "payments.transfer.instructions", first, &now.transfer_instructions),
    );
    let currency = now.currency.code();
    ui::section(
        &t!(l, "Selling", "销售"),
        html! {
            (Field::textarea("transfer_instructions", &t!(l, "Where to transfer to", "转账说明"))
                .value(&shown.transfer_instructions).hint(&transfer).rows(5).optional(l).problems(problems)
                .render())
            (Field::number("delivery_price", &t!(l, "Price of a delivery, in {currency}", "每单运费（{currency}）")).value(&shown.delivery_price).inputmode("decimal")
                .hint(&t!(l, "0 for free delivery.", "0 表示包邮。")).problems(problems).render())
        },
    )
}

/// ISO 3166-1, two letters each.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER \
    ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM \
    IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF \
    MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK \
    PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD \
    TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn before() -> Settings {
        Settings::first(&Config::defaults("data".into()))
    }

    fn fields(problems: &Refusal) -> Vec<&str> {
        problems.problems.iter().map(|problem| problem.field.as_str()).collect()
    }

    #[test]
    fn settings_are_read_as_typed() {
        let form = Form::parse(
            "name=Tea&country=gb&email=a%40Example.com&phones=010-1234%0D%0A%0D%0A+86+10&delivery_price=8.5&default_locale=zh-CN"
                .as_bytes(),
        );
        let settings = read(&form, &before()).expect("sound");
        assert_eq!(settings.country, "GB");
        assert_eq!(settings.email, "a@example.com");
        assert_eq!(settings.phones, ["010-1234", "86 10"]);
        assert_eq!(settings.delivery_price.minor, 850);
        assert_eq!(settings.default_locale, Locale::Zh);
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let form = Form::parse(
            "name=&country=Atlantis&email=nobody&phones=call+me&delivery_price=-1&default_locale=fr"
                .as_bytes(),
        );
        let refusal = read(&form, &before()).expect_err("all wrong");
        assert_eq!(
            fields(&refusal),
            ["name", "country", "email", "phones", "delivery_price", "default_locale"]
        );
    }

    #[test]
    fn there_are_as_many_countries_as_the_standard_has() {
        let codes: std::collections::BTreeSet<&str> = COUNTRIES.split(' ').collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.iter().all(|code| code.len() == 2));
    }
}
