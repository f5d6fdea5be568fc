//! What the shop writes about codes and accounts, in both languages: as a mail and, shorter, as an
//! SMS. Orders write their own letters.

use serde::{Deserialize, Serialize};

use super::records::{Farewell, PartLeft, Says};
use crate::clock::Timestamp;
use crate::consent::{self, Receipts};
use crate::ids::ConversationId;
use crate::locale::{Locale, Text};
use crate::shop::Shop;
use crate::support::StaffWord;
use crate::t;

/// A message as it is read: one line of subject and plain text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    pub subject: String,
    pub body: String,
}

/// News about an account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum NoticeKind {
    /// Somebody wanted to register, or to add a contact, that has an account already.
    AlreadyRegistered,
    /// To each contact that the account had before and has no more, or to the one it had when
    /// another came.
    ContactChanged,
    PasswordChanged,
    /// Two-factor sign-in was switched on or off, or set up anew.
    FactorChanged,
    /// The account was cancelled, and its month has begun.
    Cancelled,
    /// The shop came back from a backup older than the cancellation.
    CancelledBeforeRestore,
    /// Somebody wanted to register with the contact of a cancelled account.
    LeavingRegistered,
    /// To the contact that an erased account had.
    Erased,
    /// A request about personal data was answered or refused.
    RequestAnswered,
    /// A major change of the privacy policy was announced.
    PolicyChanges,
    /// A fee is proposed for a request about personal data.
    RequestFee,
    /// There is something new in a conversation.
    ConversationAnswered,
    /// The account was frozen, and until when.
    Frozen,
    /// Staff let its holder in again.
    Released,
    /// Address, contact person or phone of an order was changed by staff.
    DeliveryChanged,
    /// The business closes for good, and when.
    ShopCloses,
    /// That was called off.
    ShopStays,
    /// To the contact that an account had, which was erased because the business has closed.
    ErasedByClosing,
}

impl NoticeKind {
    pub const ALL: [Self; 18] = [
        Self::AlreadyRegistered,
        Self::ContactChanged,
        Self::PasswordChanged,
        Self::FactorChanged,
        Self::Cancelled,
        Self::CancelledBeforeRestore,
        Self::LeavingRegistered,
        Self::Erased,
        Self::RequestAnswered,
        Self::PolicyChanges,
        Self::RequestFee,
        Self::ConversationAnswered,
        Self::Frozen,
        Self::Released,
        Self::DeliveryChanged,
        Self::ShopCloses,
        Self::ShopStays,
        Self::ErasedByClosing,
    ];

    /// Whether it goes to a cancelled account too: it is about the cancellation, its safety,
    /// or a request that the law wants answered.
    pub(super) const fn reaches_the_leaving(self) -> bool {
        !matches!(self, Self::AlreadyRegistered | Self::PolicyChanges | Self::ShopCloses | Self::ShopStays)
    }

    /// What happened, in one line.
    pub const fn title(self) -> Text {
        match self {
            Self::AlreadyRegistered => Text::new("You already have an account", "您已有账号"),
            Self::ContactChanged => {
                Text::new("The contacts of your account were changed", "您账号的联系方式已变更")
            }
            Self::PasswordChanged => Text::new("Your password was changed", "您的密码已修改"),
            Self::FactorChanged => {
                Text::new("Two-factor sign-in of your account was changed", "您账号的两步验证设置已变更")
            }
            Self::Cancelled => Text::new("Your account is cancelled", "您的账号已注销"),
            Self::CancelledBeforeRestore => {
                Text::new("Your account is still cancelled", "您的账号仍处于注销状态")
            }
            Self::LeavingRegistered => {
                Text::new("You have an account that is cancelled", "您有一个注销中的账号")
            }
            Self::Erased | Self::ErasedByClosing => Text::new("Your account was erased", "您的账号已删除"),
            Self::ShopCloses => Text::new("This shop closes for good", "本店即将停止经营"),
            Self::ShopStays => Text::new("This shop does not close", "本店继续经营"),
            Self::RequestAnswered => {
                Text::new("Your request about your data was answered", "您的个人信息权利请求已有答复")
            }
            Self::PolicyChanges => Text::new("Our privacy policy changes", "隐私政策即将变更"),
            Self::RequestFee => Text::new(
                "A fee is proposed for your request about your data",
                "您的个人信息权利请求有收费提议",
            ),
            Self::ConversationAnswered => Text::new("We have answered you", "您的会话有新消息"),
            Self::Frozen => Text::new("Your account is frozen", "您的账号已冻结"),
            Self::Released => Text::new("Your account is open again", "您的账号已解除冻结"),
            Self::DeliveryChanged => {
                Text::new("The delivery of your order was changed", "您订单的收货信息已变更")
            }
        }
    }
}

/// News about the shop for its owners. It names nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum OwnerNotice {
    /// Looks at personal data were unusual (SEC-07).
    LooksAlert,
    /// Requests about personal data are soon due (RGT-14).
    RequestSoonDue,
    RequestLate,
    /// The business closes (RET-08): somebody announced it,
    ClosingAnnounced,
    /// the day is near,
    ClosingSoon,
    /// and nothing is left.
    ClosingDone,
}

impl OwnerNotice {
    /// What happened, in one line.
    pub const fn title(self) -> Text {
        match self {
            Self::LooksAlert => Text::new("Unusual looks at personal data", "个人信息查看出现异常"),
            Self::RequestSoonDue => {
                Text::new("A request about personal data is soon due", "有个人信息权利请求即将到期")
            }
            Self::RequestLate => {
                Text::new("A request about personal data is overdue", "有个人信息权利请求已逾期")
            }
            Self::ClosingAnnounced => Text::new("The closing of the business is announced", "停业公告已发布"),
            Self::ClosingSoon => Text::new("The business closes soon", "即将停业"),
            Self::ClosingDone => Text::new("The business is closed", "停业已完成"),
        }
    }
}

/// A message that is ready to go, for either way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Written {
    pub mail: Letter,
    pub sms: String,
}

impl Written {
    /// A letter of another room; its subject is the SMS.
    pub fn letter(shop: &Shop, letter: Letter, l: Locale) -> Self {
        let sms = signed_sms(shop, &letter.subject, l);
        Self { mail: letter, sms }
    }
}

/// A code or a notice to a bare contact.
pub(super) fn passing(shop: &Shop, says: &Says, at: Timestamp, l: Locale) -> Written {
    match says {
        Says::Code { purpose, code } => code_message(shop, purpose, code, l),
        Says::Notice(notice) => notice_message(shop, *notice, "", at, l),
        Says::Erased(Farewell { parts, receipts }) => {
            let added = parts_part(parts, l) + &receipts_part(shop, receipts, l);
            notice_message(shop, NoticeKind::Erased, &added, at, l)
        }
    }
}

fn code_message(shop: &Shop, purpose: &str, code: &str, l: Locale) -> Written {
    let life = shop.retention().code.text(l);
    let name = &shop.settings().name;
    let body = t!(
        l,
        "Your code: {code}\n\nUse it to {purpose}. It is good for {life}, and works only in the browser that asked \
         for it.\n\nGive it to nobody: the shop never asks for it by telephone, mail or chat. If you did not \
         ask for it, you need do nothing.",
        "您的验证码：{code}\n\n用于{purpose}，{life}内有效，且只能在申请它的浏览器中使用。\n\n请勿将验证码告诉任何人，\
         本店不会通过电话、邮件或聊天向您索取。如果不是您本人操作，请忽略本消息。"
    );
    let short = t!(
        l,
        "{code} is your code to {purpose}, good for {life}. Give it to nobody.",
        "验证码 {code}，用于{purpose}，{life}内有效，请勿告诉他人。"
    );
    let subject = t!(l, "Your code for {name}", "{name} 验证码");
    Written { mail: Letter { subject, body: signed(shop, &body) }, sms: signed_sms(shop, &short, l) }
}

/// What was counted before and after an erasure (RET-05), as a part of a mail.
fn parts_part(parts: &[PartLeft], l: Locale) -> String {
    let mut part = t!(l, "\n\nWhat there was, and what is left now:", "\n\n删除前与删除后的数量：");
    for PartLeft { what, before, after } in parts {
        part.push_str(&t!(l, "\n{what}: {before}, now {after}", "\n{what}：{before}，现为 {after}"));
    }
    part
}

/// The receipts of a person, as a part of a mail: once the account is erased only they lead to the evidence
/// (CNS-05).
pub(super) fn receipts_part(shop: &Shop, receipts: &Receipts, l: Locale) -> String {
    let Receipts { newest, more } = receipts;
    if newest.is_empty() {
        return String::new();
    }
    let url = shop.url();
    let mut part = t!(
        l,
        "\n\nYour receipts of consent. The evidence names nobody, and once the account is erased only who holds a \
         receipt can point at it, at {url}/privacy/receipt:",
        "\n\n您的同意凭证。同意的证据不含任何人的身份，账号删除后只有持凭证者才能指认，查询地址：{url}/privacy/receipt"
    );
    for receipt in newest {
        let (day, code) = (receipt.at.day(shop.zone()), &receipt.code);
        let says = consent::said_of(l, &receipt.what, receipt.given);
        part.push_str(&t!(l, "\n{day} {says}: {code}", "\n{day} {says}：{code}"));
    }
    if *more > 0 {
        part.push_str(&t!(l, "\nand {more} more in your copy of data", "\n其余 {more} 个见您的个人信息副本"));
    }
    part
}

/// News about an account that happened at `at`; `added` stands below it in a mail.
pub(super) fn notice_message(
    shop: &Shop,
    notice: NoticeKind,
    added: &str,
    at: Timestamp,
    l: Locale,
) -> Written {
    let title = notice.title().get(l);
    let url = shop.url();
    let when = at.minute(shop.zone());
    let not_you = t!(
        l,
        "Was it not you? Set a new password at once at {url}/password/forgot, and tell us: {url}/contact",
        "如果不是您本人操作，请立即重设密码：{url}/password/forgot，并告知我们：{url}/contact"
    );
    let body = match notice {
        NoticeKind::AlreadyRegistered => t!(
            l,
            "Somebody, probably you, wanted to register with this contact. It has an account already, so \
             nothing was changed.\n\nSign in: {url}/login\nPassword forgotten: {url}/password/forgot\n\nIf it \
             was not you, you need do nothing.",
            "有人（可能是您本人）想用此联系方式注册。它已有账号，因此没有任何变动。\n\n登录：{url}/login\n\
             忘记密码：{url}/password/forgot\n\n如果不是您本人操作，请忽略本消息。"
        ),
        NoticeKind::PasswordChanged => t!(
            l,
            "The password of your account was changed on {when}. Your other sessions were ended.\n\n{not_you}",
            "您账号的密码已于 {when} 修改，其他登录已全部退出。\n\n{not_you}"
        ),
        NoticeKind::ContactChanged => t!(
            l,
            "On {when} the email address or mobile number of your account was changed. A contact that was \
             replaced is no longer used for it.\n\n{not_you}",
            "您账号的邮箱或手机号已于 {when} 变更，被替换的联系方式不再用于该账号。\n\n{not_you}"
        ),
        NoticeKind::FactorChanged => t!(
            l,
            "On {when} two-factor sign-in of your account was switched on or off, or set up anew. \
             {url}/account/security shows how it stands.\n\n{not_you}",
            "您账号的两步验证已于 {when} 开启、关闭或重新设置，可在 {url}/account/security 查看当前状态。\n\n{not_you}"
        ),
        NoticeKind::Cancelled => {
            let period = shop.retention().cancelled_account;
            let day = at.plus(&period.span(), shop.zone()).day(shop.zone());
            t!(
                l,
                "Your account was cancelled on {when}. Until {day} nothing of it is deleted and nothing is used; \
                 afterwards it is erased.\n\nTo restore it, or to erase it at once: {url}/account/restore\n\n\
                 {not_you}",
                "您的账号已于 {when} 注销。{day} 之前，其中的信息不会删除也不会使用，之后将予以删除。\n\n\
                 恢复账号或立即删除：{url}/account/restore\n\n{not_you}"
            )
        }
        NoticeKind::CancelledBeforeRestore => t!(
            l,
            "The shop was restored from a backup. Your account had been cancelled, and that stands: it is \
             erased in seven days at the earliest.\n\nTo keep it, or to erase it at once: \
             {url}/account/restore",
            "店铺刚刚从备份恢复。您此前已注销账号，注销仍然有效：最早七天后将删除账号。\n\n\
             保留账号或立即删除：{url}/account/restore"
        ),
        NoticeKind::LeavingRegistered => t!(
            l,
            "Somebody, probably you, wanted to register with this contact. It belongs to an account that was \
             cancelled and is not erased yet.\n\nTo restore the account, or to erase it at once and begin \
             anew: {url}/account/restore\nPassword forgotten: {url}/password/forgot\n\nIf it was not you, \
             you need do nothing.",
            "有人（可能是您本人）想用此联系方式注册。它属于一个已注销、尚未删除的账号。\n\n\
             恢复账号，或立即删除后重新注册：{url}/account/restore\n忘记密码：{url}/password/forgot\n\n\
             如果不是您本人操作，请忽略本消息。"
        ),
        NoticeKind::Erased => t!(
            l,
            "Your account was erased on {when}. What the law tells us to keep of your orders is shown to \
             nobody and goes when its time is over.",
            "您的账号已于 {when} 删除。法律要求保留的订单信息不向任何人展示，到期后删除。"
        ),
        NoticeKind::ErasedByClosing => t!(
            l,
            "The shop has closed, as was announced. On {when} your account and all that was kept of you were erased. A \
             record of sales that names nobody stays.",
            "本店已按公告停止经营。您的账号及我们保存的全部个人信息已于 {when} 删除，仅保留不含个人身份的交易记录。"
        ),
        NoticeKind::ShopCloses => match shop.closes() {
            Some(closes) => {
                let day = closes.day.day(shop.zone());
                t!(
                    l,
                    "On {day} this shop closes for good. You can order until then, and orders under way are finished. On \
                     that day your account and all that is kept of you are erased.\n\nWhat this means for you: \
                     {url}/closing\nA copy of your data: {url}/account/privacy\nQuestions, invoices, complaints: \
                     {url}/contact",
                    "本店将于 {day} 停止经营。在此之前可照常下单，未完成的订单会先完成。届时您的账号及我们保存的全部个人信息将被删除。\n\n\
                     对您的影响：{url}/closing\n获取个人信息副本：{url}/account/privacy\n咨询、发票与售后：{url}/contact"
                )
            }
            // Called off before this was sent.
            None => stays(shop, l),
        },
        NoticeKind::ShopStays => stays(shop, l),
        NoticeKind::RequestAnswered => t!(
            l,
            "Your request about your personal data was answered on {when}. Read the answer with your account at \
             {url}/account/privacy/requests, or, without one, by a code to this contact at \
             {url}/privacy/requests.\n\nIf you do not agree, you can complain to the authorities for cyberspace \
             administration, telecommunications, public security or market regulation.",
            "您的个人信息权利请求已于 {when} 得到答复。有账号的请在 {url}/account/privacy/requests 查看，没有账号的请在 \
             {url}/privacy/requests 验证本联系方式后查看。\n\n如有异议，可向网信、电信、公安或市场监管部门投诉举报。"
        ),
        NoticeKind::PolicyChanges => {
            let (number, day) = upcoming(shop);
            t!(
                l,
                "From {day} on a new version of our privacy policy is in force. What changes, in plain words: \
                 {url}/privacy/changes/{number}\n\nWhere it takes something from your rights it binds you only if \
                 you say yes, with your account at {url}/account/privacy/policy; otherwise the version that you \
                 agreed to stays yours.",
                "新版隐私政策将于 {day} 起生效。变更内容：{url}/privacy/changes/{number}\n\n凡减少您权利的变更，仅在您登录后于 \
                 {url}/account/privacy/policy 明确同意后才对您生效；否则仍适用您此前同意的版本。"
            )
        }
        NoticeKind::RequestFee => t!(
            l,
            "You have made the same request several times within twelve months. On {when} the shop proposed a fee for \
             the latest one. Nothing is charged or refused before you have accepted or declined: \
             {url}/account/privacy/requests. The time to answer runs on.",
            "您在十二个月内多次提出同类请求。店铺于 {when} 对最近一次提出收费。在您同意或拒绝之前，不会收费，也不会因此拒绝：\
             {url}/account/privacy/requests。答复期限不因此延长。"
        ),
        NoticeKind::ConversationAnswered => t!(
            l,
            "There is something new in your conversation with us since {when}. Read it at {url}/support: with your \
             account, or, without one, by a code to this contact.",
            "您与我们的会话于 {when} 有新消息，请在 {url}/support 查看：有账号的请登录，没有账号的请验证本联系方式。"
        ),
        NoticeKind::Frozen => t!(
            l,
            "Your account was frozen on {when}, because it was reported from it, or with a contact of it, that it \
             may be in other hands. All sessions have ended and nobody can sign in.\n\nTo open it again set a new \
             password with a code to this contact: {url}/password/forgot\n\nYou can also ask us to release \
             it: {url}/contact",
            "您的账号已于 {when} 冻结，原因是有人通过该账号或其联系方式报告账号可能遭他人使用。所有设备均已退出登录，目前无法登录。\n\n\
             如需解除冻结，请验证本联系方式并重设密码：{url}/password/forgot\n\n您也可以联系我们解除冻结：{url}/contact"
        ),
        NoticeKind::Released => t!(
            l,
            "We opened your frozen account again on {when}. You can sign in as before.\n\n{not_you}",
            "您的账号已于 {when} 由我们解除冻结，可以照常登录。\n\n{not_you}"
        ),
        NoticeKind::DeliveryChanged => t!(
            l,
            "On {when} we changed address, contact person or phone of an order that is not shipped yet, as was asked \
             for in a conversation. Your orders show how it stands: {url}/account/orders\n\n{not_you}",
            "应会话中的请求，我们已于 {when} 变更您一笔未发货订单的收货地址、联系人或电话，请在 {url}/account/orders \
             查看。\n\n{not_you}"
        ),
    };
    let short = match notice {
        NoticeKind::AlreadyRegistered => {
            t!(l, "{title}. Sign in: {url}/login", "{title}，请直接登录：{url}/login")
        }
        NoticeKind::Cancelled | NoticeKind::CancelledBeforeRestore | NoticeKind::LeavingRegistered => t!(
            l,
            "{title}. Restore it or erase it at once: {url}/account/restore",
            "{title}。恢复或立即删除：{url}/account/restore"
        ),
        NoticeKind::Erased | NoticeKind::ErasedByClosing => title.to_owned(),
        NoticeKind::ShopCloses => match shop.closes() {
            Some(closes) => {
                let day = closes.day.day(shop.zone());
                t!(
                    l,
                    "We close for good on {day}, and erase your data then: {url}/closing",
                    "本店将于 {day} 停业并删除您的个人信息：{url}/closing"
                )
            }
            None => NoticeKind::ShopStays.title().get(l).to_owned(),
        },
        NoticeKind::ShopStays => title.to_owned(),
        NoticeKind::RequestFee => {
            t!(l, "{title}: {url}/account/privacy/requests", "{title}：{url}/account/privacy/requests")
        }
        NoticeKind::RequestAnswered => {
            t!(l, "{title}: {url}/privacy/requests", "{title}：{url}/privacy/requests")
        }
        NoticeKind::PolicyChanges => {
            t!(l, "{title}: {url}/account/privacy/policy", "{title}：{url}/account/privacy/policy")
        }
        NoticeKind::ConversationAnswered => t!(l, "{title}: {url}/support", "{title}：{url}/support"),
        NoticeKind::Frozen => t!(
            l,
            "{title}. Set a new password to open it: {url}/password/forgot",
            "{title}，重设密码即可解除：{url}/password/forgot"
        ),
        _ => t!(l, "{title}. Not you? {url}/contact", "{title}。如非本人操作，请访问 {url}/contact"),
    };
    let name = &shop.settings().name;
    let mail =
        Letter { subject: format!("{title} – {name}"), body: signed(shop, &format!("{body}{added}")) };
    Written { mail, sms: signed_sms(shop, &short, l) }
}

/// News about a request to whoever made it without an account.
pub(super) fn request_message(
    shop: &Shop,
    notice: NoticeKind,
    number: &str,
    at: Timestamp,
    l: Locale,
) -> Written {
    let (title, url) = (notice.title().get(l), shop.url());
    let when = at.minute(shop.zone());
    let link = format!("{url}/privacy/requests/{number}");
    let body = t!(
        l,
        "{title} ({number}, {when}).\n\nRead it, as long as the request is kept, by a new code to this contact: \
         {link}\n\nIf you do not agree, you can complain to the authorities for cyberspace administration, \
         telecommunications, public security or market regulation.",
        "{title}（{number}，{when}）。\n\n在请求保存期间，您可随时用本联系方式接收新验证码后查看：{link}\n\n\
         如有异议，可向网信、电信、公安或市场监管部门投诉举报。"
    );
    let short = t!(l, "{title}: {link}", "{title}：{link}");
    let name = &shop.settings().name;
    let mail = Letter { subject: format!("{title} – {name}"), body: signed(shop, &body) };
    Written { mail, sms: signed_sms(shop, &short, l) }
}

/// News about the shop; what it is about is seen in the back office only.
pub(super) fn owner_message(shop: &Shop, notice: OwnerNotice, l: Locale) -> Written {
    let (title, url) = (notice.title().get(l), shop.url());
    let body = match notice {
        OwnerNotice::LooksAlert => t!(
            l,
            "A pattern among the looks at personal data is unusual. See who looked, when and how often, and \
             answer the alert: {url}/admin/alerts",
            "个人信息查看记录中出现异常情况。请查看相关员工、时间和次数，并处理提醒：{url}/admin/alerts"
        ),
        OwnerNotice::RequestSoonDue => t!(
            l,
            "Requests about personal data have to be answered within days, as the law says. See which: \
             {url}/admin/requests",
            "有个人信息权利请求须在数日内依法答复，请查看：{url}/admin/requests"
        ),
        OwnerNotice::RequestLate => t!(
            l,
            "Requests about personal data were not answered in time. Answer them now: {url}/admin/requests",
            "有个人信息权利请求未按时答复，请立即处理：{url}/admin/requests"
        ),
        OwnerNotice::ClosingAnnounced | OwnerNotice::ClosingSoon => match shop.closes() {
            // Called off before this was sent.
            None => stays(shop, l),
            Some(closes) => {
                let day = closes.day.minute(shop.zone());
                t!(
                    l,
                    "Your business closes on {day}: all data about people is erased then, in every backup too. Every \
                 customer is told. If you do not want this, call it off before: {url}/admin/closing",
                    "店铺将于 {day} 停业，届时删除全部个人信息，包括备份中的信息，并已通知客户。如非本意，请在此之前撤回：\
                 {url}/admin/closing"
                )
            }
        },
        OwnerNotice::ClosingDone => t!(
            l,
            "All data about people is erased, but for what legal holds keep. The record of sales that names nobody \
             stays in the back office, for tax: {url}/admin/orders",
            "除法律保全的信息外，全部个人信息已删除。不含个人身份的交易记录保留在后台，供税务使用：{url}/admin/orders"
        ),
    };
    let name = &shop.settings().name;
    let mail = Letter { subject: format!("{title} – {name}"), body: signed(shop, &body) };
    Written { mail, sms: signed_sms(shop, title, l) }
}

/// Where the access log ends, for the owner to keep: `None` if it can't be told now.
pub(super) fn anchor_message(shop: &Shop, l: Locale) -> Option<Written> {
    let anchor = crate::backup::anchor::current(shop)
        .inspect_err(|error| tracing::error!(%error, "the end of the access log could not be signed"))
        .ok()?;
    let text = serde_json::to_string_pretty(&anchor).ok()?;
    let title = t!(l, "Where the access log ends", "查看记录校验信息");
    let body = t!(
        l,
        "This is where the log of looks at personal data ends, signed by your shop. Keep this message: if the \
         log is ever cut or written anew, it proves what was there. `tuckshop audit verify` compares the log \
         with the anchors at your backup places.\n\n{text}",
        "以下是个人信息查看记录的当前末尾，由店铺签名。请保存此邮件：如果记录被删减或改写，它可以证明原有内容。\
         `tuckshop audit verify` 会将记录与各备份位置的校验文件进行比对。\n\n{text}"
    );
    let name = &shop.settings().name;
    let mail = Letter { subject: format!("{title} – {name}"), body: signed(shop, &body) };
    Some(Written { mail, sms: signed_sms(shop, &title, l) })
}

/// What the owners are to know of a conversation; nothing of what was written in it.
pub(super) fn conversation_message(shop: &Shop, id: ConversationId, word: StaffWord, l: Locale) -> Letter {
    let (subject, text) = match word {
        StaffWord::Leak => (
            t!(l, "A leak of data was reported", "收到信息泄露报告"),
            t!(
                l,
                "Somebody reported that personal data may have leaked. Look at it at once.",
                "有人报告个人信息可能泄露，请立即处理。"
            ),
        ),
        StaffWord::Soon => (
            t!(l, "An answer is due within two days", "会话答复将于两天内到期"),
            t!(l, "A conversation waits for your answer.", "有一个会话等待答复。"),
        ),
        StaffWord::Late => (
            t!(l, "An answer is overdue", "会话答复已逾期"),
            t!(
                l,
                "A conversation has waited for your answer for more than ten days.",
                "有一个会话等待答复已超过十天。"
            ),
        ),
    };
    let url = shop.url();
    let name = &shop.settings().name;
    let body = signed(shop, &format!("{text}\n\n{url}/admin/conversations/{id}"));
    Letter { subject: format!("{subject} – {name}"), body }
}

/// The text, and below it the shop's name and address.
fn signed(shop: &Shop, body: &str) -> String {
    format!("{body}\n\n{}, {}\n", shop.settings().name, shop.url())
}

fn signed_sms(shop: &Shop, text: &str, l: Locale) -> String {
    let name = &shop.settings().name;
    t!(l, "{name}: {text}", "【{name}】{text}")
}

/// What is said once a closing is called off.
fn stays(shop: &Shop, l: Locale) -> String {
    let url = shop.url();
    t!(
        l,
        "We announced that this shop closes. That is called off: accounts and orders stay as they are.\n\n{url}",
        "此前发布的停业公告已撤回，账号与订单不受影响。\n\n{url}"
    )
}

/// The version that accounts are told of, and from when it is in force.
fn upcoming(shop: &Shop) -> (u64, String) {
    let standing = shop.policy();
    let (number, at) = standing.upcoming.unwrap_or((standing.in_force, shop.clock.now()));
    (number, at.day(shop.zone()))
}
