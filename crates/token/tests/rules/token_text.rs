//! Token texts, their secrets and what is shown of them.

#![expect(clippy::string_slice, reason = "the samples are ASCII")]

use jeton_token::{
    IdError, MAX_TEXT_BYTES, Prefix, PrefixError, TokenId, TokenKind, TokenSecret, TokenText, TokenTextError,
};
use proptest::array::uniform32;
use proptest::prelude::*;
use proptest::sample::select;

use crate::sample::id;

const DIGITS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn text(prefix: Prefix, kind: TokenKind, number: u64, seed: u8) -> TokenText {
    let bytes = std::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add(u8::try_from(at).unwrap_or(0)));
    TokenText::new(prefix, kind, TokenId(id(number)), &TokenSecret::from_uniform(&bytes))
}

fn samples() -> Vec<String> {
    let prefixes = ["jtn", "a0", "acme2026", "abcdefghijklmnop", "tk"];
    let kinds = TokenKind::ALL.into_iter().zip(prefixes).zip(0_u8..);
    kinds
        .map(|((kind, name), seed)| text(prefix(name), kind, seed.into(), seed).expose().to_owned())
        .collect()
}

fn error(text: &str) -> TokenTextError {
    text.parse::<TokenText>().unwrap_err()
}

#[test]
fn the_default_text_has_69_characters_and_the_longest_82() {
    let of = |prefix| text(prefix, TokenKind::Personal, 1, 1).expose().len();
    assert_eq!(of(Prefix::default()), 69);
    assert_eq!(of(prefix("abcdefghijklmnop")), MAX_TEXT_BYTES);
}

#[test]
fn errors_say_where_and_never_what() {
    let good = text(Prefix::default(), TokenKind::Personal, 1, 1);
    let secret = &good.expose()[31..63];
    let broken = format!("{}-{}", &good.expose()[..40], &good.expose()[41..]);
    assert_eq!(error(&broken), TokenTextError::Charset(40));
    assert_eq!(error(&good.expose().replacen("_pat_0", "_pat_z", 1)), TokenTextError::Id(IdError::Overflow));
    for text in [
        broken,
        format!("{}0", good.expose()),
        good.expose().replace("pat", "svc"),
        format!("x{}", good.expose()),
    ] {
        let shown = format!("{0} {0:?}", error(&text));
        assert!(!shown.contains(&secret[..8]), "{shown}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let text = text(Prefix::default(), TokenKind::Service, 1, 1);
    let expected = format!("TokenText(service {})", text.id());
    assert_eq!(format!("{text:?}"), expected);
    assert_eq!(format!("{text:#?}"), expected);
    let secret = TokenSecret::from_uniform(&[9; 64]);
    assert_eq!(format!("{secret:?} {secret:#?}"), "TokenSecret TokenSecret");
}

#[test]
fn the_hint_shows_four_characters() {
    let text = text(prefix("acme2026"), TokenKind::Job, 1, 1);
    let last = &text.expose()[text.expose().len() - 4..];
    assert_eq!(text.hint(), format!("acme2026_job_…{last}"));
}

#[test]
fn no_single_character_can_be_replaced() {
    for sample in samples() {
        for at in 0..sample.len() {
            for other in DIGITS.chars().chain("_-. \n\0é".chars()) {
                let edited = format!("{}{other}{}", &sample[..at], &sample[at + 1..]);
                assert!(edited == sample || edited.parse::<TokenText>().is_err(), "{at} {edited}");
            }
        }
    }
}

#[test]
fn no_single_character_can_be_added_or_left_out() {
    for sample in samples() {
        for at in 0..sample.len() {
            let shorter = format!("{}{}", &sample[..at], &sample[at + 1..]);
            assert!(shorter.parse::<TokenText>().is_err(), "{at} {shorter}");
        }
        for (at, added) in
            (0..=sample.len()).flat_map(|at| DIGITS.chars().chain(['_']).map(move |added| (at, added)))
        {
            let longer = format!("{}{added}{}", &sample[..at], &sample[at..]);
            assert!(longer.parse::<TokenText>().is_err(), "{at} {longer}");
        }
    }
}

#[test]
fn no_two_neighbours_can_be_exchanged() {
    for sample in samples() {
        for at in 1..sample.len() {
            let mut bytes = sample.clone().into_bytes();
            bytes.swap(at - 1, at);
            let edited = String::from_utf8(bytes).unwrap();
            assert!(edited == sample || edited.parse::<TokenText>().is_err(), "{at} {edited}");
        }
    }
}

#[test]
fn a_prefix_has_2_to_16_lower_case_letters_and_digits_and_begins_with_a_letter() {
    for good in ["jtn", "a0", "ab", "abcdefghijklmnop", "z999999999999999"] {
        assert_eq!(prefix(good).to_string(), good);
    }
    for bad in
        ["", "a", "abcdefghijklmnopq", "0a", "Jtn", "jtN", "j_n", "j-n", "j n", "jtn ", "jtn_", "é0", "jtn\n"]
    {
        assert_eq!(bad.parse::<Prefix>(), Err(PrefixError), "{bad:?}");
    }
    assert_eq!(Prefix::default(), prefix("jtn"));
}

#[test]
fn each_kind_has_a_tag_and_a_word_of_its_own() {
    let words = TokenKind::ALL.map(|kind| (kind.tag(), kind.word(), kind.leaves_home()));
    let expected = [
        ("pat", "personal", true),
        ("svc", "service", true),
        ("job", "job", true),
        ("ses", "session", false),
        ("api", "api", false),
    ];
    assert_eq!(words, expected);
    for kind in TokenKind::ALL {
        assert_eq!(TokenKind::from_word(kind.word()), Some(kind));
        assert_eq!(kind.to_string(), kind.word());
    }
    for word in ["pat", "Personal", "", "user"] {
        assert_eq!(TokenKind::from_word(word), None, "{word}");
    }
}

proptest! {
    #[test]
    fn a_text_is_read_as_it_was_written(
        name in "[a-z][a-z0-9]{1,15}",
        kind in select(&TokenKind::ALL[..]),
        number in any::<u64>(),
        (head, tail) in (uniform32(any::<u8>()), uniform32(any::<u8>())),
    ) {
        let bytes: [u8; 64] = std::array::from_fn(|at| *head.iter().chain(&tail).nth(at).unwrap_or(&0));
        let written = TokenText::new(prefix(&name), kind, TokenId(id(number)), &TokenSecret::from_uniform(&bytes));
        let read: TokenText = written.expose().parse().unwrap();
        prop_assert_eq!(read.expose(), written.expose());
        prop_assert_eq!((read.prefix(), read.kind(), read.id()), (&prefix(&name), kind, TokenId(id(number))));
        prop_assert_eq!(read.hint(), written.hint());
    }

    #[test]
    fn any_string_is_judged_without_a_panic(any in any::<String>(), near in "[a-z]{2,4}_(pat|svc|xyz)_[0-9A-Za-z]{21,23}_[0-9A-Za-z]{37,39}") {
        let _ = any.parse::<TokenText>();
        if let Ok(text) = near.parse::<TokenText>() {
            prop_assert_eq!(text.expose(), near);
        }
    }
}
