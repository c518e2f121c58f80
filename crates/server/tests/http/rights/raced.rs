//! Rights that are taken away while a call that rests on them is under way.
//!
//! The server looks at a credential when the head of a request is there. In these tests the body comes later, and in
//! between somebody takes a right away: what was answered 2xx before counts for what is written after it.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::rights::{subject, user};
use crate::support::{Authority, fresh, sample};

on_both! {
    alone:
        of_two_administrators_who_unbind_each_other_one_stays,
        of_all_ways_to_lose_the_last_administrator_none_is_left;
    shared:
        what_gives_rights_is_refused_when_the_right_to_it_goes_meanwhile,
        what_yields_a_secret_is_refused_when_the_right_to_it_goes_meanwhile,
        what_gives_rights_is_refused_when_it_becomes_more_meanwhile,
        nobody_binds_with_a_right_that_is_being_taken_away,
        a_narrowed_credential_gives_no_more_than_it_has_left;
}

/// Each call by somebody whose role goes while it is sent.
async fn what_gives_rights_is_refused_when_the_right_to_it_goes_meanwhile(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let (alice, group) = (authority.person("alice").await.name, authority.group("team", &[]).await);
    let role = authority.role("reader", &["Taskurai.Task.Read"]).await;
    let account = authority.account("ci", &firm.name).await;
    let project = authority.project(&firm, "web", "private").await;
    let mut api = sample::api(&firm.api_name, &firm.namespace);
    api["organization"] = json!(firm.name);
    api["title"] = json!("changed");
    let project = firm.path(&format!("/projects/{project}"));
    let calls = [
        (
            Method::POST,
            "/api/v1/role-bindings".to_owned(),
            json!({"role": role, "subject": user(&alice), "place": "*"}),
        ),
        (Method::PATCH, format!("/api/v1/groups/{group}"), json!({"add": [user(&alice)]})),
        (Method::PUT, format!("/api/v1/groups/{}", fresh("new")), json!({})),
        (Method::PUT, format!("/api/v1/roles/{role}"), json!({"scopes": ["Taskurai.*"]})),
        (Method::PUT, format!("/api/v1/users/{}", fresh("new")), json!({})),
        (Method::PATCH, format!("/api/v1/users/{alice}"), json!({"password": "another horse battery"})),
        (Method::PATCH, format!("/api/v1/service-accounts/{account}"), json!({"disabled": true})),
        (Method::PUT, format!("/api/v1/organizations/{}", fresh("new")), json!({})),
        (Method::PUT, project.clone(), json!({"visibility": "public"})),
        (Method::PUT, format!("{project}/pipelines/ci"), json!({"kind": "yaml"})),
        (
            Method::PUT,
            format!("/api/v1/policies/{}", firm.all().replace('/', "%2F")),
            json!({"everything": "refused"}),
        ),
        (Method::PUT, format!("/api/v1/apis/{}", firm.api_name), api),
    ];
    let deputy = authority.person("deputy").await;
    for (method, path, body) in calls {
        let binding = authority.bind("Admin", user(&deputy.name), "*").await;
        let begun = authority.begin(&deputy.session, method.clone(), &path, &body).await;
        authority.unbind(&binding).await;
        let (status, answer) = begun.end().await;
        assert!([403, 404].contains(&status), "{method} {path}: {answer}");
    }
    assert_eq!(
        authority.get(&admin, &format!("/api/v1/groups/{group}")).await.expect(200).body["members"],
        json!([])
    );
    authority.sign_in(&alice, crate::support::PASSWORD).await.expect(201);
}

async fn what_yields_a_secret_is_refused_when_the_right_to_it_goes_meanwhile(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let alice = authority.person("alice").await;
    let hers = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let account = authority.account("ci", &firm.name).await;
    let path = format!("/api/v1/tokens/{}", hers.id);
    let deputy = authority.person("deputy").await;
    let calls = [
        (Method::POST, "/api/v1/tokens".to_owned(), json!({"owner": alice.name, "scopes": ["*"]})),
        (
            Method::POST,
            "/api/v1/tokens".to_owned(),
            json!({"kind": "service", "owner": account, "scopes": ["*"]}),
        ),
        (Method::POST, format!("{path}/rotate"), json!({"overlap_minutes": 0})),
        (Method::PATCH, path.clone(), json!({"scopes": ["*"]})),
        (Method::POST, format!("{path}/approve"), json!({})),
        (Method::POST, format!("/api/v1/apis/{}/credential", firm.api_name), json!({})),
    ];
    for (method, path, body) in calls {
        let binding = authority.bind("Admin", user(&deputy.name), "*").await;
        let begun = authority.begin(&deputy.session, method.clone(), &path, &body).await;
        authority.unbind(&binding).await;
        let (status, answer) = begun.end().await;
        assert!([403, 404, 422].contains(&status), "{method} {path}: {answer}");
        assert!(!answer.contains("\"secret\""), "{method} {path}");
    }
    assert!(authority.is_active(&hers.secret).await);
    assert_eq!(authority.record(&admin, &hers.id).await["scopes"], json!(["Taskurai.*"]));
}

/// A group that one may let somebody into has more rights by the time it is done.
async fn what_gives_rights_is_refused_when_it_becomes_more_meanwhile(authority: Authority) {
    let firm = authority.firm().await;
    let group = authority.group("team", &[]).await;
    let role = authority.role("grouper", &["Jeton.Admin.Group"]).await;
    let grouper = authority.person("grouper").await;
    authority.bind(&role, user(&grouper.name), "*").await;
    let path = format!("/api/v1/groups/{group}");
    let body = json!({"add": [user(&grouper.name)]});
    let begun = authority.begin(&grouper.session, Method::PATCH, &path, &body).await;
    authority.bind("ApiUser", subject("group", &group), &firm.all()).await;
    let (status, answer) = begun.end().await;
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("scope_exceeds_grant"), "{answer}");
}

/// However the two come together: no binding is there that was made after the answer to the unbinding.
async fn nobody_binds_with_a_right_that_is_being_taken_away(authority: Authority) {
    let admin = authority.admin().await;
    for _ in 0..4 {
        let (deputy, alice) = (authority.person("deputy").await, authority.person("alice").await.name);
        let binding = authority.bind("Admin", user(&deputy.name), "*").await;
        let removed = AtomicBool::new(false);
        let path = format!("/api/v1/role-bindings/{binding}");
        let unbind = async {
            authority.delete(&admin, &path).await.expect(204);
            removed.store(true, Ordering::SeqCst);
        };
        let bind = async {
            let mut after = Vec::new();
            for _ in 0..12 {
                let too_late = removed.load(Ordering::SeqCst);
                let made = authority.bind_as(&deputy.session, "Auditor", user(&alice), "*").await;
                if made.status < 300 {
                    assert!(!too_late, "{}", made.text);
                    let id = made.body["id"].as_str().unwrap();
                    authority.delete(&admin, &format!("/api/v1/role-bindings/{id}")).await.expect(204);
                }
                after.push(made.status);
            }
            after
        };
        let ((), statuses) = tokio::join!(unbind, bind);
        assert_eq!(statuses.last(), Some(&403), "{statuses:?}");
    }
}

/// A token that is narrowed while it gives something away gives only what it has left.
async fn a_narrowed_credential_gives_no_more_than_it_has_left(authority: Authority) {
    let admin = authority.admin().await;
    let alice = authority.person("alice").await.name;
    let broad = authority.pat(&admin, &["*"]).await;
    let path = format!("/api/v1/tokens/{}", broad.id);
    let body = json!({"role": "Auditor", "subject": user(&alice), "place": "*"});
    let begun = authority.begin(&broad.secret, Method::POST, "/api/v1/role-bindings", &body).await;
    authority.patch(&admin, &path, json!({"scopes": ["Jeton.Admin.Role"]})).await.expect(200);
    let (status, answer) = begun.end().await;
    assert_eq!(status, 403, "{answer}");
    let listed =
        authority.get(&admin, &format!("/api/v1/role-bindings?subject_type=user&subject={alice}")).await;
    assert_eq!(listed.expect(200).body["items"], json!([]));
}

async fn of_two_administrators_who_unbind_each_other_one_stays(authority: Authority) {
    let admin = authority.admin().await;
    let of_admin = "/api/v1/role-bindings?role=Admin&subject_type=user&subject=admin";
    for round in 0..4 {
        let deputy = authority.person("deputy").await;
        let theirs = authority.bind("Admin", user(&deputy.name), "*").await;
        let listed = authority.get(&admin, of_admin).await.expect(200).body;
        let mine = listed["items"][0]["id"].as_str().unwrap().to_owned();
        let path = |id: &str| format!("/api/v1/role-bindings/{id}");
        let (theirs, mine) = (path(&theirs), path(&mine));
        let (one, two) =
            tokio::join!(authority.delete(&admin, &theirs), authority.delete(&deputy.session, &mine));
        assert!((one.status == 204) != (two.status == 204), "round {round}: {} {}", one.text, two.text);
        if two.status == 204 {
            authority.bind_as(&deputy.session, "Admin", user("admin"), "*").await.expect(201);
            authority.delete(&admin, &theirs).await.expect(204);
        }
    }
}

/// With one administrator by a binding of a group, each door that could take that away refuses.
async fn of_all_ways_to_lose_the_last_administrator_none_is_left(authority: Authority) {
    let admin = authority.admin().await;
    let group = authority.group("admins", &["admin"]).await;
    let role = authority.role("all", &["*"]).await;
    let by_group = authority.bind(&role, subject("group", &group), "*").await;
    let account = authority.account("root", "default").await;
    authority.bind("Admin", subject("service_account", &account), "*").await;
    let of_admin = "/api/v1/role-bindings?role=Admin&subject_type=user&subject=admin";
    let listed = authority.get(&admin, of_admin).await.expect(200).body;
    authority.unbind(listed["items"][0]["id"].as_str().unwrap()).await;
    authority.person("alice").await;
    for dry in ["", "?dry_run=true"] {
        for (method, path, body) in [
            (Method::DELETE, format!("/api/v1/role-bindings/{by_group}"), Value::Null),
            (Method::PATCH, format!("/api/v1/groups/{group}"), json!({"remove": [user("admin")]})),
            (Method::PUT, format!("/api/v1/groups/{group}"), json!({"members": []})),
            (Method::DELETE, format!("/api/v1/groups/{group}"), Value::Null),
            (Method::PUT, format!("/api/v1/roles/{role}"), json!({"scopes": ["Jeton.*"]})),
            (Method::PATCH, format!("/api/v1/roles/{role}"), json!({"scopes": ["Taskurai.*", "Jeton.*"]})),
        ] {
            let answer = authority.call(&admin, method.clone(), &format!("{path}{dry}"), body).await;
            assert_eq!(answer.body["code"], "last_administrator", "{method} {path}: {}", answer.text);
            answer.refused(409, "last_administrator");
        }
    }
    authority
        .patch(&admin, "/api/v1/users/admin", json!({"disabled": true}))
        .await
        .refused(409, "last_administrator");
    authority.delete(&admin, "/api/v1/users/admin").await.refused(409, "last_administrator");
    // A disabled administrator is none, and neither is one of a single organization.
    let deputy = authority.person("deputy").await.name;
    authority.bind("Admin", user(&deputy), "default/*").await;
    let remove = json!({"remove": [user("admin")]});
    let path = format!("/api/v1/groups/{group}");
    authority.patch(&admin, &path, remove.clone()).await.refused(409, "last_administrator");
    authority.bind("Admin", user(&deputy), "*").await;
    authority.patch(&admin, &format!("/api/v1/users/{deputy}"), json!({"disabled": true})).await.expect(200);
    authority.patch(&admin, &path, remove.clone()).await.refused(409, "last_administrator");
    authority.patch(&admin, &format!("/api/v1/users/{deputy}"), json!({"disabled": false})).await.expect(200);
    authority.patch(&admin, &path, remove).await.expect(200);
    authority.get(&admin, "/api/v1/users").await.refused(403, "insufficient_scope");
}
