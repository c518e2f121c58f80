//! What is answered about which token.

use reqwest::Method;
use serde_json::json;

use super::{GATEWAY, guarded};
use crate::support::answer::Answer;
use crate::support::{Authority, BASIC, sample};

on_both! {
    alone:
        a_token_that_has_expired_is_refused,
        without_the_store_nothing_is_known;
    shared:
        the_right_token_is_let_through_as_bearer_and_as_basic,
        whoever_shows_no_token_is_told_to,
        what_is_no_live_token_is_refused_alike,
        attack_31_a_token_that_was_revoked_is_refused_by_the_very_next_question,
        a_token_that_reaches_less_far_is_told_what_is_missing,
        what_no_route_names_is_allowed_to_nobody,
        a_token_is_judged_at_the_place_in_the_path,
        the_address_of_the_client_counts,
        attack_12_a_token_for_another_api_is_none_here,
        attack_17_a_request_carries_one_credential,
        a_gateway_may_ask_with_any_method_and_body;
}

async fn the_right_token_is_let_through_as_bearer_and_as_basic(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["Task.*"], json!({})).await.secret;
    for (method, uri) in
        [("GET", "/tasks"), ("HEAD", "/tasks?a=b&c"), ("POST", "/tasks"), ("GET", "/tasks/7?access=x%0a")]
    {
        let answer = guarded.ask(&authority, &token, method, uri).await.expect(200);
        assert_eq!(answer.text, "", "{method} {uri}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let basic = guarded.question(&authority, method, uri).basic_auth("anything", Some(&token));
        Answer::to(basic).await.expect(200);
    }
}

async fn whoever_shows_no_token_is_told_to(authority: Authority) {
    let guarded = guarded(&authority).await;
    let without = Answer::to(guarded.question(&authority, "GET", "/tasks")).await;
    let expected = [format!("Bearer, {BASIC}")];
    assert_eq!(without.refused(401, "invalid_token").challenges(), expected);
    let other = guarded.question(&authority, "GET", "/tasks").header("authorization", "Digest x=y");
    assert_eq!(Answer::to(other).await.refused(401, "invalid_token").challenges(), expected);
}

async fn what_is_no_live_token_is_refused_alike(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let pat = guarded.pat(&authority, &session, &["*"], json!({})).await;
    let dead = guarded.pat(&authority, &session, &["*"], json!({})).await;
    authority.revoke(&session, &dead.id).await.expect(204);
    let wrong = sample::text_with(jeton_token::TokenKind::Personal, &pat.id);
    let forged = sample::text_with(jeton_token::TokenKind::Personal, &sample::forged(&pat.id));
    let first = guarded.ask(&authority, "garbage", "GET", "/tasks").await;
    for text in [&wrong, &forged, &dead.secret, &session, &guarded.credential] {
        let answer = guarded.ask(&authority, text, "GET", "/tasks").await.refused(401, "invalid_token");
        assert_eq!(answer.challenges(), [format!("Bearer error=\"invalid_token\", {BASIC}")]);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-jeton-subject"), "");
        assert_eq!(answer.without_request_id(), first.without_request_id(), "{text}");
        assert_eq!(answer.steady_headers(), first.steady_headers(), "{text}");
    }
}

async fn attack_31_a_token_that_was_revoked_is_refused_by_the_very_next_question(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let pat = guarded.pat(&authority, &session, &["Task.Read"], json!({})).await;
    guarded.ask(&authority, &pat.secret, "GET", "/tasks").await.expect(200);
    authority.revoke(&session, &pat.id).await.expect(204);
    guarded.ask(&authority, &pat.secret, "GET", "/tasks").await.refused(401, "invalid_token");
}

async fn a_token_that_has_expired_is_refused(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let short = json!({"expires_in_minutes": 5});
    let pat = guarded.pat(&authority, &session, &["Task.Read"], short).await;
    guarded.ask(&authority, &pat.secret, "GET", "/tasks").await.expect(200);
    authority.clock.advance_minutes(5);
    guarded.ask(&authority, &pat.secret, "GET", "/tasks").await.refused(401, "invalid_token");
}

async fn a_token_that_reaches_less_far_is_told_what_is_missing(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let pat = guarded.pat(&authority, &session, &["Task.Read"], json!({})).await;
    for (method, uri, scope) in [
        ("POST", "/tasks", "Task.Create"),
        ("GET", "/admin", "Admin.All"),
        ("DELETE", "/tasks/7", "Admin.All"),
    ] {
        let scope = guarded.scope(scope);
        let answer =
            guarded.ask(&authority, &pat.secret, method, uri).await.refused(403, "insufficient_scope");
        let challenge = answer.header("www-authenticate");
        let expected = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\", error_description=");
        assert!(challenge.starts_with(&expected), "{challenge}");
        assert_eq!(answer.body["missing_scope"], scope);
        assert_eq!(answer.header("x-jeton-subject"), "");
    }
}

async fn what_no_route_names_is_allowed_to_nobody(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    for (method, uri) in [
        ("GET", "/"),
        ("GET", "/elsewhere"),
        ("GET", "/tasks/"),
        ("GET", "/Tasks"),
        ("OPTIONS", "/tasks"),
        ("HEAD", "/elsewhere"),
        ("PATCH", "/tasks"),
        ("get", "/tasks"),
        ("GET,GET", "/tasks"),
    ] {
        let answer = guarded.ask(&authority, &token, method, uri).await.refused(403, "no_route");
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer error=\"insufficient_scope\", error_description="),
            "{challenge}"
        );
    }
}

async fn a_token_is_judged_at_the_place_in_the_path(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let project = format!("{}/{}", guarded.organization, guarded.project);
    let limits = json!({"projects": [project]});
    let token = guarded.pat(&authority, &session, &["*"], limits).await.secret;
    let ask = async |uri: &str| guarded.ask(&authority, &token, "GET", uri).await;
    ask(&format!("/{project}/logs")).await.expect(200);
    for elsewhere in [
        "/tasks".to_owned(),
        format!("/{}/other/logs", guarded.organization),
        format!("/default/{}/logs", guarded.project),
        format!("/{}/*/logs", guarded.organization),
        format!("/{}/%2a/logs", guarded.organization),
        "/nowhere/nothing/logs".to_owned(),
    ] {
        let answer = ask(&elsewhere).await.refused(403, "insufficient_scope");
        assert!(answer.header("www-authenticate").contains("insufficient_scope"), "{elsewhere}");
    }
}

async fn the_address_of_the_client_counts(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let limits = json!({"networks": ["203.0.113.0/24"]});
    let token = guarded.pat(&authority, &session, &["*"], limits).await.secret;
    for (hops, status) in [
        (vec!["203.0.113.9"], 200),
        (vec!["198.51.100.1, 203.0.113.9"], 200),
        (vec!["198.51.100.1", "203.0.113.9"], 200),
        (vec!["203.0.113.9, 198.51.100.1"], 403),
        (vec!["203.0.113.9", "198.51.100.1"], 403),
        (vec!["203.0.113.9:5678"], 200),
        (vec!["198.51.100.1, [::ffff:203.0.113.9]:443"], 200),
        (vec!["203.0.113.9, unknown"], 403),
        (vec![], 403),
    ] {
        let question = guarded.question(&authority, "GET", "/tasks").bearer_auth(&token);
        let question = hops.iter().fold(question, |question, hop| question.header("x-forwarded-for", *hop));
        assert_eq!(Answer::to(question).await.status, status, "{hops:?}");
    }
    for (fields, status) in [
        (vec![("forwarded", "for=\"203.0.113.9:4711\";proto=https")], 200),
        (vec![("forwarded", "for=198.51.100.1, For=203.0.113.9")], 200),
        (vec![("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "203.0.113.9")], 200),
        (vec![("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "198.51.100.1")], 403),
        (vec![("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "203.0.113.9")], 403),
        (vec![("forwarded", "for=203.0.113.9, for=_hidden")], 403),
        (vec![("x-real-ip", "203.0.113.9")], 403),
    ] {
        let question = guarded.question(&authority, "GET", "/tasks").bearer_auth(&token);
        let question = fields.iter().fold(question, |question, (name, value)| question.header(*name, *value));
        assert_eq!(Answer::to(question).await.status, status, "{fields:?}");
    }
}

async fn attack_12_a_token_for_another_api_is_none_here(authority: Authority) {
    let (here, there) = (guarded(&authority).await, guarded(&authority).await);
    let session = there.user(&authority).await;
    let token = there.pat(&authority, &session, &["*"], json!({})).await.secret;
    there.ask(&authority, &token, "GET", "/tasks").await.expect(200);
    here.ask(&authority, &token, "GET", "/tasks").await.refused(401, "invalid_token");
}

async fn attack_17_a_request_carries_one_credential(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let question = |uri: &str| guarded.question(&authority, "GET", uri).bearer_auth(&token);
    for question in [
        question("/tasks").bearer_auth(&token),
        question("/tasks").header("authorization", ""),
        question("/tasks?access_token=x"),
        question("/tasks?a=b&access%5ftoken=x"),
    ] {
        let answer = Answer::to(question).await.refused(401, "two_credentials");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer error=\"invalid_request\""), "{challenge}");
        assert!(challenge.ends_with(BASIC), "{challenge}");
        assert!(!answer.text.contains(&token));
    }
    let shown = |field: String| guarded.question(&authority, "GET", "/tasks").header("authorization", field);
    Answer::to(shown(format!("Bearer {token}, Bearer {token}"))).await.refused(401, "two_credentials");
    Answer::to(shown(format!("Bearer {token} {token}"))).await.refused(401, "invalid_token");
    Answer::to(shown(format!("Bearer  {token}"))).await.expect(200);
    for cookie in ["jeton=app-session", "__Host-jeton=x", "jeton=x; jeton=y"] {
        Answer::to(question("/tasks").header("cookie", cookie)).await.expect(200);
    }
    let in_query = guarded.question(&authority, "GET", &format!("/tasks?access_token={token}"));
    let answer = Answer::to(in_query).await.refused(401, "invalid_token");
    assert_eq!(answer.challenges(), [format!("Bearer, {BASIC}")]);
}

async fn a_gateway_may_ask_with_any_method_and_body(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["Task.Read"], json!({})).await.secret;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let question = authority.request(method.clone(), &guarded.path()).bearer_auth(&token);
        let question = question.header(GATEWAY, format!("Bearer {}", guarded.credential));
        let question = question.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/tasks");
        let question = question.header("idempotency-key", "of-the-client").body("whatever it is");
        // A TRACE would show what the gateway added; no gateway asks with it.
        let expected = if method == Method::TRACE { 405 } else { 200 };
        assert_eq!(Answer::to(question).await.status, expected, "{method}");
    }
}

async fn without_the_store_nothing_is_known(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let (name, credential) = (guarded.name.clone(), guarded.credential.clone());
    let trusting = authority
        .restarted(|settings| settings.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()])
        .await;
    trusting.store.close().await;
    for token in [&token, &sample::text_with(jeton_token::TokenKind::Personal, sample::id_of(&token))] {
        let question = trusting.request(Method::GET, &format!("/forward-auth/{name}")).bearer_auth(token);
        let question = question.header(GATEWAY, format!("Bearer {credential}"));
        let question = question.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/tasks");
        let answer = Answer::to(question).await.refused(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("www-authenticate"), "");
        assert_eq!(answer.header("x-jeton-subject"), "");
    }
}
