//! Predicates on what lives now. Each reads an index or a few of the newest entries, never everything.

use std::sync::{Mutex, PoisonError};

use super::{Finding, Verdict};
use crate::accounts;
use crate::backup;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::closing;
use crate::digest;
use crate::locale::Locale;
use crate::policy;
use crate::requests;
use crate::retention::{self, holds};
use crate::sharing;
use crate::shop::Shop;
use crate::staff::access_log;
use crate::store::{StoreResult, View};
use crate::support;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// A sweep runs each hour: what was due for two of them should be gone.
const SWEPT_WITHIN: i64 = 2 * HOUR;
/// Passing data goes within a minute; so long it may take on a busy machine.
const PASSING_WITHIN: i64 = 10 * 60;
/// The first sweep after a start is done within so many seconds.
const SWEPT_AFTER_START: i64 = 10 * 60;
/// So many things are counted at most; more is more than enough to be broken.
const COUNTED: usize = 10_000;
/// So many of the newest entries of the access log are verified each time; all of them each night.
const NEWEST_LOOKS: u64 = 1_000;
/// So many of the newest accounts are looked at each time; all of them each night.
const NEWEST_ACCOUNTS: usize = 1_000;
/// A keyring copy follows an erasure within so many seconds.
const COPIED_WITHIN: i64 = 60;
/// Whoever received deleted data is told within this time.
const TOLD_WITHIN: i64 = 30 * DAY;

/// Checks what lives now.
///
/// # Errors
/// If the store could not be read.
pub fn check(shop: &Shop, view: &View<'_>) -> StoreResult<Vec<Finding>> {
    let now = shop.clock.now();
    Ok(vec![
        clocks(shop, view, now)?,
        cancelled(shop, view, now)?,
        closes(shop, view, now)?,
        copies(shop)?,
        newest_backup(shop)?,
        looks(view)?,
        deletions(view, now)?,
        answers(requests::counts(view, now)?),
        conversations(view, now)?,
        bound(shop, view)?,
        announced(shop, view)?,
        archive(view)?,
        said(shop, view)?,
        consents(view)?,
    ])
}

/// RET-06: no vault past its clock, but those that a legal hold keeps.
fn clocks(shop: &Shop, view: &View<'_>, now: Timestamp) -> StoreResult<Finding> {
    let held = holds::all_held(view)?;
    let lasting = view.expired(false, now.plus_seconds(-SWEPT_WITHIN), COUNTED)?;
    let past: Vec<_> = lasting.into_iter().filter(|vault| !held.contains(vault)).collect();
    let passing = view.expired(true, now.plus_seconds(-PASSING_WITHIN), COUNTED)?.len();
    let waits: Vec<u8> = view.held_runs()?.into_iter().map(|(_, row)| row.class).collect();
    let is_waiting = |class: Class| waits.contains(&class.code());
    let beyond =
        past.iter().filter(|vault| !view.class_of(**vault).is_some_and(is_waiting)).count() + passing;
    let (all, kept) = (past.len() + passing, held.len());
    let look = "/admin/retention";
    if let Some(jump) = shop.clock.jump().filter(|_| all > 0) {
        let says = &jump.says;
        return Ok(Finding::new(
            "RET-06",
            Verdict::Held,
            format!("{all} vaults past their clocks wait until the clock is confirmed ({says})"),
            format!("{all} 份到期数据待确认时钟后删除（{says}）"),
            look,
        ));
    }
    let verdict = match (beyond, all) {
        (0, 0) => Verdict::Kept,
        (0, _) => Verdict::Held,
        // What fell due while the shop was closed goes with the first sweep.
        _ if shop.working_for(now) < SWEPT_AFTER_START => Verdict::Held,
        _ => Verdict::Broken,
    };
    Ok(Finding::new(
        "RET-06",
        verdict,
        format!("{all} vaults are past their clocks; {kept} are kept by legal holds"),
        format!("{all} 份数据已过期限；{kept} 份因法律事由保留"),
        look,
    ))
}

/// RET-03: no account past the month after its cancellation.
fn cancelled(shop: &Shop, view: &View<'_>, now: Timestamp) -> StoreResult<Finding> {
    let (late, waiting) = accounts::past_their_month(view, now.plus_seconds(-HOUR))?;
    let verdict = match (late, waiting) {
        (0, 0) => Verdict::Kept,
        (0, _) => Verdict::Held,
        _ if shop.working_for(now) < SWEPT_AFTER_START => Verdict::Held,
        _ => Verdict::Broken,
    };
    Ok(Finding::new(
        "RET-03",
        verdict,
        format!(
            "{late} cancelled accounts are past their month; {waiting} wait for an order or a legal hold"
        ),
        format!("{late} 个注销账号已过冷静期仍未删除；{waiting} 个因未完成订单或法律事由等待"),
        "/admin/retention",
    ))
}

/// RET-08: a closing was announced thirty days before its day; once that has come nobody's data waits for
/// nothing.
fn closes(shop: &Shop, view: &View<'_>, now: Timestamp) -> StoreResult<Finding> {
    let finding = |verdict, en: String, zh: String| Finding::new("RET-08", verdict, en, zh, "/admin/closing");
    let Some(standing) = closing::standing(view)? else {
        return Ok(finding(Verdict::Kept, "no closing is announced".into(), "没有停业公告".into()));
    };
    let (said, day) = (standing.announced.day(shop.zone()), standing.day.day(shop.zone()));
    let (en, zh) = (format!("closes on {day}, announced on {said}"), format!("{said} 公告，{day} 停业"));
    if standing.day < closing::earliest(standing.announced) {
        return Ok(finding(Verdict::Broken, en, zh));
    }
    if !standing.is_over(now) {
        return Ok(finding(Verdict::Kept, en, zh));
    }
    let left = closing::left(view)?;
    let (due, waiting) = (left.accounts.len() + left.vaults.len(), left.for_orders + left.for_holds);
    let verdict = match (due, waiting) {
        (0, 0) => Verdict::Kept,
        (0, _) => Verdict::Held,
        _ if now.seconds_since(standing.day) < HOUR || shop.working_for(now) < SWEPT_AFTER_START => {
            Verdict::Held
        }
        _ => Verdict::Broken,
    };
    Ok(finding(
        verdict,
        format!(
            "{en}; {due} accounts and vaults are still to be erased, {waiting} accounts wait for an order or a legal hold"
        ),
        format!("{zh}；尚有 {due} 项待删除，{waiting} 个账号等待订单完成或法律保全结束"),
    ))
}

/// RET-07: each place's keyring copy follows the list of erasures.
fn copies(shop: &Shop) -> StoreResult<Finding> {
    if !backup::has_recipients(shop) {
        let (en, zh) = ("without a recovery key no copy lies anywhere", "未设恢复密钥，任何位置均无副本");
        return Ok(Finding::new("RET-07", Verdict::Kept, en, zh, "/admin/backups"));
    }
    let behind = backup::overdue(shop)?.len();
    let places = backup::places(shop).len();
    let seconds = behind_for(shop, behind > 0);
    let verdict = match behind {
        0 => Verdict::Kept,
        _ if seconds <= COPIED_WITHIN => Verdict::Held,
        _ => Verdict::Broken,
    };
    Ok(Finding::new(
        "RET-07",
        verdict,
        format!(
            "{behind} of {places} places hold a keyring copy older than the last erasure, for {seconds} s"
        ),
        format!("{places} 处备份位置中，{behind} 处的密钥副本早于最近一次删除，已 {seconds} 秒"),
        "/admin/backups",
    ))
}

/// Since when a place was seen to lack the last erasure.
#[derive(Default)]
struct BehindSince(Mutex<Option<Timestamp>>);

/// For how many seconds a place has been seen behind.
fn behind_for(shop: &Shop, is_behind: bool) -> i64 {
    let now = shop.clock.now();
    // A moment that is noted: whatever a panic left behind is still right to read.
    let behind = shop.of::<BehindSince>();
    let mut since = behind.0.lock().unwrap_or_else(PoisonError::into_inner);
    *since = is_behind.then(|| since.unwrap_or(now));
    since.map_or(0, |since| now.seconds_since(since))
}

/// The newest backup was read back whole when it was made, and is younger than two periods.
fn newest_backup(shop: &Shop) -> StoreResult<Finding> {
    let look = "/admin/backups";
    let view = shop.store.view()?;
    let overdue = match backup::late(shop).ok().flatten() {
        None => Verdict::Kept,
        // It is made soon after the start.
        Some(late) if !late.had_time => Verdict::Held,
        Some(_) => Verdict::Broken,
    };
    let Some((name, row)) = backup::list(&view)?.into_iter().next() else {
        let (en, zh) = ("no backup has been made yet", "尚无备份");
        return Ok(Finding::new("BACKUP", overdue, en, zh, look));
    };
    let made = row.created.minute(shop.zone());
    let unsound =
        backup::places(shop).iter().filter(|place| !backup::is_as_made(shop, place, &name, &row)).count();
    Ok(Finding::new(
        "BACKUP",
        if unsound > 0 { Verdict::Broken } else { overdue },
        format!("the newest backup, of {made}, was read back whole; it is not as it was at {unsound} places"),
        format!("最近备份于 {made} 完成并回读核验；{unsound} 处与当时不一致"),
        look,
    ))
}

/// SEC-07: the newest entries of the access log are as they were written.
fn looks(view: &View<'_>) -> StoreResult<Finding> {
    let outcome = access_log::verify_last(view, NEWEST_LOOKS)?;
    let (en, zh) = match outcome {
        Ok(count) => (
            format!("{count} entries; the newest {NEWEST_LOOKS} are as written"),
            format!("共 {count} 条记录，最近 {NEWEST_LOOKS} 条未被改动"),
        ),
        Err(number) => (
            format!("entry {number} was altered, moved or removed"),
            format!("第 {number} 条记录被改动、移动或删除"),
        ),
    };
    Ok(Finding::new("SEC-07", Verdict::unless(outcome.is_err()), en, zh, "tuckshop audit verify"))
}

/// RGT-09: whoever received data that was deleted is told.
fn deletions(view: &View<'_>, now: Timestamp) -> StoreResult<Finding> {
    let all = sharing::deletions(view, None, COUNTED)?;
    let untold: Vec<_> = all.iter().filter(|(_, row)| row.told.is_none()).collect();
    let late = untold.iter().filter(|(_, row)| now.seconds_since(row.since) > TOLD_WITHIN).count();
    let (untold, unanswered) = (untold.len(), all.iter().filter(|(_, row)| row.answered.is_none()).count());
    Ok(Finding::new(
        "RGT-09",
        Verdict::unless(late > 0),
        format!(
            "{untold} recipients of deleted data are to be told, {late} of them for over 30 days; {unanswered} have not answered"
        ),
        format!("{untold} 个接收方待告知删除，其中 {late} 个超过 30 天；{unanswered} 个尚未答复"),
        "/admin/sharing/deletions",
    ))
}

/// RGT-14.
fn answers((open, late): (usize, usize)) -> Finding {
    Finding::new(
        "RGT-14",
        Verdict::unless(late > 0),
        format!("{open} requests are open, {late} past the day on which they were to be answered"),
        format!("{open} 个权利请求处理中，{late} 个已逾期"),
        "/admin/requests",
    )
}

/// CON-02.
fn conversations(view: &View<'_>, now: Timestamp) -> StoreResult<Finding> {
    let support::Counts { waiting, late, .. } = support::counts(view, now)?;
    Ok(Finding::new(
        "CON-02",
        Verdict::unless(late > 0),
        format!("{waiting} conversations wait for an answer, {late} for more than 10 days"),
        format!("{waiting} 个会话待答复，{late} 个超过 10 日"),
        "/admin/conversations",
    ))
}

/// NOT-01: the newest accounts are bound to a version that they agreed to, text for text.
fn bound(shop: &Shop, view: &View<'_>) -> StoreResult<Finding> {
    let newest = accounts::all(view, None, NEWEST_ACCOUNTS)?;
    let mut loose = 0;
    for account in &newest {
        loose += usize::from(!policy::is_bound(view, account.subject)?);
    }
    let (count, version) = (newest.len(), shop.policy().in_force);
    Ok(Finding::new(
        "NOT-01",
        Verdict::unless(loose > 0),
        format!(
            "of the newest {count} accounts {loose} are bound to no version; version {version} is in force"
        ),
        format!("最近 {count} 个账号中 {loose} 个未绑定政策版本；当前为第 {version} 版"),
        "/admin/policy",
    ))
}

/// NOT-02: each version was announced as long ahead as the one before it promised, and is what runs.
fn announced(shop: &Shop, view: &View<'_>) -> StoreResult<Finding> {
    let all = policy::versions(view)?;
    let oldest = accounts::oldest(view)?.map(|account| account.created);
    let mut hasty = Vec::new();
    for pair in all.windows(2) {
        let [(number, row), (before, _)] = pair else { continue };
        let notice = policy::stated(view, *before)?.notice[usize::from(row.is_major)];
        let due = row.announced.plus(&notice.span(), shop.zone());
        let someone = oldest.is_some_and(|created| created < row.effective);
        if someone && row.effective < due {
            hasty.push(number.to_string());
        }
    }
    let in_force = retention::current_version(view)? == shop.policy().in_force;
    let count = all.len();
    let (en, zh) = if !in_force {
        (
            "what the shop goes by is not the version in force".to_owned(),
            "店铺所依据的并非现行版本".to_owned(),
        )
    } else if hasty.is_empty() {
        (format!("each of {count} versions was announced in time"), format!("{count} 个版本均按期提前公告"))
    } else {
        (
            format!("in force before their notice was over: {}", hasty.join(", ")),
            format!("公告期未满即生效：{}", hasty.join("、")),
        )
    };
    Ok(Finding::new("NOT-02", Verdict::unless(!in_force || !hasty.is_empty()), en, zh, "/privacy/versions"))
}

/// NOT-05: each version's texts are, byte by byte, what was published.
fn archive(view: &View<'_>) -> StoreResult<Finding> {
    let all = policy::versions(view)?;
    let mut altered = Vec::new();
    for (number, row) in &all {
        let mut texts = Vec::new();
        for l in Locale::ALL {
            texts.extend(policy::published(view, *number, l)?);
        }
        let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        if bytes.len() != Locale::ALL.len() || digest::of_parts(&bytes) != row.digest {
            altered.push(number.to_string());
        }
    }
    let count = all.len();
    let (en, zh) = if altered.is_empty() {
        (format!("all {count} versions read as they were published"), format!("{count} 个版本均与公布时一致"))
    } else {
        (
            format!("not as published: version {}", altered.join(", ")),
            format!("与公布时不一致：第 {} 版", altered.join("、")),
        )
    };
    Ok(Finding::new(
        "NOT-05",
        Verdict::unless(!altered.is_empty() || all.is_empty()),
        en,
        zh,
        "/privacy/versions",
    ))
}

/// DEF-01: the register in the code is what the newest version says; a difference has its draft, and waits for
/// the owner's word.
fn said(shop: &Shop, view: &View<'_>) -> StoreResult<Finding> {
    let unsaid = policy::unsaid(shop, view)?;
    let has_draft = policy::has_draft(view)?;
    let verdict = match (unsaid, has_draft) {
        (0, false) => Verdict::Kept,
        (_, true) => Verdict::Held,
        _ => Verdict::Broken,
    };
    Ok(Finding::new(
        "DEF-01",
        verdict,
        format!("{unsaid} facts of the registers are not in the newest version of the policy"),
        format!("登记中有 {unsaid} 项与最新政策不一致"),
        "/admin/policy",
    ))
}

/// CNS-04: consents in force are for purposes that exist, in the words of today; others count as off.
fn consents(view: &View<'_>) -> StoreResult<Finding> {
    let (on, other) = crate::consent::grants(view, COUNTED)?;
    Ok(Finding::new(
        "CNS-04",
        Verdict::unless(other > 0),
        format!("{on} consents are in force, {other} without the evidence that they were ticked"),
        format!("有效同意 {on} 项，其中 {other} 项缺少主动勾选的凭证"),
        "/account/privacy",
    ))
}
