//! Verifies and revocations at the same time, and what an exact checker says of the answers.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::history::{Revocation, Verify, fault, now};
use crate::support::rights::{Firm, user};
use crate::support::{Authority, Person};

on_both! {
    shared:
        attack_31_no_verify_is_active_after_a_revocation_was_answered,
        attack_31_no_verify_of_a_child_is_active_after_its_parent_was_revoked,
        attack_32_no_verify_is_active_after_a_binding_was_taken_away,
        attack_32_no_verify_is_active_after_its_owner_was_disabled;
}

const TOKENS: usize = 6;
const VERIFIERS: usize = 4;
/// How often each verifier asks on after its first inactive answer.
const ASKED_ON: usize = 6;

/// Asks until the token is inactive, and some times more.
async fn ask_on(authority: &Authority, firm: &Firm, secret: &str) -> Vec<Verify> {
    let (mut asked, mut left) = (Vec::new(), ASKED_ON);
    while left > 0 {
        let began = now();
        let active = authority.introspect_as(&firm.api, secret, &[]).await.expect(200).body["active"] == true;
        asked.push(Verify { node: 0, began, ended: now(), active });
        left -= usize::from(!active);
    }
    asked
}

/// Lets verifiers ask, takes the right away after some of their questions, and judges what they were told.
async fn race(authority: &Authority, firm: &Firm, secret: &str, revoke: impl Future<Output = ()>) {
    assert_eq!(authority.introspect_as(&firm.api, secret, &[]).await.expect(200).body["active"], true);
    let revoked = async {
        // Others get on meanwhile; when exactly does not matter.
        for _ in 0..3 {
            authority.introspect_as(&firm.api, secret, &[]).await.expect(200);
        }
        let sent = now();
        revoke.await;
        Revocation { sent, answered: now() }
    };
    let asked = join_all((0..VERIFIERS).map(|_| ask_on(authority, firm, secret)));
    let (asked, revocation) = tokio::join!(asked, revoked);
    let asked = asked.concat();
    assert_eq!(fault(&asked, revocation), None, "{revocation:?}\n{asked:#?}");
}

async fn stage(authority: &Authority) -> (Firm, Person, String) {
    let (firm, alice) = (authority.firm().await, authority.person("alice").await);
    let binding = authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    (firm, alice, binding)
}

async fn attack_31_no_verify_is_active_after_a_revocation_was_answered(authority: Authority) {
    let (firm, alice, _) = stage(&authority).await;
    let one = async || {
        let pat = authority.pat(&alice.session, &["*"]).await;
        let revoke = async { drop(authority.revoke(&alice.session, &pat.id).await.expect(204)) };
        race(&authority, &firm, &pat.secret, revoke).await;
    };
    join_all((0..TOKENS).map(|_| one())).await;
}

async fn attack_31_no_verify_of_a_child_is_active_after_its_parent_was_revoked(authority: Authority) {
    let (firm, alice, _) = stage(&authority).await;
    let one = async || {
        let parent = authority.pat(&alice.session, &["*"]).await;
        let child = authority.pat(&parent.secret, &[&firm.scopes()]).await;
        let revoke = async { drop(authority.revoke(&alice.session, &parent.id).await.expect(204)) };
        race(&authority, &firm, &child.secret, revoke).await;
    };
    join_all((0..TOKENS).map(|_| one())).await;
}

async fn attack_32_no_verify_is_active_after_a_binding_was_taken_away(authority: Authority) {
    let (firm, alice, mut binding) = stage(&authority).await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    for _ in 0..TOKENS {
        race(&authority, &firm, &pat.secret, authority.unbind(&binding)).await;
        binding = authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    }
}

async fn attack_32_no_verify_is_active_after_its_owner_was_disabled(authority: Authority) {
    let (firm, alice, _) = stage(&authority).await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let (admin, path) = (authority.admin().await, format!("/api/v1/users/{}", alice.name));
    let set = async |disabled: Value| {
        authority.patch(&admin, &path, json!({ "disabled": disabled })).await.expect(200);
    };
    for _ in 0..TOKENS {
        race(&authority, &firm, &pat.secret, set(json!(true))).await;
        set(json!(false)).await;
    }
}
