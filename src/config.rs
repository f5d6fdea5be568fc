//! The typed configuration: how the shop runs, what it promises, and the first values of what it is.
//!
//! A flag is stronger than a variable (`TUCKSHOP_SECTION__KEY`), a variable than the file, the file than
//! the default. Everything that is wrong is reported at once, each with its key, its place and what is
//! allowed; the program then ends with 78 before anything is made. `config.example.toml` shows every key.
//!
//! The name, currency, country, contact and transfer instructions are first values only: the store
//! holds those in force, and [`Config::is_given`] and [`Config::source`] let start and `check` name
//! differences.

mod backup;
mod business;
mod errors;
mod given;
mod network;
mod partners;
mod period;
mod reader;
mod running;
mod secret;
mod size;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use backup::{Backup, Bucket};
pub use business::{Checkout, Orders, Policy, Retention, ShopContact};
pub use errors::{ConfigError, ConfigErrors, Source};
pub use given::{Flags, variable};
pub use network::Network;
pub use partners::{
    Alipay, AlipayTrust, AliyunSms, Email, Payments, Sf, Sms, Stripe, TencentSms, WebhookSms, Wechatpay,
};
pub use period::{NotAPeriod, Period, Unit};
pub use reader::Setting;
pub use running::{Limits, Log, LogFormat, Site, Store, TlsFiles, listen_address};
pub use secret::SecretFile;
pub use size::Size;

use given::Layers;
use reader::Reader;

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Config {
    pub rehearsal: bool,
    pub site: Site,
    pub store: Store,
    pub backup: Backup,
    pub email: Option<Email>,
    pub sms: Option<Sms>,
    pub checkout: Checkout,
    pub orders: Orders,
    pub contact: ShopContact,
    pub policy: Policy,
    pub payments: Payments,
    /// The courier SF Express.
    pub sf: Option<Sf>,
    /// Private addresses that partner clients may call.
    pub allow_private: Vec<SocketAddr>,
    pub retention: Retention,
    pub limits: Limits,
    pub log: Log,
    settings: Vec<Setting>,
}

impl Config {
    /// Reads all layers. Non-UTF-8 variables should be left out of `env` by the caller.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, ConfigErrors> {
        let (config, errors) = Self::read(Reader::new(Layers::read(file, env, flags)));
        if errors.is_empty() {
            return Ok(config);
        }
        Err(ConfigErrors { file: file.map(Path::to_owned), errors })
    }

    /// Reads the text of a configuration file alone.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_text(text: &str) -> Result<Self, ConfigErrors> {
        let (config, errors) = Self::read(Reader::new(Layers::of_text(text)));
        if errors.is_empty() { Ok(config) } else { Err(ConfigErrors { file: None, errors }) }
    }

    /// The defaults, with this data dir; no file and no variable is read.
    pub fn defaults(data_dir: PathBuf) -> Self {
        let (mut config, _) = Self::read(Reader::new(Layers::default()));
        config.store.data_dir = data_dir;
        config
    }

    /// This configuration for `demo`: a rehearsal, whose visitors all share one network address.
    #[must_use]
    pub fn for_demo(mut self) -> Self {
        self.rehearsal = true;
        self.limits.posts_per_hour = 0;
        self
    }

    /// Where the value of `key` (`site.name`) came from; `Default` also for a key that does not exist.
    pub fn source(&self, key: &str) -> Source {
        let setting = self.settings.iter().find(|setting| setting.key == key);
        setting.map_or(Source::Default, |setting| setting.source.clone())
    }

    /// Whether a flag, a variable or the file gives `key`.
    pub fn is_given(&self, key: &str) -> bool {
        self.source(key) != Source::Default
    }

    /// Every key with its value in force, as it was loaded, and where it came from. Secrets are not in it.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    fn read(mut reader: Reader) -> (Self, Vec<ConfigError>) {
        let keys = &mut reader;
        let mut config = Self {
            rehearsal: keys.flag("rehearsal", false),
            site: Site::read(keys),
            store: Store::read(keys),
            backup: Backup::read(keys),
            email: Email::read(keys),
            sms: Sms::read(keys),
            checkout: Checkout::read(keys),
            orders: Orders::read(keys),
            contact: ShopContact::read(keys),
            policy: Policy::read(keys),
            payments: Payments::read(keys),
            sf: Sf::read(keys),
            allow_private: running::allow_private(keys),
            retention: Retention::read(keys),
            limits: Limits::read(keys),
            log: Log::read(keys),
            settings: Vec::new(),
        };
        let (settings, errors) = reader.finish();
        config.settings = settings;
        (config, errors)
    }
}

#[cfg(test)]
mod tests;
