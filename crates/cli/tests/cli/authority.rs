//! A real server on a free port, and transcripts of what is said to it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jeton_server::{Clock, Options, Rng, Server, Settings};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Home, Ran};

/// A running server; it ends with the test.
pub(crate) struct Authority {
    pub(crate) url: String,
    folder: TempDir,
    runtime: Runtime,
}

impl Authority {
    pub(crate) fn start() -> Self {
        let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::new().unwrap());
        copy_first_start(folder.path());
        let server = runtime.block_on(serving(folder.path()));
        let url = format!("http://{}", server.address());
        runtime.spawn(server.serve(std::future::pending()));
        Self { url, folder, runtime }
    }

    /// A home in which the administrator is signed in.
    pub(crate) fn admin(&self) -> Home {
        self.signed_in("admin", &self.first_password())
    }

    /// The password that the first start gave to `admin`.
    pub(crate) fn first_password(&self) -> String {
        let file = self.folder.path().join("data/initial-admin-password");
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// A home in which this user is signed in.
    pub(crate) fn signed_in(&self, user: &str, password: &str) -> Home {
        let home = Home::new();
        let args = ["login", "--url", &self.url, "--user", user, "--password-stdin"];
        let ran = home.run_with(&args, &[], password);
        assert_eq!(ran.code, 0, "{}", ran.shown());
        home
    }

    /// A home in which `alice` is signed in, whom this makes.
    pub(crate) fn alice(&self) -> Home {
        let args = ["user", "create", "alice", "--password-stdin"];
        let ran = self.admin().run_with(&args, &[], "correct horse battery staple\n");
        assert_eq!(ran.code, 0, "{}", ran.shown());
        self.alice_again()
    }

    /// Another home of hers.
    pub(crate) fn alice_again(&self) -> Home {
        self.signed_in("alice", "correct horse battery staple\n")
    }

    /// Where its data is.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Asks the REST API with a token.
    pub(crate) fn get(&self, token: &str, path: &str) -> Value {
        self.call(token, path)
    }

    /// The same as the administrator.
    pub(crate) fn get_as_admin(&self, path: &str) -> Value {
        self.call(&self.admin_token(), path)
    }

    /// What a gateway with the API's credential is told about a request: the status.
    pub(crate) fn forward_auth(
        &self,
        api: &str,
        credential: &str,
        token: &str,
        method: &str,
        uri: &str,
    ) -> u16 {
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.get(format!("{}/forward-auth/{api}", self.url)).bearer_auth(token);
            let request = request.header("x-jeton-gateway-authorization", format!("Bearer {credential}"));
            let request = request.header("x-forwarded-method", method).header("x-forwarded-uri", uri);
            request.send().await.unwrap().status().as_u16()
        })
    }

    fn admin_token(&self) -> String {
        let profile = fs::read_to_string(self.admin().path().join("config/jeton/profile.toml")).unwrap();
        let line = profile.lines().find_map(|line| line.strip_prefix("token = \"")).unwrap();
        line.trim_end_matches('"').to_owned()
    }

    fn call(&self, token: &str, path: &str) -> Value {
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.get(format!("{}/api/v1{path}", self.url)).bearer_auth(token);
            request.send().await.unwrap().json().await.unwrap()
        })
    }

    /// Runs the commands one after the other, and answers what each printed, with all that varies made equal.
    pub(crate) fn transcript(&self, home: &Home, lines: &[&str]) -> String {
        let entry = |line: &&str| {
            let ran = home.run(&words(line));
            format!("$ jeton {line}\n{}", self.redacted(&ran))
        };
        lines.iter().map(entry).collect::<Vec<_>>().join("\n")
    }

    /// What was printed, with all that varies made equal.
    pub(crate) fn redacted(&self, ran: &Ran) -> String {
        let text = ran.shown().replace(&self.url, "[URL]");
        text.lines().map(redact).collect::<Vec<_>>().join("\n") + "\n"
    }
}

/// A server in this folder, on a free port.
async fn serving(folder: &Path) -> Server {
    let data = Some(folder.join("data"));
    let options = Options { data, listen: Some(([127, 0, 0, 1], 0).into()), ..Options::default() };
    // The issuers of the tests are programs on this machine.
    let private_issuers = vec!["http://127.0.0.1:*".parse().unwrap()];
    let settings = Settings { private_issuers, ..Settings::resolve(options).unwrap() };
    Server::start_in_test(&settings, Clock::system(), Rng::system()).await.unwrap()
}

/// Puts the files that a first start leaves into a folder. Only the first test of a run makes them.
fn copy_first_start(folder: &Path) {
    static MADE: OnceLock<[(&str, Vec<u8>); 3]> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::new().unwrap());
        runtime.block_on(async { serving(folder.path()).await.serve(async {}).await });
        ["data.pepper", "data/initial-admin-password", "data/jeton.db"]
            .map(|name| (name, fs::read(folder.path().join(name)).unwrap()))
    });
    DirBuilder::new().mode(0o700).create(folder.join("data")).unwrap();
    for (name, bytes) in made {
        let file = folder.join(name);
        fs::write(&file, bytes).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// The task platform's catalogue, as the example ships it.
pub(crate) fn taskurai() -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/task-api/taskurai.toml");
    fs::read_to_string(example).unwrap()
}

/// Words between spaces; double quotes keep spaces.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(at, part)| if at % 2 == 0 { part.split_whitespace().collect() } else { vec![part] })
        .collect()
}

/// Ids, tokens, hints and moments become words of the same length, so that columns stay where they are.
fn redact(line: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_…-:.".contains(c);
    let mut redacted = String::new();
    for piece in line.split_inclusive(|c| !is_part(c)) {
        let word = piece.trim_end_matches(|c| !is_part(c));
        redacted.push_str(&piece.replacen(word, &same(word), 1));
    }
    redacted
}

fn same(word: &str) -> String {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if word.starts_with("jtn_") {
        "[TOKEN]".to_owned()
    } else if word.parse::<jeton_token::Id>().is_ok() {
        "[ID------------------]".to_owned()
    } else if word.len() >= 10 && word.starts_with("20") && digits >= 8 {
        "[DATE----]".to_owned()
    } else if word.len() == 5 && digits == 4 && word.contains(':') {
        "[TM-]".to_owned()
    } else {
        word.to_owned()
    }
}
