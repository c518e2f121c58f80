//! What is known about kept data: which questions are asked, and what was answered when the data was made.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::support::Authority;
use crate::support::answer::Answer;

/// All that a copy promises.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Manifest {
    /// When all this holds, in milliseconds: what is alive then stays so, for the clock of the tests stands there.
    pub(super) moment_ms: i64,
    /// People and their passwords; the administrator is the first.
    pub(super) sign_ins: Vec<SignIn>,
    pub(super) tokens: Vec<Known>,
    /// Calls with idempotency keys.
    pub(super) repeated: Vec<Repeated>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct SignIn {
    pub(super) user: String,
    pub(super) password: String,
}

/// A token, what is asked about it, and the answers.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Known {
    pub(super) what: String,
    pub(super) token: String,
    /// The credential of the API that asks.
    pub(super) asked_by: String,
    /// Members of the question besides the token.
    pub(super) question: Map<String, Value>,
    pub(super) answers: Value,
}

/// A call that made a token.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Repeated {
    pub(super) caller: String,
    pub(super) key: String,
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) secret: String,
}

impl Known {
    /// What each door says now, as far as it is promised.
    pub(super) async fn ask(&self, authority: &Authority) -> Value {
        json!({
            "verify": self.verify(authority).await,
            "introspect": self.introspect(authority).await,
            "self": self.at_home(authority).await,
            "as_credential": authority.introspect_as(&self.token, &self.token, &[]).await.status,
        })
    }

    /// Whether it was honoured.
    pub(super) fn is_honoured(&self) -> bool {
        self.answers["verify"]["allowed"] == true
    }

    async fn verify(&self, authority: &Authority) -> Value {
        let mut question = self.question.clone();
        question.insert("token".to_owned(), json!(self.token));
        let answer = authority.post(&self.asked_by, "/api/v1/verify", Value::Object(question)).await;
        let members = ["allowed", "reason", "missing_scope", "subject", "scopes", "expires_at"];
        picked(&answer.expect(200).body, &members)
    }

    async fn introspect(&self, authority: &Authority) -> Value {
        let place = self.question.get("resource").and_then(Value::as_str).map(|place| ("resource", place));
        let answer = authority.introspect_as(&self.asked_by, &self.token, place.as_slice()).await.expect(200);
        picked(&answer.body, &["active", "scope", "client_id", "username", "exp", "sub", "aud", "jti"])
    }

    async fn at_home(&self, authority: &Authority) -> Value {
        let answer = authority.get(&self.token, "/api/v1/tokens/self").await;
        let members = [
            "id",
            "name",
            "kind",
            "owner",
            "scopes",
            "projects",
            "networks",
            "state",
            "expires_at",
            "parent_id",
            "created_by",
        ];
        let mut told = picked(&answer.body, &members);
        told["status"] = json!(answer.status);
        told
    }
}

impl Repeated {
    /// The secret that the same call yields once more.
    pub(super) async fn secret_again(&self, authority: &Authority) -> String {
        let request = authority.request(Method::POST, &self.path).bearer_auth(&self.caller);
        let request = request.header("idempotency-key", &self.key).json(&self.body);
        Answer::to(request).await.expect(201).secret()
    }
}

/// Only these members: later ones may come beside them.
fn picked(body: &Value, members: &[&str]) -> Value {
    let there = members.iter().filter_map(|name| Some(((*name).to_owned(), body.get(name)?.clone())));
    Value::Object(there.collect())
}
