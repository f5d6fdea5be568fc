//! The real program on a disk that takes nothing more: it reads on, says so, and sells again by
//! itself; and a look that changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::crashes::sign_in;
use crate::page::Page;
use crate::program::{Remote, Running, text, tuckshop};

const DEMO: [&str; 7] = ["demo", "--listen", "127.0.0.1:0", "--products", "6", "--orders", "3"];

fn open(home: &Path, dir: &str) -> Running {
    let mut arguments = DEMO.to_vec();
    arguments.extend(["--data-dir", dir]);
    Running::start(home, &arguments, "Backup identity:")
}

fn a_product(visitor: &mut Remote) -> String {
    let page = visitor.get("/sitemap.xml").expect("the sitemap");
    let slug = page.body.split("/products/").nth(1).and_then(|rest| rest.split('<').next());
    format!("/products/{}", slug.expect("a product"))
}

/// A visitor whom the shop does not know yet puts something into the cart.
fn fill_a_cart(running: &Running, product: &str) -> Page {
    let mut visitor = running.visitor();
    let form = visitor.get(product).expect("the product's page").form("/cart/items");
    visitor.submit(&form.with("quantity", "1")).expect("an answer")
}

/// While nothing can be written, pages are shown and nothing is pretended.
fn reads_on_and_sells_nothing(running: &Running, product: &str) {
    let mut visitor = running.visitor();
    for path in ["/", product, "/search?q=a", "/cart", "/login", "/healthz"] {
        assert_eq!(visitor.get(path).expect("an answer").status, 200, "{path}");
    }
    let ready = visitor.get("/readyz").expect("an answer");
    assert_eq!(ready.status, 503, "{}", ready.body);
    let refused = fill_a_cart(running, product);
    assert_eq!(refused.status, 503);
    assert!(refused.headers.iter().any(|(name, _)| name == "retry-after"), "{:?}", refused.headers);
    assert!(refused.text().contains("try again"), "{}", refused.text());
}

fn sells_again_by_itself(running: &Running, product: &str) {
    for _ in 0..300 {
        if fill_a_cart(running, product).status == 303 {
            assert_eq!(running.visitor().get("/readyz").expect("an answer").status, 200);
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the shop did not come back within half a minute");
}

fn limit_file_size(running: &Running, limit: &str) {
    let pid = running.pid().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={limit}:unlimited")]).output();
    let done = done.expect("prlimit, of util-linux");
    assert!(done.status.success(), "{}", text(&done.stderr));
}

#[test]
fn at_the_limit_of_file_sizes_the_shop_reads_on_and_sells_again_by_itself() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("shop").display().to_string();
    let running = open(home.path(), &dir);
    let product = a_product(&mut running.visitor());
    assert_eq!(fill_a_cart(&running, &product).status, 303);
    for _ in 0..2 {
        limit_file_size(&running, "65536");
        assert_eq!(fill_a_cart(&running, &product).status, 503);
        reads_on_and_sells_nothing(&running, &product);
        limit_file_size(&running, "unlimited");
        sells_again_by_itself(&running, &product);
    }
    assert_eq!(running.stop(), 0);
    let check = tuckshop(home.path(), &["check", "--data-dir", &dir]);
    assert_eq!(check.status.code(), Some(0), "{}{}", text(&check.stdout), text(&check.stderr));
}

/// A small disk of its own, where this user may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).expect("made");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=192m", "none"]).arg(at).output();
        done.ok().filter(|done| done.status.success()).map(|_| Self(at.to_owned()))
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let piece = vec![7; 64 << 10];
        let mut file = std::fs::File::create(self.0.join("filler")).expect("made");
        while std::io::Write::write_all(&mut file, &piece).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A disk that is still in use goes with the machine.
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn on_a_full_disk_the_shop_reads_on_and_sells_again_by_itself() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let Some(disk) = SmallDisk::mount(&home.path().join("disk")) else {
        println!("NOT TESTED: this user may not mount a small disk; the limit of file sizes stands for it");
        return;
    };
    let dir = disk.0.join("shop").display().to_string();
    let running = open(home.path(), &dir);
    let product = a_product(&mut running.visitor());
    disk.fill();
    let full = (0..2000).any(|_| fill_a_cart(&running, &product).status == 503);
    assert!(full, "the disk never got full");
    reads_on_and_sells_nothing(&running, &product);
    disk.make_room();
    sells_again_by_itself(&running, &product);
    running.kill();
    let check = tuckshop(home.path(), &["check", "--data-dir", &dir]);
    assert_eq!(check.status.code(), Some(0), "{}{}", text(&check.stdout), text(&check.stderr));
    let running = open(home.path(), &dir);
    assert_eq!(fill_a_cart(&running, &product).status, 303);
    assert_eq!(running.stop(), 0);
}

/// Every file of a folder with its bytes, but for the lock, in which each process writes its number.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() && !path.ends_with("lock") {
                found.insert(path.clone(), std::fs::read(&path).expect("read"));
            }
        }
    }
    found
}

#[test]
fn a_check_changes_no_file_be_it_that_the_shop_was_killed() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("shop").display().to_string();
    for kill in [true, false] {
        let running = open(home.path(), &dir);
        let product = a_product(&mut running.visitor());
        assert_eq!(fill_a_cart(&running, &product).status, 303);
        if kill {
            running.kill();
        } else {
            running.stop();
        }
        let before = files(Path::new(&dir));
        let check = tuckshop(home.path(), &["check", "--data-dir", &dir]);
        assert_eq!(check.status.code(), Some(0), "{}{}", text(&check.stdout), text(&check.stderr));
        let after = files(Path::new(&dir));
        let changed: Vec<_> =
            before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
        assert!(changed.is_empty(), "killed: {kill}; changed: {changed:?}");
    }
}

/// Breaks both passing files in one way.
type Breaking = fn(&Path);

#[test]
fn lost_or_damaged_passing_files_never_stop_the_shop_and_everybody_signs_in_again() {
    let ways: [(&str, Breaking); 3] = [
        ("missing", |path| std::fs::remove_file(path).expect("removed")),
        ("cut to nothing", |path| std::fs::write(path, b"").expect("written")),
        ("overwritten", |path| {
            let length = std::fs::metadata(path).expect("a file").len();
            std::fs::write(path, vec![0xa5; usize::try_from(length).expect("a length")]).expect("written");
        }),
    ];
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("shop").display().to_string();
    let mut running = open(home.path(), &dir);
    for (way, breaks) in ways {
        let mut shopper = sign_in(&running);
        assert_eq!(shopper.get("/account").expect("a page").status, 200);
        assert_eq!(running.stop(), 0);
        for name in ["passing.a", "passing.b"] {
            breaks(&Path::new(&dir).join(name));
        }
        running = open(home.path(), &dir);
        assert_eq!(running.visitor().get("/readyz").expect("an answer").status, 200, "{way}");
        shopper.address.clone_from(&running.address);
        assert_eq!(shopper.get("/account").expect("a page").status, 303, "{way}: the session is gone");
        // By email, which is found through the index of contacts.
        let mut again = sign_in(&running);
        assert_eq!(again.get("/account/orders?tab=all").expect("a page").status, 200, "{way}");
    }
    assert_eq!(running.stop(), 0);
    let check = tuckshop(home.path(), &["check", "--data-dir", &dir]);
    assert_eq!(check.status.code(), Some(0), "{}{}", text(&check.stdout), text(&check.stderr));
}

#[test]
fn a_flipped_bit_or_a_cut_tail_in_any_file_is_healed_or_refused_in_words() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("shop").display().to_string();
    assert_eq!(open(home.path(), &dir).stop(), 0);
    let whole = files(Path::new(&dir));
    let mut refused = 0;
    for name in ["shop.redb", "keyring.a", "keyring.b", "passing.a", "passing.b"] {
        let path = Path::new(&dir).join(name);
        let bytes = &whole[&path];
        let last = bytes.len() - 1;
        // In the head, in the first slot or page, here and there, and at the end.
        let places = [3, 70, 4096 + 40, last / 3, last / 2, last / 5 * 4, last];
        for place in places.into_iter().map(Some).chain([None]) {
            let mut broken = bytes.clone();
            match place {
                Some(place) => broken[place] ^= 0x10,
                None => broken.truncate(last / 2),
            }
            std::fs::write(&path, &broken).expect("written");
            let check = tuckshop(home.path(), &["check", "--data-dir", &dir]);
            let words = format!("{}{}", text(&check.stdout), text(&check.stderr));
            match check.status.code() {
                Some(0) => {}
                Some(1 | 78) => {
                    refused += 1;
                    assert!(words.len() > 20 && !words.contains("panicked"), "{name} at {place:?}: {words}");
                }
                other => panic!("{name} at {place:?} ended with {other:?}: {words}"),
            }
        }
        std::fs::write(&path, bytes).expect("put back");
    }
    assert!(refused > 0, "not one of them was noticed");
    let check = tuckshop(home.path(), &["check", "--data-dir", &dir]);
    assert_eq!(check.status.code(), Some(0), "{}{}", text(&check.stdout), text(&check.stderr));
}
