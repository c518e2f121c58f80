//! The table of error codes.

use std::collections::BTreeSet;

use jeton_api::{Code, UnknownCode};
use proptest::prelude::*;

#[test]
fn each_code_has_a_word_and_a_title_of_its_own() {
    let words: BTreeSet<_> = Code::ALL.iter().map(|code| code.word()).collect();
    let titles: BTreeSet<_> = Code::ALL.iter().map(|code| code.title()).collect();
    assert_eq!((words.len(), titles.len()), (Code::ALL.len(), Code::ALL.len()));
}

#[test]
fn words_are_snake_case_and_titles_begin_low_and_end_without_a_stop() {
    for code in Code::ALL {
        let word = code.word();
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word}");
        assert!(!word.starts_with('_') && !word.ends_with('_') && !word.contains("__"), "{word}");
        let title = code.title();
        assert!(!title.is_empty() && !title.ends_with('.') && title.trim() == title, "{title}");
    }
}

#[test]
fn a_code_is_read_as_it_was_written() {
    for code in Code::ALL {
        assert_eq!(code.word().parse(), Ok(*code));
        assert_eq!(code.to_string(), code.word());
        let json = serde_json::to_value(code).unwrap();
        assert_eq!(json, serde_json::json!(code.word()));
        assert_eq!(serde_json::from_value::<Code>(json).unwrap(), *code);
    }
}

#[test]
fn a_word_that_is_no_code_says_so() {
    for word in ["", "Malformed", "unknown scope", "surprise"] {
        assert_eq!(word.parse::<Code>(), Err(UnknownCode(word.to_owned())));
        assert!(serde_json::from_value::<Code>(serde_json::json!(word)).is_err(), "{word}");
    }
    assert_eq!(UnknownCode("surprise".to_owned()).to_string(), "`surprise` is no error code known here");
}

/// The words that contract and clients rely on. A code may be added; none of these goes or changes.
#[test]
fn the_words_of_the_contract_are_there() {
    for word in [
        "unknown_scope",
        "expiry_exceeds_parent",
        "scope_exceeds_grant",
        "insufficient_scope",
        "invalid_token",
    ] {
        assert!(word.parse::<Code>().is_ok(), "{word}");
    }
}

proptest! {
    #[test]
    fn any_string_is_judged_without_a_panic(word in any::<String>()) {
        prop_assert_eq!(word.parse::<Code>().is_ok(), Code::ALL.iter().any(|code| code.word() == word));
    }
}
