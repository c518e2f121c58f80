//! `POST /api/v1/tokens`

use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::clock::{assert_minutes, ms, rfc3339};

const DAY_MINUTES: i64 = 24 * 60;

on_both! {
    shared:
        a_token_is_made_with_every_field,
        what_is_left_out_has_a_default,
        the_end_can_be_said_in_three_ways_and_only_one_at_a_time,
        ends_that_cannot_be_are_refused,
        scopes_are_one_to_256_known_patterns,
        an_unknown_scope_is_answered_with_the_nearest_ones,
        every_wrong_scope_is_named,
        people_make_personal_tokens_only,
        places_must_exist_and_networks_must_be_networks,
        unknown_fields_and_nulls_are_refused,
        a_body_that_is_no_json_is_refused;
}

async fn a_token_is_made_with_every_field(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({
        "name": "nightly build",
        "description": "two\nlines",
        "kind": "personal",
        "owner": alice.name,
        "scopes": ["Taskurai.Task.*", "Jeton.Token.Read"],
        "expires_in_minutes": 90,
        "projects": ["default/*"],
        "networks": ["10.0.0.0/8", "2001:db8::/32"],
    });
    let made = authority.token(&alice.session, body).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let token = &made.body["token"];
    let created_at = ms(&token["created_at"]);
    let session = authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200).body;
    let expected = json!({
        "id": token["id"], "number": token["number"], "kind": "personal",
        "name": "nightly build", "description": "two\nlines",
        "owner": {"type": "user", "name": alice.name},
        "created_by": session["id"], "parent_id": null,
        "scopes": ["Taskurai.Task.*", "Jeton.Token.Read"],
        "projects": ["default/*"], "networks": ["10.0.0.0/8", "2001:db8::/32"],
        "created_at": token["created_at"], "secret_issued_at": token["created_at"],
        "expires_at": token["expires_at"], "last_used_at": null, "last_used_from": null,
        "state": "active", "revoked_at": null, "revoked_by": null,
        "hint": token["hint"],
    });
    assert_eq!(*token, expected);
    assert_minutes(ms(&token["expires_at"]) - created_at, 90);
    assert!(token["number"].is_i64());
    assert_eq!(authority.record(&alice.session, &made.id()).await, expected, "the record says the same");

    let secret = made.secret();
    assert_eq!(secret.len(), 69);
    assert!(secret.starts_with(&format!("jtn_pat_{}_", made.id())), "{}", made.id());
    assert_eq!(token["hint"], format!("jtn_pat_…{}", secret.get(65..).unwrap()));
}

async fn what_is_left_out_has_a_default(authority: Authority) {
    let alice = authority.person("alice").await;
    let made = authority.token(&alice.session, json!({"scopes": ["*"]})).await.expect(201);
    let token = &made.body["token"];
    assert_eq!(token["name"], format!("token-{}", token["number"]));
    assert_minutes(ms(&token["expires_at"]) - ms(&token["created_at"]), 30 * DAY_MINUTES);
    assert_eq!(token["owner"]["name"], json!(alice.name));
    assert_eq!((&token["projects"], &token["networks"]), (&json!([]), &json!([])));
    assert_eq!((&token["kind"], &token["description"]), (&json!("personal"), &Value::Null));
}

async fn the_end_can_be_said_in_three_ways_and_only_one_at_a_time(authority: Authority) {
    let alice = authority.person("alice").await;
    let at = rfc3339(4_000_000_000_000);
    let made = |end: Value| {
        let mut body = json!({"scopes": ["*"]});
        body.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
        authority.token(&alice.session, body)
    };
    let ends = made(json!({"never_expires": true})).await.expect(201).body;
    assert_eq!(ends["token"]["expires_at"], Value::Null);
    let ends = made(json!({"expires_at": at})).await.expect(201).body;
    assert_eq!(ms(&ends["token"]["expires_at"]), 4_000_000_000_000);
    let ends = made(json!({"expires_at": "2096-10-02T09:06:40+02:00", "never_expires": false}))
        .await
        .expect(201)
        .body;
    assert_eq!(ms(&ends["token"]["expires_at"]), 4_000_000_000_000, "an offset from UTC is understood");

    for twice in [
        json!({"expires_at": at, "expires_in_minutes": 5}),
        json!({"expires_at": at, "never_expires": true}),
        json!({"expires_in_minutes": 5, "never_expires": true}),
    ] {
        made(twice).await.refused(422, "invalid_field");
    }
}

async fn ends_that_cannot_be_are_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    for minutes in [json!(0), json!(-1), json!(52_704_001), json!(i64::MAX), json!(1.5), json!("5")] {
        let body = json!({"scopes": ["*"], "expires_in_minutes": minutes});
        authority.token(&alice.session, body).await.invalid("/expires_in_minutes", "invalid_field");
    }
    let longest = json!({"scopes": ["*"], "expires_in_minutes": 52_704_000});
    authority.token(&alice.session, longest).await.expect(201);
    for at in ["2020-01-01T00:00:00Z", "tomorrow", "2030-01-01", "10000-01-01T00:00:00Z"] {
        let body = json!({"scopes": ["*"], "expires_at": at});
        authority.token(&alice.session, body).await.invalid("/expires_at", "invalid_field");
    }
}

async fn scopes_are_one_to_256_known_patterns(authority: Authority) {
    let alice = authority.person("alice").await;
    let token = |scopes: Vec<String>| authority.token(&alice.session, json!({ "scopes": scopes }));
    token(vec![]).await.invalid("/scopes", "invalid_field");
    token(vec!["*".to_owned(); 257]).await.invalid("/scopes", "invalid_field");
    let made = token(vec!["Taskurai.Task.*".to_owned(); 3]).await.expect(201).body;
    assert_eq!(made["token"]["scopes"], json!(["Taskurai.Task.*"]), "a scope said again counts once");
    authority.token(&alice.session, json!({})).await.refused(422, "invalid_field");
    authority.token(&alice.session, json!({"scopes": "*"})).await.invalid("/scopes", "invalid_field");
    authority.token(&alice.session, json!({"scopes": [1]})).await.invalid("/scopes/0", "invalid_field");
}

async fn an_unknown_scope_is_answered_with_the_nearest_ones(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.Task.Read", "Taskurai.Task.Raed"]});
    let refused = authority.token(&alice.session, body).await.invalid("/scopes/1", "unknown_scope");
    assert!(refused.body["detail"].as_str().unwrap().contains("`Taskurai.Task.Read`"), "{}", refused.text);
    for unknown in ["Nobody.Task.Read", "Nobody.*", "Taskurai.Task.Read.*", "taskurai.Task.Read"] {
        authority
            .token(&alice.session, json!({"scopes": [unknown]}))
            .await
            .invalid("/scopes/0", "unknown_scope");
    }
    for known in ["Taskurai.*", "Taskurai.Task.Logs.*", "Jeton.Token.*", "Jeton.Admin.User"] {
        authority.token(&alice.session, json!({"scopes": [known]})).await.expect(201);
    }
}

async fn every_wrong_scope_is_named(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["A..B", "Taskurai.Task.Read", "**"]});
    let refused = authority.token(&alice.session, body).await.invalid("/scopes/0", "invalid_field");
    assert_eq!(refused.body["errors"][1]["pointer"], "/scopes/2");
    assert_eq!(refused.body["errors"].as_array().unwrap().len(), 2);
}

async fn people_make_personal_tokens_only(authority: Authority) {
    let alice = authority.person("alice").await;
    for kind in ["job", "session", "api", "pat", ""] {
        let body = json!({"scopes": ["*"], "kind": kind});
        authority.token(&alice.session, body).await.invalid("/kind", "invalid_field");
    }
    // A service token is a service account's, and those are not hers.
    let body = json!({"scopes": ["*"], "kind": "service"});
    authority.token(&alice.session, body).await.refused(403, "insufficient_scope");
}

async fn places_must_exist_and_networks_must_be_networks(authority: Authority) {
    let alice = authority.person("alice").await;
    for place in ["nowhere/*", "default/web", "default", "*", "", "*/*", "default/*/x"] {
        let body = json!({"scopes": ["*"], "projects": [place]});
        authority.token(&alice.session, body).await.invalid("/projects/0", "unknown_name");
    }
    for network in ["10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "example.com", "", "::/129"] {
        let body = json!({"scopes": ["*"], "networks": [network]});
        authority.token(&alice.session, body).await.invalid("/networks/0", "invalid_field");
    }
    let many = vec!["10.0.0.0/8"; 65];
    let body = json!({"scopes": ["*"], "networks": many});
    authority.token(&alice.session, body).await.invalid("/networks", "invalid_field");
}

async fn unknown_fields_and_nulls_are_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    for unknown in ["subject", "parent_id", "created_by", "id", "secret", "overlap_minutes", "Scopes"] {
        let body = json!({"scopes": ["*"], unknown: "x"});
        authority.token(&alice.session, body).await.invalid(&format!("/{unknown}"), "unknown_field");
    }
    for known in ["name", "description", "owner", "expires_at", "never_expires", "projects", "networks"] {
        let body = json!({"scopes": ["*"], known: null});
        authority.token(&alice.session, body).await.invalid(&format!("/{known}"), "invalid_field");
    }
    let answer =
        authority.post(&alice.session, "/api/v1/tokens?dry_run=true", json!({"scopes": ["*"]})).await;
    answer.refused(422, "unknown_field");
    assert_eq!(
        authority.names(&alice.session, "kind=personal").await,
        Vec::<String>::new(),
        "nothing was made"
    );
}

async fn a_body_that_is_no_json_is_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    for text in ["", "{", "[]", "null", "{\"scopes\":[\"*\"]} x", "scopes=*"] {
        let request = authority.request(reqwest::Method::POST, "/api/v1/tokens").bearer_auth(&alice.session);
        let request = request.header("content-type", "application/json").body(text);
        let answer = crate::support::answer::Answer::to(request).await;
        assert!([400, 422].contains(&answer.status), "{text}: {}", answer.text);
        assert!(!answer.text.contains("scopes=*"), "the body is not repeated");
    }
}
