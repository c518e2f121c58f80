//! How a route can refuse: what follows from its address and what is said about it, by status.

use std::collections::BTreeMap;

use jeton_api::{Code, GrantRefusal};
use serde_json::{Value, json};

use super::super::problem::Problem;
use super::super::{ANY, compat};
use super::operation::{JSON, Operation};
use super::schema::{Kind, Schemas};
use crate::authority::Error;

/// The codes with which a route refuses, by status.
pub(super) type Refusals = BTreeMap<u16, Vec<Code>>;

/// Refusals that are the same at many routes, under the name that they are described by.
const SHARED: [(&str, &[Code]); 13] = [
    ("Unreadable", &[Code::Malformed, Code::TwoCredentials]),
    ("TwoCredentials", &[Code::TwoCredentials]),
    ("Unauthenticated", &[Code::InvalidToken, Code::RevokedToken, Code::ExpiredToken]),
    ("Forbidden", &[Code::InsufficientScope]),
    ("TooMuch", &[Code::InsufficientScope, Code::ScopeExceedsGrant]),
    ("NotFound", &[Code::NotFound]),
    ("BodyTooLarge", &[Code::BodyTooLarge]),
    ("TooSlow", &[Code::TooSlow]),
    ("UnsupportedMediaType", &[Code::UnsupportedMediaType]),
    ("InvalidQuery", &[Code::InvalidField, Code::UnknownField]),
    ("InvalidRequest", &[Code::InvalidField, Code::UnknownField, Code::IdempotencyKeyReused]),
    ("Internal", &[Code::Internal]),
    ("Unavailable", &[Code::Unavailable]),
];

/// Everything that the route can refuse with.
pub(super) fn of(operation: &Operation, action: &str) -> Refusals {
    let mut refusals = Refusals::new();
    let mut add = |(status, code): (u16, Code)| refusals.entry(status).or_default().push(code);
    let wire = compat::wire(operation.path);
    let plain = |problem: &Problem| (problem.number_on(wire), problem.code());
    [Problem::Internal, Problem::Deadline].iter().map(plain).for_each(&mut add);
    if !action.starts_with("open:") {
        of_callers(action).iter().map(plain).for_each(&mut add);
    }
    of_request(operation).iter().map(plain).for_each(&mut add);
    of_keys(operation, action).iter().map(plain).for_each(&mut add);
    operation.refusals.iter().copied().for_each(&mut add);
    for codes in refusals.values_mut() {
        codes.sort_by_key(|code| Code::ALL.iter().position(|known| known == code));
        codes.dedup();
    }
    refusals
}

/// The descriptions that several routes share.
pub(super) fn shared() -> Value {
    SHARED.iter().map(|(name, codes)| ((*name).to_owned(), described(codes))).collect()
}

/// What is said about refusals of one status.
pub(super) fn describe(codes: &[Code]) -> Value {
    match SHARED.iter().find(|(_, shared)| *shared == codes) {
        Some((name, _)) => json!({"$ref": format!("#/components/responses/{name}")}),
        None => described(codes),
    }
}

fn of_callers(action: &str) -> Vec<Problem> {
    let dead = [Code::RevokedToken, Code::ExpiredToken].map(Error::Unauthenticated).map(Problem::from);
    let mut problems = vec![Problem::NoCredential, Problem::TwoCredentials];
    problems.extend(dead);
    if action != "self" {
        problems.push(Error::denied(Code::InsufficientScope, "").into());
    }
    problems
}

fn of_request(operation: &Operation) -> Vec<Problem> {
    let mut problems = vec![];
    let invalid = |code| Problem::from(Error::invalid("", code, ""));
    if operation.path.starts_with("/api/") {
        problems.push(invalid(Code::UnknownField));
    }
    if operation.path.contains('{') {
        problems.push(Problem::Malformed(String::new()));
        problems.push(Error::Hidden.into());
    }
    if operation.query.is_some() {
        problems.push(invalid(Code::InvalidField));
    }
    match &operation.body {
        None => {}
        Some(body) if body.media == JSON => {
            problems.extend([Problem::Malformed(String::new()), Problem::TooLarge, Problem::MediaType]);
            problems.push(Problem::TooSlow);
            problems.push(invalid(Code::InvalidField));
        }
        Some(_) => problems.extend([Problem::TooLarge, Problem::TooSlow, Problem::Encoded(String::new())]),
    }
    problems
}

/// What an `Idempotency-Key` can come to.
fn of_keys(operation: &Operation, action: &str) -> Vec<Problem> {
    let invalid = |code| Problem::from(Error::invalid("", code, ""));
    if matches!(operation.method, "GET" | ANY) {
        return vec![];
    }
    if action.starts_with("open:") {
        return vec![invalid(Code::InvalidField), invalid(Code::IdempotencyKeyUnsupported)];
    }
    let mut problems = vec![
        invalid(Code::InvalidField),
        invalid(Code::IdempotencyKeyReused),
        Error::Conflict(Code::IdempotencyInFlight, String::new()).into(),
        Error::OutcomeUnknown.into(),
    ];
    if operation.yields_secret() {
        problems.push(invalid(Code::IdempotencyKeyTooShort));
        problems.push(Error::Conflict(Code::ReplayGone, String::new()).into());
    }
    if operation.body.is_none() {
        problems.push(Problem::TooLarge);
    }
    problems
}

/// The same in the form of OAuth 2.0 (RFC 6749, section 5.2).
pub(super) fn described_as_oauth(codes: &[Code], schemas: &mut Schemas) -> Value {
    let mut response = json!({
        "description": lines(codes),
        "content": {JSON: {"schema": schemas.refer(Kind::of::<GrantRefusal>())}},
    });
    add_header(&mut response, codes);
    response
}

pub(super) fn described(codes: &[Code]) -> Value {
    let words: Vec<_> = codes.iter().map(|code| code.word()).collect();
    let mut response = json!({
        "description": lines(codes),
        "content": {"application/problem+json": {"schema": {"allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "properties": {"code": {"enum": words}}},
        ]}}},
    });
    add_header(&mut response, codes);
    response
}

fn lines(codes: &[Code]) -> String {
    let lines: Vec<_> = codes.iter().map(|code| format!("- `{code}`: {}", code.title())).collect();
    lines.join("\n")
}

fn add_header(response: &mut Value, codes: &[Code]) {
    if let Some((name, about)) = header(codes) {
        response["headers"] = json!({name: {"description": about, "schema": {"type": "string"}}});
    }
}

fn header(codes: &[Code]) -> Option<(&'static str, &'static str)> {
    let has = |code| codes.contains(&code);
    if has(Code::InvalidToken) || has(Code::InsufficientScope) {
        Some((
            "WWW-Authenticate",
            "How to show a credential: a challenge for each scheme that is taken (RFC 6750, RFC 7617).",
        ))
    } else if has(Code::Unavailable) || has(Code::Busy) {
        Some(("Retry-After", "When to try again, in seconds."))
    } else {
        None
    }
}
