//! One server for all tests that leave its state alone: it lives in a thread of its own as long as the run.

use std::path::{Path, PathBuf};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use tempfile::TempDir;

use super::{Authority, client, template};

/// What a test needs to know to speak to the shared server.
type Reachable = Option<Box<dyn Fn() -> Authority + Send + Sync>>;

impl Authority {
    /// One's own view of the shared server on SQLite.
    pub(crate) fn shared_sqlite() -> Self {
        static SHARED: OnceLock<Reachable> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            run(async || {
                let folder = folder();
                template::sqlite(folder.path()).await;
                Some(Self::start(folder, None).await)
            })
        });
        shared.as_ref().unwrap()()
    }

    /// One's own view of the shared server on PostgreSQL; `None` as `Scratch::new` says.
    pub(crate) fn shared_postgres() -> Option<Self> {
        static SHARED: OnceLock<Reachable> = OnceLock::new();
        let start = async || {
            let folder = folder();
            let database = template::postgres(folder.path()).await?;
            Some(Self::start(folder, Some(database)).await)
        };
        SHARED.get_or_init(|| run(start)).as_ref().map(|view| view())
    }
}

/// Starts the server in a thread of its own and answers how to speak to it.
fn run<S>(start: S) -> Reachable
where
    S: AsyncFnOnce() -> Option<Authority> + Send + 'static,
{
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async {
            let Some(authority) = start().await else { return tell.send(None).unwrap() };
            let (admin, api) = (authority.admin().await, authority.api().await);
            let (address, store, data) = (authority.address, authority.store.clone(), authority.data.clone());
            let (clock, database_url) = (authority.clock.clone(), authority.database_url.clone());
            let view: Box<dyn Fn() -> Authority + Send + Sync> = Box::new(move || Authority {
                address,
                store: store.clone(),
                data: data.clone(),
                clock: clock.clone(),
                database_url: database_url.clone(),
                client: client(),
                admin: admin.clone().into(),
                api: api.clone().into(),
                own: None,
            });
            tell.send(Some(view)).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

/// A folder that outlives the run: nobody is left to remove it then, so the next run does.
fn folder() -> TempDir {
    const STALE: Duration = Duration::from_hours(1);
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let is_stale = |path: &Path| {
        let modified = path.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > STALE))
    };
    for entry in home.read_dir().unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("shared-") && is_stale(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    tempfile::Builder::new().prefix("shared-").tempdir_in(home).unwrap()
}
