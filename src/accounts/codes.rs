//! Codes of six digits that prove a contact (COL-03).
//!
//! A code is good once, for its purpose, its contact and the browser that asked, for five tries and
//! ten minutes (`retention.code`). To one contact they go 60 seconds apart, five an hour, ten a day.
//!
//! Another room asks with [`ask`] inside its command and checks with [`prove`]; the browser is known
//! by the step token ([`crate::web::Visit::step`], or a new one from [`step_of`], which the answer
//! sets as [`crate::web::Cookie::Step`]).

use subtle::ConstantTimeEq;

use super::records::{CODES, CodeRow, SENDINGS, TimesRow};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::contact::Contact;
use crate::digest;
use crate::locale::{Locale, Text};
use crate::notify::{self, NoticeKind};
use crate::random::Random;
use crate::refusal::{Kind, Problem, Refusal};
use crate::shop::Shop;
use crate::store::{Decided, Handle, Plan, StoreResult, View};
use crate::t;
use crate::web::Visit;

/// So many wrong ones end a code.
pub const TRIES: u8 = 5;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How many codes go to one contact in how many seconds.
const LIMITS: [(usize, i64); 3] = [(1, MINUTE), (5, HOUR), (10, DAY)];

/// What a code is for. One that was sent for another purpose proves nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Purpose {
    id: &'static str,
    says: Text,
    about: Vec<u8>,
}

impl Purpose {
    /// `id` is unique among purposes; `says` completes 'your code for …' in the message.
    pub const fn new(id: &'static str, says: Text) -> Self {
        Self { id, says, about: Vec::new() }
    }

    /// The same purpose for one thing only: a person, an order.
    #[must_use]
    pub fn about(mut self, what: &[u8]) -> Self {
        self.about = what.to_vec();
        self
    }

    fn key(&self, step: &str) -> [u8; 32] {
        digest::of_parts(&[b"code for", self.id.as_bytes(), &self.about, step.as_bytes()])
    }
}

// ---- Rules ----

/// After how many seconds the next code may go to a contact that got codes at these times; `None`
/// for at once.
pub fn wait(sent: &[Timestamp], now: Timestamp) -> Option<i64> {
    let waits = LIMITS.iter().filter_map(|(most, period)| {
        let within: Vec<&Timestamp> = sent.iter().filter(|at| now.seconds_since(**at) < *period).collect();
        // The one whose leaving the period makes room again.
        let first = within.len().checked_sub(*most).and_then(|at| within.get(at))?;
        Some(period - now.seconds_since(**first))
    });
    waits.max()
}

/// What a typed code comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Right,
    /// So many tries are left.
    Wrong {
        left: u8,
    },
    /// Too late, or tried too often: nothing can be right any more.
    Gone,
}

/// Judges a typed code by its digest.
pub fn judge(row: &CodeRow, typed: &[u8; 32], now: Timestamp) -> Verdict {
    if now >= row.expires || row.wrong >= TRIES {
        return Verdict::Gone;
    }
    if bool::from(row.digest.ct_eq(typed)) {
        return Verdict::Right;
    }
    Verdict::Wrong { left: TRIES - row.wrong - 1 }
}

/// The six digits as they were meant: without spaces, full-width ones made plain.
fn plain_digits(text: &str) -> String {
    let plain = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(plain).collect()
}

fn code_digest(key: &[u8; 32], contact: &str, code: &str) -> [u8; 32] {
    digest::of_parts(&[key, contact.as_bytes(), plain_digits(code).as_bytes()])
}

// ---- Asking ----

/// What goes to the contact. The person at the browser can't tell which it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    Code,
    /// A notice instead of a code: nothing that is typed will be right.
    Notice(NoticeKind),
    /// Nothing goes out, and nothing will be right.
    Nothing,
}

/// A code that is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub purpose: Purpose,
    /// The token of the browser that asks.
    pub step: String,
    pub contact: Contact,
    pub sends: Sent,
    pub locale: Locale,
    /// How long it is good for, in seconds: [`life`].
    pub life: i64,
    /// The field that a refusal names.
    pub field: &'static str,
    /// A code that this browser has for the same contact is as good as a new one. Not so where
    /// another one was asked for in so many words.
    pub old_will_do: bool,
}

impl Ask {
    /// A code for whoever visits without an account, at a contact that they typed as `contact`.
    pub fn of_visitor(visit: &Visit, purpose: Purpose, step: &str, contact: Contact) -> Self {
        Self {
            purpose,
            step: step.to_owned(),
            contact,
            sends: Sent::Code,
            locale: visit.locale,
            life: life(&visit.shop),
            field: "contact",
            old_will_do: true,
        }
    }
}

/// Sends a code (or what stands for one) unless too many went to this contact lately.
///
/// # Errors
/// A refusal of kind `TooMany` at the ask's field.
pub fn ask(plan: &mut Plan<'_>, ask: &Ask, random: &dyn Random) -> Decided<()> {
    let key = ask.purpose.key(&ask.step);
    let contact = ask.contact.normalised();
    let before = plan.get_row(&CODES, &key)?;
    if let Err(seconds) = note_sending(plan, &contact)? {
        let living = before.filter(|(row, _)| {
            row.contact == ask.contact.as_str() && plan.now < row.expires && row.wrong < TRIES
        });
        return match living {
            Some(_) if ask.old_will_do => Ok(()),
            _ => Err(too_many(ask.field, seconds).into()),
        };
    }
    if let Some((_, Some(vault))) = before {
        plan.drop_vault(vault)?;
    }
    let expires = plan.now.plus_seconds(ask.life);
    let vault = plan.new_vault(Class::Code, Some(expires))?;
    let code = random.six_digits();
    let digest = match ask.sends {
        Sent::Code => code_digest(&key, ask.contact.as_str(), &code),
        // Nothing that can be typed has a digest that was drawn.
        Sent::Notice(_) | Sent::Nothing => random.bytes(),
    };
    let row = CodeRow { contact: ask.contact.as_str().to_owned(), digest, wrong: 0, sent: plan.now, expires };
    plan.put_in(&CODES, &key, vault, &row)?;
    match ask.sends {
        Sent::Code => notify::queue_code(plan, &ask.contact, ask.purpose.says, &code, ask.locale, vault)?,
        Sent::Notice(kind) => notify::queue_to_contact(plan, &ask.contact, kind, ask.locale)?,
        Sent::Nothing => {}
    }
    Ok(())
}

/// Counts one sending to this contact, or says after how many seconds it may be.
fn note_sending(plan: &mut Plan<'_>, contact: &str) -> StoreResult<Result<(), i64>> {
    let key = plan.blind(Handle::CodeSending, contact)?;
    let now = plan.now;
    let (mut row, vault) = plan.get_row(&SENDINGS, &key)?.unwrap_or_default();
    row.times.retain(|at| now.seconds_since(*at) < DAY);
    if let Some(seconds) = wait(&row.times, now) {
        return Ok(Err(seconds));
    }
    row.times.push(now);
    put_times(plan, &SENDINGS, key, vault, &row, DAY)?;
    Ok(Ok(()))
}

/// Keeps times for as long as the last of them matters.
pub(super) fn put_times(
    plan: &mut Plan<'_>,
    table: &crate::store::Table<[u8; 32], TimesRow>,
    key: [u8; 32],
    vault: Option<crate::ids::VaultId>,
    row: &TimesRow,
    seconds: i64,
) -> StoreResult<()> {
    let expires = Some(plan.now.plus_seconds(seconds));
    let vault = match vault {
        Some(vault) => {
            plan.set_expiry(vault, Class::Code, expires)?;
            vault
        }
        None => plan.new_vault(Class::Code, expires)?,
    };
    plan.put_in(table, &key, vault, row)
}

fn too_many(field: &str, seconds: i64) -> Refusal {
    let problem = Problem::saying(field, |l| {
        let wait = spelled(seconds, l);
        t!(
            l,
            "A code was sent not long ago. You can ask for another in {wait}.",
            "验证码发送过于频繁，请在{wait}后重试。"
        )
    });
    Refusal { kind: Kind::TooMany { retry_after: seconds }, problems: vec![problem] }
}

/// `50 seconds`, `12 minutes`, `3 hours`, rounded up.
pub(super) fn spelled(seconds: i64, l: Locale) -> String {
    let up = |unit: i64| (seconds.max(1) + unit - 1) / unit;
    let (count, one, several, zh) = match seconds {
        ..=90 => (up(1), "second", "seconds", "秒"),
        91..=5400 => (up(MINUTE), "minute", "minutes", "分钟"),
        _ => (up(HOUR), "hour", "hours", "小时"),
    };
    let en = if count == 1 { one } else { several };
    t!(l, "{count} {en}", " {count} {zh}")
}

// ---- Proving ----

/// What a typed code proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The contact is this person's. The code is used up.
    Contact(Contact),
    Wrong {
        left: u8,
    },
    /// There is no such code for this browser and purpose (any more).
    Gone,
}

/// Checks a code and counts the try. A wrong try is written down, so the command that calls this
/// must not be refused for it: it returns what was proved, and the page says the rest
/// ([`Proof::problem`]).
pub fn prove(plan: &mut Plan<'_>, step: Option<&str>, purpose: &Purpose, typed: &str) -> StoreResult<Proof> {
    let Some(step) = step else { return Ok(Proof::Gone) };
    let key = purpose.key(step);
    let Some((mut row, Some(vault))) = plan.get_row(&CODES, &key)? else { return Ok(Proof::Gone) };
    match judge(&row, &code_digest(&key, &row.contact, typed), plan.now) {
        Verdict::Right => {
            plan.drop_vault(vault)?;
            Ok(contact_from(&row.contact).map_or(Proof::Gone, Proof::Contact))
        }
        Verdict::Gone | Verdict::Wrong { left: 0 } => {
            plan.drop_vault(vault)?;
            Ok(Proof::Gone)
        }
        Verdict::Wrong { left } => {
            row.wrong += 1;
            plan.put_in(&CODES, &key, vault, &row)?;
            Ok(Proof::Wrong { left })
        }
    }
}

impl Proof {
    /// What the page says beside `field` of a code that was not right.
    pub fn problem(&self, field: &str) -> Problem {
        match self {
            Self::Wrong { left } => Problem::saying(field, |l| match left {
                1 => {
                    t!(l, "This code is not right. You have one try left.", "验证码不正确，还可以再试 1 次。")
                }
                _ => t!(
                    l,
                    "This code is not right. You have {left} tries left.",
                    "验证码不正确，还可以再试 {left} 次。"
                ),
            }),
            Self::Contact(_) | Self::Gone => Problem::new(
                field,
                Text::new(
                    "This code is no longer good, or was tried too often. Ask for another.",
                    "验证码已失效或尝试次数过多，请重新获取。",
                ),
            ),
        }
    }
}

/// Reads a contact that was stored as [`Contact::as_str`].
pub(super) fn contact_from(text: &str) -> Option<Contact> {
    Contact::parse(text, "").ok()
}

/// A code that this browser waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Awaited {
    pub contact: Contact,
    pub sent: Timestamp,
}

impl Awaited {
    /// Seconds until another may be asked for, and that moment.
    pub fn next(&self, now: Timestamp) -> (u32, Timestamp) {
        let at = self.sent.plus_seconds(MINUTE);
        (u32::try_from(at.seconds_since(now)).unwrap_or(0), at)
    }
}

/// The code that this browser waits for, if there is a living one for the purpose.
pub fn awaited(
    view: &View<'_>,
    step: Option<&str>,
    purpose: &Purpose,
    now: Timestamp,
) -> StoreResult<Option<Awaited>> {
    let Some(step) = step else { return Ok(None) };
    let row = view.get(&CODES, &purpose.key(step))?.filter(|row| now < row.expires);
    Ok(row.and_then(|row| Some(Awaited { contact: contact_from(&row.contact)?, sent: row.sent })))
}

/// How long a code is good for, in seconds.
pub fn life(shop: &Shop) -> i64 {
    seconds(shop.retention().code, 10 * MINUTE)
}

pub(super) fn seconds(period: crate::config::Period, otherwise: i64) -> i64 {
    period.duration().and_then(|time| i64::try_from(time.as_secs()).ok()).unwrap_or(otherwise)
}

/// The browser's step token, or a new one; the answer sets it again, which prolongs it.
pub fn step_of(visit: &Visit) -> String {
    let known = visit.step.clone().filter(|token| token.len() == 43);
    known.unwrap_or_else(|| visit.shop.random.token())
}
