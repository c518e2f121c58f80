//! The decision step by step, for whoever wants to know why.
//!
//! The steps are the checks of [`decide`] in their order; the last of them is taken apart, so that it
//! shows which of the tokens or owners lacks the scope. The verdict is always that of `decide` itself.

use crate::catalogue::Catalogue;
use crate::decision::{
    Approval, At, Audience, Circumstances, Demand, Facts, Inactive, Link, Reach, Verdict, Where, check_alive,
    check_kind, check_network, check_place, check_taken, counted, decide, standing,
};
use crate::id::{JobId, PrincipalId, TokenId};
use crate::lifetime::Timestamp;
use crate::rights::Rights;
use crate::scope::Scope;
use crate::tenant::Place;

/// One rule of the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The token is alive: intact, not revoked, not over, its owner enabled, approved where that is needed.
    Token,
    /// So are the tokens that it was made with, and the policy that holds everywhere takes them.
    Standing,
    /// Its kind is honoured by whoever asks.
    Kind,
    /// The call comes from where it may.
    Network,
    /// The job that a token is of may act where the call does: inside its wall, or at least in its organization.
    Job(JobId),
    /// The call acts where the tokens may be used.
    Place,
    /// The policies that count there take the tokens.
    Policy,
    /// A pattern of this token covers the scope.
    Scopes(TokenId),
    /// The owner of this token has the right there now.
    Owner(TokenId, PrincipalId),
    /// The scope needs no approval, or has it.
    Approval,
}

impl Step {
    /// The stable word for it on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Standing => "standing",
            Self::Kind => "kind",
            Self::Network => "network",
            Self::Job(_) => "job",
            Self::Place => "place",
            Self::Policy => "policy",
            Self::Scopes(_) => "scopes",
            Self::Owner(..) => "owner_rights",
            Self::Approval => "approval",
        }
    }
}

/// A step with what came of it. `None`: a step before it had refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The rule.
    pub step: Step,
    /// What came of it.
    pub outcome: Option<Result<(), Inactive>>,
}

/// The decision about one scope, step by step, with its verdict.
pub fn explain(
    facts: &Facts,
    demand: &Demand<'_>,
    scope: &Scope,
    now: Timestamp,
) -> (Verdict, Vec<Explained>) {
    let demand = Demand { scope: Some(scope), ..*demand };
    let circumstances = Circumstances { now, client: demand.client };
    let place = check_place(facts, &demand).and_then(|at| check_reached(facts, at));
    let mut steps = vec![
        (Step::Token, check_alive(&facts.token, now)),
        (Step::Standing, standing(facts, now)),
        (Step::Kind, check_kind(facts, &demand)),
        (Step::Network, check_network(facts, demand.client)),
    ];
    steps.extend(facts.chain().filter_map(|link| of_job(link, demand.place)));
    steps.extend([
        (Step::Place, place.clone().map(drop)),
        (Step::Policy, place.clone().and_then(|at| check_taken(facts, at, circumstances))),
    ]);
    let at = place.unwrap_or((Place::Global, Reach::Here));
    steps.extend(of_scope(facts, &demand, scope, at));
    let verdict = decide(facts, &demand, now);
    let approval = match &verdict {
        Verdict::Inactive(reason @ Inactive::ApprovalRequired(_)) => Err(reason.clone()),
        _ => Ok(()),
    };
    steps.push((Step::Approval, approval));
    (verdict, until_refused(steps))
}

/// What keeps a job where it is, for a call that acts at one place.
fn of_job(link: &Link, place: Where) -> Option<(Step, Result<(), Inactive>)> {
    let is_kept_away = matches!(place, Where::At(place) if !link.places.covers(place));
    let outcome = if is_kept_away { Err(Inactive::PlaceNotAllowed) } else { Ok(()) };
    link.job.map(|origin| (Step::Job(origin.job), outcome))
}

/// At home a limited token may look at itself, but it has no right where it may not be used.
fn check_reached(facts: &Facts, at: At) -> Result<At, Inactive> {
    if facts.chain().all(|link| link.places.covers(at.0)) { Ok(at) } else { Err(Inactive::PlaceNotAllowed) }
}

/// Which links of the chain have the scope: by their patterns, and by their owners' rights.
fn of_scope(facts: &Facts, demand: &Demand<'_>, scope: &Scope, at: At) -> Vec<(Step, Result<(), Inactive>)> {
    let catalogues: Vec<&Catalogue> = match demand.audience {
        Audience::Jeton => vec![],
        Audience::Api { catalogue, .. } => vec![catalogue],
    };
    // An API honours only what its catalogue declares.
    let declared = catalogues.iter().all(|catalogue| catalogue.has(scope));
    let has = |rights: Rights| {
        let covered = rights.with_implied(catalogues.iter().copied()).covers(scope);
        if covered && declared { Ok(()) } else { Err(Inactive::MissingScope(scope.clone())) }
    };
    let written =
        |link: &Link| if link.lacks_as_job(scope) { Rights::none() } else { counted(facts, link, at) };
    let of_link = |link: &Link| {
        [
            (Step::Scopes(link.id), has(written(link))),
            (Step::Owner(link.id, link.owner), has(link.rights_at(at.0))),
        ]
    };
    facts.chain().flat_map(of_link).collect()
}

/// All that came of the scope is told, also behind a step of it that refused: both may be missing.
fn until_refused(steps: Vec<(Step, Result<(), Inactive>)>) -> Vec<Explained> {
    let mut refused = false;
    let mut explained = Vec::with_capacity(steps.len());
    for (step, outcome) in steps {
        let is_of_scope = matches!(step, Step::Scopes(_) | Step::Owner(..));
        let failed = outcome.is_err();
        explained.push(Explained { step, outcome: (!refused).then_some(outcome) });
        refused |= failed && !is_of_scope;
    }
    explained
}

impl Approval {
    /// The word in the store and on the wire; none when nobody asked.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Pending => Some("pending"),
            Self::Given(_) => Some("approved"),
        }
    }
}
