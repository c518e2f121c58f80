//! `/api/v1/service-accounts/{name}/trusts`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{ClaimRule, Code, List, PutTrust, Trust};
use jeton_token::{ClaimName, ClaimPattern, ClaimRules, PrincipalName};
use serde_json::Value;

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::{parse, shown};
use crate::authority::{Caller, Error, Fault};
use crate::identity::{AddressError, Issuer, JwksUrl, KeySet};
use crate::limits::{ISSUER_BYTES_MAX, TRUST_MINUTES_DEFAULT, TRUST_MINUTES_MAX};
use crate::store::{TrustRecord, TrustTerms, TrustedKeys};

/// Lists the trusts of a service account, newest first. There are few, so they are one page.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path(account): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let trusts = doors.authority.list_trusts(&caller, &parse::path_name(&account)?).await?;
    Ok(no_store(Json(List { items: trusts.into_iter().map(trust).collect(), next_page_token: None })))
}

/// Makes a trust or replaces it.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path((account, name)): Path<(String, String)>,
    Query(query): Query<DryRun>,
    Body(request): Body<PutTrust>,
) -> Result<Response<Answer>, Problem> {
    let (account, name) = (parse::path_name(&account)?, parse::value("trust", &name)?);
    let terms = terms(request, &doors.public_url)?;
    let kept = doors.authority.put_trust(&caller, &account, &name, &terms, query.mode()).await?;
    Ok(answer(kept, trust))
}

/// Shows a trust.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let (account, name) = names(&path)?;
    Ok(no_store(Json(trust(doors.authority.show_trust(&caller, &account, &name).await?))))
}

/// Removes a trust for good.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    let (account, name) = names(&path)?;
    doors.authority.remove_trust(&caller, &account, &name, query.mode()).await?;
    Ok(done())
}

fn names((account, trust): &(String, String)) -> Result<(PrincipalName, PrincipalName), Error> {
    Ok((parse::path_name(account)?, parse::path_name(trust)?))
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
    Trust {
        id: record.id.to_string(),
        name: record.name,
        service_account: record.account_name,
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
