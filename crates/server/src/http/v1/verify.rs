//! `/api/v1/verify`, `/api/v1/verify/watch`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{
    Code, Keep, Subject, TokenState, ToldUse, VerifyAnswer, VerifyRequest, WatchAnswer, WatchRequest,
};
use jeton_token::{Active, Inactive, Place, Scope};

use super::super::Doors;
use super::super::body::Body;
use super::super::problem::{Problem, no_store};
use super::super::query::{Nothing, Query};
use super::{parse, shown};
use crate::authority::{Caller, Error, Judged, Keeping, Known, Question, Use, Watch};
use crate::keys::hex;
use crate::limits::{TOLD_USE_COUNT_MAX, TOLD_USES_MAX};
use crate::store::{Position, VerifierId};

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
        client: request.client_ip.as_deref().map(|text| parse::client_ip("/client_ip", text)).transpose()?,
    };
    let (judged, keeping) = if request.keep {
        doors.authority.judge_to_keep(&caller, question).await?
    } else {
        (doors.authority.judge(&caller, question).await?.1, None)
    };
    let answer = match judged {
        Judged::Nothing => VerifyAnswer::default(),
        Judged::Refused(reason) => refused(&reason),
        Judged::Honoured(known, active) => allowed(&doors, *known, &active).await?,
        Judged::HonouredAt(known, expiry, details) => {
            // Something is effective somewhere; the scopes of all places together would say too much.
            let whole = details.into_iter().find(|(place, _)| matches!(place, Place::Organization(_)));
            let rights = whole.map(|(_, rights)| rights).unwrap_or_default();
            allowed(&doors, *known, &Active { rights, expiry }).await?
        }
    };
    Ok(no_store(Json(VerifyAnswer { keep: keeping.map(keep), ..answer })))
}

/// Tells a verifier what has changed, and lets it answer from memory for a while.
pub(crate) async fn watch(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<WatchRequest>,
) -> Result<Response<Answer>, Problem> {
    let watched = doors.authority.watch(&caller, asked(request)?).await?;
    Ok(no_store(Json(WatchAnswer {
        verifier: hex(&watched.verifier.0),
        position: watched.position.0,
        everything: watched.changed.is_none(),
        changed: watched.changed.unwrap_or_default(),
        lease_ms: watched.lease_ms,
    })))
}

fn asked(request: WatchRequest) -> Result<Watch, Problem> {
    if request.uses.len() > TOLD_USES_MAX {
        let detail = format!("at most {TOLD_USES_MAX} uses in one call");
        return Err(Error::invalid("/uses", Code::InvalidField, detail).into());
    }
    // A verifier that cannot be read is one that nobody knows: a new one begins.
    let verifier = request.verifier.as_deref().and_then(verifier);
    let goes_on = verifier.map(|verifier| (verifier, Position(request.applied)));
    let uses = request.uses.into_iter().enumerate();
    let uses = uses.map(|(at, told)| used(&format!("/uses/{at}"), told)).collect::<Result<_, _>>()?;
    Ok(Watch { goes_on, uses })
}

fn verifier(text: &str) -> Option<VerifierId> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    Some(VerifierId(bytes.try_into().ok().filter(|_| text.len() == 32)?))
}

fn used(at: &str, told: ToldUse) -> Result<Use, Problem> {
    let field = |name: &str| format!("{at}/{name}");
    let scope = told.scope.as_deref().map(|text| parse::value(&field("scope"), text)).transpose()?;
    let client =
        told.client_ip.as_deref().map(|text| parse::client_ip(&field("client_ip"), text)).transpose()?;
    Ok(Use {
        token: parse::value(&field("token_id"), &told.token_id)?,
        receipt: told.receipt,
        scope,
        resource: told.resource,
        client,
        count: i64::try_from(told.count).unwrap_or(i64::MAX).min(TOLD_USE_COUNT_MAX),
    })
}

fn keep(keeping: Keeping) -> Keep {
    Keep {
        for_ms: keeping.for_ms,
        names: keeping.marks,
        any_client: !keeping.minds_client,
        receipt: keeping.receipt,
    }
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
        keep: None,
    })
}
