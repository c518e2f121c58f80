//! What is said beside a command that runs.
//!
//! A thread of its own says it: whoever reads our standard error slowly, or not at all, holds up neither a renewal nor
//! the end of a job.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::Result;
use crate::output::Output;

/// As many messages wait for a reader; he who reads none of them misses what comes then.
const WAITING_MAX: usize = 100;
/// For how long a reader is waited for where nothing else is to be waited for.
const UNREAD_TIME: Duration = Duration::from_secs(5);

/// Whoever says it.
pub(super) struct Teller {
    messages: SyncSender<Message>,
    end: oneshot::Receiver<()>,
}

struct Message {
    text: String,
    told: Option<oneshot::Sender<()>>,
}

impl Teller {
    /// Somebody who speaks there.
    pub(super) fn new(output: Output) -> Result<Self> {
        let (messages, waiting) = sync_channel(WAITING_MAX);
        let (ended, end) = oneshot::channel();
        let way = move || {
            tell(output, &waiting);
            // Whoever has stopped waiting does not mind.
            let _late = ended.send(());
        };
        thread::Builder::new().name("messages".to_owned()).spawn(way).context("no thread for messages")?;
        Ok(Self { messages, end })
    }

    /// Says something when its turn comes.
    pub(super) fn note(&self, text: String) {
        let _too_many = self.messages.try_send(Message { text, told: None });
    }

    /// Warns.
    pub(super) fn warn(&self, text: &str) {
        self.note(format!("warning: {text}"));
    }

    /// Says something, and waits until that is done.
    pub(super) async fn say(&self, text: String) {
        let (told, wait) = oneshot::channel();
        let _too_many = self.messages.try_send(Message { text, told: Some(told) });
        let _told = wait.await;
    }

    /// Waits until everything is said, or for a little while if nobody reads it.
    pub(super) async fn ended_soon(self) {
        let _unread = timeout(UNREAD_TIME, self.ended()).await;
    }

    /// Waits until everything is said.
    pub(super) async fn ended(self) {
        let Self { messages, end } = self;
        drop(messages);
        let _told = end.await;
    }
}

fn tell(output: Output, waiting: &Receiver<Message>) {
    for Message { text, told } in waiting {
        output.note(&text);
        if let Some(told) = told {
            let _gone = told.send(());
        }
    }
}
