//! What a person sees of the sharing of their data (SHR-13), and the list of those who are to delete what
//! was deleted here (RGT-09).

use axum::extract::Path;
use maud::{Markup, html};

use super::records::{DeletionRow, SharedRow};
use crate::front::{self, Page};
use crate::locale::Text;
use crate::refusal::{Problem, Refusal};
use crate::store::StoreResult;
use crate::t;
use crate::web::ui::{self, Column, Field, Problems};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

const SHARING: &str = "/account/privacy/sharing";
const DELETIONS: &str = "/admin/sharing/deletions";
const PAGE: usize = 50;
const LONGEST_ANSWER: usize = 500;

/// The routes of this room.
pub fn routes() -> Vec<Route> {
    vec![
        get(SHARING, Who::Customer, sharing),
        get(DELETIONS, Who::Staff, deletions),
        post("/admin/sharing/deletions/{id}/told", Who::Staff, "notes that a recipient was told", told),
        post("/admin/sharing/deletions/{id}/answered", Who::Staff, "notes a recipient's answer", answered),
    ]
}

// ---- For the person ----

async fn sharing(visit: Visit) -> Answer {
    let l = visit.locale;
    let all = super::of_subject(&visit.view()?, visit.subject()?)?;
    let pages = all.len().div_ceil(PAGE).max(1);
    let number = front::asked(&visit, "page").parse().unwrap_or(1).clamp(1, pages);
    let shown: Vec<&SharedRow> = all.iter().skip((number - 1) * PAGE).take(PAGE).collect();
    let title = t!(l, "With whom your data was shared", "您的信息提供给了谁");
    let main = html! {
        (ui::heading(&title, html! {}))
        @if shown.is_empty() {
            (ui::empty_state(&t!(l, "Nothing was shared with anybody.", "尚未向任何人提供您的信息。"), html! {}))
        } @else { (table_of_sharing(&visit, &shown)) }
        (ui::pagination(l, SHARING, number, pages))
        p { a href="/account/privacy/looks" { (t!(l, "Who looked at your data", "谁查看过您的信息")) } }
    };
    Ok(page(front::account_page(
        &visit,
        &Page { title: &title, ..Page::default() },
        "/account/privacy",
        main,
    )?))
}

fn table_of_sharing(visit: &Visit, shared: &[&SharedRow]) -> Markup {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "When", "时间")),
        Column::text(t!(l, "With whom", "接收方")),
        Column::text(t!(l, "What", "信息")),
        Column::text(t!(l, "Why", "目的与依据")),
        Column::text(t!(l, "Reference", "编号")),
    ];
    let row = |entry: &&SharedRow| {
        let fields: Vec<&str> = entry.fields.iter().map(|field| field.title().get(l)).collect();
        vec![
            html! { (entry.at.minute(visit.shop.zone())) },
            html! { (entry.with.text(l)) },
            html! { (fields.join(l.pick(", ", "、"))) },
            html! { (entry.purpose.title().get(l)) " (" (entry.ground.title().get(l)) ")" },
            html! { (entry.reference) },
        ]
    };
    let rows: Vec<Vec<Markup>> = shared.iter().map(row).collect();
    ui::table(&t!(l, "Shared, the newest first", "提供记录（最新在前）"), &columns, &rows)
}

// ---- For staff ----

async fn deletions(visit: Visit) -> Answer {
    Ok(page(deletions_page(&visit, &Problems::new())?))
}

fn deletions_page(visit: &Visit, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let below = front::asked(visit, "page").parse().ok();
    let found = super::deletions(&visit.view()?, below, PAGE)?;
    let more = (found.len() == PAGE).then(|| found.last().map(|(number, _)| *number)).flatten();
    let title = t!(l, "To be told to delete", "待通知删除");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        p { (t!(
            l,
            "Who received data that was deleted here since. Tell them to delete it, by the reference, and note their answer.",
            "以下接收方持有本店已删除的信息。请凭编号通知其删除，并登记答复。"
        )) }
        @if found.is_empty() {
            (ui::empty_state(&t!(l, "Nobody is to be told.", "没有需要通知的接收方。"), html! {}))
        }
        @for (number, row) in &found { (draw_deletion(visit, *number, row)) }
        (ui::older(l, DELETIONS, more, below.is_some()))
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, DELETIONS, main)
}

fn draw_deletion(visit: &Visit, number: u64, row: &DeletionRow) -> Markup {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let mut facts = vec![
        (t!(l, "References", "编号"), html! { (row.references.join(", ")) }),
        (t!(l, "Since", "自"), html! { (row.since.minute(zone)) }),
    ];
    if let Some(told) = row.told {
        facts.push((t!(l, "Told", "已通知"), html! { (told.minute(zone)) }));
    }
    if let Some(answered) = row.answered {
        facts.push((t!(l, "Answered", "已答复"), html! { (answered.minute(zone)) ": " (row.answer) }));
    }
    let id = format!("answer-{number}");
    let acts = html! {
        @if row.told.is_none() {
            (ui::button_form(&format!("{DELETIONS}/{number}/told"),
                ui::primary_button(&t!(l, "They were told", "已通知"))))
        } @else if row.answered.is_none() {
            (ui::form(&format!("{DELETIONS}/{number}/answered"), html! {
                (Field::text("answer", &t!(l, "Their answer", "答复内容")).id(&id).autocomplete("off").render())
                (ui::primary_button(&t!(l, "They answered", "已答复")))
            }))
        }
    };
    ui::entry(html! { h2 { (row.with.text(l)) } }, ui::facts(&facts), acts)
}

fn number_in(id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal::not_found())
}

async fn told(visit: Visit, Path(id): Path<String>) -> Answer {
    let number = number_in(&id)?;
    visit.shop.store.commit(move |plan| super::note_told(plan, number)).await?;
    Ok(see(DELETIONS))
}

const NO_ANSWER: Text = Text::new("Say what they answered.", "请填写答复内容。");

async fn answered(mut visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let number = number_in(&id)?;
    let mut problems = Vec::new();
    let answer = form.line("answer", LONGEST_ANSWER, &mut problems);
    if answer.is_empty() && problems.is_empty() {
        problems.push(Problem::new("answer", NO_ANSWER));
    }
    if let Err(refusal) = Refusal::unless_empty(problems) {
        DELETIONS.clone_into(&mut visit.path);
        let problems = front::problems_of(&visit, &refusal);
        return Ok(refused(&refusal, deletions_page(&visit, &problems)?));
    }
    visit.shop.store.commit(move |plan| super::note_answer(plan, number, answer)).await?;
    Ok(see(DELETIONS))
}
