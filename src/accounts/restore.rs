//! The page on which a cancelled account comes back, or is erased at once (RET-04, RET-05).

use maud::{Markup, html};

use super::cancel::{counts_part, erase_now, waiting};
use super::entry::{self, Browser, Entered, Welcome};
use super::pages::{self, or_again, or_again_at};
use super::registration::door_page;
use super::security::whose_code;
use super::sign_in::{Proven, count_try, prove};
use super::{factor, freeze, leaving, tries};
use crate::locale::{Locale, Text};
use crate::refusal::{Problem, Refusal};
use crate::store::{Decided, Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Tone};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, without_cookie};

const HERE: &str = "/account/restore";

pub fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Anyone, show),
        post(HERE, Who::Anyone, "takes a cancellation back; a new session", restore),
        post("/account/restore/erase", Who::Anyone, "erases a cancelled account at once", erase),
    ]
}

const NOT_LEAVING: Text = Text::new(
    "This account is not cancelled. Sign in, and cancel it in your personal centre.",
    "该账号并未注销。如需注销，请登录后在个人中心操作。",
);
const FROZEN: Text = Text::new(
    "This account is frozen. Set a new password by a code first (Forgotten password).",
    "该账号已被冻结，请先通过“忘记密码”重设密码。",
);
const WRONG_CODE: Text = Text::new(
    "Enter the code that your authenticator app shows now, or a recovery code.",
    "请输入验证器当前显示的验证码或恢复码。",
);

async fn show(visit: Visit) -> Answer {
    Ok(page(written(&visit, &Form::default(), &ui::Problems::new())?))
}

async fn restore(visit: Visit, form: Form) -> Answer {
    match try_restore(&visit, &form).await {
        Ok(entered) => Ok(entry::answer(&visit, &entered)),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(written(visit, &form, problems)?)),
    }
}

async fn try_restore(visit: &Visit, form: &Form) -> Decided<Entered> {
    let Proven { subject, whom } = prove(visit, form).await?;
    let (browser, random) = (Browser::of(visit), visit.shop.random.clone());
    let decide = move |plan: &mut Plan<'_>| {
        tries::forgive(plan, &whom)?;
        let welcome = if leaving::is_in_use(plan, subject)? {
            Welcome::to("/account")
        } else {
            Welcome { restores: true, ..Welcome::to("/account?said=restored") }
        };
        entry::enter(plan, subject, &browser, &welcome, &*random)
    };
    visit.shop.store.commit(decide).await
}

async fn erase(visit: Visit, form: Form) -> Answer {
    match try_erase(&visit, &form).await {
        Ok(main) => {
            let title = t!(visit.locale, "Erase the account", "删除账号");
            let markup = door_page(&visit, &title, &ui::Problems::new(), main)?;
            Ok(without_cookie(page(markup), &visit.shop, Cookie::Session))
        }
        Err(stop) => or_again_at(&visit, HERE, stop, |visit, problems| Ok(written(visit, &form, problems)?)),
    }
}

/// Erases a cancelled account for whoever proves to be its holder; the page that says what came of it.
async fn try_erase(visit: &Visit, form: &Form) -> Decided<Markup> {
    let mut problems = Vec::new();
    let code = form.line("code", 40, &mut problems);
    if !form.ticked("confirm") {
        let says = Text::new("Tick that it is to be erased now.", "请勾选确认立即删除。");
        problems.push(Problem::new("confirm", says));
    }
    Refusal::unless_empty(problems)?;
    let Proven { subject, whom } = prove(visit, form).await?;
    let of_code = whose_code(subject);
    count_try(visit, of_code.clone(), "code").await?;
    let decide = move |plan: &mut Plan<'_>| {
        if factor::is_set(plan, subject)? && !factor::check(plan, subject, &code)? {
            return Err(pages::problem(Problem::new("code", WRONG_CODE)));
        }
        tries::forgive(plan, &whom)?;
        tries::forgive(plan, &of_code)?;
        if freeze::frozen_since(plan, subject)?.is_some() {
            return Err(pages::problem(Problem::new("account", FROZEN)));
        }
        if leaving::is_in_use(plan, subject)? {
            return Err(pages::problem(Problem::new("account", NOT_LEAVING)));
        }
        Ok(())
    };
    visit.shop.store.commit(decide).await?;
    let l = visit.locale;
    Ok(match erase_now(visit, subject).await? {
        Ok(counts) => html! {
            h1 { (t!(l, "Your account is erased", "您的账号已删除")) }
            (counts_part(l, &counts))
        },
        Err(waits) => html! {
            h1 { (t!(l, "Your account is cancelled", "您的账号已注销")) }
            (waiting(l, waits))
        },
    })
}

const SAID: [(&str, Text); 1] = [(
    "leaving",
    Text::new(
        "This account was cancelled and is not used at the moment. You can restore it here, or have it erased at once.",
        "该账号已注销，目前不作使用。您可以在此恢复账号，或要求立即删除。",
    ),
)];

fn written(visit: &Visit, form: &Form, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Restore a cancelled account", "恢复已注销的账号");
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &SAID))
        h1 { (title) }
        p {
            (t!(l, "Within its month a cancelled account can come back as it was.",
                "账号注销后一个月内，可以恢复到注销前的状态。"))
        }
        (ui::form(HERE, html! {
            (credentials(l, form, problems, ["account", "password"]))
            (ui::primary_button(&t!(l, "Restore and sign in", "恢复并登录")))
        }))
        (ui::section(&t!(l, "Or erase it at once", "或立即删除"), html! {
            (ui::notice(Tone::Warn, html! {
                (t!(l, "What is erased never comes back.", "删除后无法恢复。"))
            }))
            (ui::form("/account/restore/erase", html! {
                (credentials(l, form, &ui::Problems::new(), ["erase-account", "erase-password"]))
                (Field::text("code", &t!(l, "Code of the second step, if you have set one", "两步验证码（如已开启）"))
                    .autocomplete("one-time-code").width(ui::Width::Medium).problems(problems).render())
                (Field::checkbox("confirm", &t!(l, "Erase my account now", "立即删除我的账号"))
                    .problems(problems).render())
                (ui::danger_button(&t!(l, "Erase the account", "删除账号")))
            }))
        }))
        p { a href="/password/forgot" { (t!(l, "I forgot my password", "忘记密码")) } }
    };
    door_page(visit, &title, problems, main)
}

/// The fields that prove who somebody is; their ids are told apart where two forms stand on a page.
fn credentials(l: Locale, form: &Form, problems: &ui::Problems, ids: [&str; 2]) -> Markup {
    html! {
        (Field::text("account", &t!(l, "Account name, email or mobile number", "账号名、邮箱或手机号")).id(ids[0])
            .value(form.raw("account")).autocomplete("username").problems(problems).render())
        (Field::password("password", &t!(l, "Password", "密码")).id(ids[1]).autocomplete("current-password")
            .problems(problems).render())
    }
}
