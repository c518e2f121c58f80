//! Places, groups, roles, bindings and service accounts, made by the first administrator.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::answer::Answer;
use super::{Authority, Pat, fresh, sample};

/// An organization with an API of its own, which nobody has a right to yet.
pub(crate) struct Firm {
    /// The organization's name.
    pub(crate) name: String,
    /// The API's credential.
    pub(crate) api: String,
    /// The API's name.
    pub(crate) api_name: String,
    /// The API's namespace.
    pub(crate) namespace: String,
}

impl Firm {
    /// The whole organization as a place.
    pub(crate) fn all(&self) -> String {
        format!("{}/*", self.name)
    }

    /// A project of it as a place.
    pub(crate) fn at(&self, project: &str) -> String {
        format!("{}/{project}", self.name)
    }

    /// The address of the organization, or of something in it.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/organizations/{}{rest}", self.name)
    }

    /// One of the API's scopes.
    pub(crate) fn scope(&self, rest: &str) -> String {
        format!("{}.{rest}", self.namespace)
    }

    /// All of them.
    pub(crate) fn scopes(&self) -> String {
        self.scope("*")
    }
}

/// A `user`, `group` or `service_account`.
pub(crate) fn subject(kind: &str, name: &str) -> Value {
    json!({"type": kind, "name": name})
}

/// A user.
pub(crate) fn user(name: &str) -> Value {
    subject("user", name)
}

impl Authority {
    /// An organization without anything in it.
    pub(crate) async fn organization(&self, like: &str) -> String {
        let name = fresh(like);
        self.put(&self.admin().await, &format!("/api/v1/organizations/{name}"), json!({})).await.expect(201);
        name
    }

    /// An organization with an API of its own.
    pub(crate) async fn firm(&self) -> Firm {
        let admin = self.admin().await;
        let (name, api_name, namespace) = (self.organization("firm").await, fresh("shop"), fresh("Shop"));
        let mut body = sample::api(&api_name, &namespace);
        body["organization"] = json!(name);
        self.put(&admin, &format!("/api/v1/apis/{api_name}"), body).await.expect(201);
        let api = self.credential(&api_name).await;
        Firm { name, api, api_name, namespace }
    }

    /// A project, `private` or `public`.
    pub(crate) async fn project(&self, firm: &Firm, like: &str, visibility: &str) -> String {
        let name = fresh(like);
        let path = firm.path(&format!("/projects/{name}"));
        self.put(&self.admin().await, &path, json!({"visibility": visibility})).await.expect(201);
        name
    }

    /// A group with these users in it.
    pub(crate) async fn group(&self, like: &str, members: &[&str]) -> String {
        let name = fresh(like);
        let members: Vec<_> = members.iter().map(|name| user(name)).collect();
        let body = json!({ "members": members });
        self.put(&self.admin().await, &format!("/api/v1/groups/{name}"), body).await.expect(201);
        name
    }

    /// A role with these patterns.
    pub(crate) async fn role(&self, like: &str, scopes: &[&str]) -> String {
        let name = fresh(like);
        let body = json!({ "scopes": scopes });
        self.put(&self.admin().await, &format!("/api/v1/roles/{name}"), body).await.expect(201);
        name
    }

    /// A service account of this organization.
    pub(crate) async fn account(&self, like: &str, organization: &str) -> String {
        let name = fresh(like);
        let body = json!({ "organization": organization });
        self.put(&self.admin().await, &format!("/api/v1/service-accounts/{name}"), body).await.expect(201);
        name
    }

    /// A token of a service account, made by the first administrator.
    pub(crate) async fn service_token(&self, account: &str, scopes: &[&str]) -> Pat {
        let body = json!({"kind": "service", "owner": account, "scopes": scopes});
        self.token(&self.admin().await, body).await.pat()
    }

    /// Tries to bind.
    pub(crate) async fn bind_as(&self, secret: &str, role: &str, subject: Value, place: &str) -> Answer {
        let body = json!({"role": role, "subject": subject, "place": place});
        self.post(secret, "/api/v1/role-bindings", body).await
    }

    /// Binds, and answers the binding's id.
    pub(crate) async fn bind(&self, role: &str, subject: Value, place: &str) -> String {
        let answer = self.bind_as(&self.admin().await, role, subject, place).await.expect(201);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// Takes a binding away.
    pub(crate) async fn unbind(&self, id: &str) {
        self.delete(&self.admin().await, &format!("/api/v1/role-bindings/{id}")).await.expect(204);
    }

    /// What an API is told about a token: `more` are further members of the question.
    pub(crate) async fn ask(&self, api: &str, token: &str, more: Value) -> Value {
        let mut body = json!({ "token": token });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(api, "/api/v1/verify", body).await.expect(200).body
    }

    /// The scopes that an API is told of by both of its doors, which must agree; `None`: not honoured.
    pub(crate) async fn scopes_of(
        &self,
        api: &str,
        token: &str,
        more: &[(&str, &str)],
    ) -> Option<Vec<String>> {
        let body = more.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let told = self.ask(api, token, Value::Object(body)).await;
        let introspected = self.introspect_as(api, token, more).await.expect(200);
        if told["allowed"] == false {
            assert_eq!(introspected.text, "{\"active\":false}");
            return None;
        }
        assert_eq!(introspected.body["active"], true, "{}", introspected.text);
        let scopes =
            told["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap().to_owned());
        let scopes: Vec<_> = scopes.collect();
        assert_eq!(introspected.body["scope"], scopes.join(" "));
        Some(scopes)
    }

    /// Begins a call whose body is still on its way: the server has looked at the credential, and waits.
    pub(crate) async fn begin(&self, secret: &str, method: Method, path: &str, body: &Value) -> Begun {
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Authorization: Bearer {secret}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let (first, rest) = body.split_at(1);
        stream.write_all(first.as_bytes()).await.unwrap();
        // However long it takes the server to look at it, the answer below is the same: what counts is the end.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        Begun { stream, rest: rest.to_owned() }
    }
}

/// A call whose body is not yet sent to its end.
pub(crate) struct Begun {
    stream: TcpStream,
    rest: String,
}

impl Begun {
    /// Sends the rest; answers the status and all of the answer.
    pub(crate) async fn end(mut self) -> (u16, String) {
        self.stream.write_all(self.rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}
