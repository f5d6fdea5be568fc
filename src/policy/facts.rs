//! The facts of the policy, as the registers and the configuration say them at a moment.

use serde::{Deserialize, Serialize};

use super::records::AddedRow;
use crate::classes::{CLASSES, Class, DataKind, Ground};
use crate::config::Period;
use crate::consent::{NECESSARY, PURPOSES};
use crate::locale::{Locale, Text};
use crate::notify;
use crate::settings::Settings;
use crate::shop::Shop;
use crate::store::Register;
use crate::web::cookies::COOKIES;

/// A text of the program as it stood in a version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Both {
    pub en: String,
    pub zh: String,
}

impl From<Text> for Both {
    fn from(text: Text) -> Self {
        Self { en: text.get(Locale::En).to_owned(), zh: text.get(Locale::Zh).to_owned() }
    }
}

/// What the policy says of one class of data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClassFact {
    pub id: String,
    pub title: Both,
    pub purpose: Both,
    pub ground: Both,
    /// Whether it rests on consent, and so is off for whoever does not tick it.
    pub by_consent: bool,
    /// The kinds of its fields, in one order.
    pub kinds: Vec<Both>,
    pub recipients: Both,
    /// How long it is kept, with the period's name for its length.
    pub clock: Both,
}

/// A purpose: an optional one is off until ticked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PurposeFact {
    pub id: String,
    pub title: Both,
    pub optional: bool,
}

/// All that the policy states as a fact.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Who trades: company, licence, address.
    pub owner: Vec<String>,
    /// The person responsible, and where to write, call and complain.
    pub responsible: Vec<String>,
    pub classes: Vec<ClassFact>,
    pub purposes: Vec<PurposeFact>,
    /// By the keys of `[retention]`.
    pub periods: Vec<(String, Period)>,
    /// In which the days of periods are counted.
    pub zone: String,
    /// Whoever receives data beyond what a class says: the providers of messages.
    pub providers: Vec<Both>,
    /// The rights that the shop serves.
    pub rights: Vec<Both>,
    pub cookies: Vec<Both>,
    /// How long ahead a change is announced, and a major one.
    pub notice: [Period; 2],
    /// What an assessment of high risks found.
    pub assessment: Both,
}

/// What the shop does for a person who asks, by name (RGT-01 to RGT-18).
const RIGHTS: [Text; 8] = [
    Text::new("see and correct one's data", "查阅、更正个人信息"),
    Text::new("have data deleted", "删除个人信息"),
    Text::new("a copy of one's data", "获取个人信息副本"),
    Text::new("give consent and take it back", "同意与撤回同意"),
    Text::new("cancel the account, and take that back", "注销账号与恢复"),
    Text::new("have device data anonymised", "设备信息匿名化"),
    Text::new("have the rules explained", "解释处理规则"),
    Text::new("see who looked and with whom data was shared", "查询查看记录与共享记录"),
];

impl Facts {
    /// As they stand now.
    pub fn of(shop: &Shop, settings: &Settings, added: &AddedRow) -> Self {
        let config = shop.config();
        Self {
            owner: vec![settings.company.clone(), settings.licence.clone(), settings.address.clone()],
            responsible: [vec![settings.officer.clone(), settings.email.clone()], settings.phones.clone()]
                .concat(),
            classes: CLASSES
                .iter()
                .filter(|facts| facts.is_personal())
                .map(|facts| ClassFact {
                    id: facts.id.to_owned(),
                    title: facts.title.into(),
                    purpose: facts.purpose.into(),
                    ground: facts.ground.text().into(),
                    by_consent: facts.ground == Ground::Consent,
                    kinds: kinds(shop.store.register(), facts.class),
                    recipients: facts.recipients.into(),
                    clock: facts.clock.into(),
                })
                .collect(),
            purposes: purposes(),
            periods: config.retention.all().into_iter().map(|(id, period)| (id.to_owned(), period)).collect(),
            zone: config.site.timezone.iana_name().unwrap_or("UTC").to_owned(),
            providers: notify::providers(shop)
                .iter()
                .map(|who| Both { en: who.text(Locale::En), zh: who.text(Locale::Zh) })
                .collect(),
            rights: RIGHTS.map(Both::from).into(),
            cookies: COOKIES.iter().map(|facts| cookie(facts.name, facts.purpose)).collect(),
            notice: [config.policy.notice, config.policy.major_notice],
            assessment: Both { en: added.assessment_en.clone(), zh: added.assessment_zh.clone() },
        }
    }
}

fn cookie(name: &str, purpose: Text) -> Both {
    let said = |l: Locale| format!("{name}: {}", purpose.get(l));
    Both { en: said(Locale::En), zh: said(Locale::Zh) }
}

fn purposes() -> Vec<PurposeFact> {
    let optional = PURPOSES.iter().map(|purpose| PurposeFact {
        id: purpose.id().to_owned(),
        title: purpose.facts().title.into(),
        optional: true,
    });
    let necessary = NECESSARY.iter().map(|facts| PurposeFact {
        id: facts.id.to_owned(),
        title: facts.title.into(),
        optional: false,
    });
    optional.chain(necessary).collect()
}

/// The kinds of data that a class holds.
fn kinds(register: Register, class: Class) -> Vec<Both> {
    let held = DataKind::PERSONAL.into_iter().filter(|kind| register.stores(class, *kind));
    held.map(|kind| kind.text().into()).collect()
}
