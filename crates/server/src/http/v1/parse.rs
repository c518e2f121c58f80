//! From the texts of a request to typed values, with a pointer to each text that is wrong.

use std::net::IpAddr;
use std::str::FromStr;

use jeton_api::{Code, Timestamp};
use jeton_token::{
    Expiry, Network, NetworkLimit, Place, PlaceLimit, PrincipalName, ResourceName, ScopePattern, ScopeSet,
};

use super::super::forwarded::address;
use crate::authority::{Authority, Caller, End, Error, Fault};
use crate::limits::{LIFETIME_MINUTES_MAX, TEXT_BYTES_MAX, TOKEN_LIMITS_MAX, TOKEN_NAME_BYTES_MAX};

const MINUTE_MS: i64 = 60_000;

/// A value behind a pointer.
pub(in crate::http) fn value<T: FromStr<Err: ToString>>(pointer: &str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: T::Err| Error::invalid(pointer, Code::InvalidField, wrong(text, &error)))
}

/// A client's address, as an API's own server names it: some name its port, too.
pub(super) fn client_ip(pointer: &str, text: &str) -> Result<IpAddr, Error> {
    let invalid = || Error::invalid(pointer, Code::InvalidField, "not an IP address, like 203.0.113.9");
    address(text).ok_or_else(invalid)
}

/// A list of values; every wrong one is named.
pub(super) fn values<T: FromStr<Err: ToString>>(pointer: &str, texts: &[String]) -> Result<Vec<T>, Error> {
    let (mut parsed, mut faults) = (Vec::with_capacity(texts.len()), Vec::new());
    for (at, text) in texts.iter().enumerate() {
        match text.parse::<T>() {
            Ok(value) => parsed.push(value),
            Err(error) => {
                let pointer = format!("{pointer}/{at}");
                faults.push(Fault { pointer, code: Code::InvalidField, detail: wrong(text, &error) });
            }
        }
    }
    if faults.is_empty() { Ok(parsed) } else { Err(Error::Invalid(faults)) }
}

/// What is wrong with an input, which is shown as far as it is of a sensible length.
fn wrong(text: &str, error: &impl ToString) -> String {
    const CHARS: usize = 64;
    let shown: String = text.chars().take(CHARS).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    format!("`{shown}{rest}`: {}", error.to_string())
}

/// Patterns of a token. Their number is checked before any of them is read.
pub(in crate::http) fn scopes(texts: &[String]) -> Result<ScopeSet, Error> {
    let refused =
        |error: jeton_token::ScopeSetError| Error::invalid("/scopes", Code::InvalidField, error.to_string());
    if texts.len() > jeton_token::MAX_PATTERNS {
        return Err(refused(jeton_token::ScopeSetError::TooMany));
    }
    ScopeSet::new(values::<ScopePattern>("/scopes", texts)?).map_err(refused)
}

pub(super) fn networks(texts: &[String]) -> Result<NetworkLimit, Error> {
    check_count("/networks", texts)?;
    Ok(NetworkLimit::from_networks(values::<Network>("/networks", texts)?))
}

/// Places are written by name and kept by id.
pub(super) async fn places(
    authority: &Authority,
    caller: &Caller,
    texts: &[String],
) -> Result<PlaceLimit, Error> {
    Ok(PlaceLimit::from_places(place_list(authority, caller, "/projects", texts).await?))
}

/// Projects and whole organizations, without those that are named twice.
pub(super) async fn place_list(
    authority: &Authority,
    caller: &Caller,
    pointer: &str,
    texts: &[String],
) -> Result<Vec<Place>, Error> {
    check_count(pointer, texts)?;
    let mut places: Vec<Place> = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        let Some(place) =
            authority.visible_place(caller, text).await?.filter(|place| *place != Place::Global)
        else {
            let detail = format!("`{text}` is no `organization/project` or `organization/*` that exists");
            return Err(Error::invalid(format!("{pointer}/{at}"), Code::UnknownName, detail));
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

fn check_count(pointer: &str, texts: &[String]) -> Result<(), Error> {
    if texts.len() > TOKEN_LIMITS_MAX {
        return Err(Error::invalid(pointer, Code::InvalidField, "at most 64 entries"));
    }
    Ok(())
}

/// A token's name: one line, not empty.
pub(super) fn token_name(text: String) -> Result<String, Error> {
    if text.is_empty() || text.len() > TOKEN_NAME_BYTES_MAX || text.chars().any(char::is_control) {
        let detail = "a name has 1 to 128 bytes and no control characters";
        return Err(Error::invalid("/name", Code::InvalidField, detail));
    }
    Ok(text)
}

/// Free text for people.
pub(in crate::http) fn text(pointer: &str, text: String) -> Result<String, Error> {
    let forbidden = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.len() > TEXT_BYTES_MAX || text.chars().any(forbidden) {
        let detail = "at most 1024 bytes, and no control characters except tab and line feed";
        return Err(Error::invalid(pointer, Code::InvalidField, detail));
    }
    Ok(text)
}

/// When a token shall end: at most one of three ways to say it.
pub(super) fn end(
    minutes: Option<i64>,
    at: Option<Timestamp>,
    never: Option<bool>,
) -> Result<Option<End>, Error> {
    let refused = |pointer: &str, detail: &str| Err(Error::invalid(pointer, Code::InvalidField, detail));
    match (minutes, at, never.unwrap_or(false)) {
        (None, None, false) => Ok(None),
        (Some(minutes), None, false) if (1..=LIFETIME_MINUTES_MAX).contains(&minutes) => {
            Ok(Some(End::After(minutes * MINUTE_MS)))
        }
        (Some(_), None, false) => {
            refused("/expires_in_minutes", "between 1 and 52704000 minutes (100 years)")
        }
        (None, Some(at), false) => {
            Ok(Some(End::Fixed(Expiry::At(jeton_token::Timestamp(at.as_millisecond())))))
        }
        (None, None, true) => Ok(Some(End::Fixed(Expiry::Never))),
        _ => refused("", "only one of `expires_in_minutes`, `expires_at` and `never_expires`"),
    }
}

/// The same for organizations, projects, pipelines, groups and roles.
pub(in crate::http) fn path_resource(text: &str) -> Result<ResourceName, Error> {
    text.parse().map_err(|_| Error::Hidden)
}

/// A name in a path: what is no name names nothing.
pub(in crate::http) fn path_name(text: &str) -> Result<PrincipalName, Error> {
    text.parse().map_err(|_| Error::Hidden)
}
