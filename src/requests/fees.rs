//! Fees (RGT-15): requests are free of charge; for those repeated beyond reason staff may propose a fee, and
//! the person decides before anything is charged or refused. The time to answer runs on meanwhile: neither
//! PIPL nor GDPR art. 12 lets it rest.

use jiff::{Span, tz::TimeZone};

use super::records::{FeeRow, REQUESTS, RequestRow, State, Step};
use super::rules::{of_asker, tell, waiting};
use crate::ids::SubjectId;
use crate::locale::Text;
use crate::money::Money;
use crate::notify::NoticeKind;
use crate::refusal::Refusal;
use crate::store::{Decided, Plan, StoreResult, View};

/// From this request of a kind on within [`MONTHS`], a fee may be proposed. PIPL has requests answered free of
/// charge as a rule, and GDPR art. 12(5) allows a reasonable fee for excessive ones only.
const FREE: usize = 3;
const MONTHS: i64 = 12;

/// Whether a fee may be proposed for a request: it is open, none was proposed, and the same person has made
/// three others of its kind within the twelve months before it. What was taken back counts for nothing.
pub fn may_cost(view: &View<'_>, number: &str, row: &RequestRow, zone: &TimeZone) -> StoreResult<bool> {
    if row.state != State::Open || row.fee.is_some() {
        return Ok(false);
    }
    let since = row.received.plus(&Span::new().months(-MONTHS), zone);
    let all = of_asker(view, row.asker)?;
    let earlier = all.iter().filter(|(known, other)| {
        let counts = other.kind == row.kind && other.state != State::Withdrawn;
        known != number && counts && other.received > since && other.received <= row.received
    });
    Ok(earlier.count() >= FREE)
}

const FREE_OF_CHARGE: Text = Text::new(
    "This request is free of charge: a fee may be proposed from the fourth of its kind within twelve months.",
    "该请求不收取费用：同一人十二个月内第四次提出同类请求起方可提出收费。",
);

/// Staff propose a fee; the person is told and decides. The time to answer runs on.
///
/// # Errors
/// 'Not found', or a conflict if the request has ended or is free.
pub fn propose_fee(
    plan: &mut Plan<'_>,
    number: &str,
    amount: Money,
    why: String,
    zone: &TimeZone,
) -> Decided<()> {
    let (mut row, _) = waiting(plan, number)?;
    if !may_cost(plan, number, &row, zone)? {
        return Err(Refusal::conflict(FREE_OF_CHARGE).into());
    }
    row.fee = Some(FeeRow { amount, why, accepted: None });
    row.note(plan.now, Step::FeeProposed);
    plan.update(&REQUESTS, &number.to_owned(), &row)?;
    Ok(tell(plan, number, &row, NoticeKind::RequestFee)?)
}

const NO_FEE: Text = Text::new("No fee waits for your word.", "没有待您确认的收费。");

/// The person accepts or declines the fee.
///
/// # Errors
/// 'Not found' for somebody else's, or a conflict if nothing waits for their word.
pub fn answer_fee(plan: &mut Plan<'_>, number: &str, asker: SubjectId, accepted: bool) -> Decided<()> {
    let row = plan.get(&REQUESTS, &number.to_owned())?.filter(|row| row.asker == asker);
    let mut row = row.ok_or_else(Refusal::not_found)?;
    if !row.awaits_word() {
        return Err(Refusal::conflict(NO_FEE).into());
    }
    if let Some(fee) = &mut row.fee {
        fee.accepted = Some(accepted);
    }
    row.note(plan.now, if accepted { Step::FeeAccepted } else { Step::FeeDeclined });
    Ok(plan.update(&REQUESTS, &number.to_owned(), &row)?)
}
