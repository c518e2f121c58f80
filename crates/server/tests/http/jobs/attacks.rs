//! What a job in bad hands tries.

use serde_json::json;

use super::path;
use crate::support::Authority;
use crate::support::rights::subject;

on_both! {
    shared:
        attack_33_a_job_whose_account_may_do_everything_makes_nothing_that_outlives_it,
        attack_33_settings_and_items_changed_by_hand_are_not_honoured,
        attack_12_a_job_of_one_project_is_nothing_in_another;
}

async fn attack_33_a_job_whose_account_may_do_everything_makes_nothing_that_outlives_it(
    authority: Authority,
) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    authority.say(&works, json!({"project_wall": false})).await;
    let job = authority.job(&works, json!({})).await;
    let account = subject("service_account", &works.account());
    authority.bind("Admin", account, "*").await;
    let more = [
        json!({"scopes": ["*"]}),
        json!({"scopes": ["*"], "kind": "service", "owner": works.account()}),
        json!({"scopes": ["*"], "kind": "service", "owner": works.runner}),
        json!({"scopes": ["*"], "owner": "admin"}),
    ];
    for body in more {
        let answer = authority.token(&job.secret, body.clone()).await;
        assert!([403, 422].contains(&answer.status), "{body}: {}", answer.body);
    }
    let others = authority.service_token(&works.runner, &["*"]).await;
    let rotated =
        authority.post(&job.secret, &format!("/api/v1/tokens/{}/rotate", others.id), json!({})).await;
    rotated.refused(403, "not_honoured_here");
    let of_api = format!("/api/v1/apis/{}/credential", works.firm.api_name);
    authority.post(&job.secret, &of_api, json!({})).await.refused(403, "not_honoured_here");
    let again = authority.start_job_as(&job.secret, works.body()).await;
    again.refused(403, "insufficient_scope");
    let rotated = authority.post(&job.secret, "/api/v1/tokens/self/rotate", json!({})).await;
    assert!([403, 409].contains(&rotated.status), "{}", rotated.body);
    let itself = authority.post(&job.secret, &path(&job.id, "renew"), json!({})).await;
    itself.refused(403, "not_honoured_here");
    let sibling = authority.job(&works, json!({})).await;
    let renewed = authority.post(&job.secret, &path(&sibling.id, "renew"), json!({})).await;
    assert!([403, 404].contains(&renewed.status), "{}", renewed.body);
    for path in [works.path("/job-settings"), works.firm.path("/job-settings")] {
        let loosened = authority.patch(&job.secret, &path, json!({"limit_forks": false})).await;
        assert!([403, 404].contains(&loosened.status), "{}", loosened.body);
    }
    let role = json!({"role": "Admin", "subject": subject("service_account", &works.runner), "place": works.place()});
    let bound = authority.post(&job.secret, "/api/v1/role-bindings", role).await;
    bound.refused(403, "scope_exceeds_grant");
    let ended = authority.post(&job.secret, &path(&sibling.id, "finish"), json!({})).await;
    ended.refused(403, "not_honoured_here");
}

async fn attack_33_settings_and_items_changed_by_hand_are_not_honoured(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let (job, other) = (authority.job(&works, json!({})).await, authority.job(&works, json!({})).await);
    let mut sql = authority.sql().await;
    let token = job.job["token_id"].as_str().unwrap();
    sql.change(&format!("DELETE FROM token_item WHERE token_id = '{token}' AND kind = 'place'")).await;
    let token = other.job["token_id"].as_str().unwrap();
    sql.change(&format!("UPDATE token_item SET kind = 'jab' WHERE token_id = '{token}' AND kind = 'job'"))
        .await;
    for secret in [&job.secret, &other.secret] {
        // A process that remembers the rows looks again when something about the account changes.
        let account = format!("/api/v1/service-accounts/{}", works.account());
        authority.patch(&authority.admin().await, &account, json!({"disabled": false})).await.expect(200);
        assert!(!authority.lives(secret).await);
    }
}

async fn attack_12_a_job_of_one_project_is_nothing_in_another(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    let other = authority.project(&works.firm, "other", "private").await;
    authority.give(&works, &works.account(), &works.firm.all()).await;
    let verdict = authority.reads(&works, &job.secret, &works.firm.at(&other)).await;
    assert_eq!(verdict["allowed"], json!(false), "{verdict}");
    let shown = authority.get(&job.secret, &works.firm.path(&format!("/projects/{other}"))).await;
    shown.refused(404, "not_found");
    authority.get(&job.secret, &works.path("")).await.expect(200);
}
