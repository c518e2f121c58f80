//! Token exchange (RFC 8693): the proven identity of a workload in, a short access token of a service account out.
//!
//! A *trust* of the account says whose tokens stand for it. The token that comes out has no parent and can do what
//! the account can, as far as was asked for; it ends soon, with the account, and with the trust.
//!
//! Example: a CI job shows the JWT that its platform signed for it. The trust `main` of the account `deployer` takes
//! tokens of that platform whose `sub` is `repo:acme/site:ref:refs/heads/main`, each once. The job of a fork has
//! another `sub`, and gets nothing.

use jeton_api::Replay;
use jeton_token::{
    Approval, Expiry, NetworkLimit, Place, PlaceLimit, PrincipalId, PrincipalKind, PrincipalName, Rights,
    ScopePattern, ScopeSet, Timestamp, TokenId, TokenKind,
};

use super::access::{self, Reason};
use super::create::{IssuedToken, catalogues};
use super::terms::AskedApproval;
use super::{Authority, Error};
use crate::identity::{Claims, Expected, Failure, Refused, Unverified, Use};
use crate::limits::{LEEWAY_MS, TEXT_BYTES_MAX, TRUSTS_SEARCHED_MAX, TRUSTS_TRIED_MAX};
use crate::store::{ApiRecord, Exchange, NewToken, Refusal, Seen, StoreError, TrustRecord, Write};

/// What is shown, and what is wanted for it.
pub(crate) struct ExchangeRequest<'a> {
    /// The identity token.
    pub(crate) token: &'a str,
    pub(crate) used: Use<'static>,
    /// Which service account; `None` is the one that the token fits.
    pub(crate) account: Option<PrincipalName>,
    /// What the access token shall be able to do at most; `None` is all that the account may do.
    pub(crate) patterns: Option<ScopeSet>,
}

/// Why a grant yields nothing.
#[derive(Debug)]
pub(crate) enum GrantError {
    /// What was shown proves nothing here.
    Grant(String),
    /// Less must be asked for.
    Scope(String),
    /// Something more must be said.
    Request(&'static str),
    /// No client of this name.
    Client,
    /// Nobody has said yes or no.
    Pending,
    /// The same, and it was asked too soon.
    SlowDown,
    /// Somebody said no.
    Denied,
    /// Nobody said anything in time.
    Expired,
    /// What goes wrong everywhere.
    Operation(Error),
}

impl From<Error> for GrantError {
    fn from(error: Error) -> Self {
        Self::Operation(error)
    }
}

impl From<StoreError> for GrantError {
    fn from(error: StoreError) -> Self {
        Self::Operation(error.into())
    }
}

/// A trust, and the identity that was proven to it.
struct Proven {
    trust: TrustRecord,
    claims: Claims,
}

/// What a service account may do, and where.
struct Held {
    apis: Vec<ApiRecord>,
    rights: Vec<(Place, Rights)>,
}

const NO_TRUST: &str = "no trust of a service account takes this identity token";

impl Authority {
    /// Exchanges an identity token for an access token of a service account.
    pub(crate) async fn exchange(&self, request: ExchangeRequest<'_>) -> Result<IssuedToken, GrantError> {
        let token = Unverified::parse(request.token).map_err(refused)?;
        let proven = self.prove(&token, &request).await?;
        let account = proven.trust.account;
        let held = Held { apis: self.store.apis().await?, rights: self.store.rights_of(account).await? };
        let patterns = held.narrowed(request.patterns)?;
        let at = self.now();
        let expiry = self.allowed(account, &patterns, &held, end(&proven, at)?, at).await?;
        let id = TokenId(self.mint_id());
        let (text, secret) = self.mint_secret(TokenKind::Service, id, None)?;
        let new = NewToken {
            id,
            kind: TokenKind::Service,
            name: None,
            description: Some(describe(&proven)),
            owner: account,
            parent: None,
            created_by: None,
            patterns,
            places: PlaceLimit::Everywhere,
            networks: NetworkLimit::Anywhere,
            created_at: at,
            approval: Approval::None,
            job: None,
            holders: vec![],
            expiry,
            hint: text.hint(),
            secret,
            proof: None,
        };
        let exchange = Write::Exchange(exchange_of(&proven, &token, new));
        let permit = access::system(Reason::Federated(account));
        let outcome = self.store.write(&permit, &exchange).await.map_err(not_written)?;
        Ok(self.issued(outcome, vec![], text)?)
    }

    /// The trust that takes the token. Without the name of an account there must be just one account that has such a
    /// trust, and nothing may be unknown about the others.
    async fn prove(
        &self,
        token: &Unverified<'_>,
        request: &ExchangeRequest<'_>,
    ) -> Result<Proven, GrantError> {
        let mut proven: Option<Proven> = None;
        let (mut refusal, mut is_unknown) = (None, false);
        for trust in self.candidates(token, request).await? {
            match self.proven_to(token, &trust, request.used).await? {
                Ok(claims) if request.account.is_some() => return Ok(Proven { trust, claims }),
                Ok(_) if proven.as_ref().is_some_and(|one| one.trust.account != trust.account) => {
                    return Err(GrantError::Request(
                        "several service accounts trust this identity: name one",
                    ));
                }
                Ok(claims) => proven = proven.or(Some(Proven { trust, claims })),
                Err(Failure::Refused(reason)) => refusal = Some(reason),
                Err(Failure::Unreachable(_)) => is_unknown = true,
            }
        }
        match (proven, refusal) {
            _ if is_unknown => Err(Error::Unavailable.into()),
            (Some(proven), _) => Ok(proven),
            (None, Some(reason)) => Err(refused(reason)),
            (None, None) => Err(GrantError::Grant(NO_TRUST.to_owned())),
        }
    }

    /// The trusts that mean what the token says about itself, before anything of it is proven.
    async fn candidates(
        &self,
        token: &Unverified<'_>,
        request: &ExchangeRequest<'_>,
    ) -> Result<Vec<TrustRecord>, GrantError> {
        let Some(issuer) = token.claimed_issuer() else {
            return Err(refused(Refused::WrongIssuer));
        };
        let limit = i64::try_from(TRUSTS_SEARCHED_MAX + 1).unwrap_or(i64::MAX);
        let mut trusts = match &request.account {
            None => self.store.trusts_in(issuer, limit).await?,
            Some(name) => match self.store.principal(PrincipalKind::ServiceAccount, name).await? {
                Some(account) => self.store.trusts_of(account.id, limit).await?,
                None => vec![],
            },
        };
        let many = GrantError::Request("many service accounts trust this issuer: name one");
        if trusts.len() > TRUSTS_SEARCHED_MAX {
            return Err(many);
        }
        trusts.retain(|trust| {
            let terms = &trust.terms;
            terms.issuer.as_str() == issuer && token.claims_to_fit(&terms.audience, &terms.rules)
        });
        if trusts.len() > TRUSTS_TRIED_MAX && request.account.is_none() {
            return Err(many);
        }
        trusts.truncate(TRUSTS_TRIED_MAX);
        Ok(trusts)
    }

    async fn proven_to(
        &self,
        token: &Unverified<'_>,
        trust: &TrustRecord,
        used: Use<'static>,
    ) -> Result<Result<Claims, Failure>, GrantError> {
        let terms = &trust.terms;
        let expected = Expected { issuer: &terms.issuer, audience: &terms.audience, used };
        let proven = self.issuers.verify(token, &terms.keys.source()?, &expected).await;
        if let Err(Failure::Refused(reason)) = &proven {
            tracing::info!(trust = %trust.id, %reason, "an identity token was refused");
        }
        Ok(proven.and_then(
            |claims| {
                if claims.fit(&terms.rules) { Ok(claims) } else { Err(Refused::Claim.into()) }
            },
        ))
    }

    /// The end that policies allow to such a token, if they take it at all.
    async fn allowed(
        &self,
        account: PrincipalId,
        patterns: &ScopeSet,
        held: &Held,
        end: Timestamp,
        at: Timestamp,
    ) -> Result<Expiry, GrantError> {
        let terms = self.terms(&PlaceLimit::Everywhere).await?;
        let groups = self.store.groups_of(account).await?;
        terms.check(account, &groups, patterns, &NetworkLimit::Anywhere).map_err(|error| match error {
            Error::Invalid(faults) => {
                GrantError::Scope(faults.into_iter().map(|fault| fault.detail).collect())
            }
            Error::Denied(denial) => GrantError::Grant(denial.detail),
            other => other.into(),
        })?;
        if terms.approval(patterns, &held.rights, &held.apis) == AskedApproval::First {
            let detail = "a policy wants somebody to approve such a token, and no workload waits for that: ask for less";
            return Err(GrantError::Scope(detail.to_owned()));
        }
        Ok(terms.cut(Expiry::At(end), at).expiry)
    }
}

impl Held {
    /// What was asked for, provided that the account holds it somewhere; without a word, everything that it holds.
    fn narrowed(&self, patterns: Option<ScopeSet>) -> Result<ScopeSet, GrantError> {
        let Some(patterns) = patterns else {
            return Ok(ScopeSet::everything());
        };
        let catalogues = catalogues(&self.apis);
        let rights = self.rights.iter().map(|(_, rights)| rights.with_implied(catalogues.iter().copied()));
        let rights: Vec<_> = rights.collect();
        let beyond = |pattern: &&ScopePattern| !rights.iter().any(|held| held.covers_pattern(pattern));
        match patterns.patterns().iter().find(beyond) {
            None => Ok(patterns),
            Some(pattern) => Err(GrantError::Scope(format!("the service account holds `{pattern}` nowhere"))),
        }
    }
}

/// A token that is taken once is used up, so what it yields may outlive it: a job runs longer than its JWT lives.
/// One that is taken until it expires could be taken again a moment before, so nothing from it lives on.
fn end(proven: &Proven, now: Timestamp) -> Result<Timestamp, GrantError> {
    let longest = now.plus_ms(proven.trust.terms.lifetime_minutes_max * 60_000);
    let end = match proven.trust.terms.replay {
        Replay::Once => longest,
        Replay::UntilExpiry => longest.min(proven.claims.expires_at),
    };
    if end > now { Ok(end) } else { Err(refused(Refused::Expired)) }
}

fn exchange_of(proven: &Proven, token: &Unverified<'_>, new: NewToken) -> Exchange {
    let Proven { trust, claims } = proven;
    let seen = match trust.terms.replay {
        // Remembered a while longer than anybody could take it for alive.
        Replay::Once => {
            Some(Seen { digest: token.digest(), until: claims.expires_at.plus_ms(2 * LEEWAY_MS) })
        }
        Replay::UntilExpiry => None,
    };
    Exchange {
        trust: trust.id,
        revision: trust.revision,
        issuer: claims.issuer.to_string(),
        subject: claims.subject.clone(),
        seen,
        token: new,
    }
}

/// For people who look through the tokens of an account.
fn describe(proven: &Proven) -> String {
    let mut text = format!("from trust `{}` for {}", proven.trust.name, proven.claims.subject);
    while text.len() > TEXT_BYTES_MAX {
        text.pop();
    }
    text
}

fn refused(reason: Refused) -> GrantError {
    GrantError::Grant(if reason.may_be_told() { reason.to_string() } else { NO_TRUST.to_owned() })
}

/// What was judged is not so any more.
fn not_written(error: StoreError) -> GrantError {
    let told = match &error {
        StoreError::Refused(Refusal::Replayed) => {
            "the identity token was exchanged before, and is taken once"
        }
        StoreError::Refused(Refusal::OwnerGone) => "the service account is disabled or removed",
        StoreError::Refused(Refusal::Changed) => "the trust was changed or removed",
        _ => return error.into(),
    };
    GrantError::Grant(told.to_owned())
}
