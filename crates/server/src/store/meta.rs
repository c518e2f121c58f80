//! What the database was made with.

use super::database::{Transaction, statements, values};
use super::{Opened, StoreError};

statements! {
    VALUE = "SELECT value FROM meta WHERE name = $1";
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

impl Opened {
    /// What was kept under a name when the database was made; `None` before that.
    pub(crate) async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        value(&mut self.0.read().await?, name).await
    }
}
