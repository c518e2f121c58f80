//! What a token says, and whether that is what was expected. Times are judged by our own clock.

use jeton_token::{ClaimName, ClaimRules, Timestamp};
use serde_json::{Map, Value};

use super::address::Issuer;
use super::jwt::Unverified;
use super::{KeySet, Refused};
use crate::limits::{AUDIENCES_MAX, IDENTITY_MS_MAX, LEEWAY_MS, SUBJECT_BYTES_MAX};

/// What a token must say to be honoured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) audience: &'a str,
    pub(crate) used: Use<'a>,
}

/// What the token is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use<'a> {
    /// A program proves what it is. The token must be for us alone: with a second audience, whoever is meant by that
    /// one could show it here.
    Workload,
    /// An ID token (OpenID Connect Core 1.0, section 3.1.3.7) that was handed over.
    IdToken,
    /// An ID token that answers a sign-in which we began with this nonce.
    SignIn {
        /// The nonce.
        nonce: &'a str,
    },
}

/// What a token says, proven. Only [`Unverified::prove`] makes it.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pub(crate) issuer: Issuer,
    pub(crate) subject: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) issued_at: Option<Timestamp>,
    /// All claims, those above too.
    pub(crate) all: Map<String, Value>,
}

impl Unverified<'_> {
    /// Judges signature and claims by these keys.
    pub(super) fn prove(
        &self,
        keys: &KeySet,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<Claims, Refused> {
        check_type(self.header.kind.as_deref(), expected.used)?;
        self.check_signature(keys)?;
        let claims = Claims::read(self.claims.clone(), expected.issuer)?;
        claims.check_audience(expected)?;
        claims.check_times(expected.used, now)?;
        claims.check_nonce(expected.used)?;
        Ok(claims)
    }
}

impl Unverified<'_> {
    /// Whether a token that says this could be meant by these rules, if it proves to be true.
    pub(crate) fn claims_to_fit(&self, audience: &str, rules: &ClaimRules) -> bool {
        let names_audience = audiences(&self.claims).is_ok_and(|said| said.iter().any(|one| one == audience));
        names_audience && rules.hold(|name| text_at(&self.claims, name))
    }
}

/// A token of one type is not taken for another (RFC 8725, section 3.11): an access token is no ID token.
fn check_type(kind: Option<&str>, used: Use<'_>) -> Result<(), Refused> {
    let fits = match used {
        Use::Workload => matches!(kind, None | Some("jwt" | "jose" | "at+jwt")),
        Use::IdToken | Use::SignIn { .. } => matches!(kind, None | Some("jwt" | "jose")),
    };
    if fits { Ok(()) } else { Err(Refused::Type) }
}

impl Claims {
    /// Whether this is one of those that the rules mean.
    pub(crate) fn fit(&self, rules: &ClaimRules) -> bool {
        rules.hold(|name| text_at(&self.all, name))
    }

    fn read(all: Map<String, Value>, issuer: &Issuer) -> Result<Self, Refused> {
        if all.get("iss").and_then(Value::as_str) != Some(issuer.as_str()) {
            return Err(Refused::WrongIssuer);
        }
        let subject = match all.get("sub") {
            None => return Err(Refused::Subject),
            Some(Value::String(text)) if text.is_empty() => return Err(Refused::Subject),
            Some(Value::String(text)) if is_name(text) => text.clone(),
            Some(_) => return Err(Refused::Claim),
        };
        let expires_at = moment(&all, "exp").map_err(|_| Refused::NoEnd)?.ok_or(Refused::NoEnd)?;
        let issued_at = moment(&all, "iat")?;
        let audiences = audiences(&all)?;
        Ok(Self { issuer: issuer.clone(), subject, audiences, expires_at, issued_at, all })
    }

    fn check_audience(&self, expected: &Expected<'_>) -> Result<(), Refused> {
        let ours = |audience: &String| audience == expected.audience;
        let is_alone = self.audiences.iter().all(ours);
        // The party that the token was made for (`azp`), where there is one, must be us.
        let party = self.all.get("azp").map(|party| party.as_str() == Some(expected.audience));
        let fits = match expected.used {
            Use::Workload => is_alone,
            Use::IdToken | Use::SignIn { .. } => party.unwrap_or(is_alone),
        };
        if fits && self.audiences.iter().any(ours) { Ok(()) } else { Err(Refused::Audience) }
    }

    fn check_times(&self, used: Use<'_>, now: Timestamp) -> Result<(), Refused> {
        let is_later = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment.0 > now.0 + LEEWAY_MS);
        if now.0 >= self.expires_at.0 + LEEWAY_MS {
            return Err(Refused::Expired);
        }
        if self.expires_at.0 > now.0 + IDENTITY_MS_MAX {
            return Err(Refused::TooLongLived);
        }
        if is_later(moment(&self.all, "nbf")?) || is_later(self.issued_at) {
            return Err(Refused::TooEarly);
        }
        match used {
            Use::Workload => Ok(()),
            Use::IdToken | Use::SignIn { .. } => self.issued_at.map(|_| ()).ok_or(Refused::Claim),
        }
    }

    fn check_nonce(&self, used: Use<'_>) -> Result<(), Refused> {
        match used {
            Use::Workload | Use::IdToken => Ok(()),
            Use::SignIn { nonce } => {
                let said = self.all.get("nonce").and_then(Value::as_str);
                if said == Some(nonce) { Ok(()) } else { Err(Refused::Nonce) }
            }
        }
    }
}

/// Of a sensible length, and on one line wherever it is shown.
fn is_name(text: &str) -> bool {
    text.len() <= SUBJECT_BYTES_MAX && !text.chars().any(char::is_control)
}

/// The text of a claim. A truth value or a whole number is as JSON writes it; a list or an object has none, and
/// neither has a fraction, which could be written in several ways.
fn text_at(all: &Map<String, Value>, name: &ClaimName) -> Option<String> {
    let path = name.path();
    let (first, rest) = path.split_first()?;
    match rest.iter().try_fold(all.get(first)?, |value, member| value.as_object()?.get(member))? {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// A moment in whole seconds, of a century or so that makes sense. A fraction, a text or a number that is beyond all
/// calendars is none: others might read it differently.
fn moment(all: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Refused> {
    const SECONDS_MAX: i64 = 253_402_300_799;
    let Some(value) = all.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_i64().filter(|seconds| (0..=SECONDS_MAX).contains(seconds));
    Ok(Some(Timestamp(seconds.ok_or(Refused::Claim)? * 1000)))
}

/// One audience, or several; none is refused.
fn audiences(all: &Map<String, Value>) -> Result<Vec<String>, Refused> {
    let list = match all.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) if several.len() <= AUDIENCES_MAX => {
            let texts = several.iter().map(|one| one.as_str().map(ToOwned::to_owned));
            texts.collect::<Option<Vec<_>>>().ok_or(Refused::Claim)?
        }
        _ => return Err(Refused::Audience),
    };
    if list.is_empty() { Err(Refused::Audience) } else { Ok(list) }
}
