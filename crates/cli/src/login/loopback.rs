//! The end of a sign-in in the browser: the browser is sent to this machine (RFC 8252, section 7.3), where the one
//! request that carries the right `state` is answered, and every other one refused.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context;
use jeton_api::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use super::oauth::Refused;
use crate::error::{Error, Result};

const PATH: &str = "/callback";
const REQUEST_BYTES_MAX: usize = 16 * 1024;
const REQUEST_TIME: Duration = Duration::from_secs(10);
const CONNECTIONS_MAX: usize = 16;

/// A free port of this machine, where the browser will come.
pub(super) struct Loopback {
    listener: TcpListener,
    redirect: String,
}

/// What the browser brings.
pub(super) type Brought = Result<Secret, Refused>;

impl Loopback {
    /// Listens.
    pub(super) async fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free")?;
        let address = listener.local_addr().context("no port is free")?;
        Ok(Self { listener, redirect: format!("http://{address}{PATH}") })
    }

    /// The address to send the browser to.
    pub(super) fn redirect(&self) -> &str {
        &self.redirect
    }

    /// Waits for the browser, however many others come.
    pub(super) async fn wait(self, state: &str, issuer: Option<&str>) -> Result<Brought> {
        let (found, mut brought) = mpsc::channel(1);
        let busy = std::sync::Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
        loop {
            tokio::select! {
                Some(brought) = brought.recv() => return Ok(brought),
                accepted = self.listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let Ok(place) = std::sync::Arc::clone(&busy).try_acquire_owned() else { continue };
                    let (expected, found) = (Expected::new(&self.redirect, state, issuer)?, found.clone());
                    tokio::spawn(async move {
                        // Whoever is slow, or gone, is no browser that brings something.
                        let _slow = timeout(REQUEST_TIME, serve(stream, &expected, &found)).await;
                        drop(place);
                    });
                }
            }
        }
    }
}

/// What the right request looks like.
struct Expected {
    host: String,
    redirect: Url,
    state: String,
    /// What the server calls itself, if it says so to the browser too.
    issuer: Option<String>,
}

impl Expected {
    fn new(redirect: &str, state: &str, issuer: Option<&str>) -> Result<Self> {
        let url = Url::parse(redirect).context("no address")?;
        let host = redirect.trim_start_matches("http://").trim_end_matches(PATH).to_owned();
        Ok(Self { host, redirect: url, state: state.to_owned(), issuer: issuer.map(str::to_owned) })
    }

    /// What a request brings; nothing if it is not the one that is waited for.
    fn read(&self, head: &str) -> Option<Brought> {
        let mut lines = head.split("\r\n");
        let target = lines.next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
        let mut hosts = lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        // A page elsewhere whose name leads to this machine says another name.
        if hosts.next()?.1.trim() != self.host || hosts.next().is_some() || !target.starts_with('/') {
            return None;
        }
        let url = self
            .redirect
            .join(target)
            .ok()
            .filter(|url| url.path() == PATH && url.origin() == self.redirect.origin())?;
        let value = |name: &str| {
            let mut values =
                url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            values.next().filter(|_| values.next().is_none())
        };
        // A code of another server would be told to this one (RFC 9207).
        if value("state")? != self.state || self.issuer.is_some() && value("iss") != self.issuer {
            return None;
        }
        if let Some(error) = value("error") {
            let error_description = value("error_description").unwrap_or_default();
            return Some(Err(Refused { error, error_description }));
        }
        value("code").map(|code| Ok(Secret::new(code)))
    }
}

async fn serve(mut stream: TcpStream, expected: &Expected, found: &mpsc::Sender<Brought>) {
    let Ok(head) = head(&mut stream).await else { return };
    let brought = std::str::from_utf8(&head).ok().and_then(|head| expected.read(head));
    // Only the first one is taken; a second one finds no room.
    let Some((brought, room)) = brought.zip(found.try_reserve().ok()) else {
        return answer(stream, "404 Not Found", "There is nothing here.").await;
    };
    let text = match &brought {
        Ok(_) => "Almost done: go back to the terminal.",
        Err(_) => "Not signed in: the terminal says why.",
    };
    answer(stream, "200 OK", text).await;
    room.send(brought);
}

async fn answer(mut stream: TcpStream, status: &str, text: &str) {
    // What was brought counts even if the browser does not stay for the page.
    let _gone = stream.write_all(page(status, text).as_bytes()).await;
    let _gone = stream.shutdown().await;
}

async fn head(stream: &mut TcpStream) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut head = Zeroizing::new(Vec::new());
    let mut piece = Zeroizing::new([0; 1024]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < REQUEST_BYTES_MAX {
        let read = stream.read(piece.as_mut_slice()).await?;
        match piece.get(..read) {
            None | Some([]) => break,
            Some(more) => head.extend_from_slice(more),
        }
    }
    Ok(head)
}

fn page(status: &str, text: &str) -> String {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Jeton</title><p>{text}</p></html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n\
         Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{html}",
        html.len()
    )
}

/// That the browser did not come in time.
pub(super) fn nobody_came() -> Error {
    Error::SignIn(
        "nobody signed in at the browser in time\nwithout one, use: jeton login --device".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected::new("http://127.0.0.1:4000/callback", "the-state", None).unwrap()
    }

    #[test]
    fn a_server_that_names_itself_always_does() {
        let expected = Expected { issuer: Some("https://a.example".to_owned()), ..expected() };
        let read = |more: &str| {
            let target = format!("/callback?code=a&state=the-state{more}");
            expected.read(&format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1:4000\r\n\r\n"))
        };
        assert!(read("&iss=https%3A%2F%2Fa.example").is_some());
        assert!(read("").is_none() && read("&iss=https%3A%2F%2Fb.example").is_none());
    }

    fn read(target: &str) -> Option<Brought> {
        expected().read(&format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1:4000\r\naccept: */*\r\n\r\n"))
    }

    #[test]
    fn the_request_with_the_right_state_brings_the_code() {
        let code = read("/callback?code=a%2Bb&state=the-state").unwrap().unwrap();
        assert_eq!(code.expose(), "a+b");
    }

    #[test]
    fn a_refusal_is_brought_as_well() {
        let refused =
            read("/callback?error=access_denied&error_description=no%1b[2J&state=the-state").unwrap();
        assert_eq!(refused.unwrap_err().reason(), "no\\u{1b}[2J");
    }

    #[test]
    fn attack_27_every_other_request_brings_nothing() {
        for target in [
            "/callback?code=a",
            "/callback?code=a&state=",
            "/callback?code=a&state=other",
            "/callback?code=a&state=the-state&state=the-state",
            "/callback?code=a&code=b&state=the-state",
            "/callback?state=the-state",
            "/?code=a&state=the-state",
            "/callback/?code=a&state=the-state",
            "//elsewhere/callback?code=a&state=the-state",
            "http://127.0.0.1:4000/callback?code=a&state=the-state",
        ] {
            assert!(read(target).is_none(), "{target}");
        }
        let rest = "/callback?code=a&state=the-state HTTP/1.1\r\n";
        for head in [
            format!("POST {rest}host: 127.0.0.1:4000\r\n\r\n"),
            format!("GET {rest}\r\n"),
            format!("GET {rest}host: attacker.example\r\n\r\n"),
            format!("GET {rest}host: 127.0.0.1:4000\r\nHost: 127.0.0.1:4000\r\n\r\n"),
        ] {
            assert!(expected().read(&head).is_none(), "{head}");
        }
    }
}
