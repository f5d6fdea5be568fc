//! `tuckshop keys rotate|recover|recovery`: a new master key, and a new recovery key.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use jiff::SignedDuration;
use serde_json::json;
use zeroize::Zeroizing;

use super::verbs::{Report, Verb};
use super::{DONE, FAILED, carry_out, complain, fetch, print_report, refuse, say};
use crate::backup::recover::{self, Request};
use crate::backup::restore::Tools;
use crate::backup::{self, BackupError};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::disk::RealDisk;
use crate::master::{self, InUse};
use crate::opening::{Lock, Opener, OpeningError, Purpose};
use crate::random::SystemSource;
use crate::shop::Shop;
use crate::store::StoreError;
use crate::store::keyring::MasterKey;

#[derive(Subcommand)]
pub enum KeysCommand {
    /// A new master key over the same data; the old one is removed last
    Rotate {
        /// Where the new key goes
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// A new key of your own making, where systemd hands the key over
        #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
        new_key: Option<PathBuf>,
    },
    /// A new master key for a data dir whose own is lost or that was put back
    Recover {
        /// A file with the recovery key; may be given several times
        #[arg(long, value_name = "FILE", required = true)]
        identity: Vec<PathBuf>,
        /// Another keyring copy than the one in the local place
        #[arg(long, value_name = "FILE")]
        keyring: Option<PathBuf>,
        /// Where the new key goes
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// Go on although the keyring copy lacks keys of what lives
        #[arg(long)]
        accept_loss: bool,
    },
    /// A new recovery key, shown once and asked back in part; then a new backup to it
    Recovery,
}

pub fn run(config: Config, command: KeysCommand, json: bool) -> i32 {
    match command {
        KeysCommand::Rotate { key_file, new_key } => rotate(config, key_file, new_key, json),
        KeysCommand::Recover { identity, keyring, key_file, accept_loss } => {
            recover(config, &Request { identities: identity, keyring, key_file, accept_loss }, json)
        }
        KeysCommand::Recovery => recovery(&config),
    }
}

fn rotate(config: Config, key_file: Option<PathBuf>, new_key: Option<PathBuf>, json: bool) -> i32 {
    let key_file = match key_file.map(std::path::absolute).transpose() {
        Ok(key_file) => key_file,
        Err(error) => {
            complain(&format!("--key-file: {error}"));
            return FAILED;
        }
    };
    // Read here: whoever carries it out may be another process, elsewhere.
    let given = match new_key.as_deref().map(master::read).transpose() {
        Ok(given) => given.map(|key| Zeroizing::new(key.as_bytes().to_vec())),
        Err(error) => {
            complain(&format!("--new-key: {error}"));
            return FAILED;
        }
    };
    carry_out(config, Verb::KeysRotate { key_file, given, json })
}

/// Seals the open shop under a new master key, or notes the one that was given for the next start.
pub fn perform_rotate(
    shop: &Shop,
    key_file: Option<PathBuf>,
    given: Option<Zeroizing<Vec<u8>>>,
    json: bool,
) -> Report {
    match rotate_open(shop, key_file, given) {
        Ok(rotated) if json => Report::json(&json!(rotated)),
        Ok(rotated) => Report::done(rotated.in_words()),
        Err(message) => Report::failed(message),
    }
}

#[derive(serde::Serialize)]
struct Rotated {
    /// Where the new key stands, if the shop has put it there.
    master_key: Option<PathBuf>,
    removed: Option<PathBuf>,
    /// The old key's file, which its owner is to remove.
    left: Option<PathBuf>,
}

impl Rotated {
    fn in_words(&self) -> String {
        let Some(path) = &self.master_key else { return self.in_words_of_next() };
        let mut words =
            format!("The keyring is sealed under a new master key.\nMaster key: {}\n", path.display());
        if let Some(path) = &self.removed {
            words.push_str(&format!("Removed: {}\n", path.display()));
        }
        if let Some(path) = &self.left {
            words.push_str(&format!(
                "The old key opens nothing any more; remove it, and name the new one if your configuration names it: {}\n",
                path.display()
            ));
        }
        words
    }

    fn in_words_of_next(&self) -> String {
        let mut words = "The first start that is given your new key takes it up. Until then the one in use \
                         stays good."
            .to_owned();
        if let Some(path) = &self.left {
            words.push_str(&format!("\nAfter that start remove the old one: {}", path.display()));
        }
        words.push('\n');
        words
    }
}

fn rotate_open(
    shop: &Shop,
    key_file: Option<PathBuf>,
    given: Option<Zeroizing<Vec<u8>>>,
) -> Result<Rotated, String> {
    let id = shop.store.head().map_err(|error| error.to_string())?.shop;
    let in_use = shop.store.master();
    let before = master::file_in_use(shop.config(), &shop.dir, id, in_use.check())
        .map_err(|error| error.to_string())?;
    if let Some(given) = given {
        return note_next(shop, &in_use, before, &given);
    }
    let own = before.as_ref().is_none_or(|before| before.is_own);
    if !own && key_file.is_none() && std::env::var_os("CREDENTIALS_DIRECTORY").is_some() {
        return Err("the key comes from systemd; make a new one and give it with --new-key".to_owned());
    }
    let key = master::draw(&*shop.random);
    let place = match key_file {
        Some(file) => file,
        None => master::next_place(
            shop.config(),
            &shop.dir,
            id,
            &key,
            before.as_ref().map(|before| &*before.path),
        )
        .map_err(|error| error.to_string())?,
    };
    master::store(&*shop.disk, &place, &key).map_err(|error| error.to_string())?;
    shop.store.rotate(&key).map_err(|error: StoreError| {
        format!("{error}. Both keys are needed until a start has gone through, so none was removed.")
    })?;
    // A key that was given before is not to be taken up over this one.
    master::forget_next(&*shop.disk, &shop.dir).map_err(|error| error.to_string())?;
    let mut rotated = Rotated { master_key: Some(place), removed: None, left: None };
    if let Some(before) = before {
        let InUse { path, is_own } = before;
        if is_own {
            shop.disk.remove(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            rotated.removed = Some(path);
        } else {
            rotated.left = Some(path);
        }
    }
    Ok(rotated)
}

/// The owner's own key is taken up by the first start that is given it; the one before stays good until
/// then, because only that start shows that the new one is where it is to be.
fn note_next(
    shop: &Shop,
    in_use: &MasterKey,
    before: Option<InUse>,
    given: &[u8],
) -> Result<Rotated, String> {
    let before = before.ok_or("the key in use was not found, and is needed until the new one is in use")?;
    let given = given.try_into().map_err(|_| "--new-key: it is no key")?;
    let key = MasterKey::new(given);
    if key.check() == in_use.check() {
        return Err("--new-key: this key seals this shop already; make another one".to_owned());
    }
    master::note_next(&*shop.disk, &shop.dir, in_use, &key).map_err(|error| error.to_string())?;
    Ok(Rotated { master_key: None, removed: None, left: Some(before.path) })
}

fn recover(config: Config, request: &Request, json: bool) -> i32 {
    let dir = config.store.data_dir.clone();
    if !dir.join("shop.redb").exists() {
        return refuse(&OpeningError::NoShop(dir));
    }
    let lock = match Lock::take(&dir) {
        Ok(lock) => lock,
        Err(error) => return refuse(&error),
    };
    let tools = Tools {
        disk: Arc::new(RealDisk),
        clock: Arc::new(SystemClock::new(SignedDuration::ZERO)),
        random: Arc::new(SystemSource::new()),
        register: crate::rooms::register(),
    };
    let report = match recover::recover(&config, request, &tools) {
        Ok(report) => report,
        Err(error) => {
            complain(&error.to_string());
            if matches!(error, BackupError::Store(StoreError::Loss(_))) {
                complain(
                    "nothing was changed; a newer copy may have them (--keyring), or give them up with --accept-loss",
                );
            }
            return FAILED;
        }
    };
    // A start makes the index of contacts anew; done here, so that what is said is true.
    let url = config.site.url_at(config.site.listen);
    let mut opener = Opener::new(config, Purpose::Verb);
    opener.clock_offset = None;
    match opener.open_under(&report.master_key, &url) {
        Ok(shop) => shop.store.close(),
        Err(error) => return refuse(&error),
    }
    drop(lock);
    print_report(&recovered(&report, json))
}

fn recovered(report: &recover::Report, json: bool) -> Report {
    if json {
        return Report::json(&json!(report));
    }
    let origin = if report.origin_proven {
        "Signed by the shop that your recovery key names."
    } else {
        "Your identity file does not say who must have signed: the origin is unproven."
    };
    let lost: String =
        report.store.lost.iter().map(|(class, count)| format!("Lost: {count} of class {class}\n")).collect();
    Report::done(format!(
        "Recovered with {} (list of erasures {})\n{origin}\n{lost}Everybody signs in again.\nMaster key: {}\n",
        report.keyring_copy.display(),
        report.list_number,
        report.master_key.display(),
    ))
}

/// Draws a recovery key here, so that it is in no other process and in no log, and gives the shop its
/// public half once a part of it was typed back.
fn recovery(config: &Config) -> i32 {
    let Some(words) = fetch(config.clone(), Verb::KeysRecoveryFacts) else { return FAILED };
    let Ok(facts) = serde_json::from_str::<backup::RecoveryFacts>(&words) else {
        complain("the running shop is of another version; close it first");
        return FAILED;
    };
    let key = backup::draw_recovery_key(&facts);
    say("Recovery key, shown once. Print it and keep it apart from the server: with it, and it");
    say("alone, a backup opens on an empty machine.");
    say("");
    say(key.text.trim_end());
    say("");
    say(&format!("To show that you have it, type its last {ASKED_BACK} characters:"));
    if !typed_back(&key.text) {
        complain("that is not how the key ends; nothing was changed, and the key above opens nothing");
        return FAILED;
    }
    let code = carry_out(config.clone(), Verb::KeysRecoveryUse { recipient: key.recipient });
    if code == DONE {
        say("Backups that were made before still need the key of their day.");
    }
    code
}

const ASKED_BACK: usize = 8;

fn typed_back(text: &str) -> bool {
    let mut typed = Zeroizing::new(String::new());
    if std::io::stdin().is_terminal() {
        // Shown while it is typed: it stands on the screen in any case.
        say("");
    }
    let read = std::io::stdin().lock().read_line(&mut typed).is_ok();
    let end = text.trim_end();
    read && typed.trim().len() == ASKED_BACK && end.to_uppercase().ends_with(&typed.trim().to_uppercase())
}
