//! `/api/v1/organizations/{organization}/projects`

use reqwest::Method;
use serde_json::{Value, json};

use super::assert_same;
use crate::support::rights::user;
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_project_is_made_once_shown_changed_and_removed,
        a_dry_run_of_a_project_changes_nothing,
        projects_of_two_organizations_share_names,
        project_names_and_fields_are_checked,
        attack_06_a_private_project_is_not_there_for_others,
        projects_are_listed_as_far_as_one_sees_them,
        a_project_goes_with_its_pipelines_and_bindings,
        an_organizations_administrator_keeps_its_projects_and_no_others,
        of_those_that_make_the_same_project_one_does;
}

async fn a_project_is_made_once_shown_changed_and_removed(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let path = firm.path("/projects/Web Shop");
    let made = authority.put(&admin, &path, json!({})).await.expect(201).body;
    let expected = json!({
        "id": made["id"], "number": made["number"], "name": "Web Shop", "organization": firm.name,
        "visibility": "private", "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(authority.get(&admin, &path).await.expect(200).body, made);
    assert_eq!(authority.get(&admin, &firm.path("/projects/web%20SHOP")).await.expect(200).body, made);
    assert_eq!(authority.put(&admin, &path, json!({})).await.expect(200).body, made);

    let public = authority.put(&admin, &path, json!({"visibility": "public"})).await.expect(200).body;
    assert_eq!((&public["id"], &public["visibility"]), (&made["id"], &json!("public")));
    let other_case = firm.path("/projects/WEB SHOP");
    let back = authority.patch(&admin, &other_case, json!({"visibility": "private"})).await.expect(200).body;
    assert_eq!(back, made, "a name keeps its case until somebody renames");
    let back = authority.put(&admin, &other_case, json!({"visibility": "public"})).await.expect(200).body;
    assert_eq!(back["name"], "Web Shop");

    let renamed = authority.patch(&admin, &path, json!({"name": "Shop"})).await.expect(200).body;
    assert_eq!((&renamed["id"], &renamed["name"]), (&made["id"], &json!("Shop")));
    assert_eq!(renamed["visibility"], "public");
    authority.get(&admin, &path).await.refused(404, "not_found");
    let path = firm.path("/projects/Shop");
    authority.delete(&admin, &path).await.expect(204);
    authority.delete(&admin, &path).await.refused(404, "not_found");
    let again = authority.put(&admin, &path, json!({})).await.expect(201).body;
    assert_ne!(again["id"], made["id"], "a name made again is another project");
    assert_eq!(again["visibility"], "private");
}

async fn a_dry_run_of_a_project_changes_nothing(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let path = firm.path("/projects/web");
    let dry = format!("{path}?dry_run=true");
    authority.put(&admin, &dry, json!({})).await.expect(204);
    authority.get(&admin, &path).await.refused(404, "not_found");
    authority.delete(&admin, &dry).await.refused(404, "not_found");
    let made = authority.put(&admin, &path, json!({})).await.expect(201).body;
    authority.put(&admin, &dry, json!({})).await.expect(204);
    authority.put(&admin, &dry, json!({"visibility": "public"})).await.expect(204);
    authority.delete(&admin, &dry).await.expect(204);
    assert_eq!(authority.get(&admin, &path).await.expect(200).body, made);
}

async fn projects_of_two_organizations_share_names(authority: Authority) {
    let (admin, one, two) = (authority.admin().await, authority.firm().await, authority.firm().await);
    let first = authority.put(&admin, &one.path("/projects/web"), json!({})).await.expect(201).body;
    let second = authority.put(&admin, &two.path("/projects/WEB"), json!({})).await.expect(201).body;
    assert_ne!(first["id"], second["id"]);
    authority.put(&admin, &one.path("/projects/api"), json!({})).await.expect(201);
    let taken = authority.patch(&admin, &one.path("/projects/api"), json!({"name": "Web"})).await;
    taken.refused(409, "name_taken");
}

async fn project_names_and_fields_are_checked(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let path = |name: &str| firm.path(&format!("/projects/{name}"));
    for wrong in ["*", "-a", "a%2Fb", "%D0%B0", "a%20"] {
        authority.put(&admin, &path(wrong), json!({})).await.invalid("name", "invalid_field");
        authority.get(&admin, &path(wrong)).await.refused(404, "not_found");
        authority.delete(&admin, &path(wrong)).await.refused(404, "not_found");
    }
    authority.put(&admin, &path("web"), json!({"visibility": "secret"})).await.refused(422, "invalid_field");
    authority.put(&admin, &path("web"), json!({"visibility": null})).await.refused(422, "invalid_field");
    authority.put(&admin, &path("web"), json!({"owner": "me"})).await.invalid("/owner", "unknown_field");
    authority.get(&admin, &path("web")).await.refused(404, "not_found");
    authority.put(&admin, &path("web"), json!({})).await.expect(201);
    authority
        .patch(&admin, &path("web"), json!({"organization": "x"}))
        .await
        .invalid("/organization", "unknown_field");
    authority.patch(&admin, &path("web"), json!({"name": "a/b"})).await.invalid("/name", "invalid_field");
}

/// `GET`, `PUT`, `PATCH` and `DELETE` of a private project answer like those of a name that nobody ever used.
async fn attack_06_a_private_project_is_not_there_for_others(authority: Authority) {
    let firm = authority.firm().await;
    let secret = authority.project(&firm, "secret", "private").await;
    let open = authority.project(&firm, "open", "public").await;
    let random = fresh("nothing");
    let alice = authority.person("alice").await;
    // A right at one project shows its organization, the public projects, and nothing of the private ones.
    let mine = authority.project(&firm, "mine", "private").await;
    authority.bind("ProjectAdmin", user(&alice.name), &firm.at(&mine)).await;
    authority.get(&alice.session, &firm.path(&format!("/projects/{mine}"))).await.expect(200);
    let shown = authority.get(&alice.session, &firm.path(&format!("/projects/{open}"))).await.expect(200);
    assert_eq!(shown.body["visibility"], "public");
    let pipelines = [
        (Method::GET, "/pipelines", Value::Null),
        (Method::GET, "/pipelines/x", Value::Null),
        (Method::PUT, "/pipelines/x", json!({"kind": "yaml"})),
        (Method::PATCH, "/pipelines/x", json!({"kind": "yaml"})),
        (Method::DELETE, "/pipelines/x", Value::Null),
    ];
    let calls = [
        (Method::GET, "", Value::Null),
        (Method::PUT, "", json!({})),
        (Method::PUT, "", json!({"visibility": "public"})),
        (Method::PATCH, "", json!({"name": "x"})),
        (Method::DELETE, "", Value::Null),
        (Method::DELETE, "?dry_run=true", Value::Null),
    ];
    for (method, rest, body) in calls.into_iter().chain(pipelines) {
        let to = |name: &str| firm.path(&format!("/projects/{name}{rest}"));
        let there = authority.call(&alice.session, method.clone(), &to(&secret), body.clone()).await;
        let nowhere = authority.call(&alice.session, method.clone(), &to(&random), body.clone()).await;
        assert_same(&there, &nowhere, &format!("{method} {rest}"));
        assert!([403, 404].contains(&there.status), "{method} {rest}: {}", there.text);
        if method != Method::GET {
            let public = authority.call(&alice.session, method, &to(&open), body).await;
            assert!([403, 404].contains(&public.status), "{}", public.text);
        }
    }
    // The same by name in other calls: a limit of a token, a binding, a filter, a policy, an explanation.
    let token = async |name: &str| {
        let body = json!({"scopes": ["*"], "projects": [firm.at(name)]});
        let answer = authority.token(&alice.session, body).await;
        answer.expect(422).without_request_id().replace(name, "NAME")
    };
    assert_eq!(token(&secret).await, token(&random).await);
    let bind = async |name: &str| {
        let answer = authority.bind_as(&alice.session, "JobRunner", user(&alice.name), &firm.at(name)).await;
        answer.refused(422, "unknown_name").without_request_id().replace(name, "NAME")
    };
    assert_eq!(bind(&secret).await, bind(&random).await);
    for path in ["/api/v1/role-bindings?place=PLACE", "/api/v1/policies/PLACE"] {
        let get = async |name: &str| {
            let place = firm.at(name).replace('/', "%2F");
            let answer = authority.get(&alice.session, &path.replace("PLACE", &place)).await;
            (answer.status, answer.text.replace(answer.header("x-request-id"), ""))
        };
        assert_eq!(get(&secret).await, get(&random).await, "{path}");
    }
    let pat = authority.pat(&alice.session, &["*"]).await;
    let explain = async |name: &str| {
        let body = json!({"token_id": pat.id, "scope": firm.scope("Task.Read"), "resource": firm.at(name)});
        let answer = authority.post(&alice.session, "/api/v1/explain", body).await;
        (answer.status, answer.text.replace(answer.header("x-request-id"), "").replace(name, "NAME"))
    };
    assert_eq!(explain(&secret).await, explain(&random).await);
}

async fn projects_are_listed_as_far_as_one_sees_them(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let mut all = Vec::new();
    for at in 0..5 {
        let visibility = if at % 2 == 0 { "private" } else { "public" };
        all.insert(0, authority.project(&firm, "web", visibility).await);
    }
    let names = async |secret: &str| {
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let path = firm.path(&format!("/projects?page_size=2{token}"));
            let page = authority.get(secret, &path).await.expect(200).body;
            let items = page["items"].as_array().unwrap();
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            match page["next_page_token"].as_str() {
                Some(next) => token = format!("&page_token={next}"),
                None => return names,
            }
        }
    };
    assert_eq!(names(&admin).await, all);
    let alice = authority.person("alice").await;
    authority.bind("Auditor", user(&alice.name), &firm.at(&all[4])).await;
    let seen = [all[1].clone(), all[3].clone(), all[4].clone()];
    assert_eq!(names(&alice.session).await, seen, "the public ones and one's own");
    authority.get(&admin, &firm.path("/projects?visibility=public")).await.refused(422, "unknown_field");
}

async fn a_project_goes_with_its_pipelines_and_bindings(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let project = authority.project(&firm, "web", "private").await;
    let path = firm.path(&format!("/projects/{project}"));
    authority.put(&admin, &format!("{path}/pipelines/ci"), json!({"kind": "yaml"})).await.expect(201);
    let alice = authority.person("alice").await;
    let binding = authority.bind("ProjectAdmin", user(&alice.name), &firm.at(&project)).await;
    let kept = authority.bind("Auditor", user(&alice.name), &firm.all()).await;
    authority.delete(&alice.session, &path).await.expect(204);
    let binding = format!("/api/v1/role-bindings/{binding}");
    authority.get(&admin, &binding).await.refused(404, "not_found");
    authority.get(&admin, &format!("/api/v1/role-bindings/{kept}")).await.expect(200);
    authority.put(&admin, &path, json!({})).await.expect(201);
    authority.get(&admin, &format!("{path}/pipelines/ci")).await.refused(404, "not_found");
    authority
        .put(&alice.session, &path, json!({"visibility": "public"}))
        .await
        .refused(403, "insufficient_scope");
    let bindings = format!("/api/v1/role-bindings?place={}", firm.at(&project).replace('/', "%2F"));
    assert_eq!(authority.get(&admin, &bindings).await.expect(200).body["items"], json!([]));
}

async fn an_organizations_administrator_keeps_its_projects_and_no_others(authority: Authority) {
    let (mine, other) = (authority.firm().await, authority.firm().await);
    let keeper = authority.person("keeper").await;
    authority.bind("OrganizationAdmin", user(&keeper.name), &mine.all()).await;
    let path = mine.path("/projects/web");
    authority.put(&keeper.session, &path, json!({})).await.expect(201);
    authority.patch(&keeper.session, &path, json!({"visibility": "public"})).await.expect(200);
    authority.delete(&keeper.session, &path).await.expect(204);
    authority.put(&keeper.session, &other.path("/projects/web"), json!({})).await.refused(404, "not_found");

    let project = authority.project(&mine, "web", "private").await;
    let guard = authority.person("guard").await;
    authority.bind("ProjectAdmin", user(&guard.name), &mine.at(&project)).await;
    let path = mine.path(&format!("/projects/{project}"));
    authority.patch(&guard.session, &path, json!({"visibility": "public"})).await.expect(200);
    let more = mine.path("/projects/more");
    authority.put(&guard.session, &more, json!({})).await.refused(403, "insufficient_scope");
    authority.delete(&guard.session, &path).await.expect(204);
    authority.put(&guard.session, &path, json!({})).await.refused(404, "not_found");
}

async fn of_those_that_make_the_same_project_one_does(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let path = firm.path("/projects/web");
    let make = || authority.put(&admin, &path, json!({}));
    let answers = futures_util::future::join_all((0..12).map(|_| make())).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[..11], [200; 11]);
    assert_eq!(statuses[11], 201);
    // An organization is not removed under a project that is being made.
    let empty = authority.firm().await;
    authority.delete(&admin, &format!("/api/v1/apis/{}", empty.api_name)).await.expect(204);
    let (project, whole) = (empty.path("/projects/web"), empty.path(""));
    let (put, removed) =
        tokio::join!(authority.put(&admin, &project, json!({})), authority.delete(&admin, &whole));
    match (put.status, removed.status) {
        (201, 409) => drop(removed.refused(409, "not_empty")),
        (404, 204) => {}
        other => panic!("{other:?}: {} {}", put.text, removed.text),
    }
}
