//! The command line: one file for each verb or family of verbs.
//!
//! Exit codes: 0 done, 1 a check failed or the work could not be done, 2 wrong usage, 78 the
//! configuration is wrong.

mod backup;
mod close_business;
mod control;
mod data_map;
pub mod demo;
mod first_run;
mod keys;
mod serve;
mod sweep;
mod values;
mod verbs;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::config::{Config, Flags, LogFormat};
use crate::disk::ShadowDisk;
use crate::opening::{Lock, Opener, OpeningError, Purpose};
use verbs::{Report, Verb};

pub const DONE: i32 = 0;
pub const FAILED: i32 = 1;
pub const MISUSED: i32 = 2;
pub const MISCONFIGURED: i32 = 78;

#[derive(Parser)]
#[command(
    name = "tuckshop",
    version,
    about = "An online shop in one file that keeps its word",
    after_help = "Examples:\n  tuckshop demo                 open a stocked shop to look around in\n  \
                  tuckshop init --owner-email me@example.com\n  tuckshop serve                open your shop\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage, 78 the configuration is wrong."
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct Common {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder that holds the whole shop
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Open a stocked shop on a temporary data dir, with practice email and SMS
    Demo(demo::DemoArgs),
    /// Make a data dir with its keys and its owner, and print the recovery key once
    Init(first_run::InitArgs),
    /// Open the shop
    Serve(serve::ServeArgs),
    /// Say whether configuration, data dir, keys and ledgers are sound; changes nothing
    Check,
    /// List every route: method, path, who may, what it changes
    Routes,
    /// List every table and field: data class, purpose, ground, period, recipients
    DataMap,
    /// Staff accounts
    #[command(subcommand)]
    Staff(StaffCommand),
    /// The catalogue
    #[command(subcommand)]
    Products(ProductsCommand),
    /// The master key and the recovery key
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// One retention run; counts by class
    Sweep(sweep::SweepArgs),
    /// Backups
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// The access log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Check every promise of the policy against the live data and configuration
    Promises,
    /// Announce, thirty days ahead, that the business closes for good and erases all data about people
    CloseBusiness(close_business::CloseBusinessArgs),
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Prove that the access log was not altered, against every anchor that can be reached
    Verify,
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Add somebody; the password comes from TUCKSHOP_STAFF_PASSWORD, a prompt, or is drawn
    Add {
        #[command(flatten)]
        who: Email,
        #[arg(long, value_parser = values::name)]
        name: Option<String>,
        /// Another owner
        #[arg(long)]
        owner: bool,
    },
    /// Who works here
    List,
    /// Shut somebody out
    Disable {
        #[command(flatten)]
        who: Email,
    },
    /// Remove somebody's second factor, so that a new one can be set up
    ResetMfa {
        #[command(flatten)]
        who: Email,
    },
}

/// Somebody of the staff, by email: `staff add me@example.com` or `--email me@example.com`.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Email {
    #[arg(value_name = "EMAIL", value_parser = values::email)]
    plain: Option<String>,
    #[arg(long, value_name = "EMAIL", value_parser = values::email)]
    email: Option<String>,
}

impl Email {
    fn get(self) -> String {
        // The command line demands one of the two.
        self.plain.or(self.email).unwrap_or_default()
    }
}

#[derive(Subcommand)]
enum ProductsCommand {
    /// Take products from a CSV file, all or nothing
    Import { file: PathBuf },
    /// Write the catalogue as CSV to stdout
    Export,
}

/// Runs the command line and returns its exit code.
pub fn run() -> i32 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            match values::said_of(&error) {
                Some(said) => complain(&said),
                // A closed pipe can't be told anything.
                None => drop(error.print()),
            }
            // Help and version are answers, not errors.
            return if error.use_stderr() { MISUSED } else { DONE };
        }
    };
    let listen = match &cli.command {
        Command::Serve(args) => args.listen.clone(),
        Command::Demo(args) => args.listen.clone(),
        _ => None,
    };
    let config = match load(&cli.common, listen) {
        Ok(config) => config,
        Err(message) => {
            complain(&message);
            return MISCONFIGURED;
        }
    };
    start_logging(&config);
    let json = cli.common.json;
    match cli.command {
        Command::Demo(args) => demo::run(config, &args, cli.common.data_dir),
        Command::Init(args) => first_run::run(config, &args),
        Command::Serve(args) => serve::run(config, &args),
        Command::Check => carry_out(config, Verb::Check { json }),
        Command::Routes => print_report(&verbs::routes(json)),
        Command::DataMap => print_report(&data_map::report(&config, json)),
        Command::Staff(command) => staff(config, command, json),
        Command::Products(ProductsCommand::Import { file }) => import(config, &file, json),
        Command::Products(ProductsCommand::Export) => carry_out(config, Verb::ProductsExport),
        Command::Keys(command) => keys::run(config, command, json),
        Command::Sweep(args) => carry_out(config, Verb::Sweep { args, json }),
        Command::Backup(command) => backup::run(config, command, json),
        Command::Audit(AuditCommand::Verify) => carry_out(config, Verb::AuditVerify { json }),
        Command::Promises => carry_out(config, Verb::Promises { json }),
        Command::CloseBusiness(args) => carry_out(config, Verb::CloseBusiness { args, json }),
    }
}

fn load(common: &Common, listen: Option<String>) -> Result<Config, String> {
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let flags = Flags { data_dir: common.data_dir.clone(), listen };
    Config::load(common.config.as_deref(), env, flags).map_err(|errors| errors.to_string())
}

/// Prints to stderr. If even that is closed there is nobody to tell.
fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "tuckshop: {message}");
}

/// Prints to stdout; a reader that went away ends nothing.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn print_report(report: &Report) -> i32 {
    let _ = std::io::stdout().write_all(report.stdout.as_bytes());
    let _ = std::io::stderr().write_all(report.stderr.as_bytes());
    report.code
}

fn refuse(error: &OpeningError) -> i32 {
    complain(&error.to_string());
    error.exit_code()
}

/// Our own crate as the configuration says, everything else at most at `warn`: a library's debug
/// lines may hold what a shop must not write down.
fn log_filter(configured: &str) -> Targets {
    let wanted: Targets =
        configured.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let all = wanted.default_level().unwrap_or(LevelFilter::INFO);
    let own = wanted.iter().filter(|(target, _)| target.starts_with("tuckshop"));
    Targets::new()
        .with_default(all.min(LevelFilter::WARN))
        .with_target("tuckshop", all)
        .with_targets(own.map(|(target, level)| (target.to_owned(), level)))
}

fn start_logging(config: &Config) {
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let as_text = match config.log.format {
        LogFormat::Auto => is_terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(log_filter(&config.log.level));
    // A second call, as in tests, changes nothing.
    let _ = if as_text {
        registry.with(lines.with_target(false).with_ansi(is_terminal)).try_init()
    } else {
        registry.with(lines.json()).try_init()
    };
}

/// Carries a verb out, here or in the process that has the shop open, and prints what it says.
fn carry_out(config: Config, verb: Verb) -> i32 {
    match outcome(config, verb) {
        Ok(report) => print_report(&report),
        Err(code) => code,
    }
}

/// What a verb answers, for one that goes on with it; `None` after its trouble was printed.
fn fetch(config: Config, verb: Verb) -> Option<String> {
    let report = outcome(config, verb).ok()?;
    if report.code != DONE {
        print_report(&report);
        return None;
    }
    Some(report.stdout)
}

fn outcome(config: Config, verb: Verb) -> Result<Report, i32> {
    let dir = config.store.data_dir.clone();
    if !dir.join("shop.redb").exists() {
        return Err(refuse(&OpeningError::NoShop(dir)));
    }
    let lock = match Lock::take(&dir) {
        Ok(lock) => lock,
        Err(OpeningError::Held { pid }) => return ask_running(&dir, pid, &verb),
        Err(error) => return Err(refuse(&error)),
    };
    let url = config.site.url_at(config.site.listen);
    let mut opener = Opener::new(config, Purpose::Verb);
    if verb.only_looks() {
        opener.disk = Arc::new(ShadowDisk::default());
    }
    let shop = opener.open(&url).map_err(|error| refuse(&error))?;
    let runtime = runtime().map_err(|error| {
        complain(&error.to_string());
        FAILED
    })?;
    let report = runtime.block_on(verbs::perform(&shop, verb));
    shop.store.close();
    drop(lock);
    Ok(report)
}

fn ask_running(dir: &std::path::Path, pid: u32, verb: &Verb) -> Result<Report, i32> {
    let Some(socket) = Lock::socket_of(dir) else { return Err(refuse(&OpeningError::Held { pid })) };
    control::ask(&socket, verb).map_err(|error| {
        complain(&format!(
            "{}; it does not answer at {}: {error}",
            OpeningError::Held { pid },
            socket.display()
        ));
        FAILED
    })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn staff(config: Config, command: StaffCommand, json: bool) -> i32 {
    let verb = match command {
        StaffCommand::Add { who, name, owner } => {
            let email = who.get();
            let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or(&email).to_owned());
            Verb::StaffAdd { email, name, owner, password: staff_password(), json }
        }
        StaffCommand::List => Verb::StaffList { json },
        StaffCommand::Disable { who } => Verb::StaffDisable { email: who.get() },
        StaffCommand::ResetMfa { who } => Verb::StaffResetMfa { email: who.get() },
    };
    carry_out(config, verb)
}

/// From the environment or a prompt; `None` to have one drawn.
fn staff_password() -> Option<String> {
    if let Ok(password) = std::env::var("TUCKSHOP_STAFF_PASSWORD") {
        return Some(password).filter(|password| !password.is_empty());
    }
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return None;
    }
    let prompt = "Password (empty to have one drawn): ";
    rpassword::prompt_password(prompt).ok().filter(|password| !password.is_empty())
}

/// The files that the picture column of a catalogue names; what is no catalogue names none, and the
/// import says why.
fn pictures_named(csv: &[u8]) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
    let column =
        reader.headers().ok().and_then(|names| names.iter().position(|name| name.trim() == "picture"));
    let Some(column) = column else { return Vec::new() };
    let rows = reader.records().filter_map(Result::ok);
    let cells: Vec<String> = rows.filter_map(|row| row.get(column).map(str::to_owned)).collect();
    let names = cells.iter().flat_map(|cell| cell.split('|')).map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn import(config: Config, file: &std::path::Path, json: bool) -> i32 {
    let csv = match std::fs::read(file) {
        Ok(csv) => csv,
        Err(error) => {
            complain(&format!("{}: {error}", file.display()));
            return FAILED;
        }
    };
    let pictures = pictures_named(&csv)
        .into_iter()
        .filter_map(|name| Some((name.clone(), std::fs::read(crate::disk::parent(file).join(&name)).ok()?)))
        .collect();
    carry_out(config, Verb::ProductsImport { csv, pictures, json })
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_say_no_more_than_warnings_whatever_is_asked_for() {
        let filter = log_filter("trace,hyper=debug,tuckshop::store=error");
        assert!(filter.would_enable("tuckshop::web", &Level::TRACE));
        assert!(!filter.would_enable("tuckshop::store", &Level::WARN));
        assert!(filter.would_enable("hyper", &Level::WARN));
        assert!(!filter.would_enable("hyper", &Level::INFO));
        assert!(!filter.would_enable("redb", &Level::DEBUG));
    }
}
