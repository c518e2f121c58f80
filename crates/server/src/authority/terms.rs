//! What policies say to a token that is to be made or changed.
//!
//! The same policies are judged again at every verify. Here they are applied early, so that nobody is handed a token
//! that is refused at once, and so that a life is cut, or an approval asked for, when it can still be said.

use jeton_api::Code;
use jeton_token::{
    Approval, Excess, Expiry, GroupId, Holder, NetworkLimit, Place, PlaceLimit, PlacedPattern, PlacedPolicy,
    Policy, PolicyRule, PrincipalId, Rights, Rule, ScopeSet, Timestamp,
};

use super::create::End;
use super::{Authority, Error};
use crate::limits::{LIFETIME_MINUTES_MAX, LIFETIME_MS_DEFAULT, RENEWABLE_MS_DEFAULT};
use crate::store::ApiRecord;

/// The policies that concern a token limited to certain places.
pub(super) struct Terms {
    /// Where the token may be used.
    places: PlaceLimit,
    /// All of them, wherever the token could be used.
    policies: Vec<PlacedPolicy>,
    /// Those that hold for all of a place where it may be used.
    binding: Vec<Policy>,
    /// The same, put together.
    everywhere: Policy,
}

/// An end that the terms allow, and what is to be said about it.
#[derive(Debug)]
pub(super) struct AllowedEnd {
    pub(super) expiry: Expiry,
    pub(super) notes: Vec<String>,
}

/// What policies want of approvals before a token can do all that it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskedApproval {
    /// Nothing.
    Nowhere,
    /// Some places withhold scopes of it until somebody approves it; elsewhere it is used without.
    InPlaces,
    /// Somebody has to look at it first.
    First,
}

impl AskedApproval {
    /// How far the approval of a token is that nobody has looked at.
    pub(super) fn at_first(self) -> Approval {
        match self {
            Self::Nowhere | Self::InPlaces => Approval::None,
            Self::First => Approval::Pending,
        }
    }

    /// What is to be said about it to whoever gets the secret.
    pub(super) fn note(self) -> Option<String> {
        let note = match self {
            Self::Nowhere => return None,
            Self::InPlaces => {
                "some places want an approval first: scopes that need one are withheld there until then"
            }
            Self::First => "the token waits: it can do nothing until somebody approves it",
        };
        Some(note.to_owned())
    }
}

impl Authority {
    /// What policies say to a token with these places.
    pub(super) async fn terms(&self, places: &PlaceLimit) -> Result<Terms, Error> {
        let mut policies = self.store.policies().await?;
        policies.retain(|placed| concerns(placed.place, places));
        let binding = policies.iter().filter(|placed| holds_for_all(placed.place, places));
        // Outermost first, so that the default of the innermost place is the one that remains.
        let mut binding: Vec<_> = binding.collect();
        binding.sort_by_key(|placed| depth(placed.place));
        let binding: Vec<_> = binding.into_iter().map(|placed| placed.policy.clone()).collect();
        let everywhere = binding.iter().fold(Policy::default(), |outer, inner| inner.tightened_by(&outer));
        Ok(Terms { places: places.clone(), policies, binding, everywhere })
    }
}

/// Whether a policy there could matter to a token with these places.
fn concerns(place: Place, places: &PlaceLimit) -> bool {
    match places {
        PlaceLimit::Everywhere => true,
        PlaceLimit::Within(places) => places.iter().any(|allowed| allowed.meets(place)),
    }
}

/// Whether a policy there is about every use, or about all of one of the listed places.
fn holds_for_all(place: Place, places: &PlaceLimit) -> bool {
    match places {
        PlaceLimit::Everywhere => place == Place::Global,
        PlaceLimit::Within(places) => places.iter().any(|allowed| place.contains(*allowed)),
    }
}

fn depth(place: Place) -> u8 {
    match place {
        Place::Global => 0,
        Place::Organization(_) => 1,
        Place::Project(..) => 2,
    }
}

impl Terms {
    /// The end of a secret made at `issued_at`. What is asked for beyond the longest life is cut or refused, as the
    /// policy says; what nobody asked for is always cut.
    pub(super) fn end(&self, wanted: End, issued_at: Timestamp) -> Result<AllowedEnd, Error> {
        let latest = self.everywhere.end(issued_at, self.longest(issued_at));
        let expiry = match wanted {
            End::Default => {
                let usual = self.everywhere.lifetime_ms_default.unwrap_or(LIFETIME_MS_DEFAULT);
                Expiry::At(issued_at.plus_ms(usual)).min(latest)
            }
            End::Until(at) => return Ok(self.cut(Expiry::At(at), issued_at)),
            End::Longest => latest,
            End::After(ms) | End::Within(ms) => Expiry::At(issued_at.plus_ms(ms)),
            End::Fixed(expiry) => expiry,
        };
        if expiry <= latest {
            return Ok(AllowedEnd { expiry, notes: vec![] });
        }
        match self.everywhere.excess {
            Some(Excess::Clamp) => Ok(AllowedEnd { expiry: latest, notes: vec![self.cut_note()] }),
            Some(Excess::Refuse) | None => {
                Err(Error::invalid(wanted.pointer(), Code::LifetimeExceedsPolicy, self.longest_in_words()))
            }
        }
    }

    /// As much of a life that goes on as the policy allows.
    pub(super) fn cut(&self, expiry: Expiry, issued_at: Timestamp) -> AllowedEnd {
        let latest = self.everywhere.end(issued_at, self.longest(issued_at));
        let notes = if expiry > latest { vec![self.cut_note()] } else { vec![] };
        AllowedEnd { expiry: expiry.min(latest), notes }
    }

    /// Until when a token may rotate itself that a person made or looked after at this moment.
    pub(super) fn renewable_until(&self, renewed_at: Timestamp) -> Expiry {
        Expiry::At(renewed_at.plus_ms(self.everywhere.renewable_for_ms.unwrap_or(RENEWABLE_MS_DEFAULT)))
    }

    /// Whether the policies that hold everywhere take such a token of such an owner.
    pub(super) fn check(
        &self,
        owner: PrincipalId,
        groups: &[GroupId],
        patterns: &ScopeSet,
        networks: &NetworkLimit,
    ) -> Result<(), Error> {
        let refused = patterns.patterns().iter().position(|pattern| !self.everywhere.counts(pattern));
        if let Some(at) = refused {
            let detail = "a policy does not let the bare `*` count; name what the token is for";
            return Err(Error::invalid(format!("/scopes/{at}"), Code::PolicyRefuses, detail));
        }
        if self.everywhere.network_limit().intersection(networks) == NetworkLimit::Within(vec![]) {
            let detail = "a policy takes calls from other networks only, so the token could not be used";
            return Err(Error::invalid("/networks", Code::PolicyRefuses, detail));
        }
        // Only the lists of creators are looked at here; the moments make every other rule content. Each list is asked
        // for itself, like at verify: two that name one person differently both take them.
        let now = Timestamp(0);
        let holder = Holder {
            owner,
            groups,
            seen_at: None,
            issued_at: now,
            used_at: now,
            expiry: Expiry::At(Timestamp(1)),
        };
        let only_creators =
            |policy: &Policy| Policy { creators: policy.creators.clone(), ..Policy::default() };
        let leaves_out = |policy| only_creators(policy).admits(holder, now) == Err(PolicyRule::Creators);
        if self.binding.iter().any(leaves_out) {
            let detail = "a policy lists whose tokens count, and the owner is not among them";
            return Err(Error::denied(Code::PolicyRefuses, detail));
        }
        Ok(())
    }

    /// Whether somebody has to look at the token before it can do anything: that is so when it could be used nowhere
    /// but where a scope of it wants an approval. A place that it could also do without only withholds such scopes:
    /// nobody who administers one place stops what is used at others.
    pub(super) fn approval(
        &self,
        patterns: &ScopeSet,
        owned: &[(Place, Rights)],
        apis: &[ApiRecord],
    ) -> AskedApproval {
        let wanted = self.approval_wanted(patterns, owned, apis);
        let wanted_all_over = |at: Place| wanted.iter().any(|wanted| wanted.place.contains(at));
        let waits = match &self.places {
            PlaceLimit::Everywhere => wanted_all_over(Place::Global),
            PlaceLimit::Within(places) => places.iter().all(|allowed| wanted_all_over(*allowed)),
        };
        match wanted.as_slice() {
            [] => AskedApproval::Nowhere,
            _ if waits => AskedApproval::First,
            _ => AskedApproval::InPlaces,
        }
    }

    /// What places want approved of the scopes of such a token that its owner has there.
    pub(super) fn approval_wanted(
        &self,
        patterns: &ScopeSet,
        owned: &[(Place, Rights)],
        apis: &[ApiRecord],
    ) -> Vec<PlacedPattern> {
        let catalogues = super::create::catalogues(apis);
        let granted = patterns.rights().with_implied(catalogues.iter().copied());
        let wanted = |placed: &PlacedPolicy| -> Vec<PlacedPattern> {
            let here = owned.iter().filter(|(place, _)| place.meets(placed.place));
            let rights: Rights = here.flat_map(|(_, rights)| rights.patterns().iter().cloned()).collect();
            let effective = granted.intersection(&rights.with_implied(catalogues.iter().copied()));
            let wanted = placed.policy.approvals_of(&effective).cloned();
            wanted.map(|pattern| PlacedPattern { place: placed.place, pattern }).collect()
        };
        self.policies.iter().flat_map(wanted).collect()
    }

    /// Whether what is wanted there is wanted wherever the token is used, or all over a place that it is limited to.
    pub(super) fn holds_for_all(&self, place: Place) -> bool {
        holds_for_all(place, &self.places)
    }

    fn longest(&self, issued_at: Timestamp) -> Expiry {
        match (self.everywhere.never_expires, self.everywhere.lifetime_ms_max) {
            (Some(Rule::Refused), None) => Expiry::At(issued_at.plus_ms(LIFETIME_MINUTES_MAX * 60_000)),
            _ => Expiry::Never,
        }
    }

    fn longest_in_words(&self) -> String {
        match self.everywhere.lifetime_ms_max {
            Some(ms) => format!("a policy allows a life of {} minutes at most", ms / 60_000),
            None => "a policy allows no life without an end".to_owned(),
        }
    }

    fn cut_note(&self) -> String {
        format!("the end was cut: {}", self.longest_in_words())
    }
}
