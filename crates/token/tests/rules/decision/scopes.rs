//! The demanded scope, and what implications do on each layer.

use jeton_token::{Demand, Facts, Inactive, Link};

use super::{alone, asked, judge, link, owned_by, texts, with_patterns};
use crate::sample::{scope, tasks};

/// The verdict on a scope, for a token with these patterns of an owner with these rights.
fn verdict(patterns: &[&str], owner: &[&str], demanded: &str) -> Result<(), Inactive> {
    let facts = alone(Link { patterns: with_patterns(patterns).patterns, ..owned_by(owner) });
    let (tasks, demanded) = (tasks(), scope(demanded));
    judge(&facts, &Demand { scope: Some(&demanded), ..asked(&tasks) }).map(|_| ())
}

#[test]
fn a_scope_must_be_held_by_token_and_owner() {
    for (patterns, owner, demanded, allowed) in [
        (&["*"][..], &["*"][..], "Tasks.Read", true),
        (&["Tasks.*"], &["*"], "Tasks.Logs.Read", true),
        (&["Tasks.Read"], &["Tasks.*"], "Tasks.Read", true),
        (&["Tasks.Read"], &["Tasks.*"], "Tasks.Logs.Read", false),
        (&["Tasks.*"], &["Tasks.Read"], "Tasks.Logs.Read", false),
        (&["Tasks.Logs.*"], &["Tasks.Read"], "Tasks.Read", false),
        (&["tasks.*"], &["*"], "Tasks.Read", false),
    ] {
        let expected = if allowed { Ok(()) } else { Err(Inactive::MissingScope(scope(demanded))) };
        assert_eq!(verdict(patterns, owner, demanded), expected, "{patterns:?} {owner:?} {demanded}");
    }
}

#[test]
fn an_implied_scope_must_be_held_by_token_and_owner_too() {
    for (patterns, owner, demanded, allowed) in [
        // the token brings it along, and the owner has it in either way
        (&["Tasks.Update"][..], &["*"][..], "Tasks.Read", true),
        (&["Tasks.Update"], &["Tasks.Read"], "Tasks.Read", true),
        (&["Tasks.Update"], &["Tasks.Update"], "Tasks.Read", true),
        (&["Tasks.Admin"], &["Tasks.Update"], "Tasks.Read", true),
        (&["Tasks.Read"], &["Tasks.Admin"], "Tasks.Read", true),
        // what implies is not held by both, and so not effective itself
        (&["Tasks.Update"], &["Tasks.Read"], "Tasks.Update", false),
        (&["Tasks.Admin"], &["Tasks.Update"], "Tasks.Admin", false),
        // nothing implies upwards
        (&["Tasks.Read"], &["*"], "Tasks.Update", false),
        (&["Tasks.Update"], &["*"], "Tasks.Logs.Read", false),
    ] {
        let expected = if allowed { Ok(()) } else { Err(Inactive::MissingScope(scope(demanded))) };
        assert_eq!(verdict(patterns, owner, demanded), expected, "{patterns:?} {owner:?} {demanded}");
    }
}

#[test]
fn implications_go_through_every_layer() {
    let tasks = tasks();
    let read = scope("Tasks.Read");
    let facts = Facts {
        token: with_patterns(&["Tasks.Read"]),
        ancestors: vec![
            with_patterns(&["Tasks.Update"]),
            owned_by(&["Tasks.Admin"]),
            with_patterns(&["Tasks.Read"]),
        ],
        policies: vec![].into(),
    };
    let active = judge(&facts, &Demand { scope: Some(&read), ..asked(&tasks) }).unwrap();
    assert_eq!(texts(&active.rights), ["Tasks.Read"]);
}

#[test]
fn a_layer_without_the_implied_scope_takes_it_away() {
    let tasks = tasks();
    let facts = Facts {
        token: with_patterns(&["Tasks.Update"]),
        ancestors: vec![with_patterns(&["Tasks.Logs.Read"])],
        policies: vec![].into(),
    };
    assert_eq!(judge(&facts, &asked(&tasks)), Err(Inactive::NothingEffective));
}

#[test]
fn a_scope_that_the_catalogue_does_not_declare_is_missing_whoever_asks() {
    for demanded in ["Tasks.Gone", "Tasks.read", "Other.Read", "Jeton.Admin.Token"] {
        assert_eq!(verdict(&["*"], &["*"], demanded), Err(Inactive::MissingScope(scope(demanded))));
    }
}

#[test]
fn an_api_hears_only_of_its_own_declared_scopes() {
    let tasks = tasks();
    let held = |facts| judge(&facts, &asked(&tasks)).unwrap().rights;
    let all = ["Tasks.Admin", "Tasks.Logs.Read", "Tasks.Read", "Tasks.Update"];
    assert_eq!(texts(&held(alone(link()))), all);
    assert_eq!(texts(&held(alone(with_patterns(&["Tasks.*", "Other.*"])))), all);
    assert_eq!(
        texts(&held(alone(with_patterns(&["Tasks.Logs.*", "Tasks.Gone", "Jeton.*"])))),
        ["Tasks.Logs.Read"]
    );
}
