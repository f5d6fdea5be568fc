//! What is stored of a message: what it is about and how far it is. Address and text are filled in
//! when it is sent, so neither is kept; only a code or notice to a bare contact holds that contact,
//! in a passing vault, for minutes.

use serde::{Deserialize, Serialize};

use super::{NoticeKind, OwnerNotice};
use crate::clock::Timestamp;
use crate::consent::Receipts;
use crate::contact::Contact;
use crate::ids::{ConversationId, MessageId, OrderNumber, StaffId, SubjectId};
use crate::locale::Locale;
use crate::orders::{StaffStep, Step};
use crate::sharing::Recipient;
use crate::store::floor::Mark;
use crate::store::{record, tables};
use crate::support::StaffWord;

/// What a message says, and to whom it goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum What {
    /// A step of an order, to its customer.
    Order { number: OrderNumber, step: Step, subject: SubjectId },
    /// A step of an order, to a member of staff.
    Staff { number: OrderNumber, step: StaffStep, clerk: StaffId },
    /// News about an account, to its holder.
    Account { subject: SubjectId, notice: NoticeKind },
    /// Where the access log ends, signed, to an owner.
    Anchor { clerk: StaffId },
    /// News about the shop, to an owner.
    Owner { clerk: StaffId, notice: OwnerNotice },
    /// News about a request that came without an account, to the contact that stands in it.
    Request { number: String, notice: NoticeKind },
    /// A conversation that is to be seen to, to an owner.
    Conversation { id: ConversationId, word: StaffWord, clerk: StaffId },
}

impl What {
    pub fn order(&self) -> Option<&OrderNumber> {
        match self {
            Self::Order { number, .. } | Self::Staff { number, .. } => Some(number),
            _ => None,
        }
    }
}

/// How far a message is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum State {
    /// To be sent at its next try.
    Waiting,
    /// Being sent; stored before anything leaves.
    Sending,
    /// The mail server took it.
    Sent,
    /// It was refused for good, or no try in three days went through.
    Failed,
    /// It may have been sent: the shop or the connection broke off before the answer.
    Unknown,
    /// There is no address that the shop can send to.
    Unreachable,
    /// Staff decided that it need not be sent.
    SetAside,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Sending,
        Self::Sent,
        Self::Failed,
        Self::Unknown,
        Self::Unreachable,
        Self::SetAside,
    ];

    /// The code that keys begin with; stored, so never changed.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The name in metrics.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::SetAside => "set_aside",
        }
    }

    /// Whether nothing more happens to it by itself.
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Waiting | Self::Sending)
    }

    /// Whether staff may have it sent again.
    pub const fn can_be_resent(self) -> bool {
        matches!(self, Self::Failed | Self::Unknown | Self::Unreachable | Self::SetAside)
    }

    /// Whether staff may set it aside.
    pub const fn can_be_set_aside(self) -> bool {
        matches!(self, Self::Waiting | Self::Failed | Self::Unknown | Self::Unreachable)
    }
}

record! {
    /// A message to an account or a member of staff.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct MessageRow {
        pub what: What = Property,
        pub state: State = NotPersonal,
        /// When it was queued, or last queued again by staff.
        pub since: Timestamp = NotPersonal,
        pub tries: u32 = NotPersonal,
        pub next: Option<Timestamp> = NotPersonal,
        pub ended: Option<Timestamp> = NotPersonal,
        /// The number of the mail server's last refusal, such as 550.
        pub answer: Option<u16> = NotPersonal,
        /// Who has seen something of it, at whatever try: each stands in the ledger of sharing once.
        pub seen_by: Vec<Recipient> = NotPersonal,
    }
}

/// What a message to a bare contact says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Says {
    Code { purpose: String, code: String },
    Notice(NoticeKind),
    Erased(Farewell),
}

/// What whoever had an account is told when it is gone: nothing of it can be looked up any more, so it
/// stands in the message itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Farewell {
    pub parts: Vec<PartLeft>,
    pub receipts: Receipts,
}

/// How much there was of a kind of data, and how much the law keeps of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PartLeft {
    /// The kind, in the language of the message.
    pub what: String,
    pub before: u64,
    pub after: u64,
}

record! {
    /// A code or a notice to a bare contact, in a passing vault.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct PassingRow {
        pub contact: String = Basic,
        pub says: Says = OnlineIdentity,
        pub locale: Locale = NotPersonal,
        /// Being sent; stored before anything leaves.
        pub sending: bool = NotPersonal,
        pub since: Timestamp = NotPersonal,
        pub tries: u32 = NotPersonal,
        pub next: Timestamp = NotPersonal,
        /// The vault is this message's own and goes with it; a code's vault is the code's.
        pub own_vault: bool = NotPersonal,
    }
}

impl PassingRow {
    /// Where it goes.
    pub fn to(&self) -> Contact {
        if self.contact.contains('@') {
            return Contact::Email(self.contact.clone());
        }
        Contact::Mobile(self.contact.clone())
    }
}

tables! {
    pub OUTBOX: MessageId => MessageRow = "outbox" of Message;
    /// State and id: the lists for staff. Sealed like its message, so that it goes with it.
    pub OUTBOX_SHELVES: Vec<u8> => Mark = "outbox_shelves" of Message;
    /// Time of the next try and id: what is due.
    pub OUTBOX_QUEUE: Vec<u8> => Mark = "outbox_queue" of Message;
    pub CODE_MESSAGES: MessageId => PassingRow = "code_messages" of Code;
    /// Time of the next try and id.
    pub CODE_QUEUE: Vec<u8> => Mark = "code_queue" of Code;
}

/// The key of a message in a queue: by the time of its next try.
pub(super) fn queue_key(at: Timestamp, id: MessageId) -> Vec<u8> {
    [&at.sorting()[..], &id.0].concat()
}

/// The id in the key of a queue or a shelf: its last 16 bytes.
pub(super) fn keyed_id(key: &[u8]) -> Option<MessageId> {
    key.last_chunk().copied().map(MessageId)
}

pub(super) fn shelf_key(state: State, id: MessageId) -> Vec<u8> {
    let mut key = vec![state.code()];
    key.extend_from_slice(&id.0);
    key
}

/// When a message of this id was first queued: ids begin with it.
pub(super) fn queued_at(id: MessageId) -> Timestamp {
    // The first eight of sixteen bytes.
    let millis = id.0.first_chunk().copied().map_or(0, u64::from_be_bytes);
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(0))
}
