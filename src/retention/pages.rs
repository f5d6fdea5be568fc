//! What goes when, for the owner: what is due, what waits for a word, legal holds, and what earlier runs
//! came to.

use axum::extract::Path;
use maud::{Markup, html};

use super::holds::{self, Held, HoldRow};
use super::{Counts, RunRow, forecast, last_runs};
use crate::classes::{CLASSES, Class};
use crate::clock::Timestamp;
use crate::front::{self, Page};
use crate::ids::{OrderNumber, SubjectId};
use crate::locale::{Locale, Text};
use crate::refusal::{Problem, Refusal};
use crate::staff;
use crate::store::{Decided, Stop, StoreResult};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, aside, get, page, post, refused, see};

const HOME: &str = "/admin/retention";
const DAY: i64 = 24 * 60 * 60;
/// So many runs are listed.
const RUNS: usize = 20;
/// A hold lasts at most this long, and may be placed anew.
const LONGEST_HOLD: i64 = 10 * 366 * DAY;

pub fn routes() -> Vec<Route> {
    vec![
        get(HOME, Who::Owner, show),
        post("/admin/retention/clock", Who::Owner, "takes a jumped clock as right", confirm_clock),
        post("/admin/retention/runs/{run}/release", Who::Owner, "lets held deletions go", release),
        post("/admin/retention/holds", Who::Owner, "places a legal hold", place),
        post("/admin/retention/holds/{hold}/lift", Who::Owner, "lifts a legal hold", lift),
    ]
}

const SAID: [(&str, Text); 4] = [
    (
        "clock",
        Text::new(
            "The clock is taken as right, and deletions go on.",
            "已确认当前时钟，删除任务将继续执行。",
        ),
    ),
    (
        "released",
        Text::new("The held deletions go with the next run.", "被暂停的删除任务将在下次运行时执行。"),
    ),
    ("held", Text::new("The hold is in force.", "法律保全已生效。")),
    ("lifted", Text::new("The hold is lifted.", "法律保全已解除。")),
];

async fn show(visit: Visit) -> Answer {
    // What is due within a month is counted each time.
    aside(move || Ok(page(written(&visit, &Form::default(), &Problems::new())?))).await
}

async fn confirm_clock(visit: Visit) -> Answer {
    if let Some(jump) = visit.shop.clock.jump() {
        visit.shop.clock.confirm();
        tracing::warn!(says = %jump.says, "the clock was confirmed in the back office");
    }
    Ok(see("/admin/retention?said=clock"))
}

async fn release(visit: Visit, Path(run): Path<String>) -> Answer {
    let run: u64 = run.parse().map_err(|_| Refusal::not_found())?;
    if !visit.shop.store.commit(move |plan| Ok(plan.release_held(run)?)).await? {
        return Err(Refusal::not_found().into());
    }
    tracing::warn!(run, "held deletions were released in the back office");
    Ok(see("/admin/retention?said=released"))
}

// ---- Legal holds ----

const NO_SUCH: Text = Text::new(
    "Enter an order number, or the address of a customer's page.",
    "请输入订单号，或客户页面的地址。",
);
const NO_REASON: Text = Text::new("Say why in a few words.", "请简要说明理由。");
const NO_END: Text = Text::new(
    "Enter a day in the future, within ten years, such as 2027-03-31.",
    "请填写十年内的未来日期，例如 2027-03-31。",
);

async fn place(visit: Visit, form: Form) -> Answer {
    match try_place(&visit, &form).await {
        Ok(()) => Ok(see("/admin/retention?said=held")),
        Err(Stop::Refused(refusal)) => {
            let visit = Visit { path: HOME.to_owned(), ..visit };
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, written(&visit, &form, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn try_place(visit: &Visit, form: &Form) -> Decided<()> {
    let mut problems = Vec::new();
    let what = form.line("what", 254, &mut problems);
    let reason = form.lines("reason", 1000, &mut problems);
    let ends = form.line("ends", 10, &mut problems);
    let held = held_in(&what);
    let ends = Timestamp::end_of_day(&ends, visit.shop.zone());
    if problems.is_empty() {
        let now = visit.shop.clock.now();
        let in_reach = |end: &Timestamp| *end > now && end.seconds_since(now) < LONGEST_HOLD;
        if held.is_none() {
            problems.push(Problem::new("what", NO_SUCH));
        }
        if reason.chars().filter(|c| c.is_alphanumeric()).count() < 5 {
            problems.push(Problem::new("reason", NO_REASON));
        }
        if !ends.as_ref().is_some_and(in_reach) {
            problems.push(Problem::new("ends", NO_END));
        }
    }
    Refusal::unless_empty(problems)?;
    // Without a problem there are both.
    let (what, ends) = held.zip(ends).ok_or_else(Refusal::not_found)?;
    let author = visit.clerk()?.id;
    visit.shop.store.commit(move |plan| holds::place(plan, what, author, reason, ends).map(|_| ())).await
}

/// An order number, or what the address of a customer's page ends with.
fn held_in(text: &str) -> Option<Held> {
    if let Some(number) = OrderNumber::parse(text) {
        return Some(Held::Order(number));
    }
    let id = text.rsplit('/').next().unwrap_or(text);
    SubjectId::parse(id).map(Held::Customer)
}

async fn lift(visit: Visit, Path(hold): Path<String>) -> Answer {
    let hold: u64 = hold.parse().map_err(|_| Refusal::not_found())?;
    visit.shop.store.commit(move |plan| holds::lift(plan, hold)).await?;
    Ok(see("/admin/retention?said=lifted"))
}

// ---- The page ----

fn written(visit: &Visit, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Retention", "保存期限");
    let main = html! {
        (ui::error_summary(l, problems))
        (front::said(visit, &SAID))
        (ui::heading(&title, html! {}))
        (waiting(visit)?)
        (ui::section(&t!(l, "What goes next", "即将删除"), upcoming(visit)?))
        (ui::section(&t!(l, "Legal holds", "法律保全"), holds_part(visit, form, problems)?))
        (ui::section(&t!(l, "Earlier runs", "历史记录"), runs_part(visit, &last_runs(&visit.view()?, RUNS)?)))
    };
    let about = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &about, HOME, main)
}

/// What is not deleted before the owner has said so.
fn waiting(visit: &Visit) -> StoreResult<Markup> {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let jump = visit.shop.clock.jump();
    let held = visit.view()?.held_runs()?;
    Ok(html! {
        @if let Some(jump) = jump {
            @let (says, good) = (jump.says.minute(zone), jump.good.minute(zone));
            (ui::notice(Tone::Bad, html! {
                p { (t!(l, "The clock jumped: it says {says}, and {good} was expected. Nothing is deleted until you confirm it.",
                        "时钟发生跳变：当前显示 {says}，预期为 {good}。在您确认之前不会删除任何数据。")) }
                (ui::button_form("/admin/retention/clock", ui::secondary_button(&t!(l, "The clock is right", "当前时钟正确"))))
            }))
        }
        @for (run, row) in &held {
            @let (wanted, since) = (row.wanted, row.since.minute(zone));
            @let class = Class::from_code(row.class).map_or(String::new(), |class| class.facts().title.get(l).to_owned());
            (ui::notice(Tone::Bad, html! {
                p { (t!(l, "{class}: {wanted} were to be deleted, more than could be foreseen. They wait for your word since {since}.",
                        "{class}：待删除 {wanted} 条，超出预期，自 {since} 起等待您的确认。")) }
                (ui::button_form(
                    &format!("{HOME}/runs/{run}/release"),
                    ui::danger_button(&t!(l, "Let {wanted} go", "确认删除 {wanted} 条")),
                ))
            }))
        }
    })
}

fn upcoming(visit: &Visit) -> StoreResult<Markup> {
    let l = visit.locale;
    let now = visit.shop.clock.now();
    let mut spans = Vec::new();
    for days in [0, 1, 7, 30] {
        spans.push(forecast(&visit.shop, now.plus_seconds(days * DAY))?);
    }
    let columns = [
        Column::text(t!(l, "Class", "信息类别")),
        Column::number(t!(l, "Due now", "已到期")),
        Column::number(t!(l, "Within a day", "一天内")),
        Column::number(t!(l, "Within a week", "一周内")),
        Column::number(t!(l, "Within 30 days", "30 天内")),
    ];
    let count = |counts: &Counts, id: &str| counts.get(id).copied().unwrap_or(0);
    let rows: Vec<Vec<Markup>> = CLASSES
        .iter()
        .filter(|facts| spans.iter().any(|counts| count(counts, facts.id) > 0))
        .map(|facts| {
            let mut cells = vec![html! { (facts.title.get(l)) }];
            cells.extend(spans.iter().map(|counts| html! { (count(counts, facts.id)) }));
            cells
        })
        .collect();
    Ok(html! {
        p {
            (t!(l, "Once an hour what has come to the end of its period is erased, in every backup too. A run that would erase more than could be foreseen waits for your word.",
                "系统每小时删除一次到期信息，备份中的信息同时失效。超出预期的批量删除会等待您的确认。"))
        }
        @if rows.is_empty() { p { (t!(l, "Nothing within 30 days.", "30 天内没有到期信息。")) } }
        @else { (ui::table(&t!(l, "What goes next", "即将删除"), &columns, &rows)) }
    })
}

fn holds_part(visit: &Visit, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let holds = holds::holds(&visit.view()?)?;
    let columns = [
        Column::text(t!(l, "What", "对象")),
        Column::text(t!(l, "Reason", "理由")),
        Column::text(t!(l, "By", "操作人")),
        Column::text(t!(l, "From – to", "期限")),
        Column::text(""),
    ];
    let mut rows = Vec::with_capacity(holds.len());
    for (number, hold) in &holds {
        rows.push(hold_row(visit, *number, hold)?);
    }
    Ok(html! {
        p {
            (t!(l, "What a claim or an authority needs is not erased while it is held. The person sees that a hold exists.",
                "诉讼或主管机关需要的信息，在保全期间不会删除。当事人可以看到存在保全。"))
        }
        @if !rows.is_empty() { (ui::table(&t!(l, "Legal holds", "法律保全"), &columns, &rows)) }
        (ui::form("/admin/retention/holds", html! {
            (Field::text("what", &t!(l, "Order number, or address of a customer's page", "订单号，或客户页面的地址"))
                .value(form.raw("what")).autocomplete("off").problems(problems).render())
            (Field::textarea("reason", &t!(l, "Reason", "理由")).rows(2).value(form.raw("reason"))
                .problems(problems).render())
            (Field::date("ends", &t!(l, "Last day", "截止日期（含当日）")).value(form.raw("ends"))
                .problems(problems).render())
            (ui::primary_button(&t!(l, "Place the hold", "设置法律保全")))
        }))
    })
}

fn hold_row(visit: &Visit, number: u64, hold: &HoldRow) -> StoreResult<Vec<Markup>> {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let author =
        staff::find(&visit.view()?, hold.author)?.map_or_else(|| "–".to_owned(), |member| member.name);
    let what = match &hold.what {
        Held::Order(number) => html! { a href={ "/admin/orders/" (number) } { (number) } },
        Held::Customer(subject) => {
            html! { a href={ "/admin/customers/" (subject) } { (t!(l, "a customer", "客户")) } }
        }
    };
    // It ends with the end of its last day.
    let ended = hold.lifted.unwrap_or_else(|| hold.ends.plus_seconds(-1));
    let act = match hold.lifted {
        Some(_) => ui::badge(Tone::Neutral, &t!(l, "ended", "已结束")),
        None => ui::button_form(
            &format!("{HOME}/holds/{number}/lift"),
            ui::secondary_button(&t!(l, "Lift", "解除")),
        ),
    };
    let span = format!("{} – {}", hold.since.day(zone), ended.day(zone));
    Ok(vec![what, html! { (hold.reason) }, html! { (author) }, html! { (span) }, act])
}

fn runs_part(visit: &Visit, runs: &[RunRow]) -> Markup {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let columns = [
        Column::text(t!(l, "When", "时间")),
        Column::text(t!(l, "Erased", "已删除")),
        Column::number(t!(l, "Accounts", "账号")),
        Column::text(t!(l, "Held", "已暂停")),
        Column::number(t!(l, "Under a hold", "保全中")),
    ];
    let rows: Vec<Vec<Markup>> = runs
        .iter()
        .map(|run| {
            vec![
                html! { (run.at.minute(zone)) },
                html! { (in_words(l, &run.dropped)) },
                html! { (run.accounts) },
                html! { (in_words(l, &run.held)) },
                html! { (run.kept) },
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { p { (t!(l, "None yet.", "暂无记录。")) } }
        @else { (ui::table(&t!(l, "Earlier runs", "历史记录"), &columns, &rows)) }
    }
}

/// Counts by class on one line.
fn in_words(l: Locale, counts: &[(u8, u64)]) -> String {
    let each = |(code, count): &(u8, u64)| {
        Class::from_code(*code).map(|class| format!("{}: {count}", class.facts().title.get(l)))
    };
    let words: Vec<String> = counts.iter().filter_map(each).collect();
    if words.is_empty() { "–".to_owned() } else { words.join(l.pick(", ", "，")) }
}
