//! What is answered from memory, shown by taking the store away.

use jeton_token::TokenKind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::rights::user;
use crate::support::{Authority, Pat, sample};

on_both! {
    shared:
        what_is_remembered_says_the_same_as_what_is_read;
}

/// An API, and a token that may read tasks at a project of `default`.
struct Stage {
    authority: Authority,
    api: String,
    session: String,
    pat: Pat,
    cold: Pat,
}

async fn stage(authority: Authority) -> Stage {
    let (admin, api) = (authority.admin().await, authority.api().await);
    let alice = authority.person("alice").await;
    let project = "/api/v1/organizations/default/projects/apollo";
    authority.put(&admin, project, json!({})).await.expect(201);
    authority.bind("Auditor", user(&alice.name), "*").await;
    let body = json!({"scopes": ["*"], "projects": ["default/apollo"], "expires_in_minutes": 30});
    let pat = authority.token(&alice.session, body.clone()).await.pat();
    let cold = authority.token(&alice.session, body).await.pat();
    Stage { authority, api, session: alice.session, pat, cold }
}

impl Stage {
    async fn verify(&self, token: &str, more: Value) -> Answer {
        let mut body = json!({"token": token, "resource": "Default/Apollo"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.authority.post(&self.api, "/api/v1/verify", body).await
    }

    async fn introspect(&self, token: &str) -> Answer {
        let more = [("resource", "default/apollo")];
        self.authority.introspect_as(&self.api, token, &more).await
    }
}

#[tokio::test]
async fn warm_facts_answer_while_the_store_is_down_and_nothing_else_does() {
    let stage = stage(Authority::sqlite().await).await;
    let (authority, warm) = (&stage.authority, &stage.pat.secret);
    let read = json!({"scope": "Taskurai.Task.Read"});
    let before = stage.verify(warm, read.clone()).await.expect(200);
    let introspected = stage.introspect(warm).await.expect(200);
    assert_eq!((&before.body["allowed"], &introspected.body["active"]), (&json!(true), &json!(true)));
    authority.store.close().await;

    assert_eq!(stage.verify(warm, read).await.expect(200).body, before.body);
    assert_eq!(stage.introspect(warm).await.expect(200).body, introspected.body);
    let foreign = json!({"scope": "Taskurai.No.Such"});
    assert_eq!(stage.verify(warm, foreign).await.expect(200).body["reason"], "missing_scope");
    // Garbage and forged ids need no store. Everything else that is not remembered cannot be known.
    assert_eq!(stage.introspect("garbage").await.expect(200).body, json!({"active": false}));
    let wrong = sample::text_with(TokenKind::Personal, &stage.pat.id);
    for unknown in [&stage.cold.secret, &wrong] {
        stage.verify(unknown, json!({})).await.refused(503, "unavailable");
        stage.introspect(unknown).await.refused_in_oauth(503, "temporarily_unavailable");
    }
    stage.verify(warm, json!({"resource": "default/gemini"})).await.refused(503, "unavailable");
    authority.revoke(&stage.session, &stage.pat.id).await.refused(503, "unavailable");
    let form = [("token", warm.as_str())];
    let revocation = authority.request(Method::POST, "/oauth2/revoke").form(&form);
    Answer::to(revocation).await.refused_in_oauth(503, "temporarily_unavailable");
    assert_eq!(stage.introspect(warm).await.expect(200).body, introspected.body);
    // What is remembered are facts: the verdict is of the present moment.
    authority.clock.advance_minutes(31);
    assert_eq!(stage.introspect(warm).await.expect(200).body, json!({"active": false}));
    assert_eq!(stage.verify(warm, json!({})).await.expect(200).body["reason"], "expired");
}

/// Another node may have written what this one does not know of.
#[tokio::test]
async fn on_postgresql_nothing_is_answered_from_memory() {
    let Some(authority) = Authority::postgres().await else { return };
    let stage = stage(authority).await;
    stage.verify(&stage.pat.secret, json!({})).await.expect(200);
    stage.introspect(&stage.pat.secret).await.expect(200);
    stage.authority.store.close().await;
    stage.verify(&stage.pat.secret, json!({})).await.refused(503, "unavailable");
    stage.introspect(&stage.pat.secret).await.refused_in_oauth(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_server_that_starts_again_remembers_nothing() {
    let stage = stage(Authority::sqlite().await).await;
    stage.introspect(&stage.pat.secret).await.expect(200);
    let stage = Stage { authority: stage.authority.restarted(|_| {}).await, ..stage };
    stage.authority.store.close().await;
    stage.introspect(&stage.pat.secret).await.refused_in_oauth(503, "temporarily_unavailable");
}

/// Somebody with the database at hand changes a row: what was sealed goes on as it was, and never as it was changed.
#[tokio::test]
async fn attack_02_a_change_by_sql_does_not_reach_what_is_warm() {
    let authority = Authority::sqlite().await;
    authority.api().await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let before = authority.introspect(&pat.secret, &[]).await;
    let mut sql = authority.sql().await;
    sql.change(&format!("UPDATE token_item SET value = '*' WHERE token_id = '{}'", pat.id)).await;
    assert_eq!(authority.introspect(&pat.secret, &[]).await, before);
    // As soon as the store is asked, it is found out, and what was remembered counts no longer.
    let wrong = sample::text_with(TokenKind::Personal, &pat.id);
    assert!(!authority.is_active(&wrong).await);
    authority.patch(&alice.session, &format!("/api/v1/tokens/{}", pat.id), json!({"name": "x"})).await;
    let authority = {
        let api = authority.api().await;
        let again = authority.restarted(|_| {}).await;
        let told = again.introspect_as(&api, &pat.secret, &[]).await.expect(200).body;
        assert_eq!(told, json!({"active": false}));
        again
    };
    assert_eq!(authority.record(&alice.session, &pat.id).await["state"], "suspended");
}

async fn what_is_remembered_says_the_same_as_what_is_read(authority: Authority) {
    let firm = authority.firm().await;
    let alice = authority.person("alice").await;
    authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    let parent = authority.pat(&alice.session, &["*"]).await;
    let child = authority.pat(&parent.secret, &[&firm.scope("Task.*")]).await;
    // Each question is a use, so that the answers differ in the last one.
    let without_use = |mut record: Value| {
        for name in ["last_used_at", "last_used_from"] {
            record[name] = Value::Null;
        }
        record
    };
    for secret in [&parent.secret, &child.secret] {
        let ask = async || {
            let mut told = authority.ask(&firm.api, secret, json!({})).await;
            told["token"] = without_use(told["token"].clone());
            told
        };
        let cold = ask().await;
        assert_eq!(cold["allowed"], true, "{cold}");
        assert_eq!(ask().await, cold);
        let itself = async || authority.get(secret, "/api/v1/tokens/self").await.expect(200).body;
        let cold = without_use(itself().await);
        assert_eq!(without_use(itself().await), cold);
    }
}
