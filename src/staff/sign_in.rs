//! The way into the back office and out of it: password, then the second factor where one is set.

use maud::{Markup, html};

use super::records::{FactorRow, STAFF_FACTORS, SignInRow, Stage};
use super::steps::{Given, Next, begin, current, decide_next, end_step, go_on, under_way};
use super::{StaffMember, by_email, has_owner, password_of};
use crate::front::{self, Page};
use crate::ids::StaffId;
use crate::locale::Text;
use crate::passwords;
use crate::refusal::{Kind, Problem, Refusal};
use crate::second_factor;
use crate::sessions;
use crate::staff::Tries;
use crate::store::{Decided, Plan, Stop, StoreResult, View};
use crate::t;
use crate::web::ui::{self, Field, Problems};
use crate::web::visit::local_path;
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, refused, see, without_cookie};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/admin/login", Who::Anyone, show),
        post("/admin/login", Who::Anyone, "begins a staff session", sign_in),
        get("/admin/login/second", Who::Anyone, show_second),
        post("/admin/login/second", Who::Anyone, "begins a staff session", second),
        post("/admin/logout", Who::Staff, "ends the staff session", sign_out),
    ]
}

// ---- Password ----

async fn show(visit: Visit) -> Answer {
    let back = front::asked(&visit, "back");
    let back = local_path(&back, "/admin");
    if visit.staff.is_some() {
        return Ok(see(back));
    }
    Ok(page(login_page(&visit, "", back, &Problems::new())?))
}

const NO_ACCOUNT: Text = Text::new("Enter your email address.", "请输入邮箱。");
const NO_PASSWORD: Text = Text::new("Enter your password.", "请输入密码。");
const WRONG: Text = Text::new("The email or the password is wrong.", "邮箱或密码不正确。");

async fn sign_in(visit: Visit, form: Form) -> Answer {
    let outcome = match check_password(&visit, &form).await {
        Ok((member, one_time)) => {
            begin(&visit, &member, one_time, local_path(form.raw("back"), "/admin")).await
        }
        Err(stop) => Err(stop),
    };
    match outcome {
        Ok(next) => Ok(go_on(&visit, next)),
        Err(Stop::Refused(refusal)) if matches!(refusal.kind, Kind::Invalid | Kind::TooMany { .. }) => {
            let problems = front::problems_of(&visit, &refusal);
            let back = local_path(form.raw("back"), "/admin");
            Ok(refused(&refusal, login_page(&visit, form.raw("account"), back, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

/// Whoever this is, one password is hashed and the same is said.
async fn check_password(visit: &Visit, form: &Form) -> Decided<(StaffMember, bool)> {
    let mut problems = Vec::new();
    let account = form.line("account", 254, &mut problems);
    let password = form.secret("password", &mut problems);
    if account.is_empty() && problems.is_empty() {
        problems.push(Problem::new("account", NO_ACCOUNT));
    }
    if password.is_empty() && problems.iter().all(|problem| problem.field != "password") {
        problems.push(Problem::new("password", NO_PASSWORD));
    }
    Refusal::unless_empty(problems)?;
    let key = account.to_lowercase();
    visit.shop.of::<Tries>().take(&key, visit.shop.clock.now())?;
    let found = account_of(&visit.view()?, &account)?;
    let hash = found.as_ref().map(|(_, hash, _)| hash.clone());
    let check = move || match hash {
        Some(hash) => passwords::verify(&hash, &password),
        None => {
            passwords::verify_nobodys(&password);
            false
        }
    };
    let right = visit.shop.hash_work(check).await?;
    match found {
        Some((member, _, one_time)) if right => {
            visit.shop.of::<Tries>().forget(&key);
            Ok((member, one_time))
        }
        _ => Err(Refusal::field("", WRONG).into()),
    }
}

fn account_of(view: &View<'_>, email: &str) -> StoreResult<Option<(StaffMember, String, bool)>> {
    let Some(member) = by_email(view, email)?.filter(|member| member.active) else { return Ok(None) };
    let password = password_of(view, member.id)?;
    Ok(password.map(|password| (member, password.hash, password.one_time)))
}

fn login_page(visit: &Visit, account: &str, back: &str, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Sign in to the back office", "登录管理后台");
    let form = ui::form(
        "/admin/login",
        html! {
            (Field::email("account", &t!(l, "Email", "邮箱")).value(account).autocomplete("username")
                .problems(problems).render())
            (Field::password("password", &t!(l, "Password", "密码")).autocomplete("current-password")
                .problems(problems).render())
            (Field::hidden("back", back).render())
            p.note { (DUTY.get(l)) }
            (ui::primary_button(&t!(l, "Sign in", "登录")))
        },
    );
    let body = html! {
        @if !has_owner(&visit.view()?)? {
            (ui::notice(ui::Tone::Warn, html! { p { (t!(
                l,
                "This shop has no owner yet. Open the link that its start printed (Set up: …).",
                "店铺尚未设置店主。请打开启动时输出的链接（Set up: …）。"
            )) } }))
        }
        (form)
    };
    door_page(visit, &title, problems, body)
}

/// The duty of confidentiality (SEC-09): confirmed by the first sign-in, which is on record.
pub(super) const DUTY: Text = Text::new(
    "By signing in you confirm that you keep personal data of customers confidential, look at it only where an order or a request needs it, and pass it to nobody. Each look is logged. Whoever breaks this loses access.",
    "登录即表示您确认：对客户的个人信息保密，仅在处理订单或请求所需时查看，且不向任何人提供。每次查看均有记录，违反者将被取消访问权限。",
);

pub(super) fn door_page(
    visit: &Visit,
    title: &str,
    problems: &Problems,
    body: Markup,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let main = ui::narrow(html! {
        (ui::error_summary(l, problems))
        (ui::heading(title, html! {}))
        (body)
    });
    let page = Page { title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, "", main)
}

// ---- Second factor ----

async fn show_second(visit: Visit) -> Answer {
    if current(&visit, Stage::Second)?.is_none() {
        return Ok(see("/admin/login"));
    }
    Ok(page(second_page(&visit, &Problems::new())?))
}

const WRONG_CODE: Text = Text::new(
    "This code is wrong or was used already. Wait for the next one and enter it.",
    "验证码不正确或已使用，请等待下一个验证码。",
);
const NO_CODE: Text = Text::new("Enter the code.", "请输入验证码。");

async fn second(visit: Visit, form: Form) -> Answer {
    let Some((row, member)) = current(&visit, Stage::Second)? else {
        form.refuse_wrong()?;
        return Ok(see("/admin/login"));
    };
    match check_second(&visit, &form, row, &member).await {
        Ok(next) => Ok(go_on(&visit, next)),
        Err(Stop::Refused(refusal)) if matches!(refusal.kind, Kind::Invalid | Kind::TooMany { .. }) => {
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, second_page(&visit, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn check_second(visit: &Visit, form: &Form, row: SignInRow, member: &StaffMember) -> Decided<Next> {
    let mut problems = Vec::new();
    let code = form.line("code", 60, &mut problems);
    if code.is_empty() && problems.is_empty() {
        problems.push(Problem::new("code", NO_CODE));
    }
    Refusal::unless_empty(problems)?;
    let key = format!("code of {}", member.id);
    visit.shop.of::<Tries>().take(&key, visit.shop.clock.now())?;
    let (given, step) = (Given::of(visit), visit.step.clone().unwrap_or_default());
    let next = visit.shop.store.commit(move |plan| decide_second(plan, &given, &step, row, &code)).await?;
    visit.shop.of::<Tries>().forget(&key);
    Ok(next)
}

fn decide_second(
    plan: &mut Plan<'_>,
    given: &Given,
    step: &str,
    row: SignInRow,
    code: &str,
) -> Decided<Next> {
    // A second form with the same code finds the step gone.
    if under_way(plan, Some(step), Stage::Second, plan.now)?.is_none() {
        return Err(Refusal::field("code", WRONG_CODE).into());
    }
    take_code(plan, row.staff, code)?;
    end_step(plan, step)?;
    let one_time = password_of(plan, row.staff)?.is_some_and(|password| password.one_time);
    decide_next(plan, given, row.staff, one_time.then_some(Stage::NewPassword), row.back)
}

/// Takes a code of the app or a recovery code, each once.
///
/// # Errors
/// A refusal that names `code`.
pub(super) fn take_code(plan: &mut Plan<'_>, id: StaffId, code: &str) -> Decided<()> {
    let wrong = || Refusal::field("code", WRONG_CODE);
    let mut factor: FactorRow = plan.get(&STAFF_FACTORS, &id)?.ok_or_else(wrong)?;
    match second_factor::verify(&factor.secret, code, plan.now, factor.last_used) {
        Some(step) => factor.last_used = step,
        None if second_factor::use_recovery_code(&mut factor.recovery, code) => {}
        None => return Err(wrong().into()),
    }
    Ok(plan.update(&STAFF_FACTORS, &id, &factor)?)
}

fn second_page(visit: &Visit, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Second factor", "两步验证");
    let hint = t!(
        l,
        "Six digits from your authenticator app, or one of your recovery codes.",
        "身份验证器应用中的 6 位数字，或一个恢复代码。"
    );
    let form = ui::form(
        "/admin/login/second",
        html! {
            // Recovery codes have letters, so the keyboard is not for digits alone.
            (Field::code("code", &t!(l, "Code", "验证码")).hint(&hint).inputmode("text").problems(problems)
                .render())
            (ui::primary_button(&t!(l, "Check the code and sign in", "验证并登录")))
        },
    );
    door_page(visit, &title, problems, form)
}

// ---- Out ----

async fn sign_out(visit: Visit) -> Answer {
    if let Some((_, session)) = &visit.staff {
        let hash = session.hash;
        visit.shop.store.commit(move |plan| Ok(sessions::end(plan, hash)?)).await?;
    }
    Ok(without_cookie(see("/admin/login"), &visit.shop, Cookie::Staff))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bench, owner};
    use super::*;

    #[test]
    fn a_recovery_code_is_taken_once() {
        let bench = Bench::new();
        let id = owner(&bench);
        let codes = second_factor::new_recovery_codes(&*bench.random);
        let recovery = codes.iter().map(|code| second_factor::recovery_digest(code)).collect();
        let factor = FactorRow { secret: vec![1; 20], last_used: 0, recovery };
        bench.commit(move |plan| super::super::set_factor(plan, id, &factor, None)).expect("set");
        let take = |code: &str| {
            let code = code.to_owned();
            bench.commit(move |plan| take_code(plan, id, &code)).is_ok()
        };
        assert!(take(&codes[0]));
        assert!(!take(&codes[0]));
        assert!(take(&codes[1].to_uppercase()));
        assert!(!take("aaaa-bbbb-cccc-dddd"));
    }
}
