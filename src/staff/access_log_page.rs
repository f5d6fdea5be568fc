//! The access log as owners read it, and whether its end is as it was written (SEC-07).

use maud::{Markup, html};

use super::access_log::{DetailsRow, EntryRow, SHELL_NAME, Sort, THE_PERSON, THE_SHELL, newest, verify_last};
use crate::front::{self, Page};
use crate::locale::Locale;
use crate::store::{StoreResult, View};
use crate::t;
use crate::web::ui::{self, Column};
use crate::web::{Answer, Route, Visit, Who, get, page};

pub(super) fn routes() -> Vec<Route> {
    vec![get(HERE, Who::Owner, show)]
}

const HERE: &str = "/admin/access-log";
const PAGE: usize = 50;
/// So many of the newest entries are checked for the page; `tuckshop audit verify` checks all.
const WALKED: u64 = 1000;

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let below = front::asked(&visit, "page").parse().ok();
    let view = visit.view()?;
    let entries = newest(&view, below, PAGE)?;
    let last = entries.last().map(|(number, _, _)| *number).filter(|number| *number > 1);
    let chain = verify_last(&view, WALKED)?;
    let title = t!(l, "Access log", "查看记录");
    let main = html! {
        (ui::heading(&title, html! {}))
        p {
            (t!(
                l,
                "Each look of staff at personal data, newest first. Masked lists are no looks. Names and reasons are erased after {}; that somebody looked stays.",
                "店员每次查看个人信息的记录，最新的在前。去标识化的列表不计入。姓名与理由在 {}后删除，查看行为本身予以保留。",
                visit.shop.retention().access_log.text(l)
            ))
        }
        div { (chain_notice(l, chain)) }
        @if entries.is_empty() {
            (ui::empty_state(&t!(l, "Nobody has looked at personal data yet.", "还没有查看个人信息的记录。"), html! {}))
        } @else {
            (entry_table(&visit, &view, &entries)?)
            (ui::older(l, HERE, last, below.is_some()))
        }
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, HERE, main)?))
}

fn chain_notice(l: Locale, chain: Result<u64, u64>) -> Markup {
    match chain {
        Ok(count) if count <= WALKED => {
            ui::badge(ui::Tone::Good, &t!(l, "Unaltered, {count} in all", "完整无改动，共 {count} 条"))
        }
        Ok(_) => ui::badge(
            ui::Tone::Good,
            &t!(l, "The last {WALKED} entries are unaltered", "最近 {WALKED} 条完整无改动"),
        ),
        Err(number) => ui::notice(
            ui::Tone::Bad,
            html! {
                p {
                    (t!(
                        l,
                        "The log was altered: entry {number} is not as it was written. Run tuckshop audit verify.",
                        "记录被改动：第 {number} 条与写入时不符。请运行 tuckshop audit verify。"
                    ))
                }
            },
        ),
    }
}

fn entry_table(
    visit: &Visit,
    view: &View<'_>,
    entries: &[(u64, EntryRow, Option<DetailsRow>)],
) -> StoreResult<Markup> {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "When", "时间")),
        Column::text(t!(l, "Who", "店员")),
        Column::text(t!(l, "What", "查看内容")),
        Column::text(t!(l, "Whose", "对象")),
        Column::text(t!(l, "Why", "理由")),
        Column::text(t!(l, "From where", "来源")),
    ];
    let mut rows = Vec::new();
    for (_, entry, details) in entries {
        rows.push(vec![
            html! { (entry.at.minute(visit.shop.zone())) },
            html! { (name_of(l, view, entry, details.as_ref())?) },
            html! { (l.pick(&entry.kind_en, &entry.kind_zh)) },
            whose(l, details.as_ref()),
            html! { @if let Some(details) = details { (reason_of(details)) } @else { (t!(
                l,
                "erased",
                "已删除"
            )) } },
            html! { (details.as_ref().map(|details| &details.from[..]).filter(|from| !from.is_empty()).unwrap_or("–")) },
        ]);
    }
    Ok(ui::table(&t!(l, "Looks at personal data", "个人信息查看记录"), &columns, &rows))
}

fn reason_of(details: &DetailsRow) -> &str {
    if details.reason.is_empty() { "–" } else { &details.reason }
}

fn name_of(
    l: Locale,
    view: &View<'_>,
    entry: &EntryRow,
    details: Option<&DetailsRow>,
) -> StoreResult<String> {
    if entry.who == THE_PERSON {
        return Ok(t!(l, "the person", "本人"));
    }
    if entry.who == THE_SHELL {
        return Ok(SHELL_NAME.to_owned());
    }
    if let Some(details) = details {
        return Ok(details.name.clone());
    }
    let member = super::find(view, entry.who)?;
    Ok(member.map_or_else(|| entry.who.to_string()[..8].to_owned(), |member| member.name))
}

fn whose(l: Locale, details: Option<&DetailsRow>) -> Markup {
    let Some(details) = details else { return html! { (t!(l, "erased", "已删除")) } };
    html! {
        @if let Some(order) = &details.order { a href={ "/admin/orders/" (order) } { (order) } }
        @if details.order.is_some() && details.whose.is_some() { ", " }
        @if let Some(subject) = &details.whose {
            a href={ "/admin/customers/" (subject) } { (t!(l, "a customer", "客户")) }
        }
        @if details.sort == Sort::Act { "–" }
        @else if details.order.is_none() && details.whose.is_none() { (t!(l, "several or nobody", "多人或无")) }
    }
}
