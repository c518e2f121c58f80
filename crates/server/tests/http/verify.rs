//! `/api/v1/verify`

use serde_json::{Value, json};

use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        a_verdict_says_all_that_an_api_needs,
        a_missing_scope_is_named,
        what_a_scope_implies_is_held_too,
        an_api_asks_about_its_own_scopes_only,
        attack_12_a_token_for_another_api_is_inactive_here,
        a_token_limited_to_networks_wants_the_address_of_the_client,
        a_token_limited_to_places_wants_the_place,
        only_an_api_asks,
        what_is_no_token_gets_no_reason,
        a_question_is_checked;
}

async fn ask(authority: &Authority, token: &str, more: Value) -> Value {
    let mut body = json!({ "token": token });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = authority.post(&authority.api().await, "/api/v1/verify", body).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

async fn a_verdict_says_all_that_an_api_needs(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.*", "Jeton.Token.Read"]).await;
    let record = authority.record(&alice.session, &pat.id).await;
    let owner =
        authority.get(&alice.session, &format!("/api/v1/users/{}", alice.name)).await.expect(200).body;
    let expected = json!({
        "allowed": true,
        "token": record,
        "subject": {"type": "user", "name": alice.name, "id": owner["id"]},
        "scopes": ["Taskurai.Task.Create", "Taskurai.Task.Logs.Read", "Taskurai.Task.Read"],
        "expires_at": record["expires_at"],
    });
    assert_eq!(ask(&authority, &pat.secret, json!({"scope": "Taskurai.Task.Logs.Read"})).await, expected);
    assert_eq!(ask(&authority, &pat.secret, json!({})).await, expected);
    let nothing = authority.pat(&alice.session, &["Jeton.Token.Read"]).await;
    let expected = json!({"allowed": false});
    assert_eq!(ask(&authority, &nothing.secret, json!({})).await, expected, "no reason for another audience");
    let never = authority.token(&alice.session, json!({"scopes": ["*"], "never_expires": true})).await.pat();
    assert!(ask(&authority, &never.secret, json!({})).await.get("expires_at").is_none());
}

async fn a_missing_scope_is_named(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.*"]).await;
    for scope in ["Taskurai.Log.Query.Read", "Taskurai.TaskX.Read", "Taskurai.Task", "Taskurai.Unheard"] {
        let verdict = ask(&authority, &pat.secret, json!({ "scope": scope })).await;
        let expected = json!({"allowed": false, "reason": "missing_scope", "missing_scope": scope});
        assert_eq!(verdict, expected);
    }
    let all = authority.pat(&alice.session, &["*"]).await;
    let verdict = ask(&authority, &all.secret, json!({"scope": "Taskurai.Unheard"})).await;
    assert_eq!(verdict["reason"], "missing_scope", "what no catalogue declares, nobody holds");
}

async fn what_a_scope_implies_is_held_too(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, own) = (fresh("shop"), fresh("Shop"));
    let mut api = sample::api(&name, &own);
    api["scopes"][1]["implies"] = json!([format!("{own}.Task.Read")]);
    api["scopes"][0]["implies"] = json!([format!("{own}.Task.Logs.Read")]);
    authority.put(&admin, &format!("/api/v1/apis/{name}"), api).await.expect(201);
    let credential = authority.credential(&name).await;
    let pat = authority.pat(&alice.session, &[&format!("{own}.Task.Create")]).await;
    let body = json!({"token": pat.secret, "scope": format!("{own}.Task.Logs.Read")});
    let verdict = authority.post(&credential, "/api/v1/verify", body).await.expect(200).body;
    assert_eq!(verdict["allowed"], true, "{verdict}");
    let introspected = authority.introspect_as(&credential, &pat.secret, &[]).await.expect(200).body;
    assert_eq!(introspected["scope"], format!("{own}.Task.Create {own}.Task.Logs.Read {own}.Task.Read"));
}

async fn an_api_asks_about_its_own_scopes_only(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let api = authority.api().await;
    for scope in ["Jeton.Token.Read", "Other.Task.Read", "taskurai.Task.Read"] {
        for token in [&pat.secret, "garbage"] {
            let body = json!({"token": token, "scope": scope});
            authority.post(&api, "/api/v1/verify", body).await.refused(403, "foreign_scope");
        }
    }
}

async fn attack_12_a_token_for_another_api_is_inactive_here(authority: Authority) {
    let alice = authority.person("alice").await;
    let (name, namespace) = (fresh("shop"), fresh("Shop"));
    let shop = authority.register(&name, &namespace).await;
    let scope = format!("{namespace}.Task.Read");
    let pat = authority.pat(&alice.session, &[&scope]).await;
    assert_eq!(authority.introspect_as(&shop, &pat.secret, &[]).await.expect(200).body["active"], true);
    assert_eq!(authority.introspect(&pat.secret, &[]).await, json!({"active": false}));
    let expected = json!({"allowed": false});
    assert_eq!(ask(&authority, &pat.secret, json!({})).await, expected);
    let question = json!({"token": pat.secret, "scope": scope});
    authority.post(&authority.api().await, "/api/v1/verify", question).await.refused(403, "foreign_scope");
}

async fn a_token_limited_to_networks_wants_the_address_of_the_client(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"], "networks": ["10.0.0.0/8", "2001:db8::/32"]});
    let pat = authority.token(&alice.session, body).await.pat();
    for (more, reason) in [
        (json!({}), "client_ip_required"),
        (json!({"scope": "Taskurai.Task.Read"}), "client_ip_required"),
        (json!({"client_ip": "11.0.0.1"}), "network_not_allowed"),
        (json!({"client_ip": "::1"}), "network_not_allowed"),
    ] {
        let expected = json!({"allowed": false, "reason": reason});
        assert_eq!(ask(&authority, &pat.secret, more).await, expected);
    }
    for inside in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8:1::1"] {
        assert_eq!(ask(&authority, &pat.secret, json!({"client_ip": inside})).await["allowed"], true);
        assert_eq!(authority.introspect(&pat.secret, &[("client_ip", inside)]).await["active"], true);
    }
    for outside in ["11.0.0.1", ""] {
        let answer = authority.introspect(&pat.secret, &[("client_ip", outside)]).await;
        assert_eq!(answer, json!({"active": false}), "{outside}");
    }
    assert_eq!(authority.introspect(&pat.secret, &[]).await, json!({"active": false}));
    let garbage = [("client_ip", "garbage")];
    authority.introspect_as(&authority.api().await, &pat.secret, &garbage).await.expect(400);
    authority.get(&pat.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
    let body = json!({"token": pat.secret, "client_ip": "garbage"});
    authority
        .post(&authority.api().await, "/api/v1/verify", body)
        .await
        .invalid("/client_ip", "invalid_field");
}

async fn a_token_limited_to_places_wants_the_place(authority: Authority) {
    let alice = authority.person("alice").await;
    let limited = json!({"scopes": ["Taskurai.*"], "projects": ["default/*"]});
    let limited = authority.token(&alice.session, limited).await.pat();
    let free = authority.pat(&alice.session, &["Taskurai.*"]).await;
    // Everywhere that `taskurai` serves is the organization `default`.
    for token in [&limited.secret, &free.secret] {
        assert_eq!(ask(&authority, token, json!({})).await["allowed"], true);
        assert_eq!(ask(&authority, token, json!({"resource": "default/*"})).await["allowed"], true);
        assert!(authority.is_active(token).await);
        for nowhere in ["nowhere/*", "default/unheard-of", "default", "*", "*/*", "default/*/x"] {
            let expected = json!({"allowed": false, "reason": "place_not_allowed"});
            assert_eq!(ask(&authority, token, json!({"resource": nowhere})).await, expected, "{nowhere}");
            let answer = authority.introspect(token, &[("resource", nowhere)]).await;
            assert_eq!(answer, json!({"active": false}), "{nowhere}");
        }
    }
    authority.get(&limited.secret, "/api/v1/tokens/self").await.expect(200);
    authority.delete(&limited.secret, "/api/v1/tokens/self").await.expect(204);
}

async fn only_an_api_asks(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["*"]).await;
    for secret in [&admin, &alice.session, &pat.secret] {
        let body = json!({"token": pat.secret});
        authority.post(secret, "/api/v1/verify", body).await.refused(403, "not_honoured_here");
    }
    let body = json!({"token": pat.secret});
    let request = authority.request(reqwest::Method::POST, "/api/v1/verify").json(&body);
    crate::support::answer::Answer::to(request).await.refused(401, "invalid_token");
}

async fn what_is_no_token_gets_no_reason(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let wrong = sample::text_with(jeton_token::TokenKind::Personal, &pat.id);
    let forged = sample::text_with(jeton_token::TokenKind::Personal, &sample::forged(&pat.id));
    let other_kind = pat.secret.replace("_pat_", "_svc_");
    for text in [
        "",
        "garbage",
        &wrong,
        &forged,
        &other_kind,
        pat.secret.get(..68).unwrap(),
        &format!("{} ", pat.secret),
    ] {
        assert_eq!(ask(&authority, text, json!({})).await, json!({"allowed": false}));
    }
}

async fn a_question_is_checked(authority: Authority) {
    let api = authority.api().await;
    let ask = |body: Value| authority.post(&api, "/api/v1/verify", body);
    ask(json!({})).await.refused(422, "invalid_field");
    ask(json!({"token": 1})).await.invalid("/token", "invalid_field");
    ask(json!({"token": "x", "scope": "Taskurai.*"})).await.invalid("/scope", "invalid_field");
    ask(json!({"token": "x", "scope": null})).await.invalid("/scope", "invalid_field");
    ask(json!({"token": "x", "ip": "::1"})).await.invalid("/ip", "unknown_field");
    authority.get(&api, "/api/v1/verify").await.refused(405, "method_not_allowed");
    let with_query =
        authority.post(&api, "/api/v1/verify?scope=Taskurai.Task.Read", json!({"token": "x"})).await;
    with_query.refused(422, "unknown_field");
}
