//! The form of a JWT (RFC 7519) in compact serialization, before anybody has looked at its signature.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::address::Issuer;
use super::jwks::Algorithm;
use super::{KeySet, Refused, base64url, object};
use crate::limits::{JWT_BYTES_MAX, KEY_ID_BYTES_MAX};

/// A text that has the form of a signed JWT. Nothing in it is proven yet.
pub(crate) struct Unverified<'a> {
    pub(super) header: Header,
    /// What was signed.
    pub(super) message: &'a [u8],
    pub(super) signature: Vec<u8>,
    pub(super) claims: Map<String, Value>,
}

/// What of a header is read.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// Lower case, without `application/`.
    pub(super) kind: Option<String>,
}

/// Members that would let the token say by which key or rule it shall be judged. Keys come from the issuer alone;
/// an extension that must be understood is not; and what is compressed or encrypted is no plain JWT.
const REFUSED: [&str; 9] = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "enc", "zip", "epk"];

impl<'a> Unverified<'a> {
    /// Takes the text apart. Garbage ends here, without I/O and without cryptography.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Refused> {
        if text.len() > JWT_BYTES_MAX {
            return Err(Refused::TooLarge);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(Refused::Form)?;
        let (header, claims) = message.split_once('.').ok_or(Refused::Form)?;
        // A further full stop is no digit of base64url.
        let part = |text| base64url::decode(text).filter(|part| !part.is_empty()).ok_or(Refused::Form);
        let (header, claims, signature) = (part(header)?, part(claims)?, part(signature)?);
        let header = Header::read(&object::parse(&header).ok_or(Refused::Object)?)?;
        let claims = object::parse(&claims).ok_or(Refused::Object)?;
        Ok(Self { header, message: message.as_bytes(), signature, claims })
    }

    /// Whether its key is among these. A token that names no key, or names one that none of these keys says it is, has
    /// its key there if a signature fits.
    pub(super) fn has_key_in(&self, keys: &KeySet) -> bool {
        keys.names(self.header.key_id.as_deref()) || self.check_signature(keys).is_ok()
    }

    pub(super) fn check_signature(&self, keys: &KeySet) -> Result<(), Refused> {
        let Header { algorithm, key_id, .. } = &self.header;
        keys.check(key_id.as_deref(), *algorithm, self.message, &self.signature)
    }

    /// A digest of what was signed. Not of the signature: some can be spelled in two ways.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, self.message).as_ref());
        bytes
    }

    /// Whether it says that it was made for this audience, among others perhaps.
    pub(crate) fn claims_audience(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one == audience),
            _ => false,
        }
    }

    /// Who the token says has made it: enough to look for a trust in that issuer, and for nothing more. What is no
    /// issuer's name is nobody's: not every database takes a NUL in a text.
    pub(crate) fn claimed_issuer(&self) -> Option<&str> {
        let issuer = self.claims.get("iss").and_then(Value::as_str);
        issuer.filter(|issuer| Issuer::parse(issuer).is_ok())
    }
}

impl Header {
    fn read(object: &Map<String, Value>) -> Result<Self, Refused> {
        if REFUSED.iter().any(|name| object.contains_key(*name)) {
            return Err(Refused::Header);
        }
        let text = |name| match object.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= KEY_ID_BYTES_MAX => Ok(Some(text.as_str())),
            Some(_) => Err(Refused::Header),
        };
        let algorithm = text("alg")?.and_then(Algorithm::of).ok_or(Refused::Algorithm)?;
        let kind = text("typ")?.map(str::to_ascii_lowercase);
        let kind = kind.map(|kind| kind.strip_prefix("application/").unwrap_or(&kind).to_owned());
        Ok(Self { algorithm, key_id: text("kid")?.map(ToOwned::to_owned), kind })
    }
}
