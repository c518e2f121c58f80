//! `/api/v1/verify`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Subject, TokenState, VerifyAnswer, VerifyRequest};
use jeton_token::{Active, Inactive, Place, Scope};

use super::super::Doors;
use super::super::body::Body;
use super::super::problem::{Problem, no_store};
use super::super::query::{Nothing, Query};
use super::{parse, shown};
use crate::authority::{Caller, Error, Judged, Known, Question};

/// Judges a token for the API that calls with its own credential.
pub(crate) async fn verify(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<VerifyRequest>,
) -> Result<Response<Answer>, Problem> {
    let scope = request.scope.as_deref().map(|text| parse::value::<Scope>("/scope", text)).transpose()?;
    let question = Question {
        text: request.token.expose(),
        scope: scope.as_ref(),
        resource: request.resource.as_deref(),
        client: request.client_ip.as_deref().map(|text| parse::value("/client_ip", text)).transpose()?,
    };
    let (_, judged) = doors.authority.judge(&caller, question).await?;
    Ok(no_store(Json(match judged {
        Judged::Nothing => VerifyAnswer::default(),
        Judged::Refused(reason) => refused(&reason),
        Judged::Honoured(known, active) => allowed(&doors, *known, &active).await?,
        Judged::HonouredAt(known, expiry, details) => {
            // Something is effective somewhere; the scopes of all places together would say too much.
            let whole = details.into_iter().find(|(place, _)| matches!(place, Place::Organization(_)));
            let rights = whole.map(|(_, rights)| rights).unwrap_or_default();
            allowed(&doors, *known, &Active { rights, expiry }).await?
        }
    })))
}

fn refused(reason: &Inactive) -> VerifyAnswer {
    let missing_scope = match reason {
        Inactive::MissingScope(scope) => Some(scope.to_string()),
        _ => None,
    };
    VerifyAnswer { reason: Some(reason.word().to_owned()), missing_scope, ..VerifyAnswer::default() }
}

async fn allowed(doors: &Doors, known: Known, active: &Active) -> Result<VerifyAnswer, Error> {
    let record = known.chain.token.clone();
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
