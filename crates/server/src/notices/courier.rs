//! Couriers: each carries to one sink what is due for it, and tries again what does not arrive.
//!
//! At least once: a process that ends between an answer and its note of it tells the same again, under the same id.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jeton_token::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::event::event;
use super::mail::Mailer;
use super::webhook::Caller;
use super::{MAIL, MailSink, WebhookSink};
use crate::clock::Clock;
use crate::keys::Rng;
use crate::limits::{
    DELIVERIES_AT_ONCE, DELIVERIES_TAKEN_MAX, DELIVERY_MS_TAKEN, DELIVERY_SECONDS_BETWEEN,
    OUTBOX_SECONDS_BETWEEN,
};
use crate::outside::Lookup;
use crate::store::{AuditEvent, Letter, Store, StoreError, Taken};

/// Why something did not arrive. The texts are for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotDelivered {
    /// It may the next time.
    Later(String),
    /// It never will.
    Never(String),
    /// There is nobody to tell.
    Nobody,
}

/// All couriers of a server.
#[derive(Debug)]
pub(crate) struct Couriers {
    running: JoinSet<()>,
    stop: watch::Sender<()>,
}

/// What all of them need.
#[derive(Clone)]
pub(crate) struct Bag {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    /// How the server is reached from outside.
    pub(crate) public_url: Arc<str>,
}

struct Courier {
    bag: Bag,
    to: To,
}

enum To {
    Webhook(Caller),
    Mail(Box<Mailer>),
}

impl Couriers {
    /// Sets out with one for each sink.
    pub(crate) fn start(bag: &Bag, webhooks: &[WebhookSink], mail: Option<&MailSink>) -> Self {
        let (stop, mut running) = (watch::Sender::new(()), JoinSet::new());
        let webhooks = webhooks.iter().map(|sink| To::Webhook(Caller::new(sink.clone(), Lookup::system())));
        let mail = mail.map(|sink| To::Mail(Box::new(Mailer::new(sink, &bag.public_url))));
        for to in webhooks.chain(mail) {
            running.spawn(Courier { bag: bag.clone(), to }.walk(stop.subscribe()));
        }
        Self { running, stop }
    }

    /// Ends all of them. What they were about to deliver is tried again later.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(());
        while self.running.join_next().await.is_some() {}
    }
}

impl Courier {
    async fn walk(self, mut stopped: watch::Receiver<()>) {
        let mut calls = self.bag.store.outbox_calls();
        loop {
            let round = async {
                while self.round().await {}
                let pause = tokio::time::sleep(Duration::from_secs(OUTBOX_SECONDS_BETWEEN));
                tokio::select! {
                    _ = calls.changed() => (),
                    () = pause => (),
                }
            };
            tokio::select! {
                _ = stopped.changed() => return,
                () = round => (),
            }
        }
    }

    /// Delivers what is due, and says whether there may be more of it.
    async fn round(&self) -> bool {
        let until = self.bag.clock.now().plus_ms(DELIVERY_MS_TAKEN);
        let delivered = match &self.to {
            To::Webhook(caller) => self.tell_all(caller, until).await,
            To::Mail(mailer) => self.mail(mailer, until).await,
        };
        delivered.unwrap_or_else(|error| {
            tracing::warn!(%error, sink = self.sink(), "what is to be delivered cannot be read or written; it is tried again");
            false
        })
    }

    async fn tell_all(&self, caller: &Caller, until: Timestamp) -> Result<bool, StoreError> {
        let taken = self.bag.store.take_events(caller.name(), until, DELIVERIES_TAKEN_MAX).await?;
        let is_any = !taken.is_empty();
        // Whoever is told that a token was revoked finds it revoked everywhere.
        self.bag.store.settled().await;
        let told = stream::iter(taken).map(|one| self.tell(caller, one)).buffer_unordered(DELIVERIES_AT_ONCE);
        let settled: Vec<Result<(), StoreError>> = told.collect().await;
        settled.into_iter().collect::<Result<(), _>>()?;
        Ok(is_any)
    }

    async fn tell(&self, caller: &Caller, one: Taken<AuditEvent>) -> Result<(), StoreError> {
        let body = serde_json::to_vec(&event(&one.what));
        let body = body.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let told = caller.tell(&one.audit_id, self.bag.clock.now(), body).await;
        self.settle(&[one], told).await
    }

    async fn mail(&self, mailer: &Mailer, until: Timestamp) -> Result<bool, StoreError> {
        let Some(letter) = self.bag.store.take_letter(until).await? else { return Ok(false) };
        let sent = mailer.send(&letter, self.bag.clock.now()).await;
        let Letter { entries, .. } = letter;
        self.settle(&entries, sent).await?;
        Ok(true)
    }

    /// Notes what came of a try. What goes into one letter was not tried equally often.
    async fn settle<T>(&self, taken: &[Taken<T>], came: Result<(), NotDelivered>) -> Result<(), StoreError> {
        let (store, sink) = (&self.bag.store, self.sink());
        let (why, is_last) = match came {
            Ok(()) => {
                self.count("delivered");
                return store.delivered(sink, taken).await;
            }
            Err(NotDelivered::Nobody) => {
                self.count("nobody");
                tracing::warn!(
                    number = taken.len(),
                    "tokens end soon whose owners have no mail address; `[mail] fallback` can name somebody"
                );
                return store.delivered(sink, taken).await;
            }
            Err(NotDelivered::Later(why)) => (why, false),
            Err(NotDelivered::Never(why)) => (why, true),
        };
        for one in taken {
            let pause = self.pause(one.tries).filter(|_| !is_last);
            let (one, id) = (std::slice::from_ref(one), &one.audit_id);
            if let Some(pause) = pause {
                self.count("put_off");
                tracing::warn!(sink, id, why, "a delivery did not arrive; it is tried again");
                store.put_off(sink, one, self.bag.clock.now().plus_ms(pause)).await?;
            } else {
                self.count("given_up");
                tracing::error!(sink, id, why, "a delivery did not arrive, and is given up");
                store.give_up(sink, one).await?;
            }
        }
        Ok(())
    }

    /// How long to wait after so many tries, in milliseconds: as planned, and up to a fifth longer, so that not
    /// everything comes at once.
    fn pause(&self, tries: i64) -> Option<i64> {
        let planned = DELIVERY_SECONDS_BETWEEN.get(usize::try_from(tries - 1).ok()?)? * 1000;
        let share = i64::from(u16::from_be_bytes(self.bag.rng.bytes()));
        Some(planned + planned / 5 * share / i64::from(u16::MAX))
    }

    fn sink(&self) -> &str {
        match &self.to {
            To::Webhook(caller) => caller.name(),
            To::Mail(_) => MAIL,
        }
    }

    fn count(&self, outcome: &'static str) {
        let kind = match &self.to {
            To::Webhook(_) => "webhook",
            To::Mail(_) => "mail",
        };
        self.bag.store.metrics().count_delivery(kind, outcome);
    }
}
