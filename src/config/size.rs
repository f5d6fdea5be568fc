//! Sizes as people write them: "2 MiB".

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size(pub u64);

/// Not a size; [`fmt::Display`] says how one is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write a whole number and a unit, such as \"512 KiB\", \"2 MiB\" or \"1 GiB\"")]
pub struct NotASize;

/// From the largest to the smallest, so that a size is written in the largest unit that fits.
const UNITS: &[(&str, u64)] = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Size {
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let text = text.trim();
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(NotASize)?;
        let (count, unit) = text.split_at(unit_at);
        let count: u64 = count.parse().map_err(|_| NotASize)?;
        let unit = unit.trim();
        // "MB" is taken as "MiB": nobody who limits an upload means the difference.
        let known = UNITS.iter().find(|(word, _)| {
            word.eq_ignore_ascii_case(unit) || word.replace('i', "").eq_ignore_ascii_case(unit)
        });
        let (_, bytes) = known.ok_or(NotASize)?;
        count.checked_mul(*bytes).map(Self).ok_or(NotASize)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, bytes): &&(&str, u64)| self.0 >= *bytes && self.0.is_multiple_of(*bytes);
        let (word, bytes) = UNITS.iter().find(fits).unwrap_or(&("B", 1));
        write!(f, "{} {word}", self.0 / bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        assert_eq!("2 MiB".parse(), Ok(Size::mib(2)));
        assert_eq!("2MB".parse(), Ok(Size::mib(2)));
        assert_eq!("0B".parse(), Ok(Size(0)));
        for wrong in ["", "2", "MiB", "-1 B", "2 stones", "99999999999 GiB"] {
            assert_eq!(wrong.parse::<Size>(), Err(NotASize), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in any::<u64>()) {
            prop_assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
        }
    }
}
