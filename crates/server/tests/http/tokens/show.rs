//! `GET /api/v1/tokens/{id}` and `GET /api/v1/tokens/self`

use serde_json::json;

use crate::support::{Authority, sample};

on_both! {
    shared:
        every_live_credential_may_look_at_itself,
        a_token_without_the_scope_sees_only_itself,
        a_token_is_named_by_its_number_as_by_its_id,
        a_number_of_somebody_elses_token_is_like_one_of_none,
        a_query_parameter_that_does_not_exist_is_refused,
        an_answer_never_holds_the_secret;
}

async fn every_live_credential_may_look_at_itself(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let itself = authority.get(&pat.secret, "/api/v1/tokens/self").await.expect(200);
    assert_eq!(itself.body["id"], json!(pat.id));
    assert_eq!(itself.header("cache-control"), "no-store");
    let session = authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!((&session["kind"], &session["scopes"]), (&json!("session"), &json!(["*"])));
    let api = authority.get(&authority.api().await, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!((&api["kind"], &api["owner"]), (&json!("api"), &json!({"type": "api", "name": "taskurai"})));
}

async fn a_token_without_the_scope_sees_only_itself(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let other = authority.pat(&alice.session, &["Jeton.Token.Read"]).await;
    let denied = authority.get(&pat.secret, &format!("/api/v1/tokens/{}", other.id)).await;
    let denied = denied.refused(403, "insufficient_scope");
    assert_eq!(denied.body["missing_scope"], "Jeton.Token.Read");
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"Jeton.Token.Read\"";
    assert_eq!(denied.header("www-authenticate"), challenge);
    authority.get(&pat.secret, "/api/v1/tokens").await.refused(403, "insufficient_scope");
    assert_eq!(authority.record(&other.secret, &pat.id).await["id"], json!(pat.id));
}

async fn a_token_is_named_by_its_number_as_by_its_id(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Jeton.Token.*"]).await;
    let by_id = format!("/api/v1/tokens/{}", pat.id);
    let number = authority.get(&alice.session, &by_id).await.expect(200).body["number"].as_i64().unwrap();
    let by_number = format!("/api/v1/tokens/{number}");
    let seen = authority.get(&alice.session, &by_number).await.expect(200).body;
    assert_eq!(seen["id"], json!(pat.id));
    let itself = authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200).body;
    let session = format!("/api/v1/tokens/{}", itself["number"]);
    assert_eq!(authority.get(&alice.session, &session).await.expect(200).body["id"], itself["id"]);
    let described = authority.patch(&alice.session, &by_number, json!({"description": "x"})).await;
    assert_eq!(described.expect(200).body["id"], json!(pat.id));
    let question =
        json!({"token_id": number.to_string(), "scope": "Jeton.Token.Read", "resource": "default/*"});
    let explained = authority.post(&alice.session, "/api/v1/explain", question).await.expect(200).body;
    assert!(explained["steps"].is_array(), "{explained}");
    let rotated =
        authority.post(&alice.session, &format!("{by_number}/rotate"), json!({})).await.expect(200).body;
    assert_eq!(rotated["token"]["id"], json!(pat.id));
    authority.post(&alice.session, &format!("{by_number}/rotate/finish"), json!({})).await.expect(200);
    for odd in [
        format!("0{number}"),
        format!("+{number}"),
        format!("-{number}"),
        "0".into(),
        format!("{number}9999"),
        "9223372036854775807".into(),
        "99999999999999999999".into(),
    ] {
        authority.get(&alice.session, &format!("/api/v1/tokens/{odd}")).await.refused(404, "not_found");
    }
    authority.delete(&alice.session, &by_number).await.expect(204);
    assert!(!authority.is_active(rotated["secret"].as_str().unwrap()).await);
}

async fn a_number_of_somebody_elses_token_is_like_one_of_none(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let pat = authority.pat(&alice.session, &["*"]).await;
    let record = authority.get(&alice.session, &format!("/api/v1/tokens/{}", pat.id)).await.expect(200).body;
    let by_number = format!("/api/v1/tokens/{}", record["number"]);
    let none = authority.get(&bob.session, "/api/v1/tokens/999999999").await.refused(404, "not_found").body;
    let answers = [
        authority.get(&bob.session, &by_number).await,
        authority.patch(&bob.session, &by_number, json!({"description": "x"})).await,
        authority.delete(&bob.session, &by_number).await,
        authority.post(&bob.session, &format!("{by_number}/rotate"), json!({})).await,
    ];
    for answer in answers {
        let hidden = answer.refused(404, "not_found").body;
        assert_eq!((&hidden["detail"], &hidden["title"]), (&none["detail"], &none["title"]));
    }
    assert!(authority.is_active(&pat.secret).await);
}

async fn a_query_parameter_that_does_not_exist_is_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let one = format!("/api/v1/tokens/{}?verbose=1", pat.id);
    for path in ["/api/v1/tokens/self?secret=true", &one] {
        authority.get(&alice.session, path).await.refused(422, "unknown_field");
        authority.delete(&pat.secret, path).await.refused(422, "unknown_field");
    }
    authority.patch(&alice.session, &one, json!({})).await.refused(422, "unknown_field");
    let rotate = format!("/api/v1/tokens/{}/rotate?overlap_minutes=0", pat.id);
    authority
        .post(&alice.session, &rotate, json!({"overlap_minutes": 0}))
        .await
        .refused(422, "unknown_field");
    assert!(authority.is_active(&pat.secret).await, "nothing was done");
}

async fn an_answer_never_holds_the_secret(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let (text, secret) = (pat.secret.as_str(), sample::secret_of(&pat.secret));
    let one = format!("/api/v1/tokens/{}", pat.id);
    let shown = [
        authority.get(&alice.session, &one).await,
        authority.get(&alice.session, "/api/v1/tokens").await,
        authority.get(text, "/api/v1/tokens/self").await,
        authority.patch(&alice.session, &one, json!({"description": "x"})).await,
        authority.introspect_as(&authority.api().await, text, &[]).await,
        authority.post(&authority.api().await, "/api/v1/verify", json!({"token": text})).await,
    ];
    for answer in shown {
        let answer = answer.expect(200);
        assert!(!answer.text.contains(secret), "{}", answer.text.replace(secret, "SECRET"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
