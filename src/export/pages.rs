//! Where a person asks for the copy of their data and fetches it.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use maud::{Markup, html};

use super::records::{ExportRow, State};
use super::{ask, file_name, folder, of};
use crate::front::{self, Page};
use crate::refusal::{Decided, Refusal, Stop};
use crate::store::{StoreError, StoreResult};
use crate::t;
use crate::web::ui::{self, Tone};
use crate::web::{Answer, Route, Visit, Who, aside, get, page, post, see};

const HERE: &str = "/account/privacy/export";
/// A page that waits looks again after so many seconds.
const LOOKS_AGAIN: &str = "2";

pub fn routes() -> Vec<Route> {
    vec![
        post(HERE, Who::Customer, "asks for a copy of one's data", make),
        get("/account/privacy/export/{number}", Who::Customer, fetch),
    ]
}

async fn make(visit: Visit) -> Answer {
    let subject = visit.subject()?;
    let (language, random) = (visit.locale, visit.shop.random.clone());
    let number = visit.shop.store.commit(move |plan| Ok(ask(plan, subject, language, &*random)?)).await?;
    visit.shop.export_bell.notify_one();
    Ok(see(&format!("{HERE}/{number}")))
}

/// The person's own copy of this number; anybody else's is not there.
fn own(visit: &Visit, number: &str) -> Decided<ExportRow> {
    let found = of(&visit.view()?, visit.subject()?, visit.shop.clock.now())?;
    Ok(found.filter(|row| row.number == number).ok_or_else(Refusal::not_found)?)
}

async fn fetch(visit: Visit, Path(number): Path<String>) -> Answer {
    let row = own(&visit, &number)?;
    match row.state {
        State::Ready(_) => aside(move || Ok(zip(read(&visit, &row)?))).await,
        State::Waiting => {
            let mut response = (StatusCode::ACCEPTED, written(&visit, &row)?).into_response();
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(LOOKS_AGAIN));
            Ok(response)
        }
        State::Failed => Ok(page(written(&visit, &row)?)),
    }
}

fn read(visit: &Visit, row: &ExportRow) -> Result<Vec<u8>, Stop> {
    let name = file_name(row);
    let sealed = visit.shop.disk.read(&folder(&visit.shop.dir).join(&name));
    let sealed = match sealed {
        // Erased since the row was read.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Refusal::not_found().into()),
        read => read.map_err(StoreError::Io)?,
    };
    Ok(visit.view()?.open_file(&name, &sealed)?.ok_or_else(Refusal::not_found)?)
}

fn zip(bytes: Vec<u8>) -> axum::response::Response {
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, r#"attachment; filename="my-data.zip""#),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (headers, bytes).into_response()
}

fn written(visit: &Visit, row: &ExportRow) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "A copy of your data", "个人信息副本");
    let main = html! {
        (ui::heading(&title, html! {}))
        @if row.state == State::Waiting {
            (ui::notice(Tone::Neutral, html! { p { (t!(l,
                "The copy is being made. The download begins by itself; the file stands on the privacy page for 7 days.",
                "正在生成副本，完成后将自动下载；文件在隐私设置页保留 7 天。")) } }))
            p { a href={ (HERE) "/" (row.number) } { (t!(l, "Look again", "刷新")) } }
        } @else {
            (ui::notice(Tone::Bad, html! { p { (t!(l,
                "The copy could not be made. Please ask for it once more; if that fails too, write to us.",
                "副本生成失败，请重新申请；如仍失败，请联系我们。")) } }))
        }
        p { a href="/account/privacy" { (t!(l, "Back to privacy", "返回隐私设置")) } }
    };
    front::account_page(visit, &Page { title: &title, ..Page::default() }, "/account/privacy", main)
}

/// The part of the privacy page about the copy: how the one that there is stands, and the button for a new one.
///
/// # Errors
/// If the store could not be read.
pub fn list(visit: &Visit) -> Result<Markup, Stop> {
    let l = visit.locale;
    let row = of(&visit.view()?, visit.subject()?, visit.shop.clock.now())?;
    Ok(html! {
        p { (t!(l, "A ZIP file with all that is kept of you: for programs (JSON, with its schema) and to read.",
            "包含本店保存的您的全部信息的 ZIP 文件：机器可读（JSON 及其格式说明）与网页两种形式。")) }
        @if let Some(row) = row { p { (state(visit, &row)) } }
        (ui::button_form(HERE, ui::secondary_button(&t!(l, "Make a new copy", "生成新副本"))))
    })
}

fn state(visit: &Visit, row: &ExportRow) -> Markup {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let (made, until) = (row.asked.minute(zone), row.until.minute(zone));
    let path = format!("{HERE}/{}", row.number);
    match row.state {
        State::Ready(bytes) => {
            let size = bytes.div_ceil(1000);
            html! {
                a href=(path) { (t!(l, "Your copy of {made}", "{made} 的副本")) }
                " " small { (t!(l, "{size} kB, until {until}", "{size} kB，保留至 {until}")) }
            }
        }
        State::Waiting => html! { a href=(path) { (t!(l, "It is being made.", "正在生成。")) } },
        State::Failed => {
            html! { (t!(l, "The copy of {made} could not be made.", "{made} 的副本生成失败。")) }
        }
    }
}
