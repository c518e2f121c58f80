//! What happens at the same moment.

use serde_json::json;

use super::{exchange, path, put, refused, trust, trusting};
use crate::support::Authority;
use crate::support::issuer::Issuer;

on_both! {
    shared:
        of_one_identity_shown_many_times_at_once_one_is_taken,
        nothing_comes_from_a_trust_that_was_removed_meanwhile,
        nothing_comes_of_an_account_that_was_disabled_meanwhile;
}

const AT_ONCE: usize = 8;

async fn of_one_identity_shown_many_times_at_once_one_is_taken(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    for _ in 0..3 {
        let identity = issuer.token(&subject);
        let tries = (0..AT_ONCE).map(|_| exchange(&authority, &identity, &[]));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for answer in answers.into_iter().filter(|answer| answer.status != 200) {
            refused(answer, "invalid_grant");
        }
    }
}

async fn nothing_comes_from_a_trust_that_was_removed_meanwhile(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (account, subject) = trusting(&authority, &issuer.url).await;
    let admin = authority.admin().await;
    for _ in 0..3 {
        let identities: Vec<_> = (0..AT_ONCE).map(|_| issuer.token(&subject)).collect();
        let tries = identities.iter().map(|identity| exchange(&authority, identity, &[]));
        let at = path(&account, "main");
        let (answers, removed) =
            tokio::join!(futures_util::future::join_all(tries), authority.delete(&admin, &at));
        removed.expect(204);
        for answer in answers {
            if answer.status == 200 {
                assert!(!authority.is_active(answer.body["access_token"].as_str().unwrap()).await);
            } else {
                refused(answer, "invalid_grant");
            }
        }
        put(&authority, &account, trust(&issuer.url, &subject)).await.expect(201);
    }
}

async fn nothing_comes_of_an_account_that_was_disabled_meanwhile(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (account, subject) = trusting(&authority, &issuer.url).await;
    let admin = authority.admin().await;
    let at = format!("/api/v1/service-accounts/{account}");
    for _ in 0..3 {
        let identities: Vec<_> = (0..AT_ONCE).map(|_| issuer.token(&subject)).collect();
        let tries = identities.iter().map(|identity| exchange(&authority, identity, &[]));
        let disabling = authority.patch(&admin, &at, json!({"disabled": true}));
        let (answers, disabled) = tokio::join!(futures_util::future::join_all(tries), disabling);
        disabled.expect(200);
        for answer in answers {
            if answer.status == 200 {
                assert!(!authority.is_active(answer.body["access_token"].as_str().unwrap()).await);
            } else {
                refused(answer, "invalid_grant");
            }
        }
        authority.patch(&admin, &at, json!({"disabled": false})).await.expect(200);
    }
}
