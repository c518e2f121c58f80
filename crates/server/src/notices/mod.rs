//! Telling others: webhooks and mail, as the configuration names them.
//!
//! Everything that is told stands in the audit first. A *sink* wants some of it; for each the store puts a *delivery*
//! into its outbox, in the transaction of the audit row, and a *courier* carries it there afterwards. A sink that does
//! not answer holds up nobody: each has a courier of its own, and no call ever waits for one.
//!
//! No endpoint makes or changes a sink: whoever could would have what the audit says sent to an address of their own.
//!
//! Example: somebody revokes a token while the receiver is down. The call is answered at once. The receiver is told
//! when it is back, within three days; its answer 302 to another machine is not followed.

mod courier;
mod event;
mod letter;
mod mail;
mod webhook;

#[cfg(test)]
mod tests;

pub(crate) use courier::{Bag, Couriers};
pub(crate) use event::EventFilter;
pub use mail::MailSink;
pub(crate) use mail::{MailAddress, MailAddressError, MailTls};
pub use webhook::WebhookSink;
pub(crate) use webhook::{SigningKey, WebhookAddress};

use crate::store::{Store, StoreError};

/// What the sink for mail is called among the others. No webhook has this name.
pub(crate) const MAIL: &str = "mail";

/// Closes what is on its way to sinks that the configuration does not name: it would wait for ever, and whatever gets
/// the name one day would be told of things long past.
pub(crate) async fn close_unnamed(store: &Store) -> Result<(), StoreError> {
    for (sink, number) in store.close_unnamed().await? {
        tracing::warn!(
            sink,
            number,
            "the configuration does not name this sink any more; what was on its way there is closed"
        );
    }
    Ok(())
}

/// Which sinks want what.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    webhooks: Vec<(String, EventFilter)>,
    mail: bool,
}

impl Wanted {
    pub(crate) fn new(webhooks: &[WebhookSink], mail: Option<&MailSink>) -> Self {
        let wants = |sink: &WebhookSink| (sink.name.clone(), sink.events.clone());
        Self { webhooks: webhooks.iter().map(wants).collect(), mail: mail.is_some() }
    }

    /// The webhooks that want to be told of an action.
    pub(crate) fn sinks_for<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a str> {
        self.webhooks.iter().filter(move |(_, events)| events.has(action)).map(|(name, _)| name.as_str())
    }

    /// Whether the configuration names this sink.
    pub(crate) fn has(&self, sink: &str) -> bool {
        if sink == MAIL { self.mail } else { self.webhooks.iter().any(|(name, _)| name == sink) }
    }

    /// Whether owners are told by mail of ends that come near.
    pub(crate) fn has_mail(&self) -> bool {
        self.mail
    }
}
