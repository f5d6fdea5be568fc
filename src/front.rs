//! The frame of every page of the shop: what stands around its middle. Pages are kept while it is the same: whatever
//! it shows besides the catalogue is part of `Shop::frame_version`, and whoever changes that says so.

use maud::{Markup, html};

use crate::closing;
use crate::locale::Text;
use crate::policy;
use crate::refusal::{Kind, Refusal, Stop};
use crate::settings::Settings;
use crate::store::StoreResult;
use crate::t;
use crate::web::assets::ADDRESSES;
use crate::web::ui::{self, Footer, Frame};
use crate::web::{Answer, Form, Visit, refused};

/// What a page says of itself.
#[derive(Clone, Copy, Default)]
pub struct Page<'a> {
    /// Without the shop's name; empty on the home page.
    pub title: &'a str,
    pub description: Option<&'a str>,
    /// Not for search engines.
    pub noindex: bool,
    pub has_problems: bool,
    /// What was searched for, on the search page.
    pub query: &'a str,
    /// Markup at the very end of the page, where nothing else is to be wrapped around it.
    pub end: &'a str,
}

/// A page of the shop.
pub fn shop_page(visit: &Visit, page: &Page<'_>, main: Markup) -> StoreResult<Markup> {
    let main = html! { (closing::site_notice(visit)) (policy::site_notice(visit)) (main) };
    framed(visit, page, |frame| ui::shop_page(frame, main))
}

/// A page of the personal centre; `current` is the address of its entry in the side list.
pub fn account_page(visit: &Visit, page: &Page<'_>, current: &str, main: Markup) -> StoreResult<Markup> {
    let page = Page { noindex: true, ..*page };
    let main = html! { (closing::site_notice(visit)) (policy::prompt(visit)?) (main) };
    framed(visit, &page, |frame| ui::account_page(frame, current, main))
}

/// A page of the back office; `current` is the address of its entry in the side list. Before
/// sign-in it has no list.
pub fn admin_page(visit: &Visit, page: &Page<'_>, current: &str, main: Markup) -> StoreResult<Markup> {
    let page = Page { noindex: true, ..*page };
    framed(visit, &page, |frame| match &visit.staff {
        Some((member, _)) => {
            let staff = ui::Staff { name: &member.name, is_owner: member.owner, current };
            ui::admin_page(frame, &staff, main)
        }
        None => ui::admin_door_page(frame, main),
    })
}

fn framed(visit: &Visit, page: &Page<'_>, draw: impl FnOnce(&Frame<'_>) -> Markup) -> StoreResult<Markup> {
    let shop = &visit.shop;
    let settings = shop.settings();
    let l = visit.locale;
    let view = visit.view()?;
    let categories = crate::catalogue::menu(shop, l)?;
    let footer = footer_of(&settings);
    let band = rehearsal_band(visit);
    let path = visit.path.split('?').next().unwrap_or("/");
    let canonical = format!("{}{path}", shop.url());
    let frame = Frame {
        l,
        title: page.title,
        shop_name: &settings.name,
        description: page.description,
        path: &visit.path,
        canonical: Some(&canonical),
        noindex: page.noindex,
        signed_in: visit.customer.is_some(),
        cart_count: crate::cart::count(&view, visit)?,
        categories: &categories,
        query: page.query,
        end: page.end,
        footer: &footer,
        rehearsal: band.as_deref(),
        has_problems: page.has_problems,
        asset_css: &ADDRESSES.css,
        asset_js: &ADDRESSES.js,
        asset_icon: &ADDRESSES.icon,
    };
    Ok(draw(&frame))
}

fn footer_of(settings: &Settings) -> Footer {
    Footer {
        company: settings.company.clone(),
        address: settings.address.clone(),
        licence: (settings.licence.clone(), String::new()),
        icp: settings.icp.clone(),
        links: Vec::new(),
    }
}

fn rehearsal_band(visit: &Visit) -> Option<String> {
    let l = visit.locale;
    if visit.shop.demo {
        return Some(t!(
            l,
            "This is a demonstration shop. Nothing here is sold.",
            "这是演示店铺，不会真实销售商品。"
        ));
    }
    visit
        .shop
        .rehearsal
        .then(|| t!(l, "This is a rehearsal. Nothing here is sold.", "这是演练环境，不会真实销售商品。"))
}

/// The page for what was not answered otherwise.
pub fn refusal_page(visit: &Visit, refusal: &Refusal) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = match refusal.kind {
        Kind::NotFound => t!(l, "Not found", "页面不存在"),
        Kind::Forbidden => t!(l, "Not allowed", "无权访问"),
        Kind::TooMany { .. } => t!(l, "Too many tries", "操作过于频繁"),
        Kind::Unavailable { .. } => t!(l, "Not at the moment", "暂时无法服务"),
        Kind::Invalid | Kind::Conflict | Kind::TooLarge | Kind::TooSlow => {
            t!(l, "That did not work", "操作未成功")
        }
    };
    let main = html! {
        (ui::heading(&title, html! {}))
        @for problem in &refusal.problems { p { (problem.text(l)) } }
        p { a href="/" { (t!(l, "To the shop's home page", "返回店铺首页")) } }
    };
    let page = Page { title: &title, noindex: true, ..Page::default() };
    if visit.path.starts_with("/admin") {
        return admin_page(visit, &page, "", main);
    }
    shop_page(visit, &page, main)
}

/// The problems of a refusal as the form parts show them.
pub fn problems_of(visit: &Visit, refusal: &Refusal) -> ui::Problems {
    let mut problems = ui::Problems::new();
    for problem in &refusal.problems {
        problems.add(&problem.field, problem.text(visit.locale));
    }
    problems
}

/// The value of a field in the query of this visit.
pub fn asked(visit: &Visit, name: &str) -> String {
    let query = visit.path.split_once('?').map_or("", |(_, query)| query);
    Form::parse(query.as_bytes()).raw(name).to_owned()
}

/// The sentence for `?said=word`, if the page knows the word.
pub fn said(visit: &Visit, known: &[(&str, Text)]) -> Markup {
    let word = asked(visit, "said");
    let text = known.iter().find(|(name, _)| *name == word).map(|(_, text)| text.get(visit.locale));
    html! { @if let Some(text) = text { (ui::notice(ui::Tone::Good, html! { (text) })) } }
}

/// A page after a form: refused ones come back with what was typed, everything else goes on.
pub fn or_again(
    visit: &Visit,
    stop: Stop,
    again: impl FnOnce(&Visit, &ui::Problems) -> Result<Markup, Stop>,
) -> Answer {
    match stop {
        Stop::Refused(refusal) if is_about_a_form(&refusal) => {
            let problems = problems_of(visit, &refusal);
            Ok(refused(&refusal, again(visit, &problems)?))
        }
        stop => Err(stop),
    }
}

/// The same for a form whose address is no page: the page that comes back stands at `page`, where the
/// language switch leads.
pub fn or_again_at(
    visit: &Visit,
    page: &str,
    stop: Stop,
    again: impl FnOnce(&Visit, &ui::Problems) -> Result<Markup, Stop>,
) -> Answer {
    let there = Visit { path: page.to_owned(), ..visit.clone() };
    or_again(&there, stop, again)
}

fn is_about_a_form(refusal: &Refusal) -> bool {
    matches!(refusal.kind, Kind::Invalid | Kind::TooMany { .. })
}
