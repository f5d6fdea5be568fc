//! Letting somebody in: the one way to a customer's session. It asks for the second factor where one
//! is set, ends the session before, and brings the visitor's cart along.

use axum::response::Response;

use super::records::{HALFWAY, HalfwayRow};
use super::security::whose_code;
use super::{factor, freeze, leaving, set_password, tries};
use crate::cart;
use crate::classes::Class;
use crate::config::Period;
use crate::consent::Asked;
use crate::digest;
use crate::history;
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::notify::{self, NoticeKind};
use crate::random::Random;
use crate::sessions::{self, Holder};
use crate::store::{Decided, Plan, StoreResult, View};
use crate::web::{Cookie, Visit, local_path, see, with_cookie, without_cookie};

/// How long the second factor may take, in seconds, and how many tries.
const LIFE: i64 = 10 * 60;
const TRIES: u8 = 5;

/// The browser that asks to be let in.
#[derive(Clone, Debug)]
pub struct Browser {
    agent: String,
    language: Locale,
    /// It sends a signal that refuses tracking.
    refuses: bool,
    /// The session that it had before.
    session: Option<[u8; 32]>,
    cart: Option<String>,
    /// How long a session lasts from its last use.
    idle: Period,
    /// The step token, for the second factor to be bound to.
    step: String,
}

impl Browser {
    pub fn of(visit: &Visit) -> Self {
        Self {
            agent: visit.agent.to_string(),
            language: visit.locale,
            refuses: visit.refuses,
            session: visit.customer.as_ref().map(|session| session.hash),
            cart: visit.cart.clone(),
            idle: visit.shop.retention().session,
            step: super::codes::step_of(visit),
        }
    }
}

/// What is done with letting somebody in.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// Where they go.
    pub back: String,
    /// The hash of a new password that is set.
    pub password: Option<String>,
    /// A cancellation is taken back.
    pub restores: bool,
}

impl Welcome {
    /// Only to be let in, and to go there.
    pub fn to(back: &str) -> Self {
        Self { back: back.to_owned(), password: None, restores: false }
    }
}

/// What asking to be let in came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entered {
    /// In: the session's token, and whether something of the visitor's cart was left out.
    In { token: String, capped: bool, back: String },
    /// The second factor is owed; the browser keeps this step token until then.
    Halfway { step: String },
    /// The account was cancelled: it can come back first.
    Leaving,
    /// The account is frozen: a new password is set first.
    Frozen,
}

/// Lets a person in who has proven the first factor.
pub fn enter(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    browser: &Browser,
    welcome: &Welcome,
    random: &dyn Random,
) -> Decided<Entered> {
    if !factor::is_set(plan, subject)? {
        return admit(plan, subject, browser, welcome, random);
    }
    let key = key_of(&browser.step);
    drop_halfway(plan, key)?;
    let expires = plan.now.plus_seconds(LIFE);
    let vault = plan.new_vault(Class::Code, Some(expires))?;
    let Welcome { back, password, restores } = welcome.clone();
    let row = HalfwayRow { subject, back, password, restores, wrong: 0, expires };
    plan.put_in(&HALFWAY, &key, vault, &row)?;
    Ok(Entered::Halfway { step: browser.step.clone() })
}

fn key_of(step: &str) -> [u8; 32] {
    digest::of_parts(&[b"second factor", step.as_bytes()])
}

fn drop_halfway(plan: &mut Plan<'_>, key: [u8; 32]) -> StoreResult<()> {
    match plan.get_row(&HALFWAY, &key)? {
        Some((_, Some(vault))) => plan.drop_vault(vault),
        _ => Ok(()),
    }
}

/// Lets a person in who owes nothing more.
pub(super) fn admit(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    browser: &Browser,
    welcome: &Welcome,
    random: &dyn Random,
) -> Decided<Entered> {
    if let Some(hash) = &welcome.password {
        set_password(plan, subject, hash.clone())?;
        freeze::thaw(plan, subject)?;
        sessions::end_all(plan, Holder::Customer(subject), None)?;
        notify::queue_to_account(plan, subject, NoticeKind::PasswordChanged)?;
    }
    if let Some(before) = browser.session {
        sessions::end(plan, before)?;
    }
    if freeze::frozen_since(plan, subject)?.is_some() {
        return Ok(Entered::Frozen);
    }
    if welcome.restores {
        leaving::stay(plan, subject)?;
    } else if !leaving::is_in_use(plan, subject)? {
        return Ok(Entered::Leaving);
    }
    let token = sessions::begin(plan, subject, browser.idle, &browser.agent, random)?;
    let asked = Asked { subject, refuses: browser.refuses };
    history::note_device(plan, asked, &browser.agent, browser.language, random)?;
    let capped = match &browser.cart {
        Some(cart) => !cart::merge(plan, subject, cart)?.is_empty(),
        None => false,
    };
    Ok(Entered::In { token, capped, back: welcome.back.clone() })
}

/// Whether this browser owes a second factor.
pub fn is_halfway(view: &View<'_>, visit: &Visit) -> StoreResult<bool> {
    let Some(step) = &visit.step else { return Ok(false) };
    let now = visit.shop.clock.now();
    Ok(view.get(&HALFWAY, &key_of(step))?.is_some_and(|row| now < row.expires))
}

/// What a second factor came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Second {
    Entered(Entered),
    Wrong,
    /// Too late, too often, or nothing was owed: sign in again.
    Gone,
}

/// Checks the second factor that this browser owes.
///
/// # Errors
/// A refusal of kind `TooMany` if the person's codes were tried too often lately.
pub fn second(plan: &mut Plan<'_>, browser: &Browser, code: &str, random: &dyn Random) -> Decided<Second> {
    let key = key_of(&browser.step);
    let Some((mut row, Some(vault))) = plan.get_row(&HALFWAY, &key)? else { return Ok(Second::Gone) };
    if plan.now >= row.expires {
        return Ok(Second::Gone);
    }
    let whom = whose_code(row.subject);
    tries::count(plan, &whom, "code")?;
    if factor::check(plan, row.subject, code)? {
        tries::forgive(plan, &whom)?;
        plan.drop_vault(vault)?;
        let welcome = Welcome { back: row.back, password: row.password, restores: row.restores };
        let entered = admit(plan, row.subject, browser, &welcome, random)?;
        return Ok(Second::Entered(entered));
    }
    row.wrong += 1;
    if row.wrong >= TRIES {
        plan.drop_vault(vault)?;
        return Ok(Second::Gone);
    }
    plan.put_in(&HALFWAY, &key, vault, &row)?;
    Ok(Second::Wrong)
}

/// The answer to somebody who was let in, or is halfway.
pub fn answer(visit: &Visit, entered: &Entered) -> Response {
    let shop = &visit.shop;
    match entered {
        Entered::Halfway { step } => with_cookie(see("/login/second"), shop, Cookie::Step, step),
        Entered::Leaving => without_cookie(see("/account/restore?said=leaving"), shop, Cookie::Session),
        Entered::Frozen => without_cookie(see("/password/forgot?said=frozen"), shop, Cookie::Session),
        Entered::In { token, capped, back } => {
            let back = local_path(back, "/account");
            let place = if *capped { with_said(back, "capped") } else { back.to_owned() };
            let response = with_cookie(see(&place), shop, Cookie::Session, token);
            if visit.cart.is_some() { without_cookie(response, shop, Cookie::Cart) } else { response }
        }
    }
}

/// `path?said=word`, or `path?a=b&said=word`.
pub fn with_said(path: &str, word: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}said={word}")
}
