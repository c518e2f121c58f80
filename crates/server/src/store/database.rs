//! The two databases behind one small surface: typed values in, typed columns out, one text for each statement.
//!
//! Everything stored is a text, a whole number or bytes, so three kinds of value suffice. A statement can only
//! be made by [`statements!`], which also lists it: `every_statement_prepares` runs the list on both databases.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{PgPool, Postgres, Row as _, Sqlite, SqlitePool};
use tokio::runtime::Handle;

use super::StoreError;

/// The text of one statement, the same on both databases.
#[derive(Clone, Copy)]
pub(crate) struct Statement(&'static str);

impl Statement {
    /// Only [`statements!`] calls this.
    pub(crate) const fn listed(text: &'static str) -> Self {
        Self(text)
    }

    pub(crate) fn text(self) -> &'static str {
        self.0
    }
}

/// Declares statements by name and lists them all in `STATEMENTS`.
macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        $(const $name: $crate::store::database::Statement = $crate::store::database::Statement::listed($text);)*

        #[cfg(test)]
        pub(in crate::store) const STATEMENTS: &[$crate::store::database::Statement] = &[$($name),*];
    };
}
pub(crate) use statements;

/// A value for a statement.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(Some(i64::from(flag)))
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

/// The values of a statement, in the order of its parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::database::Value::from($value)),*] };
}
pub(crate) use values;

/// The pools of one database.
#[derive(Clone)]
pub(crate) enum Database {
    /// One connection writes, several read; the data directory's lock keeps other processes away.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

const READERS: u32 = 8;
const CONNECTIONS: u32 = 16;
const PATIENCE: Duration = Duration::from_secs(5);

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

impl Database {
    /// Opens or makes the SQLite file and brings it to the present form.
    ///
    /// WAL with `synchronous=FULL`: a commit that was answered survives a power cut.
    pub(crate) async fn open_sqlite(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool =
            || SqlitePoolOptions::new().acquire_timeout(PATIENCE).idle_timeout(None).max_lifetime(None);
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        SQLITE_MIGRATIONS.run(&writer).await?;
        let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// Connects to PostgreSQL and brings the database to the present form.
    pub(crate) async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("jeton");
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options).await?;
        POSTGRES_MIGRATIONS.run(&pool).await?;
        Ok(Self::Postgres(pool))
    }

    /// A transaction that may write. On SQLite it has the only writing connection.
    pub(crate) async fn write(&self) -> Result<Transaction, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                Transaction::begin(Connection::Sqlite(writer.acquire().await?), "BEGIN IMMEDIATE").await
            }
            Self::Postgres(pool) => {
                Transaction::begin(Connection::Postgres(pool.acquire().await?), "BEGIN").await
            }
        }
    }

    /// A transaction that sees one state of the database throughout.
    pub(crate) async fn read(&self) -> Result<Transaction, StoreError> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        match self {
            Self::Sqlite { readers, .. } => {
                Transaction::begin(Connection::Sqlite(readers.acquire().await?), "BEGIN").await
            }
            Self::Postgres(pool) => {
                Transaction::begin(Connection::Postgres(pool.acquire().await?), SNAPSHOT).await
            }
        }
    }

    /// Ends all connections; every later call fails.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction on either database. Dropped without a commit, it is rolled back.
///
/// BEGIN, COMMIT and ROLLBACK are ours. The library counts how deep its transactions are nested and does not notice
/// when SQLite rolls back by itself after an I/O error: its next transaction would be a savepoint that never ends, on a
/// snapshot that never moves.
///
/// INVARIANT: only a connection that is known to be outside any transaction goes back to its pool. One that met an
/// error, or was left in the middle of a statement, is closed, and the pool opens another one.
pub(crate) struct Transaction {
    /// Empty only while the value is dropped.
    connection: Option<Connection>,
    state: State,
}

/// A connection that is out of its pool.
enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// What is known about a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a transaction, and the last statement was answered.
    Open,
    /// The transaction was committed.
    Ended,
    /// A statement is on its way, or met an error.
    Doubtful,
}

impl Connection {
    async fn control(&mut self, text: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(text).execute(&mut **connection).await.map(drop)?,
            Self::Postgres(connection) => sqlx::raw_sql(text).execute(&mut **connection).await.map(drop)?,
        }
        Ok(())
    }

    /// Ends the transaction and goes back to the pool; closed when that fails.
    async fn roll_back(mut self) {
        if self.control("ROLLBACK").await.is_err() {
            self.close();
        }
    }

    fn close(mut self) {
        match &mut self {
            Self::Sqlite(connection) => connection.close_on_drop(),
            Self::Postgres(connection) => connection.close_on_drop(),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        match (self.state, Handle::try_current()) {
            (State::Ended, _) => drop(connection),
            (State::Open, Ok(runtime)) => drop(runtime.spawn(connection.roll_back())),
            _ => connection.close(),
        }
    }
}

/// A row that a decision was made from.
#[derive(Clone, Copy)]
pub(crate) enum Held<'a> {
    Token(&'a str),
    /// A token that the same transaction goes on to change: two that first shared it would wait for each other.
    TokenToChange(&'a str),
    Principal(&'a str),
    /// The number that every change of rights advances.
    Rights,
}

/// The same body for both databases: `$connection` and `$query` are of the one that the transaction is on.
macro_rules! on_connection {
    ($transaction:expr, $statement:expr, $values:expr, |$connection:ident, $query:ident| $body:expr) => {{
        // It stays so when nobody waits for the answer any more.
        $transaction.state = State::Doubtful;
        let answer = match &mut $transaction.connection {
            Some(Connection::Sqlite($connection)) => {
                let $query = bind!(sqlx::query::<Sqlite>($statement), $values);
                let $connection = &mut **$connection;
                $body
            }
            Some(Connection::Postgres($connection)) => {
                let $query = bind!(sqlx::query::<Postgres>($statement), $values);
                let $connection = &mut **$connection;
                $body
            }
            None => Err(StoreError::Unavailable("the transaction is over".to_owned())),
        };
        $transaction.answered(answer)
    }};
}

macro_rules! bind {
    ($query:expr, $values:expr) => {
        $values.into_iter().fold($query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Int(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    };
}

impl Transaction {
    async fn begin(connection: Connection, text: &'static str) -> Result<Self, StoreError> {
        let mut begun = Self { connection: Some(connection), state: State::Doubtful };
        begun.control(text, State::Open).await?;
        Ok(begun)
    }

    async fn control(&mut self, text: &'static str, then: State) -> Result<(), StoreError> {
        self.state = State::Doubtful;
        if let Some(connection) = &mut self.connection {
            connection.control(text).await?;
        }
        self.state = then;
        Ok(())
    }

    /// A refused statement leaves the transaction open. After any other error the database may have rolled back.
    fn answered<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(answer, Ok(_) | Err(StoreError::NotUnique(_) | StoreError::Lost)) {
            self.state = State::Open;
        }
        answer
    }

    /// The connection is closed at the end of this transaction, and another one is opened for the next.
    pub(crate) fn distrust(&mut self) {
        self.state = State::Doubtful;
    }

    /// Runs a statement and answers how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        on_connection!(self, statement.text(), values, |connection, query| {
            query.execute(connection).await.map(|done| done.rows_affected()).map_err(StoreError::from)
        })
    }

    /// All rows.
    pub(crate) async fn fetch(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        on_connection!(self, statement.text(), values, |connection, query| {
            let rows = query.fetch_all(connection).await.map_err(StoreError::from);
            rows.map(|rows| rows.into_iter().map(Row::from).collect())
        })
    }

    /// The first row, if any.
    pub(crate) async fn first(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        on_connection!(self, statement.text(), values, |connection, query| {
            query.fetch_optional(connection).await.map(|row| row.map(Row::from)).map_err(StoreError::from)
        })
    }

    /// Keeps other transactions from changing this row until ours ends. SQLite has one writer, so there it is so anyway;
    /// these statements are the only ones that PostgreSQL alone is given.
    pub(crate) async fn hold(&mut self, row: Held<'_>) -> Result<(), StoreError> {
        let (text, id) = match row {
            Held::Token(id) => ("SELECT id FROM token WHERE id = $1 FOR SHARE", id),
            Held::TokenToChange(id) => ("SELECT id FROM token WHERE id = $1 FOR NO KEY UPDATE", id),
            Held::Principal(id) => ("SELECT id FROM principal WHERE id = $1 FOR SHARE", id),
            Held::Rights => ("SELECT name FROM counter WHERE name = $1 FOR SHARE", "rights"),
        };
        if !matches!(self.connection, Some(Connection::Postgres(_))) {
            return Ok(());
        }
        on_connection!(self, text, values![id], |connection, query| {
            query.execute(connection).await.map(drop).map_err(StoreError::from)
        })
    }

    /// Makes the changes durable. When this fails, the outcome is unknown.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.control("COMMIT", State::Ended).await
    }

    /// Asks the database to prepare a statement without running it.
    #[cfg(test)]
    pub(crate) async fn prepare(&mut self, statement: Statement) -> Result<(), StoreError> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        let text = statement.text().into_sql_str();
        let prepared = match &mut self.connection {
            Some(Connection::Sqlite(connection)) => (&mut **connection).prepare(text).await.map(|_| ()),
            Some(Connection::Postgres(connection)) => (&mut **connection).prepare(text).await.map(|_| ()),
            None => Ok(()),
        };
        Ok(prepared?)
    }
}

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

macro_rules! column {
    ($name:ident, $kind:ty) => {
        /// The column of this name.
        pub(crate) fn $name(&self, column: &str) -> Result<$kind, StoreError> {
            match self {
                Self::Sqlite(row) => Ok(row.try_get(column)?),
                Self::Postgres(row) => Ok(row.try_get(column)?),
            }
        }
    };
}

impl Row {
    column!(text, String);
    column!(text_or_null, Option<String>);
    column!(int, i64);
    column!(int_or_null, Option<i64>);
    column!(bytes, Vec<u8>);

    /// A text column, parsed. What does not parse was not written by this program.
    pub(crate) fn parse<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        parsed(&self.text(column)?, column)
    }

    /// A text column that may be null, parsed.
    pub(crate) fn parse_or_null<T: FromStr>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.text_or_null(column)?.map(|text| parsed(&text, column)).transpose()
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }
}

fn parsed<T: FromStr>(text: &str, column: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::unreadable(column))
}
