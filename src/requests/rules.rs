//! The rules of requests: who may make how many, by when they are due, how they end.

use std::ops::Bound;

use jiff::{Span, tz::TimeZone};

use super::records::{
    ASKED_BY, CLOSED, Kind, NumberRow, OPEN, REQUEST_IN, REQUESTS, Reason, Reminded, RequestRow, State, Step,
    StepRow, by_time, number_in,
};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::contact::Contact;
use crate::ids::{SubjectId, VaultId};
use crate::locale::{Locale, Text};
use crate::notify::{self, NoticeKind};
use crate::orders::{self, Order};
use crate::random::Random;
use crate::refusal::{self, Problem, Refusal};
use crate::retention::{self, Rule};
use crate::store::floor::Mark;
use crate::store::{Decided, Handle, IndexedTo, Key, Plan, StoreResult, View};
use crate::{accounts, history};

/// So many requests of one person, or of one contact, may be open at once.
const MOST_OPEN: usize = 10;
const DAY: i64 = 24 * 60 * 60;
/// No list of open requests is longer.
pub const MOST_COUNTED: usize = 1000;

/// By when a request is answered (RGT-14): 30 days from the later of receipt and verified identity, and
/// 10 for a question.
fn due_of(kind: Kind, received: Timestamp, verified: Timestamp, zone: &TimeZone) -> Timestamp {
    let days = if kind == Kind::Explain { 10 } else { 30 };
    received.max(verified).plus(&Span::new().days(days), zone)
}

/// A request that has just been made by somebody who is known since `now`: what it says is filled in by
/// whoever stores it.
pub fn opened(
    kind: Kind,
    asker: SubjectId,
    language: Locale,
    received: Timestamp,
    now: Timestamp,
    zone: &TimeZone,
) -> RequestRow {
    let step = |at, step| StepRow { at, step };
    RequestRow {
        kind,
        ground: None,
        details: String::new(),
        order: None,
        asker,
        subject: None,
        contact: None,
        language,
        received,
        verified: now,
        due: due_of(kind, received, now, zone),
        state: State::Open,
        closed: None,
        reason: None,
        answer: String::new(),
        fee: None,
        reminded: Reminded::Nothing,
        steps: vec![step(received, Step::Received), step(now, Step::Verified)],
    }
}

/// A fresh number as people read it.
pub fn number(random: &dyn Random) -> String {
    format!("R-{}", data_encoding::BASE32_NOPAD.encode(&random.bytes::<10>()))
}

/// Accepts what [`number`] gives, whether there is such a request or not.
///
/// # Errors
/// 'Not found'.
pub fn check_number(text: &str) -> Result<(), Refusal> {
    let digits = text.strip_prefix("R-").filter(|digits| digits.len() == 16);
    let sound = digits.is_some_and(|digits| data_encoding::BASE32_NOPAD.decode(digits.as_bytes()).is_ok());
    if sound { Ok(()) } else { Err(Refusal::not_found()) }
}

fn found(
    view: &View<'_>,
    keys: impl Iterator<Item = Option<String>>,
) -> StoreResult<Vec<(String, RequestRow)>> {
    let mut found = Vec::new();
    for number in keys.flatten() {
        found.extend(view.get(&REQUESTS, &number)?.map(|row| (number, row)));
    }
    Ok(found)
}

/// Up to `limit` requests that wait for an answer and are due before `before`, what falls due first in
/// front.
pub(super) fn due_before(
    view: &View<'_>,
    before: Option<Timestamp>,
    limit: usize,
) -> StoreResult<Vec<(String, RequestRow)>> {
    let end = before.map(|at| by_time(at, ""));
    let to = end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
    let marks = view.range(&OPEN, Bound::Unbounded, to, limit, false)?;
    found(view, marks.iter().map(|mark| number_in(&mark.key)))
}

/// The requests that wait for an answer, what falls due first in front; no more than [`MOST_COUNTED`].
///
/// # Errors
/// If the store could not be read.
pub fn open(view: &View<'_>) -> StoreResult<Vec<(String, RequestRow)>> {
    due_before(view, None, MOST_COUNTED)
}

/// How many requests wait for an answer, and how many of them are late; up to [`MOST_COUNTED`] each.
///
/// # Errors
/// If the store could not be read.
pub fn counts(view: &View<'_>, now: Timestamp) -> StoreResult<(usize, usize)> {
    let open = view.range(&OPEN, Bound::Unbounded, Bound::Unbounded, MOST_COUNTED, false)?;
    let end = by_time(now.plus_millis(1), "");
    let late = view.range(&OPEN, Bound::Unbounded, Bound::Excluded(&end), MOST_COUNTED, false)?;
    Ok((open.len(), late.len()))
}

/// Up to `limit` requests that have ended, the newest first; those that ended before the one of the number
/// `before` only.
pub fn closed(view: &View<'_>, before: Option<&str>, limit: usize) -> StoreResult<Vec<(String, RequestRow)>> {
    let end = match before {
        Some(number) => {
            let row = view.get(&REQUESTS, &number.to_owned())?;
            row.and_then(|row| row.closed).map(|closed| by_time(closed, number))
        }
        None => None,
    };
    let to = end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
    let marks = view.range(&CLOSED, Bound::Unbounded, to, limit, true)?;
    found(view, marks.iter().map(|mark| number_in(&mark.key)))
}

/// The requests of whoever asks, the oldest first.
pub fn of_asker(view: &View<'_>, asker: SubjectId) -> StoreResult<Vec<(String, RequestRow)>> {
    let marks = view.list(&ASKED_BY, &asker.to_bytes())?;
    let mut all = found(view, marks.into_iter().map(|mark| Some(mark.key.1)))?;
    all.sort_by_key(|(_, row)| row.received);
    Ok(all)
}

/// Whether any request of a person waits for its answer.
pub fn are_open(view: &View<'_>, subject: SubjectId) -> StoreResult<bool> {
    Ok(of_asker(view, subject)?.iter().any(|(_, row)| row.state == State::Open))
}

/// Who asked with this contact before, without an account.
pub fn asker_of(view: &View<'_>, contact: &Contact) -> StoreResult<Option<SubjectId>> {
    Ok(view.find_contact(Handle::Requester, &contact.normalised())?.map(SubjectId))
}

/// The requests that came from a contact without an account, the oldest first.
pub fn of_contact(view: &View<'_>, contact: &Contact) -> StoreResult<Vec<(String, RequestRow)>> {
    asker_of(view, contact)?.map_or(Ok(Vec::new()), |asker| of_asker(view, asker))
}

/// Where a message about a request goes that came without an account.
///
/// # Errors
/// If the store could not be read.
pub fn contact_of(view: &View<'_>, number: &str) -> StoreResult<Option<(Contact, Locale)>> {
    let row = view.get(&REQUESTS, &number.to_owned())?;
    Ok(row.and_then(|row| Some((contact_in(&row)?, row.language))))
}

fn contact_in(row: &RequestRow) -> Option<Contact> {
    Contact::parse(row.contact.as_deref()?, "").ok()
}

/// Makes the contacts of those without an account lead to their requests again.
///
/// # Errors
/// If the store could not be read or written.
pub(super) fn reindex(plan: &mut Plan<'_>, _: IndexedTo) -> StoreResult<IndexedTo> {
    let mut known = Vec::new();
    plan.walk(&REQUESTS, |row| known.extend(contact_in(&row.record).map(|to| (to, row.record.asker))))?;
    for (contact, asker) in known {
        plan.index_contact(Handle::Requester, &contact.normalised(), asker.0)?;
    }
    Ok(None)
}

/// Belongs before a vault is dropped whose time is over: where it holds the last request of a contact, that
/// contact leads nowhere any more.
///
/// # Errors
/// If the store could not be read or written.
pub(super) fn before_vault_drop(plan: &mut Plan<'_>, vault: VaultId) -> StoreResult<()> {
    let Some(NumberRow { number }) = plan.get(&REQUEST_IN, &vault)? else { return Ok(()) };
    let Some(row) = plan.get(&REQUESTS, &number)? else { return Ok(()) };
    plan.delete(&ASKED_BY, &(row.asker, number))?;
    let is_last = plan.list(&ASKED_BY, &row.asker.to_bytes())?.is_empty();
    match contact_in(&row).filter(|_| is_last) {
        Some(contact) => plan.unindex_contact(Handle::Requester, &contact.normalised()),
        None => Ok(()),
    }
}

const TOO_MANY: Text = Text::new(
    "You have ten open requests. Please wait until one of them is answered.",
    "您已有十个处理中的请求，请等待其中之一得到答复。",
);

/// Stores a request of somebody who is known.
///
/// # Errors
/// A refusal if too many of theirs are open.
pub fn make(plan: &mut Plan<'_>, number: &str, row: &RequestRow) -> Decided<()> {
    let before = of_asker(plan, row.asker)?;
    if before.iter().filter(|(_, row)| row.state == State::Open).count() >= MOST_OPEN {
        let kind = refusal::Kind::TooMany { retry_after: DAY };
        return Err(Refusal { kind, problems: vec![Problem::new("kind", TOO_MANY)] }.into());
    }
    let vault = plan.new_vault(Class::Request, None)?;
    let named = number.to_owned();
    plan.put_in(&REQUESTS, &named, vault, row)?;
    plan.put_in(&OPEN, &by_time(row.due, number), vault, &Mark {})?;
    plan.put_in(&ASKED_BY, &(row.asker, named.clone()), vault, &Mark {})?;
    plan.put_in(&REQUEST_IN, &vault, vault, &NumberRow { number: named })?;
    if let Some(contact) = contact_in(row) {
        plan.index_contact(Handle::Requester, &contact.normalised(), row.asker.0)?;
    }
    match row.subject {
        Some(subject) => Ok(accounts::hold(plan, subject, Class::Request, vault)?),
        None => Ok(()),
    }
}

/// The request of this number while it waits for its answer.
pub(super) fn waiting(plan: &Plan<'_>, number: &str) -> Decided<(RequestRow, VaultId)> {
    let found = plan.get_row(&REQUESTS, &number.to_owned())?;
    let Some((row, Some(vault))) = found else { return Err(Refusal::not_found().into()) };
    if row.state != State::Open {
        return Err(Refusal::conflict(CLOSED_ALREADY).into());
    }
    Ok((row, vault))
}

/// Staff have read a request: the first time is a step of it.
///
/// # Errors
/// If the store could not be read or written.
pub fn note_opened(plan: &mut Plan<'_>, number: &str) -> StoreResult<()> {
    let Some(mut row) = plan.get(&REQUESTS, &number.to_owned())? else { return Ok(()) };
    if row.state != State::Open || row.steps.iter().any(|known| known.step == Step::Opened) {
        return Ok(());
    }
    row.note(plan.now, Step::Opened);
    plan.update(&REQUESTS, &number.to_owned(), &row)
}

const NO_ACCOUNT: Text = Text::new(
    "This request came without an account: no devices are kept of it.",
    "该请求未关联账号，没有设备记录。",
);

/// Deletes what is kept of the devices of whoever asked for that (RGT-07).
///
/// # Errors
/// 'Not found', or a conflict if it has ended, asks for something else, or came without an account.
pub fn forget_devices(plan: &mut Plan<'_>, number: &str) -> Decided<()> {
    let (mut row, _) = waiting(plan, number)?;
    if row.kind != Kind::AnonymiseDevice {
        return Err(Refusal::not_found().into());
    }
    let Some(subject) = row.subject else { return Err(Refusal::conflict(NO_ACCOUNT).into()) };
    let is_there = accounts::find(plan, subject)?.is_some();
    if is_there {
        history::forget_devices(plan, subject)?;
    }
    let are_held = is_there && history::keeps_for_hold(plan, subject, Class::Devices)?;
    row.note(plan.now, if are_held { Step::DevicesSetAside } else { Step::DevicesDeleted });
    Ok(plan.update(&REQUESTS, &number.to_owned(), &row)?)
}

/// How a request ends.
pub struct End {
    pub state: State,
    pub reason: Option<Reason>,
    pub answer: String,
}

const CLOSED_ALREADY: Text = Text::new("This request is closed already.", "该请求已办结。");
const WAITS_FOR_WORD: Text = Text::new(
    "The person has not answered the fee yet. Until the request is due it can't be refused for this.",
    "对方尚未回复收费提议，期限届满前不能以此拒绝。",
);

impl End {
    fn step(&self) -> Step {
        match self.state {
            State::Refused => Step::Refused,
            State::Withdrawn => Step::Withdrawn,
            State::Done | State::Open => Step::Answered,
        }
    }
}

/// Ends a request: the clock of its vault begins, and whoever asked is told, unless they took it back.
///
/// # Errors
/// 'Not found', a conflict if it has ended, or a refusal at `reason` while the person has yet to answer a fee.
pub fn close(plan: &mut Plan<'_>, number: &str, end: End) -> Decided<()> {
    let (before, vault) = waiting(plan, number)?;
    let for_excess = matches!(end.reason, Some(Reason::Repetition | Reason::Excessive));
    if for_excess && before.awaits_word() && !before.is_late(plan.now) {
        return Err(Refusal::field("reason", WAITS_FOR_WORD).into());
    }
    let (step, closed, due) = (end.step(), plan.now, before.due);
    let End { state, reason, answer } = end;
    let mut row = RequestRow { state, reason, answer, closed: Some(closed), ..before };
    row.note(closed, step);
    plan.update(&REQUESTS, &number.to_owned(), &row)?;
    plan.delete(&OPEN, &by_time(due, number))?;
    plan.put_in(&CLOSED, &by_time(closed, number), vault, &Mark {})?;
    let now = plan.now;
    match row.subject {
        Some(subject) => {
            retention::start_clock_of(plan, subject, vault, Class::Request, Rule::Request, now)?;
        }
        None => retention::start_clock(plan, vault, Class::Request, Rule::Request, now)?,
    }
    if state == State::Withdrawn {
        Ok(())
    } else {
        Ok(tell(plan, number, &row, NoticeKind::RequestAnswered)?)
    }
}

pub(super) fn tell(
    plan: &mut Plan<'_>,
    number: &str,
    row: &RequestRow,
    notice: NoticeKind,
) -> StoreResult<()> {
    match row.subject {
        Some(subject) => notify::queue_to_account(plan, subject, notice),
        None => notify::queue_about_request(plan, number, notice),
    }
}

/// The order that a person asks about, with its personal part, restricted or not, if the contact that
/// they proved stands on it.
pub fn order_for(view: &View<'_>, row: &RequestRow, contact: &Contact) -> StoreResult<Option<Order>> {
    let Some(number) = row.order.as_ref().filter(|_| row.kind == Kind::Access) else { return Ok(None) };
    Ok(orders::find(view, number)?.filter(|order| stands_on(contact, order)))
}

fn stands_on(contact: &Contact, order: &Order) -> bool {
    let Some(consignee) = &order.consignee else { return false };
    let address = &consignee.address;
    match contact {
        Contact::Mobile(number) => *number == address.phone,
        Contact::Email(_) => contact.normalised() == Contact::Email(address.email.clone()).normalised(),
    }
}
