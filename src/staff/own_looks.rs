//! `/account/privacy/looks`: what a person sees of the looks at their data (SEC-07).

use maud::{Markup, html};

use super::access_log::{Look, looks_at};
use crate::front::{self, Page};
use crate::t;
use crate::web::ui::{self, Column};
use crate::web::{Answer, Route, Visit, Who, get, page};

const HERE: &str = "/account/privacy/looks";
const PAGE: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![get(HERE, Who::Customer, looks)]
}

async fn looks(visit: Visit) -> Answer {
    let l = visit.locale;
    let below = front::asked(&visit, "page").parse().ok();
    let found = looks_at(&visit.view()?, visit.subject()?, below, PAGE)?;
    let more = (found.len() == PAGE).then(|| found.last().map(|look| look.number)).flatten();
    let title = t!(l, "Who looked at your data", "谁查看过您的信息");
    let period = visit.shop.retention().access_log.text(l);
    let main = html! {
        (ui::heading(&title, html! {}))
        p { (t!(
            l,
            "Each time that your data was shown whole, searched by or exported by the shop, for {period}.",
            "店铺完整查看、按信息搜索或导出您个人信息的每次记录，保留 {period}。"
        )) }
        @if found.is_empty() {
            (ui::empty_state(&t!(l, "Nobody has looked at your data.", "没有人查看过您的信息。"), html! {}))
        } @else { (table_of_looks(&visit, &found)) }
        (ui::older(l, HERE, more, below.is_some()))
        p { a href="/account/privacy/sharing" { (t!(l, "With whom your data was shared", "您的信息提供给了谁")) } }
    };
    Ok(page(front::account_page(
        &visit,
        &Page { title: &title, ..Page::default() },
        "/account/privacy",
        main,
    )?))
}

/// Never the looker's name: it is the staff's own.
fn table_of_looks(visit: &Visit, looks: &[Look]) -> Markup {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "When", "时间")),
        Column::text(t!(l, "Who", "查看人")),
        Column::text(t!(l, "What", "查看内容")),
        Column::text(t!(l, "Why", "理由")),
        Column::text(t!(l, "Order", "订单号")),
    ];
    let row = |look: &Look| {
        let (_, who) = look.who();
        let reason = if look.details.reason.is_empty() { "–" } else { &look.details.reason };
        let order = look.details.order.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
        vec![
            html! { (look.entry.at.minute(visit.shop.zone())) },
            html! { (who.get(l)) },
            html! { (l.pick(&look.entry.kind_en, &look.entry.kind_zh)) },
            html! { (reason) },
            html! { (order) },
        ]
    };
    let rows: Vec<Vec<Markup>> = looks.iter().map(row).collect();
    ui::table(&t!(l, "Looks, the newest first", "查看记录（最新在前）"), &columns, &rows)
}
