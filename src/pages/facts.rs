//! The facts that stand in the texts, as HTML.

use maud::{Markup, html};

use super::registers;
use crate::address::country_name;
use crate::classes::{CLASSES, ClassFacts};
use crate::config::{Config, Email, Retention};
use crate::consent::{NECESSARY, PURPOSES};
use crate::locale::{Locale, Text};
use crate::payments;
use crate::settings::Settings;
use crate::store::Register;
use crate::t;
use crate::web::cookies::{COOKIES, CookieFacts};
use crate::web::ui::{self, Column};

const NEEDED: Text = Text::new("What shopping needs", "购物所必需的用途");
const CHOICES: Text = Text::new("Off until you tick it", "您勾选后才启用的用途");

/// Where the facts come from.
pub struct Facts<'a> {
    pub settings: &'a Settings,
    pub config: &'a Config,
    /// The periods that are said.
    pub retention: &'a Retention,
    pub url: &'a str,
    /// What is stored, and of which kind.
    pub register: Register,
    pub l: Locale,
}

impl Facts<'_> {
    /// The value of a placeholder, empty if nothing was entered; `None` if there is no such one.
    pub fn value(&self, name: &str) -> Option<Markup> {
        let l = self.l;
        let settings = self.settings;
        let orders = &self.config.orders;
        let text = |text: &str| html! { (text.trim()) };
        Some(match name {
            "shop" => text(&settings.name),
            "url" => html! { a href=(self.url) { (self.url) } },
            "company" => text(&settings.company),
            "licence" => text(&settings.licence),
            "icp" => text(&settings.icp),
            "address" => text(&settings.address),
            "email" => email(settings.email.trim()),
            "phones" => text(&settings.phones.join(l.pick(", ", "、"))),
            "officer" => text(&settings.officer),
            "country" => text(&country(&settings.country, l)),
            "currency" => text(&currency(settings.currency.code(), l)),
            "delivery_price" => text(&settings.delivery_price.text(l)),
            "timezone" => text(self.config.site.timezone.iana_name().unwrap_or("UTC")),
            "unpaid_after" => text(&orders.unpaid_after.text(l)),
            "received_after" => text(&orders.received_after.text(l)),
            "completed_after" => text(&orders.completed_after.text(l)),
            "code_life" => text(&self.retention.code.text(l)),
            "cooling_off" => text(&self.retention.cancelled_account.text(l)),
            "policy_notice" => text(&self.config.policy.notice.text(l)),
            "policy_major_notice" => text(&self.config.policy.major_notice.text(l)),
            "payment_methods" => {
                let titles = payments::offered(settings).into_iter().map(|method| method.title().get(l));
                text(&titles.collect::<Vec<_>>().join(l.pick(", ", "、")))
            }
            "mail_provider" => text(self.config.email.as_ref().map_or("", Email::host)),
            "purpose_table" => registers::purpose_table(&NEEDED, NECESSARY.iter(), self.retention, l),
            "choice_table" => {
                let choices = PURPOSES.iter().map(|purpose| purpose.facts());
                registers::purpose_table(&CHOICES, choices, self.retention, l)
            }
            "kind_table" => registers::kind_table(self.register, l),
            "never_collected" => registers::never_collected(l),
            "recipient_table" => registers::recipient_table(l),
            "sharing_grounds" => registers::sharing_grounds(l),
            "deletion_grounds" => registers::deletion_grounds(l),
            "refusal_reasons" => registers::refusal_reasons(false, l),
            "no_answer_reasons" => registers::refusal_reasons(true, l),
            "retention_table" => retention_table(self.retention, l),
            "cookie_table" => cookie_table(false, self.retention, l),
            _ => return None,
        })
    }
}

/// The country as it stands in a sentence.
fn country(code: &str, l: Locale) -> String {
    let name = country_name(code, l);
    match (l, code) {
        (Locale::En, "AE" | "GB" | "NL" | "PH" | "US") if !name.starts_with("the ") => format!("the {name}"),
        _ => name.to_owned(),
    }
}

fn email(address: &str) -> Markup {
    html! { @if !address.is_empty() { a href={ "mailto:" (address) } { (address) } } }
}

fn currency(code: &str, l: Locale) -> String {
    let name = match code {
        "CNY" => l.pick("Chinese yuan", "人民币"),
        "EUR" => l.pick("euros", "欧元"),
        "GBP" => l.pick("pounds sterling", "英镑"),
        "HKD" => l.pick("Hong Kong dollars", "港币"),
        "JPY" => l.pick("Japanese yen", "日元"),
        "SGD" => l.pick("Singapore dollars", "新加坡元"),
        "TWD" => l.pick("New Taiwan dollars", "新台币"),
        "USD" => l.pick("US dollars", "美元"),
        _ => return code.to_owned(),
    };
    t!(l, "{name} ({code})", "{name}（{code}）")
}

/// How long data of a class is kept, in words with these periods.
pub fn how_long(facts: &ClassFacts, retention: &Retention, l: Locale) -> String {
    let mut said = facts.clock.get(l).to_owned();
    for (key, period) in retention.all() {
        said = said.replace(&format!("{{{key}}}"), &period.text(l));
    }
    said
}

fn retention_table(retention: &Retention, l: Locale) -> Markup {
    let columns = [
        Column::text(t!(l, "Data", "信息")),
        Column::text(t!(l, "What for", "用途")),
        Column::text(t!(l, "Ground", "处理依据")),
        Column::text(t!(l, "How long", "保存期限")),
    ];
    let rows: Vec<Vec<Markup>> = CLASSES
        .iter()
        .filter(|facts| facts.is_personal())
        .map(|facts| {
            vec![
                html! { (facts.title.get(l)) },
                html! { (facts.purpose.get(l)) },
                html! { (facts.ground.text().get(l)) },
                html! { (how_long(facts, retention, l)) },
            ]
        })
        .collect();
    ui::table(&t!(l, "How long each kind of data is kept", "各类信息的保存期限"), &columns, &rows)
}

/// Every cookie of the shop (CK-01), by the name that it is sent under with or without https.
pub fn cookie_table(https: bool, retention: &Retention, l: Locale) -> Markup {
    let columns = [
        Column::text(t!(l, "Name", "名称")),
        Column::text(t!(l, "What it is for", "用途")),
        Column::text(t!(l, "How long it stays", "保存时间")),
    ];
    let row = |facts: &CookieFacts| {
        let name = html! { code { (facts.cookie.sent_name(https)) } };
        vec![name, html! { (facts.purpose.get(l)) }, html! { (facts.life.text(retention, l)) }]
    };
    let rows: Vec<Vec<Markup>> = COOKIES.iter().map(row).collect();
    ui::table(&t!(l, "Cookies of this shop", "本店使用的 Cookie"), &columns, &rows)
}
