//! `/forward-auth/{api}`: a gateway asks before it lets a request through (nginx `auth_request`, Traefik, Caddy).
//!
//! ```text
//! who asks → what is wanted → with which token → what that needs, by the API's routes → the verdict
//! ```
//! Nothing of the request is believed before it is known that a gateway asks: a peer in `trusted_proxies`, or
//! somebody with the API's own credential in `X-Jeton-Gateway-Authorization` (`Authorization` is the client's). What
//! is wanted stands in exactly one `X-Forwarded-Method` and one `X-Forwarded-Uri`; none, or two of them, is no
//! question. What stands in them the client wrote: it is judged, and never held against the gateway. Verdicts are 200, 401 and 403, and 503 where nothing can be known: gateways understand nothing else.
//!
//! An API may declare that its gateways are only to report: then a request that would be refused passes as nobody's, and
//! is written down. That takes a known gateway and a request that can be read safely; it never touches any other door.
//!
//! Example: `X-Forwarded-Uri: /public/../admin` is refused. It is neither `/public` nor `/admin`, for what stands
//! behind the gateway may read it as the other one.

mod identity;
mod refused;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use jeton_token::{NeedError, RouteMatch};
use url::form_urlencoded;

use super::Doors;
use super::caller::{client, credential, peer, presented};
use super::forwarded::{self, is_within};
use super::path::Path;
use super::problem::Problem;
use crate::authority::{Error, Gateway, Judged, Question};
use crate::store::ApiRecord;
use identity::Identity;
use refused::Refusal;

/// Where a gateway that is no trusted peer shows the credential of its API.
const GATEWAY: HeaderName = HeaderName::from_static("x-jeton-gateway-authorization");

/// Whether this is an address for gateways.
pub(super) fn is_here(path: &str) -> bool {
    path.starts_with("/forward-auth/")
}

/// Judges the request that a gateway describes, whatever the method of its own.
pub(crate) async fn answer(
    State(doors): State<Doors>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (Parts { headers, extensions, .. }, _) = request.into_parts();
    let trusted = &doors.trusted_proxies;
    let api = if peer(&extensions).is_some_and(|peer| is_within(trusted, peer)) {
        doors.authority.guarded_api(&name, Gateway::Trusted).await?
    } else {
        let shown = credential(&headers, &GATEWAY).ok();
        let from = client(&headers, &extensions, trusted);
        let gateway = shown.as_ref().map_or(Gateway::Unknown, |text| Gateway::WithCredential(text, from));
        doors.authority.guarded_api(&name, gateway).await?
    };
    judge(&doors, &api, &headers).await
}

/// Judges for a gateway that is one.
async fn judge(doors: &Doors, api: &ApiRecord, headers: &HeaderMap) -> Result<Response<Body>, Problem> {
    let wanted = Wanted::read(headers)?;
    // A table that does not stand was never taken: then the store is not what it was.
    let routes = api.route_table().ok_or(Error::Unavailable)?;
    let need = wanted.path.map_or(Err(NeedError::Ambiguous), |path| routes.need(wanted.method, path));
    match look(doors, api, headers, &wanted, need.as_ref().map_err(|error| *error)).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => refusal.answer(doors, api, &wanted, need.as_ref().map_err(|error| *error)),
    }
}

/// Who is let through, or why nobody is.
async fn look(
    doors: &Doors,
    api: &ApiRecord,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
    need: Result<&RouteMatch<'_>, NeedError>,
) -> Result<Response<Body>, Refusal> {
    let text = presented(headers)?;
    if wanted.names_a_token() {
        return Err(Refusal::TwoCredentials);
    }
    let need = need.map_err(Refusal::NoNeed)?;
    let place = doors.authority.place_of_call(need.resource.as_deref()).await?;
    let question = Question {
        text: &text,
        scope: Some(need.scope),
        resource: need.resource.as_deref(),
        client: forwarded::client(headers, &doors.trusted_proxies),
    };
    match doors.authority.judge_for(api, question, place).await? {
        Judged::Honoured(known, active) => {
            let identity = Identity { api, known: &known, active: &active, scope: need.scope, place };
            Ok(identity.answer(doors).await?)
        }
        Judged::Refused(reason) if reason.token_is_live() => Err(Refusal::TooLittle(reason)),
        Judged::Refused(_) | Judged::Nothing | Judged::HonouredAt(..) => Err(Refusal::Inactive),
    }
}

/// What the client wants of the API, as its gateway says.
struct Wanted<'a> {
    method: &'a str,
    /// `None`: it is not UTF-8, so nobody can say how the API will read it.
    path: Option<&'a str>,
    /// Any bytes.
    query: &'a [u8],
}

impl<'a> Wanted<'a> {
    fn read(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let method = std::str::from_utf8(one(headers, "x-forwarded-method")?).map_err(|_| unsaid())?;
        let uri = one(headers, "x-forwarded-uri")?;
        let mut parts = uri.splitn(2, |byte| *byte == b'?');
        let path = parts.next().and_then(|path| std::str::from_utf8(path).ok());
        Ok(Self { method, path, query: parts.next().unwrap_or_default() })
    }

    /// A token in an address is in logs and histories by now. It is not the one that is judged, and what stands
    /// behind might look at it.
    fn names_a_token(&self) -> bool {
        form_urlencoded::parse(self.query).any(|(name, _)| name == "access_token")
    }
}

/// The one field of this name. No request line has a blank in its method or its address, but two fields that somebody
/// joined have one between them.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], Problem> {
    let mut fields = headers.get_all(name).iter();
    let (first, second) = (fields.next(), fields.next());
    let only = first.filter(|_| second.is_none()).map(HeaderValue::as_bytes);
    let has_blank = |text: &[u8]| text.iter().any(|byte| *byte <= b' ' || *byte == 0x7f);
    only.filter(|text| !text.is_empty() && !has_blank(text)).ok_or_else(unsaid)
}

fn unsaid() -> Problem {
    let detail = "a gateway says once each, in `X-Forwarded-Method` and `X-Forwarded-Uri`, what is wanted";
    Problem::Malformed(detail.to_owned())
}
