//! Large answers that cost no credential.

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Honest, connect};
use crate::support::Authority;
use crate::support::answer::Answer;

const FIXED: [&str; 5] = [
    "/openapi.json",
    "/docs",
    "/assets/docs.css",
    "/assets/page.css",
    "/.well-known/oauth-authorization-server",
];

#[tokio::test]
async fn who_has_the_present_text_is_told_so() {
    let authority = Authority::shared_sqlite();
    for path in FIXED {
        let first = Answer::to(authority.request(Method::GET, path)).await.expect(200);
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{path}: {tag}");
        let ask = async |known: &str| {
            Answer::to(authority.request(Method::GET, path).header("if-none-match", known)).await
        };
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = ask(&known).await.expect(304);
            assert_eq!((again.text.as_str(), again.header("etag")), ("", tag.as_str()), "{path} {known}");
            assert_eq!(again.header("cache-control"), first.header("cache-control"));
        }
        for other in ["\"x\"", "x", ""] {
            assert_eq!(ask(other).await.expect(200).text, first.text, "{path} {other}");
        }
        let head = Answer::to(authority.request(Method::HEAD, path)).await.expect(200);
        assert_eq!(head.header("content-length"), first.text.len().to_string());
        assert_eq!(head.text, "");
    }
}

/// Ten clients, each of which sends many requests before it reads the first answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_in_a_row_do_not_keep_others_waiting() {
    const REQUESTS: usize = 60;
    let authority = Authority::sqlite().await;
    let honest = Honest::new(&authority).await;
    let mut crowd = tokio::task::JoinSet::new();
    for path in FIXED.iter().cycle().take(10) {
        let (mut reading, mut writing) = connect(&authority, 2).await.into_split();
        let get = format!("GET {path} HTTP/1.1\r\nhost: jeton\r\n\r\n").repeat(REQUESTS - 1);
        let last = format!("GET {path} HTTP/1.1\r\nhost: jeton\r\nconnection: close\r\n\r\n");
        crowd.spawn(async move {
            let all_at_once = format!("{get}{last}");
            let mut all = Vec::new();
            let (sent, read) =
                tokio::join!(writing.write_all(all_at_once.as_bytes()), reading.read_to_end(&mut all));
            sent.and(read).unwrap();
            let answers = String::from_utf8(all).unwrap().matches("HTTP/1.1 200 OK\r\n").count();
            assert_eq!(answers, REQUESTS);
        });
    }
    for _ in 0..3 {
        honest.is_served().await;
    }
    crowd.join_all().await;
}
