//! Secrets on the wire.

use jeton_api::{CreateSession, PatchUser, PutUser, Secret, VerifyRequest};
use serde_json::json;

const TEXT: &str = "correct horse battery staple";

#[test]
fn a_secret_is_a_text_on_the_wire() {
    let secret: Secret = serde_json::from_value(json!(TEXT)).unwrap();
    assert_eq!(secret.expose(), TEXT);
    assert_eq!(serde_json::to_value(Secret::new(TEXT)).unwrap(), json!(TEXT));
    for other in [json!(null), json!(1), json!([TEXT]), json!({ "secret": TEXT })] {
        assert!(serde_json::from_value::<Secret>(other).is_err());
    }
}

#[test]
fn a_secret_is_never_printed() {
    assert_eq!(format!("{:?} {:#?}", Secret::new(TEXT), Secret::new(TEXT)), "Secret Secret");
}

#[test]
fn what_holds_a_secret_does_not_print_it() {
    let session = CreateSession { user: "alice".to_owned(), password: Secret::new(TEXT) };
    let put = PutUser { password: Some(Secret::new(TEXT)), ..PutUser::default() };
    let patch = PatchUser { password: Some(Secret::new(TEXT)), ..PatchUser::default() };
    let verify =
        VerifyRequest { token: Secret::new(TEXT), scope: None, resource: None, client_ip: None, keep: false };
    for shown in [format!("{session:#?}"), format!("{put:#?}"), format!("{patch:#?}"), format!("{verify:#?}")]
    {
        assert!(shown.contains("Secret") && !shown.contains("horse"), "{shown}");
    }
}

#[test]
fn an_error_about_a_secret_does_not_repeat_it() {
    let body = format!(r#"{{"user": ["{TEXT}"], "password": "{TEXT}"}}"#);
    let error = serde_json::from_str::<CreateSession>(&body).unwrap_err().to_string();
    assert!(!error.contains("horse"), "{error}");
}
