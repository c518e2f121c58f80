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

fn check_refused(paths: &[&str]) {
    for path in paths {
        assert_eq!(canonical_path(path), Err(RouteError::Ambiguous), "{path:?}");
    }
}

#[test]
fn what_does_not_begin_with_a_slash_is_refused() {
    check_refused(&["", "tasks", "*", "http://host/tasks", "%2Ftasks"]);
}

#[test]
fn empty_and_dot_segments_are_refused_plain_and_encoded() {
    check_refused(&["//", "//admin", "/public//admin", "/admin//", "/.", "/..", "/public/..", "/%2e/admin"]);
    check_refused(&["/public/../admin", "/public/./admin", "/public/%2e%2e/admin", "/public/%2E./admin"]);
    check_refused(&["/public/.%2e/admin", "/%2e%2e", "/a/%2e", "/public/%2e%2E/"]);
}

#[test]
fn separators_that_some_servers_decode_are_refused() {
    check_refused(&[
        "/public%2fadmin",
        "/public%2Fadmin",
        "/public%5cadmin",
        "/public\\..\\admin",
        "/public/..\\admin",
    ]);
}

#[test]
fn parameters_queries_and_fragments_within_a_path_are_refused() {
    check_refused(&[
        "/admin;x",
        "/admin;/x",
        "/..;/admin",
        "/admin%3bx",
        "/admin?x",
        "/admin%3fx",
        "/admin#x",
    ]);
    check_refused(&["/admin%23x", "/;", "/?", "/#", "/%3B"]);
}

#[test]
fn what_is_encoded_twice_or_badly_is_refused() {
    check_refused(&[
        "/%252e%252e/admin",
        "/%25",
        "/%2525",
        "/%",
        "/%2",
        "/%zz",
        "/%u002e",
        "/%+2",
        "/%2%65",
        "/%/",
    ]);
}

#[test]
fn control_characters_and_what_is_not_utf_8_are_refused() {
    check_refused(&[
        "/\0", "/%00", "/a\nb", "/%0a", "/%0D%0A", "/\t", "/%7f", "/\u{7f}", "/%c2%85", "/\u{9b}",
    ]);
    check_refused(&["/%ff", "/%c0%af", "/%c0%ae%c0%ae/admin", "/%ed%a0%80", "/%e2%28%a1"]);
}

#[test]
fn braces_are_refused_because_only_a_template_has_them() {
    check_refused(&["/{id}", "/{", "/}", "/a}b", "/%7bid%7d", "/%7B", "/%7d"]);
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
