//! The verbs of the command line, on the real program.

use std::io::Read;

use tuckshop::clock::{Clock, SystemClock};

use crate::program::{Running, text, tuckshop};

/// A home folder with the data dir of a shop in it.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub dir: String,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path().join("shop").display().to_string();
        Self { folder, dir }
    }

    /// A shop that `init` made; returns it with what was printed.
    pub fn with_shop() -> (Self, String) {
        let home = Self::new();
        let made = home.run(&["init", "--owner-email", "owner@example.com"]);
        assert_eq!(made.0, 0, "{}{}", made.1, made.2);
        (home, made.1)
    }

    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut all = arguments.to_vec();
        all.extend(["--data-dir", &self.dir]);
        let output = tuckshop(self.folder.path(), &all);
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.display().to_string()
    }
}

#[test]
fn init_makes_a_shop_and_prints_the_recovery_key_once() {
    let (home, printed) = Home::with_shop();
    assert!(printed.contains("AGE-SECRET-KEY-1") && printed.contains("# public key: age1"), "{printed}");
    let again = home.run(&["init", "--owner-email", "owner@example.com"]);
    assert_eq!(again.0, 1);
    assert!(!again.1.contains("AGE-SECRET-KEY"));
    let names: Vec<String> = std::fs::read_dir(&home.dir)
        .expect("the data dir")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(!names.contains(&"master.key".to_owned()), "the key lies elsewhere: {names:?}");
    for side in ["keyring", "passing"] {
        let read = |half: &str| std::fs::read(format!("{}/{side}.{half}", home.dir)).expect("read");
        assert!(read("a") == read("b"), "{side}.a and {side}.b are equal while the shop is closed");
    }
}

#[test]
fn a_shop_without_its_master_key_says_so_and_ends_with_78() {
    let (home, _) = Home::with_shop();
    std::fs::remove_dir_all(home.folder.path().join("config")).expect("removed");
    let (code, _, stderr) = home.run(&["check"]);
    assert_eq!(code, 78, "{stderr}");
    assert!(stderr.contains("master key"), "{stderr}");
}

#[test]
fn verbs_on_a_shop_that_is_open_are_carried_out_by_it() {
    let (home, _) = Home::with_shop();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &home.dir];
    let running = Running::start(home.folder.path(), &arguments, "tuckshop: open at");
    let added = home.run(&["staff", "add", "clerk@example.com", "--name", "Clerk"]);
    assert_eq!(added.0, 0, "{}", added.2);
    let csv = home.file("goods.csv", "handle,title,price,stock\nmug,Mug,49.50,7\n");
    let imported = home.run(&["products", "import", &csv]);
    assert_eq!(imported.0, 0, "{}", imported.2);
    let page = running.visitor().get("/products/mug").expect("a page");
    assert_eq!(page.status, 200);
    let backup = home.run(&["backup", "now"]);
    assert_eq!(backup.0, 0, "{}", backup.2);
    assert_eq!(home.run(&["check"]).0, 0);
    let second = tuckshop(home.folder.path(), &arguments);
    assert_eq!(second.status.code(), Some(1), "a second one is refused");
    assert!(text(&second.stderr).contains("process"), "{}", text(&second.stderr));
    assert_eq!(running.stop(), 0);
    let (_, listed, _) = home.run(&["staff", "list"]);
    assert!(listed.contains("clerk@example.com"), "{listed}");
    let (_, listed, _) = home.run(&["backup", "list"]);
    assert!(listed.contains(".tar.zst.age"), "{listed}");
}

#[test]
fn a_bad_row_is_named_with_its_line_and_nothing_is_imported() {
    let (home, _) = Home::with_shop();
    let csv = home
        .file("goods.csv", "handle,title,price,stock\nmug,Mug,49.50,7\npot,Pot,cheap,1\ncup,Cup,1.00,-3\n");
    let (code, _, stderr) = home.run(&["products", "import", &csv]);
    assert_eq!(code, 1);
    assert!(stderr.contains('3') && stderr.contains('4') && stderr.contains("price"), "{stderr}");
    let csv = home.file("again.csv", "handle,title,price,stock\nmug,Mug,49.50,7\n");
    assert_eq!(home.run(&["products", "import", &csv]).0, 0);
    assert_eq!(home.run(&["products", "import", &csv]).0, 0, "a second time doubles nothing");
    let (code, exported, _) = home.run(&["products", "export"]);
    assert!(code == 0 && exported.contains("mug") && exported.contains("49.50"), "{exported}");
    let exported = home.file("export.csv", &exported);
    let (_, report, _) = home.run(&["products", "import", &exported, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["products_changed"], 0, "its own export changes nothing: {report}");
    assert_eq!(home.run(&["check"]).0, 0);
}

#[test]
fn a_backup_opens_with_age_alone_and_restores_on_an_empty_machine() {
    let (home, printed) = Home::with_shop();
    let csv = home.file("goods.csv", "handle,title,price,stock\nmug,Mug,49.50,7\n");
    home.run(&["products", "import", &csv]);
    let (code, made, stderr) = home.run(&["backup", "now"]);
    assert_eq!(code, 0, "{stderr}");
    let name = made.lines().next().expect("a name").to_owned();
    let place = format!("{}/backups", home.dir);
    let start = printed.find("# Recovery key").expect("the key");
    let end = printed.find("Next:").expect("its end");
    let identity = home.file("identity.txt", &printed[start..end]);

    let secret = printed.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).expect("the key");
    let key: age::x25519::Identity = secret.parse().expect("an age identity");
    let file = std::fs::File::open(format!("{place}/{name}")).expect("the archive");
    let decryptor = age::Decryptor::new_buffered(std::io::BufReader::new(file)).expect("an age file");
    let mut plain = Vec::new();
    let identities = std::iter::once(&key as &dyn age::Identity);
    decryptor.decrypt(identities).expect("opens").read_to_end(&mut plain).expect("whole");
    assert_eq!(&plain[..4], &[0x28, 0xb5, 0x2f, 0xfd], "zstd, as any tool knows it");

    let other = Home::new();
    let archive = format!("{place}/{name}");
    let into = other.dir.clone();
    let output = tuckshop(
        other.folder.path(),
        &["backup", "restore", &archive, "--into", &into, "--identity", &identity],
    );
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(other.run(&["check"]).0, 0);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &into];
    let running = Running::start(other.folder.path(), &arguments, "tuckshop: open at");
    assert_eq!(running.visitor().get("/products/mug").expect("a page").status, 200);
    running.stop();
}

#[test]
fn the_route_table_and_the_data_map_are_printed() {
    let home = Home::new();
    let (code, routes, _) = home.run(&["routes", "--json"]);
    assert_eq!(code, 0);
    let routes: Vec<serde_json::Value> = serde_json::from_str(&routes).expect("JSON");
    assert!(routes.iter().any(|route| {
        route["method"] == "GET"
            && route["path"] == "/products/{slug}"
            && route["who"] == "anyone"
            && route["changes"] == ""
    }));
    let (code, map, _) = home.run(&["data-map"]);
    assert_eq!(code, 0);
    for word in ["accounts", "order_contact", "contract", "3 years", "consignee"] {
        assert!(map.to_lowercase().contains(word), "{word}");
    }
}

#[test]
fn a_wrong_configuration_names_key_and_line_and_makes_nothing() {
    let home = Home::new();
    let config = home.file("shop.toml", "[site]\nname = \"Shop\"\nlisten = \"nowhere\"\nnmae = 1\n");
    let (code, _, stderr) = home.run(&["serve", "--config", &config]);
    assert_eq!(code, 78);
    assert!(stderr.contains("site.listen") && stderr.contains("line 3"), "{stderr}");
    assert!(stderr.contains("nmae") && stderr.contains("line 4"), "{stderr}");
    assert!(!std::path::Path::new(&home.dir).exists());
}

#[test]
fn a_real_shop_takes_no_moved_clock_and_a_demo_is_not_served() {
    let (home, _) = Home::with_shop();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tuckshop"))
        .args(["check", "--data-dir", &home.dir])
        .env("XDG_CONFIG_HOME", home.folder.path().join("config"))
        .env("TUCKSHOP_CLOCK_OFFSET", "P40D")
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(78));
    let demo = Home::new();
    let arguments =
        ["demo", "--listen", "127.0.0.1:0", "--orders", "3", "--products", "5", "--data-dir", &demo.dir];
    let running = Running::start(demo.folder.path(), &arguments, "Backup identity:");
    for label in ["Shop:", "Back office:", "Owner:", "Shopper:", "Outbox:", "Backup identity:"] {
        assert!(!running.said(label).is_empty());
    }
    running.stop();
    let (code, _, stderr) = demo.run(&["serve"]);
    assert_eq!(code, 78, "{stderr}");
    let (code, _, stderr) = home.run(&["demo", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 78, "{stderr}");
}

#[test]
fn serve_on_an_empty_dir_prints_a_link_that_makes_the_owner() {
    let home = Home::new();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &home.dir];
    let running = Running::start(home.folder.path(), &arguments, "Set up:");
    let path = running.said("Set up:").split_once(&running.address).expect("this shop").1.to_owned();
    let mut owner = running.visitor();
    let form = owner.get(&path).expect("a page").form(&path);
    let form = form
        .with("name", "Lantern Shop")
        .with("country", "CN")
        .with("email", "me@example.com")
        .with("password", "seven quiet herons wade");
    let page = owner.submit(&form).expect("an answer").must_be(200);
    page.must_say("AGE-SECRET-KEY-1");
    assert_eq!(owner.get("/admin").expect("a page").status, 200, "signed in");
    assert_eq!(running.stop(), 0);
    let running = Running::start(home.folder.path(), &arguments, "tuckshop: open at");
    assert_eq!(running.stop(), 0);
    let (code, listed, _) = home.run(&["staff", "list"]);
    assert!(code == 0 && listed.starts_with("owner"), "{listed}");
    assert_eq!(home.run(&["backup", "now"]).0, 0, "the recovery key is known");
}

#[test]
fn sec_07_a_verb_that_shows_people_is_logged_and_the_others_show_nobody() {
    let (home, _) = Home::with_shop();
    let entries = || {
        let (code, json, error) = home.run(&["audit", "verify", "--json"]);
        assert_eq!(code, 0, "{error}");
        let audit: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        audit["entries"].as_u64().expect("a number")
    };
    let copy = home.folder.path().join("copy.age").display().to_string();
    for (verb, logged) in [
        (&["staff", "list"][..], 1),
        (&["staff", "list", "--json"], 1),
        (&["check"], 0),
        (&["products", "export"], 0),
        (&["backup", "now"], 0),
        (&["backup", "list"], 0),
        (&["backup", "verify"], 0),
        (&["backup", "keyring", "--to", &copy], 0),
        (&["sweep", "--dry-run"], 0),
        (&["sweep"], 0),
        (&["audit", "verify"], 0),
        (&["data-map"], 0),
    ] {
        let before = entries();
        let (code, shown, error) = home.run(verb);
        assert_eq!(code, 0, "{verb:?}: {error}");
        assert_eq!(entries() - before, logged, "{verb:?}");
        assert_eq!(shown.contains("owner@example.com"), logged > 0, "{verb:?}: {shown}");
    }
}

/// The day so many days from now, in the time zone of shops.
fn day(ahead: i64) -> String {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone");
    SystemClock::new(jiff::SignedDuration::ZERO).now().plus_seconds(ahead * 24 * 60 * 60).day(&zone)
}

#[test]
fn ret_08_the_shell_announces_a_closing_and_calls_it_off() {
    let (home, _) = Home::with_shop();
    let refused = home.run(&["close-business", "--on", &day(29)]);
    assert_eq!(refused.0, 1);
    assert!(refused.2.contains("--on") && refused.2.contains("earliest"), "{}", refused.2);
    for wrong in [&["close-business"][..], &["close-business", "--call-off", "--on", "2099-01-01"]] {
        assert_eq!(home.run(wrong).0, 2, "one of both");
    }
    assert!(home.run(&["close-business", "--on", "tomorrow"]).2.contains("--on: Give the day"));
    let none = home.run(&["close-business", "--call-off"]);
    assert!(none.0 == 1 && none.2.contains("No closing is announced"), "{}", none.2);

    let on = day(31);
    let said = home.run(&["close-business", "--on", &on]);
    assert!(said.0 == 0 && said.1.contains(&on) && said.1.contains("--call-off"), "{}{}", said.1, said.2);
    let again = home.run(&["close-business", "--on", &on, "--json"]);
    assert!(again.0 == 0 && again.1.contains(&format!("\"on\": \"{on}\"")), "{}", again.1);
    assert!(home.run(&["close-business", "--on", &day(60)]).2.contains("Call it off first"));
    let off = home.run(&["close-business", "--call-off", "--json"]);
    assert!(off.0 == 0 && off.1.contains("\"called_off\": true"), "{}", off.1);
    assert_eq!(home.run(&["close-business", "--on", &day(60)]).0, 0);
}

/// What is no value of this kind, as the help names the kind.
fn no_values(kind: &str) -> &'static [&'static str] {
    match kind {
        "DATE" => &["someday", "", "2026-02-30", "31.12.2027", "2027-1-1x"],
        "TIME" => &["soonish", "", "25:00", "2027-02-30T00:00:00Z"],
        "RUN" | "PRODUCTS" | "ORDERS" => &["many", "", "-1", "1.5", "99999999999999999999"],
        "EMAIL" => &["nobody", "", "a b@example.com", "a@b", "a@example.com\nb"],
        "ADDRESS:PORT" => &["nowhere", "", "8080", "127.0.0.1:99999"],
        "FILE" | "DIR" | "FOLDER" | "NAME" | "CONFIG" | "DATA_DIR" => &[""],
        other => panic!("say what is no {other}"),
    }
}

/// The options of a verb that take a value, and the values that stand alone, as its help names them: what
/// comes before the value, and its kind.
fn valued(help: &str) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    for line in help.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let kind = |word: &str| word.trim_end_matches('.').trim_matches(['<', '>', '[', ']']).to_owned();
        if first.starts_with("--") && second.starts_with('<') {
            found.push((Some(first.to_owned()), kind(second)));
        } else if first.starts_with(['<', '[']) && first.ends_with(['>', ']']) {
            found.push((None, kind(first)));
        }
    }
    found
}

/// Every verb, with its own verbs.
fn all_verbs(home: &Home, verb: &[String]) -> Vec<(Vec<String>, String)> {
    let arguments: Vec<&str> = verb.iter().map(String::as_str).chain(["--help"]).collect();
    let output = tuckshop(home.folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{verb:?}");
    let help = text(&output.stdout);
    let own = help.split("Commands:\n").nth(1).unwrap_or("").lines();
    let own = own
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = own.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut all: Vec<_> =
        names.flat_map(|name| all_verbs(home, &[verb, &[name.to_owned()]].concat())).collect();
    all.push((verb.to_vec(), help));
    all
}

#[test]
fn a_value_that_is_none_is_wrong_usage_in_every_verb() {
    let (home, _) = Home::with_shop();
    let verbs = all_verbs(&home, &[]);
    let (mut tried, mut faults) = (0, Vec::new());
    for (verb, help) in &verbs {
        // Options that all verbs have stand before them as well as behind.
        for (option, kind) in valued(help) {
            for value in no_values(&kind) {
                let mut arguments: Vec<&str> = verb.iter().map(String::as_str).collect();
                arguments.extend(option.as_deref());
                arguments.push(value);
                if option.as_deref() != Some("--data-dir") {
                    arguments.extend(["--data-dir", &home.dir]);
                }
                let output = tuckshop(home.folder.path(), &arguments);
                let (code, stderr) = (output.status.code(), text(&output.stderr));
                tried += 1;
                // A verb that lacks something else is wrong usage too: what is said is of this value.
                let named =
                    stderr.contains(option.as_ref().unwrap_or(&kind)) && !stderr.contains("not provided");
                if code != Some(2) || !named {
                    faults.push(format!("{arguments:?}: {code:?} {stderr}"));
                }
            }
        }
    }
    assert!(verbs.len() > 25 && tried > 100, "{} verbs, {tried} values", verbs.len());
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_value_that_is_none_is_wrong_usage_where_the_shop_is_open_and_a_refused_one_is_not() {
    let (home, _) = Home::with_shop();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &home.dir];
    let running = Running::start(home.folder.path(), &arguments, "tuckshop: open at");
    for (verb, code, said) in [
        (&["close-business", "--on", "someday"][..], 2, "--on: Give the day"),
        (&["close-business", "--on", &day(3)], 1, "--on: Customers are told 30 days before"),
        (&["sweep", "--dry-run", "--as-of", "soonish"], 2, "--as-of: a time such as"),
        (&["sweep", "--dry-run", "--as-of", "2099-01-01T00:00:00Z"], 0, ""),
        (&["sweep", "--release", "seven"], 2, "--release: a whole number"),
        (&["sweep", "--release", "7"], 1, "--release: no run 7 waits"),
        (&["staff", "disable", "nobody"], 2, "EMAIL: Enter an email address"),
        (&["staff", "disable", "--email", "nobody"], 2, "--email: Enter an email address"),
        (&["staff", "disable", "nobody@example.com"], 1, "nobody of that email"),
        (&["staff", "add", "clerk@example.com", "--name", " "], 2, "--name: "),
    ] {
        let (ended, _, stderr) = home.run(verb);
        assert!(ended == code && stderr.contains(said), "{verb:?}: {ended} {stderr}");
    }
    assert_eq!(running.stop(), 0);
}
