//! Answering from memory, as far as an authority that is played can show it. What has to do with the order of changes is
//! tested against a real one.

use std::time::Duration;

use jeton_verify::{Ask, Client, Decision, Unavailable};
use serde_json::{Value, json};

use crate::authority::{Authority, Question, Reply, allowed};
use crate::tokens::{client_of, credential, personal};

const NAME: &str = "00000000000000aa";

fn leased_client(authority: &Authority) -> Client {
    client_of(&authority.base).timeout(Duration::from_secs(20)).under_lease().build().unwrap()
}

/// An answer that may be kept.
fn to_keep(keep: Value) -> Reply {
    let mut answer = allowed();
    answer["keep"] = keep;
    Reply::Json(200, answer)
}

fn good_keep() -> Value {
    json!({"for_ms": 60_000, "names": [NAME], "any_client": true, "receipt": "proof"})
}

/// An answer to a watch with a long lease.
fn news(more: &Value) -> Reply {
    let mut answer =
        json!({"verifier": "v", "position": 7, "everything": true, "changed": [], "lease_ms": 60_000});
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Reply::Json(200, answer)
}

async fn verify(client: &Client) -> Result<bool, Unavailable> {
    let decision = client.verify(Ask::about(&personal().text)).await?;
    Ok(matches!(decision, Decision::Allowed(_)))
}

async fn leased(client: &Client) {
    while !client.holds_lease() {
        assert_eq!(verify(client).await, Ok(true));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until the authority was asked what has changed so often, and gives all questions of the other kind.
async fn watched(authority: &Authority, times: usize) -> (Vec<Question>, Vec<Question>) {
    let (mut watches, mut others) = (vec![], vec![]);
    while watches.len() < times {
        let (watch, other): (Vec<_>, Vec<_>) =
            authority.questions().into_iter().partition(|question| question.path.ends_with("/watch"));
        watches.extend(watch);
        others.extend(other);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (watches, others)
}

/// Waits until nothing is asked any more.
async fn quiet(authority: &Authority) {
    authority.questions();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if authority.questions().is_empty() {
            return;
        }
    }
}

#[tokio::test]
async fn without_a_word_about_a_lease_every_question_is_asked_and_nothing_else() {
    let authority = Authority::that_says(to_keep(good_keep())).await;
    authority.tells(news(&json!({})));
    let client = authority.client();
    for _ in 0..3 {
        assert_eq!(verify(&client).await, Ok(true));
    }
    assert!(!client.holds_lease());
    let questions = authority.questions();
    assert_eq!(questions.len(), 3);
    assert!(
        questions.iter().all(|question| question.path == "/api/v1/verify" && question.body["keep"].is_null())
    );
}

#[tokio::test]
async fn under_a_lease_the_same_question_is_asked_once() {
    let authority = Authority::that_says(to_keep(good_keep())).await;
    authority.tells(news(&json!({})));
    let client = leased_client(&authority);
    leased(&client).await;
    // From here on nothing changes, and a watch is held.
    authority.tells(Reply::Silence);
    quiet(&authority).await;
    assert_eq!(verify(&client).await, Ok(true));
    authority.now_says(Reply::Json(200, json!({"allowed": false})));
    for _ in 0..3 {
        assert_eq!(verify(&client).await, Ok(true));
    }
    assert_eq!(verify(&client.clone()).await, Ok(true), "clones share it");
    // Another question is another one.
    let scope = "Taskurai.Task.Read".parse().unwrap();
    let denied = client.verify(Ask::about(&personal().text).scope(&scope)).await;
    assert!(matches!(denied, Ok(Decision::Denied(_))));
    // And whoever was denied once is asked about again.
    assert_eq!(verify(&client).await, Ok(false));
    let garbage = client.verify(Ask::about("garbage")).await;
    assert!(matches!(garbage, Ok(Decision::Denied(_))));
}

#[tokio::test]
async fn the_watch_goes_on_from_its_last_answer_with_the_apis_own_credential_and_tells_uses() {
    let authority = Authority::that_says(to_keep(good_keep())).await;
    authority.tells(news(&json!({})));
    let client = leased_client(&authority);
    leased(&client).await;
    authority.tells(news(&json!({"everything": false})));
    let bearer = format!("Bearer {}", credential().text);
    let id = personal().id.to_string();
    loop {
        assert_eq!(verify(&client).await, Ok(true));
        let (watches, _) = watched(&authority, 3).await;
        assert!(watches.iter().all(|watch| watch.headers["authorization"] == bearer));
        let last = watches.last().unwrap();
        assert_eq!((&last.body["verifier"], &last.body["applied"]), (&json!("v"), &json!(7)));
        let uses = watches.iter().flat_map(|watch| watch.body["uses"].as_array().into_iter().flatten());
        let told: Vec<_> = uses.cloned().collect();
        if let [told] = told.as_slice() {
            assert_eq!(told, &json!({"token_id": id, "receipt": "proof", "count": 1}));
            break;
        }
    }
}

#[tokio::test]
async fn what_changes_is_asked_about_again() {
    let authority = Authority::that_says(to_keep(good_keep())).await;
    authority.tells(news(&json!({})));
    let client = leased_client(&authority);
    for changed in [
        json!({"everything": false, "changed": [NAME], "position": 8}),
        json!({"everything": true, "position": 8}),
    ] {
        authority.now_says(to_keep(good_keep()));
        authority.tells(news(&json!({})));
        leased(&client).await;
        assert_eq!(verify(&client).await, Ok(true));
        authority.now_says(Reply::Json(200, json!({"allowed": false, "reason": "revoked"})));
        authority.tells(news(&changed));
        watched(&authority, 3).await;
        assert_eq!(verify(&client).await, Ok(false));
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_ends_the_lease() {
    for odd in [
        news(&json!({"everything": false, "changed": ["x"]})),
        news(&json!({"everything": false, "changed": [], "position": 6})),
        news(&json!({"everything": false, "verifier": "somebody else"})),
        Reply::Text(200, "<html>".to_owned()),
        Reply::Text(401, String::new()),
        Reply::Text(403, String::new()),
        Reply::Text(404, String::new()),
        Reply::Text(409, String::new()),
        Reply::Text(429, String::new()),
    ] {
        let authority = Authority::that_says(to_keep(good_keep())).await;
        authority.tells(news(&json!({})));
        let client = leased_client(&authority);
        leased(&client).await;
        authority.tells(odd);
        while client.holds_lease() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        authority.now_says(Reply::Json(200, json!({"allowed": false})));
        assert_eq!(verify(&client).await, Ok(false));
    }
}

#[tokio::test]
async fn what_may_not_be_kept_or_is_over_is_asked_about_each_time() {
    for keep in [
        json!(null),
        json!({"for_ms": 0, "names": [NAME], "any_client": true, "receipt": ""}),
        json!({"for_ms": 60_000, "names": [], "any_client": true, "receipt": ""}),
        json!({"for_ms": 60_000, "names": ["alice"], "any_client": true, "receipt": ""}),
    ] {
        let authority = Authority::that_says(to_keep(keep.clone())).await;
        authority.tells(news(&json!({})));
        let client = leased_client(&authority);
        leased(&client).await;
        assert_eq!(verify(&client).await, Ok(true));
        authority.now_says(Reply::Json(200, json!({"allowed": false})));
        assert_eq!(verify(&client).await, Ok(false), "{keep}");
    }
}

#[tokio::test]
async fn an_authority_that_grants_no_lease_is_asked_each_time_and_not_bothered_again() {
    let authority = Authority::that_says(to_keep(good_keep())).await;
    let client = leased_client(&authority);
    for _ in 0..3 {
        assert_eq!(verify(&client).await, Ok(true));
    }
    let (watches, others) = watched(&authority, 1).await;
    assert_eq!((watches.len(), others.len()), (1, 3));
    assert!(others.iter().all(|question| question.body["keep"].is_null()), "it may not know that word");
    drop(client);
}

#[tokio::test]
async fn the_watch_ends_with_the_last_client() {
    let authority = Authority::that_says(to_keep(good_keep())).await;
    authority.tells(news(&json!({})));
    let client = leased_client(&authority);
    let clone = client.clone();
    leased(&client).await;
    drop(client);
    watched(&authority, 3).await;
    drop(clone);
    quiet(&authority).await;
}
