//! The control socket: verbs on an open shop are carried out by the process that has it open.
//!
//! One request and one answer, each four bytes of length and a bincode body. Only the user who
//! runs the shop is answered.

use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::verbs::{self, Report, Verb};
use crate::shop::Shop;

/// A catalogue with its pictures fits, and nothing endless does.
const MOST: u32 = 1 << 30;

fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = bincode::serde::encode_to_vec(value, bincode::config::standard()).map_err(io::Error::other)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend(body);
    Ok(frame)
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    // A length that says more than was sent asks for no memory.
    let decoded = bincode::serde::decode_from_slice(
        body,
        bincode::config::standard().with_limit::<{ MOST as usize }>(),
    );
    decoded.map(|(value, _)| value).map_err(io::Error::other)
}

/// Asks the running shop to carry out a verb.
pub fn ask(socket: &Path, verb: &Verb) -> io::Result<Report> {
    let mut stream = StdUnixStream::connect(socket)?;
    stream.write_all(&encode(verb)?)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut body)?;
    decode(&body)
}

/// Binds the socket; a stale one is removed, which the lock makes safe.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers verbs until the shop shuts down.
pub async fn serve(listener: UnixListener, shop: Shop) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let shop = shop.clone();
                tokio::spawn(async move {
                    if let Err(error) = answer(stream, &shop).await {
                        tracing::warn!(%error, "a command on the control socket broke off");
                    }
                });
            }
            () = shop.shutdown.cancelled() => return,
        }
    }
}

async fn answer(mut stream: UnixStream, shop: &Shop) -> io::Result<()> {
    let own = nix::unistd::geteuid().as_raw();
    if stream.peer_cred()?.uid() != own {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "another user asked"));
    }
    let length = stream.read_u32().await?;
    if length > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a command longer than any"));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    let verb: Verb = decode(&body)?;
    tracing::info!(verb = verb.name(), by = "shell", "a command");
    let report: Report = verbs::perform(shop, verb).await;
    stream.write_all(&encode(&report)?).await?;
    stream.shutdown().await
}
