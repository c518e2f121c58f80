//! Ending every token that a rule names, in an organization of any size.
//!
//! One pass over all tokens, newest first, asks for all scopes of the rule at once. It keeps nothing but the page that it
//! looks at, and ends each token by a write of its own, so nobody else waits for it. A pass that takes longer than an
//! answer may is left off, and whoever sends the same rule again goes on where it was.
//!
//! Example: a rule reaches tokens 900 to 400 and is left off. Two more are made, 901 and 902. Sent again, it looks at
//! these two, and then goes on at 399.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use jeton_api::{Code, TokenState};
use jeton_token::{Catalogue, OrganizationId, Place, Rights, ScopeSet, Timestamp, TokenId};

use super::access::{self, Action, Caller, Permit};
use super::bulk::is_of_call;
use super::token_admin::is_used_at;
use super::{Authority, Error};
use crate::clock::Stopwatch;
use crate::limits::{REVOKED_AT_ONCE_MAX, RULE_MS_KEPT, RULE_SECONDS_MAX, RULES_LEFT_OFF_MAX};
use crate::store::{Chain, ListFilter, TokenRecord, Write};

/// How many tokens are looked at together.
const AT_ONCE: i64 = 200;

/// Which tokens: those that cover something of one of these patterns, and were made before a moment, else before now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RevocationRule {
    pub(crate) patterns: ScopeSet,
    pub(crate) before: Option<Timestamp>,
}

/// How much one call does at most.
#[derive(Clone, Copy, Debug)]
struct Most {
    revoked: u64,
    time: Duration,
}

impl Authority {
    /// Ends every token that the rule names and that may be used in the organization; of those, all that the caller may
    /// end. The token of the call is left out, and so are those that it was made with.
    pub(crate) async fn revoke_by_rule(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        rule: &RevocationRule,
    ) -> Result<u64, Error> {
        let most = Most { revoked: REVOKED_AT_ONCE_MAX, time: Duration::from_secs(RULE_SECONDS_MAX) };
        self.revoke_at_most(caller, organization, rule, most).await
    }

    async fn revoke_at_most(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        rule: &RevocationRule,
        most: Most,
    ) -> Result<u64, Error> {
        access::check_at(caller, Place::Organization(organization), Action::TokenRevoke)?;
        let sent = Sent { by: caller.token(), organization, rule: rule.clone() };
        let mut pass = Pass::from(self.left_off.of(&sent, self.now()));
        let apis = self.store.apis().await?;
        let named = Named {
            at: Place::Organization(organization),
            patterns: rule.patterns.rights(),
            before: rule.before.unwrap_or_else(|| self.now()),
            catalogues: super::create::catalogues(&apis),
        };
        let done = self.go_through(caller, &named, &mut pass, most).await;
        match &done {
            Ok(_) => self.left_off.forget(&sent),
            Err(_) => self.left_off.note(sent, &pass, self.now()),
        }
        done
    }

    /// Goes on with a pass to its end, or until it has done as much as it may.
    async fn go_through(
        &self,
        caller: &Caller,
        named: &Named<'_>,
        pass: &mut Pass,
        most: Most,
    ) -> Result<u64, Error> {
        let (clock, mut revoked) = (Stopwatch::start(), 0);
        let mut filter = ListFilter { limit: AT_ONCE, ..ListFilter::default() };
        loop {
            let chains = self.store.tokens(&filter).await?;
            let is_last = i64::try_from(chains.len()).is_ok_and(|count| count < AT_ONCE);
            let mut jumped = false;
            for chain in chains {
                if let Some(oldest) = pass.jump(chain.token.number) {
                    (filter.below, jumped) = (Some(oldest), true);
                    break;
                }
                let (id, number) = (chain.token.id, chain.token.number);
                let permit = self.to_revoke(caller, named, chain);
                if permit.is_some() && revoked == most.revoked || clock.elapsed() >= most.time {
                    return Err(more(revoked));
                }
                if let Some(permit) = permit {
                    self.store.write(&permit, &Write::RevokeToken(id)).await?;
                    revoked += 1;
                }
                pass.see(number);
                filter.below = Some(number);
            }
            if is_last && !jumped {
                return Ok(revoked);
            }
        }
    }

    /// For ending the token, if the rule names it and it is not dead.
    fn to_revoke(&self, caller: &Caller, named: &Named<'_>, chain: Chain) -> Option<Permit> {
        // By its own end, and not by that of a policy, which somebody may loosen again.
        let (token, state) = self.with_state(chain, &[]);
        let is_dead = matches!(state, TokenState::Revoked | TokenState::Expired);
        if is_dead || is_of_call(caller, &token) || !named.names(&token) {
            return None;
        }
        access::on_token_within(caller, named.at, &token, Action::TokenRevoke).ok()
    }
}

fn more(revoked: u64) -> Error {
    let detail = format!(
        "{revoked} tokens were ended, and there may be more: send the same rule again soon, and it goes on from there"
    );
    Error::Conflict(Code::LimitReached, detail)
}

/// A rule as it is now.
struct Named<'a> {
    at: Place,
    patterns: Rights,
    before: Timestamp,
    catalogues: Vec<&'a Catalogue>,
}

impl Named<'_> {
    fn names(&self, token: &TokenRecord) -> bool {
        let held = || token.patterns.rights().with_implied(self.catalogues.iter().copied());
        token.created_at < self.before
            && is_used_at(self.at, token)
            && !held().intersection(&self.patterns).is_empty()
    }
}

/// Numbers of tokens that were looked at, one after the other and none left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    newest: i64,
    oldest: i64,
}

/// How far a pass is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pass {
    /// What the one before it saw, until it gets there.
    earlier: Option<Seen>,
    seen: Option<Seen>,
}

impl From<Option<Seen>> for Pass {
    fn from(earlier: Option<Seen>) -> Self {
        Self { earlier, seen: None }
    }
}

impl Pass {
    /// Where to go on below instead of with this token, which the pass before saw already.
    fn jump(&mut self, number: i64) -> Option<i64> {
        let earlier = self.earlier.filter(|earlier| number <= earlier.newest)?;
        let newest = self.seen.map_or(earlier.newest, |seen| seen.newest);
        *self = Self { earlier: None, seen: Some(Seen { newest, oldest: earlier.oldest }) };
        Some(earlier.oldest)
    }

    fn see(&mut self, number: i64) {
        let newest = self.seen.map_or(number, |seen| seen.newest);
        self.seen = Some(Seen { newest, oldest: number });
    }

    /// What another pass need not see. One that has not come to what was seen before it leaves that as it was.
    fn left_off(&self) -> Option<Seen> {
        self.earlier.or(self.seen)
    }
}

/// A rule with whoever sent it: nobody goes on where another one was, who may end other tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    by: TokenId,
    organization: OrganizationId,
    rule: RevocationRule,
}

/// Rules that were left off, for as long as somebody may send them again. The oldest goes when there are too many: it
/// begins anew.
#[derive(Debug, Default)]
pub(super) struct RulesLeftOff(Mutex<VecDeque<(Sent, Seen, Timestamp)>>);

impl RulesLeftOff {
    fn of(&self, sent: &Sent, now: Timestamp) -> Option<Seen> {
        let all = self.0.lock().ok()?;
        let (_, seen, at) = all.iter().find(|(one, ..)| one == sent)?;
        (now < at.plus_ms(RULE_MS_KEPT)).then_some(*seen)
    }

    fn note(&self, sent: Sent, pass: &Pass, now: Timestamp) {
        self.forget(&sent);
        if let (Ok(mut all), Some(seen)) = (self.0.lock(), pass.left_off()) {
            all.push_back((sent, seen, now));
            while all.len() > RULES_LEFT_OFF_MAX {
                all.pop_front();
            }
        }
    }

    fn forget(&self, sent: &Sent) {
        if let Ok(mut all) = self.0.lock() {
            all.retain(|(one, ..)| one != sent);
        }
    }
}

#[cfg(test)]
mod tests;
