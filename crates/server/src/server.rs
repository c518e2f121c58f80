//! Starting and running the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jeton_token::Prefix;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use zeroize::Zeroizing;

use crate::authority::{Authority, Error, Hashing, Names};
use crate::clock::{Clock, Moment};
use crate::config::{Settings, SignInProvider};
use crate::data_dir::{DataDir, DataDirError};
use crate::http::{AtHand, FixedAnswers, router, unreadable};
use crate::identity::{PrivateOrigin, PrivateOrigins};
use crate::keys::{KeysError, Rng};
use crate::limits::{ConnectionLimits, KEYS_FORGOTTEN_SECONDS};
use crate::listener::{self, Listening};
use crate::notices::{self, Bag, Couriers, MailSink, Wanted, WebhookSink};
use crate::startup;
use crate::store::{Leases, Opened, Outbox, Store, StoreError};

/// A server that is ready: the store is open, the port is bound, nothing is accepted yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    public_url: Arc<str>,
    authority: Authority,
    trusted_proxies: Arc<[IpNet]>,
    sign_in: Arc<[SignInProvider]>,
    webhooks: Vec<WebhookSink>,
    mail: Option<MailSink>,
    limits: ConnectionLimits,
    /// Held as long as the server lives.
    data_dir: DataDir,
}

/// Why the server does not start. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The keys are not those of the database.
    #[error(
        "pepper file `{file}` is not the one that this database was made with (`{name}` differs or is missing): \
         with it every token would be refused; name the right file with --pepper-file"
    )]
    WrongKeys {
        /// The pepper file.
        file: String,
        /// Which key differs.
        name: String,
    },
    /// There are keys, and the database that they belong to is gone.
    #[error(
        "pepper file `{file}` exists, but {database}: every token that was issued with it would be unknown. Bring the \
         database back from its backup, or name the right one with --data or --database-url. If this is a new \
         installation, move the pepper file away, or start once with --accept-empty-database"
    )]
    DatabaseGone {
        /// The pepper file.
        file: String,
        /// What is empty.
        database: String,
    },
    /// The prefix is frozen.
    #[error(
        "the token prefix of this database is `{kept}` and cannot become `{wanted}`: tokens with it exist"
    )]
    PrefixFrozen {
        /// What it is.
        kept: String,
        /// What the settings say.
        wanted: String,
    },
    /// The database.
    #[error("database: {0}")]
    Database(String),
    /// The port.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<Error> for StartError {
    fn from(_: Error) -> Self {
        Self::Database("it could not be filled; the log says more".to_owned())
    }
}

impl Server {
    /// Binds the port, opens the store, and makes what a first start makes.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        Self::start_with(settings, Clock::system(), Rng::system()).await
    }

    /// The same with a clock and randomness of one's own.
    pub async fn start_with(settings: &Settings, clock: Clock, rng: Rng) -> Result<Self, StartError> {
        Self::start_hashing(settings, clock, rng, Hashing::Strong).await
    }

    /// The same for tests alone: the hash of a new password takes next to no time, and protects nothing.
    // INVARIANT: no setting leads here, and `cargo xtask tidy` finds whatever calls it besides tests.
    #[doc(hidden)]
    pub async fn start_in_test(settings: &Settings, clock: Clock, rng: Rng) -> Result<Self, StartError> {
        Self::start_hashing(settings, clock, rng, Hashing::Quick).await
    }

    async fn start_hashing(
        settings: &Settings,
        clock: Clock,
        rng: Rng,
        hashing: Hashing,
    ) -> Result<Self, StartError> {
        // INVARIANT: the port comes before everything that leaves something behind.
        let (listener, address) = startup::bind(settings)?;
        let (mut data_dir, opened) = startup::open(settings).await?;
        let prefix = prefix(&opened, settings.prefix.as_ref()).await?;
        let is_new = opened.kept("prefix").await?.is_none();
        let keys = Arc::new(startup::keys(settings, &data_dir, &opened, is_new, &rng).await?);
        let (may_be_leased, latest) = (opened.may_be_leased().await?, opened.latest_time().await?);
        let outbox = Outbox::new(Wanted::new(&settings.webhooks, settings.mail.as_ref()));
        let store = opened.with(Arc::clone(&keys), clock.clone(), rng.clone(), outbox);
        let private_issuers = private_issuers(settings);
        let first_password = data_dir.first_password().into();
        let names = Names { prefix, first_password, private_issuers, hashing };
        let authority = Authority::new(store, keys, clock, rng.clone(), names);
        if is_new {
            fill(&authority, &data_dir, &rng).await?;
        }
        if let Some(latest) = latest {
            authority.take_up_time(latest, settings.accept_clock).await?;
        }
        authority.keep_new_keys().await?;
        authority.register_built_in().await?;
        authority.put_built_in_roles().await?;
        authority.warn_of_reporting().await?;
        data_dir.complete()?;
        data_dir.sign(&address.to_string())?;
        let public_url = settings.public_url.as_ref().map(|url| url.as_str().to_owned());
        let public_url = public_url.unwrap_or_else(|| format!("http://{address}")).into();
        let trusted_proxies = settings.trusted_proxies.clone().into();
        let sign_in = settings.sign_in.clone().into();
        if may_be_leased {
            // The lock of the data directory says that whoever granted them is gone; the leases may not be.
            authority.store.feed().hold_back(Leases::end_of_one(Moment::now()));
        }
        notices::close_unnamed(&authority.store).await?;
        let (webhooks, mail) = (settings.webhooks.clone(), settings.mail.clone());
        Ok(Self {
            listener,
            address,
            public_url,
            authority,
            trusted_proxies,
            sign_in,
            webhooks,
            mail,
            limits: ConnectionLimits::default(),
            data_dir,
        })
    }

    /// The same with other limits of connections, for tests of what takes long or many.
    #[must_use]
    pub fn limited(self, limits: ConnectionLimits) -> Self {
        Self { limits, ..self }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is reached from outside, without a trailing slash.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The rules, for tests that ask them without a door.
    #[cfg(test)]
    pub(crate) fn authority(&self) -> Authority {
        self.authority.clone()
    }

    /// The store, so that tests can take it away.
    pub fn store(&self) -> Store {
        self.authority.store.clone()
    }

    /// Serves until `until` is ready; then finishes the requests in flight, writes what tokens were used for and closes
    /// the store.
    pub async fn serve(self, until: impl Future<Output = ()>) {
        let chores = Chores::start(&self);
        let Self { listener, public_url, authority, trusted_proxies, sign_in, limits, data_dir, .. } = self;
        let (proxies, unreadable) = (Arc::clone(&trusted_proxies), unreadable(authority.rng.clone()));
        let store = authority.store.clone();
        let doors =
            AtHand { authority, public_url, trusted_proxies, sign_in, fixed: FixedAnswers::default() };
        let feed = store.feed().clone();
        let until = async move {
            until.await;
            feed.end();
        };
        let router = router(doors.into(), limits.request);
        let listening = Listening { router, unreadable, trusted_proxies: proxies, limits };
        listener::serve(listener, listening, until).await;
        chores.stop().await;
        store.close().await;
        drop(data_dir);
    }
}

/// What a server does besides answering.
struct Chores {
    stop: watch::Sender<()>,
    keeping: JoinSet<()>,
    forgetting: JoinHandle<()>,
    couriers: Couriers,
}

impl Chores {
    fn start(server: &Server) -> Self {
        let Server { authority, public_url, webhooks, mail, .. } = server;
        let (stop, mut keeping) = (watch::Sender::new(()), JoinSet::new());
        let stopped = || {
            let mut stopped = stop.subscribe();
            async move { _ = stopped.changed().await }
        };
        let (uses, ends, time) = (authority.clone(), authority.clone(), authority.clone());
        let (uses_stopped, ends_stopped, time_stopped) = (stopped(), stopped(), stopped());
        keeping.spawn(async move { uses.keep_uses(uses_stopped).await });
        keeping.spawn(async move { ends.keep_ends_noted(ends_stopped).await });
        keeping.spawn(async move { time.keep_time(time_stopped).await });
        let forgetting = tokio::spawn(forget_calls(authority.store.clone()));
        let Authority { store, clock, rng, .. } = authority.clone();
        let bag = Bag { store, clock, rng, public_url: Arc::clone(public_url) };
        let couriers = Couriers::start(&bag, webhooks, mail.as_ref());
        Self { stop, keeping, forgetting, couriers }
    }

    /// Ends all of it. Only uses and the time are written to the end; the rest is taken up again at the next start.
    async fn stop(mut self) {
        self.forgetting.abort();
        self.stop.send_replace(());
        self.couriers.stop().await;
        while self.keeping.join_next().await.is_some() {}
    }
}

/// Forgets calls with idempotency keys when their day is over, also when no others come.
async fn forget_calls(store: Store) {
    let mut ticks = tokio::time::interval(Duration::from_secs(KEYS_FORGOTTEN_SECONDS));
    loop {
        ticks.tick().await;
        if let Err(error) = store.forget_calls().await {
            tracing::warn!(%error, "old idempotency keys were not forgotten");
        }
    }
}

/// What the operator lists, and the providers that the operator names anyway.
fn private_issuers(settings: &Settings) -> PrivateOrigins {
    let providers = settings.sign_in.iter().filter_map(|provider| provider.issuer.url().ok());
    let providers = providers.filter_map(|url| PrivateOrigin::of(&url));
    PrivateOrigins::new(settings.private_issuers.iter().cloned().chain(providers))
}

async fn prefix(opened: &Opened, wanted: Option<&Prefix>) -> Result<Prefix, StartError> {
    let Some(kept) = opened.kept("prefix").await? else {
        return Ok(wanted.cloned().unwrap_or_default());
    };
    match wanted {
        Some(wanted) if wanted.to_string() != kept => {
            Err(StartError::PrefixFrozen { kept, wanted: wanted.to_string() })
        }
        _ => kept.parse().map_err(|_| StartError::Database("its token prefix is unreadable".to_owned())),
    }
}

/// What a first start makes: everything that a new database holds, and the administrator's password in a file.
async fn fill(authority: &Authority, data_dir: &DataDir, rng: &Rng) -> Result<(), StartError> {
    let password = Zeroizing::new(crate::keys::hex(&*Zeroizing::new(rng.bytes::<16>())));
    data_dir.leave_first_password(&password)?;
    authority.fill_new(&password).await?;
    tracing::info!(file = %data_dir.first_password().display(), "the password of user `admin` is in a file");
    Ok(())
}
