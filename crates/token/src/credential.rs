//! The one credential of a request, as `Authorization` carries it (RFC 9110, section 11.4).
//!
//! ```text
//! Authorization: Bearer TEXT                          RFC 6750, section 2.1
//! Authorization: Basic base64(anything:TEXT)          RFC 7617
//! ```
//! The scheme is written in any case, with one space or more behind it. The user name of Basic is ignored, so nothing
//! about it is checked: it may be empty, and in any charset. The password begins behind the first colon. Base64 may
//! lack its padding.
//!
//! INVARIANT: two credentials are refused even if they are alike, for what stands behind might look at the other one.
//!
//! This parser is here because the server and `jeton-verify` have to take the same spellings. Both run the table
//! `docs/vectors/authorization.json`.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// The challenge of an endpoint that takes Basic (RFC 7617, section 2). The charset is that of the ignored user name.
pub const BASIC_CHALLENGE: &str = "Basic realm=\"Jeton\", charset=\"UTF-8\"";

/// Why a request presents no single credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// There is none, or one of another scheme.
    #[error("no credential was sent; send one as `Authorization: Bearer TEXT`")]
    Missing,
    /// There is one, and it is not written as its scheme asks.
    #[error("the credential cannot be read; send it as `Authorization: Bearer TEXT`")]
    Malformed,
    /// There is more than one: a second field, or a list with commas.
    #[error("there are two credentials; send one")]
    Several,
}

/// The credential in the values of all fields of this name. It is not known to be a token yet.
pub fn presented<'a>(
    fields: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Zeroizing<String>, CredentialError> {
    let mut fields = fields.into_iter();
    match (fields.next(), fields.next()) {
        (None, _) => Err(CredentialError::Missing),
        (Some(field), None) => read(field.trim_ascii()),
        (Some(_), Some(_)) => Err(CredentialError::Several),
    }
}

fn read(field: &[u8]) -> Result<Zeroizing<String>, CredentialError> {
    let end = field.iter().position(|byte| *byte == b' ').unwrap_or(field.len());
    let (scheme, rest) = field.split_at_checked(end).ok_or(CredentialError::Malformed)?;
    let decode = match scheme.to_ascii_lowercase().as_slice() {
        b"bearer" => bearer,
        b"basic" => basic,
        _ => return Err(CredentialError::Missing),
    };
    // Neither scheme has commas, so one joins a second credential.
    if rest.contains(&b',') { Err(CredentialError::Several) } else { decode(rest.trim_ascii_start()) }
}

/// `token68` of RFC 9110, section 11.2.
fn bearer(text: &[u8]) -> Result<Zeroizing<String>, CredentialError> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    if text.is_empty() || !text.iter().all(is_plain) {
        return Err(CredentialError::Malformed);
    }
    owned(text)
}

fn basic(encoded: &[u8]) -> Result<Zeroizing<String>, CredentialError> {
    let pair = BASE64.decode(encoded).map(Zeroizing::new).map_err(|_| CredentialError::Malformed)?;
    let colon = pair.iter().position(|byte| *byte == b':').ok_or(CredentialError::Malformed)?;
    owned(pair.get(colon + 1..).unwrap_or_default())
}

fn owned(text: &[u8]) -> Result<Zeroizing<String>, CredentialError> {
    let text = std::str::from_utf8(text).ok().filter(|text| !text.is_empty());
    text.map(|text| Zeroizing::new(text.to_owned())).ok_or(CredentialError::Malformed)
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
