//! Each change is written down exactly once, with a hash over what it says.

use serde_json::{Value, json};

use crate::store::audit::{self, AuditRow};
use crate::support::{Authority, PASSWORD, sample};

on_both! {
    alone:
        every_mutation_writes_one_sealed_row,
        a_refused_call_writes_nothing,
        change_numbers_have_no_gap_and_count_what_may_be_remembered,
        a_row_names_no_person_outside_the_erasable_column;
}

/// The rows that a call adds.
async fn added(authority: &Authority, known: &mut Vec<String>) -> Vec<AuditRow> {
    let rows = audit::rows(&mut authority.sql().await).await;
    assert!(rows.iter().all(AuditRow::is_sealed));
    let new: Vec<_> = rows.into_iter().filter(|row| !known.contains(&row.id().to_owned())).collect();
    known.extend(new.iter().map(|row| row.id().to_owned()));
    new
}

async fn every_mutation_writes_one_sealed_row(authority: Authority) {
    let mut known = Vec::new();
    let bootstrap = added(&authority, &mut known).await;
    assert!(!bootstrap.is_empty() && bootstrap.iter().all(|row| row.action() == "server.bootstrap"));
    let mut expect = async |action: &str| {
        let rows = added(&authority, &mut known).await;
        let actions: Vec<_> = rows.iter().map(AuditRow::action).collect();
        assert_eq!(actions, [action]);
        rows[0].target().to_owned()
    };
    let admin = authority.admin().await;
    assert_eq!(expect("session.create").await, sample::id_of(&admin));
    let user =
        authority.put(&admin, "/api/v1/users/alice", json!({"password": PASSWORD})).await.expect(201).body;
    assert_eq!(json!(expect("user.write").await), user["id"]);
    let api = authority.put(&admin, "/api/v1/apis/shop", sample::api("shop", "Shop")).await.expect(201).body;
    assert_eq!(json!(expect("api.write").await), api["id"]);
    let credential = authority.credential("shop").await;
    assert_eq!(expect("api.credential").await, sample::id_of(&credential));
    let alice = authority.session("alice", PASSWORD).await;
    expect("session.create").await;
    let pat = authority.pat(&alice, &["*"]).await;
    assert_eq!(expect("token.create").await, pat.id);
    let path = format!("/api/v1/tokens/{}", pat.id);
    authority.patch(&alice, &path, json!({"name": "x"})).await.expect(200);
    assert_eq!(expect("token.update").await, pat.id);
    authority.post(&alice, &format!("{path}/rotate"), json!({"overlap_minutes": 0})).await.expect(200);
    assert_eq!(expect("token.rotate").await, pat.id);
    authority.delete(&alice, &path).await.expect(204);
    assert_eq!(expect("token.revoke").await, pat.id);
    let other = authority.pat(&alice, &["*"]).await;
    expect("token.create").await;
    let request =
        authority.request(reqwest::Method::POST, "/oauth2/revoke").form(&[("token", &other.secret)]);
    crate::support::answer::Answer::to(request).await.expect(200);
    assert_eq!(expect("token.revoke").await, other.id);
    // One row, however many tokens end with it.
    authority.pat(&alice, &["*"]).await;
    expect("token.create").await;
    authority.patch(&admin, "/api/v1/users/alice", json!({"password": "another password"})).await.expect(200);
    assert_eq!(json!(expect("user.write").await), user["id"]);
    authority.delete(&admin, "/api/v1/users/alice").await.expect(204);
    assert_eq!(json!(expect("user.write").await), user["id"]);
    authority.delete(&admin, "/api/v1/apis/shop").await.expect(204);
    assert_eq!(json!(expect("api.write").await), api["id"]);
    authority.delete(&admin, "/api/v1/tokens/self").await.expect(204);
    assert_eq!(expect("token.revoke").await, sample::id_of(&admin));
}

async fn a_refused_call_writes_nothing(authority: Authority) {
    let (admin, api) = (authority.admin().await, authority.api().await);
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let body = json!({"name": "taken", "scopes": ["*"]});
    authority.token(&alice.session, body.clone()).await.expect(201);
    let before = authority.sql().await.dump().await;
    authority.token(&alice.session, body).await.refused(409, "name_taken");
    authority.token(&alice.session, json!({"scopes": ["Nobody.*"]})).await.expect(422);
    authority.token(&pat.secret, json!({"scopes": ["*"]})).await.expect(403);
    authority.sign_in(&alice.name, "wrong password").await.expect(401);
    authority.put(&admin, "/api/v1/apis/other", sample::api("other", "Taskurai")).await.expect(409);
    authority.put(&admin, "/api/v1/apis/taskurai", sample::api("taskurai", "Taskurai")).await.expect(200);
    authority.put(&admin, "/api/v1/apis/new?dry_run=true", sample::api("new", "New")).await.expect(200);
    authority.delete(&admin, "/api/v1/users/admin").await.expect(409);
    authority.get(&admin, "/api/v1/tokens?state=all").await.expect(200);
    authority.post(&api, "/api/v1/verify", json!({"token": pat.secret})).await.expect(200);
    authority.introspect_as(&api, "garbage", &[]).await.expect(200);
    assert_eq!(authority.sql().await.dump().await, before);
}

async fn change_numbers_have_no_gap_and_count_what_may_be_remembered(authority: Authority) {
    let admin = authority.admin().await;
    let api = authority.api().await;
    let alice = authority.person("alice").await;
    let mut before = audit::changes(&mut authority.sql().await).await;
    let mut expect = async |what: &str, subjects: &[&str]| {
        let now = audit::changes(&mut authority.sql().await).await;
        assert_eq!(now[before.len()..], *subjects, "{what}");
        before = now;
    };
    let pat = authority.pat(&alice.session, &["*"]).await;
    let user = format!("/api/v1/users/{}", alice.name);
    authority.put(&admin, "/api/v1/users/new", json!({})).await.expect(201);
    authority.patch(&admin, &user, json!({"display_name": "x"})).await.expect(200);
    expect("what is new, or only looks different, is remembered nowhere", &[]).await;
    authority.session(&alice.name, PASSWORD).await;
    expect("a sign-in, which policies ask for", &["principal"]).await;
    let path = format!("/api/v1/tokens/{}", pat.id);
    authority.patch(&alice.session, &path, json!({"scopes": ["Taskurai.*"]})).await.expect(200);
    expect("edit", &["token"]).await;
    authority
        .post(&alice.session, &format!("{path}/rotate"), json!({"overlap_minutes": 0}))
        .await
        .expect(200);
    expect("rotate", &["token"]).await;
    authority.delete(&alice.session, &path).await.expect(204);
    expect("revoke", &["token"]).await;
    authority.delete(&alice.session, &path).await.expect(204);
    expect("revoke again", &[]).await;
    authority.patch(&admin, &user, json!({"disabled": true})).await.expect(200);
    expect("disable", &["principal"]).await;
    authority.patch(&admin, &user, json!({"disabled": true})).await.expect(200);
    expect("disable again", &["principal"]).await;
    authority.patch(&admin, &user, json!({"password": "another password"})).await.expect(200);
    expect("password: two sessions end", &["token", "token"]).await;
    authority.delete(&admin, &user).await.expect(204);
    expect("remove", &["principal"]).await;
    authority.put(&admin, "/api/v1/apis/shop", sample::api("shop", "Shop")).await.expect(201);
    expect("api", &["apis", "rights"]).await;
    authority.credential("shop").await;
    expect("credential", &[]).await;
    authority.delete(&admin, "/api/v1/apis/shop").await.expect(204);
    expect("api and its credential", &["apis", "rights", "token"]).await;
    authority.introspect_as(&api, "x", &[]).await.expect(200);
    expect("asking", &[]).await;
}

async fn a_row_names_no_person_outside_the_erasable_column(authority: Authority) {
    let admin = authority.admin().await;
    let alice = authority.person("alice").await;
    let pat = authority.token(&alice.session, json!({"name": "of alice", "scopes": ["*"]})).await.pat();
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    authority.delete(&admin, &format!("/api/v1/users/{}", alice.name)).await.expect(204);
    let rows = authority.sql().await.rows("SELECT actor, credential, target, place, detail FROM audit").await;
    let texts: Vec<Value> = rows.into_iter().map(|row| json!(row)).collect();
    assert!(texts.iter().all(|row| !row.to_string().contains("alice")), "{texts:?}");
}
