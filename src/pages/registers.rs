//! What the privacy policy takes from the registers in the code: purposes, kinds of data, recipients,
//! grounds and reasons. None of it is typed a second time.

use maud::{Markup, html};

use super::facts::how_long;
use crate::classes::{CLASSES, DataKind, NEVER_COLLECTED};
use crate::config::Retention;
use crate::consent::PurposeFacts;
use crate::locale::{Locale, Text};
use crate::requests::{self, Reason};
use crate::sharing;
use crate::store::Register;
use crate::t;
use crate::web::ui::{self, Column};

/// Purposes with their data, ground and period, and what stops without each (CNS-01, CNS-02).
pub fn purpose_table<'a>(
    caption: &Text,
    purposes: impl Iterator<Item = &'a PurposeFacts>,
    retention: &Retention,
    l: Locale,
) -> Markup {
    let columns = [
        Column::text(t!(l, "Purpose", "用途")),
        Column::text(t!(l, "What, and what for", "信息与用途")),
        Column::text(t!(l, "Ground", "处理依据")),
        Column::text(t!(l, "How long", "保存期限")),
        Column::text(t!(l, "Without it", "不提供的影响")),
    ];
    let row = |purpose: &PurposeFacts| {
        let class = purpose.class.facts();
        vec![
            html! { (purpose.title.get(l)) },
            html! { (purpose.says.get(l)) },
            html! { (class.ground.text().get(l)) },
            html! { (how_long(class, retention, l)) },
            html! { (purpose.without.get(l)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = purposes.map(row).collect();
    ui::table(caption.get(l), &columns, &rows)
}

/// Which kinds of data occur in which class, and which are sensitive (DEF-01): a walk over all tables.
pub fn kind_table(register: Register, l: Locale) -> Markup {
    let columns = [
        Column::text(t!(l, "Kind", "类型")),
        Column::text(t!(l, "Here that is", "具体内容")),
        Column::text(t!(l, "Stored with", "所在信息类别")),
        Column::text(t!(l, "Sensitive", "是否敏感")),
    ];
    let row = |kind: DataKind| {
        let classes = CLASSES.iter().filter(|facts| register.stores(facts.class, kind));
        let titles: Vec<&str> = classes.map(|facts| facts.title.get(l)).collect();
        vec![
            html! { (kind.text().get(l)) },
            html! { (kind.examples().get(l)) },
            html! { (titles.join(l.pick("; ", "、"))) },
            html! { (if kind.is_sensitive() { l.pick("yes", "是") } else { l.pick("no", "否") }) },
        ]
    };
    let rows = DataKind::PERSONAL.map(row);
    ui::table(&t!(l, "Kinds of personal information", "个人信息的类型"), &columns, &rows)
}

/// Who receives data of which class, in the house and outside; what nobody receives is left out.
pub fn recipient_table(l: Locale) -> Markup {
    let columns =
        [Column::text(t!(l, "Information", "信息")), Column::text(t!(l, "Who receives it", "接收方"))];
    let rows: Vec<Vec<Markup>> = CLASSES
        .iter()
        .filter(|facts| facts.is_personal() && facts.has_recipients())
        .map(|facts| vec![html! { (facts.title.get(l)) }, html! { (facts.recipients.get(l)) }])
        .collect();
    ui::table(&t!(l, "Who receives which information", "各类信息的接收方"), &columns, &rows)
}

/// Kinds that are never collected, in one line (DEF-01).
pub fn never_collected(l: Locale) -> Markup {
    let kinds = NEVER_COLLECTED.map(|kind| kind.get(l));
    html! { (kinds.join(l.pick(", ", "、"))) }
}

/// The grounds on which data may go to another party (SHR-01).
pub fn sharing_grounds(l: Locale) -> Markup {
    list(sharing::Ground::ALL.iter().map(|ground| ground.title()), l)
}

/// The grounds on which deletion may be asked for (RGT-08).
pub fn deletion_grounds(l: Locale) -> Markup {
    list(requests::Ground::ALL.iter().map(|ground| ground.title()), l)
}

/// Why a request may be refused: those to which the law owes no answer (RGT-17), or the others (RGT-16).
pub fn refusal_reasons(owed_none: bool, l: Locale) -> Markup {
    let reasons = Reason::ALL.iter().filter(|reason| reason.owes_no_answer() == owed_none);
    list(reasons.map(|reason| reason.title()), l)
}

fn list(items: impl Iterator<Item = Text>, l: Locale) -> Markup {
    html! { ul { @for item in items { li { (item.get(l)) } } } }
}
