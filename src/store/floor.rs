//! The store's own tables: what it knows of itself, of epochs and vaults.

use serde::{Deserialize, Serialize};

use super::codec::{Field, Record};
use super::table::{Table, TableInfo};
use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{EpochId, ShopId, VaultId};

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// What the shop is, to its files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShopHead {
    pub shop: ShopId,
    /// Which line of this shop's history the data dir continues: new at each take-over.
    pub lineage: [u8; 16],
    /// The four letters that order numbers begin with, drawn at the start and at each restore.
    pub letters: String,
    /// Made for rehearsal: nothing real leaves, and the clock may be moved.
    pub rehearsal: bool,
    /// Made by `tuckshop demo`.
    pub demo: bool,
    /// Whether the first start was completed; before that the dir is nobody's data.
    pub born: bool,
    pub created: Timestamp,
}

impl Record for ShopHead {
    const FIELDS: &'static [Field] = &[
        plain("shop"),
        plain("lineage"),
        plain("letters"),
        plain("rehearsal"),
        plain("demo"),
        plain("born"),
        plain("created"),
    ];
}

/// How far an epoch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EpochState {
    /// Its slot is being written; no number may be taken.
    Making,
    /// Stored in both files; numbers are taken from the oldest open one of a class.
    Open,
    /// No more numbers are taken.
    Closed,
}

/// One epoch on record; the list of what was dropped of it stands in a row of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochRow {
    pub class: u8,
    pub slot: u32,
    /// The next number to be given out.
    pub next: u16,
    pub state: EpochState,
    /// The save of its slot that is known to be stored in both files.
    pub settled: u64,
    pub began: Timestamp,
}

impl Record for EpochRow {
    const FIELDS: &'static [Field] =
        &[plain("class"), plain("slot"), plain("next"), plain("state"), plain("settled"), plain("began")];
}

/// The list of erasures of one epoch: 2^14 bits. It names nobody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DroppedRow {
    pub bits: Vec<u8>,
}

impl Record for DroppedRow {
    const FIELDS: &'static [Field] = &[plain("bits")];
}

/// A vault's clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VaultRow {
    pub expires: Option<Timestamp>,
    /// When that was decided.
    pub set: Timestamp,
    /// What it was counted from, so that it can be counted anew.
    pub counted: Option<Counted>,
}

impl Record for VaultRow {
    const FIELDS: &'static [Field] = &[plain("expires"), plain("set"), plain("counted")];
}

/// A period that is counted from a moment on. Which period a rule means is not the store's business.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counted {
    pub rule: u8,
    pub from: Timestamp,
    /// The version of the policy that it counts by.
    pub version: u64,
}

/// A row that says all by its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mark {}

impl Record for Mark {
    const FIELDS: &'static [Field] = &[];
}

/// A vault that is known by name (a ledger month, the index of contacts).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StandingRow {
    pub vault: VaultId,
}

impl Record for StandingRow {
    const FIELDS: &'static [Field] = &[plain("vault")];
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CounterRow {
    pub value: u64,
}

impl Record for CounterRow {
    const FIELDS: &'static [Field] = &[plain("value")];
}

pub const HEAD: Table<(), ShopHead> = Table::new("shop", Class::Public);
/// What a restore left open until the owner says that this shop goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RestoredRow {
    /// The line whose backup it was.
    pub lineage: [u8; 16],
    /// The number of the newest list that the restore followed.
    pub list_number: u64,
}

impl Record for RestoredRow {
    const FIELDS: &'static [Field] = &[plain("lineage"), plain("list_number")];
}

/// The numbers of an epoch that only the hours after the backup can have taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LostRow {
    pub from: u16,
    /// How many the keyring copy knew to be taken.
    pub known: u16,
}

impl Record for LostRow {
    const FIELDS: &'static [Field] = &[plain("from"), plain("known")];
}

pub const RESTORED: Table<(), RestoredRow> = Table::new("restored", Class::Public);
pub const LOST: Table<EpochId, LostRow> = Table::new("restored_lost", Class::Public);

/// The day of an erasure that was promised.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PromisedRow {
    pub day: Timestamp,
}

impl Record for PromisedRow {
    const FIELDS: &'static [Field] = &[plain("day")];
}

/// Vaults whose erasure was promised for a day: part of the list of erasures.
pub const PROMISED: Table<VaultId, PromisedRow> = Table::new("vaults_promised", Class::Public);

/// When the shop last wrote something down, to the minute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastRow {
    pub at: Timestamp,
}

impl Record for LastRow {
    const FIELDS: &'static [Field] = &[plain("at")];
}

pub const LAST: Table<(), LastRow> = Table::new("last_commit", Class::Public);
pub const COUNTERS: Table<String, CounterRow> = Table::new("counters", Class::Public);

/// The tables that tell of vaults, once for the lasting and once for the passing classes.
pub struct VaultTables {
    pub epochs: Table<EpochId, EpochRow>,
    pub dropped: Table<EpochId, DroppedRow>,
    pub vaults: Table<VaultId, VaultRow>,
    /// Vault, table name, 0, key: which rows go with a vault.
    pub rows: Table<Vec<u8>, Mark>,
    /// Moment in milliseconds, vault: what expires when.
    pub expiry: Table<Vec<u8>, Mark>,
    /// Vaults that were dropped and whose rows are still there.
    pub sweep: Table<VaultId, Mark>,
    pub standing: Table<String, StandingRow>,
}

pub const LASTING: VaultTables = VaultTables {
    epochs: Table::new("epochs", Class::Public),
    dropped: Table::new("epochs_dropped", Class::Public),
    vaults: Table::new("vaults", Class::Public),
    rows: Table::new("vault_rows", Class::Public),
    expiry: Table::new("vault_expiry", Class::Public),
    sweep: Table::new("vault_sweep", Class::Public),
    standing: Table::new("vault_standing", Class::Public),
};

pub const PASSING: VaultTables = VaultTables {
    epochs: Table::passing_floor("passing_epochs"),
    dropped: Table::passing_floor("passing_epochs_dropped"),
    vaults: Table::passing_floor("passing_vaults"),
    rows: Table::passing_floor("passing_vault_rows"),
    expiry: Table::passing_floor("passing_vault_expiry"),
    sweep: Table::passing_floor("passing_vault_sweep"),
    standing: Table::passing_floor("passing_vault_standing"),
};

impl VaultTables {
    pub const fn infos(&self) -> [TableInfo; 7] {
        [
            self.epochs.info(),
            self.dropped.info(),
            self.vaults.info(),
            self.rows.info(),
            self.expiry.info(),
            self.sweep.info(),
            self.standing.info(),
        ]
    }

    pub const fn of(passing: bool) -> &'static Self {
        if passing { &PASSING } else { &LASTING }
    }
}

/// The key under which a row is noted as going with its vault.
pub fn row_note(vault: VaultId, table: &str, key: &[u8]) -> Vec<u8> {
    let mut note = vault.to_bytes().to_vec();
    note.extend_from_slice(table.as_bytes());
    note.push(0);
    note.extend_from_slice(key);
    note
}

/// Reads [`row_note`]: table name and key.
pub fn noted_row(note: &[u8]) -> Option<(&str, &[u8])> {
    let rest = note.get(10..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some((std::str::from_utf8(&rest[..end]).ok()?, &rest[end + 1..]))
}

/// The key of a vault's row in the expiry index.
pub fn expiry_key(at: Timestamp, vault: VaultId) -> Vec<u8> {
    [&at.sorting()[..], &vault.to_bytes()].concat()
}

/// The store's own tables.
pub fn tables() -> Vec<TableInfo> {
    let mut tables = vec![
        HEAD.info(),
        COUNTERS.info(),
        LAST.info(),
        RESTORED.info(),
        LOST.info(),
        PROMISED.info(),
        super::brake::COUNTED.info(),
        super::brake::HELD.info(),
        super::CONTACTS.info(),
        super::contacts::RENEWED.info(),
    ];
    tables.extend(LASTING.infos());
    tables.extend(PASSING.infos());
    tables
}
