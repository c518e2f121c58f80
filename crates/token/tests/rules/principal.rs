//! Names and kinds of principals.

use jeton_token::{NameError, PrincipalKind, PrincipalName};
use proptest::prelude::*;

#[test]
fn a_name_is_kept_in_lower_case() {
    let longest = "a".repeat(PrincipalName::MAX_BYTES);
    for (text, name) in [
        ("alice", "alice"),
        ("Alice", "alice"),
        ("ALICE@Example.COM", "alice@example.com"),
        ("a", "a"),
        ("0", "0"),
        ("a.b_c-d+e@f", "a.b_c-d+e@f"),
        ("a..", "a.."),
        (&*longest, &*longest),
    ] {
        assert_eq!(text.parse::<PrincipalName>().unwrap().as_str(), name);
    }
}

fn check_refused(texts: &[&str]) {
    for text in texts {
        assert_eq!(text.parse::<PrincipalName>(), Err(NameError), "{text:?}");
    }
}

#[test]
fn a_name_of_no_or_too_many_characters_is_refused() {
    check_refused(&["", &"a".repeat(65), &"ä".repeat(33)]);
}

#[test]
fn a_name_begins_with_a_letter_or_digit() {
    check_refused(&[".", "..", ".alice", "_alice", "-alice", "+a", "@a", " alice"]);
}

#[test]
fn a_name_has_no_other_characters() {
    check_refused(&[
        "alice ", "al ice", "alice\n", "alice\0", "a/b", "a\\b", "a:b", "a;b", "a,b", "a\"b", "a'b", "a%20b",
    ]);
    check_refused(&["a?b", "a#b", "a*b", "a{b}", "a=b", "a~b", "a!b", "a|b", "a$b", "a&b", "a(b)", "a<b"]);
}

#[test]
fn letters_that_look_like_others_or_fold_to_them_are_refused() {
    check_refused(&[
        "\u{430}lice",
        "\u{ff41}lice",
        "al\u{200d}ice",
        "\u{202e}alice",
        "alice\u{301}",
        "\u{e1}lice",
    ]);
    check_refused(&[
        "\u{212a}im",
        "\u{130}",
        "\u{fb01}n",
        "\u{df}",
        "a\u{ad}b",
        "\u{feff}alice",
        "alice\u{a0}",
    ]);
}

#[test]
fn each_kind_has_a_word_of_its_own() {
    assert_eq!(PrincipalKind::ALL.map(PrincipalKind::word), ["user", "service_account", "api"]);
    for kind in PrincipalKind::ALL {
        assert_eq!(PrincipalKind::from_word(kind.word()), Some(kind));
    }
    for word in ["", "User", "serviceaccount", "group"] {
        assert_eq!(PrincipalKind::from_word(word), None, "{word}");
    }
}

proptest! {
    #[test]
    fn a_name_is_its_own_name(text in "[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}") {
        let name: PrincipalName = text.parse().unwrap();
        prop_assert_eq!(name.to_string(), text.to_ascii_lowercase());
        prop_assert_eq!(name.as_str().parse(), Ok(name));
    }

    #[test]
    fn any_string_is_judged_without_a_panic(text in any::<String>()) {
        if let Ok(name) = text.parse::<PrincipalName>() {
            prop_assert!(name.as_str().is_ascii());
        }
    }
}
