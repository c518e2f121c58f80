//! A database of its own on the PostgreSQL server that the test run started.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// An empty database.
#[derive(Debug)]
pub(crate) struct Scratch {
    url: String,
}

impl Scratch {
    /// A fresh database; `None` only when the run says that it leaves out what needs other programs.
    ///
    /// Without that word, a missing server is a failure: PostgreSQL is never silently skipped.
    pub(crate) async fn new() -> Option<Self> {
        Self::like(None).await
    }

    /// The same, as a copy of a database that nobody is connected to.
    #[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
    pub(crate) async fn like(template: Option<&Self>) -> Option<Self> {
        let Ok(server) = std::env::var("JETON_TEST_POSTGRES") else {
            let quick = std::env::var("JETON_TEST_QUICK").is_ok();
            assert!(
                quick,
                "JETON_TEST_POSTGRES is not set: run `cargo xtask test`, or `cargo xtask postgres -- cargo test`"
            );
            return None;
        };
        let name = format!("jeton_{:032x}", u128::from_be_bytes(jeton_token_random()));
        let template = template.map_or(String::new(), |template| format!(" TEMPLATE {}", template.name()));
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}{template}"));
        let mut admin = PgConnection::connect(&server).await.unwrap();
        sqlx::query(create).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Some(Self { url: format!("{base}/{name}") })
    }

    fn name(&self) -> &str {
        self.url.rsplit_once('/').unwrap().1
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

fn jeton_token_random() -> [u8; 16] {
    let mut bytes = [0; 16];
    #[expect(clippy::disallowed_methods, reason = "a name for a scratch database")]
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes
}
