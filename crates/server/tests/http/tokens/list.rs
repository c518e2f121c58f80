//! `GET /api/v1/tokens`

use serde_json::{Value, json};

use crate::support::{Authority, PASSWORD, Person};

on_both! {
    alone: a_state_selects_among_active_expired_revoked_and_suspended;
    shared:
        a_list_is_newest_first_and_stable_while_rows_change,
        filters_select_and_combine,
        parameters_that_are_not_understood_are_refused,
        everybody_lists_their_own_and_administrators_everybodys,
        a_filter_is_taken_literally;
}

async fn five(authority: &Authority, person: &Person) -> Vec<String> {
    let mut names = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        authority.token(&person.session, json!({"name": name, "scopes": ["*"]})).await.expect(201);
        names.insert(0, name.to_owned());
    }
    names
}

async fn a_list_is_newest_first_and_stable_while_rows_change(authority: Authority) {
    let alice = authority.person("alice").await;
    let expected = five(&authority, &alice).await;
    assert_eq!(authority.names(&alice.session, "kind=personal").await, expected);

    let (mut names, mut next) = (Vec::new(), String::new());
    loop {
        let page =
            authority.get(&alice.session, &format!("/api/v1/tokens?kind=personal&page_size=2{next}")).await;
        let body = page.expect(200).body;
        let items = body["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(token) = body["next_page_token"].as_str() else { break };
        next = format!("&page_token={token}");
        // Rows that come and go meanwhile neither repeat nor hide one that stays.
        authority.token(&alice.session, json!({"scopes": ["*"]})).await.expect(201);
        let gone = authority.get(&alice.session, "/api/v1/tokens?name=four").await.expect(200).body;
        if let Some(id) = gone["items"][0]["id"].as_str() {
            authority.revoke(&alice.session, id).await.expect(204);
        }
    }
    assert_eq!(names, expected);
}

async fn filters_select_and_combine(authority: Authority) {
    let alice = authority.person("alice").await;
    five(&authority, &alice).await;
    assert_eq!(authority.names(&alice.session, "name=three").await, ["three"]);
    assert_eq!(authority.names(&alice.session, "name=thre").await, [""; 0]);
    assert_eq!(authority.names(&alice.session, "name=three&kind=session").await, [""; 0]);
    assert_eq!(authority.names(&alice.session, "kind=session").await.len(), 1);
    assert_eq!(authority.names(&alice.session, "kind=job").await, [""; 0]);
    assert_eq!(authority.names(&alice.session, "page_size=1").await, ["five"]);
    assert_eq!(authority.names(&alice.session, "page_size=1000&state=all").await.len(), 6);
    let own = format!("owner={}&kind=personal", alice.name.to_uppercase());
    assert_eq!(authority.names(&alice.session, &own).await.len(), 5, "names have one spelling");
}

async fn parameters_that_are_not_understood_are_refused(authority: Authority) {
    let session = authority.person("alice").await.session;
    let get = async |query: &str| authority.get(&session, &format!("/api/v1/tokens?{query}")).await;
    for (query, pointer) in [
        ("page_size=0", "page_size"),
        ("page_size=1001", "page_size"),
        ("page_token=abc", "page_token"),
        ("page_token=99999999999999999999", "page_token"),
        ("state=dead", "state"),
        ("kind=pat", "kind"),
        ("owner=%2e", "owner"),
    ] {
        get(query).await.invalid(pointer, "invalid_field");
    }
    for query in ["page_size=abc", "page_size=-1", "page_size=", "name=a&name=b"] {
        get(query).await.refused(422, "invalid_field");
    }
    for query in ["sort=id;--", "filter=1%20OR%201=1", "Name=a", "access_token=x", "names=a", "=1"] {
        get(query).await.refused(422, "unknown_field");
    }
}

async fn everybody_lists_their_own_and_administrators_everybodys(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    five(&authority, &alice).await;
    five(&authority, &bob).await;
    for item in
        authority.get(&alice.session, "/api/v1/tokens").await.expect(200).body["items"].as_array().unwrap()
    {
        assert_eq!(item["owner"]["name"], json!(alice.name));
    }
    let query = |name: &str| format!("/api/v1/tokens?owner={name}");
    let others = authority.get(&alice.session, &query(&bob.name)).await.refused(403, "insufficient_scope");
    let nobody =
        authority.get(&alice.session, &query("nobody-at-all")).await.refused(403, "insufficient_scope");
    assert_eq!(others.without_request_id(), nobody.without_request_id(), "names of users are not told");

    let admin = authority.admin().await;
    let found = authority.get(&admin, &query(&bob.name)).await.expect(200).body;
    assert_eq!(found["items"].as_array().unwrap().len(), 6);
    let all = authority.get(&admin, "/api/v1/tokens?page_size=1000").await.expect(200).body;
    let owners: Vec<&Value> =
        all["items"].as_array().unwrap().iter().map(|item| &item["owner"]["name"]).collect();
    assert!(owners.contains(&&json!(alice.name)) && owners.contains(&&json!(bob.name)));
    authority.get(&admin, &query("nobody-at-all")).await.refused(404, "not_found");
}

async fn a_state_selects_among_active_expired_revoked_and_suspended(authority: Authority) {
    let alice = authority.person("alice").await;
    let make = async |secret: &str, name: &str, minutes: i64| {
        let body = json!({"name": name, "scopes": ["*"], "expires_in_minutes": minutes});
        authority.token(secret, body).await.pat()
    };
    let parent = make(&alice.session, "revoked", 60).await;
    make(&parent.secret, "suspended", 30).await;
    make(&alice.session, "expired", 5).await;
    make(&alice.session, "active", 60).await;
    authority.revoke(&alice.session, &parent.id).await.expect(204);
    authority.clock.advance_minutes(5);
    for state in ["active", "expired", "revoked", "suspended"] {
        let query = format!("kind=personal&state={state}");
        assert_eq!(authority.names(&alice.session, &query).await, [state]);
        let path = format!("/api/v1/tokens?kind=personal&state={state}");
        let listed = authority.get(&alice.session, &path).await.expect(200).body["items"][0].clone();
        assert_eq!(listed["state"], state);
        assert_eq!(authority.record(&alice.session, listed["id"].as_str().unwrap()).await, listed);
    }
    assert_eq!(authority.names(&alice.session, "kind=personal").await, ["active"], "the default");
    assert_eq!(authority.names(&alice.session, "kind=personal&state=all").await.len(), 4);
    let again = authority.session(&alice.name, PASSWORD).await;
    authority.revoke(&again, &parent.id).await.expect(204);
    let record = authority.record(&again, &parent.id).await;
    assert!(record["revoked_at"].is_string() && record["revoked_by"].is_string(), "{record}");
}

async fn a_filter_is_taken_literally(authority: Authority) {
    let alice = authority.person("alice").await;
    for name in ["a%b", "a_b", "it's", "axb", "100%"] {
        authority.token(&alice.session, json!({"name": name, "scopes": ["*"]})).await.expect(201);
    }
    for (query, found) in [("a%25b", "a%b"), ("a_b", "a_b"), ("it%27s", "it's"), ("100%25", "100%")] {
        assert_eq!(authority.names(&alice.session, &format!("name={query}")).await, [found]);
    }
    let long = "x".repeat(10_000);
    for nothing in ["%25", "_", "%27", "a%25", "%27%20OR%20%271%27=%271", "%00", "a%00b", &long] {
        let answer = authority.get(&alice.session, &format!("/api/v1/tokens?name={nothing}")).await;
        assert!(answer.status == 422 || answer.body["items"] == json!([]), "{nothing}: {}", answer.text);
    }
}
