//! What everybody reads of a closing: the notice on each page, and the page that says what it means.

use maud::{Markup, html};

use super::rules::Standing;
use crate::front::{self, Page};
use crate::locale::{Locale, Text};
use crate::refusal::Refusal;
use crate::t;
use crate::web::ui::{self, Tone};
use crate::web::{Answer, Route, Visit, Who, get, page};

const HERE: &str = "/closing";

pub fn routes() -> Vec<Route> {
    vec![get(HERE, Who::Anyone, show)]
}

/// On each other page of the shop and of the personal centre, while a closing stands.
pub fn site_notice(visit: &Visit) -> Markup {
    let Some(standing) = visit.shop.closes().filter(|_| visit.path != HERE) else { return html! {} };
    let l = visit.locale;
    let body = html! { p {
        (headline(visit, &standing)) " "
        a href=(HERE) { (t!(l, "What this means for you", "对您的影响")) }
    } };
    ui::notice(Tone::Warn, body)
}

fn headline(visit: &Visit, standing: &Standing) -> String {
    let (l, day) = (visit.locale, standing.day.day(visit.shop.zone()));
    if standing.is_over(visit.shop.clock.now()) {
        t!(l, "This shop closed for good on {day}.", "本店已于 {day} 停止经营。")
    } else {
        t!(l, "This shop closes for good on {day}.", "本店将于 {day} 停止经营。")
    }
}

async fn show(visit: Visit) -> Answer {
    let Some(standing) = visit.shop.closes() else { return Err(Refusal::not_found().into()) };
    let is_over = standing.is_over(visit.shop.clock.now());
    let title = headline(&visit, &standing);
    let main = html! {
        (ui::heading(&title, html! {}))
        (ui::prose(if is_over { afterwards(visit.locale) } else { before(&visit, &standing) }))
    };
    Ok(page(front::shop_page(&visit, &Page { title: &title, ..Page::default() }, main)?))
}

const REMAINS: Text = Text::new(
    "What remains is a record of sales that names nobody: number, goods, sums and dates, as tax law asks. What a \
     legal hold keeps is erased when the hold ends.",
    "仅保留税法要求的交易记录：编号、商品、金额与日期，不含个人身份。依法保全的信息在保全结束后删除。",
);

fn before(visit: &Visit, standing: &Standing) -> Markup {
    let l = visit.locale;
    let (said, day) = (standing.announced.day(visit.shop.zone()), standing.day.day(visit.shop.zone()));
    html! {
        p { (t!(l, "Announced on {said}. Until {day} we can call it off, and would tell you.",
            "公告日期：{said}。{day} 之前如撤回公告，我们会另行告知。")) }
        h2 { (t!(l, "Your orders", "您的订单")) }
        p { (t!(l, "You can order until {day}. Orders that are under way then are delivered, or paid back, first.",
            "{day} 之前可以照常下单。届时尚未完成的订单会先完成配送或退款。")) }
        p { (t!(l, "If you need an invoice or have a complaint, tell us before that day.", "如需发票或有售后问题，请在此之前联系我们。")) " "
            a href="/contact" { (t!(l, "Contact", "联系我们")) } }
        h2 { (t!(l, "Your data", "您的个人信息")) }
        p { (t!(l, "On {day} your account is erased, with all that is kept of you, in backups too. If an order of yours is still under way, this happens as soon as it is over.",
            "{day} 起，您的账号及我们保存的全部个人信息将被删除，包括备份中的信息。如您仍有未完成的订单，则在订单完成后立即删除。")) }
        p { (REMAINS.get(l)) }
        p { (t!(l, "Until then you can take a copy of your data with you.", "在此之前，您可以取走个人信息副本。")) " "
            a href="/account/privacy" { (t!(l, "Get a copy", "获取副本")) } }
    }
}

fn afterwards(l: Locale) -> Markup {
    html! {
        p { (t!(l, "Nothing new can be begun here: no order, no account, no request.", "本店不再受理新的订单、注册与申请。")) }
        p { (t!(l, "All personal data is erased, in backups too. Whoever has an order under way can still sign in, until it is over.",
            "全部个人信息均已删除，包括备份中的信息。仍有未完成订单的客户可继续登录，订单完成后随即删除。")) }
        p { (REMAINS.get(l)) }
        p { a href="/contact" { (t!(l, "Contact", "联系我们")) } }
    }
}
