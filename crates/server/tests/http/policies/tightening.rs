//! Policies of places within places, who sees and sets them, and what is no policy.

use serde_json::{Value, json};

use super::{LEVELS, policy_path};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        a_place_only_tightens_what_is_said_around_it,
        what_holds_at_a_place_is_shown_with_who_decided,
        a_policy_goes_with_its_place,
        a_policy_that_says_nothing_is_none,
        the_examples_of_the_documentation_are_policies;
    shared:
        what_is_no_policy_is_refused_with_its_field,
        a_policy_is_set_by_whoever_has_the_right_there,
        a_place_that_is_not_seen_is_not_there;
}

async fn a_place_only_tightens_what_is_said_around_it(authority: Authority) {
    authority.projects().await;
    let cases = [
        ("lifetime_minutes_max", json!(60), json!(61), json!(59)),
        ("never_expires", json!("refused"), json!("allowed"), json!("refused")),
        ("everything", json!("refused"), json!("allowed"), json!("refused")),
        ("excess", json!("refuse"), json!("clamp"), json!("refuse")),
        ("networks", json!(["10.0.0.0/8"]), json!(["10.0.0.0/8", "192.0.2.0/24"]), json!(["10.1.0.0/16"])),
        ("sign_in_within_days", json!(7), json!(8), json!(6)),
    ];
    for (field, outer, looser, tighter) in cases {
        for (around, within) in [(0, 1), (0, 2), (1, 2)] {
            let (around, within) = (LEVELS[around], LEVELS[within]);
            authority.set_policy(around, json!({field: outer})).await.expect(200);
            let refused = authority.set_policy(within, json!({field: looser})).await;
            refused.invalid(&format!("/{field}"), "policy_loosens");
            authority.set_policy(within, json!({field: tighter})).await.expect(200);
            authority.remove_policy(within).await;
            authority.remove_policy(around).await;
            authority.set_policy(within, json!({field: looser})).await.expect(200);
            // Whoever looks after the place around may always tighten, whatever was said within.
            authority.set_policy(around, json!({field: outer})).await.expect(200);
            authority.remove_policy(around).await;
            authority.remove_policy(within).await;
        }
    }
    authority.set_policy("*", json!({"lifetime_minutes_max": 60, "everything": "refused"})).await.expect(200);
    let both = json!({"lifetime_minutes_default": 61, "everything": "allowed"});
    let refused = authority.set_policy("default/*", both).await.refused(422, "policy_loosens");
    let pointers: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
    assert_eq!(pointers, ["/lifetime_minutes_default", "/everything"]);
}

async fn what_holds_at_a_place_is_shown_with_who_decided(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let outer = json!({"lifetime_minutes_max": 100, "networks": ["10.0.0.0/8"], "approval_scopes": ["Taskurai.Task.*"]});
    let inner = json!({"lifetime_minutes_max": 50, "networks": ["10.1.0.0/16"], "approval_scopes": ["Taskurai.Log.*"]});
    authority.set_policy("*", outer.clone()).await.expect(200);
    authority.set_policy("default/apollo", inner.clone()).await.expect(200);
    let shown = authority.get(&admin, &policy_path("default/apollo")).await.expect(200).body;
    assert_eq!(shown["place"], "default/apollo");
    assert_eq!(shown["stored"], inner);
    let effective = json!({
        "lifetime_minutes_max": 50, "networks": ["10.1.0.0/16"],
        "approval_scopes": ["Taskurai.Log.*", "Taskurai.Task.*"],
    });
    assert_eq!(shown["effective"], effective);
    let decided_by = json!({
        "lifetime_minutes_max": ["default/apollo"], "networks": ["*", "default/apollo"],
        "approval_scopes": ["*", "default/apollo"],
    });
    assert_eq!(shown["decided_by"], decided_by);
    let inherited = authority.get(&admin, &policy_path("default/*")).await.expect(200).body;
    assert_eq!((&inherited["stored"], &inherited["effective"]), (&json!({}), &outer));
    let listed = authority.get(&admin, "/api/v1/policies").await.expect(200).body;
    let places: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| &item["place"]).collect();
    assert_eq!(places, ["*", "default/apollo"]);
}

async fn a_policy_goes_with_its_place(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    authority.set_policy("default/apollo", json!({"never_expires": "refused"})).await.expect(200);
    let path = "/api/v1/organizations/default/projects/apollo";
    authority.delete(&admin, path).await.expect(204);
    authority.get(&admin, &policy_path("default/apollo")).await.refused(404, "not_found");
    authority.put(&admin, path, json!({})).await.expect(201);
    let anew = authority.get(&admin, &policy_path("default/apollo")).await.expect(200).body;
    assert_eq!((&anew["stored"], &anew["effective"]), (&json!({}), &json!({})));
    let listed = authority.get(&admin, "/api/v1/policies").await.expect(200).body;
    assert_eq!(listed["items"], json!([]));
}

async fn a_policy_that_says_nothing_is_none(authority: Authority) {
    let admin = authority.admin().await;
    authority.set_policy("*", json!({"lifetime_minutes_max": 1})).await.expect(200);
    let told = authority.set_policy("*", json!({})).await.expect(200).body;
    assert_eq!(told["policy"]["stored"], json!({}));
    assert_eq!(authority.get(&admin, "/api/v1/policies").await.expect(200).body["items"], json!([]));
    authority.remove_policy("*").await;
}

async fn the_examples_of_the_documentation_are_policies(authority: Authority) {
    let page = include_str!("../../../../../docs/policies.md");
    let examples: Vec<_> =
        page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 11);
    for example in examples {
        let policy: Value = serde_json::from_str(example).unwrap();
        let told = authority.set_policy("*", policy.clone()).await.expect(200).body;
        assert_eq!(told["policy"]["stored"], policy);
    }
}

async fn what_is_no_policy_is_refused_with_its_field(authority: Authority) {
    let admin = authority.admin().await;
    let try_it = async |policy: Value| {
        authority.put(&admin, &format!("{}?dry_run=true", policy_path("*")), policy).await
    };
    for (policy, pointer, code) in [
        (json!({"lifetime_minutes_max": 0}), "/lifetime_minutes_max", "invalid_field"),
        (json!({"lifetime_minutes_max": -5}), "/lifetime_minutes_max", "invalid_field"),
        (json!({"lifetime_minutes_max": 100 * 366 * 24 * 60 + 1}), "/lifetime_minutes_max", "invalid_field"),
        (json!({"lifetime_minutes_max": i64::MAX}), "/lifetime_minutes_max", "invalid_field"),
        (json!({"lifetime_minutes_default": 0}), "/lifetime_minutes_default", "invalid_field"),
        (
            json!({"lifetime_minutes_default": 2, "lifetime_minutes_max": 1}),
            "/lifetime_minutes_default",
            "invalid_field",
        ),
        (json!({"sign_in_within_days": 0}), "/sign_in_within_days", "invalid_field"),
        (json!({"sign_in_within_days": 36_601}), "/sign_in_within_days", "invalid_field"),
        (json!({"networks": ["10.0.0.0/8", "10.0.0.1/8"]}), "/networks/1", "invalid_field"),
        (json!({"networks": ["everywhere"]}), "/networks/0", "invalid_field"),
        (json!({"approval_scopes": ["Task*"]}), "/approval_scopes/0", "invalid_field"),
        (json!({"creators": [{"type": "pipeline", "name": "x"}]}), "/creators/0/type", "invalid_field"),
        (json!({"creators": [{"type": "user", "name": ""}]}), "/creators/0/name", "invalid_field"),
        (json!({"creators": [{"type": "group", "name": "no such"}]}), "/creators/0/name", "unknown_name"),
    ] {
        try_it(policy.clone()).await.invalid(pointer, code);
    }
    for policy in [
        json!({"lifetime_minutes": 1}),
        json!({"never_expires": "sometimes"}),
        json!({"never_expires": null}),
        json!({"never_expires": true}),
        json!({"excess": "cut"}),
        json!({"everything": "Allowed"}),
        json!({"lifetime_minutes_max": "60"}),
        json!({"lifetime_minutes_max": 1.5}),
        json!({"networks": "10.0.0.0/8"}),
        json!({"networks": {}}),
        json!([]),
        json!([60]),
        json!("x"),
    ] {
        let refused = try_it(policy.clone()).await;
        assert!([400, 422].contains(&refused.status), "{policy}: {}", refused.text);
    }
    let many: Vec<_> = (0..257).map(|at| format!("Taskurai.S{at}")).collect();
    try_it(json!({"approval_scopes": many})).await.invalid("/approval_scopes", "invalid_field");
    for place in ["", "x", "default", "default/", "/", "*/*", "default/no such", "a/b/c", "default/*/x"] {
        let answer = authority.put(&admin, &policy_path(place), json!({})).await;
        assert!([404, 405].contains(&answer.status), "{place}: {}", answer.text);
    }
}

async fn a_policy_is_set_by_whoever_has_the_right_there(authority: Authority) {
    let admin = authority.admin().await;
    let organization = fresh("acme");
    let path = format!("/api/v1/organizations/{organization}");
    authority.put(&admin, &path, json!({})).await.expect(201);
    authority.put(&admin, &format!("{path}/projects/web"), json!({})).await.expect(201);
    let places = ["*".to_owned(), format!("{organization}/*"), format!("{organization}/web")];
    for (role, place, allowed) in [
        ("OrganizationAdmin", &places[1], [403, 200, 200]),
        ("ProjectAdmin", &places[2], [403, 403, 200]),
        ("Auditor", &places[1], [403, 403, 403]),
        ("TokenAdmin", &places[1], [403, 403, 403]),
    ] {
        let person = authority.person("somebody").await;
        let subject = json!({"type": "user", "name": person.name});
        let body = json!({"role": role, "subject": subject, "place": place});
        authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
        for (place, status) in places.iter().zip(allowed) {
            let path = format!("{}?dry_run=true", policy_path(place));
            let answer = authority.put(&person.session, &path, json!({"everything": "refused"})).await;
            assert_eq!(answer.status, status, "{role} {place}: {}", answer.text);
            let path = format!("{}?dry_run=true", policy_path(place));
            let removed = authority.delete(&person.session, &path).await.status;
            assert_eq!(removed, if status == 200 { 204 } else { status }, "{role} {place}");
        }
    }
}

async fn a_place_that_is_not_seen_is_not_there(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let organization = fresh("acme");
    authority.put(&admin, &format!("/api/v1/organizations/{organization}"), json!({})).await.expect(201);
    let place = format!("{organization}/*");
    authority.set_policy(&place, json!({"everything": "refused"})).await.expect(200);
    let nothing = policy_path("no-such-place/*");
    let hidden = policy_path(&place);
    for path in [&nothing, &hidden] {
        authority.get(&alice.session, path).await.refused(404, "not_found");
        authority.put(&alice.session, path, json!({})).await.refused(404, "not_found");
        authority.delete(&alice.session, path).await.refused(404, "not_found");
    }
    let listed = authority.get(&alice.session, "/api/v1/policies").await.expect(200);
    assert!(!listed.text.contains(&organization), "{}", listed.text);
    authority.remove_policy(&place).await;
}
