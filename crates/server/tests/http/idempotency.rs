//! `Idempotency-Key`: a call that is repeated is done once and answered alike, and its secret is stored nowhere.

use reqwest::Method;
use serde_json::{Value, json};

use crate::store::audit;
use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::sample::secret_of;

on_both! {
    alone:
        a_key_is_forgotten_after_a_day,
        attack_34_the_secret_that_a_rotation_retired_repeats_that_rotation_and_nothing_else,
        attack_34_rotating_with_a_retired_secret_raises_an_alarm,
        attack_34_a_retired_secret_repeats_nothing_once_its_successor_is_gone,
        attack_01_nothing_that_was_answered_is_in_the_database,
        an_answer_that_was_lost_before_it_was_kept_is_made_again,
        a_commit_that_failed_has_an_unknown_outcome_which_the_same_key_finds_out;
    shared:
        a_token_is_made_once_and_shown_again,
        a_rotation_is_done_once_and_shown_again,
        an_api_credential_is_made_once_and_shown_again,
        attack_35_a_key_with_another_body_or_address_is_refused,
        attack_35_another_caller_with_the_same_key_is_on_their_own,
        attack_35_whoever_lost_the_right_gets_no_secret_again,
        a_key_that_could_be_guessed_yields_no_secret,
        a_key_is_one_field_of_visible_characters,
        a_secret_is_not_shown_again_after_the_token_was_revoked,
        a_secret_is_not_shown_again_after_the_token_was_rotated,
        every_other_change_is_done_once_too,
        a_call_that_was_refused_may_be_tried_again,
        of_many_at_once_with_one_key_one_is_done;
}

const KEY: &str = "0123456789abcdefghijkl";

async fn call(authority: &Authority, secret: &str, key: &str, to: (Method, &str), body: &Value) -> Answer {
    let mut request = authority.request(to.0, to.1).bearer_auth(secret).header("idempotency-key", key);
    if !body.is_null() {
        request = request.json(body);
    }
    Answer::to(request).await
}

async fn post(authority: &Authority, secret: &str, key: &str, path: &str, body: &Value) -> Answer {
    call(authority, secret, key, (Method::POST, path), body).await
}

async fn a_token_is_made_once_and_shown_again(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"name": "once", "scopes": ["Taskurai.*"]});
    let first = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    let again = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("cache-control"), "no-store");
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert!(authority.is_active(&again.secret()).await);
    assert_eq!(authority.names(&alice.session, "kind=personal").await, ["once"]);
    let other = json!({"scopes": ["Taskurai.*"]});
    let next = post(&authority, &alice.session, &format!("{KEY}2"), "/api/v1/tokens", &other).await;
    assert_ne!(secret_of(&next.expect(201).secret()), secret_of(&first.secret()));
}

async fn a_rotation_is_done_once_and_shown_again(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    for (key, overlap) in [(format!("{KEY}a"), 0), (format!("{KEY}b"), 60)] {
        let body = json!({"overlap_minutes": overlap});
        let first = post(&authority, &alice.session, &key, &path, &body).await.expect(200);
        let again = post(&authority, &alice.session, &key, &path, &body).await.expect(200);
        assert_eq!(again.text, first.text);
        assert!(authority.is_active(&again.secret()).await);
    }
}

async fn an_api_credential_is_made_once_and_shown_again(authority: Authority) {
    let admin = authority.admin().await;
    authority.api().await;
    let path = "/api/v1/apis/taskurai/credential";
    let key = crate::support::fresh(KEY);
    let first = post(&authority, &admin, &key, path, &Value::Null).await.expect(201);
    let again = post(&authority, &admin, &key, path, &Value::Null).await.expect(201);
    assert_eq!(again.text, first.text);
    authority.introspect_as(&again.secret(), "x", &[]).await.expect(200);
}

async fn attack_35_a_key_with_another_body_or_address_is_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"name": "mine", "scopes": ["Taskurai.*"]});
    post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    let other = json!({"name": "mine", "scopes": ["*"]});
    let refused = "idempotency_key_reused";
    post(&authority, &alice.session, KEY, "/api/v1/tokens", &other).await.invalid("Idempotency-Key", refused);
    let spaced = authority.request(Method::POST, "/api/v1/tokens").bearer_auth(&alice.session);
    let spaced = spaced.header("idempotency-key", KEY).header("content-type", "application/json");
    Answer::to(spaced.body(format!(" {body}"))).await.refused(422, refused);
    let id = authority.pat(&alice.session, &["Taskurai.*"]).await.id;
    let path = format!("/api/v1/tokens/{id}/rotate");
    post(&authority, &alice.session, KEY, &path, &body).await.refused(422, refused);
    call(&authority, &alice.session, KEY, (Method::DELETE, &format!("/api/v1/tokens/{id}")), &Value::Null)
        .await
        .refused(422, refused);
    assert_eq!(authority.record(&alice.session, &id).await["state"], "active");
}

async fn attack_35_another_caller_with_the_same_key_is_on_their_own(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let body = json!({"scopes": ["Taskurai.*"]});
    let first = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    let other = post(&authority, &bob.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    assert_ne!(other.id(), first.id());
    assert_ne!(secret_of(&other.secret()), secret_of(&first.secret()));
    let again = authority.session(&alice.name, crate::support::PASSWORD).await;
    let other = post(&authority, &again, KEY, "/api/v1/tokens", &body).await.expect(201);
    assert_ne!(other.id(), first.id(), "another session of the same person is another caller");
}

async fn attack_35_whoever_lost_the_right_gets_no_secret_again(authority: Authority) {
    let alice = authority.person("alice").await;
    let maker = authority.pat(&alice.session, &["Taskurai.*", "Jeton.Token.*"]).await;
    let body = json!({"scopes": ["Taskurai.Task.Read"]});
    post(&authority, &maker.secret, KEY, "/api/v1/tokens", &body).await.expect(201);
    let path = format!("/api/v1/tokens/{}", maker.id);
    let narrowed = json!({"scopes": ["Taskurai.Log.*", "Jeton.Token.*"]});
    authority.patch(&alice.session, &path, narrowed).await.expect(200);
    post(&authority, &maker.secret, KEY, "/api/v1/tokens", &body).await.refused(403, "scope_exceeds_grant");
    let narrowed = json!({"scopes": ["Taskurai.*", "Jeton.Token.Read"]});
    authority.patch(&alice.session, &path, narrowed).await.expect(200);
    post(&authority, &maker.secret, KEY, "/api/v1/tokens", &body).await.refused(403, "insufficient_scope");
    authority.revoke(&alice.session, &maker.id).await.expect(204);
    post(&authority, &maker.secret, KEY, "/api/v1/tokens", &body).await.refused(401, "revoked_token");
}

async fn a_key_that_could_be_guessed_yields_no_secret(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"]});
    let short = KEY.get(..21).unwrap();
    let refused = "idempotency_key_too_short";
    post(&authority, &alice.session, short, "/api/v1/tokens", &body)
        .await
        .invalid("Idempotency-Key", refused);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let path = format!("/api/v1/tokens/{}", pat.id);
    post(&authority, &alice.session, short, &format!("{path}/rotate"), &json!({}))
        .await
        .refused(422, refused);
    let change = json!({"description": "short keys do for this"});
    call(&authority, &alice.session, "k", (Method::PATCH, &path), &change).await.expect(200);
    assert!(authority.is_active(&pat.secret).await);
}

async fn a_key_is_one_field_of_visible_characters(authority: Authority) {
    let alice = authority.person("alice").await;
    let id = authority.pat(&alice.session, &["Taskurai.*"]).await.id;
    let path = format!("/api/v1/tokens/{id}");
    let (long, longest) = ("k".repeat(256), "k".repeat(255));
    for key in ["", "two words", long.as_str()] {
        let answer = call(&authority, &alice.session, key, (Method::DELETE, &path), &Value::Null).await;
        answer.invalid("Idempotency-Key", "invalid_field");
    }
    let request = authority.request(Method::DELETE, &path).bearer_auth(&alice.session);
    let twice = request.header("idempotency-key", "a").header("idempotency-key", "a");
    Answer::to(twice).await.invalid("Idempotency-Key", "invalid_field");
    call(&authority, &alice.session, &longest, (Method::DELETE, &path), &Value::Null).await.expect(204);
}

async fn a_secret_is_not_shown_again_after_the_token_was_revoked(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"]});
    let made = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    authority.revoke(&alice.session, &made.id()).await.expect(204);
    post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.refused(409, "replay_gone");
}

async fn a_secret_is_not_shown_again_after_the_token_was_rotated(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"]});
    for overlap in [0, 60] {
        let key = format!("{KEY}{overlap}");
        let made = post(&authority, &alice.session, &key, "/api/v1/tokens", &body).await.expect(201);
        let path = format!("/api/v1/tokens/{}/rotate", made.id());
        authority.post(&alice.session, &path, json!({"overlap_minutes": overlap})).await.expect(200);
        post(&authority, &alice.session, &key, "/api/v1/tokens", &body).await.refused(409, "replay_gone");
    }
}

async fn a_key_is_forgotten_after_a_day(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*", "Jeton.Token.*"], "expires_in_minutes": 5000});
    let maker = authority.token(&alice.session, body).await.pat();
    let body = json!({"scopes": ["Taskurai.*"]});
    let now = authority.stop_the_clock().await;
    let first = post(&authority, &maker.secret, KEY, "/api/v1/tokens", &body).await.expect(201);
    authority.clock.stand_at_ms(now + 24 * 60 * 60_000 - 1);
    let again = post(&authority, &maker.secret, KEY, "/api/v1/tokens", &body).await.expect(201);
    assert_eq!(again.id(), first.id());
    authority.clock.stand_at_ms(now + 24 * 60 * 60_000);
    let other = post(&authority, &maker.secret, KEY, "/api/v1/tokens", &body).await.expect(201);
    assert_ne!(other.id(), first.id());
    let rows = authority.sql().await.rows("SELECT token_id FROM idempotency").await;
    assert_eq!(rows.len(), 1, "the salt of the first one is gone: {rows:?}");
}

async fn every_other_change_is_done_once_too(authority: Authority) {
    let admin = authority.admin().await;
    let name = crate::support::fresh("group");
    let group = format!("/api/v1/groups/{name}");
    let key = |of: &str| format!("{name}-{of}");
    for (of, method, status) in [("put", Method::PUT, 201), ("patch", Method::PATCH, 200)] {
        let body = if of == "put" { json!({}) } else { json!({"display_name": "new"}) };
        let first = call(&authority, &admin, &key(of), (method.clone(), &group), &body).await.expect(status);
        let again = call(&authority, &admin, &key(of), (method, &group), &body).await.expect(status);
        assert_eq!(again.text, first.text);
    }
    let gone = (Method::DELETE, group.as_str());
    call(&authority, &admin, &key("delete"), gone.clone(), &Value::Null).await.expect(204);
    call(&authority, &admin, &key("delete"), gone, &Value::Null).await.expect(204);
    authority.put(&admin, &group, json!({})).await.expect(201);
    call(&authority, &admin, &key("delete"), (Method::DELETE, &group), &Value::Null).await.expect(204);
    authority.get(&admin, &group).await.expect(200);
    authority.delete(&admin, &group).await.expect(204);
}

async fn a_call_that_was_refused_may_be_tried_again(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.token(&alice.session, json!({"name": "taken", "scopes": ["*"]})).await.pat();
    let body = json!({"name": "taken", "scopes": ["Taskurai.*"]});
    post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.refused(409, "name_taken");
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
}

async fn of_many_at_once_with_one_key_one_is_done(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"]});
    let one = || post(&authority, &alice.session, KEY, "/api/v1/tokens", &body);
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let mut secrets = vec![];
    for answer in [a, b, c, d] {
        if answer.status == 201 {
            secrets.push(answer.secret());
        } else {
            let answer = answer.refused(409, "idempotency_in_flight");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    secrets.push(one().await.expect(201).secret());
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    assert_eq!(authority.names(&alice.session, "kind=personal").await.len(), 1);
}

async fn attack_34_the_secret_that_a_rotation_retired_repeats_that_rotation_and_nothing_else(
    authority: Authority,
) {
    let alice = authority.person("alice").await;
    authority.api().await;
    for path in ["self", "id"] {
        let pat = authority.pat(&alice.session, &["Taskurai.*", "Jeton.Token.*"]).await;
        let path = format!("/api/v1/tokens/{}/rotate", if path == "id" { &pat.id } else { path });
        let body = json!({"overlap_minutes": 0});
        let first = post(&authority, &pat.secret, KEY, &path, &body).await.expect(200);
        let again = post(&authority, &pat.secret, KEY, &path, &body).await.expect(200);
        assert_eq!(again.text, first.text);
        assert_eq!(alarms(&authority, &pat.id).await, 0);
        authority.get(&pat.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
        let create = json!({"scopes": ["Taskurai.*"]});
        post(&authority, &pat.secret, KEY, "/api/v1/tokens", &create).await.refused(401, "invalid_token");
        assert!(!authority.is_active(&pat.secret).await);
        assert_eq!(alarms(&authority, &pat.id).await, 0, "to verify it is no alarm");
        for (key, body) in
            [(format!("{KEY}x"), body.clone()), (KEY.to_owned(), json!({"overlap_minutes": 1}))]
        {
            post(&authority, &pat.secret, &key, &path, &body).await.refused(401, "invalid_token");
        }
        assert_eq!(alarms(&authority, &pat.id).await, 1, "at most one a minute for each secret");
        assert!(authority.is_active(&first.secret()).await, "the family lives");
    }
}

async fn attack_34_rotating_with_a_retired_secret_raises_an_alarm(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*", "Jeton.Token.*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let body = json!({"overlap_minutes": 60});
    let new = authority.post(&alice.session, &path, body.clone()).await.expect(200).secret();
    authority.clock.advance_minutes(61);
    authority.post(&pat.secret, &path, body.clone()).await.refused(401, "invalid_token");
    assert_eq!(alarms(&authority, &pat.id).await, 1);
    authority
        .post(&pat.secret, "/api/v1/tokens/self/rotate", body.clone())
        .await
        .refused(401, "invalid_token");
    let metrics = Answer::to(authority.request(Method::GET, "/metrics")).await.text;
    assert!(metrics.contains("\njeton_retired_secrets_reused_total 2\n"), "{metrics}");
    let wrong = crate::support::sample::text_with(jeton_token::TokenKind::Personal, &pat.id);
    authority.post(&wrong, &path, body).await.refused(401, "invalid_token");
    assert_eq!(alarms(&authority, &pat.id).await, 1, "a wrong secret never was the token's");
    assert!(authority.is_active(&new).await);
}

async fn attack_34_a_retired_secret_repeats_nothing_once_its_successor_is_gone(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let body = json!({"overlap_minutes": 0});
    for end in ["rotated", "revoked", "a day"] {
        let scopes = json!({"scopes": ["Taskurai.*", "Jeton.Token.*"], "expires_in_minutes": 9000});
        let session = authority.session(&alice.name, crate::support::PASSWORD).await;
        let pat = authority.token(&session, scopes).await.pat();
        let path = format!("/api/v1/tokens/{}/rotate", pat.id);
        post(&authority, &pat.secret, KEY, &path, &body).await.expect(200);
        match end {
            "rotated" => drop(authority.post(&session, &path, body.clone()).await.expect(200)),
            "revoked" => drop(authority.revoke(&session, &pat.id).await.expect(204)),
            _ => authority.clock.advance_minutes(24 * 60),
        }
        post(&authority, &pat.secret, KEY, &path, &body).await.refused(401, "invalid_token");
    }
}

async fn alarms(authority: &Authority, token: &str) -> usize {
    let rows = audit::rows(&mut authority.sql().await).await;
    let is_alarm =
        |row: &&audit::AuditRow| row.target() == token && row.detail().starts_with("reuse_detected");
    rows.iter().filter(is_alarm).count()
}

async fn attack_01_nothing_that_was_answered_is_in_the_database(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"], "description": "findable"});
    let made = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    let dump = authority.sql().await.dump().await;
    let text: String = dump.into_iter().filter(|row| row.starts_with("idempotency:")).collect();
    let text = text.to_lowercase();
    let hex = |text: &str| audit::hex(text.as_bytes()).to_lowercase();
    for hidden in [secret_of(&made.secret()), KEY] {
        assert!(!text.contains(&hidden.to_lowercase()) && !text.contains(&hex(hidden)));
    }
    assert!(text.contains(&hex("findable")), "the answer is there: {text}");
}

async fn an_answer_that_was_lost_before_it_was_kept_is_made_again(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*", "Jeton.Token.*"]});
    let made = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    let path = format!("/api/v1/tokens/{}/rotate", made.id());
    let key = format!("{KEY}r");
    let lose = async || {
        let text = "UPDATE idempotency SET status = NULL, body = NULL";
        authority.sql().await.change(text).await;
    };
    lose().await;
    let again = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    assert_eq!(again.body, made.body);
    let rotation = json!({"overlap_minutes": 0});
    let rotated = post(&authority, &made.secret(), &key, &path, &rotation).await.expect(200);
    lose().await;
    let again = post(&authority, &made.secret(), &key, &path, &rotation).await.expect(200);
    assert_eq!(again.secret(), rotated.secret());
    let change = json!({"description": "new"});
    let to = (Method::PATCH, path.trim_end_matches("/rotate"));
    let first = call(&authority, &alice.session, "patch", to.clone(), &change).await.expect(200);
    lose().await;
    let again = call(&authority, &alice.session, "patch", to.clone(), &change).await.expect(200);
    assert_eq!(again.body, first.body);
    call(&authority, &alice.session, "patch", to, &json!({})).await.refused(422, "idempotency_key_reused");
}

async fn a_commit_that_failed_has_an_unknown_outcome_which_the_same_key_finds_out(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let body = json!({"name": "one", "scopes": ["Taskurai.*"]});
    let mut sql = authority.sql().await;
    sql.break_commits().await;
    let unknown = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await;
    assert_eq!(unknown.refused(503, "outcome_unknown").header("retry-after"), "1");
    assert!(authority.names(&alice.session, "kind=personal").await.is_empty());
    sql.mend_commits().await;
    let made = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    let again = post(&authority, &alice.session, KEY, "/api/v1/tokens", &body).await.expect(201);
    assert_eq!(again.text, made.text);
    assert_eq!(authority.names(&alice.session, "kind=personal").await, ["one"]);
}
