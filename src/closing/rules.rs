//! How a closing is announced, called off and told.

use std::ops::Bound;

use jiff::tz::TimeZone;

use super::records::{CLOSINGS, ClosingRow, NOTICE_DAYS, TELLING, TellingRow};
use crate::accounts;
use crate::clock::Timestamp;
use crate::locale::Text;
use crate::notify::{self, NoticeKind, OwnerNotice};
use crate::refusal::{Decided, Problem, Refusal};
use crate::shop::Shop;
use crate::store::{Plan, StoreResult, View};
use crate::t;

const DAY: i64 = 24 * 60 * 60;
const COUNTER: &str = "closings";
/// The owners are reminded so many seconds before the day.
const REMIND_BEFORE: i64 = 3 * DAY;

/// A closing that was announced and not called off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    pub announced: Timestamp,
    pub day: Timestamp,
    pub finished: Option<Timestamp>,
}

impl Standing {
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.day <= now
    }
}

/// The newest closing, called off or not, with its number.
///
/// # Errors
/// If the store could not be read.
pub fn latest(view: &View<'_>) -> StoreResult<Option<(u64, ClosingRow)>> {
    let rows = view.range(&CLOSINGS, Bound::Unbounded, Bound::Unbounded, 1, true)?;
    Ok(rows.into_iter().next().map(|row| (row.key, row.record)))
}

/// The closing that stands, with its number.
pub(super) fn current(view: &View<'_>) -> StoreResult<Option<(u64, ClosingRow)>> {
    Ok(latest(view)?.filter(|(_, row)| row.called_off.is_none()))
}

/// The closing that stands, as pages show it.
///
/// # Errors
/// If the store could not be read.
pub fn standing(view: &View<'_>) -> StoreResult<Option<Standing>> {
    let row = current(view)?.map(|(_, row)| row);
    Ok(row.map(|row| Standing { announced: row.announced, day: row.day, finished: row.finished }))
}

/// Reads it anew for the pages.
pub(super) fn refresh(shop: &Shop) -> StoreResult<()> {
    shop.set_closes(standing(&shop.store.view()?)?);
    Ok(())
}

/// The first moment at which a shop that says so now may close.
pub fn earliest(now: Timestamp) -> Timestamp {
    now.plus_seconds(NOTICE_DAYS * DAY)
}

/// What is said of a day that is none.
pub const NO_DAY: Text = Text::new("Give the day as 2027-01-31.", "请按 2027-01-31 的格式填写日期。");
const STANDS: Text =
    Text::new("Another day is announced already. Call it off first.", "已公告了另一个停业日期，请先撤回。");

/// Announces that the shop closes on a day, written as `2027-01-31`: at its beginning, and not before thirty
/// whole days have passed. The same day said twice is said once.
///
/// # Errors
/// A refusal at `on`: no such day, or too early; a conflict where another day stands.
pub async fn announce(shop: &Shop, on: &str) -> Decided<Standing> {
    let zone = shop.zone().clone();
    let on = on.trim();
    let begins = Timestamp::start_of_day(on, &zone).ok_or_else(|| Refusal::field("on", NO_DAY))?;
    let decide = move |plan: &mut Plan<'_>| announce_for(plan, begins, &zone);
    shop.store.commit(decide).await?;
    refresh(shop)?;
    shop.outbox_bell.notify_one();
    Ok(shop.closes().ok_or_else(Refusal::not_found)?)
}

fn announce_for(plan: &mut Plan<'_>, begins: Timestamp, zone: &TimeZone) -> Decided<()> {
    if let Some((_, row)) = current(plan)? {
        let is_same = row.day.day(zone) == begins.day(zone);
        return if is_same { Ok(()) } else { Err(Refusal::conflict(STANDS).into()) };
    }
    let soonest = earliest(plan.now);
    let first = soonest.day(zone);
    if begins.day(zone) < first {
        return Err(too_early(&first).into());
    }
    let number = plan.count_up(COUNTER)?;
    let row = ClosingRow {
        announced: plan.now,
        day: begins.max(soonest),
        called_off: None,
        reminded: false,
        accounts: 0,
        vaults: 0,
        finished: None,
    };
    plan.put(&CLOSINGS, &number, &row)?;
    Ok(notify::queue_to_owners(plan, OwnerNotice::ClosingAnnounced)?)
}

fn too_early(first: &str) -> Refusal {
    let problem = Problem::saying("on", |l| {
        t!(
            l,
            "Customers are told {NOTICE_DAYS} days before: the earliest day is {first}.",
            "须提前 {NOTICE_DAYS} 天告知客户，最早日期为 {first}。"
        )
    });
    Refusal::invalid(vec![problem])
}

const NOTHING: Text = Text::new("No closing is announced.", "当前没有停业公告。");
const BEGUN: Text = Text::new(
    "The day has come: what was erased can't be brought back.",
    "停业日期已到，已删除的信息无法恢复，不能再撤回。",
);

/// Calls the closing off.
///
/// # Errors
/// A conflict if none is announced, or its day has come.
pub async fn call_off(shop: &Shop) -> Decided<()> {
    shop.store
        .commit(|plan| {
            let (number, row) = current(plan)?.ok_or_else(|| Refusal::conflict(NOTHING))?;
            if row.day <= plan.now {
                return Err(Refusal::conflict(BEGUN).into());
            }
            Ok(plan.put(&CLOSINGS, &number, &ClosingRow { called_off: Some(plan.now), ..row })?)
        })
        .await?;
    Ok(refresh(shop)?)
}

const OVER: Text = Text::new(
    "This shop has closed for good: nothing new can be begun here.",
    "本店已停止经营，不再受理新的业务。",
);

/// Refuses whatever would begin something new once the shop has closed.
///
/// # Errors
/// A conflict from the day on.
pub fn refuse_if_over(shop: &Shop) -> Result<(), Refusal> {
    let is_over = shop.closes().is_some_and(|standing| standing.is_over(shop.clock.now()));
    if is_over { Err(Refusal::conflict(OVER)) } else { Ok(()) }
}

/// Tells each account of the announcement, or that it was called off; and the owners, shortly before the day,
/// that it comes.
///
/// # Errors
/// If the store could not be read or written.
pub async fn tell_all(shop: &Shop) -> Decided<()> {
    if latest(&shop.store.view()?)?.is_none_or(|(_, row)| row.day <= shop.clock.now()) {
        return Ok(());
    }
    let mut told = false;
    while shop.store.commit(tell_some).await? {
        told = true;
    }
    told |= shop.store.commit(remind_owners).await?;
    if told {
        shop.outbox_bell.notify_one();
    }
    Ok(())
}

/// Returns whether it wrote to some.
fn tell_some(plan: &mut Plan<'_>) -> Decided<bool> {
    let Some((closing, row)) = latest(plan)? else { return Ok(false) };
    let called_off = row.called_off.is_some();
    let before = match plan.get(&TELLING, &())? {
        Some(told) if told.closing == closing && told.called_off == called_off => match told.before {
            None => return Ok(false),
            before => before,
        },
        _ => None,
    };
    let notice = if called_off { NoticeKind::ShopStays } else { NoticeKind::ShopCloses };
    let before = notify::queue_to_next_accounts(plan, before, notice, |_, _| Ok(false))?;
    plan.put(&TELLING, &(), &TellingRow { closing, called_off, before })?;
    Ok(true)
}

fn remind_owners(plan: &mut Plan<'_>) -> Decided<bool> {
    let Some((number, row)) = current(plan)? else { return Ok(false) };
    if row.reminded || row.day.seconds_since(plan.now) > REMIND_BEFORE {
        return Ok(false);
    }
    plan.put(&CLOSINGS, &number, &ClosingRow { reminded: true, ..row })?;
    notify::queue_to_owners(plan, OwnerNotice::ClosingSoon)?;
    Ok(true)
}

/// After a restore an announced closing stands, and nothing of it is carried out within seven days: it may
/// have been called off since the backup.
///
/// # Errors
/// If the store could not be read.
pub fn after_restore(plan: &mut Plan<'_>) -> StoreResult<()> {
    let Some((number, row)) = current(plan)?.filter(|(_, row)| row.finished.is_none()) else {
        return Ok(());
    };
    let day = row.day.max(plan.now.plus_seconds(accounts::AFTER_RESTORE));
    plan.put(&CLOSINGS, &number, &ClosingRow { day, reminded: false, ..row })
}
