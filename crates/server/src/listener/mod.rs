//! Connections: a place for each, a limit for each of its stages, and a turn for each request.

mod crowd;
mod files;
mod lanes;
mod pace;
mod share;
mod stream;
mod turn;
mod upload;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

pub(crate) use self::lanes::{Lane, Lanes};
pub(crate) use self::turn::Turn;
use crate::limits::{
    CONNECTIONS_WAITING_MAX, ConnectionLimits, HEAD_READ_BYTES_MAX, SEND_BUFFER_BYTES, SHUTDOWN_SECONDS_MAX,
};
use crowd::{Crowd, Place};
use pace::Paced;
use stream::Stream;
use upload::Upload;

/// What is answered to bytes that cannot be read as a request.
pub(crate) type Unreadable = Arc<dyn Fn(Unread<'_>) -> Vec<u8> + Send + Sync>;

/// Such bytes.
pub(crate) struct Unread<'a> {
    /// The status that the protocol has for what is wrong.
    pub(crate) status: u16,
    /// The time, as a header field with the end of its line.
    pub(crate) date: &'a str,
    /// How the bytes begin, if that is known.
    pub(crate) start: &'a [u8],
}

/// What every connection has at hand.
#[derive(Clone)]
pub(crate) struct Listening {
    pub(crate) router: Router,
    pub(crate) unreadable: Unreadable,
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) limits: ConnectionLimits,
}

/// Takes the port.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port is free at once after a restart.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(CONNECTIONS_WAITING_MAX)
}

/// Serves until `until` is ready, then finishes the requests in flight.
pub(crate) async fn serve(listener: TcpListener, listening: Listening, until: impl Future<Output = ()>) {
    let places = files::connections(listening.limits.connections);
    let crowd = Crowd::new(places, Arc::clone(&listening.trusted_proxies));
    let graceful = GracefulShutdown::new();
    // Nothing is ever sent: that the sender is dropped says that the server ends.
    let (running, ending) = watch::channel(());
    tokio::pin!(until);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut until => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Without a place, and nobody to take one from, it is closed at once.
                let Some(place) = crowd.place(peer.ip()) else { continue };
                let (ending, watcher) = (ending.clone(), graceful.watcher());
                tokio::spawn(connection(stream, peer, place, listening.clone(), watcher, ending));
            }
            Err(error) => refused(&error, &crowd).await,
        }
    }
    drop(listener);
    drop(running);
    if timeout(Duration::from_secs(SHUTDOWN_SECONDS_MAX), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

/// Out of file descriptors, most likely: an idle connection gives its own, and waiting a little is better than spinning.
async fn refused(error: &io::Error, crowd: &Crowd) {
    tracing::warn!(%error, "a connection could not be accepted");
    crowd.relieve();
    sleep(Duration::from_millis(50)).await;
}

/// Serves one connection, until its place is wanted for another.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    listening: Listening,
    watcher: Watcher,
    ending: watch::Receiver<()>,
) {
    let turn = place.turn();
    let served = async {
        if speaks(&stream, listening.limits.first_byte, ending).await {
            speak(stream, peer, Arc::clone(turn), listening, watcher).await;
        }
    };
    tokio::select! {
        () = Paced::new(served, Arc::clone(place.pace())) => {}
        () = turn.closed() => {}
    }
}

/// Whether the client begins to speak, before its time is up and before the server ends.
async fn speaks(stream: &TcpStream, limit: Duration, mut ending: watch::Receiver<()>) -> bool {
    let first_byte = timeout(limit, stream.readable());
    tokio::select! {
        // A request that is here already is one in flight.
        biased;
        first_byte = first_byte => matches!(first_byte, Ok(Ok(()))),
        _ = ending.changed() => false,
    }
}

async fn speak(stream: TcpStream, peer: SocketAddr, turn: Arc<Turn>, listening: Listening, watcher: Watcher) {
    // Small answers should leave at once.
    let _ = stream.set_nodelay(true);
    let Listening { router, unreadable, limits, .. } = listening;
    let stream = Stream::new(stream, Arc::clone(&turn), limits, unreadable);
    let service = service_fn(move |request| answer(request, peer, Arc::clone(&turn), router.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The stream has its own patience: the library's would cut off who takes a long answer away slowly.
        .header_read_timeout(None)
        .max_buf_size(HEAD_READ_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // An error here is the client's: it went away, or did not speak HTTP.
    let _ = watcher.watch(connection).await;
}

/// Answers one request. Others go first when it was sent without waiting for the answer before it.
async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    turn: Arc<Turn>,
    router: Router,
) -> Result<Response<Body>, Infallible> {
    if turn.is_in_a_row() {
        yield_now().await;
    }
    let asked = Asked::new(&turn);
    let mut request = request.map(|body| Body::new(Upload::new(body, Arc::clone(&turn))));
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(Arc::clone(&turn));
    let mut response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    if turn.leaves_much() {
        // Or the client would send its next request into a connection that closes.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    drop(asked);
    Ok(response)
}

/// A request that is being worked on; its turn is over when this is dropped.
struct Asked<'a>(&'a Turn);

impl<'a> Asked<'a> {
    fn new(turn: &'a Turn) -> Self {
        turn.begin();
        Self(turn)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
