//! Makes the next copy, when somebody asks for it by `JETON_RELEASED=NUMBER` (CONTRIBUTING.md says how).
//!
//! Everything is made by the doors: first what shall have ended, then, half a day later and under another pepper, what
//! shall be alive. Each verdict is one that is written here, and all that the doors say besides is kept with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::manifest::{Known, Manifest, Repeated, SignIn};
use super::{DUMP, KEPT, MANIFEST, PEPPER, SQLITE};
use crate::federation;
use crate::jobs::{Started, Works};
use crate::policies::policy_path;
use crate::store::scratch::Scratch;
use crate::support::issuer::{AUDIENCE, Issuer};
use crate::support::rights::{Firm, user};
use crate::support::{Authority, PASSWORD, Pat, fresh, sample};

/// Longer than a session lives.
const LATER_MINUTES: i64 = 13 * 60;
const KEY: &str = "0123456789abcdefghijkl";

/// What must come of a question.
#[derive(Clone, Copy)]
enum Expected {
    Allowed,
    Refused(&'static str),
    /// Not honoured, and nothing is told.
    Unknown,
    /// A session or a credential: no API is told of it, and at Jeton it is alive.
    Home,
}

/// The data as it grows.
struct Story {
    authority: Authority,
    issuer: Issuer,
    /// The credential of `taskurai`.
    api: String,
    alice: String,
    works: Works,
    /// An account, its trust, and whose identity tokens stand for it.
    trusting: (String, String),
    manifest: Manifest,
    expected: Vec<Expected>,
}

#[tokio::test]
async fn the_next_copy_is_made_for_sqlite_when_asked() {
    let Some(folder) = wanted("sqlite") else { return };
    let (home, _, manifest) = told(Authority::first_start(None).await).await;
    keep(&folder, &home, &manifest);
    fs::copy(home.path().join("data/jeton.db"), folder.join(SQLITE)).unwrap();
    let log = home.path().join("data/jeton.db-wal");
    assert!(fs::metadata(log).map_or(0, |log| log.len()) == 0, "all of it is in the file");
}

#[tokio::test]
async fn the_next_copy_is_made_for_postgres_when_asked() {
    let Some(folder) = wanted("postgres") else { return };
    let scratch = Scratch::new().await.expect("this needs PostgreSQL");
    let authority = Authority::first_start(Some(scratch.url().to_owned())).await;
    let (home, url, manifest) = told(authority).await;
    keep(&folder, &home, &manifest);
    dump(&url.unwrap(), &folder.join(DUMP));
}

/// The folder to fill; `None`: nobody asked.
#[expect(clippy::disallowed_methods, reason = "the one who makes a copy says so in the environment")]
fn wanted(database: &str) -> Option<PathBuf> {
    let name = std::env::var("JETON_RELEASED").ok()?;
    let folder = Path::new(KEPT).join(name).join(database);
    assert!(!folder.exists(), "{} exists: a copy that is kept is never made again", folder.display());
    Some(folder)
}

fn keep(folder: &Path, home: &TempDir, manifest: &Manifest) {
    fs::create_dir_all(folder).unwrap();
    fs::copy(home.path().join(PEPPER), folder.join(PEPPER)).unwrap();
    let text = serde_json::to_string_pretty(manifest).unwrap();
    fs::write(folder.join(MANIFEST), text + "\n").unwrap();
}

/// As plain SQL, without the lines that only one version of PostgreSQL or of its programs understands.
fn dump(url: &str, file: &Path) {
    const ODD: [&str; 3] = ["\\restrict ", "\\unrestrict ", "SET transaction_timeout"];
    let mut command = Command::new("pg_dump");
    let output = command.args(["--no-owner", "--no-privileges", url]).output().expect("pg_dump starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !ODD.iter().any(|odd| line.starts_with(odd)));
    fs::write(file, lines.fold(String::new(), |text, line| text + line + "\n")).unwrap();
}

/// The whole story; the files and the database of the server, which has stopped, and what is known about them.
async fn told(authority: Authority) -> (TempDir, Option<String>, Manifest) {
    let mut story = Story::begun(authority).await;
    story.what_shall_have_ended().await;
    let mut story = story.later().await;
    story.personal_tokens().await;
    story.rotated_tokens().await;
    story.tokens_of_others().await;
    story.tokens_that_want_approval().await;
    story.tokens_of_accounts_and_jobs().await;
    story.tokens_at_home().await;
    story.a_call_with_a_key().await;
    story.end().await
}

impl Story {
    async fn begun(authority: Authority) -> Self {
        let issuer = Issuer::shared().expect("this needs JETON_TEST_PYTHON");
        authority.projects().await;
        let (api, alice) = (authority.api().await, authority.person("alice").await.name);
        let works = authority.works(json!({"kind": "yaml"})).await;
        let trusting = federation::trusting(&authority, &issuer.url).await;
        let (manifest, expected) = (Manifest::default(), vec![]);
        Self { authority, issuer, api, alice, works, trusting, manifest, expected }
    }

    /// Adds a token and what must be said about it.
    fn add(&mut self, what: &str, token: &str, by: &str, question: Value, expected: Expected) {
        let Value::Object(question) = question else { panic!("members of a question") };
        let (what, token, asked_by) = (what.to_owned(), token.to_owned(), by.to_owned());
        self.manifest.tokens.push(Known { what, token, asked_by, question, answers: Value::Null });
        self.expected.push(expected);
    }

    /// The same for one about which `taskurai` asks nothing in particular.
    fn add_plain(&mut self, what: &str, token: &str, expected: Expected) {
        let api = self.api.clone();
        self.add(what, token, &api, json!({}), expected);
    }

    async fn session(&self) -> String {
        self.authority.session(&self.alice, PASSWORD).await
    }

    async fn made(&self, caller: &str, body: Value) -> Pat {
        self.authority.token(caller, body).await.pat()
    }

    async fn rotated(&self, caller: &str, id: &str, overlap_minutes: i64) -> String {
        let body = json!({"overlap_minutes": overlap_minutes});
        let path = format!("/api/v1/tokens/{id}/rotate");
        self.authority.post(caller, &path, body).await.expect(200).secret()
    }

    /// A token for an identity that the trust takes, proven at the present time of the server.
    async fn exchanged(&self) -> String {
        let (account, subject) = &self.trusting;
        let now = self.authority.clock.now_ms() / 1000;
        let claims = json!({
            "iss": self.issuer.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600,
            "jti": fresh("jti"),
        });
        let identity = self.issuer.sign(&claims);
        let more = [("service_account", account.as_str())];
        federation::access_token(federation::exchange(&self.authority, &identity, &more).await)
    }

    fn of_works(&mut self, what: &str, job: &Started, expected: Expected) {
        let question = json!({"scope": self.works.firm.scope("Task.Read"), "resource": self.works.place()});
        let api = self.works.firm.api.clone();
        self.add(what, &job.secret, &api, question, expected);
    }
}

/// Before half a day passes.
impl Story {
    async fn what_shall_have_ended(&mut self) {
        let (admin, session) = (self.authority.admin().await, self.session().await);
        let body = json!({"scopes": ["Taskurai.*"], "expires_in_minutes": 10});
        let pat = self.made(&session, body).await;
        let account = self.authority.account("worker", "default").await;
        let body = json!({"kind": "service", "owner": account, "scopes": ["*"], "expires_in_minutes": 10});
        let service = self.made(&admin, body).await;
        let (works, place) = (&self.works, self.works.place());
        let job = self.authority.job(works, json!({})).await;
        // The account of jobs is made with the first of them.
        self.authority.give(works, &works.account(), &place).await;
        let exchanged = self.exchanged().await;
        let rotated = self.authority.pat(&session, &["Taskurai.*"]).await;
        let successor = self.rotated(&session, &rotated.id, 10).await;
        let credential = self.authority.credential("taskurai").await;
        let next = self.rotated(&admin, sample::id_of(&credential), 10).await;
        self.add_plain("a personal token that expired", &pat.secret, Expected::Refused("expired"));
        self.add_plain("a service token that expired", &service.secret, Expected::Refused("expired"));
        self.of_works("a job whose lease ended", &job, Expected::Refused("expired"));
        self.add_plain("a token of a trust that expired", &exchanged, Expected::Refused("expired"));
        self.add_plain("a secret whose overlap ended", &rotated.secret, Expected::Unknown);
        self.add_plain("the secret after it, under the first pepper", &successor, Expected::Allowed);
        self.add_plain("a session that expired", &session, Expected::Unknown);
        self.add_plain("a credential whose overlap ended", &credential, Expected::Unknown);
        self.add_plain("the credential after it", &next, Expected::Home);
    }

    /// The same server half a day later, with a second pepper; its clock stands.
    async fn later(self) -> Self {
        let Self { authority, issuer, api, alice, works, trusting, mut manifest, expected } = self;
        manifest.moment_ms = authority.clock.now_ms() + LATER_MINUTES * 60_000;
        let url = authority.database_url();
        let folder = authority.stop().await;
        let file = folder.path().join(PEPPER);
        let text = fs::read_to_string(&file).unwrap();
        let second = format!("\n[[pepper]]\nversion = 2\nkey = \"{}\"\n", "b7".repeat(32));
        fs::write(&file, text + &second).unwrap();
        let authority = Authority::back_then(folder, url, manifest.moment_ms).await;
        Self { authority, issuer, api, alice, works, trusting, manifest, expected }
    }
}

/// What is there in the end.
impl Story {
    async fn personal_tokens(&mut self) {
        let session = self.session().await;
        let scope = json!({"scope": "Taskurai.Task.Read"});
        let api = self.api.clone();
        for (what, body, question, expected) in [
            (
                "one without an end",
                json!({"scopes": ["Taskurai.*"], "never_expires": true}),
                json!({}),
                Expected::Allowed,
            ),
            (
                "one with the usual end",
                json!({"scopes": ["Taskurai.Task.*"]}),
                scope.clone(),
                Expected::Allowed,
            ),
            ("everything", json!({"scopes": ["*"]}), scope.clone(), Expected::Allowed),
            (
                "one that lacks the scope",
                json!({"scopes": ["Taskurai.Log.*"]}),
                scope,
                Expected::Refused("missing_scope"),
            ),
        ] {
            let pat = self.made(&session, body).await;
            self.add(&format!("a personal token: {what}"), &pat.secret, &api, question, expected);
        }
        let limited =
            self.made(&session, json!({"scopes": ["Taskurai.*"], "projects": ["default/apollo"]})).await;
        for (place, expected) in
            [("apollo", Expected::Allowed), ("gemini", Expected::Refused("place_not_allowed"))]
        {
            let question = json!({"resource": format!("default/{place}")});
            self.add("a token of one project", &limited.secret, &api, question, expected);
        }
        let body = json!({"scopes": ["Taskurai.*"], "networks": ["192.0.2.0/24", "2001:db8::/32"]});
        let limited = self.made(&session, body).await;
        for (address, expected) in [
            ("192.0.2.7", Expected::Allowed),
            ("2001:db8::7", Expected::Allowed),
            ("198.51.100.7", Expected::Refused("network_not_allowed")),
        ] {
            let question = json!({"client_ip": address});
            self.add("a token of two networks", &limited.secret, &api, question, expected);
        }
        self.families(&session).await;
    }

    /// Children, tokens that were changed, and tokens that were revoked.
    async fn families(&mut self, session: &str) {
        for (what, expected) in
            [("alive", Expected::Allowed), ("revoked", Expected::Refused("parent_inactive"))]
        {
            let parent = self.authority.pat(session, &["Taskurai.*", "Jeton.Token.*"]).await;
            let child = self.authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await;
            if what == "revoked" {
                self.authority.revoke(session, &parent.id).await.expect(204);
                self.add_plain("a token that was revoked", &parent.secret, Expected::Refused("revoked"));
            }
            self.add_plain(&format!("a child of one that is {what}"), &child.secret, expected);
        }
        let edited = self.authority.pat(session, &["Taskurai.*"]).await;
        let body = json!({"scopes": ["Taskurai.Task.Read"], "description": "less than before"});
        self.authority.patch(session, &format!("/api/v1/tokens/{}", edited.id), body).await.expect(200);
        let api = self.api.clone();
        self.add(
            "a token that was narrowed",
            &edited.secret,
            &api,
            json!({"scope": "Taskurai.Task.Create"}),
            Expected::Refused("missing_scope"),
        );
        self.add(
            "and what is left of it",
            &edited.secret,
            &api,
            json!({"scope": "Taskurai.Task.Read"}),
            Expected::Allowed,
        );
    }

    async fn rotated_tokens(&mut self) {
        let session = self.session().await;
        let old = self.authority.pat(&session, &["Taskurai.*"]).await;
        let new = self.rotated(&session, &old.id, 24 * 60).await;
        self.add_plain("an old secret within its overlap", &old.secret, Expected::Allowed);
        self.add_plain("the new secret beside it", &new, Expected::Allowed);
        let old = self.authority.pat(&session, &["Taskurai.*"]).await;
        let new = self.rotated(&session, &old.id, 0).await;
        self.add_plain("an old secret without an overlap", &old.secret, Expected::Unknown);
        self.add_plain("the new secret after it", &new, Expected::Allowed);
    }

    async fn tokens_of_others(&mut self) {
        let admin = self.authority.admin().await;
        let carol = self.authority.person("carol").await;
        let pat = self.authority.pat(&carol.session, &["Taskurai.*"]).await;
        let path = format!("/api/v1/users/{}", carol.name);
        self.authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
        self.add_plain("a token of somebody who is disabled", &pat.secret, Expected::Refused("suspended"));
        let dave = self.authority.person("dave").await;
        let pat = self.authority.pat(&dave.session, &["Taskurai.*"]).await;
        self.authority.delete(&admin, &format!("/api/v1/users/{}", dave.name)).await.expect(204);
        self.add_plain("a token of somebody who was removed", &pat.secret, Expected::Refused("revoked"));
    }

    async fn tokens_that_want_approval(&mut self) {
        let admin = self.authority.admin().await;
        let (session, firm) = (self.session().await, self.authority.firm().await);
        let project = self.authority.project(&firm, "web", "private").await;
        let (place, scope) = (firm.at(&project), firm.scope("Task.Create"));
        self.authority.bind("ApiUser", user(&self.alice), &firm.all()).await;
        let policy = json!({"approval_scopes": [scope]});
        self.authority.put(&admin, &policy_path(&place), policy).await.expect(200);
        let Firm { api, .. } = &firm;
        for (what, expected) in [("waits", Expected::Refused("pending")), ("got", Expected::Allowed)] {
            let pat = self.made(&session, json!({"scopes": [scope], "projects": [place]})).await;
            if what == "got" {
                let path = format!("/api/v1/tokens/{}/approve", pat.id);
                self.authority.post(&admin, &path, Value::Null).await.expect(200);
            }
            let question = json!({"scope": scope, "resource": place});
            self.add(&format!("a token that {what} an approval"), &pat.secret, api, question, expected);
        }
    }

    async fn tokens_of_accounts_and_jobs(&mut self) {
        let admin = self.authority.admin().await;
        let account = federation::account(&self.authority).await;
        let alive = self.authority.service_token(&account, &["Taskurai.*"]).await;
        let revoked = self.authority.service_token(&account, &["*"]).await;
        self.authority.revoke(&admin, &revoked.id).await.expect(204);
        self.add_plain("a service token", &alive.secret, Expected::Allowed);
        self.add_plain("a service token that was revoked", &revoked.secret, Expected::Refused("revoked"));
        let other = federation::account(&self.authority).await;
        let pat = self.authority.service_token(&other, &["*"]).await;
        let path = format!("/api/v1/service-accounts/{other}");
        self.authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
        self.add_plain("a token of an account that is disabled", &pat.secret, Expected::Refused("suspended"));
        let exchanged = self.exchanged().await;
        self.add_plain("a token of a trust", &exchanged, Expected::Allowed);
        let (running, finished) = (
            self.authority.job(&self.works, json!({})).await,
            self.authority.job(&self.works, json!({})).await,
        );
        let path = format!("/api/v1/jobs/{}/finish", finished.id);
        self.authority.post(&self.works.token.secret, &path, json!({})).await.expect(200);
        self.of_works("a job that runs", &running, Expected::Allowed);
        self.of_works("a job that finished", &finished, Expected::Refused("revoked"));
    }

    async fn tokens_at_home(&mut self) {
        let admin = self.authority.admin().await;
        let (open, closed) = (self.session().await, self.session().await);
        self.authority.delete(&closed, "/api/v1/tokens/self").await.expect(204);
        self.add_plain("a session", &open, Expected::Home);
        self.add_plain("a session that was ended", &closed, Expected::Unknown);
        let api = self.api.clone();
        self.add_plain("a credential under the first pepper", &api, Expected::Home);
        let revoked = self.authority.credential("taskurai").await;
        self.authority.revoke(&admin, sample::id_of(&revoked)).await.expect(204);
        self.add_plain("a credential that was revoked", &revoked, Expected::Unknown);
        let old = self.authority.credential("taskurai").await;
        let new = self.rotated(&admin, sample::id_of(&old), 24 * 60).await;
        self.add_plain("an old credential within its overlap", &old, Expected::Home);
        self.add_plain("the new credential beside it", &new, Expected::Home);
    }

    async fn a_call_with_a_key(&mut self) {
        let (caller, body) = (self.session().await, json!({"name": "once", "scopes": ["Taskurai.*"]}));
        let (key, path, secret) = (KEY.to_owned(), "/api/v1/tokens".to_owned(), String::new());
        let mut call = Repeated { caller, key, path, body, secret };
        call.secret = call.secret_again(&self.authority).await;
        self.add_plain("a token of a call with a key", &call.secret, Expected::Allowed);
        self.manifest.repeated.push(call);
    }

    /// Asks all questions, and ends.
    async fn end(self) -> (TempDir, Option<String>, Manifest) {
        let Self { authority, alice, mut manifest, expected, .. } = self;
        for (known, expected) in manifest.tokens.iter_mut().zip(&expected) {
            known.answers = known.ask(&authority).await;
            expected.check(known);
        }
        let password = fs::read_to_string(authority.data.join("initial-admin-password")).unwrap();
        let sign_in =
            |user: &str, password: &str| SignIn { user: user.to_owned(), password: password.to_owned() };
        manifest.sign_ins = vec![sign_in("admin", password.trim()), sign_in(&alice, PASSWORD)];
        let url = authority.database_url();
        (authority.stop().await, url, manifest)
    }
}

impl Expected {
    fn check(self, known: &Known) {
        let verdict = &known.answers["verify"];
        let reason = verdict["reason"].as_str();
        let at_home = known.answers["self"]["status"] == 200;
        let found = (verdict["allowed"] == true, reason, at_home);
        let Known { what, answers, .. } = known;
        match self {
            Self::Allowed => assert_eq!(found, (true, None, found.2), "{what}: {answers}"),
            Self::Refused(why) => assert_eq!(found, (false, Some(why), found.2), "{what}: {answers}"),
            Self::Unknown => assert_eq!(found, (false, None, false), "{what}: {answers}"),
            Self::Home => assert_eq!(found, (false, None, true), "{what}: {answers}"),
        }
    }
}
