//! The sections that say how the shop runs: `[site]`, `[store]`, `[outbound]`, `[limits]`, `[log]`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use iso_currency::Currency;
use jiff::tz::TimeZone;
use url::Url;

use super::network::Network;
use super::period::{Period, Unit};
use super::reader::{Parsed, Reader, quoted};
use super::size::Size;

/// `[site]`
#[derive(Clone, Debug)]
pub struct Site {
    /// First value only; the store holds the name in force.
    pub name: String,
    /// The address that people type, without a slash at its end; see [`Site::url_at`].
    pub url: Option<String>,
    pub listen: SocketAddr,
    pub tls: Option<TlsFiles>,
    pub acme: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// First value only.
    pub currency: Currency,
    /// ISO 3166-1, two capital letters. First value only.
    pub country: String,
    /// In which days begin and times are shown.
    pub timezone: TimeZone,
}

/// The certificate and its key, both PEM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

impl Site {
    /// The shop's own address while it listens at `bound`: the configured one, else one made from `bound`.
    pub fn url_at(&self, bound: SocketAddr) -> String {
        if let Some(url) = &self.url {
            return url.clone();
        }
        let scheme = if self.tls.is_some() || self.acme { "https" } else { "http" };
        // Nobody can open "every address"; this machine is one of them.
        let host = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        format!("{scheme}://{host}:{}", bound.port())
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let site = Self {
            name: reader.text("site.name", "Tuckshop", 80),
            url: reader.maybe("site.url", origin, String::clone),
            listen: reader.parsed("site.listen", SocketAddr::from(([127, 0, 0, 1], 8080)), listen_address),
            tls: tls_files(reader),
            acme: reader.flag("site.acme", false),
            trusted_proxies: reader.list("site.trusted_proxies", network, Network::to_string),
            currency: currency(reader),
            country: reader.parsed("site.country", "CN".to_owned(), country),
            timezone: timezone(reader),
        };
        if site.acme && site.tls.is_some() {
            reader.problem("site.acme", "can't be true beside site.tls_cert_file; choose one".to_owned());
        }
        if site.acme && !site.url.as_ref().is_some_and(|url| url.starts_with("https://")) {
            reader.problem("site.acme", "needs site.url to begin with https://".to_owned());
        }
        site
    }
}

fn tls_files(reader: &mut Reader) -> Option<TlsFiles> {
    let cert_file = reader.path("site.tls_cert_file");
    let key_file = reader.path("site.tls_key_file");
    match (cert_file, key_file) {
        (Some(cert_file), Some(key_file)) => Some(TlsFiles { cert_file, key_file }),
        (Some(_), None) => {
            reader.problem("site.tls_cert_file", "needs site.tls_key_file beside it".to_owned());
            None
        }
        (None, Some(_)) => {
            reader.problem("site.tls_key_file", "needs site.tls_cert_file beside it".to_owned());
            None
        }
        (None, None) => None,
    }
}

fn currency(reader: &mut Reader) -> Currency {
    let code = reader.parsed("site.currency", "CNY".to_owned(), |text| {
        let code = text.to_ascii_uppercase();
        let money = Currency::from_code(&code).filter(|currency| currency.exponent().is_some());
        money.map(|_| code).ok_or_else(|| {
            format!(
                "{} is not a currency; write its three letters of ISO 4217, such as \"CNY\"",
                quoted(text)
            )
        })
    });
    // What was read is a known code.
    Currency::from_code(&code).unwrap_or(Currency::CNY)
}

fn timezone(reader: &mut Reader) -> TimeZone {
    let known = |text: &str| TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some());
    let name = reader.parsed("site.timezone", "Asia/Shanghai".to_owned(), |text| {
        known(text).map(|_| text.to_owned()).ok_or_else(|| {
            format!("{} is not a time zone; write its name, such as \"Asia/Shanghai\"", quoted(text))
        })
    });
    // What was read is a known name.
    known(&name).unwrap_or(TimeZone::UTC)
}

pub(super) fn country(text: &str) -> Parsed<String> {
    let letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    letters.then(|| text.to_ascii_uppercase()).ok_or_else(|| {
        format!("{} is not a country; write its two letters of ISO 3166-1, such as \"CN\"", quoted(text))
    })
}

/// Where to listen: an address with a port.
///
/// # Errors
/// What is allowed instead.
pub fn listen_address(text: &str) -> Parsed<SocketAddr> {
    text.parse().map_err(|_| {
        format!(
            "{} is not an address with a port; write one such as \"127.0.0.1:8080\" or \"[::]:80\"",
            quoted(text)
        )
    })
}

fn network(text: &str) -> Parsed<Network> {
    text.parse().map_err(|error| format!("{} is not a network; {error}", quoted(text)))
}

/// An http address without a path: what a browser calls an origin.
fn origin(text: &str) -> Parsed<String> {
    let url = http_url(text)?;
    if url.path() != "/" || url.query().is_some() {
        return Err(format!("{} has something behind the host; the shop stands at its root", quoted(text)));
    }
    Ok(url.origin().ascii_serialization())
}

/// An http or https address without user and password.
pub(super) fn http_url(text: &str) -> Parsed<Url> {
    let says = || format!("{} is not an address such as \"https://shop.example\"", quoted(text));
    let url = Url::parse(text).map_err(|_| says())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    if plain { Ok(url) } else { Err(says()) }
}

/// `[store]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    pub data_dir: PathBuf,
    pub master_key_file: Option<PathBuf>,
    /// Where a master key goes when no file is named: `tuckshop` in the user's configuration folder.
    pub key_folder: Option<PathBuf>,
}

impl Store {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let own = |folder: &Option<PathBuf>| folder.as_ref().map(|folder| folder.join("tuckshop"));
        let default = own(&reader.folders().data);
        let data_dir = reader.path_or("store.data_dir", default);
        if data_dir.is_none() {
            let says = "no default, because neither HOME nor XDG_DATA_HOME is set; give --data-dir";
            reader.problem("store.data_dir", says.to_owned());
        }
        Self {
            data_dir: data_dir.unwrap_or_default(),
            master_key_file: reader.path("store.master_key_file"),
            key_folder: own(&reader.folders().config),
        }
    }
}

/// Private addresses that partner clients may call, from `[outbound]`.
pub(super) fn allow_private(reader: &mut Reader) -> Vec<SocketAddr> {
    let address = |text: &str| {
        text.parse().map_err(|_| {
            format!("{} is not an address with a port, such as \"127.0.0.1:9000\"", quoted(text))
        })
    };
    reader.list("outbound.allow_private", address, SocketAddr::to_string)
}

/// `[limits]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Forms that one network address may send in an hour; 0 sets no bound.
    pub posts_per_hour: u32,
    pub max_body: Size,
    pub max_upload: Size,
    /// How long a request may take to say what it wants.
    pub header_timeout: Duration,
    pub max_connections: u32,
    /// Passwords that are checked at the same moment.
    pub argon2_at_once: u32,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let cores =
            std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let twenty_seconds = Duration::from_secs(20);
        Self {
            posts_per_hour: reader.number("limits.posts_per_hour", 300, 0..=1_000_000),
            max_body: reader.size("limits.max_body", Size::mib(2), Size(64 << 10)..=Size::mib(64)),
            max_upload: reader.size("limits.max_upload", Size::mib(20), Size::mib(1)..=Size::mib(1024)),
            header_timeout: reader
                .period("limits.header_timeout", Period::seconds(20), |period| {
                    within(period, Period::seconds(1), Period::minutes(5))
                })
                .duration()
                .unwrap_or(twenty_seconds),
            max_connections: reader.number("limits.max_connections", 1000, 10..=100_000),
            argon2_at_once: match reader.number("limits.argon2_at_once", 0, 0..=256) {
                // Shoppers keep a core for themselves.
                0 => cores.saturating_sub(1).max(1),
                number => number,
            },
        }
    }
}

/// Agrees to periods of fixed length between two bounds.
pub(super) fn within(period: Period, least: Period, most: Period) -> Parsed<()> {
    let fixed = !matches!(period.unit(), Unit::Month | Unit::Year);
    let allowed = fixed && period.is_at_least(least) && most.is_at_least(period);
    if allowed {
        Ok(())
    } else {
        Err(format!("\"{period}\" is out of range; allowed is from {least} to {most}"))
    }
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Text,
    Json,
}

/// `[log]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// A level, or levels by module: `info`, `info,tuckshop::store=debug`.
    pub level: String,
    pub format: LogFormat,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let formats = [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)];
        Self {
            level: reader.parsed("log.level", "info".to_owned(), log_level),
            format: reader.choice("log.format", "auto", &formats).unwrap_or(LogFormat::Auto),
        }
    }
}

fn log_level(text: &str) -> Parsed<String> {
    let is_level = |word: &str| ["off", "error", "warn", "info", "debug", "trace"].contains(&word);
    let is_module = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte))
    };
    let sound = text.split(',').map(str::trim).all(|part| match part.split_once('=') {
        Some((module, level)) => is_module(module) && is_level(level),
        None => is_level(part),
    });
    if sound {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{} is not known; write error, warn, info, debug, trace or off, or by module \"info,tuckshop::store=debug\"",
        quoted(text)
    ))
}
