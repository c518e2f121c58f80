//! Identifiers and their tags.

#![expect(clippy::string_slice, reason = "the samples are ASCII")]

use jeton_token::{Id, IdError, IdKey, TokenId};
use proptest::prelude::*;

use crate::sample::{NOON, id, id_key};

const RANDOM_MAX: u64 = (1 << 42) - 1;
const TIME_MAX: u64 = (1 << 48) - 1;

#[test]
fn each_broken_rule_of_an_id_has_its_error() {
    let good = id(1).to_string();
    for (text, error) in [
        ("", IdError::Digits),
        (&good[1..], IdError::Digits),
        (&*format!("0{good}"), IdError::Digits),
        (&*format!(" {}", &good[1..]), IdError::Digits),
        (&*format!("{}_", &good[1..]), IdError::Digits),
        (&*format!("{}é", &good[2..]), IdError::Digits),
        ("zzzzzzzzzzzzzzzzzzzzzz", IdError::Overflow),
        ("0000000000000000000000", IdError::NotVersion7),
    ] {
        assert_eq!(text.parse::<Id>(), Err(error), "{text}");
    }
}

#[test]
fn version_and_variant_are_those_of_a_version_7_uuid() {
    let bits = id(1).bits();
    for version in 0..16_u128 {
        let other = bits & !(0xF << 76) | version << 76;
        assert_eq!(Id::from_bits(other).is_ok(), version == 7, "version {version}");
    }
    for variant in 0..4_u128 {
        let other = bits & !(0b11 << 62) | variant << 62;
        assert_eq!(Id::from_bits(other).is_ok(), variant == 0b10, "variant {variant}");
    }
}

#[test]
fn time_and_random_bits_beyond_their_width_are_cut_off() {
    let key = id_key();
    assert_eq!(key.mint(TIME_MAX + 1 + 5, RANDOM_MAX + 1 + 9), key.mint(5, 9));
    assert_eq!(key.mint(u64::MAX, u64::MAX), key.mint(TIME_MAX, RANDOM_MAX));
    assert_eq!(key.mint(u64::MAX, u64::MAX).unix_ms(), TIME_MAX);
}

#[test]
fn another_keys_id_is_not_genuine() {
    assert!(!IdKey::new(&[8; 32]).is_genuine(id(1)));
    assert!(id_key().is_genuine(id(1)));
}

#[test]
fn an_id_of_an_older_or_newer_time_needs_its_own_tag() {
    let bits = id(1).bits();
    for moved in [bits + (1 << 80), bits - (1 << 80)] {
        assert!(!id_key().is_genuine(Id::from_bits(moved).unwrap()));
    }
}

#[test]
fn ids_sort_by_time_in_numbers_and_in_text() {
    let times = [0, 1, NOON, NOON + 1, TIME_MAX];
    let ids = times.map(|time| id_key().mint(time, RANDOM_MAX));
    let texts = ids.map(|id| id.to_string());
    assert!(ids.is_sorted() && texts.is_sorted());
}

#[test]
fn the_key_is_never_printed() {
    assert_eq!(format!("{:?}", id_key()), "IdKey");
    assert_eq!(format!("{:?} {}", id(1), id(1)), format!("{0} {0}", id(1)));
}

fn any_id() -> impl Strategy<Value = Id> {
    (any::<u64>(), any::<u64>()).prop_map(|(time, random)| id_key().mint(time, random))
}

proptest! {
    #[test]
    fn a_minted_id_is_genuine_and_carries_its_time(time in 0..=TIME_MAX, random in 0..=RANDOM_MAX) {
        let id = id_key().mint(time, random);
        prop_assert!(id_key().is_genuine(id));
        prop_assert_eq!(id.unix_ms(), time);
        prop_assert_eq!(Id::from_bits(id.bits()), Ok(id));
    }

    #[test]
    fn an_id_is_read_as_it_was_printed(id in any_id()) {
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(id.to_string().parse(), Ok(TokenId(id)));
        prop_assert_eq!(id.to_string().len(), 22);
    }

    #[test]
    fn any_bits_are_an_id_of_one_text_or_none(bits in any::<u128>(), v7 in any::<bool>()) {
        let bits = if v7 { bits & !(0xF << 76) & !(0b11 << 62) | 7 << 76 | 0b10 << 62 } else { bits };
        if let Ok(id) = Id::from_bits(bits) {
            prop_assert_eq!(id.bits(), bits);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn no_bit_of_an_id_can_be_flipped(id in any_id()) {
        for bit in 0..128 {
            let flipped = Id::from_bits(id.bits() ^ (1 << bit));
            prop_assert!(flipped.is_err() || flipped.is_ok_and(|other| !id_key().is_genuine(other)), "bit {}", bit);
        }
    }

    #[test]
    fn different_random_bits_make_different_ids(a in 0..=RANDOM_MAX, b in 0..=RANDOM_MAX) {
        prop_assert_eq!(id_key().mint(NOON, a) == id_key().mint(NOON, b), a == b);
    }

    #[test]
    fn any_string_is_judged_without_a_panic(text in any::<String>(), near in "[0-9A-Za-z]{22}") {
        let _ = text.parse::<Id>();
        if let Ok(id) = near.parse::<Id>() {
            prop_assert_eq!(id.to_string(), near);
        }
    }
}
