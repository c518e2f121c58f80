//! What would turn a refused step of a decision round, and who could do it.

use jeton_api::{PrincipalRef, Remedy};
use jeton_token::{Inactive, Place, PolicyRule, PrincipalKind, Rights, Scope, Step, TokenKind};

use super::super::access::{self, Action, Caller};
use super::super::binding::granted;
use super::super::{Authority, Error, create};
use super::name_of;
use crate::store::{ApiRecord, Bearer, BindingFilter, Chain, RoleRecord};

/// A scope that a token lacks at a place, for whoever asks.
#[derive(Clone, Copy)]
pub(super) struct Missing<'a> {
    pub(super) caller: &'a Caller,
    pub(super) chain: &'a Chain,
    pub(super) apis: &'a [ApiRecord],
    pub(super) scope: &'a Scope,
    pub(super) place: Place,
}

impl Authority {
    /// What would help, as far as the caller may know.
    pub(super) async fn remedies(
        &self,
        missing: Missing<'_>,
        step: Step,
        reason: &Inactive,
    ) -> Result<Vec<Remedy>, Error> {
        let place = self.place_name(missing.place).await?;
        if let Step::Owner(..) = step {
            return self.roles_to_bind(missing, &place).await;
        }
        let advice = of_step(missing, step).or_else(|| of_reason(missing.chain.token.kind, reason));
        Ok(advice.into_iter().map(|(action, detail)| remedy(action, detail, &place)).collect())
    }

    async fn roles_to_bind(&self, missing: Missing<'_>, place: &str) -> Result<Vec<Remedy>, Error> {
        let mut remedies = Vec::new();
        for role in self.roles_with(missing.scope, missing.place, missing.apis).await? {
            let who = self.who_may_bind(missing.caller, &role, missing.place, missing.apis).await?;
            let detail = format!("role `{}` at `{place}` would give it to the owner", role.name);
            remedies.push(Remedy { role: Some(role.name), who, ..remedy("bind_role", detail, place) });
        }
        Ok(remedies)
    }

    /// The roles that give a scope at a place.
    async fn roles_with(
        &self,
        scope: &Scope,
        place: Place,
        apis: &[ApiRecord],
    ) -> Result<Vec<RoleRecord>, Error> {
        let catalogues = create::catalogues(apis);
        let mut roles = self.store.roles(None, 1000).await?;
        roles.retain(|role| {
            role.bindable.allows(place)
                && granted(role, place, apis).iter().any(|(at, rights)| {
                    at.contains(place) && rights.with_implied(catalogues.iter().copied()).covers(scope)
                })
        });
        Ok(roles)
    }

    /// Whose roles let them bind this one there: told only to those who may see the bindings.
    async fn who_may_bind(
        &self,
        caller: &Caller,
        role: &RoleRecord,
        place: Place,
        apis: &[ApiRecord],
    ) -> Result<Vec<PrincipalRef>, Error> {
        const NAMED_MAX: usize = 10;
        if access::at(caller, place, Action::BindingRead).is_err() {
            return Ok(vec![]);
        }
        let may_bind: Scope = "Jeton.Admin.Role".parse().map_err(|_| Error::Unavailable)?;
        let all = granted(role, place, apis);
        let bindings =
            self.store.bindings(&BindingFilter { limit: 1000, ..BindingFilter::default() }).await?;
        let roles = self.store.roles(None, 1000).await?;
        let mut who = Vec::new();
        for binding in bindings.iter().filter(|binding| binding.place.contains(place)) {
            let Some(theirs) = roles.iter().find(|role| role.id == binding.role) else { continue };
            let held: Rights = granted(theirs, binding.place, apis)
                .into_iter()
                .flat_map(|(_, rights)| rights.patterns().to_vec())
                .collect();
            let enough = held.covers(&may_bind) && all.iter().all(|(_, rights)| held.covers_all(rights));
            let kind = match binding.bearer {
                Bearer::Principal(_, PrincipalKind::Api) => continue,
                bearer => bearer.word().to_owned(),
            };
            if enough && who.len() < NAMED_MAX {
                who.push(PrincipalRef { kind, name: binding.bearer_name.clone() });
            }
        }
        Ok(who)
    }
}

fn remedy(action: &str, detail: String, place: &str) -> Remedy {
    Remedy { action: action.to_owned(), detail, role: None, place: Some(place.to_owned()), who: vec![] }
}

/// The word for what to do, and the same in a sentence.
type Advice = (&'static str, String);

fn of_step(Missing { chain, scope, .. }: Missing<'_>, step: Step) -> Option<Advice> {
    Some(match step {
        Step::Scopes(_) if chain.token.kind == TokenKind::Job => (
            "permit",
            format!(
                "start the job with `permissions` that name `{scope}`, or without any; what makes tokens or jobs is \
                 nothing that a job ever has"
            ),
        ),
        Step::Scopes(id) => (
            "add_scope",
            format!(
                "the patterns of token `{}` do not cover `{scope}`; make a token that has it",
                name_of(chain, id)
            ),
        ),
        Step::Job(_) => (
            "let_out",
            "`jeton org job-settings` and `jeton project job-settings` show what keeps jobs in their projects; a job \
             that is started without a wall acts where its account has rights"
                .to_owned(),
        ),
        _ => return None,
    })
}

fn of_reason(kind: TokenKind, reason: &Inactive) -> Option<Advice> {
    let (action, detail) = match reason {
        Inactive::Expired | Inactive::Revoked if kind == TokenKind::Job => {
            ("start_job", "the job is over, and nothing brings it back: its runner starts another one")
        }
        Inactive::ApprovalRequired(_) | Inactive::Pending => {
            ("approve", "somebody with `Jeton.Admin.Token` there approves the token: `jeton token approve`")
        }
        Inactive::ResourceRequired => {
            ("name_place", "the token is limited to places, so the API has to say at which one the call acts")
        }
        Inactive::PlaceNotAllowed => {
            ("other_token", "the token may be used at other places; use or make one for this place")
        }
        Inactive::ClientIpRequired => {
            ("name_address", "calls are limited to networks, so the API has to say where the call comes from")
        }
        Inactive::Policy(PolicyRule::SignIn) => {
            ("sign_in", "the owner signs in, and the token is honoured again")
        }
        Inactive::Policy(PolicyRule::Unused) => (
            "rotate",
            "it was not used for too long: whoever signs in as the owner rotates it, and the new value is honoured",
        ),
        Inactive::Policy(PolicyRule::JobProjects) => (
            "take_jobs",
            "the project of the job is not among the `job_projects` of a policy there: whoever sets that policy \
             names it",
        ),
        Inactive::Expired | Inactive::Revoked | Inactive::Policy(_) => {
            ("new_token", "make a new token, or rotate this one while it is alive")
        }
        _ => return None,
    };
    Some((action, detail.to_owned()))
}
