//! The body of a request, which comes as the client likes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::turn::{Rest, Turn};
use crate::limits::READ_ALONG_BYTES;

/// A body that says whose turn it is while it comes.
pub(super) struct Upload {
    body: Incoming,
    turn: Arc<Turn>,
    /// What came while there was no place for the request to go on.
    came: Came,
}

/// A part of a body, or its end.
type Came = Poll<Option<Result<Frame<Bytes>, hyper::Error>>>;

impl Upload {
    pub(super) fn new(body: Incoming, turn: Arc<Turn>) -> Self {
        Self { body, turn, came: Poll::Pending }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Came {
        if self.came.is_pending() {
            self.came = Pin::new(&mut self.body).poll_frame(context);
        }
        if self.came.is_pending() {
            self.turn.await_client();
            return Poll::Pending;
        }
        ready!(self.turn.poll_go_on(context));
        std::mem::replace(&mut self.came, Poll::Pending)
    }

    fn is_end_stream(&self) -> bool {
        self.came.is_pending() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            let rest = self.body.size_hint().upper();
            let is_small = rest.is_some_and(|rest| rest <= READ_ALONG_BYTES);
            self.turn.leave_unread(if is_small { Rest::Small } else { Rest::Large });
        }
    }
}
