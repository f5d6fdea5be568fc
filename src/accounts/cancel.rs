//! The page on which a person cancels their account (RGT-18, PRP-02): it names what would be lost and
//! what is waited for, and says at the end what was there before and what is there now.

use maud::{Markup, html};

use super::leaving::{self, BeforeAfter, Leaving, WaitsFor, counted, vaults_of};
use super::pages::or_again;
use super::registration::door_page;
use super::security::prove_password;
use super::{addresses, erase};
use crate::cart;
use crate::front::{self, Page};
use crate::ids::{OrderNumber, SubjectId};
use crate::locale::{Locale, Text};
use crate::orders;
use crate::refusal::{Problem, Refusal};
use crate::store::{Decided, Plan, Stop, StoreResult, View};
use crate::t;
use crate::web::ui::{self, Column, Field, Tone};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, without_cookie};

const HERE: &str = "/account/cancel";

pub fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Customer, show),
        post(HERE, Who::Customer, "cancels the account, or erases it at once", cancel),
    ]
}

const NOT_CONFIRMED: Text =
    Text::new("Tick that you want to cancel your account.", "请勾选确认注销您的账号。");

/// What a person would lose.
struct Losses {
    addresses: usize,
    cart: usize,
    open: Vec<OrderNumber>,
    over: usize,
}

impl Losses {
    fn of(view: &View<'_>, subject: SubjectId) -> StoreResult<Self> {
        let open = orders::open_orders(view, subject)?;
        let all = orders::orders_of(view, subject)?.len();
        Ok(Self {
            addresses: addresses(view, subject)?.len(),
            cart: cart::of(view, subject)?.lines.len(),
            over: all - open.len(),
            open,
        })
    }
}

async fn show(visit: Visit) -> Answer {
    Ok(page(written(&visit, &Form::default(), &ui::Problems::new())?))
}

async fn cancel(visit: Visit, form: Form) -> Answer {
    match try_cancel(&visit, &form).await {
        Ok(outcome) => {
            let gone = Visit { customer: None, ..visit.clone() };
            Ok(without_cookie(page(after(&gone, &outcome)?), &visit.shop, Cookie::Session))
        }
        Err(stop) => or_again(&visit, stop, |visit, problems| written(visit, &form, problems)),
    }
}

/// What a cancellation came to.
enum Outcome {
    /// The month has begun.
    Leaving(Leaving),
    /// It is erased once this is over.
    Waits(WaitsFor),
    /// How many parts of each class there were, and how many are left.
    Erased(BeforeAfter),
}

async fn try_cancel(visit: &Visit, form: &Form) -> Decided<Outcome> {
    let subject = visit.subject()?;
    let mut problems = Vec::new();
    let password = form.secret("password", &mut problems);
    if problems.is_empty() && password.is_empty() {
        problems.push(Problem::new("password", Text::new("Enter your password.", "请输入密码。")));
    }
    if !form.ticked("confirm") {
        problems.push(Problem::new("confirm", NOT_CONFIRMED));
    }
    Refusal::unless_empty(problems)?;
    prove_password(visit, subject, password, "password").await?;
    leave(visit, subject, form.ticked("no_restore")).await
}

/// Cancels an account whose holder has proven to be it.
async fn leave(visit: &Visit, subject: SubjectId, at_once: bool) -> Decided<Outcome> {
    let store = &visit.shop.store;
    if !at_once {
        let leaving = store.commit(move |plan| leaving::leave(plan, subject, false)).await?;
        return Ok(Outcome::Leaving(leaving));
    }
    match erase_now(visit, subject).await? {
        Ok(counts) => Ok(Outcome::Erased(counts)),
        Err(waits) => Ok(Outcome::Waits(waits)),
    }
}

/// Erases an account at once, or as soon as nothing is waited for. Returns what there was and what is
/// left of it, looked at once the erasure is stored.
pub(super) async fn erase_now(visit: &Visit, subject: SubjectId) -> Decided<Result<BeforeAfter, WaitsFor>> {
    let store = &visit.shop.store;
    let decide = move |plan: &mut Plan<'_>| {
        leaving::leave(plan, subject, true)?;
        if let Some(waits) = leaving::waits_for(plan, subject)? {
            return Ok(Err(waits));
        }
        let vaults = vaults_of(plan, subject)?;
        erase(plan, subject)?;
        Ok(Ok(vaults))
    };
    let vaults = match store.commit(decide).await? {
        Ok(vaults) => vaults,
        Err(waits) => return Ok(Err(waits)),
    };
    let view = store.view()?;
    Ok(Ok(counted(&vaults, |_, vault| view.lives(vault))))
}

// ---- Pages ----

fn written(visit: &Visit, form: &Form, problems: &ui::Problems) -> Result<Markup, Stop> {
    let l = visit.locale;
    let view = visit.view()?;
    let subject = visit.subject()?;
    let losses = Losses::of(&view, subject)?;
    let held = leaving::waits_for(&view, subject)? == Some(WaitsFor::LegalHold);
    let period = visit.shop.retention().cancelled_account.text(l);
    let title = t!(l, "Cancel the account", "注销账号");
    let main = html! {
        (ui::error_summary(l, problems))
        h1 { (title) }
        (losses_part(visit, &losses))
        @if held {
            (ui::notice(Tone::Warn, waiting(l, WaitsFor::LegalHold)))
        }
        p {
            (t!(l, "For {period} from now nothing is deleted and nothing is used: no messages, no view for staff. You can restore the account at any time of it. Afterwards all that is yours is erased, in backups too.",
                "自现在起 {period}内，您的信息不会删除也不会使用：不发送消息，店员不可查看。期间可随时恢复账号，之后将全部删除，包括备份中的信息。"))
        }
        (ui::form(HERE, html! {
            (Field::password("password", &t!(l, "Password", "密码")).autocomplete("current-password")
                .width(ui::Width::Medium).problems(problems).render())
            (Field::checkbox("confirm", &t!(l, "I want to cancel my account", "我确认注销账号"))
                .checked(form.ticked("confirm")).problems(problems).render())
            (Field::checkbox("no_restore", &t!(l, "I will not restore it: erase it at once", "我不再恢复，请立即删除"))
                .checked(form.ticked("no_restore")).problems(problems).render())
            (ui::danger_button(&t!(l, "Cancel the account", "注销账号")))
        }))
        p { a href="/account/security" { (t!(l, "Keep the account", "保留账号")) } }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::account_page(visit, &page, "/account/security", main)?)
}

fn losses_part(visit: &Visit, losses: &Losses) -> Markup {
    let l = visit.locale;
    let Losses { addresses, cart, over, .. } = losses;
    let lost = html! {
        p { (t!(l, "This is what you would lose:", "注销后您将失去：")) }
        ul {
            li { (t!(l, "your account name, contacts and settings", "账号名、联系方式与设置")) }
            @if *addresses > 0 { li { (t!(l, "saved addresses: {addresses}", "收货地址 {addresses} 个")) } }
            @if *cart > 0 { li { (t!(l, "what is in your cart: {cart}", "购物车中的商品 {cart} 种")) } }
            @if *over > 0 {
                li {
                    (t!(l, "your list of past orders: {over}. Their record stays without you; name, phone and address on them are kept as long as the law asks, and shown to nobody.",
                        "历史订单 {over} 笔：交易记录不再与您关联，其中的姓名、电话和地址按法律要求的期限保存，不向任何人展示。"))
                }
            }
        }
    };
    html! {
        (ui::prose(lost))
        @if !losses.open.is_empty() {
            (ui::notice(Tone::Warn, html! {
                p {
                    (t!(l, "These orders are under way. They are still delivered, and the account is erased only once they are completed:",
                        "以下订单尚未完成，仍会继续处理；账号将在订单完成后才删除："))
                }
                ul { @for number in &losses.open { li { a href={ "/account/orders/" (number) } { (number) } } } }
            }))
        }
    }
}

/// The page after a cancellation: nobody is signed in any more.
fn after(visit: &Visit, outcome: &Outcome) -> StoreResult<Markup> {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let title = match outcome {
        Outcome::Erased(_) => t!(l, "Your account is erased", "您的账号已删除"),
        _ => t!(l, "Your account is cancelled", "您的账号已注销"),
    };
    let body = match outcome {
        Outcome::Leaving(leaving) => {
            let day = leaving.until.day(zone);
            html! {
                p {
                    (t!(l, "Until {day} it lies as it is and is not used. Afterwards it is erased.",
                        "{day} 之前账号信息原样保存、不再使用，之后将予以删除。"))
                }
                (ui::buttons(ui::link_button("/account/restore", &t!(l, "Restore the account", "恢复账号"))))
            }
        }
        Outcome::Waits(waits) => waiting(l, *waits),
        Outcome::Erased(counts) => counts_part(l, counts),
    };
    let main = html! { h1 { (title) } (body) };
    door_page(visit, &title, &ui::Problems::new(), main)
}

/// What is said where an erasure waits.
pub(super) fn waiting(l: Locale, waits: WaitsFor) -> Markup {
    let text = match waits {
        WaitsFor::Order => t!(
            l,
            "An order is still under way. The account is erased as soon as it is completed; until then nothing else of it is used.",
            "您还有未完成的订单，账号将在订单完成后立即删除，在此之前不作其他使用。"
        ),
        WaitsFor::LegalHold => t!(
            l,
            "A legal hold keeps your data for now. It is erased once the hold has ended.",
            "因法律保全要求，您的信息暂时不能删除，保全结束后即删除。"
        ),
    };
    html! { p { (text) } }
}

/// What was counted before and after an erasure.
pub(super) fn counts_part(l: Locale, counts: &BeforeAfter) -> Markup {
    let columns = [
        Column::text(t!(l, "What", "信息类别")),
        Column::number(t!(l, "Before", "删除前")),
        Column::number(t!(l, "Now", "现在")),
    ];
    let rows: Vec<Vec<Markup>> = counts
        .iter()
        .map(|(class, before, after)| {
            vec![html! { (class.facts().title.get(l)) }, html! { (before) }, html! { (after) }]
        })
        .collect();
    let stays = counts.iter().any(|(_, _, after)| *after > 0);
    html! {
        (ui::table(&t!(l, "Parts of your account, before and now", "账号信息删除前后对比"), &columns, &rows))
        @if stays {
            p.hint {
                (t!(l, "What is left is kept because the law asks for it. It is shown to nobody and goes when its time is over.",
                    "剩余部分依法保存，不向任何人展示，到期后删除。"))
            }
        }
    }
}
