//! The rules of conversations: who may write how much, by when an answer is due, how they end.

use std::ops::Bound;

use jiff::{Span, tz::TimeZone};

use super::records::{
    BY_CONTACT, By, CONVERSATIONS, ConversationRow, MESSAGES, MessageRow, OWN, OwnRow, StaffWord,
};
use super::shelves;
use crate::accounts;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::contact::Contact;
use crate::ids::{ConversationId, OrderNumber, StaffId, SubjectId, VaultId};
use crate::locale::{Locale, Text};
use crate::notify::{self, NoticeKind};
use crate::refusal::{self, Problem, Refusal};
use crate::retention::{self, Rule};
use crate::store::floor::Mark;
use crate::store::{Decided, Key, Plan, StoreError, StoreResult, View};

/// Most letters of a title and of a message.
pub(super) const MOST_TITLE: usize = 120;
pub(super) const MOST_TEXT: usize = 4000;
/// So many conversations of one person, or of one contact, may be open at once.
const MOST_OPEN: usize = 10;
/// So many may be begun in a day.
const MOST_BEGUN: usize = 20;
/// So many of the latest are looked at to count the open ones.
const LOOKED_AT: usize = 100;
/// So many messages in a row may wait for one answer.
const MOST_UNANSWERED: u32 = 20;
const DAY: i64 = 24 * 60 * 60;
/// An answer is due so many days after the first message that waits for it (CON-02).
const DAYS: i64 = 10;

/// Who takes part in a conversation besides the shop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    Account(SubjectId),
    /// A visitor's proven contact, and the byte that their conversations are found by.
    Contact(Contact, u8),
}

/// A conversation that somebody begins.
#[derive(Clone, Debug)]
pub struct Beginning {
    pub id: ConversationId,
    pub whose: Whose,
    pub title: String,
    pub text: String,
    pub order: Option<OrderNumber>,
    pub language: Locale,
    pub leak: bool,
}

/// By when a message of this moment is answered.
fn due_of(at: Timestamp, zone: &TimeZone) -> Timestamp {
    at.plus(&Span::new().days(DAYS), zone)
}

fn too_many(text: Text) -> Refusal {
    let kind = refusal::Kind::TooMany { retry_after: DAY };
    Refusal { kind, problems: vec![Problem::new("message", text)] }
}

const TOO_MANY_OPEN: Text = Text::new(
    "You have ten open conversations. Go on in one of them, or close one.",
    "您已有十个进行中的会话，请在其中继续，或先关闭一个。",
);
const TOO_MANY_BEGUN: Text = Text::new(
    "You have begun twenty conversations today. Please go on tomorrow.",
    "今天发起的会话已达二十个，请明天再试。",
);
const TOO_MANY_WAIT: Text = Text::new(
    "Twenty of your messages wait for an answer already. Please wait for it.",
    "您已有二十条消息等待答复，请耐心等候。",
);

// ---- Reading ----

/// A conversation; `None` if it is gone.
///
/// # Errors
/// If the store could not be read.
pub fn find(view: &View<'_>, id: ConversationId) -> StoreResult<Option<ConversationRow>> {
    view.get(&CONVERSATIONS, &id)
}

/// A person's own conversation; anybody else's is not there.
pub(super) fn find_own(view: &View<'_>, whose: &Whose, id: ConversationId) -> Decided<ConversationRow> {
    let row = find(view, id)?.filter(|row| is_theirs(row, whose));
    Ok(row.ok_or_else(Refusal::not_found)?)
}

/// A conversation as staff may see it: nothing of a cancelled or an erased account is shown (RET-04).
pub(super) fn find_for_staff(view: &View<'_>, id: ConversationId) -> Decided<ConversationRow> {
    let row = find(view, id)?.ok_or_else(Refusal::not_found)?;
    let shown = match row.holder {
        Some(subject) => accounts::is_in_use(view, subject)?,
        None => row.contact.is_some(),
    };
    if shown { Ok(row) } else { Err(Refusal::not_found().into()) }
}

fn is_theirs(row: &ConversationRow, whose: &Whose) -> bool {
    match whose {
        Whose::Account(subject) => row.holder == Some(*subject),
        Whose::Contact(contact, _) => contact_of(row).is_some_and(|c| c.normalised() == contact.normalised()),
    }
}

fn contact_of(row: &ConversationRow) -> Option<Contact> {
    row.contact.as_deref().and_then(|text| Contact::parse(text, "").ok())
}

/// A person's conversation in their list, with what the next page begins below.
pub struct Own {
    pub place: u64,
    pub id: ConversationId,
    pub row: ConversationRow,
}

/// Up to `limit` conversations of a person below the place `below`, the newest first. A visitor's are
/// few, and come all at once.
pub(super) fn own(view: &View<'_>, whose: &Whose, below: Option<u64>, limit: usize) -> StoreResult<Vec<Own>> {
    match whose {
        Whose::Account(subject) => of_account(view, *subject, below, limit),
        Whose::Contact(_, byte) => {
            let listed = view.list(&BY_CONTACT, &[*byte])?;
            let ids = listed.iter().rev().filter_map(|row| id_in(&row.key));
            let mut found = Vec::new();
            for id in ids {
                let row = find(view, id)?.filter(|row| is_theirs(row, whose));
                found.extend(row.map(|row| Own { place: 0, id, row }));
                if found.len() == limit {
                    break;
                }
            }
            Ok(found)
        }
    }
}

/// The conversations of an account below a place in its list (from the newest on without one), newest first.
///
/// # Errors
/// If the store could not be read.
pub fn of_account(
    view: &View<'_>,
    subject: SubjectId,
    below: Option<u64>,
    limit: usize,
) -> StoreResult<Vec<Own>> {
    let (from, to) = ((subject, 0).to_bytes(), (subject, below.unwrap_or(u64::MAX)).to_bytes());
    let mut found = Vec::new();
    for listed in view.range(&OWN, Bound::Included(&from), Bound::Excluded(&to), limit, true)? {
        let id = listed.record.conversation;
        // One whose clock has run out is still on the list.
        found.extend(find(view, id)?.map(|row| Own { place: listed.key.1, id, row }));
    }
    Ok(found)
}

fn contact_key(byte: u8, id: ConversationId) -> Vec<u8> {
    [&[byte][..], &id.0].concat()
}

fn id_in(key: &[u8]) -> Option<ConversationId> {
    Some(ConversationId(key.get(1..)?.try_into().ok()?))
}

/// The messages of a conversation, the oldest first.
pub fn messages(view: &View<'_>, id: ConversationId) -> StoreResult<Vec<MessageRow>> {
    Ok(view.list(&MESSAGES, &id.to_bytes())?.into_iter().map(|row| row.record).collect())
}

// ---- The person writes ----

/// Begins a conversation. The same text sent twice, by a second click, makes one.
///
/// # Errors
/// A refusal if too many are open, or were begun today.
pub fn begin(plan: &mut Plan<'_>, new: Beginning, zone: &TimeZone) -> Decided<ConversationId> {
    let before = own(plan, &new.whose, None, LOOKED_AT)?;
    if let Some(same) = before.first()
        && is_same(plan, same, &new)?
    {
        return Ok(same.id);
    }
    check_room(&before, new.leak, plan.now)?;
    let (holder, contact) = match &new.whose {
        Whose::Account(subject) => (Some(*subject), None),
        Whose::Contact(contact, _) => (None, Some(contact.as_str().to_owned())),
    };
    let row = ConversationRow {
        holder,
        contact,
        title: new.title,
        order: new.order,
        language: new.language,
        leak: new.leak,
        begun: plan.now,
        changed: plan.now,
        messages: 1,
        unanswered: 1,
        due: Some(due_of(plan.now, zone)),
        reminded: new.leak.then_some(StaffWord::Leak),
        closed: None,
    };
    let vault = plan.new_vault(Class::Conversation, None)?;
    plan.put_in(&CONVERSATIONS, &new.id, vault, &row)?;
    let message = MessageRow { by: By::Person, at: plan.now, text: new.text };
    plan.put_in(&MESSAGES, &(new.id, 1), vault, &message)?;
    shelves::put_up(plan, new.id, vault, None, &row)?;
    match new.whose {
        Whose::Account(subject) => {
            note_own(plan, subject, new.id)?;
            accounts::hold(plan, subject, Class::Conversation, vault)?;
        }
        Whose::Contact(_, byte) => plan.put_in(&BY_CONTACT, &contact_key(byte, new.id), vault, &Mark {})?,
    }
    if new.leak {
        notify::queue_conversation(plan, new.id, StaffWord::Leak)?;
    }
    Ok(new.id)
}

fn is_same(plan: &Plan<'_>, same: &Own, new: &Beginning) -> StoreResult<bool> {
    let untouched = same.row.messages == 1 && same.row.closed.is_none();
    if !untouched || same.row.title != new.title || same.row.leak != new.leak {
        return Ok(false);
    }
    Ok(messages(plan, same.id)?.first().is_some_and(|first| first.text == new.text))
}

/// Reports of leaks are counted apart: no conversation stands in the way of one.
fn check_room(before: &[Own], leak: bool, now: Timestamp) -> Result<(), Refusal> {
    let like = || before.iter().filter(|own| own.row.leak == leak);
    if !leak && like().filter(|own| own.row.closed.is_none()).count() >= MOST_OPEN {
        return Err(too_many(TOO_MANY_OPEN));
    }
    if like().filter(|own| now.seconds_since(own.row.begun) < DAY).count() >= MOST_BEGUN {
        return Err(too_many(TOO_MANY_BEGUN));
    }
    Ok(())
}

fn note_own(plan: &mut Plan<'_>, subject: SubjectId, id: ConversationId) -> StoreResult<()> {
    let account = accounts::vault(plan, subject)?;
    let (from, to) = ((subject, 0).to_bytes(), (subject, u64::MAX).to_bytes());
    let last = plan.range(&OWN, Bound::Included(&from), Bound::Included(&to), 1, true)?;
    let place = last.first().map_or(1, |row| row.key.1 + 1);
    plan.put_in(&OWN, &(subject, place), account, &OwnRow { conversation: id })
}

/// The person writes in their conversation, which opens it again if it was closed. The same text sent
/// twice, by a second click, is one message. A further message does not put off the day by which the
/// first one is answered.
///
/// # Errors
/// 'Not found' unless it is theirs; a refusal if too many messages wait for an answer.
pub fn write(
    plan: &mut Plan<'_>,
    whose: &Whose,
    id: ConversationId,
    text: String,
    zone: &TimeZone,
) -> Decided<()> {
    let before = find_own(plan, whose, id)?;
    let last = plan.get(&MESSAGES, &(id, before.messages))?;
    if before.closed.is_none() && last.is_some_and(|last| last.by == By::Person && last.text == text) {
        return Ok(());
    }
    if before.unanswered >= MOST_UNANSWERED {
        return Err(too_many(TOO_MANY_WAIT).into());
    }
    let vault = vault_of(plan, id)?;
    let mut row = add(plan, id, vault, &before, By::Person, text)?;
    row.unanswered += 1;
    row.due = before.due.or(Some(due_of(plan.now, zone)));
    if row.closed.take().is_some() {
        retention::stop_clock(plan, vault, Class::Conversation)?;
    }
    put(plan, id, vault, &before, &row)
}

/// Stores one more message; the row that counts it is stored by the caller.
fn add(
    plan: &mut Plan<'_>,
    id: ConversationId,
    vault: VaultId,
    before: &ConversationRow,
    by: By,
    text: String,
) -> StoreResult<ConversationRow> {
    let row = ConversationRow { messages: before.messages + 1, changed: plan.now, ..before.clone() };
    plan.put_in(&MESSAGES, &(id, row.messages), vault, &MessageRow { by, at: plan.now, text })?;
    Ok(row)
}

fn put(
    plan: &mut Plan<'_>,
    id: ConversationId,
    vault: VaultId,
    before: &ConversationRow,
    row: &ConversationRow,
) -> Decided<()> {
    plan.put_in(&CONVERSATIONS, &id, vault, row)?;
    Ok(shelves::put_up(plan, id, vault, Some(before), row)?)
}

pub(super) fn vault_of(view: &View<'_>, id: ConversationId) -> StoreResult<VaultId> {
    view.get_row(&CONVERSATIONS, &id)?.and_then(|(_, vault)| vault).ok_or(StoreError::Erased)
}

// ---- Staff answer ----

const MOVED: Text = Text::new(
    "There is something new in this conversation since the page was shown. Read it before you go on.",
    "页面打开后会话有新的变化，请阅读后再操作。",
);
const CLOSED: Text = Text::new("This conversation is closed already.", "该会话已关闭。");

/// Staff answer all that waits; `seen` is how many messages their page showed.
///
/// # Errors
/// 'Not found' for what staff do not see; a conflict if it was closed or written in meanwhile.
pub fn answer(
    plan: &mut Plan<'_>,
    id: ConversationId,
    clerk: StaffId,
    seen: u64,
    text: String,
) -> Decided<ConversationRow> {
    let before = open_for_staff(plan, id, seen)?;
    let vault = vault_of(plan, id)?;
    let added = add(plan, id, vault, &before, By::Staff(clerk), text)?;
    let row = ConversationRow { unanswered: 0, due: None, reminded: None, ..added };
    put(plan, id, vault, &before, &row)?;
    Ok(row)
}

/// Staff close a conversation; `seen` is how many messages their page showed.
///
/// # Errors
/// As for [`answer`].
pub fn close(plan: &mut Plan<'_>, id: ConversationId, seen: u64) -> Decided<ConversationRow> {
    let before = open_for_staff(plan, id, seen)?;
    end(plan, id, &before)
}

fn open_for_staff(plan: &Plan<'_>, id: ConversationId, seen: u64) -> Decided<ConversationRow> {
    let row = find_for_staff(plan, id)?;
    if row.closed.is_some() {
        return Err(Refusal::conflict(CLOSED).into());
    }
    if row.messages != seen {
        return Err(Refusal::conflict(MOVED).into());
    }
    Ok(row)
}

/// The person closes their conversation; twice is once.
///
/// # Errors
/// 'Not found' unless it is theirs.
pub(super) fn close_own(plan: &mut Plan<'_>, whose: &Whose, id: ConversationId) -> Decided<()> {
    let before = find_own(plan, whose, id)?;
    if before.closed.is_some() {
        return Ok(());
    }
    end(plan, id, &before).map(|_| ())
}

/// The clock of its vault begins (COL-18).
fn end(plan: &mut Plan<'_>, id: ConversationId, before: &ConversationRow) -> Decided<ConversationRow> {
    let vault = vault_of(plan, id)?;
    let row = ended(before, plan.now);
    put(plan, id, vault, before, &row)?;
    let now = plan.now;
    match row.holder {
        Some(subject) => {
            retention::start_clock_of(plan, subject, vault, Class::Conversation, Rule::Conversation, now)?;
        }
        None => retention::start_clock(plan, vault, Class::Conversation, Rule::Conversation, now)?,
    }
    Ok(row)
}

pub(super) fn ended(row: &ConversationRow, now: Timestamp) -> ConversationRow {
    ConversationRow {
        closed: Some(now),
        changed: now,
        unanswered: 0,
        due: None,
        reminded: None,
        ..row.clone()
    }
}

/// Tells the person that there is something new, without a word of it.
pub(super) fn tell(plan: &mut Plan<'_>, row: &ConversationRow) -> StoreResult<()> {
    let notice = NoticeKind::ConversationAnswered;
    match (row.holder, contact_of(row)) {
        (Some(subject), _) => notify::queue_to_account(plan, subject, notice),
        (None, Some(contact)) => notify::queue_to_contact(plan, &contact, notice, row.language),
        (None, None) => Ok(()),
    }
}

/// Notes that the owners were told, unless they were already. True if they are to be told now.
pub(super) fn note_reminded(plan: &mut Plan<'_>, id: ConversationId, word: StaffWord) -> Decided<bool> {
    let Some(before) = find(plan, id)? else { return Ok(false) };
    if before.due.is_none() || before.reminded >= Some(word) {
        return Ok(false);
    }
    plan.update(&CONVERSATIONS, &id, &ConversationRow { reminded: Some(word), ..before })?;
    Ok(true)
}
