//! `/api/v1/tokens`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{
    Code, CreateToken, List, PatchToken, RevokeTokens, RotateToken, Token, TokenFilter, TokenQuery,
    TokenState,
};
use jeton_token::{NetworkLimit, PlaceLimit, PrincipalKind, TokenId, TokenKind};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, created, done, no_store};
use super::super::query::{Nothing, Query};
use super::{page, parse, shown};
use crate::authority::{
    Authority, Caller, CreateRequest, EditRequest, End, Error, Fault, ListRequest, Mode, RotateRequest,
    Sought, StateFilter,
};
use crate::limits::{OVERLAP_MINUTES_DEFAULT, OVERLAP_MINUTES_MAX, POLICY_DAYS_MAX};

/// Makes a token and shows its secret, once.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<CreateToken>,
) -> Result<Response<Answer>, Problem> {
    let request = create_request(&doors.authority, &caller, request).await?;
    let issued = doors.authority.create_token(&caller, request).await?;
    Ok(created(shown::issued(&doors.authority, Some(&caller), issued).await?))
}

/// Lists tokens, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<TokenQuery>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.list_tokens(&caller, &list_request(query)?).await?;
    let items = shown::tokens_with_ends(&doors.authority, Some(&caller), found.tokens).await?;
    Ok(no_store(Json(List { items, next_page_token: found.next.map(|next| next.to_string()) })))
}

/// Shows a token.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_named(&caller, &id).await?;
    let (record, state) = doors.authority.show_token(&caller, id).await?;
    answer(&doors, &caller, record, state).await
}

/// Approves a token that a policy wants somebody to look at.
pub(crate) async fn approve(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_named(&caller, &id).await?;
    let (record, state) = doors.authority.approve_token(&caller, id).await?;
    answer(&doors, &caller, record, state).await
}

/// Shows the credential that the request came with.
pub(crate) async fn show_self(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let (record, state) = doors.authority.show_itself(&caller)?;
    answer(&doors, &caller, record, state).await
}

/// Changes a token and keeps its secret.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<PatchToken>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_named(&caller, &id).await?;
    let request = edit_request(&doors.authority, &caller, request).await?;
    let (record, state) = doors.authority.edit_token(&caller, id, request).await?;
    answer(&doors, &caller, record, state).await
}

/// Gives a token a new secret and shows it, once.
pub(crate) async fn rotate(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<RotateToken>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_named(&caller, &id).await?;
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

/// Ends the old secrets of a token that still work after a rotation.
pub(crate) async fn finish_rotation(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_named(&caller, &id).await?;
    finished(&doors, &caller, id).await
}

/// Ends the old secrets of the credential that the request came with.
pub(crate) async fn finish_rotation_self(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response<Answer>, Problem> {
    finished(&doors, &caller, caller.token()).await
}

/// Revokes a token, for good.
pub(crate) async fn revoke(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.token_named(&caller, &id).await?;
    doors.authority.revoke_token(&caller, id).await?;
    Ok(done())
}

/// Revokes all tokens that fit, for good; a dry run only counts them.
pub(crate) async fn revoke_many(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<RevokeTokens>,
) -> Result<Response<Answer>, Problem> {
    let mode = if request.dry_run.unwrap_or(false) { Mode::Rehearse } else { Mode::Commit };
    let revoked = doors.authority.revoke_tokens(&caller, filter(request.filter)?, mode).await?;
    Ok(no_store(Json(revoked)))
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
    let overlap_ms = overlap(request.overlap_minutes)?;
    let end = parse::end(request.expires_in_minutes, request.expires_at, None)?;
    let RotateToken { name, description, scopes, projects, networks, .. } = request;
    let rest = PatchToken { name, description, scopes, projects, networks, expires_at: None };
    let edit = EditRequest { end, ..edit_request(&doors.authority, caller, rest).await? };
    let issued = doors.authority.rotate_token(caller, id, RotateRequest { edit, overlap_ms }).await?;
    Ok(no_store(Json(shown::issued(&doors.authority, Some(caller), issued).await?)))
}

async fn finished(doors: &Doors, caller: &Caller, id: TokenId) -> Result<Response<Answer>, Problem> {
    let (record, state) = doors.authority.finish_rotation(caller, id).await?;
    answer(doors, caller, record, state).await
}

/// How long the old secret goes on working, in milliseconds.
fn overlap(minutes: Option<i64>) -> Result<i64, Error> {
    let minutes = minutes.unwrap_or(OVERLAP_MINUTES_DEFAULT);
    if (0..=OVERLAP_MINUTES_MAX).contains(&minutes) {
        return Ok(minutes * 60 * 1000);
    }
    let detail = format!("0 to {OVERLAP_MINUTES_MAX} minutes; 0 ends the old secret at once");
    Err(Error::invalid("/overlap_minutes", Code::InvalidField, detail))
}

async fn answer(
    doors: &Doors,
    caller: &Caller,
    record: crate::store::TokenRecord,
    state: TokenState,
) -> Result<Response<Answer>, Problem> {
    let shown: Token = shown::token_in_detail(&doors.authority, Some(caller), record, state).await?;
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

/// The filter of a call that revokes: one that says nothing would mean everything.
fn filter(filter: TokenFilter) -> Result<ListRequest, Error> {
    if filter == TokenFilter::default() {
        return Err(Error::invalid("/filter", Code::InvalidField, "name at least one field"));
    }
    let has_state = filter.state.is_some();
    let request = list_request(filter.into_query()).map_err(in_filter)?;
    let state = if has_state { request.state } else { StateFilter::NotEnded };
    Ok(ListRequest { state, limit: FILTERED_AT_ONCE, ..request })
}

/// How many tokens of a filter are looked at together.
const FILTERED_AT_ONCE: usize = 200;

/// A field of the query is one of the filter here.
fn in_filter(error: Error) -> Error {
    match error {
        Error::Invalid(faults) => Error::Invalid(
            faults
                .into_iter()
                .map(|fault| Fault { pointer: format!("/filter/{}", fault.pointer), ..fault })
                .collect(),
        ),
        other => other,
    }
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
