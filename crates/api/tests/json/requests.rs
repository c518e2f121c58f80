//! Requests: unknown fields, nulls, missing and doubled fields.

use jeton_api::{
    ApiRoute, ApiScope, CreateSession, CreateToken, PatchToken, PatchUser, PutApi, PutUser, RotateToken,
    TokenQuery, VerifyRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(body: &Value) -> Result<T, String> {
    serde_json::from_value(body.clone()).map_err(|error| error.to_string())
}

fn field_names(full: &Value) -> Vec<String> {
    full.as_object().unwrap().keys().cloned().collect()
}

fn with(full: &Value, name: &str, value: Value) -> Value {
    let mut body = full.clone();
    body[name] = value;
    body
}

fn without(full: &Value, name: &str) -> Value {
    let mut body = full.clone();
    body.as_object_mut().unwrap().remove(name);
    body
}

/// Checks a type of request, given one with every field that it has and the names of those it needs.
fn check<T: DeserializeOwned + Serialize>(full: &Value, needed: &[&str]) {
    let whole = serde_json::to_value(read::<T>(full).unwrap()).unwrap();
    assert_eq!(whole, *full, "written as it was read");
    for name in &field_names(full) {
        let null = read::<T>(&with(full, name, Value::Null)).err();
        assert!(null.is_some(), "`{name}` may be null");
        let left_out = read::<T>(&without(full, name)).is_ok();
        assert_eq!(left_out, !needed.contains(&name.as_str()), "`{name}` may be left out");
        let other_case = with(&without(full, name), &name.to_uppercase(), full[name].clone());
        assert!(read::<T>(&other_case).is_err(), "`{name}` in upper case");
    }
    let unknown = read::<T>(&with(full, "surprise", json!(1))).err().unwrap();
    assert!(unknown.contains("unknown field `surprise`"), "{unknown}");
}

#[test]
fn tokens_are_created_from_known_fields() {
    let full = json!({
        "name": "ci", "description": "for the pipeline", "kind": "personal", "owner": "alice",
        "scopes": ["Taskurai.Task.*"], "expires_in_minutes": 60, "expires_at": "2026-01-01T00:00:00Z",
        "never_expires": true, "projects": ["acme/web"], "networks": ["10.0.0.0/8"],
    });
    check::<CreateToken>(&full, &["scopes"]);
}

#[test]
fn tokens_are_changed_by_known_fields() {
    let full = json!({
        "name": "ci", "description": "", "scopes": [], "expires_at": "2026-01-01T00:00:00Z",
        "projects": [], "networks": [],
    });
    check::<PatchToken>(&full, &[]);
}

#[test]
fn tokens_are_rotated_by_known_fields() {
    let full = json!({
        "overlap_minutes": 0, "expires_in_minutes": 60, "name": "ci", "description": "", "scopes": ["*"],
        "expires_at": "2026-01-01T00:00:00Z", "projects": [], "networks": [],
    });
    check::<RotateToken>(&full, &[]);
}

#[test]
fn tokens_are_verified_by_known_fields() {
    let full = json!({
        "token": "jtn_pat_x", "scope": "Taskurai.Task.Read", "resource": "acme/web", "client_ip": "10.0.0.1",
    });
    check::<VerifyRequest>(&full, &["token"]);
}

#[test]
fn sessions_are_created_from_known_fields() {
    check::<CreateSession>(&json!({ "user": "alice", "password": "correct horse" }), &["user", "password"]);
}

#[test]
fn users_are_written_by_known_fields() {
    let full = json!({ "password": "correct horse", "display_name": "Alice", "email": "a@example.com", "disabled": false });
    check::<PutUser>(&full, &[]);
    check::<PatchUser>(&full, &[]);
}

#[test]
fn apis_are_written_by_known_fields() {
    let full = json!({
        "title": "Tasks", "organization": "default", "namespace": "Taskurai", "audience": "https://tasks.example.com",
        "enforces_places": true, "forward_auth": "report_only", "scopes": [scope()], "routes": [route()],
    });
    check::<PutApi>(&full, &["title", "namespace", "audience", "scopes"]);
    check::<ApiScope>(&scope(), &["name", "description"]);
    check::<ApiRoute>(&route(), &["method", "path", "scope"]);
}

fn scope() -> Value {
    json!({ "name": "Taskurai.Task.Update", "description": "change tasks", "implies": ["Taskurai.Task.Read"] })
}

fn route() -> Value {
    json!({ "method": "GET", "path": "/tasks/{id}", "scope": "Taskurai.Task.Read", "resource": "acme/web" })
}

#[test]
fn an_unknown_field_deep_inside_is_refused_as_well() {
    let body = |scope: Value, route: Value| {
        let (scopes, routes) = (json!([scope]), json!([route]));
        json!({ "title": "T", "namespace": "T", "audience": "a", "scopes": scopes, "routes": routes })
    };
    assert!(read::<PutApi>(&body(scope(), route())).is_ok());
    assert!(read::<PutApi>(&body(with(&scope(), "surprise", json!(1)), route())).is_err());
    assert!(read::<PutApi>(&body(scope(), with(&route(), "surprise", json!(1)))).is_err());
}

#[test]
fn a_field_given_twice_is_refused() {
    for body in
        [r#"{"scopes": ["A.B"], "scopes": ["*"]}"#, r#"{"scopes": ["*"], "owner": "a", "owner": "b"}"#]
    {
        assert!(serde_json::from_str::<CreateToken>(body).is_err(), "{body}");
    }
}

#[test]
fn a_value_of_another_type_is_refused() {
    for (name, value) in [
        ("scopes", json!("*")),
        ("scopes", json!([1])),
        ("scopes", json!([null])),
        ("scopes", json!({ "0": "*" })),
        ("expires_in_minutes", json!("60")),
        ("expires_in_minutes", json!(1.5)),
        ("expires_in_minutes", json!(u64::MAX)),
        ("never_expires", json!("true")),
        ("never_expires", json!(1)),
        ("projects", json!("acme/web")),
    ] {
        let body = with(&json!({ "scopes": ["*"] }), name, value);
        assert!(read::<CreateToken>(&body).is_err(), "{body}");
    }
}

#[test]
fn what_is_left_out_is_not_sent() {
    assert_eq!(serde_json::to_value(CreateToken::default()).unwrap(), json!({ "scopes": [] }));
    assert_eq!(serde_json::to_value(PatchToken::default()).unwrap(), json!({}));
    assert_eq!(serde_json::to_value(RotateToken::default()).unwrap(), json!({}));
    assert_eq!(serde_json::to_value(PutUser::default()).unwrap(), json!({}));
    assert_eq!(serde_json::to_value(PatchUser::default()).unwrap(), json!({}));
    assert_eq!(serde_json::to_value(TokenQuery::default()).unwrap(), json!({}));
}

#[test]
fn an_unknown_query_parameter_is_refused() {
    assert!(read::<TokenQuery>(&json!({ "owner": "alice", "page_size": 10 })).is_ok());
    for name in ["surprise", "Owner", "page-size", "token"] {
        assert!(read::<TokenQuery>(&json!({ name: "x" })).is_err(), "{name}");
    }
}
