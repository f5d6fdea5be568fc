//! How a record becomes bytes: one version byte, then bincode 2.
//!
//! bincode is no longer developed; it stands behind this file alone, so that another codec can
//! take its place one record version at a time.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::classes::DataKind;

/// One stored field and what kind of data it is (DEF-01, SEC-10).
pub struct Field {
    pub name: &'static str,
    pub kind: DataKind,
    /// The fields of the structure that stands in this one, if any.
    pub part: Option<Part>,
}

/// A structure within a record: its fields as registered and as the code has them.
#[derive(Clone, Copy)]
pub struct Part {
    pub fields: &'static [Field],
    pub in_code: fn() -> &'static [&'static str],
}

impl Field {
    pub const fn new(name: &'static str, kind: DataKind) -> Self {
        Self { name, kind, part: None }
    }

    /// A field that holds one or more of the structure `R`, which is registered field by field.
    pub const fn of<R: Record>(name: &'static str, kind: DataKind) -> Self {
        Self { name, kind, part: Some(Part { fields: R::FIELDS, in_code: fields_in_code::<R> }) }
    }
}

/// Every stored field with its path within the record; structures by the fields that they hold.
pub fn leaves(fields: &'static [Field]) -> Vec<(String, &'static Field)> {
    leaves_within(fields, "")
}

fn leaves_within(fields: &'static [Field], within: &str) -> Vec<(String, &'static Field)> {
    let mut flat = Vec::new();
    for field in fields {
        let path = if within.is_empty() { field.name.to_owned() } else { format!("{within}.{}", field.name) };
        match field.part {
            Some(part) => flat.extend(leaves_within(part.fields, &path)),
            None => flat.push((path, field)),
        }
    }
    flat
}

/// Something that is stored: it says what each of its fields is.
pub trait Record: Serialize + DeserializeOwned + 'static {
    /// The version that is written. A type that changes gets `V2` and a conversion from `V1`.
    const VERSION: u8 = 1;
    /// Every field, by its name in the code. A test and each start compare this with the type.
    const FIELDS: &'static [Field];

    /// Reads a version that is no longer written.
    fn decode_older(_version: u8, _bytes: &[u8]) -> Option<Self> {
        None
    }
}

/// The names of a type's fields as the compiler knows them.
pub fn fields_in_code<R: Record>() -> &'static [&'static str] {
    serde_aux::serde_introspection::serde_introspect::<R>()
}

/// What a record type failed to register, in words; `None` if register and code agree.
pub fn unregistered(registered: &[Field], in_code: &[&str]) -> Option<String> {
    let names: Vec<&str> = registered.iter().map(|field| field.name).collect();
    if names != in_code {
        return Some(format!("registered {names:?}, stored {in_code:?}"));
    }
    registered.iter().find_map(|field| {
        let part = field.part?;
        unregistered(part.fields, (part.in_code)()).map(|what| format!("in {}: {what}", field.name))
    })
}

fn layout() -> bincode::config::Configuration {
    bincode::config::standard()
}

/// The record's bytes, its version first. `None` if it can't be written down, which for the plain
/// structures of the shop does not happen.
pub fn encode<R: Record>(record: &R) -> Option<Vec<u8>> {
    let mut bytes = vec![R::VERSION];
    bincode::serde::encode_into_std_write(record, &mut bytes, layout()).ok()?;
    Some(bytes)
}

/// Reads what [`encode`] wrote, now or in an earlier version; `None` if it is neither.
pub fn decode<R: Record>(bytes: &[u8]) -> Option<R> {
    let (&version, body) = bytes.split_first()?;
    if version == R::VERSION { decode_plain(body) } else { R::decode_older(version, body) }
}

/// Nothing that is read takes more memory: a length that was tampered with would else ask for all there is.
const MOST_MEMORY: usize = 64 << 20;

/// Reads a structure without its version byte, all of it.
pub fn decode_plain<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let bounded = layout().with_limit::<MOST_MEMORY>();
    let (value, used) = bincode::serde::decode_from_slice(body, bounded).ok()?;
    (used == body.len()).then_some(value)
}

/// A text about a person, as it stands in a record.
pub struct PersonalText {
    /// The names of the fields on the way to it.
    pub path: String,
    pub kind: DataKind,
    pub text: String,
}

/// What is written about a person in a record's bytes, by the register; nothing if they are no such record.
pub fn personal_texts<R: Record>(bytes: &[u8]) -> Vec<PersonalText> {
    let mut texts = Vec::new();
    if let Some(value) = decode::<R>(bytes).and_then(|record| serde_json::to_value(record).ok()) {
        texts_within(&value, R::FIELDS, "", &mut texts);
    }
    texts
}

fn texts_within(record: &Value, fields: &[Field], within: &str, texts: &mut Vec<PersonalText>) {
    if let Value::Array(several) = record {
        return several.iter().for_each(|one| texts_within(one, fields, within, texts));
    }
    for field in fields {
        let Some(value) = record.get(field.name) else { continue };
        let path = if within.is_empty() { field.name.to_owned() } else { format!("{within}.{}", field.name) };
        match field.part {
            Some(part) => texts_within(value, part.fields, &path, texts),
            None if field.kind == DataKind::NotPersonal => {}
            None => texts_of(value, &path, field.kind, texts),
        }
    }
}

fn texts_of(value: &Value, path: &str, kind: DataKind, texts: &mut Vec<PersonalText>) {
    match value {
        Value::String(text) => texts.push(PersonalText { path: path.to_owned(), kind, text: text.clone() }),
        Value::Array(several) => several.iter().for_each(|one| texts_of(one, path, kind, texts)),
        Value::Object(parts) => parts.values().for_each(|part| texts_of(part, path, kind, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
