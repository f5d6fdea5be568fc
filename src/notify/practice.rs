//! The practice outbox: in a demonstration or a rehearsal messages end here, in memory, and can be
//! read on a page of the demonstration.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::http::header;
use axum::response::IntoResponse;
use maud::{Markup, html};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::front::{self, Page};
use crate::locale::Locale;
use crate::t;
use crate::web::ui::{self, Tone};
use crate::web::{Answer, Route, Visit, Who, get, reply};

/// No more messages than this are kept.
const MOST: usize = 500;

/// Which way a message would have taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    Email,
    Sms,
}

/// A message as `/demo/outbox.json` gives it.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    pub channel: Channel,
    pub to: String,
    pub subject: String,
    pub body: String,
    /// ISO 8601, UTC.
    pub at: String,
    #[serde(skip)]
    moment: Timestamp,
}

/// The last messages that would have left.
#[derive(Default)]
pub struct Practice(Mutex<VecDeque<Taken>>);

impl Practice {
    pub(super) fn take(&self, channel: Channel, to: &str, subject: &str, body: &str, at: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.truncate(MOST - 1);
        all.push_front(Taken {
            channel,
            to: to.to_owned(),
            subject: subject.to_owned(),
            body: body.to_owned(),
            at: at.to_string(),
            moment: at,
        });
    }

    /// Every message that is kept, the newest first.
    pub fn newest(&self) -> Vec<Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![get("/demo/outbox", Who::Demo, show), get("/demo/outbox.json", Who::Demo, show_json)]
}

async fn show_json(visit: Visit) -> Answer {
    let text =
        serde_json::to_string(&visit.shop.of::<Practice>().newest()).unwrap_or_else(|_| "[]".to_owned());
    Ok(([(header::CONTENT_TYPE, "application/json; charset=utf-8")], text).into_response())
}

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let title = t!(l, "Outbox of the demonstration", "演示消息箱");
    let main = html! {
        (ui::heading(&title, ui::link_button("/demo/outbox", &t!(l, "Look again", "刷新"))))
        p {
            (t!(
                l,
                "Messages of this demonstration do not leave it; they end here, the newest first. Programs read them as ",
                "演示店铺的消息不会真正发出，都保存在这里，最新的在最前。程序可读取 "
            ))
            a href="/demo/outbox.json" { "/demo/outbox.json" } (t!(l, ".", "。"))
        }
        (list(&visit, l))
    };
    let page = Page { title: &title, noindex: true, ..Page::default() };
    Ok(reply::page(front::shop_page(&visit, &page, main)?))
}

fn list(visit: &Visit, l: Locale) -> Markup {
    let messages = visit.shop.of::<Practice>().newest();
    if messages.is_empty() {
        return ui::empty_state(&t!(l, "No message yet.", "还没有消息。"), html! {});
    }
    html! { @for message in &messages { (entry(visit, l, message)) } }
}

fn entry(visit: &Visit, l: Locale, message: &Taken) -> Markup {
    let channel = match message.channel {
        Channel::Email => t!(l, "Email", "邮件"),
        Channel::Sms => t!(l, "SMS", "短信"),
    };
    let head = html! {
        (ui::badge(Tone::Neutral, &channel)) " "
        strong { (message.to) } " "
        span { (message.moment.minute(visit.shop.zone())) }
    };
    let body = html! {
        @if !message.subject.is_empty() { h2 { (message.subject) } }
        @if let Some(code) = code_in(&message.body) { p { (ui::copyable(code)) } }
        @for line in message.body.lines().filter(|line| !line.is_empty()) { p { (line) } }
    };
    ui::entry(head, body, html! {})
}

/// The first run of exactly six digits that stands by itself.
fn code_in(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_and_an_order_number_is_none() {
        assert_eq!(code_in("Your code: 012345\n\nIt is"), Some("012345"));
        assert_eq!(code_in("验证码 012345，用于登录"), Some("012345"));
        assert_eq!(code_in("Order KWTR100042 over 1234567"), None);
    }

    #[test]
    fn only_the_last_messages_are_kept() {
        let practice = Practice::default();
        for number in 0..MOST + 20 {
            practice.take(Channel::Sms, "+8613800138000", "", &number.to_string(), Timestamp::default());
        }
        let kept = practice.newest();
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept[0].body, (MOST + 19).to_string());
    }
}
