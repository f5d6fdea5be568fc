//! Makes the copies that were asked for, one after the other, away from those who shop.

use super::records::{EXPORTS, ExportRow, State};
use super::{file_name, folder, gather, packed};
use crate::accounts;
use crate::ids::{SubjectId, VaultId};
use crate::shop::{self, Shop};
use crate::store::{Decided, Plan, Stop, StoreError, StoreResult, files};

/// Makes every copy that waits.
///
/// # Errors
/// If the store could not be read or written.
pub async fn run_due(shop: &Shop) -> Decided<()> {
    for (subject, vault, row) in waiting(shop)? {
        let handle = shop.clone();
        let asked = row.clone();
        let made = shop::aside("export", move || make(&handle, subject, vault, &asked)).await;
        let state = match made {
            Some(Ok(bytes)) => State::Ready(bytes),
            // It was erased meanwhile: nobody waits for it.
            Some(Err(StoreError::Erased)) => continue,
            Some(Err(error)) => {
                tracing::error!(%error, "a copy of somebody's data could not be made");
                State::Failed
            }
            None => State::Failed,
        };
        shop.store.commit(move |plan| Ok(note(plan, subject, vault, &row, state)?)).await?;
    }
    Ok(())
}

fn waiting(shop: &Shop) -> StoreResult<Vec<(SubjectId, VaultId, ExportRow)>> {
    let rows = shop.store.view()?.list(&EXPORTS, &[])?;
    let waits = rows.into_iter().filter(|row| row.record.state == State::Waiting);
    Ok(waits.filter_map(|row| Some((row.key, row.vault?, row.record))).collect())
}

/// Writes the file of a copy. Returns its length, unsealed.
fn make(shop: &Shop, subject: SubjectId, vault: VaultId, row: &ExportRow) -> StoreResult<u64> {
    let view = shop.store.view()?;
    // Whoever is leaving is not served: their data rests.
    let account = accounts::get(&view, subject)?;
    if account.leaving.is_some() {
        return Err(StoreError::Erased);
    }
    let sections = gather::all(shop, &view, &account, row.language)?;
    let zip = packed::zip(shop, row, &sections)?;
    let name = file_name(row);
    let sealed = view.seal_file(vault, &name, &zip)?;
    files::write(&*shop.disk, &folder(&shop.dir).join(&name), &sealed)?;
    Ok(zip.len() as u64)
}

/// Notes what became of a copy, unless it was erased or asked for anew meanwhile.
fn note(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    vault: VaultId,
    row: &ExportRow,
    state: State,
) -> StoreResult<()> {
    let Some((stored, Some(lies_in))) = plan.get_row(&EXPORTS, &subject)? else { return Ok(()) };
    if lies_in != vault || stored != *row {
        return Ok(());
    }
    plan.update(&EXPORTS, &subject, &ExportRow { state, ..stored })
}

/// Removes the files that nothing opens any more.
///
/// # Errors
/// If the folder could not be read or written.
pub async fn remove_dead(shop: &Shop) -> Decided<()> {
    let handle = shop.clone();
    let removed = shop::aside("files", move || {
        handle.store.view()?.remove_dead_files(&*handle.disk, &folder(&handle.dir))
    });
    match removed.await {
        Some(Err(error)) => Err(Stop::Failed(error)),
        _ => Ok(()),
    }
}
