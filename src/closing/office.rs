//! Closing the business in the back office: announced with one's password, called off until the day, and
//! how far it is.

use maud::{Markup, html};

use super::records::{ClosingRow, NOTICE_DAYS};
use super::rules::{announce, call_off, current, earliest};
use crate::classes::Class;
use crate::front::{self, Page, or_again_at};
use crate::locale::Text;
use crate::orders;
use crate::refusal::{Refusal, Stop};
use crate::retention::holds;
use crate::staff;
use crate::store::{StoreResult, View};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

const HOME: &str = "/admin/closing";
const ANNOUNCE: &str = "/admin/closing/announce";
const CALL_OFF: &str = "/admin/closing/call-off";

pub fn routes() -> Vec<Route> {
    vec![
        get(HOME, Who::Owner, show),
        post(ANNOUNCE, Who::Owner, "announces that the business closes", announce_it),
        post(CALL_OFF, Who::Owner, "calls the closing off", call_it_off),
    ]
}

const SAID: [(&str, Text); 2] = [
    ("announced", Text::new("It is announced. Every customer is told.", "停业公告已发布，将通知每位客户。")),
    (
        "off",
        Text::new(
            "It is called off. Whoever was told is told so.",
            "停业公告已撤回，将通知已收到公告的客户。",
        ),
    ),
];

async fn show(visit: Visit) -> Answer {
    Ok(page(written(&visit, &Form::default(), &Problems::new())?))
}

fn written(visit: &Visit, form: &Form, problems: &Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let view = visit.view()?;
    let title = t!(l, "Closing the business", "停止经营");
    let now = visit.shop.clock.now();
    let main = html! {
        (ui::breadcrumbs(l, &[("/admin/settings", &t!(l, "Shop settings", "店铺设置")), ("", &title)]))
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        (front::said(visit, &SAID))
        @match current(&view)?.map(|(_, row)| row) {
            None => {
                (what_it_does(visit))
                (numbers(visit, &view)?)
                (announcement(visit, form, problems))
            }
            Some(row) if now < row.day => {
                (announced(visit, &row))
                (numbers(visit, &view)?)
            }
            Some(row) => { (under_way(visit, &view, &row)?) }
        }
    };
    let about = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::admin_page(visit, &about, "/admin/settings", main)?)
}

fn what_it_does(visit: &Visit) -> Markup {
    let l = visit.locale;
    ui::prose(html! {
        p { (t!(l, "For a shop that ends for good. To sell nothing for a while, take the products off sale instead.",
            "适用于永久停业。如只是暂停销售，请将商品下架。")) }
        ul {
            li { (t!(l, "Every page says so from now on, and each customer gets a message, {NOTICE_DAYS} days before at least.",
                "自公告起每个页面均会提示，并向每位客户发送消息，至少提前 {NOTICE_DAYS} 天。")) }
            li { (t!(l, "You sell until the day. Orders that are under way then are finished first.", "停业日前照常销售，届时未完成的订单会先完成。")) }
            li { (t!(l, "On the day all accounts and everything else that is kept about people are erased, orders' addresses and invoice details included, in every backup too. Export what you need before.",
                "停业日将删除所有账号及其他个人信息，包括订单收货信息与发票信息，备份中的也一并删除。需要的资料请提前导出。")) }
            li { (t!(l, "What stays: the record of sales that names nobody, what legal holds keep until they end, and the accounts of the owners.",
                "保留内容：不含个人身份的交易记录、法律保全的信息（至保全结束）以及店主账号。")) }
            li { (t!(l, "You can call it off until the day, and not afterwards.", "停业日之前可以撤回，之后不能。")) }
        }
    })
}

fn numbers(visit: &Visit, view: &View<'_>) -> StoreResult<Markup> {
    let l = visit.locale;
    let accounts = view.living(Class::Account)?;
    let orders = view.living(Class::Order)?;
    let running = orders::running(view)?;
    let held = holds::all_held(view)?.len();
    Ok(ui::facts(&[
        (t!(l, "Accounts", "账号"), html! { (accounts) }),
        (t!(l, "Orders with name and address", "含收货信息的订单"), html! { (orders) }),
        (t!(l, "Orders under way", "未完成订单"), html! { (running) }),
        (t!(l, "Kept by legal holds", "法律保全"), html! { (held) }),
    ]))
}

fn announcement(visit: &Visit, form: &Form, problems: &Problems) -> Markup {
    let l = visit.locale;
    let first = earliest(visit.shop.clock.now()).day(visit.shop.zone());
    let hint = t!(l, "{first} at the earliest", "最早 {first}");
    let body = ui::form(
        ANNOUNCE,
        html! {
            (Field::date("on", &t!(l, "Closes on", "停业日期")).value(form.raw("on")).hint(&hint).problems(problems).render())
            (Field::password("current", &t!(l, "Your password", "您的密码")).autocomplete("current-password").problems(problems).render())
            (Field::checkbox("confirm", &t!(l, "I want to close this business and erase all data about people", "我确认停止经营并删除全部个人信息"))
                .checked(form.ticked("confirm")).problems(problems).render())
            (ui::danger_button(&t!(l, "Announce", "发布公告")))
        },
    );
    ui::section(&t!(l, "Announce it", "发布公告"), body)
}

fn announced(visit: &Visit, row: &ClosingRow) -> Markup {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let (said, day) = (row.announced.minute(zone), row.day.minute(zone));
    html! {
        (ui::notice(Tone::Warn, html! { p {
            (t!(l, "Announced on {said}: the business closes on {day}, and everything about people is erased then.",
                "已于 {said} 公告：将于 {day} 停业，届时删除全部个人信息。"))
        } }))
        p { a href="/closing" { (t!(l, "What customers read", "客户看到的公告")) } }
        (ui::button_form(CALL_OFF, ui::primary_button(&t!(l, "Call it off", "撤回公告"))))
    }
}

fn under_way(visit: &Visit, view: &View<'_>, row: &ClosingRow) -> StoreResult<Markup> {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let day = row.day.minute(zone);
    let state = match row.finished {
        Some(at) => at.minute(zone),
        None => {
            t!(l, "not yet: orders are under way, or it is being erased", "尚未完成：有未完成订单或正在删除")
        }
    };
    Ok(html! {
        (ui::notice(Tone::Neutral, html! { p { (t!(l, "Closed since {day}.", "已于 {day} 停业。")) } }))
        (ui::facts(&[
            (t!(l, "Accounts erased", "已删除账号"), html! { (row.accounts) }),
            (t!(l, "Other vaults erased", "已删除的其他数据"), html! { (row.vaults) }),
            (t!(l, "Accounts that wait for an order or a legal hold", "等待订单完成或法律保全的账号"), html! { (view.living(Class::Account)?) }),
            (t!(l, "Orders under way", "未完成订单"), html! { (orders::running(view)?) }),
            (t!(l, "Kept by legal holds", "法律保全"), html! { (holds::all_held(view)?.len()) }),
            (t!(l, "Nothing left since", "全部删除时间"), html! { (state) }),
        ]))
        p { (t!(l, "The record of sales that names nobody stays under Orders, for tax.", "不含个人身份的交易记录保留在“订单”中，供税务使用。")) " "
            a href="/admin/orders" { (t!(l, "Orders", "订单")) } }
    })
}

const NOT_CONFIRMED: Text = Text::new("Tick that you want this.", "请勾选确认。");

async fn announce_it(visit: Visit, form: Form) -> Answer {
    match try_to_announce(&visit, &form).await {
        Ok(()) => Ok(see("/admin/closing?said=announced")),
        Err(stop) => or_again_at(&visit, HOME, stop, |visit, problems| written(visit, &form, problems)),
    }
}

async fn try_to_announce(visit: &Visit, form: &Form) -> Result<(), Stop> {
    form.refuse_wrong()?;
    if !form.ticked("confirm") {
        return Err(Refusal::field("confirm", NOT_CONFIRMED).into());
    }
    let member = visit.clerk()?;
    staff::prove_current(visit, form, &member).await?;
    announce(&visit.shop, form.raw("on")).await?;
    Ok(())
}

async fn call_it_off(visit: Visit) -> Answer {
    call_off(&visit.shop).await?;
    Ok(see("/admin/closing?said=off"))
}
