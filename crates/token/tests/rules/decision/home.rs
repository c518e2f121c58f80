//! At Jeton's own endpoints.

use jeton_token::{Demand, Inactive, Link, TokenKind, Where};

use super::{alone, asked, at_home, from_network, judge, link, owned_by, texts, with_patterns, within};
use crate::sample::{project, scope, tasks};

#[test]
fn every_kind_is_honoured_at_home() {
    for kind in TokenKind::ALL {
        assert!(judge(&alone(Link { kind, ..link() }), &at_home()).is_ok(), "{kind}");
    }
}

#[test]
fn sessions_and_api_credentials_are_honoured_at_home_alone() {
    let tasks = tasks();
    for kind in TokenKind::ALL {
        let expected = (!kind.leaves_home()).then_some(Inactive::KindNotHonoured);
        assert_eq!(judge(&alone(Link { kind, ..link() }), &asked(&tasks)).err(), expected, "{kind}");
    }
}

#[test]
fn a_token_without_any_right_may_still_look_at_itself() {
    let active = judge(&alone(Link { rights: vec![].into(), ..link() }), &at_home()).unwrap();
    assert!(active.rights.is_empty());
}

#[test]
fn a_token_limited_to_places_may_look_at_itself_and_has_no_right_everywhere() {
    let token = || alone(within(project(1, 1)));
    assert!(judge(&token(), &at_home()).unwrap().rights.is_empty());
    let read = scope("Jeton.Token.Read");
    let everywhere = Demand { scope: Some(&read), ..at_home() };
    assert_eq!(judge(&token(), &everywhere), Err(Inactive::MissingScope(read.clone())));
    assert!(judge(&token(), &Demand { place: Where::At(project(1, 1)), ..everywhere }).is_ok());
    let elsewhere = Demand { place: Where::At(project(1, 2)), ..everywhere };
    assert_eq!(judge(&token(), &elsewhere), Err(Inactive::PlaceNotAllowed));
    assert_eq!(
        judge(&token(), &Demand { place: Where::Nowhere, ..everywhere }),
        Err(Inactive::PlaceNotAllowed)
    );
}

#[test]
fn networks_count_at_home_too() {
    let token = alone(from_network("10.0.0.0/8"));
    assert_eq!(judge(&token, &at_home()), Err(Inactive::ClientIpRequired));
    assert!(judge(&token, &Demand { client: "10.1.2.3".parse().ok(), ..at_home() }).is_ok());
}

#[test]
fn at_home_rights_are_patterns_and_nothing_is_implied() {
    let token =
        Link { patterns: with_patterns(&["Tasks.Update", "Jeton.Token.*"]).patterns, ..owned_by(&["*"]) };
    let active = judge(&alone(token), &at_home()).unwrap();
    assert_eq!(texts(&active.rights), ["Jeton.Token.*", "Tasks.Update"]);
}
