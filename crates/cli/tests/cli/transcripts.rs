//! What each command says to a real server and to its user: standard output, standard error and exit code.

use crate::authority::{Authority, taskurai};
use crate::support::Home;

/// Two scopes, of which one implies the other.
const NOTES: &str = r#"
name = "notes"
title = "Notes"
namespace = "Notes"
audience = "https://notes.example"

[[scopes]]
name = "Notes.Note.Read"
description = "Read notes"

[[scopes]]
name = "Notes.Note.Write"
description = "Write notes"

[[routes]]
method = "GET"
path = "/notes/{note}"
scope = "Notes.Note.Read"
"#;

fn with_notes(authority: &Authority) -> Home {
    let admin = authority.admin();
    admin.write("notes.toml", NOTES);
    assert_eq!(admin.run(&["api", "apply", "notes.toml"]).code, 0);
    admin
}

#[test]
fn sessions() {
    let authority = Authority::start();
    let admin = authority.admin();
    let lines = ["status", "status -o value", "logout", "status", "logout", "pat list"];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
}

#[test]
fn a_wrong_password() {
    let authority = Authority::start();
    let args = ["login", "--url", &authority.url, "--user", "admin", "--password-stdin"];
    let ran = Home::new().run_with(&args, &[], "wrong\n");
    insta::assert_snapshot!(authority.redacted(&ran));
}

#[test]
fn personal_access_tokens() {
    let authority = Authority::start();
    with_notes(&authority);
    let alice = authority.alice();
    let lines = [
        r#"pat create --name mytoken --valid-minutes 43200 --scopes Notes.Note.* --description "my notes""#,
        "pat create --name mytoken --scopes Notes.Note.Read",
        "pat create --name typo --scopes Notes.Nota.Read",
        "pat create --name wrong --scopes Notes*",
        "pat create --name forever --scopes Notes.Note.Read --never -o env",
        "pat list",
        "pat show --name mytoken",
        "pat update --name mytoken --valid-minutes 2500",
        "pat delete --name mytoken",
        "pat delete --name mytoken",
        "pat show --name mytoken -o value",
        "pat list --all",
        "pat delete --name forever --yes",
        "pat list",
    ];
    insta::assert_snapshot!(authority.transcript(&alice, &lines));
}

#[test]
fn access_tokens() {
    let authority = Authority::start();
    with_notes(&authority);
    let alice = authority.alice();
    let lines = [
        r#"token create alice --expiration-days 30 --description "Automated testing token" --name testing"#,
        "token create --name reader --scopes Notes.Note.Read --scopes Jeton.Token.* -o value",
        "token list alice",
        r#"token edit 5 --description "read only" --name reading --expires 2w"#,
        "token edit 5 --scopes *",
        "token describe 5",
        "token describe 999",
        "token describe 4 5 -o yaml",
        "token revoke 4 5",
        "token revoke 5",
        "token list --show-revoked",
        "token edit 5 --name again",
        "token revoke abc",
    ];
    insta::assert_snapshot!(authority.transcript(&alice, &lines));
}

#[test]
fn a_token_as_the_credential() {
    let authority = Authority::start();
    let alice = authority.alice();
    let made = alice.run(&["pat", "create", "--name", "ci", "--scopes", "Jeton.Token.Read", "-o", "value"]);
    let url = ("JETON_URL", authority.url.as_str());
    let verify = |token: &str| Home::new().run_with(&["token", "verify", "-"], &[url], token);
    assert_eq!(verify(&made.stdout).code, 0);

    let ci = Home::new();
    let login = ci.run_with(&["token", "login", "-"], &[url], &made.stdout);
    assert_eq!(login.code, 0, "{}", login.shown());
    let lines = [
        "status",
        "pat list -o value --url http://127.0.0.1:1",
        "pat create --name more --scopes *",
        "user list",
        "logout",
    ];
    insta::assert_snapshot!(authority.transcript(&ci, &lines));

    assert_eq!(alice.run(&["pat", "delete", "--name", "ci"]).code, 0);
    insta::assert_snapshot!("a_revoked_token", authority.redacted(&verify(&made.stdout)));
    insta::assert_snapshot!(
        "a_mistyped_token",
        authority.redacted(&verify(&made.stdout.replace("jtn_pat_", "jtn_svc_")))
    );
}

#[test]
fn apis_and_scopes() {
    let authority = Authority::start();
    let admin = authority.admin();
    admin.write("notes.toml", NOTES);
    let widened = NOTES.replace("\"Write notes\"", "\"Write notes\"\nimplies = [\"Notes.Note.Read\"]");
    admin.write("widened.toml", &widened);
    admin.write(
        "narrowed.toml",
        NOTES.split("[[routes]]").next().unwrap().rsplit_once("[[scopes]]").unwrap().0,
    );
    admin.write("wrong.toml", &NOTES.replace("Notes.Note.Write", "Notes..Write"));
    let lines = [
        "api apply notes.toml --dry-run",
        "api apply notes.toml",
        "api apply notes.toml",
        "api apply wrong.toml",
        "api apply widened.toml",
        "api apply widened.toml --yes",
        "api show notes",
        "scope list notes",
        "scope explain Notes.Note.Write",
        "scope explain Notes.Note.Raed",
        "scope explain Notes*",
        "api apply narrowed.toml",
        "api apply narrowed.toml --yes",
        "api credential notes -o env",
        "api delete notes",
        "api delete notes --yes",
        "api show notes",
        "api list -o value",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
}

#[test]
fn users() {
    let authority = Authority::start();
    let admin = authority.admin();
    let lines = [
        r#"user create bob --display-name "Bob Builder" --email bob@example.com"#,
        "user create bob",
        "user list",
        "user show bob",
        r#"user edit bob --display-name "" --email builder@example.com"#,
        "user disable bob",
        "user enable bob --json",
        "user show nobody",
        "user delete bob",
        "user delete bob --yes",
        "user show bob",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
    let both = format!("{}\na new long password\n", authority.first_password());
    let ran = admin.run_with(&["user", "password", "admin", "--password-stdin"], &[], &both);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "`admin` has a new password\n"));
    authority.signed_in("admin", "a new long password\n");
}

#[test]
fn what_is_denied() {
    let authority = Authority::start();
    let alice = authority.alice();
    alice.write("notes.toml", NOTES);
    let lines =
        ["api apply notes.toml", "user create eve", "user disable admin", "token create admin --scopes *"];
    insta::assert_snapshot!(authority.transcript(&alice, &lines));
}

#[test]
fn the_example_catalogue_and_both_grammars() {
    let authority = Authority::start();
    let (alice, admin) = (authority.alice(), authority.admin());
    admin.write("taskurai.toml", &taskurai());
    let ran = admin.run(&["api", "apply", "taskurai.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let pat = ["pat", "create", "--name", "mytoken", "--valid-minutes", "43200"];
    let scopes = ["--scopes", "Taskurai.Task.*", "--scopes", "Taskurai.Log.*"];
    let ran = alice.run(&[&pat[..], &scopes].concat());
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let args =
        ["token", "create", "alice", "--expiration-days", "30", "--description", "Automated testing token"];
    let ran = alice.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.shown());
}
