//! How a version comes to be: drafted by itself, announced by the owner, in force from its day.

use std::ops::Bound;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::compare::{self, Change};
use super::facts::{Both, Facts};
use super::pages::archive_page;
use super::records::{
    ADDED, AddedRow, DRAFT, DraftRow, FACTS, FactsRow, TEXTS, TextRow, VERSIONS, VersionRow, text_key,
};
use super::{Standing, people};
use crate::accounts;
use crate::clock::Timestamp;
use crate::digest;
use crate::locale::{Locale, Text};
use crate::pages;
use crate::refusal::{Problem, Refusal};
use crate::retention;
use crate::shop::Shop;
use crate::store::{Decided, Plan, Stop, StoreError, StoreResult, View};

/// What the shop would publish now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawn {
    /// The shop's name.
    shop: String,
    pub facts: Facts,
    /// In the order of [`Locale::ALL`].
    pub texts: [String; 2],
    pub digest: [u8; 32],
}

/// Draws the policy from what the registers, the configuration and the settings say now.
///
/// # Errors
/// If the store could not be read.
pub fn draw(shop: &Shop) -> StoreResult<Drawn> {
    let added = added(&shop.store.view()?)?;
    let settings = shop.settings();
    let facts = Facts::of(shop, &settings, &added);
    let texts = Locale::ALL
        .map(|l| pages::policy_text(shop, &settings, l, added.text(l), added.assessment(l)).into_string());
    let digest = digest::of_parts(&[texts[0].as_bytes(), texts[1].as_bytes()]);
    Ok(Drawn { shop: settings.name.clone(), facts, texts, digest })
}

impl Drawn {
    fn zone(&self) -> TimeZone {
        TimeZone::get(&self.facts.zone).unwrap_or(TimeZone::UTC)
    }
}

/// What the merchant adds.
///
/// # Errors
/// If the store could not be read.
pub fn added(view: &View<'_>) -> StoreResult<AddedRow> {
    Ok(view.get(&ADDED, &())?.unwrap_or_default())
}

// ---- Versions ----

/// Every announced version with its number, the newest first.
///
/// # Errors
/// If the store could not be read.
pub fn versions(view: &View<'_>) -> StoreResult<Vec<(u64, VersionRow)>> {
    let rows = view.range(&VERSIONS, Bound::Unbounded, Bound::Unbounded, usize::MAX, true)?;
    Ok(rows.into_iter().map(|row| (row.key, row.record)).collect())
}

/// The version that was announced last.
///
/// # Errors
/// If the store could not be read.
pub fn newest(view: &View<'_>) -> StoreResult<Option<(u64, VersionRow)>> {
    let rows = view.range(&VERSIONS, Bound::Unbounded, Bound::Unbounded, 1, true)?;
    Ok(rows.into_iter().next().map(|row| (row.key, row.record)))
}

/// The version of this number.
///
/// # Errors
/// 'Not found' if there is none.
pub fn version(view: &View<'_>, number: u64) -> Decided<VersionRow> {
    Ok(view.get(&VERSIONS, &number)?.ok_or_else(Refusal::not_found)?)
}

/// What a version states.
///
/// # Errors
/// If the store could not be read, or there is no such version.
pub fn stated(view: &View<'_>, number: u64) -> StoreResult<Facts> {
    let row = view.get(&FACTS, &number)?;
    row.map(|row| row.facts).ok_or(StoreError::Damaged { table: FACTS.name.to_owned() })
}

/// The text of a version as it was published.
///
/// # Errors
/// 'Not found' if there is none.
pub fn text(view: &View<'_>, number: u64, l: Locale) -> Decided<String> {
    Ok(published(view, number, l)?.ok_or_else(Refusal::not_found)?)
}

/// The text of a version, if it is there.
///
/// # Errors
/// If the store could not be read.
pub fn published(view: &View<'_>, number: u64, l: Locale) -> StoreResult<Option<String>> {
    Ok(view.get(&TEXTS, &text_key(number, l))?.map(|row| row.html))
}

/// A version's page in the archive, byte by byte as it was published.
///
/// # Errors
/// 'Not found' if there is none.
pub fn archived(view: &View<'_>, number: u64, l: Locale) -> Decided<String> {
    let row = view.get(&TEXTS, &text_key(number, l))?;
    Ok(row.ok_or_else(Refusal::not_found)?.page)
}

/// The number of the version in force at a moment: the newest whose day has come.
///
/// # Errors
/// If the store could not be read.
pub fn in_force(view: &View<'_>, now: Timestamp) -> StoreResult<u64> {
    let found = versions(view)?.into_iter().find(|(_, row)| row.effective <= now);
    Ok(found.map_or(0, |(number, _)| number))
}

/// What would change against the newest version; `None` if nothing would.
///
/// # Errors
/// If the store could not be read.
pub fn draft(view: &View<'_>) -> StoreResult<Option<DraftRow>> {
    view.get(&DRAFT, &())
}

/// How many facts of the registers and the configuration are not what the newest version says.
///
/// # Errors
/// If the store could not be read.
pub fn unsaid(shop: &Shop, view: &View<'_>) -> StoreResult<usize> {
    let now = Facts::of(shop, &shop.settings(), &added(view)?);
    let Some((number, _)) = newest(view)? else { return Ok(1) };
    Ok(compare::compare(&stated(view, number)?, &now).len())
}

/// Whether a draft waits for the owner's word.
///
/// # Errors
/// If the store could not be read.
pub fn has_draft(view: &View<'_>) -> StoreResult<bool> {
    Ok(draft(view)?.is_some())
}

/// Compares what the shop would say now with the newest version. What differs becomes the draft; where there
/// is no version yet, or nobody who could be bound by one, it is published at once.
///
/// Blocks on the store: not for async threads.
///
/// # Errors
/// If the store could not be read or written.
pub fn follow(shop: &Shop) -> Decided<()> {
    let drawn = draw(shop)?;
    let view = shop.store.view()?;
    let newest = newest(&view)?;
    let is_said = match &newest {
        Some((number, row)) => row.digest == drawn.digest && stated(&view, *number)? == drawn.facts,
        None => false,
    };
    let drafted = draft(&view)?;
    if is_said {
        if drafted.is_some() {
            shop.store.commit_blocking(|plan| Ok(plan.delete(&DRAFT, &())?))?;
        }
    } else if newest.is_none() || accounts::all(&view, None, 1)?.is_empty() {
        drop(view);
        shop.store.commit_blocking(move |plan| {
            let now = plan.now;
            publish(plan, &drawn, now, Weight::default())
        })?;
    } else if drafted.is_none_or(|row| row.digest != drawn.digest || row.facts != drawn.facts) {
        drop(view);
        let changes = shop.store.commit_blocking(move |plan| put_draft(plan, &drawn))?;
        tracing::warn!(
            changes,
            "the configuration says something else than the published privacy policy: there is a draft in the \
             back office, and until its version is in force the shop goes by the published one"
        );
    }
    refresh(shop)
}

/// Returns how many changes there are.
fn put_draft(plan: &mut Plan<'_>, drawn: &Drawn) -> Decided<usize> {
    let Some((number, _)) = newest(plan)? else { return Ok(0) };
    let changes = changes(&stated(plan, number)?, drawn);
    let count = changes.len();
    let row = DraftRow { since: plan.now, facts: drawn.facts.clone(), digest: drawn.digest, changes };
    plan.put(&DRAFT, &(), &row)?;
    Ok(count)
}

/// The differences, the wording among them.
fn changes(before: &Facts, drawn: &Drawn) -> Vec<Change> {
    let mut changes = compare::compare(before, &drawn.facts);
    if changes.is_empty() {
        let says = Both { en: "The wording changes.".to_owned(), zh: "文字表述变更。".to_owned() };
        changes.push(Change { major: None, reduces: false, says });
    }
    changes
}

/// What the owner finds weightier than the program does; never lighter.
#[derive(Clone, Copy, Default, Debug)]
pub struct Weight {
    pub is_major: bool,
    pub reduces: bool,
}

/// Announces what was drawn as the next version.
fn publish(plan: &mut Plan<'_>, drawn: &Drawn, effective: Timestamp, weight: Weight) -> Decided<()> {
    let before = newest(plan)?.map(|(number, _)| number);
    let number = before.map_or(1, |before| before + 1);
    let changes = match before {
        Some(before) => changes(&stated(plan, before)?, drawn),
        None => Vec::new(),
    };
    let reduces = weight.reduces || changes.iter().any(|change| change.reduces);
    let is_major = weight.is_major || reduces || changes.iter().any(|change| change.major.is_some());
    let row = VersionRow { digest: drawn.digest, announced: plan.now, effective, changes, is_major, reduces };
    plan.put(&VERSIONS, &number, &row)?;
    plan.put(&FACTS, &number, &FactsRow { facts: drawn.facts.clone() })?;
    for (l, html) in Locale::ALL.into_iter().zip(&drawn.texts) {
        let page = archive_page(&drawn.shop, number, l, &effective.day(&drawn.zone()), html);
        plan.put(&TEXTS, &text_key(number, l), &TextRow { html: html.clone(), page })?;
    }
    plan.delete(&DRAFT, &())?;
    retention::add_version(plan, number, &drawn.facts.periods, &drawn.facts.zone)?;
    if effective <= plan.now {
        retention::begin_version(plan, number)?;
    }
    Ok(())
}

const MOVED: Text = Text::new(
    "The draft has changed since this page was drawn. Nothing was announced; please read it once more.",
    "草案在您打开页面后已变化，未发布任何内容，请重新查看。",
);
const TOO_SOON: Text = Text::new(
    "The day is before the end of the notice that the policy promises.",
    "日期早于政策承诺的公告期。",
);

/// The earliest moment that a draft can take effect: after the notice that the newest version promises.
pub fn earliest(shop: &Shop, newest: &Facts, is_major: bool, now: Timestamp) -> Timestamp {
    now.plus(&newest.notice[usize::from(is_major)].span(), shop.zone())
}

/// Announces the draft that the owner saw.
///
/// # Errors
/// A conflict if the draft is another by now; a refusal for a day before the notice is over.
pub async fn announce(
    shop: &Shop,
    seen: [u8; 32],
    effective: Option<Timestamp>,
    weight: Weight,
) -> Decided<()> {
    let drawn = draw(shop)?;
    let handle = shop.clone();
    let decide = move |plan: &mut Plan<'_>| {
        let (Some((number, before)), Some(draft)) = (newest(plan)?, draft(plan)?) else {
            return Err(Refusal::conflict(MOVED).into());
        };
        if draft.digest != seen || drawn.digest != seen || draft.facts != drawn.facts {
            return Err(Refusal::conflict(MOVED).into());
        }
        let is_major = weight.is_major || weight.reduces || is_major(&draft.changes);
        // A version that waits for its day is not overtaken.
        let stated = stated(plan, number)?;
        let earliest = earliest(&handle, &stated, is_major, plan.now).max(before.effective);
        let effective = effective.unwrap_or(earliest);
        if effective < earliest {
            return Err(Refusal::invalid(vec![Problem::new("effective", TOO_SOON)]).into());
        }
        publish(plan, &drawn, effective, weight)
    };
    shop.store.commit(decide).await?;
    refresh(shop)
}

/// Whether one of these changes needs the more prominent notice.
pub fn is_major(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.reduces || change.major.is_some())
}

/// Stores what the merchant adds.
///
/// # Errors
/// If the store could not be written.
pub async fn set_added(shop: &Shop, added: AddedRow) -> Decided<()> {
    shop.store.commit(move |plan| Ok(plan.put(&ADDED, &(), &added)?)).await?;
    follow_aside(shop).await
}

/// [`follow`], for async threads.
///
/// # Errors
/// As [`follow`].
pub async fn follow_aside(shop: &Shop) -> Decided<()> {
    let handle = shop.clone();
    let followed = tokio::task::spawn_blocking(move || follow(&handle)).await;
    followed.unwrap_or(Err(Stop::Failed(StoreError::Closed)))
}

/// Brings into force what is due, and has pages drawn by it.
///
/// # Errors
/// If the store could not be read or written.
pub async fn take_effect(shop: &Shop) -> Decided<()> {
    if shop.clock.jump().is_some() {
        return Ok(());
    }
    let (due, current) = {
        let view = shop.store.view()?;
        (in_force(&view, shop.clock.now())?, retention::current_version(&view)?)
    };
    if due > current {
        shop.store.commit(move |plan| Ok(retention::begin_version(plan, due)?)).await?;
    }
    people::bind_all(shop, due).await?;
    if due != shop.policy().in_force {
        refresh(shop)?;
    }
    Ok(())
}

fn refresh(shop: &Shop) -> Decided<()> {
    let now = shop.clock.now();
    let view = shop.store.view()?;
    let all = versions(&view)?;
    let in_force = all.iter().find(|(_, row)| row.effective <= now);
    let upcoming = all.iter().rev().find(|(_, row)| now < row.effective);
    let mut kept = shop.config().retention.clone();
    if let Some((number, _)) = in_force {
        kept.take(&stated(&view, *number)?.periods);
    }
    shop.set_policy(Standing {
        in_force: in_force.map_or(0, |(number, _)| *number),
        upcoming: upcoming.map(|(number, row)| (*number, row.effective)),
        asked_about: all.iter().find(|(_, row)| row.is_major && !row.changes.is_empty()).map(|(n, _)| *n),
        retention: Arc::new(kept),
    });
    Ok(())
}
