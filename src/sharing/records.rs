//! What is stored of sharing: each entry lies in the vault of what was shared and goes with it. Whoever
//! received something of a vault that is gone stands, without any name, among those to be told.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::VaultId;
use crate::locale::{Locale, Text};
use crate::store::{record, tables};
use crate::t;

/// Who received data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Recipient {
    /// A carrier, by its name.
    Carrier(String),
    /// An email provider, by its host.
    Email(String),
    /// An SMS provider, by its kind.
    Sms(String),
}

impl Recipient {
    /// As pages name it.
    pub fn text(&self, l: Locale) -> String {
        match self {
            Self::Carrier(name) => t!(l, "Carrier: {name}", "承运商：{name}"),
            Self::Email(host) => t!(l, "Email provider: {host}", "邮件服务商：{host}"),
            Self::Sms(kind) => t!(l, "SMS provider: {kind}", "短信服务商：{kind}"),
        }
    }
}

/// What was shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Shared {
    Name,
    Phone,
    Address,
    DeliveryNote,
    Email,
    Mobile,
    Message,
}

impl Shared {
    pub const fn title(self) -> Text {
        match self {
            Self::Name => Text::new("name", "姓名"),
            Self::Phone => Text::new("phone", "电话"),
            Self::Address => Text::new("address", "地址"),
            Self::DeliveryNote => Text::new("note for the delivery", "配送留言"),
            Self::Email => Text::new("email", "邮箱"),
            Self::Mobile => Text::new("mobile number", "手机号"),
            Self::Message => Text::new("text of the message", "消息内容"),
        }
    }
}

/// What it was shared for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Purpose {
    Delivery,
    OrderMessage,
    AccountMessage,
}

impl Purpose {
    pub const fn title(self) -> Text {
        match self {
            Self::Delivery => Text::new("delivers the order", "配送订单"),
            Self::OrderMessage => Text::new("tells you about the order", "告知订单进展"),
            Self::AccountMessage => Text::new("tells you about your account", "告知账号变动"),
        }
    }
}

/// On what ground data goes to another party (SHR-01): there is no other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Ground {
    Consent,
    Law,
    Protection,
    Service,
    Dispute,
    Agreement,
    Research,
    PublicInterest,
}

impl Ground {
    pub const ALL: [Self; 8] = [
        Self::Consent,
        Self::Law,
        Self::Protection,
        Self::Service,
        Self::Dispute,
        Self::Agreement,
        Self::Research,
        Self::PublicInterest,
    ];

    pub const fn title(self) -> Text {
        match self {
            Self::Consent => Text::new("your explicit consent", "您的明确同意"),
            Self::Law => Text::new("law or authority", "法律法规或主管部门要求"),
            Self::Protection => {
                Text::new("protection of interests within the law", "在法律允许范围内保护合法权益")
            }
            Self::Service => {
                Text::new("needed for the service that you asked for", "提供您所要求的服务所必需")
            }
            Self::Dispute => Text::new("a dispute, at your request", "应您要求处理纠纷"),
            Self::Agreement => Text::new("an agreement that you signed", "您签署的协议"),
            Self::Research => Text::new("academic research", "学术研究"),
            Self::PublicInterest => Text::new("public interest", "公共利益"),
        }
    }
}

record! {
    /// One time that data went to another party.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct SharedRow {
        pub at: Timestamp = Property,
        pub with: Recipient = Property,
        pub fields: Vec<Shared> = NotPersonal,
        pub purpose: Purpose = NotPersonal,
        pub ground: Ground = NotPersonal,
        /// By what the recipient knows it, such as an order's number; never a name.
        pub reference: String = Property,
    }
}

record! {
    /// Somebody who received data that is deleted here and is to delete it too (RGT-09).
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct DeletionRow {
        pub with: Recipient = NotPersonal,
        pub references: Vec<String> = Property,
        pub since: Timestamp = NotPersonal,
        pub told: Option<Timestamp> = NotPersonal,
        pub answered: Option<Timestamp> = NotPersonal,
        pub answer: String = Basic,
    }
}

tables! {
    /// By the vault of an order's consignee and a count.
    pub SHARED_ORDERS: (VaultId, u64) => SharedRow = "shared_orders" of Order;
    /// By the vault of an account and a count.
    pub SHARED_ACCOUNTS: (VaultId, u64) => SharedRow = "shared_accounts" of Account;
    pub DELETIONS: u64 => DeletionRow = "sharing_deletions" of Request;
}
