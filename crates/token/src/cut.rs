//! Where a token ends earlier than it says itself.
//!
//! A token says when it ends. A policy of a place may end it earlier there, and so may a token that it was made with.
//! Every answer that tells an end goes by the earliest, and a record tells both.

use crate::decision::{Facts, Reach, end};
use crate::lifetime::Timestamp;
use crate::tenant::Place;

/// The places where the token ends earlier than by its own end, outermost first, and when. A place within another one
/// is named only if it ends the token earlier still.
pub fn earlier_ends(facts: &Facts) -> Vec<(Place, Timestamp)> {
    let policies = facts.policies.iter().map(|placed| placed.place);
    let listed = facts.chain().flat_map(|link| link.places.places().iter().copied());
    let mut places: Vec<_> = policies.chain(listed).chain([Place::Global]).collect();
    places.retain(|place| facts.chain().all(|link| link.places.covers(*place)));
    places.sort_unstable();
    places.dedup();
    let mut ends: Vec<(Place, Timestamp)> = vec![];
    for place in places {
        let Some(at) = end(facts, (place, Reach::Here)).at() else { continue };
        let is_own = facts.token.expiry.at().is_some_and(|own| own <= at);
        let is_said = ends.iter().any(|(outer, said)| outer.contains(place) && *said <= at);
        if !is_own && !is_said {
            ends.push((place, at));
        }
    }
    ends
}
