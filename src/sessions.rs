//! Sessions of customers and staff: a token of 256 random bits in a cookie, its hash in the store.
//!
//! Each session is a vault of its own and goes with it. Customers' last from the last use as long as
//! `[retention]` says, and 90 days at most; staff's 2 hours idle and 12 at most (contract, Accounts). The period
//! in force is handed in.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::classes::Class;
use crate::clock::Timestamp;
use crate::config::Period;
use crate::digest;
use crate::ids::{StaffId, SubjectId};
use crate::random::Random;
use crate::store::{Plan, StoreResult, View, record, tables};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A session's last use is written down at most this often.
const NOTE_USE_EVERY: i64 = 10 * MINUTE;
/// A customer's session lasts no longer than this, however often it is used.
const MOST_OF_CUSTOMERS: i64 = 90 * DAY;
const IDLE_OF_STAFF: i64 = 2 * HOUR;
const MOST_OF_STAFF: i64 = 12 * HOUR;
/// So many sessions are counted anew in one commit.
const AT_ONCE: usize = 2000;

/// Whose session it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Holder {
    Customer(SubjectId),
    Staff(StaffId),
}

impl Holder {
    const fn id(self) -> [u8; 16] {
        match self {
            Self::Customer(SubjectId(id)) | Self::Staff(StaffId(id)) => id,
        }
    }
}

record! {
    /// A session as it is stored.
    #[derive(Clone, Debug)]
    pub struct SessionRow {
        pub holder: Holder = OnlineIdentity,
        pub began: Timestamp = OnlineIdentity,
        pub used: Timestamp = OnlineIdentity,
        /// Browser and system in two words, to tell one's own sessions apart.
        pub device: String = Device,
    }
}

tables! {
    /// Sessions by the hash of their token.
    pub SESSIONS: [u8; 32] => SessionRow = "sessions" of Session;
    /// The sessions of each holder, to list and to end them.
    pub SESSIONS_OF: Vec<u8> => SessionRef = "sessions_of" of Session;
}

record! {
    /// Which session a row of [`SESSIONS_OF`] means.
    #[derive(Clone, Debug)]
    pub struct SessionRef {
        pub hash: [u8; 32] = OnlineIdentity,
    }
}

/// Who works in the back office, as a visit knows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaffSeat {
    pub id: StaffId,
    pub name: String,
    pub email: String,
    pub owner: bool,
}

/// A living session.
#[derive(Clone, Debug)]
pub struct Session {
    pub hash: [u8; 32],
    pub holder: Holder,
    pub began: Timestamp,
    pub used: Timestamp,
    pub device: String,
}

impl Session {
    /// The public name of the session in forms; says nothing of the token.
    pub fn id(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.hash[..8])
    }
}

/// The hash under which a token is kept.
pub fn hash_of(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(&digest::sha256(token.as_bytes()));
    hash
}

/// The session of this token, if it lives. A customer's lasts `idle` from its last use.
pub fn find(view: &View<'_>, token: &str, idle: Period, now: Timestamp) -> StoreResult<Option<Session>> {
    find_by_hash(view, hash_of(token), idle, now)
}

fn find_by_hash(
    view: &View<'_>,
    hash: [u8; 32],
    idle: Period,
    now: Timestamp,
) -> StoreResult<Option<Session>> {
    let Some(row) = view.get(&SESSIONS, &hash)? else { return Ok(None) };
    let session = Session { hash, holder: row.holder, began: row.began, used: row.used, device: row.device };
    Ok((now < end_of(session.holder, session.began, session.used, idle)).then_some(session))
}

/// When a session ends that is used no more.
fn end_of(holder: Holder, began: Timestamp, used: Timestamp, idle: Period) -> Timestamp {
    match holder {
        Holder::Customer(_) => {
            // Vaults of passing classes have no calendar: a day is 24 hours. Three months may be more than 90 days.
            let after = |from: Timestamp| from.plus(&idle.span(), &TimeZone::UTC);
            after(used).min(began.plus_seconds(MOST_OF_CUSTOMERS).max(after(began)))
        }
        Holder::Staff(_) => used.plus_seconds(IDLE_OF_STAFF).min(began.plus_seconds(MOST_OF_STAFF)),
    }
}

/// Begins a customer's session, which lasts `idle` from its last use, and returns its token, which is kept
/// nowhere.
pub fn begin(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    idle: Period,
    agent: &str,
    random: &dyn Random,
) -> StoreResult<String> {
    let holder = Holder::Customer(subject);
    let ends = end_of(holder, plan.now, plan.now, idle);
    begin_until(plan, holder, ends, agent, random)
}

/// The same for somebody who works here.
pub fn begin_of_staff(
    plan: &mut Plan<'_>,
    id: StaffId,
    agent: &str,
    random: &dyn Random,
) -> StoreResult<String> {
    let ends = plan.now.plus_seconds(IDLE_OF_STAFF);
    begin_until(plan, Holder::Staff(id), ends, agent, random)
}

fn begin_until(
    plan: &mut Plan<'_>,
    holder: Holder,
    ends: Timestamp,
    agent: &str,
    random: &dyn Random,
) -> StoreResult<String> {
    let token = random.token();
    let hash = hash_of(&token);
    let now = plan.now;
    let vault = plan.new_vault(Class::Session, Some(ends))?;
    let row = SessionRow { holder, began: now, used: now, device: device_of(agent) };
    plan.put_in(&SESSIONS, &hash, vault, &row)?;
    plan.put_in(&SESSIONS_OF, &listed_key(holder, hash), vault, &SessionRef { hash })?;
    Ok(token)
}

fn listed_key(holder: Holder, hash: [u8; 32]) -> Vec<u8> {
    let mut key = holder.id().to_vec();
    key.extend_from_slice(&hash[..8]);
    key
}

/// Whether a use of this session is due to be written down.
pub fn is_use_due(session: &Session, now: Timestamp) -> bool {
    now.seconds_since(session.used) >= NOTE_USE_EVERY
}

/// Writes down that the session was used now.
pub fn note_use(plan: &mut Plan<'_>, hash: [u8; 32], idle: Period) -> StoreResult<()> {
    let Some((mut row, Some(vault))) = plan.get_row(&SESSIONS, &hash)? else { return Ok(()) };
    row.used = plan.now;
    plan.set_expiry(vault, Class::Session, Some(end_of(row.holder, row.began, row.used, idle)))?;
    plan.put_in(&SESSIONS, &hash, vault, &row)
}

/// Has some of the sessions after `after` go earlier, if they last longer than `idle` allows by now; where to go
/// on, or `None` after the last.
///
/// # Errors
/// If the store could not be read.
pub fn shorten(plan: &mut Plan<'_>, after: Option<[u8; 32]>, idle: Period) -> StoreResult<Option<[u8; 32]>> {
    use std::ops::Bound;
    let from = after.as_ref().map_or(Bound::Unbounded, |hash| Bound::Excluded(&hash[..]));
    let some = plan.range(&SESSIONS, from, Bound::Unbounded, AT_ONCE, false)?;
    for row in &some {
        if let Some(vault) = row.vault {
            let ends = end_of(row.record.holder, row.record.began, row.record.used, idle);
            plan.expire_by(vault, Class::Session, ends)?;
        }
    }
    Ok(some.last().map(|row| row.key))
}

/// The living sessions of a holder, the latest used first.
pub fn list(view: &View<'_>, holder: Holder, idle: Period, now: Timestamp) -> StoreResult<Vec<Session>> {
    let mut sessions = Vec::new();
    for row in view.list(&SESSIONS_OF, &holder.id())? {
        sessions.extend(find_by_hash(view, row.record.hash, idle, now)?);
    }
    sessions.sort_by_key(|session| std::cmp::Reverse(session.used));
    Ok(sessions)
}

/// Ends one session.
pub fn end(plan: &mut Plan<'_>, hash: [u8; 32]) -> StoreResult<()> {
    match plan.get_row(&SESSIONS, &hash)? {
        Some((_, Some(vault))) => plan.drop_vault(vault),
        _ => Ok(()),
    }
}

/// Ends all sessions of a holder but `kept`.
pub fn end_all(plan: &mut Plan<'_>, holder: Holder, kept: Option<[u8; 32]>) -> StoreResult<()> {
    for row in plan.list(&SESSIONS_OF, &holder.id())? {
        if Some(row.record.hash) != kept {
            end(plan, row.record.hash)?;
        }
    }
    Ok(())
}

/// Browser and system, no versions: enough to know one's own devices by.
fn device_of(agent: &str) -> String {
    let named = |names: &[(&str, &'static str)], otherwise: &'static str| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map_or(otherwise, |(_, name)| name)
    };
    let browsers = [
        ("MicroMessenger", "WeChat"),
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    format!("{} · {}", named(&browsers, "Browser"), named(&systems, "device"))
}
