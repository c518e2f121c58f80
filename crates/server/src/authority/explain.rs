//! Why a token may or may not do something, for whoever may look at the token.

mod job;
mod remedy;

use std::net::IpAddr;

use jeton_api::{Code, Remedy, StepOutcome};
use jeton_token::{Audience, Demand, Place, Scope, Step, TokenId, Verdict, Where, explain};

use self::job::JobStories;
use self::remedy::Missing;
use super::access::{self, Action, Caller, Owner};
use super::api::seen;
use super::built_in::OWN_NAMESPACE;
use super::{Authority, Error};
use crate::store::{ApiRecord, Chain, Grounds};

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
        let mut known = seen(caller, &apis);
        known.extend(apis.iter().filter(|api| names(&chain, api)));
        let api = Self::api_of_scope(question.scope, &known)?;
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
                let missing =
                    Missing { caller, chain: &chain, apis: &apis, scope: question.scope, place: at };
                remedies.extend(self.remedies(missing, step.step, reason).await?);
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

    fn api_of_scope<'a>(scope: &Scope, apis: &[&'a ApiRecord]) -> Result<Option<&'a ApiRecord>, Error> {
        let api = apis.iter().copied().find(|api| api.catalogue.namespace() == scope.namespace());
        let api = api.filter(|api| api.catalogue.has(scope));
        let unknown = || Error::invalid("/scope", Code::UnknownScope, format!("no API declares `{scope}`"));
        Ok(Some(api.ok_or_else(unknown)?).filter(|_| scope.namespace() != OWN_NAMESPACE))
    }
}

/// Whether a token was made for scopes of this API: then its owner knows of the API, also after leaving its organization.
/// A pattern for everything names none.
fn names(chain: &Chain, api: &ApiRecord) -> bool {
    let mut patterns = chain.token.patterns.patterns().iter().filter(|pattern| !pattern.is_everything());
    patterns.any(|pattern| pattern.as_str().split('.').next() == Some(api.catalogue.namespace()))
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
        // Of a token that is dead, nobody is told what it was for.
        Step::Job(_) if explained.outcome.is_none() => "the call acts where its job may".to_owned(),
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
