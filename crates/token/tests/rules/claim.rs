//! Rules over the claims of other issuers.

use std::collections::BTreeMap;

use jeton_token::{
    ClaimName, ClaimNameError, ClaimPattern, ClaimPatternError, ClaimRules, ClaimRulesError, MAX_CLAIM_RULES,
};
use proptest::prelude::*;

fn rules(rules: &[(&str, &str)]) -> Result<ClaimRules, ClaimRulesError> {
    ClaimRules::new(
        rules.iter().map(|(name, pattern)| (name.parse().unwrap(), pattern.parse().unwrap())).collect(),
    )
}

fn hold(wanted: &[(&str, &str)], claims: &[(&str, &str)]) -> bool {
    let claims: BTreeMap<_, _> = claims.iter().copied().collect();
    rules(wanted).unwrap().hold(|name| claims.get(name.as_str()).map(|text| (*text).to_owned()))
}

#[test]
fn an_exact_pattern_covers_one_text() {
    let pattern: ClaimPattern = "repo:acme/site:ref:refs/heads/main".parse().unwrap();
    assert!(pattern.covers("repo:acme/site:ref:refs/heads/main"));
    for other in [
        "",
        "repo:acme/site:ref:refs/heads/main2",
        "repo:acme/site:ref:refs/heads/mai",
        "REPO:acme/site:ref:refs/heads/main",
        "repo:acme/site:ref:refs/heads/main\n",
    ] {
        assert!(!pattern.covers(other), "{other:?}");
    }
}

#[test]
fn attack_13_a_star_stands_for_whole_parts() {
    for (pattern, covered, others) in [
        (
            "repo:acme/*",
            vec!["repo:acme/site", "repo:acme/a:b:c", "repo:acme/*"],
            vec!["repo:acme/", "repo:acme", "repo:acme-evil/site", "repo:acmesite"],
        ),
        (
            "repo:acme/site:*",
            vec!["repo:acme/site:pull_request"],
            vec!["repo:acme/site2:x", "repo:acme/site"],
        ),
        ("auth0|*", vec!["auth0|7"], vec!["auth0", "auth0|", "google|7"]),
    ] {
        let pattern: ClaimPattern = pattern.parse().unwrap();
        for text in covered {
            assert!(pattern.covers(text), "{pattern} {text}");
        }
        for text in others {
            assert!(!pattern.covers(text), "{pattern} {text}");
        }
    }
}

#[test]
fn attack_13_every_other_star_is_refused() {
    let parse = |text: &str| text.parse::<ClaimPattern>();
    assert_eq!(parse("*"), Err(ClaimPatternError::Everybody));
    for text in [
        "**",
        "a*",
        "*a",
        "a:*b",
        "a:**",
        "*:a",
        "a:*:b",
        "a:*:*",
        "repo:acme*",
        "repo:*/site:*",
        "a.*",
        "a-*",
    ] {
        assert_eq!(parse(text), Err(ClaimPatternError::Star), "{text}");
    }
    for text in ["", "a\n", "a\0", &"x".repeat(513)] {
        assert_eq!(parse(text), Err(ClaimPatternError::Text), "{text:?}");
    }
}

#[test]
fn a_claim_is_a_member_or_a_pointer() {
    for (text, path) in [
        ("sub", vec!["sub"]),
        ("https://acme.example/team", vec!["https://acme.example/team"]),
        ("/kubernetes.io/namespace", vec!["kubernetes.io", "namespace"]),
        ("/a~1b/c~0d", vec!["a/b", "c~d"]),
        ("/a~01", vec!["a~1"]),
    ] {
        assert_eq!(text.parse::<ClaimName>().unwrap().path(), path, "{text}");
    }
    for text in ["", "/", "//", "/a//b", "/a/", "/a~", "/a~2", "a b", "ä", "a\n", &"x".repeat(257)] {
        assert_eq!(text.parse::<ClaimName>(), Err(ClaimNameError), "{text:?}");
    }
}

#[test]
fn all_rules_must_hold() {
    let wanted = [("sub", "repo:acme/site:*"), ("environment", "production")];
    let claims =
        [("sub", "repo:acme/site:environment:production"), ("environment", "production"), ("x", "y")];
    assert!(hold(&wanted, &claims));
    assert!(!hold(&wanted, &claims[..1]), "an absent claim fits no pattern");
    assert!(!hold(&wanted, &[claims[0], ("environment", "Production")]));
    assert!(!hold(&wanted, &[("sub", "repo:evil/site:x"), claims[1]]));
    assert!(!hold(&wanted, &[]));
}

#[test]
fn some_rule_says_who() {
    for fine in [
        vec![("sub", "system:serviceaccount:jobs:worker")],
        vec![("sub", "x")],
        vec![("sub", "spiffe://acme.example/*")],
        vec![("/sub", "repo:acme/*")],
        vec![("ref", "refs/heads/main"), ("repository_owner_id", "7")],
        vec![("project_path", "acme/*")],
        vec![("/kubernetes.io/namespace", "jobs")],
        vec![("/kubernetes.io/namespace", "jobs"), ("/kubernetes.io/serviceaccount/name", "worker")],
        vec![("sub", "system:serviceaccount:jobs:*"), ("/kubernetes.io/serviceaccount/name", "worker")],
        vec![("/kubernetes.io/serviceaccount/uid", "6f1c")],
        vec![("sub", "arn:aws:sts::123456789012:*")],
        vec![("sub", "/eid1/c/pub/t/tenant/*")],
        vec![("azp", "https://jobs.example.org"), ("scope", "a/*")],
        vec![("client_id", "worker")],
        vec![("repository", "acme/*")],
        vec![("/repository", "acme/*")],
        vec![("namespace_path", "acme/*")],
    ] {
        assert!(rules(&fine).is_ok(), "{fine:?}");
    }
    for nobody in [
        vec![],
        vec![("ref", "refs/heads/main")],
        vec![("email", "alice@acme.example")],
        vec![("sub", "repo:*")],
        vec![("sub", "spiffe://*")],
        vec![("sub", "://*")],
        vec![("project_path", "/*")],
        vec![("/a/sub", "x")],
        vec![("sub", "system:serviceaccount:*")],
        vec![("sub", "system:*")],
        vec![("sub", "system:serviceaccounts:*")],
        vec![("sub", "arn:aws:*")],
        vec![("sub", "arn:aws:iam::*")],
        vec![("sub", "/eid1/c/pub/t/*")],
        vec![("/kubernetes.io/serviceaccount/name", "worker")],
        vec![("sub", "system:serviceaccount:*"), ("/kubernetes.io/serviceaccount/name", "worker")],
        vec![("/kubernetes.io/namespace", "jobs/*")],
        vec![("azp", "https://*")],
        vec![("azp", "https://jobs.example.org/*")],
        vec![("appid", "a:*")],
        vec![("client_id", "a:*")],
        vec![("oid", "a/*")],
        vec![("repository", "https://*")],
        vec![("repository_id", "7/*")],
        vec![("repository_owner", "acme/*")],
        vec![("repository_owner_id", "7:*")],
        vec![("project_id", "7|*")],
        vec![("namespace_id", "7/*")],
    ] {
        assert_eq!(rules(&nobody), Err(ClaimRulesError::Nobody), "{nobody:?}");
        // Nor do such rules hold for anybody if they were kept from a time when they were taken.
        let parsed = nobody.iter().map(|(name, pattern)| (name.parse().unwrap(), pattern.parse().unwrap()));
        let fitting = |_: &ClaimName| nobody.first().map(|(_, pattern)| pattern.replace('*', "x"));
        assert!(!ClaimRules::kept(parsed.collect()).hold(fitting), "{nobody:?}");
    }
}

#[test]
fn rules_that_do_not_go_together_are_refused() {
    for name in ["iss", "aud", "exp", "nbf", "iat", "jti", "nonce", "/aud", "/aud/0"] {
        let refused = rules(&[("sub", "x"), (name, "x")]).unwrap_err();
        assert_eq!(refused, ClaimRulesError::Reserved(name.parse().unwrap()));
    }
    for name in ["sub", "/sub"] {
        let refused = rules(&[("sub", "x"), (name, "y")]).unwrap_err();
        assert_eq!(refused, ClaimRulesError::Twice(name.parse().unwrap()));
    }
    let many: Vec<_> = (0..=MAX_CLAIM_RULES).map(|number| format!("c{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
    assert_eq!(rules(&many), Err(ClaimRulesError::TooMany));
}

proptest! {
    #[test]
    fn a_pattern_with_a_star_covers_only_what_begins_like_it(stem in "[a-z:/|]{1,12}", text in "[a-z:/|*]{0,16}") {
        let pattern = format!("{stem}:*").parse::<ClaimPattern>().unwrap();
        let longer = text.strip_prefix(&format!("{stem}:")).is_some_and(|rest| !rest.is_empty());
        prop_assert_eq!(pattern.covers(&text), longer);
    }
}
