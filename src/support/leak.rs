//! Reporting a leak (INC-05): a form that opens a flagged conversation at once. Where it is about one's
//! own account, that is frozen in the same moment.

use maud::{Markup, html};

use super::guests::{self, can_be_reached};
use super::pages::{self, message_field};
use super::records::WaitingRow;
use super::rules::{self, Beginning, Whose};
use crate::accounts;
use crate::accounts::pages::read_contact;
use crate::accounts::visitors::contact_field;
use crate::front::{self, Page, or_again};
use crate::locale::{Locale, Text};
use crate::refusal::{Problem, Refusal};
use crate::store::{Decided, Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, see, without_cookie};

pub(super) const HERE: &str = "/support/leak";
const OWN: &str = "own";
const OTHER: &str = "other";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Anyone, show),
        post(HERE, Who::Anyone, "reports a leak; freezes one's own account at once", report),
    ]
}

async fn show(visit: Visit) -> Answer {
    let whose = pages::whose(&visit).await?;
    Ok(page(written(&visit, whose.as_ref(), &Form::default(), &Problems::new())?))
}

async fn report(visit: Visit, form: Form) -> Answer {
    let whose = pages::whose(&visit).await?;
    let outcome = match &whose {
        Some(Whose::Account(_)) => signed_in(&visit, whose.as_ref(), &form).await,
        _ => with_contact(&visit, &form).await,
    };
    outcome.or_else(|stop| {
        or_again(&visit, stop, |visit, problems| Ok(written(visit, whose.as_ref(), &form, problems)?))
    })
}

const NO_ABOUT: Text = Text::new("Choose what it is about.", "请选择涉及的内容。");

/// Reads what it is about: true for one's own account.
fn read_about(form: &Form, problems: &mut Vec<Problem>) -> bool {
    let about = form.line("about", 20, problems);
    let known = matches!(about.as_str(), OWN | OTHER);
    if !known && !problems.iter().any(|problem| problem.field == "about") {
        problems.push(Problem::new("about", NO_ABOUT));
    }
    about == OWN
}

fn title(l: Locale) -> String {
    t!(l, "Report of a leak", "信息泄露报告")
}

async fn signed_in(visit: &Visit, whose: Option<&Whose>, form: &Form) -> Answer {
    let mut problems = Vec::new();
    let own = read_about(form, &mut problems);
    let text = pages::read_text(form, &mut problems);
    Refusal::unless_empty(problems)?;
    let subject = visit.subject()?;
    let whose = whose.cloned().ok_or_else(Refusal::not_found)?;
    let (id, language) = (pages::new_id(visit), visit.locale);
    let new = Beginning { id, whose, title: title(language), text, order: None, language, leak: true };
    let zone = visit.shop.zone().clone();
    let decide = move |plan: &mut Plan<'_>| -> Decided<_> {
        let begun = rules::begin(plan, new, &zone)?;
        if own {
            accounts::freeze(plan, subject)?;
        }
        Ok(begun)
    };
    let id = visit.shop.store.commit(decide).await?;
    if own {
        return Ok(without_cookie(see(&format!("{HERE}?said=frozen")), &visit.shop, Cookie::Session));
    }
    Ok(see(&format!("{}/{id}?said=begun", pages::HERE)))
}

/// Whoever is not signed in proves a contact first, so that nobody freezes the account of somebody else.
async fn with_contact(visit: &Visit, form: &Form) -> Answer {
    let mut problems = Vec::new();
    let freeze = read_about(form, &mut problems);
    let contact = read_contact(visit, form, "contact", &mut problems);
    let text = pages::read_text(form, &mut problems);
    Refusal::unless_empty(problems)?;
    let contact = contact.ok_or_else(Refusal::not_found)?;
    let row = WaitingRow {
        contact: contact.as_str().to_owned(),
        title: title(visit.locale),
        text,
        order: None,
        leak: true,
        freeze,
    };
    guests::ask(visit, contact, row).await
}

const SAID: [(&str, Text); 2] = [
    (
        "frozen",
        Text::new(
            "Your report has come in. Your account is frozen: all its sessions have ended, and nobody can sign in. Set a new password with a code to your contact (Forgotten password), and it is open again; or ask us to release it.",
            "报告已收到。您的账号已冻结：所有设备均已退出登录，任何人都无法登录。请通过“忘记密码”验证联系方式并重设密码，即可解除冻结；也可以联系我们解除。",
        ),
    ),
    (
        "reported",
        Text::new("Your report has come in. We look at it at once.", "报告已收到，我们将立即处理。"),
    ),
];

fn written(visit: &Visit, whose: Option<&Whose>, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Report a leak", "报告信息泄露");
    let is_signed_in = matches!(whose, Some(Whose::Account(_)));
    let frozen = front::asked(visit, "said") == "frozen";
    let body = html! {
        p { (t!(l, "If you believe that personal data has leaked from this shop, or that somebody else uses your account, tell us here. Your report comes first for us.",
            "如果您怀疑本店的个人信息已泄露，或您的账号正被他人使用，请在此告诉我们，我们将优先处理。")) }
        (ui::notice(Tone::Warn, html! { p { (freezes(l, is_signed_in)) } }))
        @if is_signed_in || can_be_reached(visit) { (form_part(visit, is_signed_in, form, problems)) }
        @else { p { a href="/contact" { (t!(l, "Telephone and email", "电话与邮箱")) } } }
    };
    let main = ui::narrow(html! {
        (ui::error_summary(l, problems))
        (front::said(visit, &SAID))
        (ui::heading(&title, html! {}))
        @if frozen { (ui::buttons(ui::primary_link("/password/forgot", &t!(l, "Set a new password", "重设密码")))) }
        @else { (body) }
    });
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::shop_page(visit, &page, main)
}

fn freezes(l: Locale, is_signed_in: bool) -> String {
    if is_signed_in {
        t!(
            l,
            "If it is about your own account, it is frozen at once: all sessions end, this one too, and nobody can sign in until a new password was set by a code to your contact.",
            "如果涉及您本人的账号，提交后将立即冻结：所有设备（包括当前设备）退出登录，在通过联系方式重设密码之前任何人都无法登录。"
        )
    } else {
        t!(
            l,
            "If it is about your own account, the account with your contact is frozen as soon as you have entered the code: all sessions end, and nobody can sign in until a new password was set by a code to the contact.",
            "如果涉及您本人的账号，填写验证码后该联系方式对应的账号将立即冻结：所有设备退出登录，在通过联系方式重设密码之前任何人都无法登录。"
        )
    }
}

fn form_part(visit: &Visit, is_signed_in: bool, form: &Form, problems: &Problems) -> Markup {
    let l = visit.locale;
    let about = [
        (OWN, t!(l, "My own account: freeze it at once", "我本人的账号：立即冻结")),
        (OTHER, t!(l, "Something else", "其他情况")),
    ];
    let button = if is_signed_in {
        t!(l, "Send the report", "提交报告")
    } else {
        t!(l, "Send the code", "获取验证码")
    };
    ui::form(
        HERE,
        html! {
            (Field::radios("about", &t!(l, "What it is about", "涉及的内容")).options(about).value(form.raw("about"))
                .problems(problems).render())
            @if !is_signed_in { (contact_field(visit, form, problems)) }
            (message_field(l, &t!(l, "What you have noticed", "您发现的情况"), form, problems))
            (ui::primary_button(&button))
        },
    )
}
