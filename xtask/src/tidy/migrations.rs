//! Both databases move together: each migration exists twice, under the same number and name.

use std::collections::BTreeSet;

use crate::tidy::files::TextFile;
use crate::tidy::finding::Finding;

const SQLITE: &str = "migrations/sqlite/";
const POSTGRES: &str = "migrations/postgres/";

/// Migrations of one database that the other lacks.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let paths: BTreeSet<&str> =
        files.iter().filter(|file| file.is("sql")).map(|file| file.path.as_str()).collect();
    paths
        .iter()
        .filter_map(|path| twin(path).map(|twin| (path, twin)))
        .filter(|(_, twin)| !paths.contains(twin.as_str()))
        .map(|(path, twin)| {
            Finding::in_file(path, "has no twin for the other database", format!("add `{twin}`"))
        })
        .collect()
}

fn twin(path: &str) -> Option<String> {
    let (from, to) = if path.contains(SQLITE) { (SQLITE, POSTGRES) } else { (POSTGRES, SQLITE) };
    path.contains(from).then(|| path.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(paths: &[&str]) -> usize {
        let file = |path: &&str| TextFile { path: (*path).to_owned(), text: String::new() };
        check(&paths.iter().map(file).collect::<Vec<_>>()).len()
    }

    #[test]
    fn migrations_come_in_pairs() {
        let (sqlite, postgres) =
            ("s/migrations/sqlite/0001_token.sql", "s/migrations/postgres/0001_token.sql");
        assert_eq!(findings(&[sqlite, postgres]), 0);
        assert_eq!(findings(&[sqlite]), 1);
        assert_eq!(findings(&[postgres]), 1);
        assert_eq!(findings(&["docs/example.sql"]), 0);
    }
}
