//! What opening makes of each slot's two copies and of what `shop.redb` says. Rules only: nothing
//! is read or written here, so a refusal always comes before the first write.

use std::collections::HashMap;

use super::dropped::Dropped;
use super::epoch::Epoch;
use super::slot::{Content, Reading, Valid};
use super::{KeyringError, Side};
use crate::ids::EpochId;

/// What `shop.redb` says of an epoch. One that is all dropped has a full list and may have lost
/// its slot to a later epoch.
#[derive(Clone, Debug)]
pub struct EpochOnRecord {
    pub epoch: EpochId,
    pub class: u8,
    pub slot: u32,
    /// The slot is being written; no number was taken yet.
    pub making: bool,
    /// The save known to be stored in both files.
    pub settled: u64,
    /// The list of erasures for this epoch.
    pub dropped: Dropped,
}

impl EpochOnRecord {
    pub(super) fn is_living(&self) -> bool {
        !self.making && !self.dropped.is_all()
    }

    fn is_gone(&self) -> bool {
        !self.making && self.dropped.is_all()
    }
}

/// What became of one slot.
pub struct Verdict {
    pub content: Content,
    /// The highest save known of this slot.
    pub save: u64,
    /// Where it is to be written anew: the copy to write first, because only the other is sure.
    pub doubt: Option<Side>,
    /// Bytes of head and body, if it stays as it is.
    pub length: usize,
    /// What was wrong, in sentences.
    pub notes: Vec<String>,
}

/// The records, found by epoch and by slot.
pub struct Records<'a> {
    by_epoch: HashMap<EpochId, &'a EpochOnRecord>,
    living: HashMap<u32, &'a EpochOnRecord>,
}

impl<'a> Records<'a> {
    /// Refuses if two living epochs claim one slot.
    pub fn new(on_record: &'a [EpochOnRecord]) -> Result<Self, KeyringError> {
        let by_epoch = on_record.iter().map(|record| (record.epoch, record)).collect();
        let mut living = HashMap::new();
        for record in on_record.iter().filter(|record| record.is_living()) {
            if living.insert(record.slot, record).is_some() {
                return Err(KeyringError::Disagree {
                    epoch: record.epoch,
                    what: "another living epoch claims the same slot",
                });
            }
        }
        Ok(Self { by_epoch, living })
    }

    /// Whether nothing can be lost with this slot: an epoch that is all dropped or still being
    /// made claims it, and no living one does.
    fn is_expendable(&self, slot: u32) -> bool {
        let claimed = self.by_epoch.values().any(|record| record.slot == slot && !record.is_living());
        claimed && !self.living.contains_key(&slot)
    }

    fn is_being_made(&self, slot: u32) -> bool {
        self.by_epoch.values().any(|record| record.slot == slot && record.making)
    }

    /// The record of a slot that was opened, if it can be right.
    fn admit(&self, number: u32, epoch: &Epoch) -> Result<&'a EpochOnRecord, KeyringError> {
        let (id, dropped) = (epoch.id(), epoch.cover.dropped());
        let put_back = |why| Err(KeyringError::PutBack { why });
        let Some(record) = self.by_epoch.get(&id).copied() else {
            return put_back(format!("slot {number} holds epoch {id:?}, of which it knows nothing"));
        };
        if record.making && !dropped.is_empty() {
            return put_back(format!("epoch {id:?} is in use, and there it is still being made"));
        }
        if record.making || record.is_gone() {
            return Ok(record);
        }
        if record.slot != number {
            return Err(KeyringError::Disagree { epoch: id, what: "it stands in another slot" });
        }
        if record.class != epoch.class {
            return Err(KeyringError::Disagree { epoch: id, what: "it is of another class" });
        }
        if !dropped.is_within(&record.dropped) {
            return put_back(format!("vaults of epoch {id:?} are dropped that its list does not name"));
        }
        Ok(record)
    }
}

/// Decides what slot `number` holds, from its two copies.
pub fn decide(number: u32, a: Reading, b: Reading, records: &Records) -> Result<Verdict, KeyringError> {
    for copy in [&a, &b] {
        if let Reading::Valid(Valid { content: Content::Epoch(epoch), .. }) = copy {
            records.admit(number, epoch)?;
        }
    }
    match (a, b) {
        (Reading::Valid(a), Reading::Twin { clean }) => both_alike(number, a, clean, records),
        (Reading::Valid(a), Reading::Valid(b)) => both_valid(number, a, b, records),
        (Reading::Valid(a), b) => one_valid(number, a, Side::B, &b, records),
        (a, Reading::Valid(b)) => one_valid(number, b, Side::A, &a, records),
        // What was to be cleared and now reads as zeros need not be stored as zeros.
        (Reading::Empty, Reading::Empty) if records.is_being_made(number) => {
            Ok(Verdict::cleared(0, Vec::new()))
        }
        (Reading::Empty, Reading::Empty) if number > 0 => Ok(Verdict::untouched_free()),
        (a, b) => none_valid(number, &a, &b, records),
    }
}

fn both_alike(number: u32, valid: Valid, clean: bool, records: &Records) -> Result<Verdict, KeyringError> {
    let settled = settled(&valid, records);
    let mut notes = Vec::new();
    // Two equal copies prove nothing after a failed sync: what is read need not be stored. Only the
    // one that was synced before the other was touched is sure.
    let mut doubt = (valid.save > settled).then_some(valid.first.other());
    if !(valid.clean && clean) {
        notes
            .push(format!("Slot {number} of the keyring had old bytes behind its end; it was written anew."));
        doubt = doubt.or(Some(Side::A));
    }
    // A rotation of the master key that was cut off is finished here.
    if valid.key > 0 {
        doubt = doubt.or(Some(Side::A));
    }
    Ok(held(number, valid, settled, doubt, notes, records))
}

fn both_valid(number: u32, a: Valid, b: Valid, records: &Records) -> Result<Verdict, KeyringError> {
    let save = a.save.max(b.save);
    let expected = |copy: &Valid| match &copy.content {
        Content::Epoch(epoch) => records.living.get(&number).is_some_and(|r| r.epoch == epoch.id()),
        _ => false,
    };
    let note = match a.save == b.save {
        true => format!("Slot {number} of the keyring had two states under one number; it was written anew."),
        false => {
            format!("Slot {number} of the keyring was behind in one copy; the newest was written to both.")
        }
    };
    let a_wins = match (expected(&a), expected(&b)) {
        (true, false) => true,
        (false, true) => false,
        _ => a.save >= b.save,
    };
    // The newest may not be stored, so it is written again first, while the older one stands.
    let (mut valid, side) = if a_wins { (a, Side::A) } else { (b, Side::B) };
    valid.save = save;
    let settled = settled(&valid, records);
    Ok(held(number, valid, settled, Some(side), vec![note], records))
}

fn one_valid(
    number: u32,
    valid: Valid,
    bad: Side,
    reading: &Reading,
    records: &Records,
) -> Result<Verdict, KeyringError> {
    let why = describe(reading);
    let note =
        format!("Slot {number} of the keyring was bad in copy {bad} ({why}); it was mended from the other.");
    let settled = settled(&valid, records);
    Ok(held(number, valid, settled, Some(bad), vec![note], records))
}

fn none_valid(number: u32, a: &Reading, b: &Reading, records: &Records) -> Result<Verdict, KeyringError> {
    match (a, b) {
        (Reading::OtherShop(found), Reading::OtherShop(same)) if found == same => {
            return Err(KeyringError::OtherShop { found: *found });
        }
        (Reading::WrongKey, Reading::WrongKey) => return Err(KeyringError::WrongKey),
        _ => {}
    }
    // Nothing can be lost with a slot that no living epoch claims: where one copy is empty, or where
    // an epoch that is all dropped, or not yet made, stood in it. Anything else may be an epoch that
    // an old `shop.redb` doesn't know.
    let one_empty = matches!(a, Reading::Empty) || matches!(b, Reading::Empty);
    let is_free = one_empty && !records.living.contains_key(&number);
    if number == 0 || !(is_free || records.is_expendable(number)) {
        return Err(KeyringError::Damaged { slot: number, a: describe(a), b: describe(b) });
    }
    let note =
        format!("Slot {number} of the keyring held no living epoch and could not be read; it was cleared.");
    let notes = if records.is_being_made(number) { Vec::new() } else { vec![note] };
    Ok(Verdict::cleared(0, notes))
}

/// The save that `shop.redb` knows to be stored in both copies; the mark of slot 0 is never behind.
fn settled(valid: &Valid, records: &Records) -> u64 {
    match &valid.content {
        Content::Epoch(epoch) => records.by_epoch.get(&epoch.id()).map_or(0, |record| record.settled),
        _ => valid.save,
    }
}

/// The verdict on a slot with a valid copy: its epoch is kept, or cleared if it was being made.
fn held(
    number: u32,
    valid: Valid,
    settled: u64,
    mut doubt: Option<Side>,
    mut notes: Vec<String>,
    records: &Records,
) -> Verdict {
    let save = valid.save.max(settled);
    if let Content::Epoch(epoch) = &valid.content {
        let record = records.by_epoch.get(&epoch.id());
        let making = record.is_some_and(|record| record.making);
        if making || (epoch.is_all_dropped() && records.is_being_made(number)) {
            return Verdict::cleared(save, Vec::new());
        }
    }
    if valid.save < settled {
        notes.push(format!(
            "Slot {number} of the keyring was older than the shop knows; the list was followed."
        ));
        doubt = doubt.or(Some(Side::A));
    }
    Verdict { content: valid.content, save, doubt, length: valid.length, notes }
}

impl Verdict {
    fn untouched_free() -> Self {
        Self { content: Content::Free, save: 0, doubt: None, length: 0, notes: Vec::new() }
    }

    /// To be overwritten with zeros in both copies.
    fn cleared(save: u64, notes: Vec<String>) -> Self {
        Self { content: Content::Free, save, doubt: Some(Side::A), length: 0, notes }
    }
}

fn describe(reading: &Reading) -> String {
    match reading {
        Reading::Empty => "nothing there".into(),
        Reading::Valid(_) | Reading::Twin { .. } => "sound".into(),
        Reading::WrongKey => "another master key".into(),
        Reading::OtherShop(_) => "another shop's".into(),
        Reading::Bad(why) => (*why).into(),
    }
}
