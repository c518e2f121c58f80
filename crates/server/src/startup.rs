//! What comes before anything is made: the port, the keys and the database are looked at, so that a start that cannot
//! succeed leaves nothing behind.

use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::keys::{Keys, KeysError, Rng};
use crate::listener;
use crate::server::StartError;
use crate::store::Opened;

/// Binds the port. When it is taken by the server that has the data directory, that server is named.
pub(crate) fn bind(settings: &Settings) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = listener::bind(settings.listen);
    let bound = bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
    bound.map_err(|source| match DataDir::check_free(&settings.data) {
        Err(in_use) => in_use.into(),
        Ok(()) => StartError::Listen { address: settings.listen, source },
    })
}

/// The data directory and the database in it, or the one that the settings name.
pub(crate) async fn open(settings: &Settings) -> Result<(DataDir, Opened), StartError> {
    check_keys(settings)?;
    if let Some(url) = &settings.database_url
        && !settings.data.exists()
    {
        // Nobody holds a directory that is not there. It is made when the database has answered.
        let opened = Opened::postgres(url.expose()).await?;
        return Ok((DataDir::hold(&settings.data)?, opened));
    }
    let data_dir = DataDir::hold(&settings.data)?;
    let opened = match &settings.database_url {
        Some(url) => Opened::postgres(url.expose()).await?,
        None => Opened::sqlite(&data_dir.database()).await?,
    };
    Ok((data_dir, opened))
}

/// What can be said about the keys before the database is open: that they can be read or made, and that the database
/// which they belong to is not gone.
fn check_keys(settings: &Settings) -> Result<(), StartError> {
    let file = &settings.pepper_file;
    if !file.exists() {
        return Ok(check_folder(file)?);
    }
    Keys::load(file)?;
    if settings.database_url.is_none() && is_empty(&DataDir::database_in(&settings.data)) {
        check_meant_empty(settings)?;
    }
    Ok(())
}

/// Keys without the database that they were made for would make all its tokens unknown, and nobody would notice before
/// the next call. A first start that was cut short leaves such keys, too.
fn check_meant_empty(settings: &Settings) -> Result<(), StartError> {
    if settings.accept_empty_database || DataDir::is_begun(&settings.data) {
        return Ok(());
    }
    let database = match settings.database_url {
        Some(_) => "the PostgreSQL database is empty".to_owned(),
        None => format!("`{}` is missing or empty", DataDir::database_in(&settings.data).display()),
    };
    Err(StartError::DatabaseGone { file: settings.pepper_file.display().to_string(), database })
}

fn check_folder(file: &Path) -> Result<(), KeysError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // By default the folder is that of the data directory, which is made with those above it.
    let is_to_be_made = std::fs::symlink_metadata(folder).is_err();
    if is_to_be_made || folder.is_dir() {
        return Ok(());
    }
    let source = std::io::ErrorKind::NotADirectory.into();
    Err(KeysError::Io { file: file.display().to_string(), source })
}

/// Whether SQLite has nothing there: what is not in the file yet stands in its log.
fn is_empty(database: &Path) -> bool {
    let log = database.with_extension("db-wal");
    [database, &log].iter().all(|file| std::fs::metadata(file).map_or(true, |found| found.len() == 0))
}

/// The keys. Only a new database gets new ones; any other wants all that it was made with.
pub(crate) async fn keys(
    settings: &Settings,
    data_dir: &DataDir,
    opened: &Opened,
    is_new: bool,
    rng: &Rng,
) -> Result<Keys, StartError> {
    let file = &settings.pepper_file;
    if is_new {
        if !file.exists() {
            data_dir.begin()?;
            return Ok(Keys::create(file, rng)?);
        }
        check_meant_empty(settings)?;
        data_dir.begin()?;
    }
    let keys = Keys::load(file)?;
    let checks = keys.checks();
    for (name, kept) in opened.kept_keys().await? {
        if !checks.contains(&(name.clone(), kept)) {
            return Err(StartError::WrongKeys { file: file.display().to_string(), name });
        }
    }
    Ok(keys)
}
