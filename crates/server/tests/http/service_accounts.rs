//! `/api/v1/service-accounts`

use serde_json::{Value, json};

use crate::organizations::assert_same;
use crate::support::rights::{subject, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        an_account_is_made_replaced_changed_and_removed,
        a_dry_run_of_an_account_changes_nothing,
        account_names_and_fields_are_checked,
        a_user_and_an_account_share_a_name_and_nothing_else,
        accounts_are_listed_as_far_as_one_looks_after_them,
        attack_06_an_account_that_one_does_not_look_after_is_not_there,
        administrators_of_an_organization_look_after_its_accounts_only,
        an_account_is_never_in_everyone,
        service_tokens_are_made_by_those_who_cover_the_account,
        the_tokens_of_an_account_follow_its_state_at_once,
        the_record_of_a_removed_account_s_tokens_stays,
        an_account_makes_tokens_of_its_own_when_it_may;
}

fn path(name: &str) -> String {
    format!("/api/v1/service-accounts/{name}")
}

async fn an_account_is_made_replaced_changed_and_removed(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("ci"));
    let body = json!({"display_name": "CI"});
    let made = authority.put(&admin, &path(&name.to_uppercase()), body).await.expect(201).body;
    let expected = json!({
        "id": made["id"], "number": made["number"], "name": name, "organization": "default",
        "display_name": "CI", "disabled": false, "created_at": made["created_at"],
    });
    assert_eq!(made, expected, "the name is stored in lower case");
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, made);
    authority.patch(&admin, &path(&name), json!({"disabled": true})).await.expect(200);
    let replaced =
        authority.put(&admin, &path(&name), json!({"organization": "DEFAULT"})).await.expect(200).body;
    assert_eq!((&replaced["display_name"], &replaced["disabled"]), (&Value::Null, &json!(true)));
    let changed = authority.patch(&admin, &path(&name), json!({"disabled": false})).await.expect(200).body;
    assert_eq!((&changed["id"], &changed["disabled"]), (&made["id"], &json!(false)));
    let other = authority.organization("other").await;
    let moved = authority.put(&admin, &path(&name), json!({ "organization": other })).await;
    moved.invalid("/organization", "invalid_field");
    authority.delete(&admin, &path(&name)).await.expect(204);
    authority.delete(&admin, &path(&name)).await.refused(404, "not_found");
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    authority.patch(&admin, &path(&name), json!({})).await.refused(404, "not_found");
    let again = authority.put(&admin, &path(&name), json!({ "organization": other })).await.expect(201).body;
    assert_ne!(again["id"], made["id"]);
}

async fn a_dry_run_of_an_account_changes_nothing(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("ci"));
    let dry = format!("{}?dry_run=true", path(&name));
    authority.put(&admin, &dry, json!({})).await.expect(204);
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    let made = authority.put(&admin, &path(&name), json!({})).await.expect(201).body;
    authority.put(&admin, &dry, json!({"disabled": true})).await.expect(204);
    authority.patch(&admin, &dry, json!({"disabled": true})).await.expect(204);
    authority.delete(&admin, &dry).await.expect(204);
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, made);
}

async fn account_names_and_fields_are_checked(authority: Authority) {
    let admin = authority.admin().await;
    for wrong in ["-dash", "two%20words", "a%2Fb", "%D0%B0", "*"] {
        authority.put(&admin, &path(wrong), json!({})).await.invalid("name", "invalid_field");
        authority.get(&admin, &path(wrong)).await.refused(404, "not_found");
        authority.delete(&admin, &path(wrong)).await.refused(404, "not_found");
    }
    let name = path(&fresh("ci"));
    for (body, pointer, code) in [
        (json!({"organization": "no-such-one"}), "/organization", "unknown_name"),
        (json!({"organization": "a/b"}), "/organization", "invalid_field"),
        (json!({"organization": "*"}), "/organization", "invalid_field"),
        (json!({"password": "correct horse"}), "/password", "unknown_field"),
        (json!({"display_name": "a\0"}), "/display_name", "invalid_field"),
    ] {
        authority.put(&admin, &name, body).await.invalid(pointer, code);
    }
    authority.put(&admin, &name, json!({"disabled": null})).await.refused(422, "invalid_field");
    authority.get(&admin, &name).await.refused(404, "not_found");
    authority.put(&admin, &name, json!({})).await.expect(201);
    authority
        .patch(&admin, &name, json!({"organization": "x"}))
        .await
        .invalid("/organization", "unknown_field");
}

async fn a_user_and_an_account_share_a_name_and_nothing_else(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let account = authority.put(&admin, &path(&alice.name), json!({})).await.expect(201).body;
    let person = authority.get(&admin, &format!("/api/v1/users/{}", alice.name)).await.expect(200).body;
    assert_ne!(account["id"], person["id"]);
    authority.get(&alice.session, &path(&alice.name)).await.refused(404, "not_found");
    let service = authority.service_token(&alice.name, &["Taskurai.*"]).await;
    authority.get(&alice.session, &format!("/api/v1/tokens/{}", service.id)).await.refused(404, "not_found");
    let body = json!({"kind": "service", "owner": alice.name, "scopes": ["*"]});
    authority.token(&alice.session, body).await.refused(403, "insufficient_scope");
    let own = authority.pat(&alice.session, &["*"]).await;
    let listed = async |query: &str| {
        let path = format!("/api/v1/tokens?owner={}&{query}", alice.name);
        let items = authority.get(&admin, &path).await.expect(200).body["items"].clone();
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("kind=service").await, std::slice::from_ref(&service.id));
    assert_eq!(listed("kind=personal").await, [own.id]);
    authority.sign_in(&alice.name, "anything at all").await.refused(401, "invalid_password");
    authority.delete(&admin, &path(&alice.name)).await.expect(204);
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
}

async fn accounts_are_listed_as_far_as_one_looks_after_them(authority: Authority) {
    let (admin, mine, other) = (authority.admin().await, authority.firm().await, authority.firm().await);
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.insert(0, authority.account("ci", &mine.name).await);
        authority.account("ci", &other.name).await;
    }
    let keeper = authority.person("keeper").await;
    authority.bind("OrganizationAdmin", user(&keeper.name), &mine.all()).await;
    let names = async |secret: &str, query: &str| {
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/service-accounts?page_size=2{query}{token}");
            let page = authority.get(secret, &path).await.expect(200).body;
            let items = page["items"].as_array().unwrap();
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            match page["next_page_token"].as_str() {
                Some(next) => token = format!("&page_token={next}"),
                None => return names,
            }
        }
    };
    assert_eq!(names(&keeper.session, "").await, expected);
    assert_eq!(names(&admin, &format!("&organization={}", mine.name)).await, expected);
    let alice = authority.person("alice").await;
    assert_eq!(names(&alice.session, "").await, [""; 0]);
    let there = authority
        .get(&keeper.session, &format!("/api/v1/service-accounts?organization={}", other.name))
        .await;
    let nowhere = authority.get(&keeper.session, "/api/v1/service-accounts?organization=no-such-one").await;
    assert_same(&there, &nowhere, "organization");
    authority.get(&admin, "/api/v1/service-accounts?name=x").await.refused(422, "unknown_field");
}

async fn attack_06_an_account_that_one_does_not_look_after_is_not_there(authority: Authority) {
    let (admin, firm, other) = (authority.admin().await, authority.firm().await, authority.firm().await);
    let hidden = authority.account("hidden", &other.name).await;
    let random = fresh("nothing");
    let (alice, keeper) = (authority.person("alice").await, authority.person("keeper").await);
    authority.bind("OrganizationAdmin", user(&keeper.name), &firm.all()).await;
    for secret in [&alice.session, &keeper.session] {
        for method in ["GET", "PATCH", "DELETE"] {
            let body = if method == "PATCH" { json!({"disabled": true}) } else { Value::Null };
            let method: reqwest::Method = method.parse().unwrap();
            let there = authority.call(secret, method.clone(), &path(&hidden), body.clone()).await;
            let nowhere = authority.call(secret, method.clone(), &path(&random), body).await;
            assert_same(&there, &nowhere, method.as_str());
            there.refused(404, "not_found");
        }
        for body in [json!({}), json!({"disabled": true}), json!({"organization": "no-such-one"})] {
            let there = authority.put(secret, &path(&hidden), body.clone()).await;
            let nowhere = authority.put(secret, &path(&random), body).await;
            assert_same(&there, &nowhere, "PUT");
        }
        let token = async |name: &str| {
            let body = json!({"kind": "service", "owner": name, "scopes": ["*"]});
            authority.token(secret, body).await
        };
        assert_same(&token(&hidden).await, &token(&random).await, "token");
        let list = async |name: &str| authority.get(secret, &format!("/api/v1/tokens?owner={name}")).await;
        assert_same(&list(&hidden).await, &list(&random).await, "list");
    }
    // Whoever makes accounts learns that the name is taken, and no more.
    let body = json!({"organization": firm.name, "disabled": true});
    authority.put(&keeper.session, &path(&hidden), body).await.refused(409, "name_taken");
    assert_eq!(authority.get(&admin, &path(&hidden)).await.expect(200).body["disabled"], false);
}

async fn administrators_of_an_organization_look_after_its_accounts_only(authority: Authority) {
    let (mine, other) = (authority.firm().await, authority.firm().await);
    let keeper = authority.person("keeper").await;
    authority.bind("OrganizationAdmin", user(&keeper.name), &mine.all()).await;
    let name = fresh("ci");
    let secret = keeper.session.as_str();
    authority.put(secret, &path(&name), json!({"organization": mine.name})).await.expect(201);
    authority.get(secret, &path(&name)).await.expect(200);
    authority.patch(secret, &path(&name), json!({"disabled": true})).await.expect(200);
    authority.patch(secret, &path(&name), json!({"disabled": false})).await.expect(200);
    let body = json!({"kind": "service", "owner": name, "scopes": [mine.scopes()]});
    let pat = authority.token(secret, body.clone()).await.pat();
    authority.bind_as(secret, "ApiUser", subject("service_account", &name), &mine.all()).await.expect(201);
    assert!(authority.scopes_of(&mine.api, &pat.secret, &[]).await.is_some());
    authority.record(secret, &pat.id).await;
    let listed = authority.get(secret, &format!("/api/v1/tokens?owner={name}")).await.expect(200).body;
    assert_eq!(listed["items"][0]["id"], json!(pat.id));
    authority.revoke(secret, &pat.id).await.expect(204);

    let theirs = authority.account("ci", &other.name).await;
    let token = authority.service_token(&theirs, &["*"]).await;
    authority.get(secret, &format!("/api/v1/tokens/{}", token.id)).await.refused(404, "not_found");
    authority.revoke(secret, &token.id).await.refused(404, "not_found");
    authority.put(secret, &path(&fresh("ci")), json!({})).await.refused(403, "insufficient_scope");
    authority
        .put(secret, &path(&fresh("ci")), json!({"organization": other.name}))
        .await
        .refused(422, "unknown_name");
    // An account of theirs that was given more elsewhere is no longer theirs to impersonate, but to end.
    authority.bind("ApiUser", subject("service_account", &name), &other.all()).await;
    authority.token(secret, body).await.refused(403, "scope_exceeds_grant");
    authority.delete(secret, &path(&name)).await.expect(204);
}

async fn an_account_is_never_in_everyone(authority: Authority) {
    let account = authority.account("ci", "default").await;
    let pat = authority.service_token(&account, &["*"]).await;
    assert_eq!(
        authority.verify(&pat.secret, None).await,
        json!({"allowed": false, "reason": "nothing_effective"})
    );
    assert!(!authority.is_active(&pat.secret).await);
    authority.token(&pat.secret, json!({"scopes": ["*"]})).await.refused(403, "insufficient_scope");
    authority.get(&pat.secret, "/api/v1/tokens").await.refused(403, "insufficient_scope");
    authority.get(&pat.secret, "/api/v1/organizations/default").await.refused(404, "not_found");
    assert_eq!(
        authority.get(&pat.secret, "/api/v1/organizations").await.expect(200).body["items"],
        json!([])
    );
    authority.get(&pat.secret, "/api/v1/tokens/self").await.expect(200);
    authority.bind("ApiUser", subject("service_account", &account), "default/*").await;
    assert!(authority.is_active(&pat.secret).await);
}

async fn service_tokens_are_made_by_those_who_cover_the_account(authority: Authority) {
    let (admin, account) = (authority.admin().await, authority.account("ci", "default").await);
    let body =
        |owner: &str, kind: &str| json!({"kind": kind, "owner": owner, "scopes": ["Taskurai.Task.Read"]});
    let made = authority.token(&admin, body(&account, "service")).await.expect(201);
    assert!(made.secret().starts_with("jtn_svc_"));
    assert_eq!(made.body["token"]["kind"], "service");
    assert_eq!(made.body["token"]["owner"], subject("service_account", &account));
    assert_eq!(made.body["token"]["parent_id"], Value::Null);
    let by_token = authority.pat(&admin, &["*"]).await;
    let child = authority.token(&by_token.secret, body(&account, "service")).await.expect(201);
    assert_eq!(child.body["token"]["parent_id"], json!(by_token.id));

    let alice = authority.person("alice").await;
    authority.token(&alice.session, body(&account, "service")).await.refused(403, "insufficient_scope");
    authority.token(&admin, body(&account, "personal")).await.invalid("/owner", "unknown_name");
    authority.token(&admin, body(&alice.name, "service")).await.invalid("/owner", "unknown_name");
    authority
        .token(&admin, json!({"kind": "service", "scopes": ["*"]}))
        .await
        .invalid("/owner", "invalid_field");
    for kind in ["job", "session", "api", "svc", ""] {
        authority.token(&admin, body(&account, kind)).await.invalid("/kind", "invalid_field");
    }
    // Whoever administers tokens and covers the account obtains its secret; with less than it has, nobody does.
    let helper = authority.person("helper").await;
    authority.bind("TokenAdmin", user(&helper.name), "*").await;
    authority.bind("JobRunner", subject("service_account", &account), "*").await;
    authority.token(&helper.session, body(&account, "service")).await.refused(403, "scope_exceeds_grant");
    let path = format!("/api/v1/tokens/{}/rotate", made.id());
    let rotate = json!({"overlap_minutes": 0});
    authority.post(&helper.session, &path, rotate).await.refused(403, "scope_exceeds_grant");
    let rotated = authority.post(&admin, &path, json!({"overlap_minutes": 5})).await.expect(200);
    assert!(rotated.secret().starts_with("jtn_svc_"));
    for secret in [made.secret(), rotated.secret()] {
        authority.get(&secret, "/api/v1/tokens/self").await.expect(200);
    }
    authority.revoke(&helper.session, &made.id()).await.expect(204);
    for secret in [made.secret(), rotated.secret()] {
        authority.get(&secret, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    }
}

async fn the_tokens_of_an_account_follow_its_state_at_once(authority: Authority) {
    let (admin, account) = (authority.admin().await, authority.account("ci", "default").await);
    authority.bind("ApiUser", subject("service_account", &account), "default/*").await;
    let pat = authority.service_token(&account, &["Taskurai.*"]).await;
    let disable = async |disabled: bool| {
        authority.patch(&admin, &path(&account), json!({ "disabled": disabled })).await.expect(200)
    };
    for _ in 0..2 {
        assert!(authority.is_active(&pat.secret).await);
        disable(true).await;
        assert!(!authority.is_active(&pat.secret).await);
        assert_eq!(
            authority.verify(&pat.secret, None).await,
            json!({"allowed": false, "reason": "suspended"})
        );
        authority.get(&pat.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
        assert_eq!(authority.record(&admin, &pat.id).await["state"], "suspended");
        disable(false).await;
    }
    authority.delete(&admin, &path(&account)).await.expect(204);
    assert!(!authority.is_active(&pat.secret).await);
    assert_eq!(authority.verify(&pat.secret, None).await, json!({"allowed": false, "reason": "revoked"}));
    authority.put(&admin, &path(&account), json!({})).await.expect(201);
    authority.bind("ApiUser", subject("service_account", &account), "default/*").await;
    assert!(!authority.is_active(&pat.secret).await, "a name made again revives nothing");
}

async fn the_record_of_a_removed_account_s_tokens_stays(authority: Authority) {
    let (admin, account) = (authority.admin().await, authority.account("ci", "default").await);
    let pat = authority.service_token(&account, &["Taskurai.*"]).await;
    authority.delete(&admin, &path(&account)).await.expect(204);
    let record = authority.record(&admin, &pat.id).await;
    assert_eq!(
        (&record["state"], &record["owner"]),
        (&json!("revoked"), &subject("service_account", &account))
    );
    let listed =
        authority.get(&admin, "/api/v1/tokens?kind=service&state=revoked&page_size=1000").await.expect(200);
    assert!(listed.text.contains(&pat.id));
    let again = json!({"overlap_minutes": 0});
    let rotated = authority.post(&admin, &format!("/api/v1/tokens/{}/rotate", pat.id), again).await;
    assert!([404, 409].contains(&rotated.status), "{}", rotated.text);
    let body = json!({"kind": "service", "owner": account, "scopes": ["*"]});
    authority.token(&admin, body).await.invalid("/owner", "unknown_name");
}

async fn an_account_makes_tokens_of_its_own_when_it_may(authority: Authority) {
    let account = authority.account("ci", "default").await;
    authority.bind("TokenCreator", subject("service_account", &account), "*").await;
    authority.bind("ApiUser", subject("service_account", &account), "default/*").await;
    let pat = authority.service_token(&account, &["*"]).await;
    let own = authority.token(&pat.secret, json!({"scopes": ["Taskurai.*"]})).await.expect(201);
    assert_eq!(own.body["token"]["kind"], "service");
    assert_eq!(own.body["token"]["parent_id"], json!(pat.id));
    let body = json!({"kind": "personal", "scopes": ["Taskurai.*"]});
    authority.token(&pat.secret, body).await.refused(403, "insufficient_scope");
    authority.get(&pat.secret, &path(&account)).await.expect(200);
    let listed = authority.get(&pat.secret, "/api/v1/tokens").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    for body in [json!({"disabled": false}), json!({"display_name": "root"})] {
        let answer = authority.patch(&pat.secret, &path(&account), body.clone()).await;
        assert!([403, 404].contains(&answer.status), "{}", answer.text);
        let answer = authority.put(&pat.secret, &path(&account), body).await;
        assert!([403, 404].contains(&answer.status), "{}", answer.text);
    }
}
