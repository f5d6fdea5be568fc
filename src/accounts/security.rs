//! Password, second factor and sessions of the signed-in person (SEC-05). After each change of a
//! password or a factor all other sessions end.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use super::codes;
use super::pages::{self, or_again_at};
use super::registration::read_new_password;
use super::sign_in::count_try;
use super::{factor, get as account_of, password_hash, set_password, tries};
use crate::clock::Timestamp;
use crate::front::{self, Page};
use crate::ids::SubjectId;
use crate::locale::{Locale, Text};
use crate::notify::{self, NoticeKind};
use crate::passwords;
use crate::random::Random;
use crate::refusal::{Decided, Problem, Refusal, Stop};
use crate::second_factor;
use crate::sessions::{self, Holder, Session};
use crate::store::{Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Column, Field, Tone};
use crate::web::{
    Answer, Cookie, Form, Route, Visit, Who, get, page, post, see, with_cookie, without_cookie,
};

pub fn routes() -> Vec<Route> {
    vec![
        get("/account/security", Who::Customer, security_page),
        post("/account/security/password", Who::Customer, "the password; ends other sessions", password),
        post("/account/security/totp", Who::Customer, "begins to set up a second factor", begin),
        get("/account/security/totp", Who::Customer, factor_page),
        post("/account/security/totp/confirm", Who::Customer, "sets up the second factor", confirm),
        post("/account/security/totp/codes", Who::Customer, "new recovery codes", renew_codes),
        post("/account/security/totp/off", Who::Customer, "turns the second factor off", turn_off),
        post("/account/security/sessions/{id}/end", Who::Customer, "ends a session", end_session),
    ]
}

const SAID: [(&str, Text); 4] = [
    (
        "password",
        Text::new(
            "The new password is set. All other sessions have ended.",
            "新密码已设置，其他设备已退出登录。",
        ),
    ),
    ("off", Text::new("The second step is turned off.", "两步验证已关闭。")),
    ("ended", Text::new("The session has ended.", "该设备已退出登录。")),
    ("late", Text::new("Setting up took too long. Begin again.", "设置超时，请重新开始。")),
];

const ALREADY_ON: Text = Text::new(
    "The second step is on already. Turn it off before you set it up anew.",
    "两步验证已开启，如需重新设置，请先关闭。",
);
const WRONG: Text = Text::new("This is not your password.", "密码不正确。");

/// What stands on the page besides forms.
struct Standing {
    factor: Option<(usize, Timestamp)>,
    sessions: Vec<Session>,
}

fn standing(visit: &Visit) -> Result<Standing, Stop> {
    let subject = visit.subject()?;
    let view = visit.view()?;
    Ok(Standing {
        factor: factor::standing(&view, subject)?,
        sessions: sessions::list(&view, Holder::Customer(subject), visit.shop.clock.now())?,
    })
}

async fn security_page(visit: Visit) -> Answer {
    Ok(page(written(&visit, &ui::Problems::new())?))
}

/// Proves once more that it is the person: the password of somebody who is signed in. The tries are
/// counted like those at the door.
pub(super) async fn prove_password(
    visit: &Visit,
    subject: SubjectId,
    password: String,
    field: &'static str,
) -> Decided<()> {
    let whom = format!("password of {subject}");
    count_try(visit, whom.clone(), field).await?;
    let hash = password_hash(&visit.shop.store.view()?, subject)?;
    let work = move || hash.is_some_and(|hash| passwords::verify(&hash, &password));
    if !visit.shop.hash_work(work).await? {
        return Err(pages::problem(Problem::new(field, WRONG)));
    }
    visit.shop.store.commit(move |plan| Ok(tries::forgive(plan, &whom)?)).await
}

// ---- The password ----

async fn password(visit: Visit, form: Form) -> Answer {
    match change_password(&visit, &form).await {
        Ok(token) => {
            visit.shop.outbox_bell.notify_one();
            Ok(with_cookie(see("/account/security?said=password"), &visit.shop, Cookie::Session, &token))
        }
        Err(stop) => or_again_at(&visit, "/account/security", stop, written),
    }
}

async fn change_password(visit: &Visit, form: &Form) -> Decided<String> {
    let shop = &visit.shop;
    let subject = visit.subject()?;
    let account = account_of(&shop.store.view()?, subject)?;
    let mut problems = Vec::new();
    let before = form.secret("password", &mut problems);
    let contacts: Vec<String> = account.contacts().iter().map(|one| one.as_str().to_owned()).collect();
    let settings = shop.settings();
    let mut own = vec![account.name.as_str(), account.nickname.as_str(), settings.name.as_str()];
    own.extend(contacts.iter().map(String::as_str));
    let new = read_new_password(form, "new_password", &own, &mut problems);
    Refusal::unless_empty(problems)?;
    prove_password(visit, subject, before, "password").await?;
    let random = shop.random.clone();
    let hash = shop.hash_work(move || passwords::hash(&new, &*random)).await?;
    let (random, agent) = (shop.random.clone(), visit.agent.clone());
    let decide = move |plan: &mut Plan<'_>| {
        set_password(plan, subject, hash)?;
        notify::queue_to_account(plan, subject, NoticeKind::PasswordChanged)?;
        Ok(new_session(plan, subject, &agent, &*random)?)
    };
    shop.store.commit(decide).await
}

/// Ends every session of a person and begins one for the browser that asks.
fn new_session(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    agent: &str,
    random: &dyn Random,
) -> StoreResult<String> {
    sessions::end_all(plan, Holder::Customer(subject), None)?;
    sessions::begin(plan, Holder::Customer(subject), agent, random)
}

// ---- The second factor ----

async fn begin(visit: Visit, form: Form) -> Answer {
    match try_begin(&visit, &form).await {
        Ok(()) => Ok(see("/account/security/totp")),
        Err(stop) => or_again_at(&visit, "/account/security", stop, written),
    }
}

async fn try_begin(visit: &Visit, form: &Form) -> Decided<()> {
    let subject = visit.subject()?;
    prove_once_more(visit, form, subject, "totp_password").await?;
    let life = codes::life(&visit.shop);
    let random = visit.shop.random.clone();
    let decide = move |plan: &mut Plan<'_>| {
        // Another secret in the place of the one that is set would need no code of it.
        if factor::is_set(plan, subject)? {
            return Err(Refusal::conflict(ALREADY_ON).into());
        }
        Ok(factor::begin(plan, subject, life, &*random)?)
    };
    visit.shop.store.commit(decide).await
}

/// Reads the field `password`, whose problems stand at `id`.
async fn prove_once_more(visit: &Visit, form: &Form, subject: SubjectId, id: &'static str) -> Decided<()> {
    let mut problems = Vec::new();
    let password = form.secret("password", &mut problems);
    problems.iter_mut().for_each(|problem| id.clone_into(&mut problem.field));
    Refusal::unless_empty(problems)?;
    prove_password(visit, subject, password, id).await
}

fn waiting_secret(visit: &Visit) -> Result<Option<Vec<u8>>, Stop> {
    let subject = visit.subject()?;
    Ok(factor::new_secret(&visit.view()?, subject, visit.shop.clock.now())?)
}

async fn factor_page(visit: Visit) -> Answer {
    match waiting_secret(&visit)? {
        Some(secret) => Ok(page(written_factor(&visit, &secret, &ui::Problems::new())?)),
        None => Ok(see("/account/security")),
    }
}

async fn confirm(visit: Visit, form: Form) -> Answer {
    let Some(secret) = waiting_secret(&visit)? else {
        form.refuse_wrong()?;
        return Ok(see("/account/security?said=late"));
    };
    match try_confirm(&visit, &form).await {
        Ok((token, codes)) => recovery_answer(&visit, &token, &codes),
        Err(stop) => or_again_at(&visit, "/account/security/totp", stop, |visit, problems| {
            written_factor(visit, &secret, problems)
        }),
    }
}

async fn try_confirm(visit: &Visit, form: &Form) -> Decided<(String, Vec<String>)> {
    let subject = visit.subject()?;
    let mut problems = Vec::new();
    let code = form.line("code", 40, &mut problems);
    Refusal::unless_empty(problems)?;
    let (random, agent) = (visit.shop.random.clone(), visit.agent.clone());
    let decide = move |plan: &mut Plan<'_>| {
        let Some(codes) = factor::confirm(plan, subject, &code, &*random)? else {
            let says = Text::new(
                "This code is not right. Take the one that the app shows now, and check the phone's clock.",
                "验证码不正确，请输入应用当前显示的验证码，并检查手机时间是否准确。",
            );
            return Err(Refusal::field("code", says).into());
        };
        notify::queue_to_account(plan, subject, NoticeKind::FactorChanged)?;
        Ok((new_session(plan, subject, &agent, &*random)?, codes))
    };
    visit.shop.store.commit(decide).await
}

async fn renew_codes(visit: Visit, form: Form) -> Answer {
    match try_renew(&visit, &form).await {
        Ok((token, codes)) => recovery_answer(&visit, &token, &codes),
        Err(stop) => or_again_at(&visit, "/account/security", stop, written),
    }
}

async fn try_renew(visit: &Visit, form: &Form) -> Decided<(String, Vec<String>)> {
    let subject = visit.subject()?;
    let code = prove_with_code(visit, form, subject, ["codes_password", "codes_code"]).await?;
    let (random, agent) = (visit.shop.random.clone(), visit.agent.clone());
    let decide = move |plan: &mut Plan<'_>| {
        use_code(plan, subject, &code, "codes_code")?;
        let codes = factor::renew_codes(plan, subject, &*random)?;
        notify::queue_to_account(plan, subject, NoticeKind::FactorChanged)?;
        Ok((new_session(plan, subject, &agent, &*random)?, codes))
    };
    visit.shop.store.commit(decide).await
}

/// Proves the password and reads the code that goes with it; problems stand at these ids. The code's
/// try is counted, and [`use_code`] takes it back.
async fn prove_with_code(
    visit: &Visit,
    form: &Form,
    subject: SubjectId,
    [password, code]: [&'static str; 2],
) -> Decided<String> {
    let mut problems = Vec::new();
    let typed = form.line("code", 40, &mut problems);
    problems.iter_mut().for_each(|problem| code.clone_into(&mut problem.field));
    Refusal::unless_empty(problems)?;
    prove_once_more(visit, form, subject, password).await?;
    count_try(visit, whose_code(subject), code).await?;
    Ok(typed)
}

pub(super) fn whose_code(subject: SubjectId) -> String {
    format!("second factor {subject}")
}

/// # Errors
/// A refusal at `id` if the code is not right.
fn use_code(plan: &mut Plan<'_>, subject: SubjectId, code: &str, id: &str) -> Decided<()> {
    if !factor::check(plan, subject, code)? {
        return Err(Refusal::field(id, Text::new("This code is not right.", "验证码不正确。")).into());
    }
    Ok(tries::forgive(plan, &whose_code(subject))?)
}

async fn turn_off(visit: Visit, form: Form) -> Answer {
    match try_turn_off(&visit, &form).await {
        Ok(token) => {
            visit.shop.outbox_bell.notify_one();
            Ok(with_cookie(see("/account/security?said=off"), &visit.shop, Cookie::Session, &token))
        }
        Err(stop) => or_again_at(&visit, "/account/security", stop, written),
    }
}

async fn try_turn_off(visit: &Visit, form: &Form) -> Decided<String> {
    let subject = visit.subject()?;
    let code = prove_with_code(visit, form, subject, ["off_password", "off_code"]).await?;
    let (random, agent) = (visit.shop.random.clone(), visit.agent.clone());
    let decide = move |plan: &mut Plan<'_>| {
        use_code(plan, subject, &code, "off_code")?;
        factor::turn_off(plan, subject)?;
        notify::queue_to_account(plan, subject, NoticeKind::FactorChanged)?;
        Ok(new_session(plan, subject, &agent, &*random)?)
    };
    visit.shop.store.commit(decide).await
}

// ---- Sessions ----

async fn end_session(visit: Visit, Path(id): Path<String>) -> Answer {
    let holder = Holder::Customer(visit.subject()?);
    let decide = move |plan: &mut Plan<'_>| {
        let found = sessions::list(plan, holder, plan.now)?.into_iter().find(|one| one.id() == id);
        let session = found.ok_or_else(Refusal::not_found)?;
        sessions::end(plan, session.hash)?;
        Ok(session.hash)
    };
    let ended = visit.shop.store.commit(decide).await?;
    if visit.customer.as_ref().is_some_and(|own| own.hash == ended) {
        return Ok(without_cookie(see("/login?said=out"), &visit.shop, Cookie::Session));
    }
    Ok(see("/account/security?said=ended"))
}

// ---- Pages ----

fn written(visit: &Visit, problems: &ui::Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let standing = standing(visit)?;
    let title = t!(l, "Security", "账号安全");
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &SAID))
        h1 { (title) }
        (ui::section(&t!(l, "Password", "登录密码"), password_part(l, problems)))
        (ui::section(&t!(l, "Second step", "两步验证"), factor_part(visit, standing.factor, problems)))
        (ui::section(&t!(l, "Where you are signed in", "登录设备"), sessions_part(visit, &standing.sessions)))
        p { a href="/support/leak" { (t!(l, "Somebody else uses my account", "账号被他人使用")) } }
        (ui::section(&t!(l, "Leaving", "注销账号"), html! {
            p { (t!(l, "You can cancel your account. For a month you can come back; then all that is yours is erased.",
                    "您可以注销账号。注销后一个月内可以恢复，之后您的信息将被删除。")) }
            (ui::buttons(ui::link_button("/account/cancel", &t!(l, "Cancel the account", "注销账号"))))
        }))
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::account_page(visit, &page, "/account/security", main)?)
}

fn password_part(l: Locale, problems: &ui::Problems) -> Markup {
    ui::form(
        "/account/security/password",
        html! {
            (Field::password("password", &t!(l, "Password until now", "当前密码")).autocomplete("current-password")
                .width(ui::Width::Medium).problems(problems).render())
            (Field::password("new_password", &t!(l, "New password", "新密码")).autocomplete("new-password")
                .hint(passwords::HINT.get(l)).width(ui::Width::Medium).problems(problems).render())
            (ui::primary_button(&t!(l, "Change the password", "修改密码")))
        },
    )
}

fn factor_part(visit: &Visit, factor: Option<(usize, Timestamp)>, problems: &ui::Problems) -> Markup {
    let l = visit.locale;
    match factor {
        None => html! {
            p { (t!(l, "With a second step a stolen password opens nothing: whoever signs in also needs a code from an app on your phone.",
                    "开启后，登录时除密码外还需输入手机验证器应用中的验证码，即使密码泄露也无法登录。")) }
            (ui::form("/account/security/totp", html! {
                (once_more(l, "totp_password", problems))
                (ui::primary_button(&t!(l, "Set up the second step", "开启两步验证")))
            }))
        },
        Some((left, since)) => {
            let day = since.day(visit.shop.zone());
            html! {
                p {
                    (ui::badge(Tone::Good, &t!(l, "On", "已开启"))) " "
                    (t!(l, "Since {day}. Recovery codes left: {left}.", "开启于 {day}，剩余 {left} 个恢复码。"))
                }
                h3 { (t!(l, "New recovery codes", "重新生成恢复码")) }
                p { (t!(l, "The old ones open nothing any more.", "原有恢复码将立即失效。")) }
                (ui::form("/account/security/totp/codes", html! {
                    (once_more(l, "codes_password", problems))
                    (second_code(l, "codes_code", problems))
                    (ui::primary_button(&t!(l, "Make new recovery codes", "生成新的恢复码")))
                }))
                h3 { (t!(l, "Turn the second step off", "关闭两步验证")) }
                (ui::form("/account/security/totp/off", html! {
                    (once_more(l, "off_password", problems))
                    (second_code(l, "off_code", problems))
                    (ui::danger_button(&t!(l, "Turn the second step off", "关闭两步验证")))
                }))
            }
        }
    }
}

fn second_code(l: Locale, id: &str, problems: &ui::Problems) -> Markup {
    Field::text("code", &t!(l, "Code from the app, or a recovery code", "验证码或恢复码"))
        .id(id)
        .autocomplete("one-time-code")
        .width(ui::Width::Medium)
        .problems(problems)
        .render()
}

fn once_more(l: Locale, id: &str, problems: &ui::Problems) -> Markup {
    Field::password("password", &t!(l, "Your password", "登录密码"))
        .id(id)
        .autocomplete("current-password")
        .width(ui::Width::Medium)
        .problems(problems)
        .render()
}

fn sessions_part(visit: &Visit, sessions: &[Session]) -> Markup {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let own = visit.customer.as_ref().map(|session| session.hash);
    let columns = [
        Column::text(t!(l, "Device", "设备")),
        Column::text(t!(l, "Signed in", "登录时间")),
        Column::text(t!(l, "Last used", "最近使用")),
        Column::text(""),
    ];
    let row = |session: &Session| {
        let device = &session.device;
        let end = t!(l, "End {device}", "退出 {device}");
        vec![
            html! {
                (device)
                @if Some(session.hash) == own { " " (ui::badge(Tone::Good, &t!(l, "this one", "本机"))) }
            },
            html! { (session.began.minute(zone)) },
            html! { (session.used.minute(zone)) },
            ui::button_form(
                &format!("/account/security/sessions/{}/end", session.id()),
                ui::quiet_button(&end),
            ),
        ]
    };
    let rows: Vec<Vec<Markup>> = sessions.iter().map(row).collect();
    ui::table(&t!(l, "Sessions", "登录记录"), &columns, &rows)
}

fn written_factor(visit: &Visit, secret: &[u8], problems: &ui::Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let account = account_of(&visit.view()?, visit.subject()?)?;
    let url = second_factor::otpauth_url(secret, &account.name, &visit.shop.settings().name);
    let title = t!(l, "Set up the second step", "开启两步验证");
    let main = html! {
        (ui::error_summary(l, problems))
        h1 { (title) }
        p { (t!(l, "Scan this picture with an authenticator app, or type the key into it. Then enter the code that it shows.",
                "请用验证器应用扫描二维码，或手动输入密钥，然后填写应用显示的验证码。")) }
        @if let Some(picture) = second_factor::qr_svg(&url) {
            (ui::qr(picture, &t!(l, "For the authenticator app", "使用验证器应用扫描")))
        }
        p { (ui::copyable(&second_factor::spelled(secret))) }
        p { a href=(url) { (t!(l, "Open the app on this device", "在本机验证器中打开")) } }
        (ui::form("/account/security/totp/confirm", html! {
            (pages::code_field(l, problems))
            (ui::primary_button(&t!(l, "Turn the second step on", "确认开启")))
        }))
        p { a href="/account/security" { (t!(l, "Not now", "暂不开启")) } }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::account_page(visit, &page, "/account/security", main)?)
}

/// Shows recovery codes, this once, to the browser's new session.
fn recovery_answer(visit: &Visit, token: &str, codes: &[String]) -> Result<Response, Stop> {
    visit.shop.outbox_bell.notify_one();
    let l = visit.locale;
    let title = t!(l, "Your recovery codes", "恢复码");
    let main = html! {
        (ui::notice(Tone::Good, html! { (t!(l, "The second step is on.", "两步验证已开启。")) }))
        h1 { (title) }
        p { (t!(l, "Each of these opens your account once, if the phone is lost. Write them down or print them now: they are not shown again.",
                "手机丢失时，每个恢复码可用于登录一次。请立即抄写或打印，离开本页后不再显示。")) }
        ul { @for code in codes { li { code { (code) } } } }
        (ui::buttons(ui::primary_link("/account/security", &t!(l, "I have kept them", "我已保存"))))
    };
    let page_of = Page { title: &title, ..Page::default() };
    let markup = front::account_page(visit, &page_of, "/account/security", main)?;
    Ok(with_cookie(page(markup), &visit.shop, Cookie::Session, token))
}
