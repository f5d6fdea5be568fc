//! What is stored of a request, and the closed lists that it is made of.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, SubjectId};
use crate::locale::{Locale, Text};
use crate::store::{Field, Record, Table, TableInfo};

/// Makes a closed list: each choice with the name that forms use and what people read.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $choice:ident = $id:literal, $en:literal, $zh:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$about])* $choice,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$choice,)*];

            /// The name in forms.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$choice => $id,)* }
            }

            pub const fn title(self) -> Text {
                match self { $(Self::$choice => Text::new($en, $zh),)* }
            }

            /// Reads what [`Self::id`] gives.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.id() == text)
            }
        }
    };
}

closed_list!(
    /// What a person asks for.
    Kind {
        Access = "access", "See my data", "查阅我的个人信息";
        Correct = "correct", "Correct my data", "更正我的个人信息";
        Delete = "delete", "Delete my data", "删除我的个人信息";
        AnonymiseDevice = "anonymise-device", "Delete or anonymise data about my devices", "删除或匿名化我的设备信息";
        Explain = "explain", "Answer a question about my data", "解释个人信息处理规则";
        Withdraw = "withdraw", "Withdraw a consent", "撤回同意";
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

/// A request with all that became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestRow {
    pub kind: Kind,
    pub ground: Option<Ground>,
    pub details: String,
    pub order: Option<OrderNumber>,
    /// Whose account it came from.
    pub subject: Option<SubjectId>,
    /// The contact that was proven, where there was no account.
    pub contact: Option<String>,
    pub language: Locale,
    pub received: Timestamp,
    /// When it was known who asks.
    pub verified: Timestamp,
    pub due: Timestamp,
    pub state: State,
    pub closed: Option<Timestamp>,
    pub reason: Option<Reason>,
    pub answer: String,
}

impl RequestRow {
    /// Whether it was not answered in time.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.state == State::Open && self.due <= now
    }
}

impl Record for RequestRow {
    const FIELDS: &'static [Field] = &[
        Field::new("kind", DataKind::Basic),
        Field::new("ground", DataKind::Basic),
        Field::new("details", DataKind::Basic),
        Field::new("order", DataKind::Property),
        Field::new("subject", DataKind::OnlineIdentity),
        Field::new("contact", DataKind::Basic),
        Field::new("language", DataKind::Nothing),
        Field::new("received", DataKind::Nothing),
        Field::new("verified", DataKind::Nothing),
        Field::new("due", DataKind::Nothing),
        Field::new("state", DataKind::Nothing),
        Field::new("closed", DataKind::Nothing),
        Field::new("reason", DataKind::Basic),
        Field::new("answer", DataKind::Basic),
    ];
}

/// A request whose contact is not proven yet: it waits for its code, and is kept no longer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WaitingRow {
    /// `None` for whoever only wants to see how earlier requests stand.
    pub kind: Option<Kind>,
    pub ground: Option<Ground>,
    pub details: String,
    pub order: Option<OrderNumber>,
    pub contact: String,
    pub received: Timestamp,
}

impl Record for WaitingRow {
    const FIELDS: &'static [Field] = &[
        Field::new("kind", DataKind::Basic),
        Field::new("ground", DataKind::Basic),
        Field::new("details", DataKind::Basic),
        Field::new("order", DataKind::Property),
        Field::new("contact", DataKind::Basic),
        Field::new("received", DataKind::Nothing),
    ];
}

/// By their number, which is random: it tells nothing of how many there are.
pub const REQUESTS: Table<String, RequestRow> = Table::new("requests", Class::Request);
/// By a digest of the browser's step token.
pub const WAITING: Table<[u8; 32], WaitingRow> = Table::new("requests_waiting", Class::Registration);

pub(super) fn tables() -> Vec<TableInfo> {
    vec![REQUESTS.info(), WAITING.info()]
}
