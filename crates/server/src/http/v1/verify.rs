//! `/api/v1/verify`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, Subject, TokenState, VerifyAnswer, VerifyRequest};
use jeton_token::{Active, Audience, Demand, Inactive, Scope, Verdict, concerns};

use super::super::Doors;
use super::super::body::Body;
use super::super::oauth2::introspect::place;
use super::super::problem::{Problem, no_store};
use super::super::query::{Nothing, Query};
use super::{parse, shown};
use crate::authority::{Caller, Error, Known, Verification};
use crate::store::ApiRecord;

/// Judges a token for the API that calls with its own credential.
pub(crate) async fn verify(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<VerifyRequest>,
) -> Result<Response<Answer>, Problem> {
    let api = doors.authority.calling_api(&caller).await?;
    let scope = request.scope.as_deref().map(|text| parse::value::<Scope>("/scope", text)).transpose()?;
    check_own(&api, scope.as_ref())?;
    let client = request.client_ip.as_deref().map(|text| parse::value("/client_ip", text)).transpose()?;
    let demand = Demand {
        audience: Audience::Api {
            catalogue: &api.catalogue,
            organization: api.organization.as_ref().map(|(id, _)| *id),
        },
        scope: scope.as_ref(),
        place: place(&doors.authority, request.resource.as_deref()).await?,
        client,
    };
    let answer = match doors.authority.verify(request.token.expose(), &demand).await? {
        Verification::Unknown => VerifyAnswer::default(),
        Verification::Known(known) => match known.verdict.clone() {
            Verdict::Inactive(reason) if concerns(&known.facts.token, demand.audience) => refused(&reason),
            Verdict::Inactive(_) => VerifyAnswer::default(),
            Verdict::Active(active) => allowed(&doors, *known, &active).await?,
        },
    };
    Ok(no_store(Json(answer)))
}

fn check_own(api: &ApiRecord, scope: Option<&Scope>) -> Result<(), Error> {
    match scope {
        Some(scope) if scope.namespace() != api.catalogue.namespace() => {
            let detail = format!("`{scope}` is not of the namespace `{}`", api.catalogue.namespace());
            Err(Error::denied(Code::ForeignScope, detail))
        }
        _ => Ok(()),
    }
}

/// The secret has matched and the API is one that the token is for, so the API may know why.
fn refused(reason: &Inactive) -> VerifyAnswer {
    let missing_scope = match reason {
        Inactive::MissingScope(scope) => Some(scope.to_string()),
        _ => None,
    };
    VerifyAnswer { reason: Some(reason.word().to_owned()), missing_scope, ..VerifyAnswer::default() }
}

async fn allowed(doors: &Doors, known: Known, active: &Active) -> Result<VerifyAnswer, Error> {
    let record = known.chain.token;
    let subject = Subject {
        kind: record.owner_kind.word().to_owned(),
        id: record.owner.to_string(),
        name: record.owner_name.clone(),
    };
    Ok(VerifyAnswer {
        allowed: true,
        reason: None,
        missing_scope: None,
        token: Some(Box::new(shown::token(&doors.authority, record, TokenState::Active).await?)),
        subject: Some(subject),
        scopes: Some(active.rights.patterns().iter().map(ToString::to_string).collect()),
        expires_at: active.expiry.at().map(shown::moment),
    })
}
