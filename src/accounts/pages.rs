//! What the pages of this room share.

use maud::{Markup, html};

pub use crate::front::{asked, or_again, or_again_at, said};

use crate::contact::Contact;
use crate::locale::{Locale, Text};
use crate::notify::{self, Reach};
use crate::refusal::{Problem, Refusal};
use crate::store::Stop;
use crate::t;
use crate::web::ui::{self, Field, Tone};
use crate::web::{Form, Visit};

use super::codes::Awaited;

/// One problem as a refused form.
pub fn problem(problem: Problem) -> Stop {
    Refusal::invalid(vec![problem]).into()
}

/// A contact field's label, by what the shop can reach.
pub fn contact_label(l: Locale, reach: Reach) -> String {
    match (reach.email, reach.sms) {
        (true, false) => t!(l, "Email", "邮箱"),
        (false, true) => t!(l, "Mobile number", "手机号"),
        _ => t!(l, "Email or mobile number", "手机号或邮箱"),
    }
}

/// Reads a contact that the shop can reach. What is wrong is added to `problems`.
pub fn read_contact(visit: &Visit, form: &Form, field: &str, problems: &mut Vec<Problem>) -> Option<Contact> {
    let before = problems.len();
    let text = form.line(field, 254, problems);
    if problems.len() > before {
        return None;
    }
    let reach = notify::reach(&visit.shop);
    match Contact::parse(&text, &visit.shop.settings().country) {
        Err(says) => problems.push(Problem::new(field, says)),
        Ok(Contact::Mobile(_)) if !reach.sms => problems.push(Problem::new(field, ONLY_EMAIL)),
        Ok(Contact::Email(_)) if !reach.email => problems.push(Problem::new(field, ONLY_SMS)),
        Ok(contact) => return Some(contact),
    }
    None
}

pub const ONLY_EMAIL: Text = Text::new(
    "The shop sends codes by email only at the moment. Enter an email address.",
    "店铺目前仅支持邮箱验证，请填写邮箱。",
);
pub const ONLY_SMS: Text = Text::new(
    "The shop sends codes by text message only at the moment. Enter a mobile number.",
    "店铺目前仅支持短信验证，请填写手机号。",
);

/// What stands over a field for a code: where it went, and how long it is good.
pub fn code_sent(visit: &Visit, awaited: &Awaited) -> Markup {
    let l = visit.locale;
    let (contact, life) = (awaited.contact.as_str(), code_life(visit));
    html! {
        p {
            (t!(l, "We have sent a message to {contact}. It holds a code of six digits, which is good for {life}.",
                "我们已向 {contact} 发送消息，请在 {life}内填写其中的 6 位验证码。"))
        }
    }
}

/// How long a code is good, in words.
pub fn code_life(visit: &Visit) -> String {
    visit.shop.retention().code.text(visit.locale)
}

/// The field for a code.
pub fn code_field(l: Locale, problems: &ui::Problems) -> Markup {
    Field::code("code", &t!(l, "Code", "验证码")).problems(problems).render()
}

/// The form that asks for another code.
pub fn resend(visit: &Visit, action: &str, awaited: &Awaited, hidden: Markup) -> Markup {
    let l = visit.locale;
    let (wait, at) = awaited.next(visit.shop.clock.now());
    let minute = at.minute(visit.shop.zone());
    let clock = minute.split(' ').next_back().unwrap_or_default();
    ui::form(
        action,
        html! { (hidden) (ui::resend_button(l, &t!(l, "Send another code", "重新获取验证码"), wait, clock)) },
    )
}

/// Said where no contact can be reached at all.
pub fn nobody_can_be_reached(l: Locale) -> Markup {
    ui::notice(
        Tone::Warn,
        html! {
            (t!(l, "The shop can send neither email nor text messages at the moment, so nobody can register or get a code. Please come back later.",
                "店铺暂时无法发送邮件或短信，目前不能注册或获取验证码，请稍后再来。"))
        },
    )
}
