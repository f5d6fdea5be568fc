//! A keyring put under the rows that are there: for a data dir whose master key is lost, that was put back,
//! or of which a slot is bad in both files.

use std::collections::BTreeMap;

use serde::Serialize;

use super::database::Database;
use super::floor::{COUNTERS, CounterRow, HEAD, ShopHead};
use super::keyring::{Dropped, EPOCH_VAULTS, Keyring, MasterKey};
use super::lists::{MergedEpoch, drop_again, follow_promises, merge_lists};
use super::plan::LIST_NUMBER;
use super::snapshot::{KeyringCopy, write_epochs};
use super::table::Key;
use super::view::definition;
use super::{Setting, StoreError, StoreResult};
use crate::classes::Class;

/// What a recovery did.
#[derive(Debug, Default, Serialize)]
pub struct Recovered {
    /// Vaults that the lists call dropped.
    pub dropped: u64,
    /// Vaults whose keys the copy lacks, by class: they are lost.
    pub lost: BTreeMap<&'static str, u64>,
}

/// Puts a keyring made from a copy under the rows that are there: for a data dir whose master key is
/// lost, that was put back, or of which a slot is bad in both files. Whatever either list calls dropped
/// is dropped again; the passing classes are emptied; every class begins anew; the lineage is new. It
/// can be repeated after a crash.
///
/// # Errors
/// [`StoreError::Loss`] if the copy lacks vaults that live and `accept_loss` is not set: nothing was
/// changed then.
pub fn recover(
    setting: &Setting,
    master: &MasterKey,
    copy: &KeyringCopy,
    accept_loss: bool,
) -> StoreResult<Recovered> {
    let db = setting.database(true)?;
    db.create_tables(setting.register.tables)?;
    let head = super::opening::read_head(&db)?.ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })?;
    if head.shop != copy.shop {
        return Err(StoreError::Keyring("the keyring copy is of another shop than this data dir".to_owned()));
    }
    let new_files = ["keyring.a.new", "keyring.b.new"].map(|name| setting.file(name));
    for path in &new_files {
        if setting.disk.len(path)?.is_some() {
            setting.disk.remove(path)?;
        }
    }
    let mut epochs = merge_lists(&db, copy)?;
    let mut lasting = Keyring::create_from_export(
        setting.disk.clone(),
        &new_files[0],
        &new_files[1],
        MasterKey::new(*master.as_bytes()),
        head.shop,
        setting.random.clone(),
        &copy.keyring,
    )?;
    let lost = give_up_lacking(&mut epochs, &lasting);
    if !lost.is_empty() && !accept_loss {
        new_files.iter().try_for_each(|path| setting.disk.remove(path))?;
        return Err(StoreError::Loss(lost));
    }
    let dropped = drop_again(&mut lasting, &epochs)?;
    // On record first: whatever files a start meets after a crash in between, no number is taken from an
    // epoch of before.
    let on_record = counter_of(&db, LIST_NUMBER)?;
    if copy.list_number >= on_record {
        follow_promises(&db, &copy.list())?;
    }
    let list_number = on_record.max(copy.list_number) + 1;
    write_epochs(&db, &lasting, epochs, list_number)?;
    super::opening::put_head(&db, &ShopHead { lineage: setting.random.bytes(), ..head })?;
    for (new, name) in new_files.iter().zip(["keyring.a", "keyring.b"]) {
        setting.disk.rename(new, &setting.file(name))?;
    }
    setting.disk.sync_dir(&setting.dir)?;
    super::opening::passing_anew(&db, setting, MasterKey::new(*master.as_bytes()), copy.shop)?;
    Ok(Recovered { dropped, lost })
}

/// Calls all of an epoch dropped that the keyring does not have; the living vaults among them by class.
fn give_up_lacking(epochs: &mut [MergedEpoch], keyring: &Keyring) -> BTreeMap<&'static str, u64> {
    let mut lost = BTreeMap::new();
    for merged in epochs.iter_mut().filter(|merged| merged.is_lacked_by(keyring)) {
        let living = (0..merged.row.next).filter(|number| !merged.dropped.contains(*number)).count() as u64;
        merged.dropped = Dropped::from_range(0..EPOCH_VAULTS);
        if let Some(class) = Class::from_code(merged.row.class).filter(|_| living > 0) {
            *lost.entry(class.facts().id).or_default() += living;
        }
    }
    lost
}

fn counter_of(db: &Database, counter: &str) -> StoreResult<u64> {
    let key = counter.to_owned().to_bytes();
    let txn = db.read()?;
    let table = txn.open_table(definition(COUNTERS.name))?;
    let Some(value) = table.get(key.as_slice())? else { return Ok(0) };
    let row: CounterRow = super::opening::plain_record(COUNTERS.name, &key, value.value())?;
    Ok(row.value)
}
