//! What is refused before a server is asked, and what is said when there is none.

use crate::support::{Home, nobody};

#[test]
fn a_command_line_that_makes_no_sense_is_a_usage_error() {
    let table: &[&[&str]] = &[
        &[],
        &["nonsense"],
        &["pat", "create"],
        &["pat", "create", "--name", "a"],
        &["pat", "create", "--name", "a", "--scopes", "A.B", "--never", "--expires", "30d"],
        &["pat", "create", "--name", "a", "--scopes", "A.B", "--valid-minutes", "0"],
        &["pat", "create", "--name", "a", "--scopes", "A.B", "--expires", "soon"],
        &["pat", "update", "--name", "a", "--never"],
        &["token", "describe"],
        &["token", "edit", "1"],
        &["user", "edit", "alice"],
        &["login", "--token", "-", "--user", "alice"],
        &["login", "--device", "--user", "alice"],
        &["login", "--device", "--password-stdin"],
        &["project", "show", "web"],
        &["project", "create", "acme/*"],
        &["pipeline", "list", "acme"],
        &["pipeline", "create", "acme/web/nightly"],
        &["pipeline", "edit", "acme/web/nightly"],
        &["pipeline", "trust", "list", "acme/web"],
        &["pipeline", "trust", "set", "acme/web/nightly", "ci", "--issuer", "https://a.example"],
        &["exec", "--pipeline", "acme/web", "--", "true"],
        &["exec", "--pipeline", "acme/web/nightly", "--service-account", "build", "--", "true"],
        &["group", "add-member", "builders"],
        &["service-account", "trust", "set", "build", "ci", "--issuer", "https://a.example"],
        &["role", "create", "Reader"],
        &["role", "edit", "Reader"],
        &["binding", "add", "--role", "Reader", "--place", "*"],
        &["binding", "add", "--role", "Reader", "--user", "alice"],
        &["binding", "add", "--role", "Reader", "--user", "alice", "--group", "g", "--place", "*"],
        &["binding", "delete"],
        &["binding", "delete", "someid", "--role", "Reader"],
        &["policy", "set", "*"],
        &["policy", "set", "*", "--everything", "sometimes"],
        &["status", "-o", "xml"],
        &["status", "--json", "-o", "yaml"],
        &["completion", "nonsense"],
    ];
    for args in table {
        let ran = Home::new().run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.shown());
        assert_eq!(ran.stdout, "", "{args:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn nothing_is_asked_without_a_terminal() {
    let variables = [("JETON_TOKEN", "jtn_pat_x"), ("JETON_URL", "http://127.0.0.1:1")];
    for (args, remedy) in [
        (&["login", "--user", "alice"][..], "--password-stdin"),
        (&["token", "login"], "jeton token login -"),
        (&["pat", "delete"], "--name"),
        (&["user", "password", "alice"], "--password-stdin"),
    ] {
        let ran = Home::new().run_with(args, &variables, "");
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.shown());
        assert!(ran.stderr.contains(remedy), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn an_empty_password_or_token_is_none() {
    let variables = [("JETON_URL", "http://127.0.0.1:1")];
    for args in [
        &["login", "--user", "alice", "--password-stdin"][..],
        &["login", "--token", "-"],
        &["token", "verify"],
    ] {
        let ran = Home::new().run_with(args, &variables, "\n");
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.shown());
    }
}

#[test]
fn not_signed_in_names_the_line_to_copy() {
    let table: &[&[&str]] = &[
        &["pat", "create", "--name", "a", "--scopes", "A.B"],
        &["pat", "list"],
        &["token", "list"],
        &["api", "list"],
        &["user", "list"],
        &["scope", "list"],
        &["org", "list"],
        &["project", "list"],
        &["pipeline", "list", "acme/web"],
        &["group", "list"],
        &["service-account", "list"],
        &["role", "list"],
        &["binding", "list"],
        &["policy", "list"],
        &["token", "explain", "1", "A.B"],
    ];
    for args in table {
        let ran = Home::new().run(args);
        assert_eq!(ran.code, 4, "{args:?}: {}", ran.shown());
        assert_eq!(
            ran.stderr,
            "error: not signed in to `http://127.0.0.1:7070`\n  sign in with: jeton login --url http://127.0.0.1:7070\n"
        );
    }
}

#[test]
fn status_says_what_it_knows_without_a_credential() {
    insta::assert_snapshot!(Home::new().run(&["status"]).shown(), @r"
    exit code: 4
    ----- stdout -----
    server  http://127.0.0.1:7070 (default)
    ----- stderr -----
    error: not signed in to `http://127.0.0.1:7070`
      sign in with: jeton login --url http://127.0.0.1:7070
    ");
}

#[test]
fn a_server_that_does_not_answer_is_unreachable() {
    let home = Home::new();
    let url = nobody();
    let port = url.rsplit(':').next().unwrap();
    let variables = [("JETON_TOKEN", "jtn_pat_x"), ("JETON_URL", url.as_str())];
    for args in [&["pat", "list"][..], &["token", "verify", "-"], &["user", "show", "alice"]] {
        let ran = home.run_with(args, &variables, "jtn_pat_x\n");
        assert_eq!(ran.code, 8, "{args:?}: {}", ran.shown());
    }
    let ran = home.run_with(&["status"], &variables, "");
    insta::assert_snapshot!(ran.shown().replace(port, "PORT"), @r"
    exit code: 8
    ----- stdout -----
    server           http://127.0.0.1:PORT (environment)
    credential from  environment
    ----- stderr -----
    error: `http://127.0.0.1:PORT` cannot be reached: Connection refused (os error 111)
      start it with `jeton serve`, or name another one with `--url`
    ");
}

#[test]
fn sign_in_at_nobody_keeps_nothing() {
    let home = Home::new();
    let args = ["login", "--url", &nobody(), "--user", "alice", "--password-stdin"];
    assert_eq!(home.run_with(&args, &[], "secret\n").code, 8);
    assert!(!home.path().join("config").exists());
}

#[test]
fn credentials_are_not_sent_unencrypted_to_another_machine() {
    let variables = [("JETON_TOKEN", "jtn_pat_x"), ("JETON_URL", "http://192.0.2.1")];
    for args in
        [&["pat", "list"][..], &["login", "--user", "alice", "--password-stdin"], &["token", "verify"]]
    {
        let ran = Home::new().run_with(args, &variables, "x\n");
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.shown());
        assert!(ran.stderr.contains("--insecure-http"), "{}", ran.stderr);
    }
}

#[test]
fn a_token_on_the_command_line_works_with_a_warning() {
    let url = nobody();
    for args in [&["token", "login", "jtn_pat_x"][..], &["login", "--token", "jtn_pat_x"]] {
        let ran = Home::new().run(&[args, &["--url", &url]].concat());
        assert_eq!(ran.code, 8, "{}", ran.shown());
        assert!(ran.stderr.starts_with("warning: a token on the command line"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("jtn_pat_x"), "{}", ran.stderr);
    }
}

#[test]
fn a_token_to_verify_does_not_come_from_the_command_line() {
    let token = "jtn_pat_01Qw5NqJ0T5mQm0AJ0vV1k_00000000000000000000000000000000000000";
    let variables = [("JETON_TOKEN", "jtn_pat_x"), ("JETON_URL", "http://127.0.0.1:1")];
    let ran = Home::new().run_with(&["token", "verify", token], &variables, "");
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert!(!ran.stderr.contains(token), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_a_token_is_inactive() {
    let variables = [("JETON_URL", "http://127.0.0.1:1")];
    let ran = Home::new().run_with(&["token", "verify", "--json"], &variables, "two words\n");
    insta::assert_snapshot!(ran.shown(), @r#"
    exit code: 10
    ----- stdout -----
    {
      "active": false,
      "reason": "character 3 cannot occur in a token"
    }
    ----- stderr -----
    error: inactive: character 3 cannot occur in a token
    "#);
}

#[test]
fn env_is_only_for_new_tokens() {
    let ran = Home::new().run(&["pat", "list", "-o", "env"]);
    assert_eq!(ran.code, 2, "{}", ran.shown());
}

#[test]
fn signing_out_without_a_session_is_fine() {
    let ran = Home::new().run(&["logout"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "nobody was signed in\n"));
}
