//! Storing what changed: every slot sealed once, written to one copy, synced, then to the other.

use super::slot::{self, Content, Head};
use super::{Keyring, KeyringError, MasterKey, Side};
use crate::ids::EpochId;

impl Keyring {
    /// Whether something is not known to be stored in both files.
    pub fn has_unflushed(&self) -> bool {
        self.slots.iter().any(|slot| slot.changed)
    }

    /// Stores every changed slot in both files, and returns each epoch's save that is now settled.
    /// After an error all of them stay marked, and the next call writes them whole again, to the
    /// copy that failed first.
    pub fn flush(&mut self) -> Result<Vec<(EpochId, u64)>, KeyringError> {
        let changed: Vec<u32> =
            (0u32..).zip(&self.slots).filter(|(_, slot)| slot.changed).map(|(number, _)| number).collect();
        self.store(&changed)?;
        let settled = |number: &u32| {
            let slot = &self.slots[*number as usize];
            Some((slot.epoch()?.id(), slot.save))
        };
        Ok(changed.iter().filter_map(settled).collect())
    }

    /// Seals these slots once each and writes all of them to one copy, syncs it, then to the other.
    pub(super) fn store(&mut self, numbers: &[u32]) -> Result<(), KeyringError> {
        let mut sealed = Vec::with_capacity(numbers.len());
        for number in numbers {
            let slot = &mut self.slots[*number as usize];
            slot.save += 1;
            let head = Head { first: slot.suspect, save: slot.save, salt: self.random.bytes() };
            sealed.push((*number, slot::seal(*number, &slot.content, &head, self.shop, &self.master)));
        }
        self.write_suspects(&sealed)?;
        for number in numbers {
            let slot = &mut self.slots[*number as usize];
            slot.suspect = slot.suspect.other();
        }
        self.write_suspects(&sealed)?;
        for number in numbers {
            let slot = &mut self.slots[*number as usize];
            slot.changed = false;
            slot.suspect = Side::A;
        }
        Ok(())
    }

    /// Writes each slot to its suspect copy, and syncs what was written to.
    fn write_suspects(&mut self, sealed: &[(u32, Vec<u8>)]) -> Result<(), KeyringError> {
        for side in Side::BOTH {
            let mut written = Vec::new();
            for (number, bytes) in sealed {
                let slot = &mut self.slots[*number as usize];
                if slot.suspect != side {
                    continue;
                }
                let reach = &mut slot.reach[side.index()];
                *reach = bytes.len().max(*reach);
                self.pair.write(side, *number, bytes, *reach)?;
                written.push((*number, bytes.len()));
            }
            if written.is_empty() {
                continue;
            }
            self.pair.sync(side)?;
            for (number, length) in written {
                self.slots[number as usize].reach[side.index()] = length;
            }
        }
        Ok(())
    }

    /// Seals every slot of both files under a new master key, which must itself be stored already.
    /// After an error the slots stay marked, and [`Keyring::flush`] goes on; a start meanwhile must
    /// be given both keys.
    pub fn reseal(&mut self, master: MasterKey) -> Result<(), KeyringError> {
        self.master = master;
        for slot in &mut self.slots {
            slot.changed = slot.changed || !matches!(slot.content, Content::Free);
        }
        self.flush().map(|_| ())
    }
}
