//! Real issuers of identity tokens: programs of their own that end with the test run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

/// For whom the tokens of tests are made.
pub(crate) const AUDIENCE: &str = "https://jeton.example";

/// An issuer that signs anything: `clients/issuer.py`. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Issuer {
    program: Arc<Mutex<Program>>,
    pub(crate) url: String,
}

impl Issuer {
    /// One of one's own; `None` only where the run leaves out other programs.
    pub(crate) fn start() -> Option<Self> {
        let python = tool("JETON_TEST_PYTHON")?;
        let mut command = Command::new(python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/issuer.py"));
        let mut program = Program::start(command);
        let url = program.read()["issuer"].as_str().unwrap().to_owned();
        Some(Self { program: Arc::new(Mutex::new(program)), url })
    }

    /// The one that all tests share which leave its keys alone.
    pub(crate) fn shared() -> Option<Self> {
        static SHARED: OnceLock<Option<Issuer>> = OnceLock::new();
        SHARED.get_or_init(Self::start).clone()
    }

    /// What it answers to an order.
    pub(crate) fn order(&self, order: &Value) -> Value {
        let mut program = self.program.lock().unwrap_or_else(PoisonError::into_inner);
        program.write(order);
        program.read()
    }

    /// Claims that are honoured, for this subject.
    #[expect(clippy::disallowed_methods, reason = "identity tokens are of the time that it is")]
    pub(crate) fn claims(&self, subject: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600, "jti": super::fresh("jti")})
    }

    /// A token with these claims and the usual header.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.signed(&json!({"do": "sign", "claims": claims}))
    }

    /// A token that an order yields.
    pub(crate) fn signed(&self, order: &Value) -> String {
        self.order(order)["token"].as_str().unwrap().to_owned()
    }

    /// A good token for this subject.
    pub(crate) fn token(&self, subject: &str) -> String {
        let claims = self.claims(subject);
        self.sign(&claims)
    }

    /// How often a path was asked.
    pub(crate) fn asked(&self, path: &str) -> u64 {
        self.order(&json!({"do": "count"}))[path].as_u64().unwrap_or(0)
    }
}

/// A whole OpenID Connect provider: `clients/issuer.mjs`.
pub(crate) struct Provider {
    _program: Program,
    pub(crate) url: String,
}

impl Provider {
    /// With these settings; `None` only where the run leaves out other programs.
    pub(crate) fn start(settings: &Value) -> Option<Self> {
        let folder = tool("JETON_TEST_NODE")?;
        let mut command = Command::new("node");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/issuer.mjs"));
        command.env("JETON_TEST_NODE", folder).stderr(Stdio::null());
        let mut program = Program::start(command);
        program.write(settings);
        let url = program.read()["issuer"].as_str().unwrap().to_owned();
        Some(Self { _program: program, url })
    }
}

/// A program that answers each line of JSON with another one.
pub(super) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    pub(super) fn write(&mut self, line: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(super) fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the issuer answers: its messages are above")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
pub(super) fn tool(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    assert!(value.is_some() || is_quick(), "{variable} is not set: run `cargo xtask test`");
    value.filter(|_| !is_quick())
}

/// Whether the run leaves out other programs.
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
pub(super) fn is_quick() -> bool {
    std::env::var("JETON_TEST_QUICK").is_ok()
}
