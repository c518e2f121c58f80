//! `--store`: where a new value goes, that nothing of it is shown, and what becomes of it when the place refuses.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::support::{Home, Ran};

const CREATE: [&str; 6] = ["pat", "create", "--name", "ci", "--scopes", "Jeton.Token.Read"];

fn create(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&CREATE, more].concat())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// That the value is honoured, and was not printed.
fn assert_stored(authority: &Authority, ran: &Ran, value: &str) {
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stderr.contains(", and is not shown"), "{}", ran.stderr);
    let secret = value.rsplit('_').next().unwrap();
    assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{}", ran.shown());
    let url = ("JETON_URL", authority.url.as_str());
    assert_eq!(Home::new().run_with(&["token", "verify"], &[url], value).code, 0, "{value}");
}

/// What a shell takes from the file.
fn sourced(home: &Home, file: &str, name: &str) -> String {
    let script = format!("set -eu; . ./{file}; printf %s \"${name}\"");
    let ran = Command::new("sh").args(["-c", &script]).current_dir(home.path()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn a_shell_reads_the_variable_and_everything_that_was_there() {
    let authority = Authority::start();
    let alice = authority.alice();
    let file = alice.write("conf.env", "# it's mine\nexport OTHER='a b'\nCI_TOKEN=\nLAST=1");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = create(&alice, &["--store", "env-file", "--store-to", "conf.env", "--store-as", "CI_TOKEN"]);
    assert_stored(&authority, &ran, &sourced(&alice, "conf.env", "CI_TOKEN"));
    assert!(ran.stdout.contains("name       ci\n"), "{}", ran.stdout);
    assert_eq!(
        (sourced(&alice, "conf.env", "OTHER"), sourced(&alice, "conf.env", "LAST")),
        ("a b".into(), "1".into())
    );
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn update_stores_the_new_value_over_the_old_one() {
    let authority = Authority::start();
    let alice = authority.alice();
    assert_eq!(create(&alice, &["--store", "env-file"]).code, 0);
    let old = sourced(&alice, ".env", "JETON_TOKEN");
    let ran = alice.run(&["pat", "update", "--name", "ci", "--store", "env-file", "--json"]);
    let new = sourced(&alice, ".env", "JETON_TOKEN");
    assert_stored(&authority, &ran, &new);
    assert_ne!(old, new);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((record["name"].as_str(), record.get("secret")), (Some("ci"), None));
    let url = ("JETON_URL", authority.url.as_str());
    assert_eq!(Home::new().run_with(&["token", "verify"], &[url], &old).code, 10);
}

#[test]
fn the_manifest_is_a_secret_that_holds_the_value() {
    let authority = Authority::start();
    let alice = authority.alice();
    let old =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  namespace: team\ndata:\n  other: b3RoZXI=\n";
    let file = alice.write("secret.yaml", old);
    let to =
        ["--store", "kubernetes-secret", "--store-to", "secret.yaml", "--store-as", "team/web:api-token"];
    let ran =
        alice.run(&[&["token", "create", "--name", "web", "--scopes", "Jeton.Token.Read"][..], &to].concat());
    let manifest: Value = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let value = manifest["stringData"]["api-token"].as_str().unwrap();
    assert_stored(&authority, &ran, value);
    let expected = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "web", "namespace": "team"}, "data": {"other": "b3RoZXI="},
        "stringData": {"api-token": value}});
    assert_eq!(manifest, expected);
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn user_secrets_lie_where_dotnet_looks() {
    let authority = Authority::start();
    let alice = authority.alice();
    let to = ["--store", "dotnet-user-secrets", "--store-to", "7f3b2c1d-web", "--store-as", "Taskurai:Token"];
    let file = alice.path().join(".microsoft/usersecrets/7f3b2c1d-web/secrets.json");
    let ran = create(&alice, &to);
    assert_stored(&authority, &ran, json_of(&file)["Taskurai:Token"].as_str().unwrap());
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

    let old = json_of(&file)["Taskurai:Token"].take();
    let nested = json!({"Taskurai": {"Token": old, "Url": "https://a"}, "Other": 1});
    fs::write(&file, nested.to_string()).unwrap();
    let ran = alice.run(&[&["pat", "update", "--name", "ci"][..], &to].concat());
    let after = json_of(&file);
    let value = after["Taskurai"]["Token"].as_str().unwrap();
    assert_stored(&authority, &ran, value);
    assert_eq!(after, json!({"Taskurai": {"Token": value, "Url": "https://a"}, "Other": 1}));
}

#[test]
fn the_credential_of_an_api_can_be_stored() {
    let authority = Authority::start();
    let admin = authority.admin();
    admin.write(
        "a.toml",
        "name = \"a\"\ntitle = \"A\"\nnamespace = \"A\"\naudience = \"https://a.example\"\n[[scopes]]\nname = \"A.Read\"\ndescription = \"read\"\n",
    );
    let ran = admin.run(&["api", "apply", "a.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let ran = admin.run(&["api", "credential", "a", "--store", "env-file", "--store-as", "OTHER_NAME"]);
    assert_stored(&authority, &ran, &sourced(&admin, ".env", "OTHER_NAME"));
}

#[test]
fn a_place_that_takes_nothing_is_refused_before_there_is_a_token() {
    let authority = Authority::start();
    let alice = authority.alice();
    alice.write("open.env", "A='1\n");
    alice.write("unclear.env", "A='\nJETON_TOKEN=x'\n");
    alice.write("config.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    alice.write(".microsoft/usersecrets/id/secrets.json", "[]");
    let elsewhere = alice.write("elsewhere", "untouched");
    symlink(&elsewhere, alice.path().join("link.env")).unwrap();
    let table: &[(&[&str], i32, &str)] = &[
        (&["env-file", "--store-to", "open.env"], 1, "line 1 opens a quote"),
        (&["env-file", "--store-to", "unclear.env"], 1, "line 2 sets `JETON_TOKEN`, or is part of a value"),
        (&["env-file", "--store-to", "link.env"], 1, "`link.env` is a symbolic link"),
        (&["env-file", "--store-to", "missing/.env"], 1, "nothing can be written to `missing`"),
        (&["env-file", "--store-to", "config"], 1, "`config` is not a file"),
        (&["env-file", "--store-as", "A-B"], 2, "`A-B` cannot be the name of a variable"),
        (&["kubernetes-secret"], 2, "name the file for the manifest with `--store-to`"),
        (&["kubernetes-secret", "--store-to", "config.yaml"], 1, "it does not hold a `v1` Secret"),
        (
            &["kubernetes-secret", "--store-to", "s.yaml", "--store-as", "Web"],
            2,
            "`Web` does not name a secret as `[NAMESPACE/]NAME[:KEY]`",
        ),
        (&["dotnet-user-secrets"], 2, "name the id of the project's user secrets"),
        (&["dotnet-user-secrets", "--store-to", "../id"], 2, "name the id of the project's user secrets"),
        (&["dotnet-user-secrets", "--store-to", "id"], 1, "it is not a JSON object"),
        (
            &["dotnet-user-secrets", "--store-to", "id", "--store-as", "A::B"],
            2,
            "`A::B` cannot be a configuration key",
        ),
        (&["keyring"], 1, "no keyring answers"),
        (&["env-file", "-o", "env"], 2, "`-o env` is for commands that answer a new token"),
    ];
    for (store, code, reason) in table {
        let ran = create(&alice, &[&["--store"], *store].concat());
        assert!(ran.code == *code && ran.stderr.contains(reason), "{store:?}\n{}", ran.shown());
    }
    assert_eq!(alice.run(&["pat", "list", "--all"]).stderr, "nothing to show\n", "no token was made");
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "untouched");
}

#[test]
fn another_token_keeps_its_place() {
    let authority = Authority::start();
    let alice = authority.alice();
    let stores: [&[&str]; 3] = [
        &["env-file"],
        &["kubernetes-secret", "--store-to", "web.yaml"],
        &["dotnet-user-secrets", "--store-to", "id"],
    ];
    let file = |at: usize| {
        let files = [".env", "web.yaml", ".microsoft/usersecrets/id/secrets.json"];
        fs::read_to_string(alice.path().join(files[at])).unwrap()
    };
    assert_eq!(create(&alice, &["-o", "value"]).code, 0);
    for (at, store) in stores.into_iter().enumerate() {
        let to = [&["--store"], store].concat();
        let first = format!("first-{at}");
        let scopes = ["--scopes", "Jeton.Token.Read"];
        let ran = alice.run(&[&["pat", "create", "--name", &first], &scopes[..], &to].concat());
        assert_eq!(ran.code, 0, "{}", ran.shown());
        let kept = file(at);
        let others: [&[&str]; 5] = [
            &["pat", "create", "--name", "second", "--scopes", "Jeton.Token.Read"],
            &["token", "create", "--scopes", "Jeton.Token.Read"],
            &["derive"],
            &["pat", "update", "--name", "ci"],
            &["pat", "rotate", "--name", "ci"],
        ];
        for other in others {
            let ran = alice.run(&[other, &to].concat());
            assert_eq!((ran.code, ran.stdout.as_str()), (6, ""), "{other:?} {}", ran.shown());
            for said in [" holds another token, `jtn_pat_…", "`--store-as NAME`", "add `--replace`"] {
                assert!(ran.stderr.contains(said), "{other:?} {}", ran.stderr);
            }
            assert_eq!(file(at), kept, "{other:?}");
        }
        // The token whose place it is.
        for verb in ["update", "rotate"] {
            let ran = alice.run(&[&["pat", verb, "--name", &first], &to[..]].concat());
            assert!(ran.code == 0 && file(at) != kept, "{}", ran.shown());
        }
        let ran = alice.run(&[&["pat", "update", "--name", "ci", "--replace"], &to[..]].concat());
        assert_eq!(ran.code, 0, "{}", ran.shown());
    }
    let mine = alice.run(&["pat", "list", "--all", "-o", "value"]);
    assert_eq!(mine.stdout.lines().count(), 4, "no token was made in vain\n{}", mine.shown());
}

#[test]
fn what_is_not_a_token_is_not_lost_either() {
    let authority = Authority::start();
    let alice = authority.alice();
    let file = alice.write(".env", "JETON_TOKEN='${FROM_CI}'\n");
    let ran = create(&alice, &["--store", "env-file"]);
    assert_eq!(ran.code, 6, "{}", ran.shown());
    assert!(
        ran.stderr.contains("`.env` as `JETON_TOKEN` holds a value that is not this token's"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("FROM_CI"), "{}", ran.stderr);
    assert_eq!(create(&alice, &["--store", "env-file", "--replace"]).code, 0);
    assert!(!fs::read_to_string(file).unwrap().contains("FROM_CI"));
    let ran = create(&alice, &["--replace"]);
    assert_eq!(ran.code, 2, "{}", ran.shown());
}

#[test]
fn each_kind_of_token_has_a_variable_of_its_own() {
    let authority = Authority::start();
    let admin = authority.admin();
    admin.write(
        "a.toml",
        "name = \"a\"\ntitle = \"A\"\nnamespace = \"A\"\naudience = \"https://a.example\"\n[[scopes]]\nname = \"A.Read\"\ndescription = \"read\"\n",
    );
    let scopes = ["--scopes", "Jeton.Token.Read"];
    let commands: [&[&str]; 5] = [
        &["api", "apply", "a.toml"],
        &["service-account", "create", "build"],
        &["pat", "create", "--name", "mine", scopes[0], scopes[1]],
        &["token", "create", "--service-account", "build", scopes[0], scopes[1]],
        &["api", "credential", "a"],
    ];
    for command in &commands[..2] {
        assert_eq!(admin.run(command).code, 0);
    }
    for (command, variable) in
        commands[2..].iter().zip(["JETON_TOKEN", "JETON_SERVICE_TOKEN", "API_CREDENTIAL"])
    {
        let ran = admin.run(&[command, &["--store", "env-file"][..]].concat());
        assert_stored(&authority, &ran, &sourced(&admin, ".env", variable));
        let more = if variable == "JETON_TOKEN" { &["--name", "other"][..] } else { &[] };
        let command: Vec<_> =
            command.iter().filter(|word| !matches!(**word, "--name" | "mine")).copied().collect();
        let ran = admin.run(&[&command[..], more, &["-o", "env"]].concat());
        assert!(ran.stdout.starts_with(&format!("{variable}=jtn_")), "{}", ran.shown());
    }
    let held = sourced(&admin, ".env", "JETON_SERVICE_TOKEN");
    let id = held.split('_').nth(2).unwrap();
    let ran = admin.run(&["token", "rotate", id, "--store", "env-file"]);
    assert_stored(&authority, &ran, &sourced(&admin, ".env", "JETON_SERVICE_TOKEN"));
}

#[test]
fn a_file_with_windows_line_ends_keeps_them() {
    let authority = Authority::start();
    let alice = authority.alice();
    let file = alice.write(".env", "\u{feff}NAME=O'Brien\r\nJETON_TOKEN=\r\nPATTERN='$a \"b\"'\r\n");
    let ran = create(&alice, &["--store", "env-file"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let text = fs::read_to_string(&file).unwrap();
    let value = text.split("JETON_TOKEN=").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
    assert_eq!(text, format!("\u{feff}NAME=O'Brien\r\nJETON_TOKEN={value}\r\nPATTERN='$a \"b\"'\r\n"));
    assert_stored(&authority, &ran, value);
    let ran = alice.run(&["pat", "update", "--name", "ci", "--store", "env-file"]);
    assert_eq!(ran.code, 0, "its own value, although the line ends otherwise: {}", ran.shown());
}

#[test]
fn a_manifest_that_was_applied_keeps_no_old_value() {
    let authority = Authority::start();
    let alice = authority.alice();
    let to = ["--store", "kubernetes-secret", "--store-to", "web.yaml", "--store-as", "web"];
    assert_eq!(create(&alice, &to).code, 0);
    let file = alice.path().join("web.yaml");
    let mut manifest: Value = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let old = manifest["stringData"]["token"].as_str().unwrap().to_owned();
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    manifest["metadata"]["annotations"] = json!({annotation: manifest.to_string(), "team": "a"});
    fs::write(&file, manifest.to_string()).unwrap();
    let ran = alice.run(&[&["pat", "update", "--name", "ci"][..], &to].concat());
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(&old) && !text.contains(annotation), "{text}");
    assert!(text.contains("team"), "{text}");
}

#[test]
fn attack_40_a_link_that_appears_later_gets_nothing_and_the_token_is_revoked() {
    let authority = Authority::start();
    let alice = authority.alice();
    let (link, elsewhere) = (alice.path().join(".env"), alice.write("elsewhere", "untouched"));
    let target = elsewhere.clone();
    let between = between(&authority, "POST /api/v1/tokens", move || symlink(&target, &link).unwrap());
    let ran = create(saved_for(&alice, &between), &["--store", "env-file"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.shown());
    assert!(ran.stderr.contains("`.env` is a symbolic link"), "{}", ran.stderr);
    assert!(ran.stderr.contains("which was made just now, is revoked again"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "untouched");
    let all = authority.admin().run(&["token", "list", "alice", "--show-revoked"]);
    assert_eq!(all.stdout.matches("revoked").count(), 1, "{}", all.shown());
}

#[test]
fn an_update_that_cannot_be_stored_says_that_the_old_value_is_dead() {
    let authority = Authority::start();
    let alice = authority.alice();
    assert_eq!(create(&alice, &["-o", "value"]).code, 0);
    let link = alice.path().join(".env");
    let between = between(&authority, "POST /api/v1/tokens/", move || symlink("elsewhere", &link).unwrap());
    let ran = saved_for(&alice, &between).run(&["pat", "update", "--name", "ci", "--store", "env-file"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.shown());
    assert!(
        ran.stderr.contains("a new value that nobody knows, and its old one is refused"),
        "{}",
        ran.stderr
    );
    assert!(!alice.path().join("elsewhere").exists());
    fs::remove_file(alice.path().join(".env")).unwrap();
    let again =
        saved_for(&alice, &authority.url).run(&["pat", "update", "--name", "ci", "--store", "env-file"]);
    assert_stored(&authority, &again, &sourced(&alice, ".env", "JETON_TOKEN"));
}

/// With the saved session for this address.
fn saved_for<'h>(home: &'h Home, url: &str) -> &'h Home {
    let profile = fs::read_to_string(home.path().join("config/jeton/profile.toml")).unwrap();
    let token = profile.lines().find(|line| line.starts_with("token")).unwrap();
    home.profile(&format!("url = \"{url}\"\n{token}\n"), 0o600);
    home
}

/// An address that leads to the authority, and does this once, before the request that begins so.
fn between(authority: &Authority, request: &'static str, act: impl FnOnce() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let to = authority.url.trim_start_matches("http://").to_owned();
    let act = Arc::new(Mutex::new(Some(act)));
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let (near, to, act) = (near.unwrap(), to.clone(), Arc::clone(&act));
            std::thread::spawn(move || forward(near, &to, request, &act));
        }
    });
    url
}

/// One connection, until the client is gone.
fn forward(mut near: TcpStream, to: &str, request: &str, act: &Mutex<Option<impl FnOnce()>>) {
    let mut far = TcpStream::connect(to).unwrap();
    let (mut back, mut client) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut back, &mut client));
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = near.read(&mut piece) {
        if piece.starts_with(request.as_bytes())
            && let Some(act) = act.lock().unwrap().take()
        {
            act();
        }
        far.write_all(&piece[..read]).unwrap();
    }
    let _gone = far.shutdown(std::net::Shutdown::Both);
}

/// Needs a keyring of its own on a bus of its own, so a quick run does without.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn the_keyring_keeps_the_value_for_its_user() {
    if std::env::var("JETON_TEST_QUICK").is_ok() {
        return;
    }
    let authority = Authority::start();
    let alice = authority.alice();
    let create = format!("'{}' {} --store keyring", env!("CARGO_BIN_EXE_jeton"), CREATE.join(" "));
    let update = create.replace("create", "update").replace("--scopes Jeton.Token.Read", "");
    let script = format!(
        "set -eu\nprintf unlocked | gnome-keyring-daemon --unlock --components=secrets >&2\n{create} >&2\n{update} >&2\n\
         secret-tool lookup service jeton username ci"
    );
    // Another token is refused there.
    let other = create.replace("--name ci", "--name other") + " --store-as ci";
    let script = script.replace("secret-tool", &format!("if {other} >&2; then exit 9; fi\nsecret-tool"));
    let ran = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", alice.path())
        .env("XDG_CONFIG_HOME", alice.path().join("config"))
        .env("XDG_RUNTIME_DIR", alice.path())
        .env("XDG_DATA_HOME", alice.path().join("data"))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ran = Ran { code: ran.status.code().unwrap(), stdout: text(ran.stdout), stderr: text(ran.stderr) };
    assert!(
        ran.stderr.contains("the value is in the keyring, service `jeton`, user `ci`"),
        "{}",
        ran.shown()
    );
    let value = ran.stdout.clone();
    assert_stored(&authority, &Ran { stdout: String::new(), ..ran }, &value);
}
