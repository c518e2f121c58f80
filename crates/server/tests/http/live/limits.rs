//! Tokens limited to places and networks, judged on both.

use serde_json::{Value, json};

use crate::support::rights::user;
use crate::support::{Authority, Pat};

on_both! {
    shared:
        a_token_limited_to_projects_is_good_there_only,
        a_token_limited_to_an_organization_is_good_in_all_its_projects,
        rights_at_a_project_are_rights_there_only,
        a_renamed_project_keeps_its_tokens,
        places_and_networks_are_judged_together,
        a_token_limited_to_a_place_does_nothing_elsewhere_at_jeton_itself,
        places_of_a_token_are_those_that_its_maker_sees;
}

async fn limited(authority: &Authority, session: &str, more: Value) -> Pat {
    let mut body = json!({"scopes": ["*"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    authority.token(session, body).await.pat()
}

async fn a_token_limited_to_projects_is_good_there_only(authority: Authority) {
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let alice = authority.person("alice").await;
    authority.bind("ApiUser", user(&alice.name), "*").await;
    authority.bind("Auditor", user(&alice.name), "*").await;
    let mut places = Vec::new();
    for visibility in ["private", "public", "private"] {
        places.push(firm.at(&authority.project(&firm, "web", visibility).await));
    }
    let foreign = other.at(&authority.project(&other, "web", "public").await);
    let pat = limited(&authority, &alice.session, json!({"projects": [places[0], places[1]]})).await;
    let shown = authority.record(&alice.session, &pat.id).await;
    assert_eq!(shown["projects"], json!([places[0], places[1]]));
    let reason = async |api: &str, more: Value| authority.ask(api, &pat.secret, more).await["reason"].clone();
    for place in &places[..2] {
        let upper = place.to_uppercase();
        for place in [place, &upper] {
            let scopes = authority.scopes_of(&firm.api, &pat.secret, &[("resource", place)]).await;
            assert_eq!(scopes.map(|scopes| scopes.len()), Some(4));
        }
    }
    assert_eq!(reason(&firm.api, json!({})).await, "resource_required");
    assert_eq!(authority.scopes_of(&firm.api, &pat.secret, &[]).await, None);
    let all = firm.all();
    let nonsense = ["", "*", "*/*", "x", "default/*", "no-such/web", "a/b/c", "\u{0}/x"];
    for place in nonsense.into_iter().chain([places[2].as_str(), foreign.as_str(), all.as_str()]) {
        assert_eq!(reason(&firm.api, json!({"resource": place})).await, "place_not_allowed", "{place}");
        assert_eq!(
            authority.scopes_of(&firm.api, &pat.secret, &[("resource", place)]).await,
            None,
            "{place}"
        );
    }
    // The other organization's API serves none of these places.
    for place in [&places[0], &foreign] {
        assert_eq!(reason(&other.api, json!({"resource": place})).await, "place_not_allowed");
    }
}

async fn a_token_limited_to_an_organization_is_good_in_all_its_projects(authority: Authority) {
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let alice = authority.person("alice").await;
    authority.bind("ApiUser", user(&alice.name), "*").await;
    authority.bind("Auditor", user(&alice.name), "*").await;
    let early = firm.at(&authority.project(&firm, "early", "private").await);
    let pat = limited(&authority, &alice.session, json!({"projects": [firm.all()]})).await;
    let late = firm.at(&authority.project(&firm, "late", "private").await);
    let all = firm.all();
    for more in
        [vec![], vec![("resource", all.as_str())], vec![("resource", &early)], vec![("resource", &late)]]
    {
        assert!(authority.scopes_of(&firm.api, &pat.secret, &more).await.is_some(), "{more:?}");
    }
    let place = other.at(&authority.project(&other, "web", "public").await);
    assert_eq!(authority.scopes_of(&other.api, &pat.secret, &[("resource", &place)]).await, None);
    assert_eq!(authority.ask(&other.api, &pat.secret, json!({})).await["reason"], "resource_required");
}

async fn rights_at_a_project_are_rights_there_only(authority: Authority) {
    let (firm, alice) = (authority.firm().await, authority.person("alice").await);
    let (mine, open) =
        (authority.project(&firm, "mine", "private").await, authority.project(&firm, "open", "public").await);
    authority.bind("ApiUser", user(&alice.name), &firm.at(&mine)).await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let scopes =
        async |place: &str| authority.scopes_of(&firm.api, &pat.secret, &[("resource", place)]).await;
    assert!(scopes(&firm.at(&mine)).await.is_some());
    assert_eq!(scopes(&firm.at(&open)).await, None, "a public project is seen, and no more");
    assert_eq!(scopes(&firm.all()).await, None);
    assert_eq!(authority.scopes_of(&firm.api, &pat.secret, &[]).await, None);
    authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    assert!(scopes(&firm.at(&open)).await.is_some());
    assert!(authority.scopes_of(&firm.api, &pat.secret, &[]).await.is_some());
}

async fn a_renamed_project_keeps_its_tokens(authority: Authority) {
    let (admin, firm, alice) =
        (authority.admin().await, authority.firm().await, authority.person("alice").await);
    let old = authority.project(&firm, "old", "private").await;
    authority.bind("ApiUser", user(&alice.name), &firm.at(&old)).await;
    let pat = limited(&authority, &alice.session, json!({"projects": [firm.at(&old)]})).await;
    authority
        .patch(&admin, &firm.path(&format!("/projects/{old}")), json!({"name": "new"}))
        .await
        .expect(200);
    let scopes =
        async |place: &str| authority.scopes_of(&firm.api, &pat.secret, &[("resource", place)]).await;
    assert!(scopes(&firm.at("new")).await.is_some());
    assert_eq!(scopes(&firm.at(&old)).await, None);
    assert_eq!(authority.record(&alice.session, &pat.id).await["projects"], json!([firm.at("new")]));
    // Somebody who takes the old name over gets nothing with it.
    authority.put(&admin, &firm.path(&format!("/projects/{old}")), json!({})).await.expect(201);
    assert_eq!(scopes(&firm.at(&old)).await, None);
    let renamed = crate::support::fresh("firm");
    authority.patch(&admin, &firm.path(""), json!({"name": renamed})).await.expect(200);
    assert!(scopes(&format!("{renamed}/new")).await.is_some());
    assert_eq!(scopes(&firm.at("new")).await, None);
}

async fn places_and_networks_are_judged_together(authority: Authority) {
    let (firm, alice) = (authority.firm().await, authority.person("alice").await);
    let place = firm.at(&authority.project(&firm, "web", "private").await);
    authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    let body = json!({"projects": [place], "networks": ["10.0.0.0/8", "2001:db8::/32"]});
    let pat = limited(&authority, &alice.session, body).await;
    let all = firm.all();
    for (resource, client, reason) in [
        (Some(place.as_str()), Some("10.1.2.3"), None),
        (Some(&place), Some("::ffff:10.1.2.3"), None),
        (Some(&place), Some("2001:db8::1"), None),
        (Some(&place), Some("11.1.2.3"), Some("network_not_allowed")),
        (Some(&place), Some("::1"), Some("network_not_allowed")),
        (Some(&place), None, Some("client_ip_required")),
        (None, Some("10.1.2.3"), Some("resource_required")),
        (Some(&all), Some("10.1.2.3"), Some("place_not_allowed")),
        (None, None, Some("client_ip_required")),
    ] {
        let fields = [("resource", resource), ("client_ip", client)];
        let more: Vec<_> = fields.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
        let scopes = authority.scopes_of(&firm.api, &pat.secret, &more).await;
        assert_eq!(scopes.is_some(), reason.is_none(), "{more:?}");
        let body = more.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let told = authority.ask(&firm.api, &pat.secret, Value::Object(body)).await;
        assert_eq!(told["reason"].as_str(), reason, "{more:?}");
    }
    for wrong in ["", "10.1.2", "10.1.2.3/32", "localhost", "010.1.2.3"] {
        let body = json!({"token": pat.secret, "resource": place, "client_ip": wrong});
        authority.post(&firm.api, "/api/v1/verify", body).await.invalid("/client_ip", "invalid_field");
    }
}

async fn a_token_limited_to_a_place_does_nothing_elsewhere_at_jeton_itself(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let (mine, other) = (
        authority.project(&firm, "mine", "private").await,
        authority.project(&firm, "other", "private").await,
    );
    let pat = limited(&authority, &admin, json!({"projects": [firm.at(&mine)]})).await;
    let secret = pat.secret.as_str();
    let path = |project: &str| firm.path(&format!("/projects/{project}"));
    authority.patch(secret, &path(&mine), json!({"visibility": "public"})).await.expect(200);
    authority.get(secret, &path(&other)).await.refused(404, "not_found");
    authority.patch(secret, &path(&other), json!({"visibility": "public"})).await.refused(404, "not_found");
    authority.put(secret, &path("third"), json!({})).await.refused(403, "insufficient_scope");
    authority.delete(secret, &firm.path("")).await.refused(403, "insufficient_scope");
    for path in ["/api/v1/users", "/api/v1/groups", "/api/v1/tokens"] {
        authority.get(secret, path).await.refused(403, "insufficient_scope");
    }
    authority.token(secret, json!({"scopes": ["*"]})).await.refused(403, "insufficient_scope");
    let listed = authority.get(secret, &firm.path("/projects")).await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let orgs = authority.get(secret, "/api/v1/organizations?page_size=1000").await.expect(200).body;
    assert_eq!(orgs["items"].as_array().unwrap().len(), 1);
    authority.get(secret, "/api/v1/tokens/self").await.expect(200);
}

async fn places_of_a_token_are_those_that_its_maker_sees(authority: Authority) {
    let (firm, alice) = (authority.firm().await, authority.person("alice").await);
    let (mine, secret, open) = (
        authority.project(&firm, "mine", "private").await,
        authority.project(&firm, "secret", "private").await,
        authority.project(&firm, "open", "public").await,
    );
    let make = async |place: &str| {
        authority.token(&alice.session, json!({"scopes": ["*"], "projects": [place]})).await
    };
    for place in [firm.all(), firm.at(&mine), firm.at(&secret), firm.at(&open), "*".to_owned(), String::new()]
    {
        make(&place).await.invalid("/projects/0", "unknown_name");
    }
    authority.bind("JobRunner", user(&alice.name), &firm.at(&mine)).await;
    for place in [firm.all(), firm.at(&mine), firm.at(&open)] {
        make(&place).await.expect(201);
    }
    for place in [firm.at(&secret), firm.at("no-such"), "*".to_owned(), "*/*".to_owned()] {
        make(&place).await.invalid("/projects/0", "unknown_name");
    }
    let many: Vec<_> = (0..65).map(|_| firm.at(&mine)).collect();
    let answer = authority.token(&alice.session, json!({"scopes": ["*"], "projects": many})).await;
    answer.invalid("/projects", "invalid_field");
}
