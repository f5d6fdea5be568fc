//! `/admin/alerts`: what was unusual, what is still to be answered in front.

use axum::extract::Path;
use maud::{Markup, html};

use super::records::{ALERTS, AlertRow, Reason};
use super::rules::Pattern;
use crate::front::{self, Page, or_again_at};
use crate::locale::{Locale, Text};
use crate::refusal::{Problem, Refusal};
use crate::staff::Looker;
use crate::store::{Decided, StoreResult};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

const HERE: &str = "/admin/alerts";
const PAGE: usize = 50;
const LONGEST_NOTE: usize = 1000;

/// The routes of the alerts.
pub fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Owner, list),
        get("/admin/alerts/{id}", Who::Owner, show),
        post("/admin/alerts/{id}/answer", Who::Owner, "answers an alert, and logs that", answer),
    ]
}

const SAID: [(&str, Text); 1] = [("answered", Text::new("The alert is answered.", "提醒已处理。"))];

async fn list(visit: Visit) -> Answer {
    let l = visit.locale;
    let below: Option<u64> = front::asked(&visit, "page").parse().ok();
    let view = visit.view()?;
    let open = if below.is_none() { super::open(&view)? } else { Vec::new() };
    let found = super::newest(&view, below, PAGE)?;
    let more = (found.len() == PAGE).then(|| found.last().map(|(number, _)| *number)).flatten();
    let answered: Vec<(u64, AlertRow)> = found.into_iter().filter(|(_, row)| row.answer.is_some()).collect();
    let title = t!(l, "Alerts", "异常提醒");
    let main = html! {
        (front::said(&visit, &SAID))
        (ui::heading(&title, html! { a href="/admin/access-log" { (t!(l, "Access log", "查看记录")) } }))
        p { (t!(
            l,
            "Looks at personal data that are unusual: more than 30 customers within an hour, customers shown whole again and again without an order or a request, looks between midnight and five. An alert is a question, not a verdict.",
            "异常的个人信息查看：一小时内查看超过 30 位客户、无订单或请求而多次查看客户完整信息、零点至五点之间的查看。提醒只是提问，不代表结论。"
        )) }
        @if below.is_none() {
            @if open.is_empty() {
                (ui::empty_state(&t!(l, "There is nothing to answer.", "没有待处理的提醒。"), html! {}))
            } @else { (table_of(&visit, &t!(l, "To be answered", "待处理"), &open)) }
        }
        @if !answered.is_empty() { (table_of(&visit, &t!(l, "Answered", "已处理"), &answered)) }
        (ui::older(l, HERE, more, below.is_some()))
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, HERE, main)?))
}

fn table_of(visit: &Visit, caption: &str, alerts: &[(u64, AlertRow)]) -> Markup {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "What", "情况")),
        Column::text(t!(l, "Who", "员工")),
        Column::text(t!(l, "From", "开始时间")),
        Column::text(t!(l, "How many", "数量")),
        Column::text(t!(l, "Answer", "处理结果")),
    ];
    let row = |(number, row): &(u64, AlertRow)| {
        vec![
            html! { a href={ (HERE) "/" (number) } { (row.pattern.title().get(l)) } },
            html! { (row.name) },
            html! { (row.from.minute(visit.shop.zone())) },
            html! { (how_many(l, row)) },
            html! { (row.answer.as_ref().map_or("–", |answer| answer.reason.title().get(l))) },
        ]
    };
    let rows: Vec<Vec<Markup>> = alerts.iter().map(row).collect();
    ui::table(caption, &columns, &rows)
}

fn how_many(l: Locale, row: &AlertRow) -> String {
    let count = row.count;
    match (row.pattern, count) {
        (Pattern::ManyPeople, _) => t!(l, "{count} customers", "{count} 位客户"),
        (_, 1) => t!(l, "1 look", "1 次"),
        _ => t!(l, "{count} looks", "{count} 次"),
    }
}

fn find(visit: &Visit, id: &str) -> Decided<(u64, AlertRow)> {
    let number: u64 = id.parse().map_err(|_| Refusal::not_found())?;
    let row = visit.view()?.get(&ALERTS, &number)?.ok_or_else(Refusal::not_found)?;
    Ok((number, row))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Answer {
    let (number, row) = find(&visit, &id)?;
    Ok(page(one_page(&visit, number, &row, &Form::default(), &Problems::new())?))
}

const NO_REASON: Text = Text::new("Choose what it was.", "请选择原因。");
const NO_NOTE: Text = Text::new("Write in a few words what you found.", "请简要填写核实情况。");

async fn answer(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let (number, row) = find(&visit, &id)?;
    match try_answer(&visit, number, &form).await {
        Ok(()) => Ok(see(&format!("{HERE}?said=answered"))),
        Err(stop) => or_again_at(&visit, &format!("{HERE}/{number}"), stop, |visit, problems| {
            Ok(one_page(visit, number, &row, &form, problems)?)
        }),
    }
}

async fn try_answer(visit: &Visit, number: u64, form: &Form) -> Decided<()> {
    let by = Looker::of(visit)?;
    let mut problems = Vec::new();
    let chosen = Reason::parse(&form.line("reason", 40, &mut problems));
    if chosen.is_none() && problems.is_empty() {
        problems.push(Problem::new("reason", NO_REASON));
    }
    let before = problems.len();
    let note = form.lines("note", LONGEST_NOTE, &mut problems);
    if note.is_empty() && problems.len() == before {
        problems.push(Problem::new("note", NO_NOTE));
    }
    let Some(reason) = chosen.filter(|_| problems.is_empty()) else {
        return Err(Refusal::invalid(problems).into());
    };
    visit.shop.store.commit(move |plan| super::answer(plan, &by, number, reason, note)).await
}

fn one_page(
    visit: &Visit,
    number: u64,
    row: &AlertRow,
    form: &Form,
    problems: &Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = row.pattern.title().get(l);
    let main = html! {
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Alerts", "异常提醒")), ("", title)]))
        (ui::error_summary(l, problems))
        (ui::heading(title, html! {}))
        (facts(visit, row))
        @if row.answer.is_none() { (asking(visit, number, row, form, problems)?) }
    };
    let page = Page { title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, HERE, main)
}

fn facts(visit: &Visit, row: &AlertRow) -> Markup {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let mut facts = vec![
        (t!(l, "Who", "员工"), html! { (row.name) }),
        (t!(l, "How many", "数量"), html! { (how_many(l, row)) }),
        (t!(l, "First look", "首次查看"), html! { (row.from.minute(zone)) }),
        (t!(l, "Latest look", "最近查看"), html! { (row.last.minute(zone)) }),
    ];
    if let Some(answer) = &row.answer {
        facts.push((
            t!(l, "Answered", "处理人"),
            html! { (answer.by) ", " (answer.at.minute(zone)) @if answer.is_own { " (" (t!(l, "about themselves, as the only owner", "唯一店主，处理本人提醒")) ")" } },
        ));
        facts.push((t!(l, "What it was", "原因"), html! { (answer.reason.title().get(l)) }));
        facts.push((t!(l, "Note", "说明"), html! { (answer.note) }));
    }
    ui::facts(&facts)
}

fn asking(
    visit: &Visit,
    number: u64,
    row: &AlertRow,
    form: &Form,
    problems: &Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let is_own = visit.staff.as_ref().is_some_and(|(member, _)| member.id == row.who);
    if is_own && !super::is_sole_owner(&visit.view()?, row.who)? {
        return Ok(ui::notice(Tone::Warn, html! { p { (super::ABOUT_YOU.get(l)) } }));
    }
    let reasons = Reason::ALL.iter().map(|reason| (reason.id(), reason.title().get(l)));
    Ok(ui::section(
        &t!(l, "Answer", "处理"),
        html! {
            @if is_own {
                (ui::notice(Tone::Warn, html! { p { (t!(
                    l,
                    "This alert is about you. You are the only owner, so you answer it yourself, and the answer says so.",
                    "此提醒与您本人有关。您是唯一的店主，因此由您处理，记录中会注明。"
                )) } }))
            }
            (ui::form(&format!("{HERE}/{number}/answer"), html! {
                (Field::radios("reason", &t!(l, "What it was", "原因")).options(reasons)
                    .value(form.raw("reason")).problems(problems).render())
                (Field::textarea("note", &t!(l, "Note", "说明"))
                    .hint(&t!(l, "Kept with your name in the access log. Name no customers.", "将与您的姓名一并记入查看记录，请勿写客户姓名。"))
                    .value(form.raw("note")).problems(problems).render())
                (ui::primary_button(&t!(l, "Answer the alert", "提交处理结果")))
            }))
        },
    ))
}
