//! The way of a command's output to ours.
//!
//! Each stream has a thread of its own: whoever reads our output slowly holds up the command, as it would without us,
//! and never the renewal of its token.

use std::io::{ErrorKind, PipeReader, Read as _};
use std::thread;

use anyhow::Context as _;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::mask::Mask;
use crate::error::Result;

const BUFFER_BYTES: usize = 16 * 1024;

/// Where what is shown goes.
pub(super) type Write = fn(&[u8]) -> std::io::Result<()>;

/// A stream on its way; it has arrived when nobody can write to it any more.
pub(super) struct Stream(Option<oneshot::Receiver<()>>);

impl Stream {
    /// Sends what comes on, masked.
    pub(super) fn pass_on(from: PipeReader, mask: Mask, to: Write) -> Result<Self> {
        let (arrived, arrival) = oneshot::channel();
        let way = move || {
            pass_on(from, mask, to);
            // Whoever has stopped waiting does not mind.
            let _late = arrived.send(());
        };
        thread::Builder::new().name("output".to_owned()).spawn(way).context("no thread for the output")?;
        Ok(Self(Some(arrival)))
    }

    /// Waits until nothing more can come.
    pub(super) async fn arrived(&mut self) {
        if let Some(arrival) = &mut self.0 {
            let _arrived_or_gone = arrival.await;
            self.0 = None;
        }
    }
}

fn pass_on(mut from: PipeReader, mut mask: Mask, to: Write) {
    let mut buffer = Zeroizing::new(vec![0; BUFFER_BYTES]);
    loop {
        let shown = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => mask.feed(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        // When our reader has gone, this end of the pipe goes too, and the command learns it as it would without us.
        if to(&shown).is_err() {
            return;
        }
    }
    let _closed = to(&mask.end());
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
}
