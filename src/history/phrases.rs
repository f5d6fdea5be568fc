//! Search phrases that belong to nobody, counted (COL-06): what was searched for, how often, in which month,
//! and nothing else. They are gathered in memory and stored together now and then, so that no time of a search
//! is kept either. A phrase can name people by itself: it lies sealed, what looks like a contact or a number
//! is not counted, and what was searched for rarely is not shown.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::month_at;
use crate::catalogue;
use crate::classes::{Class, DataKind};
use crate::front::{self, Page};
use crate::retention::{self, Rule};
use crate::shop::Shop;
use crate::store::{Decided, Field, Plan, Record, StoreResult, View, tables};
use crate::t;
use crate::web::ui::{self, Column};
use crate::web::{Answer, Route, Visit, Who, get, page};

const PAGE: &str = "/admin/searches";
/// A phrase is shown from so many searches on.
const SHOWN_FROM: u32 = 10;
/// So many phrases of a month are counted apart; the rarest give way.
const MOST: usize = 2000;
const LONGEST: usize = 60;
/// So many digits in a row look like a telephone or an order number.
const DIGITS: usize = 5;

/// The phrases of a month with their counts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PhrasesRow {
    pub counts: BTreeMap<String, u32>,
}

impl Record for PhrasesRow {
    // Tied to nobody.
    const FIELDS: &'static [Field] = &[Field::new("counts", DataKind::NotPersonal)];
}

tables! {
    /// By month.
    pub PHRASES: u64 => PhrasesRow = "phrases" of Phrases;
}

/// What was searched for since the counts were stored last.
#[derive(Default)]
pub struct Gathered(Mutex<BTreeMap<String, u32>>);

impl Gathered {
    /// Counts a search, unless its phrase looks like something of a person's.
    pub fn count(&self, phrase: &str) {
        let Some(phrase) = countable(phrase) else { return };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() < MOST || counts.contains_key(&phrase) {
            *counts.entry(phrase).or_default() += 1;
        }
    }

    fn take(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The phrase as it is counted; `None` for one that may be about a person.
fn countable(phrase: &str) -> Option<String> {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let phrase = words.join(" ").to_lowercase();
    let mut run = 0;
    let has_number = phrase.chars().filter(|letter| !matches!(letter, ' ' | '-')).any(|letter| {
        run = if letter.is_numeric() { run + 1 } else { 0 };
        run >= DIGITS
    });
    let fits = !phrase.is_empty() && phrase.chars().count() <= LONGEST;
    (fits && !has_number && !phrase.contains('@')).then_some(phrase)
}

/// Stores what was gathered.
///
/// # Errors
/// If the store could not be written; what was gathered is lost then, and nothing else.
pub async fn store_phrases(shop: &Shop) -> Decided<()> {
    let gathered = shop.of::<Gathered>().take();
    if gathered.is_empty() {
        return Ok(());
    }
    shop.store.commit(move |plan| Ok(add(plan, gathered)?)).await
}

fn add(plan: &mut Plan<'_>, gathered: BTreeMap<String, u32>) -> StoreResult<()> {
    // Before 1970 no shop was open.
    let month = u64::try_from(month_at(plan.now)).unwrap_or(0);
    let (mut row, vault) = match plan.get_row(&PHRASES, &month)? {
        Some((row, Some(vault))) => (row, vault),
        _ => {
            let vault = plan.new_vault(Class::Phrases, None)?;
            retention::start_clock(plan, vault, Class::Phrases, Rule::Searches, plan.now)?;
            (PhrasesRow::default(), vault)
        }
    };
    for (phrase, count) in gathered {
        let known = row.counts.entry(phrase).or_default();
        *known = known.saturating_add(count);
    }
    while row.counts.len() > MOST {
        let rarest = row.counts.iter().min_by_key(|(_, count)| **count).map(|(phrase, _)| phrase.clone());
        let Some(rarest) = rarest else { break };
        row.counts.remove(&rarest);
    }
    plan.put_in(&PHRASES, &month, vault, &row)
}

/// What was searched for often enough to be shown, the most often first.
///
/// # Errors
/// If the store could not be read.
pub fn often(view: &View<'_>) -> StoreResult<Vec<(String, u32)>> {
    let mut all: BTreeMap<String, u32> = BTreeMap::new();
    for row in view.list(&PHRASES, &[])? {
        for (phrase, count) in row.record.counts {
            let known = all.entry(phrase).or_default();
            *known = known.saturating_add(count);
        }
    }
    let mut often: Vec<(String, u32)> = all.into_iter().filter(|(_, count)| *count >= SHOWN_FROM).collect();
    often.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(often)
}

pub(super) fn routes() -> Vec<Route> {
    vec![get(PAGE, Who::Staff, show)]
}

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let found = often(&visit.view()?)?;
    let title = t!(l, "What is searched for", "热门搜索");
    let columns = [Column::text(t!(l, "Phrase", "搜索词")), Column::number(t!(l, "Searches", "次数"))];
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|(phrase, count)| {
            vec![html! { a href=(catalogue::search_path(phrase)) { (phrase) } }, html! { (count) }]
        })
        .collect();
    let period = visit.shop.retention().searches.text(l);
    let main = html! {
        (ui::heading(&title, html! {}))
        p { (t!(l, "Of all searches of the last {period} that are tied to nobody: phrases searched for at least {SHOWN_FROM} times. Rarer ones could name people and are not shown.",
            "统计近 {period} 内不与任何人关联的搜索；仅显示至少 {SHOWN_FROM} 次的搜索词，较少的可能指向个人，不予显示。")) }
        @if rows.is_empty() {
            (ui::empty_state(&t!(l, "Nothing has been searched for often enough yet.", "暂无达到显示次数的搜索词。"), html! {}))
        } @else { (ui::table(&title, &columns, &rows)) }
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, PAGE, main)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn col_06_what_may_be_about_a_person_is_not_counted() {
        assert_eq!(countable("  Green   TEA ").as_deref(), Some("green tea"));
        assert_eq!(countable("绿茶").as_deref(), Some("绿茶"));
        assert_eq!(countable("500 g").as_deref(), Some("500 g"));
        for phrase in
            ["", "  ", "lin@example.com", "138 0000 0000", "SHOP100001", "1-3-8-0-0", &"x".repeat(61)]
        {
            assert_eq!(countable(phrase), None, "{phrase}");
        }
    }

    #[test]
    fn a_flood_of_phrases_is_bounded() {
        let gathered = Gathered::default();
        let letters = |n: usize| {
            format!(
                "{}{}",
                char::from(b'a' + (n % 26) as u8),
                "b".repeat(n / 26 % 50) + &"c".repeat(n / 1300)
            )
        };
        (0..3000).for_each(|n| gathered.count(&letters(n)));
        assert!(gathered.take().len() <= MOST);
        assert!(gathered.take().is_empty());
    }
}
