//! The owner's word that a restored shop goes on: what only the lost hours knew is dropped, and the
//! places are this line's from now on. Never by a timer, and never in a rehearsal.

use std::path::PathBuf;

use super::place::{self, PlaceId};
use super::restore::identities_in;
use super::{BackupError, KEYRING_COPY, Place, archive, copy, not_stored, places, signing};
use crate::shop::Shop;
use crate::store::lists::List;
use crate::store::{Plan, RestoreKind};

/// What the owner is shown before.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// Vaults that only the hours after the backup knew, as far as the restore could see.
    pub lost_hours: u64,
    /// Places where the other line writes, with its newest archive there.
    pub others: Vec<(Place, Option<String>)>,
    /// Places whose list of erasures has moved on since the restore: the identity is asked for.
    pub moved_on: Vec<Place>,
}

/// Whether this shop was restored and waits to be told that it goes on.
///
/// # Errors
/// If the store can't be read.
pub fn question(shop: &Shop) -> Result<Option<Question>, BackupError> {
    let view = shop.store.view()?;
    let Some((restored, lost_hours)) = view.restored()? else { return Ok(None) };
    let head = archive::head_of(&view)?;
    let (mut others, mut moved_on) = (Vec::new(), Vec::new());
    for place in places(shop) {
        // A place that can't be looked at now is not taken over now.
        let Ok(Some(id)) = PlaceId::read(&*shop.disk, &place.folder) else { continue };
        if id.shop != head.shop || id.lineage == head.lineage {
            continue;
        }
        let newest = archive::names_at(&*shop.disk, &place.folder)?.pop();
        let name = newest.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        if id.list_number > restored.list_number {
            moved_on.push(place.clone());
        }
        others.push((place, name));
    }
    Ok(Some(Question { lost_hours, others, moved_on }))
}

/// Takes the owner's word. Slow: call it off the async threads. Returns the places taken over.
///
/// # Errors
/// [`BackupError::MovedOn`] if a list has moved on and no identity is given; what an identity does not
/// open; what can't be stored. Nothing is dropped then.
pub fn go_on(shop: &Shop, identity: &str) -> Result<Vec<PathBuf>, BackupError> {
    if shop.rehearsal {
        return Err(BackupError::Rehearsal);
    }
    let Some(question) = question(shop)? else { return Ok(Vec::new()) };
    let lists = lists_of(shop, &question.moved_on, identity)?;
    let decide = move |plan: &mut Plan<'_>| {
        lists.iter().try_for_each(|list| plan.follow_list(list))?;
        if !lists.is_empty() {
            plan.after_restore(RestoreKind::ListFollowed)?;
        }
        Ok(plan.drop_lost_hours()?)
    };
    shop.store.commit_blocking(decide).map_err(not_stored)?;
    let mut taken = Vec::new();
    for (place, _) in question.others {
        place::take_over(&shop.store, &*shop.disk, &*shop.random, &place)?;
        taken.push(place.folder);
    }
    Ok(taken)
}

fn lists_of(shop: &Shop, moved_on: &[Place], identity: &str) -> Result<Vec<List>, BackupError> {
    let Some(first) = moved_on.first() else { return Ok(Vec::new()) };
    if identity.trim().is_empty() {
        return Err(BackupError::MovedOn(first.folder.clone()));
    }
    let keys = identities_in(identity).ok_or_else(|| BackupError::NoIdentity(PathBuf::from("the field")))?;
    let signer = signing::signer(shop)?.public();
    let read = |place: &Place| {
        let (copied, _) =
            copy::read(&shop.disk, &place.folder.join(KEYRING_COPY), &keys.keys, Some(&signer))?;
        Ok(copied.list())
    };
    moved_on.iter().map(read).collect()
}
