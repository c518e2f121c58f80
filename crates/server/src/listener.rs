//! The accept loop. A connection that sends nothing, or its header drop by drop, is closed.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

use crate::limits::{
    CONNECTIONS_MAX, FIRST_BYTE_SECONDS_MAX, HEADER_BYTES_MAX, HEADER_SECONDS_MAX, HEADERS_MAX,
    SHUTDOWN_SECONDS_MAX,
};

/// Serves until `until` is ready, then finishes the requests in flight.
pub(crate) async fn serve(listener: TcpListener, router: Router, until: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    // Nothing is ever sent: that the sender is dropped says that the server ends.
    let (running, ending) = watch::channel(());
    tokio::pin!(until);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut until => break,
        };
        match accepted {
            Ok((place, stream, peer)) => {
                let ending = ending.clone();
                let connection = connection(stream, peer, router.clone(), graceful.watcher(), ending);
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            // Out of file descriptors, most likely: waiting a little is better than spinning.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    drop(running);
    if timeout(Duration::from_secs(SHUTDOWN_SECONDS_MAX), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

/// A place, then a connection for it. Waiting for either may be given up at any moment.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((place, stream, peer))
}

/// Whether the client begins to speak, before its time is up and before the server ends.
async fn speaks(stream: &TcpStream, mut ending: watch::Receiver<()>) -> bool {
    let first_byte = timeout(Duration::from_secs(FIRST_BYTE_SECONDS_MAX), stream.readable());
    tokio::select! {
        // A request that is here already is one in flight.
        biased;
        first_byte = first_byte => matches!(first_byte, Ok(Ok(()))),
        _ = ending.changed() => false,
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
    ending: watch::Receiver<()>,
) {
    if !speaks(&stream, ending).await {
        return;
    }
    // Small answers should leave at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECONDS_MAX))
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // An error here is the client's: it went away, or did not speak HTTP.
    let _ = watcher.watch(connection).await;
}
