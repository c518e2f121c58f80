//! `/api/v1/service-accounts/{name}/trusts`, and the same below pipelines

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{ClaimRule, Code, List, PutTrust, Trust};
use jeton_token::{ClaimName, ClaimPattern, ClaimRules, PrincipalName};
use serde::Deserialize;
use serde_json::Value;

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::projects::within;
use super::{parse, shown};
use crate::authority::{Caller, Error, Fault, HolderName};
use crate::identity::{AddressError, Issuer, JwksUrl, KeySet};
use crate::limits::{ISSUER_BYTES_MAX, TRUST_MINUTES_DEFAULT, TRUST_MINUTES_MAX};
use crate::store::{Holder, TrustRecord, TrustTerms, TrustedKeys};

/// A trust in a path, and whose it is: both kinds of holders have the same doors.
#[derive(Debug, Deserialize)]
pub(crate) struct TrustPath {
    /// The service account.
    name: Option<String>,
    organization: Option<String>,
    project: Option<String>,
    pipeline: Option<String>,
    trust: Option<String>,
}

/// Lists the trusts of a service account or pipeline, newest first. There are few, so they are one page.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path(path): Path<TrustPath>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let trusts = doors.authority.list_trusts(&caller, &path.holder()?).await?;
    Ok(no_store(Json(List { items: trusts.into_iter().map(trust).collect(), next_page_token: None })))
}

/// Makes a trust or replaces it.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(path): Path<TrustPath>,
    Query(query): Query<DryRun>,
    Body(request): Body<PutTrust>,
) -> Result<Response<Answer>, Problem> {
    let holder = path.holder()?;
    let name = parse::value("trust", path.trust.as_deref().unwrap_or_default())?;
    let terms = terms(request, &doors.public_url)?;
    let kept = doors.authority.put_trust(&caller, &holder, &name, &terms, query.mode()).await?;
    Ok(answer(kept, trust))
}

/// Shows a trust.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(path): Path<TrustPath>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let (holder, name) = (path.holder()?, path.name()?);
    Ok(no_store(Json(trust(doors.authority.show_trust(&caller, &holder, &name).await?))))
}

/// Removes a trust for good.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(path): Path<TrustPath>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    let (holder, name) = (path.holder()?, path.name()?);
    doors.authority.remove_trust(&caller, &holder, &name, query.mode()).await?;
    Ok(done())
}

impl TrustPath {
    fn holder(&self) -> Result<HolderName, Error> {
        match (&self.name, &self.organization, &self.project, &self.pipeline) {
            (Some(account), None, None, None) => Ok(HolderName::Account(parse::path_name(account)?)),
            (None, Some(organization), Some(project), Some(pipeline)) => {
                let at = within(organization, project)?;
                Ok(HolderName::Pipeline(at, parse::path_resource(pipeline)?))
            }
            _ => Err(Error::Hidden),
        }
    }

    /// What is no name names nothing.
    fn name(&self) -> Result<PrincipalName, Error> {
        parse::path_name(self.trust.as_deref().unwrap_or_default())
    }
}

fn terms(request: PutTrust, public_url: &str) -> Result<TrustTerms, Error> {
    let PutTrust { issuer, audience, jwks_url, jwks, claims, replay, lifetime_minutes_max } = request;
    let issuer: Issuer = parse::value("/issuer", &issuer)?;
    let audience = audience.unwrap_or_else(|| public_url.to_owned());
    if audience.is_empty() || audience.len() > ISSUER_BYTES_MAX || audience.chars().any(char::is_control) {
        return Err(invalid("/audience", "an audience has 1 to 512 bytes and no control characters"));
    }
    let lifetime_minutes_max = lifetime_minutes_max.unwrap_or(TRUST_MINUTES_DEFAULT);
    if !(1..=TRUST_MINUTES_MAX).contains(&lifetime_minutes_max) {
        return Err(invalid("/lifetime_minutes_max", "between 1 and 1440 minutes (a day)"));
    }
    let keys = keys(&issuer, jwks_url, jwks)?;
    Ok(TrustTerms { issuer, audience, keys, rules: rules(&claims)?, replay, lifetime_minutes_max })
}

/// Where the keys come from: at most one of two ways, and without them the issuer must have an address.
fn keys(issuer: &Issuer, url: Option<String>, inline: Option<Value>) -> Result<TrustedKeys, Error> {
    match (url, inline) {
        (None, None) => match issuer.url() {
            Ok(_) => Ok(TrustedKeys::Discovery),
            Err(AddressError::Address) => Err(invalid(
                "/issuer",
                "the issuer has no address that can be asked for its keys; say where they are with `jwks_url` or `jwks`",
            )),
            Err(error) => Err(invalid("/issuer", error)),
        },
        (Some(url), None) => Ok(TrustedKeys::Url(parse::value::<JwksUrl>("/jwks_url", &url)?)),
        (None, Some(keys)) => {
            let text = keys.to_string();
            KeySet::parse(text.as_bytes()).map_err(|error| invalid("/jwks", error))?;
            Ok(TrustedKeys::Inline(text))
        }
        (Some(_), Some(_)) => Err(invalid("/jwks", "only one of `jwks_url` and `jwks`")),
    }
}

fn rules(claims: &[ClaimRule]) -> Result<ClaimRules, Error> {
    let wrong = |error| invalid("/claims", error);
    if claims.len() > jeton_token::MAX_CLAIM_RULES {
        return Err(wrong(jeton_token::ClaimRulesError::TooMany));
    }
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for (at, rule) in claims.iter().enumerate() {
        let name = parse::value::<ClaimName>(&format!("/claims/{at}/claim"), &rule.claim);
        let pattern = parse::value::<ClaimPattern>(&format!("/claims/{at}/pattern"), &rule.pattern);
        match (name, pattern) {
            (Ok(name), Ok(pattern)) => rules.push((name, pattern)),
            (name, pattern) => faults.extend(all_faults(name).into_iter().chain(all_faults(pattern))),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    ClaimRules::new(rules).map_err(wrong)
}

fn all_faults<T>(parsed: Result<T, Error>) -> Vec<Fault> {
    match parsed {
        Err(Error::Invalid(faults)) => faults,
        _ => vec![],
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the value ends here")]
fn invalid(pointer: &str, detail: impl ToString) -> Error {
    Error::invalid(pointer, Code::InvalidField, detail.to_string())
}

fn trust(record: TrustRecord) -> Trust {
    let TrustTerms { issuer, audience, keys, rules, replay, lifetime_minutes_max } = record.terms;
    let (jwks_url, jwks) = match keys {
        TrustedKeys::Discovery => (None, None),
        TrustedKeys::Url(url) => (Some(url.to_string()), None),
        TrustedKeys::Inline(text) => (None, serde_json::from_str(&text).ok()),
    };
    let rule = |(claim, pattern): &(ClaimName, ClaimPattern)| ClaimRule {
        claim: claim.to_string(),
        pattern: pattern.to_string(),
    };
    let (service_account, pipeline) = match record.holder {
        Holder::Account(_) => (Some(record.holder_name), None),
        Holder::Pipeline(_) => (None, Some(record.holder_name)),
    };
    Trust {
        id: record.id.to_string(),
        name: record.name,
        service_account,
        pipeline,
        issuer: issuer.to_string(),
        audience,
        jwks_url,
        jwks,
        claims: rules.rules().iter().map(rule).collect(),
        replay,
        lifetime_minutes_max,
        created_at: shown::moment(record.created_at),
        last_used_at: record.last_used_at.map(shown::moment),
    }
}
