//! What the shop is: its name, its trader, its money, its delivery. Kept in the store, changed in
//! the back office; the configuration file gives the first values only.

use crate::config::Config;
use crate::locale::Locale;
use crate::money::{Currency, Money};
use crate::store::{Plan, StoreResult, View, record, tables};

record! {
    /// What the shop is.
    #[derive(Clone, Debug)]
    pub struct Settings {
        pub name: String = NotPersonal,
        /// ISO 3166-1, two letters.
        pub country: String = NotPersonal,
        pub currency: Currency = NotPersonal,
        /// Who trades, as the law wants it named.
        pub company: String = NotPersonal,
        pub licence: String = NotPersonal,
        pub icp: String = NotPersonal,
        pub address: String = NotPersonal,
        pub email: String = NotPersonal,
        pub phones: Vec<String> = NotPersonal,
        /// The person responsible for personal information.
        pub officer: String = NotPersonal,
        /// Where to pay to, shown with each order that is paid by transfer.
        pub transfer_instructions: String = NotPersonal,
        /// The flat price of a delivery.
        pub delivery_price: Money = NotPersonal,
        pub default_locale: Locale = NotPersonal,
    }
}

tables! {
    pub SETTINGS: () => Settings = "settings" of Public;
}

impl Settings {
    /// The first values, from the configuration.
    pub fn first(config: &Config) -> Self {
        let currency = Currency::parse(config.site.currency.code()).unwrap_or(Currency::CNY);
        let unit = 10_i64.pow(currency.digits());
        Self {
            name: config.site.name.clone(),
            country: config.site.country.clone(),
            currency,
            company: config.contact.company.clone(),
            licence: config.contact.licence.clone(),
            icp: config.contact.icp.clone(),
            address: config.contact.address.clone(),
            email: config.contact.email.clone(),
            phones: config.contact.phones.clone(),
            officer: config.contact.officer.clone(),
            transfer_instructions: config.payments.transfer_instructions.clone(),
            delivery_price: Money::new(10 * unit, currency),
            default_locale: if config.site.country == "CN" { Locale::Zh } else { Locale::En },
        }
    }
}

/// The settings as they stand, or the configuration's before the shop was set up.
pub fn get(view: &View<'_>, config: &Config) -> StoreResult<Settings> {
    Ok(view.get(&SETTINGS, &())?.unwrap_or_else(|| Settings::first(config)))
}

pub fn put(plan: &mut Plan<'_>, settings: &Settings) -> StoreResult<()> {
    plan.put(&SETTINGS, &(), settings)
}

/// Where the configuration file gives another value than the store holds: it gives first values only.
pub fn differences(settings: &Settings, config: &Config) -> Vec<String> {
    let first = Settings::first(config);
    let pairs = [
        ("site.name", &first.name, &settings.name),
        ("site.country", &first.country, &settings.country),
        ("contact.company", &first.company, &settings.company),
        ("contact.licence", &first.licence, &settings.licence),
        ("contact.icp", &first.icp, &settings.icp),
        ("contact.address", &first.address, &settings.address),
        ("contact.email", &first.email, &settings.email),
        ("contact.officer", &first.officer, &settings.officer),
        ("payments.transfer.instructions", &first.transfer_instructions, &settings.transfer_instructions),
    ];
    pairs
        .into_iter()
        .filter(|(key, given, stands)| config.is_given(key) && given != stands)
        .map(|(key, ..)| format!("{key} in the configuration differs from the back office, which holds"))
        .collect()
}
