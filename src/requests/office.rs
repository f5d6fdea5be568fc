//! Requests as staff work on them: what falls due first in front, opened after a look was logged.

use axum::extract::Path;
use maud::{Markup, html};

use super::records::{REQUESTS, Reason, RequestRow, State};
use super::rules::{self, End};
use crate::front::{self, Page, asked, or_again_at};
use crate::locale::Text;
use crate::refusal::{Decided, Problem, Refusal};
use crate::staff;
use crate::store::StoreResult;
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

const HERE: &str = "/admin/requests";
const LOOKED: Text = Text::new("a request about personal data", "个人信息权利请求");
const WHY: &str = "to answer it / 处理请求";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Staff, list),
        get("/admin/requests/{id}", Who::Staff, show),
        post("/admin/requests/{id}/open", Who::Staff, "logs a look and shows a request", open),
        post("/admin/requests/{id}/answer", Who::Staff, "answers a request", answer),
        post("/admin/requests/{id}/refuse", Who::Staff, "refuses a request", refuse),
    ]
}

async fn list(visit: Visit) -> Answer {
    let l = visit.locale;
    let closed = asked(&visit, "state") == "closed";
    let (now, zone) = (visit.shop.clock.now(), visit.shop.zone());
    let all = rules::all(&visit.view()?)?;
    let shown = all.iter().filter(|(_, row)| (row.state != State::Open) == closed);
    let columns = [
        Column::text(t!(l, "Number", "编号")),
        Column::text(t!(l, "What is asked", "请求类型")),
        Column::text(t!(l, "Due", "期限")),
        Column::text(t!(l, "State", "状态")),
    ];
    let rows: Vec<Vec<Markup>> = shown
        .map(|(number, row)| {
            vec![
                html! { a href={ (HERE) "/" (number) } { (number) } },
                html! { (row.kind.title().get(l)) },
                html! { (row.due.day(zone)) @if row.is_late(now) { " " (ui::badge(Tone::Bad, &t!(l, "overdue", "已逾期"))) } },
                html! { (row.state.title().get(l)) },
            ]
        })
        .collect();
    let title = t!(l, "Requests", "权利请求");
    let main = html! {
        (ui::heading(&title, html! {
            a href=(HERE) { (t!(l, "Open", "处理中")) } " "
            a href={ (HERE) "?state=closed" } { (t!(l, "Closed", "已办结")) }
        }))
        @if rows.is_empty() { (ui::empty_state(&t!(l, "There are no requests here.", "暂无请求。"), html! {})) }
        @else { (ui::table(&t!(l, "Requests, what falls due first in front", "请求列表（按期限排序）"), &columns, &rows)) }
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, HERE, main)?))
}

fn find(visit: &Visit, number: &str) -> Decided<RequestRow> {
    Ok(visit.view()?.get(&REQUESTS, &number.to_owned())?.ok_or_else(Refusal::not_found)?)
}

async fn show(visit: Visit, Path(number): Path<String>) -> Answer {
    let row = find(&visit, &number)?;
    Ok(page(one_page(&visit, &number, &row, false, &Form::default(), &Problems::new())?))
}

/// First the log, then the look.
async fn open(mut visit: Visit, Path(number): Path<String>, _form: Form) -> Answer {
    let row = find(&visit, &number)?;
    visit.path = format!("{HERE}/{number}");
    let (looker, whose, order) = (staff::Looker::of(&visit)?, row.subject, row.order.clone());
    let log = visit
        .shop
        .store
        .commit(move |plan| Ok(staff::log_look(plan, &looker, LOOKED, whose, order.as_ref(), WHY)?));
    log.await?;
    Ok(page(one_page(&visit, &number, &row, true, &Form::default(), &Problems::new())?))
}

const NO_OUTCOME: Text = Text::new("Write what was done.", "请填写处理结果。");
const NO_REASON: Text = Text::new("Choose a reason.", "请选择拒绝理由。");

async fn answer(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let mut problems = Vec::new();
    let answer = form.lines("outcome", 4000, &mut problems);
    if answer.is_empty() && problems.is_empty() {
        problems.push(Problem::new("outcome", NO_OUTCOME));
    }
    end(&visit, &number, &form, problems, End { state: State::Done, reason: None, answer }).await
}

async fn refuse(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let mut problems = Vec::new();
    let reason = Reason::parse(&form.line("reason", 40, &mut problems));
    if reason.is_none() && problems.is_empty() {
        problems.push(Problem::new("reason", NO_REASON));
    }
    let answer = form.lines("explanation", 4000, &mut problems);
    end(&visit, &number, &form, problems, End { state: State::Refused, reason, answer }).await
}

async fn end(visit: &Visit, number: &str, form: &Form, problems: Vec<Problem>, end: End) -> Answer {
    let row = find(visit, number)?;
    let there = format!("{HERE}/{number}");
    let named = number.to_owned();
    let ended = match Refusal::unless_empty(problems) {
        Ok(()) => visit.shop.store.commit(move |plan| rules::close(plan, &named, end)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match ended {
        Ok(()) => {
            visit.shop.outbox_bell.notify_one();
            Ok(see(&there))
        }
        Err(stop) => or_again_at(visit, &there, stop, |visit, problems| {
            Ok(one_page(visit, number, &row, false, form, problems)?)
        }),
    }
}

fn one_page(
    visit: &Visit,
    number: &str,
    row: &RequestRow,
    whole: bool,
    form: &Form,
    problems: &Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let here = format!("{HERE}/{number}");
    let title = t!(l, "Request {number}", "请求 {number}");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Requests", "权利请求")), ("", number)]))
        (ui::heading(&title, html! { (ui::badge(Tone::Neutral, row.state.title().get(l))) }))
        (facts(visit, row, whole))
        @if !whole {
            (ui::button_form(&format!("{here}/open"), ui::secondary_button(&t!(l, "Log the look and show it whole", "记录并查看完整内容"))))
        }
        @if row.state == State::Open { (actions(visit, &here, form, problems)) }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, HERE, main)
}

fn facts(visit: &Visit, row: &RequestRow, whole: bool) -> Markup {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let known = match row.subject {
        Some(_) => t!(l, "signed in", "已登录账号"),
        None => t!(l, "by a code to their contact", "已通过联系方式验证"),
    };
    let mut facts = vec![
        (t!(l, "What is asked", "请求类型"), html! { (row.kind.title().get(l)) }),
        (t!(l, "Received", "收到时间"), html! { (row.received.minute(zone)) }),
        (t!(l, "Identity verified", "身份核实"), html! { (row.verified.minute(zone)) ", " (known) }),
        (t!(l, "Due", "期限"), html! { (row.due.day(zone)) }),
    ];
    if let Some(ground) = row.ground {
        facts.push((t!(l, "Ground", "理由"), html! { (ground.title().get(l)) }));
    }
    if let Some(closed) = row.closed {
        facts.push((t!(l, "Closed", "办结时间"), html! { (closed.minute(zone)) }));
    }
    if let Some(reason) = row.reason {
        facts.push((t!(l, "Why it was refused", "拒绝理由"), html! { (reason.title().get(l)) }));
    }
    if whole {
        facts.push((t!(l, "Details", "详细说明"), html! { (row.details) }));
        facts.push((t!(l, "Answer", "答复"), html! { (row.answer) }));
        if let Some(order) = &row.order {
            facts.push((t!(l, "Order", "订单"), html! { a href={ "/admin/orders/" (order) } { (order) } }));
        }
        if let Some(contact) = &row.contact {
            facts.push((t!(l, "Contact", "联系方式"), html! { (contact) }));
        }
        if let Some(subject) = &row.subject {
            let href = format!("/admin/customers/{subject}");
            facts.push((
                t!(l, "Customer", "客户"),
                html! { a href=(href) { (t!(l, "the account", "账号")) } },
            ));
        }
    }
    ui::facts(&facts)
}

fn actions(visit: &Visit, here: &str, form: &Form, problems: &Problems) -> Markup {
    let l = visit.locale;
    let reasons = Reason::ALL.iter().map(|reason| (reason.id(), reason.title().get(l)));
    html! {
        (ui::section(&t!(l, "Answer", "答复"), ui::form(&format!("{here}/answer"), html! {
            (Field::textarea("outcome", &t!(l, "What was done", "处理结果")).rows(5)
                .value(form.raw("outcome")).problems(problems).render())
            (ui::primary_button(&t!(l, "Send the answer", "发送答复")))
        })))
        (ui::section(&t!(l, "Refuse", "拒绝"), ui::form(&format!("{here}/refuse"), html! {
            (Field::select("reason", &t!(l, "Reason", "拒绝理由")).options(reasons)
                .value(form.raw("reason")).problems(problems).render())
            (Field::textarea("explanation", &t!(l, "Explanation", "说明")).rows(5)
                .value(form.raw("explanation")).problems(problems).render())
            (ui::danger_button(&t!(l, "Refuse the request", "拒绝该请求")))
        })))
    }
}
