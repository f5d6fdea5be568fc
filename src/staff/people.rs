//! Who works here: the owner adds, admits and disables people and resets second factors.

use axum::extract::Path;
use maud::{Markup, html};

use super::{NewStaff, StaffMember, admit, decide_add, disable, find, has_factor, list, reset_mfa};
use crate::front::{self, Page};
use crate::ids::StaffId;
use crate::locale::{Locale, Text};
use crate::passwords;
use crate::random::Random;
use crate::refusal::{Kind, Problem, Refusal};
use crate::store::{Decided, Plan, Stop, StoreResult};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

const HOME: &str = "/admin/staff";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HOME, Who::Owner, show),
        post(HOME, Who::Owner, "adds a member of staff", add),
        get("/admin/staff/{id}", Who::Owner, show_one),
        post("/admin/staff/{id}/admit", Who::Owner, "lets a person work again after a restore", admit_one),
        post("/admin/staff/{id}/disable", Who::Owner, "disables a staff account for good", disable_one),
        post("/admin/staff/{id}/reset-mfa", Who::Owner, "takes a second factor away", reset_one),
        post("/admin/staff/{id}/reset-password", Who::Owner, "draws a one-time password", new_password),
    ]
}

async fn show(visit: Visit) -> Answer {
    Ok(page(list_page(&visit, &Form::default(), &Problems::new())?))
}

fn list_page(visit: &Visit, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Staff", "员工");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, ui::link_button("/admin/access-log", &t!(l, "Access log", "查看记录"))))
        @if let Some(said) = said(visit) { (ui::notice(Tone::Good, html! { p { (said) } })) }
        (table_of(visit)?)
        (add_section(l, form, problems))
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, HOME, main)
}

fn said(visit: &Visit) -> Option<String> {
    let l = visit.locale;
    match front::asked(visit, "said").as_str() {
        "disabled" => {
            Some(t!(l, "The account was disabled and its data erased.", "账号已停用，相关数据已删除。"))
        }
        "admitted" => Some(t!(l, "The person can sign in again.", "该员工可重新登录。")),
        "reset" => Some(t!(l, "The second factor was reset.", "两步验证已重置。")),
        _ => None,
    }
}

fn table_of(visit: &Visit) -> StoreResult<Markup> {
    let l = visit.locale;
    let view = visit.view()?;
    let columns = [
        Column::text(t!(l, "Name", "姓名")),
        Column::text(t!(l, "Email", "邮箱")),
        Column::text(t!(l, "Role", "角色")),
        Column::text(t!(l, "State", "状态")),
        Column::text(t!(l, "Since", "添加时间")),
    ];
    let mut rows = Vec::new();
    for member in list(&view)? {
        let factor = has_factor(&view, member.id)?;
        rows.push(vec![
            html! { a href={ (HOME) "/" (member.id) } { (member.name) } },
            html! { (member.email) },
            html! { (role_of(l, &member)) },
            state_of(l, &member, factor),
            html! { (member.created.day(visit.shop.zone())) },
        ]);
    }
    Ok(ui::table(&t!(l, "Who works here", "员工列表"), &columns, &rows))
}

fn role_of(l: Locale, member: &StaffMember) -> String {
    if member.owner { t!(l, "Owner", "店主") } else { t!(l, "Staff", "店员") }
}

fn state_of(l: Locale, member: &StaffMember, factor: bool) -> Markup {
    html! {
        @if !member.active { (ui::badge(Tone::Warn, &t!(l, "waits to be admitted", "等待重新启用"))) }
        @else if factor { (ui::badge(Tone::Good, &t!(l, "second factor on", "已开启两步验证"))) }
        @else { (ui::badge(Tone::Warn, &t!(l, "password only", "仅密码"))) }
    }
}

fn add_section(l: Locale, form: &Form, problems: &Problems) -> Markup {
    ui::section(
        &t!(l, "Add somebody", "添加员工"),
        ui::form(
            HOME,
            html! {
                (Field::text("name", &t!(l, "Name", "姓名")).value(form.raw("name")).autocomplete("off")
                    .problems(problems).render())
                (Field::email("email", &t!(l, "Email", "邮箱")).value(form.raw("email")).autocomplete("off")
                    .problems(problems).render())
                (Field::checkbox("owner", &t!(l, "Owner", "店主"))
                    .hint(&t!(l, "Owners also manage staff, settings, keys and backups.", "店主还可管理员工、设置、密钥与备份。"))
                    .checked(form.ticked("owner")).problems(problems).render())
                p { (t!(
                    l,
                    "You are shown a password to pass on. It is good for the first sign-in, which asks for another.",
                    "系统将显示一个初始密码，请转交本人。首次登录后须设置新密码。"
                )) }
                (ui::primary_button(&t!(l, "Add to the staff", "添加员工")))
            },
        ),
    )
}

/// A password that can be read out: 75 random bits in groups of five letters and digits.
fn draw_password(random: &dyn Random) -> String {
    // No letters and digits that look alike.
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte % 32)]);
    let letters: Vec<char> = random.bytes::<15>().into_iter().map(letter).collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Draws a one-time password and hashes it.
async fn drawn(visit: &Visit) -> Decided<(String, String)> {
    let password = draw_password(&*visit.shop.random);
    let (random, plain) = (visit.shop.random.clone(), password.clone());
    let hash = visit.shop.hash_work(move || passwords::hash(&plain, &*random)).await?;
    Ok((password, hash))
}

async fn add(visit: Visit, form: Form) -> Answer {
    match decide(&visit, &form).await {
        Ok((member, password)) => Ok(page(password_page(&visit, &member, &password)?)),
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Invalid => {
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, list_page(&visit, &form, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn decide(visit: &Visit, form: &Form) -> Decided<(StaffMember, String)> {
    let mut problems = Vec::new();
    let name = form.line("name", 80, &mut problems);
    let email = form.line("email", 254, &mut problems);
    if name.is_empty() && problems.iter().all(|problem| problem.field != "name") {
        problems.push(Problem::new("name", super::NO_NAME));
    }
    let email_read = problems.iter().all(|problem| problem.field != "email");
    let unsound = crate::contact::parse_email(&email).err().filter(|_| email_read);
    problems.extend(unsound.map(|text| Problem::new("email", text)));
    Refusal::unless_empty(problems)?;
    let owner = form.ticked("owner");
    let (password, hash) = drawn(visit).await?;
    let (random, language) = (visit.shop.random.clone(), visit.locale);
    let added = visit.shop.store.commit(move |plan| {
        let new = NewStaff { name: &name, email: &email, owner, language, one_time: true };
        let id = decide_add(plan, &*random, &new, hash)?;
        Ok(find(plan, id)?.ok_or_else(Refusal::not_found)?)
    });
    Ok((added.await?, password))
}

fn password_page(visit: &Visit, member: &StaffMember, password: &str) -> StoreResult<Markup> {
    let l = visit.locale;
    let name = &member.name;
    let title = t!(l, "One-time password for {name}", "{name} 的初始密码");
    let main = html! {
        (ui::heading(&title, html! {}))
        p { (t!(
            l,
            "Pass this on in person or by phone, not by email. It is not shown again.",
            "请当面或通过电话转交，不要用邮件发送。此密码不会再次显示。"
        )) }
        (ui::facts(&[
            (t!(l, "Sign-in page", "登录地址"), html! { (visit.shop.url()) "/admin/login" }),
            (t!(l, "Email", "邮箱"), html! { (member.email) }),
            (t!(l, "Password", "密码"), ui::copyable(password)),
        ]))
        p { (ui::primary_link(HOME, &t!(l, "Back to the staff", "返回员工列表"))) }
    };
    front::admin_page(visit, &Page { title: &title, ..Page::default() }, HOME, main)
}

// ---- One person ----

fn parse_id(id: &str) -> Result<StaffId, Refusal> {
    StaffId::parse(id).ok_or_else(Refusal::not_found)
}

async fn show_one(visit: Visit, Path(id): Path<String>) -> Answer {
    let l = visit.locale;
    let view = visit.view()?;
    let member = find(&view, parse_id(&id)?)?.ok_or_else(Refusal::not_found)?;
    let factor = has_factor(&view, member.id)?;
    let never = || html! { (t!(l, "not yet", "尚未")) };
    let confirmed = member.confirmed.map_or_else(never, |at| html! { (at.minute(visit.shop.zone())) });
    let main = html! {
        (ui::breadcrumbs(l, &[(HOME, &t!(l, "Staff", "员工")), ("", &member.name)]))
        (ui::heading(&member.name, html! {}))
        (ui::facts(&[
            (t!(l, "Email", "邮箱"), html! { (member.email) }),
            (t!(l, "Role", "角色"), html! { (role_of(l, &member)) }),
            (t!(l, "State", "状态"), state_of(l, &member, factor)),
            (t!(l, "Added", "添加时间"), html! { (member.created.minute(visit.shop.zone())) }),
            (t!(l, "Duty of confidentiality confirmed", "确认保密义务"), confirmed),
        ]))
        (acts(l, &member, factor, visit.clerk()?.id == member.id))
    };
    Ok(page(front::admin_page(&visit, &Page { title: &member.name, ..Page::default() }, HOME, main)?))
}

/// What the owner may do about a person; nobody disables their own account.
fn acts(l: Locale, member: &StaffMember, factor: bool, is_oneself: bool) -> Markup {
    let act = |what: &str| format!("{HOME}/{}/{what}", member.id);
    let name = &member.name;
    html! {
        @if !member.active {
            (ui::section(&t!(l, "Admit again", "重新启用"), html! {
                p { (t!(
                    l,
                    "After a backup was restored nobody but an owner works until admitted.",
                    "恢复备份后，除店主外的员工须经店主重新启用。"
                )) }
                (ui::button_form(&act("admit"), ui::secondary_button(&t!(l, "Admit {name}", "重新启用 {name}"))))
            }))
        }
        (ui::section(&t!(l, "Lost password or phone", "忘记密码或丢失手机"), html! {
            p { (t!(l, "Both end the person's sessions.", "以下操作会使该员工退出所有会话。")) }
            (ui::buttons(html! {
                (ui::button_form(&act("reset-password"), ui::secondary_button(&t!(l, "Draw a one-time password", "生成初始密码"))))
                @if factor { (ui::button_form(&act("reset-mfa"), ui::secondary_button(&t!(l, "Reset the second factor", "重置两步验证")))) }
            }))
        }))
        @if !is_oneself {
            (ui::section(&t!(l, "Disable", "停用"), html! {
            p { (t!(
                l,
                "Name, email, password and second factor are erased at once. This can't be taken back; the access log keeps what was looked at.",
                "姓名、邮箱、密码和两步验证将立即删除且无法恢复；查看记录仍会保留。"
            )) }
            (ui::button_form(&act("disable"), ui::danger_button(&t!(l, "Disable {name}", "停用 {name}"))))
        }))
        }
    }
}

async fn act_on(
    visit: &Visit,
    id: &str,
    decide: impl FnOnce(&mut Plan<'_>, StaffId) -> Decided<()> + Send + 'static,
) -> Decided<()> {
    let id = parse_id(id)?;
    visit.shop.store.commit(move |plan| decide(plan, id)).await
}

async fn admit_one(visit: Visit, Path(id): Path<String>) -> Answer {
    act_on(&visit, &id, admit).await?;
    Ok(see("/admin/staff?said=admitted"))
}

const NOT_ONESELF: Text = Text::new(
    "You can't disable your own account. Ask another owner.",
    "不能停用自己的账号，请由其他店主操作。",
);

async fn disable_one(visit: Visit, Path(id): Path<String>) -> Answer {
    if visit.clerk()?.id == parse_id(&id)? {
        return Err(Refusal::conflict(NOT_ONESELF).into());
    }
    act_on(&visit, &id, disable).await?;
    Ok(see("/admin/staff?said=disabled"))
}

async fn reset_one(visit: Visit, Path(id): Path<String>) -> Answer {
    act_on(&visit, &id, reset_mfa).await?;
    Ok(see("/admin/staff?said=reset"))
}

async fn new_password(mut visit: Visit, Path(id): Path<String>) -> Answer {
    let id = parse_id(&id)?;
    visit.path = format!("{HOME}/{id}");
    let (password, hash) = drawn(&visit).await?;
    let changed = visit.shop.store.commit(move |plan| {
        let member = find(plan, id)?.ok_or_else(Refusal::not_found)?;
        super::renew_password(plan, id, hash, true, None)?;
        Ok(member)
    });
    let member = changed.await?;
    Ok(page(password_page(&visit, &member, &password)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemSource;

    #[test]
    fn a_drawn_password_is_strong_and_easy_to_read_out() {
        let password = draw_password(&SystemSource::new());
        assert_eq!(password.len(), 17);
        assert!(!password.contains(['l', 'o', '0', '1']), "{password}");
        assert_eq!(passwords::check_strength(&password, &[]), None);
    }
}
