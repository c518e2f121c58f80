//! What the accounts of jobs are called, and that nobody and nothing else is called so.

use serde_json::json;

use crate::support::rights::subject;
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_job_is_named_by_its_number_as_by_its_id,
        names_of_accounts_of_jobs_are_nobody_elses,
        a_name_that_an_account_of_jobs_had_is_not_free_either,
        no_new_place_has_a_name_that_makes_two_accounts_one,
        a_place_that_has_such_a_name_keeps_it,
        the_record_of_a_place_that_goes_names_the_account_that_went_with_it;
}

async fn a_job_is_named_by_its_number_as_by_its_id(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let jobs = [authority.job(&works, json!({})).await, authority.job(&works, json!({})).await];
    let runner = &works.token.secret;
    for job in &jobs {
        let path = format!("/api/v1/jobs/{}", job.job["number"]);
        assert_eq!(authority.get(runner, &path).await.expect(200).body["id"], job.job["id"]);
        let renewed = authority.post(runner, &format!("{path}/renew"), json!({})).await.expect(200).body;
        assert_eq!((&renewed["id"], &renewed["state"]), (&job.job["id"], &json!("running")));
        let finished = authority.post(runner, &format!("{path}/finish"), json!({})).await.expect(200).body;
        assert_eq!((&finished["id"], &finished["state"]), (&job.job["id"], &json!("finished")));
        // Of jobs that somebody does not see, the number is not told from one that no job has.
        let stranger = authority.person("stranger").await.session;
        for path in [path, "/api/v1/jobs/999999999".to_owned()] {
            authority.get(&stranger, &path).await.refused(404, "not_found");
            authority.post(&stranger, &format!("{path}/finish"), json!({})).await.refused(404, "not_found");
        }
    }
    for odd in ["0", "-1", "+1", "01", "9223372036854775807", "99999999999999999999", "1.0"] {
        authority.get(runner, &format!("/api/v1/jobs/{odd}")).await.refused(404, "not_found");
    }
}

async fn names_of_accounts_of_jobs_are_nobody_elses(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    for name in [works.account(), works.account_of_all().to_uppercase()] {
        let body = json!({"organization": works.firm.name});
        let answer = authority.put(&admin, &format!("/api/v1/service-accounts/{name}"), body).await;
        answer.refused(409, "name_taken");
        let answer = authority.put(&admin, &format!("/api/v1/users/{name}"), json!({})).await;
        answer.refused(409, "name_taken");
    }
    let answer = authority.put(&admin, &works.firm.path("/projects/project collection"), json!({})).await;
    answer.refused(409, "name_taken");
    let answer = authority.patch(&admin, &works.path(""), json!({"name": "Project Collection"})).await;
    answer.refused(409, "name_taken");
}

async fn a_name_that_an_account_of_jobs_had_is_not_free_either(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    authority.job(&works, json!({})).await;
    let address = format!("/api/v1/service-accounts/{}", works.account());
    let before = authority.get(&admin, &address).await.expect(200).body;
    authority.delete(&admin, &address).await.expect(204);
    let body = json!({"organization": works.firm.name});
    authority.put(&admin, &address, body.clone()).await.refused(409, "name_taken");
    let other = format!("/api/v1/service-accounts/nowhere Build Service ({})", fresh("nobody"));
    authority.put(&admin, &other, body).await.refused(409, "name_taken");
    let next = authority.job(&works, json!({})).await;
    let after = authority.get(&admin, &address).await.expect(200).body;
    assert_ne!(before["id"], after["id"]);
    assert_eq!(next.job["service_account"], json!(works.account()));
}

async fn no_new_place_has_a_name_that_makes_two_accounts_one(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    let (bad, good) = (format!("{} build SERVICE (x)", fresh("a")), format!("{} Build Service", fresh("a")));
    let project = works.firm.path(&format!("/projects/{bad}"));
    let organization = format!("/api/v1/organizations/{bad}");
    let named = json!({ "name": bad });
    let answers = [
        authority.put(&admin, &project, json!({})).await,
        authority.patch(&admin, &works.path(""), named.clone()).await,
        authority.put(&admin, &organization, json!({})).await,
        authority.patch(&admin, &works.firm.path(""), named).await,
    ];
    for answer in answers {
        let refused = answer.refused(409, "name_taken");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("leave out ` Build Service (`"), "{detail}");
    }
    authority.put(&admin, &works.firm.path(&format!("/projects/{good}")), json!({})).await.expect(201);
    authority.put(&admin, &format!("/api/v1/organizations/{good}"), json!({})).await.expect(201);
}

async fn a_place_that_has_such_a_name_keeps_it(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    let old = format!("{} Build Service (x)", fresh("old"));
    let change = format!(
        "UPDATE project SET name = '{old}', live_name = '{}' WHERE live_name = '{}'",
        old.to_lowercase(),
        works.project.to_lowercase()
    );
    authority.sql().await.change(&change).await;
    let path = works.firm.path(&format!("/projects/{old}"));
    authority.put(&admin, &path, json!({"visibility": "public"})).await.expect(200);
    let same = json!({"name": old.to_uppercase(), "visibility": "private"});
    authority.patch(&admin, &path, same).await.expect(200);
    let body = json!({"organization": works.firm.name, "project": old, "pipeline": works.pipeline});
    let started = authority.start_job_as(&works.token.secret, body).await.expect(201);
    let name = format!("{} Build Service ({})", old.to_uppercase(), works.firm.name);
    assert_eq!(started.body["job"]["service_account"], json!(name));
    let other = json!({"name": format!("{old} Build Service (y)")});
    authority.patch(&admin, &path, other).await.refused(409, "name_taken");
    authority.delete(&admin, &path).await.expect(204);
    assert!(!authority.lives(&started.secret()).await);
}

async fn the_record_of_a_place_that_goes_names_the_account_that_went_with_it(authority: Authority) {
    let works = authority.works(json!({"kind": "yaml"})).await;
    let (admin, firm) = (authority.admin().await, &works.firm);
    authority.say(&works, json!({"limit_non_release": false})).await;
    authority.let_run_everywhere(&works).await;
    let of_all = authority.job(&works, json!({})).await;
    assert_eq!(of_all.job["service_account"], json!(works.account_of_all()));
    authority.say(&works, json!({"limit_non_release": true})).await;
    authority.job(&works, json!({})).await;
    let account = async |name: String| {
        let shown = authority.get(&admin, &format!("/api/v1/service-accounts/{name}")).await.expect(200).body;
        let name = shown["name"].as_str().unwrap().to_owned();
        assert_eq!(subject("service_account", &name)["name"], shown["name"]);
        (shown["id"].as_str().unwrap().to_owned(), name)
    };
    let (of_project, of_organization) =
        (account(works.account()).await, account(works.account_of_all()).await);
    let removed = async |(id, name): &(String, String)| {
        let text = format!(
            "SELECT target_kind, detail FROM audit WHERE detail LIKE 'removed%' AND detail LIKE '%{id}%'"
        );
        let rows = authority.sql().await.rows(&text).await;
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(row[1], format!("removed; service account {id}: {name}"));
        row[0].clone()
    };
    authority.delete(&admin, &works.path("")).await.expect(204);
    assert_eq!(removed(&of_project).await, "project");
    authority.delete(&admin, &format!("/api/v1/apis/{}", firm.api_name)).await.expect(204);
    authority.delete(&admin, &format!("/api/v1/service-accounts/{}", works.runner)).await.expect(204);
    authority.delete(&admin, &firm.path("")).await.expect(204);
    assert_eq!(removed(&of_organization).await, "organization");
    // Without an account, nothing is named.
    let bare = authority.organization("bare").await;
    let id =
        authority.get(&admin, &format!("/api/v1/organizations/{bare}")).await.expect(200).body["id"].clone();
    authority.delete(&admin, &format!("/api/v1/organizations/{bare}")).await.expect(204);
    let text = format!(
        "SELECT detail FROM audit WHERE target = '{}' ORDER BY at DESC, id DESC",
        id.as_str().unwrap()
    );
    assert_eq!(authority.sql().await.rows(&text).await[0][0], "removed");
}
