//! `/compat/determined`: what the client `det` asks about users and tokens.

mod auth;
mod client;
mod create;
mod det;
mod edit;
mod list;
mod requests;
mod users;

use aws_lc_rs::digest::{SHA512, digest};
use reqwest::Method;
use serde_json::Value;

use crate::store::audit::hex;
use crate::support::Authority;
use crate::support::answer::Answer;

/// The address of something on this wire.
pub(crate) fn at(path: &str) -> String {
    format!("/compat/determined{path}")
}

/// What the client sends in place of a password.
pub(crate) fn hashed(password: &str) -> String {
    hex(digest(&SHA512, format!("GubPEmmotfiK9TMD6Zdw{password}").as_bytes()).as_ref())
}

/// The calls as the client makes them: bodies without `Content-Type`.
impl Authority {
    async fn det(&self, secret: &str, method: Method, path: &str, body: &Value) -> Answer {
        let mut request = self.request(method, &at(path)).bearer_auth(secret);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        Answer::to(request).await
    }

    pub(crate) async fn det_get(&self, secret: &str, path: &str) -> Answer {
        self.det(secret, Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn det_create(&self, secret: &str, body: &Value) -> Answer {
        self.det(secret, Method::POST, "/api/v1/tokens", body).await
    }

    pub(crate) async fn det_patch(&self, secret: &str, number: i64, body: &Value) -> Answer {
        self.det(secret, Method::PATCH, &format!("/api/v1/tokens/{number}"), body).await
    }

    pub(crate) async fn det_login(&self, body: &Value) -> Answer {
        Answer::to(self.request(Method::POST, &at("/api/v1/auth/login")).body(body.to_string())).await
    }

    /// The number of whoever calls.
    pub(crate) async fn own_number(&self, secret: &str) -> i64 {
        self.det_get(secret, "/api/v1/me").await.expect(200).body["user"]["id"].as_i64().unwrap()
    }

    /// The number of the credential itself.
    pub(crate) async fn token_number(&self, secret: &str) -> i64 {
        let answer = self.get(secret, "/api/v1/tokens/self").await.expect(200);
        answer.body["number"].as_i64().unwrap()
    }

    /// Makes a token of one's own over this wire; answers its text and number.
    pub(crate) async fn det_token(&self, secret: &str) -> (String, i64) {
        let user = self.own_number(secret).await;
        issued(&self.det_create(secret, &serde_json::json!({ "userId": user })).await)
    }

    /// The numbers of the tokens of a list.
    pub(crate) async fn det_numbers(&self, secret: &str, query: &str) -> Vec<i64> {
        let answer = self.det_get(secret, &format!("/api/v1/tokens?{query}")).await.expect(200);
        numbers(&answer)
    }
}

/// Takes from everybody what lets people have tokens of their own.
pub(crate) async fn remove_token_creator(authority: &Authority) {
    let admin = authority.admin().await;
    let path = "/api/v1/role-bindings?role=TokenCreator&place=*";
    let bindings = authority.get(&admin, path).await.expect(200).body["items"].as_array().unwrap().clone();
    let [binding] = bindings.as_slice() else { panic!("one default binding: {bindings:?}") };
    assert_eq!(binding["subject"]["name"], "everyone");
    let path = format!("/api/v1/role-bindings/{}", binding["id"].as_str().unwrap());
    authority.delete(&admin, &path).await.expect(204);
}

/// Text and number of a token that was made.
#[track_caller]
pub(crate) fn issued(answer: &Answer) -> (String, i64) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    (answer.body["token"].as_str().unwrap().to_owned(), answer.body["tokenId"].as_i64().unwrap())
}

#[track_caller]
pub(crate) fn numbers(answer: &Answer) -> Vec<i64> {
    let tokens = answer.body["tokenInfo"].as_array().unwrap();
    tokens.iter().map(|token| token["id"].as_i64().unwrap()).collect()
}

/// A refusal in both forms: as RFC 9457 has it, and where the client looks.
trait Refused: Sized {
    fn no(self, status: u16, code: &str, reason: &str) -> Self;
}

impl Refused for Answer {
    #[track_caller]
    fn no(self, status: u16, code: &str, reason: &str) -> Self {
        let answer = self.refused(status, code);
        let error = &answer.body["error"];
        assert_eq!(error["reason"], reason, "{}", answer.text);
        assert!(error["code"].is_number(), "{}", answer.text);
        let words = error["error"].as_str().unwrap();
        assert!(!words.is_empty(), "{}", answer.text);
        assert_eq!((&error["message"], &answer.body["message"]), (&error["error"], &error["error"]));
        assert_eq!(answer.body["request_id"], answer.header("x-request-id"), "{}", answer.text);
        answer
    }
}
