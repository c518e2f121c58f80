//! `/api/v1/policies`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, List};
use jeton_token::{Excess, Network, Place, Policy, Rule, ScopePattern};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::DryRun;
use super::{parse, shown};
use crate::authority::{Authority, Caller, Error, PolicyRequest};
use crate::limits::{LIFETIME_MINUTES_MAX, POLICY_DAYS_MAX, POLICY_ENTRIES_MAX};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Lists the policies of all places that the caller has something to do with.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let mut items = Vec::new();
    for view in doors.authority.list_policies(&caller).await? {
        items.push(shown::policy(&doors.authority, view).await?);
    }
    Ok(no_store(Json(List { items, next_page_token: None })))
}

/// Sets the policy of a place and says what that does; a dry run only says it.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(place): Path<String>,
    Query(query): Query<DryRun>,
    Body(request): Body<jeton_api::Policy>,
) -> Result<Response<Answer>, Problem> {
    let place = place_of(&doors.authority, &caller, &place).await?;
    let job_projects = match &request.job_projects {
        Some(texts) => Some(parse::place_list(&doors.authority, &caller, "/job_projects", texts).await?),
        None => None,
    };
    let mut request = parsed(request)?;
    request.policy.job_projects = job_projects;
    let impact = doors.authority.put_policy(&caller, place, &request, query.mode()).await?;
    Ok(no_store(Json(shown::policy_effect(&doors.authority, impact).await?)))
}

/// Shows the policy of a place: what was said there and what holds there.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(place): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let place = place_of(&doors.authority, &caller, &place).await?;
    let view = doors.authority.show_policy(&caller, place).await?;
    Ok(no_store(Json(shown::policy(&doors.authority, view).await?)))
}

/// Removes what was said about a place.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(place): Path<String>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    let place = place_of(&doors.authority, &caller, &place).await?;
    doors.authority.remove_policy(&caller, place, query.mode()).await?;
    Ok(done())
}

async fn place_of(authority: &Authority, caller: &Caller, text: &str) -> Result<Place, Error> {
    authority.visible_place(caller, text).await?.ok_or(Error::Hidden)
}

/// All but the projects, which are written by name.
fn parsed(request: jeton_api::Policy) -> Result<PolicyRequest, Error> {
    let rule = |rule: jeton_api::Rule| match rule {
        jeton_api::Rule::Allowed => Rule::Allowed,
        jeton_api::Rule::Refused => Rule::Refused,
    };
    let excess = |excess: jeton_api::Excess| match excess {
        jeton_api::Excess::Clamp => Excess::Clamp,
        jeton_api::Excess::Refuse => Excess::Refuse,
    };
    let minutes = |pointer, value| bounded(pointer, value, LIFETIME_MINUTES_MAX, MINUTE_MS);
    let days = |pointer, value| bounded(pointer, value, POLICY_DAYS_MAX, DAY_MS);
    let policy = Policy {
        lifetime_ms_max: minutes("/lifetime_minutes_max", request.lifetime_minutes_max)?,
        lifetime_ms_default: minutes("/lifetime_minutes_default", request.lifetime_minutes_default)?,
        never_expires: request.never_expires.map(rule),
        everything: request.everything.map(rule),
        excess: request.excess.map(excess),
        creators: None,
        networks: values::<Network>("/networks", request.networks)?,
        approval: values::<ScopePattern>("/approval_scopes", request.approval_scopes)?,
        sign_in_within_ms: days("/sign_in_within_days", request.sign_in_within_days)?,
        used_within_ms: days("/used_within_days", request.used_within_days)?,
        renewable_for_ms: days("/renewable_for_days", request.renewable_for_days)?,
        job_projects: None,
    };
    let (usual, longest) = (policy.lifetime_ms_default, policy.lifetime_ms_max);
    if usual.zip(longest).is_some_and(|(usual, longest)| usual > longest) {
        let detail = "the usual life is longer than the longest one";
        return Err(Error::invalid("/lifetime_minutes_default", Code::InvalidField, detail));
    }
    check_count("/creators", request.creators.as_ref().map_or(0, Vec::len))?;
    Ok(PolicyRequest { policy, creators: request.creators })
}

fn bounded(pointer: &str, value: Option<i64>, max: i64, unit_ms: i64) -> Result<Option<i64>, Error> {
    match value {
        Some(value) if !(1..=max).contains(&value) => {
            Err(Error::invalid(pointer, Code::InvalidField, format!("between 1 and {max}")))
        }
        value => Ok(value.map(|value| value * unit_ms)),
    }
}

fn values<T: std::str::FromStr<Err: ToString> + Ord>(
    pointer: &str,
    texts: Option<Vec<String>>,
) -> Result<Option<Vec<T>>, Error> {
    let Some(texts) = texts else {
        return Ok(None);
    };
    check_count(pointer, texts.len())?;
    let mut values = parse::values(pointer, &texts)?;
    values.sort_unstable();
    values.dedup();
    Ok(Some(values))
}

fn check_count(pointer: &str, count: usize) -> Result<(), Error> {
    if count > POLICY_ENTRIES_MAX {
        return Err(Error::invalid(pointer, Code::InvalidField, "at most 256 entries"));
    }
    Ok(())
}
