//! `jeton scan`: trees that are made up, and repositories of the real git.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use jeton_token::TokenKind;
use serde_json::Value;

use crate::minted::{altered, id, of, token};
use crate::support::{Home, Ran};

pub(crate) const PATH: (&str, &str) = ("PATH", "/usr/local/bin:/usr/bin:/bin");

/// A folder with tokens, with what looks like tokens, and with what is not looked through.
fn tree() -> Home {
    let home = Home::new();
    let (pat, svc) = (token(1), of("jtn", TokenKind::Service, 2));
    home.write("tree/.env", &format!("A=1\nJETON_TOKEN={pat}\n"));
    home.write("tree/deep/er/config.json", &format!("{{\"größe\": \"{svc}\", \"again\": \"{pat}\"}}"));
    home.write(
        "tree/near.txt",
        &[altered(&pat, 40), altered(&pat, 10), of("abc", TokenKind::Job, 3)].join("\n"),
    );
    home.write("tree/program", &format!("\0\u{1}{pat}"));
    home.write("elsewhere/secret", &token(4));
    symlink(home.path().join("elsewhere"), home.path().join("tree/link")).unwrap();
    symlink(home.path().join("elsewhere/secret"), home.path().join("tree/link-to-file")).unwrap();
    assert!(Command::new("mkfifo").arg(home.path().join("tree/pipe")).status().unwrap().success());
    home
}

pub(crate) fn no_secret(ran: &Ran) {
    for seed in 1..10 {
        let token = token(seed);
        let secret = token.rsplit('_').next().unwrap();
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{}", ran.shown());
    }
}

#[test]
fn a_tree_is_looked_through_and_no_secret_is_shown() {
    let home = tree();
    let shown: Vec<_> = ["table", "json", "yaml", "value"]
        .map(|format| {
            let ran = home.run(&["scan", "tree", "-o", format]);
            no_secret(&ran);
            format!("$ jeton scan tree -o {format}\n{}", ran.shown())
        })
        .into();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_is_scanned_can_be_chosen() {
    let home = tree();
    home.write("large", &format!("{}{}", "x".repeat(1024 * 1024), token(5)));
    let allowed = id(&token(1));
    let lines: [&[&str]; 9] = [
        &["tree/.env"],
        &["tree/near.txt"],
        &["tree/near.txt", "--prefix", "abc"],
        &["tree", "--allow", &allowed, "--allow", &id(&of("jtn", TokenKind::Service, 2))],
        &["tree/program", "--binary"],
        &["large", "--max-mib", "1"],
        &["tree/link"],
        &["tree/.env", "-o", "env"],
        &[],
    ];
    let shown = lines.map(|line| {
        let ran = home.run(&[&["scan"], line].concat());
        no_secret(&ran);
        format!("$ jeton scan {}\n{}", line.join(" "), ran.shown())
    });
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn standard_input_is_a_text_like_any_other() {
    let home = Home::new();
    let ran = home.run_with(&["scan", "-", "-o", "value"], &[], &format!("log line\nBearer {}\n", token(1)));
    assert_eq!((ran.code, ran.stdout), (11, format!("{}\n", id(&token(1)))), "{}", ran.stderr);
    let ran = home.run_with(&["scan", "-"], &[], "nothing here\n");
    assert_eq!(
        ran.shown(),
        "exit code: 0\n----- stdout -----\n----- stderr -----\n0 tokens in 1 text (13 bytes)\n"
    );
}

#[test]
fn what_cannot_be_read_is_never_taken_for_clean() {
    let home = Home::new();
    home.write("clean", "nothing");
    let ran = home.run(&["scan", "clean", "gone"]);
    assert_eq!(ran.code, 12, "{}", ran.shown());
    assert!(ran.stderr.contains("warning: `gone`: No such file"), "{}", ran.stderr);
    assert!(ran.stderr.contains("not searched, 1 path that cannot be read: `gone`"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("error: no token was found, but not everything was searched"),
        "{}",
        ran.stderr
    );
    home.write("secret", &token(1));
    assert_eq!(home.run(&["scan", "gone", "secret"]).code, 11, "a token that was found is sure");
}

#[test]
fn attack_26_a_name_cannot_write_to_the_terminal_and_a_link_leads_nowhere() {
    let home = Home::new();
    home.write("tree/\u{1b}]0;owned\u{7}", &token(1));
    home.write("outside", &token(2));
    symlink("../outside", home.path().join("tree/link")).unwrap();
    let ran = home.run(&["scan", "tree"]);
    assert_eq!(ran.code, 11);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{}", ran.shown());
    assert!(!ran.stdout.contains(&id(&token(2))), "{}", ran.shown());
    assert!(ran.stderr.contains("not followed, 1 symbolic link: `tree/link`"), "{}", ran.stderr);
}

/// A repository with a past.
pub(crate) struct Repository(pub(crate) Home);

impl Repository {
    pub(crate) fn new() -> Self {
        let repository = Self(Home::new());
        fs::create_dir(repository.0.path().join("repo")).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository
    }

    /// Runs the real git; answers what it printed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.command("git").args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let jeton = Path::new(env!("CARGO_BIN_EXE_jeton")).parent().unwrap();
        command
            .env_clear()
            .env("PATH", format!("{}:{}", jeton.display(), PATH.1))
            .env("HOME", self.0.path())
            .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
            .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
            .current_dir(self.0.path().join("repo"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        self.0.write(&format!("repo/{name}"), text);
    }

    /// Commits everything; answers the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn scan(&self, args: &[&str]) -> Ran {
        self.0.run_with(&[&["scan"], args].concat(), &[PATH], "")
    }

    pub(crate) fn findings(&self, args: &[&str]) -> Vec<Value> {
        let ran = self.scan(&[args, &["--json"]].concat());
        no_secret(&ran);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.shown()));
        report["findings"].as_array().unwrap().clone()
    }
}

#[test]
fn a_history_holds_what_was_taken_out_of_the_files() {
    let repository = Repository::new();
    repository.write("a b/config.env", &format!("# one\nTOKEN={}\n", token(1)));
    let first = repository.commit("Begin");
    repository.write("a b/config.env", &format!("# one\n# two\nTOKEN={}\n", token(1)));
    repository.commit("Explain");
    repository.write("a b/config.env", "# none\n");
    let last = repository.commit(&format!("Take it out\n\nIt was {}.", token(2)));
    repository.git(&["switch", "--quiet", "-c", "side", &first]);
    repository.write("side", &token(3));
    let side = repository.commit("Try");
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["branch", "--quiet", "-D", "side"]);
    repository.git(&["tag", "-a", "v1", "-m", &format!("notes {}", token(4))]);

    assert_eq!(repository.scan(&["repo"]).code, 0, "no file has one any more");
    let ran = repository.scan(&["repo", "--git"]);
    assert_eq!(ran.code, 11, "{}", ran.shown());
    assert!(ran.stdout.starts_with("PLACE "), "{}", ran.stdout);
    let mut found: Vec<_> = repository
        .findings(&["repo", "--git"])
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or("-").to_owned();
            (text("id"), text("path"), it["line"].as_u64().unwrap(), text("commit"))
        })
        .collect();
    found.sort_by_key(|(id, ..)| (1..5).find(|seed| *id == super::minted::id(&token(*seed))));
    let place = "repo/a b/config.env".to_owned();
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(found[0], (id(&token(1)), place, 2, first), "the oldest version counts");
    assert_eq!((&found[1].1, &found[1].3), (&"-".to_owned(), &last), "a message");
    assert_eq!((found[2].1.as_str(), &found[2].3), ("repo/side", &side), "what only the reflog knows");
    assert_eq!((found[3].1.as_str(), found[3].3.as_str()), ("-", "-"), "the message of a tag");
}

#[test]
fn a_hook_refuses_a_commit_with_a_token() {
    let repository = Repository::new();
    let hook = repository.0.write("repo/.git/hooks/pre-commit", "#!/bin/sh\nexec jeton scan --staged\n");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    repository.write("clean", "nothing");
    repository.commit("Begin");
    repository.write("notes.txt", &format!("see {}", token(1)));
    repository.write("not-added", &token(2));
    repository.git(&["add", "notes.txt"]);
    let refused = repository.command("git").args(["commit", "-m", "Leak"]).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("notes.txt:1:5") && said.contains(&id(&token(1))), "{said}");
    assert!(!said.contains(&id(&token(2))), "only what is staged: {said}");
    repository.write("notes.txt", "see the vault");
    repository.git(&["add", "notes.txt"]);
    let taken = repository.command("git").args(["commit", "-m", "Point at it"]).output().unwrap();
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    assert_eq!(repository.git(&["status", "--porcelain"]), "?? not-added");
}

#[test]
fn the_first_commit_and_an_empty_repository_are_scanned_as_well() {
    let repository = Repository::new();
    assert_eq!(repository.scan(&["repo", "--git"]).code, 0);
    repository.write("a", &token(1));
    repository.git(&["add", "a"]);
    let found = repository.findings(&["repo", "--git"]);
    assert_eq!(found.len(), 2, "the file, and the index: {found:?}");
    fs::remove_file(repository.0.path().join("repo/a")).unwrap();
    let staged = repository.command("jeton").args(["scan", "--staged", "-o", "value"]).output().unwrap();
    assert_eq!(String::from_utf8(staged.stdout).unwrap(), format!("{}\n", id(&token(1))));
    assert_eq!(staged.status.code(), Some(11));
}

#[test]
fn a_strangers_repository_runs_nothing() {
    let repository = Repository::new();
    repository.write("a", &token(1));
    repository.write(".gitattributes", "a diff=own filter=own\n");
    repository.commit("Begin");
    let touch = format!("touch {}/ran; true", repository.0.path().display());
    for name in [
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.own.textconv",
        "diff.own.command",
        "filter.own.smudge",
        "filter.own.clean",
        "core.sshCommand",
        "gpg.program",
    ] {
        repository.git(&["config", name, &touch]);
    }
    repository.git(&["config", "log.showSignature", "true"]);
    for args in [&["scan", "--staged"][..], &["scan", ".", "--git"]] {
        let ran = repository.command("jeton").args(args).output().unwrap();
        assert!(ran.status.code().is_some(), "{ran:?}");
    }
    assert!(!repository.0.path().join("ran").exists());
}
