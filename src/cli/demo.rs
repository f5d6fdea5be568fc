//! `tuckshop demo`: a stocked shop on a temporary data dir, for looking around.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::serve::{bind, harden, keep_open};
use super::{FAILED, complain, refuse, say, values};
use crate::clock::HeldClock;
use crate::config::Config;
use crate::demo::{self, Wish};
use crate::opening::{Lock, Opener, OpeningError, Purpose};
use crate::random::{Random, SystemSource};
use crate::shop::Shop;

/// The file of a demo's data dir that opens its backups.
pub const IDENTITY: &str = "backup-identity.txt";

#[derive(Args)]
pub struct DemoArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = values::listen)]
    pub listen: Option<String>,
    /// How many products
    #[arg(long, default_value_t = 60, allow_negative_numbers = true, value_parser = values::number::<usize>)]
    products: usize,
    /// How many orders of the past year
    #[arg(long, default_value_t = 200, allow_negative_numbers = true, value_parser = values::number::<usize>)]
    orders: usize,
}

pub fn run(mut config: Config, args: &DemoArgs, data_dir: Option<PathBuf>) -> i32 {
    harden();
    let temporary = data_dir.is_none();
    config.store.data_dir = data_dir.unwrap_or_else(temporary_dir);
    // A demo's key lies in its data dir.
    config.store.master_key_file = None;
    let dir = config.store.data_dir.clone();
    let code = open(config, args, &dir);
    if temporary && let Err(error) = std::fs::remove_dir_all(&dir) {
        complain(&format!("{}: {error}", dir.display()));
    }
    code
}

fn temporary_dir() -> PathBuf {
    let random: &dyn Random = &SystemSource::new();
    let tail = data_encoding::HEXLOWER.encode(&random.bytes::<6>());
    std::env::temp_dir().join(format!("tuckshop-demo-{tail}"))
}

fn open(config: Config, args: &DemoArgs, dir: &Path) -> i32 {
    let lock = match Lock::take(dir) {
        Ok(lock) => lock,
        Err(error) => return refuse(&error),
    };
    let bound = match bind(&config.site) {
        Ok(bound) => bound,
        Err(code) => return code,
    };
    let address = bound.address;
    let url = config.site.url_at(address);
    let wish = Wish { products: args.products, orders: args.orders };
    let shop = match open_or_stock(config, &url, wish) {
        Ok(shop) => shop,
        Err(Failure::Opening(error)) => return refuse(&error),
        Err(Failure::Stocking(message)) => {
            complain(&message);
            return FAILED;
        }
    };
    let lines = match lines(&shop, &url) {
        Ok(lines) => lines,
        Err(error) => {
            complain(&error.to_string());
            return FAILED;
        }
    };
    warn_strangers(address);
    keep_open(&shop, bound, &lock, |_| lines.iter().for_each(|line| say(line)))
}

enum Failure {
    Opening(OpeningError),
    Stocking(String),
}

impl From<OpeningError> for Failure {
    fn from(error: OpeningError) -> Self {
        Self::Opening(error)
    }
}

fn open_or_stock(config: Config, url: &str, wish: Wish) -> Result<Shop, Failure> {
    let mut opener = Opener::new(config, Purpose::Demo);
    let clock = Arc::new(HeldClock::over(opener.clock(true)?));
    opener.clock = Some(clock.clone());
    match opener.peek()? {
        Some(head) if head.born => {
            let shop = opener.open(url)?;
            if demo::is_stocked(&shop).map_err(|error| Failure::Opening(error.into()))? {
                return Ok(shop);
            }
            let says = "this demo was cut off while it was being stocked; remove its folder and start anew";
            Err(Failure::Stocking(says.to_owned()))
        }
        _ => {
            clock.hold(demo::a_year_ago(&*clock));
            let shop = opener.open_or_make(url)?;
            demo::stock(&shop, &clock, wish).map_err(Failure::Stocking)?;
            Ok(shop)
        }
    }
}

fn lines(shop: &Shop, url: &str) -> Result<Vec<String>, crate::store::StoreError> {
    let people = demo::people(shop)?;
    Ok(vec![
        format!("Shop: {url}"),
        format!("Back office: {url}/admin"),
        format!("Owner: {} {}", people.owner_email, people.owner_password),
        format!("Shopper: {} {}", people.shopper_email, people.shopper_password),
        format!("Outbox: {url}/demo/outbox"),
        format!("Backup identity: {}", shop.dir.join(IDENTITY).display()),
    ])
}

fn warn_strangers(address: SocketAddr) {
    if !address.ip().is_loopback() {
        complain("this demo listens beyond this machine: strangers can become owner and read the outbox");
    }
}
