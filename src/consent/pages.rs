//! The switches of the person (`/account/privacy`), their receipts, and the look-up of a receipt.

use maud::{Markup, html};

use super::{Asked, NECESSARY, PURPOSES, Purpose, Standing, evidence_of, give, receipts, standing, withdraw};
use crate::export;
use crate::front::{self, Page};
use crate::history;
use crate::locale::{Locale, Text};
use crate::refusal::{Refusal, Stop};
use crate::store::{StoreResult, View};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Checked, Form, Route, Visit, Who, get, page, post, refused, see};

/// Where consent is given and taken back.
pub(super) const PAGE: &str = "/account/privacy";

pub fn routes() -> Vec<Route> {
    vec![
        get(PAGE, Who::Customer, show),
        post(PAGE, Who::Customer, "consents of the customer", save),
        get("/account/privacy/receipts", Who::Customer, show_receipts),
        get("/privacy/receipt", Who::Anyone, ask_receipt),
        post("/privacy/receipt", Who::Anyone, "nothing: looks up a receipt", find_receipt),
    ]
}

async fn show(visit: Visit) -> Answer {
    Ok(page(written(&visit)?))
}

fn written(visit: &Visit) -> Result<Markup, Stop> {
    let l = visit.locale;
    let asked = Asked::of(visit)?;
    let title = t!(l, "Privacy", "隐私设置");
    let main = html! {
        @if front::asked(visit, "said") == "saved" {
            (ui::notice(Tone::Good, html! {
                (t!(l, "Saved. ", "已保存。"))
                a href="/account/privacy/receipts" { (t!(l, "Your receipts", "查看同意凭证")) }
            }))
        }
        (ui::heading(&title, html! {}))
        p { (t!(l, "What is off stays off until you tick it. Everything in the shop works with all of it off.",
            "未勾选的用途不会启用；全部关闭时，购物功能照常使用。")) }
        @if visit.refuses {
            (ui::notice(Tone::Neutral, html! { (t!(l,
                "Your browser sends a signal that refuses tracking. It counts here: what you allowed elsewhere rests in this browser, unless you tick it here.",
                "您的浏览器发送了拒绝跟踪的信号，本店予以遵守：您在其他浏览器同意的用途在此暂停，除非您在此重新勾选。")) }))
        }
        (switches(visit, &visit.view()?, asked, PAGE)?)
        (ui::section(&t!(l, "A copy of your data", "个人信息副本"), export::list(visit)?))
        (ui::section(&t!(l, "More about your data", "更多"), ways_on(l)))
        (ui::section(&t!(l, "What shopping needs", "购物所必需的用途"), html! {
            p { (t!(l, "These rest on the contract or the law. Without one of them, what stands beside it does not work.",
                "以下用途基于合同或法律规定，缺少时相应功能无法使用。")) }
            (necessary(visit))
        }))
    };
    let about = Page { title: &title, ..Page::default() };
    Ok(front::account_page(visit, &about, PAGE, main)?)
}

/// A switch for each optional purpose, in a form that goes to `action`.
pub(super) fn switches(visit: &Visit, view: &View<'_>, asked: Asked, action: &str) -> StoreResult<Markup> {
    let l = visit.locale;
    let mut boxes = Vec::new();
    for purpose in PURPOSES {
        let standing = standing(view, asked, purpose)?;
        let facts = purpose.facts();
        let hint = hint(visit, purpose, standing);
        boxes.push(
            Field::checkbox(facts.id, facts.says.get(l))
                .checked(matches!(standing, Standing::On { .. }))
                .hint(&hint)
                .render(),
        );
    }
    let body = html! {
        @for (purpose, field) in PURPOSES.iter().zip(&boxes) {
            h2 { (purpose.facts().title.get(l)) }
            (field)
        }
        (ui::primary_button(&t!(l, "Save my choices", "保存选择")))
    };
    Ok(ui::form(action, body))
}

fn hint(visit: &Visit, purpose: Purpose, standing: Standing) -> String {
    let l = visit.locale;
    let class = purpose.facts().class.facts();
    let kept = crate::pages::how_long(class, &visit.shop.retention(), l);
    let (without, recipients) = (purpose.facts().without.get(l), class.recipients.get(l));
    let rests = t!(
        l,
        "Kept {kept}. Received by: {recipients}. Off: {without}",
        "保存期限：{kept}。接收方：{recipients}。关闭后：{without}"
    );
    match standing {
        Standing::Off => rests,
        Standing::On { since } => {
            let day = since.day(visit.shop.zone());
            t!(l, "On since {day}. {rests}", "自 {day} 起开启。{rests}")
        }
        Standing::Paused => {
            t!(l, "Allowed, but refused by this browser. {rests}", "已同意，但被此浏览器的信号暂停。{rests}")
        }
    }
}

fn ways_on(l: Locale) -> Markup {
    ui::tiles(&[
        (
            history::PAGE,
            t!(l, "Histories", "历史记录"),
            t!(l, "See and clear what was kept with your consent", "查看并清除经您同意保存的记录"),
        ),
        (
            "/account/privacy/receipts",
            t!(l, "Receipts", "同意凭证"),
            t!(l, "Each consent given or taken back", "您每次同意或撤回的凭证"),
        ),
        (
            "/account/privacy/looks",
            t!(l, "Who looked", "查看记录"),
            t!(l, "Each look of the shop at your data", "本店每次查看您信息的记录"),
        ),
        (
            "/account/privacy/sharing",
            t!(l, "With whom it was shared", "共享记录"),
            t!(l, "Who received what, why and when", "何时因何向谁提供了哪些信息"),
        ),
        (
            "/account/privacy/requests",
            t!(l, "Requests", "权利请求"),
            t!(l, "Ask for access, correction or deletion", "申请查阅、更正或删除"),
        ),
        ("/privacy", t!(l, "Privacy policy", "隐私政策"), t!(l, "What the shop promises", "本店的承诺")),
        (
            "/account/cancel",
            t!(l, "Cancel the account", "注销账号"),
            t!(l, "Everything of it is erased after its month", "冷静期满后删除全部信息"),
        ),
    ])
}

fn necessary(visit: &Visit) -> Markup {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "Purpose", "用途")),
        Column::text(t!(l, "Data", "信息")),
        Column::text(t!(l, "Ground, and how long", "处理依据与期限")),
        Column::text(t!(l, "Received by", "接收方")),
        Column::text(t!(l, "Without it", "拒绝的影响")),
    ];
    let row = |purpose: &super::PurposeFacts| {
        let class = purpose.class.facts();
        vec![
            html! { (purpose.title.get(l)) },
            html! { (purpose.says.get(l)) },
            html! { (class.ground.text().get(l)) "; " (crate::pages::how_long(class, &visit.shop.retention(), l)) },
            html! { (class.recipients.get(l)) },
            html! { (purpose.without.get(l)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = NECESSARY.iter().map(row).collect();
    ui::table(&t!(l, "Purposes that shopping needs", "购物所必需的用途"), &columns, &rows)
}

async fn save(visit: Visit, Checked(form): Checked) -> Answer {
    choose(&visit, &form, PAGE).await?;
    Ok(see("/account/privacy?said=saved"))
}

/// Takes the switches of a form as the person's choices; `page` is where they were made.
pub(super) async fn choose(visit: &Visit, form: &Form, page: &'static str) -> Result<(), Stop> {
    let asked = Asked::of(visit)?;
    let ticked = PURPOSES.map(|purpose| form.ticked(purpose.id()));
    let (language, random, agent) = (visit.locale, visit.shop.random.clone(), visit.agent.clone());
    visit
        .shop
        .store
        .commit(move |plan| {
            for (purpose, ticked) in PURPOSES.into_iter().zip(ticked) {
                let before = standing(plan, asked, purpose)?;
                if ticked {
                    give(plan, asked, purpose, page, language, &*random)?;
                } else if before != Standing::Paused {
                    // What only this browser's signal refuses stays allowed elsewhere.
                    withdraw(plan, asked.subject, purpose, page, language, &*random)?;
                }
            }
            Ok(history::note_device(plan, asked, &agent, language, &*random)?)
        })
        .await
}

async fn show_receipts(visit: Visit) -> Answer {
    let l = visit.locale;
    let all = receipts(&visit.view()?, visit.subject()?)?;
    let title = t!(l, "Receipts", "同意凭证");
    let columns = [
        Column::text(t!(l, "When", "时间")),
        Column::text(t!(l, "What", "内容")),
        Column::text(t!(l, "Receipt", "凭证")),
    ];
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|(_, receipt)| {
            vec![
                html! { (receipt.at.minute(visit.shop.zone())) },
                html! { (said_of(l, &receipt.what, receipt.given)) },
                html! { code { (receipt.code) } },
            ]
        })
        .collect();
    let main = html! {
        (ui::heading(&title, html! {}))
        p { (t!(l,
            "The evidence of a consent names nobody: it is filed under its receipt. Once your account is erased, only who holds a receipt can point at it. Keep those that you may need.",
            "同意的证据不含任何人的身份，仅以凭证为索引保存。账号删除后，只有持凭证者才能指认该证据，请自行保存需要的凭证。")) }
        (ui::table(&title, &columns, &rows))
        p { a href="/privacy/receipt" { (t!(l, "Look up a receipt", "查询凭证")) } }
    };
    let about = Page { title: &title, ..Page::default() };
    Ok(page(front::account_page(&visit, &about, PAGE, main)?))
}

/// What was agreed to or taken back, in words.
pub fn said_of(l: Locale, what: &str, given: bool) -> String {
    let purpose = PURPOSES.into_iter().find(|purpose| purpose.id() == what);
    let title = purpose.map_or(TERMS, |purpose| purpose.facts().title).get(l);
    if given {
        t!(l, "Agreed: {title}", "同意：{title}")
    } else {
        t!(l, "Taken back: {title}", "撤回：{title}")
    }
}

const TERMS: Text = Text::new("Terms of sale and privacy policy", "服务条款与隐私政策");

async fn ask_receipt(visit: Visit) -> Answer {
    Ok(page(receipt_page(&visit, "", &Problems::new(), html! {})?))
}

async fn find_receipt(visit: Visit, form: Form) -> Answer {
    let l = visit.locale;
    let mut problems = Vec::new();
    let code = form.line("receipt", 60, &mut problems);
    if let Err(refusal) = Refusal::unless_empty(problems) {
        let problems = front::problems_of(&visit, &refusal);
        return Ok(refused(&refusal, receipt_page(&visit, form.raw("receipt"), &problems, html! {})?));
    }
    let found = evidence_of(&visit.view()?, &code)?;
    let answer = match found {
        Some(evidence) => ui::facts(&[
            (t!(l, "What", "内容"), html! { (said_of(l, &evidence.what, evidence.given)) }),
            (t!(l, "When", "时间"), html! { (evidence.at.minute(visit.shop.zone())) }),
            (t!(l, "On the page", "页面"), html! { code { (evidence.page) } }),
            (
                t!(l, "Digest of the text (SHA-256)", "文本摘要（SHA-256）"),
                html! { code { (data_encoding::HEXLOWER.encode(&evidence.text)) } },
            ),
        ]),
        None => ui::notice(
            Tone::Warn,
            html! {
                (t!(l, "There is no evidence under this receipt.", "没有与该凭证对应的证据。"))
            },
        ),
    };
    Ok(page(receipt_page(&visit, &code, &Problems::new(), answer)?))
}

fn receipt_page(visit: &Visit, code: &str, problems: &Problems, answer: Markup) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Look up a receipt", "查询同意凭证");
    let label = t!(l, "Receipt", "凭证");
    let main = ui::narrow(html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        (answer)
        (ui::form("/privacy/receipt", html! {
            (Field::text("receipt", &label).value(code).problems(problems).render())
            (ui::primary_button(&t!(l, "Look up", "查询")))
        }))
    });
    let has_problems = !problems.is_empty();
    front::shop_page(visit, &Page { title: &title, noindex: true, has_problems, ..Page::default() }, main)
}
