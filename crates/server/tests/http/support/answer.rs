//! What comes back.

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{Pat, described};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The text as JSON; null when it is none.
    pub(crate) body: Value,
}

impl Answer {
    /// The answer to a request.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Self { status, headers, text, body };
        described::check(&method, &path, &answer);
        answer
    }

    /// This answer, provided that it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// This answer, provided that it is a problem with this status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.body["code"], code, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.body["status"], status);
        answer
    }

    /// This answer, provided that it is an error of OAuth (RFC 6749, section 5.2).
    #[track_caller]
    pub(crate) fn refused_in_oauth(self, status: u16, error: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.body["error"], error, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/json", "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.text);
        answer
    }

    /// The challenges, each a field of its own.
    pub(crate) fn challenges(&self) -> Vec<&str> {
        self.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The stable code of an error, in whichever form the error has.
    pub(crate) fn code(&self) -> &str {
        let in_scim = || self.body["detail"].as_str().and_then(|detail| detail.split_once(": "));
        self.body["code"].as_str().or_else(|| in_scim().map(|(code, _)| code)).unwrap_or_default()
    }

    /// This answer, provided that it is an error of SCIM (RFC 7644, section 3.12); an empty kind is none.
    #[track_caller]
    pub(crate) fn refused_in_scim(self, status: u16, code: &str, kind: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.code(), code, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/scim+json");
        let schemas = serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"]);
        assert_eq!(answer.body["schemas"], schemas, "{}", answer.text);
        assert_eq!(answer.body["status"], status.to_string(), "{}", answer.text);
        assert_eq!(answer.body["scimType"].as_str().unwrap_or_default(), kind, "{}", answer.text);
        answer
    }

    /// This answer, provided that it is a 422 that points to this field.
    #[track_caller]
    pub(crate) fn invalid(self, pointer: &str, code: &str) -> Self {
        let answer = self.refused(422, code);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["code"], code, "{}", answer.text);
        answer
    }

    /// A header field; the empty text when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The token's text in the answer to create, rotate or sign in.
    #[track_caller]
    pub(crate) fn secret(&self) -> String {
        self.body["secret"].as_str().unwrap().to_owned()
    }

    /// The id in the same answers.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body["token"]["id"].as_str().unwrap().to_owned()
    }

    /// The token that was made.
    #[track_caller]
    pub(crate) fn pat(self) -> Pat {
        let answer = self.expect(201);
        Pat { id: answer.id(), secret: answer.secret() }
    }

    /// The body without what differs between any two answers.
    pub(crate) fn without_request_id(&self) -> String {
        let id = self.header("x-request-id");
        assert_eq!(id.len(), 16);
        self.text.replace(id, "")
    }

    /// The header fields without what differs between any two answers.
    pub(crate) fn steady_headers(&self) -> Vec<(String, String)> {
        let steady = self.headers.iter().filter(|(name, _)| *name != "x-request-id" && *name != "date");
        steady.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }
}
