//! The first run: a link, good for half an hour, to a page that makes the owner, names the shop and
//! shows the recovery key once (contract, `serve`).

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::Path;
use axum::http::HeaderMap;
use maud::{Markup, html};
use subtle::ConstantTimeEq;

use super::first_password::{new_password_field, read_new_password};
use super::shop_settings::{country_field, country_hint, read_country};
use super::sign_in::DUTY;
use super::steps::{Given, begin_session};
use super::{NewStaff, decide_add, has_owner};
use crate::backup::{self, RecoveryKey};
use crate::clock::Timestamp;
use crate::front::{self, Page};
use crate::locale::Text;
use crate::passwords;
use crate::random::Random;
use crate::refusal::{Kind, Problem, Refusal};
use crate::sessions;
use crate::settings::Settings;
use crate::shop::Shop;
use crate::store::{Decided, Stop, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, refused, with_cookie};

/// How long a link is good.
const LIFE_SECONDS: i64 = 30 * 60;

/// The link of this start, if one was printed: only its hash, and only in memory.
#[derive(Default)]
pub struct Invitation(Mutex<Option<(/* hash */ [u8; 32], /* until */ Timestamp)>>);

impl Invitation {
    /// A new token for `/setup/{token}`; an earlier one is no longer good.
    pub fn issue(&self, now: Timestamp, random: &dyn Random) -> String {
        let token = random.token();
        *self.lock() = Some((sessions::hash_of(&token), now.plus_seconds(LIFE_SECONDS)));
        token
    }

    /// Whether this is the token, and still good.
    pub fn check(&self, token: &str, now: Timestamp) -> bool {
        let typed = sessions::hash_of(token);
        self.lock().is_some_and(|(hash, until)| now < until && bool::from(hash.ct_eq(&typed)))
    }

    /// The form was accepted: the link is good no more.
    pub fn use_up(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<([u8; 32], Timestamp)>> {
        // It is replaced whole: whatever a panic left behind is one or the other.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/setup/{token}", Who::Anyone, show),
        post("/setup/{token}", Who::Anyone, "makes the owner and the recovery key", accept),
    ]
}

const USED: Text = Text::new(
    "This link is no longer good. Each start of a shop without an owner prints a new one, for 30 minutes.",
    "此链接已失效。店铺在没有店主时，每次启动都会输出新的链接，有效期 30 分钟。",
);

fn check_link(visit: &Visit, token: &str) -> Decided<()> {
    let good = visit.shop.of::<Invitation>().check(token, visit.shop.clock.now());
    if good && !has_owner(&visit.view()?)? {
        return Ok(());
    }
    Err(Refusal::of(Kind::NotFound, USED).into())
}

/// Whether what is typed here can't be read on its way: over https, or on this machine itself.
fn is_private(shop: &Shop, peer: IpAddr, headers: &HeaderMap) -> bool {
    // A proxy on this machine that was not named as trusted speaks for somebody elsewhere.
    let is_forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    shop.is_https() || (peer.to_canonical().is_loopback() && !is_forwarded)
}

async fn show(visit: Visit, Path(token): Path<String>, headers: HeaderMap) -> Answer {
    check_link(&visit, &token)?;
    if !is_private(&visit.shop, visit.peer, &headers) {
        return Ok(page(tunnel_page(&visit)?));
    }
    let settings = visit.shop.settings();
    let typed = Typed { name: &settings.name, country: &settings.country, email: "" };
    Ok(page(setup_page(&visit, &token, &typed, &Problems::new())?))
}

async fn accept(visit: Visit, Path(token): Path<String>, headers: HeaderMap, form: Form) -> Answer {
    check_link(&visit, &token)?;
    if !is_private(&visit.shop, visit.peer, &headers) {
        return Ok(refused(&Refusal::forbidden(), tunnel_page(&visit)?));
    }
    match make_owner(&visit, &form).await {
        Ok(session) => {
            visit.shop.of::<Invitation>().use_up();
            let shop = visit.shop.clone();
            let made = tokio::task::spawn_blocking(move || backup::make_recovery_key(&shop)).await;
            let key = match made {
                Ok(Ok(key)) => Ok(key),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let answer = page(key_page(visit.clone(), key)?);
            Ok(with_cookie(answer, &visit.shop, Cookie::Staff, &session))
        }
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Invalid => {
            let problems = front::problems_of(&visit, &refusal);
            let typed =
                Typed { name: form.raw("name"), country: form.raw("country"), email: form.raw("email") };
            Ok(refused(&refusal, setup_page(&visit, &token, &typed, &problems)?))
        }
        Err(stop) => Err(stop),
    }
}

const NO_NAME: Text = Text::new("Enter the shop's name.", "请输入店铺名称。");
const MADE: Text = Text::new("The shop has an owner already.", "店铺已有店主。");

/// Makes the owner, signs them in and gives the shop its name and country.
async fn make_owner(visit: &Visit, form: &Form) -> Decided<String> {
    let mut problems = Vec::new();
    let name = form.line("name", 80, &mut problems);
    if name.is_empty() && problems.is_empty() {
        problems.push(Problem::new("name", NO_NAME));
    }
    let country = read_country(form, &mut problems);
    let email = form.line("email", 254, &mut problems);
    problems.extend(crate::contact::parse_email(&email).err().map(|text| Problem::new("email", text)));
    let password = read_new_password(visit, form, &[&email, &name], &mut problems);
    Refusal::unless_empty(problems)?;
    let random = visit.shop.random.clone();
    let hash = visit.shop.hash_work(move || passwords::hash(&password, &*random)).await?;
    let given = Given::of(visit);
    let (language, called) = (visit.locale, t!(visit.locale, "Owner", "店主"));
    let begun = visit.shop.store.commit(move |plan| {
        if has_owner(plan)? {
            return Err(Refusal::conflict(MADE).into());
        }
        let new = NewStaff { name: &called, email: &email, owner: true, language, one_time: false };
        let id = decide_add(plan, &*given.random, &new, hash)?;
        begin_session(plan, &given, id)
    });
    let session = begun.await?;
    let settings = Settings { name, country, ..(*visit.shop.settings()).clone() };
    visit.shop.change_settings(settings).await?;
    Ok(session)
}

// ---- Pages ----

/// What stands in the form.
struct Typed<'a> {
    name: &'a str,
    country: &'a str,
    email: &'a str,
}

fn setup_page(visit: &Visit, token: &str, typed: &Typed<'_>, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Set up your shop", "设置您的店铺");
    let action = format!("/setup/{token}");
    let email_hint = t!(l, "You sign in with it.", "用于登录管理后台。");
    let form = ui::form(
        &action,
        html! {
            (Field::text("name", &t!(l, "Name of the shop", "店铺名称")).value(typed.name)
                .autocomplete("organization").problems(problems).render())
            (country_field(l, typed.country, &country_hint(l), problems))
            (Field::email("email", &t!(l, "Your email", "您的邮箱")).value(typed.email).hint(&email_hint)
                .autocomplete("username").problems(problems).render())
            (new_password_field(&t!(l, "Password", "密码"), l, problems))
            p.note { (DUTY.get(l)) }
            (ui::primary_button(&t!(l, "Make the shop mine", "完成设置")))
        },
    );
    let main = ui::narrow(html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        p { (t!(
            l,
            "This makes the owner's account and the recovery key. The key is shown on the next page, once: have a printer or pen and paper at hand.",
            "此操作将创建店主账号和恢复密钥。恢复密钥将在下一页显示且仅显示一次，请准备好打印机或纸笔。"
        )) }
        (form)
    });
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::admin_page(visit, &page, "", main)
}

/// Over a line that others can read no password is asked for and no key shown.
fn tunnel_page(visit: &Visit) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Set up your shop", "设置您的店铺");
    let port = visit.shop.config().site.listen.port();
    let command = format!("ssh -L {port}:127.0.0.1:{port} USER@SERVER");
    let main = ui::narrow(html! {
        (ui::heading(&title, html! {}))
        (ui::notice(Tone::Warn, html! { p { (t!(
            l,
            "This page came over plain http. A password typed here, and the recovery key, could be read on the way, so it takes none and shows none.",
            "此页面通过未加密的 http 打开。在此输入的密码以及恢复密钥可能被截获，因此这里不接受密码，也不显示密钥。"
        )) } }))
        h2 { (t!(l, "Through a tunnel", "通过隧道")) }
        p { (t!(
            l,
            "On your own computer, run this, with your name on the server and its address:",
            "在您自己的电脑上运行以下命令（替换为服务器上的用户名和地址）："
        )) }
        p { (ui::copyable(&command)) }
        p { (t!(
            l,
            "Then open the link of this page with 127.0.0.1:{port} in the place of the server's address.",
            "然后将此页面链接中的服务器地址换成 127.0.0.1:{port} 再打开。"
        )) }
        h2 { (t!(l, "Or on the server", "或在服务器上")) }
        p { (t!(l, "Stop the shop and run this there:", "停止店铺，并在服务器上运行：")) }
        p { (ui::copyable("tuckshop init --owner-email YOU@EXAMPLE.COM")) }
    });
    front::admin_page(visit, &Page { title: &title, ..Page::default() }, "", main)
}

/// The recovery key, shown once. The owner exists already, so a key that could not be made is said
/// and not refused.
fn key_page(mut visit: Visit, key: Result<RecoveryKey, String>) -> StoreResult<Markup> {
    "/admin".clone_into(&mut visit.path);
    let l = visit.locale;
    let title = t!(l, "Your recovery key", "您的恢复密钥");
    let onward = html! { p { (ui::primary_link("/admin", &t!(l, "I have kept the key: to the back office", "我已保存密钥，进入管理后台"))) } };
    let main = match key {
        Ok(key) => html! {
            (ui::heading(&title, html! {}))
            (ui::notice(Tone::Warn, html! { p { (t!(
                l,
                "Print this page now, or write the key down. It is shown this once and kept nowhere on the server.",
                "请立即打印此页或抄写密钥。密钥仅显示这一次，服务器上不保留。"
            )) } }))
            p { (t!(
                l,
                "With it and a backup you have your shop again on any computer. Without it nobody can open a backup, and a lost master key can't be replaced.",
                "凭此密钥和备份，您可以在任何电脑上恢复店铺。没有它，任何人都无法打开备份，丢失的主密钥也无法更换。"
            )) }
            (ui::section(&t!(l, "Recovery key", "恢复密钥"), html! {
                // One text to copy, its lines told apart on paper as well.
                p { code.copyable data-copy {
                    @for (place, line) in key.text.lines().enumerate() {
                        @if place > 0 { "\n" br; }
                        (line)
                    }
                } }
            }))
            (ui::facts(&[(t!(l, "Backups are encrypted to", "备份加密接收方"), html! { code { (key.recipient) } })]))
            p { (t!(
                l,
                "Keep it away from the server: in a safe, or with somebody you trust.",
                "请将其存放在服务器以外的地方，例如保险柜，或交由可信赖的人保管。"
            )) }
            (onward)
        },
        Err(error) => {
            tracing::error!(error, "the recovery key could not be made");
            html! {
                (ui::heading(&title, html! {}))
                (ui::notice(Tone::Bad, html! { p { (t!(
                    l,
                    "You are the owner now, but the recovery key could not be made. Make one on the page Backups.",
                    "您已成为店主，但恢复密钥未能生成。请在“备份”页面重新生成。"
                )) } }))
                p { (ui::primary_link("/admin", &t!(l, "To the back office", "进入管理后台"))) }
            }
        }
    };
    front::admin_page(&visit, &Page { title: &title, ..Page::default() }, "", main)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemSource;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000).plus_seconds(seconds)
    }

    #[test]
    fn a_link_is_good_for_half_an_hour_and_until_it_is_used_up() {
        let (invitation, random) = (Invitation::default(), SystemSource::new());
        assert!(!invitation.check("", at(0)));
        let token = invitation.issue(at(0), &random);
        assert_eq!(token.len(), 43);
        assert!(invitation.check(&token, at(0)));
        assert!(invitation.check(&token, at(LIFE_SECONDS - 1)), "a look does not use it up");
        assert!(!invitation.check(&token, at(LIFE_SECONDS)));
        assert!(!invitation.check("another", at(0)));
        invitation.use_up();
        assert!(!invitation.check(&token, at(0)));
    }

    #[test]
    fn a_new_start_makes_the_earlier_link_useless() {
        let (invitation, random) = (Invitation::default(), SystemSource::new());
        let first = invitation.issue(at(0), &random);
        let second = invitation.issue(at(1), &random);
        assert!(!invitation.check(&first, at(2)));
        assert!(invitation.check(&second, at(2)));
    }
}
