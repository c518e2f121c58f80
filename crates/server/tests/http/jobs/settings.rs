//! `…/job-settings`

use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::rights::user;

on_both! {
    shared:
        everything_is_limited_until_somebody_says_otherwise,
        what_the_organization_limits_no_project_loosens,
        what_is_not_said_stays,
        settings_are_checked_and_changed_by_those_who_look_after_jobs;
}

const ALL_ON: fn(Option<i64>) -> Value = |minutes| {
    json!({
        "limit_non_release": true, "limit_release": true, "limit_forks": true, "project_wall": true,
        "max_lifetime_minutes": minutes,
    })
};

async fn everything_is_limited_until_somebody_says_otherwise(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    let settings = authority.get(&admin, &works.firm.path("/job-settings")).await.expect(200).body;
    assert_eq!((&settings["stored"], &settings["effective"]), (&ALL_ON(Some(1440)), &ALL_ON(Some(1440))));
    assert_eq!(settings["place"], json!(works.firm.all()));
    let settings = authority.get(&admin, &works.path("/job-settings")).await.expect(200).body;
    let off = json!({
        "limit_non_release": false, "limit_release": false, "limit_forks": false, "project_wall": false,
    });
    assert_eq!((&settings["stored"], &settings["effective"]), (&off, &ALL_ON(Some(1440))));
    assert_eq!(settings["place"], json!(works.place()));
    let decided = settings["decided_by"].as_object().unwrap();
    assert_eq!(decided.len(), 5);
    assert!(decided.values().all(|level| level == "organization"), "{settings}");
}

async fn what_the_organization_limits_no_project_loosens(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    let (above, below) = (works.firm.path("/job-settings"), works.path("/job-settings"));
    for (loose, pointer) in [
        (json!({"limit_release": false}), "/limit_release"),
        (json!({"project_wall": false, "limit_forks": true}), "/project_wall"),
        (json!({"max_lifetime_minutes": 1441}), "/max_lifetime_minutes"),
    ] {
        authority.patch(&admin, &below, loose).await.invalid(pointer, "policy_loosens");
    }
    authority.patch(&admin, &above, json!({"limit_release": false})).await.expect(200);
    let on = authority.patch(&admin, &below, json!({"limit_release": true})).await.expect(200).body;
    assert_eq!(
        (&on["effective"]["limit_release"], &on["decided_by"]["limit_release"]),
        (&json!(true), &json!("project"))
    );
    let off = authority.patch(&admin, &below, json!({"limit_release": false})).await.expect(200).body;
    assert_eq!(off["effective"]["limit_release"], json!(false));
}

async fn what_is_not_said_stays(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    let above = works.firm.path("/job-settings");
    authority.patch(&admin, &above, json!({"limit_forks": false})).await.expect(200);
    let said = authority.patch(&admin, &above, json!({"max_lifetime_minutes": 60})).await.expect(200).body;
    let mut expected = ALL_ON(Some(60));
    expected["limit_forks"] = json!(false);
    assert_eq!(said["stored"], expected);
    assert_eq!(authority.patch(&admin, &above, json!({})).await.expect(200).body, said);
    assert_eq!(authority.get(&admin, &above).await.expect(200).body, said);
}

async fn settings_are_checked_and_changed_by_those_who_look_after_jobs(authority: Authority) {
    let (works, admin) = (authority.works(json!({"kind": "yaml"})).await, authority.admin().await);
    let (above, below) = (works.firm.path("/job-settings"), works.path("/job-settings"));
    for minutes in [0, 43_201] {
        let body = json!({ "max_lifetime_minutes": minutes });
        authority.patch(&admin, &above, body).await.invalid("/max_lifetime_minutes", "invalid_field");
    }
    authority.patch(&admin, &above, json!({"limit": true})).await.expect(422);
    let (auditor, boss) = (authority.person("auditor").await, authority.person("boss").await);
    authority.get(&auditor.session, &above).await.refused(404, "not_found");
    authority.bind("Auditor", user(&auditor.name), &works.firm.all()).await;
    authority.bind("ProjectAdmin", user(&boss.name), &works.place()).await;
    authority.get(&auditor.session, &above).await.expect(200);
    for path in [&above, &below] {
        let answer = authority.patch(&auditor.session, path, json!({"limit_forks": true})).await;
        answer.refused(403, "insufficient_scope");
    }
    authority.patch(&boss.session, &below, json!({"limit_forks": true})).await.expect(200);
    let answer = authority.patch(&boss.session, &above, json!({"limit_forks": true})).await;
    assert!([403, 404].contains(&answer.status), "{}", answer.body);
    let runner = authority.patch(&works.token.secret, &below, json!({"limit_forks": true})).await;
    runner.refused(403, "insufficient_scope");
}
