//! No path gives what one does not have: bindings, memberships, roles, accounts, and the tokens that try.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::rights::{Firm, subject, user};
use crate::support::{Authority, Pat, fresh};

on_both! {
    shared:
        attack_03_a_binding_gives_no_more_than_one_holds_there,
        attack_03_a_membership_gives_no_more_than_one_holds,
        attack_03_a_role_that_others_have_gives_no_more_than_one_holds,
        attack_03_a_narrow_token_gives_no_more_than_it_holds,
        attack_03_a_token_bound_to_a_network_gives_nothing_that_is_free_of_it,
        attack_03_an_administrator_of_an_organization_gives_what_it_holds_there,
        attack_03_an_administrator_of_a_project_gives_what_it_holds_there,
        attack_03_a_role_for_apis_to_come_is_given_by_those_who_have_it,
        attack_04_basic_opens_no_way_around_a_binding,
        attack_05_what_a_token_made_does_not_outlive_the_rights_of_its_maker,
        attack_06_one_organizations_administrator_reaches_nothing_of_another,
        attack_07_a_binding_has_no_other_fields_and_is_never_changed,
        attack_08_a_policy_on_life_is_not_escaped_by_making_things_again,
        attack_12_an_api_is_told_nothing_of_another_organizations_places,
        an_auditor_sees_everything_and_changes_nothing,
        a_token_administrator_lists_narrows_and_revokes_and_obtains_no_secret;
}

/// A token of the first administrator with these scopes and further members.
async fn limited(authority: &Authority, scopes: &[&str], more: Value) -> Pat {
    let mut body = json!({ "scopes": scopes });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    authority.token(&authority.admin().await, body).await.pat()
}

/// Somebody with this role at a place.
async fn with(authority: &Authority, role: &str, place: &str) -> crate::support::Person {
    let person = authority.person("holder").await;
    authority.bind(role, user(&person.name), place).await;
    person
}

async fn attack_03_a_binding_gives_no_more_than_one_holds_there(authority: Authority) {
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let role = authority.role("binder", &["Jeton.Admin.Role", &firm.scope("Task.*")]).await;
    let binder = with(&authority, &role, &firm.all()).await;
    let (alice, group) = (authority.person("alice").await.name, authority.group("team", &[]).await);
    let project = firm.at(&authority.project(&firm, "web", "private").await);
    let account = authority.account("ci", &firm.name).await;
    let reader = authority.role("reader", &[&firm.scope("Task.Read")]).await;
    let leaves = [firm.scope("Task.Read"), firm.scope("Task.Create"), firm.scope("Task.Logs.Read")];
    let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
    let leaves = authority.role("leaves", &leaves).await;
    let more = authority.role("more", &[&firm.scope("Log.Query.Read")]).await;
    let wild = authority.role("wild", &[&firm.scopes()]).await;
    let subjects =
        [user(&alice), user(&binder.name), subject("group", &group), subject("service_account", &account)];
    for subject in subjects {
        for place in [&firm.all(), &project] {
            for role in [
                "Admin",
                "OrganizationAdmin",
                "ProjectAdmin",
                "ApiUser",
                "JobRunner",
                "TokenAdmin",
                "Auditor",
                &more,
                &wild,
            ] {
                let answer = authority.bind_as(&binder.session, role, subject.clone(), place).await;
                answer.refused(403, "scope_exceeds_grant");
            }
            for role in [&reader, &leaves] {
                authority.bind_as(&binder.session, role, subject.clone(), place).await.expect(201);
            }
        }
        for place in ["*", "default/*"] {
            let answer = authority.bind_as(&binder.session, &reader, subject.clone(), place).await;
            answer.refused(403, "insufficient_scope");
        }
        let answer = authority.bind_as(&binder.session, &reader, subject, &other.all()).await;
        answer.invalid("/place", "unknown_name");
    }
    authority.bind_as(&binder.session, &role, user(&alice), &firm.all()).await.expect(201);
}

async fn attack_03_a_membership_gives_no_more_than_one_holds(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let role = authority.role("grouper", &["Jeton.Admin.Group", "Taskurai.Task.Read"]).await;
    let grouper = with(&authority, &role, "*").await;
    let alice = authority.person("alice").await.name;
    let strong = authority.group("strong", &[&alice]).await;
    let weak = authority.group("weak", &[&alice]).await;
    authority.bind("ApiUser", subject("group", &strong), &firm.all()).await;
    let reader = authority.role("reader", &["Taskurai.Task.Read"]).await;
    authority.bind(&reader, subject("group", &weak), "*").await;
    let path = |name: &str| format!("/api/v1/groups/{name}");
    for name in [&grouper.name, &authority.person("bob").await.name] {
        let add = json!({"add": [user(name)]});
        authority
            .patch(&grouper.session, &path(&strong), add.clone())
            .await
            .refused(403, "scope_exceeds_grant");
        let put = json!({"members": [user(&alice), user(name)]});
        authority.put(&grouper.session, &path(&strong), put).await.refused(403, "scope_exceeds_grant");
        let dry = format!("{}?dry_run=true", path(&strong));
        authority.patch(&grouper.session, &dry, add.clone()).await.refused(403, "scope_exceeds_grant");
        authority.patch(&grouper.session, &path(&weak), add).await.expect(200);
    }
    // Whoever is in it stays, is shown another name, and may be taken out.
    let same = json!({"members": [user(&alice)], "display_name": "S"});
    authority.put(&grouper.session, &path(&strong), same).await.expect(200);
    authority.patch(&grouper.session, &path(&strong), json!({"remove": [user(&alice)]})).await.expect(200);
    let back = json!({"add": [user(&alice)]});
    authority.patch(&grouper.session, &path(&strong), back).await.refused(403, "scope_exceeds_grant");
    // A group that is removed and made again has none of its rights.
    authority.delete(&grouper.session, &path(&strong)).await.expect(204);
    let body = json!({"members": [user(&grouper.name)]});
    authority.put(&grouper.session, &path(&strong), body).await.expect(201);
    let pat = authority.pat(&grouper.session, &["*"]).await;
    assert_eq!(authority.scopes_of(&firm.api, &pat.secret, &[]).await, None);
    authority.get(&admin, &path(&strong)).await.expect(200);
}

async fn attack_03_a_role_that_others_have_gives_no_more_than_one_holds(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let role = authority.role("editor", &["Jeton.Admin.Role", "Taskurai.Task.*"]).await;
    let editor = with(&authority, &role, "*").await;
    let alice = authority.person("alice").await.name;
    let had = authority.role("had", &["Taskurai.Task.Read", "Taskurai.Log.Query.Read"]).await;
    let free = authority.role("free", &["Taskurai.Task.Read"]).await;
    authority.bind(&had, user(&alice), &firm.all()).await;
    let path = |name: &str| format!("/api/v1/roles/{name}");
    let scopes = |scopes: &[&str]| json!({ "scopes": scopes });
    for name in [&had, &role] {
        for wanted in
            [vec!["*"], vec!["Taskurai.*"], vec!["Jeton.*"], vec!["Taskurai.Task.Read", "Jeton.Admin.User"]]
        {
            let body = scopes(&wanted);
            authority
                .put(&editor.session, &path(name), body.clone())
                .await
                .refused(403, "scope_exceeds_grant");
            authority
                .patch(&editor.session, &path(name), body.clone())
                .await
                .refused(403, "scope_exceeds_grant");
            let dry = format!("{}?dry_run=true", path(name));
            authority.patch(&editor.session, &dry, body).await.refused(403, "scope_exceeds_grant");
        }
    }
    // What is there already may stay, and less may be said; what was taken out does not come back.
    let body = scopes(&["Taskurai.Task.*", "Taskurai.Log.Query.Read"]);
    authority.put(&editor.session, &path(&had), body).await.expect(200);
    authority.patch(&editor.session, &path(&had), scopes(&["Taskurai.Task.Read"])).await.expect(200);
    let body = scopes(&["Taskurai.Log.Query.Read"]);
    authority.put(&editor.session, &path(&had), body).await.refused(403, "scope_exceeds_grant");
    // A role that nobody has may say anything; then it is not given.
    authority.put(&editor.session, &path(&free), scopes(&["*"])).await.expect(200);
    let answer = authority.bind_as(&editor.session, &free, user(&alice), "*").await;
    answer.refused(403, "scope_exceeds_grant");
    authority.delete(&editor.session, &path(&had)).await.refused(409, "in_use");
    assert_eq!(
        authority.get(&admin, &path(&role)).await.expect(200).body["scopes"],
        json!(["Jeton.Admin.Role", "Taskurai.Task.*"])
    );
}

/// The administrator may do everything; the tokens that are tried may not.
async fn attack_03_a_narrow_token_gives_no_more_than_it_holds(authority: Authority) {
    let firm = authority.firm().await;
    let project = firm.at(&authority.project(&firm, "web", "private").await);
    let alice = authority.person("alice").await.name;
    let strong = authority.group("strong", &[]).await;
    authority.bind("ApiUser", subject("group", &strong), &firm.all()).await;
    let had = authority.role("had", &["Taskurai.Task.Read"]).await;
    authority.bind(&had, user(&alice), &firm.all()).await;
    let tokens = [
        limited(&authority, &["Jeton.Admin.Role"], json!({})).await,
        limited(&authority, &["Jeton.Admin.*"], json!({})).await,
        limited(&authority, &["*"], json!({"projects": [project]})).await,
    ];
    for (at, token) in tokens.iter().enumerate() {
        let secret = token.secret.as_str();
        for (role, place) in [
            ("Admin", "*"),
            ("ApiUser", "*"),
            ("Auditor", "*"),
            ("Admin", &firm.all()),
            ("ApiUser", &firm.all()),
        ] {
            let answer = authority.bind_as(secret, role, user(&alice), place).await;
            assert_eq!(answer.status, 403, "{at} {role} {place}: {}", answer.text);
        }
        let add = json!({"add": [user(&alice)]});
        authority.patch(secret, &format!("/api/v1/groups/{strong}"), add).await.expect(403);
        let wider = json!({"scopes": ["Taskurai.*"]});
        authority.patch(secret, &format!("/api/v1/roles/{had}"), wider).await.expect(403);
        authority.delete(secret, &format!("/api/v1/users/{}", fresh("x"))).await;
    }
    // The last one holds everything in its project, and gives it there.
    authority.bind_as(&tokens[2].secret, "Admin", user(&alice), &project).await.expect(201);
    let answer = authority.bind_as(&tokens[1].secret, "Admin", user(&alice), &project).await;
    answer.refused(403, "scope_exceeds_grant");
    // A limited token is no way to a password, an account's token or a bigger token either.
    let secret = tokens[2].secret.as_str();
    authority
        .patch(secret, &format!("/api/v1/users/{alice}"), json!({"password": "correct horse"}))
        .await
        .expect(404);
    let account = authority.account("ci", &firm.name).await;
    let body = json!({"kind": "service", "owner": account, "scopes": ["*"]});
    authority.token(secret, body.clone()).await.refused(403, "insufficient_scope");
    authority.token(&tokens[1].secret, body).await.refused(403, "scope_exceeds_grant");
}

/// A binding is good from anywhere, and so is whatever else gives rights: who may act from one network only has none
/// of that to give.
async fn attack_03_a_token_bound_to_a_network_gives_nothing_that_is_free_of_it(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let alice = authority.person("alice").await.name;
    let strong = authority.group("strong", &[]).await;
    authority.bind("ApiUser", subject("group", &strong), &firm.all()).await;
    let (empty, had) =
        (authority.group("empty", &[]).await, authority.role("had", &["Taskurai.Task.Read"]).await);
    let binding = authority.bind(&had, user(&alice), &firm.all()).await;
    let token = limited(&authority, &["*"], json!({"networks": ["127.0.0.0/8"]})).await;
    let secret = token.secret.as_str();
    let answer = authority.bind_as(secret, "Auditor", user(&alice), "*").await;
    answer.refused(403, "scope_exceeds_grant");
    let add = json!({"add": [user(&alice)]});
    let path = format!("/api/v1/groups/{strong}");
    authority.patch(secret, &path, add.clone()).await.refused(403, "scope_exceeds_grant");
    let wider = json!({"scopes": ["Taskurai.*"]});
    let path = format!("/api/v1/roles/{had}");
    authority.patch(secret, &path, wider.clone()).await.refused(403, "scope_exceeds_grant");
    authority.put(secret, &path, wider).await.refused(403, "scope_exceeds_grant");
    // What gives nobody anything it may do from there, and from there only.
    authority.patch(secret, &format!("/api/v1/groups/{empty}"), add).await.expect(200);
    authority.patch(secret, &path, json!({"scopes": ["Taskurai.Task.Read"]})).await.expect(200);
    authority.delete(secret, &format!("/api/v1/role-bindings/{binding}")).await.expect(204);
    let away = limited(&authority, &["*"], json!({"networks": ["192.0.2.0/24"]})).await;
    authority.get(&away.secret, "/api/v1/groups").await.refused(401, "invalid_token");
    authority.bind_as(&away.secret, "Auditor", user(&alice), "*").await.refused(401, "invalid_token");
    authority.bind_as(&admin, "Auditor", user(&alice), "*").await.expect(201);
}

async fn attack_03_an_administrator_of_an_organization_gives_what_it_holds_there(authority: Authority) {
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let keeper = with(&authority, "OrganizationAdmin", &firm.all()).await;
    let alice = authority.person("alice").await.name;
    let project = firm.at(&authority.project(&firm, "web", "private").await);
    let bind =
        async |role: &str, place: &str| authority.bind_as(&keeper.session, role, user(&alice), place).await;
    for place in [&firm.all(), &project] {
        for role in ["OrganizationAdmin", "ProjectAdmin", "Auditor", "TokenAdmin", "JobRunner", "ApiUser"] {
            bind(role, place).await.expect(201);
        }
        bind("Admin", place).await.refused(403, "scope_exceeds_grant");
        bind("TokenCreator", place).await.invalid("/place", "not_bindable_there");
    }
    for role in ["OrganizationAdmin", "Auditor", "TokenCreator", "ApiUser", "Admin"] {
        bind(role, "*").await.refused(403, "insufficient_scope");
        bind(role, &other.all()).await.invalid("/place", "unknown_name");
    }
    bind("ApiUser", "default/*").await.refused(403, "insufficient_scope");
    for (method, path, body) in [
        (Method::GET, "/api/v1/users".to_owned(), Value::Null),
        (Method::PUT, format!("/api/v1/users/{}", fresh("x")), json!({})),
        (Method::PATCH, "/api/v1/users/admin".to_owned(), json!({"password": "correct horse"})),
        (Method::PUT, format!("/api/v1/groups/{}", fresh("x")), json!({})),
        (Method::PUT, format!("/api/v1/roles/{}", fresh("x")), json!({"scopes": ["*"]})),
        (Method::PUT, format!("/api/v1/organizations/{}", fresh("x")), json!({})),
        (Method::GET, "/api/v1/tokens?owner=admin".to_owned(), Value::Null),
        (Method::DELETE, format!("/api/v1/apis/{}", other.api_name), Value::Null),
        (Method::POST, format!("/api/v1/apis/{}/credential", other.api_name), Value::Null),
    ] {
        let answer = authority.call(&keeper.session, method.clone(), &path, body).await;
        assert!([403, 404].contains(&answer.status), "{method} {path}: {}", answer.text);
    }
    authority
        .post(&keeper.session, &format!("/api/v1/apis/{}/credential", firm.api_name), Value::Null)
        .await
        .expect(201);
    // It is an administrator, not a user of everybody's APIs.
    let pat = authority.pat(&keeper.session, &["*"]).await;
    assert!(authority.scopes_of(&firm.api, &pat.secret, &[]).await.is_some());
    assert_eq!(authority.scopes_of(&other.api, &pat.secret, &[]).await, None);
}

async fn attack_03_an_administrator_of_a_project_gives_what_it_holds_there(authority: Authority) {
    let firm = authority.firm().await;
    let (mine, other) = (
        authority.project(&firm, "mine", "private").await,
        authority.project(&firm, "other", "public").await,
    );
    let guard = with(&authority, "ProjectAdmin", &firm.at(&mine)).await;
    let alice = authority.person("alice").await.name;
    let bind =
        async |role: &str, place: &str| authority.bind_as(&guard.session, role, user(&alice), place).await;
    for role in ["ProjectAdmin", "Auditor", "JobRunner", "ApiUser"] {
        bind(role, &firm.at(&mine)).await.expect(201);
        bind(role, &firm.at(&other)).await.refused(403, "insufficient_scope");
        bind(role, &firm.all()).await.refused(403, "insufficient_scope");
        bind(role, "*").await.refused(403, "insufficient_scope");
    }
    for role in ["OrganizationAdmin", "TokenAdmin", "Admin"] {
        bind(role, &firm.at(&mine)).await.refused(403, "scope_exceeds_grant");
    }
    let policy = format!("/api/v1/policies/{}", firm.all().replace('/', "%2F"));
    let body = json!({"everything": "refused"});
    authority.put(&guard.session, &policy, body).await.refused(403, "insufficient_scope");
    let account = format!("/api/v1/service-accounts/{}", fresh("ci"));
    let body = json!({"organization": firm.name});
    authority.put(&guard.session, &account, body).await.refused(403, "insufficient_scope");
    let credential = format!("/api/v1/apis/{}/credential", firm.api_name);
    authority.post(&guard.session, &credential, Value::Null).await.refused(403, "insufficient_scope");
}

/// An organization without APIs may get some tomorrow: what a role for all APIs gives is more than nothing.
async fn attack_03_a_role_for_apis_to_come_is_given_by_those_who_have_it(authority: Authority) {
    let empty = Firm { name: authority.organization("empty").await, ..authority.firm().await };
    let role = authority.role("binder", &["Jeton.Admin.*"]).await;
    let binder = with(&authority, &role, &empty.all()).await;
    let alice = authority.person("alice").await.name;
    for role in ["ApiUser", "ProjectAdmin", "OrganizationAdmin"] {
        let answer = authority.bind_as(&binder.session, role, user(&alice), &empty.all()).await;
        answer.refused(403, "scope_exceeds_grant");
    }
    let user_of_apis = with(&authority, "ApiUser", &empty.all()).await;
    authority.bind(&role, user(&user_of_apis.name), &empty.all()).await;
    authority.bind_as(&user_of_apis.session, "ApiUser", user(&alice), &empty.all()).await.expect(201);
    // The same by a group that has the role.
    let group = authority.group("team", &[]).await;
    authority.bind("ApiUser", subject("group", &group), &empty.all()).await;
    let grouper = with(&authority, &authority.role("grouper", &["Jeton.Admin.Group"]).await, "*").await;
    let add = json!({"add": [user(&alice)]});
    let path = format!("/api/v1/groups/{group}");
    authority.patch(&grouper.session, &path, add).await.refused(403, "scope_exceeds_grant");
}

async fn attack_04_basic_opens_no_way_around_a_binding(authority: Authority) {
    let alice = authority.person("alice").await;
    let narrow = limited(&authority, &["Jeton.Admin.Role"], json!({})).await;
    let body = json!({"role": "Admin", "subject": user(&alice.name), "place": "*"});
    for (name, password, status) in [
        (narrow.secret.as_str(), Some("x-oauth-basic"), 401),
        ("x", Some(narrow.secret.as_str()), 403),
        ("admin", Some(&narrow.secret), 403),
        (&narrow.secret, Some(""), 401),
        (&narrow.secret, None, 401),
    ] {
        let request = authority.request(Method::POST, "/api/v1/role-bindings").basic_auth(name, password);
        crate::support::answer::Answer::to(request.json(&body)).await.expect(status);
    }
    let listed = authority.get(&alice.session, "/api/v1/role-bindings").await.expect(200);
    assert_eq!(listed.body["items"], json!([]));
}

async fn attack_05_what_a_token_made_does_not_outlive_the_rights_of_its_maker(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let keeper = with(&authority, "OrganizationAdmin", &firm.all()).await;
    let account = authority.account("ci", &firm.name).await;
    authority.bind("ApiUser", subject("service_account", &account), &firm.all()).await;
    let body = json!({"scopes": ["*"], "expires_in_minutes": 60});
    let parent = authority.token(&keeper.session, body).await.pat();
    let of_account = |minutes: i64| json!({"kind": "service", "owner": account, "scopes": ["*"], "expires_in_minutes": minutes});
    let late = authority.token(&parent.secret, of_account(120)).await;
    late.invalid("/expires_in_minutes", "expiry_exceeds_parent");
    let child = authority.token(&parent.secret, of_account(30)).await.pat();
    assert!(authority.scopes_of(&firm.api, &child.secret, &[]).await.is_some());
    authority.revoke(&keeper.session, &parent.id).await.expect(204);
    assert_eq!(authority.scopes_of(&firm.api, &child.secret, &[]).await, None);
    assert_eq!(authority.record(&admin, &child.id).await["state"], "suspended");
}

async fn attack_06_one_organizations_administrator_reaches_nothing_of_another(authority: Authority) {
    let (mine, other) = (authority.firm().await, authority.firm().await);
    let keeper = with(&authority, "OrganizationAdmin", &mine.all()).await;
    let project = authority.project(&other, "web", "public").await;
    let account = authority.account("ci", &other.name).await;
    let token = authority.service_token(&account, &["*"]).await;
    let binding = authority.bind("ApiUser", subject("service_account", &account), &other.all()).await;
    let policy = format!("/api/v1/policies/{}", other.all().replace('/', "%2F"));
    for (method, path, body) in [
        (Method::GET, other.path(""), Value::Null),
        (Method::PATCH, other.path(""), json!({"name": "mine"})),
        (Method::DELETE, other.path(""), Value::Null),
        (Method::GET, other.path("/projects"), Value::Null),
        (Method::GET, other.path(&format!("/projects/{project}")), Value::Null),
        (Method::DELETE, other.path(&format!("/projects/{project}")), Value::Null),
        (Method::GET, format!("/api/v1/service-accounts/{account}"), Value::Null),
        (Method::DELETE, format!("/api/v1/service-accounts/{account}"), Value::Null),
        (Method::GET, format!("/api/v1/tokens/{}", token.id), Value::Null),
        (Method::PATCH, format!("/api/v1/tokens/{}", token.id), json!({"name": "mine"})),
        (Method::POST, format!("/api/v1/tokens/{}/rotate", token.id), json!({"overlap_minutes": 0})),
        (Method::DELETE, format!("/api/v1/tokens/{}", token.id), Value::Null),
        (Method::POST, format!("/api/v1/tokens/{}/approve", token.id), json!({})),
        (Method::GET, format!("/api/v1/role-bindings/{binding}"), Value::Null),
        (Method::DELETE, format!("/api/v1/role-bindings/{binding}"), Value::Null),
        (Method::GET, policy.clone(), Value::Null),
        (Method::PUT, policy.clone(), json!({"everything": "refused"})),
        (Method::DELETE, policy, Value::Null),
    ] {
        let answer = authority.call(&keeper.session, method.clone(), &path, body).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
        assert!(!answer.text.contains(&other.name), "{method} {path}: {}", answer.text);
    }
    assert!(authority.scopes_of(&other.api, &token.secret, &[]).await.is_some());
    // An API that is taken to another organization must be one's own in both. That its name is in use is all that is
    // told.
    let mut moved = crate::support::sample::api(&other.api_name, &other.namespace);
    moved["organization"] = json!(mine.name);
    let path = format!("/api/v1/apis/{}", other.api_name);
    authority.put(&keeper.session, &path, moved.clone()).await.refused(409, "name_taken");
    authority.delete(&authority.admin().await, &path).await.expect(204);
    let revived = authority.put(&keeper.session, &path, moved).await;
    assert!(
        [403, 409].contains(&revived.status),
        "a namespace belongs to one API for ever: {}",
        revived.text
    );
    // Names of organizations are not told by where an API cannot be put.
    let put = async |organization: &str| {
        let mut body = crate::support::sample::api("unheard", "Unheard");
        body["organization"] = json!(organization);
        authority.put(&keeper.session, "/api/v1/apis/unheard", body).await
    };
    crate::organizations::assert_same(&put(&other.name).await, &put("no-such-one").await, "PUT");
}

async fn attack_07_a_binding_has_no_other_fields_and_is_never_changed(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let id = authority.bind("Auditor", user(&alice.name), "*").await;
    let path = format!("/api/v1/role-bindings/{id}");
    let before = authority.get(&admin, &path).await.expect(200).body;
    for method in [Method::PUT, Method::PATCH, Method::POST] {
        let body = json!({"role": "Admin"});
        authority.call(&alice.session, method, &path, body).await.refused(405, "method_not_allowed");
    }
    for (field, value) in
        [("id", json!(id)), ("created_at", json!("2020-01-01T00:00:00Z")), ("scopes", json!(["*"]))]
    {
        let mut body = json!({"role": "Auditor", "subject": user(&alice.name), "place": "*"});
        body[field] = value;
        let answer = authority.post(&admin, "/api/v1/role-bindings", body).await;
        answer.invalid(&format!("/{field}"), "unknown_field");
    }
    assert_eq!(authority.get(&admin, &path).await.expect(200).body, before);
}

async fn attack_08_a_policy_on_life_is_not_escaped_by_making_things_again(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let keeper = with(&authority, "OrganizationAdmin", &firm.all()).await;
    let policy = format!("/api/v1/policies/{}", firm.all().replace('/', "%2F"));
    let body = json!({"lifetime_minutes_max": 60, "excess": "refuse"});
    authority.put(&admin, &policy, body).await.expect(200);
    let project = authority.project(&firm, "web", "private").await;
    let path = firm.path(&format!("/projects/{project}"));
    let long = json!({"scopes": ["*"], "projects": [firm.at(&project)], "expires_in_minutes": 61});
    for round in 0..2 {
        let refused = authority.token(&keeper.session, long.clone()).await;
        refused.invalid("/expires_in_minutes", "lifetime_exceeds_policy");
        if round == 0 {
            authority.delete(&keeper.session, &path).await.expect(204);
            authority.put(&keeper.session, &path, json!({})).await.expect(201);
        }
    }
    let looser = format!("/api/v1/policies/{}", firm.at(&project).replace('/', "%2F"));
    let body = json!({"lifetime_minutes_max": 600});
    authority.put(&keeper.session, &looser, body).await.invalid("/lifetime_minutes_max", "policy_loosens");
}

async fn attack_12_an_api_is_told_nothing_of_another_organizations_places(authority: Authority) {
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let alice = authority.person("alice").await;
    authority.bind("ApiUser", user(&alice.name), "*").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let place = firm.at(&authority.project(&firm, "web", "private").await);
    assert!(authority.scopes_of(&firm.api, &pat.secret, &[("resource", &place)]).await.is_some());
    let told =
        async |resource: &str| authority.ask(&other.api, &pat.secret, json!({"resource": resource})).await;
    assert_eq!(told(&place).await, json!({"allowed": false, "reason": "place_not_allowed"}));
    assert_eq!(told(&place).await, told("no-such/project").await);
    assert_eq!(told(&firm.all()).await, told("no-such/*").await);
    // Nor is a token whose patterns are another API's anything to it.
    let foreign = authority.pat(&alice.session, &[&firm.scopes()]).await;
    assert_eq!(authority.ask(&other.api, &foreign.secret, json!({})).await, json!({"allowed": false}));
    let body = json!({"token": pat.secret, "scope": firm.scope("Task.Read")});
    authority.post(&other.api, "/api/v1/verify", body).await.refused(403, "foreign_scope");
}

async fn an_auditor_sees_everything_and_changes_nothing(authority: Authority) {
    let (firm, auditor) = (authority.firm().await, with(&authority, "Auditor", "*").await);
    let project = authority.project(&firm, "web", "private").await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let account = authority.account("ci", &firm.name).await;
    let group = authority.group("team", &[]).await;
    let role = authority.role("reader", &["Taskurai.Task.Read"]).await;
    let binding = authority.bind(&role, user(&alice.name), &firm.all()).await;
    let project = firm.path(&format!("/projects/{project}"));
    let place = format!("/api/v1/policies/{}", firm.all().replace('/', "%2F"));
    let things = [
        (firm.path(""), json!({})),
        (project.clone(), json!({})),
        (format!("/api/v1/users/{}", alice.name), json!({})),
        (format!("/api/v1/service-accounts/{account}"), json!({})),
        (format!("/api/v1/groups/{group}"), json!({})),
        (format!("/api/v1/roles/{role}"), json!({"scopes": ["Taskurai.Task.Read"]})),
        (format!("/api/v1/role-bindings/{binding}"), Value::Null),
        (format!("/api/v1/tokens/{}", pat.id), json!({"name": "x"})),
        (place, json!({})),
    ];
    for (path, body) in things {
        authority.get(&auditor.session, &path).await.expect(200);
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = authority.call(&auditor.session, method.clone(), &path, body.clone()).await;
            assert!([403, 404, 405].contains(&answer.status), "{method} {path}: {}", answer.text);
        }
    }
    for (path, body) in [
        (
            "/api/v1/role-bindings".to_owned(),
            json!({"role": role, "subject": user(&alice.name), "place": "*"}),
        ),
        (format!("/api/v1/tokens/{}/rotate", pat.id), json!({"overlap_minutes": 0})),
        (format!("/api/v1/tokens/{}/approve", pat.id), json!({})),
        ("/api/v1/tokens".to_owned(), json!({"owner": alice.name, "scopes": ["*"]})),
        (format!("/api/v1/apis/{}/credential", firm.api_name), Value::Null),
    ] {
        let answer = authority.post(&auditor.session, &path, body).await;
        assert!([403, 404].contains(&answer.status), "{path}: {}", answer.text);
    }
    assert!(authority.is_active(&pat.secret).await);
}

async fn a_token_administrator_lists_narrows_and_revokes_and_obtains_no_secret(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let alice = authority.person("alice").await;
    authority.bind("JobRunner", user(&alice.name), "*").await;
    let hers = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let account = authority.account("keeper", "default").await;
    authority.bind("TokenAdmin", subject("service_account", &account), "*").await;
    let person = with(&authority, "TokenAdmin", "*").await;
    let machine = authority.service_token(&account, &["*"]).await;
    let path = format!("/api/v1/tokens/{}", hers.id);
    for secret in [&person.session, &machine.secret] {
        assert_eq!(authority.record(secret, &hers.id).await["id"], json!(hers.id));
        let listed = authority.get(secret, &format!("/api/v1/tokens?owner={}", alice.name)).await.expect(200);
        assert!(listed.text.contains(&hers.id));
        for owner in [alice.name.as_str(), "admin"] {
            let body = json!({"kind": "personal", "owner": owner, "scopes": ["Taskurai.Task.Read"]});
            authority.token(secret, body).await.refused(403, "scope_exceeds_grant");
        }
        let rotate = json!({"overlap_minutes": 0});
        authority.post(secret, &format!("{path}/rotate"), rotate).await.refused(403, "scope_exceeds_grant");
        for wider in [json!({"scopes": ["*"]}), json!({"expires_at": "2099-01-01T00:00:00Z"})] {
            authority.patch(secret, &path, wider).await.refused(403, "scope_exceeds_grant");
        }
        authority.patch(secret, &path, json!({"networks": ["127.0.0.0/8"]})).await.expect(200);
        let answer = authority.bind_as(secret, "TokenAdmin", user(&alice.name), "*").await;
        answer.refused(403, "insufficient_scope");
    }
    authority.patch(&machine.secret, &path, json!({"scopes": ["Taskurai.Task.Read"]})).await.expect(200);
    authority.revoke(&machine.secret, &hers.id).await.expect(204);
    assert_eq!(authority.record(&admin, &hers.id).await["state"], "revoked");
    // In an organization it does so for the accounts of the organization.
    let local = with(&authority, "TokenAdmin", &firm.all()).await;
    let ci = authority.account("ci", &firm.name).await;
    authority.bind("ApiUser", subject("service_account", &ci), &firm.all()).await;
    let token = authority.service_token(&ci, &["*"]).await;
    authority.record(&local.session, &token.id).await;
    let body = json!({"kind": "service", "owner": ci, "scopes": ["*"]});
    authority.token(&local.session, body).await.refused(403, "scope_exceeds_grant");
    authority.revoke(&local.session, &hers.id).await.refused(404, "not_found");
    authority.revoke(&local.session, &token.id).await.expect(204);
}
