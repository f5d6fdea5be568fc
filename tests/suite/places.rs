//! Places for backups: whose they are, and what happens when two write to one.

use std::path::{Path, PathBuf};

use crate::faults::files;
use crate::program::{Running, text, tuckshop};
use crate::verbs::Home;

/// A shop with its recovery key in a file, and a configuration that names a further place.
struct WithStick {
    home: Home,
    identity: String,
    config: String,
    stick: PathBuf,
}

impl WithStick {
    fn new() -> Self {
        let home = Home::new();
        let stick = home.folder.path().join("stick");
        let config = home.file("shop.toml", &format!("[backup]\nfolders = [\"{}\"]\n", stick.display()));
        let (code, out, err) = home.run(&["init", "--owner-email", "owner@example.com", "--config", &config]);
        assert_eq!(code, 0, "{err}");
        let lines: Vec<&str> =
            out.lines().filter(|line| line.starts_with('#') || line.starts_with("AGE-")).collect();
        let identity = home.file("recovery.txt", &lines.join("\n"));
        Self { home, identity, config, stick }
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut all = arguments.to_vec();
        all.extend(["--config", &self.config]);
        self.home.run(&all)
    }

    fn serve(&self) -> Running {
        let arguments =
            ["serve", "--listen", "127.0.0.1:0", "--data-dir", &self.home.dir, "--config", &self.config];
        Running::start(self.home.folder.path(), &arguments, "tuckshop: open at")
    }

    /// A start that is refused: its code and its words.
    fn refused(&self) -> (Option<i32>, String) {
        let arguments =
            ["serve", "--listen", "127.0.0.1:0", "--data-dir", &self.home.dir, "--config", &self.config];
        let output = tuckshop(self.home.folder.path(), &arguments);
        (output.status.code(), text(&output.stderr))
    }
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_dir(&path, &target);
        } else if path.is_file() {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

#[test]
fn every_place_gets_the_backup_the_keyring_copy_and_a_place_id_that_names_nobody() {
    let shop = WithStick::new();
    let (code, out, err) = shop.run(&["backup", "now"]);
    assert_eq!(code, 0, "{err}");
    let name = out.lines().next().expect("a name");
    for place in [Path::new(&shop.home.dir).join("backups"), shop.stick.clone()] {
        for file in [name, "keyring.age", "place.id"] {
            assert!(place.join(file).exists(), "{file} at {}", place.display());
        }
        let id = std::fs::read_to_string(place.join("place.id")).expect("read");
        let words: Vec<&str> = id.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(words, ["tuckshop", "shop", "lineage", "list", "mark"], "{id}");
        assert!(!place.join("archive.part").exists() && !place.join("keyring.age.new").exists());
    }
    // A restore needs nothing but what lies on the stick.
    let into = shop.home.folder.path().join("again").display().to_string();
    let archive = shop.stick.join(name).display().to_string();
    let (code, _, err) =
        shop.home.run(&["backup", "restore", &archive, "--into", &into, "--identity", &shop.identity]);
    assert_eq!(code, 0, "{err}");
    // A stick that comes back empty is filled again; one that is gone stops nothing.
    std::fs::remove_dir_all(&shop.stick).expect("lost");
    std::fs::write(&shop.stick, b"no folder").expect("in the way");
    assert_eq!(shop.run(&["backup", "now"]).0, 0);
    std::fs::remove_file(&shop.stick).expect("gone");
    assert_eq!(shop.run(&["backup", "now"]).0, 0);
    assert!(shop.stick.join("keyring.age").exists());
}

#[test]
fn no_shop_writes_to_the_place_of_another() {
    let first = WithStick::new();
    assert_eq!(first.run(&["backup", "now"]).0, 0);
    let before = files(&first.stick);
    let second = Home::new();
    let config = second.file("shop.toml", &format!("[backup]\nfolders = [\"{}\"]\n", first.stick.display()));
    let init = ["init", "--owner-email", "other@example.com", "--config", &config];
    let (code, _, err) = second.run(&init);
    assert_eq!(code, 78, "{err}");
    assert!(err.contains("restore that shop, or name another place"), "{err}");
    assert!(!Path::new(&second.dir).join("shop.redb").exists(), "nothing was made");
    // Named after the fact.
    assert_eq!(second.run(&["init", "--owner-email", "other@example.com"]).0, 0);
    let (code, _, err) = second.run(&["backup", "now", "--config", &config]);
    assert_eq!(code, 0, "the local place has it: {err}");
    assert!(err.contains("another shop"), "and it is said: {err}");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &second.dir, "--config", &config];
    assert_eq!(tuckshop(second.folder.path(), &serve).status.code(), Some(78));
    assert!(files(&first.stick) == before, "not a byte was touched");
}

#[test]
fn a_data_dir_that_was_put_back_is_found_out_and_goes_on_with_the_recovery_key() {
    let shop = WithStick::new();
    assert_eq!(shop.run(&["staff", "add", "early@example.com", "--name", "Early"]).0, 0);
    assert_eq!(shop.run(&["backup", "now"]).0, 0);
    let kept = shop.home.folder.path().join("kept");
    copy_dir(Path::new(&shop.home.dir), &kept);
    // Somebody leaves, and the copies follow.
    assert_eq!(shop.run(&["staff", "disable", "early@example.com"]).0, 0);
    assert_eq!(shop.run(&["backup", "now"]).0, 0);
    std::fs::remove_dir_all(&shop.home.dir).expect("removed");
    copy_dir(&kept, Path::new(&shop.home.dir));

    let (code, words) = shop.refused();
    assert_eq!(code, Some(78), "{words}");
    assert!(words.contains("put back") && words.contains("keys recover"), "{words}");
    let (code, out, err) = shop.run(&["keys", "recover", "--identity", &shop.identity]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("stick"), "the newest copy lies there: {out}");
    let (code, out, err) = shop.run(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    let running = shop.serve();
    assert_eq!(running.visitor().get("/").expect("a page").status, 200);
    assert_eq!(running.stop(), 0);
    let (code, _, err) = shop.run(&["backup", "now"]);
    assert!(code == 0 && err.is_empty(), "the place is this line's now: {err}");
}

#[test]
fn a_twin_is_found_out_at_the_place_that_both_write_to() {
    let shop = WithStick::new();
    assert_eq!(shop.run(&["backup", "now"]).0, 0);
    let twin = shop.home.folder.path().join("twin");
    copy_dir(Path::new(&shop.home.dir), &twin);
    assert_eq!(shop.run(&["backup", "now"]).0, 0);
    let dir = twin.display().to_string();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &dir, "--config", &shop.config];
    let output = tuckshop(shop.home.folder.path(), &serve);
    assert_eq!(output.status.code(), Some(78), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the shop runs twice"), "{}", text(&output.stderr));
    // The first of the two goes on.
    assert_eq!(shop.serve().stop(), 0);
}

#[test]
fn a_restored_shop_that_takes_over_goes_on_and_the_old_one_stops_selling() {
    let shop = WithStick::new();
    let csv = shop.home.file("goods.csv", "handle,title,price,stock\nmug,Mug,49.50,7\n");
    assert_eq!(shop.run(&["products", "import", &csv]).0, 0);
    let (_, out, _) = shop.run(&["backup", "now"]);
    let archive = shop.stick.join(out.lines().next().expect("a name")).display().to_string();
    // The hours that are lost.
    assert_eq!(shop.run(&["staff", "add", "late@example.com", "--name", "Late"]).0, 0);
    assert_eq!(shop.serve().stop(), 0);
    let into = |name: &str| shop.home.folder.path().join(name).display().to_string();
    let (quiet, new) = (into("quiet"), into("new"));

    // Without a word nothing of the old shop's is touched.
    let restore = ["backup", "restore", &archive, "--identity", &shop.identity, "--into"];
    let before = files(&shop.stick);
    let (code, out, err) = shop.run(&[&restore[..], &[&quiet]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("before you say which of the two goes on"), "{out}");
    let beside = |dir: &str, arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--data-dir", dir, "--config", &shop.config]);
        let output = tuckshop(shop.home.folder.path(), &all);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(beside(&quiet, &["backup", "now"]).0, Some(0), "its own local place has it");
    assert!(files(&shop.stick) == before);
    assert_eq!(shop.serve().stop(), 0);

    let (code, out, err) = shop.run(&[&restore[..], &[&new, "--takes-over"]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("Taken over") && out.contains("stick"), "{out}");
    let (code, _, err) = beside(&new, &["backup", "now"]);
    assert!(code == Some(0) && err.is_empty(), "{err}");
    let before = files(&shop.stick);
    let (code, _, err) = shop.run(&["backup", "now"]);
    assert!(code == 0 && err.contains("another line of this shop"), "{err}");
    assert!(files(&shop.stick) == before, "the old one writes there no more");
    let old = shop.serve();
    let mut visitor = old.visitor();
    let form = visitor.get("/products/mug").expect("a page").form("/cart/items").with("quantity", "1");
    let refused = visitor.submit(&form).expect("an answer");
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("goes on elsewhere"), "{}", refused.text());
    assert_eq!(old.stop(), 0);
    assert_eq!(beside(&new, &["check"]).0, Some(0));
}

#[test]
fn a_backup_is_verified_against_the_day_it_was_made_and_with_the_key_to_its_last_record() {
    let shop = WithStick::new();
    let (_, out, _) = shop.run(&["backup", "now"]);
    let name = out.lines().next().expect("a name").to_owned();
    let (code, out, err) = shop.run(&["backup", "verify"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(out.matches("whole").count(), 2, "at both places: {out}");
    let with_key = ["backup", "verify", &name, "--identity", &shop.identity];
    assert_eq!(shop.run(&with_key).0, 0);
    assert_eq!(shop.run(&["backup", "verify", "none.tar.zst.age"]).0, 1);
    let (code, out, _) = shop.home.run(&["backup", "list", "--place", &shop.stick.display().to_string()]);
    assert!(code == 0 && out.contains(&name), "{out}");

    let there = shop.stick.join(&name);
    let whole = std::fs::read(&there).expect("read");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (broken, says) in [(&flipped[..], "digest differs"), (&whole[..whole.len() - 9], "bytes and had")] {
        std::fs::write(&there, broken).expect("written");
        let (code, out, err) = shop.run(&["backup", "verify", &name]);
        assert!(code == 1 && out.contains(says) && err.contains("1 of 2"), "{out}{err}");
        let by_path = ["backup", "verify", &there.display().to_string(), "--identity", &shop.identity];
        assert_eq!(shop.run(&by_path).0, 1);
    }
    std::fs::remove_file(&there).expect("gone");
    assert!(shop.run(&["backup", "verify"]).1.contains("it is not there"));
}

#[test]
fn a_keyring_copy_to_keep_elsewhere_opens_a_backup_without_its_place() {
    let shop = WithStick::new();
    let (_, out, _) = shop.run(&["backup", "now"]);
    let name = out.lines().next().expect("a name").to_owned();
    let kept = shop.home.folder.path().join("kept.age").display().to_string();
    let running = shop.serve();
    let (code, out, err) = shop.run(&["backup", "keyring", "--to", &kept]);
    assert!(code == 0 && out.contains("35 days"), "{out}{err}");
    assert_eq!(running.stop(), 0);
    assert!(!Path::new(&shop.home.dir).join("keyring.to").exists());
    let alone = shop.home.folder.path().join("alone");
    std::fs::create_dir(&alone).expect("made");
    std::fs::copy(shop.stick.join(&name), alone.join(&name)).expect("copied");
    let archive = alone.join(&name).display().to_string();
    let into = shop.home.folder.path().join("new").display().to_string();
    let restore = ["backup", "restore", &archive, "--into", &into, "--identity", &shop.identity];
    let (code, _, err) = shop.home.run(&restore);
    assert!(code == 1 && err.contains("--keyring"), "{err}");
    let (code, _, err) = shop.home.run(&[&restore[..], &["--keyring", &kept]].concat());
    assert_eq!(code, 0, "{err}");
}

#[test]
fn a_restored_shop_is_told_by_its_owner_to_go_on_and_follows_what_was_erased_meanwhile() {
    let shop = WithStick::new();
    assert_eq!(shop.run(&["staff", "add", "early@example.com", "--name", "Early"]).0, 0);
    let (_, out, _) = shop.run(&["backup", "now"]);
    let archive = shop.stick.join(out.lines().next().expect("a name")).display().to_string();
    let new = shop.home.folder.path().join("new").display().to_string();
    let restore = ["backup", "restore", &archive, "--into", &new, "--identity", &shop.identity];
    assert_eq!(shop.run(&restore).0, 0);
    // The old one goes on for a while, and somebody is erased there.
    assert_eq!(shop.run(&["staff", "disable", "early@example.com"]).0, 0);
    assert_eq!(shop.run(&["backup", "now"]).0, 0);

    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &new, "--config", &shop.config];
    let running = Running::start(shop.home.folder.path(), &arguments, "tuckshop: open at");
    let mut owner = running.visitor();
    let form = owner.get("/admin/login").expect("a page").form("/admin/login");
    let form = form.with("account", "owner@example.com").with("password", "a quiet river bends twice");
    assert_eq!(owner.submit(&form).expect("an answer").status, 303);
    let page = owner.get("/admin/backups").expect("a page");
    assert!(page.says("The other one has erased more since"), "{}", page.text());
    let form = page.form("/admin/backups/goes-on");
    let before = files(&shop.stick);
    for wrong in ["", "AGE-SECRET-KEY-1NONSENSE", "# only a comment"] {
        let refused = owner.submit(&form.clone().with("identity", wrong)).expect("an answer");
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.body.contains("aria-invalid=\"true\""), "{}", refused.text());
    }
    assert!(files(&shop.stick) == before, "nothing was taken over");
    let identity = std::fs::read_to_string(&shop.identity).expect("the recovery key");
    let taken = owner.submit(&form.with("identity", &identity)).expect("an answer");
    assert_eq!(taken.status, 303, "{}", taken.text());
    assert!(!owner.get("/admin/backups").expect("a page").says("goes on"), "it is answered");
    assert_eq!(running.stop(), 0);
    let now = |arguments: &[&str]| {
        let all = [arguments, &["--data-dir", &new, "--config", &shop.config]].concat();
        let output = tuckshop(shop.home.folder.path(), &all);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, _, err) = now(&["backup", "now"]);
    assert!(code == Some(0) && err.is_empty(), "the stick is its own now: {err}");
    assert_eq!(now(&["check"]).0, Some(0));
    assert!(
        !now(&["staff", "list"]).1.contains("early@example.com"),
        "who was erased since is gone here too"
    );
}
