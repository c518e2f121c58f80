//! `{organization}/_apis/tokenadmin`: looking at and ending the tokens of others that are used in the organization.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, TokenState};
use jeton_token::{PrincipalId, TokenId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::Doors;
use super::super::super::body::{UnlabelledBody, UnlabelledList};
use super::super::super::path::Path;
use super::super::super::problem::{Problem, created, done, no_store};
use super::super::super::v1::shown::moment;
use super::super::query::{Query, refused};
use super::{connection, guid, instant, pats, place};
use crate::authority::{Caller, Error, RevocationRule};
use crate::limits::{NUMBERS_AT_ONCE_MAX, PATS_ON_PAGE_MAX};
use crate::store::TokenRecord;

/// How many are listed when nobody says.
const PAGE: usize = 20;

/// All but the last group of a GUID.
const NO_GROUPS: &str = "00000000-0000-0000-0000-";

/// A token to be ended.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revocation {
    authorization_id: String,
}

/// Which tokens are to be ended.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    scopes: Option<String>,
    created_before: Option<String>,
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
    let size = match query.text("pageSize")? {
        None => PAGE,
        Some(_) => {
            usize::try_from(query.number("pageSize")?).map_err(|_| refused("pageSize", "is 1 or more"))?
        }
    };
    let part = (below(query.text("continuationToken")?)?, size.clamp(1, PATS_ON_PAGE_MAX));
    let mut page = doors.authority.tokens_in_organization(&caller, of, subject, part).await?;
    // Keys of SSH, the other kind that product has, are not kept here.
    if query.flag("isPublic")? == Some(true) {
        (page.items, page.next) = (vec![], None);
    }
    let value: Vec<_> = page.items.iter().map(|(token, state)| shown(token, *state)).collect();
    Ok(no_store(Json(json!({ "value": value, "continuationToken": page.next.map(continuation) }))))
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
    UnlabelledBody(rule): UnlabelledBody<Rule>,
) -> Result<Response<Body>, Problem> {
    let of = place::organization(&doors, &caller, &organization).await?.id;
    let scopes = rule.scopes.unwrap_or_default();
    if scopes.trim().is_empty() {
        return Err(Error::invalid("/scopes", Code::InvalidField, "name at least one scope").into());
    }
    let before = rule.created_before.as_deref().map(created_before).transpose()?;
    let rule = RevocationRule { patterns: pats::patterns(&scopes)?, before };
    doors.authority.revoke_by_rule(&caller, of, &rule).await?;
    Ok(created(json!({})))
}

fn created_before(text: &str) -> Result<jeton_token::Timestamp, Error> {
    let wrong = || {
        let detail = "`createdBefore` is a time like 2027-01-31T12:00:00Z";
        Error::invalid("/createdBefore", Code::InvalidField, detail)
    };
    let at = instant::parse(text).ok_or_else(wrong)?;
    Ok(jeton_token::Timestamp(at.as_millisecond()))
}

fn subject_id(named: &str) -> Result<PrincipalId, Error> {
    let by_guid = || guid::read(named).map(PrincipalId);
    connection::described(named).or_else(by_guid).ok_or(Error::Hidden)
}

/// Where a page begins: below a number, which stands in the last group of a GUID, because that is what those clients take
/// for such a token.
fn below(continuation: Option<&str>) -> Result<Option<i64>, Error> {
    let read = |text: &str| i64::from_str_radix(text.strip_prefix(NO_GROUPS)?, 16).ok().filter(|at| *at >= 0);
    let wrong = || refused("continuationToken", "is none that an answer of this list had");
    continuation.map(|text| read(text).ok_or_else(wrong)).transpose()
}

fn continuation(number: i64) -> String {
    format!("{NO_GROUPS}{number:012x}")
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
