//! What the database was made with.

use super::database::{Transaction, statements, values};
use super::write::Event;
use super::{Opened, Store, StoreError};

statements! {
    VALUE = "SELECT value FROM meta WHERE name = $1";
    KEYS = "SELECT name, value FROM meta WHERE name = 'id_key' OR name LIKE 'pepper.%' ORDER BY name";
    SET = "INSERT INTO meta (name, value) VALUES ($1, $2)";
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

impl Store {
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

/// The name under which it stands that verifiers ever got leases.
const LEASES: &str = "leases";

impl Opened {
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
