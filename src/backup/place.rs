//! Places: folders that hold archives and one keyring copy. Each has a plain `place.id`, read before
//! each write, that says whose it is: so no shop writes into another's place, and a data dir that was
//! put back, or that has a twin, is found out.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BackupError, LOCAL, not_stored};
use crate::config::Config;
use crate::disk::Disk;
use crate::ids::ShopId;
use crate::random::Random;
use crate::shop::Shop;
use crate::store::{Plan, ShopHead, Store, StoreResult, View, record, tables};

pub const PLACE_ID: &str = "place.id";

/// What a place says of itself. It names no person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlaceId {
    pub shop: ShopId,
    /// Which line of the shop's history writes here.
    pub lineage: [u8; 16],
    /// The number of the list of erasures that the copy here carries at least.
    pub list_number: u64,
    /// Drawn anew before each write.
    pub mark: [u8; 16],
}

impl PlaceId {
    fn to_text(self) -> String {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        format!(
            "tuckshop place\nshop {}\nlineage {}\nlist {}\nmark {}\n",
            hex(&self.shop.0),
            hex(&self.lineage),
            self.list_number,
            hex(&self.mark)
        )
    }

    /// Reads the text of a `place.id`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != "tuckshop place" {
            return None;
        }
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let bytes = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok();
        Some(Self {
            shop: ShopId(bytes(value("shop")?)?),
            lineage: bytes(value("lineage")?)?,
            list_number: value("list")?.parse().ok()?,
            mark: bytes(value("mark")?)?,
        })
    }

    /// Reads the file of a place; `None` if there is none.
    ///
    /// # Errors
    /// If it can't be read, or is none.
    pub fn read(disk: &dyn Disk, place: &Path) -> Result<Option<Self>, BackupError> {
        let path = place.join(PLACE_ID);
        if disk.len(&path).map_err(BackupError::io(&path))?.is_none() {
            return Ok(None);
        }
        let bytes = disk.read(&path).map_err(BackupError::io(&path))?;
        let parsed = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
        let what = || "it is no place.id".to_owned();
        parsed.map(Some).ok_or_else(|| BackupError::Damaged { path: path.clone(), what: what() })
    }
}

record! {
    /// The marks that this shop may meet at a place: a crash between commit and file leaves the one before.
    #[derive(Clone, Debug)]
    pub struct PlaceRow {
        pub before: [u8; 16] = NotPersonal,
        pub mark: [u8; 16] = NotPersonal,
        /// The number of the list that the last copy carried.
        pub copied: u64 = NotPersonal,
    }
}

tables! {
    /// Places by what the configuration calls them; the local one is [`LOCAL`].
    pub PLACES: String => PlaceRow = "backup_places" of Public;
}

/// A place that the shop writes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub name: String,
    pub folder: PathBuf,
}

/// The places of the open shop.
pub fn places(shop: &Shop) -> Vec<Place> {
    places_of(shop.config(), &shop.dir, shop.rehearsal)
}

/// The local place, then the folders of the configuration. In a rehearsal no configured place is
/// written.
pub fn places_of(config: &Config, dir: &Path, rehearsal: bool) -> Vec<Place> {
    let mut places = vec![Place { name: LOCAL.to_owned(), folder: super::local_place(dir) }];
    if !rehearsal {
        places.extend(
            config
                .backup
                .folders
                .iter()
                .map(|folder| Place { name: folder.display().to_string(), folder: folder.clone() }),
        );
    }
    places
}

/// Why a place is not this shop's to write to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strange {
    OtherShop,
    /// Another line of this shop writes here, and this one never did.
    OtherLine,
    /// Another line of this shop writes here now, where this one did before.
    TakenOver,
    /// The place is ahead of this data dir: the dir was put back, or has a twin.
    OtherMark,
}

/// Compares what a place says with what the shop knows of it.
pub fn judge(found: Option<&PlaceId>, head: &ShopHead, known: Option<&PlaceRow>) -> Result<(), Strange> {
    let Some(found) = found else { return Ok(()) };
    if found.shop != head.shop {
        return Err(Strange::OtherShop);
    }
    if found.lineage != head.lineage {
        return Err(if known.is_some() { Strange::TakenOver } else { Strange::OtherLine });
    }
    match known {
        Some(row) if found.mark == row.mark || found.mark == row.before => Ok(()),
        _ => Err(Strange::OtherMark),
    }
}

impl Place {
    /// Whether this place is the shop's to write to.
    ///
    /// # Errors
    /// In words with the way on, or that it can't be read.
    pub fn check(&self, disk: &dyn Disk, view: &View<'_>) -> Result<Option<PlaceId>, BackupError> {
        let head = super::archive::head_of(view)?;
        let found = PlaceId::read(disk, &self.folder)?;
        let known = view.get(&PLACES, &self.name)?;
        match judge(found.as_ref(), &head, known.as_ref()) {
            Ok(()) => Ok(found),
            Err(strange) => Err(BackupError::Strange { place: self.folder.clone(), strange }),
        }
    }

    /// Says before a write who writes: both marks on record, then the new one at the place. Returns
    /// nothing that can be used twice: each write claims anew. Two claims at once would leave a mark
    /// that is on no record, as if the data dir had been put back: hence the guard.
    ///
    /// # Errors
    /// As [`Place::check`], or if something can't be written.
    pub(super) fn claim(&self, shop: &Shop, _alone: &super::Alone<'_>) -> Result<(), BackupError> {
        shop.disk.make_dir(&self.folder).map_err(BackupError::io(&self.folder))?;
        let view = shop.store.view()?;
        let found = self.check(&*shop.disk, &view)?;
        let head = super::archive::head_of(&view)?;
        let list_number = found.map_or(0, |found| found.list_number);
        drop(view);
        let mark = shop.random.bytes();
        let before = found.map_or(mark, |found| found.mark);
        self.note(shop, move |row| (row.before, row.mark) = (before, mark))?;
        let id = PlaceId { shop: head.shop, lineage: head.lineage, list_number, mark };
        put(&*shop.disk, self, id)
    }

    /// Notes that the copy here now carries this list.
    pub(super) fn copied(
        &self,
        shop: &Shop,
        number: u64,
        _alone: &super::Alone<'_>,
    ) -> Result<(), BackupError> {
        self.note(shop, move |row| row.copied = number)?;
        if let Some(id) = PlaceId::read(&*shop.disk, &self.folder)? {
            put(&*shop.disk, self, PlaceId { list_number: number, ..id })?;
        }
        Ok(())
    }

    fn note(
        &self,
        shop: &Shop,
        change: impl FnOnce(&mut PlaceRow) + Send + 'static,
    ) -> Result<(), BackupError> {
        let name = self.name.clone();
        let decide = move |plan: &mut Plan<'_>| {
            let known = plan.get(&PLACES, &name)?;
            let mut row = known.unwrap_or(PlaceRow { before: [0; 16], mark: [0; 16], copied: 0 });
            change(&mut row);
            Ok(plan.put(&PLACES, &name, &row)?)
        };
        shop.store.commit_blocking(decide).map_err(not_stored)
    }
}

/// Makes a place that another line of this shop wrote to this line's: the other one finds out at its
/// next write.
pub(super) fn take_over(
    store: &Store,
    disk: &dyn Disk,
    random: &dyn Random,
    place: &Place,
) -> Result<(), BackupError> {
    let head = store.head()?;
    let list_number = store.view()?.list_number()?;
    let mark = random.bytes();
    let before = match PlaceId::read(disk, &place.folder)? {
        Some(found) if found.shop != head.shop => {
            let (place, strange) = (place.folder.clone(), Strange::OtherShop);
            return Err(BackupError::Strange { place, strange });
        }
        Some(found) => found.mark,
        None => return Ok(()),
    };
    let (name, row) = (place.name.clone(), PlaceRow { before, mark, copied: 0 });
    store.commit_blocking(move |plan| Ok(plan.put(&PLACES, &name, &row)?)).map_err(not_stored)?;
    put(disk, place, PlaceId { shop: head.shop, lineage: head.lineage, list_number, mark })
}

fn put(disk: &dyn Disk, place: &Place, id: PlaceId) -> Result<(), BackupError> {
    let path = place.folder.join(PLACE_ID);
    disk.replace(&path, id.to_text().as_bytes()).map_err(BackupError::io(&path))
}

/// After a restore or a recovery the shop knows no place: a new line begins.
pub(super) fn forget_all(plan: &mut Plan<'_>) -> StoreResult<()> {
    for row in plan.list(&PLACES, &[])? {
        plan.delete(&PLACES, &row.key)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lineage: u8) -> ShopHead {
        ShopHead {
            shop: ShopId([1; 16]),
            lineage: [lineage; 16],
            letters: "ABCD".to_owned(),
            rehearsal: false,
            demo: false,
            born: true,
            created: crate::clock::Timestamp::default(),
        }
    }

    #[test]
    fn a_place_reads_as_it_was_written_and_nothing_else_is_one() {
        let id = PlaceId { shop: ShopId([1; 16]), lineage: [2; 16], list_number: 77, mark: [3; 16] };
        assert_eq!(PlaceId::parse(&id.to_text()), Some(id));
        for text in ["", "tuckshop place\n", &id.to_text().replace("77", "-1"), &id.to_text()[..90]] {
            assert_eq!(PlaceId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_the_marks_that_the_shop_has_set_are_its_own() {
        let at = |shop, lineage, mark| PlaceId {
            shop: ShopId([shop; 16]),
            lineage: [lineage; 16],
            list_number: 0,
            mark: [mark; 16],
        };
        let row = PlaceRow { before: [3; 16], mark: [4; 16], copied: 0 };
        assert_eq!(judge(None, &head(2), None), Ok(()));
        assert_eq!(judge(Some(&at(1, 2, 3)), &head(2), Some(&row)), Ok(()), "a crash left the one before");
        assert_eq!(judge(Some(&at(1, 2, 4)), &head(2), Some(&row)), Ok(()));
        assert_eq!(judge(Some(&at(1, 2, 5)), &head(2), Some(&row)), Err(Strange::OtherMark));
        assert_eq!(judge(Some(&at(1, 2, 4)), &head(2), None), Err(Strange::OtherMark));
        assert_eq!(judge(Some(&at(1, 9, 4)), &head(2), Some(&row)), Err(Strange::TakenOver));
        assert_eq!(judge(Some(&at(1, 9, 4)), &head(2), None), Err(Strange::OtherLine));
        assert_eq!(judge(Some(&at(9, 2, 4)), &head(2), Some(&row)), Err(Strange::OtherShop));
    }
}
