//! The promises in the back office, and the statement on a public page if the owner likes.

use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::{Finding, Verdict, evaluate, night};
use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::front::{self, Page};
use crate::locale::{Locale, Text};
use crate::refusal::Refusal;
use crate::store::{Field, Plan, Record, Table};
use crate::t;
use crate::web::ui::{self, Column, Field as Input, Tone};
use crate::web::{Answer, Checked, Route, Visit, Who, aside, get, page, post, see};

const HOME: &str = "/admin/promises";
const PUBLIC: &str = "/promises";

/// What the owner put on the public page: the findings of a moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublishedRow {
    pub at: Timestamp,
    pub findings: Vec<Finding>,
}

impl Record for PublishedRow {
    const FIELDS: &'static [Field] =
        &[Field::new("at", DataKind::Nothing), Field::new("findings", DataKind::Nothing)];
}

pub const PUBLISHED: Table<(), PublishedRow> = Table::new("promises_published", Class::Public);

pub fn routes() -> Vec<Route> {
    vec![
        get(HOME, Who::Owner, show),
        post("/admin/promises/pass", Who::Owner, "makes the pass over all data now", pass_now),
        post("/admin/promises/publish", Who::Owner, "the statement on the public page", publish),
        get(PUBLIC, Who::Anyone, show_public),
    ]
}

const SAID: [(&str, Text); 3] = [
    ("passed", Text::new("The pass over all data is made.", "全量检查已完成。")),
    ("published", Text::new("The statement stands on the public page.", "声明已公开。")),
    ("hidden", Text::new("The public page is gone.", "已撤下公开页面。")),
];

async fn show(visit: Visit) -> Answer {
    aside(move || {
        let l = visit.locale;
        let found = evaluate(&visit.shop)?;
        let is_public = visit.view()?.get(&PUBLISHED, &())?.is_some();
        let title = t!(l, "Promises", "承诺核查");
        let main = html! {
            (ui::heading(&title, html! {}))
            (front::said(&visit, &SAID))
            p { (summary(l, &found)) " " (t!(l, "The same by 'tuckshop promises'.", "命令行：tuckshop promises。")) }
            (table(l, &found, true))
            (ui::button_form("/admin/promises/pass", ui::secondary_button(&t!(l, "Check all data now", "立即全量检查"))))
            (ui::section(&t!(l, "Public statement", "公开声明"), html! {
                p { (t!(l, "A plain statement with its date, at ", "带日期的简明声明，地址：")) a href=(PUBLIC) { (PUBLIC) } }
                (ui::form("/admin/promises/publish", html! {
                    (Input::hidden("show", "on").render())
                    (ui::secondary_button(&t!(l, "Publish what stands above", "公开以上结果")))
                }))
                @if is_public {
                    (ui::form("/admin/promises/publish", html! {
                        (Input::hidden("show", "off").render())
                        (ui::quiet_button(&t!(l, "Take it down", "撤下")))
                    }))
                }
            }))
        };
        Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, HOME, main)?))
    })
    .await
}

fn summary(l: Locale, found: &[Finding]) -> String {
    let count = |verdict| found.iter().filter(|finding| finding.verdict == verdict).count();
    let (kept, broken, held) = (count(Verdict::Kept), count(Verdict::Broken), count(Verdict::Held));
    t!(
        l,
        "{kept} kept, {broken} broken, {held} held.",
        "已履行 {kept} 项，未履行 {broken} 项，暂缓 {held} 项。"
    )
}

fn table(l: Locale, found: &[Finding], for_staff: bool) -> Markup {
    let mut columns = vec![
        Column::text(t!(l, "Promise", "承诺")),
        Column::text(t!(l, "Verdict", "结果")),
        Column::text(t!(l, "What was found", "核查情况")),
    ];
    if for_staff {
        columns.push(Column::text(t!(l, "Where to look", "查看位置")));
    }
    let row = |finding: &Finding| {
        let verdict = ui::badge(tone(finding.verdict), finding.verdict.title().get(l));
        let promised = html! { (finding.title().get(l)) " " small { (finding.id) } };
        let mut cells = vec![promised, verdict, html! { (finding.text(l)) }];
        if for_staff {
            cells.push(html! {
                @if finding.look.starts_with('/') { a href=(finding.look) { (finding.look) } } @else { code { (finding.look) } }
            });
        }
        cells
    };
    ui::table(&t!(l, "Promises", "承诺核查"), &columns, &found.iter().map(row).collect::<Vec<_>>())
}

const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Kept => Tone::Good,
        Verdict::Broken => Tone::Bad,
        Verdict::Held => Tone::Warn,
        Verdict::NotOffered => Tone::Neutral,
    }
}

async fn pass_now(visit: Visit) -> Answer {
    night::pass(&visit.shop).await?;
    Ok(see("/admin/promises?said=passed"))
}

async fn publish(visit: Visit, Checked(form): Checked) -> Answer {
    if form.raw("show") == "off" {
        visit.shop.store.commit(|plan: &mut Plan<'_>| Ok(plan.delete(&PUBLISHED, &())?)).await?;
        return Ok(see("/admin/promises?said=hidden"));
    }
    let shop = visit.shop.clone();
    let found = tokio::task::spawn_blocking(move || evaluate(&shop)).await;
    let findings = found.unwrap_or(Err(crate::store::StoreError::Closed))?;
    let decide = move |plan: &mut Plan<'_>| {
        let row = PublishedRow { at: plan.now, findings };
        Ok(plan.put(&PUBLISHED, &(), &row)?)
    };
    visit.shop.store.commit(decide).await?;
    Ok(see("/admin/promises?said=published"))
}

async fn show_public(visit: Visit) -> Answer {
    let l = visit.locale;
    let row = visit.view()?.get(&PUBLISHED, &())?.ok_or_else(Refusal::not_found)?;
    let at = row.at.minute(visit.shop.zone());
    let title = t!(l, "How we keep our word", "承诺履行情况");
    let main = html! {
        (ui::heading(&title, html! {}))
        p { (t!(l, "As the shop's program found on {at}, by its own data. ", "本店系统于 {at} 依据实际数据核查。"))
            (summary(l, &row.findings)) " " a href="/privacy" { (t!(l, "The policy", "隐私政策")) } }
        (table(l, &row.findings, false))
    };
    Ok(page(front::shop_page(&visit, &Page { title: &title, ..Page::default() }, main)?))
}
