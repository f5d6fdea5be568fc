//! Requests as staff work on them: what falls due first in front, opened after a look was logged.

use axum::extract::Path;
use maud::{Markup, html};

use super::records::{Kind, REQUESTS, Reason, RequestRow, State};
use super::rules::{self, End};
use super::{fees, pages};
use crate::front::{self, Page, asked, or_again_at};
use crate::locale::Text;
use crate::money::Money;
use crate::refusal::{Decided, Problem, Refusal};
use crate::staff;
use crate::store::StoreResult;
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

const HERE: &str = "/admin/requests";
const PAGE: usize = 50;
/// What is looked at, as the access log says it.
pub const LOOKED: Text = Text::new("a request about personal data", "个人信息权利请求");
const WHY: &str = "to answer it / 处理请求";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Staff, list),
        get("/admin/requests/{id}", Who::Staff, show),
        post("/admin/requests/{id}/open", Who::Staff, "logs a look and shows a request", open),
        post(
            "/admin/requests/{id}/devices",
            Who::Staff,
            "deletes the device records of who asked",
            forget_devices,
        ),
        post("/admin/requests/{id}/fee", Who::Staff, "proposes a fee for a request", propose_fee),
        post("/admin/requests/{id}/answer", Who::Staff, "answers a request", answer),
        post("/admin/requests/{id}/refuse", Who::Staff, "refuses a request", refuse),
    ]
}

async fn list(visit: Visit) -> Answer {
    let l = visit.locale;
    let closed = asked(&visit, "state") == "closed";
    let (now, zone) = (visit.shop.clock.now(), visit.shop.zone());
    let view = visit.view()?;
    let before = Some(asked(&visit, "page")).filter(|before| !before.is_empty());
    let shown = if closed { rules::closed(&view, before.as_deref(), PAGE)? } else { rules::open(&view)? };
    let more =
        (closed && shown.len() == PAGE).then(|| shown.last().map(|(number, _)| number.clone())).flatten();
    let columns = [
        Column::text(t!(l, "Number", "编号")),
        Column::text(t!(l, "What is asked", "请求类型")),
        Column::text(t!(l, "Due", "期限")),
        Column::text(t!(l, "State", "状态")),
    ];
    let rows: Vec<Vec<Markup>> = shown
        .iter()
        .map(|(number, row)| {
            vec![
                html! { a href={ (HERE) "/" (number) } { (number) } },
                html! { (row.kind.title().get(l)) },
                html! { (row.due.day(zone)) @if row.is_late(now) { " " (ui::badge(Tone::Bad, &t!(l, "overdue", "已逾期"))) } },
                html! { (row.state.title().get(l)) @if row.awaits_word() { " (" (t!(l, "fee proposed", "已提出收费")) ")" } },
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
        @else if closed { (ui::table(&t!(l, "Requests, what was closed last in front", "请求列表（最近办结在前）"), &columns, &rows)) }
        @else { (ui::table(&t!(l, "Requests, what falls due first in front", "请求列表（按期限排序）"), &columns, &rows)) }
        @if let Some(last) = more {
            p { a.button rel="next" href={ (HERE) "?state=closed&page=" (last) } { (t!(l, "Older", "更早")) } }
        }
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
async fn open(mut visit: Visit, Path(number): Path<String>) -> Answer {
    let row = find(&visit, &number)?;
    visit.path = format!("{HERE}/{number}");
    let (looker, whose, order) = (staff::Looker::of(&visit)?, row.subject, row.order.clone());
    let named = number.clone();
    let log = visit.shop.store.commit(move |plan| {
        rules::note_opened(plan, &named)?;
        Ok(staff::log_look(plan, &looker, LOOKED, whose, order.as_ref(), WHY)?)
    });
    log.await?;
    let row = find(&visit, &number)?;
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

async fn forget_devices(visit: Visit, Path(number): Path<String>) -> Answer {
    find(&visit, &number)?;
    let there = format!("{HERE}/{number}");
    visit.shop.store.commit(move |plan| rules::forget_devices(plan, &number)).await?;
    Ok(see(&there))
}

const NO_AMOUNT: Text = Text::new("Enter an amount above zero.", "请输入大于零的金额。");
const NO_WHY: Text = Text::new("Say why it costs.", "请说明收费理由。");

async fn propose_fee(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let row = find(&visit, &number)?;
    let there = format!("{HERE}/{number}");
    match try_propose_fee(&visit, &number, &form).await {
        Ok(()) => {
            visit.shop.outbox_bell.notify_one();
            Ok(see(&there))
        }
        Err(stop) => or_again_at(&visit, &there, stop, |visit, problems| {
            Ok(one_page(visit, &number, &row, false, &form, problems)?)
        }),
    }
}

async fn try_propose_fee(visit: &Visit, number: &str, form: &Form) -> Decided<()> {
    let mut problems = Vec::new();
    let amount = form.line("amount", 20, &mut problems);
    let amount = Money::parse(&amount, visit.shop.settings().currency).filter(|amount| !amount.is_zero());
    if amount.is_none() && problems.is_empty() {
        problems.push(Problem::new("amount", NO_AMOUNT));
    }
    let before = problems.len();
    let why = form.lines("why", 1000, &mut problems);
    if why.is_empty() && problems.len() == before {
        problems.push(Problem::new("why", NO_WHY));
    }
    let Some(amount) = amount.filter(|_| problems.is_empty()) else {
        return Err(Refusal::invalid(problems).into());
    };
    let (number, zone) = (number.to_owned(), visit.shop.zone().clone());
    visit.shop.store.commit(move |plan| fees::propose_fee(plan, &number, amount, why, &zone)).await
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
        (ui::section(&t!(l, "What happened", "处理记录"), pages::steps(visit, row)))
        @if row.state == State::Open {
            @if row.kind == Kind::AnonymiseDevice && row.subject.is_some() { (devices_part(visit, &here)) }
            @if fees::may_cost(&visit.view()?, number, row, visit.shop.zone())? { (fee_part(visit, &here, form, problems)) }
            (actions(visit, &here, form, problems))
        }
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
    if let Some(fee) = &row.fee {
        let word = match fee.accepted {
            None => t!(l, "not answered yet", "尚未答复"),
            Some(true) => t!(
                l,
                "accepted; to be agreed with the person outside the checkout",
                "已同意；须与对方另行商定支付方式"
            ),
            Some(false) => t!(l, "declined", "已拒绝"),
        };
        facts.push((t!(l, "Fee", "收费"), html! { (fee.amount.text(l)) ", " (word) }));
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

fn devices_part(visit: &Visit, here: &str) -> Markup {
    let l = visit.locale;
    ui::section(
        &t!(l, "Device records", "设备记录"),
        html! {
            p { (t!(l, "Deletes what is kept of this person's devices at once. Afterwards answer the request.", "立即删除此人的设备记录，之后请答复该请求。")) }
            (ui::button_form(&format!("{here}/devices"), ui::danger_button(&t!(l, "Delete the device records", "删除设备记录"))))
        },
    )
}

/// From the fourth request of a kind within twelve months on (RGT-15).
fn fee_part(visit: &Visit, here: &str, form: &Form, problems: &Problems) -> Markup {
    let l = visit.locale;
    let currency = visit.shop.settings().currency;
    let amount = t!(l, "Amount ({})", "金额（{}）", currency.code());
    ui::section(
        &t!(l, "Propose a fee", "提出收费"),
        html! {
            p { (t!(l, "This is at least the fourth request of its kind within twelve months. The person accepts or declines before anything is charged or refused. The time to answer runs on, and how it is paid is agreed outside the checkout.",
                "此人十二个月内已至少四次提出同类请求。收费或以此拒绝之前须由对方同意或拒绝。答复期限不因此延长，支付方式另行商定，不经过结算页面。")) }
            (ui::form(&format!("{here}/fee"), html! {
                (Field::text("amount", &amount).inputmode("decimal").value(form.raw("amount")).problems(problems).render())
                (Field::textarea("why", &t!(l, "Why it costs", "收费理由")).value(form.raw("why")).problems(problems).render())
                (ui::secondary_button(&t!(l, "Propose the fee", "提出收费")))
            }))
        },
    )
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
