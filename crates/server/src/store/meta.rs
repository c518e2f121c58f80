//! What the database was made with.

use super::database::{Transaction, statements, values};
use super::write::Event;
use super::{Opened, Store, StoreError};

statements! {
    VALUE = "SELECT value FROM meta WHERE name = $1";
    KEYS = "SELECT name, value FROM meta WHERE name = 'id_key' OR name LIKE 'pepper.%' ORDER BY name";
    SET = "INSERT INTO meta (name, value) VALUES ($1, $2)";
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
}

impl Opened {
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
