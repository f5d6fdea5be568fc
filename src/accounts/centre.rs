//! The personal centre's first page: who is signed in, orders by state, ways on (RGT-01, RGT-04).

use maud::{Markup, html};

use super::{Account, contact_of, get as account_of};
use crate::front::{self, Page};
use crate::locale::Text;
use crate::orders;
use crate::store::StoreResult;
use crate::t;
use crate::web::ui;
use crate::web::{Answer, Route, Visit, Who, get, page};

use super::pages;

pub fn routes() -> Vec<Route> {
    vec![get("/account", Who::Customer, overview)]
}

const SAID: [(&str, Text); 3] = [
    ("restored", Text::new("Welcome back: your account is as it was.", "欢迎回来，您的账号已恢复。")),
    (
        "capped",
        Text::new(
            "Your cart from before was added. Some quantities were lowered to what is in stock.",
            "已合并登录前的购物车，部分商品数量已按库存调整。",
        ),
    ),
    (
        "password",
        Text::new(
            "Your new password is set. You are signed out everywhere else.",
            "新密码已设置，其他设备已退出登录。",
        ),
    ),
];

async fn overview(visit: Visit) -> Answer {
    let subject = visit.subject()?;
    let (account, counts) = {
        let view = visit.view()?;
        (account_of(&view, subject)?, orders::counts(&view, subject)?)
    };
    Ok(page(written(&visit, &account, &counts)?))
}

fn written(visit: &Visit, account: &Account, counts: &orders::Counts) -> StoreResult<Markup> {
    let l = visit.locale;
    let called = account.called();
    let title = t!(l, "Hello, {called}", "您好，{called}");
    let contact = contact_of(account).masked();
    let main = html! {
        (pages::said(visit, &SAID))
        h1 { (title) }
        p { (t!(l, "We reach you at {contact}.", "联系方式：{contact}")) }
        (ui::section(&t!(l, "Your orders", "我的订单"), order_tiles(l, counts)))
        (ui::section(&t!(l, "Your account", "我的账号"), shortcuts(l)))
    };
    let page = Page { title: &t!(l, "Your account", "个人中心"), ..Page::default() };
    front::account_page(visit, &page, "/account", main)
}

fn order_tiles(l: crate::locale::Locale, counts: &orders::Counts) -> Markup {
    let count = |number: usize| match number {
        0 => t!(l, "none", "暂无"),
        1 => t!(l, "1 order", "1 笔"),
        _ => t!(l, "{number} orders", "{number} 笔"),
    };
    ui::tiles(&[
        ("/account/orders?tab=unpaid", t!(l, "To pay", "待付款"), count(counts.unpaid)),
        ("/account/orders?tab=to-ship", t!(l, "To be shipped", "待发货"), count(counts.to_ship)),
        ("/account/orders?tab=to-receive", t!(l, "On the way", "待收货"), count(counts.to_receive)),
        ("/account/orders?tab=completed", t!(l, "Completed", "已完成"), count(counts.completed)),
        (
            "/account/orders?tab=after-sales",
            t!(l, "Returns and repairs", "退换/售后"),
            count(counts.after_sales),
        ),
    ])
}

fn shortcuts(l: crate::locale::Locale) -> Markup {
    ui::tiles(&[
        ("/account/orders", t!(l, "All orders", "全部订单"), t!(l, "Everything you ordered", "查看所有订单")),
        (
            "/account/addresses",
            t!(l, "Addresses", "收货地址"),
            t!(l, "Where your parcels go", "管理收货地址"),
        ),
        (
            "/account/settings",
            t!(l, "Settings", "账号设置"),
            t!(l, "Name, email, mobile number, language", "账号名、邮箱、手机号、语言"),
        ),
        (
            "/account/security",
            t!(l, "Security", "账号安全"),
            t!(l, "Password, second step, sessions", "密码、两步验证、登录设备"),
        ),
        (
            "/account/privacy",
            t!(l, "Privacy", "隐私设置"),
            t!(l, "Your choices, who looked, your rights", "您的选择、查看记录与权利"),
        ),
    ])
}
