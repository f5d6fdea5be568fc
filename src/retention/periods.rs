//! The periods in force, written down in the store: what a clock counts is decided inside a command,
//! and a start that is given other periods counts every clock anew before anything goes by them.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::config::{Config, Period};
use crate::ids::VaultId;
use crate::refusal::Decided;
use crate::shop::Shop;
use crate::store::floor::{Counted, VaultTables};
use crate::store::{Field, Plan, Record, StoreResult, Table, View};

/// A period of `[retention]` that the clocks of lasting vaults count.
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
}

impl Rule {
    pub const ALL: [Self; 12] = [
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
        }
    }
}

/// The periods in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodsRow {
    /// By the code of their [`Rule`].
    periods: Vec<(u8, Period)>,
    /// The time zone that calendar periods are counted in.
    zone: String,
}

impl Record for PeriodsRow {
    const FIELDS: &'static [Field] =
        &[Field::new("periods", DataKind::Nothing), Field::new("zone", DataKind::Nothing)];
}

/// How far the clocks were counted anew after the periods changed: up to this vault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecountRow {
    after: Option<VaultId>,
}

impl Record for RecountRow {
    const FIELDS: &'static [Field] = &[Field::new("after", DataKind::Nothing)];
}

pub const PERIODS: Table<(), PeriodsRow> = Table::new("retention_periods", Class::Public);
pub const RECOUNT: Table<(), RecountRow> = Table::new("retention_recount", Class::Public);

impl PeriodsRow {
    /// What the configuration says.
    pub fn of(config: &Config) -> Self {
        let period = |rule: Rule| Some((rule.code(), config.retention.of(rule.id())?));
        let zone = config.site.timezone.iana_name().unwrap_or("UTC").to_owned();
        Self { periods: Rule::ALL.into_iter().filter_map(period).collect(), zone }
    }

    /// When a clock that counts from `from` is over. A rule that is not known here is never over.
    fn end(&self, counted: Counted) -> Option<Timestamp> {
        let (_, period) = self.periods.iter().find(|(code, _)| *code == counted.rule)?;
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        Some(counted.from.plus(&period.span(), &zone))
    }
}

fn in_force(view: &View<'_>) -> StoreResult<PeriodsRow> {
    let known = view.get(&PERIODS, &())?;
    Ok(known.unwrap_or_else(|| PeriodsRow::of(&Config::defaults(PathBuf::new()))))
}

/// When a clock of this rule is over.
///
/// # Errors
/// If the store could not be read.
pub fn end_of(view: &View<'_>, rule: Rule, from: Timestamp) -> StoreResult<Timestamp> {
    let end = in_force(view)?.end(Counted { rule: rule.code(), from });
    // Every rule is in every row: they are written together.
    Ok(end.unwrap_or(Timestamp::from_millis(i64::MAX)))
}

/// Starts the clock of a vault.
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
    let counted = Counted { rule: rule.code(), from };
    let end = in_force(plan)?.end(counted);
    plan.set_clock(vault, class, end, Some(counted))
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

/// Takes these periods as the ones in force. Where they are others than before, every clock is counted
/// anew before the next sweep, and those that a change brings to their end meet the brake.
///
/// # Errors
/// If the store could not be read.
pub fn adopt(plan: &mut Plan<'_>, periods: &PeriodsRow) -> StoreResult<()> {
    let before = plan.get(&PERIODS, &())?;
    if before.as_ref() == Some(periods) {
        return Ok(());
    }
    if before.is_some() {
        plan.put(&RECOUNT, &(), &RecountRow { after: None })?;
    }
    plan.put(&PERIODS, &(), periods)
}

/// Whether these are the periods in force.
///
/// # Errors
/// If the store could not be read.
pub fn are_in_force(view: &View<'_>, periods: &PeriodsRow) -> StoreResult<bool> {
    Ok(view.get(&PERIODS, &())?.as_ref() == Some(periods))
}

/// So many clocks are counted anew in one commit.
const AT_ONCE: usize = 2000;

/// Counts the clocks anew that a change of the periods left, slice by slice.
///
/// # Errors
/// If the store could not be read or written.
pub(super) async fn recount(shop: &Shop) -> Decided<()> {
    while shop.store.view()?.get(&RECOUNT, &())?.is_some() {
        shop.store.commit(|plan| Ok(recount_slice(plan)?)).await?;
    }
    Ok(())
}

fn recount_slice(plan: &mut Plan<'_>) -> StoreResult<()> {
    use std::ops::Bound;
    let Some(RecountRow { after }) = plan.get(&RECOUNT, &())? else { return Ok(()) };
    let from = after.map(|vault| vault.to_bytes());
    let from = from.as_ref().map_or(Bound::Unbounded, |from| Bound::Excluded(&from[..]));
    let rows = plan.range(&VaultTables::of(false).vaults, from, Bound::Unbounded, AT_ONCE, false)?;
    let Some(last) = rows.last().map(|row| row.key) else { return plan.delete(&RECOUNT, &()) };
    let periods = in_force(plan)?;
    for row in rows {
        let Some((counted, class)) = row.record.counted.zip(plan.class_of(row.key)) else { continue };
        let end = periods.end(counted);
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
        let counted = Counted { rule: rule.code(), from: at(from) };
        PeriodsRow::of(&config).end(counted).expect("it ends").to_string()
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
        let periods = PeriodsRow::of(&Config::defaults(PathBuf::new()));
        assert_eq!(periods.periods.len(), Rule::ALL.len());
    }
}
