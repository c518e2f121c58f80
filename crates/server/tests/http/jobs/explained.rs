//! `POST /api/v1/explain` about tokens of jobs: which rule decided, and who put up the wall.

use serde_json::{Value, json};

use super::{Started, Works};
use crate::support::Authority;

on_both! {
    shared:
        a_job_is_explained_with_the_rule_that_decided_its_scope_and_with_its_wall,
        a_job_that_reaches_everywhere_is_explained_so,
        what_a_job_lacks_is_explained_with_what_would_help;
}

/// What is told about a job whose token wants a scope at a place.
async fn about(authority: &Authority, works: &Works, job: &Started, place: &str) -> Value {
    let scope = works.firm.scope("Task.Read");
    explain(authority, json!({"token": job.secret, "scope": scope, "resource": place})).await
}

async fn explain(authority: &Authority, body: Value) -> Value {
    authority.post(&authority.admin().await, "/api/v1/explain", body).await.expect(200).body
}

/// What came of the step about the job, and what is told of it.
#[track_caller]
fn of_job(told: &Value) -> (&str, &str) {
    let steps = told["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["rule"] == "job").unwrap_or_else(|| panic!("{told}"));
    (step["outcome"].as_str().unwrap(), step["detail"].as_str().unwrap())
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

async fn elsewhere(authority: &Authority, works: &Works) -> String {
    works.firm.at(&authority.project(&works.firm, "other", "private").await)
}

async fn a_job_is_explained_with_the_rule_that_decided_its_scope_and_with_its_wall(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    authority.give(&works, &works.account(), &works.firm.all()).await;
    let other = elsewhere(&authority, &works).await;
    let (inside, outside) = (
        about(&authority, &works, &job, &works.place()).await,
        about(&authority, &works, &job, &other).await,
    );
    assert_eq!((&inside["allowed"], of_job(&inside).0), (&json!(true), "passed"));
    assert_eq!((&outside["allowed"], &outside["reason"]), (&json!(false), &json!("place_not_allowed")));
    assert_eq!((of_job(&outside).0, &outside["remedies"][0]["action"]), ("failed", &json!("let_out")));
    for told in [&inside, &outside] {
        let account = works.account();
        let parts =
            [&job.id, account.as_str(), "`project`", "`organization_limit`", "wall of its organization"];
        contains(of_job(told).1, &parts);
    }
    authority.say(&works, json!({"project_wall": false})).await;
    let still = about(&authority, &works, &job, &other).await;
    contains(of_job(&still).1, &["the wall that stood when it began"]);
    let open = authority.job(&works, json!({})).await;
    let told = about(&authority, &works, &open, &other).await;
    assert_eq!((&told["allowed"], of_job(&told).0), (&json!(true), "passed"), "the account has rights there");
    contains(of_job(&told).1, &["no wall stands"]);
    authority.say(&works, json!({"project_wall": true})).await;
    let told = about(&authority, &works, &open, &other).await;
    assert_eq!(
        (&told["allowed"], of_job(&told).0),
        (&json!(false), "failed"),
        "a wall holds for jobs that run"
    );
}

async fn a_job_that_reaches_everywhere_is_explained_so(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    authority.let_run_everywhere(&works).await;
    let off = json!({"limit_non_release": false, "limit_forks": false});
    authority.say(&works, off).await;
    let job = authority.job(&works, json!({})).await;
    authority.give(&works, &works.account_of_all(), &works.firm.all()).await;
    let told = about(&authority, &works, &job, &elsewhere(&authority, &works).await).await;
    assert_eq!((&told["allowed"], of_job(&told).0), (&json!(true), "passed"));
    let account = works.account_of_all();
    contains(of_job(&told).1, &[&account, "`organization`", "`unlimited`", "all of its organization"]);
}

async fn what_a_job_lacks_is_explained_with_what_would_help(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({"permissions": []})).await;
    authority.give(&works, &works.account(), &works.place()).await;
    let told = about(&authority, &works, &job, &works.place()).await;
    assert_eq!(
        (&told["reason"], &told["remedies"][0]["action"]),
        (&json!("missing_scope"), &json!("permit"))
    );
    let admin = authority.admin().await;
    let other = elsewhere(&authority, &works).await;
    let policy = format!("/api/v1/policies/{}", works.place().replace('/', "%2F"));
    authority.say(&works, json!({"project_wall": false})).await;
    let policy_of_other = format!("/api/v1/policies/{}", other.replace('/', "%2F"));
    for policy in [&policy, &policy_of_other] {
        authority.put(&admin, policy, json!({"job_projects": []})).await.expect(200);
    }
    let open = authority.job(&works, json!({})).await;
    let told = about(&authority, &works, &open, &other).await;
    let expected = (&json!("policy_job_projects"), &json!("take_jobs"));
    assert_eq!((&told["reason"], &told["remedies"][0]["action"]), expected);
    let none = explain(
        &authority,
        json!({"token": job.secret, "scope": "Jeton.Job.Mint", "resource": works.place()}),
    );
    assert_eq!(none.await["remedies"][0]["action"], json!("permit"));
    authority.post(&works.token.secret, &super::path(&job.id, "finish"), json!({})).await.expect(200);
    let over = about(&authority, &works, &job, &works.place()).await;
    assert_eq!((&over["reason"], &over["remedies"][0]["action"]), (&json!("revoked"), &json!("start_job")));
    let (outcome, detail) = of_job(&over);
    assert!(
        outcome == "not_reached" && !detail.contains(&works.pipeline),
        "what it was for is not told: {detail}"
    );
}
