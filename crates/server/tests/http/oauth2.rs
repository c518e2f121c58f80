//! `/oauth2/…` and the metadata, as ordinary libraries speak them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::clock::ms;
use crate::support::{Authority, BASIC, sample};

on_both! {
    shared:
        an_active_token_has_the_members_of_rfc_7662,
        an_inactive_token_has_exactly_one_member,
        attack_11_whoever_may_not_ask_learns_nothing,
        a_form_is_read_as_the_specification_says,
        an_api_identifies_itself_by_bearer_or_basic,
        an_api_may_send_its_credential_in_the_form,
        a_failure_has_the_form_of_oauth_wherever_it_is_met,
        scopes_that_are_asked_for_have_to_be_effective,
        what_narrows_is_not_ignored,
        possession_suffices_to_revoke,
        a_revocation_does_not_tell_what_the_text_was,
        the_metadata_names_the_endpoints;
}

async fn form(authority: &Authority, path: &str, secret: &str, body: &str) -> Answer {
    let request = authority.request(Method::POST, path).bearer_auth(secret);
    Answer::to(request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned()))
        .await
}

async fn an_active_token_has_the_members_of_rfc_7662(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.*", "Jeton.Token.Read"]).await;
    let record = authority.record(&alice.session, &pat.id).await;
    let owner =
        authority.get(&alice.session, &format!("/api/v1/users/{}", alice.name)).await.expect(200).body;
    let seconds = |moment: &Value| json!(ms(moment) / 1000);
    let expected = json!({
        "active": true,
        "scope": "Taskurai.Task.Create Taskurai.Task.Logs.Read Taskurai.Task.Read",
        "client_id": pat.id, "username": alice.name, "token_type": "Bearer",
        "exp": seconds(&record["expires_at"]),
        "iat": seconds(&record["secret_issued_at"]), "nbf": seconds(&record["secret_issued_at"]),
        "sub": owner["id"], "aud": "https://taskurai.example", "iss": authority.url(""), "jti": pat.id,
    });
    let answer = authority.introspect_as(&authority.api().await, &pat.secret, &[]).await.expect(200);
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let never = authority.token(&alice.session, json!({"scopes": ["*"], "never_expires": true})).await.pat();
    assert!(authority.introspect(&never.secret, &[]).await.get("exp").is_none());
}

async fn an_inactive_token_has_exactly_one_member(authority: Authority) {
    let alice = authority.person("alice").await;
    let dead = authority.pat(&alice.session, &["Taskurai.*"]).await;
    authority.revoke(&alice.session, &dead.id).await.expect(204);
    let nothing = authority.pat(&alice.session, &["Jeton.Token.Read"]).await;
    let wrong = sample::text_with(jeton_token::TokenKind::Personal, &nothing.id);
    for text in [&dead.secret, &nothing.secret, &wrong, &alice.session, "garbage", " ", "%"] {
        let answer = authority.introspect_as(&authority.api().await, text, &[]).await.expect(200);
        assert_eq!(answer.text, "{\"active\":false}");
    }
}

async fn attack_11_whoever_may_not_ask_learns_nothing(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let dead = authority.pat(&alice.session, &["*"]).await;
    authority.revoke(&alice.session, &dead.id).await.expect(204);
    let without = authority.request(Method::POST, "/oauth2/introspect").form(&[("token", &pat.secret)]);
    let refused = Answer::to(without).await.refused_in_oauth(401, "invalid_client");
    assert_eq!(refused.challenges(), [BASIC, "Bearer"]);
    for caller in [&pat.secret, &alice.session, &authority.admin().await] {
        let ask = async |text: &str| authority.introspect_as(caller, text, &[]).await;
        let live = ask(&pat.secret).await.refused_in_oauth(403, "unauthorized_client");
        let dead = ask(&dead.secret).await.refused_in_oauth(403, "unauthorized_client");
        assert_eq!(live.without_request_id(), dead.without_request_id());
    }
    for caller in [&dead.secret, "garbage"] {
        let refused = authority.introspect_as(caller, &pat.secret, &[]).await;
        let refused = refused.refused_in_oauth(401, "invalid_client");
        assert_eq!(refused.challenges(), [BASIC, "Bearer error=\"invalid_token\""]);
    }
}

async fn a_form_is_read_as_the_specification_says(authority: Authority) {
    let (alice, api) = (authority.person("alice").await, authority.api().await);
    let token = authority.pat(&alice.session, &["Taskurai.*"]).await.secret;
    let introspect = async |body: String| form(&authority, "/oauth2/introspect", &api, &body).await;
    let hinted = introspect(format!("token={token}&token_type_hint=refresh_token&x=y")).await.expect(200);
    assert_eq!(hinted.body["active"], true, "unknown parameters are ignored");
    for body in
        [String::new(), "token=".to_owned(), "Token=x".to_owned(), format!("token={token}&token={token}")]
    {
        let refused = introspect(body).await.expect(400);
        assert_eq!(refused.body["error"], "invalid_request", "{}", refused.text);
        assert_eq!(refused.header("content-type"), "application/json");
        assert!(!refused.text.contains(&token));
    }
    introspect("x=1&x=2&token=t".to_owned()).await.expect(200);
    introspect(format!("token={}", "x".repeat(40_000))).await.refused_in_oauth(413, "invalid_request");
    let json = authority.request(Method::POST, "/oauth2/introspect").bearer_auth(&api);
    let refused = Answer::to(json.json(&json!({ "token": token }))).await.expect(400);
    assert_eq!(refused.body["error"], "invalid_request");
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        let got = authority.get(&api, &format!("{path}?token={token}")).await;
        let got = got.refused_in_oauth(405, "invalid_request");
        assert_eq!(got.header("allow"), "POST");
    }
}

async fn an_api_identifies_itself_by_bearer_or_basic(authority: Authority) {
    let (alice, api) = (authority.person("alice").await, authority.api().await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let ask = || authority.request(Method::POST, "/oauth2/introspect").form(&[("token", &pat.secret)]);
    for user in ["taskurai", "", "anybody at all", "\u{fc}"] {
        let answer = Answer::to(ask().basic_auth(user, Some(&api))).await.expect(200);
        assert_eq!(answer.body["active"], true);
    }
    let answer = Answer::to(ask().header("authorization", format!("bEARER {api}"))).await.expect(200);
    assert_eq!(answer.body["active"], true);
    for (user, password) in [(api.as_str(), "x-oauth-basic"), (api.as_str(), "")] {
        let refused = Answer::to(ask().basic_auth(user, Some(password))).await;
        refused.refused_in_oauth(401, "invalid_client");
    }
    for field in ["Basic", "Basic ", "Basic !!!", "Basic bm8gY29sb24=", "Token x", "", "Bearer"] {
        Answer::to(ask().header("authorization", field)).await.refused_in_oauth(401, "invalid_client");
    }
}

async fn an_api_may_send_its_credential_in_the_form(authority: Authority) {
    let (alice, api) = (authority.person("alice").await, authority.api().await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await.secret;
    let ask = |fields: &[(&str, &str)]| authority.request(Method::POST, "/oauth2/introspect").form(fields);
    for id in ["taskurai", "anybody at all", ""] {
        let fields = [("token", pat.as_str()), ("client_id", id), ("client_secret", &api)];
        assert_eq!(Answer::to(ask(&fields)).await.expect(200).body["active"], true);
    }
    let (secret, garbage) = ([("token", pat.as_str()), ("client_secret", &api)], "garbage");
    for wrong in [garbage, &pat, ""] {
        let refused =
            Answer::to(ask(&[("token", &pat), ("client_id", "taskurai"), ("client_secret", wrong)]));
        let refused = refused.await;
        let (status, error) =
            if wrong == pat { (403, "unauthorized_client") } else { (401, "invalid_client") };
        let refused = refused.refused_in_oauth(status, error);
        assert_eq!(refused.challenges().first().is_some_and(|first| *first == BASIC), status == 401);
    }
    // One way in each request (RFC 6749, section 2.3).
    Answer::to(ask(&secret).bearer_auth(&api)).await.refused_in_oauth(400, "invalid_request");
    Answer::to(ask(&secret).basic_auth("taskurai", Some(garbage)))
        .await
        .refused_in_oauth(401, "invalid_client");
    let metadata = authority.request(Method::GET, "/.well-known/oauth-authorization-server");
    let metadata = Answer::to(metadata).await.body;
    let methods = json!(["client_secret_basic", "client_secret_post", "Bearer"]);
    assert_eq!(metadata["introspection_endpoint_auth_methods_supported"], methods);
}

async fn a_failure_has_the_form_of_oauth_wherever_it_is_met(authority: Authority) {
    let api = authority.api().await;
    let endpoints = ["introspect", "revoke", "token", "device_authorization"];
    for path in endpoints.map(|name| format!("/oauth2/{name}")) {
        let wrong = authority.call(&api, Method::PUT, &path, json!({})).await;
        assert_eq!(wrong.refused_in_oauth(405, "invalid_request").header("allow"), "POST", "{path}");
        let large = format!("token={}", "x".repeat(40_000));
        form(&authority, &path, &api, &large).await.refused_in_oauth(413, "invalid_request");
        authority.post(&api, &path, json!({"token": "x"})).await.refused_in_oauth(400, "invalid_request");
        form(&authority, &path, &api, "token=a&token=b").await.refused_in_oauth(400, "invalid_request");
    }
    let keyed = authority.request(Method::POST, "/oauth2/token").header("idempotency-key", "k");
    Answer::to(keyed).await.refused_in_oauth(400, "invalid_request");
}

async fn scopes_that_are_asked_for_have_to_be_effective(authority: Authority) {
    let (alice, api) = (authority.person("alice").await, authority.api().await);
    let pat = authority.pat(&alice.session, &["Taskurai.Task.*"]).await.secret;
    for (scope, active) in [
        ("Taskurai.Task.Read", true),
        ("Taskurai.Task.Read Taskurai.Task.Create", true),
        (" Taskurai.Task.Read  Taskurai.Task.Read ", true),
        ("", true),
        ("Taskurai.Log.Query.Read", false),
        ("Taskurai.Task.Read Taskurai.Log.Query.Read", false),
        ("Taskurai.Task.Nothing", false),
        ("Taskurai.Task.*", false),
        ("Jeton.Token.Read", false),
        ("taskurai.task.read", false),
        ("openid", false),
        ("*", false),
    ] {
        let answer = authority.introspect_as(&api, &pat, &[("scope", scope)]).await.expect(200);
        assert_eq!(answer.body["active"], active, "{scope}");
        assert!(active || answer.text == "{\"active\":false}", "{scope}: {}", answer.text);
    }
    let twice = format!("token={pat}&scope=Taskurai.Task.Read&scope=x");
    form(&authority, "/oauth2/introspect", &api, &twice).await.refused_in_oauth(400, "invalid_request");
}

/// A session can do what its person can, so a request for less gets nothing.
async fn what_narrows_is_not_ignored(authority: Authority) {
    let ask = async |path: &str, fields: &[(&str, &str)]| {
        Answer::to(authority.request(Method::POST, path).form(fields)).await
    };
    let client = ("client_id", "jeton-cli");
    let device = "/oauth2/device_authorization";
    ask(device, &[client, ("scope", "Jeton.Token.Read")]).await.refused_in_oauth(400, "invalid_scope");
    ask(device, &[client, ("resource", "https://x.example")]).await.refused_in_oauth(400, "invalid_target");
    ask(device, &[client, ("scope", "")]).await.expect(200);
    let grants = ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"];
    for grant in grants.map(|grant| ("grant_type", grant)) {
        let scoped = ask("/oauth2/token", &[grant, client, ("scope", "Jeton.Token.Read")]).await;
        scoped.refused_in_oauth(400, "invalid_scope");
        for narrowing in ["resource", "audience"] {
            let narrowed = ask("/oauth2/token", &[grant, client, (narrowing, "https://x.example")]).await;
            let narrowed = narrowed.refused_in_oauth(400, "invalid_request");
            assert!(narrowed.text.contains(narrowing), "{}", narrowed.text);
        }
    }
}

async fn possession_suffices_to_revoke(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let request = authority.request(Method::POST, "/oauth2/revoke");
    let revoked = Answer::to(request.form(&[("token", pat.secret.as_str()), ("token_type_hint", "x")])).await;
    let revoked = revoked.expect(200);
    assert_eq!((revoked.text.as_str(), revoked.header("cache-control")), ("", "no-store"));
    assert!(!authority.is_active(&pat.secret).await);
    assert_eq!(authority.record(&alice.session, &pat.id).await["state"], "revoked");
    let session = crate::support::PASSWORD;
    let session = authority.session(&alice.name, session).await;
    let request = authority.request(Method::POST, "/oauth2/revoke").form(&[("token", &session)]);
    Answer::to(request).await.expect(200);
    authority.get(&session, "/api/v1/tokens/self").await.refused(401, "revoked_token");
}

async fn a_revocation_does_not_tell_what_the_text_was(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let retired = authority.pat(&alice.session, &["*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", retired.id);
    let rotated =
        authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200).secret();
    let wrong = sample::text_with(jeton_token::TokenKind::Personal, &pat.id);
    let forged = sample::text_with(jeton_token::TokenKind::Personal, &sample::forged(&pat.id));
    for text in ["garbage", &wrong, &forged, &retired.secret] {
        let request = authority.request(Method::POST, "/oauth2/revoke").form(&[("token", text)]);
        let answer = Answer::to(request).await.expect(200);
        assert_eq!(answer.text, "");
    }
    assert!(authority.is_active(&pat.secret).await, "an id is no possession");
    assert!(authority.is_active(&rotated).await, "nor is a secret that was");
    for body in ["", "token=", "token=a&token=b"] {
        let refused = form(&authority, "/oauth2/revoke", &pat.secret, body).await.expect(400);
        assert_eq!(refused.body["error"], "invalid_request");
    }
}

async fn the_metadata_names_the_endpoints(authority: Authority) {
    let request = authority.request(Method::GET, "/.well-known/oauth-authorization-server");
    let metadata = Answer::to(request).await.expect(200).body;
    assert_eq!(metadata["issuer"], authority.url(""));
    assert_eq!(metadata["introspection_endpoint"], authority.url("/oauth2/introspect"));
    assert_eq!(metadata["revocation_endpoint"], authority.url("/oauth2/revoke"));
    assert!(metadata["response_types_supported"].is_array());
}
