//! One conversation as its person sees it.

use axum::extract::Path;
use maud::{Markup, html};

use super::pages::{HERE, SAID, framed, message_field, read_text, state, whose};
use super::records::{By, ConversationRow, MessageRow};
use super::rules::{self, Whose};
use crate::front::{self, or_again};
use crate::ids::ConversationId;
use crate::refusal::{Decided, Refusal};
use crate::requests::where_to_complain;
use crate::store::StoreResult;
use crate::t;
use crate::web::ui::{self, Problems};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/support/{id}", Who::Anyone, show_one),
        post("/support/{id}", Who::Anyone, "writes in one's conversation", add),
        post("/support/{id}/close", Who::Anyone, "closes one's conversation", close),
    ]
}

/// The conversation of this address, if it is the asker's own; else it is as absent as any.
async fn own_one(visit: &Visit, id: &str) -> Decided<(Whose, ConversationId, ConversationRow)> {
    let id = ConversationId::parse(id).ok_or_else(Refusal::not_found)?;
    let whose = whose(visit).await?.ok_or_else(Refusal::not_found)?;
    let row = rules::find_own(&visit.view()?, &whose, id)?;
    Ok((whose, id, row))
}

async fn show_one(visit: Visit, Path(id): Path<String>) -> Answer {
    let (whose, id, row) = own_one(&visit, &id).await?;
    Ok(page(one_page(&visit, &whose, id, &row, &Form::default(), &Problems::new())?))
}

async fn add(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let (whose, id, row) = own_one(&visit, &id).await?;
    match try_add(&visit, &whose, id, &form).await {
        Ok(()) => Ok(see(&format!("{HERE}/{id}?said=added"))),
        Err(stop) => {
            or_again(&visit, stop, |visit, problems| Ok(one_page(visit, &whose, id, &row, &form, problems)?))
        }
    }
}

async fn try_add(visit: &Visit, whose: &Whose, id: ConversationId, form: &Form) -> Decided<()> {
    let mut problems = Vec::new();
    let text = read_text(form, &mut problems);
    Refusal::unless_empty(problems)?;
    let (whose, zone) = (whose.clone(), visit.shop.zone().clone());
    visit.shop.store.commit(move |plan| rules::write(plan, &whose, id, text, &zone)).await
}

async fn close(visit: Visit, Path(id): Path<String>) -> Answer {
    let (whose, id, _) = own_one(&visit, &id).await?;
    visit.shop.store.commit(move |plan| rules::close_own(plan, &whose, id)).await?;
    Ok(see(&format!("{HERE}/{id}?said=closed")))
}

fn one_page(
    visit: &Visit,
    whose: &Whose,
    id: ConversationId,
    row: &ConversationRow,
    form: &Form,
    problems: &Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let here = format!("{HERE}/{id}");
    let all = rules::messages(&visit.view()?, id)?;
    let answered = all.iter().any(|message| message.by != By::Person);
    let back = t!(l, "Ask us", "在线客服");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[(HERE, &back), ("", &row.title)]))
        (front::said(visit, &SAID))
        (ui::heading(&row.title, state(l, row)))
        (about(visit, whose, row))
        @for message in &all { (said_in(visit, message, l.pick("You", "您"), l.pick("The shop", "客服"))) }
        (ui::section(&t!(l, "Write", "继续留言"), ui::form(&here, html! {
            @if row.closed.is_some() {
                p { (t!(l, "The conversation is closed. If you write, it is opened again.", "会话已关闭，留言后将重新打开。")) }
            }
            (message_field(l, &t!(l, "Message", "内容"), form, problems))
            (ui::primary_button(&t!(l, "Send", "发送")))
        })))
        @if row.closed.is_none() {
            (ui::button_form(&format!("{here}/close"), ui::quiet_button(&t!(l, "Close the conversation", "关闭会话"))))
        }
        (kept(visit))
        @if answered { (where_to_complain(l)) }
    };
    framed(visit, whose, &row.title, problems, main)
}

fn about(visit: &Visit, whose: &Whose, row: &ConversationRow) -> Markup {
    let l = visit.locale;
    let due = row.due.map(|due| due.day(visit.shop.zone()));
    html! {
        @if let Some(order) = &row.order {
            p {
                (t!(l, "About order ", "相关订单："))
                @if matches!(whose, Whose::Account(_)) { a href={ "/account/orders/" (order) } { (order) } }
                @else { (order) }
            }
        }
        @if let Some(due) = due { p { (t!(l, "We answer by {due}.", "我们将在 {due} 前答复。")) } }
    }
}

/// How long it is kept (COL-18).
fn kept(visit: &Visit) -> Markup {
    let l = visit.locale;
    let period = visit.shop.config().retention.conversation.text(l);
    html! { p.note { (t!(l, "What is written here is kept for {period} after the conversation was closed, and then erased.",
    "会话内容在会话关闭后保存 {period}，之后删除。")) } }
}

/// One message, as it was typed.
pub(super) fn said_in(visit: &Visit, message: &MessageRow, person: &str, shop: &str) -> Markup {
    let who = if message.by == By::Person { person } else { shop };
    ui::entry(
        html! { strong { (who) } span.note { (message.at.minute(visit.shop.zone())) } },
        html! {
            p { @for (number, line) in message.text.lines().enumerate() { @if number > 0 { br; } (line) } }
        },
        html! {},
    )
}
