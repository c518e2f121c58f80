//! Every way in which a job ends, and that its token is dead then at every door.

use serde_json::{Value, json};

use super::{Started, Works, path};
use crate::support::Authority;
use crate::support::clock::ms;
use crate::support::rights::{subject, user};

on_both! {
    alone:
        a_lease_that_nobody_renews_ends_the_job,
        a_renewed_job_outlives_its_lease_and_not_its_time,
        the_end_is_the_least_of_pipeline_project_and_organization;
    shared:
        a_finished_job_is_dead_at_every_door,
        finishing_again_changes_nothing,
        removing_the_pipeline_ends_its_jobs,
        removing_the_project_ends_its_jobs,
        disabling_the_account_ends_its_jobs_and_starts_none,
        removing_the_account_ends_its_jobs_and_the_next_one_gets_a_new_one,
        only_the_runner_and_administrators_renew_and_finish,
        a_runner_that_may_not_start_jobs_any_more_renews_none_and_finishes_its_own,
        an_organization_goes_with_the_account_of_its_jobs;
}

/// Works whose jobs may read.
async fn reading(authority: &Authority) -> (Works, Started) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    authority.give(&works, &works.account(), &works.place()).await;
    assert_honoured(authority, &works, &job, true).await;
    (works, job)
}

/// What every door says about the job's token.
async fn assert_honoured(authority: &Authority, works: &Works, job: &Started, honoured: bool) {
    let place = works.place();
    let verified = authority.reads(works, &job.secret, &place).await;
    assert_eq!(verified["allowed"], json!(honoured), "verify: {verified}");
    let introspected = authority.introspect_as(&works.firm.api, &job.secret, &[("resource", &place)]).await;
    assert_eq!(introspected.expect(200).body["active"], json!(honoured));
    assert_eq!(authority.lives(&job.secret).await, honoured);
}

async fn state(authority: &Authority, works: &Works, job: &Started) -> Value {
    let answer = authority.get(&works.token.secret, &format!("/api/v1/jobs/{}", job.id)).await;
    answer.expect(200).body["state"].clone()
}

async fn a_lease_that_nobody_renews_ends_the_job(authority: Authority) {
    authority.stop_the_clock().await;
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({"lease_seconds": 60})).await;
    authority.give(&works, &works.account(), &works.place()).await;
    let end = ms(&job.job["lease_expires_at"]);
    authority.clock.stand_at_ms(end - 1);
    assert_honoured(&authority, &works, &job, true).await;
    authority.clock.stand_at_ms(end);
    assert_honoured(&authority, &works, &job, false).await;
    assert_eq!(state(&authority, &works, &job).await, json!("expired"));
    let late = authority.post(&works.token.secret, &path(&job.id, "renew"), json!({})).await;
    late.refused(409, "token_not_live");
    assert_honoured(&authority, &works, &job, false).await;
}

async fn a_renewed_job_outlives_its_lease_and_not_its_time(authority: Authority) {
    authority.stop_the_clock().await;
    let works = authority.works(json!({"kind": "yaml", "timeout_minutes": 2})).await;
    let job = authority.job(&works, json!({"lease_seconds": 50})).await;
    let ends = ms(&job.job["ends_at"]);
    let begun = authority.clock.now_ms();
    assert_eq!(ends - begun, 120_000);
    authority.clock.stand_at_ms(begun + 40_000);
    let renewed =
        authority.post(&works.token.secret, &path(&job.id, "renew"), json!({})).await.expect(200).body;
    assert_eq!(ms(&renewed["lease_expires_at"]), begun + 90_000, "a lease is as long as the one before");
    assert_eq!(renewed["ends_at"], job.job["ends_at"]);
    authority.clock.stand_at_ms(begun + 80_000);
    assert!(authority.lives(&job.secret).await, "the first lease would be over");
    let longer = json!({"lease_seconds": 300});
    let renewed = authority.post(&works.token.secret, &path(&job.id, "renew"), longer).await.expect(200).body;
    assert_eq!(ms(&renewed["lease_expires_at"]), ends, "no lease goes beyond the end");
    assert_eq!(renewed["lease_seconds"], json!(300));
    authority.clock.stand_at_ms(ends - 1);
    assert!(authority.lives(&job.secret).await);
    authority.clock.stand_at_ms(ends);
    assert!(!authority.lives(&job.secret).await);
}

async fn the_end_is_the_least_of_pipeline_project_and_organization(authority: Authority) {
    authority.stop_the_clock().await;
    let works = authority.works(json!({"kind": "yaml", "timeout_minutes": 50})).await;
    let admin = authority.admin().await;
    let minutes = |job: &Started| (ms(&job.job["ends_at"]) - ms(&job.job["created_at"])) / 60_000;
    assert_eq!(minutes(&authority.job(&works, json!({})).await), 50);
    let project = works.path("/job-settings");
    authority.patch(&admin, &project, json!({"max_lifetime_minutes": 40})).await.expect(200);
    assert_eq!(minutes(&authority.job(&works, json!({})).await), 40);
    authority.say(&works, json!({"max_lifetime_minutes": 30})).await;
    assert_eq!(minutes(&authority.job(&works, json!({})).await), 30);
    let short = authority.works(json!({"kind": "yaml"})).await;
    assert_eq!(minutes(&authority.job(&short, json!({})).await), 24 * 60, "a day when nobody says");
}

async fn a_finished_job_is_dead_at_every_door(authority: Authority) {
    let (works, job) = reading(&authority).await;
    let finished = authority.post(&works.token.secret, &path(&job.id, "finish"), json!({})).await.expect(200);
    assert_eq!(finished.body["state"], json!("finished"));
    assert!(finished.body["finished_at"].is_string());
    assert_honoured(&authority, &works, &job, false).await;
    let late = authority.post(&works.token.secret, &path(&job.id, "renew"), json!({})).await;
    late.refused(409, "token_not_live");
    assert_honoured(&authority, &works, &job, false).await;
}

async fn finishing_again_changes_nothing(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    let first = authority.post(&works.token.secret, &path(&job.id, "finish"), json!({})).await.expect(200);
    let again = authority.post(&works.token.secret, &path(&job.id, "finish"), json!({})).await.expect(200);
    assert_eq!(first.body, again.body);
}

async fn removing_the_pipeline_ends_its_jobs(authority: Authority) {
    let (works, job) = reading(&authority).await;
    let address = works.path(&format!("/pipelines/{}", works.pipeline));
    authority.delete(&authority.admin().await, &address).await.expect(204);
    assert_honoured(&authority, &works, &job, false).await;
    assert_eq!(state(&authority, &works, &job).await, json!("finished"));
    let late = authority.post(&works.token.secret, &path(&job.id, "renew"), json!({})).await;
    late.refused(409, "token_not_live");
    authority.put(&authority.admin().await, &address, json!({"kind": "yaml"})).await.expect(201);
    assert_honoured(&authority, &works, &job, false).await;
}

async fn removing_the_project_ends_its_jobs(authority: Authority) {
    let (works, job) = reading(&authority).await;
    let admin = authority.admin().await;
    authority.delete(&admin, &works.path("")).await.expect(204);
    assert!(!authority.lives(&job.secret).await);
    authority.put(&admin, &works.path(""), json!({})).await.expect(201);
    assert_honoured(&authority, &works, &job, false).await;
    let gone = format!("/api/v1/service-accounts/{}", works.account());
    authority.get(&admin, &gone).await.refused(404, "not_found");
}

async fn disabling_the_account_ends_its_jobs_and_starts_none(authority: Authority) {
    let (works, job) = reading(&authority).await;
    let (admin, address) = (authority.admin().await, format!("/api/v1/service-accounts/{}", works.account()));
    authority.patch(&admin, &address, json!({"disabled": true})).await.expect(200);
    assert_honoured(&authority, &works, &job, false).await;
    let refused =
        authority.start_job_as(&works.token.secret, works.body()).await.refused(409, "user_disabled");
    let detail = refused.body["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("is disabled"), "{detail}");
}

async fn removing_the_account_ends_its_jobs_and_the_next_one_gets_a_new_one(authority: Authority) {
    let (works, job) = reading(&authority).await;
    let (admin, address) = (authority.admin().await, format!("/api/v1/service-accounts/{}", works.account()));
    let before = authority.get(&admin, &address).await.expect(200).body;
    authority.delete(&admin, &address).await.expect(204);
    assert_honoured(&authority, &works, &job, false).await;
    let next = authority.job(&works, json!({})).await;
    let after = authority.get(&admin, &address).await.expect(200).body;
    assert_ne!(before["id"], after["id"]);
    let reads = authority.reads(&works, &next.secret, &works.place()).await;
    assert_eq!(reads["allowed"], json!(false), "what the old account had is not the new one's: {reads}");
    assert_honoured(&authority, &works, &job, false).await;
}

async fn only_the_runner_and_administrators_renew_and_finish(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    let (other, stranger) = (authority.person("other").await, authority.person("stranger").await);
    authority.bind("JobRunner", user(&other.name), &works.place()).await;
    for verb in ["renew", "finish"] {
        authority.post(&stranger.session, &path(&job.id, verb), json!({})).await.refused(404, "not_found");
        let answer = authority.post(&other.session, &path(&job.id, verb), json!({})).await;
        answer.refused(403, "insufficient_scope");
    }
    let itself = authority.post(&job.secret, &path(&job.id, "renew"), json!({})).await;
    itself.refused(403, "not_honoured_here");
    let sibling = authority.job(&works, json!({})).await;
    let answer = authority.post(&sibling.secret, &path(&job.id, "finish"), json!({})).await;
    answer.refused(404, "not_found");
    let admin = authority.admin().await;
    authority.post(&admin, &path(&job.id, "renew"), json!({})).await.expect(200);
    authority.post(&job.secret, &path(&job.id, "finish"), json!({})).await.expect(200);
    assert!(!authority.lives(&job.secret).await, "a job may finish itself");
    authority.post(&admin, &path(&sibling.id, "finish"), json!({})).await.expect(200);
    assert!(!authority.lives(&sibling.secret).await);
}

async fn a_runner_that_may_not_start_jobs_any_more_renews_none_and_finishes_its_own(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let runner = authority.account("late", &works.firm.name).await;
    let bound = authority.bind("JobRunner", subject("service_account", &runner), &works.place()).await;
    let token = authority.service_token(&runner, &["Jeton.Job.*"]).await;
    let started = authority.start_job_as(&token.secret, works.body()).await.expect(201);
    let id = started.body["job"]["id"].as_str().unwrap().to_owned();
    authority.unbind(&bound).await;
    let renewed = authority.post(&token.secret, &path(&id, "renew"), json!({})).await;
    renewed.refused(403, "insufficient_scope");
    authority.post(&token.secret, &path(&id, "finish"), json!({})).await.expect(200);
    assert!(!authority.lives(&started.secret()).await);
}

async fn an_organization_goes_with_the_account_of_its_jobs(authority: Authority) {
    let (admin, name) = (authority.admin().await, authority.organization("gone").await);
    let at = |rest: &str| format!("/api/v1/organizations/{name}{rest}");
    authority.put(&admin, &at("/projects/web"), json!({})).await.expect(201);
    authority.put(&admin, &at("/projects/web/pipelines/p"), json!({"kind": "yaml"})).await.expect(201);
    let open = json!({"limit_non_release": false});
    authority.patch(&admin, &at("/job-settings"), open).await.expect(200);
    let body = json!({"organization": name, "project": "web", "pipeline": "p"});
    let started = authority.start_job_as(&admin, body).await.expect(201);
    assert_eq!(started.body["job"]["authorization_scope"], json!("organization"));
    authority.delete(&admin, &at("/projects/web")).await.expect(204);
    assert!(!authority.lives(&started.secret()).await);
    authority.delete(&admin, &at("")).await.expect(204);
}
