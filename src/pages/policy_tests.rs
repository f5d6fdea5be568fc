//! The privacy policy says what the registers say, names the same in both languages, and leads nowhere
//! that is not there.

use std::collections::BTreeSet;

use super::InfoPage;
use super::tests::{full, rendered};
use crate::classes::{CLASSES, Class, DataKind, NEVER_COLLECTED};
use crate::consent::{NECESSARY, PURPOSES};
use crate::locale::Locale;
use crate::requests::Reason;
use crate::rooms;
use crate::sharing::Ground;
use crate::store::Field;
use crate::web::Method;

/// The chapters, by the ids that links to them use.
const CHAPTERS: [&str; 7] = ["collect", "cookies", "sharing", "keeping", "rights", "changes", "contact"];

fn policy(l: Locale) -> String {
    rendered(InfoPage::Privacy, l, &full())
}

fn attributes<'a>(page: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

/// What stands between the heading with this id and the next heading.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, after) = page.split_once(&format!("id=\"{id}\">")).expect("the heading is there");
    let end = after.match_indices("<h").map(|(at, _)| at).next().unwrap_or(after.len());
    &after[..end]
}

/// The text of each cell of each row of a table.
fn rows(part: &str) -> Vec<Vec<String>> {
    let body = part.split("<tbody").nth(1).expect("a table");
    let cells = |row: &str| -> Vec<String> {
        let ends = row.split("</td>").flat_map(|piece| piece.split("</th>"));
        let texts = ends.filter_map(|piece| piece.rsplit_once('>')).map(|(_, text)| text.to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    body.split("<tr").skip(1).map(cells).collect()
}

fn holds(fields: &[Field], kind: DataKind) -> bool {
    fields.iter().any(|field| match field.part {
        Some(part) => holds(part.fields, kind),
        None => field.kind == kind,
    })
}

#[test]
fn def_01_each_class_stands_with_its_kinds_and_each_kind_says_whether_it_is_sensitive() {
    for l in Locale::ALL {
        let page = policy(l);
        let rows = rows(part(&page, "kinds"));
        assert_eq!(rows.len(), DataKind::PERSONAL.len());
        for (kind, row) in DataKind::PERSONAL.into_iter().zip(rows) {
            assert_eq!(row[0], kind.text().get(l));
            assert_eq!(row[1], kind.examples().get(l));
            let said: BTreeSet<&str> = row[2].split(l.pick("; ", "、")).collect();
            let stored = |class: Class| {
                rooms::tables().iter().any(|table| table.class == class && holds(table.fields, kind))
            };
            let classes = CLASSES.iter().filter(|facts| stored(facts.class));
            assert_eq!(said, classes.map(|facts| facts.title.get(l)).collect(), "{kind:?}");
            assert_eq!(row[3], if kind.is_sensitive() { l.pick("yes", "是") } else { l.pick("no", "否") });
        }
    }
}

#[test]
fn def_01_what_is_never_collected_is_said_and_has_no_place_in_any_table() {
    for l in Locale::ALL {
        let page = policy(l);
        let said = part(&page, "kinds");
        for kind in NEVER_COLLECTED {
            assert!(said.contains(kind.get(l)), "{}", kind.get(l));
        }
    }
    let words = ["imei", "latitude", "longitude", "location", "address_book", "passport", "id_card"];
    for table in rooms::tables() {
        for (path, _) in crate::store::codec::leaves(table.fields) {
            assert!(!words.iter().any(|word| path.contains(word)), "{path} in {}", table.name);
        }
    }
}

#[test]
fn not_06_each_term_leads_to_its_explanation_where_it_is_first_used() {
    for l in Locale::ALL {
        let (chapters, terms) = InfoPage::Privacy
            .markdown(l)
            .split_once(l.pick("## Terms {#terms}", "## 名词解释 {#terms}"))
            .expect("the terms stand at the end");
        let explained: BTreeSet<&str> = terms
            .lines()
            .filter_map(|line| line.strip_prefix("### ")?.split_once("{#")?.1.strip_suffix('}'))
            .collect();
        assert_eq!(explained.len(), 11);
        // Headings, and the list of chapters, only name what comes.
        let is_text = |line: &&str| !line.starts_with('#') && !line.contains(". [");
        let text = chapters.lines().filter(is_text).collect::<Vec<_>>().join("\n").to_lowercase();
        let mut used = BTreeSet::new();
        for (at, _) in text.match_indices("](#term-") {
            let id = text[at + 3..].split(')').next().expect("the link ends");
            let word = text[..at].rsplit('[').next().expect("the link has words");
            let first = text.find(word);
            assert_eq!(first, Some(at - word.len()), "{word} is used before it is explained");
            assert!(used.insert(id.to_owned()), "{id} is linked twice");
        }
        assert_eq!(used, explained.into_iter().map(str::to_owned).collect());
    }
}

#[test]
fn the_policy_has_seven_chapters_and_the_same_parts_in_both_languages() {
    let ids = |l| attributes(&policy(l), " id=\"").map(str::to_owned).collect::<Vec<_>>();
    let english = ids(Locale::En);
    assert_eq!(english, ids(Locale::Zh));
    assert_eq!(english.iter().collect::<BTreeSet<_>>().len(), english.len(), "each id stands once");
    for l in Locale::ALL {
        let page = policy(l);
        let chapters: Vec<&str> = attributes(&page, "<h2 id=\"").collect();
        assert_eq!(chapters, [&CHAPTERS[..], &["terms"]].concat());
        let contents = page.split_once("<h2").expect("chapters").0;
        let listed: Vec<&str> = attributes(contents, "<li><a href=\"#").collect();
        assert_eq!(listed, CHAPTERS);
    }
}

#[test]
fn both_languages_link_to_the_same_and_state_the_same_facts() {
    let links = |l| attributes(&policy(l), " href=\"").map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(links(Locale::En), links(Locale::Zh));
    let facts = |l| super::text::placeholders(InfoPage::Privacy.markdown(l)).collect::<BTreeSet<_>>();
    assert_eq!(facts(Locale::En), facts(Locale::Zh));
}

#[test]
fn every_link_of_every_text_leads_to_a_page_of_the_shop_or_a_part_of_its_own() {
    let routes = crate::rooms::routes();
    let is_page = |path: &str| routes.iter().any(|route| route.method == Method::Get && route.path == path);
    for l in Locale::ALL {
        for info in InfoPage::ALL {
            let page = rendered(info, l, &full());
            for link in attributes(&page, " href=\"") {
                match link.strip_prefix('#') {
                    Some(id) => assert!(page.contains(&format!(" id=\"{id}\"")), "{link} in {info:?}"),
                    None if link.starts_with('/') => assert!(is_page(link), "{link} in {info:?}"),
                    None => assert!(link.starts_with("https://") || link.starts_with("mailto:"), "{link}"),
                }
            }
        }
    }
}

#[test]
fn cns_03_the_eleven_exceptions_stand_as_a_closed_list_in_both_languages() {
    for l in Locale::ALL {
        let page = policy(l);
        let said = part(&page, "grounds");
        assert_eq!(said.matches("<ol>").count(), 1);
        assert_eq!(said.matches("<li>").count(), 11, "{said}");
        assert!(said.contains(l.pick("the list is closed", "除此之外没有其他情形")));
    }
}

#[test]
fn cns_01_and_cns_02_each_purpose_stands_with_data_ground_and_what_stops_without_it() {
    for l in Locale::ALL {
        let page = policy(l);
        let choices = PURPOSES.iter().map(|purpose| purpose.facts());
        let expected = [("needed", NECESSARY.iter().collect::<Vec<_>>()), ("choices", choices.collect())];
        for (id, purposes) in expected {
            let rows = rows(part(&page, id));
            assert_eq!(rows.len(), purposes.len());
            for (purpose, row) in purposes.into_iter().zip(rows) {
                let ground = purpose.class.facts().ground.text();
                let said = [purpose.title, purpose.says, ground, purpose.without].map(|text| text.get(l));
                assert_eq!([&row[0], &row[1], &row[2], &row[4]], said, "{}", purpose.id);
            }
        }
    }
}

#[test]
fn shr_01_rgt_16_and_rgt_17_the_closed_lists_stand_whole_each_in_its_place() {
    for l in Locale::ALL {
        let page = policy(l);
        let grounds = part(&page, "sharing-grounds");
        assert!(Ground::ALL.iter().all(|ground| grounds.contains(ground.title().get(l))));
        assert_eq!(grounds.matches("<li>").count(), Ground::ALL.len());
        let refusals = part(&page, "refusals");
        let lists: Vec<&str> = refusals.split("<ul>").skip(1).collect();
        assert_eq!(lists.iter().map(|list| list.matches("<li>").count()).collect::<Vec<_>>(), [4, 5]);
        for reason in Reason::ALL {
            let list = lists[usize::from(reason.owes_no_answer())];
            assert!(list.contains(reason.title().get(l)), "{reason:?}");
        }
    }
}

#[test]
fn who_carries_our_mail_is_named_by_its_host_and_nobody_where_no_mail_is_sent() {
    for l in Locale::ALL {
        let page = policy(l);
        assert!(part(&page, "recipients").contains("mail.provider.example"), "{page}");
        let line = l.pick("Our email is carried by", "代为发送：");
        assert!(page.contains(line));
        assert!(!super::tests::without_mail(l).contains(line));
    }
}

#[test]
fn not_02_the_policy_names_the_notice_that_is_configured() {
    for l in Locale::ALL {
        let page = super::tests::with_notice(l, "11 days", "77 days");
        let said = part(&page, "changes");
        assert!(said.contains(l.pick("11 days before", "前 11 天")), "{said}");
        assert!(said.contains(l.pick("77 days before", "提前 77 天")), "{said}");
    }
}
