//! Tokens without an end, and the bare `*`.

use reqwest::Method;
use serde_json::{Value, json};

use super::LEVELS;
use crate::support::Authority;

on_both! {
    alone:
        a_token_without_an_end_is_refused_where_a_place_wants_one,
        the_bare_star_does_not_count_where_a_place_says_so,
        the_bare_star_of_a_token_is_nothing_at_jeton_either;
}

async fn a_token_without_an_end_is_refused_where_a_place_wants_one(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let endless = json!({"scopes": ["Taskurai.*"], "never_expires": true});
    let pat = authority.token(&alice.session, endless.clone()).await.pat();
    let ends = authority.pat(&alice.session, &["Taskurai.*"]).await;
    for place in LEVELS {
        for more in [json!({}), json!({"lifetime_minutes_max": 100_000})] {
            let mut policy = json!({"never_expires": "refused"});
            policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            authority.set_policy(place, policy).await.expect(200);
            let reason = authority.reason(&pat.secret).await;
            assert_eq!(reason.as_deref(), Some("policy_never_expires"), "{place} {more}");
            assert_eq!(authority.reason(&ends.secret).await, None, "{place}");
            let state = if place == "*" { "suspended" } else { "active" };
            assert_eq!(authority.record(&alice.session, &pat.id).await["state"], state, "{place}");
            let mut limited = endless.clone();
            limited["projects"] = json!(["default/apollo"]);
            let refused = authority.token(&alice.session, limited).await;
            refused.invalid("/never_expires", "lifetime_exceeds_policy");
        }
        let rotate = json!({"overlap_minutes": 0, "projects": ["default/apollo"]});
        let own = authority.token(&alice.session, json!({"scopes": ["Taskurai.*"]})).await.pat();
        authority
            .post(&alice.session, &format!("/api/v1/tokens/{}/rotate", own.id), rotate)
            .await
            .expect(200);
        authority.remove_policy(place).await;
        assert_eq!(authority.reason(&pat.secret).await, None, "{place}");
    }
}

async fn the_bare_star_does_not_count_where_a_place_says_so(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let star = authority.pat(&alice.session, &["*"]).await;
    let both = authority.pat(&alice.session, &["*", "Taskurai.Task.*"]).await;
    for place in LEVELS {
        authority.set_policy(place, json!({"everything": "refused"})).await.expect(200);
        assert_eq!(authority.reason(&star.secret).await.as_deref(), Some("missing_scope"), "{place}");
        assert_eq!(authority.reason(&both.secret).await, None, "{place}");
        let body =
            json!({"token": both.secret, "scope": "Taskurai.Log.Query.Read", "resource": "default/apollo"});
        let told = authority.post(&authority.api().await, "/api/v1/verify", body).await.expect(200).body;
        assert_eq!(told["reason"], "missing_scope", "{place}: what only the star covers is gone");
        let body = json!({"scopes": ["Taskurai.*", "*"], "projects": ["default/apollo"]});
        authority.token(&alice.session, body).await.invalid("/scopes/1", "policy_refuses");
        authority.remove_policy(place).await;
        assert_eq!(authority.reason(&star.secret).await, None, "{place}");
    }
}

async fn the_bare_star_of_a_token_is_nothing_at_jeton_either(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let star = authority.pat(&admin, &["*"]).await;
    let named = authority.pat(&admin, &["Jeton.*"]).await;
    authority.get(&star.secret, "/api/v1/users").await.expect(200);
    authority.set_policy("*", json!({"everything": "refused"})).await.expect(200);
    authority.get(&star.secret, "/api/v1/users").await.refused(403, "insufficient_scope");
    authority.token(&star.secret, json!({"scopes": ["Taskurai.Task.Read"]})).await.expect(403);
    authority.get(&named.secret, "/api/v1/users").await.expect(200);
    // A person who is signed in is no token, and a token may always look at itself and end itself.
    authority.get(&admin, "/api/v1/users").await.expect(200);
    authority.get(&star.secret, "/api/v1/tokens/self").await.expect(200);
    authority.call(&star.secret, Method::DELETE, "/api/v1/tokens/self", Value::Null).await.expect(204);
}
