//! One door for each parser that strangers, partners or damaged files can reach: each takes any bytes and
//! must neither panic nor hang. The fuzzers in `fuzz/` and an ordinary test go through the same doors.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::config::Config;
use crate::contact::Contact;
use crate::ids::{OrderNumber, SubjectId};
use crate::money::{Currency, Money};
use crate::web::{Cookie, Form, local_path};
use crate::{backup, catalogue, store};

/// Takes any bytes.
pub type Door = fn(&[u8]);

/// Every door by name.
pub const DOORS: &[(&str, Door)] = &[
    ("forms", forms),
    ("cookies", cookies),
    ("sheet", sheet),
    ("pictures", pictures),
    ("stored", stored),
    ("keyring", keyring),
    ("config", config),
    ("words", words),
    ("place", place),
];

/// A posted form, and every way to read a field of it.
pub fn forms(bytes: &[u8]) {
    let form = Form::parse(bytes).sent();
    let mut problems = Vec::new();
    for name in form.names() {
        form.line(name, 200, &mut problems);
        form.lines(name, 2000, &mut problems);
        form.quantity(name, &mut problems);
        form.secret(name, &mut problems);
        form.ticked(name);
    }
}

/// A `Cookie` header.
pub fn cookies(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
    for cookie in [Cookie::Session, Cookie::Staff, Cookie::Cart, Cookie::Step, Cookie::Language] {
        cookie.read(&headers, true);
        cookie.read(&headers, false);
    }
}

/// A catalogue as CSV.
pub fn sheet(bytes: &[u8]) {
    if let Some(currency) = Currency::parse("CNY") {
        catalogue::is_sheet(bytes, currency);
    }
}

/// A picture that was uploaded.
pub fn pictures(bytes: &[u8]) {
    catalogue::is_picture(bytes);
}

/// A value as it lies in the database, and what is in a sealed one.
pub fn stored(bytes: &[u8]) {
    store::is_stored(bytes);
}

/// A slot of the keyring, and a keyring copy.
pub fn keyring(bytes: &[u8]) {
    store::keyring::is_keyring(bytes);
}

/// A configuration file.
pub fn config(bytes: &[u8]) {
    // What is wrong is said in words; they are made too.
    if let Err(errors) = Config::from_text(&String::from_utf8_lossy(bytes)) {
        let _ = errors.to_string();
    }
}

/// What is read out of single words: contacts, amounts, numbers, paths.
pub fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // Each answers in its own way whether it is one.
    let _ = Contact::parse(&text, "CN");
    let _ = OrderNumber::parse(&text);
    let _ = SubjectId::parse(&text);
    let _ = local_path(&text, "/");
    catalogue::fold(&text);
    catalogue::Query::parse(&text);
    for code in ["CNY", "JPY", "KWD"] {
        if let Some(money) = Currency::parse(code).and_then(|currency| Money::parse(&text, currency)) {
            let _ = money.text(crate::locale::Locale::Zh);
        }
    }
}

/// The `place.id` of a folder for backups.
pub fn place(bytes: &[u8]) {
    let _ = std::str::from_utf8(bytes).ok().and_then(backup::PlaceId::parse);
}
