//! Well-formed requests, and texts that look like tokens.

use std::str::FromStr as _;

use jeton_server::RouteEntry;
use jeton_token::{TokenId, TokenKind, TokenSecret, TokenText};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::Authority;

/// A small API of this namespace.
pub(crate) fn api(name: &str, namespace: &str) -> Value {
    let scopes = ["Task.Read", "Task.Create", "Task.Logs.Read", "Log.Query.Read"];
    let scopes: Vec<_> = scopes
        .iter()
        .map(|scope| json!({"name": format!("{namespace}.{scope}"), "description": ""}))
        .collect();
    json!({
        "title": name,
        "namespace": namespace,
        "audience": format!("https://{name}.example"),
        "scopes": scopes,
        "routes": [{"method": "GET", "path": "/tasks", "scope": format!("{namespace}.Task.Read")}],
    })
}

/// A text with this id and a right checksum, whose secret nobody was given.
pub(crate) fn text_with(kind: TokenKind, id: &str) -> String {
    let id = TokenId::from_str(id).unwrap();
    let secret = TokenSecret::from_uniform(&[7; 64]);
    TokenText::new("jtn".parse().unwrap(), kind, id, &secret).expose().to_owned()
}

/// The public id in a token's text.
pub(crate) fn id_of(text: &str) -> &str {
    text.split('_').nth(2).unwrap()
}

/// The 32 characters in a token's text that nobody else must know.
pub(crate) fn secret_of(text: &str) -> &str {
    text.split('_').nth(3).and_then(|rest| rest.get(..32)).unwrap()
}

/// The same id with another tag, as somebody would write it who does not have the id key.
pub(crate) fn forged(id: &str) -> String {
    let bits = jeton_token::Id::from_str(id).unwrap().bits();
    jeton_token::Id::from_bits(bits ^ 1).unwrap().to_string()
}

/// What has the form of a JWT: `{"alg":"ES256"}`, `{"iss":"x"}` and no signature that fits.
const UNSIGNED: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.AAAA";

/// A request that the route understands, about things of these names.
pub(crate) fn request(authority: &Authority, route: &RouteEntry, id: &str, name: &str) -> RequestBuilder {
    let method = Method::from_str(route.method).unwrap();
    // Determined knows tokens by their numbers.
    let id_here = if route.path.starts_with("/compat/determined/") { "1" } else { id };
    let path = route.path.replace("{id}", id_here).replace("{place}", "default%2F*");
    let named = ["{name}", "{api}", "{trust}", "{organization}", "{project}", "{pipeline}"];
    let path = named.into_iter().fold(path, |path, part| path.replace(part, name));
    let request = authority.request(method, &path);
    match (route.method, route.path) {
        (_, "/oauth2/token") => request.form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", UNSIGNED),
        ]),
        (_, path) if path.starts_with("/oauth2/") => {
            request.form(&[("token", text_with(TokenKind::Personal, id))])
        }
        ("POST", "/api/v1/sessions") => request.json(&json!({"user": "admin", "password": "not the one"})),
        ("POST", "/api/v1/tokens") => request.json(&json!({"scopes": ["Jeton.Token.Read"]})),
        ("POST", "/api/v1/verify") => {
            request.json(&json!({"token": text_with(TokenKind::Personal, id), "scope": "Taskurai.Task.Read"}))
        }
        ("POST", "/compat/determined/api/v1/auth/login") => {
            let password = "0".repeat(128);
            request.json(&json!({"username": "admin", "password": password, "isHashed": true}))
        }
        ("POST", "/compat/determined/api/v1/tokens") => request.json(&json!({"userId": 1})),
        ("PATCH", "/compat/determined/api/v1/tokens/{id}") => request.json(&json!({"setRevoked": true})),
        ("POST", "/api/v1/tokens/revoke") => request.json(&json!({"filter": {"name": name}})),
        ("POST", path) if path.ends_with("/rotate") => request.json(&json!({"overlap_minutes": 0})),
        ("POST", path) if path.ends_with("/approve") => request.json(&json!({})),
        ("POST", "/api/v1/explain") => request.json(&json!({"token_id": id, "scope": "Taskurai.Task.Read"})),
        ("POST", "/api/v1/role-bindings") => {
            let subject = json!({"type": "user", "name": name});
            request.json(&json!({"role": "Auditor", "subject": subject, "place": "*"}))
        }
        ("POST", "/api/v1/jobs") => {
            request.json(&json!({"organization": name, "project": name, "pipeline": name}))
        }
        ("POST", path) if path.starts_with("/api/v1/jobs/") => request.json(&json!({})),
        ("PUT", path) if path.ends_with("/pipelines/{pipeline}") => request.json(&json!({"kind": "yaml"})),
        ("PUT", path) if path.starts_with("/api/v1/roles") => request.json(&json!({"scopes": ["*"]})),
        ("PATCH", path) if path.starts_with("/api/v1/roles") => request.json(&json!({"description": ""})),
        ("PUT" | "PATCH", path) if path.starts_with("/api/v1/organizations") => request.json(&json!({})),
        ("PUT", path) if path.starts_with("/api/v1/policies") => request.json(&json!({})),
        ("PATCH", path) if path.starts_with("/api/v1/tokens") => request.json(&json!({"description": "new"})),
        ("PUT", path) if path.starts_with("/api/v1/apis") => request.json(&api(name, "Unheard")),
        ("POST" | "PUT" | "PATCH", path) if path.starts_with("/scim/") => request.json(&json!({})),
        ("PUT" | "PATCH", _) => request.json(&json!({"display_name": "Somebody"})),
        _ => request,
    }
}
