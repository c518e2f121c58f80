//! Verdicts that are kept, each as long as nothing has changed of what it was made from.
//!
//! Nothing that was presented is kept, only a keyed digest of it together with what was asked. Every verdict names what
//! it was made from, and how many changes were applied here when its question was *asked*:
//!
//! ```text
//! question:  3 changes so far ── is asked ───────────── answered ── keeps it?  no: what it names was changed by the 4th
//! watch:                                   applies the 4th
//! ```
//! A change is applied in one step, and so is the look whether one was with the keeping. So a verdict from before a
//! change never comes back after it.

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use jeton_api::ToldUse;
use jeton_token::{Mac, Pepper, PepperVersion, Scope, TokenId, TokenText};

use crate::ask::Ask;
use crate::caller::Caller;
use crate::clock::Moment;
use crate::limits::{CHANGES_MAX, DEMANDS_OF_TOKEN_MAX, USED_VERDICTS_MAX};

/// Something that a verdict is made from, as the authority calls it.
pub(crate) type Name = u64;

/// The verdicts of one client.
pub(crate) struct Kept {
    state: RwLock<State>,
    /// Makes the digests; it dies with the process.
    key: Pepper,
    /// The most verdicts of each half.
    half_max: usize,
    /// Verdicts that were used since the last look, each once.
    used: Mutex<Vec<Arc<Verdict>>>,
}

/// Verdicts that are asked for stay: they lie in two halves, and when the younger one is full the older one goes.
#[derive(Default)]
struct State {
    young: HashMap<TokenId, Vec<Arc<Verdict>>>,
    old: HashMap<TokenId, Vec<Arc<Verdict>>>,
    /// How many came into the younger half since it was empty.
    young_count: usize,
    /// How many changes were applied.
    changes: u64,
    /// Which of them was the last one of a name, as far back as the floor.
    applied: HashMap<Name, u64>,
    floor: u64,
    /// Tokens that are asked about at this moment.
    asked: HashMap<TokenId, Asked>,
}

/// Questions about one token that are not answered yet.
#[derive(Default)]
struct Asked {
    questions: usize,
    /// The change that was noted when it was denied last.
    denied: u64,
}

/// What is kept: the caller that was allowed.
pub(crate) struct Verdict {
    caller: Caller,
    digest: Mac,
    names: Box<[Name]>,
    since: u64,
    until: Moment,
    receipt: String,
    scope: Option<Scope>,
    resource: Option<Box<str>>,
    /// How often it was used since somebody asked.
    uses: AtomicU64,
    /// From where, the last time that nobody else was writing it.
    client: Mutex<Option<IpAddr>>,
}

/// For what a verdict may be kept.
pub(crate) struct Keeping {
    pub(crate) names: Box<[Name]>,
    pub(crate) until: Moment,
    pub(crate) any_client: bool,
    pub(crate) receipt: String,
}

/// A question on its way, whose answer may be kept.
pub(crate) struct Question<'a> {
    kept: &'a Kept,
    token: TokenId,
    since: u64,
}

/// Which client a digest is of.
#[derive(Clone, Copy)]
enum From {
    Any,
    /// This one, or one that was not said.
    This(Option<IpAddr>),
}

impl Kept {
    pub(crate) fn new(key: &[u8; 32], verdicts_max: usize) -> Self {
        Self {
            state: RwLock::default(),
            key: Pepper::new(PepperVersion(0), key),
            half_max: (verdicts_max / 2).max(1),
            used: Mutex::default(),
        }
    }

    /// The verdict on a token for a demand, if it stands. Whether it may be used is the lease's to say.
    pub(crate) fn find(&self, token: &TokenText, ask: &Ask<'_>) -> Option<Arc<Verdict>> {
        let id = token.id();
        // What is limited to networks is kept for each address.
        [From::Any, From::This(ask.client())].into_iter().find_map(|from| {
            let state = self.state.read().ok()?;
            let slots = [state.young.get(&id), state.old.get(&id)];
            if slots.iter().all(Option::is_none) {
                return None;
            }
            let digest = self.digest(token, ask, from);
            let [young, old] =
                slots.map(|slot| slot?.iter().find(|one| one.digest.matches(digest.as_bytes())));
            let (found, is_old) = (Arc::clone(young.or(old)?), young.is_none());
            let stands = state.stands(found.since, &found.names);
            drop(state);
            if is_old && stands {
                self.make_young(id, &found);
            }
            stands.then_some(found)
        })
    }

    /// A verdict was used by a caller at this address.
    pub(crate) fn count(&self, verdict: &Arc<Verdict>, client: Option<IpAddr>) {
        if let Ok(mut last) = verdict.client.try_lock() {
            *last = client;
        }
        if verdict.uses.fetch_add(1, Ordering::Relaxed) == 0 {
            match self.used.lock() {
                Ok(mut used) if used.len() < USED_VERDICTS_MAX => used.push(Arc::clone(verdict)),
                _ => verdict.uses.store(0, Ordering::Relaxed),
            }
        }
    }

    /// For what verdicts were used since the last look, at most so many of them.
    pub(crate) fn take_uses(&self, max: usize) -> Vec<ToldUse> {
        let Ok(mut used) = self.used.lock() else { return vec![] };
        let rest = used.len().saturating_sub(max);
        let taken = used.split_off(rest);
        drop(used);
        taken.iter().map(|verdict| verdict.told_use()).collect()
    }

    /// Begins a question about a token.
    pub(crate) fn begin(&self, token: TokenId) -> Option<Question<'_>> {
        let mut state = self.state.write().ok()?;
        state.asked.entry(token).or_default().questions += 1;
        Some(Question { kept: self, token, since: state.changes })
    }

    /// Applies a change of what has these names.
    pub(crate) fn apply(&self, names: &[Name]) {
        if let Ok(mut state) = self.state.write() {
            state.apply(names);
        }
    }

    /// Anything may have changed.
    pub(crate) fn forget(&self) {
        if let Ok(mut state) = self.state.write() {
            state.forget();
        }
    }

    fn make_young(&self, id: TokenId, verdict: &Arc<Verdict>) {
        // Meanwhile it may have gone, and then it does not come back.
        let is_it = |old: &Vec<Arc<Verdict>>| old.iter().any(|one| Arc::ptr_eq(one, verdict));
        if let Ok(mut state) = self.state.write()
            && state.old.get(&id).is_some_and(is_it)
        {
            state.insert(id, Arc::clone(verdict), self.half_max);
        }
    }

    fn digest(&self, token: &TokenText, ask: &Ask<'_>, from: From) -> Mac {
        let scope = ask.demanded_scope().map_or("", Scope::as_str);
        let resource = ask.place();
        let (kind, address) = match from {
            From::Any => (0, [0; 16]),
            From::This(None) => (1, [0; 16]),
            From::This(Some(IpAddr::V4(address))) => (2, address.to_ipv6_mapped().octets()),
            From::This(Some(IpAddr::V6(address))) => (2, address.octets()),
        };
        let named = [u8::from(resource.is_some()), kind];
        let fields = [
            token.expose().as_bytes(),
            scope.as_bytes(),
            resource.unwrap_or("").as_bytes(),
            named.as_slice(),
            address.as_slice(),
        ];
        self.key.row_key().seal("verdict", &fields)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let state = self.state.read().unwrap();
        state.young.values().chain(state.old.values()).map(Vec::len).sum()
    }
}

impl Question<'_> {
    /// Keeps the verdict, provided that nothing that it names has changed since it was asked for.
    pub(crate) fn keep(self, token: &TokenText, ask: &Ask<'_>, caller: &Caller, keeping: Keeping) {
        let from = if keeping.any_client { From::Any } else { From::This(ask.client()) };
        let verdict = Verdict {
            caller: caller.clone(),
            digest: self.kept.digest(token, ask, from),
            names: keeping.names,
            since: self.since,
            until: keeping.until,
            receipt: keeping.receipt,
            scope: ask.demanded_scope().cloned(),
            resource: ask.place().map(Into::into),
            uses: AtomicU64::new(0),
            client: Mutex::new(None),
        };
        if let Ok(mut state) = self.kept.state.write() {
            let is_denied = state.asked.get(&self.token).is_none_or(|asked| asked.denied > self.since);
            if !is_denied && state.stands(verdict.since, &verdict.names) {
                state.insert(self.token, Arc::new(verdict), self.kept.half_max);
            }
        }
    }

    /// The token was denied: nothing that is kept of it, or on its way, is good. The authority knows of a change before
    /// it tells of it, and whoever was refused here once is not let in again by what is older.
    pub(crate) fn deny(self) {
        if let Ok(mut state) = self.kept.state.write() {
            state.changes += 1;
            let change = state.changes;
            state.young.remove(&self.token);
            state.old.remove(&self.token);
            if let Some(asked) = state.asked.get_mut(&self.token) {
                asked.denied = change;
            }
        }
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.kept.state.write()
            && let Some(asked) = state.asked.get_mut(&self.token)
        {
            asked.questions -= 1;
            if asked.questions == 0 {
                state.asked.remove(&self.token);
            }
        }
    }
}

impl Verdict {
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// When it is good no more, whatever changes.
    pub(crate) fn until(&self) -> Moment {
        self.until
    }

    fn told_use(&self) -> ToldUse {
        let client = self.client.lock().ok().and_then(|client| *client);
        ToldUse {
            token_id: self.caller.token_id.to_string(),
            receipt: self.receipt.clone(),
            scope: self.scope.as_ref().map(Scope::to_string),
            resource: self.resource.as_deref().map(str::to_owned),
            client_ip: client.map(|address| address.to_string()),
            count: self.uses.swap(0, Ordering::Relaxed),
        }
    }
}

impl State {
    fn stands(&self, since: u64, names: &[Name]) -> bool {
        let unchanged = |name| self.applied.get(name).is_none_or(|change| *change <= since);
        since >= self.floor && names.iter().all(unchanged)
    }

    fn apply(&mut self, names: &[Name]) {
        if self.applied.len() + names.len() > CHANGES_MAX {
            return self.forget();
        }
        self.changes += 1;
        let change = self.changes;
        self.applied.extend(names.iter().map(|name| (*name, change)));
    }

    fn forget(&mut self) {
        self.changes += 1;
        self.floor = self.changes;
        self.applied.clear();
        self.young.clear();
        self.old.clear();
        self.young_count = 0;
    }

    fn insert(&mut self, id: TokenId, verdict: Arc<Verdict>, half_max: usize) {
        let is_other = |one: &Arc<Verdict>| !one.digest.matches(verdict.digest.as_bytes());
        if let Some(old) = self.old.get_mut(&id) {
            old.retain(is_other);
            if old.is_empty() {
                self.old.remove(&id);
            }
        }
        if self.young_count >= half_max {
            self.old = mem::take(&mut self.young);
            self.young_count = 0;
        }
        let slot = self.young.entry(id).or_default();
        slot.retain(is_other);
        if slot.len() >= DEMANDS_OF_TOKEN_MAX {
            slot.remove(0);
        }
        slot.push(verdict);
        self.young_count += 1;
    }
}

#[cfg(test)]
pub(crate) mod tests;
