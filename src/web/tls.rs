//! TLS from the two files of the configuration, read anew when they change.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::TlsFiles;

/// What is wrong with the files; each sentence names the key of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("site.tls_cert_file: {0}")]
    Certificate(String),
    #[error("site.tls_key_file: {0}")]
    Key(String),
    #[error("site.tls_key_file does not belong to the certificate in site.tls_cert_file")]
    Mismatch,
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// The certificate that is shown, and the files it comes from.
pub struct Certificate {
    files: TlsFiles,
    shown: RwLock<Arc<CertifiedKey>>,
    /// When the files were last changed, as far as was looked.
    seen: RwLock<Option<Changed>>,
}

type Changed = (SystemTime, SystemTime);

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the certificate in {}", self.files.cert_file.display())
    }
}

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// If one can't be read, or they do not belong together.
    pub fn read(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let changed = changed(&files);
        let shown = RwLock::new(Arc::new(read(&files)?));
        Ok(Arc::new(Self { files, shown, seen: RwLock::new(changed) }))
    }

    /// Reads the files again if they were changed; bad ones are said, and the certificate before stays.
    pub fn refresh(&self) {
        let now = changed(&self.files);
        let before = *self.seen.read().unwrap_or_else(PoisonError::into_inner);
        if now == before {
            return;
        }
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = now;
        match read(&self.files) {
            Ok(read) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                tracing::info!("the certificate was read anew");
            }
            Err(error) => tracing::error!(%error, "the new certificate can't be used; the one before stays"),
        }
    }

    /// What accepts connections: TLS 1.2 and 1.3, HTTP/1.1.
    ///
    /// # Errors
    /// If the library refuses its own defaults.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn changed(files: &TlsFiles) -> Option<Changed> {
    let at = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    Some((at(&files.cert_file)?, at(&files.key_file)?))
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let wrong = |path: &Path, error: &dyn fmt::Display| format!("{}: {error}", path.display());
    let certificate = |error: &dyn fmt::Display| TlsError::Certificate(wrong(&files.cert_file, error));
    let chain = CertificateDer::pem_file_iter(&files.cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| certificate(&error))?;
    if chain.is_empty() {
        return Err(certificate(&"there is no certificate in it"));
    }
    let key = |error: &dyn fmt::Display| TlsError::Key(wrong(&files.key_file, error));
    let private = PrivateKeyDer::from_pem_file(&files.key_file).map_err(|error| key(&error))?;
    let signing = aws_lc_rs::sign::any_supported_type(&private).map_err(|error| key(&error))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch),
        Err(error) => Err(certificate(&error)),
    }
}
