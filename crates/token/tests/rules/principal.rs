//! Names and kinds of principals.

use jeton_token::{NameError, PrincipalKind, PrincipalName, ResourceName, WHOLE_ORGANIZATION};
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

#[test]
fn a_place_that_reads_like_an_account_of_jobs_confuses() {
    for (text, confuses) in [
        ("web", false),
        ("Build Service", false),
        ("web Build Service", false),
        ("Build Service (acme)", false),
        ("web Build  Service (acme", false),
        ("web Build Service (acme)", true),
        ("web BUILD service (", true),
        ("acme) Build Service (other", true),
    ] {
        let name: ResourceName = text.parse().unwrap();
        assert_eq!(PrincipalName::confuses_build_services(&name), confuses, "{text}");
    }
    let [a, b, c] = ["a", "b", "c"].map(|text| text.parse::<ResourceName>().unwrap());
    let (of_c, of_b) = ("b) Build Service (c".parse().unwrap(), "a Build Service (b)".parse().unwrap());
    assert_eq!(
        PrincipalName::of_build_service(&of_c, Some(&a)),
        PrincipalName::of_build_service(&c, Some(&of_b))
    );
    assert_ne!(PrincipalName::of_build_service(&b, Some(&a)), PrincipalName::of_build_service(&c, Some(&a)));
}

/// Names that say it in part or in whole, often.
fn place_name() -> impl Strategy<Value = ResourceName> {
    let part = proptest::sample::select(vec![
        "a",
        "b",
        " ",
        "Build",
        " build",
        " Service",
        " service (",
        "(",
        ")",
        " Build Service (",
    ]);
    proptest::collection::vec(part, 1..7).prop_filter_map("a name", |parts| parts.concat().parse().ok())
}

proptest! {
    /// The name of an account says which place it is of, as long as no place has a name that confuses.
    #[test]
    fn two_places_have_two_accounts(
        first in (place_name(), proptest::option::of(place_name())),
        second in (place_name(), proptest::option::of(place_name())),
    ) {
        let fold = |(organization, project): &(ResourceName, Option<ResourceName>)| {
            (organization.fold(), project.as_ref().map(ResourceName::fold))
        };
        let is_clear = |(organization, project): &(ResourceName, Option<ResourceName>)| {
            let project = project.as_ref();
            !PrincipalName::confuses_build_services(organization)
                && project.is_none_or(|name| {
                    !PrincipalName::confuses_build_services(name) && !name.as_str().eq_ignore_ascii_case(WHOLE_ORGANIZATION)
                })
        };
        let name = |(organization, project): &(ResourceName, Option<ResourceName>)| {
            PrincipalName::of_build_service(organization, project.as_ref())
        };
        prop_assume!(is_clear(&first) && is_clear(&second));
        prop_assert_eq!(name(&first) == name(&second), fold(&first) == fold(&second));
        prop_assert!(name(&first).is_of_build_service());
    }

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
