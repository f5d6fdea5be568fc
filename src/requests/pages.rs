//! Requests as signed-in customers make them, and what all pages about requests share.

use maud::{Markup, html};

use super::fees;
use super::records::{FeeRow, Ground, Kind, RequestRow, State};
use super::rules::{self, End};
use super::stranger;
use crate::front::{self, Page, or_again, or_again_at};
use crate::locale::{Locale, Text};
use crate::refusal::{Problem, Refusal};
use crate::store::{Decided, Plan};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

const OWN: &str = "/account/privacy/requests";
const OWN_FEE: &str = "/account/privacy/requests/fee";
/// The choice of whoever makes no new request.
pub(super) const EARLIER: &str = "earlier";
const MOST_DETAILS: usize = 4000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(OWN, Who::Customer, show_own),
        post(OWN, Who::Customer, "makes a request about one's data", make_own),
        post(OWN_FEE, Who::Customer, "accepts or declines the fee for a request", answer_own_fee),
        post("/account/privacy/requests/withdraw", Who::Customer, "takes a request back", withdraw),
    ]
}

/// What was typed of a request.
pub(super) struct Typed {
    pub kind: Option<Kind>,
    pub ground: Option<Ground>,
    pub details: String,
}

const NO_KIND: Text = Text::new("Choose what you ask for.", "请选择请求类型。");
const NO_GROUND: Text = Text::new("Choose why it is to be deleted.", "请选择删除的理由。");

/// Reads kind, ground and details; `may_look` allows the choice that makes no new request.
pub(super) fn read(form: &Form, may_look: bool, problems: &mut Vec<Problem>) -> Typed {
    let chosen = form.line("kind", 40, problems);
    let kind = Kind::parse(&chosen);
    if kind.is_none() && !(may_look && chosen == EARLIER) && problems.is_empty() {
        problems.push(Problem::new("kind", NO_KIND));
    }
    let before = problems.len();
    let ground = form.line("ground", 40, problems);
    let ground = Ground::parse(&ground).filter(|_| kind == Some(Kind::Delete));
    if kind == Some(Kind::Delete) && ground.is_none() && problems.len() == before {
        problems.push(Problem::new("ground", NO_GROUND));
    }
    Typed { kind, ground, details: form.lines("details", MOST_DETAILS, problems) }
}

async fn show_own(visit: Visit) -> Answer {
    Ok(page(own_page(&visit, &Form::default(), &Problems::new())?))
}

async fn make_own(visit: Visit, form: Form) -> Answer {
    match try_make_own(&visit, &form).await {
        Ok(()) => Ok(see(&format!("{OWN}?said=made"))),
        Err(stop) => or_again(&visit, stop, |visit, problems| own_page(visit, &form, problems)),
    }
}

async fn try_make_own(visit: &Visit, form: &Form) -> Decided<()> {
    let subject = visit.subject()?;
    let mut problems = Vec::new();
    let typed = read(form, false, &mut problems);
    Refusal::unless_empty(problems)?;
    let kind = typed.kind.ok_or_else(Refusal::not_found)?;
    let number = rules::number(&*visit.shop.random);
    let (language, zone) = (visit.locale, visit.shop.zone().clone());
    let decide = move |plan: &mut Plan<'_>| {
        // Who is signed in is known: the clock begins at once.
        let row = RequestRow {
            ground: typed.ground,
            details: typed.details,
            subject: Some(subject),
            ..rules::opened(kind, subject, language, plan.now, plan.now, &zone)
        };
        rules::make(plan, &number, &row)
    };
    visit.shop.store.commit(decide).await
}

async fn withdraw(visit: Visit, form: Form) -> Answer {
    let subject = visit.subject()?;
    let mut problems = Vec::new();
    let number = form.line("number", 40, &mut problems);
    let taken = visit.shop.store.commit(move |plan| {
        Refusal::unless_empty(problems)?;
        if !rules::of_asker(plan, subject)?.iter().any(|(known, _)| *known == number) {
            return Err(Refusal::not_found().into());
        }
        rules::close(plan, &number, End { state: State::Withdrawn, reason: None, answer: String::new() })
    });
    match taken.await {
        Ok(()) => Ok(see(&format!("{OWN}?said=withdrawn"))),
        Err(stop) => {
            or_again_at(&visit, OWN, stop, |visit, problems| own_page(visit, &Form::default(), problems))
        }
    }
}

/// Which request is meant, and whether its fee is accepted.
pub(super) fn read_fee_answer(form: &Form) -> Decided<(String, bool)> {
    let mut problems = Vec::new();
    let number = form.line("number", 40, &mut problems);
    let answer = form.line("answer", 10, &mut problems);
    if !matches!(answer.as_str(), "accept" | "decline") && problems.is_empty() {
        problems.push(Problem::new("answer", Text::new("Accept or decline.", "请选择同意或拒绝。")));
    }
    Refusal::unless_empty(problems)?;
    Ok((number, answer == "accept"))
}

async fn answer_own_fee(visit: Visit, form: Form) -> Answer {
    match try_answer_own_fee(&visit, &form).await {
        Ok(()) => Ok(see(&format!("{OWN}?said=fee"))),
        Err(stop) => {
            or_again_at(&visit, OWN, stop, |visit, problems| own_page(visit, &Form::default(), problems))
        }
    }
}

async fn try_answer_own_fee(visit: &Visit, form: &Form) -> Decided<()> {
    let (subject, (number, accepted)) = (visit.subject()?, read_fee_answer(form)?);
    visit.shop.store.commit(move |plan| fees::answer_fee(plan, &number, subject, accepted)).await
}

const SAID: [(&str, Text); 3] = [
    ("fee", Text::new("Your word is noted.", "已记录您的答复。")),
    (
        "made",
        Text::new(
            "Your request has come in. We write to you once it is answered.",
            "请求已提交，答复后会通知您。",
        ),
    ),
    ("withdrawn", Text::new("Your request is withdrawn.", "请求已撤回。")),
];

fn own_page(visit: &Visit, form: &Form, problems: &Problems) -> Decided<Markup> {
    let l = visit.locale;
    let mut own = rules::of_asker(&visit.view()?, visit.subject()?)?;
    own.reverse();
    let title = t!(l, "Requests about your data", "个人信息权利请求");
    let main = html! {
        (ui::error_summary(l, problems))
        (front::said(visit, &SAID))
        (ui::heading(&title, html! {}))
        (promise(l))
        (ui::form(OWN, html! {
            (fields(l, form, false, problems))
            (ui::primary_button(&t!(l, "Send the request", "提交请求")))
        }))
        @for (number, row) in &own { (entry(visit, number, row, true)) }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::account_page(visit, &page, "/account/privacy", main)?)
}

pub(super) fn promise(l: Locale) -> Markup {
    html! {
        p { (t!(l, "We answer within 30 days once we know who you are, and questions within 10. It costs nothing. Only from the fourth request of one kind within twelve months on may we propose a fee, and you decide before anything is charged.",
            "核实身份后，我们在 30 天内答复，咨询在 10 天内答复，不收取费用。仅当您在十二个月内第四次提出同类请求时，我们才可能提出收费，收取前须经您同意。")) }
    }
}

pub(super) fn fields(l: Locale, form: &Form, may_look: bool, problems: &Problems) -> Markup {
    let kind = t!(l, "What you ask for", "请求类型");
    let kinds = Kind::ALL.iter().map(|kind| (kind.id(), kind.title().get(l)));
    let earlier = may_look.then(|| (EARLIER, t!(l, "See how my earlier requests stand", "查看我此前的请求")));
    let ground = t!(l, "Why, if it is to be deleted", "删除的理由（仅删除请求）");
    let none = std::iter::once(("", l.pick("–", "–")));
    let grounds = none.chain(Ground::ALL.iter().map(|ground| (ground.id(), ground.title().get(l))));
    html! {
        (Field::select("kind", &kind).options(kinds).options(earlier).value(form.raw("kind")).problems(problems).render())
        (Field::select("ground", &ground).options(grounds).value(form.raw("ground")).problems(problems).render())
        (Field::textarea("details", &t!(l, "Details", "详细说明")).optional(l).rows(5)
            .value(form.raw("details")).problems(problems).render())
    }
}

pub(super) fn entry(visit: &Visit, number: &str, row: &RequestRow, own: bool) -> Markup {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let due = row.due.day(zone);
    ui::entry(
        html! { h2 { (number) } span.note { (row.received.minute(zone)) } (ui::badge(Tone::Neutral, row.state.title().get(l))) },
        html! {
            p { (row.kind.title().get(l)) }
            @if row.state == State::Open { p { (t!(l, "Answered by {due} at the latest.", "最迟 {due} 答复。")) } }
            @if let Some(fee) = &row.fee { (fee_text(l, fee)) }
            @if let Some(reason) = row.reason { p { (t!(l, "Why it was refused: ", "拒绝理由：")) (reason.title().get(l)) } }
            @if !row.answer.is_empty() { p { (row.answer) } }
            @if matches!(row.state, State::Done | State::Refused) { (where_to_complain(l)) }
            (steps(visit, row))
        },
        html! {
            @if row.awaits_word() { (fee_forms(l, number, if own { OWN_FEE } else { stranger::FEE })) }
            @if own && row.state == State::Open {
                (ui::form("/account/privacy/requests/withdraw", html! {
                    (Field::hidden("number", number).render())
                    (ui::quiet_button(&t!(l, "Withdraw the request", "撤回请求")))
                }))
            }
        },
    )
}

/// What happened to a request, the newest first.
pub(super) fn steps(visit: &Visit, row: &RequestRow) -> Markup {
    let drawn = row
        .steps
        .iter()
        .rev()
        .map(|step| (step.at.minute(visit.shop.zone()), html! { (step.step.title().get(visit.locale)) }));
    ui::timeline(&drawn.collect::<Vec<_>>())
}

/// What is proposed, and what it means (RGT-15).
pub(super) fn fee_text(l: Locale, fee: &FeeRow) -> Markup {
    let amount = fee.amount.text(l);
    let word = match fee.accepted {
        None => t!(
            l,
            "Nothing is charged or refused before you have decided. The time to answer runs on. If you accept, the shop agrees with you how it is paid, outside the checkout.",
            "在您决定之前，不会收费，也不会因此拒绝。答复期限不因此延长。如您同意，店铺将与您另行商定支付方式，不经过结算页面。"
        ),
        Some(true) => t!(
            l,
            "Accepted. How it is paid is agreed outside the checkout.",
            "已同意。支付方式另行商定，不经过结算页面。"
        ),
        Some(false) => t!(l, "Declined: nothing is charged.", "已拒绝：不收取费用。"),
    };
    html! {
        p { (t!(l, "Fee proposed: {amount}", "提议收费：{amount}")) }
        p { (fee.why) }
        p.note { (word) }
    }
}

fn fee_forms(l: Locale, number: &str, action: &str) -> Markup {
    let one = |answer: &str, button: Markup| {
        ui::form(
            action,
            html! {
                (Field::hidden("number", number).render())
                (Field::hidden("answer", answer).render())
                (button)
            },
        )
    };
    html! {
        (one("accept", ui::secondary_button(&t!(l, "Accept the fee", "同意收费"))))
        (one("decline", ui::secondary_button(&t!(l, "Decline the fee", "拒绝收费"))))
    }
}

/// Stands below every answer (CON-03).
pub fn where_to_complain(l: Locale) -> Markup {
    html! {
        p.note { (t!(l, "If you do not agree, you can complain to the authorities for cyberspace administration, telecommunications, public security or market regulation.",
            "如有异议，可向网信、电信、公安或市场监管部门投诉举报。")) }
    }
}
