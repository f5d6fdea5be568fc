//! The verbs that work on an open shop, here or in the process that has it open.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::{DONE, FAILED};
use crate::catalogue::ImportReport;
use crate::locale::{Locale, Text};
use crate::shop::{Shop, aside};
use crate::store::Stop;
use crate::{backup, catalogue, passwords, promises, rooms, staff};

/// A verb with all that it needs; files travel as bytes.
#[derive(Serialize, Deserialize)]
pub enum Verb {
    Check { json: bool },
    StaffAdd { email: String, name: String, owner: bool, password: Option<String>, json: bool },
    StaffList { json: bool },
    StaffDisable { email: String },
    StaffResetMfa { email: String },
    ProductsImport { csv: Vec<u8>, pictures: BTreeMap<String, Vec<u8>>, json: bool },
    ProductsExport,
    BackupNow { json: bool },
    BackupList { json: bool },
    Sweep { args: super::sweep::SweepArgs, json: bool },
    KeysRotate { key_file: Option<PathBuf>, given: Option<Zeroizing<Vec<u8>>>, json: bool },
    BackupVerify { name: Option<String>, json: bool },
    BackupKeyring,
    KeysRecoveryFacts,
    KeysRecoveryUse { recipient: String },
    AuditVerify { json: bool },
    Promises { json: bool },
    CloseBusiness { args: super::close_business::CloseBusinessArgs, json: bool },
}

impl Verb {
    /// Whether it must leave the data dir as it is; what opening would heal is healed in memory.
    pub fn only_looks(&self) -> bool {
        match self {
            Self::Check { .. } | Self::AuditVerify { .. } | Self::Promises { .. } => true,
            Self::Sweep { args, .. } => args.only_looks(),
            _ => false,
        }
    }
}

const LISTED: Text =
    Text::new("names and emails of all staff, in the shell", "在命令行查看全部员工姓名与邮箱");

impl Verb {
    /// What of people's data a verb shows or exports unmasked; it is logged before (SEC-07). What the caller
    /// typed in themselves is nothing new to them, counts and states name nobody, and backups and copies of
    /// the keyring are sealed to their recipients.
    fn look(&self) -> Option<Text> {
        match self {
            Self::StaffList { .. } => Some(LISTED),
            Self::StaffAdd { .. } | Self::StaffDisable { .. } | Self::StaffResetMfa { .. } => None,
            Self::Check { .. } | Self::Sweep { .. } | Self::AuditVerify { .. } | Self::Promises { .. } => {
                None
            }
            Self::ProductsImport { .. } | Self::ProductsExport => None,
            Self::BackupNow { .. } | Self::BackupList { .. } | Self::BackupVerify { .. } => None,
            Self::BackupKeyring | Self::KeysRotate { .. } => None,
            Self::KeysRecoveryFacts | Self::KeysRecoveryUse { .. } => None,
            Self::CloseBusiness { .. } => None,
        }
    }
}

/// What a verb printed and how it ended.
#[derive(Default, Serialize, Deserialize)]
pub struct Report {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
    /// A file for the caller, which writes it where it was told.
    pub file: Option<Vec<u8>>,
}

impl Report {
    pub fn done(stdout: String) -> Self {
        Self { stdout, ..Self::default() }
    }

    pub fn failed(message: impl std::fmt::Display) -> Self {
        Self { stderr: format!("tuckshop: {message}\n"), code: FAILED, ..Self::default() }
    }

    pub fn json(value: &serde_json::Value) -> Self {
        Self::done(format!("{value:#}\n"))
    }
}

/// Carries a verb out on the open shop.
pub async fn perform(shop: &Shop, verb: Verb) -> Report {
    if let Some(look) = verb.look() {
        // First the log, then the look: what could not be logged is not shown.
        let logged = shop.store.commit(move |plan| Ok(staff::log_shell_look(plan, look)?)).await;
        if let Err(stop) = logged {
            return Report::failed(stop);
        }
        cover_look(shop).await;
    }
    match verb {
        Verb::Check { json } => blocking(shop, move |shop| check(shop, json)).await,
        Verb::StaffAdd { email, name, owner, password, json } => {
            staff_add(shop, email, name, owner, password.map(Zeroizing::new), json).await
        }
        Verb::StaffList { json } => blocking(shop, move |shop| staff_list(shop, json)).await,
        Verb::StaffDisable { email } => {
            let done = format!("{email} can no longer sign in.\n");
            staff_change(shop, email, done, staff::disable).await
        }
        Verb::StaffResetMfa { email } => {
            let done = format!("The second factor of {email} is gone; a new one can be set up.\n");
            staff_change(shop, email, done, staff::reset_mfa).await
        }
        Verb::ProductsImport { csv, pictures, json } => {
            blocking(shop, move |shop| products_import(shop, &csv, pictures, json)).await
        }
        Verb::ProductsExport => blocking(shop, products_export).await,
        Verb::BackupNow { json } => {
            let handle = shop.clone();
            let made = aside("backup", move || backup_now(&handle, json)).await;
            made.unwrap_or_else(|| Report::failed("the backup was cut off"))
        }
        Verb::BackupList { json } => blocking(shop, move |shop| backup_list(shop, json)).await,
        Verb::Sweep { args, json } => super::sweep::perform(shop, args, json).await,
        Verb::KeysRotate { key_file, given, json } => {
            blocking(shop, move |shop| super::keys::perform_rotate(shop, key_file, given, json)).await
        }
        Verb::BackupVerify { name, json } => {
            blocking(shop, move |shop| verified(backup::verify::verify(shop, name.as_deref()), json)).await
        }
        Verb::AuditVerify { json } => blocking(shop, move |shop| audit_verify(shop, json)).await,
        Verb::Promises { json } => blocking(shop, move |shop| promises_kept(shop, json)).await,
        Verb::CloseBusiness { args, json } => super::close_business::perform(shop, args, json).await,
        Verb::BackupKeyring => blocking(shop, backup_keyring).await,
        Verb::KeysRecoveryFacts => blocking(shop, recovery_facts).await,
        Verb::KeysRecoveryUse { recipient } => {
            blocking(shop, move |shop| recovery_use(shop, &recipient)).await
        }
    }
}

/// The first look of all begins keys that no keyring copy has yet, and a shop that only a verb opened is
/// closed again before its copies would follow by themselves.
async fn cover_look(shop: &Shop) {
    if !backup::has_recipients(shop) {
        return;
    }
    let handle = shop.clone();
    if let Some(Err(error)) = aside("keyring copy", move || backup::replace_copy(&handle)).await {
        tracing::warn!(%error, "the keyring copy does not have this look yet");
    }
}

/// Runs slow work off the async threads.
async fn blocking(shop: &Shop, work: impl FnOnce(&Shop) -> Report + Send + 'static) -> Report {
    let shop = shop.clone();
    match tokio::task::spawn_blocking(move || work(&shop)).await {
        Ok(report) => report,
        Err(error) => Report::failed(error),
    }
}

/// Every route, as the contract prints them.
pub fn routes(json: bool) -> Report {
    let routes = crate::rooms::routes();
    if json {
        let rows: Vec<_> = routes
            .iter()
            .map(|route| {
                json!({"method": route.method.name(), "path": route.path, "who": route.who.name(), "changes": route.changes})
            })
            .collect();
        return Report::json(&json!(rows));
    }
    let mut text = String::new();
    for route in routes {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<5} {:<44} {:<9} {}",
            route.method.name(),
            route.path,
            route.who.name(),
            route.changes
        );
    }
    Report::done(text)
}

fn check(shop: &Shop, json: bool) -> Report {
    match shop.store.view().and_then(|view| rooms::faults(&view)) {
        Err(error) => Report::failed(error),
        Ok((faults, records)) if json => {
            let mut report =
                Report::json(&json!({"sound": faults.is_empty(), "records": records, "faults": faults}));
            report.code = if faults.is_empty() { DONE } else { FAILED };
            report
        }
        Ok((faults, records)) if faults.is_empty() => Report::done(format!(
            "Sound: {records} records read; every sealed one opens, every order's sum and every stock adds up.\n{}",
            notes(shop).into_iter().map(|note| format!("Note: {note}\n")).collect::<String>()
        )),
        Ok((faults, _)) => {
            let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
            Report {
                stdout: lines,
                stderr: format!("tuckshop: {} faults\n", faults.len()),
                code: FAILED,
                file: None,
            }
        }
    }
}

/// What is no fault but should be known.
fn notes(shop: &Shop) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(jump) = shop.clock.jump() {
        notes.push(format!(
            "the clock jumped: it says {}, and {} was expected; nothing lasting is deleted until `tuckshop sweep \
             --confirm-clock`",
            jump.says, jump.good
        ));
    }
    for (run, held) in shop.store.view().and_then(|view| view.held_runs()).unwrap_or_default() {
        let wanted = held.wanted;
        notes.push(format!("{wanted} deletions wait for your word: `tuckshop sweep --release {run}`"));
    }
    let reach = crate::notify::reach(shop);
    if !reach.email && !reach.sms {
        notes.push("neither email nor SMS is configured, so nobody can register".to_owned());
    }
    if crate::master::lies_beside(&shop.dir) && !shop.demo {
        notes.push("the master key lies beside the data: whoever takes the one has the other".to_owned());
    }
    notes.extend(crate::settings::differences(&shop.settings(), shop.config()));
    notes
}

async fn staff_add(
    shop: &Shop,
    email: String,
    name: String,
    owner: bool,
    given: Option<Zeroizing<String>>,
    json: bool,
) -> Report {
    let drawn = given.is_none();
    let password = given.unwrap_or_else(|| Zeroizing::new(shop.random.token()[..20].to_owned()));
    if let Some(problem) = passwords::check_strength(&password, &[&email, &name]) {
        return Report::failed(problem.get(Locale::En));
    }
    let random = shop.random.clone();
    let to_hash = password.clone();
    let hashed = shop.hash_work(move || passwords::hash(&to_hash, &*random)).await;
    let hash = match hashed {
        Ok(hash) => hash,
        Err(refusal) => return Report::failed(Stop::from(refusal)),
    };
    let (stored_name, stored_email, for_id) = (name.clone(), email.clone(), shop.random.clone());
    let added = shop
        .store
        .commit(move |plan| staff::add(plan, &*for_id, &stored_name, &stored_email, hash, owner))
        .await;
    match added {
        Err(stop) => Report::failed(stop),
        Ok(_) if json => {
            let shown = drawn.then(|| password.to_string());
            Report::json(&json!({"email": email, "name": name, "owner": owner, "password": shown}))
        }
        Ok(_) if drawn => Report::done(format!("Added {email}. Password, shown once: {}\n", *password)),
        Ok(_) => Report::done(format!("Added {email}.\n")),
    }
}

fn staff_list(shop: &Shop, json: bool) -> Report {
    let members = match shop.store.view().and_then(|view| staff::list(&view)) {
        Ok(members) => members,
        Err(error) => return Report::failed(error),
    };
    if json {
        let rows: Vec<_> = members
            .iter()
            .map(|member| json!({"email": member.email, "name": member.name, "owner": member.owner, "active": member.active}))
            .collect();
        return Report::json(&json!(rows));
    }
    let role = |owner: bool| if owner { "owner" } else { "staff" };
    let state = |active: bool| if active { "" } else { "  (disabled)" };
    Report::done(
        members
            .iter()
            .map(|m| format!("{:<6} {}  {}{}\n", role(m.owner), m.email, m.name, state(m.active)))
            .collect(),
    )
}

async fn staff_change(
    shop: &Shop,
    email: String,
    done: String,
    change: fn(&mut crate::store::Plan<'_>, crate::ids::StaffId) -> crate::store::Decided<()>,
) -> Report {
    let changed = shop
        .store
        .commit(move |plan| {
            let member = staff::by_email(plan, &email)?.ok_or_else(crate::refusal::Refusal::not_found)?;
            change(plan, member.id)
        })
        .await;
    match changed {
        Ok(()) => Report::done(done),
        Err(Stop::Refused(refusal)) if refusal.kind == crate::refusal::Kind::NotFound => {
            Report::failed("nobody of that email works here")
        }
        Err(stop) => Report::failed(stop),
    }
}

fn products_import(shop: &Shop, csv: &[u8], mut pictures: BTreeMap<String, Vec<u8>>, json: bool) -> Report {
    match catalogue::import(shop, csv, &mut |name| pictures.remove(name)) {
        Ok(report) if json => Report::json(&import_json(&report)),
        Ok(report) => Report::done(import_text(&report)),
        Err(problems) => {
            let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            Report {
                stderr: format!("{lines}tuckshop: nothing was imported; mend these lines and try again\n"),
                code: FAILED,
                ..Report::default()
            }
        }
    }
}

fn products_export(shop: &Shop) -> Report {
    match catalogue::export(shop) {
        Ok(csv) => Report::done(String::from_utf8_lossy(&csv).into_owned()),
        Err(stop) => Report::failed(stop),
    }
}

fn import_json(report: &ImportReport) -> serde_json::Value {
    let sold: Vec<_> = report
        .sold_since_export
        .iter()
        .map(|each| json!({"line": each.line, "handle": each.handle, "sku": each.sku, "sold": each.sold, "set_to": each.set_to}))
        .collect();
    json!({
        "products_new": report.products_new,
        "products_changed": report.products_changed,
        "products_same": report.products_same,
        "variants_new": report.variants_new,
        "categories_new": report.categories_new,
        "pictures_new": report.pictures_new,
        "stocks_changed": report.stocks_changed,
        "sold_since_export": sold,
    })
}

fn import_text(report: &ImportReport) -> String {
    let mut text = format!(
        "Products: {} new, {} changed, {} as they were. New variants: {}, categories: {}, pictures: {}. Stocks set: {}.\n",
        report.products_new,
        report.products_changed,
        report.products_same,
        report.variants_new,
        report.categories_new,
        report.pictures_new,
        report.stocks_changed,
    );
    for each in &report.sold_since_export {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "Line {}: {} {} was set to {}, though {} were sold since the last export.",
            each.line, each.handle, each.sku, each.set_to, each.sold
        );
    }
    text
}

fn backup_now(shop: &Shop, json: bool) -> Report {
    match backup::now(shop) {
        Err(error) => Report::failed(error),
        Ok((name, row)) if json => Report::json(
            &json!({"name": name, "bytes": row.bytes, "records": row.records, "sha256": row.digest}),
        ),
        Ok((name, row)) => {
            Report::done(format!("{name}\n{} records, {} bytes, read back whole.\n", row.records, row.bytes))
        }
    }
}

/// Walks the access log, and fails if anything is wrong with it.
fn audit_verify(shop: &Shop, json: bool) -> Report {
    let audit = match backup::anchor::audit(shop) {
        Ok(audit) => audit,
        Err(error) => return Report::failed(error),
    };
    let mut report = if json {
        Report::json(&json!(audit))
    } else {
        let newest = audit.anchors.iter().map(|(_, anchor)| anchor).max_by_key(|anchor| anchor.count);
        let anchored = match newest {
            Some(anchor) => {
                format!("The newest anchor is of {}, over {} entries.\n", anchor.at, anchor.count)
            }
            None => "No anchor was compared.\n".to_owned(),
        };
        let unread: String = audit.unread.iter().map(|what| format!("Not compared: {what}\n")).collect();
        let entries = audit.entries;
        let verdict = if audit.faults.is_empty() {
            format!("The access log is whole: {entries} entries.\n")
        } else {
            String::new()
        };
        Report::done(format!("{verdict}{anchored}{unread}"))
    };
    for fault in &audit.faults {
        let _ = writeln!(report.stderr, "tuckshop: {fault}");
        report.code = FAILED;
    }
    report
}

/// Checks every promise of the policy, and fails if one is broken.
fn promises_kept(shop: &Shop, json: bool) -> Report {
    let found = match promises::evaluate(shop) {
        Ok(found) => found,
        Err(error) => return Report::failed(error),
    };
    let mut report = if json {
        let rows = found.iter().map(|finding| {
            json!({ "id": finding.id, "verdict": finding.verdict.id(), "says": finding.en, "where": finding.look })
        });
        Report::json(&rows.collect())
    } else {
        let line = |finding: &promises::Finding| {
            format!("{:<8} {:<12} {}  [{}]\n", finding.id, finding.verdict.id(), finding.en, finding.look)
        };
        Report::done(found.iter().map(line).collect())
    };
    for finding in found.iter().filter(|finding| finding.verdict == promises::Verdict::Broken) {
        let _ = writeln!(report.stderr, "tuckshop: {} is broken: {}", finding.id, finding.en);
        report.code = FAILED;
    }
    report
}

/// What a verification found, as a report that fails if anything is wrong.
pub fn verified(found: Result<Vec<backup::verify::Verified>, backup::BackupError>, json: bool) -> Report {
    let found = match found {
        Ok(found) => found,
        Err(error) => return Report::failed(error),
    };
    let faults = found.iter().filter(|one| one.fault.is_some()).count();
    let mut report = if json {
        Report::json(&json!(found))
    } else {
        let line = |one: &backup::verify::Verified| {
            let says = one.fault.as_deref().unwrap_or("whole");
            format!("{}  {}  {says}\n", one.place.display(), one.name)
        };
        Report::done(found.iter().map(line).collect())
    };
    if faults > 0 {
        report.stderr = format!("tuckshop: {faults} of {} are not whole\n", found.len());
        report.code = FAILED;
    }
    report
}

fn backup_keyring(shop: &Shop) -> Report {
    match backup::copy_to_keep(shop) {
        Ok(file) => Report { file: Some(file), ..Report::default() },
        Err(error) => Report::failed(error),
    }
}

fn recovery_facts(shop: &Shop) -> Report {
    match backup::recovery_facts(shop) {
        Ok(facts) => Report::json(&json!(facts)),
        Err(error) => Report::failed(error),
    }
}

fn recovery_use(shop: &Shop, recipient: &str) -> Report {
    let made = backup::use_recovery_key(shop, recipient).and_then(|()| backup::now(shop));
    match made {
        Ok((name, _)) => {
            Report::done(format!("{name}\nThe keyring copy and a new backup open with the new key.\n"))
        }
        Err(error) => Report::failed(error),
    }
}

fn backup_list(shop: &Shop, json: bool) -> Report {
    let backups = match shop.store.view().and_then(|view| backup::list(&view)) {
        Ok(backups) => backups,
        Err(error) => return Report::failed(error),
    };
    if json {
        let rows: Vec<_> = backups
            .iter()
            .map(|(name, row)| json!({"name": name, "created": row.created.to_string(), "bytes": row.bytes, "records": row.records, "sha256": row.digest, "recipients": row.recipients}))
            .collect();
        return Report::json(&json!(rows));
    }
    Report::done(
        backups
            .iter()
            .map(|(name, row)| {
                format!(
                    "{name}  {}  {} bytes  opens with {}\n",
                    row.created,
                    row.bytes,
                    row.recipients.join(", ")
                )
            })
            .collect(),
    )
}

impl Verb {
    /// Its name for the log: no argument, since they name persons.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check { .. } => "check",
            Self::StaffAdd { .. } => "staff add",
            Self::StaffList { .. } => "staff list",
            Self::StaffDisable { .. } => "staff disable",
            Self::StaffResetMfa { .. } => "staff reset-mfa",
            Self::ProductsImport { .. } => "products import",
            Self::ProductsExport => "products export",
            Self::BackupNow { .. } => "backup now",
            Self::BackupList { .. } => "backup list",
            Self::Sweep { .. } => "sweep",
            Self::BackupVerify { .. } => "backup verify",
            Self::BackupKeyring => "backup keyring",
            Self::KeysRotate { .. } => "keys rotate",
            Self::KeysRecoveryFacts => "keys recovery",
            Self::KeysRecoveryUse { .. } => "keys recovery, typed back",
            Self::AuditVerify { .. } => "audit verify",
            Self::Promises { .. } => "promises",
            Self::CloseBusiness { .. } => "close-business",
        }
    }
}
