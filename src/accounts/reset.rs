//! A forgotten password: a code to a contact of the account, then a new password (and the second
//! factor where one is set, before the password changes).

use maud::{Markup, html};

use super::codes::{self, Awaited, Proof, Purpose};
use super::entry::{self, Browser, Entered, Welcome};
use super::pages::{self, or_again, or_again_at};
use super::registration::{SENT, door_page, read_new_password};
use super::sign_in::{asked_at, contact_part, send_again, try_send};
use super::{Called, find_by, tries};
use crate::locale::Text;
use crate::notify;
use crate::passwords;
use crate::refusal::Refusal;
use crate::store::{Decided, Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Field};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, see, with_cookie};

const PURPOSE: Purpose = Purpose::new("reset password", Text::new("set a new password", "重设密码"));

pub fn routes() -> Vec<Route> {
    vec![
        get("/password/forgot", Who::Anyone, forgot_page),
        post("/password/forgot", Who::Anyone, "sends a code", forgot),
        get("/password/reset", Who::Anyone, reset_page),
        post("/password/reset", Who::Anyone, "the password; ends all sessions and begins one", reset),
        post("/password/resend", Who::Anyone, "sends another code", resend),
    ]
}

async fn forgot_page(visit: Visit) -> Answer {
    Ok(page(written_forgot(&visit, &Form::default(), &ui::Problems::new())?))
}

async fn forgot(visit: Visit, form: Form) -> Answer {
    match try_send(&visit, &form, &PURPOSE).await {
        Ok(step) => Ok(with_cookie(see("/password/reset"), &visit.shop, Cookie::Step, &step)),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(written_forgot(visit, &form, problems)?)),
    }
}

const FROZEN: (&str, Text) = (
    "frozen",
    Text::new(
        "This account is frozen, because somebody reported that it may be in other hands. Set a new password here: that opens it again.",
        "该账号因被报告可能遭他人使用而冻结。请在此重设密码，重设后即解除冻结。",
    ),
);

fn written_forgot(visit: &Visit, form: &Form, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Forgotten password", "忘记密码");
    let reach = notify::reach(&visit.shop);
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &[FROZEN]))
        h1 { (title) }
        p { (t!(l, "Enter a contact of your account. A code goes there, with which you set a new password.",
                "请填写账号绑定的联系方式，我们将向其发送验证码，用于设置新密码。")) }
        @if reach.email || reach.sms { (contact_part(visit, "/password/forgot", "/account", form, problems)) }
        @else { (pages::nobody_can_be_reached(l)) }
        p { a href="/login" { (t!(l, "Back to signing in", "返回登录")) } }
    };
    door_page(visit, &title, problems, main)
}

fn awaited(visit: &Visit) -> StoreResult<Option<Awaited>> {
    codes::awaited(&visit.view()?, visit.step.as_deref(), &PURPOSE, visit.shop.clock.now())
}

async fn reset_page(visit: Visit) -> Answer {
    match awaited(&visit)? {
        Some(awaited) => Ok(page(written_reset(&visit, Some(&awaited), &ui::Problems::new())?)),
        None => Ok(see("/password/forgot")),
    }
}

async fn reset(visit: Visit, form: Form) -> Answer {
    match try_reset(&visit, &form).await {
        Ok(entered) => Ok(entry::answer(&visit, &entered)),
        Err(stop) => or_again(&visit, stop, |visit, problems| {
            Ok(written_reset(visit, awaited(visit)?.as_ref(), problems)?)
        }),
    }
}

async fn try_reset(visit: &Visit, form: &Form) -> Decided<Entered> {
    let shop = &visit.shop;
    let mut problems = Vec::new();
    let typed = form.line("code", 40, &mut problems);
    let contact = awaited(visit)?.map(|awaited| awaited.contact.as_str().to_owned()).unwrap_or_default();
    let name = &shop.settings().name;
    let password = read_new_password(form, "password", &[&contact, name], &mut problems);
    Refusal::unless_empty(problems)?;
    let random = shop.random.clone();
    let hash = shop.hash_work(move || passwords::hash(&password, &*random)).await?;
    let (browser, step) = (Browser::of(visit), visit.step.clone());
    let random = shop.random.clone();
    let decide = move |plan: &mut Plan<'_>| {
        let contact = match codes::prove(plan, step.as_deref(), &PURPOSE, &typed)? {
            Proof::Contact(contact) => contact,
            wrong => return Ok(Err(wrong)),
        };
        let Some(account) = find_by(plan, &Called::Contact(contact))? else { return Ok(Err(Proof::Gone)) };
        for whom in super::sign_in::every_whom(&account) {
            tries::forgive(plan, &whom)?;
        }
        let welcome = Welcome { password: Some(hash), ..Welcome::to("/account?said=password") };
        entry::enter(plan, account.subject, &browser, &welcome, &*random).map(Ok)
    };
    let entered = shop.store.commit(decide).await?;
    entered.map_err(|wrong| pages::problem(wrong.problem("code")))
}

async fn resend(visit: Visit) -> Answer {
    match send_again(&visit, &PURPOSE).await {
        Ok(true) => Ok(see("/password/reset?said=sent")),
        Ok(false) => Ok(see("/password/forgot")),
        Err(stop) => or_again_at(&visit, "/password/reset", stop, |visit, problems| {
            Ok(written_reset(visit, awaited(visit)?.as_ref(), problems)?)
        }),
    }
}

fn written_reset(visit: &Visit, awaited: Option<&Awaited>, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Set a new password", "设置新密码");
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &[SENT]))
        h1 { (title) }
        @if let Some(awaited) = awaited { (asked_at(visit, awaited)) }
        (ui::form("/password/reset", html! {
            (pages::code_field(l, problems))
            (Field::password("password", &t!(l, "New password", "新密码")).autocomplete("new-password")
                .hint(passwords::HINT.get(l)).problems(problems).render())
            (ui::primary_button(&t!(l, "Set the password", "设置新密码")))
        }))
        @if let Some(awaited) = awaited { (pages::resend(visit, "/password/resend", awaited, html! {})) }
        p { a href="/password/forgot" { (t!(l, "Use another contact", "使用其他联系方式")) } }
    };
    door_page(visit, &title, problems, main)
}
