//! The register of data classes (SEC-08): whatever the shop stores about a person belongs to one.
//!
//! A class says why the data is held, on what ground, for how long, who receives it, and in which
//! vaults it lies. `tuckshop data-map`, the privacy page and the sweep all read it from here.

mod kinds;

pub use kinds::{DataKind, NEVER_COLLECTED};

use crate::locale::Text;

/// A class of stored data, and of the vaults that hold it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Class {
    /// Catalogue, counters, settings: about nobody, not sealed.
    Public = 0,
    /// Secrets of the shop itself, never dropped.
    Shop = 1,
    /// The anonymous transaction records, under a key of their own each month, never dropped.
    Ledger = 2,
    Account = 3,
    Credential = 4,
    Address = 5,
    Order = 6,
    Invoice = 7,
    Message = 8,
    AccessLog = 9,
    Staff = 10,
    Session = 11,
    Code = 12,
    Registration = 13,
    Cart = 14,
    ContactIndex = 15,
    ConsentEvidence = 16,
    Grant = 17,
    LegalHold = 18,
    Searches = 19,
    Browsing = 20,
    Devices = 21,
    Request = 22,
    Export = 23,
    Conversation = 24,
    Phrases = 25,
}

/// The ground on which data is processed (PIPL art. 13, GDPR art. 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ground {
    /// About nobody.
    None,
    /// Needed for the contract that the person asked for.
    Contract,
    /// The law demands it.
    Law,
    /// Needed to keep the service safe.
    Safety,
    /// The person agreed.
    Consent,
}

impl Ground {
    pub const fn text(self) -> Text {
        match self {
            Self::None => Text::new("not personal", "非个人信息"),
            Self::Contract => Text::new("contract", "订立或履行合同所必需"),
            Self::Law => Text::new("legal duty", "履行法定义务"),
            Self::Safety => Text::new("safe service", "保障服务安全"),
            Self::Consent => Text::new("consent", "个人同意"),
        }
    }
}

/// How a class is handled (SEC-08).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grade {
    /// Shown to everybody.
    Open,
    /// Names nobody, and is the shop's own business.
    Internal,
    /// About a person: sealed; masked for staff, and whole for the person, or after a look that was logged.
    Confidential,
    /// Sealed and shown to nobody, or once to the person it is for.
    Secret,
}

impl Grade {
    pub const fn text(self) -> Text {
        match self {
            Self::Open => Text::new("open", "公开"),
            Self::Internal => Text::new("internal", "内部"),
            Self::Confidential => Text::new("confidential", "敏感（去标识化展示，查看留痕）"),
            Self::Secret => Text::new("secret", "机密（不展示）"),
        }
    }
}

/// What the register says of one class.
pub struct ClassFacts {
    pub class: Class,
    /// The name used in data maps and, where the class has a period, its key in `[retention]`.
    pub id: &'static str,
    pub title: Text,
    pub purpose: Text,
    pub ground: Ground,
    pub grade: Grade,
    /// How long, in words; `{…}` names the key of `[retention]` that gives the period.
    pub clock: Text,
    pub recipients: Text,
    /// Passing classes come and go by the thousand and stand in no backup.
    pub passing: bool,
}

impl ClassFacts {
    /// Whether it is about people, even where it names nobody.
    pub fn is_personal(&self) -> bool {
        self.ground != Ground::None
    }

    /// Whether anybody but the person receives it.
    pub fn has_recipients(&self) -> bool {
        self.recipients != NOBODY
    }
}

const NOBODY: Text = Text::new("nobody", "无");
const CARRIERS: Text = Text::new("staff; the carrier named on the order", "店员；订单所示承运商");
const MAIL: Text =
    Text::new("staff; the email or SMS provider that carries it", "店员；代为发送的邮件或短信服务商");

/// Every class, in the order of [`Class`].
pub const CLASSES: &[ClassFacts] = &[
    ClassFacts {
        class: Class::Public,
        id: "public",
        title: Text::new("Catalogue and settings", "商品与设置"),
        purpose: Text::new("runs the shop", "店铺经营"),
        ground: Ground::None,
        grade: Grade::Open,
        clock: Text::new("as long as the shop needs it", "随店铺经营需要"),
        recipients: Text::new("everybody", "公开"),
        passing: false,
    },
    ClassFacts {
        class: Class::Shop,
        id: "shop",
        title: Text::new("The shop's own secrets", "店铺密钥"),
        purpose: Text::new("signs and seals", "签名与加密"),
        ground: Ground::None,
        grade: Grade::Secret,
        clock: Text::new("as long as the shop exists", "店铺存续期间"),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::Ledger,
        id: "ledger",
        title: Text::new("Transaction records", "交易记录"),
        purpose: Text::new(
            "goods, amounts, dates and states, without a person",
            "商品、金额、时间与状态，不含个人身份",
        ),
        ground: Ground::Law,
        grade: Grade::Internal,
        clock: Text::new("kept as the anonymous record of the sale", "作为不含个人信息的交易记录保存"),
        recipients: Text::new("staff", "店员"),
        passing: false,
    },
    ClassFacts {
        class: Class::Account,
        id: "account",
        title: Text::new("Account", "账号信息"),
        purpose: Text::new(
            "signs you in and keeps your settings, orders and cart",
            "登录、设置、订单与购物车",
        ),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new("until {cancelled_account} after cancellation", "至账号注销后 {cancelled_account}"),
        recipients: Text::new("staff, masked", "店员（去标识化展示）"),
        passing: false,
    },
    ClassFacts {
        class: Class::Credential,
        id: "credential",
        title: Text::new("Password and second factor", "密码与第二验证因素"),
        purpose: Text::new("proves that it is you", "验证身份"),
        ground: Ground::Contract,
        grade: Grade::Secret,
        clock: Text::new("until changed or reset, or with the account", "至更换、重置或随账号删除"),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::Address,
        id: "address",
        title: Text::new("Saved addresses", "收货地址"),
        purpose: Text::new("fills in the next order", "方便下次下单"),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new("until deleted, or with the account", "至您删除或随账号删除"),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::Order,
        id: "order_contact",
        title: Text::new("Consignee of an order", "订单收货信息"),
        purpose: Text::new("delivers the order and answers for it", "配送订单及售后"),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new(
            "{order_contact} after completion; {unfinished_order} if it was cancelled",
            "交易完成后 {order_contact}；已取消的订单 {unfinished_order}",
        ),
        recipients: CARRIERS,
        passing: false,
    },
    ClassFacts {
        class: Class::Invoice,
        id: "invoice",
        title: Text::new("Invoice details", "发票信息"),
        purpose: Text::new("issues the invoice that was asked for", "开具发票"),
        ground: Ground::Law,
        grade: Grade::Confidential,
        clock: Text::new("{invoice}", "{invoice}"),
        recipients: Text::new("staff; tax authority on demand", "店员；税务机关依法查询"),
        passing: false,
    },
    ClassFacts {
        class: Class::Message,
        id: "message",
        title: Text::new("Messages about an order", "订单通知"),
        purpose: Text::new("tells you what happens to your order", "告知订单进展"),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new("{message} after it was sent", "发送后 {message}"),
        recipients: MAIL,
        passing: false,
    },
    ClassFacts {
        class: Class::AccessLog,
        id: "access_log",
        title: Text::new("Who looked at personal data", "个人信息查看记录"),
        purpose: Text::new(
            "records each look by staff and its reason, and notices unusual ones",
            "记录店员每次查看及理由，并发现异常查看",
        ),
        ground: Ground::Law,
        grade: Grade::Confidential,
        clock: Text::new("{access_log}", "{access_log}"),
        recipients: Text::new("the owner", "店主"),
        passing: false,
    },
    ClassFacts {
        class: Class::Staff,
        id: "staff",
        title: Text::new("Staff accounts", "店员账号"),
        purpose: Text::new("lets staff work, and says who did what", "店员登录与操作留痕"),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new("until disabled or reset", "至停用或重置"),
        recipients: Text::new("the owner", "店主"),
        passing: false,
    },
    ClassFacts {
        class: Class::Session,
        id: "session",
        title: Text::new("Sessions", "登录会话"),
        purpose: Text::new("keeps you signed in", "保持登录状态"),
        ground: Ground::Contract,
        grade: Grade::Secret,
        clock: Text::new("{session} after the last use", "最后一次使用后 {session}"),
        recipients: NOBODY,
        passing: true,
    },
    ClassFacts {
        class: Class::Code,
        id: "code",
        title: Text::new("Codes", "验证码"),
        purpose: Text::new(
            "proves that an email or mobile is yours; tells the contact you had before of a change or an erasure",
            "验证邮箱或手机号归您所有；将变更或删除告知原联系方式",
        ),
        ground: Ground::Contract,
        grade: Grade::Secret,
        clock: Text::new(
            "{code}; what counts tries and sendings up to a day",
            "{code}；用于限制尝试与发送次数的计数最长一天",
        ),
        recipients: MAIL,
        passing: true,
    },
    ClassFacts {
        class: Class::Registration,
        id: "registration",
        title: Text::new("Unfinished registrations", "未完成的注册"),
        purpose: Text::new("waits for the code that proves the contact", "等待验证联系方式"),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new("{registration}", "{registration}"),
        recipients: NOBODY,
        passing: true,
    },
    ClassFacts {
        class: Class::Cart,
        id: "cart",
        title: Text::new("Carts of visitors", "访客购物车"),
        purpose: Text::new("keeps what was put into the cart", "保存加入购物车的商品"),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new("{cart} after the last use", "最后一次使用后 {cart}"),
        recipients: NOBODY,
        passing: true,
    },
    ClassFacts {
        class: Class::ContactIndex,
        id: "contact_index",
        title: Text::new("Index of contacts", "联系方式索引"),
        purpose: Text::new("finds an account at sign-in, by keyed digests", "登录时按带密钥摘要查找账号"),
        ground: Ground::Contract,
        grade: Grade::Secret,
        clock: Text::new("with the account", "随账号删除"),
        recipients: NOBODY,
        passing: true,
    },
    ClassFacts {
        class: Class::ConsentEvidence,
        id: "consent_evidence",
        title: Text::new("Evidence of consent", "同意记录"),
        purpose: Text::new("proves what was agreed to and when", "证明同意的内容与时间"),
        ground: Ground::Law,
        grade: Grade::Confidential,
        clock: Text::new("{consent_evidence} after withdrawal", "撤回后 {consent_evidence}"),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::Grant,
        id: "grant",
        title: Text::new("Consent in force", "有效的同意"),
        purpose: Text::new("allows what was agreed to", "据以处理已同意的用途"),
        ground: Ground::Consent,
        grade: Grade::Confidential,
        clock: Text::new("until withdrawn", "至撤回"),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::LegalHold,
        id: "legal_hold",
        title: Text::new("Legal holds", "法律保全记录"),
        purpose: Text::new(
            "keeps what a claim or an authority needs, with author, reason and end",
            "按法律要求保全相关信息，并记录操作人、理由与期限",
        ),
        ground: Ground::Law,
        grade: Grade::Confidential,
        clock: Text::new("{access_log} after it ended", "保全结束后 {access_log}"),
        recipients: Text::new("the owner", "店主"),
        passing: false,
    },
    ClassFacts {
        class: Class::Searches,
        id: "searches",
        title: Text::new("Search phrases", "搜索记录"),
        purpose: Text::new("offers you your earlier searches again", "再次为您提供搜索过的词"),
        ground: Ground::Consent,
        grade: Grade::Confidential,
        clock: Text::new(
            "{searches} at most, or until cleared or withdrawn",
            "最长 {searches}，或至清除、撤回同意",
        ),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::Browsing,
        id: "browsing",
        title: Text::new("Products looked at", "浏览记录"),
        purpose: Text::new("lists for you what you looked at", "为您列出浏览过的商品"),
        ground: Ground::Consent,
        grade: Grade::Confidential,
        clock: Text::new(
            "{browsing} at most, or until cleared or withdrawn",
            "最长 {browsing}，或至清除、撤回同意",
        ),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::Devices,
        id: "devices",
        title: Text::new("Devices", "设备记录"),
        purpose: Text::new(
            "lists for you which devices your account was used on",
            "为您列出使用过账号的设备",
        ),
        ground: Ground::Consent,
        grade: Grade::Confidential,
        clock: Text::new(
            "{devices} at most, or until cleared or withdrawn",
            "最长 {devices}，或至清除、撤回同意",
        ),
        recipients: NOBODY,
        passing: false,
    },
    ClassFacts {
        class: Class::Request,
        id: "request",
        title: Text::new("Requests about personal data", "个人信息权利请求"),
        purpose: Text::new(
            "answers a request and proves that it was answered in time",
            "处理您的请求并证明已按时答复",
        ),
        ground: Ground::Law,
        grade: Grade::Confidential,
        clock: Text::new("{request} after it was closed", "办结后 {request}"),
        recipients: Text::new("staff", "店员"),
        passing: false,
    },
    ClassFacts {
        class: Class::Export,
        id: "export",
        title: Text::new("Copies of one's data", "个人信息副本"),
        purpose: Text::new(
            "hands you a copy of your data that you asked for",
            "向您提供您要求的个人信息副本",
        ),
        ground: Ground::Law,
        grade: Grade::Confidential,
        clock: Text::new("7 days", "7 天"),
        recipients: NOBODY,
        passing: true,
    },
    ClassFacts {
        class: Class::Conversation,
        id: "conversation",
        title: Text::new("Conversations", "客服会话"),
        purpose: Text::new("answers what you write to us", "答复您的咨询与反馈"),
        ground: Ground::Contract,
        grade: Grade::Confidential,
        clock: Text::new("{conversation} after it was closed", "会话关闭后 {conversation}"),
        recipients: Text::new("staff", "店员"),
        passing: false,
    },
    ClassFacts {
        class: Class::Phrases,
        id: "phrases",
        title: Text::new("Search phrases of nobody, counted", "不关联个人的搜索词统计"),
        purpose: Text::new("shows what is searched for often", "了解热门搜索"),
        ground: Ground::None,
        grade: Grade::Internal,
        clock: Text::new("{searches} from the first search of a month", "自当月首次搜索起 {searches}"),
        recipients: Text::new("staff", "店员"),
        passing: false,
    },
];

impl Class {
    /// The code that stands in keyring slots.
    pub const fn code(self) -> u8 {
        self as u8
    }

    pub fn from_code(code: u8) -> Option<Self> {
        CLASSES.iter().map(|facts| facts.class).find(|class| class.code() == code)
    }

    pub fn facts(self) -> &'static ClassFacts {
        // The register holds every class in the order of its code; a test walks it.
        &CLASSES[self as usize]
    }

    pub const fn is_passing(self) -> bool {
        CLASSES[self as usize].passing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_holds_every_class_at_its_code() {
        for (position, facts) in CLASSES.iter().enumerate() {
            assert_eq!(facts.class as usize, position, "{}", facts.id);
            assert_eq!(Class::from_code(facts.class.code()), Some(facts.class));
            // What is about a person has a ground, and what has a ground is never open.
            let personal = facts.ground != Ground::None && facts.class != Class::Ledger;
            assert_eq!(
                personal,
                facts.grade == Grade::Confidential || (personal && facts.grade == Grade::Secret)
            );
        }
    }
}
