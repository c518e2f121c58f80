//! The rules for identity tokens, each with a token that breaks just that one. The same through the doors, with
//! real issuers, is in `tests/http/federation`.

mod addresses;
mod forms;
mod keys;
mod private;
mod remembered;
mod signed;
mod times;

use jeton_token::Timestamp;
use serde_json::{Value, json};

use super::{Claims, Expected, Issuer, Refused, Unverified, Use};
use signed::Signer;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://jeton.example";
/// The present moment of these tests, in seconds.
const NOW: i64 = 1_900_000_000;

/// Claims that are honoured.
fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "repo:acme/site", "exp": NOW + 600, "iat": NOW, "nbf": NOW})
}

/// The claims with a member set, or removed by null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    match value {
        Value::Null => _ = members.remove(name),
        value => _ = members.insert(name.to_owned(), value),
    }
    claims
}

fn prove_as(used: Use<'_>, signer: &Signer, text: &str) -> Result<Claims, Refused> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    let expected = Expected { issuer: &issuer, audience: AUDIENCE, used };
    Unverified::parse(text)?.prove(&signer.set(), &expected, Timestamp(NOW * 1000))
}

fn prove(signer: &Signer, text: &str) -> Result<Claims, Refused> {
    prove_as(Use::Workload, signer, text)
}

#[track_caller]
fn assert_refused(outcome: Result<Claims, Refused>, reason: Refused) {
    assert_eq!(outcome.map(|claims| claims.subject).unwrap_err(), reason);
}
