//! The store's contract, on both databases.

use super::database::{Database, Statement};
use super::{
    audit, binding, bootstrap, build_account, catalogue, change, delivery, group, idempotency, identity, job,
    job_settings, meta, notice, place, policy, principal, provisioned, refusal, rights, role, token, trust,
    usage, write,
};

fn every_statement() -> Vec<Statement> {
    let listed = [
        audit::STATEMENTS,
        binding::STATEMENTS,
        bootstrap::STATEMENTS,
        build_account::STATEMENTS,
        catalogue::STATEMENTS,
        change::STATEMENTS,
        delivery::STATEMENTS,
        group::STATEMENTS,
        idempotency::STATEMENTS,
        identity::STATEMENTS,
        job::STATEMENTS,
        job_settings::STATEMENTS,
        meta::STATEMENTS,
        notice::STATEMENTS,
        place::STATEMENTS,
        policy::STATEMENTS,
        principal::STATEMENTS,
        provisioned::STATEMENTS,
        refusal::STATEMENTS,
        rights::STATEMENTS,
        role::STATEMENTS,
        trust::STATEMENTS,
        trust::ended::STATEMENTS,
        usage::STATEMENTS,
        write::STATEMENTS,
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

/// A verdict costs the same in a store of ten tokens and of ten million: nothing is read from end to end.
#[tokio::test]
async fn a_verdict_scans_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let Database::Sqlite { writer, .. } =
        Database::open_sqlite(&folder.path().join("jeton.db")).await.unwrap()
    else {
        unreachable!("it is SQLite");
    };
    let verdicts = token::statements().chain(rights::STATEMENTS.iter().copied());
    for statement in verdicts.filter(|statement| {
        statement.text().contains("RECURSIVE chain (depth") || statement.text().contains("WHERE id = $1)")
    }) {
        let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.text()));
        let rows = sqlx::query(plan).bind("x").bind(0_i64).fetch_all(&writer).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        for table in ["token", "token_item", "secret", "principal", "role_binding", "group_member"] {
            let scan = format!("SCAN {table}");
            let found = lines.iter().find(|line| **line == scan || line.starts_with(&format!("{scan} ")));
            assert_eq!(found, None, "{}\n{}", statement.text(), lines.join("\n"));
        }
    }
}

#[path = "../../tests/store/scratch.rs"]
mod postgres;
