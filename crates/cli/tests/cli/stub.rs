//! A server that gives prepared answers and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Prepared answers: method and path with query, status, body.
pub(crate) type Answers = Vec<(&'static str, u16, String)>;

/// The server; it ends with the test.
pub(crate) struct Stub {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Such as `GET /api/v1/tokens/self`.
    pub(crate) line: String,
    /// Lower case, one a line.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Stub {
    /// Gives these answers; anything else is a 404.
    pub(crate) fn new(answers: Answers) -> Self {
        Self::answering(prepared(answers))
    }

    /// The same, and says that it is this time.
    pub(crate) fn dated(answers: Answers, date: &'static str) -> Self {
        Self::start(prepared(answers), format!("Date: {date}\r\n"))
    }

    /// Gives what this answers; nothing is a 404.
    pub(crate) fn answering(answer: impl Fn(&Asked) -> Option<(u16, String)> + Send + 'static) -> Self {
        Self::start(answer, String::new())
    }

    fn start(answer: impl Fn(&Asked) -> Option<(u16, String)> + Send + 'static, head: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &answer, &head, &seen);
            }
        });
        Self { url, asked }
    }

    /// Everything that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Method and path of everything that was asked so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    /// The body of the first such request.
    pub(crate) fn body(&self, line: &str) -> Value {
        let asked = self.asked().into_iter().find(|asked| asked.line == line).unwrap();
        serde_json::from_str(&asked.body).unwrap()
    }

    /// Variables for a caller with a token from the environment.
    pub(crate) fn variables(&self) -> [(&str, &str); 2] {
        [("JETON_URL", &self.url), ("JETON_TOKEN", "jtn_pat_environment")]
    }
}

fn prepared(answers: Answers) -> impl Fn(&Asked) -> Option<(u16, String)> {
    move |asked| {
        let (_, status, body) = answers.iter().find(|(line, _, _)| *line == asked.line)?;
        Some((*status, body.clone()))
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &impl Fn(&Asked) -> Option<(u16, String)>,
    head: &str,
    seen: &Mutex<Vec<Asked>>,
) {
    let Some(asked) = read(&stream) else { return };
    let found = answer(&asked);
    let nothing = || (404, problem(404, "not_found", "there is no such thing, or not for you"));
    let (status, body) = found.unwrap_or_else(nothing);
    seen.lock().unwrap().push(asked);
    let location = if status == 302 { "Location: https://elsewhere.example/\r\n" } else { "" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{location}{head}\r\n"
    );
    // A client that has seen enough may be gone.
    let _gone = stream.write_all(format!("{head}{body}").as_bytes());
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") && reader.read_line(&mut headers).ok()? > 2 {}
    let headers = headers.to_lowercase();
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    let line = line.trim_end().strip_suffix(" HTTP/1.1")?.to_owned();
    Some(Asked { line, headers, body: String::from_utf8(body).unwrap() })
}

/// An error body.
pub(crate) fn problem(status: u16, code: &str, detail: &str) -> String {
    let title = "a title";
    json!({"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail, "request_id": "r-1"})
        .to_string()
}

/// A live personal token of alice's, with these fields changed.
#[expect(clippy::needless_pass_by_value, reason = "written in place by the tests")]
pub(crate) fn token(changes: Value) -> Value {
    let mut token = json!({
        "id": "01Qw5NqJ0T5mQm0AJ0vV1k", "number": 7, "kind": "personal", "name": "mytoken", "description": null,
        "owner": {"type": "user", "name": "alice"}, "created_by": null, "parent_id": null,
        "scopes": ["Taskurai.Task.*"], "projects": [], "networks": [],
        "created_at": "2026-11-22T02:49:00Z", "secret_issued_at": "2026-11-22T02:49:00Z", "expires_at": null,
        "last_used_at": null, "last_used_from": null, "state": "active", "revoked_at": null, "revoked_by": null,
        "hint": "jtn_pat_…abcd",
    });
    token.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    token
}

/// A list of one page.
pub(crate) fn page(items: &[Value]) -> String {
    json!({"items": items, "next_page_token": null}).to_string()
}

/// A new token's answer.
pub(crate) fn issued(token: &Value) -> String {
    json!({"token": token, "secret": "jtn_pat_new"}).to_string()
}
