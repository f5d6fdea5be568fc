//! Whether the shop keeps its word: each promise of the policy that can be checked, on the live data and the
//! configuration (`tuckshop promises`).
//!
//! A predicate looks at what lives now; what takes a pass over all data comes from the last nightly one. What
//! the shop does not offer is said so, and never called kept.

mod live;
mod night;
mod pages;
mod registers;

pub use night::{pass, run};
pub use pages::routes;
pub use registers::Registers;

use serde::{Deserialize, Serialize};

use crate::locale::{Locale, Text};
use crate::shop::Shop;
use crate::store::{StoreResult, TableInfo};

/// The tables of this room.
pub fn tables() -> Vec<TableInfo> {
    vec![night::NIGHT.info(), pages::PUBLISHED.info()]
}

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

impl Finding {
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
    let mut found = registers::check(&Registers::of_the_program());
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
