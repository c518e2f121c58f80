//! `/api/v1/organizations` and what lies in them.

mod pipelines;
mod projects;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::rights::user;
use crate::support::{Authority, fresh};

on_both! {
    alone:
        organizations_are_listed_newest_first_page_by_page;
    shared:
        an_organization_is_made_once_shown_renamed_and_removed,
        a_dry_run_of_an_organization_changes_nothing,
        names_differ_by_more_than_case_and_follow_their_rules,
        an_organization_with_something_in_it_stays,
        attack_06_an_organization_that_one_has_nothing_to_do_with_is_not_there,
        only_those_who_administer_organizations_do,
        of_two_that_make_the_same_organization_one_does;
}

fn path(name: &str) -> String {
    format!("/api/v1/organizations/{name}")
}

async fn an_organization_is_made_once_shown_renamed_and_removed(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("Acme Corp. (EU)_"));
    let made = authority.put(&admin, &path(&name), json!({})).await.expect(201).body;
    let expected = json!({
        "id": made["id"], "number": made["number"], "name": name, "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, made);
    assert_eq!(authority.get(&admin, &path(&name.to_uppercase())).await.expect(200).body, made);
    assert_eq!(authority.put(&admin, &path(&name), json!({})).await.expect(200).body, made);
    assert_eq!(authority.put(&admin, &path(&name.to_uppercase()), json!({})).await.expect(200).body, made);
    assert_eq!(authority.patch(&admin, &path(&name), json!({})).await.expect(200).body, made);

    let new = fresh("Acme");
    let renamed = authority.patch(&admin, &path(&name), json!({ "name": new })).await.expect(200).body;
    assert_eq!((&renamed["id"], &renamed["name"]), (&made["id"], &json!(new)));
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    let lower = json!({"name": new.to_lowercase()});
    let renamed = authority.patch(&admin, &path(&new), lower).await.expect(200).body;
    assert_eq!(renamed["name"], new.to_lowercase(), "only the case changed");

    authority.delete(&admin, &path(&new)).await.expect(204);
    authority.delete(&admin, &path(&new)).await.refused(404, "not_found");
    authority.get(&admin, &path(&new)).await.refused(404, "not_found");
    authority.patch(&admin, &path(&new), json!({})).await.refused(404, "not_found");
    let again = authority.put(&admin, &path(&new), json!({})).await.expect(201).body;
    assert_ne!(again["id"], made["id"], "a name made again is another organization");
}

async fn a_dry_run_of_an_organization_changes_nothing(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("acme"));
    let dry = format!("{}?dry_run=true", path(&name));
    assert_eq!(authority.put(&admin, &dry, json!({})).await.expect(204).text, "");
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    authority.delete(&admin, &dry).await.refused(404, "not_found");
    let made = authority.put(&admin, &format!("{}?dry_run=false", path(&name)), json!({})).await.expect(201);
    authority.put(&admin, &dry, json!({})).await.expect(204);
    authority.delete(&admin, &dry).await.expect(204);
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, made.body);
    let alice = authority.person("alice").await;
    let other = format!("{}?dry_run=true", path(&fresh("other")));
    authority.put(&alice.session, &other, json!({})).await.refused(403, "insufficient_scope");
    for query in ["dry_run=maybe", "dry_run=", "dry_run=1", "dry-run=true", "force=true"] {
        let answer = authority.put(&admin, &format!("{}?{query}", path(&name)), json!({})).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text);
    }
}

async fn names_differ_by_more_than_case_and_follow_their_rules(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("Acme"));
    authority.put(&admin, &path(&name), json!({})).await.expect(201);
    let other = authority.organization("other").await;
    let body = json!({"name": name.to_uppercase()});
    authority.patch(&admin, &path(&other), body).await.refused(409, "name_taken");
    let long = "x".repeat(65);
    for wrong in [
        "%20a",
        "a%20",
        "-a",
        ".a",
        "_a",
        "(a)",
        "*",
        "a%2Fb",
        "a*",
        "%D0%B0cme",
        "a%09b",
        "a%00",
        "caf%C3%A9",
        "a:b",
        "a'b",
        "a%22b",
        "a%25",
        "%EF%BC%A1",
        long.as_str(),
    ] {
        authority.put(&admin, &path(wrong), json!({})).await.invalid("name", "invalid_field");
        authority.get(&admin, &path(wrong)).await.refused(404, "not_found");
        authority.patch(&admin, &path(wrong), json!({})).await.refused(404, "not_found");
        authority.delete(&admin, &path(wrong)).await.refused(404, "not_found");
    }
    for wrong in [json!(""), json!("a/b"), json!("*"), json!(" "), json!("a\n"), json!(long), json!("а")] {
        authority
            .patch(&admin, &path(&other), json!({"name": wrong}))
            .await
            .invalid("/name", "invalid_field");
    }
    for wrong in [json!(null), json!(1), json!(["a"]), json!({})] {
        authority.patch(&admin, &path(&other), json!({"name": wrong})).await.refused(422, "invalid_field");
    }
    authority.patch(&admin, &path(&other), json!({"id": "x"})).await.invalid("/id", "unknown_field");
    authority.put(&admin, &path(&other), json!({"name": "x"})).await.invalid("/name", "unknown_field");
    authority.put(&admin, &path(&other), json!([])).await.refused(422, "invalid_field");
    authority.get(&admin, &format!("{}?verbose=1", path(&other))).await.refused(422, "unknown_field");
}

async fn an_organization_with_something_in_it_stays(authority: Authority) {
    let admin = authority.admin().await;
    let firm = authority.firm().await;
    let project = authority.project(&firm, "web", "private").await;
    let account = authority.account("ci", &firm.name).await;
    let paths = [
        firm.path(&format!("/projects/{project}")),
        format!("/api/v1/service-accounts/{account}"),
        format!("/api/v1/apis/{}", firm.api_name),
    ];
    for path in paths {
        let dry = format!("{}?dry_run=true", firm.path(""));
        authority.delete(&admin, &firm.path("")).await.refused(409, "not_empty");
        authority.delete(&admin, &dry).await.refused(409, "not_empty");
        authority.delete(&admin, &path).await.expect(204);
    }
    authority.delete(&admin, &firm.path("")).await.expect(204);
}

async fn attack_06_an_organization_that_one_has_nothing_to_do_with_is_not_there(authority: Authority) {
    let firm = authority.firm().await;
    let project = authority.project(&firm, "web", "private").await;
    authority.project(&firm, "open", "public").await;
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let random = fresh("nothing");
    let calls = [
        (Method::GET, "", Value::Null),
        (Method::PATCH, "", json!({"name": "mine"})),
        (Method::PUT, "", json!({})),
        (Method::DELETE, "", Value::Null),
        (Method::GET, "/projects", Value::Null),
        (Method::GET, "/projects/PROJECT", Value::Null),
        (Method::PUT, "/projects/PROJECT", json!({"visibility": "public"})),
        (Method::PATCH, "/projects/PROJECT", json!({"visibility": "public"})),
        (Method::DELETE, "/projects/PROJECT", Value::Null),
        (Method::GET, "/projects/PROJECT/pipelines", Value::Null),
        (Method::PUT, "/projects/PROJECT/pipelines/x", json!({"kind": "yaml"})),
    ];
    for (method, rest, body) in calls {
        let rest = rest.replace("PROJECT", &project);
        let to = |name: &str| format!("{}{rest}", path(name));
        let there = authority.call(&alice.session, method.clone(), &to(&firm.name), body.clone()).await;
        let nowhere = authority.call(&alice.session, method.clone(), &to(&random), body).await;
        assert_same(&there, &nowhere, &format!("{method} {rest}"));
        assert!([403, 404].contains(&there.status), "{method} {rest}: {}", there.text);
    }
    let listed = authority.get(&alice.session, "/api/v1/organizations?page_size=1000").await.expect(200);
    assert!(!listed.text.contains(&firm.name));
    // Whoever has anything to do with a project of it knows the organization.
    authority.bind("Auditor", user(&bob.name), &firm.at(&project)).await;
    authority.get(&bob.session, &firm.path("")).await.expect(200);
    let listed = authority.get(&bob.session, "/api/v1/organizations?page_size=1000").await.expect(200);
    assert!(listed.text.contains(&firm.name));
    authority
        .patch(&bob.session, &firm.path(""), json!({"name": "x"}))
        .await
        .refused(403, "insufficient_scope");
    authority.put(&bob.session, &firm.path(""), json!({})).await.refused(403, "insufficient_scope");
    authority.delete(&bob.session, &firm.path("")).await.refused(403, "insufficient_scope");
}

/// Nobody can tell the two answers apart.
#[track_caller]
pub(crate) fn assert_same(one: &Answer, other: &Answer, what: &str) {
    assert_eq!(one.status, other.status, "{what}: {} | {}", one.text, other.text);
    assert_eq!(one.without_request_id(), other.without_request_id(), "{what}");
    assert_eq!(one.steady_headers(), other.steady_headers(), "{what}");
}

async fn only_those_who_administer_organizations_do(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let keeper = authority.person("keeper").await;
    let binding = authority.bind("OrganizationAdmin", user(&keeper.name), &firm.all()).await;
    let auditor = authority.person("auditor").await;
    authority.bind("Auditor", user(&auditor.name), "*").await;
    let narrow = authority.pat(&admin, &["Jeton.Admin.User", "Jeton.Token.*"]).await;
    for secret in [&keeper.session, &auditor.session, &narrow.secret, &authority.api().await] {
        let answer = authority.put(secret, &path(&fresh("more")), json!({})).await;
        assert_eq!(
            answer.refused(403, "insufficient_scope").body["missing_scope"],
            "Jeton.Admin.Organization"
        );
    }
    authority.get(&auditor.session, &firm.path("")).await.expect(200);
    authority.patch(&auditor.session, &firm.path(""), json!({})).await.refused(403, "insufficient_scope");
    authority.delete(&auditor.session, &firm.path("")).await.refused(403, "insufficient_scope");
    let renamed = fresh("firm");
    authority.patch(&keeper.session, &firm.path(""), json!({ "name": renamed })).await.expect(200);
    authority.get(&keeper.session, &path(&renamed)).await.expect(200);
    authority.unbind(&binding).await;
    authority.get(&keeper.session, &path(&renamed)).await.refused(404, "not_found");
}

async fn organizations_are_listed_newest_first_page_by_page(authority: Authority) {
    let admin = authority.admin().await;
    let mut expected = vec!["default".to_owned()];
    for _ in 0..4 {
        expected.insert(0, authority.organization("org").await);
    }
    let (mut names, mut token) = (Vec::new(), String::new());
    for round in 0.. {
        let page = authority
            .get(&admin, &format!("/api/v1/organizations?page_size=2{token}"))
            .await
            .expect(200)
            .body;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        assert!(items.len() <= 2 && round < 5);
        if round == 0 {
            // What comes and goes meanwhile shifts nothing.
            authority.organization("late").await;
            authority.delete(&admin, &path(&names[0])).await.expect(204);
        }
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => break,
        }
    }
    assert_eq!(names, expected);
    for query in ["page_size=0", "page_size=1001", "page_token=x", "page_token=", "page_token=1e3"] {
        let answer = authority.get(&admin, &format!("/api/v1/organizations?{query}")).await;
        answer.refused(422, "invalid_field");
    }
    authority.get(&admin, "/api/v1/organizations?name=x").await.refused(422, "unknown_field");
}

async fn of_two_that_make_the_same_organization_one_does(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("twice"));
    let upper = name.to_uppercase();
    for _ in 0..3 {
        let (lower, upper) = (path(&name), path(&upper));
        let (one, two, three) = tokio::join!(
            authority.put(&admin, &lower, json!({})),
            authority.put(&admin, &upper, json!({})),
            authority.put(&admin, &lower, json!({})),
        );
        let mut statuses = [one.status, two.status, three.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 201], "{} {} {}", one.text, two.text, three.text);
        assert_eq!(one.body["id"], two.body["id"]);
        authority.delete(&admin, &path(&name)).await.expect(204);
    }
}
