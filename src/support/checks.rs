//! Who is asking? (COL-16) Whoever answers the telephone types what the person says; the page says
//! whether it matches what is stored, and never shows what that is. Each comparison is logged.

use maud::{Markup, html};

use crate::accounts::{self, Account, Called};
use crate::front::{self, Page, or_again};
use crate::ids::{OrderNumber, SubjectId};
use crate::locale::{Locale, Text};
use crate::orders::{self, Order};
use crate::refusal::{Problem, Refusal};
use crate::staff::{self, Looker};
use crate::store::{Decided, Plan, Stop, StoreResult, View};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone, Width};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post};

pub(super) const HERE: &str = "/admin/verify";
const COMPARED: Text =
    Text::new("what somebody said, compared and not shown", "核对来电人所述信息（未展示）");

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Staff, show),
        post(HERE, Who::Staff, "logs that what somebody says was compared", compare),
    ]
}

/// What the person says.
#[derive(Clone, Default)]
struct Claims {
    account: String,
    order: String,
    name: String,
    phone_end: String,
    email: String,
}

/// What came of each claim that was made, by the name of its field.
struct Compared {
    results: Vec<(&'static str, bool)>,
    /// The order, if everything matched and its delivery can still be changed.
    open: Option<OrderNumber>,
}

const NOTHING: Text = Text::new(
    "Enter an account or an order number, and something more that the person says.",
    "请填写账号或订单号，以及对方所述的至少一项其他信息。",
);
const NOT_FOUR: Text = Text::new("Enter the last four digits.", "请填写后四位数字。");

async fn show(visit: Visit) -> Answer {
    Ok(page(written(&visit, &Form::default(), None, &Problems::new())?))
}

async fn compare(visit: Visit, form: Form) -> Answer {
    match try_compare(&visit, &form).await {
        Ok(compared) => Ok(page(written(&visit, &form, Some(&compared), &Problems::new())?)),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(written(visit, &form, None, problems)?)),
    }
}

fn read(form: &Form) -> Result<Claims, Refusal> {
    let mut problems = Vec::new();
    let claims = Claims {
        account: form.line("account", 254, &mut problems),
        order: form.line("order", 40, &mut problems),
        name: form.line("name", 60, &mut problems),
        phone_end: form.line("phone_end", 10, &mut problems),
        email: form.line("email", 254, &mut problems),
    };
    let digits = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !claims.phone_end.is_empty() && !digits(&claims.phone_end) {
        problems.push(Problem::new("phone_end", NOT_FOUR));
    }
    let said = [&claims.account, &claims.order, &claims.name, &claims.phone_end, &claims.email];
    let named = !claims.account.is_empty() || !claims.order.is_empty();
    if problems.is_empty() && (!named || said.iter().filter(|text| !text.is_empty()).count() < 2) {
        problems.push(Problem::new("account", NOTHING));
    }
    Refusal::unless_empty(problems).map(|()| claims)
}

async fn try_compare(visit: &Visit, form: &Form) -> Decided<Compared> {
    let claims = read(form)?;
    let (looker, country) = (Looker::of(visit)?, visit.shop.settings().country.clone());
    let decide = move |plan: &mut Plan<'_>| {
        let known = Known::of(plan, &claims, &country)?;
        let order = known.order.as_ref().map(|order| &order.number);
        staff::log_look(plan, &looker, COMPARED, known.subject(), order, "")?;
        Ok(known.judge(&claims))
    };
    visit.shop.store.commit(decide).await
}

/// What is stored about whom the person says to be. Of a cancelled account and of a restricted order
/// nothing is known.
struct Known {
    account: Option<Account>,
    order: Option<Order>,
}

impl Known {
    fn of(view: &View<'_>, claims: &Claims, country: &str) -> Decided<Self> {
        let order = match OrderNumber::parse(&claims.order) {
            Some(number) => match orders::find_for_staff(view, &number) {
                Err(Stop::Refused(_)) => None,
                found => Some(found?).filter(|order| order.consignee.is_some()),
            },
            None => None,
        };
        let called = Called::parse(&claims.account, country);
        let account = called.map_or(Ok(None), |called| accounts::find_by(view, &called))?;
        Ok(Self { account: account.filter(|account| account.leaving.is_none()), order })
    }

    fn subject(&self) -> Option<SubjectId> {
        let owner = self.order.as_ref().and_then(|order| order.consignee.as_ref());
        self.account.as_ref().map(|account| account.subject).or(owner.map(|owner| owner.subject))
    }

    /// An account and an order that do not belong together match nothing.
    fn fits(&self, claims: &Claims) -> bool {
        let owner = self.order.as_ref().and_then(|order| order.consignee.as_ref()).map(|owner| owner.subject);
        let holder = self.account.as_ref().map(|account| account.subject);
        let found =
            (claims.account.is_empty() || holder.is_some()) && (claims.order.is_empty() || owner.is_some());
        found && (claims.account.is_empty() || claims.order.is_empty() || owner == holder)
    }

    fn judge(&self, claims: &Claims) -> Compared {
        let fits = self.fits(claims);
        let address =
            self.order.as_ref().and_then(|order| order.consignee.as_ref()).map(|owner| &owner.address);
        let account = self.account.as_ref();
        let same = |one: &str, other: &str| plain(one) == plain(other);
        let name = address.is_some_and(|address| same(&address.name, &claims.name));
        let phones =
            [address.map(|address| address.phone.as_str()), account.and_then(|a| a.mobile.as_deref())];
        let emails =
            [address.map(|address| address.email.as_str()), account.and_then(|a| a.email.as_deref())];
        let phone = phones.into_iter().flatten().any(|phone| phone.ends_with(&claims.phone_end));
        let email = emails.into_iter().flatten().any(|email| same(email, &claims.email));
        let judged = [
            ("account", &claims.account, account.is_some()),
            ("order", &claims.order, self.order.is_some()),
            ("name", &claims.name, name),
            ("phone_end", &claims.phone_end, phone),
            ("email", &claims.email, email),
        ];
        let said = judged.into_iter().filter(|(_, said, _)| !said.is_empty());
        let results: Vec<_> = said.map(|(field, _, matches)| (field, fits && matches)).collect();
        let all = results.iter().all(|(_, matches)| *matches);
        let open = self.order.as_ref().filter(|order| all && orders::can_be_redirected(order));
        Compared { open: open.map(|order| order.number.clone()), results }
    }
}

/// Without spaces and capitals.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn label(l: Locale, field: &str) -> String {
    match field {
        "account" => t!(l, "Account name, email or mobile, whole", "完整的账号名、邮箱或手机号"),
        "order" => t!(l, "Order number", "订单号"),
        "name" => t!(l, "Who receives the order", "订单收货人"),
        "phone_end" => t!(l, "Last four digits of the mobile number", "手机号后四位"),
        _ => t!(l, "Email", "邮箱"),
    }
}

fn written(
    visit: &Visit,
    form: &Form,
    compared: Option<&Compared>,
    problems: &Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Who is asking?", "核实身份");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[("/admin/conversations", &t!(l, "Conversations", "客服会话")), ("", &title)]))
        (ui::heading(&title, html! {}))
        p { (t!(l, "Ask the person, type what they say, and compare. What is stored is never shown, and each comparison is logged. Never ask for a password or a code.",
            "请向对方提问，填写对方所述并核对。系统不展示已存信息，每次核对均有记录。切勿索要密码或验证码。")) }
        @if let Some(compared) = compared { (outcome(l, compared)) }
        (ui::form(HERE, html! {
            @for field in ["account", "order", "name", "phone_end", "email"] {
                (Field::text(field, &label(l, field)).optional(l).value(form.raw(field)).autocomplete("off")
                    .width(Width::Medium).problems(problems).render())
            }
            (ui::primary_button(&t!(l, "Compare", "核对")))
        }))
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, "/admin/conversations", main)
}

fn outcome(l: Locale, compared: &Compared) -> Markup {
    let columns =
        [Column::text(t!(l, "What was said", "所述信息")), Column::text(t!(l, "Result", "核对结果"))];
    let result = |matches: bool| match matches {
        true => ui::badge(Tone::Good, &t!(l, "matches", "相符")),
        false => ui::badge(Tone::Bad, &t!(l, "does not match", "不相符")),
    };
    let rows: Vec<Vec<Markup>> = compared
        .results
        .iter()
        .map(|(field, matches)| vec![html! { (label(l, field)) }, result(*matches)])
        .collect();
    html! {
        (ui::table(&t!(l, "What was compared", "核对结果"), &columns, &rows))
        @if let Some(number) = &compared.open {
            p { a href={ "/admin/orders/" (number) "/delivery" } { (t!(l, "Change the delivery of this order", "变更该订单的收货信息")) } }
        }
    }
}
