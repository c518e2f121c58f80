//! Serving over TCP.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::limits::SHUTDOWN_SECONDS_MAX;

/// Serves until `until` is ready, then takes no more connections and gives the requests in flight a little time.
///
/// Each request carries the address that it comes from, as [`ConnectInfo`](axum::extract::ConnectInfo).
pub async fn serve(listener: TcpListener, router: Router, until: impl Future<Output = ()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        // Ready when `stop` is dropped: here, or together with this whole future.
        .with_graceful_shutdown(async { _ = stopped.await })
        .into_future();
    tokio::pin!(serving);
    tokio::select! {
        // axum says that it never ends by itself.
        _ = &mut serving => {}
        () = until => {
            drop(stop);
            // What is late is cut off.
            let _ = timeout(Duration::from_secs(SHUTDOWN_SECONDS_MAX), serving).await;
        }
    }
}
