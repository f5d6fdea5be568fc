//! Values of options as they are typed: what is no such value is wrong usage (2), told before anything is
//! opened. What is one, and refused by a rule, is the verb's to refuse (1).

use std::str::FromStr;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::config;
use crate::contact;
use crate::locale::{Locale, Text};

/// The longest name of somebody who works here, in letters.
const MOST_NAME: usize = 80;

/// What a value is read as, or what is wanted instead.
type Read<T> = Result<T, String>;

fn in_words(text: Text) -> String {
    text.get(Locale::En).to_owned()
}

/// A day, such as `2027-01-31`.
pub fn day(text: &str) -> Read<String> {
    let day = text.trim();
    // Which days there are is the same in every zone.
    match Timestamp::start_of_day(day, &TimeZone::UTC) {
        Some(_) => Ok(day.to_owned()),
        None => Err(in_words(crate::closing::NO_DAY)),
    }
}

/// A moment in ISO 8601.
pub fn moment(text: &str) -> Read<Timestamp> {
    match text.parse::<jiff::Timestamp>() {
        Ok(moment) => Ok(Timestamp::from_millis(moment.as_millisecond())),
        Err(_) => Err("a time such as 2027-03-01T00:00:00Z is wanted".to_owned()),
    }
}

/// A whole number.
pub fn number<T: FromStr>(text: &str) -> Read<T> {
    text.parse().map_err(|_| "a whole number is wanted".to_owned())
}

/// An email address.
pub fn email(text: &str) -> Read<String> {
    contact::parse_email(text).map_err(in_words)
}

/// The name of somebody.
pub fn name(text: &str) -> Read<String> {
    let name = text.trim();
    if name.is_empty() {
        return Err("a name is wanted".to_owned());
    }
    contact::check_text(name, MOST_NAME).map(|()| name.to_owned()).map_err(in_words)
}

/// An address with a port.
pub fn listen(text: &str) -> Read<String> {
    config::listen_address(text).map(|_| text.to_owned())
}

/// What is said of a command line that was not understood: of a value that is none the option and what is
/// wanted, as of every other refusal; of the rest what the parser says.
pub fn said_of(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return None };
    // `--on <DATE>`, or `[EMAIL]` where it stands alone.
    let option = option.split(' ').next().unwrap_or(option).trim_matches(['<', '>', '[', ']']);
    let wanted = std::error::Error::source(error)?;
    Some(format!("{option}: {wanted}"))
}
