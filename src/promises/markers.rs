//! What is written about people, looked for byte by byte in every file of the data dir (SEC-02).

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::Path;

use crate::classes::{Class, DataKind};
use crate::disk::Disk;
use crate::random::Random;
use crate::shop::Shop;
use crate::store::{PersonalText, StoreResult, TableInfo, View};
use crate::{catalogue, policy, settings};

/// So many are looked for.
const DRAWN: usize = 200;
/// So many rows of each table are drawn to take texts from.
const ROWS_EACH: usize = 40;
/// Anything shorter is found by chance.
const SHORTEST: usize = 8;
/// So much of a text is looked for, to find one that was cut, too.
const LONGEST: usize = 48;
/// Files are read in pieces of so many bytes.
const PIECE: usize = 1 << 20;
/// Folders within folders, as far as the shop makes them and further: a link may lead round in a circle.
const DEEPEST: usize = 8;
/// A place in which many live marks nobody.
const PLACES: [&str; 4] = ["country", "region", "city", "district"];

/// What became of the search; it holds none of the markers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shown {
    /// How many markers were looked for,
    pub marked: u64,
    /// and how many of them stand somewhere.
    pub shown: u64,
    /// The files in which they stand, as the data dir names them.
    pub files: Vec<String>,
}

// ---- Drawing ----

/// A sample of a table's rows, each as likely as any other, drawn while they pass by.
pub struct Sample<'a> {
    random: &'a dyn Random,
    seen: u64,
    keys: Vec<Vec<u8>>,
}

impl<'a> Sample<'a> {
    pub fn new(random: &'a dyn Random) -> Self {
        Self { random, seen: 0, keys: Vec::new() }
    }

    pub fn pass(&mut self, key: &[u8]) {
        self.seen += 1;
        if self.keys.len() < ROWS_EACH {
            return self.keys.push(key.to_vec());
        }
        let place = usize::try_from(self.random.below(self.seen)).unwrap_or(usize::MAX);
        if let Some(kept) = self.keys.get_mut(place) {
            *kept = key.to_vec();
        }
    }

    /// Adds what is written about people in the rows that were drawn.
    ///
    /// # Errors
    /// If the store could not be read.
    pub fn take_texts(
        self,
        view: &View<'_>,
        table: &TableInfo,
        words: &mut BTreeSet<Vec<u8>>,
    ) -> StoreResult<()> {
        for key in &self.keys {
            let texts = view.personal_texts(table, key)?;
            words.extend(texts.iter().filter_map(word_of));
        }
        Ok(())
    }
}

/// What to look for of a text; nothing of one that is too short, or that many have.
fn word_of(text: &PersonalText) -> Option<Vec<u8>> {
    let marks = match text.kind {
        DataKind::Basic | DataKind::Identification | DataKind::OnlineIdentity | DataKind::Browsing => true,
        // Numbers of orders are the keys of lists; systems and languages have few names.
        DataKind::Property | DataKind::Device | DataKind::NotPersonal => false,
    };
    let is_place = text.path.split('.').any(|name| PLACES.contains(&name));
    if !marks || is_place || text.text.len() < SHORTEST {
        return None;
    }
    Some(text.text.as_bytes()[..text.text.floor_char_boundary(LONGEST)].to_vec())
}

// ---- Looking ----

/// Draws markers from `words`.
///
/// # Errors
/// If the store could not be read.
pub fn draw(shop: &Shop, view: &View<'_>, words: BTreeSet<Vec<u8>>) -> StoreResult<Markers> {
    Ok(Markers::of(some_of(unpublished(shop, view, words)?, &*shop.random)))
}

/// Leaves out what stands in a text that the shop itself publishes, and the names of tables: a customer may be
/// called like a product, or like one of those.
fn unpublished(shop: &Shop, view: &View<'_>, words: BTreeSet<Vec<u8>>) -> StoreResult<Vec<Vec<u8>>> {
    let markers = Markers::of(words.into_iter().collect());
    let mut public = vec![false; markers.words.len()];
    shop.store.tables().iter().for_each(|table| _ = markers.find(table.name.as_bytes(), &mut public));
    let published = catalogue::ROOM.tables.iter().chain(policy::ROOM.tables).copied().flatten();
    let published = published.chain(settings::TABLES);
    for table in published.filter(|table| table.class == Class::Public) {
        view.walk_stored(table, |_, value| {
            markers.find(value, &mut public);
        })?;
    }
    let words = markers.words.into_iter().zip(public);
    Ok(words.filter(|(_, is_public)| !is_public).map(|(word, _)| word).collect())
}

fn some_of(mut words: Vec<Vec<u8>>, random: &dyn Random) -> Vec<Vec<u8>> {
    let wanted = words.len().min(DRAWN);
    for place in 0..wanted {
        let ahead = random.below((words.len() - place) as u64);
        words.swap(place, place + usize::try_from(ahead).unwrap_or(0));
    }
    words.truncate(wanted);
    words
}

/// Words of at least [`SHORTEST`] bytes, found by how they begin.
pub struct Markers {
    words: Vec<Vec<u8>>,
    by_start: HashMap<[u8; SHORTEST], Vec<usize>>,
    /// Which two bytes a word begins with: nearly every place in a file is passed over by this.
    starts: Vec<bool>,
    longest: usize,
}

impl Markers {
    fn of(words: Vec<Vec<u8>>) -> Self {
        let mut by_start: HashMap<[u8; SHORTEST], Vec<usize>> = HashMap::new();
        let mut starts = vec![false; 1 << 16];
        for (number, word) in words.iter().enumerate() {
            if let Some(start) = word.first_chunk() {
                by_start.entry(*start).or_default().push(number);
                starts[start_of(start)] = true;
            }
        }
        let longest = words.iter().map(Vec::len).max().unwrap_or(0);
        Self { words, by_start, starts, longest }
    }

    /// Looks for them in every file of the data dir. That takes a while: no view should be held meanwhile.
    ///
    /// # Errors
    /// If a file could not be read.
    pub fn look_for(self, shop: &Shop) -> StoreResult<Shown> {
        let mut search = Search { shown: vec![false; self.words.len()], files: Vec::new(), markers: self };
        search.folder(&*shop.disk, &shop.dir, "", 0)?;
        let shown = search.shown.iter().filter(|shown| **shown).count();
        Ok(Shown { marked: search.shown.len() as u64, shown: shown as u64, files: search.files })
    }

    /// Marks which words stand in these bytes. Returns whether any does.
    fn find(&self, bytes: &[u8], found: &mut [bool]) -> bool {
        let mut any = false;
        for (at, window) in bytes.windows(SHORTEST).enumerate() {
            let Some(start) = window.first_chunk() else { continue };
            if !self.starts[start_of(start)] {
                continue;
            }
            for number in self.by_start.get(start).into_iter().flatten() {
                if bytes[at..].starts_with(&self.words[*number]) {
                    found[*number] = true;
                    any = true;
                }
            }
        }
        any
    }
}

fn start_of(start: &[u8; SHORTEST]) -> usize {
    usize::from(u16::from_le_bytes([start[0], start[1]]))
}

struct Search {
    markers: Markers,
    /// Which of the markers stand somewhere.
    shown: Vec<bool>,
    files: Vec<String>,
}

impl Search {
    /// Looks through a folder and those in it. `name` is what the data dir calls it.
    fn folder(&mut self, disk: &dyn Disk, path: &Path, name: &str, depth: usize) -> StoreResult<()> {
        let entries = match disk.list(path) {
            Err(error) if is_none_of_ours(error.kind()) => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let (path, name) =
                (path.join(&entry), if name.is_empty() { entry } else { format!("{name}/{entry}") });
            match disk.len(&path) {
                Ok(Some(length)) => self.file(disk, &path, name, length)?,
                Ok(None) if depth < DEEPEST => self.folder(disk, &path, &name, depth + 1)?,
                Err(error) if !is_none_of_ours(error.kind()) => return Err(error.into()),
                Ok(None) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, disk: &dyn Disk, path: &Path, name: String, length: u64) -> StoreResult<()> {
        // What stands across the end of a piece stands whole in the next one.
        let step = PIECE - self.markers.longest;
        let mut any = false;
        for offset in (0..length).step_by(step) {
            let bytes = match disk.read_at(path, offset, PIECE) {
                Err(error) if is_none_of_ours(error.kind()) => break,
                bytes => bytes?,
            };
            any |= self.markers.find(&bytes, &mut self.shown);
        }
        if any {
            self.files.push(name);
        }
        Ok(())
    }
}

/// A file that went while the search went on, the socket of the shop, or what the shop may not read, and so
/// did not write.
fn is_none_of_ours(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;
    use crate::random::SystemSource;

    fn search(dir: &Path, words: &[&str]) -> Search {
        let markers = Markers::of(words.iter().map(|word| word.as_bytes().to_vec()).collect());
        let mut search = Search { shown: vec![false; words.len()], files: Vec::new(), markers };
        search.folder(&RealDisk, dir, "", 0).expect("searched");
        search
    }

    #[test]
    fn sec_02_a_word_is_found_across_the_end_of_a_piece_and_in_folders_within_folders() {
        let dir = tempfile::tempdir().expect("a folder");
        let word = "解放路一百二十三号";
        for before in [0, 1, PIECE - word.len() / 2, PIECE - word.len(), PIECE - 1, PIECE, 3 * PIECE - 5] {
            let folder = dir.path().join(format!("{before}/within"));
            std::fs::create_dir_all(&folder).expect("made");
            let bytes = [&vec![0; before], word.as_bytes(), b"."].concat();
            std::fs::write(folder.join("file"), bytes).expect("written");
            let found = search(dir.path(), &["another word", word, "解放路一百二十四号"]);
            assert_eq!(
                (found.shown, found.files),
                (vec![false, true, false], vec![format!("{before}/within/file")])
            );
            std::fs::remove_dir_all(dir.path().join(before.to_string())).expect("removed");
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("round")).expect("linked");
        assert_eq!(search(dir.path(), &[word]).files, Vec::<String>::new());
    }

    #[test]
    fn sec_02_each_row_is_drawn_at_times_and_no_marker_twice() {
        let random = SystemSource::new();
        let mut drawn = BTreeSet::new();
        for _ in 0..200 {
            let mut sample = Sample::new(&random);
            (0..100_u8).for_each(|key| sample.pass(&[key]));
            assert_eq!(sample.keys.len(), ROWS_EACH);
            drawn.extend(sample.keys);
        }
        assert_eq!(drawn.len(), 100);
        let words: Vec<Vec<u8>> = (0..500).map(|n| format!("marker {n}").into_bytes()).collect();
        let drawn = some_of(words, &random);
        assert_eq!((drawn.len(), drawn.iter().collect::<BTreeSet<_>>().len()), (DRAWN, DRAWN));
    }

    #[test]
    fn sec_02_short_words_and_names_of_places_mark_nobody() {
        let of = |path: &str, kind, text: &str| {
            word_of(&PersonalText { path: path.to_owned(), kind, text: text.to_owned() })
        };
        assert_eq!(of("address.name", DataKind::Basic, "张晓玲"), Some("张晓玲".into()));
        assert_eq!(of("address.name", DataKind::Basic, "张晓"), None);
        assert_eq!(of("address.city.name", DataKind::Basic, "Hangzhou"), None);
        assert_eq!(of("number", DataKind::Property, "KWTR100042"), None);
        let long = "解".repeat(100);
        assert_eq!(of("text", DataKind::Basic, &long), Some("解".repeat(16).into_bytes()));
    }
}
