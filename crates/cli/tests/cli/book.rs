//! The pages of the book: every command line in them works, one after the other, as whoever reads the page would be
//! signed in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::authority::{Authority, taskurai};
use crate::support::Home;

/// The command lines of a page: indented by four spaces, without their remarks.
fn lines(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = fs::read_to_string(path).unwrap();
    let commands = text.lines().filter_map(|line| line.strip_prefix("    "));
    let starts = ["jeton ", "sed ", "set -a", "kubectl ", "secret-tool "];
    let commands = commands.filter(|line| starts.iter().any(|start| line.starts_with(start)));
    commands.map(|line| line.split("  #").next().unwrap().trim_end().to_owned()).collect()
}

/// The first block of TOML on a page.
fn toml(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = fs::read_to_string(path).unwrap();
    text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

/// Runs them in one shell; this goes to each one's standard input.
fn run(home: &Home, lines: &[String], stdin: &dyn Fn(&str) -> String) {
    let bin = Path::new(env!("CARGO_BIN_EXE_jeton")).parent().unwrap();
    for line in lines {
        let script = format!("printf '%s' '{}' | {{ {line}; }}", stdin(line));
        let ran = Command::new("bash")
            .args(["-euc", &script])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path().join("config"))
            .current_dir(home.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{line}\n{}{said}", String::from_utf8_lossy(&ran.stdout));
    }
}

fn with_taskurai(authority: &Authority) -> Home {
    let admin = authority.admin();
    admin.write("taskurai.toml", &taskurai());
    assert_eq!(admin.run(&["api", "apply", "taskurai.toml"]).code, 0);
    admin
}

#[test]
fn the_page_about_secrets() {
    let authority = Authority::start();
    with_taskurai(&authority);
    let alice = authority.alice();
    let all = lines("secrets.md");
    // The keyring has a test of its own, in `storing`, and there is no cluster here.
    let is_elsewhere =
        |line: &String| line.contains("keyring") || line.contains("secret-tool") || line.contains("kubectl");
    let (elsewhere, here): (Vec<_>, Vec<_>) = all.into_iter().partition(is_elsewhere);
    assert_eq!((elsewhere.len(), here.len()), (4, 4));
    run(&alice, &here, &|_| String::new());
    // What the page sources is seen by programs.
    run(&alice, &[format!("{} && printenv TASKURAI_TOKEN | grep -q ^jtn_pat_", here[1])], &|_| String::new());
    assert!(fs::read_to_string(alice.path().join("web.yaml")).unwrap().contains("stringData"));
}

#[test]
fn the_page_about_the_command_line() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    let all = lines("cli.md");
    assert_eq!(all.len(), 40);
    let asks = |line: &String| line.contains("user password") || line.starts_with("jeton logout");
    let (ended, commands): (Vec<_>, Vec<_>) = all.into_iter().partition(asks);
    run(&admin, &commands, &|_| String::new());
    // A person would be asked; here standard input says both.
    let alice = authority.alice();
    let answers = "correct horse battery staple\\nanother long password";
    let ended: Vec<_> =
        ended.iter().map(|line| line.replace("password", "password --password-stdin")).collect();
    run(&alice, &ended, &|_| answers.replace("\\n", "\n"));
    authority.signed_in("alice", "another long password");
}

#[test]
fn the_page_about_a_runner() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    let deploy = admin.write("deploy", "#!/bin/sh\necho \"$SYSTEM_TEAMPROJECT\" >> deployed\n");
    fs::set_permissions(deploy, fs::Permissions::from_mode(0o755)).unwrap();
    let all = lines("runner.md");
    assert_eq!(all.len(), 11);
    run(&admin, &all, &|_| String::new());
    assert_eq!(fs::read_to_string(admin.path().join("deployed")).unwrap(), "web\nweb\n");
}

#[test]
fn the_page_about_bringing_an_api() {
    let authority = Authority::start();
    let admin = authority.admin();
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/onboarding.md")).unwrap();
    let document = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    admin.write("openapi.yaml", document);
    let all = lines("onboarding.md");
    assert_eq!(all.len(), 12);
    run(&admin, &all, &|_| String::new());
    let api = authority.get_as_admin("/apis/notes");
    assert_eq!(
        (&api["forward_auth"], &api["audience"]),
        (&"enforce".into(), &"https://notes.example/v1".into())
    );
    let routes = api["routes"].as_array().unwrap().iter();
    let routes: Vec<_> = routes.map(|route| [&route["method"], &route["path"], &route["scope"]]).collect();
    let (notes, note) = ("/v1/notes", "/v1/notes/{note_id}");
    assert_eq!(
        routes,
        [
            ["GET", notes, "Notes.Notes.Read"],
            ["POST", notes, "Notes.Notes.Create"],
            ["GET", note, "Notes.Notes.Read"],
            ["DELETE", note, "Notes.Notes.Delete"],
        ]
    );
}

#[test]
fn the_page_about_finding_tokens() {
    let home = Home::new();
    home.write("src/main.rs", "fn main() {}");
    let init = Command::new("git").args(["init", "--quiet"]).current_dir(home.path()).status();
    assert!(init.unwrap().success());
    let all = lines("scanning.md");
    assert_eq!(all.len(), 3);
    run(&home, &all, &|_| String::new());
}

#[test]
fn the_page_about_the_file_of_an_organization() {
    let authority = Authority::start();
    authority.alice();
    let admin = authority.admin();
    admin.write("taskurai.toml", &taskurai());
    admin.write("org.toml", &toml("org-file.md"));
    let all = lines("org-file.md");
    assert_eq!(all.len(), 3);
    run(&admin, &all, &|_| String::new());
    let again = admin.run(&["apply", "-f", "org.toml"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to change\n"), "{}", again.stderr);
}
