//! The rules of the outbox: queued in the commit that causes a message, marked before it is sent,
//! marked again when it is known what became of it. Whatever may have been sent is never sent
//! again by itself.

use std::ops::Bound;

use super::records::{
    CODE_MESSAGES, CODE_QUEUE, Farewell, MessageRow, OUTBOX, OUTBOX_QUEUE, OUTBOX_SHELVES, PassingRow, Says,
    State, What, keyed_id, queue_key, shelf_key,
};
use super::{NoticeKind, OwnerNotice};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::contact::Contact;
use crate::ids::{ConversationId, MessageId, OrderNumber, StaffId, SubjectId, VaultId};
use crate::locale::{Locale, Text};
use crate::orders::{StaffStep, Step};
use crate::refusal::Refusal;
use crate::retention::{Rule, start_clock, stop_clock};
use crate::sharing::{self, Ground, Purpose, Recipient, Shared};
use crate::store::floor::Mark;
use crate::store::{Decided, Plan, RestoreKind, StoreResult, View};
use crate::support::StaffWord;
use crate::{accounts, orders, staff};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Seconds from one try to the next; after these, a day each.
const PAUSES: [i64; 5] = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR];
/// No further try begins later than this after the message was queued.
const GIVE_UP_AFTER: i64 = 3 * DAY;
/// A notice to a bare contact is kept this long at most: as long as a code is by default.
const NOTICE_LIFE: i64 = 10 * MINUTE;
/// So many rows are looked at where a list is counted or searched for its oldest.
const MOST_COUNTED: usize = 10_000;

const COUNTER: &str = "messages";

/// When to try again after the try number `tries` at `now`; `None` for not any more.
pub fn next_try(since: Timestamp, tries: u32, now: Timestamp) -> Option<Timestamp> {
    let done = usize::try_from(tries).unwrap_or(usize::MAX).saturating_sub(1);
    let next = now.plus_seconds(PAUSES.get(done).copied().unwrap_or(DAY));
    (next.seconds_since(since) <= GIVE_UP_AFTER).then_some(next)
}

/// What became of a try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Sent,
    /// It surely did not leave, and a later try may go through.
    Later(Option<u16>),
    /// It was refused for good.
    Refused(Option<u16>),
    /// The answer did not come: it may have been sent.
    Unknown,
    /// There is nobody to send it to.
    Unreachable,
}

/// An id that lies after every earlier one: time, then a counter. Nothing random is at hand in a
/// command, and nothing needs to be: the id is shown to staff only.
fn new_id(plan: &mut Plan<'_>) -> StoreResult<MessageId> {
    let count = plan.count_up(COUNTER)?;
    let mut id = [0; 16];
    id[..8].copy_from_slice(&plan.now.sorting());
    id[8..].copy_from_slice(&count.to_be_bytes());
    Ok(MessageId(id))
}

/// Queues the message to the customer about a step of an order.
pub fn queue_order_step(
    plan: &mut Plan<'_>,
    number: &OrderNumber,
    subject: SubjectId,
    step: Step,
) -> StoreResult<()> {
    queue(plan, What::Order { number: number.clone(), step, subject })
}

/// Queues the message about an order to each owner of the shop.
pub fn queue_staff(plan: &mut Plan<'_>, number: &OrderNumber, step: StaffStep) -> StoreResult<()> {
    queue_to_each_owner(plan, |clerk| What::Staff { number: number.clone(), step, clerk })
}

/// Queues the signed end of the access log to each owner of the shop.
pub fn queue_anchor(plan: &mut Plan<'_>) -> StoreResult<()> {
    queue_to_each_owner(plan, |clerk| What::Anchor { clerk })
}

/// Queues what each owner of the shop is to know of a conversation.
pub fn queue_conversation(plan: &mut Plan<'_>, id: ConversationId, word: StaffWord) -> StoreResult<()> {
    queue_to_each_owner(plan, |clerk| What::Conversation { id, word, clerk })
}

/// Queues news about the shop to each owner.
pub fn queue_to_owners(plan: &mut Plan<'_>, notice: OwnerNotice) -> StoreResult<()> {
    queue_to_each_owner(plan, |clerk| What::Owner { clerk, notice })
}

fn queue_to_each_owner(plan: &mut Plan<'_>, what: impl Fn(StaffId) -> What) -> StoreResult<()> {
    for member in staff::list(plan)?.into_iter().filter(|member| member.owner && member.active) {
        queue(plan, what(member.id))?;
    }
    Ok(())
}

/// Queues news about an account to its holder, at whatever contact it has when it is sent.
pub fn queue_to_account(plan: &mut Plan<'_>, subject: SubjectId, notice: NoticeKind) -> StoreResult<()> {
    queue(plan, What::Account { subject, notice })
}

/// How many accounts are written to in one command.
const ACCOUNTS_AT_ONCE: usize = 200;

/// Queues news to the next accounts, from the newest on, but to none that was cancelled or `knows` it.
/// Returns before whom to go on; `None` once all were written to.
pub fn queue_to_next_accounts(
    plan: &mut Plan<'_>,
    before: Option<SubjectId>,
    notice: NoticeKind,
    knows: impl Fn(&View<'_>, SubjectId) -> StoreResult<bool>,
) -> StoreResult<Option<SubjectId>> {
    let some = accounts::all(plan, before, ACCOUNTS_AT_ONCE)?;
    for account in some.iter().filter(|account| account.leaving.is_none()) {
        if !knows(plan, account.subject)? {
            queue_to_account(plan, account.subject, notice)?;
        }
    }
    let is_last = some.len() < ACCOUNTS_AT_ONCE;
    Ok(some.last().filter(|_| !is_last).map(|account| account.subject))
}

/// Queues news about a request that came without an account, to the contact that it came from.
pub fn queue_about_request(plan: &mut Plan<'_>, number: &str, notice: NoticeKind) -> StoreResult<()> {
    queue(plan, What::Request { number: number.to_owned(), notice })
}

fn queue(plan: &mut Plan<'_>, what: What) -> StoreResult<()> {
    let id = new_id(plan)?;
    let vault = plan.new_vault(Class::Message, None)?;
    let now = plan.now;
    let row = MessageRow {
        what,
        state: State::Waiting,
        since: now,
        tries: 0,
        next: Some(now),
        ended: None,
        answer: None,
        seen_by: Vec::new(),
    };
    put(plan, id, vault, None, &row)
}

/// Queues a code to a contact; `purpose` completes 'use it to …' (用于…). It lies in the code's own
/// vault and goes with it.
pub fn queue_code(
    plan: &mut Plan<'_>,
    contact: &Contact,
    purpose: Text,
    code: &str,
    locale: Locale,
    vault: VaultId,
) -> StoreResult<()> {
    let says = Says::Code { purpose: purpose.get(locale).to_owned(), code: code.to_owned() };
    queue_passing(plan, contact, says, locale, vault, false)
}

/// Queues news about an account to this very contact, be it that the account has it no more. It is
/// kept for ten minutes at most: where the account's own contact will do, use [`queue_to_account`].
pub fn queue_to_contact(
    plan: &mut Plan<'_>,
    contact: &Contact,
    notice: NoticeKind,
    locale: Locale,
) -> StoreResult<()> {
    queue_notice(plan, contact, Says::Notice(notice), locale)
}

/// Queues the last message to the contact of an account that is erased in this command; kept for ten
/// minutes at most.
pub fn queue_farewell(
    plan: &mut Plan<'_>,
    contact: &Contact,
    farewell: Farewell,
    locale: Locale,
) -> StoreResult<()> {
    queue_notice(plan, contact, Says::Erased(farewell), locale)
}

/// Queues to a bare contact, in a passing vault of its own.
fn queue_notice(plan: &mut Plan<'_>, contact: &Contact, says: Says, locale: Locale) -> StoreResult<()> {
    let vault = plan.new_vault(Class::Code, Some(plan.now.plus_seconds(NOTICE_LIFE)))?;
    queue_passing(plan, contact, says, locale, vault, true)
}

fn queue_passing(
    plan: &mut Plan<'_>,
    contact: &Contact,
    says: Says,
    locale: Locale,
    vault: VaultId,
    own_vault: bool,
) -> StoreResult<()> {
    let id = new_id(plan)?;
    let now = plan.now;
    let contact = contact.as_str().to_owned();
    let row =
        PassingRow { contact, says, locale, sending: false, since: now, tries: 0, next: now, own_vault };
    plan.put_in(&CODE_MESSAGES, &id, vault, &row)?;
    plan.ring(super::BELL);
    plan.put_in(&CODE_QUEUE, &queue_key(now, id), vault, &Mark {})
}

/// Stores a message with its places in the lists.
fn put(
    plan: &mut Plan<'_>,
    id: MessageId,
    vault: VaultId,
    before: Option<&MessageRow>,
    row: &MessageRow,
) -> StoreResult<()> {
    let queued = |row: &MessageRow| row.next.filter(|_| row.state == State::Waiting);
    if let Some(before) = before {
        if before.state != row.state {
            plan.delete(&OUTBOX_SHELVES, &shelf_key(before.state, id))?;
        }
        if let Some(at) = queued(before) {
            plan.delete(&OUTBOX_QUEUE, &queue_key(at, id))?;
        }
    }
    if before.is_none_or(|before| before.state != row.state) {
        plan.put_in(&OUTBOX_SHELVES, &shelf_key(row.state, id), vault, &Mark {})?;
    }
    if let Some(at) = queued(row) {
        plan.put_in(&OUTBOX_QUEUE, &queue_key(at, id), vault, &Mark {})?;
        if at <= plan.now {
            plan.ring(super::BELL);
        }
    }
    plan.put_in(&OUTBOX, &id, vault, row)
}

/// Changes a message; its vault's clock runs from its end. False if it is gone.
fn change(
    plan: &mut Plan<'_>,
    id: MessageId,
    edit: impl FnOnce(&mut MessageRow, Timestamp) -> Decided<()>,
) -> Decided<bool> {
    let Some((before, Some(vault))) = plan.get_row(&OUTBOX, &id)? else { return Ok(false) };
    let mut row = before.clone();
    edit(&mut row, plan.now)?;
    put(plan, id, vault, Some(&before), &row)?;
    match row.ended {
        Some(ended) => start_clock(plan, vault, Class::Message, Rule::Message, ended)?,
        None => stop_clock(plan, vault, Class::Message)?,
    }
    Ok(true)
}

/// Marks a due message as being sent; `None` if it is not to be sent now. Nothing leaves before
/// this is stored.
pub(super) fn claim(plan: &mut Plan<'_>, id: MessageId) -> Decided<Option<What>> {
    let Some(row) = plan.get(&OUTBOX, &id)? else { return Ok(None) };
    if row.state != State::Waiting || row.next.is_none_or(|at| at > plan.now) {
        return Ok(None);
    }
    change(plan, id, |row, _| {
        row.state = State::Sending;
        row.tries = row.tries.saturating_add(1);
        row.next = None;
        Ok(())
    })?;
    Ok(Some(row.what))
}

/// Notes what became of a message that was being sent.
pub(super) fn conclude(
    plan: &mut Plan<'_>,
    id: MessageId,
    outcome: Outcome,
    seen_by: Option<&Carried>,
) -> Decided<()> {
    let Some(row) = plan.get(&OUTBOX, &id)? else { return Ok(()) };
    if row.state != State::Sending {
        return Ok(());
    }
    note_seen(plan, id, seen_by)?;
    change(plan, id, |row, now| {
        row.answer = match outcome {
            Outcome::Later(answer) | Outcome::Refused(answer) => answer,
            Outcome::Sent | Outcome::Unknown | Outcome::Unreachable => None,
        };
        row.state = match outcome {
            Outcome::Sent => State::Sent,
            Outcome::Refused(_) => State::Failed,
            Outcome::Unknown => State::Unknown,
            Outcome::Unreachable => State::Unreachable,
            Outcome::Later(_) => match next_try(row.since, row.tries, now) {
                Some(next) => {
                    row.next = Some(next);
                    State::Waiting
                }
                None => State::Failed,
            },
        };
        row.ended = row.state.is_end().then_some(now);
        Ok(())
    })?;
    Ok(())
}

/// Notes who has seen something of a message, or may have: the ledger gets an entry at the first try that
/// reached them, and none for later ones.
fn note_seen(plan: &mut Plan<'_>, id: MessageId, seen_by: Option<&Carried>) -> Decided<()> {
    let (Some(carried), Some(row)) = (seen_by, plan.get(&OUTBOX, &id)?) else { return Ok(()) };
    if row.seen_by.contains(&carried.with) {
        return Ok(());
    }
    change(plan, id, |row, _| {
        row.seen_by.push(carried.with.clone());
        Ok(())
    })?;
    Ok(note_sharing(plan, &row.what, carried)?)
}

/// Who carried a message, or may have, and by what they know it.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    pub with: Recipient,
    pub reference: String,
}

/// Writes down that a customer's contact and the text went to whoever carried them. The staff's own
/// messages are not about a customer.
fn note_sharing(plan: &mut Plan<'_>, what: &What, carried: &Carried) -> StoreResult<()> {
    let (vault, purpose, reference) = match what {
        What::Order { number, .. } => {
            (orders::vault_of(plan, number)?, Purpose::OrderMessage, number.to_string())
        }
        What::Account { subject, .. } => {
            // An account that was erased meanwhile has no ledger any more.
            let lives = accounts::find(plan, *subject)?.is_some();
            let vault = lives.then(|| accounts::vault(plan, *subject)).transpose()?;
            (vault, Purpose::AccountMessage, carried.reference.clone())
        }
        // A request is in no ledger: it keeps its contact for nothing else.
        What::Staff { .. }
        | What::Anchor { .. }
        | What::Owner { .. }
        | What::Request { .. }
        | What::Conversation { .. } => return Ok(()),
    };
    let Some(vault) = vault else { return Ok(()) };
    let contact = match carried.with {
        Recipient::Sms(_) => Shared::Mobile,
        Recipient::Email(_) | Recipient::Carrier(_) => Shared::Email,
    };
    let entry = sharing::Entry {
        with: carried.with.clone(),
        fields: vec![contact, Shared::Message],
        purpose,
        ground: Ground::Service,
        reference,
    };
    sharing::note(plan, vault, entry)
}

const NOT_NOW: Text =
    Text::new("The message has moved on meanwhile.", "该消息的状态已变化，无法进行此操作。");

/// Staff want a message that failed, or may have been sent, to be sent (again).
///
/// # Errors
/// A conflict if it is waiting or was sent.
pub fn resend(plan: &mut Plan<'_>, id: MessageId) -> Decided<()> {
    let there = change(plan, id, |row, now| {
        if !row.state.can_be_resent() {
            return Err(Refusal::conflict(NOT_NOW).into());
        }
        *row = MessageRow {
            what: row.what.clone(),
            state: State::Waiting,
            since: now,
            tries: 0,
            next: Some(now),
            ended: None,
            answer: None,
            seen_by: row.seen_by.clone(),
        };
        Ok(())
    })?;
    if there { Ok(()) } else { Err(Refusal::not_found().into()) }
}

/// Staff decide that a message need not be sent.
///
/// # Errors
/// A conflict if it is being sent or was sent.
pub fn set_aside(plan: &mut Plan<'_>, id: MessageId) -> Decided<()> {
    let there = change(plan, id, |row, now| {
        if !row.state.can_be_set_aside() {
            return Err(Refusal::conflict(NOT_NOW).into());
        }
        row.state = State::SetAside;
        row.next = None;
        row.ended = Some(now);
        Ok(())
    })?;
    if there { Ok(()) } else { Err(Refusal::not_found().into()) }
}

/// At a start nothing is being sent: whatever says so was cut off, and may have been sent. Returns
/// how many there were.
pub(super) fn recover(
    plan: &mut Plan<'_>,
    carrier: impl Fn(&View<'_>, &What, MessageId) -> StoreResult<Option<Carried>>,
) -> Decided<usize> {
    let cut_off = on_shelf(plan, State::Sending, None, usize::MAX)?;
    for (id, row) in &cut_off {
        let carried = carrier(plan, &row.what, *id)?;
        note_seen(plan, *id, carried.as_ref())?;
        doubt(plan, *id)?;
    }
    // A restore can't know how long messages are kept: their clocks are set here.
    for (id, _) in on_shelf(plan, State::Unknown, None, usize::MAX)? {
        change(plan, id, |_, _| Ok(()))?;
    }
    let mut passing = 0;
    for row in plan.list(&CODE_MESSAGES, &[])? {
        if row.record.sending {
            finish_passing(plan, row.key)?;
            passing += 1;
        }
    }
    Ok(cut_off.len() + passing)
}

fn doubt(plan: &mut Plan<'_>, id: MessageId) -> Decided<bool> {
    change(plan, id, |row, now| {
        row.state = State::Unknown;
        row.next = None;
        row.ended = Some(now);
        Ok(())
    })
}

/// After a restore, what was waiting or being sent may have been sent since the backup: it stands
/// in the list for staff and is not sent by itself.
pub(super) fn on_restored(plan: &mut Plan<'_>, how: RestoreKind) -> StoreResult<()> {
    if how != RestoreKind::FromArchive {
        return Ok(());
    }
    for state in [State::Waiting, State::Sending] {
        for (id, _) in on_shelf(plan, state, None, usize::MAX)? {
            match doubt(plan, id) {
                Ok(_) => {}
                Err(crate::store::Stop::Failed(error)) => return Err(error),
                // Nothing is refused here.
                Err(crate::store::Stop::Refused(_)) => {}
            }
        }
    }
    Ok(())
}

/// Marks a code or a notice as being sent; `None` if it is not to be sent now, or no more.
pub(super) fn claim_passing(plan: &mut Plan<'_>, id: MessageId, life: i64) -> Decided<Option<PassingRow>> {
    let Some((before, Some(vault))) = plan.get_row(&CODE_MESSAGES, &id)? else { return Ok(None) };
    if before.sending || before.next > plan.now {
        return Ok(None);
    }
    if plan.now.seconds_since(before.since) >= life {
        finish_passing(plan, id)?;
        return Ok(None);
    }
    plan.delete(&CODE_QUEUE, &queue_key(before.next, id))?;
    let row = PassingRow { sending: true, tries: before.tries.saturating_add(1), ..before };
    plan.put_in(&CODE_MESSAGES, &id, vault, &row)?;
    Ok(Some(row))
}

/// Notes what became of a code or a notice. True if it is tried again.
pub(super) fn conclude_passing(
    plan: &mut Plan<'_>,
    id: MessageId,
    outcome: Outcome,
    life: i64,
) -> Decided<bool> {
    let Some((row, Some(vault))) = plan.get_row(&CODE_MESSAGES, &id)? else { return Ok(false) };
    let next = match outcome {
        Outcome::Later(_) => next_try(row.since, row.tries, plan.now),
        _ => None,
    };
    let Some(next) = next.filter(|next| next.seconds_since(row.since) < life) else {
        finish_passing(plan, id)?;
        return Ok(false);
    };
    let row = PassingRow { sending: false, next, ..row };
    plan.put_in(&CODE_QUEUE, &queue_key(next, id), vault, &Mark {})?;
    plan.put_in(&CODE_MESSAGES, &id, vault, &row)?;
    Ok(true)
}

fn finish_passing(plan: &mut Plan<'_>, id: MessageId) -> StoreResult<()> {
    let Some((row, Some(vault))) = plan.get_row(&CODE_MESSAGES, &id)? else { return Ok(()) };
    if row.own_vault {
        return plan.drop_vault(vault);
    }
    plan.delete(&CODE_QUEUE, &queue_key(row.next, id))?;
    plan.delete(&CODE_MESSAGES, &id)
}

/// Up to `limit` messages that are due, the longest overdue first.
pub(super) fn due(view: &View<'_>, now: Timestamp, limit: usize) -> StoreResult<Vec<MessageId>> {
    let end = queue_end(now);
    let rows = view.range(&OUTBOX_QUEUE, Bound::Unbounded, Bound::Excluded(&end), limit, false)?;
    Ok(rows.iter().filter_map(|row| keyed_id(&row.key)).collect())
}

/// Up to `limit` codes and notices that are due.
pub(super) fn due_passing(view: &View<'_>, now: Timestamp, limit: usize) -> StoreResult<Vec<MessageId>> {
    let end = queue_end(now);
    let rows = view.range(&CODE_QUEUE, Bound::Unbounded, Bound::Excluded(&end), limit, false)?;
    Ok(rows.iter().filter_map(|row| keyed_id(&row.key)).collect())
}

/// The first key after all that are due at `now`.
fn queue_end(now: Timestamp) -> [u8; 8] {
    now.plus_millis(1).sorting()
}

/// Up to `limit` messages in this state, the newest first; those queued before `before` only.
pub fn on_shelf(
    view: &View<'_>,
    state: State,
    before: Option<MessageId>,
    limit: usize,
) -> StoreResult<Vec<(MessageId, MessageRow)>> {
    let from = [state.code()];
    let to = before.map_or_else(|| vec![state.code() + 1], |id| shelf_key(state, id));
    let marks = view.range(&OUTBOX_SHELVES, Bound::Included(&from), Bound::Excluded(&to), limit, true)?;
    let mut found = Vec::new();
    for id in marks.iter().filter_map(|mark| keyed_id(&mark.key)) {
        found.extend(view.get(&OUTBOX, &id)?.map(|row| (id, row)));
    }
    Ok(found)
}

/// How many messages are in this state; from ten thousand on, ten thousand.
pub fn count(view: &View<'_>, state: State) -> StoreResult<usize> {
    let from = [state.code()];
    let to = [state.code() + 1];
    let marks =
        view.range(&OUTBOX_SHELVES, Bound::Included(&from), Bound::Excluded(&to), MOST_COUNTED, false)?;
    Ok(marks.len())
}

/// How many codes and notices to bare contacts wait or are being sent.
pub fn count_passing(view: &View<'_>) -> StoreResult<usize> {
    let rows = view.range(&CODE_MESSAGES, Bound::Unbounded, Bound::Unbounded, MOST_COUNTED, false)?;
    Ok(rows.len())
}

/// Since when the oldest message waits that has not left yet, codes included.
pub fn oldest_waiting(view: &View<'_>) -> StoreResult<Option<Timestamp>> {
    let mut oldest: Option<Timestamp> = None;
    let mut see = |since: Timestamp| oldest = Some(oldest.map_or(since, |known| known.min(since)));
    for state in [State::Waiting, State::Sending] {
        let from = [state.code()];
        let to = [state.code() + 1];
        // Ids begin with the time: the oldest stand first, but for those that staff queued again.
        let marks = view.range(&OUTBOX_SHELVES, Bound::Included(&from), Bound::Excluded(&to), 100, false)?;
        for id in marks.iter().filter_map(|mark| keyed_id(&mark.key)) {
            if let Some(row) = view.get(&OUTBOX, &id)? {
                see(row.since);
            }
        }
    }
    for row in view.range(&CODE_MESSAGES, Bound::Unbounded, Bound::Unbounded, 100, false)? {
        see(row.record.since);
    }
    Ok(oldest)
}
