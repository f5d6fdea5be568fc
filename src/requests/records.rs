//! What is stored of a request, and the closed lists that it is made of.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{OrderNumber, SubjectId, VaultId};
use crate::locale::{Locale, closed_list};
use crate::money::Money;
use crate::store::floor::Mark;
use crate::store::{record, tables};

closed_list!(
    /// What a person asks for.
    Kind {
        Access = "access", "See my data", "查阅我的个人信息";
        Correct = "correct", "Correct my data", "更正我的个人信息";
        Delete = "delete", "Delete my data", "删除我的个人信息";
        AnonymiseDevice = "anonymise-device", "Delete or anonymise data about my devices", "删除或匿名化我的设备信息";
        Explain = "explain", "Answer a question about my data", "解释个人信息处理规则";
        Withdraw = "withdraw", "Withdraw a consent", "撤回同意";
        /// The shop stores none itself: whoever checked them is asked (RGT-02).
        RealName = "real-name", "See or correct what was checked of my real name", "查阅或更正实名核验信息";
    }
);

closed_list!(
    /// On which ground data is to be deleted (RGT-08).
    Ground {
        Unlawful = "unlawful", "It is processed against the law", "处理违反法律法规";
        WithoutConsent = "without-consent", "It was collected without my consent", "未经同意收集或使用";
        AgainstAgreement = "against-agreement", "It is processed against what was agreed", "处理违反约定";
        ServiceEnded = "service-ended", "The service has ended", "服务已终止";
    }
);

closed_list!(
    /// Why a request is refused: the first four are RGT-16, the other five RGT-17.
    Reason {
        Repetition = "repetition", "Repeated beyond reason", "无端重复的请求";
        Excessive = "excessive", "Needs excessive technical means", "需要过多技术手段";
        RiskToOthers = "risk-to-others", "Puts the rights of others at risk", "给他人合法权益带来风险";
        Impracticable = "impracticable", "Impracticable", "非常不切实际";
        NationalSecurity = "national-security", "National security and defence", "与国家安全、国防安全直接相关";
        PublicInterest = "public-interest", "Public security, health or major public interest", "与公共安全、公共卫生、重大公共利益直接相关";
        Criminal = "criminal", "Criminal matters", "与犯罪侦查、起诉、审判和执行判决等直接相关";
        BadFaith = "bad-faith", "Proven bad faith", "有充分证据表明存在主观恶意或滥用权利";
        SeriousHarm = "serious-harm", "Would seriously harm lawful rights", "响应将导致合法权益受到严重损害";
    }
);

impl Reason {
    /// Whether the law itself owes no answer (RGT-17); the others weigh what an answer would take (RGT-16).
    pub const fn owes_no_answer(self) -> bool {
        !matches!(self, Self::Repetition | Self::Excessive | Self::RiskToOthers | Self::Impracticable)
    }
}

closed_list!(
    /// How far a request is.
    State {
        Open = "open", "Open", "处理中";
        Done = "done", "Answered", "已答复";
        Refused = "refused", "Refused", "已拒绝";
        Withdrawn = "withdrawn", "Withdrawn", "已撤回";
    }
);

closed_list!(
    /// What happened to a request.
    Step {
        Received = "received", "Received", "已收到";
        Verified = "verified", "Identity proven", "身份已核实";
        Opened = "opened", "Opened by staff", "店员已查看";
        DevicesDeleted = "devices-deleted", "Device records deleted", "设备记录已删除";
        FeeProposed = "fee-proposed", "Fee proposed", "已提出收费";
        FeeAccepted = "fee-accepted", "Fee accepted", "已同意收费";
        FeeDeclined = "fee-declined", "Fee declined", "已拒绝收费";
        Answered = "answered", "Answered", "已答复";
        Refused = "refused", "Refused", "已拒绝";
        Withdrawn = "withdrawn", "Withdrawn", "已撤回";
        DevicesSetAside = "devices-set-aside", "Device records out of use; a legal hold keeps them until it ends", "设备记录已停用，因法律保全保留至保全结束";
    }
);

/// A step with its time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StepRow {
    pub at: Timestamp,
    pub step: Step,
}

/// A fee that staff proposed for a request beyond reason (RGT-15).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FeeRow {
    pub amount: Money,
    pub why: String,
    /// What the person said to it.
    pub accepted: Option<bool>,
}

/// What the owners were reminded of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Reminded {
    Nothing,
    Soon,
    Late,
}

record! {
    /// A request with all that became of it.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct RequestRow {
        pub kind: Kind = Basic,
        pub ground: Option<Ground> = Basic,
        pub details: String = Basic,
        pub order: Option<OrderNumber> = Property,
        /// Who asks: the account, or whoever proved a contact, under an id that is drawn for that contact.
        pub asker: SubjectId = OnlineIdentity,
        /// Whose account it came from.
        pub subject: Option<SubjectId> = OnlineIdentity,
        /// The contact that was proven, where there was no account.
        pub contact: Option<String> = Basic,
        pub language: Locale = NotPersonal,
        pub received: Timestamp = NotPersonal,
        /// When it was known who asks.
        pub verified: Timestamp = NotPersonal,
        pub due: Timestamp = NotPersonal,
        pub state: State = NotPersonal,
        pub closed: Option<Timestamp> = NotPersonal,
        pub reason: Option<Reason> = Basic,
        pub answer: String = Basic,
        pub fee: Option<FeeRow> = Basic,
        pub reminded: Reminded = NotPersonal,
        /// What happened, the oldest first.
        pub steps: Vec<StepRow> = NotPersonal,
    }
}

impl RequestRow {
    /// Whether a fee was proposed that the person has not answered.
    pub fn awaits_word(&self) -> bool {
        self.state == State::Open && self.fee.as_ref().is_some_and(|fee| fee.accepted.is_none())
    }

    /// Adds what happens now.
    pub fn note(&mut self, at: Timestamp, step: Step) {
        self.steps.push(StepRow { at, step });
    }

    /// Whether it was not answered in time.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.state == State::Open && self.due <= now
    }
}

record! {
    /// A request whose contact is not proven yet: it waits for its code, and is kept no longer.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct WaitingRow {
        /// `None` for whoever only wants to see how earlier requests stand.
        pub kind: Option<Kind> = Basic,
        pub ground: Option<Ground> = Basic,
        pub details: String = Basic,
        pub order: Option<OrderNumber> = Property,
        pub contact: String = Basic,
        pub received: Timestamp = NotPersonal,
        /// The earlier request that somebody comes back to.
        pub only: Option<String> = NotPersonal,
    }
}

record! {
    /// A contact that this browser has proven: good for an hour, to answer a proposal with.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ProvenRow {
        pub contact: String = Basic,
    }
}

record! {
    /// The number of a request.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct NumberRow {
        pub number: String = NotPersonal,
    }
}

tables! {
    /// By a digest of the browser's step token.
    pub WAITING: [u8; 32] => WaitingRow = "requests_waiting" of Registration;
    /// By the same.
    pub PROVEN: [u8; 32] => ProvenRow = "requests_proven" of Registration;
    /// By their number, which is random: it tells nothing of how many there are.
    pub REQUESTS: String => RequestRow = "requests" of Request;
    /// When it is due, then its number: the open ones.
    pub OPEN: Vec<u8> => Mark = "requests_open" of Request;
    /// When it was closed, then its number.
    pub CLOSED: Vec<u8> => Mark = "requests_closed" of Request;
    /// Who asks, then the number.
    pub ASKED_BY: (SubjectId, String) => Mark = "requests_by" of Request;
    /// Which request lies in a vault.
    pub REQUEST_IN: VaultId => NumberRow = "requests_in" of Request;
}

/// The key of a request in [`OPEN`] or [`CLOSED`].
pub(super) fn by_time(at: Timestamp, number: &str) -> Vec<u8> {
    [&at.sorting()[..], number.as_bytes()].concat()
}

/// The number in such a key.
pub(super) fn number_in(key: &[u8]) -> Option<String> {
    String::from_utf8(key.get(8..)?.to_vec()).ok()
}
