//! `POST /api/v1/tokens/{id}/approve`

use reqwest::Method;
use serde_json::{Value, json};

use crate::policies::{LEVELS, policy_path};
use crate::support::rights::{Firm, subject, user};
use crate::support::{Authority, Pat, Person};

on_both! {
    alone:
        a_pending_token_does_nothing_at_any_door_until_somebody_else_approves_it,
        an_approval_is_asked_for_by_each_place_where_the_scope_could_be_used,
        a_place_does_not_stop_a_token_that_is_used_elsewhere_too,
        attack_nobody_approves_a_token_that_is_theirs_or_that_they_made,
        attack_a_pending_token_is_not_changed_into_another_one,
        attack_a_holder_of_a_secret_of_a_token_does_not_approve_it,
        attack_a_secret_for_somebody_else_ends_the_approval,
        an_approval_counts_for_what_was_wanted_when_it_was_given,
        attack_an_approved_token_is_not_widened,
        a_scope_is_withheld_from_a_token_that_was_there_before_the_policy,
        only_whoever_may_look_after_the_tokens_approves;
}

/// `Taskurai.Task.Create` wants an approval.
async fn wanting_approval(authority: &Authority, place: &str) {
    authority.set_policy(place, json!({"approval_scopes": ["Taskurai.Task.Create"]})).await.expect(200);
}

/// Somebody who looks after everybody's tokens.
async fn keeper(authority: &Authority) -> Person {
    let person = authority.person("keeper").await;
    let subject = json!({"type": "user", "name": person.name});
    let body = json!({"role": "TokenAdmin", "subject": subject, "place": "*"});
    authority.post(&authority.admin().await, "/api/v1/role-bindings", body).await.expect(201);
    person
}

fn approve(id: &str) -> String {
    format!("/api/v1/tokens/{id}/approve")
}

async fn pending(authority: &Authority, session: &str) -> Pat {
    let body =
        json!({"scopes": ["Taskurai.Task.Create", "Taskurai.Task.Read"], "projects": ["default/apollo"]});
    let made = authority.token(session, body).await.expect(201);
    assert_eq!(made.body["token"]["state"], "pending", "{}", made.text);
    assert_eq!(made.body["token"]["approval"], "pending");
    Pat { id: made.id(), secret: made.secret() }
}

async fn may_create(authority: &Authority, token: &str) -> Value {
    let body = json!({"token": token, "scope": "Taskurai.Task.Create", "resource": "default/apollo"});
    authority.post(&authority.api().await, "/api/v1/verify", body).await.expect(200).body["reason"].clone()
}

async fn a_pending_token_does_nothing_at_any_door_until_somebody_else_approves_it(authority: Authority) {
    authority.projects().await;
    let (alice, keeper) = (authority.person("alice").await, keeper(&authority).await);
    wanting_approval(&authority, "default/*").await;
    let pat = pending(&authority, &alice.session).await;
    assert_eq!(authority.reason(&pat.secret).await.as_deref(), Some("pending"));
    assert_eq!(may_create(&authority, &pat.secret).await, "pending");
    let told = authority.introspect(&pat.secret, &[("resource", "default/apollo")]).await;
    assert_eq!(told, json!({"active": false}));
    let token = |method, path: &str| (method, path.to_owned());
    for (method, path) in [
        token(Method::GET, "/api/v1/tokens/self"),
        token(Method::DELETE, "/api/v1/tokens/self"),
        token(Method::POST, "/api/v1/tokens/self/rotate"),
        token(Method::GET, "/api/v1/tokens"),
        token(Method::POST, &approve(&pat.id)),
        token(Method::POST, "/api/v1/explain"),
    ] {
        let body = if method == Method::POST { json!({}) } else { Value::Null };
        authority.call(&pat.secret, method, &path, body).await.refused(401, "invalid_token");
    }
    assert_eq!(authority.names(&alice.session, "kind=personal").await, Vec::<String>::new());
    assert_eq!(authority.names(&alice.session, "state=pending").await.len(), 1);
    // The approver sees what it is about.
    let record = authority.record(&keeper.session, &pat.id).await;
    assert_eq!(record["scopes"], json!(["Taskurai.Task.Create", "Taskurai.Task.Read"]));
    assert_eq!(record["projects"], json!(["default/apollo"]));
    authority.post(&alice.session, &approve(&pat.id), Value::Null).await.refused(403, "insufficient_scope");
    let approved = authority.post(&keeper.session, &approve(&pat.id), Value::Null).await.expect(200).body;
    assert_eq!((&approved["state"], &approved["approval"]), (&json!("active"), &json!("approved")));
    assert!(!approved.to_string().contains("secret\":"), "an approval yields no secret");
    assert_eq!(authority.reason(&pat.secret).await, None);
    assert_eq!(may_create(&authority, &pat.secret).await, Value::Null);
    authority.get(&pat.secret, "/api/v1/tokens/self").await.expect(200);
    authority.post(&keeper.session, &approve(&pat.id), Value::Null).await.expect(200);
}

async fn an_approval_is_asked_for_by_each_place_where_the_scope_could_be_used(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let state = async |body: Value| {
        authority.token(&alice.session, body).await.expect(201).body["token"]["state"].clone()
    };
    for place in LEVELS {
        wanting_approval(&authority, place).await;
        let not_in_apollo = if place == "default/apollo" { "active" } else { "pending" };
        for (scopes, projects, expected) in [
            (json!(["Taskurai.Task.Create"]), json!(["default/apollo"]), "pending"),
            (json!(["Taskurai.Task.*"]), json!(["default/*"]), not_in_apollo),
            // Where only some of its places want an approval, it is not stopped elsewhere.
            (json!(["*"]), json!([]), if place == "*" { "pending" } else { "active" }),
            (json!(["Taskurai.Task.*"]), json!(["default/apollo", "default/gemini"]), not_in_apollo),
            (json!(["Taskurai.Task.Read", "Taskurai.Log.*"]), json!(["default/*"]), "active"),
            (json!(["Jeton.Token.*"]), json!([]), "active"),
            (json!(["Taskurai.Task.Create"]), json!(["default/gemini"]), not_in_apollo),
        ] {
            let mut body = json!({"scopes": scopes});
            if projects != json!([]) {
                body["projects"] = projects.clone();
            }
            assert_eq!(state(body).await, expected, "{place}: {scopes} at {projects}");
        }
        authority.remove_policy(place).await;
        assert_eq!(state(json!({"scopes": ["*"]})).await, "active", "{place}");
    }
}

async fn a_place_does_not_stop_a_token_that_is_used_elsewhere_too(authority: Authority) {
    authority.projects().await;
    let (alice, firm) = (authority.person("alice").await, authority.firm().await);
    let (everyone, scope) = (subject("group", "everyone"), firm.scope("Task.Read"));
    let owner = authority.person("owner").await;
    authority.bind("OrganizationAdmin", user(&owner.name), &firm.all()).await;
    // Whoever administers the firm lets everybody in, and then wants to look at every token that could be used there.
    authority.bind_as(&authority.admin().await, "ApiUser", everyone, &firm.all()).await.expect(201);
    let policy = json!({"approval_scopes": [firm.scopes()]});
    authority.put(&owner.session, &policy_path(&firm.all()), policy).await.expect(200);
    let made = authority.token(&alice.session, json!({"scopes": ["*"]})).await.expect(201);
    assert_eq!(made.body["token"]["state"], "active", "{}", made.text);
    let note = "some places want an approval first: scopes that need one are withheld there until then";
    assert_eq!(made.body["notes"], json!([note]));
    assert_eq!(may_create(&authority, &made.secret()).await, Value::Null, "nobody asked for it there");
    let told = authority.ask(&firm.api, &made.secret(), json!({"scope": scope})).await;
    assert_eq!(told["reason"], "approval_required");
    // A token that is for the firm alone waits there.
    let body = json!({"scopes": ["*"], "projects": [firm.all()]});
    let waits = authority.token(&alice.session, body).await.expect(201);
    assert_eq!(waits.body["token"]["state"], "pending");
    let note = "the token waits: it can do nothing until somebody approves it";
    assert_eq!(waits.body["notes"], json!([note]));
    // What is withheld there anyway does not keep anybody from widening a token that is used elsewhere.
    let narrow = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let wider = json!({"scopes": ["*"]});
    authority.patch(&alice.session, &format!("/api/v1/tokens/{}", narrow.id), wider).await.expect(200);
}

async fn attack_nobody_approves_a_token_that_is_theirs_or_that_they_made(authority: Authority) {
    authority.projects().await;
    let (admin, keeper) = (authority.admin().await, keeper(&authority).await);
    wanting_approval(&authority, "*").await;
    let own = pending(&authority, &admin).await;
    authority.post(&admin, &approve(&own.id), Value::Null).await.refused(403, "not_honoured_here");
    let by_token = authority.pat(&admin, &["Jeton.*"]).await;
    authority.post(&by_token.secret, &approve(&own.id), Value::Null).await.refused(403, "not_honoured_here");
    // The token of a service account is nobody's own, and whoever made it has its secret.
    authority.put(&admin, "/api/v1/service-accounts/bot", json!({})).await.expect(201);
    let subject = json!({"type": "service_account", "name": "bot"});
    let body = json!({"role": "ApiUser", "subject": subject, "place": "default/*"});
    authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
    let body = json!({"kind": "service", "owner": "bot", "scopes": ["Taskurai.Task.Create"]});
    let made = authority.token(&admin, body).await.expect(201);
    assert_eq!(made.body["token"]["state"], "pending");
    for caller in [&admin, &by_token.secret] {
        let answer = authority.post(caller, &approve(&made.id()), Value::Null).await;
        answer.refused(403, "not_honoured_here");
    }
    assert_eq!(authority.reason(&made.secret()).await.as_deref(), Some("pending"));
    authority.post(&keeper.session, &approve(&made.id()), Value::Null).await.expect(200);
    assert_eq!(may_create(&authority, &made.secret()).await, Value::Null);
}

async fn attack_a_pending_token_is_not_changed_into_another_one(authority: Authority) {
    authority.projects().await;
    let (alice, keeper) = (authority.person("alice").await, keeper(&authority).await);
    wanting_approval(&authority, "*").await;
    let pat = pending(&authority, &alice.session).await;
    let path = format!("/api/v1/tokens/{}", pat.id);
    // The approver has seen it by now: it must not become more before they say yes.
    for body in [
        json!({"scopes": ["Taskurai.*"]}),
        json!({"projects": ["default/*"]}),
        json!({"scopes": ["Taskurai.Task.Read"], "projects": ["default/gemini"]}),
        json!({"expires_at": "2090-01-01T00:00:00Z"}),
    ] {
        authority.patch(&alice.session, &path, body).await.refused(409, "approval_required");
    }
    let rotate = json!({"overlap_minutes": 0});
    let rotated = authority.post(&alice.session, &format!("{path}/rotate"), rotate).await;
    rotated.refused(409, "approval_required");
    let narrower = json!({"scopes": ["Taskurai.Task.Create"], "name": "narrow"});
    assert_eq!(authority.patch(&alice.session, &path, narrower).await.expect(200).body["state"], "pending");
    authority.delete(&alice.session, &path).await.expect(204);
    assert_eq!(authority.record(&alice.session, &pat.id).await["state"], "revoked");
    authority.post(&keeper.session, &approve(&pat.id), Value::Null).await.refused(409, "token_not_live");
    assert_eq!(authority.reason(&pat.secret).await.as_deref(), Some("revoked"));
}

async fn attack_a_holder_of_a_secret_of_a_token_does_not_approve_it(authority: Authority) {
    authority.projects().await;
    let (alice, admin) = (authority.person("alice").await, authority.admin().await);
    let scopes = ["Taskurai.Task.Create", "Jeton.Token.*"];
    let (pat, other) =
        (authority.pat(&alice.session, &scopes).await, authority.pat(&alice.session, &scopes).await);
    let rotate = |id: &str| format!("/api/v1/tokens/{id}/rotate");
    let now = json!({"overlap_minutes": 0});
    let secret = authority.post(&admin, &rotate(&pat.id), now.clone()).await.expect(200).secret();
    // With it, the administrator is alice as far as anybody can see: what comes of it is known as well.
    let child = authority.token(&secret, json!({"scopes": ["Taskurai.Task.Create"]})).await.expect(201).pat();
    let rotated = authority.post(&secret, &rotate(&other.id), now.clone()).await.expect(200);
    wanting_approval(&authority, "*").await;
    for id in [&pat.id, &child.id, &other.id] {
        authority.post(&admin, &approve(id), Value::Null).await.refused(403, "not_honoured_here");
    }
    assert_eq!(may_create(&authority, &rotated.secret()).await, "approval_required");
    // The owner's own rotation does not take back what somebody had in the hand.
    let secret = authority.post(&alice.session, &rotate(&pat.id), now).await.expect(200).secret();
    authority.post(&admin, &approve(&pat.id), Value::Null).await.refused(403, "not_honoured_here");
    let keeper = keeper(&authority).await;
    authority.post(&keeper.session, &approve(&pat.id), Value::Null).await.expect(200);
    assert_eq!(may_create(&authority, &secret).await, Value::Null);
}

async fn attack_a_secret_for_somebody_else_ends_the_approval(authority: Authority) {
    authority.projects().await;
    let (alice, keeper, admin) =
        (authority.person("alice").await, keeper(&authority).await, authority.admin().await);
    wanting_approval(&authority, "*").await;
    let pat = pending(&authority, &alice.session).await;
    let rotate = format!("/api/v1/tokens/{}/rotate", pat.id);
    let now = json!({"overlap_minutes": 0});
    authority.post(&admin, &approve(&pat.id), Value::Null).await.expect(200);
    let own = authority.post(&alice.session, &rotate, now.clone()).await.expect(200);
    assert_eq!((&own.body["token"]["approval"], &own.body["notes"]), (&json!("approved"), &Value::Null));
    let taken = authority.post(&admin, &rotate, now.clone()).await.expect(200);
    assert_eq!(taken.body["token"]["state"], "pending");
    assert_eq!(taken.body["notes"].as_array().unwrap().len(), 1, "{}", taken.text);
    assert_eq!(may_create(&authority, &taken.secret()).await, "pending");
    authority.post(&admin, &approve(&pat.id), Value::Null).await.refused(403, "not_honoured_here");
    authority.post(&keeper.session, &approve(&pat.id), Value::Null).await.expect(200);
    assert_eq!(may_create(&authority, &taken.secret()).await, Value::Null);
    // Who approved it now knew who has had a secret.
    let again = authority.post(&admin, &rotate, now).await.expect(200);
    assert_eq!(again.body["token"]["approval"], "approved");
    assert_eq!(may_create(&authority, &again.secret()).await, Value::Null);
}

async fn an_approval_counts_for_what_was_wanted_when_it_was_given(authority: Authority) {
    authority.projects().await;
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let build = authority.account("build", &firm.name).await;
    for firm in [&firm, &other] {
        authority.bind("ApiUser", subject("service_account", &build), &firm.all()).await;
    }
    let owner = authority.person("owner").await;
    authority.bind("OrganizationAdmin", user(&owner.name), &firm.all()).await;
    let wanting = async |firm: &Firm, scope: &str| {
        authority.set_policy(&firm.all(), json!({"approval_scopes": [firm.scope(scope)]})).await.expect(200);
    };
    let reason = async |firm: &Firm, token: &str, scope: &str| {
        authority.ask(&firm.api, token, json!({"scope": firm.scope(scope)})).await["reason"].clone()
    };
    wanting(&firm, "Task.*").await;
    let token = authority.service_token(&build, &["*"]).await;
    assert_eq!(reason(&firm, &token.secret, "Task.Read").await, "approval_required");
    authority.post(&owner.session, &approve(&token.id), Value::Null).await.expect(200);
    assert_eq!(reason(&firm, &token.secret, "Task.Read").await, Value::Null);
    // Another place asks for itself.
    wanting(&other, "Task.Read").await;
    assert_eq!(reason(&other, &token.secret, "Task.Read").await, "approval_required");
    assert_eq!(reason(&other, &token.secret, "Task.Create").await, Value::Null);
    authority.post(&owner.session, &approve(&token.id), Value::Null).await.expect(200);
    assert_eq!(reason(&other, &token.secret, "Task.Read").await, "approval_required", "not theirs to say");
    // The same place wants more, less, or nothing for a while.
    wanting(&firm, "*").await;
    assert_eq!(reason(&firm, &token.secret, "Log.Query.Read").await, "approval_required");
    for scope in ["Task.Read", "Task.*"] {
        wanting(&firm, scope).await;
        assert_eq!(reason(&firm, &token.secret, "Task.Read").await, Value::Null, "{scope}");
        authority.remove_policy(&firm.all()).await;
    }
    let keeper = keeper(&authority).await;
    authority.post(&keeper.session, &approve(&token.id), Value::Null).await.expect(200);
    assert_eq!(reason(&other, &token.secret, "Task.Read").await, Value::Null);
    wanting(&firm, "Task.*").await;
    assert_eq!(reason(&firm, &token.secret, "Task.Read").await, Value::Null, "approvals add up");
}

async fn attack_an_approved_token_is_not_widened(authority: Authority) {
    authority.projects().await;
    let (alice, keeper) = (authority.person("alice").await, keeper(&authority).await);
    wanting_approval(&authority, "*").await;
    let pat = pending(&authority, &alice.session).await;
    authority.post(&keeper.session, &approve(&pat.id), Value::Null).await.expect(200);
    let path = format!("/api/v1/tokens/{}", pat.id);
    let wider =
        [json!({"scopes": ["Taskurai.*"]}), json!({"projects": ["default/*"]}), json!({"projects": []})];
    for body in wider {
        authority.patch(&alice.session, &path, body.clone()).await.refused(409, "approval_required");
        let mut rotate = body;
        rotate["overlap_minutes"] = json!(0);
        let refused = authority.post(&alice.session, &format!("{path}/rotate"), rotate).await;
        refused.refused(409, "approval_required");
    }
    assert_eq!(may_create(&authority, &pat.secret).await, Value::Null);
    // What asks for no more than was approved is no new token.
    let same = json!({"scopes": ["Taskurai.Task.Create"], "networks": ["10.0.0.0/8"]});
    authority.patch(&alice.session, &path, same).await.expect(200);
    let anywhere = json!({"networks": []});
    authority.patch(&alice.session, &path, anywhere).await.refused(409, "approval_required");
    let back = json!({"scopes": ["Taskurai.Task.Create", "Taskurai.Task.Read"]});
    authority.patch(&alice.session, &path, back).await.refused(409, "approval_required");
    let rotate = json!({"overlap_minutes": 0, "scopes": ["Taskurai.Task.Create"]});
    let rotated = authority.post(&alice.session, &format!("{path}/rotate"), rotate).await.expect(200);
    assert_eq!(rotated.body["token"]["approval"], "approved");
}

async fn a_scope_is_withheld_from_a_token_that_was_there_before_the_policy(authority: Authority) {
    authority.projects().await;
    let (alice, keeper) = (authority.person("alice").await, keeper(&authority).await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    for place in LEVELS {
        wanting_approval(&authority, place).await;
        assert_eq!(may_create(&authority, &pat.secret).await, "approval_required", "{place}");
        assert_eq!(authority.reason(&pat.secret).await, None, "{place}: the rest goes on");
        let scopes = authority.verdict_at(&pat.secret, Some("default/apollo")).await["scopes"].to_string();
        assert!(
            !scopes.contains("Taskurai.Task.Create") && scopes.contains("Taskurai.Task.Read"),
            "{scopes}"
        );
        let told = authority.introspect(&pat.secret, &[]).await["scope"].to_string();
        assert!(!told.contains("Taskurai.Task.Create"), "{place}: {told}");
        authority.remove_policy(place).await;
        assert_eq!(may_create(&authority, &pat.secret).await, Value::Null, "{place}");
    }
    wanting_approval(&authority, "*").await;
    authority.post(&keeper.session, &approve(&pat.id), Value::Null).await.expect(200);
    assert_eq!(may_create(&authority, &pat.secret).await, Value::Null);
    // A child has what its parent has, and asks for an approval of its own.
    let parent = authority
        .token(&alice.session, json!({"scopes": ["Taskurai.Task.Read", "Jeton.Token.*"]}))
        .await
        .pat();
    let child = authority.token(&parent.secret, json!({"scopes": ["Taskurai.Task.Read"]})).await.expect(201);
    assert_eq!(child.body["token"]["state"], "active");
}

async fn only_whoever_may_look_after_the_tokens_approves(authority: Authority) {
    authority.projects().await;
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    wanting_approval(&authority, "default/*").await;
    let pat = pending(&authority, &alice.session).await;
    authority.post(&bob.session, &approve(&pat.id), Value::Null).await.refused(404, "not_found");
    for (role, place) in [("Auditor", "*"), ("TokenAdmin", "default/*"), ("OrganizationAdmin", "default/*")] {
        let person = authority.person("somebody").await;
        let subject = json!({"type": "user", "name": person.name});
        let body = json!({"role": role, "subject": subject, "place": place});
        authority.post(&authority.admin().await, "/api/v1/role-bindings", body).await.expect(201);
        let answer = authority.post(&person.session, &approve(&pat.id), Value::Null).await;
        assert!([403, 404].contains(&answer.status), "{role} at {place}: {}", answer.text);
    }
    assert_eq!(authority.reason(&pat.secret).await.as_deref(), Some("pending"));
    authority.post(&authority.admin().await, &approve(&pat.id), Value::Null).await.expect(200);
    authority.post(&bob.session, &approve("nonsense"), Value::Null).await.refused(404, "not_found");
}
