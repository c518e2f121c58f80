//! Names that directories have for people and groups.

use std::collections::BTreeSet;

use jeton_token::{LabelError, MAX_LABEL_BYTES, PrincipalName, ResourceName};
use proptest::prelude::*;

fn person(label: &str) -> String {
    PrincipalName::of_directory(label).unwrap().as_str().to_owned()
}

fn group(label: &str) -> String {
    ResourceName::of_directory(label).unwrap().as_str().to_owned()
}

/// The name without its digest.
fn readable(name: &str) -> &str {
    let (readable, digest) = name.rsplit_once('-').unwrap();
    assert!(digest.len() == 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    readable
}

#[test]
fn a_text_that_is_a_name_stands_for_itself() {
    assert_eq!(person("Alice@Example.org"), "alice@example.org");
    assert_eq!(group("All staff (EU)"), "All staff (EU)");
}

#[test]
fn every_other_text_has_a_name_in_which_it_can_be_recognised() {
    for (label, expected) in [
        ("Müller", "mueller"),
        ("O'Brien", "o-brien"),
        ("ann_ext#EXT#@x.onmicrosoft.com", "ann_ext-ext-@x.onmicrosoft.com"),
        ("José Ñandú", "jose-nandu"),
        ("王小明", "user"),
        ("Ольга", "user"),
        ("_ann", "ann"),
        ("web Build Service (acme)", "web-build-service-acme"),
    ] {
        assert_eq!(readable(&person(label)), expected, "{label}");
    }
    for (label, expected) in [("R&D", "r-d"), ("Führung", "fuehrung"), ("開発", "group"), ("a ", "a")] {
        assert_eq!(readable(&group(label)), expected, "{label}");
    }
}

/// A name that was derived once is somebody's for ever.
#[test]
fn the_name_of_a_text_never_changes() {
    assert_eq!(person("Müller"), "mueller-21d0ae7475ad");
    assert_eq!(group("R&D"), "r-d-b644543e406b");
}

#[test]
fn case_does_not_tell_two_apart_and_everything_else_does() {
    assert_eq!(person("MÜLLER"), person("müller"));
    let labels = ["Müller", "Mueller", "Muller", "Mu\u{308}ller", "Müller ", "M'uller", "M#uller"];
    let names: BTreeSet<_> = labels.iter().map(|label| person(label)).collect();
    assert_eq!(names.len(), labels.len());
}

#[test]
fn what_cannot_be_shown_is_no_label() {
    let long = "ü".repeat(MAX_LABEL_BYTES / 2 + 1);
    for label in ["", "a\nb", "\u{0}", "ü\u{7f}", &long] {
        assert_eq!(PrincipalName::of_directory(label), Err(LabelError), "{label}");
        assert_eq!(ResourceName::of_directory(label), Err(LabelError), "{label}");
    }
}

proptest! {
    #[test]
    fn every_label_has_one_name_and_the_name_stands_for_itself(label in "[^\\p{Cc}]{1,60}") {
        let (person, group) = (person(&label), group(&label));
        prop_assert_eq!(&self::person(&person), &person);
        prop_assert_eq!(&self::group(&group), &group);
        prop_assert!(person.len() <= 64 && group.len() <= 64);
    }
}
