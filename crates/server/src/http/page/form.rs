//! Forms and queries of pages. A form that changes something is taken from pages of this server only.
//!
//! Browsers say where a form comes from: in `Sec-Fetch-Site`, and where they do not send that, in `Origin`. A form that
//! another site sends with the visitor's cookie (threat 25) says something else there, and one without either field
//! comes from no browser of today.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::response::IntoResponse as _;
use url::Url;
use zeroize::Zeroizing;

use super::super::Doors;
use super::super::problem::{self, Problem};
use super::{Answer, refused};

/// Every parameter that some page reads.
const READ: [&str; 16] = [
    "scope",
    "resource",
    "user",
    "password",
    "return_to",
    "user_code",
    "decision",
    "response_type",
    "client_id",
    "redirect_uri",
    "code_challenge",
    "code_challenge_method",
    "state",
    "code",
    "error",
    "iss",
];

/// Parameters, each at most once. Others are ignored.
pub(crate) struct Parameters(Vec<(&'static str, Zeroizing<String>)>);

impl Parameters {
    /// The parameter of this name, unless it is absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let mut read = Self(Vec::new());
        for (key, value) in url::form_urlencoded::parse(bytes) {
            let Some(name) = READ.into_iter().find(|name| *name == key) else { continue };
            if read.0.iter().any(|(known, _)| *known == name) {
                return Err(Problem::Malformed(format!("the parameter `{name}` is there twice")));
            }
            read.0.push((name, Zeroizing::new(value.into_owned())));
        }
        Ok(read)
    }
}

/// The query of a page.
pub(crate) struct Query(pub(crate) Parameters);

impl FromRequestParts<Doors> for Query {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Answer> {
        let parsed = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
        parsed.map(Self).map_err(|problem| refused(doors, &problem))
    }
}

/// A form that a page of this server sent.
pub(crate) struct Form(pub(crate) Parameters);

impl FromRequest<Doors> for Form {
    type Rejection = Answer;

    async fn from_request(request: Request, doors: &Doors) -> Result<Self, Answer> {
        read(request, doors).await.map(Self).map_err(|problem| refused(doors, &problem))
    }
}

async fn read(request: Request, doors: &Doors) -> Result<Parameters, Problem> {
    if !is_from_here(request.headers(), doors) {
        return Err(Problem::CrossSite);
    }
    if !request.headers().get(CONTENT_TYPE).is_some_and(|kind| says_form(kind.as_bytes())) {
        return Err(Problem::NoForm);
    }
    let bytes = Bytes::from_request(request, doors).await;
    let bytes = bytes.map_err(|rejection| problem::unread(rejection.into_response().status()))?;
    Parameters::parse(&bytes)
}

fn says_form(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

fn is_from_here(headers: &HeaderMap, doors: &Doors) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    match (sites.next(), sites.next()) {
        (Some(site), None) => site == "same-origin",
        (Some(_), Some(_)) => false,
        (None, _) => is_origin_ours(headers, &doors.public_url),
    }
}

/// Whether the page was at the address that clients use, or at the one that this request went to.
fn is_origin_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let Some(origin) = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else {
        return false;
    };
    let public = Url::parse(public_url).is_ok_and(|url| url.origin().ascii_serialization() == origin);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    public || (host.is_some() && rest == host)
}
