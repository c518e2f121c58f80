//! The data directory: private, and held by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A data directory that this process holds until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    lock: File,
}

/// Why the data directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process holds it.
    #[error("data directory `{path}` is in use by {holder}: stop that first, or choose another with --data")]
    InUse {
        /// The directory.
        path: String,
        /// Who holds it.
        holder: String,
    },
    /// It cannot be made, opened or written.
    #[error("data directory `{path}`: {source}")]
    Io {
        /// The directory.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

const FIRST_PASSWORD: &str = "initial-admin-password";
/// There while a first start makes what belongs to a new database.
const BEGUN: &str = "first-start";
const DATABASE: &str = "jeton.db";
const LOCK: &str = "lock";

impl DataDir {
    /// Makes the directory if it is new, and holds it.
    pub(crate) fn hold(path: &Path) -> Result<Self, DataDirError> {
        let io = |source| DataDirError::Io { path: path.display().to_string(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut lock = options.open(path.join(LOCK)).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::Error(error)) => Err(io(error)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder).map_err(io)?;
                Err(DataDirError::InUse {
                    path: path.display().to_string(),
                    holder: holder.trim().to_owned(),
                })
            }
        }
    }

    /// Whether nobody holds the directory. Nothing is made, also not the directory.
    pub(crate) fn check_free(path: &Path) -> Result<(), DataDirError> {
        if path.join(LOCK).exists() { Self::hold(path).map(drop) } else { Ok(()) }
    }

    /// Whether a first start was cut short there.
    pub(crate) fn is_begun(path: &Path) -> bool {
        path.join(BEGUN).exists()
    }

    /// Notes that what follows belongs to a first start, until [`Self::complete`].
    pub(crate) fn begin(&self) -> Result<(), DataDirError> {
        let file = self.path.join(BEGUN);
        let mut options = OpenOptions::new();
        let made = options.write(true).create(true).truncate(false).mode(0o600).open(&file);
        made.and_then(|_| crate::keys::sync_parent(&file)).map_err(|source| self.io(source))
    }

    /// Notes that the first start has made everything.
    pub(crate) fn complete(&self) -> Result<(), DataDirError> {
        match std::fs::remove_file(self.path.join(BEGUN)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io(error)),
            _ => Ok(()),
        }
    }

    /// Says in the lock who holds it, for the message to a second process.
    pub(crate) fn sign(&mut self, address: &str) -> Result<(), DataDirError> {
        let text = format!("process {} listening on {address}\n", std::process::id());
        let written = self.lock.set_len(0).and_then(|()| self.lock.rewind());
        written.and_then(|()| self.lock.write_all(text.as_bytes())).map_err(|source| self.io(source))
    }

    /// The SQLite file.
    pub(crate) fn database(&self) -> PathBuf {
        Self::database_in(&self.path)
    }

    /// The same in a directory that nobody needs to hold.
    pub(crate) fn database_in(path: &Path) -> PathBuf {
        path.join(DATABASE)
    }

    /// Where the first administrator's password is until it is changed.
    pub(crate) fn first_password(&self) -> PathBuf {
        self.path.join(FIRST_PASSWORD)
    }

    /// Leaves the first password for its owner's eyes. One left by a start that was cut short is replaced.
    pub(crate) fn leave_first_password(&self, password: &str) -> Result<(), DataDirError> {
        let file = self.first_password();
        let written = || {
            let mut options = OpenOptions::new();
            let mut opened = options.write(true).create(true).truncate(true).mode(0o600).open(&file)?;
            opened.write_all(password.as_bytes())?;
            opened.write_all(b"\n")?;
            opened.sync_all()?;
            crate::keys::sync_parent(&file)
        };
        written().map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> DataDirError {
        DataDirError::Io { path: self.path.display().to_string(), source }
    }
}
