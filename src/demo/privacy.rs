//! What people allowed, looked for and asked, and who looked at them: so that the pages about personal data
//! have something to show.

use super::DAY;
use super::history::Customers;
use crate::catalogue;
use crate::clock::Timestamp;
use crate::consent::{self, Asked, Purpose};
use crate::ids::{ProductId, SubjectId, VariantId};
use crate::locale::Locale;
use crate::requests::{self, End, Kind, RequestRow, State};
use crate::shop::Shop;
use crate::staff::{self, Looker};
use crate::store::{Decided, Plan, StoreResult};
use crate::{history, t};

const HOUR: i64 = 60 * 60;
/// A browser as they are common.
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// Where the switches are that were ticked.
const PAGE: &str = "/account/privacy";
/// So many of the customers allow something, and one more takes it back.
const WILLING: usize = 6;

/// Writes consents and what rests on them, two requests, and the looks of staff, each at its moment before
/// `now`.
///
/// # Errors
/// If the store could not be written.
pub fn write(shop: &Shop, now: Timestamp, customers: &Customers) -> Decided<()> {
    let shopper = (customers.shopper, Locale::En);
    let others = customers.others.iter().map(|(subject, person)| (*subject, person.language));
    let goods = catalogue::read(shop)?.goods()?;
    for (at, (subject, language)) in std::iter::once(shopper).chain(others.clone()).take(WILLING).enumerate()
    {
        allow(shop, now, at, subject, language, &goods)?;
    }
    if let Some((subject, language)) = others.clone().nth(WILLING) {
        allow_for_a_while(shop, now, subject, language)?;
    }
    answered_request(shop, now, shopper)?;
    if let Some(other) = others.clone().next() {
        look_at_night(shop, now, other.0)?;
        open_request(shop, now, other)?;
    }
    Ok(())
}

/// Somebody allows some of the purposes, searches, and looks at products.
fn allow(
    shop: &Shop,
    now: Timestamp,
    at: usize,
    subject: SubjectId,
    language: Locale,
    goods: &[VariantId],
) -> Decided<()> {
    const PHRASES: [[&str; 2]; 5] =
        [["teapot", "茶壶"], ["green tea", "绿茶"], ["gift", "礼盒"], ["bowl", "碗"], ["apron", "围裙"]];
    // The first allows everything; of the others each its own.
    let purposes: Vec<Purpose> = consent::PURPOSES
        .into_iter()
        .enumerate()
        .filter(|(which, _)| at == 0 || at % 3 != *which)
        .map(|(_, purpose)| purpose)
        .collect();
    let wanted: Vec<VariantId> = goods.iter().skip(at * 3).take(5).copied().collect();
    let random = shop.random.clone();
    let asked = Asked { subject, refuses: false };
    shop.store.commit_blocking(move |plan| {
        plan.now = now.plus_seconds(-(90 - at as i64) * DAY);
        for purpose in purposes {
            consent::give(plan, asked, purpose, PAGE, language, &*random)?;
        }
        history::note_device(plan, asked, AGENT, language, &*random)?;
        for (turn, [en, zh]) in PHRASES.into_iter().enumerate() {
            plan.now = now.plus_seconds(-(40 - 8 * turn as i64) * DAY + at as i64 * HOUR);
            if let Some(allowed) = consent::allows(plan, asked, Purpose::SearchHistory)? {
                history::keep_search(plan, allowed, language.pick(en, zh).to_owned(), &*random)?;
            }
            let allowed = consent::allows(plan, asked, Purpose::BrowsingHistory)?;
            if let (Some(allowed), Some(product)) = (allowed, product_of(plan, wanted.get(turn))?) {
                history::keep_look(plan, allowed, product, &*random)?;
            }
        }
        Ok(())
    })
}

fn product_of(plan: &Plan<'_>, variant: Option<&VariantId>) -> StoreResult<Option<ProductId>> {
    let Some(variant) = variant else { return Ok(None) };
    Ok(catalogue::offer(plan, *variant)?.filter(|offer| offer.on_sale).map(|offer| offer.product))
}

/// Somebody allows the search history and takes it back a month later.
fn allow_for_a_while(shop: &Shop, now: Timestamp, subject: SubjectId, language: Locale) -> Decided<()> {
    let random = shop.random.clone();
    let asked = Asked { subject, refuses: false };
    shop.store.commit_blocking(move |plan| {
        plan.now = now.plus_seconds(-60 * DAY);
        consent::give(plan, asked, Purpose::SearchHistory, PAGE, language, &*random)?;
        plan.now = now.plus_seconds(-30 * DAY);
        Ok(consent::withdraw(plan, subject, Purpose::SearchHistory, PAGE, language, &*random)?)
    })
}

/// Makes a request of a signed-in customer; returns its number.
fn ask(
    plan: &mut Plan<'_>,
    shop: &Shop,
    kind: Kind,
    (subject, language): (SubjectId, Locale),
    details: String,
) -> Decided<String> {
    let number = requests::number(&*shop.random);
    let row = RequestRow {
        details,
        subject: Some(subject),
        ..requests::opened(kind, subject, language, plan.now, plan.now, shop.zone())
    };
    requests::make(plan, &number, &row)?;
    Ok(number)
}

/// A question that was answered within a few days.
fn answered_request(shop: &Shop, now: Timestamp, who: (SubjectId, Locale)) -> Decided<()> {
    let (handle, l) = (shop.clone(), who.1);
    shop.store.commit_blocking(move |plan| {
        plan.now = now.plus_seconds(-45 * DAY);
        let details =
            t!(l, "How long do you keep the addresses of old orders?", "旧订单中的收货地址会保存多久？");
        let number = ask(plan, &handle, Kind::Explain, who, details)?;
        plan.now = now.plus_seconds(-43 * DAY);
        let Some(looker) = owner(plan)? else { return Ok(()) };
        requests::note_opened(plan, &number)?;
        staff::log_look(plan, &looker, requests::LOOKED, Some(who.0), None, "to answer it / 处理请求")?;
        let answer = t!(
            l,
            "Three years from the completion of the order, as the law asks. Afterwards the key to them is destroyed.",
            "自订单完成之日起依法保存三年，到期后销毁其密钥。"
        );
        plan.now = plan.now.plus_seconds(HOUR);
        requests::close(plan, &number, End { state: State::Done, reason: None, answer })
    })
}

/// A request that still waits, and is not due soon.
fn open_request(shop: &Shop, now: Timestamp, who: (SubjectId, Locale)) -> Decided<()> {
    let (handle, l) = (shop.clone(), who.1);
    shop.store.commit_blocking(move |plan| {
        plan.now = now.plus_seconds(-9 * DAY);
        let details = t!(
            l,
            "Please tell me which data you hold about me, and with whom it was shared.",
            "请告知贵店保存了我的哪些个人信息，以及提供给了哪些接收方。"
        );
        ask(plan, &handle, Kind::Access, who, details).map(|_| ())
    })
}

/// A look between midnight and five, of which the owners are alerted.
fn look_at_night(shop: &Shop, now: Timestamp, whose: SubjectId) -> Decided<()> {
    let zone = shop.zone().clone();
    let Some(midnight) = Timestamp::end_of_day(&now.plus_seconds(-13 * DAY).day(&zone), &zone) else {
        return Ok(());
    };
    shop.store.commit_blocking(move |plan| {
        plan.now = midnight.plus_seconds(2 * HOUR + 600);
        let Some(looker) = owner(plan)? else { return Ok(()) };
        let reason = "the courier called for the way to the house / 快递员来电询问地址";
        Ok(staff::log_look(plan, &looker, staff::REVEALED, Some(whose), None, reason)?)
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    // Without one the job of the open shop raises the alert in its first minutes.
    runtime.map_or(Ok(()), |runtime| runtime.block_on(staff::alerts::watch(shop)).map(|_| ()))
}

fn owner(plan: &Plan<'_>) -> StoreResult<Option<Looker>> {
    let found = staff::list(plan)?.into_iter().next();
    Ok(found.map(|member| Looker {
        id: member.id,
        name: member.name,
        is_owner: member.owner,
        from: "127.0.0.1".to_owned(),
    }))
}
