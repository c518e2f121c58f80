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
use super::remembered::{Call, Got, Remembered};
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
        Ok(self.discovery(issuer, Call::of_anybody(), |_| true).await?.document)
    }

    /// Proves a token with the keys of its issuer.
    pub(crate) async fn verify(
        &self,
        token: &Unverified<'_>,
        source: &KeySource,
        expected: &Expected<'_>,
        call: Call,
    ) -> Result<Claims, Failure> {
        let keys = self.keys(token, source, expected.issuer, call).await?;
        Ok(token.prove(&keys, expected, self.clock.now())?)
    }

    /// The keys that judge the token. Where they lack its key, the issuer does not have it.
    pub(crate) async fn keys(
        &self,
        token: &Unverified<'_>,
        source: &KeySource,
        issuer: &Issuer,
        call: Call,
    ) -> Result<Arc<KeySet>, Unreachable> {
        match source {
            KeySource::Inline(keys) => Ok(Arc::clone(keys)),
            KeySource::Url(url) => self.key_set(token, url.url(), call).await,
            KeySource::Discovery => self.discovered_keys(token, issuer, call).await,
        }
    }

    /// The keys at the address that the issuer names. Where the token's key is not found there, the issuer may name
    /// another address by now.
    async fn discovered_keys(
        &self,
        token: &Unverified<'_>,
        issuer: &Issuer,
        call: Call,
    ) -> Result<Arc<KeySet>, Unreachable> {
        let discovery = self.discovery(issuer, call, |_| true).await?;
        let url = &discovery.document.jwks;
        let keys = self.key_set(token, url, call).await;
        if discovery.is_new || keys.as_ref().is_ok_and(|keys| token.has_key_in(keys)) {
            return keys;
        }
        match self.discovery(issuer, call, |newer| newer.jwks != *url).await {
            Ok(newer) if newer.document.jwks != *url => self.key_set(token, &newer.document.jwks, call).await,
            Ok(_) => keys,
            Err(unreachable) => keys.and(Err(unreachable)),
        }
    }

    async fn discovery(
        &self,
        issuer: &Issuer,
        call: Call,
        has_it: impl Fn(&Discovery) -> bool,
    ) -> Result<Got<Discovery>, Unreachable> {
        let remembered = on_shelf(&self.discoveries, issuer);
        let fetch = async || Discovery::fetch(&self.fetcher, issuer).await;
        remembered.get(&self.clock, call, has_it, fetch).await
    }

    async fn key_set(
        &self,
        token: &Unverified<'_>,
        url: &Url,
        call: Call,
    ) -> Result<Arc<KeySet>, Unreachable> {
        let remembered = on_shelf(&self.key_sets, &url.as_str().to_owned());
        let has_key = |keys: &KeySet| token.has_key_in(keys);
        let fetch = async || {
            let body = self.fetcher.get(url).await?;
            KeySet::parse(&body).map_err(|error| unreachable(url, &error.to_string()))
        };
        Ok(remembered.get(&self.clock, call, has_key, fetch).await?.document)
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
