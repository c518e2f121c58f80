//! The programs of `docs/your-api.md`, word for word, against a real server.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use tokio::runtime::Runtime;

use crate::authority::Authority;
use crate::support::Home;

/// How long a program may take until it listens: a compiler may be part of it.
const LOOKS: u32 = 1200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

const READ: &str = "Notes.Note.Read";

#[test]
fn the_api_in_python_does_as_the_page_says() {
    check("python", |home| run(home, "python3", &["notes.py"]), "notes.py");
}

#[test]
fn the_api_in_node_does_as_the_page_says() {
    check("js", |home| run(home, "node", &["notes.mjs"]), "notes.mjs");
}

#[test]
fn the_api_in_go_does_as_the_page_says() {
    check("go", |home| run(home, "go", &["run", "notes.go"]), "notes.go");
}

#[test]
fn the_api_in_java_does_as_the_page_says() {
    check("java", |home| run(home, "java", &["Notes.java"]), "Notes.java");
}

#[test]
fn the_api_in_rust_does_as_the_page_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes.rs");
    let source = fs::read_to_string(file).unwrap();
    assert!(source.ends_with(&block("rust")), "the page shows another program than examples/notes.rs");
    let program = Path::new(env!("CARGO_BIN_EXE_jeton")).with_file_name("examples").join("notes");
    judge(Authority::start(), |home| run(home, program.to_str().unwrap(), &[]));
}

#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn check(language: &str, command: impl Fn(&Home) -> Command, file: &str) {
    // The quick tests do without what other languages bring.
    if std::env::var("JETON_TEST_QUICK").is_ok() {
        return;
    }
    judge(Authority::start(), |home| {
        home.write(file, &block(language));
        command(home)
    });
}

/// One program, from the first question to the end of the authority.
fn judge(authority: Authority, command: impl Fn(&Home) -> Command) {
    let admin = authority.admin();
    admin.write("notes.toml", &block("toml"));
    assert_eq!(admin.run(&["api", "apply", "notes.toml"]).code, 0);
    let credential = admin.run(&["api", "credential", "notes", "-o", "value"]).stdout;
    let right = token(&admin, "right", READ);
    let wrong = token(&admin, "wrong", "Notes.Note.Write");
    let home = Home::new();
    let notes = Notes::start(&home, command, &authority.url, credential.trim());
    let (invalid, lacking) = (r#"Bearer error="invalid_token""#, format!(r#"scope="{READ}""#));
    notes.answers(None, 401, "Bearer");
    notes.answers(Some("nonsense"), 401, invalid);
    notes.answers(Some(&wrong), 403, &lacking);
    notes.answers(Some(&right), 200, "");
    assert_eq!(admin.run(&["pat", "delete", "--name", "right", "--yes"]).code, 0);
    notes.answers(Some(&right), 401, invalid);
    drop(authority);
    notes.answers(Some(&wrong), 503, "");
}

fn token(home: &Home, name: &str, scope: &str) -> String {
    let made = home.run(&["pat", "create", "--name", name, "--scopes", scope, "-o", "value"]);
    assert_eq!(made.code, 0, "{}", made.shown());
    made.stdout.trim().to_owned()
}

/// A running API; it ends with the test.
struct Notes {
    child: Child,
    url: String,
    http: Client,
    runtime: Runtime,
}

impl Notes {
    fn start(home: &Home, command: impl Fn(&Home) -> Command, jeton: &str, credential: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = command(home);
        command.env("JETON_URL", jeton).env("API_CREDENTIAL", credential).env("PORT", port.to_string());
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask setup` installs languages, and `cargo test -p jeton` builds examples"));
        let http = Client::builder().no_proxy().build().unwrap();
        let url = format!("http://127.0.0.1:{port}/notes");
        let mut notes = Self { child, url, http, runtime: Runtime::new().unwrap() };
        for _ in 0..LOOKS {
            assert_eq!(notes.child.try_wait().unwrap(), None, "{command:?} ended");
            if notes.ask(None).is_some() {
                return notes;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        panic!("{command:?} does not listen");
    }

    fn answers(&self, token: Option<&str>, status: u16, challenge: &str) {
        let (answered, told) = self.ask(token).unwrap();
        assert_eq!(answered, status, "{token:?}");
        assert!(told.contains(challenge), "{challenge} is not in {told}");
    }

    /// Status and challenge, if it listens.
    fn ask(&self, token: Option<&str>) -> Option<(u16, String)> {
        let request = self.http.get(&self.url);
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        let response = self.runtime.block_on(request.send()).ok()?;
        let told = response.headers().get("www-authenticate").map(|it| it.to_str().unwrap().to_owned());
        Some((response.status().as_u16(), told.unwrap_or_default()))
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        // What a tool started ends with it: they are one group.
        let group = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        let _ended = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ended = self.child.wait();
    }
}

fn run(home: &Home, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(home.path())
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .process_group(0);
    command
}

/// The first block of a language on the page.
fn block(language: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/your-api.md");
    let page = fs::read_to_string(page).unwrap();
    let start = format!("```{language}\n");
    page.split(&start).nth(1).unwrap().split("```").next().unwrap().to_owned()
}
