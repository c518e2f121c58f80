//! Signing, for tests: the other half of what is checked, straight on the cryptography library.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::super::KeySet;
use super::super::base64url::encode;

/// A private key with its public half as a JWK.
pub(super) struct Signer {
    key: Key,
    pub(super) jwk: Value,
}

enum Key {
    Ed25519(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(super) fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": encode(key.public_key().as_ref())});
        Self { key: Key::Ed25519(key), jwk }
    }

    pub(super) fn p256() -> Self {
        Self::ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(), "P-256")
    }

    pub(super) fn p384() -> Self {
        Self::ec(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(), "P-384")
    }

    pub(super) fn rsa(size: KeySize) -> Self {
        let key = RsaKeyPair::generate(size).unwrap();
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
        let jwk = json!({"kty": "RSA", "kid": "one", "n": encode(&public.n), "e": encode(&public.e)});
        Self { key: Key::Rsa(key), jwk }
    }

    fn ec(key: EcdsaKeyPair, curve: &str) -> Self {
        let point = &key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let jwk = json!({"kty": "EC", "crv": curve, "kid": "one", "x": encode(x), "y": encode(y)});
        Self { key: Key::Ec(key), jwk }
    }

    /// The key set of an issuer with this key alone.
    pub(super) fn set(&self) -> KeySet {
        KeySet::parse(json!({"keys": [self.jwk]}).to_string().as_bytes()).unwrap()
    }

    /// The algorithm that this key is for, and at the same time its usual one.
    pub(super) fn algorithm(&self) -> &'static str {
        match &self.key {
            Key::Ed25519(_) => "EdDSA",
            Key::Ec(key) if key.public_key().as_ref().len() == 65 => "ES256",
            Key::Ec(_) => "ES384",
            Key::Rsa(_) => "RS256",
        }
    }

    /// A token with the usual header.
    pub(super) fn token(&self, claims: &Value) -> String {
        self.with_header(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": "one"}), claims)
    }

    pub(super) fn with_header(&self, header: &Value, claims: &Value) -> String {
        self.of_texts(&header.to_string(), &claims.to_string())
    }

    /// A token whose header and claims are these texts, JSON or not.
    pub(super) fn of_texts(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        let signature = self.sign(message.as_bytes(), header.contains("PS256"));
        format!("{message}.{}", encode(&signature))
    }

    fn sign(&self, message: &[u8], pss: bool) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Key::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let padding: &dyn aws_lc_rs::signature::RsaEncoding =
                    if pss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                key.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}
