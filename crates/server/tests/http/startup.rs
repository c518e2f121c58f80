//! Starting: what a first start makes, what a second one leaves alone, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jeton_server::{ConfigError, Options, Server, Settings, StartError};
use serde_json::json;

use crate::store::scratch::Scratch;
use crate::store::sql::Sql;
use crate::support::{Authority, settings};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Why a server does not start with these settings.
async fn refusal(settings: &Settings) -> String {
    Server::start(settings).await.expect_err("it must not start").to_string()
}

/// Starts a server and ends it again.
async fn once(settings: &Settings) {
    Server::start(settings).await.unwrap().serve(async {}).await;
}

#[tokio::test]
async fn a_first_start_makes_files_for_their_owners_eyes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), None);
    once(&settings).await;
    assert_eq!(mode(&settings.data), 0o700);
    assert_eq!(settings.pepper_file, folder.path().join("data.pepper"));
    assert_eq!(mode(&settings.pepper_file), 0o600);
    let password = settings.data.join("initial-admin-password");
    assert_eq!(mode(&password), 0o600);
    assert_eq!(fs::read_to_string(password).unwrap().trim().len(), 32);
}

#[tokio::test]
async fn a_server_that_is_no_test_hashes_passwords_with_all_the_work() {
    let authority = Authority::first_start(None).await;
    authority.person("alice").await;
    let hashes = authority.sql().await.rows("SELECT hash FROM password").await;
    assert_eq!(hashes.len(), 2, "the administrator's and hers");
    assert!(hashes.iter().all(|row| row[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$")), "{hashes:?}");
}

#[tokio::test]
async fn the_database_survives_a_power_cut() {
    let authority = Authority::sqlite().await;
    let journal = authority.sql().await.rows("PRAGMA journal_mode").await;
    assert_eq!(journal, [["wal"]]);
}

async fn a_second_start_changes_nothing(settings: Settings) {
    once(&settings).await;
    let dump = async || {
        let mut sql = match &settings.database_url {
            Some(url) => Sql::postgres(url.expose()).await,
            None => Sql::sqlite(&settings.data).await,
        };
        let mut rows = sql.dump().await;
        // How late it is goes on.
        rows.retain(|row| !row.contains("time,") && !row.contains("'time'"));
        rows
    };
    let files = || {
        [settings.pepper_file.clone(), settings.data.join("initial-admin-password")]
            .map(|file| fs::read(file).unwrap())
    };
    let before = (dump().await, files());
    assert!(before.0.len() > 20);
    once(&settings).await;
    once(&settings).await;
    assert_eq!((dump().await, files()), before);
}

#[tokio::test]
async fn a_second_start_changes_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_second_start_changes_nothing(settings(folder.path(), None)).await;
}

#[tokio::test]
async fn a_second_start_changes_nothing_on_postgres() {
    let Some(scratch) = Scratch::new().await else { return };
    let folder = tempfile::tempdir().unwrap();
    a_second_start_changes_nothing(settings(folder.path(), Some(scratch.url().to_owned()))).await;
}

#[tokio::test]
async fn tokens_outlive_a_restart() {
    let authority = Authority::sqlite().await;
    let (api, alice) = (authority.api().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let folder = authority.stop().await;
    let again = Authority::again(folder).await;
    assert_eq!(again.introspect_as(&api, &pat.secret, &[]).await.expect(200).body["active"], true);
    again.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
    again.admin().await;
}

#[tokio::test]
async fn a_data_directory_in_use_is_refused_and_the_first_server_named() {
    let authority = Authority::sqlite().await;
    let folder = authority.data.parent().unwrap();
    let message = refusal(&settings(folder, None)).await;
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    assert!(message.contains(&authority.address.to_string()), "{message}");
    assert!(!message.contains('\n'));
    authority.admin().await;
}

#[tokio::test]
async fn a_missing_wrong_or_open_pepper_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = settings(folder.path(), None);
    once(&good).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = settings(elsewhere.path(), None);
    once(&other).await;
    let with = |file: &Path| Settings { pepper_file: file.to_owned(), ..good.clone() };

    let message = refusal(&with(&folder.path().join("nothing"))).await;
    assert!(message.contains("is missing") && message.contains("--pepper-file"), "{message}");
    assert!(!folder.path().join("nothing").exists(), "no new keys are made for an old database");
    let message = refusal(&with(&other.pepper_file)).await;
    assert!(message.contains("is not the one that this database was made with"), "{message}");

    let text = fs::read_to_string(&good.pepper_file).unwrap();
    let other_text = fs::read_to_string(&other.pepper_file).unwrap();
    let changed = folder.path().join("changed");
    let (head, tail) = text.split_once("\n[[pepper]]").unwrap();
    let (other_head, other_tail) = other_text.split_once("\n[[pepper]]").unwrap();
    for mixed in [
        format!("{head}\n[[pepper]]{other_tail}"),
        format!("{other_head}\n[[pepper]]{tail}"),
        text.replace("version = 1", "version = 2"),
    ] {
        fs::write(&changed, mixed).unwrap();
        fs::set_permissions(&changed, fs::Permissions::from_mode(0o600)).unwrap();
        let message = refusal(&with(&changed)).await;
        assert!(message.contains("is not the one that this database was made with"), "{message}");
    }
    for broken in
        ["", "id_key = 1", "[[pepper]]", &text.replace("key = \"", "key = \"zz"), &format!("{text}\nx = 1")]
    {
        fs::write(&changed, broken).unwrap();
        let message = refusal(&with(&changed)).await;
        assert!(message.contains("cannot be read"), "{message}");
        let key = text.split('"').nth(1).unwrap();
        assert!(!message.contains(key.get(..8).unwrap()), "a message repeats no key");
    }
    fs::set_permissions(&good.pepper_file, fs::Permissions::from_mode(0o644)).unwrap();
    let message = refusal(&good).await;
    assert!(message.contains("can be read by others: chmod 600"), "{message}");
    fs::set_permissions(&good.pepper_file, fs::Permissions::from_mode(0o600)).unwrap();
    once(&good).await;
}

#[tokio::test]
async fn a_new_pepper_is_added_and_old_tokens_go_on() {
    let authority = Authority::sqlite().await;
    let (api, alice) = (authority.api().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let folder = authority.stop().await;
    let file = folder.path().join("data.pepper");
    let text = fs::read_to_string(&file).unwrap();
    let key = "a".repeat(64);
    fs::write(&file, format!("{text}\n[[pepper]]\nversion = 2\nkey = \"{key}\"\n")).unwrap();
    let again = Authority::again(folder).await;
    assert_eq!(again.introspect_as(&api, &pat.secret, &[]).await.expect(200).body["active"], true);
    let new = again.pat(&alice.session, &["Taskurai.*"]).await;
    assert_eq!(again.introspect_as(&api, &new.secret, &[]).await.expect(200).body["active"], true);
    let body = json!({"overlap_minutes": 0});
    let rotated =
        again.post(&alice.session, &format!("/api/v1/tokens/{}/rotate", pat.id), body).await.expect(200);
    assert_eq!(again.introspect_as(&api, &rotated.secret(), &[]).await.expect(200).body["active"], true);
}

#[tokio::test]
async fn the_prefix_is_frozen() {
    let folder = tempfile::tempdir().unwrap();
    let default = settings(folder.path(), None);
    let with = |prefix: &str| Settings { prefix: Some(prefix.parse().unwrap()), ..default.clone() };
    once(&with("acme")).await;
    let error = Server::start(&with("other")).await.expect_err("it must not start");
    assert!(matches!(error, StartError::PrefixFrozen { .. }), "{error}");
    assert!(error.to_string().contains("`acme`"), "{error}");
    once(&with("acme")).await;
    let authority = Authority::again(folder).await;
    assert!(authority.admin().await.starts_with("acme_ses_"), "the kept prefix counts when none is said");
    authority.get(&authority.admin().await.replace("acme_", "jtn_"), "/api/v1/tokens/self").await.expect(401);
}

/// What there is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_start_that_fails_leaves_nothing_behind() {
    let taken = Authority::shared_sqlite().address;
    let folder = tempfile::tempdir().unwrap();
    let good = settings(folder.path(), None);
    fs::write(folder.path().join("file"), "").unwrap();
    fs::write(folder.path().join("keys"), "").unwrap();
    fs::set_permissions(folder.path().join("keys"), fs::Permissions::from_mode(0o600)).unwrap();
    let nowhere = "postgres://nobody:secret@127.0.0.1:1/none".parse().ok();
    let wrong = [
        Settings { listen: taken, ..good.clone() },
        Settings { listen: ([203, 0, 113, 1], 0).into(), ..good.clone() },
        Settings { pepper_file: folder.path().join("file/pepper"), ..good.clone() },
        Settings { pepper_file: folder.path().join("keys"), ..good.clone() },
        Settings { database_url: nowhere, ..good.clone() },
    ];
    for wrong in wrong {
        let message = refusal(&wrong).await;
        assert_eq!(names(folder.path()), ["file", "keys"], "{message}");
    }
    once(&good).await;
    assert_eq!(names(folder.path()), ["data", "data.pepper", "file", "keys"]);
    assert_eq!(names(&good.data), ["initial-admin-password", "jeton.db", "lock"]);
}

#[tokio::test]
async fn on_the_port_of_the_server_that_has_the_directory_that_server_is_named() {
    let authority = Authority::sqlite().await;
    let same = settings(authority.data.parent().unwrap(), None);
    let message = refusal(&Settings { listen: authority.address, ..same }).await;
    assert!(message.contains(&format!("is in use by process {}", std::process::id())), "{message}");
}

#[tokio::test]
async fn keys_without_their_database_begin_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), None);
    once(&settings).await;
    let database = settings.data.join("jeton.db");
    let kept = fs::read(&database).unwrap();
    let gone = || {
        for file in ["jeton.db", "jeton.db-wal", "jeton.db-shm"] {
            let _gone = fs::remove_file(settings.data.join(file));
        }
    };
    for what in ["empty", "missing", "without its directory"] {
        gone();
        match what {
            "empty" => fs::write(&database, "").unwrap(),
            "missing" => {}
            _ => fs::remove_dir_all(&settings.data).unwrap(),
        }
        let message = refusal(&settings).await;
        for said in ["jeton.db` is missing or empty", "--data", "--accept-empty-database", "from its backup"]
        {
            assert!(message.contains(said), "{what}: {message}");
        }
        assert!(fs::metadata(&database).map_or(true, |file| file.len() == 0), "{what}");
    }
    // Brought back, it goes on; and what is meant is done.
    fs::create_dir(&settings.data).unwrap();
    fs::write(&database, &kept).unwrap();
    once(&settings).await;
    gone();
    once(&Settings { accept_empty_database: true, ..settings.clone() }).await;
    once(&settings).await;
}

#[tokio::test]
async fn keys_without_their_database_begin_nothing_new_on_postgres() {
    let (Some(old), Some(new)) = (Scratch::new().await, Scratch::new().await) else { return };
    let folder = tempfile::tempdir().unwrap();
    let with = |scratch: &Scratch| settings(folder.path(), Some(scratch.url().to_owned()));
    once(&with(&old)).await;
    let message = refusal(&with(&new)).await;
    assert!(message.contains("the PostgreSQL database is empty"), "{message}");
    once(&Settings { accept_empty_database: true, ..with(&new) }).await;
    once(&with(&new)).await;
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), None);
    once(&settings).await;
    // As it is when the power goes before the database is filled.
    for file in ["jeton.db", "jeton.db-wal", "jeton.db-shm"] {
        let _gone = fs::remove_file(settings.data.join(file));
    }
    fs::write(settings.data.join("first-start"), "").unwrap();
    once(&settings).await;
    assert!(!settings.data.join("first-start").exists());
    once(&settings).await;
}

#[tokio::test]
async fn a_port_in_use_and_a_folder_that_cannot_be_made_are_refused() {
    let authority = Authority::shared_sqlite();
    let folder = tempfile::tempdir().unwrap();
    let taken = Settings { listen: authority.address, ..settings(folder.path(), None) };
    let message = refusal(&taken).await;
    assert!(message.contains(&authority.address.to_string()), "{message}");
    fs::write(folder.path().join("file"), "").unwrap();
    let inside = Settings { data: folder.path().join("file/data"), ..settings(folder.path(), None) };
    assert!(refusal(&inside).await.contains("file/data"));
    let nowhere = Settings {
        database_url: "postgres://nobody:secret@127.0.0.1:1/none".parse().ok(),
        ..settings(&folder.path().join("other"), None)
    };
    let message = refusal(&nowhere).await;
    assert!(message.starts_with("database:") && !message.contains("secret"), "{message}");
}

#[test]
fn a_wrong_configuration_says_where_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jeton.toml");
    let resolve = |text: &str| {
        fs::write(&file, text).unwrap();
        Settings::resolve(Options { config: Some(file.clone()), ..Options::default() })
    };
    for (text, line, column, words) in [
        ("listen = \"127.0.0.1:7070\"\ncolour = 1\n", 2, 1, "expected one of"),
        ("\n\nlisten = \"nowhere\"\n", 3, 10, "socket address"),
        ("data = 5\n", 1, 8, "string"),
        ("# ü\nprefix = \"J\"\n", 2, 10, "2 to 16 characters"),
        ("trusted_proxies = [\"10.0.0.0/8\",\n  \"x\"]\n", 2, 3, "IP"),
        ("public_url = \"not a url\"", 1, 14, "write https://HOST"),
        ("data = \"d\"\npublic_url = \"ftp://x\"", 2, 14, "write https://HOST"),
        ("public_url = \"https://a:b@x\"", 1, 14, "leave them out"),
        ("public_url = 7", 1, 14, "string"),
        ("listen =", 1, 9, ""),
    ] {
        let error = resolve(text).expect_err(text);
        let message = error.to_string();
        let place = format!("{}:{line}:{column}: ", file.display());
        assert!(
            message.starts_with(&place) && message.contains(words) && !message.contains('\n'),
            "{message}"
        );
    }
    let settings = resolve("listen = \"127.0.0.1:1\"\nprefix = \"acme\"\ndata = \"d\"\n").unwrap();
    assert_eq!(settings.listen.port(), 1);
    assert_eq!(settings.pepper_file, Path::new("d.pepper"));
    let missing = Options { config: Some(folder.path().join("missing.toml")), ..Options::default() };
    assert!(matches!(Settings::resolve(missing), Err(ConfigError::Unreadable(..))));
    let flag = Options {
        config: Some(file.clone()),
        listen: Some(([127, 0, 0, 1], 2).into()),
        ..Options::default()
    };
    assert_eq!(Settings::resolve(flag).unwrap().listen.port(), 2, "a flag goes before the file");
}
