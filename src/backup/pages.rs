//! The owner's page about backups: what there is, and one more now.

use maud::{Markup, html};
use zeroize::Zeroizing;

use super::{
    BackupError, Question, go_on, list, make_recovery_key, note_rehearsed, now, question, recipients,
    rehearsal_is_due,
};
use crate::front::{self, Page};
use crate::locale::Locale;
use crate::refusal::{Kind, Problem, Refusal, Stop};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Checked, Route, Visit, Who, get, page, post, refused, see};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/backups", Who::Owner, show),
        post("/admin/backups", Who::Owner, "makes a backup", make),
        post("/admin/backups/rehearsed", Who::Owner, "notes that a restore was rehearsed", rehearsed),
        post("/admin/backups/goes-on", Who::Owner, "says that a restored shop goes on", say_goes_on),
        post("/admin/backups/recovery-key", Who::Owner, "makes the first recovery key", make_key),
    ]
}

async fn show(visit: Visit) -> Answer {
    Ok(page(overview(&visit, &Problems::new())?))
}

fn overview(visit: &Visit, problems: &Problems) -> Result<Markup, Stop> {
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
        @if let Some(question) = question(&visit.shop).map_err(|error| refusal_of(&error))? {
            (goes_on_form(l, &question, problems))
        }
        p { (explain(l)) }
        (rehearsal(visit)?)
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
    Ok(front::admin_page(visit, &Page { title: &title, ..Page::default() }, "/admin/backups", main)?)
}

/// A backup that was never restored is a hope: twice a year the owner is asked to try one.
fn rehearsal(visit: &Visit) -> Result<Markup, Stop> {
    let l = visit.locale;
    if !rehearsal_is_due(&visit.shop).map_err(|error| refusal_of(&error))? {
        return Ok(html! {});
    }
    Ok(ui::notice(
        Tone::Warn,
        html! {
            p { (t!(
                l,
                "No restore was tried for half a year. Restore a backup on another machine with your recovery \
                 key, with “rehearsal = true” in its configuration, and look around in it.",
                "已有半年未演练恢复。请在另一台电脑上用恢复密钥恢复一份备份（配置中设置 rehearsal = true），并检查其中的数据。"
            )) }
            p { code { "tuckshop backup restore NAME --into DIR --identity FILE" } }
            (ui::button_form("/admin/backups/rehearsed", ui::secondary_button(&t!(l, "I have tried it, and it works", "我已演练，恢复正常"))))
        },
    ))
}

async fn rehearsed(visit: Visit) -> Answer {
    visit.shop.store.commit(|plan| Ok(note_rehearsed(plan)?)).await?;
    Ok(see("/admin/backups"))
}

/// The question to the owner of a restored shop.
fn goes_on_form(l: Locale, question: &Question, problems: &Problems) -> Markup {
    let lost = question.lost_hours;
    let key = t!(l, "Recovery key", "恢复密钥");
    ui::notice(
        Tone::Warn,
        html! {
            p { (t!(
                l,
                "This shop was restored from a backup. It writes to no place of the shop from before until you say \
                 that this one goes on. Records that only the hours after the backup knew are then erased for \
                 good: {lost}.",
                "本店由备份恢复而来。在您确认由本店继续经营之前，不会写入原店铺的备份位置。\
                 确认后，仅存在于备份之后数小时内的记录将被永久删除：{lost} 条。"
            )) }
            @for (place, newest) in &question.others {
                p {
                    (t!(l, "The other one writes here: ", "另一副本正在写入：")) code { (place.name) }
                    @if let Some(newest) = newest { " · " code { (newest) } }
                }
            }
            (ui::form("/admin/backups/goes-on", html! {
                @if !question.moved_on.is_empty() {
                    p { (t!(
                        l,
                        "The other one has erased more since. Type the recovery key, so that those are erased here too.",
                        "另一副本此后又删除了数据。请输入恢复密钥，以便在此同步删除。"
                    )) }
                    (Field::textarea("identity", &key).problems(problems).render())
                }
                (ui::primary_button(&t!(l, "This shop goes on", "由本店继续经营")))
            }))
        },
    )
}

async fn say_goes_on(visit: Visit, Checked(form): Checked) -> Answer {
    let identity = Zeroizing::new(form.raw("identity").to_owned());
    let shop = visit.shop.clone();
    let gone_on = tokio::task::spawn_blocking(move || go_on(&shop, &identity)).await;
    let problem = match gone_on {
        Ok(Ok(taken)) => {
            tracing::warn!(places = taken.len(), "the owner said that this shop goes on");
            return Ok(see("/admin/backups"));
        }
        Ok(Err(
            error @ (BackupError::MovedOn(_) | BackupError::NoIdentity(_) | BackupError::WrongIdentity(_)),
        )) => Problem::saying("identity", |l| {
            t!(l, "That is not the recovery key: {error}", "恢复密钥不正确：{error}")
        }),
        Ok(Err(error)) => return Err(refusal_of(&error).into()),
        Err(_) => return Err(refusal_of(&BackupError::NoRecipient).into()),
    };
    let refusal = Refusal::invalid(vec![problem]);
    let mut problems = Problems::new();
    for problem in &refusal.problems {
        problems.add(&problem.field, problem.text(visit.locale));
    }
    Ok(refused(&refusal, overview(&visit, &problems)?))
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
    match crate::shop::aside("backup", move || now(&shop)).await {
        Some(Ok(_)) => Ok(see("/admin/backups?said=made")),
        Some(Err(error)) => Err(refusal_of(&error).into()),
        None => Err(refusal_of(&BackupError::NoRecipient).into()),
    }
}

fn refusal_of(error: &BackupError) -> Refusal {
    tracing::error!(%error, "a backup could not be made");
    let problem = Problem::saying("", |l| t!(l, "The backup was not made: {error}", "备份未完成：{error}"));
    Refusal { kind: Kind::Unavailable { retry_after: 60 }, problems: vec![problem] }
}
