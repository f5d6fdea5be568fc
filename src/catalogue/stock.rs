//! Stock: how many pieces there are, and each movement that made it so. A variant's stock is the
//! sum of its movements and never below zero; both are decided inside the writer, so the last piece
//! is sold once.

use super::records::{Movement, MovementRow, PRODUCTS, STOCK, STOCK_MOVEMENTS, StockRow, Touched, VARIANTS};
use super::shelving::{count_sold, touch};
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, ProductId, StaffId, VariantId};
use crate::refusal::{Kind, Problem, Refusal};
use crate::store::{Decided, Plan, Row, StoreError, StoreResult, View};
use crate::t;

/// The most pieces that can be entered by hand or by file.
pub const MOST: u32 = 9_999_999;

/// So few pieces are said out loud.
pub(super) const FEW: u32 = 5;

/// A movement before it is counted.
pub(super) struct Move {
    pub change: i64,
    pub why: Movement,
    pub order: Option<OrderNumber>,
    pub staff: Option<StaffId>,
}

impl Move {
    pub(super) fn by_hand(change: i64, why: Movement, staff: Option<StaffId>) -> Self {
        Self { change, why, order: None, staff }
    }
}

/// How many pieces there are; 0 for what is not known.
pub fn count(view: &View<'_>, variant: VariantId) -> StoreResult<u32> {
    Ok(view.get(&STOCK, &variant)?.unwrap_or_default().count)
}

/// Counts a movement and returns the new stock; `None`, with nothing changed, where it would fall
/// below zero or out of range. The first movement is written even if it moves nothing.
pub(super) fn move_stock(plan: &mut Plan<'_>, variant: VariantId, step: Move) -> StoreResult<Option<u32>> {
    let known = plan.get(&STOCK, &variant)?;
    let mut stock = known.unwrap_or_default();
    if known.is_some() && step.change == 0 {
        return Ok(Some(stock.count));
    }
    let after = i64::from(stock.count).checked_add(step.change);
    let Some(after) = after.and_then(|after| u32::try_from(after).ok()) else { return Ok(None) };
    let row = MovementRow {
        at: plan.now,
        change: step.change,
        why: step.why,
        order: step.order,
        staff: step.staff,
    };
    plan.put(&STOCK_MOVEMENTS, &(variant, stock.moves), &row)?;
    if step.why == Movement::Sold {
        stock.sold_at = Some(plan.now);
    }
    stock = StockRow { count: after, moves: stock.moves + 1, ..stock };
    plan.put(&STOCK, &variant, &stock)?;
    Ok(Some(after))
}

/// Takes pieces for an order.
///
/// # Errors
/// A refusal ([`Kind::Conflict`]) that says how many are left, if these are too few.
pub fn take_stock(
    plan: &mut Plan<'_>,
    variant: VariantId,
    quantity: u32,
    order: &OrderNumber,
) -> Decided<()> {
    if quantity == 0 {
        return Ok(());
    }
    let row = plan.get(&VARIANTS, &variant)?.ok_or_else(Refusal::not_found)?;
    let step =
        Move { change: -i64::from(quantity), why: Movement::Sold, order: Some(order.clone()), staff: None };
    let Some(left) = move_stock(plan, variant, step)? else {
        return Err(too_few(plan, row.product, count(plan, variant)?)?.into());
    };
    count_sold(plan, row.product, i64::from(quantity))?;
    Ok(touch(plan, touched_by(row.product, left))?)
}

/// What a movement by an order touches, where `fewest` were there before or after it: pages only say
/// how many pieces there are when these are few.
fn touched_by(product: ProductId, fewest: u32) -> Touched {
    if fewest > FEW { Touched::Sold(product) } else { Touched::Product(product) }
}

fn too_few(view: &View<'_>, product: ProductId, left: u32) -> StoreResult<Refusal> {
    let title = view.get(&PRODUCTS, &product)?.map(|row| row.title).unwrap_or_default();
    let problem = Problem::saying("", |l| {
        let title = title.get(l);
        match left {
            0 => t!(l, "{title} is sold out.", "{title} 已售罄。"),
            1 => t!(l, "Only 1 piece of {title} is left.", "{title} 仅剩 1 件。"),
            _ => t!(l, "Only {left} pieces of {title} are left.", "{title} 仅剩 {left} 件。"),
        }
    });
    Ok(Refusal { kind: Kind::Conflict, problems: vec![problem] })
}

/// Gives back what an order took, because it was cancelled or the goods came back.
///
/// # Errors
/// If the stock would grow past what can be counted, which says that the store is damaged.
pub fn give_back(
    plan: &mut Plan<'_>,
    variant: VariantId,
    quantity: u32,
    order: &OrderNumber,
    why: Movement,
) -> StoreResult<()> {
    let step = Move { change: i64::from(quantity), why, order: Some(order.clone()), staff: None };
    let damaged = || StoreError::Damaged { table: STOCK.name.to_owned() };
    let after = move_stock(plan, variant, step)?.ok_or_else(damaged)?;
    // A variant that was taken out of the catalogue still gets its pieces back.
    let Some(row) = plan.get(&VARIANTS, &variant)? else { return Ok(()) };
    count_sold(plan, row.product, -i64::from(quantity))?;
    touch(plan, touched_by(row.product, after.saturating_sub(quantity)))
}

/// The last movements of a variant, newest first.
pub fn movements(view: &View<'_>, variant: VariantId, limit: usize) -> StoreResult<Vec<MovementRow>> {
    use std::ops::Bound;
    let to = crate::store::Key::to_bytes(&(variant, u64::MAX));
    let rows =
        view.range(&STOCK_MOVEMENTS, Bound::Included(&variant.0), Bound::Included(&to), limit, true)?;
    Ok(rows.into_iter().map(|row: Row<(VariantId, u64), MovementRow>| row.record).collect())
}

/// How many pieces were sold, less those that came back, from `since` on.
pub(super) fn sold_since(view: &View<'_>, variant: VariantId, since: Timestamp) -> StoreResult<u32> {
    let stock = view.get(&STOCK, &variant)?.unwrap_or_default();
    if stock.sold_at.is_none_or(|at| at < since) {
        return Ok(0);
    }
    let rows = view.list(&STOCK_MOVEMENTS, &variant.0)?;
    let by_orders = rows.iter().filter(|row| row.record.at >= since && row.record.order.is_some());
    let moved: i64 = by_orders.map(|row| row.record.change).sum();
    Ok(u32::try_from(-moved).unwrap_or(0))
}

/// What is wrong with the stock, one sentence for each variant at fault (`tuckshop check`): it is
/// not the sum of its movements, or was below zero at some time.
pub fn stock_faults(view: &View<'_>) -> StoreResult<Vec<String>> {
    let mut faults = Vec::new();
    for row in view.list(&STOCK, &[])? {
        let movements = view.list(&STOCK_MOVEMENTS, &row.key.0)?;
        if let Some(fault) = fault_of(&row.record, movements.iter().map(|row| row.record.change)) {
            faults.push(format!("{}: {fault}", name_of(view, row.key)?));
        }
    }
    for row in view.list(&VARIANTS, &[])? {
        if view.get(&STOCK, &row.key)?.is_none() {
            faults.push(format!("{}: has no stock on record", name_of(view, row.key)?));
        }
    }
    Ok(faults)
}

fn fault_of(stock: &StockRow, changes: impl Iterator<Item = i64>) -> Option<String> {
    let (mut sum, mut moves, mut lowest) = (0_i64, 0_u64, 0_i64);
    for change in changes {
        sum = sum.saturating_add(change);
        lowest = lowest.min(sum);
        moves += 1;
    }
    if sum != i64::from(stock.count) {
        return Some(format!("the stock is {}, its movements come to {sum}", stock.count));
    }
    if lowest < 0 {
        return Some(format!("the stock was {lowest} at some time"));
    }
    (moves != stock.moves).then(|| format!("{} movements were counted, {moves} are there", stock.moves))
}

fn name_of(view: &View<'_>, variant: VariantId) -> StoreResult<String> {
    let Some(row) = view.get(&VARIANTS, &variant)? else { return Ok(format!("a former variant {variant}")) };
    let slug = view.get(&PRODUCTS, &row.product)?.map(|product| product.slug).unwrap_or_default();
    Ok(format!("{slug} {}", if row.sku.is_empty() { variant.to_string() } else { row.sku }))
}
