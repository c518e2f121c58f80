//! How far jobs reach: which account they are, and where the wall stands.

use serde_json::{Value, json};

use super::{Started, Works};
use crate::support::Authority;

on_both! {
    shared:
        a_job_of_the_organization_reaches_all_of_its_projects,
        the_wall_keeps_a_job_in_its_project_whatever_is_granted,
        without_the_wall_the_account_decides,
        a_public_project_is_walled_whatever_is_set,
        a_limit_that_is_turned_on_holds_for_jobs_that_run,
        a_runner_of_one_project_starts_jobs_of_that_project_only,
        a_release_has_a_switch_of_its_own,
        a_classic_build_says_itself_how_far_it_reaches,
        a_fork_has_a_switch_of_its_own,
        a_project_names_whose_jobs_may_touch_it,
        attack_33_no_job_leaves_its_organization;
}

/// Another project of the same organization.
async fn elsewhere(authority: &Authority, works: &Works) -> String {
    works.firm.at(&authority.project(&works.firm, "other", "private").await)
}

async fn allowed(authority: &Authority, works: &Works, job: &Started, place: &str) -> Value {
    authority.reads(works, &job.secret, place).await["allowed"].clone()
}

/// Works whose runner starts jobs of the whole organization, where nothing is limited.
async fn open(authority: &Authority, pipeline: Value) -> Works {
    let works = authority.works(pipeline).await;
    authority.let_run_everywhere(&works).await;
    let off = json!({
        "limit_non_release": false, "limit_release": false, "limit_forks": false, "project_wall": false
    });
    authority.say(&works, off).await;
    works
}

/// Scope, and what decided it.
fn decided(job: &Started) -> (&str, &str) {
    let text = |name: &str| job.job[name].as_str().unwrap();
    (text("authorization_scope"), text("decided_by"))
}

async fn a_job_of_the_organization_reaches_all_of_its_projects(authority: Authority) {
    let works = open(&authority, json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    assert_eq!(decided(&job), ("organization", "unlimited"));
    assert_eq!(job.job["service_account"], json!(works.account_of_all()));
    authority.give(&works, &works.account_of_all(), &works.firm.all()).await;
    let other = elsewhere(&authority, &works).await;
    for place in [works.place(), other, works.firm.all()] {
        assert_eq!(allowed(&authority, &works, &job, &place).await, json!(true), "{place}");
    }
}

async fn the_wall_keeps_a_job_in_its_project_whatever_is_granted(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    authority.give(&works, &works.account(), &works.firm.all()).await;
    let other = elsewhere(&authority, &works).await;
    assert_eq!(allowed(&authority, &works, &job, &works.place()).await, json!(true));
    for place in [other, works.firm.all()] {
        let verdict = authority.reads(&works, &job.secret, &place).await;
        assert_eq!((&verdict["allowed"], &verdict["reason"]), (&json!(false), &json!("place_not_allowed")));
    }
    let nowhere = json!({"scope": works.firm.scope("Task.Read")});
    let verdict = authority.ask(&works.firm.api, &job.secret, nowhere).await;
    assert_eq!(verdict["reason"], json!("resource_required"), "an API that names no place is not told yes");
}

async fn without_the_wall_the_account_decides(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    authority.say(&works, json!({"project_wall": false})).await;
    let job = authority.job(&works, json!({})).await;
    assert_eq!(decided(&job).0, "project");
    let other = elsewhere(&authority, &works).await;
    authority.give(&works, &works.account(), &works.place()).await;
    assert_eq!(allowed(&authority, &works, &job, &other).await, json!(false));
    authority.give(&works, &works.account(), &other).await;
    assert_eq!(allowed(&authority, &works, &job, &other).await, json!(true), "somebody granted it there");
}

async fn a_public_project_is_walled_whatever_is_set(authority: Authority) {
    let works = open(&authority, json!({"kind": "yaml"})).await;
    let admin = authority.admin().await;
    authority.patch(&admin, &works.path(""), json!({"visibility": "public"})).await.expect(200);
    let job = authority.job(&works, json!({})).await;
    assert_eq!(decided(&job), ("project", "public_project"));
    authority.give(&works, &works.account(), &works.firm.all()).await;
    let other = elsewhere(&authority, &works).await;
    assert_eq!(allowed(&authority, &works, &job, &works.place()).await, json!(true));
    assert_eq!(allowed(&authority, &works, &job, &other).await, json!(false));
}

async fn a_limit_that_is_turned_on_holds_for_jobs_that_run(authority: Authority) {
    let works = open(&authority, json!({"kind": "yaml"})).await;
    let (wide, other) = (authority.job(&works, json!({})).await, elsewhere(&authority, &works).await);
    authority.give(&works, &works.account_of_all(), &works.firm.all()).await;
    assert_eq!(allowed(&authority, &works, &wide, &other).await, json!(true));
    authority.say(&works, json!({"limit_non_release": true, "project_wall": true})).await;
    assert_eq!(allowed(&authority, &works, &wide, &other).await, json!(false));
    assert_eq!(allowed(&authority, &works, &wide, &works.place()).await, json!(true));
    let shown = authority.get(&works.token.secret, &format!("/api/v1/jobs/{}", wide.id)).await.expect(200);
    assert_eq!(shown.body["service_account"], json!(works.account_of_all()), "who it is stays");
    authority.say(&works, json!({"limit_non_release": false})).await;
    assert_eq!(allowed(&authority, &works, &wide, &other).await, json!(true), "a limit is as it is now");
}

async fn a_runner_of_one_project_starts_jobs_of_that_project_only(authority: Authority) {
    let works = open(&authority, json!({"kind": "yaml"})).await;
    let runner = authority.account("narrow", &works.firm.name).await;
    let holder = crate::support::rights::subject("service_account", &runner);
    authority.bind("JobRunner", holder, &works.place()).await;
    let token = authority.service_token(&runner, &["Jeton.Job.*"]).await;
    let job = authority.start_job_as(&token.secret, works.body()).await.expect(201).body["job"].clone();
    assert_eq!((&job["authorization_scope"], &job["decided_by"]), (&json!("project"), &json!("runner")));
    assert_eq!(job["service_account"], json!(works.account()));
}

async fn a_release_has_a_switch_of_its_own(authority: Authority) {
    let (build, release) =
        (open(&authority, json!({"kind": "yaml"})).await, open(&authority, json!({"kind": "release"})).await);
    for works in [&build, &release] {
        authority.say(works, json!({"limit_release": true})).await;
    }
    assert_eq!(decided(&authority.job(&build, json!({})).await), ("organization", "unlimited"));
    assert_eq!(decided(&authority.job(&release, json!({})).await), ("project", "organization_limit"));
    let admin = authority.admin().await;
    for works in [&build, &release] {
        authority.say(works, json!({"limit_release": false})).await;
        let below = json!({"limit_non_release": true});
        authority.patch(&admin, &works.path("/job-settings"), below).await.expect(200);
    }
    assert_eq!(decided(&authority.job(&build, json!({})).await), ("project", "project_limit"));
    assert_eq!(decided(&authority.job(&release, json!({})).await), ("organization", "unlimited"));
}

async fn a_classic_build_says_itself_how_far_it_reaches(authority: Authority) {
    for (own, scope) in [("project", "project"), ("organization", "organization")] {
        let pipeline = json!({"kind": "classic_build", "job_authorization_scope": own});
        let works = open(&authority, pipeline).await;
        assert_eq!(decided(&authority.job(&works, json!({})).await), (scope, "pipeline"));
        let pipeline = json!({"kind": "yaml", "job_authorization_scope": own});
        let works = open(&authority, pipeline).await;
        let job = authority.job(&works, json!({})).await;
        assert_eq!(decided(&job), ("organization", "unlimited"), "only a classic build is asked");
    }
}

async fn a_fork_has_a_switch_of_its_own(authority: Authority) {
    let works = open(&authority, json!({"kind": "yaml"})).await;
    authority.say(&works, json!({"limit_forks": true})).await;
    let fork = json!({"trigger": {"fork": true}});
    let of_fork = authority.job(&works, fork).await;
    assert_eq!(decided(&of_fork), ("project", "organization_fork_limit"));
    assert_eq!(of_fork.job["fork"], json!(true));
    let own = authority.job(&works, json!({"trigger": {"fork": false}})).await;
    assert_eq!(decided(&own), ("organization", "unlimited"));
}

async fn a_project_names_whose_jobs_may_touch_it(authority: Authority) {
    let works = open(&authority, json!({"kind": "yaml"})).await;
    let (job, admin) = (authority.job(&works, json!({})).await, authority.admin().await);
    let (other, third) = (elsewhere(&authority, &works).await, elsewhere(&authority, &works).await);
    authority.give(&works, &works.account_of_all(), &works.firm.all()).await;
    let policy = format!("/api/v1/policies/{}", other.replace('/', "%2F"));
    for (projects, taken) in [(vec![], false), (vec![&third], false), (vec![&third, &works.place()], true)] {
        let set = authority.put(&admin, &policy, json!({ "job_projects": projects })).await.expect(200);
        assert_eq!(set.body["policy"]["stored"]["job_projects"], json!(projects));
        let verdict = authority.reads(&works, &job.secret, &other).await;
        assert_eq!(verdict["allowed"], json!(taken), "{projects:?}: {verdict}");
        if !taken {
            assert_eq!(verdict["reason"], json!("policy_job_projects"));
        }
        assert_eq!(allowed(&authority, &works, &job, &works.place()).await, json!(true));
        assert_eq!(allowed(&authority, &works, &job, &third).await, json!(true), "nobody asked there");
    }
    let unknown = json!({"job_projects": ["nowhere/at-all"]});
    authority.put(&admin, &policy, unknown).await.invalid("/job_projects/0", "unknown_name");
}

async fn attack_33_no_job_leaves_its_organization(authority: Authority) {
    let (works, other) =
        (open(&authority, json!({"kind": "yaml"})).await, authority.works(json!({"kind": "yaml"})).await);
    let job = authority.job(&works, json!({})).await;
    authority.give(&works, &works.account_of_all(), "*").await;
    let role = authority.role("foreign", &[&other.firm.scopes()]).await;
    let account = crate::support::rights::subject("service_account", &works.account_of_all());
    authority.bind(&role, account, "*").await;
    let verdict = authority.reads(&other, &job.secret, &other.place()).await;
    assert_eq!(verdict["allowed"], json!(false), "{verdict}");
    let home = authority.get(&job.secret, &other.firm.path("")).await;
    assert_eq!(home.status, 404, "{}", home.body);
}
