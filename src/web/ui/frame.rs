//! The frame around every page: head, header, side links, footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::forms::{button_form, quiet_button};
use crate::locale::Locale;
use crate::t;

/// What the law wants at the foot of each page; empty strings are left out.
#[derive(Clone, Debug, Default)]
pub struct Footer {
    pub company: String,
    pub address: String,
    /// The business licence: its text and, where it can be seen, its address.
    pub licence: (String, String),
    /// The ICP number (China).
    pub icp: String,
    /// Further links as (href, text).
    pub links: Vec<(String, String)>,
}

/// All that the layout of a page needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub l: Locale,
    /// The page's title without the shop's name; empty on the home page.
    pub title: &'a str,
    pub shop_name: &'a str,
    pub description: Option<&'a str>,
    /// Path and query of this page (of its form, for a refused one): where the language switch
    /// comes back to.
    pub path: &'a str,
    /// The whole address of the page for search engines.
    pub canonical: Option<&'a str>,
    pub noindex: bool,
    pub signed_in: bool,
    pub cart_count: u32,
    /// The shop's categories as (href, name).
    pub categories: &'a [(String, String)],
    /// What was searched for, on the search page.
    pub query: &'a str,
    /// Markup that stands at the end of the page.
    pub end: &'a str,
    pub footer: &'a Footer,
    /// The sentence of the band that a rehearsal shows on every page.
    pub rehearsal: Option<&'a str>,
    /// The page is a refused form.
    pub has_problems: bool,
    pub asset_css: &'a str,
    pub asset_js: &'a str,
    /// The address of the favicon.
    pub asset_icon: &'a str,
}

/// A page of the shop.
pub fn shop_page(frame: &Frame<'_>, main: Markup) -> Markup {
    document(
        frame,
        "shop",
        html! {
            (shop_header(frame))
            main #main tabindex="-1" { (main) }
            (shop_footer(frame))
        },
    )
}

/// A page of the personal centre: the shop's frame with the centre's links beside. `current` is
/// the href of its entry, such as `/account/orders`.
pub fn account_page(frame: &Frame<'_>, current: &str, main: Markup) -> Markup {
    let l = frame.l;
    let items = [
        ("/account", t!(l, "Overview", "我的主页")),
        ("/account/orders", t!(l, "Orders", "我的订单")),
        ("/account/addresses", t!(l, "Addresses", "收货地址")),
        ("/account/settings", t!(l, "Settings", "账号设置")),
        ("/account/security", t!(l, "Security", "账号安全")),
        ("/account/privacy", t!(l, "Privacy", "隐私设置")),
        ("/support", t!(l, "Ask us", "在线客服")),
    ];
    shop_page(
        frame,
        html! {
            div.with-side {
                nav.side aria-label=(t!(l, "Your account", "个人中心")) {
                    ul {
                        @for (href, text) in &items { (nav_item(href, text, current)) }
                        li { (button_form("/logout", quiet_button(&t!(l, "Sign out", "退出登录")))) }
                    }
                }
                div { (main) }
            }
        },
    )
}

/// A narrow page with one form: sign in, register, codes.
pub fn narrow(body: Markup) -> Markup {
    html! { div.narrow { (body) } }
}

/// Who works in the back office, and where.
#[derive(Clone, Copy, Debug)]
pub struct Staff<'a> {
    pub name: &'a str,
    pub is_owner: bool,
    /// The href of the entry this page belongs to, such as `/admin/orders`.
    pub current: &'a str,
}

/// A page of the back office.
pub fn admin_page(frame: &Frame<'_>, staff: &Staff<'_>, main: Markup) -> Markup {
    let l = frame.l;
    document(
        frame,
        "admin",
        html! {
            header.admin-header {
                a.brand href="/admin" { (logo()) span { (frame.shop_name) } }
                span.note { (t!(l, "Back office", "管理后台")) }
                div.header-links {
                    (language_switch(frame))
                    a href="/" { (t!(l, "View shop", "查看店铺")) }
                }
            }
            div.admin-body {
                nav.side aria-label=(t!(l, "Back office", "管理后台")) {
                    ul {
                        @for (href, text, owner_only) in admin_sections(l) {
                            @if staff.is_owner || !owner_only { (nav_item(href, &text, staff.current)) }
                        }
                        li.who {
                            span.note { (staff.name) }
                            (button_form("/admin/logout", quiet_button(&t!(l, "Sign out", "退出登录"))))
                        }
                    }
                }
                main #main tabindex="-1" { (main) }
            }
        },
    )
}

/// A page of the back office before sign-in, without its links.
pub fn admin_door_page(frame: &Frame<'_>, main: Markup) -> Markup {
    document(
        frame,
        "admin",
        html! {
            header.admin-header {
                span.brand { (logo()) span { (frame.shop_name) } }
                span.note { (t!(frame.l, "Back office", "管理后台")) }
                div.header-links { (language_switch(frame)) }
            }
            main #main tabindex="-1" { (main) }
        },
    )
}

/// The entries of the back office: href, name, and whether only the owner has it.
fn admin_sections(l: Locale) -> Vec<(&'static str, String, bool)> {
    vec![
        ("/admin/orders", t!(l, "Orders", "订单"), false),
        ("/admin/products", t!(l, "Products", "商品"), false),
        ("/admin/categories", t!(l, "Categories", "分类"), false),
        ("/admin/customers", t!(l, "Customers", "客户"), false),
        ("/admin/conversations", t!(l, "Conversations", "客服会话"), false),
        ("/admin/requests", t!(l, "Requests", "权利请求"), false),
        ("/admin/messages", t!(l, "Messages", "消息"), false),
        ("/admin/sharing/deletions", t!(l, "To be deleted elsewhere", "待通知删除"), false),
        ("/admin/backups", t!(l, "Backups", "备份"), true),
        ("/admin/searches", t!(l, "Searches", "热门搜索"), false),
        ("/admin/promises", t!(l, "Promises", "承诺核查"), true),
        ("/admin/policy", t!(l, "Privacy policy", "隐私政策"), true),
        ("/admin/retention", t!(l, "Retention", "保存期限"), true),
        ("/admin/staff", t!(l, "Staff", "员工"), true),
        ("/admin/access-log", t!(l, "Access log", "查看记录"), true),
        ("/admin/alerts", t!(l, "Alerts", "异常提醒"), true),
        ("/admin/settings", t!(l, "Shop settings", "店铺设置"), true),
        ("/admin/security", t!(l, "Security", "账号安全"), false),
    ]
}

fn document(frame: &Frame<'_>, kind: &str, body: Markup) -> Markup {
    let l = frame.l;
    html! {
        (DOCTYPE)
        html lang=(l.tag()) {
            head {
                meta charset="utf-8";
                title { (page_title(frame)) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(description) = frame.description { meta name="description" content=(description); }
                @if frame.noindex { meta name="robots" content="noindex"; }
                @if let Some(canonical) = frame.canonical { link rel="canonical" href=(canonical); }
                link rel="icon" type="image/svg+xml" href=(frame.asset_icon);
                link rel="stylesheet" href=(frame.asset_css);
                script type="module" src=(frame.asset_js) {}
            }
            body class=(kind) {
                a.skip href="#main" { (t!(l, "Skip to content", "跳到主要内容")) }
                @if let Some(band) = frame.rehearsal { aside.band aria-label=(t!(l, "Rehearsal", "演练")) { (band) } }
                (body)
                (PreEscaped(frame.end))
            }
        }
    }
}

fn page_title(frame: &Frame<'_>) -> String {
    let prefix = if frame.has_problems { t!(frame.l, "Error: ", "错误：") } else { String::new() };
    if frame.title.is_empty() {
        return format!("{prefix}{}", frame.shop_name);
    }
    format!("{prefix}{} – {}", frame.title, frame.shop_name)
}

fn shop_header(frame: &Frame<'_>) -> Markup {
    let l = frame.l;
    let count = frame.cart_count;
    html! {
        header.shop-header {
            div.header-row {
                a.brand href="/" { (logo()) span { (frame.shop_name) } }
                form.search action="/search" method="get" role="search" {
                    label.hidden for="search" { (t!(l, "Search products", "搜索商品")) }
                    input type="search" id="search" name="q" value=(frame.query) autocomplete="off"
                        placeholder=(t!(l, "Search products", "搜索商品"));
                    button type="submit" { (icon_search()) span.hidden { (t!(l, "Search", "搜索")) } }
                }
                div.header-links {
                    (language_switch(frame))
                    @if frame.signed_in {
                        a.account-link href="/account" { (icon_person()) span { (t!(l, "Account", "我的")) } }
                    }
                    @else { a href="/login" { (t!(l, "Sign in", "登录")) } }
                    a.cart-link href="/cart" {
                        (icon_bag()) span { (t!(l, "Cart", "购物车")) }
                        @if count > 0 { " " span.count { (count) span.hidden { (t!(l, " items", " 件商品")) } } }
                    }
                }
            }
            @if !frame.categories.is_empty() {
                nav.categories aria-label=(t!(l, "Categories", "商品分类")) {
                    ul { @for (href, text) in frame.categories { (nav_item(href, text, frame.path)) } }
                }
            }
        }
    }
}

fn shop_footer(frame: &Frame<'_>) -> Markup {
    let (l, footer) = (frame.l, frame.footer);
    let links = [
        ("/contact", t!(l, "Contact", "联系我们")),
        ("/support", t!(l, "Ask us", "在线客服")),
        ("/delivery", t!(l, "Delivery", "配送说明")),
        ("/returns", t!(l, "Returns", "退换货")),
        ("/terms", t!(l, "Terms", "服务条款")),
        ("/privacy", t!(l, "Privacy", "隐私政策")),
        ("/cookies", t!(l, "Cookies", "Cookie 设置")),
    ];
    let (licence, licence_href) = &footer.licence;
    html! {
        footer.shop-footer {
            nav aria-label=(t!(l, "About this shop", "关于本店")) {
                ul {
                    @for (href, text) in &links { li { a href=(href) { (text) } } }
                    @for (href, text) in &footer.links { li { a href=(href) { (text) } } }
                }
            }
            div.licences {
                @if !footer.company.is_empty() { span { (footer.company) } }
                @if !footer.address.is_empty() { span { (footer.address) } }
                @if !licence.is_empty() {
                    @if licence_href.is_empty() { span { (licence) } } @else { a href=(licence_href) { (licence) } }
                }
                @if !footer.icp.is_empty() { a href="https://beian.miit.gov.cn/" rel="noreferrer" { (footer.icp) } }
            }
        }
    }
}

fn nav_item(href: &str, text: &str, current: &str) -> Markup {
    html! { li { a href=(href) aria-current=[(path_of(current) == href).then_some("page")] { (text) } } }
}

fn path_of(address: &str) -> &str {
    address.split('?').next().unwrap_or(address)
}

/// One button that names the other language in that language.
fn language_switch(frame: &Frame<'_>) -> Markup {
    let other = frame.l.pick(Locale::Zh, Locale::En);
    html! {
        form.language action="/language" method="post" {
            input type="hidden" name="language" value=(other.tag());
            input type="hidden" name="back" value=(frame.path);
            button.quiet type="submit" lang=(other.tag()) { (other.pick("English", "中文")) }
        }
    }
}

fn logo() -> Markup {
    html! {
        svg.logo viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" {
            path d="M7 4h18l5 9a4.67 4.67 0 0 1-9.33 0 4.67 4.67 0 0 1-9.34 0A4.67 4.67 0 0 1 2 13z" fill="currentColor" {}
            path d="M6 20v6.5A1.5 1.5 0 0 0 7.5 28h17a1.5 1.5 0 0 0 1.5-1.5V20M11 24h10"
                fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" {}
        }
    }
}

fn icon_search() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" {
            path d="M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20"
                fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" {}
        }
    }
}

fn icon_person() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            path d="M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20.5a7.5 7.5 0 0 1 15 0"
                fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" {}
        }
    }
}

fn icon_bag() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            path d="M5 9h14l-1 11H6zM9 12V7.5a3 3 0 0 1 6 0V12"
                fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round" {}
        }
    }
}
