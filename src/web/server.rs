//! Connections: each with a time for its head, a cap on its size, and a graceful end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::connections::{Connections, Seat};
use super::tls::Certificate;

/// The head of a request, its lines together, has this much room.
const HEAD_ROOM: usize = 32 * 1024;
const MOST_HEADERS: usize = 64;
/// How long open requests may take after the shop was told to stop.
const FAREWELL: Duration = Duration::from_secs(20);
/// A handshake that is not whole within this time is closed.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Who takes nothing of an answer for this long is cut off.
const TAKES_SOMETHING_WITHIN: Duration = Duration::from_secs(30);
/// The certificate's files are looked at this often.
const LOOK_AT_CERTIFICATE: Duration = Duration::from_secs(60);

/// What connections are held to.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// A request whose head is not whole within this time is closed.
    pub head_within: Duration,
    /// So many connections are open at once; for a further one somebody idle goes, or it waits.
    pub most_connections: usize,
}

/// What the accepting loop hands each connection.
struct Server {
    router: Router,
    bounds: Bounds,
    connections: Arc<Connections>,
    tls: Option<TlsAcceptor>,
    graceful: GracefulShutdown,
}

/// Serves `router` on `listener` until told to stop. A connection that fails is noted and the
/// next one served.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let connections = Connections::new(bounds.most_connections);
    let server = Server { router, bounds, connections, tls, graceful: GracefulShutdown::new() };
    loop {
        tokio::select! {
            accepted = server.accept(&listener) => match accepted {
                Ok((stream, peer)) => server.open(stream, peer),
                Err(error) => {
                    // Out of file handles, say: the next moment may be better.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL, server.graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
}

/// Reads the certificate anew when its files change or a hangup is signalled, until told to stop.
pub async fn keep_certificate(certificate: Arc<Certificate>, stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::warn!("the signal to read the certificate anew can't be listened for");
        return;
    };
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            () = tokio::time::sleep(LOOK_AT_CERTIFICATE) => {}
            () = stop.cancelled() => return,
        }
        certificate.refresh();
    }
}

impl Server {
    /// Waits for a connection, then for a place among the open ones: who comes makes the idle go.
    async fn accept(&self, listener: &TcpListener) -> std::io::Result<(TcpStream, SocketAddr)> {
        let accepted = listener.accept().await?;
        self.connections.room().await;
        Ok(accepted)
    }

    fn open(&self, stream: TcpStream, peer: SocketAddr) {
        // Small answers should not wait for more to send; a socket that refuses is served all the same.
        let _ = stream.set_nodelay(true);
        let (seat, told) = self.connections.sit();
        let (router, bounds, watcher) = (self.router.clone(), self.bounds, self.graceful.watcher());
        let tls = self.tls.clone();
        tokio::spawn(async move {
            let Some(tls) = tls else {
                return answer(stream, Asker { peer, seat, told }, router, bounds, watcher).await;
            };
            match tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
                Ok(Ok(stream)) => answer(stream, Asker { peer, seat, told }, router, bounds, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

/// Who asks on a connection.
struct Asker {
    peer: SocketAddr,
    seat: Seat,
    /// Told to go, for another one's sake.
    told: oneshot::Receiver<()>,
}

/// Answers what is asked on one connection until it ends or is sent away.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    asker: Asker,
    router: Router,
    bounds: Bounds,
    watcher: Watcher,
) {
    let Asker { peer, seat, told } = asker;
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(TAKES_SOMETHING_WITHIN));
    let stream = Box::pin(stream);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (router, asked) = (router.clone(), seat.ask());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let Ok(response) = router.oneshot(request).await;
            // It is answered when the last of the body was handed over.
            let answered: Result<_, Infallible> = Ok(response.map(|body| {
                let asked = asked;
                body.map_frame(move |frame| {
                    let _ = &asked;
                    frame
                })
            }));
            answered
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_within)
        .max_buf_size(HEAD_ROOM)
        .max_headers(MOST_HEADERS)
        .half_close(false);
    let connection = watcher.watch(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        },
        _ = told => tracing::debug!("an idle connection made room for another"),
    }
}
