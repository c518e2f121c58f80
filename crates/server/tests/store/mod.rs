//! Databases of one's own, and SQL against the server's: the only room of these tests that speaks to a database.

pub(crate) mod audit;
pub(crate) mod scratch;
pub(crate) mod sql;
