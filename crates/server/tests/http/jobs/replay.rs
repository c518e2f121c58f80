//! Starting a job with an idempotency key: a lost answer costs no second job.

use reqwest::Method;
use serde_json::json;

use super::path;
use crate::support::Authority;
use crate::support::answer::Answer;

on_both! {
    shared:
        the_same_call_gets_the_same_job_with_the_same_secret,
        the_first_job_of_a_project_is_repeated_like_any_other,
        a_job_that_is_over_is_not_given_out_once_more,
        a_runner_that_renews_or_finishes_once_more_is_answered_alike;
}

const KEY: &str = "a-key-of-more-than-22-characters";

async fn start(authority: &Authority, secret: &str, body: &serde_json::Value) -> Answer {
    let request = authority.request(Method::POST, "/api/v1/jobs").bearer_auth(secret);
    Answer::to(request.header("idempotency-key", KEY).json(body)).await
}

async fn the_same_call_gets_the_same_job_with_the_same_secret(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    authority.job(&works, json!({})).await;
    let first = start(&authority, &works.token.secret, &works.body()).await.expect(201);
    let again = start(&authority, &works.token.secret, &works.body()).await.expect(201);
    assert_eq!(first.body, again.body);
    assert!(authority.lives(&again.secret()).await);
    let other = works.with(json!({"lease_seconds": 30}));
    start(&authority, &works.token.secret, &other).await.refused(422, "idempotency_key_reused");
}

async fn the_first_job_of_a_project_is_repeated_like_any_other(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let first = start(&authority, &works.token.secret, &works.body()).await.expect(201);
    let again = start(&authority, &works.token.secret, &works.body()).await.expect(201);
    assert_eq!(first.body, again.body);
    let all = authority.get(&works.token.secret, "/api/v1/jobs").await.expect(200).body;
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}

async fn a_job_that_is_over_is_not_given_out_once_more(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let first = start(&authority, &works.token.secret, &works.body()).await.expect(201);
    let id = first.body["job"]["id"].as_str().unwrap();
    authority.post(&works.token.secret, &path(id, "finish"), json!({})).await.expect(200);
    start(&authority, &works.token.secret, &works.body()).await.refused(409, "replay_gone");
}

async fn a_runner_that_renews_or_finishes_once_more_is_answered_alike(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    for verb in ["renew", "finish"] {
        let call = async |secret: &str| {
            let request = authority.request(Method::POST, &path(&job.id, verb)).bearer_auth(secret);
            Answer::to(request.header("idempotency-key", format!("{KEY}-{verb}")).json(&json!({}))).await
        };
        let first = call(&works.token.secret).await.expect(200);
        let again = call(&works.token.secret).await.expect(200);
        assert_eq!(first.body, again.body, "{verb}");
    }
    assert!(!authority.lives(&job.secret).await);
}
