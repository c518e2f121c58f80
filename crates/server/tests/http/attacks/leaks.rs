//! Where secrets must not be found: in files, and in the log.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::answer::Answer;
use crate::support::{Authority, PASSWORD, sample};

#[tokio::test]
async fn attack_01_no_file_holds_a_token_or_a_secret() {
    let authority = Authority::sqlite().await;
    let api = authority.api().await;
    let alice = authority.person("alice").await;
    let mut texts = vec![api, authority.admin().await, alice.session.clone()];
    for _ in 0..100 {
        texts.push(authority.pat(&alice.session, &["Taskurai.*"]).await.secret);
    }
    for text in &texts {
        authority.get(text, "/api/v1/tokens/self").await.expect(200);
        authority.introspect(text, &[]).await;
    }
    // Once while the server runs, with its write-ahead log, and once after it has stopped.
    let folder = authority.data.parent().unwrap().to_owned();
    assert_found_nowhere(&folder, &texts);
    let folder = authority.stop().await;
    assert_found_nowhere(folder.path(), &texts);
}

fn assert_found_nowhere(folder: &Path, texts: &[String]) {
    let files = files(folder);
    assert!(
        files.iter().any(|file| file.ends_with("data/jeton.db"))
            && files.iter().any(|file| file.ends_with("data.pepper"))
    );
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let bytes = String::from_utf8_lossy(&bytes);
        let found = |text: &str| bytes.contains(text);
        for text in texts {
            // The secret without its checksum is what an attacker needs; the text as a whole contains it.
            assert!(!found(sample::secret_of(text)), "a secret is in {}", file.display());
        }
        assert!(!found(PASSWORD), "a password is in {}", file.display());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A writer that keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The server runs in this test's own thread, so it logs to this test's own log, at the most talkative level.
#[tokio::test]
async fn attack_17_no_credential_is_ever_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    // With one subscriber only, `tracing` lets other threads, which have none, decide what is never logged.
    let _second = tracing::Dispatch::new(tracing_subscriber::fmt().finish());
    let authority = Authority::first_start(None).await;
    let first_password = std::fs::read_to_string(authority.data.join("initial-admin-password")).unwrap();
    let api = authority.api().await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    authority.is_active(&pat.secret).await;
    authority.verify(&pat.secret, Some("Taskurai.Task.Read")).await;
    for path in [
        format!("/api/v1/tokens?access_token={}", pat.secret),
        format!("/api/v1/tokens/{}", pat.secret),
        format!("/api/v1/{}/tokens", pat.secret),
        format!("/{}", pat.secret),
    ] {
        authority.get(&alice.session, &path).await;
        authority.post(&alice.session, &path, json!({"scopes": [pat.secret]})).await;
        Answer::to(authority.request(Method::GET, &path).basic_auth(&pat.secret, Some(&pat.secret))).await;
    }
    authority.token(&pat.secret, json!({"secret": pat.secret})).await.expect(422);
    authority.token(&alice.session, json!({"name": [pat.secret]})).await.expect(422);
    let gone = authority.request(Method::POST, "/oauth2/revoke").form(&[("token", &pat.secret)]);
    Answer::to(gone).await.expect(200);
    let unseen = authority.session(&alice.name, PASSWORD).await;
    authority.store.close().await;
    authority.get(&unseen, "/api/v1/tokens/self").await.expect(503);
    authority.get(&unseen, &format!("/api/v1/tokens/{}", pat.secret)).await.expect(503);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("initial-admin-password") && log.contains("/api/v1/tokens/self"), "{log}");
    for secret in [&api, &alice.session, &pat.secret] {
        let line = log.lines().find(|line| line.contains(sample::secret_of(secret)));
        assert!(line.is_none(), "{}", line.unwrap_or_default().replace(sample::secret_of(secret), "SECRET"));
    }
    for password in [PASSWORD, first_password.trim()] {
        let line = log.lines().find(|line| line.contains(password));
        assert!(line.is_none(), "{}", line.unwrap_or_default().replace(password, "PASSWORD"));
    }
}
