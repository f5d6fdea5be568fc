//! One's own password in place of the one that the program drew, at the first sign-in.

use maud::{Markup, html};

use super::records::{SignInRow, Stage};
use super::sign_in::door_page;
use super::steps::{Given, Next, current, decide_next, end_step, go_on, under_way};
use super::{StaffMember, password_of};
use crate::front;
use crate::locale::{Locale, Text};
use crate::passwords;
use crate::refusal::{Decided, Kind, Problem, Refusal, Stop};
use crate::store::StoreResult;
use crate::t;
use crate::web::ui::{self, Field, Problems};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/admin/login/password", Who::Anyone, show_new_password),
        post("/admin/login/password", Who::Anyone, "sets one's first password", new_password),
    ]
}

async fn show_new_password(visit: Visit) -> Answer {
    if current(&visit, Stage::NewPassword)?.is_none() {
        return Ok(see("/admin/login"));
    }
    Ok(page(new_password_page(&visit, &Problems::new())?))
}

const NOT_CONFIRMED: Text =
    Text::new("Tick the box to confirm the duty of confidentiality.", "请勾选以确认保密义务。");

async fn new_password(visit: Visit, form: Form) -> Answer {
    let Some((row, member)) = current(&visit, Stage::NewPassword)? else {
        form.refuse_wrong()?;
        return Ok(see("/admin/login"));
    };
    match replace_password(&visit, &form, row, &member).await {
        Ok(next) => Ok(go_on(&visit, next)),
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Invalid => {
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, new_password_page(&visit, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn replace_password(visit: &Visit, form: &Form, row: SignInRow, member: &StaffMember) -> Decided<Next> {
    let mut problems = Vec::new();
    let password = read_new_password(visit, form, &[&member.name, &member.email], &mut problems);
    if !form.ticked("agree") {
        problems.push(Problem::new("agree", NOT_CONFIRMED));
    }
    Refusal::unless_empty(problems)?;
    let drawn = password_of(&visit.view()?, member.id)?.map(|password| password.hash).unwrap_or_default();
    let random = visit.shop.random.clone();
    let hash = visit.shop.hash_work(move || {
        let is_drawn_one = passwords::verify(&drawn, &password);
        (!is_drawn_one).then(|| passwords::hash(&password, &*random))
    });
    let same = || Refusal::field("password", SAME);
    let hash = hash.await?.ok_or_else(same)?;
    let (given, step) = (Given::of(visit), visit.step.clone().unwrap_or_default());
    let next = visit.shop.store.commit(move |plan| {
        if under_way(plan, Some(&step), Stage::NewPassword, plan.now)?.is_none() {
            return Err(Refusal::field("", GONE).into());
        }
        end_step(plan, &step)?;
        super::set_password(plan, row.staff, hash, None)?;
        decide_next(plan, &given, row.staff, None, row.back)
    });
    next.await
}

const SAME: Text =
    Text::new("Choose another password than the one you were given.", "请设置与初始密码不同的密码。");
const GONE: Text = Text::new("This took too long. Sign in again.", "操作超时，请重新登录。");

/// Reads the field `password` as a new password.
pub(super) fn read_new_password(
    visit: &Visit,
    form: &Form,
    own: &[&str],
    problems: &mut Vec<Problem>,
) -> String {
    let before = problems.len();
    let password = form.secret("password", problems);
    let settings = visit.shop.settings();
    let mut words = own.to_vec();
    words.push(&settings.name);
    let is_sound = problems.len() == before;
    let weak = passwords::check_strength(&password, &words).filter(|_| is_sound);
    problems.extend(weak.map(|text| Problem::new("password", text)));
    password
}

fn new_password_page(visit: &Visit, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Choose your own password", "设置您自己的密码");
    let form = ui::form(
        "/admin/login/password",
        html! {
            p { (t!(l, "The password you were given is good for this once.", "初始密码仅可使用这一次。")) }
            (new_password_field(&t!(l, "New password", "新密码"), l, problems))
            (Field::checkbox("agree", &t!(
                l,
                "I keep personal data of customers confidential, look at it only where an order or a request needs it, and pass it to nobody.",
                "我对客户的个人信息保密，仅在处理订单或请求所需时查看，且不向任何人提供。"
            )).hint(&t!(l, "Each look is logged. Whoever breaks this loses access.", "每次查看均有记录，违反者将被取消访问权限。")).problems(problems).render())
            (ui::primary_button(&t!(l, "Save the password and sign in", "保存密码并登录")))
        },
    );
    door_page(visit, &title, problems, form)
}

/// The field `password` for a new password.
pub(super) fn new_password_field(label: &str, l: Locale, problems: &Problems) -> Markup {
    Field::password("password", label)
        .hint(passwords::HINT.get(l))
        .autocomplete("new-password")
        .problems(problems)
        .render()
}
