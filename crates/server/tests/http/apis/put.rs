//! `PUT /api/v1/apis/{name}`: made, replaced, or only planned.

use serde_json::{Value, json};

use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        an_api_is_made_replaced_and_left_as_it_is,
        a_dry_run_changes_nothing_and_says_what_would_change,
        a_dry_run_refuses_what_the_real_call_refuses,
        a_widening_says_how_many_tokens_it_widens,
        a_namespace_belongs_to_one_api_for_ever,
        what_jeton_brings_along_is_not_changed,
        a_removed_scope_does_not_come_back,
        only_those_who_administer_apis_do;
}

fn path(name: &str) -> String {
    format!("/api/v1/apis/{name}")
}

/// A name, a namespace and the API of both.
fn shop() -> (String, String, Value) {
    let (name, namespace) = (fresh("shop"), fresh("Shop"));
    let body = sample::api(&name, &namespace);
    (name, namespace, body)
}

async fn an_api_is_made_replaced_and_left_as_it_is(authority: Authority) {
    let admin = authority.admin().await;
    let (name, namespace, body) = shop();
    let made = authority.put(&admin, &path(&name), body.clone()).await.expect(201).body;
    let mut expected = body.clone();
    expected["id"] = made["id"].clone();
    expected["created_at"] = made["created_at"].clone();
    expected["name"] = json!(name);
    expected["organization"] = json!("default");
    expected["enforces_places"] = json!(false);
    expected["forward_auth"] = json!("enforce");
    assert_eq!(made, expected);
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, expected);
    assert_eq!(authority.put(&admin, &path(&name), body.clone()).await.expect(200).body, expected);

    let mut other = body;
    other["title"] = json!("Another title");
    other["enforces_places"] = json!(true);
    other["scopes"][0]["description"] = json!("reads tasks");
    other["scopes"][0]["implies"] = json!([format!("{namespace}.Task.Logs.Read")]);
    other["routes"] = json!([{
        "method": "GET", "path": "/{o}/{p}/tasks", "scope": format!("{namespace}.Task.Read"), "resource": "{o}/{p}",
    }]);
    let replaced = authority.put(&admin, &path(&name.to_uppercase()), other.clone()).await.expect(200).body;
    for field in ["title", "enforces_places", "scopes", "routes"] {
        assert_eq!(replaced[field], other[field], "{field}");
    }
    assert_eq!((&replaced["id"], &replaced["created_at"]), (&expected["id"], &expected["created_at"]));
    let listed = authority.get(&admin, "/api/v1/apis").await.expect(200).body;
    assert!(listed["items"].as_array().unwrap().contains(&replaced));
}

async fn a_dry_run_changes_nothing_and_says_what_would_change(authority: Authority) {
    let admin = authority.admin().await;
    let (name, namespace, mut body) = shop();
    let dry = format!("{}?dry_run=true", path(&name));
    let names: Vec<_> =
        body["scopes"].as_array().unwrap().iter().map(|scope| scope["name"].clone()).collect();
    let plan = authority.put(&admin, &dry, body.clone()).await.expect(200).body;
    let expected = json!({
        "change": "create", "scopes_added": names, "scopes_removed": [], "widenings": [], "routes": 1,
        "routes_added": body["routes"], "routes_removed": [],
    });
    assert_eq!(plan, expected);
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");

    let made =
        authority.put(&admin, &format!("{}?dry_run=false", path(&name)), body.clone()).await.expect(201).body;
    let plan = authority.put(&admin, &dry, body.clone()).await.expect(200).body;
    assert_eq!(plan["change"], "none");
    body["scopes"].as_array_mut().unwrap().pop();
    body["scopes"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": format!("{namespace}.New"), "description": ""}));
    let routes = body["routes"].take();
    body["routes"] = json!([]);
    let plan = authority.put(&admin, &dry, body).await.expect(200).body;
    let expected = json!({
        "change": "update", "scopes_added": [format!("{namespace}.New")],
        "scopes_removed": [format!("{namespace}.Log.Query.Read")], "widenings": [], "routes": 0,
        "routes_added": [], "routes_removed": routes,
    });
    assert_eq!(plan, expected);
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, made);
}

async fn a_dry_run_refuses_what_the_real_call_refuses(authority: Authority) {
    let admin = authority.admin().await;
    let (name, namespace, body) = shop();
    authority.put(&admin, &path(&name), body.clone()).await.expect(201);
    let taken = sample::api(&fresh("other"), &namespace);
    let built_in = sample::api("jeton", &fresh("Free"));
    let elsewhere = sample::api(&name, &fresh("Moved"));
    let mut shrunk = body.clone();
    shrunk["scopes"].as_array_mut().unwrap().pop();
    authority.put(&admin, &path(&name), shrunk).await.expect(200);
    for (name, body, code) in [
        (fresh("other"), taken, "namespace_taken"),
        ("jeton".to_owned(), built_in, "built_in"),
        (name.clone(), elsewhere, "namespace_taken"),
        (name.clone(), body, "scope_tombstoned"),
    ] {
        authority.put(&admin, &path(&name), body.clone()).await.refused(409, code);
        authority.put(&admin, &format!("{}?dry_run=true", path(&name)), body).await.refused(409, code);
    }
}

async fn a_widening_says_how_many_tokens_it_widens(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, namespace, mut body) = shop();
    authority.put(&admin, &path(&name), body.clone()).await.expect(201);
    let credential = authority.credential(&name).await;
    let (read, logs) = (format!("{namespace}.Task.Read"), format!("{namespace}.Task.Logs.Read"));
    let holder = authority.pat(&alice.session, &[&read]).await;
    authority.pat(&alice.session, &[&format!("{namespace}.Task.*")]).await;
    authority.pat(&alice.session, &[&format!("{namespace}.Task.Create")]).await;
    let dead = authority.pat(&alice.session, &[&read]).await;
    authority.revoke(&alice.session, &dead.id).await.expect(204);

    body["scopes"][0]["implies"] = json!([logs]);
    let plan =
        authority.put(&admin, &format!("{}?dry_run=true", path(&name)), body.clone()).await.expect(200).body;
    let widening = &plan["widenings"][0];
    assert_eq!((&widening["scope"], &widening["adds"]), (&json!(read), &json!([logs])));
    // Those two and whoever holds `*`, sessions too.
    assert!(widening["live_tokens"].as_i64().unwrap() >= 2, "{plan}");
    let question = json!({"token": holder.secret, "scope": logs});
    let verdict = authority.post(&credential, "/api/v1/verify", question.clone()).await.expect(200).body;
    assert_eq!(verdict["missing_scope"], json!(logs));
    authority.put(&admin, &path(&name), body.clone()).await.expect(200);
    let verdict = authority.post(&credential, "/api/v1/verify", question.clone()).await.expect(200).body;
    assert_eq!((&verdict["allowed"], &verdict["scopes"]), (&json!(true), &json!([logs, read])));
    body["scopes"][0].as_object_mut().unwrap().remove("implies");
    authority.put(&admin, &path(&name), body).await.expect(200);
    let verdict = authority.post(&credential, "/api/v1/verify", question).await.expect(200).body;
    assert_eq!(verdict["allowed"], false);
}

async fn a_namespace_belongs_to_one_api_for_ever(authority: Authority) {
    let admin = authority.admin().await;
    let (name, namespace, body) = shop();
    authority.put(&admin, &path(&name), body.clone()).await.expect(201);
    for taken in
        [namespace.clone(), namespace.to_uppercase(), namespace.to_lowercase(), "Taskurai".to_owned()]
    {
        let other = fresh("other");
        authority
            .put(&admin, &path(&other), sample::api(&other, &taken))
            .await
            .refused(409, "namespace_taken");
        authority.get(&admin, &path(&other)).await.refused(404, "not_found");
    }
    let moved = sample::api(&name, &fresh("Moved"));
    authority.put(&admin, &path(&name), moved).await.refused(409, "namespace_taken");
    authority.delete(&admin, &path(&name)).await.expect(204);
    let heir = fresh("heir");
    authority.put(&admin, &path(&heir), sample::api(&heir, &namespace)).await.refused(409, "namespace_taken");
    authority
        .put(&admin, &path(&name), sample::api(&name, &fresh("Moved")))
        .await
        .refused(409, "namespace_taken");
    for reserved in ["Jeton", "jeton", "JETON"] {
        let mine = fresh("mine");
        authority
            .put(&admin, &path(&mine), sample::api(&mine, reserved))
            .await
            .refused(409, "namespace_taken");
    }
}

async fn what_jeton_brings_along_is_not_changed(authority: Authority) {
    let admin = authority.admin().await;
    let before = authority.get(&admin, &path("jeton")).await.expect(200).body;
    assert_eq!((&before["namespace"], &before["organization"]), (&json!("Jeton"), &Value::Null));
    authority
        .put(&admin, &path("jeton"), sample::api("jeton", &fresh("Free")))
        .await
        .refused(409, "built_in");
    authority.delete(&admin, &path("jeton")).await.refused(409, "built_in");
    authority.post(&admin, "/api/v1/apis/jeton/credential", Value::Null).await.refused(409, "built_in");
    assert_eq!(authority.get(&admin, &path("jeton")).await.expect(200).body, before);
}

async fn a_removed_scope_does_not_come_back(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, namespace, body) = shop();
    authority.put(&admin, &path(&name), body.clone()).await.expect(201);
    let credential = authority.credential(&name).await;
    let gone = format!("{namespace}.Log.Query.Read");
    let pat = authority.pat(&alice.session, &[&gone]).await;
    let mut shrunk = body.clone();
    shrunk["scopes"].as_array_mut().unwrap().pop();
    authority.put(&admin, &path(&name), shrunk).await.expect(200);
    let answer = authority.introspect_as(&credential, &pat.secret, &[]).await.expect(200);
    assert_eq!(answer.body, json!({"active": false}), "nothing is left of it");
    authority.put(&admin, &path(&name), body).await.refused(409, "scope_tombstoned");
    let shown = authority.get(&admin, &path(&name)).await.expect(200).body;
    assert_eq!(shown["scopes"].as_array().unwrap().len(), 3);
}

async fn only_those_who_administer_apis_do(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, _, body) = shop();
    let everything = authority.pat(&alice.session, &["*"]).await;
    let narrow = authority.pat(&admin, &["Taskurai.*", "Jeton.Token.*", "Jeton.Admin.User"]).await;
    for secret in [&alice.session, &everything.secret, &narrow.secret, &authority.api().await] {
        for query in ["", "?dry_run=true"] {
            let answer = authority.put(secret, &format!("{}{query}", path(&name)), body.clone()).await;
            assert_eq!(answer.refused(403, "insufficient_scope").body["missing_scope"], "Jeton.Admin.Api");
        }
        authority.delete(secret, &path("taskurai")).await.refused(403, "insufficient_scope");
        let credential = format!("{}/credential", path("taskurai"));
        authority.post(secret, &credential, Value::Null).await.refused(403, "insufficient_scope");
    }
    let with = authority.pat(&admin, &["Jeton.Admin.Api"]).await;
    authority.put(&with.secret, &path(&name), body).await.expect(201);
    let read = authority.get(&alice.session, &path(&name)).await.expect(200);
    assert_eq!(read.body["name"], json!(name), "whoever chooses scopes sees which there are");
}
