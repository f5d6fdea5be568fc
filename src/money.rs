//! Money: whole minor units of one currency. Nothing here rounds, wraps or floats.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::locale::Locale;

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const CNY: Self = Self(*b"CNY");

    /// Reads a code such as `CNY`; `None` if ISO 4217 has no such currency, or one without a
    /// minor unit to count in.
    pub fn parse(code: &str) -> Option<Self> {
        let known = iso_currency::Currency::from_code(code)?;
        known.exponent()?;
        known.code().as_bytes().try_into().ok().map(Self)
    }

    pub fn code(&self) -> &str {
        // Only ASCII codes are ever parsed; a stored one that is not shows as unknown.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many digits follow the point: 2 for CNY, 0 for JPY, 3 for KWD.
    pub fn digits(self) -> u32 {
        iso_currency::Currency::from_code(self.code()).and_then(|known| known.exponent()).map_or(2, u32::from)
    }

    fn symbol(self) -> Option<&'static str> {
        match self.code() {
            "CNY" | "JPY" => Some("¥"),
            "EUR" => Some("€"),
            "GBP" => Some("£"),
            "USD" => Some("$"),
            _ => None,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in minor units (fen, cent) of its currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads an amount as a person types it: `49`, `49.5`, `1,049.50`, `¥49.00`. Never negative;
    /// `None` if it is no amount, has more digits than the currency, or is beyond a trillion.
    pub fn parse(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        let text = currency.symbol().and_then(|symbol| text.strip_prefix(symbol)).unwrap_or(text);
        let text = text.replace(',', "");
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let digits = currency.digits() as usize;
        let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 12 || part.len() > digits || !numeric(whole) || !numeric(part) {
            return None;
        }
        let padded = format!("{whole}{part:0<digits$}");
        padded.parse().ok().map(|minor| Self { minor, currency })
    }

    /// The sum; `None` if the currencies differ or the sum has no room.
    pub fn plus(self, other: Self) -> Option<Self> {
        let same = self.currency == other.currency;
        let minor = self.minor.checked_add(other.minor)?;
        same.then_some(Self { minor, ..self })
    }

    /// The difference; `None` if the currencies differ or it would fall below zero.
    pub fn minus(self, other: Self) -> Option<Self> {
        let same = self.currency == other.currency;
        let minor = self.minor.checked_sub(other.minor)?;
        (same && minor >= 0).then_some(Self { minor, ..self })
    }

    /// So many times this amount; `None` if it has no room.
    pub fn times(self, count: u32) -> Option<Self> {
        self.minor.checked_mul(i64::from(count)).map(|minor| Self { minor, ..self })
    }

    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The bare number with the currency's own digits: `49.00`.
    pub fn number(self) -> String {
        let digits = self.currency.digits();
        let unit = 10_u64.pow(digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let absolute = self.minor.unsigned_abs();
        if digits == 0 {
            return format!("{sign}{absolute}");
        }
        format!("{sign}{}.{:0width$}", absolute / unit, absolute % unit, width = digits as usize)
    }

    /// As pages print it: `¥1,049.00`, or with the code where there is no common sign.
    pub fn text(self, _locale: Locale) -> String {
        let number = self.number();
        let (whole, part) = number.split_once('.').map_or((number.as_str(), None), |(w, p)| (w, Some(p)));
        let grouped = group_thousands(whole);
        let amount = part.map_or(grouped.clone(), |part| format!("{grouped}.{part}"));
        match self.currency.symbol() {
            Some(symbol) => format!("{symbol}{amount}"),
            None => format!("{} {amount}", self.currency.code()),
        }
    }
}

fn group_thousands(whole: &str) -> String {
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}")
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency.code(), self.number())
    }
}

/// The sum of several amounts of `currency`; `None` if it has no room.
pub fn sum(amounts: impl IntoIterator<Item = Money>, currency: Currency) -> Option<Money> {
    amounts.into_iter().try_fold(Money::zero(currency), Money::plus)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("a currency of the list")
    }

    #[test]
    fn amounts_are_written_with_the_currencys_own_digits() {
        assert_eq!(Money::new(104_950, Currency::CNY).text(Locale::Zh), "¥1,049.50");
        assert_eq!(Money::new(1049, currency("JPY")).text(Locale::En), "¥1,049");
        assert_eq!(Money::new(1_234_567, currency("KWD")).text(Locale::En), "KWD 1,234.567");
    }

    #[test]
    fn what_is_no_amount_is_not_read() {
        for text in ["", "-1", "1e9", "NaN", "1.234", "１", "1.2.3", "0x10", "9999999999999"] {
            assert_eq!(Money::parse(text, Currency::CNY), None, "{text:?}");
        }
        assert_eq!(Money::parse("1.5", currency("JPY")), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in 0_i64..1_000_000_000_000, code in "CNY|JPY|KWD|EUR") {
            let money = Money::new(minor, currency(&code));
            prop_assert_eq!(Money::parse(&money.number(), money.currency), Some(money));
        }

        #[test]
        fn a_sum_less_a_part_is_the_rest(a in 0_i64..1 << 50, b in 0_i64..1 << 50) {
            let (a, b) = (Money::new(a, Currency::CNY), Money::new(b, Currency::CNY));
            prop_assert_eq!(a.plus(b).and_then(|sum| sum.minus(b)), Some(a));
        }

        #[test]
        fn nothing_falls_below_zero(a in 0_i64..1000, b in 1001_i64..2000) {
            prop_assert_eq!(Money::new(a, Currency::CNY).minus(Money::new(b, Currency::CNY)), None);
        }
    }
}
