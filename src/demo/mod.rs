//! The demonstration: a shop that looks like one, with a year of invented orders.

mod history;
mod privacy;
mod sample;
mod talks;

use aws_lc_rs::hmac;

use crate::backup::DEMO_IDENTITY;
use crate::clock::{Clock, HeldClock, Timestamp};
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::shop::Shop;
use crate::store::{Decided, Stop, StoreResult};
use crate::{accounts, backup, catalogue, passwords, secrets, staff};

const DAY: i64 = 24 * 60 * 60;
/// Counted once everything is in place.
const STOCKED: &str = "demo_stocked";
/// Enough of everything for a year of sales; the sample's own numbers are set at the end.
const STOCK_OF_A_YEAR: &str = "5000";

/// How much of a shop is wanted.
#[derive(Clone, Copy)]
pub struct Wish {
    pub products: usize,
    pub orders: usize,
}

/// Whom a tester signs in as.
pub struct People {
    pub owner_email: &'static str,
    pub owner_password: String,
    pub shopper_email: &'static str,
    pub shopper_password: String,
}

/// Whom a tester signs in as; the passwords come from the shop's own random key, and so outlive a
/// restore.
///
/// # Errors
/// If the store could not be read or written.
pub fn people(shop: &Shop) -> StoreResult<People> {
    let secret = secrets::get(shop, "demo")?;
    let password = |whose: &str| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), whose.as_bytes());
        let letters = data_encoding::BASE32_NOPAD.encode(&tag.as_ref()[..10]).to_lowercase();
        format!("{}-{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..12], &letters[12..16])
    };
    Ok(People {
        owner_email: "owner@tuckshop.example",
        owner_password: password("owner"),
        shopper_email: "shopper@tuckshop.example",
        shopper_password: password("shopper"),
    })
}

/// Whether a demo's data dir was stocked to the end.
pub fn is_stocked(shop: &Shop) -> StoreResult<bool> {
    Ok(shop.store.view()?.counter(STOCKED)? > 0)
}

/// Where the invented year begins.
pub fn a_year_ago(clock: &dyn Clock) -> Timestamp {
    clock.now().plus_seconds(-366 * DAY)
}

/// Stocks a new shop: goods, people, orders spread over the past year, and what else was said and allowed.
///
/// # Errors
/// In words; the data dir is then worth nothing.
pub fn stock(shop: &Shop, clock: &HeldClock, wish: Wish) -> Result<(), String> {
    let people = people(shop).map_err(|error| error.to_string())?;
    name_shop(shop)?;
    catalogue::import_categories(shop, sample::CATEGORIES).map_err(in_words)?;
    for (from, to) in shares(wish.products) {
        import(shop, &sample::catalogue(from, to, Some(STOCK_OF_A_YEAR)))?;
    }
    add_owner(shop, &people)?;
    let shopper = add_shopper(shop, &people)?;
    let customers = add_customers(shop)?;
    let customers = history::Customers { shopper, others: customers };
    history::write(shop, clock, &customers, wish.orders).map_err(|stop| stop.to_string())?;
    clock.release();
    talks::write(shop, clock.now(), &customers).map_err(|stop| stop.to_string())?;
    privacy::write(shop, clock.now(), &customers).map_err(|stop| stop.to_string())?;
    for (from, to) in shares(wish.products) {
        import(shop, &sample::catalogue(from, to, None))?;
    }
    let key = backup::make_recovery_key(shop).map_err(|error| error.to_string())?;
    shop.disk
        .replace(&shop.dir.join(DEMO_IDENTITY), key.text.as_bytes())
        .map_err(|error| error.to_string())?;
    let counted = shop.store.commit_blocking(|plan| Ok(plan.count_up(STOCKED)?));
    counted.map(|_| ()).map_err(|stop| stop.to_string())
}

/// So many products are imported in one commit.
const AT_ONCE: usize = 500;

fn shares(products: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..products).step_by(AT_ONCE).map(move |from| (from, (from + AT_ONCE).min(products)))
}

fn in_words(problems: Vec<impl std::fmt::Display>) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn import(shop: &Shop, csv: &str) -> Result<(), String> {
    catalogue::import(shop, csv.as_bytes(), &mut sample::picture).map(|_| ()).map_err(in_words)
}

/// What the configuration left at its default gets the demonstration's own.
fn name_shop(shop: &Shop) -> Result<(), String> {
    let mut stands = (*shop.settings()).clone();
    let texts = [
        (&mut stands.company, "Tuckshop Demonstration Co., Ltd. 演示商贸有限公司"),
        (&mut stands.address, "99 Sample Road, Hangzhou 杭州市示例路 99 号"),
        (&mut stands.licence, "91330100DEMO00000X"),
        (&mut stands.icp, "浙ICP备00000000号-1"),
        (&mut stands.email, "hello@tuckshop.example"),
        (&mut stands.officer, "Demo Officer 演示负责人"),
        (
            &mut stands.transfer_instructions,
            "Sample Bank, Hangzhou branch 示例银行杭州分行\nTuckshop Demonstration Co., Ltd.\n6200 0000 0000 0000",
        ),
    ];
    for (stands, sample) in texts {
        if stands.is_empty() {
            sample.clone_into(stands);
        }
    }
    if stands.phones.is_empty() {
        stands.phones.push("0571-0000 0000".to_owned());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(shop.change_settings(stands)).map_err(|stop| stop.to_string())
}

fn add_owner(shop: &Shop, people: &People) -> Result<(), String> {
    let hash = passwords::hash(&people.owner_password, &*shop.random);
    let (email, random) = (people.owner_email, shop.random.clone());
    let added =
        shop.store.commit_blocking(move |plan| staff::add(plan, &*random, "Owner", email, hash, true));
    added.map(|_| ()).map_err(|stop| stop.to_string())
}

fn add_shopper(shop: &Shop, people: &People) -> Result<SubjectId, String> {
    let hash = passwords::hash(&people.shopper_password, &*shop.random);
    let address = sample::address_of_shopper();
    let account = sample::Person {
        name: "shopper".to_owned(),
        email: people.shopper_email.to_owned(),
        language: Locale::En,
        address,
    };
    make_account(shop, account, hash).map_err(|stop| stop.to_string())
}

/// The invented customers. Nobody knows their passwords, and they need only one digest together.
fn add_customers(shop: &Shop) -> Result<Vec<(SubjectId, sample::Person)>, String> {
    let hash = passwords::hash(&shop.random.token(), &*shop.random);
    sample::people()
        .into_iter()
        .map(|person| {
            let subject =
                make_account(shop, person.clone(), hash.clone()).map_err(|stop| stop.to_string())?;
            Ok((subject, person))
        })
        .collect()
}

fn make_account(shop: &Shop, person: sample::Person, hash: String) -> Decided<SubjectId> {
    let random = shop.random.clone();
    shop.store.commit_blocking(move |plan| -> Result<SubjectId, Stop> {
        let new = accounts::NewAccount {
            name: person.name,
            email: Some(person.email),
            mobile: None,
            password: hash,
            language: person.language,
            agreed_texts: accounts::agreed_texts(),
            agreed: plan.now,
        };
        let subject = accounts::create(plan, &new, &*random)?;
        accounts::save_address(plan, subject, &person.address, true)?;
        Ok(subject)
    })
}
