//! What somebody tries with the trust of a pipeline: with an identity, with a job, and with a right to look after jobs.

use serde_json::{Value, json};

use super::pipelines::{Trusting, trust_path};
use super::{exchange, refused};
use crate::support::rights::{subject, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        attack_08_an_identity_that_is_not_meant_starts_no_job,
        attack_33_a_job_from_a_trust_leaves_its_project_by_no_setting,
        attack_33_jobs_that_share_an_account_do_not_reach_each_other,
        attack_33_a_job_from_a_trust_makes_no_tokens_whatever_its_account_may,
        attack_03_nobody_opens_a_door_that_they_could_not_go_through,
        whoever_looks_after_jobs_or_reads_the_audit_sees_the_trusts;
}

async fn attack_08_an_identity_that_is_not_meant_starts_no_job(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let past = it.claims()["iat"].as_i64().unwrap() - 3600;
    for (claim, value) in [
        ("repository", json!(format!("{}-fork", it.repository))),
        ("repository", json!([it.repository])),
        ("repository", Value::Null),
        ("ref", json!("refs/heads/feature")),
        ("ref", json!("refs/pull/7/merge")),
        ("ref", json!("refs/heads/main2")),
        ("aud", json!("https://somewhere-else.example")),
        ("iss", json!("https://issuer.example")),
        ("exp", json!(past)),
    ] {
        let mut claims = it.claims();
        claims[claim] = value;
        let identity = it.issuer.sign(&claims);
        refused(it.show(&authority, &identity).await, "invalid_grant");
        refused(exchange(&authority, &identity, &[]).await, "invalid_grant");
    }
    let identity = it.identity();
    let (head, _) = identity.rsplit_once('.').unwrap();
    refused(it.show(&authority, &format!("{head}.AAAA")).await, "invalid_grant");
    let jobs = format!("/api/v1/jobs?organization={}", it.works.firm.name);
    let listed = authority.get(&authority.admin().await, &jobs).await.expect(200).body;
    assert_eq!(listed["items"], json!([]));
    it.show(&authority, &identity).await.expect(200);
    let again = refused(it.show(&authority, &identity).await, "invalid_grant");
    assert!(again.text.contains("exchanged before"), "{}", again.text);
}

async fn attack_33_a_job_from_a_trust_leaves_its_project_by_no_setting(authority: Authority) {
    let pipeline = json!({"kind": "classic_build", "job_authorization_scope": "organization"});
    let Some(it) = Trusting::new(&authority, pipeline).await else { return };
    authority.say(&it.works, json!({"limit_non_release": false, "limit_forks": false})).await;
    let (job, token) = it.job(&authority).await;
    let shown = it.shown(&authority, &job).await;
    assert_eq!((&shown["authorization_scope"], &shown["decided_by"]), (&json!("project"), &json!("runner")));
    assert_eq!(shown["service_account"], it.works.account());
    let other = authority.project(&it.works.firm, "other", "private").await;
    authority.give(&it.works, &it.works.account(), &it.works.firm.all()).await;
    for (project, allowed) in [(&it.works.project, true), (&other, false)] {
        let told = authority.reads(&it.works, &token, &it.works.firm.at(project)).await;
        assert_eq!(told["allowed"], allowed, "{project}: {told}");
    }
}

async fn attack_33_jobs_that_share_an_account_do_not_reach_each_other(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let ((own, token), (sibling, other)) = (it.job(&authority).await, it.job(&authority).await);
    let path = format!("/api/v1/jobs/{sibling}");
    authority.get(&token, &path).await.refused(404, "not_found");
    for verb in ["finish", "renew"] {
        let answer = authority.post(&token, &format!("{path}/{verb}"), json!({})).await;
        answer.refused(404, "not_found");
    }
    let listed = authority.get(&token, "/api/v1/jobs").await.expect(200).body;
    let listed: Vec<_> = listed["items"].as_array().unwrap().iter().map(|job| &job["id"]).collect();
    assert_eq!(listed, [&json!(own)]);
    let of_sibling = it.shown(&authority, &sibling).await["token_id"].clone();
    let of_sibling = format!("/api/v1/tokens/{}", of_sibling.as_str().unwrap());
    for answer in [authority.get(&token, &of_sibling).await, authority.delete(&token, &of_sibling).await] {
        assert!(matches!(answer.status, 403 | 404), "{}", answer.text);
    }
    let again = authority.start_job_as(&token, it.works.body()).await;
    assert!(matches!(again.status, 403 | 404), "{}", again.text);
    let opened = authority.put(&token, &trust_path(&it.works, "more"), it.terms()).await;
    assert!(matches!(opened.status, 403 | 404), "{}", opened.text);
    assert!(authority.lives(&other).await);
    authority.post(&token, &format!("/api/v1/jobs/{own}/finish"), json!({})).await.expect(200);
    assert!(!authority.lives(&token).await && authority.lives(&other).await);
}

async fn attack_33_a_job_from_a_trust_makes_no_tokens_whatever_its_account_may(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    authority.say(&it.works, json!({"project_wall": false})).await;
    let (_, token) = it.job(&authority).await;
    let account = it.works.account();
    authority.give(&it.works, &account, &it.works.firm.all()).await;
    let role = authority.role("minter", &["Jeton.Admin.Token"]).await;
    authority.bind(&role, subject("service_account", &account), &it.works.firm.all()).await;
    let body = json!({
        "kind": "service", "owner": account, "scopes": [it.works.firm.scope("Task.Read")],
        "projects": [it.works.firm.all()],
    });
    authority.token(&token, body).await.refused(403, "not_honoured_here");
}

async fn attack_03_nobody_opens_a_door_that_they_could_not_go_through(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let (place, new) = (it.works.place(), trust_path(&it.works, "new"));
    let keeper = authority.role("keeper", &["Jeton.Admin.Job"]).await;
    let alice = authority.person("alice").await;
    let put = async |secret: &str, path: &str| authority.put(secret, path, it.terms()).await;
    put(&alice.session, &new).await.refused(404, "not_found");

    // To start jobs is not to say who starts them, and to look after jobs is not to start them.
    let runs = authority.bind("JobRunner", user(&alice.name), &place).await;
    put(&alice.session, &new).await.refused(403, "insufficient_scope");
    authority.unbind(&runs).await;
    authority.bind(&keeper, user(&alice.name), &place).await;
    let refusal = put(&alice.session, &new).await.refused(403, "insufficient_scope");
    assert_eq!(refusal.body["missing_scope"], "Jeton.Job.Mint");
    put(&alice.session, &it.path()).await.refused(403, "insufficient_scope");

    // In another project than that of the pipeline it is worth nothing.
    let other = authority.project(&it.works.firm, "other", "private").await;
    authority.bind("JobRunner", user(&alice.name), &it.works.firm.at(&other)).await;
    put(&alice.session, &new).await.refused(403, "insufficient_scope");

    authority.bind("JobRunner", user(&alice.name), &place).await;
    put(&alice.session, &new).await.expect(201);
    let narrow = authority.pat(&alice.session, &["Jeton.Admin.Job"]).await;
    put(&narrow.secret, &trust_path(&it.works, "more")).await.refused(403, "insufficient_scope");
    let near = json!({"scopes": ["Jeton.Admin.Job", "Jeton.Job.Mint"], "networks": ["127.0.0.0/8"]});
    let near = authority.token(&alice.session, near).await.pat().secret;
    put(&near, &trust_path(&it.works, "more")).await.refused(403, "scope_exceeds_grant");
    // To take away is enough to look after jobs.
    authority.delete(&narrow.secret, &new).await.expect(204);
}

async fn whoever_looks_after_jobs_or_reads_the_audit_sees_the_trusts(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let list = it.works.path(&format!("/pipelines/{}/trusts", it.works.pipeline));
    for (scope, sees) in [("Jeton.Admin.Job", true), ("Jeton.Audit.Read", true), ("Jeton.Job.Mint", false)] {
        let (role, reader) = (authority.role("reader", &[scope]).await, authority.person(&fresh("r")).await);
        authority.get(&reader.session, &list).await.refused(404, "not_found");
        authority.bind(&role, user(&reader.name), &it.works.place()).await;
        let (listed, shown) =
            (authority.get(&reader.session, &list).await, authority.get(&reader.session, &it.path()).await);
        if sees {
            let shown = shown.expect(200).body;
            assert_eq!(listed.expect(200).body, json!({"items": [shown]}));
        } else {
            listed.refused(403, "insufficient_scope");
            shown.refused(403, "insufficient_scope");
        }
        if scope != "Jeton.Admin.Job" {
            authority.delete(&reader.session, &it.path()).await.refused(403, "insufficient_scope");
        }
    }
    authority
        .get(&authority.admin().await, &trust_path(&it.works, "nothing"))
        .await
        .refused(404, "not_found");
    let nobody = it.works.path("/pipelines/nothing/trusts");
    authority.get(&authority.admin().await, &nobody).await.refused(404, "not_found");
}
