//! `{organization}/_apis/tokens/pats`: one's own tokens over the wire of that product.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused, Stage, stage};
use crate::support::answer::Answer;
use crate::support::clock::{ms, rfc3339};
use crate::support::rights::user;
use crate::support::{Authority, fresh};

on_both! {
    alone: an_end_is_cut_to_what_policies_allow, a_token_that_has_ended_is_not_extended;
    shared:
        a_token_is_made_shown_changed_and_revoked,
        a_token_made_here_is_for_its_organization,
        an_end_without_a_zone_is_in_utc,
        a_mark_of_the_byte_order_before_a_body_says_nothing,
        what_is_wrong_is_said_in_the_answer,
        the_words_of_newer_versions_are_told_to_clients_that_know_them,
        tokens_are_listed_by_state_order_and_part,
        attack_06_the_tokens_of_others_look_like_none,
        a_token_with_the_scope_for_it_looks_after_tokens,
        attack_03_a_token_makes_none_that_may_more,
        a_token_limited_to_places_looks_after_none,
        nobody_is_told_of_an_organization_that_they_do_not_see,
        a_repeated_call_makes_one_token;
}

const SCOPES: [&str; 3] = ["vso.build", "vso.code", "vso.work_write"];

async fn person(authority: Authority) -> Stage {
    stage(authority, &SCOPES).await
}

impl Stage {
    fn pats(&self, query: &str) -> String {
        self.at(&format!("/_apis/tokens/pats?api-version=7.2-preview.1{query}"))
    }

    async fn pat(&self, method: Method, query: &str, body: Value) -> Answer {
        self.call(&self.person.session, method, &self.pats(query), body).await
    }

    async fn made(&self, body: Value) -> Value {
        let answer = self.pat(Method::POST, "", body).await.expect(200);
        assert_eq!(answer.body["patTokenError"], "none", "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.body["patToken"].clone()
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        let answer = self.pat(Method::GET, query, Value::Null).await.expect(200);
        let tokens = answer.body["patTokens"].as_array().unwrap().clone();
        assert!(tokens.iter().all(|token| token["token"].is_null()), "{}", answer.text);
        tokens.iter().map(|token| token["displayName"].as_str().unwrap().to_owned()).collect()
    }
}

/// The word for what went wrong, from an answer that is no error.
#[track_caller]
fn said(answer: &Answer) -> &str {
    assert_eq!((answer.status, &answer.body["patToken"]), (200, &Value::Null), "{}", answer.text);
    assert!(!answer.body["patTokenErrorMessage"].as_str().unwrap().is_empty(), "{}", answer.text);
    answer.body["patTokenError"].as_str().unwrap()
}

fn id(token: &Value) -> &str {
    token["authorizationId"].as_str().unwrap()
}

async fn an_end_without_a_zone_is_in_utc(authority: Authority) {
    let stage = person(authority).await;
    let tomorrow = rfc3339((stage.authority.clock.now_ms() / 86_400_000 + 2) * 86_400_000);
    let (day, moment) = (tomorrow.get(..10).unwrap(), tomorrow.get(..19).unwrap());
    for end in [day.to_owned(), moment.to_owned(), format!("{moment}.0000000"), format!("{moment}+00:00")] {
        let made = stage.made(json!({"displayName": "x", "scope": "vso.build", "validTo": end})).await;
        assert_eq!(ms(&made["validTo"]), ms(&json!(tomorrow)), "{end}");
        let change = json!({"authorizationId": id(&made), "validTo": end});
        stage.pat(Method::PUT, "", change).await.expect(200);
    }
}

/// As a script writes a file that it then sends.
async fn a_mark_of_the_byte_order_before_a_body_says_nothing(authority: Authority) {
    let stage = person(authority).await;
    let end = rfc3339(stage.authority.clock.now_ms() + 86_400_000);
    let body = json!({"displayName": "x", "scope": "vso.build", "validTo": end});
    let request = async |body: String| {
        let path = stage.at("/_apis/tokens/pats?api-version=7.2-preview.1");
        let request = stage.authority.request(Method::POST, &path).bearer_auth(&stage.person.session);
        Answer::to(request.header("content-type", "application/json").body(body)).await
    };
    let made = request(format!("\u{feff}{body}")).await.expect(200).body;
    assert_eq!((&made["patTokenError"], &made["patToken"]["displayName"]), (&json!("none"), &json!("x")));
    request(format!("\u{feff}\u{feff}{body}")).await.expect(400);
}

async fn a_token_is_made_shown_changed_and_revoked(authority: Authority) {
    let stage = person(authority).await;
    let end = rfc3339(stage.authority.clock.now_ms() + 86_400_000);
    let body =
        json!({"displayName": "Nightly", "scope": "vso.build vso.code", "validTo": end, "allOrgs": false});
    let made = stage.made(body).await;
    let secret = made["token"].as_str().unwrap();
    assert_eq!((&made["displayName"], &made["scope"]), (&json!("Nightly"), &json!("vso.build vso.code")));
    assert_eq!(ms(&made["validTo"]), ms(&json!(end)));
    stage.get(secret, &stage.in_project("/_apis/pipelines")).await.expect(200);
    let query = format!("&authorizationId={}", id(&made));
    let shown = stage.pat(Method::GET, &query, Value::Null).await.expect(200);
    let mut expected = made.clone();
    expected["token"] = Value::Null;
    assert_eq!((&shown.body["patToken"], &shown.body["patTokenError"]), (&expected, &json!("none")));
    let change = json!({"authorizationId": id(&made), "displayName": "Weekly", "scope": "vso.code"});
    let changed = stage.pat(Method::PUT, "", change).await.expect(200).body["patToken"].clone();
    assert_eq!((&changed["displayName"], &changed["scope"]), (&json!("Weekly"), &json!("vso.code")));
    assert_eq!((&changed["token"], &changed["validTo"]), (&Value::Null, &made["validTo"]));
    stage.get(secret, &stage.in_project("/_apis/pipelines")).await.no(403, "AccessCheckException");
    assert_eq!(stage.pat(Method::DELETE, &query, Value::Null).await.expect(204).text, "");
    stage.get(secret, &stage.in_project("/_apis/pipelines")).await.no(401, "UnauthorizedRequestException");
    stage.pat(Method::DELETE, &query, Value::Null).await.expect(204);
    let change = json!({"authorizationId": id(&made), "displayName": "Daily"});
    assert_eq!(said(&stage.pat(Method::PUT, "", change).await), "invalidToken");
}

async fn a_token_made_here_is_for_its_organization(authority: Authority) {
    let stage = person(authority).await;
    let made = stage.made(json!({"displayName": "x", "scope": "vso.build"})).await;
    let connection = stage.get(&stage.person.session, &stage.at("/_apis/connectionData")).await.expect(200);
    assert_eq!(made["targetAccounts"], json!([connection.body["instanceId"]]));
    let own =
        stage.authority.get(made["token"].as_str().unwrap(), "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(own["projects"], json!([format!("{}/*", stage.organization)]));
    assert_eq!((&own["description"], &own["kind"]), (&json!("x"), &json!("personal")));
    // Others may have the same name, as where this wire comes from.
    stage.made(json!({"displayName": "x", "scope": "vso.build"})).await;
    let everything = stage.made(json!({"displayName": "all", "scope": "app_token"})).await;
    assert_eq!(everything["scope"], "app_token");
    let own = stage.authority.get(everything["token"].as_str().unwrap(), "/api/v1/tokens/self").await;
    assert_eq!(own.expect(200).body["scopes"], json!(["*"]));
    // One for all is shown as such, and can be narrowed to this one.
    let wide = stage.authority.pat(&stage.person.session, &["vso.code"]).await;
    let find = async |query: &str| {
        let answer = stage.pat(Method::GET, query, Value::Null).await.expect(200);
        let tokens = answer.body["patTokens"].as_array().unwrap().clone();
        tokens.into_iter().find(|token| token["scope"] == "vso.code").unwrap()
    };
    let found = find("").await;
    assert_eq!(found["targetAccounts"], Value::Null);
    stage.pat(Method::PUT, "", json!({"authorizationId": id(&found), "allOrgs": false})).await.expect(200);
    assert_eq!(find("").await["targetAccounts"], made["targetAccounts"]);
    let record = stage.authority.record(&stage.person.session, &wide.id).await;
    assert_eq!(record["projects"], own_places(&stage));
}

fn own_places(stage: &Stage) -> Value {
    json!([format!("{}/*", stage.organization)])
}

async fn what_is_wrong_is_said_in_the_answer(authority: Authority) {
    let stage = person(authority).await;
    for (body, word) in [
        (json!({}), "displayNameRequired"),
        (json!({"displayName": " ", "scope": "vso.build"}), "displayNameRequired"),
        (json!({"displayName": "a\u{7}", "scope": "vso.build"}), "invalidDisplayName"),
        (json!({"displayName": "x".repeat(1025), "scope": "vso.build"}), "invalidDisplayName"),
        (json!({"displayName": "x"}), "invalidScope"),
        (json!({"displayName": "x", "scope": ""}), "invalidScope"),
        (json!({"displayName": "x", "scope": "vso.nothing"}), "invalidScope"),
        (json!({"displayName": "x", "scope": "vso.build*"}), "invalidScope"),
        (json!({"displayName": "x", "scope": "vso.build", "validTo": "tomorrow"}), "invalidValidTo"),
        (
            json!({"displayName": "x", "scope": "vso.build", "validTo": "2001-01-01T00:00:00Z"}),
            "invalidValidTo",
        ),
    ] {
        assert_eq!(said(&stage.pat(Method::POST, "", body.clone()).await), word, "{body}");
    }
    assert_eq!(stage.listed("&displayFilterOption=all").await, Vec::<String>::new());
    let unknown = "019f1c3a-0000-7000-8000-000000000000";
    for (named, word) in [("x", "invalidAuthorizationId"), (unknown, "authorizationNotFound")] {
        let query = format!("&authorizationId={named}");
        assert_eq!(said(&stage.pat(Method::GET, &query, Value::Null).await), word);
        assert_eq!(said(&stage.pat(Method::PUT, "", json!({ "authorizationId": named })).await), word);
        stage.pat(Method::DELETE, &query, Value::Null).await.expect(404);
    }
    stage.pat(Method::DELETE, "", Value::Null).await.expect(404);
    stage.pat(Method::POST, "", json!({"displayName": 7})).await.no(400, "VssPropertyValidationException");
    let bad =
        stage.authority.request(Method::POST, &stage.pats("")).basic_auth("", Some(&stage.person.session));
    Answer::to(bad.body("{")).await.no(400, "VssPropertyValidationException");
}

async fn the_words_of_newer_versions_are_told_to_clients_that_know_them(authority: Authority) {
    let stage = person(authority).await;
    let body = json!({"displayName": "x", "scope": "vso.build", "allOrgs": true});
    for (version, word) in [
        ("7.2-preview.1", "globalPATCreationBlocked"),
        ("8.0", "globalPATCreationBlocked"),
        ("7.1-preview.1", "accessDenied"),
        ("6.1-preview", "accessDenied"),
        ("", "accessDenied"),
    ] {
        let path = stage.at(&format!("/_apis/Tokens/Pats?api-version={version}"));
        let answer = stage.call(&stage.person.session, Method::POST, &path, body.clone()).await;
        assert_eq!(said(&answer), word, "{version}");
    }
}

async fn an_end_is_cut_to_what_policies_allow(authority: Authority) {
    let stage = person(authority).await;
    let now = stage.authority.stop_the_clock().await;
    let day = 86_400_000;
    let admin = stage.authority.admin().await;
    let place = format!("/api/v1/policies/{}%2F*", stage.organization);
    stage.authority.put(&admin, &place, json!({"lifetime_minutes_max": 10 * 24 * 60})).await.expect(200);
    let ask =
        |days: i64| json!({"displayName": "x", "scope": "vso.build", "validTo": rfc3339(now + days * day)});
    assert_eq!(ms(&stage.made(ask(5)).await["validTo"]), now + 5 * day);
    let made = stage.made(ask(400)).await;
    assert_eq!(ms(&made["validTo"]), now + 10 * day, "cut, and not refused");
    stage.authority.clock.stand_at_ms(now + 4 * day);
    let session = stage.authority.session(&stage.person.name, crate::support::PASSWORD).await;
    let change = json!({"authorizationId": id(&made), "validTo": rfc3339(now + 400 * day)});
    let changed = stage.call(&session, Method::PUT, &stage.pats(""), change).await.expect(200);
    assert_eq!(ms(&changed.body["patToken"]["validTo"]), now + 10 * day, "counted from when it was made");
    stage.authority.stop().await;
}

async fn a_token_that_has_ended_is_not_extended(authority: Authority) {
    let stage = person(authority).await;
    let now = stage.authority.stop_the_clock().await;
    let body = json!({"displayName": "x", "scope": "vso.build", "validTo": rfc3339(now + 60_000)});
    let made = stage.made(body).await;
    stage.authority.clock.stand_at_ms(now + 60_000);
    let change = json!({"authorizationId": id(&made), "validTo": rfc3339(now + 600_000)});
    for (version, word) in
        [("7.2-preview.1", "expiredPatCannotBeExtended"), ("7.1-preview.1", "accessDenied")]
    {
        let path = stage.at(&format!("/_apis/tokens/pats?api-version={version}"));
        assert_eq!(said(&stage.call(&stage.person.session, Method::PUT, &path, change.clone()).await), word);
    }
    let change = json!({"authorizationId": id(&made), "displayName": "y"});
    assert_eq!(said(&stage.pat(Method::PUT, "", change).await), "invalidToken");
    assert_eq!(stage.listed("&displayFilterOption=expired").await, ["x"]);
    assert_eq!(stage.listed("&displayFilterOption=active").await, Vec::<String>::new());
    stage.authority.stop().await;
}

async fn tokens_are_listed_by_state_order_and_part(authority: Authority) {
    let stage = person(authority).await;
    let now = stage.authority.clock.now_ms();
    for (name, minutes) in [("Bee", 30), ("ant", 20), ("cat", 10)] {
        let end = rfc3339(now + minutes * 60_000);
        let made = stage.made(json!({"displayName": name, "scope": "vso.build", "validTo": end})).await;
        if name == "cat" {
            stage
                .pat(Method::DELETE, &format!("&authorizationId={}", id(&made)), Value::Null)
                .await
                .expect(204);
        }
    }
    for (query, expected) in [
        ("", vec!["ant", "Bee"]),
        ("&displayFilterOption=Active", vec!["ant", "Bee"]),
        ("&displayFilterOption=revoked", vec!["cat"]),
        ("&displayFilterOption=expired", vec![]),
        ("&displayFilterOption=all", vec!["ant", "Bee", "cat"]),
        ("&displayFilterOption=all&isSortAscending=false", vec!["cat", "Bee", "ant"]),
        ("&displayFilterOption=all&sortByOption=displayDate", vec!["cat", "ant", "Bee"]),
        ("&displayFilterOption=all&sortByOption=status&isSortAscending=False", vec!["cat", "ant", "Bee"]),
        ("&displayFilterOption=all&$top=2", vec!["ant", "Bee"]),
        ("&displayFilterOption=all&$top=1000", vec!["ant", "Bee", "cat"]),
    ] {
        assert_eq!(stage.listed(query).await, expected, "{query}");
    }
    let (mut names, mut more) = (vec![], String::new());
    loop {
        let query = format!("&displayFilterOption=all&$top=1&continuationToken={more}");
        let answer = stage.pat(Method::GET, &query, Value::Null).await.expect(200);
        names.extend(answer.body["patTokens"][0]["displayName"].as_str().map(ToOwned::to_owned));
        answer.body["continuationToken"].as_str().unwrap().clone_into(&mut more);
        if more.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["ant", "Bee", "cat"]);
    for wrong in
        ["displayFilterOption=odd", "sortByOption=odd", "isSortAscending=2", "$top=-1", "continuationToken=x"]
    {
        let answer = stage.pat(Method::GET, &format!("&{wrong}"), Value::Null).await;
        answer.no(400, "VssPropertyValidationException");
    }
}

async fn attack_06_the_tokens_of_others_look_like_none(authority: Authority) {
    let stage = person(authority).await;
    let made = stage.made(json!({"displayName": "mine", "scope": "vso.build"})).await;
    let session = stage.authority.admin().await;
    let query = format!("&authorizationId={}", id(&made));
    let asked = |method: Method, query: &str, body: Value| {
        let path = stage.pats(query);
        let (stage, session) = (&stage, session.clone());
        async move { stage.call(&session, method, &path, body).await }
    };
    assert_eq!(said(&asked(Method::GET, &query, Value::Null).await), "authorizationNotFound");
    let change = json!({"authorizationId": id(&made), "displayName": "theirs"});
    assert_eq!(said(&asked(Method::PUT, "", change).await), "authorizationNotFound");
    asked(Method::DELETE, &query, Value::Null).await.expect(404);
    let listed = asked(Method::GET, "&displayFilterOption=all", Value::Null).await.expect(200);
    assert!(!listed.text.contains("mine"), "an administrator's own tokens only");
    // Of a session there is no such thing as its record here.
    let own = stage.authority.get(&stage.person.session, "/api/v1/tokens/self").await.expect(200).body;
    let bits = own["id"].as_str().unwrap().parse::<jeton_token::TokenId>().unwrap().0.bits();
    let group = |from: u32, digits: u32| (bits >> from) & ((1 << (4 * digits)) - 1);
    let middle = [80, 64, 48].map(|from| format!("{:04x}", group(from, 4))).join("-");
    let guid = format!("{:08x}-{middle}-{:012x}", group(96, 8), group(0, 12));
    let answer = stage.pat(Method::GET, &format!("&authorizationId={guid}"), Value::Null).await;
    assert_eq!(said(&answer), "authorizationNotFound");
    // And a token for another organization is not one of this one.
    let other = stage.authority.organization("Other").await;
    let role = stage.authority.role("Reader", &["vso.build"]).await;
    stage.authority.bind(&role, user(&stage.person.name), &format!("{other}/*")).await;
    let path = format!("/compat/azure-devops/{other}/_apis/tokens/pats");
    let answer =
        stage.call(&stage.person.session, Method::GET, &format!("{path}?{query}"), Value::Null).await;
    assert_eq!(said(&answer), "authorizationNotFound");
    let listed = stage.call(&stage.person.session, Method::GET, &path, Value::Null).await.expect(200);
    assert_eq!(listed.body["patTokens"], json!([]));
}

async fn a_token_with_the_scope_for_it_looks_after_tokens(authority: Authority) {
    let stage = person(authority).await;
    let admin = stage.authority.admin().await;
    let reads = stage.authority.pat(&admin, &["vso.pats", "vso.build"]).await.secret;
    let manages = stage.authority.pat(&admin, &["vso.pats_manage", "vso.build"]).await.secret;
    let name = fresh("made by a token ");
    let body = json!({"displayName": name, "scope": "vso.build"});
    let refused = stage.call(&reads, Method::POST, &stage.pats(""), body.clone()).await;
    refused.no(403, "AccessCheckException");
    let made =
        stage.call(&manages, Method::POST, &stage.pats(""), body).await.expect(200).body["patToken"].clone();
    for token in [&reads, &manages] {
        let listed = stage.call(token, Method::GET, &stage.pats(""), Value::Null).await.expect(200);
        assert!(listed.text.contains(&name), "{}", listed.text);
    }
    let query = format!("&authorizationId={}", id(&made));
    let change = json!({"authorizationId": id(&made), "displayName": "changed"});
    stage.call(&reads, Method::PUT, &stage.pats(""), change.clone()).await.no(403, "AccessCheckException");
    stage
        .call(&reads, Method::DELETE, &stage.pats(&query), Value::Null)
        .await
        .no(403, "AccessCheckException");
    stage.call(&manages, Method::PUT, &stage.pats(""), change).await.expect(200);
    stage.call(&manages, Method::DELETE, &stage.pats(&query), Value::Null).await.expect(204);
    // The same rights by their other names.
    let own = stage.authority.pat(&admin, &["Jeton.Token.*", "vso.build"]).await.secret;
    let body = json!({"displayName": fresh("y"), "scope": "vso.build"});
    stage.call(&own, Method::POST, &stage.pats(""), body).await.expect(200);
    stage.authority.get(&reads, "/api/v1/tokens?name=x").await.expect(200);
    // And none of them: a token that may build only.
    let builds = stage.authority.pat(&admin, &["vso.build"]).await.secret;
    stage.call(&builds, Method::GET, &stage.pats(""), Value::Null).await.no(403, "AccessCheckException");
}

async fn attack_03_a_token_makes_none_that_may_more(authority: Authority) {
    let stage = person(authority).await;
    let admin = stage.authority.admin().await;
    let manages = stage.authority.pat(&admin, &["vso.pats_manage", "vso.build"]).await.secret;
    for scope in ["vso.build_execute", "vso.code", "vso.*", "app_token", "Jeton.Token.Create"] {
        let body = json!({"displayName": "x", "scope": scope});
        let answer = stage.call(&manages, Method::POST, &stage.pats(""), body).await;
        assert_eq!(said(&answer), "accessDenied", "{scope}");
    }
    let end = rfc3339(stage.authority.clock.now_ms() + 400 * 86_400_000);
    let body = json!({"displayName": "x", "scope": "vso.build", "validTo": end});
    let made =
        stage.call(&manages, Method::POST, &stage.pats(""), body).await.expect(200).body["patToken"].clone();
    let parent = stage.authority.get(&manages, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(ms(&made["validTo"]), ms(&parent["expires_at"]), "cut to its parent's");
    let change = json!({"authorizationId": id(&made), "validTo": end});
    let changed = stage.call(&manages, Method::PUT, &stage.pats(""), change).await.expect(200);
    assert_eq!(ms(&changed.body["patToken"]["validTo"]), ms(&parent["expires_at"]));
}

async fn a_token_limited_to_places_looks_after_none(authority: Authority) {
    let stage = person(authority).await;
    let made = stage.made(json!({"displayName": "x", "scope": "app_token"})).await;
    let secret = made["token"].as_str().unwrap();
    stage.call(secret, Method::GET, &stage.pats(""), Value::Null).await.no(403, "AccessCheckException");
    let body = json!({"displayName": "y", "scope": "vso.build"});
    stage.call(secret, Method::POST, &stage.pats(""), body).await.no(403, "AccessCheckException");
}

async fn nobody_is_told_of_an_organization_that_they_do_not_see(authority: Authority) {
    let stage = person(authority).await;
    let stranger = stage.authority.person("bob").await;
    let body = json!({"displayName": "x", "scope": "vso.build"});
    let here = stage.call(&stranger.session, Method::POST, &stage.pats(""), body.clone()).await.expect(404);
    let path = stage.pats("").replace(&stage.organization, "nowhere");
    let nowhere = stage.call(&stranger.session, Method::POST, &path, body).await.expect(404);
    assert_eq!(here.text, nowhere.text);
}

async fn a_repeated_call_makes_one_token(authority: Authority) {
    let stage = person(authority).await;
    let call = async || {
        let request =
            stage.authority.request(Method::POST, &stage.pats("")).bearer_auth(&stage.person.session);
        let request = request.header(
            "idempotency-key",
            format!("a long and random key {}", stage.person.name).replace(' ', "-"),
        );
        Answer::to(request.json(&json!({"displayName": "once", "scope": "vso.build"}))).await.expect(200)
    };
    assert_eq!(call().await.body, call().await.body);
    assert_eq!(stage.listed("").await, ["once"]);
}
