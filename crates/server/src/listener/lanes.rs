//! How much is done at once for whom: each client has a few places in each lane, so that nobody's thousand requests stand
//! before somebody's one.
//!
//! Lanes keep kinds of callers apart that share an address, as all have behind a proxy that is not trusted: strangers in
//! their crowds do not stand before an API that asks about a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::authority::Origin;
use crate::limits::{
    CALLS_OF_CLIENT_MAX, PAGES_AT_ONCE_MAX, QUESTIONS_OF_CLIENT_MAX, STRANGERS_OF_CLIENT_MAX,
};

/// What a request is about, as far as that shows before its credential is judged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Lane {
    /// It shows no credential and wants to see something. Of these there is a limit for all clients together, too.
    Page,
    /// It shows no credential and sends something.
    Stranger,
    /// It shows a credential.
    Caller,
    /// An API or a gateway asks about a token.
    Question,
}

/// All lanes.
#[derive(Debug)]
pub(crate) struct Lanes {
    clients: Mutex<HashMap<(Origin, Lane), Arc<Semaphore>>>,
    pages: Arc<Semaphore>,
}

/// A client's part of a lane, for one request.
pub(crate) struct Queue {
    lanes: Arc<Lanes>,
    key: (Origin, Lane),
    own: Arc<Semaphore>,
}

/// A place in a lane.
pub(super) struct Pass {
    _own: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { clients: Mutex::default(), pages: Arc::new(Semaphore::new(PAGES_AT_ONCE_MAX)) })
    }

    /// Where a request from there lines up.
    pub(crate) fn queue(self: &Arc<Self>, origin: Origin, lane: Lane) -> Arc<Queue> {
        let key = (origin, lane);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let own = clients.entry(key).or_insert_with(|| Arc::new(Semaphore::new(lane.of_client_max())));
        let own = Arc::clone(own);
        drop(clients);
        Arc::new(Queue { lanes: Arc::clone(self), key, own })
    }
}

impl Lane {
    fn of_client_max(self) -> usize {
        match self {
            Self::Page | Self::Stranger => STRANGERS_OF_CLIENT_MAX,
            Self::Caller => CALLS_OF_CLIENT_MAX,
            Self::Question => QUESTIONS_OF_CLIENT_MAX,
        }
    }
}

impl Queue {
    /// Waits for a place. The client's own comes first: in front of what all share it has few.
    pub(super) async fn pass(self: Arc<Self>) -> Pass {
        // Nobody closes these semaphores.
        let own = Arc::clone(&self.own).acquire_owned().await.ok();
        let all = match self.key.1 {
            Lane::Page => Arc::clone(&self.lanes.pages).acquire_owned().await.ok(),
            Lane::Stranger | Lane::Caller | Lane::Question => None,
        };
        Pass { _own: own, _all: all }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut clients = self.lanes.clients.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and ours: copies are made under this lock only, so nobody else wants it.
        if Arc::strong_count(&self.own) == 2 {
            clients.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn origin(last: u8) -> Origin {
        Some([192, 0, 2, last].into()).into()
    }

    fn try_pass(lanes: &Arc<Lanes>, last: u8, lane: Lane) -> Option<(Pass, Arc<Queue>)> {
        let queue = lanes.queue(origin(last), lane);
        Some((Arc::clone(&queue).pass().now_or_never()?, queue))
    }

    #[test]
    fn a_client_that_fills_its_lane_leaves_the_others_free() {
        let lanes = Lanes::new();
        let crowd: Vec<_> = std::iter::from_fn(|| try_pass(&lanes, 1, Lane::Stranger)).take(10_000).collect();
        assert_eq!(crowd.len(), STRANGERS_OF_CLIENT_MAX);
        for lane in [Lane::Page, Lane::Caller, Lane::Question] {
            assert!(try_pass(&lanes, 1, lane).is_some(), "{lane:?}");
        }
        assert!(try_pass(&lanes, 2, Lane::Stranger).is_some());
        drop(crowd);
        assert!(lanes.clients.lock().unwrap().is_empty(), "nothing is kept of those that went");
    }

    #[test]
    fn pages_have_a_limit_for_all_together() {
        let lanes = Lanes::new();
        let clients = u8::try_from(PAGES_AT_ONCE_MAX / STRANGERS_OF_CLIENT_MAX).unwrap();
        let mut crowd = vec![];
        for client in 1..=clients {
            crowd.extend(std::iter::from_fn(|| try_pass(&lanes, client, Lane::Page)).take(10_000));
        }
        assert_eq!(crowd.len(), PAGES_AT_ONCE_MAX);
        assert!(try_pass(&lanes, clients + 1, Lane::Page).is_none());
        crowd.pop();
        assert!(try_pass(&lanes, clients + 1, Lane::Page).is_some());
    }
}
