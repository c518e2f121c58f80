//! Federation trusts, and what was exchanged through them.

pub(super) mod ended;

use std::sync::Arc;

use jeton_api::Replay;
use jeton_token::{
    ClaimName, ClaimPattern, ClaimRules, PipelineId, Place, PrincipalId, PrincipalName, ProjectId, Timestamp,
    TokenId, TrustId,
};

use self::ended::{Ended, end};
use super::database::{Row, Transaction, statements, values};
use super::token::{self, NewToken, Pen, TokenRecord, place_text};
use super::write::Event;
use super::{NewJob, Refusal, Store, StoreError, job, place, principal};
use crate::identity::{Issuer, JwksUrl, KeySet, KeySource};

/// What the identities of a trust stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A service account: they get tokens of it.
    Account(PrincipalId),
    /// A pipeline: each is a job of it.
    Pipeline(PipelineId),
}

/// A trust as stored.
#[derive(Clone, Debug)]
pub(crate) struct TrustRecord {
    pub(crate) id: TrustId,
    pub(crate) holder: Holder,
    /// The account's name, or `organization/project/pipeline`.
    pub(crate) holder_name: String,
    /// The project of a pipeline; an account's trusts lie nowhere in particular.
    place: Place,
    pub(crate) name: String,
    pub(crate) terms: TrustTerms,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
    /// What a change or an exchange was judged by.
    pub(crate) revision: i64,
}

/// What a trust says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustTerms {
    pub(crate) issuer: Issuer,
    pub(crate) audience: String,
    pub(crate) keys: TrustedKeys,
    pub(crate) rules: ClaimRules,
    pub(crate) replay: Replay,
    pub(crate) lifetime_minutes_max: i64,
}

/// Where the issuer's keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TrustedKeys {
    Discovery,
    Url(JwksUrl),
    /// A key set as it was written down; it was read before.
    Inline(String),
}

/// A trust to be made or changed.
#[derive(Debug)]
pub(crate) struct NewTrust {
    /// The id if it is new; a trust that exists keeps its own.
    pub(crate) id: TrustId,
    pub(crate) holder: Holder,
    pub(crate) name: PrincipalName,
    pub(crate) terms: TrustTerms,
}

/// An identity that was proven, to be exchanged for a token.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) trust: TrustId,
    /// The state of the trust that the identity was judged by.
    pub(crate) revision: i64,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// For a token that is taken once.
    pub(crate) seen: Option<Seen>,
    pub(crate) yields: Yield,
}

/// What an identity is exchanged for.
#[derive(Debug)]
pub(crate) enum Yield {
    /// A token of a service account.
    Token(Box<NewToken>),
    /// A job of a pipeline.
    Job(Box<NewJob>),
}

impl Yield {
    /// The token that comes out, also that of a job.
    pub(super) fn token(&self) -> &NewToken {
        match self {
            Self::Token(token) => token,
            Self::Job(job) => &job.token,
        }
    }
}

/// An identity token that was exchanged: the digest of what was signed, and until when that must be remembered.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) digest: [u8; 32],
    pub(crate) until: Timestamp,
}

macro_rules! trusts {
    ($where:literal) => {
        concat!(
            "SELECT found.id AS id, found.account_id AS account_id, principal.name AS account_name,
                found.pipeline_id AS pipeline_id, pipeline.name AS pipeline_name, project.id AS project_id,
                project.name AS project_name, organization.id AS organization_id,
                organization.name AS organization_name, found.name AS name,
                found.issuer AS issuer, found.audience AS audience, found.jwks_url AS jwks_url, found.jwks AS jwks,
                found.replay AS replay, found.lifetime_minutes_max AS lifetime_minutes_max,
                found.revision AS revision, found.created_at AS created_at, found.last_used_at AS last_used_at,
                trust_claim.claim AS claim, trust_claim.pattern AS pattern
            FROM (SELECT trust.* FROM trust WHERE trust.removed_at IS NULL AND ",
            $where,
            " ORDER BY trust.number DESC LIMIT $2) found
            LEFT JOIN principal ON principal.id = found.account_id AND principal.removed_at IS NULL
            LEFT JOIN pipeline ON pipeline.id = found.pipeline_id AND pipeline.removed_at IS NULL
            LEFT JOIN project ON project.id = pipeline.project_id AND project.removed_at IS NULL
            LEFT JOIN organization ON organization.id = project.organization_id
            JOIN trust_claim ON trust_claim.trust_id = found.id
            WHERE principal.id IS NOT NULL OR organization.id IS NOT NULL
            ORDER BY found.number DESC, trust_claim.position"
        )
    };
}

statements! {
    OF_ACCOUNT = trusts!("trust.account_id = $1");
    OF_PIPELINE = trusts!("trust.pipeline_id = $1");
    OF_ISSUER = trusts!("trust.issuer = $1");
    OF_ID = trusts!("trust.id = $1");
    INSERT = "INSERT INTO trust (id, account_id, pipeline_id, name, live_name, issuer, audience, jwks_url, jwks, replay,
        lifetime_minutes_max, revision, created_at) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, 1, $11)";
    UPDATE = "UPDATE trust SET issuer = $1, audience = $2, jwks_url = $3, jwks = $4, replay = $5,
        lifetime_minutes_max = $6, revision = revision + 1 WHERE id = $7 AND removed_at IS NULL AND revision = $8";
    REMOVE = "UPDATE trust SET removed_at = $1, live_name = NULL WHERE id = $2 AND removed_at IS NULL";
    FORGET_PIPELINE = "UPDATE trust SET removed_at = $1, live_name = NULL
        WHERE pipeline_id = $2 AND removed_at IS NULL";
    FORGET_PROJECT = "UPDATE trust SET removed_at = $1, live_name = NULL WHERE removed_at IS NULL
        AND pipeline_id IN (SELECT id FROM pipeline WHERE project_id = $2)";
    // Also takes the row, so that a trust is not removed or changed beside an exchange.
    USE = "UPDATE trust SET last_used_at = $1 WHERE id = $2 AND removed_at IS NULL AND revision = $3";
    INSERT_CLAIM = "INSERT INTO trust_claim (trust_id, claim, pattern, position) VALUES ($1, $2, $3, $4)";
    DELETE_CLAIMS = "DELETE FROM trust_claim WHERE trust_id = $1";
    INSERT_TOKEN = "INSERT INTO trust_token (token_id, trust_id, revision) VALUES ($1, $2, $3)";
    IS_EXCHANGED = "SELECT trust_id FROM trust_token WHERE token_id = $1";
    SEE = "INSERT INTO identity_seen (digest, expires_at) VALUES ($1, $2)";
    // A few for each that is added: none stays for long, and no exchange has much to do.
    FORGET = "DELETE FROM identity_seen WHERE digest IN
        (SELECT digest FROM identity_seen WHERE expires_at <= $1 ORDER BY expires_at LIMIT 16)";
}

impl Store {
    /// Whether a token came from a trust.
    pub(crate) async fn is_exchanged(&self, token: TokenId) -> Result<bool, StoreError> {
        let found = self.read().await?.first(IS_EXCHANGED, values![token.to_string()]).await?;
        Ok(found.is_some())
    }

    /// The trusts of a service account or pipeline, newest first.
    pub(crate) async fn trusts_of(&self, holder: Holder, limit: i64) -> Result<Vec<TrustRecord>, StoreError> {
        let (statement, id) = match holder {
            Holder::Account(id) => (OF_ACCOUNT, id.to_string()),
            Holder::Pipeline(id) => (OF_PIPELINE, id.to_string()),
        };
        collect(&self.read().await?.fetch(statement, values![id, limit]).await?)
    }

    /// The trusts in an issuer, of all service accounts and pipelines.
    pub(crate) async fn trusts_in(&self, issuer: &str, limit: i64) -> Result<Vec<TrustRecord>, StoreError> {
        collect(&self.read().await?.fetch(OF_ISSUER, values![issuer, limit]).await?)
    }
}

/// Makes a trust, or changes the one that has the id. What came from it as it was ends, unless it trusts the same
/// identities as before.
pub(super) async fn put(
    pen: &mut Pen<'_>,
    new: &NewTrust,
    by: Option<PrincipalId>,
) -> Result<(TrustRecord, Event), StoreError> {
    let (what, ended) = match of_id(pen.transaction, new.id).await? {
        None => {
            insert(pen, new).await?;
            ("created", Ended::Nothing)
        }
        Some(old) => {
            update(pen, &old, &new.terms).await?;
            let is_same = old.terms.means_the_same(&new.terms);
            ("changed", if is_same { Ended::Nothing } else { end(pen, &old, by).await? })
        }
    };
    let trust = of_id(pen.transaction, new.id).await?.ok_or(StoreError::Lost)?;
    let event = event(&trust, what, &ended);
    Ok((trust, event))
}

/// Removes a trust for good, and ends every token and job that came from it.
pub(super) async fn remove(
    pen: &mut Pen<'_>,
    id: TrustId,
    by: Option<PrincipalId>,
) -> Result<Event, StoreError> {
    let trust = of_id(pen.transaction, id).await?.ok_or(Refusal::Gone)?;
    if pen.transaction.execute(REMOVE, values![pen.now.0, id.to_string()]).await? == 0 {
        return Err(Refusal::Gone.into());
    }
    let ended = end(pen, &trust, by).await?;
    Ok(event(&trust, "removed", &ended))
}

/// The trusts of a pipeline go with it. What came from them is over with the pipeline.
pub(super) async fn forget_pipeline(pen: &mut Pen<'_>, id: PipelineId) -> Result<(), StoreError> {
    pen.transaction.execute(FORGET_PIPELINE, values![pen.now.0, id.to_string()]).await.map(drop)
}

/// The same for all pipelines of a project.
pub(super) async fn forget_project(pen: &mut Pen<'_>, id: ProjectId) -> Result<(), StoreError> {
    pen.transaction.execute(FORGET_PROJECT, values![pen.now.0, id.to_string()]).await.map(drop)
}

/// Makes the token or the job, provided that the trust is still as it was judged, that the account is there and enabled,
/// and that an identity token which is taken once was not taken before.
pub(super) async fn exchange(
    pen: &mut Pen<'_>,
    exchange: &Exchange,
) -> Result<(TokenRecord, Event), StoreError> {
    let trust = exchange.trust.to_string();
    if pen.transaction.execute(USE, values![pen.now.0, trust.as_str(), exchange.revision]).await? == 0 {
        return Err(Refusal::Changed.into());
    }
    principal::check_enabled(pen, exchange.yields.token().owner).await?;
    if let Some(seen) = &exchange.seen {
        see(pen, seen).await?;
    }
    let (token, event) = match &exchange.yields {
        Yield::Token(new) => token::create(pen, new).await?,
        Yield::Job(new) => job::start(pen, new).await?,
    };
    let came_from = values![token.id.to_string(), trust.as_str(), exchange.revision];
    pen.transaction.execute(INSERT_TOKEN, came_from).await?;
    let detail = format!("trust {trust}; issuer {}; {}", exchange.issuer, event.detail);
    // Who it was may be a person's name, so it can be erased and the record still be checked.
    let event = Event { detail, personal: exchange.subject.clone(), ..event };
    Ok((token, event))
}

async fn see(pen: &mut Pen<'_>, seen: &Seen) -> Result<(), StoreError> {
    pen.transaction.execute(FORGET, values![pen.now.0]).await?;
    let inserted = pen.transaction.execute(SEE, values![seen.digest.as_slice(), seen.until.0]).await;
    inserted.map_err(|error| error.refuse_if("identity_seen", Refusal::Replayed))?;
    Ok(())
}

async fn insert(pen: &mut Pen<'_>, new: &NewTrust) -> Result<(), StoreError> {
    let [account, pipeline] = check_there(pen, new.holder).await?;
    let (url, inline) = new.terms.keys.columns();
    let values = values![
        new.id.to_string(),
        account,
        pipeline,
        new.name.as_str(),
        new.terms.issuer.as_str(),
        new.terms.audience.as_str(),
        url,
        inline,
        word(new.terms.replay),
        new.terms.lifetime_minutes_max,
        pen.now.0,
    ];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("live_name", Refusal::Changed))?;
    insert_claims(pen, new.id, &new.terms.rules).await
}

/// The holder must still be there. Its columns: one of them says who it is.
async fn check_there(pen: &mut Pen<'_>, holder: Holder) -> Result<[Option<String>; 2], StoreError> {
    match holder {
        Holder::Account(id) => {
            principal::check_there(pen, id).await?;
            Ok([Some(id.to_string()), None])
        }
        Holder::Pipeline(id) => {
            place::check_pipeline(pen, id).await?;
            Ok([None, Some(id.to_string())])
        }
    }
}

async fn update(pen: &mut Pen<'_>, old: &TrustRecord, terms: &TrustTerms) -> Result<(), StoreError> {
    let (url, inline) = terms.keys.columns();
    let values = values![
        terms.issuer.as_str(),
        terms.audience.as_str(),
        url,
        inline,
        word(terms.replay),
        terms.lifetime_minutes_max,
        old.id.to_string(),
        old.revision,
    ];
    if pen.transaction.execute(UPDATE, values).await? == 0 {
        return Err(StoreError::Lost);
    }
    pen.transaction.execute(DELETE_CLAIMS, values![old.id.to_string()]).await?;
    insert_claims(pen, old.id, &terms.rules).await
}

async fn insert_claims(pen: &mut Pen<'_>, id: TrustId, rules: &ClaimRules) -> Result<(), StoreError> {
    for (position, (claim, pattern)) in (0_i64..).zip(rules.rules()) {
        let values = values![id.to_string(), claim.as_str(), pattern.as_str(), position];
        pen.transaction.execute(INSERT_CLAIM, values).await?;
    }
    Ok(())
}

async fn of_id(transaction: &mut Transaction, id: TrustId) -> Result<Option<TrustRecord>, StoreError> {
    Ok(collect(&transaction.fetch(OF_ID, values![id.to_string(), 1_i64]).await?)?.pop())
}

impl Holder {
    fn text(self) -> String {
        match self {
            Self::Account(id) => format!("account {id}"),
            Self::Pipeline(id) => format!("pipeline {id}"),
        }
    }
}

impl TrustTerms {
    /// Whether just the same identities are meant, whatever they get.
    fn means_the_same(&self, other: &Self) -> bool {
        (&self.issuer, &self.audience, &self.keys, &self.rules)
            == (&other.issuer, &other.audience, &other.keys, &other.rules)
    }
}

impl TrustedKeys {
    /// For proving tokens.
    pub(crate) fn source(&self) -> Result<KeySource, StoreError> {
        match self {
            Self::Discovery => Ok(KeySource::Discovery),
            Self::Url(url) => Ok(KeySource::Url(url.clone())),
            Self::Inline(text) => {
                let keys = KeySet::parse(text.as_bytes()).map_err(|_| StoreError::unreadable("jwks"))?;
                Ok(KeySource::Inline(Arc::new(keys)))
            }
        }
    }

    fn columns(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Discovery => (None, None),
            Self::Url(url) => (Some(url.to_string()), None),
            Self::Inline(text) => (None, Some(text.clone())),
        }
    }
}

fn word(replay: Replay) -> &'static str {
    match replay {
        Replay::Once => "once",
        Replay::UntilExpiry => "until_expiry",
    }
}

fn event(trust: &TrustRecord, what: &str, ended: &Ended) -> Event {
    let TrustTerms { issuer, audience, rules, replay, lifetime_minutes_max, .. } = &trust.terms;
    let rules = rules.rules().iter().map(|(claim, pattern)| format!("; {claim} = {pattern}"));
    let detail = format!(
        "{what}; {}; issuer {issuer}; audience {audience}{}; {} minutes; {}{}",
        trust.holder.text(),
        rules.collect::<String>(),
        lifetime_minutes_max,
        word(*replay),
        ended.text()
    );
    Event {
        target_kind: "trust",
        target: trust.id.to_string(),
        place: place_text(trust.place),
        detail,
        personal: trust.name.clone(),
        touched: ended.touched(),
    }
}

/// Rows come claim by claim, those of one trust together.
fn collect(rows: &[Row]) -> Result<Vec<TrustRecord>, StoreError> {
    let mut trusts = Vec::new();
    for rows in rows.chunk_by(|a, b| matches!((a.text("id"), b.text("id")), (Ok(a), Ok(b)) if a == b)) {
        if let Some(first) = rows.first() {
            trusts.push(record(first, rules(rows)?)?);
        }
    }
    Ok(trusts)
}

fn rules(rows: &[Row]) -> Result<ClaimRules, StoreError> {
    let rule = |row: &Row| Ok((row.parse::<ClaimName>("claim")?, row.parse::<ClaimPattern>("pattern")?));
    let rules = rows.iter().map(rule).collect::<Result<Vec<_>, StoreError>>()?;
    // A trust whose rules were thinned out by SQL means nobody, not more people.
    Ok(ClaimRules::kept(rules))
}

/// Who has the trust, by id and by name, and where.
fn holder(row: &Row) -> Result<(Holder, String, Place), StoreError> {
    match (row.parse_or_null("account_id")?, row.parse_or_null("pipeline_id")?) {
        (Some(account), None) => Ok((Holder::Account(account), row.text("account_name")?, Place::Global)),
        (None, Some(pipeline)) => {
            let [organization, project, name] =
                [row.text("organization_name")?, row.text("project_name")?, row.text("pipeline_name")?];
            let place = Place::Project(row.parse("organization_id")?, row.parse("project_id")?);
            Ok((Holder::Pipeline(pipeline), format!("{organization}/{project}/{name}"), place))
        }
        _ => Err(StoreError::unreadable("account_id")),
    }
}

fn record(row: &Row, rules: ClaimRules) -> Result<TrustRecord, StoreError> {
    let keys = match (row.parse_or_null("jwks_url")?, row.text_or_null("jwks")?) {
        (None, None) => TrustedKeys::Discovery,
        (Some(url), None) => TrustedKeys::Url(url),
        (None, Some(text)) => TrustedKeys::Inline(text),
        (Some(_), Some(_)) => return Err(StoreError::unreadable("jwks")),
    };
    let replay = match row.text("replay")?.as_str() {
        "once" => Replay::Once,
        "until_expiry" => Replay::UntilExpiry,
        _ => return Err(StoreError::unreadable("replay")),
    };
    let (holder, holder_name, place) = holder(row)?;
    Ok(TrustRecord {
        id: row.parse("id")?,
        holder,
        holder_name,
        place,
        name: row.text("name")?,
        terms: TrustTerms {
            issuer: row.parse("issuer")?,
            audience: row.text("audience")?,
            keys,
            rules,
            replay,
            lifetime_minutes_max: row.int("lifetime_minutes_max")?,
        },
        created_at: Timestamp(row.int("created_at")?),
        last_used_at: row.int_or_null("last_used_at")?.map(Timestamp),
        revision: row.int("revision")?,
    })
}
