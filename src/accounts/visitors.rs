//! Visitors who send something without an account: what they typed waits until a code has proven their
//! contact. For the rooms that take something from visitors.

use maud::{Markup, html};

use super::codes::{self, Ask, Purpose};
use super::pages::{self, asked};
use crate::classes::Class;
use crate::contact::Contact;
use crate::notify;
use crate::store::{Decided, Plan, Record, StoreResult, Table};
use crate::t;
use crate::web::ui::{self, Field, Problems};
use crate::web::{Answer, Cookie, Form, Visit, see, with_cookie};

/// What was typed waits for its code this many seconds.
const WAITS: i64 = 60 * 60;

/// Where a room keeps what waits, and what it is.
pub struct Waiting<R: 'static> {
    pub table: &'static Table<[u8; 32], R>,
    /// The key in the table, of the browser's step token.
    pub key: fn(&str) -> [u8; 32],
    pub row: R,
}

/// Sends a code to a contact that was typed as `contact` and keeps what waits for it, in the place of what
/// waited before; then on to `there`. What comes back is the same for every contact.
///
/// # Errors
/// A refusal if too many codes went to this contact.
pub async fn ask<R: Record + Send + 'static>(
    visit: &Visit,
    purpose: Purpose,
    contact: Contact,
    waiting: Waiting<R>,
    there: &str,
) -> Answer {
    let step = codes::step_of(visit);
    let ask = Ask::of_visitor(visit, purpose, &step, contact);
    let (random, Waiting { table, key, row }) = (visit.shop.random.clone(), waiting);
    let key = key(&step);
    let decide = move |plan: &mut Plan<'_>| -> Decided<()> {
        codes::ask(plan, &ask, &*random)?;
        if let Some((_, Some(before))) = plan.get_row(table, &key)? {
            plan.drop_vault(before)?;
        }
        let vault = plan.new_vault(Class::Registration, Some(plan.now.plus_seconds(WAITS)))?;
        Ok(plan.put_in(table, &key, vault, &row)?)
    };
    visit.shop.store.commit(decide).await?;
    Ok(with_cookie(see(there), &visit.shop, Cookie::Step, &step))
}

/// Whether this browser is to be shown the field for the code, and not the form again.
///
/// # Errors
/// If the store could not be read.
pub fn awaits_code(visit: &Visit, purpose: &Purpose) -> StoreResult<bool> {
    let now = visit.shop.clock.now();
    let awaited = codes::awaited(&visit.view()?, visit.step.as_deref(), purpose, now)?;
    Ok(awaited.is_some() && asked(visit, "again").is_empty())
}

/// The field for a contact that a code goes to, and later the word that there is an answer.
pub fn contact_field(visit: &Visit, form: &Form, problems: &Problems) -> Markup {
    let l = visit.locale;
    let label = pages::contact_label(l, notify::reach(&visit.shop));
    let hint = t!(
        l,
        "A code goes there, and later the word that there is an answer.",
        "验证码和答复通知将发送至此。"
    );
    Field::text("contact", &label).value(form.raw("contact")).hint(&hint).problems(problems).render()
}

/// The form for the code, at `here`, and the way back to the first one.
pub fn code_form(visit: &Visit, here: &str, problems: &Problems) -> Markup {
    let l = visit.locale;
    html! {
        (ui::form(here, html! {
            (pages::code_field(l, problems))
            (ui::primary_button(&t!(l, "Go on", "继续")))
        }))
        p { a href={ (here) "?again=1" } { (t!(l, "Begin anew", "重新填写")) } }
    }
}
