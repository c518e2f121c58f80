//! Other names for rights of Jeton's own, and what policies say about them.

use jeton_token::{
    Approval, Catalogue, CatalogueScope, Place, PlacedPattern, PlacedPolicy, Policy, covers_within, meant_by,
    withheld,
};

use crate::decision::{HERE, alone, with_patterns};
use crate::sample::{pattern, rights, scope};

fn wanting(patterns: &[&str]) -> Policy {
    Policy { approval: Some(patterns.iter().map(|text| pattern(text)).collect()), ..Policy::default() }
}

/// Every other name with one that it means.
const PAIRS: [(&str, &str); 6] = [
    ("vso.pats", "Jeton.Token.Read"),
    ("vso.pats_manage", "Jeton.Token.Create"),
    ("vso.pats_manage", "Jeton.Token.Update"),
    ("vso.pats_manage", "Jeton.Token.Revoke"),
    ("vso.tokenadministration", "Jeton.Admin.Token"),
    ("vso.project_write", "Jeton.Admin.Job"),
];

#[test]
fn a_name_means_what_it_is_as_good_as() {
    for (alias, scope) in PAIRS {
        assert!(meant_by(alias).contains(&scope), "{alias}");
    }
    for other in ["vso.build", "Jeton.Admin.Token", "vso.pats.x", "Vso.pats", ""] {
        assert!(meant_by(other).is_empty(), "{other}");
    }
}

#[test]
fn an_approval_of_a_right_is_wanted_of_its_other_name() {
    for (alias, scope) in PAIRS {
        for wide in [alias, "vso.*", "*"] {
            assert!(wanting(&[scope]).wants_approval_of(&pattern(wide)), "{scope} of {wide}");
        }
        assert!(wanting(&["Jeton.*"]).wants_approval_of(&pattern(alias)), "{alias}");
        assert!(!wanting(&["Jeton.Audit.Read"]).wants_approval_of(&pattern(alias)), "{alias}");
        assert!(!wanting(&[alias]).wants_approval_of(&pattern(scope)), "not the other way: {scope}");
        assert!(!wanting(&[scope]).wants_approval_of(&pattern("vso.build")), "{scope}");
    }
    let policy = wanting(&["Jeton.Admin.Token", "Jeton.Audit.Read", "Tasks.Read"]);
    let asked: Vec<_> = policy.approvals_of(&rights(&["vso.tokenadministration", "Tasks.*"])).collect();
    assert_eq!(asked, [&pattern("Jeton.Admin.Token"), &pattern("Tasks.Read")]);
}

#[test]
fn the_other_name_is_withheld_until_the_right_is_approved() {
    for (alias, name) in PAIRS {
        let mut facts = alone(with_patterns(&["*"]));
        facts.policies = vec![PlacedPolicy { place: Place::Global, policy: wanting(&[name]) }].into();
        assert!(withheld(&facts, Place::Global, &scope(alias)), "{alias}");
        assert!(!withheld(&facts, Place::Global, &scope("vso.build")), "{alias}");
        let given = PlacedPattern { place: Place::Global, pattern: pattern(name) };
        facts.token.approval = Approval::Given(vec![given]);
        assert!(!withheld(&facts, Place::Global, &scope(alias)), "{alias}");
    }
}

#[test]
fn what_brings_a_withheld_scope_along_is_not_given_away() {
    let declared = |name: &str, implies: &[&str]| CatalogueScope {
        name: scope(name),
        description: String::new(),
        implies: implies.iter().map(|implied| scope(implied)).collect(),
    };
    let scopes = vec![
        declared("vso.user_impersonation", &["vso.tokenadministration"]),
        declared("vso.tokenadministration", &[]),
    ];
    let catalogue = Catalogue::new("vso", scopes).unwrap();
    let mut facts = alone(with_patterns(&["vso.user_impersonation"]));
    let gives = |facts: &_| {
        let wanted = rights(&["vso.user_impersonation"]);
        covers_within(facts, Place::Global, &wanted, &[&catalogue], HERE)
    };
    assert!(gives(&facts));
    let policy = wanting(&["Jeton.Admin.Token"]);
    facts.policies = vec![PlacedPolicy { place: Place::Global, policy }].into();
    assert!(!gives(&facts));
}
