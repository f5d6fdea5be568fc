//! What is stored of a conversation.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{ConversationId, OrderNumber, StaffId, SubjectId};
use crate::locale::Locale;
use crate::store::floor::Mark;
use crate::store::{record, tables};

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

record! {
    /// A conversation, in a vault of its own.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ConversationRow {
        /// Whose account it belongs to; nobody's once that is erased.
        pub holder: Option<SubjectId> = OnlineIdentity,
        /// The contact that was proven, where there was no account.
        pub contact: Option<String> = Basic,
        pub title: String = Basic,
        pub order: Option<OrderNumber> = Property,
        pub language: Locale = NotPersonal,
        /// It reports a leak of data.
        pub leak: bool = NotPersonal,
        pub begun: Timestamp = NotPersonal,
        /// When the last message was written, or it was closed.
        pub changed: Timestamp = NotPersonal,
        /// How many messages there are: a form drawn for this conversation is out of date once there are more.
        pub messages: u64 = NotPersonal,
        /// How many of them, the latest ones, wait for an answer.
        pub unanswered: u32 = NotPersonal,
        /// By when they are answered (CON-02).
        pub due: Option<Timestamp> = NotPersonal,
        /// What the owners were last told about this due day.
        pub reminded: Option<StaffWord> = NotPersonal,
        pub closed: Option<Timestamp> = NotPersonal,
    }
}

impl ConversationRow {
    /// Whether it was not answered in time.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// Who wrote a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum By {
    Person,
    Staff(StaffId),
}

record! {
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct MessageRow {
        pub by: By = NotPersonal,
        pub at: Timestamp = NotPersonal,
        pub text: String = Basic,
    }
}

record! {
    /// A conversation in its account's list, which lies in the account's vault and goes with it.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct OwnRow {
        pub conversation: ConversationId = NotPersonal,
    }
}

record! {
    /// What a visitor wrote and whose contact is not proven yet: it waits for its code, and is kept no longer.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct WaitingRow {
        pub contact: String = Basic,
        pub title: String = Basic,
        /// Empty for whoever only wants to read earlier conversations.
        pub text: String = Basic,
        pub order: Option<OrderNumber> = Property,
        pub leak: bool = NotPersonal,
        /// The account with this contact is to be frozen.
        pub freeze: bool = NotPersonal,
    }
}

record! {
    /// A browser whose visitor has proven a contact, for some hours.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct GuestRow {
        pub contact: String = Basic,
        pub until: Timestamp = NotPersonal,
    }
}

tables! {
    /// By a digest of the browser's step token.
    pub WAITING: [u8; 32] => WaitingRow = "conversations_waiting" of Registration;
    /// By a digest of the browser's step token.
    pub GUESTS: [u8; 32] => GuestRow = "conversation_guests" of Session;
    pub CONVERSATIONS: ConversationId => ConversationRow = "conversations" of Conversation;
    /// The messages of each conversation, counted from 1.
    pub MESSAGES: (ConversationId, u64) => MessageRow = "conversation_messages" of Conversation;
    /// The lists of staff; see [`super::shelves`].
    pub SHELVES: Vec<u8> => Mark = "conversation_shelves" of Conversation;
    /// Visitors' conversations by one byte of a keyed digest of their contact: enough to find them without
    /// a walk through all, and too little to tell from the key whose they are.
    pub BY_CONTACT: Vec<u8> => Mark = "conversations_by_contact" of Conversation;
    /// The conversations of each account, counted from 1.
    pub OWN: (SubjectId, u64) => OwnRow = "conversations_of" of Account;
}
