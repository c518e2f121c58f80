//! Everything that takes a right away, and the next verify and introspection after it.

use serde_json::json;

use crate::support::rights::{Firm, subject, user};
use crate::support::{Authority, Pat, Person, fresh, sample};

on_both! {
    alone:
        attack_32_a_binding_of_everyone_that_is_removed,
        attack_32_the_right_to_ones_own_tokens_that_is_removed;
    shared:
        attack_32_a_binding_of_ones_own_that_is_removed,
        attack_32_a_binding_of_a_group_that_is_removed,
        attack_32_a_membership_that_ends,
        attack_32_a_group_that_is_removed,
        attack_32_a_project_that_is_removed,
        attack_32_an_api_or_a_scope_of_it_that_is_removed,
        attack_32_a_role_that_is_narrowed,
        attack_32_an_owner_who_is_disabled_or_removed,
        attack_32_an_ancestors_owner_who_loses_a_right,
        attack_32_one_of_two_ways_to_a_right_that_is_removed;
}

struct Stage {
    authority: Authority,
    firm: Firm,
    alice: Person,
    pat: Pat,
}

impl Stage {
    async fn set(authority: Authority) -> Self {
        let (firm, alice) = (authority.firm().await, authority.person("alice").await);
        let pat = authority.pat(&alice.session, &["*"]).await;
        Self { authority, firm, alice, pat }
    }

    /// What the firm's API is told of alice's token.
    async fn scopes(&self) -> Option<Vec<String>> {
        self.authority.scopes_of(&self.firm.api, &self.pat.secret, &[]).await
    }

    /// The same at a project.
    async fn scopes_at(&self, project: &str) -> Option<Vec<String>> {
        let place = self.firm.at(project);
        self.authority.scopes_of(&self.firm.api, &self.pat.secret, &[("resource", &place)]).await
    }

    fn scope(&self, rest: &str) -> String {
        self.firm.scope(rest)
    }

    async fn assert_all(&self) {
        assert_eq!(self.scopes().await.map(|scopes| scopes.len()), Some(4));
    }

    async fn assert_nothing(&self) {
        assert_eq!(self.scopes().await, None);
        let told = self.authority.ask(&self.firm.api, &self.pat.secret, json!({})).await;
        assert_eq!(told, json!({"allowed": false, "reason": "nothing_effective"}));
    }
}

async fn attack_32_a_binding_of_ones_own_that_is_removed(authority: Authority) {
    let stage = Stage::set(authority).await;
    stage.assert_nothing().await;
    for place in [stage.firm.all(), "*".to_owned()] {
        let binding = stage.authority.bind("ApiUser", user(&stage.alice.name), &place).await;
        stage.assert_all().await;
        stage.authority.unbind(&binding).await;
        stage.assert_nothing().await;
    }
}

async fn attack_32_a_binding_of_a_group_that_is_removed(authority: Authority) {
    let stage = Stage::set(authority).await;
    let group = stage.authority.group("team", &[&stage.alice.name]).await;
    let binding = stage.authority.bind("ApiUser", subject("group", &group), &stage.firm.all()).await;
    stage.assert_all().await;
    stage.authority.unbind(&binding).await;
    stage.assert_nothing().await;
}

async fn attack_32_a_membership_that_ends(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (admin, group) = (stage.authority.admin().await, stage.authority.group("team", &[]).await);
    let path = format!("/api/v1/groups/{group}");
    stage.authority.bind("ApiUser", subject("group", &group), &stage.firm.all()).await;
    for end in [json!({"remove": [user(&stage.alice.name)]}), json!({"members": []})] {
        stage.assert_nothing().await;
        let enter = json!({"add": [user(&stage.alice.name)]});
        stage.authority.patch(&admin, &path, enter).await.expect(200);
        stage.assert_all().await;
        if end.get("members").is_some() {
            stage.authority.put(&admin, &path, end).await.expect(200);
        } else {
            stage.authority.patch(&admin, &path, end).await.expect(200);
        }
    }
    stage.assert_nothing().await;
}

async fn attack_32_a_group_that_is_removed(authority: Authority) {
    let stage = Stage::set(authority).await;
    let admin = stage.authority.admin().await;
    let group = stage.authority.group("team", &[&stage.alice.name]).await;
    stage.authority.bind("ApiUser", subject("group", &group), &stage.firm.all()).await;
    stage.assert_all().await;
    stage.authority.delete(&admin, &format!("/api/v1/groups/{group}")).await.expect(204);
    stage.assert_nothing().await;
}

async fn attack_32_a_project_that_is_removed(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, firm) = (&stage.authority, &stage.firm);
    let admin = authority.admin().await;
    let project = authority.project(firm, "web", "private").await;
    authority.bind("ApiUser", user(&stage.alice.name), &firm.at(&project)).await;
    let body = json!({"scopes": ["*"], "projects": [firm.at(&project)]});
    let limited = authority.token(&stage.alice.session, body).await.pat();
    let place = firm.at(&project);
    let at = [("resource", place.as_str())];
    for secret in [&stage.pat.secret, &limited.secret] {
        assert_eq!(authority.scopes_of(&firm.api, secret, &at).await.map(|scopes| scopes.len()), Some(4));
    }
    stage.assert_nothing().await;
    let path = firm.path(&format!("/projects/{project}"));
    authority.delete(&admin, &path).await.expect(204);
    for again in [false, true] {
        if again {
            authority.put(&admin, &path, json!({})).await.expect(201);
            authority.bind("ApiUser", user(&stage.alice.name), &firm.all()).await;
        }
        let told = authority.ask(&firm.api, &limited.secret, json!({"resource": place})).await;
        assert_eq!(
            told,
            json!({"allowed": false, "reason": "place_not_allowed"}),
            "a new project under the old name"
        );
        assert_eq!(authority.scopes_of(&firm.api, &limited.secret, &at).await, None);
        assert_eq!(stage.scopes_at(&project).await.is_some(), again);
    }
    let shown = authority.record(&stage.alice.session, &limited.id).await;
    assert_eq!(shown["projects"].as_array().unwrap().len(), 1, "the record keeps its limit: {shown}");
}

async fn attack_32_an_api_or_a_scope_of_it_that_is_removed(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, firm) = (&stage.authority, &stage.firm);
    let admin = authority.admin().await;
    authority.bind("ApiUser", user(&stage.alice.name), &firm.all()).await;
    stage.assert_all().await;
    let path = format!("/api/v1/apis/{}", firm.api_name);
    let mut fewer = sample::api(&firm.api_name, &firm.namespace);
    fewer["organization"] = json!(firm.name);
    fewer["scopes"].as_array_mut().unwrap().truncate(1);
    authority.put(&admin, &path, fewer.clone()).await.expect(200);
    assert_eq!(stage.scopes().await, Some(vec![stage.scope("Task.Read")]));
    authority.delete(&admin, &path).await.expect(204);
    authority.introspect_as(&firm.api, &stage.pat.secret, &[]).await.refused_in_oauth(401, "invalid_client");
    // One that serves another organization now gives nothing in this one.
    let other = authority.organization("other").await;
    fewer["organization"] = json!(other);
    authority.put(&admin, &path, fewer).await.expect(201);
    let credential = authority.credential(&firm.api_name).await;
    assert_eq!(authority.scopes_of(&credential, &stage.pat.secret, &[]).await, None);
}

async fn attack_32_a_role_that_is_narrowed(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, firm) = (&stage.authority, &stage.firm);
    let admin = authority.admin().await;
    let role = authority.role("reader", &[&firm.scope("*")]).await;
    authority.bind(&role, user(&stage.alice.name), &firm.all()).await;
    stage.assert_all().await;
    let path = format!("/api/v1/roles/{role}");
    let narrower = json!({"scopes": [firm.scope("Task.Read"), firm.scope("Task.Create")]});
    authority.put(&admin, &path, narrower).await.expect(200);
    assert_eq!(stage.scopes().await, Some(vec![stage.scope("Task.Create"), stage.scope("Task.Read")]));
    authority.patch(&admin, &path, json!({"scopes": [firm.scope("Task.Read")]})).await.expect(200);
    assert_eq!(stage.scopes().await, Some(vec![stage.scope("Task.Read")]));
    let scope = stage.scope("Task.Create");
    let told = authority.ask(&firm.api, &stage.pat.secret, json!({ "scope": scope })).await;
    assert_eq!(told, json!({"allowed": false, "reason": "missing_scope", "missing_scope": scope}));
    authority.patch(&admin, &path, json!({"scopes": ["Jeton.Job.Read"]})).await.expect(200);
    stage.assert_nothing().await;
}

async fn attack_32_an_owner_who_is_disabled_or_removed(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, firm) = (&stage.authority, &stage.firm);
    let admin = authority.admin().await;
    authority.bind("ApiUser", user(&stage.alice.name), &firm.all()).await;
    let child = authority.pat(&stage.pat.secret, &["*"]).await;
    let path = format!("/api/v1/users/{}", stage.alice.name);
    let reasons = async || {
        let parent = authority.ask(&firm.api, &stage.pat.secret, json!({})).await["reason"].clone();
        (parent, authority.ask(&firm.api, &child.secret, json!({})).await["reason"].clone())
    };
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    assert_eq!(stage.scopes().await, None);
    assert_eq!(reasons().await, (json!("suspended"), json!("suspended")));
    authority.patch(&admin, &path, json!({"disabled": false})).await.expect(200);
    stage.assert_all().await;
    authority.delete(&admin, &path).await.expect(204);
    assert_eq!(stage.scopes().await, None);
    assert_eq!(reasons().await, (json!("revoked"), json!("revoked")));
    let listed = authority.get(&admin, "/api/v1/tokens?state=revoked&page_size=1000").await.expect(200);
    let items = listed.body["items"].as_array().unwrap();
    let kept = items.iter().find(|item| item["id"] == json!(stage.pat.id)).unwrap();
    assert_eq!(kept["owner"], user(&stage.alice.name), "the record of who owned what stays");
}

/// A token that a boss made for an account is bound by what the boss may do, now.
async fn attack_32_an_ancestors_owner_who_loses_a_right(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, firm) = (&stage.authority, &stage.firm);
    let account = authority.account("ci", &firm.name).await;
    authority.bind("ApiUser", subject("service_account", &account), &firm.all()).await;
    let keeper = authority.bind("OrganizationAdmin", user(&stage.alice.name), &firm.all()).await;
    let reader = authority.role("reader", &[&firm.scope("Task.Read")]).await;
    authority.bind(&reader, user(&stage.alice.name), &firm.all()).await;
    let body = json!({"kind": "service", "owner": account, "scopes": ["*"]});
    let child = authority.token(&stage.pat.secret, body).await.pat();
    let scopes = async || authority.scopes_of(&firm.api, &child.secret, &[]).await;
    assert_eq!(scopes().await.map(|scopes| scopes.len()), Some(4));
    authority.unbind(&keeper).await;
    assert_eq!(scopes().await, Some(vec![stage.scope("Task.Read")]));
    let path = format!("/api/v1/users/{}", stage.alice.name);
    authority.patch(&authority.admin().await, &path, json!({"disabled": true})).await.expect(200);
    assert_eq!(scopes().await, None);
    let told = authority.ask(&firm.api, &child.secret, json!({})).await;
    assert_eq!(told["reason"], "parent_inactive");
}

async fn attack_32_one_of_two_ways_to_a_right_that_is_removed(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, firm) = (&stage.authority, &stage.firm);
    let group = authority.group("team", &[&stage.alice.name]).await;
    let one = authority.bind("ApiUser", user(&stage.alice.name), &firm.all()).await;
    let two = authority.bind("ApiUser", subject("group", &group), &firm.all()).await;
    authority.unbind(&one).await;
    stage.assert_all().await;
    authority.unbind(&two).await;
    stage.assert_nothing().await;
}

async fn attack_32_a_binding_of_everyone_that_is_removed(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["*"]).await;
    assert!(authority.is_active(&pat.secret).await);
    let of_everyone = "/api/v1/role-bindings?subject_type=group&subject=everyone&role=ApiUser";
    let listed = authority.get(&admin, of_everyone).await.expect(200).body;
    let binding = &listed["items"][0];
    assert_eq!((&binding["place"], listed["items"].as_array().unwrap().len()), (&json!("default/*"), 1));
    authority.unbind(binding["id"].as_str().unwrap()).await;
    assert!(!authority.is_active(&pat.secret).await);
    authority.get(&alice.session, "/api/v1/organizations/default").await.refused(404, "not_found");
    let created = authority.token(&alice.session, json!({"scopes": ["Taskurai.*"]})).await;
    // With the last right in it, its APIs are hidden like the organization.
    created.invalid("/scopes/0", "unknown_scope");
    // A new organization adds no binding.
    let firm = authority.firm().await;
    assert_eq!(authority.scopes_of(&firm.api, &pat.secret, &[]).await, None);
    let of_default = authority.bind("ApiUser", subject("group", "everyone"), "default/*").await;
    assert!(authority.is_active(&pat.secret).await);
    authority.unbind(&of_default).await;
    assert!(!authority.is_active(&pat.secret).await);
}

async fn attack_32_the_right_to_ones_own_tokens_that_is_removed(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["*"]).await;
    let of_everyone = "/api/v1/role-bindings?subject_type=group&subject=everyone&role=TokenCreator";
    let listed = authority.get(&admin, of_everyone).await.expect(200).body;
    authority.unbind(listed["items"][0]["id"].as_str().unwrap()).await;
    let path = format!("/api/v1/tokens/{}", pat.id);
    for secret in [&alice.session, &pat.secret] {
        authority.token(secret, json!({"scopes": ["*"]})).await.refused(403, "insufficient_scope");
        authority.get(secret, &path).await.refused(403, "insufficient_scope");
        authority.get(secret, "/api/v1/tokens").await.refused(403, "insufficient_scope");
        authority.patch(secret, &path, json!({"name": fresh("x")})).await.refused(403, "insufficient_scope");
        let rotate = json!({"overlap_minutes": 0});
        authority.post(secret, &format!("{path}/rotate"), rotate).await.refused(403, "insufficient_scope");
        authority.delete(secret, &path).await.refused(403, "insufficient_scope");
        authority.get(secret, "/api/v1/tokens/self").await.expect(200);
    }
    assert!(authority.is_active(&pat.secret).await, "what it may do at APIs is another right");
    authority.delete(&pat.secret, "/api/v1/tokens/self").await.expect(204);
    authority.bind("TokenCreator", user(&alice.name), "*").await;
    authority.pat(&alice.session, &["*"]).await;
}
