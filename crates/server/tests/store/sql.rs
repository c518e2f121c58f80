//! Somebody else at the server's own database: reads what is stored, and writes what Jeton never would.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// A connection of one's own to a server's database.
pub(crate) enum Sql {
    /// To the file.
    Sqlite(SqliteConnection),
    /// To the database.
    Postgres(PgConnection),
}

impl Sql {
    /// To the SQLite file of a data directory.
    pub(crate) async fn sqlite(data: &Path) -> Self {
        let url = format!("sqlite://{}/jeton.db", data.display());
        Self::Sqlite(SqliteConnection::connect(&url).await.unwrap())
    }

    /// To a PostgreSQL database.
    pub(crate) async fn postgres(url: &str) -> Self {
        Self::Postgres(PgConnection::connect(url).await.unwrap())
    }

    /// Stops the database from keeping rows that others refer to, as its owner can.
    pub(crate) async fn ignore_references(&mut self) {
        let done = match self {
            Self::Sqlite(connection) => {
                sqlx::query("PRAGMA foreign_keys = OFF").execute(connection).await.map(|_| ())
            }
            Self::Postgres(connection) => {
                sqlx::query("SET session_replication_role = replica").execute(connection).await.map(|_| ())
            }
        };
        done.unwrap();
    }

    /// Runs a statement, which must touch at least one row.
    pub(crate) async fn change(&mut self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        let touched = match self {
            Self::Sqlite(connection) => sqlx::query(text).execute(connection).await.unwrap().rows_affected(),
            Self::Postgres(connection) => {
                sqlx::query(text).execute(connection).await.unwrap().rows_affected()
            }
        };
        assert!(touched > 0, "the statement touches a row");
    }

    /// From now on no commit of a call with an idempotency key succeeds.
    pub(crate) async fn break_commits(&mut self) {
        self.define("CREATE TABLE nobody (x INTEGER PRIMARY KEY)").await;
        let dangling = "x INTEGER REFERENCES nobody (x) DEFERRABLE INITIALLY DEFERRED";
        self.define(&format!("CREATE TABLE dangling ({dangling})")).await;
        let insert = "INSERT INTO dangling VALUES (1);";
        let after = "CREATE TRIGGER break_commit AFTER INSERT ON idempotency";
        if matches!(self, Self::Sqlite(_)) {
            return self.define(&format!("{after} BEGIN {insert} END")).await;
        }
        let body = format!("'BEGIN {insert} RETURN NEW; END'");
        self.define(&format!("CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS {body}")).await;
        self.define(&format!("{after} FOR EACH ROW EXECUTE FUNCTION broken()")).await;
    }

    /// They do again.
    pub(crate) async fn mend_commits(&mut self) {
        let on = if matches!(self, Self::Sqlite(_)) { "" } else { " ON idempotency" };
        self.define(&format!("DROP TRIGGER break_commit{on}")).await;
    }

    async fn define(&mut self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        let done = match self {
            Self::Sqlite(connection) => sqlx::query(text).execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => sqlx::query(text).execute(connection).await.map(|_| ()),
        };
        done.unwrap();
    }

    /// All rows of a query whose columns are texts; NULL is the empty text.
    pub(crate) async fn rows(&mut self, text: &str) -> Vec<Vec<String>> {
        macro_rules! texts {
            ($connection:expr, $text:expr) => {{
                let rows = sqlx::query($text).fetch_all($connection).await.unwrap();
                let cells = |row: &_| {
                    let columns = 0..sqlx::Row::columns(row).len();
                    columns
                        .map(|at| sqlx::Row::get::<Option<String>, _>(row, at).unwrap_or_default())
                        .collect()
                };
                rows.iter().map(cells).collect()
            }};
        }
        let text = AssertSqlSafe(text.to_owned());
        match self {
            Self::Sqlite(connection) => texts!(connection, text),
            Self::Postgres(connection) => texts!(connection, text),
        }
    }

    /// The one number that a query answers as a text.
    pub(crate) async fn number(&mut self, text: &str) -> i64 {
        self.rows(text).await[0][0].parse().unwrap()
    }

    /// An expression for a column of bytes as lower-case hexadecimal.
    pub(crate) fn hex(&self, column: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("lower(hex({column}))"),
            Self::Postgres(_) => format!("encode({column}, 'hex')"),
        }
    }

    /// Bytes as a literal, from hexadecimal.
    pub(crate) fn bytes(&self, hex: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("X'{hex}'"),
            Self::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    /// Every row of every table, as texts.
    pub(crate) async fn dump(&mut self) -> Vec<String> {
        let tables = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Self::Postgres(_) => {
                "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            }
        };
        let mut dump = Vec::new();
        for table in self.rows(tables).await {
            let table = &table[0];
            let query = self.row_texts(table).await;
            let mut rows = self.rows(&query).await;
            rows.sort();
            dump.extend(rows.into_iter().map(|row| format!("{table}: {}", row.concat())));
        }
        dump
    }

    async fn row_texts(&mut self, table: &str) -> String {
        if matches!(self, Self::Postgres(_)) {
            return format!("SELECT CAST(t AS TEXT) FROM \"{table}\" t");
        }
        let columns = self.rows(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let quoted: Vec<_> = columns.iter().map(|column| format!("quote(\"{}\")", column[0])).collect();
        format!("SELECT {} FROM \"{table}\"", quoted.join(" || ',' || "))
    }
}
