//! Request paths: what every server reads alike, and what is refused.

use jeton_token::{RouteError, canonical_path};
use proptest::prelude::*;

#[test]
fn a_plain_path_stays_as_it_is() {
    for path in
        ["/", "/tasks", "/tasks/", "/tasks/task-1", "/a.b/c~d/e,f/g=h", "/...", "/.hidden", "/ä", "/a:b@c"]
    {
        assert_eq!(canonical_path(path).as_deref(), Ok(path));
    }
}

#[test]
fn percent_encoding_is_undone_once() {
    for (path, canonical) in [
        ("/%74asks", "/tasks"),
        ("/a%20b", "/a b"),
        ("/%C3%A4", "/ä"),
        ("/%c3%a4", "/ä"),
        ("/%2E%2e%2E", "/..."),
        ("/a%2ab", "/a*b"),
    ] {
        assert_eq!(canonical_path(path).as_deref(), Ok(canonical), "{path}");
    }
}

#[test]
fn a_path_that_servers_read_differently_is_refused() {
    for path in [
        // no path at all
        "",
        "tasks",
        "*",
        "http://host/tasks",
        "%2Ftasks",
        // empty and dot segments, plain and encoded
        "//",
        "//admin",
        "/public//admin",
        "/admin//",
        "/.",
        "/..",
        "/public/../admin",
        "/public/./admin",
        "/public/%2e%2e/admin",
        "/public/%2E./admin",
        "/public/.%2e/admin",
        "/%2e/admin",
        "/public/..",
        // separators that some servers decode
        "/public%2fadmin",
        "/public%2Fadmin",
        "/public%5cadmin",
        "/public\\..\\admin",
        "/public/..\\admin",
        // parameters, queries and fragments within a path
        "/admin;x",
        "/admin;/x",
        "/..;/admin",
        "/admin%3bx",
        "/admin?x",
        "/admin%3fx",
        "/admin#x",
        "/admin%23x",
        // encoded twice, or badly
        "/%252e%252e/admin",
        "/%25",
        "/%2525",
        "/%",
        "/%2",
        "/%zz",
        "/%u002e",
        "/%+2",
        "/%2%65",
        // control characters and what is not UTF-8
        "/\0",
        "/%00",
        "/a\nb",
        "/%0a",
        "/%0D%0A",
        "/\t",
        "/%7f",
        "/\u{7f}",
        "/%c2%85",
        "/\u{9b}",
        "/%ff",
        "/%c0%af",
        "/%c0%ae%c0%ae/admin",
        "/%ed%a0%80",
        "/%e2%28%a1",
        // braces, which only a template has
        "/{id}",
        "/{",
        "/}",
        "/a}b",
        "/%7bid%7d",
        "/%7B",
        "/%7d",
    ] {
        assert_eq!(canonical_path(path), Err(RouteError::Ambiguous), "{path:?}");
    }
}

/// Texts near the border: mostly characters with a meaning in paths.
fn any_path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just(".".to_owned()),
        Just("%".to_owned()),
        "%[0-9a-fA-F]{2}",
        "[a-z0-9._~{};\\\\#?%-]{1,4}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn any_string_is_judged_without_a_panic(path in any::<String>()) {
        let _ = canonical_path(&path);
    }

    #[test]
    fn a_canonical_path_is_its_own_canonical_path(path in any_path()) {
        if let Ok(canonical) = canonical_path(&path) {
            prop_assert_eq!(canonical_path(&canonical), Ok(canonical));
        }
    }

    #[test]
    fn a_canonical_path_has_nothing_left_to_read_in_two_ways(path in any_path()) {
        if let Ok(canonical) = canonical_path(&path) {
            let tricky = |c: char| c.is_control() || "\\;#?%{}".contains(c);
            prop_assert!(!canonical.contains(tricky), "{:?}", canonical);
            prop_assert!(!canonical.contains("//"), "{:?}", canonical);
            prop_assert!(canonical.split('/').all(|segment| segment != "." && segment != ".."), "{:?}", canonical);
        }
    }
}
