//! More than a hundred thousand verifies by two verifiers under leases and at the server's own door, while tokens end in
//! every way; and what the exact checker says of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{Verifier, verdicts};
use crate::support::history::{Revocation, Verify, fault, now};
use crate::support::rights::{Firm, user};
use crate::support::{Authority, Pat};

/// How often each verifier asks about a token before somebody ends it.
const ASKED_BEFORE: usize = 1100;
/// How often on after its first inactive answer.
const ASKED_ON: usize = 20;
/// How many tokens are there at once.
const AT_ONCE: usize = 6;
const ROUNDS: usize = 8;

/// How a token comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Revoked,
    ByPossession,
    ItsParent,
    OwnerDisabled,
    Unbound,
    RotationFinished,
    Rotated,
    Narrowed,
}

const WAYS: [Way; 8] = [
    Way::Revoked,
    Way::ByPossession,
    Way::ItsParent,
    Way::OwnerDisabled,
    Way::Unbound,
    Way::RotationFinished,
    Way::Rotated,
    Way::Narrowed,
];

struct Stage {
    authority: Authority,
    firm: Firm,
    verifiers: [Verifier; 2],
}

/// A token, and the call that ends it.
struct Ending {
    pat: Pat,
    secret: String,
    method: Method,
    path: String,
    body: serde_json::Value,
}

impl Stage {
    async fn set() -> Arc<Self> {
        let authority = Authority::sqlite().await;
        let firm = authority.firm().await;
        let alice = authority.person("alice").await;
        authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
        let warm = authority.pat(&alice.session, &["*"]).await;
        let scope = firm.scope("Task.Read");
        let verifiers = [
            Verifier::of(&authority, &firm.api, &scope, &warm).await,
            Verifier::of(&authority, &firm.api, &scope, &warm).await,
        ];
        Arc::new(Self { authority, firm, verifiers })
    }

    /// A token of somebody of their own, and how it ends.
    async fn ending(&self, way: Way) -> Ending {
        let (authority, admin) = (&self.authority, self.authority.admin().await);
        let owner = authority.person("owner").await;
        let binding = authority.bind("ApiUser", user(&owner.name), &self.firm.all()).await;
        let parent = authority.pat(&owner.session, &["*"]).await;
        let pat = authority.pat(&parent.secret, &[&self.firm.scopes()]).await;
        let (own, token) = (owner.session, format!("/api/v1/tokens/{}", pat.id));
        let (secret, method, path, body) = match way {
            Way::Revoked | Way::ByPossession => (own, Method::DELETE, token, json!(null)),
            Way::ItsParent => (own, Method::DELETE, format!("/api/v1/tokens/{}", parent.id), json!(null)),
            Way::OwnerDisabled => {
                (admin, Method::PATCH, format!("/api/v1/users/{}", owner.name), json!({"disabled": true}))
            }
            Way::Unbound => (admin, Method::DELETE, format!("/api/v1/role-bindings/{binding}"), json!(null)),
            Way::RotationFinished => (own, Method::POST, format!("{token}/rotate/finish"), json!(null)),
            Way::Rotated => (own, Method::POST, format!("{token}/rotate"), json!({"overlap_minutes": 0})),
            Way::Narrowed => (own, Method::PATCH, token, json!({"scopes": [self.firm.scope("Task.Create")]})),
        };
        Ending { pat, secret, method, path, body }
    }

    async fn end(&self, way: Way, ending: &Ending) -> Revocation {
        if way == Way::RotationFinished {
            let path = format!("/api/v1/tokens/{}/rotate", ending.pat.id);
            self.authority.post(&ending.secret, &path, json!({})).await.expect(200);
        }
        let sent = now();
        let answer = if way == Way::ByPossession {
            let form = [("token", ending.pat.secret.as_str())];
            let request = self.authority.request(Method::POST, "/oauth2/revoke").form(&form);
            crate::support::answer::Answer::to(request).await
        } else {
            let Ending { secret, method, path, body, .. } = ending;
            self.authority.call(secret, method.clone(), path, body.clone()).await
        };
        let answered = now();
        assert!(answer.status < 300, "{way:?}: {} {}", answer.status, answer.text);
        Revocation { sent, answered }
    }

    /// Asks a verifier until the token is inactive, and some times more.
    async fn ask_on(&self, node: usize, secret: &str, asked: &AtomicUsize) -> Vec<Verify> {
        let (mut verifies, mut left) = (Vec::new(), ASKED_ON);
        while left > 0 {
            let began = now();
            let active = self.verifiers[node].allows(secret).await.unwrap();
            verifies.push(Verify { node, began, ended: now(), active });
            left -= usize::from(!active);
            asked.fetch_add(1, Ordering::Relaxed);
            // What is answered from memory waits for nothing, so that others would not get on.
            tokio::task::yield_now().await;
        }
        verifies
    }

    /// The same at the server's own door.
    async fn introspect_on(&self, secret: &str) -> Vec<Verify> {
        let (mut verifies, mut left) = (Vec::new(), 3);
        while left > 0 {
            let began = now();
            let told = self.authority.introspect_as(&self.firm.api, secret, &[]).await.expect(200).body;
            let scope = self.firm.scope("Task.Read");
            let active =
                told["scope"].as_str().is_some_and(|scopes| scopes.split(' ').any(|one| one == scope));
            verifies.push(Verify { node: 2, began, ended: now(), active });
            left -= usize::from(!active);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        verifies
    }

    /// Lets everybody ask about a token, ends it, and judges what they were told. Answers how often the verifiers asked.
    async fn race(&self, way: Way) -> usize {
        let ending = self.ending(way).await;
        let secret = &ending.pat.secret;
        let asked = [const { AtomicUsize::new(0) }; 2];
        let ended = async {
            while asked.iter().any(|asked| asked.load(Ordering::Relaxed) < ASKED_BEFORE) {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            self.end(way, &ending).await
        };
        let verifies = join_all((0..2).map(|node| self.ask_on(node, secret, &asked[node])));
        let (verifies, own, revocation) = tokio::join!(verifies, self.introspect_on(secret), ended);
        let mut verifies = verifies.concat();
        let by_verifiers = verifies.len();
        verifies.extend(own);
        if let Some(fault) = fault(&verifies, revocation) {
            verifies.retain(|verify| verify.ended >= revocation.sent);
            panic!("{way:?}: {fault}: {revocation:?}\n{verifies:#?}");
        }
        by_verifiers
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_31_no_verifier_with_a_lease_accepts_what_was_answered_to_be_over() {
    let stage = Stage::set().await;
    let before = verdicts(&stage.authority).await;
    let mut verifies = 0;
    for round in 0..ROUNDS {
        let ways = (0..AT_ONCE).map(|n| WAYS[(round * AT_ONCE + n) % WAYS.len()]);
        let races = ways.map(|way| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.race(way).await })
        });
        verifies += join_all(races).await.into_iter().map(Result::unwrap).sum::<usize>();
    }
    assert!(verifies >= 100_000, "{verifies} verifies");
    let asked = usize::try_from(verdicts(&stage.authority).await - before).unwrap();
    assert!(asked < verifies / 2, "{asked} of {verifies} were asked, so this shows little about memory");
}
