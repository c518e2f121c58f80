//! What a first start makes, made once in a run: to copy it takes much less than to migrate and fill a database.
//!
//! All copies have the same keys, and the same password of the first administrator. Tests about the first start itself
//! begin with an empty folder: [`Authority::first_start`](super::Authority::first_start), or `Server::start`.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use jeton_server::{Clock, Rng, Server};
use tokio::sync::OnceCell;

use super::settings;
use crate::store::scratch::Scratch;

const PEPPER: &str = "data.pepper";
const PASSWORD: &str = "data/initial-admin-password";
const DATABASE: &str = "data/jeton.db";

/// Files by name, from the folder of the server.
type Files = Vec<(&'static str, Vec<u8>)>;

/// Puts the files of a server on SQLite into an empty folder.
pub(super) async fn sqlite(folder: &Path) {
    static MADE: OnceCell<Files> = OnceCell::const_new();
    write(folder, MADE.get_or_init(async || first_start(None, &[PEPPER, PASSWORD, DATABASE]).await).await);
}

/// Puts the files of a server on PostgreSQL into an empty folder, and answers the URL of its database; `None` as
/// `Scratch::new` says.
pub(super) async fn postgres(folder: &Path) -> Option<String> {
    static MADE: OnceCell<Option<(Files, Scratch)>> = OnceCell::const_new();
    let made = MADE.get_or_init(async || {
        let scratch = Scratch::new().await?;
        Some((first_start(Some(scratch.url().to_owned()), &[PEPPER, PASSWORD]).await, scratch))
    });
    let (files, database) = made.await.as_ref()?;
    write(folder, files);
    Some(Scratch::like(Some(database)).await?.url().to_owned())
}

/// Starts a server, ends it again, and keeps these files of it.
async fn first_start(database_url: Option<String>, names: &[&'static str]) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), database_url);
    let server = Server::start_in_test(&settings, Clock::system(), Rng::system()).await.unwrap();
    server.serve(async {}).await;
    names.iter().map(|name| (*name, fs::read(folder.path().join(name)).unwrap())).collect()
}

fn write(folder: &Path, files: &Files) {
    DirBuilder::new().mode(0o700).create(folder.join("data")).unwrap();
    for (name, bytes) in files {
        let file = folder.join(name);
        fs::write(&file, bytes).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
