//! Starting, showing and listing.

use serde_json::{Value, json};

use super::path;
use crate::support::clock::ms;
use crate::support::rights::{subject, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_job_has_a_token_of_the_account_of_its_project,
        the_account_is_made_once_and_has_one_role_at_its_place,
        a_job_may_do_what_its_account_may_and_no_more,
        permissions_narrow_a_job,
        fields_are_checked,
        without_the_right_there_nobody_starts_a_job,
        jobs_are_listed_to_those_who_may_see_them,
        the_token_of_a_job_is_listed_explained_and_never_changed,
        the_record_says_who_started_a_job_and_why_it_reaches_so_far,
        the_name_of_an_account_follows_its_project;
}

async fn a_job_has_a_token_of_the_account_of_its_project(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml", "timeout_minutes": 90})).await;
    let started = authority.start_job_as(&works.token.secret, works.body()).await.expect(201);
    let (job, token) = (&started.body["job"], &started.body["token"]);
    let created = ms(&job["created_at"]);
    let expected = json!({
        "id": job["id"], "number": job["number"], "organization": works.firm.name, "project": works.project,
        "pipeline": works.pipeline, "state": "running", "authorization_scope": "project",
        "decided_by": "organization_limit", "service_account": works.account(), "permissions": null,
        "fork": false, "runner": works.runner, "token_id": token["id"], "lease_seconds": 60,
        "lease_expires_at": job["lease_expires_at"], "ends_at": job["ends_at"],
        "created_at": job["created_at"], "finished_at": null,
    });
    assert_eq!(*job, expected);
    assert_eq!(ms(&job["ends_at"]) - ms(&token["created_at"]), 90 * 60_000);
    assert_eq!(ms(&job["lease_expires_at"]) - ms(&token["created_at"]), 60_000);
    assert!((ms(&token["created_at"]) - created).abs() < 60_000);
    assert_eq!((&token["kind"], &token["scopes"]), (&json!("job"), &json!(["*"])));
    assert_eq!(token["owner"], subject("service_account", &works.account().to_lowercase()));
    assert_eq!((&token["parent_id"], &token["created_by"]), (&Value::Null, &json!(works.token.id)));
    assert_eq!(token["projects"], json!([works.place()]));
    assert!(started.secret().starts_with("jtn_job_"), "{}", started.secret());
    assert_eq!(started.header("cache-control"), "no-store");
    let address = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(authority.get(&works.token.secret, &address).await.expect(200).body, *job);
}

async fn the_account_is_made_once_and_has_one_role_at_its_place(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let admin = authority.admin().await;
    let address = format!("/api/v1/service-accounts/{}", works.account());
    authority.get(&admin, &address).await.refused(404, "not_found");
    authority.job(&works, json!({})).await;
    let account = authority.get(&admin, &address).await.expect(200).body;
    assert_eq!(account["display_name"], json!(works.account()));
    assert_eq!(account["organization"], json!(works.firm.name));
    let bound = format!(
        "/api/v1/role-bindings?subject_type=service_account&subject={}",
        works.account().replace(' ', "%20")
    );
    let bound = authority.get(&admin, &bound).await.expect(200).body;
    assert_eq!(bound["items"].as_array().unwrap().len(), 1, "{bound}");
    assert_eq!(bound["items"][0]["role"], json!("BuildService"));
    assert_eq!(bound["items"][0]["place"], json!(works.place()));
    authority.job(&works, json!({})).await;
    assert_eq!(authority.get(&admin, &address).await.expect(200).body, account, "it is the same account");
    let role = authority.get(&admin, "/api/v1/roles/BuildService").await.expect(200).body;
    assert_eq!(role["scopes"], json!(["vso.build", "vso.project"]));
}

async fn a_job_may_do_what_its_account_may_and_no_more(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    let before = authority.reads(&works, &job.secret, &works.place()).await;
    assert_eq!((&before["allowed"], &before["reason"]), (&json!(false), &json!("missing_scope")), "{before}");
    authority.give(&works, &works.account(), &works.place()).await;
    let after = authority.reads(&works, &job.secret, &works.place()).await;
    assert_eq!(after["allowed"], json!(true), "what the account gets, the job has at once: {after}");
    assert_eq!(after["subject"]["type"], json!("service_account"));
    assert_eq!(after["expires_at"], job.job["lease_expires_at"]);
}

async fn permissions_narrow_a_job(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    authority.job(&works, json!({})).await;
    authority.give(&works, &works.account(), &works.place()).await;
    let (read, create) = (works.firm.scope("Task.Read"), works.firm.scope("Task.Create"));
    let asked = |secret: String, scope: String| {
        let (api, place) = (works.firm.api.clone(), works.place());
        let authority = &authority;
        async move {
            authority.ask(&api, &secret, json!({"scope": scope, "resource": place})).await["allowed"].clone()
        }
    };
    let narrow = authority.job(&works, json!({"permissions": [read.clone()]})).await;
    assert_eq!(narrow.job["permissions"], json!([read.clone()]));
    assert_eq!(asked(narrow.secret.clone(), read.clone()).await, json!(true));
    assert_eq!(asked(narrow.secret.clone(), create.clone()).await, json!(false));
    let more = authority.job(&works, json!({"permissions": ["Jeton.Admin.Token", create.clone()]})).await;
    assert_eq!(asked(more.secret.clone(), create.clone()).await, json!(true));
    authority.get(&more.secret, "/api/v1/tokens?owner=admin").await.refused(403, "insufficient_scope");
    let nothing = authority.job(&works, json!({"permissions": []})).await;
    assert_eq!(nothing.job["permissions"], json!([]));
    for scope in [read, create] {
        assert_eq!(asked(nothing.secret.clone(), scope).await, json!(false));
    }
    authority.get(&nothing.secret, "/api/v1/tokens/self").await.expect(200);
}

async fn fields_are_checked(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let runner = &works.token.secret;
    let wrong = [
        (json!({"lease_seconds": 9}), "/lease_seconds", "invalid_field"),
        (json!({"lease_seconds": 301}), "/lease_seconds", "invalid_field"),
        (json!({"organization": "a/b"}), "/organization", "invalid_field"),
        (json!({"project": ""}), "/project", "invalid_field"),
        (json!({"pipeline": "*"}), "/pipeline", "invalid_field"),
        (json!({"permissions": ["no scope"]}), "/permissions/0", "invalid_field"),
        (json!({"permissions": [works.firm.scopes(), "Nowhere.Known"]}), "/permissions/1", "unknown_scope"),
    ];
    for (more, pointer, code) in wrong {
        authority.start_job_as(runner, works.with(more)).await.invalid(pointer, code);
    }
    let many: Vec<_> = (0..257).map(|n| works.firm.scope(&format!("Task.N{n}"))).collect();
    authority
        .start_job_as(runner, works.with(json!({"permissions": many})))
        .await
        .invalid("/permissions", "invalid_field");
    for unknown in [json!({"fork": true}), json!({"trigger": {"forks": true}})] {
        authority.start_job_as(runner, works.with(unknown)).await.expect(422);
    }
    for missing in [json!({"pipeline": "none"}), json!({"project": "none"}), json!({"organization": "none"})]
    {
        authority.start_job_as(runner, works.with(missing)).await.refused(404, "not_found");
    }
}

async fn without_the_right_there_nobody_starts_a_job(authority: Authority) {
    let (works, other) =
        (authority.works(json!({"kind": "yaml"})).await, authority.works(json!({"kind": "yaml"})).await);
    let alice = authority.person("alice").await;
    authority.start_job_as(&alice.session, works.body()).await.refused(404, "not_found");
    authority.start_job_as(&other.token.secret, works.body()).await.refused(404, "not_found");
    authority.bind("Auditor", user(&alice.name), &works.place()).await;
    let denied =
        authority.start_job_as(&alice.session, works.body()).await.refused(403, "insufficient_scope");
    assert_eq!(denied.body["missing_scope"], json!("Jeton.Job.Mint"), "{}", denied.body);
    let narrow = authority.service_token(&works.runner, &["Jeton.Job.Read"]).await;
    authority.start_job_as(&narrow.secret, works.body()).await.refused(403, "insufficient_scope");
    authority.bind("JobRunner", user(&alice.name), &works.place()).await;
    authority.start_job_as(&alice.session, works.body()).await.expect(201);
}

async fn jobs_are_listed_to_those_who_may_see_them(authority: Authority) {
    let (works, other) =
        (authority.works(json!({"kind": "yaml"})).await, authority.works(json!({"kind": "yaml"})).await);
    let first = authority.job(&works, json!({})).await;
    let second = authority.job(&works, json!({"trigger": {"fork": true}})).await;
    let foreign = authority.job(&other, json!({})).await;
    authority.post(&works.token.secret, &path(&first.id, "finish"), json!({})).await.expect(200);
    let ids = |secret: String, query: String| {
        let authority = &authority;
        async move {
            let all = authority.get(&secret, &format!("/api/v1/jobs?{query}")).await.expect(200).body;
            let items = all["items"].as_array().unwrap().clone();
            items.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    let runner = works.token.secret.clone();
    assert_eq!(ids(runner.clone(), String::new()).await, [&*second.id, &*first.id]);
    assert_eq!(ids(runner.clone(), "state=running".into()).await, [&*second.id]);
    assert_eq!(ids(runner.clone(), "state=finished".into()).await, [&*first.id]);
    let here = format!("organization={}&project={}", works.firm.name, works.project);
    assert_eq!(ids(runner.clone(), here.clone()).await, [&*second.id, &*first.id]);
    let exactly = format!("{here}&pipeline={}&page_size=1", works.pipeline);
    assert_eq!(ids(runner.clone(), exactly).await, [&*second.id]);
    let auditor = authority.person("auditor").await;
    assert_eq!(ids(auditor.session.clone(), String::new()).await, Vec::<String>::new());
    authority.get(&auditor.session, &format!("/api/v1/jobs/{}", first.id)).await.refused(404, "not_found");
    authority.bind("Auditor", user(&auditor.name), &other.firm.all()).await;
    assert_eq!(ids(auditor.session.clone(), String::new()).await, [&*foreign.id]);
    authority.get(&auditor.session, &format!("/api/v1/jobs/{}", foreign.id)).await.expect(200);
    let query = "/api/v1/jobs?project=web";
    authority.get(&runner, query).await.invalid("organization", "invalid_field");
    authority.get(&runner, "/api/v1/jobs?state=lost").await.expect(422);
    authority.get(&runner, &format!("/api/v1/jobs/{}", foreign.id)).await.refused(404, "not_found");
}

async fn the_token_of_a_job_is_listed_explained_and_never_changed(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    let admin = authority.admin().await;
    let token = job.job["token_id"].as_str().unwrap();
    let account = works.account().replace(' ', "%20");
    let listed = authority.get(&admin, &format!("/api/v1/tokens?owner={account}&kind=job")).await.expect(200);
    assert_eq!(listed.body["items"][0]["id"], json!(token), "{}", listed.body);
    let question = json!({
        "token_id": token, "scope": works.firm.scope("Task.Read"), "resource": works.place()
    });
    let explained = authority.post(&admin, "/api/v1/explain", question).await.expect(200).body;
    assert_eq!(explained["allowed"], json!(false), "{explained}");
    let address = format!("/api/v1/tokens/{token}");
    authority.patch(&admin, &address, json!({"description": "mine"})).await.refused(409, "token_not_live");
    for verb in ["rotate", "rotate/finish"] {
        let answer = authority.post(&admin, &format!("{address}/{verb}"), json!({})).await;
        answer.refused(409, "token_not_live");
    }
    authority.delete(&admin, &address).await.expect(204);
    let ended =
        authority.get(&works.token.secret, &format!("/api/v1/jobs/{}", job.id)).await.expect(200).body;
    assert_eq!(ended["state"], json!("finished"), "whoever revokes the token ends the job");
    assert!(!authority.lives(&job.secret).await);
}

async fn the_record_says_who_started_a_job_and_why_it_reaches_so_far(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let job = authority.job(&works, json!({})).await;
    authority.post(&works.token.secret, &path(&job.id, "renew"), json!({})).await.expect(200);
    authority.post(&works.token.secret, &path(&job.id, "finish"), json!({})).await.expect(200);
    authority.post(&works.token.secret, &path(&job.id, "finish"), json!({})).await.expect(200);
    let rows = authority
        .sql()
        .await
        .rows(&format!(
            "SELECT action, detail, credential FROM audit WHERE target = '{}' ORDER BY at, id",
            job.id
        ))
        .await;
    let actions: Vec<_> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(actions, ["job.mint", "job.renew", "job.finish"], "finishing again changes nothing");
    assert!(rows[0][1].contains("scope project by organization_limit"), "{}", rows[0][1]);
    assert!(rows.iter().all(|row| row[2] == works.token.id));
}

async fn the_name_of_an_account_follows_its_project(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let admin = authority.admin().await;
    let before = authority.job(&works, json!({})).await;
    let new = fresh("shop");
    authority.patch(&admin, &works.path(""), json!({"name": new})).await.expect(200);
    let shown =
        authority.get(&works.token.secret, &format!("/api/v1/jobs/{}", before.id)).await.expect(200).body;
    assert_eq!(shown["service_account"], json!(format!("{new} Build Service ({})", works.firm.name)));
    let address = format!("/api/v1/service-accounts/{new} Build Service ({})", works.firm.name);
    authority.get(&admin, &address).await.expect(200);
    let address = format!("/api/v1/service-accounts/{}", works.account());
    authority.get(&admin, &address).await.refused(404, "not_found");
    assert!(authority.lives(&before.secret).await, "the account is the same under another name");
}
