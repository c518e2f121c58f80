//! From records to this wire's JSON.

use jeton_api::{Secret, Timestamp, TokenState};
use serde::Serialize;

use super::super::super::v1::shown::{moment, secret};
use crate::authority::IssuedToken;
use crate::store::{PrincipalRecord, TokenRecord};

/// The one type of tokens that the client is told of. It knows two more words, and stops at any other.
const KIND: &str = "TOKEN_TYPE_ACCESS_TOKEN";

/// Whoever holds tokens.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: i64,
    username: String,
    admin: bool,
    active: bool,
    display_name: String,
    modified_at: Timestamp,
    remote: bool,
    last_auth_at: Option<Timestamp>,
    agent_user_group: Option<()>,
}

/// A token's record.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    id: i64,
    user_id: i64,
    expiry: Option<Timestamp>,
    created_at: Timestamp,
    #[serde(rename = "tokenType")]
    kind: &'static str,
    revoked: bool,
    description: String,
}

/// A fresh token with its secret. The client shows the first two; the rest says what became of the lifespan.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issued {
    token: Secret,
    token_id: i64,
    expiry: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

pub(super) fn user(record: PrincipalRecord, admin: bool) -> User {
    User {
        id: record.number,
        username: record.name,
        admin,
        active: record.disabled_at.is_none(),
        display_name: record.display_name.unwrap_or_default(),
        modified_at: moment(record.created_at),
        remote: false,
        last_auth_at: None,
        agent_user_group: None,
    }
}

pub(super) fn token(record: TokenRecord, state: TokenState) -> Token {
    Token {
        id: record.number,
        user_id: record.owner_number,
        expiry: record.expiry.at().map(moment),
        created_at: moment(record.created_at),
        kind: KIND,
        // Tokens of a user who was removed are revoked with them.
        revoked: record.revoked_at.is_some() || state == TokenState::Revoked,
        description: record.description.unwrap_or_default(),
    }
}

pub(super) fn issued(issued: IssuedToken) -> Issued {
    Issued {
        token: secret(&issued),
        token_id: issued.token.number,
        expiry: issued.token.expiry.at().map(moment),
        notes: issued.notes,
    }
}
