//! A mail server: takes letters as RFC 5321 has it, and keeps them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::receiver::soon;

/// A letter that came.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) to: Vec<String>,
    /// Header fields and body, as they were sent.
    pub(crate) text: String,
}

/// Clones are the same one.
#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_busy: bool,
    commands: Vec<String>,
    letters: Vec<Letter>,
}

impl Letter {
    /// A header field.
    pub(crate) fn field(&self, name: &str) -> &str {
        let beginning = format!("{name}: ");
        self.head().lines().find_map(|line| line.strip_prefix(&beginning)).unwrap()
    }

    pub(crate) fn head(&self) -> &str {
        self.text.split_once("\r\n\r\n").unwrap().0
    }

    /// The body as it was written: long lines put together, and encoded characters again what they were.
    pub(crate) fn body(&self) -> String {
        let body = self.text.split_once("\r\n\r\n").unwrap().1;
        if !self.head().contains("quoted-printable") {
            return body.to_owned();
        }
        let joined = body.replace("=\r\n", "");
        let mut pieces = joined.split('=');
        let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
        for piece in pieces {
            let (digits, rest) = piece.split_at(2);
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            bytes.extend(rest.as_bytes());
        }
        String::from_utf8(bytes).unwrap()
    }
}

impl MailServer {
    /// One on a free port that takes everything, without STARTTLS.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let running = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = running.clone();
                tokio::spawn(async move { server.talk(stream).await });
            }
        });
        server
    }

    /// From now on every letter is to come later, or not.
    pub(crate) fn be_busy(&self, is_busy: bool) {
        self.state.lock().unwrap().is_busy = is_busy;
    }

    /// Every line that it was told outside letters.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.lock().unwrap().commands.clone()
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.state.lock().unwrap().letters.clone()
    }

    /// All letters, when there are so many at least.
    pub(crate) async fn wait_for(&self, number: usize) -> Vec<Letter> {
        soon(async || Some(self.letters()).filter(|letters| letters.len() >= number)).await
    }

    /// The configuration of this mail server, with further lines.
    pub(crate) fn entry(&self, more: &str) -> String {
        let (server, port) = (self.address.ip(), self.address.port());
        format!(
            "[mail]\nserver = \"{server}\"\nport = {port}\nfrom = \"Jeton <jeton@tokens.example>\"\n{more}\n"
        )
    }

    async fn talk(self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mail.example\r\n").await.ok()?;
        let mut to = vec![];
        loop {
            let line = self.line(&mut stream).await?;
            self.state.lock().unwrap().commands.push(line.clone());
            let word = line.split([' ', ':']).next()?.to_uppercase();
            let answer = match word.as_str() {
                "EHLO" => "250-mail.example\r\n250 8BITMIME\r\n",
                "RCPT" if self.state.lock().unwrap().is_busy => "451 later\r\n",
                "RCPT" => {
                    to.push(line.trim_start_matches("RCPT TO:").trim().to_owned());
                    "250 ok\r\n"
                }
                "MAIL" => "250 ok\r\n",
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let mut text = String::new();
                    loop {
                        match self.line(&mut stream).await?.as_str() {
                            "." => break,
                            line => text.extend([line.strip_prefix('.').unwrap_or(line), "\r\n"]),
                        }
                    }
                    let letter = Letter { to: std::mem::take(&mut to), text };
                    self.state.lock().unwrap().letters.push(letter);
                    "250 ok\r\n"
                }
                "QUIT" => return stream.write_all(b"221 bye\r\n").await.ok(),
                _ => "502 unknown\r\n",
            };
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }

    async fn line(&self, stream: &mut BufReader<TcpStream>) -> Option<String> {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}
