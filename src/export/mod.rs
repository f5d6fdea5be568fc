//! The copy of one's data (RGT-12): all that the shop keeps of a person and shows them, as a ZIP with
//! `data.json` for machines, its JSON Schema, and `index.html` for people.
//!
//! It is asked for with a form, made in the background, sealed under a vault of its own, and there for
//! seven days, for the signed-in person alone. Whatever a person erases meanwhile takes the copy along:
//! nothing outlives its erasure in here.

mod gather;
mod make;
mod packed;
mod pages;
mod records;
mod section;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use make::{remove_dead, run_due};
pub use pages::list;

use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::random::Random;
use crate::room::{self, Job, Room, When};
use crate::store::{Hooks, Plan, StoreResult, View};
use records::{EXPORTS, ExportRow, State};

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[records::TABLES],
    routes: pages::routes,
    on: HOOKS,
    jobs: JOBS,
    ..Room::named("export")
};

/// Rung when somebody asked for a copy of their data.
const BELL: &str = "export";

const JOBS: &[Job] = &[
    Job {
        when: When::Rung { bell: BELL, gather: Duration::ZERO, then: Duration::from_secs(60 * 60) },
        ..Job::every("exports", Duration::ZERO, |shop| room::run(async move { run_due(&shop).await }))
    },
    Job::every("dead-files", Duration::from_secs(30), |shop| {
        room::run(async move { remove_dead(&shop).await })
    }),
];

const HOOKS: Hooks = Hooks { on_data_removed: forget, before_erased: forget, ..Hooks::NONE };

/// How long a copy can be fetched.
const LIVES_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The copy that a person has, or that is being made for them.
fn of(view: &View<'_>, subject: SubjectId, now: Timestamp) -> StoreResult<Option<ExportRow>> {
    Ok(view.get(&EXPORTS, &subject)?.filter(|row| now < row.until))
}

/// Asks for a copy in place of an earlier one; one that is being made already stays the one.
/// Returns its number.
///
/// # Errors
/// If the store could not be read.
fn ask(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    language: Locale,
    random: &dyn Random,
) -> StoreResult<String> {
    let now = plan.now;
    if let Some(row) = of(plan, subject, now)?.filter(|row| row.state == State::Waiting) {
        return Ok(row.number);
    }
    forget(plan, subject)?;
    let until = now.plus_seconds(LIVES_SECONDS);
    let vault = plan.new_vault(Class::Export, Some(until))?;
    let number = data_encoding::HEXLOWER.encode(&random.bytes::<10>());
    let row = ExportRow { number: number.clone(), language, asked: now, until, state: State::Waiting };
    plan.put_in(&EXPORTS, &subject, vault, &row)?;
    Ok(number)
}

/// Erases the copy that a person has, if any: what it shows was cleared, deleted, or gone with the account.
///
/// # Errors
/// If the store could not be read.
fn forget(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    let Some((_, vault)) = plan.get_row(&EXPORTS, &subject)? else { return Ok(()) };
    plan.delete(&EXPORTS, &subject)?;
    vault.map_or(Ok(()), |vault| plan.drop_vault(vault))
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("files")
}

fn file_name(row: &ExportRow) -> String {
    format!("export-{}", row.number)
}
