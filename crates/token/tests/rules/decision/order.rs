//! Each reason by itself, and which one is given when there are several.

use jeton_token::{
    Demand, Expiry, Facts, Inactive, Link, NetworkLimit, OwnerState, PlaceLimit, Timestamp, TokenKind, Where,
    standing,
};

use super::{NOW, alone, asked, from_network, judge, link, owned_by, reason, with_patterns, within};
use crate::sample::{project, scope, tasks};

#[test]
fn a_token_without_a_fault_is_active() {
    assert_eq!(reason(&alone(link())), None);
}

#[test]
fn each_fault_of_a_token_has_its_reason() {
    for (token, expected) in [
        (Link { intact: false, ..link() }, Inactive::Altered),
        (Link { revoked: true, ..link() }, Inactive::Revoked),
        (Link { owner_state: OwnerState::Removed, ..link() }, Inactive::Revoked),
        (Link { expiry: Expiry::At(NOW), ..link() }, Inactive::Expired),
        (Link { owner_state: OwnerState::Disabled, ..link() }, Inactive::Suspended),
        (Link { kind: TokenKind::Session, ..link() }, Inactive::KindNotHonoured),
        (Link { kind: TokenKind::Api, ..link() }, Inactive::KindNotHonoured),
        (from_network("10.0.0.0/8"), Inactive::ClientIpRequired),
        (within(project(1, 1)), Inactive::ResourceRequired),
        (with_patterns(&["Other.*"]), Inactive::NothingEffective),
        (owned_by(&["Other.*"]), Inactive::NothingEffective),
        (Link { rights: vec![].into(), ..link() }, Inactive::NothingEffective),
    ] {
        assert_eq!(reason(&alone(token)), Some(expected));
    }
}

#[test]
fn a_token_is_alive_up_to_the_millisecond_of_its_end() {
    let ends = |at| alone(Link { expiry: Expiry::At(Timestamp(at)), ..link() });
    assert_eq!(reason(&ends(NOW.0 + 1)), None);
    assert_eq!(reason(&ends(NOW.0)), Some(Inactive::Expired));
    assert_eq!(reason(&ends(NOW.0 - 1)), Some(Inactive::Expired));
}

/// Takes one fault away.
type Repair = fn(&mut Facts);

/// A token with every fault at once.
fn hopeless() -> Facts {
    let token = Link {
        kind: TokenKind::Session,
        patterns: with_patterns(&["Other.*"]).patterns,
        places: PlaceLimit::Within(vec![project(1, 1)]),
        networks: from_network("10.0.0.0/8").networks,
        expiry: Expiry::At(NOW),
        revoked: true,
        intact: false,
        owner_state: OwnerState::Disabled,
        ..link()
    };
    Facts { token, ancestors: vec![Link { revoked: true, ..link() }], policies: vec![].into() }
}

#[test]
fn of_several_faults_the_first_of_the_order_is_given() {
    let repairs: [(Inactive, Repair); 9] = [
        (Inactive::Altered, |facts| facts.token.intact = true),
        (Inactive::Revoked, |facts| facts.token.revoked = false),
        (Inactive::Expired, |facts| facts.token.expiry = Expiry::Never),
        (Inactive::Suspended, |facts| facts.token.owner_state = OwnerState::Enabled),
        (Inactive::ParentInactive, |facts| facts.ancestors.clear()),
        (Inactive::KindNotHonoured, |facts| facts.token.kind = TokenKind::Job),
        (Inactive::ClientIpRequired, |facts| facts.token.networks = NetworkLimit::Anywhere),
        (Inactive::ResourceRequired, |facts| facts.token.places = PlaceLimit::Everywhere),
        (Inactive::NothingEffective, |facts| facts.token.patterns = link().patterns),
    ];
    let mut facts = hopeless();
    for (expected, repair) in &repairs {
        assert_eq!(reason(&facts).as_ref(), Some(expected));
        repair(&mut facts);
    }
    assert_eq!(reason(&facts), None);
}

#[test]
fn the_network_is_looked_at_before_the_place_and_the_place_before_the_scope() {
    let tasks = tasks();
    let gone = scope("Tasks.Gone");
    let elsewhere = Demand {
        place: Where::Nowhere,
        scope: Some(&gone),
        client: "192.0.2.7".parse().ok(),
        ..asked(&tasks)
    };
    assert_eq!(judge(&alone(from_network("10.0.0.0/8")), &elsewhere), Err(Inactive::NetworkNotAllowed));
    assert_eq!(judge(&alone(link()), &elsewhere), Err(Inactive::PlaceNotAllowed));
    let here = Demand { place: Where::Everywhere, ..elsewhere };
    assert_eq!(judge(&alone(link()), &here), Err(Inactive::MissingScope(gone.clone())));
}

#[test]
fn a_removed_owner_ends_the_token_even_when_it_is_over_as_well() {
    let over = Link { owner_state: OwnerState::Removed, expiry: Expiry::At(NOW), ..link() };
    assert_eq!(reason(&alone(over)), Some(Inactive::Revoked));
}

#[test]
fn standing_is_about_the_token_and_its_ancestors_alone() {
    let elsewhere = Link { kind: TokenKind::Session, rights: vec![].into(), ..within(project(2, 1)) };
    assert_eq!(standing(&alone(elsewhere), NOW), Ok(()));
    assert_eq!(standing(&hopeless(), NOW), Err(Inactive::Altered));
}

#[test]
fn each_reason_has_a_word_of_its_own() {
    let reasons = [
        Inactive::Altered,
        Inactive::Revoked,
        Inactive::Expired,
        Inactive::Suspended,
        Inactive::ParentInactive,
        Inactive::KindNotHonoured,
        Inactive::ClientIpRequired,
        Inactive::NetworkNotAllowed,
        Inactive::ResourceRequired,
        Inactive::PlaceNotAllowed,
        Inactive::MissingScope(scope("A.B")),
        Inactive::NothingEffective,
    ];
    let words = reasons.each_ref().map(Inactive::word);
    let expected = "altered revoked expired suspended parent_inactive kind_not_honoured client_ip_required \
                    network_not_allowed resource_required place_not_allowed missing_scope nothing_effective";
    assert_eq!(words.join(" "), expected);
}
