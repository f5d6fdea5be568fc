//! The rules of requests: who may make how many, by when they are due, how they end.

use jiff::{Span, tz::TimeZone};

use super::records::{Kind, REQUESTS, Reason, RequestRow, State};
use crate::accounts;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::contact::Contact;
use crate::ids::SubjectId;
use crate::locale::{Locale, Text};
use crate::notify::{self, NoticeKind};
use crate::orders::{self, Order};
use crate::random::Random;
use crate::refusal::{self, Decided, Problem, Refusal};
use crate::retention::{self, Rule};
use crate::store::{Plan, StoreError, StoreResult, View};

/// So many requests of one person, or of one contact, may be open at once.
const MOST_OPEN: usize = 10;
const DAY: i64 = 24 * 60 * 60;

/// By when a request is answered (RGT-14): 30 days from the later of receipt and verified identity, and
/// 10 for a question.
fn due_of(kind: Kind, received: Timestamp, verified: Timestamp, zone: &TimeZone) -> Timestamp {
    let days = if kind == Kind::Explain { 10 } else { 30 };
    received.max(verified).plus(&Span::new().days(days), zone)
}

/// A request that has just been made by somebody who is known since `now`: whose it is and what it says is
/// filled in by whoever stores it.
pub fn opened(
    kind: Kind,
    language: Locale,
    received: Timestamp,
    now: Timestamp,
    zone: &TimeZone,
) -> RequestRow {
    RequestRow {
        kind,
        ground: None,
        details: String::new(),
        order: None,
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
    }
}

/// A fresh number as people read it.
pub fn number(random: &dyn Random) -> String {
    format!("R-{}", data_encoding::BASE32_NOPAD.encode(&random.bytes::<10>()))
}

/// Every request with its number, what falls due first in front.
///
/// # Errors
/// If the store could not be read.
pub fn all(view: &View<'_>) -> StoreResult<Vec<(String, RequestRow)>> {
    let rows = view.list(&REQUESTS, &[])?;
    let mut all: Vec<_> = rows.into_iter().map(|row| (row.key, row.record)).collect();
    all.sort_by_key(|(_, row)| row.due);
    Ok(all)
}

/// The requests that wait for an answer, what falls due first in front.
///
/// # Errors
/// If the store could not be read.
pub fn open(view: &View<'_>) -> StoreResult<Vec<(String, RequestRow)>> {
    Ok(all(view)?.into_iter().filter(|(_, row)| row.state == State::Open).collect())
}

/// The requests of a person.
pub fn of_subject(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<(String, RequestRow)>> {
    Ok(all(view)?.into_iter().filter(|(_, row)| row.subject == Some(subject)).collect())
}

/// Whether any request of a person waits for its answer.
pub fn are_open(view: &View<'_>, subject: SubjectId) -> StoreResult<bool> {
    Ok(of_subject(view, subject)?.iter().any(|(_, row)| row.state == State::Open))
}

/// The requests that came from a contact without an account.
pub fn of_contact(view: &View<'_>, contact: &Contact) -> StoreResult<Vec<(String, RequestRow)>> {
    let is_theirs = |row: &RequestRow| row.contact.as_deref() == Some(contact.as_str());
    Ok(all(view)?.into_iter().filter(|(_, row)| is_theirs(row)).collect())
}

const TOO_MANY: Text = Text::new(
    "You have ten open requests. Please wait until one of them is answered.",
    "您已有十个处理中的请求，请等待其中之一得到答复。",
);

/// Stores a request of somebody who is known; `before` are the requests that they made already.
///
/// # Errors
/// A refusal if too many are open.
pub fn make(
    plan: &mut Plan<'_>,
    number: &str,
    row: &RequestRow,
    before: &[(String, RequestRow)],
) -> Decided<()> {
    if before.iter().filter(|(_, row)| row.state == State::Open).count() >= MOST_OPEN {
        let kind = refusal::Kind::TooMany { retry_after: DAY };
        return Err(Refusal { kind, problems: vec![Problem::new("kind", TOO_MANY)] }.into());
    }
    let vault = plan.new_vault(Class::Request, None)?;
    plan.put_in(&REQUESTS, &number.to_owned(), vault, row)?;
    match row.subject {
        Some(subject) => Ok(accounts::hold(plan, subject, Class::Request, vault)?),
        None => Ok(()),
    }
}

/// How a request ends.
pub struct End {
    pub state: State,
    pub reason: Option<Reason>,
    pub answer: String,
}

const CLOSED: Text = Text::new("This request is closed already.", "该请求已办结。");

/// Ends a request: the clock of its vault begins, and whoever asked is told, unless they took it back.
///
/// # Errors
/// 'Not found', or a conflict if it has ended.
pub fn close(plan: &mut Plan<'_>, number: &str, end: End) -> Decided<()> {
    let found = plan.get_row(&REQUESTS, &number.to_owned())?;
    let Some((before, Some(vault))) = found else { return Err(Refusal::not_found().into()) };
    if before.state != State::Open {
        return Err(Refusal::conflict(CLOSED).into());
    }
    let closed = Some(plan.now);
    let row = RequestRow { state: end.state, reason: end.reason, answer: end.answer, closed, ..before };
    plan.update(&REQUESTS, &number.to_owned(), &row)?;
    retention::start_clock(plan, vault, Class::Request, Rule::Request, plan.now)?;
    if row.state == State::Withdrawn { Ok(()) } else { Ok(tell(plan, &row)?) }
}

fn tell(plan: &mut Plan<'_>, row: &RequestRow) -> StoreResult<()> {
    if let Some(subject) = row.subject {
        return notify::queue_to_account(plan, subject, NoticeKind::RequestAnswered);
    }
    let Some(contact) = row.contact.as_deref().and_then(|text| Contact::parse(text, "").ok()) else {
        return Err(StoreError::Erased);
    };
    notify::queue_to_contact(plan, &contact, NoticeKind::RequestAnswered, row.language)
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
