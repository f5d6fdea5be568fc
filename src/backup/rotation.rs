//! Which backups stay: the newest of each of the last so many hours, days, weeks and months. What is not as
//! it was when it was read back counts for none of them, and the last good one stays whatever happens.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::tz::TimeZone;

use super::{BACKUPS, BackupError, BackupRow, Place, archive, not_stored, places};
use crate::clock::Timestamp;
use crate::config::Backup;
use crate::shop::Shop;
use crate::store::{Plan, record, tables};

/// The digest of each archive is compared once a week, in seconds.
const CHECK_EVERY: i64 = 7 * 24 * 60 * 60;

record! {
    /// When an archive was last found to be what it was when it was made.
    #[derive(Clone, Debug)]
    pub struct CheckedRow {
        pub at: Timestamp = NotPersonal,
    }
}

tables! {
    /// By place, a zero, and the name of the archive.
    pub CHECKED: Vec<u8> => CheckedRow = "backups_checked" of Public;
}

/// How many stay of each kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keep {
    pub hourly: u32,
    pub daily: u32,
    pub weekly: u32,
    pub monthly: u32,
}

impl Keep {
    pub fn of(config: &Backup) -> Self {
        let Backup { keep_hourly, keep_daily, keep_weekly, keep_monthly, .. } = config;
        Self { hourly: *keep_hourly, daily: *keep_daily, weekly: *keep_weekly, monthly: *keep_monthly }
    }
}

/// The places in `times` of those that stay. The newest always does.
pub(super) fn kept(times: &[Timestamp], keep: Keep, zone: &TimeZone) -> BTreeSet<usize> {
    let mut newest_first: Vec<usize> = (0..times.len()).collect();
    newest_first.sort_by_key(|place| std::cmp::Reverse(times[*place]));
    let mut kept: BTreeSet<usize> = newest_first.first().copied().into_iter().collect();
    let named = |place: usize, format: &str| {
        times[place].instant().to_zoned_datetime(zone.clone()).strftime(format).to_string()
    };
    // %G and %V: the week that a day belongs to, across the turn of a year.
    let kinds =
        [("%F %H%z", keep.hourly), ("%F", keep.daily), ("%G-%V", keep.weekly), ("%Y-%m", keep.monthly)];
    for (format, most) in kinds {
        let mut spans: BTreeSet<String> = BTreeSet::new();
        for place in &newest_first {
            if spans.len() >= most as usize {
                break;
            }
            if spans.insert(named(*place, format)) {
                kept.insert(*place);
            }
        }
    }
    kept
}

/// Removes what need not stay from every place that can be reached, and forgets what lies nowhere any
/// more. A clock that jumped holds it.
///
/// # Errors
/// In words, the first that something went wrong at; nothing that must stay is removed.
pub(super) fn rotate(shop: &Shop) -> Result<(), BackupError> {
    if shop.clock.jump().is_some() {
        return Ok(());
    }
    let rows: Vec<(String, BackupRow)> =
        shop.store.view()?.list(&BACKUPS, &[])?.into_iter().map(|row| (row.key, row.record)).collect();
    let mut first = Ok(());
    let mut needed: BTreeSet<String> = BTreeSet::new();
    for place in places(shop) {
        match rotate_at(shop, &place, &rows) {
            Ok(left) => needed.extend(left),
            Err(error) => {
                // What lies where nobody can look stays on record.
                needed.extend(rows.iter().map(|(name, _)| name.clone()));
                first = first.and(Err(error));
            }
        }
    }
    let gone: Vec<String> =
        rows.into_iter().map(|(name, _)| name).filter(|name| !needed.contains(name)).collect();
    if !gone.is_empty() {
        let decide = move |plan: &mut Plan<'_>| {
            gone.iter().try_for_each(|name| plan.delete(&BACKUPS, name))?;
            let is_gone = |key: &[u8]| gone.iter().any(|name| key.ends_with(name.as_bytes()));
            for row in plan.list(&CHECKED, &[])?.into_iter().filter(|row| is_gone(&row.key)) {
                plan.delete(&CHECKED, &row.key)?;
            }
            Ok(())
        };
        shop.store.commit_blocking(decide).map_err(not_stored)?;
    }
    first
}

/// Rotates one place. Returns the names that lie there afterwards.
fn rotate_at(
    shop: &Shop,
    place: &Place,
    rows: &[(String, BackupRow)],
) -> Result<BTreeSet<String>, BackupError> {
    let disk = &*shop.disk;
    // A place that is somebody else's, or is not there, is not touched.
    if place.check(disk, &shop.store.view()?)?.is_none() {
        return Err(BackupError::io(&place.folder)(std::io::ErrorKind::NotFound.into()));
    }
    let names: BTreeSet<String> =
        archive::names_at(disk, &place.folder)?.iter().filter_map(|path| name_of(path)).collect();
    let mut good: Vec<&(String, BackupRow)> = Vec::new();
    for row in rows.iter().filter(|(name, _)| names.contains(name)) {
        if is_good(shop, place, &row.0, &row.1)? {
            good.push(row);
        }
    }
    good.sort_by_key(|(_, row)| row.created);
    if good.is_empty() {
        return Ok(names);
    }
    let times: Vec<Timestamp> = good.iter().map(|(_, row)| row.created).collect();
    let kept = kept(&times, Keep::of(&shop.config().backup), shop.zone());
    let stay: BTreeSet<&str> = kept.iter().map(|place| good[*place].0.as_str()).collect();
    // What is not good, or on no record here, goes once it is older than all that stays.
    let oldest = kept.iter().map(|place| times[*place]).min().unwrap_or_default();
    let counts = |name: &str| good.iter().any(|(known, _)| known == name);
    let mut left = names.clone();
    for name in &names {
        let goes =
            if counts(name) { !stay.contains(&**name) } else { made(name).is_some_and(|at| at < oldest) };
        if goes {
            let path = place.folder.join(name);
            disk.remove(&path).map_err(BackupError::io(&path))?;
            left.remove(name);
        }
    }
    disk.sync_dir(&place.folder).map_err(BackupError::io(&place.folder))?;
    Ok(left)
}

/// Whether an archive at a place is what it was when it was read back: by its length each time, by its
/// digest once a week.
fn is_good(shop: &Shop, place: &Place, name: &str, row: &BackupRow) -> Result<bool, BackupError> {
    let path = place.folder.join(name);
    if shop.disk.len(&path).map_err(BackupError::io(&path))? != Some(row.bytes) {
        return Ok(false);
    }
    let key = [place.name.as_bytes(), b"\0", name.as_bytes()].concat();
    let now = shop.clock.now();
    let checked = shop.store.view()?.get(&CHECKED, &key)?.map_or(row.created, |row| row.at);
    if now.seconds_since(checked) < CHECK_EVERY {
        return Ok(true);
    }
    if archive::file_digest(&*shop.disk, &path)? != (row.bytes, row.digest.clone()) {
        tracing::error!(path = %path.display(), "a backup is not what it was when it was made");
        return Ok(false);
    }
    let decide = move |plan: &mut Plan<'_>| Ok(plan.put(&CHECKED, &key, &CheckedRow { at: now })?);
    shop.store.commit_blocking(decide).map_err(not_stored)?;
    Ok(true)
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// When an archive was made, by its name.
fn made(name: &str) -> Option<Timestamp> {
    let stamp = name.strip_prefix("tuckshop-")?.get(..16)?;
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
    let instant = TimeZone::UTC.to_timestamp(at).ok()?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 60 * 60;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000).plus_seconds(hours * HOUR)
    }

    #[test]
    fn a_name_says_when_it_was_made() {
        let at = made("tuckshop-20261127T080000Z-00ff00.tar.zst.age").expect("a stamp");
        assert_eq!(at.to_string(), "2026-11-27T08:00:00Z");
        for name in
            ["tuckshop-", "tuckshop-2026112ñ-00", "other-20261127T080000Z", "tuckshop-20261327T080000Z-0"]
        {
            assert_eq!(made(name), None, "{name}");
        }
    }

    #[test]
    fn a_year_of_hours_leaves_hours_days_weeks_and_months() {
        let keep = Keep { hourly: 24, daily: 7, weekly: 4, monthly: 12 };
        let zone = TimeZone::get("Asia/Shanghai").expect("known");
        // As the shop does it: each new one, and then what may go goes.
        let mut times: Vec<Timestamp> = Vec::new();
        for hour in 0..24 * 400 {
            times.push(at(hour));
            let stay = kept(&times, keep, &zone);
            times = times
                .iter()
                .enumerate()
                .filter(|(place, _)| stay.contains(place))
                .map(|(_, at)| *at)
                .collect();
        }
        // The newest of a day may be that of an hour too.
        assert!((24 + 5 + 2 + 10..=24 + 7 + 4 + 12).contains(&times.len()), "{}", times.len());
        let age = |at: &Timestamp| times.last().expect("some").seconds_since(*at) / HOUR / 24;
        assert!(age(&times[0]) >= 325, "the end of the month eleven months back: {}", age(&times[0]));
    }

    proptest! {
        #[test]
        fn the_newest_stays_and_no_more_than_is_asked_for(
            hours in proptest::collection::vec(0_i64..20_000, 1..60),
            (hourly, daily, weekly, monthly) in (0_u32..5, 0_u32..5, 0_u32..5, 0_u32..5),
        ) {
            let times: Vec<Timestamp> = hours.iter().map(|hours| at(*hours)).collect();
            let keep = Keep { hourly, daily, weekly, monthly };
            let stay = kept(&times, keep, &TimeZone::UTC);
            let newest = times.iter().max().expect("some");
            prop_assert!(stay.iter().any(|place| times[*place] == *newest));
            prop_assert!(stay.len() <= (hourly + daily + weekly + monthly).max(1) as usize);
            // What went once stays away: rotating twice is rotating once.
            let left: Vec<Timestamp> = stay.iter().map(|place| times[*place]).collect();
            prop_assert_eq!(kept(&left, keep, &TimeZone::UTC).len(), left.len());
        }
    }
}
