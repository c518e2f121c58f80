//! Verifiers that answer from memory: what is told to them, and for what a verdict may be kept there.
//!
//! A verifier gets no ids of things that it was not told of. What changed has a *mark* here, which is different for each
//! API and each run of the server: whoever keeps a verdict was told the marks of what it is made from, and recognises
//! them; to everybody else they say nothing.
//!
//! Only a process that is the only one at its database grants leases: it alone knows of every change.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jeton_api::Code;
use jeton_token::{
    ApiId, Demand, Expiry, Pepper, PepperVersion, Scope, TokenId, Verdict, Where, decide, minds_client,
    steady_until,
};
use tokio::sync::OnceCell;

use super::access::Caller;
use super::memory::names;
use super::usage::Told as ToldUse;
use super::verify::{Known, own_demand};
use super::{Authority, Error};
use crate::keys::{Rng, hex};
use crate::limits::{KEEP_MS_MAX, LEASE_MS, WATCH_MS};
use crate::store::{ApiRecord, Full, News, Nodes, Position, Thing, Told, VerifierId};

/// What the process knows for its verifiers.
pub(super) struct Watches {
    /// Makes marks and receipts, as long as this process lives.
    key: Pepper,
    /// Whether it stands in the store that there are leases.
    noted: OnceCell<()>,
}

/// What a verifier asks.
pub(crate) struct Watch {
    /// The watch that goes on, and up to where it has applied what it was told.
    pub(crate) goes_on: Option<(VerifierId, Position)>,
    pub(crate) uses: Vec<Use>,
}

/// How often a verdict from memory was used.
pub(crate) struct Use {
    pub(crate) token: TokenId,
    pub(crate) receipt: String,
    pub(crate) scope: Option<Scope>,
    pub(crate) resource: Option<String>,
    pub(crate) client: Option<IpAddr>,
    pub(crate) count: i64,
}

/// What a verifier is told.
pub(crate) struct Watched {
    pub(crate) verifier: VerifierId,
    pub(crate) position: Position,
    /// The marks of what has changed; nothing: anything may have.
    pub(crate) changed: Option<Vec<String>>,
    pub(crate) lease_ms: u64,
}

/// For what a verdict may be kept.
pub(crate) struct Keeping {
    pub(crate) for_ms: u64,
    pub(crate) marks: Vec<String>,
    pub(crate) minds_client: bool,
    pub(crate) receipt: String,
}

impl Watches {
    pub(super) fn new(rng: &Rng) -> Self {
        Self { key: Pepper::new(PepperVersion(0), &rng.bytes()), noted: OnceCell::new() }
    }

    fn mark(&self, api: ApiId, thing: Thing) -> String {
        let (kind, id) = thing.row();
        self.sealed("jeton/mark/v1", api, &[kind.as_bytes(), id.as_bytes()], 8)
    }

    /// What an API can have only if the token was shown to it.
    fn receipt(&self, api: ApiId, token: TokenId) -> String {
        self.sealed("jeton/receipt/v1", api, &[token.to_string().as_bytes()], 16)
    }

    fn sealed(&self, label: &str, api: ApiId, fields: &[&[u8]], bytes: usize) -> String {
        let api = api.to_string();
        let fields: Vec<&[u8]> = std::iter::once(api.as_bytes()).chain(fields.iter().copied()).collect();
        hex(self.key.row_key().seal(label, &fields).as_bytes().get(..bytes).unwrap_or_default())
    }
}

impl Authority {
    /// Tells a verifier what has changed as soon as something has, or after a while that nothing did.
    pub(crate) async fn watch(&self, caller: &Caller, watch: Watch) -> Result<Watched, Error> {
        if self.store.nodes() != Nodes::One {
            let detail = "several processes may write this server's database, so nobody can answer from memory; \
                          ask each time";
            return Err(Error::Conflict(Code::NoLease, detail.to_owned()));
        }
        let api = self.calling_api(caller).await?;
        self.note_told(&api, watch.uses).await?;
        self.watches.noted.get_or_try_init(|| self.store.note_leases()).await?;
        let (verifier, from, is_new) = self.verifier(api.id, watch.goes_on)?;
        if !is_new {
            self.store.feed().moved_on(from, Duration::from_millis(WATCH_MS)).await;
        }
        let told = self.tell(caller, verifier, from).await?;
        let changed = match told.news {
            News::Things(things) if !is_new => {
                Some(things.into_iter().map(|thing| self.watches.mark(api.id, thing)).collect())
            }
            News::Things(_) | News::Everything => None,
        };
        let lease_ms = if told.leased { LEASE_MS } else { 0 };
        Ok(Watched { verifier, position: told.position, changed, lease_ms })
    }

    /// Where the feed is: to be asked before judging what shall be kept.
    pub(crate) fn position(&self) -> Position {
        self.memory.position()
    }

    /// For what a verdict that honours a token may be kept, if it may: its facts were read after a position, and nothing
    /// of them has changed since.
    pub(crate) fn keeping(
        &self,
        api: &ApiRecord,
        since: Position,
        known: &Known,
        demand: &Demand<'_>,
    ) -> Option<Keeping> {
        // An old secret is shown to its owner with its last use, so each use of it is asked about.
        if self.store.nodes() != Nodes::One || known.secret.retired_at.is_some() {
            return None;
        }
        let mut things = names(&known.chain).into_vec();
        things.extend([Thing::Apis, Thing::Places]);
        drop(self.store.feed().standing(since, &things)?);
        let now = self.now();
        let left_ms = match steady_until(&known.facts, demand)? {
            Expiry::At(end) => end.0.saturating_sub(now.0).min(KEEP_MS_MAX),
            Expiry::Never => KEEP_MS_MAX,
        };
        let named = things.into_iter().filter(|thing| matches!(thing, Thing::Token(_) | Thing::Principal(_)));
        Some(Keeping {
            for_ms: u64::try_from(left_ms).ok()?,
            marks: named.map(|thing| self.watches.mark(api.id, thing)).collect(),
            minds_client: minds_client(&known.facts, demand),
            receipt: self.watches.receipt(api.id, known.chain.token.id),
        })
    }

    /// The watch that goes on, or a new one.
    fn verifier(
        &self,
        api: ApiId,
        goes_on: Option<(VerifierId, Position)>,
    ) -> Result<(VerifierId, Position, bool), Error> {
        let feed = self.store.feed();
        if let Some((verifier, applied)) = goes_on
            && feed.confirm(verifier, api, applied)
        {
            return Ok((verifier, applied, false));
        }
        let verifier = VerifierId(self.rng.bytes());
        let from = feed.admit(verifier, api).map_err(|Full| Error::LimitReached(Code::Busy))?;
        Ok((verifier, from, true))
    }

    /// What has changed since a position, with a lease for a credential that is honoured at this moment.
    async fn tell(&self, caller: &Caller, verifier: VerifierId, from: Position) -> Result<Told, Error> {
        let since = self.position();
        self.check_still_honoured(caller).await?;
        self.calling_api(caller).await?;
        let names = names(&caller.chain);
        self.store.feed().tell(verifier, from, since, &names).ok_or(Error::Unavailable)
    }

    /// Whoever waited may have lost their credential meanwhile.
    async fn check_still_honoured(&self, caller: &Caller) -> Result<(), Error> {
        let Some(known) = self.memory.token(caller.token()) else {
            return self.anew(caller).await.map(drop);
        };
        let demand = own_demand(caller.circumstances.client);
        let in_force = known.chain.in_force(caller.secret, self.now()).is_some();
        match decide(&known.facts, &demand, self.now()) {
            Verdict::Active(_) if in_force => Ok(()),
            _ => self.anew(caller).await.map(drop),
        }
    }

    /// Notes for what a verifier used its memory, as far as it proves that it was shown the token.
    async fn note_told(&self, api: &Arc<ApiRecord>, uses: Vec<Use>) -> Result<(), Error> {
        for told in uses {
            let is_proven = self.watches.receipt(api.id, told.token) == told.receipt;
            let scope = told.scope.filter(|scope| api.catalogue.has(scope));
            if !is_proven {
                continue;
            }
            let place = match self.place_of_call(told.resource.as_deref()).await? {
                Where::At(place) => Some(place),
                Where::Everywhere | Where::Nowhere => None,
            };
            let (scope, client, count) = (scope.as_ref(), told.client, told.count);
            self.usage.note_told(told.token, &ToldUse { scope, place, client, count }, self.now());
        }
        Ok(())
    }
}
