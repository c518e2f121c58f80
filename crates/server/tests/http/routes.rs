//! What holds for every address: the golden table, credentials, problems and header fields.

use jeton_server::routes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::raw::{head, send, status};
use crate::support::{Authority, BASIC, sample};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api/routes.txt");

#[test]
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn the_route_table_is_the_golden_one() {
    let lines =
        routes().into_iter().map(|route| format!("{} {}  {}\n", route.method, route.path, route.action));
    let table: String = lines.collect();
    if std::env::var("JETON_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::write(GOLDEN, table).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert_eq!(
        table, golden,
        "api/routes.txt is a promise: when the change is meant, run `cargo xtask golden`"
    );
}

#[test]
fn every_address_names_an_action_that_exists_or_says_in_words_what_it_wants() {
    let source = include_str!("../../src/authority/access/action.rs");
    for route in routes() {
        let (word, is_action) = match route.action.split_once(", or ") {
            Some((word, _)) => (word, true),
            None => (route.action, !route.action.contains(' ')),
        };
        let exists = source.contains(&format!("= \"{word}\","));
        let in_words = ["any caller", "any right", "an API's own credential", "open:"]
            .iter()
            .any(|known| word.starts_with(known));
        let is_known = if is_action { exists || word == "self" } else { in_words };
        assert!(is_known, "{} {}: `{}`", route.method, route.path, route.action);
    }
}

#[tokio::test]
async fn attack_39_every_address_but_the_open_ones_wants_a_credential() {
    let authority = Authority::shared_sqlite();
    let id = sample::id_of(&authority.admin().await).to_owned();
    for route in routes() {
        let request = || sample::request(&authority, &route, &id, "somebody");
        let line = format!("{} {}", route.method, route.path);
        let without = Answer::to(request()).await;
        if route.action.starts_with("open:") {
            assert_ne!(without.code(), "invalid_token", "{line}");
            continue;
        }
        assert_eq!(without.status, 401, "{line}: {}", without.text);
        assert_eq!(without.challenges(), challenges("Bearer", route.path), "{line}");
        assert_eq!(without.code(), "invalid_token", "{line}");
        let wrong = sample::text_with(jeton_token::TokenKind::Session, &id);
        for wrong in ["garbage", &wrong] {
            let answer = Answer::to(request().bearer_auth(wrong)).await;
            assert_eq!(answer.status, 401, "{line}: {}", answer.text);
            let expected = challenges("Bearer error=\"invalid_token\"", route.path);
            assert_eq!(answer.challenges(), expected, "{line}");
        }
    }
}

#[tokio::test]
async fn attack_39_only_the_listed_addresses_are_open() {
    let open: Vec<_> = routes().into_iter().filter(|route| route.action.starts_with("open:")).collect();
    let open: Vec<_> = open.iter().map(|route| (route.method, route.path)).collect();
    let expected = [
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/assets/docs.css"),
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/assets/page.css"),
        ("GET", "/sign-in"),
        ("POST", "/sign-in"),
        ("GET", "/sign-in/{provider}"),
        ("GET", "/sign-in/{provider}/callback"),
        ("POST", "/sign-out"),
        ("GET", "/device"),
        ("POST", "/device"),
        ("GET", "/oauth2/authorize"),
        ("POST", "/oauth2/authorize"),
        ("POST", "/oauth2/device_authorization"),
        ("ANY", "/forward-auth/{api}"),
        ("POST", "/oauth2/revoke"),
        ("POST", "/oauth2/token"),
        ("POST", "/api/v1/sessions"),
        ("GET", "/compat/determined/info"),
        ("GET", "/compat/determined/api/v1/master"),
        ("POST", "/compat/determined/api/v1/auth/login"),
    ];
    assert_eq!(open, expected, "contract.md, `Without a credential, and nothing else`");
}

#[tokio::test]
async fn an_unknown_address_is_a_problem() {
    let authority = Authority::shared_sqlite();
    let admin = authority.admin().await;
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/tokens/",
        "/api/v2/tokens",
        "/healthz/",
        "//healthz",
        "/API/v1/tokens",
        "/api/v1/tokens/x/y",
        "/sys/init",
        "/admin",
        "/oauth2",
        "/oauth2/token/",
        "/.well-known/",
        "/api/v1/tokens/a%2Fb/c",
    ] {
        let answer = Answer::to(authority.request(Method::GET, path)).await.refused(404, "not_found");
        let with = authority.get(&admin, path).await.refused(404, "not_found");
        assert_eq!(answer.without_request_id(), with.without_request_id());
    }
    let rotate = authority.post(&admin, "/api/v1/tokens/self/rotate/elsewhere", json!({})).await;
    rotate.refused(404, "not_found");
}

#[tokio::test]
async fn a_method_that_an_address_does_not_have_is_a_problem_that_names_those_it_has() {
    let authority = Authority::shared_sqlite();
    let admin = authority.admin().await;
    for (method, path, allowed) in [
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::GET, "/oauth2/introspect", "POST"),
        (Method::GET, "/oauth2/token", "POST"),
        (Method::GET, "/api/v1/sessions", "POST"),
        (Method::DELETE, "/api/v1/tokens", "POST,GET,HEAD"),
        (Method::PATCH, "/api/v1/tokens/self", "GET,HEAD,DELETE"),
        (Method::POST, "/api/v1/tokens/other", "GET,HEAD,PATCH,DELETE"),
        (Method::GET, "/api/v1/tokens/revoke", "POST"),
        (Method::GET, "/api/v1/verify", "POST"),
        (Method::POST, "/api/v1/users/admin", "PUT,GET,HEAD,PATCH,DELETE"),
        (Method::OPTIONS, "/api/v1/users", "GET,HEAD"),
        (Method::TRACE, "/api/v1/users", "GET,HEAD"),
    ] {
        let answer = authority.call(&admin, method.clone(), path, Value::Null).await;
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
        let answer = if path.starts_with("/oauth2/") {
            answer.refused_in_oauth(405, "invalid_request")
        } else {
            answer.refused(405, "method_not_allowed")
        };
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn every_answer_has_security_headers_and_a_request_id() {
    let authority = Authority::sqlite().await;
    let admin = authority.admin().await;
    let api = authority.api().await;
    let pat = authority.pat(&admin, &["*"]).await;
    let open = async |method: Method, path: &str| Answer::to(authority.request(method, path)).await;
    let large = json!({"name": "x".repeat(40_000)});
    let text = authority.request(Method::POST, "/api/v1/tokens").bearer_auth(&admin).body("{}");
    let mut answers = vec![
        open(Method::GET, "/healthz").await.expect(200),
        open(Method::HEAD, "/healthz").await.expect(200),
        open(Method::GET, "/readyz").await.expect(200),
        open(Method::GET, "/docs").await.expect(200),
        open(Method::GET, "/openapi.json").await.expect(200),
        open(Method::GET, "/metrics").await.expect(200),
        open(Method::GET, "/.well-known/oauth-authorization-server").await.expect(200),
        authority.introspect_as(&api, "x", &[]).await.expect(200),
        authority.token(&admin, json!({"scopes": ["*"]})).await.expect(201),
        authority.revoke(&admin, &pat.id).await.expect(204),
        authority.post(&admin, "/oauth2/revoke", json!({})).await.expect(400),
        open(Method::GET, "/api/v1/tokens").await.expect(401),
        authority.post(&admin, "/api/v1/verify", json!({"token": "x"})).await.expect(403),
        authority.get(&admin, "/nothing").await.expect(404),
        authority.get(&admin, "/api/v1/users/%ff").await.refused(400, "malformed"),
        authority.post(&admin, "/healthz", json!({})).await.expect(405),
        authority.delete(&admin, "/api/v1/apis/jeton").await.expect(409),
        authority.token(&admin, large).await.expect(413),
        Answer::to(text).await.expect(415),
        authority.token(&admin, json!({})).await.expect(422),
    ];
    authority.clock.break_it();
    answers.push(authority.get(&admin, "/api/v1/tokens").await.refused(500, "internal"));
    authority.store.close().await;
    answers.push(open(Method::GET, "/readyz").await.expect(503));
    for answer in &answers {
        assert_headers(answer);
    }
    let mut ids: Vec<_> = answers.iter().map(|answer| answer.header("x-request-id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), answers.len(), "every request has an id of its own");
}

#[track_caller]
fn assert_headers(answer: &Answer) {
    let status = answer.status;
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{status}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{status}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{status}");
    let id = answer.header("x-request-id");
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{status}: {id}");
    if answer.header("content-type") == "application/problem+json" {
        assert_eq!(answer.body["request_id"], id, "{status}");
        assert_eq!(answer.header("cache-control"), "no-store", "{status}");
        let length = answer.header("content-length");
        assert!(length.is_empty() || length == answer.text.len().to_string(), "{status}");
    }
}

#[tokio::test]
async fn a_problem_has_the_members_of_rfc_9457() {
    let authority = Authority::shared_sqlite();
    let answer = authority.token(&authority.admin().await, json!({"scopes": []})).await.expect(422);
    let expected = json!({
        "type": "urn:jeton:problem:invalid_field",
        "title": answer.body["title"],
        "status": 422,
        "detail": answer.body["detail"],
        "code": "invalid_field",
        "errors": [{"pointer": "/scopes", "code": "invalid_field", "detail": answer.body["detail"]}],
        "request_id": answer.header("x-request-id"),
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn a_request_id_from_outside_is_not_taken_over() {
    let authority = Authority::shared_sqlite();
    let request = authority.request(Method::GET, "/healthz").header("x-request-id", "0123456789abcdef");
    assert_ne!(Answer::to(request).await.header("x-request-id"), "0123456789abcdef");
}

#[tokio::test]
async fn an_idempotency_key_is_refused_where_nobody_calls_and_nothing_is_done() {
    let authority = Authority::shared_sqlite();
    let id = authority.pat(&authority.admin().await, &["*"]).await.id;
    let is_open = |route: &&jeton_server::RouteEntry| route.action.starts_with("open:");
    for route in
        routes().iter().filter(|route| !matches!(route.method, "GET" | "OPTIONS" | "ANY")).filter(is_open)
    {
        let request = sample::request(&authority, route, &id, "somebody");
        let answer = Answer::to(request.header("idempotency-key", "k".repeat(22))).await;
        if route.path.starts_with("/oauth2/") && route.path != "/oauth2/authorize" {
            let answer = answer.refused_in_oauth(400, "invalid_request");
            assert_eq!(answer.code(), "idempotency_key_unsupported");
            continue;
        }
        assert_eq!(answer.body["errors"][0]["pointer"], "Idempotency-Key", "{} {}", route.method, route.path);
        // Wires of other products may have no 422.
        let status = if route.path.starts_with("/compat/") { 400 } else { 422 };
        answer.refused(status, "idempotency_key_unsupported");
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_on_every_other_mutation() {
    let authority = Authority::shared_sqlite();
    let admin = authority.admin().await;
    let id = authority.pat(&admin, &["*"]).await.id;
    let before = authority.record(&admin, &id).await;
    for route in routes().iter().filter(|route| !matches!(route.method, "GET" | "OPTIONS" | "ANY")) {
        if route.action.starts_with("open:") {
            continue;
        }
        let request = sample::request(&authority, route, &id, "somebody").bearer_auth(&admin);
        let answer = Answer::to(request.header("idempotency-key", "two words")).await;
        assert_eq!(answer.code(), "invalid_field", "{} {}: {}", route.method, route.path, answer.text);
    }
    assert_eq!(authority.record(&admin, &id).await, before);
    authority.get(&admin, "/api/v1/users/somebody").await.refused(404, "not_found");
    let read = authority.request(Method::GET, "/api/v1/tokens/self").bearer_auth(&admin);
    Answer::to(read.header("idempotency-key", "two words")).await.expect(200);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_connection_closed() {
    let authority = Authority::shared_sqlite();
    let many: Vec<String> = (0..100).map(|at| format!("x-{at}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = format!("x: {}", "y".repeat(64 * 1024));
    for (bytes, expected) in [
        ("GARBAGE\r\n\r\n".to_owned(), ["400"].as_slice()),
        ("GET /healthz HTTP/9.9\r\n\r\n".to_owned(), &["400", "505"]),
        (head("GET /healthz", &["bad header: x"]), &["400"]),
        (head("GET /healthz", &many), &["431"]),
        (head("GET /healthz", &[&long]), &["431"]),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &["400", ""]),
    ] {
        let answer = send(&authority, &bytes).await;
        assert!(expected.contains(&status(&answer)), "{answer}");
    }
    assert_eq!(status(&send(&authority, &head("GET /healthz", &[])).await), "200");
}

/// One challenge for each scheme that every endpoint takes. An OAuth library looks for Basic.
fn challenges<'a>(bearer: &'a str, path: &str) -> [&'a str; 2] {
    match path {
        _ if path.starts_with("/compat/azure-devops/") => [bearer, "Basic realm=\"Jeton\""],
        _ if path.starts_with("/oauth2/") => [BASIC, bearer],
        _ => [bearer, BASIC],
    }
}
