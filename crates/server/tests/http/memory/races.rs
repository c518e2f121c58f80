//! Verifies and revocations at the same time, and an exact checker of what they answered.
//!
//! A token is there, is active, and is inactive for good. So whether a history of answers fits can be told without a
//! search: no active verify begins after a revocation was answered; no inactive one ends before a revocation was sent;
//! and on one node no active one begins after an inactive one has ended.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

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

/// A verify: when it began and ended, and what it said.
#[derive(Clone, Copy, Debug)]
struct Verify {
    began: Instant,
    ended: Instant,
    active: bool,
}

/// A revocation: when it was sent and answered.
#[derive(Clone, Copy, Debug)]
struct Revocation {
    sent: Instant,
    answered: Instant,
}

/// What is wrong with a history.
fn fault(verifies: &[Verify], revocation: Revocation) -> Option<&'static str> {
    let (active, inactive): (Vec<&Verify>, Vec<&Verify>) = verifies.iter().partition(|verify| verify.active);
    let first_inactive = inactive.iter().map(|verify| verify.ended).min();
    if active.iter().any(|verify| verify.began > revocation.answered) {
        Some("an active verify began after the revocation was answered")
    } else if inactive.iter().any(|verify| verify.ended < revocation.sent) {
        Some("an inactive verify ended before a revocation was sent")
    } else if active.iter().any(|verify| first_inactive.is_some_and(|ended| verify.began > ended)) {
        Some("an active verify began after an inactive one had ended")
    } else {
        None
    }
}

/// Asks until the token is inactive, and some times more.
async fn ask_on(authority: &Authority, firm: &Firm, secret: &str) -> Vec<Verify> {
    let (mut asked, mut left) = (Vec::new(), ASKED_ON);
    while left > 0 {
        let began = now();
        let active = authority.introspect_as(&firm.api, secret, &[]).await.expect(200).body["active"] == true;
        asked.push(Verify { began, ended: now(), active });
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

/// The checker itself: each of its three rules finds what it is about, and nothing else.
#[test]
fn the_checker_finds_each_kind_of_fault() {
    let start = now();
    let at = |ms| start + std::time::Duration::from_millis(ms);
    let verify = |from, to, active| Verify { began: at(from), ended: at(to), active };
    let revocation = Revocation { sent: at(10), answered: at(20) };
    let rows = [
        (vec![], None),
        (vec![verify(0, 9, true), verify(5, 15, true), verify(12, 30, true), verify(19, 25, false)], None),
        (vec![verify(11, 12, false), verify(9, 30, true)], None),
        (vec![verify(21, 22, true)], Some("an active verify began after the revocation was answered")),
        (vec![verify(1, 9, false)], Some("an inactive verify ended before a revocation was sent")),
        (
            vec![verify(11, 12, false), verify(13, 14, true)],
            Some("an active verify began after an inactive one had ended"),
        ),
    ];
    for (verifies, expected) in rows {
        assert_eq!(fault(&verifies, revocation), expected, "{verifies:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a history is told by the clock of whoever asks")]
fn now() -> Instant {
    Instant::now()
}
