//! Token introspection (RFC 7662). Whatever is not honoured answers `{"active":false}` and nothing else.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::IntoResponse as _;
use jeton_api::{Introspection, PlaceDetail};
use jeton_token::{Active, Expiry, Place, Rights};

use super::super::Doors;
use super::super::forwarded::address;
use super::super::problem::{self, Problem};
use super::asked::Asked;
use crate::authority::{Error, Judged, Known, Question};
use crate::store::ApiRecord;

/// `POST /oauth2/introspect`, with an API's own credential.
pub(crate) async fn introspect(State(doors): State<Doors>, Asked { caller, form }: Asked) -> Response<Body> {
    let Some(token) = form.get("token") else {
        return problem::oauth_error("invalid_request", "the parameter `token` is missing");
    };
    let client = form.get("client_ip").map(address);
    if client == Some(None) {
        return problem::oauth_error("invalid_request", "the parameter `client_ip` is not an IP address");
    }
    let question =
        Question { text: token, scope: None, resource: form.get("resource"), client: client.flatten() };
    let narrowed = Narrowed(form.get("scope").unwrap_or_default());
    match doors.authority.judge(&caller, question).await {
        Ok((api, Judged::Honoured(known, active))) if narrowed.fits(&active.rights) => {
            problem::no_store(Json(describe(&doors, &api, &known, &active)))
        }
        Ok((api, Judged::HonouredAt(known, expiry, mut details))) => {
            details.retain(|(_, rights)| narrowed.fits(rights));
            if details.is_empty() {
                return problem::no_store(Json(Introspection::default()));
            }
            match describe_places(&doors, &api, &known, expiry, details).await {
                Ok(described) => problem::no_store(Json(described)),
                Err(error) => Problem::from(error).into_response(),
            }
        }
        Ok((_, Judged::Honoured(..) | Judged::Nothing | Judged::Refused(_))) => {
            problem::no_store(Json(Introspection::default()))
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The scopes that a token must have to be active in the asker's eyes, separated by spaces.
struct Narrowed<'a>(&'a str);

impl Narrowed<'_> {
    /// Whether all of them are effective. What is not a scope of the asking API never is.
    fn fits(&self, rights: &Rights) -> bool {
        let is_effective = |scope: &str| rights.patterns().iter().any(|known| known.to_string() == scope);
        self.0.split(' ').filter(|scope| !scope.is_empty()).all(is_effective)
    }
}

/// `scope` is what is effective at the whole organization; where nothing is, it is left out, so that a library which
/// does not know of places finds nothing allowed.
async fn describe_places(
    doors: &Doors,
    api: &ApiRecord,
    known: &Known,
    expiry: Expiry,
    details: Vec<(Place, Rights)>,
) -> Result<Introspection, Error> {
    let whole = details.iter().find(|(place, _)| matches!(place, Place::Organization(_)));
    let rights = whole.map(|(_, rights)| rights.clone());
    let scope_is_there = rights.is_some();
    let active = Active { rights: rights.unwrap_or_default(), expiry };
    let described = describe(doors, api, known, &active);
    let mut authorization_details = Vec::with_capacity(details.len());
    for (place, rights) in details {
        authorization_details.push(PlaceDetail {
            kind: "jeton_place".to_owned(),
            locations: vec![doors.authority.place_name(place).await?],
            actions: rights.patterns().iter().map(ToString::to_string).collect(),
        });
    }
    let scope = described.scope.filter(|_| scope_is_there);
    Ok(Introspection { scope, authorization_details, ..described })
}

fn describe(doors: &Doors, api: &ApiRecord, known: &Known, active: &Active) -> Introspection {
    let token = &known.chain.token;
    let seconds = |ms: i64| ms.div_euclid(1000);
    let issued = seconds(token.secret_issued_at.0);
    let scopes: Vec<_> = active.rights.patterns().iter().map(ToString::to_string).collect();
    Introspection {
        active: true,
        scope: Some(scopes.join(" ")),
        client_id: Some(token.id.to_string()),
        username: Some(token.owner_name.clone()),
        token_type: Some("Bearer".to_owned()),
        exp: match active.expiry {
            Expiry::At(end) => Some(seconds(end.0)),
            Expiry::Never => None,
        },
        iat: Some(issued),
        nbf: Some(issued),
        sub: Some(token.owner.to_string()),
        aud: Some(api.audience.clone()),
        iss: Some(doors.public_url.to_string()),
        jti: Some(token.id.to_string()),
        authorization_details: vec![],
    }
}
