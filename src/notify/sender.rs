//! Sending: what is due is marked, written, sent and marked again, a few at a time.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::queue::{self, Carried, Outcome};
use super::records::{PassingRow, What, queued_at};
use super::texts::{self, NoticeKind, Written};
use super::transport::{self, Tried};
use crate::contact::Contact;
use crate::digest;
use crate::ids::MessageId;
use crate::shop::Shop;
use crate::store::{Decided, Plan, Stop, StoreError, StoreResult, View};
use crate::{accounts, consent, orders, requests, staff};

/// The outbox is looked at this often even if nobody rang.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// So long after the bell rang, what came in is sent.
pub(super) const GATHER: Duration = Duration::from_millis(20);
/// After being told to stop, messages that are on their way have this long.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
/// How many messages are read from a queue at a time.
const AT_ONCE: usize = 40;
/// How many conversations with the mail server are open at a time.
const SIDE_BY_SIDE: usize = 4;

/// Whether what a crash cut off was marked since this process opened the shop.
#[derive(Default)]
struct Recovered(AtomicBool);

/// Sends what is due. What a crash cut off is marked first.
///
/// # Errors
/// If the store could not be read or written.
pub(super) async fn work_off(shop: &Shop) -> Decided<()> {
    let recovered = shop.of::<Recovered>();
    if !recovered.0.load(Ordering::SeqCst) {
        warn_of_sms(shop);
        if !recover(shop).await {
            return Ok(());
        }
        recovered.0.store(true, Ordering::SeqCst);
    }
    send_due(shop).await?;
    Ok(())
}

fn warn_of_sms(shop: &Shop) {
    if shop.config().sms.is_some() && !transport::is_practice(shop) {
        tracing::warn!("[sms] is configured, but this release sends no SMS: mobile numbers can't be reached");
    }
}

/// Marks what was being sent when the shop was last closed or cut off; false if it can't.
pub(super) async fn recover(shop: &Shop) -> bool {
    let handle = shop.clone();
    let carrier = move |view: &View<'_>, what: &What, id| carrier_of(&handle, view, what, id);
    match shop.store.commit(move |plan| queue::recover(plan, carrier)).await {
        Ok(0) => true,
        Ok(count) => {
            tracing::warn!(count, "messages may have been sent when the shop was cut off; see Messages");
            true
        }
        Err(stop) => {
            tracing::error!(%stop, "the outbox could not be looked through");
            false
        }
    }
}

/// Sends everything that is due now, codes first; each message once. Returns how many were sent.
///
/// # Errors
/// If the store can't be read or written; what was being sent then counts as 'may have been sent'
/// at the next start.
pub async fn send_due(shop: &Shop) -> StoreResult<usize> {
    let mut sent = 0;
    loop {
        let codes = queue::due_passing(&shop.store.view()?, shop.clock.now(), AT_ONCE)?;
        sent += side_by_side(shop, &codes, &CODES).await?;
        let messages = queue::due(&shop.store.view()?, shop.clock.now(), AT_ONCE)?;
        sent += side_by_side(shop, &messages, &MESSAGES).await?;
        if codes.is_empty() && messages.is_empty() {
            return Ok(sent);
        }
    }
}

/// How messages of one queue are marked and sent.
/// How one kind of messages is claimed, sent and concluded; the number is how many seconds a code is
/// worth sending.
struct Post<T> {
    claim: fn(&mut Plan<'_>, MessageId, i64) -> Decided<Option<T>>,
    send: fn(Shop, MessageId, T) -> Posted,
    conclude: fn(&mut Plan<'_>, MessageId, &Landed, i64) -> Decided<()>,
}

type Posted = Pin<Box<dyn Future<Output = Sent> + Send>>;
/// What became of a message.
type Sent = (MessageId, StoreResult<Landed>);

/// What became of a try, and who has seen something of the message, whatever became of it.
struct Landed {
    outcome: Outcome,
    seen_by: Option<Carried>,
}

impl Landed {
    /// A try of which no ledger is kept.
    const fn unnoted(outcome: Outcome) -> Self {
        Self { outcome, seen_by: None }
    }
}

const MESSAGES: Post<What> = Post {
    claim: |plan, id, _| queue::claim(plan, id),
    send: |shop, id, what| Box::pin(async move { (id, send_message(&shop, &what, id).await) }),
    conclude: |plan, id, landed, _| queue::conclude(plan, id, landed.outcome, landed.seen_by.as_ref()),
};

const CODES: Post<PassingRow> = Post {
    claim: queue::claim_passing,
    send: |shop, id, row| Box::pin(async move { (id, send_row(&shop, &row, id).await.map(Landed::unnoted)) }),
    conclude: |plan, id, landed, life| {
        let outcome = landed.outcome;
        let again = queue::conclude_passing(plan, id, outcome, life)?;
        if outcome != Outcome::Sent && !again {
            tracing::warn!(?outcome, "a code or notice was given up");
        }
        Ok(())
    },
};

/// Sends messages, a few at a time. What became of some and which are sent next is stored together.
async fn side_by_side<T: Send + 'static>(
    shop: &Shop,
    due: &[MessageId],
    post: &Post<T>,
) -> StoreResult<usize> {
    let (claim, conclude) = (post.claim, post.conclude);
    let life = life_of_codes(shop);
    let mut waiting = due.iter().copied();
    let mut on_the_way: JoinSet<Sent> = JoinSet::new();
    let mut landed: Vec<(MessageId, Landed)> = Vec::new();
    let mut sent = 0;
    loop {
        let next: Vec<MessageId> = waiting.by_ref().take(SIDE_BY_SIDE - on_the_way.len()).collect();
        if !next.is_empty() || !landed.is_empty() {
            let done = std::mem::take(&mut landed);
            let decide = move |plan: &mut Plan<'_>| {
                done.into_iter().try_for_each(|(id, landed)| conclude(plan, id, &landed, life))?;
                let mut claimed = Vec::new();
                for id in next {
                    claimed.extend(claim(plan, id, life)?.map(|what| (id, what)));
                }
                Ok(claimed)
            };
            for (id, what) in shop.store.commit(decide).await.map_err(failure)? {
                on_the_way.spawn((post.send)(shop.clone(), id, what));
            }
        }
        let Some(first) = on_the_way.join_next().await else {
            if waiting.len() == 0 {
                return Ok(sent);
            }
            continue;
        };
        // Whoever arrives in the same moment is noted in the same commit.
        tokio::task::yield_now().await;
        let others = std::iter::from_fn(|| on_the_way.try_join_next());
        for joined in std::iter::once(first).chain(others) {
            let (id, tried) = joined.map_err(|_| StoreError::Panicked)?;
            let tried = tried?;
            sent += usize::from(tried.outcome == Outcome::Sent);
            landed.push((id, tried));
        }
    }
}

/// Nothing is refused while sending.
fn failure(stop: Stop) -> StoreError {
    match stop {
        Stop::Failed(error) => error,
        Stop::Refused(_) => StoreError::Closed,
    }
}

async fn send_message(shop: &Shop, what: &What, id: MessageId) -> StoreResult<Landed> {
    match write(shop, what, id) {
        Ok(Some((to, written))) => {
            let reference = public_id(shop, id)?;
            let Tried { outcome, was_seen } = transport::send(shop, &to, &written, &reference).await;
            let seen_by = was_seen.then(|| Carried { with: transport::carrier(shop, &to), reference });
            Ok(Landed { outcome, seen_by })
        }
        Ok(None) => Ok(Landed::unnoted(Outcome::Unreachable)),
        // Nothing left, so it may wait: the store may be read again in a while.
        Err(error) => {
            tracing::error!(%error, "a message could not be written");
            Ok(Landed::unnoted(Outcome::Later(None)))
        }
    }
}

/// Fills in address and text; `None` if there is nobody to write to, or nothing to write about.
fn write(shop: &Shop, what: &What, id: MessageId) -> StoreResult<Option<(Contact, Written)>> {
    let view = shop.store.view()?;
    match what {
        What::Order { number, step, subject } => {
            let Some((to, l)) = holder(&view, shop, *subject, false)? else { return Ok(None) };
            let letter = orders::order_letter(&view, shop, number, *step, l)?;
            Ok(letter.map(|letter| (to, Written::letter(shop, letter, l))))
        }
        What::Staff { number, step, clerk } => {
            let Some(member) = staff::find(&view, *clerk)?.filter(|member| member.active) else {
                return Ok(None);
            };
            let letter = orders::staff_letter(&view, shop, number, *step, member.language)?;
            let written = letter.map(|letter| Written::letter(shop, letter, member.language));
            Ok(written.map(|written| (Contact::Email(member.email), written)))
        }
        What::Anchor { clerk } => {
            let Some(member) = staff::find(&view, *clerk)?.filter(|member| member.active) else {
                return Ok(None);
            };
            drop(view);
            let written = texts::anchor_message(shop, member.language);
            Ok(written.map(|written| (Contact::Email(member.email), written)))
        }
        What::Owner { clerk, notice } => {
            let member = staff::find(&view, *clerk)?.filter(|member| member.active && member.owner);
            Ok(member.map(|member| {
                (Contact::Email(member.email), texts::owner_message(shop, *notice, member.language))
            }))
        }
        What::Request { number, notice } => {
            let to = requests::contact_of(&view, number)?;
            Ok(to.map(|(to, l)| (to, texts::request_message(shop, *notice, number, queued_at(id), l))))
        }
        What::Conversation { id, word, clerk } => {
            let Some(member) = staff::find(&view, *clerk)?.filter(|member| member.active) else {
                return Ok(None);
            };
            let letter = texts::conversation_message(shop, *id, *word, member.language);
            Ok(Some((Contact::Email(member.email), Written::letter(shop, letter, member.language))))
        }
        What::Account { subject, notice } => {
            let leaving_too = notice.reaches_the_leaving();
            let Some((to, l)) = holder(&view, shop, *subject, leaving_too)? else { return Ok(None) };
            let added = match notice {
                NoticeKind::Cancelled => {
                    texts::receipts_part(shop, &consent::receipts_to_send(&view, *subject)?, l)
                }
                _ => String::new(),
            };
            Ok(Some((to, texts::notice_message(shop, *notice, &added, queued_at(id), l))))
        }
    }
}

/// Who would carry a message to a customer now; `None` for the staff's own.
fn carrier_of(shop: &Shop, view: &View<'_>, what: &What, id: MessageId) -> StoreResult<Option<Carried>> {
    let (What::Order { subject, .. } | What::Account { subject, .. }) = what else { return Ok(None) };
    let Some((to, _)) = holder(view, shop, *subject, true)? else { return Ok(None) };
    Ok(Some(Carried { with: transport::carrier(shop, &to), reference: public_id(shop, id)? }))
}

/// The contact of an account that the shop can reach, email first, and its language. A cancelled
/// account hears of little (RET-04).
fn holder(
    view: &View<'_>,
    shop: &Shop,
    subject: crate::ids::SubjectId,
    leaving_too: bool,
) -> StoreResult<Option<(Contact, crate::locale::Locale)>> {
    let known = accounts::find(view, subject)?;
    let Some(account) = known.filter(|account| leaving_too || account.leaving.is_none()) else {
        return Ok(None);
    };
    let reach = transport::reach(shop);
    let email = account.email.filter(|_| reach.email).map(Contact::Email);
    let contact = email.or_else(|| account.mobile.filter(|_| reach.sms).map(Contact::Mobile));
    Ok(contact.map(|contact| (contact, account.language)))
}

async fn send_row(shop: &Shop, row: &PassingRow, id: MessageId) -> StoreResult<Outcome> {
    let written = texts::passing(shop, &row.says, queued_at(id), row.locale);
    Ok(transport::send(shop, &row.to(), &written, &public_id(shop, id)?).await.outcome)
}

/// How many seconds a code, or a notice to a bare contact, is worth sending.
fn life_of_codes(shop: &Shop) -> i64 {
    // A code's period is bounded to an hour, so it has a fixed length.
    let life = shop.retention().code.duration().unwrap_or(Duration::from_secs(600));
    i64::try_from(life.as_secs()).unwrap_or(600)
}

/// What mails call the message: the same at each try, so that a copy is known as one, and without
/// the count that is in its id.
fn public_id(shop: &Shop, id: MessageId) -> StoreResult<String> {
    let mut named = shop.store.head()?.shop.0.to_vec();
    named.extend_from_slice(&id.0);
    Ok(digest::short_hex(&named, 16))
}
