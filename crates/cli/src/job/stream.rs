//! The way of a command's output to ours.
//!
//! Each stream has a thread of its own: whoever reads our output slowly holds up the command, as it would without us,
//! and never the renewal of its token.
//!
//! A command that has ended may leave somebody behind who holds its output for ever. So a stream can be *closed*: it
//! then takes what is there and no more. All that the command itself has said is there by then, because a pipe keeps
//! the order. For how long our reader lets it wait is another matter, and has no limit here.

use std::io::{ErrorKind, PipeReader, PipeWriter, Read as _};
use std::sync::{Arc, Weak};
use std::thread;

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{ioctl_fionread, retry_on_intr};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::mask::Mask;
use crate::error::Result;

const BUFFER_BYTES: usize = 16 * 1024;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Where what is shown goes.
pub(super) type Write = fn(&[u8]) -> std::io::Result<()>;

/// A stream on its way; it has arrived when nothing more can come, or is taken, and all that came is written.
pub(super) struct Stream {
    arrival: Option<oneshot::Receiver<()>>,
    /// It is the thread's, so that it goes with the thread.
    from: Weak<PipeReader>,
    /// As long as it is open, more is taken.
    open: Option<PipeWriter>,
}

impl Stream {
    /// Sends what comes on, masked.
    pub(super) fn pass_on(from: PipeReader, mask: Mask, to: Write) -> Result<Self> {
        let (closed, open) = std::io::pipe().context("no pipe for the output")?;
        let (arrived, arrival) = oneshot::channel();
        let from = Arc::new(from);
        let stream = Self { arrival: Some(arrival), from: Arc::downgrade(&from), open: Some(open) };
        let source = Source { from, closed, left: None, buffer: Zeroizing::new(vec![0; BUFFER_BYTES]) };
        let way = move || {
            pass_on(source, mask, to);
            // Whoever has stopped waiting does not mind.
            let _late = arrived.send(());
        };
        thread::Builder::new().name("output".to_owned()).spawn(way).context("no thread for the output")?;
        Ok(stream)
    }

    /// Waits until it has arrived.
    pub(super) async fn arrived(&mut self) {
        if let Some(arrival) = &mut self.arrival {
            let _arrived_or_gone = arrival.await;
            self.arrival = None;
        }
    }

    /// Whether somebody can still write to it, however much of it we have read.
    pub(super) fn is_held(&self) -> bool {
        let Some(from) = self.from.upgrade() else { return false };
        let mut polled = [PollFd::new(&*from, PollFlags::empty())];
        let known = retry_on_intr(|| poll(&mut polled, Some(&AT_ONCE)));
        known.is_ok() && polled.iter().all(|polled| !polled.revents().contains(PollFlags::HUP))
    }

    /// Takes what is there, and no more.
    pub(super) fn close(&mut self) {
        self.open = None;
    }
}

fn pass_on(mut source: Source, mut mask: Mask, to: Write) {
    while let Some(bytes) = source.next() {
        // When our reader has gone, this end of the pipe goes too, and the command learns it as it would without us.
        if to(&mask.feed(bytes)).is_err() {
            return;
        }
    }
    let _closed = to(&mask.end());
}

/// What comes from a command.
struct Source {
    from: Arc<PipeReader>,
    /// Hangs up when the stream is closed.
    closed: PipeReader,
    /// How much is still taken of a stream that is closed.
    left: Option<usize>,
    buffer: Zeroizing<Vec<u8>>,
}

impl Source {
    /// What has come; nothing when there is nothing more to come, or to take.
    fn next(&mut self) -> Option<&[u8]> {
        if self.left.is_none() && self.is_closed()? {
            self.left = Some(usize::try_from(ioctl_fionread(&*self.from).ok()?).ok()?);
        }
        let room = self.left.unwrap_or(BUFFER_BYTES).min(BUFFER_BYTES);
        let count = self.read(room).filter(|count| *count > 0)?;
        self.left = self.left.map(|left| left.saturating_sub(count));
        self.buffer.get(..count)
    }

    /// Waits for something to read, or for the stream to be closed.
    fn is_closed(&self) -> Option<bool> {
        let mut polled = [&*self.from, &self.closed].map(|pipe| PollFd::new(pipe, PollFlags::IN));
        retry_on_intr(|| poll(&mut polled, None)).ok()?;
        let [_, closed] = polled;
        Some(!closed.revents().is_empty())
    }

    fn read(&mut self, room: usize) -> Option<usize> {
        let room = self.buffer.get_mut(..room)?;
        loop {
            match (&*self.from).read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.ok(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Mutex;

    use super::*;

    static SHOWN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    #[expect(clippy::unnecessary_wraps, reason = "the shape of a writer")]
    fn keep(bytes: &[u8]) -> std::io::Result<()> {
        SHOWN.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }

    fn refuse(_: &[u8]) -> std::io::Result<()> {
        Err(ErrorKind::BrokenPipe.into())
    }

    #[tokio::test]
    async fn what_comes_arrives_masked_and_byte_for_byte() {
        let (from, mut into) = std::io::pipe().unwrap();
        let mut stream = Stream::pass_on(from, Mask::of(&["a-token-of-some-length"]), keep).unwrap();
        for part in [&b"\xff\x00 a-token-of-"[..], b"some-length\r\n", b"a-token"] {
            into.write_all(part).unwrap();
        }
        drop(into);
        stream.arrived().await;
        assert_eq!(*SHOWN.lock().unwrap(), b"\xff\x00 ***\r\na-token");
    }

    #[tokio::test]
    async fn when_nobody_reads_any_more_the_command_learns_it() {
        let (from, mut into) = std::io::pipe().unwrap();
        let mut stream = Stream::pass_on(from, Mask::of(&[]), refuse).unwrap();
        into.write_all(b"a").unwrap();
        stream.arrived().await;
        assert_eq!(into.write_all(b"b").unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_closed_stream_takes_what_is_there_and_no_more() {
        static TAKEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());
        static GATE: Mutex<()> = Mutex::new(());
        let slowly: Write = |bytes| {
            let _open = GATE.lock().unwrap();
            TAKEN.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        };
        let (from, mut into) = std::io::pipe().unwrap();
        let gate = GATE.lock().unwrap();
        let mut stream = Stream::pass_on(from, Mask::of(&["jtn_job_a"]), slowly).unwrap();
        // More than one look takes, and the beginning of a secret.
        let said = [vec![b'x'; 3 * BUFFER_BYTES], b"jtn_job_".to_vec()].concat();
        into.write_all(&said).unwrap();
        stream.close();
        assert!(stream.is_held(), "`into` is still open");
        drop(gate);
        stream.arrived().await;
        assert!(*TAKEN.lock().unwrap() == said);
        assert!(!stream.is_held(), "nobody reads it any more");
        assert_eq!(into.write_all(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_closed_stream_from_somebody_who_never_stops_arrives() {
        let (from, mut into) = std::io::pipe().unwrap();
        let mut stream = Stream::pass_on(from, Mask::of(&[]), |_| Ok(())).unwrap();
        let writer = thread::spawn(move || while into.write_all(&[b'y'; 4096]).is_ok() {});
        stream.close();
        stream.arrived().await;
        writer.join().unwrap();
    }

    #[tokio::test]
    async fn a_stream_of_somebody_who_has_gone_is_not_held_before_it_is_read() {
        static GATE: Mutex<()> = Mutex::new(());
        let blocked: Write = |_| {
            let _open = GATE.lock().unwrap();
            Ok(())
        };
        let (from, mut into) = std::io::pipe().unwrap();
        let gate = GATE.lock().unwrap();
        let mut stream = Stream::pass_on(from, Mask::of(&[]), blocked).unwrap();
        into.write_all(&vec![b'x'; 3 * BUFFER_BYTES]).unwrap();
        assert!(stream.is_held());
        drop(into);
        assert!(!stream.is_held());
        drop(gate);
        stream.arrived().await;
    }
}
