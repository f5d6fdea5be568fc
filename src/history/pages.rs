//! `/account/privacy/history`: what was kept, to see and to clear.

use maud::{Markup, html};

use super::{DeviceRow, devices, looks, searches};
use crate::catalogue;
use crate::classes::Class;
use crate::consent::drop_carried;
use crate::front::{self, Page};
use crate::ids::SubjectId;
use crate::locale::{Locale, Text};
use crate::refusal::{Problem, Refusal};
use crate::store::{Plan, StoreResult};
use crate::t;
use crate::web::ui;
use crate::web::{Answer, Checked, Route, Visit, Who, get, page, post, see};

pub const PAGE: &str = "/account/privacy/history";

pub fn routes() -> Vec<Route> {
    vec![get(PAGE, Who::Customer, show), post(PAGE, Who::Customer, "histories of the customer", clear_some)]
}

/// The words that `clear` takes.
const KINDS: [(&str, Class); 3] =
    [("searches", Class::Searches), ("browsing", Class::Browsing), ("devices", Class::Devices)];

async fn clear_some(visit: Visit, Checked(form): Checked) -> Answer {
    let subject = visit.subject()?;
    let wanted = form.raw("clear");
    let classes: Vec<Class> = KINDS
        .into_iter()
        .filter(|(word, _)| *word == wanted || wanted == "all")
        .map(|(_, class)| class)
        .collect();
    if classes.is_empty() {
        let said = Text::new("Choose what to clear.", "请选择要清除的记录。");
        return Err(Refusal::invalid(vec![Problem::new("clear", said)]).into());
    }
    let decide = move |plan: &mut Plan<'_>| {
        Ok(classes.into_iter().try_for_each(|class| drop_carried(plan, subject, class))?)
    };
    visit.shop.store.commit(decide).await?;
    Ok(see(PAGE))
}

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let subject = visit.subject()?;
    let title = t!(l, "Histories", "历史记录");
    let main = html! {
        (ui::heading(&title, html! {}))
        p {
            (t!(l, "Kept only while you allow it, and for you alone. Clearing erases it at once, from backups too. ",
                "仅在您同意期间为您本人保存；清除后立即删除，备份中的也一并失效。"))
            a href="/account/privacy" { (t!(l, "Your choices", "隐私设置")) }
        }
        (ui::section(&t!(l, "Searches", "搜索记录"), search_part(&visit, subject)?))
        (ui::section(&t!(l, "Products looked at", "浏览记录"), look_part(&visit, subject)?))
        (ui::section(&t!(l, "Devices", "设备记录"), device_part(&visit, subject)?))
    };
    let about = Page { title: &title, ..Page::default() };
    Ok(page(front::account_page(&visit, &about, "/account/privacy", main)?))
}

fn search_part(visit: &Visit, subject: SubjectId) -> StoreResult<Markup> {
    let zone = visit.shop.zone();
    let items: Vec<Markup> = searches(&visit.view()?, subject)?
        .iter()
        .map(|(_, row)| html! { a href=(catalogue::search_path(&row.phrase)) { (row.phrase) } " " small { (row.at.minute(zone)) } })
        .collect();
    Ok(part(visit.locale, "searches", &items))
}

fn look_part(visit: &Visit, subject: SubjectId) -> StoreResult<Markup> {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let mut items = Vec::new();
    for (_, row) in looks(&visit.view()?, subject)? {
        let named = catalogue::name_and_path(&visit.shop, row.product, l)?;
        items.push(html! {
            @match named {
                Some((name, path)) => { a href=(path) { (name) } }
                None => { (t!(l, "A product that is gone", "已下架的商品")) }
            }
            " " small { (row.at.minute(zone)) }
        });
    }
    Ok(part(l, "browsing", &items))
}

fn device_part(visit: &Visit, subject: SubjectId) -> StoreResult<Markup> {
    let (l, zone) = (visit.locale, visit.shop.zone());
    let items: Vec<Markup> = devices(&visit.view()?, subject)?
        .iter()
        .map(|(_, row)| html! { (in_words(l, row)) " " small { (row.last.minute(zone)) } })
        .collect();
    Ok(part(l, "devices", &items))
}

fn in_words(l: Locale, row: &DeviceRow) -> String {
    let kind = row.kind.title().get(l).to_owned();
    let language = row.language.tag().to_owned();
    let words = [kind, row.system.clone(), row.browser.clone(), language];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn part(l: Locale, word: &str, items: &[Markup]) -> Markup {
    if items.is_empty() {
        return html! { p { (t!(l, "Nothing is kept.", "没有记录。")) } };
    }
    html! {
        ul { @for item in items { li { (item) } } }
        (ui::button_form(PAGE, html! {
            (ui::Field::hidden("clear", word).render())
            (ui::danger_button(&t!(l, "Clear", "清除")))
        }))
    }
}
