//! What the database was made with.

use jeton_token::Timestamp;

use super::database::{Transaction, statements, values};
use super::write::Event;
use super::{Opened, Store, StoreError};

statements! {
    VALUE = "SELECT value FROM meta WHERE name = $1";
    KEYS = "SELECT name, value FROM meta WHERE name = 'id_key' OR name LIKE 'pepper.%' ORDER BY name";
    SET = "INSERT INTO meta (name, value) VALUES ($1, $2)";
    ADVANCE = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE
        SET value = excluded.value WHERE CAST(meta.value AS BIGINT) < CAST(excluded.value AS BIGINT)";
    PUT_BACK = "UPDATE meta SET value = $2 WHERE name = $1";
    SET_ONCE = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
}

pub(super) async fn value(transaction: &mut Transaction, name: &str) -> Result<Option<String>, StoreError> {
    let row = transaction.first(VALUE, values![name]).await?;
    row.map(|row| row.text("value")).transpose()
}

pub(super) async fn set(transaction: &mut Transaction, name: &str, value: &str) -> Result<(), StoreError> {
    transaction.execute(SET, values![name, value]).await?;
    Ok(())
}

/// Keeps the check value of a key that was added to the pepper file.
pub(super) async fn keep_key(
    transaction: &mut Transaction,
    name: &str,
    check: &str,
) -> Result<Event, StoreError> {
    set(transaction, name, check).await?;
    Ok(Event {
        target_kind: "key",
        target: name.to_owned(),
        place: String::new(),
        detail: String::new(),
        personal: String::new(),
        touched: vec![],
    })
}

/// Takes an earlier time than one that was kept: somebody says that the later one was wrong.
pub(super) async fn put_time_back(
    transaction: &mut Transaction,
    now: Timestamp,
) -> Result<Event, StoreError> {
    let latest = time(transaction).await?.map_or_else(String::new, |at| at.0.to_string());
    transaction.execute(PUT_BACK, values![TIME, now.0.to_string()]).await?;
    Ok(Event {
        target_kind: "clock",
        target: String::new(),
        place: String::new(),
        detail: format!("put back from {latest} to {}", now.0),
        personal: String::new(),
        touched: vec![],
    })
}

async fn time(transaction: &mut Transaction) -> Result<Option<Timestamp>, StoreError> {
    let unreadable = |_| StoreError::Unavailable("the kept time is unreadable".to_owned());
    let kept = value(transaction, TIME).await?;
    kept.map(|text| text.parse().map(Timestamp).map_err(unreadable)).transpose()
}

impl Store {
    /// Keeps how late it is, for the process after this one and for others beside it, and says how late it is by any of
    /// them. Nobody decides that, so it has no permit and no audit row.
    pub(crate) async fn note_time(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let mut transaction = self.database.write().await?;
        transaction.execute(ADVANCE, values![TIME, now.0.to_string()]).await?;
        let latest = time(&mut transaction).await?;
        transaction.commit().await?;
        Ok(latest.unwrap_or(now))
    }

    /// What is kept under a name.
    pub(crate) async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        value(&mut self.read().await?, name).await
    }

    /// Notes that verifiers get leases from now on, for the process after this one. Nobody decides that, so it has no
    /// permit and no audit row.
    pub(crate) async fn note_leases(&self) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        transaction.execute(SET_ONCE, values![LEASES, "granted"]).await?;
        transaction.commit().await
    }
}

/// The name under which it stands how late it is, in milliseconds.
const TIME: &str = "time";

/// The name under which it stands that verifiers ever got leases.
const LEASES: &str = "leases";

impl Opened {
    /// How late it was at the end of the process before this one, or a little before that.
    pub(crate) async fn latest_time(&self) -> Result<Option<Timestamp>, StoreError> {
        time(&mut self.0.read().await?).await
    }

    /// Whether a process before this one may have granted leases that still run.
    pub(crate) async fn may_be_leased(&self) -> Result<bool, StoreError> {
        Ok(self.kept(LEASES).await?.is_some())
    }

    /// What was kept under a name when the database was made; `None` before that.
    pub(crate) async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        value(&mut self.0.read().await?, name).await
    }

    /// The names and check values of all keys that rows were made with.
    pub(crate) async fn kept_keys(&self) -> Result<Vec<(String, String)>, StoreError> {
        let rows = self.0.read().await?.fetch(KEYS, values![]).await?;
        rows.iter().map(|row| Ok((row.text("name")?, row.text("value")?))).collect()
    }
}
