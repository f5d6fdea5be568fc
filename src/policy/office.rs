//! The policy in the back office: the draft with what it changes, its announcement, and what the merchant
//! adds.

use maud::{Markup, html};

use super::differences;
use super::pages::{change_list, kind};
use super::people::tell_all;
use super::records::{AddedRow, DraftRow, VersionRow};
use super::rules::{self, Weight, added, announce, draft, earliest, newest, set_added};
use crate::clock::Timestamp;
use crate::front::{self, Page, or_again_at};
use crate::locale::Text;
use crate::refusal::{Problem, Refusal, Stop};
use crate::store::View;
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, aside, get, page, post, see};

const HOME: &str = "/admin/policy";
const MOST_ADDED: usize = 20_000;

pub fn routes() -> Vec<Route> {
    vec![
        get(HOME, Who::Owner, show),
        post("/admin/policy/announce", Who::Owner, "announces a version of the policy", announce_draft),
        post("/admin/policy/added", Who::Owner, "what the merchant adds to the policy", save_added),
    ]
}

const SAID: [(&str, Text); 2] = [
    ("announced", Text::new("The version is announced.", "新版本已公布。")),
    ("saved", Text::new("Saved.", "已保存。")),
];

async fn show(visit: Visit) -> Answer {
    aside(move || Ok(page(written(&visit, &Form::default(), &Problems::new())?))).await
}

fn written(visit: &Visit, form: &Form, problems: &Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let view = visit.view()?;
    let Some((number, row)) = newest(&view)? else { return Err(Refusal::not_found().into()) };
    let title = t!(l, "Privacy policy", "隐私政策");
    let day = row.effective.day(visit.shop.zone());
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        (front::said(visit, &SAID))
        p {
            @if row.effective <= visit.shop.clock.now() { (t!(l, "Version {number} is in force since {day}. ", "第 {number} 版自 {day} 起生效。")) }
            @else { (t!(l, "Version {number} is announced and comes into force on {day}. ", "第 {number} 版已公布，将于 {day} 生效。")) }
            a href="/privacy/versions" { (t!(l, "All versions", "历次版本")) }
        }
        @match draft(&view)? {
            Some(draft) => { (ui::section(&t!(l, "Draft", "草案"), draft_part(visit, &view, number, &row, &draft, form, problems)?)) }
            None => { p { (t!(l, "What the shop does and what the policy says agree: there is no draft.", "店铺实际处理与政策一致，暂无草案。")) } }
        }
        (ui::section(&t!(l, "What you add", "补充说明"), added_part(visit, &added(&view)?, form, problems)))
    };
    let about = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::admin_page(visit, &about, HOME, main)?)
}

fn draft_part(
    visit: &Visit,
    view: &View<'_>,
    number: u64,
    newest: &VersionRow,
    draft: &DraftRow,
    form: &Form,
    problems: &Problems,
) -> Result<Markup, Stop> {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let is_major = rules::is_major(&draft.changes);
    let drawn = rules::draw(&visit.shop)?;
    let was = rules::text(view, number, l)?;
    let is = &drawn.texts[l as usize];
    let now = visit.shop.clock.now();
    let stated = rules::stated(view, number)?;
    let soonest = earliest(&visit.shop, &stated, is_major, now).max(newest.effective).minute(zone);
    let since = draft.since.minute(zone);
    let hint = t!(
        l,
        "Empty: as soon as the notice is over, {soonest} if announced now.",
        "留空则公告期满即生效，现在公布为 {soonest}。"
    );
    let note = t!(
        l,
        "Since {since} the shop would say something else than version {number}. Until the new version is in force, it goes by version {number}: periods are counted by it, whatever the configuration says.",
        "自 {since} 起，店铺配置与第 {number} 版不一致。新版本生效前仍按第 {number} 版执行：保存期限以该版本为准。"
    );
    Ok(html! {
        p { (note) }
        p { (ui::badge(if is_major { Tone::Warn } else { Tone::Neutral }, &kind(l, is_major))) }
        (change_list(l, &draft.changes))
        (ui::disclosure(&t!(l, "In the text", "文字对照"), differences::part(l, &was, is)))
        (ui::form("/admin/policy/announce", html! {
            (Field::hidden("draft", &data_encoding::HEXLOWER.encode(&draft.digest)).render())
            (Field::date("effective", &t!(l, "In force from", "生效日期")).value(form.raw("effective")).hint(&hint).optional(l).problems(problems).render())
            @if !is_major {
                (Field::checkbox("major", &t!(l, "Announce it as a major change: by message too", "按重大变更公布（同时发送消息）")).checked(form.ticked("major")).render())
            }
            (Field::checkbox("reduces", &t!(l, "It takes something from people: ask each account", "减少用户权利：逐一征得账号同意")).checked(form.ticked("reduces")).render())
            (ui::primary_button(&t!(l, "Announce", "公布")))
        }))
    })
}

fn added_part(visit: &Visit, added: &AddedRow, form: &Form, problems: &Problems) -> Markup {
    let l = visit.locale;
    let is_typed = form.has("en");
    let shown = |name: &'static str, stored: &str| {
        if is_typed { form.raw(name).to_owned() } else { stored.to_owned() }
    };
    let area = |name: &'static str, label: String, stored: &str| {
        Field::textarea(name, &label)
            .value(&shown(name, stored))
            .rows(5)
            .optional(l)
            .problems(problems)
            .render()
    };
    html! {
        p { (t!(l, "Stands at the end of the policy in a part of its own. It may add, and cannot change what the program says of itself.",
            "作为独立部分列于政策末尾；仅可补充，不能改变程序所述的事实。")) }
        (ui::form("/admin/policy/added", html! {
            (area("en", t!(l, "In English", "英文"), &added.en))
            (area("zh", t!(l, "In Chinese", "中文"), &added.zh))
            (area("assessment_en", t!(l, "Assessment of high risk, in English", "高风险评估结果（英文）"), &added.assessment_en))
            (area("assessment_zh", t!(l, "Assessment of high risk, in Chinese", "高风险评估结果（中文）"), &added.assessment_zh))
            (ui::secondary_button(&t!(l, "Save", "保存")))
        }))
    }
}

async fn announce_draft(visit: Visit, form: Form) -> Answer {
    match announced(&visit, &form).await {
        Ok(()) => Ok(see("/admin/policy?said=announced")),
        Err(stop) => or_again_at(&visit, HOME, stop, |visit, problems| written(visit, &form, problems)),
    }
}

const NO_DAY: Text = Text::new("Give the day as 2027-01-31.", "请按 2027-01-31 的格式填写日期。");

async fn announced(visit: &Visit, form: &Form) -> Result<(), Stop> {
    let mut problems = Vec::new();
    let typed = form.line("effective", 40, &mut problems);
    Refusal::unless_empty(problems)?;
    let seen: Option<[u8; 32]> = data_encoding::HEXLOWER
        .decode(form.raw("draft").as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let seen = seen.ok_or_else(Refusal::not_found)?;
    let effective = match Timestamp::start_of_day(&typed, visit.shop.zone()) {
        _ if typed.is_empty() => None,
        None => return Err(Refusal::invalid(vec![Problem::new("effective", NO_DAY)]).into()),
        day => day,
    };
    let weight = Weight { is_major: form.ticked("major"), reduces: form.ticked("reduces") };
    announce(&visit.shop, seen, effective, weight).await?;
    tell_all(&visit.shop).await
}

async fn save_added(visit: Visit, form: Form) -> Answer {
    let mut problems = Vec::new();
    let mut read = |name: &str| form.lines(name, MOST_ADDED, &mut problems);
    let added = AddedRow {
        en: read("en"),
        zh: read("zh"),
        assessment_en: read("assessment_en"),
        assessment_zh: read("assessment_zh"),
    };
    if !problems.is_empty() {
        let stop = Refusal::invalid(problems).into();
        return or_again_at(&visit, HOME, stop, |visit, problems| written(visit, &form, problems));
    }
    set_added(&visit.shop, added).await?;
    Ok(see("/admin/policy?said=saved"))
}
