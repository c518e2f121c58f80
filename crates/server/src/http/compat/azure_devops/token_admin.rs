//! `{organization}/_apis/tokenadmin`: looking at and ending the tokens of others that are used in the organization.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, Timestamp, TokenState};
use jeton_token::{PrincipalId, TokenId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::Doors;
use super::super::super::body::{UnlabelledBody, UnlabelledList};
use super::super::super::path::Path;
use super::super::super::problem::{Problem, created, done, no_store};
use super::super::super::v1::shown::moment;
use super::super::query::{Query, refused};
use super::{connection, guid, pats, place};
use crate::authority::{Caller, Error};
use crate::limits::{NUMBERS_AT_ONCE_MAX, PATS_ON_PAGE_MAX};
use crate::store::TokenRecord;

/// How many are listed when nobody says.
const PAGE: usize = 20;

/// A token to be ended.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revocation {
    authorization_id: String,
}

/// Which tokens are to be ended.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevocationRule {
    scopes: Option<String>,
    created_before: Option<Timestamp>,
}

/// Lists somebody's tokens that may be used in the organization, newest first, dead or alive.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, subject)): Path<(String, String)>,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let of = place::organization(&doors, &caller, &organization).await?.id;
    let subject = subject_id(&subject)?;
    let mut tokens = doors.authority.tokens_in_organization(&caller, of, subject).await?;
    // Keys of SSH, the other kind that product has, are not kept here.
    if query.flag("isPublic")? == Some(true) {
        tokens.clear();
    }
    let size = match query.text("pageSize")? {
        None => PAGE,
        Some(_) => {
            usize::try_from(query.number("pageSize")?).map_err(|_| refused("pageSize", "is 1 or more"))?
        }
    };
    let start = start(&tokens, query.text("continuationToken")?)?;
    let mut rest = tokens.into_iter().skip(start);
    let page: Vec<_> = rest.by_ref().take(size.clamp(1, PATS_ON_PAGE_MAX)).collect();
    let last = page.last().map(|(token, _)| guid::of(token.id.0));
    let next = rest.next().and(last);
    let value: Vec<_> = page.iter().map(|(token, state)| shown(token, *state)).collect();
    Ok(no_store(Json(json!({ "value": value, "continuationToken": next }))))
}

/// Ends the tokens of a list: all of them, or none when one of them is not there for the caller.
pub(crate) async fn revoke(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    query: Query,
    UnlabelledList(revocations): UnlabelledList<Revocation>,
) -> Result<Response<Body>, Problem> {
    let of = place::organization(&doors, &caller, &organization).await?.id;
    if revocations.len() > NUMBERS_AT_ONCE_MAX {
        return Err(refused("authorizationId", "are 256 at most").into());
    }
    if query.flag("isPublic")? == Some(true) {
        return Err(Error::Hidden.into());
    }
    let id = |revocation: &Revocation| guid::read(&revocation.authorization_id).map(TokenId);
    let ids: Option<Vec<_>> = revocations.iter().map(id).collect();
    doors.authority.revoke_in_organization(&caller, of, &ids.ok_or(Error::Hidden)?).await?;
    Ok(done())
}

/// Ends every token with one of these scopes that was made before a moment.
pub(crate) async fn revoke_by_rule(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    UnlabelledBody(rule): UnlabelledBody<RevocationRule>,
) -> Result<Response<Body>, Problem> {
    let of = place::organization(&doors, &caller, &organization).await?.id;
    let scopes = rule.scopes.unwrap_or_default();
    if scopes.trim().is_empty() {
        return Err(Error::invalid("/scopes", Code::InvalidField, "name at least one scope").into());
    }
    let before = rule.created_before.map(|at| jeton_token::Timestamp(at.as_millisecond()));
    let patterns = pats::patterns(&scopes)?;
    doors.authority.revoke_by_rule(&caller, of, &patterns, before).await?;
    Ok(created(json!({})))
}

fn subject_id(named: &str) -> Result<PrincipalId, Error> {
    let by_guid = || guid::read(named).map(PrincipalId);
    connection::described(named).or_else(by_guid).ok_or(Error::Hidden)
}

/// Where a page begins: behind the token that the page before it ended with.
fn start(tokens: &[(TokenRecord, TokenState)], behind: Option<&str>) -> Result<usize, Error> {
    let Some(behind) = behind else {
        return Ok(0);
    };
    let last = guid::read(behind);
    let at = tokens.iter().position(|(token, _)| Some(token.id.0) == last);
    at.map(|at| at + 1).ok_or_else(|| refused("continuationToken", "is none that an answer of this list had"))
}

fn shown(token: &TokenRecord, state: TokenState) -> Value {
    let id = guid::of(token.id.0);
    json!({
        "clientId": "00000000-0000-0000-0000-000000000000",
        "accessId": id,
        "authorizationId": id,
        "hostAuthorizationId": id,
        "userId": guid::of(token.owner.0),
        "validFrom": moment(token.created_at),
        "validTo": pats::valid_to(token),
        "displayName": pats::display_name(token),
        "scope": pats::scope(token),
        "targetAccounts": pats::target_accounts(token),
        "token": null,
        "alternateToken": null,
        "isValid": state == TokenState::Active,
        "isPublic": false,
        "publicData": null,
        "source": null,
        "claims": null,
    })
}
