//! The lists of staff: a row for each conversation that they may see, in the order they work in, so that
//! no list walks through everything. Reports of leaks stand in front of what waits.

use std::ops::Bound;

use super::records::{CONVERSATIONS, ConversationRow, SHELVES};
use crate::accounts;
use crate::clock::Timestamp;
use crate::ids::{ConversationId, VaultId};
use crate::locale::Text;
use crate::retention;
use crate::store::floor::Mark;
use crate::store::{Plan, StoreResult, View};

/// Where a conversation stands for staff.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shelf {
    /// By due day.
    Waiting,
    /// What changed last in front.
    Answered,
    /// What was closed last in front.
    Closed,
}

impl Shelf {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Answered, Self::Closed];

    /// The byte that keys begin with; stored, so never changed.
    const fn code(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Answered => 1,
            Self::Closed => 2,
        }
    }

    pub const fn id(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    pub const fn title(self) -> Text {
        match self {
            Self::Waiting => Text::new("Waiting for us", "待答复"),
            Self::Answered => Text::new("Answered", "已答复"),
            Self::Closed => Text::new("Closed", "已关闭"),
        }
    }

    /// The shelf of this name; the first one for any other.
    pub fn parse(id: &str) -> Self {
        Self::ALL.into_iter().find(|shelf| shelf.id() == id).unwrap_or(Self::Waiting)
    }

    /// The shelf that a key lies on.
    pub fn of_key(key: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|shelf| key.first() == Some(&shelf.code()))
    }
}

/// Shelf, leaks first, time, id.
const KEY: usize = 2 + 8 + 16;

/// The newest first.
fn backwards(at: Timestamp) -> [u8; 8] {
    at.sorting().map(|byte| !byte)
}

fn key_of(id: ConversationId, row: &ConversationRow) -> Vec<u8> {
    let (shelf, time) = match (row.closed, row.due) {
        (Some(closed), _) => (Shelf::Closed, backwards(closed)),
        (None, Some(due)) => (Shelf::Waiting, due.sorting()),
        (None, None) => (Shelf::Answered, backwards(row.changed)),
    };
    let later = u8::from(shelf != Shelf::Waiting || !row.leak);
    [&[shelf.code(), later][..], &time, &id.0].concat()
}

fn id_in(key: &[u8]) -> Option<ConversationId> {
    Some(ConversationId(key.get(KEY - 16..)?.try_into().ok()?))
}

/// Puts a conversation where it stands now.
pub(super) fn put_up(
    plan: &mut Plan<'_>,
    id: ConversationId,
    vault: VaultId,
    before: Option<&ConversationRow>,
    row: &ConversationRow,
) -> StoreResult<()> {
    if let Some(before) = before {
        take_off(plan, id, before)?;
    }
    plan.put_in(&SHELVES, &key_of(id, row), vault, &Mark {})
}

/// Takes a conversation off the lists of staff.
pub(super) fn take_off(plan: &mut Plan<'_>, id: ConversationId, row: &ConversationRow) -> StoreResult<()> {
    plan.delete(&SHELVES, &key_of(id, row))
}

/// A conversation in a list, with the key that the next page begins after.
pub(super) struct Listed {
    pub key: Vec<u8>,
    pub id: ConversationId,
    pub row: ConversationRow,
}

/// Up to `limit` conversations of a shelf after the key `after`.
pub(super) fn on_shelf(
    view: &View<'_>,
    shelf: Shelf,
    after: Option<&[u8]>,
    limit: usize,
) -> StoreResult<Vec<Listed>> {
    let (begin, end) = ([shelf.code()], [shelf.code() + 1]);
    let from = after.map_or(Bound::Included(&begin[..]), Bound::Excluded);
    between(view, from, Bound::Excluded(&end), limit)
}

/// Everything that waits and is due at `moment` at the latest.
pub(super) fn due_until(view: &View<'_>, moment: Timestamp) -> StoreResult<Vec<Listed>> {
    let mut all = Vec::new();
    for later in [0, 1] {
        let from = [Shelf::Waiting.code(), later];
        let end = [&from[..], &moment.plus_millis(1).sorting()].concat();
        all.extend(between(view, Bound::Included(&from), Bound::Excluded(&end), usize::MAX)?);
    }
    Ok(all)
}

fn between(view: &View<'_>, from: Bound<&[u8]>, to: Bound<&[u8]>, limit: usize) -> StoreResult<Vec<Listed>> {
    let mut found = Vec::new();
    for row in view.range(&SHELVES, from, to, limit, false)? {
        let Some(id) = id_in(&row.key) else { continue };
        let listed = view.get(&CONVERSATIONS, &id)?;
        found.extend(listed.map(|known| Listed { key: row.key, id, row: known }));
    }
    Ok(found)
}

/// How many conversations wait, and how many of them too long. Beyond a thousand it is not counted on.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    pub waiting: usize,
    pub late: usize,
    pub leaks: usize,
}

/// More that wait than this are not counted.
pub const MOST_COUNTED: usize = 1000;

/// Counts what waits for staff; up to [`MOST_COUNTED`] each.
///
/// # Errors
/// If the store could not be read.
pub fn counts(view: &View<'_>, now: Timestamp) -> StoreResult<Counts> {
    let waiting = on_shelf(view, Shelf::Waiting, None, MOST_COUNTED)?;
    Ok(Counts {
        waiting: waiting.len(),
        late: waiting.iter().filter(|listed| listed.row.is_late(now)).count(),
        leaks: waiting.iter().filter(|listed| listed.row.leak).count(),
    })
}

/// What is wrong with the lists, one sentence each, for `tuckshop check`: each conversation stands where
/// its state says, and none whose clock should run is without one.
///
/// # Errors
/// If a record can't be opened.
pub fn faults(view: &View<'_>) -> StoreResult<Vec<String>> {
    let mut wrong = Vec::new();
    for listed in between(view, Bound::Unbounded, Bound::Unbounded, usize::MAX)? {
        if key_of(listed.id, &listed.row) != listed.key {
            wrong.push(format!("conversation {}: it is not listed where it stands", listed.id));
        }
    }
    let mut failed = None;
    view.walk(&CONVERSATIONS, |row| {
        if let Err(error) = look_at(view, row.key, &row.record, row.vault, &mut wrong) {
            failed = Some(error);
        }
    })?;
    failed.map_or(Ok(wrong), Err)
}

fn look_at(
    view: &View<'_>,
    id: ConversationId,
    row: &ConversationRow,
    vault: Option<VaultId>,
    wrong: &mut Vec<String>,
) -> StoreResult<()> {
    let counted = vault.map_or(Ok(None), |vault| retention::counted_from(view, vault))?;
    if row.closed.is_some() != counted.is_some() {
        wrong.push(format!("conversation {id}: its clock does not fit its state"));
    }
    let shown = match row.holder {
        Some(subject) => accounts::is_in_use(view, subject)?,
        None => row.contact.is_some(),
    };
    if shown != view.get(&SHELVES, &key_of(id, row))?.is_some() {
        wrong.push(format!(
            "conversation {id}: staff see it though they should not, or not though they should"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_shelf_and_its_conversation() {
        let at = Timestamp::from_millis(1_790_000_000_000);
        let row = ConversationRow {
            holder: None,
            contact: None,
            title: String::new(),
            order: None,
            language: crate::locale::Locale::En,
            leak: false,
            begun: at,
            changed: at,
            messages: 1,
            unanswered: 1,
            due: Some(at),
            reminded: None,
            closed: None,
        };
        let id = ConversationId([7; 16]);
        let key = key_of(id, &row);
        assert_eq!((Shelf::of_key(&key), id_in(&key), key.len()), (Some(Shelf::Waiting), Some(id), KEY));
        let leak = key_of(id, &ConversationRow { leak: true, due: Some(at.plus_seconds(9)), ..row.clone() });
        assert!(leak < key, "a leak stands in front though it is due later");
        let closed = ConversationRow { closed: Some(at), ..row };
        assert_eq!(Shelf::of_key(&key_of(id, &closed)), Some(Shelf::Closed));
    }
}
