//! The ZIP of a copy.

use std::io::{Cursor, Write};

use maud::{DOCTYPE, Markup, html};
use serde_json::{Map, Value as Json, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::records::ExportRow;
use super::section::{Entry, Fact, Section, Value};
use crate::locale::Locale;
use crate::shop::Shop;
use crate::store::{StoreError, StoreResult};
use crate::t;

/// Says what `data.json` holds.
const SCHEMA: &str = include_str!("data.schema.json");
/// Goes up when `data.json` changes in a way that its readers must know of.
const FORMAT: u32 = 1;

/// The files of a copy in one.
///
/// # Errors
/// If it could not be packed.
pub fn zip(shop: &Shop, row: &ExportRow, sections: &[Section]) -> StoreResult<Vec<u8>> {
    let data = data(shop, row, sections).to_string();
    let page = page(shop, row, sections).into_string();
    let files = [("data.json", data.as_str()), ("data.schema.json", SCHEMA), ("index.html", page.as_str())];
    pack(&files).map_err(|error| StoreError::Io(std::io::Error::other(error)))
}

fn pack(files: &[(&str, &str)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in files {
        writer.start_file(*name, options)?;
        writer.write_all(text.as_bytes())?;
    }
    Ok(writer.finish()?.into_inner())
}

fn data(shop: &Shop, row: &ExportRow, sections: &[Section]) -> Json {
    let mut data = Map::new();
    data.insert("$schema".into(), json!("data.schema.json"));
    data.insert("format".into(), json!(FORMAT));
    data.insert("shop".into(), json!(shop.settings().name));
    data.insert("made".into(), json!(row.asked.instant().to_string()));
    data.extend(sections.iter().map(|section| (section.id.to_owned(), section.json())));
    Json::Object(data)
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
    h2{margin-top:2.5rem;border-bottom:1px solid #ccc}\
    dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.2rem 1.2rem;margin:0 0 1.2rem;\
    padding:.8rem 1rem;background:#f6f6f4;border-radius:.5rem}\
    dt{color:#666}dd{margin:0;overflow-wrap:anywhere}dd dl{background:#fff;margin:.3rem 0}";

fn page(shop: &Shop, row: &ExportRow, sections: &[Section]) -> Markup {
    let l = row.language;
    let settings = shop.settings();
    let name = &settings.name;
    let made = row.asked.minute(shop.zone());
    let title = t!(l, "Your data at {name}", "您在 {name} 的个人信息");
    html! {
        (DOCTYPE)
        html lang=(l.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (STYLE) }
            }
            body {
                h1 { (title) }
                p { (t!(l, "As it stood on {made}. The same stands in data.json for programs; data.schema.json says how.",
                    "截至 {made} 的内容。同样的内容以机器可读形式保存在 data.json 中，格式说明见 data.schema.json。")) }
                p { (t!(l, "Your password and sign-in codes are not in here: the shop itself cannot read them. Orders that you deleted from your list are kept for the legal period only and shown to nobody; ask for them by a request with the order's number.",
                    "密码与登录密钥不在其中，本店无法读取。您已从列表中删除的订单仅按法定期限保存、不向任何人展示；如需查阅，请凭订单号提交权利请求。")) }
                @for section in sections {
                    h2 id=(section.id) { (section.title.get(l)) }
                    @if section.entries.is_empty() { p { (t!(l, "Nothing is kept.", "没有记录。")) } }
                    @for entry in &section.entries { (entry_part(shop, l, entry)) }
                }
            }
        }
    }
}

fn entry_part(shop: &Shop, l: Locale, entry: &Entry) -> Markup {
    html! {
        dl {
            @for fact in entry.iter().filter(|fact| !fact.is_empty()) {
                dt { (fact.title.get(l)) }
                dd { (value_part(shop, l, fact)) }
            }
        }
    }
}

fn value_part(shop: &Shop, l: Locale, fact: &Fact) -> Markup {
    let text = match &fact.value {
        Value::Text(text) | Value::Choice(_, text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Yes(true) => t!(l, "yes", "是"),
        Value::Yes(false) => t!(l, "no", "否"),
        Value::At(at) => at.minute(shop.zone()),
        Value::Money(money) => money.text(l),
        Value::Choices(choices) => {
            choices.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join(l.pick(", ", "、"))
        }
        Value::Entries(entries) => {
            return html! { @for entry in entries { (entry_part(shop, l, entry)) } };
        }
    };
    html! { (text) }
}
