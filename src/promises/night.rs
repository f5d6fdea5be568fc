//! What takes a pass over all data, once each night.

use std::collections::BTreeSet;

use super::markers::{self, Sample, Shown};
use super::{Finding, Verdict};
use crate::accounts;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::closing;
use crate::orders;
use crate::policy;
use crate::shop::{self, Shop};
use crate::staff::access_log;
use crate::store::{Decided, Stop, StoreError, StoreResult, View, is_sealed, record, tables};

const DAY: i64 = 24 * 60 * 60;

record! {
    /// What the last pass over all data found.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct NightRow {
        pub at: Timestamp = NotPersonal,
        /// Values of personal classes.
        pub values: u64 = NotPersonal,
        /// Those of them that lie there unsealed.
        pub unsealed: u64 = NotPersonal,
        /// Texts drawn from them that were looked for in every file,
        pub marked: u64 = NotPersonal,
        /// those of them that stand in one,
        pub shown: u64 = NotPersonal,
        /// and in which.
        pub shown_in: Vec<String> = NotPersonal,
        /// Entries of the access log, if it is whole.
        pub looks: u64 = NotPersonal,
        /// The first entry that is not as it was written.
        pub altered: Option<u64> = NotPersonal,
        /// Orders within their period,
        pub orders: u64 = NotPersonal,
        /// and those of them whose personal part is gone before its day.
        pub gone: u64 = NotPersonal,
        /// Parcels that a named carrier has,
        pub parcels: u64 = NotPersonal,
        /// and those of them without their entry in the ledger of sharing.
        pub unnoted: u64 = NotPersonal,
        pub accounts: u64 = NotPersonal,
        /// Accounts that are bound to no version of the policy.
        pub loose: u64 = NotPersonal,
    }
}

tables! {
    pub NIGHT: () => NightRow = "promises_night" of Public;
}

/// Makes the pass if the last one is a day old.
///
/// # Errors
/// If the store could not be read or written.
pub async fn pass_if_due(shop: &Shop) -> Decided<()> {
    if is_due(&shop.store.view()?, shop.clock.now())? { pass(shop).await } else { Ok(()) }
}

fn is_due(view: &View<'_>, now: Timestamp) -> StoreResult<bool> {
    Ok(view.get(&NIGHT, &())?.is_none_or(|row| now.seconds_since(row.at) >= DAY))
}

/// Makes the pass now, on a thread that stands back behind all others.
///
/// # Errors
/// If the store could not be read or written.
pub async fn pass(shop: &Shop) -> Decided<()> {
    let handle = shop.clone();
    let found = shop::aside("promises", move || look(&handle)).await;
    let row = found.unwrap_or(Err(StoreError::Closed)).map_err(Stop::Failed)?;
    shop.store.commit(move |plan| Ok(plan.put(&NIGHT, &(), &row)?)).await
}

fn look(shop: &Shop) -> StoreResult<NightRow> {
    let view = shop.store.view()?;
    let at = shop.clock.now();
    let (mut values, mut unsealed) = (0, 0);
    let mut words = BTreeSet::new();
    for table in shop.store.tables().iter().filter(|table| table.class != Class::Public) {
        let mut sample = Sample::new(&*shop.random);
        view.walk_stored(table, |key, value| {
            values += 1;
            unsealed += u64::from(!is_sealed(value));
            sample.pass(key);
        })?;
        sample.take_texts(&view, table, &mut words)?;
    }
    let markers = markers::draw(shop, &view, words)?;
    let (looks, altered) = match access_log::verify_chain(&view)? {
        Ok(count) => (count, None),
        Err(number) => (0, Some(number)),
    };
    let orders::Kept { orders, gone, parcels, unnoted } =
        orders::kept(&view, &shop.retention(), at, shop.zone())?;
    // Once the business has closed nothing of an order is to be there any more (RET-08).
    let has_closed = closing::standing(&view)?.is_some_and(|standing| standing.is_over(at));
    let (orders, gone) = if has_closed { (0, 0) } else { (orders, gone) };
    let (mut accounts, mut loose) = (0, 0);
    let mut before = None;
    loop {
        let some = accounts::all(&view, before, 500)?;
        for account in &some {
            accounts += 1;
            loose += u64::from(!policy::is_bound(&view, account.subject)?);
        }
        before = some.last().map(|account| account.subject);
        if before.is_none() {
            break;
        }
    }
    drop(view);
    let Shown { marked, shown, files: shown_in } = markers.look_for(shop)?;
    Ok(NightRow {
        at,
        values,
        unsealed,
        marked,
        shown,
        shown_in,
        looks,
        altered,
        orders,
        gone,
        parcels,
        unnoted,
        accounts,
        loose,
    })
}

/// What the last pass says.
///
/// # Errors
/// If the store could not be read.
pub fn findings(view: &View<'_>, now: Timestamp) -> StoreResult<Vec<Finding>> {
    let Some(row) = view.get(&NIGHT, &())? else {
        let waits = |id| {
            Finding::new(
                id,
                Verdict::Held,
                "the first nightly pass is still to come",
                "首次夜间检查尚未进行",
                "/admin/promises",
            )
        };
        return Ok(["RET-02", "SEC-02", "SHR-01"].map(waits).into());
    };
    Ok(of_row(&row, now))
}

fn of_row(row: &NightRow, now: Timestamp) -> Vec<Finding> {
    let at = row.at.instant().strftime("%Y-%m-%d %H:%M UTC").to_string();
    // A pass of the day before yesterday says nothing of today.
    let is_old = now.seconds_since(row.at) > 2 * DAY;
    let finding = |id, broken: bool, en: String, zh: String| {
        let verdict = if is_old && !broken { Verdict::Held } else { Verdict::unless(broken) };
        Finding::new(id, verdict, format!("{en} ({at})"), format!("{zh}（{at}）"), "/admin/promises")
    };
    let NightRow { values, unsealed, marked, shown, orders, gone, parcels, unnoted, accounts, loose, .. } =
        row;
    let (in_en, in_zh) = match &*row.shown_in {
        [] => (String::new(), String::new()),
        files => (format!(": {}", files.join(", ")), format!("：{}", files.join("、"))),
    };
    let mut all = vec![
        finding(
            "SEC-02",
            *unsealed > 0 || *shown > 0,
            format!(
                "{unsealed} of {values} values of personal classes lie there unsealed; \
                 of {marked} texts drawn from them {shown} stand in a file{in_en}"
            ),
            format!(
                "{values} 个个人信息值中 {unsealed} 个未加密；抽取 {marked} 个文本，{shown} 个出现在文件中{in_zh}"
            ),
        ),
        finding(
            "RET-02",
            *gone > 0,
            format!("of {orders} orders within their period {gone} have lost their personal part"),
            format!("{orders} 笔期限内订单中 {gone} 笔的个人信息提前消失"),
        ),
        finding(
            "SHR-01",
            *unnoted > 0,
            format!("{unnoted} of {parcels} parcels have no entry in the ledger of sharing"),
            format!("{parcels} 个包裹中 {unnoted} 个没有共享记录"),
        ),
    ];
    // The live checks see the newest only; what the night found beyond them stands beside.
    if let Some(number) = row.altered {
        all.push(finding(
            "SEC-07",
            true,
            format!("entry {number} of the access log was altered, moved or removed"),
            format!("访问日志第 {number} 条被改动、移动或删除"),
        ));
    }
    if *loose > 0 {
        all.push(finding(
            "NOT-01",
            true,
            format!("{loose} of {accounts} accounts are bound to no version of the policy"),
            format!("{accounts} 个账号中 {loose} 个未绑定政策版本"),
        ));
    }
    all
}
