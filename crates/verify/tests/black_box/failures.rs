//! Not being able to know: no answer lets anybody in, and none is called a bad token.

use std::time::Duration;

use jeton_verify::{Ask, Scope, Unavailable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::authority::{Authority, Reply, failures};
use crate::tokens::{assert_shows_no_secret, client_of, personal};

async fn failure(authority: &Authority) -> Unavailable {
    let scope: Scope = "Taskurai.Task.Read".parse().unwrap();
    authority.client().verify(Ask::about(&personal().text).scope(&scope)).await.unwrap_err()
}

#[tokio::test]
async fn each_failure_has_a_name_and_a_remedy() {
    for (reply, expected) in failures() {
        let authority = Authority::that_says(reply).await;
        let error = failure(&authority).await;
        assert_eq!(error, expected);
        assert!(error.to_string().contains(';'), "`{error}` does not say what to do");
        assert_shows_no_secret(&format!("{error} {error:?}"));
        assert_eq!(authority.questions().len(), 1, "a failing authority is not asked again: {error}");
    }
}

#[tokio::test]
async fn a_refused_credential_says_how_to_make_a_new_one() {
    let error = Unavailable::CredentialRefused(401).to_string();
    assert!(error.contains("this API's own credential"), "{error}");
    assert!(error.contains("`jeton api credential NAME`"), "{error}");
}

#[tokio::test]
async fn text_instead_of_json_is_no_answer() {
    for text in ["", "<html>Please sign in</html>", r#"{"allowed":tru"#, r#"{"allowed":true"#] {
        let authority = Authority::that_says(Reply::Text(200, text.to_owned())).await;
        assert!(matches!(failure(&authority).await, Unavailable::Malformed(_)), "{text}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let authority = Authority::that_says(Reply::Text(200, " ".repeat(300 * 1024))).await;
    assert_eq!(failure(&authority).await, Unavailable::Malformed("it is too long"));
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    for reply in [Reply::Silence, Reply::HalfAndSilence] {
        let authority = Authority::that_says(reply).await;
        let token = personal();
        let asking = authority.impatient_client();
        let asked = tokio::time::timeout(Duration::from_secs(20), asking.verify(Ask::about(&token.text)));
        assert_eq!(asked.await.unwrap(), Err(Unavailable::TimedOut(Duration::from_millis(300))));
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client_of(&base).build().unwrap();
    let error = client.verify(Ask::about(&personal().text)).await.unwrap_err();
    assert!(matches!(&error, Unavailable::Unreachable(cause) if cause.contains("refused")), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            drop(connection);
        }
    });
    let client = client_of(&base).build().unwrap();
    let error = client.verify(Ask::about(&personal().text)).await.unwrap_err();
    assert!(matches!(error, Unavailable::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn connections_are_kept_open_between_questions() {
    let authority = Authority::that_allows().await;
    let client = authority.client();
    for _ in 0..5 {
        client.clone().verify(Ask::about(&personal().text)).await.unwrap();
    }
    let questions = authority.questions();
    assert_eq!(questions.len(), 5);
    assert!(questions.iter().all(|question| question.peer == questions[0].peer));
}

/// Speaks HTTP by hand: it promises to keep each connection and closes it after one answer.
#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
            let body = r#"{"allowed":false}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    });
    let client = client_of(&base).build().unwrap();
    for _ in 0..3 {
        assert!(client.verify(Ask::about(&personal().text)).await.is_ok());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
