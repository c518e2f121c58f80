//! Verifiers that cannot hear of a change: what is revoked meanwhile is accepted by nobody when that is answered.

use std::net::SocketAddr;
use std::time::Duration;

use jeton_verify::{Ask, Client, Secret, Unavailable, Url};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Verifier;
use crate::support::rights::{Firm, user};
use crate::support::{Authority, Pat, Person, sample};

/// A way to the server that can be cut: nothing goes through then, and no connection ends.
struct Wire {
    address: SocketAddr,
    is_whole: watch::Sender<bool>,
}

impl Wire {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_whole, whole) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(near_read, far_write, whole.clone()));
                tokio::spawn(carry(far_read, near_write, whole.clone()));
            }
        });
        Self { address, is_whole }
    }

    fn set(&self, is_whole: bool) {
        self.is_whole.send_replace(is_whole);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut whole: watch::Receiver<bool>,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let is_whole = whole.wait_for(|is_whole| *is_whole).await.is_ok();
        if !is_whole || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

struct Stage {
    authority: Authority,
    firm: Firm,
    alice: Person,
    pat: Pat,
    other: Pat,
}

async fn stage() -> Stage {
    let authority = Authority::sqlite().await;
    let (firm, alice) = (authority.firm().await, authority.person("alice").await);
    authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    let (pat, other) =
        (authority.pat(&alice.session, &["*"]).await, authority.pat(&alice.session, &["*"]).await);
    Stage { authority, firm, alice, pat, other }
}

#[tokio::test]
async fn attack_31_a_verifier_that_is_cut_off_accepts_nothing_when_the_revocation_is_answered() {
    let stage = stage().await;
    let (authority, scope) = (&stage.authority, stage.firm.scope("Task.Read"));
    let wire = Wire::to(authority.address).await;
    let base = Url::parse(&format!("http://{}", wire.address)).unwrap();
    let builder = Client::builder(base, Secret::new(&*stage.firm.api)).under_lease();
    let client = builder.timeout(Duration::from_secs(5)).build().unwrap();
    let verifier = Verifier { client, scope: scope.parse().unwrap() };
    verifier.leased(&stage.pat).await;
    assert_eq!(verifier.allows(&stage.other.secret).await, Ok(true));

    wire.set(false);
    // Nothing comes through any more, so whatever is allowed now is from memory. On a machine that has other things to
    // do the lease may be over already; the revocation is not answered before that in any case.
    assert_ne!(verifier.allows(&stage.pat.secret).await, Ok(false));
    authority.revoke(&stage.alice.session, &stage.pat.id).await.expect(204);
    assert!(!verifier.client.holds_lease());
    // It held up one change, and no other one.
    authority.revoke(&stage.alice.session, &stage.pat.id).await.expect(204);
    for token in [&stage.pat, &stage.other] {
        let ask = Ask::about(&token.secret).scope(&verifier.scope);
        let unknown = verifier.client.verify(ask).await.unwrap_err();
        assert!(matches!(unknown, Unavailable::TimedOut(_)), "{unknown:?}");
    }

    wire.set(true);
    assert_eq!(verifier.allows(&stage.pat.secret).await, Ok(false));
    assert_eq!(verifier.allows(&stage.other.secret).await, Ok(true));
}

/// The new process knows of no lease, and lets nobody hear that something is done while there may be some.
#[tokio::test]
async fn attack_31_a_server_that_starts_again_answers_no_revocation_while_an_older_lease_may_run() {
    let stage = stage().await;
    let scope = stage.firm.scope("Task.Read");
    let verifier = Verifier::of(&stage.authority, &stage.firm.api, &scope, &stage.pat).await;
    let authority = stage.authority.restarted(|_| {}).await;
    let held_back = authority.revoke(&stage.alice.session, &stage.pat.id);
    held_back.await.expect(204);
    assert_ne!(verifier.allows(&stage.pat.secret).await, Ok(true));
    while !verifier.client.holds_lease() {
        assert_eq!(verifier.allows(&stage.pat.secret).await, Ok(false));
        assert_eq!(verifier.allows(&stage.other.secret).await, Ok(true));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(verifier.allows(&stage.pat.secret).await, Ok(false));
    while !super::metrics(&authority).await.contains("\njeton_verifiers 1\n") {}
}

/// Whoever takes the API's credential away takes away what rests on it.
#[tokio::test]
async fn a_verifier_whose_credential_is_revoked_has_no_lease_any_more() {
    let stage = stage().await;
    let (authority, admin) = (&stage.authority, stage.authority.admin().await);
    let scope = stage.firm.scope("Task.Read");
    let path = format!("/api/v1/apis/{}", stage.firm.api_name);
    for way in [
        "its credential is revoked",
        "it is rotated without overlap",
        "its rotation is finished",
        "its API is removed",
    ] {
        let api = authority.credential(&stage.firm.api_name).await;
        let verifier = Verifier::of(authority, &api, &scope, &stage.pat).await;
        let rotate = format!("/api/v1/tokens/{}/rotate", sample::id_of(&api));
        match way {
            "its credential is revoked" => {
                authority.delete(&api, "/api/v1/tokens/self").await.expect(204);
            }
            "it is rotated without overlap" => {
                authority.post(&admin, &rotate, json!({"overlap_minutes": 0})).await.expect(200);
            }
            "its rotation is finished" => {
                authority.post(&admin, &rotate, json!({})).await.expect(200);
                verifier.leased(&stage.pat).await;
                authority.post(&admin, &format!("{rotate}/finish"), json!({})).await.expect(200);
            }
            _ => {
                authority.delete(&admin, &path).await.expect(204);
            }
        }
        assert!(!verifier.client.holds_lease(), "{way}");
        let refused = verifier.allows(&stage.pat.secret).await.unwrap_err();
        assert_eq!(refused, Unavailable::CredentialRefused(401), "{way}");
    }
}
