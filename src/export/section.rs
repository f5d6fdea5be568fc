//! How a copy is made up: sections of entries of facts, of which machines read the names and people the
//! titles.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::address::{self, Address};
use crate::clock::Timestamp;
use crate::delivery::divisions::Place;
use crate::locale::{Locale, Text};
use crate::money::Money;

/// A part of a copy.
pub struct Section {
    /// In `data.json`.
    pub id: &'static str,
    pub title: Text,
    /// Whether there is always exactly one entry.
    pub is_single: bool,
    pub entries: Vec<Entry>,
}

/// Facts that belong together, in the order in which they are read.
pub type Entry = Vec<Fact>;

/// One thing that is known.
pub struct Fact {
    pub id: &'static str,
    pub title: Text,
    pub value: Value,
}

pub enum Value {
    Text(String),
    Number(u64),
    Yes(bool),
    At(Timestamp),
    Money(Money),
    /// A choice from a closed list: its name for machines, and in words.
    Choice(String, String),
    Choices(Vec<(String, String)>),
    Entries(Vec<Entry>),
}

impl Fact {
    pub fn new(id: &'static str, title: Text, value: impl Into<Value>) -> Self {
        Self { id, title, value: value.into() }
    }

    /// The choice of a closed list.
    pub fn choice(id: &'static str, title: Text, choice: impl Serialize, words: impl Into<String>) -> Self {
        Self { id, title, value: Value::Choice(name_of(choice), words.into()) }
    }

    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Text(text) => text.is_empty(),
            Value::Entries(entries) => entries.is_empty(),
            Value::Choices(choices) => choices.is_empty(),
            _ => false,
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Yes(yes)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}

impl From<Money> for Value {
    fn from(money: Money) -> Self {
        Self::Money(money)
    }
}

impl From<Vec<Entry>> for Value {
    fn from(entries: Vec<Entry>) -> Self {
        Self::Entries(entries)
    }
}

/// The name of a choice for machines: `to-ship` for `ToShip`.
pub fn name_of(choice: impl Serialize) -> String {
    let Ok(Json::String(name)) = serde_json::to_value(choice) else { return String::new() };
    let mut kebab = String::with_capacity(name.len() + 2);
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

/// An address, whole.
pub fn of_address(address: &Address, l: Locale) -> Entry {
    let place = |id, title, place: &Place| Fact::new(id, title, place.name.clone());
    vec![
        Fact::new("name", Text::new("Name", "姓名"), address.name.clone()),
        Fact::new("phone", Text::new("Phone", "电话"), address.phone.clone()),
        Fact {
            id: "country",
            title: Text::new("Country", "国家或地区"),
            value: Value::Choice(
                address.country.clone(),
                address::country_name(&address.country, l).to_owned(),
            ),
        },
        place("region", Text::new("Province or state", "省"), &address.region),
        place("city", Text::new("City", "市"), &address.city),
        place("district", Text::new("District", "区县"), &address.district),
        Fact::new("street", Text::new("Street", "详细地址"), address.street.clone()),
        Fact::new("postcode", Text::new("Postcode", "邮编"), address.postcode.clone()),
        Fact::new("landline", Text::new("Landline", "固定电话"), address.landline.clone()),
        Fact::new("email", Text::new("Email", "邮箱"), address.email.clone()),
    ]
}

impl Section {
    pub fn json(&self) -> Json {
        match (self.is_single, self.entries.first()) {
            (true, Some(only)) => entry_json(only),
            _ => Json::Array(self.entries.iter().map(entry_json).collect()),
        }
    }
}

fn entry_json(entry: &Entry) -> Json {
    let facts = entry.iter().map(|fact| (fact.id.to_owned(), fact.value.json()));
    Json::Object(facts.collect::<Map<_, _>>())
}

impl Value {
    fn json(&self) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Yes(yes) => json!(yes),
            Self::At(at) => json!(at.instant().to_string()),
            Self::Money(money) => json!({ "amount": money.number(), "currency": money.currency.code() }),
            Self::Choice(name, _) => json!(name),
            Self::Choices(choices) => choices.iter().map(|(name, _)| json!(name)).collect(),
            Self::Entries(entries) => entries.iter().map(entry_json).collect(),
        }
    }
}
