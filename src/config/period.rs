//! Periods as people write them: "7 days", "6 months", "24h".

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{Span, civil::Date};
use serde::{Deserialize, Serialize};

use crate::locale::Locale;

/// The unit that a period counts in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Each unit with the words it is read from; the first is the one that is written.
const WORDS: &[(Unit, &str, &[&str])] = &[
    (Unit::Second, "秒", &["second", "seconds", "s", "sec", "secs", "秒", "秒钟"]),
    (Unit::Minute, "分钟", &["minute", "minutes", "min", "mins", "分", "分钟"]),
    (Unit::Hour, "小时", &["hour", "hours", "h", "小时"]),
    (Unit::Day, "天", &["day", "days", "d", "天", "日"]),
    (Unit::Week, "周", &["week", "weeks", "w", "周"]),
    (Unit::Month, "个月", &["month", "months", "个月", "月"]),
    (Unit::Year, "年", &["year", "years", "y", "年"]),
];

/// A calendar period: a count of one unit, never zero, at most a hundred years.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Period {
    count: u32,
    unit: Unit,
}

/// Not a period; [`fmt::Display`] says how one is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "write a whole number and a unit, such as \"10 minutes\", \"24h\", \"7 days\", \"6 months\" or \"3 years\""
)]
pub struct NotAPeriod;

impl Period {
    /// `None` for zero and for more than a hundred years.
    pub fn new(count: u32, unit: Unit) -> Option<Self> {
        let seconds = u64::from(count) * longest_seconds(unit);
        let allowed = count > 0 && seconds <= 100 * longest_seconds(Unit::Year);
        allowed.then_some(Self { count, unit })
    }

    pub const fn seconds(count: u32) -> Self {
        Self { count, unit: Unit::Second }
    }

    pub const fn minutes(count: u32) -> Self {
        Self { count, unit: Unit::Minute }
    }

    pub const fn hours(count: u32) -> Self {
        Self { count, unit: Unit::Hour }
    }

    pub const fn days(count: u32) -> Self {
        Self { count, unit: Unit::Day }
    }

    pub const fn months(count: u32) -> Self {
        Self { count, unit: Unit::Month }
    }

    pub const fn years(count: u32) -> Self {
        Self { count, unit: Unit::Year }
    }

    pub const fn count(self) -> u32 {
        self.count
    }

    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// For calendar sums, such as `Timestamp::plus`.
    pub fn span(self) -> Span {
        let span = Span::new();
        match self.unit {
            Unit::Second => span.seconds(self.count),
            Unit::Minute => span.minutes(self.count),
            Unit::Hour => span.hours(self.count),
            Unit::Day => span.days(self.count),
            Unit::Week => span.weeks(self.count),
            Unit::Month => span.months(self.count),
            Unit::Year => span.years(self.count),
        }
    }

    /// The same length on a stopwatch, a day being 24 hours; `None` for months and years,
    /// which have no fixed length.
    pub fn duration(self) -> Option<Duration> {
        match self.unit {
            Unit::Month | Unit::Year => None,
            unit => Some(Duration::from_secs(u64::from(self.count) * longest_seconds(unit))),
        }
    }

    /// Whether this period ends no earlier than `floor` from whichever day both begin on:
    /// 36 months are as long as 3 years, but 180 days are not always 6 months.
    pub fn is_at_least(self, floor: Self) -> bool {
        // Four years hold each month with each beginning, a leap day included.
        let mut start = Date::constant(2023, 1, 1).at(0, 0, 0, 0);
        let last = Date::constant(2026, 12, 31).at(0, 0, 0, 0);
        while start <= last {
            if start.saturating_add(self.span()) < start.saturating_add(floor.span()) {
                return false;
            }
            start = start.saturating_add(Span::new().days(1));
        }
        true
    }

    /// `7 days` or `7 天`.
    pub fn text(self, locale: Locale) -> String {
        let (_, zh, words) = self.words();
        match locale {
            Locale::En if self.count == 1 => format!("1 {}", words[0]),
            Locale::En => format!("{} {}", self.count, words[1]),
            Locale::Zh => format!("{} {zh}", self.count),
        }
    }

    fn words(self) -> &'static (Unit, &'static str, &'static [&'static str]) {
        // The table holds the units in the order of `Unit`; a test walks it.
        &WORDS[self.unit as usize]
    }
}

/// The most seconds that one unit can last.
const fn longest_seconds(unit: Unit) -> u64 {
    match unit {
        Unit::Second => 1,
        Unit::Minute => 60,
        Unit::Hour => 3600,
        Unit::Day => 86_400,
        Unit::Week => 7 * 86_400,
        Unit::Month => 31 * 86_400,
        Unit::Year => 366 * 86_400,
    }
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let text = text.trim();
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(NotAPeriod)?;
        let (count, word) = text.split_at(unit_at);
        let count = count.parse().map_err(|_| NotAPeriod)?;
        let word = word.trim().to_lowercase();
        let (unit, ..) =
            WORDS.iter().find(|(_, _, words)| words.contains(&word.as_str())).ok_or(NotAPeriod)?;
        Self::new(count, *unit).ok_or(NotAPeriod)
    }
}

impl fmt::Display for Period {
    /// As the configuration writes it: `7 days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Locale::En))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn the_words_stand_in_the_order_of_the_units() {
        for (position, (unit, ..)) in WORDS.iter().enumerate() {
            assert_eq!(*unit as usize, position);
        }
    }

    #[test]
    fn periods_read_as_people_write_them() {
        assert_eq!(period("7 days"), Period::days(7));
        assert_eq!(period(" 24h ").duration(), Some(Duration::from_secs(86_400)));
        assert_eq!(period("10 Minutes").text(Locale::Zh), "10 分钟");
        assert_eq!(period("1 month").text(Locale::En), "1 month");
        assert_eq!(period("1 months").text(Locale::Zh), "1 个月");
        assert_eq!(period("3年"), period("3 years"));
        for wrong in
            ["", "7", "days", "0 days", "-1 day", "1.5 days", "7 fortnights", "101 years", "99999999999 days"]
        {
            assert_eq!(wrong.parse::<Period>(), Err(NotAPeriod), "{wrong}");
        }
    }

    #[test]
    fn floors_hold_on_every_day_of_the_calendar() {
        assert!(period("36 months").is_at_least(period("3 years")));
        assert!(period("1096 days").is_at_least(period("3 years")));
        assert!(!period("1095 days").is_at_least(period("3 years")));
        assert!(!period("180 days").is_at_least(period("6 months")));
        assert!(period("184 days").is_at_least(period("6 months")));
        assert!(!period("2 years").is_at_least(period("3 years")));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(count in 1u32..1200, unit in 0usize..7) {
            let unit = WORDS[unit].0;
            if let Some(period) = Period::new(count, unit) {
                prop_assert_eq!(period.to_string().parse(), Ok(period));
                prop_assert_eq!(period.text(Locale::Zh).parse(), Ok(period));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}") {
            let _ = text.parse::<Period>();
        }
    }
}
