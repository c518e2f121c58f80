//! An API that enforces places itself may ask without naming one, and is told what is effective where (RFC 9396).

use serde_json::{Value, json};

use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        a_token_that_is_good_everywhere_has_its_scopes_and_one_detail,
        a_token_limited_to_a_project_has_no_scope_and_the_projects_detail,
        a_role_at_one_project_is_told_for_that_project_only,
        a_token_with_nothing_effective_anywhere_is_inactive,
        a_network_limit_still_wants_the_address;
}

/// An API of an organization of its own with two projects, and its credential.
struct Stage {
    api: String,
    organization: String,
    namespace: String,
}

async fn stage(authority: &Authority) -> Stage {
    let admin = authority.admin().await;
    let organization = fresh("acme");
    let path = format!("/api/v1/organizations/{organization}");
    authority.put(&admin, &path, json!({})).await.expect(201);
    for project in ["web", "shop"] {
        authority.put(&admin, &format!("{path}/projects/{project}"), json!({})).await.expect(201);
    }
    let (name, namespace) = (fresh("placed"), fresh("Placed"));
    let mut body = sample::api(&name, &namespace);
    body["organization"] = json!(organization);
    body["enforces_places"] = json!(true);
    authority.put(&admin, &format!("/api/v1/apis/{name}"), body).await.expect(201);
    Stage { api: authority.credential(&name).await, organization, namespace }
}

impl Stage {
    async fn bind(&self, authority: &Authority, user: &str, place: &str) {
        let place = format!("{}/{place}", self.organization);
        let body = json!({"role": "ApiUser", "subject": {"type": "user", "name": user}, "place": place});
        authority.post(&authority.admin().await, "/api/v1/role-bindings", body).await.expect(201);
    }

    async fn asked(&self, authority: &Authority, token: &str) -> Value {
        authority.introspect_as(&self.api, token, &[]).await.expect(200).body
    }

    fn all(&self) -> Vec<String> {
        let mut scopes: Vec<_> = ["Log.Query.Read", "Task.Create", "Task.Logs.Read", "Task.Read"]
            .iter()
            .map(|scope| format!("{}.{scope}", self.namespace))
            .collect();
        scopes.sort();
        scopes
    }

    fn detail(&self, place: &str) -> Value {
        let location = format!("{}/{place}", self.organization);
        json!({"type": "jeton_place", "locations": [location], "actions": self.all()})
    }
}

async fn a_token_that_is_good_everywhere_has_its_scopes_and_one_detail(authority: Authority) {
    let stage = stage(&authority).await;
    let alice = authority.person("alice").await;
    stage.bind(&authority, &alice.name, "*").await;
    let token = authority.pat(&alice.session, &["*"]).await;
    let told = stage.asked(&authority, &token.secret).await;
    assert_eq!(told["active"], true);
    assert_eq!(told["scope"], stage.all().join(" "));
    assert_eq!(told["authorization_details"], json!([stage.detail("*")]));
}

async fn a_token_limited_to_a_project_has_no_scope_and_the_projects_detail(authority: Authority) {
    let stage = stage(&authority).await;
    let alice = authority.person("alice").await;
    stage.bind(&authority, &alice.name, "*").await;
    let body = json!({"scopes": ["*"], "projects": [format!("{}/web", stage.organization)]});
    let token = authority.token(&alice.session, body).await.pat();
    let told = stage.asked(&authority, &token.secret).await;
    assert_eq!(told["active"], true);
    assert!(told.get("scope").is_none(), "an ordinary library finds nothing allowed: {told}");
    assert_eq!(told["authorization_details"], json!([stage.detail("web")]));

    let resource = format!("{}/shop", stage.organization);
    let named = authority.introspect_as(&stage.api, &token.secret, &[("resource", &resource)]).await;
    assert_eq!(named.expect(200).body, json!({"active": false}));
}

async fn a_role_at_one_project_is_told_for_that_project_only(authority: Authority) {
    let stage = stage(&authority).await;
    let alice = authority.person("alice").await;
    stage.bind(&authority, &alice.name, "shop").await;
    let token = authority.pat(&alice.session, &["*"]).await;
    let told = stage.asked(&authority, &token.secret).await;
    assert!(told.get("scope").is_none(), "{told}");
    assert_eq!(told["authorization_details"], json!([stage.detail("shop")]));
}

async fn a_token_with_nothing_effective_anywhere_is_inactive(authority: Authority) {
    let stage = stage(&authority).await;
    let alice = authority.person("alice").await;
    let token = authority.pat(&alice.session, &["*"]).await;
    assert_eq!(stage.asked(&authority, &token.secret).await, json!({"active": false}));
    assert_eq!(
        stage.asked(&authority, &alice.session).await,
        json!({"active": false}),
        "a session stays home"
    );
}

async fn a_network_limit_still_wants_the_address(authority: Authority) {
    let stage = stage(&authority).await;
    let alice = authority.person("alice").await;
    stage.bind(&authority, &alice.name, "*").await;
    let body = json!({"scopes": ["*"], "networks": ["192.0.2.0/24"]});
    let token = authority.token(&alice.session, body).await.pat();
    assert_eq!(stage.asked(&authority, &token.secret).await, json!({"active": false}));
    for (address, active) in [("192.0.2.7", true), ("198.51.100.7", false)] {
        let told = authority.introspect_as(&stage.api, &token.secret, &[("client_ip", address)]).await;
        assert_eq!(told.expect(200).body["active"], active, "{address}");
    }
}
