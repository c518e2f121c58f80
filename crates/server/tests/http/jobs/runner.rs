//! Whose jobs a runner's credentials reach: those where the credential itself starts jobs.

use serde_json::{Value, json};

use super::path;
use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::rights::{subject, user};

on_both! {
    shared:
        attack_06_a_token_of_the_runner_that_is_for_something_else_has_nothing_to_do_with_its_jobs,
        attack_03_a_token_of_the_runner_that_only_sees_jobs_ends_none,
        a_person_who_starts_jobs_reaches_them_in_a_session,
        what_the_owner_lost_meanwhile_counts_for_renewing_and_not_for_ending;
}

/// All that can be done to a job by its id.
async fn tries(authority: &Authority, secret: &str, job: &str) -> [Answer; 3] {
    [
        authority.get(secret, &format!("/api/v1/jobs/{job}")).await,
        authority.post(secret, &path(job, "renew"), json!({})).await,
        authority.post(secret, &path(job, "finish"), json!({})).await,
    ]
}

async fn listed(authority: &Authority, secret: &str) -> Vec<Value> {
    let answer = authority.get(secret, "/api/v1/jobs").await.expect(200);
    answer.body["items"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect()
}

async fn attack_06_a_token_of_the_runner_that_is_for_something_else_has_nothing_to_do_with_its_jobs(
    authority: Authority,
) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let other = authority.project(&works.firm, "other", "private").await;
    let role = authority.role("api", &[&works.firm.scopes()]).await;
    authority.bind(&role, subject("service_account", &works.runner), &works.place()).await;
    authority.bind("JobRunner", subject("service_account", &works.runner), &works.firm.at(&other)).await;
    let job = authority.job(&works, json!({})).await;
    let admin = authority.admin().await;
    let bodies = [
        json!({"scopes": [works.firm.scopes()]}),
        json!({"scopes": ["Jeton.Token.*", "vso.build"]}),
        json!({"scopes": ["*"], "projects": [works.firm.at(&other)]}),
    ];
    for mut body in bodies {
        body["kind"] = json!("service");
        body["owner"] = json!(works.runner);
        let narrow = authority.token(&admin, body.clone()).await.pat().secret;
        for answer in tries(&authority, &narrow, &job.id).await {
            answer.refused(404, "not_found");
        }
        assert_eq!(listed(&authority, &narrow).await, Vec::<Value>::new(), "{body}");
    }
    assert!(authority.lives(&job.secret).await);
    assert_eq!(listed(&authority, &works.token.secret).await, [json!(job.id)]);
}

async fn attack_03_a_token_of_the_runner_that_only_sees_jobs_ends_none(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    let reader = authority.service_token(&works.runner, &["Jeton.Job.Read"]).await.secret;
    let [shown, renewed, finished] = tries(&authority, &reader, &job.id).await;
    assert_eq!(shown.expect(200).body["state"], "running");
    for answer in [renewed, finished] {
        let refused = answer.refused(403, "insufficient_scope");
        assert_eq!(refused.body["missing_scope"], "Jeton.Job.Mint", "{}", refused.body);
    }
    assert!(authority.lives(&job.secret).await);
    let minter = authority.service_token(&works.runner, &["Jeton.Job.Mint"]).await.secret;
    assert_eq!(listed(&authority, &minter).await, [json!(job.id)]);
    for answer in tries(&authority, &minter, &job.id).await {
        answer.expect(200);
    }
    assert!(!authority.lives(&job.secret).await);
}

async fn a_person_who_starts_jobs_reaches_them_in_a_session(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let alice = authority.person("alice").await;
    authority.bind("JobRunner", user(&alice.name), &works.place()).await;
    let parent = authority.pat(&alice.session, &["Jeton.Token.*", "Jeton.Job.Mint"]).await;
    let child = authority.pat(&parent.secret, &["Jeton.Job.Mint"]).await;
    let started = authority.start_job_as(&child.secret, works.body()).await.expect(201);
    let id = started.body["job"]["id"].as_str().unwrap().to_owned();
    // What a parent is narrowed to, its children are as well.
    let less = json!({"scopes": ["Jeton.Token.*"]});
    authority.patch(&alice.session, &format!("/api/v1/tokens/{}", parent.id), less).await.expect(200);
    for answer in tries(&authority, &child.secret, &id).await {
        answer.refused(404, "not_found");
    }
    for answer in tries(&authority, &alice.session, &id).await {
        answer.expect(200);
    }
    assert!(!authority.lives(&started.secret()).await);
}

async fn what_the_owner_lost_meanwhile_counts_for_renewing_and_not_for_ending(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let alice = authority.person("alice").await;
    let bound = authority.bind("JobRunner", user(&alice.name), &works.place()).await;
    let [mint, read, all] = [&["Jeton.Job.Mint"], &["Jeton.Job.Read"], &["Jeton.Token.*"]];
    let mint = authority.pat(&alice.session, mint).await.secret;
    let read = authority.pat(&alice.session, read).await.secret;
    let other = authority.pat(&alice.session, all).await.secret;
    let started = authority.start_job_as(&mint, works.body()).await.expect(201);
    let id = started.body["job"]["id"].as_str().unwrap().to_owned();
    authority.unbind(&bound).await;
    for answer in tries(&authority, &other, &id).await {
        answer.refused(404, "not_found");
    }
    let [shown, renewed, finished] = tries(&authority, &read, &id).await;
    shown.expect(200);
    renewed.refused(403, "insufficient_scope");
    finished.refused(403, "insufficient_scope");
    let [shown, renewed, finished] = tries(&authority, &mint, &id).await;
    shown.expect(200);
    renewed.refused(403, "insufficient_scope");
    assert_eq!(finished.expect(200).body["state"], "finished", "to end a job is always safe");
    assert!(!authority.lives(&started.secret()).await);
}
