//! Tokens made by tokens: never more, never longer.

use jeton_token::{Expiry, Facts, Inactive, Link, OwnerState, Timestamp, standing};

use super::{NOW, asked, judge, link, owned_by, reason, texts, with_patterns};
use crate::sample::tasks;

/// Every way in which a token is no longer alive.
fn dead() -> [Link; 6] {
    [
        Link { intact: false, ..link() },
        Link { revoked: true, ..link() },
        Link { expiry: Expiry::At(NOW), ..link() },
        Link { expiry: Expiry::At(Timestamp(0)), ..link() },
        Link { owner_state: OwnerState::Disabled, ..link() },
        Link { owner_state: OwnerState::Removed, ..link() },
    ]
}

#[test]
fn a_token_is_dead_when_an_ancestor_is_in_whatever_way_and_depth() {
    for depth in 0..4 {
        for ancestor in dead() {
            let mut ancestors = vec![link(); 4];
            ancestors[depth] = ancestor;
            let facts = Facts { token: link(), ancestors, policies: vec![].into() };
            assert_eq!(reason(&facts), Some(Inactive::ParentInactive), "depth {depth}");
            assert_eq!(standing(&facts, NOW), Err(Inactive::ParentInactive), "depth {depth}");
        }
    }
}

#[test]
fn a_tokens_own_death_is_named_before_an_ancestors() {
    for own in dead() {
        for ancestor in dead() {
            let facts = Facts { token: own.clone(), ancestors: vec![ancestor], policies: vec![].into() };
            assert!(reason(&facts).is_some_and(|reason| reason != Inactive::ParentInactive));
        }
    }
}

#[test]
fn the_end_is_the_earliest_of_the_chain() {
    let ends = |at: &[Option<i64>]| {
        let mut links = at.iter().map(|end| Link { expiry: end.map(Timestamp).into(), ..link() });
        Facts { token: links.next().unwrap(), ancestors: links.collect(), policies: vec![].into() }
    };
    let (soon, later) = (NOW.0 + 5, NOW.0 + 9);
    for (chain, earliest) in [
        (&[None][..], Expiry::Never),
        (&[None, None], Expiry::Never),
        (&[Some(soon), None, Some(later)], Expiry::At(Timestamp(soon))),
        (&[Some(later), None, Some(soon)], Expiry::At(Timestamp(soon))),
        (&[None, Some(soon)], Expiry::At(Timestamp(soon))),
    ] {
        assert_eq!(ends(chain).expiry(), earliest);
        assert_eq!(judge(&ends(chain), &asked(&tasks())).unwrap().expiry, earliest);
    }
}

#[test]
fn an_ancestors_patterns_and_its_owners_rights_count() {
    for ancestor in [with_patterns(&["Tasks.Logs.Read"]), owned_by(&["Tasks.Logs.Read"])] {
        let facts = Facts { token: link(), ancestors: vec![link(), ancestor], policies: vec![].into() };
        let active = judge(&facts, &asked(&tasks())).unwrap();
        assert_eq!(texts(&active.rights), ["Tasks.Logs.Read"]);
    }
}

#[test]
fn an_ancestor_whose_owner_lost_every_right_leaves_nothing() {
    let facts = Facts {
        token: link(),
        ancestors: vec![Link { rights: vec![].into(), ..link() }],
        policies: vec![].into(),
    };
    assert_eq!(reason(&facts), Some(Inactive::NothingEffective));
}

#[test]
fn the_chain_begins_with_the_token() {
    let facts = Facts {
        token: with_patterns(&["A.A"]),
        ancestors: vec![with_patterns(&["B.B"]), with_patterns(&["C.C"])],
        policies: vec![].into(),
    };
    let patterns: Vec<_> = facts.chain().map(|link| link.patterns.patterns()[0].as_str()).collect();
    assert_eq!(patterns, ["A.A", "B.B", "C.C"]);
}
