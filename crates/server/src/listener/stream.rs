//! The bytes of one connection, and how long the server waits for them to move.
//!
//! ```text
//! silence before a request, and its head   one limit
//! a body, and the work                     the deadline of a request, `http/headers.rs`
//! an answer that is not taken away         a limit that begins again with each part that is taken
//! what nobody reads any more               read and thrown away for a moment, so that the client sees the answer
//! ```
//! What cannot be read as a request is answered here, because the protocol's library would say a bare status: a gateway
//! has to be told what gateways understand.

use std::future::Future as _;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::turn::{Rest, Turn};
use super::{Unread, Unreadable};
use crate::limits::{ConnectionLimits, LINGER_BYTES_MAX, SEEN_BYTES_MAX};

/// A connection as the protocol's library sees it.
pub(super) struct Stream {
    tcp: TcpStream,
    turn: Arc<Turn>,
    limits: ConnectionLimits,
    unreadable: Unreadable,
    /// When the client has to have moved.
    patience: Pin<Box<Sleep>>,
    /// Whether an answer waits to be taken away.
    is_blocked: bool,
    /// How the present request begins, as far as it was not answered yet.
    seen: Vec<u8>,
    /// Our words in place of a bare status.
    instead: Bytes,
    /// How much was thrown away at the end.
    thrown: Option<usize>,
}

impl Stream {
    pub(super) fn new(
        tcp: TcpStream,
        turn: Arc<Turn>,
        limits: ConnectionLimits,
        unreadable: Unreadable,
    ) -> Self {
        let patience = Box::pin(sleep(limits.head));
        let (seen, instead) = (Vec::new(), Bytes::new());
        Self { tcp, turn, limits, unreadable, patience, is_blocked: false, seen, instead, thrown: None }
    }

    /// The client has taken something, and may take its time again.
    fn has_written(&mut self) {
        self.is_blocked = false;
        self.seen.clear();
        self.patience.as_mut().reset(Instant::now() + self.limits.head);
    }

    /// The client takes nothing. Ready with an error when that goes on for too long.
    fn poll_blocked<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if !self.is_blocked {
            self.is_blocked = true;
            self.patience.as_mut().reset(Instant::now() + self.limits.write);
        }
        self.poll_patience(context)
    }

    fn poll_patience<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        ready!(self.patience.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }

    /// After one attempt to write.
    fn wrote(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                self.has_written();
                Poll::Ready(written)
            }
            Poll::Pending => self.poll_blocked(context),
        }
    }

    /// Whether this is a bare status of the protocol's library; then our words wait in its place.
    fn replaces(&mut self, answer: &[u8]) -> bool {
        let Some(bare) = bare(answer).filter(|_| !self.turn.is_asked()) else { return false };
        self.instead = (self.unreadable)(Unread { start: &self.seen, ..bare }).into();
        // What comes after it is not read as a request.
        self.turn.leave_unread(Rest::Large);
        true
    }

    /// Our words, as far as they are not written.
    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.instead.has_remaining() {
            let written = Pin::new(&mut self.tcp).poll_write(context, &self.instead);
            let written = ready!(self.wrote(written, context))?;
            self.instead.advance(written.min(self.instead.len()));
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and throws away what still comes, until the client is done or too much came.
    fn poll_throw_away(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.thrown.is_none() {
            self.patience.as_mut().reset(Instant::now() + self.limits.linger);
        }
        let mut space = [0; 8192];
        loop {
            let thrown = self.thrown.get_or_insert(0);
            if *thrown > LINGER_BYTES_MAX || self.patience.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut self.tcp).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *thrown += buffer.filled().len(),
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if read.is_ready() {
            let came = buffer.filled().get(before..).unwrap_or_default();
            let room = SEEN_BYTES_MAX.saturating_sub(self.seen.len());
            self.seen.extend_from_slice(came.get(..room).unwrap_or(came));
            self.turn.has_read();
            return read;
        }
        // While a request is worked on, its deadline counts; while an answer is written, the client's silence is right.
        if self.turn.is_asked() || self.is_blocked {
            return Poll::Pending;
        }
        self.poll_patience(context)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        if self.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.wrote(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        if let [only] = parts
            && self.replaces(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, parts);
        self.wrote(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.thrown.is_none() {
            ready!(self.poll_instead(context))?;
            ready!(Pin::new(&mut self.tcp).poll_shutdown(context))?;
        }
        if self.turn.leaves_unread() {
            // Closing at once would reset the connection, and the client would lose the answer that is on its way.
            ready!(self.poll_throw_away(context));
        }
        Poll::Ready(Ok(()))
    }
}

/// An answer that the protocol's library makes by itself. Ours name the request.
fn bare(answer: &[u8]) -> Option<Unread<'_>> {
    let head = std::str::from_utf8(answer.strip_prefix(b"HTTP/1.1 4")?).ok()?;
    let status = head.get(..2)?.parse::<u16>().ok()? + 400;
    let mut lines = head.split_inclusive("\r\n");
    let date = lines.find(|line| line.starts_with("date:")).unwrap_or_default();
    let is_bare = head.ends_with("\r\n\r\n") && !head.contains("\nx-request-id:");
    is_bare.then_some(Unread { status, date, start: &[] })
}
