//! The store's own tables: what it knows of itself, of epochs and vaults.

use serde::{Deserialize, Serialize};

use super::macros::{record, tables};
use super::table::{Table, TableInfo};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::{EpochId, ShopId, VaultId};

record! {
    /// What the shop is, to its files.
    #[derive(Clone, Debug)]
    pub struct ShopHead {
        pub shop: ShopId = NotPersonal,
        /// Which line of this shop's history the data dir continues: new at each take-over.
        pub lineage: [u8; 16] = NotPersonal,
        /// The four letters that order numbers begin with, drawn at the start and at each restore.
        pub letters: String = NotPersonal,
        /// Made for rehearsal: nothing real leaves, and the clock may be moved.
        pub rehearsal: bool = NotPersonal,
        /// Made by `tuckshop demo`.
        pub demo: bool = NotPersonal,
        /// Whether the first start was completed; before that the dir is nobody's data.
        pub born: bool = NotPersonal,
        pub created: Timestamp = NotPersonal,
    }
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

record! {
    /// One epoch on record; the list of what was dropped of it stands in a row of its own.
    #[derive(Clone, Debug)]
    pub struct EpochRow {
        pub class: u8 = NotPersonal,
        pub slot: u32 = NotPersonal,
        /// The next number to be given out.
        pub next: u16 = NotPersonal,
        pub state: EpochState = NotPersonal,
        /// The save of its slot that is known to be stored in both files.
        pub settled: u64 = NotPersonal,
        pub began: Timestamp = NotPersonal,
    }
}

record! {
    /// The list of erasures of one epoch: 2^14 bits. It names nobody.
    #[derive(Clone, Debug)]
    pub struct DroppedRow {
        pub bits: Vec<u8> = NotPersonal,
    }
}

record! {
    /// A vault's clock.
    #[derive(Clone, Debug)]
    pub struct VaultRow {
        pub expires: Option<Timestamp> = NotPersonal,
        /// When that was decided.
        pub set: Timestamp = NotPersonal,
        /// What it was counted from, so that it can be counted anew.
        pub counted: Option<Counted> = NotPersonal,
    }
}

/// A period that is counted from a moment on. Which period a rule means is not the store's business.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counted {
    pub rule: u8,
    pub from: Timestamp,
    /// The version of the policy that it counts by.
    pub version: u64,
}

record! {
    /// A row that says all by its key.
    #[derive(Clone, Debug)]
    pub struct Mark {
    }
}

record! {
    /// A vault that is known by name (a ledger month, the index of contacts).
    #[derive(Clone, Debug)]
    pub struct StandingRow {
        pub vault: VaultId = NotPersonal,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct CounterRow {
        pub value: u64 = NotPersonal,
    }
}

record! {
    /// What a restore left open until the owner says that this shop goes on.
    #[derive(Clone, Debug)]
    pub struct RestoredRow {
        /// The line whose backup it was.
        pub lineage: [u8; 16] = NotPersonal,
        /// The number of the newest list that the restore followed.
        pub list_number: u64 = NotPersonal,
    }
}

record! {
    /// The numbers of an epoch that only the hours after the backup can have taken.
    #[derive(Clone, Debug)]
    pub struct LostRow {
        pub from: u16 = NotPersonal,
        /// How many the keyring copy knew to be taken.
        pub known: u16 = NotPersonal,
    }
}

record! {
    /// The day of an erasure that was promised.
    #[derive(Clone, Debug)]
    pub struct PromisedRow {
        pub day: Timestamp = NotPersonal,
    }
}

record! {
    /// When the shop last wrote something down, to the minute.
    #[derive(Clone, Debug)]
    pub struct LastRow {
        pub at: Timestamp = NotPersonal,
    }
}

tables! {
    pub HEAD: () => ShopHead = "shop" of Public;
    pub RESTORED: () => RestoredRow = "restored" of Public;
    pub LOST: EpochId => LostRow = "restored_lost" of Public;
    /// Vaults whose erasure was promised for a day: part of the list of erasures.
    pub PROMISED: VaultId => PromisedRow = "vaults_promised" of Public;
    pub LAST: () => LastRow = "last_commit" of Public;
    pub COUNTERS: String => CounterRow = "counters" of Public;
}

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
