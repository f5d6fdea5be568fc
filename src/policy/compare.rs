//! What one version changes in another, in plain words: which of it is major (NOT-04), and which takes
//! something from people (NOT-01).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facts::{Both, ClassFact, Facts};
use crate::config::Period;
use crate::locale::{Locale, Text};

/// The six kinds of change that need more than a note on the site (NOT-03, NOT-04).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Major {
    /// The purpose, the kind of data, or the way of use.
    ServiceModel,
    Ownership,
    Recipients,
    Rights,
    /// The responsible person, and where to complain.
    Responsible,
    /// An assessment that shows a high risk.
    Assessment,
}

impl Major {
    pub const fn title(self) -> Text {
        match self {
            Self::ServiceModel => {
                Text::new("what data is used for, which, and how", "服务模式（处理目的、信息类型、使用方式）")
            }
            Self::Ownership => Text::new("who owns the shop", "所有权结构"),
            Self::Recipients => Text::new("who receives data", "个人信息的接收方"),
            Self::Rights => Text::new("your rights", "您的权利及行使方式"),
            Self::Responsible => Text::new("who is responsible, and where to complain", "负责人及投诉渠道"),
            Self::Assessment => Text::new("an assessment of high risk", "高风险评估结果"),
        }
    }
}

/// One difference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// `None` for a minor one.
    pub major: Option<Major>,
    /// Takes something from people: longer kept, received by more, used for something else, fewer rights.
    pub reduces: bool,
    pub says: Both,
}

impl Change {
    pub fn text(&self, l: Locale) -> &str {
        l.pick(&self.says.en, &self.says.zh)
    }
}

/// What the change is to people.
#[derive(Clone, Copy)]
enum Weight {
    Minor,
    Major(Major),
    Reduces(Major),
}

use Weight::{Minor, Reduces};

struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, weight: Weight, en: String, zh: String) {
        let (major, reduces) = match weight {
            Minor => (None, false),
            Weight::Major(kind) => (Some(kind), false),
            Reduces(kind) => (Some(kind), true),
        };
        self.0.push(Change { major, reduces, says: Both { en, zh } });
    }

    /// What came and what went of a list.
    fn list(&mut self, of: Text, came: Weight, went: Weight, before: &[Both], after: &[Both]) {
        for (weight, lists, words) in
            [(came, (after, before), ("new", "新增")), (went, (before, after), ("no more", "不再包括"))]
        {
            for one in lists.0.iter().filter(|one| !lists.1.contains(one)) {
                let (title_en, title_zh) = (of.get(Locale::En), of.get(Locale::Zh));
                self.add(
                    weight,
                    format!("{title_en}, {}: {}", words.0, one.en),
                    format!("{title_zh}{}：{}", words.1, one.zh),
                );
            }
        }
    }
}

/// The differences between the facts of two versions.
pub fn compare(before: &Facts, after: &Facts) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    said(
        &mut changes,
        Weight::Major(Major::Ownership),
        Text::new("Who trades", "经营者"),
        &before.owner,
        &after.owner,
    );
    let responsible = Text::new("Who is responsible and how to reach them", "负责人与联系方式");
    said(
        &mut changes,
        Weight::Major(Major::Responsible),
        responsible,
        &before.responsible,
        &after.responsible,
    );
    classes(&mut changes, &before.classes, &after.classes);
    purposes(&mut changes, before, after);
    periods(&mut changes, &before.periods, &after.periods);
    let providers = Text::new("Providers that carry messages", "代为发送消息的服务商");
    changes.list(
        providers,
        Reduces(Major::Recipients),
        Weight::Major(Major::Recipients),
        &before.providers,
        &after.providers,
    );
    let rights = Text::new("Your rights", "您的权利");
    changes.list(rights, Weight::Major(Major::Rights), Reduces(Major::Rights), &before.rights, &after.rights);
    changes.list(Text::new("Cookies", "Cookie"), Minor, Minor, &before.cookies, &after.cookies);
    if before.zone != after.zone {
        let (was, is) = (&before.zone, &after.zone);
        changes.add(
            Minor,
            format!("Days are counted in {is} instead of {was}"),
            format!("日期按 {is} 计算（原为 {was}）"),
        );
    }
    notice(&mut changes, before.notice, after.notice);
    if before.assessment != after.assessment {
        let Both { en, zh } = &after.assessment;
        changes.add(
            Weight::Major(Major::Assessment),
            format!("Assessment of high risk: {en}"),
            format!("高风险评估：{zh}"),
        );
    }
    changes.0
}

fn said(changes: &mut Changes, weight: Weight, of: Text, before: &[String], after: &[String]) {
    if before == after {
        return;
    }
    let joined = |list: &[String]| {
        let given: Vec<&str> = list.iter().map(|one| one.trim()).filter(|one| !one.is_empty()).collect();
        if given.is_empty() { "–".to_owned() } else { given.join(", ") }
    };
    let (was, is) = (joined(before), joined(after));
    changes.add(
        weight,
        format!("{}: {is} (before: {was})", of.get(Locale::En)),
        format!("{}：{is}（原为：{was}）", of.get(Locale::Zh)),
    );
}

fn classes(changes: &mut Changes, before: &[ClassFact], after: &[ClassFact]) {
    const MODEL: Weight = Weight::Major(Major::ServiceModel);
    let known: BTreeMap<&str, &ClassFact> = before.iter().map(|one| (one.id.as_str(), one)).collect();
    for class in after {
        let Both { en, zh } = &class.title;
        match known.get(class.id.as_str()) {
            None => changes.add(
                MODEL,
                format!("New data: {en}; it serves: {}", class.purpose.en),
                format!("新增信息：{zh}；用途：{}", class.purpose.zh),
            ),
            Some(old) => class_changes(changes, old, class),
        }
    }
    for class in before.iter().filter(|class| !after.iter().any(|one| one.id == class.id)) {
        changes.add(
            MODEL,
            format!("No longer handled: {}", class.title.en),
            format!("不再处理：{}", class.title.zh),
        );
    }
}

fn class_changes(changes: &mut Changes, before: &ClassFact, after: &ClassFact) {
    // What rests on consent is asked anew, so that nothing is taken without it.
    let model =
        if after.by_consent { Weight::Major(Major::ServiceModel) } else { Reduces(Major::ServiceModel) };
    let Both { en, zh } = &after.title;
    let mut differs = |weight, what: (&str, &str), was: &Both, is: &Both| {
        if was != is {
            changes.add(
                weight,
                format!("{en}, {}: {} (before: {})", what.0, is.en, was.en),
                format!("{zh}，{}：{}（原为：{}）", what.1, is.zh, was.zh),
            );
        }
    };
    differs(model, ("it serves", "用途"), &before.purpose, &after.purpose);
    differs(model, ("ground", "处理依据"), &before.ground, &after.ground);
    differs(Reduces(Major::Recipients), ("received by", "接收方"), &before.recipients, &after.recipients);
    differs(Minor, ("kept", "保存期限"), &before.clock, &after.clock);
    for kind in after.kinds.iter().filter(|kind| !before.kinds.contains(kind)) {
        changes.add(
            Weight::Major(Major::ServiceModel),
            format!("{en}, new kind of data: {}", kind.en),
            format!("{zh}，新增信息类型：{}", kind.zh),
        );
    }
}

fn purposes(changes: &mut Changes, before: &Facts, after: &Facts) {
    for purpose in &after.purposes {
        let old = before.purposes.iter().find(|one| one.id == purpose.id);
        let Both { en, zh } = &purpose.title;
        match old {
            None if purpose.optional => changes.add(
                Weight::Major(Major::ServiceModel),
                format!("New purpose, off until you tick it: {en}"),
                format!("新增用途（勾选后才启用）：{zh}"),
            ),
            None => changes.add(
                Weight::Major(Major::ServiceModel),
                format!("New purpose that a function needs: {en}"),
                format!("新增功能所必需的用途：{zh}"),
            ),
            Some(old) if old.optional && !purpose.optional => changes.add(
                Reduces(Major::ServiceModel),
                format!("No longer optional: {en}"),
                format!("不再可选：{zh}"),
            ),
            Some(_) => {}
        }
    }
    for gone in before.purposes.iter().filter(|one| !after.purposes.iter().any(|new| new.id == one.id)) {
        changes.add(
            Minor,
            format!("A purpose ends: {}", gone.title.en),
            format!("用途终止：{}", gone.title.zh),
        );
    }
}

fn periods(changes: &mut Changes, before: &[(String, Period)], after: &[(String, Period)]) {
    for (id, is) in after {
        let Some((_, was)) = before.iter().find(|(known, _)| known == id) else { continue };
        if was == is {
            continue;
        }
        let (class_en, class_zh) = class_of_period(id);
        let en = format!("{class_en}: kept {} instead of {}", is.text(Locale::En), was.text(Locale::En));
        let zh = format!("{class_zh}：保存 {}（原为 {}）", is.text(Locale::Zh), was.text(Locale::Zh));
        // A shorter one is a gain for people; still the way of use changes.
        let weight = if was.is_at_least(*is) { Minor } else { Reduces(Major::ServiceModel) };
        changes.add(weight, en, zh);
    }
}

/// Which data a period of `[retention]` is about, in words.
fn class_of_period(id: &str) -> (&'static str, &'static str) {
    let marked = format!("{{{id}}}");
    let class = crate::classes::CLASSES
        .iter()
        .find(|facts| facts.clock.get(Locale::En).contains(&marked) || facts.id == id);
    class.map_or(("Other data", "其他信息"), |facts| {
        (facts.title.get(Locale::En), facts.title.get(Locale::Zh))
    })
}

fn notice(changes: &mut Changes, before: [Period; 2], after: [Period; 2]) {
    let words =
        [("A change is announced", "一般变更公告期"), ("A major change is announced", "重大变更公告期")];
    for ((was, is), (en, zh)) in before.into_iter().zip(after).zip(words) {
        if was == is {
            continue;
        }
        let weight = if is.is_at_least(was) { Weight::Major(Major::Rights) } else { Reduces(Major::Rights) };
        changes.add(
            weight,
            format!("{en} {} ahead instead of {}", is.text(Locale::En), was.text(Locale::En)),
            format!("{zh}：{}（原为 {}）", is.text(Locale::Zh), was.text(Locale::Zh)),
        );
    }
}
