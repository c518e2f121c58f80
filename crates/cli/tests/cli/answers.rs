//! What becomes of a server's answers, sensible and other ones.

use serde_json::json;

use crate::stub::{Stub, page, problem, token};
use crate::support::Home;

const SHOW: &str = "GET /api/v1/users/alice";

#[test]
fn refusals_have_their_exit_codes() {
    let table =
        [(400, 1), (401, 4), (403, 3), (404, 5), (409, 6), (412, 6), (422, 1), (429, 1), (500, 1), (503, 8)];
    for (status, code) in table {
        let stub = Stub::new(vec![(SHOW, status, problem(status, "some_code", "this is why"))]);
        let ran = Home::new().run_with(&["user", "show", "alice"], &stub.variables(), "");
        assert_eq!(ran.code, code, "{status}: {}", ran.shown());
        assert!(ran.stderr.starts_with("error: this is why\n"), "{status}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_denial_names_the_scope_and_a_dead_credential_the_way_back() {
    let denied = json!({"type": "about:blank", "title": "t", "status": 403, "code": "insufficient_scope",
        "detail": "the token lacks a scope", "missing_scope": "Jeton.Admin.User", "request_id": "r-1"});
    let stub = Stub::new(vec![(SHOW, 403, denied.to_string())]);
    let ran = Home::new().run_with(&["user", "show", "alice"], &stub.variables(), "");
    assert_eq!(ran.stderr, "error: the token lacks a scope\n  missing scope: Jeton.Admin.User\n");

    let stub = Stub::new(vec![(SHOW, 401, problem(401, "expired_token", "the credential has expired"))]);
    let home = Home::new();
    home.profile(&format!("url = \"{0}\"\ntoken = \"jtn_ses_x\"\n", stub.url), 0o600);
    let ran = home.run(&["user", "show", "alice"]);
    let url = &stub.url;
    let expected =
        format!("error: the credential has expired\n  sign in again with: jeton login --url {url}\n");
    assert_eq!((ran.code, ran.stderr), (4, expected));
}

#[test]
fn answers_that_are_no_jetons_are_told_apart() {
    let table = [
        (502, "<html>", 8, "did not say why"),
        (200, "<html>", 1, "makes no sense"),
        (302, "", 1, "`--url`"),
    ];
    for (status, body, code, said) in table {
        let stub = Stub::new(vec![(SHOW, status, body.to_owned())]);
        let ran = Home::new().run_with(&["user", "show", "alice"], &stub.variables(), "");
        assert_eq!(ran.code, code, "{status}: {}", ran.shown());
        assert!(ran.stderr.contains(said), "{status}: {}", ran.stderr);
    }
}

/// Threat 26: names come from other people.
#[test]
fn attack_26_names_do_not_reach_the_terminal_raw() {
    let name = "a\u{1b}]0;owned\u{7}\r\nerror: fake\u{9b}2J\u{202e}";
    let tokens = page(&[token(json!({"name": name, "description": name}))]);
    let list = "GET /api/v1/tokens?page_size=1000";
    let gone = format!("no `{name}`");
    let stub = Stub::new(vec![(list, 200, tokens), (SHOW, 404, problem(404, "not_found", &gone))]);
    for format in ["table", "json", "yaml", "value"] {
        let ran = Home::new().run_with(&["token", "list", "-o", format], &stub.variables(), "");
        assert_eq!(ran.code, 0, "{}", ran.shown());
        assert_harmless(&ran.stdout);
    }
    let ran = Home::new().run_with(&["user", "show", "alice"], &stub.variables(), "");
    assert_harmless(&ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

fn assert_harmless(text: &str) {
    let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(harmful), "{text:?}");
}

#[test]
fn every_page_of_a_list_is_read() {
    let first = json!({"items": [token(json!({"id": "one"}))], "next_page_token": "p/2"}).to_string();
    let stub = Stub::new(vec![
        ("GET /api/v1/tokens?page_size=1000", 200, first),
        ("GET /api/v1/tokens?page_size=1000&page_token=p%2F2", 200, page(&[token(json!({"id": "two"}))])),
    ]);
    let ran = Home::new().run_with(&["token", "list", "-o", "value"], &stub.variables(), "");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "one\ntwo\n"), "{}", ran.stderr);
}

#[test]
fn a_list_that_does_not_end_is_an_error() {
    let page = json!({"items": [], "next_page_token": "again"}).to_string();
    let again = "GET /api/v1/users?page_token=again";
    let stub = Stub::new(vec![("GET /api/v1/users", 200, page.clone()), (again, 200, page)]);
    assert_eq!(Home::new().run_with(&["user", "list"], &stub.variables(), "").code, 1);
}

#[test]
fn an_empty_list_is_no_line() {
    let stub = Stub::new(vec![("GET /api/v1/users", 200, page(&[]))]);
    let ran = Home::new().run_with(&["user", "list"], &stub.variables(), "");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", "nothing to show\n"));
    let ran = Home::new().run_with(&["user", "list", "--json"], &stub.variables(), "");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("[]\n", ""));
}

#[test]
fn creating_a_user_never_replaces_one() {
    let user = json!({"id": "u1", "number": 2, "name": "bob", "display_name": null, "email": null,
        "disabled": false, "created_at": "2026-11-22T02:49:00Z"});
    let stub = Stub::new(vec![("PUT /api/v1/users/bob", 201, user.to_string())]);
    let args = ["user", "create", "bob", "--password-stdin", "--email", "bob@example.com"];
    let ran = Home::new().run_with(&args, &stub.variables(), "pass word\n");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let asked = &stub.asked()[0];
    assert!(asked.headers.contains("if-none-match: *"), "{}", asked.headers);
    assert_eq!(
        stub.body("PUT /api/v1/users/bob"),
        json!({"password": "pass word", "email": "bob@example.com"})
    );
}

#[test]
fn what_cannot_be_undone_needs_a_yes() {
    let user = json!({"id": "u1", "number": 2, "name": "bob", "display_name": null, "email": null,
        "disabled": false, "created_at": "2026-11-22T02:49:00Z"});
    let stub = Stub::new(vec![
        ("GET /api/v1/users/bob", 200, user.to_string()),
        ("DELETE /api/v1/users/bob", 204, String::new()),
    ]);
    let ran = Home::new().run_with(&["user", "delete", "bob"], &stub.variables(), "y\n");
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert!(!stub.lines().iter().any(|line| line.starts_with("DELETE")));
    let ran = Home::new().run_with(&["user", "delete", "bob", "--yes"], &stub.variables(), "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "deleted `bob`\n"));
}
