//! The shipped files of `deploy/nginx` in a real nginx, between a client and an API.

use std::net::{IpAddr, SocketAddr};

use reqwest::{Client, Method};
use serde_json::json;

use super::identity::FIELDS;
use super::{Guarded, guarded};
use crate::support::answer::Answer;
use crate::support::nginx::{Admission, Nginx};
use crate::support::raw::status;
use crate::support::{Authority, BASIC, sample};

on_both! {
    alone:
        nginx_lets_the_right_token_through_and_says_who_it_is,
        nginx_keeps_no_bad_expired_revoked_and_narrow_tokens_out,
        nginx_says_that_nothing_can_be_known,
        nginx_with_the_apis_credential_needs_no_trusted_address,
        attack_17_nginx_takes_one_credential,
        attack_19_what_a_client_says_about_its_own_request_is_not_believed,
        attack_20_nobody_writes_who_they_are,
        attack_21_no_odd_path_gets_behind_nginx;
}

/// Jeton, nginx and the API, and a user of it.
pub(super) struct Stage {
    pub(super) authority: Authority,
    guarded: Guarded,
    session: String,
    pub(super) nginx: Nginx,
}

/// `None` only where the run leaves out other programs.
pub(super) async fn stage(authority: Authority) -> Option<Stage> {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let nginx = "127.0.0.1/32".parse().unwrap();
    let authority = authority.restarted(|settings| settings.trusted_proxies = vec![nginx]).await;
    let nginx = Nginx::start(authority.address, &guarded.name, Admission::ByAddress).await?;
    Some(Stage { authority, guarded, session, nginx })
}

impl Stage {
    pub(super) async fn token(&self, scopes: &[&str]) -> String {
        self.guarded.pat(&self.authority, &self.session, scopes, json!({})).await.secret
    }

    /// What a client gets that calls the API with this token.
    async fn get(&self, token: &str, path: &str) -> Answer {
        Answer::to(client().get(self.nginx.url(path)).bearer_auth(token)).await
    }

    /// A request in just these bytes; the fields follow the usual ones.
    async fn raw(&self, line: &str, fields: &[String]) -> String {
        let usual = ["Host: api.example".to_owned(), "Connection: close".to_owned()];
        let lines: Vec<_> = usual.iter().chain(fields).map(String::as_str).collect();
        self.nginx.send(&format!("{line} HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"))).await
    }
}

fn client() -> Client {
    Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

/// A client at another address of this machine.
fn client_at(address: [u8; 4]) -> Client {
    Client::builder().no_proxy().tls_certs_only([]).local_address(IpAddr::from(address)).build().unwrap()
}

/// Names and values of the fields that the API was sent and that some program may take for ours.
fn taken_for_ours(text: &str) -> Vec<(String, String)> {
    let fields = text.lines().filter_map(|line| line.split_once(": "));
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '.'], "-");
    let fields = fields.map(|(name, value)| (plain(name), value.to_owned()));
    let mut ours: Vec<_> =
        fields.filter(|(name, _)| name.starts_with("x-jeton-") || name == "authorization").collect();
    ours.sort();
    ours
}

/// Every way to write a name that some program reads as that name.
fn spellings(name: &str) -> Vec<String> {
    let mut spellings = vec![String::new()];
    for part in name.split('-') {
        let joined = |spelling: &String| match spelling.as_str() {
            "" => vec![part.to_owned()],
            begun => ["-", "_", "."].map(|between| format!("{begun}{between}{part}")).to_vec(),
        };
        spellings = spellings.iter().flat_map(joined).collect();
    }
    let in_capitals = |name: &String| name.to_ascii_uppercase();
    let capitals: Vec<_> = spellings.iter().map(in_capitals).collect();
    [spellings, capitals].concat()
}

async fn nginx_lets_the_right_token_through_and_says_who_it_is(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    let pat = stage.guarded.pat(&stage.authority, &stage.session, &["Task.*"], json!({})).await;
    let request = client().post(stage.nginx.url("/tasks?a=%2f&b")).basic_auth("anybody", Some(&pat.secret));
    let answer = Answer::to(request.header("x-own", "kept").body("the body")).await.expect(200);
    assert!(answer.text.starts_with("POST /tasks?a=%2f&b HTTP/1.0\r\n"), "{}", answer.text);
    assert!(answer.text.ends_with("\r\n\r\nthe body"), "{}", answer.text);
    assert!(answer.text.contains("x-own: kept"), "{}", answer.text);
    assert!(!answer.text.contains(&pat.secret));
    let record = stage.authority.record(&stage.session, &pat.id).await;
    let scopes = [stage.guarded.scope("Task.Create"), stage.guarded.scope("Task.Read")].join(" ");
    let told = taken_for_ours(&answer.text);
    let find = |name: &str| told.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(find("x-jeton-subject-type"), Some("user"));
    assert_eq!(find("x-jeton-token-id"), Some(pat.id.as_str()));
    assert_eq!(find("x-jeton-token-kind"), Some("personal"));
    assert_eq!(find("x-jeton-scopes"), Some(scopes.as_str()));
    assert_eq!(find("x-jeton-organization"), Some(stage.guarded.organization.as_str()));
    assert_eq!(find("x-jeton-expires-at"), record["expires_at"].as_str());
    assert_eq!(find("authorization"), None, "the token stays at the gateway");
    assert_eq!(told.len(), 7, "what is empty is not sent: {told:?}");
    let place = format!("/{}/{}/logs", stage.guarded.organization, stage.guarded.project);
    let all = stage.token(&["*"]).await;
    let told = taken_for_ours(&stage.get(&all, &place).await.expect(200).text);
    assert!(told.contains(&("x-jeton-project".to_owned(), stage.guarded.project.clone())), "{told:?}");
    let head = Answer::to(client().head(stage.nginx.url("/tasks")).bearer_auth(&all)).await.expect(200);
    assert_eq!(head.text, "");
    // What the API answers is its own business.
    for own in ["401", "403", "404", "500", "503"] {
        let request = client().get(stage.nginx.url("/tasks")).bearer_auth(&all).header("x-answer", own);
        let answer = Answer::to(request).await;
        assert_eq!(answer.status.to_string(), own);
        assert!(answer.text.starts_with("GET /tasks"), "{}", answer.text);
    }
}

async fn nginx_keeps_no_bad_expired_revoked_and_narrow_tokens_out(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    let limits = json!({"expires_in_minutes": 5});
    let short = stage.guarded.pat(&stage.authority, &stage.session, &["Task.Read"], limits).await;
    let revoked = stage.guarded.pat(&stage.authority, &stage.session, &["Task.Read"], json!({})).await;
    let narrow = stage.token(&["Task.Read"]).await;
    for token in [&short.secret, &revoked.secret, &narrow] {
        stage.get(token, "/tasks").await.expect(200);
    }
    stage.authority.revoke(&stage.session, &revoked.id).await.expect(204);
    let reached = stage.nginx.upstream.reached();
    assert_eq!(stage.get(&revoked.secret, "/tasks").await.status, 401, "at once");
    stage.authority.clock.advance_minutes(5);
    let wrong = sample::text_with(jeton_token::TokenKind::Personal, &revoked.id);
    for token in
        ["garbage", &wrong, &short.secret, &revoked.secret, &stage.session, &stage.guarded.credential]
    {
        let answer = stage.get(token, "/tasks").await.expect(401);
        assert_eq!(answer.challenges(), [format!("Bearer error=\"invalid_token\", {BASIC}")]);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.body["status"], 401);
    }
    let without = Answer::to(client().get(stage.nginx.url("/tasks"))).await.expect(401);
    assert_eq!(without.challenges(), [format!("Bearer, {BASIC}")]);
    let answer = stage.get(&narrow, "/admin").await.expect(403);
    let scope = stage.guarded.scope("Admin.All");
    let expected = format!(
        "Bearer error=\"insufficient_scope\", scope=\"{scope}\", error_description=\"the token or its owner lacks the \
         scope `{scope}`\""
    );
    assert_eq!(answer.challenges(), [expected]);
    assert_eq!((answer.body["status"].as_u64(), answer.header("cache-control")), (Some(403), "no-store"));
    stage.get(&narrow, "/elsewhere").await.expect(403);
    stage.get(&narrow, "/_jeton/question").await.expect(404);
    assert_eq!(stage.nginx.upstream.reached(), reached, "nothing got through");
    stage.get(&narrow, "/tasks").await.expect(200);
}

async fn nginx_says_that_nothing_can_be_known(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    // What was asked about before may be remembered; this one is not.
    let (seen, token) = (stage.token(&["*"]).await, stage.token(&["*"]).await);
    stage.get(&seen, "/tasks").await.expect(200);
    let reached = stage.nginx.upstream.reached();
    stage.authority.store.close().await;
    let check = async |token: &str| {
        let answer = Answer::to(client().get(stage.nginx.url("/tasks")).bearer_auth(token)).await.expect(503);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("www-authenticate"), "");
        assert_eq!(answer.body["status"], 503);
    };
    check(&token).await;
    check(&sample::text_with(jeton_token::TokenKind::Personal, sample::id_of(&token))).await;
    stage.authority.stop().await;
    check(&token).await;
    check("garbage").await;
    assert_eq!(stage.nginx.upstream.reached(), reached, "nothing got through");
    assert!(!stage.nginx.log().contains(&token), "nginx writes no token down");
}

async fn nginx_with_the_apis_credential_needs_no_trusted_address(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let with = Admission::ByCredential(&guarded.credential);
    let Some(nginx) = Nginx::start(authority.address, &guarded.name, with).await else { return };
    let request = || client().get(nginx.url("/tasks"));
    Answer::to(request().bearer_auth(&token)).await.expect(200);
    Answer::to(request().bearer_auth("garbage")).await.expect(401);
    // The field of the gateway is the gateway's, and goes no further.
    let with = request().bearer_auth(&token).header("x-jeton-gateway-authorization", "Bearer x");
    let answer = Answer::to(with).await.expect(200);
    assert!(!answer.text.contains(&guarded.credential), "{}", answer.text);
    let without = Nginx::start(authority.address, &guarded.name, Admission::ByAddress).await.unwrap();
    Answer::to(client().get(without.url("/tasks")).bearer_auth(&token)).await.expect(403);
    let claims = client().get(without.url("/tasks")).bearer_auth(&token);
    let claims = claims.header("x-jeton-gateway-authorization", format!("Bearer {}", guarded.credential));
    Answer::to(claims).await.expect(403);
    assert_eq!(without.upstream.reached(), 0);
}

async fn attack_17_nginx_takes_one_credential(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    let token = stage.token(&["*"]).await;
    let one = format!("Authorization: Bearer {token}");
    assert_eq!(status(&stage.raw("GET /tasks", std::slice::from_ref(&one)).await), "200");
    let reached = stage.nginx.upstream.reached();
    for (line, fields) in [
        ("GET /tasks", vec![one.clone(), one.clone()]),
        ("GET /tasks", vec![one.clone(), "AUTHORIZATION: Bearer x".to_owned()]),
        ("GET /tasks", vec!["authorization: Bearer x".to_owned(), one.clone()]),
        ("GET /tasks", vec![format!("{one}, Bearer {token}")]),
        ("GET /tasks", vec![format!("{one} {token}")]),
        ("GET /tasks?access_token=x", vec![one.clone()]),
        ("GET /tasks?access%5ftoken=x", vec![one.clone()]),
        ("GET /tasks", vec![format!("X-Api-Key: {token}")]),
        ("GET /tasks", vec![format!("X-Jeton-Gateway-Authorization: Bearer {}", stage.guarded.credential)]),
    ] {
        let answer = stage.raw(line, &fields).await;
        assert!(["400", "401"].contains(&status(&answer)), "{line} {fields:?}: {answer}");
        assert!(!answer.contains(&token));
    }
    assert_eq!(stage.nginx.upstream.reached(), reached, "nothing got through");
}

async fn attack_19_what_a_client_says_about_its_own_request_is_not_believed(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    let token = stage.token(&["Task.Read"]).await;
    let reached = stage.nginx.upstream.reached();
    let claims = [
        ("x-forwarded-uri", "/public"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-host", "public.example"),
        ("x-original-uri", "/public"),
        ("x-original-url", "/public"),
        ("x-rewrite-url", "/public"),
        ("x-http-method-override", "GET"),
    ];
    for (method, path) in [(Method::GET, "/admin"), (Method::POST, "/tasks"), (Method::DELETE, "/tasks/7")] {
        let request = client().request(method, stage.nginx.url(path)).bearer_auth(&token);
        let request = claims.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::to(request).await.expect(403);
    }
    assert_eq!(stage.nginx.upstream.reached(), reached, "nothing got through");
    // Where somebody is says the connection: what stands to the left of it is theirs.
    let (far, near) = ("203.0.113.0/24", "127.0.0.2/32");
    for (network, status) in [(far, 403), (near, 200)] {
        let limits = json!({"networks": [network]});
        let pat = stage.guarded.pat(&stage.authority, &stage.session, &["Task.Read"], limits).await;
        let request = client_at([127, 0, 0, 2]).get(stage.nginx.url("/tasks")).bearer_auth(&pat.secret);
        let request = request.header("x-forwarded-for", "203.0.113.9").header("x-real-ip", "203.0.113.9");
        assert_eq!(Answer::to(request).await.status, status, "{network}");
    }
    // Past nginx there is no way to the answers: neither by its own address for the question, nor to Jeton's.
    stage.get(&token, "/_jeton/question").await.expect(404);
    let jeton: SocketAddr = stage.authority.address;
    let direct = client_at([127, 0, 0, 2]).get(format!("http://{jeton}{}", stage.guarded.path()));
    let direct =
        direct.bearer_auth(&token).header("x-forwarded-method", "GET").header("x-forwarded-uri", "/tasks");
    Answer::to(direct.header("x-forwarded-for", "127.0.0.1")).await.refused(403, "not_honoured_here");
}

async fn attack_20_nobody_writes_who_they_are(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    let token = stage.token(&["Task.Read"]).await;
    let expected = taken_for_ours(&stage.get(&token, "/tasks").await.expect(200).text);
    assert_eq!(expected.len(), 7, "{expected:?}");
    for name in FIELDS {
        // Once each, and once more for those that take the last or the first of two.
        let forged: Vec<_> = spellings(name).iter().map(|name| format!("{name}: root")).collect();
        let forged = [forged.clone(), forged].concat();
        let with = [vec![format!("Authorization: Bearer {token}")], forged.clone()].concat();
        let answer = stage.raw("GET /tasks", &with).await;
        assert_eq!(status(&answer), "200", "{answer}");
        assert_eq!(taken_for_ours(&answer), expected, "{name}");
        let to_anybody = [forged.clone(), vec![format!("Authorization: Bearer {token}")]].concat();
        let nobody = stage.raw("GET /anybody", &to_anybody).await;
        assert_eq!(status(&nobody), "200", "{nobody}");
        assert_eq!(taken_for_ours(&nobody), [], "{name}");
        assert_eq!(status(&stage.raw("GET /tasks", &forged).await), "401", "{name}");
    }
}

async fn attack_21_no_odd_path_gets_behind_nginx(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    let token = [format!("Authorization: Bearer {}", stage.token(&["Task.Read"]).await)];
    for plain in ["/public", "/tasks/7", "/tasks/a%20b", "/tasks/...?x=/../admin"] {
        let answer = stage.raw(&format!("GET {plain}"), &token).await;
        assert_eq!(status(&answer), "200", "{answer}");
        assert!(answer.contains(&format!("GET {plain} HTTP/1.0\r\n")), "{answer}");
    }
    let reached = stage.nginx.upstream.reached();
    for odd in [
        "/public/../admin",
        "/public/./../admin",
        "/public/%2e%2e/admin",
        "/public/%2E%2e/admin",
        "/public/%252e%252e/admin",
        "/public/..%2fadmin",
        "/public%2f..%2fadmin",
        "/public/..;/admin",
        "/public;/../admin",
        "/public/..%5cadmin",
        "/public\\..\\admin",
        "/public//../admin",
        "//admin",
        "//public",
        "/%61dmin",
        "/%70ublic",
        "/admin",
        "/admin/",
        "/admin;x=y",
        "/admin%00",
        "/admin%0a",
        "/admin%20",
        "/admin#public",
        "/tasks/7%23/../../admin",
        "/anybody/../admin",
        "/anybody%2f..%2fadmin",
        "/anybody;/../admin",
        "http://api.example/admin",
        "http://api.example/public/../admin",
        "*",
        "/tasks/%ff",
        "/tasks/%c0%ae%c0%ae/admin",
    ] {
        let answer = stage.raw(&format!("GET {odd}"), &token).await;
        assert!(["400", "403", "404"].contains(&status(&answer)), "{odd}: {answer}");
    }
    assert_eq!(stage.nginx.upstream.reached(), reached, "nothing got through");
}
