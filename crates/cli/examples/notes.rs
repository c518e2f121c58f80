//! An API that asks Jeton by RFC 7662: the one of `docs/your-api.md`, which shows it word for word.
#![expect(clippy::disallowed_methods, reason = "it is somebody else's program, and reads its environment")]

use std::env::var;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, extract::ConnectInfo, routing::get};

#[derive(serde::Deserialize)]
struct Verdict {
    active: bool,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    username: String,
}

async fn introspect(token: &str, client_ip: &str) -> Result<Verdict, Box<dyn std::error::Error>> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
    let call = client.post(var("JETON_URL")? + "/oauth2/introspect").bearer_auth(var("API_CREDENTIAL")?);
    let form = [("token", token), ("client_ip", client_ip)];
    Ok(call.form(&form).send().await?.error_for_status()?.json().await?)
}

type Refusal = (StatusCode, [(HeaderName, &'static str); 1], &'static str);

async fn notes(ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap) -> Result<String, Refusal> {
    let refuse = |status, challenge, text| Err((status, [(WWW_AUTHENTICATE, challenge)], text));
    let header = headers.get("authorization").and_then(|header| header.to_str().ok()).unwrap_or_default();
    let (scheme, token) = header.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return refuse(StatusCode::UNAUTHORIZED, "Bearer", "a token is needed");
    }
    let Ok(answer) = introspect(token.trim(), &peer.ip().to_string()).await else {
        return Err((StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], "cannot know; try again"));
    };
    if !answer.active {
        return refuse(
            StatusCode::UNAUTHORIZED,
            r#"Bearer error="invalid_token""#,
            "the token is not honoured",
        );
    }
    if !answer.scope.split(' ').any(|scope| scope == "Notes.Note.Read") {
        let challenge = r#"Bearer error="insufficient_scope", scope="Notes.Note.Read""#;
        return refuse(StatusCode::FORBIDDEN, challenge, "the token lacks Notes.Note.Read");
    }
    Ok(format!("the notes of {}", answer.username))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", var("PORT")?)).await?;
    let app = Router::new().route("/notes", get(notes));
    Ok(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?)
}
