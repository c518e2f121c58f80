//! Which key judges which signature.

use aws_lc_rs::rsa::KeySize;
use serde_json::json;

use super::super::KeySet;
use super::super::base64url::encode;
use super::super::jwks::KeySetError;
use super::*;

fn set(keys: &Value) -> Result<KeySet, KeySetError> {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
}

fn prove_with(keys: &Value, text: &str) -> Result<Claims, Refused> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    let expected = Expected { issuer: &issuer, audience: AUDIENCE, used: Use::Workload };
    Unverified::parse(text)?.prove(&set(keys).unwrap(), &expected, Timestamp(NOW * 1000))
}

#[test]
fn every_honoured_kind_of_key_proves() {
    for signer in [Signer::ed25519(), Signer::p256(), Signer::p384(), Signer::rsa(KeySize::Rsa2048)] {
        prove(&signer, &signer.token(&claims())).unwrap();
    }
    let signer = Signer::rsa(KeySize::Rsa2048);
    prove(&signer, &signer.with_header(&json!({"alg": "PS256", "kid": "one"}), &claims())).unwrap();
    let signer = Signer::ed25519();
    prove(&signer, &signer.with_header(&json!({"alg": "Ed25519", "kid": "one"}), &claims())).unwrap();
}

#[test]
fn attack_36_an_algorithm_must_fit_the_key() {
    let algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
    for signer in [Signer::ed25519(), Signer::p256(), Signer::p384(), Signer::rsa(KeySize::Rsa2048)] {
        let is_rsa = signer.algorithm() == "RS256";
        let others = algorithms.into_iter().filter(|name| *name != signer.algorithm());
        for other in others.filter(|name| !(is_rsa && *name == "PS256")) {
            let text = signer.with_header(&json!({"alg": other, "kid": "one"}), &claims());
            assert_refused(prove(&signer, &text), Refused::WrongKey);
        }
    }
}

#[test]
fn attack_36_a_key_is_used_with_the_algorithm_that_its_issuer_says() {
    let mut signer = Signer::rsa(KeySize::Rsa2048);
    signer.jwk["alg"] = json!("RS256");
    prove(&signer, &signer.token(&claims())).unwrap();
    let text = signer.with_header(&json!({"alg": "PS256", "kid": "one"}), &claims());
    assert_refused(prove(&signer, &text), Refused::WrongKey);
    signer.jwk["alg"] = json!("HS256");
    assert_refused(prove(&signer, &signer.token(&claims())), Refused::WrongKey);
}

#[test]
fn attack_36_a_public_key_is_no_shared_secret() {
    let signer = Signer::rsa(KeySize::Rsa2048);
    let header = json!({"alg": "HS256", "kid": "one"});
    let message =
        format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims().to_string().as_bytes()));
    let secret = signer.jwk.to_string();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    let text = format!("{message}.{}", encode(tag.as_ref()));
    assert_refused(prove(&signer, &text), Refused::Algorithm);
}

#[test]
fn attack_36_a_key_id_is_a_name_and_no_path() {
    let signer = Signer::ed25519();
    for id in ["../../one", "two", "", "one ", "ONE", "one\u{0}", "https://evil.example/one", "' OR 1=1 --"] {
        let text = signer.with_header(&json!({"alg": "EdDSA", "kid": id}), &claims());
        assert_refused(prove(&signer, &text), Refused::UnknownKey);
    }
}

#[test]
fn without_a_key_id_every_key_that_fits_is_tried() {
    let (one, other, curve) = (Signer::ed25519(), Signer::ed25519(), Signer::p256());
    let text = one.with_header(&json!({"alg": "EdDSA"}), &claims());
    prove_with(&json!([one.jwk, curve.jwk]), &text).unwrap();
    prove_with(&json!([other.jwk, one.jwk]), &text).unwrap();
    assert_refused(prove_with(&json!([other.jwk, curve.jwk]), &text), Refused::Signature);
    assert_refused(prove_with(&json!([curve.jwk]), &text), Refused::WrongKey);
    let mut others: Vec<_> = (0..8).map(|_| Signer::ed25519().jwk).collect();
    others.push(one.jwk.clone());
    assert_refused(prove_with(&json!(others), &text), Refused::Signature);
}

#[test]
fn a_key_without_an_id_may_be_meant_by_any() {
    let without_id = |signer: &Signer| {
        let mut jwk = signer.jwk.clone();
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    };
    let (one, other) = (Signer::ed25519(), Signer::ed25519());
    for header in [json!({"alg": "EdDSA", "kid": "one"}), json!({"alg": "EdDSA"})] {
        let text = one.with_header(&header, &claims());
        prove_with(&json!([without_id(&one)]), &text).unwrap();
        prove_with(&json!([without_id(&other), without_id(&one)]), &text).unwrap();
        assert_refused(prove_with(&json!([without_id(&other)]), &text), Refused::Signature);
    }
    // Where a key has the very id, no other is meant.
    let text = one.token(&claims());
    assert_refused(prove_with(&json!([other.jwk, without_id(&one)]), &text), Refused::Signature);
}

#[test]
fn only_a_key_of_the_very_id_or_a_signature_that_fits_is_known() {
    let knows = |keys: &Value, text: &str| Unverified::parse(text).unwrap().has_key_in(&set(keys).unwrap());
    let (one, other) = (Signer::ed25519(), Signer::ed25519());
    let named = one.token(&claims());
    assert!(knows(&json!([other.jwk]), &named), "a wrong signature stays wrong");
    let unnamed = one.with_header(&json!({"alg": "EdDSA"}), &claims());
    assert!(knows(&json!([one.jwk]), &unnamed));
    assert!(!knows(&json!([other.jwk]), &unnamed), "a newer key set may have the key");
    let else_named = one.with_header(&json!({"alg": "EdDSA", "kid": "two"}), &claims());
    assert!(!knows(&json!([one.jwk]), &else_named));
}

#[test]
fn keys_for_other_purposes_are_passed_over() {
    let signer = Signer::ed25519();
    let text = signer.token(&claims());
    let jwk = |name: &str, value: Value| {
        let mut jwk = signer.jwk.clone();
        jwk[name] = value;
        jwk
    };
    for fine in [jwk("use", json!("sig")), jwk("use", json!("jwt-svid")), jwk("key_ops", json!(["verify"]))] {
        prove_with(&json!([fine]), &text).unwrap();
    }
    let curve = Signer::p256().jwk;
    for passed_over in [
        jwk("use", json!("enc")),
        jwk("use", json!("x509-svid")),
        jwk("key_ops", json!(["sign"])),
        jwk("key_ops", json!("verify")),
        jwk("kty", json!("oct")),
        jwk("crv", json!("X25519")),
        jwk("x", json!("AAAA")),
        json!({"kty": "oct", "k": "AAAA", "kid": "one"}),
        json!("no key"),
    ] {
        assert_eq!(set(&json!([passed_over])).unwrap_err(), KeySetError::Empty);
        let mut other = curve.clone();
        other["kid"] = json!("two");
        assert_refused(prove_with(&json!([passed_over, other]), &text), Refused::UnknownKey);
    }
}

#[test]
fn a_key_set_has_one_form() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "null"] {
        assert_eq!(KeySet::parse(text.as_bytes()).unwrap_err(), KeySetError::Form, "{text}");
    }
    assert_eq!(set(&json!([])).unwrap_err(), KeySetError::Empty);
    let mut private = Signer::ed25519().jwk;
    private["d"] = json!("AAAA");
    assert_eq!(set(&json!([private])).unwrap_err(), KeySetError::Private);
}

#[test]
fn only_the_first_keys_of_a_flood_count() {
    let signer = Signer::ed25519();
    let mut keys: Vec<_> = (0..70)
        .map(|number| {
            let mut jwk = signer.jwk.clone();
            jwk["kid"] = json!(number.to_string());
            jwk
        })
        .collect();
    keys.push(signer.jwk.clone());
    assert_refused(prove_with(&json!(keys), &signer.token(&claims())), Refused::UnknownKey);
}
