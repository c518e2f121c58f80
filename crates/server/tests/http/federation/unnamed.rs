//! `POST /oauth2/token` where nobody is named: the one that the identity fits, whatever the others are like.

use serde_json::{Value, json};

use super::pipelines::Trusting;
use super::{access_token, account, exchange, path, put, refused, trust, trusting};
use crate::support::issuer::Issuer;
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_trust_whose_keys_cannot_be_had_stands_in_nobodys_way,
        trusts_that_let_us_wait_do_so_together,
        a_dead_issuer_of_another_name_is_not_asked,
        who_is_meant_must_be_clear_among_those_that_can_be_asked;
}

/// Where nobody answers.
const DEAD: &str = "http://127.0.0.1:9/keys";

/// A trust in a subject whose keys stand at an address.
fn with_keys(issuer: &str, subject: &str, keys: &str) -> Value {
    let mut terms = trust(issuer, subject);
    terms["jwks_url"] = json!(keys);
    terms
}

async fn a_trust_whose_keys_cannot_be_had_stands_in_nobodys_way(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    for dead_first in [true, false] {
        let (good, dead) = (account(&authority).await, account(&authority).await);
        let subject = format!("repo:acme/{}", fresh("site"));
        let mut both =
            vec![(&dead, with_keys(&issuer.url, &subject, DEAD)), (&good, trust(&issuer.url, &subject))];
        if !dead_first {
            both.reverse();
        }
        for (account, terms) in both {
            put(&authority, account, terms).await.expect(201);
        }
        let answer = exchange(&authority, &issuer.token(&subject), &[]).await;
        let told = authority.introspect(&access_token(answer), &[]).await;
        assert_eq!(told["username"], json!(good), "dead first: {dead_first}");
        let named = [("service_account", good.as_str())];
        access_token(exchange(&authority, &issuer.token(&subject), &named).await);
        // Whether it would take the token, nobody can say.
        let named = [("service_account", dead.as_str())];
        let unknown = exchange(&authority, &issuer.token(&subject), &named).await;
        unknown.refused_in_oauth(503, "temporarily_unavailable");
        let admin = authority.admin().await;
        authority.delete(&admin, &path(&good, "main")).await.expect(204);
        exchange(&authority, &issuer.token(&subject), &[])
            .await
            .refused_in_oauth(503, "temporarily_unavailable");
    }
}

async fn trusts_that_let_us_wait_do_so_together(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (good, subject) = trusting(&authority, &issuer.url).await;
    // They take calls and never answer one.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    for number in 0..3 {
        let slow = account(&authority).await;
        let keys = format!("http://{address}/keys/{number}/{}", fresh("slow"));
        put(&authority, &slow, with_keys(&issuer.url, &subject, &keys)).await.expect(201);
    }
    let answer = exchange(&authority, &issuer.token(&subject), &[]).await;
    let told = authority.introspect(&access_token(answer), &[]).await;
    assert_eq!(told["username"], json!(good), "one after the other they take longer than a call may");
}

async fn a_dead_issuer_of_another_name_is_not_asked(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (good, subject) = trusting(&authority, &issuer.url).await;
    let other = account(&authority).await;
    put(&authority, &other, trust("http://127.0.0.1:9", &subject)).await.expect(201);
    authority
        .put(
            &authority.admin().await,
            &path(&good, "dead"),
            with_keys("https://issuer.example", &subject, DEAD),
        )
        .await
        .expect(201);
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    // Of what no trust takes, it is known.
    let nobody = issuer.token(&fresh("nobody"));
    refused(exchange(&authority, &nobody, &[]).await, "invalid_grant");
}

async fn who_is_meant_must_be_clear_among_those_that_can_be_asked(authority: Authority) {
    let Some(it) = Trusting::new(&authority, json!({"kind": "yaml"})).await else { return };
    let dead = account(&authority).await;
    let mut terms = it.terms();
    terms["jwks_url"] = json!(DEAD);
    put(&authority, &dead, terms).await.expect(201);
    let job = exchange(&authority, &it.identity(), &[]).await;
    assert!(access_token(job).starts_with("jtn_job_"));

    let worker = account(&authority).await;
    put(&authority, &worker, it.terms()).await.expect(201);
    let unclear = refused(exchange(&authority, &it.identity(), &[]).await, "invalid_request");
    for part in ["name one", "`service_account`", "`pipeline`"] {
        assert!(unclear.text.contains(part), "{}", unclear.text);
    }
    assert!(access_token(it.show(&authority, &it.identity()).await).starts_with("jtn_job_"));
    let named = [("service_account", worker.as_str())];
    assert!(access_token(exchange(&authority, &it.identity(), &named).await).starts_with("jtn_svc_"));
    // Many of the same identity are looked at no further.
    for _ in 0..4 {
        let more = account(&authority).await;
        put(&authority, &more, it.terms()).await.expect(201);
    }
    let many = refused(exchange(&authority, &it.identity(), &[]).await, "invalid_request");
    assert!(many.text.contains("name one"), "{}", many.text);
}
