//! `/forward-auth/{api}`: a gateway asks before it lets a request through.

mod clients;
mod gateways;
mod identity;
mod nginx;
mod paths;
mod report_only;
mod verdicts;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::rights::user;
use crate::support::{Authority, Pat, fresh};

/// An API of an organization of its own, with routes and a project.
struct Guarded {
    name: String,
    credential: String,
    namespace: String,
    organization: String,
    project: String,
}

/// Where a gateway that is no trusted peer shows the API's credential.
const GATEWAY: &str = "x-jeton-gateway-authorization";

/// Method, path, the rest of the scope, the place.
type Declared = (&'static str, &'static str, &'static str, Option<&'static str>);

const ROUTES: [Declared; 8] = [
    ("GET", "/public", "Task.Read", None),
    ("GET", "/admin", "Admin.All", None),
    ("GET", "/tasks", "Task.Read", None),
    ("POST", "/tasks", "Task.Create", None),
    ("GET", "/tasks/{id}", "Task.Read", None),
    ("DELETE", "/tasks/{id}", "Admin.All", None),
    ("GET", "/git/{repository}/info/refs", "Task.Read", None),
    ("GET", "/{organization}/{project}/logs", "Logs.Read", Some("{organization}/{project}")),
];

async fn guarded(authority: &Authority) -> Guarded {
    let organization = authority.organization("Guarded").await;
    let (name, namespace, project) = (fresh("guarded"), fresh("Guarded"), fresh("Web"));
    let admin = authority.admin().await;
    let path = format!("/api/v1/organizations/{organization}/projects/{project}");
    authority.put(&admin, &path, json!({})).await.expect(201);
    let scopes = ["Task.Read", "Task.Create", "Admin.All", "Logs.Read"];
    let scopes = scopes.map(|scope| json!({"name": format!("{namespace}.{scope}"), "description": ""}));
    let routes = ROUTES.map(|(method, path, scope, resource)| {
        let route = json!({"method": method, "path": path, "scope": format!("{namespace}.{scope}")});
        resource.map_or(route.clone(), |resource| with(route, "resource", resource))
    });
    let body = json!({"title": name, "namespace": namespace, "audience": "https://guarded.example",
        "organization": organization, "scopes": scopes, "routes": routes});
    authority.put(&admin, &format!("/api/v1/apis/{name}"), body).await.expect(201);
    let credential = authority.credential(&name).await;
    Guarded { name, credential, namespace, organization, project }
}

fn with(mut body: Value, name: &str, value: &str) -> Value {
    body[name] = json!(value);
    body
}

impl Guarded {
    fn scope(&self, rest: &str) -> String {
        format!("{}.{rest}", self.namespace)
    }

    fn path(&self) -> String {
        format!("/forward-auth/{}", self.name)
    }

    /// The session of a user who has every scope of this API.
    async fn user(&self, authority: &Authority) -> String {
        let person = authority.person("gita").await;
        authority.bind("ApiUser", user(&person.name), &format!("{}/*", self.organization)).await;
        person.session
    }

    /// A token with these scopes of this API, and whatever else it is limited to.
    async fn pat(&self, authority: &Authority, session: &str, scopes: &[&str], limits: Value) -> Pat {
        let mut body = limits;
        body["scopes"] = scopes.iter().map(|scope| json!(self.scope(scope))).collect();
        authority.token(session, body).await.pat()
    }

    /// The question of a gateway with the API's credential. Its own method is not the client's.
    fn question(&self, authority: &Authority, method: &str, uri: &str) -> RequestBuilder {
        let request = authority.request(Method::GET, &self.path());
        let request = request.header(GATEWAY, format!("Bearer {}", self.credential));
        request.header("x-forwarded-method", method).header("x-forwarded-uri", uri)
    }

    /// The answer about a token.
    async fn ask(&self, authority: &Authority, token: &str, method: &str, uri: &str) -> Answer {
        Answer::to(self.question(authority, method, uri).bearer_auth(token)).await
    }
}
