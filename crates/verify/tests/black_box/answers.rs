//! What the client asks, and what it makes of answers.

use jeton_token::{Inactive, PolicyRule, TokenKind};
use jeton_verify::{Ask, Decision, Denied, PrincipalKind, Reason, Scope, Subject, Unavailable};
use serde_json::{Value, json};

use crate::authority::{Authority, Reply, allowed, record};
use crate::tokens::{assert_shows_no_secret, credential, minted, personal};

fn scope() -> Scope {
    "Taskurai.Task.Read".parse().unwrap()
}

async fn asked(reply: Value) -> Result<Decision, Unavailable> {
    let authority = Authority::that_says(Reply::Json(200, reply)).await;
    authority.client().verify(Ask::about(&personal().text).scope(&scope())).await
}

#[tokio::test]
async fn a_question_carries_everything_that_was_said() {
    let authority = Authority::that_allows().await;
    let token = personal();
    let scope = scope();
    let address = "203.0.113.9".parse().unwrap();
    let ask = Ask::about(&token.text).scope(&scope).resource("default/web").client_ip(address);
    authority.client().verify(ask).await.unwrap();
    let [question] = authority.questions().try_into().ok().unwrap();
    assert_eq!(question.path, "/api/v1/verify");
    assert_eq!(question.headers["authorization"], format!("Bearer {}", credential().text));
    let expected = json!({
        "token": token.text, "scope": "Taskurai.Task.Read", "resource": "default/web", "client_ip": "203.0.113.9"
    });
    assert_eq!(question.body, expected);
}

#[tokio::test]
async fn what_was_not_said_is_not_sent() {
    let authority = Authority::that_allows().await;
    let token = personal();
    authority.client().verify(Ask::about(&token.text)).await.unwrap();
    assert_eq!(authority.questions()[0].body, json!({ "token": token.text }));
}

#[tokio::test]
async fn an_allowed_answer_names_the_caller() {
    let Ok(Decision::Allowed(caller)) = asked(allowed()).await else { panic!("not allowed") };
    assert_eq!(
        caller.subject,
        Subject {
            kind: PrincipalKind::User,
            id: "0322SbK0OGq5g2jkoFDl1U".parse().unwrap(),
            name: "alice".into()
        }
    );
    assert_eq!(caller.subject.to_string(), "user alice");
    assert_eq!(caller.token_id, personal().id);
    assert_eq!(caller.token_kind, TokenKind::Personal);
    assert_eq!(&*caller.token_name, "nightly");
    assert_eq!(caller.expires_at.unwrap().to_string(), "2031-02-03T04:05:06Z");
    assert!(caller.holds(&scope()));
    assert!(!caller.holds(&"Taskurai.Task.Delete".parse().unwrap()));
}

#[tokio::test]
async fn every_reason_is_understood() {
    let words = [
        "altered",
        "revoked",
        "expired",
        "suspended",
        "parent_inactive",
        "kind_not_honoured",
        "nothing_effective",
        "resource_required",
        "place_not_allowed",
        "client_ip_required",
        "network_not_allowed",
    ];
    for word in words {
        let Ok(Decision::Denied(denied)) = asked(json!({ "allowed": false, "reason": word })).await else {
            panic!("{word} does not deny")
        };
        assert_eq!(denied.reason.word(), Some(word));
        assert_eq!(denied.missing_scope, None);
    }
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let reply =
        json!({ "allowed": false, "reason": "missing_scope", "missing_scope": "Taskurai.Log.Query.Read" });
    let missing_scope = Some("Taskurai.Log.Query.Read".parse().unwrap());
    let expected = Decision::Denied(Denied { reason: Reason::MissingScope, missing_scope });
    assert_eq!(asked(reply).await, Ok(expected));
}

#[tokio::test]
async fn a_missing_scope_that_is_not_named_is_the_one_that_was_asked_for() {
    let expected = Decision::Denied(Denied { reason: Reason::MissingScope, missing_scope: Some(scope()) });
    assert_eq!(asked(json!({ "allowed": false, "reason": "missing_scope" })).await, Ok(expected));
}

#[tokio::test]
async fn a_refusal_needs_no_reason_that_we_know() {
    let denied = |reason| Ok(Decision::Denied(Denied { reason, missing_scope: None }));
    assert_eq!(asked(json!({ "allowed": false })).await, denied(Reason::Unknown));
    assert_eq!(asked(json!({ "allowed": false, "reason": "of_tomorrow" })).await, denied(Reason::Other));
    assert!(!Reason::Unknown.token_is_live());
    assert!(!Reason::Other.token_is_live());
}

#[tokio::test]
async fn every_reason_that_the_rules_give_is_known() {
    use PolicyRule::{Creators, Lifetime, NeverExpires, SignIn, Unused};
    let rules = [Lifetime, NeverExpires, Creators, SignIn, Unused];
    let reasons = [
        Inactive::Altered,
        Inactive::Revoked,
        Inactive::Expired,
        Inactive::Suspended,
        Inactive::ParentInactive,
        Inactive::KindNotHonoured,
        Inactive::ClientIpRequired,
        Inactive::NetworkNotAllowed,
        Inactive::ResourceRequired,
        Inactive::PlaceNotAllowed,
        Inactive::MissingScope(scope()),
        Inactive::NothingEffective,
        Inactive::Pending,
        Inactive::ApprovalRequired(scope()),
    ];
    for reason in reasons.into_iter().chain(rules.map(Inactive::Policy)) {
        match asked(json!({ "allowed": false, "reason": reason.word() })).await {
            Ok(Decision::Denied(denied)) => assert_eq!(denied.reason.word(), Some(reason.word())),
            other => panic!("{reason:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_token_is_denied_without_asking() {
    let authority = Authority::that_allows().await;
    let client = authority.client();
    let mistyped = personal().text.replace("pat", "svc");
    let far_too_long = "x".repeat(100_000);
    for text in ["", "secret", "jtn_pat_x_y", "eyJhbGciOiJIUzI1NiJ9.e30.x", &mistyped, &far_too_long] {
        let expected = Decision::Denied(Denied { reason: Reason::Unknown, missing_scope: None });
        assert_eq!(client.verify(Ask::about(text)).await, Ok(expected));
    }
    assert_eq!(authority.questions().len(), 0);
}

#[tokio::test]
async fn sessions_and_api_credentials_are_denied_without_asking() {
    let authority = Authority::that_allows().await;
    for kind in [TokenKind::Session, TokenKind::Api] {
        let token = minted(kind, 3);
        let decision = authority.client().verify(Ask::about(&token.text)).await;
        let expected = Decision::Denied(Denied { reason: Reason::KindNotHonoured, missing_scope: None });
        assert_eq!(decision, Ok(expected));
    }
    assert_eq!(authority.questions().len(), 0);
}

#[tokio::test]
async fn an_answer_that_is_not_understood_allows_nothing() {
    let changed = |change: fn(&mut Value)| {
        let mut answer = allowed();
        change(&mut answer);
        answer
    };
    let answers = [
        json!({}),
        json!([]),
        json!("allowed"),
        json!({ "allowed": "true" }),
        json!({ "allowed": true }),
        json!({ "allowed": false, "reason": "missing_scope", "missing_scope": "no scope\"" }),
        changed(|answer| answer["allowed"] = json!(1)),
        changed(|answer| answer["reason"] = json!("revoked")),
        changed(|answer| answer["token"] = json!(null)),
        changed(|answer| {
            answer["token"] = record(&minted(TokenKind::Personal, 9).id.to_string(), "personal");
        }),
        changed(|answer| answer["token"] = record(&personal().id.to_string(), "service")),
        changed(|answer| answer["subject"] = json!(null)),
        changed(|answer| answer["subject"]["type"] = json!("ghost")),
        changed(|answer| answer["subject"]["id"] = json!("nobody")),
        changed(|answer| answer["scopes"] = json!(null)),
        changed(|answer| answer["scopes"] = json!(["Taskurai.Task.*"])),
        changed(|answer| answer["scopes"] = json!([])),
        changed(|answer| answer["scopes"] = json!(["Taskurai.Task.Logs.Read"])),
        changed(|answer| answer["expires_at"] = json!("soon")),
    ];
    for answer in answers {
        let shown = answer.to_string();
        assert!(matches!(asked(answer).await, Err(Unavailable::Malformed(_))), "{shown}");
    }
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_secret() {
    let authority = Authority::that_allows().await;
    let client = authority.client();
    let token = personal();
    let ask = Ask::about(&token.text).resource("default/web");
    let decision = client.verify(ask).await.unwrap();
    let builder = crate::tokens::client_of(&authority.base);
    assert_shows_no_secret(&format!("{client:?} {client:#?} {builder:?} {ask:?} {decision:?}"));
}
