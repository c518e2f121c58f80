//! Token exchange (RFC 8693): the identity token of a workload for an access token of a service account or of a job.

use axum::body::Body;
use axum::http::Response;
use jeton_token::{ScopePattern, ScopeSet};

use super::super::Doors;
use super::token::granted;
use super::{Form, NO_SCOPE};
use crate::authority::{ExchangeRequest, GrantError, HolderName, Within};
use crate::identity::Use;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The grant of type token exchange.
pub(super) async fn exchange(doors: &Doors, form: &Form) -> Result<Response<Body>, GrantError> {
    if !matches!(form.get("requested_token_type"), None | Some(ACCESS_TOKEN)) {
        return Err(GrantError::Request("`requested_token_type` can only be that of an access token"));
    }
    let token =
        form.get("subject_token").ok_or(GrantError::Request("the parameter `subject_token` is missing"))?;
    if let Some(session) = session(doors, form, token).await? {
        return Ok(session);
    }
    let used = match form.get("subject_token_type") {
        Some(JWT) => Use::Workload,
        Some(ID_TOKEN) => Use::IdToken,
        _ => return Err(GrantError::Request("`subject_token_type` is that of a JWT or of an ID token")),
    };
    let holder = holder(form)?;
    let patterns = form.get("scope").map(patterns).transpose()?;
    let issued = doors.authority.exchange(ExchangeRequest { token, used, holder, patterns }).await?;
    Ok(granted(&issued, Some(ACCESS_TOKEN)))
}

/// Whose trusts are asked, if that is said.
fn holder(form: &Form) -> Result<Option<HolderName>, GrantError> {
    match (form.get("service_account"), form.get("pipeline")) {
        (None, None) => Ok(None),
        (Some(account), None) => {
            let account = account.parse().map_err(|_| GrantError::Request("`service_account` is no name"))?;
            Ok(Some(HolderName::Account(account)))
        }
        (None, Some(pipeline)) => {
            pipeline_of(pipeline).map(Some).ok_or(GrantError::Request("`pipeline` is `ORG/PROJECT/PIPELINE`"))
        }
        (Some(_), Some(_)) => Err(GrantError::Request(
            "name a service account or a pipeline with `service_account` or `pipeline`, not both",
        )),
    }
}

fn pipeline_of(text: &str) -> Option<HolderName> {
    let (organization, rest) = text.split_once('/')?;
    let (project, pipeline) = rest.split_once('/')?;
    let at = Within { organization: organization.parse().ok()?, project: project.parse().ok()? };
    Some(HolderName::Pipeline(at, pipeline.parse().ok()?))
}

/// A person's own token of a sign-in provider, for a session of theirs. `None` when it is none of those: then a service
/// account or pipeline may trust it.
async fn session(doors: &Doors, form: &Form, token: &str) -> Result<Option<Response<Body>>, GrantError> {
    let used = match form.get("subject_token_type") {
        Some(JWT | ACCESS_TOKEN) => Use::Workload,
        Some(ID_TOKEN) => Use::IdToken,
        _ => return Ok(None),
    };
    let is_person = form.get("service_account").is_none() && form.get("pipeline").is_none();
    let provider = doors.sign_in.iter().find(|provider| is_person && provider.means(token));
    let Some(provider) = provider else {
        return Ok(None);
    };
    if form.get("scope").is_some() {
        return Err(GrantError::Request(NO_SCOPE));
    }
    let issued = doors.authority.exchange_for_session(provider, token, used).await?;
    Ok(Some(granted(&issued, Some(ACCESS_TOKEN))))
}

/// Patterns separated by spaces.
fn patterns(text: &str) -> Result<ScopeSet, GrantError> {
    let wrong = |error: &dyn ToString| GrantError::Scope(error.to_string());
    let patterns = text.split(' ').filter(|pattern| !pattern.is_empty());
    let patterns = patterns.take(jeton_token::MAX_PATTERNS + 1).map(str::parse::<ScopePattern>);
    let patterns = patterns.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
    ScopeSet::new(patterns).map_err(|error| wrong(&error))
}
