//! Who is answered: peers that the settings name, and whoever shows the API's own credential.

use std::net::IpAddr;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{GATEWAY, guarded};
use crate::support::Authority;
use crate::support::answer::Answer;

on_both! {
    alone:
        a_trusted_peer_needs_no_credential_and_says_where_the_client_is;
    shared:
        attack_19_whoever_is_no_gateway_gets_no_answer_about_any_token,
        attack_19_only_the_credential_of_that_very_api_makes_a_gateway,
        attack_19_what_is_wanted_is_said_once;
}

fn wanting(request: RequestBuilder) -> RequestBuilder {
    request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/tasks")
}

/// Without settings nobody is trusted, and so the fields that speak for others are worth nothing.
async fn attack_19_whoever_is_no_gateway_gets_no_answer_about_any_token(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let good = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let ask = || authority.request(Method::GET, &guarded.path());
    let first = Answer::to(ask()).await.refused(403, "not_honoured_here");
    assert_eq!(first.header("www-authenticate"), "");
    for question in [
        wanting(ask()),
        wanting(ask()).bearer_auth(&good),
        wanting(ask()).bearer_auth("garbage"),
        wanting(ask()).basic_auth("x", Some(&good)),
        wanting(ask()).bearer_auth(&good).header("x-forwarded-for", "127.0.0.1"),
        wanting(ask()).bearer_auth(&good).header("forwarded", "for=127.0.0.1"),
        wanting(ask()).bearer_auth(&good).header("x-real-ip", "127.0.0.1"),
        wanting(ask()).bearer_auth(&guarded.credential),
        wanting(authority.request(Method::POST, "/forward-auth/nothing")).bearer_auth(&good),
        wanting(authority.request(Method::GET, "/forward-auth/jeton")).bearer_auth(&good),
    ] {
        let answer = Answer::to(question).await.refused(403, "not_honoured_here");
        assert_eq!(answer.without_request_id(), first.without_request_id());
        assert_eq!(answer.steady_headers(), first.steady_headers());
    }
}

async fn attack_19_only_the_credential_of_that_very_api_makes_a_gateway(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let good = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let (admin, other) = (authority.admin().await, authority.api().await);
    let dead = authority.credential(&guarded.name).await;
    authority.delete(&dead, "/api/v1/tokens/self").await.expect(204);
    let ask = |gateway: String| {
        let request = authority.request(Method::GET, &guarded.path()).bearer_auth(&good);
        wanting(request).header(GATEWAY, gateway)
    };
    let bearer = |text: &str| format!("Bearer {text}");
    for no_gateway in [&good, &session, &admin, &other, &dead, "garbage", ""] {
        Answer::to(ask(bearer(no_gateway))).await.refused(403, "not_honoured_here");
    }
    let right = bearer(&guarded.credential);
    Answer::to(ask(right.clone()).header(GATEWAY, right.clone())).await.refused(403, "not_honoured_here");
    Answer::to(ask(guarded.credential.clone())).await.refused(403, "not_honoured_here");
    Answer::to(ask(right.clone())).await.expect(200);
    let elsewhere = wanting(authority.request(Method::GET, "/forward-auth/taskurai")).bearer_auth(&good);
    Answer::to(elsewhere.header(GATEWAY, right)).await.refused(403, "not_honoured_here");
}

async fn attack_19_what_is_wanted_is_said_once(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let (method, uri) = ("x-forwarded-method", "x-forwarded-uri");
    for fields in [
        vec![],
        vec![(method, "GET")],
        vec![(uri, "/tasks")],
        vec![(method, "GET"), (method, "GET"), (uri, "/tasks")],
        vec![(method, "GET"), (uri, "/tasks"), (uri, "/tasks")],
        vec![(method, "GET"), (uri, "/admin"), (uri, "/public")],
        vec![(method, "GET, GET"), (uri, "/tasks")],
        vec![(method, "GET"), (uri, "/tasks, /admin")],
        vec![(method, ""), (uri, "/tasks")],
        vec![(method, "GET"), (uri, "")],
        vec![(method, "GET"), ("x_forwarded_uri", "/tasks")],
        vec![(method, "GET"), ("x-original-uri", "/tasks")],
        vec![("x-original-method", "GET"), (uri, "/tasks")],
        vec![("x-http-method-override", "GET"), (uri, "/tasks")],
    ] {
        let question = authority.request(Method::GET, &guarded.path()).bearer_auth(&token);
        let question = question.header(GATEWAY, format!("Bearer {}", guarded.credential));
        let question = fields.iter().fold(question, |question, (name, value)| question.header(*name, *value));
        assert_eq!(
            Answer::to(question).await.refused(403, "malformed").header("www-authenticate"),
            "",
            "{fields:?}"
        );
    }
    // What others say of the same call is not listened to.
    let question = guarded.question(&authority, "GET", "/tasks").bearer_auth(&token);
    let question = question.header("x-forwarded-host", "admin").header("x-original-uri", "/admin");
    Answer::to(question.header("x-http-method-override", "DELETE")).await.expect(200);
}

async fn a_trusted_peer_needs_no_credential_and_says_where_the_client_is(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["Task.*"], json!({})).await.secret;
    let limits = json!({"networks": ["203.0.113.0/24"]});
    let near = guarded.pat(&authority, &session, &["Task.*"], limits).await.secret;
    let networks = ["127.0.0.1/32", "192.0.2.0/24"].map(|network| network.parse().unwrap());
    let authority = authority.restarted(|settings| settings.trusted_proxies = networks.to_vec()).await;
    let ask = |path: &str, token: &str| wanting(authority.request(Method::GET, path)).bearer_auth(token);
    let path = guarded.path();
    Answer::to(ask(&path, &token)).await.expect(200);
    Answer::to(ask(&path.to_uppercase().replace("/FORWARD-AUTH", "/forward-auth"), &token)).await.expect(200);
    Answer::to(ask("/forward-auth/nothing", &token)).await.refused(403, "not_found");
    Answer::to(ask("/forward-auth/no%20name", &token)).await.refused(403, "not_found");
    Answer::to(ask("/forward-auth/a/b", &token)).await.expect(403);
    // The client may write a credential of a gateway, and it does nothing.
    Answer::to(ask(&path, &token).header(GATEWAY, "Bearer x")).await.expect(200);
    for (hops, status) in [
        ("203.0.113.9", 200),
        ("203.0.113.9, 192.0.2.7", 200),
        ("198.51.100.1, 203.0.113.9, 192.0.2.7", 200),
        ("203.0.113.9, 198.51.100.1, 192.0.2.7", 403),
        ("192.0.2.7", 403),
        ("", 403),
    ] {
        let answer = Answer::to(ask(&path, &near).header("x-forwarded-for", hops)).await;
        assert_eq!(answer.status, status, "{hops}: {}", answer.text);
    }
    Answer::to(ask(&path, &near)).await.refused(403, "insufficient_scope");
    // Trust is by address: a neighbour of the gateway is nobody.
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let neighbour = client.local_address(IpAddr::from([127, 0, 0, 2])).build().unwrap();
    let request = wanting(neighbour.get(authority.url(&path))).bearer_auth(&token);
    Answer::to(request.header("x-forwarded-for", "127.0.0.1")).await.refused(403, "not_honoured_here");
}
