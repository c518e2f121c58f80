//! How long a verdict stays as it is by itself: what whoever remembers one has to know about it.
//!
//! Nothing changes but the time, and from where the call comes. Everything else is a change of facts, and whoever
//! remembers is told of those.
//!
//! Example: a token ends on Friday, and a policy wants its owner to sign in by Thursday. The verdict is good until
//! Thursday.

use crate::decision::{At, Demand, Facts, Link, Reach, check_place, end};
use crate::lifetime::Expiry;
use crate::limits::NetworkLimit;
use crate::policy::Policy;
use crate::tenant::Place;

/// The earliest moment at which a verdict that honours a token may become another one by time alone; `None` where no
/// place can be judged at.
pub fn steady_until(facts: &Facts, demand: &Demand<'_>) -> Option<Expiry> {
    let at = check_place(facts, demand).ok()?;
    let ends = [at, EVERYWHERE].map(|at| end(facts, at).min(unused(facts, at)));
    ends.into_iter().min()
}

/// Whether the verdict depends on where the call comes from.
pub fn minds_client(facts: &Facts, demand: &Demand<'_>) -> bool {
    let Ok((place, reach)) = check_place(facts, demand) else {
        return true;
    };
    let limited = |link: &Link| link.networks != NetworkLimit::Anywhere;
    let is_kept = facts.chain().any(Link::is_kept);
    let by_policy = || facts.policies(place, reach).any(|policy| policy.networks.is_some());
    facts.chain().any(limited) || (is_kept && by_policy())
}

/// What [`standing`](crate::standing) looks at, whatever the demand.
const EVERYWHERE: At = (Place::Global, Reach::Here);

/// When policies first call a token of the chain unused. Using it puts that off; that it is used is not a matter of time.
fn unused(facts: &Facts, (place, reach): At) -> Expiry {
    let of = |link: &Link, policy: &Policy| {
        policy.used_within_ms.map(|within| Expiry::At(link.used_at.plus_ms(within)))
    };
    let kept = facts.chain().filter(|link| link.is_kept());
    let ends = kept.flat_map(|link| facts.policies(place, reach).filter_map(move |policy| of(link, policy)));
    ends.min().unwrap_or(Expiry::Never)
}
