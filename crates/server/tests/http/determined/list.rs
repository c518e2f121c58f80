//! `GET /compat/determined/api/v1/tokens`

use serde_json::{Value, json};

use super::{Refused as _, issued, numbers, remove_token_creator};
use crate::support::Authority;

on_both! {
    alone:
        administrators_see_everybodys_access_tokens_and_nothing_else,
        what_has_ended_is_shown_on_demand,
        a_list_is_sorted_and_cut_as_asked,
        a_list_is_whole_or_refused,
        what_is_only_suspended_has_not_ended,
        without_the_role_nobody_looks_at_tokens;
    shared:
        people_see_their_own_with_a_name_and_without,
        whose_tokens_one_may_not_see_is_not_told,
        tokens_are_described_by_number_dead_or_alive,
        queries_are_read_leniently_and_nonsense_is_refused,
        a_credential_without_the_right_to_look_sees_nothing;
}

async fn people_see_their_own_with_a_name_and_without(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let (_, first) = authority.det_token(&alice.session).await;
    authority.det_token(&bob.session).await;
    let (second_text, second) = authority.det_token(&alice.session).await;
    let by_name = format!("username={}", alice.name);
    for secret in [&alice.session, &second_text] {
        for query in ["", "showInactive=false", &by_name, &format!("{by_name}&showInactive=false")] {
            assert_eq!(authority.det_numbers(secret, query).await, [first, second], "{query}");
        }
    }
    let answer = authority.det_get(&alice.session, "/api/v1/tokens/?limit=1").await.expect(200);
    let user = authority.own_number(&alice.session).await;
    let token = &answer.body["tokenInfo"][0];
    let expected = json!({
        "id": first, "userId": user, "description": "", "revoked": false, "tokenType": "TOKEN_TYPE_ACCESS_TOKEN",
        "createdAt": token["createdAt"], "expiry": token["expiry"],
    });
    assert_eq!(token, &expected);
    assert_eq!(
        answer.body["pagination"],
        json!({"offset": 0, "limit": 1, "startIndex": 0, "endIndex": 1, "total": 2})
    );
}

async fn whose_tokens_one_may_not_see_is_not_told(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let bob = authority.person("bob").await;
    let (_, of_bob) = authority.det_token(&bob.session).await;
    let mut refusals = Vec::new();
    for name in [bob.name.as_str(), "nobody-at-all", "admin"] {
        let answer = authority.det_get(&alice.session, &format!("/api/v1/tokens?username={name}")).await;
        refusals.push(answer.no(403, "insufficient_scope", "PermissionDenied").without_request_id());
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(authority.det_numbers(&admin, &format!("username={}", bob.name)).await, [of_bob]);
    for name in ["nobody-at-all", "no%20name", "taskurai"] {
        let answer = authority.det_get(&admin, &format!("/api/v1/tokens?username={name}")).await;
        answer.no(404, "not_found", "NotFound");
    }
}

async fn administrators_see_everybodys_access_tokens_and_nothing_else(authority: Authority) {
    let admin = authority.admin().await;
    assert_eq!(authority.det_numbers(&admin, "showInactive=true").await, Vec::<i64>::new());
    // Sessions and credentials of APIs are tokens too, but not on this wire.
    authority.api().await;
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let (_, first) = authority.det_token(&alice.session).await;
    let (_, second) = authority.det_token(&bob.session).await;
    let (_, third) = authority.det_token(&admin).await;
    for query in ["", "showInactive=true"] {
        assert_eq!(authority.det_numbers(&admin, query).await, [first, second, third], "{query}");
    }
    for session in [&admin, &alice.session, &authority.api().await] {
        let number = authority.token_number(session).await;
        let described = authority.det_numbers(&admin, &format!("tokenIds={number}")).await;
        assert_eq!(described, Vec::<i64>::new());
    }
}

async fn what_has_ended_is_shown_on_demand(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let user = authority.own_number(&alice.session).await;
    let (_, live) = authority.det_token(&alice.session).await;
    let (_, revoked) = authority.det_token(&alice.session).await;
    authority.det_patch(&alice.session, revoked, &json!({"setRevoked": true})).await.expect(200);
    let short = json!({"userId": user, "lifespan": "1h"});
    let (_, expired) = issued(&authority.det_create(&alice.session, &short).await);
    authority.clock.advance_minutes(61);

    for query in ["", "showInactive=false", "showInactive="] {
        assert_eq!(authority.det_numbers(&alice.session, query).await, [live], "{query}");
    }
    let answer = authority.det_get(&alice.session, "/api/v1/tokens?showInactive=true").await.expect(200);
    assert_eq!(numbers(&answer), [live, revoked, expired]);
    let is_revoked: Vec<_> = (0..3).map(|at| answer.body["tokenInfo"][at]["revoked"].clone()).collect();
    assert_eq!(is_revoked, [json!(false), json!(true), json!(false)]);

    authority.delete(&admin, &format!("/api/v1/users/{}", alice.name)).await.expect(204);
    assert_eq!(authority.det_numbers(&admin, "").await, Vec::<i64>::new());
    let answer = authority.det_get(&admin, "/api/v1/tokens?showInactive=true").await.expect(200);
    assert_eq!(numbers(&answer), [live, revoked, expired], "the record of who owned what stays");
    assert!((0..3).all(|at| answer.body["tokenInfo"][at]["revoked"] == true), "{}", answer.text);
}

async fn tokens_are_described_by_number_dead_or_alive(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let bob = authority.person("bob").await;
    let (_, live) = authority.det_token(&alice.session).await;
    let (_, dead) = authority.det_token(&alice.session).await;
    authority.det_patch(&alice.session, dead, &json!({"setRevoked": true})).await.expect(200);
    let (_, of_bob) = authority.det_token(&bob.session).await;
    let session = authority.token_number(&alice.session).await;
    let ask =
        format!("tokenIds={of_bob}&tokenIds={dead}&token_ids={live}&tokenIds={live}&tokenIds={session}");
    assert_eq!(authority.det_numbers(&alice.session, &ask).await, [live, dead]);
    assert_eq!(authority.det_numbers(&admin, &ask).await, [live, dead, of_bob]);
    let of_alice = format!("{ask}&username={}", alice.name);
    assert_eq!(authority.det_numbers(&admin, &of_alice).await, [live, dead]);
    for nothing in [of_bob, session, 999_999_999, 9_007_199_254_740_993, i64::MAX] {
        let found = authority.det_numbers(&alice.session, &format!("tokenIds={nothing}")).await;
        assert_eq!(found, Vec::<i64>::new());
    }
    let answer =
        authority.det_get(&alice.session, &format!("/api/v1/tokens?tokenIds={live}&username=admin")).await;
    answer.no(403, "insufficient_scope", "PermissionDenied");
    let many = vec!["tokenIds=1"; 257].join("&");
    for wrong in [
        "tokenIds=0",
        "tokenIds=-1",
        "tokenIds=x",
        "tokenIds=9223372036854775808",
        "tokenIds=1&tokenIds=0",
        &many,
    ] {
        let answer = authority.det_get(&alice.session, &format!("/api/v1/tokens?{wrong}")).await;
        let answer = answer.no(400, "invalid_field", "InvalidArgument");
        assert_eq!(answer.body["errors"][0]["pointer"], "tokenIds");
    }
}

async fn a_list_is_sorted_and_cut_as_asked(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let make = async |secret: &str, description: &str, lifespan: &str| {
        let user = authority.own_number(secret).await;
        let body = json!({"userId": user, "description": description, "lifespan": lifespan});
        authority.clock.advance_minutes(1);
        issued(&authority.det_create(secret, &body).await).1
    };
    let b = make(&alice.session, "b", "3h").await;
    let none = make(&admin, "", "-1").await;
    let c = make(&admin, "c", "2h").await;
    let a = make(&alice.session, "a", "4h").await;
    authority.det_patch(&admin, c, &json!({"setRevoked": true})).await.expect(200);
    let sorted = async |by: &str, order: &str| {
        let query = format!("showInactive=true&sortBy=SORT_BY_{by}&orderBy=ORDER_BY_{order}");
        authority.det_numbers(&admin, &query).await
    };
    for (by, ascending, descending) in [
        ("UNSPECIFIED", [b, none, c, a], [a, c, none, b]),
        ("CREATED_AT", [b, none, c, a], [a, c, none, b]),
        ("USER_ID", [none, c, b, a], [b, a, none, c]),
        ("EXPIRY", [c, b, a, none], [none, a, b, c]),
        ("TOKEN_TYPE", [b, none, c, a], [b, none, c, a]),
        ("REVOKED", [b, none, a, c], [c, b, none, a]),
        ("DESCRIPTION", [a, b, c, none], [none, c, b, a]),
    ] {
        assert_eq!(sorted(by, "ASC").await, ascending, "{by}");
        assert_eq!(sorted(by, "UNSPECIFIED").await, ascending, "{by}");
        assert_eq!(sorted(by, "DESC").await, descending, "{by} descending");
    }
    let all = "showInactive=true";
    for (part, expected, page) in [
        ("limit=2", vec![b, none], [0, 2, 0, 2]),
        ("limit=2&offset=-2", vec![c, a], [-2, 2, 2, 4]),
        ("offset=3", vec![a], [3, 0, 3, 4]),
        ("offset=4", vec![], [4, 0, 4, 4]),
        ("offset=-4&limit=100", vec![b, none, c, a], [-4, 100, 0, 4]),
        ("limit=0&offset=0", vec![b, none, c, a], [0, 0, 0, 4]),
    ] {
        let answer = authority.det_get(&admin, &format!("/api/v1/tokens?{all}&{part}")).await.expect(200);
        assert_eq!(numbers(&answer), expected, "{part}");
        let [offset, limit, start, end] = page;
        let page =
            json!({"offset": offset, "limit": limit, "startIndex": start, "endIndex": end, "total": 4});
        assert_eq!(answer.body["pagination"], page, "{part}");
    }
    let everything = format!(
        "limit=2&offset=-2&orderBy=ORDER_BY_DESC&{all}&sortBy=SORT_BY_EXPIRY&tokenIds={b}&tokenIds={a}&username="
    );
    assert_eq!(authority.det_numbers(&admin, &everything).await, [a, b]);
}

async fn queries_are_read_leniently_and_nonsense_is_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    let (_, number) = authority.det_token(&alice.session).await;
    for query in [
        "show_inactive=True&sort_by=SORT_BY_EXPIRY&order_by=ORDER_BY_ASC",
        "showInactive=1&unknown=x&unknown=y&page_size=1",
        "showInactive=f&limit=&offset=&tokenIds=",
        "sortBy=&orderBy=",
    ] {
        assert_eq!(authority.det_numbers(&alice.session, query).await, [number], "{query}");
    }
    for (query, pointer) in [
        ("showInactive=maybe", "showInactive"),
        ("showInactive=true&show_inactive=true", "showInactive"),
        ("sortBy=SORT_BY_COLOUR", "sortBy"),
        ("orderBy=DESC", "orderBy"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("offset=2", "offset"),
        ("offset=-2", "offset"),
        ("username=a&username=b", "username"),
    ] {
        let answer = authority.det_get(&alice.session, &format!("/api/v1/tokens?{query}")).await;
        let answer = answer.no(400, "invalid_field", "InvalidArgument");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{query}");
    }
}

async fn a_credential_without_the_right_to_look_sees_nothing(authority: Authority) {
    let alice = authority.person("alice").await;
    let (_, number) = authority.det_token(&alice.session).await;
    let narrow = authority.pat(&alice.session, &["Taskurai.*"]).await;
    for query in [String::new(), format!("username={}", alice.name), format!("tokenIds={number}")] {
        let answer = authority.det_get(&narrow.secret, &format!("/api/v1/tokens?{query}")).await;
        let answer = answer.no(403, "insufficient_scope", "PermissionDenied");
        assert_eq!(answer.body["missing_scope"], "Jeton.Token.Read");
        assert_eq!(answer.body["tokenInfo"], Value::Null);
    }
}

/// The client asks for everything at once and would not notice that something is missing.
async fn a_list_is_whole_or_refused(authority: Authority) {
    const WHOLE: i64 = 1_100;
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    authority.det_token(&alice.session).await;
    many_tokens(&authority, &alice.name, WHOLE - 1).await;
    let found = authority.det_numbers(&admin, "showInactive=true").await;
    assert_eq!(i64::try_from(found.len()), Ok(WHOLE));
    assert!(found.is_sorted());

    many_tokens(&authority, &alice.name, 4_000).await;
    let answer = authority.det_get(&admin, "/api/v1/tokens?showInactive=true").await;
    let answer = answer.no(400, "invalid_field", "InvalidArgument");
    assert_eq!(answer.body["errors"][0]["pointer"], "username");
    assert_eq!(authority.det_numbers(&admin, "showInactive=true&username=admin").await, Vec::<i64>::new());
}

/// So many more tokens of a user, as rows that only look like some: they are listed, and honoured by nobody.
async fn many_tokens(authority: &Authority, owner: &str, count: i64) {
    let mut sql = authority.sql().await;
    let seal = sql.bytes("00");
    let owner = sql.rows(&format!("SELECT id FROM principal WHERE name = '{owner}'")).await[0][0].clone();
    let first = sql.number("SELECT CAST(MAX(number) AS TEXT) FROM token").await;
    let id = |number: i64| {
        let bits = (u128::try_from(number).unwrap() << 80) | (7 << 76) | (0b10 << 62);
        jeton_token::Id::from_bits(bits).unwrap()
    };
    let row = |number: i64| format!("('{}', 'pat', 'x', '{owner}', 0, 0, '', 1, {seal})", id(number));
    let rows: Vec<_> = (first..first + count).map(row).collect();
    for rows in rows.chunks(1000) {
        let columns = "id, kind, name, owner_id, created_at, secret_issued_at, hint, mac_version, mac";
        sql.change(&format!("INSERT INTO token ({columns}) VALUES {}", rows.join(", "))).await;
    }
}

async fn what_is_only_suspended_has_not_ended(authority: Authority) {
    let (admin, bob) = (authority.admin().await, authority.person("bob").await);
    let (_, number) = authority.det_token(&bob.session).await;
    let path = format!("/api/v1/users/{}", bob.name);
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    let answer = authority.det_get(&admin, "/api/v1/tokens").await.expect(200);
    assert_eq!((numbers(&answer), &answer.body["tokenInfo"][0]["revoked"]), (vec![number], &json!(false)));
}

async fn without_the_role_nobody_looks_at_tokens(authority: Authority) {
    let (admin, carol) = (authority.admin().await, authority.person("carol").await);
    let (token, number) = authority.det_token(&carol.session).await;
    remove_token_creator(&authority).await;
    let user = authority.own_number(&carol.session).await;
    for secret in [&carol.session, &token] {
        for query in [String::new(), format!("tokenIds={number}"), format!("username={}", carol.name)] {
            let answer = authority.det_get(secret, &format!("/api/v1/tokens?{query}")).await;
            answer.no(403, "insufficient_scope", "PermissionDenied");
        }
        let answer = authority.det_create(secret, &json!({"userId": user})).await;
        answer.no(403, "insufficient_scope", "PermissionDenied");
        for body in [json!({"setRevoked": true}), json!({"description": "x"})] {
            let answer = authority.det_patch(secret, number, &body).await;
            answer.no(403, "insufficient_scope", "PermissionDenied");
        }
    }
    assert_eq!(authority.det_numbers(&admin, "").await, [number]);
}
