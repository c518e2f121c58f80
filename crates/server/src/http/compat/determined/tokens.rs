//! `/api/v1/tokens`

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jeton_api::TokenState;
use jeton_token::{PrincipalKind, PrincipalName, TokenKind};
use serde_json::json;

use super::super::super::Doors;
use super::super::super::body::UnlabelledBody;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use super::super::super::v1::parse;
use super::super::query::{Query, refused};
use super::super::whole;
use super::shape::{NewToken, TokenPatch};
use super::{lifespan, page, shown, sort};
use crate::authority::{
    Authority, Caller, CreateRequest, EditRequest, Error, ListRequest, Sought, StateFilter,
};
use crate::limits::NUMBERS_AT_ONCE_MAX;
use crate::store::TokenRecord;

/// Makes a token that may do what the caller's own credential may, and shows its secret, once.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    UnlabelledBody(request): UnlabelledBody<NewToken>,
) -> Result<Response<Body>, Problem> {
    let end = lifespan::end(request.lifespan.as_deref())?;
    let description = request.description.map(|text| parse::text("/description", text)).transpose()?;
    let owner = doors.authority.owner_of_number(&caller, request.user_id).await?;
    let own = &caller.chain.token;
    let request = CreateRequest {
        kind: if owner.kind == PrincipalKind::User { TokenKind::Personal } else { TokenKind::Service },
        name: None,
        description: description.filter(|text| !text.is_empty()),
        owner: Some(parse::path_name(&owner.name)?),
        patterns: own.patterns.clone(),
        places: own.places.clone(),
        networks: own.networks.clone(),
        end,
    };
    let issued = doors.authority.create_token(&caller, request).await?;
    Ok(no_store(Json(shown::issued(issued))))
}

/// Lists tokens. Those that are asked for by their numbers are shown dead or alive.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let owner = query.text("username")?.map(parse::path_name).transpose()?;
    let numbers = numbers(&query)?;
    let mut tokens = if numbers.is_empty() {
        let state = match query.flag("showInactive")? {
            Some(true) => StateFilter::Any,
            Some(false) | None => StateFilter::NotEnded,
        };
        all(&doors.authority, &caller, owner.as_ref(), state).await?
    } else {
        doors.authority.tokens_of_numbers(&caller, owner.as_ref(), &numbers).await?
    };
    sort::tokens(&mut tokens, &query, |(token, _)| token)?;
    let (tokens, pagination) = page::of(tokens, &query)?;
    let tokens: Vec<_> = tokens.into_iter().map(|(token, state)| shown::token(token, state)).collect();
    Ok(no_store(Json(json!({ "tokenInfo": tokens, "pagination": pagination }))))
}

/// Changes a token's description, or revokes it, or both.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(number): Path<String>,
    UnlabelledBody(request): UnlabelledBody<TokenPatch>,
) -> Result<Response<Body>, Problem> {
    let number = number.parse().map_err(|_| refused("id", "is a whole number"))?;
    let description = request.description.map(|text| parse::text("/description", text)).transpose()?;
    let authority = &doors.authority;
    let id = authority.token_of_number(number).await?;
    let revoke = request.set_revoked == Some(true);
    let change = EditRequest { description, ..EditRequest::default() };
    let (token, state) = match (revoke, change.description.is_some()) {
        (true, false) => authority.revoke_token(&caller, id).await?,
        (true, true) => {
            authority.edit_token(&caller, id, change).await?;
            authority.revoke_token(&caller, id).await?
        }
        (false, _) => authority.edit_token(&caller, id, change).await?,
    };
    Ok(no_store(Json(json!({ "tokenInfo": shown::token(token, state) }))))
}

/// The numbers that a list is limited to; no token has one that is not positive.
fn numbers(query: &Query) -> Result<Vec<i64>, Error> {
    let mut numbers = query.numbers("tokenIds")?;
    if numbers.len() > NUMBERS_AT_ONCE_MAX {
        return Err(refused("tokenIds", "are 256 at most"));
    }
    if numbers.iter().any(|number| *number <= 0) {
        return Err(refused("tokenIds", "are greater than 0"));
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Every token of a list.
async fn all(
    authority: &Authority,
    caller: &Caller,
    owner: Option<&PrincipalName>,
    state: StateFilter,
) -> Result<Vec<(TokenRecord, TokenState)>, Error> {
    let mut tokens = Vec::new();
    for kind in TokenKind::ALL.into_iter().filter(|kind| kind.leaves_home()) {
        let owner = owner.cloned();
        let request = ListRequest {
            owner,
            kind: Some(kind),
            name: None,
            state,
            sought: Sought::default(),
            below: None,
            limit: whole::page(),
        };
        tokens.extend(whole::tokens(authority, caller, request, "username").await?);
    }
    Ok(tokens)
}
