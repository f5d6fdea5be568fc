//! Predicates on the registers in the code and on the configuration: what the program could store, set and
//! send at all.

use super::{Finding, Verdict};
use crate::classes::{CLASSES, ClassFacts, DataKind, Grade, Ground};
use crate::locale::Locale;
use crate::shop::Shop;
use crate::store::TableInfo;
use crate::store::codec::{leaves, unregistered};
use crate::web::cookies::{COOKIES, CookieFacts};

/// The registers that are checked; a test hands in broken ones.
pub struct Registers {
    pub classes: &'static [ClassFacts],
    pub tables: &'static [TableInfo],
    pub cookies: &'static [CookieFacts],
}

impl Registers {
    pub fn of_the_program(tables: &'static [TableInfo]) -> Self {
        Self { classes: CLASSES, tables, cookies: &COOKIES }
    }

    /// Each stored field that is about a person, by table and path, with what the register says of its class.
    fn personal_fields(&self) -> Vec<(String, Option<&'static ClassFacts>)> {
        let mut fields = Vec::new();
        for table in self.tables {
            for (path, field) in leaves(table.fields) {
                if field.kind != DataKind::NotPersonal {
                    let class = self.classes.iter().find(|facts| facts.class == table.class);
                    fields.push((format!("{}.{path}", table.name), class));
                }
            }
        }
        fields
    }
}

/// Words in the names of fields that would hold the number of a document.
const DOCUMENT_WORDS: [&str; 7] =
    ["id_card", "identity_card", "passport", "document_number", "id_number", "real_name", "licence_number"];

/// What the registers promise.
pub fn check(registers: &Registers) -> Vec<Finding> {
    vec![
        no_documents(registers),
        grounds(registers),
        cookies(registers),
        grades(registers),
        purposes(registers),
    ]
}

fn count_zh(found: &[String]) -> String {
    found.join("、")
}

fn no_documents(registers: &Registers) -> Finding {
    let fields = registers.personal_fields();
    let found: Vec<String> = fields
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|name| DOCUMENT_WORDS.iter().any(|word| name.to_lowercase().contains(word)))
        .collect();
    let count = fields.len();
    let (en, zh) = if found.is_empty() {
        (
            format!("none of {count} stored personal fields holds the number of an identity document"),
            format!("{count} 个个人信息字段均不保存证件号码"),
        )
    } else {
        (
            format!("could hold the number of a document: {}", found.join(", ")),
            format!("可能保存证件号码：{}", count_zh(&found)),
        )
    };
    Finding::new("COL-15", Verdict::unless(!found.is_empty()), en, zh, "tuckshop data-map")
}

/// CNS-03: whatever is stored of people rests on a ground.
fn grounds(registers: &Registers) -> Finding {
    let fields = registers.personal_fields();
    let found: Vec<String> = fields
        .iter()
        .filter(|(_, class)| class.is_none_or(|class| class.ground == Ground::None))
        .map(|(name, _)| name.clone())
        .collect();
    let classes = registers.classes.iter().filter(|class| class.is_personal()).count();
    let (en, zh) = if found.is_empty() {
        (
            format!(
                "each of {classes} classes of personal data names its ground; each entry of sharing does"
            ),
            format!("{classes} 类个人信息及每条共享记录均载明处理依据"),
        )
    } else {
        (
            format!("stored without a ground: {}", found.join(", ")),
            format!("缺少处理依据：{}", count_zh(&found)),
        )
    };
    Finding::new("CNS-03", Verdict::unless(!found.is_empty()), en, zh, "/privacy#collection")
}

/// CK-02: each cookie has its purpose on the cookie page; none is without a life.
fn cookies(registers: &Registers) -> Finding {
    let is_said = |facts: &&CookieFacts| !facts.purpose.get(Locale::En).is_empty();
    let said = registers.cookies.iter().filter(is_said).count();
    let missing: Vec<&str> = crate::web::Cookie::ALL
        .into_iter()
        .filter(|cookie| !registers.cookies.iter().filter(is_said).any(|facts| facts.cookie == *cookie))
        .map(|cookie| cookie.facts().name)
        .collect();
    let (en, zh) = if missing.is_empty() {
        (
            format!("all {said} cookies that the program can set stand on the page with purpose and life"),
            format!("程序可设置的 {said} 个 Cookie 均列明用途与有效期"),
        )
    } else {
        (format!("not on the page: {}", missing.join(", ")), format!("未列明：{}", missing.join("、")))
    };
    Finding::new("CK-02", Verdict::unless(!missing.is_empty()), en, zh, "/cookies")
}

/// SEC-08: the register and what is stored agree, and each class says how it is handled.
fn grades(registers: &Registers) -> Finding {
    let mut found: Vec<String> = registers
        .tables
        .iter()
        .filter_map(|table| {
            unregistered(table.fields, (table.in_code)()).map(|field| format!("{}.{field}", table.name))
        })
        .collect();
    let open = registers.personal_fields();
    found.extend(
        open.into_iter()
            .filter(|(_, class)| class.is_none_or(|class| class.grade == Grade::Open))
            .map(|(name, _)| name),
    );
    let (tables, classes) = (registers.tables.len(), registers.classes.len());
    let (en, zh) = if found.is_empty() {
        (
            format!(
                "{tables} tables are stored as the register of {classes} classes says; no personal field lies open"
            ),
            format!("{tables} 张数据表与 {classes} 类信息登记一致，个人信息均非公开级"),
        )
    } else {
        (format!("not as registered: {}", found.join(", ")), format!("与登记不符：{}", count_zh(&found)))
    };
    Finding::new("SEC-08", Verdict::unless(!found.is_empty()), en, zh, "tuckshop data-map")
}

/// SEC-10: no field without a purpose.
fn purposes(registers: &Registers) -> Finding {
    let fields = registers.personal_fields();
    let serves = |class: &ClassFacts| !class.purpose.get(Locale::En).trim().is_empty();
    let found: Vec<String> =
        fields.iter().filter(|(_, class)| !class.is_some_and(serves)).map(|(name, _)| name.clone()).collect();
    let count = fields.len();
    let (en, zh) = if found.is_empty() {
        (
            format!("each of {count} stored personal fields serves a purpose"),
            format!("{count} 个个人信息字段均有明确用途"),
        )
    } else {
        (format!("without a purpose: {}", found.join(", ")), format!("没有用途：{}", count_zh(&found)))
    };
    Finding::new("SEC-10", Verdict::unless(!found.is_empty()), en, zh, "tuckshop data-map")
}

/// RET-01: where the data and its copies lie.
pub fn configured(shop: &Shop) -> Vec<Finding> {
    vec![territory(
        shop.config().backup.bucket.as_ref().map(|bucket| bucket.territory.as_deref()),
        &shop.settings().country,
    )]
}

/// `bucket` is the territory of the configured bucket, if one is configured.
fn territory(bucket: Option<Option<&str>>, country: &str) -> Finding {
    let (broken, en, zh) = match bucket {
        None => (
            false,
            "data and backups lie in folders of this machine only".to_owned(),
            "数据与备份仅存于本机文件夹".to_owned(),
        ),
        Some(Some(territory)) if territory == country => {
            (false, format!("data and backups lie in {country}"), format!("数据与备份存于 {country}"))
        }
        Some(territory) => {
            let place = territory.unwrap_or("?");
            (
                true,
                format!("backups would go to {place}, and the shop is in {country}"),
                format!("备份将存往 {place}，而本店位于 {country}"),
            )
        }
    };
    Finding::new("RET-01", Verdict::unless(broken), en, zh, "tuckshop check")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::Class;
    use crate::locale::Text;
    use crate::store::{Field, Record, Table};

    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Bad {
        passport: String,
        extra: String,
    }

    impl Record for Bad {
        const FIELDS: &'static [Field] = &[Field::new("passport", DataKind::Identification)];
    }

    fn verdict(found: &[Finding], id: &str) -> Verdict {
        found.iter().find(|finding| finding.id == id).expect("checked").verdict
    }

    #[test]
    fn the_registers_of_the_program_keep_every_promise() {
        for finding in check(&Registers::of_the_program(crate::rooms::tables())) {
            assert_eq!(finding.verdict, Verdict::Kept, "{finding:?}");
        }
    }

    #[test]
    fn sec_08_a_field_for_a_document_an_unregistered_one_and_one_that_lies_open_are_found() {
        const BAD: Table<u64, Bad> = Table::new("bad", Class::Public);
        let bad: &'static [TableInfo] = Box::leak(vec![BAD.info()].into_boxed_slice());
        let found = check(&Registers { tables: bad, ..Registers::of_the_program(crate::rooms::tables()) });
        for id in ["COL-15", "CNS-03", "SEC-08"] {
            assert_eq!(verdict(&found, id), Verdict::Broken, "{id}: {found:?}");
        }
    }

    #[test]
    fn sec_10_a_class_without_a_purpose_is_found_and_a_cookie_without_one() {
        let cookies: &'static [CookieFacts] =
            Box::leak(vec![CookieFacts { purpose: Text::new("", ""), ..COOKIES[0] }].into_boxed_slice());
        let found = check(&Registers { cookies, ..Registers::of_the_program(crate::rooms::tables()) });
        assert_eq!(verdict(&found, "CK-02"), Verdict::Broken, "{found:?}");
        let classes = CLASSES.iter().map(|facts| ClassFacts { purpose: Text::new("", ""), ..*facts });
        let classes: &'static [ClassFacts] = Box::leak(classes.collect::<Vec<_>>().into_boxed_slice());
        let found = check(&Registers { classes, ..Registers::of_the_program(crate::rooms::tables()) });
        assert_eq!(verdict(&found, "SEC-10"), Verdict::Broken, "{found:?}");
        let left_out: &'static [CookieFacts] = &[];
        let found =
            check(&Registers { cookies: left_out, ..Registers::of_the_program(crate::rooms::tables()) });
        assert_eq!(verdict(&found, "CK-02"), Verdict::Broken, "{found:?}");
    }

    #[test]
    fn ret_01_a_bucket_elsewhere_is_found() {
        assert_eq!(territory(None, "CN").verdict, Verdict::Kept);
        assert_eq!(territory(Some(Some("CN")), "CN").verdict, Verdict::Kept);
        assert_eq!(territory(Some(Some("US")), "CN").verdict, Verdict::Broken);
        assert_eq!(territory(Some(None), "CN").verdict, Verdict::Broken);
    }
}
