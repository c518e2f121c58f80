//! `POST /compat/determined/api/v1/tokens`

use serde_json::{Value, json};

use super::{Refused as _, issued};
use crate::support::answer::Answer;
use crate::support::clock::{assert_minutes, ms};
use crate::support::{Authority, Person};

on_both! {
    alone:
        policies_hold_on_this_wire_too;
    shared:
        a_service_account_makes_tokens_of_its_own,
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
        assert_eq!(answer.body["notes"], Value::Null, "{lifespan}");
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
    assert_eq!(answer.body, json!({"token": token, "tokenId": number, "expiry": null}));
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
    for (lifespan, minutes) in
        [(json!("30m"), Some(30)), (Value::Null, None), (json!("720h"), None), (json!("-1"), None)]
    {
        let body = json!({"userId": user, "lifespan": lifespan});
        let answer = authority.det_create(&parent.secret, &body).await;
        let (token, _) = issued(&answer);
        let note = "the end was cut: a token does not outlive the one that it was made with";
        let notes = if minutes.is_some() { Value::Null } else { json!([note]) };
        assert_eq!(answer.body["notes"], notes, "{lifespan}");
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

async fn policies_hold_on_this_wire_too(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let put = async |body: Value| authority.put(&admin, "/api/v1/policies/*", body).await;
    put(json!({"lifetime_minutes_max": 120, "lifetime_minutes_default": 60})).await.expect(200);
    let minutes = async |lifespan: Value| {
        let answer = create(&authority, &alice, &[("lifespan", lifespan)]).await;
        let record = authority.get(&issued(&answer).0, "/api/v1/tokens/self").await.expect(200).body;
        assert_eq!(record["expires_at"], answer.body["expiry"]);
        let length = ms(&record["expires_at"]) - ms(&record["created_at"]);
        (length / 60_000, answer.body["notes"].clone())
    };
    assert_eq!(minutes(Value::Null).await, (60, Value::Null), "the usual life is the policy's");
    assert_eq!(minutes(json!("2h")).await, (120, Value::Null));
    assert_eq!(minutes(json!("-1")).await, (120, Value::Null), "the longest life is the policy's");
    let answer = create(&authority, &alice, &[("lifespan", json!("3h"))]).await;
    answer.no(400, "lifetime_exceeds_policy", "InvalidArgument");

    put(json!({"lifetime_minutes_max": 120, "excess": "clamp"})).await.expect(200);
    let (length, notes) = minutes(json!("3h")).await;
    assert_eq!((length, notes.as_array().unwrap().len()), (120, 1), "{notes}");

    put(json!({"everything": "refused"})).await.expect(200);
    create(&authority, &alice, &[]).await.no(400, "policy_refuses", "InvalidArgument");
    let narrow = authority.pat(&alice.session, &["Jeton.Token.*"]).await;
    let user = authority.own_number(&alice.session).await;
    issued(&authority.det_create(&narrow.secret, &json!({"userId": user})).await);
}

async fn a_service_account_makes_tokens_of_its_own(authority: Authority) {
    let (admin, name) = (authority.admin().await, crate::support::fresh("builder"));
    authority.put(&admin, &format!("/api/v1/service-accounts/{name}"), json!({})).await.expect(201);
    let path = format!("/api/v1/users/{name}/by-username");
    authority.det_get(&admin, &path).await.no(404, "not_found", "NotFound");
    let binding =
        json!({"role": "TokenCreator", "subject": {"type": "service_account", "name": name}, "place": "*"});
    authority.post(&admin, "/api/v1/role-bindings", binding).await.expect(201);
    let body = json!({"kind": "service", "owner": name, "scopes": ["Jeton.Token.*"]});
    let parent = authority.token(&admin, body).await.pat();
    let own = authority.det_get(&parent.secret, "/api/v1/me").await.expect(200).body;
    assert_eq!(own["user"]["username"], json!(name));
    assert_eq!(authority.det_get(&parent.secret, &path).await.expect(200).body, own);
    for secret in [&parent.secret, &admin] {
        let (token, number) =
            issued(&authority.det_create(secret, &json!({"userId": own["user"]["id"]})).await);
        let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
        assert_eq!((&record["kind"], &record["owner"]["name"]), (&json!("service"), &json!(name)));
        assert!(authority.det_numbers(&parent.secret, "").await.contains(&number));
    }
}
