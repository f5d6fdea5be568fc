//! The owner's page about backups: what there is, and one more now.

use maud::{Markup, html};

use super::{BackupError, list, make_recovery_key, now, recipients};
use crate::front::{self, Page};
use crate::locale::Locale;
use crate::refusal::{Kind, Refusal};
use crate::t;
use crate::web::ui::{self, Column, Tone};
use crate::web::{Answer, Route, Visit, Who, get, page, post, see};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/backups", Who::Owner, show),
        post("/admin/backups", Who::Owner, "makes a backup", make),
        post("/admin/backups/recovery-key", Who::Owner, "makes the first recovery key", make_key),
    ]
}

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let done = visit.path.ends_with("said=made");
    let backups = list(&visit.view()?)?;
    let opened_by = recipients(&visit.shop).unwrap_or_default();
    let rows: Vec<Vec<Markup>> = backups
        .iter()
        .map(|(name, row)| {
            vec![
                html! { (row.created.minute(visit.shop.zone())) },
                html! { code { (name) } },
                html! { (size_text(row.bytes)) },
                html! { (row.records) },
            ]
        })
        .collect();
    let columns = [
        Column::text(t!(l, "Made", "备份时间")),
        Column::text(t!(l, "File", "文件")),
        Column::number(t!(l, "Size", "大小")),
        Column::number(t!(l, "Records", "记录数")),
    ];
    let title = t!(l, "Backups", "备份");
    let main = html! {
        (ui::heading(&title, html! {}))
        @if done { (ui::notice(Tone::Good, html! { (t!(l, "The backup was made and read back whole.", "备份已完成，并已完整读回校验。")) })) }
        p { (explain(l)) }
        @if opened_by.is_empty() {
            (ui::notice(Tone::Warn, html! {
                (t!(l, "There is no recovery key, so no backup can be made.", "尚无恢复密钥，无法备份。"))
            }))
            (ui::form("/admin/backups/recovery-key", ui::primary_button(&t!(l, "Make a recovery key", "生成恢复密钥"))))
        } @else {
            (ui::form("/admin/backups", ui::primary_button(&t!(l, "Back up now", "立即备份"))))
        }
        @if rows.is_empty() {
            (ui::empty_state(&t!(l, "No backup was made yet.", "还没有备份。"), html! {}))
        } @else {
            (ui::table(&title, &columns, &rows))
        }
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, "/admin/backups", main)?))
}

fn explain(l: Locale) -> String {
    t!(
        l,
        "A backup holds everything that lasts, encrypted so that only the recovery key opens it. Copy the \
         folder “backups” of the data dir to another place; whatever is erased here later can no longer be \
         read there once the keyring copy beside it was replaced.",
        "备份包含全部长期保存的数据，已加密，只有恢复密钥才能打开。请将数据目录中的“backups”文件夹复制到其他地方；\
         此后在本店删除的信息，待旁边的密钥副本更新后，在备份中也无法读取。"
    )
}

fn size_text(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} kB", bytes.div_ceil(1 << 10)) } else { format!("{} MB", bytes >> 20) }
}

/// Makes the recovery key where the first start could not; another one is for the command line.
async fn make_key(visit: Visit) -> Answer {
    let l = visit.locale;
    let shop = visit.shop.clone();
    let made = tokio::task::spawn_blocking(move || {
        if super::has_recipients(&shop) { Ok(None) } else { make_recovery_key(&shop).map(Some) }
    });
    let key = match made.await {
        Ok(Ok(Some(key))) => key,
        Ok(Ok(None)) => return Ok(see("/admin/backups")),
        Ok(Err(error)) => return Err(refusal_of(&error).into()),
        Err(_) => return Err(refusal_of(&BackupError::NoRecipient).into()),
    };
    let title = t!(l, "Your recovery key", "您的恢复密钥");
    let main = html! {
        (ui::heading(&title, html! {}))
        (ui::notice(Tone::Warn, html! {
            (t!(l, "Print this page now. The key is shown this once and kept nowhere on the server.",
                "请立即打印此页。密钥仅显示这一次，服务器上不保留。"))
        }))
        @for line in key.text.lines() { p { (ui::copyable(line)) } }
        p { (ui::primary_link("/admin/backups", &t!(l, "I have kept the key", "我已保存密钥"))) }
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, "/admin/backups", main)?))
}

async fn make(visit: Visit) -> Answer {
    let shop = visit.shop.clone();
    let made = tokio::task::spawn_blocking(move || now(&shop)).await;
    match made {
        Ok(Ok(_)) => Ok(see("/admin/backups?said=made")),
        Ok(Err(error)) => Err(refusal_of(&error).into()),
        Err(_) => Err(refusal_of(&BackupError::NoRecipient).into()),
    }
}

fn refusal_of(error: &BackupError) -> Refusal {
    tracing::error!(%error, "a backup could not be made");
    let problem = crate::refusal::Problem::saying("", |l| {
        t!(l, "The backup was not made: {error}", "备份未完成：{error}")
    });
    Refusal { kind: Kind::Unavailable { retry_after: 60 }, problems: vec![problem] }
}
