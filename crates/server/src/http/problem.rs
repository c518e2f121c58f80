//! From errors to answers: the only file that knows status codes. Bodies follow RFC 9457.

use std::any::Any;
use std::sync::Arc;

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, body::Body};
use jeton_api::{Code, FieldError, Remedy};
use jeton_token::{BASIC_CHALLENGE, CredentialError};
use serde::Serialize;

use super::compat::{azure_devops, determined};
use super::oauth2;
use super::scim;
use crate::authority::{Denial, Error, Fault};

/// Why a request got no further than its door, or was not done.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The operation says no.
    Operation(Error),
    /// The request cannot be read.
    Malformed(String),
    /// The body is not JSON, or does not say so.
    MediaType,
    /// The body is too large.
    TooLarge,
    /// The address alone is too long.
    AddressTooLong,
    /// The head is too large, or has too many fields.
    HeadTooLarge,
    /// The request did not come in time.
    TooSlow,
    /// The body is encoded, in this way.
    Encoded(String),
    /// Two credentials in one request.
    TwoCredentials,
    /// No credential at all.
    NoCredential,
    /// A form that no page of this server sent.
    CrossSite,
    /// The body is no form, or does not say so.
    NoForm,
    /// What the path names does not exist, or may not be seen; in words.
    Missing(String),
    /// No such address.
    Address,
    /// The address has no such method.
    Method,
    /// A part of a protocol that this server leaves out.
    NotSupported,
    /// It took too long.
    Deadline,
    /// The machine's clock is so far behind what was known already.
    ClockBehind {
        /// How far.
        seconds: i64,
    },
    /// A fault of ours.
    Internal,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Operation(error)
    }
}

impl From<CredentialError> for Problem {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Missing => Self::NoCredential,
            CredentialError::Malformed => Error::Unauthenticated(Code::InvalidToken).into(),
            CredentialError::Several => Self::TwoCredentials,
        }
    }
}

impl IntoResponse for Problem {
    /// The answer in Jeton's own form. The problem itself goes along, so that [`finish`] can render it again.
    fn into_response(self) -> Response<Body> {
        let mut response = self.render(Wire::Jeton, "");
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// In whose form an error is answered. Programs that were written for another product look for it in that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Jeton,
    Determined,
    /// The address by which a client of Determined finds out whether its credential is still good. On anything but
    /// 502, 503 and 504 it throws the credential away, so whatever is not about the credential is a 503.
    DeterminedProbe,
    /// Clients of Azure DevOps take 401 for a credential that is no good, and show the words of an error.
    AzureDevops,
    /// SCIM (RFC 7644, section 3.12).
    Scim,
    /// The endpoints of OAuth 2.0 (RFC 6749, section 5.2), whose libraries read `error` and nothing else.
    OAuth,
    /// Proxies that ask before they let a request through. They know 401 and 403, take 503 for what it is, and
    /// whatever else is for a fault of their own.
    Gateway,
}

impl Wire {
    fn content_type(self) -> &'static str {
        match self {
            Self::Jeton | Self::Determined | Self::DeterminedProbe | Self::Gateway => {
                "application/problem+json"
            }
            // Its clients read their JSON by its usual name.
            Self::AzureDevops | Self::OAuth => "application/json",
            Self::Scim => SCIM,
        }
    }
}

/// An answer on its way out: a problem gets the form of the wire that the request came in by, and the request's id.
pub(super) fn finish(mut response: Response<Body>, wire: Wire, request_id: &str) -> Response<Body> {
    let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() else {
        return response;
    };
    let rendered = match (wire, problem.as_ref()) {
        (Wire::DeterminedProbe, Problem::Internal | Problem::Operation(Error::LimitReached(_))) => {
            Problem::Operation(Error::Unavailable).render(wire, request_id)
        }
        (_, problem) => problem.render(wire, request_id),
    };
    let (parts, body) = rendered.into_parts();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().extend(parts.headers);
    *response.status_mut() = parts.status;
    *response.body_mut() = body;
    response
}

impl Problem {
    /// The status as a number, for the description of the API.
    pub(super) fn number(&self) -> u16 {
        self.number_on(Wire::Jeton)
    }

    /// The same on this wire.
    pub(super) fn number_on(&self, wire: Wire) -> u16 {
        self.status_on(wire).as_u16()
    }

    fn render(&self, wire: Wire, request_id: &str) -> Response<Body> {
        let (status, code) = (self.status_on(wire), self.code());
        let mut body = jeton_api::Problem::new(code, status.as_u16(), self.detail());
        body.missing_scope = self.missing_scope().map(ToOwned::to_owned);
        body.remedies = self.remedies().to_vec();
        body.errors = self.faults().iter().map(field_error).collect();
        body.request_id.push_str(request_id);
        let mut response = match wire {
            Wire::Jeton | Wire::Gateway => (status, Json(body)).into_response(),
            Wire::Determined | Wire::DeterminedProbe => {
                (status, Json(determined::error::body(body))).into_response()
            }
            Wire::AzureDevops => (status, Json(azure_devops::error::body(body))).into_response(),
            Wire::OAuth => (status, Json(oauth2::error::body(&body))).into_response(),
            Wire::Scim => (status, Json(scim::error::body(&body, scim_type(status, code)))).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(wire.content_type()));
        for challenge in self.challenges(wire, status) {
            append(headers, WWW_AUTHENTICATE, &challenge);
        }
        if let Some(seconds) = self.retry_seconds(status) {
            append(headers, RETRY_AFTER, &seconds.to_string());
        }
        if matches!(self, Self::Encoded(_)) {
            // Which encodings there are (RFC 9110, section 12.5.3).
            append(headers, ACCEPT_ENCODING, "identity");
        }
        response
    }

    fn status_on(&self, wire: Wire) -> StatusCode {
        match (wire, self.status()) {
            // They know no 422.
            (
                Wire::Determined | Wire::DeterminedProbe | Wire::AzureDevops | Wire::Scim | Wire::OAuth,
                StatusCode::UNPROCESSABLE_ENTITY,
            ) => StatusCode::BAD_REQUEST,
            (Wire::Gateway, status) => self.status_for_gateways(status),
            (_, status) => status,
        }
    }

    /// Verdicts stay; what nobody knows is 503, and the rest is a no: with 401 where it is about the credential.
    fn status_for_gateways(&self, status: StatusCode) -> StatusCode {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => status,
            StatusCode::TOO_MANY_REQUESTS => StatusCode::SERVICE_UNAVAILABLE,
            _ if status.is_server_error() => StatusCode::SERVICE_UNAVAILABLE,
            _ if matches!(self, Self::TwoCredentials) => StatusCode::UNAUTHORIZED,
            // This is about the method of the question, and not about the client's.
            _ if matches!(self, Self::Method) => status,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// How to show a credential here: on a 401 one challenge for each scheme that is taken (RFC 9110, section 15.5.2).
    fn challenges(&self, wire: Wire, status: StatusCode) -> Vec<String> {
        let bearer = match wire {
            Wire::Gateway => self.challenge_of_client(status),
            _ => self.challenge(status),
        };
        match (bearer, wire) {
            (None, _) => vec![],
            (Some(bearer), _) if status != StatusCode::UNAUTHORIZED => vec![bearer],
            // nginx 1.22 hands on one field of this name and no more.
            (Some(bearer), Wire::Gateway) => vec![format!("{bearer}, {BASIC_CHALLENGE}")],
            // As that product writes it.
            (Some(bearer), Wire::AzureDevops) => vec![bearer, "Basic realm=\"Jeton\"".to_owned()],
            (Some(bearer), Wire::OAuth) => vec![BASIC_CHALLENGE.to_owned(), bearer],
            (Some(bearer), _) => vec![bearer, BASIC_CHALLENGE.to_owned()],
        }
    }

    /// The challenge of RFC 6750, section 3.
    fn challenge(&self, status: StatusCode) -> Option<String> {
        match (self, status) {
            (Self::NoCredential, _) => Some("Bearer".to_owned()),
            // No token was presented, so no token was wrong.
            (Self::Operation(Error::Unauthenticated(Code::InvalidPassword)), _) => None,
            (_, StatusCode::UNAUTHORIZED) => Some("Bearer error=\"invalid_token\"".to_owned()),
            (_, StatusCode::FORBIDDEN) if self.code() == Code::InsufficientScope => {
                Some(format!("Bearer error=\"insufficient_scope\"{}", self.scope_attribute()))
            }
            _ => None,
        }
    }

    /// The same for what a gateway hands on to the client. It may throw the body away, so what is wrong stands here
    /// too. What is wrong with the gateway is no client's business.
    fn challenge_of_client(&self, status: StatusCode) -> Option<String> {
        let error = match (self, self.code()) {
            (Self::TwoCredentials, _) | (_, Code::AmbiguousPath) => "invalid_request",
            (_, Code::InsufficientScope | Code::NoRoute) => "insufficient_scope",
            _ => return self.challenge(status),
        };
        let scope = self.scope_attribute();
        Some(format!("Bearer error=\"{error}\"{scope}, error_description=\"{}\"", self.detail()))
    }

    fn scope_attribute(&self) -> String {
        self.missing_scope().map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default()
    }

    /// When to try again.
    fn retry_seconds(&self, status: StatusCode) -> Option<u64> {
        match (self, status) {
            (
                Self::Operation(
                    Error::TooManyAttempts { retry_seconds } | Error::KeysUnknown { retry_seconds },
                ),
                _,
            ) => Some(*retry_seconds),
            (Self::Operation(Error::Conflict(Code::IdempotencyInFlight, _)), _)
            | (_, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => Some(1),
            _ => None,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Operation(Error::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Operation(Error::Unauthenticated(_)) | Self::NoCredential => StatusCode::UNAUTHORIZED,
            Self::Operation(Error::Denied(_)) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Operation(Error::Hidden) | Self::Missing(_) | Self::Address => StatusCode::NOT_FOUND,
            Self::Operation(Error::Conflict(..)) => StatusCode::CONFLICT,
            Self::Operation(Error::LimitReached(_) | Error::TooManyAttempts { .. }) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Operation(Error::Unavailable | Error::KeysUnknown { .. } | Error::OutcomeUnknown)
            | Self::Deadline
            | Self::ClockBehind { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Malformed(_) | Self::TwoCredentials => StatusCode::BAD_REQUEST,
            Self::NotSupported => StatusCode::NOT_IMPLEMENTED,
            Self::MediaType | Self::NoForm | Self::Encoded(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::AddressTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn code(&self) -> Code {
        match self {
            Self::Operation(Error::Invalid(faults)) => {
                faults.first().map_or(Code::InvalidField, |fault| fault.code)
            }
            Self::Operation(
                Error::Unauthenticated(code)
                | Error::Conflict(code, _)
                | Error::LimitReached(code)
                | Error::Denied(Denial { code, .. }),
            ) => *code,
            Self::Operation(Error::TooManyAttempts { .. }) => Code::TooManyAttempts,
            Self::Operation(Error::Hidden) | Self::Missing(_) | Self::Address => Code::NotFound,
            Self::Operation(Error::OutcomeUnknown) => Code::OutcomeUnknown,
            Self::Operation(Error::Unavailable | Error::KeysUnknown { .. })
            | Self::Deadline
            | Self::ClockBehind { .. } => Code::Unavailable,
            Self::Malformed(_) => Code::Malformed,
            Self::NotSupported => Code::NotSupported,
            Self::MediaType | Self::NoForm | Self::Encoded(_) => Code::UnsupportedMediaType,
            Self::CrossSite => Code::CrossSite,
            Self::TooLarge => Code::BodyTooLarge,
            Self::AddressTooLong | Self::HeadTooLarge => Code::HeadTooLarge,
            Self::TooSlow => Code::TooSlow,
            Self::TwoCredentials => Code::TwoCredentials,
            Self::NoCredential => Code::InvalidToken,
            Self::Method => Code::MethodNotAllowed,
            Self::Internal => Code::Internal,
        }
    }

    /// What the problem is about, for the head of a page.
    pub(super) fn heading(&self) -> &'static str {
        match self {
            Self::Operation(Error::Denied(_)) => "You may not do that",
            Self::Operation(Error::LimitReached(_) | Error::TooManyAttempts { .. }) => "Please wait",
            Self::Operation(Error::Unavailable | Error::KeysUnknown { .. } | Error::OutcomeUnknown)
            | Self::Deadline
            | Self::ClockBehind { .. } => "Not just now",
            Self::Internal => "A fault of this server",
            _ => "That did not work",
        }
    }

    /// A page, with the status of this problem and when to try again.
    pub(super) fn on(&self, mut page: Response<Body>) -> Response<Body> {
        *page.status_mut() = self.status();
        page.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_seconds(self.status()) {
            append(page.headers_mut(), RETRY_AFTER, &seconds.to_string());
        }
        page
    }

    /// What is wrong, and what to do.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::NoForm => "this address takes a form as pages send it".to_owned(),
            Self::Operation(Error::Invalid(faults)) => {
                faults.first().map(|fault| fault.detail.clone()).unwrap_or_default()
            }
            Self::Operation(Error::Denied(denial)) => denial.detail.clone(),
            Self::Operation(Error::Conflict(_, detail)) | Self::Malformed(detail) | Self::Missing(detail) => {
                detail.clone()
            }
            Self::AddressTooLong => "the address of the request is longer than this server reads".to_owned(),
            Self::Encoded(how) => {
                format!(
                    "the body is encoded as `{how}`, which this server does not read; send it as it is, without `Content-Encoding`"
                )
            }
            Self::Operation(Error::KeysUnknown { retry_seconds }) => format!(
                "the issuer's present keys are not known here just now; try again in {retry_seconds} seconds"
            ),
            Self::ClockBehind { seconds } => format!(
                "the clock of the server's machine is {seconds} seconds behind the time that was known already; put it \
                 right, or see the server's log"
            ),
            other => other.code().title().to_owned(),
        }
    }

    fn missing_scope(&self) -> Option<&str> {
        match self {
            Self::Operation(Error::Denied(denial)) => denial.missing_scope.as_deref(),
            _ => None,
        }
    }

    fn remedies(&self) -> &[Remedy] {
        match self {
            Self::Operation(Error::Denied(denial)) => &denial.remedies,
            _ => &[],
        }
    }

    fn faults(&self) -> &[Fault] {
        match self {
            Self::Operation(Error::Invalid(faults)) => faults,
            _ => &[],
        }
    }
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}

fn field_error(fault: &Fault) -> FieldError {
    let Fault { pointer, code, detail } = fault;
    FieldError { pointer: pointer.clone(), code: code.word().to_owned(), detail: detail.clone() }
}

/// The protocol's status for an address that is too long.
pub(super) const ADDRESS_TOO_LONG: u16 = StatusCode::URI_TOO_LONG.as_u16();
/// And for a head that is too large.
pub(super) const HEAD_TOO_LARGE: u16 = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.as_u16();
/// Done, with an answer.
pub(super) const OK: u16 = StatusCode::OK.as_u16();
/// Something is new.
pub(super) const CREATED: u16 = StatusCode::CREATED.as_u16();
/// Done, and nothing to say.
pub(super) const NO_CONTENT: u16 = StatusCode::NO_CONTENT.as_u16();
/// Nothing has changed.
pub(super) const NOT_MODIFIED: u16 = StatusCode::NOT_MODIFIED.as_u16();
/// A request that cannot be read, as OAuth 2.0 has it.
pub(super) const OAUTH_ERROR: u16 = StatusCode::BAD_REQUEST.as_u16();

/// An answer that made something, and carries what nobody else should keep.
pub(crate) fn created(body: impl Serialize) -> Response<Body> {
    no_store((StatusCode::CREATED, Json(body)))
}

/// An answer that nobody else should keep: it carries a secret, a verdict or somebody's record.
pub(crate) fn no_store(answer: impl IntoResponse) -> Response<Body> {
    let mut response = answer.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether an answer says that the address does not have the method; what it has instead is added further out.
pub(super) fn is_of_method(answer: &Response<Body>) -> bool {
    answer.status() == StatusCode::METHOD_NOT_ALLOWED
}

/// The client has the present text already.
pub(super) fn not_modified() -> Response<Body> {
    StatusCode::NOT_MODIFIED.into_response()
}

/// Look elsewhere, with GET.
pub(crate) fn see_other() -> Response<Body> {
    no_store(StatusCode::SEE_OTHER)
}

/// Done, and nothing to say.
pub(crate) fn done() -> Response<Body> {
    no_store(StatusCode::NO_CONTENT)
}

/// An answer that was given before.
pub(super) fn again(status: u16, fields: [(HeaderName, Option<String>); 2], body: Vec<u8>) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = no_store((status, Body::from(body)));
    for (name, value) in fields {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// An error in the form of OAuth 2.0 (RFC 6749, section 5.2).
pub(crate) fn oauth_error(error: &'static str, description: &str) -> Response<Body> {
    let body = serde_json::json!({ "error": error, "error_description": description });
    no_store((StatusCode::BAD_REQUEST, Json(body)))
}

/// The word of RFC 7644, table 9, for what is wrong with a request.
fn scim_type(status: StatusCode, code: Code) -> Option<&'static str> {
    match (status, code) {
        (_, Code::NameTaken) => Some("uniqueness"),
        (_, Code::InvalidFilter) => Some("invalidFilter"),
        (_, Code::InvalidPath) => Some("invalidPath"),
        (_, Code::NoTarget) => Some("noTarget"),
        (_, Code::ReadOnly) => Some("mutability"),
        (_, Code::Malformed) => Some("invalidSyntax"),
        (StatusCode::BAD_REQUEST, _) => Some("invalidValue"),
        _ => None,
    }
}

const SCIM: &str = "application/scim+json";

/// A SCIM resource or list.
pub(crate) fn scim(body: impl Serialize) -> Response<Body> {
    let mut response = no_store(Json(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SCIM));
    response
}

/// A SCIM resource that was made, and where it is.
pub(crate) fn scim_created(location: &str, body: impl Serialize) -> Response<Body> {
    let mut response = scim(body);
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The body is larger than the limit, or was not read for another reason.
pub(crate) fn unread(status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::Malformed("the body could not be read".to_owned()),
    }
}

pub(super) async fn no_such_address() -> Problem {
    Problem::Address
}

pub(super) async fn no_such_method() -> Problem {
    Problem::Method
}

pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    Problem::Internal.into_response()
}
