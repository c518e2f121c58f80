//! Answers: fields that are always there, and newer ones that an older client passes over.

use jeton_api::{Introspection, Issued, List, Token, TokenState, User, VerifyAnswer};
use serde_json::{Value, json};

fn token() -> Value {
    json!({
        "id": "0322SbK0OGq5g2jkoFDl1U", "number": 7, "kind": "personal", "name": "ci", "description": null,
        "owner": { "type": "user", "name": "alice" }, "created_by": null, "parent_id": null, "scopes": ["*"],
        "projects": [], "networks": [], "created_at": "2026-01-01T00:00:00Z",
        "secret_issued_at": "2026-01-01T00:00:00Z", "expires_at": null, "last_used_at": null, "last_used_from": null,
        "state": "active", "revoked_at": null, "revoked_by": null, "hint": "jtn_pat_…sXZE",
    })
}

#[test]
fn a_token_is_shown_with_every_field_and_nulls_where_there_is_nothing() {
    let read: Token = serde_json::from_value(token()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), token());
}

#[test]
fn a_token_has_no_field_for_its_secret() {
    let record = token();
    let names: Vec<_> = record.as_object().unwrap().keys().collect();
    assert!(
        !names.iter().any(|name| ["secret", "token", "digest", "text"].contains(&name.as_str())),
        "{names:?}"
    );
}

#[test]
fn an_older_client_passes_over_newer_fields() {
    let mut newer = token();
    newer["surprise"] = json!({ "deep": [1] });
    assert!(serde_json::from_value::<Token>(newer.clone()).is_ok());
    let list = json!({ "items": [newer], "next_page_token": null, "total": 1 });
    assert_eq!(serde_json::from_value::<List<Token>>(list).unwrap().items.len(), 1);
    assert!(serde_json::from_value::<VerifyAnswer>(json!({ "allowed": true, "surprise": 1 })).is_ok());
}

#[test]
fn each_state_of_a_token_has_its_word() {
    for (state, word) in [
        (TokenState::Active, "active"),
        (TokenState::Expired, "expired"),
        (TokenState::Revoked, "revoked"),
        (TokenState::Suspended, "suspended"),
    ] {
        assert_eq!(serde_json::to_value(state).unwrap(), json!(word));
        assert_eq!(serde_json::from_value::<TokenState>(json!(word)).unwrap(), state);
    }
}

#[test]
fn the_secret_is_shown_beside_the_record() {
    let issued: Issued = serde_json::from_value(json!({ "token": token(), "secret": "jtn_pat_x" })).unwrap();
    assert_eq!(issued.secret.expose(), "jtn_pat_x");
    assert!(!format!("{issued:?}").contains("jtn_pat_x"));
    assert_eq!(serde_json::to_value(issued).unwrap()["secret"], json!("jtn_pat_x"));
}

#[test]
fn an_inactive_token_has_exactly_one_member() {
    assert_eq!(serde_json::to_string(&Introspection::default()).unwrap(), r#"{"active":false}"#);
}

#[test]
fn an_unknown_token_is_not_allowed_and_that_is_all() {
    assert_eq!(serde_json::to_string(&VerifyAnswer::default()).unwrap(), r#"{"allowed":false}"#);
}

#[test]
fn a_verdict_is_never_assumed() {
    assert!(serde_json::from_value::<VerifyAnswer>(json!({})).is_err());
    assert!(serde_json::from_value::<VerifyAnswer>(json!({ "allowed": null })).is_err());
    assert!(serde_json::from_value::<Introspection>(json!({ "scope": "A.B" })).is_err());
}

#[test]
fn a_user_is_shown_without_a_password() {
    let user = json!({
        "id": "0322SbK0OGq5g2jkoFDl1U", "number": 1, "name": "alice", "display_name": null, "email": null,
        "disabled": false, "created_at": "2026-01-01T00:00:00Z", "last_sign_in_at": null,
    });
    let read: User = serde_json::from_value(user.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), user);
}
