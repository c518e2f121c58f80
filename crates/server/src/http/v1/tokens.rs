//! `/api/v1/tokens`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, CreateToken, List, PatchToken, RotateToken, Token, TokenQuery, TokenState};
use jeton_token::{NetworkLimit, PlaceLimit, PrincipalKind, TokenId, TokenKind};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, created, done, no_store};
use super::super::query::{Nothing, Query};
use super::{page, parse, shown};
use crate::authority::{
    Authority, Caller, CreateRequest, EditRequest, End, Error, ListRequest, Sought, StateFilter,
};
use crate::limits::POLICY_DAYS_MAX;

/// Makes a token and shows its secret, once.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<CreateToken>,
) -> Result<Response<Answer>, Problem> {
    let request = create_request(&doors.authority, &caller, request).await?;
    let issued = doors.authority.create_token(&caller, request).await?;
    Ok(created(shown::issued(&doors.authority, issued).await?))
}

/// Lists tokens, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<TokenQuery>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.list_tokens(&caller, &list_request(query)?).await?;
    let items = shown::tokens(&doors.authority, found.tokens).await?;
    Ok(no_store(Json(List { items, next_page_token: found.next.map(|next| next.to_string()) })))
}

/// Shows a token.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_id(&id)?;
    let (record, state) = doors.authority.show_token(&caller, id).await?;
    answer(&doors, record, state).await
}

/// Approves a token that a policy wants somebody to look at.
pub(crate) async fn approve(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_id(&id)?;
    let (record, state) = doors.authority.approve_token(&caller, id).await?;
    answer(&doors, record, state).await
}

/// Shows the credential that the request came with.
pub(crate) async fn show_self(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let (record, state) = doors.authority.show_itself(&caller)?;
    answer(&doors, record, state).await
}

/// Changes a token and keeps its secret.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<PatchToken>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_id(&id)?;
    let request = edit_request(&doors.authority, &caller, request).await?;
    let (record, state) = doors.authority.edit_token(&caller, id, request).await?;
    answer(&doors, record, state).await
}

/// Gives a token a new secret and shows it, once.
pub(crate) async fn rotate(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<RotateToken>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_id(&id)?;
    rotated(&doors, &caller, id, request).await
}

/// Gives the credential that the request came with a new secret.
pub(crate) async fn rotate_self(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<RotateToken>,
) -> Result<Response<Answer>, Problem> {
    rotated(&doors, &caller, caller.token(), request).await
}

/// Revokes a token, for good.
pub(crate) async fn revoke(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_id(&id)?;
    doors.authority.revoke_token(&caller, id).await?;
    Ok(done())
}

/// Revokes the credential that the request came with.
pub(crate) async fn revoke_self(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.revoke_itself(&caller).await?;
    Ok(done())
}

async fn rotated(
    doors: &Doors,
    caller: &Caller,
    id: TokenId,
    request: RotateToken,
) -> Result<Response<Answer>, Problem> {
    if request.overlap_minutes != Some(0) {
        let detail =
            "this server does not keep old secrets after a rotation yet: send `\"overlap_minutes\": 0`";
        return Err(Error::invalid("/overlap_minutes", Code::OverlapUnsupported, detail).into());
    }
    let end = parse::end(request.expires_in_minutes, request.expires_at, None)?;
    let RotateToken { name, description, scopes, projects, networks, .. } = request;
    let rest = PatchToken { name, description, scopes, projects, networks, expires_at: None };
    let request = EditRequest { end, ..edit_request(&doors.authority, caller, rest).await? };
    let issued = doors.authority.rotate_token(caller, id, request).await?;
    Ok(no_store(Json(shown::issued(&doors.authority, issued).await?)))
}

async fn answer(
    doors: &Doors,
    record: crate::store::TokenRecord,
    state: TokenState,
) -> Result<Response<Answer>, Problem> {
    let shown: Token = shown::token(&doors.authority, record, state).await?;
    Ok(no_store(Json(shown)))
}

async fn create_request(
    authority: &Authority,
    caller: &Caller,
    request: CreateToken,
) -> Result<CreateRequest, Error> {
    let end = parse::end(request.expires_in_minutes, request.expires_at, request.never_expires)?;
    let description = request.description.map(|text| parse::text("/description", text)).transpose()?;
    Ok(CreateRequest {
        kind: kind(caller, request.kind.as_deref())?,
        name: request.name.map(parse::token_name).transpose()?,
        description: description.filter(|text| !text.is_empty()),
        owner: request.owner.map(|name| parse::value("/owner", &name)).transpose()?,
        patterns: parse::scopes(&request.scopes)?,
        places: match request.projects {
            Some(texts) => parse::places(authority, caller, &texts).await?,
            None => PlaceLimit::Everywhere,
        },
        networks: match request.networks {
            Some(texts) => parse::networks(&texts)?,
            None => NetworkLimit::Anywhere,
        },
        end: end.unwrap_or(End::Default),
    })
}

/// A service token is a service account's; without a word, it is the kind of whoever asks.
fn kind(caller: &Caller, word: Option<&str>) -> Result<TokenKind, Error> {
    match word {
        None if caller.chain.token.owner_kind == PrincipalKind::ServiceAccount => Ok(TokenKind::Service),
        None | Some("personal") => Ok(TokenKind::Personal),
        Some("service") => Ok(TokenKind::Service),
        Some(_) => {
            let detail = "a token that can be asked for is `personal` or `service`";
            Err(Error::invalid("/kind", Code::InvalidField, detail))
        }
    }
}

async fn edit_request(
    authority: &Authority,
    caller: &Caller,
    request: PatchToken,
) -> Result<EditRequest, Error> {
    Ok(EditRequest {
        name: request.name.map(parse::token_name).transpose()?,
        description: request.description.map(|text| parse::text("/description", text)).transpose()?,
        patterns: request.scopes.map(|texts| parse::scopes(&texts)).transpose()?,
        places: match request.projects {
            Some(texts) => Some(parse::places(authority, caller, &texts).await?),
            None => None,
        },
        networks: request.networks.map(|texts| parse::networks(&texts)).transpose()?,
        end: parse::end(None, request.expires_at, None)?,
    })
}

fn list_request(query: TokenQuery) -> Result<ListRequest, Error> {
    let kind = |word: &str| {
        let detail = "one of personal, service, job, session and api";
        TokenKind::from_word(word).ok_or_else(|| Error::invalid("kind", Code::InvalidField, detail))
    };
    Ok(ListRequest {
        owner: query.owner.map(|name| parse::value("owner", &name)).transpose()?,
        kind: query.kind.as_deref().map(kind).transpose()?,
        name: query.name.map(|name| parse::text("name", name)).transpose()?,
        state: state(query.state.as_deref())?,
        sought: Sought {
            unused_for_ms: days("unused_for_days", query.unused_for_days)?,
            expiring_in_ms: days("expiring_in_days", query.expiring_in_days)?,
            scope: query.scope.map(|text| parse::value("scope", &text)).transpose()?,
        },
        below: page::below(query.page_token.as_deref())?,
        limit: page::size(query.page_size)?,
    })
}

fn days(pointer: &str, asked: Option<i64>) -> Result<Option<i64>, Error> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    match asked {
        Some(days) if !(1..=POLICY_DAYS_MAX).contains(&days) => {
            Err(Error::invalid(pointer, Code::InvalidField, format!("between 1 and {POLICY_DAYS_MAX}")))
        }
        asked => Ok(asked.map(|days| days * DAY_MS)),
    }
}

fn state(word: Option<&str>) -> Result<StateFilter, Error> {
    match word {
        None | Some("active") => Ok(StateFilter::Only(TokenState::Active)),
        Some("expired") => Ok(StateFilter::Only(TokenState::Expired)),
        Some("revoked") => Ok(StateFilter::Only(TokenState::Revoked)),
        Some("suspended") => Ok(StateFilter::Only(TokenState::Suspended)),
        Some("pending") => Ok(StateFilter::Only(TokenState::Pending)),
        Some("all") => Ok(StateFilter::Any),
        Some(_) => Err(Error::invalid(
            "state",
            Code::InvalidField,
            "one of active, expired, revoked, suspended, pending and all",
        )),
    }
}
