//! `tuckshop serve`: opens the shop and keeps it open until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{DONE, FAILED, MISCONFIGURED, complain, control, refuse, runtime, say};
use crate::config::{Config, Site, TlsFiles};
use crate::opening::{Lock, Opener, Purpose};
use crate::shop::Shop;
use crate::web::tls::{Certificate, TlsError};
use crate::{jobs, rooms, staff, web};

#[derive(Args)]
pub struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = super::values::listen)]
    pub listen: Option<String>,
    /// Keep the master key in the data dir, where whoever takes the one has the other
    #[arg(long)]
    accept_key_beside_data: bool,
}

pub fn run(config: Config, args: &ServeArgs) -> i32 {
    harden();
    if config.site.acme {
        complain(
            "site.acme: certificates are not fetched by this version yet; name files, or let a proxy such as Caddy speak https",
        );
        return MISCONFIGURED;
    }
    for key in not_built_yet(&config) {
        tracing::warn!("{key} is configured, and this version does not use it yet");
    }
    let lock = match Lock::take(&config.store.data_dir) {
        Ok(lock) => lock,
        Err(error) => return refuse(&error),
    };
    let bound = match bind(&config.site) {
        Ok(bound) => bound,
        Err(code) => return code,
    };
    let url = config.site.url_at(bound.address);
    let mut opener = Opener::new(config, Purpose::Serve);
    opener.accept_key_beside_data = args.accept_key_beside_data;
    let shop = match opener.open_or_make(&url) {
        Ok(shop) => shop,
        Err(error) => return refuse(&error),
    };
    for note in crate::settings::differences(&shop.settings(), shop.config()) {
        tracing::info!("{note}");
    }
    keep_open(&shop, bound, &lock, |shop| {
        say(&format!("tuckshop: open at {url}"));
        if let Some(token) = invite_owner(shop) {
            say(&format!("Set up: {url}/setup/{token}"));
        }
    })
}

/// What is configured and waits for a later version: said, so that nobody counts on it.
fn not_built_yet(config: &Config) -> Vec<&'static str> {
    let waiting = [
        ("[sms]", config.sms.is_some()),
        ("[payments.alipay]", config.payments.alipay.is_some()),
        ("[payments.wechatpay]", config.payments.wechatpay.is_some()),
        ("[payments.stripe]", config.payments.stripe.is_some()),
        ("[delivery.sf]", config.sf.is_some()),
        ("backup.bucket", config.backup.bucket.is_some()),
        ("checkout.guests", config.checkout.guests),
    ];
    waiting.into_iter().filter(|(_, configured)| *configured).map(|(key, _)| key).collect()
}

/// A link for the first owner, where there is none.
fn invite_owner(shop: &Shop) -> Option<String> {
    let has_owner = shop.store.view().and_then(|view| staff::has_owner(&view)).unwrap_or(true);
    (!has_owner).then(|| shop.of::<staff::setup::Invitation>().issue(shop.clock.now(), &*shop.random))
}

/// A listening socket that is not yet served, and the certificate that it shows.
pub struct Bound {
    listener: std::net::TcpListener,
    pub address: SocketAddr,
    certificate: Option<(Arc<Certificate>, TlsAcceptor)>,
}

/// Binds before anything is made: a taken port or a bad certificate costs nothing.
pub fn bind(site: &Site) -> Result<Bound, i32> {
    let certificate = site.tls.as_ref().map(certificate).transpose().map_err(|error| {
        complain(&error.to_string());
        MISCONFIGURED
    })?;
    let listen = site.listen;
    let bound = std::net::TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Bound { listener, address, certificate })
    });
    bound.map_err(|error| {
        complain(&format!("site.listen: {listen}: {error}"));
        FAILED
    })
}

fn certificate(files: &TlsFiles) -> Result<(Arc<Certificate>, TlsAcceptor), TlsError> {
    let certificate = Certificate::read(files.clone())?;
    let acceptor = certificate.acceptor()?;
    Ok((certificate, acceptor))
}

/// Serves the shop until a signal; `ready` is called once it takes visitors.
pub fn keep_open(shop: &Shop, bound: Bound, lock: &Lock, ready: impl FnOnce(&Shop)) -> i32 {
    if let Err(error) = crate::backup::check_places(shop) {
        complain(&error.to_string());
        return MISCONFIGURED;
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&error.to_string());
            return FAILED;
        }
    };
    let code = runtime.block_on(async {
        let control = match control::bind(lock.socket()) {
            Ok(listener) => listener,
            Err(error) => {
                complain(&format!("{}: {error}", lock.socket().display()));
                return FAILED;
            }
        };
        let listener = match TcpListener::from_std(bound.listener) {
            Ok(listener) => listener,
            Err(error) => {
                complain(&error.to_string());
                return FAILED;
            }
        };
        let mut tasks = jobs::start(shop, rooms::ROOMS);
        tasks.push(tokio::spawn(control::serve(control, shop.clone())));
        let tls = match &bound.certificate {
            Some((certificate, acceptor)) => {
                tasks.push(tokio::spawn(web::server::keep_certificate(certificate.clone(), shop.shutdown.clone())));
                Some(acceptor.clone())
            }
            None => None,
        };
        let router = web::router(shop, rooms::site());
        let limits = &shop.config().limits;
        let bounds = web::server::Bounds {
            head_within: limits.header_timeout,
            most_connections: limits.max_connections as usize,
        };
        let server = tokio::spawn(web::server::serve(listener, tls, router, bounds, shop.shutdown.clone()));
        let mut signals = stop_signals();
        ready(shop);
        told_to_stop(&mut signals).await;
        shop.shutdown.cancel();
        let closing = async {
            let _ = server.await;
            for task in tasks {
                let _ = task.await;
            }
        };
        tokio::select! {
            () = closing => {}
            // What was answered is stored; nothing is lost but the answers that were still to come.
            () = told_to_stop(&mut signals) => tracing::warn!("told to stop a second time: not waiting any more"),
        }
        DONE
    });
    crate::shop::wait_for_asides();
    shop.store.close();
    // A socket that is left behind is stale, and the next start removes it.
    let _ = std::fs::remove_file(lock.socket());
    code
}

/// The signals that ask the shop to close. Listened for before it says that it is open: whoever
/// reads that line may send one at once.
fn stop_signals() -> Vec<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = Vec::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        match signal(kind) {
            Ok(signal) => signals.push(signal),
            Err(error) => tracing::warn!(%error, "a signal can't be listened for"),
        }
    }
    signals
}

async fn told_to_stop(signals: &mut [tokio::signal::unix::Signal]) {
    std::future::poll_fn(|context| {
        let told = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if told { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Keys stay out of core dumps and other processes' reach; many connections may be open; a file
/// that meets a size limit is an error like any other.
pub fn harden() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::signal::{SigHandler, Signal, signal};
    let failed = |what: &str, error: nix::Error| tracing::warn!(%error, "{what}");
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        failed("core dumps could not be switched off", error);
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        failed("the process could not be made undumpable", error);
    }
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE)
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, most, most)
    {
        failed("the limit of open files could not be raised", error);
    }
    // SAFETY: ignoring a signal installs no handler that could run.
    if let Err(error) = unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) } {
        failed("SIGXFSZ could not be ignored", error);
    }
}
