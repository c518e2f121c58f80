//! `/api/v1/explain`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, ExplainRequest, Explanation, Step};
use jeton_token::{Scope, Verdict};

use super::super::Doors;
use super::super::body::Body;
use super::super::problem::{Problem, no_store};
use super::super::query::{Nothing, Query};
use super::parse;
use crate::authority::{Caller, Error, ExplainQuestion, Subject};

/// Explains what would be decided about a token and a scope.
pub(crate) async fn explain(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<ExplainRequest>,
) -> Result<Response<Answer>, Problem> {
    let scope: Scope = parse::value("/scope", &request.scope)?;
    let subject = match (&request.token_id, &request.token) {
        (Some(id), None) => Subject::Id(doors.authority.token_named(&caller, id).await?),
        (None, Some(text)) => Subject::Text(text.expose()),
        _ => {
            let detail = "exactly one of `token_id` and `token`";
            return Err(Error::invalid("", Code::InvalidField, detail).into());
        }
    };
    let question = ExplainQuestion {
        subject,
        scope: &scope,
        resource: request.resource.as_deref(),
        client: request.client_ip.as_deref().map(|text| parse::value("/client_ip", text)).transpose()?,
    };
    let explained = doors.authority.explain(&caller, question).await?;
    let (allowed, reason) = match &explained.verdict {
        Verdict::Active(_) => (true, None),
        Verdict::Inactive(reason) => (false, Some(reason.word().to_owned())),
    };
    let steps = explained.steps.into_iter();
    let steps =
        steps.map(|(rule, outcome, detail)| Step { rule: rule.to_owned(), outcome, detail }).collect();
    Ok(no_store(Json(Explanation { allowed, reason, steps, remedies: explained.remedies })))
}
