//! Refusals, and the only file here that knows what they look like in HTTP: RFC 9457 bodies and RFC 6750 challenges.
//!
//! Every 401 that follows a credential is the same, whatever is wrong with it, so that nobody learns from it which
//! tokens exist.

use http::{HeaderValue, Response, StatusCode, header};
use jeton_api::{Code, Problem};
use jeton_token::{BASIC_CHALLENGE, CredentialError, NeedError, Scope};

use crate::decision::{Denied, Reason};
use crate::limits::RETRY_AFTER_SECONDS;

/// Why a request goes no further.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// It has no credential.
    NoCredential,
    /// It has a credential that is not honoured.
    InvalidToken,
    /// It has more than one.
    SeveralCredentials,
    /// It has one in the query string.
    TokenInQuery,
    /// Its path may mean two things.
    AmbiguousPath,
    /// No route allows it to anybody.
    NoRoute,
    /// Its token is alive and does not reach this far.
    Insufficient(Denied),
    /// Nothing is known about its token.
    Unavailable,
}

impl From<CredentialError> for Refusal {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Missing => Self::NoCredential,
            CredentialError::Malformed => Self::InvalidToken,
            CredentialError::Several => Self::SeveralCredentials,
        }
    }
}

impl From<NeedError> for Refusal {
    fn from(error: NeedError) -> Self {
        match error {
            NeedError::Ambiguous => Self::AmbiguousPath,
            NeedError::NoRoute => Self::NoRoute,
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        if denied.reason.token_is_live() { Self::Insufficient(denied) } else { Self::InvalidToken }
    }
}

impl Refusal {
    pub(crate) fn response<B: From<String>>(&self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for challenge in self.challenges() {
            headers.append(header::WWW_AUTHENTICATE, challenge);
        }
        if *self == Self::Unavailable {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }

    fn body(&self) -> String {
        let mut problem = Problem::new(self.code(), self.status().as_u16(), self.detail());
        problem.missing_scope = self.missing_scope().map(Scope::to_string);
        serde_json::to_string(&problem).unwrap_or_default()
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::SeveralCredentials | Self::TokenInQuery | Self::AmbiguousPath => StatusCode::BAD_REQUEST,
            Self::NoCredential | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::NoRoute | Self::Insufficient(_) => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::NoCredential | Self::InvalidToken => Code::InvalidToken,
            Self::SeveralCredentials => Code::TwoCredentials,
            Self::TokenInQuery => Code::Malformed,
            Self::AmbiguousPath => Code::AmbiguousPath,
            Self::NoRoute => Code::NoRoute,
            Self::Insufficient(_) => Code::InsufficientScope,
            Self::Unavailable => Code::Unavailable,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NoCredential => "send one access token as `Authorization: Bearer TEXT`".to_owned(),
            Self::InvalidToken => "the access token is not honoured; make a new one".to_owned(),
            Self::SeveralCredentials => "send exactly one `Authorization` header with one credential".to_owned(),
            Self::TokenInQuery => {
                "a query string ends up in logs; send the token as `Authorization: Bearer TEXT`, and a new one".to_owned()
            }
            Self::AmbiguousPath => NeedError::Ambiguous.to_string(),
            Self::NoRoute => NeedError::NoRoute.to_string(),
            Self::Insufficient(denied) => shortage(denied),
            Self::Unavailable => "whether the token is good cannot be known now; try again".to_owned(),
        }
    }

    /// How to show a credential: on a 401 a challenge for each scheme that is taken (RFC 9110, section 15.5.2).
    fn challenges(&self) -> Vec<HeaderValue> {
        let basic = HeaderValue::from_static(BASIC_CHALLENGE);
        let is_unknown = self.status() == StatusCode::UNAUTHORIZED;
        self.bearer_challenge().into_iter().chain(is_unknown.then_some(basic)).collect()
    }

    /// That of RFC 6750, section 3. A request without a credential is told no error.
    fn bearer_challenge(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::NoCredential => "Bearer".to_owned(),
            Self::InvalidToken => r#"Bearer error="invalid_token""#.to_owned(),
            Self::SeveralCredentials | Self::TokenInQuery => r#"Bearer error="invalid_request""#.to_owned(),
            Self::Insufficient(denied) => insufficient_scope(denied),
            Self::AmbiguousPath | Self::NoRoute | Self::Unavailable => return None,
        };
        // A scope has no character that a header could not carry, so this does not fail.
        HeaderValue::try_from(text).ok()
    }

    fn missing_scope(&self) -> Option<&Scope> {
        match self {
            Self::Insufficient(denied) => denied.missing_scope.as_ref(),
            _ => None,
        }
    }
}

fn shortage(denied: &Denied) -> String {
    let meaning = denied.reason.meaning();
    match (&denied.missing_scope, denied.reason.word()) {
        (Some(scope), _) if denied.reason == Reason::MissingScope => format!("{meaning} `{scope}`"),
        (_, Some(word)) => format!("{meaning} (`{word}`)"),
        (_, None) => meaning.to_owned(),
    }
}

fn insufficient_scope(denied: &Denied) -> String {
    let reason = denied.reason.word().unwrap_or_default();
    match &denied.missing_scope {
        Some(scope) => format!(r#"Bearer error="insufficient_scope", scope="{scope}""#),
        None => format!(r#"Bearer error="insufficient_scope", error_description="{reason}""#),
    }
}
