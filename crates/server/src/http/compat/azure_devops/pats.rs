//! `{organization}/_apis/tokens/pats`: one's own tokens, from making one to ending it.
//!
//! A token that is made here is limited to the organization. Its *display name* is our description, which need not be
//! the only one of its kind; of a token without one it is the name. The product's word for everything, `app_token`, is
//! `*` here.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Secret, Timestamp, TokenState};
use jeton_token::{
    NetworkLimit, Place, PlaceLimit, PrincipalKind, ScopePattern, ScopeSet, TokenId, TokenKind,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::super::Doors;
use super::super::super::body::UnlabelledBody;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, done, no_store};
use super::super::super::v1::parse;
use super::super::super::v1::shown::{moment, secret};
use super::super::query::{Query, refused};
use super::super::whole;
use super::page::{Direction, Key, Part};
use super::pat_error::{NotDone, Word};
use super::version::Version;
use super::{guid, instant, place};
use crate::authority::{Caller, CreateRequest, EditRequest, End, Error, ListRequest, Sought, StateFilter};
use crate::limits::PATS_ON_PAGE_MAX;
use crate::store::{OrganizationRecord, TokenRecord};

/// Everything, in the words of that product.
const EVERYTHING: &str = "app_token";
/// What stands where a token has no end.
const NEVER: &str = "9999-12-31T23:59:59Z";
const GLOBAL: &str = "a token made here is for this organization; make one for all by Jeton's own API";

/// A token to be made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPat {
    display_name: Option<String>,
    scope: Option<String>,
    valid_to: Option<String>,
    all_orgs: Option<bool>,
}

/// A change of one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PatChange {
    authorization_id: Option<String>,
    #[serde(flatten)]
    rest: NewPat,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pat {
    display_name: String,
    valid_to: String,
    scope: String,
    /// Absent: all organizations.
    target_accounts: Option<Vec<String>>,
    valid_from: Timestamp,
    authorization_id: String,
    token: Option<Secret>,
}

/// Makes a token for whoever calls and shows its secret, once.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    version: Version,
    UnlabelledBody(request): UnlabelledBody<NewPat>,
) -> Result<Response<Body>, Problem> {
    let organization = place::organization(&doors, &caller, &organization).await?;
    answer(made(&doors, &caller, &organization, request).await, version)
}

/// Shows a token, or lists those that are asked for.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    version: Version,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let organization = place::organization(&doors, &caller, &organization).await?;
    match query.text("authorizationId")? {
        Some(id) => {
            let found = own(&doors, &caller, &organization, id).await;
            answer(found.map(|(token, _)| shown(&token, None)), version)
        }
        None => list(&doors, &caller, &organization, &query).await,
    }
}

/// Changes a token.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    version: Version,
    UnlabelledBody(request): UnlabelledBody<PatChange>,
) -> Result<Response<Body>, Problem> {
    let organization = place::organization(&doors, &caller, &organization).await?;
    answer(changed(&doors, &caller, &organization, request).await, version)
}

/// Ends a token.
pub(crate) async fn revoke(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let organization = place::organization(&doors, &caller, &organization).await?;
    let id = query.text("authorizationId")?.unwrap_or_default();
    let (token, _) = own(&doors, &caller, &organization, id).await.map_err(|error| match error {
        NotDone::Said(..) => Error::Hidden,
        NotDone::Failed(error) => error,
    })?;
    doors.authority.revoke_token(&caller, token.id).await?;
    Ok(done())
}

async fn made(
    doors: &Doors,
    caller: &Caller,
    organization: &OrganizationRecord,
    request: NewPat,
) -> Result<Pat, NotDone> {
    check_not_global(&request)?;
    let description = request.display_name.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        NotDone::said(Word::DisplayNameRequired, "say in `displayName` what the token is for")
    })?;
    let end = request.valid_to.as_deref().map(end).transpose()?;
    let request = CreateRequest {
        kind: kind_of(caller),
        name: None,
        description: Some(parse::text("/description", description)?),
        owner: None,
        patterns: patterns(request.scope.as_deref().unwrap_or_default())?,
        places: PlaceLimit::Within(vec![Place::Organization(organization.id)]),
        networks: NetworkLimit::Anywhere,
        end: end.unwrap_or(End::Default),
    };
    let issued = doors.authority.create_token(caller, request).await?;
    let secret = secret(&issued);
    Ok(shown(&issued.token, Some(secret)))
}

async fn changed(
    doors: &Doors,
    caller: &Caller,
    organization: &OrganizationRecord,
    PatChange { authorization_id, rest }: PatChange,
) -> Result<Pat, NotDone> {
    check_not_global(&rest)?;
    let id = authorization_id.unwrap_or_default();
    let (token, state) = own(doors, caller, organization, &id).await?;
    let end = rest.valid_to.as_deref().map(end).transpose()?;
    if state == TokenState::Expired && end.is_some() {
        return Err(NotDone::said(
            Word::ExpiredPatCannotBeExtended,
            "what has ended does not come back; make another",
        ));
    }
    let narrowed = rest.all_orgs == Some(false) && token.places == PlaceLimit::Everywhere;
    let edit = EditRequest {
        name: None,
        description: rest.display_name.map(|name| parse::text("/description", name)).transpose()?,
        patterns: rest.scope.as_deref().map(patterns).transpose()?,
        places: narrowed.then(|| PlaceLimit::Within(vec![Place::Organization(organization.id)])),
        networks: None,
        end,
    };
    let (token, _) = doors.authority.edit_token(caller, token.id, edit).await?;
    Ok(shown(&token, None))
}

/// A token of the caller's that may be used in the organization, dead or alive. All others look like none.
async fn own(
    doors: &Doors,
    caller: &Caller,
    organization: &OrganizationRecord,
    named: &str,
) -> Result<(TokenRecord, TokenState), NotDone> {
    let Some(id) = guid::read(named) else {
        return Err(NotDone::said(Word::InvalidAuthorizationId, "`authorizationId` is the GUID of a token"));
    };
    let unknown =
        || NotDone::said(Word::AuthorizationNotFound, "you have no such token in this organization");
    match doors.authority.show_token(caller, TokenId(id)).await {
        Ok((token, state)) if is_pat_of(caller, &token) && is_for(organization, &token) => Ok((token, state)),
        Ok(_) | Err(Error::Hidden) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

async fn list(
    doors: &Doors,
    caller: &Caller,
    organization: &OrganizationRecord,
    query: &Query,
) -> Result<Response<Body>, Problem> {
    let ascending = query.flag("isSortAscending")?.unwrap_or(true);
    let direction = if ascending { Direction::Ascending } else { Direction::Descending };
    let part = Part::of(query, direction, PATS_ON_PAGE_MAX)?;
    let by = By::of(query.text("sortByOption")?)?;
    let request = ListRequest {
        owner: Some(parse::path_name(caller.owner_name())?),
        kind: Some(kind_of(caller)),
        name: None,
        state: state(query.text("displayFilterOption")?)?,
        sought: Sought::default(),
        below: None,
        limit: whole::page(),
    };
    let mut tokens = whole::tokens(&doors.authority, caller, request, "displayFilterOption").await?;
    tokens.retain(|(token, _)| is_pat_of(caller, token) && is_for(organization, token));
    let (tokens, next) = part.cut(tokens, |(token, state)| by.key(token, *state));
    let tokens: Vec<_> = tokens.iter().map(|(token, _)| shown(token, None)).collect();
    Ok(no_store(Json(json!({ "continuationToken": next.unwrap_or_default(), "patTokens": tokens }))))
}

fn answer(done: Result<Pat, NotDone>, version: Version) -> Result<Response<Body>, Problem> {
    let body = match done {
        Ok(pat) => json!({ "patToken": pat, "patTokenError": "none" }),
        Err(NotDone::Said(word, why)) => {
            json!({ "patToken": null, "patTokenError": word.text(version), "patTokenErrorMessage": why })
        }
        Err(NotDone::Failed(error)) => return Err(error.into()),
    };
    Ok(no_store(Json(body)))
}

fn check_not_global(request: &NewPat) -> Result<(), NotDone> {
    if request.all_orgs == Some(true) {
        return Err(NotDone::said(Word::GlobalPatCreationBlocked, GLOBAL));
    }
    Ok(())
}

/// A token of a person, or of a service account when that is who calls.
fn kind_of(caller: &Caller) -> TokenKind {
    match caller.chain.token.owner_kind {
        PrincipalKind::ServiceAccount => TokenKind::Service,
        _ => TokenKind::Personal,
    }
}

fn is_pat_of(caller: &Caller, token: &TokenRecord) -> bool {
    token.owner == caller.principal() && matches!(token.kind, TokenKind::Personal | TokenKind::Service)
}

/// Whether a token may be used somewhere in the organization.
fn is_for(organization: &OrganizationRecord, token: &TokenRecord) -> bool {
    let own = Place::Organization(organization.id);
    match &token.places {
        PlaceLimit::Everywhere => true,
        PlaceLimit::Within(places) => places.iter().any(|at| own.contains(*at)),
    }
}

/// Scopes behind spaces.
pub(super) fn patterns(text: &str) -> Result<ScopeSet, Error> {
    let words = text.split_whitespace().map(|word| if word == EVERYTHING { "*" } else { word });
    parse::scopes(&words.map(ToOwned::to_owned).collect::<Vec<_>>())
}

/// An end that is asked for: as late as policies allow, if that is earlier.
fn end(text: &str) -> Result<End, NotDone> {
    let wrong = || NotDone::said(Word::InvalidValidTo, "`validTo` is a time like 2027-01-31T12:00:00Z");
    let moment = instant::parse(text).ok_or_else(wrong)?;
    Ok(End::Until(jeton_token::Timestamp(moment.as_millisecond())))
}

fn state(option: Option<&str>) -> Result<StateFilter, Error> {
    match option.unwrap_or("active").to_ascii_lowercase().as_str() {
        "active" => Ok(StateFilter::NotEnded),
        "revoked" => Ok(StateFilter::Only(TokenState::Revoked)),
        "expired" => Ok(StateFilter::Only(TokenState::Expired)),
        "all" => Ok(StateFilter::Any),
        _ => Err(refused("displayFilterOption", "is `active`, `revoked`, `expired` or `all`")),
    }
}

/// What a list is sorted by.
#[derive(Clone, Copy)]
enum By {
    Name,
    /// The date that is shown: until when the token is valid.
    Date,
    Status,
}

impl By {
    fn of(option: Option<&str>) -> Result<Self, Error> {
        match option.unwrap_or("displayName").to_ascii_lowercase().as_str() {
            "displayname" => Ok(Self::Name),
            "displaydate" => Ok(Self::Date),
            "status" => Ok(Self::Status),
            _ => Err(refused("sortByOption", "is `displayName`, `displayDate` or `status`")),
        }
    }

    fn key(self, token: &TokenRecord, state: TokenState) -> Key {
        let key = match self {
            Self::Name => display_name(token).to_lowercase(),
            Self::Date => format!("{:020}", token.expiry.at().map_or(i64::MAX, |at| at.0)),
            Self::Status => match state {
                TokenState::Revoked => "3",
                TokenState::Expired => "2",
                TokenState::Active => "0",
                _ => "1",
            }
            .to_owned(),
        };
        (key, token.number)
    }
}

pub(super) fn display_name(token: &TokenRecord) -> &str {
    token.description.as_deref().filter(|text| !text.is_empty()).unwrap_or(&token.name)
}

/// The scopes of a token behind spaces.
pub(super) fn scope(token: &TokenRecord) -> String {
    let word = |pattern: &ScopePattern| {
        if pattern.is_everything() { EVERYTHING.to_owned() } else { pattern.to_string() }
    };
    token.patterns.patterns().iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The organizations of a token; `None` is all.
pub(super) fn target_accounts(token: &TokenRecord) -> Option<Vec<String>> {
    let organizations = token.places.places().iter().filter_map(|place| place.organization());
    let mut guids: Vec<_> = organizations.map(|organization| guid::of(organization.0)).collect();
    guids.sort();
    guids.dedup();
    (token.places != PlaceLimit::Everywhere).then_some(guids)
}

pub(super) fn valid_to(token: &TokenRecord) -> String {
    token.expiry.at().map_or_else(|| NEVER.to_owned(), |at| moment(at).to_string())
}

fn shown(token: &TokenRecord, secret: Option<Secret>) -> Pat {
    Pat {
        display_name: display_name(token).to_owned(),
        valid_to: valid_to(token),
        scope: scope(token),
        target_accounts: target_accounts(token),
        valid_from: moment(token.created_at),
        authorization_id: guid::of(token.id.0),
        token: secret,
    }
}
