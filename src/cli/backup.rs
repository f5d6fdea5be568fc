//! `tuckshop backup now|list|verify|restore|keyring`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use jiff::SignedDuration;

use super::verbs::{Report, Verb, verified};
use super::{FAILED, carry_out, outcome, print_report};
use crate::backup::restore::{self, Request, Tools};
use crate::backup::verify;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::disk::{Disk, RealDisk};
use crate::random::SystemSource;

#[derive(Subcommand)]
pub enum BackupCommand {
    /// Make a backup in the local place, read back whole before it appears
    Now,
    /// Name the backups and what opens each
    List {
        /// The archives in a folder, without a data dir
        #[arg(long, value_name = "FOLDER")]
        place: Option<PathBuf>,
    },
    /// Compare the archives with what was read back when they were made
    Verify {
        /// A name that `backup list` prints; with an identity also the path of an archive
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: Option<String>,
        /// Read every record, with the recovery key in this file; may be given several times
        #[arg(long, value_name = "FILE")]
        identity: Vec<PathBuf>,
    },
    /// A keyring copy for where the shop cannot write; ask for it anew every 35 days
    Keyring {
        /// The file to write
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Make a new data dir from a backup and the keyring copy beside it
    Restore {
        /// A name that `backup list` prints, or the path of an archive
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// The new data dir; absent or empty
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// A file with the recovery key; may be given several times
        #[arg(long, value_name = "FILE", required = true)]
        identity: Vec<PathBuf>,
        /// Another keyring copy than the one beside the archive
        #[arg(long, value_name = "FILE")]
        keyring: Option<PathBuf>,
        /// Where the new master key goes
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// The restored shop goes on; whoever else writes to its places stops
        #[arg(long)]
        takes_over: bool,
    },
}

pub fn run(config: Config, command: BackupCommand, json: bool) -> i32 {
    match command {
        BackupCommand::Now => carry_out(config, Verb::BackupNow { json }),
        BackupCommand::List { place: None } => carry_out(config, Verb::BackupList { json }),
        BackupCommand::List { place: Some(folder) } => print_report(&listed(&folder, json)),
        BackupCommand::Verify { name, identity } if identity.is_empty() => {
            carry_out(config, Verb::BackupVerify { name, json })
        }
        BackupCommand::Verify { name, identity } => {
            print_report(&verified(verify::read_through(&config, name.as_deref(), &identity), json))
        }
        BackupCommand::Keyring { to } => keyring(config, &to),
        BackupCommand::Restore { name, into, identity, keyring, key_file, takes_over } => {
            let request = Request { name, into, identities: identity, keyring, key_file, takes_over };
            let tools = Tools {
                disk: Arc::new(RealDisk),
                clock: Arc::new(SystemClock::new(SignedDuration::ZERO)),
                random: Arc::new(SystemSource::new()),
            };
            match restore::restore(&config, &request, &tools) {
                Ok(report) => print_report(&restored(&report, json)),
                Err(error) => {
                    super::complain(&error.to_string());
                    FAILED
                }
            }
        }
    }
}

fn listed(folder: &Path, json: bool) -> Report {
    match verify::at_place(folder) {
        Err(error) => Report::failed(error),
        Ok(found) if json => {
            let rows = found.iter().map(|(name, bytes)| serde_json::json!({"name": name, "bytes": bytes}));
            Report::json(&rows.collect())
        }
        Ok(found) => {
            Report::done(found.iter().map(|(name, bytes)| format!("{name}  {bytes} bytes\n")).collect())
        }
    }
}

/// Writes the copy here: whoever makes it may be another process, elsewhere.
fn keyring(config: Config, to: &Path) -> i32 {
    let report = match outcome(config, Verb::BackupKeyring) {
        Ok(report) => report,
        Err(code) => return code,
    };
    let Some(bytes) = &report.file else { return print_report(&report) };
    let disk: &dyn Disk = &RealDisk;
    if let Err(error) = disk.replace(to, bytes) {
        super::complain(&format!("--to: {}: {error}", to.display()));
        return FAILED;
    }
    print_report(&Report::done(format!(
        "Wrote {}. With it and a backup of the same time everybody in that backup is readable, whoever was erased \
         since included: replace it every 35 days.\n",
        to.display()
    )))
}

fn restored(report: &restore::Report, json: bool) -> Report {
    if json {
        return Report::done(format!("{:#}\n", serde_json::json!(report)));
    }
    let origin = if report.origin_proven {
        "Signed by the shop that your recovery key names."
    } else {
        "Your identity file does not say who must have signed: the origin is unproven."
    };
    let unread: String = report
        .unread
        .iter()
        .map(|path| format!("Not read, and its list not followed: {}\n", path.display()))
        .collect();
    let goes_on = if report.taken_over.is_empty() {
        format!(
            "It writes to no place of the old shop before you say which of the two goes on (--takes-over, or \
             Backups in the back office); {} vaults of the hours after the backup wait for that.\n",
            report.lost_hours
        )
    } else {
        report.taken_over.iter().map(|place| format!("Taken over: {}\n", place.display())).collect()
    };
    Report::done(format!(
        "Restored {} (made {})\nwith {} and {} lists of erasures, the newest number {}\n{unread}{origin}\n\
         {} records and {} files; {} left out because they were erased since.\n\
         Everybody signs in again; orders begin with new letters.\n{goes_on}Master key: {}\nData dir: {}\n",
        report.archive.display(),
        report.made,
        report.keyring_copy.display(),
        report.lists,
        report.list_number,
        report.store.records - report.store.left_out,
        report.files,
        report.store.left_out,
        report.master_key.display(),
        report.into.display(),
    ))
}
