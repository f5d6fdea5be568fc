//! What the rooms bring to the store: their tables, and what they do in the commit in which something
//! happens. The store walks both and knows none of the rooms.

use super::plan::Plan;
use super::table::TableInfo;
use super::{StoreError, StoreResult};
use crate::classes::{Class, DataKind};
use crate::ids::{SubjectId, VaultId};
use crate::store::codec::{leaves, unregistered};

/// Tables and hooks of all rooms, in the order of the rooms.
#[derive(Clone, Copy)]
pub struct Register {
    pub tables: &'static [TableInfo],
    pub hooks: &'static [&'static Hooks],
}

/// How a shop came to stand on older files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreKind {
    /// From an archive: whatever was written after it is gone.
    FromArchive,
    /// These files are whole, under a keyring that was put back.
    KeyringPutBack,
    /// The list of erasures of a place had moved on, and was followed.
    ListFollowed,
}

/// Goes on after this id.
pub type IndexedTo = Option<[u8; 16]>;

/// What a room does when something happens to a person, to a vault or to the shop. Each is called inside
/// the command that does it, so that all of it is stored or nothing.
pub struct Hooks {
    /// A person cancelled their account: what this room shows of them is shown no more.
    pub on_cancelled: fn(&mut Plan<'_>, SubjectId) -> StoreResult<()>,
    /// They came back within their month.
    pub on_returned: fn(&mut Plan<'_>, SubjectId) -> StoreResult<()>,
    /// A person's account is about to be erased, with all of it or with what does not stay by law.
    pub before_erased: fn(&mut Plan<'_>, SubjectId) -> StoreResult<()>,
    /// Something that a person could see of their own data was cleared, deleted or hidden.
    pub on_data_removed: fn(&mut Plan<'_>, SubjectId) -> StoreResult<()>,
    /// A durable vault is about to be dropped: no index leads to it any more, and who received something of
    /// it is told.
    pub before_vault_drop: fn(&mut Plan<'_>, VaultId) -> StoreResult<()>,
    /// Writes a slice of what this room has in the index of contacts, from where it stands; returns where to
    /// go on, or `None` after the last.
    pub reindex: fn(&mut Plan<'_>, IndexedTo) -> StoreResult<IndexedTo>,
    /// After a restore, on the store as it will open.
    pub on_restored: fn(&mut Plan<'_>, RestoreKind) -> StoreResult<()>,
}

impl Hooks {
    /// Of a room that has nothing to do; declare others as `Hooks { …, ..Hooks::NONE }`.
    pub const NONE: Self = Self {
        on_cancelled: |_, _| Ok(()),
        on_returned: |_, _| Ok(()),
        before_erased: |_, _| Ok(()),
        on_data_removed: |_, _| Ok(()),
        before_vault_drop: |_, _| Ok(()),
        reindex: |_, _| Ok(None),
        on_restored: |_, _| Ok(()),
    };
}

impl Register {
    /// A register without rooms, for the store's own tests.
    pub const fn of_tables(tables: &'static [TableInfo]) -> Self {
        Self { tables, hooks: &[] }
    }

    /// Whether some table of the class stores a field of this kind (DEF-01).
    pub fn stores(&self, class: Class, kind: DataKind) -> bool {
        let of_class = self.tables.iter().filter(|table| table.class == class);
        of_class.flat_map(|table| leaves(table.fields)).any(|(_, field)| field.kind == kind)
    }

    /// Compares the register with the types in the code (SEC-08).
    ///
    /// # Errors
    /// [`StoreError::Unregistered`] with the table and what it lacks.
    pub(super) fn check(&self) -> StoreResult<()> {
        for table in self.tables {
            if let Some(what) = unregistered(table.fields, (table.in_code)()) {
                return Err(StoreError::Unregistered { table: table.name, what });
            }
        }
        Ok(())
    }
}

impl Plan<'_> {
    /// What the rooms want to be told, in their order.
    pub fn hooks(&self) -> &'static [&'static Hooks] {
        self.register.hooks
    }

    /// Makes the index of contacts anew, all of it in one command.
    ///
    /// # Errors
    /// If the store could not be read or written.
    pub fn reindex_all(&mut self) -> StoreResult<()> {
        for hooks in self.hooks() {
            let mut at = (hooks.reindex)(self, None)?;
            while at.is_some() {
                at = (hooks.reindex)(self, at)?;
            }
        }
        Ok(())
    }

    /// Tells every room of a restore.
    ///
    /// # Errors
    /// If the store could not be read or written.
    pub fn after_restore(&mut self, how: RestoreKind) -> StoreResult<()> {
        self.hooks().iter().try_for_each(|hooks| (hooks.on_restored)(self, how))
    }

    /// Tells every room that a vault is about to be dropped.
    ///
    /// # Errors
    /// If the store could not be read or written.
    pub fn before_vault_drop(&mut self, vault: VaultId) -> StoreResult<()> {
        self.hooks().iter().try_for_each(|hooks| (hooks.before_vault_drop)(self, vault))
    }

    /// Tells every room that something of a person's data was taken away.
    ///
    /// # Errors
    /// If the store could not be read or written.
    pub fn data_removed(&mut self, subject: SubjectId) -> StoreResult<()> {
        self.hooks().iter().try_for_each(|hooks| (hooks.on_data_removed)(self, subject))
    }
}
