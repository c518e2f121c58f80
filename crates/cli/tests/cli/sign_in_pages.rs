//! `jeton login` against a real server, with a person at the pages.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use url::Url;

use crate::authority::Authority;
use crate::person::Person;
use crate::support::{Home, Ran};
use crate::workload::Platform;

const PASSWORD: &str = "correct horse battery staple";

/// With the user `alice`, who is signed in nowhere.
fn authority() -> Authority {
    let authority = Authority::start();
    authority.alice();
    authority
}

/// What the program that shows pages does: it keeps the address for the person.
fn browser(home: &Home) -> String {
    let script =
        "#!/bin/sh\nprintf %s \"$1\" > \"$HOME/opened.part\"\nmv \"$HOME/opened.part\" \"$HOME/opened\"\n";
    let path = home.write("browser", script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn opened(home: &Home) -> Url {
    let path = home.path().join("opened");
    let found = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        fs::read_to_string(&path).ok()
    });
    Url::parse(&found.expect("a page is opened within ten seconds")).unwrap()
}

/// Signs in with a browser in which the person gives this decision.
fn login(authority: &Authority, home: &Home, decision: &str) -> Ran {
    let browser = browser(home);
    let variables = [("BROWSER", browser.as_str())];
    std::thread::scope(|scope| {
        let running = scope.spawn(|| home.run_with(&["login", &authority.url], &variables, ""));
        let mut person = Person::new();
        let page = person.open(&opened(home));
        let page = person.submit(&page, &[("user", "alice"), ("password", PASSWORD)]);
        let page = person.submit(&page, &[("decision", decision)]);
        assert!(page.html.contains("terminal"), "the browser ends at the command line: {page:?}");
        running.join().unwrap()
    })
}

#[test]
fn a_person_signs_in_with_the_browser() {
    let authority = authority();
    let home = Home::new();
    let ran = login(&authority, &home, "yes");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stderr.contains("as `alice`"), "{}", ran.stderr);
    insta::assert_snapshot!(authority.transcript(
        &home,
        &["status", "pat create --name ci --scopes Jeton.Token.Read -o env", "logout", "status"]
    ));
}

#[test]
fn a_person_who_says_no_is_not_signed_in() {
    let authority = authority();
    let home = Home::new();
    let ran = login(&authority, &home, "no");
    assert_eq!(ran.code, 4, "{}", ran.shown());
    assert!(ran.stderr.contains("error: not signed in: "), "{}", ran.stderr);
    assert!(!home.path().join("config").exists());
}

#[test]
fn a_person_signs_a_machine_without_browser_in() {
    let authority = authority();
    let home = Home::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_jeton"))
        .args(["login", &authority.url])
        .env_clear()
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut shown =
        |label: &str| lines.find_map(|line| Some(line.strip_prefix(label)?.trim().to_owned())).unwrap();
    let page = Url::parse(&shown("open this page in any browser:")).unwrap();
    let code = shown("and enter this code there:");
    let mut person = Person::new();
    let page = person.open(&page);
    let page = person.submit(&page, &[("user", "alice"), ("password", PASSWORD)]);
    let page = person.submit(&page, &[("user_code", &code.to_lowercase())]);
    assert!(page.html.contains(&code), "{page:?}");
    person.submit(&page, &[("decision", "yes")]);
    assert!(child.wait().unwrap().success(), "{:?}", lines.collect::<Vec<_>>());
    let status = home.run(&["status"]);
    assert!(status.stdout.contains("profile, by code from another device"), "{}", status.shown());
    assert!(status.stdout.contains("signed in as     alice"), "{}", status.shown());
}

#[test]
fn people_change_their_own_password_and_nobody_elses() {
    let authority = Authority::start();
    let alice = authority.alice();
    let change = |args: &[&str], stdin: &str| {
        let ran = alice.run_with(&[&["user", "password"], args, &["--password-stdin"]].concat(), &[], stdin);
        (ran.code, ran.stderr.replace(&authority.url, "[URL]"))
    };
    let new = "another long password";
    assert_eq!(change(&[], "wrong\nanother long password\n").0, 1);
    assert_eq!(change(&[], "another long password\n").0, 2);
    assert_eq!(change(&["alice"], "another long password\n").0, 2, "the present one is missing");
    assert_eq!(change(&["admin"], "another long password\n").0, 5);
    let done = (0, "`alice` has a new password\n".to_owned());
    assert_eq!(change(&[], &format!("{PASSWORD}\n{new}\n")), done);
    authority.signed_in("alice", new);
}

#[test]
fn a_workload_signs_in_with_its_platforms_identity_at_a_real_server() {
    let authority = Authority::start();
    let Some(mut platform) = Platform::trusted_by(&authority, "once") else { return };
    let home = Home::new();
    home.write("identity", &platform.identity(600));
    let args = ["login", &authority.url, "--identity-token-file", "identity"];
    let ran = home.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stderr.contains("as `service_account worker`"), "{}", ran.stderr);
    let status = home.run(&["status"]);
    assert!(status.stdout.contains("profile, by identity token file"), "{}", status.shown());
}
