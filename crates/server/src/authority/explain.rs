//! Why a token may or may not do something, for whoever may look at the token.

mod job;

use std::net::IpAddr;

use jeton_api::{Code, Remedy, StepOutcome};
use jeton_token::{
    Audience, Demand, Inactive, Place, PolicyRule, PrincipalKind, Scope, Step, TokenId, TokenKind, Verdict,
    Where, explain,
};

use self::job::JobStories;
use super::access::{self, Action, Caller, Owner};
use super::binding::granted;
use super::built_in::OWN_NAMESPACE;
use super::{Authority, Error};
use crate::store::{ApiRecord, Bearer, BindingFilter, Chain, Grounds, RoleRecord};

/// The token that is asked about.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    Id(TokenId),
    /// Whoever has the text may ask.
    Text(&'a str),
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct ExplainQuestion<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) scope: &'a Scope,
    pub(crate) resource: Option<&'a str>,
    pub(crate) client: Option<IpAddr>,
}

/// The decision, step by step.
#[derive(Debug)]
pub(crate) struct Explained {
    pub(crate) verdict: Verdict,
    pub(crate) steps: Vec<(&'static str, StepOutcome, String)>,
    pub(crate) remedies: Vec<Remedy>,
}

impl Authority {
    /// Explains what would be decided about a scope.
    pub(crate) async fn explain(
        &self,
        caller: &Caller,
        question: ExplainQuestion<'_>,
    ) -> Result<Explained, Error> {
        let (chain, grounds) = self.subject(caller, question.subject).await?;
        let apis = self.store.apis().await?;
        let api = Self::api_of_scope(question.scope, &apis)?;
        let place = match question.resource {
            None => Where::Everywhere,
            Some(text) => self.visible_place(caller, text).await?.map_or(Where::Nowhere, Where::At),
        };
        let audience = match api {
            None => Audience::Jeton,
            Some(api) => Audience::Api {
                catalogue: &api.catalogue,
                organization: api.organization.as_ref().map(|(id, _)| *id),
            },
        };
        let demand = Demand { audience, scope: Some(question.scope), place, client: question.client };
        let facts = chain.facts(&grounds);
        let (verdict, steps) = explain(&facts, &demand, question.scope, self.now());
        let at = judged_at(place, api);
        let mut remedies = Vec::new();
        for step in &steps {
            if let Some(Err(reason)) = &step.outcome {
                remedies.extend(
                    self.remedies(caller, &chain, question.scope, at, step.step, reason, &apis).await?,
                );
            }
        }
        let jobs = self.job_stories(&chain).await?;
        let steps = steps.into_iter().map(|step| told(&chain, &jobs, question.scope, step)).collect();
        Ok(Explained { verdict, steps, remedies })
    }

    /// One's own tokens, and anybody's with the right to look at them; a text needs nothing but itself.
    async fn subject(&self, caller: &Caller, subject: Subject<'_>) -> Result<(Chain, Grounds), Error> {
        let id = match subject {
            Subject::Id(id) => id,
            Subject::Text(text) => self.presented(text).await?.ok_or(Error::Hidden)?,
        };
        let found = self.store.token_with_rights(id, |_| true).await?;
        let (chain, grounds) = found.ok_or(Error::Hidden)?;
        if matches!(subject, Subject::Id(_)) {
            access::on_tokens_of(caller, Owner::of(&chain.token), Action::TokenRead)?;
        }
        let grounds = grounds.unwrap_or_default();
        Ok((self.with_last_uses(chain, &grounds.policies).await?, grounds))
    }

    fn api_of_scope<'a>(scope: &Scope, apis: &'a [ApiRecord]) -> Result<Option<&'a ApiRecord>, Error> {
        let api = apis.iter().find(|api| api.catalogue.namespace() == scope.namespace());
        let api = api.filter(|api| api.catalogue.has(scope));
        let unknown = || Error::invalid("/scope", Code::UnknownScope, format!("no API declares `{scope}`"));
        Ok(Some(api.ok_or_else(unknown)?).filter(|_| scope.namespace() != OWN_NAMESPACE))
    }

    /// What would turn a refused step round, and who could do it, as far as the caller may know.
    #[expect(clippy::too_many_arguments, reason = "all of it is one question")]
    async fn remedies(
        &self,
        caller: &Caller,
        chain: &Chain,
        scope: &Scope,
        place: Place,
        step: Step,
        reason: &Inactive,
        apis: &[ApiRecord],
    ) -> Result<Vec<Remedy>, Error> {
        let place_name = self.place_name(place).await?;
        let remedy = |action: &str, detail: String| Remedy {
            action: action.to_owned(),
            detail,
            role: None,
            place: Some(place_name.clone()),
            who: vec![],
        };
        Ok(match (step, reason) {
            (Step::Scopes(_), _) if chain.token.kind == TokenKind::Job => vec![remedy(
                "permit",
                format!(
                    "start the job with `permissions` that name `{scope}`, or without any; what makes tokens or \
                     jobs is nothing that a job ever has"
                ),
            )],
            (Step::Scopes(id), _) => vec![remedy(
                "add_scope",
                format!(
                    "the patterns of token `{}` do not cover `{scope}`; make a token that has it",
                    name_of(chain, id)
                ),
            )],
            (Step::Owner(..), _) => {
                let mut remedies = Vec::new();
                for role in self.roles_with(scope, place, apis).await? {
                    let who = self.who_may_bind(caller, &role, place, apis).await?;
                    let detail = format!("role `{}` at `{place_name}` would give it to the owner", role.name);
                    remedies.push(Remedy {
                        role: Some(role.name.clone()),
                        who,
                        ..remedy("bind_role", detail)
                    });
                }
                remedies
            }
            (_, Inactive::ApprovalRequired(_) | Inactive::Pending) => {
                let detail =
                    "somebody with `Jeton.Admin.Token` there approves the token: `jeton token approve`";
                vec![remedy("approve", detail.to_owned())]
            }
            (_, Inactive::ResourceRequired) => vec![remedy(
                "name_place",
                "the token is limited to places, so the API has to say at which one the call acts".to_owned(),
            )],
            (Step::Job(_), _) => vec![remedy(
                "let_out",
                "`jeton org job-settings` and `jeton project job-settings` show what keeps jobs in their projects; \
                 a job that is started without a wall acts where its account has rights"
                    .to_owned(),
            )],
            (_, Inactive::PlaceNotAllowed) => vec![remedy(
                "other_token",
                "the token may be used at other places; use or make one for this place".to_owned(),
            )],
            (_, Inactive::Policy(PolicyRule::SignIn)) => {
                vec![remedy("sign_in", "the owner signs in, and the token is honoured again".to_owned())]
            }
            (_, Inactive::Policy(PolicyRule::Unused)) => {
                let detail = "it was not used for too long: whoever signs in as the owner rotates it, and the new \
                              value is honoured";
                vec![remedy("rotate", detail.to_owned())]
            }
            (_, Inactive::Policy(PolicyRule::JobProjects)) => vec![remedy(
                "take_jobs",
                "the project is not among the `job_projects` of a policy there: whoever sets that policy names it"
                    .to_owned(),
            )],
            (_, Inactive::ClientIpRequired) => vec![remedy(
                "name_address",
                "calls are limited to networks, so the API has to say where the call comes from".to_owned(),
            )],
            (_, Inactive::Expired | Inactive::Revoked | Inactive::Policy(_)) => {
                vec![remedy("new_token", "make a new token, or rotate this one while it is alive".to_owned())]
            }
            _ => vec![],
        })
    }

    /// The roles that give a scope at a place.
    async fn roles_with(
        &self,
        scope: &Scope,
        place: Place,
        apis: &[ApiRecord],
    ) -> Result<Vec<RoleRecord>, Error> {
        let catalogues = super::create::catalogues(apis);
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
    ) -> Result<Vec<jeton_api::PrincipalRef>, Error> {
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
            let held: jeton_token::Rights = granted(theirs, binding.place, apis)
                .into_iter()
                .flat_map(|(_, rights)| rights.patterns().to_vec())
                .collect();
            let enough = held.covers(&may_bind) && all.iter().all(|(_, rights)| held.covers_all(rights));
            let kind = match binding.bearer {
                Bearer::Principal(_, PrincipalKind::Api) => continue,
                bearer => bearer.word().to_owned(),
            };
            if enough && who.len() < NAMED_MAX {
                who.push(jeton_api::PrincipalRef { kind, name: binding.bearer_name.clone() });
            }
        }
        Ok(who)
    }
}

/// The place whose rights count.
fn judged_at(place: Where, api: Option<&ApiRecord>) -> Place {
    match (place, api.and_then(|api| api.organization.as_ref())) {
        (Where::At(place), _) => place,
        (_, Some((organization, _))) => Place::Organization(*organization),
        (_, None) => Place::Global,
    }
}

fn told(
    chain: &Chain,
    jobs: &JobStories,
    scope: &Scope,
    explained: jeton_token::Explained,
) -> (&'static str, StepOutcome, String) {
    let step = explained.step;
    let what = match step {
        Step::Token => "the token is alive: not revoked, not over, its owner enabled".to_owned(),
        Step::Standing => {
            "so are the tokens that it was made with, and the policy for everywhere takes it".to_owned()
        }
        Step::Kind => "its kind is honoured by the API".to_owned(),
        Step::Network => "it is limited to no networks, or the call comes from one of them".to_owned(),
        Step::Job(id) => {
            let story = jobs.iter().find(|(job, _)| *job == id).map(|(_, story)| story.as_str());
            format!("the call acts where its job may: {}", story.unwrap_or_default())
        }
        Step::Place => "it is limited to no places, or the call acts at one of them".to_owned(),
        Step::Policy => "the policies of the place take it".to_owned(),
        Step::Scopes(id) => format!("a pattern of token `{}` covers `{scope}`", name_of(chain, id)),
        Step::Owner(id, _) => format!("`{}` has `{scope}` there now", owner_of(chain, id)),
        Step::Approval => "it needs no approval for the scope, or has one".to_owned(),
    };
    match explained.outcome {
        Some(Ok(())) => (step.word(), StepOutcome::Passed, what),
        Some(Err(reason)) => {
            (step.word(), StepOutcome::Failed, format!("not so: {what} ({})", reason.word()))
        }
        None => (step.word(), StepOutcome::NotReached, what),
    }
}

fn name_of(chain: &Chain, id: TokenId) -> String {
    let all = std::iter::once(&chain.token).chain(&chain.ancestors);
    all.into_iter().find(|token| token.id == id).map(|token| token.name.clone()).unwrap_or_default()
}

fn owner_of(chain: &Chain, id: TokenId) -> String {
    let all = std::iter::once(&chain.token).chain(&chain.ancestors);
    all.into_iter().find(|token| token.id == id).map(|token| token.owner_name.clone()).unwrap_or_default()
}
