//! Calls at the same time: one wins, the others are told, and nothing is half done.

use futures_util::future::join_all;
use serde_json::json;

use crate::store::audit;
use crate::support::Authority;

on_both! {
    alone:
        of_tokens_with_the_same_name_one_is_made,
        of_rotations_at_the_same_time_the_last_one_counts,
        a_revocation_at_the_same_time_as_anything_wins,
        two_administrators_do_not_end_each_other;
}

async fn of_tokens_with_the_same_name_one_is_made(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"name": "one", "scopes": ["*"]});
    let answers = join_all((0..8).map(|_| authority.token(&alice.session, body.clone()))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(authority.names(&alice.session, "kind=personal&state=all").await, ["one"]);
}

async fn of_rotations_at_the_same_time_the_last_one_counts(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let rotate = || authority.post(&alice.session, &path, json!({"overlap_minutes": 0}));
    let answers = join_all((0..6).map(|_| rotate())).await;
    let secrets: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).secret()).collect();
    let mut active = 0;
    for secret in &secrets {
        active += usize::from(authority.is_active(secret).await);
    }
    assert_eq!(active, 1);
    assert!(!authority.is_active(&pat.secret).await);
}

async fn a_revocation_at_the_same_time_as_anything_wins(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    for _ in 0..4 {
        let pat = authority.pat(&alice.session, &["*"]).await;
        let path = format!("/api/v1/tokens/{}", pat.id);
        let rotate = async || {
            let rotated = authority
                .post(&alice.session, &format!("{path}/rotate"), json!({"overlap_minutes": 0}))
                .await;
            assert!([200, 409].contains(&rotated.status), "{}", rotated.text);
            rotated.body["secret"].as_str().map(ToOwned::to_owned)
        };
        let edit = async || {
            let edited = authority.patch(&alice.session, &path, json!({"scopes": ["Taskurai.*"]})).await;
            assert!([200, 409].contains(&edited.status), "{}", edited.text);
        };
        let revoke = async || authority.revoke(&alice.session, &pat.id).await.expect(204);
        let (one, two, (), _, _) = tokio::join!(rotate(), rotate(), edit(), revoke(), revoke());
        for secret in [one, two, Some(pat.secret)].into_iter().flatten() {
            assert!(!authority.is_active(&secret).await);
        }
        assert_eq!(authority.record(&alice.session, &pat.id).await["state"], "revoked");
    }
    audit::changes(&mut authority.sql().await).await;
}

/// There is no door yet that makes a second administrator, so SQL binds the role.
async fn two_administrators_do_not_end_each_other(authority: Authority) {
    let admin = authority.admin().await;
    let mut sql = authority.sql().await;
    for round in 0..4 {
        let deputy = authority.person("deputy").await;
        let path = format!("/api/v1/users/{}", deputy.name);
        let id = authority.get(&admin, &path).await.expect(200).body["id"].as_str().unwrap().to_owned();
        sql.change(&format!(
            "INSERT INTO role_binding (id, subject_id, role_id, organization_id, created_at)
                SELECT '{id}', '{id}', id, NULL, 0 FROM role WHERE live_name = 'admin'"
        ))
        .await;
        let disable = |who: String, path: String| {
            let authority = &authority;
            async move { authority.patch(&who, &path, json!({"disabled": true})).await }
        };
        let (one, two) = tokio::join!(
            disable(admin.clone(), path.clone()),
            disable(deputy.session.clone(), "/api/v1/users/admin".to_owned()),
        );
        assert!(one.status != 200 || two.status != 200, "round {round}: nobody is left");
        let survivor = if one.status == 200 { &admin } else { &deputy.session };
        authority.get(survivor, "/api/v1/users").await.expect(200);
        for path in ["/api/v1/users/admin", &path] {
            authority.patch(survivor, path, json!({"disabled": false})).await.expect(200);
        }
        authority.delete(&admin, &path).await.expect(204);
    }
}
