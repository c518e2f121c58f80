//! What was judged when a call began must still hold when it writes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{Authority, PASSWORD};

const ROUNDS: usize = 12;

async fn a_session_that_ended_while_its_request_was_sent_makes_nothing(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["*"], "never_expires": true}).to_string();
    let head = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        alice.session,
        body.len()
    );
    let mut slow = TcpStream::connect(authority.address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&body.as_bytes()[..5]).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    authority.delete(&alice.session, "/api/v1/tokens/self").await.expect(204);
    slow.write_all(&body.as_bytes()[5..]).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let again = authority.session(&alice.name, PASSWORD).await;
    assert_eq!(authority.names(&again, "kind=personal").await, Vec::<String>::new());
}

async fn nobody_signs_in_with_a_password_that_was_replaced_meanwhile(authority: Authority) {
    let alice = authority.person("alice").await;
    let admin = authority.admin().await;
    let path = format!("/api/v1/users/{}", alice.name);
    let sign_ins = async {
        let tries = (0..8).map(|_| authority.sign_in(&alice.name, PASSWORD));
        futures_util::future::join_all(tries).await
    };
    let (answers, changed) =
        tokio::join!(sign_ins, authority.patch(&admin, &path, json!({"password": "another horse battery"})));
    changed.expect(200);
    for answer in answers {
        if answer.status == 201 {
            authority.get(&answer.secret(), "/api/v1/tokens/self").await.expect(401);
        }
    }
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(401);
}

async fn a_narrow_token_never_gets_the_secret_of_one_that_is_widened_meanwhile(authority: Authority) {
    let alice = authority.person("alice").await;
    let narrow = authority.pat(&alice.session, &["Jeton.Token.Rotate", "Taskurai.Task.Read"]).await;
    let target = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let path = format!("/api/v1/tokens/{}", target.id);
    let rotate = format!("{path}/rotate");
    for _ in 0..ROUNDS {
        let widen = authority.patch(&alice.session, &path, json!({"scopes": ["*"]}));
        let take = authority.post(&narrow.secret, &rotate, json!({"overlap_minutes": 0}));
        let (widened, taken) = tokio::join!(widen, take);
        widened.expect(200);
        if taken.status == 200 {
            assert_eq!(taken.body["token"]["scopes"], json!(["Taskurai.Task.Read"]), "{}", taken.text);
        } else {
            taken.refused(403, "scope_exceeds_grant");
        }
        let body = json!({"scopes": ["Taskurai.Task.Read"]});
        authority.patch(&alice.session, &path, body).await.expect(200);
    }
}

async fn no_credential_of_a_removed_api_lives_on_when_it_comes_back(authority: Authority) {
    let admin = authority.admin().await;
    let (name, namespace) = (crate::support::fresh("zap"), crate::support::fresh("Zap"));
    let path = format!("/api/v1/apis/{name}");
    let declared = crate::support::sample::api(&name, &namespace);
    authority.put(&admin, &path, declared.clone()).await.expect(201);
    let credential = format!("{path}/credential");
    let asked = async {
        futures_util::future::join_all((0..6).map(|_| authority.post(&admin, &credential, Value::Null))).await
    };
    let (answers, removed) = tokio::join!(asked, authority.delete(&admin, &path));
    removed.expect(204);
    authority.put(&admin, &path, declared).await;
    for answer in answers.iter().filter(|answer| answer.status == 201) {
        authority.get(&answer.secret(), "/api/v1/tokens/self").await.expect(401);
    }
}

pub(super) async fn revoking_again_writes_nothing(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    let rows = async || crate::store::audit::rows(&mut authority.sql().await).await.len();
    let before = rows().await;
    for _ in 0..3 {
        authority.revoke(&alice.session, &pat.id).await.expect(204);
        let form = [("token", pat.secret.as_str())];
        let request = authority.request(reqwest::Method::POST, "/oauth2/revoke").form(&form);
        crate::support::answer::Answer::to(request).await.expect(200);
    }
    assert_eq!(rows().await, before);
}

on_both! {
    shared:
        a_session_that_ended_while_its_request_was_sent_makes_nothing,
        nobody_signs_in_with_a_password_that_was_replaced_meanwhile,
        a_narrow_token_never_gets_the_secret_of_one_that_is_widened_meanwhile,
        no_credential_of_a_removed_api_lives_on_when_it_comes_back;
}

mod alone {
    use super::revoking_again_writes_nothing;

    on_both! {
        alone: revoking_again_writes_nothing;
    }
}
