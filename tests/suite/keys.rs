//! The master key and the recovery key: changed, lost, found again, on the real program.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tuckshop::backup;

use crate::actors::TestShop;
use crate::faults::files;
use crate::program::{Running, full, text, tuckshop, tuckshop_told, tuckshop_typing};
use crate::verbs::Home;

/// The key files in the user's folder for them.
fn key_files(home: &Home) -> Vec<PathBuf> {
    let folder = home.folder.path().join("config").join("tuckshop");
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    found.sort();
    found
}

fn serve(home: &Home) -> Running {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &home.dir];
    Running::start(home.folder.path(), &arguments, "tuckshop: open at")
}

/// A shop with something in it, and the recovery key that `init` printed.
fn stocked() -> (Home, String) {
    let (home, printed) = Home::with_shop();
    let csv = home.file("goods.csv", "handle,title,price,stock\nmug,Mug,49.50,7\n");
    assert_eq!(home.run(&["products", "import", &csv]).0, 0);
    assert_eq!(home.run(&["staff", "add", "clerk@example.com", "--name", "Clerk"]).0, 0);
    let lines: Vec<&str> =
        printed.lines().filter(|line| line.starts_with('#') || line.starts_with("AGE-")).collect();
    let identity = home.file("recovery.txt", &lines.join("\n"));
    (home, identity)
}

fn is_whole(home: &Home) {
    let (code, out, err) = home.run(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(home.run(&["staff", "list"]).1.contains("clerk@example.com"));
    assert!(home.run(&["products", "export"]).1.contains("mug"));
}

#[test]
fn a_rotated_master_key_opens_the_shop_and_the_old_one_nothing() {
    let (home, _) = stocked();
    let before = key_files(&home);
    let old = std::fs::read(&before[0]).expect("the old key");
    let (code, out, err) = home.run(&["keys", "rotate"]);
    assert_eq!(code, 0, "{out}{err}");
    let after = key_files(&home);
    assert_eq!(after.len(), 1, "the old key is gone: {after:?}");
    assert_ne!(before, after);
    is_whole(&home);
    let running = serve(&home);
    let (code, out, err) = home.run(&["keys", "rotate", "--json"]);
    assert_eq!(code, 0, "through the running shop: {out}{err}");
    assert_eq!(running.visitor().get("/products/mug").expect("a page").status, 200);
    assert_eq!(running.stop(), 0);
    is_whole(&home);
    // The old key is put back in the place of the new one.
    let new = key_files(&home).remove(0);
    std::fs::write(&new, old).expect("written");
    let data = files(Path::new(&home.dir));
    let (code, _, err) = home.run(&["staff", "list"]);
    assert_eq!(code, 78, "{err}");
    assert!(err.contains("another master key"), "{err}");
    assert!(files(Path::new(&home.dir)) == data, "a wrong key touches nothing");
}

#[test]
fn a_new_key_goes_where_it_is_told_and_overwrites_nothing() {
    let (home, _) = stocked();
    let taken = home.file("taken.key", "something else");
    let (code, _, err) = home.run(&["keys", "rotate", "--key-file", &taken]);
    assert_eq!(code, 1);
    assert!(err.contains("exists already"), "{err}");
    is_whole(&home);
    let place = home.folder.path().join("safe").join("shop.key").display().to_string();
    assert_eq!(home.run(&["keys", "rotate", "--key-file", &place]).0, 0);
    assert!(key_files(&home).is_empty());
    assert_eq!(home.run(&["check"]).0, 78, "nobody has said where it lies");
    let config = home.file("shop.toml", &format!("[store]\nmaster_key_file = \"{place}\"\n"));
    assert_eq!(home.run(&["check", "--config", &config]).0, 0);
    let (code, out, err) = home.run(&["keys", "rotate", "--config", &config]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&place) && Path::new(&place).exists(), "an owner's own file is the owner's: {out}");
    assert_eq!(home.run(&["check", "--config", &config]).0, 0, "the new one is found in its folder");
}

#[test]
fn killed_while_the_master_key_is_rotated_under_load_the_shop_opens() {
    let (home, _) = stocked();
    for round in 0..if full() { 60 } else { 6 } {
        let running = serve(&home);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let load = scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let mut visitor = running.visitor();
                    // The shop is killed under it.
                    let Ok(page) = visitor.get("/products/mug") else { break };
                    let form = page.form("/cart/items").with("quantity", "1");
                    let _ = visitor.submit(&form);
                }
            });
            let rotate = scope.spawn(|| home.run(&["keys", "rotate"]));
            std::thread::sleep(std::time::Duration::from_millis(20 + round * 53 % 300));
            running.kill_now();
            stop.store(true, Ordering::SeqCst);
            load.join().expect("ends");
            rotate.join().expect("ends");
        });
        drop(running);
        is_whole(&home);
    }
    // One that is let be goes through, whatever key files the others have left.
    assert_eq!(home.run(&["keys", "rotate"]).0, 0);
    is_whole(&home);
}

#[test]
fn a_shop_whose_master_key_is_lost_opens_with_the_recovery_key() {
    let (home, identity) = stocked();
    // What is done after the copy was made is there too.
    assert_eq!(home.run(&["staff", "add", "late@example.com", "--name", "Late"]).0, 0);
    for key in key_files(&home) {
        std::fs::remove_file(key).expect("lost");
    }
    assert_eq!(home.run(&["check"]).0, 78);
    let stranger = home.file("stranger.txt", &format!("{}\n", stranger()));
    let data = files(Path::new(&home.dir));
    let (code, _, err) = home.run(&["keys", "recover", "--identity", &stranger]);
    assert_eq!(code, 1);
    assert!(err.contains("does not open it"), "{err}");
    assert!(files(Path::new(&home.dir)) == data && key_files(&home).is_empty(), "nothing was touched");
    for _ in 0..2 {
        let (code, out, err) = home.run(&["keys", "recover", "--identity", &identity]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("Signed by the shop"), "{out}");
        is_whole(&home);
        assert!(home.run(&["staff", "list"]).1.contains("late@example.com"));
    }
    let running = serve(&home);
    assert_eq!(running.visitor().get("/products/mug").expect("a page").status, 200);
    assert_eq!(running.stop(), 0);
    let (code, out, err) = home.run(&["backup", "now"]);
    assert_eq!(code, 0, "{out}{err}");
}

fn stranger() -> String {
    use age::secrecy::ExposeSecret;
    age::x25519::Identity::generate().to_string().expose_secret().to_owned()
}

#[test]
fn what_only_a_newer_copy_could_open_is_given_up_only_when_that_is_said() {
    let (home, identity) = stocked();
    let old = home.folder.path().join("old-keyring.age");
    std::fs::copy(Path::new(&home.dir).join("backups").join(backup::KEYRING_COPY), &old).expect("copied");
    // A rotation begins new epochs, which the old copy knows nothing of.
    assert_eq!(home.run(&["keys", "rotate"]).0, 0);
    assert_eq!(home.run(&["staff", "add", "late@example.com", "--name", "Late"]).0, 0);
    key_files(&home).iter().for_each(|key| std::fs::remove_file(key).expect("lost"));
    // A database that was only looked at notes in its head that it was open.
    let all_but_database = || {
        let mut found = files(Path::new(&home.dir));
        found.retain(|path, _| !path.ends_with("shop.redb"));
        found
    };
    let data = all_but_database();
    let old = old.display().to_string();
    let recover = ["keys", "recover", "--identity", &identity, "--keyring", &old];
    let (code, _, err) = home.run(&recover);
    assert_eq!(code, 1);
    assert!(err.contains("nothing was changed") && err.contains("--accept-loss"), "{err}");
    assert!(all_but_database() == data && key_files(&home).is_empty(), "nothing was touched");
    let (code, out, err) = home.run(&[&recover[..], &["--accept-loss"]].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("Lost: "), "{out}");
    is_whole(&home);
    assert!(!home.run(&["staff", "list"]).1.contains("late@example.com"));
}

#[test]
fn a_slot_that_is_bad_in_both_files_is_mended_from_the_keyring_copy() {
    let (home, identity) = stocked();
    for name in ["keyring.a", "keyring.b"] {
        let path = Path::new(&home.dir).join(name);
        let mut bytes = std::fs::read(&path).expect("read");
        // Every slot but the mark's.
        bytes[276 * 1024 + 100..].iter_mut().step_by(4096).for_each(|byte| *byte ^= 1);
        std::fs::write(&path, bytes).expect("written");
    }
    let (code, _, err) = home.run(&["check"]);
    assert_eq!(code, 1);
    assert!(err.contains("cannot be read in either copy"), "{err}");
    let (code, out, err) = home.run(&["keys", "recover", "--identity", &identity]);
    assert_eq!(code, 0, "{out}{err}");
    is_whole(&home);
}

#[test]
fn a_new_recovery_key_is_asked_back_and_opens_the_backup_that_follows() {
    let (home, old) = stocked();
    let arguments = ["keys", "recovery", "--data-dir", &home.dir];
    let asks = "To show that you have it";
    let copy = Path::new(&home.dir).join("backups").join("keyring.age");
    let before = std::fs::read(&copy).expect("the copy");
    let wrong = |_: &str| "12345678\n".to_owned();
    let (code, _) = tuckshop_typing(home.folder.path(), &arguments, asks, wrong);
    assert_eq!(code, 1);
    assert!(std::fs::read(&copy).expect("the copy") == before, "nothing was changed");
    let running = serve(&home);
    let mut key = String::new();
    let (code, out) = tuckshop_typing(home.folder.path(), &arguments, asks, |printed| {
        let lines = printed.lines().filter(|line| line.starts_with('#') || line.starts_with("AGE-"));
        key = lines.collect::<Vec<_>>().join("\n");
        format!("{}\n", key[key.len() - 8..].to_lowercase())
    });
    assert_eq!(code, 0, "{out}");
    assert_eq!(running.stop(), 0);
    let name = out.lines().find(|line| line.ends_with(".tar.zst.age")).expect("the new backup").to_owned();
    let new = home.file("new.txt", &key);
    let into = |name: &str| home.folder.path().join(name).display().to_string();
    let restore = |identity: &str, into: &str| {
        home.run(&["backup", "restore", &name, "--into", into, "--identity", identity])
    };
    let (code, _, err) = restore(&old, &into("no"));
    assert_eq!(code, 1);
    assert!(err.contains("does not open it"), "{err}");
    let (code, out, err) = restore(&new, &into("yes"));
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn a_key_file_that_is_none_is_refused_with_78_before_anything_is_touched() {
    let (home, _) = stocked();
    let data = files(Path::new(&home.dir));
    let key = key_files(&home).remove(0);
    let good = std::fs::read_to_string(&key).expect("the key");
    let digits = good.lines().last().expect("digits");
    for (bad, mode, says) in [
        (String::new(), 0o600, "no master key file"),
        (format!("{}\n", &digits[..62]), 0o600, "no master key file"),
        (format!("{digits}zz\n"), 0o600, "no master key file"),
        (good.clone(), 0o644, "can be read by others"),
    ] {
        std::fs::write(&key, &bad).expect("written");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("set");
        let output = tuckshop(home.folder.path(), &["staff", "list", "--data-dir", &home.dir]);
        assert_eq!(output.status.code(), Some(78), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
        assert!(files(Path::new(&home.dir)) == data);
    }
}

#[test]
fn a_new_key_that_is_the_one_in_use_is_refused_and_stays() {
    let (home, _) = stocked();
    let key = key_files(&home).remove(0);
    let (code, out, err) = home.run(&["keys", "rotate", "--new-key", &key.display().to_string()]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("seals this shop already"), "{err}");
    assert_eq!(key_files(&home), [key], "the only key is still there");
    is_whole(&home);
}

#[test]
fn a_rotation_of_one_data_dir_takes_no_key_from_another_of_the_same_shop() {
    let (home, identity) = stocked();
    let (code, out, err) = home.run(&["backup", "now"]);
    assert_eq!(code, 0, "{out}{err}");
    let name = out.lines().find_map(|line| {
        line.split_whitespace().find(|word| word.trim_end_matches(':').ends_with(".tar.zst.age"))
    });
    let name = name.expect("a backup's name").trim_end_matches(':').to_owned();
    let first = key_files(&home);
    let other = home.folder.path().join("other").display().to_string();
    let (code, out, err) = home.run(&["backup", "restore", &name, "--into", &other, "--identity", &identity]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(key_files(&home).len(), 2, "each has a key of its own in one folder");
    // The other's key is the newer file; a start here must not go over to it.
    is_whole(&home);
    let output = tuckshop(home.folder.path(), &["keys", "rotate", "--data-dir", &other]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(key_files(&home).contains(&first[0]), "a rotation removes its own predecessor alone");
    is_whole(&home);
    assert_eq!(tuckshop(home.folder.path(), &["check", "--data-dir", &other]).status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_the_recovery_key_changes_never_stays_with_the_old_key() {
    let shop = TestShop::empty().await;
    let handle = shop.shop.clone();
    let opens = tokio::task::spawn_blocking(move || {
        backup::make_recovery_key(&handle).expect("the first key");
        let copy = handle.dir.join("backups").join("keyring.age");
        let mut opens = Vec::new();
        for _ in 0..5 {
            let key = std::thread::scope(|scope| {
                let others: Vec<_> = (0..4).map(|_| scope.spawn(|| backup::replace_copy(&handle))).collect();
                let key = backup::make_recovery_key(&handle).expect("a new key");
                for other in others {
                    other.join().expect("ends").expect("the copies don't get in each other's way");
                }
                key
            });
            let identity: age::x25519::Identity =
                key.text.lines().last().expect("a key").parse().expect("an identity");
            let bytes = std::fs::read(&copy).expect("the copy");
            let sealed = age::Decryptor::new(&bytes[..]).expect("an age file");
            opens.push(sealed.decrypt(std::iter::once(&identity as &dyn age::Identity)).is_ok());
        }
        opens
    })
    .await
    .expect("ran");
    assert_eq!(opens, [true; 5]);
}

#[test]
fn a_recovery_can_be_repeated_over_any_mixture_of_its_old_and_new_files() {
    let (home, identity) = stocked();
    for key in key_files(&home) {
        std::fs::remove_file(key).expect("lost");
    }
    let dir = Path::new(&home.dir);
    let names = ["keyring.a", "keyring.b", "shop.redb", "passing.a", "passing.b"];
    let before = names.map(|name| std::fs::read(dir.join(name)).expect("read"));
    // The order in which a recovery exchanges them.
    for exchanged in 1..names.len() {
        let (code, out, err) = home.run(&["keys", "recover", "--identity", &identity]);
        assert_eq!(code, 0, "{out}{err}");
        for (name, bytes) in names.iter().zip(&before).skip(exchanged) {
            std::fs::write(dir.join(name), bytes).expect("written");
        }
        let (code, _, err) = home.run(&["staff", "list"]);
        assert!([0, 1, 78].contains(&code) && !err.contains("panicked"), "it opens, or says why not: {err}");
        let (code, out, err) = home.run(&["keys", "recover", "--identity", &identity]);
        assert_eq!(code, 0, "after {exchanged} of the files: {out}{err}");
        is_whole(&home);
    }
}

#[test]
fn a_key_locked_with_a_passphrase_opens_the_shop_for_whoever_knows_it() {
    let (home, _) = stocked();
    let plain = key_files(&home).remove(0);
    let locked = home.folder.path().join("locked.key");
    let lock = |path: &Path, text: &[u8]| {
        let mut recipient = age::scrypt::Recipient::new("tea at four".to_owned().into());
        recipient.set_work_factor(2);
        std::fs::write(path, age::encrypt(&recipient, text).expect("locked")).expect("written");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("set");
    };
    lock(&locked, &std::fs::read(&plain).expect("the key"));
    std::fs::remove_file(&plain).expect("removed");
    let name = locked.display().to_string();
    let config = home.file("locked.toml", &format!("[store]\nmaster_key_file = \"{name}\"\n"));
    let told = |arguments: &[&str], passphrase: &str| {
        let all = [arguments, &["--config", &config, "--data-dir", &home.dir]].concat();
        let output = tuckshop_told(home.folder.path(), &all, passphrase);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = told(&["staff", "list"], "tea at four\n");
    assert!(code == Some(0) && out.contains("clerk@example.com"), "{out}{err}");
    for (passphrase, says) in [("tea at five\n", "does not open"), ("", "is locked with a passphrase")] {
        let (code, _, err) = told(&["staff", "list"], passphrase);
        assert!(code == Some(78) && err.contains(says), "{err}");
    }
    // The owner locks the next one too; a start that knows its passphrase takes it up.
    let next = home.folder.path().join("next.key");
    lock(&next, format!("{}\n", "5a".repeat(32)).as_bytes());
    let next = next.display().to_string();
    let (code, out, err) = told(&["keys", "rotate", "--new-key", &next], "tea at four\ntea at four\n");
    assert!(code == Some(0) && out.contains(&name), "{out}{err}");
    std::fs::rename(&next, &locked).expect("moved");
    let (code, out, err) = told(&["check"], "tea at four\n");
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, out, err) = told(&["staff", "list"], "tea at four\n");
    assert!(code == Some(0) && out.contains("clerk@example.com"), "{out}{err}");
}

#[test]
fn a_key_that_was_given_is_not_taken_up_over_one_that_was_made_since() {
    let (home, _) = stocked();
    let given = home.file("own.key", &format!("{}\n", "5a".repeat(32)));
    std::fs::set_permissions(&given, std::fs::Permissions::from_mode(0o600)).expect("set");
    assert_eq!(home.run(&["keys", "rotate", "--new-key", &given]).0, 0);
    let (code, out, err) = home.run(&["keys", "rotate"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(!Path::new(&home.dir).join("master.next").exists());
    // Whoever still names the given key goes by the one that was made.
    let config = home.file("own.toml", &format!("[store]\nmaster_key_file = \"{given}\"\n"));
    assert_eq!(home.run(&["check", "--config", &config]).0, 0);
    is_whole(&home);
    std::fs::remove_file(key_files(&home).remove(0)).expect("removed");
    let (code, _, err) = home.run(&["check", "--config", &config]);
    assert_eq!(code, 78, "{err}");
}

#[test]
fn the_key_in_use_stays_good_until_a_start_was_given_the_next_one() {
    let (home, _) = stocked();
    let old = key_files(&home).remove(0);
    let digits = "5a".repeat(32);
    let new = home.file("own.key", &format!("# our own\n{digits}\n"));
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).expect("set");
    let (code, out, err) = home.run(&["keys", "rotate", "--new-key", &new]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("The first start that is given your new key")
            && out.contains(&old.display().to_string())
    );
    is_whole(&home);
    // The next start has the new one alone.
    let config = home.file("new.toml", &format!("[store]\nmaster_key_file = \"{new}\"\n"));
    let aside = home.folder.path().join("old.key");
    std::fs::rename(&old, &aside).expect("moved");
    let (code, out, err) = home.run(&["staff", "list", "--config", &config]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("clerk@example.com") && !Path::new(&home.dir).join("master.next").exists());
    let (code, out, err) = home.run(&["check", "--config", &config]);
    assert_eq!(code, 0, "{out}{err}");
    // And now the old one opens nothing any more.
    std::fs::rename(&aside, &old).expect("moved");
    let (code, _, err) = home.run(&["staff", "list"]);
    assert_eq!(code, 78, "{err}");
}
