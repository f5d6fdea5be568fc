//! The section `[backup]`: to whom, where to and how often.

use std::path::PathBuf;

use url::Url;

use super::period::Period;
use super::reader::{Parsed, Reader, quoted};
use super::running::{country, http_url, within};
use super::secret::SecretFile;

/// `[backup]`
#[derive(Clone, Debug)]
pub struct Backup {
    /// age X25519 recipients, `age1…`.
    pub recipients: Vec<String>,
    pub folders: Vec<PathBuf>,
    pub every: Period,
    pub keep_hourly: u32,
    pub keep_daily: u32,
    pub keep_weekly: u32,
    pub keep_monthly: u32,
    pub bucket: Option<Bucket>,
}

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    /// What the names of all files in it begin with; may be empty.
    pub prefix: String,
    pub endpoint: Option<String>,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: SecretFile,
    /// The country that the bucket stands in, for the privacy page.
    pub territory: Option<String>,
}

impl Backup {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let backup = Self {
            recipients: reader.list("backup.recipients", recipient, String::clone),
            folders: reader.paths("backup.folders"),
            every: reader.period("backup.every", Period::hours(24), |period| {
                within(period, Period::minutes(10), Period::days(31))
            }),
            keep_hourly: reader.number("backup.keep_hourly", 24, 0..=1000),
            keep_daily: reader.number("backup.keep_daily", 7, 0..=1000),
            keep_weekly: reader.number("backup.keep_weekly", 4, 0..=1000),
            keep_monthly: reader.number("backup.keep_monthly", 12, 0..=1000),
            bucket: Bucket::read(reader),
        };
        if backup.keep_hourly + backup.keep_daily + backup.keep_weekly + backup.keep_monthly == 0 {
            reader.problem(
                "backup.keep_hourly",
                "can't be 0 beside the three others; no backup would stay".to_owned(),
            );
        }
        backup
    }
}

impl Bucket {
    fn read(reader: &mut Reader) -> Option<Self> {
        let address = reader.maybe("backup.bucket", bucket_address, String::clone);
        let endpoint = reader.maybe("backup.endpoint", http_url, Url::to_string);
        let region = reader.text("backup.region", "us-east-1", 60);
        let access_key_id = reader.maybe_text("backup.access_key_id", 200);
        let secret_access_key = reader.secret("backup.secret_access_key_file");
        let territory = reader.maybe("backup.territory", country, String::clone);
        let Some(address) = address else {
            for key in [
                "backup.endpoint",
                "backup.access_key_id",
                "backup.secret_access_key_file",
                "backup.territory",
            ] {
                if !reader.is_empty(key) {
                    reader.problem(key, "has no meaning without backup.bucket".to_owned());
                }
            }
            return None;
        };
        for key in ["backup.access_key_id", "backup.secret_access_key_file"] {
            if reader.is_empty(key) {
                reader.problem(key, "is needed beside backup.bucket".to_owned());
            }
        }
        let address = address.trim_start_matches("s3://");
        let (name, prefix) = address.split_once('/').unwrap_or((address, ""));
        Some(Self {
            name: name.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            endpoint: endpoint.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            region,
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            territory,
        })
    }
}

fn bucket_address(text: &str) -> Parsed<String> {
    let name = text.strip_prefix("s3://").and_then(|rest| rest.split('/').next()).unwrap_or("");
    let sound = (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
        && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    sound.then(|| text.to_owned()).ok_or_else(|| {
        format!("{} is not a bucket; write \"s3://NAME\" or \"s3://NAME/FOLDER\"", quoted(text))
    })
}

fn recipient(text: &str) -> Parsed<String> {
    if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        // Not repeated here: messages end up in logs.
        return Err("holds a secret key; a recipient is the public half, which begins with age1".to_owned());
    }
    match text.parse::<age::x25519::Recipient>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("{} is not a recipient; write an age key such as \"age1…\"", quoted(text))),
    }
}
