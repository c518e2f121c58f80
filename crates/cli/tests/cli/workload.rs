//! A platform that gives its workloads identity tokens: an issuer that is a program of its own, and a service account
//! that trusts it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::authority::Authority;

/// The subject of every workload here.
const SUBJECT: &str = "system:serviceaccount:jobs:worker";

/// The platform; it ends with the test.
pub(crate) struct Platform {
    issuer: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    url: String,
    audience: String,
    /// How many identity tokens were made: each is another one.
    made: u32,
}

impl Platform {
    /// The platform, and the service account `worker` that takes its identities as a trust of this kind says. `None`
    /// only where the run leaves out other programs.
    pub(crate) fn trusted_by(authority: &Authority, replay: &str) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/clients/issuer.py");
        let mut command = Command::new(python()?);
        let mut issuer = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (issuer.stdin.take(), BufReader::new(issuer.stdout.take().unwrap()));
        let audience = authority.url.clone();
        let mut platform = Self { issuer, input, output, url: String::new(), audience, made: 0 };
        platform.url = platform.read()["issuer"].as_str().unwrap().to_owned();
        let claim = Platform::claim();
        let trust = [
            "trust",
            "set",
            "worker",
            "jobs",
            "--claim",
            &claim,
            "--issuer",
            &platform.url,
            "--replay",
            replay,
        ];
        for words in [&["create", "worker"][..], &trust] {
            let ran = authority.admin().run(&[&["service-account"], words].concat());
            assert_eq!(ran.code, 0, "{}", ran.shown());
        }
        Some(platform)
    }

    /// What its identity tokens say of the workload, as the rule of a trust.
    pub(crate) fn claim() -> String {
        format!("sub={SUBJECT}")
    }

    /// Who signs them.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An identity token of a workload, which ends in so many seconds.
    pub(crate) fn identity(&mut self, seconds: i64) -> String {
        self.identity_for(&self.audience.clone(), seconds)
    }

    /// The same for somebody else.
    #[expect(clippy::disallowed_methods, reason = "identity tokens are of the time that it is")]
    pub(crate) fn identity_for(&mut self, audience: &str, seconds: i64) -> String {
        let now = jiff::Timestamp::now().as_second();
        self.made += 1;
        let claims = json!({
            "iss": self.url, "aud": [audience], "sub": SUBJECT, "iat": now, "exp": now + seconds,
            "jti": self.made.to_string(),
        });
        writeln!(self.input.as_mut().unwrap(), "{}", json!({"do": "sign", "claims": claims})).unwrap();
        self.read()["token"].as_str().unwrap().to_owned()
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the issuer answers: its messages are above")
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.issuer.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn python() -> Option<String> {
    let python = std::env::var("JETON_TEST_PYTHON").ok();
    let is_quick = std::env::var("JETON_TEST_QUICK").is_ok();
    assert!(python.is_some() || is_quick, "JETON_TEST_PYTHON is not set: run `cargo xtask test`");
    python.filter(|_| !is_quick)
}
