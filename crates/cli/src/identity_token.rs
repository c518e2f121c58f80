//! Identity tokens of workloads, as platforms put them into files.
//!
//! Such a token proves who we are to whom it is made for, and to nobody else. One for another audience is not sent:
//! whoever gets it could be us there.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_api::Secret;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::escape::safe;

/// The token in a file, or why it is not sent. Texts are safe to print.
pub(crate) fn from_file(path: &Path, audience: &str) -> Result<Secret, String> {
    let shown = safe(&path.display().to_string()).into_owned();
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| format!("`{shown}`: {error}"))?;
    made_for(text.trim(), audience).map_err(|why| format!("the token in `{shown}` {why}"))
}

/// A token, provided that it says that it is for this audience. Whether that is true is for the server to find out.
pub(crate) fn made_for(token: &str, audience: &str) -> Result<Secret, String> {
    match audiences(token) {
        None => Err("is no JWT".to_owned()),
        Some(all) if all.iter().any(|one| one == audience) => Ok(Secret::new(token)),
        Some(all) => {
            let (audience, all) = (safe(audience), all.join("`, `"));
            Err(format!("is not for `{audience}` but for `{}`", safe(&all)))
        }
    }
}

fn audiences(token: &str) -> Option<Vec<String>> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    match claims.get("aud")? {
        Value::Array(several) => several.iter().map(text).collect(),
        one => text(one).map(|one| vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn attack_12_a_token_for_somebody_else_is_not_sent() {
        let ours = "https://jeton.example";
        for claims in [r#"{"aud":"https://jeton.example"}"#, r#"{"aud":["x","https://jeton.example"]}"#] {
            assert_eq!(made_for(&jwt(claims), ours).unwrap().expose(), jwt(claims));
        }
        for claims in [
            r#"{"aud":"sts.amazonaws.com"}"#,
            r#"{"aud":"https://jeton.example/"}"#,
            r#"{"aud":[]}"#,
            r#"{"aud":[7]}"#,
            "{}",
            "nonsense",
        ] {
            assert!(made_for(&jwt(claims), ours).is_err(), "{claims}");
        }
        for text in ["", "jtn_pat_x", "a.b.c", "-----BEGIN CERTIFICATE-----"] {
            assert_eq!(made_for(text, ours).unwrap_err(), "is no JWT", "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_audiences_and_not_the_token() {
        let token = jwt(r#"{"aud":["api://AzureADTokenExchange","\u001b[2J"]}"#);
        let error = made_for(&token, "https://jeton.example").unwrap_err();
        assert!(
            error.starts_with("is not for `https://jeton.example` but for `api://AzureADTokenExchange`, `")
        );
        assert!(!error.contains(&token) && !error.contains('\u{1b}'), "{error}");
    }
}
