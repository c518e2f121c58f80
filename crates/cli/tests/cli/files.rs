//! Files that are read: the profile, and what `api apply` is given.

use std::fs;

use crate::authority::Authority;
use crate::support::{Home, nobody};

const PROFILE: &str = "url = \"http://127.0.0.1:1\"\ntoken = \"jtn_pat_saved\"\n";
const HEAD: &str = "name = \"a\"\ntitle = \"A\"\nnamespace = \"A\"\naudience = \"https://a.example\"\n";

#[test]
fn a_profile_that_others_can_read_is_refused() {
    let home = Home::new();
    home.profile(PROFILE, 0o644);
    insta::assert_snapshot!(home.run(&["pat", "list"]).shown(), @r"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: profile `[HOME]/config/jeton/profile.toml` is open to others (mode 0644), so it is not read
      make it private: chmod 600 '[HOME]/config/jeton/profile.toml'
    ");
}

#[test]
fn a_wrong_profile_names_the_place_and_hides_the_secret() {
    let home = Home::new();
    home.profile(&format!("{PROFILE}user = \"alice\"\n"), 0o600);
    let ran = home.run(&["status"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    let place =
        "error: [HOME]/config/jeton/profile.toml:3:1: unknown field `user`, expected one of `url`, `token`, ";
    assert!(ran.stderr.starts_with(place), "{}", ran.stderr);
}

#[test]
fn the_environment_goes_before_the_profile() {
    let home = Home::new();
    home.profile(PROFILE, 0o600);
    let url = nobody();
    let ran = home.run_with(&["status"], &[("JETON_URL", &url), ("JETON_TOKEN", "jtn_pat_x")], "");
    assert!(ran.stdout.contains(&format!("{url} (environment)")), "{}", ran.stdout);
    assert!(ran.stdout.contains("credential from  environment"), "{}", ran.stdout);
    let ran = home.run_with(&["status", "--url", &url], &[("JETON_URL", "http://127.0.0.1:2")], "");
    assert!(ran.stdout.contains(&format!("{url} (command line)")), "{}", ran.stdout);
}

#[test]
fn a_saved_credential_goes_to_its_own_server_only() {
    let home = Home::new();
    home.profile(PROFILE, 0o600);
    assert_eq!(home.run(&["pat", "list"]).code, 8);
    assert_eq!(home.run(&["pat", "list", "--url", "http://127.0.0.1:2"]).code, 4);
}

#[test]
fn signing_out_forgets_the_credential_whatever_the_server_says() {
    let home = Home::new();
    let path = home.profile(PROFILE, 0o600);
    let ran = home.run(&["logout"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let left = fs::read_to_string(path).unwrap();
    assert_eq!(left, "url = \"http://127.0.0.1:1\"\n");
}

#[test]
fn mistakes_in_a_catalogue_name_file_line_and_column() {
    let home = Home::new();
    home.write("one.toml", &format!("{HEAD}[[scopes]]\nname = \"A.Read\"\ndescripton = \"typo\"\n"));
    home.write("two.toml", "name = \"a\"\ntitle = A\n");
    home.write("three.toml", HEAD);
    let all = ["one.toml", "two.toml", "three.toml", "none.toml"].map(|file| {
        let ran = home.run(&["api", "apply", file]);
        assert_eq!(ran.code, 1, "{}", ran.shown());
        ran.stderr
    });
    insta::assert_snapshot!(all.concat(), @r"
    error: one.toml:7:1: unknown field `descripton`, expected one of `name`, `description`, `implies`
    error: two.toml:2:9: string values must be quoted, expected literal string
    error: three.toml:1:1: missing field `scopes`
    error: `none.toml`: No such file or directory (os error 2)
    ");
}

#[test]
fn a_folder_is_read_whole_before_anything_is_done() {
    let home = Home::new();
    home.write("empty/readme.txt", "");
    assert_eq!(home.run(&["api", "apply", "empty"]).code, 2);
    let scopes = "[[scopes]]\nname = \"A.Read\"\ndescription = \"read\"\n";
    home.write("twice/a.toml", &format!("{HEAD}{scopes}"));
    home.write("twice/b.toml", &format!("{HEAD}{scopes}"));
    let ran = home.run(&["api", "apply", "twice"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (2, "error: `twice/a.toml` and `twice/b.toml` both declare `a`\n")
    );
}

#[test]
fn a_profile_that_cannot_be_kept_is_told_before_there_is_a_session() {
    let authority = Authority::start();
    let password = authority.first_password();
    let home = Home::new();
    // A file in place of the folder: also root cannot write a profile there.
    home.write("config", "");
    let login = ["login", "--url", &authority.url, "--user", "admin", "--password-stdin"];
    let before = authority.get_as_admin("/tokens?kind=session")["items"].as_array().unwrap().len();
    let ran = home.run_with(&login, &[], &password);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(
        ran.stderr.contains("profile `[HOME]/config/jeton/profile.toml` cannot be written"),
        "{}",
        ran.stderr
    );
    // Each look signs in itself.
    let after = authority.get_as_admin("/tokens?kind=session")["items"].as_array().unwrap().len();
    assert_eq!(after, before + 1);
}
