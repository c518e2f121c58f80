//! Token exchange (RFC 8693): the proven identity of a workload in, a short access token of a service account out, or
//! a job of a pipeline with its token.
//!
//! A *trust* of the account or pipeline says whose tokens stand for it. The token that comes out has no parent and can
//! do what the account can, as far as was asked for; it ends soon, with the account, and with the trust. A job is one
//! like any other, but that nobody renews it and that it reaches its project at most: its lease is all that it gets.
//!
//! Example: a CI job shows the JWT that its platform signed for it. The trust `main` of the account `deployer` takes
//! tokens of that platform whose `sub` is `repo:acme/site:ref:refs/heads/main`, each once. The job of a fork has
//! another `sub`, and gets nothing. With a trust of the pipeline `acme/site/nightly` instead, the same JWT starts a job of
//! that pipeline, and no account of its own is needed.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use jeton_api::{Code, Replay};
use jeton_token::{
    Approval, Expiry, JobAuthorizationScope, NetworkLimit, PipelineId, Place, PlaceLimit, PrincipalId,
    PrincipalKind, Rights, ScopePattern, ScopeSet, Timestamp, TokenKind, TokenText,
};

use super::access::{self, Reason};
use super::create::{Grant, IssuedToken, catalogues};
use super::job::{Run, Start};
use super::place::Within;
use super::terms::AskedApproval;
use super::trust::HolderName;
use super::{Authority, Error, Fault};
use crate::identity::{Call, Claims, Expected, Failure, Refused, Unreachable, Unverified, Use};
use crate::limits::{LEEWAY_MS, TEXT_BYTES_MAX, TRUSTS_SEARCHED_MAX, TRUSTS_TRIED_MAX};
use crate::store::{
    ApiRecord, Exchange, Holder, PrincipalRecord, Refusal, Seen, StoreError, TrustRecord, Write, Yield,
};

/// What is shown, and what is wanted for it.
pub(crate) struct ExchangeRequest<'a> {
    /// The identity token.
    pub(crate) token: &'a str,
    pub(crate) used: Use<'static>,
    /// Which service account or pipeline; `None` is the one that the token fits.
    pub(crate) holder: Option<HolderName>,
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

const NO_TRUST: &str = "no trust of a service account or pipeline takes this identity token";
const SEVERAL: &str = "several service accounts or pipelines trust this identity: name one with `service_account` or `pipeline`";
const MANY: &str =
    "many service accounts or pipelines trust this issuer: name one with `service_account` or `pipeline`";
const GONE: &str = "the trust was changed or removed";

impl Authority {
    /// Exchanges an identity token for an access token of a service account, or for a job of a pipeline.
    pub(crate) async fn exchange(&self, request: ExchangeRequest<'_>) -> Result<IssuedToken, GrantError> {
        let token = Unverified::parse(request.token).map_err(refused)?;
        let proven = self.prove(&token, &request).await?;
        let (owner, text, yields) = match proven.trust.holder {
            Holder::Account(account) => self.token_of(account, &proven, request.patterns).await?,
            Holder::Pipeline(pipeline) => self.job_of(pipeline, &proven, request.patterns).await?,
        };
        let exchange = Write::Exchange(exchange_of(&proven, &token, yields));
        let permit = access::system(Reason::Federated(owner));
        let outcome = self.store.write(&permit, &exchange).await.map_err(not_written)?;
        Ok(self.issued(outcome, vec![], text)?)
    }

    async fn token_of(
        &self,
        account: PrincipalId,
        proven: &Proven,
        patterns: Option<ScopeSet>,
    ) -> Result<(PrincipalId, TokenText, Yield), GrantError> {
        let held = Held { apis: self.store.apis().await?, rights: self.store.rights_of(account).await? };
        let patterns = held.narrowed(patterns)?;
        let at = self.now();
        let expiry = self.allowed(account, &patterns, &held, end(proven, at)?, at).await?;
        let grant = Grant {
            kind: TokenKind::Service,
            name: None,
            description: Some(describe(proven)),
            owner: account,
            parent: None,
            created_by: None,
            patterns,
            places: PlaceLimit::Everywhere,
            networks: NetworkLimit::Anywhere,
            approval: Approval::None,
            job: None,
            holders: vec![],
            expiry,
            at,
            proof: None,
        };
        let (text, token) = self.new_token(grant, None)?;
        Ok((account, text, Yield::Token(Box::new(token))))
    }

    /// Nobody renews the job, so its first lease is its whole life: as long as the trust says, and no longer than a job
    /// there may live.
    async fn job_of(
        &self,
        pipeline: PipelineId,
        proven: &Proven,
        patterns: Option<ScopeSet>,
    ) -> Result<(PrincipalId, TokenText, Yield), GrantError> {
        let found = self.store.pipeline_of(pipeline).await?;
        let found = found.ok_or_else(|| GrantError::Grant(GONE.to_owned()))?;
        let permissions = patterns.as_ref().map(ScopeSet::patterns);
        let permitted = self.permitted(permissions, found.0.organization).await.map_err(of_scope)?;
        let run = self.run(found, false, JobAuthorizationScope::Project).await?;
        let account = self.account_of(&run).await?;
        let at = self.now();
        let ends_at = end(proven, at)?.min(at.plus_ms(run.lifetime_ms));
        let start = Start {
            runner: account.id,
            created_by: None,
            holders: vec![],
            description: Some(describe(proven)),
            patterns: permitted,
            has_permissions: patterns.is_some(),
            at,
            lease_ms: ends_at.0 - at.0,
            ends_at,
        };
        let (text, job) = self.new_job(&run, &account, start, None)?;
        Ok((account.id, text, Yield::Job(Box::new(job))))
    }

    /// The account that the job acts as.
    async fn account_of(&self, run: &Run) -> Result<PrincipalRecord, GrantError> {
        let found = match self.build_account(None, run).await {
            // It was made just now, for this job or for another one.
            Err(Error::Conflict(Code::ChangedMeanwhile, _)) => self.build_account(None, run).await,
            found => found,
        };
        found.map_err(|error| match error {
            Error::Conflict(Code::UserDisabled, detail) => GrantError::Grant(detail),
            other => other.into(),
        })
    }

    /// The trust that takes the token. Where nobody is named there must be just one account or pipeline that has such a
    /// trust. Whose keys cannot be had, that trust takes nothing now: whoever shows the token could name another one, and
    /// so loses nothing by its taking; only where nobody takes the token, it is not known whether it is a good one.
    async fn prove(
        &self,
        token: &Unverified<'_>,
        request: &ExchangeRequest<'_>,
    ) -> Result<Proven, GrantError> {
        let call = Call::of_anybody();
        let trusts = self.candidates(token, request).await?;
        // All at once, so that those who let us wait do so together; and still, of several the first.
        let tries =
            trusts.iter().map(async |trust| (trust, self.proven_to(token, trust, request.used, call).await));
        let mut tries: FuturesOrdered<_> = tries.collect();
        let mut proven: Option<Proven> = None;
        let (mut refusal, mut unknown) = (None, None);
        while let Some((trust, tried)) = tries.next().await {
            match tried? {
                Ok(claims) if request.holder.is_some() => return Ok(Proven { trust: trust.clone(), claims }),
                Ok(_) if proven.as_ref().is_some_and(|one| one.trust.holder != trust.holder) => {
                    return Err(GrantError::Request(SEVERAL));
                }
                Ok(claims) => proven = proven.or(Some(Proven { trust: trust.clone(), claims })),
                Err(Failure::Refused(reason)) => refusal = Some(reason),
                Err(Failure::Unreachable(why)) => unknown = unknown.max(Some(why.retry_seconds)),
            }
        }
        match (proven, unknown, refusal) {
            (Some(proven), ..) => Ok(proven),
            (None, Some(retry_seconds), _) => Err(Error::KeysUnknown { retry_seconds }.into()),
            (None, None, Some(reason)) if reason.may_be_told() => Err(refused(reason)),
            (None, None, _) => Err(self.no_trust(token, call).await?),
        }
    }

    /// What is said when no trust takes a token that is not proven. While its issuer's keys are in doubt, everybody who
    /// shows an unknown key hears that, whomever they name and whatever they claim: otherwise strangers would learn
    /// which of their claims somebody trusts.
    async fn no_trust(&self, token: &Unverified<'_>, call: Call) -> Result<GrantError, GrantError> {
        let limit = i64::try_from(TRUSTS_TRIED_MAX).unwrap_or(i64::MAX);
        for trust in self.store.trusts_in(token.claimed_issuer().unwrap_or_default(), limit).await? {
            let keys = self.issuers.keys(token, &trust.terms.keys.source()?, &trust.terms.issuer, call).await;
            if let Err(Unreachable { is_paced: true, retry_seconds, .. }) = keys {
                return Ok(Error::KeysUnknown { retry_seconds }.into());
            }
        }
        Ok(GrantError::Grant(NO_TRUST.to_owned()))
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
        let mut trusts = match &request.holder {
            None => self.store.trusts_in(issuer, limit).await?,
            Some(name) => match self.holder(name).await? {
                Some(holder) => self.store.trusts_of(holder, limit).await?,
                None => vec![],
            },
        };
        if trusts.len() > TRUSTS_SEARCHED_MAX {
            return Err(GrantError::Request(MANY));
        }
        trusts.retain(|trust| {
            let terms = &trust.terms;
            terms.issuer.as_str() == issuer && token.claims_to_fit(&terms.audience, &terms.rules)
        });
        if trusts.len() > TRUSTS_TRIED_MAX && request.holder.is_none() {
            return Err(GrantError::Request(MANY));
        }
        trusts.truncate(TRUSTS_TRIED_MAX);
        Ok(trusts)
    }

    /// Who has this name. Nobody has shown anything yet, so that a name is nobody's makes no difference outside.
    async fn holder(&self, name: &HolderName) -> Result<Option<Holder>, StoreError> {
        match name {
            HolderName::Account(name) => {
                let account = self.store.principal(PrincipalKind::ServiceAccount, name).await?;
                Ok(account.map(|account| Holder::Account(account.id)))
            }
            HolderName::Pipeline(Within { organization, project }, name) => {
                let Some(organization) = self.store.organization(organization).await? else {
                    return Ok(None);
                };
                let Some(project) = self.store.project(organization.id, project).await? else {
                    return Ok(None);
                };
                let pipeline = self.store.pipeline(project.id, name).await?;
                Ok(pipeline.map(|pipeline| Holder::Pipeline(pipeline.id)))
            }
        }
    }

    async fn proven_to(
        &self,
        token: &Unverified<'_>,
        trust: &TrustRecord,
        used: Use<'static>,
        call: Call,
    ) -> Result<Result<Claims, Failure>, GrantError> {
        let terms = &trust.terms;
        let expected = Expected { issuer: &terms.issuer, audience: &terms.audience, used };
        let proven = self.issuers.verify(token, &terms.keys.source()?, &expected, call).await;
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
        terms.check(account, &groups, patterns, &NetworkLimit::Anywhere).map_err(of_scope)?;
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

fn exchange_of(proven: &Proven, token: &Unverified<'_>, yields: Yield) -> Exchange {
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
        yields,
    }
}

/// What is wrong with what was asked for, or that nothing is given at all.
fn of_scope(error: Error) -> GrantError {
    let detail = |fault: Fault| fault.detail;
    match error {
        Error::Invalid(faults) => GrantError::Scope(faults.into_iter().map(detail).collect()),
        Error::Denied(denial) => GrantError::Grant(denial.detail),
        other => other.into(),
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
        StoreError::Refused(Refusal::Changed) => GONE,
        _ => return error.into(),
    };
    GrantError::Grant(told.to_owned())
}
