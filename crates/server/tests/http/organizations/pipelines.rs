//! `/api/v1/organizations/{organization}/projects/{project}/pipelines`

use serde_json::json;

use crate::support::Authority;
use crate::support::rights::user;

on_both! {
    shared:
        a_pipeline_is_made_replaced_changed_and_removed,
        pipeline_fields_are_checked,
        pipelines_are_listed_newest_first_page_by_page,
        whoever_sees_a_project_sees_its_pipelines_and_its_administrators_change_them;
}

async fn a_pipeline_is_made_replaced_changed_and_removed(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let project = authority.project(&firm, "web", "private").await;
    let all = firm.path(&format!("/projects/{project}/pipelines"));
    let path = format!("{all}/Nightly build");
    let dry = format!("{path}?dry_run=true");
    let body =
        json!({"kind": "classic_build", "job_authorization_scope": "organization", "timeout_minutes": 90});
    authority.put(&admin, &dry, body.clone()).await.expect(204);
    authority.get(&admin, &path).await.refused(404, "not_found");
    let made = authority.put(&admin, &path, body.clone()).await.expect(201).body;
    let expected = json!({
        "id": made["id"], "number": made["number"], "name": "Nightly build", "project": firm.at(&project),
        "kind": "classic_build", "job_authorization_scope": "organization", "timeout_minutes": 90,
        "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(authority.put(&admin, &path, body.clone()).await.expect(200).body, made);
    let upper = format!("{all}/NIGHTLY BUILD");
    assert_eq!(authority.get(&admin, &upper).await.expect(200).body, made);
    assert_eq!(authority.put(&admin, &upper, body).await.expect(200).body, made, "a name keeps its case");
    assert_eq!(
        authority.patch(&admin, &upper, json!({})).await.expect(200).body,
        made,
        "a name keeps its case"
    );

    let patched = authority.patch(&admin, &path, json!({"timeout_minutes": 5})).await.expect(200).body;
    assert_eq!(patched["timeout_minutes"], 5);
    assert_eq!(patched["job_authorization_scope"], "organization", "what a PATCH does not say stays");
    let replaced = authority.put(&admin, &path, json!({"kind": "yaml"})).await.expect(200).body;
    assert_eq!(replaced["timeout_minutes"], json!(null), "what a PUT does not say goes");
    assert_eq!((&replaced["id"], &replaced["kind"]), (&made["id"], &json!("yaml")));

    authority.put(&admin, &format!("{all}/other"), json!({"kind": "release"})).await.expect(201);
    authority.patch(&admin, &path, json!({"name": "OTHER"})).await.refused(409, "name_taken");
    let renamed = authority.patch(&admin, &path, json!({"name": "nightly"})).await.expect(200).body;
    assert_eq!((&renamed["id"], &renamed["name"]), (&made["id"], &json!("nightly")));
    let path = format!("{all}/nightly");
    authority.delete(&admin, &format!("{path}?dry_run=true")).await.expect(204);
    authority.delete(&admin, &path).await.expect(204);
    authority.delete(&admin, &path).await.refused(404, "not_found");
    let again = authority.put(&admin, &path, json!({"kind": "yaml"})).await.expect(201).body;
    assert_ne!(again["id"], made["id"]);
}

async fn pipeline_fields_are_checked(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let project = authority.project(&firm, "web", "private").await;
    let path = firm.path(&format!("/projects/{project}/pipelines/ci"));
    for body in [
        json!({}),
        json!({"kind": "bash"}),
        json!({"kind": null}),
        json!({"kind": "yaml", "job_authorization_scope": "everything"}),
        json!({"kind": "yaml", "timeout_minutes": "5"}),
        json!({"kind": "yaml", "timeout_minutes": 1.5}),
    ] {
        authority.put(&admin, &path, body).await.refused(422, "invalid_field");
    }
    for minutes in [0, -1, 43_201, i64::MAX] {
        let body = json!({"kind": "yaml", "timeout_minutes": minutes});
        authority.put(&admin, &path, body).await.invalid("/timeout_minutes", "invalid_field");
    }
    authority.put(&admin, &path, json!({"kind": "yaml", "x": 1})).await.invalid("/x", "unknown_field");
    authority.get(&admin, &path).await.refused(404, "not_found");
    for wrong in ["-a", "a%2Fb", "*"] {
        let path = firm.path(&format!("/projects/{project}/pipelines/{wrong}"));
        authority.put(&admin, &path, json!({"kind": "yaml"})).await.invalid("name", "invalid_field");
        authority.get(&admin, &path).await.refused(404, "not_found");
    }
}

async fn pipelines_are_listed_newest_first_page_by_page(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let project = authority.project(&firm, "web", "private").await;
    let all = firm.path(&format!("/projects/{project}/pipelines"));
    for name in ["one", "two", "three"] {
        authority.put(&admin, &format!("{all}/{name}"), json!({"kind": "yaml"})).await.expect(201);
    }
    let first = authority.get(&admin, &format!("{all}?page_size=2")).await.expect(200).body;
    assert_eq!((&first["items"][0]["name"], &first["items"][1]["name"]), (&json!("three"), &json!("two")));
    let next = first["next_page_token"].as_str().unwrap();
    authority.put(&admin, &format!("{all}/four"), json!({"kind": "yaml"})).await.expect(201);
    let path = format!("{all}?page_size=2&page_token={next}");
    let second = authority.get(&admin, &path).await.expect(200).body;
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!((&second["items"][0]["name"], &second["next_page_token"]), (&json!("one"), &json!(null)));
}

async fn whoever_sees_a_project_sees_its_pipelines_and_its_administrators_change_them(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let (mine, open) =
        (authority.project(&firm, "mine", "private").await, authority.project(&firm, "open", "public").await);
    let guard = authority.person("guard").await;
    authority.bind("ProjectAdmin", user(&guard.name), &firm.at(&mine)).await;
    let path = |project: &str| firm.path(&format!("/projects/{project}/pipelines/ci"));
    authority.put(&guard.session, &path(&mine), json!({"kind": "yaml"})).await.expect(201);
    authority.put(&admin, &path(&open), json!({"kind": "yaml"})).await.expect(201);
    authority.get(&guard.session, &path(&open)).await.expect(200);
    let kind = json!({"kind": "release"});
    authority.put(&guard.session, &path(&open), kind.clone()).await.refused(403, "insufficient_scope");
    authority.patch(&guard.session, &path(&open), kind.clone()).await.refused(403, "insufficient_scope");
    authority.delete(&guard.session, &path(&open)).await.refused(403, "insufficient_scope");
    authority.patch(&guard.session, &path(&mine), kind).await.expect(200);
    authority.delete(&guard.session, &path(&mine)).await.expect(204);
    let auditor = authority.person("auditor").await;
    authority.bind("Auditor", user(&auditor.name), &firm.at(&mine)).await;
    authority
        .put(&auditor.session, &path(&mine), json!({"kind": "yaml"}))
        .await
        .refused(403, "insufficient_scope");
}
