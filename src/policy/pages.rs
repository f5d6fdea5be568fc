//! The policy as people read it: the version in force, the older ones, what a version changes; and what a
//! person agreed to.

use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use maud::{Markup, PreEscaped, html};

use super::compare::Change;
use super::people::{accept, accepted, bound};
use super::rules::{self, version, versions};
use super::{Standing, differences};
use crate::front::{self, Page};
use crate::locale::{Locale, Text};
use crate::pages::{PRIVACY_DESCRIPTION, PRIVACY_TITLE};
use crate::refusal::{Decided, Refusal, Stop};
use crate::store::{Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Column, Field, Tone};
use crate::web::{Answer, Checked, Route, Visit, Who, get, page, post, see};

const OWN: &str = "/account/privacy/policy";
const ALL: &str = "/privacy/versions";

pub fn routes() -> Vec<Route> {
    vec![
        get("/privacy", Who::Anyone, show),
        get(ALL, Who::Anyone, list),
        get("/privacy/versions/{n}", Who::Anyone, archived),
        get("/privacy/archive.css", Who::Anyone, style),
        get("/privacy/changes/{n}", Who::Anyone, changes),
        get(OWN, Who::Customer, show_own),
        post(OWN, Who::Customer, "agrees to a version of the policy", agree),
    ]
}

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let number = visit.shop.policy().in_force;
    let view = visit.view()?;
    let since = version(&view, number)?.effective.day(visit.shop.zone());
    let main = html! {
        (ui::heading(PRIVACY_TITLE.get(l), html! {}))
        p.note {
            (t!(l, "Version {number}, in force since {since}. ", "第 {number} 版，自 {since} 起生效。"))
            a href=(ALL) { (t!(l, "All versions", "历次版本")) }
        }
        (ui::prose(PreEscaped(rules::text(&view, number, l)?)))
    };
    let about = Page {
        title: PRIVACY_TITLE.get(l),
        description: Some(PRIVACY_DESCRIPTION.get(l)),
        ..Page::default()
    };
    Ok(page(front::shop_page(&visit, &about, main)?))
}

async fn list(visit: Visit) -> Answer {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let title = t!(l, "Versions of the privacy policy", "隐私政策历次版本");
    let columns = [
        Column::text(t!(l, "Version", "版本")),
        Column::text(t!(l, "Announced", "公布")),
        Column::text(t!(l, "In force from", "生效")),
        Column::text(t!(l, "What changed", "变更内容")),
    ];
    let rows: Vec<Vec<Markup>> = versions(&visit.view()?)?
        .into_iter()
        .map(|(number, row)| {
            vec![
                html! { a href={ (ALL) "/" (number) } { (t!(l, "Version {number}", "第 {number} 版")) } },
                html! { (row.announced.day(zone)) },
                html! { (row.effective.day(zone)) },
                html! {
                    @if number == 1 { (t!(l, "The first version", "首个版本")) } @else {
                        a href={ "/privacy/changes/" (number) } { (kind(l, row.is_major)) }
                    }
                },
            ]
        })
        .collect();
    let main = html! {
        (ui::heading(&title, html! {}))
        p { (t!(l, "Each version stays readable here for ever, byte by byte as it was published.",
            "历次版本在此永久可读，与公布时逐字节一致。")) }
        (ui::table(&title, &columns, &rows))
    };
    Ok(page(front::shop_page(&visit, &Page { title: &title, ..Page::default() }, main)?))
}

pub(super) fn kind(l: Locale, is_major: bool) -> String {
    if is_major { t!(l, "a major change", "重大变更") } else { t!(l, "a minor change", "一般变更") }
}

fn number_of(text: &str) -> Result<u64, Stop> {
    Ok(text.parse().map_err(|_| Refusal::not_found())?)
}

/// A version as it was published: a page by itself, whatever becomes of the shop's looks.
async fn archived(visit: Visit, Path(number): Path<String>) -> Answer {
    let html = rules::archived(&visit.view()?, number_of(&number)?, visit.locale)?;
    Ok(PreEscaped(html).into_response())
}

/// The looks of archived versions: apart from them, so that they stay what they were.
async fn style(_visit: Visit) -> Answer {
    const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;\
        color:#222;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}\
        th,td{text-align:left;vertical-align:top;padding:.4rem .5rem;border-bottom:1px solid #ddd}\
        h2{margin-top:2.2rem}@media(max-width:40rem){table,tbody,tr,td{display:block}thead{display:none}td{border:0}\
        tr{border-bottom:1px solid #ddd;padding:.4rem 0}}";
    Ok((
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=86400")],
        STYLE,
    )
        .into_response())
}

/// A version in the form in which it is kept for ever.
pub(super) fn archive_page(shop: &str, number: u64, l: Locale, effective: &str, main: &str) -> String {
    let title = t!(l, "Privacy policy of {shop}, version {number}", "{shop} 隐私政策（第 {number} 版）");
    let page = html! {
        (maud::DOCTYPE)
        html lang=(l.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="stylesheet" href="/privacy/archive.css";
            }
            body {
                p { a href=(ALL) { (t!(l, "All versions", "历次版本")) } }
                h1 { (title) }
                p { (t!(l, "In force from {effective}.", "自 {effective} 起生效。")) }
                main { (PreEscaped(main)) }
            }
        }
    };
    page.into_string()
}

async fn changes(visit: Visit, Path(number): Path<String>) -> Answer {
    let l = visit.locale;
    let number = number_of(&number)?;
    let view = visit.view()?;
    let row = version(&view, number)?;
    let before = number.checked_sub(1).filter(|before| *before > 0).ok_or_else(Refusal::not_found)?;
    let (was, is) = (rules::text(&view, before, l)?, rules::text(&view, number, l)?);
    let day = row.effective.day(visit.shop.zone());
    let title = t!(l, "What version {number} changes", "第 {number} 版变更内容");
    let main = html! {
        (ui::breadcrumbs(l, &[("/privacy", &t!(l, "Privacy", "隐私政策")), (ALL, &t!(l, "Versions", "历次版本")), ("", &title)]))
        (ui::heading(&title, html! { (ui::badge(tone(row.is_major), &kind(l, row.is_major))) }))
        p { (t!(l, "In force from {day}.", "自 {day} 起生效。")) }
        (change_list(l, &row.changes))
        @if row.reduces {
            (ui::notice(Tone::Warn, html! { p { (t!(l,
                "This version takes something from people, so it binds an account only once its holder says yes. Until then the version agreed to before goes on for it.",
                "本版减少了部分权利，仅在账号持有人明确同意后对其生效；在此之前仍适用其此前同意的版本。"))
                " " a href=(OWN) { (t!(l, "Which version binds me", "我适用的版本")) } } }))
        }
        (ui::section(&t!(l, "In the text", "文字对照"), differences::part(l, &was, &is)))
        p { a href={ (ALL) "/" (before) } { (t!(l, "Version {before}", "第 {before} 版")) } " · "
            a href={ (ALL) "/" (number) } { (t!(l, "Version {number}", "第 {number} 版")) } }
    };
    Ok(page(front::shop_page(&visit, &Page { title: &title, ..Page::default() }, main)?))
}

fn tone(is_major: bool) -> Tone {
    if is_major { Tone::Warn } else { Tone::Neutral }
}

/// The changes in plain words, what takes something away marked.
pub(super) fn change_list(l: Locale, changes: &[Change]) -> Markup {
    html! {
        ul {
            @for change in changes {
                li {
                    (change.text(l))
                    @if let Some(major) = change.major {
                        " " (ui::badge(Tone::Warn, &t!(l, "major: {}", "重大变更：{}", major.title().get(l))))
                    }
                    @if change.reduces { " " (ui::badge(Tone::Bad, &t!(l, "needs your yes", "需您明确同意"))) }
                }
            }
        }
    }
}

// ---- What binds a person ----

const SAID: [(&str, Text); 1] = [("agreed", Text::new("Noted, thank you.", "已记录，谢谢。"))];

async fn show_own(visit: Visit) -> Answer {
    let l = visit.locale;
    let subject = visit.subject()?;
    let view = visit.view()?;
    let zone = visit.shop.zone();
    let Standing { in_force, .. } = *visit.shop.policy();
    let binds = bound(&view, subject)?;
    let title = t!(l, "The policy that binds us", "您适用的隐私政策");
    let main = html! {
        (ui::heading(&title, html! {}))
        (front::said(&visit, &SAID))
        p { (t!(l, "For your account version {binds} is in force.", "您的账号适用第 {binds} 版。")) " "
            a href={ (ALL) "/" (binds) } { (t!(l, "Read it", "阅读")) } }
        @if let Some(row) = accepted(&view, subject)? {
            @let (number, at, digest) = (row.version, row.at.minute(zone), data_encoding::HEXLOWER.encode(&row.digest));
            p { (t!(l, "You agreed to version {number} on {at}.", "您于 {at} 同意了第 {number} 版。")) }
            p.note { (t!(l, "Digest of its text: {digest}", "文本摘要：{digest}")) }
        }
        @if binds < in_force {
            (ui::notice(Tone::Neutral, html! { p { (t!(l,
                "For the shop version {in_force} is in force. It takes something from you and binds you only if you say yes.",
                "本店当前版本为第 {in_force} 版，其中减少了您的部分权利，仅在您同意后对您生效。")) } }))
        }
        (open_question(&visit, accepted(&view, subject)?.map_or(0, |row| row.version))?)
    };
    Ok(page(front::account_page(
        &visit,
        &Page { title: &title, ..Page::default() },
        "/account/privacy",
        main,
    )?))
}

/// The newest version that the person is asked about and has not answered to, with the form for the answer.
fn open_question(visit: &Visit, agreed: u64) -> Decided<Markup> {
    let l = visit.locale;
    let Some(number) = visit.shop.policy().asked_about.filter(|number| agreed < *number) else {
        return Ok(html! {});
    };
    let row = version(&visit.view()?, number)?;
    let day = row.effective.day(visit.shop.zone());
    let button = if row.reduces {
        t!(l, "I agree to version {number}", "我同意第 {number} 版")
    } else {
        t!(l, "I have read it", "我已阅读")
    };
    let heading = t!(l, "Version {number}, from {day} on", "第 {number} 版，自 {day} 起");
    Ok(ui::section(
        &heading,
        html! {
            (change_list(l, &row.changes))
            p { a href={ "/privacy/changes/" (number) } { (t!(l, "Side by side", "文字对照")) } }
            (ui::form(OWN, html! {
                (Field::hidden("version", &number.to_string()).render())
                (ui::primary_button(&button))
            }))
        },
    ))
}

async fn agree(visit: Visit, Checked(form): Checked) -> Answer {
    let subject = visit.subject()?;
    let number = number_of(form.raw("version"))?;
    visit.shop.store.commit(move |plan: &mut Plan<'_>| accept(plan, subject, number)).await?;
    Ok(see(&format!("{OWN}?said=agreed")))
}

/// What an account's pages ask of a person: there is a major change, and they have not answered to it.
///
/// # Errors
/// If the store could not be read.
pub fn prompt(visit: &Visit) -> StoreResult<Markup> {
    let Some(number) = visit.shop.policy().asked_about else { return Ok(html! {}) };
    let Some(subject) = visit.subject().ok() else { return Ok(html! {}) };
    if visit.path.starts_with(OWN)
        || accepted(&visit.view()?, subject)?.is_some_and(|row| row.version >= number)
    {
        return Ok(html! {});
    }
    let l = visit.locale;
    Ok(ui::notice(
        Tone::Warn,
        html! { p {
            (t!(l, "Our privacy policy has a major change. ", "隐私政策有重大变更。"))
            a href=(OWN) { (t!(l, "Please read what it means for you", "请查看对您的影响")) }
        } },
    ))
}

/// The note on every page that a version is announced (NOT-02).
pub fn site_notice(visit: &Visit) -> Markup {
    let Some((number, at)) = visit.shop.policy().upcoming else { return html! {} };
    let (l, day) = (visit.locale, at.day(visit.shop.zone()));
    ui::notice(
        Tone::Neutral,
        html! { p {
            (t!(l, "From {day} on a new privacy policy is in force. ", "新版隐私政策将于 {day} 起生效。"))
            a href={ "/privacy/changes/" (number) } { (t!(l, "What changes", "变更内容")) }
        } },
    )
}
