//! For whom a token was made, and for how long.

use serde_json::json;

use super::*;

#[test]
fn attack_36_the_issuer_is_compared_exactly() {
    let signer = Signer::ed25519();
    let others = [
        json!("https://issuer.example/"),
        json!("https://ISSUER.example"),
        json!([ISSUER]),
        json!(""),
        json!(null),
    ];
    for issuer in others {
        let mut claims = claims();
        claims["iss"] = issuer;
        assert_refused(prove(&signer, &signer.token(&claims)), Refused::WrongIssuer);
    }
    assert_refused(prove(&signer, &signer.token(&with("iss", Value::Null))), Refused::WrongIssuer);
}

#[test]
fn attack_12_a_workloads_token_is_for_us_alone() {
    let signer = Signer::ed25519();
    for fine in [json!(AUDIENCE), json!([AUDIENCE]), json!([AUDIENCE, AUDIENCE])] {
        prove(&signer, &signer.token(&with("aud", fine))).unwrap();
    }
    let many: Vec<_> = (0..17).map(|_| AUDIENCE).collect();
    let others = [
        json!("https://jeton.example/"),
        json!("https://jeton"),
        json!([]),
        json!([AUDIENCE, "https://other.example"]),
        json!({"aud": AUDIENCE}),
        json!(7),
        json!(many),
        Value::Null,
    ];
    for audience in others {
        assert_refused(prove(&signer, &signer.token(&with("aud", audience))), Refused::Audience);
    }
    assert_refused(prove(&signer, &signer.token(&with("aud", json!([AUDIENCE, 7])))), Refused::Claim);
}

#[test]
fn attack_12_of_several_audiences_of_an_id_token_we_must_be_the_party() {
    let signer = Signer::ed25519();
    let prove = |audience: Value, party: Value| {
        let mut claims = with("aud", audience);
        if !party.is_null() {
            claims["azp"] = party;
        }
        prove_as(Use::IdToken, &signer, &signer.token(&claims))
    };
    let both = || json!([AUDIENCE, "other"]);
    prove(json!(AUDIENCE), Value::Null).unwrap();
    prove(json!(AUDIENCE), json!(AUDIENCE)).unwrap();
    prove(both(), json!(AUDIENCE)).unwrap();
    for (audience, party) in [
        (both(), Value::Null),
        (both(), json!("other")),
        (json!(AUDIENCE), json!("other")),
        (json!(["other"]), json!(AUDIENCE)),
        (both(), json!(7)),
    ] {
        assert_refused(prove(audience, party), Refused::Audience);
    }
}

#[test]
fn attack_36_a_token_ends_and_soon() {
    let signer = Signer::ed25519();
    let prove = |exp: Value| prove(&signer, &signer.token(&with("exp", exp)));
    for fine in [NOW - 59, NOW, NOW + 24 * 60 * 60] {
        prove(json!(fine)).unwrap();
    }
    for over in [NOW - 60, NOW - 61, 0] {
        assert_refused(prove(json!(over)), Refused::Expired);
    }
    for far in [NOW + 24 * 60 * 60 + 1, 1_i64 << 31, (1_i64 << 31) + (1_i64 << 30), 253_402_300_799] {
        assert_refused(prove(json!(far)), Refused::TooLongLived);
    }
    let no_ends = [
        Value::Null,
        json!((NOW + 600).to_string()),
        json!(1_900_000_600.5),
        json!(1_900_000_600.0),
        json!(-1),
        json!(1_u64 << 63),
        json!(253_402_300_800_i64),
        json!([NOW + 600]),
        json!(true),
    ];
    for none in no_ends {
        assert_refused(prove(none), Refused::NoEnd);
    }
}

#[test]
fn attack_36_a_token_is_not_honoured_before_its_time() {
    let signer = Signer::ed25519();
    for name in ["nbf", "iat"] {
        for fine in [json!(NOW + 60), json!(0), Value::Null] {
            prove(&signer, &signer.token(&with(name, fine))).unwrap();
        }
        for early in [NOW + 61, 1_i64 << 31] {
            assert_refused(prove(&signer, &signer.token(&with(name, json!(early)))), Refused::TooEarly);
        }
        for strange in [json!("0"), json!(0.5), json!(-1), json!({})] {
            assert_refused(prove(&signer, &signer.token(&with(name, strange))), Refused::Claim);
        }
    }
}

#[test]
fn a_token_names_its_subject() {
    let signer = Signer::ed25519();
    for none in [Value::Null, json!("")] {
        assert_refused(prove(&signer, &signer.token(&with("sub", none))), Refused::Subject);
    }
    for strange in [json!(7), json!(["a"]), json!("x".repeat(1025))] {
        assert_refused(prove(&signer, &signer.token(&with("sub", strange))), Refused::Claim);
    }
}

#[test]
fn attack_27_a_sign_in_is_answered_with_its_own_nonce() {
    let signer = Signer::ed25519();
    let prove = |claims: &Value| prove_as(Use::SignIn { nonce: "ours" }, &signer, &signer.token(claims));
    prove(&with("nonce", json!("ours"))).unwrap();
    for other in [json!("theirs"), json!(""), json!(["ours"]), Value::Null] {
        assert_refused(prove(&with("nonce", other)), Refused::Nonce);
    }
    let mut undated = with("nonce", json!("ours"));
    undated.as_object_mut().unwrap().remove("iat");
    assert_refused(prove(&undated), Refused::Claim);
}
