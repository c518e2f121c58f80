//! `[[sign_in]]` in the configuration file.

use jeton_server::{Options, Settings};

fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jeton.toml");
    std::fs::write(&file, text).unwrap();
    let error = Settings::resolve(Options { config: Some(file.clone()), ..Options::default() }).unwrap_err();
    error.to_string().replace(&file.display().to_string(), "FILE")
}

const ENTRY: &str =
    "[[sign_in]]\nname = \"acme\"\nissuer = \"https://login.example.org\"\nclient_id = \"jeton\"\n";

#[test]
fn what_is_wrong_with_an_entry_is_said_with_its_place() {
    let with = |line: &str| format!("{ENTRY}{line}\n");
    for (text, says) in [
        (with("colour = \"red\""), "FILE:5:1: unknown field `colour`"),
        (with("allow = { anyone = true }"), "FILE:5:11: unknown field `anyone`"),
        (with("allow = { anybody = \"yes\" }"), "FILE:5:21: "),
        (with("scopes = [\"two words\"]"), "FILE:5:10: a scope has visible ASCII characters only"),
        (with("client_secret_file = \"/nowhere/at/all\""), "FILE:5:22: `/nowhere/at/all`: No such file"),
        (with("groups = { staff = \"everyone\" }"), "FILE:5:20: nobody is put into the group `everyone`"),
        (with("groups = { staff = \" \" }"), "FILE:5:20: "),
        (format!("{ENTRY}{ENTRY}"), "FILE:6:8: there is another entry named `acme`"),
        (
            format!("{ENTRY}{}", ENTRY.replace("acme", "other")),
            "FILE:7:10: there is another entry with this issuer",
        ),
        (ENTRY.replace("acme", "Acme Inc."), "FILE:2:8: a name has 1 to 32 characters"),
        (
            ENTRY.replace("https://login", "http://login"),
            "FILE:3:10: plain http is for issuers on the same machine",
        ),
        (ENTRY.replace("https://login.example.org", "acme"), "FILE:3:10: an address looks like"),
        (ENTRY.replace("\"jeton\"", "\"\""), "FILE:4:13: a client id has visible ASCII characters only"),
        (ENTRY.replace("client_id", "client"), "unknown field `client`"),
        ("[[sign_in]]\nname = \"acme\"\n".to_owned(), "missing field `issuer`"),
    ] {
        let error = refused(&text);
        assert!(error.contains(says), "{text}\n{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_secret_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, secret) = (folder.path().join("jeton.toml"), folder.path().join("acme.secret"));
    std::fs::write(&secret, "hunter2hunter2\n").unwrap();
    std::fs::write(&file, format!("{ENTRY}client_secret_file = \"{}\"\n", secret.display())).unwrap();
    let settings = Settings::resolve(Options { config: Some(file), ..Options::default() }).unwrap();
    assert_eq!(settings.sign_in.len(), 1);
    assert!(!format!("{settings:?}").contains("hunter2"));
}
