//! The program itself: its command line, its one environment variable, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};

use crate::authority::{Authority, nobody};
use crate::tokens::{assert_shows_no_secret, credential, personal};

pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_task-api"));
    program.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

fn with_credential(arguments: &[&str]) -> Command {
    let mut program = program(arguments);
    program.env("TASK_API_CREDENTIAL", credential().text);
    program
}

/// One that must end by itself.
fn refusal(mut program: Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = program.output().unwrap();
    assert_eq!(stdout, b"");
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// A program that serves, on a port of its own choice.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Running {
    pub(crate) fn start(mut program: Command) -> Self {
        let mut child = program.args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, stderr, address }
    }

    /// The whole answer to a GET.
    fn get(&self, path: &str) -> String {
        answer(self.ask(path, &personal().text))
    }

    /// Sends a GET with a token, and leaves the answer to be read.
    pub(crate) fn ask(&self, path: &str, token: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        stream
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Sends the signal, and gives how the program ended and what else it said.
    fn end(&mut self, signal: &str) -> (ExitStatus, String) {
        self.signal(signal);
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

/// All that comes until the other side closes.
pub(crate) fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

impl Drop for Running {
    /// A failed test leaves nothing running.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn whether_it_is_protected_must_be_said_once() {
    for arguments in [&[][..], &["--unprotected", "--jeton", "http://127.0.0.1:7070"]] {
        let (code, said) = refusal(with_credential(arguments));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("--jeton <URL>") && said.contains("--unprotected"), "{said}");
    }
}

#[test]
fn the_credential_comes_from_the_environment_only() {
    let (code, said) = refusal(program(&["--jeton", "http://127.0.0.1:7070"]));
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        "task-api: set TASK_API_CREDENTIAL to the output of `jeton api credential taskurai -o value`\n"
    );
    let (code, _) = refusal(program(&["--jeton", "http://127.0.0.1:7070", "--credential", "x"]));
    assert_eq!(code, Some(2));
    let help = with_credential(&["--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("TASK_API_CREDENTIAL"));
    assert_shows_no_secret(&help);
}

#[test]
fn a_wrong_credential_or_address_is_refused_at_once_and_not_repeated() {
    let mut with_a_users_token = program(&["--jeton", "http://127.0.0.1:7070"]);
    with_a_users_token.env("TASK_API_CREDENTIAL", personal().text);
    for (program, part) in [
        (with_a_users_token, "the credential is no API credential"),
        (with_credential(&["--jeton", "http://tokens.example.org"]), "use https"),
    ] {
        let (code, said) = refusal(program);
        assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(part), "{said}");
        assert_shows_no_secret(&said);
    }
}

#[test]
fn a_taken_address_is_named() {
    let first = Running::start(program(&["--unprotected"]));
    let (code, said) = refusal(program(&["--unprotected", "--listen", &first.address]));
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains(&first.address), "{said}");
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    for signal in ["-TERM", "-INT"] {
        let mut running = Running::start(program(&["--unprotected"]));
        assert!(running.get("/healthz").ends_with("\r\n\r\nok"));
        assert!(running.get("/tasks").starts_with("HTTP/1.1 200 "));
        let (status, said) = running.end(signal);
        assert!(status.success(), "{status}");
        assert_eq!(said, "");
    }
}

/// A connection on which nothing happens must not keep it alive.
#[test]
fn it_ends_although_somebody_stays_connected() {
    let mut running = Running::start(program(&["--unprotected"]));
    let mut idle = TcpStream::connect(&running.address).unwrap();
    idle.write_all(b"GET /healthz HTT").unwrap();
    assert!(running.get("/healthz").ends_with("ok"));
    assert!(running.end("-TERM").0.success());
    let _ = idle.shutdown(Shutdown::Both);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_connection_is_asked_about() {
    let authority = Authority::that_grants(["Taskurai.Task.Read"]).await;
    let mut running = Running::start(with_credential(&["--jeton", &authority.base]));
    assert!(running.get("/tasks").starts_with("HTTP/1.1 200 "));
    assert!(running.get("/logs/console").starts_with("HTTP/1.1 403 "));
    let asked = authority.questions();
    assert!(asked.len() == 2 && asked.iter().all(|question| question["client_ip"] == "127.0.0.1"));
    assert!(running.end("-TERM").0.success());
}

#[test]
fn why_the_authority_gave_no_answer_is_for_the_log_only() {
    let mut running = Running::start(with_credential(&["--jeton", &nobody()]));
    let answer = running.get("/tasks");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(!answer.contains("refused"), "{answer}");
    let (status, said) = running.end("-TERM");
    assert!(status.success());
    assert!(said.starts_with("task-api: the authority cannot be reached ("), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_shows_no_secret(&(said + &answer));
}
