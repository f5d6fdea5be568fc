//! What the program is built from: known weaknesses, licences, sources, doubled versions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use semver::{Version, VersionReq};
use serde::Deserialize;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Licences that a closed or an open shop may be built with; of an `OR` one is enough.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // The list of certificate authorities that browsers trust.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What must not be built in: a second provider of cryptography, or one of the system's.
const BANNED: &[&str] = &["native-tls", "openssl", "openssl-sys", "ring", "schannel", "security-framework"];

/// Crates in two versions, and why that is borne.
const DOUBLED: &[(&str, &[&str])] = &[
    (
        "age is built on the releases of RustCrypto before the present ones",
        &[
            "block-buffer",
            "chacha20",
            "const-oid",
            "cpufeatures",
            "crypto-common",
            "digest",
            "getrandom",
            "hmac",
            "hybrid-array",
            "rand",
            "rand_core",
            "sha2",
        ],
    ),
    ("age's translated messages", &["nom", "thiserror", "thiserror-impl", "toml", "base64"]),
    ("macros of build time, which are not in the program", &["syn", "synstructure"]),
    ("pictures and archives compress each with their own", &["miniz_oxide"]),
    ("aws-lc-rs and the certificate reader", &["untrusted"]),
    ("two-line helpers, of one-time codes and of ZIP", &["constant_time_eq"]),
    ("the checker of JSON Schemas, in tests only", &["bit-vec", "r-efi"]),
    ("Windows, which is not built for", &["windows-sys"]),
];

/// Weaknesses that are known and do not reach the shop, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Clone, Deserialize)]
struct Package {
    name: String,
    version: Version,
    source: Option<String>,
}

fn lock() -> Vec<Package> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("the lock file");
    toml::from_str::<Lock>(&text).expect("a lock file").package
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The head of an advisory.
#[derive(Deserialize)]
struct Advisory {
    advisory: Head,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    withdrawn: Option<toml::Value>,
    /// `unmaintained`, `unsound`, `notice`: no weakness by itself.
    informational: Option<String>,
}

#[derive(Default, Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

impl Advisory {
    fn read(text: &str) -> Result<Self, String> {
        let head = text.split("```toml").nth(1).and_then(|rest| rest.split("```").next());
        toml::from_str(head.ok_or("no head")?).map_err(|error| error.to_string())
    }

    fn hits(&self, version: &Version) -> bool {
        let sound = self.versions.patched.iter().chain(&self.versions.unaffected);
        let is_sound = |range: &String| VersionReq::parse(range).is_ok_and(|range| range.matches(version));
        self.advisory.withdrawn.is_none() && !sound.into_iter().any(is_sound)
    }

    /// Weaknesses and unsoundness count; that nobody maintains a crate any more is said.
    fn counts(&self) -> bool {
        self.advisory.informational.as_deref().is_none_or(|kind| kind == "unsound")
    }
}

/// Every advisory of the database about one of these packages.
fn found(packages: &[Package], database: &Path) -> Vec<(Advisory, Package)> {
    let mut hits = Vec::new();
    for package in packages {
        let Ok(entries) = std::fs::read_dir(database.join("crates").join(&package.name)) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("read");
            let advisory =
                Advisory::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(advisory.advisory.package, package.name, "{}", path.display());
            if advisory.hits(&package.version) {
                hits.push((advisory, package.clone()));
            }
        }
    }
    hits
}

/// The database that was named, or the one that Cargo's tools keep.
fn database() -> Option<PathBuf> {
    let named = std::env::var_os("ADVISORY_DB").map(PathBuf::from);
    let kept = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo").join("advisory-db"));
    named.into_iter().chain(kept).find(|folder| folder.join("crates").is_dir())
}

#[test]
fn no_known_weakness_is_built_in() {
    let Some(database) = database() else {
        println!("NOT CHECKED: no advisory database here; name one in ADVISORY_DB");
        return;
    };
    let packages = lock();
    let mut bad = Vec::new();
    for (advisory, package) in found(&packages, &database) {
        let id = &advisory.advisory.id;
        let line = format!("{id}: {} {}", package.name, package.version);
        if !advisory.counts() {
            println!("to know: {line} ({})", advisory.advisory.informational.as_deref().unwrap_or(""));
        } else if let Some((_, why)) = EXCEPTIONS.iter().find(|(known, _)| known == id) {
            println!("borne: {line}: {why}");
        } else {
            bad.push(line);
        }
    }
    println!("{} packages compared with {}", packages.len(), database.display());
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn a_weakness_is_found_in_the_versions_that_have_it_and_in_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let of = |text: &str| {
        let crates = folder.path().join("crates").join("leaky");
        std::fs::create_dir_all(&crates).expect("made");
        let head = "[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"leaky\"\ndate = \"2026-01-01\"\n";
        std::fs::write(
            crates.join("RUSTSEC-2026-9999.md"),
            format!("```toml\n{head}{text}```\n# It leaks\n"),
        )
        .expect("written");
        let package = |version: &str| Package {
            name: "leaky".to_owned(),
            version: Version::parse(version).expect("a version"),
            source: None,
        };
        let all = ["0.9.0", "1.0.0", "1.2.3", "2.0.0"].map(package);
        let hits = found(&all, folder.path());
        hits.iter()
            .filter(|(hit, _)| hit.counts())
            .map(|(_, hit)| hit.version.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("[versions]\npatched = [\">= 1.2.3\"]\nunaffected = [\"< 1.0.0\"]\n"), ["1.0.0"]);
    assert_eq!(of("[versions]\npatched = []\n"), ["0.9.0", "1.0.0", "1.2.3", "2.0.0"]);
    assert_eq!(of("withdrawn = \"2026-02-01\"\n[versions]\npatched = []\n"), [""; 0]);
    assert_eq!(of("informational = \"unmaintained\"\n[versions]\npatched = []\n"), [""; 0]);
    assert_eq!(of("informational = \"unsound\"\n[versions]\npatched = [\">= 1.0.0\"]\n"), ["0.9.0"]);
}

#[test]
fn everything_comes_from_one_registry_and_nothing_is_banned() {
    for package in lock() {
        let own = package.name == "tuckshop" && package.source.is_none();
        assert!(
            own || package.source.as_deref() == Some(CRATES_IO),
            "{}: {:?}",
            package.name,
            package.source
        );
    }
    let built = built();
    assert!(built.contains("aws-lc-rs") && built.len() > 100, "{built:?}");
    let banned: Vec<_> = BANNED.iter().filter(|name| built.contains(**name)).collect();
    assert!(banned.is_empty(), "{banned:?}");
}

#[test]
fn a_crate_in_two_versions_has_its_reason() {
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    lock().into_iter().for_each(|package| *versions.entry(package.name).or_default() += 1);
    let doubled: BTreeSet<&str> =
        versions.iter().filter(|(_, count)| **count > 1).map(|(name, _)| name.as_str()).collect();
    let borne: BTreeSet<&str> = DOUBLED.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let new: Vec<_> = doubled.difference(&borne).collect();
    assert!(new.is_empty(), "doubled without a reason: {new:?}");
    let gone: Vec<_> = borne.difference(&doubled).collect();
    assert!(gone.is_empty(), "a reason for what is not doubled any more: {gone:?}");
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Licensed>,
}

#[derive(Deserialize)]
struct Licensed {
    name: String,
    license: Option<String>,
}

/// What Cargo says; without the network where all that it needs is at hand.
fn cargo(arguments: &[&str]) -> Vec<u8> {
    let ask = |more: &[&str]| {
        Command::new(env!("CARGO"))
            .args(arguments)
            .arg("--locked")
            .args(more)
            .current_dir(root())
            .output()
            .expect("cargo runs")
    };
    let mut output = ask(&["--offline"]);
    if !output.status.success() {
        output = ask(&[]);
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The names of everything that is built for Linux, tests included.
fn built() -> BTreeSet<String> {
    let tree = ["tree", "--prefix", "none", "--format", "{p}", "--edges", "normal,build,dev"];
    let lines = cargo(&[&tree[..], &["--target", "x86_64-unknown-linux-gnu"]].concat());
    let lines = String::from_utf8(lines).expect("text");
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// What may be built for Linux, as Cargo tells it.
fn metadata() -> Vec<Licensed> {
    let metadata = ["metadata", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"];
    serde_json::from_slice::<Metadata>(&cargo(&metadata)).expect("JSON").packages
}

/// Whether an expression of licences can be met by those that are allowed.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    all_of(&expression).iter().all(|part| {
        let part = part.trim().trim_start_matches('(').trim_end_matches(')');
        part.split(" OR ").any(|licence| LICENCES.contains(&licence.trim()))
    })
}

/// The parts of an expression that are joined by `AND` outside of brackets.
fn all_of(expression: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for word in expression.split(' ') {
        if word == "AND" && depth == 0 {
            parts.push(String::new());
            continue;
        }
        depth += word.matches('(').count();
        depth -= word.matches(')').count();
        // The first part is there from the start.
        let last = parts.last_mut().expect("a part");
        last.push(' ');
        last.push_str(word);
    }
    parts
}

#[test]
fn every_licence_allows_to_sell_with_it() {
    for (expression, allowed) in [
        ("MIT", true),
        ("Apache-2.0/MIT", true),
        ("Apache-2.0 OR GPL-2.0-only", true),
        ("GPL-3.0", false),
        ("MIT AND GPL-3.0", false),
        ("ISC AND (Apache-2.0 OR ISC) AND MIT", true),
        ("(MIT OR GPL-2.0) AND AGPL-3.0", false),
    ] {
        assert_eq!(is_allowed(expression), allowed, "{expression}");
    }
    let bad: Vec<_> = metadata()
        .into_iter()
        .filter(|package| !package.license.as_deref().is_some_and(is_allowed))
        .map(|package| format!("{}: {:?}", package.name, package.license))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}
