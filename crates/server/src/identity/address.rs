//! Names of issuers, and addresses of a form that may be asked: https, or plain http on this machine. Whether this
//! very address is asked, is a matter of `private`.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::limits::ISSUER_BYTES_MAX;
use crate::outside::is_this_machine;

/// The name of an issuer, exactly as it stands in `iss`. Compared byte by byte, never normalised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Issuer(String);

/// Where an issuer's keys are, when that is not found by discovery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct JwksUrl(Url);

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("the name of an issuer has 1 to 512 visible ASCII characters")]
    Name,
    #[error("an address looks like `https://issuer.example.org/path`, without user, query or fragment")]
    Address,
    #[error("plain http is for issuers on the same machine; use https")]
    PlainHttp,
}

impl Issuer {
    /// An issuer by its name. Not every issuer has an address: a SPIFFE trust domain may have none.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let fits = !text.is_empty() && text.len() <= ISSUER_BYTES_MAX;
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AddressError::Name)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The issuer as an address that can be asked about its keys (OpenID Connect Discovery 1.0, section 4).
    pub(crate) fn url(&self) -> Result<Url, AddressError> {
        let url = askable(&self.0)?;
        if url.query().is_some() { Err(AddressError::Address) } else { Ok(url) }
    }
}

impl FromStr for Issuer {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JwksUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > ISSUER_BYTES_MAX {
            return Err(AddressError::Address);
        }
        askable(text).map(Self)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for JwksUrl {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl fmt::Display for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// An address that may be asked.
pub(super) fn askable(text: &str) -> Result<Url, AddressError> {
    let url: Url = text.parse().map_err(|_| AddressError::Address)?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let host = url.host().ok_or(AddressError::Address)?;
    match url.scheme() {
        _ if has_user || url.fragment().is_some() => Err(AddressError::Address),
        "https" => Ok(url),
        "http" if is_this_machine(&host) => Ok(url),
        "http" => Err(AddressError::PlainHttp),
        _ => Err(AddressError::Address),
    }
}

/// Whether an address that `from` names may be asked: an issuer elsewhere does not send us to our own machine
/// without encryption, where it could make us knock at doors that only this machine has.
pub(super) fn may_follow(from: &Url, to: &Url) -> bool {
    to.scheme() == "https" || from.scheme() == "http"
}
