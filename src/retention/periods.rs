//! The periods of each version of the policy, written down in the store: what a clock counts is decided
//! inside a command, by the versions from the one that binds its person on to the one in force. When another
//! comes into force, every clock is counted anew before anything goes by it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::cart;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::config::{Config, Period};
use crate::ids::{SubjectId, VaultId};
use crate::policy;
use crate::sessions;
use crate::shop::Shop;
use crate::store::floor::{Counted, VaultTables};
use crate::store::{Decided, Key, Plan, StoreResult, View, record, tables};

/// A period of `[retention]` that clocks count: those of lasting vaults, and, since a shorter one binds at once,
/// those of sessions and carts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Rule {
    /// From the moment that an account was cancelled.
    CancelledAccount = 1,
    /// From the completion of an order.
    OrderContact = 2,
    /// From when an order came to nothing.
    UnfinishedOrder = 3,
    /// From the completion of the order.
    Invoice = 4,
    /// From the end of a message.
    Message = 5,
    /// From a look, or from the end of a legal hold.
    AccessLog = 6,
    /// From when nothing rests on it any more.
    ConsentEvidence = 7,
    /// From the first search of its month.
    Searches = 8,
    /// From the first look of its month.
    Browsing = 9,
    /// From the first sight of a device in its month.
    Devices = 10,
    /// From when a request was closed.
    Request = 11,
    /// From when a conversation was closed.
    Conversation = 12,
    /// From the last use.
    Session = 13,
    /// From the last use.
    Cart = 14,
}

impl Rule {
    pub const ALL: [Self; 14] = [
        Self::CancelledAccount,
        Self::OrderContact,
        Self::UnfinishedOrder,
        Self::Invoice,
        Self::Message,
        Self::AccessLog,
        Self::ConsentEvidence,
        Self::Searches,
        Self::Browsing,
        Self::Devices,
        Self::Request,
        Self::Conversation,
        Self::Session,
        Self::Cart,
    ];

    const fn code(self) -> u8 {
        self as u8
    }

    /// Its key in `[retention]`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::CancelledAccount => "cancelled_account",
            Self::OrderContact => "order_contact",
            Self::UnfinishedOrder => "unfinished_order",
            Self::Invoice => "invoice",
            Self::Message => "message",
            Self::AccessLog => "access_log",
            Self::ConsentEvidence => "consent_evidence",
            Self::Searches => "searches",
            Self::Browsing => "browsing",
            Self::Devices => "devices",
            Self::Request => "request",
            Self::Conversation => "conversation",
            Self::Session => "session",
            Self::Cart => "cart",
        }
    }
}

record! {
    /// The periods of a version.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PeriodsRow {
        /// By the code of their [`Rule`].
        periods: Vec<(u8, Period)> = NotPersonal,
        /// The time zone that calendar periods are counted in.
        zone: String = NotPersonal,
    }
}

record! {
    /// How far the clocks were counted anew after the periods changed: up to this vault.
    #[derive(Clone, Debug)]
    pub struct RecountRow {
        after: Option<VaultId> = NotPersonal,
    }
}

record! {
    /// Which version of the policy is in force.
    #[derive(Clone, Debug)]
    pub struct CurrentRow {
        version: u64 = NotPersonal,
    }
}

tables! {
    /// By the version of the policy.
    pub PERIODS: u64 => PeriodsRow = "retention_periods" of Public;
    pub CURRENT: () => CurrentRow = "retention_current" of Public;
    pub RECOUNT: () => RecountRow = "retention_recount" of Public;
}

impl PeriodsRow {
    /// From the periods of `[retention]` by their keys.
    pub fn of(periods: &[(String, Period)], zone: &str) -> Self {
        let named = |rule: Rule| periods.iter().find(|(id, _)| id == rule.id());
        let period = |rule: Rule| Some((rule.code(), named(rule)?.1));
        Self { periods: Rule::ALL.into_iter().filter_map(period).collect(), zone: zone.to_owned() }
    }

    /// What the configuration says.
    fn of_config(config: &Config) -> Self {
        let all = config.retention.all();
        let named: Vec<(String, Period)> =
            all.into_iter().map(|(id, period)| (id.to_owned(), period)).collect();
        Self::of(&named, config.site.timezone.iana_name().unwrap_or("UTC"))
    }

    /// When a clock that counts from `from` is over. A rule that is not known here is never over.
    fn end(&self, rule: u8, from: Timestamp) -> Option<Timestamp> {
        let (_, period) = self.periods.iter().find(|(code, _)| *code == rule)?;
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        Some(from.plus(&period.span(), &zone))
    }
}

/// The number of the version in force; 0 before the first.
///
/// # Errors
/// If the store could not be read.
pub fn current_version(view: &View<'_>) -> StoreResult<u64> {
    Ok(view.get(&CURRENT, &())?.map_or(0, |row| row.version))
}

/// The periods of a version on to the one in force.
fn since(view: &View<'_>, version: u64) -> StoreResult<Vec<PeriodsRow>> {
    use std::ops::Bound::Included;
    let current = current_version(view)?;
    let (from, to) = (version.min(current).to_bytes(), current.to_bytes());
    let rows = view.range(&PERIODS, Included(&from), Included(&to), usize::MAX, false)?;
    if rows.is_empty() {
        return Ok(vec![PeriodsRow::of_config(&Config::defaults(PathBuf::new()))]);
    }
    Ok(rows.into_iter().map(|row| row.record).collect())
}

/// When a clock is over: a shorter period of a later version binds at once, a longer one only those who
/// agreed to it.
fn end(periods: &[PeriodsRow], counted: Counted) -> Option<Timestamp> {
    periods.iter().filter_map(|row| row.end(counted.rule, counted.from)).min()
}

/// When a clock of this rule is over for a person.
///
/// # Errors
/// If the store could not be read.
pub fn end_of(view: &View<'_>, subject: SubjectId, rule: Rule, from: Timestamp) -> StoreResult<Timestamp> {
    let bound = policy::bound(view, subject)?;
    let row =
        view.get(&PERIODS, &bound)?.map_or_else(|| since(view, bound).map(|rows| rows[0].clone()), Ok)?;
    // Every rule is in every row: they are written together.
    Ok(row.end(rule.code(), from).unwrap_or(Timestamp::from_millis(i64::MAX)))
}

/// Starts the clock of a vault, by the version in force.
///
/// # Errors
/// If the store could not be read.
pub fn start_clock(
    plan: &mut Plan<'_>,
    vault: VaultId,
    class: Class,
    rule: Rule,
    from: Timestamp,
) -> StoreResult<()> {
    let version = current_version(plan)?;
    start(plan, vault, class, Counted { rule: rule.code(), from, version })
}

/// The same for what a person holds, by the version that binds them; by the one in force if they are gone.
///
/// # Errors
/// If the store could not be read.
pub fn start_clock_of(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    vault: VaultId,
    class: Class,
    rule: Rule,
    from: Timestamp,
) -> StoreResult<()> {
    let version = policy::bound(plan, subject)?;
    start(plan, vault, class, Counted { rule: rule.code(), from, version })
}

fn start(plan: &mut Plan<'_>, vault: VaultId, class: Class, counted: Counted) -> StoreResult<()> {
    let end = end(&since(plan, counted.version)?, counted);
    plan.set_clock(vault, class, end, Some(counted))
}

/// Counts running clocks by another version: the person agreed to it.
///
/// # Errors
/// If the store could not be read.
pub fn rebind(plan: &mut Plan<'_>, vaults: Vec<(Class, VaultId)>, version: u64) -> StoreResult<()> {
    for (class, vault) in vaults {
        let row = plan.get(&VaultTables::of(class.is_passing()).vaults, &vault)?;
        let counted = row.and_then(|row| row.counted).filter(|counted| counted.version < version);
        if let Some(counted) = counted {
            start(plan, vault, class, Counted { version, ..counted })?;
        }
    }
    Ok(())
}

/// From when the clock of a vault counts; `None` if it has none.
///
/// # Errors
/// If the store could not be read.
pub fn counted_from(view: &View<'_>, vault: VaultId) -> StoreResult<Option<Timestamp>> {
    let row = view.get(&VaultTables::of(false).vaults, &vault)?;
    Ok(row.and_then(|row| row.counted).map(|counted| counted.from))
}

/// Stops the clock of a vault: it goes by itself no more.
///
/// # Errors
/// If the store could not be read.
pub fn stop_clock(plan: &mut Plan<'_>, vault: VaultId, class: Class) -> StoreResult<()> {
    plan.set_expiry(vault, class, None)
}

/// Writes down the periods of a version of the policy.
///
/// # Errors
/// If the store could not be read.
pub fn add_version(
    plan: &mut Plan<'_>,
    version: u64,
    periods: &[(String, Period)],
    zone: &str,
) -> StoreResult<()> {
    plan.put(&PERIODS, &version, &PeriodsRow::of(periods, zone))
}

/// A version comes into force. Where its periods are others than before, every clock is counted anew before
/// the next sweep, and those that a change brings to their end meet the brake.
///
/// # Errors
/// If the store could not be read.
pub fn begin_version(plan: &mut Plan<'_>, version: u64) -> StoreResult<()> {
    let before = current_version(plan)?;
    let (was, is) = (plan.get(&PERIODS, &before)?, plan.get(&PERIODS, &version)?);
    if was.is_some() && was != is {
        plan.put(&RECOUNT, &(), &RecountRow { after: None })?;
    }
    plan.put(&CURRENT, &(), &CurrentRow { version })
}

/// So many clocks are counted anew in one commit.
const AT_ONCE: usize = 2000;

/// Counts the clocks anew that a change of the periods left, slice by slice.
///
/// # Errors
/// If the store could not be read or written.
pub(super) async fn recount(shop: &Shop) -> Decided<()> {
    if shop.store.view()?.get(&RECOUNT, &())?.is_some() {
        shorten_passing(shop).await?;
    }
    while shop.store.view()?.get(&RECOUNT, &())?.is_some() {
        shop.store.commit(|plan| Ok(recount_slice(plan)?)).await?;
    }
    Ok(())
}

/// Has sessions and visitors' carts go no later than the policy in force says.
async fn shorten_passing(shop: &Shop) -> Decided<()> {
    let kept = shop.retention();
    let (session, cart) = (kept.session, kept.cart);
    let mut after = None;
    loop {
        after = shop.store.commit(move |plan| Ok(sessions::shorten(plan, after, session)?)).await?;
        if after.is_none() {
            break;
        }
    }
    loop {
        after = shop.store.commit(move |plan| Ok(cart::shorten(plan, after, cart)?)).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn recount_slice(plan: &mut Plan<'_>) -> StoreResult<()> {
    use std::ops::Bound;
    let Some(RecountRow { after }) = plan.get(&RECOUNT, &())? else { return Ok(()) };
    let from = after.map(|vault| vault.to_bytes());
    let from = from.as_ref().map_or(Bound::Unbounded, |from| Bound::Excluded(&from[..]));
    let rows = plan.range(&VaultTables::of(false).vaults, from, Bound::Unbounded, AT_ONCE, false)?;
    let Some(last) = rows.last().map(|row| row.key) else { return plan.delete(&RECOUNT, &()) };
    let mut by_version: BTreeMap<u64, Vec<PeriodsRow>> = BTreeMap::new();
    for row in rows {
        let Some((counted, class)) = row.record.counted.zip(plan.class_of(row.key)) else { continue };
        let periods = match by_version.entry(counted.version) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(since(plan, counted.version)?),
        };
        let end = end(periods, counted);
        if end != row.record.expires {
            plan.set_clock(row.key, class, end, Some(counted))?;
        }
    }
    plan.put(&RECOUNT, &(), &RecountRow { after: Some(last) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().expect("a time");
        Timestamp::from_millis(instant.as_millisecond())
    }

    fn over(zone: &str, rule: Rule, from: &str) -> String {
        let mut config = Config::defaults(PathBuf::new());
        config.site.timezone = TimeZone::get(zone).expect("known");
        PeriodsRow::of_config(&config).end(rule.code(), at(from)).expect("it ends").to_string()
    }

    #[test]
    fn ret_06_a_clock_ends_by_the_calendar_of_the_shop() {
        for (zone, rule, from, ends) in [
            ("Asia/Shanghai", Rule::CancelledAccount, "2027-01-15T02:00:00Z", "2027-02-15T02:00:00Z"),
            // The 31st of January, and of a leap year: the last day of February.
            ("Asia/Shanghai", Rule::CancelledAccount, "2027-01-31T02:00:00Z", "2027-02-28T02:00:00Z"),
            ("Asia/Shanghai", Rule::CancelledAccount, "2028-01-31T02:00:00Z", "2028-02-29T02:00:00Z"),
            // Late in the evening it is the next day already in Shanghai: the 1st, not the 31st.
            ("Asia/Shanghai", Rule::CancelledAccount, "2027-01-31T17:00:00Z", "2027-02-28T17:00:00Z"),
            ("UTC", Rule::CancelledAccount, "2027-01-31T17:00:00Z", "2027-02-28T17:00:00Z"),
            ("Asia/Shanghai", Rule::CancelledAccount, "2027-03-30T17:00:00Z", "2027-04-29T17:00:00Z"),
            ("UTC", Rule::CancelledAccount, "2027-03-30T17:00:00Z", "2027-04-30T17:00:00Z"),
            // The 29th of February has no day of its own three years on.
            ("Asia/Shanghai", Rule::OrderContact, "2028-02-29T02:00:00Z", "2031-02-28T02:00:00Z"),
            ("Asia/Shanghai", Rule::Invoice, "2028-02-29T02:00:00Z", "2038-02-28T02:00:00Z"),
            // Thirty days are thirty days by the clock on the wall, over the change to summer time too.
            ("Europe/Berlin", Rule::Message, "2027-03-20T11:00:00Z", "2027-04-19T10:00:00Z"),
        ] {
            assert_eq!(over(zone, rule, from), ends, "{zone}, {rule:?} from {from}");
        }
    }

    #[test]
    fn every_rule_has_its_period_in_the_configuration() {
        let periods = PeriodsRow::of_config(&Config::defaults(PathBuf::new()));
        assert_eq!(periods.periods.len(), Rule::ALL.len());
    }
}
