//! A store that does not answer is 503 at every door that needs it: never `bad token`, never `allowed`. What a verdict
//! rests on is remembered where this process is the only one (`memory/warm.rs`).

use jeton_server::routes;
use reqwest::Method;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::{Authority, PASSWORD, sample};

on_both! {
    alone:
        every_door_that_needs_the_store_says_that_it_cannot_know,
        the_server_is_alive_but_not_ready;
}

/// Addresses that answer without the store.
const WITHOUT_STORE: [&str; 9] = [
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/assets/docs.css",
    "/.well-known/oauth-authorization-server",
    "/assets/page.css",
    "/compat/determined/info",
    "/compat/determined/api/v1/master",
];

/// Pages, which answer as pages (`pages/sign_in.rs`), what keeps its state in the process (`pages/device.rs`), and
/// what answers gateways (`forward_auth/verdicts.rs`).
const OTHERWISE: [&str; 9] = [
    "/sign-in",
    "/sign-in/{provider}",
    "/sign-in/{provider}/callback",
    "/sign-out",
    "/device",
    "/oauth2/authorize",
    "/oauth2/device_authorization",
    "/oauth2/token",
    "/forward-auth/{api}",
];

async fn every_door_that_needs_the_store_says_that_it_cannot_know(authority: Authority) {
    let (admin, api) = (authority.admin().await, authority.api().await);
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let dead = authority.pat(&alice.session, &["*"]).await;
    authority.revoke(&alice.session, &dead.id).await.expect(204);
    // What is remembered needs no store (`memory/warm.rs`); a server that has just started remembers nothing.
    let authority = authority.restarted(|_| {}).await;
    authority.store.close().await;

    for route in routes() {
        if WITHOUT_STORE.contains(&route.path) || OTHERWISE.contains(&route.path) {
            continue;
        }
        for caller in [&admin, &api, &alice.session, &pat.secret, &dead.secret] {
            let request = sample::request(&authority, &route, &pat.id, &alice.name);
            let answer = Answer::to(request.bearer_auth(caller)).await;
            let line = format!("{} {}", route.method, route.path);
            assert_eq!(answer.status, 503, "{line}: {}", answer.text);
            let answer = if route.path.starts_with("/scim/") {
                answer.refused_in_scim(503, "unavailable", "")
            } else if route.path.starts_with("/oauth2/") {
                answer.refused_in_oauth(503, "temporarily_unavailable")
            } else if route.path.starts_with("/compat/azure-devops/") {
                assert_eq!((answer.status, &answer.body["code"]), (503, &"unavailable".into()), "{line}");
                answer
            } else {
                answer.refused(503, "unavailable")
            };
            assert_eq!(answer.header("retry-after"), "1", "{line}");
            assert_eq!(answer.header("www-authenticate"), "", "{line}");
            assert_eq!(answer.header("cache-control"), "no-store", "{line}");
        }
    }
    authority.sign_in(&alice.name, PASSWORD).await.refused(503, "unavailable");
    authority.sign_in("nobody-at-all", PASSWORD).await.refused(503, "unavailable");
    for token in [&pat.secret, &dead.secret] {
        authority.introspect_as(&api, token, &[]).await.refused_in_oauth(503, "temporarily_unavailable");
        let body = json!({"token": token});
        authority.post(&api, "/api/v1/verify", body).await.refused(503, "unavailable");
        let request = authority.request(Method::POST, "/oauth2/revoke").form(&[("token", token)]);
        Answer::to(request).await.refused_in_oauth(503, "temporarily_unavailable");
    }
}

async fn the_server_is_alive_but_not_ready(authority: Authority) {
    let get = async |path: &str| Answer::to(authority.request(Method::GET, path)).await;
    assert_eq!(get("/readyz").await.expect(200).text, "ready\n");
    authority.store.close().await;
    assert_eq!(get("/healthz").await.expect(200).text, "ok\n");
    get("/readyz").await.refused(503, "unavailable");
    get("/.well-known/oauth-authorization-server").await.expect(200);
    // What no store is needed for is refused as ever: a caller without a credential, and garbage.
    get("/api/v1/tokens").await.refused(401, "invalid_token");
    authority.get("garbage", "/api/v1/tokens").await.refused(401, "invalid_token");
}
