//! Conversations as staff work on them: reports of leaks first, then what falls due first; read after a
//! look was logged.

use axum::extract::Path;
use maud::{Markup, html};

use super::checks;
use super::one::said_in;
use super::pages::needed;
use super::records::{By, ConversationRow, MessageRow};
use super::rules::{self, MOST_TEXT};
use super::shelves::{self, Listed, Shelf};
use crate::accounts;
use crate::front::{self, Page, asked};
use crate::ids::{ConversationId, OrderNumber, SubjectId};
use crate::locale::{Locale, Text};
use crate::orders;
use crate::refusal::{Decided, Kind, Problem, Refusal, Stop};
use crate::staff::{self, Looker};
use crate::store::{Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Checked, Form, Route, Visit, Who, get, page, post, refused, see};

const HERE: &str = "/admin/conversations";
const ON_A_PAGE: usize = 50;
const LOOKED: Text = Text::new("a conversation", "客服会话");
const WHY: &str = "to answer it / 答复会话";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Staff, list),
        get("/admin/conversations/{id}", Who::Staff, show),
        post("/admin/conversations/{id}/open", Who::Staff, "logs a look and shows a conversation", open),
        post("/admin/conversations/{id}/answer", Who::Staff, "answers a conversation", answer),
        post("/admin/conversations/{id}/close", Who::Staff, "closes a conversation", close),
    ]
}

/// What a conversation is called where its subject is not shown: the end of its id.
pub(super) fn name(id: ConversationId) -> String {
    format!("C-{}", data_encoding::HEXUPPER.encode(&id.0[12..]))
}

// ---- The list ----

async fn list(visit: Visit) -> Answer {
    let l = visit.locale;
    // The key of a later page names its shelf.
    let after = data_encoding::HEXLOWER.decode(asked(&visit, "page").as_bytes()).ok();
    let after = after.filter(|key| Shelf::of_key(key).is_some());
    let shelf =
        after.as_deref().and_then(Shelf::of_key).unwrap_or_else(|| Shelf::parse(&asked(&visit, "state")));
    let listed = shelves::on_shelf(&visit.view()?, shelf, after.as_deref(), ON_A_PAGE)?;
    let last = (listed.len() == ON_A_PAGE).then(|| listed.last()).flatten();
    let last = last.map(|listed| data_encoding::HEXLOWER.encode(&listed.key));
    let href = |shelf: Shelf| format!("{HERE}?state={}", shelf.id());
    let tabs: Vec<ui::Tab> = Shelf::ALL
        .iter()
        .map(|shelf| ui::Tab { href: href(*shelf), label: shelf.title().get(l).to_owned(), count: None })
        .collect();
    let title = t!(l, "Conversations", "客服会话");
    let main = html! {
        (ui::heading(&title, html! { (ui::link_button(checks::HERE, &t!(l, "Who is asking?", "核实身份"))) }))
        (ui::tabs(l, &tabs, &href(shelf)))
        @if listed.is_empty() { (ui::empty_state(&t!(l, "There are no conversations here.", "暂无会话。"), html! {})) }
        @else { (table_of(&visit, &listed)) }
        (ui::older(l, HERE, last, after.is_some()))
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, HERE, main)?))
}

fn table_of(visit: &Visit, listed: &[Listed]) -> Markup {
    let (l, zone, now) = (visit.locale, visit.shop.zone(), visit.shop.clock.now());
    let columns = [
        Column::text(t!(l, "Conversation", "会话")),
        Column::text(t!(l, "Last change", "最近更新")),
        Column::text(t!(l, "Due", "答复期限")),
        Column::text(t!(l, "State", "状态")),
    ];
    let row = |Listed { id, row, .. }: &Listed| {
        vec![
            html! { a href={ (HERE) "/" (id) } { (name(*id)) } },
            html! { (row.changed.minute(zone)) },
            html! { (row.due.map_or_else(|| "–".to_owned(), |due| due.day(zone))) },
            badges(l, row, row.is_late(now)),
        ]
    };
    let rows: Vec<Vec<Markup>> = listed.iter().map(row).collect();
    ui::table(
        &t!(l, "Conversations, what is to be done first in front", "会话列表（先处理的在前）"),
        &columns,
        &rows,
    )
}

fn badges(l: Locale, row: &ConversationRow, late: bool) -> Markup {
    let state = match (row.closed, row.due) {
        (Some(_), _) => Shelf::Closed,
        (None, Some(_)) => Shelf::Waiting,
        (None, None) => Shelf::Answered,
    };
    html! {
        (ui::badge(Tone::Neutral, state.title().get(l)))
        @if row.leak { " " (ui::badge(Tone::Bad, &t!(l, "leak", "信息泄露"))) }
        @if late { " " (ui::badge(Tone::Bad, &t!(l, "overdue", "已逾期"))) }
    }
}

// ---- One conversation ----

fn find(visit: &Visit, id: &str) -> Decided<(ConversationId, ConversationRow)> {
    let id = ConversationId::parse(id).ok_or_else(Refusal::not_found)?;
    Ok((id, rules::find_for_staff(&visit.view()?, id)?))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Answer {
    let (id, row) = find(&visit, &id)?;
    let drawn = Drawn { id, row: &row, whole: None, form: &Form::default() };
    Ok(page(one_page(&visit, &drawn, &Problems::new())?))
}

async fn open(visit: Visit, Path(id): Path<String>) -> Answer {
    let (id, _) = find(&visit, &id)?;
    Ok(page(looked_at(&visit, id, &Form::default(), &Problems::new()).await?))
}

/// First the log, then the look.
async fn looked_at(visit: &Visit, id: ConversationId, form: &Form, problems: &Problems) -> Decided<Markup> {
    let visit = Visit { path: format!("{HERE}/{id}"), ..visit.clone() };
    let looker = Looker::of(&visit)?;
    let decide = move |plan: &mut Plan<'_>| {
        let row = rules::find_for_staff(plan, id)?;
        // An order that a visitor names need not be theirs: a look at it would stand with somebody else.
        let order = row.order.as_ref().filter(|_| row.holder.is_some());
        staff::log_look(plan, &looker, LOOKED, row.holder, order, WHY)?;
        Ok((row, rules::messages(plan, id)?))
    };
    let (row, messages) = visit.shop.store.commit(decide).await?;
    let drawn = Drawn { id, row: &row, whole: Some(&messages), form };
    Ok(one_page(&visit, &drawn, problems)?)
}

const NO_ANSWER: Text = Text::new("Write the answer.", "请填写答复内容。");

async fn answer(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let (id, _) = find(&visit, &id)?;
    let clerk = visit.clerk()?.id;
    let mut problems = Vec::new();
    let text = needed(form.lines("answer", MOST_TEXT, &mut problems), "answer", NO_ANSWER, &mut problems);
    let decide = move |plan: &mut Plan<'_>, seen: u64| rules::answer(plan, id, clerk, seen, text);
    carry_out(&visit, id, &form, problems, "answered", decide).await
}

async fn close(visit: Visit, Path(id): Path<String>, Checked(form): Checked) -> Answer {
    let (id, _) = find(&visit, &id)?;
    let decide = move |plan: &mut Plan<'_>, seen: u64| rules::close(plan, id, seen);
    carry_out(&visit, id, &form, Vec::new(), "closed", decide).await
}

/// Carries out an act and tells the person. What was refused is shown again, with what was typed and
/// what is new.
async fn carry_out(
    visit: &Visit,
    id: ConversationId,
    form: &Form,
    mut problems: Vec<Problem>,
    said: &str,
    act: impl FnOnce(&mut Plan<'_>, u64) -> Decided<ConversationRow> + Send + 'static,
) -> Answer {
    // A form without it was drawn for no conversation at all, and is answered as out of date.
    let seen = form.line("seen", 20, &mut problems).parse().unwrap_or(0);
    let outcome = match Refusal::unless_empty(problems) {
        Err(refusal) => Err(refusal.into()),
        Ok(()) => {
            let decide = move |plan: &mut Plan<'_>| {
                let row = act(plan, seen)?;
                Ok(rules::tell(plan, &row)?)
            };
            visit.shop.store.commit(decide).await
        }
    };
    match outcome {
        Ok(()) => {
            visit.shop.outbox_bell.notify_one();
            Ok(see(&format!("{HERE}/{id}?said={said}")))
        }
        Err(Stop::Refused(refusal)) if matches!(refusal.kind, Kind::Invalid | Kind::Conflict) => {
            let problems = front::problems_of(visit, &refusal);
            Ok(refused(&refusal, looked_at(visit, id, form, &problems).await?))
        }
        Err(stop) => Err(stop),
    }
}

const SAID: [(&str, Text); 2] = [
    (
        "answered",
        Text::new(
            "The answer is stored, and the person is told that there is one.",
            "答复已保存，并已通知对方。",
        ),
    ),
    ("closed", Text::new("The conversation is closed.", "会话已关闭。")),
];

/// What a page of one conversation shows.
struct Drawn<'a> {
    id: ConversationId,
    row: &'a ConversationRow,
    /// Its messages, once the look was logged.
    whole: Option<&'a [MessageRow]>,
    form: &'a Form,
}

fn one_page(visit: &Visit, drawn: &Drawn<'_>, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let (id, row) = (drawn.id, drawn.row);
    let here = format!("{HERE}/{id}");
    let name = name(id);
    let title = t!(l, "Conversation {name}", "会话 {name}");
    let late = row.is_late(visit.shop.clock.now());
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Conversations", "客服会话")), ("", &name)]))
        (front::said(visit, &SAID))
        (ui::heading(&title, badges(l, row, late)))
        (facts(visit, drawn)?)
        @match drawn.whole {
            None => {
                (ui::button_form(&format!("{here}/open"), ui::primary_button(&t!(l, "Log the look and read it", "记录并查看会话"))))
            }
            Some(messages) => {
                @for message in messages { (said_in(visit, message, l.pick("The person", "对方"), &author(visit, message)?)) }
                @if row.closed.is_none() { (acts(l, &here, drawn, problems)) }
            }
        }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, HERE, main)
}

fn author(visit: &Visit, message: &MessageRow) -> StoreResult<String> {
    let l = visit.locale;
    let By::Staff(clerk) = message.by else { return Ok(String::new()) };
    let member = staff::find(&visit.view()?, clerk)?;
    Ok(member.map_or_else(|| t!(l, "staff", "店员"), |member| member.name))
}

fn facts(visit: &Visit, drawn: &Drawn<'_>) -> StoreResult<Markup> {
    let (l, zone, row) = (visit.locale, visit.shop.zone(), drawn.row);
    let known = match row.holder {
        Some(_) => t!(l, "signed in", "已登录账号"),
        None => t!(l, "by a code to their contact", "已通过联系方式验证"),
    };
    let mut facts = vec![
        (t!(l, "Begun", "发起时间"), html! { (row.begun.minute(zone)) }),
        (t!(l, "Identity", "身份核实"), html! { (known) }),
    ];
    if let Some(due) = row.due {
        facts.push((t!(l, "Answer due", "答复期限"), html! { (due.day(zone)) }));
    }
    if let Some(closed) = row.closed {
        facts.push((t!(l, "Closed", "关闭时间"), html! { (closed.minute(zone)) }));
    }
    if drawn.whole.is_some() {
        facts.push((t!(l, "Subject", "主题"), html! { (row.title) }));
        facts.extend(row.contact.iter().map(|contact| (t!(l, "Contact", "联系方式"), html! { (contact) })));
        if let Some(subject) = row.holder {
            facts.push((t!(l, "Customer", "客户"), customer(visit, subject)?));
        }
        if let Some(order) = &row.order {
            facts.push((t!(l, "Order", "订单"), order_links(visit, row.holder, order)?));
        }
    }
    Ok(ui::facts(&facts))
}

fn customer(visit: &Visit, subject: SubjectId) -> StoreResult<Markup> {
    let l = visit.locale;
    let frozen = accounts::frozen_since(&visit.view()?, subject)?.is_some();
    Ok(html! {
        a href={ "/admin/customers/" (subject) } { (t!(l, "the account", "账号")) }
        @if frozen { " " (ui::badge(Tone::Warn, &t!(l, "frozen", "已冻结"))) }
    })
}

/// The order, and, where it is the person's own and not shipped, the form that changes where it goes.
fn order_links(visit: &Visit, holder: Option<SubjectId>, number: &OrderNumber) -> StoreResult<Markup> {
    let l = visit.locale;
    let order = orders::find(&visit.view()?, number)?;
    let own = order.as_ref().and_then(|order| order.consignee.as_ref()).map(|consignee| consignee.subject);
    let is_open = order.is_some_and(|order| orders::can_be_redirected(&order));
    let theirs = holder.is_some() && own == holder;
    Ok(html! {
        a href={ "/admin/orders/" (number) } { (number) }
        @if theirs && is_open {
            " " a href={ "/admin/orders/" (number) "/delivery" } { (t!(l, "Change its delivery", "变更收货信息")) }
        }
        @if !theirs {
            p.note { (t!(l, "It is not known yet that this order is theirs.", "尚未核实该订单是否属于对方。")) " "
                a href=(checks::HERE) { (t!(l, "Compare what they say", "核对对方所述")) } }
        }
    })
}

fn acts(l: Locale, here: &str, drawn: &Drawn<'_>, problems: &Problems) -> Markup {
    let seen = drawn.row.messages.to_string();
    let seen = Field::hidden("seen", &seen).render();
    html! {
        (ui::section(&t!(l, "Answer", "答复"), ui::form(&format!("{here}/answer"), html! {
            (seen)
            (Field::textarea("answer", &t!(l, "Answer", "答复内容")).label_hidden().rows(6)
                .value(drawn.form.raw("answer")).problems(problems).render())
            (ui::primary_button(&t!(l, "Send the answer", "发送答复")))
        })))
        (ui::form(&format!("{here}/close"), html! {
            (seen)
            (ui::secondary_button(&t!(l, "Close the conversation", "关闭会话")))
        }))
    }
}
