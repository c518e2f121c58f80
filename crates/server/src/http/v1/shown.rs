//! From records to JSON.

use jeton_api::{Api, ApiRoute, ApiScope, Issued, PrincipalRef, Secret, Timestamp, Token, TokenState, User};

use crate::authority::{Authority, Error, IssuedToken};
use crate::store::{ApiRecord, PrincipalRecord, TokenRecord};

/// A token's record.
pub(super) async fn token(
    authority: &Authority,
    record: TokenRecord,
    state: TokenState,
) -> Result<Token, Error> {
    let mut projects = Vec::new();
    for place in record.places.places() {
        projects.push(authority.place_name(*place).await?);
    }
    Ok(Token {
        id: record.id.to_string(),
        number: record.number,
        kind: record.kind.word().to_owned(),
        owner: PrincipalRef { kind: record.owner_kind.word().to_owned(), name: record.owner_name },
        created_by: record.created_by.map(|id| id.to_string()),
        parent_id: record.parent.map(|id| id.to_string()),
        scopes: record.patterns.patterns().iter().map(ToString::to_string).collect(),
        projects,
        networks: record.networks.networks().iter().map(ToString::to_string).collect(),
        created_at: moment(record.created_at),
        secret_issued_at: moment(record.secret_issued_at),
        expires_at: record.expiry.at().map(moment),
        last_used_at: record.last_used_at.map(moment),
        last_used_from: record.last_used_from,
        state,
        revoked_at: record.revoked_at.map(moment),
        revoked_by: record.revoked_by.map(|id| id.to_string()),
        hint: record.hint,
        name: record.name,
        description: record.description,
    })
}

/// The secret of a fresh token. This is the only place where a secret is put into an answer.
pub(in crate::http) fn secret(issued: &IssuedToken) -> Secret {
    Secret::new(issued.secret.expose())
}

/// A fresh token with its secret.
pub(super) async fn issued(authority: &Authority, issued: IssuedToken) -> Result<Issued, Error> {
    let secret = secret(&issued);
    Ok(Issued { token: token(authority, issued.token, issued.state).await?, secret })
}

pub(super) fn user(record: PrincipalRecord) -> User {
    User {
        id: record.id.to_string(),
        number: record.number,
        name: record.name,
        display_name: record.display_name,
        email: record.email,
        disabled: record.disabled_at.is_some(),
        created_at: moment(record.created_at),
    }
}

pub(super) fn api(record: ApiRecord) -> Api {
    let scope = |scope: &jeton_token::CatalogueScope| ApiScope {
        name: scope.name.to_string(),
        description: scope.description.clone(),
        implies: scope.implies.iter().map(ToString::to_string).collect(),
    };
    let route = |route: jeton_token::Route| ApiRoute {
        method: route.method,
        path: route.path,
        scope: route.scope.to_string(),
        resource: route.resource,
    };
    Api {
        id: record.id.to_string(),
        name: record.name,
        title: record.title,
        organization: record.organization.map(|(_, name)| name),
        namespace: record.catalogue.namespace().to_owned(),
        audience: record.audience,
        enforces_places: record.enforces_places,
        scopes: record.catalogue.scopes().iter().map(scope).collect(),
        routes: record.routes.into_iter().map(route).collect(),
        created_at: moment(record.created_at),
    }
}

/// A moment on the wire. What lies beyond the calendar is shown as its end.
pub(in crate::http) fn moment(at: jeton_token::Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX)
}
