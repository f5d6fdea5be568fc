//! The patterns (SEC-07), as plain rules over looks: nothing here reads or stores anything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{OrderNumber, StaffId, SubjectId};
use crate::locale::Text;

/// What is 'within an hour' lies less than this many seconds apart.
pub const HOUR: i64 = 60 * 60;
/// More different people than this within an hour are many: one each two minutes, more than anybody can
/// work on who reads what is shown.
const MOST_PEOPLE: usize = 30;
/// From so many within an hour on, people shown whole without an order or a request are a pattern: a few
/// telephone calls explain fewer, and five are one each twelve minutes.
const BARE_LOOKS: usize = 5;
/// The night ends at this hour; it begins at midnight.
const NIGHT_ENDS: i8 = 5;

/// What is unusual.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Pattern {
    /// More than thirty different people within an hour.
    ManyPeople,
    /// People shown whole, again and again, with neither an order underway nor an open request.
    Bare,
    /// A look between midnight and five, by the shop's time zone.
    Night,
}

impl Pattern {
    pub const ALL: [Self; 3] = [Self::ManyPeople, Self::Bare, Self::Night];

    /// What keys hold of it; stored, so never changed.
    pub const fn code(self) -> u64 {
        self as u64
    }

    pub const fn title(self) -> Text {
        match self {
            Self::ManyPeople => Text::new("Many customers within an hour", "一小时内查看大量客户"),
            Self::Bare => Text::new(
                "Customers shown whole without an order or a request",
                "无订单或请求而查看客户完整信息",
            ),
            Self::Night => Text::new("Looks at night", "深夜查看"),
        }
    }
}

/// Whom a look was at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Whom {
    Customer(SubjectId),
    /// Somebody of whom no more than the order is known.
    Order(OrderNumber),
}

/// A look as the rules see it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its number in the access log.
    pub number: u64,
    pub at: Timestamp,
    pub who: StaffId,
    pub whom: Option<Whom>,
    /// A person shown whole, without an order or a request behind it.
    pub is_bare: bool,
}

/// An alert as the rules see it: it stands for all looks of its pattern until it ends, an hour after the
/// first one, or with the night.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    pub who: StaffId,
    pub pattern: Pattern,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The latest look that belongs to it.
    pub last: Timestamp,
    /// How many people, or looks.
    pub count: u64,
    /// The number of the stored alert that goes on here; `None` for a new one.
    pub known: Option<u64>,
}

impl Span {
    fn covers(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.until
    }
}

/// The last alert of each member of staff by pattern.
pub type Standing = BTreeMap<(StaffId, u64), Span>;

/// Judges the looks whose number lies above `after`. `looks` begins with those of the hour before, the
/// oldest first. Gives each alert that begins, or that goes on.
pub fn judge(looks: &[Seen], after: u64, mut standing: Standing, zone: &TimeZone) -> Vec<Span> {
    let mut changed: Vec<Span> = Vec::new();
    for (place, look) in looks.iter().enumerate().filter(|(_, look)| look.number > after) {
        for pattern in Pattern::ALL {
            let key = (look.who, pattern.code());
            let Some(span) = see(pattern, &looks[..=place], look, standing.get(&key), zone) else {
                continue;
            };
            changed.retain(|known| {
                (known.who, known.pattern, known.from) != (span.who, span.pattern, span.from)
            });
            changed.push(span.clone());
            standing.insert(key, span);
        }
    }
    changed
}

/// What a look makes of a pattern; `looks` ends with it.
fn see(
    pattern: Pattern,
    looks: &[Seen],
    look: &Seen,
    before: Option<&Span>,
    zone: &TimeZone,
) -> Option<Span> {
    let going_on = before.filter(|span| span.covers(look.at));
    // What an alert stood for already is not counted twice.
    let begin = going_on.map_or_else(|| before.map_or(look.at, |span| span.until), |span| span.from);
    let within = |other: &&Seen| {
        let recent = look.at.seconds_since(other.at) < HOUR;
        other.who == look.who && recent && (before.is_none() || other.at >= begin)
    };
    let (count, from, until) = match pattern {
        Pattern::ManyPeople => {
            look.whom.as_ref()?;
            let shown = || looks.iter().filter(within).filter(|other| other.whom.is_some());
            let people: BTreeSet<&Whom> = shown().filter_map(|other| other.whom.as_ref()).collect();
            let first = shown().next()?.at;
            if going_on.is_none() && people.len() <= MOST_PEOPLE {
                return None;
            }
            (people.len(), first, first.plus_seconds(HOUR))
        }
        Pattern::Bare => {
            let bare = || looks.iter().filter(within).filter(|other| other.is_bare);
            let first = bare().next().filter(|_| look.is_bare)?.at;
            let count = bare().count();
            if going_on.is_none() && count < BARE_LOOKS {
                return None;
            }
            (count, first, first.plus_seconds(HOUR))
        }
        Pattern::Night => (1, look.at, end_of_night(look.at, zone)?),
    };
    let count = count as u64;
    Some(match going_on {
        // A night is longer than the hour that is looked at.
        Some(span) if pattern == Pattern::Night => {
            Span { last: look.at, count: span.count + 1, ..span.clone() }
        }
        Some(span) => Span { last: look.at, count, ..span.clone() },
        None => Span { who: look.who, pattern, from, until, last: look.at, count, known: None },
    })
}

/// When the night ends that this moment lies in; `None` by day.
fn end_of_night(moment: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let here = moment.instant().to_zoned_datetime(zone.clone());
    if here.hour() >= NIGHT_ENDS {
        return None;
    }
    let end = zone.to_timestamp(here.date().at(NIGHT_ENDS, 0, 0, 0)).ok()?;
    Some(Timestamp::from_millis(end.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: StaffId = StaffId([1; 16]);
    const BEN: StaffId = StaffId([2; 16]);

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().expect("a time");
        Timestamp::from_millis(instant.as_millisecond())
    }

    fn noon() -> Timestamp {
        at("2026-03-02T04:00:00Z")
    }

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Shanghai").expect("known")
    }

    /// A look so many seconds after noon.
    fn look(number: u64, seconds: i64, whom: u8, is_bare: bool) -> Seen {
        let whom = Some(Whom::Customer(SubjectId([whom; 16])));
        Seen { number, at: noon().plus_seconds(seconds), who: ANN, whom, is_bare }
    }

    fn judged(looks: &[Seen]) -> Vec<(Pattern, u64)> {
        let spans = judge(looks, 0, Standing::new(), &zone());
        spans.into_iter().map(|span| (span.pattern, span.count)).collect()
    }

    #[test]
    fn sec_07_thirty_people_within_an_hour_are_work_and_the_next_one_is_not() {
        let looks = |count: u8| (0..count).map(|n| look(n.into(), n.into(), n, false)).skip(1).collect();
        let thirty: Vec<Seen> = looks(31);
        assert_eq!(judged(&thirty), []);
        assert_eq!(judged(&looks(32)), [(Pattern::ManyPeople, 31)]);
        // The same person again is nobody new, and one an hour after the first is not within it.
        let again = [thirty.clone(), vec![look(31, 31, 7, false)]].concat();
        assert_eq!(judged(&again), []);
        for (seconds, found) in [(HOUR, 1), (HOUR + 1, 0)] {
            let late = [thirty.clone(), vec![look(31, seconds, 31, false)]].concat();
            assert_eq!(judged(&late).len(), found, "after {seconds}");
        }
    }

    #[test]
    fn sec_07_each_member_is_judged_alone() {
        let mut looks: Vec<Seen> = (1..=40).map(|n| look(n.into(), n.into(), n, false)).collect();
        for look in looks.iter_mut().step_by(2) {
            look.who = BEN;
        }
        assert_eq!(judged(&looks), []);
    }

    #[test]
    fn sec_07_the_fifth_within_an_hour_without_a_case_is_a_pattern() {
        let bare = |count: u64| (1..=count).map(|n| look(n, 10, 1, true)).collect::<Vec<_>>();
        assert_eq!(judged(&bare(4)), []);
        assert_eq!(judged(&bare(5)), [(Pattern::Bare, 5)]);
        assert_eq!(judged(&bare(9)), [(Pattern::Bare, 9)], "one alert, with all that came after");
        let with_a_case = [bare(4), vec![look(5, 11, 1, false)]].concat();
        assert_eq!(judged(&with_a_case), []);
    }

    #[test]
    fn sec_07_an_alert_stands_for_its_hour_and_the_next_one_counts_anew() {
        let bare: Vec<Seen> =
            (1..=10).map(|n| look(n, i64::try_from(n).expect("small") * 600, 1, true)).collect();
        // The fifth after 40 minutes; the hour ends 60 minutes after the first, with the sixth in it.
        let spans = judge(&bare, 0, Standing::new(), &zone());
        assert_eq!(spans.len(), 1, "{spans:?}");
        assert_eq!((spans[0].count, spans[0].from), (6, noon().plus_seconds(600)));
        // Four more in the next hour are too few; the fifth begins another alert.
        let eleven = [bare, vec![look(11, 6600, 1, true)]].concat();
        let spans = judge(&eleven, 0, Standing::new(), &zone());
        assert_eq!(spans.iter().map(|span| span.count).collect::<Vec<_>>(), [6, 5]);
    }

    #[test]
    fn sec_07_what_was_judged_is_not_judged_again_and_goes_on_where_it_stood() {
        let bare: Vec<Seen> = (1..=7).map(|n| look(n, 10, 1, true)).collect();
        let first = judge(&bare[..5], 0, Standing::new(), &zone());
        let known = Span { known: Some(3), ..first[0].clone() };
        let standing = Standing::from([((ANN, Pattern::Bare.code()), known)]);
        assert_eq!(judge(&bare[..5], 5, standing.clone(), &zone()), []);
        let on = judge(&bare, 5, standing, &zone());
        assert_eq!((on.len(), on[0].count, on[0].known), (1, 7, Some(3)));
    }

    #[test]
    fn sec_07_the_night_is_the_shops_own() {
        let night = |moment: &str, zone: &str| {
            end_of_night(at(moment), &TimeZone::get(zone).expect("known")).map(|end| end.to_string())
        };
        let over = |text: &str| Some(text.to_owned());
        assert_eq!(night("2026-03-01T15:59:59Z", "Asia/Shanghai"), None);
        assert_eq!(night("2026-03-01T16:00:00Z", "Asia/Shanghai"), over("2026-03-01T21:00:00Z"));
        assert_eq!(night("2026-03-01T20:59:59Z", "Asia/Shanghai"), over("2026-03-01T21:00:00Z"));
        assert_eq!(night("2026-03-01T21:00:00Z", "Asia/Shanghai"), None);
        assert_eq!(night("2026-03-01T16:00:00Z", "UTC"), None);
        assert_eq!(night("2026-03-02T00:00:00Z", "UTC"), over("2026-03-02T05:00:00Z"));
        // The night in which the clocks go forward is an hour shorter.
        assert_eq!(night("2026-03-28T23:00:00Z", "Europe/Berlin"), over("2026-03-29T03:00:00Z"));
    }
}
