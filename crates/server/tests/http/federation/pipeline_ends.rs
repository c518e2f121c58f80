//! That jobs end with the trust that they came from, however many there are and however warm.

use reqwest::Method;
use serde_json::{Value, json};

use super::pipelines::Trusting;
use super::{access_token, exchange, refused};
use crate::store::audit;
use crate::support::Authority;
use crate::support::clock::ms;
use crate::support::rights::subject;

const JOBS: usize = 8;

on_both! {
    alone:
        a_trust_that_goes_ends_all_its_jobs_by_one_small_write,
        a_trust_that_means_the_same_again_revives_nothing;
    shared:
        jobs_that_are_older_than_the_count_of_revisions_end_with_their_trust,
        attack_31_nothing_comes_from_a_trust_of_a_pipeline_that_was_removed_meanwhile,
        attack_31_a_job_whose_trust_goes_meanwhile_gives_nothing_away;
}

/// What every door says about the token of a job that may read.
async fn assert_honoured(authority: &Authority, it: &Trusting, token: &str, honoured: bool) {
    let place = it.works.place();
    assert_eq!(authority.reads(&it.works, token, &place).await["allowed"], json!(honoured));
    let told = authority.introspect_as(&it.works.firm.api, token, &[("resource", &place)]).await;
    assert_eq!(told.expect(200).body["active"], json!(honoured));
    assert_eq!(authority.lives(token).await, honoured);
}

/// The jobs of the firm in a state, by id.
async fn listed(authority: &Authority, it: &Trusting, state: &str) -> Vec<Value> {
    let path = format!("/api/v1/jobs?organization={}&state={state}", it.works.firm.name);
    let answer = authority.get(&authority.admin().await, &path).await.expect(200);
    answer.body["items"].as_array().unwrap().clone()
}

async fn a_trust_that_goes_ends_all_its_jobs_by_one_small_write(authority: Authority) {
    for way in ["changed", "removed"] {
        let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
        let admin = authority.admin().await;
        let of_runner = authority.job(&it.works, json!({})).await;
        authority.give(&it.works, &it.works.account(), &it.works.place()).await;
        let mut jobs = vec![];
        for _ in 0..JOBS {
            jobs.push(it.job(&authority).await);
        }
        for (_, token) in &jobs {
            assert_honoured(&authority, &it, token, true).await;
        }
        let rows_before = audit::rows(&mut authority.sql().await).await.len();
        if way == "changed" {
            let mut other = it.terms();
            other["claims"][1]["pattern"] = json!("refs/heads/release");
            it.put(&authority, other).await.expect(200);
        } else {
            authority.delete(&admin, &it.path()).await.expect(204);
        }
        let rows = audit::rows(&mut authority.sql().await).await;
        assert_eq!(rows.len(), rows_before + 1, "{way}");
        let why = rows.iter().rev().find(|row| row.action() == "pipeline_trust.write").unwrap();
        assert!(why.is_sealed(), "{way}");
        assert!(why.detail().starts_with(way), "{}", why.detail());
        assert!(why.detail().ends_with("; ended every job that had come from it"), "{}", why.detail());

        for (job, token) in &jobs {
            assert_honoured(&authority, &it, token, false).await;
            let shown = it.shown(&authority, job).await;
            assert_eq!(shown["state"], "finished", "{shown}");
            assert!(shown["finished_at"].is_string(), "{shown}");
            let renew = format!("/api/v1/jobs/{job}/renew");
            authority.post(&admin, &renew, json!({})).await.refused(409, "token_not_live");
            let record = format!("/api/v1/tokens/{}", shown["token_id"].as_str().unwrap());
            assert_eq!(authority.get(&admin, &record).await.expect(200).body["state"], "revoked");
        }
        let running = listed(&authority, &it, "running").await;
        assert_eq!(running.iter().map(|job| &job["id"]).collect::<Vec<_>>(), [&json!(of_runner.id)]);
        assert_eq!(listed(&authority, &it, "finished").await.len(), JOBS);
        assert!(authority.lives(&of_runner.secret).await, "a runner's job has no trust");
        let revoked = "SELECT id FROM token WHERE kind = 'job' AND revoked_at IS NOT NULL";
        let revoked = authority.sql().await.rows(revoked).await;
        assert_eq!(revoked, Vec::<Vec<String>>::new(), "no token was written to");
    }
}

async fn a_trust_that_means_the_same_again_revives_nothing(authority: Authority) {
    let now = authority.stop_the_clock().await;
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let admin = authority.admin().await;
    let (first, old) = it.job(&authority).await;
    let mut other = it.terms();
    other["claims"][1]["pattern"] = json!("refs/heads/release");
    for (minutes, terms) in [(1, other.clone()), (2, it.terms()), (3, other), (4, it.terms())] {
        authority.clock.stand_at_ms(now + minutes * 60_000);
        it.put(&authority, terms).await.expect(200);
        assert!(!authority.lives(&old).await, "{minutes}");
    }
    let ended = it.shown(&authority, &first).await;
    assert_eq!(ms(&ended["finished_at"]), now + 60_000, "it was over from the first change on");
    let (second, new) = it.job(&authority).await;
    assert!(authority.lives(&new).await);
    authority.clock.stand_at_ms(now + 5 * 60_000);
    authority.delete(&admin, &it.path()).await.expect(204);
    it.put(&authority, it.terms()).await.expect(201);
    authority.clock.stand_at_ms(now + 6 * 60_000);
    for (job, token, minutes) in [(&first, &old, 1), (&second, &new, 5)] {
        assert!(!authority.lives(token).await, "a trust of the same name is another one");
        // What is over can be finished, and was over before.
        authority.post(&admin, &format!("/api/v1/jobs/{job}/finish"), json!({})).await.expect(200);
        assert_eq!(ms(&it.shown(&authority, job).await["finished_at"]), now + minutes * 60_000);
    }
    let (_, third) = it.job(&authority).await;
    assert!(authority.lives(&third).await);
}

/// As an upgrade finds them: without a revision, and of a trust that went when its tokens were revoked one by one.
async fn jobs_that_are_older_than_the_count_of_revisions_end_with_their_trust(authority: Authority) {
    for way in ["changed", "removed", "removed before"] {
        let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
        let (job, token) = it.job(&authority).await;
        let trust = authority.get(&authority.admin().await, &it.path()).await.expect(200).body;
        let id = trust["id"].as_str().unwrap();
        let mut sql = authority.sql().await;
        sql.change(&format!("UPDATE trust_token SET revision = 0 WHERE trust_id = '{id}'")).await;
        match way {
            "changed" => {
                assert!(authority.lives(&token).await);
                let mut other = it.terms();
                other["audience"] = json!("https://other.example");
                it.put(&authority, other).await.expect(200);
            }
            "removed" => {
                assert!(authority.lives(&token).await);
                authority.delete(&authority.admin().await, &it.path()).await.expect(204);
            }
            _ => {
                let gone =
                    format!("UPDATE trust SET removed_at = created_at, live_name = NULL WHERE id = '{id}'");
                sql.change(&gone).await;
            }
        }
        assert!(!authority.lives(&token).await, "{way}");
        assert_eq!(it.shown(&authority, &job).await["state"], "finished", "{way}");
    }
}

async fn attack_31_nothing_comes_from_a_trust_of_a_pipeline_that_was_removed_meanwhile(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let admin = authority.admin().await;
    it.job(&authority).await;
    for _ in 0..3 {
        let identities: Vec<_> = (0..JOBS).map(|_| it.identity()).collect();
        let tries = identities.iter().map(|identity| it.show(&authority, identity));
        let at = it.path();
        let (answers, removed) =
            tokio::join!(futures_util::future::join_all(tries), authority.delete(&admin, &at));
        removed.expect(204);
        for answer in answers {
            if answer.status == 200 {
                assert!(!authority.lives(&access_token(answer)).await);
            } else {
                refused(answer, "invalid_grant");
            }
        }
        it.put(&authority, it.terms()).await.expect(201);
    }
}

async fn attack_31_a_job_whose_trust_goes_meanwhile_gives_nothing_away(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    it.job(&authority).await;
    let account = subject("service_account", &it.works.account());
    let keeper = authority.role("keeper", &["Jeton.Admin.Role", &it.works.firm.scopes()]).await;
    authority.bind(&keeper, account, &it.works.place()).await;
    let reader = authority.role("reader", &[&it.works.firm.scope("Task.Read")]).await;
    let bind = |role: &str| {
        let runner = subject("service_account", &it.works.runner);
        json!({"role": role, "subject": runner, "place": it.works.place()})
    };
    let (_, token) = it.job(&authority).await;
    authority.post(&token, "/api/v1/role-bindings", bind(&reader)).await.expect(201);
    let another = authority.role("another", &[&it.works.firm.scope("Task.Read")]).await;
    let begun = authority.begin(&token, Method::POST, "/api/v1/role-bindings", &bind(&another)).await;
    authority.delete(&authority.admin().await, &it.path()).await.expect(204);
    let (status, answer) = begun.end().await;
    assert!(matches!(status, 401 | 403), "{answer}");
    refused(exchange(&authority, &it.identity(), &[]).await, "invalid_grant");
    let bound = format!("/api/v1/role-bindings?subject_type=service_account&subject={}", it.works.runner);
    let bound = authority.get(&authority.admin().await, &bound).await.expect(200).text;
    assert!(bound.contains(&reader) && !bound.contains(&another), "{bound}");
}
