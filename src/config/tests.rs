use std::collections::BTreeSet;
use std::io::Write;

use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = include_str!("../../config.example.toml");
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// Loads a file with this text, under these variables.
fn load(toml: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    let home = [("HOME", "/home/zhang")];
    let env = home.iter().chain(env).map(|(var, value)| ((*var).to_owned(), (*value).to_owned()));
    Config::load(Some(file.path()), env, Flags::default())
}

/// What is said about this file, without its name.
fn says(toml: &str, env: &[(&str, &str)]) -> Vec<String> {
    let Err(mut errors) = load(toml, env) else { return Vec::new() };
    errors.file = None;
    errors.to_string().lines().map(str::to_owned).collect()
}

/// The example with every key taken out of its comment.
fn uncommented_example() -> String {
    let is_key = |line: &str| {
        line.split_once(" = ").is_some_and(|(key, _)| {
            key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
    };
    let bare = |line: &'static str| line.strip_prefix("# ").filter(|bare| is_key(bare)).unwrap_or(line);
    EXAMPLE.lines().map(bare).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let defaults = load("", &[]).unwrap();
    let example = load(&uncommented_example(), &[]).unwrap();
    for (default, shown) in defaults.settings().iter().zip(example.settings()) {
        assert_ne!(shown.source, Source::Default, "{} is not in the example", shown.key);
        assert_eq!((default.key, &default.value), (shown.key, &shown.value));
    }
    let untouched = load(EXAMPLE, &[]).unwrap();
    assert!(untouched.settings().iter().all(|setting| setting.source == Source::Default));
}

#[test]
fn no_key_is_asked_for_twice() {
    let config = load("", &[]).unwrap();
    let keys: BTreeSet<_> = config.settings().iter().map(|setting| setting.key).collect();
    assert_eq!(keys.len(), config.settings().len());
}

#[test]
fn the_defaults_open_a_shop() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.store.data_dir, PathBuf::from("/home/zhang/.local/share/tuckshop"));
    assert_eq!(config.store.key_folder, Some(PathBuf::from("/home/zhang/.config/tuckshop")));
    assert_eq!(config.site.url_at(config.site.listen), "http://127.0.0.1:8080");
    assert_eq!(config.site.currency, iso_currency::Currency::CNY);
    assert_eq!(config.retention.of("order_contact"), Some(Period::years(3)));
    assert!(config.limits.argon2_at_once >= 1);
    assert!(config.email.is_none() && config.sms.is_none() && config.sf.is_none());
    assert!(config.payments.alipay.is_none() && config.payments.wechatpay.is_none());
    assert!(config.payments.stripe.is_none());
    assert_eq!(Config::defaults(PathBuf::from("/shop")).store.data_dir, PathBuf::from("/shop"));
}

#[test]
fn a_flag_is_stronger_than_a_variable_and_a_variable_than_the_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "[site]\nname = \"From the file\"\ncurrency = \"EUR\"\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let env = [
        ("TUCKSHOP_SITE__NAME", "From a variable"),
        ("TUCKSHOP_SITE__LISTEN", "127.0.0.1:2"),
        ("XDG_DATA_HOME", "/data"),
    ];
    let env = env.iter().map(|(var, value)| ((*var).to_owned(), (*value).to_owned()));
    let flags = Flags { listen: Some("127.0.0.1:3".to_owned()), ..Flags::default() };
    let config = Config::load(Some(file.path()), env, flags).unwrap();
    assert_eq!((config.site.name.as_str(), config.site.listen.port()), ("From a variable", 3));
    assert_eq!(config.source("site.currency"), Source::File { line: 3 });
    assert_eq!(config.source("site.name"), Source::Env { var: "TUCKSHOP_SITE__NAME".to_owned() });
    assert_eq!(config.source("site.listen"), Source::Flag { flag: "--listen" });
    assert_eq!(config.source("site.country"), Source::Default);
    assert!(config.is_given("site.name") && !config.is_given("contact.company"));
    assert_eq!(config.store.data_dir, PathBuf::from("/data/tuckshop"));
}

#[test]
fn variables_give_every_kind_of_value() {
    let config = load(
        "",
        &[
            ("TUCKSHOP_REHEARSAL", "true"),
            ("TUCKSHOP_PAYMENTS__TRANSFER__INSTRUCTIONS", "Bank\nAccount"),
            ("TUCKSHOP_CONTACT__PHONES", "400 123 4567, 010-65001234"),
            ("TUCKSHOP_LIMITS__POSTS_PER_HOUR", "20"),
            ("TUCKSHOP_LIMITS__MAX_BODY", "1 MiB"),
            ("TUCKSHOP_RETENTION__SESSION", "14 days"),
            ("TUCKSHOP_BACKUP__RECIPIENTS", RECIPIENT),
            ("TUCKSHOP_CLOCK_OFFSET", "P40D"),
            ("TUCKSHOP_OWNER_PASSWORD", "secret"),
        ],
    );
    let config = config.unwrap();
    assert!(config.rehearsal);
    assert_eq!(config.payments.transfer_instructions, "Bank\nAccount");
    assert_eq!(config.contact.phones, ["400 123 4567", "010-65001234"]);
    assert_eq!(config.limits.posts_per_hour, 20);
    assert_eq!(config.limits.max_body, Size::mib(1));
    assert_eq!(config.retention.session, Period::days(14));
    assert_eq!(config.backup.recipients, [RECIPIENT]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_line() {
    let toml = r#"[site]
lisen = "127.0.0.1:80"
name = 7
currency = "BTC"
country = "China"
timezone = "Mars/Phobos"
url = "https://shop.example/path"

[retention]
order_contact = "2 years"
session = "1 year"

[limits]
posts_per_hour = -1
max_body = "2 stones"

[backup]
recipients = [
  "age1nonsense",
  "AGE-SECRET-KEY-1QQPQQ",
]
"#;
    let env = [
        ("TUCKSHOP_SITE__LISTEN", "here"),
        ("TUCKSHOP_CHECKOUT__GUEST", "true"),
        ("TUCKSHOP_DATA_DIR", "/x"),
    ];
    let expected = [
        "line 2: site.lisen: there is no such key; did you mean site.listen?",
        "line 3: site.name: takes a text in quotes, not a number",
        "line 4: site.currency: \"BTC\" is not a currency; write its three letters of ISO 4217, such as \"CNY\"",
        "line 5: site.country: \"China\" is not a country; write its two letters of ISO 3166-1, such as \"CN\"",
        "line 6: site.timezone: \"Mars/Phobos\" is not a time zone; write its name, such as \"Asia/Shanghai\"",
        "line 7: site.url: \"https://shop.example/path\" has something behind the host; the shop stands at its root",
        "line 10: retention.order_contact: \"2 years\" is too short; at least 3 years are allowed",
        "line 11: retention.session: \"1 year\" is too long; at most 90 days are allowed",
        "line 14: limits.posts_per_hour: -1 is out of range; it takes a whole number from 0 to 1000000",
        "line 15: limits.max_body: \"2 stones\" is not a size; write a whole number and a unit, such as \"512 KiB\", \"2 MiB\" or \"1 GiB\"",
        "line 19: backup.recipients: \"age1nonsense\" is not a recipient; write an age key such as \"age1…\"",
        "line 20: backup.recipients: holds a secret key; a recipient is the public half, which begins with age1",
        "variable TUCKSHOP_SITE__LISTEN: site.listen: \"here\" is not an address with a port; write one such as \"127.0.0.1:8080\" or \"[::]:80\"",
        "variable TUCKSHOP_CHECKOUT__GUEST: checkout.guest: there is no such key; did you mean TUCKSHOP_CHECKOUT__GUESTS?",
        "variable TUCKSHOP_DATA_DIR: data_dir: there is no such key; did you mean TUCKSHOP_STORE__DATA_DIR?",
    ];
    assert_eq!(says(toml, &env), expected);
}

#[test]
fn a_file_that_is_no_toml_is_named_with_its_line() {
    let said = says("[site]\nname = \"open\n", &[]);
    assert!(said[0].starts_with("line 2: "), "{said:?}");
    let missing = Config::load(Some(Path::new("/no/such/file.toml")), std::iter::empty(), Flags::default());
    assert!(missing.unwrap_err().to_string().starts_with("/no/such/file.toml: can't be read"));
}

#[test]
fn sections_and_keys_are_told_apart() {
    assert_eq!(says("[backup]\n[payments.transfer]\n", &[]), [""; 0]);
    assert_eq!(says("site = 1\n", &[]), ["line 1: site: is a section; its keys stand below a line [site]"]);
    assert_eq!(
        says("[site.name]\nx = 1\n", &[]),
        ["line 2: site.name.x: there is no such key; site.name is a key of its own, not a section"]
    );
    assert_eq!(
        says("[email]\npassword = \"hunter2\"\n", &[]),
        ["line 2: email.password: secrets stand in files of their own; name the file in email.password_file"]
    );
    assert_eq!(
        says("[nonsense]\n", &[]),
        ["line 1: nonsense: there is no such key; config.example.toml shows all"]
    );
    assert_eq!(
        says("data_dir = \"x\"\n", &[]),
        ["line 1: data_dir: there is no such key; did you mean store.data_dir?"]
    );
}

#[test]
fn a_partner_that_is_begun_must_be_whole() {
    assert_eq!(
        says("[email]\nsmtp_url = \"smtps://u@mail.example:465\"\n", &[]),
        ["line 2: email.from: is needed beside email.smtp_url"]
    );
    assert_eq!(
        says("[payments.stripe]\nsecret_key_file = \"k\"\n", &[]),
        ["line 2: payments.stripe.webhook_secret_file: is needed beside payments.stripe.secret_key_file"]
    );
    assert_eq!(says("[sms]\nkind = \"webhook\"\n", &[]), ["line 2: sms.url: is needed beside sms.kind"]);
    assert_eq!(
        says("[sms]\nurl = \"https://x.example\"\n", &[]),
        ["line 2: sms.kind: is needed beside sms.url"]
    );
    assert_eq!(says("[backup]\nbucket = \"s3://shop\"\naccess_key_id = \"a\"\n", &[]).len(), 1);
    assert_eq!(says("[site]\ntls_cert_file = \"c\"\n", &[]).len(), 1);
    assert_eq!(says("[site]\nacme = true\n", &[]).len(), 1);
    let toml = "[payments.alipay]\napp_id = \"1\"\nprivate_key_file = \"~/k\"\napp_cert_file = \"a\"\nroot_cert_file = \"r\"\n";
    let alipay = load(toml, &[]).unwrap().payments.alipay.unwrap();
    assert!(matches!(alipay.trust, AlipayTrust::Certificates { .. }));
    assert_eq!(alipay.private_key.path(), Path::new("/home/zhang/k"));
    let toml =
        "[backup]\nbucket = \"s3://shop/a/b/\"\naccess_key_id = \"a\"\nsecret_access_key_file = \"s\"\n";
    let bucket = load(toml, &[]).unwrap().backup.bucket.unwrap();
    assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("shop", "a/b"));
}

#[test]
fn a_secret_is_read_when_it_is_used_and_its_key_is_named_when_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let toml = format!(
        "[email]\nsmtp_url = \"smtps://u@mail.example\"\nfrom = \"Shop <a@b.example>\"\npassword_file = {path:?}\n"
    );
    let password = load(&toml, &[]).unwrap().email.unwrap().password.unwrap();
    assert_eq!(password.read().unwrap_err().key, "email.password_file");
    std::fs::write(&path, "\n").unwrap();
    assert!(password.read().unwrap_err().says.ends_with("there is nothing in it"));
    std::fs::write(&path, "hunter2\n").unwrap();
    assert_eq!(password.read().unwrap().as_str(), "hunter2");
}

#[test]
fn a_password_in_the_mail_address_is_shown_nowhere() {
    let config =
        load("[email]\nsmtp_url = \"smtps://u:hunter2@mail.example\"\nfrom = \"a@b.example\"\n", &[])
            .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let wrong = says("[email]\nsmtp_url = \"imap://u:hunter2@mail.example\"\n", &[]);
    assert!(!wrong.join("").contains("hunter2"));
}

#[test]
fn without_a_home_the_data_dir_must_be_named() {
    let without = Config::load(None, std::iter::empty(), Flags::default()).unwrap_err();
    assert_eq!(without.errors[0].key, "store.data_dir");
    let flags = Flags { data_dir: Some(PathBuf::from("/shop")), listen: None };
    assert_eq!(Config::load(None, std::iter::empty(), flags).unwrap().store.data_dir, PathBuf::from("/shop"));
}

#[test]
fn the_address_of_the_shop_follows_from_where_it_listens() {
    let config = load("[site]\nlisten = \"0.0.0.0:0\"\n", &[]).unwrap();
    assert_eq!(config.site.url_at("0.0.0.0:41234".parse().unwrap()), "http://127.0.0.1:41234");
    assert_eq!(config.site.url_at("[::1]:80".parse().unwrap()), "http://[::1]:80");
    let config = load("[site]\nurl = \"https://Shop.example:443/\"\n", &[]).unwrap();
    assert_eq!(config.site.url_at(config.site.listen), "https://shop.example");
}

#[test]
fn demo_is_a_rehearsal_without_limits_per_address() {
    let config = load("", &[]).unwrap().for_demo();
    assert!(config.rehearsal);
    assert_eq!(config.limits.posts_per_hour, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_file_and_no_variable_makes_it_panic(text in "\\PC{0,60}", key in "[a-z_.]{1,20}", value in "\\PC{0,20}") {
        let _ = load(&text, &[]);
        let quoted = format!("{key} = {value:?}");
        let _ = load(&quoted, &[(&variable(&key), &value)]);
    }

    #[test]
    fn no_value_of_a_known_key_makes_it_panic(index in 0usize..120, value in "\\PC{0,20}|[0-9]{1,12}|s3://.{0,5}") {
        let config = load("", &[]).unwrap();
        let settings = config.settings();
        let key = settings[index % settings.len()].key;
        let _ = load("", &[(&variable(key), &value)]);
    }
}
