//! Everything that takes something away, done to what is warm: the next verify sees it, and so does whatever comes from
//! it. `live` has the same from the side of rights; here each write of the server has its row.

use reqwest::Method;
use serde_json::{Value, json};

use crate::federation;
use crate::scim;
use crate::support::answer::Answer;
use crate::support::clock::{ms, rfc3339};
use crate::support::issuer::Issuer;
use crate::support::rights::{Firm, subject, user};
use crate::support::{Authority, PASSWORD, Pat, Person, fresh, sample};

// Each on a server of its own: they change who may do what all the time, and others want to change it, too.
on_both! {
    alone:
        attack_31_whatever_ends_or_narrows_a_warm_token_is_seen_at_once,
        attack_32_whatever_happens_to_the_owner_of_a_warm_token_is_seen_at_once,
        attack_32_whatever_takes_a_right_from_a_warm_token_is_seen_at_once,
        attack_32_whatever_a_policy_says_of_a_warm_token_is_seen_at_once,
        attack_32_whatever_happens_to_places_and_apis_is_seen_at_once,
        attack_32_what_came_from_a_trust_ends_with_it_however_warm,
        attack_28_whatever_ends_a_warm_session_is_seen_at_once,
        attack_32_warm_tokens_follow_their_owners_sign_ins;
}

/// An API's organization with a project, where alice and an account may do everything.
struct Stage {
    authority: Authority,
    firm: Firm,
    alice: Person,
    account: String,
    project: String,
    admin: String,
    binding: String,
}

/// A token and one that it made.
struct Family {
    parent: Pat,
    child: Pat,
}

impl Stage {
    async fn set(authority: Authority) -> Self {
        let (admin, firm) = (authority.admin().await, authority.firm().await);
        let alice = authority.person("alice").await;
        let account = authority.account("ci", &firm.name).await;
        let project = authority.project(&firm, "web", "private").await;
        let binding = authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
        authority.bind("ApiUser", subject("service_account", &account), &firm.all()).await;
        Self { authority, firm, alice, account, project, admin, binding }
    }

    async fn family(&self) -> Family {
        let parent = self.authority.pat(&self.alice.session, &["*"]).await;
        let child = self.authority.pat(&parent.secret, &[&self.firm.scopes()]).await;
        let family = Family { parent, child };
        self.warm(&family).await;
        family
    }

    /// How many scopes the API is told of, at a place or everywhere.
    async fn scopes(&self, secret: &str, more: &[(&str, &str)]) -> usize {
        self.authority.scopes_of(&self.firm.api, secret, more).await.map_or(0, |scopes| scopes.len())
    }

    async fn warm(&self, family: &Family) {
        for _ in 0..2 {
            self.see(family, 4, "warm").await;
        }
    }

    /// What the API is told of both.
    async fn see(&self, family: &Family, expected: usize, what: &str) {
        assert_eq!(self.scopes(&family.parent.secret, &[]).await, expected, "{what}");
        assert_eq!(self.scopes(&family.child.secret, &[]).await, expected, "the child: {what}");
    }

    async fn person(&self, change: Value) {
        let path = format!("/api/v1/users/{}", self.alice.name);
        self.authority.patch(&self.admin, &path, change).await.expect(200);
    }
}

fn token(family: &Family) -> String {
    format!("/api/v1/tokens/{}", family.parent.id)
}

async fn attack_31_whatever_ends_or_narrows_a_warm_token_is_seen_at_once(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, alice) = (&stage.authority, &stage.alice.session);
    let presented = async |secret: &str| {
        let request = authority.request(Method::POST, "/oauth2/revoke").form(&[("token", secret)]);
        Answer::to(request).await.expect(200)
    };
    for way in ["its owner", "an administrator", "itself", "possession", "the other wire"] {
        let family = stage.family().await;
        let secret = &family.parent.secret;
        match way {
            "its owner" => drop(authority.revoke(alice, &family.parent.id).await.expect(204)),
            "an administrator" => drop(authority.revoke(&stage.admin, &family.parent.id).await.expect(204)),
            "itself" => drop(authority.delete(secret, "/api/v1/tokens/self").await.expect(204)),
            "possession" => drop(presented(secret).await),
            _ => {
                let number = authority.record(alice, &family.parent.id).await["number"].to_string();
                let path = format!("/compat/determined/api/v1/tokens/{number}");
                let body = json!({"tokenId": number, "description": null, "setRevoked": true});
                authority.patch(alice, &path, body).await.expect(200);
            }
        }
        stage.see(&family, 0, way).await;
        authority.get(secret, "/api/v1/tokens/self").await.refused(401, "revoked_token");
        authority.get(&family.child.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
    }
    for (change, of_parent, of_child) in [
        (json!({"scopes": [stage.firm.scope("Task.Read")]}), 1, 1),
        (json!({"scopes": ["Jeton.Token.*"]}), 0, 0),
        (json!({"networks": ["192.0.2.0/24"]}), 0, 0),
        (json!({"projects": [stage.firm.at(&stage.project)]}), 0, 0),
    ] {
        let family = stage.family().await;
        authority.patch(alice, &token(&family), change.clone()).await.expect(200);
        assert_eq!(stage.scopes(&family.parent.secret, &[]).await, of_parent, "{change}");
        assert_eq!(stage.scopes(&family.child.secret, &[]).await, of_child, "{change}");
    }
    let family = stage.family().await;
    let created = ms(&authority.record(alice, &family.parent.id).await["created_at"]);
    let sooner = json!({"expires_at": rfc3339(created + 5 * 60_000)});
    authority.patch(alice, &token(&family), sooner).await.expect(200);
    let told = authority.ask(&stage.firm.api, &family.parent.secret, json!({})).await;
    assert_eq!(told["expires_at"], authority.record(alice, &family.parent.id).await["expires_at"]);
    let path = format!("{}/rotate", token(&family));
    let new = authority.post(alice, &path, json!({"overlap_minutes": 0})).await.expect(200).secret();
    assert_eq!(stage.scopes(&family.parent.secret, &[]).await, 0, "the old secret");
    assert_eq!(stage.scopes(&new, &[]).await, 4, "the new one");
    assert_eq!(stage.scopes(&family.child.secret, &[]).await, 4, "a rotation leaves children alone");
}

async fn attack_32_whatever_happens_to_the_owner_of_a_warm_token_is_seen_at_once(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, admin) = (&stage.authority, &stage.admin);
    let path = format!("/api/v1/users/{}", stage.alice.name);
    let id = authority.get(admin, &path).await.expect(200).body["id"].as_str().unwrap().to_owned();
    let scim_path = format!("Users/{id}");
    let family = stage.family().await;
    for (disable, enable) in [(json!(false), json!(true)), (json!("False"), json!("True"))] {
        let active = |value: &Value| json!([{"op": "replace", "path": "active", "value": value}]);
        scim::patch(authority, admin, &scim_path, active(&disable)).await.expect(200);
        stage.see(&family, 0, "SCIM says inactive").await;
        scim::patch(authority, admin, &scim_path, active(&enable)).await.expect(200);
        stage.warm(&family).await;
    }
    stage.person(json!({"disabled": true})).await;
    stage.see(&family, 0, "disabled").await;
    stage.person(json!({"disabled": false})).await;
    stage.warm(&family).await;
    let name = fresh("renamed");
    stage.person(json!({"display_name": "Somebody else"})).await;
    let replaced = json!({"schemas": [scim::USER], "userName": name, "active": true});
    scim::put(authority, admin, &scim_path, replaced).await.expect(200);
    let told = authority.introspect_as(&stage.firm.api, &family.parent.secret, &[]).await.expect(200).body;
    assert_eq!(told["username"], json!(name));
    scim::delete(authority, admin, &scim_path).await.expect(204);
    stage.see(&family, 0, "removed").await;

    let token = authority.service_token(&stage.account, &["*"]).await;
    let path = format!("/api/v1/service-accounts/{}", stage.account);
    for disabled in [false, true, false] {
        authority.patch(admin, &path, json!({"disabled": disabled})).await.expect(200);
        for _ in 0..2 {
            assert_eq!(stage.scopes(&token.secret, &[]).await, if disabled { 0 } else { 4 });
        }
    }
    authority.delete(admin, &path).await.expect(204);
    assert_eq!(stage.scopes(&token.secret, &[]).await, 0, "removed");
}

async fn attack_32_whatever_takes_a_right_from_a_warm_token_is_seen_at_once(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, admin, firm) = (&stage.authority, &stage.admin, &stage.firm);
    let (family, alice) = (stage.family().await, user(&stage.alice.name));
    authority.unbind(&stage.binding).await;
    stage.see(&family, 0, "unbound").await;

    let group = authority.group("team", &[]).await;
    let path = format!("/api/v1/groups/{group}");
    let of_group = authority.bind("ApiUser", subject("group", &group), &firm.all()).await;
    let id =
        authority.get(admin, &format!("/api/v1/users/{}", stage.alice.name)).await.expect(200).body["id"]
            .clone();
    let shown = authority.get(admin, &path).await.expect(200).body;
    let in_scim = format!("Groups/{}", shown["id"].as_str().unwrap());
    let by_scim = async |op: &str| {
        let step = json!([{"op": op, "path": "members", "value": [{"value": id}]}]);
        let answer = scim::patch(authority, admin, &in_scim, step).await;
        assert!(answer.status < 300, "{}", answer.text);
    };
    for way in ["PATCH", "PUT", "SCIM", "unbound"] {
        stage.see(&family, 0, way).await;
        if way == "SCIM" {
            by_scim("add").await;
        } else {
            authority.patch(admin, &path, json!({"add": [alice]})).await.expect(200);
        }
        stage.warm(&family).await;
        match way {
            "PATCH" => drop(authority.patch(admin, &path, json!({"remove": [alice]})).await.expect(200)),
            "PUT" => drop(authority.put(admin, &path, json!({"members": []})).await.expect(200)),
            "SCIM" => by_scim("remove").await,
            _ => authority.unbind(&of_group).await,
        }
        stage.see(&family, 0, way).await;
    }
    authority.bind("ApiUser", subject("group", &group), &firm.all()).await;
    stage.warm(&family).await;
    authority.delete(admin, &path).await.expect(204);
    stage.see(&family, 0, "the group is removed").await;

    let role = authority.role("reader", &[&firm.scopes()]).await;
    let path = format!("/api/v1/roles/{role}");
    let bound = authority.bind(&role, alice, &firm.all()).await;
    stage.warm(&family).await;
    let fewer = json!({"scopes": [firm.scope("Task.Read"), firm.scope("Task.Create")]});
    authority.patch(admin, &path, fewer).await.expect(200);
    stage.see(&family, 2, "a narrower role").await;
    authority.put(admin, &path, json!({"scopes": [firm.scope("Task.Read")]})).await.expect(200);
    stage.see(&family, 1, "a still narrower role").await;
    authority.unbind(&bound).await;
    stage.see(&family, 0, "unbound").await;
    authority.delete(admin, &path).await.expect(204);
}

async fn attack_32_whatever_a_policy_says_of_a_warm_token_is_seen_at_once(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, admin) = (&stage.authority, &stage.admin);
    let family = stage.family().await;
    let policy =
        |place: String| format!("/api/v1/policies/{}", place.replace('/', "%2F").replace('*', "%2A"));
    let whole = policy(stage.firm.all());
    for (rules, left) in [
        (json!({"networks": ["192.0.2.0/24"]}), 0),
        (json!({"creators": []}), 0),
        (json!({"lifetime_minutes_max": 5}), 4),
        (json!({"approval_scopes": [stage.firm.scope("Task.Read")]}), 3),
    ] {
        authority.put(admin, &whole, rules.clone()).await.expect(200);
        stage.see(&family, left, &rules.to_string()).await;
        authority.delete(admin, &whole).await.expect(204);
        stage.see(&family, 4, "the policy is removed").await;
    }
    authority.put(admin, &whole, json!({"everything": "refused"})).await.expect(200);
    assert_eq!(stage.scopes(&family.parent.secret, &[]).await, 0, "its `*` does not count");
    authority.delete(admin, &whole).await.expect(204);
    stage.warm(&family).await;
    let place = stage.firm.at(&stage.project);
    let there = [("resource", place.as_str())];
    assert_eq!(stage.scopes(&family.parent.secret, &there).await, 4);
    authority.put(admin, &policy(place.clone()), json!({"creators": []})).await.expect(200);
    assert_eq!(stage.scopes(&family.parent.secret, &there).await, 0);
}

async fn attack_32_whatever_happens_to_places_and_apis_is_seen_at_once(authority: Authority) {
    let stage = Stage::set(authority).await;
    let (authority, admin, firm) = (&stage.authority, &stage.admin, &stage.firm);
    let family = stage.family().await;
    let at = async |place: &str| stage.scopes(&family.parent.secret, &[("resource", place)]).await;
    let (old, new) = (firm.at(&stage.project), firm.at(&fresh("site")));
    assert_eq!((at(&old).await, at(&new).await), (4, 0));
    let name = |place: &str| place.split_once('/').unwrap().1.to_owned();
    let path = |place: &str| firm.path(&format!("/projects/{}", name(place)));
    authority.patch(admin, &path(&old), json!({"name": name(&new)})).await.expect(200);
    assert_eq!((at(&old).await, at(&new).await), (0, 4), "renamed");
    authority.delete(admin, &path(&new)).await.expect(204);
    assert_eq!(at(&new).await, 0, "removed");
    authority.put(admin, &path(&new), json!({})).await.expect(201);
    assert_eq!(at(&new).await, 4, "another one under the name");

    let organization = fresh("house");
    authority.patch(admin, &firm.path(""), json!({ "name": organization })).await.expect(200);
    let moved = format!("{organization}/{}", name(&new));
    assert_eq!((at(&new).await, at(&moved).await), (0, 4), "the organization is renamed");
    stage.warm(&family).await;

    let path = format!("/api/v1/apis/{}", firm.api_name);
    let mut declared = sample::api(&firm.api_name, &firm.namespace);
    declared["organization"] = json!(organization);
    declared["scopes"].as_array_mut().unwrap().truncate(2);
    authority.put(admin, &path, declared.clone()).await.expect(200);
    stage.see(&family, 2, "scopes are removed").await;
    let other = authority.organization("other").await;
    declared["organization"] = json!(other);
    authority.put(admin, &path, declared.clone()).await.expect(200);
    stage.see(&family, 0, "the API is another organization's").await;
    declared["organization"] = json!(organization);
    authority.put(admin, &path, declared.clone()).await.expect(200);
    stage.see(&family, 2, "and back").await;
    authority.delete(admin, &path).await.expect(204);
    let told = authority.introspect_as(&firm.api, &family.parent.secret, &[]).await;
    told.refused_in_oauth(401, "invalid_client");
    authority.put(admin, &path, declared).await.expect(201);
    let told = authority.introspect_as(&firm.api, &family.parent.secret, &[]).await;
    told.refused_in_oauth(401, "invalid_client");
}

async fn attack_32_what_came_from_a_trust_ends_with_it_however_warm(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let admin = authority.admin().await;
    for changed in [true, false] {
        let (account, subject) = federation::trusting(&authority, &issuer.url).await;
        let identity = issuer.token(&subject);
        let token = federation::access_token(federation::exchange(&authority, &identity, &[]).await);
        for _ in 0..2 {
            assert!(authority.is_active(&token).await);
        }
        let path = federation::path(&account, "main");
        if changed {
            let other = federation::trust(&issuer.url, &fresh("somebody-else"));
            authority.put(&admin, &path, other).await.expect(200);
        } else {
            authority.delete(&admin, &path).await.expect(204);
        }
        assert!(!authority.is_active(&token).await, "changed: {changed}");
    }
}

async fn attack_28_whatever_ends_a_warm_session_is_seen_at_once(authority: Authority) {
    let alice = authority.person("alice").await;
    let path = format!("/api/v1/users/{}", alice.name);
    let admin = authority.admin().await;
    let mut session = alice.session.clone();
    for way in ["sign-out", "revoked", "a new password", "disabled"] {
        for _ in 0..2 {
            authority.get(&session, "/api/v1/tokens/self").await.expect(200);
        }
        match way {
            "sign-out" => drop(authority.delete(&session, "/api/v1/tokens/self").await.expect(204)),
            "revoked" => {
                let id = sample::id_of(&session);
                authority.revoke(&admin, id).await.expect(204);
            }
            "a new password" => {
                let body = json!({"password": "another horse battery"});
                authority.patch(&admin, &path, body).await.expect(200);
                authority.patch(&admin, &path, json!({"password": PASSWORD})).await.expect(200);
            }
            _ => drop(authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200)),
        }
        let code = if way == "disabled" { "invalid_token" } else { "revoked_token" };
        authority.get(&session, "/api/v1/tokens/self").await.refused(401, code);
        if way != "disabled" {
            session = authority.session(&alice.name, PASSWORD).await;
        }
    }
}

/// A policy asks for a sign-in: time takes it away, and a sign-in brings it back.
async fn attack_32_warm_tokens_follow_their_owners_sign_ins(authority: Authority) {
    let (admin, api) = (authority.admin().await, authority.api().await);
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["*"], "expires_in_minutes": 10 * 24 * 60});
    let pat = authority.token(&alice.session, body).await.pat();
    let path = "/api/v1/policies/default%2F%2A";
    authority.put(&admin, path, json!({"sign_in_within_days": 2})).await.expect(200);
    let active =
        async || authority.introspect_as(&api, &pat.secret, &[]).await.expect(200).body["active"] == true;
    for _ in 0..2 {
        assert!(active().await);
    }
    authority.clock.advance_minutes(3 * 24 * 60);
    assert!(!active().await, "nothing was written, and the time is over");
    authority.session(&alice.name, PASSWORD).await;
    for _ in 0..2 {
        assert!(active().await, "signed in again");
    }
}
