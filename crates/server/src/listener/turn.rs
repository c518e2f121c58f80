//! What goes on at one connection: whose turn it is, the client's or ours.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::lanes::{Pass, Queue};

/// The state of one connection. Requests on it come one after the other.
#[derive(Default)]
pub(crate) struct Turn {
    /// Its number in the table of connections.
    number: AtomicU64,
    /// Whether a request has come and its answer is not made yet.
    is_asked: AtomicBool,
    /// Whether that waits for the rest of the request.
    awaits_client: AtomicBool,
    /// Whether it waits for a place in its lane.
    is_queued: AtomicBool,
    /// Whether something was asked since somebody looked.
    has_asked: AtomicBool,
    /// Whether the client may be sending what nobody reads any more.
    leaves_unread: AtomicBool,
    /// Whether that is too much to go on with the connection.
    leaves_much: AtomicBool,
    /// How often bytes have come.
    reads: AtomicU64,
    /// That, when the last request began.
    reads_at_request: AtomicU64,
    is_closed: AtomicBool,
    closing: Notify,
    slot: Mutex<Slot>,
}

/// The place of a request in its lane. It is given back while the client's part is awaited.
#[derive(Default)]
struct Slot {
    queue: Option<Arc<Queue>>,
    pass: Option<Pass>,
    coming: Option<BoxFuture<'static, Pass>>,
}

/// How much of a request nobody reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rest {
    /// It came along with what was read, so the next request can be found behind it.
    Small,
    /// It may go on for long.
    Large,
}

impl Turn {
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    pub(super) fn set_number(&self, number: u64) {
        self.number.store(number, Ordering::Relaxed);
    }

    /// A request has come.
    pub(super) fn begin(&self) {
        self.leaves_unread.store(false, Ordering::Relaxed);
        self.leaves_much.store(false, Ordering::Relaxed);
        self.has_asked.store(true, Ordering::Relaxed);
        self.is_asked.store(true, Ordering::Relaxed);
    }

    /// Its answer is made, or given up.
    pub(super) fn end(&self) {
        self.leave_lane();
        for state in [&self.awaits_client, &self.is_queued, &self.is_asked] {
            state.store(false, Ordering::Relaxed);
        }
    }

    /// Bytes came.
    pub(super) fn has_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a request that begins now was here already when the one before was answered.
    pub(super) fn is_in_a_row(&self) -> bool {
        let reads = self.reads.load(Ordering::Relaxed);
        self.reads_at_request.swap(reads, Ordering::Relaxed) == reads
    }

    /// Whether a request has come and its answer is not made yet.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// Whether something is being done for a request. Nothing is for one that waits for its client, or in its lane.
    pub(super) fn is_working(&self) -> bool {
        self.is_asked() && !self.awaits_client() && !self.is_queued.load(Ordering::Relaxed)
    }

    /// Whether a request waits for the rest of itself.
    pub(crate) fn awaits_client(&self) -> bool {
        self.awaits_client.load(Ordering::Relaxed)
    }

    /// Whether something was asked since this was called last.
    pub(super) fn has_asked_lately(&self) -> bool {
        self.has_asked.swap(false, Ordering::Relaxed)
    }

    /// The client may be sending what nobody reads any more.
    pub(super) fn leave_unread(&self, rest: Rest) {
        self.leaves_unread.store(true, Ordering::Relaxed);
        self.leaves_much.store(rest == Rest::Large, Ordering::Relaxed);
    }

    /// Whether so much of a request is not read that the connection is to end.
    pub(super) fn leaves_much(&self) -> bool {
        self.leaves_much.load(Ordering::Relaxed)
    }

    pub(super) fn leaves_unread(&self) -> bool {
        self.leaves_unread.load(Ordering::Relaxed)
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.closing.notify_one();
    }

    /// Until it is to end.
    pub(super) async fn closed(&self) {
        self.closing.notified().await;
    }

    #[cfg(test)]
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }
}

/// The lane of the request.
impl Turn {
    /// Waits for a place in a lane, and has it until the answer is made.
    pub(crate) async fn enter(&self, queue: Arc<Queue>) {
        self.is_queued.store(true, Ordering::Relaxed);
        let pass = Arc::clone(&queue).pass().await;
        self.is_queued.store(false, Ordering::Relaxed);
        let mut slot = self.slot();
        (slot.queue, slot.pass) = (Some(queue), Some(pass));
    }

    /// Others may work while this one waits for its client.
    pub(super) fn await_client(&self) {
        self.awaits_client.store(true, Ordering::Relaxed);
        self.slot().pass = None;
    }

    /// What was awaited has come: ready when there is a place again.
    pub(super) fn poll_go_on(&self, context: &mut Context<'_>) -> Poll<()> {
        self.awaits_client.store(false, Ordering::Relaxed);
        let mut slot = self.slot();
        let Slot { queue: Some(queue), pass: None, coming } = &mut *slot else { return Poll::Ready(()) };
        let coming = coming.get_or_insert_with(|| Box::pin(Arc::clone(queue).pass()));
        self.is_queued.store(true, Ordering::Relaxed);
        let pass = ready!(pin!(coming).poll(context));
        self.is_queued.store(false, Ordering::Relaxed);
        (slot.coming, slot.pass) = (None, Some(pass));
        Poll::Ready(())
    }

    fn leave_lane(&self) {
        // The pass goes before the queue that it came from.
        let Slot { queue, pass, coming } = std::mem::take(&mut *self.slot());
        drop((pass, coming));
        drop(queue);
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
