//! The pages of saved addresses (RGT-03).

use axum::extract::Path;
use maud::{Markup, html};

use super::pages::{self, or_again};
use super::saved::{self, SavedAddress, addresses, delete_address, make_default, save_address};
use crate::address::{self, Address};
use crate::front::{self, Page};
use crate::ids::{AddressId, SubjectId};
use crate::locale::{Locale, Text};
use crate::refusal::Refusal;
use crate::store::{Decided, Plan, Stop, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

pub fn routes() -> Vec<Route> {
    vec![
        get("/account/addresses", Who::Customer, list_page),
        post("/account/addresses", Who::Customer, "a new saved address", add),
        get("/account/addresses/{id}", Who::Customer, edit_page),
        post("/account/addresses/{id}", Who::Customer, "a saved address", edit),
        post("/account/addresses/{id}/delete", Who::Customer, "erases a saved address", delete),
        post("/account/addresses/{id}/default", Who::Customer, "which address is used next", set_default),
    ]
}

const SAID: [(&str, Text); 4] = [
    ("saved", Text::new("The address is saved.", "地址已保存。")),
    ("added", Text::new("The address is saved.", "地址已添加。")),
    ("deleted", Text::new("The address is deleted for good.", "地址已永久删除。")),
    ("default", Text::new("This address is used for your next order.", "下次下单将默认使用此地址。")),
];

async fn list_page(visit: Visit) -> Answer {
    let form = address::blank(&visit.shop.settings().country);
    Ok(page(written_list(&visit, &form, &ui::Problems::new())?))
}

async fn add(visit: Visit, form: Form) -> Answer {
    match try_add(&visit, &form).await {
        Ok(()) => Ok(see("/account/addresses?said=added")),
        Err(stop) => or_again(&visit, stop, |visit, problems| written_list(visit, &form, problems)),
    }
}

async fn try_add(visit: &Visit, form: &Form) -> Decided<()> {
    let subject = visit.subject()?;
    let address = read(form)?;
    let default = form.ticked("default");
    let decide = move |plan: &mut Plan<'_>| save_address(plan, subject, &address, default);
    visit.shop.store.commit(decide).await.map(|_| ())
}

fn read(form: &Form) -> Result<Address, Refusal> {
    let mut problems = Vec::new();
    let address = address::read(form, &mut problems);
    Refusal::unless_empty(problems)?;
    Ok(address)
}

fn id_of(text: &str) -> Result<AddressId, Refusal> {
    AddressId::parse(text).ok_or_else(Refusal::not_found)
}

fn one(visit: &Visit, subject: SubjectId, id: AddressId) -> Decided<SavedAddress> {
    let all = addresses(&visit.view()?, subject)?;
    all.into_iter().find(|one| one.id == id).ok_or_else(|| Refusal::not_found().into())
}

async fn edit_page(visit: Visit, Path(id): Path<String>) -> Answer {
    let saved = one(&visit, visit.subject()?, id_of(&id)?)?;
    let form = address::filled(&saved.address);
    Ok(page(written_edit(&visit, &saved, &form, &ui::Problems::new())?))
}

async fn edit(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let subject = visit.subject()?;
    let saved = one(&visit, subject, id_of(&id)?)?;
    match try_edit(&visit, subject, saved.id, &form).await {
        Ok(()) => Ok(see("/account/addresses?said=saved")),
        Err(stop) => {
            or_again(&visit, stop, |visit, problems| Ok(written_edit(visit, &saved, &form, problems)?))
        }
    }
}

async fn try_edit(visit: &Visit, subject: SubjectId, id: AddressId, form: &Form) -> Decided<()> {
    let address = read(form)?;
    let default = form.ticked("default");
    let decide = move |plan: &mut Plan<'_>| saved::change_address(plan, subject, id, &address, default);
    visit.shop.store.commit(decide).await
}

async fn delete(visit: Visit, Path(id): Path<String>) -> Answer {
    let (subject, id) = (visit.subject()?, id_of(&id)?);
    visit.shop.store.commit(move |plan| delete_address(plan, subject, id)).await?;
    Ok(see("/account/addresses?said=deleted"))
}

async fn set_default(visit: Visit, Path(id): Path<String>) -> Answer {
    let (subject, id) = (visit.subject()?, id_of(&id)?);
    visit.shop.store.commit(move |plan| make_default(plan, subject, id)).await?;
    Ok(see("/account/addresses?said=default"))
}

fn written_list(visit: &Visit, form: &Form, problems: &ui::Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let all = addresses(&visit.view()?, visit.subject()?)?;
    let title = t!(l, "Addresses", "收货地址");
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &SAID))
        h1 { (title) }
        @if all.is_empty() {
            (ui::empty_state(&t!(l, "You have saved no address yet.", "您还没有保存收货地址。"), html! {}))
        }
        @for one in &all { (written_one(l, one)) }
        (ui::section(&t!(l, "Add an address", "新增收货地址"), ui::form("/account/addresses", html! {
            (address::fields(l, form, problems))
            (default_field(l, form.ticked("default")))
            (ui::primary_button(&t!(l, "Add the address", "添加地址")))
        })))
    };
    let page = Page {
        title: &title,
        has_problems: !problems.is_empty(),
        end: address::suggestions(l, form),
        ..Page::default()
    };
    Ok(front::account_page(visit, &page, "/account/addresses", main)?)
}

fn default_field(l: Locale, checked: bool) -> Markup {
    Field::checkbox("default", &t!(l, "Use it for my next order", "设为默认地址")).checked(checked).render()
}

fn written_one(l: Locale, saved: &SavedAddress) -> Markup {
    let base = format!("/account/addresses/{}", saved.id);
    let lines = address::lines(&saved.address, l);
    let head = html! {
        strong { (lines.first().map(String::as_str).unwrap_or_default()) }
        @if saved.default { " " (ui::badge(Tone::Good, &t!(l, "Default", "默认"))) }
    };
    let body = html! { @for line in lines.iter().skip(1) { p { (line) } } };
    let name = &saved.address.name;
    let acts = html! {
        (ui::link_button(&base, &t!(l, "Change", "修改")))
        @if !saved.default {
            (ui::button_form(&format!("{base}/default"), ui::secondary_button(&t!(l, "Use by default", "设为默认"))))
        }
        (ui::button_form(&format!("{base}/delete"),
            ui::danger_button(&t!(l, "Delete {name}'s address", "删除{name}的地址"))))
    };
    ui::entry(head, body, acts)
}

fn written_edit(
    visit: &Visit,
    saved: &SavedAddress,
    form: &Form,
    problems: &ui::Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Change the address", "修改收货地址");
    let checked = saved.default || form.ticked("default");
    let main = html! {
        (ui::error_summary(l, problems))
        h1 { (title) }
        (ui::form(&format!("/account/addresses/{}", saved.id), html! {
            (address::fields(l, form, problems))
            (default_field(l, checked))
            (ui::primary_button(&t!(l, "Save the address", "保存地址")))
        }))
        p { a href="/account/addresses" { (t!(l, "Back to all addresses", "返回地址列表")) } }
    };
    let page = Page {
        title: &title,
        has_problems: !problems.is_empty(),
        end: address::suggestions(l, form),
        ..Page::default()
    };
    front::account_page(visit, &page, "/account/addresses", main)
}
