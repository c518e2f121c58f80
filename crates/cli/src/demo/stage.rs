//! The demo's stage: an authority, a protected API, and two people with credentials in files.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use jeton_api::{CreateSession, PutUser, Secret};
use jeton_server::{Options, Rng, Server, Settings};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::access::{self, Credential, Source};
use crate::apply;
use crate::client::Client;
use crate::error::Result;

/// Everything that runs, and where.
pub(super) struct Stage {
    folder: TempDir,
    authority: String,
    tasks: String,
    pub(super) http: reqwest::Client,
    alice: Secret,
    end: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Stage {
    /// Starts the authority on a new embedded database, registers the task platform, starts it and makes `alice`.
    pub(super) async fn build() -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("jeton-demo-").tempdir().context("no folder for the demo")?;
        let (end, ended) = watch::channel(false);
        let (authority, serving) = start_authority(folder.path(), ended.clone()).await?;
        let mut running = vec![serving];
        let admin =
            sign_in(&authority, "admin", &read(&folder.path().join("data/initial-admin-password"))?).await?;
        keep(folder.path(), "admin", &admin)?;
        let administrator = client(&authority, &admin)?;
        register(&administrator, folder.path()).await?;
        let credential = administrator.create_api_credential("taskurai").await?.secret;
        let (tasks, serving) = start_tasks(&authority, credential, ended).await?;
        running.push(serving);
        let alice = make_alice(&administrator, &authority).await?;
        keep(folder.path(), "alice", &alice)?;
        Ok(Self { folder, authority, tasks, http: reqwest::Client::new(), alice, end, running })
    }

    /// The REST API of the authority, as alice.
    pub(super) fn alice(&self) -> Result<Client> {
        client(&self.authority, &self.alice)
    }

    /// The address of the task platform.
    pub(super) fn tasks(&self) -> &str {
        &self.tasks
    }

    /// A file in the demo's folder, as lines to copy name it.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Keeps a secret for the lines that use it.
    pub(super) fn keep(&self, name: &str, secret: &Secret) -> Result<()> {
        keep(self.folder.path(), name, secret)
    }

    /// How to call this very program.
    pub(super) fn program() -> String {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("jeton"));
        let here = std::env::current_dir().unwrap_or_default();
        // `./` keeps a shell from looking the name up elsewhere.
        program
            .strip_prefix(here)
            .map_or(program.clone(), |below| Path::new(".").join(below))
            .display()
            .to_string()
    }

    /// What is there before the story begins.
    pub(super) fn introduction(&self) -> String {
        let Self { authority, tasks, .. } = self;
        format!(
            "Jeton's main job, on real requests.\n\n\
             the authority listens on     {authority}   (embedded SQLite, in a new folder)\n\
             the task platform listens on {tasks}   (behind jeton-verify; its catalogue is registered)\n\
             user alice exists, and is signed in\n\n\
             The lines after `$` are yours to copy, in this order. First, act as alice:\n\n  \
             $ export JETON_URL={authority} JETON_TOKEN=$(cat {})",
            self.file("alice")
        )
    }

    /// What stays there after it.
    pub(super) fn still_there(&self) -> String {
        format!(
            "\nEverything stays up: the authority on {}, the task platform on {}.\n\
             To be the administrator: export JETON_TOKEN=$(cat {})\nCtrl-C ends the demo and removes its data.",
            self.authority,
            self.tasks,
            self.file("admin")
        )
    }

    /// Ends both servers, gracefully.
    pub(super) async fn strike(self) {
        let _ = self.end.send(true);
        // Idle connections of ours would keep the servers waiting.
        drop(self.http);
        for server in self.running {
            let _ = server.await;
        }
    }
}

async fn start_authority(folder: &Path, ended: watch::Receiver<bool>) -> Result<(String, JoinHandle<()>)> {
    let options = Options {
        data: Some(folder.join("data")),
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..Options::default()
    };
    let settings = Settings::resolve(options).map_err(|error| anyhow!(error))?;
    let server = Server::start(&settings).await.map_err(|error| anyhow!("{error}"))?;
    let address = format!("http://{}", server.address());
    Ok((address, tokio::spawn(server.serve(over(ended)))))
}

async fn start_tasks(
    authority: &str,
    credential: Secret,
    ended: watch::Receiver<bool>,
) -> Result<(String, JoinHandle<()>)> {
    let verifier = task_api::Client::new(Url::parse(authority).context("no address")?, credential);
    let router = task_api::protected(verifier.context("no verifier")?).context("no route table")?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port for the task platform")?;
    let address = listener.local_addr().context("no port for the task platform")?;
    Ok((format!("http://{address}"), tokio::spawn(task_api::serve(listener, router, over(ended)))))
}

async fn over(mut ended: watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

async fn register(administrator: &Client, folder: &Path) -> Result<()> {
    let file = folder.join("taskurai.toml");
    std::fs::write(&file, task_api::CATALOGUE).context("the catalogue cannot be kept")?;
    apply::register(administrator, &file).await
}

async fn make_alice(administrator: &Client, authority: &str) -> Result<Secret> {
    let random = format!("{:032x}", u128::from_be_bytes(Rng::system().bytes()));
    let user = PutUser {
        password: Some(Secret::new(random.clone())),
        display_name: Some("Alice".to_owned()),
        ..PutUser::default()
    };
    administrator.create_user("alice", &user).await?;
    sign_in(authority, "alice", &random).await
}

async fn sign_in(authority: &str, user: &str, password: &str) -> Result<Secret> {
    let nobody = Client::new(access::Server::parse(authority, Source::Flag)?, None)?;
    let request = CreateSession { user: user.to_owned(), password: Secret::new(password.trim_end()) };
    Ok(nobody.create_session(&request).await?.secret)
}

fn client(authority: &str, secret: &Secret) -> Result<Client> {
    let credential = Credential::new(Secret::new(secret.expose()), Source::Flag);
    Client::new(access::Server::parse(authority, Source::Flag)?, Some(credential))
}

fn read(file: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(file).with_context(|| format!("`{}`", file.display()))?)
}

fn keep(folder: &Path, name: &str, secret: &Secret) -> Result<()> {
    let file = folder.join(name);
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&file);
    let written = opened.and_then(|mut opened| opened.write_all(secret.expose().as_bytes()));
    Ok(written.with_context(|| format!("`{}`", file.display()))?)
}
