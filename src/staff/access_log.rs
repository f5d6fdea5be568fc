//! The access log (SEC-07): every look of staff at personal data, as a chain. Each entry holds the
//! digest of the one before. What could name a person (whose data it was, why, the looker's name)
//! lies sealed in a vault with a clock of its own; the entry holds the digest of those sealed bytes,
//! so the chain can still be checked once the vault was dropped, and says nothing of what it held.

use std::ops::Bound;

use serde::{Deserialize, Serialize};

use crate::classes::Class;
use crate::clock::Timestamp;
use crate::digest;
use crate::ids::{OrderNumber, StaffId, SubjectId, VaultId};
use crate::locale::Text;
use crate::orders;
use crate::retention::{self, Rule};
use crate::sessions::StaffSeat;
use crate::store::floor::Mark;
use crate::store::{Key, Plan, Stop, StoreError, StoreResult, View, codec, record, tables};
use crate::web::Visit;

record! {
    /// One entry of the chain. Nothing in it names a customer.
    #[derive(Clone, Debug)]
    pub struct EntryRow {
        /// The digest of the entry before; zeros for the first.
        pub before: [u8; 32] = NotPersonal,
        pub at: Timestamp = NotPersonal,
        /// Who looked: an id that names nobody by itself.
        pub who: StaffId = NotPersonal,
        /// What kind of look, in both languages.
        pub kind_en: String = NotPersonal,
        pub kind_zh: String = NotPersonal,
        /// Where the details lie.
        pub vault: VaultId = NotPersonal,
        /// The digest of the details as they lie sealed.
        pub details: [u8; 32] = NotPersonal,
    }
}

impl EntryRow {
    /// What the next entry and the head hold of this one.
    fn digest(&self, number: u64) -> StoreResult<[u8; 32]> {
        let body = codec::encode(self).ok_or_else(damaged)?;
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.extend(body);
        Ok(digest::sha256(&bytes))
    }
}

/// What an entry is to the watch for unusual patterns ([`super::alerts`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Sort {
    /// A look, for an order, a request or a search.
    Look,
    /// A person shown whole, with neither an order underway nor an open request of theirs.
    Bare,
    /// No look: something that staff decided about looks.
    Act,
}

record! {
    /// The part of an entry that may name people.
    #[derive(Clone, Debug)]
    pub struct DetailsRow {
        /// The looker's name on that day.
        pub name: String = Basic,
        /// Whether the looker was an owner on that day.
        pub is_owner: bool = NotPersonal,
        /// Where the looker was: a network address.
        pub from: String = OnlineIdentity,
        pub whose: Option<SubjectId> = OnlineIdentity,
        pub order: Option<OrderNumber> = Property,
        pub reason: String = Basic,
        pub sort: Sort = NotPersonal,
    }
}

record! {
    /// Where the chain ends.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct HeadRow {
        pub count: u64 = NotPersonal,
        /// The digest of the last entry; zeros before the first.
        pub digest: [u8; 32] = NotPersonal,
        pub at: Timestamp = NotPersonal,
    }
}

tables! {
    pub ACCESS_LOG: u64 => EntryRow = "access_log" of Public;
    pub ACCESS_LOG_DETAILS: u64 => DetailsRow = "access_log_details" of AccessLog;
    /// By whose data it was and the entry's number, so that a person finds the looks at their own data.
    pub LOOKS_AT: (SubjectId, u64) => Mark = "looks_at" of AccessLog;
    pub ACCESS_LOG_HEAD: () => HeadRow = "access_log_head" of Public;
}

fn damaged() -> StoreError {
    StoreError::Damaged { table: ACCESS_LOG.name.to_owned() }
}

/// Where the chain ends now; for anchors outside the data dir.
pub fn head(view: &View<'_>) -> StoreResult<HeadRow> {
    let start = HeadRow { count: 0, digest: [0; 32], at: Timestamp::default() };
    Ok(view.get(&ACCESS_LOG_HEAD, &())?.unwrap_or(start))
}

/// Who looks at personal data, and from where.
#[derive(Clone, Debug)]
pub struct Looker {
    pub id: StaffId,
    pub name: String,
    pub is_owner: bool,
    pub from: String,
}

impl Looker {
    /// The member of staff who visits.
    ///
    /// # Errors
    /// Forbidden if nobody of the staff does.
    pub fn of(visit: &Visit) -> Result<Self, Stop> {
        let StaffSeat { id, name, owner, .. } = visit.clerk()?;
        Ok(Self { id, name, is_owner: owner, from: visit.peer.to_string() })
    }
}

/// Writes down a look at personal data: a personal field shown unmasked, searched by, or exported.
/// It belongs into a commit that is answered before the data is shown.
pub fn log_look(
    plan: &mut Plan<'_>,
    who: &Looker,
    kind: Text,
    whose: Option<SubjectId>,
    order: Option<&OrderNumber>,
    reason: &str,
) -> StoreResult<()> {
    let whose = match (whose, order) {
        (None, Some(order)) => orders::consignee_of(plan, order)?.map(|consignee| consignee.subject),
        _ => whose,
    };
    append(plan, who.id, kind, &details_of(who, whose, order.cloned(), reason, Sort::Look))
}

/// Writes down that a person is shown whole, and whether an order or a request of theirs stands behind it.
pub(super) fn log_reveal(
    plan: &mut Plan<'_>,
    who: &Looker,
    kind: Text,
    whose: SubjectId,
    reason: &str,
    is_bare: bool,
) -> StoreResult<()> {
    let sort = if is_bare { Sort::Bare } else { Sort::Look };
    append(plan, who.id, kind, &details_of(who, Some(whose), None, reason, sort))
}

/// Writes down what a member of staff decided about looks; itself it is none.
pub(super) fn log_act(plan: &mut Plan<'_>, who: &Looker, kind: Text, reason: &str) -> StoreResult<()> {
    append(plan, who.id, kind, &details_of(who, None, None, reason, Sort::Act))
}

fn details_of(
    who: &Looker,
    whose: Option<SubjectId>,
    order: Option<OrderNumber>,
    reason: &str,
    sort: Sort,
) -> DetailsRow {
    let (name, from) = (who.name.clone(), who.from.clone());
    DetailsRow { name, is_owner: who.is_owner, from, whose, order, reason: reason.to_owned(), sort }
}

/// Stands in the log where somebody looked by the command line: whoever runs the shop's process.
pub(super) const THE_SHELL: StaffId = StaffId([0xff; 16]);
pub(super) const SHELL_NAME: &str = "shell / 命令行";

/// Writes down a look by the command line. It belongs into a commit that is answered before the data is
/// shown.
pub fn log_shell_look(plan: &mut Plan<'_>, kind: Text) -> StoreResult<()> {
    let who = Looker { id: THE_SHELL, name: SHELL_NAME.to_owned(), is_owner: true, from: String::new() };
    append(plan, who.id, kind, &details_of(&who, None, None, "", Sort::Look))
}

/// Stands in the log where it was no member of staff who looked, but the person themselves.
pub(super) const THE_PERSON: StaffId = StaffId([0; 16]);

/// Writes down that a person was shown what is kept of an order of theirs.
pub fn log_own_look(
    plan: &mut Plan<'_>,
    kind: Text,
    whose: Option<SubjectId>,
    order: &OrderNumber,
) -> StoreResult<()> {
    // Where the person came from is not written down: their network address is nobody's business.
    let from = String::new();
    let order = Some(order.clone());
    let (name, reason, sort) = (String::new(), String::new(), Sort::Look);
    let details = DetailsRow { name, is_owner: false, from, whose, order, reason, sort };
    append(plan, THE_PERSON, kind, &details)
}

fn append(plan: &mut Plan<'_>, who: StaffId, kind: Text, details: &DetailsRow) -> StoreResult<()> {
    let head = head(plan)?;
    let number = head.count + 1;
    let vault = plan.new_vault(Class::AccessLog, None)?;
    retention::start_clock(plan, vault, Class::AccessLog, Rule::AccessLog, plan.now)?;
    plan.put_in(&ACCESS_LOG_DETAILS, &number, vault, details)?;
    if let Some(subject) = details.whose {
        plan.put_in(&LOOKS_AT, &(subject, number), vault, &Mark {})?;
    }
    let entry = EntryRow {
        before: head.digest,
        at: plan.now,
        who,
        kind_en: kind.en.to_owned(),
        kind_zh: kind.zh.to_owned(),
        vault,
        details: sealed_digest(plan, number)?.ok_or_else(damaged)?,
    };
    plan.put(&ACCESS_LOG, &number, &entry)?;
    let head = HeadRow { count: number, digest: entry.digest(number)?, at: plan.now };
    plan.put(&ACCESS_LOG_HEAD, &(), &head)
}

fn sealed_digest(view: &View<'_>, number: u64) -> StoreResult<Option<[u8; 32]>> {
    let raw = view.raw(ACCESS_LOG_DETAILS.name, &number.to_be_bytes())?;
    Ok(raw.map(|bytes| digest::sha256(&bytes)))
}

/// What the chain says of its first `count` entries; `None` if there are not so many.
pub fn digest_at(view: &View<'_>, count: u64) -> StoreResult<Option<[u8; 32]>> {
    if count == 0 {
        return Ok(Some([0; 32]));
    }
    match tolerated(view.get(&ACCESS_LOG, &count))? {
        Some(Some(entry)) => Ok(Some(entry.digest(count)?)),
        _ => Ok(None),
    }
}

/// Walks the whole chain: `Ok` with the count of entries, or the number of the first entry that was
/// altered, moved or removed (one more than there are, if the end is missing).
pub fn verify_chain(view: &View<'_>) -> StoreResult<Result<u64, u64>> {
    verify_last(view, u64::MAX)
}

/// Walks the last `most` entries of the chain, with the answer of [`verify_chain`].
pub fn verify_last(view: &View<'_>, most: u64) -> StoreResult<Result<u64, u64>> {
    let Some(head) = tolerated(head(view))? else { return Ok(Err(0)) };
    let first = head.count.saturating_sub(most) + 1;
    // Within the chain any digest is as good as what the first entry of the part says of it.
    let mut before = (first == 1).then_some([0; 32]);
    for number in first..=head.count {
        let Some(Some(entry)) = tolerated(view.get(&ACCESS_LOG, &number))? else { return Ok(Err(number)) };
        let follows = before.is_none_or(|before| before == entry.before);
        if !follows || !are_details_sound(view, number, &entry)? {
            return Ok(Err(number));
        }
        before = Some(entry.digest(number)?);
    }
    let after = (head.count + 1).to_be_bytes();
    let beyond = view.raw_range(ACCESS_LOG.name, Bound::Included(&after), Bound::Unbounded, 1, false)?;
    let whole = before.unwrap_or_default() == head.digest && beyond.is_empty();
    Ok(if whole { Ok(head.count) } else { Err(head.count + 1) })
}

/// Details may be gone with their vault, and not otherwise.
fn are_details_sound(view: &View<'_>, number: u64, entry: &EntryRow) -> StoreResult<bool> {
    match sealed_digest(view, number)? {
        Some(digest) => Ok(digest == entry.details),
        None => Ok(!view.lives(entry.vault)),
    }
}

/// Damage is what is looked for here, so it is no error.
fn tolerated<T>(outcome: StoreResult<T>) -> StoreResult<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Up to `limit` entries below `below` (from the newest on without it), newest first.
pub fn newest(
    view: &View<'_>,
    below: Option<u64>,
    limit: usize,
) -> StoreResult<Vec<(u64, EntryRow, Option<DetailsRow>)>> {
    let end = below.map(u64::to_be_bytes);
    let to = end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
    let rows = view.range(&ACCESS_LOG, Bound::Unbounded, to, limit, true)?;
    rows.into_iter().map(|row| Ok((row.key, row.record, view.get(&ACCESS_LOG_DETAILS, &row.key)?))).collect()
}

/// An entry by its number with its details; `None` where it can't be read: what was altered is found by
/// [`verify_chain`], and no reason to overlook the rest.
pub(super) fn readable(view: &View<'_>, number: u64) -> StoreResult<Option<(EntryRow, DetailsRow)>> {
    let entry = tolerated(view.get(&ACCESS_LOG, &number))?.flatten();
    let details = tolerated(view.get(&ACCESS_LOG_DETAILS, &number))?.flatten();
    Ok(entry.zip(details))
}

/// A look at somebody's data.
pub struct Look {
    pub number: u64,
    pub entry: EntryRow,
    pub details: DetailsRow,
}

impl Look {
    /// Who looked, as the person is told: in one word for machines, and in words. Never a name, which is
    /// the staff's own.
    pub fn who(&self) -> (&'static str, Text) {
        if self.entry.who == THE_PERSON {
            return ("you", Text::new("you, by a request", "您本人（通过请求）"));
        }
        if self.details.is_owner {
            return ("owner", Text::new("owner", "店主"));
        }
        ("staff", Text::new("staff", "店员"))
    }
}

/// Up to `limit` looks at this person's data below `below` (from the newest on without it), newest first.
pub fn looks_at(
    view: &View<'_>,
    subject: SubjectId,
    below: Option<u64>,
    limit: usize,
) -> StoreResult<Vec<Look>> {
    let from = (subject, 0).to_bytes();
    let to = (subject, below.unwrap_or(u64::MAX)).to_bytes();
    let rows = view.range(&LOOKS_AT, Bound::Included(&from), Bound::Excluded(&to), limit, true)?;
    let mut found = Vec::new();
    for number in rows.into_iter().map(|row| row.key.1) {
        let entry = view.get(&ACCESS_LOG, &number)?;
        let details = view.get(&ACCESS_LOG_DETAILS, &number)?;
        found.extend(entry.zip(details).map(|(entry, details)| Look { number, entry, details }));
    }
    Ok(found)
}
