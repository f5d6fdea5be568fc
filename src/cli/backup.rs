//! `tuckshop backup now|list|restore`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use jiff::SignedDuration;

use super::verbs::{Report, Verb};
use super::{FAILED, carry_out, print_report};
use crate::backup::restore::{self, Request, Tools};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::disk::RealDisk;
use crate::random::SystemSource;

#[derive(Subcommand)]
pub enum BackupCommand {
    /// Make a backup in the local place, read back whole before it appears
    Now,
    /// Name the backups and what opens each
    List,
    /// Make a new data dir from a backup and the keyring copy beside it
    Restore {
        /// A name that `backup list` prints, or the path of an archive
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
    },
}

pub fn run(config: Config, command: BackupCommand, json: bool) -> i32 {
    match command {
        BackupCommand::Now => carry_out(config, Verb::BackupNow { json }),
        BackupCommand::List => carry_out(config, Verb::BackupList { json }),
        BackupCommand::Restore { name, into, identity, keyring, key_file } => {
            let request = Request { name, into, identities: identity, keyring, key_file };
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

fn restored(report: &restore::Report, json: bool) -> Report {
    if json {
        return Report::done(format!("{:#}\n", serde_json::json!(report)));
    }
    let origin = if report.origin_proven {
        "Signed by the shop that your recovery key names."
    } else {
        "Your identity file does not say who must have signed: the origin is unproven."
    };
    Report::done(format!(
        "Restored {} (made {})\nwith {} (list of erasures {})\n{origin}\n\
         {} records and {} files; {} left out because they were erased since.\n\
         Everybody signs in again; orders begin with new letters.\nMaster key: {}\nData dir: {}\n",
        report.archive.display(),
        report.made,
        report.keyring_copy.display(),
        report.list_number,
        report.store.records - report.store.left_out,
        report.files,
        report.store.left_out,
        report.master_key.display(),
        report.into.display(),
    ))
}
