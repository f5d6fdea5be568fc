//! Cookies: first-party, readable by this host only, each with a purpose and a life (CK-01, CK-02).

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::tz::TimeZone;

use crate::config::{Period, Retention};
use crate::locale::{Locale, Text};
use crate::shop::Shop;

/// A cookie that the shop may set; there is no other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cookie {
    /// Who is signed in as a customer.
    Session,
    /// Who is signed in to the back office.
    Staff,
    /// A visitor's cart.
    Cart,
    /// The step between a form and the code that was sent for it.
    Step,
    Language,
}

impl Cookie {
    /// Every cookie that the program can set.
    pub const ALL: [Self; 5] = [Self::Session, Self::Staff, Self::Cart, Self::Step, Self::Language];
}

/// How long a cookie stays.
#[derive(Clone, Copy)]
pub enum Life {
    /// Until the browser is closed.
    Browser,
    Fixed(Period),
    /// As long as what it leads to, from its last use: a period of `[retention]`.
    Kept(fn(&Retention) -> Period),
}

impl Life {
    fn period(self, retention: &Retention) -> Option<Period> {
        match self {
            Self::Browser => None,
            Self::Fixed(period) => Some(period),
            Self::Kept(period) => Some(period(retention)),
        }
    }

    /// As the cookie page says it.
    pub fn text(self, retention: &Retention, l: Locale) -> String {
        let until_closed = Text::new("until the browser is closed", "至关闭浏览器");
        self.period(retention).map_or_else(|| until_closed.get(l).to_owned(), |period| period.text(l))
    }
}

/// What the cookie page says of one.
#[derive(Clone, Copy)]
pub struct CookieFacts {
    pub cookie: Cookie,
    pub name: &'static str,
    pub purpose: Text,
    pub life: Life,
}

/// Every cookie of the shop.
pub const COOKIES: [CookieFacts; 5] = [
    CookieFacts {
        cookie: Cookie::Session,
        name: "session",
        purpose: Text::new("Keeps you signed in", "保持登录状态"),
        life: Life::Kept(|retention| retention.session),
    },
    CookieFacts {
        cookie: Cookie::Staff,
        name: "staff",
        purpose: Text::new("Keeps staff signed in to the back office", "保持店员后台登录状态"),
        life: Life::Browser,
    },
    CookieFacts {
        cookie: Cookie::Cart,
        name: "cart",
        purpose: Text::new("Finds the cart of a visitor", "识别访客购物车"),
        life: Life::Kept(|retention| retention.cart),
    },
    CookieFacts {
        cookie: Cookie::Step,
        name: "step",
        purpose: Text::new(
            "Ties a code that was sent to the browser that asked for it",
            "将验证码与申请它的浏览器绑定",
        ),
        life: Life::Kept(of_step),
    },
    CookieFacts {
        cookie: Cookie::Language,
        name: "language",
        purpose: Text::new("Remembers the language you chose", "记住您选择的语言"),
        life: Life::Fixed(Period::years(1)),
    },
];

/// As long as a registration waits for its code, and no shorter than what else a step leads to.
fn of_step(retention: &Retention) -> Period {
    const AN_HOUR: Period = Period::hours(1);
    if retention.registration.is_at_least(AN_HOUR) { retention.registration } else { AN_HOUR }
}

impl Cookie {
    pub fn facts(self) -> &'static CookieFacts {
        // The list holds each cookie in the order of the enumeration; a test walks it.
        &COOKIES[self as usize]
    }

    /// The name as it is sent: with the prefix that binds it to this host, where the shop is
    /// served over https.
    pub fn sent_name(self, https: bool) -> String {
        let name = self.facts().name;
        if https { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// The header that sets it, for as long as the policy in force says.
    pub fn header(self, shop: &Shop, value: &str) -> HeaderValue {
        let now = shop.clock.now();
        let period = self.facts().life.period(&shop.retention());
        let seconds = period.map(|period| now.plus(&period.span(), &TimeZone::UTC).seconds_since(now));
        self.set(value, shop.is_https(), seconds)
    }

    /// Stays for so many seconds; with `None` until the browser is closed.
    fn set(self, value: &str, https: bool, max_age: Option<i64>) -> HeaderValue {
        let name = self.sent_name(https);
        let secure = if https { "; Secure" } else { "" };
        let life = max_age.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        header(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{life}"))
    }

    /// The header that removes it.
    pub fn clear(self, https: bool) -> HeaderValue {
        let name = self.sent_name(https);
        let secure = if https { "; Secure" } else { "" };
        header(&format!("{name}=; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age=0"))
    }

    /// Its value in a request, if it was sent and is made of the letters that the shop uses.
    pub fn read(self, headers: &HeaderMap, https: bool) -> Option<String> {
        let wanted = self.sent_name(https);
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        pairs
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.to_owned())
            .filter(|value| !value.is_empty() && value.len() <= 128 && value.bytes().all(is_token_letter))
    }
}

fn is_token_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn header(text: &str) -> HeaderValue {
    // Values are the shop's own tokens and language tags: plain ASCII.
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cookie_stands_at_its_place_in_the_list() {
        for (position, facts) in COOKIES.iter().enumerate() {
            assert_eq!(facts.cookie as usize, position, "{}", facts.name);
        }
    }

    #[test]
    fn over_https_a_cookie_is_bound_to_this_host() {
        let set = Cookie::Session.set("abc", true, Some(60));
        let text = set.to_str().expect("ASCII");
        assert!(
            text.starts_with("__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"),
            "{text}"
        );
    }
}
