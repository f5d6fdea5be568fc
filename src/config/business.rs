//! The sections about the business: `[checkout]`, `[orders]`, `[contact]`, `[policy]`, `[retention]`.

use super::period::Period;
use super::reader::{Parsed, Reader, quoted};

/// `[checkout]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkout {
    /// Whether people may order without an account.
    pub guests: bool,
}

impl Checkout {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { guests: reader.flag("checkout.guests", false) }
    }
}

/// `[orders]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Orders {
    /// A transfer that has not come by then cancels its order.
    pub unpaid_after: Period,
    /// After the last parcel.
    pub received_after: Period,
    /// After it was received.
    pub completed_after: Period,
}

impl Orders {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let at_most_a_year = |period| at_most(period, Period::years(1));
        Self {
            unpaid_after: reader.period("orders.unpaid_after", Period::days(7), at_most_a_year),
            received_after: reader.period("orders.received_after", Period::days(10), at_most_a_year),
            completed_after: reader.period("orders.completed_after", Period::days(7), at_most_a_year),
        }
    }
}

/// `[contact]`: who runs the shop. First values only; the store holds those in force.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ShopContact {
    pub company: String,
    /// The number of the business licence.
    pub licence: String,
    /// The number of the ICP filing.
    pub icp: String,
    pub address: String,
    pub email: String,
    pub phones: Vec<String>,
    /// The person in charge of personal data.
    pub officer: String,
}

impl ShopContact {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            company: reader.text("contact.company", "", 200),
            licence: reader.text("contact.licence", "", 100),
            icp: reader.text("contact.icp", "", 100),
            address: reader.text("contact.address", "", 300),
            email: reader.maybe("contact.email", email, String::clone).unwrap_or_default(),
            phones: reader.list("contact.phones", phone, String::clone),
            officer: reader.text("contact.officer", "", 100),
        }
    }
}

pub(super) fn email(text: &str) -> Parsed<String> {
    match crate::contact::parse_email(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("{} is not an email address such as \"hello@shop.example\"", quoted(text))),
    }
}

/// A shop's number may be a landline or a hotline, so only its characters are looked at.
fn phone(text: &str) -> Parsed<String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let sound =
        (3..=20).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c));
    sound.then(|| text.to_owned()).ok_or_else(|| {
        format!("{} is not a telephone number; write digits, spaces, +, -, ( and )", quoted(text))
    })
}

/// `[policy]`: how long before it takes effect a new privacy policy is announced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    pub notice: Period,
    /// For a change that touches people's rights.
    pub major_notice: Period,
}

impl Policy {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let at_most_a_year = |period| at_most(period, Period::years(1));
        let policy = Self {
            notice: reader.period("policy.notice", Period::days(7), at_most_a_year),
            major_notice: reader.period("policy.major_notice", Period::days(30), at_most_a_year),
        };
        if !policy.major_notice.is_at_least(policy.notice) {
            let says =
                format!("\"{}\" is shorter than policy.notice, \"{}\"", policy.major_notice, policy.notice);
            reader.problem("policy.major_notice", says);
        }
        policy
    }
}

fn at_most(period: Period, ceiling: Period) -> Parsed<()> {
    if ceiling.is_at_least(period) {
        return Ok(());
    }
    Err(format!("\"{period}\" is too long; at most {ceiling} are allowed"))
}

fn at_least(period: Period, floor: Period) -> Parsed<()> {
    if period.is_at_least(floor) {
        return Ok(());
    }
    Err(format!("\"{period}\" is too short; at least {floor} are allowed"))
}

/// Makes [`Retention`] from one line for each data class: its key, its default, and what bounds it.
macro_rules! retention {
    ($($(#[$doc:meta])* $class:ident = $default:expr, $check:expr;)*) => {
        /// `[retention]`: how long each class of data is kept.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct Retention {
            $($(#[$doc])* pub $class: Period,)*
        }

        impl Retention {
            pub(super) fn read(reader: &mut Reader) -> Self {
                Self { $($class: reader.period(concat!("retention.", stringify!($class)), $default, $check),)* }
            }

            /// Takes the periods of these keys in place of its own.
            pub fn take(&mut self, periods: &[(String, Period)]) {
                for (id, period) in periods {
                    match id.as_str() {
                        $(stringify!($class) => self.$class = *period,)*
                        // A class of another release.
                        _ => {}
                    }
                }
            }

            /// Every class with its period, in the order of the documentation.
            pub fn all(&self) -> Vec<(&'static str, Period)> {
                vec![$((stringify!($class), self.$class),)*]
            }
        }
    };
}

const FREE: fn(Period) -> Parsed<()> = |_| Ok(());

retention! {
    /// After cancellation.
    cancelled_account = Period::months(1), FREE;
    /// After completion of the order. E-Commerce Law, article 31.
    order_contact = Period::years(3), |period| at_least(period, Period::years(3));
    /// After the order was cancelled or expired.
    unfinished_order = Period::months(6), FREE;
    invoice = Period::years(10), FREE;
    browsing = Period::months(6), FREE;
    searches = Period::months(6), FREE;
    devices = Period::months(6), FREE;
    risk = Period::months(6), FREE;
    /// After the last use.
    session = Period::days(30), |period| at_most(period, Period::days(90));
    /// After the last use.
    cart = Period::days(30), FREE;
    /// After closing.
    conversation = Period::years(3), FREE;
    /// After closing.
    after_sales = Period::years(3), FREE;
    /// After closing.
    request = Period::years(3), FREE;
    questionnaire = Period::years(1), FREE;
    /// After withdrawal.
    consent_evidence = Period::years(3), FREE;
    /// Cybersecurity Law, article 21.
    access_log = Period::years(3), |period| at_least(period, Period::months(6));
    /// After its end.
    message = Period::days(30), FREE;
    registration = Period::hours(1), |period| at_most(period, Period::days(7));
    code = Period::minutes(10), |period| {
        at_least(period, Period::minutes(1))?;
        at_most(period, Period::hours(1))
    };
}

impl Retention {
    /// The period of the class with this key, such as `order_contact`.
    pub fn of(&self, class: &str) -> Option<Period> {
        self.all().into_iter().find(|(key, _)| *key == class).map(|(_, period)| period)
    }
}
