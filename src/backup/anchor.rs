//! Anchors of the access log (SEC-07): where the chain ended, signed, hourly at each place. Whoever cuts the
//! log or writes it anew afterwards is found out by any anchor that is older.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::signing::{is_signed, signer};
use super::{BackupError, Place, Places, archive, not_stored, places};
use crate::clock::Timestamp;
use crate::notify;
use crate::shop::Shop;
use crate::staff::access_log;
use crate::store::{Decided, Plan, record, tables};

/// The name of the anchor at each place.
pub const ANCHOR: &str = "audit.anchor";

/// Where the chain of the access log ended. It names nobody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Anchor {
    /// Hexadecimal digits, like the others.
    pub shop: String,
    pub lineage: String,
    /// How many entries there were.
    pub count: u64,
    pub digest: String,
    /// When the last of them was written.
    pub at: String,
    /// The signature on all of that, in base 64.
    pub signature: String,
}

impl Anchor {
    /// What is signed: never text that is signed anywhere else.
    fn message(&self) -> String {
        let Self { shop, lineage, count, digest, at, .. } = self;
        format!("tuckshop access log\n{shop}\n{lineage}\n{count}\n{digest}\n{at}\n")
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// The anchor of the log as it stands.
///
/// # Errors
/// If the store can't be read.
pub fn current(shop: &Shop) -> Result<Anchor, BackupError> {
    let view = shop.store.view()?;
    let (head, log) = (archive::head_of(&view)?, access_log::head(&view)?);
    let mut anchor = Anchor {
        shop: hex(&head.shop.0),
        lineage: hex(&head.lineage),
        count: log.count,
        digest: hex(&log.digest),
        at: log.at.to_string(),
        signature: String::new(),
    };
    anchor.signature = data_encoding::BASE64.encode(&signer(shop)?.sign(anchor.message().as_bytes()));
    Ok(anchor)
}

fn read(shop: &Shop, place: &Place) -> Result<Option<Anchor>, BackupError> {
    let path = place.folder.join(ANCHOR);
    let io = BackupError::io(&path);
    if shop.disk.len(&path).map_err(&io)?.is_none() {
        return Ok(None);
    }
    let bytes = shop.disk.read(&path).map_err(&io)?;
    let what = || BackupError::Damaged { path: path.clone(), what: "it is no anchor".to_owned() };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| what())
}

/// Leaves an anchor at each place where the log has gone on since the last one. Slow: call it off the
/// async threads.
///
/// # Errors
/// In words, the first that failed; the other places have theirs.
pub fn leave_anchors(shop: &Shop) -> Result<(), BackupError> {
    let anchor = current(shop)?;
    let mut first = Ok(());
    for place in places(shop) {
        first = first.and(leave_at(shop, &place, &anchor));
    }
    first.and(mail_weekly(shop, &anchor))
}

/// How often an owner gets the anchor by mail, in seconds.
const MAIL_EVERY: i64 = 7 * 24 * 60 * 60;

record! {
    /// When the anchor was last mailed, and over how many entries.
    #[derive(Clone, Debug)]
    pub struct MailedRow {
        pub at: Timestamp = NotPersonal,
        pub count: u64 = NotPersonal,
    }
}

tables! {
    pub MAILED: () => MailedRow = "audit_mailed" of Public;
}

/// Once a week, where the log has gone on, the owners get the anchor by mail: it lies where nobody who
/// takes the server over can reach it.
fn mail_weekly(shop: &Shop, anchor: &Anchor) -> Result<(), BackupError> {
    let count = anchor.count;
    let decide = move |plan: &mut Plan<'_>| {
        let last = plan.get(&MAILED, &())?.unwrap_or(MailedRow { at: Timestamp::default(), count: 0 });
        if count == last.count || plan.now.seconds_since(last.at) < MAIL_EVERY {
            return Ok(());
        }
        notify::queue_anchor(plan)?;
        Ok(plan.put(&MAILED, &(), &MailedRow { at: plan.now, count })?)
    };
    shop.store.commit_blocking(decide).map_err(not_stored)
}

fn leave_at(shop: &Shop, place: &Place, anchor: &Anchor) -> Result<(), BackupError> {
    // A damaged one is replaced; an intact one of a longer log is evidence, and stays.
    if let Ok(Some(known)) = read(shop, place)
        && known.lineage == anchor.lineage
        && known.count >= anchor.count
    {
        return Ok(());
    }
    let at_places = shop.of::<Places>();
    let alone = at_places.alone();
    place.claim(shop, &alone)?;
    let path = place.folder.join(ANCHOR);
    let text = serde_json::to_vec_pretty(anchor).map_err(|error| BackupError::io(&path)(error.into()))?;
    shop.disk.replace(&path, &text).map_err(BackupError::io(&path))
}

/// What a look at the whole log came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Audit {
    pub entries: u64,
    /// What is wrong, a sentence for each.
    pub faults: Vec<String>,
    /// The anchors that were compared, by place.
    pub anchors: Vec<(PathBuf, Anchor)>,
    /// What could not be compared, and why.
    pub unread: Vec<String>,
}

/// Walks the whole access log and compares it with every anchor that can be reached. Slow: call it off
/// the async threads.
///
/// # Errors
/// If the store can't be read.
pub fn audit(shop: &Shop) -> Result<Audit, BackupError> {
    let view = shop.store.view()?;
    let mut audit = Audit { entries: 0, faults: Vec::new(), anchors: Vec::new(), unread: Vec::new() };
    match access_log::verify_chain(&view)? {
        Ok(entries) => audit.entries = entries,
        Err(number) => audit.faults.push(format!("entry {number} was altered, moved or removed")),
    }
    let (lineage, public) = (hex(&archive::head_of(&view)?.lineage), signer(shop)?.public());
    for place in places(shop) {
        let path = place.folder.join(ANCHOR);
        let anchor = match read(shop, &place) {
            Ok(Some(anchor)) => anchor,
            Ok(None) => {
                audit.unread.push(format!("{}: there is none yet", path.display()));
                continue;
            }
            Err(error) => {
                audit.unread.push(error.to_string());
                continue;
            }
        };
        let signature = data_encoding::BASE64.decode(anchor.signature.as_bytes()).unwrap_or_default();
        if !is_signed(&public, anchor.message().as_bytes(), &signature) {
            audit.faults.push(format!("{}: this shop did not sign it", path.display()));
            continue;
        }
        if anchor.lineage != lineage {
            audit.unread.push(format!("{}: it is of the shop from before a restore", path.display()));
            continue;
        }
        let known = access_log::digest_at(&view, anchor.count)?.map(|digest| hex(&digest));
        if known.as_ref() != Some(&anchor.digest) {
            audit.faults.push(format!(
                "{}: the log is not the one that had {} entries on {}",
                path.display(),
                anchor.count,
                anchor.at
            ));
        }
        audit.anchors.push((place.folder, anchor));
    }
    Ok(audit)
}

/// Leaves the head of the chain at each place, and mails it where that is due.
///
/// # Errors
/// None: a place that can't be written is warned of, and tried again.
pub(super) async fn leave(shop: Shop) -> Decided<()> {
    let left = crate::shop::aside("anchor", move || leave_anchors(&shop)).await;
    if let Some(Err(error)) = left {
        tracing::warn!(%error, "an anchor of the access log was not left");
    }
    Ok(())
}
