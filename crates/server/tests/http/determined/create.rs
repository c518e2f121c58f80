//! `POST /compat/determined/api/v1/tokens`

use serde_json::{Value, json};

use super::{Refused as _, issued};
use crate::support::answer::Answer;
use crate::support::clock::{assert_minutes, ms};
use crate::support::{Authority, Person};

on_both! {
    shared:
        a_token_may_do_what_its_owner_may,
        descriptions_are_free_and_need_not_differ,
        a_lifespan_is_a_duration_of_go,
        a_lifespan_that_is_no_life_is_refused,
        the_longest_life_is_for_ever_and_the_answer_says_so,
        a_token_of_a_token_is_no_more_and_lives_no_longer,
        administrators_make_tokens_for_others,
        others_learn_nothing_about_numbers,
        whoever_may_not_make_tokens_is_told_what_is_missing;
}

async fn create(authority: &Authority, person: &Person, more: &[(&str, Value)]) -> Answer {
    let mut body = json!({"userId": authority.own_number(&person.session).await});
    for (name, value) in more {
        body[name] = value.clone();
    }
    authority.det_create(&person.session, &body).await
}

async fn a_token_may_do_what_its_owner_may(authority: Authority) {
    let alice = authority.person("alice").await;
    let answer =
        create(&authority, &alice, &[("description", json!("for work")), ("lifespan", Value::Null)]).await;
    let (token, number) = issued(&answer);
    assert_eq!(answer.header("cache-control"), "no-store");
    let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!((&record["kind"], &record["scopes"]), (&json!("personal"), &json!(["*"])));
    assert_eq!((&record["number"], &record["name"]), (&json!(number), &json!(format!("token-{number}"))));
    assert_eq!((&record["description"], &record["parent_id"]), (&json!("for work"), &Value::Null));
    assert_eq!((&record["projects"], &record["networks"]), (&json!([]), &json!([])));
    assert_eq!(record["expires_at"], answer.body["expiry"]);
    assert_minutes(ms(&record["expires_at"]) - ms(&record["created_at"]), 30 * 24 * 60);
    assert_eq!(authority.verify(&token, Some("Taskurai.Task.Read")).await["allowed"], true);
}

async fn descriptions_are_free_and_need_not_differ(authority: Authority) {
    let alice = authority.person("alice").await;
    for description in
        [json!("same"), json!("same"), json!("two\nlines\tand ünicode"), json!("x".repeat(1024))]
    {
        let (_, number) = issued(&create(&authority, &alice, &[("description", description.clone())]).await);
        let found =
            authority.det_get(&alice.session, &format!("/api/v1/tokens?tokenIds={number}")).await.expect(200);
        assert_eq!(found.body["tokenInfo"][0]["description"], description);
    }
    for none in [json!(""), Value::Null] {
        let (token, _) = issued(&create(&authority, &alice, &[("description", none)]).await);
        let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
        assert_eq!(record["description"], Value::Null);
    }
    for wrong in [json!("x".repeat(1025)), json!("\u{7}")] {
        let answer = create(&authority, &alice, &[("description", wrong)]).await;
        let answer = answer.no(400, "invalid_field", "InvalidArgument");
        assert_eq!(answer.body["errors"][0]["pointer"], "/description");
    }
}

async fn a_lifespan_is_a_duration_of_go(authority: Authority) {
    let alice = authority.person("alice").await;
    for (lifespan, minutes) in
        [("720h", 43_200), ("48h", 2_880), ("1h30m", 90), ("1.5h", 90), ("4m", 4), ("600s", 10)]
    {
        let answer = create(&authority, &alice, &[("lifespan", json!(lifespan))]).await;
        let (token, _) = issued(&answer);
        assert_eq!(answer.body["notice"], Value::Null, "{lifespan}");
        let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
        assert_minutes(ms(&record["expires_at"]) - ms(&record["created_at"]), minutes);
    }
}

async fn a_lifespan_that_is_no_life_is_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    let before = authority.det_numbers(&alice.session, "showInactive=true").await;
    for lifespan in
        ["0h", "0", "-120h", "-2", "", "30", "30d", "1h ", "forever", "4800000h", "878401h", "1ns"]
    {
        let answer = create(&authority, &alice, &[("lifespan", json!(lifespan))]).await;
        let answer = answer.no(400, "invalid_field", "InvalidArgument");
        assert_eq!(answer.body["errors"][0]["pointer"], "/lifespan", "{lifespan}");
    }
    assert_eq!(authority.det_numbers(&alice.session, "showInactive=true").await, before);
}

async fn the_longest_life_is_for_ever_and_the_answer_says_so(authority: Authority) {
    let alice = authority.person("alice").await;
    let answer = create(&authority, &alice, &[("lifespan", json!("-1"))]).await;
    let (token, number) = issued(&answer);
    assert_eq!(
        (&answer.body["expiry"], &answer.body["notice"]),
        (&Value::Null, &json!("the token never expires"))
    );
    assert_eq!(
        authority.get(&token, "/api/v1/tokens/self").await.expect(200).body["expires_at"],
        Value::Null
    );
    let shown =
        authority.det_get(&alice.session, &format!("/api/v1/tokens?tokenIds={number}")).await.expect(200);
    assert_eq!(shown.body["tokenInfo"][0]["expiry"], Value::Null);
}

async fn a_token_of_a_token_is_no_more_and_lives_no_longer(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({
        "scopes": ["Jeton.Token.*", "Taskurai.Task.*"], "expires_in_minutes": 60, "networks": ["127.0.0.0/8"],
    });
    let parent = authority.token(&alice.session, body).await.pat();
    let parent_record = authority.record(&alice.session, &parent.id).await;
    let user = authority.own_number(&alice.session).await;
    for (lifespan, minutes, notice) in [
        (json!("30m"), Some(30), None),
        (Value::Null, None, None),
        (
            json!("720h"),
            None,
            Some("the token ends earlier than was asked for, because it may not end later"),
        ),
        (json!("-1"), None, Some("the token ends as late as it may")),
    ] {
        let answer =
            authority.det_create(&parent.secret, &json!({"userId": user, "lifespan": lifespan})).await;
        let (token, _) = issued(&answer);
        assert_eq!(answer.body["notice"].as_str(), notice, "{lifespan}");
        let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
        for same in ["scopes", "networks", "projects"] {
            assert_eq!(record[same], parent_record[same], "{same}");
        }
        assert_eq!(record["parent_id"], json!(parent.id));
        match minutes {
            Some(minutes) => assert_minutes(ms(&record["expires_at"]) - ms(&record["created_at"]), minutes),
            None => assert_eq!(record["expires_at"], parent_record["expires_at"], "cut to the parent's"),
        }
    }
}

async fn administrators_make_tokens_for_others(authority: Authority) {
    let (admin, bob) = (authority.admin().await, authority.person("bob").await);
    let number = authority.own_number(&bob.session).await;
    let (token, id) = issued(&authority.det_create(&admin, &json!({"userId": number})).await);
    assert_eq!(authority.own_number(&token).await, number);
    assert_eq!(authority.det_numbers(&bob.session, "").await, [id]);
    for unknown in [json!(999_999_999), json!(0), json!(-1), Value::Null] {
        let answer = authority.det_create(&admin, &json!({"userId": unknown})).await;
        answer.no(404, "not_found", "NotFound");
    }
    authority.det_create(&admin, &json!({})).await.no(404, "not_found", "NotFound");
    let path = format!("/api/v1/users/{}", bob.name);
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    let answer = authority.det_create(&admin, &json!({"userId": number})).await;
    answer.no(409, "user_disabled", "FailedPrecondition");
    authority.delete(&admin, &path).await.expect(204);
    authority.det_create(&admin, &json!({"userId": number})).await.no(404, "not_found", "NotFound");
}

async fn others_learn_nothing_about_numbers(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let mut answers = Vec::new();
    for number in [authority.own_number(&bob.session).await, 1, 999_999_999, 0] {
        let answer = authority.det_create(&alice.session, &json!({"userId": number})).await;
        let answer = answer.no(403, "insufficient_scope", "PermissionDenied");
        answers.push(answer.without_request_id());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

async fn whoever_may_not_make_tokens_is_told_what_is_missing(authority: Authority) {
    let alice = authority.person("alice").await;
    let narrow = authority.pat(&alice.session, &["Jeton.Token.Read", "Taskurai.*"]).await;
    let user = authority.own_number(&narrow.secret).await;
    let answer = authority.det_create(&narrow.secret, &json!({"userId": user})).await;
    let answer = answer.no(403, "insufficient_scope", "PermissionDenied");
    assert_eq!(answer.body["missing_scope"], "Jeton.Token.Create");
    assert_eq!(answer.body["error"]["code"], 7);
}
