//! One's own security: second factor, password, sessions.

use axum::extract::Path;
use maud::{Markup, html};

use super::first_password::{new_password_field, read_new_password};
use super::records::{FactorRow, STAFF_FACTORS};
use super::{has_factor, proves, set_factor, set_password};
use crate::front::{self, Page};
use crate::locale::Text;
use crate::passwords;
use crate::refusal::{Kind, Problem, Refusal};
use crate::second_factor;
use crate::sessions::{self, Holder, StaffSeat};
use crate::store::{Decided, Stop, StoreResult};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

const HOME: &str = "/admin/security";
const SECOND: &str = "/admin/security/second";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HOME, Who::Staff, show),
        post("/admin/security/password", Who::Staff, "changes one's own password", change_password),
        get(SECOND, Who::Staff, show_second),
        post(SECOND, Who::Staff, "sets up one's own second factor", set_up_second),
        post("/admin/security/sessions/{id}/end", Who::Staff, "ends a session of one's own", end_session),
        post("/admin/security/sessions/end", Who::Staff, "ends one's other sessions", end_others),
    ]
}

/// The hash of the session that this visit uses, which outlives the others.
fn own_session(visit: &Visit) -> Option<[u8; 32]> {
    visit.staff.as_ref().map(|(_, session)| session.hash)
}

/// The same visit as if it had asked for `path`: a refused form is that page again.
fn at(mut visit: Visit, path: &str) -> Visit {
    path.clone_into(&mut visit.path);
    visit
}

async fn show(visit: Visit) -> Answer {
    Ok(page(security_page(&visit, &Problems::new())?))
}

fn security_page(visit: &Visit, problems: &Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let member = visit.clerk()?;
    let title = t!(l, "Security", "账号安全");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        @if let Some(said) = said(visit) { (ui::notice(Tone::Good, html! { p { (said) } })) }
        (second_factor_section(visit, &member)?)
        (password_section(visit, problems))
        (sessions_section(visit, &member)?)
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::admin_page(visit, &page, HOME, main)?)
}

fn said(visit: &Visit) -> Option<String> {
    let l = visit.locale;
    match front::asked(visit, "said").as_str() {
        "password" => Some(t!(
            l,
            "Your password was changed. Your other sessions ended.",
            "密码已修改，其他会话已退出。"
        )),
        "ended" => Some(t!(l, "The session ended.", "会话已退出。")),
        "others" => Some(t!(l, "Your other sessions ended.", "其他会话已退出。")),
        _ => None,
    }
}

fn second_factor_section(visit: &Visit, member: &StaffSeat) -> StoreResult<Markup> {
    let l = visit.locale;
    let view = visit.view()?;
    let left = view.get(&STAFF_FACTORS, &member.id)?.map(|factor| factor.recovery.len());
    Ok(ui::section(
        &t!(l, "Second factor", "两步验证"),
        html! {
            @match left {
                Some(left) => {
                    p { (ui::badge(Tone::Good, &t!(l, "On", "已开启"))) }
                    p { (t!(
                        l,
                        "Each sign-in asks for a code of your authenticator app. Recovery codes left: {left}.",
                        "每次登录均需输入身份验证器应用中的验证码。剩余恢复代码：{left} 个。"
                    )) }
                    p { (ui::link_button(SECOND, &t!(l, "Set up another device and new recovery codes", "更换设备并生成新的恢复代码"))) }
                }
                None => {
                    p { (ui::badge(Tone::Warn, &t!(l, "Off", "未开启"))) }
                    p { (t!(
                        l,
                        "A stolen password is enough to get in. With an authenticator app it is not.",
                        "仅凭密码即可登录，密码泄露后他人也能进入。开启两步验证可避免这种情况。"
                    )) }
                    p { (ui::primary_link(SECOND, &t!(l, "Set up the second factor", "设置两步验证"))) }
                }
            }
        },
    ))
}

fn password_section(visit: &Visit, problems: &Problems) -> Markup {
    let l = visit.locale;
    ui::section(
        &t!(l, "Password", "密码"),
        ui::form(
            "/admin/security/password",
            html! {
                (Field::password("current", &t!(l, "Current password", "当前密码"))
                    .autocomplete("current-password").problems(problems).render())
                (new_password_field(&t!(l, "New password", "新密码"), l, problems))
                (ui::primary_button(&t!(l, "Change the password", "修改密码")))
            },
        ),
    )
}

fn sessions_section(visit: &Visit, member: &StaffSeat) -> StoreResult<Markup> {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let own = own_session(visit);
    let (idle, now) = (visit.shop.retention().session, visit.shop.clock.now());
    let sessions = sessions::list(&visit.view()?, Holder::Staff(member.id), idle, now)?;
    let columns = [
        Column::text(t!(l, "Device", "设备")),
        Column::text(t!(l, "Signed in", "登录时间")),
        Column::text(t!(l, "Last used", "最近使用")),
        Column::text(""),
    ];
    let rows: Vec<Vec<Markup>> = sessions
        .iter()
        .map(|session| {
            let act = format!("{HOME}/sessions/{}/end", session.id());
            vec![
                html! { (session.device) },
                html! { (session.began.minute(zone)) },
                html! { (session.used.minute(zone)) },
                html! {
                    @if Some(session.hash) == own { (ui::badge(Tone::Neutral, &t!(l, "this session", "当前会话"))) }
                    @else { (ui::button_form(&act, ui::quiet_button(&t!(l, "End", "退出")))) }
                },
            ]
        })
        .collect();
    Ok(ui::section(
        &t!(l, "Sessions", "登录会话"),
        html! {
            (ui::table(&t!(l, "Where you are signed in", "已登录的设备"), &columns, &rows))
            @if sessions.len() > 1 {
                (ui::button_form("/admin/security/sessions/end", ui::secondary_button(&t!(l, "End all other sessions", "退出其他所有会话"))))
            }
        },
    ))
}

// ---- Password ----

const WRONG_CURRENT: Text = Text::new("This is not your current password.", "当前密码不正确。");
const NO_CURRENT: Text = Text::new("Enter your current password.", "请输入当前密码。");

/// Reads the field `current`, one's own password, and checks it, as one try.
///
/// # Errors
/// A refusal at `current`; too many wrong tries.
pub async fn prove_current(visit: &Visit, form: &Form, member: &StaffSeat) -> Decided<()> {
    let mut problems = Vec::new();
    let current = form.secret("current", &mut problems);
    if current.is_empty() && problems.is_empty() {
        problems.push(Problem::new("current", NO_CURRENT));
    }
    Refusal::unless_empty(problems)?;
    if proves(visit, member.id, current).await? {
        return Ok(());
    }
    Err(Refusal::field("current", WRONG_CURRENT).into())
}

async fn change_password(visit: Visit, form: Form) -> Answer {
    let visit = at(visit, HOME);
    match decide_password(&visit, &form).await {
        Ok(()) => Ok(see("/admin/security?said=password")),
        Err(Stop::Refused(refusal)) if matches!(refusal.kind, Kind::Invalid | Kind::TooMany { .. }) => {
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, security_page(&visit, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn decide_password(visit: &Visit, form: &Form) -> Decided<()> {
    let member = visit.clerk()?;
    let mut problems = Vec::new();
    let password = read_new_password(visit, form, &[&member.name, &member.email], &mut problems);
    if form.raw("current").is_empty() {
        problems.insert(0, Problem::new("current", NO_CURRENT));
    }
    Refusal::unless_empty(problems)?;
    prove_current(visit, form, &member).await?;
    let random = visit.shop.random.clone();
    let hash = visit.shop.hash_work(move || passwords::hash(&password, &*random)).await?;
    let kept = own_session(visit);
    visit.shop.store.commit(move |plan| set_password(plan, member.id, hash, kept)).await
}

// ---- Second factor ----

async fn show_second(visit: Visit) -> Answer {
    let secret = second_factor::new_secret(&*visit.shop.random);
    Ok(page(second_page(&visit, &secret, &Problems::new())?))
}

fn second_page(visit: &Visit, secret: &[u8], problems: &Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let member = visit.clerk()?;
    let title = t!(l, "Set up the second factor", "设置两步验证");
    let url = second_factor::otpauth_url(secret, &member.email, &visit.shop.settings().name);
    let spelled = second_factor::spelled(secret);
    let main = html! {
        (ui::breadcrumbs(l, &[(HOME, &t!(l, "Security", "账号安全")), ("", &title)]))
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        @if has_factor(&visit.view()?, member.id)? {
            p { (t!(
                l,
                "The device and the recovery codes you use now stop working once you finish here.",
                "完成后，当前设备和恢复代码将失效。"
            )) }
        }
        (ui::section(&t!(l, "1. Scan", "1. 扫码"), html! {
            p { (t!(
                l,
                "Scan this with an authenticator app, or type the key into it.",
                "使用身份验证器应用扫描二维码，或手动输入密钥。"
            )) }
            @if let Some(svg) = second_factor::qr_svg(&url) { (ui::qr(svg, &t!(l, "For your authenticator app", "供身份验证器应用扫描"))) }
            p { (ui::copyable(&spelled)) }
        }))
        (ui::section(&t!(l, "2. Confirm", "2. 确认"), ui::form(SECOND, html! {
            (Field::hidden("secret", &spelled).render())
            (Field::code("code", &t!(l, "Code that the app shows", "应用显示的验证码")).problems(problems).render())
            (Field::password("current", &t!(l, "Your password", "您的密码")).autocomplete("current-password")
                .problems(problems).render())
            (ui::primary_button(&t!(l, "Turn on the second factor", "开启两步验证")))
        })))
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::admin_page(visit, &page, HOME, main)?)
}

const WRONG_CODE: Text = Text::new(
    "This is not the code that the app shows now. Check the clock of your phone.",
    "验证码与应用当前显示的不符，请检查手机时间是否准确。",
);

async fn set_up_second(visit: Visit, form: Form) -> Answer {
    // A secret that is not one of ours was tampered with: begin again with a new one.
    let Some(secret) = second_factor::read_secret(form.raw("secret")) else {
        form.refuse_wrong()?;
        return Ok(see(SECOND));
    };
    match decide_factor(&visit, &form, &secret).await {
        Ok(codes) => Ok(page(codes_page(&at(visit, HOME), &codes)?)),
        Err(Stop::Refused(refusal)) if matches!(refusal.kind, Kind::Invalid | Kind::TooMany { .. }) => {
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, second_page(&visit, &secret, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn decide_factor(visit: &Visit, form: &Form, secret: &[u8]) -> Decided<Vec<String>> {
    form.refuse_wrong()?;
    let member = visit.clerk()?;
    let step = second_factor::verify(secret, form.raw("code"), visit.shop.clock.now(), 0);
    let last_used = step.ok_or_else(|| Refusal::field("code", WRONG_CODE))?;
    prove_current(visit, form, &member).await?;
    let codes = second_factor::new_recovery_codes(&*visit.shop.random);
    let recovery = codes.iter().map(|code| second_factor::recovery_digest(code)).collect();
    let factor = FactorRow { secret: secret.to_vec(), last_used, recovery };
    let kept = own_session(visit);
    visit.shop.store.commit(move |plan| set_factor(plan, member.id, &factor, kept)).await?;
    Ok(codes)
}

fn codes_page(visit: &Visit, codes: &[String]) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Recovery codes", "恢复代码");
    let main = html! {
        (ui::heading(&title, html! {}))
        (ui::notice(Tone::Good, html! { p { (t!(
            l,
            "The second factor is on. Your other sessions ended.",
            "两步验证已开启，其他会话已退出。"
        )) } }))
        p { (t!(
            l,
            "Print these codes or keep them in a safe place. Each one signs you in once when your phone is lost. They are not shown again.",
            "请打印或妥善保存以下代码。手机丢失时，每个代码可用于登录一次。代码不会再次显示。"
        )) }
        ul { @for code in codes { li { (ui::copyable(code)) } } }
        p { (ui::primary_link(HOME, &t!(l, "I have kept the codes", "我已保存恢复代码"))) }
    };
    front::admin_page(visit, &Page { title: &title, ..Page::default() }, HOME, main)
}

// ---- Sessions ----

async fn end_session(visit: Visit, Path(id): Path<String>) -> Answer {
    let member = visit.clerk()?;
    let idle = visit.shop.retention().session;
    let ended = visit.shop.store.commit(move |plan| {
        let now = plan.now;
        let sessions = sessions::list(plan, Holder::Staff(member.id), idle, now)?;
        let session = sessions.iter().find(|session| session.id() == id).ok_or_else(Refusal::not_found)?;
        Ok(sessions::end(plan, session.hash)?)
    });
    ended.await?;
    Ok(see("/admin/security?said=ended"))
}

async fn end_others(visit: Visit) -> Answer {
    let member = visit.clerk()?;
    let kept = own_session(&visit);
    visit.shop.store.commit(move |plan| Ok(sessions::end_all(plan, Holder::Staff(member.id), kept)?)).await?;
    Ok(see("/admin/security?said=others"))
}
