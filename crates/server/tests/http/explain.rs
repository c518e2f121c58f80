//! `POST /api/v1/explain`

use serde_json::{Value, json};

use crate::support::rights::user;
use crate::support::{Authority, fresh, sample};

on_both! {
    alone:
        each_reason_is_told_with_its_step,
        what_policies_refuse_is_told_with_its_step;
    shared:
        what_is_allowed_passes_every_step,
        a_missing_right_is_told_with_what_would_give_it_as_far_as_the_caller_may_know,
        a_token_is_explained_to_whoever_may_see_it_or_has_its_text,
        what_cannot_be_asked_is_refused_with_its_field,
        a_place_that_the_caller_does_not_see_is_explained_like_none,
        a_403_says_what_would_help;
}

async fn explain(authority: &Authority, caller: &str, about: Value) -> Value {
    let mut body = json!({"scope": "Taskurai.Task.Read"});
    body.as_object_mut().unwrap().extend(about.as_object().unwrap().clone());
    authority.post(caller, "/api/v1/explain", body).await.expect(200).body
}

/// The first step that failed, its reason, and the actions that would help.
fn failed(told: &Value) -> (String, String, Vec<String>) {
    assert_eq!(told["allowed"], false, "{told}");
    let steps = told["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["outcome"] == "failed").unwrap_or_else(|| panic!("{told}"));
    let remedies = told["remedies"].as_array().into_iter().flatten();
    let actions = remedies.map(|remedy| remedy["action"].as_str().unwrap().to_owned()).collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&step["rule"]), text(&told["reason"]), actions)
}

async fn what_is_allowed_passes_every_step(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let told = explain(&authority, &alice.session, json!({"token_id": pat.id})).await;
    assert_eq!((&told["allowed"], &told["reason"]), (&json!(true), &Value::Null));
    let steps: Vec<_> = told["steps"].as_array().unwrap().iter().map(|step| &step["rule"]).collect();
    let rules =
        ["token", "standing", "kind", "network", "place", "policy", "scopes", "owner_rights", "approval"];
    assert_eq!(steps, rules);
    assert!(told["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "passed"), "{told}");
    assert_eq!(told["remedies"], Value::Null);
}

async fn each_reason_is_told_with_its_step(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let alice = authority.person("alice").await;
    let make = async |body: Value| authority.token(&alice.session, body).await.pat();
    let ask = async |about: Value| failed(&explain(&authority, &admin, about).await);
    let is = |rule: &str, reason: &str, actions: &[&str]| {
        (rule.to_owned(), reason.to_owned(), actions.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let dead = make(json!({"scopes": ["*"]})).await;
    authority.revoke(&alice.session, &dead.id).await.expect(204);
    assert_eq!(ask(json!({"token_id": dead.id})).await, is("token", "revoked", &["new_token"]));
    let parent = make(json!({"scopes": ["*"]})).await;
    let child = authority.pat(&parent.secret, &["Taskurai.*"]).await;
    authority.revoke(&alice.session, &parent.id).await.expect(204);
    assert_eq!(ask(json!({"token_id": child.id})).await, is("standing", "parent_inactive", &[]));
    let session = sample::id_of(&alice.session);
    assert_eq!(ask(json!({"token_id": session})).await, is("kind", "kind_not_honoured", &[]));
    let networked = make(json!({"scopes": ["*"], "networks": ["10.0.0.0/8"]})).await.id;
    let about = json!({"token_id": networked});
    assert_eq!(ask(about).await, is("network", "client_ip_required", &["name_address"]));
    let about = json!({"token_id": networked, "client_ip": "192.0.2.1"});
    assert_eq!(ask(about).await, is("network", "network_not_allowed", &[]));
    let placed = make(json!({"scopes": ["*"], "projects": ["default/apollo"]})).await.id;
    assert_eq!(ask(json!({"token_id": placed})).await, is("place", "resource_required", &["name_place"]));
    let about = json!({"token_id": placed, "resource": "default/gemini"});
    assert_eq!(ask(about).await, is("place", "place_not_allowed", &["other_token"]));
    let about = json!({"token_id": placed, "scope": "Jeton.Token.Read"});
    assert_eq!(ask(about).await, is("place", "missing_scope", &["other_token"]));
    let narrow = make(json!({"scopes": ["Taskurai.Log.*"]})).await.id;
    assert_eq!(ask(json!({"token_id": narrow})).await, is("scopes", "missing_scope", &["add_scope"]));
    let short = make(json!({"scopes": ["*"], "expires_in_minutes": 5})).await.id;
    let kept = make(json!({"scopes": ["*"], "never_expires": true})).await.id;
    authority.clock.advance_minutes(5);
    assert_eq!(ask(json!({"token_id": short})).await, is("token", "expired", &["new_token"]));
    let user = format!("/api/v1/users/{}", alice.name);
    authority.patch(&admin, &user, json!({"disabled": true})).await.expect(200);
    assert_eq!(ask(json!({"token_id": kept})).await, is("token", "suspended", &[]));
    authority.delete(&admin, &user).await.expect(204);
    assert_eq!(ask(json!({"token_id": kept})).await, is("token", "revoked", &["new_token"]));
}

async fn what_policies_refuse_is_told_with_its_step(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["*"], "never_expires": true});
    let pat = authority.token(&alice.session, body).await.pat();
    authority.clock.advance_minutes(2 * 24 * 60);
    for (policy, at_place, everywhere, reason, actions) in [
        (json!({"lifetime_minutes_max": 1}), "policy", "standing", "policy_lifetime", vec!["new_token"]),
        (
            json!({"never_expires": "refused"}),
            "policy",
            "standing",
            "policy_never_expires",
            vec!["new_token"],
        ),
        (json!({"creators": []}), "policy", "standing", "policy_creators", vec!["new_token"]),
        (json!({"sign_in_within_days": 1}), "policy", "standing", "policy_sign_in", vec!["sign_in"]),
        (json!({"networks": ["10.0.0.0/8"]}), "policy", "policy", "client_ip_required", vec!["name_address"]),
        (json!({"everything": "refused"}), "scopes", "scopes", "missing_scope", vec!["add_scope"]),
        (json!({"approval_scopes": ["*"]}), "approval", "approval", "approval_required", vec!["approve"]),
    ] {
        for (place, step) in [("*", everywhere), ("default/*", at_place), ("default/apollo", at_place)] {
            let admin = authority.admin_again().await;
            let path = crate::policies::policy_path(place);
            authority.put(&admin, &path, policy.clone()).await.expect(200);
            let about = json!({"token": pat.secret, "resource": "default/apollo"});
            let told = failed(&explain(&authority, &admin, about).await);
            let actions: Vec<_> = actions.iter().map(ToString::to_string).collect();
            assert_eq!(told, (step.to_owned(), reason.to_owned(), actions), "{place} {policy}");
            let verdict = authority.verdict_at(&pat.secret, Some("default/apollo")).await;
            assert_eq!(verdict["reason"], reason, "{place} {policy}: what explains is what decides");
            authority.delete(&admin, &path).await.expect(204);
        }
    }
    drop(admin);
}

async fn a_missing_right_is_told_with_what_would_give_it_as_far_as_the_caller_may_know(authority: Authority) {
    let admin = authority.admin().await;
    let organization = fresh("acme");
    authority.put(&admin, &format!("/api/v1/organizations/{organization}"), json!({})).await.expect(201);
    let (name, namespace) = (fresh("api"), fresh("Space"));
    let mut body = sample::api(&name, &namespace);
    body["organization"] = json!(organization);
    authority.put(&admin, &format!("/api/v1/apis/{name}"), body).await.expect(201);
    let alice = authority.person("alice").await;
    // She sees the API, and lacks most of it.
    let reader = authority.role("reader", &[&format!("{namespace}.Log.Query.Read")]).await;
    authority.bind(&reader, user(&alice.name), &format!("{organization}/*")).await;
    let body = json!({"scopes": [format!("{namespace}.*")]});
    let pat = authority.token(&alice.session, body).await.pat();
    let about = json!({"token_id": pat.id, "scope": format!("{namespace}.Task.Read")});
    let own = explain(&authority, &alice.session, about.clone()).await;
    assert_eq!(failed(&own).0, "owner_rights");
    let roles = |told: &Value| {
        let remedies = told["remedies"].as_array().unwrap().iter();
        let mut roles: Vec<_> = remedies.map(|one| one["role"].as_str().unwrap().to_owned()).collect();
        roles.sort();
        roles
    };
    assert_eq!(roles(&own), ["Admin", "ApiUser", "OrganizationAdmin", "ProjectAdmin"]);
    let all = |told: &Value| told["remedies"].as_array().unwrap().clone();
    assert!(
        all(&own).iter().all(|remedy| remedy["who"].is_null()),
        "who has which role is not alice's to know"
    );
    assert!(all(&own).iter().all(|remedy| remedy["place"] == json!(format!("{organization}/*"))), "{own}");
    let told = explain(&authority, &admin, about).await;
    let user = all(&told).into_iter().find(|remedy| remedy["role"] == "ApiUser").unwrap();
    assert!(user["who"].as_array().unwrap().contains(&json!({"type": "user", "name": "admin"})), "{user}");
    // What is told helps.
    let subject = json!({"type": "user", "name": alice.name});
    let body = json!({"role": user["role"], "subject": subject, "place": user["place"]});
    authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
    let about = json!({"token_id": pat.id, "scope": format!("{namespace}.Task.Read")});
    assert_eq!(explain(&authority, &alice.session, about).await["allowed"], true);
}

async fn a_token_is_explained_to_whoever_may_see_it_or_has_its_text(authority: Authority) {
    let admin = authority.admin().await;
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let ask = async |caller: &str, mut about: Value| {
        about["scope"] = json!("Taskurai.Task.Read");
        authority.post(caller, "/api/v1/explain", about).await
    };
    for caller in [&alice.session, &admin] {
        ask(caller, json!({"token_id": pat.id})).await.expect(200);
    }
    let hidden = ask(&bob.session, json!({"token_id": pat.id})).await.refused(404, "not_found");
    let unknown = sample::text_with(jeton_token::TokenKind::Personal, &pat.id);
    let forged = format!("{}{}", pat.id.get(..21).unwrap(), if pat.id.ends_with('0') { '1' } else { '0' });
    for about in [
        json!({"token_id": forged}),
        json!({"token_id": "x"}),
        json!({"token": unknown}),
        json!({"token": "x"}),
    ] {
        let nothing = ask(&bob.session, about.clone()).await.refused(404, "not_found");
        assert_eq!(nothing.without_request_id(), hidden.without_request_id(), "{about}");
    }
    let told = ask(&bob.session, json!({"token": pat.secret})).await.expect(200);
    assert_eq!(told.body["allowed"], true);
    assert!(!told.text.contains(sample::secret_of(&pat.secret)));
    assert_eq!(told.header("cache-control"), "no-store");
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    let dead = ask(&bob.session, json!({"token": pat.secret})).await.expect(200).body;
    assert_eq!(dead["reason"], "revoked");
}

async fn what_cannot_be_asked_is_refused_with_its_field(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let ask = async |body: Value| authority.post(&alice.session, "/api/v1/explain", body).await;
    let about = |scope: &str| json!({"token_id": pat.id, "scope": scope});
    for scope in ["Taskurai.Task.Nothing", "Nobody.Task.Read", "Jeton.Token.Nothing"] {
        ask(about(scope)).await.invalid("/scope", "unknown_scope");
    }
    for scope in ["", "Taskurai", "Taskurai.*", "*", "Taskurai Task"] {
        ask(about(scope)).await.invalid("/scope", "invalid_field");
    }
    let mut body = about("Taskurai.Task.Read");
    body["client_ip"] = json!("10.0.0.0/8");
    ask(body.clone()).await.invalid("/client_ip", "invalid_field");
    let mut both = about("Taskurai.Task.Read");
    both["token"] = json!(pat.secret);
    ask(both).await.refused(422, "invalid_field");
    ask(json!({"scope": "Taskurai.Task.Read"})).await.refused(422, "invalid_field");
    body["client_ip"] = json!("10.0.0.1");
    body["resource"] = json!("no such place");
    let nowhere = ask(body).await.expect(200).body;
    assert_eq!(failed(&nowhere).1, "place_not_allowed");
}

async fn a_place_that_the_caller_does_not_see_is_explained_like_none(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let organization = fresh("acme");
    authority.put(&admin, &format!("/api/v1/organizations/{organization}"), json!({})).await.expect(201);
    let pat = authority.pat(&alice.session, &["*"]).await;
    let ask = async |scope: &str, resource: String| {
        let body = json!({"token_id": pat.id, "scope": scope, "resource": resource});
        authority.post(&alice.session, "/api/v1/explain", body).await.expect(200).text
    };
    for scope in ["Taskurai.Task.Read", "Jeton.Admin.Policy"] {
        let hidden = ask(scope, format!("{organization}/*")).await;
        assert_eq!(hidden, ask(scope, "no-such-organization/*".to_owned()).await, "{scope}");
    }
}

async fn a_403_says_what_would_help(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let denied = authority.get(&alice.session, "/api/v1/users").await.refused(403, "insufficient_scope");
    let roles: Vec<_> =
        denied.body["remedies"].as_array().unwrap().iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["Admin", "OrganizationAdmin"]);
    assert!(denied.body["remedies"].as_array().unwrap().iter().all(|one| one["action"] == "bind_role"));
    assert!(!denied.text.contains("admin\""), "who has a role is not told");
    // The owner has the right and the token lacks it: another role would not help.
    let pat = authority.pat(&admin, &["Taskurai.*"]).await;
    let denied = authority.get(&pat.secret, "/api/v1/users").await.refused(403, "insufficient_scope");
    assert_eq!(denied.body["remedies"].as_array().unwrap().len(), 1);
    assert_eq!(denied.body["remedies"][0]["action"], "add_scope");
    assert_eq!(denied.body["missing_scope"], "Jeton.Admin.User");
}
