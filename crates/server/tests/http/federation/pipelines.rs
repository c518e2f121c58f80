//! Trusts of pipelines: a CI run that proves who it is starts a job, and there is no credential of a runner.

use serde_json::{Value, json};

use super::{access_token, account, exchange, put, refused, trust};
use crate::jobs::Works;
use crate::store::audit;
use crate::support::answer::Answer;
use crate::support::clock::ms;
use crate::support::issuer::{AUDIENCE, Issuer};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        the_lease_is_what_the_trust_says_and_no_more_than_a_job_may_live,
        a_job_from_a_trust_is_written_down_like_an_exchange;
    shared:
        a_run_at_github_becomes_a_job_of_the_pipeline,
        a_run_at_gitlab_need_not_name_the_pipeline_when_it_is_clear,
        a_job_from_a_trust_is_given_less_where_less_is_asked_for,
        a_pipeline_is_named_in_one_way_and_only_where_it_must_be,
        what_ends_the_trust_the_pipeline_or_the_project_ends_the_job,
        a_disabled_account_lets_no_identity_in,
        many_runs_at_once_share_the_account_that_the_first_one_needs;
}

/// Works whose pipeline trusts a repository that nobody else has.
pub(super) struct Trusting {
    pub(super) issuer: Issuer,
    pub(super) works: Works,
    pub(super) repository: String,
}

impl Trusting {
    pub(super) async fn new(authority: &Authority, pipeline: Value) -> Option<Self> {
        let issuer = Issuer::shared()?;
        let works = authority.works(pipeline).await;
        let repository = format!("acme/{}", fresh("site"));
        let trusting = Self { issuer, works, repository };
        trusting.put(authority, trusting.terms()).await.expect(201);
        Some(trusting)
    }

    /// A trust in the main branch of the repository.
    pub(super) fn terms(&self) -> Value {
        json!({"issuer": self.issuer.url, "audience": AUDIENCE, "lifetime_minutes_max": 30, "claims": [
            {"claim": "repository", "pattern": self.repository}, {"claim": "ref", "pattern": "refs/heads/main"},
        ]})
    }

    pub(super) async fn put(&self, authority: &Authority, terms: Value) -> Answer {
        authority.put(&authority.admin().await, &self.path(), terms).await
    }

    pub(super) fn path(&self) -> String {
        trust_path(&self.works, "main")
    }

    /// What GitHub says about a run of the main branch.
    pub(super) fn claims(&self) -> Value {
        let mut claims = self.issuer.claims(&format!("repo:{}:ref:refs/heads/main", self.repository));
        let more = json!({
            "repository": self.repository, "repository_owner": "acme", "ref": "refs/heads/main", "ref_type": "branch",
            "event_name": "push", "run_id": "4711", "run_attempt": "1",
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    }

    pub(super) fn identity(&self) -> String {
        self.issuer.sign(&self.claims())
    }

    /// What the form says of the pipeline.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.works.place(), self.works.pipeline)
    }

    /// Shows an identity token to the pipeline.
    pub(super) async fn show(&self, authority: &Authority, identity: &str) -> Answer {
        exchange(authority, identity, &[("pipeline", &self.name())]).await
    }

    /// A job of a new run: its id and the secret of its token.
    pub(super) async fn job(&self, authority: &Authority) -> (String, String) {
        let answer = self.show(authority, &self.identity()).await.expect(200);
        (answer.body["job"].as_str().unwrap().to_owned(), access_token(answer))
    }

    pub(super) async fn shown(&self, authority: &Authority, job: &str) -> Value {
        authority.get(&authority.admin().await, &format!("/api/v1/jobs/{job}")).await.expect(200).body
    }
}

pub(super) fn trust_path(works: &Works, trust: &str) -> String {
    works.path(&format!("/pipelines/{}/trusts/{trust}", works.pipeline))
}

async fn a_run_at_github_becomes_a_job_of_the_pipeline(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let answer = it.show(&authority, &it.identity()).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!((&answer.body["token_type"], &answer.body["scope"]), (&json!("Bearer"), &json!("*")));
    assert_eq!(answer.body["expires_in"], 30 * 60);
    let job = it.shown(&authority, answer.body["job"].as_str().unwrap()).await;
    let token = access_token(answer);
    assert!(token.starts_with("jtn_job_"), "{token}");
    assert_eq!((&job["state"], &job["pipeline"]), (&json!("running"), &json!(it.works.pipeline)));
    assert_eq!(
        (&job["service_account"], &job["authorization_scope"]),
        (&json!(it.works.account()), &json!("project"))
    );
    assert_eq!((&job["fork"], &job["permissions"]), (&json!(false), &Value::Null));
    assert_eq!((&job["lease_expires_at"], &job["lease_seconds"]), (&job["ends_at"], &json!(30 * 60)));
    let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!((&record["parent_id"], &record["created_by"]), (&Value::Null, &Value::Null));
    assert_eq!(record["id"], job["token_id"]);
    let shown = authority.get(&authority.admin().await, &it.path()).await.expect(200).body;
    assert_eq!((&shown["pipeline"], shown.get("service_account")), (&json!(it.name()), None));
    assert!(shown["last_used_at"].is_string(), "{shown}");

    // The job ends as soon as it says so.
    authority.give(&it.works, &it.works.account(), &it.works.place()).await;
    assert_eq!(authority.reads(&it.works, &token, &it.works.place()).await["allowed"], true);
    let finish = format!("/api/v1/jobs/{}/finish", job["id"].as_str().unwrap());
    assert_eq!(authority.post(&token, &finish, json!({})).await.expect(200).body["state"], "finished");
    assert_eq!(authority.reads(&it.works, &token, &it.works.place()).await["allowed"], false);
    let (_, token) = it.job(&authority).await;
    authority.delete(&token, "/api/v1/tokens/self").await.expect(204);
    assert!(!authority.lives(&token).await);
}

async fn a_run_at_gitlab_need_not_name_the_pipeline_when_it_is_clear(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let project = format!("acme/tools/{}", fresh("build"));
    let mut terms = it.terms();
    terms["claims"] = json!([
        {"claim": "project_path", "pattern": project}, {"claim": "ref", "pattern": "main"},
        {"claim": "ref_protected", "pattern": "true"},
    ]);
    it.put(&authority, terms).await.expect(200);
    let mut claims = it.issuer.claims(&format!("project_path:{project}:ref_type:branch:ref:main"));
    let more = json!({
        "project_path": project, "namespace_path": "acme/tools", "ref": "main", "ref_type": "branch",
        "ref_protected": "true", "pipeline_source": "push",
    });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = exchange(&authority, &it.issuer.sign(&claims), &[]).await.expect(200);
    let job = it.shown(&authority, answer.body["job"].as_str().unwrap()).await;
    assert_eq!((&job["project"], &job["state"]), (&json!(it.works.project), &json!("running")));
    claims["ref_protected"] = json!("false");
    claims["jti"] = json!(fresh("jti"));
    refused(exchange(&authority, &it.issuer.sign(&claims), &[]).await, "invalid_grant");
}

async fn a_job_from_a_trust_is_given_less_where_less_is_asked_for(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let (read, create) = (it.works.firm.scope("Task.Read"), it.works.firm.scope("Task.Create"));
    let form = [("pipeline", it.name()), ("scope", read.clone())];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = exchange(&authority, &it.identity(), &form).await.expect(200);
    assert_eq!(answer.body["scope"], read);
    let job = it.shown(&authority, answer.body["job"].as_str().unwrap()).await;
    assert_eq!(job["permissions"], json!([read]));
    let token = access_token(answer);
    authority.give(&it.works, &it.works.account(), &it.works.place()).await;
    for (scope, allowed) in [(&read, true), (&create, false)] {
        let more = json!({"scope": scope, "resource": it.works.place()});
        let told = authority.ask(&it.works.firm.api, &token, more).await;
        assert_eq!(told["allowed"], allowed, "{scope}: {told}");
    }
    for wrong in ["Unheard.Of.It", "Taskurai", "Taskurai..Read"] {
        let form = [("pipeline", it.name()), ("scope", wrong.to_owned())];
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        refused(exchange(&authority, &it.identity(), &form).await, "invalid_scope");
    }
}

async fn a_pipeline_is_named_in_one_way_and_only_where_it_must_be(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let firm = &it.works.firm.name;
    let other = format!("{}/{}", it.works.place(), fresh("other"));
    for malformed in ["nightly", "a/b", "a/b/c/d", "a//c", "a/b/no name!"] {
        let answer = exchange(&authority, &it.identity(), &[("pipeline", malformed)]).await;
        refused(answer, "invalid_request");
    }
    for nobody in [other, format!("{firm}/nothing/nightly"), "nobody/web/nightly".to_owned()] {
        refused(exchange(&authority, &it.identity(), &[("pipeline", &nobody)]).await, "invalid_grant");
    }
    let both = [("pipeline", it.name()), ("service_account", "worker".to_owned())];
    let both: Vec<_> = both.iter().map(|(name, value)| (*name, value.as_str())).collect();
    refused(exchange(&authority, &it.identity(), &both).await, "invalid_request");

    // An account that trusts the same identity makes it unclear who is meant.
    let worker = account(&authority).await;
    put(&authority, &worker, it.terms()).await.expect(201);
    let unclear = refused(exchange(&authority, &it.identity(), &[]).await, "invalid_request");
    assert!(unclear.text.contains("name one"), "{}", unclear.text);
    let of_account = exchange(&authority, &it.identity(), &[("service_account", &worker)]).await.expect(200);
    assert_eq!(of_account.body.get("job"), None);
    assert!(access_token(of_account).starts_with("jtn_svc_"));
    assert!(access_token(it.show(&authority, &it.identity()).await).starts_with("jtn_job_"));
    // Each is asked by its own name only.
    let elsewhere = trust(&it.issuer.url, "somebody-else");
    put(&authority, &worker, elsewhere).await.expect(200);
    let named = [("service_account", worker.as_str())];
    refused(exchange(&authority, &it.identity(), &named).await, "invalid_grant");
}

async fn the_lease_is_what_the_trust_says_and_no_more_than_a_job_may_live(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml", "timeout_minutes": 20})).await else {
        return;
    };
    let admin = authority.admin().await;
    let minutes = |job: &Value| {
        assert_eq!(job["lease_expires_at"], job["ends_at"]);
        (ms(&job["ends_at"]) - ms(&job["created_at"])) / 60_000
    };
    let (job, token) = it.job(&authority).await;
    assert_eq!(minutes(&it.shown(&authority, &job).await), 20, "the pipeline's time");
    authority
        .patch(&admin, &it.works.path("/job-settings"), json!({"max_lifetime_minutes": 12}))
        .await
        .expect(200);
    let (short, _) = it.job(&authority).await;
    assert_eq!(minutes(&it.shown(&authority, &short).await), 12, "the project's time");
    let mut terms = it.terms();
    terms["lifetime_minutes_max"] = json!(5);
    it.put(&authority, terms.clone()).await.expect(200);
    let (shorter, brief) = it.job(&authority).await;
    assert_eq!(minutes(&it.shown(&authority, &shorter).await), 5, "the trust's time");

    // Nobody gives it more: neither itself nor an administrator.
    let renew = format!("/api/v1/jobs/{shorter}/renew");
    authority.post(&brief, &renew, json!({})).await.refused(403, "not_honoured_here");
    let renewed = authority.post(&admin, &renew, json!({"lease_seconds": 300})).await.expect(200).body;
    assert_eq!(minutes(&renewed), 5);
    authority.clock.advance_minutes(6);
    assert!(!authority.lives(&brief).await && authority.lives(&token).await);
    authority.clock.advance_minutes(15);
    assert!(!authority.lives(&token).await);
}

async fn a_job_from_a_trust_is_written_down_like_an_exchange(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    it.job(&authority).await;
    let before = audit::rows(&mut authority.sql().await).await.len();
    let identity = it.identity();
    let answer = it.show(&authority, &identity).await.expect(200);
    refused(it.show(&authority, &identity).await, "invalid_grant");
    let rows = audit::rows(&mut authority.sql().await).await;
    assert_eq!(rows.len(), before + 1, "one for the job, none for the refusal");
    let job = answer.body["job"].as_str().unwrap();
    let row = rows.iter().find(|row| row.action() == "token.exchange" && row.target() == job).unwrap();
    assert!(row.is_sealed());
    let shown = authority.get(&authority.admin().await, &it.path()).await.expect(200).body;
    for part in [format!("trust {}", shown["id"].as_str().unwrap()), format!("issuer {}", it.issuer.url)] {
        assert!(row.detail().contains(&part), "{}", row.detail());
    }
    let dump = authority.sql().await.dump().await.join("\n");
    assert!(dump.contains(&format!("repo:{}:ref:refs/heads/main", it.repository)));
    for part in identity.split('.') {
        assert!(!dump.contains(part), "nothing of the identity token is kept");
    }
}

async fn what_ends_the_trust_the_pipeline_or_the_project_ends_the_job(authority: Authority) {
    let admin = authority.admin().await;
    for way in ["changed", "trust", "pipeline", "project"] {
        let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
        let (_, token) = it.job(&authority).await;
        authority.give(&it.works, &it.works.account(), &it.works.place()).await;
        assert_eq!(authority.reads(&it.works, &token, &it.works.place()).await["allowed"], true);
        let mut shorter = it.terms();
        shorter["lifetime_minutes_max"] = json!(5);
        it.put(&authority, shorter.clone()).await.expect(200);
        assert!(authority.lives(&token).await, "less time from now on ends nothing");
        match way {
            "changed" => {
                shorter["claims"][1]["pattern"] = json!("refs/heads/release");
                it.put(&authority, shorter).await.expect(200);
            }
            "trust" => {
                authority.delete(&admin, &it.path()).await.expect(204);
            }
            "pipeline" => {
                let path = it.works.path(&format!("/pipelines/{}", it.works.pipeline));
                authority.delete(&admin, &path).await.expect(204);
                // One of the same name is another one: the trust does not come back with the name.
                authority.put(&admin, &path, json!({"kind": "yaml"})).await.expect(201);
                authority.get(&admin, &it.path()).await.refused(404, "not_found");
            }
            _ => {
                authority.delete(&admin, &it.works.path("")).await.expect(204);
            }
        }
        assert!(!authority.lives(&token).await, "{way}");
        refused(it.show(&authority, &it.identity()).await, "invalid_grant");
        refused(exchange(&authority, &it.identity(), &[]).await, "invalid_grant");
    }
}

async fn a_disabled_account_lets_no_identity_in(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let (_, token) = it.job(&authority).await;
    let admin = authority.admin().await;
    let account = format!("/api/v1/service-accounts/{}", it.works.account());
    authority.patch(&admin, &account, json!({"disabled": true})).await.expect(200);
    assert!(!authority.lives(&token).await);
    let identity = it.identity();
    let answer = refused(it.show(&authority, &identity).await, "invalid_grant");
    assert!(answer.text.contains("disabled"), "{}", answer.text);
    authority.patch(&admin, &account, json!({"disabled": false})).await.expect(200);
    access_token(it.show(&authority, &identity).await);
    // One that was removed is made anew for the next job.
    authority.delete(&admin, &account).await.expect(204);
    assert!(!authority.lives(&token).await);
    let (_, token) = it.job(&authority).await;
    assert!(authority.lives(&token).await);
}

async fn many_runs_at_once_share_the_account_that_the_first_one_needs(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let identities: Vec<_> = (0..6).map(|_| it.identity()).collect();
    let tries = identities.iter().map(|identity| it.show(&authority, identity));
    let answers = futures_util::future::join_all(tries).await;
    for answer in answers {
        assert!(authority.lives(&access_token(answer)).await);
    }
    let identity = it.identity();
    let tries = (0..6).map(|_| it.show(&authority, &identity));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        refused(answer, "invalid_grant");
    }
}
