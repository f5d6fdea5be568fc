//! Sending: what is due is marked, written, sent and marked again, a few at a time.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::queue::{self, Keep, Outcome};
use super::records::{PassingRow, What, queued_at};
use super::texts::{self, Written};
use super::transport;
use crate::contact::Contact;
use crate::ids::MessageId;
use crate::refusal::{Decided, Stop};
use crate::shop::Shop;
use crate::store::{StoreError, StoreResult, View};
use crate::{accounts, orders, staff};

/// The outbox is looked at this often even if nobody rang.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After being told to stop, messages that are on their way have this long.
const FAREWELL: Duration = Duration::from_secs(5);
/// How many messages are read from a queue at a time.
const AT_ONCE: usize = 40;
/// How many conversations with the mail server are open at a time.
const SIDE_BY_SIDE: usize = 4;

/// Sends what is due until told to stop. What a crash cut off is marked first.
pub async fn run(shop: Shop, mut stop: watch::Receiver<bool>) {
    if shop.config().sms.is_some() && !transport::is_practice(&shop) {
        tracing::warn!("[sms] is configured, but this release sends no SMS: mobile numbers can't be reached");
    }
    let mut recovered = false;
    loop {
        if !recovered {
            recovered = recover(&shop).await;
        }
        if recovered {
            let mut work = std::pin::pin!(send_due(&shop));
            let done = tokio::select! {
                done = &mut work => Some(done),
                () = told(&mut stop) => tokio::time::timeout(FAREWELL, work).await.ok(),
            };
            if let Some(Err(error)) = done {
                tracing::error!(%error, "the outbox could not be worked off and is tried again");
            }
        }
        tokio::select! {
            () = shop.outbox_bell.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = told(&mut stop) => return,
        }
    }
}

/// Waits until told to stop, or until nobody is left who could tell.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopping| *stopping).await;
}

/// Marks what was being sent when the shop was last closed or cut off; false if it can't.
pub(super) async fn recover(shop: &Shop) -> bool {
    let keep = Keep::of(shop.config());
    match shop.store.commit(move |plan| queue::recover(plan, &keep)).await {
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
        sent += side_by_side(shop, &codes, send_passing).await?;
        let messages = queue::due(&shop.store.view()?, shop.clock.now(), AT_ONCE)?;
        sent += side_by_side(shop, &messages, send_message).await?;
        if codes.is_empty() && messages.is_empty() {
            return Ok(sent);
        }
    }
}

async fn side_by_side<F>(shop: &Shop, due: &[MessageId], send: fn(Shop, MessageId) -> F) -> StoreResult<usize>
where
    F: Future<Output = Decided<bool>> + Send + 'static,
{
    let mut sent = 0;
    let mut on_the_way = JoinSet::new();
    for id in due {
        if on_the_way.len() >= SIDE_BY_SIDE {
            sent += landed(on_the_way.join_next().await)?;
        }
        on_the_way.spawn(send(shop.clone(), *id));
    }
    while !on_the_way.is_empty() {
        sent += landed(on_the_way.join_next().await)?;
    }
    Ok(sent)
}

fn landed(joined: Option<Result<Decided<bool>, tokio::task::JoinError>>) -> StoreResult<usize> {
    match joined {
        None => Ok(0),
        Some(Ok(Ok(sent))) => Ok(usize::from(sent)),
        Some(Ok(Err(Stop::Failed(error)))) => Err(error),
        // Nothing is refused while sending.
        Some(Ok(Err(Stop::Refused(_)))) => Ok(0),
        Some(Err(_)) => Err(StoreError::Panicked),
    }
}

/// Sends one message; true if it left.
async fn send_message(shop: Shop, id: MessageId) -> Decided<bool> {
    let Some(what) = shop.store.commit(move |plan| queue::claim(plan, id)).await? else { return Ok(false) };
    let outcome = match write(&shop, &what, id) {
        Ok(Some((to, written))) => transport::send(&shop, &to, &written, &public_id(&shop, id)?).await,
        Ok(None) => Outcome::Unreachable,
        // Nothing left, so it may wait: the store may be read again in a while.
        Err(error) => {
            tracing::error!(%error, "a message could not be written");
            Outcome::Later(None)
        }
    };
    let keep = Keep::of(shop.config());
    shop.store.commit(move |plan| queue::conclude(plan, id, outcome, &keep)).await?;
    Ok(outcome == Outcome::Sent)
}

/// Fills in address and text; `None` if there is nobody to write to, or nothing to write about.
fn write(shop: &Shop, what: &What, id: MessageId) -> StoreResult<Option<(Contact, Written)>> {
    let view = shop.store.view()?;
    match what {
        What::Order { number, step, subject } => {
            let Some((to, l)) = holder(&view, shop, *subject)? else { return Ok(None) };
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
        What::Account { subject, notice } => {
            let Some((to, l)) = holder(&view, shop, *subject)? else { return Ok(None) };
            Ok(Some((to, texts::notice_message(shop, *notice, queued_at(id), l))))
        }
    }
}

/// The contact of an account that the shop can reach, email first, and its language.
fn holder(
    view: &View<'_>,
    shop: &Shop,
    subject: crate::ids::SubjectId,
) -> StoreResult<Option<(Contact, crate::locale::Locale)>> {
    let Some(account) = accounts::find(view, subject)? else { return Ok(None) };
    let reach = transport::reach(shop);
    let email = account.email.filter(|_| reach.email).map(Contact::Email);
    let contact = email.or_else(|| account.mobile.filter(|_| reach.sms).map(Contact::Mobile));
    Ok(contact.map(|contact| (contact, account.language)))
}

/// Sends one code or notice; true if it left.
async fn send_passing(shop: Shop, id: MessageId) -> Decided<bool> {
    let life = life_of_codes(&shop);
    let claimed = shop.store.commit(move |plan| queue::claim_passing(plan, id, life)).await?;
    let Some(row) = claimed else { return Ok(false) };
    let outcome = send_row(&shop, &row, id).await?;
    let again = shop.store.commit(move |plan| queue::conclude_passing(plan, id, outcome, life)).await?;
    if outcome != Outcome::Sent && !again {
        tracing::warn!(?outcome, "a code or notice was given up");
    }
    Ok(outcome == Outcome::Sent)
}

async fn send_row(shop: &Shop, row: &PassingRow, id: MessageId) -> StoreResult<Outcome> {
    let written = texts::passing(shop, &row.says, queued_at(id), row.locale);
    Ok(transport::send(shop, &row.to(), &written, &public_id(shop, id)?).await)
}

/// How many seconds a code, or a notice to a bare contact, is worth sending.
fn life_of_codes(shop: &Shop) -> i64 {
    // A code's period is bounded to an hour, so it has a fixed length.
    let life = shop.config().retention.code.duration().unwrap_or(Duration::from_secs(600));
    i64::try_from(life.as_secs()).unwrap_or(600)
}

/// What mails call the message: the same at each try, so that a copy is known as one, and without
/// the count that is in its id.
fn public_id(shop: &Shop, id: MessageId) -> StoreResult<String> {
    let mut named = shop.store.head()?.shop.0.to_vec();
    named.extend_from_slice(&id.0);
    Ok(data_encoding::HEXLOWER.encode(&digest(&SHA256, &named).as_ref()[..16]))
}
