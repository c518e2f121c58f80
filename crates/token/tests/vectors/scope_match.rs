//! `scope-match.json`: which texts are scopes and patterns, and what covers what.

use jeton_token::{Rights, Scope, ScopePattern, ScopeSet};
use serde::Deserialize;

use super::{Differences, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scopes: Vec<Syntax>,
    patterns: Vec<Syntax>,
    covers: Vec<ScopeCase>,
    pattern_covers: Vec<PatternCase>,
    sets: Vec<SetCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Syntax {
    text: String,
    valid: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeCase {
    pattern: String,
    scope: String,
    covers: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternCase {
    pattern: String,
    other: String,
    covers: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetCase {
    patterns: Vec<String>,
    pattern: String,
    covers: bool,
}

impl File {
    fn read() -> Self {
        read("scope-match.json")
    }
}

#[test]
fn the_file_has_not_been_emptied() {
    let file = File::read();
    let syntax = file.scopes.len().min(file.patterns.len());
    assert!(syntax >= 180, "{syntax} texts");
    let pairs = file.covers.len() + file.pattern_covers.len();
    assert!(pairs >= 200, "{pairs} pairs");
    assert!(file.sets.len() >= 25, "{} sets", file.sets.len());
}

#[test]
fn every_text_is_a_scope_exactly_when_the_file_says_so() {
    let mut differences = Differences::default();
    for Syntax { text, valid } in File::read().scopes {
        differences.compare(&text, &valid, &text.parse::<Scope>().is_ok());
    }
    differences.assert_none();
}

#[test]
fn every_text_is_a_pattern_exactly_when_the_file_says_so() {
    let mut differences = Differences::default();
    for Syntax { text, valid } in File::read().patterns {
        differences.compare(&text, &valid, &text.parse::<ScopePattern>().is_ok());
    }
    differences.assert_none();
}

#[test]
fn every_pattern_covers_the_scopes_that_the_file_says() {
    let mut differences = Differences::default();
    for case in File::read().covers {
        let scope: Scope = case.scope.parse().unwrap();
        differences.compare(&case, &case.covers, &pattern(&case.pattern).covers(&scope));
        differences.compare(&case, &case.covers, &rights(&[&case.pattern]).covers(&scope));
    }
    differences.assert_none();
}

#[test]
fn every_pattern_covers_the_patterns_that_the_file_says() {
    let mut differences = Differences::default();
    for case in File::read().pattern_covers {
        let other = pattern(&case.other);
        differences.compare(&case, &case.covers, &pattern(&case.pattern).covers_pattern(&other));
        differences.compare(&case, &case.covers, &rights(&[&case.pattern]).covers_pattern(&other));
    }
    differences.assert_none();
}

#[test]
fn every_set_covers_the_patterns_that_the_file_says() {
    let mut differences = Differences::default();
    for case in File::read().sets {
        let patterns: Vec<_> = case.patterns.iter().map(String::as_str).collect();
        differences.compare(&case, &case.covers, &rights(&patterns).covers_pattern(&pattern(&case.pattern)));
    }
    differences.assert_none();
}

fn pattern(text: &str) -> ScopePattern {
    text.parse().unwrap()
}

fn rights(patterns: &[&str]) -> Rights {
    ScopeSet::new(patterns.iter().map(|text| pattern(text))).unwrap().rights()
}
