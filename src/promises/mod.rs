//! Whether the shop keeps its word: each promise of the policy that can be checked, on the live data and the
//! configuration (`tuckshop promises`).
//!
//! A predicate looks at what lives now; what takes a pass over all data comes from the last nightly one. What
//! the shop does not offer is said so, and never called kept.

mod live;
mod markers;
mod night;
mod pages;
mod registers;

pub use night::{pass, pass_if_due};
pub use registers::Registers;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::locale::{Locale, Text};
use crate::room::{self, Job, Room};
use crate::shop::Shop;

use crate::store::StoreResult;

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[night::TABLES, pages::TABLES],
    routes: pages::routes,
    jobs: JOBS,
    ..Room::named("promises")
};

const JOBS: &[Job] = &[Job::every("promises", Duration::from_secs(10 * 60), |shop| {
    room::run(async move { pass_if_due(&shop).await })
})];

/// What a check came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// The shop has no such function.
    NotOffered,
    Kept,
    /// Not kept at the moment, because somebody's word is waited for.
    Held,
    Broken,
}

impl Verdict {
    /// As `--json` says it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Held => "held",
            Self::NotOffered => "not offered",
        }
    }

    pub const fn title(self) -> Text {
        match self {
            Self::Kept => Text::new("kept", "已履行"),
            Self::Broken => Text::new("broken", "未履行"),
            Self::Held => Text::new("held", "暂缓"),
            Self::NotOffered => Text::new("not offered", "未提供该功能"),
        }
    }

    /// Kept if nothing was found that breaks it.
    const fn unless(broken: bool) -> Self {
        if broken { Self::Broken } else { Self::Kept }
    }
}

/// A promise with what its check found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The promise's id.
    pub id: String,
    pub verdict: Verdict,
    /// What was counted, in both languages.
    pub en: String,
    pub zh: String,
    /// Where to look: a page or a command.
    pub look: String,
}

/// What each promise is, in a few words.
const TITLES: [(&str, Text); 29] = [
    ("BACKUP", Text::new("The newest backup is whole and recent", "最近备份完整且及时")),
    ("CK-02", Text::new("Each cookie is named with purpose and life", "Cookie 均列明用途与有效期")),
    ("CNS-03", Text::new("Nothing is processed without a ground", "处理均有依据")),
    ("CNS-04", Text::new("Optional purposes are off until ticked", "可选用途勾选后才启用")),
    ("CNS-07", Text::new("De-identified data can't be turned back", "去标识化数据不可复原")),
    ("CNS-08", Text::new("Shared statistics name nobody", "统计数据不含身份")),
    ("COL-13", Text::new("Payment partners receive no personal data", "支付机构不接收个人信息")),
    ("COL-14", Text::new("Couriers receive what delivery needs", "快递公司仅接收配送所需")),
    ("COL-15", Text::new("No number of an identity document is stored", "不保存证件号码")),
    ("CON-02", Text::new("Conversations are answered within 10 days", "会话 10 日内答复")),
    ("DEF-01", Text::new("The policy names the kinds of data as they are", "政策如实列明信息类型")),
    ("INC-04", Text::new("Regulators are told of incidents", "事件报告监管部门")),
    ("NOT-01", Text::new("Rights are not reduced without a yes", "未经同意不减少权利")),
    ("NOT-02", Text::new("Versions are announced before they take effect", "新版本提前公告")),
    ("NOT-05", Text::new("Old versions stay as published", "历次版本原样保留")),
    ("RET-01", Text::new("Data stays in its territory", "数据存于约定地域")),
    ("RET-02", Text::new("Orders are kept for their legal period", "交易信息按法定期限保存")),
    ("RET-03", Text::new("Cancelled accounts go after their month", "注销账号到期删除")),
    ("RET-06", Text::new("Nothing is kept past its clock", "不超期保存")),
    ("RET-07", Text::new("Erasures reach every copy", "删除同步到所有副本")),
    ("RET-08", Text::new("A closing is announced and then erases", "停业提前公告并删除信息")),
    ("RGT-09", Text::new("Recipients of deleted data are told", "告知接收方删除")),
    ("RGT-14", Text::new("Requests are answered in 30 days", "权利请求 30 日内答复")),
    ("SEC-02", Text::new("Personal data is sealed", "个人信息加密存储")),
    ("SEC-07", Text::new("The access log is as it was written", "访问日志未被改动")),
    ("SEC-08", Text::new("What is stored is as registered", "存储与登记一致")),
    ("SEC-10", Text::new("Each field serves a purpose", "字段均有用途")),
    ("SHR-01", Text::new("Nothing is shared without an entry and a ground", "共享均有依据与记录")),
    ("SHR-03", Text::new("Partners have an agreement in force", "合作方均有有效协议")),
];

impl Finding {
    /// What is promised, in a few words.
    pub fn title(&self) -> Text {
        TITLES.iter().find(|(id, _)| *id == self.id).map_or(Text::new("", ""), |(_, title)| *title)
    }

    fn new(id: &str, verdict: Verdict, en: impl Into<String>, zh: impl Into<String>, look: &str) -> Self {
        Self { id: id.to_owned(), verdict, en: en.into(), zh: zh.into(), look: look.to_owned() }
    }

    pub fn text(&self, l: Locale) -> &str {
        l.pick(&self.en, &self.zh)
    }
}

/// Checks every promise.
///
/// # Errors
/// If the store could not be read.
pub fn evaluate(shop: &Shop) -> StoreResult<Vec<Finding>> {
    let view = shop.store.view()?;
    let mut found = registers::check(&Registers::of_the_program(shop.store.tables()));
    found.extend(registers::configured(shop));
    found.extend(live::check(shop, &view)?);
    found.extend(night::findings(&view, shop.clock.now())?);
    found.extend(not_offered());
    // Where a live check and the night's pass speak of one promise, the worse of them counts.
    found.sort_by(|a, b| a.id.cmp(&b.id).then(b.verdict.cmp(&a.verdict)));
    found.dedup_by(|worse, kept| worse.id == kept.id);
    Ok(found)
}

/// Promises about functions that are still to come.
fn not_offered() -> Vec<Finding> {
    const TO_COME: [(&str, &str, &str); 6] = [
        (
            "COL-13",
            "Alipay and WeChat Pay are not offered: no payment partner receives anything",
            "未提供支付宝与微信支付：没有支付机构接收信息",
        ),
        (
            "COL-14",
            "no courier is connected: parcels are handed over by name",
            "未接入快递公司：包裹按承运商名称交付",
        ),
        ("CNS-07", "no data is released in de-identified form", "未对外提供去标识化数据"),
        ("CNS-08", "no statistics are published or shared", "未公布或共享统计数据"),
        ("SHR-03", "no partner with an agreement receives data", "没有依协议接收信息的合作方"),
        ("INC-04", "no incident register", "未提供事件登记功能"),
    ];
    TO_COME
        .into_iter()
        .map(|(id, en, zh)| Finding::new(id, Verdict::NotOffered, en, zh, "/privacy"))
        .collect()
}
