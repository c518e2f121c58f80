//! The form of a token and its header.

use serde_json::{Value, json};

use super::super::base64url::{decode, encode};
use super::*;

#[test]
fn a_good_token_says_who_it_is() {
    let signer = Signer::ed25519();
    let claims = prove(&signer, &signer.token(&claims())).unwrap();
    assert_eq!((claims.issuer.as_str(), claims.subject.as_str()), (ISSUER, "repo:acme/site"));
    assert_eq!(claims.audiences, [AUDIENCE]);
    assert_eq!(claims.expires_at, Timestamp((NOW + 600) * 1000));
    assert_eq!(claims.all["nbf"], NOW);
}

#[test]
fn attack_36_a_token_is_three_parts_of_base64url_and_nothing_else() {
    let signer = Signer::ed25519();
    let good = signer.token(&claims());
    let parts: Vec<_> = good.split('.').collect();
    let (header, body, signature) = (parts[0], parts[1], parts[2]);
    let forms = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{header}.{body}"),
        format!("{header}.{body}."),
        format!(".{body}.{signature}"),
        format!("{header}..{signature}"),
        format!("{good}.{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}="),
        format!("{good}\n"),
        good.replace('.', ".."),
        format!("{header}.{body}.{}+/", signature.get(..signature.len() - 2).unwrap()),
    ];
    for form in forms {
        assert_refused(prove(&signer, &form), Refused::Form);
    }
    let truncated = good.get(..good.len() - 2).unwrap();
    assert_refused(prove(&signer, truncated), Refused::Signature);
    assert_refused(prove(&signer, &"a".repeat(16 * 1024 + 1)), Refused::TooLarge);
}

#[test]
fn attack_36_the_last_digit_of_a_signature_has_one_spelling() {
    let signer = Signer::ed25519();
    let good = signer.token(&claims());
    let (start, last) = good.split_at(good.len() - 1);
    let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars();
    let honoured = others.filter(|digit| prove(&signer, &format!("{start}{digit}")).is_ok());
    assert_eq!(honoured.collect::<String>(), last);
}

#[test]
fn attack_36_two_signatures_in_json_are_no_token() {
    let signer = Signer::ed25519();
    let good = signer.token(&claims());
    let parts: Vec<_> = good.split('.').collect();
    let signature = json!({"protected": parts[0], "signature": parts[2]});
    let general = json!({"payload": parts[1], "signatures": [signature, signature]});
    let flat = json!({"payload": parts[1], "protected": parts[0], "signature": parts[2]});
    for form in [general, flat] {
        assert_refused(prove(&signer, &form.to_string()), Refused::Form);
    }
}

#[test]
fn attack_36_a_header_does_not_choose_its_judge() {
    let signer = Signer::ed25519();
    let x5c = json!(["MIIB"]);
    let members = [
        ("jwk", signer.jwk.clone()),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", x5c),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("epk", json!({})),
        ("kid", json!(7)),
        ("kid", json!("k".repeat(300))),
        ("typ", json!(["JWT"])),
    ];
    for (name, value) in members {
        let mut header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "one"});
        header[name] = value;
        assert_refused(prove(&signer, &signer.with_header(&header, &claims())), Refused::Header);
    }
}

#[test]
fn attack_36_only_asymmetric_algorithms_are_honoured() {
    let signer = Signer::rsa(aws_lc_rs::rsa::KeySize::Rsa2048);
    let spellings =
        ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "RS256 ", "ES512", "ES256K", "dir"];
    for algorithm in spellings {
        let header = json!({"alg": algorithm, "kid": "one"});
        assert_refused(prove(&signer, &signer.with_header(&header, &claims())), Refused::Algorithm);
    }
    assert_refused(
        prove(&signer, &signer.with_header(&json!({"kid": "one"}), &claims())),
        Refused::Algorithm,
    );
    let unsigned = format!("{}.{}.", encode(br#"{"alg":"none"}"#), encode(claims().to_string().as_bytes()));
    assert_refused(prove(&signer, &unsigned), Refused::Form);
}

#[test]
fn attack_36_a_token_of_one_type_is_not_taken_for_another() {
    let signer = Signer::ed25519();
    let sign_in = Use::SignIn { nonce: "n" };
    let honoured = |kind: Value, used| {
        let header = json!({"alg": "EdDSA", "typ": kind, "kid": "one"});
        prove_as(used, &signer, &signer.with_header(&header, &with("nonce", json!("n"))))
    };
    for kind in ["JWT", "jwt", "application/jwt", "JOSE"] {
        honoured(json!(kind), Use::Workload).unwrap();
        honoured(json!(kind), sign_in).unwrap();
    }
    honoured(json!("at+jwt"), Use::Workload).unwrap();
    assert_refused(honoured(json!("at+jwt"), Use::IdToken), Refused::Type);
    for kind in ["logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", ""] {
        for used in [Use::Workload, Use::IdToken, sign_in] {
            assert_refused(honoured(json!(kind), used), Refused::Type);
        }
    }
}

#[test]
fn attack_36_no_member_stands_twice() {
    let signer = Signer::ed25519();
    let header = r#"{"alg":"EdDSA","kid":"one"}"#;
    let body = claims().to_string();
    let twice = body.replacen('{', r#"{"sub":"admin","#, 1);
    assert_refused(prove(&signer, &signer.of_texts(header, &twice)), Refused::Object);
    let deep = body.replacen('{', r#"{"kubernetes.io":{"namespace":"a","namespace":"b"},"#, 1);
    assert_refused(prove(&signer, &signer.of_texts(header, &deep)), Refused::Object);
    let header = r#"{"alg":"HS256","alg":"EdDSA","kid":"one"}"#;
    assert_refused(prove(&signer, &signer.of_texts(header, &body)), Refused::Object);
    for other in ["[]", "\"text\"", "7", "", "{", &format!("{body} x"), &"[".repeat(10_000)] {
        let outcome = prove(&signer, &signer.of_texts(r#"{"alg":"EdDSA","kid":"one"}"#, other));
        let expected = if other.is_empty() { Refused::Form } else { Refused::Object };
        assert_refused(outcome, expected);
    }
}

#[test]
fn attack_36_what_was_changed_after_signing_is_refused() {
    let signer = Signer::ed25519();
    let good = signer.token(&claims());
    let other = signer.token(&with("sub", json!("admin")));
    let (good_parts, other_parts): (Vec<_>, Vec<_>) = (good.split('.').collect(), other.split('.').collect());
    let swapped = format!("{}.{}.{}", good_parts[0], other_parts[1], good_parts[2]);
    assert_refused(prove(&signer, &swapped), Refused::Signature);
    let mut signature = decode(good_parts[2]).unwrap();
    signature[7] ^= 1;
    let bent = format!("{}.{}.{}", good_parts[0], good_parts[1], encode(&signature));
    assert_refused(prove(&signer, &bent), Refused::Signature);
    assert_refused(prove(&signer, &Signer::ed25519().token(&claims())), Refused::Signature);
}
