//! Rotating, changing and ending credentials of APIs, and who may: `/api/v1/tokens/{id}` of kind `api`

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::clock::ms;
use crate::support::rights::{Firm, user};
use crate::support::{Authority, Pat, fresh, sample};

on_both! {
    alone:
        both_values_ask_until_the_overlap_is_over,
        policies_say_nothing_about_a_credential,
        attack_34_a_value_that_was_retired_gets_no_other_one_and_raises_an_alarm;
    shared:
        finishing_ends_the_old_value_at_every_door,
        without_overlap_the_old_value_is_dead_at_every_door_at_once,
        a_rotation_keeps_all_but_the_value,
        only_the_name_and_the_description_change,
        a_revoked_credential_and_one_of_a_removed_api_are_not_rotated,
        attack_an_api_gets_no_new_value_by_itself,
        the_administrators_of_its_organization_look_after_a_credential,
        attack_06_administrators_elsewhere_and_users_are_strangers_to_a_credential,
        attack_whoever_looks_after_tokens_alone_gets_no_value_of_a_credential,
        whoever_looks_after_apis_alone_looks_after_their_credentials,
        a_credential_goes_with_its_api_to_another_organization,
        a_rotation_is_done_once_and_shown_again,
        attack_35_whoever_lost_the_right_to_the_api_is_shown_no_value_again;
}

const KEY: &str = "0123456789abcdefghijkl";

/// An API of an organization, somebody who administers it, and a token to ask about.
struct Stage {
    authority: Authority,
    firm: Firm,
    chief: String,
    pat: Pat,
}

async fn stage(authority: Authority) -> Stage {
    let firm = authority.firm().await;
    let chief = administrator(&authority, "OrganizationAdmin", &firm.all()).await;
    let alice = authority.person("alice").await;
    authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    Stage { authority, firm, chief, pat }
}

/// The session of somebody who has this role at this place.
async fn administrator(authority: &Authority, role: &str, place: &str) -> String {
    let person = authority.person("chief").await;
    authority.bind(role, user(&person.name), place).await;
    person.session
}

impl Stage {
    fn path(&self) -> String {
        format!("/api/v1/tokens/{}", sample::id_of(&self.firm.api))
    }

    /// Rotates the credential as the administrator of its organization.
    async fn rotated(&self, body: Value) -> Answer {
        self.authority.post(&self.chief, &format!("{}/rotate", self.path()), body).await.expect(200)
    }

    /// Another credential of the same API.
    async fn another(&self) -> String {
        self.authority.credential(&self.firm.api_name).await
    }

    /// What each door says to a value of the credential: statuses of introspection, verify and a gateway's question.
    async fn doors(&self, credential: &str) -> [u16; 3] {
        let introspected = self.authority.introspect_as(credential, &self.pat.secret, &[]).await;
        let body = json!({"token": self.pat.secret});
        let verified = self.authority.post(credential, "/api/v1/verify", body).await;
        let request = self.authority.request(Method::GET, &format!("/forward-auth/{}", self.firm.api_name));
        let request = request.header("x-jeton-gateway-authorization", format!("Bearer {credential}"));
        let request = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/tasks");
        let passed = Answer::to(request.bearer_auth(&self.pat.secret)).await;
        [introspected.status, verified.status, passed.status]
    }
}

/// All doors answer.
const OPEN: [u16; 3] = [200, 200, 200];
/// None knows the credential. A gateway is told no more than that it is none.
const SHUT: [u16; 3] = [401, 401, 403];

async fn both_values_ask_until_the_overlap_is_over(authority: Authority) {
    let stage = stage(authority).await;
    let now = stage.authority.stop_the_clock().await;
    let new = stage.rotated(json!({"overlap_minutes": 30})).await;
    assert_eq!(ms(&new.body["token"]["old_secrets"][0]["works_until"]), now + 30 * 60_000);
    let (old, new) = (&stage.firm.api, new.secret());
    stage.authority.clock.stand_at_ms(now + 30 * 60_000 - 1);
    assert_eq!((stage.doors(old).await, stage.doors(&new).await), (OPEN, OPEN));
    stage.authority.clock.stand_at_ms(now + 30 * 60_000);
    assert_eq!((stage.doors(old).await, stage.doors(&new).await), (SHUT, OPEN));
    let watch = "/api/v1/verify/watch";
    stage.authority.post(old, watch, json!({})).await.refused(401, "invalid_token");
}

async fn policies_say_nothing_about_a_credential(authority: Authority) {
    let stage = stage(authority).await;
    let body = json!({"lifetime_minutes_max": 60, "renewable_for_days": 1, "never_expires": "refused"});
    stage.authority.set_policy("*", body).await.expect(200);
    stage.authority.clock.advance_minutes(3 * 24 * 60);
    let admin = stage.authority.admin_again().await;
    let path = format!("{}/rotate", stage.path());
    let new = stage.authority.post(&admin, &path, json!({})).await.expect(200);
    assert_eq!((&new.body["token"]["expires_at"], &new.body["notes"]), (&Value::Null, &Value::Null));
    stage.authority.clock.advance_minutes(3 * 24 * 60);
    let body = json!({"token": stage.pat.secret});
    stage.authority.post(&new.secret(), "/api/v1/verify", body).await.expect(200);
}

async fn attack_34_a_value_that_was_retired_gets_no_other_one_and_raises_an_alarm(authority: Authority) {
    let stage = stage(authority).await;
    let new = stage.rotated(json!({"overlap_minutes": 0})).await.secret();
    for path in ["/api/v1/tokens/self/rotate".to_owned(), format!("{}/rotate", stage.path())] {
        stage.authority.post(&stage.firm.api, &path, json!({})).await.refused(401, "invalid_token");
    }
    let alarms = "SELECT CAST(COUNT(*) AS TEXT) FROM audit WHERE action = 'token.reuse'";
    assert_eq!(stage.authority.sql().await.number(alarms).await, 1);
    assert_eq!(stage.doors(&new).await, OPEN);
}

async fn finishing_ends_the_old_value_at_every_door(authority: Authority) {
    let stage = stage(authority).await;
    let old = &stage.firm.api;
    assert_eq!(stage.doors(old).await, OPEN);
    let new = stage.rotated(Value::Null).await.secret();
    assert!(new.starts_with("jtn_api_") && new != *old);
    assert_eq!((stage.doors(old).await, stage.doors(&new).await), (OPEN, OPEN));
    let finish = format!("{}/rotate/finish", stage.path());
    for _ in 0..2 {
        stage.authority.post(&stage.chief, &finish, Value::Null).await.expect(200);
        assert_eq!((stage.doors(old).await, stage.doors(&new).await), (SHUT, OPEN));
    }
    stage.authority.revoke(&stage.chief, sample::id_of(&new)).await.expect(204);
    assert_eq!(stage.doors(&new).await, SHUT);
}

async fn without_overlap_the_old_value_is_dead_at_every_door_at_once(authority: Authority) {
    let stage = stage(authority).await;
    assert_eq!(stage.doors(&stage.firm.api).await, OPEN);
    let new = stage.rotated(json!({"overlap_minutes": 0})).await.secret();
    assert_eq!((stage.doors(&stage.firm.api).await, stage.doors(&new).await), (SHUT, OPEN));
}

async fn a_rotation_keeps_all_but_the_value(authority: Authority) {
    let stage = stage(authority).await;
    let before = stage.authority.record(&stage.chief, sample::id_of(&stage.firm.api)).await;
    let new = stage.rotated(json!({"name": "primary"})).await;
    assert_eq!(new.header("cache-control"), "no-store");
    let token = &new.body["token"];
    for field in
        ["id", "kind", "owner", "scopes", "projects", "networks", "expires_at", "created_by", "state"]
    {
        assert_eq!(token[field], before[field], "{field}");
    }
    assert_eq!((&token["name"], &token["expires_at"]), (&json!("primary"), &Value::Null));
    assert_ne!(token["hint"], before["hint"]);
}

async fn only_the_name_and_the_description_change(authority: Authority) {
    let stage = stage(authority).await;
    let (authority, path) = (&stage.authority, stage.path());
    let named = json!({"name": "east", "description": "the one in the east"});
    let changed = authority.patch(&stage.chief, &path, named).await.expect(200);
    assert_eq!(
        (&changed.body["name"], changed.body["scopes"].as_array().unwrap().len()),
        (&json!("east"), 1)
    );
    for (field, value) in [
        ("scopes", json!([stage.firm.scopes()])),
        ("projects", json!([stage.firm.all()])),
        ("networks", json!(["10.0.0.0/8"])),
        ("expires_at", json!("2999-01-01T00:00:00Z")),
    ] {
        let body = json!({ field: value });
        let pointer = format!("/{field}");
        authority.patch(&stage.chief, &path, body.clone()).await.invalid(&pointer, "invalid_field");
        let rotate = format!("{path}/rotate");
        authority.post(&stage.chief, &rotate, body).await.invalid(&pointer, "invalid_field");
    }
    let body = json!({"expires_in_minutes": 60});
    let refused = authority.post(&stage.chief, &format!("{path}/rotate"), body).await;
    refused.invalid("/expires_in_minutes", "invalid_field");
    assert_eq!(stage.doors(&stage.firm.api).await, OPEN);
    let session = format!("/api/v1/tokens/{}", sample::id_of(&stage.chief));
    authority.patch(&stage.chief, &session, json!({"name": "x"})).await.refused(409, "token_not_live");
    authority
        .post(&stage.chief, &format!("{session}/rotate"), json!({}))
        .await
        .refused(409, "token_not_live");
    authority.post(&stage.chief, &format!("{path}/approve"), json!({})).await.refused(409, "token_not_live");
}

async fn a_revoked_credential_and_one_of_a_removed_api_are_not_rotated(authority: Authority) {
    let stage = stage(authority).await;
    let (authority, rotate) = (&stage.authority, format!("{}/rotate", stage.path()));
    let other = stage.another().await;
    authority.revoke(&stage.chief, sample::id_of(&stage.firm.api)).await.expect(204);
    authority.post(&stage.chief, &rotate, json!({})).await.refused(409, "token_not_live");
    authority.delete(&stage.chief, &format!("/api/v1/apis/{}", stage.firm.api_name)).await.expect(204);
    let rotate = format!("/api/v1/tokens/{}/rotate", sample::id_of(&other));
    authority.post(&stage.chief, &rotate, json!({})).await.refused(409, "token_not_live");
    let record = authority.record(&stage.chief, sample::id_of(&other)).await;
    assert_eq!(record["state"], "revoked", "who looked after it still sees what became of it");
}

/// Whoever copied a credential would else go on with new ones of their own, whatever its administrators rotate.
async fn attack_an_api_gets_no_new_value_by_itself(authority: Authority) {
    let stage = stage(authority).await;
    let other = stage.another().await;
    for path in [
        "/api/v1/tokens/self/rotate".to_owned(),
        "/api/v1/tokens/self/rotate/finish".to_owned(),
        format!("{}/rotate", stage.path()),
        format!("/api/v1/tokens/{}/rotate", sample::id_of(&other)),
    ] {
        let refused = stage.authority.post(&stage.firm.api, &path, json!({})).await;
        let refused = refused.refused(403, "insufficient_scope");
        assert!(refused.header("www-authenticate").contains("Jeton.Admin.Api"), "{refused:?}");
    }
    stage.authority.delete(&stage.firm.api, "/api/v1/tokens/self").await.expect(204);
    assert_eq!((stage.doors(&stage.firm.api).await, stage.doors(&other).await), (SHUT, OPEN));
}

async fn the_administrators_of_its_organization_look_after_a_credential(authority: Authority) {
    let stage = stage(authority).await;
    let (authority, chief) = (&stage.authority, &stage.chief);
    let (first, second) = (sample::id_of(&stage.firm.api).to_owned(), stage.another().await);
    let listed = format!("/api/v1/tokens?owner={}&kind=api", stage.firm.api_name);
    let items = authority.get(chief, &listed).await.expect(200).body["items"].clone();
    let ids: Vec<_> = items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [sample::id_of(&second), first.as_str()]);
    assert_eq!(authority.record(chief, &first).await["kind"], "api");
    let body = json!({"filter": {"owner": stage.firm.api_name, "kind": "api"}});
    let revoked = authority.post(chief, "/api/v1/tokens/revoke", body).await.expect(200).body;
    assert_eq!((&revoked["matched"], &revoked["revoked"]), (&json!(2), &json!(2)));
    assert_eq!((stage.doors(&stage.firm.api).await, stage.doors(&second).await), (SHUT, SHUT));
}

async fn attack_06_administrators_elsewhere_and_users_are_strangers_to_a_credential(authority: Authority) {
    let stage = stage(authority).await;
    let (authority, name) = (&stage.authority, &stage.firm.api_name);
    let elsewhere = authority.firm().await;
    let chief_elsewhere = administrator(authority, "OrganizationAdmin", &elsewhere.all()).await;
    let stranger = authority.person("stranger").await.session;
    let same_firm = administrator(authority, "ApiUser", &stage.firm.all()).await;
    let nobody = fresh("nobody");
    let path = stage.path();
    let calls = [
        (Method::GET, path.clone(), Value::Null),
        (Method::PATCH, path.clone(), json!({"name": "x"})),
        (Method::POST, format!("{path}/rotate"), json!({"overlap_minutes": 0})),
        (Method::POST, format!("{path}/rotate/finish"), Value::Null),
        (Method::POST, format!("{path}/approve"), json!({})),
        (Method::DELETE, path.clone(), Value::Null),
    ];
    for caller in [&chief_elsewhere, &stranger, &same_firm, &elsewhere.api] {
        for (method, path, body) in calls.clone() {
            authority.call(caller, method, &path, body).await.refused(404, "not_found");
        }
        let of = async |name: &str| {
            let answer = authority.get(caller, &format!("/api/v1/tokens?owner={name}&kind=api")).await;
            answer.refused(403, "insufficient_scope").without_request_id()
        };
        assert_eq!(of(name).await, of(&nobody).await, "they do not learn whether there is such an API");
        let body = json!({"filter": {"owner": name, "kind": "api"}});
        authority.post(caller, "/api/v1/tokens/revoke", body).await.refused(403, "insufficient_scope");
    }
    assert_eq!(stage.doors(&stage.firm.api).await, OPEN);
}

async fn attack_whoever_looks_after_tokens_alone_gets_no_value_of_a_credential(authority: Authority) {
    let stage = stage(authority).await;
    let (authority, path) = (&stage.authority, stage.path());
    for place in [stage.firm.all().as_str(), "*"] {
        let keeper = administrator(authority, "TokenAdmin", place).await;
        authority.get(&keeper, &path).await.expect(200);
        for body in [json!({}), json!({"overlap_minutes": 0})] {
            let refused = authority.post(&keeper, &format!("{path}/rotate"), body).await;
            let refused = refused.refused(403, "insufficient_scope");
            assert!(refused.header("www-authenticate").contains("Jeton.Admin.Api"), "{refused:?}");
        }
        authority
            .get(&keeper, &format!("/api/v1/tokens?owner={}&kind=api", stage.firm.api_name))
            .await
            .expect(200);
        authority.post(&keeper, &format!("{path}/rotate/finish"), Value::Null).await.expect(200);
    }
    assert_eq!(stage.doors(&stage.firm.api).await, OPEN);
    let keeper = administrator(authority, "TokenAdmin", &stage.firm.all()).await;
    authority.delete(&keeper, &path).await.expect(204);
    assert_eq!(stage.doors(&stage.firm.api).await, SHUT);
}

async fn whoever_looks_after_apis_alone_looks_after_their_credentials(authority: Authority) {
    let stage = stage(authority).await;
    let (authority, path) = (&stage.authority, stage.path());
    let narrow = authority.pat(&stage.chief, &["Jeton.Admin.Api"]).await;
    let listed = format!("/api/v1/tokens?owner={}&kind=api", stage.firm.api_name);
    authority.get(&narrow.secret, &listed).await.expect(200);
    authority.get(&narrow.secret, &path).await.expect(200);
    let rotate = format!("{path}/rotate");
    let body = json!({"overlap_minutes": 0});
    let new = authority.post(&narrow.secret, &rotate, body).await.expect(200).secret();
    assert_eq!((stage.doors(&stage.firm.api).await, stage.doors(&new).await), (SHUT, OPEN));
    authority
        .get(&narrow.secret, &format!("/api/v1/tokens/{}", stage.pat.id))
        .await
        .refused(404, "not_found");
    authority.delete(&narrow.secret, &path).await.expect(204);
    assert_eq!(stage.doors(&new).await, SHUT);
}

async fn a_credential_goes_with_its_api_to_another_organization(authority: Authority) {
    let stage = stage(authority).await;
    let (authority, path) = (&stage.authority, stage.path());
    let elsewhere = authority.organization("elsewhere").await;
    let new_chief = administrator(authority, "OrganizationAdmin", &format!("{elsewhere}/*")).await;
    let mut body = sample::api(&stage.firm.api_name, &stage.firm.namespace);
    body["organization"] = json!(elsewhere);
    let api = format!("/api/v1/apis/{}", stage.firm.api_name);
    authority.put(&authority.admin().await, &api, body).await.expect(200);
    for (caller, status) in [(&stage.chief, 404), (&new_chief, 200)] {
        authority.get(caller, &path).await.expect(status);
        authority.post(caller, &format!("{path}/rotate"), json!({})).await.expect(status);
    }
    authority.delete(&stage.chief, &path).await.refused(404, "not_found");
}

async fn call(stage: &Stage, caller: &str, key: &str, body: &Value) -> Answer {
    let request = stage.authority.request(Method::POST, &format!("{}/rotate", stage.path()));
    Answer::to(request.bearer_auth(caller).header("idempotency-key", key).json(body)).await
}

async fn a_rotation_is_done_once_and_shown_again(authority: Authority) {
    let stage = stage(authority).await;
    let narrow = stage.authority.pat(&stage.chief, &["Jeton.Admin.Api"]).await.secret;
    for (caller, overlap) in [(&stage.chief, 60), (&narrow, 60), (&stage.chief, 0)] {
        let (key, body) = (fresh(KEY), json!({"overlap_minutes": overlap}));
        let first = call(&stage, caller, &key, &body).await.expect(200);
        let again = call(&stage, caller, &key, &body).await.expect(200);
        assert_eq!(again.text, first.text);
        assert_eq!(stage.doors(&again.secret()).await, OPEN);
        call(&stage, caller, &key, &json!({"overlap_minutes": 1}))
            .await
            .refused(422, "idempotency_key_reused");
    }
    let (key, body) = (fresh(KEY), json!({"overlap_minutes": 0}));
    call(&stage, &stage.chief, &key, &body).await.expect(200);
    stage.rotated(json!({})).await;
    call(&stage, &stage.chief, &key, &body).await.refused(409, "replay_gone");
}

async fn attack_35_whoever_lost_the_right_to_the_api_is_shown_no_value_again(authority: Authority) {
    let stage = stage(authority).await;
    let person = stage.authority.person("deputy").await;
    let binding = stage.authority.bind("OrganizationAdmin", user(&person.name), &stage.firm.all()).await;
    let (key, body) = (fresh(KEY), json!({}));
    let first = call(&stage, &person.session, &key, &body).await.expect(200);
    stage.authority.bind("TokenAdmin", user(&person.name), &stage.firm.all()).await;
    stage.authority.unbind(&binding).await;
    call(&stage, &person.session, &key, &body).await.refused(403, "insufficient_scope");
    assert_eq!(stage.doors(&first.secret()).await, OPEN);
}
