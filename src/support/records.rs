//! What is stored of a conversation.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{ConversationId, OrderNumber, StaffId, SubjectId};
use crate::locale::Locale;
use crate::store::floor::Mark;
use crate::store::{Field, Record, Table, TableInfo};

const fn basic(name: &'static str) -> Field {
    Field::new(name, DataKind::Basic)
}

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// What the owners are reminded of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum StaffWord {
    /// Somebody reported a leak.
    Leak,
    /// An answer is due within two days.
    Soon,
    /// An answer is overdue.
    Late,
}

/// A conversation, in a vault of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConversationRow {
    /// Whose account it belongs to; nobody's once that is erased.
    pub holder: Option<SubjectId>,
    /// The contact that was proven, where there was no account.
    pub contact: Option<String>,
    pub title: String,
    pub order: Option<OrderNumber>,
    pub language: Locale,
    /// It reports a leak of data.
    pub leak: bool,
    pub begun: Timestamp,
    /// When the last message was written, or it was closed.
    pub changed: Timestamp,
    /// How many messages there are: a form drawn for this conversation is out of date once there are more.
    pub messages: u64,
    /// How many of them, the latest ones, wait for an answer.
    pub unanswered: u32,
    /// By when they are answered (CON-02).
    pub due: Option<Timestamp>,
    /// What the owners were last told about this due day.
    pub reminded: Option<StaffWord>,
    pub closed: Option<Timestamp>,
}

impl ConversationRow {
    /// Whether it was not answered in time.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

impl Record for ConversationRow {
    const FIELDS: &'static [Field] = &[
        Field::new("holder", DataKind::OnlineIdentity),
        basic("contact"),
        basic("title"),
        Field::new("order", DataKind::Property),
        plain("language"),
        plain("leak"),
        plain("begun"),
        plain("changed"),
        plain("messages"),
        plain("unanswered"),
        plain("due"),
        plain("reminded"),
        plain("closed"),
    ];
}

/// Who wrote a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum By {
    Person,
    Staff(StaffId),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessageRow {
    pub by: By,
    pub at: Timestamp,
    pub text: String,
}

impl Record for MessageRow {
    const FIELDS: &'static [Field] = &[plain("by"), plain("at"), basic("text")];
}

/// A conversation in its account's list, which lies in the account's vault and goes with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnRow {
    pub conversation: ConversationId,
}

impl Record for OwnRow {
    const FIELDS: &'static [Field] = &[plain("conversation")];
}

/// What a visitor wrote and whose contact is not proven yet: it waits for its code, and is kept no longer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WaitingRow {
    pub contact: String,
    pub title: String,
    /// Empty for whoever only wants to read earlier conversations.
    pub text: String,
    pub order: Option<OrderNumber>,
    pub leak: bool,
    /// The account with this contact is to be frozen.
    pub freeze: bool,
}

impl Record for WaitingRow {
    const FIELDS: &'static [Field] = &[
        basic("contact"),
        basic("title"),
        basic("text"),
        Field::new("order", DataKind::Property),
        plain("leak"),
        plain("freeze"),
    ];
}

/// A browser whose visitor has proven a contact, for some hours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GuestRow {
    pub contact: String,
    pub until: Timestamp,
}

impl Record for GuestRow {
    const FIELDS: &'static [Field] = &[basic("contact"), plain("until")];
}

pub const CONVERSATIONS: Table<ConversationId, ConversationRow> =
    Table::new("conversations", Class::Conversation);
/// The messages of each conversation, counted from 1.
pub const MESSAGES: Table<(ConversationId, u64), MessageRow> =
    Table::new("conversation_messages", Class::Conversation);
/// The lists of staff; see [`super::shelves`].
pub const SHELVES: Table<Vec<u8>, Mark> = Table::new("conversation_shelves", Class::Conversation);
/// Visitors' conversations by one byte of a keyed digest of their contact: enough to find them without
/// a walk through all, and too little to tell from the key whose they are.
pub const BY_CONTACT: Table<Vec<u8>, Mark> = Table::new("conversations_by_contact", Class::Conversation);
/// The conversations of each account, counted from 1.
pub const OWN: Table<(SubjectId, u64), OwnRow> = Table::new("conversations_of", Class::Account);
/// By a digest of the browser's step token.
pub const WAITING: Table<[u8; 32], WaitingRow> = Table::new("conversations_waiting", Class::Registration);
/// By a digest of the browser's step token.
pub const GUESTS: Table<[u8; 32], GuestRow> = Table::new("conversation_guests", Class::Session);

pub(super) fn tables() -> Vec<TableInfo> {
    vec![
        CONVERSATIONS.info(),
        MESSAGES.info(),
        SHELVES.info(),
        BY_CONTACT.info(),
        OWN.info(),
        WAITING.info(),
        GUESTS.info(),
    ]
}
