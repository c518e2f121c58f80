//! The store's contract, on both databases.

use super::database::{Database, Statement};
use super::{audit, bootstrap, catalogue, change, meta, principal, rights, token};

fn every_statement() -> Vec<Statement> {
    let listed = [
        audit::STATEMENTS,
        bootstrap::STATEMENTS,
        catalogue::STATEMENTS,
        change::STATEMENTS,
        meta::STATEMENTS,
        principal::STATEMENTS,
        rights::STATEMENTS,
    ];
    listed.into_iter().flatten().copied().chain(token::statements()).collect()
}

async fn every_statement_prepares(database: &Database) {
    let statements = every_statement();
    assert!(statements.len() > 40, "the list is complete");
    for statement in statements {
        let mut transaction = database.write().await.unwrap();
        let prepared = transaction.prepare(statement).await;
        assert!(prepared.is_ok(), "{}\n{prepared:?}", statement.text());
    }
}

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("jeton.db")).await.unwrap();
    every_statement_prepares(&database).await;
}

#[tokio::test]
async fn every_statement_prepares_on_postgres() {
    let Some(scratch) = postgres::Scratch::new().await else { return };
    let database = Database::open_postgres(scratch.url()).await.unwrap();
    every_statement_prepares(&database).await;
    database.close().await;
}

#[path = "../../tests/store/scratch.rs"]
mod postgres;
