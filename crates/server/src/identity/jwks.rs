//! Key sets (RFC 7517), and which key may judge which signature.
//!
//! A key set may hold keys for encryption, of unknown kinds, or symmetric ones. They are passed over: only public
//! keys for signatures count, so that a text which anybody knows is never taken for a shared secret.

use jsonwebtoken::{Algorithm as Jwa, DecodingKey, crypto};
use serde_json::{Map, Value};

use super::{Refused, base64url, object};
use crate::limits::{KEYS_MAX, KEYS_TRIED_MAX};

/// The algorithms that are honoured: asymmetric ones only, so there is no `none` and no `HS256` to fall for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithm {
    name: &'static str,
    signs: Jwa,
    key: KeyKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

const ALGORITHMS: [Algorithm; 10] = [
    Algorithm { name: "RS256", signs: Jwa::RS256, key: KeyKind::Rsa },
    Algorithm { name: "RS384", signs: Jwa::RS384, key: KeyKind::Rsa },
    Algorithm { name: "RS512", signs: Jwa::RS512, key: KeyKind::Rsa },
    Algorithm { name: "PS256", signs: Jwa::PS256, key: KeyKind::Rsa },
    Algorithm { name: "PS384", signs: Jwa::PS384, key: KeyKind::Rsa },
    Algorithm { name: "PS512", signs: Jwa::PS512, key: KeyKind::Rsa },
    Algorithm { name: "ES256", signs: Jwa::ES256, key: KeyKind::P256 },
    Algorithm { name: "ES384", signs: Jwa::ES384, key: KeyKind::P384 },
    Algorithm { name: "EdDSA", signs: Jwa::EdDSA, key: KeyKind::Ed25519 },
    Algorithm { name: "Ed25519", signs: Jwa::EdDSA, key: KeyKind::Ed25519 },
];

impl Algorithm {
    /// The honoured algorithm of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        ALGORITHMS.into_iter().find(|algorithm| algorithm.name == name)
    }
}

/// The public keys of an issuer.
#[derive(Debug, Default)]
pub(crate) struct KeySet(Vec<Key>);

/// Why a text is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeySetError {
    #[error("a key set is a JSON object with the member `keys`, and no member twice")]
    Form,
    #[error("the key set holds no public key for signatures (RSA, P-256, P-384 or Ed25519)")]
    Empty,
    #[error(
        "the key set holds private keys: whoever can read it can sign; make new ones and publish their public halves"
    )]
    Private,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The one algorithm that the issuer uses this key with, if it says.
    algorithm: Option<String>,
    kind: KeyKind,
    public: DecodingKey,
}

impl KeySet {
    /// Reads a key set; of more keys than the limit, the first count.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let mut object = object::parse(bytes).ok_or(KeySetError::Form)?;
        let Some(Value::Array(keys)) = object.remove("keys") else {
            return Err(KeySetError::Form);
        };
        let keys: Vec<_> = keys.iter().filter_map(Value::as_object).take(KEYS_MAX).collect();
        if keys.iter().any(|key| key.contains_key("d")) {
            return Err(KeySetError::Private);
        }
        let keys: Vec<_> = keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    /// Whether there is a key that this id names for sure: then no newer key set could say more.
    pub(super) fn names(&self, id: Option<&str>) -> bool {
        id.is_some() && self.0.iter().any(|key| key.id.as_deref() == id)
    }

    /// Whether the message was signed with the key of this id, or with one of those that may be meant if none has it.
    pub(super) fn check(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let fitting = self.fitting(id, algorithm)?;
        // The library takes the signature as it stands in the token; ours was decoded strictly before.
        let signature = base64url::encode(signature);
        let signed = |key: &&Key| {
            matches!(crypto::verify(&signature, message, &key.public, algorithm.signs), Ok(true))
        };
        if fitting.iter().any(signed) { Ok(()) } else { Err(Refused::Signature) }
    }

    /// The keys that may have been used. Whichever it was, it is the issuer's.
    fn fitting(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Vec<&Key>, Refused> {
        // A key without an id may have any (RFC 7517, section 4.5), but not where another key has the very id.
        let is_named = self.names(id);
        let is_meant = |key: &&Key| match (id, &key.id) {
            (None, _) => true,
            (Some(_), None) => !is_named,
            (Some(id), Some(own)) => own == id,
        };
        let mut meant = self.0.iter().filter(is_meant).peekable();
        meant.peek().ok_or(Refused::UnknownKey)?;
        let fitting: Vec<_> = meant.filter(|key| key.is_for(algorithm)).take(KEYS_TRIED_MAX).collect();
        if fitting.is_empty() { Err(Refused::WrongKey) } else { Ok(fitting) }
    }
}

impl Key {
    /// The key, unless it is of another kind or for another purpose.
    fn read(object: &Map<String, Value>) -> Option<Self> {
        let text = |name| object.get(name).and_then(Value::as_str);
        let purposes = [None, Some("sig"), Some("jwt-svid")];
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|list| list.iter().any(|operation| operation == "verify"))
        };
        if !purposes.contains(&text("use")) || !object.get("key_ops").is_none_or(verifies) {
            return None;
        }
        let (kind, public) = match (text("kty")?, text("crv")) {
            ("RSA", _) => (KeyKind::Rsa, DecodingKey::from_rsa_components(text("n")?, text("e")?).ok()?),
            ("EC", Some("P-256")) => (KeyKind::P256, point(text("x")?, text("y")?, 32)?),
            ("EC", Some("P-384")) => (KeyKind::P384, point(text("x")?, text("y")?, 48)?),
            ("OKP", Some("Ed25519")) => {
                let x = base64url::decode(text("x")?).filter(|x| x.len() == 32)?;
                (KeyKind::Ed25519, DecodingKey::from_ed_der(&x))
            }
            _ => return None,
        };
        let owned = |name| text(name).map(ToOwned::to_owned);
        Some(Self { id: owned("kid"), algorithm: owned("alg"), kind, public })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        let said = self.algorithm.as_deref();
        self.kind == algorithm.key
            && said.is_none_or(|said| Algorithm::of(said).is_some_and(|said| said.signs == algorithm.signs))
    }
}

/// A point of a curve whose coordinates have this many bytes each.
fn point(x: &str, y: &str, bytes: usize) -> Option<DecodingKey> {
    let fits = |text: &str| base64url::decode(text).is_some_and(|number| number.len() == bytes);
    if !fits(x) || !fits(y) {
        return None;
    }
    DecodingKey::from_ec_components(x, y).ok()
}
