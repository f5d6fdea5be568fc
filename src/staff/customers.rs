//! Customers as staff see them: masked, and whole only after a look was logged with its reason
//! (SEC-03, SEC-07, CNS-09).

use axum::extract::Path;
use maud::{Markup, html};

use super::access_log::log_reveal;
use super::{Looker, log_look};
use crate::accounts::{self, Account, SavedAddress};
use crate::address;
use crate::contact::{self, Contact};
use crate::front::{self, Page};
use crate::ids::SubjectId;
use crate::locale::{Locale, Text};
use crate::orders::{self, CustomerOrder};
use crate::refusal::{Problem, Refusal, Stop};
use crate::requests;
use crate::store::{Handle, StoreResult, View};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

const HOME: &str = "/admin/customers";
const PAGE: usize = 50;
const LEAST_REASON: usize = 5;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HOME, Who::Staff, show),
        // What is searched for is personal, so it comes in a form and stands in no address.
        post(HOME, Who::Staff, "searches by a contact or a name, and logs that", search),
        get("/admin/customers/{id}", Who::Staff, show_one),
        post("/admin/customers/{id}/reveal", Who::Staff, "logs a look and shows a customer whole", reveal),
        post("/admin/customers/{id}/release", Who::Staff, "opens a frozen account again", release),
    ]
}

// ---- The list ----

async fn show(visit: Visit) -> Answer {
    let before = SubjectId::parse(&front::asked(&visit, "page"));
    let found = accounts::all(&visit.view()?, before, PAGE)?;
    // Of a cancelled account nothing is shown (RET-04).
    let in_use: Vec<Account> = found.iter().filter(|account| account.leaving.is_none()).cloned().collect();
    let more = (found.len() == PAGE).then(|| found.last().map(|account| account.subject)).flatten();
    let l = visit.locale;
    let body = html! {
        @if in_use.is_empty() {
            (ui::empty_state(&t!(l, "There are no customers here.", "这里还没有客户。"), html! {}))
        } @else {
            (table_of(&visit, &in_use))
        }
        (ui::older(l, HOME, more, before.is_some()))
    };
    Ok(page(list_page(&visit, "", &Problems::new(), body)?))
}

fn list_page(visit: &Visit, typed: &str, problems: &Problems, body: Markup) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Customers", "客户");
    let label = t!(l, "Account name, email or mobile, whole", "完整的账号名、邮箱或手机号");
    let hint = t!(l, "Each search is logged.", "每次搜索均有记录。");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        (ui::form(HOME, html! {
            (Field::text("q", &label).value(typed).hint(&hint).autocomplete("off").problems(problems).render())
            (ui::primary_button(&t!(l, "Find the customer", "查找客户")))
        }))
        (body)
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, HOME, main)
}

fn table_of(visit: &Visit, found: &[Account]) -> Markup {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "Account", "账号")),
        Column::text(t!(l, "Email", "邮箱")),
        Column::text(t!(l, "Mobile", "手机号")),
        Column::text(t!(l, "Since", "注册时间")),
    ];
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|account| {
            vec![
                html! { a href={ (HOME) "/" (account.subject) } { (contact::mask_name(&account.name)) } },
                html! { (masked_email(account)) },
                html! { (masked_mobile(account)) },
                html! { (account.created.day(visit.shop.zone())) },
            ]
        })
        .collect();
    ui::table(&t!(l, "Customers, the newest first", "客户列表（最新在前）"), &columns, &rows)
}

fn masked_email(account: &Account) -> String {
    account.email.as_deref().map_or_else(|| "–".to_owned(), contact::mask_email)
}

fn masked_mobile(account: &Account) -> String {
    account.mobile.as_deref().map_or_else(|| "–".to_owned(), contact::mask_phone)
}

const NO_QUERY: Text = Text::new(
    "Enter a whole account name, email address or mobile number.",
    "请输入完整的账号名、邮箱或手机号。",
);
const SEARCHED: Text = Text::new("searched by a contact or a name", "按联系方式或名称搜索");

async fn search(visit: Visit, form: Form) -> Answer {
    let l = visit.locale;
    let mut problems = Vec::new();
    let typed = form.line("q", 254, &mut problems);
    let handle = handle_of(&typed, &visit.shop.settings().country);
    if handle.is_none() && problems.is_empty() {
        problems.push(Problem::new("q", NO_QUERY));
    }
    let (Some((handle, normalised)), true) = (handle, problems.is_empty()) else {
        let refusal = Refusal::invalid(problems);
        let problems = front::problems_of(&visit, &refusal);
        return Ok(refused(&refusal, list_page(&visit, form.raw("q"), &problems, html! {})?));
    };
    let looker = Looker::of(&visit)?;
    let found = visit.shop.store.commit(move |plan| {
        let subject = plan.find_contact(handle, &normalised)?.map(SubjectId);
        log_look(plan, &looker, SEARCHED, subject, None, "")?;
        Ok(subject)
    });
    let found = found.await?;
    let account = found.map(|subject| accounts::find(&visit.view()?, subject)).transpose()?.flatten();
    let account = account.filter(|account| account.leaving.is_none());
    let body = match account {
        Some(account) => table_of(&visit, &[account]),
        None => ui::empty_state(
            &t!(l, "No customer has this name or contact.", "没有使用该名称或联系方式的客户。"),
            ui::link_button(HOME, &t!(l, "All customers", "全部客户")),
        ),
    };
    Ok(page(list_page(&visit, &typed, &Problems::new(), body)?))
}

/// What is looked up in the index for what was typed.
fn handle_of(typed: &str, country: &str) -> Option<(Handle, String)> {
    if let Ok(contact) = Contact::parse(typed, country) {
        return Some((Handle::Contact, contact.normalised()));
    }
    contact::check_account_name(typed).ok().map(|name| (Handle::AccountName, name))
}

// ---- One customer ----

/// What is shown of one customer.
struct Whole {
    account: Account,
    addresses: Vec<SavedAddress>,
    orders: Vec<CustomerOrder>,
}

fn load(view: &View<'_>, id: &str) -> Result<Whole, Stop> {
    let subject = SubjectId::parse(id).ok_or_else(Refusal::not_found)?;
    let account = accounts::find(view, subject)?.filter(|account| account.leaving.is_none());
    let account = account.ok_or_else(Refusal::not_found)?;
    let addresses = accounts::addresses(view, subject)?;
    Ok(Whole { account, addresses, orders: orders::of_customer(view, subject)? })
}

async fn show_one(visit: Visit, Path(id): Path<String>) -> Answer {
    let whole = load(&visit.view()?, &id)?;
    Ok(page(customer_page(&visit, &whole, "", &Problems::new())?))
}

const SHORT_REASON: Text =
    Text::new("Say in a few words why you need to see this.", "请简要说明查看的理由（至少 5 个字）。");
pub const REVEALED: Text = Text::new("a customer's data shown whole", "查看客户完整信息");

/// The look is stored before anything is shown.
async fn reveal(mut visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    visit.path = format!("{HOME}/{id}");
    let whole = load(&visit.view()?, &id)?;
    let reason = match read_reason(&form) {
        Ok(reason) => reason,
        Err(refusal) => {
            let problems = front::problems_of(&visit, &refusal);
            return Ok(refused(&refusal, customer_page(&visit, &whole, form.raw("reason"), &problems)?));
        }
    };
    let (looker, subject) = (Looker::of(&visit)?, whole.account.subject);
    visit
        .shop
        .store
        .commit(move |plan| {
            // Whoever has left meanwhile is neither shown nor logged.
            if !accounts::is_in_use(plan, subject)? {
                return Err(Refusal::not_found().into());
            }
            let is_bare = !orders::are_underway(plan, subject)? && !requests::are_open(plan, subject)?;
            Ok(log_reveal(plan, &looker, REVEALED, subject, &reason, is_bare)?)
        })
        .await?;
    Ok(page(revealed_page(&visit, &whole)?))
}

/// Reads the field `reason`: at least five letters.
fn read_reason(form: &Form) -> Result<String, Refusal> {
    let mut problems = Vec::new();
    let reason = form.line("reason", 500, &mut problems);
    let letters = reason.chars().filter(|c| c.is_alphanumeric()).count();
    if letters < LEAST_REASON && problems.is_empty() {
        problems.push(Problem::new("reason", SHORT_REASON));
    }
    Refusal::unless_empty(problems).map(|()| reason)
}

const RELEASED: Text = Text::new("a frozen account opened again", "解除账号冻结");

/// Staff let the holder of a frozen account in again (INC-05), once they know that it is the holder.
async fn release(visit: Visit, Path(id): Path<String>) -> Answer {
    let subject = load(&visit.view()?, &id)?.account.subject;
    let looker = Looker::of(&visit)?;
    let released = visit.shop.store.commit(move |plan| {
        accounts::release(plan, subject)?;
        Ok(log_look(plan, &looker, RELEASED, Some(subject), None, "")?)
    });
    released.await?;
    visit.shop.outbox_bell.notify_one();
    Ok(see(&format!("{HOME}/{subject}")))
}

/// That the account is frozen, and the way to open it.
fn frozen_part(visit: &Visit, subject: SubjectId) -> StoreResult<Markup> {
    let l = visit.locale;
    let Some(since) = accounts::frozen_since(&visit.view()?, subject)? else { return Ok(html! {}) };
    let since = since.minute(visit.shop.zone());
    Ok(ui::notice(
        Tone::Warn,
        html! {
            p { (t!(l, "This account is frozen since {since}: it was reported that it may be in other hands. It opens by a new password, set with a code to its contact, or here.",
                "该账号自 {since} 起冻结，原因是被报告可能遭他人使用。顾客验证联系方式并重设密码后即解除，也可在此解除。")) }
            p { a href="/admin/verify" { (t!(l, "Make sure who is asking first", "请先核实对方身份")) } }
            (ui::button_form(&format!("{HOME}/{subject}/release"),
                ui::secondary_button(&t!(l, "Open the account again", "解除冻结"))))
        },
    ))
}

fn customer_page(visit: &Visit, whole: &Whole, reason: &str, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let account = &whole.account;
    let act = format!("{HOME}/{}/reveal", account.subject);
    let hint = t!(l, "Logged together with your name and the time.", "将与您的姓名和时间一并记录。");
    let addresses: Vec<Vec<String>> =
        whole.addresses.iter().map(|saved| address::masked(&saved.address)).collect();
    let facts = [
        (t!(l, "Account", "账号"), html! { (contact::mask_name(&account.name)) }),
        (t!(l, "Nickname", "昵称"), html! { (masked_nickname(account)) }),
        (t!(l, "Email", "邮箱"), html! { (masked_email(account)) }),
        (t!(l, "Mobile", "手机号"), html! { (masked_mobile(account)) }),
    ];
    let asking = ui::section(
        &t!(l, "See it whole", "查看完整信息"),
        ui::form(
            &act,
            html! {
                (Field::text("reason", &t!(l, "Reason", "查看理由")).value(reason).hint(&hint)
                    .autocomplete("off").problems(problems).render())
                (ui::primary_button(&t!(l, "Log the look and show", "记录并查看")))
            },
        ),
    );
    let title = t!(l, "Customer", "客户");
    let main = html! {
        (ui::breadcrumbs(l, &[(HOME, &t!(l, "Customers", "客户")), ("", &title)]))
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        (frozen_part(visit, account.subject)?)
        (facts_section(visit, account, &facts))
        (addresses_section(l, &addresses))
        (orders_section(visit, &whole.orders))
        (asking)
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, HOME, main)
}

fn masked_nickname(account: &Account) -> String {
    if account.nickname.is_empty() { "–".to_owned() } else { contact::mask_name(&account.nickname) }
}

fn revealed_page(visit: &Visit, whole: &Whole) -> StoreResult<Markup> {
    let l = visit.locale;
    let account = &whole.account;
    let or_none = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("–").to_owned();
    let addresses: Vec<Vec<String>> =
        whole.addresses.iter().map(|saved| address::lines(&saved.address, l)).collect();
    let facts = [
        (t!(l, "Account", "账号"), html! { (account.name) }),
        (t!(l, "Nickname", "昵称"), html! { (or_none(Some(&account.nickname))) }),
        (t!(l, "Email", "邮箱"), html! { (or_none(account.email.as_deref())) }),
        (t!(l, "Mobile", "手机号"), html! { (or_none(account.mobile.as_deref())) }),
    ];
    let title = t!(l, "Customer, whole", "客户完整信息");
    let masked = format!("{HOME}/{}", account.subject);
    let main = html! {
        (ui::breadcrumbs(l, &[(HOME, &t!(l, "Customers", "客户")), (&masked, &t!(l, "Customer", "客户")), ("", &title)]))
        (ui::heading(&title, html! {}))
        (ui::notice(Tone::Neutral, html! { p { (t!(
            l,
            "This look was logged. The page is shown once.",
            "本次查看已记录，此页面仅显示一次。"
        )) } }))
        (facts_section(visit, account, &facts))
        (addresses_section(l, &addresses))
        (orders_section(visit, &whole.orders))
        p { (ui::link_button(&masked, &t!(l, "Mask it again", "恢复隐藏"))) }
    };
    front::admin_page(visit, &Page { title: &title, ..Page::default() }, HOME, main)
}

fn facts_section(visit: &Visit, account: &Account, facts: &[(String, Markup)]) -> Markup {
    let l = visit.locale;
    let mut all = facts.to_vec();
    all.push((t!(l, "Language", "语言"), html! { (account.language.pick("English", "中文")) }));
    all.push((t!(l, "Since", "注册时间"), html! { (account.created.minute(visit.shop.zone())) }));
    ui::section(&t!(l, "Account", "账号"), ui::facts(&all))
}

fn addresses_section(l: Locale, addresses: &[Vec<String>]) -> Markup {
    let named = |(place, lines): (usize, &Vec<String>)| {
        let number = place + 1;
        (t!(l, "Address {number}", "地址 {number}"), html! { @for line in lines { div { (line) } } })
    };
    let all: Vec<(String, Markup)> = addresses.iter().enumerate().map(named).collect();
    ui::section(
        &t!(l, "Saved addresses", "收货地址"),
        html! {
            @if all.is_empty() { p { (t!(l, "None.", "无。")) } }
            @else { (ui::facts(&all)) }
        },
    )
}

fn orders_section(visit: &Visit, orders: &[CustomerOrder]) -> Markup {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "Order", "订单号")),
        Column::text(t!(l, "Placed", "下单时间")),
        Column::text(t!(l, "State", "状态")),
        Column::number(t!(l, "Total", "金额")),
    ];
    let rows: Vec<Vec<Markup>> = orders
        .iter()
        .map(|order| {
            vec![
                html! { a href={ "/admin/orders/" (order.number) } { (order.number) } },
                html! { (order.placed.minute(visit.shop.zone())) },
                html! { (order.state.get(l)) },
                ui::price(&order.total.text(l)),
            ]
        })
        .collect();
    ui::section(
        &t!(l, "Orders", "订单"),
        html! {
            @if rows.is_empty() { p { (t!(l, "None.", "无。")) } }
            @else { (ui::table(&t!(l, "Orders of this customer", "该客户的订单"), &columns, &rows)) }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_needs_a_reason_of_five_letters() {
        let read = |text: &str| read_reason(&Form::parse(format!("reason={text}").as_bytes())).is_ok();
        assert!(read("parcel came back"));
        assert!(read("%E5%8C%85%E8%A3%B9%E9%80%80%E5%9B%9E%E4%BA%86"));
        assert!(!read("why"));
        assert!(!read("......"));
        assert!(!read(""));
    }

    #[test]
    fn contacts_and_names_are_told_apart() {
        assert_eq!(handle_of("138 0013 8000", "CN"), Some((Handle::Contact, "+8613800138000".to_owned())));
        assert_eq!(handle_of("Zoe_1", "CN"), Some((Handle::AccountName, "zoe_1".to_owned())));
        assert_eq!(handle_of("?", "CN"), None);
    }
}
