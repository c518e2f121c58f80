//! Who is let through, in header fields.

use serde_json::{Value, json};

use super::{GATEWAY, guarded};
use crate::support::answer::Answer;
use crate::support::{Authority, fresh};

on_both! {
    shared:
        all_fields_are_there_and_say_who_it_is,
        a_place_is_named_as_it_is_called,
        a_service_account_is_told_from_a_person,
        scopes_take_four_kibibytes_at_most;
}

/// All that a gateway is told.
pub(super) const FIELDS: [&str; 10] = [
    "x-jeton-subject",
    "x-jeton-subject-type",
    "x-jeton-token-id",
    "x-jeton-token-kind",
    "x-jeton-scopes",
    "x-jeton-organization",
    "x-jeton-project",
    "x-jeton-job",
    "x-jeton-expires-at",
    "x-jeton-would",
];

/// The fields of an answer; each has to be there once.
fn told(answer: &Answer) -> Value {
    let mut told = json!({});
    for name in FIELDS {
        let values: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name}");
        told[name.trim_start_matches("x-jeton-")] = json!(values[0].to_str().unwrap());
    }
    let others = answer.headers.keys().filter(|name| name.as_str().starts_with("x-jeton-"));
    assert_eq!(others.count(), FIELDS.len());
    told
}

async fn all_fields_are_there_and_say_who_it_is(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let pat = guarded.pat(&authority, &session, &["Task.*"], json!({})).await;
    let verified = json!({"token": pat.secret, "scope": guarded.scope("Task.Read")});
    let verified = authority.post(&guarded.credential, "/api/v1/verify", verified).await.expect(200).body;
    let answer = guarded.ask(&authority, &pat.secret, "GET", "/tasks").await.expect(200);
    let expected = json!({
        "subject": verified["subject"]["id"],
        "subject-type": "user",
        "token-id": pat.id,
        "token-kind": "personal",
        "scopes": format!("{} {}", guarded.scope("Task.Read"), guarded.scope("Task.Create")),
        "organization": guarded.organization,
        "project": "",
        "job": "",
        "expires-at": verified["expires_at"],
        "would": "",
    });
    assert_eq!(told(&answer), expected);
    let never = guarded.pat(&authority, &session, &["Task.Read"], json!({"never_expires": true})).await;
    let answer = guarded.ask(&authority, &never.secret, "GET", "/tasks").await.expect(200);
    assert_eq!(told(&answer)["expires-at"], "");
}

async fn a_place_is_named_as_it_is_called(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let place = format!("/{}/{}", guarded.organization, guarded.project);
    for spelt in [place.clone(), place.to_ascii_lowercase(), place.to_ascii_uppercase()] {
        let answer = guarded.ask(&authority, &token, "GET", &format!("{spelt}/logs")).await.expect(200);
        let told = told(&answer);
        assert_eq!(told["organization"], guarded.organization, "{spelt}");
        assert_eq!(told["project"], guarded.project, "{spelt}");
    }
}

async fn a_service_account_is_told_from_a_person(authority: Authority) {
    let guarded = guarded(&authority).await;
    let account = authority.account("robot", &guarded.organization).await;
    let subject = crate::support::rights::subject("service_account", &account);
    authority.bind("ApiUser", subject, &format!("{}/*", guarded.organization)).await;
    let token = authority.service_token(&account, &[&guarded.scope("Task.Read")]).await.secret;
    let told = told(&guarded.ask(&authority, &token, "GET", "/tasks").await.expect(200));
    assert_eq!((&told["subject-type"], &told["token-kind"]), (&json!("service_account"), &json!("service")));
}

async fn scopes_take_four_kibibytes_at_most(authority: Authority) {
    let (admin, name, namespace) = (authority.admin().await, fresh("many"), fresh("Many"));
    let scope = |number: usize| format!("{namespace}.{}.S{number:03}", "x".repeat(50));
    let scopes: Vec<_> = (0..200).map(|number| json!({"name": scope(number), "description": ""})).collect();
    // The last one is what the call needs.
    let routes = json!([{"method": "GET", "path": "/", "scope": scope(199)}]);
    let body = json!({"title": name, "namespace": namespace, "audience": "https://many.example", "scopes": scopes, "routes": routes});
    authority.put(&admin, &format!("/api/v1/apis/{name}"), body).await.expect(201);
    let credential = authority.credential(&name).await;
    let token = authority.pat(&admin, &["*"]).await.secret;
    let question =
        authority.request(reqwest::Method::GET, &format!("/forward-auth/{name}")).bearer_auth(&token);
    let question = question.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/");
    let answer = Answer::to(question.header(GATEWAY, format!("Bearer {credential}"))).await.expect(200);
    let told = told(&answer)["scopes"].as_str().unwrap().to_owned();
    assert!((4096 - 65..=4096).contains(&told.len()), "{}", told.len());
    let words: Vec<_> = told.split(' ').collect();
    assert_eq!(words[0], scope(199));
    assert_eq!(words[1..], (0..words.len() - 1).map(scope).collect::<Vec<_>>());
}
