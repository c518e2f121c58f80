//! Where a token ends earlier than it says itself.

use std::sync::Arc;

use jeton_token::{
    Expiry, Facts, Link, Place, PlaceLimit, PlacedPolicy, Policy, Timestamp, TokenKind, Where, earlier_ends,
};
use proptest::prelude::*;

use crate::decision::link;
use crate::decision::properties::{any_asked, any_facts, any_now};
use crate::sample::{organization, project};

fn longest(place: Place, ms: i64) -> PlacedPolicy {
    PlacedPolicy { place, policy: Policy { lifetime_ms_max: Some(ms), ..Policy::default() } }
}

fn facts(token: Link, ancestors: Vec<Link>, policies: Vec<PlacedPolicy>) -> Facts {
    Facts { token, ancestors, policies: Arc::new(policies) }
}

/// Made at 0, and ending at this moment.
fn until(end: i64) -> Link {
    Link { issued_at: Timestamp(0), expiry: Expiry::At(Timestamp(end)), ..link() }
}

#[test]
fn a_place_is_named_if_it_ends_the_token_earlier_than_what_is_around_it() {
    let (org, other) = (Place::Organization(organization(1)), Place::Organization(organization(2)));
    let (web, app) = (project(1, 1), project(1, 2));
    let at = |place, end| (place, Timestamp(end));
    let limited = |places: &[Place]| Link { places: PlaceLimit::from_places(places.to_vec()), ..until(100) };
    let never = Link { expiry: Expiry::Never, ..until(0) };
    let session = Link { kind: TokenKind::Session, ..until(100) };
    let later = Link { issued_at: Timestamp(50), ..until(100) };
    let ending = Link { kind: TokenKind::Session, ..until(30) };
    let table = [
        (facts(until(100), vec![], vec![]), vec![]),
        (facts(until(100), vec![], vec![longest(org, 100), longest(web, 200)]), vec![]),
        (facts(until(100), vec![], vec![longest(org, 60)]), vec![at(org, 60)]),
        (facts(never, vec![], vec![longest(org, 60)]), vec![at(org, 60)]),
        (
            facts(until(100), vec![], vec![longest(web, 70), longest(org, 60), longest(app, 50)]),
            vec![at(org, 60), at(app, 50)],
        ),
        (
            facts(until(100), vec![], vec![longest(org, 60), longest(Place::Global, 50)]),
            vec![at(Place::Global, 50)],
        ),
        (facts(limited(&[web]), vec![], vec![longest(org, 60), longest(other, 10)]), vec![at(web, 60)]),
        (facts(session, vec![], vec![longest(org, 60)]), vec![]),
        (facts(later, vec![until(100)], vec![longest(org, 60)]), vec![at(org, 60)]),
        (facts(until(100), vec![ending], vec![]), vec![at(Place::Global, 30)]),
    ];
    for (facts, expected) in table {
        assert_eq!(earlier_ends(&facts), expected, "{facts:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn what_a_verdict_says_of_the_end_is_what_the_record_says(facts in any_facts(), asked in any_asked(), now in any_now()) {
        // A call at a whole organization is judged by the policies of its projects, too.
        if let (Where::At(place @ Place::Project(..)), Ok(active)) = (asked.place, asked.judge(&facts, now)) {
            let ends = earlier_ends(&facts);
            let here = ends.iter().filter(|(at, _)| at.contains(place)).map(|(_, end)| Expiry::At(*end));
            let said = here.chain([facts.token.expiry]).min();
            prop_assert_eq!(said, Some(active.expiry));
        }
    }
}
