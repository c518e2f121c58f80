//! How often those of a crowd get to work: a few of them each time round, so that whoever stands behind thousands that are
//! ready does not wait for all of them.
//!
//! The runtime takes tasks in the order in which they became ready. A connection of a share that has very many takes one
//! of a few passes before it does anything, and the pass comes back only when the runtime has gone round. Meanwhile the
//! others of its share wait apart, at no cost.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;

use crate::limits::PACED_AT_ONCE;

/// The passes of one share.
#[derive(Debug)]
pub(super) struct Pace {
    is_crowded: AtomicBool,
    passes: Arc<Semaphore>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { is_crowded: AtomicBool::new(false), passes: Arc::new(Semaphore::new(PACED_AT_ONCE)) }
    }
}

impl Pace {
    /// Says whether the share has so many connections that they take turns.
    pub(super) fn set_crowded(&self, is_crowded: bool) {
        self.is_crowded.store(is_crowded, Ordering::Relaxed);
    }
}

/// A connection that keeps the pace of its share.
pub(super) struct Paced<F> {
    served: Pin<Box<F>>,
    pace: Arc<Pace>,
    coming: Option<Coming>,
}

type Coming = BoxFuture<'static, Result<OwnedSemaphorePermit, AcquireError>>;

impl<F> Paced<F> {
    pub(super) fn new(served: F, pace: Arc<Pace>) -> Self {
        Self { served: Box::pin(served), pace, coming: None }
    }
}

impl<F: Future<Output = ()>> Future for Paced<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.coming.is_none() && !self.pace.is_crowded.load(Ordering::Relaxed) {
            return self.served.as_mut().poll(context);
        }
        let passes = Arc::clone(&self.pace.passes);
        let coming = self.coming.get_or_insert_with(|| Box::pin(passes.acquire_owned()));
        let pass = ready!(coming.as_mut().poll(context));
        self.coming = None;
        let served = self.served.as_mut().poll(context);
        tokio::spawn(async move {
            yield_now().await;
            drop(pass);
        });
        served
    }
}
