//! Consent (CNS-01 to CNS-06): the register of purposes, what a person allowed, and the evidence of it.
//!
//! - [`allows`] answers with an [`Allowed`], and whoever writes what rests on consent must show one:
//!   without a living grant there is no write. It is decided inside the command that writes, so a
//!   withdrawal in another tab wins.
//! - A grant is a vault of its own. Withdrawing drops it, with all that only this consent carried.
//! - The evidence names nobody. It is filed under the hash of a receipt that only the person holds.

mod cookies;
mod pages;
mod purposes;
mod records;

pub use pages::said_of;
pub use purposes::{NECESSARY, PURPOSES, Purpose, PurposeFacts};
pub use records::{EvidenceRow, ReceiptRow, Receipts};

use crate::accounts;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::{EntryId, SubjectId, VaultId};
use crate::locale::Locale;
use crate::random::Random;
use crate::retention::{self, Rule};
use crate::room::Room;
use crate::sessions;
use crate::store::{Key, Plan, Stop, StoreResult, View};
use crate::web::{Route, Visit};
use records::{EVIDENCE, GRANTS, GrantRow, RECEIPTS};

/// So many receipts are listed in a message.
const IN_A_MESSAGE: usize = 50;

/// This room, as the house knows it.
pub static ROOM: Room = Room { tables: &[records::TABLES], routes, ..Room::named("consent") };

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(cookies::routes());
    routes
}

/// Who is asked for consent, and through which browser.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub subject: SubjectId,
    /// The browser sends Global Privacy Control or Do Not Track: a refusal, unless the person ticked
    /// with the signal on.
    pub refuses: bool,
}

impl Asked {
    /// Who is asked in this visit.
    ///
    /// # Errors
    /// Forbidden without a signed-in customer.
    pub fn of(visit: &Visit) -> Result<Self, Stop> {
        Ok(Self { subject: visit.subject()?, refuses: visit.refuses })
    }

    /// The same, where it may be nobody.
    pub fn if_any(visit: &Visit) -> Option<Self> {
        visit.who().map(|subject| Self { subject, refuses: visit.refuses })
    }
}

/// The proof that a living grant was seen; the writes of a purpose ask for it.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    subject: SubjectId,
    purpose: Purpose,
}

impl Allowed {
    pub fn subject(self) -> SubjectId {
        self.subject
    }

    pub fn purpose(self) -> Purpose {
        self.purpose
    }
}

/// How a purpose stands for a person in this browser.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Off,
    On {
        since: Timestamp,
    },
    /// Allowed, and refused by the signal that this browser sends.
    Paused,
}

fn key(subject: SubjectId, purpose: Purpose) -> (SubjectId, u64) {
    (subject, u64::from(purpose.code()))
}

/// How a purpose stands. A grant of another text than today's counts as none: it is asked for anew (CNS-04).
///
/// # Errors
/// If the store could not be read.
pub fn standing(view: &View<'_>, asked: Asked, purpose: Purpose) -> StoreResult<Standing> {
    let row = view.get(&GRANTS, &key(asked.subject, purpose))?;
    let Some(row) = row.filter(|row| row.text == purpose.text_digest()) else { return Ok(Standing::Off) };
    if asked.refuses && !row.despite_signal {
        return Ok(Standing::Paused);
    }
    Ok(Standing::On { since: row.since })
}

/// The proof that a person allows a purpose; `None` without a living grant.
///
/// # Errors
/// If the store could not be read.
pub fn allows(view: &View<'_>, asked: Asked, purpose: Purpose) -> StoreResult<Option<Allowed>> {
    let on = matches!(standing(view, asked, purpose)?, Standing::On { .. });
    Ok((on && accounts::is_in_use(view, asked.subject)?)
        .then_some(Allowed { subject: asked.subject, purpose }))
}

/// Where and in which words something was agreed to or taken back.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    pub page: &'static str,
    pub language: Locale,
    pub text: [u8; 32],
    pub at: Timestamp,
}

/// Writes down a consent that was actively ticked. Does nothing if it stands already.
///
/// # Errors
/// If the store could not be read.
pub fn give(
    plan: &mut Plan<'_>,
    asked: Asked,
    purpose: Purpose,
    page: &'static str,
    language: Locale,
    random: &dyn Random,
) -> StoreResult<()> {
    let now = plan.now;
    let (subject, text) = (asked.subject, purpose.text_digest());
    if matches!(standing(plan, asked, purpose)?, Standing::On { .. }) {
        return Ok(());
    }
    drop_grant(plan, subject, purpose)?;
    let vault = plan.new_vault(Class::Grant, None)?;
    let row = GrantRow { purpose: purpose.code(), text, since: now, despite_signal: asked.refuses };
    plan.put_in(&GRANTS, &key(subject, purpose), vault, &row)?;
    accounts::hold(plan, subject, Class::Grant, vault)?;
    let said = Said { page, language, text, at: now };
    note_evidence(plan, subject, purpose.id(), true, said, random)
}

/// Takes a consent back: its grant goes, and what only it carried (what a legal hold keeps of that is used no
/// more). What was lawfully done before stays
/// so (RGT-11). Does nothing without a grant.
///
/// # Errors
/// If the store could not be read.
pub fn withdraw(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    purpose: Purpose,
    page: &'static str,
    language: Locale,
    random: &dyn Random,
) -> StoreResult<()> {
    if !drop_grant(plan, subject, purpose)? {
        return Ok(());
    }
    drop_carried(plan, subject, purpose.facts().class)?;
    let said = Said { page, language, text: purpose.text_digest(), at: plan.now };
    note_evidence(plan, subject, purpose.id(), false, said, random)?;
    rest_evidence(plan, subject, purpose.id())
}

/// Erases all that a person holds of a class; what a legal hold keeps of it is used no more.
///
/// # Errors
/// If the store could not be read.
pub fn drop_carried(plan: &mut Plan<'_>, subject: SubjectId, class: Class) -> StoreResult<()> {
    for (held, vault) in accounts::held(plan, subject)? {
        if held == class {
            accounts::drop_held(plan, subject, vault)?;
        }
    }
    Ok(())
}

/// Whether there was one.
fn drop_grant(plan: &mut Plan<'_>, subject: SubjectId, purpose: Purpose) -> StoreResult<bool> {
    let vault = plan.get_row(&GRANTS, &key(subject, purpose))?.and_then(|(_, vault)| vault);
    let Some(vault) = vault else { return Ok(false) };
    // The row goes now: what follows in this command is not to rest on it.
    plan.delete(&GRANTS, &key(subject, purpose))?;
    accounts::drop_held(plan, subject, vault)?;
    Ok(true)
}

/// Nothing rests on the evidence of this purpose any more.
fn rest_evidence(plan: &mut Plan<'_>, subject: SubjectId, what: &str) -> StoreResult<()> {
    for (_, receipt) in receipts(plan, subject)?.into_iter().filter(|(_, receipt)| receipt.what == what) {
        if let Some((_, Some(vault))) = plan.get_row(&EVIDENCE, &receipt_hash(&receipt.code))? {
            rest(plan, vault)?;
        }
    }
    Ok(())
}

/// Starts the clock of evidence on which nothing rests any more; one that runs goes on.
///
/// # Errors
/// If the store could not be read.
pub fn rest(plan: &mut Plan<'_>, vault: VaultId) -> StoreResult<()> {
    if retention::counted_from(plan, vault)?.is_some() {
        return Ok(());
    }
    retention::start_clock(plan, vault, Class::ConsentEvidence, Rule::ConsentEvidence, plan.now)
}

/// Files the evidence of something that was agreed to or taken back, and gives the person its receipt
/// (CNS-05).
///
/// # Errors
/// If the store could not be read.
pub fn note_evidence(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    what: &str,
    given: bool,
    said: Said,
    random: &dyn Random,
) -> StoreResult<()> {
    let code = new_code(random);
    let vault = plan.new_vault(Class::ConsentEvidence, None)?;
    let evidence = EvidenceRow {
        what: what.to_owned(),
        given,
        text: said.text,
        language: said.language,
        page: said.page.to_owned(),
        at: said.at,
    };
    plan.put_in(&EVIDENCE, &receipt_hash(&code), vault, &evidence)?;
    accounts::hold(plan, subject, Class::ConsentEvidence, vault)?;
    let own = accounts::vault(plan, subject)?;
    let receipt = ReceiptRow { code, what: what.to_owned(), given, at: said.at };
    plan.put_in(&RECEIPTS, &(subject, EntryId::new(plan.now, random)), own, &receipt)
}

/// Twenty letters that nobody guesses, in groups of four.
fn new_code(random: &dyn Random) -> String {
    let letters = data_encoding::BASE32_NOPAD.encode(&random.bytes::<15>());
    let groups: Vec<&str> = (0..letters.len()).step_by(4).filter_map(|at| letters.get(at..at + 4)).collect();
    groups.join("-")
}

/// How many consents are in force, up to `limit`, and how many of them have no evidence that they were given.
///
/// # Errors
/// If the store could not be read.
pub fn grants(view: &View<'_>, limit: usize) -> StoreResult<(usize, usize)> {
    use std::ops::Bound::Unbounded;
    let (mut on, mut bare) = (0, 0);
    for row in view.range(&GRANTS, Unbounded, Unbounded, limit, false)? {
        on += 1;
        let (subject, code) = row.key;
        let purpose = PURPOSES.into_iter().find(|purpose| u64::from(purpose.code()) == code);
        let is_ticked = |receipt: &ReceiptRow| {
            receipt.given
                && purpose.is_some_and(|purpose| receipt.what == purpose.id())
                && receipt.at == row.record.since
        };
        bare += usize::from(!receipts(view, subject)?.iter().any(|(_, receipt)| is_ticked(receipt)));
    }
    Ok((on, bare))
}

/// How a receipt is filed, however it was typed.
fn receipt_hash(code: &str) -> [u8; 32] {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    sessions::hash_of(&letters.to_ascii_uppercase())
}

/// A person's receipts, the newest first.
///
/// # Errors
/// If the store could not be read.
pub fn receipts(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<(EntryId, ReceiptRow)>> {
    let rows = view.list(&RECEIPTS, &subject.to_bytes())?;
    Ok(rows.into_iter().rev().map(|row| (row.key.1, row.record)).collect())
}

/// A person's receipts as a message lists them.
///
/// # Errors
/// If the store could not be read.
pub fn receipts_to_send(view: &View<'_>, subject: SubjectId) -> StoreResult<Receipts> {
    let mut newest: Vec<ReceiptRow> = receipts(view, subject)?.into_iter().map(|(_, row)| row).collect();
    let more = newest.len().saturating_sub(IN_A_MESSAGE) as u64;
    newest.truncate(IN_A_MESSAGE);
    Ok(Receipts { newest, more })
}

/// The evidence that a receipt points at.
///
/// # Errors
/// If the store could not be read.
pub fn evidence_of(view: &View<'_>, code: &str) -> StoreResult<Option<EvidenceRow>> {
    view.get(&EVIDENCE, &receipt_hash(code))
}
