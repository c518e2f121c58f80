//! `jeton serve`: what is said about settings, before anything is made.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::support::Home;

/// What there is in a home.
fn names(home: &Home) -> Vec<String> {
    fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_busy_port_leaves_nothing_behind() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let home = Home::new();
    let ran = home.run(&["serve", "--listen", &address]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stderr.contains(&format!("cannot listen on {address}")), "{}", ran.stderr);
    assert!(names(&home).is_empty(), "{:?}", names(&home));
}

#[test]
fn a_public_url_is_one_that_browsers_open() {
    let home = Home::new();
    for url in
        ["ftp://x", "foo", "", "tokens.example.org", "https://a:pass-word@x", "https://x?y", "https://x#y"]
    {
        let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--public-url", url]);
        assert_eq!(ran.code, 2, "{url}: {}", ran.shown());
        assert!(ran.stderr.starts_with("error: --public-url: the public URL "), "{}", ran.stderr);
        assert!(!ran.stderr.contains("pass-word"), "{}", ran.stderr);
    }
    assert!(names(&home).is_empty(), "{:?}", names(&home));
}

#[test]
fn keys_without_their_database_are_told_with_what_to_do() {
    let home = Home::new();
    let first = lines_until_ready(&home, &["--listen", "127.0.0.1:0"]);
    assert!(first.iter().all(|line| !line.starts_with("warning")), "{first:#?}");
    fs::write(home.path().join("jeton-data/jeton.db"), "").unwrap();
    for log in ["jeton-data/jeton.db-wal", "jeton-data/jeton.db-shm"] {
        let _gone = fs::remove_file(home.path().join(log));
    }
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0"]);
    insta::assert_snapshot!(ran.shown(), @r"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: pepper file `jeton-data.pepper` exists, but `jeton-data/jeton.db` is missing or empty: every token that was issued with it would be unknown. Bring the database back from its backup, or name the right one with --data or --database-url. If this is a new installation, move the pepper file away, or start once with --accept-empty-database
    ");
}

#[test]
fn an_address_for_every_interface_is_none_for_links() {
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let home = Home::new();
        let said = lines_until_ready(&home, &["--listen", listen]);
        let warning =
            said.iter().find(|line| line.starts_with("warning: links, sign-in and the issuer name `http://"));
        assert!(warning.is_some(), "{said:#?}");
        assert!(said.iter().any(|line| line.contains("--public-url https://HOST")), "{said:#?}");
        let url = ["--listen", listen, "--public-url", "https://tokens.example.org"];
        let said = lines_until_ready(&home, &url);
        assert!(said.iter().all(|line| !line.starts_with("warning")), "{said:#?}");
    }
}

/// What a server says until it listens; then it is ended.
fn lines_until_ready(home: &Home, args: &[&str]) -> Vec<String> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_jeton"))
        .arg("serve")
        .args(args)
        .env_clear()
        .current_dir(home.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = vec![];
    for line in BufReader::new(server.stderr.take().unwrap()).lines() {
        said.push(line.unwrap());
        if said.last().is_some_and(|line| line.starts_with("listening on")) {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    said
}
