//! Data that earlier builds wrote: the present program upgrades each kept copy and judges every token in it as the
//! build did that made it.
//!
//! Each folder under `tests/fixtures/released` is one form of stored bytes, on both databases. `make.rs` adds the next.

mod make;
mod manifest;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::store::scratch::Scratch;
use crate::support::{Authority, sample};
use manifest::Manifest;

/// Where the copies are kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/released");
/// Not named like a database, so that no rule takes it for one that somebody left behind.
const SQLITE: &str = "jeton.sqlite.fixture";
const DUMP: &str = "dump.sql";
const PEPPER: &str = "data.pepper";
const MANIFEST: &str = "manifest.json";

#[tokio::test]
async fn every_token_of_a_released_sqlite_file_is_judged_as_it_was() {
    for kept in kept("sqlite") {
        let (folder, manifest) = restored(&kept);
        fs::copy(kept.join(SQLITE), folder.path().join("data/jeton.db")).unwrap();
        check(Authority::back_then(folder, None, manifest.moment_ms).await, &manifest, &kept).await;
    }
}

#[tokio::test]
async fn every_token_of_a_released_postgres_dump_is_judged_as_it_was() {
    for kept in kept("postgres") {
        let Some(scratch) = Scratch::new().await else { return };
        let (folder, manifest) = restored(&kept);
        restore(&kept.join(DUMP), scratch.url());
        let database = Some(scratch.url().to_owned());
        check(Authority::back_then(folder, database, manifest.moment_ms).await, &manifest, &kept).await;
    }
}

/// The copies for this database, oldest first.
fn kept(database: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(KEPT).unwrap().map(|entry| entry.unwrap().path());
    // The page about them lies beside them.
    let mut folders: Vec<_> =
        entries.filter(|entry| entry.is_dir()).map(|folder| folder.join(database)).collect();
    folders.sort();
    assert!(!folders.is_empty(), "there is at least one");
    folders
}

/// A folder with the pepper file, ready for the database, and what is known about the data.
fn restored(kept: &Path) -> (TempDir, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let pepper = folder.path().join(PEPPER);
    fs::copy(kept.join(PEPPER), &pepper).unwrap();
    fs::set_permissions(&pepper, fs::Permissions::from_mode(0o600)).unwrap();
    let manifest = serde_json::from_slice(&fs::read(kept.join(MANIFEST)).unwrap()).unwrap();
    (folder, manifest)
}

fn restore(dump: &Path, url: &str) {
    let mut psql = Command::new("psql");
    psql.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file"]);
    let status = psql.arg(dump).arg(url).status().expect("psql starts: run `cargo xtask setup`");
    assert!(status.success(), "{} is restored", dump.display());
}

async fn check(authority: Authority, manifest: &Manifest, kept: &Path) {
    for known in &manifest.tokens {
        let answers = known.ask(&authority).await;
        assert_eq!(answers, known.answers, "{}: {}", kept.display(), known.what);
    }
    for call in &manifest.repeated {
        assert_eq!(call.secret_again(&authority).await, call.secret, "{}", kept.display());
    }
    check_that_life_goes_on(&authority, manifest).await;
    authority.stop().await;
}

/// Old passwords let people in, and old rows can be changed: each token is revoked.
async fn check_that_life_goes_on(authority: &Authority, manifest: &Manifest) {
    for sign_in in &manifest.sign_ins {
        authority.session(&sign_in.user, &sign_in.password).await;
    }
    let admin = &manifest.sign_ins[0];
    let admin = authority.session(&admin.user, &admin.password).await;
    for known in manifest.tokens.iter().filter(|known| known.is_honoured()) {
        authority.revoke(&admin, sample::id_of(&known.token)).await.expect(204);
        let answers = known.ask(authority).await;
        assert_ne!(answers["verify"]["allowed"], true, "{}", known.what);
    }
}
