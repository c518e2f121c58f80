//! An API whose gateways are only to report: nobody is refused, and what would have been is written down.

use reqwest::Method;
use serde_json::{Value, json};

use super::identity::FIELDS;
use super::paths::raw;
use super::{GATEWAY, Guarded, guarded};
use crate::support::answer::Answer;
use crate::support::rights::user;
use crate::support::{Authority, Pat, sample};

on_both! {
    alone:
        what_would_be_refused_survives_a_restart_and_is_warned_of_in_the_metrics,
        without_the_store_nothing_passes,
        only_so_many_different_ones_are_told_apart;
    shared:
        nobody_is_refused_and_nobody_is_anybody,
        what_would_be_refused_is_listed,
        attack_01_no_secret_of_a_path_is_written_down,
        attack_19_whoever_is_no_gateway_is_refused_all_the_same,
        attack_19_what_cannot_be_read_safely_is_refused_all_the_same,
        what_the_client_wrote_is_reported_like_anything_else,
        attack_03_who_may_not_change_the_api_cannot_open_its_gateways,
        no_other_door_becomes_more_generous,
        a_new_declaration_starts_the_list_over,
        a_plan_says_what_becomes_of_gateways_and_routes,
        whoever_may_not_look_after_the_api_sees_no_list,
        the_list_has_pages;
}

impl Guarded {
    async fn declared(&self, authority: &Authority) -> Value {
        let path = format!("/api/v1/apis/{}", self.name);
        let api = authority.get(&authority.admin().await, &path).await.expect(200).body;
        let fields = ["title", "organization", "namespace", "audience", "scopes", "routes"];
        fields
            .iter()
            .map(|name| ((*name).to_owned(), api[name].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// Declares the API once more, with this word for its gateways.
    async fn declare(&self, authority: &Authority, word: &str) -> Value {
        let mut body = self.declared(authority).await;
        body["forward_auth"] = json!(word);
        let path = format!("/api/v1/apis/{}", self.name);
        authority.put(&authority.admin().await, &path, body).await.expect(200).body
    }

    async fn refusals(&self, authority: &Authority) -> Vec<Value> {
        let path = format!("/api/v1/apis/{}/refusals", self.name);
        let found = authority.get(&authority.admin().await, &path).await.expect(200).body;
        found["items"].as_array().unwrap().clone()
    }

    /// Method, path, reason, missing scope and number of each item, sorted.
    async fn listed(&self, authority: &Authority) -> Vec<String> {
        let line = |item: &Value| {
            let text = |name: &str| item[name].as_str().unwrap_or("-").replace(&self.namespace, "NS");
            let parts = ["method", "path", "reason", "missing_scope"].map(text);
            format!("{} {}", parts.join(" "), item["count"])
        };
        let mut lines: Vec<_> = self.refusals(authority).await.iter().map(line).collect();
        lines.sort();
        lines
    }

    async fn anonymous(&self, authority: &Authority, method: &str, uri: &str) -> Answer {
        Answer::to(self.question(authority, method, uri)).await
    }
}

async fn reporting(authority: &Authority) -> Guarded {
    let guarded = guarded(authority).await;
    assert_eq!(guarded.declare(authority, "report_only").await["forward_auth"], "report_only");
    guarded
}

/// A token that reads tasks.
async fn reader(guarded: &Guarded, authority: &Authority) -> Pat {
    let session = guarded.user(authority).await;
    guarded.pat(authority, &session, &["Task.Read"], json!({})).await
}

/// Asserts that it passed as nobody's, and for which reason it would not have.
fn passed(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    for name in FIELDS {
        let values: Vec<_> = answer.headers.get_all(name).iter().collect();
        let expected = if name == "x-jeton-would" { why } else { "" };
        assert_eq!(values, [expected], "{name}");
    }
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("www-authenticate"), "");
}

async fn nobody_is_refused_and_nobody_is_anybody(authority: Authority) {
    let guarded = reporting(&authority).await;
    let pat = reader(&guarded, &authority).await;
    let scope = guarded.scope("Admin.All");
    passed(
        &guarded.ask(&authority, &pat.secret, "GET", "/admin").await,
        &format!("refuse missing_scope {scope}"),
    );
    passed(&guarded.ask(&authority, &pat.secret, "GET", "/elsewhere").await, "refuse no_route");
    passed(&guarded.ask(&authority, "the.old.token", "GET", "/tasks").await, "refuse inactive");
    passed(&guarded.anonymous(&authority, "GET", "/tasks").await, "refuse no_token");
    passed(&guarded.anonymous(&authority, "GET", "/elsewhere").await, "refuse no_route");
    let forged = sample::text_with(jeton_token::TokenKind::Personal, &sample::forged(&pat.id));
    passed(&guarded.ask(&authority, &forged, "GET", "/tasks").await, "refuse inactive");
    let honoured = guarded.ask(&authority, &pat.secret, "GET", "/tasks").await.expect(200);
    assert_eq!(
        (honoured.header("x-jeton-token-id"), honoured.header("x-jeton-would")),
        (pat.id.as_str(), "")
    );
}

async fn what_would_be_refused_is_listed(authority: Authority) {
    let guarded = reporting(&authority).await;
    let pat = reader(&guarded, &authority).await;
    for id in ["7", "8", "9"] {
        guarded.ask(&authority, &pat.secret, "DELETE", &format!("/tasks/{id}?force=1")).await.expect(200);
        guarded.anonymous(&authority, "GET", &format!("/v2/boards/{id}/cards")).await.expect(200);
    }
    guarded.ask(&authority, "garbage", "GET", "/tasks").await.expect(200);
    guarded.anonymous(&authority, "POST", "/tasks").await.expect(200);
    guarded.anonymous(&authority, "BREW", "/coffee/").await.expect(200);
    guarded.ask(&authority, &pat.secret, "GET", "/tasks").await.expect(200);
    let expected = [
        "DELETE /tasks/{id} missing_scope NS.Admin.All 3",
        "GET /tasks inactive - 1",
        "GET /v2/boards/{id}/cards no_route - 3",
        "OTHER /coffee/ no_route - 1",
        "POST /tasks no_token - 1",
    ];
    assert_eq!(guarded.listed(&authority).await, expected);
    let items = guarded.refusals(&authority).await;
    assert!(items.iter().all(|item| item["first_seen_at"].is_string() && item["last_seen_at"].is_string()));
}

async fn attack_01_no_secret_of_a_path_is_written_down(authority: Authority) {
    let guarded = reporting(&authority).await;
    let pat = reader(&guarded, &authority).await;
    let secrets = [
        pat.secret.as_str(),
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.AAAA",
        "550e8400-e29b-41d4-a716-446655440000",
        "hQzKxWvTbLmNpRsJ",
        "correct-horse-battery-staple",
        "alice@example.com",
        "4711",
    ];
    for secret in secrets {
        guarded
            .anonymous(&authority, "GET", &format!("/reset/{secret}/confirm?code={secret}"))
            .await
            .expect(200);
        guarded.anonymous(&authority, "GET", &format!("/tasks/{secret}")).await.expect(200);
    }
    let shown = json!(guarded.refusals(&authority).await).to_string();
    let rows = authority.sql().await.rows("SELECT method, path, reason, scope FROM api_refusal").await;
    let stored = format!("{rows:?}");
    for secret in secrets {
        assert!(!shown.contains(secret) && !stored.contains(secret), "{secret}");
    }
    let expected = ["GET /reset/{id}/confirm no_route - 7", "GET /tasks/{id} no_token - 7"];
    assert_eq!(guarded.listed(&authority).await, expected);
}

/// Bytes beyond ASCII, and credentials that are not written as they should be.
async fn what_the_client_wrote_is_reported_like_anything_else(authority: Authority) {
    let guarded = reporting(&authority).await;
    let ask = async |uri: &[u8]| raw(&guarded, &authority, "GET", uri, None).await;
    passed(&ask("/tasks?q=caf\u{e9}".as_bytes()).await, "refuse no_token");
    passed(&ask("/caf\u{e9}".as_bytes()).await, "refuse no_route");
    ask(b"/tasks/caf\xe9").await.refused(403, "ambiguous_path");
    for odd in ["Bearer", "Bearer a b", "Basic !!!"] {
        let question = guarded.question(&authority, "GET", "/tasks").header("authorization", odd);
        passed(&Answer::to(question).await, "refuse inactive");
    }
    let expected = [
        "GET  ambiguous_path - 1",
        "GET /tasks inactive - 3",
        "GET /tasks no_token - 1",
        "GET /{id} no_route - 1",
    ];
    assert_eq!(guarded.listed(&authority).await, expected);
}

async fn attack_19_whoever_is_no_gateway_is_refused_all_the_same(authority: Authority) {
    let guarded = reporting(&authority).await;
    let pat = reader(&guarded, &authority).await;
    let ask = || {
        let request = authority.request(Method::GET, &guarded.path()).bearer_auth(&pat.secret);
        request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/admin")
    };
    for gateway in ["", "Bearer garbage", "Bearer "] {
        let answer = Answer::to(ask().header(GATEWAY, gateway)).await.refused(403, "not_honoured_here");
        assert_eq!(answer.header("x-jeton-would"), "");
    }
    Answer::to(ask()).await.refused(403, "not_honoured_here");
    assert!(guarded.refusals(&authority).await.is_empty());
}

async fn attack_19_what_cannot_be_read_safely_is_refused_all_the_same(authority: Authority) {
    let guarded = reporting(&authority).await;
    let pat = reader(&guarded, &authority).await;
    for uri in ["/public/../admin", "/tasks/%2e%2e/admin", "//admin", "/tasks;a", "/tasks%2f7", "/%74asks"] {
        let answer = guarded.ask(&authority, &pat.secret, "GET", uri).await.refused(403, "ambiguous_path");
        assert_eq!(answer.header("x-jeton-would"), "", "{uri}");
    }
    let twice = guarded.question(&authority, "GET", "/tasks").bearer_auth(&pat.secret).bearer_auth("other");
    Answer::to(twice).await.refused(401, "two_credentials");
    let named = format!("/tasks?access_token={}", pat.secret);
    guarded.ask(&authority, &pat.secret, "GET", &named).await.refused(401, "two_credentials");
    let without = authority.request(Method::GET, &guarded.path());
    let without = without.header(GATEWAY, format!("Bearer {}", guarded.credential));
    assert_eq!(Answer::to(without).await.status, 403);
    let expected =
        ["GET  ambiguous_path - 5", "GET /tasks ambiguous_path - 1", "GET /tasks two_credentials - 2"];
    assert_eq!(guarded.listed(&authority).await, expected);
}

async fn attack_03_who_may_not_change_the_api_cannot_open_its_gateways(authority: Authority) {
    let guarded = guarded(&authority).await;
    let mut body = guarded.declared(&authority).await;
    body["forward_auth"] = json!("report_only");
    let path = format!("/api/v1/apis/{}", guarded.name);
    let person = authority.person("mallory").await;
    authority.bind("ApiUser", user(&person.name), &format!("{}/*", guarded.organization)).await;
    for caller in [&person.session, &guarded.credential] {
        authority.put(caller, &path, body.clone()).await.refused(403, "insufficient_scope");
    }
    for nonsense in [json!("off"), json!(true), json!(null), json!("REPORT_ONLY")] {
        body["forward_auth"] = nonsense;
        authority.put(&authority.admin().await, &path, body.clone()).await.expect(422);
    }
    guarded.anonymous(&authority, "GET", "/tasks").await.refused(401, "invalid_token");
    assert_eq!(guarded.declare(&authority, "report_only").await["forward_auth"], "report_only");
    let details = format!("SELECT detail FROM audit WHERE detail LIKE '{}:%'", guarded.name);
    let rows = authority.sql().await.rows(&details).await;
    assert!(rows.iter().flatten().any(|detail| detail.ends_with("forward_auth report_only")), "{rows:?}");
}

async fn no_other_door_becomes_more_generous(authority: Authority) {
    let guarded = reporting(&authority).await;
    let pat = reader(&guarded, &authority).await;
    let body = json!({"token": pat.secret, "scope": guarded.scope("Admin.All")});
    let verified = authority.post(&guarded.credential, "/api/v1/verify", body).await.expect(200).body;
    assert_eq!((&verified["allowed"], &verified["reason"]), (&json!(false), &json!("missing_scope")));
    let told = authority.introspect_as(&guarded.credential, "garbage", &[]).await.expect(200).body;
    assert_eq!(told, json!({"active": false}));
    assert!(guarded.refusals(&authority).await.is_empty(), "nothing but the door for gateways reports");
}

async fn a_new_declaration_starts_the_list_over(authority: Authority) {
    let guarded = reporting(&authority).await;
    guarded.anonymous(&authority, "GET", "/boards").await.expect(200);
    assert_eq!(guarded.listed(&authority).await.len(), 1);
    guarded.declare(&authority, "report_only").await;
    assert_eq!(guarded.listed(&authority).await.len(), 1, "nothing is new, so nothing is done");
    guarded.anonymous(&authority, "GET", "/boards").await.expect(200);
    guarded.declare(&authority, "enforce").await;
    assert!(guarded.listed(&authority).await.is_empty());
    guarded.anonymous(&authority, "GET", "/boards").await.refused(401, "invalid_token");
    assert!(guarded.listed(&authority).await.is_empty(), "a refusal that is one is not listed");
    let body = guarded.declared(&authority).await;
    let path = format!("/api/v1/apis/{}", guarded.name);
    guarded.declare(&authority, "report_only").await;
    let put = authority.put(&authority.admin().await, &path, body).await.expect(200).body;
    assert_eq!(put["forward_auth"], "enforce", "whoever does not say it gets a door that refuses");
}

async fn a_plan_says_what_becomes_of_gateways_and_routes(authority: Authority) {
    let guarded = guarded(&authority).await;
    let mut body = guarded.declared(&authority).await;
    let path = format!("/api/v1/apis/{}?dry_run=true", guarded.name);
    let admin = authority.admin().await;
    let plan = authority.put(&admin, &path, body.clone()).await.expect(200).body;
    assert_eq!((&plan["change"], &plan["forward_auth"]), (&json!("none"), &Value::Null));
    body["forward_auth"] = json!("report_only");
    body["routes"][0]["scope"] = json!(guarded.scope("Admin.All"));
    let plan = authority.put(&admin, &path, body).await.expect(200).body;
    assert_eq!((&plan["change"], &plan["forward_auth"]), (&json!("update"), &json!("report_only")));
    let route = |scope: &str| json!([{"method": "GET", "path": "/public", "scope": guarded.scope(scope)}]);
    assert_eq!((&plan["routes_added"], &plan["routes_removed"]), (&route("Admin.All"), &route("Task.Read")));
    guarded.anonymous(&authority, "GET", "/tasks").await.refused(401, "invalid_token");
}

async fn whoever_may_not_look_after_the_api_sees_no_list(authority: Authority) {
    let guarded = reporting(&authority).await;
    let path = format!("/api/v1/apis/{}/refusals", guarded.name);
    let session = guarded.user(&authority).await;
    for caller in [&session, &guarded.credential] {
        authority.get(caller, &path).await.refused(403, "insufficient_scope");
    }
    let admin = authority.admin().await;
    authority.get(&admin, "/api/v1/apis/unheard-of/refusals").await.refused(404, "not_found");
    authority.get(&admin, &format!("{path}?page_size=0")).await.expect(422);
    Answer::to(authority.request(Method::GET, &path)).await.refused(401, "invalid_token");
    let auditor = authority.person("auditor").await;
    authority.bind("Auditor", user(&auditor.name), "*").await;
    authority.get(&auditor.session, &path).await.expect(200);
}

async fn the_list_has_pages(authority: Authority) {
    let guarded = reporting(&authority).await;
    for path in ["/a", "/b", "/c"] {
        guarded.anonymous(&authority, "GET", path).await.expect(200);
        assert!(!guarded.refusals(&authority).await.is_empty());
    }
    let (admin, mut token, mut paths) = (authority.admin().await, Value::Null, vec![]);
    loop {
        let after = token.as_str().map(|token| format!("&page_token={token}")).unwrap_or_default();
        let path = format!("/api/v1/apis/{}/refusals?page_size=2{after}", guarded.name);
        let page = authority.get(&admin, &path).await.expect(200).body;
        paths.extend(page["items"].as_array().unwrap().iter().map(|item| item["path"].clone()));
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(paths, ["/c", "/b", "/a"]);
}

async fn what_would_be_refused_survives_a_restart_and_is_warned_of_in_the_metrics(authority: Authority) {
    let guarded = reporting(&authority).await;
    guarded.anonymous(&authority, "GET", "/boards").await.expect(200);
    let authority = authority.restarted(|_| ()).await;
    guarded.anonymous(&authority, "GET", "/boards").await.expect(200);
    assert_eq!(guarded.listed(&authority).await, ["GET /boards no_route - 2"]);
    let metrics = Answer::to(authority.request(Method::GET, "/metrics")).await.expect(200).text;
    for line in ["jeton_apis_report_only 1", "jeton_forward_auth_reported_total{reason=\"no_route\"} 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    authority.delete(&authority.admin().await, &format!("/api/v1/apis/{}", guarded.name)).await.expect(204);
    let rows = authority.sql().await.rows("SELECT path FROM api_refusal").await;
    assert!(rows.is_empty(), "{rows:?}");
}

async fn without_the_store_nothing_passes(authority: Authority) {
    let guarded = reporting(&authority).await;
    authority.store.close().await;
    let answer = guarded.anonymous(&authority, "GET", "/boards").await;
    // Where the API is still remembered it is known what it declares, and where not, nothing is.
    let token = sample::text_with(jeton_token::TokenKind::Personal, sample::id_of(&guarded.credential));
    let unknown = guarded.ask(&authority, &token, "GET", "/tasks").await;
    assert_eq!(unknown.status, 503, "{}", unknown.text);
    assert!(answer.status == 503 || answer.header("x-jeton-would") == "refuse no_route", "{}", answer.text);
}

async fn only_so_many_different_ones_are_told_apart(authority: Authority) {
    let guarded = reporting(&authority).await;
    let word = |mut number: u32| {
        let mut word = String::new();
        for _ in 0..3 {
            let letters = ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru"];
            word.push_str(letters[usize::try_from(number % 10).unwrap()]);
            number /= 10;
        }
        word
    };
    for number in 0..1000 {
        guarded.anonymous(&authority, "GET", &format!("/{}", word(number))).await.expect(200);
    }
    guarded.refusals(&authority).await;
    for path in ["/one", "/more", "/more", "/badego"] {
        guarded.anonymous(&authority, "GET", path).await.expect(200);
    }
    let path = format!("/api/v1/apis/{}/refusals?page_size=1000", guarded.name);
    let admin = authority.admin().await;
    let page = authority.get(&admin, &path).await.expect(200).body;
    let last = format!("{path}&page_token={}", page["next_page_token"].as_str().unwrap());
    let last = authority.get(&admin, &last).await.expect(200).body;
    let overflow = &last["items"][0];
    assert_eq!((&overflow["reason"], &overflow["count"]), (&json!("overflow"), &json!(3)), "{last}");
    assert_eq!(last["items"].as_array().unwrap().len(), 1);
}
