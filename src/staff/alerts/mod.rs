//! Alerts (SEC-07): patterns among the looks at personal data that are unusual, for owners to answer.
//!
//! - [`watch`] goes over what the access log has gained, by a position that is stored with the alerts: none
//!   is missed and none raised twice. It is a job and no part of [`super::log_look`]: a look waits for
//!   nothing, a hundred labels are judged at once, and the count is that of the whole pattern. What it reads
//!   is the new entries and the hour before them.
//! - [`open_count`] is for the dashboard.
//!
//! There is one alert for each member, pattern, and hour or night; what comes later adds to its count.

mod pages;
mod records;

pub(super) const TABLES: &[TableInfo] = records::TABLES;
mod rules;

use std::collections::BTreeSet;
use std::ops::Bound;

pub use pages::routes;
use records::{ALERTS, AlertRow, AnswerRow, LATEST, LatestRow, OPEN, Reason, WATCHED, WatchedRow};
use rules::{HOUR, Pattern, Seen, Span, Standing, Whom};

use super::access_log::{self, Looker, SHELL_NAME, Sort, THE_PERSON, THE_SHELL};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::locale::Text;
use crate::notify::{self, OwnerNotice};
use crate::refusal::{Kind, Refusal};
use crate::retention::{self, Rule};
use crate::shop::Shop;
use crate::store::floor::Mark;
use crate::store::{Decided, Plan, StoreResult, TableInfo, View};

/// So many new entries are judged at once.
const AT_ONCE: u64 = 500;
/// More open ones than this are not counted.
pub const MOST_COUNTED: usize = 1000;
const COUNTER: &str = "alerts";

/// Looks for patterns in what the access log has gained, and raises their alerts. Returns how many.
///
/// # Errors
/// If the store could not be read or written.
pub async fn watch(shop: &Shop) -> Decided<usize> {
    let mut raised = 0;
    while let Some(found) = look_on(shop)? {
        raised += shop.store.commit(move |plan| Ok(note(plan, &found)?)).await?;
    }
    Ok(raised)
}

/// What came of looking on from a position.
struct Found {
    before: WatchedRow,
    upto: u64,
    spans: Vec<Span>,
}

/// Judges the next entries of the access log; `None` if there are none.
fn look_on(shop: &Shop) -> StoreResult<Option<Found>> {
    let view = shop.store.view()?;
    let before = position(&view)?;
    let upto = access_log::head(&view)?.count.min(before.upto + AT_ONCE);
    if upto <= before.upto {
        return Ok(None);
    }
    let looks = looks(&view, before.upto, upto)?;
    let spans = rules::judge(&looks, before.upto, standing(&view, &looks)?, shop.zone());
    Ok(Some(Found { before, upto, spans }))
}

fn position(view: &View<'_>) -> StoreResult<WatchedRow> {
    Ok(view.get(&WATCHED, &())?.unwrap_or_default())
}

/// The looks after `after` up to `upto`, and those of the hour before them, the oldest first.
fn looks(view: &View<'_>, after: u64, upto: u64) -> StoreResult<Vec<Seen>> {
    let mut found = Vec::new();
    let mut begin: Option<Timestamp> = None;
    for number in after + 1..=upto {
        let Some((at, seen)) = seen(view, number)? else { continue };
        begin.get_or_insert(at);
        found.extend(seen);
    }
    let Some(begin) = begin else { return Ok(found) };
    let mut earlier = Vec::new();
    for number in (1..=after).rev() {
        // What can't be read says nothing of its time either.
        let Some((at, seen)) = seen(view, number)? else { continue };
        if begin.seconds_since(at) >= HOUR {
            break;
        }
        earlier.extend(seen);
    }
    earlier.reverse();
    earlier.append(&mut found);
    Ok(earlier)
}

/// When an entry was written and, if it is a look of staff, what the rules see of it.
fn seen(view: &View<'_>, number: u64) -> StoreResult<Option<(Timestamp, Option<Seen>)>> {
    let Some((entry, details)) = access_log::readable(view, number)? else { return Ok(None) };
    let is_look = entry.who != THE_PERSON && details.sort != Sort::Act;
    let whom = details.whose.map(Whom::Customer).or(details.order.map(Whom::Order));
    let is_bare = details.sort == Sort::Bare;
    let seen = Seen { number, at: entry.at, who: entry.who, whom, is_bare };
    Ok(Some((entry.at, is_look.then_some(seen))))
}

/// The last alerts of whoever looked.
fn standing(view: &View<'_>, looks: &[Seen]) -> StoreResult<Standing> {
    let members: BTreeSet<StaffId> = looks.iter().map(|look| look.who).collect();
    let mut standing = Standing::new();
    for who in members {
        for pattern in Pattern::ALL {
            let key = (who, pattern.code());
            let Some(LatestRow { number }) = view.get(&LATEST, &key)? else { continue };
            let Some(row) = view.get(&ALERTS, &number)? else { continue };
            let AlertRow { from, until, last, count, pattern, .. } = row;
            standing.insert(key, Span { who, pattern, from, until, last, count, known: Some(number) });
        }
    }
    Ok(standing)
}

/// Stores what was found and how far it was watched, if nobody did meanwhile. Returns how many alerts are
/// new.
fn note(plan: &mut Plan<'_>, found: &Found) -> StoreResult<usize> {
    if position(plan)? != found.before {
        return Ok(0);
    }
    plan.put(&WATCHED, &(), &WatchedRow { upto: found.upto })?;
    let mut raised = 0;
    for span in &found.spans {
        match span.known {
            Some(number) => add_to(plan, number, span)?,
            None => {
                raise(plan, span)?;
                raised += 1;
            }
        }
    }
    if raised > 0 {
        notify::queue_to_owners(plan, OwnerNotice::LooksAlert)?;
    }
    Ok(raised)
}

fn add_to(plan: &mut Plan<'_>, number: u64, span: &Span) -> StoreResult<()> {
    // One whose period is over is gone.
    let Some(row) = plan.get(&ALERTS, &number)? else { return Ok(()) };
    plan.update(&ALERTS, &number, &AlertRow { last: span.last, count: span.count, ..row })
}

fn raise(plan: &mut Plan<'_>, span: &Span) -> StoreResult<()> {
    let number = plan.count_up(COUNTER)?;
    let vault = plan.new_vault(Class::AccessLog, None)?;
    // As long as the looks that it is about.
    retention::start_clock(plan, vault, Class::AccessLog, Rule::AccessLog, plan.now)?;
    let Span { who, pattern, from, until, last, count, .. } = *span;
    let name = name_of(plan, who)?;
    let row = AlertRow { who, name, pattern, from, until, last, count, answer: None };
    plan.put_in(&ALERTS, &number, vault, &row)?;
    plan.put_in(&OPEN, &number, vault, &Mark {})?;
    plan.put_in(&LATEST, &(who, pattern.code()), vault, &LatestRow { number })
}

fn name_of(view: &View<'_>, who: StaffId) -> StoreResult<String> {
    if who == THE_SHELL {
        return Ok(SHELL_NAME.to_owned());
    }
    let member = super::find(view, who)?;
    Ok(member.map_or_else(|| who.to_string()[..8].to_owned(), |member| member.name))
}

// ---- What owners see and do ----

/// How many alerts nobody has answered; from a thousand on, a thousand.
///
/// # Errors
/// If the store could not be read.
pub fn open_count(view: &View<'_>) -> StoreResult<usize> {
    Ok(view.range(&OPEN, Bound::Unbounded, Bound::Unbounded, MOST_COUNTED, false)?.len())
}

/// The alerts that nobody has answered, the newest first.
fn open(view: &View<'_>) -> StoreResult<Vec<(u64, AlertRow)>> {
    let marks = view.range(&OPEN, Bound::Unbounded, Bound::Unbounded, MOST_COUNTED, true)?;
    let mut found = Vec::new();
    for mark in marks {
        found.extend(view.get(&ALERTS, &mark.key)?.map(|row| (mark.key, row)));
    }
    Ok(found)
}

/// Up to `limit` alerts below `below` (from the newest on without it), the newest first.
fn newest(view: &View<'_>, below: Option<u64>, limit: usize) -> StoreResult<Vec<(u64, AlertRow)>> {
    let end = below.map(u64::to_be_bytes);
    let to = end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
    let rows = view.range(&ALERTS, Bound::Unbounded, to, limit, true)?;
    Ok(rows.into_iter().map(|row| (row.key, row.record)).collect())
}

/// Whether no other owner works here.
fn is_sole_owner(view: &View<'_>, id: StaffId) -> StoreResult<bool> {
    Ok(!super::list(view)?.iter().any(|other| other.owner && other.active && other.id != id))
}

const ANSWERED: Text = Text::new("This alert is answered already.", "此提醒已处理。");
const ABOUT_YOU: Text =
    Text::new("This alert is about you. Another owner answers it.", "此提醒与您本人有关，应由其他店主处理。");
const KIND: Text = Text::new("answered an alert about looks", "处理异常查看提醒");

/// Answers an alert; the answer stands in the access log too.
///
/// # Errors
/// 'Not found'; a conflict if it was answered; forbidden to whom it is about while there is another owner.
fn answer(plan: &mut Plan<'_>, by: &Looker, number: u64, reason: Reason, note: String) -> Decided<()> {
    let row = plan.get(&ALERTS, &number)?.ok_or_else(Refusal::not_found)?;
    if row.answer.is_some() {
        return Err(Refusal::conflict(ANSWERED).into());
    }
    let is_own = row.who == by.id;
    if is_own && !is_sole_owner(plan, by.id)? {
        return Err(Refusal::of(Kind::Forbidden, ABOUT_YOU).into());
    }
    let said = reason.title();
    access_log::log_act(plan, by, KIND, &format!("{number}: {} / {}: {note}", said.en, said.zh))?;
    let answer = Some(AnswerRow { at: plan.now, by: by.name.clone(), is_own, reason, note });
    plan.update(&ALERTS, &number, &AlertRow { answer, ..row })?;
    Ok(plan.delete(&OPEN, &number)?)
}
