//! A machine that runs jobs of a pipeline, and the server that gives them their tokens.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::served::{Served, free_address};
use crate::support::{Home, Ran};

pub(crate) const JETON: &str = env!("CARGO_BIN_EXE_jeton");
const JOB: [&str; 8] = ["job", "run", "--org", "default", "--project", "web site", "--pipeline", "nightly"];

/// The machine. The runner's own token is in the environment of the runner, and nowhere on the machine.
pub(crate) struct Runner {
    served: Option<Served>,
    folder: TempDir,
    address: String,
    pub(crate) url: String,
    pub(crate) admin: Home,
    pub(crate) home: Home,
    pub(crate) token: String,
    runtime: Runtime,
}

impl Runner {
    pub(crate) fn new() -> Self {
        let (folder, address) = (TempDir::new().unwrap(), free_address());
        let served = Some(Served::start(folder.path(), &address));
        let (admin, home, url) = (Home::new(), Home::new(), format!("http://{address}"));
        let password = fs::read_to_string(folder.path().join("data/initial-admin-password")).unwrap();
        let login = ["login", "--url", &url, "--user", "admin", "--password-stdin"];
        assert_eq!(admin.run_with(&login, &[], &password).code, 0);
        let mut machine = Self {
            served,
            folder,
            address,
            url,
            admin,
            home,
            token: String::new(),
            runtime: Runtime::new().unwrap(),
        };
        for line in [
            &["project", "create", "default/web site"][..],
            &["pipeline", "create", "default/web site/nightly", "--kind", "yaml"],
            &["service-account", "create", "runner"],
            &["binding", "add", "--role", "JobRunner", "--service-account", "runner", "--place", "default/*"],
        ] {
            machine.as_admin(line);
        }
        let create = ["token", "create", "--service-account", "runner", "--name", "runner"];
        machine.token =
            machine.as_admin(&[&create[..], &["--scopes", "Jeton.Job.*", "-o", "value"]].concat());
        machine
    }

    /// Runs a command of the administrator, which has to work, and gives what it prints.
    pub(crate) fn as_admin(&self, line: &[&str]) -> String {
        let ran = self.admin.run(line);
        assert_eq!(ran.code, 0, "{line:?}\n{}", ran.shown());
        ran.stdout.trim().to_owned()
    }

    /// Runs a job to its end.
    pub(crate) fn run(&self, options: &[&str], command: &[&str]) -> Ran {
        let output = self.start(options, command).wait_with_output().unwrap();
        ran(&output)
    }

    /// Runs a shell script as a job.
    pub(crate) fn script(&self, script: &str) -> Ran {
        self.run(&[], &["sh", "-c", script])
    }

    /// Starts a job. Its output is caught.
    pub(crate) fn start(&self, options: &[&str], command: &[&str]) -> Child {
        self.command(options, command).spawn().unwrap()
    }

    pub(crate) fn command(&self, options: &[&str], command: &[&str]) -> Command {
        let mut runner = Command::new(JETON);
        runner.args([&JOB, options, &["--"], command].concat());
        self.set_up(&mut runner);
        runner
    }

    /// The environment of a runner.
    pub(crate) fn set_up(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("LC_ALL", "C.UTF-8")
            .env("OF_THE_RUNNER", "its own")
            .env("JETON_URL", &self.url)
            .env("JETON_TOKEN", &self.token)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Ends the server, as a power cut would.
    pub(crate) fn cut_server(&mut self) {
        self.served = None;
    }

    /// Starts it again where it was.
    pub(crate) fn start_server(&mut self) {
        self.served = Some(Served::start(self.folder.path(), &self.address));
    }

    /// A file that a job has written.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.home.path().join(name).exists()
    }

    /// Waits until a job has written that file.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str) {
        wait_until(|| self.has(name));
    }

    /// The newest job, as the server knows it.
    pub(crate) fn job(&self) -> Value {
        let jobs: Value = serde_json::from_str(&self.as_admin(&["job", "list", "--json"])).unwrap();
        jobs[0].clone()
    }

    /// What the server says of a token now: its record, or the code of the refusal.
    pub(crate) fn told(&self, token: &str) -> Value {
        let answer: Value = self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.get(format!("{}/api/v1/tokens/self", self.url)).bearer_auth(token);
            request.send().await.unwrap().json().await.unwrap()
        });
        if answer["code"].is_string() { answer["code"].clone() } else { answer }
    }

    /// Checks that the newest job is finished, and that its token, which it left in a file, is dead.
    #[track_caller]
    pub(crate) fn is_finished(&self) {
        assert_eq!(self.job()["state"], "finished");
        if self.has("token") {
            let told = self.told(&self.file("token"));
            assert!(told.is_string(), "the token is alive: {told}");
        }
    }
}

/// Sends a signal to the process itself.
pub(crate) fn kill(signal: &str, process: u32) {
    let sent = Command::new("kill").args([format!("-{signal}"), process.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Whether there is such a process, and it has not ended.
pub(crate) fn lives(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|after| !after.is_empty() && !after.starts_with('Z'))
}

/// What a runner left.
pub(crate) fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or_else(|| panic!("ended by {:?}", output.status.signal()));
    Ran { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Waits until something is so, and no longer than a busy machine may need.
#[track_caller]
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..2400 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not come to be in two minutes");
}
