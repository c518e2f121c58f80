//! The issuers whose identity tokens somebody trusts, and what is remembered of each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::address::{Issuer, JwksUrl};
use super::claims::{Claims, Expected};
use super::discovery::Discovery;
use super::fetch::{Fetcher, unreachable};
use super::jwt::Unverified;
use super::private::{IsPrivate, PrivateOrigins};
use super::remembered::Remembered;
use super::{Failure, KeySet, Unreachable};
use crate::clock::Clock;
use crate::limits::ISSUERS_MAX;

/// Where the keys of an issuer come from.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// The issuer says it itself.
    Discovery,
    /// An address that was written down, for issuers without discovery.
    Url(JwksUrl),
    /// The keys themselves were written down.
    Inline(Arc<KeySet>),
}

/// Proves identity tokens. Clones share what is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Issuers {
    fetcher: Fetcher,
    clock: Clock,
    discoveries: Shelf<Issuer, Discovery>,
    key_sets: Shelf<String, KeySet>,
}

type Shelf<K, T> = Arc<Mutex<BTreeMap<K, Arc<Remembered<T>>>>>;

impl Issuers {
    /// Nothing is remembered, and nobody was asked yet.
    pub(crate) fn new(clock: Clock, private: PrivateOrigins) -> Self {
        let fetcher = Fetcher::new(private);
        Self { fetcher, clock, discoveries: Shelf::default(), key_sets: Shelf::default() }
    }

    /// The way to speak to issuers, for what goes beyond reading their descriptions and keys.
    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// Whether an address may be asked, as far as its text tells: what its name means is looked at when it is asked.
    pub(crate) fn may_ask(&self, url: &Url) -> Result<(), IsPrivate> {
        self.fetcher.may_ask(url)
    }

    /// What the issuer says about itself.
    pub(crate) async fn discover(&self, issuer: &Issuer) -> Result<Arc<Discovery>, Unreachable> {
        let remembered = on_shelf(&self.discoveries, issuer);
        remembered.get(&self.clock, |_| true, async || Discovery::fetch(&self.fetcher, issuer).await).await
    }

    /// Proves a token with the keys of its issuer.
    pub(crate) async fn verify(
        &self,
        token: &Unverified<'_>,
        source: &KeySource,
        expected: &Expected<'_>,
    ) -> Result<Claims, Failure> {
        let keys = self.keys(token, source, expected.issuer).await?;
        Ok(token.prove(&keys, expected, self.clock.now())?)
    }

    async fn keys(
        &self,
        token: &Unverified<'_>,
        source: &KeySource,
        issuer: &Issuer,
    ) -> Result<Arc<KeySet>, Unreachable> {
        let url = match source {
            KeySource::Inline(keys) => return Ok(Arc::clone(keys)),
            KeySource::Url(url) => url.url().clone(),
            KeySource::Discovery => self.discover(issuer).await?.jwks.clone(),
        };
        let remembered = on_shelf(&self.key_sets, &url.as_str().to_owned());
        let has_key = |keys: &KeySet| keys.knows(token.header.key_id.as_deref());
        let fetch = async || {
            let body = self.fetcher.get(&url).await?;
            KeySet::parse(&body).map_err(|error| unreachable(&url, &error.to_string()))
        };
        remembered.get(&self.clock, has_key, fetch).await
    }
}

/// The place on the shelf. When there is no room, what was asked for the longest time ago makes way.
fn on_shelf<K: Ord + Clone, T>(shelf: &Shelf<K, T>, key: &K) -> Arc<Remembered<T>> {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    if shelf.len() >= ISSUERS_MAX && !shelf.contains_key(key) {
        let oldest = shelf.iter().min_by_key(|(_, remembered)| remembered.asked_at().map(|at| at.0));
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            shelf.remove(&key);
        }
    }
    Arc::clone(shelf.entry(key.clone()).or_default())
}
